"""Natural breaks: the classes of values on a line with the least squared distance to their means.

mapclassify's FisherJenks is the witness in the tests and not used here: it works in single precision, which can
miss the best classes, it takes a second for a thousand regions, and it warns every caller about numba.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# Values that differ by rounding alone belong to one class; z-scores are of the order of 1.
_DECIMALS = 12


def natural_breaks(x: FloatArray, classes: int) -> npt.NDArray[np.int64]:
    """Return the class 1..k of each value, 1 the lowest (Fisher 1958; Jenks 1977).

    Dynamic programming over the sorted distinct values, hence the global optimum and no random start; of equally
    good classes those with the lowest breaks are taken. Fewer distinct values than classes give as many classes
    as there are values.
    """
    values, where, counts = np.unique(np.round(x, _DECIMALS), return_inverse=True, return_counts=True)
    k = min(classes, len(values))
    starts = _best_starts(values - np.average(values, weights=counts), counts.astype(float), k)
    return np.asarray(np.searchsorted(starts, where.ravel(), side="right"), dtype=np.int64)


def _best_starts(values: FloatArray, counts: FloatArray, k: int) -> npt.NDArray[np.intp]:
    # Place of the first value of each class. cost[j]: least sum of squares of the first j values so far.
    n = len(values)
    size, total, square = (np.concatenate([[0.0], np.cumsum(a)]) for a in (counts, counts * values, counts * values**2))

    def within(j: int) -> FloatArray:
        # Sum of squares about the mean of values i..j-1, for every i < j.
        return np.asarray((square[j] - square[:j]) - (total[j] - total[:j]) ** 2 / (size[j] - size[:j]))

    cost = np.concatenate([[0.0], [within(j)[0] for j in range(1, n + 1)]])
    split = np.zeros((k, n + 1), dtype=np.intp)
    for c in range(1, k):
        better = np.full(n + 1, np.inf)
        for j in range(c + 1, n + 1):
            trial = cost[c:j] + within(j)[c:]
            split[c, j] = c + int(np.argmin(trial))
            better[j] = trial.min()
        cost = better
    starts = np.zeros(k, dtype=np.intp)
    end = n
    for c in range(k - 1, 0, -1):
        starts[c] = end = split[c, end]
    return starts
