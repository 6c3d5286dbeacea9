"""Searches over dates and thresholds against R's strucchange and against every split fitted by dense dummies."""

from __future__ import annotations

import json
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from spatialconv._core.regression.searches.breaks import best, criteria, profiled, stretches
from spatialconv._core.regression.searches.profiled import Penalty
from spatialconv._core.regression.searches.threshold import prepared, within

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


@pytest.mark.parametrize("effects", ["none", "time"])
def test_a_spatial_lag_is_profiled_out_of_all_partitions(effects):
    """The likelihood of every partition maximised by itself, with dense dummies and determinants."""
    T, N = 8, 6
    rng = np.random.default_rng(11)
    W = rng.random((N, N)) * (rng.random((N, N)) < 0.7) + np.roll(np.eye(N), 1, axis=1)
    np.fill_diagonal(W, 0)
    W /= W.sum(axis=1, keepdims=True)
    X = rng.standard_normal((T, N, 1)) + 3
    slopes = np.where(np.arange(T) < 4, 1.0, -0.5)[:, None, None]
    A = np.linalg.inv(np.eye(N) - 0.4 * W)
    y = np.stack([(X * slopes)[:, :, 0] @ A.T + rng.standard_normal((T, N)) @ A.T * s for s in (0.3, 3.0)], axis=2)
    values = np.linalg.eigvals(W)
    low = 1 / values[np.abs(values.imag) < 1e-9].real.min()
    penalty = Penalty(lambda r: np.log(np.abs(1 - np.multiply.outer(r, values))).sum(axis=-1), (low, 1.0), 1 / N)
    Wy = np.einsum("ij,tjb->tib", W, y)
    three = stretches(X, np.concatenate([y, y - Wy, y + Wy], axis=2), effects, 2)
    S, dates, rhos = profiled(three, penalty, 2)
    for b in range(2):
        for m in range(3):
            found = {}
            for at in combinations(range(1, T), m):
                bounds = [0, *at, T]
                if min(np.diff(bounds)) < 2:
                    continue

                def effective(r, bounds=bounds, b=b):
                    v = y[:, :, b] - r * Wy[:, :, b]
                    sums = sum(dense(v[s:e], [X[s:e, :, 0]], effects)[0] for s, e in pairwise(bounds))
                    return sums * np.exp(-2 / N * np.linalg.slogdet(np.eye(N) - r * W)[1])

                inner = [
                    minimize_scalar(effective, bounds=ends, method="bounded", options={"xatol": 1e-9})
                    for ends in ((low + 1e-6, 0.0), (0.0, 0.5), (0.5, 1 - 1e-6))
                ]
                best_one = min(inner, key=lambda o: o.fun)
                found[at] = best_one.fun, best_one.x
            winner = min(found, key=lambda k: found[k][0])
            assert tuple(dates[m, :m, b]) == winner
            assert S[m, b] == pytest.approx(found[winner][0], rel=1e-6)
            assert rhos[m, b] == pytest.approx(found[winner][1], abs=2e-3)


def test_criteria_are_those_of_the_papers_on_rs_sums_of_squares():
    n = len(REFERENCE["y"])
    rss = np.array(REFERENCE["mean"]["rss"])
    bic, lwz = criteria(rss, n, 1)
    m = np.arange(len(rss))
    # strucchange: -2 logLik + log(n) (k + 1) (m + 1), the same but for constants.
    theirs = n * (np.log(rss) + 1 - np.log(n) + np.log(2 * np.pi)) + np.log(n) * 2 * (m + 1)
    np.testing.assert_allclose(np.diff(bic) * n, np.diff(theirs), rtol=1e-9)
    p = 2 * m + 1
    np.testing.assert_allclose(lwz, np.log(rss / (n - p)) + p / n * 0.299 * np.log(n) ** 2.1, rtol=1e-12)


@pytest.mark.parametrize("effects", ["none", "time"])
def test_sums_over_what_lies_above_are_those_of_dense_regressions_in_large_panels_with_ties(effects):
    """Levels that rise over thirty periods and are written to one decimal: sums that run on lose no digits."""
    rng = np.random.default_rng(3)
    T, N = 30, 40
    x = np.round(np.linspace(2, 9, T)[:, None] + rng.standard_normal((T, N)), 1)
    X = np.stack([x, rng.standard_normal((T, N))], axis=2)
    y = 0.1 * x + rng.standard_normal((T, N))
    candidates = np.unique(x)[10:-10]
    search = prepared(X, x, x, candidates, effects, True)
    total, gain = search.gains(within(y[:, :, None], effects).reshape(-1, 1))
    for at in range(0, len(candidates), 7):
        above = (x > candidates[at]).astype(float)
        S, _ = dense(y, [X[:, :, 0], X[:, :, 1], above * x, above], effects)
        assert total[0] - gain[at, 0] == pytest.approx(S, rel=1e-10)
