"""From a design to a fit: maximum likelihood, covariances, and the one fitted class."""
