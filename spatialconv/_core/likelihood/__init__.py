"""The one log-likelihood of the spatial panel models: log-determinants, effects, optimum, information, covariances."""
