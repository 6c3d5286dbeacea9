"""The Hodrick-Prescott trend of many series at once, by one banded solve."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import solveh_banded

FloatArray = npt.NDArray[np.float64]


def trend(X: FloatArray, lam: float) -> FloatArray:
    r"""Return the trends of the columns of X, shape (T, N), T >= 3.

    They minimise \sum (x - s)^2 + lambda \sum (second difference of s)^2 (Hodrick and Prescott 1997), so that
    (I + lambda D'D) s = x with a matrix of five diagonals.
    """
    T = X.shape[0]
    assert T >= 3
    second = np.array([1.0, -2.0, 1.0])
    bands = np.zeros((3, T))  # upper form: the diagonal in the last row
    for k in range(3):
        for j in range(3 - k):
            # D'D sums the outer product of (1, -2, 1) over T - 2 places.
            bands[2 - k, j + k : j + k + T - 2] += lam * second[j] * second[j + k]
    bands[2] += 1.0
    # About their mean, so that long series of large numbers lose no digits.
    level = X.mean(axis=0)
    return np.asarray(solveh_banded(bands, X - level) + level)
