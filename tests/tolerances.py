"""Named tolerances of the tests, each with its reason."""

EXACT = 1e-12  # same algebra in another order of operations
REFERENCE = 1e-10  # a closed-form statistic of another package, printed with 17 digits
LOGLIK = 1e-9  # a log-likelihood against a dense multivariate-normal density
OPTIM = 1e-6  # same objective, another optimiser (splm and spatialreg stop at about 1e-8 in rho)
OPTIM_BRUTE = 1e-5  # Nelder-Mead over all parameters at once stops on a flat top: sqrt of its 1e-12 in the value
SPLM = 1e-5  # splm's SARAR optimum stops at 7e-6 relative in a rho of 0.004; everything else is within 1e-6
DIFFERENCES = 1e-6  # information from central differences of the mean and covariance
MONTE_CARLO_SD = 0.065  # five standard errors, 1/sqrt(2 x 3000), of an sd simulated from 3000 draws
MONTE_CARLO_P = 0.025  # a share simulated from 20 000 draws: standard error 0.0035, doubled for two sides, thrice
ROUNDING = 1e-8  # the same figure by algebra that cancels: variances of sums, tails of a t, years near 2000 squared
PRINTED_TWICE = 0.01  # half a unit of a printed average's last digit, and as much for the printed rates it averages
PRINTED_THREE = 5e-4  # half a unit of a third printed decimal
NEAR_EQUALITY = 1e-14  # an index near 0.01 that is a difference of numbers near 1
EIGENVALUE = 1e-9  # an eigenvalue by another algorithm: QR on the whole, on blocks, on a symmetric twin, or Lanczos
GEODESIC = 1e-7  # Vincenty's series against Karney's: half a millimetre, over the shortest distance tested
HESSIAN = 2e-5  # second differences of a dense log-density, relative to the standard errors
LEVELS = 1e-3  # log levels of the Zhejiang study; the official total, known to one decimal, leaves 6e-4
SD_OF_1000 = 0.085  # an sd from 1000 draws: standard error 1/sqrt(2000) = 0.022, the largest of forty is within 3.8
DERIVATIVE = 1e-7  # fourth-order central differences of a dense inverse, h = 1e-4: h^4 truncated, 1e-15 / h rounded
INTERPOLATED = 1e-7  # slopes of a log-determinant interpolated in a window of 0.01, second slopes a digit less
MOMENTS = 1e-7  # a minimum found by values: the square root of rounding in a flat bottom
SPREG_GM = 2e-5  # spreg's L-BFGS stops at 2e-6 in lambda; a covariance follows with ten times that
NLS = 1e-6  # R's nls stops at a relative offset of 1e-7: speeds agree to 1e-7, their standard errors to 3e-7
QUANTREG = 1e-4  # statsmodels iterates to the quantile regression and stops short of the vertex
EXTRAPOLATED = 1e-9  # linear in 1/T but for the 40th power of a root of at most 0.6
NEAR_BOUND = 1e-4  # sums with a standard error next to a bound of rho, where the information loses half its digits
LOGDET_RHO = 1e-8  # rho by an interpolated log-determinant against all eigenvalues: what the search asks for
TAIL = 1e-4  # p of a statistic of some hundreds that is itself another optimiser's to 1e-6: half its error
SPATIALREG_TWO = 5e-6  # spatialreg's search in rho and lambda has no tolerance to set: level to 1e-9 where ours ends
NLS_PROFILE = 5e-4  # of an interval's width: R interpolates the profile between its points, ours solves for its ends
FUZZ = 1e-6  # shares of standard errors: a search stops at 1e-8 in rho, times its slope in other parameters
FUZZ_HESSIAN = 1e-5  # second differences: ours under random effects outside the filter, the witness's of its score
GRID_ROUNDED = 1e-6  # a value on a grid cannot exceed a maximum but by rounding of determinants next to a bound
AT_BOUND = 1e-3  # shares of standard errors a millionth before a bound, where covariances have four digits left
