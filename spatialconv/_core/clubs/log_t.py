r"""The log t regression of Phillips and Sul (2007), for many groups of regions at once.

H_t = (1/n) \sum_i (x_it / mean_t - 1)^2 is the variance of the relative transition coefficients. Under convergence it
falls like (log t)^-2 t^(-2 alpha), so that in

    log(H_1 / H_t) - 2 log log t = a + b log t + u_t,    t = [rT] + 1, ..., T,

b = 2 alpha is not negative; the test is one-sided, t_b > -1.65. Periods count from 1. All groups stand side by side:
H has the shape (T, K), one column a group.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Hac = Literal["fqsb", "qs", "aqsb", "newey-west", "ols"]
Rounding = Literal["even", "away", "floor"]

# Relative spreads of 1e-14 are what rounding leaves of equal values.
NOTHING = 1e-28


class Fits(NamedTuple):
    """Estimates of the log t regression, each of shape (K,)."""

    intercept: FloatArray
    b: FloatArray
    se: FloatArray
    t: FloatArray


class Group(NamedTuple):
    """Size, mean and sum of squared deviations of a group in every period: all that a further region needs."""

    size: int
    mean: FloatArray
    squares: FloatArray


@dataclass(frozen=True)
class Design:
    """The right-hand side that all groups of a panel share: `start` is the first row used (0 is the first period)."""

    periods: int
    start: int
    hac: Hac

    @property
    def used(self) -> int:
        """Number of periods in the regression."""
        return self.periods - self.start

    def regressor(self) -> tuple[FloatArray, FloatArray]:
        """Return log t and 2 log log t of the periods used."""
        log_t = np.log(np.arange(self.start + 1, self.periods + 1, dtype=float))
        return log_t, 2.0 * np.log(log_t)

    def with_hac(self, hac: Hac) -> Design:
        """Return the same regression with another standard error."""
        return Design(self.periods, self.start, hac)


def first_row(periods: int, trim: float, rounding: Rounding) -> int:
    """Return the row of the first period used when a share `trim` is discarded (even: R; away: Stata)."""
    share = periods * trim
    if rounding == "floor":
        return int(np.floor(share + 1e-9))
    return int(np.floor(share + 0.5)) if rounding == "away" else int(np.round(share))


# ---------------------------------------------------------------------- H of groups


def group(X: FloatArray) -> Group:
    """Return the moments of a group from its values, shape (T, n)."""
    # Deviations from one member first: the mean of equal numbers is not always that number.
    mean = X[:, 0] + (X - X[:, :1]).mean(axis=1)
    return Group(X.shape[1], mean, ((X - mean[:, None]) ** 2).sum(axis=1))


def transition_variance(g: Group) -> FloatArray:
    """Return H of one group, shape (T,)."""
    return g.squares / g.size / g.mean**2


def pairs(X: FloatArray) -> FloatArray:
    """Return H of each pair of adjacent columns, shape (T, n - 1)."""
    return np.asarray(((X[:, 1:] - X[:, :-1]) / (X[:, 1:] + X[:, :-1])) ** 2)


def one_more(g: Group, X: FloatArray) -> FloatArray:
    """Return H of the group with each column of X added alone, shape (T, n)."""
    n = g.size + 1.0
    away = X - g.mean[:, None]
    squares = g.squares[:, None] + away**2 * (g.size / n)
    return np.asarray(squares / n / (g.mean[:, None] + away / n) ** 2)


def growing(g: Group, X: FloatArray) -> tuple[FloatArray, Group]:
    """Return H of the group after each column of X has joined it in turn, shape (T, n), and the last group.

    Means and squares are updated by differences from the mean before (Welford 1962), which loses no digits
    where H is small.
    """
    n = g.size + np.arange(1.0, X.shape[1] + 1.0)
    away = X - g.mean[:, None]
    total = np.cumsum(away, axis=1)
    mean = g.mean[:, None] + total / n
    before = away - (total - away) / (n - 1.0)
    squares = g.squares[:, None] + np.cumsum(before**2 * ((n - 1.0) / n), axis=1)
    return squares / n / mean**2, Group(g.size + X.shape[1], mean[:, -1].copy(), squares[:, -1].copy())


# ---------------------------------------------------------------------- regression


def fit(H: FloatArray, design: Design) -> Fits:
    """Fit the log t regression to every column of H, shape (T, K).

    A group without any spread in the periods used has converged altogether: t = inf, b undefined. One that had
    none in the first period and has some later moves apart from nothing: t = -inf. Zeros in some of the periods
    leave the logarithm, and with it the test, undefined (NaN).
    """
    assert H.shape[0] == design.periods
    first, later = H[0], H[design.start :]
    none = later <= NOTHING
    proper = (first > NOTHING) & ~none.any(axis=0)
    log_t, offset = design.regressor()
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.where(proper, np.log(first) - np.log(later), 0.0) - offset[:, None]
    x = log_t - log_t.mean()
    sxx = float(x @ x)
    b = x @ y / sxx
    level = y.mean(axis=0)
    e = y - level - x[:, None] * b
    # What rounding leaves of an exact line is not a standard error.
    e[np.abs(e) <= 8 * np.finfo(float).eps * np.abs(y).max(axis=0)] = 0.0
    se = STANDARD_ERRORS[design.hac](e, log_t)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = b / se
    t = np.where(proper, t, np.where(none.all(axis=0), np.inf, np.where(first <= NOTHING, -np.inf, np.nan)))
    undefined = np.where(proper, 0.0, np.nan)
    return Fits(level - log_t.mean() * b + undefined, b + undefined, se + undefined, t)


def fit_one(X: FloatArray, design: Design) -> Fits:
    """Fit the regression to one group of regions, X of shape (T, n); arrays of length one."""
    return fit(transition_variance(group(X))[:, None], design)


# ---------------------------------------------------------------------- standard errors


def _kernel(z: FloatArray) -> FloatArray:
    """Return the quadratic spectral kernel at z > 0 (Andrews 1991, eq. 2.7)."""
    a = 6.0 * np.pi * z / 5.0
    # The difference in the formula cancels near zero; the series is right to 1e-15 up to there.
    near = a < 0.1
    safe, small = np.where(near, 1.0, a), np.where(near, a, 0.0)
    series = 1.0 - small**2 / 10.0 * (1.0 - small**2 / 28.0 * (1.0 - small**2 / 54.0))
    return np.where(near, series, 3.0 / safe**2 * (np.sin(safe) / safe - np.cos(safe)))


def _autocovariances(u: FloatArray, rho: FloatArray, length: int) -> FloatArray:
    """Return the weighted sum of the autocovariances of u, shape (n, K), over both sides, without lag 0.

    Quadratic spectral kernel with Andrews' (1991) bandwidth of an AR(1) with coefficient rho,
    1.3221 (4 rho^2 / (1 - rho)^4 n)^(1/5).
    """
    with np.errstate(divide="ignore"):
        bandwidth = 1.3221 * (4.0 * rho**2 / (1.0 - rho) ** 4 * length) ** 0.2
    # A bandwidth of zero has no lags, one without end weighs all of them alike.
    weights = _kernel(np.arange(1.0, len(u))[:, None] / np.clip(bandwidth, 1e-8, 1e8))
    out = np.zeros(u.shape[1])
    for j, w in enumerate(weights, start=1):
        out += 2.0 * w * _dot(u[j:], u[:-j])
    return out


def _dot(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("tk,tk->k", a, b))


def _slope(later: FloatArray, before: FloatArray) -> FloatArray:
    below, above = _dot(before, before), _dot(later, before)
    return np.asarray(np.divide(above, below, out=np.zeros_like(above), where=below > 0))


def _root(long_run: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt(np.maximum(long_run, 0.0)))


def fqsb(e: FloatArray, log_t: FloatArray) -> FloatArray:
    """Return the standard error of Phillips and Sul's own program: lrv(e) / Sxx, quadratic spectral kernel.

    Sums are divided by m - 1, and the last residual is left out of the autocovariances but not of the variance, as
    in their GAUSS code, which R and Stata follow; `qs` is the same without these.
    """
    rho = _slope(e[1:], e[:-1])
    lrv = (_dot(e, e) + _autocovariances(e[:-1], rho, len(e))) / (len(e) - 1)
    return _root(lrv / _sxx(log_t))


def qs(e: FloatArray, log_t: FloatArray) -> FloatArray:
    """Return the standard error from the long-run variance of the residuals, all of them, divided by m - 2."""
    rho = _slope(e[1:], e[:-1])
    lrv = (_dot(e, e) + _autocovariances(e, rho, len(e))) / (len(e) - 2)
    return _root(lrv / _sxx(log_t))


def aqsb(e: FloatArray, log_t: FloatArray) -> FloatArray:
    """Return Andrews' (1991) sandwich: kernel on the scores, their bandwidth by an AR(1) with intercept, m / (m - 2).

    The bandwidth is that of the score of the slope, log t e; the variance of the slope needs the scores of the
    deviations of log t from its mean alone.
    """
    m, score = len(e), log_t[:, None] * e
    u = (log_t - log_t.mean())[:, None] * e
    rho = _slope(score[1:] - score[1:].mean(axis=0), score[:-1] - score[:-1].mean(axis=0))
    lrv = _dot(u, u) + _autocovariances(u, rho, m)
    return _root(lrv * m / (m - 2)) / _sxx(log_t)


def newey_west(e: FloatArray, log_t: FloatArray) -> FloatArray:
    """Return the Newey-West standard error with floor(4 (m/100)^(2/9)) lags and the factor m / (m - 2)."""
    m, u = len(e), (log_t - log_t.mean())[:, None] * e
    lags = min(int(np.floor(4.0 * (m / 100.0) ** (2.0 / 9.0))), m - 1)
    lrv = _dot(u, u)
    for j in range(1, lags + 1):
        lrv = lrv + 2.0 * (1.0 - j / (lags + 1.0)) * _dot(u[j:], u[:-j])
    return _root(lrv * m / (m - 2)) / _sxx(log_t)


def ols(e: FloatArray, log_t: FloatArray) -> FloatArray:
    """Return the ordinary standard error, as if the residuals were independent."""
    return _root(_dot(e, e) / (len(e) - 2) / _sxx(log_t))


def _sxx(log_t: FloatArray) -> float:
    return float(((log_t - log_t.mean()) ** 2).sum())


STANDARD_ERRORS: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "fqsb": fqsb,
    "qs": qs,
    "aqsb": aqsb,
    "newey-west": newey_west,
    "ols": ols,
}
