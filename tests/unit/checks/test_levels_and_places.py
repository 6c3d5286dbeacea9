"""One level or many, and walks over the map: each question on worlds that deserve each verdict, and its level."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import spatialconv as sc
from spatialconv.checks._paths import _of_one_level
from tests.simulation import check_worlds as worlds


def asked(name, k, question, *, draws=199, **changes):
    (world,) = (w for w in worlds.WORLDS if w.name == name)
    panel, w, _ = worlds.sample(world, 11, k)
    options = {key: value for key, value in world.asks.items() if key != "w"} | changes
    b = sc.beta(panel, "v", w, **options)
    report = sc.check(b, geometry=worlds.places(), draws=draws, seed=k + 1, progress=False, questions=question)
    return b, report[question]


class TestSteadyStates:
    def test_levels_of_their_own_are_no_one_level(self):
        assert asked("levels of their own", 0, "steady states")[1].verdict == "warn"
        said = asked("levels of their own", 0, "steady states", effects="two-way")[1]
        assert said.verdict == "ok"
        assert "that regions differ in their intercepts" in said.evidence

    def test_one_level_under_effects_of_regions(self):
        said = asked("convergence", 0, "steady states", effects="two-way")[1]
        assert said.verdict == "warn"
        assert "not told apart from one level" in said.advice

    def test_f_is_that_of_dummies(self):
        b, _ = asked("levels of their own", 1, "steady states")
        design = b.fit.design
        T, N, K = design.shape
        y = design.y.ravel()
        start = design.X[:, :, [design.names.index(design.chain.name)]]
        late = np.where(np.arange(T)[:, None, None] < T // 2, 0.0, start)
        regressors = np.concatenate([design.X, late], axis=2).reshape(T * N, K + 1)
        X = np.column_stack([regressors, np.kron(np.eye(T), np.ones((N, 1)))])
        full = np.column_stack([X, np.kron(np.ones((T, 1)), np.eye(N))[:, 1:]])
        bare, loose = (float(((y - A @ np.linalg.lstsq(A, y, rcond=None)[0]) ** 2).sum()) for A in (X, full))
        free = T * N - np.linalg.matrix_rank(full)
        want = (bare - loose) / (N - 1) / (loose / free)
        found = _of_one_level(design, design.chain, b.rho, 5, 1)
        assert found[0] == pytest.approx(want, rel=1e-9)

    @pytest.mark.parametrize("world", ["break", "reversal"])
    def test_a_speed_that_changes_is_no_level_of_its_own(self, world):
        """All have one level; beta changes in the middle, which a single beta would take for levels of their own."""
        verdicts = [asked(world, k, "steady states")[1].verdict for k in range(12)]
        assert verdicts.count("warn") <= stats.binom.ppf(0.999, 12, 0.05)
        assert verdicts.count("ok") >= 3

    def test_it_keeps_its_level_where_the_tables_do_not(self):
        """Regions of one level, half a gap closed in seven years: F of tables rejects often, of samples in 5 %."""
        drawn, tables = 0, 0
        for k in range(60):
            b, _ = asked("convergence", k, "steady states", draws=99)
            design = b.fit.design
            T, N, K = design.shape
            f, others = _of_one_level(design, design.chain, b.rho, 99, k + 1)
            drawn += (1 + (others >= f).sum()) / 100 <= 0.05
            tables += stats.f.sf(f, N - 1, T * N - T - N - K) <= 0.05
        assert drawn <= stats.binom.ppf(0.999, 60, 0.05)
        assert tables > stats.binom.ppf(0.999, 60, 0.05)

    def test_it_is_not_asked_in_few_spans_or_without_a_finding(self):
        assert asked("none", 0, "steady states")[1].verdict == "not asked"
        said = asked("convergence", 0, "steady states", horizon=10)[1]
        assert said.verdict == "not asked"
        assert "spans of growth tell no levels apart" in said.evidence


class TestUnitRoot:
    def test_walks_over_the_map_are_seen_as_often_as_their_test_does(self):
        verdicts = [asked("walk over the map", k, "unit root")[1].verdict for k in range(12)]
        assert 3 <= verdicts.count("warn") <= 11
        assert set(verdicts) <= {"ok", "warn"}

    def test_spillovers_between_neighbours_are_none(self):
        verdicts = [asked("neighbours ignored", k, "unit root")[1].verdict for k in range(12)]
        assert verdicts.count("warn") <= stats.binom.ppf(0.999, 12, 0.05)

    def test_blocks_of_the_map_are_seen_and_the_same_clubs_strewn_over_it_are_not(self):
        (world,) = (w for w in worlds.WORLDS if w.name == "clubs")

        def verdict(k, strewn):
            panel, _, rng = worlds.sample(world, 11, k)
            where = worlds.places()
            if strewn:
                order = rng.permutation(worlds.N)
                where = where.set_geometry(where.geometry.iloc[order].set_axis(where.index))
            b = sc.beta(panel, "v", effects="time")
            return sc.check(b, geometry=where, progress=False, questions="unit root")["unit root"].verdict

        assert [verdict(k, strewn=False) for k in range(4)] == ["warn"] * 4
        assert [verdict(k, strewn=True) for k in range(12)].count("warn") <= stats.binom.ppf(0.999, 12, 0.05)

    def test_p_are_those_of_the_residuals_of_all_years(self):
        b, said = asked("convergence", 2, "unit root")
        one = b.again(w=None, spatial="none", effects="none", horizon=20)
        row = sc.residual_unit_root(one, worlds.places()).table.iloc[0]
        for name in ("no_unit_root_p", "unit_root_p"):
            assert f"{row[name]:.3f}" in said.evidence

    def test_without_places_or_with_few_it_is_not_asked(self):
        b, _ = asked("convergence", 2, "unit root")
        assert sc.check(b, progress=False, questions="unit root")["unit root"].evidence.startswith("no places")
        few = b.again(panel=b.asked.panel.subset(regions=[f"r{i}" for i in range(12)]), w=None, spatial="none")
        said = sc.check(few, geometry=worlds.places(), progress=False, questions="unit root")["unit root"]
        assert "fewer than 16 regions" in said.evidence


def test_the_sentence_at_the_top_says_both():
    b, _ = asked("levels of their own", 0, "steady states")
    report = sc.check(b, geometry=worlds.places(), draws=99, progress=False, questions=["steady states", "sample"])
    assert report.verdict.endswith("it may not be written that all regions approach one level.")
    assert isinstance(report.tidy(), pd.DataFrame)
