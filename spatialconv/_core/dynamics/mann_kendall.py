"""Mann and Kendall's test for a trend, and Sen's slope, for many series at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import stats

FloatArray = npt.NDArray[np.float64]

# Up to here p is exact where nothing is tied; beyond, the normal distribution is as good.
EXACT_UP_TO = 50
# Pairs times series at a time: bounds the memory.
_CELLS = 4_000_000


@dataclass(frozen=True)
class MannKendall:
    """Of each series S, Kendall's tau-b, two-sided p, Sen's slope a unit of time, and whether p is exact."""

    s: FloatArray
    tau: FloatArray
    p: FloatArray
    slope: FloatArray
    exact: npt.NDArray[np.bool_]


def mann_kendall(x: FloatArray, time: FloatArray) -> MannKendall:
    """Test every column of x, shape (T, N), for a monotone trend; NaN in, NaN out.

    p counts permutations where values differ from one another and there are few; otherwise it comes from the normal
    distribution with the variance that ties leave, and a correction for continuity.
    """
    T, N = x.shape
    later, earlier = np.tril_indices(T, -1)
    steps = (time[later] - time[earlier])[:, None]
    s, slope = np.empty(N), np.empty(N)
    block = max(1, _CELLS // max(len(later), 1))
    for start in range(0, N, block):
        part = x[:, start : start + block]
        rises = part[later] - part[earlier]
        s[start : start + block] = np.sign(rises).sum(axis=0)
        slope[start : start + block] = np.median(rises / steps, axis=0)
    ties = [np.unique(column, return_counts=True)[1] for column in x.T]
    tied = np.array([float((t * (t - 1) * (2 * t + 5)).sum()) for t in ties])
    pairs = np.array([float((t * (t - 1)).sum()) for t in ties]) / 2
    every = T * (T - 1) / 2
    variance = (T * (T - 1) * (2 * T + 5) - tied) / 18
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(s == 0, 0.0, (np.abs(s) - 1) / np.sqrt(variance))
        tau = s / np.sqrt((every - pairs) * every)
    unknown = np.isnan(x).any(axis=0)
    exact = (tied == 0) & (T <= EXACT_UP_TO) & ~unknown
    p = np.where(exact, exact_p(s, T), 2 * stats.norm.sf(z))
    p = np.where((variance <= 0) | unknown, np.nan, np.minimum(p, 1.0))
    return MannKendall(np.where(unknown, np.nan, s), np.where(unknown, np.nan, tau), p, slope, exact)


def exact_p(s: FloatArray, T: int) -> FloatArray:
    """Return P(|S| >= |s|) when all T! orders are alike."""
    tails = _tails(T)
    inversions = np.round((np.nan_to_num(np.abs(s)) + T * (T - 1) / 2) / 2).astype(int)
    return np.asarray(np.where(s == 0, 1.0, np.minimum(1.0, 2 * tails[np.clip(inversions, 0, len(tails) - 1)])))


@lru_cache(maxsize=64)
def _tails(T: int) -> FloatArray:
    """Return P(number of ascending pairs >= c) for c = 0, 1, …: the inversions of T things, one more at a time."""
    share = np.ones(1)
    for size in range(2, T + 1):
        share = np.convolve(share, np.full(size, 1.0 / size))
    return np.asarray(np.cumsum(share[::-1])[::-1])


def smallest_p(T: int) -> float:
    """Return the smallest p that T periods can give: a series that never turns, 2 / T!."""
    return float(exact_p(np.array([T * (T - 1) / 2.0]), T)[0]) if 1 < T <= EXACT_UP_TO else 0.0
