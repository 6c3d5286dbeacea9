"""Join counts and empirical Bayes rates: dense loops, all arrangements, esda, and what must hold."""

from __future__ import annotations

from itertools import combinations

import esda
import numpy as np
import pandas as pd
import pytest
from esda.smoothing import Empirical_Bayes, Spatial_Empirical_Bayes, assuncao_rate

import spatialconv as sc
from spatialconv.errors import MissingDataError, NotPositiveError, VariableError
from tests import brute_association as brute
from tests.tolerances import EXACT, REFERENCE


def weights(seed, n):
    rng = np.random.default_rng(seed)
    matrix = (rng.integers(1, 5, (n, n)) * (rng.random((n, n)) < 0.5)).astype(float)
    np.fill_diagonal(matrix, 0)
    matrix[1] = matrix[:, 1] = 0
    return matrix, [f"r{i:02d}" for i in range(n)]


def joins(x, matrix):
    n = len(x)
    pairs = [(i, j) for i in range(n) for j in range(n)]
    return [
        sum(matrix[i, j] * x[i] * x[j] for i, j in pairs) / 2,
        sum(matrix[i, j] * (1 - x[i]) * (1 - x[j]) for i, j in pairs) / 2,
        sum(matrix[i, j] * (x[i] != x[j]) for i, j in pairs) / 2,
    ]


@pytest.mark.parametrize(("n", "ones"), [(4, 1), (5, 2), (6, 3), (7, 6), (8, 3)])
def test_joins_have_the_moments_of_all_arrangements(n, ones):
    matrix, labels = weights(n, n)
    x = np.zeros(n)
    x[:ones] = 1
    every = np.array(
        [joins(np.isin(range(n), chosen).astype(float), matrix) for chosen in combinations(range(n), ones)]
    )
    found = sc.join_counts(brute.panel(x, labels), "y", brute.graph(matrix, labels), permutations=20_000, seed=0)
    np.testing.assert_allclose(found.table["joins"], joins(x, matrix), rtol=EXACT)
    np.testing.assert_allclose(found.table["expected"], every.mean(axis=0), rtol=EXACT, atol=EXACT)
    np.testing.assert_allclose(found.table["variance"], every.var(axis=0), rtol=REFERENCE, atol=REFERENCE)
    for k, row in enumerate(found.table.itertuples()):
        if every[:, k].std() > REFERENCE:
            assert row.p == pytest.approx(brute.p_enumerated(joins(x, matrix)[k], every[:, k], "two-sided"), abs=0.02)
        else:
            assert np.isnan(row.p)
            assert np.isnan(row.z)


@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_joins_are_those_of_esda_and_add_up():
    us = sc.datasets.us_income()
    rich = us.panel.assign(rich=lambda f: f["income"] > f.groupby("year")["income"].transform("median"))
    w = sc.weights.adjacency(us.states, standardise="none")
    found = sc.join_counts(rich, "rich", w, permutations=0)
    for year in (1929, 1970, 2009):
        inputs = sc.to_pysal(rich, "rich", w, year, form="w")
        theirs = esda.Join_Counts(inputs.values, inputs.weights, permutations=0)
        assert found.table.loc[year, "joins"].tolist() == [theirs.bb, theirs.ww, theirs.bw]
    np.testing.assert_allclose(found.table["joins"].groupby(level=0).sum(), w.adjacency.sum() / 2, rtol=EXACT)
    pd.testing.assert_series_equal(found.table["p"], found.table["p_normal"], check_names=False)
    assert found.ones.loc[[1929, 2009]].tolist() == [24, 24]


def test_ones_that_lie_together_are_found_and_the_side_is_right():
    matrix, labels = brute.lattice(8), [f"r{i:02d}" for i in range(64)]
    panel = brute.panel((np.arange(64) < 32).astype(float), labels)
    w = brute.graph(matrix, labels)
    p = {side: sc.join_counts(panel, "y", w, seed=0, alternative=side).table["p"].loc[0]
         for side in ("two-sided", "greater", "less")}  # fmt: skip
    assert p["two-sided"].max() <= 0.002
    assert p["greater"]["1-1"] <= 0.001
    assert p["greater"]["0-1"] > 0.99
    assert p["less"]["0-1"] <= 0.001


def test_joins_repr_seed_and_refusals():
    us = sc.datasets.us_income()
    w = sc.weights.adjacency(us.states, standardise="none")
    rich = us.panel.assign(rich=lambda f: f["income"] > f.groupby("year")["income"].transform("median"))
    few = rich.subset(periods=[1929, 2009])
    one, two = (sc.join_counts(few, "rich", w, permutations=99, seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(one.table, two.table)
    assert max(len(line) for line in repr(one).split("\n") if "weights" not in line and "note:" not in line) <= 80
    assert one.glance().shape[0] == 1
    assert one.tidy().shape == (6, 7)
    with pytest.raises(VariableError, match="join counts need zeros and ones; 'income' is something else in 96: "):
        sc.join_counts(few, "income", w)
    with pytest.raises(VariableError, match="same in all 48 regions"):
        sc.join_counts(few.assign(rich=1), "rich", w)


# ------------------------------------------------------------------ rates


def counts(seed, n=30, periods=2):
    rng = np.random.default_rng(seed)
    people = rng.lognormal(5, 1.2, (periods, n)).round() + 1
    events = rng.poisson(people * 0.05 * rng.lognormal(0, 0.5, (periods, n)))
    labels = [f"r{i:02d}" for i in range(n)]
    panel = brute.panel(events.astype(float), labels).assign(events=lambda f: f["y"], people=people.ravel())
    return events, people, panel, labels


@pytest.mark.parametrize("seed", range(4))
def test_rates_are_those_of_esda_where_rates_differ_more_than_chance(seed):
    events, people, panel, _ = counts(seed)
    found = sc.empirical_bayes(panel, "events", "people").table
    for t in range(2):
        theirs = Empirical_Bayes(events[t], people[t]).r.ravel()
        np.testing.assert_allclose(found.loc[t, "rate"], theirs, rtol=1e-8)
        np.testing.assert_allclose(found.loc[t, "standardised"], assuncao_rate(events[t], people[t]), rtol=1e-8)


@pytest.mark.parametrize("seed", range(4))
def test_local_rates_are_those_of_esda(seed):
    events, people, panel, labels = counts(seed)
    matrix, _ = weights(seed, 30)
    w = brute.graph((matrix > 0).astype(float), labels)
    found = sc.empirical_bayes(panel, "events", "people", w).table
    inputs = sc.to_pysal(panel, ["events", "people"], w, 1, form="w")
    theirs = Spatial_Empirical_Bayes(*inputs.values.T, inputs.weights).r.ravel()
    alone = (
        1  # esda counts the weight of zero that marks an island as a neighbour, the region itself, and counts it twice
    )
    others = np.delete(np.arange(30), alone)
    np.testing.assert_allclose(found.loc[1, "rate"].to_numpy()[others], theirs[others], rtol=1e-8)
    # Weights say who is near, not how much: standardising them changes nothing.
    rows = sc.empirical_bayes(panel, "events", "people", brute.graph(brute.row_standardised(matrix), labels)).table
    pd.testing.assert_frame_equal(rows, found)
    assert found.loc[(1, "r01"), "rate"] == pytest.approx(events[1, 1] / people[1, 1])


def test_rates_by_dense_loops():
    events, people, panel, labels = counts(9, n=8, periods=1)
    matrix, _ = weights(9, 8)
    table = sc.empirical_bayes(panel, "events", "people", brute.graph(matrix, labels)).table.loc[0]
    for i, label in enumerate(labels):
        near = sorted({i, *np.flatnonzero(matrix[i])})
        e, b = events[0, near].astype(float), people[0, near]
        m = e.sum() / b.sum()
        excess = max(sum(b * (e / b - m) ** 2) / b.sum() - m / b.mean(), 0.0)
        weight = excess / (excess + m / people[0, i]) if m > 0 else 0.0
        rate = events[0, i] / people[0, i]
        assert table.loc[label, "mean"] == pytest.approx(m, rel=REFERENCE)
        assert table.loc[label, "weight"] == pytest.approx(weight, rel=1e-8, abs=1e-10)
        assert table.loc[label, "rate"] == pytest.approx(m + weight * (rate - m), rel=1e-8)


def test_rates_that_differ_less_than_chance_are_all_the_mean():
    """esda keeps the negative variance; its rates leave the range of the data."""
    people = np.array([100.0, 200, 50, 400, 120])
    events = np.array([10.0, 20, 5, 40, 12])
    events[0] += 1
    panel = brute.panel(events, list("abcde")).assign(people=people)
    found = sc.empirical_bayes(panel, "y", "people")
    np.testing.assert_allclose(found.table["rate"], events.sum() / people.sum(), rtol=EXACT)
    assert (found.table["weight"] == 0).all()
    assert any("differ no more than chance in period 0" in note for note in found.notes)
    theirs = Empirical_Bayes(events, people).r
    assert theirs.max() > (events / people).max() or theirs.min() < (events / people).min()


def test_smoothing_brings_rates_nearer_to_the_truth():
    """Squared error of 200 worlds with known risks: no larger anywhere, and much smaller for small populations."""
    rng = np.random.default_rng(0)
    people = np.tile(np.array([20.0] * 20 + [5000.0] * 20), (200, 1))
    risk = rng.gamma(10, 0.01, (200, 40))
    events = rng.poisson(people * risk)
    labels = [f"r{i:02d}" for i in range(40)]
    panel = brute.panel(events.astype(float), labels).assign(people=people.ravel())
    table = sc.empirical_bayes(panel, "y", "people").table
    raw, rate = (((table[c].to_numpy().reshape(200, 40) - risk) ** 2).mean(axis=0) for c in ("raw", "rate"))
    assert rate[:20].mean() < 0.35 * raw[:20].mean()
    assert rate[20:].mean() < 1.02 * raw[20:].mean()


def test_the_panel_goes_on_in_its_own_order():
    events, people, panel, labels = counts(3)
    shuffled = sc.Panel(panel.frame.sample(frac=1, random_state=1), region="region", period="period")
    matrix, _ = weights(3, 30)
    w = brute.graph(matrix, labels)
    one = sc.moran(sc.empirical_bayes(panel, "events", "people").panel(), "standardised_rate", w).table
    two = sc.moran(sc.empirical_bayes(shuffled, "events", "people").panel(), "standardised_rate", w).table
    np.testing.assert_allclose(one["I"], two["I"], rtol=REFERENCE)
    back = sc.empirical_bayes(shuffled, "events", "people").panel()
    np.testing.assert_allclose(back.values("raw_rate", regions=labels), events / people, rtol=EXACT)
    inputs = sc.to_pysal(panel, ["events", "people"], w, 0, form="w")
    theirs = esda.Moran_Rate(*inputs.values.T, inputs.weights, permutations=0, transformation="O").I
    assert one["I"].iloc[0] == pytest.approx(theirs, rel=1e-8)


def test_rates_repr_and_refusals():
    _, _, panel, labels = counts(3)
    matrix, _ = weights(3, 30)
    found = sc.empirical_bayes(panel, "events", "people", brute.graph(matrix, labels))
    assert max(len(line) for line in repr(found).split("\n") if "weights:" not in line and "note:" not in line) <= 80
    assert found.glance().loc[0, "towards"] == "the neighbourhood"
    assert found.tidy().shape == (60, 5)
    with pytest.raises(NotPositiveError, match=r"'people' is not positive in 60: .* somebody at risk"):
        sc.empirical_bayes(panel.assign(people=0), "events", "people")
    with pytest.raises(NotPositiveError, match="'events' is negative in"):
        sc.empirical_bayes(panel.assign(events=-1), "events", "people")
    with pytest.raises(VariableError, match="'events' is zero everywhere in period 2: 0, 1"):
        sc.empirical_bayes(panel.assign(events=0), "events", "people")
    with pytest.raises(MissingDataError):
        sc.empirical_bayes(panel.assign(people=lambda f: f["people"].where(f.index > 0)), "events", "people")
