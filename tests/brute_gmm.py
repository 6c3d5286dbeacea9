"""What the tests of estimation by moments share: small panels, the textbook's formulas, dense matrices."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy.linalg as la
from libpysal.graph import Graph
from scipy import sparse

import spatialconv as sc
from spatialconv.models.moments.gmm import MomentEstimates, gmm_design
from spatialconv.models.specification.design import complete, from_panel
from spatialconv.models.specification.spec import ModelSpec
from spatialconv.weights import align

N, T = 9, 5


def estimate(panel, x, w, *, error_w=None, correction="none", y="y", **options) -> MomentEstimates:
    keep = {k: options.pop(k) for k in list(options) if k in ModelSpec.__dataclass_fields__}
    spec = ModelSpec(y, tuple(x), **{"effects": "none", "correction": correction, **keep})
    W = align(w, panel.regions)
    M = W if error_w is None else align(error_w, panel.regions)
    design = from_panel(panel, spec)
    design = complete(type(design)(**{**vars(design), "W": W, "M": M}), spec)
    return gmm_design(design, spec, correction, **options)


def given(e: MomentEstimates) -> np.ndarray:
    """Coefficients, rho and lambda, those that are there."""
    values = np.r_[e.beta, e.rho, e.lam]
    return values[~np.isnan(values)]


def assert_covariance(found, expected, tolerance):
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    np.testing.assert_allclose(found / scale, expected / scale, atol=tolerance)


def small_panel(seed: int = 0, *, row: bool = True):
    rng = np.random.default_rng(seed)
    matrices = []
    for _ in range(2):
        W = rng.uniform(0.2, 1.0, (N, N)) * (rng.uniform(size=(N, N)) < 0.5)
        W[np.arange(N), (np.arange(N) + 1) % N] = 0.5
        np.fill_diagonal(W, 0)
        matrices.append(W / W.sum(axis=1, keepdims=True) if row else W / np.abs(la.eigvals(W)).max())
    X, y = rng.normal(size=(T, N, 2)), rng.normal(size=(T, N))
    labels = [f"r{i}" for i in range(N)]
    frame = pd.DataFrame(
        {
            "region": np.tile(labels, T),
            "period": np.repeat(np.arange(T), N),
            "y": y.ravel(),
            "a": X[..., 0].ravel(),
            "b": X[..., 1].ravel(),
        }
    )
    w, m = (Graph.from_sparse(sparse.coo_array(A), ids=labels) for A in matrices)
    return sc.Panel(frame, region="region", period="period"), w, m, y, X, *matrices


def two_stage(y, Z, H):
    """Coefficients and (Z'PZ)^-1 by the textbook's formula."""
    P = H @ la.pinv(H)
    inverse = la.inv(Z.T @ P @ Z)
    return inverse @ Z.T @ P @ y, inverse


def flat(A: np.ndarray) -> np.ndarray:
    """Stack the periods of (T, N, k) or (T, N)."""
    return A.reshape(N * T, -1)


def by(A: np.ndarray, Z: np.ndarray) -> np.ndarray:
    """Multiply the regions of every period of (T, N, k), stacked."""
    return flat(np.einsum("ij,tjk->tik", A, Z))


def every_period(A: np.ndarray) -> np.ndarray:
    """Return the N T x N T matrix that multiplies the regions of every period."""
    return np.kron(np.eye(T), A)


def between() -> np.ndarray:
    """Return the N T x N T matrix that takes every region's mean over the periods."""
    return np.kron(np.ones((T, T)) / T, np.eye(N))


class Moments:
    """The moments of equal variances as dense quadratic forms; `parts` are (projection, observations)."""

    def __init__(self, M: np.ndarray, parts: list[tuple[np.ndarray, int]]) -> None:
        self.M, self.parts = M, parts
        eye = np.eye(N * T)
        self.forms = [eye, every_period(M.T @ M), every_period(M)]
        self.traces = np.kron(np.eye(len(parts)), [[1.0], [(M**2).sum() / N], [0.0]])

    def values(self, u: np.ndarray, lam: float) -> np.ndarray:
        """Return the quadratic forms in the filtered residuals, per observation."""
        e = every_period(np.eye(N) - lam * self.M) @ u
        return np.array([e @ Q @ A @ Q @ e / dof for Q, dof in self.parts for A in self.forms])

    def jacobian(self, u: np.ndarray, lam: float) -> np.ndarray:
        """Return the slopes in lambda (from three points: they are quadratic) and in the variances."""
        slope = (self.values(u, lam + 1) - self.values(u, lam - 1)) / 2
        return np.column_stack([slope, -self.traces])

    def by_coefficients(self, u: np.ndarray, Z: np.ndarray, lam: float) -> np.ndarray:
        """Return the slopes (m, k) in the coefficients of Z."""
        B = every_period(np.eye(N) - lam * self.M)
        forms = [Q @ (A + A.T) @ Q / dof for Q, dof in self.parts for A in self.forms]
        return -np.array([(B @ Z).T @ A @ B @ u for A in forms])

    def variance(self, sizes: np.ndarray) -> np.ndarray:
        """Return their variance for normal errors, without what the projection moves in it."""
        one = np.array([[np.trace((A + A.T) @ (C + C.T)) / 2 for A in self.forms] for C in self.forms]) / (N * T)
        return la.block_diag(*(s**2 * one / dof for s, (_, dof) in zip(sizes, self.parts, strict=True)))

    def solve(self, u: np.ndarray, weight: np.ndarray) -> tuple[float, np.ndarray]:
        """Return lambda on a fine grid and the variances there that make the weighted sum of squares least."""
        root = la.cholesky(weight)

        def left(lam: float) -> tuple[float, np.ndarray]:
            S, m = root @ self.traces, root @ self.values(u, lam)
            s = la.lstsq(S, m)[0]
            return float(((m - S @ s) ** 2).sum()), s

        grid = np.linspace(-0.99, 0.99, 397)
        for _ in range(6):
            best = grid[np.argmin([left(lam)[0] for lam in grid])]
            grid = best + (grid[1] - grid[0]) * np.linspace(-1, 1, 21)
        return float(best), left(best)[1]
