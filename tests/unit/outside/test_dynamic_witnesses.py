"""Dynamic models with an error process by two more witnesses: columns for all effects, and simulation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.linalg as la

import spatialconv as sc
from tests.tolerances import LOGLIK, OPTIM

TRUTH = {"lag:y": 0.4, "lag:W:y": 0.1, "x": 1.0, "rho": 0.2, "lambda": 0.35, "sigma2": 1.0}
# Means and spreads of 200 samples: the standard error of a spread is 1/20 of it, thrice that allowed.
DRAWS, SPREAD = 200, 0.15


def links(rng: np.random.Generator, n: int) -> np.ndarray:
    A = rng.uniform(size=(n, n)) * (rng.uniform(size=(n, n)) < 4 / n)
    A[np.arange(n), (np.arange(n) + 1) % n] = 0.5
    np.fill_diagonal(A, 0.0)
    return A / A.sum(axis=1, keepdims=True)


def sample(
    rng: np.random.Generator, W: np.ndarray, M: np.ndarray, T: int, spatial: str, size: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """y and x, (T + 1, N), after a run-in of thirty periods, with region effects and time effects of a size."""
    n = len(W)
    rho = TRUTH["rho"] * (spatial == "sarar")
    Ai, Bi = la.inv(np.eye(n) - rho * W), la.inv(np.eye(n) - TRUTH["lambda"] * M)
    past = TRUTH["lag:y"] * np.eye(n) + TRUTH["lag:W:y"] * W
    x = rng.normal(size=(T + 31, n))
    mu, alpha = rng.normal(size=n), size * rng.normal(size=T + 31)
    y = np.zeros((T + 31, n))
    for t in range(1, T + 31):
        y[t] = Ai @ (past @ y[t - 1] + x[t] + mu + alpha[t] + Bi @ rng.normal(size=n))
    return y[-T - 1 :], x[-T - 1 :]


def fitted(y: np.ndarray, x: np.ndarray, W: np.ndarray, M: np.ndarray, **options: Any) -> Any:
    T, n = y.shape
    frame = pd.DataFrame({"i": np.tile(np.arange(n), T), "t": np.repeat(np.arange(T), n)})
    panel = sc.Panel(frame.assign(y=y.ravel(), x=x.ravel()), region="i", period="t")
    w, m = (sc.weights.from_matrix(A, regions=np.arange(n), standardise="none") for A in (W, M))
    return sc.fit_panel(panel, "y", "x", w, error_w=m, dynamic="both", **options)


@pytest.mark.parametrize("spatial", ["error", "sarar"])
@pytest.mark.parametrize("effects", ["region", "time", "two-way"])
def test_the_direct_approach_is_the_model_with_columns_for_past_and_effects(spatial, effects):
    """By the same engine without effects and without dynamics, which reference packages have tested."""
    rng = np.random.default_rng(3)
    n, T = 8, 6
    W, M = links(rng, n), links(rng, n)
    y, x = sample(rng, W, M, T, spatial)
    fit = fitted(y, x, W, M, spatial=spatial, effects=effects, correction="none")
    frame = pd.DataFrame({"i": np.tile(np.arange(n), T), "t": np.repeat(np.arange(T), n)})
    frame = frame.assign(y=y[1:].ravel(), x=x[1:].ravel(), past=y[:-1].ravel(), wpast=(y[:-1] @ W.T).ravel())
    regions = [f"r{i}" for i in range(1, n)] if effects != "time" else []
    periods = [f"t{t}" for t in range(1, T)] if effects != "region" else []
    columns = {name: (frame["i"] == int(name[1:])).astype(float) for name in regions}
    columns |= {name: (frame["t"] == int(name[1:])).astype(float) for name in periods}
    panel = sc.Panel(frame.assign(**columns), region="i", period="t")
    w, m = (sc.weights.from_matrix(A, regions=np.arange(n), standardise="none") for A in (W, M))
    names = ["past", "wpast", "x", *columns]
    other = sc.fit_panel(panel, "y", names, w, error_w=m, spatial=spatial, effects="none", correction="none")
    renamed = {"past": "lag:y", "wpast": "lag:W:y"}
    params, cov = other.params.rename(renamed), other.cov.rename(index=renamed, columns=renamed)
    terms, errors = list(fit.params.index), fit.std_errors.to_numpy()
    np.testing.assert_allclose((params[terms] - fit.params) / errors, 0, atol=10 * OPTIM)
    scale = np.outer(errors, errors)
    np.testing.assert_allclose(cov.loc[terms, terms] / scale, fit.cov / scale, atol=10 * OPTIM)
    assert other.loglik == pytest.approx(fit.loglik, rel=LOGLIK)
    np.testing.assert_allclose(other.residuals, fit.residuals, atol=10 * OPTIM)


@pytest.mark.slow
@pytest.mark.parametrize("spatial", ["error", "sarar"])
@pytest.mark.parametrize("effects", ["region", "two-way"])
def test_standard_errors_are_the_spread_of_the_estimates(spatial, effects):
    """After the correction, of twenty regions and fifteen periods; estimates lie around the truth by a share of it."""
    rng = np.random.default_rng(7)
    n, T = 20, 15
    W, M = links(rng, n), links(rng, n)
    found, errors = [], []
    for _ in range(DRAWS):
        y, x = sample(rng, W, M, T, spatial, size=float(effects == "two-way"))
        fit = fitted(y, x, W, M, spatial=spatial, effects=effects)
        assert fit.correction == "lee-yu"
        found.append(fit.params)
        errors.append([fit.std_errors, fit.with_vcov("observed").std_errors])
    estimates = pd.DataFrame(found)
    sd = estimates.std()
    ratio = np.mean(errors, axis=0) / sd.to_numpy()
    np.testing.assert_allclose(ratio, 1, atol=SPREAD)
    truth, mean = pd.Series(TRUTH)[list(estimates.columns)], estimates.mean()
    # The coefficients take their share of the squares, as in any regression.
    mean["sigma2"] *= n * T / (n * T - len(mean))
    # What is left of the bias is of order 1 / T squared.
    assert ((mean - truth).abs() < 0.35 * sd).all()
