"""Least squares and its kin: instruments, quantiles, nonlinear speeds, moments of an error process."""
