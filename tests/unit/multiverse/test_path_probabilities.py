"""Probabilities of paths: each density alone, sums and averages by hand, which rows have none."""

from __future__ import annotations

import numpy as np
import pytest

import spatialconv as sc
from spatialconv.errors import OptionError
from tests.unit.models.posterior.test_marginal import dense_given_rho

ONE = ("none", "slx", "lag", "sdm", "error", "sdem")
FIELD = {"none": "OLS", "slx": "SLX", "lag": "SAR", "sdm": "SDM", "error": "SEM", "sdem": "SDEM"}


@pytest.fixture(scope="module")
def w(zj):
    return {"3 nearest": sc.weights.knn(zj.cities, k=3), "5 nearest": sc.weights.knn(zj.cities, k=5)}


@pytest.fixture(scope="module")
def paths(zj, w):
    return sc.multiverse(
        zj.panel, "exports", weights=w, models=(*ONE, "sarar"), effects=("none", "time", "random"),
        controls=((), "digital"), vcov=("information", "robust"),
    )  # fmt: skip


def test_every_density_is_that_of_the_model_alone(zj, w, paths):
    found = paths.probabilities(g=60)
    compared = 0
    for effects in ("none", "time"):
        for controls in ((), "digital"):
            b = sc.beta(zj.panel, "exports", effects=effects, controls=controls)
            alone = sc.model_probabilities(b, w, models=tuple(FIELD.values()), g=60, draws=999).table
            for _, row in alone.iterrows():
                rows = found.table[found.table["group"] >= 0]
                rows = rows[(rows["effects"] == effects) & (rows["model"].map(FIELD) == row["model"])]
                rows = rows[rows["controls"] == (controls or "none")]
                rows = rows[rows["weights"] == row["weights"]] if row["weights"] else rows
                assert len(rows) == 2  # two covariances of one model
                np.testing.assert_allclose(rows["log_marginal"], row["log_marginal"], rtol=1e-10)
                np.testing.assert_allclose(rows["mean"], row["log_initial"], rtol=1e-8)
                np.testing.assert_allclose(rows["sd"], row["log_initial_sd"], rtol=1e-8)
                compared += 1
    assert compared == 44


def test_a_dense_integral_over_rho(zj, w, paths):
    """The density of one path by matrices of n x n, coefficients and variance integrated numerically."""
    us = sc.datasets.us_income()
    small = us.panel.subset(regions=us.panel.regions[:9])
    near = sc.weights.knn(us.states.loc[list(us.panel.regions[:9])], k=3)
    m = sc.multiverse(small, "income", weights={"near": near}, models=("none", "error"), horizons=80)
    found = m.probabilities(g=9).table.set_index("model")["log_marginal"]
    design = sc.beta(small, "income", horizon=80).fit.design
    y, X = design.y[0], design.X[0]
    scale = y.std()  # the quadrature over sigma runs around one
    W = sc.weights.align(near, small.regions).matrix.toarray()
    low = 1 / np.linalg.eigvals(W).real.min()
    rho, weight = np.polynomial.legendre.leggauss(80)
    rho, weight = 0.5 * (low + 1) + 0.5 * (1 - low) * rho, 0.5 * weight
    error = weight @ [dense_given_rho(W, y / scale, X, "error", 9, 1, r) for r in rho]
    none = dense_given_rho(W, y / scale, X, "lag", 9, 1, 0.0)
    assert found["error"] - found["none"] == pytest.approx(np.log(error / none), abs=1e-4)


def test_sums_and_averages_by_hand(paths):
    found = paths.probabilities()
    t, means = found.table, found.averages
    assert (
        list(t["group"].unique()) == [0, -1, 1, 2] or set(t["group"]) == {-1, 0, 1, 2} or set(t["group"]) == {-1, 0, 1}
    )
    for group, row in means.iterrows():
        own = t[t["group"] == group]
        assert own["probability"].sum() == pytest.approx(1)
        assert own["prior"].sum() == pytest.approx(1)
        np.testing.assert_allclose(own.groupby("model")["prior"].sum(), 1 / own["model"].nunique())
        logs = own["log_marginal"] + np.log(own["prior"])
        share = np.exp(logs - logs.max())
        np.testing.assert_allclose(own["probability"], share / share.sum(), rtol=1e-9)
        assert row["estimate"] == pytest.approx(own["probability"] @ own["mean"])
        total = own["probability"] @ (own["sd"] ** 2 + own["mean"] ** 2) - row["estimate"] ** 2
        assert row["std_error"] == pytest.approx(np.sqrt(total))
        assert row["conf_low"] < row["estimate"] < row["conf_high"]
        # Draws: the share below the mean of a near-normal mixture, and quantiles within their error.
        half = 0.5 * (row["conf_high"] - row["conf_low"]) / row["std_error"]
        assert 1.7 < half < 2.2
        if np.isfinite(row["speed_high"]):
            np.testing.assert_allclose(row["speed_low"], -np.log1p(row["conf_high"]), rtol=1e-9)
    np.testing.assert_allclose(found.by("model").groupby(level=0).sum(), 1)
    without = t[t["group"] < 0]
    assert set(without.loc[without["effects"] == "time", "model"]) == {"sarar", "none"}  # "none" twice by weights
    both = without[(without["model"] == "sarar") & (without["effects"] != "random")]
    assert (both["reason"] == "two spatial coefficients are not integrated here").all()
    assert without["probability"].isna().all()
    assert (without["reason"] != "").all()
    assert "have no probability" in " ".join(found.notes)


def test_words_and_refusals(zj, paths):
    found = paths.probabilities(level=0.8)
    assert found.level == 0.8
    assert max(map(len, repr(found).splitlines())) <= 80
    assert "most probable" in repr(found)
    assert found.glance().loc[0, "groups"] == len(found.averages)
    assert list(found.tidy()["group"]) == list(found.averages.index)
    flat = paths.probabilities(prior="diffuse")
    assert not np.allclose(flat.averages["estimate"], found.averages["estimate"])
    random = sc.multiverse(zj.panel, "exports", effects="random")
    with pytest.raises(OptionError, match="no path has a probability"):
        random.probabilities()
    with pytest.raises(OptionError):
        found.by("effects")
    other = sc.multiverse(zj.panel, "exports", focus="digital").probabilities()
    assert other.averages["speed"].isna().all()
