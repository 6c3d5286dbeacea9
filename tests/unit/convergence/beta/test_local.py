"""Local beta: weighted least squares by hand, a flat world, a world that tilts, seeds, and what goes wrong."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import spatialconv as sc
from spatialconv import errors
from spatialconv.convergence.beta import local as local_module
from tests.tolerances import ROUNDING


@pytest.fixture(scope="module")
def us():
    return sc.datasets.us_income()


def grid(tilt: float, seed: int = 1, side: int = 8) -> tuple[sc.Panel, gpd.GeoDataFrame]:
    """Points on a square whose beta is -0.02 + tilt east."""
    rng, n = np.random.default_rng(seed), side * side
    at = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=2).reshape(n, 2) * 1000.0
    x = rng.normal(9, 0.4, n)
    growth = 0.3 + (-0.02 + tilt * (at[:, 0] / at[:, 0].max() - 0.5)) * (x - 9) + rng.normal(0, 0.004, n)
    frame = pd.DataFrame({"r": np.tile(np.arange(n), 2), "t": np.repeat([0, 1], n), "v": np.exp([*x, *(x + growth)])})
    points = gpd.GeoDataFrame(index=np.arange(n), geometry=gpd.points_from_xy(*at.T), crs="EPSG:32650")
    return sc.Panel(frame, region="r", period="t"), points


def test_each_region_is_weighted_least_squares():
    """Bisquare weights of the 20 nearest by hand; ours are mgwr's, ordered by the panel."""
    panel, points = grid(0.02)
    local = sc.beta_local(
        panel, "v", points.sample(frac=1, random_state=3), bandwidth=20, draws=1, seed=1, progress=False
    )
    log, at = np.log(panel.values("v")), np.column_stack([points.geometry.x, points.geometry.y])
    for i in (0, 27, 63):
        d = np.hypot(*(at - at[i]).T)
        # The bandwidth reaches a hair beyond the twentieth nearest, itself included.
        width = np.sort(d)[19] * 1.0000001
        k = np.where(d < width, (1 - (d / width) ** 2) ** 2, 0)
        X = np.column_stack([np.ones(64), log[0]])
        coef = np.linalg.solve(X.T @ (k[:, None] * X), X.T @ (k * (log[1] - log[0])))
        assert local.table["beta"].iloc[i] == pytest.approx(coef[1], rel=1e-6)
    critical = stats.t.ppf(1 - 0.05 * 2 / local.enp / 2, 63)
    assert local.critical == pytest.approx(critical, rel=ROUNDING)
    np.testing.assert_array_equal(local.table["significant"], np.abs(local.table["statistic"]) > critical)


def test_all_regions_with_flat_weights_are_one_regression(us):
    """A gaussian kernel as wide as can be falls off little: betas close in on that of all."""
    wide = sc.beta_local(
        us.panel, "income", us.states, kernel="gaussian", bandwidth=48, draws=1, seed=1, progress=False
    )
    narrow = sc.beta_local(
        us.panel, "income", us.states, kernel="gaussian", bandwidth=12, draws=1, seed=1, progress=False
    )
    alone = sc.beta(us.panel, "income", horizon=80).beta
    assert abs(wide.table["beta"] - alone).max() < abs(narrow.table["beta"] - alone).max()
    assert wide.table["beta"].std() < narrow.table["beta"].std()


def test_variability_is_found_where_it_is_and_not_where_it_is_not():
    tilted, points = grid(0.06)
    found = sc.beta_local(tilted, "v", points, bandwidth=30, draws=99, seed=1, progress=False)
    assert found.variability.p_value <= 0.02
    assert found.aicc < found.aicc_global
    east = found.table["beta"].groupby(points.geometry.x).mean()
    assert east.iloc[-1] > east.iloc[0] + 0.03
    flat = sc.beta_local(grid(0.0)[0], "v", points, bandwidth=30, draws=99, seed=1, progress=False)
    assert flat.variability.p_value > 0.05


@pytest.mark.parametrize(("kernel", "degrees"), [("bisquare", False), ("gaussian", True), ("exponential", False)])
def test_arrangements_at_random_are_those_of_mgwr(kernel, degrees, us):
    """The spread of local betas with regions moved to other places: mgwr's own regressions there, one after another."""
    from mgwr.gwr import GWR

    rng = np.random.default_rng(5)
    where = rng.uniform((-120, 30), (-80, 45), (70, 2))
    X = rng.normal(size=(70, 2)) @ [[1.0, 0.8], [0.0, 0.6]] + 9
    y = X @ [[-0.02], [0.01]] + 0.01 * rng.normal(size=(70, 1))
    gwr = local_module._Gwr(where, degrees, y, X, kernel)
    orders = [np.arange(70), *(rng.permutation(70) for _ in range(4))]
    betas = gwr.moved(25, np.arange(70), np.argsort(orders, axis=1))
    for k, order in enumerate(orders):
        theirs = GWR(where[order], y, X, 25, kernel=kernel, spherical=degrees).fit().params[:, 1]
        # Ours are by place, theirs by region.
        np.testing.assert_allclose(betas[order, k], theirs, rtol=ROUNDING)


def test_a_dummy_that_is_alone_somewhere_is_refused():
    _, points = grid(0.0)
    gwr = local_module._Gwr(
        np.column_stack([points.geometry.x, points.geometry.y]), False, np.ones((64, 1)),
        np.column_stack([np.arange(64.0), np.arange(64) == 3]), "bisquare",
    )  # fmt: skip
    with pytest.raises(errors.ModelError, match="a local regression on 12 regions is singular"):
        gwr.moved(12, np.arange(64), np.arange(64)[None])


def test_the_same_seed_whatever_the_jobs(us):
    a, b = (
        sc.beta_local(us.panel, "income", us.states, bandwidth=20, draws=6, seed=2, jobs=jobs, progress=False)
        for jobs in (1, 2)
    )
    assert a.variability.p_value == b.variability.p_value
    pd.testing.assert_frame_equal(a.table, b.table)


def test_views_and_the_panel_for_maps(us):
    local = sc.beta_local(us.panel, "income", us.states, bandwidth=30, draws=2, seed=1, progress=False)
    assert "30 nearest in each" in repr(local)
    assert local.tidy().shape[0] == 48
    assert local.glance().loc[0, "bandwidth"] == 30
    np.testing.assert_array_equal(local.panel().values("beta")[0], local.table["beta"])
    zj = sc.datasets.zhejiang()
    few = sc.beta_local(zj.panel, "exports", zj.cities, bandwidth=9, draws=2, seed=1, progress=False)
    assert any("11 regions" in note for note in few.notes)


class TestBadInput:
    def test_bandwidth(self, us):
        with pytest.raises(errors.OptionError, match="at most the 48"):
            sc.beta_local(us.panel, "income", us.states, bandwidth=60)
        with pytest.raises(errors.OptionError, match="bandwidth must be"):
            sc.beta_local(us.panel, "income", us.states, bandwidth="AIC")
        with pytest.raises(errors.OptionError, match="at least 4"):
            sc.beta_local(us.panel, "income", us.states, bandwidth=2)

    def test_breaks(self, us):
        with pytest.raises(errors.OptionError, match="two of them; got 3"):
            sc.beta_local(us.panel, "income", us.states, breaks=(1929, 1950, 2009))

    def test_geometry(self, us):
        with pytest.raises(errors.AlignmentError, match="'Alabama'"):
            sc.beta_local(us.panel, "income", us.states.drop("Alabama"))

    def test_controls(self, us):
        with pytest.raises(errors.SingularDesignError, match="'one'"):
            sc.beta_local(us.panel.assign(one=1.0), "income", us.states, controls="one")
        with pytest.raises(errors.SingularDesignError, match="more regions"):
            sc.beta_local(us.panel.subset(regions=["Alabama", "Ohio", "Utah"]), "income", us.states)


@pytest.mark.parametrize("bandwidth", ["AICc", "CV", "BIC", 8])
def test_a_dummy_that_is_flat_somewhere_gives_our_message(bandwidth):
    panel, points = grid(0.02)
    panel = panel.assign(d=lambda f: (f["r"] < 8) * 1.0)
    with pytest.raises(errors.ModelError, match="singular"):
        sc.beta_local(panel, "v", points, controls="d", bandwidth=bandwidth, draws=1, seed=1, progress=False)


def test_spans_are_cross_sections_of_their_own(us):
    found = sc.beta_local_spans(
        us.panel, "income", us.states, breaks=(1929, 1969, 2009), bandwidth=30, draws=3, seed=1, progress=False
    )
    assert list(found.by_span.index) == ["1929-69", "1969-2009"]
    for span, ends in (("1929-69", (1929, 1969)), ("1969-2009", (1969, 2009))):
        alone = sc.beta_local(us.panel, "income", us.states, breaks=ends, bandwidth=30, draws=1, seed=1, progress=False)
        np.testing.assert_allclose(found.table.loc[span, "beta"], alone.table["beta"], rtol=1e-12)
        assert found.by_span.loc[span, "aicc"] == pytest.approx(alone.aicc)
    betas = found.table["beta"].unstack("span")
    assert found.by_span["correlation"].iloc[1] == pytest.approx(betas.corr().iloc[0, 1])
    assert list(found.panel().periods) == ["1929-69", "1969-2009"]
    assert max(map(len, repr(found).splitlines())) <= 80
    with pytest.raises(errors.OptionError):
        sc.beta_local_spans(us.panel, "income", us.states, bandwith=30)
