"""Score tests against R (splm, spdep), spreg, and dense numerical scores."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import spreg
from libpysal.graph import Graph
from libpysal.weights import WSP, WSP2W
from scipy import sparse

import spatialconv as sc
from spatialconv._core.hypotheses import error_components
from spatialconv._core.hypotheses.score_tests import LAMBDA, RHO, scores
from spatialconv._core.likelihood.effects import projection
from spatialconv._core.likelihood.likelihood import lag
from spatialconv.models.hypotheses.diagnostics import bsk_tests, durbin_score, lm_tests
from tests.brute import Case
from tests.brute_scores import Scores, gradient, null_estimates, score_test
from tests.terminal import plain_repr
from tests.tolerances import DIFFERENCES, EXACT, OPTIM, REFERENCE, ROUNDING, SD_OF_1000
from tests.unit.models.test_splm import data

HERE = Path(__file__).parents[3] / "reference" / "splm_tests"
MODELS = {"pooling": "none", "within_individual": "region", "within_time": "time", "within_twoways": "two-way"}
SPLM_NAMES = {"lml": "LM lag", "lme": "LM error", "rlml": "robust LM lag", "rlme": "robust LM error"}
SPDEP_NAMES = {"LMlag": "LM lag", "LMerr": "LM error", "RLMlag": "robust LM lag", "RLMerr": "robust LM error"}


@cache
def reference() -> dict:
    return json.loads((HERE / "reference.json").read_text())


@cache
def cross_section() -> tuple[sc.Panel, Graph, pd.DataFrame, np.ndarray]:
    frame = pd.read_csv(HERE / "cross_section.csv").assign(year=2009)
    w = data("us_income")[1]
    W = sc.weights.align(w, frame.id).matrix.toarray()
    return sc.Panel(frame, region="id", period="year"), w, frame, W


def arrays(seed: int = 3, T: int = 5, N: int = 7, K: int = 2, row: bool = True):
    g = np.random.default_rng(seed)
    W = g.random((N, N)) * (g.random((N, N)) < 0.6)
    np.fill_diagonal(W, 0.0)
    W[0, 1] = 0.4
    if row:
        W[W.sum(axis=1) == 0, 0] = 1.0
        W[0, 0] = 0.0
        W /= W.sum(axis=1, keepdims=True)
    X = g.standard_normal((T, N, K))
    y = 2 + X @ np.ones(K) + g.standard_normal(N) + g.standard_normal((T, 1)) + g.standard_normal((T, N))
    return y, X, W


def small_panel(y: np.ndarray, X: np.ndarray, W: np.ndarray, standardise: str = "none") -> tuple[sc.Panel, Graph]:
    T, N, K = X.shape
    labels = [f"r{i}" for i in range(N)]
    frame = pd.DataFrame({"i": np.tile(labels, T), "t": np.repeat(np.arange(T), N), "y": y.ravel()})
    for k in range(K):
        frame[f"x{k}"] = X[:, :, k].ravel()
    w = sc.weights.from_matrix(W, regions=labels, standardise=standardise)
    return sc.Panel(frame, region="i", period="t"), w


# ------------------------------------------------------------------ R


@pytest.mark.parametrize("name", ["munnell", "us_income"])
@pytest.mark.parametrize("model", MODELS)
class TestAgainstSplm:
    def test_statistics(self, name, model):
        """splm's constants and its order of operations; p too."""
        panel, w, y, x = data(name)
        ours = lm_tests(panel, y, x, w, effects=MODELS[model], correction="splm" if model != "pooling" else "none")
        for short, long in SPLM_NAMES.items():
            ref = reference()[name]["tests"][f"slmtest_{model}_{short}"]
            assert ours[long].statistic == pytest.approx(ref["statistic"], rel=ROUNDING)
            # p of a statistic of 1400 is 1e-309: a relative error is multiplied by the statistic.
            assert ours[long].p_value == pytest.approx(ref["p_value"], rel=1e-4)
            assert ours[long].df == ref["df"]

    def test_direct_approach_removes_the_mean_that_splm_leaves_in(self, name, model):
        """LM error is the same; LM lag differs where the mean over regions is taken out."""
        panel, w, y, x = data(name)
        ours = lm_tests(panel, y, x, w, effects=MODELS[model], correction="none")
        ref = {s: reference()[name]["tests"][f"slmtest_{model}_{s}"]["statistic"] for s in SPLM_NAMES}
        assert ours["LM error"].statistic == pytest.approx(ref["lme"], rel=ROUNDING)
        gap = ours["LM lag"].statistic / ref["lml"] - 1
        if model in ("pooling", "within_individual"):
            assert abs(gap) < ROUNDING
        else:
            assert 1e-4 < gap < 2e-3


@pytest.mark.parametrize("name", ["munnell", "us_income"])
def test_lee_yu_takes_one_period_off_under_region_effects(name):
    panel, w, y, x = data(name)
    T = panel.n_periods
    direct, exact = (lm_tests(panel, y, x, w, effects="region", correction=c).table.statistic for c in ("none", "auto"))
    np.testing.assert_allclose(exact, direct * (T - 1) / T, rtol=ROUNDING)


@pytest.mark.parametrize(
    ("key", "x"), [("cross_section", ["ln_initial"]), ("cross_section_south", ["ln_initial", "south"])]
)
def test_one_period_is_the_cross_section_of_spdep(key, x):
    panel, w, _, _ = cross_section()
    ours = lm_tests(panel, "growth", x, w, effects="none")
    ref = reference()[key]["lm_tests"]
    for short, long in (SPDEP_NAMES | {"SARMA": "LM lag and error"}).items():
        assert ours[long].statistic == pytest.approx(ref[short]["statistic"], rel=ROUNDING)
        assert ours[long].p_value == pytest.approx(ref[short]["p_value"], rel=ROUNDING)
        assert ours[long].df == ref[short]["df"]


# spreg takes eigenvalues of an unsymmetric matrix, which rounding may make complex.
@pytest.mark.filterwarnings("ignore:Casting complex values")
@pytest.mark.filterwarnings("ignore:The inplace keyword")
@pytest.mark.parametrize("x", [["ln_initial"], ["ln_initial", "south"]])
def test_durbin_score_against_spreg(x):
    panel, w, frame, W = cross_section()
    old = WSP2W(WSP(sparse.csr_matrix(W)), silence_warnings=True)
    ols = spreg.OLS(frame[["growth"]].to_numpy(), frame[x].to_numpy(), old, name_y="g", name_x=x, spat_diag=False)
    theirs = spreg.LMtests(ols, old)
    ours = durbin_score(panel, "growth", x, w, effects="none")
    pairs = {
        "RS lag": theirs.lml,
        "adjusted RS lag": theirs.rlmdurlag,
        "RS WX": theirs.lmwx,
        "adjusted RS WX": theirs.rlmwx,
        "RS lag and WX": theirs.lmspdurbin,
        "RS error": theirs.lme,
        "RS error and WX": theirs.lmslxerr,
    }
    for name, (statistic, p) in pairs.items():
        assert ours[name].statistic == pytest.approx(float(np.squeeze(statistic)), rel=ROUNDING), name
        assert ours[name].p_value == pytest.approx(float(np.squeeze(p)), rel=ROUNDING), name


# ------------------------------------------------------------------ brute force

APPROACHES = [("none", "none")] + [(e, c) for e in ("region", "time", "two-way") for c in ("none", "lee-yu")]


# The transformed lag model needs rows that sum to one; its error scores are tested below for any.
CASES = [
    (e, c, weights)
    for e, c in APPROACHES
    for weights in ("row", "two", "loose")
    if not (weights == "loose" and c == "lee-yu" and e in ("time", "two-way"))
]


@pytest.mark.parametrize(("effects", "correction", "weights"), CASES)
class TestAgainstNumericalScores:
    """The scores are numerical gradients of a dense log-density, the information that of its moments, effects are
    dummies or explicit transformations. Nothing is concentrated out by hand."""

    def setup(self, effects, correction, weights):
        y, X, W = arrays(row=weights != "loose")
        M = arrays(seed=9)[2] if weights == "two" else W
        if effects == "none":
            X = np.concatenate([np.ones((*y.shape, 1)), X], axis=2)
        T, N, K = X.shape
        WX = np.einsum("ij,tjk->tik", W, X[:, :, -2:])
        P = projection(effects, T, N, lee_yu=correction == "lee-yu")
        ours = scores(y, X, P, W=sparse.csr_array(W), M=sparse.csr_array(M), Z=WX)
        case = Case(y, np.concatenate([X, WX], axis=2), W, M, "sarar", effects, correction)
        base = null_estimates(Case(y, X, W, M, "sarar", effects, correction))
        theta = np.concatenate([base[:K], [0.0, 0.0], base[K:]])
        return ours, case, theta, K

    def test_every_statistic(self, effects, correction, weights):
        ours, case, theta, K = self.setup(effects, correction, weights)
        at = {RHO: K + 2, LAMBDA: K + 3, 2: K, 3: K + 1}
        nuisance = [*range(K), K + 4]
        brute = Scores(case, theta)
        groups = [[RHO], [LAMBDA], [RHO, LAMBDA], [2, 3], [RHO, 2, 3], [LAMBDA, 2, 3]]
        for tested in groups:
            expected = brute.test([at[k] for k in tested], nuisance)
            assert ours.test(tested).statistic == pytest.approx(expected, rel=DIFFERENCES)
            assert ours.test(tested).df == len(tested)
        for tested, other in (([RHO], [LAMBDA]), ([LAMBDA], [RHO]), ([RHO], [2, 3]), ([2, 3], [RHO])):
            expected = brute.test([at[k] for k in tested], [*nuisance, *(at[k] for k in other)])
            assert ours.robust(tested, other).statistic == pytest.approx(expected, rel=DIFFERENCES)

    def test_the_null_is_at_its_maximum(self, effects, correction, weights):
        """Otherwise the scores above would be those of another point."""
        _, case, theta, K = self.setup(effects, correction, weights)
        slopes = gradient(case, theta)
        nuisance = [*range(K), *range(K + 4, len(theta))]
        np.testing.assert_allclose(slopes[nuisance], 0, atol=1e-6)


@pytest.mark.parametrize("effects", ["time", "two-way"])
def test_error_scores_of_transformed_data_for_any_weights(effects):
    """Rows need not sum to one: transformed by F the data are noise under the null, and F'WF is what it is."""
    y, X, W = arrays(row=False)
    T, N, K = X.shape
    ours = scores(y, X, projection(effects, T, N, lee_yu=True), W=sparse.csr_array(W), M=sparse.csr_array(W))
    case = Case(y, X, W, W, "error", effects, "lee-yu")
    expected = score_test(case, null_estimates(case), [K], [*range(K), K + 1])
    assert ours.test([LAMBDA]).statistic == pytest.approx(expected, rel=DIFFERENCES)


class TestErrorComponents:
    @pytest.mark.parametrize("name", ["munnell", "us_income"])
    def test_splm(self, name):
        panel, w, y, x = data(name)
        ours = bsk_tests(panel, y, x, w, alternative="greater")
        ref = {k.removeprefix("bsktest_"): v for k, v in reference()[name]["tests"].items() if k.startswith("bsk")}
        for short in ("LM1", "LM2", "SLM1"):
            assert ours[short].statistic == pytest.approx(ref[short]["statistic"], rel=REFERENCE)
            # splm prints 2 (1 - Phi(z)); a variance can only be positive, a lambda was asked to be.
            assert ours[short].p_value == pytest.approx(ref[short]["p_value"] / 2, rel=1e-6)
        assert ours["LM-H"].statistic == pytest.approx(ref["LMH"]["statistic"], rel=REFERENCE)
        # splm prints a root without its sign.
        assert abs(ours["CLM mu"].statistic) == pytest.approx(ref["CLMmu"]["statistic"], rel=OPTIM)
        if name == "munnell":
            assert ours["CLM lambda"].statistic == pytest.approx(ref["CLMlambda"]["statistic"], rel=OPTIM)
        else:
            assert ours["CLM mu"].statistic < 0

    def test_splm_mixes_estimators_where_effects_are_negative(self):
        """splm: residuals of the bounded estimator (least squares), variances of the unbounded one. Ours: one."""
        panel, w, y, x = data("us_income")
        Y, X, W = self.arrays(panel, w, y, x)
        T, N = Y.shape
        b = np.linalg.lstsq(X.reshape(T * N, -1), Y.ravel(), rcond=None)[0]
        u = Y - X @ b
        mean = u.mean(axis=0)
        mixed = error_components.RandomEffects(b, ((u - mean) ** 2).sum() / (N * (T - 1)), T * (mean**2).sum() / N, u)
        ref = reference()["us_income"]["tests"]["bsktest_CLMlambda"]["statistic"]
        assert error_components.conditional_lambda(mixed, W) == pytest.approx(ref, rel=OPTIM)
        ours = bsk_tests(panel, y, x, w)
        assert ours["CLM lambda"].statistic == pytest.approx(11.5344988, rel=1e-6)
        assert any("negatively correlated within regions" in note for note in ours.notes)

    @staticmethod
    def arrays(panel, w, y, x):
        X = np.stack([np.ones_like(panel.values(y)), *(panel.values(name) for name in x)], axis=2)
        return panel.values(y), X, sc.weights.align(w, panel.regions).matrix

    @pytest.mark.parametrize("name", ["munnell", "us_income"])
    def test_standardised_error_statistic_needs_the_symmetric_part(self, name):
        """splm puts the asymmetric W into moments that hold for symmetric matrices; the dense algebra shows both."""
        panel, w, y, x = data(name)
        Y, X, W = self.arrays(panel, w, y, x)
        n = Y.size
        Q = np.linalg.qr(X.reshape(n, -1))[0]
        R = np.eye(n) - Q @ Q.T
        u, m = R @ Y.ravel(), n - Q.shape[1]
        A = np.kron(np.eye(len(Y)), W.toarray())

        def standardised(S):
            SR = S @ R
            first, second = np.trace(SR), np.sum(SR * SR.T)
            return (u @ A @ u / (u @ u) - first / m) / np.sqrt(2 * (m * second - first**2) / (m**2 * (m + 2)))

        ref = reference()[name]["tests"]["bsktest_SLM2"]["statistic"]
        assert standardised(A) == pytest.approx(ref, rel=ROUNDING)
        ours = bsk_tests(panel, y, x, w)["SLM2"].statistic
        assert ours == pytest.approx(standardised((A + A.T) / 2), rel=ROUNDING)
        assert ours < 0.97 * ref

    def test_exact_moments_by_simulation(self):
        """SLM1 and SLM2 of normal noise have mean 0 and variance 1, to five standard errors of 2000 draws."""
        _, X, W = arrays(N=9, T=4)
        X = np.concatenate([np.ones((4, 9, 1)), X], axis=2)
        g = np.random.default_rng(0)
        W = sparse.csr_array(arrays(N=9, T=4)[2])
        draws = [error_components.marginal(g.standard_normal((4, 9)), X, W) for _ in range(2000)]
        Z = np.array([(d.mu_standardised, d.lam_standardised) for d in draws])
        np.testing.assert_allclose(Z.mean(axis=0), 0, atol=5 / np.sqrt(2000))
        np.testing.assert_allclose(Z.std(axis=0), 1, atol=SD_OF_1000)
        plain = np.array([(d.mu, d.lam) for d in draws])
        assert (np.abs(plain.mean(axis=0)) > 0.1).all()

    def cases(self):
        y, X, W = arrays()
        X = np.concatenate([np.ones((*y.shape, 1)), X], axis=2)
        return y, X, W, Case(y, X, W, W, "error", "random", "none", "bsk")

    def test_marginal_against_numerical_scores(self):
        y, X, W, case = self.cases()
        K = X.shape[2]
        base = null_estimates(Case(y, X, W, W, "none", "none", "none"))
        theta = np.concatenate([base[:K], [0.0, 0.0], base[K:]])
        found = error_components.marginal(y, X, sparse.csr_array(W))
        slopes, nuisance = gradient(case, theta), [*range(K), K + 2]
        for ours, place in ((found.lam, K), (found.mu, K + 1)):
            assert ours**2 == pytest.approx(score_test(case, theta, [place], nuisance), rel=DIFFERENCES)
            assert np.sign(ours) == np.sign(slopes[place])
        joint = score_test(case, theta, [K, K + 1], nuisance)
        assert found.lam**2 + found.mu**2 == pytest.approx(joint, rel=DIFFERENCES)

    def test_conditional_lambda_against_numerical_scores(self):
        y, X, W, case = self.cases()
        K = X.shape[2]
        fit = error_components.random_effects(y, X)
        phi = (fit.s2_one / fit.s2_v - 1) / len(y)
        theta = np.concatenate([fit.beta, [0.0, phi, fit.s2_v]])
        slopes = gradient(case, theta)
        np.testing.assert_allclose(slopes[[*range(K), K + 1, K + 2]], 0, atol=1e-6)
        ours = error_components.conditional_lambda(fit, sparse.csr_array(W))
        expected = score_test(case, theta, [K], [*range(K), K + 1, K + 2])
        assert ours**2 == pytest.approx(expected, rel=DIFFERENCES)
        assert np.sign(ours) == np.sign(slopes[K])

    def test_conditional_mu_against_numerical_scores(self):
        y, X, W, case = self.cases()
        K = X.shape[2]
        panel, w = small_panel(y, X[:, :, 1:], W)
        fit = sc.fit_panel(panel, "y", ["x0", "x1"], w, spatial="error", effects="none")
        theta = np.concatenate([fit.params[list(fit.design.names)], [fit.lambda_, 0.0, fit.sigma2]])
        slopes = gradient(case, theta)
        np.testing.assert_allclose(slopes[[*range(K), K, K + 2]], 0, atol=1e-5)
        ours = bsk_tests(panel, "y", ["x0", "x1"], w)["CLM mu"].statistic
        assert ours**2 == pytest.approx(score_test(case, theta, [K + 1], [*range(K), K, K + 2]), rel=DIFFERENCES)
        assert np.sign(ours) == np.sign(slopes[K + 1])

    def test_random_effects_against_a_grid(self):
        """The one-parameter likelihood has its global maximum where the root search says, for any share of effects."""
        y, X, _ = arrays(seed=5, T=6, N=8)
        T, N, K = X.shape
        for scale in (0.0, 3.0):
            outcome = y - y.mean(axis=0) + scale * np.arange(N)
            fit = error_components.random_effects(outcome, X)
            values = []
            for log_ratio in np.linspace(-8, 6, 1401):
                root = np.exp(log_ratio / 2)
                bar = lambda Z, r=root: Z - (1 - r) * Z.mean(axis=0)  # noqa: E731
                flat = bar(X).reshape(T * N, K)
                e = bar(outcome).ravel()
                e = e - flat @ np.linalg.lstsq(flat, e, rcond=None)[0]
                values.append(N / 2 * log_ratio - N * T / 2 * np.log(e @ e))
            best = np.linspace(-8, 6, 1401)[int(np.argmax(values))]
            assert np.log(fit.s2_v / fit.s2_one) == pytest.approx(best, abs=0.011) or best == 6


class TestAlternatives:
    def test_two_sided_p_of_negative_dependence(self):
        """splm's p of a negative root exceeds one; a two-sided p is small on both sides."""
        g = np.random.default_rng(4)
        W = np.roll(np.eye(20), 1, axis=1) / 2 + np.roll(np.eye(20), -1, axis=1) / 2
        u = np.linalg.solve(np.eye(20) + 0.8 * W, g.standard_normal((6, 20)).T).T
        X = g.standard_normal((6, 20, 1))
        panel, w = small_panel(u + X[..., 0], X, W)
        two, greater, less = (
            bsk_tests(panel, "y", "x0", w, alternative=a)["LM2"] for a in ("two-sided", "greater", "less")
        )
        assert two.statistic < -3
        assert two.p_value == pytest.approx(2 * less.p_value, rel=EXACT)
        assert greater.p_value == pytest.approx(1 - less.p_value, rel=EXACT)

    def test_joint_test_counts_only_what_the_alternative_allows(self):
        panel, w, y, x = data("us_income")
        two, one = (bsk_tests(panel, y, x, w, alternative=a) for a in ("two-sided", "greater"))
        assert two["LM1"].statistic < 0
        assert two["LM-H"].statistic == pytest.approx(two["LM2"].statistic ** 2, rel=EXACT)
        assert two["LM-H"].distribution == "0.5 chi2(1) + 0.5 chi2(2)"
        assert one["LM-H"].distribution == "0.25 chi2(0) + 0.5 chi2(1) + 0.25 chi2(2)"
        less = bsk_tests(panel, y, x, w, alternative="less")["LM-H"]
        assert less.statistic == 0
        assert less.p_value == 1

    def test_critical_values_of_the_mixture(self):
        """Baltagi, Song and Koh below (2.20), at 1, 5 and 10 per cent (4.231 is printed with two digits transposed)."""
        from spatialconv.models.hypotheses.components import _joint

        for value, level in ((7.289, 0.01), (4.231, 0.05), (2.952, 0.10)):
            found = _joint(error_components.Marginal(np.sqrt(value), -1.0, 0.0, 0.0), "greater")
            assert found.p_value == pytest.approx(level, abs=5e-5)


# ------------------------------------------------------------------ properties


class TestProperties:
    def statistics(self, panel, w, **options):
        return np.concatenate(
            [f(panel, "y", ["x0", "x1"], w, **options).table.statistic for f in (lm_tests, durbin_score)]
        )

    @pytest.mark.parametrize("effects", ["none", "region", "time", "two-way"])
    def test_invariances(self, effects):
        y, X, W = arrays()
        panel, w = small_panel(y, X, W)
        base = self.statistics(panel, w, effects=effects)
        turned = sc.Panel(panel.frame.sample(frac=1, random_state=1), region="i", period="t")
        np.testing.assert_allclose(self.statistics(turned, w, effects=effects), base, rtol=ROUNDING)
        scaled, _ = small_panel(1e3 * y, 1e-2 * X, W)
        np.testing.assert_allclose(self.statistics(scaled, w, effects=effects), base, rtol=ROUNDING)
        if effects in ("time", "two-way"):
            shifted, _ = small_panel(y + 50 * np.arange(len(y))[:, None], X, W)
            np.testing.assert_allclose(self.statistics(shifted, w, effects=effects), base, rtol=1e-7)
        _, wide = small_panel(y, X, 3 * W)
        if effects in ("none", "region"):
            np.testing.assert_allclose(self.statistics(panel, wide, effects=effects), base, rtol=ROUNDING)

    def test_identities(self):
        y, X, W = arrays()
        panel, w = small_panel(y, X, W)
        lm, rs = (f(panel, "y", ["x0", "x1"], w, effects="region") for f in (lm_tests, durbin_score))
        assert lm["LM lag and error"].statistic == pytest.approx(
            lm["LM error"].statistic + lm["robust LM lag"].statistic, rel=ROUNDING
        )
        assert rs["RS lag"].statistic == pytest.approx(lm["LM lag"].statistic, rel=EXACT)
        joint = rs["RS lag and WX"].statistic
        assert joint == pytest.approx(rs["RS lag"].statistic + rs["adjusted RS WX"].statistic, rel=ROUNDING)
        assert joint == pytest.approx(rs["RS WX"].statistic + rs["adjusted RS lag"].statistic, rel=ROUNDING)
        assert rs["RS error and WX"].statistic == pytest.approx(
            rs["RS error"].statistic + rs["RS WX"].statistic, rel=ROUNDING
        )

    def test_slx_among_the_regressors(self):
        """With `durbin` the lagged regressors are given: the same as naming them by hand."""
        y, X, W = arrays()
        panel, w = small_panel(y, X, W)
        WX = lag(sparse.csr_array(W), X)
        by_hand, _ = small_panel(y, np.concatenate([X, WX], axis=2), W)
        ours = lm_tests(panel, "y", ["x0", "x1"], w, effects="time", durbin=True)
        theirs = lm_tests(by_hand, "y", ["x0", "x1", "x2", "x3"], w, effects="time")
        np.testing.assert_allclose(ours.table.statistic, theirs.table.statistic, rtol=ROUNDING)

    @pytest.mark.parametrize("effects", ["none", "region", "two-way", "random"])
    def test_of_a_fit(self, effects):
        y, X, W = arrays()
        panel, w = small_panel(y, X, W)
        fit = sc.fit_panel(panel, "y", ["x0", "x1"], w, effects=effects)
        fixed = "none" if effects == "random" else effects
        expected = lm_tests(panel, "y", ["x0", "x1"], w, effects=fixed).table.statistic
        np.testing.assert_allclose(lm_tests(fit).table.statistic, expected, rtol=ROUNDING)
        other = lm_tests(panel, "y", ["x0", "x1"], w, effects="region", correction="none").table.statistic
        again = lm_tests(fit, effects="region", correction="none").table.statistic
        np.testing.assert_allclose(again, other, rtol=ROUNDING)
        assert any("random effects are left" in n for n in lm_tests(fit).notes) == (effects == "random")

    def test_inputs_are_left_alone(self):
        y, X, W = arrays()
        panel, w = small_panel(y, X, W)
        before, links = panel.frame, w.sparse.copy()
        self.statistics(panel, w, effects="two-way")
        bsk_tests(panel, "y", ["x0", "x1"], w)
        pd.testing.assert_frame_equal(panel.frame, before)
        assert (w.sparse != links).nnz == 0


class TestBadInput:
    def panel(self):
        y, X, W = arrays()
        return (*small_panel(y, X, W), (y, X, W))

    @pytest.mark.parametrize(
        ("arguments", "options", "error", "message"),
        [
            (("y", None, "w"), {}, sc.errors.OptionError, "need its outcome y and its regressors x"),
            (("y", "x0", None), {}, sc.errors.OptionError, "need spatial weights"),
            (("y", "x0", "w"), {"effects": "random"}, sc.errors.OptionError, "effects must be one of"),
            (("y", "x0", "w"), {"correction": "best"}, sc.errors.OptionError, "correction must be one of"),
            (
                ("y", "x0", "w"),
                {"effects": "none", "correction": "lee-yu"},
                sc.errors.UnsupportedModelError,
                "no theory",
            ),
            (("y", "x9", "w"), {}, sc.errors.VariableError, "no variable 'x9'"),
            (("y", "x0", "w"), {"durbin": "x1"}, sc.errors.OptionError, "durbin names 'x1'"),
        ],
    )
    def test_lm_tests(self, arguments, options, error, message):
        panel, w, _ = self.panel()
        y, x, weights = arguments
        with pytest.raises(error, match=message):
            lm_tests(panel, y, x, w if weights == "w" else None, **options)

    def test_what_is_there_already_is_not_tested(self):
        panel, w, (_, X, W) = self.panel()
        slx = sc.fit_panel(panel, "y", ["x0", "x1"], w, spatial="none", durbin=True, effects="region")
        with pytest.raises(sc.errors.OptionError, match="W x of 2: 'x0', 'x1' is among the regressors"):
            durbin_score(slx)
        spanned = panel.assign(z=lag(sparse.csr_array(W), X)[:, :, 0].ravel())
        with pytest.raises(sc.errors.SingularDesignError, match="collinear: 'W:x0'"):
            durbin_score(spanned, "y", ["x0", "z"], w, effects="region", durbin="x0")

    def test_fit_brings_its_own_regressors(self):
        panel, w, _ = self.panel()
        fit = sc.fit_panel(panel, "y", "x0", spatial="none", effects="region")
        with pytest.raises(sc.errors.OptionError, match="leave y and x out"):
            lm_tests(fit, "y", "x0", w)
        with pytest.raises(sc.errors.OptionError, match="fitted without spatial weights"):
            lm_tests(fit)
        with pytest.raises(sc.errors.OptionError, match="must be a fitted model"):
            lm_tests({"not": "a panel"}, w=w)

    def test_nothing_to_test(self):
        panel, _, (_, X, W) = self.panel()
        empty = sc.weights.from_matrix(0 * W, regions=list(panel.regions), standardise="none")
        with pytest.raises(sc.errors.WeightsError, match="no link among the 7 regions"):
            lm_tests(panel, "y", "x0", empty)
        exact, w = small_panel(X[:, :, 0] * 2, X, W)
        with pytest.raises(sc.errors.OptimisationError, match="explain the outcome perfectly"):
            lm_tests(exact, "y", "x0", w)

    def test_bsk_needs_two_periods(self):
        panel, w, _, _ = cross_section()
        with pytest.raises(sc.errors.ModelError, match="at least two periods"):
            bsk_tests(panel, "growth", "ln_initial", w)
        with pytest.raises(sc.errors.OptionError, match="alternative must be one of"):
            bsk_tests(panel, "growth", "ln_initial", w, alternative="positive")


def test_words_and_reprs():
    panel, w, y, x = data("munnell")
    tests = lm_tests(panel, y, x, w)
    assert plain_repr(tests).splitlines()[:2] == [
        "Score tests for spatial dependence in log(gsp): 48 regions x 17 periods, two-way effects, "
        "Lee-Yu transformation",
        "  LM lag: chi2(1) = 73.5027, p < 0.001",
    ]
    assert len(plain_repr(tests).splitlines()) == 6
    assert len(plain_repr(bsk_tests(panel, y, x, w)).splitlines()) == 8
    for test in (*tests, *durbin_score(panel, y, x, w), *bsk_tests(panel, y, x, w)):
        assert len(test.null) > 15
        assert len(test.alternative) > 10
    assert list(tests.table.columns)[:3] == ["statistic", "df", "p_value"]
    assert tests.to_dict()["provenance"]["options"]["correction"] == "lee-yu"
    assert tests.glance().loc[0, "applicable"] == len(tests) == 5
    assert "<table" in tests._repr_html_()
    with pytest.raises(sc.errors.OptionError, match="no test 'LM'; there are 5"):
        tests["LM"]
