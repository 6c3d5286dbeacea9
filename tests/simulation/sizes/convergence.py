"""Convergence: growth of regions with a known beta, and paths that come together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

import spatialconv as sc
from spatialconv._core.regression.searches.threshold import prepared
from spatialconv.convergence.beta import breaks, thresholds, weighted
from spatialconv.convergence.clubs.partition import ClubPartition
from spatialconv.errors import ModelError
from spatialconv.results import Provenance
from tests.simulation.sizes.entry import USED, Draw, Entry, Figures, Sample, covers, each
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


def grown(sample: Sample, law: Callable[[int, FloatArray], FloatArray]) -> FloatArray:
    """Return log levels (T + 1, n) that grow by a law of period and level, and an error."""
    level = np.empty((sample.T + 1, sample.n))
    level[0] = 3.0 + 1.5 * sample.rng.standard_normal(sample.n)
    for t in range(sample.T):
        level[t + 1] = level[t] + law(t, level[t] - 3.0) + SIGMA * sample.errors(sample.n)
    return level


def threshold(sample: Sample, count: int) -> Figures:
    """Test one beta where there is one, and cover a threshold in the level that is there.

    Samples go to what `beta_threshold` calls; the first goes through its door as well and must give the same.
    """
    effects: Any = "time" if sample.T > 1 else "none"

    def search(level: FloatArray) -> tuple[thresholds.Searched, FloatArray]:
        x = level[:-1]
        candidates = thresholds.candidates_of(x, 0.15, "the level")
        return thresholds.Searched(prepared(x[:, :, None], x, x, candidates, effects, True), effects, None), candidates

    def drawn(first: bool) -> tuple[float, float]:
        one = grown(sample, lambda _, gap: DRIFT + BETA * gap)
        found, _ = search(one)
        y, seed = np.diff(one, axis=0), int(sample.rng.integers(2**31))
        S0, S1, _ = found.sums(y[:, :, None])
        F = float(y.size * (S0[0] / S1[:, 0].min() - 1))
        p = thresholds.share_beyond(found, y, F, y.size, 99, np.random.default_rng(seed))
        some = grown(sample, lambda _, gap: BETA * gap + np.where(gap > 0, 0.4, -0.4))
        split, candidates = search(some)
        _, S, _ = split.sums(np.diff(some, axis=0)[:, :, None])
        inside = S[:, 0] <= S[:, 0].min() * (1 - 2 * np.log(1 - np.sqrt(0.95)) / y.size)
        below = candidates <= 3.0
        covered = float(inside[below][-1]) if below.any() else np.nan
        if first:
            one_p = sc.beta_threshold(sample.panel(y=np.exp(one)), "y", effects=effects, draws=99, seed=seed).test
            assert one_p.p_value == p
            curve = sc.beta_threshold(sample.panel(y=np.exp(some)), "y", effects=effects, draws=0).curve
            assert curve["inside"].tolist() == inside.tolist()
        return p, covered

    p, covered = np.array([drawn(k == 0) for k in range(count)]).T
    return {"sup F of a threshold": p, "the set of thresholds": covered}


def design(level: FloatArray) -> Any:
    """Return what growth regressions take from a design, of log levels (T + 1, n)."""
    T, n = len(level) - 1, level.shape[1]
    return SimpleNamespace(
        X=level[:-1, :, None], y=np.diff(level, axis=0), shape=(T, n, 1), periods=np.arange(1, T + 1)
    )


def broken(sample: Sample, count: int) -> Figures:
    """Test no break where there is none, and cover the date of one where beta falls to nothing.

    Samples go to what `beta_breaks` calls; the first goes through its door as well and must give the same.
    """
    T, n = sample.T, sample.n
    least = max(2, int(np.ceil(0.15 * T)))
    most = min(2, T // least - 1)

    def drawn(first: bool) -> tuple[float, float]:
        one = grown(sample, lambda _, gap: DRIFT + BETA * gap)
        two = grown(sample, lambda t, gap: DRIFT + (2 * BETA if t < T // 2 else 0.0) * gap)
        seed = int(sample.rng.integers(2**31))
        model = breaks._Model(design(one), "time", least)
        S, dates, rhos = model.fit(model.design.y[:, :, None], most)
        of = (S[:, 0], dates[:, :, 0], rhos[:, 0], most, 99, np.random.default_rng(seed), n * T, 1)
        p = float(breaks._tests(model, *of).loc["some against none", "p_value"])
        model = breaks._Model(design(two), "time", least)
        S, dates, rhos = model.fit(model.design.y[:, :, None], 1)
        rng = np.random.default_rng(seed)
        # The tests of the number come first and take their share of the random numbers.
        breaks._tests(model, S[:, 0], dates[:, :, 0], rhos[:, 0], 1, 99, rng, n * T, 1)
        found = breaks._dates(model, dates[1, :1, 0], 0.0, 99, rng, 0.95).iloc[0]
        if first:
            options: Any = {"draws": 99, "seed": seed}
            assert sc.beta_breaks(sample.panel(y=np.exp(one)), "y", max_breaks=2, **options).tests.iloc[0, 1] == p
            again = sc.beta_breaks(sample.panel(y=np.exp(two)), "y", breaks=1, **options).dates.iloc[0]
            assert again.tolist() == found.tolist()
        return p, covers(found["conf_low"], found["conf_high"], T // 2 + 1)

    p, covered = np.array([drawn(k == 0) for k in range(count)]).T
    return {"UDmax of breaks": p, "the interval of a date": covered}


def weighing(sample: Sample, count: int) -> Figures:
    """Test that weights change nothing where they do not, and cover beta; a few regions hold most of the people.

    As `broken`, by what `beta_weighted` calls.
    """

    def drawn(first: bool) -> tuple[float, float]:
        level = grown(sample, lambda _, gap: DRIFT + BETA * gap)
        people = np.tile(np.exp(sample.rng.standard_normal(sample.n)), (sample.T + 1, 1))
        omega = people[:-1] / people[:-1].mean(axis=1, keepdims=True)
        of = design(level)
        seed = int(sample.rng.integers(2**31))
        where = Provenance("", {}, sample.n, sample.T)
        p = weighted._dumouchel(of, omega, "time", 99, np.random.default_rng(seed), where).p_value
        b, V, *_ = weighted._fit(of.y, of.X, omega, "time")
        half = stats.t.ppf(0.975, sample.n - 1) * np.sqrt(V[0, 0])
        if first:
            panel = sample.panel(y=np.exp(level), people=people)
            found = sc.beta_weighted(panel, "y", weights="people", effects="time", draws=99, seed=seed)
            assert found.test.p_value == p
            assert np.isclose(found.table.loc["weighted", "conf_low"], b[0] - half, rtol=1e-9)
        return p, covers(b[0] - half, b[0] + half, BETA)

    p, covered = np.array([drawn(k == 0) for k in range(count)]).T
    return {"DuMouchel and Duncan's F": p, "the interval of the weighted beta": covered}


@cache
def _partition() -> ClubPartition:
    return sc.clubs(sc.datasets.us_income().panel.subset(periods=range(1980, 2010)), "income")


def explained(neighbours: bool) -> Draw:
    """Test that nothing explains clubs, three or two of them, where they are drawn by lot."""

    @each
    def draw(sample: Sample) -> dict[str, float]:
        panel = sample.panel(x=sample.values(1, sample.n))
        kinds = np.arange(sample.n) % (3 if sample.n > 20 else 2) + 1
        club = pd.Series(sample.rng.permutation(kinds), index=panel.regions, dtype="Int64")
        try:
            found = sc.explain_clubs(
                replace(_partition(), club=club), panel, "x", sample.neighbours if neighbours else None
            )
        except ModelError:
            # Separated by chance: there is no p.
            return dict.fromkeys(EXPLAINED[neighbours], np.nan)
        p = found.tidy().set_index("term")["p_value"]
        each = {"z of a regressor": p["x"], "likelihood ratio": found.lr_p}
        return each | ({"z of the neighbours' clubs": p["W:club"]} if neighbours else {})

    return draw


@each
def compared(sample: Sample) -> dict[str, float]:
    """Test that two partitions have nothing in common where they are drawn apart."""
    a, b = (pd.Series(sample.rng.integers(0, 3, sample.n)) for _ in range(2))
    return {"p of the adjusted Rand index": sc.compare_partitions(a, b, permutations=99, seed=sample.rng).p_value}


EXPLAINED = {False: ("z of a regressor", "likelihood ratio")}
EXPLAINED[True] = (*EXPLAINED[False], "z of the neighbours' clubs")
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
        Entry("beta_threshold", {"sup F of a threshold": "size", "the set of thresholds": "coverage"}, threshold, 1000,
              f"effects={effects}", pairs=pairs, laws=("normal", "lognormal"), block=250)
        # Eleven regions in a cross-section have no three candidates with five on both sides.
        for effects, pairs in (("none", ((31, 1), (48, 1))), ("time", USED))
    ),
    Entry("beta_breaks", {"UDmax of breaks": "size", "the interval of a date": "coverage"}, broken, 1000,
          "effects=time", pairs=USED, laws=("normal", "lognormal"), block=250),
    Entry("beta_weighted", {"DuMouchel and Duncan's F": "size", "the interval of the weighted beta": "coverage"},
          weighing, 2000, pairs=((31, 1), (48, 1), *USED), block=500),
    *(
        Entry("explain_clubs", dict.fromkeys(EXPLAINED[neighbours], "size"), explained(neighbours), 500,
              f"neighbours={neighbours}", regions=(11, 31, 48), laws=("normal", "lognormal"))
        for neighbours in (False, True)
    ),
    Entry("compare_partitions", {"p of the adjusted Rand index": "size"}, compared, 1000, regions=(11, 31, 48),
          laws=("normal",)),
    Entry("log_t", {"one-sided p": "size"}, log_t, 2000, periods=(10, 40)),
    Entry("clubs.join_counts", {"p of the joins within all clubs": "size"}, joins, 500),
)  # fmt: skip
