"""Other links than those given, neighbours dealt at random, and the sentence at the top of the report."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import spatialconv as sc
from spatialconv import errors
from spatialconv.checks import _links, _model, _neighbours, _paths, _robustness
from spatialconv.checks._finding import Finding
from spatialconv.checks._subject import Effort, subject_of
from spatialconv.checks._verdict import written


def ask(question, result, geometry=None):
    return question(subject_of(result, geometry, Effort(99, 1, 1, False)))


def scattered(n: int, seed: int = 0) -> gpd.GeoDataFrame:
    at = np.random.default_rng(seed).uniform(0, 1e6, (n, 2))
    points = gpd.points_from_xy(3e5 + at[:, 0], 4e6 + at[:, 1])
    return gpd.GeoDataFrame(index=[f"r{i}" for i in range(n)], geometry=points, crs="EPSG:32650")


def spilling(shapes, w, *, beta=-0.1, rho=0.6, T=12, seed=1, shared=0.0) -> sc.Panel:
    """Levels whose growth spills over between neighbours."""
    n, rng = len(shapes), np.random.default_rng(seed)
    W = sc.weights.align(w, shapes.index).matrix.toarray()
    spread = np.linalg.inv(np.eye(n) - rho * W)
    log = [rng.normal(0, 1, n)]
    for _ in range(T):
        shock = 0.1 * rng.standard_normal(n) + shared * rng.standard_normal()
        log.append(log[-1] + spread @ (beta * log[-1] + shock))
    frame = {"r": np.tile(list(shapes.index), T + 1), "t": np.repeat(np.arange(T + 1), n), "v": np.exp(log).ravel()}
    return sc.Panel(pd.DataFrame(frame), region="r", period="t")


class TestLinks:
    @pytest.mark.parametrize("seed", range(5))
    def test_the_strongest_links_are_those_of_a_sorted_row(self, seed):
        rng = np.random.default_rng(seed)
        A = np.where(rng.random((12, 12)) < 0.5, rng.integers(1, 4, (12, 12)), 0).astype(float)
        np.fill_diagonal(A, 0)
        want = np.zeros_like(A)
        for i, row in enumerate(A):
            # Ties go to the first column, as a stable sort of the negatives has them.
            best = [j for j in np.argsort(-row, kind="stable")[:3] if row[j] > 0]
            want[i, best] = 1
        np.testing.assert_array_equal(_links._strongest(sparse.csr_array(A), 3).toarray(), want)

    def test_neighbours_of_neighbours_by_dense_powers(self):
        shapes = scattered(30)
        w = sc.weights.knn(shapes, k=3)
        b = sc.beta(spilling(shapes, w), "v", w, spatial="lag", effects="time")
        A = (sc.weights.align(w, shapes.index).matrix.toarray() > 0).astype(float)
        second = ((A @ A > 0) & (A == 0) & ~np.eye(30, dtype=bool)).astype(float)
        both = ((A + A @ A > 0) & ~np.eye(30, dtype=bool)).astype(float)
        others = _links.other_links(b, None, {})
        for name, want in (("its neighbours' neighbours", second), ("neighbours and their neighbours", both)):
            found = sc.weights.align(others[name], shapes.index).matrix.toarray()
            rows = want.sum(axis=1, keepdims=True)
            np.testing.assert_allclose(found, np.divide(want, rows, where=rows > 0, out=np.zeros_like(want)))

    def test_a_full_matrix_has_its_strongest_links(self):
        shapes = scattered(30)
        w = sc.weights.inverse_distance(shapes)
        b = sc.beta(spilling(shapes, w), "v", w, spatial="lag", effects="time")
        assert set(_links.other_links(b, None, {})) == {"its three strongest links", "its six strongest links"}

    def test_the_same_links_are_no_others_however_they_come(self):
        shapes = scattered(30)
        w = sc.weights.knn(shapes, k=3)
        b = sc.beta(spilling(shapes, w), "v", w, spatial="lag", effects="time")
        turned = sc.weights.knn(shapes.iloc[::-1], k=3)
        assert "3 nearest" not in _links.other_links(b, shapes, {})
        assert "turned" not in _links.other_links(b, shapes, {"turned": turned})

    def test_the_geometry_serves_a_regression_without_weights(self):
        shapes = scattered(30)
        b = sc.beta(spilling(shapes, sc.weights.knn(shapes, k=4)), "v", effects="time")
        names = list(_links.other_links(b, shapes, {}))
        assert names == ["inverse distance, power 1", "inverse distance, power 2", "3 nearest", "5 nearest"]
        assert _links.other_links(b, None, {}) == {}

    def test_a_geometry_of_other_regions_is_refused_in_words(self):
        shapes = scattered(12)
        b = sc.beta(spilling(shapes, sc.weights.knn(shapes, k=3)), "v", effects="time")
        with pytest.raises(errors.OptionError, match=r"no row for some of the 12 regions \(2: 'r10', 'r11'\)"):
            sc.check(b, geometry=shapes.iloc[:10], progress=False)

    def test_thousands_of_regions_stay_sparse(self, monkeypatch):
        shapes = scattered(3000)
        w = sc.weights.knn(shapes, k=6)
        rng = np.random.default_rng(3)
        log = np.cumsum(rng.standard_normal((3, 3000)), axis=0)
        frame = {"r": np.tile(list(shapes.index), 3), "t": np.repeat(range(3), 3000), "v": np.exp(log / 9).ravel()}
        b = sc.beta(sc.Panel(pd.DataFrame(frame), region="r", period="t"), "v", w, effects="time")
        monkeypatch.setattr(sparse.csr_array, "toarray", lambda *_: pytest.fail("a dense copy"))
        others = _links.other_links(b, shapes, {})
        assert list(others) == ["3 nearest", "5 nearest", "10 nearest"]
        assert list(_links.other_links(b, None, {})) == [
            "its neighbours' neighbours",
            "neighbours and their neighbours",
        ]


class TestNeighbours:
    def test_true_neighbours_are_told_from_any(self):
        shapes = scattered(40)
        w = sc.weights.knn(shapes, k=4)
        found = ask(_neighbours.neighbours, sc.beta(spilling(shapes, w), "v", w, spatial="lag", effects="time"))
        assert found.verdict == "ok"
        assert "as far from zero in 0" in found.evidence

    def test_shocks_that_all_share_need_no_neighbours(self):
        shapes = scattered(40)
        w = sc.weights.knn(shapes, k=4)
        panel = spilling(shapes, w, rho=0.0, shared=0.3)
        found = ask(_neighbours.neighbours, sc.beta(panel, "v", w, spatial="lag", effects="none"))
        assert found.verdict == "fail"
        assert "Any neighbours give it" in found.advice
        # With time effects nothing is left to find.
        none = ask(_neighbours.neighbours, sc.beta(panel, "v", w, spatial="lag", effects="time"))
        assert none.verdict == "not asked"

    def test_dealt_links_are_the_same_links_of_others(self):
        shapes = scattered(20)
        w = sc.weights.inverse_distance(shapes)
        W = sc.weights.align(w, shapes.index).matrix.toarray()
        order = np.random.default_rng(2).permutation(20)
        found = sc.weights.align(_links.dealt(w, shapes.index, order), shapes.index).matrix.toarray()
        np.testing.assert_array_equal(found, W[np.ix_(order, order)])

    def test_other_links_that_fit_better_are_said(self):
        shapes = scattered(40)
        true = sc.weights.knn(shapes, k=5)
        panel = spilling(shapes, true)
        wrong = _links.dealt(true, shapes.index, np.random.default_rng(1).permutation(40))
        b = sc.beta(panel, "v", wrong, spatial="lag", effects="time")
        found = ask(_neighbours.weights, b, shapes)
        assert found.verdict == "warn"
        gain = b.again(w=true).loglik - b.loglik
        assert f"5 nearest: log-likelihood higher by {gain:.1f}" in found.evidence
        assert ask(_neighbours.weights, b.again(w=true), shapes).verdict == "ok"

    def test_neighbours_that_were_left_out_are_asked_for_by_the_geometry(self):
        shapes = scattered(40)
        b = sc.beta(spilling(shapes, sc.weights.knn(shapes, k=5)), "v", effects="time")
        found = ask(_neighbours.weights, b, shapes)
        assert found.verdict == "warn"
        assert "Neighbours belong into the regression" in found.advice
        assert ask(_model.residuals, b, shapes).verdict == "fail"
        assert ask(_neighbours.weights, b).evidence.endswith("pass geometry=")


class TestHalves:
    def test_signs_that_turn_fail(self):
        rng, log = np.random.default_rng(5), [np.random.default_rng(4).normal(8, 1, 30)]
        for t in range(20):
            away = log[-1] - log[-1].mean()
            log.append(log[-1] + (-0.12 if t < 10 else 0.1) * away + 0.05 * rng.standard_normal(30))
        frame = {"r": np.tile(np.arange(30), 21), "t": np.repeat(np.arange(21), 30), "v": np.exp(log).ravel()}
        b = sc.beta(sc.Panel(pd.DataFrame(frame), region="r", period="t"), "v", effects="time")
        found = ask(_paths.halves, b)
        assert found.verdict == "fail"
        assert "of opposite signs, both significant" in found.evidence


class TestEffects:
    def test_a_regression_without_the_time_effects_that_the_data_need_is_no_rival(self):
        us = sc.datasets.us_income()
        b = sc.beta(us.panel, "income", horizon=10, effects="time")
        subject = subject_of(b, None, Effort(99, 1, 1, False))
        # The same F by sums of squares of two regressions on dummies.
        y, x = b.fit.design.y, b.fit.design.X[:, :, b.fit.design.names.index("log_initial")]
        T, N = y.shape
        ones = np.ones(T * N)
        D = np.kron(np.eye(T), np.ones((N, 1)))
        fits = [np.column_stack([A, x.ravel()]) for A in (ones, D)]
        rss = [np.linalg.lstsq(A, y.ravel(), rcond=None)[1][0] for A in fits]
        from scipy import stats

        F = (rss[0] - rss[1]) / (T - 1) / (rss[1] / (T * N - T - 1))
        # Beyond 1e-300 there is nothing to compare; the design may hold a constant already.
        assert subject.periods_differ == pytest.approx(stats.f.sf(F, T - 1, T * N - T - 1), rel=1e-6, abs=1e-300)
        assert "periods differ beyond doubt: no effects, region effects" in ask(_robustness.effects, b).evidence


class TestVerdict:
    def test_a_finding_with_its_limits(self):
        us = sc.datasets.us_income()
        b = sc.beta(us.panel, "income", horizon=10, effects="time")
        subject = subject_of(b, None, Effort(99, 1, 1, False))
        said = written(subject, ())
        beta = f"{b.beta:.4f}"
        assert said.startswith(f"It may be written that regions that start lower grow faster (beta {beta}, p < 0.001")
        assert said.endswith("no question speaks against it.")
        flaws = tuple(Finding(n, "", "warn", "") for n in ("sigma", "clubs"))
        assert written(subject, flaws).endswith(
            "it may not be written that the gaps have closed, or that all regions approach one level."
        )

    @pytest.mark.parametrize("name", ["regions", "no convergence", "halves"])
    def test_a_finding_that_is_none(self, name):
        b = sc.beta(sc.datasets.us_income().panel, "income", horizon=10, effects="time")
        said = written(subject_of(b, None, Effort(99, 1, 1, False)), (Finding(name, "", "fail", ""),))
        assert said.startswith("It may not be written that regions converge, since ")

    def test_nothing_found_is_no_proof_of_nothing(self):
        zj = sc.datasets.zhejiang()
        b = sc.beta(zj.panel, "exports", effects="time")
        said = written(subject_of(b, None, Effort(99, 1, 1, False)), ())
        low, high = b.conf_int(0.95).loc["log_initial"]
        assert f"95 % interval {low:.4f} to {high:.4f}" in said
        assert "may not be written that there is none" in said

    def test_it_stands_at_the_top(self):
        zj = sc.datasets.zhejiang()
        found = sc.check(sc.beta(zj.panel, "exports", effects="time"), draws=99, progress=False)
        assert found.text().split("\n")[2] == found.verdict
        assert " ".join(repr(found).split()).find(found.verdict[:60]) > 0
        assert found.glance().loc[0, "verdict"] == found.verdict
        assert replace(found, verdict="x").glance().loc[0, "verdict"] == "x"
