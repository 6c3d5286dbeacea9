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
from spatialconv.convergence.few_periods import grid_interval as grid
from spatialconv.models.small_samples.refits import (
    Engine,
    imposed_world,
    restricted_world,
    with_effects_given,
    world_at,
)
from tests.terminal import plain_repr
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


def drawn_under(b, value, scheme, draws=40):
    """Return h = (I - rho W) g - value y of the sample and of panels drawn with beta imposed (T, N, draws), by hand."""
    world = imposed_world(b.fit, "log_initial", value)
    Y, V = Engine.of(b.fit).samples(world, scheme, draws, np.random.default_rng(2))
    W = b.fit.design.W.matrix.toarray() if b.fit.spec.has_lag else np.zeros((Y.shape[1],) * 2)
    own = b.fit.design.X[..., b.fit.design.names.index("log_initial")]
    S = np.eye(len(W)) - world.rho * W
    here = np.einsum("ij,tj->ti", S, b.fit.design.y) - value * own
    return here, np.einsum("ij,tjb->tib", S, Y) - value * V[:, :, 0]


@pytest.mark.parametrize("scheme", ["residual", "wild", "parametric", "wild-region", "block-region"])
@pytest.mark.parametrize("effects", ["region", "two-way"])
def test_means_and_sums_of_squares_are_given(zj, w, effects, scheme):
    """What growth is made of under beta keeps its means by region, and its sum of squares within each region."""
    b = sc.beta(zj.panel, "exports", w, spatial="lag", effects=effects)
    here, there = drawn_under(b, -0.1, scheme)
    np.testing.assert_allclose(there.mean(axis=0), np.repeat(here.mean(axis=0)[:, None], 40, axis=1), atol=ROUNDING)

    def inside(h):
        h = h - h.mean(axis=0)
        return h - h.mean(axis=1, keepdims=True) if effects == "two-way" else h

    within, own = inside(there), (inside(here) ** 2).sum(axis=0)
    np.testing.assert_allclose((within**2).sum(axis=(0, 1)), own.sum(), rtol=ROUNDING)
    # Time effects mix the regions; rounds of scaling stop at 1e-4 of the whole, or after fifty of them.
    tolerance = ROUNDING if effects == "region" else 5e-3
    np.testing.assert_allclose((within**2).sum(axis=0) / own.sum(), np.repeat(own[:, None], 40, 1) / own.sum(),
                               atol=tolerance)  # fmt: skip
    assert within.std(axis=2).min() > 0


def test_coefficients_of_controls_are_given(zj):
    """Growth less beta times the level, regressed on region dummies and the control, gives the same coefficient."""
    b = sc.beta(zj.panel, "exports", controls="digital", effects="region")
    here, there = drawn_under(b, 0.0, "wild")
    x = b.fit.design.X[..., b.fit.design.names.index("digital")]
    x = (x - x.mean(axis=0)).ravel()
    slopes = np.column_stack([h.ravel() for h in (here, *np.moveaxis(there, 2, 0))]).T @ x / (x @ x)
    np.testing.assert_allclose(slopes, slopes[0], rtol=ROUNDING)


def test_two_periods_leave_signs(zj):
    panel = zj.panel.subset(periods=[2018, 2019, 2020])
    b = sc.beta(panel, "exports", effects="region")
    for scheme in ("wild", "parametric"):
        here, there = drawn_under(b, 0.0, scheme)
        here, there = here - here.mean(axis=0), there - there.mean(axis=0)
        np.testing.assert_allclose(np.abs(there), np.repeat(np.abs(here)[..., None], 40, axis=2), rtol=1e-7)


def test_effects_are_given_where_the_past_is_a_regressor_and_nowhere_else(zj, w):
    for fit, given in (
        (sc.beta(zj.panel, "exports", effects="region").fit, True),
        (sc.beta(zj.panel, "exports", effects="time").fit, False),
        (sc.fit_panel(zj.panel, "exports", "digital", effects="region", spatial="none"), False),
    ):
        world = world_at(fit, fit.params.to_numpy())
        assert not world.given
        assert with_effects_given(world, fit).given == given


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
        # Quantiles of 499 draws move in steps.
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
    assert plain_repr(found).startswith("Grid bootstrap of exports: 11 regions x 4 spans, region effects")
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


@pytest.mark.parametrize("bend", [0.0, 0.4, -0.05, 3.0])
def test_zeros_are_those_of_brent(bend):
    """Straight and curved, with steps as quantiles of few draws have, and no number beyond."""
    for shift in np.linspace(-0.9, 0.9, 7):

        def of(x, shift=shift):
            return shift - x - bend * (x - shift) ** 3 if x < 1.5 else np.nan

        def stepped(x, of=of):
            return of(x) + 0.002 * np.sign(of(x))

        want = optimize.brentq(of, -1.0, 1.2, xtol=1e-12)
        assert grid._zero(of, -1.0, 1.2, 1e-4) == pytest.approx(want, abs=1e-4)
        assert grid._zero(of, -1.0, 1.9, 1e-4) == pytest.approx(want, abs=1e-4)
        assert grid._zero(stepped, -1.0, 1.2, 1e-4) == pytest.approx(want, abs=1e-4)


@pytest.mark.parametrize("effects", ["none", "region", "two-way"])
def test_ends_are_those_of_plain_halving(zj, effects, monkeypatch):
    """The secants end where halving the bracket does."""
    b = sc.beta(zj.panel, "exports", effects=effects)
    found = b.grid_interval(draws=99, seed=2)

    def halved(of, a, b, close):
        sign = np.sign(of(a))
        for _ in range(14):
            middle = (a + b) / 2
            a, b = (middle, b) if np.sign(of(middle)) == sign else (a, middle)
        return (a + b) / 2

    monkeypatch.setattr(grid, "_zero", halved)
    slow = b.grid_interval(draws=99, seed=2)
    # Secants stop at steps of a hundredth of the standard error; what is left is a step of a quantile of 99 draws.
    error = b.std_errors["log_initial"]
    np.testing.assert_allclose(
        [*found.interval, found.estimate], [*slow.interval, slow.estimate], rtol=0, atol=5e-3 * error
    )
    assert len(found.curve) < 12 < len(slow.curve)
