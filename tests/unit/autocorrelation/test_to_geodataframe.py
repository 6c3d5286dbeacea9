"""Results by region beside their polygons: matched by label, in the order of the result, in the CRS given."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv.errors import AlignmentError, GeometryError, OptionError


@pytest.fixture(scope="module")
def us():
    return sc.datasets.us_income()


@pytest.fixture(scope="module")
def hot(us):
    return sc.hot_spots(us.panel, "income", sc.weights.adjacency(us.states), period=[1929, 2009])


def test_figures_and_polygons_are_of_the_same_region(us, hot):
    # In another order than the panel, so that nothing fits by position.
    found = hot.to_geodataframe(us.states.iloc[::-1], period=2009)
    assert isinstance(found, gpd.GeoDataFrame)
    assert found.crs == us.states.crs
    assert list(found.index) == list(us.panel.regions)
    pd.testing.assert_frame_equal(pd.DataFrame(found.drop(columns="geometry")), hot.at(2009))
    assert all(found.geometry[state].equals(us.states.geometry[state]) for state in found.index)


def test_clubs_and_trends_too(us):
    w = sc.weights.adjacency(us.states)
    clubs = sc.clubs(us.panel.subset(periods=range(1969, 2010)), "income", smooth=400)
    found = clubs.to_geodataframe(us.states)
    assert found["club"].equals(clubs.club)
    trends = sc.hot_spot_trends(us.panel, "income", w)
    np.testing.assert_array_equal(trends.to_geodataframe(us.states)["z_last"], trends.table["z_last"])


def test_what_is_not_by_region_says_so(us, hot):
    with pytest.raises(OptionError, match="has no figures by region"):
        sc.sigma(us.panel, "income").to_geodataframe(us.states)
    with pytest.raises(OptionError, match="no period"):
        hot.to_geodataframe(us.states)
    with pytest.raises(GeometryError, match="got DataFrame"):
        hot.to_geodataframe(pd.DataFrame(us.states), period=2009)
    with pytest.raises(AlignmentError, match="no regions 1: 'Texas' of the 48"):
        hot.to_geodataframe(us.states.drop(index="Texas"), period=2009)
