"""The maximum of lag, error and SARAR likelihoods against dense grids: all effects, up to 60 regions, directed weights.

The grid's values are computed anew: determinants of I - rho W, least squares on filtered data without effects, which
Lee and Yu's contrasts take out of the data and of the weights beforehand.
"""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest
import scipy.sparse as sp

from spatialconv._core.likelihood.effects import projection
from spatialconv._core.likelihood.likelihood import problem
from spatialconv._core.likelihood.logdet import Eigen
from spatialconv._core.likelihood.maximise import Optimum, maximise, search_window
from tests.dense import helmert
from tests.unit.models.test_missed_optimum import ROUNDED, directed

FEW, MANY = 100, 5000


@dataclass(frozen=True, eq=False)
class Draw:
    """Data y (T, N), X (T, N, K), weights of the lag and of the error process (None where there is none)."""

    seed: int
    y: np.ndarray
    X: np.ndarray
    W: np.ndarray | None
    M: np.ndarray | None
    effects: str
    lee_yu: bool

    @property
    def model(self) -> str:
        return "SARAR" if self.W is not None and self.M is not None else "error" if self.W is None else "lag"

    @property
    def corners(self) -> list[str]:
        n = self.y.shape[1]
        approach = f"{self.effects}, {'Lee-Yu' if self.lee_yu else 'direct'}"
        size = "more than 15 regions" if n > 15 else "15 regions or fewer"
        other = ["M other than W"] if self.model == "SARAR" and self.M is not self.W else []
        return [self.model, approach, size, *other]

    def found(self) -> Optimum:
        T, N, _ = self.X.shape
        links = [None if A is None else sp.csr_array(A) for A in (self.W, self.M)]
        roots = [None if A is None else Eigen.of(A) for A in links]
        how = projection(self.effects, T, N, lee_yu=self.lee_yu)
        return maximise(problem(self.y, self.X, how, W=links[0], M=links[1], logdet_w=roots[0], logdet_m=roots[1]))


def row(W: np.ndarray) -> np.ndarray:
    """Rows that sum to one; who has no neighbour gets the next region."""
    n = len(W)
    alone = np.flatnonzero(W.sum(axis=1) <= 0)
    W = W.copy()
    W[alone, (alone + 1) % n] = 1.0
    return W / W.sum(axis=1, keepdims=True)


def large(rng: np.random.Generator) -> np.ndarray:
    """Up to 60 regions: nearest neighbours in the plane, mostly one-sided, or few links at random."""
    n = int(rng.integers(16, 61))
    if rng.random() < 0.5:
        places = rng.uniform(size=(n, 2))
        apart = np.linalg.norm(places[:, None] - places[None], axis=2) + 10 * np.eye(n)
        W = np.zeros((n, n))
        k = int(rng.integers(1, 5))
        W[np.repeat(np.arange(n), k), np.argsort(apart, axis=1)[:, :k].ravel()] = 1.0
    else:
        W = np.triu(rng.random((n, n)), 1) * (rng.random((n, n)) < 0.2)
        W = W + 10.0 ** rng.uniform(-5, 0) * np.tril(rng.random((n, n)) < 0.1, -1)
        W[np.arange(n), (np.arange(n) + 1) % n] = 0.3
    np.fill_diagonal(W, 0.0)
    return W


def draw(seed: int) -> Draw:
    rng = np.random.default_rng([seed, 4])
    make = large if rng.random() < 0.35 else directed
    W = make(rng)
    n, T = len(W), int(rng.integers(2, 5))
    M = W
    if rng.random() < 0.5:
        M = make(rng)
        while len(M) < n:
            M = make(rng)
        M = M[:n, :n]
        M[np.arange(n), (np.arange(n) + 1) % n] += 0.2 * (M.sum(axis=1) <= 0)
    effects = str(rng.choice(["none", "region", "time", "two-way"]))
    lee_yu = effects != "none" and bool(rng.random() < 0.5)
    if effects in ("time", "two-way"):
        W, M = (row(W), row(W)) if M is W else (row(W), row(M))
    model = str(rng.choice(["lag", "error", "SARAR", "SARAR"]))
    x = rng.normal(size=(T, n, int(rng.integers(1, 3))))
    e = rng.standard_t(3, size=(T, n)) if rng.random() < 0.3 else rng.normal(size=(T, n))
    strength = [rng.uniform(-0.95, 0.95) for _ in range(2)]
    inverses = []
    for A, s in zip((W, M), strength, strict=True):
        radius = np.abs(np.linalg.eigvals(A)).max()
        inverses.append(np.linalg.inv(np.eye(n) - (s / radius if radius > 1e-8 else 0.0) * A))
    u = e @ inverses[1].T if model != "lag" else e
    mean = x.sum(axis=2) + rng.normal(size=n) + rng.normal(size=(T, 1))
    y = (mean + u) @ inverses[0].T if model != "error" else mean + u
    if effects == "none":
        x = np.concatenate([np.ones((T, n, 1)), x], axis=2)
    return Draw(seed, y, x, W if model != "error" else None, M if model != "lag" else None, effects, lee_yu)


def without_effects(d: Draw) -> tuple[np.ndarray, np.ndarray, list[np.ndarray | None]]:
    """Data and weights in Lee and Yu's contrasts, or as they are."""
    if not d.lee_yu:
        return d.y, d.X, [d.W, d.M]
    T, N = d.y.shape
    HT = helmert(T) if d.effects in ("region", "two-way") else np.eye(T)
    HN = helmert(N) if d.effects in ("time", "two-way") else np.eye(N)
    X = np.einsum("st,tnk,mn->smk", HT, d.X, HN)
    return HT @ d.y @ HN.T, X, [None if A is None else HN @ A @ HN.T for A in (d.W, d.M)]


def centred(Z: np.ndarray, effects: str) -> np.ndarray:
    if effects in ("region", "two-way"):
        Z = Z - Z.mean(axis=0)
    return Z - Z.mean(axis=1, keepdims=True) if effects in ("time", "two-way") else Z


def values(d: Draw, rhos: np.ndarray, lams: np.ndarray) -> np.ndarray:
    """The concentrated log-likelihood on a grid, (rhos, lams)."""
    y, X, (W, M) = without_effects(d)
    T, n, K = X.shape
    m = T * n
    eye = np.eye(n)
    logs = [
        np.zeros(len(v)) if A is None else np.linalg.slogdet(eye - v[:, None, None] * A)[1]
        for A, v in ((W, rhos), (M, lams))
    ]
    Z = np.concatenate([y[..., None], (y @ W.T if W is not None else 0 * y)[..., None], X], axis=2)
    out = np.empty((len(rhos), len(lams)))
    for k, lam in enumerate(lams):
        F = Z if M is None else Z - lam * np.einsum("ij,tjk->tik", M, Z)
        F = F if d.lee_yu else centred(F, d.effects)
        F = F.reshape(m, K + 2)
        Q = np.linalg.qr(F[:, 2:])[0]
        left = F[:, :2] - Q @ (Q.T @ F[:, :2])
        a, b, c = left[:, 0] @ left[:, 0], left[:, 0] @ left[:, 1], left[:, 1] @ left[:, 1]
        sse = np.maximum(a - 2 * rhos * b + rhos**2 * c, 1e-16 * a)
        out[:, k] = -0.5 * m * (np.log(2 * np.pi * sse / m) + 1) + T * (logs[0] + logs[1][k])
    return out


def axis(A: np.ndarray | None, ends: tuple[float, float], many: int) -> np.ndarray:
    """(-1, 1), decades beyond it, and what lies next to the inverses of eigenvalues."""
    if A is None:
        return np.zeros(1)
    low, high = ends
    roots = np.linalg.eigvals(A)
    far = np.concatenate([-np.geomspace(1e-3, -low, many // 3), np.geomspace(1e-3, high, many // 3)])
    poles = (1 / roots[np.abs(roots) > 1e-9]).real
    poles = poles[(poles > low) & (poles < high)][:20]
    near = np.concatenate([poles + reach for reach in np.outer([-1, 1], np.geomspace(1e-4, 1, 4)).ravel()])
    grid = np.concatenate([np.linspace(max(low, -1.0), min(high, 1.0), many), far, near])
    return np.unique(grid[(grid > low) & (grid < high)])


def missed(d: Draw) -> float:
    """By how much some value of the grid exceeds the maximum found."""
    best = d.found()
    ends = [(-1.0, 1.0) if x is None else search_window(x) for x in (best.logdet_w, best.logdet_m)]
    many = 60 if d.model == "SARAR" else 1500
    axes = [axis(A, e, many) for A, e in zip((d.W, d.M), ends, strict=True)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return float(np.nanmax(values(d, *axes)) - best.point.loglik)


def exceeded(seeds: range) -> dict[str, float]:
    """The draws of which the maximum was missed, by how much."""
    over = {}
    for seed in seeds:
        d = draw(seed)
        by = missed(d)
        if not by < ROUNDED:
            over[f"draw({seed}): {d.y.shape} {d.corners}"] = by
    return over


@pytest.mark.parametrize("block", range(10))
def test_no_maximum_is_missed(block):
    size = FEW // 10
    assert not exceeded(range(block * size, (block + 1) * size))


@pytest.mark.slow
@pytest.mark.parametrize("block", range(50))
def test_no_maximum_is_missed_in_five_thousand(block):
    size = MANY // 50
    assert not exceeded(range(1000 + block * size, 1000 + (block + 1) * size))


def test_what_is_drawn():
    """All models under all effects and approaches, on few and on many regions; printed with -s."""
    drawn = Counter(corner for seed in range(FEW) for corner in draw(seed).corners)
    for corner, count in sorted(drawn.items()):
        print(f"{count:4d}  {corner}")
    approaches = [f"{e}, {a}" for e in ("region", "time", "two-way") for a in ("direct", "Lee-Yu")]
    wanted = ["lag", "error", "SARAR", "none, direct", *approaches, "more than 15 regions", "M other than W"]
    assert min(drawn[corner] for corner in wanted) >= 4


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 6, 9])
def test_the_grid_has_the_likelihood_of_the_search(seed):
    """At the maximum itself both are the same figure."""
    d = draw(seed)
    best = d.found()
    at = [np.array([v if A is not None else 0.0]) for A, v in ((d.W, best.point.rho), (d.M, best.point.lam))]
    assert values(d, *at)[0, 0] == pytest.approx(best.point.loglik, rel=1e-8)
