"""Taking one or two sets of effects out of the rows of a sample, complete or not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

# Rounds of demeaning stop when none moves a column by more than this share of its spread.
STILL = 1e-12
ROUNDS = 10_000


def absorb(Z: FloatArray, effects: Sequence[IntArray]) -> FloatArray:
    """Return Z, shape (n, k), less the projection on dummies of each set of codes, shape (n,), by turns.

    One set takes one round, two sets of a complete sample as well; of others the rounds converge (Guimaraes and
    Portugal 2010). Without effects Z comes back as it is.
    """
    for round_ in range(ROUNDS):
        before = Z
        for codes in effects:
            Z = Z - _means(Z, codes)
        if len(effects) < 2 or (round_ and np.abs(Z - before).max() <= STILL * max(np.abs(Z).max(), 1e-300)):
            break
    return Z


def _means(Z: FloatArray, codes: IntArray) -> FloatArray:
    count = np.bincount(codes)
    sums = np.stack([np.bincount(codes, weights=column) for column in Z.T], axis=1)
    return np.asarray((sums / np.maximum(count, 1)[:, None])[codes])


def rank_of_effects(effects: Sequence[IntArray]) -> int:
    """Return how many parameters the effects take: of two sets, one less for every connected piece of the sample."""
    if not effects:
        return 0
    sizes = [len(np.unique(codes)) for codes in effects]
    if len(effects) == 1:
        return sizes[0]
    return sum(sizes) - _pieces(*effects)


def _pieces(a: IntArray, b: IntArray) -> int:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows, left = np.unique(a, return_inverse=True)
    columns, right = np.unique(b, return_inverse=True)
    n = len(rows) + len(columns)
    links = coo_array((np.ones(len(a)), (left, right + len(rows))), shape=(n, n))
    return int(connected_components(links, directed=False)[0])


def slopes(y: FloatArray, X: FloatArray) -> tuple[FloatArray, float, FloatArray]:
    """Return coefficients, sum of squares and the diagonal of (X'X)^-1 of y, shape (n,), on X, shape (n, k)."""
    Q, R = np.linalg.qr(X)
    beta = np.linalg.solve(R, Q.T @ y)
    left = y - X @ beta
    inverse = np.linalg.solve(R, np.eye(R.shape[0]))
    return beta, float(left @ left), np.asarray((inverse**2).sum(axis=1))


def heterogeneity(estimates: FloatArray, variances: FloatArray) -> float:
    """Return sum (b_g - b)^2 / v_g, b the precision-weighted mean: Wald's statistic that independent b_g agree."""
    weight = 1.0 / variances
    mean = float((weight * estimates).sum() / weight.sum())
    return float((weight * (estimates - mean) ** 2).sum())
