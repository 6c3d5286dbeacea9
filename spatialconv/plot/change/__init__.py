"""Figures of what lasts and what changes: unit roots of gaps, thresholds and breaks of beta, stochastic kernels."""
