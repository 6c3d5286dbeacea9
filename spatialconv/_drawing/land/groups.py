"""Outlines of groups of regions: states, macro regions, provinces over the map of their parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatialconv._language import say
from spatialconv._options import first
from spatialconv.errors import AlignmentError, OptionError

SLIVER = 1e-3  # of the map's extent: a gap so thin lies between borders that do not quite meet, and is no lake


def group_of(outlines: Any, frame: gpd.GeoDataFrame, regions: pd.Index) -> pd.Series | None:
    """Return the group of each region of the geometry, missing where it has none.

    Raises
    ------
    OptionError
        If it is no column of the geometry, Series or mapping.
    AlignmentError
        If a region of the result is not named.
    """
    if outlines is None:
        return None
    if isinstance(outlines, str):
        if outlines not in frame.columns or outlines == frame.geometry.name:
            columns = [name for name in frame.columns if name != frame.geometry.name]
            raise OptionError(
                f"outlines must be a column of the geometry ({first(columns, 8)}), or a Series of groups by region; "
                f"got {outlines!r}."
            )
        return frame[outlines]
    if not isinstance(outlines, (pd.Series, Mapping)):
        raise OptionError(
            f"outlines must be a column of the geometry, or a Series of groups by region; got an object of type "
            f"{type(outlines).__name__}."
        )
    groups = outlines if isinstance(outlines, pd.Series) else pd.Series(dict(outlines), dtype=object)
    twice = groups.index[groups.index.duplicated()].unique()
    if len(twice):
        raise AlignmentError(f"outlines name {len(twice):,} regions more than once: {first(list(twice))}.")
    missing = [region for region in regions if region not in groups.index]
    if missing:
        raise AlignmentError(
            f"outlines name no group for regions {first(missing)} of the {len(regions)}. Give None to those that are "
            "in none."
        )
    return groups.reindex(frame.index)


def dissolved(shapes: gpd.GeoSeries, groups: pd.Series) -> gpd.GeoSeries:
    """Return the union of the regions of each group, without the slivers between borders that do not quite meet."""
    left, bottom, right, top = shapes.total_bounds
    least = SLIVER * max(right - left, top - bottom)
    found = {}
    for group, members in shapes.groupby(groups.to_numpy(), dropna=True):
        whole = shapely.union_all(shapely.make_valid(members.to_numpy()))
        parts = [
            shapely.Polygon(part.exterior, [ring for ring in part.interiors if _thickness(ring) > least])
            for part in shapely.get_parts(whole)
            if part.geom_type == "Polygon"
        ]
        found[group] = shapely.MultiPolygon(parts)
    return gpd.GeoSeries(found, crs=shapes.crs, dtype="geometry") if found else shapes.iloc[:0]


def _thickness(ring: Any) -> float:
    """Return how thick a ring is, a long one between its two sides."""
    return float(2 * shapely.Polygon(ring).area / ring.length)


def named(outlines: Any) -> str:
    """Return what the groups are called in the legend."""
    if isinstance(outlines, str):
        return outlines
    name = getattr(outlines, "name", None)
    return str(name) if name is not None else say("outline of groups")


def is_drawn(shapes: Any) -> npt.NDArray[np.bool_]:
    """Return which shapes there is something to draw of."""
    return np.asarray(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))
