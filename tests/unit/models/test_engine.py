"""The engine against dense brute force, for every supported combination: N = 7, T = 5, W different from M."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from scipy import sparse

import spatialconv as sc
from spatialconv.errors import UnsupportedModelError
from spatialconv.models.specification.spec import SUPPORTED
from tests import brute
from tests.tolerances import DIFFERENCES, HESSIAN, LOGLIK, OPTIM_BRUTE

N, T, K = 7, 5, 2
SPATIAL = ("none", "lag", "error", "sarar")
COMBINATIONS = [
    (spatial, effects, correction)
    for effects, correction in SUPPORTED
    for spatial in SPATIAL
    if correction != "splm"  # not a likelihood of its own: its figures are splm's, see test_splm
]


def weights(rng: np.random.Generator, *, row: bool) -> np.ndarray:
    W = rng.uniform(0.2, 1.0, (N, N)) * (rng.uniform(size=(N, N)) < 0.6)
    W[np.arange(N), (np.arange(N) + 1) % N] = 0.5
    np.fill_diagonal(W, 0)
    return W / W.sum(axis=1, keepdims=True) if row else W / np.abs(np.linalg.eigvals(W)).max()


def case(spatial: str, effects: str, correction: str, seed: int, *, row: bool, random: str = "kkp") -> brute.Case:
    """Data from the model itself, so that the optimum lies inside the admissible interval."""
    rng = np.random.default_rng(seed)
    W, M = weights(rng, row=row), weights(rng, row=row)
    X = rng.normal(size=(T, N, K))
    mu = rng.normal(size=N) * (effects in ("region", "two-way", "random"))
    alpha = rng.normal(size=(T, 1)) * (effects in ("time", "two-way"))
    e = rng.normal(size=(T, N))
    rho, lam = 0.4 * (spatial in ("lag", "sarar")), -0.3 * (spatial in ("error", "sarar"))
    u = np.linalg.solve(np.eye(N) - lam * M, e.T).T
    y = np.linalg.solve(np.eye(N) - rho * W, (X @ [1.0, -0.5] + mu + alpha + u).T).T
    if effects in ("none", "random"):
        X = np.concatenate([np.ones((T, N, 1)), X], axis=2)
    return brute.Case(y, X, W, M, spatial, effects, correction, random)


def fitted(c: brute.Case, vcov: str = "information") -> sc.models.fitted.PanelFit:
    labels = [f"r{i}" for i in range(N)]
    frame = pd.DataFrame(
        {
            "region": np.tile(labels, T),
            "period": np.repeat(np.arange(T), N),
            "y": c.y.ravel(),
            "a": c.X[..., -2].ravel(),
            "b": c.X[..., -1].ravel(),
        }
    )
    w, m = (Graph.from_sparse(sparse.coo_array(A), ids=labels) for A in (c.W, c.M))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return sc.fit_panel(
            sc.Panel(frame, region="region", period="period"),
            "y",
            ["a", "b"],
            w,
            spatial=c.spatial,
            effects=c.effects,
            correction=c.correction,
            error_w=m,
            random=c.random,
            vcov=vcov,
        )


def supports(spatial: str, effects: str, correction: str, *, row: bool) -> bool:
    needs = SUPPORTED[effects, correction]
    lag_ok = row or needs.lag_weights == "any" or spatial not in ("lag", "sarar")
    error_ok = row or needs.error_weights == "any" or spatial not in ("error", "sarar")
    return lag_ok and error_ok


def logged(fit: sc.models.fitted.PanelFit) -> np.ndarray:
    """Parameters with the variances in logs, as the brute force searches them."""
    return fit.params.mask(fit.params.index.isin(["phi", "sigma2"]), np.log(fit.params.clip(lower=1e-12))).to_numpy()


def theta(fit: sc.models.fitted.PanelFit) -> np.ndarray:
    return fit.params.to_numpy()


@pytest.mark.parametrize(
    ("spatial", "effects", "correction", "row"),
    [(*c, row) for c in COMBINATIONS for row in (True, False) if supports(*c, row=row)],
)
class TestEveryCombination:
    def test_loglik_is_the_density(self, spatial, effects, correction, row):
        c = case(spatial, effects, correction, 1, row=row)
        fit = fitted(c)
        k = c.X.shape[2]
        rho, lam = fit.rho if 0 in c.free else 0.0, fit.lambda_ if 1 in c.free else 0.0
        phi = fit.params.get("phi", 0.0)
        dense = brute.loglik(c, fit.params.to_numpy()[:k], rho, lam, fit.sigma2, phi)
        assert fit.loglik == pytest.approx(dense, abs=LOGLIK)

    def test_optimum_is_anothers(self, spatial, effects, correction, row):
        c = case(spatial, effects, correction, 2, row=row)
        fit = fitted(c)
        ours = logged(fit)
        start = ours + np.random.default_rng(0).normal(scale=0.02, size=len(ours))
        other = brute.maximise(c, start)
        assert brute.negative(c, ours) <= brute.negative(c, other) + LOGLIK
        np.testing.assert_allclose(ours, other, atol=OPTIM_BRUTE)

    def test_covariance_is_the_inverse_information(self, spatial, effects, correction, row):
        c = case(spatial, effects, correction, 5, row=row)
        fit = fitted(c)
        extra = np.empty(0)
        if correction == "none":
            D = brute.dummies(T, N, effects)
            extra = np.linalg.lstsq(D, fit.estimates.effect.ravel(), rcond=None)[0]
            np.testing.assert_allclose(D @ extra, fit.estimates.effect.ravel(), atol=1e-10)
        dense = brute.expected_covariance(c, np.append(theta(fit), extra))
        scale = np.sqrt(np.outer(np.diag(dense), np.diag(dense)))
        np.testing.assert_allclose(fit.cov.to_numpy() / scale, dense / scale, atol=DIFFERENCES)

    def test_observed_information_is_the_hessian(self, spatial, effects, correction, row):
        c = case(spatial, effects, correction, 5, row=row)
        fit = fitted(c, "observed")
        compare_with_hessian(c, fit)


def compare_with_hessian(c: brute.Case, fit: sc.models.fitted.PanelFit) -> None:
    """The dense density profiles the effects out, as the observed information does."""
    logs = np.isin(fit.params.index, ["phi", "sigma2"])
    H = brute.hessian(lambda t: brute.negative(c, t), logged(fit))
    jacobian = np.where(logs, fit.params, 1.0)
    dense = np.linalg.inv(H) * np.outer(jacobian, jacobian)
    scale = np.sqrt(np.outer(np.diag(dense), np.diag(dense)))
    np.testing.assert_allclose(fit.cov.to_numpy() / scale, dense / scale, atol=HESSIAN)


@pytest.mark.parametrize("row", [True, False], ids=["row-standardised", "general"])
@pytest.mark.parametrize("spatial", ["error", "sarar"])
class TestRandomEffectsOutsideTheFilter:
    def test_loglik_is_the_density(self, spatial, row):
        c = case(spatial, "random", "none", 4, row=row, random="bsk")
        fit = fitted(c)
        rho = fit.rho if spatial == "sarar" else 0.0
        dense = brute.loglik(c, theta(fit)[:3], rho, fit.lambda_, fit.sigma2, fit.params["phi"])
        assert fit.loglik == pytest.approx(dense, abs=LOGLIK)

    def test_optimum_is_anothers(self, spatial, row):
        c = case(spatial, "random", "none", 4, row=row, random="bsk")
        ours = logged(fitted(c))
        other = brute.maximise(c, ours + np.random.default_rng(0).normal(scale=0.02, size=len(ours)))
        assert brute.negative(c, ours) <= brute.negative(c, other) + LOGLIK
        np.testing.assert_allclose(ours, other, atol=10 * OPTIM_BRUTE)

    def test_observed_information_is_the_hessian(self, spatial, row):
        c = case(spatial, "random", "none", 4, row=row, random="bsk")
        compare_with_hessian(c, fitted(c, "observed"))

    def test_covariance_is_the_inverse_information(self, spatial, row):
        c = case(spatial, "random", "none", 4, row=row, random="bsk")
        fit = fitted(c)
        dense = brute.expected_covariance(c, theta(fit))
        scale = np.sqrt(np.outer(np.diag(dense), np.diag(dense)))
        np.testing.assert_allclose(fit.cov.to_numpy() / scale, dense / scale, atol=DIFFERENCES)

    def test_without_an_error_process_both_kinds_are_one(self, spatial, row):
        c = case("lag", "random", "none", 4, row=row, random="bsk")
        pd.testing.assert_series_equal(
            fitted(c).params, fitted(case("lag", "random", "none", 4, row=row, random="kkp")).params
        )


@pytest.mark.parametrize(
    ("spatial", "effects", "correction"),
    [c for c in COMBINATIONS if not supports(*c, row=False)],
)
def test_unsupported_raises(spatial, effects, correction):
    with pytest.raises(UnsupportedModelError, match="row-standardised weights in which every region has a neighbour"):
        fitted(case(spatial, effects, correction, 1, row=False))


def demeaned(z: np.ndarray) -> np.ndarray:
    return z - z.mean(axis=0)


def test_global_maximum_on_a_fine_grid():
    """The search must not stop at the lower of two peaks."""
    for seed in range(5):
        c = case("sarar", "region", "none", seed, row=True)
        fit = fitted(c)
        k = c.X.shape[2]
        best = -np.inf
        for rho in np.linspace(-0.95, 0.95, 25):
            for lam in np.linspace(-0.95, 0.95, 25):
                F = np.eye(N) - lam * c.M
                y = demeaned((c.y - rho * c.y @ c.W.T) @ F.T).ravel()
                X = np.stack([demeaned(c.X[..., j] @ F.T).ravel() for j in range(k)], axis=1)
                r = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
                value = -0.5 * N * T * (np.log(2 * np.pi * r @ r / (N * T)) + 1) + T * (
                    np.linalg.slogdet(np.eye(N) - rho * c.W)[1] + np.linalg.slogdet(F)[1]
                )
                best = max(best, value)
        assert fit.loglik >= best - LOGLIK
