"""Tests on residuals: Pesaran's CD across regions, Moran's I of each period with the moments of residuals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from spatialconv._core.hypotheses.score_tests import trace
from spatialconv._core.likelihood.effects import Projection
from spatialconv._core.likelihood.likelihood import lag
from spatialconv._core.likelihood.traces import dense_ratios
from spatialconv._core.regression.least_squares import basis

FloatArray = npt.NDArray[np.float64]


def pesaran_cd(E: FloatArray) -> float:
    """Return CD = sqrt(2T / (N (N-1))) sum of the correlations of all pairs of regions; E of shape (T, N).

    Pesaran (2004, equation 7). The sum over pairs comes from the square of the sum: O(N T).
    """
    T, N = E.shape
    Z = E - E.mean(axis=0)
    Z = Z / np.sqrt((Z**2).sum(axis=0))
    pairs = (float((Z.sum(axis=1) ** 2).sum()) - N) / 2
    return float(np.sqrt(2 * T / (N * (N - 1))) * pairs)


@dataclass(frozen=True)
class ResidualMoran:
    """Moran's I of the residuals of each period with expectation and variance, each of shape (T,)."""

    I: FloatArray  # noqa: E741
    expected: FloatArray
    variance: FloatArray


def residual_moran(
    E: FloatArray, X: FloatArray, project: Projection, W: sp.csr_array, *, estimated: float = 0.0
) -> ResidualMoran:
    """Return Moran's I of residuals E, shape (T, N), of a regression on X, shape (T, N, K), and effects.

    The residuals of period t have covariance s2 S_t, S_t = c (I - ones/N) - Q_t Q_t', where Q_t is period t of
    an orthonormal basis of the projected X, c = 1 - 1/T under region effects, and the mean goes under time
    effects. I_t is a ratio of quadratic forms, so that to first order, with A = (n/S0)(W + W')/2,

        E = tr(A S) / tr(S)        var = 2 tr[(A - E I) S (A - E I) S] / tr(S)^2  x  m / (m + 2),

    m = tr(S)^2 / tr(S S). With one period S is idempotent and both are exact (Cliff and Ord 1981, section 8.3).
    `estimated`, in units of the square of e'We / s2, is taken off the variance of the numerator for spatial
    parameters that were estimated.
    """
    T, N, K = X.shape
    scale = N / float(W.sum())
    A = sp.csr_array((W + W.T) / 2) * scale
    Q = basis(project(X).reshape(T * N, K)).Q.reshape(T, N, K)
    c = 1 - 1 / T if project.over_periods else 1.0
    common = np.full((N, 1), np.sqrt(c / N)) if project.over_regions else np.empty((N, 0))
    moments = np.array([_moments(A, np.hstack([common, Q[t]]), c) for t in range(T)])
    total = c * N - np.array([(common**2).sum() + (Q[t] ** 2).sum() for t in range(T)])
    variance = moments[:, 1] - estimated * scale**2 / total**2
    values = (E * lag(A, E)).sum(axis=1) / (E**2).sum(axis=1)
    return ResidualMoran(values, moments[:, 0], np.where(variance > 0, variance, np.nan))


def _moments(A: sp.csr_array, V: FloatArray, c: float) -> tuple[float, float]:
    """Return mean and variance of e'Ae / e'e where cov(e) = c I - V V', A symmetric, V of shape (N, k)."""
    N = A.shape[0]
    AV = np.asarray(A @ V)
    VV, VAV = V.T @ V, V.T @ AV
    s = c * N - float(np.trace(VV))
    ss = c**2 * N - 2 * c * float(np.trace(VV)) + float((VV**2).sum())
    a = c * float(A.diagonal().sum()) - float(np.trace(VAV))
    a_s = c**2 * float(A.diagonal().sum()) - 2 * c * float(np.trace(VAV)) + float((VAV * VV).sum())
    aa = c**2 * trace(A, A) - 2 * c * float((AV**2).sum()) + float((VAV**2).sum())
    mean = a / s
    m = s**2 / ss
    return mean, 2 * (aa - 2 * mean * a_s + mean**2 * ss) / s**2 * m / (m + 2)


def shared_information(
    V: sp.csr_array,
    W: sp.csr_array | None,
    rho: float,
    M: sp.csr_array | None,
    lam: float,
    sigma2: float,
    project: Projection,
) -> FloatArray:
    """Return what (rho, [lambda], sigma2) share with a further error parameter of weights V, in one period.

    With B = I - lambda M and G = W (I - rho W)^-1 the innovations' derivative by rho is -C e, C = B G B^-1, and by
    lambda -C e, C = M B^-1; either shares c [tr(VC) + tr(V'C)], and sigma2 shares c tr(V) / sigma2, with
    c = 1 - 1/T under region effects and both matrices centred under time effects.
    """
    G_B, H = dense_ratios(W, M, rho, lam)
    matrices = [*([G_B] if W is not None else []), *([H] if M is not None else [])]
    both = (V + V.T).toarray()
    if project.over_regions:
        both, *matrices = (_centred(A) for A in (both, *matrices))
    c = 1 - 1 / project.T if project.over_periods else 1.0
    return c * np.array([*(float((both * C.T).sum()) for C in matrices), float(np.trace(both)) / (2 * sigma2)])


def _centred(A: FloatArray) -> FloatArray:
    A = A - A.mean(axis=0)
    return np.asarray(A - A.mean(axis=1, keepdims=True))
