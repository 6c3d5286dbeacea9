"""Tests and sets of beta in short panels by the public door."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import spatialconv as sc
from spatialconv.convergence.few_periods import simulated
from spatialconv.convergence.few_periods.short_panel import sample_of
from spatialconv.errors import ModelError, OptionError, UnsupportedModelError
from tests.simulation.short_panels import covered, missed, written, written_sets
from tests.terminal import plain_repr
from tests.tolerances import ROUNDING


@pytest.fixture(scope="module")
def plain(zj):
    return sc.beta(zj.panel, "exports", effects="two-way")


def test_t_is_that_of_a_regression_with_dummies(zj, plain):
    """Growth on region and year dummies and regions' mean growth times time: ordinary least squares."""
    y = plain.fit.design.y
    T, N = y.shape
    region, year = np.tile(np.eye(N), (T, 1)), np.repeat(np.eye(T), N, axis=0)[:, 1:]
    means = y.mean(axis=0) - y.mean()
    trend = (np.arange(T)[:, None] * means).ravel()
    X = np.column_stack([region, year, trend])
    values, rss = np.linalg.lstsq(X, y.ravel(), rcond=None)[:2]
    dof = T * N - X.shape[1]
    t = values[-1] / np.sqrt(rss[0] / dof * np.linalg.inv(X.T @ X)[-1, -1])
    found = plain.short_panel_test(draws=99, seed=1).table
    assert found.loc["t", "statistic"] == pytest.approx(t, rel=ROUNDING)
    assert found.loc["t", "p_lower"] == pytest.approx(stats.t.cdf(t, dof), rel=ROUNDING)


def test_F_is_that_of_an_analysis_of_variance(zj, plain):
    """Mean growth off a constant and the initial level, over the interaction of regions and years."""
    y, start = plain.fit.design.y, plain.fit.design.X[0, :, 0]
    T, N = y.shape
    rss = np.linalg.lstsq(np.column_stack([np.ones(N), start]), y.mean(axis=0), rcond=None)[1][0]
    e = y - y.mean(axis=0) - y.mean(axis=1, keepdims=True) + y.mean()
    F = T * rss / (N - 2) / ((e**2).sum() / ((N - 1) * (T - 1)))
    assert plain.short_panel_test(draws=99, seed=1).table.loc["F", "statistic"] == pytest.approx(F, rel=ROUNDING)


def test_the_same_seed_gives_the_same_and_a_world_of_fast_convergence_is_found():
    world = sc.simulate.growth_panel(31, periods=9, beta=-0.4, effects="two-way", sigma=0.2, seed=3)
    b = sc.beta(world.panel, "level", effects="two-way")
    first, again = (b.short_panel_test(draws=199, seed=5) for _ in range(2))
    assert first.table.equals(again.table)
    assert first.p_lower == pytest.approx(1 / 200)
    found = b.confidence_set(draws=99, seed=5)
    low, high = found.interval
    assert low < -0.4 < high < 0
    assert low < found.estimate < high
    assert found.speed == pytest.approx((-np.log1p(high), -np.log1p(low)))
    assert b.short_panel_test(beta=found.estimate, draws=199, seed=5).p_value > 0.5


def test_what_is_imposed_is_of_annualised_growth(zj):
    """Over spans of two years beta is half as large a share of a span's growth."""
    b = sc.beta(zj.panel, "exports", effects="region", horizon=2)
    found = sample_of(b)
    np.testing.assert_allclose(found.levels[1:] - found.levels[:-1], 2 * b.fit.design.y, atol=1e-12)


def test_words_and_repr(plain):
    found = plain.confidence_set(draws=99, seed=1)
    for ends, said in (
        ((-np.inf, 0.31), "beta < 0.3100"),
        ((-0.2, np.inf), "beta > -0.2000"),
        ((-np.inf, np.inf), "nothing can be said"),
    ):
        from dataclasses import replace

        assert replace(found, interval=ends, pieces=1).words == said
        assert said in plain_repr(replace(found, interval=ends, pieces=1))
    assert "do fast growers slow down" in plain_repr(plain.short_panel_test(draws=99, seed=1))
    assert len(found.tidy()) == 3
    assert found.glance().loc[0, "betas_asked"] == len(found.curve)


def test_what_is_not_derived_is_refused(zj, w):
    with pytest.raises(UnsupportedModelError, match="effects='time'"):
        sc.beta(zj.panel, "exports", effects="time").short_panel_test()
    with pytest.raises(UnsupportedModelError, match="spatial errors"):
        sc.beta(zj.panel, "exports", w, spatial="error", effects="region").short_panel_test()
    with pytest.raises(UnsupportedModelError, match="spatial lag of the initial level"):
        sc.beta(zj.panel, "exports", w, spatial="lag", durbin=True, effects="region").confidence_set()
    with pytest.raises(ModelError, match="follow one another"):
        sc.beta(zj.panel, "exports", effects="region", horizon=2, overlapping=True).short_panel_test()
    b = sc.beta(zj.panel, "exports", effects="region")
    with pytest.raises(OptionError, match="between -2 and 1"):
        b.short_panel_test(beta=-3)
    with pytest.raises(OptionError, match="test must be"):
        b.confidence_set(test="score")


def test_what_misses_its_level_is_quoted_as_it_was_simulated():
    """SHORT_PANELS.md: every cell outside 4 to 6 % (normal) or 3.5 to 7 % (others) stands in MISSES, and no other."""
    rows = written()
    assert len(rows) > 20
    assert {int(row["panels"]) for row in rows} == {simulated.PANELS}
    assert missed(rows) == simulated.MISSES


def test_what_misses_its_level_is_said_on_the_result(zj):
    for (panel, effects), worlds in simulated.MISSES.items():
        T = int(panel.split(" x ")[1])
        said = " ".join(simulated.misses(effects, T))
        for world in worlds:
            quoted = [getattr(world, name) for name in ("ratio", "robust")]
            wanted = [sizes for sizes in quoted if simulated.outside(sizes, world.normal)]
            assert wanted
            assert all(f"{world.world} {below:g} ({two:g})" in said for below, two in wanted)
    assert simulated.like(3) == simulated.like(6) == "11 x 4"
    assert simulated.like(7) == simulated.like(12) == "31 x 8"
    assert simulated.like(13) == "48 x 16"
    b = sc.beta(zj.panel, "exports", effects="two-way")
    assert set(simulated.misses("two-way", 4)) <= set(b.short_panel_test(draws=99, seed=1).notes)


def test_panels_that_explode_are_counted_and_said():
    """26 spans under beta = 1/h: levels double each span, and nothing is left of residuals; none do at the estimate."""
    us = sc.datasets.us_income()
    b = sc.beta(us.panel, "income", effects="two-way", horizon=3)
    found = b.confidence_set(draws=99, seed=1)
    curve = found.curve.set_index("beta")["exploded"]
    assert curve.iloc[-1] == 1.0
    assert (curve.loc[: found.interval[1]] == 0).all()
    first = curve.index[curve >= 0.05].min()
    said = f"at betas from {first:.4f} to 0.3333 levels of up to about 100 % of the drawn panels"
    assert found.notes[0].startswith(said)
    robust = b.confidence_set(draws=99, seed=1, test="robust")
    assert not any("stands in" in note for note in robust.notes)
    alone = b.short_panel_test(beta=1 / 3, draws=99, seed=1)
    assert any(note.startswith("at beta = 0.3333 levels of up to about 100 %") for note in alone.notes)
    assert not any("stands in" in note for note in b.short_panel_test(draws=99, seed=1).notes)


def test_sets_that_miss_their_coverage_say_so_as_it_was_simulated(zj, plain):
    assert covered(written_sets()) == simulated.COVERS
    said = "sets of 95 % cover the true beta in 98.1 % (drifts 1.0 s.d. apart, beta -0.2) of 1,000 simulated panels"
    assert any(note.startswith(said) for note in plain.confidence_set(draws=99, seed=1).notes)
    region = sc.beta(zj.panel, "exports", effects="region")
    assert not any("cover the true" in note for note in region.confidence_set(draws=99, seed=1).notes)
    robust = region.confidence_set(draws=99, seed=1, test="robust").notes
    assert any("97.6 % (drifts 1.0 s.d. apart, beta -0.3)" in note for note in robust)
