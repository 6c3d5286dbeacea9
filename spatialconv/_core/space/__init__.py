"""Space as arrays: algebra of weights, association and its permutation, multipliers."""
