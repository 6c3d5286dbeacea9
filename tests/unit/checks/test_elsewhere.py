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
    with pytest.raises(sc.errors.OptionError, match=r"sc.clubs, sc.composite_index, sc.coupling or of agglomeration"):
        sc.check(3)


def jobs(values, *, years=(2020,)) -> sc.agglomeration.IndustryTable:
    """A table of regions by industries, for each year."""
    stacked = [values] if len(years) == 1 else values
    rows = [
        {"city": f"c{i:02d}", "sector": f"s{k}", "year": year, "jobs": v}
        for year, table in zip(years, stacked, strict=True)
        for (i, k), v in np.ndenumerate(np.asarray(table, dtype=float))
    ]
    return sc.industry_table(pd.DataFrame(rows), region="city", industry="sector", value="jobs", period="year")


class TestEllisonGlaeser:
    def plants(self, rng, n, gathered):
        """Plants of equal size, of which some sectors put theirs into a third of the places."""
        size = np.full(n, 40)
        places = np.arange(12)
        table = np.zeros((12, 4))
        for k in range(4):
            at = rng.choice(places[:4] if k in gathered else places, size=n)
            np.add.at(table[:, k], at, size)
        long = pd.DataFrame(
            {"sector": np.repeat([f"s{k}" for k in range(4)], n), "size": np.tile(size, 4), "year": 2020}
        )
        return sc.ellison_glaeser(jobs(table), plants=long)

    def test_industries_that_gather(self):
        report = sc.check(self.plants(np.random.default_rng(1), 300, gathered=(0,)), progress=False)
        assert report["chance"].verdict == "ok"
        assert report["plants"].verdict == "ok"
        assert report["regions"].verdict == "ok"
        assert report.verdict.startswith("It may be written that 1 of 4 industries have a gamma above 0.05")

    def test_few_plants_gather_by_chance(self):
        """With three plants gamma is large by chance alone, and random places give as much."""
        found = next(
            f for seed in range(50)
            if ((f := self.plants(np.random.default_rng(seed), 3, gathered=())).table["gamma"] > 0.1).any()
        )  # fmt: skip
        report = sc.check(found, progress=False)
        assert report["chance"].verdict == "fail"
        assert report["plants"].verdict == "warn"
        assert "that all of them are concentrated" in report.verdict

    def test_one_place_is_no_cluster(self):
        table = np.full((12, 4), 400.0)
        table[3, 0] = 6000.0
        found = sc.ellison_glaeser(jobs(table), plants={f"s{k}": 0.005 for k in range(4)})
        report = sc.check(found, progress=False)
        assert report["regions"].verdict == "warn"
        assert report["chance"].verdict == "not asked"


class TestStructure:
    def test_large_places_differ_and_small_ones_by_chance(self):
        rng = np.random.default_rng(2)
        shares = rng.dirichlet(np.full(6, 3.0), size=15)
        large = sc.specialisation(jobs(np.round(20_000 * shares)), measures=("krugman", "hoover"))
        assert sc.check(large, progress=False)["small numbers"].verdict == "ok"
        small = sc.specialisation(jobs(rng.multinomial(25, np.full(6, 1 / 6), size=15)))
        said = sc.check(small, progress=False)["small numbers"]
        assert said.verdict == "fail"
        assert "of 15 differ by no more" in said.evidence

    def test_measures_of_other_things_order_otherwise(self):
        rng = np.random.default_rng(3)
        table = jobs(np.round(20_000 * rng.dirichlet(np.full(6, 3.0), size=15)))
        alike = sc.check(sc.specialisation(table, measures=("krugman", "hoover")), progress=False)["measures"]
        last = sc.specialisation(table, measures=("krugman", "hoover")).table.loc[2020]
        r = stats.spearmanr(last["krugman"], last["hoover"]).statistic
        assert alike.evidence.startswith(f"least rank correlation {r:.2f}")
        assert alike.verdict == ("ok" if r >= 0.9 else "warn" if r >= 0.7 else "fail")

    def test_one_industry_that_makes_the_order(self):
        rng = np.random.default_rng(4)
        table = np.round(1000 * rng.dirichlet(np.full(6, 400.0), size=10))
        table[:, 0] += np.round(rng.permutation(10) * 300.0)
        report = sc.check(sc.specialisation(jobs(table), measures="krugman"), progress=False)
        assert report["parts"].verdict == "fail"
        assert "(without s0)" in report["parts"].evidence
        assert "that the order is of more than one part" in report.verdict


class TestShiftShare:
    def test_steady_gains_stand(self):
        start = np.full((6, 4), 1000.0)
        rates = np.linspace(0.97, 1.08, 6)[:, None]
        found = sc.shift_share(jobs([start * rates**k for k in range(4)], years=(2010, 2012, 2014, 2016)))
        report = sc.check(found, progress=False)
        assert report.counts["fail"] + report.counts["warn"] == 0
        assert report.verdict.startswith("It may be written that")
        assert report.verdict.endswith("c05 most; no question speaks against it.")

    def test_one_industry_makes_a_region(self):
        start, end = np.full((6, 4), 1000.0), np.full((6, 4), 1000.0)
        end[0] = [1900.0, 900.0, 900.0, 900.0]
        report = sc.check(sc.shift_share(jobs([start, end], years=(2010, 2020))), progress=False)
        assert report["industries"].verdict == "warn"
        assert "c00 (s0)" in report["industries"].evidence
        assert report["years between"].verdict == "not asked"

    def test_signs_that_turn_with_the_form(self):
        """One region has much of what grows slower there than elsewhere, and little of what grows faster."""
        start = np.full((8, 4), 1000.0)
        start[0] = [3000, 100, 450, 450]
        end = start.copy()
        end[0] *= [0.9, 1.5, 1.0, 1.0]
        found = sc.shift_share(jobs([start, end], years=(2010, 2020)))
        said = sc.check(found, progress=False)["method"]
        assert (said.verdict, said.evidence) == ("warn", "another sign in 1 of 8 regions: 'c00'")


class TestCoupling:
    def systems(self, a, b):
        n = len(a)
        frame = {"r": [f"r{i}" for i in range(n)], "t": 2020, "a": a, "b": b}
        return sc.coupling(sc.Panel(pd.DataFrame(frame), region="r", period="t"), ["a", "b"])

    def test_systems_that_part(self):
        x = np.linspace(0.15, 0.85, 30)
        report = sc.check(self.systems(x, 0.95 - x + 0.1 * np.sin(np.arange(30))), progress=False)
        assert report["zeros"].verdict == "ok"
        assert report["development"].verdict == "ok"
        assert report.verdict.startswith("It may be written that coordination is 0.")

    def test_systems_that_are_one(self):
        x = np.linspace(0.1, 0.9, 30)
        report = sc.check(self.systems(x, x), progress=False)
        assert report["development"].verdict == "warn"
        assert "beyond how far they are developed" in report.verdict

    def test_a_score_that_begins_at_zero(self):
        x = np.linspace(0, 1, 30)
        report = sc.check(self.systems(x, 0.5 + 0.3 * np.sin(np.arange(30))), progress=False)
        assert report["zeros"].verdict == "warn"
        assert report["zeros"].evidence == "coupling is zero in 1 of 30 cells: 'r0 (2020)'"

    def test_scores_at_the_edges_of_classes(self):
        x = np.repeat([0.161, 0.25, 0.361, 0.489], 5)
        assert sc.check(self.systems(x, x), progress=False)["classes"].verdict == "warn"
