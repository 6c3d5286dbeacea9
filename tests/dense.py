"""The spatial panel models once more, in matrices of N T x N T: a witness that demeans and concentrates nothing.

    y ~ N( A^-1 (X beta + D alpha),  sigma2 A^-1 V A^-1' ),
    V = B^-1 B^-1' + phi J  or, with effects inside the error process,  B^-1 (I + phi J) B^-1',

A = I_T x (I - rho W), B = I_T x (I - lambda M), J = ones x I_N, D dummies of regions and periods, of which alpha are
plain coefficients. The transformation of Lee and Yu is a matrix of contrasts C: its density is that of C y, whose mean
and covariance are C times the above. Slopes of mean and covariance are taken by a complex step, which loses no digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg as la

STEP = 1e-30


@dataclass(frozen=True, eq=False)
class Dense:
    """y (T, N), X (T, N, K), weights, which of rho, lambda and phi are free, effects and approach.

    `lee_yu` takes contrasts over what the effects stand for; `only_regions` those over the regions alone, with dummies
    of regions left in the mean (dynamic models before their correction).
    """

    y: np.ndarray
    X: np.ndarray
    W: np.ndarray
    M: np.ndarray
    spatial: str
    effects: str
    lee_yu: bool = False
    random: str = "kkp"
    only_regions: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        return self.y.shape

    @property
    def free(self) -> list[int]:
        """Places of the free ones of (rho, lambda, phi)."""
        spatial = {"none": [], "lag": [0], "error": [1], "sarar": [0, 1]}[self.spatial]
        return [*spatial, *([2] if self.effects == "random" else [])]

    @cached_property
    def dummies(self) -> np.ndarray:
        """One column a region and a period, none twice; a constant over all is the regressors' business."""
        T, N = self.shape
        region = np.array([[float(i == j) for j in range(N)] for _ in range(T) for i in range(N)])
        period = np.array([[float(s == t) for s in range(T)] for t in range(T) for _ in range(N)])
        if self.only_regions:
            # Contrasts over the regions take one of the dummies with them.
            return region[:, 1:] if self.effects == "two-way" else region
        if self.lee_yu:
            return np.empty((T * N, 0))
        one = {"region": [region], "time": [period], "two-way": [region, period[:, 1:]]}.get(self.effects, [])
        return np.hstack([np.empty((T * N, 0)), *one])

    @cached_property
    def contrasts(self) -> np.ndarray:
        """C: Helmert's contrasts, of unit length, over periods, regions or both; the identity otherwise."""
        T, N = self.shape
        over_periods = self.lee_yu and not self.only_regions and self.effects in ("region", "two-way")
        over_regions = self.lee_yu and self.effects in ("time", "two-way")
        return np.kron(helmert(T) if over_periods else np.eye(T), helmert(N) if over_regions else np.eye(N))

    def named(self, values: np.ndarray) -> tuple[complex, complex, complex]:
        """(rho, lambda, phi) from the free ones."""
        full = [0.0, 0.0, 0.0]
        for place, value in zip(self.free, values, strict=True):
            full[place] = value
        return tuple(full)

    def root(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """C A^-1 and the covariance of C y over sigma2."""
        rho, lam, phi = self.named(values)
        T, N = self.shape
        Ai = np.kron(np.eye(T), np.linalg.inv(np.eye(N) - rho * self.W))
        Bi = np.kron(np.eye(T), np.linalg.inv(np.eye(N) - lam * self.M))
        J = phi * np.kron(np.ones((T, T)), np.eye(N))
        V = Bi @ (np.eye(T * N) + J) @ Bi.T if self.random == "kkp" else Bi @ Bi.T + J
        CA = self.contrasts @ Ai
        return CA, CA @ V @ CA.T

    def at(self, values: np.ndarray) -> Fitted:
        """Generalised least squares of coefficients and dummies at given (rho, lambda, phi)."""
        CA, V = self.root(np.asarray(values, dtype=float))
        K = self.X.shape[2]
        L = la.cholesky(V, lower=True)
        Z = np.hstack([self.X.reshape(-1, K), self.dummies])
        y, R = (la.solve_triangular(L, A, lower=True) for A in (self.contrasts @ self.y.ravel(), CA @ Z))
        g = la.lstsq(R, y)[0] if Z.shape[1] else np.empty(0)
        e = y - R @ g
        m, sigma2 = len(y), float(e @ e / len(y))
        loglik = -0.5 * m * (np.log(2 * np.pi * sigma2) + 1) - np.log(np.diag(L)).sum()
        return Fitted(float(loglik), g[:K], g[K:], sigma2)

    def alpha(self, values: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """Coefficients of the dummies by generalised least squares, beta given."""
        CA, V = self.root(np.asarray(values, dtype=float))
        L = la.cholesky(V, lower=True)
        left = self.contrasts @ self.y.ravel() - CA @ (self.X.reshape(-1, len(beta)) @ beta)
        R = la.solve_triangular(L, CA @ self.dummies, lower=True)
        return la.lstsq(R, la.solve_triangular(L, left, lower=True))[0] if R.shape[1] else np.empty(0)

    def moments(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and covariance of C y at (beta, free ones, sigma2, alpha), real or complex."""
        K, k = self.X.shape[2], self.X.shape[2] + len(self.free)
        CA, V = self.root(theta[K:k])
        return CA @ (self.X.reshape(-1, K) @ theta[:K] + self.dummies @ theta[k + 1 :]), theta[k] * V

    def slopes(self, theta: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Derivatives of mean and covariance by every parameter."""
        steps = [theta + 1j * STEP * e for e in np.eye(len(theta))]
        pairs = [self.moments(t) for t in steps]
        return [m.imag / STEP for m, _ in pairs], [S.imag / STEP for _, S in pairs]

    def score(self, theta: np.ndarray) -> np.ndarray:
        """Gradient of the log-density at every parameter."""
        mean, S = self.moments(theta)
        Si = np.linalg.inv(S)
        r = Si @ (self.contrasts @ self.y.ravel() - mean)
        dm, dS = self.slopes(theta)
        return np.array([m @ r - 0.5 * (Si * D.T).sum() + 0.5 * r @ D @ r for m, D in zip(dm, dS, strict=True)])

    def information(self, theta: np.ndarray) -> np.ndarray:
        """Expected information of every parameter, the dummies' coefficients among them."""
        _, S = self.moments(theta)
        dm, dS = self.slopes(theta)
        Sm, SS = [np.linalg.solve(S, m) for m in dm], [np.linalg.solve(S, D) for D in dS]
        return np.array([[m @ v for v in Sm] for m in dm]) + 0.5 * np.array([[(A * B.T).sum() for B in SS] for A in SS])

    def hessian(self, theta: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """Central differences of the score, with one Richardson step; `sizes` are about a standard error."""

        def once(h: float) -> np.ndarray:
            rows = [(self.score(theta + e) - self.score(theta - e)) / (2 * e.max()) for e in np.diag(h * sizes)]
            return np.array(rows)

        found = (4 * once(5e-4) - once(1e-3)) / 3
        return (found + found.T) / 2


@dataclass(frozen=True)
class Fitted:
    """What is best for given (rho, lambda, phi)."""

    loglik: float
    beta: np.ndarray
    alpha: np.ndarray
    sigma2: float


def helmert(n: int) -> np.ndarray:
    """(n - 1, n): the k-th row compares the k-th with the mean of those before it."""
    rows = [[1.0] * k + [-float(k)] + [0.0] * (n - k - 1) for k in range(1, n)]
    return np.array([np.array(row) / np.sqrt(np.dot(row, row)) for row in rows]).reshape(n - 1, n)


def admissible(W: np.ndarray) -> tuple[float, float]:
    """Between the inverses of the extreme real eigenvalues, or as far as that of the spectral radius."""
    roots = la.eigvals(W)
    size = np.abs(roots).max()
    real = roots.real[np.abs(roots.imag) <= 1e-6 * size]
    low = 1 / real.min() if real.size and real.min() < -1e-9 * size else -1 / size
    return low, (1 / real.max() if real.size and real.max() > 1e-9 * size else 1 / size)


def dynamic_bias(tau: float, eta: float, rho: float, lam: float, sigma2: float, W: np.ndarray, M: np.ndarray) -> dict:
    """Minus the expected score of a model with lags of the outcome and region effects, by parameter's name."""
    n = len(W)
    eye = np.eye(n)
    S, past = eye - rho * W, tau * eye + eta * W
    K, G = np.linalg.inv(S - past), W @ np.linalg.inv(S)
    return {
        "lag:y": np.trace(K),
        "lag:W:y": np.trace(W @ K),
        "rho": np.trace(G @ past @ K) + np.trace(G),
        "lambda": np.trace(M @ np.linalg.inv(eye - lam * M)),
        "sigma2": n / (2 * sigma2),
    }
