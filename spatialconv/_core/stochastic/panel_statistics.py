"""Panel statistics of unit roots: Im-Pesaran-Shin, Levin-Lin-Chu, Fisher and Choi, Hadri, and Pesaran's CIPS."""

from __future__ import annotations

import numpy as np
from scipy import stats

from spatialconv._core.regression.least_squares import triangle
from spatialconv._core.stochastic.dickey_fuller import (
    BLOCK,
    FloatArray,
    IntArray,
    Regressions,
    Trend,
    deterministic,
)
from spatialconv._core.stochastic.moments import LLC, LLC_PERIODS, WTBAR, WTBAR_PERIODS

# Bounds of Pesaran (2007) for t-values of augmented regressions: t is cut at -K1 and K2.
BOUNDS: dict[str, tuple[float, float]] = {"none": (6.12, 4.16), "constant": (6.19, 2.61), "trend": (6.42, 1.70)}
# Limits of Hadri (2000): mean and variance of the integral of a squared bridge, of the first and second kind.
HADRI: dict[str, tuple[float, float]] = {"constant": (1 / 6, 1 / 45), "trend": (1 / 15, 11 / 6300)}


def ips_moments(n: IntArray, lags: IntArray, trend: Trend) -> tuple[FloatArray, FloatArray]:
    """Return mean and variance of the t-value of a random walk with n observations and so many lags, per series.

    Between the columns of the table by straight lines, beyond them those of its ends; NaN where the table is empty.
    """
    table = WTBAR[trend]
    place = np.clip(n.astype(float), WTBAR_PERIODS[0], WTBAR_PERIODS[-1])
    rows = np.minimum(lags, table.shape[1] - 1)
    found = np.empty((2, len(n)))
    for p in np.unique(rows):
        at = rows == p
        for k in (0, 1):
            found[k, at] = np.interp(place[at], WTBAR_PERIODS, table[k, p])
    return found[0], found[1]


def wtbar(t: FloatArray, n: IntArray, lags: IntArray, trend: Trend) -> FloatArray:
    """Return the W-tbar of Im, Pesaran and Shin (2003, eq. 4.10) of t-values of shape (..., N)."""
    mean, variance = ips_moments(n.ravel(), lags.ravel(), trend)
    mean, variance = mean.reshape(t.shape).mean(axis=-1), variance.reshape(t.shape).mean(axis=-1)
    return np.asarray(np.sqrt(t.shape[-1]) * (t.mean(axis=-1) - mean) / np.sqrt(variance))


def llc_moments(periods: float, trend: Trend) -> tuple[float, float]:
    """Return mean and standard deviation adjustments of Levin, Lin and Chu (2002, table 2)."""
    return tuple(float(np.interp(periods, LLC_PERIODS, column)) for column in LLC[trend])  # type: ignore[return-value]


def long_run_variance(z: FloatArray, trend: Trend) -> FloatArray:
    """Return long-run variances of the changes, Bartlett with 3.21 T^(1/3) lags (Levin, Lin and Chu 2002), (...)."""
    T = len(z)
    d = np.diff(z, axis=0)
    D = deterministic(trend, len(d))[:, : {"none": 0, "constant": 1, "trend": 2}[trend]]
    if D.shape[1]:
        Q, _ = np.linalg.qr(D)
        d = d - np.tensordot(Q, np.tensordot(Q.T, d, axes=1), axes=1)
    # Half to even, as R rounds.
    q = min(round(3.21 * T ** (1 / 3)), T - 2)
    total = (d**2).sum(axis=0)
    for lag in range(1, q + 1):
        total = total + 2 * (1 - lag / (q + 1)) * (d[lag:] * d[:-lag]).sum(axis=0)
    return np.asarray(total / (T - 1))


def levin_lin_chu(fits: Regressions, long_run: FloatArray, T: int, trend: Trend, at: float | None = None) -> FloatArray:
    """Return the adjusted t* of Levin, Lin and Chu (2002) from fits and long-run variances, shape (..., N).

    `at` are the periods whose adjustments are used, by default T - mean of the lags - 1 as in the paper.
    """
    shape = long_run.shape
    sigma2 = (fits.rss / fits.n).reshape(shape)
    cross = (fits.cross.reshape(shape) / sigma2).sum(axis=-1)
    level2 = (fits.level2.reshape(shape) / sigma2).sum(axis=-1)
    change2 = (fits.change2.reshape(shape) / sigma2).sum(axis=-1)
    delta = cross / level2
    mean_periods = T - fits.lags.reshape(shape).mean(axis=-1) - 1
    N = shape[-1]
    pooled = (change2 - delta * cross) / (N * mean_periods)
    error = np.sqrt(pooled / level2)
    ratio = np.sqrt(np.maximum(long_run, 0) / sigma2).mean(axis=-1)
    where = mean_periods if at is None else np.full_like(mean_periods, at)
    mu, sd = (np.interp(where, LLC_PERIODS, column) for column in LLC[trend])
    return np.asarray((delta / error - N * mean_periods * ratio / pooled * error * mu) / sd)


def fisher(p: FloatArray) -> dict[str, FloatArray]:
    """Return Fisher's P (Maddala and Wu 1999) and Choi's (2001) Z, L* and Pm of p-values of shape (..., N)."""
    N = p.shape[-1]
    inside = np.clip(p, 1e-300, 1 - 1e-16)
    P = -2 * np.log(inside).sum(axis=-1)
    k = 3 * (5 * N + 4) / (np.pi**2 * N * (5 * N + 2))
    return {
        "P": P,
        "Z": stats.norm.ppf(inside).sum(axis=-1) / np.sqrt(N),
        "L*": np.sqrt(k) * (np.log(inside) - np.log1p(-inside)).sum(axis=-1),
        "Pm": (P - 2 * N) / (2 * np.sqrt(N)),
    }


def stationarity(z: FloatArray, trend: Trend, lags: int = 0) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return sums of squared partial sums over T^2, and residual variances without and with autocovariances, (...).

    The first over one of the others is the statistic of Kwiatkowski et al. (1992), `lags` those of a Bartlett kernel.
    """
    T = len(z)
    Q, _ = np.linalg.qr(deterministic(trend, T))
    e = z - np.tensordot(Q, np.tensordot(Q.T, z, axes=1), axes=1)
    sums = (np.cumsum(e, axis=0) ** 2).sum(axis=0) / T**2
    variance = (e**2).mean(axis=0)
    long_run = variance.copy()
    for lag in range(1, lags + 1):
        long_run = long_run + 2 * (1 - lag / (lags + 1)) * (e[lag:] * e[:-lag]).sum(axis=0) / T
    return sums, variance, np.asarray(long_run)


def hadri(z: FloatArray, trend: Trend, lags: int) -> dict[str, FloatArray]:
    """Return Hadri's (2000) Z of equal and of unequal variances, and of long-run variances; z has shape (T, ..., N)."""
    sums, variance, long_run = stationarity(z, trend, lags)
    mean, spread = HADRI[trend]
    N = z.shape[-1]
    values = {
        "equal": sums.mean(axis=-1) / variance.mean(axis=-1),
        "unequal": (sums / variance).mean(axis=-1),
        "long-run": (sums / long_run).mean(axis=-1),
    }
    return {name: np.sqrt(N) * (LM - mean) / np.sqrt(spread) for name, LM in values.items()}


def cadf(y: FloatArray, trend: Trend, lags: int) -> FloatArray:
    """Return t-values of Dickey-Fuller regressions augmented by averages over regions, shape (S, N).

    `y` has shape (T, S, N): S samples of N regions. Averages are taken of the level before, of the change and of its
    lags (Pesaran 2007, eq. 54).
    """
    T, S, N = y.shape
    d = np.diff(y, axis=0)
    bar, dbar = y.mean(axis=2), d.mean(axis=2)
    rows = T - 1 - lags
    D = deterministic(trend, rows)
    common = [bar[lags:-1].T] + [dbar[lags - j : T - 1 - j].T for j in range(lags + 1)]
    shared = np.concatenate([np.broadcast_to(D, (S, *D.shape)), np.stack(common, axis=2)], axis=2)
    k = shared.shape[2] + lags + 1
    t = np.empty((S, N))
    step = max(1, BLOCK // (rows * (k + 1) * N))
    for start in range(0, S, step):
        at = slice(start, start + step)
        own = [d[lags - j : T - 1 - j, at] for j in range(1, lags + 1)] + [y[lags:-1, at], d[lags:, at]]
        mine = np.stack(own, axis=3).transpose(1, 2, 0, 3)
        here = np.broadcast_to(shared[at][:, None], (*mine.shape[:3], shared.shape[2]))
        R = triangle(np.concatenate([here, mine], axis=3))
        top, rest = np.sign(R[..., k - 1, k - 1]) * R[..., k - 1, k], R[..., k, k]
        with np.errstate(divide="ignore", invalid="ignore"):
            t[at] = top / np.sqrt(rest**2 / (rows - k))
    return t


def truncated(t: FloatArray, trend: Trend) -> FloatArray:
    """Return t-values cut at Pesaran's (2007) bounds, so that CIPS has moments in short panels."""
    low, high = BOUNDS[trend]
    return np.clip(t, -low, high)
