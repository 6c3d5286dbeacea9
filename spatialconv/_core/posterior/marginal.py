"""The marginal likelihood of a spatial regression, its spatial coefficient integrated by quadrature.

With y and X filtered by A = I - rho W where the model says so, and effects out of both, errors normal with variance s2:

    p(y | rho)  =  |A|^J  int int N(Ay; F a + X b, s2)  p(a, b | s2)  da db  d s / s

Coefficients of F (a constant) have a flat prior; those of X are N(0, g s2 (X'MX)^-1), Zellner's, M taking F out, or
flat too (g infinite).
What is left is one integral over rho, uniform on its interval (LeSage and Parent 2007; LeSage and Fischer 2008).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, logsumexp

FloatArray = npt.NDArray[np.float64]

# Points of the grid that finds where the density is, nodes of Gauss and Legendre there, and logarithms left out of it.
SEARCHED, NODES, NEGLECTED = 2001, 200, 45.0


@dataclass(frozen=True, eq=False)
class Data:
    """Effects out of arrays as columns of (rows,): y, W y, and the regressors, F before X, with their lags.

    `flat` of the regressors have a flat prior whatever that of the others. `rows` observations are left of the effects,
    and the log-determinant counts `times`.
    """

    y: FloatArray
    lag_y: FloatArray
    X: FloatArray
    lag_x: FloatArray
    flat: int
    rows: int
    times: int


@dataclass(frozen=True, eq=False)
class Posterior:
    """Log marginal likelihood, and the posterior on nodes of rho.

    `rho` and `weight` of shape (nodes,), `mean` (nodes, k) and `cov` (nodes, k, k) of the coefficients given rho, the
    location and scale of a t with `df` degrees of freedom.
    """

    log_marginal: float
    rho: FloatArray
    weight: FloatArray
    mean: FloatArray
    scale: FloatArray
    df: float

    def moments(self) -> tuple[FloatArray, FloatArray]:
        """Return posterior means and standard deviations of the coefficients and of rho, last, shape (k + 1,)."""
        means = np.column_stack([self.mean, self.rho])
        within = np.column_stack(
            [np.diagonal(self.scale, axis1=1, axis2=2) * self.df / (self.df - 2), np.zeros(len(self.rho))]
        )
        mean = self.weight @ means
        return mean, np.sqrt(np.maximum(self.weight @ (within + (means - mean) ** 2), 0.0))

    def draws(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Draw coefficients and rho, last, shape (count, k + 1)."""
        at = rng.choice(len(self.rho), size=count, p=self.weight)
        root = np.linalg.cholesky(self.scale)[at]
        k = self.mean.shape[1]
        shock = np.einsum("nij,nj->ni", root, rng.standard_normal((count, k)))
        spread = np.sqrt(self.df / rng.chisquare(self.df, count))
        return np.column_stack([self.mean[at] + shock * spread[:, None], self.rho[at]])


def posterior(
    data: Data,
    kind: str,
    g: float,
    logdet: Callable[[FloatArray], FloatArray] | None = None,
    interval: tuple[float, float] = (0.0, 0.0),
    nearer: Callable[[float, float], Callable[[FloatArray], FloatArray]] | None = None,
) -> Posterior:
    """Return the posterior of a model: `kind` "none", "lag" or "error".

    `logdet` is log|I - rho W| as the likelihood counts it once; `nearer(rho, half)` a better one around rho.
    """
    if kind == "none":
        given, mean, scale = _given_rho(data, kind, g, np.zeros(1))
        return Posterior(float(given[0]), np.zeros(1), np.ones(1), mean, scale, _df(data, g))
    assert logdet is not None
    low, high = interval
    # Chebyshev points: close to either end, where an extreme rho may have its peak.
    grid = 0.5 * (low + high) - 0.5 * (high - low) * np.cos((np.arange(SEARCHED) + 0.5) * np.pi / SEARCHED)
    rough = data.times * logdet(grid) + _given_rho(data, kind, g, grid)[0]
    near = np.flatnonzero(rough > rough.max() - NEGLECTED)
    left = low if near[0] == 0 else grid[near[0] - 1]
    right = high if near[-1] == SEARCHED - 1 else grid[near[-1] + 1]
    x, w = np.polynomial.legendre.leggauss(NODES)
    half = 0.5 * (right - left)
    nodes = 0.5 * (left + right) + half * x
    value = nearer(0.5 * (left + right), half) if nearer is not None else logdet
    given, mean, scale = _given_rho(data, kind, g, nodes)
    logs = data.times * value(nodes) + given + np.log(half * w) - np.log(high - low)
    total = float(logsumexp(logs))
    return Posterior(total, nodes, np.exp(logs - total), mean, scale, _df(data, g))


def _df(data: Data, g: float) -> float:
    return float(data.rows - (data.X.shape[1] if np.isinf(g) else data.flat))


def _given_rho(data: Data, kind: str, g: float, rho: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return log p(y | rho) without the determinant, and location and scale of the coefficients, for each rho."""
    S = _products(data, kind, rho)
    k = S.shape[1] - 1
    flat = k if np.isinf(g) else data.flat
    yy, Xy, XX = S[:, 0, 0], S[:, 1:, 0], S[:, 1:, 1:]
    inverse = np.linalg.inv(XX)
    least = np.einsum("nij,nj->ni", inverse, Xy)
    # F first: what is left of y and X once F is out of them.
    FF = XX[:, :flat, :flat]
    alone = np.linalg.solve(FF, Xy[:, :flat, None])[..., 0] if flat else np.zeros((len(S), 0))
    about_flat = yy - np.einsum("ni,ni->n", alone, Xy[:, :flat])
    residual = yy - np.einsum("ni,ni->n", least, Xy)
    shrink = 1.0 if np.isinf(g) else g / (1.0 + g)
    Q = residual + (about_flat - residual) * (1.0 - shrink)
    d = 0.5 * (data.rows - flat)
    logs = gammaln(d) - d * np.log(np.pi) - d * np.log(Q) - np.log(2.0)
    if flat:
        logs = logs - 0.5 * np.linalg.slogdet(FF)[1]
    if not np.isinf(g):
        logs = logs - 0.5 * (k - flat) * np.log1p(g)
    # Shrinking X's coefficients moves those of F, so that F fits what X leaves.
    mean = shrink * least
    cov = shrink * inverse
    if flat and not np.isinf(g):
        mean[:, :flat] = alone + shrink * (least[:, :flat] - alone)
        pad = np.zeros_like(inverse)
        pad[:, :flat, :flat] = np.linalg.inv(FF)
        cov = pad + shrink * (inverse - pad)
    return logs, mean, cov * (Q / (2 * d))[:, None, None]


def _products(data: Data, kind: str, rho: FloatArray) -> FloatArray:
    """Return cross products of (A y, X) or (A y, A X) for each rho, shape (len(rho), k + 1, k + 1)."""
    Z = np.column_stack([data.y, data.X])
    if kind == "none":
        return np.repeat((Z.T @ Z)[None], len(rho), axis=0)
    lag_x = data.lag_x if kind == "error" else np.zeros_like(data.X)
    L = np.column_stack([data.lag_y, lag_x])
    cross = Z.T @ L
    r = rho[:, None, None]
    return np.asarray(Z.T @ Z - r * (cross + cross.T) + r**2 * (L.T @ L))
