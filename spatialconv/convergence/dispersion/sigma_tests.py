"""Trends, tests and notes of sigma convergence, built from a finished table of dispersion."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv._core.dispersion.measures import MEASURES
from spatialconv._core.dynamics.trend import Trend, trend
from spatialconv._core.hypotheses import paired
from spatialconv._options import Alternative
from spatialconv.panel import FloatArray
from spatialconv.results import HypothesisTest, number

# Periods -> per cent of simulated series without a trend in which the nominal 5 % test with the default lags
# rejects: deviations from the line independent, and with an autocorrelation of 0.8.
HAC_SIZE = {5: (17, 38), 10: (16, 44), 20: (13, 41), 40: (10, 35), 80: (7, 32)}


def trends(
    table: pd.DataFrame, measures: Iterable[str], time: FloatArray, lags: int, tail: Alternative, level: float
) -> pd.DataFrame:
    """Return the slope of every measure of dispersion and of its logarithm, a row each."""
    rows = {}
    for name in (n for n in measures if not MEASURES[n].location):
        y = table[name].to_numpy(dtype=float)
        rows[name] = _slope(y, time, lags, tail, level)
        positive = np.all(y > 0)
        rows[f"ln {name}"] = _slope(np.log(y) if positive else np.full_like(y, np.nan), time, lags, tail, level)
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("term")


def _slope(y: FloatArray, time: FloatArray, lags: int, tail: Alternative, level: float) -> dict[str, float]:
    if len(y) < 3 or not np.isfinite(y).all():
        fit = Trend(np.nan, np.nan, np.nan, np.nan, max(len(y) - 2, 0), lags)
    else:
        fit = trend(y, time, lags)
    half = stats.t.ppf(0.5 + level / 2.0, fit.df) if fit.df > 0 else np.nan
    # A line without residuals has no standard error, rather than one of zero.
    hac, ols = (se if se > 0 else np.nan for se in (fit.se_hac, fit.se_ols))
    return {
        "estimate": fit.slope,
        "std_error": hac,
        "statistic": fit.slope / hac,
        "p_value": paired.tail_p(fit.slope / hac, fit.df, tail),
        "conf_low": fit.slope - half * hac,
        "conf_high": fit.slope + half * hac,
        "std_error_ols": ols,
        "statistic_ols": fit.slope / ols,
        "p_value_ols": paired.tail_p(fit.slope / ols, fit.df, tail),
        "df": float(fit.df),
        "lags": float(lags),
    }


def paired_tests(
    m: paired.PairedVariances, tail: Alternative, what: str, a: Any, b: Any, *, single: bool
) -> tuple[HypothesisTest, ...]:
    """Return Pitman-Morgan, T2 and T3 of first against last period, with their hypotheses in words."""
    null = f"the variance of {what} is the same in {a} and {b}"
    words = {
        "two-sided": f"the variance of {what} differs between {a} and {b}",
        "less": f"the variance of {what} is smaller in {b} than in {a} (convergence)",
        "greater": f"the variance of {what} is larger in {b} than in {a} (divergence)",
    }
    outcomes = (
        ("Pitman-Morgan test", "t", paired.pitman_morgan(m, tail), words[tail]),
        ("Carree-Klomp T2", "chi2", paired.carree_klomp_t2(m), words["two-sided"]),
        ("Carree-Klomp T3", "N(0,1)", paired.carree_klomp_t3(m, tail), words[tail]),
    )
    alone = paired.Outcome(np.nan, None, np.nan, f"the panel has one period, {a}")
    return tuple(
        HypothesisTest(name, null, alternative, o.statistic, o.p_value, distribution, o.df, o.reason)
        for name, distribution, outcome, alternative in outcomes
        for o in (alone if single else outcome,)
    )


def trend_test(slopes: pd.DataFrame, leading: str, tail: Alternative) -> HypothesisTest:
    """Return the test of the leading measure's trend, in logs wherever logs exist."""
    term = f"ln {leading}" if np.isfinite(slopes.loc[f"ln {leading}", "estimate"]) else leading
    row = slopes.loc[term]
    words = {"two-sided": "has a trend", "less": "falls (convergence)", "greater": "rises (divergence)"}
    reason = ""
    if np.isnan(row["p_value"]):
        reason = (
            "fewer than three periods" if row["df"] < 1 else f"{term} is no finite series with deviations from a line"
        )
    return HypothesisTest(
        name=f"trend of {term}",
        null=f"{term} has no linear trend",
        alternative=f"{term} {words[tail]}",
        statistic=float(row["statistic"]),
        p_value=float(row["p_value"]),
        distribution="t",
        df=float(row["df"]),
        reason=reason,
    )


def sigma_notes(
    table: pd.DataFrame, values: FloatArray, time: FloatArray, by_position: bool, variable: str
) -> tuple[str, ...]:
    """Return what a reader must know before quoting the table or the trend."""
    notes = []
    if "cv_log" in table:
        notes.append(_unit_note(values, table.index, variable))
    if "cv" in table and (values < 0).any():
        notes.append(f"cv: {variable} has negative values, so its mean is no yardstick and cv says little")
    if len(time) >= 3:
        notes.append(_trend_note(len(time)))
    if by_position:
        notes.append("periods are no whole numbers: the trend is per position")
    elif len(time) > 2 and np.ptp(np.diff(time)) > 0:
        notes.append("periods are not evenly spaced: the lags of the HAC standard errors count periods, not time")
    return tuple(notes)


def _trend_note(n: int) -> str:
    nearest = min(HAC_SIZE, key=lambda size: abs(np.log(size / n)))
    plain, persistent = HAC_SIZE[nearest]
    return (
        f"a trend over {n} periods is only a guide: in simulated series of {nearest} periods without any, the nominal "
        f"5 % HAC test rejects in {plain} % ({persistent} % if deviations have an autocorrelation of 0.8); rely on the "
        "paired tests"
    )


def _unit_note(values: FloatArray, periods: pd.Index, variable: str) -> str:
    cv_log = MEASURES["cv_log"].function
    own, other = (cv_log(np.log(values[[0, -1]] * unit)) for unit in (1.0, 1000.0))
    return (
        f"cv_log depends on the unit of {variable}, as rescaling shifts the mean of logs and not sd_log: "
        f"{number(own[0], 2)} ({periods[0]}) and {number(own[1], 2)} ({periods[-1]}) would be {number(other[0], 2)} "
        f"and {number(other[1], 2)} in a unit a thousand times smaller; compare sd_log or cv"
    )
