"""Measures of dispersion across regions, as a table of name -> measure.

Every function takes values with the regions along the last axis, and optionally population shares p of the
same shape that sum to one, and returns one figure for each row. Unweighted, regions count alike; weighted, they
count by their people, so that the figure is that of a population in which everyone has the region's mean. A
measure is added by writing its function and one entry of `MEASURES`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import xlogy

FloatArray = npt.NDArray[np.float64]
Shares = FloatArray | None
Domain = Literal["real", "non-negative", "positive"]

# Powers of two up to which values have squares and sums of squares in double precision.
ORDINARY = 256


@dataclass(frozen=True)
class Measure:
    """A measure of dispersion (or location), the scale it works on and the values it is defined for."""

    function: Callable[..., FloatArray]  # of the values, and of the shares if there are any
    label: str
    log: bool = False  # computed from the logarithms
    domain: Domain = "real"
    location: bool = False  # says where the regions are, not how far apart
    unit_free: bool = True  # does not change when the unit of measurement does
    sample: bool = False  # divides by n - 1 where regions count alike
    weighted_only: bool = False  # not defined without population


def mean(x: FloatArray, p: Shares = None) -> FloatArray:
    """Return the arithmetic mean, or that weighted by the shares p."""
    return np.asarray(np.mean(x, axis=-1) if p is None else np.sum(p * x, axis=-1))


def sd(x: FloatArray, p: Shares = None) -> FloatArray:
    """Return the sample standard deviation, with n - 1 in the denominator; weighted, sqrt of sum p (x - mean)^2."""
    x, power = within_reach(x)
    spread = np.std(x, axis=-1, ddof=1) if p is None else np.sqrt(mean((x - mean(x, p)[..., None]) ** 2, p))
    # The mean of equal numbers is not always that number, which would leave 1e-17 for 0.
    return np.ldexp(np.where(np.ptp(x, axis=-1) == 0, 0.0, spread), power)


def within_reach(x: FloatArray) -> tuple[FloatArray, npt.NDArray[np.intc]]:
    """Return x with each row divided by a power of two, which costs no digit, and the powers.

    Rows of ordinary size stay as they are (power 0); squares of 1e-200 or 1e200 would be zero or infinite.
    """
    power = np.frexp(np.max(np.abs(x), axis=-1))[1]
    power = np.where(np.abs(power) > ORDINARY, power, 0).astype(np.intc)
    return (np.ldexp(x, -power[..., None]) if power.any() else x), power


def cv(x: FloatArray, p: Shares = None) -> FloatArray:
    """Return the coefficient of variation sd / |mean|; NaN where the mean is zero. Weighted, it is Williamson's."""
    return _ratio(sd(x, p), np.abs(mean(x, p)))


def gini(x: FloatArray, p: Shares = None) -> FloatArray:
    r"""Return the Gini coefficient of values of zero or more, not corrected for small samples.

    G = \sum_i \sum_j p_i p_j |x_i - x_j| / (2 \bar{x}) with p = 1/n unless given, computed from the sorted
    values. Its maximum is 1 less the smallest share, (n - 1)/n unweighted; NaN where all values are zero.
    """
    if p is None:
        n = x.shape[-1]
        rank = 2.0 * np.arange(1, n + 1) - n - 1.0
        return _ratio(np.asarray(np.sort(x, axis=-1) @ rank), n * np.sum(x, axis=-1))
    order = np.argsort(x, axis=-1)
    ordered = np.take_along_axis(x, order, axis=-1)
    shape = np.broadcast_shapes(x.shape, p.shape)
    share = np.take_along_axis(np.broadcast_to(p, shape), np.broadcast_to(order, shape), axis=-1)
    rank = 2.0 * np.cumsum(share, axis=-1) - share - 1.0
    return _ratio(np.sum(share * ordered * rank, axis=-1), mean(x, p))


def theil_t(x: FloatArray, p: Shares = None) -> FloatArray:
    r"""Return Theil's T, \sum_i p_i (x_i / \bar{x}) \ln(x_i / \bar{x}); zeros count as their limit, 0."""
    share = _ratio(x, mean(x, p)[..., None])
    return mean(np.asarray(xlogy(share, share)), p)


def theil_l(x: FloatArray, p: Shares = None) -> FloatArray:
    r"""Return Theil's L, the mean logarithmic deviation \sum_i p_i \ln(\bar{x} / x_i)."""
    return -mean(np.log(x / mean(x, p)[..., None]), p)


def hoover(x: FloatArray, p: Shares = None) -> FloatArray:
    r"""Return the Hoover (Robin Hood) index 1/2 \sum_i p_i |x_i / \bar{x} - 1|."""
    return 0.5 * mean(np.abs(_ratio(x, mean(x, p)[..., None]) - 1.0), p)


def atkinson(x: FloatArray, p: Shares = None, *, epsilon: float = 1.0) -> FloatArray:
    r"""Return Atkinson's index 1 - (mean of x^(1-eps))^(1/(1-eps)) / mean; geometric mean for eps = 1."""
    if epsilon == 1.0:
        return -np.expm1(-theil_l(x, p))
    power = 1.0 - epsilon
    scaled = x / mean(x, p)[..., None]
    return 1.0 - mean(scaled**power, p) ** (1.0 / power)


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    above, below = np.broadcast_arrays(above, below)
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below != 0))


MEASURES: dict[str, Measure] = {
    "mean": Measure(mean, "mean", location=True, unit_free=False),
    "sd": Measure(sd, "standard deviation", unit_free=False, sample=True),
    "cv": Measure(cv, "coefficient of variation", sample=True),
    "williamson": Measure(cv, "Williamson's weighted coefficient of variation", weighted_only=True),
    "mean_log": Measure(mean, "mean of logs", log=True, domain="positive", location=True, unit_free=False),
    "sd_log": Measure(sd, "standard deviation of logs", log=True, domain="positive", sample=True),
    "cv_log": Measure(
        cv, "coefficient of variation of logs", log=True, domain="positive", unit_free=False, sample=True
    ),
    "gini": Measure(gini, "Gini coefficient", domain="non-negative"),
    "theil_t": Measure(theil_t, "Theil's T", domain="non-negative"),
    "theil_l": Measure(theil_l, "Theil's L (mean log deviation)", domain="positive"),
    "hoover": Measure(hoover, "Hoover index", domain="non-negative"),
    "atkinson_05": Measure(partial(atkinson, epsilon=0.5), "Atkinson index, aversion 0.5", domain="non-negative"),
    "atkinson_1": Measure(partial(atkinson, epsilon=1.0), "Atkinson index, aversion 1", domain="positive"),
    "atkinson_2": Measure(partial(atkinson, epsilon=2.0), "Atkinson index, aversion 2", domain="positive"),
}
