"""Sums over pairs of regions against loops over all pairs: Kendall's tau and differences."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest

from spatialconv._core.dynamics.rank_tau import other_tau, pair_tau
from spatialconv._core.space.pair_differences import all_sum, linked_pairs, linked_sum
from tests.tolerances import EXACT

N = 23


def tau(x, y, pairs):
    net, in_x, in_y = 0, 0, 0
    for i, j in pairs:
        dx, dy = np.sign(x[i] - x[j]), np.sign(y[i] - y[j])
        net, in_x, in_y = net + dx * dy, in_x + (dx != 0), in_y + (dy != 0)
    return net / np.sqrt(in_x * in_y) if in_x * in_y else np.nan


def draws(rng, kind):
    if kind == "ties":
        return rng.integers(0, 4, (5, N)).astype(float), rng.integers(0, 3, (5, N)).astype(float)
    if kind == "constant":
        return np.ones((5, N)), rng.normal(size=(5, N))
    return rng.normal(size=(5, N)), rng.normal(size=(5, N))


@pytest.mark.parametrize("kind", ["no ties", "ties", "constant"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_tau_of_some_pairs_and_of_all_others(kind, share):
    rng = np.random.default_rng(int(100 * share))
    x, y = draws(rng, kind)
    every = list(combinations(range(N), 2))
    chosen = [pair for pair in every if rng.random() < share]
    i, j = np.array(chosen).T
    others = [pair for pair in every if pair not in set(chosen)]
    np.testing.assert_allclose(pair_tau(x, y, i, j), [tau(a, b, chosen) for a, b in zip(x, y, strict=True)], rtol=EXACT)
    np.testing.assert_allclose(
        other_tau(x, y, i, j), [tau(a, b, others) for a, b in zip(x, y, strict=True)], rtol=EXACT
    )


@pytest.mark.parametrize("share", [0.2, 0.6])
def test_differences_of_links_of_which_some_lead_back(share):
    rng = np.random.default_rng(1)
    x = rng.lognormal(size=(4, N))
    links = [pair for pair in permutations(range(N), 2) if rng.random() < share]
    i, j, times = linked_pairs(*np.array(links).T)
    assert len(i) == len({frozenset(pair) for pair in links})
    assert set(times) == {1.0, 2.0}
    expected = [sum(abs(row[a] - row[b]) for a, b in links) for row in x]
    np.testing.assert_allclose(linked_sum(x, i, j, times), expected, rtol=EXACT)
    np.testing.assert_allclose(all_sum(x), np.abs(x[:, :, None] - x[:, None]).sum(axis=(1, 2)), rtol=EXACT)
