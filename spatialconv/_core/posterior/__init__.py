"""Marginal likelihoods of spatial models: coefficients and variance integrated exactly, rho by quadrature."""
