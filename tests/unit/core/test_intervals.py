"""Bootstrap intervals and p-values against scipy's, against closed forms, and with draws that are infinite."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from spatialconv._core.likelihood.effects import projection
from spatialconv._core.resampling import intervals as core
from spatialconv._core.resampling.innovations import WEBB, innovations, pool
from tests.tolerances import EXACT, REFERENCE
from tests.versions import SEED


@pytest.fixture(scope="module")
def skewed():
    return np.random.default_rng(0).exponential(size=37)


@pytest.mark.parametrize("level", [0.9, 0.95])
@pytest.mark.parametrize(("method", "ours"), [("percentile", "percentile"), ("basic", "basic"), ("BCa", "bca")])
def test_scipy_has_the_same_of_the_same_draws(skewed, method, ours, level):
    """The jackknife of a mean is its influence up to a factor, so that even the acceleration is scipy's."""
    found = stats.bootstrap(
        (skewed,), np.mean, n_resamples=1999, method=method, confidence_level=level, **{SEED: np.random.default_rng(1)}
    )
    draws, mean = found.bootstrap_distribution, skewed.mean()
    here = {
        "percentile": lambda: core.percentile(draws, level),
        "basic": lambda: core.basic(mean, draws, level),
        "bca": lambda: core.bca(mean, draws, core.acceleration(skewed - mean), level),
    }[ours]()
    np.testing.assert_allclose(here, [found.confidence_interval.low, found.confidence_interval.high], rtol=REFERENCE)
    # The three differ, so that a mix-up would show.
    assert not np.allclose(here, stats.norm.interval(level, mean, draws.std()), rtol=1e-4)


def test_bca_corrects_a_shift_as_it_is_derived_to():
    """Draws normal around a biased centre and no acceleration: z0 = Phi^-1(share below), ends at 2 z0 -+ z."""
    draws = stats.norm.ppf((np.arange(200_001) + 0.5) / 200_001) + 0.3
    low, high = core.bca(0.0, draws, 0.0, 0.95)
    z0 = -0.3
    expected = np.array([2 * z0 - 1.959964, 2 * z0 + 1.959964]) + 0.3
    np.testing.assert_allclose([low, high], expected, atol=2e-3)


def test_studentised_interval_is_students_t(skewed):
    """With t drawn from Student's distribution it is the textbook interval; the ends change places."""
    t = stats.t.ppf((np.arange(100_000) + 0.5) / 100_000, 5) + 0.4
    low, high = core.studentised(2.0, 0.5, t, 0.95)
    q = stats.t.ppf(0.975, 5)
    np.testing.assert_allclose([low, high], [2 - 0.5 * (q + 0.4), 2 - 0.5 * (-q + 0.4)], atol=1e-3)


def test_infinite_draws_count_at_their_end():
    draws = np.concatenate([np.arange(96.0), np.full(4, np.inf)])
    assert core.percentile(draws, 0.95)[1] == np.inf
    assert np.isfinite(core.percentile(draws, 0.9)[1])
    assert core.percentile(-draws, 0.95)[0] == -np.inf
    values = np.random.default_rng(2).normal(size=501)
    np.testing.assert_allclose(
        core.quantiles(values, np.array([0.1, 0.37])), np.quantile(values, [0.1, 0.37]), atol=EXACT
    )
    assert np.isnan(core.quantiles(np.array([np.nan]), np.array([0.5]))).all()


def test_one_sided_draws_have_no_bca():
    assert np.isnan(core.bca(0.0, np.arange(1.0, 50), 0.0, 0.95)).all()


def test_p_values_by_counting():
    draws = np.arange(1.0, 100.0)  # 99 draws
    assert core.p_two_sided(0.0, draws) == pytest.approx(2 / 100)
    assert core.p_two_sided(50.0, draws) == 1.0
    assert core.p_lower(3.0, draws) == pytest.approx(4 / 100)
    assert core.p_two_sided(97.5, draws) == pytest.approx(2 * 3 / 100)
    assert np.isnan(core.p_two_sided(np.nan, draws))


class TestInnovations:
    T, N = 5, 9

    def source(self, kind):
        rng = np.random.default_rng(3)
        project = projection(kind, self.T, self.N, lee_yu=False)
        X = rng.normal(size=(self.T, self.N, 2))
        e = project(rng.normal(size=(self.T, self.N)))
        Q = np.linalg.qr(project(X).reshape(-1, 2))[0]
        return pool((e.ravel() - Q @ (Q.T @ e.ravel())).reshape(e.shape), X, project)

    @pytest.mark.parametrize("kind", ["none", "region", "time", "two-way"])
    @pytest.mark.parametrize("scheme", ["residual", "wild", "wild-region", "parametric", "block-region"])
    def test_variance_is_that_of_the_errors(self, kind, scheme):
        """s2 = SSE / degrees of freedom, whatever the effects took of the residuals, and mean zero."""
        source = self.source(kind)
        e = innovations(source, scheme, 20_000, np.random.default_rng(4))
        assert e.shape == (self.T, self.N, 20_000)
        assert e.mean() == pytest.approx(0, abs=0.02)
        assert (e**2).mean() / source.s2 == pytest.approx(1, abs=0.03)

    def test_leverage_is_that_of_the_whole_design(self):
        """e / sqrt(1 - h) with h the diagonal of the hat matrix of regressors and dummies, then centred and scaled."""
        rng = np.random.default_rng(5)
        T, N = self.T, self.N
        X = rng.normal(size=(T, N, 2))
        D = np.hstack([np.kron(np.ones((T, 1)), np.eye(N)), np.kron(np.eye(T), np.ones((N, 1)))[:, 1:]])
        Z = np.hstack([X.reshape(-1, 2), D])
        hat = Z @ np.linalg.pinv(Z)
        e = (np.eye(T * N) - hat) @ rng.normal(size=T * N)
        found = pool(e.reshape(T, N), X, projection("two-way", T, N, lee_yu=False))
        expected = e / np.sqrt(1 - np.diag(hat))
        expected = expected - expected.mean()
        s2 = e @ e / (T * N - Z.shape[1])
        expected *= np.sqrt(s2 / np.mean(expected**2))
        np.testing.assert_allclose(found.rescaled.ravel(), expected, atol=REFERENCE)

    def test_wild_keeps_every_residual_in_its_place(self):
        source = self.source("two-way")
        e = innovations(source, "wild", 50, np.random.default_rng(6))
        np.testing.assert_allclose(np.abs(e), np.broadcast_to(np.abs(source.rescaled)[..., None], e.shape))
        assert (e > 0).mean() == pytest.approx(0.5, abs=0.05)

    def test_webb_s_weights_have_mean_zero_and_variance_one(self):
        assert WEBB.mean() == pytest.approx(0, abs=EXACT)
        assert np.mean(WEBB**2) == pytest.approx(1, abs=EXACT)
        source = self.source("none")
        e = innovations(source, "wild-region", 200, np.random.default_rng(7))
        ratio = e / source.residuals[..., None]
        # One weight a region and draw, of six values.
        np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:1], ratio.shape), rtol=1e-9)
        assert len(np.unique(np.round(ratio, 9))) == 6

    def test_histories_come_whole(self):
        source = self.source("none")
        e = innovations(source, "block-region", 30, np.random.default_rng(8))
        histories = {tuple(np.round(h, 9)) for h in source.residuals.T}
        assert {tuple(np.round(h, 9)) for h in np.moveaxis(e, 0, -1).reshape(-1, self.T)} <= histories

    def test_what_region_effects_took_from_histories_is_put_back(self):
        """Means over time of the innovations have variance s2 / T, as those of independent errors do."""
        source = self.source("region")
        e = innovations(source, "block-region", 20_000, np.random.default_rng(9))
        assert (e.mean(axis=0) ** 2).mean() / (source.s2 / self.T) == pytest.approx(1, abs=0.03)
