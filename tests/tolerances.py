"""Named tolerances of the tests, each with its reason."""

EXACT = 1e-12  # same algebra in another order of operations
REFERENCE = 1e-10  # a closed-form statistic of another package, printed with 17 digits
LOGLIK = 1e-9  # a log-likelihood against a dense multivariate-normal density
OPTIM = 1e-6  # same objective, another optimiser (splm and spatialreg stop at about 1e-8 in rho)
