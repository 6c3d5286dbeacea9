"""Geometry as people have it: borders that do not match, and rows in another order."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import libpysal
import numpy as np
import pytest
import shapely
from shapely import affinity
from shapely.geometry import box

import spatialconv as sc
from spatialconv.errors import OptionError


@pytest.fixture
def grid():
    names = [f"r{k:02d}" for k in range(20)]
    cells = [
        box(3e5 + 1e4 * j, 3e6 + 1e4 * i, 3e5 + 1e4 * (j + 1), 3e6 + 1e4 * (i + 1)) for i in range(4) for j in range(5)
    ]
    return gpd.GeoDataFrame(geometry=cells, index=names, crs=32651)


def linked(gdf, **options):
    return sc.weights.align(sc.weights.adjacency(gdf, **options), list(gdf.index)).matrix.toarray() > 0


def expected(rule):
    """Neighbours on a grid of 4 x 5, by their rows and columns."""
    at = np.array([(i, j) for i in range(4) for j in range(5)])
    step = np.abs(at[:, None] - at[None])
    one = step.max(axis=2) == 1
    return one & (step.sum(axis=2) == 1) if rule == "rook" else one


@pytest.mark.parametrize("rule", ["queen", "rook"])
@pytest.mark.parametrize("shift", [0.0, 0.0005, -0.0005, 1e-6, -1e-6])
def test_half_a_millimetre_changes_no_neighbour(grid, rule, shift):
    """A gap or an overlap between columns 3 and 4 lost 20 of 110 links, or made corners rook neighbours."""
    moved = grid.copy()
    moved["geometry"] = [affinity.translate(s, shift) if k % 5 >= 3 else s for k, s in enumerate(grid.geometry)]
    np.testing.assert_array_equal(linked(moved, rule=rule), expected(rule))
    w = sc.weights.adjacency(moved, rule=rule)
    said = [note for note in sc.weights.describe(w).notes if "do not match exactly" in note]
    assert bool(said) == (shift != 0)


@pytest.mark.parametrize("rule", ["queen", "rook"])
@pytest.mark.parametrize("grow", [1e-6, 1e-3, -1e-3])
def test_polygons_that_grew_or_shrank_all_round(grid, rule, grow):
    grown = grid.copy()
    grown["geometry"] = grid.geometry.buffer(grow, join_style=2)
    np.testing.assert_array_equal(linked(grown, rule=rule), expected(rule))


@pytest.mark.parametrize("rule", ["queen", "rook"])
def test_degrees(grid, rule):
    degrees = grid.copy()
    degrees["geometry"] = [shapely.transform(s, lambda c: (c - [3e5, 3e6]) / 1e5 + [120, 27]) for s in grid.geometry]
    degrees = degrees.set_crs(4326, allow_override=True)
    degrees["geometry"] = [affinity.translate(s, 5e-9) if k % 5 >= 3 else s for k, s in enumerate(degrees.geometry)]
    np.testing.assert_array_equal(linked(degrees, rule=rule), expected(rule))


def test_gaps_that_are_meant_stay(grid):
    """A river of 10 m is no slip of the pen; with a tolerance of one's own it is closed."""
    river = grid.copy()
    river["geometry"] = [affinity.translate(s, 10) if k % 5 >= 3 else s for k, s in enumerate(grid.geometry)]
    column = np.arange(20) % 5 >= 3
    across = column[:, None] != column[None]
    for rule in ("queen", "rook"):
        np.testing.assert_array_equal(linked(river, rule=rule), expected(rule) & ~across)
        np.testing.assert_array_equal(linked(river, rule=rule, tolerance=11), expected(rule))
        np.testing.assert_array_equal(linked(river, rule=rule, tolerance=0), expected(rule) & ~across)
    with pytest.raises(OptionError, match="tolerance"):
        sc.weights.adjacency(river, tolerance=-1)


def test_real_overlaps_are_still_neighbours_and_said(grid):
    wide = grid.copy()
    wide.loc["r00", "geometry"] = box(3e5, 3e6, 3e5 + 1.2e4, 3.01e6)
    notes = sc.weights.describe(sc.weights.adjacency(wide, rule="rook")).notes
    assert any("polygons overlap and count as neighbours" in note for note in notes)


@pytest.mark.parametrize(("file", "crs"), [("columbus/columbus.shp", 4326), ("chicago/Chicago77.shp", 3435)])
def test_real_polygons_that_match_keep_their_links(file, crs):
    """The tolerance adds nothing and takes nothing away where borders were digitised once (libpysal's examples)."""
    path = Path(libpysal.__file__).parent / "examples" / file
    real = gpd.read_file(path).set_crs(crs, allow_override=True)
    for rule in ("queen", "rook"):
        np.testing.assert_array_equal(linked(real, rule=rule), linked(real, rule=rule, tolerance=0))


@pytest.mark.parametrize("seed", range(4))
def test_another_order_of_rows_changes_no_link(grid, seed):
    """On a grid every nearest neighbour is a tie; 12 links changed with the order."""
    order = np.random.default_rng(seed).permutation(20)
    for k in (1, 2, 3, 5):
        same, other = (
            sc.weights.align(sc.weights.knn(g, k=k), list(grid.index)).matrix.toarray()
            for g in (grid, grid.iloc[order])
        )
        np.testing.assert_array_equal(same, other)
    # Islands beyond the grid, each as near to several.
    far = grid.copy()
    far["geometry"] = [shapely.buffer(s.centroid, 10) for s in grid.geometry]
    nearest = [
        sc.weights.align(sc.weights.adjacency(g, islands="nearest"), list(grid.index)).matrix.toarray()
        for g in (far, far.iloc[order])
    ]
    np.testing.assert_array_equal(*nearest)


def test_labels_of_two_types_still_have_an_order(grid):
    mixed = grid.set_axis([k if k % 2 else f"r{k}" for k in range(20)])
    back = mixed.iloc[::-1]
    a, b = (sc.weights.align(sc.weights.knn(g, k=3), list(mixed.index)).matrix.toarray() for g in (mixed, back))
    np.testing.assert_array_equal(a, b)
