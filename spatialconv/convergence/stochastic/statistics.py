"""Panel statistics of one panel or of many drawn ones, and their p-values, in one pass over arrays."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import stats

from spatialconv._core.stochastic import panel_statistics as ps
from spatialconv._core.stochastic.dickey_fuller import Regressions, Trend, regressions
from spatialconv.convergence.stochastic.gaps import Lags, lags_of
from spatialconv.panel import FloatArray

# Those that count against a unit root on the left; the others on the right.
LEFT = ("W-tbar", "LLC t*", "Choi Z", "Choi L*")
_CODES = {"none": "n", "constant": "c", "trend": "ct"}
# Beyond these t-values p is zero or one for any purpose here.
_GRID = (-12.0, 3.0, 3001)
# So many p-values are asked of statsmodels one by one; more are read off between those of a grid.
_EACH = 500


@lru_cache(maxsize=3)
def _probits(trend: Trend) -> tuple[FloatArray, FloatArray]:
    grid = np.linspace(*_GRID)
    return grid, stats.norm.ppf(np.clip(_each(grid, trend), 1e-300, 1 - 1e-16))


def _each(t: FloatArray, trend: Trend) -> FloatArray:
    from statsmodels.tsa.adfvalues import mackinnonp

    return np.array([mackinnonp(value, _CODES[trend]) for value in t.ravel()]).reshape(t.shape)


def mackinnon(t: FloatArray, trend: Trend) -> FloatArray:
    """Return MacKinnon's (1994) asymptotic p-values of Dickey-Fuller t-values, from statsmodels.

    Of more than 500 they are interpolated between 3,001 t-values, to 1e-5.
    """
    if t.size <= _EACH:
        return np.where(np.isnan(t), np.nan, _each(np.nan_to_num(t), trend))
    grid, probits = _probits(trend)
    inside = np.clip(np.nan_to_num(t), _GRID[0], _GRID[1])
    return np.where(np.isnan(t), np.nan, stats.norm.cdf(np.interp(inside, grid, probits)))


def unit_root_statistics(
    z: FloatArray, trend: Trend, lags: Lags, most: int
) -> tuple[Regressions, FloatArray, dict[str, FloatArray]]:
    """Return regressions of all series, their p (S, N), and statistics (S,) of S samples: z has shape (T, S, N)."""
    T, S, N = z.shape
    flat = z.reshape(T, S * N)
    fits = regressions(flat, trend, lags_of(flat, trend, lags, most))
    t = fits.t.reshape(S, N)
    p = mackinnon(t, trend)
    combined = ps.fisher(p)
    # Series that fit exactly have no t; the door refuses them by name.
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = ps.levin_lin_chu(fits, ps.long_run_variance(z, trend), T, trend)
    values = {
        "LLC t*": pooled,
        "Fisher P": combined["P"],
        "Choi Pm": combined["Pm"],
        "Choi Z": combined["Z"],
        "Choi L*": combined["L*"],
    }
    if trend != "none":
        values = {"W-tbar": ps.wtbar(t, fits.n.reshape(S, N), fits.lags.reshape(S, N), trend), **values}
    return fits, p, values


def asymptotic(values: dict[str, FloatArray], N: int) -> dict[str, FloatArray]:
    """Return asymptotic p-values of the statistics above, and of Hadri's, which reject on the right."""
    found = {}
    for name, value in values.items():
        if name == "Fisher P":
            found[name] = stats.chi2.sf(value, 2 * N)
        elif name == "Choi L*":
            found[name] = stats.t.cdf(value, 5 * N + 4)
        else:
            found[name] = stats.norm.cdf(value) if name in LEFT else stats.norm.sf(value)
    return found


def more_extreme(drawn: FloatArray, value: float, left: bool) -> float:
    """Return the share of drawn statistics as extreme as the one found, itself counted among them."""
    beyond = drawn <= value if left else drawn >= value
    return float((1 + beyond.sum()) / (1 + len(drawn)))
