"""Weights by period and gaps against spatialreg, which takes all periods as one cross-section of blocks."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from tests.tolerances import OPTIM

HERE = Path(__file__).parents[3] / "reference" / "spatialreg_periods"
EFFECTS = ("none", "region", "time", "two-way")
# Shares of a standard error: R stops its search in one parameter there. The log-likelihood is flat at its maximum.
SHARE, LOGLIK_R = 1e-4, 1e-7


@cache
def reference() -> dict[str, Any]:
    return json.loads((HERE / "reference.json").read_text(encoding="utf-8"))


@cache
def panel(sample: str) -> sc.Panel:
    frame = pd.read_csv(HERE / "data.csv")
    if sample == "gaps":
        gone = {(state, year) for state, year in reference()["gone"]}
        frame = frame[[pair not in gone for pair in zip(frame["state"], frame["year"], strict=True)]]
    return sc.Panel(frame, region="state", period="year")


@cache
def weights() -> dict[int, Any]:
    links, states = pd.read_csv(HERE / "weights.csv"), panel("whole").regions
    found = {}
    for year, of in links.groupby("year"):
        W = of.pivot(index="from", columns="to", values="weight").reindex(index=states, columns=states).fillna(0.0)
        found[year] = sc.weights.from_matrix(W.to_numpy(), regions=states, standardise="none")
    return found


@pytest.mark.parametrize("model", ["lag", "error"])
@pytest.mark.parametrize("effects", EFFECTS)
@pytest.mark.parametrize("sample", ["whole", "gaps"])
def test_every_figure_of_lag_and_error_models(sample, effects, model):
    r = reference()[sample][effects][model]
    fit = sc.fit_panel(
        panel(sample), "y", ["x1", "x2"], weights(), spatial=model, effects=effects, correction="none", missing="omit"
    )
    assert fit.loglik == pytest.approx(r["loglik"], abs=LOGLIK_R)
    assert fit.sigma2 == pytest.approx(r["sigma2"], rel=SHARE)
    # R names the errors of an error model by its filtered regressors, "I(x - lambda * WX)x1".
    se = {term.rpartition(")")[2]: value for term, value in r["se"].items()} | {
        "rho": r["rho_se"],
        "lambda": r["lambda_se"],
    }
    truth = r["coef"] | {"rho": r["rho"], "lambda": r["lambda"]}
    name = "rho" if model == "lag" else "lambda"
    for term in ("x1", "x2", name):
        of = float(np.ravel(se[term])[0])
        assert fit.params[term] == pytest.approx(float(np.ravel(truth[term])[0]), abs=SHARE * of)
        assert fit.std_errors[term] == pytest.approx(of, rel=2 * SHARE)


@pytest.mark.parametrize("sample", ["whole", "gaps"])
def test_lagged_regressors_and_both_terms(sample):
    ours = {"effects": "none", "missing": "omit"}
    r = reference()[sample]["none"]
    durbin = sc.fit_panel(panel(sample), "y", ["x1", "x2"], weights(), model="SDM", **ours)
    assert durbin.loglik == pytest.approx(r["durbin"]["loglik"], abs=LOGLIK_R)
    for term in ("x1", "x2"):
        of = r["durbin"]["se"][f"lag.{term}"]
        assert durbin.params[f"W:{term}"] == pytest.approx(r["durbin"]["coef"][f"lag.{term}"], abs=SHARE * of)
    # R says that its search in both failed to converge; no point may be better than the maximum.
    both = sc.fit_panel(panel(sample), "y", ["x1", "x2"], weights(), spatial="sarar", **ours)
    assert both.loglik >= r["sarar"]["loglik"] - OPTIM
    assert both.loglik == pytest.approx(r["sarar"]["loglik"], abs=1e-3)
