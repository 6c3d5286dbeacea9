"""Convergence: growth of regions with a known beta, and paths that come together."""

from __future__ import annotations

from typing import Any

import numpy as np

import spatialconv as sc
from tests.simulation.sizes.entry import Draw, Entry, Sample, covers, each
from tests.simulation.worlds import FloatArray

DRIFT, SIGMA, BETA = 0.35, 0.25, -0.1


def growing(sample: Sample, beta: float, spans: int) -> sc.Panel:
    """Draw levels whose growth is drift + beta log level + an error of the law; regions start as they would end."""
    level = np.empty((spans + 1, sample.n))
    # Beta zero has no resting place: the start is then spread as incomes are.
    level[0] = 3.0 + 1.5 * sample.rng.standard_normal(sample.n)
    for t in range(spans):
        growth = DRIFT + beta * (level[t] - 3.0) + SIGMA * sample.errors(sample.n)
        level[t + 1] = level[t] + growth
    return sample.panel(y=np.exp(level))


def wald(effects: str, spatial: str) -> Draw:
    """Test beta = 0 where it is zero, and cover the speed where beta is -0.1."""

    @each
    def draw(sample: Sample) -> dict[str, float]:
        spans = max(sample.T, 1)
        options: Any = {"effects": effects, "spatial": spatial}
        w = None if spatial == "none" else sample.world.graph
        none = sc.beta(growing(sample, 0.0, spans), "y", w, **options)
        some = sc.beta(growing(sample, BETA, spans), "y", w, **options)
        speed = some.speeds.loc["speed"]
        return {
            "z of beta": float(none.pvalues["log_initial"]),
            "the interval of beta": covers(*some.conf_int().loc["log_initial"], BETA),
            "the interval of the speed": covers(speed["conf_low"], speed["conf_high"], -np.log1p(BETA)),
        }

    return draw


@each
def nonlinear(sample: Sample) -> dict[str, float]:
    """Test the speed, and cover it and the half-life."""
    none = sc.beta_nls(growing(sample, 0.0, 1), "y")
    some = sc.beta_nls(growing(sample, BETA, 1), "y")
    speed = -np.log1p(BETA)
    return {
        "t of the speed": float(none.pvalues["speed"]),
        "the interval of the speed": covers(*some.conf_int().loc["speed"], speed),
    }


@each
def regimes(sample: Sample) -> dict[str, float]:
    """Test that two halves of the regions have the same beta."""
    panel = growing(sample, BETA, 1)
    halves = {label: k % 2 for k, label in enumerate(panel.regions)}
    return {"Chow": sc.beta_regimes(panel, "y", regimes=halves).tests[0].p_value}


@each
def quantiles(sample: Sample) -> dict[str, float]:
    """Cover the median's beta, which errors of all laws leave as it is, and test that all quantiles have one."""
    found = sc.beta_quantiles(growing(sample, BETA, 1), "y", quantiles=(0.25, 0.5, 0.75), draws=199, seed=sample.rng,
                              progress=False)  # fmt: skip
    row = found.table.loc[0.5]
    return {
        "the interval of the median's beta": covers(row["conf_low"], row["conf_high"], BETA),
        "equality over quantiles": float(found.equality.p_value),
    }


def paths(sample: Sample) -> FloatArray:
    """Draw logs of regions that come together as fast as log t says at least: the border of the null."""
    t = np.arange(1, sample.T + 1)[:, None]
    own = 1 + 0.2 * sample.errors(sample.T, sample.n) / np.log(t + 1)
    return np.exp(2 * own)


@each
def log_t(sample: Sample) -> dict[str, float]:
    """Test convergence where there is some, at its slowest."""
    return {"one-sided p": float(sc.log_t(sample.panel(y=paths(sample)), "y").p_value)}


@each
def joins(sample: Sample) -> dict[str, float]:
    """Test whether clubs, of ten periods, gather where regions are noise."""
    level = 3 + np.cumsum(0.2 * sample.errors(10, sample.n), axis=0)
    found = sc.clubs(sample.panel(y=np.exp(level)), "y")
    if found.n_clubs == 0:
        return {"p of the joins within all clubs": np.nan}
    near = found.join_counts(sample.neighbours, permutations=199, seed=sample.rng)
    return {"p of the joins within all clubs": near.p_value}


@each
def short(sample: Sample) -> dict[str, float]:
    """Test beta = 0 with regions' residuals rotated."""
    b = sc.beta(growing(sample, 0.0, sample.T), "y", sample.world.graph, spatial="lag", effects="two-way")
    table = b.short_panel_test(draws=199, seed=sample.rng).tidy().set_index("term")
    return {name: float(p) for name, p in table["p_value"].items()}


@each
def threshold(sample: Sample) -> dict[str, float]:
    """Test one beta where there is one, and cover a threshold in the level that is there."""
    options: Any = {"effects": "time" if sample.T > 1 else "none", "draws": 99}
    one = sc.beta_threshold(growing(sample, BETA, sample.T), "y", seed=sample.rng, **options)
    level = np.empty((sample.T + 1, sample.n))
    level[0] = 3.0 + 1.5 * sample.rng.standard_normal(sample.n)
    for t in range(sample.T):
        jump = np.where(level[t] > 3.0, 0.4, -0.4)
        level[t + 1] = level[t] + BETA * (level[t] - 3.0) + jump + SIGMA * sample.errors(sample.n)
    curve = sc.beta_threshold(sample.panel(y=np.exp(level)), "y", effects=options["effects"], draws=0).curve
    below = curve[curve["threshold"] <= 3.0]
    return {
        "sup F of a threshold": one.test.p_value,
        "the set of thresholds": float(below["inside"].iloc[-1]) if len(below) else np.nan,
    }


@each
def broken(sample: Sample) -> dict[str, float]:
    """Test no break where there is none, and cover the date of one where beta falls to nothing."""
    one = sc.beta_breaks(growing(sample, BETA, sample.T), "y", draws=99, max_breaks=2, seed=sample.rng)
    level = np.empty((sample.T + 1, sample.n))
    level[0] = 3.0 + 1.5 * sample.rng.standard_normal(sample.n)
    for t in range(sample.T):
        beta = 2 * BETA if t < sample.T // 2 else 0.0
        level[t + 1] = level[t] + DRIFT + beta * (level[t] - 3.0) + SIGMA * sample.errors(sample.n)
    found = sc.beta_breaks(sample.panel(y=np.exp(level)), "y", breaks=1, draws=99, seed=sample.rng).dates.iloc[0]
    return {
        "UDmax of breaks": float(one.tests.loc["some against none", "p_value"]),
        "the interval of a date": covers(found["conf_low"], found["conf_high"], sample.T // 2 + 1),
    }


@each
def weighted(sample: Sample) -> dict[str, float]:
    """Test that weights change nothing where they do not, and cover beta; a few regions hold most of the people."""
    panel = growing(sample, BETA, sample.T)
    people = np.tile(np.exp(sample.rng.standard_normal(sample.n)), sample.T + 1)
    found = sc.beta_weighted(panel.assign(people=people), "y", weights="people", effects="time")
    row = found.table.loc["weighted"]
    return {
        "DuMouchel and Duncan's F": found.test.p_value,
        "the interval of the weighted beta": covers(row["conf_low"], row["conf_high"], BETA),
    }


WALD = {"z of beta": "size", "the interval of beta": "coverage", "the interval of the speed": "coverage"}
ENTRIES = (
    *(
        Entry("beta", WALD, wald("none", spatial), 2000,  # type: ignore[arg-type]
              f"effects=none; spatial={spatial}; vcov=information; correction=auto", periods=(1,))
        for spatial in ("none", "lag", "error")
    ),
    *(
        Entry("beta", WALD, wald(effects, spatial), 2000,  # type: ignore[arg-type]
              f"effects={effects}; spatial={spatial}; vcov=information; correction=auto", periods=(4, 10))
        for effects in ("time", "region", "two-way") for spatial in ("none", "lag")
    ),
    Entry("beta_nls", {"t of the speed": "size", "the interval of the speed": "coverage"}, nonlinear, 2000,
          "vcov=classical", periods=(1,)),
    Entry("beta_regimes", {"Chow": "size"}, regimes, 2000, periods=(1,)),
    Entry("beta_quantiles", {"the interval of the median's beta": "coverage", "equality over quantiles": "size"},
          quantiles, 300, periods=(1,)),
    *(
        Entry("beta_threshold", {"sup F of a threshold": "size", "the set of thresholds": "coverage"}, threshold, 300,
              f"effects={effects}", periods=(T,), regions=regions, laws=("normal", "lognormal"))
        # Eleven regions in a cross-section have no three candidates with five on both sides.
        for effects, T, regions in (("none", 1, (31, 48)), ("time", 10, (11, 31, 48)))
    ),
    Entry("beta_breaks", {"UDmax of breaks": "size", "the interval of a date": "coverage"}, broken, 300,
          "effects=time", periods=(10, 40), regions=(11, 31, 48), laws=("normal", "lognormal")),
    Entry("beta_weighted", {"DuMouchel and Duncan's F": "size", "the interval of the weighted beta": "coverage"},
          weighted, 500, periods=(1, 10), regions=(11, 31, 48), laws=("normal", "lognormal")),
    Entry("log_t", {"one-sided p": "size"}, log_t, 2000, periods=(10, 40)),
    Entry("clubs.join_counts", {"p of the joins within all clubs": "size"}, joins, 500),
)  # fmt: skip
