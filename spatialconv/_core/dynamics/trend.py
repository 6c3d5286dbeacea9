"""Straight line through a short series, with serial correlation in its standard error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spatialconv._core.dispersion.measures import within_reach

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trend:
    """Intercept and slope of y on time, the slope's standard errors, and T - 2."""

    intercept: float
    slope: float
    se_hac: float
    se_ols: float
    df: int
    lags: int


def newey_west_lags(n: int) -> int:
    """Return the rule-of-thumb truncation floor(4 (T/100)^(2/9)) of Newey and West (1994)."""
    return int(np.floor(4.0 * (n / 100.0) ** (2.0 / 9.0)))


def trend(y: FloatArray, time: FloatArray, lags: int) -> Trend:
    r"""Fit y_t = a + b time_t + e_t by least squares; y and time of shape (T,), T >= 3.

    The HAC variance of the slope is T/(T-2) \sum_{|j| <= L} (1 - |j|/(L+1)) \sum_t u_t u_{t-|j|} / Sxx^2
    with u_t = (time_t - mean) e_t (Newey and West, 1987, with the small-sample factor); the ordinary one
    is s^2 / Sxx.
    """
    assert y.shape == time.shape
    n = len(y)
    y, power = within_reach(y)
    back = float(np.ldexp(1.0, int(power)))
    centred = time - time.mean()
    sxx = float(centred @ centred)
    slope = float(centred @ (y - y.mean())) / sxx
    e = y - y.mean() - slope * centred
    # What rounding leaves of an exact line is not a standard error.
    e = np.where(np.abs(e) <= 8 * np.finfo(float).eps * np.max(np.abs(y)), 0.0, e)
    u = centred * e
    long_run = u @ u + 2.0 * sum((1.0 - j / (lags + 1.0)) * (u[j:] @ u[:-j]) for j in range(1, min(lags, n - 1) + 1))
    return Trend(
        intercept=float(y.mean() - slope * time.mean()) * back,
        slope=slope * back,
        se_hac=float(np.sqrt(n / (n - 2) * long_run)) / sxx * back,
        se_ols=float(np.sqrt(e @ e / (n - 2) / sxx)) * back,
        df=n - 2,
        lags=lags,
    )
