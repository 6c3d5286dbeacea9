"""Difference and system GMM: against pydynpd, plm, the textbook written out region by region, and by simulation."""

from __future__ import annotations

import itertools
import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.linalg as la

import spatialconv as sc
from spatialconv._core.regression.dynamic_panel import Styled, equations, estimate
from spatialconv.errors import DataError, OptionError, SingularDesignError
from tests.tolerances import REFERENCE, ROUNDING

HERE = Path(__file__).parents[3] / "reference" / "dynamic_gmm"


@cache
def sample() -> sc.Panel:
    return sc.Panel(pd.read_csv(HERE / "panel.csv"), region="region", period="year")


CASES = list(itertools.product((0, 1), (0, 1), (0, 1), (None, 3), (1, 2)))


@pytest.mark.parametrize("case", CASES)
def test_pydynpd(case):
    system, collapse, dummies, most, steps = case
    other = json.loads((HERE / "pydynpd.json").read_text())[" ".join(map(str, case))]
    found = sc.dynamic_gmm(
        sample(), "y", "x", log=False, system=bool(system), collapse=bool(collapse), time_effects=bool(dummies),
        max_lag=most, steps=steps,
    )  # fmt: skip
    np.testing.assert_allclose(found.params, other["params"], rtol=ROUNDING)
    np.testing.assert_allclose(found.std_errors, other["se"], rtol=ROUNDING)
    assert found.hansen == pytest.approx(other["hansen"], rel=ROUNDING)
    assert found.overidentifying == other["df"]
    if steps == 2:  # after one step its test mixes steps; see the reference's README
        np.testing.assert_allclose(found.serial["z"], other["ar"], rtol=ROUNDING)


@pytest.mark.parametrize("collapse", [False, True])
@pytest.mark.parametrize("dummies", [False, True])
@pytest.mark.parametrize("steps", [1, 2])
def test_plm(collapse, dummies, steps):
    other = json.loads((HERE / "plm.json").read_text())[
        f"{'twoways' if dummies else 'individual'} {'onestep' if steps == 1 else 'twosteps'} {str(collapse).upper()}"
    ]
    found = sc.dynamic_gmm(sample(), "y", "x", log=False, collapse=collapse, time_effects=dummies, steps=steps)
    np.testing.assert_allclose(found.params, other["coef"], rtol=ROUNDING)
    np.testing.assert_allclose(found.std_errors, other["se"], rtol=ROUNDING)
    if steps == 2:
        assert found.hansen == pytest.approx(other["sargan"], rel=ROUNDING)


def written_out(y, x, p, q, *, system, collapse):
    """Build every region's equations by loops: y on its lag, predetermined p, endogenous q, exogenous x; no dummies."""
    T, N = y.shape
    columns: dict[tuple, int] = {}
    cells = []

    def put(i, row, key, value):
        cells.append((i, row, columns.setdefault(key, len(columns)), value))

    ys, Xs = np.zeros((N, 2 * T)), np.zeros((N, 2 * T, 4 + system))
    rows = []
    for t in range(2, T):
        rows.append(t - 2)
        for i in range(N):
            ys[i, t - 2] = y[t, i] - y[t - 1, i]
            Xs[i, t - 2, :4] = [a[t - s, i] - a[t - s - 1, i] for a, s in ((y, 1), (p, 0), (q, 0), (x, 0))]
            for name, a, least in (("y", y, 2), ("p", p, 1), ("q", q, 2)):
                for lag in range(least, t + 1):
                    put(i, t - 2, (name, lag) if collapse else (name, lag, t), a[t - lag, i])
            put(i, t - 2, "x", x[t, i] - x[t - 1, i])
    for t in range(1, T) if system else ():
        rows.append(T - 3 + t)
        for i in range(N):
            ys[i, T - 3 + t] = y[t, i]
            Xs[i, T - 3 + t] = [y[t - 1, i], p[t, i], q[t, i], x[t, i], 1.0]
            for name, a, lag in (("y", y, 1), ("p", p, 0), ("q", q, 1)):
                if t - lag >= 1:
                    put(i, T - 3 + t, ("d", name) if collapse else ("d", name, t), a[t - lag, i] - a[t - lag - 1, i])
            put(i, T - 3 + t, "x", x[t, i])
            put(i, T - 3 + t, "1", 1.0)
    Z = np.zeros((N, 2 * T, len(columns)))
    for i, row, k, value in cells:
        Z[i, row, k] = value
    return ys[:, rows], Xs[:, rows], Z[:, rows]


@pytest.mark.parametrize("system", [False, True])
@pytest.mark.parametrize("collapse", [False, True])
def test_by_loops(system, collapse):
    """Predetermined and endogenous regressors, one and two steps, Windmeijer's by differences, both tests."""
    rng = np.random.default_rng(3)
    T, N = 5, 80
    y, x, p, q = rng.normal(size=(4, T, N)).cumsum(axis=1)
    e = equations(
        y, x[..., None], np.stack([p, q], axis=2), [Styled(y, 2, None), Styled(p, 1, None), Styled(q, 2, None)],
        dummies=False, system=system, collapse=collapse,
    )  # fmt: skip
    ys, Xs, Z = written_out(y, x, p, q, system=system, collapse=collapse)
    np.testing.assert_array_equal(e.y, ys)
    np.testing.assert_array_equal(e.X, Xs)
    assert e.Z.shape == Z.shape
    assert sorted(map(tuple, e.Z.reshape(-1, Z.shape[2]).T)) == sorted(map(tuple, Z.reshape(-1, Z.shape[2]).T))
    d = T - 2
    D = np.zeros((d, T))
    for t in range(d):
        D[t, t + 1], D[t, t + 2] = -1, 1
    A = np.vstack([D, np.eye(T)[1:]]) if system else D
    sx, sy = sum(z.T @ a for z, a in zip(Z, Xs, strict=True)), sum(z.T @ a for z, a in zip(Z, ys, strict=True))
    W1 = la.pinv(sum(z.T @ A @ A.T @ z for z in Z))

    def weights(b):
        return la.pinv(sum(np.outer(z.T @ (v - a @ b), z.T @ (v - a @ b)) for z, a, v in zip(Z, Xs, ys, strict=True)))

    def solved(W):
        return la.solve(sx.T @ W @ sx, sx.T @ W @ sy)

    b1 = solved(W1)
    found = estimate(e, 1)
    np.testing.assert_allclose(found.params, b1, rtol=1e-6)
    G = la.solve(sx.T @ W1 @ sx, sx.T @ W1)
    V1 = G @ la.pinv(weights(b1)) @ G.T
    np.testing.assert_allclose(found.cov, V1, rtol=1e-6, atol=1e-9)
    u = np.array([v - a @ b1 for a, v in zip(Xs, ys, strict=True)])
    for order in (1, 2):
        w = np.zeros_like(u[:, :d])
        w[:, order:] = u[:, : d - order]
        top = (w * u[:, :d]).sum()
        slope = sum(a @ b[:d] for a, b in zip(w, Xs, strict=True))
        own = (w * u[:, :d]).sum(axis=1)
        cross = sum(z.T @ r * s for z, r, s in zip(Z, u, own, strict=True))
        z = top / np.sqrt(own @ own - 2 * slope @ G @ cross + slope @ V1 @ slope)
        assert found.serial[order - 1] == pytest.approx(z, rel=1e-6)
    W2 = weights(b1)
    b2 = solved(W2)
    two = estimate(e, 2)
    np.testing.assert_allclose(two.params, b2, rtol=1e-6)
    # Windmeijer's derivative of the second step's estimate in the first's, by central differences.
    h = 1e-5 * np.abs(b1)
    F = np.column_stack([(solved(weights(b1 + s)) - solved(weights(b1 - s))) / (2 * s.max()) for s in np.diag(h)])
    # It is taken with the moments held at b2, where the two steps' own difference enters at a higher order.
    V2 = la.inv(sx.T @ W2 @ sx)
    expected = V2 + F @ V2 + V2 @ F.T + F @ V1 @ F.T
    np.testing.assert_allclose(two.cov, expected, rtol=1e-4, atol=1e-6 * np.abs(expected).max())
    g = sy - sx @ b2
    assert two.hansen == pytest.approx(float(g @ W2 @ g), rel=1e-6)


def panels(count, N, T, alpha, start, seed):
    """Yield y (T, N): begun at their steady states plus noise ("stationary"), or all at one level ("below")."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        mu = rng.normal(size=N)
        steady = mu / (1 - alpha)
        y = np.zeros((T, N))
        noise = rng.normal(size=N) / np.sqrt(1 - alpha**2)
        y[0] = (steady if start == "stationary" else 0.0) + noise
        for t in range(1, T):
            y[t] = alpha * y[t - 1] + mu + rng.normal(size=N)
        yield y


def lag_by(y, system):
    e = equations(y, np.empty((*y.shape, 0)), np.empty((*y.shape, 0)), [Styled(y, 2, None)],
                  dummies=True, system=system, collapse=True)  # fmt: skip
    return estimate(e, 2).params[0]


def test_mean_stationarity_is_what_a_system_costs():
    """200 samples of 200 x 6, alpha 0.6: both are near where regions begin stationary; where all begin at one level
    and go to their own the system ends at one, as its note says."""
    means = {
        (start, system): np.mean([lag_by(y, system) for y in panels(200, 200, 6, 0.6, start, 5)])
        for start in ("stationary", "below")
        for system in (False, True)
    }
    assert abs(means["stationary", True] - 0.6) < 0.03
    assert abs(means["stationary", False] - 0.6) < 0.06
    # 0.55: with 200 regions the difference estimator has a bias of its own, which falls with their number.
    assert abs(means["below", False] - 0.6) < 0.09
    assert means["below", True] > 0.95


def test_speed_and_half_life_and_what_is_said():
    us = sc.datasets.us_income()
    decades = us.panel.subset(periods=range(1929, 2010, 10))
    found = sc.dynamic_gmm(decades, "income", max_lag=3)
    a, s = found.params["lag"], found.std_errors["lag"]
    assert found.speed == pytest.approx(-np.log(a) / 10)
    assert found.speed_std_error == pytest.approx(s / a / 10)
    assert np.exp(-found.speed * found.half_life) == pytest.approx(0.5)
    tidy = found.tidy().set_index("term")
    assert tidy.loc["half_life", "std_error"] == pytest.approx(np.log(2) / found.speed**2 * s / a / 10)
    assert np.isnan(tidy.loc["half_life", "p_value"])
    within, pooled = (
        sc.fixed_effects(
            decades.assign(
                y=np.log(decades.frame["income"]), before=np.log(decades.frame["income"]).groupby(
                    decades.frame[decades.region]).shift(1)
            ).subset(periods=range(1939, 2010, 10)),
            "y", "before", effects=effects,
        ).params["before"]
        for effects in ("two-way", "time")
    )  # fmt: skip
    assert found.within == pytest.approx(within, rel=REFERENCE)
    assert found.pooled == pytest.approx(pooled, rel=REFERENCE)
    assert found.within < a < found.pooled
    system = sc.dynamic_gmm(decades, "income", max_lag=3, system=True)
    assert any("mean stationarity" in note for note in system.notes)
    assert any("outside the two least squares" in note for note in system.notes)
    assert any("Hansen's test, p < 0.001" in note for note in found.notes)
    assert max(map(len, repr(system).splitlines())) <= 80
    assert found.glance()["n_instruments"].item() == 9
    many = sc.dynamic_gmm(decades, "income", collapse=False)
    assert any("Hansen's test passes" in note for note in many.notes) == (many.n_instruments >= 48)


def test_the_unit_does_not_matter():
    one = sc.dynamic_gmm(sample(), "y", "x", log=False)
    frame = sample().frame.assign(x=lambda f: 1e6 * f["x"])
    two = sc.dynamic_gmm(sc.Panel(frame, region="region", period="year"), "y", "x", log=False)
    assert two.params["x"] == pytest.approx(one.params["x"] / 1e6, rel=ROUNDING)
    assert two.params["lag"] == pytest.approx(one.params["lag"], rel=ROUNDING)


WRONG = {
    "three periods": ({"periods": [0, 1, 2]}, {}, DataError, "four periods"),
    "uneven": ({"periods": [0, 1, 2, 3, 6]}, {}, DataError, r"not evenly spaced: 3 is followed by 6"),
    "twice": ({}, {"x": ["x", "y"]}, OptionError, "twice"),
    "no lag": ({}, {"max_lag": 1}, OptionError, "max_lag"),
    "three steps": ({}, {"steps": 3}, OptionError, "steps"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_arguments(case):
    subset, options, error, said = WRONG[case]
    panel = sample().subset(**subset) if subset else sample()
    with pytest.raises(error, match=said):
        sc.dynamic_gmm(panel, "y", log=False, **options)


def test_a_regressor_that_does_not_vary():
    panel = sample().assign(fixed=sample().frame["region"].astype(float))
    with pytest.raises(SingularDesignError, match="fixed"):
        sc.dynamic_gmm(panel, "y", ["x", "fixed"], log=False)
