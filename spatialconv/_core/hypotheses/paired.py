"""Tests that two variances are equal when the same regions are observed twice.

The two samples are dependent, so the F test of two independent variances does not apply: with a
correlation of 0.9 between first and last year it hardly ever rejects (Carree and Klomp, 1997).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

FloatArray = npt.NDArray[np.float64]
Tail = Literal["two-sided", "greater", "less"]


@dataclass(frozen=True)
class PairedVariances:
    """Second moments of two paired samples: all that the tests need."""

    n: int
    first: float  # variance of the first sample, n - 1
    last: float  # variance of the last sample, n - 1
    covariance: float

    @property
    def ratio(self) -> float:
        """Variance of the last sample over that of the first; below 1 where dispersion has fallen."""
        return self.last / self.first if self.first > 0 else np.nan

    @property
    def unexplained(self) -> float:
        """1 - r^2 of the two samples, in a form that loses no digits when r is near 1."""
        return self.determinant / (self.first * self.last)

    @property
    def determinant(self) -> float:
        """Determinant of the 2 x 2 covariance matrix."""
        return self.first * self.last - self.covariance**2


@dataclass(frozen=True)
class Outcome:
    """Statistic, degrees of freedom and p; NaN with the reason where the test does not apply."""

    statistic: float
    df: float | None
    p_value: float
    reason: str = ""


def paired_variances(first: FloatArray, last: FloatArray) -> PairedVariances:
    """Return the second moments of two samples of the same regions, both of shape (N,)."""
    assert first.shape == last.shape
    a, b = first - first.mean(), last - last.mean()
    a, b = (np.zeros_like(d) if np.ptp(x) == 0 else d for d, x in ((a, first), (b, last)))
    dof = len(a) - 1
    return PairedVariances(len(a), float(a @ a) / dof, float(b @ b) / dof, float(a @ b) / dof)


def pitman_morgan(m: PairedVariances, tail: Tail = "two-sided") -> Outcome:
    r"""Test equal variances exactly under bivariate normality (Pitman, 1939; Morgan, 1939).

    Cov(x_T - x_1, x_T + x_1) = s_T^2 - s_1^2, so equal variances mean that difference and sum are
    uncorrelated: t = r sqrt(n-2) / sqrt(1 - r^2) with r their correlation, Student with n - 2 degrees of
    freedom. Negative where the last variance is the smaller one; `tail="less"` tests for that.
    """
    if m.n < 3:
        return _undefined(f"{m.n} regions leave no degree of freedom; three are needed")
    if m.first == 0 or m.last == 0 or m.unexplained <= 1e-14:
        return _undefined(_degenerate(m))
    df = m.n - 2
    t = (m.last - m.first) * np.sqrt(df) / (2.0 * np.sqrt(m.determinant))
    return Outcome(float(t), float(df), tail_p(float(t), df, tail))


def ratio_interval(m: PairedVariances, level: float) -> tuple[float, float]:
    """Return the exact interval of the ratio last / first, by inverting the Pitman-Morgan test."""
    if m.n < 3 or m.first == 0 or m.last == 0:
        return np.nan, np.nan
    t = stats.t.ppf(0.5 + level / 2.0, m.n - 2)
    half = 2.0 * m.unexplained * t**2 / (m.n - 2)
    root = np.sqrt(half * (half + 2.0))  # sqrt(K^2 - 1) for K = 1 + half
    return float(m.ratio * (1.0 + half - root)), float(m.ratio * (1.0 + half + root))


def carree_klomp_t2(m: PairedVariances) -> Outcome:
    r"""Test equal variances by the corrected likelihood ratio T2 of Carree and Klomp (1997).

    T2 = (N - 2.5) ln[1 + (s_1^2 - s_T^2)^2 / (4 (s_1^2 s_T^2 - s_{1T}^2))], chi-squared with 1 degree of
    freedom. It is (N - 2.5) ln[1 + t^2 / (N - 2)] of the Pitman-Morgan t, and has no direction.
    """
    if m.n < 3:
        return _undefined(f"{m.n} regions leave no degree of freedom; three are needed")
    if m.first == 0 or m.last == 0 or m.unexplained <= 1e-14:
        return _undefined(_degenerate(m))
    statistic = (m.n - 2.5) * np.log1p((m.first - m.last) ** 2 / (4.0 * m.determinant))
    return Outcome(float(statistic), 1.0, float(stats.chi2.sf(statistic, 1)))


def carree_klomp_t3(m: PairedVariances, tail: Tail = "two-sided") -> Outcome:
    r"""Test equal variances by T3 of Carree and Klomp (1997), standard normal for large N.

    T3 = sqrt(N) (s_1^2 / s_T^2 - 1) / (2 sqrt(1 - pi^2)), pi the slope of the last cross-section on the
    first. Positive where the last variance is the smaller one, which `tail="less"` tests for.
    """
    if m.n < 3:
        return _undefined(f"{m.n} regions leave no degree of freedom; three are needed")
    if m.first == 0 or m.last == 0:
        return _undefined(_degenerate(m))
    pi = m.covariance / m.first
    if abs(pi) >= 1.0 - 1e-14:
        return _undefined(f"the slope pi of the last cross-section on the first is {pi:.3f}; T3 needs |pi| < 1")
    statistic = np.sqrt(m.n) * (m.first / m.last - 1.0) / (2.0 * np.sqrt(1.0 - pi**2))
    p = {
        "two-sided": 2.0 * stats.norm.sf(abs(statistic)),
        "less": stats.norm.sf(statistic),
        "greater": stats.norm.cdf(statistic),
    }[tail]
    return Outcome(float(statistic), None, float(p))


def tail_p(t: float, df: float, tail: Tail) -> float:
    """Return the p-value of a t statistic; "less" is the probability of a smaller one."""
    if tail == "two-sided":
        return float(2.0 * stats.t.sf(abs(t), df))
    return float(stats.t.cdf(t, df) if tail == "less" else stats.t.sf(t, df))


def _undefined(reason: str) -> Outcome:
    return Outcome(np.nan, None, np.nan, reason)


def _degenerate(m: PairedVariances) -> str:
    if m.first == 0 or m.last == 0:
        return "all regions have the same value in the first or the last period"
    return "the last cross-section is an exact linear function of the first"
