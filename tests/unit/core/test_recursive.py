"""Growth makes the next level: the engine below the bootstraps against naive loops, and against fits one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import spatialconv as sc
from spatialconv._core.resampling.recursive import Feedback, Model, rebuild
from spatialconv.models.small_samples.refits import (
    Engine,
    broken_chain,
    feedback_of,
    fitted_world,
    restricted_world,
    world_at,
)
from tests.tolerances import EXACT, MOMENTS, REFERENCE


def chain_of(horizon: int, T: int) -> np.ndarray:
    """Source of each of T overlapping spans of a horizon: the span that ended where it starts."""
    return np.where(np.arange(T) >= horizon, np.arange(T) - horizon, -1)


@pytest.mark.parametrize("horizon", [1, 2])
@pytest.mark.parametrize("large", [False, True], ids=["dense", "sparse"])
def test_levels_against_a_naive_loop(horizon, large):
    """Region by region and data set by data set, with a dense solve: own and neighbours' level, lag and error."""
    rng = np.random.default_rng(horizon)
    N, T, B = (260 if large else 6), 5, 3
    W, M = (
        sp.csr_array(np.eye(N)[np.roll(np.arange(N), k)] * 0.5 + np.eye(N)[np.roll(np.arange(N), -k)] * 0.5)
        for k in (1, 2)
    )
    x, level0 = rng.normal(size=(T, N)), rng.normal(size=(T, N))
    X = np.stack([level0, x, level0 @ W.T.toarray()], axis=2)
    beta, effect, e = np.array([-0.3, 0.7, 0.2]), rng.normal(size=(T, N)), rng.normal(size=(T, N, B))
    feedback = Feedback(0, 2, chain_of(horizon, T), np.full(T, float(horizon)), carry=True)
    model = Model(X, beta, effect, 0.4, -0.3, W, M, W, feedback)
    y, V = rebuild(model, e)
    Wd, Md = W.toarray(), M.toarray()
    for b in range(B):
        levels: dict[int, np.ndarray] = {t: level0[t] for t in range(horizon)}
        for t in range(T):
            start = levels[t]
            u = np.linalg.solve(np.eye(N) + 0.3 * Md, e[t, :, b])
            mean = beta[0] * start + beta[1] * x[t] + beta[2] * Wd @ start + effect[t] + u
            growth = np.linalg.solve(np.eye(N) - 0.4 * Wd, mean)
            levels[t + horizon] = start + horizon * growth
            np.testing.assert_allclose(y[t, :, b], growth, atol=REFERENCE)
            np.testing.assert_allclose(V[t, :, 0, b], start, atol=REFERENCE)
            np.testing.assert_allclose(V[t, :, 1, b], Wd @ start, atol=REFERENCE)


@pytest.mark.parametrize("options", [{}, {"horizon": 2}, {"horizon": 2, "overlapping": True}])
@pytest.mark.parametrize("effects", ["none", "region", "time", "two-way"])
def test_the_fit_s_own_residuals_give_the_data_back(zj, w, options, effects):
    b = sc.beta(zj.panel, "exports", w, spatial="lag", effects=effects, **options)
    engine, world = Engine.of(b.fit), fitted_world(b.fit)
    y, V = rebuild(engine.model(world), b.fit.estimates.residuals[..., None])
    np.testing.assert_allclose(y[..., 0], b.fit.design.y, atol=EXACT)
    if V is not None:
        np.testing.assert_allclose(
            V[:, :, 0, 0], b.fit.design.X[..., b.fit.design.names.index("log_initial")], atol=1e-11
        )


def test_chains_of_spans(zj):
    def source(**options):
        return list(sc.beta(zj.panel, "exports", **options).fit.design.chain.source)

    assert source() == [-1, 0, 1, 2]
    assert source(horizon=2) == [-1, 0]
    assert source(horizon=2, overlapping=True) == [-1, -1, 0]
    gap = sc.Panel(zj.panel.frame.query("year != 2018"), region="city", period="year")
    b = sc.beta(gap, "exports")
    assert list(b.fit.design.chain.source) == [-1, -1]
    assert "initial levels are all held fixed" in broken_chain(b.fit.design)[0]
    assert any("initial levels are all held fixed" in note for note in b.bootstrap(draws=19, seed=0).notes)
    both = sc.beta(zj.panel, "exports", horizon=2, overlapping=True).bootstrap(draws=19, seed=0)
    assert any("held fixed at their observed values" in note for note in both.notes)
    assert any("overlapping spans depend on each other" in note for note in both.notes)


CASES = [
    ({"spatial": "lag", "effects": "none"}, {}),
    ({"spatial": "lag", "effects": "region", "correction": "none"}, {}),
    ({"spatial": "lag", "effects": "region", "correction": "lee-yu"}, {}),
    ({"spatial": "lag", "effects": "time", "correction": "none"}, {}),
    ({"spatial": "lag", "effects": "two-way", "correction": "lee-yu"}, {}),
    ({"spatial": "lag", "effects": "two-way", "durbin": True}, {}),
    ({"spatial": "lag", "effects": "time", "durbin": "log_initial"}, {"horizon": 2, "overlapping": True}),
    ({"spatial": "none", "effects": "two-way", "correction": "none"}, {}),
    ({"spatial": "none", "effects": "none", "durbin": True}, {}),
]


@pytest.mark.parametrize(("model", "spans"), CASES, ids=lambda o: "-".join(str(v) for v in o.values()))
def test_all_at_once_are_fits_one_by_one(zj, w, model, spans):
    """Estimates and standard errors of every parameter, over whole arrays: the public fit of each rebuilt panel."""
    fit = sc.beta(zj.panel, "exports", w, controls="digital", **model, **spans).fit
    engine, world = Engine.of(fit), fitted_world(fit)
    assert engine.setting is not None
    Y, V = engine.samples(world, "residual", 25, np.random.default_rng(1))
    batch, single = engine.refit(Y, V), replace(engine, setting=None).refit(Y, V)
    assert batch.params.shape == (25, len(fit.params))
    np.testing.assert_allclose(batch.params, single.params, atol=MOMENTS)
    # Beside a bound the information bends most, and rounding of rho shows.
    np.testing.assert_allclose(batch.errors, single.errors, rtol=1e-5, atol=MOMENTS)
    assert batch.lost == single.lost == 0


def test_a_panel_built_from_levels_by_hand_gives_the_same_fit(zj, w):
    """Through the public door: levels exponentiated into a Panel, beta fitted anew."""
    b = sc.beta(zj.panel, "exports", w, controls="digital", spatial="lag", effects="region")
    engine, world = Engine.of(b.fit), fitted_world(b.fit)
    Y, V = engine.samples(world, "residual", 3, np.random.default_rng(2))
    batch = engine.refit(Y, V)
    years, cities = list(range(2016, 2021)), list(b.fit.design.regions)
    for k in range(3):
        levels = np.vstack([V[:, :, 0, k], V[-1:, :, 0, k] + Y[-1:, :, k]])
        long = pd.DataFrame(np.exp(levels), index=pd.Index(years, name="year"), columns=pd.Index(cities, name="city"))
        frame = zj.panel.frame[["city", "year", "digital"]].merge(long.stack().rename("exports").reset_index())
        again = sc.beta(
            sc.Panel(frame, region="city", period="year"),
            "exports",
            w,
            controls="digital",
            spatial="lag",
            effects="region",
        )
        np.testing.assert_allclose(batch.params[k], again.params, atol=MOMENTS)
        np.testing.assert_allclose(batch.errors[k], again.std_errors, rtol=1e-5)


def test_dynamic_models_in_one_array(zj, w):
    fit = sc.fit_panel(zj.panel, "exports", "digital", w, dynamic="both", effects="time")
    engine = Engine.of(fit)
    assert engine.setting is not None
    assert feedback_of(fit.design).columns == [0, 1]
    Y, V = engine.samples(fitted_world(fit), "residual", 10, np.random.default_rng(3))
    np.testing.assert_allclose(V[1:, :, 0], Y[:-1])
    np.testing.assert_allclose(V[0, :, 0, 0], fit.design.X[0, :, 0])
    batch, single = engine.refit(Y, V), replace(engine, setting=None).refit(Y, V)
    np.testing.assert_allclose(batch.params, single.params, rtol=1e-6, atol=MOMENTS)
    np.testing.assert_allclose(batch.errors, single.errors, rtol=1e-5)


def test_gaps_in_a_dynamic_model(zj, w):
    """A year that is absent breaks the chain: the lag after it is observed, not rebuilt from another year."""
    years = zj.panel.frame["year"]
    longer = pd.concat([zj.panel.frame, zj.panel.frame.assign(year=years + 6, exports=lambda f: f["exports"] * 1.5)])
    panel = sc.Panel(longer, region="city", period="year")
    fit = sc.fit_panel(panel, "exports", "digital", w, dynamic="y", effects="region", correction="none")
    assert list(fit.design.chain.source) == [-1, 0, 1, 2, -1, 4, 5, 6]
    engine = Engine.of(fit)
    Y, V = engine.samples(fitted_world(fit), "residual", 4, np.random.default_rng(3))
    np.testing.assert_allclose(V[4, :, 0, 0], fit.design.X[4, :, 0])
    np.testing.assert_allclose(V[5, :, 0], Y[4])
    batch, single = engine.refit(Y, V), replace(engine, setting=None).refit(Y, V)
    np.testing.assert_allclose(batch.params, single.params, rtol=1e-6, atol=MOMENTS)


def test_collinear_levels_are_lost_not_invented(zj, w):
    fit = sc.beta(zj.panel, "exports", w, spatial="lag", effects="time", durbin="log_initial").fit
    engine = Engine.of(fit)
    Y, V = engine.samples(fitted_world(fit), "residual", 2, np.random.default_rng(4))
    V[:, :, 1, 0] = 2 * V[:, :, 0, 0]
    found = engine.refit(Y, V)
    assert found.lost == 1
    assert np.isnan(found.params[0]).all()
    assert np.isfinite(found.params[1]).all()
    assert len(found.kept) == 1


def test_the_restricted_world_is_the_fit_without_the_regressor(zj, w):
    now = {"controls": "digital", "controls_at": "end", "effects": "region"}
    b = sc.beta(zj.panel, "exports", w, spatial="lag", **now)
    world = restricted_world(b.fit, ["log_initial"])
    growth = zj.panel.assign(growth=lambda f: np.log(f["exports"]) - np.log(f.groupby("city")["exports"].shift()))
    later = growth.subset(periods=list(range(2017, 2021)))
    f = sc.fit_panel(later, "growth", "digital", w, spatial="lag", effects="region")
    expected = f.params.reindex(b.params.index).fillna(0.0)
    np.testing.assert_allclose(world.values, expected, atol=1e-9)
    assert world.beta[0] == 0
    # Drifts are kept as estimated since tests are made given them: no variance of theirs is plugged in any more.
    np.testing.assert_allclose(world.effect[0], f.estimates.effect[0], atol=1e-9)
    assert world.given
    without_rho = restricted_world(b.fit, ["rho"])
    plain = sc.beta(zj.panel, "exports", **now)
    np.testing.assert_allclose(without_rho.beta, plain.params[["log_initial", "digital"]], atol=1e-9)
    assert without_rho.rho == 0


def test_worlds_at_other_parameters_hold_the_data(zj, w):
    """Whatever the parameters, effects and residuals are what they leave: together they give the data back."""
    b = sc.beta(zj.panel, "exports", w, spatial="lag", effects="two-way")
    values = b.params.to_numpy().copy()
    values[:2] = -0.2, 0.3
    world = world_at(b.fit, values)
    engine = Engine.of(b.fit)
    raw = b.fit.design.y - 0.3 * b.fit.design.y @ b.fit.design.W.matrix.toarray().T + 0.2 * b.fit.design.X[..., 0]
    y, _ = rebuild(engine.model(world), (raw - world.effect)[..., None])
    np.testing.assert_allclose(y[..., 0], b.fit.design.y, atol=EXACT)
    np.testing.assert_allclose((raw - world.effect).mean(axis=0), 0, atol=EXACT)


def test_jobs_change_nothing(zj, w):
    for spatial in ("lag", "error"):
        fit = sc.beta(zj.panel, "exports", w, spatial=spatial, effects="time").fit
        engine, world = Engine.of(fit), fitted_world(fit)
        draws = 2500 if spatial == "lag" else 30
        one, two = (
            engine.run(world, draws=draws, rng=np.random.default_rng(7), jobs=jobs, errors=False) for jobs in (1, 2)
        )
        np.testing.assert_array_equal(one.params, two.params)
