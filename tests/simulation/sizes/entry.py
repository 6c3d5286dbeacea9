"""What an entry of the registry is: a call, its samples, and p-values or hits of intervals drawn from them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Literal

import numpy as np
import pandas as pd
from libpysal.graph import Graph

import spatialconv as sc
from tests.simulation.worlds import FloatArray, World, world

Kind = Literal["size", "coverage"]
LAWS = ("normal", "lognormal", "t5")
REGIONS, PERIODS = (11, 30, 100), (4, 10, 40)
# Regions and periods of Zhejiang, of the provinces of China, and of the US states.
USED = ((11, 5), (31, 10), (48, 40))
# Lognormal: exp(z) has this mean and standard deviation.
_MEAN, _SD = np.exp(0.5), np.sqrt((np.e - 1) * np.e)


@dataclass(frozen=True)
class Cell:
    """One sample size and law of errors; T is 0 where the number of periods plays no part."""

    n: int
    T: int
    law: str


@dataclass(frozen=True, eq=False)
class Sample:
    """What a draw is made from: a cell and its random numbers."""

    cell: Cell
    rng: np.random.Generator

    @property
    def n(self) -> int:
        """Number of regions."""
        return self.cell.n

    @property
    def T(self) -> int:
        """Number of periods."""
        return self.cell.T

    @property
    def world(self) -> World:
        """The regions and their weights."""
        return world(self.cell.n)

    @property
    def neighbours(self) -> Graph:
        """Neighbours, but not of all by all: the four nearest cities, or the five nearest points."""
        return _cities() if self.cell.n == 11 else self.world.graph

    def values(self, *shape: int) -> FloatArray:
        """Draw independent values of the law as it is: N(0, 1), its exponential, t(5)."""
        if self.cell.law == "t5":
            return self.rng.standard_t(5, shape)
        z = self.rng.standard_normal(shape)
        return np.exp(z) if self.cell.law == "lognormal" else z

    def errors(self, *shape: int) -> FloatArray:
        """Draw independent errors of the law with mean 0 and variance 1."""
        x = self.values(*shape)
        if self.cell.law == "lognormal":
            return (x - _MEAN) / _SD
        return x * np.sqrt(3 / 5) if self.cell.law == "t5" else x

    def panel(self, **columns: FloatArray) -> sc.Panel:
        """Return columns of shape (T, n) as the public door takes them."""
        T, n = next(iter(columns.values())).shape
        labels = list(self.world.graph.unique_ids)
        frame = {"region": labels * T, "period": np.repeat(np.arange(T), n)}
        return sc.Panel(
            pd.DataFrame(frame | {k: v.ravel() for k, v in columns.items()}), region="region", period="period"
        )


@cache
def _cities() -> Graph:
    return sc.weights.knn(sc.datasets.zhejiang().cities, k=4)


Figures = Mapping[str, FloatArray]
Draw = Callable[[Sample, int], Figures]


@dataclass(frozen=True)
class Entry:
    """A call of the package with its options, and how to draw from it.

    `draw(sample, count)` returns for every statistic an array (count,): the p-values of a true null ("size"), or
    whether an interval holds the truth, 0 or 1 ("coverage"); NaN where there is none. `options` are looked up in the
    provenance of results (`spatialconv._sizes.matches`). `public` names what of the package is covered besides `call`.
    `pairs` of regions and periods stand in place of all of both.
    """

    call: str
    statistics: Mapping[str, Kind]
    draw: Draw
    draws: int
    options: str = ""
    periods: tuple[int, ...] = (0,)
    regions: tuple[int, ...] = REGIONS
    pairs: tuple[tuple[int, int], ...] = ()
    laws: tuple[str, ...] = LAWS
    block: int = 25
    public: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Name by which its random numbers are drawn, its own whatever else is run."""
        return f"{self.call}[{self.options}]"

    def cells(self) -> Iterator[Cell]:
        """Yield the cells, small samples first."""
        for n, T in self.pairs or product(self.regions, self.periods):
            for law in self.laws:
                yield Cell(n, T, law)

    def figures(self, cell: Cell, seed: int, block: int, count: int) -> Figures:
        """Draw one block of a cell."""
        key = zlib.crc32(f"{self.key}/{cell.n}/{cell.T}/{cell.law}".encode())
        found = self.draw(Sample(cell, np.random.default_rng(np.random.SeedSequence([seed, key, block]))), count)
        assert set(found) == set(self.statistics), f"{self.key}: {sorted(found)} instead of {sorted(self.statistics)}"
        assert all(np.shape(values) == (count,) for values in found.values()), self.key
        return found


def each(one: Callable[[Sample], Mapping[str, float]]) -> Draw:
    """Make a draw of several out of one of a single sample."""

    def draw(sample: Sample, count: int) -> Figures:
        rows = [one(sample) for _ in range(count)]
        return {name: np.array([row[name] for row in rows], dtype=float) for name in rows[0]}

    draw.__name__ = one.__name__
    return draw


def covers(low: float, high: float, truth: float) -> float:
    """Return 1 if an interval holds the truth, 0 if not, NaN if there is none."""
    return float("nan") if np.isnan(low) or np.isnan(high) else float(low <= truth <= high)
