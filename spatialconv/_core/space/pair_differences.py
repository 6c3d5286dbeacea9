"""Differences between neighbours and between all others: the parts of the spatial Gini coefficient."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

# Differences at a time: bounds the memory at a few ten megabytes whatever the number of links.
_CELLS = 2_000_000


def linked_pairs(rows: IntArray, columns: IntArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the pairs that are linked, each once, and in how many directions."""
    n = int(max(rows.max(initial=0), columns.max(initial=0))) + 1
    pairs, times = np.unique(np.minimum(rows, columns) * n + np.maximum(rows, columns), return_counts=True)
    return pairs // n, pairs % n, times.astype(float)


def linked_sum(x: FloatArray, i: IntArray, j: IntArray, times: FloatArray) -> FloatArray:
    """Return the sum of times |x_i - x_j| over pairs i and j, for every row of x, shape (B, N)."""
    found = np.empty(len(x))
    block = max(1, _CELLS // max(len(i), 1))
    for start in range(0, len(x), block):
        # Regions first, so that what is gathered for a pair lies together in memory.
        part = np.ascontiguousarray(x[start : start + block].T)
        gap = part[i]
        gap -= part[j]
        found[start : start + block] = times @ np.abs(gap, out=gap)
    return found


def all_sum(x: FloatArray) -> FloatArray:
    """Return the sum of |x_i - x_j| over all ordered pairs, for every row of x."""
    n = x.shape[-1]
    rank = 2.0 * np.arange(1, n + 1) - n - 1.0
    return np.asarray(2.0 * (np.sort(x, axis=-1) @ rank))
