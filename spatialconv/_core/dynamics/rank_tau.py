"""Kendall's rank correlation among some pairs of regions: neighbours, or all that are not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import kendalltau

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

# Pairs at a time: bounds the memory at a few ten megabytes.
_CELLS = 1_000_000


def pair_tau(x: FloatArray, y: FloatArray, i: IntArray, j: IntArray) -> FloatArray:
    """Return tau-b of x and y, (B, N), over the pairs i and j: concordant less discordant over what is not tied."""
    return _tau(_pairs(x, y, i, j))


def other_tau(x: FloatArray, y: FloatArray, i: IntArray, j: IntArray) -> FloatArray:
    """Return tau-b of x and y, (B, N), over all pairs of regions but i and j, each of which stands there once.

    All pairs are counted in order n log n (Knight 1966, as scipy has it), and those of i and j are taken off.
    """
    return _tau(_all(x, y) - _pairs(x, y, i, j))


def _tau(counts: FloatArray) -> FloatArray:
    net, in_x, in_y = counts
    untied = np.sqrt(in_x * in_y)
    return np.asarray(np.divide(net, untied, out=np.full(len(net), np.nan), where=untied > 0))


def _pairs(x: FloatArray, y: FloatArray, i: IntArray, j: IntArray) -> FloatArray:
    # Concordant less discordant pairs, and pairs that are not tied in x and in y: (3, B).
    found = np.empty((3, len(x)))
    block = max(1, _CELLS // max(len(i), 1))
    for start in range(0, len(x), block):
        part = slice(start, start + block)
        # Regions first, so that what is gathered for a pair lies together in memory.
        dx, dy = (_signs(np.ascontiguousarray(values[part].T), i, j) for values in (x, y))
        found[1, part], found[2, part] = np.count_nonzero(dx, axis=0), np.count_nonzero(dy, axis=0)
        found[0, part] = (dx * dy).sum(axis=0, dtype=np.int64)
    return found


def _signs(values: FloatArray, i: IntArray, j: IntArray) -> npt.NDArray[np.int8]:
    first, second = values[i], values[j]
    return (first > second).astype(np.int8) - (first < second).astype(np.int8)


def _all(x: FloatArray, y: FloatArray) -> FloatArray:
    n = x.shape[1]
    found = np.empty((3, len(x)))
    for b, rows in enumerate(zip(x, y, strict=True)):
        sizes = [np.unique(row, return_counts=True)[1].astype(float) for row in rows]
        found[1:, b] = [n * (n - 1) / 2 - np.sum(size * (size - 1)) / 2 for size in sizes]
        tau = kendalltau(*rows).statistic if found[1:, b].all() else 0.0
        # A whole number, which the division by the root left within rounding.
        found[0, b] = np.round(tau * np.sqrt(found[1, b]) * np.sqrt(found[2, b]))
    return found
