"""Natural breaks against all partitions, and against mapclassify."""

from __future__ import annotations

import warnings
from itertools import combinations

import mapclassify
import numpy as np
import pytest

from spatialconv._core.space.natural_breaks import natural_breaks
from tests.tolerances import EXACT


def within(x, classes):
    return sum(((x[classes == c] - x[classes == c].mean()) ** 2).sum() for c in np.unique(classes))


def best(x, k):
    x = np.sort(x)
    cuts = combinations(range(1, len(x)), k - 1)
    return min(sum(((part - part.mean()) ** 2).sum() for part in np.split(x, cut)) for cut in cuts)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("seed", range(6))
def test_no_partition_of_the_line_is_better(k, seed):
    x = np.random.default_rng(seed).normal(size=12)
    classes = natural_breaks(x, k)
    assert within(x, classes) == pytest.approx(best(x, k), rel=1e3 * EXACT)
    assert sorted(set(classes)) == list(range(1, k + 1))
    # Classes follow the values.
    assert (np.diff(classes[np.argsort(x)]) >= 0).all()


def slow(x, k):
    """The classes by the plain recursion over all starts (Fisher 1958), order k n^2; ties to the lowest start."""
    values, where, counts = np.unique(x, return_inverse=True, return_counts=True)
    values = values - np.average(values, weights=counts)
    n = len(values)

    def inner(i, j):
        part, weight = values[i:j], counts[i:j]
        return np.sum(weight * (part - np.average(part, weights=weight)) ** 2)

    table = np.array([[inner(i, j) if i < j else np.inf for j in range(n + 1)] for i in range(n)])
    cost, starts = table[0], []
    for _ in range(min(k, n) - 1):
        trial = cost[:n, None] + table
        starts.append(trial.argmin(axis=0))
        cost = trial.min(axis=0)
    ends = [n]
    for start in reversed(starts):
        ends.append(start[ends[-1]])
    return np.searchsorted(sorted(ends[1:]), where, side="right") + 1


@pytest.mark.parametrize("draw", ["normal", "lognormal", "standard_cauchy", "integers"])
@pytest.mark.parametrize("k", [2, 3, 4, 7])
def test_many_values_as_by_the_plain_recursion(draw, k):
    rng = np.random.default_rng(k)
    # Numbers of values below, at and above powers of two, at which the search begins.
    for n in (k, 31, 32, 33, 70):
        x = rng.integers(0, 40, n).astype(float) if draw == "integers" else getattr(rng, draw)(size=n)
        np.testing.assert_array_equal(natural_breaks(x, k), slow(x, k))


def test_agrees_with_mapclassify():
    x = np.random.default_rng(3).normal(size=80).round(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = mapclassify.FisherJenks(x, k=5).yb + 1
    np.testing.assert_array_equal(natural_breaks(x, 5), theirs)


def test_equal_values_share_a_class():
    x = np.array([1.0, 1.0 + 1e-14, 1.0, 2.0, 2.0, 9.0, 9.0, 9.0])
    np.testing.assert_array_equal(natural_breaks(x, 3), [1, 1, 1, 2, 2, 3, 3, 3])
    # Counts matter: three nines weigh more than one.
    np.testing.assert_array_equal(natural_breaks(np.array([0.0, 4, 4, 4, 5, 9, 9, 9]), 3), [1, 2, 2, 2, 2, 3, 3, 3])


def test_fewer_values_than_classes_give_fewer_classes():
    np.testing.assert_array_equal(natural_breaks(np.array([3.0, 1.0, 3.0]), 4), [2, 1, 2])
    np.testing.assert_array_equal(natural_breaks(np.array([3.0]), 4), [1])
