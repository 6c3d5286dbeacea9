"""Gamma and delta convergence: loops, scipy's Friedman and Spearman, ties, and known worlds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import spatialconv as sc
from spatialconv.errors import DataError, MissingDataError, OptionError, VariableError
from tests import brute_association as brute
from tests.tolerances import EXACT, REFERENCE


def world(seed, n=9, periods=5, *, ties=False):
    rng = np.random.default_rng(seed)
    y = np.cumsum(rng.normal(size=(periods, n)), axis=0) + rng.normal(size=n) * 2
    y = np.round(y) if ties else y
    return y, brute.panel(y, [f"r{i:02d}" for i in range(n)], range(2000, 2000 + periods))


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_gamma_by_loops_and_friedman_by_scipy(seed, ties):
    y, panel = world(seed, ties=ties)
    table = sc.gamma(panel, "y").table
    ranks = [stats.rankdata(row) for row in y]
    for t in range(5):
        row = table.iloc[t]
        assert row["gamma"] == pytest.approx(np.var(ranks[t] + ranks[0]) / np.var(2 * ranks[0]), rel=REFERENCE)
        assert row["gamma_all"] == pytest.approx(
            np.var(sum(ranks[: t + 1])) / np.var((t + 1) * ranks[0]), rel=REFERENCE
        )
        if t >= 2:  # scipy asks for three rankings
            theirs = stats.friedmanchisquare(*y[: t + 1].T)
            assert row["statistic"] == pytest.approx(theirs.statistic, rel=1e-9)
            assert row["p"] == pytest.approx(theirs.pvalue, rel=1e-8)
            assert row["concordance"] == pytest.approx(theirs.statistic / ((t + 1) * 8), rel=1e-9)
    assert np.isnan(table["p"].iloc[0])
    if not ties:
        rho = [stats.spearmanr(y[0], row).statistic for row in y]
        np.testing.assert_allclose(table["gamma"], (1 + np.array(rho)) / 2, rtol=REFERENCE)
        np.testing.assert_allclose(table["gamma_all"].iloc[1:], table["concordance"].iloc[1:], rtol=REFERENCE)


def test_gamma_of_the_same_and_of_the_turned_ranking():
    panel = brute.panel(np.array([[1.0, 2, 3, 4], [10, 20, 30, 40], [4, 3, 2, 1]]), list("abcd"))
    np.testing.assert_allclose(sc.gamma(panel, "y").table["gamma"], [1, 1, 0], atol=EXACT)


def test_friedman_p_is_uniform_where_rankings_are_unrelated():
    """2000 panels of 12 regions and 8 rankings: the chi-squared law is rough by a percent at these sizes."""
    rng = np.random.default_rng(0)
    labels = [f"r{i:02d}" for i in range(12)]
    p = [sc.gamma(brute.panel(rng.normal(size=(8, 12)), labels), "y").table["p"].iloc[-1] for _ in range(300)]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.045, abs=0.036)  # three standard errors of a share of 300


@pytest.mark.parametrize("best", ["highest", "lowest"])
def test_delta_by_loops(best):
    y, panel = world(7)
    table = sc.delta(panel, "y", best=best).table
    for t in range(5):
        top = max(y[t]) if best == "highest" else min(y[t])
        row = table.iloc[t]
        assert row["value"] == top
        assert row["best"] == f"r{list(y[t]).index(top):02d}"
        assert row["delta"] == pytest.approx(sum(abs(v - top) for v in y[t]), rel=EXACT)
        assert row["mean_distance"] == pytest.approx(row["delta"] / 8, rel=EXACT)
        assert row["relative"] == pytest.approx(row["mean_distance"] / abs(top), rel=EXACT)


def test_growth_alone_moves_delta_and_not_what_is_relative():
    y = np.array([1.0, 2, 4])
    table = sc.delta(brute.panel(np.array([y, 3 * y]), list("abc")), "y").table
    np.testing.assert_allclose(table["delta"], [5, 15], rtol=EXACT)
    np.testing.assert_allclose(table["relative"], 0.625, rtol=EXACT)
    assert table["best"].tolist() == ["c", "c"]


def test_order_repr_and_refusals():
    _, panel = world(3)
    shuffled = sc.Panel(panel.frame.sample(frac=1, random_state=0), region="region", period="period")
    for function in (sc.gamma, sc.delta):
        one, two = function(panel, "y"), function(shuffled, "y")
        for name in one.table.columns:
            if one.table[name].dtype.kind == "f":
                np.testing.assert_allclose(one.table[name], two.table[name], rtol=REFERENCE)
        assert max(map(len, repr(one).split("\n"))) <= 80
        assert one.tidy().shape == (5, 7)
        assert one.glance().shape[0] == 1
        assert "<table" in one._repr_html_()
        with pytest.raises(DataError, match="three regions or more"):
            function(panel.subset(regions=["r00", "r01"]), "y")
        with pytest.raises(MissingDataError):
            function(panel.assign(y=lambda f: f["y"].where(f.index > 0)), "y")
    with pytest.raises(VariableError, match="there are no ranks"):
        sc.gamma(panel.assign(y=1.0), "y")
    with pytest.raises(OptionError, match="best must be one of 'highest', 'lowest'"):
        sc.delta(panel, "y", best="max")
    zero = sc.delta(brute.panel(np.array([-1.0, 0, -2]), list("abc")), "y")
    assert zero.table["relative"].isna().all()
    assert any("the best is zero" in note for note in zero.notes)
