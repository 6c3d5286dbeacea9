"""Plots of tests and of the sets that they leave."""
