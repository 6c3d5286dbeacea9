"""Convergence clubs: the log t regression, the search, trends, agreement of partitions."""
