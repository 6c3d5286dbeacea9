"""Maps of 1 to 81 periods, 1 to 3,000 regions and long names: no text off the sheet or upon another, none too small."""

from __future__ import annotations

import pytest

import spatialconv as sc
from spatialconv import _style as look
from spatialconv import maps
from spatialconv._drawing.layout import LEAST
from tests import drawing
from tests.unit.drawing.test_pages import sheets, world

NAMES = {
    "short": "r{}",
    "long": "Autonomous Prefecture of the Upper and the Lower Valley, number {}",
    "unbroken": "Donaudampfschifffahrtsgesellschaftskapitaensbezirk{}",
}
CASES = [
    # regions, periods, names, and how wide the country is
    (1, 1, "unbroken", 1.0),
    (1, 81, "short", 1.0),
    (2, 3, "long", 8.0),
    (11, 5, "long", 1.0),
    (48, 81, "short", 2.0),
    (48, 2, "unbroken", 0.2),
    (370, 12, "long", 1.0),
    (3000, 1, "long", 1.5),
    (3000, 2, "short", 0.5),
]
MORE = [
    (regions, periods, names, wide)
    for regions in (1, 2, 3, 11, 48, 370, 3000)
    for periods in (1, 2, 4, 7, 13, 30, 81)
    for names, wide in (("short", 1.0), ("long", 3.0), ("unbroken", 0.3))
    if regions * periods <= 30_000
]


def drawn_well(figure, periods):
    shown = 0
    for sheet in sheets(figure):
        assert drawing.outside(sheet) == []
        assert drawing.overlaps(drawing.boxes(sheet), [t.get_text() for t in drawing.texts(sheet)]) == []
        assert sheet.size[1] <= look.HEIGHT + 0.1
        assert min(t.get_fontsize() for t in drawing.texts(sheet)) >= 6
        for ax in drawing.maps_of(sheet):
            assert min(look.extent(ax)) >= LEAST - 1e-6
            shown += 1
    assert shown == periods


def figures(regions, periods, names, wide):
    panel, geometry, _ = world(regions, periods, label=NAMES[names], wide=wide)
    words = {"labels": True, "title": NAMES[names].format(0) * 2, "source": NAMES[names].format(1)}
    yield maps.choropleth(panel, "income", geometry, periods=panel.periods, relative=regions > 1, **words)
    if regions >= 11:
        w = sc.weights.adjacency(geometry)
        hs = sc.hot_spots(panel, "income", w)
        half = {r: NAMES[names].format(k % 2) for k, r in enumerate(geometry.index)}
        # Frames of insets cannot be read on maps of 26 mm.
        inset = [list(geometry.index[:2])] if periods <= 13 else None
        yield maps.hot_spots(hs, geometry, period=hs.periods, width="single", outlines=half, inset=inset, **words)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_some_sizes(case):
    for figure in figures(*case):
        drawn_well(figure, case[1])


@pytest.mark.slow
@pytest.mark.parametrize("case", MORE, ids=str)
def test_all_sizes(case):
    for figure in figures(*case):
        drawn_well(figure, case[1])
