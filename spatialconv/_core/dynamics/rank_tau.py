"""Kendall's rank correlation among some pairs of regions: neighbours, or all that are not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

# Pairs at a time: bounds the memory at a few ten megabytes.
_CELLS = 4_000_000


def pair_tau(x: FloatArray, y: FloatArray, i: IntArray, j: IntArray) -> FloatArray:
    """Return tau-b of x and y, (B, N), over the pairs i and j: concordant less discordant over what is not tied."""
    found = np.empty(len(x))
    block = max(1, _CELLS // max(len(i), 1))
    for start in range(0, len(x), block):
        part = slice(start, start + block)
        dx = np.sign(x[part][:, i] - x[part][:, j])
        dy = np.sign(y[part][:, i] - y[part][:, j])
        untied = np.sqrt((dx != 0).sum(axis=1, dtype=float) * (dy != 0).sum(axis=1))
        net = (dx * dy).sum(axis=1)
        found[part] = np.divide(net, untied, out=np.full(len(net), np.nan), where=untied > 0)
    return found
