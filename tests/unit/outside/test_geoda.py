"""GeoDa's own engine on incomes of the US states, stored: links, local Moran, Gi*, and what is not the same and why."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import spatialconv as sc

GEODA = json.loads((Path(__file__).parents[2] / "reference" / "geoda" / "reference.json").read_text(encoding="utf-8"))
STATES = pd.Index(GEODA["states"])
N = len(STATES)


@pytest.fixture(scope="module")
def us():
    return sc.datasets.us_income()


def links(w):
    return sc.weights.align(w, STATES).matrix.toarray() > 0


def of_geoda(name):
    held = np.zeros((N, N), dtype=bool)
    for i, others in enumerate(GEODA[name]):
        held[i, list(others)] = True
    return held


@pytest.mark.parametrize("rule", ["rook", "queen"])
def test_contiguity_is_that_of_its_weights_manager(us, rule):
    np.testing.assert_array_equal(links(sc.weights.adjacency(us.states, rule=rule)), of_geoda(rule))


def test_nearest_are_not_all_the_same(us):
    """GeoDa takes degrees for a plane and centroids for places: nearly three in four links are ours too."""
    ours, theirs = links(sc.weights.knn(us.states, k=4)), of_geoda("knn4")
    assert ours.sum() == theirs.sum() == 4 * N
    assert 0.7 < (ours & theirs).sum() / (4 * N) < 1


@pytest.mark.parametrize("period", [1929, 2009])
def test_local_moran(us, period):
    """I is the same but for m2, which has n here and n - 1 there; its p is folded, half of that of two sides."""
    held = GEODA[f"y{period}"]
    w = sc.weights.adjacency(us.states, rule="rook")
    table = sc.local_moran(us.panel, "income", w, period=period, permutations=9999, seed=3).table.loc[STATES]
    np.testing.assert_allclose(table["I"] * (N - 1) / N, held["local_moran"], rtol=1e-10)
    # Both are shares of draws; GeoDa's are smaller by up to 0.035 than those of conditional permutations (its README).
    gap = table["p"] / 2 - np.array(held["local_moran_p"])
    assert gap.between(-0.02, 0.06).all(), gap
    assert stats.spearmanr(table["p"], held["local_moran_p"]).statistic > 0.99
    quadrants = {1: "HH", 2: "LL", 3: "LH", 4: "HL"}
    for state, cluster in zip(STATES, held["clusters"], strict=True):
        if cluster in quadrants:
            assert table.loc[state, "quadrant"] == quadrants[cluster]


@pytest.mark.parametrize("period", [1929, 2009])
def test_gstar_becomes_our_z_by_its_moments(us, period):
    """GeoDa prints the share of a region and its neighbours in the sum; Gi* here is its z (Ord and Getis 1995)."""
    held = GEODA[f"y{period}"]
    y = np.array(held["y"])
    w = sc.weights.adjacency(us.states, rule="rook")
    z = sc.hot_spots(us.panel, "income", w, period=period).table.loc[STATES, "z"]
    m = 1 + of_geoda("rook").sum(axis=1)
    moved = (np.array(held["local_gstar"]) * y.sum() - y.mean()) / (y.std() * np.sqrt((N / m - 1) / (N - 1)))
    np.testing.assert_allclose(z, moved, rtol=1e-9, atol=1e-9)
    # Its folded p of permutations and the tail of that z agree on what is far out.
    far = np.abs(z) > 3.3
    assert (np.array(held["local_gstar_p"])[far] < 0.01).all()
    assert far.any() == (stats.norm.sf(np.abs(z)).min() < 5e-4)


@pytest.mark.parametrize("period", [1929, 2009])
def test_local_geary(us, period):
    held = GEODA[f"y{period}"]
    w = sc.weights.adjacency(us.states, rule="rook")
    table = sc.local_geary(us.panel, "income", w, period=period, permutations=99, seed=1).table.loc[STATES]
    ratio = np.array(held["local_geary"]) / table.iloc[:, [c.lower() in ("c", "c_i") for c in table.columns]].iloc[:, 0]
    np.testing.assert_allclose(ratio, ratio.iloc[0], rtol=1e-9)
