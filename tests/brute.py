"""Dense brute force: the second witness of the spatial panel engine.

Nothing here uses the package. Densities are multivariate normal with N T x N T covariances, effects are
dummies or explicit orthonormal transformations, optima come from another optimiser, standard errors from a
numerical Hessian.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg as la
import scipy.optimize as so


@dataclass(frozen=True)
class Case:
    """y (T, N), X (T, N, K), W, M (N, N), which of rho and lambda are free, effects, approach."""

    y: np.ndarray
    X: np.ndarray
    W: np.ndarray
    M: np.ndarray
    spatial: str
    effects: str
    correction: str
    random: str = "kkp"

    @property
    def free(self) -> list[int]:
        return {"none": [], "lag": [0], "error": [1], "sarar": [0, 1]}[self.spatial]


def dummies(T: int, N: int, effects: str) -> np.ndarray:
    """Columns (T N, k) of dummies of full rank; none for no effects (X holds its own constant)."""
    region, time = np.kron(np.ones((T, 1)), np.eye(N)), np.kron(np.eye(T), np.ones((N, 1)))
    return {
        "none": np.empty((T * N, 0)),
        "random": np.empty((T * N, 0)),
        "region": region,
        "time": time,
        "two-way": np.hstack([region, time[:, 1:]]),
    }[effects]


def transformation(T: int, N: int, effects: str) -> tuple[np.ndarray, np.ndarray]:
    """Orthonormal bases (T, T-1) and (N, N-1) of the demeaned spaces, or identities (Lee and Yu 2010)."""

    def basis(n: int) -> np.ndarray:
        return la.null_space(np.ones((1, n)))

    FT = basis(T) if effects in ("region", "two-way") else np.eye(T)
    FN = basis(N) if effects in ("time", "two-way") else np.eye(N)
    return FT, FN


def log_density(y: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> float:
    """Log-density of the multivariate normal."""
    L = np.linalg.cholesky(covariance)
    z = la.solve_triangular(L, y - mean, lower=True, check_finite=False)
    return float(-0.5 * (z @ z + len(y) * np.log(2 * np.pi)) - np.log(np.diag(L)).sum())


def innovations(case: Case, lam: float, phi: float) -> np.ndarray:
    """Covariance over sigma2 of u + mu for u = lam M u + e, with random effects inside or outside the filter."""
    T, N, _ = case.X.shape
    B = np.kron(np.eye(T), np.eye(N) - lam * case.M)
    mu = phi * np.kron(np.ones((T, T)), np.eye(N))
    Bi = la.inv(B)
    return Bi @ (np.eye(T * N) + mu) @ Bi.T if case.random == "kkp" else Bi @ Bi.T + mu


def loglik(case: Case, beta: np.ndarray, rho: float, lam: float, sigma2: float, phi: float = 0.0) -> float:
    """Log-density of the outcome, maximised over the effects' dummies under the direct approach."""
    if case.correction == "lee-yu":
        return _transformed(case, beta, rho, lam, sigma2)
    T, N, K = case.X.shape
    big = lambda A: np.kron(np.eye(T), A)  # noqa: E731
    A, B = np.eye(N) - rho * case.W, np.eye(N) - lam * case.M
    Ai = la.inv(big(A))
    covariance = sigma2 * Ai @ innovations(case, lam, phi) @ Ai.T
    D = dummies(T, N, case.effects)
    e = big(B) @ (big(A) @ case.y.ravel() - case.X.reshape(T * N, K) @ beta)
    BD = big(B) @ D
    alpha = la.lstsq(BD, e)[0] if D.shape[1] else np.empty(0)
    mean = la.solve(big(A), case.X.reshape(T * N, K) @ beta + D @ alpha)
    return log_density(case.y.ravel(), mean, covariance)


def _transformed(case: Case, beta: np.ndarray, rho: float, lam: float, sigma2: float) -> float:
    T, N, K = case.X.shape
    FT, FN = transformation(T, N, case.effects)
    y = FT.T @ case.y @ FN
    X = np.einsum("ts,tnk,nm->smk", FT, case.X, FN)
    W, M = FN.T @ case.W @ FN, FN.T @ case.M @ FN
    t, n = y.shape
    A, B = np.eye(n) - rho * W, np.eye(n) - lam * M
    root = np.kron(np.eye(t), la.inv(A) @ la.inv(B)) * np.sqrt(sigma2)
    mean = la.solve(np.kron(np.eye(t), A), X.reshape(t * n, K) @ beta)
    return log_density(y.ravel(), mean, root @ root.T)


def negative(case: Case, theta: np.ndarray) -> float:
    """Minus the log-likelihood at (beta, free spatial parameters, [log phi], log sigma2)."""
    K = case.X.shape[2]
    spatial = [0.0, 0.0]
    for place, value in zip(case.free, theta[K : K + len(case.free)], strict=True):
        spatial[place] = value
    phi = np.exp(theta[-2]) if case.effects == "random" else 0.0
    try:
        return -loglik(case, theta[:K], *spatial, np.exp(theta[-1]), phi)
    except (np.linalg.LinAlgError, ValueError):
        return np.inf


def maximise(case: Case, start: np.ndarray) -> np.ndarray:
    """Climb by Nelder-Mead with restarts; start is (beta, spatial, log sigma2)."""
    best = np.asarray(start, dtype=float)
    options = {"xatol": 1e-9, "fatol": 1e-12, "maxiter": 9000}
    for _ in range(3):
        best = so.minimize(lambda t: negative(case, t), best, method="Nelder-Mead", options=options).x
    return best


def hessian(f, x: np.ndarray, step: float = 1e-3) -> np.ndarray:
    """Numerical Hessian by central differences with one Richardson step."""

    def once(h: np.ndarray) -> np.ndarray:
        k = len(x)
        H = np.empty((k, k))
        E = np.diag(h)
        for i in range(k):
            for j in range(i, k):
                H[i, j] = H[j, i] = (
                    f(x + E[i] + E[j]) - f(x + E[i] - E[j]) - f(x - E[i] + E[j]) + f(x - E[i] - E[j])
                ) / (4 * h[i] * h[j])
        return H

    h = step * np.maximum(np.abs(x), 0.1)
    return (4 * once(h / 2) - once(h)) / 3


def moments(case: Case, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the (transformed) outcome at (beta, spatial, [phi], sigma2, dummies' coefficients)."""
    K = case.X.shape[2]
    phi, theta = (
        (theta[K + len(case.free)], np.delete(theta, K + len(case.free))) if case.effects == "random" else (0, theta)
    )
    k = K + len(case.free)
    spatial = [0.0, 0.0]
    for place, value in zip(case.free, theta[K:k], strict=True):
        spatial[place] = value
    rho, lam = spatial
    X, W, M, D = case.X, case.W, case.M, dummies(*case.y.shape, case.effects)
    if case.correction == "lee-yu":
        FT, FN = transformation(*case.y.shape, case.effects)
        X = np.einsum("ts,tnk,nm->smk", FT, X, FN)
        W, M = FN.T @ W @ FN, FN.T @ M @ FN
        D = np.empty((X.shape[0] * X.shape[1], 0))
    t, n, _ = X.shape
    A, B = np.kron(np.eye(t), np.eye(n) - rho * W), np.kron(np.eye(t), np.eye(n) - lam * M)
    inner = la.inv(B) @ la.inv(B).T if case.correction == "lee-yu" else innovations(case, lam, phi)
    Ai = la.inv(A)
    mean = la.solve(A, X.reshape(t * n, K) @ theta[:K] + D @ theta[k + 1 :])
    return mean, theta[k] * Ai @ inner @ Ai.T


def expected_covariance(case: Case, theta: np.ndarray) -> np.ndarray:
    """Inverse of the Gaussian information m_i' S^-1 m_j + tr(S^-1 S_i S^-1 S_j) / 2, effects included as dummies."""
    step = 1e-5
    E = np.eye(len(theta)) * step
    pairs = [(moments(case, theta + e), moments(case, theta - e)) for e in E]
    dm = [(a[0] - b[0]) / (2 * step) for a, b in pairs]
    dS = [(a[1] - b[1]) / (2 * step) for a, b in pairs]
    S = moments(case, theta)[1]
    Si_m, Si_S = [la.solve(S, m) for m in dm], [la.solve(S, s) for s in dS]
    info = np.array([[m @ v for v in Si_m] for m in dm])
    info += 0.5 * np.array([[np.sum(a * b.T) for b in Si_S] for a in Si_S])
    kept = case.X.shape[2] + len(case.free) + (case.effects == "random") + 1
    return la.inv(info)[:kept, :kept]
