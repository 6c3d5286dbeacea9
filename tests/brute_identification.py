"""Dense brute force of what the data tell of rho, lambda and the variances: nothing here uses the package.

    y ~ N(A^-1 (X beta + D alpha), V),   V = A^-1 B^-1 (sigma2 I + sigma2_mu 11'_T) B^-1' A^-1'

with a dummy D for every effect. What beta and alpha take up is taken out of the information, also of that on the
variances (as restricted maximum likelihood does): with as many coefficients as observations nothing is left to tell.
"""

from __future__ import annotations

import numpy as np


def dummies(N: int, T: int, effects: str) -> np.ndarray:
    """A column for every region, every period, or both; rows are periods of regions."""
    of_region, of_period = np.kron(np.ones((T, 1)), np.eye(N)), np.kron(np.eye(T), np.ones((N, 1)))
    parts = {"region": [of_region], "time": [of_period], "two-way": [of_region, of_period]}.get(effects, [])
    return np.hstack([np.zeros((N * T, 0)), *parts])


def information(
    W: np.ndarray, M: np.ndarray, X: np.ndarray, effects: str, free: tuple[bool, bool], theta: dict[str, float]
) -> np.ndarray:
    """Information of ([rho], [lambda], sigma2, [sigma2_mu]) that coefficients and effects leave; X is (T, N, K)."""
    T, N, K = X.shape
    n, eye = N * T, np.eye(N)
    big = [np.kron(np.eye(T), m) for m in (W, M)]
    A = np.linalg.inv(np.kron(np.eye(T), eye - theta["rho"] * W))
    B = np.linalg.inv(np.kron(np.eye(T), eye - theta["lambda"] * M))
    S = theta["sigma2"] * np.eye(n)
    shared = np.kron(np.ones((T, T)), eye)
    if effects == "random":
        S = S + theta["sigma2_mu"] * shared
    V = A @ B @ S @ B.T @ A.T
    G, H = big[0] @ A, big[1] @ B
    beta = np.linspace(0.7, 1.3, K)
    mean = A @ X.reshape(n, K) @ beta
    by = []
    if free[0]:
        by.append((A @ big[0] @ V + (A @ big[0] @ V).T, A @ big[0] @ mean))
    if free[1]:
        inner = B @ big[1] @ (B @ S @ B.T)
        by.append((A @ (inner + inner.T) @ A.T, np.zeros(n)))
    by.append((A @ B @ B.T @ A.T, np.zeros(n)))
    if effects == "random":
        by.append((A @ B @ shared @ B.T @ A.T, np.zeros(n)))
    assert G.shape == H.shape
    space = A @ np.hstack([X.reshape(n, K), dummies(N, T, effects)])
    root = np.linalg.inv(np.linalg.cholesky(V))
    U, s, _ = np.linalg.svd(root @ space, full_matrices=True)
    rank = int((s > 1e-10 * s.max(initial=0.0)).sum())
    L = U[:, rank:].T @ root
    forms = [L @ dV @ L.T for dV, _ in by]
    means = [L @ m for _, m in by]
    pairs = list(zip(forms, means, strict=True))
    return np.array([[0.5 * np.sum(a * b) + u @ v for b, v in pairs] for a, u in pairs])


def lost(info: np.ndarray) -> float:
    """Smallest eigenvalue of the information scaled to unit diagonal: zero where a combination is not identified."""
    diagonal = np.diag(info)
    if diagonal.min() <= 1e-12 * diagonal.max():
        return 0.0
    return float(np.linalg.eigvalsh(info / np.sqrt(np.outer(diagonal, diagonal)))[0])
