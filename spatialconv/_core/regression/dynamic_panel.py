"""Difference and system GMM of y_it = a y_i,t-1 + x_it'b + mu_i + e_it.

Arellano and Bond (1991, Review of Economic Studies 58); Blundell and Bond (1998, Journal of Econometrics 87).

Differenced equations t = 2, ..., T-1 have earlier levels as instruments, equations in levels t = 1, ..., T-1 earlier
differences. With Z_i (R, L) the instruments of region i's equations, X_i (R, K), y_i (R,):

    d = (S_zx' W S_zx)^-1 S_zx' W S_zy,   S_zx = sum Z_i'X_i,

W = (sum Z_i'H Z_i)^-1 in the first step, H being the covariance of differenced errors (and of errors in levels) for
equal variances, and (sum Z_i'u_i u_i'Z_i)^-1 at the first step's residuals in the second. Inverses are Moore and
Penrose's where instruments outnumber regions. The second step's covariance is Windmeijer's (2005, Journal of
Econometrics 126), for without it standard errors are far too small.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy.linalg as la
from scipy import stats

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Styled:
    """A variable (T, N) whose lags, from `least` on (to `most`, None for all), are instruments of differences."""

    values: FloatArray
    least: int
    most: int | None


@dataclass(frozen=True)
class Equations:
    """Equations of every region: y (N, R), X (N, R, K), instruments Z (N, R, L); the first `differenced` rows of R."""

    y: FloatArray
    X: FloatArray
    Z: FloatArray
    differenced: int


@dataclass(frozen=True)
class Found:
    """Estimates (K,), their covariance, residuals (N, R), and the tests."""

    params: FloatArray
    cov: FloatArray
    residuals: FloatArray
    hansen: float
    sargan: float
    df: int
    serial: FloatArray
    instruments: int
    rank: int


def equations(
    y: FloatArray,
    exogenous: FloatArray,
    others: FloatArray,
    styled: list[Styled],
    *,
    dummies: bool,
    system: bool,
    collapse: bool,
) -> Equations:
    """Stack the equations of y (T, N) on its lag, exogenous (T, N, E) and other regressors (T, N, P).

    Dummies are one for each period but the two that the lag and the difference take, and an intercept in levels; with
    differences only they span the means of all differenced equations.
    """
    T, N = y.shape
    late = np.arange(2, T)
    given = np.concatenate([exogenous, _dummies(T, N) if dummies else np.empty((T, N, 0))], axis=2)
    own = np.concatenate([y[:-1, :, None], others[1:]], axis=2)
    rows = [_stack(np.diff(y, axis=0)[1:, :, None])]
    X = [_stack(np.concatenate([np.diff(own, axis=0), np.diff(given, axis=0)[1:]], axis=2))]
    blocks = [_lagged(v, late, collapse) for v in styled]
    Z = [np.concatenate([*blocks, _stack(np.diff(given, axis=0)[1:])], axis=2)]
    if system:
        rows.append(_stack(y[1:, :, None]))
        one = np.ones((N, T - 1, 1))
        X = [np.concatenate([X[0], np.zeros((N, T - 2, 1))], axis=2)]
        X.append(np.concatenate([_stack(own), _stack(given[1:]), one], axis=2))
        levels = np.concatenate([_differenced(v, T, collapse) for v in styled], axis=2)
        extra = levels.shape[2]
        before, plain = Z[0][:, :, : -given.shape[2] or None], Z[0][:, :, Z[0].shape[2] - given.shape[2] :]
        top = np.concatenate([before, np.zeros((N, T - 2, extra)), plain, np.zeros((N, T - 2, 1))], axis=2)
        low = np.concatenate([np.zeros((N, T - 1, before.shape[2])), levels, _stack(given[1:]), one], axis=2)
        Z = [np.concatenate([top, low], axis=1)]
    return Equations(np.concatenate(rows, axis=1)[:, :, 0], np.concatenate(X, axis=1), Z[0], T - 2)


def _dummies(T: int, N: int) -> FloatArray:
    return np.broadcast_to(np.eye(T)[:, None, 2:], (T, N, T - 2))


def _stack(values: FloatArray) -> FloatArray:
    """Return (periods, N, k) as (N, periods, k)."""
    return np.ascontiguousarray(np.moveaxis(values, 1, 0))


def _lagged(v: Styled, late: npt.NDArray[np.intp], collapse: bool) -> FloatArray:
    """Return the lags of levels as instruments of the differenced equations, a column a lag, or a lag and period."""
    T, N = v.values.shape
    lags = range(v.least, min(T - 1, v.most or T) + 1)
    columns = []
    for lag in lags:
        reach = [t for t in late if t >= lag]
        column = np.zeros((N, len(late), len(reach)))
        for k, t in enumerate(reach):
            column[:, t - 2, k] = v.values[t - lag]
        columns.append(column.sum(axis=2, keepdims=True) if collapse else column)
    return np.concatenate(columns, axis=2)


def _differenced(v: Styled, T: int, collapse: bool) -> FloatArray:
    """Return the difference of lag least - 1 as instrument of the equations in levels t = 1, ..., T-1."""
    change, lag = np.diff(v.values, axis=0), v.least - 1
    reach = [t for t in range(1, T) if t - lag >= 1]
    out = np.zeros((change.shape[1], T - 1, len(reach)))
    for k, t in enumerate(reach):
        out[:, t - 1, k] = change[t - lag - 1]
    return out.sum(axis=2, keepdims=True) if collapse else out


def first_weights(e: Equations) -> FloatArray:
    """Return H (R, R): the covariance of the rows' errors for equal variances of independent e_it."""
    R, d = e.y.shape[1], e.differenced
    T = d + 2
    D = np.zeros((d, T))
    D[np.arange(d), np.arange(2, T)], D[np.arange(d), np.arange(1, T - 1)] = 1.0, -1.0
    A = D if d == R else np.vstack([D, np.eye(T)[1:]])
    return np.asarray(A @ A.T)


def estimate(e: Equations, steps: int, orders: int = 2) -> Found:
    """Estimate by one or two steps, with tests of overidentification and of serial correlation up to an order.

    Columns are brought to one size, so that what counts as singular does not hang on the units of the data.
    """
    size, other = (np.sqrt((A**2).sum(axis=(0, 1))) for A in (e.X, e.Z))
    size, other = (np.where(a > 0, a, 1.0) for a in (size, other))
    found = _estimate(replace(e, X=e.X / size, Z=e.Z / other), steps, orders)
    return replace(found, params=found.params / size, cov=found.cov / np.outer(size, size))


def _estimate(e: Equations, steps: int, orders: int) -> Found:
    N = len(e.y)
    sx, sy = np.einsum("nrl,nrk->lk", e.Z, e.X), np.einsum("nrl,nr->l", e.Z, e.y)
    first = np.einsum("nrl,rs,nsm->lm", e.Z, first_weights(e), e.Z, optimize=True)
    A = la.pinvh(first)
    G = la.pinvh(sx.T @ A @ sx) @ sx.T @ A
    d = G @ sy
    u = e.y - e.X @ d
    moments = np.einsum("nrl,nr->nl", e.Z, u)
    S = moments.T @ moments
    V = G @ S @ G.T
    A2, rank = la.pinvh(S, return_rank=True)
    variance = float((u[:, : e.differenced] ** 2).sum()) / (2 * u[:, : e.differenced].size)
    sargan = float(moments.sum(axis=0) @ A @ moments.sum(axis=0)) / variance
    V2 = la.pinvh(sx.T @ A2 @ sx)
    G2 = V2 @ sx.T @ A2
    d2 = G2 @ sy
    u2 = e.y - e.X @ d2
    g2 = np.einsum("nrl,nr->l", e.Z, u2)
    hansen = float(g2 @ A2 @ g2)
    if steps == 2:
        Zx = np.einsum("nrl,nrk->nlk", e.Z, e.X)
        # How the weights of the second step, and with them its estimates, follow the first step's.
        back = A2 @ g2
        change = np.einsum("nlk,nm,m->lk", Zx, moments, back, optimize=True)
        change += np.einsum("nl,nmk,m->lk", moments, Zx, back, optimize=True)
        F = G2 @ change
        V = V2 + F @ V2 + V2 @ F.T + F @ V @ F.T
        d, u, G = d2, u2, G2
        moments = np.einsum("nrl,nr->nl", e.Z, u)
    serial = np.array([_serial(e, u, moments, G, V, order) for order in range(1, orders + 1)])
    return Found(d, V, u, hansen, sargan, e.Z.shape[2] - e.X.shape[2], serial, e.Z.shape[2], min(int(rank), N))


def _serial(e: Equations, u: FloatArray, moments: FloatArray, G: FloatArray, V: FloatArray, order: int) -> float:
    """Return Arellano and Bond's z that differenced errors are uncorrelated at a lag."""
    d = e.differenced
    w = np.zeros((len(u), d))
    if order >= d:
        return float("nan")
    w[:, order:] = u[:, : d - order]
    own = (w * u[:, :d]).sum(axis=1)
    slope = np.einsum("nr,nrk->k", w, e.X[:, :d])
    variance = float(own @ own) - 2 * float(slope @ G @ (moments.T @ own)) + float(slope @ V @ slope)
    return float(own.sum() / np.sqrt(variance)) if variance > 0 else float("nan")


def chi2_p(statistic: float, df: int) -> float:
    """Return the upper tail of chi-squared; NaN without degrees of freedom."""
    return float(stats.chi2.sf(statistic, df)) if df > 0 else float("nan")
