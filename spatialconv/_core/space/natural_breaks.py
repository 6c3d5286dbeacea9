"""Natural breaks: the classes of values on a line with the least squared distance to their means.

mapclassify's FisherJenks is the witness in the tests and not used here: it works in single precision, which can
miss the best classes, it takes a second for a thousand regions, and it warns every caller about numba.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

# Values that differ by rounding alone belong to one class; z-scores are of the order of 1.
_DECIMALS = 12


def natural_breaks(x: FloatArray, classes: int) -> npt.NDArray[np.int64]:
    """Return the class 1..k of each value, 1 the lowest (Fisher 1958; Jenks 1977).

    Dynamic programming over the sorted distinct values in order k n log n, hence the global optimum and no random
    start; of equally good classes those with the lowest breaks are taken. Fewer distinct values than classes give as
    many classes as there are values.
    """
    values, where, counts = np.unique(np.round(x, _DECIMALS), return_inverse=True, return_counts=True)
    k = min(classes, len(values))
    starts = _best_starts(values - np.average(values, weights=counts), counts.astype(float), k)
    return np.asarray(np.searchsorted(starts, where.ravel(), side="right"), dtype=np.int64)


def _best_starts(values: FloatArray, counts: FloatArray, k: int) -> IntArray:
    # Place of the first value of each class. cost[j]: least sum of squares of the first j values so far.
    n = len(values)
    size, total, square = (np.concatenate([[0.0], np.cumsum(a)]) for a in (counts, counts * values, counts * values**2))

    def within(i: Any, j: Any) -> FloatArray:
        # Sum of squares about the mean of values i..j-1.
        return np.asarray((square[j] - square[i]) - (total[j] - total[i]) ** 2 / (size[j] - size[i]))

    cost = np.concatenate([[0.0], within(0, np.arange(1, n + 1))])
    split = np.zeros((k, n + 1), dtype=np.intp)
    for c in range(1, k - 1):
        split[c], cost = _layer(cost, c, within)
    starts = np.zeros(k, dtype=np.intp)
    if k > 1:
        # Of the last class only the end of all values matters.
        i = np.arange(k - 1, n)
        starts[k - 1] = k - 1 + int(np.argmin(cost[i] + within(i, n)))
    for c in range(k - 2, 0, -1):
        starts[c] = split[c, starts[c + 1]]
    return starts


def _layer(cost: FloatArray, c: int, within: Callable[[Any, Any], FloatArray]) -> tuple[IntArray, FloatArray]:
    """Return, for every number j of first values, where class c + 1 starts at best, and what that costs.

    The best start never falls as j grows, since squared distances on a line satisfy the quadrangle inequality. So
    every second j is searched between the starts of its neighbours only, then those between, in order n log n instead
    of n^2 (divide and conquer; Yao 1980 has the inequality).
    """
    n = len(cost) - 1
    most = n - c
    # start[p] belongs to j = c + p; the ends bound what lies between.
    start = np.empty(most + 2, dtype=np.intp)
    start[0], start[-1] = c, n - 1
    least = np.full(n + 1, np.inf)
    step = 1 << most.bit_length()
    while step := step // 2:
        places = np.arange(step, most + 1, 2 * step)
        low = start[places - step]
        high = np.minimum(start[np.minimum(places + step, most + 1)], c + places - 1)
        length = high - low + 1
        first = np.cumsum(length) - length
        # All trials of this round, one j after the other.
        i = np.arange(length.sum()) + np.repeat(low - first, length)
        trial = cost[i] + within(i, np.repeat(c + places, length))
        best = np.minimum.reduceat(trial, first)
        reached = np.flatnonzero(trial == np.repeat(best, length))
        start[places] = i[reached[np.searchsorted(reached, first)]]
        least[c + places] = best
    return np.concatenate([np.zeros(c, dtype=np.intp), start[:-1]]), least
