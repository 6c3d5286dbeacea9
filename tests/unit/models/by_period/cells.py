"""Weights by period and gaps once more, in matrices of NT x NT: a density that sweeps, profiles and sums nothing.

The outcomes seen are normal with mean [A^-1 (X beta + D alpha)]_o and covariance sigma2 [A^-1 B^-1 (A^-1 B^-1)']_oo,
A and B block-diagonal with the weights of each period, D a dummy for each region and period. Slopes by a complex step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy.linalg as la
import scipy.optimize as so

import spatialconv as sc

STEP = 1e-30


@dataclass(frozen=True, eq=False)
class Cells:
    """y (T, N) with NaN where it is missing, x (T, N, K), a dense W and M of all regions for each period."""

    y: np.ndarray
    x: np.ndarray
    W: list[np.ndarray]
    M: list[np.ndarray]
    row: bool

    @property
    def names(self) -> list[str]:
        return [f"x{k}" for k in range(self.x.shape[2])]

    def panel(self) -> sc.Panel:
        T, N = self.y.shape
        frame = pd.DataFrame({"i": np.tile(np.arange(N), T), "t": np.repeat(np.arange(T), N), "y": self.y.ravel()})
        return sc.Panel(
            frame.assign(**{n: self.x[..., k].ravel() for k, n in enumerate(self.names)}), region="i", period="t"
        )

    def graphs(self, of: list[np.ndarray]) -> dict[int, Any]:
        built = {id(A): sc.weights.from_matrix(A, regions=range(len(A)), standardise="none") for A in of}
        return {t: built[id(A)] for t, A in enumerate(of)}

    def fit(self, **options: Any) -> Any:
        return sc.fit_panel(self.panel(), "y", self.names, self.graphs(self.W), error_w=self.graphs(self.M), **options)

    def dense(
        self, spatial: str, effects: str, missing: str = "omit", durbin: bool = False, lee_yu: bool = False
    ) -> Density:
        """The same cells as one normal vector."""
        seen = ~np.isnan(self.y)
        inside = ~np.isnan(self.x).any(axis=2) & (seen if missing == "omit" else True)
        inside &= (inside & seen).any(axis=0)
        inside &= (inside & seen).any(axis=1)[:, None]
        blocks = [[self._cut(A, here) for A, here in zip(of, inside, strict=True)] for of in (self.W, self.M)]
        t, i = np.nonzero(inside)
        X = self.x[inside]
        W, M = (la.block_diag(*of) for of in blocks)
        if durbin:
            X = np.hstack([X, W @ X])
        region = (i[:, None] == np.unique(i)).astype(float)
        period = (t[:, None] == np.unique(t)).astype(float)
        D = {"none": np.ones((len(t), 1)), "region": region, "time": period, "two-way": np.hstack([region, period])}[
            effects
        ]
        contrasts = None
        if lee_yu:
            contrasts, D = la.null_space(period.T).T, np.empty((len(t), 0))
        return Density(self.y[inside], X, D, W, M, seen[inside], spatial, contrasts)

    def _cut(self, A: np.ndarray, here: np.ndarray) -> np.ndarray:
        A = A[np.ix_(here, here)]
        if here.all() or not self.row:
            return A
        sums = A.sum(axis=1, keepdims=True)
        return np.divide(A, sums, out=np.zeros_like(A), where=sums > 0)


@dataclass(frozen=True, eq=False)
class Density:
    """One vector of cells; theta = (beta, free ones of (rho, lambda), sigma2, alpha)."""

    y: np.ndarray
    X: np.ndarray
    D: np.ndarray
    W: np.ndarray
    M: np.ndarray
    seen: np.ndarray
    spatial: str
    contrasts: np.ndarray | None = None

    @property
    def free(self) -> list[int]:
        return {"none": [], "lag": [0], "error": [1], "sarar": [0, 1]}[self.spatial]

    def roots(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        at = np.zeros(2, dtype=np.asarray(values).dtype)
        at[self.free] = values
        eye = np.eye(len(self.y))
        Ai, Bi = np.linalg.inv(eye - at[0] * self.W), np.linalg.inv(eye - at[1] * self.M)
        C = np.eye(len(self.y))[self.seen] if self.contrasts is None else self.contrasts
        S = C @ Ai @ Bi
        return C @ Ai, S @ S.T

    @property
    def data(self) -> np.ndarray:
        return self.y[self.seen] if self.contrasts is None else self.contrasts @ self.y

    def profile(self, values: np.ndarray) -> tuple[float, np.ndarray, float]:
        """Log-density with the best coefficients, these (of X, then of dummies), and sigma2."""
        CA, V = self.roots(np.asarray(values, dtype=float))
        L = la.cholesky(V, lower=True)
        y, R = (la.solve_triangular(L, v, lower=True) for v in (self.data, CA @ np.hstack([self.X, self.D])))
        g = la.lstsq(R, y)[0]
        e, n = y - R @ g, len(y)
        sigma2 = float(e @ e) / n
        return -0.5 * n * (np.log(2 * np.pi * sigma2) + 1) - np.log(np.diag(L)).sum(), g, sigma2

    def best(self, start: np.ndarray) -> float:
        """The largest log-density that a search without slopes finds from a start."""
        if not self.free:
            return self.profile(np.zeros(0))[0]

        def down(v: np.ndarray) -> float:
            try:
                return -self.profile(v)[0]
            except np.linalg.LinAlgError:
                return np.inf

        return -so.minimize(down, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11}).fun

    def moments(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        K, k = self.X.shape[1], self.X.shape[1] + len(self.free)
        CA, V = self.roots(theta[K:k])
        return CA @ (self.X @ theta[:K] + self.D @ theta[k + 1 :]), theta[k] * V

    def _slopes(self, theta: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        found = [self.moments(theta + 1j * STEP * e) for e in np.eye(len(theta))]
        return [(m.imag / STEP, S.imag / STEP) for m, S in found]

    def information(self, theta: np.ndarray) -> np.ndarray:
        """Covariance of (beta, free ones, sigma2) by the expected information of all parameters, dummies among them."""
        _, S = self.moments(theta)
        slopes = self._slopes(theta)
        Sm, SS = [np.linalg.solve(S, m) for m, _ in slopes], [np.linalg.solve(S, D) for _, D in slopes]
        info = np.array([[m @ v for v in Sm] for m, _ in slopes]) + 0.5 * np.array(
            [[(A * B.T).sum() for B in SS] for A in SS]
        )
        k = self.X.shape[1] + len(self.free) + 1
        return np.linalg.inv(info[:k, :k] - info[:k, k:] @ np.linalg.pinv(info[k:, k:]) @ info[k:, :k])

    def score(self, theta: np.ndarray) -> np.ndarray:
        mean, S = self.moments(theta)
        r = np.linalg.solve(S, self.data - mean)
        Si = np.linalg.inv(S)
        return np.array([m @ r - 0.5 * (Si * D).sum() + 0.5 * r @ D @ r for m, D in self._slopes(theta)])

    def observed(self, theta: np.ndarray) -> np.ndarray:
        """The same by minus the Hessian: central differences of the score, one Richardson step."""

        def once(h: float) -> np.ndarray:
            rows = [(self.score(theta + e) - self.score(theta - e)) / (2 * h) for e in h * np.eye(len(theta))]
            return -np.array(rows)

        info = (4 * once(5e-5) - once(1e-4)) / 3
        info = (info + info.T) / 2
        k = self.X.shape[1] + len(self.free) + 1
        return np.linalg.inv(info[:k, :k] - info[:k, k:] @ np.linalg.pinv(info[k:, k:], rcond=1e-9) @ info[k:, :k])


def drawn(
    seed: int,
    *,
    T: int = 4,
    N: int = 9,
    gaps: float = 0.0,
    row: bool = True,
    fixed: bool = False,
    island: bool = False,
    x_gaps: bool = False,
) -> Cells:
    """Asymmetric weights, another matrix in every period unless `fixed`, and outcomes made by them."""
    rng = np.random.default_rng(seed)

    def matrix() -> np.ndarray:
        A = rng.random((N, N)) * (rng.random((N, N)) < 0.45)
        A[np.arange(N), (np.arange(N) + 1) % N] = 0.5
        np.fill_diagonal(A, 0.0)
        if island:
            A[2] = A[:, 2] = 0.0
        sums = A.sum(axis=1, keepdims=True)
        return np.divide(A, sums, out=np.zeros_like(A), where=sums > 0) if row else A / 3

    W, M = ([matrix()] * T if fixed else [matrix() for _ in range(T)] for _ in range(2))
    x = rng.standard_normal((T, N, 2))
    u = np.stack([np.linalg.solve(np.eye(N) - 0.3 * M[t], rng.standard_normal(N)) for t in range(T)])
    mean = x @ [1.0, -0.5] + rng.standard_normal(N) + rng.standard_normal((T, 1)) + u
    y = np.stack([np.linalg.solve(np.eye(N) - 0.4 * W[t], mean[t]) for t in range(T)])
    y[rng.random((T, N)) < gaps] = np.nan
    if x_gaps:
        x[1, 3, 0] = x[2, 5, 1] = np.nan
    return Cells(y, x, W, M, row)
