"""The referee's questions: each verdict on cases made to deserve it, and what is said of Zhejiang."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv import checks, errors
from spatialconv.checks import (
    _chance,
    _dispersion,
    _inference,
    _model,
    _monte_carlo,
    _neighbours,
    _paths,
    _redrawn,
    _robustness,
    _sample,
)
from spatialconv.checks._subject import Effort, subject_of
from spatialconv.cli import main

DRAWS = 199


@pytest.fixture(scope="module")
def us():
    return sc.datasets.us_income()


@pytest.fixture(scope="module")
def study():
    return sc.study.analyse(sc.study.zhejiang(), progress=False)


@pytest.fixture(scope="module")
def report(study):
    return sc.check(study, draws=DRAWS, progress=False)


def ask(question, result, geometry=None, draws=DRAWS):
    """Put one question."""
    return question(subject_of(result, geometry, Effort(draws, 1, 1, False)))


def walks(n: int, T: int, seed: int, *, beta: float = 0.0, x: bool = False) -> sc.Panel:
    """Random walks, or levels that converge by beta."""
    rng = np.random.default_rng(seed)
    log = [rng.normal(0, 1, n)]
    z = rng.standard_normal((T, n))
    for t in range(1, T):
        log.append((1 + beta) * log[-1] + 0.1 * rng.standard_normal(n) + (0.1 * z[t] if x else 0))
    frame = {"r": np.tile([f"r{i}" for i in range(n)], T), "t": np.repeat(np.arange(T), n)}
    return sc.Panel(pd.DataFrame({**frame, "v": np.exp(log).ravel(), "z": z.ravel()}), region="r", period="t")


def ring(n: int):
    """Each region next to two others."""
    M = np.roll(np.eye(n), 1, axis=1) + np.roll(np.eye(n), -1, axis=1)
    return sc.weights.from_matrix(M, regions=[f"r{i}" for i in range(n)], standardise="row")


def circle(n: int) -> gpd.GeoDataFrame:
    """Points of the ring."""
    angle = 2 * np.pi * np.arange(n) / n
    at = gpd.points_from_xy(5e5 + 1e5 * np.cos(angle), 4e6 + 1e5 * np.sin(angle))
    return gpd.GeoDataFrame(index=[f"r{i}" for i in range(n)], geometry=at, crs="EPSG:32650")


class TestZhejiang:
    """What must be said of the study at the least."""

    def test_every_question_has_an_answer(self, report):
        assert len(report) == len(checks.QUESTIONS)
        assert all(f.evidence for f in report)
        assert all(f.advice for f in report if f.verdict in ("warn", "fail"))
        # Five periods are too few for log t and to tell levels apart, and eleven regions to see walks over the map.
        # The headline has time effects: no region has one of its own, and nobody asks for Hausman's test.
        assert [f.name for f in report if f.verdict == "not asked"] == [
            "hausman", "few periods", "unit root", "steady states", "clubs",
        ]  # fmt: skip
        assert "fewer than 15 periods, and here are 5" in report["clubs"].evidence

    def test_no_city_is_a_significant_hot_spot(self, report):
        found = report["hot spots"]
        assert found.verdict == "warn"
        assert "no region is a significant hot or cold spot: largest |z| 1.498" in found.evidence

    def test_zhoushan_is_an_island(self, report):
        assert report["islands"].verdict == "warn"
        assert "adjacency: no neighbour for 'Zhoushan'" in report["islands"].evidence

    def test_absolute_convergence_hangs_on_the_effects(self, report, zj):
        found = report["absolute"]
        assert found.verdict in ("warn", "fail")
        w = sc.weights.inverse_distance(zj.cities, power=2)
        for effects in ("time", "none", "region", "two-way"):
            b = sc.beta(zj.panel, "exports", w, spatial="lag", effects=effects, correction="none")
            star = "*" if b.pvalues["log_initial"] <= 0.05 else ""
            label = f"{effects} effects" if effects != "none" else "no effects"
            assert f"{label} {b.beta:.4f}{star} against" in found.evidence
        assert "time effects -0.0217 against" in found.evidence
        two_way = found.evidence.split("two-way effects")[1].split(";")[0]
        assert "(inside)" in two_way or "(outside)" in two_way

    def test_z_values_are_or_are_not_to_be_trusted_with_figures(self, report):
        found = report["z-values"]
        assert found.evidence.startswith("11 x 4: beta: p = 0.005 by z, p = ")
        assert "rho: p < 0.001 by z, p" in found.evidence

    def test_the_rest(self, report):
        assert report["sample"].verdict == "ok"
        assert "outside (-1, 1) and admissible" in report["bound"].evidence
        assert report["direct approach"].verdict == "warn"
        assert report["controls"].verdict == "warn"
        assert "conditional on digital" in report["controls"].advice
        assert "without Jiaxing" in report["regions"].evidence
        assert report["sigma"].verdict == "warn"

    def test_the_same_seed_whatever_the_jobs(self, study, report):
        again = sc.check(study, draws=DRAWS, jobs=2, progress=False)
        pd.testing.assert_frame_equal(again.tidy(), report.tidy())

    def test_it_is_a_section_of_the_report(self, study):
        text = sc.report.markdown(study)
        section = text.split("## Before publishing")[1].split("\n## ")[0]
        assert "no neighbour for 'Zhoushan'" in section
        assert "999 samples" in section

    def test_views(self, report):
        assert repr(report).startswith("Check of beta convergence of exports (SAR, time effects, direct approach; 11")
        assert "WARN islands" in repr(report)
        assert "[warn] Has every region a neighbour" in report.text()
        assert "<table" in report._repr_html_()
        assert report.counts.sum() == len(report)
        assert report.glance().loc[0, "warn"] == report.counts["warn"]
        assert report.to_dict()["provenance"]["seed"] == 1
        with pytest.raises(errors.OptionError, match="no question 'weather'"):
            report["weather"]


class TestSample:
    def test_what_is_left_out_is_named(self, zj):
        part = zj.panel.subset(regions=zj.cities.index[:9])
        found = ask(_sample.sample, sc.beta(part, "exports"))
        assert found.verdict == "warn"
        assert "left out by panel.subset()" in found.evidence

    def test_groups_without_a_link(self):
        M = np.kron(np.eye(2), np.ones((4, 4)) - np.eye(4))
        w = sc.weights.from_matrix(M, regions=[f"r{i}" for i in range(8)], standardise="row")
        b = sc.beta(walks(8, 6, 1), "v", w, spatial="lag")
        found = ask(_sample.islands, b)
        assert found.verdict == "warn"
        assert "2 groups" in found.evidence
        assert ask(_sample.islands, sc.beta(walks(8, 6, 1), "v", ring(8), spatial="lag")).verdict == "ok"
        assert ask(_sample.islands, sc.beta(walks(8, 6, 1), "v")).verdict == "not asked"


class TestRobustness:
    def test_one_region_makes_the_finding(self):
        """Nineteen regions without convergence, and one far away that falls back: without it nothing is left."""
        panel = walks(20, 2, 3)
        fallen = lambda f: np.where(f["t"] == 0, np.exp(30.0), np.exp(10.0))  # noqa: E731
        far = panel.assign(v=lambda f: np.where(f["r"] == "r0", fallen(f), f["v"]))
        found = ask(_robustness.regions, sc.beta(far, "v"))
        # It was a warning: one region that carries a finding leaves none.
        assert found.verdict == "fail"
        assert "without r0" in found.advice
        alone = sc.beta(far.subset(regions=[f"r{i}" for i in range(1, 20)]), "v")
        assert f"without r0 beta is {alone.beta:.4f} and not significant" in found.evidence

    def test_a_finding_next_to_five_percent_is_carried_by_nobody(self):
        """Lost without one region or another, while beta keeps its size: no region's finding, and so a warning."""
        panels = (walks(30, 3, seed, beta=-0.04) for seed in range(60))
        fitted = [b for b in (sc.beta(panel, "v") for panel in panels) if 0.02 < b.pvalues["log_initial"] < 0.05]
        assert len(fitted) > 3
        said = [ask(_robustness.regions, b) for b in fitted]
        assert {f.verdict for f in said} == {"warn"}
        assert all("weakest" in f.advice for f in said)

    def test_what_holds_everywhere_is_ok(self):
        b = sc.beta(walks(20, 8, 4, beta=-0.3), "v", ring(20), spatial="lag", effects="time")
        assert ask(_robustness.regions, b).verdict == "ok"
        assert ask(_robustness.effects, b).verdict == "ok"
        assert ask(_neighbours.weights, b, circle(20)).verdict == "ok"
        # It said that none were at hand: a ring has neighbours' neighbours.
        assert "of 2; beta from" in ask(_neighbours.weights, b).evidence

    def test_effects_that_turn_the_finding(self):
        """Random walks: nothing without effects, and convergence under region effects of eight periods."""
        found = ask(_robustness.effects, sc.beta(walks(30, 8, 5), "v", effects="two-way"))
        assert found.verdict == "fail"
        assert "no effects" in found.evidence

    def test_a_control_that_makes_the_finding(self):
        panel = walks(40, 6, 6, beta=-0.05)
        spoiled = panel.assign(c=lambda f: -0.05 * np.log(f["v"]) + np.random.default_rng(1).normal(0, 0.01, len(f)))
        base = sc.beta(spoiled, "v", controls=["c", "z"])
        found = ask(_robustness.controls, base)
        variants = [base.again(controls=c) for c in (["c"], ["z"], [])]
        low, high = min(v.beta for v in variants), max(v.beta for v in variants)
        assert f"beta from {low:.4f}" in found.evidence
        assert f"to {high:.4f}" in found.evidence

    def test_other_weights_are_others(self, us):
        w = sc.weights.adjacency(us.states)
        b = sc.beta(us.panel, "income", w, horizon=20, spatial="lag", effects="time")
        names = set(subject_of(b, us.states, Effort(19, 1, 1, False)).others)
        assert names == {"inverse distance, power 1", "inverse distance, power 2", "3 nearest", "5 nearest"}
        own = set(subject_of(b, None, Effort(19, 1, 1, False)).others)
        # Three of its own links once more were no others; neighbours' neighbours are.
        assert own == {"its neighbours' neighbours", "neighbours and their neighbours"}
        assert ask(_neighbours.weights, sc.beta(us.panel, "income", horizon=20)).verdict == "not asked"


class TestInference:
    def test_random_walks_under_region_effects_fail(self):
        """What the z-value calls convergence is what the estimator gives without any."""
        b = sc.beta(walks(15, 6, 8), "v", effects="two-way")
        assert b.pvalues["log_initial"] < 0.05
        found = ask(_redrawn.no_convergence, b)
        assert found.verdict == "fail"
        assert "(inside)" in found.evidence.split(";")[0]
        assert ask(_redrawn.z_values, b).verdict == "fail"
        few = ask(_redrawn.few_periods, b)
        assert few.verdict == "fail"
        assert "by likelihood ratio" in few.evidence
        assert "do fast growers slow down" in few.evidence

    def test_convergence_under_two_way_effects_is_found_by_the_test_that_holds(self):
        found = ask(_redrawn.few_periods, sc.beta(walks(20, 6, 9, beta=-0.5), "v", effects="two-way"))
        assert found.verdict == "ok"
        assert "beta in [-" in found.evidence

    def test_true_convergence_passes(self):
        b = sc.beta(walks(40, 8, 9, beta=-0.4), "v", effects="time")
        # With 199 draws the error of the mean does not tell its bias from half a standard error: "not decided".
        assert ask(_redrawn.no_convergence, b).verdict == "not decided"
        assert ask(_redrawn.no_convergence, b, draws=499).verdict in ("ok", "warn")
        assert "(outside)" in ask(_redrawn.no_convergence, b).evidence.split(";")[0]
        assert ask(_redrawn.z_values, b).verdict == "ok"

    def test_the_direct_approach_is_said(self, zj, w):
        direct, transformed = (
            sc.beta(zj.panel, "exports", w, spatial="lag", effects="time", correction=c) for c in ("none", "lee-yu")
        )
        assert ask(_inference.direct, transformed).verdict == "ok"
        found = ask(_inference.direct, direct)
        assert found.verdict == "warn"
        assert f"{transformed.rho:.4f}" in found.evidence
        island = sc.beta(zj.panel, "exports", sc.weights.adjacency(zj.cities), spatial="lag", effects="time")
        assert "asks for row-standardised weights without islands" in ask(_inference.direct, island).evidence

    def test_bounds(self, zj, w):
        with pytest.warns(errors.BoundaryWarning):
            b = sc.beta(*_on_the_bound(), spatial="lag")
        assert ask(_inference.bound, b).verdict == "fail"
        inside = sc.beta(zj.panel, "exports", w, spatial="lag", effects="region")
        assert ask(_inference.bound, inside).verdict == "ok"

    def test_speeds(self, zj):
        undefined = sc.beta(zj.panel, "exports", effects="two-way")
        assert ask(_inference.speed, undefined).verdict == "fail"
        assert "undefined" in ask(_inference.speed, undefined).evidence
        # No convergence is found there, which is a finding: it was warned of for the speed that nobody claims.
        none = sc.beta(zj.panel, "exports", effects="time")
        assert none.pvalues["log_initial"] > 0.05
        assert ask(_inference.speed, none).verdict == "not asked"
        finite = sc.beta(sc.datasets.us_income().panel, "income", horizon=10, effects="time")
        assert ask(_inference.speed, finite).verdict == "ok"
        # Under region effects no interval by the delta method holds: the set is asked for.
        without = ask(_inference.speed, sc.beta(zj.panel, "exports", effects="region"))
        assert without.verdict == "warn"
        assert "b.inference" in without.evidence


def _on_the_bound():
    """Growth that neighbours share but for next to nothing: rho at the upper end of its interval."""
    n, T = 12, 4
    rng = np.random.default_rng(2)
    common = rng.standard_normal((T, 1))
    log = np.cumsum(np.vstack([np.zeros((1, n)), common + 1e-7 * rng.standard_normal((T, n))]), axis=0)
    frame = {"r": np.tile([f"r{i}" for i in range(n)], T + 1), "t": np.repeat(np.arange(T + 1), n)}
    panel = sc.Panel(pd.DataFrame({**frame, "v": np.exp(log + rng.normal(0, 1e-6, n)).ravel()}), region="r", period="t")
    return panel, "v", ring(n)


class TestModel:
    def test_collinear_controls(self):
        panel = walks(20, 6, 1).assign(a=lambda f: f["z"] + np.random.default_rng(3).normal(0, 0.01, len(f)))
        found = ask(_model.collinearity, sc.beta(panel, "v", controls=["z", "a"], controls_at="end"))
        assert found.verdict == "warn"
        z, a = panel.values("z")[1:].ravel(), panel.values("a")[1:].ravel()
        x = np.log(panel.values("v")[:-1]).ravel()
        X = np.column_stack([np.ones_like(x), x, a])
        e = z - X @ np.linalg.lstsq(X, z, rcond=None)[0]
        vif = ((z - z.mean()) ** 2).sum() / (e @ e)
        assert f"variance inflation {vif:.1f}" in found.evidence or "(a)" in found.evidence
        assert ask(_model.collinearity, sc.beta(panel, "v", controls="z")).verdict == "ok"

    def test_neighbours_left_in_the_residuals(self, us):
        w = sc.weights.adjacency(us.states)
        plain = sc.beta(us.panel, "income", w, horizon=20, effects="time")
        assert ask(_model.residuals, plain).verdict == "fail"
        assert ask(_model.residuals, sc.beta(us.panel, "income", horizon=20)).verdict == "not asked"

    def test_selection_says_what_it_would_have_taken(self, us):
        w = sc.weights.adjacency(us.states)
        b = sc.beta(us.panel, "income", w, horizon=20, spatial="lag", effects="two-way")
        found = ask(_model.selection, b)
        want = sc.select_model(subject_of(b, None, Effort(19, 1, 1, False)).regressors, "growth", ["log_initial"], w,
                               effects="two-way", level=0.01)  # fmt: skip
        assert f"ends with {want.spec.name}" in found.evidence
        assert (found.verdict == "ok") == (want.spec.name == "SAR")

    def test_hausman_is_reported_both_ways(self, zj, w):
        found = ask(_model.fixed_or_random, sc.beta(zj.panel, "exports", w, spatial="lag", effects="region"))
        assert found.verdict == "warn"
        assert "as software prints it" in found.evidence


def two_levels(n: int, T: int, apart: float, seed: int) -> sc.Panel:
    """Two groups whose logs close in on levels `apart`, each from around its own."""
    rng = np.random.default_rng(seed)
    level = np.where(np.arange(n) < n // 2, 0.0, apart)
    away = rng.normal(0, 0.5, n)
    log = np.array([8 + 0.02 * t + level + away * 0.9**t + 0.002 * rng.standard_normal(n) for t in range(T)])
    frame = {"r": np.tile([f"r{i}" for i in range(n)], T), "t": np.repeat(np.arange(T), n), "v": np.exp(log).ravel()}
    return sc.Panel(pd.DataFrame(frame), region="r", period="t")


class TestPaths:
    def test_two_clubs_are_found_where_beta_is_negative(self):
        b = sc.beta(two_levels(20, 40, 1.5, 1), "v", effects="region")
        assert b.beta < 0
        found = ask(_paths.clubs, b)
        assert found.verdict == "warn"
        assert "(rejected: t <= -1.65); 2 clubs of 10 and 10 regions" in found.evidence
        assert "several levels" in found.advice

    def test_one_level_is_one_level(self):
        found = ask(_paths.clubs, sc.beta(two_levels(20, 40, 0.0, 1), "v"))
        assert found.verdict == "ok"
        assert "(not rejected)" in found.evidence
        few = ask(_paths.clubs, sc.beta(two_levels(20, 12, 0.0, 1), "v"))
        # It warned of every panel so short, whatever its clubs.
        assert few.verdict == "not asked"
        assert "fewer than 15 periods" in few.evidence

    def test_only_the_regions_of_the_regression_are_asked(self):
        panel = two_levels(20, 40, 1.5, 1)
        part = panel.subset(regions=[f"r{i}" for i in range(10)])
        assert ask(_paths.clubs, sc.beta(part, "v")).verdict == "ok"

    def test_walks_without_a_finding_may_drift_apart(self):
        panel = walks(20, 40, 3).assign(v=lambda f: 1e6 * f.v)
        b = sc.beta(panel, "v", effects="time")
        assert b.pvalues["log_initial"] > 0.05
        found = ask(_paths.clubs, b)
        assert found.verdict == "ok"
        assert "(rejected" in found.evidence

    def test_a_beta_that_ends_halfway(self):
        rng = np.random.default_rng(5)
        log = [rng.normal(8, 1, 30)]
        for t in range(20):
            mean = log[-1].mean()
            log.append(log[-1] - (0.15 if t < 10 else 0.0) * (log[-1] - mean) + 0.05 * rng.standard_normal(30))
        frame = {"r": np.tile(np.arange(30), 21), "t": np.repeat(np.arange(21), 30), "v": np.exp(log).ravel()}
        panel = sc.Panel(pd.DataFrame(frame), region="r", period="t")
        b = sc.beta(panel, "v", effects="time")
        found = ask(_paths.halves, b)
        assert found.verdict == "warn"
        # The same figures by hand.
        early, late = (sc.beta(panel.subset(periods=range(*part)), "v", effects="time") for part in ((0, 11), (10, 21)))
        assert f"0 to 10: {early.beta:.4f}" in found.evidence
        assert f"10 to 20: {late.beta:.4f}" in found.evidence
        z = (early.beta - late.beta) / np.hypot(early.std_errors["log_initial"], late.std_errors["log_initial"])
        assert abs(z) > 1.96

    def test_a_beta_that_lasts(self):
        assert ask(_paths.halves, sc.beta(walks(30, 20, 3, beta=-0.1), "v")).verdict == "ok"

    def test_the_test_of_halves_keeps_its_level(self):
        """One beta for all years, regions that begin far apart: 5 % of 300, within three Monte Carlo errors."""
        panels = (walks(11, 9, seed, beta=-0.1) for seed in range(300))
        warned = [ask(_paths.halves, sc.beta(panel, "v", effects="time")).verdict == "warn" for panel in panels]
        assert abs(np.mean(warned) - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 300)

    def test_halves_are_not_compared_where_each_has_a_bias_of_its_own(self):
        found = ask(_paths.halves, sc.beta(walks(30, 20, 2, beta=-0.1), "v", effects="region"))
        assert found.verdict == "not asked"
        assert "how far apart its regions begin" in found.evidence

    def test_halves_that_are_none(self):
        assert ask(_paths.halves, sc.beta(walks(30, 2, 2, beta=-0.1), "v")).verdict == "not asked"
        found = ask(_paths.halves, sc.beta(walks(30, 4, 2, beta=-0.1), "v", horizon=3))
        assert found.verdict == "not asked"
        assert "alone cannot be estimated" in found.evidence


class TestDispersion:
    def test_gaps_that_close_agree_with_beta(self, us):
        assert ask(_dispersion.sigma, sc.beta(us.panel, "income", effects="time")).verdict == "ok"

    def test_annual_spacing(self, us):
        found = ask(_dispersion.spacing, sc.beta(us.panel, "income", effects="two-way"))
        assert found.verdict == "warn"
        assert found.evidence.startswith("speeds by length of span: 1: 0.0800")
        assert ask(_dispersion.spacing, sc.beta(us.panel, "income", horizon=80)).verdict == "not asked"

    def test_the_unit_of_logs(self, study):
        from dataclasses import replace

        assert ask(_dispersion.unit, study).verdict == "ok"
        logs = replace(study, sigma=sc.sigma(study.panel, "exports", measures=("sd_log", "cv_log")))
        found = ask(_dispersion.unit, logs)
        assert found.verdict == "warn"
        assert "a thousand times smaller" in found.evidence

    def test_hot_spots_with_few_permutations(self, study, zj):
        from dataclasses import replace

        w = sc.weights.adjacency(zj.cities)
        few = sc.hot_spots(zj.panel, "exports", w, period=2020, permutations=99, seed=1)
        found = ask(_dispersion.hot_spots, replace(study, hot_spots=few))
        assert "cannot pass (smallest q 0.11)" in found.evidence
        assert "220 permutations" in found.advice


class TestDoors:
    def test_what_it_takes(self, zj):
        with pytest.raises(errors.OptionError, match="check takes the result of"):
            sc.check(zj.panel)
        with pytest.raises(errors.OptionError, match="draws must be"):
            sc.check(sc.beta(zj.panel, "exports"), draws=3)
        with pytest.raises(errors.OptionError, match="jobs must be"):
            sc.check(sc.beta(zj.panel, "exports"), jobs=0)

    def test_the_command_ends_with_one_where_a_question_fails(self, tmp_path, capsys):
        from spatialconv.study import example

        path = example(tmp_path)
        with pytest.raises(SystemExit) as ended:
            main(["check", str(path), "--draws", "99", "--quiet"])
        said = capsys.readouterr().out
        assert said.startswith("Check of beta convergence of ")
        assert ended.value.code == int("[fail]" in said)


class TestVerdictsAndEffort:
    def test_so_few_draws_decide_nothing(self):
        """Of 38 draws the smallest share, 1/39, lies above 2.5 %: that failed every regression."""
        b = sc.beta(walks(40, 8, 9, beta=-0.4), "v", effects="time")
        few = ask(_redrawn.no_convergence, b, draws=38)
        assert few.verdict == "not decided"
        assert "38 draws are too few to decide" in few.evidence
        assert "draws=" in few.advice
        assert ask(_redrawn.no_convergence, b, draws=499).verdict in ("ok", "warn")

    def test_few_draws_still_see_what_is_plain(self):
        b = sc.beta(walks(15, 6, 8), "v", effects="two-way")
        assert ask(_redrawn.no_convergence, b, draws=99).verdict == "fail"

    @pytest.mark.parametrize("draws", [19, 38, 199, 999])
    @pytest.mark.parametrize("level", [0.025, 0.05])
    def test_a_share_at_the_level_is_decided_wrongly_in_five_percent_at_most(self, draws, level):
        # Simulated, beside the exact tails that `beyond` goes by.
        reached = np.random.default_rng(draws).binomial(draws, level, 20_000)
        said = [_monte_carlo.beyond(int(r), draws, level) for r in range(draws + 1)]
        decided = np.mean([said[r] is not None for r in reached])
        assert decided <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 20_000)
        # In order: below, not decided, above; and what is far is decided.
        codes = [{False: 0, None: 1, True: 2}[s] for s in said]
        assert codes == sorted(codes)
        assert said[-1] is True
        assert (said[0] is False) == ((1 - level) ** draws <= 0.025)

    def test_the_error_is_that_of_repeated_simulations(self):
        shares = np.random.default_rng(3).binomial(199, 0.1, 20_000) / 199
        assert _monte_carlo.error_of(0.1, 199) == pytest.approx(shares.std(), rel=0.02)
        assert "draws=1999" in _monte_carlo.more(199)


class TestEffort:
    def test_questions_by_name_and_answers_that_are_there(self):
        b = sc.beta(walks(20, 5, 1), "v", effects="time")
        asked = sc.check(b, questions=["speed", "islands"], draws=19, progress=False)
        assert [f.name for f in asked] == ["islands", "speed"]
        assert asked.provenance.options["questions"] == ("islands", "speed")
        assert any(note.startswith("not asked: sample, collinearity") for note in asked.notes)
        assert [f.name for f in sc.check(b, questions="speed", draws=19, progress=False)] == ["speed"]
        there = checks.Finding("speed", "?", "ok", "as it was")
        new = []
        taken = sc.check(
            b, questions=["speed", "islands"], draws=19, progress=False, known={"speed": there}, found=new.append
        )
        assert taken["speed"] is there
        assert [f.name for f in new] == ["islands"]
        with pytest.raises(errors.OptionError, match="questions must be one of"):
            sc.check(b, questions=["speed", "weather"], progress=False)

    def test_names_are_those_of_the_answers(self, report):
        assert tuple(f.name for f in report) == tuple(checks.QUESTIONS)

    def test_samples_under_the_null_are_those_of_the_bootstrap(self, zj, w):
        """The public door draws around the estimates too, and gives the same p to the last digit."""
        b = sc.beta(zj.panel, "exports", w, spatial="lag", effects="time", controls="digital")
        s = subject_of(b, None, Effort(99, 5, 1, False))
        for null, term in (("no-convergence", "log_initial"), ("rho", "rho")):
            whole = b.bootstrap(draws=99, scheme="wild", null=null, seed=5)
            alone = _chance.samples_under(s, b, null, errors=True)
            pd.testing.assert_frame_equal(alone.draws[[term]], whole.null_draws)
            assert alone.p_value(b.fit, term) == whole.p_values[term]
            bare = _chance.samples_under(subject_of(b, None, Effort(99, 5, 1, False)), b, null)
            pd.testing.assert_frame_equal(bare.draws, alone.draws)

    def test_samples_of_another_regression_are_not_taken_for_its_own(self, zj, w):
        b = sc.beta(zj.panel, "exports", w, spatial="lag", effects="time", controls="digital", correction="none")
        s = subject_of(b, None, Effort(99, 1, 1, False))
        before = ask(_redrawn.absolute, b, draws=99)
        _redrawn.z_values(s)
        assert s.drawn
        assert _redrawn.absolute(s) == before

    def test_of_many_regions_those_that_matter_are_left_out(self):
        """Every region left out by brute force: the lowest and the highest beta are among the forty that are."""
        panel = walks(130, 4, 7, beta=-0.2)
        odd = panel.assign(v=lambda f: np.where((f["r"] == "r77") & (f["t"] > 1), f["v"] * 9, f["v"]))
        b = sc.beta(odd, "v", ring(130), spatial="lag", effects="time")
        found = ask(_robustness.regions, b)
        every = {r: b.again(panel=odd.subset(regions=odd.regions.drop(r))).beta for r in odd.regions}
        low, high = min(every, key=every.get), max(every, key=every.get)
        assert f"beta from {every[low]:.4f} (without {low}) to {every[high]:.4f} (without {high})" in found.evidence
        assert "(40 of 130 regions, those that move beta most by their influence" in found.evidence
        assert "r77" in (low, high)

    def test_what_it_costs_is_said_before(self, capsys, monkeypatch):
        b = sc.beta(walks(20, 5, 1), "v", ring(20), spatial="lag", effects="time", controls="z")
        monkeypatch.setattr(_chance, "_timed", lambda s, draws: 1.0 + 0.1 * draws)
        s = subject_of(b, None, Effort(199, 1, 1, False))
        # z of beta and rho, four effects twice, one set for two questions: 9 sets of a second and a tenth a draw.
        told = _chance.seconds(s, list(checks.QUESTIONS))
        sets = 2 + 4 + 4 - 1
        assert told == pytest.approx(sets * (1 + 0.1 * 199))
        _chance.announce(s, list(checks.QUESTIONS))
        assert capsys.readouterr().err == "check: about 3 minutes for 199 samples of each null\n"
        _chance.announce(s, ["islands", "speed"])
        assert capsys.readouterr().err == ""
        assert _chance.in_words(7300) == "about 2.0 hours"
        assert _chance.in_words(44) == "about 40 seconds"


def test_no_p_is_printed_where_z_does_not_hold(zj):
    """Under two-way effects the z of beta rejects a true null in most panels: evidence and verdict name no p by it."""
    b = sc.beta(zj.panel, "exports", effects="two-way")
    found = sc.check(b, questions=["no convergence", "sigma"], draws=99, seed=1)
    assert "no p by z, two-way effects" in found.verdict
    evidence = {f.name: f.evidence for f in found.findings}["sigma"]
    assert evidence.endswith(f"beta {b.beta:.4f}, no p by z")
    pooled = sc.check(sc.beta(zj.panel, "exports", effects="time"), questions=["sigma"], draws=99, seed=1)
    assert "p = 0.362" in pooled.findings[0].evidence
