"""A region without neighbours under all effects and models: fitted as dense algebra has it, or refused in words."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv.errors import UnsupportedModelError
from tests.brute_identification import dummies
from tests.simulation.identification import grid
from tests.tolerances import LOGLIK

N, T = 16, 5
EFFECTS = ("none", "region", "time", "two-way", "random")


def world(seed: int = 0, alone: tuple[int, ...] = (5,)) -> tuple[sc.Panel, object, np.ndarray]:
    rng, W = np.random.default_rng(seed), grid(4, 4)
    W[list(alone)] = W[:, list(alone)] = 0.0
    frame = pd.DataFrame({"region": np.tile(np.arange(N), T), "period": np.repeat(np.arange(T), N)})
    frame["x"] = rng.normal(size=N * T)
    frame["y"] = frame["x"] + rng.normal(size=N * T)
    w = sc.weights.from_matrix(W, regions=range(N), standardise="row")
    sums = W.sum(axis=1, keepdims=True)
    return sc.Panel(frame, region="region", period="period"), w, W / np.where(sums > 0, sums, 1.0)


@pytest.mark.parametrize("effects", EFFECTS)
@pytest.mark.parametrize("spatial", ["lag", "error", "sarar"])
@pytest.mark.parametrize("estimator", ["ml", "gmm"])
def test_what_is_fitted_and_what_is_refused(effects, spatial, estimator):
    panel, w, _ = world()
    options = {"spatial": spatial, "effects": effects, "estimator": estimator}
    if effects in ("time", "two-way") and spatial != "lag":
        with pytest.raises(UnsupportedModelError) as caught:
            sc.fit_panel(panel, "y", "x", w, **options)
        said = str(caught.value)
        # Nothing that the caller did not say, the region by name, and what can be done.
        assert "correction" not in said
        assert f"effects={effects!r} with spatial={spatial!r} needs row-standardised weights" in said
        assert "region 5 has no neighbour" in said
        assert "islands='nearest'" in said
        assert "panel.subset(regions=...)" in said
        assert said.endswith("or take effects='region' or 'none', or spatial='lag'.")
        return
    fit = sc.fit_panel(panel, "y", "x", w, **options)
    assert np.isfinite(fit.std_errors.drop(["sigma2", "phi"], errors="ignore")).all()
    direct = effects in ("time", "two-way")
    assert any("direct approach, not Lee-Yu" in n and "region 5 has no neighbour" in n for n in fit.notes) == direct


@pytest.mark.parametrize("correction", ["none", "lee-yu", "splm"])
def test_a_correction_that_was_asked_for_is_named(correction):
    panel, w, _ = world()
    for spatial in ("lag", "error"):
        if (spatial, correction) == ("lag", "none"):
            continue
        with pytest.raises(
            UnsupportedModelError, match=f"effects='time' with correction='{correction}' needs"
        ) as caught:
            sc.fit_panel(panel, "y", "x", w, spatial=spatial, effects="time", correction=correction)
        assert ("take correction='none'" in str(caught.value)) == (spatial == "lag")


def test_many_islands_are_counted():
    panel, w, _ = world(alone=(1, 5, 9, 15))
    with pytest.raises(UnsupportedModelError, match="Here regions without a neighbour are 4: 1, 5, 9, …"):
        sc.fit_panel(panel, "y", "x", w, spatial="error", effects="time")


def test_weights_that_are_not_standardised_are_described():
    panel, *_ = world()
    w = sc.weights.from_matrix(grid(4, 4), regions=range(N))
    with pytest.raises(UnsupportedModelError, match=r"Here rows of the weights sum to 2\.0000 to 4\.0000"):
        sc.fit_panel(panel, "y", "x", w, spatial="error", effects="time")


def test_what_is_advised_works():
    panel, w, _ = world()
    rest = [r for r in range(N) if r != 5]
    fit = sc.fit_panel(panel.subset(regions=rest), "y", "x", w, spatial="error", effects="time")
    assert (fit.n_regions, fit.correction) == (15, "lee-yu")


@pytest.mark.parametrize(("effects", "seed"), list(product(["none", "time", "two-way"], range(3))))
def test_lag_is_that_of_dummies(effects, seed):
    """Likelihood, estimate and residuals with a dummy for each effect, islands and all."""
    panel, w, W = world(seed)
    fit = sc.fit_panel(panel, "y", "x", w, effects=effects)
    y, x = (panel.values(name) for name in ("y", "x"))
    D = dummies(N, T, effects) if effects != "none" else np.ones((N * T, 1))
    Z = np.column_stack([x.ravel(), D])

    def profile(rho: float) -> tuple[float, np.ndarray]:
        u = (y - rho * y @ W.T).ravel()
        e = u - Z @ np.linalg.lstsq(Z, u, rcond=None)[0]
        value = T * np.linalg.slogdet(np.eye(N) - rho * W)[1] - 0.5 * N * T * (np.log(2 * np.pi * e @ e / (N * T)) + 1)
        return float(value), e

    value, e = profile(fit.rho)
    assert fit.loglik == pytest.approx(value, abs=LOGLIK)
    np.testing.assert_allclose(fit.residuals.to_numpy().ravel(), e, atol=1e-9)
    assert max(profile(rho)[0] for rho in np.linspace(-0.99, 0.99, 199)) <= fit.loglik + 1e-9
