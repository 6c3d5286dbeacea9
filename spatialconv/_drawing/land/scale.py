"""Whether a map bears a scale bar, and the graticule that stands in its place where lengths differ over the map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Proj, Transformer

FloatArray = npt.NDArray[np.float64]

BEARABLE = 0.05  # a bar is true within so much of every length on the map, or there is none
_STEPS = (0.5, 1, 2, 5, 10, 15, 20, 30, 45, 60)  # degrees between lines
_SPACING = 13.0  # mm between lines, at least
_MOST = 2000  # corners of borders that are asked
SIDE, UNDER = 9.0, 3.8  # mm that the labels take left of the map, and under it


@dataclass(frozen=True)
class Line:
    """A meridian or parallel: corners in the CRS of the map, NaN where it is not on it; label, and where it stands."""

    xy: FloatArray
    label: str
    spot: FloatArray
    meridian: bool


def degrees_of(shapes: Any, crs: CRS) -> FloatArray:
    """Return longitude and latitude of corners of shapes, shape (k, 2)."""
    corners = shapely.get_coordinates(np.asarray(shapes))
    corners = corners[:: max(len(corners) // _MOST, 1)]
    there = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    found = np.column_stack(there.transform(*corners.T))
    return np.asarray(found[np.isfinite(found).all(axis=1)])


def enlargement(shapes: Any, crs: CRS) -> float | None:
    """Return by how much lengths on the map are enlarged; None where no single figure is true within `BEARABLE`.

    The half axes of Tissot's indicatrix at corners of the borders are the largest and the smallest enlargement there.
    """
    lon, lat = degrees_of(shapes, crs).T
    if not len(lon):
        return 1.0
    factors = Proj(crs).get_factors(lon, lat, errcheck=False)
    ends = np.concatenate([np.ravel(factors.tissot_semimajor), np.ravel(factors.tissot_semiminor)])
    ends = ends[np.isfinite(ends)]
    if not len(ends):
        return 1.0
    low, high = float(ends.min()), float(ends.max())
    middle = (low + high) / 2
    return middle if (high - low) / 2 <= BEARABLE * middle else None


def graticule(shapes: Any, crs: CRS, bounds: tuple[float, float, float, float], mm: tuple[float, float]) -> list[Line]:
    """Return meridians and parallels at round degrees over bounds in the CRS that are so many mm wide and high."""
    lon, lat = degrees_of(shapes, crs).T
    west, east = _around(lon)
    south, north = float(lat.min()), float(lat.max())
    if east - west > 180:
        # The map of the world is cut opposite to its central meridian, and no line goes on beyond that.
        given = crs.coordinate_operation.params if crs.coordinate_operation is not None else ()
        middle = next((float(p.value) for p in given if p.name.startswith("Longitude of")), 0.0)
        west, east = max(west, middle - 180), min(east, middle + 180)
        if east - west < 180:
            west, east = middle - 180, middle + 180
        beyond = middle - 180 + 1e-6, middle + 180 - 1e-6
    else:
        beyond = west - 40, east + 40
    forth = Transformer.from_crs(crs.geodetic_crs, crs, always_xy=True)
    lines = []
    for meridian, (low, high), length in ((True, (west, east), mm[0]), (False, (south, north), mm[1])):
        step = next((s for s in _STEPS if (high - low) / s * _SPACING <= length), _STEPS[-1])
        for value in np.arange(np.floor(low / step), np.ceil(high / step) + 1) * step:
            if not (beyond[0] <= value <= beyond[1] if meridian else abs(value) < 90):
                continue
            # Far enough beyond the land to reach the edges of the panel, whatever the curve.
            along = np.linspace(*((max(south - 25, -90), min(north + 25, 90)) if meridian else beyond), 1441)
            fixed = np.full_like(along, value)
            xy = np.column_stack(forth.transform(*((fixed, along) if meridian else (along, fixed))))
            pieces = sorted(_pieces(xy, bounds), key=len, reverse=True)
            for k, piece in enumerate(pieces):
                spot = piece[piece[:, 1 if meridian else 0].argmin()]
                # One label a line, where it is broken too.
                lines.append(Line(piece, "" if k else _words(float(value), meridian), spot, meridian))
    return lines


def _around(lon: FloatArray) -> tuple[float, float]:
    """Return west and east of longitudes that may cross 180 degrees: all but the widest gap."""
    ordered = np.unique(np.mod(lon + 180, 360) - 180)
    gaps = np.diff(np.append(ordered, ordered[0] + 360))
    widest = int(gaps.argmax())
    west = float(ordered[(widest + 1) % len(ordered)])
    return west, west + 360 - float(gaps[widest])


def _pieces(xy: FloatArray, bounds: tuple[float, float, float, float]) -> Iterator[FloatArray]:
    """Return the runs of a line that lie within bounds and do not leap from one side of the map to the other."""
    left, bottom, right, top = bounds
    inside = np.asarray(((xy >= [left, bottom]) & (xy <= [right, top])).all(axis=1))
    with np.errstate(invalid="ignore"):
        leaps = np.hypot(*np.diff(xy, axis=0).T) > 0.05 * max(right - left, top - bottom)
    start = np.flatnonzero(np.append([True], ~(inside[1:] & inside[:-1] & ~leaps)))
    for a, b in zip(start, np.append(start[1:], len(xy)), strict=True):
        if b - a > 20 and inside[a:b].all():
            yield xy[a:b]


def _words(value: float, meridian: bool) -> str:
    if meridian:
        value = (value + 180) % 360 - 180
    side = ("W", "E") if meridian else ("S", "N")
    if value in (0, -180):
        return f"{abs(value):g}°"
    return f"{abs(value):g}° {side[value > 0]}"
