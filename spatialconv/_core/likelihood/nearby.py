"""Columns of G_B = B W (B A)^-1 and H = M B^-1 a patch of regions at a time, where what is far away is nothing.

Entries of such a matrix fall with the number of links between two regions, (I - rho W)^-1 = sum_k rho^k W^k. The
columns of a patch of neighbours are therefore solved for among the regions within so many links of it, and how far that
has to be is seen: on the outermost ring nothing may be left. Many regions then cost as many patches, each as much.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from spatialconv._core.likelihood.traces import Ratios

FloatArray = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
# Regions of the columns, regions of the rows (both sorted), and the entries.
Columns = tuple[Places, Places, FloatArray]

# Columns solved for at once: by all rows, and by the rows nearby, which a larger patch shares.
COLUMNS, PATCH = 64, 256
# What may be left on the outermost ring as a share of the largest entry; links to begin with, and how many more at a
# time; beyond this share of all regions nothing is near.
LEFT, FIRST, MORE, NEAR = 1e-10, 8, 4, 0.3


class Nearby:
    """G_B and H by columns: from regions within `hops` links where entries fall off soon, else (0) from all."""

    def __init__(self, W: sp.csr_array | None, M: sp.csr_array | None, rho: float, lam: float) -> None:
        self.W, self.M, self.rho, self.lam = W, M, rho, lam
        given = [matrix for matrix in (W, M) if matrix is not None]
        pattern = sum((abs(matrix) + abs(matrix).T for matrix in given[1:]), abs(given[0]) + abs(given[0]).T)
        self.links = sp.csr_array(pattern)
        self.n = self.links.shape[0]
        self.hops = self._reach()

    @property
    def local(self) -> bool:
        """Whether few regions are near enough to matter."""
        return self.hops > 0

    @cached_property
    def whole(self) -> Ratios:
        """The factors of all regions, set up when they are first asked for."""
        return Ratios(self.W, self.M, self.rho, self.lam)

    def _reach(self) -> int:
        """Return how many links away entries are nothing, seen from a few patches; 0 where that is too far."""
        hops = FIRST
        for start in np.linspace(0, self.n - 1, 5).astype(int):
            patch = np.array([start])
            while True:
                rows, ring = self._around(patch, hops)
                if len(rows) + PATCH > NEAR * self.n:
                    return 0
                if self._vanishes(patch, rows, ring):
                    break
                hops += MORE
        return hops

    def _vanishes(self, patch: Places, rows: Places, ring: npt.NDArray[np.bool_]) -> bool:
        parts = [self._solved(patch, rows, which) for which in (0, 1) if (self.W, self.M)[which] is not None]
        return all(np.abs(G[ring]).max(initial=0.0) <= LEFT * np.abs(G).max(initial=0.0) for G in parts)

    def _around(self, patch: Places, hops: int) -> tuple[Places, npt.NDArray[np.bool_]]:
        """Return the regions within so many links, sorted, and which of them are the last ones reached."""
        seen = np.zeros(self.n, dtype=bool)
        seen[patch] = True
        last = patch
        for _ in range(hops):
            reached = np.unique(self.links.indices[_ranges(self.links.indptr, last)])
            last = reached[~seen[reached]]
            seen[last] = True
            if not len(last):
                break
        rows = np.flatnonzero(seen)
        return rows, np.isin(rows, last)

    def _solved(self, patch: Places, rows: Places, which: int) -> FloatArray:
        own = [None if matrix is None else sp.csr_array(matrix[rows][:, rows]) for matrix in (self.W, self.M)]
        ratios = Ratios(own[0], own[1], self.rho, self.lam)
        unit = np.zeros((len(rows), len(patch)))
        unit[np.searchsorted(rows, patch), np.arange(len(patch))] = 1.0
        return (ratios.of_w, ratios.of_m)[which](unit)

    def columns(self, which: int) -> Iterator[Columns]:
        """Give the columns of G_B (0) or H (1), every one once."""
        if not self.local:
            every, apply = np.arange(self.n), (self.whole.of_w, self.whole.of_m)[which]
            for start in range(0, self.n, COLUMNS):
                patch = every[start : start + COLUMNS]
                unit = np.zeros((self.n, len(patch)))
                unit[patch, patch - start] = 1.0
                yield patch, every, apply(unit)
            return
        for patch in self._patches():
            rows, ring = self._around(patch, self.hops)
            G = self._solved(patch, rows, which)
            hops = self.hops
            while np.abs(G[ring]).max(initial=0.0) > LEFT * np.abs(G).max(initial=0.0):
                hops += MORE
                rows, ring = self._around(patch, hops)
                G = self._solved(patch, rows, which)
            yield patch, rows, G

    def _patches(self) -> Iterator[Places]:
        """Divide the regions into sets of neighbours, grown link by link from the first that is in none."""
        free = np.ones(self.n, dtype=bool)
        for first in range(self.n):
            if not free[first]:
                continue
            patch = [np.array([first])]
            free[first] = False
            size = 1
            while size < PATCH and len(patch[-1]):
                reached = np.unique(self.links.indices[_ranges(self.links.indptr, patch[-1])])
                new = reached[free[reached]][: PATCH - size]
                free[new] = False
                size += len(new)
                patch.append(new)
            yield np.sort(np.concatenate(patch))


def _ranges(starts: npt.NDArray[np.integer], at: Places) -> Places:
    """Return the places of the entries of some rows of a matrix in compressed rows."""
    counts = starts[at + 1] - starts[at]
    ends = np.cumsum(counts)
    return np.asarray(np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts[at] - ends + counts, counts))
