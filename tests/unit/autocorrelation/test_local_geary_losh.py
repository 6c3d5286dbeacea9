"""Local Geary and LOSH: dense loops, all arrangements, esda, islands, and what must hold of any data."""

from __future__ import annotations

from itertools import permutations

import esda
import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

import spatialconv as sc
from spatialconv.errors import OptionError, VariableError, WeightsError
from tests import brute_association as brute
from tests.tolerances import EXACT, REFERENCE

BOTH = [sc.local_geary, sc.losh]


def world(seed, n, *, dense=0.5, island=True, standardise=False, periods=1):
    rng = np.random.default_rng(seed)
    matrix = (rng.integers(1, 5, (n, n)) * (rng.random((n, n)) < dense)).astype(float)
    np.fill_diagonal(matrix, 0)
    if island:
        matrix[1] = matrix[:, 1] = 0
    matrix = brute.row_standardised(matrix) if standardise else matrix
    y = rng.lognormal(size=(periods, n))
    labels = [f"r{i:03d}" for i in range(n)]
    return y, matrix, brute.panel(y, labels), brute.graph(matrix, labels), labels


def z(values):
    return (values - values.mean()) / values.std()


def losh(y, matrix, power=2):
    """H by the definition, among the regions that have neighbours."""
    kept = np.flatnonzero(matrix.sum(axis=1) > 0)
    w = matrix[np.ix_(kept, kept)]
    e = np.array([abs(y[i] - w[a] @ y[kept] / w[a].sum()) ** power for a, i in enumerate(kept)])
    found = np.full(len(y), np.nan)
    found[kept] = [w[a] @ e / (e.mean() * w[a].sum()) for a in range(len(kept))]
    return found, e, kept, w


@pytest.mark.parametrize("seed", range(4))
def test_geary_is_that_of_dense_loops_and_all_conditional_arrangements(seed):
    y, matrix, panel, w, labels = world(seed, 7, standardise=bool(seed % 2))
    v = z(y[0])
    table = sc.local_geary(panel, "y", w, permutations=20_000, seed=0, period=0).table
    for i, label in enumerate(labels):
        others = [k for k in range(7) if k != i]
        orders = np.array([np.insert(np.array(o), i, i) for o in permutations(others)])
        every = np.array([(matrix[i] * (v[i] - v[o]) ** 2).sum() for o in orders])
        seen = sum(matrix[i, j] * (v[i] - v[j]) ** 2 for j in range(7))
        row = table.loc[label]
        assert row["C"] == pytest.approx(seen, rel=REFERENCE, abs=EXACT)
        assert row["expected"] == pytest.approx(every.mean(), rel=REFERENCE, abs=EXACT)
        assert row["variance"] == pytest.approx(every.var(), rel=REFERENCE, abs=EXACT)
        if i == 1 or every.std() < EXACT:
            assert np.isnan(row["p"])
            assert pd.isna(row["cluster"])
            continue
        assert row["z"] == pytest.approx((every.mean() - seen) / every.std(), rel=1e-8)
        assert row["p"] == pytest.approx(brute.p_enumerated(seen, every, "two-sided"), abs=0.02)
        alike = sc.local_geary(panel, "y", w, permutations=5000, seed=0, period=0, alternative="greater").table
        assert alike.loc[label, "p"] == pytest.approx(brute.p_enumerated(seen, every, "less"), abs=0.04)


def test_geary_is_that_of_esda():
    _, _, panel, w, _ = world(5, 30, dense=0.15, island=False, standardise=True)
    inputs = sc.to_pysal(panel, "y", w)
    theirs = esda.Geary_Local(inputs.weights, permutations=0, labels=False).fit(inputs.values).localG
    np.testing.assert_allclose(sc.local_geary(panel, "y", w, permutations=9).table["C"], theirs, rtol=REFERENCE)


def test_geary_sums_to_the_global_one_whatever_the_weights():
    y, matrix, panel, w, _ = world(6, 12, periods=3)
    local = sc.local_geary(panel, "y", w, permutations=9, seed=0).table["C"].groupby(level=0).sum()
    # C = (n - 1) / (2 S0 n) times the sum of the c_i.
    np.testing.assert_allclose(local * 11 / (2 * matrix.sum() * 12), sc.geary(panel, "y", w).table["C"], rtol=REFERENCE)
    assert y.shape == (3, 12)


def test_kinds_of_likeness():
    """A plateau of equal high values, one of equal low ones, a region at odds, and a pair across the mean."""
    matrix = brute.row_standardised(brute.lattice(8))
    y = np.where(np.arange(64) < 32, 5.0, -5.0) + np.random.default_rng(0).normal(size=64) * 0.1
    y[9] = -20.0
    labels = [f"r{i:03d}" for i in range(64)]
    found = sc.local_geary(brute.panel(y, labels), "y", brute.graph(matrix, labels), period=0, seed=0)
    table = found.table
    assert table.loc["r009", "kind"] == "unlike"
    assert (table.loc[["r014", "r007"], "kind"] == "HH").all()
    assert (table.loc[["r056", "r049"], "kind"] == "LL").all()
    assert (table["cluster"] != "not significant").sum() == found.glance().loc[0, ["hh", "ll", "alike", "unlike"]].sum()
    assert ((table["z"] > 0) == table["kind"].isin(["HH", "LL", "alike"])).all()


@pytest.mark.parametrize("power", [2, 1, 0.5])
@pytest.mark.parametrize("seed", range(4))
def test_losh_is_that_of_dense_loops_and_all_arrangements(seed, power):
    y, matrix, panel, w, labels = world(seed, 7, standardise=bool(seed % 2))
    H, e, kept, near = losh(y[0], matrix, power)
    table = sc.losh(panel, "y", w, power=power, permutations=20_000, seed=0, period=0).table
    np.testing.assert_allclose(table["H"], H, rtol=REFERENCE)
    orders = np.array([list(o) for o in permutations(range(len(kept)))])
    every = (e[orders] @ near.T) / (e.mean() * near.sum(axis=1))
    np.testing.assert_allclose(every.mean(axis=0), 1, rtol=REFERENCE)
    for a, i in enumerate(kept):
        row = table.loc[labels[i]]
        assert row["variance"] == pytest.approx(every[:, a].var(), rel=1e-8, abs=EXACT)
        if every[:, a].std() > EXACT:
            assert row["p"] == pytest.approx(brute.p_enumerated(H[i], every[:, a], "two-sided"), abs=0.02)
    assert np.isnan(table.loc["r001", "H"])
    assert table["p_chi2"].notna().any() == (power == 2)


def test_losh_is_that_of_esda():
    _, _, panel, w, _ = world(5, 30, dense=0.15, island=False, standardise=True)
    inputs = sc.to_pysal(panel, "y", w)
    theirs = esda.LOSH(inputs.weights, inference="chi-square").fit(inputs.values)
    table = sc.losh(panel, "y", w, permutations=9, seed=0).table
    np.testing.assert_allclose(table["H"], theirs.Hi, rtol=REFERENCE)
    np.testing.assert_allclose(table["variance"], theirs.VarHi, rtol=REFERENCE)
    np.testing.assert_allclose(table["p_chi2"], theirs.pval, rtol=1e-8, atol=EXACT)
    np.testing.assert_allclose(table["local_mean"], theirs.ylag, rtol=REFERENCE)
    np.testing.assert_allclose(table["p_chi2"], chi2.sf(2 * table["H"] / table["variance"], 2 / table["variance"]))


def test_losh_finds_the_mixed_half():
    """Two halves of one mean, one with ten times the spread: mixed there, even in the other."""
    matrix = brute.row_standardised(brute.lattice(14))
    rng = np.random.default_rng(1)
    y = rng.normal(size=196) * np.where(np.arange(196) < 98, 10.0, 1.0)
    labels = [f"r{i:03d}" for i in range(196)]
    table = sc.losh(brute.panel(y, labels), "y", brute.graph(matrix, labels), seed=0, level=0.1).table
    mixed, even = (np.flatnonzero(table["cluster"] == f"{k} neighbourhood") for k in ("mixed", "even"))
    assert len(mixed) > 10
    assert len(even) > 5
    assert (mixed < 112).all()
    assert (even >= 84).all()


def test_a_link_that_leads_to_a_region_without_surroundings():
    matrix = np.zeros((6, 6))
    for i in range(4):
        matrix[i, (i + 1) % 4] = matrix[(i + 1) % 4, i] = 1
    matrix[4, 5] = 1  # the only neighbour of 4 has none itself
    labels = [f"r{i}" for i in range(6)]
    panel = brute.panel(np.array([3.0, 1, 4, 1, 5, 9]), labels)
    found = sc.losh(panel, "y", brute.graph(matrix, labels), permutations=99, seed=0)
    assert found.table["H"].isna().tolist() == [False] * 4 + [True] * 2
    assert any("left out" in note for note in found.notes)
    with pytest.raises(WeightsError, match="2 regions of 6 with a neighbour; LOSH compares"):
        sc.losh(panel, "y", brute.graph(np.diag([1.0, 0, 0, 0, 0], 1) + np.diag([1.0, 0, 0, 0, 0], -1), labels))


@pytest.mark.parametrize("function", BOTH)
def test_unit_and_order_change_nothing_and_nothing_given_is_changed(function):
    y, _, panel, w, _ = world(4, 14, periods=2)
    before, state = w.adjacency.copy(), np.random.get_state()[1].copy()
    one = function(panel, "y", w, permutations=99, seed=5)
    shuffled = sc.Panel(panel.frame.sample(frac=1, random_state=0), region="region", period="period")
    other = function(shuffled.assign(y=lambda f: 7 * f["y"] - 3), "y", w, permutations=99, seed=5)
    for column in ("estimate", "statistic", "p_value", "q_value"):
        a, b = (found.tidy().set_index(["period", "term"])[column].sort_index() for found in (one, other))
        pd.testing.assert_series_equal(a, b, rtol=1e-8)
    pd.testing.assert_series_equal(w.adjacency, before)
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    assert one.provenance.seed == 5
    assert y.shape == (2, 14)


@pytest.mark.parametrize("function", BOTH)
def test_reprs_and_summaries(function):
    _, _, panel, w, _ = world(6, 14, periods=3)
    found = function(panel, "y", w, permutations=99, seed=1, log=True)
    lines = [line for line in repr(found).split("\n") if "note:" not in line and "weights:" not in line]
    assert max(map(len, lines)) <= 80
    assert found.glance().shape[0] == 1
    assert "<table" in found._repr_html_()
    assert found.at(1).shape[0] == 14
    assert any("99 permutations give no p below" in note for note in found.notes)


def test_what_they_refuse():
    _, _, panel, w, _ = world(6, 14)
    for function in BOTH:
        with pytest.raises(OptionError, match="permutations must be a whole number of at least 1"):
            function(panel, "y", w, permutations=0)
        with pytest.raises(OptionError, match="alternative must be one of"):
            function(panel, "y", w, alternative="both")
    with pytest.raises(OptionError, match="power must be a positive number"):
        sc.losh(panel, "y", w, power=0)
    labels = list("abcdefgh")
    checks = brute.panel(np.tile([1.0, 1, 1, 1, 5, 5, 5, 5], 1), labels)
    pairs = np.kron(np.eye(2), np.ones((4, 4)) - np.eye(4))
    with pytest.raises(VariableError, match="every region equals the mean of its neighbours in period 0"):
        sc.losh(checks, "y", brute.graph(pairs, labels))
