"""Do regions converge in groups? The log t test and convergence clubs."""
