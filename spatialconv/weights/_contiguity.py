"""Weights from shared borders, and what is done about regions that share none."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatialconv._options import Islands, Standardise, choice, first, positive
from spatialconv.errors import GeometryError, IslandWarning
from spatialconv.weights._graph import IntArray, Labelled, finish, symmetric
from spatialconv.weights._islands import Pairs, by_hand, nearest_polygon, settle
from spatialconv.weights.points import checked_geometry, inside

if TYPE_CHECKING:
    from libpysal.graph import Graph

Rule = Literal["queen", "rook"]
# Of the size of a typical region: gaps and overlaps up to this are those of rounding and digitising.
SNAP = 1e-6
CORNER = 12.0
# Links of so many times the median length are named, where there are links enough to have a usual length.
LONG = 5.0
LEAST_LINKS = 10


def adjacency(
    gdf: gpd.GeoDataFrame,
    *,
    rule: Rule = "queen",
    tolerance: float | None = None,
    islands: Islands = "keep",
    link: Pairs = (),
    unlink: Pairs = (),
    standardise: Standardise = "row",
) -> Graph:
    """Link regions that share a border; the usual weights where neighbourhood matters more than distance.

    Borders are compared exactly, whether or not both polygons have a vertex at the same place: a town that
    meets the middle of its neighbour's straight border is found (comparing vertices, as much software does,
    would miss it). Polygons that overlap share more than a border: they count as neighbours under both rules,
    which is noted. Gaps and overlaps of digitising below `tolerance` are closed, which is noted. Build contiguity
    before you project: a projection bends straight borders, and a vertex that lay in the middle of one no longer does.

    Parameters
    ----------
    gdf : GeoDataFrame
        Polygons, one row a region, with unique labels in the index and a coordinate reference system.
    rule : {"queen", "rook"}
        "queen" links regions that share at least a point, "rook" those that share a line.
    tolerance : float, optional
        Width of gaps and overlaps that are closed, in the unit of the coordinates (metres or degrees). By default a
        millionth of the size of a typical region (the root of the median area; 1 cm for regions of 10 km): far below
        what anybody digitises on purpose, and above what rounding leaves. 0 compares borders exactly.
    islands : {"keep", "raise", "nearest"}
        What to do about regions left without a neighbour once `link` and `unlink` are done. "keep" leaves a row
        of zeros, as in most published work: the spatial lag is zero there. "raise" raises IslandError.
        "nearest" links each to the nearest region, both ways, by the distance between the polygons (on the
        ellipsoid for a geographic system; of equally near regions the first). An island is a fact of the map
        and not an accident of the call, so "keep" does not warn: instead `describe`, `align` and every result
        computed with the weights name the islands in their notes, each time and not once. Only if no two
        regions touch at all, which points at borders that do not match, IslandWarning is issued.
    link, unlink : sequences of pairs of labels
        Links to add and to remove by hand, both ways: a sea bridge, a border that is water.
    standardise : {"row", "spectral", "none"}
        Make rows sum to one, divide by the largest eigenvalue, or leave zeros and ones.

    Returns
    -------
    libpysal.graph.Graph
        Labelled by the index, in its order.

    Raises
    ------
    GeometryError
        If there is no coordinate reference system, or polygons are invalid, empty or no polygons.
    WeightsError
        If labels are missing or not unique.
    AlignmentError
        If `link` or `unlink` name an unknown region.
    IslandError
        If `islands="raise"` and a region has no neighbour.

    References
    ----------
    Anselin (1988), Spatial Econometrics: Methods and Models, section 3.1.

    Examples
    --------
    >>> import geopandas as gpd, spatialconv as sc
    >>> from shapely.geometry import box
    >>> squares = [box(0, 0, 1, 1), box(1, 0, 2, 1), box(2, 1, 3, 2), box(5, 0, 6, 1)]
    >>> gdf = gpd.GeoDataFrame(geometry=squares, index=["west", "mid", "east", "isle"], crs=4326)
    >>> sc.weights.describe(sc.weights.adjacency(gdf)).islands
    ('isle',)
    >>> sc.weights.adjacency(gdf, rule="rook", link=[("east", "isle")])["isle"].to_dict()
    {'east': 1.0}
    """
    choice("rule", rule, Rule)
    choice("islands", islands, Islands)
    choice("standardise", standardise, Standardise)
    geometry = checked_geometry(gdf, polygons=True)
    reach = _typical(geometry) * SNAP if tolerance is None else _width(tolerance)
    i, j, overlapping, closed = _touching(geometry.to_numpy(), rule, reach)
    across = _across_the_seam(geometry, rule, reach)
    if len(across):
        # Polygons that meet at the antimeridian lie a turn apart in the file, and touch there only.
        known = set(zip(i.tolist(), j.tolist(), strict=True))
        across = np.array([pair for pair in across.tolist() if tuple(pair) not in known], dtype=np.intp).reshape(-1, 2)
        i, j = np.concatenate([i, across[:, 0]]), np.concatenate([j, across[:, 1]])
        none = np.zeros(len(across), dtype=bool)
        overlapping, closed = np.concatenate([overlapping, none]), np.concatenate([closed, none])
    matrix = symmetric(len(geometry), i, j, np.ones(len(i)))
    notes = [_overlap_note(geometry.index, i[overlapping], j[overlapping])] if overlapping.any() else []
    if closed.any():
        notes.append(_closed_note(geometry, i[closed], j[closed], reach))
    if len(across):
        pairs = list(zip(geometry.index[across[:, 0]], geometry.index[across[:, 1]], strict=True))
        notes.append(f"polygons meet across the antimeridian and count as neighbours: {first(pairs)}")
    notes += _long_note(geometry, i, j)
    found = by_hand(Labelled(matrix, geometry.index, f"{rule} contiguity", tuple(notes)), link, unlink)
    if found.matrix.nnz == 0 and len(geometry) > 1 and islands == "keep":
        warnings.warn(
            f"no two of the {len(geometry):,} regions touch: the weights are all zero. Borders that do not match "
            "exactly do not touch; look at the file, or use weights.knn or weights.inverse_distance.",
            IslandWarning,
            stacklevel=2,
        )
    return finish(settle(found, islands, lambda region: nearest_polygon(geometry, region)), standardise)


def _touching(shapes: Any, rule: str, reach: float) -> tuple[IntArray, IntArray, Any, Any]:
    """Return the pairs i < j that are neighbours, which of them overlap, and which are so by the tolerance alone."""
    # Of each pair of polygons the dimension of what they share: boundary with boundary, interior with interior.
    tree = shapely.STRtree(shapes)
    i, j = tree.query(shapes, predicate="dwithin", distance=reach) if reach > 0 else tree.query(shapes)
    i, j = i[i < j], j[i < j]
    shared = pd.Series(shapely.relate(shapes[i], shapes[j]), dtype=object).str
    overlapping = (shared[0] != "F").to_numpy(dtype=bool, copy=True)
    point = (shared[4] != "F").to_numpy(dtype=bool)
    meets = point.copy() if rule == "queen" else (shared[4] == "1").to_numpy(dtype=bool, copy=True)
    closed = np.zeros(len(i), dtype=bool)
    if reach > 0:
        thin = np.zeros(len(i), dtype=bool)
        thin[overlapping] = _thin(shapes[i[overlapping]], shapes[j[overlapping]], reach)
        # Neither apart nor overlapping by more than the tolerance: what they share is the border within it.
        unsure = thin | ~(meets | overlapping)
        if rule == "rook":
            # A corner that slipped shares a line, but none longer than the slip.
            sides = np.flatnonzero(meets & ~thin & ~overlapping)
            ends = shapely.intersection(shapely.boundary(shapes[i[sides]]), shapely.boundary(shapes[j[sides]]))
            unsure[sides] = shapely.length(ends) <= CORNER * reach
        overlapping &= ~thin
        near = np.ones(int(unsure.sum()), dtype=bool)
        if rule == "rook":
            near = _side_by_side(shapes[i[unsure]], shapes[j[unsure]], reach)
        closed[unsure] = near
        meets[unsure] = near
        closed &= thin | ~point | (rule == "rook")
    keep = meets | overlapping
    return i[keep], j[keep], overlapping[keep], closed[keep]


def _across_the_seam(geometry: gpd.GeoSeries, rule: str, reach: float) -> IntArray:
    """Return the pairs i < j of regions that meet where longitudes start again, shape (n, 2); none in a plane."""
    none = np.empty((0, 2), dtype=np.intp)
    if not geometry.crs.is_geographic:
        return none
    turn = 360.0 / np.degrees(geometry.crs.axis_info[0].unit_conversion_factor or np.radians(1.0))
    west, _, east, _ = geometry.bounds.to_numpy().T
    # Longitudes run from -180 to 180, or from 0 to 360 where any lies beyond 180.
    last = turn / 2 if east.max() <= turn / 2 + reach else turn
    right, left = np.flatnonzero(east >= last - reach), np.flatnonzero(west <= last - turn + reach)
    if not len(right) or not len(left):
        return none
    shapes = geometry.to_numpy()
    moved = shapely.transform(shapes[left], lambda xy: np.add(xy, (turn, 0.0)))
    i, j, *_ = _touching(np.concatenate([shapes[right], moved]), rule, reach)
    between = (i < len(right)) & (j >= len(right))
    a, b = right[i[between]], left[j[between] - len(right)]
    pairs = np.sort(np.column_stack([a, b]), axis=1)
    return np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0).reshape(-1, 2)


def _long_note(geometry: gpd.GeoSeries, i: IntArray, j: IntArray) -> list[str]:
    """Name links between regions that lie many times further apart than linked ones do: exclaves, or slips."""
    if len(i) < LEAST_LINKS:
        return []
    try:
        km = inside(geometry).distance(i, j)
    except GeometryError:
        # One polygon on another of the same shape, which another note names, has no distance.
        return []
    usual = float(np.median(km))
    far = np.flatnonzero(km > LONG * usual)
    if not len(far):
        return []
    far = far[np.argsort(-km[far], kind="stable")]
    said = [f"{geometry.index[i[k]]} and {geometry.index[j[k]]} ({km[k]:,.0f} km)" for k in far[:3]]
    more = f" and {len(far) - 3} more" if len(far) > 3 else ""
    return [
        f"{len(far):,} of {len(i):,} links join regions more than {LONG:g} times as far apart as the median of "
        f"{usual:,.0f} km: {', '.join(said)}{more}; a border of an exclave makes neighbours too (unlink= takes it away)"
    ]


def _width(tolerance: float) -> float:
    return 0.0 if tolerance == 0 else positive("tolerance", tolerance)


def _typical(geometry: gpd.GeoSeries) -> float:
    return float(np.sqrt(np.median(shapely.area(geometry.to_numpy()))))


def _thin(a: Any, b: Any, reach: float) -> Any:
    """Whether what two polygons share is nowhere wider than the tolerance: its edges moved in by half, it is gone."""
    return shapely.is_empty(shapely.buffer(shapely.intersection(a, b), -0.5 * reach))


def _side_by_side(a: Any, b: Any, reach: float) -> Any:
    """Whether two polygons run beside one another, and do not only come close in a corner."""
    shared = shapely.intersection(shapely.boundary(a), shapely.buffer(shapely.boundary(b), reach))
    # Around a corner it is a few times the tolerance long, along a border as long as the border.
    return shapely.length(shared) > CORNER * reach


def _closed_note(geometry: gpd.GeoSeries, i: IntArray, j: IntArray, reach: float) -> str:
    pairs = list(zip(geometry.index[i], geometry.index[j], strict=True))
    unit = geometry.crs.axis_info[0].unit_name
    return f"borders that do not match exactly, taken as shared within {reach:.2g} {unit}: {first(pairs)}"


def _overlap_note(regions: pd.Index, i: IntArray, j: IntArray) -> str:
    pairs = list(zip(regions[i], regions[j], strict=True))
    return f"polygons overlap and count as neighbours: {first(pairs)}"
