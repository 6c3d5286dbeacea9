"""Simulated panels on which the search is compared with the package convergence-clubs; numpy alone."""

import numpy as np

# The first dozen, and those in which an option decides: a club cut back to its core (44, 60, 70, 93, 155, 262), one
# accepted though it does not converge (6, 33, 34, 67), the core by t or by |t| (30, 35, 36, 39), a merger after which
# the search must begin anew (45, 69, 128, 133, 267, 296, 359).
KEPT = (*range(12), 30, 33, 34, 35, 36, 39, 44, 45, 60, 67, 69, 70, 93, 128, 133, 155, 262, 267, 296, 359)


def panels():
    """Yield (number, values of shape (T, N)) of the panels kept: clubs, transitional paths, noise, random walks."""
    rng = np.random.default_rng(20260701)
    for i in range(max(KEPT) + 1):
        n, periods, clubs = (int(rng.integers(*span)) for span in ((5, 40), (14, 45), (1, 5)))
        club = rng.integers(0, clubs, n)
        limit = np.sort(rng.uniform(8, 12, clubs))
        t = np.arange(1, periods + 1)[:, None]
        spread = rng.normal(0, rng.uniform(0.05, 0.6), n)
        alpha = rng.uniform(0, 1.0)
        x = limit[club] * (1 + spread * t**-alpha / np.log(t + 1))
        x = x + np.cumsum(rng.normal(0, rng.choice([0, 0.01, 0.03]), (periods, n)), axis=0)
        x = x + rng.normal(0, 0.01, (periods, n))
        if i % 3 == 0:
            x = x + np.cumsum(rng.normal(0, 0.05, (periods, n)), axis=0)
        if i in KEPT:
            yield i, x
