"""Does the spread across regions fall? Sigma convergence and the measures of inequality."""
