"""How probable weights and models are, given the data and a prior."""
