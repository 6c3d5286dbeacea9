"""Names find places without collision: against shapely, and on random ground."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, box

from spatialconv._drawing import placement
from spatialconv._drawing.placement import AIR, CELL, Places, arrange, point_places, region_places


def measure(text):
    lines = text.split("\n")
    return 1.4 * max(len(line) for line in lines), 2.5 * len(lines)


def random_boxes(rng, n):
    low = rng.uniform(0, 50, (n, 2))
    return np.hstack([low, low + rng.uniform(1, 8, (n, 2))])


def test_segments_through_boxes_agree_with_shapely():
    rng = np.random.default_rng(1)
    boxes, lines = random_boxes(rng, 500), rng.uniform(0, 50, (500, 4))
    lines[::7, 2] = lines[::7, 0]  # vertical
    lines[::11, 3] = lines[::11, 1]  # horizontal
    wide = shapely.box(*(boxes + AIR * np.array([-1, -1, 1, 1])).T)
    expected = shapely.intersects(wide, shapely.linestrings(lines.reshape(-1, 2, 2)))
    np.testing.assert_array_equal(placement._through(lines, boxes), expected)
    assert 20 < expected.sum() < 480
    assert not placement._through(np.full((500, 4), np.nan), boxes).any()


def test_crossing_segments_agree_with_shapely():
    rng = np.random.default_rng(2)
    lines = rng.uniform(0, 50, (300, 4))
    shapes = shapely.linestrings(lines.reshape(-1, 2, 2))
    for i in range(20):
        np.testing.assert_array_equal(placement._cross(lines[i], lines[20:]), shapely.crosses(shapes[i], shapes[20:]))


def test_arranged_names_never_touch_and_the_result_is_the_same_again():
    rng = np.random.default_rng(3)
    offered = []
    for i in range(40):
        boxes = random_boxes(rng, 12)
        offered.append(Places((str(i),) * 12, boxes, rng.uniform(0, 5, 12), np.full((12, 4), np.nan), np.zeros(12)))
    taken = np.array([[0, 0, 20, 20.0]])
    labels = arrange(offered, taken=taken)
    placed = [label for label in labels if label is not None]
    assert len(placed) > 10
    for one, two in itertools.combinations([taken[0], *(label.box for label in placed)], 2):
        assert not box(*one).intersects(box(*two))
    again = arrange(offered, taken=taken)
    assert [None if a is None else a.box.tolist() for a in labels] == [
        None if a is None else a.box.tolist() for a in again
    ]


def test_a_name_goes_to_its_cheapest_place():
    boxes = np.array([[0, 0, 5, 2], [10, 10, 15, 12.0]])
    offered = Places(("a", "a"), boxes, np.array([2.0, 1.0]), np.full((2, 4), np.nan), np.zeros(2))
    (label,) = arrange([offered])
    assert label.centre == (12.5, 11.0)


def test_one_that_found_no_room_goes_first_in_the_next_round():
    only = Places(("only",), np.array([[0, 0, 5, 2.0]]), np.array([1.0]), np.full((1, 4), np.nan), np.zeros(1))
    choosy = Places(
        ("free",) * 2,
        np.array([[0, 0, 5, 2], [9, 9, 14, 11.0]]),
        np.array([1.5, 3.0]),
        np.full((2, 4), np.nan),
        np.zeros(2),
    )
    assert [label.text for label in arrange([choosy, only])] == ["free", "only"]


class TestTerrain:
    @pytest.fixture
    def terrain(self):
        shapes = [box(5, 5, 20, 15), Point(30, 10).buffer(6), MultiPolygon([box(2, 20, 8, 26), box(12, 20, 30, 27)])]
        return shapes, placement._Terrain(shapes, (0.0, 0.0, 40.0, 30.0))

    def test_shares_agree_with_exact_areas(self, terrain):
        shapes, raster = terrain
        rng = np.random.default_rng(4)
        low = rng.uniform(1, 28, (200, 2)) * [1, 0.8]
        boxes = np.hstack([low, low + rng.uniform(3, 9, (200, 2)) * [1, 0.6]])
        union = shapely.union_all(shapes)
        for i, shape in enumerate(shapes):
            mine, theirs = raster.shares(boxes, i)
            ground = shapely.box(*boxes.T)
            exact = shapely.area(shapely.intersection(ground, shape)) / shapely.area(ground)
            whole = shapely.area(shapely.intersection(ground, union)) / shapely.area(ground)
            # A box is rounded outwards to whole cells: an edge of one cell all around at most.
            slack = (2 * CELL * (boxes[:, 2:] - boxes[:, :2]).sum(axis=1) + CELL**2) / shapely.area(ground)
            assert (np.abs(mine - exact) <= slack).all()
            assert (np.abs(theirs - (whole - exact)) <= slack).all()
            assert mine.max() == 1

    def test_foreign_ground_under_a_line_agrees_with_exact_lengths(self, terrain):
        shapes, raster = terrain
        lines = np.random.default_rng(5).uniform(1, 28, (200, 4))
        for i in range(3):
            others = shapely.union_all([s for j, s in enumerate(shapes) if j != i])
            exact = [LineString(line.reshape(2, 2)).intersection(others).length for line in lines]
            np.testing.assert_allclose(raster.foreign(lines, i), exact, atol=4 * CELL + 1.3)


class TestRegions:
    def test_a_large_region_holds_its_name_in_the_middle(self):
        shapes = [box(0, 0, 30, 20), box(30, 0, 60, 20)]
        labels = arrange(region_places(["west", "east"], shapes, measure=measure, room=(0, 0, 60, 20)))
        assert [label.centre for label in labels] == [(15.0, 10.0), (45.0, 10.0)]
        assert [label.own for label in labels] == [1.0, 1.0]

    def test_a_small_region_is_named_outside_of_all_land_by_a_line(self):
        shapes = [box(10, 10, 13, 13), box(13, 0, 60, 40)]
        labels = arrange(region_places(["Little Land", "Large"], shapes, measure=measure, room=(0, 0, 60, 40)))
        little = labels[0]
        name = box(*little.box)
        assert not name.intersects(shapes[1])
        assert name.intersection(shapes[0]).area < 0.1 * name.area
        assert name.distance(shapes[0]) < 1.2 or shapes[0].contains(Point(little.leader[2:]))

    def test_an_enclave_without_room_stays_without_name(self):
        shapes = [box(29, 19, 31, 21), box(0, 0, 60, 40).difference(box(29, 19, 31, 21))]
        labels = arrange(region_places(["Enclave of the Middle", None], shapes, measure=measure, room=(0, 0, 60, 40)))
        assert labels == [None, None]

    def test_no_line_runs_far_over_the_ground_of_others(self):
        hole = box(19, 19, 21, 21)
        shapes = [hole, box(0, 0, 40, 40).difference(hole)]
        labels = arrange(region_places(["Enclave of the Middle", None], shapes, measure=measure, room=(0, 0, 90, 40)))
        assert labels == [None, None]
        near = [box(37, 19, 39, 21), box(0, 0, 40, 40).difference(box(37, 19, 39, 21))]
        labels = arrange(region_places(["Enclave near the Coast", None], near, measure=measure, room=(0, 0, 90, 40)))
        assert labels[0].box[0] > 40

    def test_a_long_name_takes_two_lines_where_one_does_not_fit(self):
        shapes = [box(10, 10, 25, 25), box(0, 0, 60, 40).difference(box(10, 10, 25, 25))]
        labels = arrange(region_places(["North Carolina", None], shapes, measure=measure, room=(0, 0, 60, 40)))
        assert labels[0].text == "North\nCarolina"
        assert shapes[0].contains(box(*labels[0].box))

    def test_names_stay_in_the_room(self):
        rng = np.random.default_rng(6)
        centres = rng.uniform(3, 57, (25, 2)) * [1, 0.6]
        shapes = [Point(c).buffer(r) for c, r in zip(centres, rng.uniform(1, 4, 25), strict=True)]
        labels = arrange(
            region_places([f"Region {i}" for i in range(25)], shapes, measure=measure, room=(0, 0, 60, 40))
        )
        placed = [label for label in labels if label is not None]
        assert len(placed) > 10
        for label in placed:
            assert box(0, 0, 60, 40).covers(box(*label.box))
        for one, two in itertools.combinations(placed, 2):
            assert not box(*one.box).intersects(box(*two.box))


class TestPoints:
    def test_names_cover_no_point_and_not_each_other(self):
        rng = np.random.default_rng(7)
        points = rng.uniform(5, 55, (30, 2))
        labels = arrange(
            point_places([f"P{i}" for i in range(30)], points, radius=0.6, measure=measure, room=(0, 0, 60, 60))
        )
        placed = [(i, label) for i, label in enumerate(labels) if label is not None]
        assert len(placed) > 20
        for i, label in placed:
            others = np.delete(points, i, axis=0)
            away = shapely.distance(box(*label.box), shapely.points(others))
            assert away.min() > 0.6
            if np.isnan(label.leader[0]):
                assert box(*label.box).distance(Point(points[i])) < 4
            else:
                np.testing.assert_allclose(label.leader[2:], points[i])
        for (_, one), (_, two) in itertools.combinations(placed, 2):
            assert not box(*one.box).intersects(box(*two.box))

    def test_a_lone_point_has_its_name_at_its_right(self):
        (label,) = arrange(
            point_places(["name"], np.array([[20.0, 20.0]]), radius=0.5, measure=measure, room=(0, 0, 60, 60))
        )
        assert label.centre == (20 + 1 + measure("name")[0] / 2, 20.0)

    def test_at_the_edge_it_goes_left(self):
        (label,) = arrange(
            point_places(["name"], np.array([[58.0, 20.0]]), radius=0.5, measure=measure, room=(0, 0, 60, 60))
        )
        assert label.centre[0] < 58


def test_points_out_of_reach_change_no_place():
    # Only near points are looked at; the whole cloud, by hand, gives the same boxes and costs.
    rng = np.random.default_rng(4)
    points = np.vstack([[[50.0, 40.0]], rng.uniform((0, 0), (100, 80), (300, 2))])
    names = ["a name", *[None] * 300]

    def offered(of):
        return point_places(names[: len(of)], of, radius=0.65, measure=lambda text: (9.0, 2.0), room=(0, 0, 100, 80))[0]

    away = np.abs(points - points[0]).max(axis=1)
    assert 20 < (away < 30).sum() < 250
    found, near = offered(points), offered(points[away < 30])
    np.testing.assert_array_equal(found.boxes, near.boxes)
    np.testing.assert_array_equal(found.costs, near.costs)
    assert len(found.texts) > 0


def test_ground_counted_in_the_window_of_a_region_is_that_of_the_whole_panel():
    rng = np.random.default_rng(2)
    shapes = [shapely.box(x, y, x + 7, y + 5) for x in range(0, 70, 7) for y in range(0, 50, 5)]
    terrain = placement._Terrain(shapes, (0.0, 0.0, 80.0, 60.0))
    low = rng.uniform(-5, 70, (40, 2))
    boxes = np.hstack([low, low + rng.uniform(0.5, 12, (40, 2))])
    for i in (0, 37, 99):
        mine, others = terrain.shares(boxes, i)
        for k, edges in enumerate(boxes):
            (left, bottom), (right, top) = (
                np.clip(rounded(edges[ends] / CELL).astype(int), 0, (320, 240))
                for rounded, ends in ((np.floor, slice(0, 2)), (np.ceil, slice(2, 4)))
            )
            cells = terrain.owner[bottom:top, left:right]
            size = max(cells.size, 1)
            assert mine[k] == (cells == i).sum() / size
            assert others[k] == pytest.approx(((cells >= 0) & (cells != i)).sum() / size, abs=1e-15)
