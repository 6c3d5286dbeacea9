"""Tests between models: nesting, likelihood ratios, Wald, common factor, effects, Hausman, Mundlak."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
import scipy.linalg as la
from scipy import stats
from spreg.diagnostics_sp import comfac_test

import spatialconv as sc
from spatialconv._core.hypotheses import wald_tests
from spatialconv._core.likelihood.likelihood import lag
from spatialconv.models.hypotheses.diagnostics import (
    common_factor_test,
    effects_tests,
    hausman,
    lr_test,
    mundlak_test,
    reduction_tests,
    wald_test,
)
from spatialconv.models.hypotheses.hausman import _common
from tests.brute import Case
from tests.brute_scores import information
from tests.tolerances import DIFFERENCES, EXACT, LOGLIK, OPTIM, ROUNDING
from tests.unit.models.hypotheses.test_score_tests import arrays, reference, small_panel
from tests.unit.models.test_splm import data


@cache
def munnell(**options) -> sc.models.fitted.PanelFit:
    panel, w, y, x = data("munnell")
    return sc.fit_panel(panel, y, x, w, **options)


@cache
def small(x: tuple[str, ...] = ("x0", "x1"), row: bool = True, **options):
    panel, w = small_panel(*arrays(row=row))
    return sc.fit_panel(panel, "y", x, w, **options)


def residuals(y: np.ndarray, X: np.ndarray) -> np.ndarray:
    return y - X @ np.linalg.lstsq(X, y, rcond=None)[0]


# ------------------------------------------------------------------ likelihood ratio

MODELS = {
    "OLS": {"spatial": "none"},
    "SLX": {"spatial": "none", "durbin": True},
    "SAR": {"spatial": "lag"},
    "SEM": {"spatial": "error"},
    "SDM": {"spatial": "lag", "durbin": True},
    "SDEM": {"spatial": "error", "durbin": True},
    "SARAR": {"spatial": "sarar"},
    "GNS": {"spatial": "sarar", "durbin": True},
}
# Which is a special case of which, and by how many restrictions with two regressors.
NESTED = {
    ("OLS", "SLX"): 2,
    ("OLS", "SAR"): 1,
    ("OLS", "SEM"): 1,
    ("OLS", "SDM"): 3,
    ("OLS", "SDEM"): 3,
    ("OLS", "SARAR"): 2,
    ("OLS", "GNS"): 4,
    ("SLX", "SDM"): 1,
    ("SLX", "SDEM"): 1,
    ("SLX", "GNS"): 2,
    ("SAR", "SDM"): 2,
    ("SAR", "SARAR"): 1,
    ("SAR", "GNS"): 3,
    ("SEM", "SDM"): 2,
    ("SEM", "SDEM"): 2,
    ("SEM", "SARAR"): 1,
    ("SEM", "GNS"): 3,
    ("SDM", "GNS"): 1,
    ("SDEM", "GNS"): 1,
    ("SARAR", "GNS"): 2,
}


@pytest.mark.parametrize("effects", ["none", "region", "two-way"])
@pytest.mark.parametrize("one", MODELS)
@pytest.mark.parametrize("other", MODELS)
def test_every_pair_of_spatial_forms(one, other, effects):
    restricted, full = (small(**MODELS[m], effects=effects) for m in (one, other))
    if (one, other) not in NESTED:
        with pytest.raises(sc.errors.ModelError, match="no likelihood ratio of"):
            lr_test(restricted, full)
        return
    found = lr_test(restricted, full)
    assert found.df == NESTED[one, other]
    assert found.statistic == pytest.approx(2 * (full.loglik - restricted.loglik), rel=EXACT)
    assert found.p_value == pytest.approx(stats.chi2.sf(found.statistic, found.df), rel=EXACT)
    assert found.statistic >= 0


EFFECTS_DF = {
    ("none", "region"): 6,
    ("none", "time"): 4,
    ("none", "two-way"): 10,
    ("region", "two-way"): 4,
    ("time", "two-way"): 6,
}


@pytest.mark.parametrize("one", ["none", "region", "time", "two-way"])
@pytest.mark.parametrize("other", ["none", "region", "time", "two-way"])
def test_every_pair_of_effects(one, other):
    """7 regions and 5 periods, direct approach; the intercept stands for one effect."""
    restricted, full = (small(effects=e, correction="none") for e in (one, other))
    if (one, other) in EFFECTS_DF:
        found = lr_test(restricted, full)
        assert found.df == EFFECTS_DF[one, other]
        assert found.null.startswith("no ")
    else:
        with pytest.raises(sc.errors.ModelError, match=r"no special case of|equally many"):
            lr_test(restricted, full)


def test_lr_statistics_of_munnell():
    """Log-likelihoods of splm: SAR against the within regression, and SARAR against SAR."""
    sar, within = (
        munnell(effects="region", correction="none"),
        munnell(spatial="none", effects="region", correction="none"),
    )
    found = lr_test(within, sar)
    assert sar.loglik == pytest.approx(1609.72003, rel=1e-8)
    N, T = 48, 17
    panel, _, y, x = data("munnell")
    demeaned = [panel.values(n) - panel.values(n).mean(axis=0) for n in (y, *x)]
    e = residuals(demeaned[0].ravel(), np.column_stack([d.ravel() for d in demeaned[1:]]))
    loglik = -N * T / 2 * (np.log(2 * np.pi * e @ e / (N * T)) + 1)
    assert found.statistic == pytest.approx(2 * (sar.loglik - loglik), rel=LOGLIK)


class TestRefusals:
    def refuse(self, restricted, full, message):
        with pytest.raises(sc.errors.ModelError, match=message):
            lr_test(restricted, full)

    def test_transformed_and_direct(self):
        direct, exact = (
            small(effects="region", correction=c, spatial=s) for c, s in (("none", "none"), ("lee-yu", "lag"))
        )
        self.refuse(direct, exact, "likelihoods are of different data .*'none' and 'lee-yu'.*correction='none'")

    def test_effects_under_the_transformation(self):
        self.refuse(
            small(effects="region"), small(effects="two-way"), "Lee-Yu transforms the effects away.*effects_tests"
        )

    def test_samples(self):
        panel, w = small_panel(*arrays())
        fewer = sc.fit_panel(panel.subset(periods=[1, 2, 3, 4]), "y", ["x0", "x1"], w, spatial="none", effects="region")
        self.refuse(fewer, small(effects="region"), "samples differ: periods 0 stand in one only")
        other = sc.Panel(panel.frame.iloc[::-1], region="i", period="t")
        turned = sc.fit_panel(other, "y", ["x0", "x1"], w, spatial="none", effects="region")
        self.refuse(turned, small(effects="region"), "regions stand in another order")

    def test_outcomes(self):
        panel, w = small_panel(*arrays())
        other = sc.fit_panel(panel.assign(z=lambda f: f.y + 1), "z", ["x0", "x1"], w, spatial="none", effects="region")
        self.refuse(other, small(effects="region"), "outcomes differ \\('z' and 'y'\\)")

    def test_regressors(self):
        self.refuse(small(x=("x1",), effects="region"), small(x=("x0",), effects="region"), "'x1' of the former")
        partial = small(durbin="x0", effects="region")
        self.refuse(small(spatial="error", effects="region"), partial, "'W:x1'.*needs W x for every regressor")
        # Where W does not leave the constant constant, a Durbin model has W:intercept and holds the error model.
        loose = {"row": False, "effects": "none"}
        assert lr_test(small(spatial="error", **loose), small(durbin=True, **loose)).df == 3
        assert (
            lr_test(
                small(spatial="error", effects="region", row=False), small(durbin=True, effects="region", row=False)
            ).df
            == 2
        )

    def test_weights(self):
        y, X, W = arrays()
        panel, _ = small_panel(y, X, W)
        other = sc.weights.from_matrix(
            np.ones((7, 7)) - np.eye(7), regions=[f"r{i}" for i in range(7)], standardise="row"
        )
        sar = sc.fit_panel(panel, "y", ["x0", "x1"], other, effects="region")
        self.refuse(sar, small(durbin=True, effects="region"), "their spatial weights differ")

    def test_kinds_of_effects(self):
        self.refuse(small(effects="random"), small(effects="region", correction="none"), "hausman\\(\\)")
        kkp, bsk = (
            small(spatial=s, durbin=True, effects="random", random=r) for s, r in (("error", "kkp"), ("sarar", "bsk"))
        )
        self.refuse(kkp, bsk, "inside the error process in one and outside in the other")
        outside = small(spatial="error", effects="random", random="bsk")
        self.refuse(outside, small(durbin=True, effects="random"), "no special case of a spatial lag")

    def test_no_fit(self):
        with pytest.raises(sc.errors.OptionError, match="restricted must be a fitted model"):
            lr_test("SAR", small())


def test_time_constant_regressor_is_spanned_by_region_effects():
    """Nesting is decided by the columns, not by their names."""
    y, X, W = arrays()
    X = np.concatenate([X, np.broadcast_to(np.arange(7.0) ** 2, (5, 7))[..., None]], axis=2)
    panel, w = small_panel(y, X, W)
    pooled = sc.fit_panel(panel, "y", ["x0", "x1", "x2"], w, effects="none")
    region = sc.fit_panel(panel, "y", ["x0", "x1"], w, effects="region", correction="none")
    assert lr_test(pooled, region).df == 5


def test_random_effects_lie_on_the_bound_of_their_variance():
    found = lr_test(small(effects="none"), small(effects="random"))
    assert found.distribution == "0.5 chi2(0) + 0.5 chi2(1)"
    assert found.p_value == pytest.approx(0.5 * stats.chi2.sf(found.statistic, 1), rel=EXACT)
    both = lr_test(small(spatial="none", effects="none"), small(effects="random"))
    assert both.distribution == "0.5 chi2(1) + 0.5 chi2(2)"


def test_result_of_beta_is_taken():
    zj = sc.datasets.zhejiang()
    w = sc.weights.inverse_distance(zj.cities)
    none, lagged = (sc.beta(zj.panel, "exports", w, spatial=s, effects="time") for s in ("none", "lag"))
    assert lr_test(none, lagged).statistic == lr_test(none.fit, lagged.fit).statistic > 0


def test_smaller_likelihood_of_the_larger_model_is_said():
    full, restricted = small(effects="region"), small(spatial="none", effects="region")
    broken = replace(full, estimates=replace(full.estimates, loglik=restricted.loglik - 1))
    found = lr_test(restricted, broken)
    assert np.isnan(found.statistic)
    assert "optimum is not the best" in found.reason


# ------------------------------------------------------------------ Wald


class TestWald:
    def test_one_restriction_is_the_square_of_z(self):
        fit = munnell()
        for name in fit.params.index[:-1]:
            assert wald_test(fit, name).statistic == pytest.approx(fit.tstats[name] ** 2, rel=ROUNDING)
            assert wald_test(fit, name).p_value == pytest.approx(fit.pvalues[name], rel=1e-6)

    def test_matrix(self):
        fit = munnell(durbin=True)
        R = pd.DataFrame([[1.0, 1.0], [0.0, -2.0]], columns=["log(emp)", "W:unemp"])
        b, V = fit.params[R.columns].to_numpy(), fit.cov.loc[R.columns, R.columns].to_numpy()
        d = R.to_numpy() @ b - [1.0, 0.5]
        expected = d @ la.inv(R.to_numpy() @ V @ R.to_numpy().T) @ d
        found = wald_test(fit, R, value=[1.0, 0.5])
        assert found.statistic == pytest.approx(expected, rel=ROUNDING)
        assert found.null == "log(emp) + W:unemp = 1, -2.0000 W:unemp = 0.5"
        assert found.df == 2

    def test_mapping_and_names(self):
        fit = munnell()
        assert wald_test(fit, {"rho": 0.2, "unemp": 0.0}).null == "rho = 0.2, unemp = 0"
        two = wald_test(fit, ["rho", "unemp"], value=[0.2, 0.0])
        assert wald_test(fit, {"rho": 0.2, "unemp": 0.0}).statistic == pytest.approx(two.statistic, rel=EXACT)

    @pytest.mark.parametrize(
        ("restrictions", "message"),
        [
            ("sigma", "no parameter 'sigma'; the model has"),
            ([], "0 restrictions"),
            (["rho", "rho"], "of 2 restrictions only 1 are independent"),
            (pd.DataFrame([[0.0]], columns=["rho"]), "each must name a parameter"),
        ],
    )
    def test_bad(self, restrictions, message):
        with pytest.raises(sc.errors.OptionError, match=message):
            wald_test(munnell(), restrictions)

    def test_parameter_on_its_bound(self):
        y, X, W = arrays()
        panel, w = small_panel(y - y.mean(axis=0), X, W)
        fit = sc.fit_panel(panel, "y", ["x0", "x1"], w, effects="random")
        assert fit.at_bound == ("phi",)
        assert np.isfinite(wald_test(fit, "x0").statistic)
        with pytest.raises(sc.errors.OptionError, match="'phi' has no standard error"):
            wald_test(fit, "phi")

    def test_robust_covariance_is_used(self):
        panel, w, y, x = data("munnell")
        robust = sc.fit_panel(panel, y, x, w, vcov="robust")
        assert wald_test(robust, "rho").statistic == pytest.approx(robust.tstats["rho"] ** 2, rel=ROUNDING)
        assert wald_test(robust, "rho").statistic != pytest.approx(wald_test(munnell(), "rho").statistic, rel=1e-3)


class TestCommonFactor:
    def test_against_spreg(self):
        fit = munnell(durbin=True)
        x = [n for n in fit.design.names if not n.startswith("W:")]
        order = [*x, *(f"W:{n}" for n in x), "rho"]
        b = fit.params[order].to_numpy()[:, None]
        theirs = comfac_test(fit.rho, b[:4], b[4:8], fit.cov.loc[order, order].to_numpy())
        ours = common_factor_test(fit)
        assert ours.statistic == pytest.approx(theirs[0], rel=ROUNDING)
        assert ours.p_value == pytest.approx(theirs[1], rel=ROUNDING)
        assert ours.df == 4

    def test_delta_method_by_differences(self):
        fit = small(durbin=True, effects="region")
        names = list(fit.params.index)

        def g(p):
            v = dict(zip(names, p, strict=True))
            return np.array([v[f"W:{n}"] + v["rho"] * v[n] for n in ("x0", "x1")])

        p = fit.params.to_numpy()
        J = np.column_stack([(g(p + e) - g(p - e)) / 2e-5 for e in 1e-5 * np.eye(len(p))])
        expected = g(p) @ la.solve(J @ fit.cov.to_numpy() @ J.T, g(p))
        assert common_factor_test(fit).statistic == pytest.approx(expected, rel=DIFFERENCES)

    def test_error_data_are_not_rejected_and_lag_data_are(self):
        g = np.random.default_rng(2)
        W = np.roll(np.eye(40), 1, axis=1) / 2 + np.roll(np.eye(40), -1, axis=1) / 2
        X, e = 2 * g.standard_normal((8, 40, 1)), g.standard_normal((8, 40))
        spread = la.inv(np.eye(40) - 0.6 * W).T
        tests = {}
        for name, y in (("error", X[..., 0] + e @ spread), ("lag", (X[..., 0] + e) @ spread)):
            panel, w = small_panel(y, X, W)
            tests[name] = reduction_tests(sc.fit_panel(panel, "y", "x0", w, durbin=True))
        assert tests["error"]["Wald: SEM in SDM"].p_value > 0.05
        assert tests["error"]["LR: SEM in SDM"].p_value > 0.05
        assert tests["error"]["Wald: SAR in SDM"].p_value < 1e-6
        assert tests["lag"]["Wald: SAR in SDM"].p_value > 0.05
        assert tests["lag"]["Wald: SEM in SDM"].p_value < 1e-6
        assert tests["lag"]["LR: SLX in SDM"].p_value < 1e-6

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"durbin": False}, "the model is a SAR; only a spatial Durbin model"),
            ({"durbin": True, "spatial": "sarar"}, "the model is a GNS"),
            ({"durbin": "x1"}, "lacks the spatial lag of 'x0'"),
        ],
    )
    def test_refusals(self, options, message):
        for test in (common_factor_test, reduction_tests):
            with pytest.raises(sc.errors.ModelError, match=message):
                test(small(effects="region", **options))

    @pytest.mark.parametrize("effects", ["none", "region", "time", "two-way", "random"])
    def test_reductions_are_what_fitting_by_hand_gives(self, effects):
        found = reduction_tests(small(durbin=True, effects=effects))
        sdm = small(durbin=True, effects=effects)
        for name, options in (("SAR", {}), ("SEM", {"spatial": "error"}), ("SLX", {"spatial": "none", "durbin": True})):
            by_hand = lr_test(small(effects=effects, **options), sdm)
            assert found[f"LR: {name} in SDM"].statistic == pytest.approx(by_hand.statistic, rel=OPTIM, abs=1e-9)
        assert found["Wald: SAR in SDM"].statistic == wald_test(sdm, ["W:x0", "W:x1"]).statistic

    def test_error_model_that_the_weights_forbid(self):
        found = reduction_tests(small(durbin=True, effects="time", correction="none", row=False))["LR: SEM in SDM"]
        assert np.isnan(found.statistic)
        assert "row-standardised" in found.reason


# ------------------------------------------------------------------ effects


class TestEffects:
    @pytest.mark.parametrize("spatial", ["none", "lag", "error", "sarar"])
    def test_f_against_dummies(self, spatial):
        """The F test of the dummies, on the data filtered at the same rho and lambda."""
        y, X, W = arrays(T=6, N=9)
        panel, w = small_panel(y, X, W)
        fit = sc.fit_panel(panel, "y", ["x0", "x1"], w, spatial=spatial)
        rho, lam = (0.0 if np.isnan(v) else v for v in (fit.rho, fit.lambda_))
        W = sc.weights.align(w, panel.regions).matrix
        v = y - rho * lag(W, y)
        v, Z = v - lam * lag(W, v), X - lam * lag(W, X)
        region, time = np.tile(np.eye(9), (6, 1)), np.repeat(np.eye(6), 9, axis=0)
        base = Z.reshape(54, 2)
        full = residuals(v.ravel(), np.hstack([base, region, time[:, 1:]]))
        rest = 54 - 2 - 14
        ours = effects_tests(panel, "y", ["x0", "x1"], w, spatial=spatial)
        restricted = {
            "region effects": np.hstack([base, time]),
            "time effects": np.hstack([base, region]),
            "region and time effects": np.hstack([base, np.ones((54, 1))]),
        }
        for name, columns in restricted.items():
            small_model = residuals(v.ravel(), columns)
            q = 16 - columns.shape[1]
            value = (small_model @ small_model - full @ full) / q / (full @ full / rest)
            assert ours[name].statistic == pytest.approx(value, rel=ROUNDING)
            assert ours[name].p_value == pytest.approx(stats.f.sf(value, q, rest), rel=1e-6)
            assert ours[name].distribution == f"F({q}, {rest})"

    def test_lr(self):
        panel, w, y, x = data("munnell")
        ours = effects_tests(panel, y, x, w, spatial="lag", statistic="LR")
        full = munnell(correction="none")
        for name, effects, df in (("region effects", "time", 47), ("time effects", "region", 16)):
            expected = lr_test(munnell(effects=effects, correction="none"), full)
            assert ours[name].statistic == pytest.approx(expected.statistic, rel=LOGLIK)
            assert ours[name].df == expected.df == df
        assert ours["region and time effects"].df == 63

    def test_bad(self):
        panel, w, y, x = data("munnell")
        with pytest.raises(sc.errors.ModelError, match="at least two periods"):
            effects_tests(panel.subset(periods=[1986]), y, x, w)
        with pytest.raises(sc.errors.OptionError, match="statistic must be one of"):
            effects_tests(panel, y, x, w, statistic="t")


# ------------------------------------------------------------------ Hausman

SPHTEST = {
    "sphtest_lag": ("sar", "sar"),
    "sphtest_error_BSK": ("sem", "sem_b"),
    "sphtest_error_KKP": ("sem", "sem_kkp"),
    "sphtest_sarar_BSK": ("sarar", "sarar_b"),
    "sphtest_sarar_KKP": ("sarar", "sarar_kkp"),
}


class TestHausman:
    @pytest.mark.parametrize("name", ["munnell", "us_income"])
    @pytest.mark.parametrize("test", SPHTEST)
    def test_quadratic_form_of_splm(self, name, test):
        """From splm's own estimates: its figure is the absolute value of ours, and the sign is told."""
        fixed, random = (
            reference()[name]["splm"][p + m]
            for p, m in zip(("within_individual_", "random_"), SPHTEST[test], strict=True)
        )
        terms = [n for n in random["coef"] if n != "(Intercept)"]
        d = np.array([fixed["coef"][n] - random["coef"][n] for n in terms])
        V_f, V_r = (
            np.array(m["vcov"])[np.ix_(*[[m["vcov_names"].index(n) for n in terms]] * 2)] for m in (fixed, random)
        )
        found = wald_tests.hausman(d, V_r, V_f)
        ref = reference()[name]["tests"][test]
        assert abs(found.statistic) == pytest.approx(ref["statistic"], rel=ROUNDING)
        assert found.df == ref["df"]
        negative = np.linalg.eigvalsh(V_f - V_r).min() < 0
        assert found.admissible == (not negative)
        assert np.isnan(found.p_value) == negative
        if test == "sphtest_lag":
            assert found.statistic == pytest.approx({"munnell": -83.0793, "us_income": -11.6752}[name], rel=1e-5)

    @pytest.mark.parametrize("name", ["munnell", "us_income"])
    def test_plm(self, name):
        plm = reference()[name]["plm"]
        fixed, random = plm["within_individual"], plm["random_individual_swar"]
        terms = list(fixed["coef"])
        at = [list(random["coef"]).index(n) for n in terms]
        d = np.array([fixed["coef"][n] - random["coef"][n] for n in terms])
        found = wald_tests.hausman(
            d, np.array(random["vcov"])[np.ix_(at, at)], np.array(fixed["vcov"]).reshape(len(at), -1)
        )
        assert found.statistic == pytest.approx(plm["hausman"]["statistic"], rel=ROUNDING)
        # Even without spatial terms plm's difference has a negative eigenvalue on this panel.
        assert found.admissible == (name == "us_income")

    @pytest.mark.parametrize("spatial", ["none", "lag", "error", "sarar"])
    @pytest.mark.parametrize("random", ["kkp", "bsk"])
    def test_common_covariances_against_dense_information(self, spatial, random):
        """Both from moments of dense densities: the transformed data for one, all data with effects for the other."""
        y, X, W = arrays(T=5, N=7)
        y = y + 2 * np.random.default_rng(8).standard_normal(7)
        panel, w = small_panel(y, X, W)
        fits = [
            sc.fit_panel(panel, "y", ["x0", "x1"], w, spatial=spatial, effects=e, random=random)
            for e in ("region", "random")
        ]
        assert fits[1].at_bound == ()
        V_f, V_r = _common(*fits)
        p = fits[1].params
        at = p[["x0", "x1", *fits[1].params.index.intersection(["rho", "lambda"], sort=False)]].to_numpy()
        within = Case(y, X, W, W, spatial, "region", "lee-yu")
        expected_f = la.inv(information(within, np.append(at, p["sigma2"])))
        np.testing.assert_allclose(V_f, expected_f, rtol=1e-5, atol=1e-9)
        X1 = np.concatenate([np.ones((5, 7, 1)), X], axis=2)
        whole = Case(y, X1, W, W, spatial, "random", "none", random)
        expected_r = la.inv(information(whole, p.to_numpy()))
        np.testing.assert_allclose(V_r, expected_r, rtol=1e-5, atol=1e-9)
        names = V_f.index.intersection(V_r.index)
        assert np.linalg.eigvalsh((V_f - V_r).loc[names, names]).min() > -1e-10

    def test_rank(self):
        """A direction in which the two estimators have the same variance is left out, and counted out."""
        V_r = np.diag([1.0, 2.0, 3.0])
        V_f = V_r + np.outer([1.0, 1.0, 0.0], [1.0, 1.0, 0.0])
        found = wald_tests.hausman(np.array([0.5, 0.5, 0.0]), V_r, V_f)
        assert (found.df, found.admissible) == (1, True)
        assert found.statistic == pytest.approx(0.25, rel=1e-6)
        same = wald_tests.hausman(np.array([0.5, 0.5, 0.0]), V_r, V_r)
        assert (same.df, same.admissible) == (0, False)
        assert np.isnan(same.p_value)

    def test_without_spatial_terms_it_is_mundlak(self):
        """At common variances the contrast of within and random estimates equals the Wald test of the means."""
        panel, _, y, x = data("munnell")
        fixed, random = (munnell(spatial="none", effects=e) for e in ("region", "random"))
        ours = hausman(fixed, random)
        tau = 1 / (1 + 17 * random.params["phi"])
        Z = np.stack([np.ones((17, 48)), *(panel.values(n) for n in x)], axis=2)
        means = np.broadcast_to(Z[:, :, 1:].mean(axis=0), (17, 48, 4))
        Z = np.concatenate([Z, means, panel.values(y)[..., None]], axis=2)
        Z = (Z - (1 - np.sqrt(tau)) * Z.mean(axis=0)).reshape(816, 10)
        XX = Z[:, :9].T @ Z[:, :9]
        b = la.solve(XX, Z[:, :9].T @ Z[:, 9])
        V = random.sigma2 * la.inv(XX)[5:, 5:]
        assert ours.statistic == pytest.approx(b[5:] @ la.solve(V, b[5:]), rel=OPTIM)
        assert ours.df == 4

    def test_indefinite_difference_is_said(self):
        fixed, random = (munnell(effects=e) for e in ("region", "random"))
        plain = hausman(fixed, random, covariance="plain")
        assert np.isnan(plain.statistic)
        assert np.isnan(plain.p_value)
        assert plain.df is None
        assert "indefinite" in plain.reason
        assert "mundlak_test()" in plain.reason
        assert "indefinite" in repr(plain)
        assert hausman(fixed, random).statistic == pytest.approx(58.487688, rel=1e-6)

    def test_options(self):
        fixed, random = (munnell(effects=e) for e in ("region", "random"))
        assert hausman(fixed, random, spatial=True).df == 5
        assert hausman(fixed, random, spatial=True).provenance.options["terms"][-1] == "rho"
        direct = munnell(effects="region", correction="none")
        assert hausman(direct, random).statistic == pytest.approx(hausman(fixed, random).statistic, rel=OPTIM)
        near = hausman(*(munnell(spatial="error", effects=e, random="bsk") for e in ("region", "random")), spatial=True)
        assert any("nearly singular" in note for note in near.notes)

    @pytest.mark.parametrize(
        ("one", "other", "message"),
        [
            ({"effects": "random"}, {"effects": "region"}, "compares effects='region' with effects='random'"),
            ({"effects": "two-way"}, {"effects": "random"}, "Period effects belong in both"),
            ({"effects": "region"}, {"effects": "random", "spatial": "error"}, "differ in spatial"),
            ({"effects": "region", "vcov": "robust"}, {"effects": "random"}, "got 'robust'"),
        ],
    )
    def test_refusals(self, one, other, message):
        with pytest.raises(sc.errors.ModelError, match=message):
            hausman(small(**one), small(**other))

    def test_correlated_effects_are_found(self):
        g = np.random.default_rng(3)
        W = np.roll(np.eye(30), 1, axis=1) / 2 + np.roll(np.eye(30), -1, axis=1) / 2
        mu = g.standard_normal(30)
        noise = g.standard_normal((6, 30))
        x = g.standard_normal((6, 30)) + 0.5 * g.standard_normal(30)
        p = {}
        for name, column in (("correlated", x + mu), ("not", x)):
            y = (column + mu + noise) @ la.inv(np.eye(30) - 0.4 * W).T
            panel, w = small_panel(y, column[..., None], W)
            fixed, random = (sc.fit_panel(panel, "y", "x0", w, effects=e) for e in ("region", "random"))
            tests = hausman(fixed, random), mundlak_test(fixed), mundlak_test(random)
            p[name] = [t.p_value for t in tests]
            assert tests[1].statistic == pytest.approx(tests[2].statistic, rel=OPTIM)
        assert max(p["correlated"]) < 1e-5
        assert min(p["not"]) > 0.05


class TestMundlak:
    def test_by_hand(self):
        """The augmented model with columns made by hand."""
        panel, w = small_panel(*arrays())
        frame = panel.frame
        means = {f"m{k}": frame.groupby("i")[f"x{k}"].transform("mean") for k in (0, 1)}
        by_hand = sc.fit_panel(panel.assign(**means), "y", ["x0", "x1", *means], w, effects="random")
        ours = mundlak_test(small(effects="region"))
        assert ours.statistic == pytest.approx(wald_test(by_hand, list(means)).statistic, rel=OPTIM)
        assert ours.df == 2
        assert "mean:x0 = 0" in ours.null

    def test_durbin_and_periods(self):
        panel, w = small_panel(*arrays(N=9, T=6))
        fit = sc.fit_panel(panel, "y", ["x0", "x1"], w, durbin=True, effects="two-way")
        ours = mundlak_test(fit)
        assert ours.df == 4
        assert "mean:W:x1 = 0" in ours.null
        frame = panel.frame
        made = {f"m{k}": frame.groupby("i")[f"x{k}"].transform("mean") for k in (0, 1)}
        made |= {f"d{t}": (frame.t == t).astype(float) for t in range(1, 6)}
        x = ["x0", "x1", *made]
        by_hand = sc.fit_panel(panel.assign(**made), "y", x, w, durbin=["x0", "x1", "m0", "m1"], effects="random")
        expected = wald_test(by_hand, ["m0", "m1", "W:m0", "W:m1"]).statistic
        assert ours.statistic == pytest.approx(expected, rel=OPTIM)

    def test_who_has_no_mean(self):
        y, X, W = arrays()
        X = np.concatenate([X, np.broadcast_to(np.arange(5.0)[:, None, None] ** 2, (5, 7, 1))], axis=2)
        panel, w = small_panel(y, X, W)
        found = mundlak_test(sc.fit_panel(panel, "y", ["x0", "x2"], w, effects="region"))
        assert found.df == 1
        assert found.notes[0] == "no means of 'x2': they do not vary over time, or their means over regions"

    def test_clustered(self):
        """Pooled data with the means and a sandwich by region."""
        panel, w = small_panel(*arrays(N=12))
        frame = panel.frame
        means = {f"m{k}": frame.groupby("i")[f"x{k}"].transform("mean") for k in (0, 1)}
        by_hand = sc.fit_panel(panel.assign(**means), "y", ["x0", "x1", *means], w, effects="none", vcov="cluster")
        ours = mundlak_test(sc.fit_panel(panel, "y", ["x0", "x1"], w, effects="region"), vcov="cluster")
        assert ours.statistic == pytest.approx(wald_test(by_hand, list(means)).statistic, rel=OPTIM)
        with pytest.raises(sc.errors.OptionError, match="vcov must be one of"):
            mundlak_test(small(effects="region"), vcov="robust")

    @pytest.mark.parametrize(("options", "message"), [({"effects": "time"}, "got one with effects='time'")])
    def test_refusals(self, options, message):
        with pytest.raises(sc.errors.ModelError, match=message):
            mundlak_test(small(**options))
        panel, w = small_panel(*arrays())
        moving = panel.assign(t2=lambda f: f.t**2.0)
        with pytest.raises(sc.errors.ModelError, match="no regressor varies over time and over regions"):
            mundlak_test(sc.fit_panel(moving, "y", "t2", w, effects="region"))
