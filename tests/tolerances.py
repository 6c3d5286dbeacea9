"""Named tolerances of the tests, each with its reason."""

EXACT = 1e-12  # same algebra in another order of operations
REFERENCE = 1e-10  # a closed-form statistic of another package, printed with 17 digits
LOGLIK = 1e-9  # a log-likelihood against a dense multivariate-normal density
OPTIM = 1e-6  # same objective, another optimiser (splm and spatialreg stop at about 1e-8 in rho)
OPTIM_BRUTE = 1e-5  # Nelder-Mead over all parameters at once stops on a flat top: sqrt of its 1e-12 in the value
SPLM = 1e-5  # splm's SARAR optimum stops at 7e-6 relative in a rho of 0.004; everything else is within 1e-6
DIFFERENCES = 1e-6  # information from central differences of the mean and covariance
