"""Specification tests: which spatial terms, which effects, what is left in the residuals."""
