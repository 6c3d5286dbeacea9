"""Weights by period and gaps against dense densities: log-likelihood, maximum, coefficients, both covariances."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pytest

import spatialconv as sc
from tests.tolerances import EXACT, HESSIAN, LOGDET_RHO, LOGLIK, OPTIM
from tests.unit.models.by_period.cells import Cells, Density, drawn

SPATIAL = ("none", "lag", "error", "sarar")
EFFECTS = ("none", "region", "time", "two-way")
# What weights are drawn, and whether cells are missing, of outcomes and of regressors.
KINDS = {
    "by period, row": ("omit", {}),
    "by period, unstandardised, islands": ("omit", {"row": False, "island": True}),
    "omit, row": ("omit", {"gaps": 0.15, "x_gaps": True}),
    "omit, unstandardised": ("omit", {"gaps": 0.15, "row": False}),
    "integrate, row, islands": ("integrate", {"gaps": 0.2, "island": True}),
    "integrate, unstandardised, regressors missing": ("integrate", {"gaps": 0.15, "row": False, "x_gaps": True}),
    "integrate, the same weights throughout": ("integrate", {"gaps": 0.25, "fixed": True}),
}

# Every model of two kinds, and of the others each spatial term with one kind of effects, by a Latin square.
WHOLE = ("by period, unstandardised, islands", "integrate, row, islands")
CASES = [
    (kind, spatial, effects)
    for k, kind in enumerate(KINDS)
    for s, spatial in enumerate(SPATIAL)
    for e, effects in enumerate(EFFECTS)
    if kind in WHOLE or e == (s + k) % 4
]


def fitted(cells: Cells, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sc.errors.BoundaryWarning)
        return cells.fit(**options)


def free(fit: Any, density: Density) -> np.ndarray:
    return np.array([fit.estimates.rho, fit.estimates.lam])[density.free]


@pytest.mark.parametrize(("kind", "spatial", "effects"), CASES)
def test_a_fit_is_the_maximum_of_the_dense_density(kind, spatial, effects):
    missing, options = KINDS[kind]
    cells = drawn(list(KINDS).index(kind), **options)
    fit = fitted(cells, spatial=spatial, effects=effects, missing=missing, correction="none")
    density = cells.dense(spatial, effects, missing)
    at = free(fit, density)
    loglik, g, sigma2 = density.profile(at)
    assert fit.loglik == pytest.approx(loglik, abs=LOGLIK)
    if not fit.at_bound:
        assert density.best(at) <= fit.loglik + LOGLIK
    np.testing.assert_allclose(fit.params[["x0", "x1"]], g[:2], rtol=0, atol=1e3 * EXACT)
    assert fit.sigma2 == pytest.approx(sigma2, rel=1e3 * EXACT)
    assert fit.nobs == density.seen.sum()
    if fit.at_bound:
        return
    # A constant among the regressors stands with the dummies in the density.
    own = [term for term in fit.params.index if term != "intercept"]
    theta = np.concatenate([g[:2], at, [sigma2], g[2:]])
    cov = fit.cov.loc[own, own].to_numpy()
    dense = density.information(theta)
    se = np.sqrt(np.diag(dense))
    np.testing.assert_allclose(cov / np.outer(se, se), dense / np.outer(se, se), rtol=0, atol=OPTIM)
    observed = fit.with_vcov("observed").cov.loc[own, own].to_numpy()
    dense = density.observed(theta)
    se = np.sqrt(np.diag(dense))
    np.testing.assert_allclose(observed / np.outer(se, se), dense / np.outer(se, se), rtol=0, atol=HESSIAN)


@pytest.mark.parametrize("gaps", [0.0, 0.15])
@pytest.mark.parametrize("spatial", SPATIAL)
def test_time_effects_are_transformed_away_period_by_period(spatial, gaps):
    cells = drawn(8, gaps=gaps, N=11)
    fit = fitted(cells, spatial=spatial, effects="time", missing="omit")
    density = cells.dense(spatial, "time", "omit", lee_yu=True)
    assert fit.correction == "lee-yu"
    loglik, g, sigma2 = density.profile(free(fit, density))
    assert fit.loglik == pytest.approx(loglik, abs=LOGLIK)
    assert density.best(free(fit, density)) <= fit.loglik + LOGLIK
    np.testing.assert_allclose(fit.params[["x0", "x1"]], g[:2], rtol=0, atol=1e3 * EXACT)
    theta = np.concatenate([g[:2], free(fit, density), [sigma2]])
    np.testing.assert_allclose(fit.std_errors, np.sqrt(np.diag(density.information(theta))), rtol=OPTIM)
    observed = fit.with_vcov("observed").std_errors
    np.testing.assert_allclose(observed, np.sqrt(np.diag(density.observed(theta))), rtol=HESSIAN)


@pytest.mark.parametrize("missing", ["omit", "integrate"])
def test_durbin_lags_regressors_by_the_weights_of_the_period(missing):
    cells = drawn(2, gaps=0.15)
    fit = fitted(cells, model="SDM", effects="region", missing=missing)
    density = cells.dense("lag", "region", missing, durbin=True)
    loglik, g, _ = density.profile(free(fit, density))
    assert fit.loglik == pytest.approx(loglik, abs=LOGLIK)
    np.testing.assert_allclose(fit.params[["x0", "x1", "W:x0", "W:x1"]], g[:4], rtol=0, atol=1e3 * EXACT)


@pytest.mark.parametrize(("effects", "spatial"), list(itertools.product(EFFECTS, SPATIAL)))
def test_the_same_weights_in_every_period_are_one_matrix(effects, spatial):
    """A mapping of one matrix is that matrix, to the last digit: the fit takes the same way."""
    cells = drawn(4, fixed=True)
    w, m = (cells.graphs(of) for of in (cells.W, cells.M))
    ours = sc.fit_panel(cells.panel(), "y", cells.names, w, error_w=m, spatial=spatial, effects=effects)
    one = sc.fit_panel(cells.panel(), "y", cells.names, w[0], error_w=m[0], spatial=spatial, effects=effects)
    assert ours.loglik == one.loglik
    np.testing.assert_array_equal(ours.cov, one.cov)
    np.testing.assert_array_equal(ours.params, one.params)


@pytest.mark.parametrize(("effects", "spatial"), list(itertools.product(EFFECTS, SPATIAL)))
def test_rows_reach_what_arrays_reach_where_nothing_differs(effects, spatial):
    """The stacked likelihood, forced on a balanced panel with one matrix, has its maximum where the other has."""
    from spatialconv.models.by_period.fit import fit_cells
    from spatialconv.models.specification.design import from_panel

    cells = drawn(6, fixed=True)
    w, m = (cells.graphs(of)[0] for of in (cells.W, cells.M))
    one = sc.fit_panel(
        cells.panel(), "y", cells.names, w, error_w=m, spatial=spatial, effects=effects, correction="none"
    )
    _, found, _ = fit_cells(from_panel(cells.panel(), one.spec), one.spec, w, m, "omit")
    assert found.loglik == pytest.approx(one.loglik, abs=LOGLIK)
    np.testing.assert_allclose(found.beta, one.estimates.beta, rtol=0, atol=OPTIM)
    np.testing.assert_allclose(found.cov, one.estimates.cov, rtol=OPTIM, atol=1e-12)
    np.testing.assert_allclose(found.effect, one.estimates.effect, rtol=0, atol=OPTIM)
    np.testing.assert_allclose(found.residuals, one.estimates.residuals, rtol=0, atol=OPTIM)


def test_interpolated_determinants_reach_the_same_maximum():
    """Sparse factors at Chebyshev nodes, a window around the optimum for each matrix, against all eigenvalues."""
    for options in ({"effects": "time"}, {"effects": "region", "missing": "integrate"}):
        cells = drawn(8, N=11, gaps=0.0 if options["effects"] == "time" else 0.1)
        exact, factors = (cells.fit(spatial="lag", logdet=how, **options) for how in ("eigen", "lu"))
        assert factors.loglik == pytest.approx(exact.loglik, abs=LOGLIK)
        assert factors.rho == pytest.approx(exact.rho, abs=LOGDET_RHO)
        np.testing.assert_allclose(factors.std_errors, exact.std_errors, rtol=OPTIM)
        assert factors.logdet == "sparse LU at Chebyshev nodes"


def test_more_regions_than_dense_solves_serve():
    """Traces from sparse factors, by period, at 230 regions with five neighbours each."""
    rng = np.random.default_rng(0)
    N, T = 230, 2

    def nearest() -> np.ndarray:
        at, A = rng.random((N, 2)), np.zeros((N, N))
        apart = np.linalg.norm(at[:, None] - at[None], axis=2) + 9 * np.eye(N)
        A[np.arange(N)[:, None], np.argsort(apart, axis=1)[:, :5]] = 0.2
        return A

    W = [nearest() for _ in range(T)]
    x = rng.standard_normal((T, N, 2))
    u = x @ [1.0, -0.5] + rng.standard_normal((T, N))
    y = np.stack([np.linalg.solve(np.eye(N) - 0.4 * A, row) for A, row in zip(W, u, strict=True)])
    cells = Cells(y, x, W, W, True)
    fit = cells.fit(spatial="lag", effects="time", correction="none")
    density = cells.dense("lag", "time")
    loglik, g, sigma2 = density.profile(np.array([fit.rho]))
    assert fit.loglik == pytest.approx(loglik, abs=LOGLIK)
    theta = np.concatenate([g[:2], [fit.rho, sigma2], g[2:]])
    np.testing.assert_allclose(fit.std_errors, np.sqrt(np.diag(density.information(theta))), rtol=OPTIM)
