"""Searches over dates and thresholds against R's strucchange and against every split fitted by dense dummies."""

from __future__ import annotations

import json
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest

from spatialconv._core.regression.breaks import best, stretches
from spatialconv._core.regression.threshold import prepared, within

REFERENCE = json.loads(
    (Path(__file__).parents[2] / "reference" / "strucchange" / "reference.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("kind", ["mean", "slope"])
def test_dates_and_sums_of_squares_are_those_of_strucchange(kind):
    y = np.array(REFERENCE["y"])
    X = np.empty((len(y), 1, 0)) if kind == "mean" else y[:-1, None, None]
    y = y if kind == "mean" else y[1:]
    S, dates = best(stretches(X, y[:, None, None], "none", 15), 4)
    # Both solve the same least squares, R one observation at a time.
    np.testing.assert_allclose(S[:, 0], REFERENCE[kind]["rss"], rtol=1e-9)
    for k, theirs in enumerate(REFERENCE[kind]["at"], start=1):
        np.testing.assert_array_equal(dates[k, :k, 0], theirs)


def dense(y, columns, effects):
    """Return the sum of squared residuals of y (T, N) on columns with a dummy for every period, or a constant."""
    T, N = y.shape
    D = np.kron(np.eye(T), np.ones((N, 1))) if effects == "time" else np.ones((T * N, 1))
    Z = np.column_stack([D, *(c.reshape(T * N) for c in columns)])
    b, *_ = np.linalg.lstsq(Z, y.ravel(), rcond=None)
    return float(((y.ravel() - Z @ b) ** 2).sum()), b


@pytest.mark.parametrize("effects", ["none", "time"])
@pytest.mark.parametrize(("T", "N", "k"), [(9, 4, 1), (8, 7, 2)])
def test_the_best_dates_are_the_best_of_all_partitions(effects, T, N, k):
    rng = np.random.default_rng(T)
    X = rng.standard_normal((T, N, k)) + 5
    y = rng.standard_normal((T, N, 3)) * np.linspace(0.3, 3, N)[:, None] + X[:, :, :1] * rng.standard_normal((T, 1, 1))
    S, dates = best(stretches(X, y, effects, 2), 2)
    for b in range(3):
        for m in range(3):
            found = {}
            for at in combinations(range(1, T), m):
                bounds = [0, *at, T]
                if min(np.diff(bounds)) >= 2:
                    found[at] = sum(
                        dense(y[s:e, :, b], [X[s:e, :, j] for j in range(k)], effects)[0] for s, e in pairwise(bounds)
                    )
            winner = min(found, key=found.__getitem__)
            assert S[m, b] == pytest.approx(found[winner], rel=1e-9)
            assert tuple(dates[m, :m, b]) == winner


@pytest.mark.parametrize("effects", ["none", "time"])
@pytest.mark.parametrize("shift", [True, False])
def test_every_candidate_is_what_a_dense_regression_gives(effects, shift):
    rng = np.random.default_rng(3)
    T, N = 3, 17
    x = rng.standard_normal((T, N)) + 7
    q = rng.integers(0, 9, (T, N)).astype(float)
    z = rng.standard_normal((T, N)) + 0.4 * x
    y = -0.2 * x + 0.5 * (q > 4) + z + rng.standard_normal((T, N)) * np.linspace(0.2, 2, N)
    X = np.stack([x, z], axis=2)
    candidates = np.arange(1.0, 7.0)
    search = prepared(X, x, q, candidates, effects, shift)
    total, gain = search.gains(within(y, effects).reshape(-1, 1))
    assert total[0] == pytest.approx(dense(y, [x, z], effects)[0], rel=1e-10)
    for c, taken in zip(candidates, gain[:, 0], strict=True):
        above = (q > c).astype(float)
        split = [x, z, above * (x - x.mean()), *([above] if shift else [])]
        assert total[0] - taken == pytest.approx(dense(y, split, effects)[0], rel=1e-10)
