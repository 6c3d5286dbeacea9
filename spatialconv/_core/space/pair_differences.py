"""Differences between neighbours and between all others: the parts of the spatial Gini coefficient."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

# Differences at a time: bounds the memory at a few ten megabytes whatever the number of links.
_CELLS = 4_000_000


def linked_sum(x: FloatArray, rows: IntArray, columns: IntArray) -> FloatArray:
    """Return the sum of |x_i - x_j| over the links from i to j, for every row of x, shape (B, N)."""
    found = np.empty(len(x))
    block = max(1, _CELLS // max(len(rows), 1))
    for start in range(0, len(x), block):
        part = x[start : start + block]
        found[start : start + block] = np.abs(part[:, rows] - part[:, columns]).sum(axis=1)
    return found


def all_sum(x: FloatArray) -> FloatArray:
    """Return the sum of |x_i - x_j| over all ordered pairs, for every row of x."""
    n = x.shape[-1]
    rank = 2.0 * np.arange(1, n + 1) - n - 1.0
    return np.asarray(2.0 * (np.sort(x, axis=-1) @ rank))
