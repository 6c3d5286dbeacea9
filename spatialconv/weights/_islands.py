"""Links made by hand, and regions that no rule gives a neighbour."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Geod, Proj

from spatialconv._options import Islands, first
from spatialconv.errors import IslandError, WeightsError
from spatialconv.weights._graph import FloatArray, IntArray, Labelled, label_rank, positions, symmetric

Pairs = Sequence[tuple[Hashable, Hashable]]

# Edges longer than this (degrees) get vertices in between: a straight line in degrees is not one on the ground.
_SEGMENT = 0.05


def by_hand(labelled: Labelled, link: Pairs, unlink: Pairs) -> Labelled:
    """Add links of weight one and remove links, both ways, and note what was done and what was needless."""
    add, remove = _pairs(link, labelled.regions, "link"), _pairs(unlink, labelled.regions, "unlink")
    both = [pair for pair in add if pair in remove]
    if both:
        raise WeightsError(f"link= and unlink= name the same pair: {_named(labelled, both)}. Decide for one.")
    n, notes, matrix = len(labelled.regions), list(labelled.notes), labelled.matrix
    linked = {pair: bool(matrix[pair] != 0 or matrix[pair[::-1]] != 0) for pair in (*add, *remove)}
    for pairs, wanted, done, needless in (
        (add, False, "links added by hand", "links to add by hand that were there already"),
        (remove, True, "links removed by hand", "links to remove by hand that were not there"),
    ):
        change = [pair for pair in pairs if linked[pair] is wanted]
        idle = [pair for pair in pairs if linked[pair] is not wanted]
        notes += [f"{what}: {_named(labelled, p)}" for what, p in ((done, change), (needless, idle)) if p]
        if change:
            i, j = np.array(change).T
            part = symmetric(n, i, j, np.ones(len(change)))
            matrix = matrix - part.multiply(matrix) if wanted else matrix + part
    matrix.eliminate_zeros()
    return replace(labelled, matrix=matrix, notes=tuple(notes))


def _pairs(pairs: Any, regions: pd.Index, name: str) -> list[tuple[int, int]]:
    # Each pair once, as positions i < j.
    listed: list[Any] = [pairs] if isinstance(pairs, str) else list(pairs)
    if any(isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2 for pair in listed):
        raise WeightsError(f"{name}= must be a list of pairs of labels, such as [('a', 'b')]; got {pairs!r}.")
    if not listed:
        return []
    flat = pd.Index([label for pair in listed for label in pair], dtype=object)
    places = positions(regions, flat, of=f"labels in {name}=", where="the regions").reshape(-1, 2)
    if own := [regions[i] for i, j in places if i == j]:
        raise WeightsError(f"{name}= pairs a region with itself: {first(own)}. Name two regions.")
    return list(dict.fromkeys((int(min(pair)), int(max(pair))) for pair in places))


def _named(labelled: Labelled, pairs: Sequence[tuple[int, int]]) -> str:
    return first([(labelled.regions[i], labelled.regions[j]) for i, j in pairs])


def settle(
    labelled: Labelled,
    islands: Islands,
    nearest: Callable[[int], tuple[int, float]],
    weight: Callable[[float], float] | None = None,
) -> Labelled:
    """Do with regions without neighbours what the caller asked; `nearest` finds (region, km) for one of them.

    A link made here has the weight of its distance, one if no `weight` is given.
    """
    alone = np.flatnonzero(np.diff(labelled.matrix.indptr) == 0)
    if len(alone) == 0 or islands == "keep" or (islands == "nearest" and len(labelled.regions) == 1):
        return labelled
    regions = labelled.regions
    if islands == "raise":
        raise IslandError(
            f"no neighbour: {first(regions[alone])} of {len(regions):,} regions. Link them by hand (link=), take "
            "islands='nearest', or keep them with a row of zeros by islands='keep'."
        )
    found = {int(region): nearest(int(region)) for region in alone}
    # Two islands may be each other's nearest: one link.
    pairs = {(min(i, j), max(i, j)): km for i, (j, km) in found.items()}
    i, j = np.array(list(pairs)).T
    extra = symmetric(len(regions), i, j, np.array([1.0 if weight is None else weight(km) for km in pairs.values()]))
    said = [f"{first([regions[k]])} to {first([regions[j]])} ({km:.4g} km)" for k, (j, km) in found.items()]
    note = "islands linked to the nearest region: " + ", ".join(said[:3]) + (", …" if len(said) > 3 else "")
    return replace(labelled, matrix=labelled.matrix + extra, notes=(*labelled.notes, note))


def first_of_equal(distance: FloatArray, regions: pd.Index) -> int:
    """Return the place of the least distance; where several are equal but for rounding, that of the first label."""
    equal = np.flatnonzero(distance <= distance.min() * (1 + 1e-12))
    return int(equal[np.argmin(label_rank(regions)[equal])])


def nearest_polygon(geometry: gpd.GeoSeries, island: int) -> tuple[int, float]:
    """Return the polygon nearest to one of them and the distance in km; of equally near ones the first by label."""
    if geometry.crs.is_projected:
        distance = geometry.distance(geometry.iloc[island]).to_numpy(copy=True)
        distance[island] = np.inf
        nearest = first_of_equal(distance, geometry.index)
        return nearest, float(distance[nearest] * geometry.crs.axis_info[0].unit_conversion_factor / 1000)
    if not np.isclose(np.degrees(geometry.crs.axis_info[0].unit_conversion_factor), 1):
        geometry = geometry.to_crs(4326)
    geod = geometry.crs.get_geod() or Geod(ellps="WGS84")
    candidates = _within_reach(geometry, island, geod)
    distance = np.array([_gap(geometry.iloc[island], geometry.iloc[k], geod) for k in candidates])
    # Equal but for a millimetre is a tie.
    best = first_of_equal(np.round(distance, 3), geometry.index[candidates])
    return int(candidates[best]), float(distance[best] / 1000)


def _within_reach(geometry: gpd.GeoSeries, island: int, geod: Geod) -> IntArray:
    # The gap to a polygon is at most the way to a point inside it. Only polygons whose box comes as near as the
    # least of these can be nearest, also across the 180th meridian.
    inside = geometry.representative_point()
    lon, lat = inside.x.to_numpy(), inside.y.to_numpy()
    n = len(geometry)
    way = np.asarray(geod.inv(np.full(n, lon[island]), np.full(n, lat[island]), lon, lat)[2])
    way[island] = np.inf
    reach = way.min()
    west, south, east, north = geometry.iloc[island].bounds
    high = reach / (geod.b**2 / geod.a) * 180 / np.pi * 1.001
    top = max(abs(south), abs(north)) + high
    wide = high / np.cos(np.radians(top)) * 1.01 if top < 89 else 360.0
    boxes = geometry.bounds.to_numpy()
    level = (boxes[:, 1] <= north + high) & (boxes[:, 3] >= south - high)
    beside = np.zeros(n, dtype=bool)
    for turn in (-360, 0, 360):
        beside |= (boxes[:, 0] + turn <= east + wide) & (boxes[:, 2] + turn >= west - wide)
    candidates = np.flatnonzero(level & beside)
    return np.asarray(candidates[candidates != island])


def _gap(one: Any, other: Any, geod: Geod) -> float:
    """Return the length in metres of the shortest way between two polygons in degrees.

    The polygons are laid into an azimuthal equidistant plane around a point of the first; the two ends of the
    shortest line there are measured on the ellipsoid. That the plane shifts these ends a little matters in the
    second order only: less than 1e-4 of the way even for shapes as large as a continent.
    """
    centre = one.representative_point()
    plane = Proj(proj="aeqd", lon_0=centre.x, lat_0=centre.y, a=geod.a, b=geod.b)
    laid = (_laid(shapely.segmentize(shape, _SEGMENT), plane) for shape in (one, other))
    line = shapely.get_coordinates(shapely.shortest_line(*laid))
    (lon1, lon2), (lat1, lat2) = plane(line[:, 0], line[:, 1], inverse=True)
    return float(geod.inv(lon1, lat1, lon2, lat2)[2])


def _laid(shape: Any, plane: Proj) -> Any:
    return shapely.transform(shape, lambda xy: np.column_stack(plane(xy[:, 0], xy[:, 1])))
