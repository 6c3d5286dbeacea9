"""Samples under the null of a unit root that depend on one another as regions do, and CIPS of random walks."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from spatialconv._core.stochastic.dickey_fuller import FloatArray, IntArray, Trend
from spatialconv._core.stochastic.panel_statistics import cadf, truncated

BURN = 20
# Samples of CIPS under its null: the Monte Carlo error of a p of 0.05 is 0.005.
CIPS_DRAWS = 1999


def innovations(z: FloatArray, lags: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return centred residuals (rows, N) of the changes on their own lags, and the coefficients (N, most lags).

    The unit root is imposed. All series lose as many changes as the longest autoregression.
    """
    d = np.diff(z, axis=0)
    most = int(lags.max())
    rows, N = len(d) - most, z.shape[1]
    phi = np.zeros((N, max(most, 1)))
    e = np.empty((rows, N))
    for i in range(N):
        p = int(lags[i])
        y = d[most:, i]
        X = np.column_stack([np.ones(rows), *(d[most - j : len(d) - j, i] for j in range(1, p + 1))])
        b, *_ = np.linalg.lstsq(X, y, rcond=None)
        e[:, i] = y - X @ b
        phi[i, :p] = b[1:]
    return e - e.mean(axis=0), phi


def shrunken(u: FloatArray) -> FloatArray:
    """Return correlations between columns of standardised innovations, shape (rows, N), drawn towards zero.

    By as much as chance alone makes them large (Schaefer and Strimmer 2005): as they are found, N (N - 1) / 2 of them
    from a few rows would be a dependence of their own, and tests held against it would hardly ever reject.
    """
    n, N = u.shape
    r = u.T @ u / n
    off = ~np.eye(N, dtype=bool)
    chance, found = ((1 - r**2) ** 2 / max(n - 1, 1))[off].sum(), (r**2)[off].sum()
    share = 1.0 if found <= chance else float(chance / found)
    return np.asarray((1 - share) * r + share * np.eye(N))


def null_paths(z: FloatArray, lags: IntArray, draws: int, rng: np.random.Generator, *, centred: bool) -> FloatArray:
    """Return samples of series with a unit root, shape (T, draws, N), that depend on one another as those of `z` do.

    Each series draws from its own standardised innovations; the correlations between them, shrunken, are put on top.
    Changes follow each series' own autoregression. `centred` takes the mean over series off again, of gaps from it.
    """
    T, N = z.shape
    e, phi = innovations(z, lags)
    most = int(lags.max())
    scale = e.std(axis=0)
    u = e / np.where(scale > 0, scale, 1.0)
    # Shrunken correlations have no eigenvalue of zero but of series that are one another's: the ridge is for these.
    root = np.linalg.cholesky(shrunken(u) + 1e-10 * np.eye(N))
    size = (T - 1 + (BURN if most else 0), draws, N)
    drawn = (u[rng.integers(len(u), size=size), np.arange(N)] @ root.T) * scale
    if centred:
        drawn -= drawn.mean(axis=2, keepdims=True)
    if most:
        for t in range(len(drawn)):
            for j in range(1, min(most, t) + 1):
                drawn[t] += phi[:, j - 1] * drawn[t - j]
        drawn = drawn[BURN:]
    return np.concatenate([np.zeros((1, draws, N)), np.cumsum(drawn, axis=0)])


@lru_cache(maxsize=32)
def cips_null(N: int, T: int, trend: Trend, lags: int, draws: int = CIPS_DRAWS) -> FloatArray:
    """Return truncated CIPS of N independent random walks of T periods, sorted, shape (draws,)."""
    rng = np.random.default_rng(np.random.SeedSequence([N, T, lags, len(trend)]))
    walks = np.cumsum(rng.standard_normal((T, draws, N)), axis=0)
    return np.sort(truncated(cadf(walks, trend, lags), trend).mean(axis=1))
