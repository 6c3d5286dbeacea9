"""One bad input a case: geometry, labels and options that would give wrong weights in silence."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import sparse
from scipy.io import mmwrite

import spatialconv as sc
from spatialconv.errors import (
    AlignmentError,
    GeometryError,
    GeometryWarning,
    OptionError,
    SpatialConvError,
    WeightsError,
)
from tests.brute_weights import squares

GOOD = squares((0, 0, 1, 1), (1, 0, 2, 1), (2, 0, 3, 1))
BOWTIE = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])

BUILDERS = {
    "adjacency": sc.weights.adjacency,
    "inverse_distance": sc.weights.inverse_distance,
    "knn": lambda gdf, **options: sc.weights.knn(gdf, k=1, **options),
    "distance_band": lambda gdf, **options: sc.weights.distance_band(gdf, threshold=200, **options),
    "kernel": lambda gdf, **options: sc.weights.kernel(gdf, bandwidth=200, **options),
}


def with_shape(shape, label="b"):
    gdf = GOOD.copy()
    shapes = [shape if k == label else s for k, s in gdf.geometry.items()]
    return gpd.GeoDataFrame(geometry=shapes, index=gdf.index, crs=gdf.crs)


GEOMETRY = {
    "no GeoDataFrame": (pd.DataFrame({"x": [1]}), GeometryError, "GeoDataFrame; got DataFrame. Read the file"),
    "a GeoSeries": (GOOD.geometry, GeometryError, "GeoDataFrame; got GeoSeries"),
    "no geometry": (gpd.GeoDataFrame({"x": [1]}), GeometryError, "no active geometry column; choose one"),
    "no rows": (GOOD.iloc[:0], WeightsError, "regions are empty"),
    "no CRS": (
        GOOD.set_crs(None, allow_override=True),
        GeometryError,
        r"no coordinate reference .* gdf.set_crs\(4326\)",
    ),
    "geocentric CRS": (GOOD.set_crs(4978, allow_override=True), GeometryError, "neither geographic nor projected"),
    "None": (with_shape(None), GeometryError, "the geometry is missing or empty for 'b' of 3 regions"),
    "empty": (with_shape(shapely.Polygon()), GeometryError, "the geometry is missing or empty for 'b'"),
    "invalid": (with_shape(BOWTIE), GeometryError, r"invalid for 'b' \(Self-intersection.*make_valid\(\)"),
    "labels twice": (GOOD.set_axis(["a", "b", "a"]), WeightsError, "unique labels; more than once: 'a'"),
    "label missing": (GOOD.set_axis(["a", None, "c"]), WeightsError, "without a label: 1"),
    "two levels": (
        GOOD.set_index(pd.MultiIndex.from_product([["x"], list("abc")])),
        WeightsError,
        "labels of 2 levels; give each region one",
    ),
}


@pytest.mark.parametrize("case", GEOMETRY)
@pytest.mark.parametrize("builder", BUILDERS)
def test_geometry(builder, case):
    gdf, error, message = GEOMETRY[case]
    with pytest.raises(error, match=message):
        BUILDERS[builder](gdf)


def test_contiguity_needs_polygons():
    points = gpd.GeoDataFrame(geometry=GOOD.representative_point())
    with pytest.raises(GeometryError, match=r"contiguity needs polygons; got Point for 3: 'a', 'b', 'c'.*weights\.knn"):
        sc.weights.adjacency(points)


LONLAT = pd.DataFrame({"lon": [0.5, 1.5, 2.5], "lat": [0.5, 0.5, 0.5]}, index=list("abc"))
SERIES = gpd.GeoSeries.from_xy(LONLAT.lon, LONLAT.lat, index=list("abc"), crs=4326)

POINTS = {
    "an array": (LONLAT.to_numpy(), GeometryError, "columns lon and lat, each indexed by region; got ndarray"),
    "other columns": (LONLAT.rename(columns={"lon": "x"}), GeometryError, "columns lon and lat"),
    "a region absent": (LONLAT.iloc[:2], AlignmentError, "regions not in points=: 'c'"),
    "labels twice": (LONLAT.set_axis(["a", "b", "b"]), WeightsError, "points= must have unique labels"),
    "numbered": (SERIES.set_axis([0, 1, 2]), AlignmentError, r"regions not in points=.*set_index"),
    "no CRS": (SERIES.set_crs(None, allow_override=True), GeometryError, r"points= has no .* points.set_crs"),
    "polygons": (GOOD.geometry, GeometryError, "must hold points; got Polygon"),
    "empty": (
        gpd.GeoSeries([None, *SERIES.iloc[1:]], index=list("abc"), crs=4326),
        GeometryError,
        "missing or empty for 'a'",
    ),
    "missing": (LONLAT.assign(lat=[0, np.nan, 0]), GeometryError, "lon or lat is missing or no number for 'b'"),
    "text": (LONLAT.assign(lat=["0", "north", "0"]), GeometryError, "lon or lat is missing or no number for 'b'"),
    "swapped": (
        LONLAT.assign(lat=[120.1, 0, 0]),
        GeometryError,
        r"not degrees .* for 'a'.*\(0.5, 120.1\), and a latitude .* swapped, turn",
    ),
}


@pytest.mark.parametrize("case", POINTS)
@pytest.mark.parametrize("builder", ["inverse_distance", "knn", "distance_band", "kernel"])
def test_points(builder, case):
    points, error, message = POINTS[case]
    with pytest.raises(error, match=message):
        BUILDERS[builder](GOOD, points=points)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"lon": 1.0}, "has a column 'lon' but not both of lon and lat"),
        ({"lon": [0.5, 200_000.0, 1.0], "lat": 0.5}, "not degrees of longitude and latitude for 'b'"),
        ({"lon": [0.5, np.nan, 1.0], "lat": 0.5}, r"seats \(columns lon and lat\): .* missing or no number for 'b'"),
    ],
)
def test_seat_columns(columns, message):
    with pytest.raises(GeometryError, match=message):
        sc.weights.inverse_distance(GOOD.assign(**columns))


W = sc.weights
OPTIONS = {
    "rule": (
        lambda: W.adjacency(GOOD, rule="bishop"),
        OptionError,
        "rule must be one of 'queen', 'rook'; got 'bishop'",
    ),
    "islands": (lambda: W.adjacency(GOOD, islands="drop"), OptionError, "islands must be one of"),
    "standardise": (lambda: W.adjacency(GOOD, standardise="r"), OptionError, "standardise must be one of"),
    "how": (lambda: W.standardise(W.adjacency(GOOD), "max"), OptionError, "how must be one of"),
    "link unknown": (
        lambda: W.adjacency(GOOD, link=[("a", "Atlantis")]),
        AlignmentError,
        "labels in link= not in the regions: 'Atlantis'",
    ),
    "unlink unknown": (lambda: W.adjacency(GOOD, unlink=[("a", 1)]), AlignmentError, "labels in unlink= not in"),
    "link itself": (lambda: W.adjacency(GOOD, link=[("a", "a")]), WeightsError, "pairs a region with itself: 'a'"),
    "one pair bare": (lambda: W.adjacency(GOOD, link=("a", "b")), WeightsError, r"list of pairs .* \[\('a', 'b'\)\]"),
    "a word": (lambda: W.adjacency(GOOD, link="ab"), WeightsError, "must be a list of pairs"),
    "three": (lambda: W.adjacency(GOOD, link=[("a", "b", "c")]), WeightsError, "must be a list of pairs"),
    "link and unlink": (
        lambda: W.adjacency(GOOD, link=[("a", "c")], unlink=[("c", "a")]),
        WeightsError,
        r"link= and unlink= name the same pair: \('a', 'c'\)",
    ),
    "power": (lambda: W.inverse_distance(GOOD, power=0), OptionError, "power must be a positive number"),
    "power too large": (lambda: W.inverse_distance(GOOD, power=400), OptionError, "leaves the range of floating point"),
    "cutoff": (lambda: W.inverse_distance(GOOD, cutoff=-1), OptionError, "cutoff must be a positive number"),
    "nearest": (
        lambda: W.inverse_distance(GOOD, nearest=3),
        OptionError,
        "nearest must be at most 2, the number of other",
    ),
    "k": (lambda: W.knn(GOOD, k=3), OptionError, "k must be at most 2"),
    "k zero": (lambda: W.knn(GOOD, k=0), OptionError, "k must be a whole number of at least 1"),
    "k half": (lambda: W.knn(GOOD, k=1.5), OptionError, "k must be a whole number"),
    "threshold": (lambda: W.distance_band(GOOD, threshold=np.nan), OptionError, "threshold must be a positive number"),
    "no bandwidth": (lambda: W.kernel(GOOD), OptionError, "either bandwidth .* or k"),
    "two bandwidths": (lambda: W.kernel(GOOD, bandwidth=1, k=2), OptionError, "either bandwidth .* or k"),
    "bandwidth": (lambda: W.kernel(GOOD, bandwidth=0), OptionError, "bandwidth must be a positive number"),
    "shape": (lambda: W.kernel(GOOD, k=2, shape="normal"), OptionError, "shape must be one of 'triangular'"),
    "k of a shape": (lambda: W.kernel(GOOD, k=1), OptionError, "k must be a whole number of at least 2"),
    "nearest kernel": (
        lambda: W.kernel(GOOD, k=2, islands="nearest"),
        OptionError,
        "islands must be one of 'keep', 'raise'",
    ),
    "nested how": (
        lambda: W.nested(W.adjacency(GOOD), W.adjacency(GOOD), how="sum"),
        OptionError,
        "how must be one of",
    ),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_options(case):
    call, error, message = OPTIONS[case]
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, SpatialConvError)
    assert isinstance(caught.value, ValueError)


def test_inputs_are_not_modified():
    gdf = GOOD.assign(lon=[0.5, 1.5, 2.5], lat=0.5)
    before, points = gdf.to_wkb(), SERIES.to_wkb()
    for build in BUILDERS.values():
        build(gdf)
    for name in ("inverse_distance", "knn", "distance_band", "kernel"):
        BUILDERS[name](gdf, points=SERIES)
    pd.testing.assert_frame_equal(pd.DataFrame(gdf.to_wkb()), pd.DataFrame(before))
    pd.testing.assert_series_equal(SERIES.to_wkb(), points)


def test_nothing_is_printed(capsys):
    apart = squares((0, 0, 1, 1), (1, 0, 2, 1), (7, 7, 8, 8))
    for build in BUILDERS.values():
        sc.weights.describe(build(apart))
    sc.weights.adjacency(apart, islands="nearest")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", BUILDERS)
def test_polygons_with_longitude_and_latitude_swapped(name):
    """Shared borders are the same when the map is on its side; every distance is not."""
    cities = sc.datasets.zhejiang().cities
    turned = cities.set_geometry(shapely.transform(cities.geometry, lambda xy: xy[:, ::-1]))
    with pytest.raises(GeometryError, match=r"the geometry: not degrees .* for 11: .*latitude lies between -90 and 90"):
        BUILDERS[name](turned)


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("declared", [32651, 3857, "ESRI:102012"])
def test_degrees_declared_as_metres(name, declared):
    cities = sc.datasets.zhejiang().cities[["geometry"]].set_crs(declared, allow_override=True)
    with pytest.warns(GeometryWarning, match=r"in metres, but all 11 regions lie .*these look like degrees"):
        BUILDERS[name](cities)


def test_points_in_degrees_declared_as_metres():
    cities = sc.datasets.zhejiang().cities
    seats = gpd.GeoSeries.from_xy(cities["lon"], cities["lat"], index=cities.index, crs=32650)
    with pytest.warns(GeometryWarning, match="points= is declared as .*set_crs"):
        sc.weights.knn(cities, k=2, points=seats)


def test_metres_are_taken_for_metres():
    """Neither a real projected map nor squares of a metre at the origin are suspected."""
    cities = sc.datasets.zhejiang().cities[["geometry"]]
    assert sc.weights.adjacency(cities.to_crs(32651)).n == 11
    assert sc.weights.adjacency(GOOD.set_crs(32651, allow_override=True)).n == 3


@pytest.mark.parametrize("dtype", [int, float])
@pytest.mark.parametrize("name", BUILDERS)
def test_codes_in_a_column_beside_row_numbers(name, dtype):
    """Panel regions 0 to 10 would be matched with the places of the rows, and nothing would be missing."""
    cities = sc.datasets.zhejiang().cities
    rows = cities.assign(code=np.arange(11)[::-1].astype(dtype)).reset_index()
    with pytest.warns(GeometryWarning, match=r"labelled 0 to 10 by their place.*gdf\.set_index\('code'\)"):
        BUILDERS[name](rows)
    assert BUILDERS[name](rows.set_index("code")).n == 11
    assert BUILDERS[name](rows.assign(code=range(11))).n == 11
    assert BUILDERS[name](rows.assign(code=range(1, 12))).n == 11


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, pd.DataFrame])
def test_imaginary_weights(kind):
    real = np.ones((2, 2)) - np.eye(2)
    regions = None if kind is pd.DataFrame else ["a", "b"]
    assert sc.weights.from_matrix(kind(real + 0j), regions=regions).n == 2
    with pytest.raises(WeightsError, match=r"^weights must be real numbers; imaginary parts of up to 0\.5"):
        sc.weights.from_matrix(kind(real * (1 + 0.5j)), regions=regions)


def test_imaginary_weights_in_a_file(tmp_path):
    mmwrite(tmp_path / "w.mtx", sparse.csr_array((np.ones((2, 2)) - np.eye(2)) * 1j))
    with pytest.raises(WeightsError, match="must be real numbers"):
        sc.weights.read(tmp_path / "w.mtx", regions=["a", "b"])
