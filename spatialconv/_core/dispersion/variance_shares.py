"""Which factor moves a figure most: shares of its variance over the axes of a grid, balanced or not.

With dummies for the choices on every axis,

    shapley    average over all orders of what an axis adds to R2 of the additive fit (Lindeman, Merenda and Gold 1980;
               Owen 2014); the shares of all axes add up to that R2
    type II    what it adds to all other axes, over the total sum of squares
    total      what is left of the variance where all other axes are held fixed, interactions with them included
               (the total effect of Homma and Saltelli 1996, observed cell by cell)

On a balanced grid shapley and type II are both the classical sum of squares over the total. Explained sums of squares
come from the cross-products of the dummies, so that thousands of rows are passed over once.
"""

from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.linalg as la

FloatArray = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

# A pivot below this share of the largest marks a dummy that the others already span.
SPANNED = 1e-10
# Shares below this are rounding.
NOTHING = 1e-12
# The shares by Shapley take a fit for every subset of the axes.
AXES_AT_MOST = 12


class Shares(NamedTuple):
    """Shares of the total variance by axis, shape (A,), and R2 of the additive fit."""

    shapley: FloatArray
    type_ii: FloatArray
    total: FloatArray
    additive: float


def decompose(y: FloatArray, codes: Codes) -> Shares:
    """Decompose the variance of y, shape (n,), over axes whose choices are coded by whole numbers, codes (n, A).

    NaN throughout where y does not vary.
    """
    axes = codes.shape[1]
    centred = y - y.mean()
    total_ss = float(centred @ centred)
    if total_ss <= (1e-14 * max(1.0, float(np.abs(y).max(initial=0.0)))) ** 2 * len(y):
        undefined = np.full(axes, np.nan)
        return Shares(undefined, undefined, undefined, np.nan)
    explained = _explained(centred, codes)
    shapley = np.array([_shapley(explained, a, axes) for a in range(axes)]) / total_ss
    everything = frozenset(range(axes))
    type_ii = np.array([explained[everything] - explained[everything - {a}] for a in range(axes)]) / total_ss
    total = np.array([_within(centred, np.delete(codes, a, axis=1)) for a in range(axes)]) / total_ss
    return Shares(_clean(shapley), _clean(type_ii), _clean(total), explained[everything] / total_ss)


def _clean(shares: FloatArray) -> FloatArray:
    """Set what rounding leaves of nothing to zero."""
    return np.where(np.abs(shares) < NOTHING, 0.0, shares)


def _explained(y: FloatArray, codes: Codes) -> dict[frozenset[int], float]:
    """Return the sum of squares that each subset of the axes explains."""
    blocks = []
    for column in codes.T:
        levels = np.unique(column)[1:]
        dummies = (column[:, None] == levels).astype(float)
        blocks.append(dummies - dummies.mean(axis=0))
    X = np.concatenate(blocks, axis=1)
    ends = np.cumsum([0, *(block.shape[1] for block in blocks)])
    places = [np.arange(ends[a], ends[a + 1]) for a in range(len(blocks))]
    gram, cross = X.T @ X, X.T @ y
    found = {}
    for size in range(len(blocks) + 1):
        for subset in combinations(range(len(blocks)), size):
            taken = np.concatenate([np.empty(0, dtype=np.intp), *(places[a] for a in subset)])
            found[frozenset(subset)] = _projected(gram[np.ix_(taken, taken)], cross[taken])
    return found


def _projected(gram: FloatArray, cross: FloatArray) -> float:
    """Return cross' gram^- cross by a pivoted Cholesky factor, leaving out what is spanned already."""
    if len(cross) == 0:
        return 0.0
    factor, pivot, rank, _ = la.lapack.dpstrf(gram, lower=1, tol=SPANNED * float(np.diag(gram).max()))
    ordered = cross[pivot - 1][:rank]
    half = la.solve_triangular(np.tril(factor)[:rank, :rank], ordered, lower=True)
    return float(half @ half)


def _shapley(explained: dict[frozenset[int], float], axis: int, axes: int) -> float:
    others = [a for a in range(axes) if a != axis]
    value = 0.0
    for size in range(axes):
        weight = factorial(size) * factorial(axes - size - 1) / factorial(axes)
        for subset in combinations(others, size):
            value += weight * (explained[frozenset({*subset, axis})] - explained[frozenset(subset)])
    return value


def _within(y: FloatArray, codes: Codes) -> float:
    """Return the sum of squares within the cells of the other axes."""
    if codes.shape[1] == 0:
        return float(y @ y)
    _, cell = np.unique(codes, axis=0, return_inverse=True)
    cell = cell.ravel()
    means = np.bincount(cell, y) / np.bincount(cell)
    rest = y - means[cell]
    return float(rest @ rest)
