"""Notions of convergence: sigma and beta."""
