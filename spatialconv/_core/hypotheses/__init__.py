"""Statistics of tests: score, Wald, error components, residuals, paired variances."""
