"""Contiguity and islands, against every pair of polygons by hand and the neighbour lists of other software."""

from __future__ import annotations

import warnings
from pathlib import Path

import geopandas as gpd
import libpysal
import numpy as np
import pytest
import shapely
from libpysal.graph import Graph
from pyproj import Geod

import spatialconv as sc
from spatialconv.errors import IslandError, IslandWarning
from tests.brute_weights import both_ways, contiguity, dense, links, row, squares
from tests.tolerances import EXACT

EXAMPLES = Path(libpysal.__file__).parent / "examples"

# a is a long strip; b and c meet the middle of its side without a vertex of a there; d touches a's corner alone.
T_JUNCTION = squares((0, 0, 4, 1), (0.5, 1, 1.5, 2), (1.5, 1, 3, 2), (4, 1, 5, 2), (9, 9, 10, 10))


def test_borders_are_found_where_only_one_polygon_has_a_vertex():
    queen = both_ways("ab", "ac", "bc", "ad")
    assert links(sc.weights.adjacency(T_JUNCTION)) == queen
    assert links(sc.weights.adjacency(T_JUNCTION, rule="rook")) == queen - both_ways("ad")
    # The reason for not comparing vertices, the way of libpysal's default:
    assert links(Graph.build_contiguity(T_JUNCTION, rook=False, strict=False)) == both_ways("bc", "ad")


@pytest.mark.parametrize("rule", ["queen", "rook"])
def test_every_pair_of_zhejiang(rule):
    cities = sc.datasets.zhejiang().cities
    assert links(sc.weights.adjacency(cities, rule=rule)) == contiguity(cities, rule)
    assert sc.weights.describe(sc.weights.adjacency(cities)).links == 38


@pytest.mark.parametrize(
    ("shapes", "neighbours", "key", "rule"),
    [
        ("columbus/columbus.shp", "columbus/columbus.gal", "POLYID", "queen"),
        ("10740/10740.shp", "10740/10740_queen.gal", None, "queen"),
        ("10740/10740.shp", "10740/10740_rook.gal", None, "rook"),
        ("virginia/virginia.shp", "virginia/virginia_rook.gal", "POLY_ID", "rook"),
        ("stl/stl_hom.shp", "stl/stl_hom_rook.gal", "POLY_ID_OG", "rook"),
    ],
)
def test_neighbour_lists_of_geoda(shapes, neighbours, key, rule):
    gdf = gpd.read_file(EXAMPLES / shapes).set_crs(4326, allow_override=True)
    gdf.index = gdf[key].astype(int) if key else range(1, len(gdf) + 1)
    found = links(sc.weights.adjacency(gdf, rule=rule))
    listed = links(sc.weights.read(EXAMPLES / neighbours, regions=gdf.index))
    if neighbours == "10740/10740_queen.gal":
        # The list lacks one pair of 1216: two tracts that have a corner in common, to the last bit.
        corner = shapely.Point(-106.678682, 35.202542)
        assert all(shapely.get_coordinates(gdf.geometry[k]).tolist().count([corner.x, corner.y]) for k in (121, 122))
        found -= both_ways((121, 122))
    assert len(listed) > 200
    assert found == listed


def test_parts_holes_and_enclaves():
    ring = shapely.Polygon([(0, 0), (4, 0), (4, 4), (0, 4)], [[(1, 1), (1, 2), (2, 2), (2, 1)]])
    pieces = shapely.MultiPolygon([shapely.box(4, 0, 5, 1), shapely.box(7, 0, 8, 1)])
    shapes = [ring, shapely.box(1, 1, 2, 2), pieces, shapely.box(8, 1, 9, 2)]
    gdf = gpd.GeoDataFrame(geometry=shapes, index=list("abcd"), crs=4326)
    assert links(sc.weights.adjacency(gdf)) == both_ways("ab", "ac", "cd")
    assert links(sc.weights.adjacency(gdf, rule="rook")) == both_ways("ab", "ac")


@pytest.mark.parametrize("rule", ["queen", "rook"])
def test_overlaps_count_and_are_noted(rule):
    gdf = squares((0, 0, 2, 1), (1.9, 0, 3, 1), (0.5, 0.5, 0.6, 0.6), (3, 0, 4, 1))
    w = sc.weights.adjacency(gdf, rule=rule)
    assert links(w) == both_ways("ab", "ac", "bd")
    note = "polygons overlap and count as neighbours: 2: ('a', 'b'), ('a', 'c')"
    assert sc.weights.describe(w).notes == (note,)
    assert note in sc.weights.align(w, gdf.index).notes


def test_labels_and_order_are_those_of_the_index():
    numbered = T_JUNCTION.set_axis([30, 10, 20, 5, 7])
    w = sc.weights.adjacency(numbered)
    assert list(w.unique_ids) == [30, 10, 20, 5, 7]
    assert links(w) == both_ways((30, 10), (30, 20), (10, 20), (30, 5))
    # libpysal's own matrix stands in the same order, so that esda reads it right.
    np.testing.assert_allclose(w.sparse.toarray(), dense(w), rtol=EXACT)
    assert list(w.isolates) == [7]
    assert w.transformation == "R"


@pytest.mark.parametrize("how", ["row", "spectral", "none"])
def test_standardisation(how):
    W = np.zeros((5, 5))
    for i, j in both_ways((0, 1), (0, 2), (1, 2), (0, 3)):
        W[i, j] = 1
    expected = {"none": W, "row": row(W), "spectral": W / np.linalg.eigvalsh(W).max()}[how]
    np.testing.assert_allclose(dense(sc.weights.adjacency(T_JUNCTION, standardise=how)), expected, rtol=EXACT, atol=0)


# ---------------------------------------------------------------------- links by hand


def test_links_by_hand_are_mutual_and_noted():
    w = sc.weights.adjacency(T_JUNCTION, link=[("e", "d"), ("b", "a")], unlink=[("a", "d"), ["c", "e"]])
    assert links(w) == both_ways("ab", "ac", "bc", "de")
    assert sc.weights.describe(w).notes == (
        "links added by hand: ('d', 'e')",
        "links to add by hand that were there already: ('a', 'b')",
        "links removed by hand: ('a', 'd')",
        "links to remove by hand that were not there: ('c', 'e')",
    )
    assert set(dense(w).sum(axis=1)) == {1.0}


def test_the_sea_bridge_of_zhoushan():
    cities = sc.datasets.zhejiang().cities
    plain = links(sc.weights.adjacency(cities))
    w = sc.weights.adjacency(cities, link=[("Zhoushan", "Ningbo")], unlink=[("Jiaxing", "Ningbo")])
    assert links(w) == (plain | both_ways(("Zhoushan", "Ningbo"))) - both_ways(("Jiaxing", "Ningbo"))
    assert sc.weights.describe(w).islands == ()


# ---------------------------------------------------------------------- islands


def test_islands_are_kept_and_named_wherever_the_weights_are_used(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        w = sc.weights.adjacency(T_JUNCTION)
    note = "islands: 'e' has no neighbour; its spatial lag is zero"
    assert dense(w)[4].sum() == 0
    assert dense(w)[:, 4].sum() == 0
    described, aligned = sc.weights.describe(w), sc.weights.align(w, list("edcba"))
    assert described.islands == aligned.islands == ("e",)
    assert described.notes == aligned.notes == (note,)
    assert note in repr(described)
    assert capsys.readouterr() == ("", "")


def test_islands_can_raise():
    with pytest.raises(IslandError, match=r"no neighbour: 'e' of 5 regions. Link them by hand \(link=\)"):
        sc.weights.adjacency(T_JUNCTION, islands="raise")
    sc.weights.adjacency(T_JUNCTION, islands="raise", link=[("a", "e")])


def test_polygons_that_never_touch_warn():
    gdf = squares((0, 0, 1, 1), (1.001, 0, 2, 1), (2.001, 0, 3, 1))
    with pytest.warns(IslandWarning, match="no two of the 3 regions touch"):
        w = sc.weights.adjacency(gdf)
    assert sc.weights.describe(w).islands == ("a", "b", "c")
    assert links(sc.weights.adjacency(gdf, islands="nearest")) == both_ways("ab", "bc")


def test_one_region_is_an_island():
    one = squares((0, 0, 1, 1))
    for islands in ("keep", "nearest"):
        described = sc.weights.describe(sc.weights.adjacency(one, islands=islands))
        assert (described.n, described.links, described.islands) == (1, 0, ("a",))


def boundary_gap(one, other, step=0.02):
    """Least distance in km between points along two boundaries."""
    geod = Geod(ellps="WGS84")
    xy = [shapely.get_coordinates(shapely.segmentize(shape.boundary, step)) for shape in (one, other)]
    i, j = (k.ravel() for k in np.meshgrid(range(len(xy[0])), range(len(xy[1]))))
    return geod.inv(*xy[0][i].T, *xy[1][j].T)[2].min() / 1000


@pytest.mark.parametrize(
    ("boxes", "nearest"),
    [
        # At 60 degrees north 1.2 degrees of longitude (67 km) are nearer than 0.8 of latitude (89 km).
        (((0, 60, 1, 61), (2.2, 60, 3, 61), (0, 61.8, 1, 62.5)), "b"),
        # Near the pole anything lies close by in degrees of longitude.
        (((0, 86, 5, 87), (25, 86, 30, 87), (0, 84, 5, 85.2)), "c"),
        # Across the 180th meridian.
        (((179, -17, 179.9, -16), (176, -17, 177, -16), (-179.5, -17, -178, -16)), "c"),
        # A long border along a parallel: the straight line between its corners would run far to the north of it.
        (((-0.5, 60, 0.5, 61), (-30, 62, 30, 70), (-0.5, 58, 0.5, 58.7)), "b"),
        # A far polygon whose near edge, not its middle, is close.
        (((0, 0, 1, 1), (1.5, 0, 40, 1), (-2, 0, -1, 1)), "b"),
    ],
)
def test_nearest_polygon_is_geodesic(boxes, nearest):
    gdf = squares(*boxes, labels=["isle", "b", "c"])
    gaps = {label: boundary_gap(gdf.geometry["isle"], gdf.geometry[label]) for label in "bc"}
    assert min(gaps, key=gaps.get) == nearest
    # The other two touch, so that one region alone looks for its nearest.
    w = sc.weights.adjacency(gdf, islands="nearest", link=[("b", "c")])
    assert links(w) == both_ways(("isle", nearest), "bc")
    said = next(n for n in sc.weights.describe(w).notes if n.startswith("islands linked to the nearest region"))
    km = float(said.split(f"'isle' to '{nearest}' (")[1].split(" km")[0])
    np.testing.assert_allclose(km, gaps[nearest], rtol=0.002)


def test_nearest_polygon_among_many_is_that_of_every_pair():
    rng = np.random.default_rng(7)
    corners = np.column_stack([rng.uniform(-170, 170, 60), rng.uniform(-70, 75, 60)])
    gdf = squares(*[(x, y, x + 1.5, y + 1) for x, y in corners], labels=[f"r{i}" for i in range(60)])
    gdf = gdf[[not any(g.intersects(o) for o in gdf.geometry if o is not g) for g in gdf.geometry]]
    expected = set()
    for label, shape in gdf.geometry.items():
        gaps = {k: boundary_gap(shape, other, 0.25) for k, other in gdf.geometry.items() if k != label}
        expected |= both_ways((label, min(gaps, key=gaps.get)))
    assert len(gdf) > 50
    assert links(sc.weights.adjacency(gdf, islands="nearest")) == expected


def test_nearest_polygon_in_a_plane_and_in_feet():
    metres = squares((0, 0, 1000, 1000), (3000, 0, 4000, 1000), (-500, 5000, 0, 6000), crs=32651)
    foot = 1200 / 3937
    feet = gpd.GeoDataFrame(geometry=metres.scale(1 / foot, 1 / foot, origin=(0, 0)).set_crs(2263, allow_override=True))
    for gdf in (metres, feet):
        w = sc.weights.adjacency(gdf, islands="nearest")
        assert links(w) == both_ways("ab", "ac")
        assert sc.weights.describe(w).notes == (
            "islands linked to the nearest region: 'a' to 'b' (2 km), 'b' to 'a' (2 km), 'c' to 'a' (4 km)",
        )
