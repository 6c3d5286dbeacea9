"""Regressions under effects of regions and periods, and plants placed at random."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

import spatialconv as sc
from tests.simulation.sizes.entry import Entry, Figures, Sample, covers, each
from tests.simulation.worlds import BETA, effects, regressor


def sample_of(sample: Sample, kind: str) -> sc.Panel:
    """Draw y = 0.5 x + effects + errors of the law, x correlated with the effects."""
    own = effects(sample.rng, kind, sample.T, sample.n)
    x = regressor(sample.rng, own)
    return sample.panel(y=BETA * x + own.sum + sample.errors(sample.T, sample.n), x=x)


def coefficient(kind: str, vcov: str) -> Callable[[Sample, int], Figures]:
    """Cover the coefficient."""

    @each
    def draw(sample: Sample) -> dict[str, float]:
        fit = sc.fixed_effects(sample_of(sample, kind), "y", "x", effects=kind, vcov=vcov)  # type: ignore[arg-type]
        row = fit.table.loc["x"]
        return {"the interval of a coefficient": covers(row["conf_low"], row["conf_high"], BETA)}

    return draw


@each
def groups(sample: Sample) -> dict[str, float]:
    """Test that two groups of regions have the same coefficient."""
    panel = sample_of(sample, "time")
    halves = {label: k % 2 for k, label in enumerate(panel.regions)}
    found = sc.fixed_effects_by_group(panel, "y", "x", groups=halves, permutations=199, seed=sample.rng)
    return dict(zip(GROUPS, (test.p_value for test in found.tests), strict=True))


GROUPS = ("the same coefficient (Wald)", "the same slopes (Chow)", "the same coefficient (permutation)")


PLANTS = 40


@each
def plants(sample: Sample) -> dict[str, float]:
    """Test an industry's gathering whose plants, of sizes of the law, are placed at random."""
    share = sample.rng.dirichlet(np.full(sample.n, 3.0))
    sizes = np.abs(sample.values(PLANTS)) + 0.1
    own = np.bincount(sample.rng.choice(sample.n, PLANTS, p=share), sizes, sample.n)
    # All other plants are many and small, and make the regions what they are.
    rest = 1e4 * sizes.sum() * share
    names = [f"region {k}" for k in range(sample.n)]
    frame = pd.DataFrame(
        {"region": names * 2, "industry": ["a"] * sample.n + ["rest"] * sample.n, "jobs": [*own, *rest]}
    )
    table = sc.industry_table(frame, region="region", industry="industry", value="jobs")
    known = pd.DataFrame({"industry": ["a"] * PLANTS + ["rest"] * 1000, "size": [*sizes, *[rest.sum() / 1000] * 1000]})
    found = sc.ellison_glaeser(table, plants=known).table
    return {"p of an industry": float(found["p_value"].xs("a", level="industry").iloc[0])}


ENTRIES = (
    *(
        Entry("fixed_effects", {"the interval of a coefficient": "coverage"}, coefficient(kind, vcov), 2000,
              f"effects={kind}; vcov={vcov}", periods=(4, 10))
        for kind, vcov in (*((k, "cluster") for k in ("two-way", "region")), ("two-way", "unadjusted"))
    ),
    Entry("fixed_effects_by_group", dict.fromkeys(GROUPS, "size"), groups, 500, periods=(4,)),
    Entry("ellison_glaeser", {"p of an industry": "size"}, plants, 2000),
)  # fmt: skip
