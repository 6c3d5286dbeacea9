"""Maps of many periods: laid out on pages, all readable, nothing off a sheet or upon another; refused below that."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

import spatialconv as sc
from spatialconv import _style as look
from spatialconv import maps
from spatialconv._drawing.layout import EASY, LEAST, LONG, lay_out
from spatialconv.errors import OptionError
from tests import drawing


def world(regions, periods, *, label="r{}", wide=1.0, seed=0):
    """A grid of regions with values that hang together, and its weights."""
    rng = np.random.default_rng(seed)
    across = int(np.ceil(np.sqrt(regions * wide)))
    cells = [
        box(1e4 * (k % across), 1e4 * (k // across), 1e4 * (k % across + 1), 1e4 * (k // across + 1))
        for k in range(regions)
    ]
    names = [label.format(k) for k in range(regions)]
    geometry = gpd.GeoDataFrame(geometry=cells, index=names, crs=32651)
    slope = np.array([cell.centroid.x + cell.centroid.y for cell in cells])
    rows = [
        (name, 1900 + t, float(np.exp(3 * slope[k] / slope.max() + rng.normal(0, 0.3))))
        for t in range(periods)
        for k, name in enumerate(names)
    ]
    panel = sc.Panel(pd.DataFrame(rows, columns=["region", "year", "income"]), region="region", period="year")
    return panel, geometry, sc.weights.adjacency(geometry)


def sheets(figure):
    return figure if isinstance(figure, tuple) else (figure,)


def sizes(figure):
    """Width and height of every map in mm."""
    return [np.array(look.extent(ax)) for ax in drawing.maps_of(figure)]


@pytest.fixture(scope="module")
def eleven():
    panel, geometry, w = world(11, 81)
    return sc.hot_spots(panel, "income", w), geometry


@pytest.mark.parametrize(
    ("classes", "count"),
    [*(("confidence", n) for n in (1, 2, 3, 4, 5, 7, 10, 12, 30, 81)), ("both", 1), ("both", 5), ("both", 12)],
)
def test_any_number_of_periods_is_laid_out(eleven, count, classes):
    hs, geometry = eleven
    figure = maps.hot_spots(hs, geometry, period=hs.periods[:count], classes=classes, title="Hot spots of income")
    shown = []
    for sheet in sheets(figure):
        assert drawing.outside(sheet) == []
        assert drawing.overlaps(drawing.boxes(sheet), [t.get_text() for t in drawing.texts(sheet)]) == []
        assert sheet.size[1] <= look.HEIGHT + 0.1
        assert all(height >= LEAST and width >= LEAST for width, height in sizes(sheet))
        shown += [drawing.fills(ax) for ax in drawing.maps_of(sheet)]
    # Every period, in order, in its own colours.
    of_confidence = shown[:: 2 if classes == "both" else 1]
    assert len(of_confidence) == count
    for period, found in zip(hs.periods[:count], of_confidence, strict=True):
        assert found == {r: look.CONFIDENCE[int(c)] for r, c in hs.at(period)["confidence"].items()}, period


def test_counts_of_many_periods_are_least_to_most(eleven):
    hs, geometry = eleven
    figure = maps.hot_spots(hs, geometry, period=hs.periods)
    assert len(figure) > 1
    rows = drawing.rows(drawing.legends_of(figure[0])[0])
    for c in range(-3, 4):
        counts = [int((hs.at(t)["confidence"] == c).sum()) for t in hs.periods]
        low, high = min(counts), max(counts)
        assert rows[str(c)][1] == (str(low) if low == high else f"{low} to {high}")
    assert "least to most of 81 periods" in drawing.words(figure[0])


def test_pages_are_saved_and_shown(eleven, tmp_path):
    hs, geometry = eleven
    figure = maps.hot_spots(hs, geometry, period=hs.periods, title="Long")
    assert isinstance(figure, look.Pages)
    files = maps.save(figure, tmp_path / "hot", formats=["png", "pdf"], dpi=30)
    assert [f.name for f in files] == [*(f"hot-{i + 1}.png" for i in range(len(figure))), "hot.pdf"]
    assert files[-1].read_bytes().count(b"/Type /Page\n") + files[-1].read_bytes().count(b"/Type /Page ") == len(figure)
    assert figure._repr_html_().count("<img") == len(figure)
    assert f"Long (1 of {len(figure)})" in drawing.words(figure[0])


@pytest.mark.parametrize("aspect", [0.15, 0.5, 1.0, 1.6, 4.0, 12.0])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 9, 24, 81, 300])
@pytest.mark.parametrize("group", [1, 2])
def test_pages_are_few_and_maps_readable(aspect, count, group):
    plan = lay_out(count * group, group, aspect, lambda width, across: (50.0, 7.0))
    assert plan.across % group == 0
    land = min(plan.panel, plan.height * aspect)
    short, long = sorted((land, land / aspect))
    assert short >= EASY - 1e-9 or long >= LONG - 1e-9
    assert plan.height >= LEAST
    assert plan.rows * (plan.height + 7.0) + 50.0 <= look.HEIGHT + 1e-9


def test_what_cannot_be_read_is_refused(eleven):
    with pytest.raises(OptionError, match="too small to be read: title, legend and notes take 2"):
        lay_out(4, 1, 1.0, lambda width, across: (205.0, 7.0))
    hs, geometry = eleven
    with pytest.raises(OptionError, match="too small to be read"):
        maps.hot_spots(hs, geometry, title="word " * 1500)


def test_long_words_of_legends_are_broken_into_lines():
    name = "a region whose name is rather longer than anybody would like it to be"
    panel, geometry, w = world(6, 2)
    crs = geometry.crs
    geometry.loc[name] = box(2e5, 2e5, 2.1e5, 2.1e5)
    geometry = geometry.set_crs(crs, allow_override=True)  # older geopandas loses it with a row that is added
    frame = panel.frame.reset_index()
    frame = pd.concat([frame, pd.DataFrame({"region": name, "year": [1900, 1901], "income": 2.0})])
    panel = sc.Panel(frame, region="region", period="year")
    w = sc.weights.adjacency(geometry)
    hs = sc.hot_spots(panel, "income", w, star=False)
    long = "出口额按跨境电子商务零售计算的各市数值" * 4
    for figure in (
        maps.hot_spots(hs, geometry, classes="both"),
        maps.choropleth(panel, "income", geometry, legend="Exports by cross-border online retail, million yuan " * 3),
        maps.choropleth(panel, "income", geometry, periods=1900, title="W" * 200, legend="W" * 90),
        maps.choropleth(panel, "income", geometry, periods=1900, legend=long) if _chinese() else None,
    ):
        if figure is not None:
            assert drawing.outside(figure) == []
            assert drawing.overlaps(drawing.boxes(figure), [t.get_text() for t in drawing.texts(figure)]) == []


def _chinese():
    try:
        look.families(["出"])
    except OptionError:
        return False
    return True
