"""Do regions that start lower grow faster? Beta convergence and its variants."""
