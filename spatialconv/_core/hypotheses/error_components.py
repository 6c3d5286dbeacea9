"""Score tests of the spatial error components model (Baltagi, Song and Koh 2003, Journal of Econometrics 117).

    u_t = mu + e_t,   e_t = lambda W e_t + v_t,   mu ~ N(0, s2_mu I),   v_t ~ N(0, s2_v I)

Marginal tests start from least squares residuals, each conditional one from the maximum likelihood under its
own null. All of them are signed roots, standard normal under the null: positive where the data ask for a
positive parameter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.linalg as la
import scipy.optimize as so
import scipy.sparse as sp

from spatialconv._core.hypotheses.score_tests import trace
from spatialconv._core.likelihood.likelihood import lag
from spatialconv._core.likelihood.logdet import LogDet
from spatialconv._core.likelihood.traces import near_traces, traces_of
from spatialconv._core.regression.least_squares import basis

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Marginal:
    """Signed roots of the two marginal tests, plain and standardised by their exact moments."""

    mu: float
    lam: float
    mu_standardised: float
    lam_standardised: float


@dataclass(frozen=True)
class RandomEffects:
    """Random-effects model without spatial terms: s2_one = s2_v + T s2_mu, residuals y - X b of shape (T, N)."""

    beta: FloatArray
    s2_v: float
    s2_one: float
    residuals: FloatArray

    @property
    def ratio(self) -> float:
        """s2_v / s2_one."""
        return self.s2_v / self.s2_one


@dataclass(frozen=True)
class Parameters:
    """Where an information is evaluated: T periods, spatial coefficients, phi = s2_mu / s2, s2 of the noise."""

    T: int
    rho: float
    lam: float
    phi: float
    s2: float


def marginal(y: FloatArray, X: FloatArray, W: sp.csr_array) -> Marginal:
    """Test s2_mu = 0 given lambda = 0, and lambda = 0 given s2_mu = 0: y (T, N), X (T, N, K).

    LM1 = sqrt(NT / (2 (T-1))) [u'(J_T x I) u / u'u - 1] and LM2 = sqrt(N^2 T / b) u'(I x W) u / u'u with
    b = tr(WW + W'W). The moments of a ratio of quadratic forms in least squares residuals are exact under
    normality: E = tr(A Q) / m, var = 2 [m tr(A Q A Q) - tr(A Q)^2] / (m^2 (m + 2)) with m = NT - K.
    """
    T, N, K = X.shape
    Q = basis(X.reshape(T * N, K)).Q
    u = y.ravel() - Q @ (Q.T @ y.ravel())
    U = u.reshape(T, N)
    sse = float(u @ u)
    mu = float((U.sum(axis=0) ** 2).sum()) / sse
    lam = float((U * lag(W, U)).sum()) / sse
    E = Q.reshape(T, N, K)

    over_periods = np.broadcast_to(E.sum(axis=0), E.shape)
    symmetric = sp.csr_array((W + W.T) / 2)
    b = trace(W, W) + float((W.data**2).sum())
    mean_mu, sd_mu = _moments(Q, over_periods.reshape(T * N, K), trace_a=N * T, trace_aa=N * T**2)
    mean_lam, sd_lam = _moments(Q, lag(symmetric, E).reshape(T * N, K), float(T * W.diagonal().sum()), T * b / 2)
    return Marginal(
        mu=float(np.sqrt(N * T / (2 * (T - 1)))) * (mu - 1) if T > 1 else np.nan,
        lam=float(N * np.sqrt(T / b)) * lam,
        mu_standardised=(mu - mean_mu) / sd_mu if T > 1 else np.nan,
        lam_standardised=(lam - mean_lam) / sd_lam,
    )


def _moments(Q: FloatArray, AQ: FloatArray, trace_a: float, trace_aa: float) -> tuple[float, float]:
    """Return mean and standard deviation of u'Au / u'u, u least squares residuals on orthonormal columns Q.

    tr(A R) and tr(A R A R) of the residual maker R = I - QQ' come from A Q, shape (n, k), without R.
    """
    n, k = Q.shape
    small = Q.T @ AQ
    first = trace_a - float(np.trace(small))
    second = trace_aa - 2 * float((AQ**2).sum()) + float((small**2).sum())
    m = n - k
    variance = 2 * (m * second - first**2) / (m**2 * (m + 2))
    return first / m, float(np.sqrt(variance))


def random_effects(y: FloatArray, X: FloatArray) -> RandomEffects:
    """Maximise the likelihood of y = X b + mu + v over s2_v / s2_one, beta and s2_v concentrated out.

    l = N/2 log(ratio) - NT/2 log(SSE_within + ratio SSE_between) + const. As in the paper, s2_one is free of
    s2_v: residuals that are negatively correlated within regions give s2_mu < 0, and the test stays valid there.
    """
    T, N, K = X.shape
    # An orthonormal basis first: levels far from zero would cost digits in the cross-products.
    Q, R = (found := basis(X.reshape(T * N, K))).Q, found.R
    residual = y.ravel() - Q @ (Q.T @ y.ravel())
    white = np.column_stack([Q, residual]).reshape(T, N, K + 1)
    mean = white.mean(axis=0)
    deviation = (white - mean).reshape(T * N, K + 1)
    within, between = deviation.T @ deviation, T * mean.T @ mean

    def contrast(ratio: float) -> FloatArray:
        A = within + ratio * between
        return np.append(-la.solve(A[:K, :K], A[:K, K], assume_a="pos"), 1.0) if K else np.ones(1)

    def value(log_ratio: float) -> float:
        v = contrast(float(np.exp(log_ratio)))
        return float(N / 2 * log_ratio - N * T / 2 * np.log(v @ (within + np.exp(log_ratio) * between) @ v))

    def slope(log_ratio: float) -> float:
        v = contrast(float(np.exp(log_ratio)))
        one = float(np.exp(log_ratio) * (v @ between @ v))
        return float(N / 2 - N * T / 2 * one / (v @ within @ v + one))

    # More than one stationary point is possible (Maddala 1971), hence every change of sign on a grid.
    grid = np.linspace(np.log(1e-12), np.log(1e6), 240)
    slopes = np.array([slope(g) for g in grid])
    peaks = np.flatnonzero((slopes[:-1] > 0) & (slopes[1:] <= 0))
    roots = [so.brentq(slope, grid[k], grid[k + 1], xtol=1e-14, rtol=1e-14) for k in peaks]
    ratio = float(np.exp(max([grid[0], *roots, grid[-1]], key=value)))
    v = contrast(ratio)
    s2_v = float(v @ (within + ratio * between) @ v) / (N * T)
    beta = la.solve_triangular(R, Q.T @ y.ravel() - v[:K])
    return RandomEffects(beta, s2_v, s2_v / ratio, (residual + Q @ v[:K]).reshape(T, N))


def conditional_lambda(fit: RandomEffects, W: sp.csr_array) -> float:
    """Test lambda = 0 with s2_mu free (equation 2.24), from the random-effects residuals.

    D = s2_v u'[(J/T)/s2_1^2 + (I - J/T)/s2_v^2] x W u, information (T - 1 + s2_v^2/s2_1^2) b.
    """
    u = fit.residuals
    T = u.shape[0]
    mean = u.mean(axis=0, keepdims=True)
    deviation = u - mean
    between = T * float((mean * lag(W, mean)).sum())
    ratio = fit.s2_v / fit.s2_one
    D = (ratio**2 * between + float((deviation * lag(W, deviation)).sum())) / fit.s2_v
    b = trace(W, W) + float((W.data**2).sum())
    return float(D / np.sqrt((T - 1 + ratio**2) * b))


def conditional_mu(u: FloatArray, lam: float, s2: float, W: sp.csr_array, logdet: LogDet | None = None) -> float:
    """Test s2_mu = 0 with lambda free (equation 2.26), from the residuals u = y - X b of the error model, (T, N).

    D = [u.'(B'B)^2 u. / s2 - T tr B'B] / (2 s2) with u. the sum over periods and B = I - lambda W; the information
    of (s2_v, s2_mu, lambda) is tr(S^-1 S_i S^-1 S_j) / 2. The log-determinant spares dense inverses where n is large.
    """
    T, N = u.shape
    B = sp.csr_array(sp.eye_array(N, format="csr") - lam * W)
    BB = sp.csr_array(B.T @ B)
    t = near_traces(traces_of(None, W, 0.0, lam, logdet_w=None, logdet_m=logdet))
    trace_bb = float(BB.diagonal().sum())
    pushed = BB @ u.sum(axis=0)
    D = float(pushed @ pushed) / (2 * s2**2) - T * trace_bb / (2 * s2)
    vv = N * T / (2 * s2**2)
    vm = T * trace_bb / (2 * s2**2)
    vl = T * t.h / s2
    mm = T**2 * float((BB.data**2).sum()) / (2 * s2**2)
    ml = T * float(W.multiply(B).sum()) / s2
    ll = T * (t.hh + t.hth)
    nuisance = np.array([[vv, vl], [vl, ll]])
    cross = np.array([vm, ml])
    return float(D / np.sqrt(mm - cross @ la.solve(nuisance, cross, assume_a="pos")))


def between_information(
    X: FloatArray, eta: FloatArray, at: Parameters, W: sp.csr_array | None, M: sp.csr_array
) -> FloatArray:
    """Return the information of (beta, [rho], lambda, phi, s2_v) in the means over periods times sqrt(T).

    X of shape (N, K) and eta = X beta are such means. With random effects outside the error process they have the
    covariance s2 A^-1 V A^-1', V = T phi I + (B'B)^-1, A = I - rho W, B = I - lambda M; the information is
    m_i' S^-1 m_j + tr(S^-1 S_i S^-1 S_j) / 2 with means m and covariance S.
    """
    N, K = X.shape
    B = np.eye(N) - at.lam * M.toarray()
    inner = la.inv(B.T @ B)
    V = inner + at.T * at.phi * np.eye(N)
    Md = M.toarray()
    slopes = {"lam": inner @ (Md.T @ B + B.T @ Md) @ inner, "phi": at.T * np.eye(N), "s2": V / at.s2}
    means = [X]
    if W is not None:
        G = la.solve((np.eye(N) - at.rho * W.toarray()).T, W.toarray().T).T
        slopes = {"rho": G @ V + V @ G.T, **slopes}
        means.append((G @ eta)[:, None])
    root = la.cholesky(V, lower=True)
    left = la.solve_triangular(root, np.hstack(means), lower=True)
    half = [la.solve_triangular(root, la.solve_triangular(root, D, lower=True).T, lower=True) for D in slopes.values()]
    info = np.zeros((K + len(half),) * 2)
    info[: left.shape[1], : left.shape[1]] = left.T @ left / at.s2
    info[K:, K:] += 0.5 * np.array([[float((a * b).sum()) for b in half] for a in half])
    return info
