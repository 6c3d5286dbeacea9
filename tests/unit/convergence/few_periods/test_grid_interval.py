"""The grid bootstrap: its worlds by other means, its ends by its own definition, its coverage by simulation."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

import spatialconv as sc
from spatialconv import errors
from spatialconv._core.resampling import intervals as core
from spatialconv.models.small_samples.refits import (
    Engine,
    imposed_world,
    restricted_world,
    with_drifts_shrunk,
    world_at,
)
from tests.tolerances import OPTIM, ROUNDING


@pytest.mark.parametrize("spatial", ["none", "lag", "error", "sarar"])
@pytest.mark.parametrize("effects", ["none", "time", "region", "two-way"])
def test_no_convergence_imposed_is_no_convergence(zj, w, spatial, effects):
    """Beta = 0 imposed, and the model estimated without beta, are one world."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.BoundaryWarning)
        b = sc.beta(zj.panel, "exports", w, controls="digital", spatial=spatial, effects=effects)
    imposed, without = imposed_world(b.fit, "log_initial", 0.0), restricted_world(b.fit, ["log_initial"])
    np.testing.assert_allclose(imposed.values, without.values, rtol=OPTIM, atol=OPTIM)
    np.testing.assert_allclose(imposed.effect, without.effect, rtol=OPTIM, atol=OPTIM)
    np.testing.assert_allclose(imposed.pool.residuals, without.pool.residuals, rtol=1e-5, atol=OPTIM)


@pytest.mark.parametrize("value", [-0.4, 0.1])
def test_the_rest_is_estimated_under_it(zj, w, value):
    """A lag model with explicit dummies and beta given: rho and the control by a general optimiser."""
    b = sc.beta(zj.panel, "exports", w, controls="digital", spatial="lag", effects="two-way", correction="none")
    world = imposed_world(b.fit, "log_initial", value)
    y, X = b.fit.design.y, b.fit.design.X
    W = b.fit.design.W.matrix.toarray()
    T, N = y.shape
    D = np.hstack([np.kron(np.eye(T), np.ones((N, 1))), np.kron(np.ones((T, 1)), np.eye(N))[:, 1:]])
    names = list(b.fit.design.names)
    Z = np.column_stack([X[..., names.index("digital")].ravel(), D])

    def negative(rho):
        left = (y - rho * y @ W.T - value * X[..., names.index("log_initial")]).ravel()
        e = left - Z @ np.linalg.lstsq(Z, left, rcond=None)[0]
        return N * T / 2 * np.log(e @ e) - T * np.linalg.slogdet(np.eye(N) - rho * W)[1]

    best = optimize.minimize_scalar(negative, bounds=(-1.9, 0.999), method="bounded", options={"xatol": 1e-12})
    assert world.rho == pytest.approx(best.x, abs=1e-6)
    left = (y - best.x * y @ W.T - value * X[..., names.index("log_initial")]).ravel()
    control = np.linalg.lstsq(Z, left, rcond=None)[0][0]
    assert world.values[names.index("digital")] == pytest.approx(control, abs=1e-6)
    assert world.values[names.index("log_initial")] == value


def test_drifts_are_shrunk_by_what_errors_add(zj):
    """The formula by hand; other models keep their effects."""
    b = sc.beta(zj.panel, "exports", effects="region")
    plain = world_at(b.fit, np.array([-0.1, b.sigma2]))
    shrunk = with_drifts_shrunk(plain, b.fit)
    drift = plain.effect[0] - plain.effect.mean()
    variance, excess = drift.var(ddof=1), plain.pool.s2 / 4
    assert excess < variance
    want = drift * np.sqrt(1 - excess / variance)
    np.testing.assert_allclose(shrunk.effect[0] - shrunk.effect.mean(), want, atol=ROUNDING)
    assert shrunk.effect.mean() == pytest.approx(plain.effect.mean())
    for other in (
        sc.beta(zj.panel, "exports", effects="time").fit,
        sc.fit_panel(zj.panel, "exports", "digital", effects="region", spatial="none"),
    ):
        world = world_at(other, other.params.to_numpy())
        assert with_drifts_shrunk(world, other) is world


def test_shrunk_drifts_have_the_spread_of_the_true_ones():
    """Random walks with drifts of a known spread: over many panels its square is met, while estimates exceed it."""
    rng, true, seen, estimated = np.random.default_rng(1), 0.2, [], []
    for _ in range(60):
        growth = 0.3 + true * rng.standard_normal((1, 40)) + 0.4 * rng.standard_normal((4, 40))
        log = np.vstack([np.zeros((1, 40)), np.cumsum(growth, axis=0)]) + rng.normal(0, 1, 40)
        frame = {"r": np.tile(np.arange(40), 5), "t": np.repeat(np.arange(5), 40), "v": np.exp(log).ravel()}
        fit = sc.beta(sc.Panel(pd.DataFrame(frame), region="r", period="t"), "v", effects="region").fit
        world = restricted_world(fit, ["log_initial"])
        seen.append(world.effect[0].var(ddof=1))
        estimated.append(growth.mean(axis=0).var(ddof=1))
    assert np.mean(seen) == pytest.approx(true**2, rel=0.15)
    assert np.mean(estimated) > 1.5 * true**2


@pytest.mark.parametrize("effects", ["time", "region", "two-way"])
def test_the_ends_are_where_the_test_turns(zj, w, effects):
    """At an end of the interval the sample's t is a quantile of the t of panels with that beta, drawn anew here."""
    b = sc.beta(zj.panel, "exports", w, spatial="lag", effects=effects)
    found = b.grid_interval(draws=499, seed=3, level=0.9)
    seed = int(np.random.default_rng(3).integers(2**63))
    engine, at = Engine.of(b.fit), list(b.params.index).index("log_initial")
    for end, share in zip((*found.interval, found.estimate), (0.95, 0.05, 0.5), strict=True):
        own = np.random.default_rng(seed)
        drawn = engine.run(imposed_world(b.fit, "log_initial", end), draws=499, rng=own, scheme="wild")
        t = (drawn.params[:, at] - end) / drawn.errors[:, at]
        quantile = core.quantiles(t, np.array([share]))[0]
        # Halving stops at 2^-12 of the bracket, and quantiles of 499 draws move in steps.
        assert (b.beta - end) / b.std_errors["log_initial"] == pytest.approx(quantile, abs=0.05)
    assert found.interval[0] < found.estimate < found.interval[1]


def test_where_there_is_no_bias_it_is_the_interval_of_the_bootstrap(zj, w):
    """Time effects: the studentised bootstrap around the estimate and the grid agree to a few hundredths."""
    b = sc.beta(zj.panel, "exports", w, controls="digital", spatial="lag", effects="time")
    grid = b.grid_interval(draws=1999, scheme="residual", seed=1).interval
    around = b.bootstrap(draws=1999, seed=1).intervals.loc[("log_initial", "bootstrap-t")]
    np.testing.assert_allclose(grid, around, atol=0.015)


def test_views_and_the_speed(zj):
    b = sc.beta(zj.panel, "exports", effects="region")
    found = b.grid_interval(draws=199, seed=1)
    low, high = found.interval
    assert found.speed == pytest.approx((-np.log1p(high), -np.log1p(low)))
    assert repr(found).startswith("Grid bootstrap of exports: 11 regions x 4 spans, region effects")
    assert list(found.tidy()["term"]) == ["log_initial", "speed", "half_life"]
    assert found.glance().loc[0, "betas_asked"] == len(found.curve)
    assert found.to_dict()["provenance"]["seed"] == 1
    jobs = b.grid_interval(draws=199, seed=1, jobs=2)
    assert jobs.interval == found.interval
    undefined = sc.beta(zj.panel, "exports", effects="two-way").grid_interval(draws=199, seed=1)
    assert np.isinf(undefined.speed[1])


def test_bad_input(zj, w):
    b = sc.beta(zj.panel, "exports", w, spatial="lag", effects="time", correction="splm")
    with pytest.raises(errors.UnsupportedModelError):
        b.grid_interval(draws=199, seed=1)
    plain = sc.beta(zj.panel, "exports")
    with pytest.raises(errors.OptionError, match="draws must be"):
        plain.grid_interval(draws=3)
    with pytest.raises(errors.OptionError, match="scheme must be"):
        plain.grid_interval(scheme="tame")


@pytest.mark.slow
def test_it_covers_where_others_do_not():
    """120 panels of random walks, two-way effects: the grid covers in 95 %, within three Monte Carlo errors (6)."""
    rng, inside, by_z = np.random.default_rng(5), 0, 0
    for k in range(120):
        log = np.cumsum(np.vstack([rng.normal(3, 1.5, 11), 0.35 + 0.25 * rng.standard_normal((4, 11))]), axis=0)
        frame = {"r": np.tile(np.arange(11), 5), "t": np.repeat(np.arange(5), 11), "v": np.exp(log).ravel()}
        b = sc.beta(sc.Panel(pd.DataFrame(frame), region="r", period="t"), "v", effects="two-way")
        low, high = b.grid_interval(draws=199, seed=k).interval
        inside += low <= 0 <= high
        by_z += b.conf_int().loc["log_initial", "conf_high"] >= 0
    assert inside / 120 >= 0.89
    assert by_z / 120 < 0.2


def test_few_periods_are_said_where_simulations_found_the_test_too_ready():
    zj = sc.datasets.zhejiang()
    for effects, said in (("time", False), ("region", True), ("two-way", True)):
        b = sc.beta(zj.panel, "exports", effects=effects)
        tested, plain = b.bootstrap(draws=99, seed=1, null="no-convergence"), b.bootstrap(draws=99, seed=1)
        found = b.grid_interval(draws=99, seed=1)
        for result, expected in ((tested, said), (found, said), (plain, False)):
            assert any("periods are few for" in note for note in result.notes) is expected
    us = sc.datasets.us_income()
    long = sc.beta(us.panel, "income", effects="region", horizon=10)
    assert not any("periods are few for" in n for n in long.bootstrap(draws=99, seed=1, null="no-convergence").notes)
