"""Cells of all periods as rows: weights block by block, dummies, and what takes them out of the data.

Rows stand period by period. Periods may differ in their regions and in their weights; nothing larger than a sparse
matrix with the links of all periods is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from spatialconv._core.likelihood.effects import Kind, Projection
from spatialconv._core.likelihood.inverse import Inverse

FloatArray = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Blocks:
    """Weights by period: `matrices` that differ, and `which` of them each period has, shape (T,)."""

    matrices: tuple[sp.csr_array, ...]
    which: Places

    @cached_property
    def whole(self) -> sp.csr_array:
        """The weights of all rows, block-diagonal and sparse."""
        return sp.csr_array(sp.block_diag([self.matrices[k] for k in self.which], format="csr"))

    def periods(self) -> Iterator[tuple[slice, int]]:
        """Yield the rows of each period, and which of the matrices it has."""
        end = 0
        for k in self.which.tolist():
            start, end = end, end + self.matrices[k].shape[0]
            yield slice(start, end), k

    def multiply(self, rho: float, Z: FloatArray) -> FloatArray:
        """Return (I - rho W)^-1 Z for Z of shape (n, k): one factorisation of each matrix."""
        inverses = [Inverse(W, rho) for W in self.matrices]
        found = np.empty_like(Z)
        for rows, k in self.periods():
            found[rows] = inverses[k](Z[rows][None])[0]
        return found


@dataclass(frozen=True, eq=False)
class Rows:
    """The sample: y (n,), zero where the outcome is not `seen`; X (n, K); the period and the region of each row.

    `kind` says which effects there are; `W` and `M` are the weights of the free spatial terms.
    """

    y: FloatArray
    X: FloatArray
    seen: npt.NDArray[np.bool_]
    period: Places
    region: Places
    kind: Kind
    W: Blocks | None = None
    M: Blocks | None = None

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.y)

    @cached_property
    def dummies(self) -> sp.csc_array:
        """A column for each region and period that has effects, shape (n, G), none twice among the rows seen.

        Under two-way effects one period of every group of rows that regions and periods link is left out.
        """
        regions, periods = _dummies(self.region), _dummies(self.period)
        if self.kind == "none":
            return sp.csc_array((self.n, 0))
        if self.kind == "region":
            return regions
        if self.kind == "time":
            return periods
        return sp.csc_array(sp.hstack([regions, periods[:, ~self._spare_periods]], format="csc"))

    @property
    def groups(self) -> int:
        """Into how many groups of rows, that share neither region nor period with the others, those seen fall."""
        return int(self._spare_periods.sum())

    @cached_property
    def _spare_periods(self) -> npt.NDArray[np.bool_]:
        """Which periods' dummies the others span: the first of each group that the rows seen link."""
        regions, periods = self.region.max() + 1, self.period.max() + 1
        pairs = (self.region[self.seen], regions + self.period[self.seen])
        links = sp.coo_array((np.ones(int(self.seen.sum())), pairs), shape=(regions + periods,) * 2)
        group = connected_components(links, directed=False)[1][regions:]
        spare = np.zeros(periods, dtype=bool)
        spare[np.unique(group, return_index=True)[1]] = True
        return spare

    def effects(self, coefficients: FloatArray, regions: int, periods: int) -> FloatArray:
        """Return the effects of all cells, shape (T, N), from the coefficients of the dummies."""
        a, c = np.zeros(regions), np.zeros(periods)
        if self.kind == "region":
            a = coefficients
        elif self.kind == "time":
            c = coefficients
        elif self.kind == "two-way":
            a = coefficients[:regions]
            c[~self._spare_periods] = coefficients[regions:]
        return np.asarray(c[:, None] + a[None, :])


def _dummies(labels: Places) -> sp.csc_array:
    n = len(labels)
    return sp.csc_array((np.ones(n), (np.arange(n), labels)), shape=(n, int(labels.max()) + 1))


class Residual:
    """What the columns of a sparse matrix K, full rank, leave of others: least squares by its normal equations.

    One step of refinement gives back the digits that squares lose.
    """

    def __init__(self, K: sp.csc_array) -> None:
        self.K = K
        self.factors: Any = factored(K) if K.shape[1] else None

    def coefficients(self, Z: FloatArray) -> FloatArray:
        """Return the coefficients of the columns, shape (G, k), for Z of shape (n, k)."""
        if self.factors is None:
            return np.zeros((0, Z.shape[1]))
        found = self.factors.solve(np.asarray(self.K.T @ Z))
        return np.asarray(found + self.factors.solve(np.asarray(self.K.T @ (Z - self.K @ found))))

    def __call__(self, Z: FloatArray) -> FloatArray:
        """Return what is left of Z, shape (n, k)."""
        return np.asarray(Z - self.K @ self.coefficients(Z)) if self.factors is not None else Z


def factored(K: sp.csc_array) -> Any:
    """Return the sparse factors of K'K."""
    return sp.linalg.splu(
        sp.csc_array(K.T @ K),
        permc_spec="MMD_AT_PLUS_A",
        options={"SymmetricMode": True},
        diag_pivot_thresh=0.0,
    )


@dataclass(frozen=True)
class Dummies(Projection):
    """Effects of rows as a projection of arrays of shape (1, n, ...): least squares on dummies."""

    out: Residual = field(default_factory=lambda: Residual(sp.csc_array((0, 0))))

    def __call__(self, Z: FloatArray) -> FloatArray:
        """Return Z with the effects projected out."""
        n = Z.shape[1]
        return self.out(np.ascontiguousarray(Z).reshape(n, -1)).reshape(Z.shape)


def dummies(rows: Rows, *, means: int = 0) -> Dummies:
    """Return the projection of rows; of the observations `means` went with the means of periods (Lee and Yu 2010)."""
    return Dummies(rows.kind, 1, rows.n, dof=int(rows.seen.sum()) - means, J=1, shift=False, out=Residual(rows.dummies))
