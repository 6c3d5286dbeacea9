"""The doors: what results hold, what they say, what is refused, and what simulation says of residual tests."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

import spatialconv as sc
from spatialconv._core.persistence.kernel import brownian, demean
from spatialconv._core.persistence.unit_root import (
    WEAK,
    critical,
    critical_of_no_unit_root,
    frequencies,
    gains,
    of_no_unit_root,
    of_unit_root,
    ratio,
)
from spatialconv.dependence._rows import projector
from spatialconv.errors import AlignmentError, DataError, OptionError, UnsupportedModelError, VariableError
from spatialconv.models.estimation.components import places
from tests.tolerances import EXACT


@pytest.fixture(scope="module")
def us():
    return sc.datasets.us_income()


@pytest.fixture(scope="module")
def tested(us):
    return sc.spatial_unit_root(us.panel, "income", us.states, log=True, periods=[1929, 2009], draws=1999)


def square(n, seed=0):
    at = np.random.default_rng(seed).uniform(0, 1e6, (n, 2))
    return gpd.GeoDataFrame(index=[f"r{i}" for i in range(n)], geometry=gpd.points_from_xy(*at.T), crs=32650)


def panel(geometry, *values):
    T, n = values[0].shape
    frame = {"region": list(geometry.index) * T, "year": np.repeat(np.arange(T), n)}
    frame |= {name: v.ravel() for name, v in zip("yxz", values, strict=False)}
    return sc.Panel(pd.DataFrame(frame), region="region", period="year")


# ------------------------------------------------------------------ results


def test_result_of_the_states(tested, us):
    t = tested.table
    assert list(t.index) == [1929, 2009]
    assert tested.q == 15
    tidy = tested.tidy().set_index("term")
    assert tidy.loc["unit root (1929)", "p_value"] == t.loc[1929, "unit_root_p"]
    assert tidy.loc["half-life (2009)", "conf_high"] == t.loc[2009, "half_life_high"]
    assert tested.glance().iloc[0]["n_regions"] == 48
    assert max(map(len, repr(tested).splitlines())) <= 80
    assert "half-life" in tested._repr_html_()
    # With 10, 15 and 20 frequencies: the choice decides, and the result says so.
    p = tested.by_q.loc[1929]
    assert list(p.index) == [10, 15, 20]
    assert p.loc[10, "unit_root_p"] > 0.25
    assert p.loc[15, "unit_root_p"] < 0.05
    assert any("depends on q in 1929" in note for note in tested.notes)
    assert p.loc[15, "unit_root_p"] == t.loc[1929, "unit_root_p"]
    # The half-life where the unit root itself is tested, and the set from the p of all.
    held = tested.half_lives[1929] > 0.05
    assert t.loc[1929, "half_life_high"] == held[held].index[-1]
    assert np.isinf(tested.half_lives.index[-1])


def test_a_period_alone_and_a_level_by_hand_give_the_same(tested, us):
    own = us.panel.subset(periods=[2009]).assign(log_income=lambda f: np.log(f["income"]))
    alone = sc.spatial_unit_root(own, "log_income", us.states, draws=1999)
    columns = ["unit_root", "unit_root_p", "no_unit_root", "no_unit_root_p"]
    np.testing.assert_allclose(alone.table[columns], tested.table.loc[[2009], columns].astype(float), rtol=1e-9)


def test_order_of_regions_and_units_do_not_matter(us):
    g = square(30)
    y = np.random.default_rng(1).normal(size=(2, 30)).cumsum(axis=1)
    one = sc.spatial_unit_root(panel(g, y), "y", g, draws=999)
    order = np.random.default_rng(2).permutation(30)
    other = sc.spatial_unit_root(
        panel(g.iloc[order], 1000 * y[:, order] - 7), "y", g.set_geometry(g.scale(2, 2, origin=(0, 0))), draws=999
    )
    columns = ["unit_root", "unit_root_p", "no_unit_root", "no_unit_root_p"]
    np.testing.assert_allclose(one.table[columns].to_numpy(float), other.table[columns].to_numpy(float), rtol=1e-7)
    np.testing.assert_allclose(other.largest, 2 * one.largest)


def test_regression_on_a_constant_is_the_variable_itself():
    g = square(25)
    y = np.random.default_rng(3).normal(size=(1, 25))
    fit = sc.fit_panel(panel(g, y, y), "y", [], spatial="none", effects="none")
    one = sc.residual_unit_root(fit, g, draws=999).table.iloc[0]
    other = sc.spatial_unit_root(panel(g, y), "y", g, draws=999).table.iloc[0]
    for column in ("unit_root", "unit_root_p", "no_unit_root", "no_unit_root_p"):
        assert one[column] == pytest.approx(other[column], rel=1e-8)
    # Time effects of one period are the constant; what they absorb is taken out of R as well.
    x = np.random.default_rng(4).normal(size=(1, 25))
    pair = [
        sc.residual_unit_root(sc.fit_panel(panel(g, y, x), "y", "x", spatial="none", effects=e), g, draws=999)
        for e in ("none", "time")
    ]
    np.testing.assert_allclose(pair[0].table.iloc[0, :4].astype(float), pair[1].table.iloc[0, :4].astype(float))


def test_differences_leave_white_noise_of_a_walk_and_other_columns_as_they_are(us):
    moved = sc.spatial_differences(us.panel, "income", us.states, log=True)
    assert moved.regions.equals(us.panel.regions)
    km = places(us.states, us.panel.regions, None, "a test").shares
    L = np.linalg.eigh(brownian(km))
    walk = (L[1] * np.sqrt(np.maximum(L[0], 0))) @ np.random.default_rng(0).normal(size=(48, 20_000))
    from spatialconv.dependence._differences import difference_matrix

    H = difference_matrix(km)
    cov = np.cov(H @ walk)
    np.testing.assert_allclose(cov, np.eye(48) - 1 / 48, atol=0.05)  # five standard errors of 1/sqrt(20,000)
    np.testing.assert_allclose(moved.values("income"), np.log(us.panel.values("income")) @ H, atol=1e-9)
    assert any("differences over space" in note for note in moved.notes)
    # Rows in another order, regions in the index: matched by label.
    frame = us.panel.frame.sample(frac=1, random_state=1).set_index(us.panel.region)
    other = sc.spatial_differences(
        sc.Panel(frame, region=us.panel.region, period=us.panel.period), "income", us.states, log=True
    )
    a, b = (p.wide("income")[sorted(us.panel.regions)] for p in (moved, other))
    np.testing.assert_allclose(a, b, atol=1e-9)


def test_scpc_of_a_growth_regression(us):
    b = sc.beta(us.panel, "income", horizon=80)
    found = sc.scpc(b, us.states)
    row = found.table.loc["log_initial"]
    assert row["estimate"] == pytest.approx(b.beta, rel=1e-9)
    assert row["model_std_error"] == b.std_errors["log_initial"]
    # Ends of the interval through the formula, by hand.
    h = b.length
    low, high = (-np.log1p(h * row[end]) / h for end in ("conf_high", "conf_low"))
    np.testing.assert_allclose(found.speeds.loc["speed", ["conf_low", "conf_high"]].astype(float), [low, high])
    np.testing.assert_allclose(
        found.speeds.loc["half_life", ["conf_low", "conf_high"]].astype(float), np.log(2) / [high, low]
    )
    free = sc.scpc(b, us.states, conditional=False)
    assert free.table.loc["log_initial", "critical"] == pytest.approx(2.61, abs=0.005)
    assert (free.table["critical"] < found.table["critical"]).all()
    # Standard errors double once the unit root is taken out.
    moved = sc.scpc(b, us.states, transform="lbm-gls").table.loc["log_initial"]
    assert 1.8 < moved["std_error"] / row["std_error"] < 2.3
    assert "intercept" not in sc.scpc(b, us.states, transform="lbm-gls").table.index
    assert max(map(len, repr(found).splitlines())) <= 80
    assert list(found.tidy()["term"]) == list(found.table.index)
    assert found.glance().iloc[0]["q"] == found.q
    wider = sc.scpc(b, us.states, bound=0.1).table.loc["log_initial"]
    assert wider["conf_high"] - wider["conf_low"] > row["conf_high"] - row["conf_low"]


def test_scpc_as_a_covariance_of_the_fit(us):
    b = sc.beta(us.panel, "income", horizon=80, vcov="scpc", geometry=us.states)
    apart = sc.scpc(b.again(vcov="information"), us.states)
    row, own = apart.table.loc["log_initial"], b.tidy().set_index("term")
    for column in ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"):
        assert own.loc["log_initial", column] == pytest.approx(row[column], rel=1e-9)
    for term in ("speed", "half_life"):
        np.testing.assert_allclose(
            b.speeds.loc[term, ["conf_low", "conf_high"]].astype(float),
            apart.speeds.loc[term, ["conf_low", "conf_high"]].astype(float),
        )
    assert np.isnan(own.loc["sigma2", "std_error"])
    assert "7 spatial principal components" in " ".join(b.notes)
    # A level of one half is no normal interval: wider than Student's t with q degrees of freedom would have it.
    half = b.fit.conf_int(0.5).loc["log_initial"]
    reach = (half["conf_high"] - b.beta) / b.std_errors["log_initial"]
    assert reach >= stats.t.ppf(0.75, 7)
    wider = b.fit.with_vcov("scpc", geometry=us.states, bound=0.1)
    assert wider.conf_int().loc["log_initial"].diff().iloc[1] > b.conf_int().loc["log_initial"].diff().iloc[1]
    assert "SCPC" in sc.tables.regression([b], footer=("errors",)).to_markdown()
    w = sc.weights.knn(us.states, k=4)
    for call, error, said in (
        (lambda: sc.beta(us.panel, "income", horizon=80, vcov="scpc"), OptionError, "pass geometry="),
        (lambda: sc.beta(us.panel, "income", horizon=80, geometry=us.states), OptionError, "is for vcov='scpc'"),
        (
            lambda: sc.beta(us.panel, "income", w, spatial="lag", horizon=80, vcov="scpc", geometry=us.states),
            UnsupportedModelError,
            "spatial terms",
        ),
        (lambda: b.impacts(), UnsupportedModelError, "critical values of its own"),
        (lambda: b.bootstrap(draws=19), UnsupportedModelError, "critical values of its own"),
        (lambda: sc.wald_test(b.fit, {"log_initial": 0.0}), UnsupportedModelError, "critical values of its own"),
        (
            lambda: sc.fit_panel(b, estimator="gmm", spatial="none", vcov="scpc", geometry=us.states),
            UnsupportedModelError,
            "by moments",
        ),
    ):
        with pytest.raises(error, match=said):
            call()
    slx = b.again(w=w, durbin=True)
    assert "speed_total" in slx.speeds.index
    assert slx.speeds.loc["speed_total", ["conf_low", "conf_high"]].isna().all()
    assert "two coefficients" in slx.speeds.loc["speed_total", "reason"]


def test_speeds_end_where_their_formula_does():
    from spatialconv.dependence._components import _speeds

    b = sc.beta(sc.datasets.us_income().panel, "income", horizon=80)
    table = pd.DataFrame({"estimate": [-0.012], "conf_low": [-0.02], "conf_high": [0.001]}, index=["log_initial"])
    found = _speeds(b, table)
    assert found.loc["speed", "conf_high"] == np.inf
    assert found.loc["speed", "conf_low"] < 0
    assert found.loc["half_life", "conf_low"] == 0
    assert found.loc["half_life", "conf_high"] == np.inf


# ------------------------------------------------------------------ refusals


def test_refusals_are_in_words(us):
    few = square(5)
    with pytest.raises(DataError, match="needs 8 regions or more; there are 5 regions"):
        sc.spatial_unit_root(panel(few, np.ones((1, 5)).cumsum(axis=1)), "y", few)
    g = square(12)
    with pytest.raises(VariableError, match="is the same in all 12 regions in 1"):
        sc.spatial_unit_root(panel(g, np.stack([np.arange(12.0), np.ones(12)])), "y", g)
    with pytest.raises(AlignmentError):
        sc.spatial_unit_root(us.panel, "income", us.states.iloc[:40])
    y, x = np.random.default_rng(0).normal(size=(2, 3, 12))
    model = sc.fit_panel(panel(g, y, x), "y", "x", spatial="none", effects="time")
    with pytest.raises(UnsupportedModelError, match="one cross-section; the model has 3 periods"):
        sc.residual_unit_root(model, g)
    with pytest.raises(UnsupportedModelError, match="the model has 3 periods"):
        sc.scpc(model, g, transform="lbm-gls")
    lag = sc.fit_panel(panel(g, y, x), "y", "x", sc.weights.knn(g, k=3), effects="time")
    with pytest.raises(UnsupportedModelError, match=r"spatial terms \(SAR\)"):
        sc.scpc(lag, g)
    random = sc.fit_panel(panel(g, y, x), "y", "x", spatial="none", effects="random")
    with pytest.raises(UnsupportedModelError, match="random effects"):
        sc.scpc(random, g)
    for bad in ({"bound": 0.0005}, {"bound": 0.95}, {"transform": "gls"}, {"level": 1.2}, {"conditional": "yes"}):
        with pytest.raises(OptionError):
            sc.scpc(model, g, **bad)
    for bad in ({"q": 1}, {"draws": 10}, {"level": 0}, {"log": "yes"}):
        with pytest.raises(OptionError):
            sc.spatial_unit_root(panel(g, y), "y", g, **bad)
    said = sc.spatial_unit_root(panel(g, y[:1]), "y", g, draws=999)
    assert said.q == 11
    assert any("q is 11 instead of 15" in note for note in said.notes)


# ------------------------------------------------------------------ size by simulation, vectorised


@pytest.mark.parametrize("n", [11, 31, 48])
def test_size_of_residual_tests_given_a_regressor_that_is_a_walk_itself(n):
    """Residuals of a walk on a walk: p is exact given the regressor, where the test of a mean would not be."""
    rng = np.random.default_rng(n)
    xy = rng.uniform(size=(n, 2))
    d = cdist(xy, xy)
    d /= d.max()
    values, vectors = np.linalg.eigh(brownian(d))
    root = vectors * np.sqrt(np.maximum(values, 0))
    x = root @ rng.normal(size=n)
    project = projector(np.column_stack([np.ones(n), x]))
    f = frequencies(d, project, min(15, n - 2))
    e = f.R.T @ project(root @ rng.normal(size=(n, 40_000)))
    c = of_unit_root(f, e[:, :1]).alternative
    other = f.exponential(c)
    value = critical(gains(f.unit_root, other))
    share = (ratio(e, f.unit_root, other) > value).mean()
    assert abs(share - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 40_000)
    # p is the share of draws that lie beyond, at any statistic.
    found = of_unit_root(f, e[:, :50])
    shares = [(ratio(e, f.unit_root, other) > v).mean() for v in found.statistic]
    np.testing.assert_allclose(found.p_value, shares, atol=0.01)
    # Weak dependence at the bound, where the test of its absence must not reject more often.
    weak = np.linalg.cholesky(f.weak[0.03]) @ rng.normal(size=(f.R.shape[1], 40_000))
    g = of_no_unit_root(f, e[:, :1]).alternative
    limit = critical_of_no_unit_root(f, g)
    assert (ratio(weak, f.weak[WEAK], f.weak[WEAK] + g * f.unit_root) > limit).mean() < 0.05 + 0.005


def test_projection_of_the_distances_is_that_of_the_mean():
    d = cdist(*[np.random.default_rng(0).normal(size=(9, 2))] * 2)
    one = frequencies(d / d.max(), demean, 5)
    two = frequencies(d / d.max(), projector(np.ones((9, 1))), 5)
    np.testing.assert_allclose(one.unit_root, two.unit_root, atol=EXACT)
