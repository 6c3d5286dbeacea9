"""Impacts by refits to resampled errors, GMM and the log-determinant through the public door."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv import errors
from spatialconv.models.small_samples.refits import Engine, _region_effects, fitted_world
from spatialconv.models.small_samples.resample import resampled_params
from tests.unit.models.test_splm import data, fit


def test_bootstrap_meets_the_delta_method_where_it_should():
    """Forty-eight states, seventeen years, residuals close to normal: the two estimate the same variance."""
    f = fit("munnell", "region", "lag", "lee-yu")
    delta = f.impacts().table
    boot = f.impacts(inference="bootstrap", draws=300, seed=1).table
    np.testing.assert_allclose(boot["estimate"], delta["estimate"], rtol=1e-12)
    # The Monte Carlo error of a standard deviation from 300 draws is 4 per cent.
    np.testing.assert_allclose(boot["std_error"] / delta["std_error"], 1, atol=0.2)


def test_jobs_change_nothing_and_seeds_do():
    f = fit("munnell", "region", "lag", "none")
    one, two = (f.impacts(inference="bootstrap", draws=12, seed=5, jobs=j).table for j in (1, 2))
    pd.testing.assert_frame_equal(one, two)
    other = f.impacts(inference="bootstrap", draws=12, seed=6).table
    assert not np.allclose(one["std_error"], other["std_error"])


@pytest.mark.parametrize("spatial", ["lag", "error", "sarar"])
@pytest.mark.parametrize("effects", ["none", "region", "two-way"])
def test_resampled_outcome_obeys_the_model(spatial, effects):
    """Filtered and cleared of regressors and effects, the resampled outcome is made of rescaled residuals."""
    f = fit("munnell", effects, spatial, "none")
    world = fitted_world(f)
    Y, _ = Engine.of(f).samples(world, "residual", 2, np.random.default_rng(3))
    W = f.design.W.matrix.toarray()
    rho = 0.0 if np.isnan(f.rho) else f.rho
    lam = 0.0 if np.isnan(f.lambda_) else f.lambda_
    effect = f.estimates.effect if effects != "none" else 0.0
    y = Y[..., 1]
    u = y - rho * y @ W.T - f.design.X @ f.estimates.beta - effect
    e = u - lam * u @ W.T
    places = np.abs(e.ravel()[:, None] - world.pool.rescaled.ravel()[None, :]).min(axis=1)
    np.testing.assert_allclose(places, 0, atol=1e-9)
    left = {"none": 816, "region": 768, "two-way": 47 * 16}[effects] - f.design.X.shape[2]
    if spatial == "lag":
        assert world.pool.s2 == pytest.approx((f.estimates.residuals**2).sum() / left, rel=1e-9)
    assert np.mean(world.pool.rescaled**2) == pytest.approx(world.pool.s2, rel=1e-9)
    assert world.pool.rescaled.mean() == pytest.approx(0, abs=1e-15)


def test_spread_of_refits_is_that_of_the_estimates():
    f = fit("munnell", "two-way", "sarar", "none")
    values, lost = resampled_params(f, 200, np.random.default_rng(0))
    assert lost == 0
    # Not that of sigma2: the information takes errors as normal, the residuals have heavier tails.
    np.testing.assert_allclose((values.std(axis=0) / f.std_errors).drop("sigma2"), 1, atol=0.35)


@pytest.mark.parametrize("random", ["kkp", "bsk"])
def test_random_effects_are_drawn_with_their_variance(random):
    panel, w, y, x = data("munnell")
    f = sc.fit_panel(panel, y, x, w, effects="random", spatial="error", random=random)
    Y, _ = Engine.of(f).samples(fitted_world(f), "parametric", 400, np.random.default_rng(0))
    W = f.design.W.matrix.toarray()
    means = (Y - (f.design.X @ f.estimates.beta)[..., None]).mean(axis=0)
    B = np.linalg.inv(np.eye(48) - f.lambda_ * W)
    if random == "kkp":
        V = B @ B.T * f.sigma2 * (f.estimates.phi + 1 / 17)
    else:
        V = f.sigma2 * (np.eye(48) * f.estimates.phi + B @ B.T / 17)
    np.testing.assert_allclose((means**2).mean(axis=1) / np.diag(V), 1, atol=0.35)
    assert (means**2).mean() == pytest.approx(np.diag(V).mean(), rel=0.08)


@pytest.mark.parametrize("scheme", ["residual", "wild", "parametric"])
def test_resampled_region_effects_have_the_variance_of_the_fit(scheme):
    """Estimated means hold errors too: they are brought to phi sigma2 before they are drawn."""
    panel, w, y, x = data("munnell")
    f = sc.fit_panel(panel, y, x, w, effects="random", spatial="lag")
    world = fitted_world(f)
    # Means made twice as large must change nothing.
    for mu in (world.mu, 2 * world.mu):
        drawn = _region_effects(replace(world, mu=mu), scheme, 4000, np.random.default_rng(1))
        assert (drawn**2).mean() == pytest.approx(world.mu_variance, rel=0.05)
    assert world.mu_variance == pytest.approx(f.estimates.phi * world.pool.s2)


def test_log_determinant_by_every_method():
    panel, w, y, x = data("munnell")
    exact, lu, random = (
        sc.fit_panel(panel, y, x, w, effects="region", logdet=m) for m in ("eigen", "lu", "stochastic")
    )
    np.testing.assert_allclose(lu.params, exact.params, rtol=1e-8)
    np.testing.assert_allclose(lu.cov, exact.cov, rtol=1e-6, atol=1e-14)
    assert lu.logdet == "sparse LU at Chebyshev nodes"
    assert exact.logdet == "eigenvalues"
    # Random traces of 48 regions are rough: within a tenth of a standard error, and the result says so.
    assert abs(random.rho - exact.rho) < 0.1 * exact.std_errors["rho"]
    assert any("the log-determinant is simulated" in note for note in random.notes)
    with pytest.raises(errors.OptionError, match="logdet must be one of 'auto', 'eigen', 'lu', 'stochastic'"):
        sc.fit_panel(panel, y, x, w, logdet="cholesky")


def test_moments_through_the_public_door():
    panel, w, y, x = data("munnell")
    f = sc.fit_panel(panel, y, x, w, effects="region", estimator="gmm", vcov="robust")
    ml = fit("munnell", "region", "lag", "lee-yu")
    assert np.isnan(f.loglik)
    assert abs(f.rho - ml.rho) < 4 * ml.std_errors["rho"]
    assert any("two-stage least squares" in note for note in f.notes)
    assert f.impacts().table["std_error"].gt(0).all()
    with pytest.raises(errors.ModelError, match=r"fit again with vcov="):
        f.with_vcov("cluster")
