"""Cells of a study, their samples in parallel, and the same figures whatever the number of jobs."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from tests.simulation.worlds import FloatArray

BLOCK = 25
LEVEL = 0.95


@dataclass(frozen=True)
class Cell:
    """One design of a study: n regions, T periods, and what else sets it apart, in the order of the table."""

    study: str
    n: int
    T: int
    options: tuple[tuple[str, object], ...] = ()

    def __getitem__(self, name: str) -> object:
        return dict(self.options)[name]

    @property
    def key(self) -> str:
        """Name by which its samples are drawn: a cell more or less changes no other."""
        return "/".join([self.study, str(self.n), str(self.T), *(f"{k}={v}" for k, v in self.options)])

    def generator(self, seed: int, draw: int) -> np.random.Generator:
        """Return the generator of one sample, the same in whichever process it runs."""
        return np.random.default_rng(np.random.SeedSequence([seed, zlib.crc32(self.key.encode()), draw]))


@dataclass(frozen=True)
class Study:
    """A design: `draw(cell, rng)` returns an array of the shape that `columns(cell)` labels."""

    name: str
    cells: tuple[Cell, ...]
    draw: Callable[[Cell, np.random.Generator], FloatArray]


def block(study: Study, cell: Cell, seed: int, start: int, stop: int) -> FloatArray:
    """Draw and fit some samples of a cell."""
    return np.array([study.draw(cell, cell.generator(seed, k)) for k in range(start, stop)])


def run(
    studies: Iterable[Study],
    *,
    draws: int,
    seed: int,
    jobs: int = 1,
    show: bool = False,
) -> Mapping[Cell, FloatArray]:
    """Return the figures of every cell, samples along the first axis."""
    from joblib import Parallel, delayed
    from tqdm.auto import tqdm

    tasks = [
        (study, cell, start, min(start + BLOCK, draws))
        for study in studies
        for cell in study.cells
        for start in range(0, draws, BLOCK)
    ]
    found = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(block)(study, cell, seed, start, stop) for study, cell, start, stop in tasks
    )
    gathered = defaultdict(list)
    for (_, cell, _, _), values in zip(
        tasks, tqdm(found, total=len(tasks), disable=not show, unit="block"), strict=True
    ):
        gathered[cell].append(values)
    return {cell: np.concatenate(parts) for cell, parts in gathered.items()}


@dataclass(frozen=True)
class Summary:
    """What samples say of one estimator of one quantity, with the Monte Carlo error of each figure."""

    bias: float
    sd: float
    mean_se: float
    size: float
    draws: int

    @property
    def coverage(self) -> float:
        """Share of 95 % intervals that hold the truth: what the two-sided test of the truth does not reject."""
        return 1 - self.size

    @property
    def bias_error(self) -> float:
        """Standard error of the bias."""
        return self.sd / np.sqrt(self.draws)


def summarise(values: FloatArray, truth: float) -> Summary:
    """Summarise estimates and standard errors, shape (draws, 2), against the truth."""
    estimate, se = values[:, 0], values[:, 1]
    z = (estimate - truth) / se
    rejects = np.abs(z) > stats.norm.ppf(0.5 + LEVEL / 2)
    return Summary(
        float(estimate.mean() - truth), float(estimate.std(ddof=1)), float(se.mean()), float(rejects.mean()), len(z)
    )


def share_error(share: float, draws: int) -> float:
    """Standard error of a share from independent draws."""
    return float(np.sqrt(share * (1 - share) / draws))


def rejections(p: FloatArray) -> pd.Series:
    """Return the share of p-values below 5 % among those that exist, by column."""
    frame = pd.DataFrame(p)
    return (frame < 1 - LEVEL).sum() / frame.notna().sum()
