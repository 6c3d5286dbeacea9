"""Effects under an error process, against dummies: for weights that are asymmetric, and M other than W."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from tests import brute
from tests.tolerances import DIFFERENCES, ROUNDING

N, T = 8, 5


def directed(rng: np.random.Generator, *, row: bool = True) -> np.ndarray:
    W = rng.uniform(size=(N, N)) * (rng.uniform(size=(N, N)) < 0.5)
    W[np.arange(N), (np.arange(N) + 1) % N] = 0.5
    np.fill_diagonal(W, 0)
    return W / W.sum(axis=1, keepdims=True) if row else W / np.abs(np.linalg.eigvals(W)).max()


def fitted(spatial: str, effects: str, correction: str, *, row: bool = True, seed: int = 1, **options):
    rng = np.random.default_rng(seed)
    W, M = directed(rng, row=row), directed(rng)
    x, e = rng.normal(size=(2, T, N))
    u = np.linalg.solve(np.eye(N) - 0.4 * M, e.T).T
    rho = 0.3 * (spatial == "sarar")
    mean = x + rng.normal(size=N) + 2 * rng.normal(size=(T, 1))
    y = np.linalg.solve(np.eye(N) - rho * W, (mean + u).T).T
    frame = pd.DataFrame({"i": np.tile(np.arange(N), T), "t": np.repeat(np.arange(T), N)})
    panel = sc.Panel(frame.assign(x=x.ravel(), y=y.ravel()), region="i", period="t")
    w, m = (sc.weights.from_matrix(A, regions=np.arange(N), standardise="none") for A in (W, M))
    options |= {"spatial": spatial, "effects": effects, "correction": correction}
    return sc.fit_panel(panel, "y", "x", w, error_w=m, **options), W, M


@pytest.mark.parametrize("spatial", ["error", "sarar"])
@pytest.mark.parametrize("effects", ["region", "time", "two-way"])
@pytest.mark.parametrize("correction", ["none", "lee-yu"])
def test_effects_and_innovations_are_those_of_dummies(spatial, effects, correction):
    fit, W, M = fitted(spatial, effects, correction)
    rho = 0.0 if np.isnan(fit.rho) else fit.rho
    A, B = np.eye(N) - rho * W, np.eye(N) - fit.lambda_ * M
    y, x = fit.design.y, fit.design.X[..., 0]
    D = np.kron(np.eye(T), B) @ brute.dummies(T, N, effects)
    target = ((y @ A.T - x * fit.params["x"]) @ B.T).ravel()
    a = np.linalg.lstsq(D, target, rcond=None)[0]
    e = target - D @ a
    np.testing.assert_allclose(fit.residuals.to_numpy().ravel(), e, atol=ROUNDING)
    np.testing.assert_allclose(fit.fitted.to_numpy(), y - e.reshape(T, N), atol=ROUNDING)
    assert (fit.residuals.to_numpy() ** 2).sum() == pytest.approx(fit.sigma2 * fit.nobs_effective, rel=ROUNDING)
    effect = (brute.dummies(T, N, effects) @ a).reshape(T, N)
    if effects != "region":
        np.testing.assert_allclose(fit.residuals.mean(axis=1), 0, atol=ROUNDING)
        np.testing.assert_allclose(fit.time_effects, effect.mean(axis=1) - effect.mean(), atol=ROUNDING)
    if effects != "time":
        np.testing.assert_allclose(fit.residuals.mean(axis=0), 0, atol=ROUNDING)
        np.testing.assert_allclose(fit.region_effects, effect.mean(axis=0) - effect.mean(), atol=ROUNDING)
    signal = fit.predict(kind="signal").to_numpy()
    np.testing.assert_allclose(signal, y - e.reshape(T, N), atol=ROUNDING)


@pytest.mark.parametrize("effects", ["time", "two-way"])
@pytest.mark.parametrize("row", [True, False])
def test_covariance_of_both_processes_is_that_with_dummies(effects, row):
    """The information of the direct approach holds the effects, which W carries on where its rows do not sum to one."""
    fit, W, M = fitted("sarar", effects, "none", row=row)
    c = brute.Case(fit.design.y, fit.design.X, W, M, "sarar", effects, "none")
    A, B = np.eye(N) - fit.rho * W, np.eye(N) - fit.lambda_ * M
    dummies = brute.dummies(T, N, effects)
    target = (fit.design.y @ A.T - fit.design.X[..., 0] * fit.params["x"]) @ B.T
    a = np.linalg.lstsq(np.kron(np.eye(T), B) @ dummies, target.ravel(), rcond=None)[0]
    expected = brute.expected_covariance(c, np.r_[fit.params.to_numpy(), a])
    errors = np.sqrt(np.diag(expected))
    np.testing.assert_allclose(
        fit.cov / np.outer(errors, errors), expected / np.outer(errors, errors), atol=DIFFERENCES
    )


def test_errors_of_time_effects_are_their_spread():
    """The generalised mean of errors, whatever the coefficients add: from the dense variance of each period's mean."""
    fit, _, M = fitted("error", "time", "none")
    B = np.eye(N) - fit.lambda_ * M
    one = np.ones((N, 1))
    X = np.kron(np.eye(T), B) @ np.hstack([fit.design.X.reshape(-1, 1), np.kron(np.eye(T), one)])
    cov = fit.sigma2 * np.linalg.inv(X.T @ X)[1:, 1:]
    centre = np.eye(T) - 1 / T
    np.testing.assert_allclose(fit.effects("time")["std_error"], np.sqrt(np.diag(centre @ cov @ centre)), rtol=1e-6)
