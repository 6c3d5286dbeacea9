"""What insets show: parts of a map, as boxes or as regions by label, and what is left of the map without them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatialconv._options import first
from spatialconv.errors import OptionError


@dataclass(frozen=True)
class Cut:
    """What an inset shows: a box in a CRS, or regions by label."""

    box: tuple[float, float, float, float] | None
    regions: tuple[Hashable, ...] = ()
    degrees: bool = False


def cuts_of(inset: Any, frame: gpd.GeoDataFrame) -> list[Cut]:
    """Return what each inset shows: one box or label, or a list of boxes, labels and lists of labels.

    Raises
    ------
    OptionError
        If it is neither, a box is empty, or a region is not in the geometry.
    """
    if inset is None:
        return []
    single = isinstance(inset, (str, bytes)) or not isinstance(inset, Sequence | np.ndarray) or _is_box(inset)
    return [_cut(part, frame) for part in ([inset] if single else inset)]


def _is_box(part: Any) -> bool:
    if isinstance(part, (str, bytes)) or not isinstance(part, Sequence | np.ndarray) or len(part) != 4:
        return False
    return all(isinstance(side, (int, float, np.integer, np.floating)) and np.isfinite(side) for side in part)


def _cut(part: Any, frame: gpd.GeoDataFrame) -> Cut:
    if _is_box(part):
        left, bottom, right, top = (float(side) for side in part)
        if left >= right or bottom >= top:
            raise OptionError(
                f"inset must be a box (minx, miny, maxx, maxy) with minx < maxx and miny < maxy; got {tuple(part)}. "
                "Across the date line, name the regions in place of a box."
            )
        degrees = max(abs(left), abs(right)) <= 360 and max(abs(bottom), abs(top)) <= 90
        return Cut((left, bottom, right, top), degrees=degrees)
    several = isinstance(part, Sequence | np.ndarray | pd.Index) and not isinstance(part, (str, bytes))
    labels = tuple(part) if several else (part,)
    unknown = [label for label in labels if label not in frame.index]
    if unknown or not labels:
        raise OptionError(
            f"inset must be a box (minx, miny, maxx, maxy), labels of regions, or a list of these; the geometry has no "
            f"region {first(unknown)}."
            if labels
            else "inset names no region."
        )
    return Cut(None, labels)


def inside(cut: Cut, shapes: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return the shapes that an inset shows, whole, without those that have nothing there."""
    if cut.box is None:
        return shapes[shapes.index.isin(cut.regions)]
    moved = shapes.to_crs(4326) if cut.degrees else shapes
    return shapes[np.asarray(moved.intersects(shapely.box(*cut.box)))]


def outside(cut: Cut, shapes: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return shapes without what an inset shows; empty where nothing is left."""
    kept = shapes.copy()
    if cut.box is None:
        kept[shapes.index.isin(cut.regions)] = shapely.Polygon()
        return kept
    # Cut in the CRS of the box, moved back only where something was cut: the others stay as they are.
    moved = shapes.to_crs(4326) if cut.degrees else shapes
    box = shapely.box(*cut.box)
    touched = np.asarray(moved.intersects(box))
    if touched.any():
        left = shapely.difference(shapely.make_valid(moved[touched].to_numpy()), box)
        kept[touched] = gpd.GeoSeries(left, index=shapes.index[touched], crs=moved.crs).to_crs(shapes.crs).to_numpy()
    return kept
