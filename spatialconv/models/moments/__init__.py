"""Estimates without a likelihood: two-stage least squares and moments of the error process."""
