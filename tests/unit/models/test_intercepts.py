"""The lag of the intercept in Durbin models, and models without intercept, against spatialreg and dense algebra."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv.models.hypotheses.diagnostics import common_factor_test, lm_tests, mundlak_test, reduction_tests
from tests.tolerances import LOGLIK

HERE = Path(__file__).parents[2] / "reference" / "spatialreg_intercepts"
STYLES = ("binary", "global", "asymmetric", "row")
# Of a standard error: R stops its search in one parameter there, in two parameters sooner.
ONE, TWO = 2e-5, 2e-3
N = 49


@cache
def frame() -> pd.DataFrame:
    return pd.read_csv(HERE / "data.csv").assign(place=np.arange(N), when=0)


@cache
def reference() -> dict:
    return json.loads((HERE / "reference.json").read_text(encoding="utf-8"))


def matrix(style: str) -> np.ndarray:
    links = pd.read_csv(HERE / "weights.csv")
    W = np.zeros((N, N))
    W[links["i"] - 1, links["j"] - 1] = links["asymmetric" if style == "asymmetric" else "binary"]
    if style == "row":
        return W / W.sum(axis=1, keepdims=True)
    return W * N / W.sum() if style == "global" else W


def weights(style: str):
    return sc.weights.from_matrix(matrix(style), regions=range(N))


def fit(style: str, formula: str = "crime ~ income + housing", **options):
    panel = sc.Panel(frame(), region="place", period="when")
    return sc.fit_panel(panel, formula, w=weights(style), **({"effects": "none"} | options))


def named(term: str) -> str:
    """Our name of a parameter of spatialreg, lmSLX and errorsarlm."""
    term = term.replace("I(x - lambda * WX)", "")
    lagged = term.startswith("lag.")
    own = term.removeprefix("lag.")
    own = "intercept" if own in ("(Intercept)", "X.Intercept.", ".Intercept.") else own
    return f"W:{own}" if lagged else own


def against(found, ref: dict, tolerance: float) -> None:
    coef = pd.Series({named(k): v for k, v in ref["coef"].items()})
    se = pd.Series({named(k): v for k, v in ref["se"].items()})
    assert sorted(coef.index) == sorted(found.params.index.drop("sigma2"))
    np.testing.assert_allclose(((found.params[coef.index] - coef) / found.std_errors[coef.index]), 0, atol=tolerance)
    np.testing.assert_allclose(found.std_errors[se.index], se, rtol=tolerance)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("block", ["durbin", "without", "without_durbin"])
@pytest.mark.parametrize("spatial", ["lag", "error", "sarar", "none"])
def test_against_spatialreg(style, block, spatial):
    ref = reference()[style][block].get(spatial)
    if ref is None:
        assert (block, spatial) in {("without", "none"), ("without_durbin", "error")}
        return
    formula = "crime ~ income + housing" if block == "durbin" else "crime ~ 0 + income + housing"
    found = fit(style, formula, spatial=spatial, durbin="durbin" in block)
    assert ("W:intercept" in found.params.index) == (block == "durbin" and style != "row")
    assert ("intercept" in found.params.index) == (block == "durbin")
    assert found.loglik >= ref["loglik"] - 10 * LOGLIK
    assert found.loglik == pytest.approx(ref["loglik"], abs=1e-6)
    if spatial == "none":
        # lm divides by the degrees of freedom.
        factor = np.sqrt(N / (N - len(ref["coef"])))
        ref = ref | {"se": {k: v / factor for k, v in ref["se"].items()}}
    against(found, ref, {"sarar": TWO, "none": 1e-9}.get(spatial, ONE))


@pytest.mark.parametrize("style", STYLES)
def test_two_stage_least_squares_without_intercept(style):
    ref = reference()[style]["without"]["stsls"]
    found = fit(style, "crime ~ 0 + income + housing", estimator="gmm")
    coef = pd.Series({k.replace("Rho", "rho"): v for k, v in ref["coef"].items()})
    np.testing.assert_allclose(found.params[coef.index], coef, rtol=1e-8)
    se = pd.Series(ref["se"], index=coef.index)
    # R divides by the degrees of freedom.
    np.testing.assert_allclose(found.std_errors[se.index] * np.sqrt(N / (N - 3)), se, rtol=1e-8)
    assert "intercept" not in " ".join(found.estimates.instruments)


def dense_loglik(W: np.ndarray, y: np.ndarray, X: np.ndarray, params: pd.Series, names: list[str]) -> float:
    """Log-density of the outcome at given parameters."""
    A = np.eye(len(y)) - params.get("rho", 0.0) * W
    B = np.eye(len(y)) - params.get("lambda", 0.0) * W
    e = B @ (A @ y - X @ params[names].to_numpy())
    s2 = params["sigma2"]
    logs = np.linalg.slogdet(A)[1] + np.linalg.slogdet(B)[1]
    return float(logs - 0.5 * len(y) * np.log(2 * np.pi * s2) - e @ e / (2 * s2))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("durbin", [False, True, "income"])
@pytest.mark.parametrize("formula", ["crime ~ income + housing", "crime ~ 0 + income + housing"])
class TestDense:
    def parts(self, style, durbin, formula):
        W, d = matrix(style), frame()
        columns = {} if "0" in formula else {"intercept": np.ones(N)}
        columns |= {k: d[k].to_numpy(float) for k in ("income", "housing")}
        lagged = {True: ["income", "housing"], False: [], "income": ["income"]}[durbin]
        if lagged and "intercept" in columns and style != "row":
            lagged = ["intercept", *lagged]
        columns |= {f"W:{k}": W @ columns[k] for k in lagged}
        return W, d["crime"].to_numpy(float), columns

    def test_density_and_score(self, style, durbin, formula):
        """The log-likelihood is the density of the very columns, and no neighbouring coefficients are likelier."""
        W, y, columns = self.parts(style, durbin, formula)
        found = fit(style, formula, spatial="sarar", durbin=durbin)
        names, X = list(columns), np.column_stack(list(columns.values()))
        assert set(found.params.index) == {*names, "rho", "lambda", "sigma2"}
        assert found.loglik == pytest.approx(dense_loglik(W, y, X, found.params, names), abs=LOGLIK)
        for term in found.params.index:
            for step in (-0.01, 0.01):
                moved = found.params.copy()
                moved[term] += step * found.std_errors[term]
                assert dense_loglik(W, y, X, moved, names) < found.loglik + 1e-10

    def test_impacts_prediction_and_fit(self, style, durbin, formula):
        W, y, columns = self.parts(style, durbin, formula)
        found = fit(style, formula, durbin=durbin)
        S = np.linalg.inv(np.eye(N) - found.rho * W)
        table = found.impacts().tidy().set_index(["effect", "term"])["estimate"]
        assert list(table["total"].index) == ["income", "housing"]
        for name in ("income", "housing"):
            E = S @ (found.params[name] * np.eye(N) + found.params.get(f"W:{name}", 0.0) * W)
            assert table["direct"][name] == pytest.approx(np.trace(E) / N, rel=1e-8)
            assert table["total"][name] == pytest.approx(E.sum() / N, rel=1e-8)
        mean = S @ sum(found.params[k] * v for k, v in columns.items())
        np.testing.assert_allclose(found.predict(kind="reduced").to_numpy().ravel(), mean, rtol=1e-9)
        assert found.rsquared_overall == pytest.approx(np.corrcoef(y, mean)[0, 1] ** 2, rel=1e-9)
        e = y - found.rho * W @ y - sum(found.params[k] * v for k, v in columns.items())
        np.testing.assert_allclose(found.residuals.to_numpy().ravel(), e, atol=1e-9 * np.abs(y).max())
        assert found.sigma2 == pytest.approx(e @ e / N, rel=1e-9)
        alone = -0.5 * N * (np.log(2 * np.pi * y.var()) + 1)
        assert found.rsquared_nagelkerke == pytest.approx(1 - np.exp(-2 * (found.loglik - alone) / N), rel=1e-9)
        assert found.intercept == (found.params["intercept"] if "intercept" in columns else 0.0)


class TestDoors:
    def test_notes_say_so(self):
        assert any("lags the intercept too, as W:intercept" in note for note in fit("binary", durbin=True).notes)
        assert not any("W:intercept" in note for note in fit("row", durbin=True).notes)

    def test_islands_among_row_standardised_weights_leave_it_out(self):
        """As spatialreg does with style "W" and zero.policy; said in a note."""
        W = matrix("row")
        W[:, 0] = W[0] = 0.0
        W = np.divide(W, W.sum(axis=1, keepdims=True), out=np.zeros_like(W), where=W.sum(axis=1, keepdims=True) > 0)
        w = sc.weights.from_matrix(W, regions=range(N))
        panel = sc.Panel(frame(), region="place", period="when")
        found = sc.fit_panel(panel, "crime ~ income", w=w, durbin=True, effects="none")
        assert "W:intercept" not in found.params.index
        assert any("leaves out W:intercept, which is a dummy of the islands" in note for note in found.notes)

    def test_rows_with_one_sum_give_the_intercept_again(self):
        ring = np.roll(np.eye(N), 1, axis=1) + np.roll(np.eye(N), -1, axis=1)
        panel = sc.Panel(frame(), region="place", period="when")
        w = sc.weights.from_matrix(ring, regions=range(N))
        assert "W:intercept" not in sc.fit_panel(panel, "crime ~ income", w=w, durbin=True, effects="none").params

    def test_error_model_is_nested_in_the_durbin_model(self):
        """Which wants the lag of the intercept, whose restriction counts: three for two regressors."""
        full = fit("binary", durbin=True)
        assert common_factor_test(full).df == 3
        tests = reduction_tests(full)
        assert tests["Wald: SAR in SDM"].df == tests["LR: SAR in SDM"].df == 3
        ratio = tests["LR: SEM in SDM"]
        ref = reference()["binary"]
        assert ratio.df == 3
        assert ratio.statistic == pytest.approx(2 * (full.loglik - fit("binary", spatial="error").loglik), abs=1e-8)
        assert full.loglik == pytest.approx(ref["durbin"]["lag"]["loglik"], abs=1e-6)

    def test_random_effects_and_moments(self):
        rng, T = np.random.default_rng(0), 4
        W = matrix("binary")
        data = pd.DataFrame({"place": np.tile(np.arange(N), T), "when": np.repeat(np.arange(T), N)})
        data["x"] = rng.normal(size=N * T)
        X = data["x"].to_numpy().reshape(T, N)
        mean = 1 + X - 0.1 * W.sum(axis=1) + 0.2 * X @ W.T
        u = rng.normal(size=(T, N)) + rng.normal(size=N)
        data["y"] = ((mean + u) @ np.linalg.inv(np.eye(N) - 0.05 * W).T).ravel()
        panel = sc.Panel(data, region="place", period="when")
        for options in (
            {"effects": "random"},
            {"effects": "random", "estimator": "gmm"},
            {"effects": "none", "estimator": "gmm"},
        ):
            found = sc.fit_panel(panel, "y ~ x", w=weights("binary"), durbin=True, **options)
            assert list(found.params.index[:4]) == ["intercept", "x", "W:intercept", "W:x"]
            z = (
                found.params - pd.Series({"intercept": 1.0, "x": 1.0, "W:intercept": -0.1, "W:x": 0.2, "rho": 0.05})
            ).dropna()
            assert (np.abs(z / found.std_errors[z.index]) < 4).all()
            if found.spec.estimator == "gmm":
                assert {"W2:intercept", "W2:x"} <= set(found.estimates.instruments)
        fixed = sc.fit_panel(panel, "y ~ x", w=weights("binary"), durbin=True, effects="region")
        assert "W:intercept" not in fixed.params.index
        random = sc.fit_panel(panel, "y ~ x", w=weights("binary"), durbin=True, effects="random")
        assert mundlak_test(random).df == 2
        bare = sc.fit_panel(panel, "y ~ 0 + x", w=weights("binary"), durbin=True, effects="random")
        assert list(bare.params.index) == ["x", "W:x", "rho", "phi", "sigma2"]
        assert mundlak_test(bare).df == 2

    def test_beta_has_it_too(self):
        rng, T = np.random.default_rng(1), 5
        data = pd.DataFrame({"place": np.tile(np.arange(N), T), "when": np.repeat(np.arange(T), N)})
        data["income"] = np.exp(rng.normal(size=(T, N)).cumsum(axis=0) / 10).ravel()
        panel = sc.Panel(data, region="place", period="when")
        for spatial in ("lag", "none"):
            b = sc.beta(panel, "income", weights("binary"), spatial=spatial, durbin=True, effects="none")
            assert "W:intercept" in b.params.index
            assert "W:intercept" not in repr(b).split("note:")[0]

    def test_score_tests_without_an_intercept(self):
        """Anselin's LM error by hand: e'We over sigma2, squared, over tr(W'W + WW)."""
        own = fit("row", "crime ~ 0 + income + housing", spatial="none")
        found = lm_tests(own, w=weights("row"))
        W, d = matrix("row"), frame()
        X, y = d[["income", "housing"]].to_numpy(float), d["crime"].to_numpy(float)
        e = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
        np.testing.assert_allclose(own.residuals.to_numpy().ravel(), e, atol=1e-9)
        statistic = (e @ W @ e / (e @ e / N)) ** 2 / (np.trace(W @ W) + (W**2).sum())
        assert found["LM error"].statistic == pytest.approx(statistic, rel=1e-9)

    def test_a_category_is_coded_in_full(self):
        d = frame().assign(side=np.where(np.arange(N) % 3 == 0, "a", np.where(np.arange(N) % 3 == 1, "b", "c")))
        panel = sc.Panel(d, region="place", period="when")
        bare = sc.fit_panel(panel, "crime ~ 0 + C(side) + income", w=weights("row"), effects="none")
        full = sc.fit_panel(panel, "crime ~ C(side) + income", w=weights("row"), effects="none")
        assert len(bare.params) == len(full.params)
        assert bare.loglik == pytest.approx(full.loglik, abs=LOGLIK)

    def test_option_and_formula_are_the_same(self):
        panel = sc.Panel(frame(), region="place", period="when")
        named_ = sc.fit_panel(panel, "crime", ["income", "housing"], weights("row"), effects="none", intercept=False)
        pd.testing.assert_series_equal(named_.params, fit("row", "crime ~ 0 + income + housing").params)
        with pytest.raises(sc.errors.OptionError, match="intercept must be True or False"):
            sc.fit_panel(panel, "crime", "income", weights("row"), effects="none", intercept="no")

    def test_bootstrap_keeps_the_constant_away(self):
        own = fit("row", "crime ~ 0 + income + housing")
        drawn = own.bootstrap(draws=49, seed=1)
        assert list(drawn.tidy()["term"]) == [t for t in own.params.index if t in set(drawn.tidy()["term"])]
        assert "intercept" not in set(drawn.tidy()["term"])


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("formula", ["crime ~ income + housing", "crime ~ 0 + income + housing"])
def test_a_panel_handed_over_is_predicted_with_the_intercepts_of_the_fit(style, formula):
    """The regressors of a panel are lagged anew: dense (I - rho W)^-1 (X, WX) b, W:intercept by the sums of rows."""
    found = fit(style, formula, spatial="lag", durbin=True)
    panel = sc.Panel(frame().sample(frac=1, random_state=1), region="place", period="when")
    W, X = matrix(style), frame()[["income", "housing"]].to_numpy()
    columns = {"intercept": np.ones(N), "W:intercept": W.sum(axis=1)}
    columns |= dict(zip(("income", "housing"), X.T, strict=True))
    columns |= dict(zip(("W:income", "W:housing"), (W @ X).T, strict=True))
    linear = sum(found.params[name] * columns[name] for name in found.design.names)
    dense = np.linalg.solve(np.eye(N) - found.rho * W, linear)
    predicted = found.predict(panel).loc[0, range(N)].to_numpy()
    np.testing.assert_allclose(predicted, dense, rtol=1e-9)
    assert ("W:intercept" in found.design.names) == ("0" not in formula and style != "row")
