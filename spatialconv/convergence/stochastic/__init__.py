"""Stochastic convergence: do gaps between regions come back, or do shocks to them last?"""
