"""Labels are plain text in every figure: no mathematics, no characters that SVG may not hold."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from shapely.geometry import box

import spatialconv as sc

ODD = ["US$ zone, NZ$ zone", r"$\frac{$", "A$_$", "nul\x00", "esc\x1b[31m", "vt\x0b", "plain", "a_b^c", r"\alpha"]


@pytest.fixture
def odd():
    rng = np.random.default_rng(2)
    rows = [(name, year, np.exp(rng.normal(3, 0.5))) for name in ODD for year in (2000, 2001, 2002)]
    panel = sc.Panel(pd.DataFrame(rows, columns=["zone", "year", "v$_$"]), region="zone", period="year")
    cells = [box(1e4 * (k % 3), 1e4 * (k // 3), 1e4 * (k % 3) + 1e4, 1e4 * (k // 3) + 1e4) for k in range(9)]
    return panel, gpd.GeoDataFrame(geometry=cells, index=ODD, crs=32651)


def figures(panel, geometry):
    w = sc.weights.adjacency(geometry)
    yield sc.maps.choropleth(panel, "v$_$", geometry, labels=True)
    yield sc.maps.hot_spots(sc.hot_spots(panel, "v$_$", w, period=[2000, 2002]), geometry, labels=True)
    yield sc.plot.moran_scatter(panel, "v$_$", w, period=2002)
    yield sc.plot.sigma(sc.sigma(panel, "v$_$"))


def test_every_figure_is_drawn_and_is_well_formed(odd, tmp_path):
    for k, figure in enumerate(figures(*odd)):
        files = sc.plot.save(figure, tmp_path / f"f{k}", formats=("png", "svg", "pdf"))
        ET.parse(files[1])
        texts = [text for text in figure.findobj(Text) if text.get_text()]
        assert texts
        assert not any(text.get_parse_math() for text in texts if "$" in text.get_text())


def test_names_stand_as_they_are(odd):
    panel, geometry = odd
    shown = {text.get_text() for text in sc.maps.choropleth(panel, "v$_$", geometry, labels=True).findobj(Text)}
    assert {r"$\frac{$", "A$_$", "plain"} <= shown
