"""Scores, exact tests, likelihood and rotations of short panels, by simulation, dense algebra and distributions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from spatialconv._core.few_periods.combine import guarded
from spatialconv._core.few_periods.exact import exact, steady
from spatialconv._core.few_periods.imposed import Imposed, Normals, Setup, outcome
from spatialconv._core.few_periods.likelihood import products
from spatialconv._core.few_periods.rotation import helmert, rotated, rotated_within, variances
from spatialconv._core.few_periods.sample import Sample, rebuild
from spatialconv._core.few_periods.scores import regional, scores, traces
from spatialconv._core.few_periods.sets import accepted
from tests.tolerances import EXACT, OPTIM_BRUTE, ROUNDING

PANELS = 40_000
CASES = [(11, 4, True, 0, -0.1, 0.4), (11, 4, False, 1, 0.0, 0.3), (9, 5, True, 2, -0.3, -0.5)]


def nearest(N, rng, k=4):
    at = rng.uniform(size=(N, 2))
    apart = ((at[:, None] - at) ** 2).sum(axis=-1) + 9 * np.eye(N)
    W = np.zeros((N, N))
    np.put_along_axis(W, np.argsort(apart)[:, :k], 1 / k, axis=1)
    return W


def drawn(case, panels, *, unequal=False, drifts=True, seed=1):
    """Return a sample to hold W and X, and levels of panels drawn by its model, (B, T+1, N)."""
    N, T, two_way, K, b, rho = case
    rng = np.random.default_rng(seed)
    W, X, start = nearest(N, rng), rng.standard_normal((T, N, K)), rng.normal(3, 1.5, N)
    sample = Sample.of(np.zeros((T, N)), start, X, W, two_way=two_way)
    sd = 0.5 * np.exp(0.5 * rng.standard_normal(N)) if unequal else 0.5
    h = sd * rng.standard_normal((panels, T, N)) + X @ np.arange(1.0, K + 1) + drifts * rng.standard_normal(N)
    if two_way:
        h = h - h.mean(axis=2, keepdims=True)
    return sample, rebuild(sample, h, b, rho)


def one(case, seed=1):
    """Return one sample drawn by the model."""
    sample, levels = drawn(case, 1, seed=seed)
    start = levels[0, 0]
    return Sample.of(np.diff(levels[0], axis=0), start, sample.X, sample.W, two_way=sample.two_way)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_scores_have_mean_zero_at_the_truth(case):
    sample, levels = drawn(case, PANELS)
    found = scores(sample, levels, *case[4:])
    assert (np.abs(found.mean(axis=0)) < 4 * found.std(axis=0) / np.sqrt(PANELS)).all()
    # Without its adjustment the score of beta is far from zero.
    bare = found[:, 0] - traces(sample, case[4], np.array([case[5]])).b[0]
    assert abs(bare.mean()) > 20 * found[:, 0].std() / np.sqrt(PANELS)


@pytest.mark.parametrize("two_way", [False, True])
def test_scores_have_mean_zero_with_shocks_of_each_period_and_one_sided_weights(two_way):
    """Levels are made with W itself, shocks among them, which the arrays never see."""
    rng, b, rho, N, T, panels = np.random.default_rng(5), -0.2, 0.6, 9, 4, 20_000
    W = rng.exponential(size=(N, N)) ** 3 * (1 - np.eye(N))
    W /= W.sum(axis=1, keepdims=True)
    shocks, drifts = 2 * rng.standard_normal((T, 1)), 0.3 * rng.standard_normal(N)
    h = drifts + shocks * two_way + rng.standard_normal((panels, T, N))
    y, spread = [np.broadcast_to(rng.normal(3, 1.5, N), (panels, N))], np.linalg.inv(np.eye(N) - rho * W).T
    for t in range(T):
        y.append(y[-1] + (h[:, t] + b * y[-1]) @ spread)
    levels = np.stack(y, axis=1)
    sample = Sample.of(np.diff(levels[0], axis=0), levels[0, 0], None, W, two_way=two_way)
    levels = levels - levels.mean(axis=2, keepdims=True) * two_way
    np.testing.assert_allclose(levels[0], sample.levels, atol=ROUNDING)
    found = scores(sample, levels, b, rho)
    assert (np.abs(found.mean(axis=0)) < 4 * found.std(axis=0) / np.sqrt(panels)).all()


@pytest.mark.slow
@pytest.mark.parametrize("unequal", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_robust_score_has_mean_zero_whatever_the_variances(case, unequal):
    b, rho = case[4:]
    sample, levels = drawn(case, PANELS, unequal=unequal)
    made = sample.variables(levels)
    e = sample.within(np.einsum("v,bvtn->btn", sample.weights(b, rho), made))
    c = regional(sample, b, np.array([rho])).b[0]
    psi = (made[:, -1] * e).sum(axis=(1, 2)) + (c * (e**2).sum(axis=1)).sum(axis=1) / (sample.T - 1)
    assert abs(psi.mean()) < 4 * psi.std() / np.sqrt(PANELS)


@pytest.mark.parametrize("case", CASES)
def test_t_and_F_have_their_distributions(case):
    sample, levels = drawn(case, 5000)
    t = exact(sample, levels, *case[4:])
    assert stats.kstest(t.t, stats.t(t.t_dof).cdf).pvalue > 0.01
    F = exact(*drawn(case, 5000, drifts=False), *case[4:])
    assert stats.kstest(F.F, stats.f(*F.F_dof).cdf).pvalue > 0.01
    # Drifts that differ make F larger, never smaller.
    assert stats.kstest(t.F, stats.f(*t.F_dof).cdf, alternative="less").pvalue < 0.01


@pytest.mark.parametrize("case", CASES)
def test_traces_are_those_of_dense_matrices(case):
    """The map from errors to levels and to neighbours' growth written out, traced over the space of the residuals."""
    b, rho = case[4:]
    sample = one(case)
    T, N = sample.T, sample.N
    unit = np.eye(T * N).reshape(-1, T, N)
    made = sample.variables(rebuild(sample, unit, b, rho, start=np.zeros(N)))
    centred = sample.within(unit - unit.mean(axis=2, keepdims=True) * sample.two_way).reshape(T * N, T * N)
    levels, lagged = (made[:, k].reshape(T * N, T * N).T for k in (-1, 1))
    found = traces(sample, b, np.array([rho]))
    assert found.b[0] == pytest.approx(-np.trace(centred @ levels), rel=ROUNDING)
    assert found.rho[0] == pytest.approx(-np.trace(centred @ lagged), rel=ROUNDING)
    # Under two-way effects W has the means of its columns taken off, and 0 in place of the eigenvalue 1.
    log = np.linalg.slogdet(np.eye(N) - rho * sample.W)[1]
    assert found.logdet[0] == pytest.approx(log, rel=ROUNDING)


def test_score_of_rho_is_the_slope_of_the_likelihood_within_where_beta_is_zero():
    sample = one((11, 4, True, 1, 0.0, 0.3))

    def loglik(rho):
        e = sample.within(sample.h(0.0, rho))
        return (sample.T - 1) * traces(sample, 0.0, np.array([rho])).logdet[0] - sample.n * (sample.T - 1) / 2 * np.log(
            (e**2).sum()
        )

    # Regressors take degrees of freedom in the score, none in the likelihood: compared without them.
    bare = Sample.of(np.diff(sample.levels, axis=0), sample.levels[0], None, sample.W, two_way=True)
    sample = bare
    found = Imposed.on(sample, 0.0).rho(products(sample, sample.levels[None]))[0]
    best = optimize.minimize_scalar(lambda r: -loglik(r), bounds=(-0.9, 0.9), method="bounded", options={"xatol": 1e-9})
    assert found == pytest.approx(best.x, abs=OPTIM_BRUTE)


@pytest.mark.parametrize("case", CASES)
def test_the_peak_is_that_of_another_optimiser_on_the_likelihood_written_out(case):
    sample = one(case, seed=3)
    eye = np.eye(sample.N)

    def minus(at):
        b, rho = at
        h = sample.h(b, rho)
        w, u = (sample.within(h) ** 2).sum(), (sample.between(h) ** 2).sum()
        d, k = sample.dof_within, sample.dof_between
        w, u = (w / d, u / k) if u / k >= w / d else ((w + u) / (d + k),) * 2
        log = np.linalg.slogdet(eye - rho * sample.W)[1]
        return d / 2 * np.log(w) + k / 2 * np.log(u) - sample.T * log

    low, high = sample.window()
    brute = optimize.brute(minus, ((-2, 1), (low, high)), Ns=60, finish=None)
    best = optimize.minimize(minus, brute, method="Nelder-Mead", bounds=((-2, 1), (low, high)), tol=1e-10)
    found = Setup.of(sample).best
    assert found.value[0] == pytest.approx(-best.fun, abs=OPTIM_BRUTE)


class TestRotation:
    def test_helmert_is_orthonormal_and_starts_constant(self):
        for T in (2, 3, 7):
            H = helmert(T)
            np.testing.assert_allclose(H.T @ H, np.eye(T), atol=EXACT)
            assert np.ptp(H[:, 0]) == 0

    @pytest.mark.parametrize("case", CASES)
    def test_what_is_kept(self, case):
        sample = one(case)
        h = sample.h(case[4], case[5])
        e, means = sample.within(h), sample.between(h)
        z = np.random.default_rng(2).standard_normal((50, sample.T, sample.N))
        turned = rotated_within(sample, e, z)
        np.testing.assert_allclose((turned**2).sum(axis=(1, 2)), (e**2).sum(), rtol=EXACT)
        np.testing.assert_allclose(sample.within(turned), turned, atol=EXACT)
        np.testing.assert_allclose(turned.mean(axis=1), 0, atol=EXACT)
        inside, across = rotated(sample, e, means, z)
        total = (inside**2).sum(axis=(1, 2)) + (across**2).sum(axis=1)
        np.testing.assert_allclose(total, (e**2).sum() + (means**2).sum(), rtol=EXACT)
        np.testing.assert_allclose(across @ sample.across.T, 0, atol=EXACT * 100)

    def test_each_region_keeps_its_own_sum_where_nothing_mixes_them(self):
        sample = one((11, 4, False, 0, 0.0, 0.3))
        e = sample.within(sample.h(0.0, 0.3))
        turned = rotated_within(sample, e, np.random.default_rng(2).standard_normal((50, 4, 11)))
        np.testing.assert_allclose((turned**2).sum(axis=1), np.broadcast_to((e**2).sum(axis=0), (50, 11)), rtol=EXACT)

    def test_two_periods_leave_signs(self):
        sample = one((11, 2, False, 0, 0.0, 0.3))
        e = sample.within(sample.h(0.0, 0.3))
        turned = rotated_within(sample, e, np.random.default_rng(2).standard_normal((50, 2, 11)))
        np.testing.assert_allclose(np.abs(turned), np.broadcast_to(np.abs(e), turned.shape), rtol=EXACT)


class TestVariances:
    """Of regions, from what effects and chance left of them."""

    @staticmethod
    def of(sd, T, *, two_way, seed):
        rng = np.random.default_rng(seed)
        N = len(sd)
        h = sd * rng.standard_normal((T, N))
        h = h - h.mean(axis=1, keepdims=True) if two_way else h
        sample = Sample.of(np.zeros((T, N)), rng.normal(3, 1.5, N), None, None, two_way=two_way)
        return variances(sample, sample.within(h), sample.between(h))

    @pytest.mark.parametrize("two_way", [False, True])
    def test_they_are_unmixed(self, two_way):
        """Sixty periods leave little to chance: on average each region has its own variance."""
        sd = np.array([2.0, 1.0, 1.0, 0.5, 0.5, 0.5, 1.5])
        found = np.mean([self.of(sd, 60, two_way=two_way, seed=k).values for k in range(200)], axis=0)
        # 200 means of 60 squares have a standard error of 1.3 %; the prior pulls by a few per cent.
        np.testing.assert_allclose(found, sd**2, rtol=0.08)

    def test_equal_ones_stay_nearly_equal(self):
        found = [self.of(np.ones(30), 6, two_way=True, seed=k) for k in range(200)]
        assert np.mean([np.isinf(f.dof) for f in found]) > 0.3
        spread = [f.values.std() / f.values.mean() for f in found]
        assert np.quantile(spread, 0.9) < 0.35

    def test_degrees_of_freedom_of_the_prior_are_found(self):
        """Inverse chi-squared with eight degrees of freedom, 600 regions: eight, and four of the region's own."""
        rng = np.random.default_rng(1)
        sd = np.sqrt(8 / rng.chisquare(8, 600))
        found = np.median([self.of(sd, 4, two_way=False, seed=k).dof for k in range(30)])
        assert found - 4 == pytest.approx(8, rel=0.2)

    def test_draws_have_the_posterior(self):
        found = self.of(np.array([3.0, 1, 1, 0.3, 0.3, 2]), 5, two_way=False, seed=2)
        drawn = found.draw(np.random.default_rng(1).uniform(size=(20_000, 6)))
        for k in range(6):
            ratio = found.values[k] * found.dof / drawn[:, k]
            assert stats.kstest(ratio, stats.chi2(found.dof).cdf).pvalue > 0.001


def test_many_regions_are_solved_as_a_triangle(monkeypatch):
    """The same paths as by an inverse for each rho; nearest neighbours have dependent eigenvectors, a chain has one."""
    sample, levels = drawn((70, 5, True, 1, -0.2, 0.3), 6)
    chain = Sample.of(np.zeros((5, 70)), np.arange(70.0), None, np.eye(70, k=1))
    rho, h = np.linspace(-0.6, 0.9, 6), sample.variables(levels)[:, 0]
    fast = [steady(s, h, -0.2, rho) for s in (sample, chain)]
    assert sample.triangle is not None
    monkeypatch.setattr("spatialconv._core.few_periods.sample.MANY", 1000)
    for s, found in zip((sample, chain), fast, strict=True):
        del s.__dict__["triangle"]
        np.testing.assert_allclose(found, steady(s, h, -0.2, rho), rtol=ROUNDING, atol=ROUNDING)


def test_rebuild_undoes_h():
    sample = one(CASES[2])
    levels = rebuild(sample, sample.h(-0.4, 0.2)[None], -0.4, 0.2)[0]
    np.testing.assert_allclose(levels, sample.levels, atol=EXACT * 100)


def test_guarded_p_is_uniform_under_two_uniforms_and_inverts_its_rule():
    rng = np.random.default_rng(1)
    p = rng.uniform(size=(20_000, 2))
    assert stats.kstest([guarded(*pair) for pair in p], stats.uniform.cdf).pvalue > 0.01
    # At the level p itself the pair is on the border of the rule.
    for first, second in p[:50]:
        a = guarded(first, second)
        if a < 0.7:
            assert min(first / (a / 2), first * second / (a / 2 / np.log(2 / a))) == pytest.approx(1, rel=ROUNDING)
    assert guarded(0.025, 1.0) == pytest.approx(0.05)


def test_sets_have_open_ends_and_pieces():
    found = accepted(lambda v: float(abs(v - 0.1) < 0.3), 0.1, -2, 1, 0.05)
    assert (found.low, found.high) == pytest.approx((-0.2, 0.4), abs=2e-3)
    assert found.pieces == 1
    assert accepted(lambda v: float(v < 0.31), 0, -2, 1, 0.05).low == -np.inf
    assert accepted(lambda v: 1.0, 0, -2, 1, 0.05)[:2] == (-np.inf, np.inf)
    assert accepted(lambda v: float(abs(v) > 0.5), 0, -2, 1, 0.05).pieces == 2
    assert np.isnan(accepted(lambda v: 0.0, 0, -2, 1, 0.05).low)


@pytest.mark.parametrize("lag", [False, True])
def test_draws_of_score_and_F_are_those_of_the_exact_tests(lag):
    """Without space, rotated F has the F distribution; all draws are finite in any case."""
    case = (15, 5, True, 0, 0.0, 0.2 * lag)
    sample, levels = drawn(case, 1, drifts=False)
    sample = Sample.of(np.diff(levels[0], axis=0), levels[0, 0], None, sample.W if lag else None, two_way=True)
    found = outcome(Setup.of(sample), 0.0, Normals.draw(sample, 2000, np.random.default_rng(1)))
    for values in found.drawn:
        assert np.isfinite(values).all()
    if not lag:
        # Unequal lengths of eleven vectors, not normal draws: close to F, not equal to it.
        assert found.drawn.F.mean() == pytest.approx(stats.f(sample.dof_between, sample.dof_within).mean(), rel=0.1)
