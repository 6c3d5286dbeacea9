"""Expected information of random effects outside the error filter: dense formula, variance of the score, limits."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import spatialconv as sc
from spatialconv._core.likelihood.information_bsk import bsk_information
from spatialconv._core.likelihood.likelihood import Point
from spatialconv._core.likelihood.likelihood_bsk import bsk_problem
from spatialconv._core.likelihood.logdet import Eigen

NUMERIC = 2e-7  # central differences of the covariance, as a share of the root of the two diagonal elements


def weights(rng: np.random.Generator, N: int, *, row: bool) -> np.ndarray:
    """Asymmetric weights in which everybody has a neighbour."""
    W = rng.uniform(0.2, 1.0, (N, N)) * (rng.uniform(size=(N, N)) < 0.5)
    W[np.arange(N), (np.arange(N) + 1) % N] = 0.5
    np.fill_diagonal(W, 0.0)
    return W / W.sum(axis=1, keepdims=True) if row else W


class World:
    """A model at its true parameters: asymmetric weights, W other than M, not standardised."""

    def __init__(self, seed: int, *, lag: bool, T: int = 3, N: int = 5) -> None:
        rng = np.random.default_rng(seed)
        self.T, self.N, self.lag = T, N, lag
        self.W, self.M = (weights(rng, N, row=False) for _ in range(2))
        self.X = np.concatenate([np.ones((T, N, 1)), rng.standard_normal((T, N, 1))], axis=2)
        radius = [np.abs(np.linalg.eigvals(A)).max() for A in (self.W, self.M)]
        spatial = [0.4 / radius[0]] if lag else []
        self.theta = np.array([0.7, -1.2, *spatial, -0.5 / radius[1], 0.8, 1.3])

    def parts(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the mean, the covariance and A^-1 of all N T observations."""
        *rest, lam, phi, sigma2 = theta
        rho = rest.pop() if self.lag else 0.0
        eye = np.eye(self.T)
        A = np.linalg.inv(np.eye(self.N) - rho * self.W)
        B = np.linalg.inv(np.eye(self.N) - lam * self.M)
        V = sigma2 * (np.kron(eye, B @ B.T) + phi * np.kron(np.ones_like(eye), np.eye(self.N)))
        big = np.kron(eye, A)
        return big @ (self.X.reshape(-1, 2) @ np.array(rest)), big @ V @ big.T, big

    def dense(self) -> np.ndarray:
        """tr(V^-1 V_i V^-1 V_j) / 2 + m_i'V^-1 m_j with numerical derivatives."""
        V = self.parts(self.theta)[1]
        inverse = np.linalg.inv(V)
        by = []
        for k in range(len(self.theta)):
            e = np.zeros(len(self.theta))
            e[k] = 1e-5
            up, down = self.parts(self.theta + e), self.parts(self.theta - e)
            by.append(((up[0] - down[0]) / 2e-5, inverse @ (up[1] - down[1]) / 2e-5))
        return np.array([[np.sum(a * b.T) / 2 + m @ inverse @ n for n, b in by] for m, a in by])

    def ours(self) -> np.ndarray:
        *rest, lam, phi, sigma2 = self.theta
        rho = rest.pop() if self.lag else 0.0
        point = Point(rho, lam, -np.log1p(self.T * phi), 0.0, np.zeros(3), 0.0, np.array(rest))
        W = sp.csr_array(self.W) if self.lag else None
        return bsk_information(self.X, np.array(rest), point, sigma2, sp.csr_array(self.M), W)


@pytest.mark.parametrize("lag", [False, True], ids=["error", "lag and error"])
@pytest.mark.parametrize("T", [2, 3, 7])
def test_dense_formula(lag, T):
    for seed in range(3):
        world = World(seed, lag=lag, T=T)
        ours, dense = world.ours(), world.dense()
        scale = np.sqrt(np.outer(np.diag(dense), np.diag(dense)))
        np.testing.assert_allclose(ours / scale, dense / scale, atol=NUMERIC)


@pytest.mark.parametrize("lag", [False, True], ids=["error", "lag and error"])
def test_variance_of_the_score(lag):
    """Of the package's own log-likelihood, over samples drawn from the model: its mean is zero, its variance this."""
    world, draws = World(4, lag=lag), 3000
    mean, V, _ = world.parts(world.theta)
    root, rng = np.linalg.cholesky(V), np.random.default_rng(0)
    links = [sp.csr_array(A) for A in (world.W, world.M)]
    logdets = [Eigen.of(A) for A in links]
    scores = np.empty((draws, len(world.theta)))
    for k in range(draws):
        y = (mean + root @ rng.standard_normal(len(mean))).reshape(world.T, world.N)
        split = bsk_problem(y, world.X, links[0] if lag else None, links[1], logdets[0] if lag else None, logdets[1])
        for j in range(len(world.theta)):
            e = np.zeros(len(world.theta))
            e[j] = 1e-5
            scores[k, j] = (split.loglik(world.theta + e) - split.loglik(world.theta - e)) / 2e-5
    info = world.ours()
    scale = np.sqrt(np.diag(info))
    # Four Monte Carlo standard errors of means and of products of scores, whose kurtosis is not that of normal ones.
    products = (scores / scale)[:, :, None] * (scores / scale)[:, None, :]
    error = products.std(axis=0) / np.sqrt(draws)
    assert (np.abs((scores / scale).mean(axis=0)) < 4 / np.sqrt(draws)).all()
    assert (np.abs(products.mean(axis=0) - info / np.outer(scale, scale)) < 4 * error).all()


def panel(seed: int, T: int = 6) -> tuple[sc.Panel, object]:
    rng, N = np.random.default_rng(seed), 12
    W = weights(rng, N, row=True)
    frame = pd.DataFrame({"i": np.tile(np.arange(N), T), "t": np.repeat(np.arange(T), N), "x": rng.normal(size=N * T)})
    e = rng.normal(size=(T, N)) @ np.linalg.inv(np.eye(N) - 0.4 * W).T + rng.normal(size=N)
    frame["y"] = 1 + frame["x"] + e.ravel()
    return sc.Panel(frame, region="i", period="t"), sc.weights.from_matrix(W, regions=list(range(N)))


class TestDoor:
    @pytest.mark.parametrize("spatial", ["error", "sarar"])
    def test_each_name_gives_what_it_says(self, spatial):
        p, w = panel(1)
        options = {"spatial": spatial, "effects": "random", "random": "bsk"}
        expected, observed = (sc.fit_panel(p, "y", "x", w, vcov=v, **options) for v in ("information", "observed"))
        design, e = expected.design, expected.estimates
        W = design.W.matrix if spatial == "sarar" else None
        info = bsk_information(design.X, e.beta, e.optimum.point, e.sigma2, design.M.matrix, W)
        np.testing.assert_allclose(expected.cov, np.linalg.inv(info), rtol=1e-8)
        # Two estimates of the same covariance, in one sample.
        assert not np.allclose(expected.std_errors, observed.std_errors, rtol=1e-4)
        np.testing.assert_allclose(expected.std_errors, observed.std_errors, rtol=0.35)
        pd.testing.assert_frame_equal(expected.with_vcov("observed").cov, observed.cov)
        pd.testing.assert_frame_equal(observed.with_vcov("information").cov, expected.cov)

    def test_large_samples_do_not_tell_the_two_apart(self):
        rng, N, T = np.random.default_rng(3), 150, 8
        ring = (np.roll(np.eye(N), 1, axis=1) + np.roll(np.eye(N), -1, axis=1)) / 2
        frame = pd.DataFrame({"i": np.tile(np.arange(N), T), "t": np.repeat(np.arange(T), N)})
        frame["x"] = rng.normal(size=N * T)
        e = rng.normal(size=(T, N)) @ np.linalg.inv(np.eye(N) - 0.5 * ring).T + rng.normal(size=N)
        frame["y"] = 1 + frame["x"] + e.ravel()
        p, w = sc.Panel(frame, region="i", period="t"), sc.weights.from_matrix(ring, regions=list(range(N)))
        options = {"spatial": "error", "effects": "random", "random": "bsk"}
        fit = sc.fit_panel(p, "y", "x", w, **options)
        np.testing.assert_allclose(fit.std_errors, fit.with_vcov("observed").std_errors, rtol=0.06)

    def test_no_variance_of_effects_leaves_the_error_model_of_pooled_data(self):
        rng, N, T = np.random.default_rng(5), 12, 6
        W = weights(rng, N, row=True)
        frame = pd.DataFrame({"i": np.tile(np.arange(N), T), "t": np.repeat(np.arange(T), N)})
        x = rng.normal(size=(T, N))
        e = rng.normal(size=(T, N))
        frame["x"], frame["y"] = x.ravel(), (x + e - 0.9 * e.mean(axis=0)).ravel()
        p, w = sc.Panel(frame, region="i", period="t"), sc.weights.from_matrix(W, regions=list(range(N)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = sc.fit_panel(p, "y", "x", w, spatial="error", effects="random", random="bsk")
        assert fit.at_bound == ("phi",)
        pooled = sc.fit_panel(p, "y", "x", w, spatial="error", effects="none")
        shared = ["intercept", "x", "lambda", "sigma2"]
        np.testing.assert_allclose(fit.std_errors[shared], pooled.std_errors[shared], rtol=1e-4)
        assert np.isnan(fit.std_errors["phi"])
