"""Distributions over time: densities, Markov chains, ranks and trends."""
