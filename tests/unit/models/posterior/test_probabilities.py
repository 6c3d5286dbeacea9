"""Posterior probabilities: SDPDmod with its slips undone, the right W and model found, averages, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv._core.likelihood.effects import projection
from spatialconv._core.posterior.marginal import Data, _given_rho, posterior
from spatialconv.errors import OptionError, UnsupportedModelError
from spatialconv.models.posterior import probabilities
from tests.tolerances import EXACT

REFERENCE = json.loads((Path(__file__).parents[3] / "reference" / "sdpdmod" / "reference.json").read_text())
EFFECTS = {"none": "none", "individual": "region", "time": "time", "twoways": "two-way"}
THEIR_GRID = 1e-4  # their maximum and trapezoids are on a grid of 0.0005, cut 0.0005 before either end


def theirs_of(effects):
    """Their arrays: effects leave y and X first, and W multiplies what is left, also where time effects are in it."""
    W = np.array(REFERENCE["W"]).reshape(20, 20)
    d = pd.DataFrame(REFERENCE["data"])
    y, x, z = (d[c].to_numpy().reshape(4, 20) for c in "yxz")
    project = projection(EFFECTS[effects], 4, 20, lee_yu=False)
    y, X = project(y), project(np.stack([x, z], axis=2))
    flat = int(effects == "none")
    rows = 80 - {"none": 0, "individual": 20, "time": 4, "twoways": 23}[effects]

    def lag(a):
        return np.einsum("ij,tj...->ti...", W, a)

    def data(durbin):
        own = np.concatenate([X, lag(X)], axis=2) if durbin else X
        own = np.concatenate([np.ones((4, 20, 1)), own], axis=2) if flat else own
        a = [v.reshape(80, -1) for v in (y, lag(y), own, lag(own))]
        return Data(a[0][:, 0], a[1][:, 0], a[2], a[3], flat, rows, 4)

    return W, data


@pytest.mark.parametrize("effects", EFFECTS)
def test_log_marginals_of_sdpdmod(effects):
    W, data = theirs_of(effects)
    values = np.linalg.eigvals(W)
    low, high = 1 / values.real.min(), 1 / values.real.max()

    def logdet(rho):
        return np.log(np.abs(1 - np.multiply.outer(rho, values))).sum(axis=-1)

    kinds = {"ols": "none", "slx": "none", "sar": "lag", "sdm": "lag", "sem": "error", "sdem": "error"}
    for key, kind in kinds.items():
        own = data(key in ("slx", "sdm", "sdem"))
        d = 0.5 * (own.rows - own.X.shape[1])
        shift = np.log(2) - d * np.log(2)
        ours = posterior(own, kind, np.inf, logdet, (low, high)).log_marginal + shift
        expected = REFERENCE["fits"][effects]["lmarginal"][key]
        if kind == "none":
            assert ours == pytest.approx(expected, abs=1e-9), key
            continue
        grid = np.linspace(low + 5e-4, high - 5e-4, 20_000)
        density = own.times * logdet(grid) + _given_rho(own, kind, np.inf, grid)[0]
        largest = density.max() + shift - np.log(high - low)
        # Ours is largest + log(I), theirs largest - I.
        assert largest - np.exp(ours - largest) == pytest.approx(expected, abs=THEIR_GRID), key


@pytest.mark.parametrize("effects", ["none", "individual"])
def test_the_door_hands_on_those_arrays(effects, monkeypatch):
    """Where W and the effects commute; with time effects ours leave W y and W X as well."""
    W, data = theirs_of(effects)
    panel = sc.Panel(pd.DataFrame(REFERENCE["data"]), region="region", period="period")
    w = sc.weights.from_matrix(W, regions=range(1, 21), standardise="none")
    fit = sc.fit_panel(panel, "y", ["x", "z"], spatial="none", effects=EFFECTS[effects])
    used = []
    monkeypatch.setattr(probabilities, "posterior", lambda d, *rest: (used.append(d), posterior(d, *rest))[1])
    sc.model_probabilities(fit, w, models=("SAR", "SDM"), prior="diffuse", correction="none")
    for own, durbin in zip(used, (False, True), strict=True):
        expected = data(durbin)
        for name in ("y", "lag_y", "X", "lag_x", "flat", "rows", "times"):
            np.testing.assert_allclose(getattr(own, name), getattr(expected, name), atol=1e-12, err_msg=name)


def test_the_right_weights_and_model_are_found():
    rng = np.random.default_rng(4)
    n, T = 40, 8
    at = rng.uniform(0, 1e6, (n, 2))
    import geopandas as gpd

    points = gpd.GeoDataFrame(index=range(n), geometry=gpd.points_from_xy(*at.T), crs=32650)
    weights = {f"{k} nearest": sc.weights.knn(points, k=k) for k in (2, 5, 12)}
    W = sc.weights.align(weights["5 nearest"], pd.Index(range(n))).matrix.toarray()
    inverse = np.linalg.inv(np.eye(n) - 0.6 * W)
    hits = []
    for spatial in ("SAR", "SEM"):
        for _ in range(10):
            x, e, mu = rng.normal(size=(T, n)), rng.normal(size=(T, n)), rng.normal(size=n)
            y = (x + mu + e) @ inverse.T if spatial == "SAR" else x + mu + e @ inverse.T
            frame = {"r": np.tile(range(n), T), "t": np.repeat(range(T), n), "y": y.ravel(), "x": x.ravel()}
            panel = sc.Panel(pd.DataFrame(frame), region="r", period="t")
            fit = sc.fit_panel(panel, "y", "x", spatial="none", effects="region")
            best = sc.model_probabilities(fit, weights, draws=999).glance().iloc[0]
            hits.append((best["weights"] == "5 nearest", best["model"] == spatial))
    assert np.mean(hits, axis=0).min() >= 0.9


def test_table_averages_and_words():
    us = sc.datasets.us_income()
    b = sc.beta(us.panel, "income", horizon=80)
    w = {"border": sc.weights.adjacency(us.states), "5 nearest": sc.weights.knn(us.states, k=5)}
    found = sc.model_probabilities(b, w, models=("OLS", "SAR", "SEM"))
    t = found.table
    assert len(t) == 5
    assert t["probability"].sum() == pytest.approx(1, abs=EXACT)
    assert t["prior"].sum() == pytest.approx(1, abs=EXACT)
    assert found.by_model["OLS"] + found.by_weights.sum() == pytest.approx(1, abs=EXACT)
    line = found.averages.loc["log_initial"]
    assert line["estimate"] == pytest.approx(t["probability"] @ t["log_initial"], rel=1e-12)
    assert line["conf_low"] < line["estimate"] < line["conf_high"] < 0
    # Draws and moments tell of the same distribution.
    assert (line["conf_high"] - line["conf_low"]) / line["std_error"] == pytest.approx(2 * 1.96, rel=0.1)
    assert found.averages.loc["speed", "estimate"] > 0
    assert max(map(len, repr(found).splitlines())) <= 80
    assert list(found.tidy()["term"]) == ["log_initial", "speed", "half_life"]
    # Units do not matter under Zellner's prior.
    scaled = sc.growth_panel(us.panel, "income", horizon=80).assign(log_initial=lambda f: 100 * f["log_initial"])
    other = sc.model_probabilities(
        sc.fit_panel(scaled, "growth", "log_initial", spatial="none", effects="none"), w, models=("OLS", "SAR", "SEM")
    )
    np.testing.assert_allclose(other.table["probability"], t["probability"], rtol=1e-8)
    assert any("units" in note for note in sc.model_probabilities(b, w, prior="diffuse").notes)


def test_refusals_are_in_words():
    us = sc.datasets.us_income()
    b = sc.beta(us.panel, "income", horizon=10, effects="random")
    w = sc.weights.adjacency(us.states)
    with pytest.raises(UnsupportedModelError, match="random effects"):
        sc.model_probabilities(b, w)
    b = sc.beta(us.panel, "income", horizon=80)
    for bad in ({"models": ["SARAR"]}, {"prior": "flat"}, {"g": -1}, {"draws": 5}, {"level": 2}):
        with pytest.raises(OptionError):
            sc.model_probabilities(b, w, **bad)
    with pytest.raises(OptionError, match="holds none"):
        sc.model_probabilities(b, {})
