"""Spatial multipliers: what a change of a regressor in one region does to the outcome in all of them.

    dE(y) / dx' = c (I - r W)^-1 (beta I + theta W)

with r = rho and c = 1 at once and in a static model, r = (rho + eta) / (1 - tau) and c = 1 / (1 - tau) in the
long run of a dynamic one. With G = W (I - r W)^-1, so that (I - r W)^-1 = I + r G, every summary of this matrix
is one formula of the same summary q of G,

    c [beta (1 + r q) + theta q]

    average direct effect   q = tr(G) / N       dq/dr = tr(G G) / N
    average total effect    q = 1'G 1 / N       dq/dr = 1'G G 1 / N
    own effect of region i, received by it, sent by it:   q = G_ii, (G 1)_i, (G'1)_i

and tr(G) is the slope of the log-determinant: no inverse is needed for the averages and their gradients.
LeSage and Pace (2009, Introduction to Spatial Econometrics, section 2.7), Elhorst (2014, Spatial Econometrics,
section 2.7) for the static effects, Debarsy, Ertur and LeSage (2012, Statistical Methodology 9) for the dynamic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.linalg as la
import scipy.sparse as sp
from numpy.polynomial import chebyshev

from spatialconv._core.likelihood.logdet import factor
from spatialconv._core.space.weights_algebra import row_sums

FloatArray = npt.NDArray[np.float64]

# A dense inverse is the fastest up to the first size for any W, up to the second for a W too full for sparse factors.
DENSE_AT_MOST, DENSE_IF_FULL = 200, 5_000
FULL = 0.05

# A root nearer to one than this is one. Rounding moves computed eigenvalues by about 1e-15 times their condition
# number, and which way it does depends on the LAPACK at hand; beyond it the long run is 1e8 times the short run, and
# no estimate has eight digits.
UNIT_ROOT = 1e-8


class Means(NamedTuple):
    """Averages over the regions at one r: tr(G)/N and 1'G1/N, and their derivatives with respect to r."""

    trace: float
    sum: float
    d_trace: float
    d_sum: float


def dense_suits(W: sp.csr_array) -> bool:
    """Whether a dense inverse is the cheapest exact way for this W."""
    N = W.shape[0]
    return bool(N <= DENSE_AT_MOST or (N <= DENSE_IF_FULL and W.nnz > FULL * N**2))


# ---------------------------------------------------------------------- sums and single regions


def ratio(W: sp.csr_array, r: float) -> FloatArray:
    """Return G = W (I - r W)^-1 dense."""
    dense = W.toarray()
    if r == 0:
        return np.asarray(dense)
    return np.asarray(la.solve((np.eye(len(dense)) - r * dense).T, dense.T).T)


def mean_sums(W: sp.csr_array, r: float) -> tuple[float, float]:
    """Return 1'G1/N and its derivative 1'GG1/N, in closed form where all rows of W have the same sum."""
    N, rows = W.shape[0], row_sums(W)
    if np.ptp(rows) <= 1e-13 * np.abs(rows).max(initial=0.0):
        same = float(rows.mean()) / (1 - r * float(rows.mean()))
        return same, same**2
    received, sent = sums_of_regions(W, r)
    return float(received.sum()) / N, float(sent @ received) / N


def sums_of_regions(W: sp.csr_array, r: float) -> tuple[FloatArray, FloatArray]:
    """Return the row sums G1 and the column sums G'1, by one sparse factorisation."""
    ones = np.ones(W.shape[0])
    if r == 0:
        return np.asarray(W @ ones), np.asarray(W.T @ ones)
    lu = factor(W, r)
    return np.asarray(W @ lu.solve(ones)), np.asarray(lu.solve(W.T @ ones, "T"))


def own_of_regions(W: sp.csr_array, r: float, block: int = 256) -> FloatArray:
    """Return the diagonal of G by solving for blocks of unit vectors, so that memory stays at N times a block."""
    if r == 0:
        return np.asarray(W.diagonal())
    N = W.shape[0]
    if dense_suits(W):
        return np.diag(ratio(W, r)).copy()
    lu, own = factor(W, r), np.empty(N)
    for start in range(0, N, block):
        stop = min(start + block, N)
        unit = np.zeros((N, stop - start))
        unit[np.arange(start, stop), np.arange(stop - start)] = 1
        own[start:stop] = np.diagonal(W[start:stop] @ lu.solve(unit))
    return own


# ---------------------------------------------------------------------- effects


class Coefficients(NamedTuple):
    """Coefficients of K regressors and the spatial and temporal ones; a leading axis runs over draws.

    beta and theta have shape (..., K), rho, tau and eta (...).
    """

    beta: FloatArray
    theta: FloatArray
    rho: FloatArray
    tau: FloatArray
    eta: FloatArray


def multiplier(co: Coefficients, *, long: bool) -> tuple[FloatArray, FloatArray]:
    """Return (r, c) of the effects at once, or in the long run."""
    if not long:
        return np.asarray(co.rho), np.ones_like(co.rho)
    c = 1 / (1 - co.tau)
    return (co.rho + co.eta) * c, c


def effects(co: Coefficients, q: FloatArray, *, long: bool) -> FloatArray:
    """Return c [beta (1 + r q) + theta q] for summaries q of shape (..., m) as an array (..., K, m)."""
    r, c = (np.asarray(v)[..., None, None] for v in multiplier(co, long=long))
    q, beta, theta = q[..., None, :], co.beta[..., None], co.theta[..., None]
    return np.asarray(c * (beta * (1 + r * q) + theta * q))


def gradient(co: Coefficients, means: Means, *, long: bool) -> FloatArray:
    """Return the derivatives of the average direct and total effects of each regressor, shape (K, 2, 5).

    The last axis is (own beta, own theta, rho, tau, eta).
    """
    r, c = multiplier(co, long=long)
    q, dq = np.array([means.trace, means.sum]), np.array([means.d_trace, means.d_sum])
    beta, theta = co.beta[:, None], co.theta[:, None]
    by_r = c * (beta * (q + r * dq) + theta * dq)
    out = np.zeros((len(co.beta), 2, 5))
    out[..., 0], out[..., 1] = c * (1 + r * q), c * q
    out[..., 2] = by_r * c
    if long:
        out[..., 3] = by_r * r * c + c * effects(co, q, long=True)
        out[..., 4] = by_r * c
    return out


def persistence(
    eigenvalues: npt.NDArray[np.complex128], rho: FloatArray, tau: FloatArray, eta: FloatArray
) -> FloatArray:
    """Return the largest modulus of an eigenvalue of (I - rho W)^-1 (tau I + eta W), one for each (rho, tau, eta).

    The dynamic model is stable, and its long run exists, where it is below one: see `settles`.
    """
    rho, tau, eta = (np.asarray(v, dtype=float)[..., None] for v in (rho, tau, eta))
    return np.asarray(np.abs((tau + eta * eigenvalues) / (1 - rho * eigenvalues)).max(axis=-1))


def settles(root: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Whether shocks die out: whether the largest root is below one by more than rounding; not where it is NaN."""
    return np.asarray(np.asarray(root) < 1 - UNIT_ROOT)


# ---------------------------------------------------------------------- many r at once


@dataclass(frozen=True)
class Table:
    """tr(G)/N and 1'G1/N over an interval of r: a Chebyshev series of each, its known poles taken out.

    `error` is the size of the last coefficients relative to the largest.
    """

    low: float
    high: float
    ends: tuple[float, float]
    series: FloatArray
    error: float

    def __call__(self, r: FloatArray) -> FloatArray:
        """Return both averages at each r, shape (len(r), 2)."""
        half = max((self.high - self.low) / 2, 1e-12)
        values = chebyshev.chebval((r - (self.low + self.high) / 2) / half, self.series)
        return np.asarray(values.T / _clearance(r, self.ends)[:, None])


def tabulate(at: Callable[[float], Means], low: float, high: float, ends: tuple[float, float]) -> Table:
    """Interpolate the averages over [low, high], doubling the nodes until the series has converged.

    `ends` are those of the admissible interval, where G has poles.
    """
    known: dict[float, tuple[float, float]] = {}
    for n in (4, 8, 16, 32, 64):
        places = np.cos(np.pi * np.arange(n + 1) / n)
        points = (low + high) / 2 + (high - low) / 2 * places
        for x, r in zip(places, points, strict=True):
            # The nodes of one level are every other node of the next.
            key = round(float(x), 12)
            if key not in known:
                known[key] = at(float(r))[:2]
        values = np.array([known[round(float(x), 12)] for x in places]) * _clearance(points, ends)[:, None]
        series = np.asarray(chebyshev.chebfit(places, values, n), dtype=float)
        error = float((np.abs(series[-2:]).max(axis=0) / np.maximum(np.abs(series).max(axis=0), 1e-300)).max())
        if error <= 1e-9:
            break
    return Table(low, high, ends, series, error)


def _clearance(r: FloatArray, ends: tuple[float, float]) -> FloatArray:
    low, high = (0.0 if np.isinf(end) else 1 / end for end in ends)
    return np.asarray((1 - r * low) * (1 - r * high))
