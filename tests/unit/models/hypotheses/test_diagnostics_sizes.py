"""How often the tests reject what is true: Monte Carlo at 30 regions and 8 periods, nominal 5 per cent."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import spatialconv as sc
from spatialconv._core.hypotheses import error_components
from spatialconv._core.hypotheses.score_tests import LAMBDA, RHO, scores
from spatialconv._core.likelihood.effects import projection
from spatialconv.models.hypotheses.components import _joint
from spatialconv.models.hypotheses.diagnostics import (
    bsk_tests,
    effects_tests,
    hausman,
    lr_test,
    mundlak_test,
    pesaran_cd,
    reduction_tests,
    residual_moran,
)

pytestmark = pytest.mark.slow
N, T = 30, 8


def weights() -> np.ndarray:
    """Two neighbours on either side of a ring, and one region that is everybody's neighbour: not symmetric by rows."""
    W = sum(np.roll(np.eye(N), k, axis=1) for k in (-2, -1, 1, 2)) > 0
    W[0, 1:15] = W[1:15, 0] = True
    return W / W.sum(axis=1, keepdims=True)


W = weights()


def near(shares, draws: int, low: float = 0.05, high: float = 0.05) -> None:
    """Every share lies between low and high, to four standard errors of the simulation."""
    slack = 4 * np.sqrt(0.05 * 0.95 / draws)
    shares = np.atleast_1d(shares)
    assert (shares > low - slack).all(), shares
    assert (shares < high + slack).all(), shares


def panel(y: np.ndarray, x: np.ndarray) -> tuple[sc.Panel, object]:
    frame = pd.DataFrame(
        {"i": np.tile(np.arange(N), T), "t": np.repeat(np.arange(T), N), "y": y.ravel(), "x": x.ravel()}
    )
    return sc.Panel(frame, region="i", period="t"), sc.weights.from_matrix(W, regions=range(N), standardise="row")


def spread(A: np.ndarray, coefficient: float) -> np.ndarray:
    return A @ np.linalg.inv(np.eye(N) - coefficient * W).T


@pytest.mark.parametrize("effects", ["none", "region", "time", "two-way"])
def test_score_tests(effects):
    """Lee and Yu's constants have the right size under any effects; the direct ones reject too often."""
    g, draws = np.random.default_rng(3), 1500
    S = sparse.csr_array(W)
    rejected = {True: np.zeros(9), False: np.zeros(9)}
    for _ in range(draws):
        X = g.standard_normal((T, N, 2))
        y = X.sum(axis=2) + g.standard_normal((T, N))
        y += g.standard_normal(N) * (effects in ("region", "two-way"))
        y += g.standard_normal((T, 1)) * (effects in ("time", "two-way"))
        Z = np.einsum("ij,tjk->tik", W, X)
        if effects == "none":
            X = np.concatenate([np.ones((T, N, 1)), X], axis=2)
        for lee_yu, count in rejected.items():
            s = scores(y, X, projection(effects, T, N, lee_yu=lee_yu), W=S, M=S, Z=Z)
            found = [
                s.test([RHO]), s.test([LAMBDA]), s.robust([RHO], [LAMBDA]), s.robust([LAMBDA], [RHO]),
                s.test([RHO, LAMBDA]), s.robust([RHO], s.theta), s.test(s.theta), s.robust(s.theta, [RHO]),
                s.test([RHO, *s.theta]),
            ]  # fmt: skip
            count += [q.p_value < 0.05 for q in found]
    near(rejected[True] / draws, draws)
    if effects in ("time", "two-way"):
        assert rejected[False][LAMBDA] / draws > 0.08


class TestErrorComponents:
    def share(self, make, statistic, draws=1500):
        g, S = np.random.default_rng(4), sparse.csr_array(W)
        counts = []
        for _ in range(draws):
            x = g.standard_normal((T, N))
            X = np.stack([np.ones((T, N)), x], axis=2)
            counts.append(statistic(x + make(g), X, S))
        return np.mean(counts, axis=0), draws

    def test_marginal_and_joint(self):
        def statistic(y, X, S):
            m = error_components.marginal(y, X, S)
            one_sided = [z > 1.6449 for z in (m.mu, m.mu_standardised)]
            two_sided = [abs(z) > 1.96 for z in (m.lam, m.lam_standardised)]
            joint = [_joint(m, tail).p_value < 0.05 for tail in ("two-sided", "greater", "less")]
            return [*one_sided, *two_sided, *joint]

        shares, draws = self.share(lambda g: g.standard_normal((T, N)), statistic)
        near(shares, draws, low=0.04)

    @pytest.mark.parametrize("correlation", [0.5, -0.1])
    def test_conditional_lambda(self, correlation):
        """With effects, and where residuals are negatively correlated within regions, which no variance explains."""
        root = np.linalg.cholesky((1 - correlation) * np.eye(T) + correlation)

        def statistic(y, X, S):
            fit = error_components.random_effects(y, X)
            least_squares = error_components.marginal(y, X, S).lam
            return [abs(error_components.conditional_lambda(fit, S)) > 1.96, abs(least_squares) > 1.96]

        shares, draws = self.share(lambda g: root @ g.standard_normal((T, N)), statistic, draws=800)
        near(shares[0], draws)
        # The marginal test, which takes the effects to be zero, is misled by them.
        assert (shares[1] > 0.1) == (correlation > 0)

    def test_conditional_mu(self):
        g, draws, rejected = np.random.default_rng(5), 300, []
        for _ in range(draws):
            x = g.standard_normal((T, N))
            p, w = panel(x + spread(g.standard_normal((T, N)), 0.6), x)
            rejected.append(bsk_tests(p, "y", "x", w)["CLM mu"].p_value < 0.05)
        near(np.mean(rejected), draws)


def test_effects():
    """The F test holds its size; the likelihood ratio, with 29 parameters of 8 observations each, does not."""
    g, draws = np.random.default_rng(6), 300
    counts = {"F": [], "LR": []}
    for _ in range(draws):
        x = g.standard_normal((T, N))
        p, w = panel(spread(x + g.standard_normal((T, N)), 0.4), x)
        for statistic, rows in counts.items():
            rows.append(
                effects_tests(p, "y", "x", w, spatial="lag", statistic=statistic).table.p_value.to_numpy() < 0.05
            )
    near(np.mean(counts["F"], axis=0), draws, high=0.065)
    assert np.mean(counts["LR"], axis=0)[0] > 0.08


def test_between_models():
    """LR and Wald of SAR in SDM, of the common factor, of rho = 0, each where it is true."""
    g, draws = np.random.default_rng(7), 300
    counts = []
    for _ in range(draws):
        x, e = g.standard_normal((T, N)), g.standard_normal((T, N))
        row = []
        for name, y in (
            ("SAR", spread(x + e, 0.4)),
            ("SEM", x + spread(e, 0.4)),
            ("SLX", x + 0.5 * x @ W.T + e),
        ):
            p, w = panel(y + g.standard_normal(N) + g.standard_normal((T, 1)), x)
            tests = reduction_tests(sc.fit_panel(p, "y", "x", w, durbin=True))
            row += [tests[f"{kind}: {name} in SDM"].p_value < 0.05 for kind in ("Wald", "LR")]
        counts.append(row)
    near(np.mean(counts, axis=0), draws, high=0.07)


@pytest.mark.parametrize("spatial", ["lag", "error"])
def test_hausman(spatial):
    """From a common point the contrast with rho holds its size; from each fit's own it is at times indefinite."""
    g, draws = np.random.default_rng(8), 250
    counts = []
    for _ in range(draws):
        x = g.standard_normal((T, N)) + g.standard_normal(N)
        u = g.standard_normal((T, N)) + g.standard_normal(N)
        p, w = panel(spread(x + u, 0.4) if spatial == "lag" else x + spread(u, 0.4), x)
        fixed, random = (sc.fit_panel(p, "y", "x", w, spatial=spatial, effects=e) for e in ("region", "random"))
        tests = (
            hausman(fixed, random),
            hausman(fixed, random, spatial=True),
            mundlak_test(fixed),
            hausman(fixed, random, spatial=True, covariance="plain"),
        )
        counts.append([t.p_value < 0.05 for t in tests])
        assert all(np.isfinite(t.statistic) for t in tests[:3])
    shares = np.mean(counts, axis=0)
    near(shares[:3], draws, high=0.06)
    assert shares[3] > shares[1]


@pytest.mark.parametrize(
    ("spatial", "effects"), [("none", "two-way"), ("lag", "none"), ("lag", "two-way"), ("sarar", "region")]
)
def test_residual_moran(spatial, effects):
    """z of every period has mean 0 and variance 1 although rho and lambda were estimated."""
    g, draws, z = np.random.default_rng(9), 150, []
    rho, lam = 0.4 * (spatial in ("lag", "sarar")), 0.4 * (spatial == "sarar")
    for _ in range(draws):
        x = g.standard_normal((T, N))
        u = spread(g.standard_normal((T, N)), lam) + g.standard_normal(N) * (effects in ("region", "two-way"))
        p, w = panel(spread(x + u, rho), x)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", sc.errors.BoundaryWarning)
            z.append(residual_moran(sc.fit_panel(p, "y", "x", w, spatial=spatial, effects=effects), w).table.z)
    z = np.array(z).ravel()
    assert abs(z.mean()) < 0.12
    assert 0.93 < z.std() < 1.07


def test_pesaran_and_random_effects_ratio():
    g, draws, counts = np.random.default_rng(10), 400, []
    for _ in range(draws):
        x = g.standard_normal((T, N))
        p, w = panel(x + g.standard_normal((T, N)), x)
        none, random = (sc.fit_panel(p, "y", "x", w, spatial="none", effects=e) for e in ("none", "random"))
        counts.append([pesaran_cd(none).p_value < 0.05, lr_test(none, random).p_value < 0.05])
    near(np.mean(counts, axis=0), draws, low=0.04)
