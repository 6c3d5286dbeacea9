"""Borders as the world has them: the antimeridian, exclaves, groups without links, bodies that are no planets."""

from __future__ import annotations

import geopandas as gpd
import networkx
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import MultiPolygon, Polygon, box

import spatialconv as sc
from spatialconv.errors import GeometryError


def links(graph):
    return {frozenset(pair) for pair, weight in graph.adjacency.items() if weight > 0}


def shifted(gdf, turn):
    """The same map with longitudes counted from elsewhere, so that the antimeridian is a line like any other."""
    moved = shapely.transform(gdf.geometry.to_numpy(), lambda xy: np.column_stack([(xy[:, 0] + turn) % 360, xy[:, 1]]))
    return gdf.set_geometry(gpd.GeoSeries(moved, index=gdf.index, crs=gdf.crs))


@pytest.fixture(scope="module")
def pacific():
    """A belt of boxes around the Earth, split at the antimeridian as files have it; one country on both sides."""
    west = [box(lon, -10, lon + 20, 10) for lon in range(-180, 180, 20)]
    names = [f"c{k:02d}" for k in range(len(west))]
    both = MultiPolygon([box(170, 10, 180, 20), box(-180, 10, -175, 20)])
    return gpd.GeoDataFrame(geometry=[*west, both, box(160, 10, 170, 20)], index=[*names, "fiji", "next"], crs=4326)


class TestAntimeridian:
    @pytest.mark.parametrize("rule", ["queen", "rook"])
    @pytest.mark.parametrize("tolerance", [None, 0])
    def test_the_same_links_wherever_longitudes_start(self, pacific, rule, tolerance):
        here = sc.weights.adjacency(pacific, rule=rule, tolerance=tolerance)
        # Cut at 10 degrees east no polygon of the test lies on the seam but one box, which is whole elsewhere.
        there = shifted(pacific.drop(index="fiji"), 180)
        there.loc["c17", "geometry"] = box(340, -10, 360, 10)
        elsewhere = links(sc.weights.adjacency(there, rule=rule, tolerance=tolerance))
        assert {pair for pair in links(here) if "fiji" not in pair} >= elsewhere
        assert frozenset(("c17", "c00")) in links(here)
        assert frozenset(("fiji", "c17")) in links(here)
        assert frozenset(("fiji", "c00")) in links(here)
        assert frozenset(("fiji", "next")) in links(here)
        assert frozenset(("c00", "next")) not in links(here)

    def test_it_is_noted_and_counts_once(self, pacific):
        w = sc.weights.adjacency(pacific, standardise="none")
        aligned = sc.weights.align(w, pacific.index)
        note = next(n for n in aligned.notes if "across the antimeridian" in n)
        assert "('c00', 'c17')" in note
        assert set(np.unique(aligned.matrix.toarray())) == {0.0, 1.0}
        np.testing.assert_array_equal(aligned.matrix.toarray(), aligned.matrix.toarray().T)

    def test_a_corner_at_the_seam_is_queen_and_not_rook(self):
        boxes = [box(170, 0, 180, 10), box(-180, 10, -170, 20), box(-180, -5, -170, 0)]
        gdf = gpd.GeoDataFrame(geometry=boxes, index=list("abc"), crs=4326)
        assert links(sc.weights.adjacency(gdf)) == {frozenset("ab"), frozenset("ac")}
        side = gpd.GeoDataFrame(geometry=[*boxes[:2], box(-180, 0, -170, 10)], index=list("abc"), crs=4326)
        assert links(sc.weights.adjacency(side, rule="rook")) == {frozenset("ac"), frozenset("bc")}

    def test_longitudes_from_nought_to_360(self):
        gdf = gpd.GeoDataFrame(
            geometry=[box(0, 0, 10, 10), box(350, 0, 360, 10), box(170, 0, 190, 10)], index=list("abc"), crs=4326
        )
        assert links(sc.weights.adjacency(gdf)) == {frozenset("ab")}

    def test_a_map_that_reaches_one_side_only_has_no_seam(self):
        gdf = gpd.GeoDataFrame(geometry=[box(170, 0, 180, 10), box(160, 0, 170, 10)], index=list("ab"), crs=4326)
        assert links(sc.weights.adjacency(gdf)) == {frozenset("ab")}
        plane = gpd.GeoDataFrame(geometry=[box(170, 0, 180, 10), box(-180, 0, -170, 10)], index=list("ab"), crs=32651)
        with pytest.warns(sc.errors.SpatialConvWarning):
            assert not links(sc.weights.adjacency(plane))

    def test_distances_run_the_short_way(self, pacific):
        near = sc.weights.knn(pacific, k=3)
        assert near["c00"].get("c17", 0) > 0
        # A degree of longitude at the equator is 111.32 km on the ellipsoid.
        two = gpd.GeoDataFrame(geometry=gpd.points_from_xy([179, -179], [0, 0]), index=list("ab"), crs=4326)
        km = sc.weights.inverse_distance(two, power=1, standardise="none")["a"]["b"] ** -1
        assert km == pytest.approx(2 * 111.3195, rel=1e-5)


class TestLongLinks:
    def countries(self):
        """Twenty boxes of ten degrees in two rows; one of them owns a patch beside the last, an ocean away."""
        boxes = [box(10 * k, 40 + 10 * r, 10 * k + 10, 50 + 10 * r) for r in (0, 1) for k in range(5)]
        far = [box(-60 + 5 * k, 0, -55 + 5 * k, 5) for k in range(4)]
        boxes[0] = MultiPolygon([boxes[0], box(-40, 0, -38, 5)])
        names = [f"e{k}" for k in range(10)] + [f"s{k}" for k in range(4)]
        return gpd.GeoDataFrame(geometry=[*boxes, *far], index=names, crs=4326)

    def test_an_exclave_is_named_with_its_distance(self):
        gdf = self.countries()
        w = sc.weights.adjacency(gdf)
        assert w["e0"]["s3"] > 0
        note = next(n for n in sc.weights.align(w, gdf.index).notes if "times as far apart" in n)
        assert note.startswith("1 of ")
        assert "e0 and s3 (" in note
        cut = sc.weights.adjacency(gdf, unlink=[("e0", "s3")])
        assert "s3" not in cut["e0"]

    def test_a_usual_map_has_none(self):
        zj = sc.datasets.zhejiang()
        us = sc.datasets.us_income()
        for gdf in (zj.cities, us.states):
            notes = sc.weights.align(sc.weights.adjacency(gdf), gdf.index).notes
            assert not any("times as far apart" in note for note in notes)


class TestGroups:
    def test_every_fit_says_into_how_many_groups_the_weights_fall(self):
        rng = np.random.default_rng(4)
        sizes = (9, 6, 4)
        W = np.zeros((20, 20))
        start = 0
        for size in sizes:
            block = np.where(rng.random((size, size)) < 0.5, rng.uniform(0.5, 2, (size, size)), 0.0)
            # A ring one way holds each group together.
            block[np.arange(size), (np.arange(size) + 1) % size] = 1.0
            np.fill_diagonal(block, 0)
            W[start : start + size, start : start + size] = block
            start += size
        order = rng.permutation(20)
        W = W[np.ix_(order, order)]
        regions = [f"r{k:02d}" for k in range(20)]
        graph = networkx.from_numpy_array(W, create_using=networkx.DiGraph)
        theirs = sorted((len(c) for c in networkx.weakly_connected_components(graph) if len(c) > 1), reverse=True)
        assert tuple(theirs) == sizes
        w = sc.weights.from_matrix(W, regions=regions, standardise="row")
        world = sc.simulate.panel(w, periods=5, effects="none", seed=1)
        said = "the weights fall into 3 groups of regions without a link between them, of 9, 6, 4 regions"
        fit = sc.fit_panel(world.panel, "y", "x", w, model="SAR", effects="none")
        for result in (fit, sc.moran(world.panel, "y", w), sc.lm_tests(fit)):
            assert said in result.notes
        assert said in " ".join(repr(fit).split())

    def test_one_group_says_nothing_and_an_island_is_no_group(self):
        ring = np.roll(np.eye(6), 1, axis=1)
        w = sc.weights.from_matrix(ring, regions=list("abcdef"), standardise="row")
        assert not any("fall into" in note for note in sc.weights.align(w, list("abcdef")).notes)
        ring[0] = ring[:, 0] = 0.0
        isle = sc.weights.from_matrix(ring, regions=list("abcdef"), standardise="row")
        notes = sc.weights.align(isle, list("abcdef")).notes
        assert any("islands" in note for note in notes)
        assert not any("fall into" in note for note in notes)


class TestBodies:
    @pytest.mark.parametrize("radius", [3e11, 10.0])
    def test_no_planet_is_refused(self, radius):
        crs = f"+proj=longlat +a={radius} +b={radius} +no_defs"
        gdf = gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)], index=list("ab"), crs=crs)
        for build in (sc.weights.adjacency, sc.weights.inverse_distance):
            with pytest.raises(GeometryError, match=r"body of .* metres in radius .* which no planet or moon has"):
                build(gdf)

    def test_coordinates_beyond_any_projection_are_refused(self):
        gdf = gpd.GeoDataFrame(geometry=[box(3e11, 0, 3e11 + 9, 9), box(0, 0, 9, 9)], index=list("ab"), crs=32651)
        with pytest.raises(GeometryError, match=r"coordinates of 3e\+11 metres for 'a'; no projection"):
            sc.weights.adjacency(gdf)

    def test_the_moon_and_zone_numbers_before_eastings_are_not(self):
        moon = "+proj=longlat +R=1737400 +no_defs"
        gdf = gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)], index=list("ab"), crs=moon)
        assert links(sc.weights.adjacency(gdf)) == {frozenset("ab")}
        zone = gpd.GeoDataFrame(
            geometry=[box(39.5e6 + 1e4 * k, 3e6, 39.5e6 + 1e4 * k + 1e4, 3.01e6) for k in range(2)],
            index=list("ab"), crs=4527,
        )  # fmt: skip
        assert links(sc.weights.adjacency(zone)) == {frozenset("ab")}


def test_a_spike_is_refused_in_words_and_repaired_it_has_the_links_of_the_clean_map():
    clean = [box(0, 0, 1, 1), box(1, 0, 2, 1), box(0, 1, 1, 2)]
    spiked = Polygon([(0, 0), (1, 0), (1, 1), (0.5, 1), (0.5, 1.5), (0.5, 1), (0, 1)])
    gdf = gpd.GeoDataFrame(geometry=[spiked, *clean[1:]], index=list("abc"), crs=32651)
    with pytest.raises(GeometryError, match=r"the geometry is invalid for 'a' .*repair=True"):
        sc.weights.adjacency(gdf)
    made = gdf.set_geometry(gdf.geometry.make_valid())
    with pytest.raises(GeometryError, match=r"contiguity needs polygons; got GeometryCollection.*takes the areas out"):
        sc.weights.adjacency(made)
    # As the message says: what is read has the areas alone, and the links of the map that had no spike.
    frame = pd.DataFrame({"id": list("abc"), "year": 1, "y": 1.0})
    data = sc.read(frame, region="id", period="year", geometry=made)
    whole = gpd.GeoDataFrame(geometry=clean, index=list("abc"), crs=32651)
    assert links(sc.weights.adjacency(data.geometry)) == links(sc.weights.adjacency(whole))
