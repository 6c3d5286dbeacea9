"""Growth over few periods as arrays: rotations, adjusted scores, exact tests, and the likelihood given the start."""
