"""Two-stage least squares by orthonormal bases: H'H is never formed, nor inverted.

With Q an orthonormal basis of the instruments H and Zh = Q Q'Z,

    d = (Zh'Zh)^-1 Zh'y,   cov(d) = (Zh'Zh)^-1 meat (Zh'Zh)^-1,

the meat being sigma2 Zh'Zh, or a sum over the scores Zh_it e_it (White 1982, Econometrica 50), which is that of
`likelihood.covariance`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import scipy.linalg as la
import scipy.sparse as sp

from spatialconv._core.likelihood.likelihood import lag
from spatialconv._core.regression.least_squares import ABSORBED, basis, collinear_columns

FloatArray = npt.NDArray[np.float64]

# Relative change at which the series of (I - rho W)^-1 z has converged.
SERIES = 1e-14


class Meat(Protocol):
    """The variance of sum_it a_it e_it, shape (k, k), given a (n, k), n = T N, and residuals e (T, N)."""

    def __call__(self, a: FloatArray, e: FloatArray) -> FloatArray:
        """Return it."""
        ...


@dataclass(frozen=True)
class TwoStage:
    """Coefficients d (k,), residuals y - Z d (n,), instrumented regressors Zh (n, k) and (Zh'Zh)^-1."""

    coefficients: FloatArray
    residuals: FloatArray
    regressors: FloatArray
    inverse: FloatArray


@dataclass(frozen=True)
class FirstStage:
    """How much the excluded instruments say of the endogenous regressor beyond the exogenous ones."""

    f: float
    df: tuple[int, int]
    partial_rsquared: float


def extended(Q: FloatArray, columns: FloatArray, size: FloatArray) -> tuple[FloatArray, npt.NDArray[np.intp]]:
    """Return an orthonormal basis of what columns (n, q) add to Q (n, k), and which of them it stands for.

    `size` are the columns' norms before effects were removed: what is left of a column must be more than the
    rounding of that.
    """
    left = columns
    # Once more than the textbook: the first pass leaves its own rounding behind (Kahan's "twice is enough").
    for _ in range(2 if Q.shape[1] else 0):
        left = left - Q @ (Q.T @ left)
    norms = np.sqrt((left**2).sum(axis=0))
    kept = np.flatnonzero(norms > ABSORBED * size)
    left = left[:, kept] / norms[kept]
    spare = collinear_columns(left)
    return basis(np.delete(left, spare, axis=1)).Q, np.delete(kept, spare)


def two_stage(y: FloatArray, Z: FloatArray, Q: FloatArray | None) -> TwoStage:
    """Regress y (n,) on Z (n, k) with instruments spanned by Q (n, q); without Q, by least squares."""
    instrumented = Z if Q is None else Q @ (Q.T @ Z)
    factors = basis(instrumented)
    d = la.solve_triangular(factors.R, factors.Q.T @ y)
    root = la.solve_triangular(factors.R, np.eye(len(d)))
    return TwoStage(d, y - Z @ d, instrumented, root @ root.T)


def first_stage(endogenous: FloatArray, Qx: FloatArray, Qe: FloatArray, dof: int, meat: Meat | None) -> FirstStage:
    """Test that the excluded instruments, of orthonormal basis Qe (n, q), have no say in the first stage.

    `endogenous` has shape (T, N), n = T N; Qx (n, k) spans the exogenous regressors and is orthogonal to Qe;
    `meat` gives the covariance of the instruments' coefficients, sigma2 I without it (Staiger and Stock 1997).
    """
    q, shape, endogenous = Qe.shape[1], endogenous.shape, endogenous.ravel()
    left = endogenous - Qx @ (Qx.T @ endogenous)
    p = Qe.T @ left
    residuals = left - Qe @ p
    rest = dof - Qx.shape[1] - q
    partial = float(p @ p / (left @ left))
    if meat is None:
        return FirstStage(float(p @ p / q / (residuals @ residuals / rest)), (q, rest), partial)
    wald = float(p @ np.linalg.solve(meat(Qe, residuals.reshape(shape)), p))
    return FirstStage(wald / q, (q, rest), partial)


def squares(e: FloatArray, *, over_periods: bool) -> FloatArray:
    """Return estimates (T, N) of the variances, from residuals whose region means are out if `over_periods`.

    The squares of deviations mix a region's variances, which does not vanish with the number of regions; with
    three periods or more, unbiased ones are had from them (Stock and Watson 2008, Econometrica 76).
    """
    T = len(e)
    if not over_periods or T == 1:
        return e**2
    if T == 2:
        return 2 * e**2
    mixed = (e**2).sum(axis=0) / (T * (T - 1))
    return np.asarray((e**2 - mixed) / (1 - 2 / T))


def series_solve(W: sp.csr_array, rho: float, Z: FloatArray) -> FloatArray | None:
    """Return (I - rho W)^-1 Z, Z (T, N) or (T, N, k), by its power series; None where that does not converge fast.

    No factorisation: a weights matrix with many links per region fills up when it is factorised.
    """
    size = abs(W)
    norm = abs(rho) * min(float(size.sum(axis=0).max(initial=0)), float(size.sum(axis=1).max(initial=0)))
    if norm >= 0.98:
        return None
    total, term = Z, Z
    for _ in range(int(np.log(SERIES) / np.log(norm)) + 2 if norm > 0 else 0):
        term = rho * lag(W, term)
        total = total + term
    return total
