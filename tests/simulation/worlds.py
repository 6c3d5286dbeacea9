"""The regions of the simulations: weights, and samples drawn from models with known parameters.

Nothing here uses the engine but for the eigenvalues that it needs once for each W.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd
from libpysal.graph import Graph
from scipy import sparse

import spatialconv as sc
from spatialconv._core.likelihood.logdet import LogDet, choose

FloatArray = npt.NDArray[np.float64]

SIZES = ((11, 4), (30, 8), (48, 17), (200, 10))
NEIGHBOURS = 5
BETA, SIGMA = 0.5, 1.0
# Periods that a dynamic model runs before the sample begins; 0.9^100 is nothing.
BURN_IN = 100


@dataclass(frozen=True, eq=False)
class World:
    """n regions with their row-standardised weights, as a graph, sparse and dense, and its log-determinant."""

    n: int
    graph: Graph
    W: sparse.csr_array
    dense: FloatArray
    logdet: LogDet

    def solve(self, rho: float, Z: FloatArray) -> FloatArray:
        """Return (I - rho W)^-1 Z for Z of shape (T, n)."""
        return Z if rho == 0 else np.linalg.solve(np.eye(self.n) - rho * self.dense, Z.T).T


@cache
def world(n: int) -> World:
    """Return the eleven cities of Zhejiang by inverse squared distance, or random points by five neighbours."""
    graph = _zhejiang() if n == 11 else _scattered(n)
    W = sc.weights.align(graph, pd.Index(graph.unique_ids)).matrix
    return World(n, graph, W, W.toarray(), choose(W))


def _zhejiang() -> Graph:
    return sc.weights.inverse_distance(sc.datasets.zhejiang().cities)


def _scattered(n: int) -> Graph:
    import geopandas as gpd

    at = np.random.default_rng(n).uniform(0, 1e6, (n, 2))
    points = gpd.GeoDataFrame(index=range(n), geometry=gpd.points_from_xy(*at.T), crs="EPSG:32650")
    return sc.weights.knn(points, k=NEIGHBOURS)


@dataclass(frozen=True)
class Effects:
    """What regions and periods have of their own in a sample: shapes (n,) and (T, 1)."""

    regions: FloatArray
    periods: FloatArray

    @property
    def sum(self) -> FloatArray:
        """Both, shape (T, n)."""
        return self.regions + self.periods


def effects(rng: np.random.Generator, kind: str, T: int, n: int) -> Effects:
    """Draw the effects that a model has, standard normal; zeros where it has none."""
    mu, alpha = rng.standard_normal(n), rng.standard_normal((T, 1))
    return Effects(mu * (kind in ("region", "two-way", "random")), alpha * (kind in ("time", "two-way")))


def regressor(rng: np.random.Generator, own: Effects) -> FloatArray:
    """Draw a strictly exogenous regressor, shape (T, n), that is correlated with the effects."""
    T, n = own.sum.shape
    return rng.standard_normal((T, n)) + 0.5 * own.sum


def lag_sample(
    there: World, rng: np.random.Generator, T: int, kind: str, rho: float, *, theta: float = 0.0, lam: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Draw y and x, shape (T, n), of y = rho W y + x beta + W x theta + effects + u, u = lam W u + e."""
    own = effects(rng, kind, T, there.n)
    x = regressor(rng, own)
    u = there.solve(lam, SIGMA * rng.standard_normal((T, there.n)))
    return there.solve(rho, BETA * x + theta * x @ there.dense.T + own.sum + u), x


def random_effects_sample(
    there: World, rng: np.random.Generator, T: int, *, rho: float = 0.0, lam: float = 0.0, phi: float = 1.0
) -> tuple[FloatArray, FloatArray]:
    """Draw y and x of a model with region effects of variance phi, uncorrelated with x, and spatial errors."""
    x = rng.standard_normal((T, there.n)) + rng.standard_normal(there.n)
    mu = np.sqrt(phi) * rng.standard_normal(there.n)
    u = there.solve(lam, rng.standard_normal((T, there.n)))
    return there.solve(rho, 1.0 + BETA * x + mu + u), x


@dataclass(frozen=True)
class Dynamics:
    """True coefficients of the past, of space, and of the error process."""

    tau: float
    eta: float = 0.0
    rho: float = 0.0
    lam: float = 0.0


def dynamic_sample(
    there: World, rng: np.random.Generator, T: int, kind: str, truth: Dynamics
) -> tuple[FloatArray, FloatArray]:
    """Draw y and x, shape (T + 1, n), of y = rho W y + tau y[-1] + eta W y[-1] + x beta + effects + u."""
    rho, tau, eta = truth.rho, truth.tau, truth.eta
    length = BURN_IN + T + 1
    own = effects(rng, kind, length, there.n)
    x = regressor(rng, own)
    shocks = BETA * x + own.sum + there.solve(truth.lam, SIGMA * rng.standard_normal(x.shape))
    A = np.linalg.inv(np.eye(there.n) - rho * there.dense)
    past = A @ (tau * np.eye(there.n) + eta * there.dense)
    shocks = shocks @ A.T
    y = np.zeros_like(x)
    for t in range(1, length):
        y[t] = past @ y[t - 1] + shocks[t]
    return y[BURN_IN:], x[BURN_IN:]


def unequal_sample(
    there: World, rng: np.random.Generator, T: int, rho: float, pattern: str
) -> tuple[FloatArray, FloatArray]:
    """Draw y and x of a lag model with region effects whose errors have variances of their own.

    "unequal": the variance grows with x squared. "persistent": errors and regressor are autoregressive over time
    (0.6), and regions differ in their variance by a lognormal factor.
    """
    own = effects(rng, "region", T, there.n)
    if pattern == "unequal":
        z = rng.standard_normal((T, there.n))
        e = np.sqrt(0.2 + 0.8 * z**2) * rng.standard_normal((T, there.n))
    else:
        z, e = (autoregressive(rng, T, there.n, 0.6) for _ in range(2))
        e = e * np.exp(0.5 * rng.standard_normal(there.n))
    x = z + 0.5 * own.sum
    return there.solve(rho, BETA * x + own.sum + e), x


def autoregressive(rng: np.random.Generator, T: int, n: int, by: float) -> FloatArray:
    """Draw n stationary autoregressions of variance one, shape (T, n)."""
    z = rng.standard_normal((T, n))
    for t in range(1, T):
        z[t] = by * z[t - 1] + np.sqrt(1 - by**2) * z[t]
    return z


def panel(there: World, y: FloatArray, x: FloatArray) -> sc.Panel:
    """Return a sample as the public door takes it."""
    T, n = y.shape
    labels = list(there.graph.unique_ids)
    frame = {"region": labels * T, "period": np.repeat(np.arange(T), n), "y": y.ravel(), "x": x.ravel()}
    return sc.Panel(pd.DataFrame(frame), region="region", period="period")
