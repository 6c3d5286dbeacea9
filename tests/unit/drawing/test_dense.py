"""Maps of many regions: colours are seen and not borders, cold is told from hot without colour, names keep near."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
from PIL import Image

import spatialconv as sc
from spatialconv import _style as look
from spatialconv import maps
from spatialconv._drawing.land.panel import HAIRLINE
from spatialconv._drawing.placement import SHORT
from spatialconv._drawing.textures import luminance
from tests import drawing
from tests.unit.drawing.test_pages import world


@pytest.fixture(scope="module")
def dense():
    panel, geometry, w = world(3000, 2)
    return sc.hot_spots(panel, "income", w), panel, geometry


def pixels(figure, dpi=150):
    page = io.BytesIO()
    figure.savefig(page, format="png", dpi=dpi)
    return np.asarray(Image.open(page).convert("RGB")).astype(int)


def share_of_fill(figure, ax, dpi=300):
    """Share of the land's pixels that have the colour of a class."""
    image = pixels(figure, dpi)
    box = ax.get_window_extent().transformed(figure.dpi_scale_trans.inverted())
    top = image.shape[0] - int(box.y1 * dpi)
    part = image[top : image.shape[0] - int(box.y0 * dpi), int(box.x0 * dpi) : int(box.x1 * dpi)]
    land = (part < 250).any(axis=2)
    colours = [tuple(int(c[i : i + 2], 16) for i in (1, 3, 5)) for c in set(drawing.fills(ax).values())]
    fill = np.any([np.abs(part - np.array(c)).max(axis=2) <= 6 for c in colours], axis=0)
    return float((fill & land).sum() / land.sum())


def test_at_three_thousand_regions_colours_are_seen_and_not_borders(dense):
    _, panel, geometry = dense
    figure = maps.choropleth(panel, "income", geometry, periods=1901)
    (ax,) = drawing.maps_of(figure)
    assert share_of_fill(figure, ax) > 0.85  # 0.79 with the borders of few regions
    assert {p.get_linewidth() for p in ax.patches} == {HAIRLINE}


def test_few_regions_keep_their_borders(zj):
    figure = maps.choropleth(zj.panel, "exports", zj.cities, periods=2020)
    (ax,) = drawing.maps_of(figure)
    assert {p.get_linewidth() for p in ax.patches if hasattr(p, "get_path")} == {look.BORDER_WIDTH}


def test_cold_is_hatched_and_hot_is_not(dense):
    hs, _, geometry = dense
    figure = maps.hot_spots(hs, geometry, period=1901)
    (ax,) = drawing.maps_of(figure)
    found = {int(c) for c in hs.at(1901)["confidence"]}
    assert {-3, 3} <= found
    assert drawing.textures(ax) == len([c for c in found if c < 0])
    (legend,) = drawing.legends_of(figure)
    assert drawing.textures(legend) == 3
    # In grey: between a cold class and any other there is the hatch, or a step of lightness.
    classes = {c: luminance(look.CONFIDENCE[c]) for c in range(-3, 4)}
    for one, two in itertools.combinations(classes, 2):
        assert (one < 0) != (two < 0) or abs(classes[one] - classes[two]) > 0.05, (one, two)


def test_low_quadrants_are_hatched(dense):
    _, panel, geometry = dense
    local = sc.local_moran(panel, "income", sc.weights.adjacency(geometry), period=1901)
    (ax,) = drawing.maps_of(maps.clusters(local, geometry))
    assert drawing.textures(ax)


def test_leaders_are_no_longer_than_their_region():
    us = sc.datasets.us_income()
    figure = maps.choropleth(us.panel, "income", us.states, labels=True)
    ax = drawing.maps_of(figure)[0]
    led = drawing.lines(ax, "_leader")
    assert len(led) >= 3
    scale = np.ptp(ax.get_xlim()) / look.extent(ax)[0]
    shapes = us.states.to_crs(sc._drawing.ground.suitable_crs(us.states))
    from shapely.geometry import Point

    for line in led:
        (state,) = shapes.index[shapes.contains(Point(line[1]))]
        left, bottom, right, top = shapes.geometry[state].bounds
        length = float(np.hypot(*(line[1] - line[0])))
        assert length <= max(np.hypot(right - left, top - bottom), SHORT * scale) * 1.001, state
