"""Score (Lagrange multiplier) tests from least squares: spatial lag, spatial error, spatial lags of regressors.

At rho = lambda = theta = 0 the log-likelihood of `likelihood.py` has, with e = P(y - X b), s2 = e'e / dof and
eta = X b + effects, the scores

    rho     e'W y / s2 - J tr W        lambda  e'M e / s2 - J tr M        theta  Z'e / s2

and, once beta and s2 are concentrated out (d = P W eta, Q removes the projected X), the information

    rho rho        J [tr(WW) + tr(W'W)] + d'Q d / s2 - 2 (J tr W)^2 / dof
    rho lambda     J [tr(MW) + tr(M'W)] - 2 J^2 tr W tr M / dof
    lambda lambda  J [tr(MM) + tr(M'M)] - 2 (J tr M)^2 / dof
    rho theta      Z'Q d / s2        theta theta  Z'Q Z / s2        lambda theta  0

Without effects and with one period these are the tests of Anselin (1988), Anselin, Bera, Florax and Yoon (1996)
and Koley and Bera (2024); with J = T those of Elhorst (2014, section 3.5). Where the mean over the regions is
transformed away, traces are those of F'WF (Lee and Yu 2010). As nothing spatial is left under the null, these are
the mean and variance of the scores for any W, although the transformed model needs rows that sum to one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.linalg as la
import scipy.sparse as sp
from scipy import stats

from spatialconv._core.likelihood.effects import Projection
from spatialconv._core.likelihood.likelihood import lag
from spatialconv._core.regression.least_squares import basis

FloatArray = npt.NDArray[np.float64]

RHO, LAMBDA = 0, 1


@dataclass(frozen=True)
class Scores:
    """Score of (rho, lambda, theta) at zero, shape (p,), and its information given beta and sigma2, (p, p)."""

    score: FloatArray
    information: FloatArray
    sigma2: float

    @property
    def theta(self) -> tuple[int, ...]:
        """Places of the coefficients of the additional regressors."""
        return tuple(range(2, len(self.score)))

    def test(self, tested: Sequence[int]) -> Quadratic:
        """Test that the parameters at these places are zero, the others being zero."""
        k = list(tested)
        return quadratic(self.score[k], self.information[np.ix_(k, k)])

    def robust(self, tested: Sequence[int], nuisance: Sequence[int]) -> Quadratic:
        """Test that parameters are zero while others may depart from zero locally (Bera and Yoon 1993)."""
        k, m = list(tested), list(nuisance)
        try:
            cross = la.solve(self.information[np.ix_(m, m)], self.information[np.ix_(m, k)], assume_a="pos")
        except np.linalg.LinAlgError:
            return Quadratic(float("nan"), len(k))
        score = self.score[k] - cross.T @ self.score[m]
        return quadratic(score, self.information[np.ix_(k, k)] - self.information[np.ix_(k, m)] @ cross)


@dataclass(frozen=True)
class Quadratic:
    """A quadratic form, asymptotically chi-squared with `df` degrees of freedom."""

    statistic: float
    df: int

    @property
    def p_value(self) -> float:
        """Upper tail."""
        return float(stats.chi2.sf(self.statistic, self.df))


def quadratic(score: FloatArray, information: FloatArray) -> Quadratic:
    """Return score' information^-1 score."""
    try:
        factor = la.cho_factor(information)
    except np.linalg.LinAlgError:
        # With few regions, or weights all alike, the terms tested are not told apart from the variance.
        return Quadratic(float("nan"), len(score))
    return Quadratic(float(score @ la.cho_solve(factor, score)), len(score))


def trace(A: sp.csr_array, B: sp.csr_array) -> float:
    """Return tr(A B) of sparse matrices without their product."""
    return float(A.multiply(sp.csr_array(B.T)).sum())


def scores(
    y: FloatArray,
    X: FloatArray,
    project: Projection,
    *,
    W: sp.csr_array,
    M: sp.csr_array,
    Z: FloatArray | None = None,
) -> Scores:
    """Return scores and information at the least squares estimates: y (T, N), X (T, N, K), Z (T, N, L)."""
    T, N, K = X.shape
    Q = basis(project(X).reshape(T * N, K)).Q
    e = project(y).ravel()
    e = e - Q @ (Q.T @ e)
    residuals = e.reshape(T, N)
    eta = y - residuals
    s2 = float(e @ e) / project.dof
    extra = np.empty((T * N, 0)) if Z is None else project(Z).reshape(T * N, -1)
    columns = np.column_stack([project(lag(W, eta)).ravel(), extra])
    columns = columns - Q @ (Q.T @ columns)

    t_w, t_m = _own_traces(W, project), _own_traces(M, project)
    J = project.J
    score = np.concatenate(
        [
            [e @ lag(W, y).ravel() / s2 - J * t_w],
            [e @ lag(M, residuals).ravel() / s2 - J * t_m],
            extra.T @ e / s2,
        ]
    )
    information = np.zeros((len(score), len(score)))
    places = [RHO, *range(2, len(score))]
    information[np.ix_(places, places)] = columns.T @ columns / s2
    pairs = {(RHO, RHO): (W, W, t_w, t_w), (RHO, LAMBDA): (W, M, t_w, t_m), (LAMBDA, LAMBDA): (M, M, t_m, t_m)}
    for (i, j), (A, B, t_a, t_b) in pairs.items():
        value = J * _pair_traces(A, B, project) - 2 * J**2 * t_a * t_b / project.dof
        information[i, j] += value
        if i != j:
            information[j, i] += value
    return Scores(score, information, s2)


def _own_traces(A: sp.csr_array, project: Projection) -> float:
    return float(A.diagonal().sum()) - (float(A.sum()) / A.shape[0] if project.shift else 0.0)


def _pair_traces(A: sp.csr_array, B: sp.csr_array, project: Projection) -> float:
    """Return tr(AB) + tr(A'B), of F'AF and F'BF where the mean over the regions is transformed away."""
    value = trace(A, B) + float(A.multiply(B).sum())
    if project.shift:
        n = A.shape[0]
        (rows_a, columns_a), (rows_b, columns_b) = (
            tuple(np.asarray(C.sum(axis=k)).ravel() for k in (1, 0)) for C in (A, B)
        )
        crossed = columns_a @ rows_b + columns_b @ rows_a + rows_a @ rows_b + columns_a @ columns_b
        value += (2 * rows_a.sum() * rows_b.sum() / n - crossed) / n
    return float(value)
