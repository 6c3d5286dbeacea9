"""Statistics of spatial autocorrelation: values independent of where they stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import spatialconv as sc
from tests.simulation.sizes.entry import Entry, Figures, Sample, each
from tests.simulation.worlds import FloatArray

ANYWHERE = "a cluster anywhere on a map of noise (q <= 0.05)"
LOCAL = "the p of a region"


def global_draw(function: Callable[..., Any], **options: Any) -> Callable[[Sample, int], Figures]:
    """Test many independent maps at once: they are the periods of one panel."""

    def draw(sample: Sample, count: int) -> Figures:
        # General G needs positive values, as it is meant for; a shift changes neither I nor C.
        values = sample.values(count, sample.n)
        values = values - min(values.min(), 0.0) + 1.0
        graph = sample.neighbours if function is sc.spatial_gini else sample.world.graph
        found = function(sample.panel(y=values), "y", graph, **options, **_seed(sample, options))
        return {"p": found.table["p"].to_numpy()}

    return draw


def local_draw(function: Callable[..., Any], **options: Any) -> Callable[[Sample, int], Figures]:
    """Take the smallest q of every map, and the p of one region drawn for each."""

    def draw(sample: Sample, count: int) -> Figures:
        panel = sample.panel(y=sample.values(count, sample.n))
        table = function(panel, "y", sample.world.graph, **options, **_seed(sample, options)).table
        p, q = (table[name].to_numpy().reshape(count, sample.n) for name in ("p", "q"))
        return {LOCAL: p[np.arange(count), sample.rng.integers(0, sample.n, count)], ANYWHERE: smallest(q)}

    return draw


def smallest(q: FloatArray) -> FloatArray:
    """Return the smallest of each row, 1 where there is none."""
    return np.where(np.isnan(q), 1.0, q).min(axis=1)


def _seed(sample: Sample, options: dict[str, Any]) -> dict[str, Any]:
    return {"seed": sample.rng} if options.get("permutations") else {}


@each
def trends(sample: Sample) -> dict[str, float]:
    """Test for trends of Gi* where values are independent over time and space."""
    found = sc.hot_spot_trends(sample.panel(y=sample.values(sample.T, sample.n)), "y", sample.world.graph)
    return {"the Mann-Kendall p of a region": float(found.table["p"].iloc[sample.rng.integers(sample.n)])}


LOCALS = {LOCAL: "size", ANYWHERE: "size"}
ENTRIES = (
    *(
        Entry(name, {"p": "size"}, global_draw(function, null=null), 2000, f"null={null}", block=500)
        for name, function in (("moran", sc.moran), ("geary", sc.geary), ("general_g", sc.general_g))
        for null in (("randomisation", "normality") if name != "general_g" else ("randomisation",))
    ),
    *(
        Entry(name, {"p": "size"}, global_draw(function, null="permutation", permutations=999), 2000,
              "null=permutation", block=25)
        for name, function in (("moran", sc.moran), ("geary", sc.geary), ("general_g", sc.general_g))
    ),
    Entry("local_moran", LOCALS, local_draw(sc.local_moran), 2000, "null=conditional; permutations=none", block=500),
    Entry("local_moran", LOCALS, local_draw(sc.local_moran, null="total"), 2000, "null=total", block=500),
    Entry("local_moran", LOCALS, local_draw(sc.local_moran, permutations=9999), 500,
          "null=conditional; permutations=some", block=50),
    Entry("hot_spots", LOCALS, local_draw(sc.hot_spots), 2000, "star=True; permutations=none", block=500),
    Entry("hot_spots", LOCALS, local_draw(sc.hot_spots, star=False), 2000, "star=False; permutations=none", block=500),
    Entry("hot_spots", LOCALS, local_draw(sc.hot_spots, permutations=9999), 500, "permutations=some", block=50),
    Entry("hot_spot_trends", {"the Mann-Kendall p of a region": "size"}, trends, 1000, periods=(4, 10, 40)),
)  # fmt: skip
