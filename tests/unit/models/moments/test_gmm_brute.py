"""Estimation by moments against dense brute force; its properties; what it refuses and says."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.linalg as la
from libpysal.graph import Graph
from scipy import sparse

import spatialconv as sc
from spatialconv.errors import ModelError, OptionError, UnsupportedModelError
from spatialconv.models.moments import finish
from tests import brute
from tests.brute_gmm import (
    Moments,
    N,
    T,
    assert_covariance,
    between,
    by,
    estimate,
    every_period,
    flat,
    given,
    small_panel,
    two_stage,
)
from tests.tolerances import EXACT, OPTIM, REFERENCE, ROUNDING


@pytest.mark.parametrize("row", [True, False], ids=["row", "general"])
@pytest.mark.parametrize("effects", ["none", "region", "time", "two-way"])
def test_lag_is_two_stage_least_squares_with_dummies(effects, row):
    panel, w, _, y, X, W, _ = small_panel(row=row)
    found = estimate(panel, ["a", "b"], w, effects=effects)
    D = brute.dummies(T, N, effects) if effects != "none" else np.ones((N * T, 1))
    lagged = by(W, X)
    Z = np.c_[flat(X), flat(y @ W.T), D]
    # The intercept is lagged too, where that is not the intercept again (it was left out before, as in spreg).
    one = [np.kron(np.ones(T), A @ np.ones(N)) for A in (W, W @ W)] if effects == "none" and not row else []
    H = np.column_stack([flat(X), lagged, by(W @ W, X), D, *one])
    d, inverse = two_stage(y.ravel(), Z, H)
    ours = found.beta[-2:]
    np.testing.assert_allclose([*ours, found.rho], d[:3], rtol=ROUNDING)
    e = y.ravel() - Z @ d
    assert found.sigma2 == pytest.approx(e @ e / (N * T), rel=REFERENCE)
    np.testing.assert_allclose(found.residuals.ravel(), e, atol=REFERENCE)
    slopes = [len(found.beta) - 2, len(found.beta) - 1, len(found.beta)]
    assert_covariance(found.cov[np.ix_(slopes, slopes)], inverse[:3, :3] * (e @ e) / (N * T), ROUNDING)


@pytest.mark.parametrize("effects", ["region", "time", "two-way"])
def test_filtered_step_is_generalised_two_stage_least_squares(effects):
    """Both processes, W and M different: the last step at our own lambda, with dummies and dense matrices."""
    panel, w, m, y, X, W, M = small_panel(2)
    found = estimate(panel, ["a", "b"], w, error_w=m, effects=effects, spatial="sarar")
    D, B = brute.dummies(T, N, effects), np.eye(N) - found.lam * M
    lags = [by(A, X) for A in (np.eye(N), W, W @ W, M, M @ W, M @ W @ W)]
    Z = np.c_[by(B, X), by(B, (y @ W.T)[..., None]), D]
    d, inverse = two_stage(by(B, y[..., None]).ravel(), Z, np.c_[(*lags, D)])
    np.testing.assert_allclose([*found.beta, found.rho], d[:3], rtol=ROUNDING)
    e = by(B, y[..., None]).ravel() - Z @ d
    np.testing.assert_allclose(found.residuals.ravel(), e, atol=ROUNDING)
    assert_covariance(found.cov[:3, :3], inverse[:3, :3] * (e @ e) / (N * T), ROUNDING)
    assert found.instruments == (
        "W:a",
        "W2:a",
        "W:b",
        "W2:b",
        *(f"M:{x}" for x in "ab"),
        "M:W:a",
        "M:W2:a",
        "M:W:b",
        "M:W2:b",
    )


@pytest.mark.parametrize("spatial", ["lag", "error", "sarar"])
def test_random_effects_are_generalised_least_squares(spatial):
    """The last step at our own lambda and phi, with the dense inverse root of the errors' covariance."""
    panel, w, _, y, X, W, _ = small_panel(4)
    y = y + np.random.default_rng(1).normal(size=N)
    panel = panel.assign(y=pd.Series(y.ravel(), index=panel.frame.index))
    found = estimate(panel, ["a", "b"], w, effects="random", spatial=spatial)
    assert found.phi > 0.1
    lam = 0.0 if spatial == "lag" else found.lam
    root = la.sqrtm(la.inv(np.kron(np.eye(T), np.eye(N)) + found.phi * np.kron(np.ones((T, T)), np.eye(N)))).real
    B = root @ np.kron(np.eye(T), np.eye(N) - lam * W)
    X1 = np.c_[np.ones(N * T), flat(X)]
    Z = X1 if spatial == "error" else np.c_[X1, flat(y @ W.T)]
    lags = [by(A, X) for A in (W, W @ W)]
    H = B @ Z if spatial == "error" else root @ np.c_[(X1, *lags)]
    d, inverse = two_stage(B @ y.ravel(), B @ Z, H)
    k = len(d)
    np.testing.assert_allclose([*found.beta, found.rho][:k], d, rtol=ROUNDING)
    e = B @ y.ravel() - B @ Z @ d
    assert found.sigma2 == pytest.approx(e @ e / (N * T), rel=ROUNDING)
    np.testing.assert_allclose(np.diag(found.cov)[:k], np.diag(inverse) * found.sigma2, rtol=ROUNDING)


def test_robust_covariances_with_dummies():
    """Clusters and Driscoll-Kraay of the dummy regression need no correction; White's is Stock and Watson's."""
    panel, w, _, y, X, W, _ = small_panel(5)
    D = brute.dummies(T, N, "region")
    Z = np.c_[flat(X), flat(y @ W.T), D]
    H = np.c_[flat(X), *(by(A, X) for A in (W, W @ W)), D]
    d, inverse = two_stage(y.ravel(), Z, H)
    e, Zh = (y.ravel() - Z @ d).reshape(T, N), (H @ la.pinv(H) @ Z).reshape(T, N, -1)
    by_region = np.einsum("tik,ti->ik", Zh, e)
    by_period = np.einsum("tik,ti->tk", Zh, e)
    mixed = (e**2).sum(axis=0) / (T * (T - 1))
    variances = (T * e**2 - T * mixed) / (T - 2)
    meats = {
        "cluster": by_region.T @ by_region,
        "driscoll-kraay": T / (T - 1) * by_period.T @ by_period,
        "robust": np.einsum("tik,ti,til->kl", Zh, variances, Zh),
    }
    for vcov, meat in meats.items():
        found = estimate(panel, ["a", "b"], w, effects="region", vcov=vcov, **({"lags": 0} if "k" in vcov[3:] else {}))
        assert_covariance(found.cov[:3, :3], (inverse @ meat @ inverse)[:3, :3], ROUNDING)


def test_best_instrument():
    panel, w, _, y, X, W, _ = small_panel(6)
    start = estimate(panel, ["a", "b"], w, effects="region")
    found = estimate(panel, ["a", "b"], w, effects="region", best=True)
    G = W @ la.inv(np.eye(N) - start.rho * W)
    D = brute.dummies(T, N, "region")
    d, _ = two_stage(y.ravel(), np.c_[flat(X), flat(y @ W.T), D], np.c_[flat(X), flat((X @ start.beta) @ G.T), D])
    np.testing.assert_allclose([*found.beta, found.rho], d[:3], rtol=ROUNDING)
    assert found.instruments == ("W(I - rho W)^-1 X beta",)


@pytest.mark.parametrize("effects", ["none", "region", "random"])
def test_both_processes_from_the_moments_on(effects):
    """lambda, and the joint covariance with coefficients and lambda as linear maps of the innovations; all dense."""
    panel, w, m, y, X, W, M = small_panel(11)
    if effects == "random":
        y = y + np.random.default_rng(1).normal(size=N)
        panel = panel.assign(y=pd.Series(y.ravel(), index=panel.frame.index))
    found = estimate(panel, ["a", "b"], w, error_w=m, effects=effects, spatial="sarar")
    Q1 = between()
    Q0 = np.eye(N * T) - Q1
    P = Q0 if effects == "region" else np.eye(N * T)
    x = flat(X) if effects == "region" else np.c_[np.ones(N * T), flat(X)]
    Z = np.c_[x, every_period(W) @ y.ravel()]
    H = np.c_[x, *(by(A, X) for A in (W, W @ W, M, M @ W, M @ W @ W))]
    d0, inverse0 = two_stage(P @ y.ravel(), P @ Z, P @ H)
    u = P @ (y.ravel() - Z @ d0)
    parts = {"none": [(P, N * T)], "region": [(P, N * (T - 1))], "random": [(Q0, N * (T - 1)), (Q1, N)]}[effects]
    moments, weight = Moments(M, parts), np.eye(3)
    if effects == "random":
        lam, first = Moments(M, parts[:1]).solve(u, np.eye(3))
        mean = Q1 @ every_period(np.eye(N) - lam * M) @ u
        weight = la.inv(moments.variance(np.r_[first, mean @ mean / N]))
    lam, sizes = moments.solve(u, weight)
    assert found.lam == pytest.approx(lam, abs=OPTIM)
    tau = sizes[0] / sizes[-1]
    root = Q0 + np.sqrt(tau) * Q1
    B, PH, RH = every_period(np.eye(N) - found.lam * M), P @ H, root @ P @ H
    Z1 = root @ P @ B @ Z
    V1 = RH @ la.pinv(RH) @ Z1
    last = la.inv(V1.T @ V1) @ V1.T @ root
    first_map = inverse0 @ Z.T @ P @ PH @ la.pinv(PH) @ la.inv(B)
    D = moments.jacobian(u, found.lam)
    L = la.solve(D.T @ weight @ D, D.T @ weight)[0]
    maps = np.vstack([last, -L @ moments.by_coefficients(u, Z, found.lam) @ first_map])
    expected = found.sigma2 * maps @ (Q0 + Q1 / tau) @ maps.T
    expected[-1, -1] += L @ moments.variance(sizes) @ L
    assert_covariance(found.cov[: len(maps), : len(maps)], expected, 1e-5)


# ------------------------------------------------------------------ properties and doors


@pytest.mark.parametrize("spatial", ["lag", "error", "sarar"])
@pytest.mark.parametrize("effects", ["none", "two-way", "random"])
def test_order_of_regions_does_not_matter(spatial, effects):
    panel, w, _, *_ = small_panel(7)
    turned = sc.Panel(panel.frame.sample(frac=1, random_state=1), region="region", period="period")
    for vcov in ("information", "robust"):
        if effects == "random" and vcov == "robust":
            continue
        a, b = (estimate(p, ["a", "b"], w, effects=effects, spatial=spatial, vcov=vcov) for p in (panel, turned))
        np.testing.assert_allclose(given(a), given(b), rtol=ROUNDING)
        np.testing.assert_allclose(a.cov, b.cov, rtol=1e-6)


def test_unit_of_the_weights_moves_rho_only():
    panel, w, *_ = small_panel(8, row=False)
    double = Graph.from_sparse(sparse.coo_array(2 * w.sparse), ids=list(w.unique_ids))
    a, b = (estimate(panel, ["a", "b"], g, effects="region") for g in (w, double))
    np.testing.assert_allclose(b.beta, a.beta, rtol=ROUNDING)
    assert b.rho == pytest.approx(a.rho / 2, rel=ROUNDING)


def test_correction_is_the_divisor_of_sigma2():
    panel, w, *_ = small_panel(9)
    direct, transformed = (
        estimate(panel, ["a", "b"], w, effects="two-way", spatial="sarar", correction=c) for c in ("none", "lee-yu")
    )
    np.testing.assert_allclose(given(direct), given(transformed), rtol=EXACT)
    assert direct.sigma2 * N * T == pytest.approx(transformed.sigma2 * (N - 1) * (T - 1), rel=EXACT)
    assert (direct.dof, transformed.dof) == (N * T, (N - 1) * (T - 1))


def test_without_a_lag_it_is_least_squares():
    panel, w, _, y, X, *_ = small_panel(1)
    found = estimate(panel, ["a", "b"], w, spatial="none", effects="time")
    D = np.c_[X.reshape(N * T, 2), brute.dummies(T, N, "time")]
    np.testing.assert_allclose(found.beta, la.lstsq(D, y.ravel())[0][:2], rtol=ROUNDING)
    assert found.instruments == ()
    assert found.first is None


def test_what_is_not_there_is_nan():
    panel, w, *_ = small_panel(1)
    found = estimate(panel, ["a", "b"], w, spatial="sarar", effects="random")
    variances = np.diag(found.cov)
    assert np.isnan(found.loglik)
    assert np.isnan(variances[-2:]).all()
    assert (variances[:-2] > 0).all()
    assert found.cov.shape == (7, 7)  # intercept, a, b, rho, lambda, phi, sigma2
    assert found.optimum.logdet_w is None
    assert found.optimum.at_bound == ()


def test_notes_name_instruments_and_their_strength():
    panel, w, *_ = small_panel(1)
    notes = estimate(panel, ["a", "b"], w).notes
    assert any(n == "instruments of the lagged outcome: W:a, W2:a, W:b, W2:b" for n in notes)
    assert any(n.startswith("first-stage F(4, 38) = ") and "weak" in n for n in notes)
    panel, w, _, y, X, W, _ = small_panel(1)
    y = (5 * X[..., 0] + y) @ la.inv(np.eye(N) - 0.5 * W).T
    strong = estimate(panel.assign(y=pd.Series(y.ravel(), index=panel.frame.index)), ["a", "b"], w)
    assert strong.first.f > 10
    assert not any("weak" in n for n in strong.notes)


def test_instruments_of_durbin_and_dynamic_models_start_beyond_their_regressors():
    panel, w, *_ = small_panel(1)
    assert estimate(panel, ["a", "b"], w, durbin=("a",)).instruments == ("W2:a", "W3:a", "W:b", "W2:b")
    both = estimate(panel, ["a"], w, dynamic="both", effects="time")
    assert both.instruments == ("W2:lag:y", "W3:lag:y", "W:a", "W2:a")


def test_rho_beyond_its_interval_is_said():
    panel, w, _, y, X, W, _ = small_panel(1)
    y = y + 3 * (X[..., 0] @ W.T @ W.T) + 2 * X[..., 0] @ W.T
    found = estimate(panel.assign(y=pd.Series(y.ravel(), index=panel.frame.index)), ["a", "b"], w)
    assert not -1 < found.rho < 1
    assert any(f"rho = {found.rho:.4f} lies outside its admissible interval" in n for n in found.notes)


def test_no_random_effects_are_no_random_effects():
    panel, w, _, y, X, *_ = small_panel(1)
    y = y - y.mean(axis=0) + X[..., 0]
    panel = panel.assign(y=pd.Series(y.ravel(), index=panel.frame.index))
    found = estimate(panel, ["a", "b"], w, spatial="error", effects="random")
    assert found.phi == 0
    assert any("phi = 0" in n for n in found.notes)


def test_series_and_factor_agree(monkeypatch):
    panel, w, *_ = small_panel(1)
    one = estimate(panel, ["a", "b"], w, spatial="sarar", effects="region")
    monkeypatch.setattr(finish, "SERIES_FROM", 1)
    other = estimate(panel, ["a", "b"], w, spatial="sarar", effects="region")
    np.testing.assert_allclose(one.reduced_form, other.reduced_form, rtol=REFERENCE)
    np.testing.assert_allclose(one.cov, other.cov, rtol=ROUNDING)


UNSUPPORTED = {
    "lagged outcome under region effects": {"dynamic": "y", "effects": "region"},
    "splm": {"correction": "splm", "effects": "region"},
    "observed": {"vcov": "observed"},
    "conley": {"vcov": "conley"},
    "bsk": {"effects": "random", "random": "bsk", "spatial": "error"},
    "random, unequal": {"effects": "random", "spatial": "sarar", "vcov": "robust"},
    "error process by period": {"spatial": "error", "vcov": "driscoll-kraay"},
}


@pytest.mark.parametrize("case", UNSUPPORTED)
def test_without_theory_it_raises(case):
    panel, w, *_ = small_panel(1)
    with pytest.raises(UnsupportedModelError, match=r"take|needs"):
        estimate(panel, ["a", "b"], w, **UNSUPPORTED[case])


def test_no_instrument_no_estimate():
    """If everybody neighbours everybody, W x is a multiple of x once period means are out."""
    panel, *_ = small_panel(1)
    w = Graph.from_sparse(sparse.coo_array((np.ones((N, N)) - np.eye(N)) / (N - 1)), ids=list(panel.regions))
    with pytest.raises(ModelError, match="nothing can serve as instrument"):
        estimate(panel, ["a", "b"], w, effects="time")


@pytest.mark.parametrize("options", [{"order": 0}, {"weighting": "none"}, {"lags": -1, "vcov": "driscoll-kraay"}])
def test_options_are_checked(options):
    panel, w, *_ = small_panel(1)
    with pytest.raises(OptionError):
        estimate(panel, ["a", "b"], w, **options)


def test_one_period_has_no_random_effects():
    panel, w, *_ = small_panel(1)
    with pytest.raises(ModelError, match="two periods"):
        estimate(panel.subset(periods=[0]), ["a"], w, effects="random")


def test_inputs_are_left_alone():
    panel, w, *_ = small_panel(1)
    before = panel.frame.copy(), w.adjacency.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        estimate(panel, ["a", "b"], w, spatial="sarar", vcov="robust", best=True)
    pd.testing.assert_frame_equal(panel.frame, before[0])
    pd.testing.assert_series_equal(w.adjacency, before[1])


@pytest.mark.parametrize("vcov", ["information", "robust", "cluster"])
def test_the_public_door_leads_here(vcov):
    panel, w, *_ = small_panel(9)
    fit = sc.fit_panel(panel, "y", ["a", "b"], w, spatial="sarar", effects="region", estimator="gmm", vcov=vcov)
    same = estimate(panel, ["a", "b"], w, spatial="sarar", effects="region", vcov=vcov, correction="lee-yu")
    np.testing.assert_array_equal(fit.params, [*same.beta, same.rho, same.lam, same.sigma2])
    np.testing.assert_array_equal(fit.cov, same.cov)
    assert list(fit.params.index) == ["a", "b", "rho", "lambda", "sigma2"]
    assert np.isnan(fit.loglik)
    assert np.isnan(fit.aic)
    assert fit.tidy()["std_error"].notna().tolist() == [True, True, True, True, False]
    assert "instruments of the lagged outcome: W:a, W2:a, W:b, W2:b" in fit.notes
    assert fit.impacts().total.loc["a", "estimate"] == pytest.approx(same.beta[0] / (1 - same.rho))


def test_clusters_without_a_lag_are_those_of_linearmodels():
    panel_ols = pytest.importorskip("linearmodels.panel").PanelOLS
    panel, w, *_ = small_panel(10)
    frame = panel.frame.set_index(["region", "period"])
    other = panel_ols(frame["y"], frame[["a", "b"]], entity_effects=True)
    other = other.fit(cov_type="clustered", cluster_entity=True, debiased=False)
    found = estimate(panel, ["a", "b"], w, spatial="none", effects="region", vcov="cluster")
    np.testing.assert_allclose(found.beta, other.params, rtol=ROUNDING)
    assert_covariance(found.cov[:2, :2], other.cov.to_numpy(), ROUNDING)
