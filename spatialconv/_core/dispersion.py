"""Measures of dispersion across regions, as a table of name -> measure.

Every function takes values with the regions along the last axis and returns one figure for each row. A
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
Domain = Literal["real", "non-negative", "positive"]


@dataclass(frozen=True)
class Measure:
    """A measure of dispersion (or location), the scale it works on and the values it is defined for."""

    function: Callable[[FloatArray], FloatArray]
    label: str
    log: bool = False  # computed from the logarithms
    domain: Domain = "real"
    location: bool = False  # says where the regions are, not how far apart
    unit_free: bool = True  # does not change when the unit of measurement does


def mean(x: FloatArray) -> FloatArray:
    """Return the arithmetic mean."""
    return np.asarray(np.mean(x, axis=-1))


def sd(x: FloatArray) -> FloatArray:
    """Return the sample standard deviation, with n - 1 in the denominator."""
    spread = np.asarray(np.std(x, axis=-1, ddof=1))
    # The mean of equal numbers is not always that number, which would leave 1e-17 for 0.
    return np.where(np.ptp(x, axis=-1) == 0, 0.0, spread)


def cv(x: FloatArray) -> FloatArray:
    """Return the coefficient of variation sd / |mean|; NaN where the mean is zero."""
    return _ratio(sd(x), np.abs(mean(x)))


def gini(x: FloatArray) -> FloatArray:
    r"""Return the Gini coefficient of values of zero or more, not corrected for small samples.

    G = \sum_i \sum_j |x_i - x_j| / (2 n^2 \bar{x}), computed from the sorted values. Its maximum is
    (n - 1)/n; NaN where all values are zero.
    """
    n = x.shape[-1]
    rank = 2.0 * np.arange(1, n + 1) - n - 1.0
    return _ratio(np.asarray(np.sort(x, axis=-1) @ rank), n * np.sum(x, axis=-1))


def theil_t(x: FloatArray) -> FloatArray:
    r"""Return Theil's T, \sum_i (x_i / n\bar{x}) \ln(x_i / \bar{x}); zeros count as their limit, 0."""
    share = _ratio(x, mean(x)[..., None])
    return mean(np.asarray(xlogy(share, share)))


def theil_l(x: FloatArray) -> FloatArray:
    r"""Return Theil's L, the mean logarithmic deviation (1/n) \sum_i \ln(\bar{x} / x_i)."""
    return -mean(np.log(x / mean(x)[..., None]))


def hoover(x: FloatArray) -> FloatArray:
    r"""Return the Hoover (Robin Hood) index (1/2n) \sum_i |x_i / \bar{x} - 1|."""
    return 0.5 * mean(np.abs(_ratio(x, mean(x)[..., None]) - 1.0))


def atkinson(x: FloatArray, epsilon: float = 1.0) -> FloatArray:
    r"""Return Atkinson's index 1 - (mean of x^(1-eps))^(1/(1-eps)) / mean; geometric mean for eps = 1."""
    if epsilon == 1.0:
        return -np.expm1(-theil_l(x))
    power = 1.0 - epsilon
    scaled = x / mean(x)[..., None]
    return 1.0 - mean(scaled**power) ** (1.0 / power)


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    wide = np.broadcast_to(below, np.shape(above))
    out = np.full(np.shape(above), np.nan)
    return np.asarray(np.divide(above, wide, out=out, where=wide != 0))


MEASURES: dict[str, Measure] = {
    "mean": Measure(mean, "mean", location=True, unit_free=False),
    "sd": Measure(sd, "standard deviation", unit_free=False),
    "cv": Measure(cv, "coefficient of variation"),
    "mean_log": Measure(mean, "mean of logs", log=True, domain="positive", location=True, unit_free=False),
    "sd_log": Measure(sd, "standard deviation of logs", log=True, domain="positive"),
    "cv_log": Measure(cv, "coefficient of variation of logs", log=True, domain="positive", unit_free=False),
    "gini": Measure(gini, "Gini coefficient", domain="non-negative"),
    "theil_t": Measure(theil_t, "Theil's T", domain="non-negative"),
    "theil_l": Measure(theil_l, "Theil's L (mean log deviation)", domain="positive"),
    "hoover": Measure(hoover, "Hoover index", domain="non-negative"),
    "atkinson_05": Measure(partial(atkinson, epsilon=0.5), "Atkinson index, aversion 0.5", domain="non-negative"),
    "atkinson_1": Measure(partial(atkinson, epsilon=1.0), "Atkinson index, aversion 1", domain="positive"),
    "atkinson_2": Measure(partial(atkinson, epsilon=2.0), "Atkinson index, aversion 2", domain="positive"),
}
