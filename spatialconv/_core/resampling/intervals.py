"""Intervals and p-values from bootstrap draws: percentile, basic, studentised, and bias-corrected accelerated.

Draws may be infinite (a half-life that is never reached): they count, at their end of the order. Efron and Tibshirani
(1993, An Introduction to the Bootstrap, chapters 12 to 14); Davison and Hinkley (1997, chapter 5).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

FloatArray = npt.NDArray[np.float64]


def quantiles(draws: FloatArray, shares: FloatArray) -> FloatArray:
    """Return quantiles of draws (B,) by linear interpolation; beside an infinite draw the infinite one."""
    ordered = np.sort(draws[~np.isnan(draws)])
    if not len(ordered):
        return np.full(np.shape(shares), np.nan)
    place = np.clip(np.asarray(shares) * (len(ordered) - 1), 0, len(ordered) - 1)
    low = ordered[np.floor(place).astype(int)]
    high = ordered[np.ceil(place).astype(int)]
    part = place - np.floor(place)
    with np.errstate(invalid="ignore"):
        between = low + part * (high - low)
    mixed = np.where(np.isinf(low), low, high)
    return np.asarray(np.where(np.isfinite(low) & np.isfinite(high), between, np.where(part == 0, low, mixed)))


def percentile(draws: FloatArray, level: float) -> FloatArray:
    """Return the quantiles of the draws."""
    return quantiles(draws, _tails(level))


def basic(estimate: float, draws: FloatArray, level: float) -> FloatArray:
    """Return the quantiles mirrored at the estimate."""
    low, high = percentile(draws, level)
    return np.array([2 * estimate - high, 2 * estimate - low])


def studentised(estimate: float, std_error: float, t: FloatArray, level: float) -> FloatArray:
    """Return the estimate less quantiles of t = (draw - estimate) / its standard error, times the standard error."""
    low, high = quantiles(t, _tails(level))
    return np.array([estimate - high * std_error, estimate - low * std_error])


def bca(estimate: float, draws: FloatArray, acceleration: float, level: float) -> FloatArray:
    """Return quantiles moved by the median bias z0 and the acceleration a (Efron 1987).

    share = Phi(z0 + (z0 + z) / (1 - a (z0 + z))), z0 the normal quantile of the share of draws below the estimate,
    ties counted by half. NaN where all draws lie on one side.
    """
    known = draws[~np.isnan(draws)]
    below = ((known < estimate).sum() + 0.5 * (known == estimate).sum()) / max(len(known), 1)
    if not 0 < below < 1:
        return np.full(2, np.nan)
    z0 = special.ndtri(below)
    z = z0 + special.ndtri(_tails(level))
    return quantiles(draws, special.ndtr(z0 + z / (1 - acceleration * z)))


def acceleration(influence: FloatArray) -> float:
    """Return a = sum u^3 / (6 (sum u^2)^1.5) of the influence u of each unit; 0 where none has any."""
    u = influence - influence.mean()
    size = float((u**2).sum())
    return float((u**3).sum() / (6 * size**1.5)) if size > 0 else 0.0


def p_two_sided(statistic: float, draws: FloatArray) -> float:
    """Return twice the smaller tail, (1 + draws as extreme) / (1 + draws); at most one."""
    known = draws[~np.isnan(draws)]
    if np.isnan(statistic) or not len(known):
        return float("nan")
    below, above = (known <= statistic).sum(), (known >= statistic).sum()
    return float(min(1.0, 2 * (1 + min(below, above)) / (1 + len(known))))


def p_lower(statistic: float, draws: FloatArray) -> float:
    """Return the share of draws as low as the statistic, itself among them."""
    known = draws[~np.isnan(draws)]
    return (
        float("nan")
        if np.isnan(statistic) or not len(known)
        else float((1 + (known <= statistic).sum()) / (1 + len(known)))
    )


def _tails(level: float) -> FloatArray:
    return np.array([(1 - level) / 2, (1 + level) / 2])
