"""What a page to touch is made of: outlines in whole units, insets beside them, and who is whose neighbour."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from spatialconv._drawing.ground import Ground
from spatialconv.weights import align

WIDE = 900  # units across; an outline is told to a unit
FRAME, AIR = 190, 14  # units: longer side of the frame of an inset, and between frames


def land(base: Ground) -> tuple[list[dict[str, Any]], int]:
    """Return the map and its insets, in rows below it, as outlines by region; and the height of all."""
    left, bottom, right, top = base.bounds
    unit = (right - left) / WIDE
    height = round((top - bottom) / unit)
    parts = [_part(base, (left, top), unit, (0, 0), None)]
    x, y, row = 0, height + AIR, 0
    for inset in base.insets:
        west, south, east, north = inset.bounds
        scale = max(east - west, north - south) / FRAME
        across, down = round((east - west) / scale), round((north - south) / scale)
        if x and x + across > WIDE:
            x, y, row = 0, y + row + AIR, 0
        parts.append(_part(inset, (west, north), scale, (x, y), [x, y, across, down]))
        x, row = x + across + AIR, max(row, down)
    return parts, (y + row if base.insets else height)


def _part(
    base: Ground, corner: tuple[float, float], unit: float, at: tuple[int, int], frame: list[int] | None
) -> dict[str, Any]:
    def told(shapes: Any) -> list[str]:
        return [outline(shape, corner, unit, at) for shape in shapes]

    borders = [] if base.borders is None else told(base.borders)
    return {
        "of": [str(region) for region in base.frame.index],
        "paths": told(base.frame.geometry),
        "rest": told(base.extra.geometry),
        "groups": borders,
        "frame": frame,
    }


def outline(shape: Any, corner: tuple[float, float], unit: float, at: tuple[int, int]) -> str:
    """Return an outline in whole units, relative from corner to corner."""
    plain = shapely.simplify(shape, 0.35 * unit)
    whole = shapely.get_parts(shape if plain.is_empty else plain)
    out = []
    for part in whole:
        for ring in (part.exterior, *part.interiors):
            points = np.rint((np.asarray(ring.coords)[:, :2] - corner) / [unit, -unit]).astype(int) + at
            steps = np.diff(points, axis=0)
            steps = steps[np.any(steps != 0, axis=1)]
            if len(steps) < 2 and len(whole) > 1:
                continue  # an islet smaller than a unit
            out.append(f"M{points[0][0]} {points[0][1]}l" + " ".join(f"{x} {y}" for x, y in steps) + "z")
    return "".join(out)


def neighbours(w: Any, regions: Any) -> list[list[list[float]]]:
    """Return the places of the neighbours of each region, and their weights to four digits."""
    matrix = align(w, regions).matrix.tocsr()
    bounds = zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True)
    return [[matrix.indices[a:b].tolist(), [float(f"{v:.4g}") for v in matrix.data[a:b]]] for a, b in bounds]
