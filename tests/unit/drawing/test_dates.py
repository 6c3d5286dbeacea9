"""Periods that are dates: printed and drawn as people write them, without the midnight that Python adds."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from matplotlib.text import Text

import spatialconv as sc
from spatialconv.results import dated, written

REGIONS = [f"r{k:02d}" for k in range(16)]


@pytest.fixture(scope="module")
def dates() -> sc.Panel:
    rng = np.random.default_rng(1)
    log = np.cumsum(np.vstack([rng.normal(3, 0.6, 16), 0.03 + 0.05 * rng.standard_normal((6, 16))]), axis=0)
    ends = pd.to_datetime([f"{year}-12-31" for year in range(2010, 2017)])
    frame = {"region": np.tile(REGIONS, 7), "end": np.repeat(ends, 16), "y": np.exp(log).ravel()}
    frame["x"] = rng.normal(size=112)
    frame["group"] = np.tile(["east", "west"], 56)
    return sc.Panel(pd.DataFrame(frame), region="region", period="end")


@pytest.fixture(scope="module")
def shapes() -> gpd.GeoDataFrame:
    boxes = [shapely.box(1e4 * j, 1e4 * i, 1e4 * (j + 1), 1e4 * (i + 1)) for i in range(4) for j in range(4)]
    return gpd.GeoDataFrame(geometry=gpd.GeoSeries(boxes, index=REGIONS, crs=32650))


def results(panel: sc.Panel, w) -> dict[str, object]:
    return {
        "panel": panel,
        "hot_spots": sc.hot_spots(panel, "y", w),
        "one period": sc.hot_spots(panel, "y", w, period="2016"),
        "moran": sc.moran(panel, "y", w),
        "local_moran": sc.local_moran(panel, "y", w, period="2016-12-31"),
        "sigma": sc.sigma(panel, "y"),
        "theil": sc.theil(panel, "y", groups="group"),
        "dagum": sc.dagum(panel, "y", groups="group"),
        "markov": sc.markov(panel, "y"),
        "density": sc.density(panel, "y"),
        "mobility": sc.mobility(panel, "y", w, permutations=19, seed=1),
        "descriptives": sc.descriptives(panel, by="period"),
        "beta": sc.beta(panel, "y", w, controls="x", spatial="lag", effects="time"),
        "rolling": sc.beta_rolling(panel, "y", window=4),
        "clubs": sc.clubs(panel, "y"),
    }


def test_what_is_printed(dates, shapes):
    w = sc.weights.adjacency(shapes)
    for name, result in results(dates, w).items():
        html = result._repr_html_() if hasattr(result, "_repr_html_") else ""
        for text in (repr(result), html):
            assert "00:00" not in text, f"{name}: {text}"
    assert "2016-12-31" in repr(sc.hot_spots(dates, "y", w, period="2016"))


def test_what_is_drawn(dates, shapes):
    w = sc.weights.adjacency(shapes)
    found = results(dates, w)
    figures = {
        "choropleth": sc.maps.choropleth(dates, "y", shapes, periods=["2010", "2016"]),
        "hot spots": sc.maps.hot_spots(found["hot_spots"], shapes, period="2016"),
        "hot spots of all": sc.maps.hot_spots(found["hot_spots"], shapes),
        "scatter": sc.plot.moran_scatter(dates, "y", w, period="2016"),
        "sigma": sc.plot.sigma(found["sigma"]),
        "density": sc.plot.density(found["density"]),
        "heatmap": sc.plot.heatmap(dates, "y"),
        "theil": sc.plot.theil(found["theil"]),
        "clubs": sc.plot.transition_paths(found["clubs"]),
        "moran path": sc.plot.moran_path(found["moran"]),
        "betas": sc.plot.betas(found["rolling"]),
        "dagum": sc.plot.dagum(found["dagum"]),
        "beta scatter": sc.plot.beta_scatter(found["beta"]),
    }
    for name, figure in figures.items():
        texts = [t.get_text() for sheet in getattr(figure, "sheets", [figure]) for t in sheet.findobj(Text)]
        assert texts, name
        wrong = [text for text in texts if "00:00" in text]
        assert not wrong, name


def test_a_page_to_touch(dates, shapes):
    page = sc.maps.explore(sc.hot_spots(dates, "y", sc.weights.adjacency(shapes)), shapes)
    text = page._repr_html_()
    assert "2016-12-31" in text
    assert "00:00:00" not in text


def test_a_time_of_day_stays():
    assert written(pd.Timestamp("2017-12-31")) == "2017-12-31"
    assert written(pd.Timestamp("2017-12-31 06:30")) == "2017-12-31 06:30:00"
    assert dated("from 2010-01-01 00:00:00 to 2011-01-01T00:00:00") == "from 2010-01-01 to 2011-01-01"
    assert dated("2010-01-01 00:00:00.5") == "2010-01-01 00:00:00.5"
    assert written(pd.Period("2017Q3")) == "2017Q3"
    assert written("00:00:00") == "00:00:00"
