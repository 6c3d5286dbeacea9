"""Covariances other than the inverse information, against sums written out and against other estimators."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv import errors
from spatialconv._core.likelihood import nearby
from spatialconv._core.likelihood.covariance import newey_west_lags
from spatialconv.models.estimation import covariances
from tests import brute
from tests.unit.models.test_engine import T, case, fitted, supports, theta
from tests.unit.models.test_splm import data, fit

SANDWICH = ("robust", "cluster", "driscoll-kraay")
N = 7


def observation_scores(f: sc.models.fitted.PanelFit, *, independent: bool = True) -> np.ndarray:
    sample = covariances.sample(f.design, f.spec, f.correction)
    return covariances.scores(sample, f.estimates, independent=independent)


@pytest.mark.parametrize("spatial", ["none", "lag", "error", "sarar"])
@pytest.mark.parametrize(
    ("effects", "correction"),
    [
        ("none", "none"),
        ("region", "none"),
        ("region", "lee-yu"),
        ("time", "lee-yu"),
        ("two-way", "lee-yu"),
        ("two-way", "none"),
    ],
)
def test_scores_add_up_to_zero(spatial, effects, correction):
    assert supports(spatial, effects, correction, row=True)
    f = fitted(case(spatial, effects, correction, 2, row=True))
    plain, apart = (observation_scores(f, independent=i).reshape(-1, len(f.params)) for i in (False, True))
    np.testing.assert_allclose(plain.sum(axis=0), 0, atol=1e-7)
    np.testing.assert_allclose(apart.sum(axis=0), 0, atol=1e-7)


def test_scores_are_the_gradient_of_the_density():
    """Away from the optimum too: the sum of the scores is the slope of the dense log-density."""
    from dataclasses import replace

    c = case("sarar", "none", "none", 7, row=False)
    f = fitted(c)
    beta = f.estimates.beta + 0.1
    point = f.estimates.optimum.point._replace(rho=0.2, lam=0.1)
    moved = replace(f.estimates, beta=beta, sigma2=1.3, optimum=replace(f.estimates.optimum, point=point))
    ours = observation_scores(replace(f, estimates=moved)).sum(axis=(0, 1))
    at = np.array([*beta, 0.2, 0.1, 1.3])
    numeric = np.empty(len(at))
    for k, e in enumerate(np.eye(len(at)) * 1e-6):
        up, down = (brute.loglik(c, t[:3], t[3], t[4], t[5]) for t in (at + e, at - e))
        numeric[k] = (up - down) / 2e-6
    np.testing.assert_allclose(ours, numeric, rtol=1e-5, atol=1e-5)


def by_hand(f: sc.models.fitted.PanelFit, kind: str) -> np.ndarray:
    """The sandwich with its sums written out over pairs of observations."""
    sample = covariances.sample(f.design, f.spec, f.correction)
    found = covariances.observed(sample, f.estimates, independent=kind != "driscoll-kraay")
    s, e = found.s, found.e
    periods, regions, k = s.shape
    within = f.spec.effects in ("region", "two-way")
    # Sums over a region's periods lose nothing to its effect; squares and sums within periods a share 1/T.
    lost = periods / (periods - 1) if within and kind != "cluster" else 1.0
    meat = np.zeros((k, k))
    lags = newey_west_lags(periods)
    for t in range(periods):
        for v in range(periods):
            for i in range(regions):
                for j in range(regions):
                    weight = {
                        "robust": float(i == j and t == v),
                        "cluster": float(i == j),
                        "driscoll-kraay": max(0.0, 1 - abs(t - v) / (lags + 1)),
                    }[kind]
                    meat += lost * weight * np.outer(s[t, i], s[v, j])
    if kind == "robust" and within:
        for t in range(periods):
            for i in range(regions):
                mixed = (e[:, i] ** 2).sum() / (periods * (periods - 1))
                variance = (e[t, i] ** 2 - mixed) * periods / (periods - 2)
                meat += (variance - lost * e[t, i] ** 2) * np.outer(found.linear[t, i], found.linear[t, i])
    bread = f.cov.to_numpy()
    return bread @ meat @ bread


@pytest.mark.parametrize("kind", SANDWICH)
@pytest.mark.parametrize(
    ("effects", "correction"), [("none", "none"), ("region", "lee-yu"), ("time", "none"), ("time", "lee-yu")]
)
def test_sandwich_by_hand(kind, effects, correction):
    f = fitted(case("sarar", effects, correction, 8, row=True))
    np.testing.assert_allclose(f.with_vcov(kind).cov, by_hand(f, kind), rtol=1e-8, atol=1e-12)


def test_without_space_robust_is_stock_and_watsons_and_cluster_is_arellano():
    panel, _, y, x = data("munnell")
    # White's own squares mix a region's variances (Stock and Watson 2008); without effects they stand as they are.
    f = sc.fit_panel(panel, y, x, spatial="none", effects="region", correction="none")
    demean = lambda a: a - a.mean(axis=0)  # noqa: E731
    X = np.stack([demean(panel.values(name)) for name in x], axis=2)
    e = demean(panel.values(y)) - X @ f.params[list(x)].to_numpy()
    inverse = np.linalg.inv(np.einsum("tik,til->kl", X, X))
    periods = len(e)
    mixed = (e**2).sum(axis=0) / (periods * (periods - 1))
    white = inverse @ np.einsum("tik,til,ti->kl", X, X, (e**2 - mixed) * periods / (periods - 2)) @ inverse
    own = np.einsum("tik,ti->ik", X, e)
    arellano = inverse @ own.T @ own @ inverse
    names = list(x)
    np.testing.assert_allclose(f.with_vcov("robust").cov.loc[names, names], white, rtol=1e-9)
    np.testing.assert_allclose(f.with_vcov("cluster").cov.loc[names, names], arellano, rtol=1e-9)


def test_conley_lies_between_robust_and_one_cluster_a_period():
    f = fit("munnell", "region", "lag", "none")
    panel, w, _, _ = data("munnell")
    labels = list(panel.regions)
    none = sc.weights.from_matrix(np.zeros((48, 48)), regions=labels)
    every = sc.weights.from_matrix(np.ones((48, 48)) - np.eye(48), regions=labels)
    alone = f.with_vcov("conley", kernel=none).std_errors
    slopes = ["log(pcap)", "log(pc)", "log(emp)", "unemp"]
    # The two differ in the scores of rho alone, and through rho in everything that is correlated with it.
    np.testing.assert_allclose(alone[slopes], f.with_vcov("robust").std_errors[slopes], rtol=0.1)
    np.testing.assert_allclose(
        f.with_vcov("conley", kernel=every).cov, f.with_vcov("driscoll-kraay", lags=0).cov, rtol=1e-9
    )
    neighbours = f.with_vcov("conley", kernel=w.transform("b"), lags=2)
    assert (neighbours.std_errors > 0).all()
    assert any("Conley" in note for note in neighbours.notes)


def test_robust_meets_the_information_under_its_own_assumptions():
    """Independent normal errors of equal variance: both covariances estimate the same thing."""
    rng = np.random.default_rng(3)
    n, periods = 400, 6
    ring = np.roll(np.eye(n), 1, axis=1) / 2 + np.roll(np.eye(n), -1, axis=1) / 2
    X = rng.normal(size=(periods, n))
    y = np.linalg.solve(np.eye(n) - 0.4 * ring, (X + rng.normal(size=(periods, n))).T).T
    frame = pd.DataFrame({"i": np.tile(np.arange(n), periods), "t": np.repeat(np.arange(periods), n)})
    panel = sc.Panel(frame.assign(y=y.ravel(), x=X.ravel()), region="i", period="t")
    f = sc.fit_panel(panel, "y", "x", sc.weights.from_matrix(ring, regions=np.arange(n)), effects="region")
    for kind in ("robust", "cluster", "observed"):
        ratio = f.with_vcov(kind).std_errors / f.std_errors
        np.testing.assert_allclose(ratio, 1, atol=0.12)  # four Monte Carlo standard errors at 400 clusters


def test_original_is_untouched_and_notes_say_which():
    f = fit("munnell", "region", "lag", "none")
    before = f.cov.copy()
    g = f.with_vcov("cluster")
    pd.testing.assert_frame_equal(f.cov, before)
    assert any("clustered by region (48 clusters" in note for note in g.notes)
    assert g.spec.vcov == "cluster"
    panel, w, y, x = data("munnell")
    direct = sc.fit_panel(panel, y, x, w, effects="region", correction="none", vcov="cluster")
    pd.testing.assert_frame_equal(direct.cov, g.cov)


def test_bad_options():
    f = fit("munnell", "region", "lag", "none")
    with pytest.raises(errors.OptionError, match="vcov must be one of"):
        f.with_vcov("white")
    with pytest.raises(errors.OptionError, match="needs a kernel of distance"):
        f.with_vcov("conley")
    with pytest.raises(errors.OptionError, match="lags must be below the number of periods, 17; got 17"):
        f.with_vcov("driscoll-kraay", lags=17)
    random = fitted(case("lag", "random", "none", 5, row=True))
    with pytest.raises(errors.UnsupportedModelError, match="derived for fixed effects"):
        random.with_vcov("cluster")
    assert T == 5
    assert len(theta(random)) == len(random.params)


@pytest.mark.parametrize("effects", ["none", "region", "two-way"])
@pytest.mark.parametrize("spatial", ["lag", "error", "sarar"])
def test_solves_of_a_few_columns_are_the_dense_inverse(spatial, effects, monkeypatch):
    """Asymmetric links of two kinds, islands, a last block that is not full: to the last digits but a few."""
    rng = np.random.default_rng(3)
    n = 70
    A, M = ((rng.uniform(size=(n, n)) < 0.06) * rng.uniform(size=(n, n)) for _ in range(2))
    for links in (A, M):
        links[np.arange(n), (np.arange(n) + 1) % n] = 0.5
        np.fill_diagonal(links, 0)
    if effects != "two-way":
        A[5] = 0  # demeaning a filter asks for a neighbour of everybody
    names = [f"r{k:02d}" for k in range(n)]
    standard = "row" if effects == "two-way" else "spectral"
    w, m = (sc.weights.from_matrix(links, regions=names, standardise=standard) for links in (A, M))
    panel = sc.simulate.growth_panel(w, periods=5, rho=0.3, controls={"z": 0.1}, seed=1).panel
    more = {"error_w": m} if spatial == "sarar" else {}
    b = sc.beta(panel, "level", w, controls="z", spatial=spatial, effects=effects, correction="none", **more)
    dense = {vcov: b.fit.with_vcov(vcov).cov for vcov in ("robust", "cluster")}
    monkeypatch.setattr(covariances, "INVERTED_AT_MOST", 0)
    monkeypatch.setattr(nearby, "COLUMNS", 11)
    for vcov, want in dense.items():
        np.testing.assert_allclose(b.fit.with_vcov(vcov).cov, want, rtol=1e-9, atol=1e-18)


def test_too_many_regions_are_refused_in_words(monkeypatch):
    monkeypatch.setattr(covariances, "INVERTED_AT_MOST", 0)
    monkeypatch.setattr(covariances, "SOLVED_AT_MOST", 10)
    b = sc.beta(sc.simulate.growth_panel(12, periods=4, seed=1).panel, "level", ring(12), spatial="lag")
    with pytest.raises(errors.UnsupportedModelError, match=r"a system a region.* stop at 10 regions; .* has 12"):
        b.fit.with_vcov("robust")


def ring(n):
    M = np.roll(np.eye(n), 1, axis=1) + np.roll(np.eye(n), -1, axis=1)
    labels = sc.simulate.growth_panel(n, periods=3, seed=1).panel.regions
    return sc.weights.from_matrix(M, regions=list(labels), standardise="row")
