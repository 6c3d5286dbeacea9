"""Figures of space without a map: autocorrelation by distance."""
