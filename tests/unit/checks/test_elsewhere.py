"""Questions to clubs, composite indices and location quotients, on cases made to deserve each verdict."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import spatialconv as sc
from spatialconv.checks._subject import Effort
from spatialconv.checks.elsewhere import clubs, index, kind_of, quotients

EFFORT = Effort(19, 1, 1, False)


def levels_apart(n: int = 20, T: int = 40, apart: float = 1.5, noise: float = 0.002, seed: int = 1) -> sc.Panel:
    """Two groups whose logs close in on levels of their own."""
    rng = np.random.default_rng(seed)
    level = np.where(np.arange(n) < n // 2, 0.0, apart)
    away = rng.normal(0, 0.5, n)
    log = np.array([8 + 0.02 * t + level + away * 0.9**t + noise * rng.standard_normal(n) for t in range(T)])
    frame = {"r": np.tile([f"r{i}" for i in range(n)], T), "t": np.repeat(np.arange(T), n), "v": np.exp(log).ravel()}
    return sc.Panel(pd.DataFrame(frame), region="r", period="t")


class TestClubs:
    def test_clear_clubs_are_clubs(self):
        found = sc.clubs(levels_apart(), "v")
        assert clubs.periods(found, EFFORT).verdict == "ok"
        assert clubs.apart(found, EFFORT).verdict == "ok"
        assert clubs.settings(found, EFFORT).verdict == "ok"
        assert clubs.sizes(found, EFFORT).evidence.startswith("clubs of 10, 10; 0 of 20")

    def test_few_periods_are_few(self):
        assert clubs.periods(sc.clubs(levels_apart(T=12), "v"), EFFORT).verdict == "warn"
        assert clubs.periods(sc.clubs(levels_apart(T=8), "v"), EFFORT).verdict == "fail"

    def test_clubs_of_noise_are_not_found_again(self):
        """Levels hardly further apart than deviations from them are wide."""
        found = sc.clubs(levels_apart(apart=0.2, noise=0.15), "v")
        said = clubs.resampled(found, EFFORT)
        rand = found.bootstrap(19, seed=1, progress=False).table["adjusted_rand"]
        assert said.verdict == "fail"
        assert rand.mean() < 0.65
        assert "adjusted Rand index over 19 draws: mean " in said.evidence

    def test_settings_are_graded_by_the_median_rand(self):
        found = sc.clubs(levels_apart(apart=0.2, noise=0.15), "v")
        rand = found.sensitivity(progress=False).table["adjusted_rand"]
        said = clubs.settings(found, EFFORT)
        assert said.verdict == ("ok" if rand.median() >= 0.8 else "warn" if rand.median() >= 0.65 else "fail")
        assert f"median {rand.median():.2f}, least {rand.min():.2f}" in said.evidence

    def test_rates_and_levels_are_told_apart(self):
        found = sc.clubs(levels_apart(), "v")
        b, se = found.table["b"], found.table["std_error"]
        want = "warn" if ((b - 2) / se < -1.65).any() else "ok"
        assert clubs.levels(found, EFFORT).verdict == want


def scores(seed: int = 0, n: int = 30, T: int = 4, **extra) -> sc.Panel:
    rng = np.random.default_rng(seed)
    common = rng.standard_normal(n)
    frame = {"r": np.tile([f"r{i}" for i in range(n)], T), "t": np.repeat(range(T), n)}
    for name, noise in {"a": 0.2, "b": 0.2, "c": 0.3, "d": 0.3}.items():
        frame[name] = (common + noise * rng.standard_normal((T, n))).ravel()
    return sc.Panel(pd.DataFrame(frame | {k: f(rng, n * T) for k, f in extra.items()}), region="r", period="t")


class TestIndex:
    def test_indicators_that_agree_make_a_sound_index(self):
        found = sc.composite_index(scores(), list("abcd"), direction="+", max_vif=None)
        report = sc.check(found, progress=False)
        assert report.counts["fail"] == 0
        assert report["indicators"].verdict == "ok"
        assert report["weights"].verdict == "ok"
        assert report["over time"].verdict == "ok"
        assert report.verdict.startswith("It may be written that r")

    def test_an_indicator_that_makes_the_order(self):
        """Entropy gives nearly all weight to what nearly nobody has."""
        panel = scores(rare=lambda rng, m: np.exp(3 * rng.standard_normal(m)))
        found = sc.composite_index(panel, ["a", "b", "c", "d", "rare"], direction="+", max_vif=None)
        said = index.carried(found, EFFORT)
        others = found.without("rare")
        r = np.mean([stats.spearmanr(found.scores.loc[t], others.scores.loc[t])[0] for t in found.scores.index])
        assert said.verdict in ("warn", "fail")
        assert f"least rank correlation {r:.2f} (without rare)" in said.evidence
        equal = sc.composite_index(panel, ["a", "b", "c", "d", "rare"], direction="+", max_vif=None, weighting="equal")
        r = np.mean([stats.spearmanr(found.scores.loc[t], equal.scores.loc[t])[0] for t in found.scores.index])
        assert index.weighting(found, EFFORT).evidence == f"rank correlation {r:.2f} with equal weights"

    def test_periods_of_their_own_are_not_compared(self):
        found = sc.composite_index(scores(), list("abcd"), direction="+", pooled=False, max_vif=None)
        assert index.comparable(found, EFFORT).verdict == "fail"
        assert "may not be written that scores rise" in sc.check(found, progress=False).verdict

    def test_one_thing_twice(self):
        panel = scores().assign(e=lambda f: f["a"] + 0.001 * np.sin(np.arange(len(f))))
        found = sc.composite_index(panel, list("abcde"), direction="+", max_vif=None)
        said = index.twice(found, EFFORT)
        assert said.verdict == "warn"
        assert "(e and a)" in said.evidence or "(a and e)" in said.evidence

    def test_filled_cells_are_counted(self):
        panel = scores().assign(a=lambda f: f["a"].where(np.arange(len(f)) != 37))
        found = sc.composite_index(panel, list("abcd"), direction="+", max_vif=None)
        said = index.filled(found, EFFORT)
        assert said.verdict == "warn"
        assert said.evidence.startswith("1 of 480 values filled in")


def counts(lam, seed: int = 1) -> sc.agglomeration.LocationQuotients:
    values = np.random.default_rng(seed).poisson(lam)
    regions, industries = (range(k) for k in values.shape)
    frame = pd.DataFrame(
        [(f"r{i}", f"k{j}", values[i, j]) for i in regions for j in industries], columns=["r", "k", "v"]
    )
    return sc.location_quotients(sc.industry_table(frame, region="r", industry="k", value="v"))


class TestQuotients:
    def test_noise_in_small_numbers_is_no_cluster(self):
        said = quotients.numbers(counts(np.full((40, 6), 3.0)), EFFORT)
        assert said.verdict == "fail"
        assert said.evidence.startswith("0 of ")

    def test_a_cluster_of_many_is_one(self):
        lam = np.full((20, 5), 400.0)
        lam[3, 2] = 4000.0
        found = counts(lam)
        assert len(found.clusters()) == 1
        assert quotients.numbers(found, EFFORT).verdict == "ok"
        assert quotients.weight(found, EFFORT).verdict == "ok"

    def test_a_small_region_holds_little_of_its_industry(self):
        lam = np.full((20, 5), 4000.0)
        lam[3] = [4.0, 4.0, 60.0, 4.0, 4.0]
        said = quotients.weight(counts(lam), EFFORT)
        assert said.verdict == "warn"
        assert said.evidence.startswith("1 of 1 hold less")


def test_the_door_knows_them():
    found = counts(np.full((40, 6), 3.0))
    report = sc.check(found, progress=False)
    assert kind_of(found) is not None
    assert [f.name for f in report] == ["small numbers", "share", "threshold", "lasting"]
    assert all(f.advice for f in report if f.verdict in ("warn", "fail"))
    assert "it may not be written that each of them is a cluster" in report.verdict
    assert report.glance().loc[0, "fail"] == 1
    with pytest.raises(sc.errors.OptionError, match=r"sc.clubs, sc.composite_index or sc.location_quotients"):
        sc.check(3)
