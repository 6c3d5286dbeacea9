"""What must hold of every model of the engine, whatever the data: over models, effects, approaches, sizes, weights."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from libpysal.graph import Graph
from scipy import sparse

import spatialconv as sc
from spatialconv._core.likelihood.likelihood_bsk import bsk_problem
from spatialconv._core.likelihood.logdet import choose
from spatialconv.models.estimation.estimate import sample
from spatialconv.models.specification.spec import SUPPORTED
from tests import brute
from tests.tolerances import LOGLIK, OPTIM, REFERENCE
from tests.unit.models.test_engine import supports

properties = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.filter_too_much],
)
SPATIAL = ("none", "lag", "error", "sarar")


@dataclass(frozen=True, repr=False)
class Model:
    """Data, weights and options of one fit; arrays (T, N), weights (N, N)."""

    y: np.ndarray
    x: np.ndarray
    W: np.ndarray
    M: np.ndarray
    options: dict
    regions: tuple = ()

    def __repr__(self) -> str:
        return f"{self.y.shape} {self.options}"

    @property
    def effects(self) -> str:
        return self.options["effects"]

    @property
    def has_lag(self) -> bool:
        return self.options["spatial"] in ("lag", "sarar")

    @property
    def has_error(self) -> bool:
        return self.options["spatial"] in ("error", "sarar")

    def fit(self, **options) -> sc.models.fitted.PanelFit:
        """Fit, or give the example up where an optimum lies on a bound, whose neighbourhood is another question."""
        T, N = self.y.shape
        regions = list(self.regions or range(N))
        frame = pd.DataFrame(
            {
                "region": np.tile(np.array(regions, dtype=object), T),
                "period": np.repeat(np.arange(T), N),
                "y": self.y.ravel(),
                "x": self.x.ravel(),
            }
        )
        w, m = (Graph.from_sparse(sparse.coo_array(A), ids=regions) for A in (self.W, self.M))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", sc.errors.BoundaryWarning)
            fit = sc.fit_panel(
                sc.Panel(frame, region="region", period="period"), "y", "x", w, error_w=m, **(self.options | options)
            )
        assume(not fit.at_bound)
        return fit


def weights(rng: np.random.Generator, n: int, *, row: bool) -> np.ndarray:
    W = rng.uniform(0.2, 1.0, (n, n)) * (rng.uniform(size=(n, n)) < 0.5)
    W[np.arange(n), (np.arange(n) + 1) % n] = 0.5
    np.fill_diagonal(W, 0)
    return W / W.sum(axis=1, keepdims=True) if row else W / np.abs(np.linalg.eigvals(W)).max()


@st.composite
def models(
    draw,
    spatial=SPATIAL,
    effects=("none", "region", "time", "two-way", "random"),
    dynamic=("none", "none", "y", "both"),
    rows=(True, False),
    splm=True,
):
    """A sample of a static model with effects, and the options of a fit that is supported for its weights."""
    pairs = [p for p in SUPPORTED if p[0] in effects and (splm or p[1] != "splm")]
    effects, correction = draw(st.sampled_from(pairs))
    space, durbin = draw(st.sampled_from(spatial)), draw(st.booleans())
    row = draw(st.sampled_from([r for r in (True, False) if supports(space, effects, correction, row=r)]))
    assume(row in rows)
    past = "none" if effects == "random" else draw(st.sampled_from(dynamic))
    n, T = draw(st.integers(7, 10)), draw(st.integers(4, 6))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    W, M = weights(rng, n, row=row), weights(rng, n, row=row)
    mu = rng.normal(size=n) * (effects in ("region", "two-way", "random"))
    alpha = rng.normal(size=(T, 1)) * (effects in ("time", "two-way"))
    x = rng.normal(size=(T, n))
    rho, lam = 0.4 * (space in ("lag", "sarar")), -0.4 * (space in ("error", "sarar"))
    u = np.linalg.solve(np.eye(n) - lam * M, 0.7 * rng.normal(size=(n, T))).T
    y = np.linalg.solve(np.eye(n) - rho * W, (x + 0.5 * durbin * x @ W.T + mu + alpha + u).T).T
    options = {
        "spatial": space, "durbin": durbin, "effects": effects, "correction": correction, "dynamic": past,
        "random": draw(st.sampled_from(["kkp", "bsk"])) if effects == "random" else "kkp",
    }  # fmt: skip
    return Model(y, x, W, M, options)


def same(ours: pd.Series, theirs: pd.Series, errors: pd.Series, tolerance: float = OPTIM) -> None:
    """Parameters agree to a share of their standard errors."""
    assert list(ours.index) == list(theirs.index)
    np.testing.assert_allclose((ours - theirs) / errors, 0, atol=10 * tolerance)


@properties
@given(models(), st.randoms(use_true_random=False))
def test_order_and_names_of_regions_permute_results(model, random):
    n = model.y.shape[1]
    order = random.sample(range(n), n)
    labels = tuple(f"region {k}" for k in order)
    moved = replace(
        model, y=model.y[:, order], x=model.x[:, order], W=model.W[np.ix_(order, order)],
        M=model.M[np.ix_(order, order)], regions=labels,
    )  # fmt: skip
    a, b = model.fit(), moved.fit()
    same(b.params, a.params, a.std_errors)
    np.testing.assert_allclose(b.std_errors, a.std_errors, rtol=100 * OPTIM)
    assert b.loglik == pytest.approx(a.loglik, abs=LOGLIK)
    scale = np.sqrt(a.sigma2)
    for name in ("residuals", "fitted"):
        ours, theirs = (getattr(f, name) for f in (b, a))
        assert list(ours.columns) == list(labels)
        np.testing.assert_allclose((ours - theirs.to_numpy()[:, order]) / scale, 0, atol=100 * OPTIM)


@properties
@given(models(dynamic=("none",)), st.randoms(use_true_random=False))
def test_order_of_periods_changes_no_static_model(model, random):
    T = len(model.y)
    order = random.sample(range(T), T)
    a, b = model.fit(), replace(model, y=model.y[order], x=model.x[order]).fit()
    same(b.params, a.params, a.std_errors)
    assert b.loglik == pytest.approx(a.loglik, abs=LOGLIK)


@properties
@given(models(), st.sampled_from([1e-3, 0.5, 3.0, -2.0, 1e4]))
def test_rescaling_y_scales_beta(model, factor):
    a, b = model.fit(), replace(model, y=factor * model.y).fit()
    free = [t for t in a.params.index if t in ("rho", "lambda", "phi", "lag:y", "lag:W:y")]
    scale = pd.Series(factor, index=a.params.index)
    scale[free] = 1.0
    scale["sigma2"] = factor**2
    same(b.params, scale * a.params, np.abs(scale) * a.std_errors)
    np.testing.assert_allclose(b.std_errors, np.abs(scale) * a.std_errors, rtol=100 * OPTIM)
    assert b.loglik == pytest.approx(a.loglik - a.estimates.dof * np.log(abs(factor)), abs=100 * LOGLIK)


@properties
@given(models(effects=("none", "region", "random"), rows=(True, False)), st.sampled_from([0.25, 2.0, 10.0]))
def test_rescaling_w_moves_rho_and_its_bounds_and_nothing_else(model, factor):
    """And lambda with M, and the coefficients of what is lagged by W, in inverse proportion."""
    a, b = model.fit(), replace(model, W=factor * model.W, M=factor * model.M).fit()
    moves = [t for t in a.params.index if t in ("rho", "lambda") or "W:" in t]
    scale = pd.Series(1.0, index=a.params.index)
    scale[moves] = 1 / factor
    same(b.params, scale * a.params, np.abs(scale) * a.std_errors)
    np.testing.assert_allclose(b.std_errors, np.abs(scale) * a.std_errors, rtol=100 * OPTIM)
    assert b.loglik == pytest.approx(a.loglik, abs=100 * LOGLIK)
    np.testing.assert_allclose(b.fitted, a.fitted, atol=100 * OPTIM * np.sqrt(a.sigma2))
    for ours, theirs in zip(
        *((f.estimates.optimum.logdet_w, f.estimates.optimum.logdet_m) for f in (b, a)), strict=True
    ):
        if theirs is not None:
            np.testing.assert_allclose(sorted(np.array(ours.interval) * factor), theirs.interval, rtol=REFERENCE)
    if model.has_lag and model.options["dynamic"] == "none":
        impacts = [f.impacts().table for f in (b, a)]
        np.testing.assert_allclose(impacts[0]["estimate"], impacts[1]["estimate"], atol=100 * OPTIM)


@properties
@given(models(spatial=("sarar",)))
def test_without_lambda_sarar_is_lag_and_without_rho_error(model):
    full = model.fit()
    W, M = (choose(sparse.csr_array(A)) for A in (model.W, model.M))
    assume(not full.spec.outside)
    # The correction of a dynamic model moves its estimates off the maximum of which the log-likelihood is.
    likelihood = sample(full.design, full.spec, full.estimates.correction).problem(W, M)
    for name, place in (("lag", "rho"), ("error", "lambda")):
        one = model.fit(spatial=name)
        point = one.estimates.optimum.point
        psi = point.psi if model.effects == "random" else 0.0
        at = likelihood.at(point.rho, 0.0, psi) if name == "lag" else likelihood.at(0.0, point.lam, psi)
        if model.options["dynamic"] == "none" or one.correction == "none":
            assert at.loglik == pytest.approx(one.loglik, abs=LOGLIK)
            np.testing.assert_allclose(likelihood.recover(at), one.estimates.beta, rtol=OPTIM, atol=OPTIM)
        assert full.loglik > one.loglik - LOGLIK, place


@properties
@given(models(dynamic=("none",), splm=False))
def test_score_vanishes_at_the_optimum(model):
    """The numerical gradient of the dense log-density of all parameters, in units of their standard errors."""
    fit = model.fit()
    c = brute.Case(
        fit.design.y, fit.design.X, model.W, model.M, model.options["spatial"], model.effects, fit.correction,
        model.options["random"],
    )  # fmt: skip
    theta = fit.params.mask(fit.params.index.isin(["phi", "sigma2"]), np.log(fit.params.clip(lower=1e-12))).to_numpy()
    errors = fit.std_errors.where(~fit.params.index.isin(["phi", "sigma2"]), fit.std_errors / fit.params).to_numpy()
    h = 1e-4 * errors
    slopes = np.array(
        [
            (brute.negative(c, theta + step) - brute.negative(c, theta - step)) / (2 * size)
            for size, step in zip(h, np.diag(h), strict=True)
        ]
    )
    # A gradient of g in these units is an optimum missed by g standard errors.
    np.testing.assert_allclose(slopes * errors, 0, atol=2e-5)


@properties
@given(models(spatial=("lag", "sarar"), splm=False), st.sampled_from(["short", "long"]))
def test_three_routes_to_the_impacts_agree(model, kind):
    fit = model.fit()
    kind = kind if model.options["dynamic"] != "none" else "static"
    if kind == "long":
        # Of an unstable model there is no long run; `impacts` refuses it.
        assume(not any("NOT STABLE" in note for note in fit.notes))
    exact = fit.impacts(kind=kind, route="exact")
    for route in ("eigen", "trace"):
        other = fit.impacts(kind=kind, route=route)
        columns = ["estimate", "std_error"]
        size = exact.table[columns].abs().to_numpy().max()
        np.testing.assert_allclose(other.table[columns] / size, exact.table[columns] / size, atol=1e-7)


@properties
@given(models(effects=("time", "two-way"), rows=(True,)), st.integers(0, 100))
def test_shifting_time_effects_changes_nothing(model, seed):
    shift = 5 * np.random.default_rng(seed).normal(size=(len(model.y), 1))
    # A dynamic model carries the shift of one period over to the next, where it is a time effect as well.
    a, b = model.fit(), replace(model, y=model.y + shift).fit()
    same(b.params, a.params, a.std_errors)
    assert b.loglik == pytest.approx(a.loglik, abs=100 * LOGLIK)
    np.testing.assert_allclose(b.residuals, a.residuals, atol=100 * OPTIM * np.sqrt(a.sigma2))


@properties
@given(models(effects=("region", "two-way"), splm=False), st.integers(0, 100))
def test_shifting_region_effects_changes_nothing(model, seed):
    """For any weights: a filter of what is constant over time is constant over time."""
    shift = 5 * np.random.default_rng(seed).normal(size=model.y.shape[1])
    a, b = model.fit(), replace(model, y=model.y + shift).fit()
    same(b.params, a.params, a.std_errors)
    assert b.loglik == pytest.approx(a.loglik, abs=100 * LOGLIK)


def test_likelihood_of_the_means_by_singular_values_is_that_of_their_covariance():
    """Next to a bound of lambda as well, where the covariance has few digits left."""
    rng, n, T = np.random.default_rng(0), 6, 4
    M = weights(rng, n, row=True)
    Z = rng.normal(size=(T, n, 4))
    links = choose(sparse.csr_array(M))
    split = bsk_problem(Z[..., 0], Z[..., 2:], None, sparse.csr_array(M), None, links)
    for lam, psi in ((0.3, -0.5), (-0.8, -2.0), (0.999, -1e-3)):
        B = np.eye(n) - lam * M
        root, log_v = split.root(lam, psi)
        V = np.linalg.inv(B.T @ B) + np.expm1(-psi) * np.eye(n)
        assert log_v == pytest.approx(np.linalg.slogdet(V)[1], rel=1e-8)
        inner = np.concatenate([B @ (split_t - Z_mean) for split_t, Z_mean in _apart(Z)])
        means = np.sqrt(T) * _columns(Z).mean(axis=0)
        np.testing.assert_allclose(root.T @ root, inner.T @ inner + means.T @ np.linalg.solve(V, means), rtol=1e-7)


def _columns(Z):
    """[y, Wy, X] of a model without W, shape (T, n, k)."""
    return np.concatenate([Z[..., :1], np.zeros_like(Z[..., :1]), Z[..., 2:]], axis=2)


def _apart(Z):
    columns = _columns(Z)
    return [(period, columns.mean(axis=0)) for period in columns]


def test_slope_of_the_likelihood_outside_the_filter_is_that_of_its_values():
    rng, n, T = np.random.default_rng(2), 7, 3
    W, M = (weights(rng, n, row=row) for row in (True, False))
    W, M = sparse.csr_array(W), sparse.csr_array(M / np.abs(np.linalg.eigvals(M)).max())
    Z = rng.normal(size=(T, n, 3))
    split = bsk_problem(Z[..., 0], Z[..., 1:], W, M, choose(W), choose(M))
    for theta in ((0.3, -0.4, -0.5), (-0.2, 0.8, -4.0), (0.0, 0.0, 0.0)):
        values = np.array([[theta + s * 1e-6 * e for s in (1, -1)] for e in np.eye(3)])
        logliks = split.logliks(*values.reshape(-1, 3).T).reshape(3, 2)
        one = [split.at(*point).loglik for point in values.reshape(-1, 3)]
        np.testing.assert_allclose(logliks.ravel(), one, rtol=LOGLIK)
        np.testing.assert_allclose(split.at(*theta).gradient, (logliks[:, 0] - logliks[:, 1]) / 2e-6, atol=1e-6)
        slopes = [split.along(axis)(at) for axis, at in enumerate(theta)]
        alone = [split.at(*(at * e)).gradient[axis] for axis, (at, e) in enumerate(zip(theta, np.eye(3), strict=True))]
        np.testing.assert_allclose(slopes, alone)


def test_covariance_of_the_means_without_digits_left():
    """Squares of an inverse that is near singular lose the small eigenvalues; the likelihood stays finite."""
    rng, n = np.random.default_rng(1), 6
    M = weights(rng, n, row=True)
    split = bsk_problem(
        rng.normal(size=(4, n)),
        rng.normal(size=(4, n, 1)),
        None,
        sparse.csr_array(M),
        None,
        choose(sparse.csr_array(M)),
    )
    for gap in (1e-6, 1e-9, 1e-12):
        assert np.isfinite(split.at(0.0, 1 - gap, -1e-16).loglik)
