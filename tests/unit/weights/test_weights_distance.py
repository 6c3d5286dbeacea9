"""Weights from distances, against Vincenty's formula, great circles and sorting all pairs."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from libpysal.graph import Graph
from pyproj import Geod

import spatialconv as sc
from spatialconv._core.space.geodesics import Sphere
from spatialconv.errors import GeometryError, IslandError, OptionError, WeightsError
from spatialconv.weights import points as points_module
from tests.brute_association import moran
from tests.brute_weights import (
    all_distances,
    both_ways,
    dense,
    haversine,
    links,
    row,
    squares,
    towns,
    zhejiang_logs,
)
from tests.tolerances import EXACT, GEODESIC

RNG = np.random.default_rng(33)
LON, LAT = RNG.uniform(-175, 175, 40), RNG.uniform(-80, 80, 40)
WORLD = towns(LON, LAT)
KM = all_distances(LON, LAT)


def inverse(D, power):
    D = D + np.diag(np.full(len(D), np.inf))
    return D ** -float(power)


# ---------------------------------------------------------------------- inverse distance


@pytest.mark.parametrize("power", [1, 2, 0.5])
def test_inverse_distance_is_that_of_the_ellipsoid(power):
    W = inverse(KM, power)
    found = sc.weights.inverse_distance(WORLD, power=power, standardise="none")
    np.testing.assert_allclose(dense(found), W, rtol=GEODESIC)
    np.testing.assert_array_equal(dense(found), dense(found).T)
    np.testing.assert_allclose(dense(sc.weights.inverse_distance(WORLD, power=power)), row(W), rtol=GEODESIC)
    spectral = sc.weights.inverse_distance(WORLD, power=power, standardise="spectral")
    np.testing.assert_allclose(dense(spectral), W / np.linalg.eigvalsh(W).max(), rtol=GEODESIC)
    # Great circles are another witness, good to the flattening of the earth.
    great = dense(sc.weights.inverse_distance(WORLD, power=1, standardise="none"))
    np.testing.assert_allclose(great, inverse(haversine(LON, LAT), 1), rtol=0.006)


@pytest.mark.parametrize("crs", [4326, 32651])
def test_all_pairs_of_more_regions_than_a_block(crs):
    # 150 regions: distances are mirrored by blocks of 64 rows, with a part of one left over.
    rng = np.random.default_rng(8)
    xy = rng.uniform((-100, -60), (100, 60), (150, 2)) * (1 if crs == 4326 else 1e4)
    gdf = gpd.GeoDataFrame(geometry=gpd.GeoSeries.from_xy(*xy.T, index=rng.permutation(150), crs=crs))
    D = all_distances(*xy.T) if crs == 4326 else np.hypot(*(xy[:, None] - xy[None]).T) / 1000
    found = sc.weights.inverse_distance(gdf, power=1, standardise="none")
    np.testing.assert_allclose(dense(found), inverse(D, 1), rtol=GEODESIC)
    width = np.sort(D, axis=1)[:, 5]
    for shape, kernel in (("gaussian", lambda z: np.exp(-(z**2) / 2)), ("exponential", lambda z: np.exp(-z))):
        found = sc.weights.kernel(gdf, k=5, shape=shape, standardise="none")
        K = kernel(D / width[:, None]) - np.eye(150)
        np.testing.assert_allclose(dense(found), K, rtol=GEODESIC * D.max() / width.min() * 10, atol=1e-300)


def test_pairs_at_one_place_are_named_once_among_all():
    lon, lat = LON.copy(), LAT.copy()
    lon[[30, 7]], lat[[30, 7]] = lon[[2, 5]], lat[[2, 5]]
    with pytest.raises(GeometryError, match=r"2: \('t2', 't30'\), \('t5', 't7'\)"):
        sc.weights.inverse_distance(towns(lon, lat))


def test_links_in_any_order_are_read_alike():
    # Reordered, a Graph has codes that are not those of its own regions.
    w = sc.weights.inverse_distance(WORLD, nearest=4)
    rows = w.adjacency.sample(frac=1, random_state=0)
    shuffled = Graph(rows, transformation="R", is_sorted=True)
    regions = list(w.unique_ids)
    for other in (shuffled, w.to_W()):
        aligned = sc.weights.align(other, regions)
        np.testing.assert_array_equal(aligned.matrix.toarray(), dense(w))
    with pytest.raises(WeightsError, match="more than once"):
        sc.weights.describe(Graph(pd.concat([rows, rows[:1]]), is_sorted=True))


def test_cutoff_and_nearest_leave_out_the_far():
    W = inverse(KM, 2)
    near = np.where(KM <= 3000, W, 0)
    np.testing.assert_allclose(
        dense(sc.weights.inverse_distance(WORLD, cutoff=3000, standardise="none")), near, rtol=GEODESIC
    )
    rank = np.argsort(np.argsort(-W, axis=1), axis=1)
    five = np.where(rank < 5, W, 0)
    found = sc.weights.inverse_distance(WORLD, nearest=5, standardise="none")
    np.testing.assert_allclose(dense(found), five, rtol=GEODESIC)
    both = sc.weights.inverse_distance(WORLD, nearest=5, cutoff=3000, standardise="none")
    np.testing.assert_allclose(dense(both), np.where(KM <= 3000, five, 0), rtol=GEODESIC)
    assert (near.sum(axis=1) == 0).any()
    assert (dense(both) > 0).sum() < (five > 0).sum()


def test_islands_of_a_cutoff():
    gdf = towns([0, 1, 5], [0, 0, 0], labels="abc")
    kept = sc.weights.inverse_distance(gdf, cutoff=150, power=1, standardise="none")
    assert links(kept) == both_ways("ab")
    assert sc.weights.describe(kept).islands == ("c",)
    with pytest.raises(IslandError, match="no neighbour: 'c'"):
        sc.weights.inverse_distance(gdf, cutoff=150, islands="raise")
    linked = sc.weights.inverse_distance(gdf, cutoff=150, power=1, islands="nearest", standardise="none")
    D = all_distances([0, 1, 5], [0, 0, 0])
    expected = np.array([[0, 1 / D[0, 1], 0], [1 / D[0, 1], 0, 1 / D[1, 2]], [0, 1 / D[1, 2], 0]])
    np.testing.assert_allclose(dense(linked), expected, rtol=GEODESIC)
    assert "islands linked to the nearest region: 'c' to 'b' (445.3 km)" in sc.weights.describe(linked).notes


def test_the_geographic_weights_of_the_zhejiang_study():
    study = sc.datasets.zhejiang()
    order, logs = zhejiang_logs()
    found = sc.weights.inverse_distance(study.cities)
    W = dense(found, order)
    assert "geodesic distances between seats (columns lon and lat)" in sc.weights.describe(found).built
    seats = study.cities.loc[list(order), ["lon", "lat"]].to_numpy()
    np.testing.assert_allclose(W, row(inverse(all_distances(*seats.T), 2)), rtol=GEODESIC)
    great = row(inverse(haversine(*seats.T), 2))
    np.testing.assert_allclose(W, great, atol=0.002)
    for year, printed in study.published["tab2_moran"]["geographic"].items():
        values = logs[int(year)]
        # The study's own coordinates are not known; with either distance its figures come out as closely.
        for weights in (W, great):
            assert abs(round(moran(values, weights), 3) - printed["I"]) <= 0.012 + 1e-9
        assert abs(z_randomised(values, W) - printed["z"]) <= 0.05


def z_randomised(y, W):
    """Standard deviate of Moran's I under randomisation (Cliff and Ord 1981)."""
    n, z = len(y), y - y.mean()
    s0, s1 = W.sum(), ((W + W.T) ** 2).sum() / 2
    s2, b = ((W.sum(axis=0) + W.sum(axis=1)) ** 2).sum(), n * (z**4).sum() / (z @ z) ** 2
    top = n * ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2) - b * ((n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2)
    variance = top / ((n - 1) * (n - 2) * (n - 3) * s0**2) - 1 / (n - 1) ** 2
    return (moran(y, W) + 1 / (n - 1)) / np.sqrt(variance)


# ---------------------------------------------------------------------- neighbours by number and by distance


@pytest.mark.parametrize("k", [1, 3, 12, 39])
def test_nearest_neighbours_are_those_of_all_pairs_sorted(k):
    order = np.argsort(KM + np.diag(np.full(40, np.inf)), axis=1)[:, :k]
    expected = np.zeros((40, 40))
    np.put_along_axis(expected, order, 1.0, axis=1)
    np.testing.assert_array_equal(dense(sc.weights.knn(WORLD, k=k, standardise="none")), expected)
    np.testing.assert_allclose(dense(sc.weights.knn(WORLD, k=k)), expected / k, rtol=EXACT)


def test_nearest_on_the_ellipsoid_are_not_those_on_a_sphere():
    # East to west a degree is longer than north to south, on the ellipsoid: 111.32 against 110.57 km.
    gdf = towns([0, 0.997, 0], [0, 0, 1], labels=["centre", "east", "north"])
    sphere = haversine(*gdf.get_coordinates().to_numpy().T)
    assert sphere[0, 1] < sphere[0, 2]
    assert ("centre", "north") in links(sc.weights.knn(gdf, k=1))


def test_degrees_are_no_plane():
    # At 70 degrees north two degrees of longitude are 76 km and one of latitude 111 km.
    gdf = towns([0, 2, 0], [70, 70, 71], labels=["centre", "east", "north"])
    assert ("centre", "east") in links(sc.weights.knn(gdf, k=1))
    # Across the 180th meridian 359 degrees are one.
    gdf = towns([179.5, -179.5, 177], [0, 0, 0], labels=["west", "east", "far"])
    assert ("west", "east") in links(sc.weights.knn(gdf, k=1))
    assert links(sc.weights.distance_band(gdf, threshold=120)) == both_ways(("west", "east"))


def test_ties_go_to_the_first_and_are_noted():
    gdf = towns([0, 1, -1, 5], [0, 0, 0, 0], labels=["centre", "east", "west", "far"])
    w = sc.weights.knn(gdf, k=1)
    assert links(w) == {("centre", "east"), ("east", "centre"), ("west", "centre"), ("far", "east")}
    tie = "several regions are equally far for the last place among the nearest of 'centre'; the first by label"
    assert any(note.startswith(tie) for note in sc.weights.describe(w).notes)
    turned = sc.weights.knn(gdf.loc[["west", "far", "east", "centre"]], k=1)
    assert links(turned) == links(w)  # another order of rows is another order of rows, and nothing else
    assert any(note.startswith(tie) for note in sc.weights.describe(turned).notes)
    assert not any(note.startswith("several") for note in sc.weights.describe(sc.weights.knn(gdf, k=2)).notes)


def test_distance_band_is_all_pairs_within():
    for threshold in (800, 3000, 9000, 30_000):
        expected = (threshold >= KM) * (1 - np.eye(40))
        found = sc.weights.distance_band(WORLD, threshold=threshold, standardise="none")
        np.testing.assert_array_equal(dense(found), expected)


def test_distance_band_includes_its_threshold_and_takes_links_by_hand():
    gdf = towns([0, 1000, 2500, 9000], [0, 0, 0, 0], labels="abcd", crs=32651)
    assert links(sc.weights.distance_band(gdf, threshold=1.5)) == both_ways("ab", "bc")
    assert links(sc.weights.distance_band(gdf, threshold=1.4999)) == both_ways("ab")
    w = sc.weights.distance_band(gdf, threshold=1.5, link=[("c", "d")], unlink=[("a", "b")], islands="nearest")
    assert links(w) == both_ways("bc", "cd", "ab")
    assert "islands linked to the nearest region: 'a' to 'b' (1 km)" in sc.weights.describe(w).notes


# ---------------------------------------------------------------------- kernels

KERNELS = {
    "triangular": lambda z: np.where(z < 1, 1 - z, 0),
    "epanechnikov": lambda z: np.where(z < 1, 1 - z**2, 0),
    "bisquare": lambda z: np.where(z < 1, (1 - z**2) ** 2, 0),
    "tricube": lambda z: np.where(z < 1, (1 - z**3) ** 3, 0),
    "uniform": lambda z: np.where(z <= 1 + 1e-12, 1.0, 0),
    "gaussian": lambda z: np.exp(-0.5 * z**2),
    "exponential": lambda z: np.exp(-z),
}


@pytest.mark.parametrize("shape", KERNELS)
def test_kernels_are_their_formulas(shape):
    off = 1 - np.eye(40)
    found = sc.weights.kernel(WORLD, bandwidth=4000, shape=shape, standardise="none")
    np.testing.assert_allclose(dense(found), KERNELS[shape](KM / 4000) * off, rtol=1e-6, atol=1e-9)
    width = np.sort(KM, axis=1)[:, [6]]
    adaptive = sc.weights.kernel(WORLD, k=6, shape=shape, standardise="none")
    np.testing.assert_allclose(dense(adaptive), KERNELS[shape](KM / width) * off, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(
        dense(sc.weights.kernel(WORLD, k=6, shape=shape)), row(dense(adaptive)), rtol=EXACT, atol=0
    )
    if shape not in ("gaussian", "exponential"):
        neighbours = sc.weights.describe(adaptive).table["neighbours"]
        assert set(neighbours) == {6 if shape == "uniform" else 5}


# ---------------------------------------------------------------------- where points come from


def test_points_are_given_or_seats_or_inside_the_polygons():
    gdf = squares((0, 0, 2, 2), (2, 0, 4, 2), (4, 0, 6, 2), labels="abc")
    given = gpd.GeoSeries.from_xy([3.9, 0.1, 5.9, 77], [1, 1, 1, 1], index=list("bacz"), crs=4326)
    expected = inverse(all_distances([0.1, 3.9, 5.9], [1, 1, 1]), 1)
    table = pd.DataFrame({"lat": 1.0, "lon": given.x})
    for points in (given, gpd.GeoDataFrame(geometry=given), table, given.to_crs(3857).to_crs(4490)):
        found = sc.weights.inverse_distance(gdf, power=1, points=points, standardise="none")
        np.testing.assert_allclose(dense(found), expected, rtol=1e-6)
        assert "the points given" in sc.weights.describe(found).built
        assert sc.weights.describe(found).notes == ()
    seats = sc.weights.inverse_distance(gdf.assign(lon=[0.1, 3.9, 5.9], lat=1.0), power=1, standardise="none")
    np.testing.assert_allclose(dense(seats), expected, rtol=1e-6)
    assert sc.weights.describe(seats).notes == ()
    inside = sc.weights.inverse_distance(gdf, power=1, standardise="none")
    np.testing.assert_allclose(dense(inside), inverse(all_distances([1, 3, 5], [1, 1, 1]), 1), rtol=1e-6)
    (note,) = sc.weights.describe(inside).notes
    assert note.startswith("no points= and no columns lon and lat: distances run between representative points")


def test_points_lie_inside_where_a_centroid_does_not():
    bay = shapely.Polygon([(0, 0), (4, 0), (4, 4), (3.9, 4), (3.9, 0.1), (0.1, 0.1), (0.1, 4), (0, 4)])
    gdf = gpd.GeoDataFrame(geometry=[bay, shapely.box(1.9, 1.0, 2.1, 2.1)], index=["bay", "isle"], crs=4326)
    assert not bay.contains(bay.centroid)
    point = bay.representative_point()
    km = all_distances([point.x, 2.0], [point.y, 1.55])[0, 1]
    w = sc.weights.inverse_distance(gdf, power=1, standardise="none")
    np.testing.assert_allclose(dense(w)[0, 1], 1 / km, rtol=1e-6)


def test_projected_coordinates_are_metres_whatever_their_unit():
    metres = towns([0, 3000, 3000], [0, 0, 4000], labels="abc", crs=32651)
    foot = 1200 / 3937
    feet = gpd.GeoDataFrame(geometry=metres.scale(1 / foot, 1 / foot, origin=(0, 0)).set_crs(2263, allow_override=True))
    expected = np.array([[0, 1 / 3, 1 / 5], [1 / 3, 0, 1 / 4], [1 / 5, 1 / 4, 0]])
    for gdf in (metres, feet):
        w = sc.weights.inverse_distance(gdf, power=1, standardise="none")
        np.testing.assert_allclose(dense(w), expected, rtol=1e-9)
        assert "plane distances between the points of the geometry" in sc.weights.describe(w).built


def test_grads_are_turned_into_degrees():
    degrees = towns([2.0, 3.0, 5.0], [48.0, 47.0, 45.0], labels="abc", crs=4275)
    grads = degrees.to_crs(4807)
    assert grads.geometry.y.iloc[0] > 53
    found = dense(sc.weights.inverse_distance(grads, power=1, standardise="none"))
    np.testing.assert_allclose(
        found, dense(sc.weights.inverse_distance(degrees, power=1, standardise="none")), rtol=1e-6
    )


def test_a_projection_that_stretches_is_noted():
    gdf = towns([10.0, 11.0, 12.0], [60.0, 60.5, 59.0], labels="abc")
    stretched = sc.weights.describe(sc.weights.inverse_distance(gdf.to_crs(3857)))
    (note,) = stretched.notes
    assert note.startswith("distances in the projection WGS 84 / Pseudo-Mercator are off by up to 101%")
    assert sc.weights.describe(sc.weights.inverse_distance(gdf.to_crs(32632))).notes == ()


def test_thousands_of_regions_stay_sparse():
    # Refused from 10,001 on, formerly from 5,001: all pairs are now built in the memory of the matrix.
    lon, lat = RNG.uniform(75, 130, 12000), RNG.uniform(20, 50, 12000)
    gdf = towns(lon, lat)
    matrix = sc.weights.align(sc.weights.inverse_distance(gdf, nearest=20), gdf.index).matrix
    assert set(np.diff(matrix.indptr)) == {20}
    for call in (sc.weights.inverse_distance, lambda g: sc.weights.kernel(g, bandwidth=100, shape="gaussian")):
        with pytest.raises(OptionError, match="all pairs of 12,000 regions are 143,988,000 weights"):
            call(gdf)


def test_one_region():
    one = towns([0.0], [0.0], labels="a")
    for w in (
        sc.weights.inverse_distance(one),
        sc.weights.inverse_distance(one, cutoff=5, islands="nearest"),
        sc.weights.distance_band(one, threshold=5),
        sc.weights.kernel(one, bandwidth=5),
    ):
        assert sc.weights.describe(w).islands == ("a",)
    with pytest.raises(OptionError, match="k must be at most 0"):
        sc.weights.knn(one, k=1)


@pytest.mark.parametrize(
    "call",
    [
        sc.weights.inverse_distance,
        lambda g: sc.weights.inverse_distance(g, nearest=1),
        lambda g: sc.weights.knn(g, k=1),
        lambda g: sc.weights.distance_band(g, threshold=10),
        lambda g: sc.weights.kernel(g, bandwidth=10),
        lambda g: sc.weights.kernel(g, k=2),
    ],
)
@pytest.mark.parametrize("lon", [[0.0, 1.0, 1.0, 3.0], [0.0, 180.0, -180.0, 3.0]])
def test_coincident_points_are_named(call, lon):
    gdf = towns(lon, [0.0, 0.0, 0.0, 0.0], labels="abcd")
    message = r"the points of these regions coincide, so that their distance is zero: .*\('b', 'c'\)"
    with pytest.raises(GeometryError, match=message):
        call(gdf)


@pytest.mark.parametrize(
    ("low", "high"),
    [((-180, -90), (180, 90)), ((170, -5), (190, 5)), ((118, 27), (123, 31)), ((7, 47), (7.001, 47.001))],
    ids=["the whole Earth", "across the antimeridian", "a province", "a village"],
)
@pytest.mark.parametrize("ellipsoid", ["WGS84", "clrk66", "sphere"])
def test_geodesics_of_all_pairs_are_those_of_karney(low, high, ellipsoid):
    """The series within a tenth of a millimetre of PROJ's; what it leaves out lies nearly on the other side."""
    geod = Geod(ellps=ellipsoid)
    xy = np.random.default_rng(1).uniform(low, high, (120, 2))
    # Poles, the equator, opposite points, one meridian.
    xy[:8] = [[0, 0], [90, 0], [180, 0], [0, 90], [0, -90], [179.7, 0.1], [0, 45], [180, -45]]
    found = Sphere(xy, geod.a, geod.f).between(slice(0, 120), slice(0, 120))
    i, j = np.indices((120, 120)).reshape(2, -1)
    karney = geod.inv(*xy[i].T, *xy[j].T)[2].reshape(120, 120)
    left = np.isnan(found)
    assert 0 < left.sum() < 1_500
    assert karney[left].min() > 1.9e7
    np.testing.assert_allclose(found[~left], karney[~left], rtol=0, atol=1e-4)
    assert (np.diag(found) == 0).all()


def test_all_pairs_of_many_regions_on_the_ellipsoid(monkeypatch):
    """The matrix of both ways, opposite points and all; points that coincide are refused alike."""
    towns = gpd.GeoDataFrame(
        geometry=gpd.points_from_xy(*np.random.default_rng(2).uniform((-180, -90), (180, 90), (70, 2)).T, crs=4326),
        index=[f"r{k}" for k in range(70)],
    )
    towns.loc["r1", "geometry"], towns.loc["r2", "geometry"] = shapely.Point(10, 20), shapely.Point(-169.9, -20.01)
    plain = sc.weights.inverse_distance(towns, standardise="none").sparse.toarray()
    monkeypatch.setattr(points_module, "MANY", 2)
    for numbers in (1, 200, 10_000):
        monkeypatch.setattr(points_module, "_NUMBERS", numbers)
        found = sc.weights.inverse_distance(towns, standardise="none").sparse.toarray()
        np.testing.assert_allclose(found, plain, rtol=1e-9)
    towns.loc["r5", "geometry"] = towns.loc["r9", "geometry"]
    with pytest.raises(GeometryError, match=r"coincide.*r5.*r9"):
        sc.weights.inverse_distance(towns)
