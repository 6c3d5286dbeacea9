"""Distribution dynamics: one mode; chains that are homogeneous, of first order, and blind to neighbours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import spatialconv as sc
from tests.simulation.sizes.entry import Entry, Figures, Sample, covers, each
from tests.simulation.worlds import FloatArray

# A chain of three classes that leaves a class in one step of four.
CHAIN = np.array([[0.75, 0.25, 0.0], [0.125, 0.75, 0.125], [0.0, 0.25, 0.75]])
START = np.array([0.25, 0.5, 0.25])
BREAKS = (0.5, 1.5)


def modes(interval: str) -> Callable[[Sample, int], Figures]:
    """Test for one mode: as many samples as a panel has periods."""

    def draw(sample: Sample, count: int) -> Figures:
        path = sc.density(sample.panel(y=sample.values(count, sample.n)), "y", scale="level")
        found = path.mode_test(draws=99, interval=interval, seed=sample.rng)  # type: ignore[arg-type]
        return {"p of one mode": found.table["p"].to_numpy()}

    return draw


def chain(sample: Sample, T: int) -> FloatArray:
    """Draw the classes of a chain that has always run, (T, n)."""
    steps = sample.rng.random((T, sample.n))
    at = np.searchsorted(START.cumsum(), steps[0])
    path = [at]
    for step in steps[1:]:
        path.append((CHAIN[path[-1]].cumsum(axis=1) < step[:, None]).sum(axis=1))
    return np.array(path, dtype=float)


def markov_of(sample: Sample) -> Any:
    """Return the chain of a sample."""
    return sc.markov(sample.panel(y=chain(sample, sample.T)), "y", classes=BREAKS, scale="level")


@each
def homogeneity(sample: Sample) -> dict[str, float]:
    """Test that the first half of the time has the probabilities of the second."""
    return dict(zip(("LR", "Q"), (test.p_value for test in markov_of(sample).homogeneity()), strict=True))


@each
def order(sample: Sample) -> dict[str, float]:
    """Test independence against first order (false here, left out), and first against second order."""
    tests = markov_of(sample).order_test()
    return dict(zip(("LR", "Q"), (test.p_value for test in tests[-2:]), strict=True))


@each
def staying(sample: Sample) -> dict[str, float]:
    """Cover the probability of staying in the middle class."""
    found = markov_of(sample)
    tidy, label = found.tidy().set_index("term"), found.probabilities.index[1]
    row = tidy.loc[f"{label} to {label}"]
    return {"Wilson's interval of a probability": covers(row["conf_low"], row["conf_high"], CHAIN[1, 1])}


def neighbours(permutations: int) -> Callable[[Sample, int], Figures]:
    """Test that the chain does not depend on the class of the neighbours."""

    @each
    def draw(sample: Sample) -> dict[str, float]:
        panel = sample.panel(y=chain(sample, sample.T))
        found = sc.spatial_markov(panel, "y", sample.neighbours, classes=BREAKS, lag_classes=(0.8, 1.2),
                                  scale="level", permutations=permutations, seed=sample.rng)  # fmt: skip
        p = [test.p_value for test in found.tests]
        return {"Q by permutation": p[2]} if permutations else {"LR": p[0], "Q": p[1]}

    return draw


@each
def ranks(sample: Sample) -> dict[str, float]:
    """Test rank mobility where ranks are drawn anew."""
    panel = sample.panel(y=sample.values(2, sample.n))
    row = sc.mobility(panel, "y", sample.neighbours, permutations=499, seed=sample.rng).table.iloc[-1]
    return {"p of tau": row["p"], "p of the neighbours' tau": row["p_neighbours"]}


BOTH = {"LR": "size", "Q": "size"}
# Classes are drawn: no law of errors has a part in them.
ALONE = ("normal",)
ENTRIES = (
    Entry("density.mode_test", {"p of one mode": "size"}, modes("dense"), 1000, "modes=1; interval=dense"),
    Entry("density.mode_test", {"p of one mode": "size"}, modes("whole"), 500, "modes=1; interval=whole"),
    Entry("markov", {"Wilson's interval of a probability": "coverage"}, staying, 2000, periods=(4, 10, 40), laws=ALONE),
    Entry("markov.homogeneity", BOTH, homogeneity, 2000, periods=(4, 10, 40), laws=ALONE),
    Entry("markov.order_test", BOTH, order, 2000, periods=(4, 10, 40), laws=ALONE),
    Entry("spatial_markov", BOTH, neighbours(0), 2000, periods=(4, 10, 40), laws=ALONE),
    Entry("spatial_markov", {"Q by permutation": "size"}, neighbours(199), 500, "permutations=some",
          periods=(4, 10, 40), laws=ALONE),
    Entry("mobility", {"p of tau": "size", "p of the neighbours' tau": "size"}, ranks, 2000),
)  # fmt: skip
