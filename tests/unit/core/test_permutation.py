"""Permutations against complete enumerations; p-values and q-values against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from spatialconv._core.space import association, permutation
from tests import brute_association as brute
from tests.tolerances import EXACT, MONTE_CARLO_P
from tests.unit.core.test_association import SUMS, N, S, W, Y, Z

DRAWS = 20_000


def test_p_value_counts_the_observed_one_among_the_arrangements():
    # 3 of 9 reach the observed value, 7 do not exceed it (one tie).
    drawn = permutation.Reference(np.array(0.0), np.array(1.0), np.array(3), np.array(7), 9)
    assert drawn.p_value("greater") == pytest.approx(4 / 10, rel=EXACT)
    assert drawn.p_value("less") == pytest.approx(8 / 10, rel=EXACT)
    assert drawn.p_value("two-sided") == pytest.approx(8 / 10, rel=EXACT)
    middle = permutation.Reference(np.array(0.0), np.array(1.0), np.array(5), np.array(5), 9)
    assert middle.p_value("two-sided") == 1.0


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_smallest_p_is_the_one_of_a_value_beyond_all(alternative):
    extreme = {"greater": (0, 99), "less": (99, 0), "two-sided": (0, 99)}[alternative]
    drawn = permutation.Reference(np.array(0.0), np.array(1.0), *map(np.array, extreme), 99)
    assert drawn.p_value(alternative) == permutation.smallest_p(99, alternative)


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_global_permutations_agree_with_all_5040_arrangements(alternative):
    drawn = permutation.permute(lambda z, _: association.moran(z, S, SUMS), Z, DRAWS, np.random.default_rng(3))
    p = drawn.p_value(alternative)
    for t, y in enumerate(Y):
        every = association.moran(association.standardise(brute.arrangements(y))[0], S, SUMS)
        assert drawn.expected[t] == pytest.approx(every.mean(), abs=5 * every.std() / np.sqrt(DRAWS))
        assert drawn.variance[t] == pytest.approx(every.var(), rel=0.05)
        observed = brute.moran(y, W)
        assert p[t] == pytest.approx(brute.p_enumerated(observed, every, alternative), abs=MONTE_CARLO_P)


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_conditional_permutations_agree_with_all_720_arrangements_of_the_others(own, alternative):
    drawn = permutation.permute_neighbours(Z, S, DRAWS, np.random.default_rng(5), own=own)
    p = drawn.p_value(alternative)
    for t in range(len(Z)):
        for i in set(range(N)) - {2}:
            every = brute.conditional(Z[t], i) @ W[i] * (Z[t, i] if own else 1.0)
            observed = W[i] @ Z[t] * (Z[t, i] if own else 1.0)
            assert drawn.expected[t, i] == pytest.approx(every.mean(), abs=5 * every.std() / np.sqrt(DRAWS))
            assert drawn.variance[t, i] == pytest.approx(every.var(), rel=0.05)
            assert p[t, i] == pytest.approx(brute.p_enumerated(observed, every, alternative), abs=MONTE_CARLO_P)
    # A region without neighbours ties with every arrangement.
    assert (p[:, 2] == 1).all()
    assert (drawn.variance[:, 2] == 0).all()


def test_arrangements_that_only_swap_equal_values_are_ties():
    # Weights of a third do not add up alike in every order: without care for rounding, ties are lost.
    n = 10
    y = np.array([1, 1, 1, 1, 1, 1, 1, 0.1, 0.1, 0.1])
    z, _ = association.standardise(y[None])
    drawn = permutation.permute_neighbours(
        z, csr_array((1.0 - np.eye(n)) / 3), 500, np.random.default_rng(0), own=False
    )
    assert (drawn.above == 500).all()
    assert (drawn.below == 500).all()
    uneven = csr_array((1.0 - np.eye(n)) * np.tile([1.0, 3.0], n // 2))
    some = permutation.permute_neighbours(z, uneven, 500, np.random.default_rng(0), own=False)
    assert (some.below < 500).all()


def test_one_seed_gives_one_result_whatever_the_size_of_the_blocks(monkeypatch):
    def run():
        rng = np.random.default_rng(11)
        whole = permutation.permute(lambda z, _: association.moran(z, S, SUMS), Z, 50, rng)
        local = permutation.permute_neighbours(Z, S, 50, rng, own=True)
        return np.concatenate([whole.expected, whole.above, local.expected.ravel(), local.above.ravel()])

    before = run()
    monkeypatch.setattr(permutation, "_CELLS", 3 * N)
    np.testing.assert_array_equal(run(), before)


def test_a_period_does_not_depend_on_the_others():
    def run(rows):
        return permutation.permute_neighbours(Z[rows], S, 99, np.random.default_rng(1), own=True)

    np.testing.assert_array_equal(run([0, 1, 2]).above[1], run([1]).above[0])


def test_q_values_are_those_of_the_definition():
    rng = np.random.default_rng(2)
    p = rng.uniform(size=(4, 12)) ** 2
    p[1, [0, 5]] = np.nan
    p[3] = np.nan
    q = permutation.benjamini_hochberg(p)
    for row, found in zip(p, q, strict=True):
        known = row[~np.isnan(row)]
        m = len(known)
        # The smallest rate at which p is among those that pass: p_(k) <= k rate / m for the largest such k.
        expected = [
            min((m * other / np.sum(known <= other) for other in known if other >= mine), default=np.nan)
            for mine in known
        ]
        np.testing.assert_allclose(found[~np.isnan(row)], np.minimum(expected, 1), rtol=EXACT)
    assert np.isnan(q[1, [0, 5]]).all()
    assert np.isnan(q[3]).all()
