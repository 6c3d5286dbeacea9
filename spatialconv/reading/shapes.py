"""Shapes as analyses take them: flat, one kind each, valid if asked for; what was changed is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from spatialconv._options import first
from spatialconv.errors import GeometryError

METHOD = "structure"
_COLLECTION = 7  # of shapely.get_type_id
# Parts of a collection: what they are, the kinds that are, and what puts them together.
_AREAS, _POINTS = (3, 6), (0, 4)


def tidied(frame: Any, name: str, *, repair: bool) -> tuple[Any, tuple[str, ...]]:
    """Return the frame with flat shapes without collections, repaired if asked for, and notes on what was done.

    Heights and measures (Z, M) are dropped. Of a collection its areas are kept, or its points if it has no area; lines
    bound nothing. A repair takes `shapely.make_valid(method="structure")`: rings are made valid one by one, then put
    together as shells and holes, and what has no area (a spike) goes.

    Raises
    ------
    GeometryError
        If a collection has neither areas nor points, or a repair leaves nothing of a region.
    """
    shapes = np.asarray(frame.geometry.to_numpy(), dtype=object)
    notes = []
    there = ~shapely.is_missing(shapes)
    for kind, has in (("heights (Z)", shapely.has_z), ("measures (M)", shapely.has_m)):
        found = has(shapes) & there
        if found.any():
            notes.append(f"{name}: {kind} of {int(found.sum()):,} of {len(shapes):,} shapes dropped")
    shapes = shapely.force_2d(shapes)
    mixed = there & (shapely.get_type_id(shapes) == _COLLECTION)
    if mixed.any():
        shapes[mixed] = [_taken_out(shape) for shape in shapes[mixed]]
        _refuse_nothing(frame, shapes, mixed, f"{name}: a collection of lines bounds no region")
        notes.append(
            f"{name}: areas (or else points) taken out of collections: {first(frame.index[mixed])}; lines left out"
        )
    if repair:
        wrong = there & ~shapely.is_valid(shapes)
        if wrong.any():
            before = shapely.area(shapes[wrong])
            shapes[wrong] = shapely.make_valid(shapes[wrong], method=METHOD, keep_collapsed=False)
            again = wrong & (shapely.get_type_id(shapes) == _COLLECTION)
            shapes[again] = [_taken_out(shape) for shape in shapes[again]]
            _refuse_nothing(frame, shapes, wrong, f"{name}: repair leaves nothing of the region")
            with np.errstate(divide="ignore", invalid="ignore"):
                change = np.abs(shapely.area(shapes[wrong]) / before - 1)
            most = float(np.max(change, where=np.isfinite(change), initial=0.0))
            notes.append(
                f"{name}: repaired by shapely.make_valid(method={METHOD!r}): {first(frame.index[wrong])} of "
                f"{len(shapes)}; area changed by {100 * most:.2g} % at most"
            )
    return frame.set_geometry(type(frame.geometry)(shapes, index=frame.index, crs=frame.crs)), tuple(notes)


def _taken_out(shape: Any) -> Any:
    parts = shapely.get_parts(shape)
    while (nested := shapely.get_type_id(parts) == _COLLECTION).any():
        parts = np.concatenate([parts[~nested], shapely.get_parts(parts[nested])])
    kinds = shapely.get_type_id(parts)
    areas = shapely.get_parts(parts[np.isin(kinds, _AREAS)])
    if len(areas):
        return areas[0] if len(areas) == 1 else shapely.multipolygons(areas)
    points = shapely.get_parts(parts[np.isin(kinds, _POINTS)])
    if len(points):
        return points[0] if len(points) == 1 else shapely.multipoints(points)
    return None


def _refuse_nothing(frame: Any, shapes: Any, among: Any, why: str) -> None:
    nothing = among & (shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if nothing.any():
        raise GeometryError(f"{why}: {first(frame.index[nothing])}. Take the shapes from another source.")
