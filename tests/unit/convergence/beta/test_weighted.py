"""`beta_weighted` against refits without each region, statsmodels, R, and people counted one by one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

import spatialconv as sc
from spatialconv.errors import NotPositiveError, OptionError, VariableError

REFERENCE = json.loads(
    (Path(__file__).parents[3] / "reference" / "weighted_jackknife" / "reference.json").read_text(encoding="utf-8")
)
RNG = np.random.default_rng(8)
N, PERIODS = 14, [2000, 2001, 2002, 2005]
FRAME = pd.DataFrame(
    {
        "region": np.repeat([f"r{i:02}" for i in range(N)], len(PERIODS)),
        "year": np.tile(PERIODS, N),
        "y": np.exp(3 + RNG.standard_normal(N * len(PERIODS))),
        "x": RNG.standard_normal(N * len(PERIODS)),
        "people": RNG.integers(1, 9, N * len(PERIODS)).astype(float),
    }
)
PANEL = sc.Panel(FRAME, region="region", period="year")


def arrays(last):
    """Return growth, level, control and people of spans of a year as arrays (T, N)."""
    wide = {name: PANEL.wide(name).to_numpy()[:3] for name in ("y", "x", "people")}
    log = np.log(wide["y"])
    return np.diff(log, axis=0), log[:-1], wide["x"][:-1], wide["people"][:-1]


def design(effects):
    """Return growth, the regressors with dummies for constants, weights, and who is who, as rows."""
    growth, level, x, people = arrays(3)
    T = len(growth)
    omega = people / people.mean(axis=1, keepdims=True)
    D = np.kron(np.eye(T), np.ones((N, 1))) if effects == "time" else np.ones((T * N, 1))
    return growth.ravel(), np.column_stack([level.ravel(), x.ravel(), D]), omega.ravel(), np.tile(np.arange(N), T)


def jackknife(y, Z, weights, region):
    """Return coefficients, and (G - 1) / G times the squares of what refits without each region move them."""
    b = sm.WLS(y, Z, weights=weights).fit().params
    moves = np.array([b - sm.WLS(y[k], Z[k], weights=weights[k]).fit().params for k in region != np.arange(N)[:, None]])
    return b, (N - 1) / N * moves.T @ moves


@pytest.mark.parametrize("effects", ["none", "time"])
def test_coefficients_and_covariance_are_those_of_refits_without_each_region(effects):
    found = sc.beta_weighted(PANEL, "y", weights="people", controls="x", effects=effects)
    y, Z, omega, region = design(effects)
    for name, weights in (("weighted", omega), ("unweighted", np.ones_like(omega))):
        b, V = jackknife(y, Z, weights, region)
        np.testing.assert_allclose(found.params[name], b[:2], rtol=1e-9)
        assert found.table.loc[name, "std_error"] == pytest.approx(np.sqrt(V[0, 0]), rel=1e-9)
        t = stats.t.ppf(0.975, N - 1) * np.sqrt(V[0, 0])
        np.testing.assert_allclose(found.table.loc[name, ["conf_low", "conf_high"]].astype(float), [b[0] - t, b[0] + t])
        if name == "weighted":
            np.testing.assert_allclose(found.cov, V[:2, :2], rtol=1e-8)


@pytest.mark.parametrize("effects", ["none", "time"])
def test_the_test_of_the_weights_is_that_of_refits_in_every_sample(effects):
    """F and p, whose 60 samples are drawn again with their regressions fitted one by one."""
    options = {"weights": "people", "controls": "x", "effects": effects}
    found = sc.beta_weighted(PANEL, "y", **options, draws=60, seed=3)
    y, Z, omega, region = design(effects)
    more = np.column_stack([Z, omega, omega * Z[:, 0], omega * Z[:, 1]])
    ones, R = np.ones_like(y), np.eye(more.shape[1])[-3:]

    def F(outcome):
        b, V = jackknife(outcome, more, ones, region)
        return (R @ b) @ np.linalg.solve(R @ V @ R.T, R @ b) / 3

    assert found.test.statistic == pytest.approx(F(y), rel=1e-7)
    null = sm.OLS(y, Z).fit()
    signs = np.random.default_rng(3).choice([-1.0, 1.0], size=(N, 60))
    drawn = [F(null.fittedvalues + null.resid * s[region]) for s in signs.T]
    assert found.test.p_value == (1 + sum(d >= F(y) for d in drawn)) / 61
    plain = sc.beta_weighted(PANEL, "y", **options, draws=0).test
    assert plain.p_value == pytest.approx(stats.f.sf(F(y), 3, N - 1), rel=1e-6)


def test_one_span_is_hc3_of_statsmodels():
    panel = PANEL.subset(periods=[2000, 2001])
    found = sc.beta_weighted(panel, "y", weights="people", controls="x")
    wide = {name: panel.wide(name).to_numpy() for name in ("y", "x", "people")}
    Z = sm.add_constant(np.column_stack([np.log(wide["y"][0]), wide["x"][0]]), prepend=False)
    growth = np.diff(np.log(wide["y"]), axis=0)[0]
    fit = sm.WLS(growth, Z, weights=wide["people"][0]).fit(cov_type="HC3")
    np.testing.assert_allclose(found.cov, (N - 1) / N * fit.cov_params()[:2, :2], rtol=1e-8)


@pytest.mark.parametrize("fit", REFERENCE["fits"], ids=lambda f: f"{f['span']}-{f['effects']}-{f['weighted']}")
def test_cr3_is_that_of_r(fit):
    """clubSandwich's throughout; sandwich's where its blocks are a jackknife (the README of the reference)."""
    panel = sc.datasets.munnell().assign(output=lambda f: f["gsp"] / f["emp"])
    found = sc.beta_weighted(
        panel, "output", weights="emp", controls="unemp", horizon=fit["span"], effects=fit["effects"], draws=0
    )
    name = "weighted" if fit["weighted"] else "unweighted"
    np.testing.assert_allclose(found.params[name], np.array(fit["coef"]) / fit["span"], rtol=1e-8)
    club, sandwich = (np.array(fit[of]) / fit["span"] ** 2 for of in ("club", "sandwich"))
    assert found.table.loc[name, "std_error"] ** 2 == pytest.approx(47 / 48 * club[0, 0], rel=1e-8)
    if fit["weighted"]:
        np.testing.assert_allclose(found.cov, 47 / 48 * club, rtol=1e-7)
    else:
        assert 3 * found.test.statistic == pytest.approx(48 / 47 * fit["wald"], rel=1e-8)
    if fit["span"] == 16 or not fit["weighted"]:
        assert found.table.loc[name, "std_error"] ** 2 == pytest.approx(sandwich[0, 0], rel=1e-8)


def test_what_one_region_alone_identifies_has_no_standard_error():
    """A dummy of a region: beta is as without the region, and keeps its standard error."""
    panel = PANEL.assign(own=lambda f: (f["region"] == "r03").astype(float))
    panel = panel.subset(periods=[2000, 2001])
    found = sc.beta_weighted(panel, "y", weights="people", controls="own")
    others = sc.beta_weighted(panel.subset(regions=[r for r in panel.regions if r != "r03"]), "y", weights="people")
    assert found.table.loc["weighted", "beta"] == pytest.approx(others.table.loc["weighted", "beta"], rel=1e-9)
    wanted = others.table.loc["weighted", "std_error"] * np.sqrt((N - 1) / N / ((N - 2) / (N - 1)))
    assert found.table.loc["weighted", "std_error"] == pytest.approx(wanted, rel=1e-9)
    assert found.cov.loc["own"].isna().all()
    assert any("rest on one region have no standard error: 'r03'" in note for note in found.notes)
    assert "not identified" in found.test.reason or "do not vary" in found.test.reason


def test_a_region_of_three_people_counts_as_three_regions():
    """Without a library: every region as often as it has people, in one cross-section."""
    panel = PANEL.subset(periods=[2000, 2001])
    found = sc.beta_weighted(panel, "y", weights="people")
    copies = pd.concat(
        [
            panel.frame.reset_index().query("region == @region").assign(region=f"{region}/{k}")
            for region, count in panel.wide("people").iloc[0].items()
            for k in range(int(count))
        ]
    )
    many = sc.beta(sc.Panel(copies[["region", "year", "y"]], region="region", period="year"), "y")
    assert found.table.loc["weighted", "beta"] == pytest.approx(many.beta, rel=1e-9)
    one = sc.beta(panel, "y")
    assert found.table.loc["unweighted", "beta"] == pytest.approx(one.beta, rel=1e-9)
    people = panel.wide("people").iloc[0].to_numpy()
    assert found.effective == pytest.approx(people.sum() ** 2 / (people**2).sum())


def test_the_unit_of_the_weights_does_not_matter_and_equal_ones_change_nothing():
    thousand = PANEL.assign(people=lambda f: 1000 * f["people"])
    a, b = (sc.beta_weighted(panel, "y", weights="people") for panel in (PANEL, thousand))
    pd.testing.assert_frame_equal(a.table, b.table)
    same = sc.beta_weighted(PANEL.assign(people=1.0), "y", weights="people")
    assert same.table.loc["weighted", "beta"] == pytest.approx(same.table.loc["unweighted", "beta"], rel=1e-12)
    assert same.test.reason


def test_results_speak_and_refusals_say_what_to_do():
    found = sc.beta_weighted(PANEL, "y", weights="people")
    assert max(map(len, repr(found).splitlines())) <= 80
    assert found._repr_html_().startswith("<div>")
    assert len(found.glance()) == 1
    assert list(found.tidy()["term"]) == ["log_initial[weighted]", "log_initial[unweighted]"]
    with pytest.raises(NotPositiveError, match="weights must be positive"):
        sc.beta_weighted(PANEL, "y", weights="x")
    with pytest.raises(VariableError):
        sc.beta_weighted(PANEL, "y", weights="absent")
    with pytest.raises(OptionError, match="effects must be one of 'none', 'time'"):
        sc.beta_weighted(PANEL, "y", weights="people", effects="region")
