"""The bootstrap of regions: how often each is drawn, and intervals from what the draws give.

A draw is a vector of counts, not a list of regions: every statistic takes weights, so that a count multiplies the
weight of a region in all its periods at once (whole histories), sorting is done once, and the jackknife is the draw
in which one count is zero.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
Interval = Literal["bca", "percentile"]


def draw_counts(strata: IntArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """Return how often each region is drawn, shape (draws, N), with replacement within its stratum."""
    counts = np.empty((draws, len(strata)))
    for code in range(int(strata.max()) + 1):
        members = np.flatnonzero(strata == code)
        n = len(members)
        counts[:, members] = rng.multinomial(n, np.full(n, 1.0 / n), size=draws)
    return counts


def jackknife_counts(strata: IntArray) -> tuple[FloatArray, IntArray]:
    """Return the counts that leave each region out once, and which regions can be left out.

    A region that is alone in its stratum cannot; nor does it vary in the bootstrap.
    """
    able = np.flatnonzero(np.bincount(strata)[strata] > 1)
    counts = np.ones((len(able), len(strata)))
    counts[np.arange(len(able)), able] = 0.0
    return counts, able


def acceleration(estimate: FloatArray, left_out: FloatArray, sizes: IntArray) -> FloatArray:
    """Return the acceleration of BCa from statistics without each region, shape (n, K); `sizes` are of their strata.

    The influence of a region is (n_s - 1)(t - t_-i), and its part in the linear approximation a 1/n_s of that
    (Efron and Tibshirani 1993, 14.15, with strata).
    """
    part = ((sizes - 1) / sizes)[:, None] * (estimate - left_out)
    below = np.sum(part**2, axis=0) ** 1.5
    return np.asarray(np.divide(np.sum(part**3, axis=0), 6.0 * below, out=np.zeros_like(below), where=below > 0))


class Limits(NamedTuple):
    """Ends of the intervals; NaN where the bias of the draws has no finite correction."""

    low: FloatArray
    high: FloatArray


def percentile(drawn: FloatArray, level: float) -> Limits:
    """Return the percentile intervals of draws of shape (B, K)."""
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return Limits(low, high)


def bca(drawn: FloatArray, estimate: FloatArray, a: FloatArray, level: float) -> Limits:
    """Return the bias-corrected and accelerated intervals of Efron (1987) of draws of shape (B, K)."""
    # Draws equal to the estimate but for rounding count half.
    tie = 1e-12 * np.maximum(np.abs(estimate), np.abs(drawn).max(axis=0))
    below = (drawn < estimate - tie).mean(axis=0) + 0.5 * (np.abs(drawn - estimate) <= tie).mean(axis=0)
    bias = stats.norm.ppf(below)
    ends = []
    for z in (stats.norm.ppf((1 - level) / 2), stats.norm.ppf((1 + level) / 2)):
        with np.errstate(invalid="ignore", divide="ignore"):
            place = stats.norm.cdf(bias + (bias + z) / (1.0 - a * (bias + z)))
        found = np.full(len(estimate), np.nan)
        for k in np.flatnonzero(np.isfinite(bias) & np.isfinite(place)):
            found[k] = np.quantile(drawn[:, k], place[k])
        ends.append(found)
    return Limits(*ends)
