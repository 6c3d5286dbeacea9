"""Centre of gravity and ellipse: pointpats in a plane, a search over the ellipsoid, another projection, bootstraps."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pyproj import CRS, Geod, Transformer
from scipy.optimize import minimize

import spatialconv as sc
from spatialconv import maps, plot
from spatialconv._core.space.centre import region, resampled
from spatialconv.errors import AlignmentError, DataError, NotPositiveError, OptionError, VariableError
from tests import brute_association as brute
from tests.tolerances import EXACT, REFERENCE

CASES = json.loads((Path(__file__).parents[2] / "reference" / "pointpats" / "reference.json").read_text())["cases"]
WGS84 = Geod(ellps="WGS84")


def points(xy, crs, labels):
    return gpd.GeoDataFrame(geometry=gpd.points_from_xy(*np.asarray(xy).T), index=labels, crs=crs)


def world(seed, n=14, periods=3, *, lon=(100, 125), lat=(20, 50)):
    rng = np.random.default_rng(seed)
    xy = np.column_stack([rng.uniform(*lon, n), rng.uniform(*lat, n)])
    labels = [f"r{i:02d}" for i in range(n)]
    weight = rng.lognormal(size=(periods, n))
    weight[0, 2] = 0
    years = [2000, 2003, 2010, 2011][:periods]
    return xy, weight, brute.panel(weight, labels, years), points(xy, 4326, labels)


@pytest.mark.parametrize("formula", ["arcgis", "yuill"])
@pytest.mark.parametrize("case", CASES, ids=lambda c: f"n{len(c['weight'])}")
def test_in_a_plane_it_is_that_of_pointpats(case, formula):
    labels = [f"r{i:03d}" for i in range(len(case["weight"]))]
    found = sc.gravity_centre(
        brute.panel(np.array(case["weight"]), labels), "y", points(case["xy"], 32650, labels), formula=formula, draws=0
    ).table.iloc[0]
    np.testing.assert_allclose(found[["x", "y"]], case["centre"], rtol=EXACT)
    major, minor, angle = case[formula]
    np.testing.assert_allclose(found[["semi_major", "semi_minor"]], [major / 1000, minor / 1000], rtol=1e-9)
    # pointpats turns from the first coordinate; north is the second.
    assert found["azimuth"] == pytest.approx((90 - np.degrees(angle)) % 180, abs=1e-7)
    assert found["area"] == pytest.approx(np.pi * major * minor / 1e6, rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_on_the_ellipsoid_it_has_the_least_sum_of_squared_distances(seed):
    xy, weight, panel, gdf = world(seed)
    found = sc.gravity_centre(panel, "y", gdf, draws=0)
    for t, year in enumerate(panel.periods):

        def total(c, w=weight[t]):
            metres = WGS84.inv(np.full(len(xy), c[0]), np.full(len(xy), c[1]), *xy.T)[2]
            return w @ (np.asarray(metres) / 1e6) ** 2 / w.sum()

        best = minimize(total, xy.mean(axis=0), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-16})
        row = found.table.loc[year]
        # The bottom of a sum of squares is flat: the search ends within the root of its tolerance.
        np.testing.assert_allclose(row[["lon", "lat"]], best.x, atol=2e-6)
        assert total(row[["lon", "lat"]].to_numpy()) <= best.fun * (1 + 1e-12)


def test_the_ellipse_is_that_of_the_azimuthal_equidistant_projection():
    xy, weight, panel, gdf = world(5)
    found = sc.gravity_centre(panel, "y", gdf, draws=0)
    for t, year in enumerate(panel.periods):
        row = found.table.loc[year]
        plane = CRS.from_proj4(f"+proj=aeqd +lat_0={row['lat']:.12f} +lon_0={row['lon']:.12f} +ellps=WGS84")
        at = np.column_stack(Transformer.from_crs(4326, plane, always_xy=True).transform(*xy.T))
        covariance = np.cov(at.T, aweights=weight[t], ddof=0)
        values, vectors = np.linalg.eigh(covariance)
        np.testing.assert_allclose(np.average(at, axis=0, weights=weight[t]), 0, atol=0.01)
        np.testing.assert_allclose(row[["semi_minor", "semi_major"]], np.sqrt(2 * values) / 1000, rtol=1e-7)
        assert row["azimuth"] == pytest.approx(np.degrees(np.arctan2(*vectors[:, 1])) % 180, abs=1e-4)


def test_a_mean_of_degrees_lies_elsewhere():
    """Two places at 60 degrees north, 90 degrees of longitude apart: great circles bow north."""
    gdf = points([(0, 60), (90, 60), (45, 0)], 4326, list("abc"))
    panel = brute.panel(np.array([1.0, 1, 1e-9]), list("abc"))
    row = sc.gravity_centre(panel, "y", gdf, draws=0).table.iloc[0]
    assert row["lon"] == pytest.approx(45, abs=1e-6)
    assert row["lat"] > 67


def test_the_date_line_is_no_edge():
    xy, _, panel, gdf = world(6, lon=(-15, 15))
    shifted = points(np.column_stack([(xy[:, 0] + 180 + 180) % 360 - 180, xy[:, 1]]), 4326, gdf.index)
    one, two = (sc.gravity_centre(panel, "y", g, draws=0) for g in (gdf, shifted))
    np.testing.assert_allclose((two.table["lon"] - one.table["lon"]) % 360, 180, atol=1e-8)
    columns = ["lat", "semi_major", "semi_minor", "azimuth", "east", "north"]
    np.testing.assert_allclose(one.table[columns], two.table[columns], rtol=1e-8, atol=1e-8)


def test_moves_and_shift_are_geodesics_between_centres():
    _, _, panel, gdf = world(7)
    found = sc.gravity_centre(panel, "y", gdf, draws=0)
    c = found.table[["lon", "lat"]].to_numpy()
    azimuth, _, metres = WGS84.inv(c[:-1, 0], c[:-1, 1], c[1:, 0], c[1:, 1])
    np.testing.assert_allclose(found.moves["distance"], np.array(metres) / 1000, rtol=REFERENCE)
    np.testing.assert_allclose(found.moves["azimuth"], np.array(azimuth) % 360, rtol=REFERENCE)
    np.testing.assert_allclose(found.moves["speed"], np.array(metres) / 1000 / [3, 7], rtol=REFERENCE)
    assert found.moves["from"].tolist() == [2000, 2003]
    azimuth, _, metres = WGS84.inv(*c[0], *c[-1])
    assert found.shift["distance"] == pytest.approx(metres / 1000, rel=REFERENCE)
    assert found.shift["azimuth"] == pytest.approx(azimuth % 360, rel=REFERENCE)
    assert found.shift["path"] == pytest.approx(found.moves["distance"].sum(), rel=EXACT)
    assert found.shift["tortuosity"] == pytest.approx(found.shift["path"] / found.shift["distance"], rel=EXACT)
    assert np.isnan(found.shift["p"])


def test_unit_and_order_change_nothing():
    _, _, panel, gdf = world(8)
    one = sc.gravity_centre(panel, "y", gdf, draws=0)
    frame = panel.frame.sample(frac=1, random_state=0).assign(y=lambda f: f["y"] * 1e9)
    two = sc.gravity_centre(sc.Panel(frame, region="region", period="period"), "y", gdf.iloc[::-1], draws=0)
    np.testing.assert_allclose(one.table, two.table, rtol=1e-9, atol=1e-9)


def test_degenerate_spreads():
    labels = list("abcd")
    line = points([(500_000 + 3000 * k, 3_000_000 + 4000 * k) for k in range(4)], 32650, labels)
    row = sc.gravity_centre(brute.panel(np.array([1.0, 2, 1, 3]), labels), "y", line, draws=0).table.iloc[0]
    assert row["azimuth"] == pytest.approx(np.degrees(np.arctan2(3, 4)), abs=1e-6)
    assert row["semi_minor"] == pytest.approx(0, abs=1e-4)
    alone = sc.gravity_centre(brute.panel(np.array([0.0, 5, 0, 0]), labels), "y", line, draws=0).table.iloc[0]
    assert (alone["x"], alone["y"]) == (503_000, 3_004_000)
    assert alone["semi_major"] == pytest.approx(0, abs=1e-6)
    square = points([(500_000, 0), (501_000, 0), (501_000, 1000), (500_000, 1000)], 32650, labels)
    even = sc.gravity_centre(brute.panel(np.ones(4), labels), "y", square, draws=0).table.iloc[0]
    assert np.isnan(even["azimuth"])
    assert even["semi_major"] == pytest.approx(even["semi_minor"])


# ------------------------------------------------------------------ the bootstrap


def test_resamples_are_those_of_a_loop():
    rng = np.random.default_rng(1)
    xy, weight = rng.normal(size=(9, 2)), rng.lognormal(size=(2, 9))
    centres, axes = resampled(xy, weight, 50, np.random.default_rng(3))
    times = np.random.default_rng(3).multinomial(9, np.full(9, 1 / 9), size=50)
    for b in range(50):
        drawn = np.repeat(np.arange(9), times[b])
        for t in range(2):
            w, at = weight[t][drawn], xy[drawn]
            np.testing.assert_allclose(centres[b, t], np.average(at, axis=0, weights=w), rtol=1e-9)
            values = np.linalg.eigvalsh(np.cov(at.T, aweights=w, ddof=0))
            np.testing.assert_allclose(axes[b, t], np.sqrt(np.maximum(values[::-1], 0)), rtol=1e-6, atol=1e-8)


def test_a_region_holds_the_share_that_it_says():
    rng = np.random.default_rng(2)
    draws = rng.normal(size=(4000, 2)) @ [[3.0, 1.0], [0.0, 0.5]]
    major, minor, azimuth, _ = region(draws, np.zeros(2), 0.9)
    turn = np.radians(azimuth)
    along = draws @ [np.sin(turn), np.cos(turn)]
    across = draws @ [np.cos(turn), -np.sin(turn)]
    assert np.mean((along / major) ** 2 + (across / minor) ** 2 <= 1) == pytest.approx(0.9, abs=1e-3)
    assert along.std() > 3 * across.std()
    assert np.corrcoef(along, across)[0, 1] == pytest.approx(0, abs=0.02)


def test_intervals_and_p_of_the_shift():
    _, _, panel, gdf = world(9, n=40)
    found = sc.gravity_centre(panel, "y", gdf, draws=400, seed=4)
    last = found.periods[-1]
    rows = found.intervals.loc[last]
    for name in ("east", "north"):
        assert rows.loc[name, "conf_low"] < found.table.loc[last, name] < rows.loc[name, "conf_high"]
    assert (found.intervals.loc[2000].loc[["east", "north"], "std_error"] == 0).all()
    again = sc.gravity_centre(panel, "y", gdf, draws=400, seed=4)
    pd.testing.assert_frame_equal(found.intervals, again.intervals)
    assert found.provenance.seed == 4
    # A shift of everything to one side is seen.
    east = gdf.geometry.x.rank()
    moved = panel.assign(
        y=lambda f: f["y"] ** 0.1 * np.where(f["period"] == last, east[f["region"]].to_numpy() ** 2, 1)
    )
    assert sc.gravity_centre(moved, "y", gdf, draws=400, seed=4).shift["p"] <= 0.01


def test_where_nothing_moves_p_is_seldom_small():
    """200 worlds of 40 regions, each period drawn apart: 5 % and what few regions with unequal weights add."""
    rng = np.random.default_rng(0)
    labels = [f"r{i:02d}" for i in range(40)]
    gdf = points(rng.normal(size=(40, 2)) * 50_000 + (500_000, 3_000_000), 32650, labels)
    p = [
        sc.gravity_centre(brute.panel(rng.gamma(4, size=(2, 40)), labels), "y", gdf, draws=199, seed=k).shift["p"]
        for k in range(200)
    ]
    assert 0.01 <= np.mean(np.array(p) <= 0.05) <= 0.12


# ------------------------------------------------------------------ around it


def test_repr_tidy_and_refusals():
    _, _, panel, gdf = world(10)
    found = sc.gravity_centre(panel, "y", gdf, draws=99, seed=1)
    assert max(map(len, repr(found).split("\n"))) <= 80
    assert found.tidy().shape == (12, 7)
    assert found.glance().shape[0] == 1
    assert "<table" in found._repr_html_()
    one = sc.gravity_centre(panel, "y", gdf, periods=2003, draws=9, seed=1)
    assert one.moves.empty
    assert max(map(len, repr(one).split("\n"))) <= 80
    with pytest.raises(NotPositiveError, match=r"'y' is negative in 42: \('r00', 2000\)"):
        sc.gravity_centre(panel.assign(y=-1.0), "y", gdf)
    with pytest.raises(VariableError, match="'y' is zero everywhere in period 2003"):
        sc.gravity_centre(panel.assign(y=lambda f: f["y"].where(f["period"] != 2003, 0)), "y", gdf)
    with pytest.raises(DataError, match="three regions or more"):
        sc.gravity_centre(panel.subset(regions=["r00", "r01"]), "y", gdf)
    with pytest.raises(AlignmentError, match="r00"):
        sc.gravity_centre(panel, "y", gdf.iloc[1:])
    with pytest.raises(OptionError, match="formula must be one of 'arcgis', 'yuill'"):
        sc.gravity_centre(panel, "y", gdf, formula="crimestat")


def test_map_and_path():
    zj = sc.datasets.zhejiang()
    found = sc.gravity_centre(zj.panel, "exports", zj.cities, draws=99, seed=1)
    figure = maps.gravity_centre(found, zj.cities)
    ax = next(ax for ax in figure.axes if any(line.get_label() == "path" for line in ax.lines))
    lines = {line.get_label(): line.get_xydata() for line in ax.lines}
    assert {"ellipse 2016", "ellipse 2020", "region", "path", "centre 2016", "centre 2020"} <= set(lines)
    np.testing.assert_allclose(lines["ellipse 2020"].mean(axis=0), lines["centre 2020"][0], atol=3000)
    # Half axes in metres of the map's own projection, which is true to scale in Zhejiang within a percent.
    away = np.hypot(*(lines["ellipse 2020"] - lines["centre 2020"][0]).T) / 1000
    np.testing.assert_allclose([away.max(), away.min()], found.table.loc[2020, ["semi_major", "semi_minor"]], rtol=0.01)
    assert "Standard deviational ellipses".lower() in figure.caption.lower()
    path = plot.gravity_path(found)
    drawn = next(line for line in path.axes[0].lines if line.get_label() == "path").get_xydata()
    np.testing.assert_allclose(drawn, found.table[["east", "north"]], rtol=EXACT)
    with pytest.raises(OptionError, match=r"maps.gravity_centre takes the result of sc\.gravity_centre"):
        maps.gravity_centre(found.table, zj.cities)
