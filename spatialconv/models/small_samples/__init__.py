"""What a fit is worth in small samples: bootstrap, indirect inference, Monte Carlo tests."""
