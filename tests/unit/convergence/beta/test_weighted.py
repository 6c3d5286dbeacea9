"""`beta_weighted` against WLS of statsmodels and against people counted one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import spatialconv as sc
from spatialconv.errors import NotPositiveError, OptionError, VariableError

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


@pytest.mark.parametrize("effects", ["none", "time"])
def test_coefficients_and_covariance_are_those_of_statsmodels(effects):
    found = sc.beta_weighted(PANEL, "y", weights="people", controls="x", effects=effects)
    growth, level, x, people = arrays(3)
    T = len(growth)
    omega = people / people.mean(axis=1, keepdims=True)
    D = np.kron(np.eye(T), np.ones((N, 1))) if effects == "time" else np.ones((T * N, 1))
    Z = np.column_stack([level.ravel(), x.ravel(), D])
    groups = {"groups": np.tile(np.arange(N), T)}
    for name, weights in (("weighted", omega.ravel()), ("unweighted", np.ones(T * N))):
        fit = sm.WLS(growth.ravel(), Z, weights=weights).fit(cov_type="cluster", cov_kwds=groups)
        np.testing.assert_allclose(found.params[name], fit.params[:2], rtol=1e-9)
        assert found.table.loc[name, "std_error"] == pytest.approx(fit.bse[0], rel=1e-8)
        if name == "weighted":
            np.testing.assert_allclose(found.cov, fit.cov_params()[:2, :2], rtol=1e-8)
    more = np.column_stack([Z, omega.ravel(), omega.ravel() * level.ravel(), omega.ravel() * x.ravel()])
    fit = sm.OLS(growth.ravel(), more).fit(cov_type="cluster", cov_kwds=groups)
    F = fit.f_test(np.eye(more.shape[1])[-3:])
    assert found.test.statistic == pytest.approx(float(F.fvalue), rel=1e-7)
    # statsmodels' denominator has the clusters less one, too.
    assert found.test.p_value == pytest.approx(float(F.pvalue), rel=1e-6)


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
