"""Routes to the averages of G = W (I - r W)^-1 that direct and total effects need: dense, by slopes, by powers.

All are set up once for a matrix W and evaluated at any r of the admissible interval. They agree; they differ in
what they cost, and the last one carries a standard error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from spatialconv._core.likelihood.logdet import Eigen, Factored, LogDet, eigenvalues, guaranteed, searched
from spatialconv._core.space.multipliers import Means, mean_sums, ratio
from spatialconv._core.space.weights_algebra import row_sums

FloatArray = npt.NDArray[np.float64]

# Half-width of the window in which an interpolated log-determinant is differentiated: wide enough that rounding in
# its values does not show in the second derivative, narrow enough that the interpolation is exact to 1e-9.
WINDOW = 0.002
PROBES = 64
# Up to this many regions the stability of a dynamic model is checked at every eigenvalue.
ALL_EIGENVALUES = 2_000
# What is left out of a power series, relative to the sum.
TRUNCATION = 1e-10
MOST_POWERS = 20_000


class Route(Protocol):
    """A way to the averages."""

    @property
    def name(self) -> str:
        """The way, in words."""
        ...

    def at(self, r: float) -> Means:
        """Return the averages at r."""
        ...


@dataclass(frozen=True)
class Unmultiplied:
    """The averages of W itself, for models in which r is zero throughout: without a spatial lag of the outcome."""

    W: sp.csr_array
    name: str = "none, without a spatial lag"

    def at(self, r: float) -> Means:
        """Return the averages at r = 0, the only one there is."""
        assert r == 0
        N, rows, columns = self.W.shape[0], row_sums(self.W), row_sums(self.W.T)
        return Means(
            float(self.W.trace()) / N,
            float(rows.sum()) / N,
            float((self.W * self.W.T).sum()) / N,
            float(columns @ rows) / N,
        )


@dataclass(frozen=True)
class Dense:
    """From the matrix G itself, O(N^3) an evaluation; works for every W."""

    W: sp.csr_array
    name: str = "dense inverse"

    def at(self, r: float) -> Means:
        """Return the averages at r."""
        G = ratio(self.W, r)
        N = len(G)
        return Means(
            float(np.trace(G)) / N,
            float(G.sum()) / N,
            float(np.sum(G * G.T)) / N,
            float(G.sum(axis=0) @ G.sum(axis=1)) / N,
        )


@dataclass(frozen=True)
class Slopes:
    """Traces from the slopes of the log-determinant, sums from one sparse factorisation."""

    W: sp.csr_array
    logdet: LogDet

    @property
    def name(self) -> str:
        """The method of the log-determinant."""
        return self.logdet.name

    def at(self, r: float) -> Means:
        """Return the averages at r."""
        N, near = self.W.shape[0], _near(self.logdet, r)
        sums = mean_sums(self.W, r)
        return Means(-float(near.derivative(r)) / N, sums[0], -float(near.second(r)) / N, sums[1])


@dataclass(frozen=True)
class Powers:
    """Traces of the powers of W from random signs, sums exactly, both put together as power series in r.

    For weights too full for sparse factors and too large for dense ones: products of W with vectors only.
    `traces` has shape (powers, probes), `sums` (powers,); the series holds while |r| is below the inverse of
    `radius`, a bound of the spectral radius. The first two traces are exact. Hutchinson (1990); Barry and Pace
    (1999, Linear Algebra and its Applications 289).
    """

    traces: FloatArray
    sums: FloatArray
    radius: float
    name: str = f"power series, {PROBES} random probes"

    @classmethod
    def of(cls, W: sp.csr_array, largest: float, rng: np.random.Generator) -> Powers:
        """Take as many powers as the largest |r| asks for."""
        N, radius = W.shape[0], norm(W)
        K = powers_needed(largest * radius)
        Z = rng.choice([-1.0, 1.0], (N, PROBES))
        V, ones = Z, np.ones(N)
        traces, sums = np.empty((K, PROBES)), np.empty(K)
        for k in range(K):
            V, ones = W @ V, W @ ones
            traces[k], sums[k] = (Z * V).sum(axis=0) / N, ones.sum() / N
        traces[0] = W.trace() / N
        traces[1] = float((W * W.T).sum()) / N
        return cls(traces, sums, radius)

    def at(self, r: float) -> Means:
        """Return the averages at r."""
        per_probe, slopes, sums = self._weighted(r)
        return Means(
            float(per_probe.mean()), float(sums[0]), float((slopes @ self.traces).mean()), float(slopes @ self.sums)
        )

    def error(self, r: float) -> float:
        """Return the standard error of the average trace at r."""
        per_probe = self._weighted(r)[0]
        return float(per_probe.std(ddof=1) / np.sqrt(PROBES))

    def _weighted(self, r: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        k = np.arange(len(self.sums))
        weights = r**k
        slopes = np.concatenate([[0.0], k[1:] * r ** (k[1:] - 1.0)])
        return weights @ self.traces, slopes, np.array([weights @ self.sums])


@dataclass(frozen=True)
class Unlinked:
    """The averages of weights without a link, zero whatever r."""

    name: str = "none, without a link"

    def at(self, r: float) -> Means:  # noqa: ARG002
        """Return zeros."""
        return Means(0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Averaged:
    """The means over periods of the averages by the weights of each; every part counts as often as it occurs."""

    parts: tuple[Route, ...]
    counts: tuple[int, ...]

    @property
    def name(self) -> str:
        """The ways of its parts."""
        return " and ".join(dict.fromkeys(part.name for part in self.parts))

    def at(self, r: float) -> Means:
        """Return the averages at r."""
        found = np.array([part.at(r) for part in self.parts])
        return Means(*(np.array(self.counts) @ found / sum(self.counts)).tolist())


def factored(W: sp.csr_array) -> Slopes:
    """Return the route by sparse factors near each r."""
    return Slopes(W, Factored.unset(W))


def by_eigenvalues(W: sp.csr_array) -> Slopes:
    """Return the route by all eigenvalues of W."""
    return Slopes(W, Eigen.of(W))


def ends(W: sp.csr_array, r: FloatArray) -> tuple[float, float]:
    """Return the interval that norms guarantee if all of r lie inside, else the admissible one."""
    low, high, _ = guaranteed(W)
    return (low, high) if low < np.min(r) and np.max(r) < high else searched(W)


def spectrum(W: sp.csr_array) -> tuple[npt.NDArray[np.complex128], bool]:
    """Return the eigenvalues of W, or for a large W the real ends of its spectrum, and whether they are all."""
    if W.shape[0] <= ALL_EIGENVALUES:
        return eigenvalues(W), True
    return np.array([1 / end for end in searched(W)], dtype=complex), False


def _near(logdet: LogDet, r: float) -> LogDet:
    low, high = logdet.window
    ready = low < r < high and high - low <= 4 * WINDOW
    if ready:
        return logdet
    low, high = logdet.interval
    # An interval that is only guaranteed may leave r out, which the fit has found to be admissible.
    wide = logdet if low < r < high else logdet.widened()
    low, high = wide.interval
    return wide.around(r, min(WINDOW, 0.1 * (high - r), 0.1 * (r - low)))


def norm(W: sp.csr_array) -> float:
    """Return a bound of the spectral radius: the smaller of the largest absolute row and column sums."""
    size = abs(W)
    return float(min(row_sums(size).max(initial=0.0), row_sums(size.T).max(initial=0.0)))


def powers_needed(share: float) -> int:
    """Return after how many powers what is left of sum_k share^k is negligible; 0 where it does not converge."""
    if not share < 1:
        return 0
    if share == 0:
        return 2
    # Of the derivative too: its terms are k share^(k-1), larger by about 1 / (1 - share).
    K = int(np.ceil(np.log(TRUNCATION * (1 - share) ** 2) / np.log(share))) + 2
    return K if K <= MOST_POWERS else 0
