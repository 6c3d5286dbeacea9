"""One sandwich for likelihood, moments and fixed effects, against R's plm, whatever the effects and periods."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from tests.tolerances import ROUNDING

REFERENCE = json.loads((Path(__file__).parents[2] / "reference" / "plm_sandwich" / "reference.json").read_text())
KINDS = {"cluster": "cluster", "robust": "white", "driscoll-kraay": "kraay"}
MODELS = {
    "produc": ("log_gsp", ["log_pcap", "log_pc", "log_emp"]),
    "grunfeld": ("inv", ["value", "capital"]),
}


def panel_of(name: str, periods: int) -> sc.Panel:
    if name == "produc":
        panel = sc.datasets.munnell()
    else:
        panel = sc.Panel(pd.DataFrame(REFERENCE["grunfeld"]), region="firm", period="year")
    return panel.subset(periods=list(panel.periods)[:periods])


def unmixed(panel: sc.Panel, fit: dict) -> np.ndarray:
    """White's covariance with the bias of Stock and Watson (2008), equation 6, taken off; with dummies, by loops."""
    y, x = MODELS[fit["data"]]
    T, N = fit["T"], panel.n_regions
    X = np.stack([panel.values(name).ravel() for name in x], axis=1)
    D = np.kron(np.ones((T, 1)), np.eye(N))
    if fit["effects"] == "two-way":
        D = np.hstack([D, np.kron(np.eye(T), np.ones((N, 1)))])
    take = np.eye(T * N) - D @ np.linalg.pinv(D, rcond=1e-10)
    X = take @ X
    e = take @ panel.values(y).ravel() - X @ np.array(fit["coef"])
    bread = np.linalg.inv(X.T @ X)
    X, e = X.reshape(T, N, -1), e.reshape(T, N)
    k = X.shape[2]
    xs, bias = np.zeros((k, k)), np.zeros((k, k))
    for i in range(N):
        outer = [np.outer(X[t, i], X[t, i]) for t in range(T)]
        xs += sum(e[t, i] ** 2 * outer[t] for t in range(T)) / (N * (T - 1))
        bias += sum(outer) / T * (e[:, i] ** 2).sum() / (T - 1) / N
    meat = (T - 1) / (T - 2) * (xs - bias / (T - 1))
    return bread @ (N * T * meat) @ bread


def wanted(panel: sc.Panel, fit: dict, vcov: str) -> np.ndarray:
    """plm's figure, times what region effects took where it is missed."""
    T = fit["T"]
    plm = np.array(fit[KINDS[vcov]])
    if vcov == "cluster" or fit["effects"] in ("none", "time"):
        return plm
    if vcov == "driscoll-kraay" or T == 2:
        return plm * T / (T - 1)
    return unmixed(panel, fit)


def close(ours: np.ndarray, theirs: np.ndarray) -> None:
    errors = np.sqrt(np.diag(theirs))
    np.testing.assert_allclose(ours / np.outer(errors, errors), theirs / np.outer(errors, errors), atol=10 * ROUNDING)


@pytest.mark.parametrize("vcov", KINDS)
@pytest.mark.parametrize("fit", REFERENCE["fits"], ids=lambda f: f"{f['data']}-{f['T']}-{f['effects']}")
def test_likelihood_moments_and_fixed_effects_have_the_sandwich_of_plm(fit, vcov):
    panel = panel_of(fit["data"], fit["T"])
    y, x = MODELS[fit["data"]]
    terms = [*(["intercept"] if fit["effects"] == "none" else []), *x]
    theirs = wanted(panel, fit, vcov)
    if vcov == "driscoll-kraay" and fit["T"] == 2 and fit["effects"] in ("region", "two-way"):
        # Sums of the two periods are the same and add up to zero: nothing is left but rounding, in plm too.
        refused_where_scores_cancel(panel, y, x, fit["effects"])
        return
    lags = {"lags": 1} if vcov == "driscoll-kraay" else {}
    for correction in ("none", "lee-yu") if fit["effects"] != "none" else ("none",):
        plain = sc.fit_panel(panel, y, x, spatial="none", effects=fit["effects"], correction=correction)
        close(plain.with_vcov(vcov, **lags).cov.loc[terms, terms].to_numpy(), theirs)
        if vcov != "driscoll-kraay" or fit["T"] < 5:  # the default is one lag there
            moments = sc.fit_panel(
                panel, y, x, spatial="none", effects=fit["effects"], correction=correction, estimator="gmm", vcov=vcov
            )
            close(moments.cov.loc[terms, terms].to_numpy(), theirs)
    ours = sc.fixed_effects(panel, y, x, effects=fit["effects"], vcov=vcov, **lags)
    T, N, n, k = fit["T"], panel.n_regions, ours.nobs, len(x)
    periods = (T - 1) * (fit["effects"] in ("time", "two-way"))
    regions = (N - 1) * (fit["effects"] in ("region", "two-way"))
    factor = n / (n - k - 1 - periods - regions)
    if vcov == "cluster":
        factor = N / (N - 1) * (n - 1) / (n - k - 1 - periods)
    close(ours.cov.loc[terms, terms].to_numpy() / factor, np.array(fit[KINDS[vcov]]))
    if vcov == "robust":
        said = any("Stock and Watson" in note for note in ours.notes)
        assert said == (fit["effects"] in ("region", "two-way") and T > 2)


def refused_where_scores_cancel(panel: sc.Panel, y: str, x: list[str], effects: str) -> None:
    for estimator in ("ml", "gmm"):
        with pytest.raises(sc.errors.ModelError, match="not positive"):
            sc.fit_panel(panel, y, x, spatial="none", effects=effects, estimator=estimator, vcov="driscoll-kraay")


def test_two_regions_have_no_clusters_under_two_way_effects():
    panel = panel_of("grunfeld", 20).subset(regions=[1, 2])
    for estimator in ("ml", "gmm"):
        with pytest.raises(sc.errors.ModelError, match="not positive"):
            sc.fit_panel(panel, *MODELS["grunfeld"], spatial="none", estimator=estimator, vcov="cluster")


@pytest.mark.parametrize("spatial", ["lag", "error", "sarar"])
@pytest.mark.parametrize("effects", ["region", "time", "two-way"])
def test_a_sandwich_does_not_depend_on_the_approach_where_estimates_do_not(spatial, effects):
    """rho and lambda of the direct approach differ a little from Lee-Yu's, and so do the sandwiches, but no factor."""
    rng = np.random.default_rng(0)
    N, T = 150, 2
    ring = (np.roll(np.eye(N), 1, axis=1) + np.roll(np.eye(N), -1, axis=1)) / 2
    X, u = rng.normal(size=(2, T, N))
    inverse = np.linalg.inv(np.eye(N) - 0.3 * ring)
    Y = (inverse @ (X + (u @ inverse.T if spatial != "lag" else u)).T).T
    frame = pd.DataFrame({"i": np.tile(np.arange(N), T), "t": np.repeat(np.arange(T), N)})
    panel = sc.Panel(frame.assign(y=Y.ravel(), x=X.ravel()), region="i", period="t")
    w = sc.weights.from_matrix(ring, regions=np.arange(N))
    a, b = (
        sc.fit_panel(panel, "y", "x", w, spatial=spatial, effects=effects, correction=c) for c in ("none", "lee-yu")
    )
    # Under region effects and T = 2 a factor of NT / dof would make a ratio of 1.41.
    for vcov in ("cluster", "robust"):
        terms = ["x", *[t for t in ("rho", "lambda") if t in a.params]]
        ratio = b.with_vcov(vcov).std_errors[terms] / a.with_vcov(vcov).std_errors[terms]
        np.testing.assert_allclose(ratio, 1, atol=0.03)


@pytest.mark.parametrize("periods", [2, 3, 5])
@pytest.mark.parametrize("spatial", ["none", "lag"])
def test_robust_and_clustered_errors_are_the_spread_of_the_estimates(spatial, periods):
    """Variances that follow the regressor's square: what White's squares of deviations get wrong at three periods."""
    rng = np.random.default_rng(periods)
    N, draws = 150, 300
    ring = (np.roll(np.eye(N), 1, axis=1) + np.roll(np.eye(N), -1, axis=1)) / 2
    inverse = np.linalg.inv(np.eye(N) - 0.3 * (spatial == "lag") * ring)
    w = sc.weights.from_matrix(ring, regions=np.arange(N))
    frame = pd.DataFrame({"i": np.tile(np.arange(N), periods), "t": np.repeat(np.arange(periods), N)})
    x = rng.normal(size=(periods, N))
    frame["x"] = x.ravel()
    estimates, errors = [], []
    for _ in range(draws):
        e = rng.normal(size=(periods, N)) * x**2
        panel = sc.Panel(frame.assign(y=((x + e) @ inverse.T).ravel()), region="i", period="t")
        fit = sc.fit_panel(panel, "y", "x", w, spatial=spatial, effects="region")
        estimates.append(fit.params["x"])
        errors.append([fit.with_vcov(v).std_errors["x"] ** 2 for v in ("robust", "cluster")])
    ratio = np.sqrt(np.mean(errors, axis=0)) / np.std(estimates)
    # Standard error of an sd from 300 draws 0.041; White's squares would give 0.85 and less at three periods.
    np.testing.assert_allclose(ratio, 1, atol=0.12)
