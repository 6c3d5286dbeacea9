"""Unit roots with one break at an unknown date: the least t over all dates, series by series."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np

from spatialconv._core.regression.least_squares import triangle
from spatialconv._core.stochastic.dickey_fuller import BLOCK, FloatArray, deterministic, parts

Break = Literal["level", "trend", "both"]
# Samples under the null: the Monte Carlo error of a p of 0.05 is 0.007.
DRAWS = 999


def dated(z: FloatArray, kind: Break, lags: int, dates: range) -> FloatArray:
    """Return t-values of a unit root at every date, shape (M, len(dates)), of series z (T, M).

    A date is the first period of the new level ("level") or slope ("trend"); constant and trend are always there
    (Zivot and Andrews 1992, models A, B and C).
    """
    T, M = z.shape
    change, level, past = parts(z, lags, lags)
    n = change.shape[1]
    D = deterministic("trend", n)
    period = np.arange(lags + 1, T)
    found = np.empty((M, len(dates)))
    for g, date in enumerate(dates):
        after = (period >= date).astype(float)
        slope = np.where(period >= date, period - date + 1, 0.0)
        own = {"level": [after], "trend": [slope], "both": [after, slope]}[kind]
        fixed = np.column_stack([D, *own])
        k = fixed.shape[1] + lags + 1
        step = max(1, BLOCK // (n * (k + 1)))
        for start in range(0, M, step):
            at = slice(start, start + step)
            rows = len(level[at])
            X = np.concatenate(
                [np.broadcast_to(fixed, (rows, *fixed.shape)), past[at], level[at][:, :, None], change[at][:, :, None]],
                axis=2,
            )
            R = triangle(X)
            top, rest = np.sign(R[:, k - 1, k - 1]) * R[:, k - 1, k], R[:, k, k]
            with np.errstate(divide="ignore", invalid="ignore"):
                found[at, g] = top / np.sqrt(rest**2 / (n - k))
    return found


def least(z: FloatArray, kind: Break, lags: int, dates: range) -> tuple[FloatArray, FloatArray]:
    """Return the least t of every series and its date, (M,) each."""
    t = dated(z, kind, lags, dates)
    at = np.argmin(t, axis=1)
    return t[np.arange(len(t)), at], np.asarray(dates, dtype=float)[at]


@lru_cache(maxsize=16)
def least_null(T: int, kind: Break, lags: int, start: int, stop: int) -> FloatArray:
    """Return least t-values of random walks of T periods without a break, sorted, (DRAWS,)."""
    rng = np.random.default_rng(np.random.SeedSequence([T, lags, start, stop, len(kind)]))
    walks = np.cumsum(rng.standard_normal((T, DRAWS)), axis=0)
    return np.sort(least(walks, kind, lags, range(start, stop))[0])
