"""The panel engine against R's splm and against the transformation of Lee and Yu, on two public data sets."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from scipy import sparse

import spatialconv as sc
from tests.tolerances import LOGLIK, OPTIM, SPLM

HERE = Path(__file__).parents[2] / "reference" / "splm"
EFFECTS = {"individual": "region", "time": "time", "twoways": "two-way"}
SPATIAL = {"sar": "lag", "sem": "error", "sarar": "sarar"}


@cache
def reference() -> dict:
    return json.loads((HERE / "reference.json").read_text())


@cache
def data(name: str) -> tuple[sc.Panel, Graph, str, tuple[str, ...]]:
    frame = pd.read_csv(HERE / f"{name}.csv")
    pairs = pd.read_csv(HERE / f"{name}_weights.csv")
    W = sparse.coo_array((pairs.weight_binary.astype(float), (pairs.i - 1, pairs.j - 1)), shape=(48, 48))
    w = Graph.from_sparse(W, ids=list(range(1, 49))).transform("r")
    y, x = "growth", ("ln_initial",)
    if name == "munnell":
        frame = frame.assign(**{f"log({c})": np.log(frame[c]) for c in ("gsp", "pcap", "pc", "emp")})
        y, x = "log(gsp)", ("log(pcap)", "log(pc)", "log(emp)", "unemp")
    return sc.Panel(frame, region="id", period="year"), w, y, x


@cache
def fit(name: str, effects: str, spatial: str, correction: str, durbin: bool = False):
    panel, w, y, x = data(name)
    return sc.fit_panel(panel, y, x, w, spatial=spatial, effects=effects, correction=correction, durbin=durbin)


def renamed(values: dict[str, float]) -> pd.Series:
    """splm calls rho what we call lambda, and the other way round."""
    return pd.Series(values).rename({"lambda": "rho", "rho": "lambda"})


@pytest.mark.parametrize("name", ["munnell", "us_income"])
@pytest.mark.parametrize("kind", SPATIAL)
@pytest.mark.parametrize("effect", EFFECTS)
class TestAgainstSplm:
    def test_estimates(self, name, effect, kind):
        ref = reference()[name]["splm"][f"within_{effect}_{kind}"]
        ours = fit(name, EFFECTS[effect], SPATIAL[kind], "splm")
        tolerance = SPLM if kind == "sarar" else OPTIM
        expected = renamed(ref["coef"])
        np.testing.assert_allclose(ours.params[expected.index], expected, rtol=tolerance)
        np.testing.assert_allclose(ours.std_errors[expected.index], renamed(ref["se"]), rtol=OPTIM)
        assert ours.sigma2 == pytest.approx(ref["sigma2"], rel=OPTIM)
        assert ours.loglik == pytest.approx(ref["loglik_full"], rel=LOGLIK)

    def test_region_effects_need_no_convention(self, name, effect, kind):
        """The direct approach and splm's order of operations differ only where regions are averaged."""
        exact, splm = (fit(name, EFFECTS[effect], SPATIAL[kind], c) for c in ("none", "splm"))
        if effect == "individual":
            np.testing.assert_allclose(exact.params, splm.params, rtol=OPTIM)
            np.testing.assert_allclose(exact.cov, splm.cov, rtol=1e-4, atol=1e-12)
        else:
            assert exact.loglik > splm.loglik + 1e-4


@pytest.mark.parametrize("name", ["munnell", "us_income"])
@pytest.mark.parametrize("kind", SPATIAL)
@pytest.mark.parametrize("effect", ["time", "twoways"])
def test_direct_approach_is_the_model_with_period_dummies(name, kind, effect):
    """The second witness where splm differs: the same likelihood with a dummy for each period, no demeaning over
    regions, by the same engine under no effects (or region effects only)."""
    panel, w, y, x = data(name)
    exact = fit(name, EFFECTS[effect], SPATIAL[kind], "none")
    dummies = {f"d{p}": (panel.frame["year"] == p).astype(float) for p in panel.periods[1:]}
    other = sc.fit_panel(
        panel.assign(**dummies),
        y,
        [*x, *dummies],
        w,
        spatial=SPATIAL[kind],
        effects="none" if effect == "time" else "region",
        correction="none",
    )
    terms = list(exact.params.index)
    np.testing.assert_allclose(other.params[terms], exact.params, rtol=OPTIM)
    np.testing.assert_allclose(other.cov.loc[terms, terms], exact.cov, rtol=1e-5, atol=1e-13)
    assert other.loglik == pytest.approx(exact.loglik, rel=LOGLIK)


@pytest.mark.parametrize("kind", ["sar", "sem"])
@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("name", ["munnell", "us_income"])
def test_whole_covariance(name, effect, kind):
    ref = reference()[name]["splm"][f"within_{effect}_{kind}"]
    names = [{"lambda": "rho", "rho": "lambda"}.get(n, n) for n in ref["vcov_full_names"]]
    expected = np.array(ref["vcov_full_information"])
    ours = fit(name, EFFECTS[effect], SPATIAL[kind], "splm").cov.loc[names, names].to_numpy()
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    np.testing.assert_allclose(ours / scale, expected / scale, atol=OPTIM)


@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("kind", ["sar", "sdm", "sem"])
def test_lee_yu(effect, kind):
    ref = reference()["munnell"]["lee_yu"][f"{kind}_{effect}"]
    ours = fit("munnell", EFFECTS[effect], "error" if kind == "sem" else "lag", "lee-yu", kind == "sdm")
    names = [n.replace("W*", "W:") for n in ref["coef"]]
    spatial = "lambda" if kind == "sem" else "rho"
    np.testing.assert_allclose(ours.params[names], list(ref["coef"].values()), rtol=OPTIM)
    assert ours.params[spatial] == pytest.approx(ref["spatial_coef"], rel=OPTIM)
    assert ours.sigma2 == pytest.approx(ref["sigma2"], rel=OPTIM)
    assert ours.loglik == pytest.approx(ref["loglik"], rel=LOGLIK)
    expected = np.array(ref["vcov"])
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    order = [*names, spatial, "sigma2"]
    np.testing.assert_allclose(ours.cov.loc[order, order] / scale, expected / scale, atol=OPTIM)
    assert ours.nobs_effective == ref["n_transformed"]


@pytest.mark.parametrize("effect", EFFECTS)
def test_effects(effect):
    """splm's effects are deviations from a grand intercept too; under region effects the estimates are the same."""
    ref = reference()["munnell"]["splm"][f"within_{effect}_sar"]
    ours = fit("munnell", EFFECTS[effect], "lag", "splm")
    assert ours.intercept == pytest.approx(ref["intercept"], rel=OPTIM)
    if "individual_effects" in ref:
        np.testing.assert_allclose(ours.region_effects, ref["individual_effects"], rtol=1e-5, atol=1e-7)
    if "time_effects" in ref:
        np.testing.assert_allclose(ours.time_effects, ref["time_effects"], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("kind", ["lag", "error", "sarar"])
def test_standard_errors_of_effects_against_dummies(kind):
    """A dummy for each region (period) as a regressor of the model without effects carries its own standard error."""
    panel, w, y, x = data("munnell")
    few = panel.subset(regions=list(range(1, 13)), periods=list(range(1970, 1976)))
    few = few.assign(**{f"d{r}": lambda f, r=r: (f["id"] == r).astype(float) for r in few.regions})
    few = few.assign(**{f"p{p}": lambda f, p=p: (f["year"] == p).astype(float) for p in few.periods})
    # Every region needs a neighbour once the others are cut out of the map.
    ring = np.roll(np.eye(12), 1, axis=1) / 2 + np.roll(np.eye(12), -1, axis=1) / 2
    w = sc.weights.from_matrix(ring, regions=list(few.regions))
    for of, dummies, effects in (
        ("region", [f"d{r}" for r in few.regions], "region"),
        ("time", [f"p{p}" for p in few.periods], "time"),
    ):
        ours = sc.fit_panel(few, y, x, w, spatial=kind, effects=effects, correction="none")
        full = sc.fit_panel(few, y, [*x, *dummies[1:]], w, spatial=kind, effects="none", correction="none")
        levels = np.vstack([np.zeros(len(dummies) - 1), np.eye(len(dummies) - 1)])
        centred = levels - levels.mean(axis=0)
        cov = full.cov.loc[dummies[1:], dummies[1:]].to_numpy()
        table = ours.effects(of)
        np.testing.assert_allclose(table["estimate"], centred @ full.params[dummies[1:]], rtol=1e-5, atol=1e-8)
        np.testing.assert_allclose(table["std_error"], np.sqrt(np.diag(centred @ cov @ centred.T)), rtol=1e-5)


def test_nagelkerke_of_a_regression_is_its_r_squared():
    panel, _, y, x = data("munnell")
    fit = sc.fit_panel(panel, y, x, spatial="none", effects="none")
    residuals, values = fit.residuals.to_numpy(), panel.values(y)
    assert fit.rsquared_nagelkerke == pytest.approx(1 - (residuals**2).sum() / ((values - values.mean()) ** 2).sum())
