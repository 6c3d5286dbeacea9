"""Cells of a study, their samples in parallel, and the same figures whatever the number of jobs.

A study is a grid of cells and a function that draws and fits samples of one cell, each from a generator of its own.
Nothing of it depends on which process draws a sample, nor on which other cells are run.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from tests.simulation.worlds import FloatArray

BLOCK = 25


@dataclass(frozen=True)
class Cell:
    """One design of a study: n regions, T periods, and what else sets it apart, in the order of the table."""

    study: str
    n: int
    T: int
    options: tuple[tuple[str, Any], ...] = ()

    def __getitem__(self, name: str) -> Any:
        return dict(self.options)[name]

    @property
    def size(self) -> str:
        """The sample in words."""
        return f"{self.n} x {self.T}"

    @property
    def key(self) -> str:
        """Name by which its samples are drawn: a cell more or less changes no other."""
        return "/".join([self.study, str(self.n), str(self.T), *(f"{k}={v}" for k, v in self.options)])

    def generator(self, seed: int, draw: int) -> np.random.Generator:
        """Return the generator of one sample, the same in whichever process it runs."""
        return np.random.default_rng(np.random.SeedSequence([seed, zlib.crc32(self.key.encode()), draw]))


def grid(study: str, sizes: Iterable[tuple[int, int]], **options: Iterable[Any]) -> tuple[Cell, ...]:
    """Return the cells of all sizes with all combinations of options, sizes slowest."""
    values = list(product(*options.values()))
    return tuple(Cell(study, n, T, tuple(zip(options, chosen, strict=True))) for n, T in sizes for chosen in values)


Results = Mapping[Cell, FloatArray]
Draw = Callable[[Cell, Sequence[np.random.Generator]], FloatArray]


@dataclass(frozen=True)
class Study:
    """A design: `draw(cell, generators)` returns an array, a sample a generator along its first axis.

    `share` of the draws asked for is taken (fits through the public door cost more than those on arrays); `tell`
    makes Markdown of the results.
    """

    name: str
    title: str
    cells: tuple[Cell, ...]
    draw: Draw
    tell: Callable[[Results], str]
    share: float = 1.0

    def draws(self, asked: int) -> int:
        """Return how many samples a cell has."""
        return max(2, round(self.share * asked))


@dataclass(frozen=True)
class Each:
    """Draws a block one sample after the other by `one(cell, generator)`."""

    one: Callable[[Cell, np.random.Generator], FloatArray]

    def __call__(self, cell: Cell, generators: Sequence[np.random.Generator]) -> FloatArray:
        return np.array([self.one(cell, g) for g in generators])


def block(draw: Draw, cell: Cell, seed: int, start: int, stop: int) -> FloatArray:
    """Draw and fit some samples of a cell."""
    import warnings

    from spatialconv.errors import SpatialConvWarning

    with warnings.catch_warnings():
        # An optimum on a bound is a result here: it is counted.
        warnings.simplefilter("ignore", SpatialConvWarning)
        return draw(cell, [cell.generator(seed, k) for k in range(start, stop)])


def run(studies: Iterable[Study], *, draws: int, seed: int, jobs: int = 1, show: bool = False) -> Results:
    """Return the figures of every cell, samples along the first axis."""
    from joblib import Parallel, delayed
    from tqdm.auto import tqdm

    tasks = list(_tasks(studies, draws))
    found = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(block)(study.draw, cell, seed, start, stop) for study, cell, start, stop in tasks
    )
    gathered = defaultdict(list)
    for (_, cell, _, _), values in zip(
        tasks, tqdm(found, total=len(tasks), disable=not show, unit="block"), strict=True
    ):
        gathered[cell].append(values)
    return {cell: np.concatenate(parts) for cell, parts in gathered.items()}


def _tasks(studies: Iterable[Study], draws: int) -> Iterator[tuple[Study, Cell, int, int]]:
    for study in studies:
        count = study.draws(draws)
        for cell in study.cells:
            for start in range(0, count, BLOCK):
                yield study, cell, start, min(start + BLOCK, count)
