"""A short panel of levels as arrays, and the worlds that a hypothesis about beta makes of it.

    g[t] = rho W g[t] + b y[t-1] + X[t] theta + alpha (+ iota lambda[t]) + e[t],    y[t] = y[t-1] + g[t]

At the truth ``h[t] = (I - rho W) g[t] - b y[t-1]`` is what growth is made of, ``X[t] theta + alpha + e[t]``. Its part
within regions (`Sample.within`: regions' means over time and the regressors' deviations from theirs taken off) holds
errors only; its means (`Sample.between`, off a constant, the initial level and the regressors' means) hold drifts too.
Time effects are taken off at the start, which a W whose rows sum to one allows: deviations from the mean over regions
follow the same model, with the means of its columns taken off W, which is F'WF of Lee and Yu (2010) in the space of all
regions. A leading axis of arrays counts the data sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.linalg import schur

from spatialconv._core.regression.least_squares import basis

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]

# From so many regions on, thousands of I - rho W are solved in the basis in which W is triangular, none inverted.
MANY = 64
# Rho is looked for this far towards the ends of its interval, where scores are infinite.
REACH = 0.98


class Triangle(NamedTuple):
    """W = Q U Q^H, U upper triangular and Q unitary (Schur), which W has even if its eigenvectors are dependent."""

    Q: ComplexArray
    U: ComplexArray


@dataclass(frozen=True, eq=False)
class Sample:
    """A panel of N regions over T spans of growth.

    `levels` (T + 1, N), `X` (T, N, K), `W` (N, N) or None; `inside` (K', T N) and `across` (k, N) have orthonormal rows
    that span what the regressors take within regions, and a constant, the initial level and the regressors' means.
    """

    levels: FloatArray
    X: FloatArray
    W: FloatArray | None
    two_way: bool
    inside: FloatArray
    across: FloatArray

    @classmethod
    def of(
        cls,
        growth: FloatArray,
        start: FloatArray,
        X: FloatArray | None = None,
        W: FloatArray | None = None,
        *,
        two_way: bool = False,
    ) -> Sample:
        """Set up growth of a span (T, N) from the levels `start` (N,); `two_way` takes time effects off."""
        T, N = growth.shape
        Z = np.zeros((T, N, 0)) if X is None else X
        levels = np.concatenate([start[None], start + np.cumsum(growth, axis=0)])
        if two_way:
            levels, Z = levels - levels.mean(axis=1, keepdims=True), Z - Z.mean(axis=1, keepdims=True)
        deviations = (Z - Z.mean(axis=0)).reshape(T * N, -1)
        regressors = np.column_stack([np.ones(N), levels[0], Z.mean(axis=0)])
        W = W - W.mean(axis=0) if W is not None and two_way else W
        return cls(levels, Z, W, two_way, _rows(deviations), _rows(regressors))

    @property
    def T(self) -> int:  # noqa: N802
        """Spans of growth."""
        return len(self.levels) - 1

    @property
    def N(self) -> int:  # noqa: N802
        """Regions."""
        return int(self.levels.shape[1])

    @property
    def n(self) -> int:
        """Regions less one where time effects are taken off."""
        return self.N - self.two_way

    @property
    def dof_within(self) -> int:
        """Degrees of freedom of errors within regions."""
        return self.n * (self.T - 1) - len(self.inside)

    @property
    def dof_between(self) -> int:
        """Degrees of freedom of regions' means."""
        return self.N - len(self.across)

    @cached_property
    def eigenvalues(self) -> ComplexArray:
        """Eigenvalues of W, without the zero of the constant where time effects took it off.

        Found when first wanted: whether the theory reaches a regression is asked more often than answered.
        """
        return _eigenvalues(self.W, self.N, self.two_way)

    @cached_property
    def triangle(self) -> Triangle | None:
        """W as a triangle where regions are many."""
        if self.W is None or self.N < MANY:
            return None
        U, Q = schur(self.W, output="complex")
        return Triangle(Q, U)

    def within(self, Z: FloatArray) -> FloatArray:
        """Return Z (..., T, N) less regions' means over time and less what the regressors explain."""
        Z = Z - Z.mean(axis=-2, keepdims=True)
        if not len(self.inside):
            return np.asarray(Z)
        flat = Z.reshape(*Z.shape[:-2], -1)
        return np.asarray((flat - (flat @ self.inside.T) @ self.inside).reshape(Z.shape))

    def between(self, Z: FloatArray) -> FloatArray:
        """Return sqrt(T) times the regions' means of Z (..., T, N) less what start and regressors explain (..., N)."""
        means = np.sqrt(self.T) * Z.mean(axis=-2)
        return np.asarray(means - (means @ self.across.T) @ self.across)

    def variables(self, levels: FloatArray) -> FloatArray:
        """Return growth, its spatial lag (where there is W) and initial levels, (B, V, T, N), of levels (B, T+1, N)."""
        growth, initial = np.diff(levels, axis=1), levels[:, :-1]
        lagged = [growth @ self.W.T] if self.W is not None else []
        return np.stack([growth, *lagged, initial], axis=1)

    def weights(self, b: FloatArray | float, rho: FloatArray | float) -> FloatArray:
        """Return what `variables` are multiplied with to give h, (..., V)."""
        b, rho = np.broadcast_arrays(np.asarray(b, dtype=float), np.asarray(rho, dtype=float))
        lagged = [-rho] if self.W is not None else []
        return np.stack([np.ones_like(b), *lagged, -b], axis=-1)

    def h(self, b: float, rho: float) -> FloatArray:
        """Return h (T, N) of the sample."""
        return np.asarray(np.einsum("v,vtn->tn", self.weights(b, rho), self.variables(self.levels[None])[0]))

    def window(self) -> tuple[float, float]:
        """Return the interval in which rho is looked for."""
        real = self.eigenvalues[np.abs(self.eigenvalues.imag) < 1e-9].real
        low = 1 / real.min() if len(real) and real.min() < 0 else -1.0
        return REACH * max(low, -10.0), REACH


def rebuild(sample: Sample, h: FloatArray, b: float, rho: float, start: FloatArray | None = None) -> FloatArray:
    """Return the levels (B, T+1, N) that h (B, T, N) make from the initial level, growth making the next level."""
    y = np.empty((len(h), h.shape[1] + 1, h.shape[2]))
    y[:, 0] = sample.levels[0] if start is None else start
    spread = np.eye(sample.N) if sample.W is None else np.linalg.inv(np.eye(sample.N) - rho * sample.W).T
    for t in range(h.shape[1]):
        y[:, t + 1] = y[:, t] + (h[:, t] + b * y[:, t]) @ spread
    return y


def _rows(columns: FloatArray) -> FloatArray:
    """Return an orthonormal basis of the columns as rows."""
    return np.ascontiguousarray(basis(columns).Q.T) if columns.shape[1] else np.zeros((0, len(columns)))


def _eigenvalues(W: FloatArray | None, N: int, two_way: bool) -> ComplexArray:
    """Return the eigenvalues of W, without the zero of the constant where time effects took it off."""
    values = np.zeros(N, dtype=complex) if W is None else np.linalg.eigvals(W).astype(complex)
    return np.delete(values, int(np.argmin(np.abs(values)))) if two_way else values
