"""Dispersion and inequality: the same in all periods, of regions that keep half of their variance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import spatialconv as sc
from tests.simulation.sizes.autocorrelation import global_draw
from tests.simulation.sizes.entry import Entry, Sample, covers, each

SPREAD = 0.5
# Of every law, exp(SPREAD z) is positive; half of the variance of z stays with the region.
TESTS = ("Pitman-Morgan", "Carree-Klomp T2", "Carree-Klomp T3", "the trend of sd_log")


def levels(sample: Sample, periods: int) -> sc.Panel:
    """Return levels whose logarithms have one distribution in all periods."""
    z = np.sqrt(0.5) * (sample.errors(1, sample.n) + sample.errors(periods, sample.n))
    return sample.panel(y=np.exp(SPREAD * z))


@each
def sigma(sample: Sample) -> dict[str, float]:
    """Test first against last period, and the trend; the ratio of variances is one."""
    found = sc.sigma(levels(sample, sample.T), "y", measures=["mean_log", "sd_log"])
    tests = dict(zip(TESTS, (test.p_value for test in found.tests), strict=True))
    return tests | {"the interval of the ratio of variances": covers(*found.ratio_interval, 1.0)}


@each
def sigma_bootstrap(sample: Sample) -> dict[str, float]:
    """Cover the standard deviation of logs, which is known, and its change, which is nothing."""
    found = sc.sigma(levels(sample, 2), "y", measures=["mean_log", "sd_log"]).bootstrap(
        draws=499, seed=sample.rng, progress=False
    )
    row, change = found.table.loc[("sd_log", 1)], found.changes.loc["sd_log"]
    return {
        "the interval of sd_log": covers(row["conf_low"], row["conf_high"], SPREAD),
        "the interval of its change": covers(change["conf_low"], change["conf_high"], 0.0),
    }


def parts_bootstrap(function: Callable[..., Any], whole: str) -> Callable[[Sample, int], Any]:
    """Cover the change of a measure of inequality between two periods, which is nothing."""

    @each
    def draw(sample: Sample) -> dict[str, float]:
        panel = levels(sample, 2)
        groups = {label: k % 2 for k, label in enumerate(panel.regions)}
        found = function(panel, "y", groups=groups).bootstrap(draws=499, seed=sample.rng, progress=False)
        change = found.changes.loc[whole]
        return {f"the interval of the change of {whole}": covers(change["conf_low"], change["conf_high"], 0.0)}

    return draw


ENTRIES = (
    Entry("sigma", dict.fromkeys(TESTS, "size") | {"the interval of the ratio of variances": "coverage"}, sigma, 2000,
          periods=(4, 10, 40)),
    Entry("sigma.bootstrap", {"the interval of sd_log": "coverage", "the interval of its change": "coverage"},
          sigma_bootstrap, 500, "method=bca"),
    Entry("theil.bootstrap", {"the interval of the change of total": "coverage"}, parts_bootstrap(sc.theil, "total"),
          500, "method=bca"),
    Entry("dagum.bootstrap", {"the interval of the change of gini": "coverage"}, parts_bootstrap(sc.dagum, "gini"),
          500, "method=bca"),
    Entry("spatial_gini", {"p": "size"}, global_draw(sc.spatial_gini, permutations=999), 1000, block=25),
)  # fmt: skip
