"""Estimation by moments against spatialreg (US states) and spreg (a lattice)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import libpysal
import numpy as np
import pandas as pd
import pytest
import scipy.linalg as la
import spreg
from libpysal.graph import Graph
from scipy import sparse

import spatialconv as sc
from spatialconv._core.regression import moments
from tests.brute_gmm import assert_covariance, estimate, given
from tests.tolerances import REFERENCE, ROUNDING, SPREG_GM

HERE = Path(__file__).parents[3] / "reference"


# ------------------------------------------------------------------ spatialreg on US states


@cache
def states() -> tuple[pd.DataFrame, Graph, np.ndarray, dict]:
    frame = pd.read_csv(HERE / "spatialreg_gmm" / "cross_section.csv").assign(year=2009)
    pairs = pd.read_csv(HERE / "splm" / "us_income_weights.csv")
    W = sparse.coo_array((pairs.weight_binary.astype(float), (pairs.i - 1, pairs.j - 1)), shape=(48, 48))
    w = Graph.from_sparse(W, ids=list(range(1, 49))).transform("r")
    dense = W.toarray() / W.sum(axis=1)[:, None]
    return frame, w, dense, json.loads((HERE / "spatialreg_gmm" / "reference.json").read_text())


@pytest.mark.parametrize("block", ["ln_initial", "ln_initial+south"])
class TestSpatialreg:
    def test_stsls(self, block):
        frame, w, _, ref = states()
        panel = sc.Panel(frame, region="id", period="year")
        ours = estimate(panel, block.split("+"), w, y="growth", small=True)
        r, k = ref[block]["stsls"], len(ours.beta) + 1
        np.testing.assert_allclose([ours.rho, *ours.beta], list(r["coef"].values()), rtol=ROUNDING)
        assert_covariance(ours.cov[:k, :k], np.roll(np.array(r["vcov"]), -1, axis=(0, 1)), ROUNDING)
        assert ours.sigma2 * 48 / r["df"] == pytest.approx(r["sigma2"], rel=ROUNDING)

    def test_gmerror_stops_where_it_starts(self, block):
        """R's lambda is the starting value; ours has smaller moments; the second step at R's lambda is R's."""
        frame, w, W, ref = states()
        r, x = ref[block]["gmerror"], block.split("+")
        X, y = np.c_[np.ones(48), frame[x]], frame["growth"].to_numpy()
        u = y - X @ la.lstsq(X, y)[0]
        v, z = W @ u, W @ W @ u

        def criterion(lam, sigma2):
            e, ew = u - lam * v, v - lam * z
            m = np.array([e @ e / 48 - sigma2, ew @ ew / 48 - sigma2 * (W**2).sum() / 48, ew @ e / 48])
            return m @ m

        assert r["lambda"] == pytest.approx(u @ v / (u @ u), rel=REFERENCE)
        panel = sc.Panel(frame, region="id", period="year")
        ours = estimate(panel, x, w, y="growth", spatial="error")
        s = np.array([1.0, (W**2).sum() / 48])
        grid = np.linspace(-0.99, 0.99, 1981)
        best = [criterion(g, _variance(u, v, z, s, g)) for g in grid]
        assert abs(grid[np.argmin(best)] - ours.lam) <= 1e-3
        assert criterion(ours.lam, _variance(u, v, z, s, ours.lam)) < 0.3 * criterion(r["lambda"], r["sigma2"])
        Xs, ys = X - r["lambda"] * W @ X, y - r["lambda"] * W @ y
        beta = la.lstsq(Xs, ys)[0]
        np.testing.assert_allclose(beta, list(r["beta"].values()), rtol=ROUNDING)
        np.testing.assert_allclose(np.sqrt(np.diag(la.inv(Xs.T @ Xs)) * r["sigma2"]), r["se_beta"], rtol=ROUNDING)

    def test_unit_of_the_data_does_not_matter(self, block):
        frame, w, _, _ = states()
        x = block.split("+")
        small, large = (
            estimate(sc.Panel(f, region="id", period="year"), x, w, y="growth", spatial="error")
            for f in (frame, frame.assign(growth=1e6 * frame["growth"]))
        )
        assert large.lam == pytest.approx(small.lam, rel=REFERENCE)
        np.testing.assert_allclose(large.beta, 1e6 * small.beta, rtol=REFERENCE)


def _variance(u, v, z, s, lam):
    """sigma2 that is best for a lambda, by least squares on the first two moments (the third has none)."""
    e, ew = u - lam * v, v - lam * z
    return float(s @ [e @ e / len(u), ew @ ew / len(u)] / (s @ s))


# ------------------------------------------------------------------ spreg on a lattice

SIDE = 12


@cache
def lattice(periods: int = 1, seed: int = 3):
    """Unequal variances, rho 0.5, lambda 0.4; and random effects if there are several periods."""
    rng = np.random.default_rng(seed)
    old = libpysal.weights.lat2W(SIDE, SIDE)
    old.transform = "r"
    W, n = old.sparse.toarray(), SIDE**2
    X = rng.normal(size=(periods, n, 2))
    e = rng.normal(size=(periods, n)) * (1 + 0.5 * np.abs(X[..., 0]))
    if periods > 1:
        e = rng.normal(size=(periods, n)) + rng.normal(size=n)
    u = e @ la.inv(np.eye(n) - 0.4 * W).T
    rho = 0.5 if periods == 1 else 0.0
    y = (1 + X @ [1.0, -0.5] + u) @ la.inv(np.eye(n) - rho * W).T
    frame = pd.DataFrame(
        {
            "region": np.tile(np.arange(n), periods),
            "period": np.repeat(np.arange(periods), n),
            "y": y.ravel(),
            "a": X[..., 0].ravel(),
            "b": X[..., 1].ravel(),
        }
    )
    return sc.Panel(frame, region="region", period="period"), Graph.from_W(old), old, y, X


SPREG = {
    "lag": ("GM_Lag", {"w_lags": 2}, {"spatial": "lag"}, ROUNDING),
    "lag, one": ("GM_Lag", {"w_lags": 1}, {"spatial": "lag", "order": 1}, ROUNDING),
    "lag, three": ("GM_Lag", {"w_lags": 3}, {"spatial": "lag", "order": 3}, ROUNDING),
    "HC0": ("GM_Lag", {"w_lags": 2, "robust": "white"}, {"spatial": "lag", "vcov": "robust"}, ROUNDING),
    "HC1": (
        "GM_Lag",
        {"w_lags": 2, "robust": "white", "sig2n_k": True},
        {"spatial": "lag", "vcov": "robust", "small": True},
        ROUNDING,
    ),
    "Durbin": ("GM_Lag", {"w_lags": 2, "slx_lags": 1}, {"spatial": "lag", "durbin": ("a", "b")}, ROUNDING),
    "error": ("GM_Error", {}, {"spatial": "error"}, SPREG_GM),
    "both": ("GM_Combo", {"w_lags": 2}, {"spatial": "sarar"}, SPREG_GM),
    "error, unequal": ("GM_Error_Het", {}, {"spatial": "error", "vcov": "robust"}, SPREG_GM),
    "both, unequal": ("GM_Combo_Het", {"w_lags": 2}, {"spatial": "sarar", "vcov": "robust"}, SPREG_GM),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SPREG)
def test_against_spreg(name, capsys):
    panel, w, old, y, X = lattice()
    function, theirs, ours, tolerance = SPREG[name]
    other = getattr(spreg, function)(y.T, X[0], w=old, **theirs)
    capsys.readouterr()
    found = estimate(panel, ["a", "b"], w, **ours)
    np.testing.assert_allclose(given(found), other.betas.ravel(), rtol=tolerance)
    # spreg gives lambda no variance under equal ones.
    k = len(other.betas) - (name in ("error", "both"))
    assert_covariance(found.cov[:k, :k], other.vm[:k, :k], tolerance)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("weighting", ["partial", "full"])
def test_random_effects_against_spreg(weighting, capsys, monkeypatch):
    """spreg divides one element of the full weights by n twice and drops a factor 2 of another (their right values are
    tested by brute force); with these mistakes ours are its figures too."""
    panel, w, old, y, X = lattice(periods=6)
    wide = np.concatenate([X[..., k].T for k in range(2)], axis=1)
    other = spreg.GM_ErrorRE(y.T.copy(), wide, old, full_weights=weighting == "full")
    capsys.readouterr()
    right = estimate(panel, ["a", "b"], w, spatial="error", effects="random", weighting=weighting)
    if weighting == "full":
        assert abs(right.lam - other.betas[-3, 0]) > 1e-4
        monkeypatch.setattr(moments, "link_traces", _as_in_spreg(moments.link_traces))
    found = estimate(panel, ["a", "b"], w, spatial="error", effects="random", weighting=weighting)
    np.testing.assert_allclose(found.lam, other.betas[-3, 0], rtol=1e-4)
    np.testing.assert_allclose(found.beta, other.betas[:3, 0], rtol=1e-4)
    # phi is the ratio of two of its figures, each with its optimiser's error.
    np.testing.assert_allclose(1 + 6 * found.phi, other.betas[-1, 0] / other.betas[-2, 0], rtol=1e-3)


def _as_in_spreg(link_traces):
    def mistaken(M, *, demeaned):
        found = link_traces(M, demeaned=demeaned)
        variance = found.variance.copy()
        variance[0, 1] /= M.shape[0]
        variance[1, 0] /= M.shape[0]
        variance[1, 1] /= 2
        return found._replace(variance=variance)

    return mistaken
