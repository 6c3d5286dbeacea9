"""Gravity weights: by loops over geodesics, against nested economic and distance weights, and by label."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pyproj import Geod

import spatialconv as sc
from spatialconv.errors import AlignmentError, NotPositiveError
from tests.tolerances import REFERENCE


@pytest.fixture
def places():
    rng = np.random.default_rng(0)
    labels = [f"r{k}" for k in range(9)]
    gdf = gpd.GeoDataFrame(
        geometry=gpd.points_from_xy(rng.uniform(100, 120, 9), rng.uniform(20, 40, 9)), index=labels, crs=4326
    )
    return gdf, pd.Series(rng.lognormal(size=9), index=labels)


@pytest.mark.parametrize("power", [1, 2, 0.5])
def test_by_loops(places, power):
    gdf, size = places
    found = sc.weights.gravity(size.sample(frac=1, random_state=1), gdf, power=power, standardise="none")
    assert list(found.unique_ids) == list(gdf.index)
    geod, dense = Geod(ellps="WGS84"), found.sparse.toarray()
    for i, a in enumerate(gdf.index):
        for j, b in enumerate(gdf.index):
            one, other = gdf.geometry[a], gdf.geometry[b]
            km = geod.inv(one.x, one.y, other.x, other.y)[2] / 1000
            expected = size[a] * size[b] / km**power if i != j else 0.0
            assert dense[i, j] == pytest.approx(expected, rel=1e-9)


def test_row_standardised_it_is_size_nested_in_distance(places):
    gdf, size = places
    one = sc.weights.gravity(size, gdf).sparse.toarray()
    other = sc.weights.nested(
        sc.weights.economic(size, metric="size", standardise="none"),
        sc.weights.inverse_distance(gdf, standardise="none"),
    )
    np.testing.assert_allclose(one, other.sparse.toarray(), rtol=REFERENCE)


def test_options_of_distance_and_a_panel(places):
    gdf, size = places
    frame = pd.DataFrame({"region": [*size.index] * 2, "year": [1] * 9 + [2] * 9, "v": [*size, *(3 * size)]})
    panel = sc.Panel(frame, region="region", period="year")
    one = sc.weights.gravity(panel, gdf, variable="v", nearest=3)
    np.testing.assert_allclose(
        one.sparse.toarray(), sc.weights.gravity(size, gdf, nearest=3).sparse.toarray(), rtol=1e-9
    )
    assert (np.diff(one.sparse.tocsr().indptr) == 3).all()
    assert "gravity of v" in sc.weights.align(one, gdf.index).summary
    far = sc.weights.gravity(size, gdf, cutoff=1)
    assert far.sparse.sum() == 0


def test_what_it_refuses(places):
    gdf, size = places
    with pytest.raises(AlignmentError, match="'r0'"):
        sc.weights.gravity(size.iloc[1:], gdf)
    with pytest.raises(NotPositiveError, match="gravity needs sizes above zero; the values given is zero"):
        sc.weights.gravity(-size, gdf)
