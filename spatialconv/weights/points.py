"""The geometry that weights are built from: checked polygons, points, and sound distances between them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import Geod
from scipy.spatial import cKDTree

from spatialconv._core.space.geodesics import Sphere
from spatialconv._options import first
from spatialconv.errors import GeometryError, GeometryWarning
from spatialconv.weights._graph import FloatArray, IntArray, label_rank, labels, positions

SEATS = ("lon", "lat")
# Nearer than this (a millimetre, in km) two points count as one.
COINCIDENT = 1e-6
# Share by which distances in a projection may be off before it is noted.
DISTORTION = 0.01
# Distances within this share of one another are a tie: rounding alone makes them unequal.
TIE = 1e-9
# From so many points on, all geodesics come from a series within a tenth of a millimetre of PROJ's, at a quarter of the
# time; so many numbers at a time.
MANY, _NUMBERS = 500, 16_384
# Rows mirrored at a time: a block of 10,000 columns stays within a few megabytes.
_BLOCK = 64
# So many degrees around the area of use of a projected system count as near it.
ELSEWHERE = 30
# Radii in metres: of the Earth, of the smallest and largest round bodies; and what plane coordinates never reach (zone
# numbers before eastings make 6e7 at most).
EARTH = 6.378e6
LEAST_RADIUS, MOST_RADIUS = 1e5, 1e8
FARTHEST = 1e9


def checked_geometry(gdf: Any, *, polygons: bool = False) -> gpd.GeoSeries:
    """Return the geometry of a GeoDataFrame, or raise for whatever would give wrong weights in silence."""
    if not isinstance(gdf, gpd.GeoDataFrame):
        raise GeometryError(
            f"weights are built from a geopandas GeoDataFrame; got {type(gdf).__name__}. Read the file by "
            "geopandas.read_file, or use weights.from_matrix or weights.economic where there is no geometry."
        )
    regions = labels(gdf.index, "the GeoDataFrame's regions")
    warn_of_row_numbers(gdf)
    if gdf.active_geometry_name is None:
        raise GeometryError("the GeoDataFrame has no active geometry column; choose one by gdf.set_geometry.")
    geometry = gdf.geometry.set_axis(regions)
    _crs(geometry, "the geometry", "gdf")
    _present(geometry, "geometry")
    _plausible(geometry, "the geometry", "gdf")
    invalid = ~geometry.is_valid.to_numpy()
    if invalid.any():
        reason = geometry[invalid].is_valid_reason().iloc[0]
        raise GeometryError(
            f"the geometry is invalid for {first(regions[invalid])} ({reason}). Repair it by "
            "sc.read(…, repair=True), repair = true in a case's [geometry], or gdf.geometry.make_valid() and look at "
            "the result: a repair can change which regions touch."
        )
    kinds = geometry.geom_type
    other = ~kinds.isin(["Polygon", "MultiPolygon"]).to_numpy()
    if polygons and other.any():
        advice = "For points use weights.knn, distance_band or inverse_distance."
        if (kinds[other] == "GeometryCollection").any():
            advice = (
                "A collection holds lines or points beside areas, as make_valid leaves them: sc.read(…, geometry=…) "
                "takes the areas out, and says so."
            )
        got = ", ".join(sorted(set(kinds[other])))
        raise GeometryError(f"contiguity needs polygons; got {got} for {first(regions[other])}. {advice}")
    return geometry


def warn_of_row_numbers(gdf: gpd.GeoDataFrame, stacklevel: int = 4) -> None:
    """Warn where rows are numbered by their place and a column holds the same numbers in another order.

    If these are the codes of the regions, every region would be taken for another one, and nothing would be missing.
    """
    index = gdf.index
    if not (isinstance(index, pd.RangeIndex) and index.start == 0 and index.step == 1 and len(index) > 1):
        return
    places = np.arange(len(index))
    for name in gdf.columns[[isinstance(t, np.dtype) and t.kind in "iuf" for t in gdf.dtypes]]:
        codes = gdf[name].to_numpy()
        if np.array_equal(np.sort(codes), places) and not np.array_equal(codes, places):
            warnings.warn(
                f"the rows of the GeoDataFrame are labelled 0 to {len(index) - 1} by their place, and its column "
                f"{name!r} holds the same numbers in another order. If these are the codes of the regions, label by "
                f"gdf.set_index({name!r}); else the panel's regions are matched with the wrong rows.",
                GeometryWarning,
                stacklevel=stacklevel,
            )
            return


def _crs(geometry: gpd.GeoSeries, what: str, name: str) -> None:
    if geometry.crs is None:
        raise GeometryError(
            f"{what} has no coordinate reference system, so that its units are not known. Say what the "
            f"coordinates are by {name}.set_crs(...), for example {name}.set_crs(4326) for longitude and latitude."
        )
    if not (geometry.crs.is_geographic or geometry.crs.is_projected):
        raise GeometryError(
            f"{what} has a coordinate reference system that is neither geographic nor projected "
            f"({geometry.crs.name}). Bring it to one that is by {name}.to_crs(...)."
        )


def _plausible(geometry: gpd.GeoSeries, what: str, name: str) -> None:
    """Refuse degrees that no place has, and warn of degrees that are declared as metres."""
    west, south, east, north = geometry.bounds.to_numpy().T
    crs = geometry.crs
    _refuse_no_planet(crs, np.abs([west, south, east, north]).max(axis=0), geometry.index, what)
    if crs.is_geographic:
        turn = np.degrees(crs.axis_info[0].unit_conversion_factor or 1.0)
        corners = np.stack([np.maximum(np.abs(west), np.abs(east)), np.maximum(np.abs(south), np.abs(north))], axis=1)
        _refuse_no_degrees(corners * turn, geometry.index, what)
        return
    box = np.array([west.min(), south.min(), east.max(), north.max()])
    if len(geometry) > 1 and np.all(np.abs(box) <= (180, 90, 180, 90)) and _near(crs.area_of_use, box):
        warnings.warn(
            f"{what} is declared as {crs.name}, in {crs.axis_info[0].unit_name}s, but all {len(geometry):,} regions "
            f"lie within {max(box[2] - box[0], box[3] - box[1]):.3g} of one another: these look like degrees. Declare "
            f"them by {name}.set_crs(4326, allow_override=True), and project them by to_crs if you like.",
            GeometryWarning,
            stacklevel=5,
        )


def _refuse_no_planet(crs: Any, reach: FloatArray, regions: pd.Index, what: str) -> None:
    """Refuse ellipsoids and plane coordinates of a size that no planet or moon has."""
    radius = crs.ellipsoid.semi_major_metre if crs.ellipsoid is not None else EARTH
    if not LEAST_RADIUS <= radius <= MOST_RADIUS:
        raise GeometryError(
            f"{what} is declared on a body of {radius:.3g} metres in radius ({crs.name}), which no planet or moon has "
            f"(the Earth: {EARTH:.4g}). Say the coordinate reference system by set_crs(…, allow_override=True)."
        )
    if crs.is_projected:
        metres = reach * (crs.axis_info[0].unit_conversion_factor or 1.0)
        far = metres > FARTHEST
        if far.any():
            raise GeometryError(
                f"{what} has coordinates of {metres.max():.3g} metres for {first(regions[far])}; no projection "
                f"({crs.name}) reaches beyond {FARTHEST:.0g}. Look at the file, or at the system it is declared in."
            )


def _near(area: Any, box: FloatArray) -> bool:
    """Say whether coordinates read as degrees lie about where a projected system is used.

    Squares of a few metres at the origin, as in made-up examples, are left in peace by this.
    """
    if area is None:
        return True
    west, east = area.west - ELSEWHERE, area.east + ELSEWHERE
    wraps = area.west > area.east
    return bool(
        (wraps or (west <= box[0] and box[2] <= east))
        and area.south - ELSEWHERE <= box[1]
        and box[3] <= area.north + ELSEWHERE
    )


def _refuse_no_degrees(degrees: FloatArray, regions: pd.Index, source: str) -> None:
    outside = (np.abs(degrees[:, 0]) > 360) | (np.abs(degrees[:, 1]) > 90 + 1e-6)
    if outside.any():
        raise GeometryError(
            f"{source}: not degrees of longitude and latitude for {first(regions[outside])}; the first reaches "
            f"{tuple(degrees[outside][0].round(6).tolist())}, and a latitude lies between -90 and 90. If the two are "
            "swapped, turn them round (geometry: shapely.transform(gdf.geometry, lambda xy: xy[:, ::-1])); if the "
            "coordinates are projected, declare the system by set_crs(…, allow_override=True)."
        )


def _present(geometry: gpd.GeoSeries, what: str) -> None:
    lost = (geometry.isna() | geometry.is_empty).to_numpy()
    if lost.any():
        raise GeometryError(
            f"the {what} is missing or empty for {first(geometry.index[lost])} of {len(geometry):,} regions. "
            "Fill it in or drop these rows."
        )


@dataclass(frozen=True, eq=False)
class Points:
    """One point a region: degrees of longitude and latitude where `geod` is given, else metres in a plane."""

    xy: FloatArray
    regions: pd.Index
    geod: Geod | None
    source: str
    notes: tuple[str, ...] = ()

    @property
    def how(self) -> str:
        """What the distances are, in words."""
        return f"{'geodesic' if self.geod else 'plane'} distances between {self.source}"

    def distance(self, i: IntArray, j: IntArray) -> FloatArray:
        """Return the distances in km between points i and points j; they must not coincide."""
        km = self._between(self.xy[i], self.xy[j])
        same = km < COINCIDENT
        if same.any():
            self._refuse(i[same], j[same])
        return km

    def all_pairs(self) -> FloatArray:
        """Return the distances in km from every point to all others, shape (N, N - 1): row i leaves out i itself."""
        n = len(self.xy)
        km = np.empty((n, n - 1))
        if self.geod is not None and n >= MANY:
            self._by_series(km)
        else:
            for i in range(n - 1):
                km[i, i:] = self._between(np.broadcast_to(self.xy[i], (n - 1 - i, 2)), self.xy[i + 1 :])
        # Below the diagonal by blocks: memory read in leaps is slow.
        for start in range(0, n - 1, _BLOCK):
            end = min(start + _BLOCK, n - 1)
            for i in range(start, end):
                km[i + 1 : end, i] = km[i, i : end - 1]
            km[end:, start:end] = km[start:end, end - 1 :].T
        if km.min(initial=np.inf) < COINCIDENT:
            one, place = np.nonzero(km < COINCIDENT)
            once = place >= one
            self._refuse(one[once], place[once] + 1)
        return km

    def _by_series(self, km: FloatArray) -> None:
        """Fill what is above the diagonal by Vincenty's series, a few rows at a time, and where it ends by PROJ."""
        assert self.geod is not None
        n = len(self.xy)
        sphere = Sphere(self.xy, self.geod.a, self.geod.f)
        rows = max(1, _NUMBERS // n)
        for start in range(0, n - 1, rows):
            end = min(start + rows, n - 1)
            metres = sphere.between(slice(start, end), slice(start + 1, n))
            i, j = np.nonzero(np.isnan(metres))
            if len(i):
                metres[i, j] = self.geod.inv(*self.xy[start + i].T, *self.xy[start + 1 + j].T)[2]
            for k in range(end - start):
                km[start + k, start + k :] = metres[k, k:]
        km /= 1000

    def _between(self, a: FloatArray, b: FloatArray) -> FloatArray:
        if self.geod is None:
            return np.asarray(np.hypot(*(a - b).T), dtype=float) / 1000
        if len(a) == 1:  # as numbers: older pyproj makes them of arrays of one, which numpy deprecates
            return np.array([self.geod.inv(*a[0].tolist(), *b[0].tolist())[2]]) / 1000
        return np.asarray(self.geod.inv(a[:, 0], a[:, 1], b[:, 0], b[:, 1])[2]) / 1000

    def _refuse(self, i: IntArray, j: IntArray) -> None:
        pairs = list(zip(self.regions[i], self.regions[j], strict=True))
        raise GeometryError(
            f"the points of these regions coincide, so that their distance is zero: {first(pairs)}. Give them "
            "different points (points=), or merge the regions."
        )

    def pairs_within(self, km: float) -> tuple[IntArray, IntArray, FloatArray]:
        """Return i < j and their distance, for the pairs at most `km` apart."""
        tree = self._tree()
        pairs = tree.query_pairs(float(self._reach(np.array([km]))[0]), output_type="ndarray")
        i, j = pairs[:, 0], pairs[:, 1]
        distance = self.distance(i, j)
        near = distance <= km * (1 + TIE)
        return i[near], j[near], distance[near]

    def nearest(self, k: int) -> tuple[IntArray, IntArray, FloatArray, IntArray]:
        """Return i, their k nearest j by distance, the distances, and the i whose k-th place is a tie.

        A tie is decided for the label that sorts first, so that another order of rows gives the same links. The tree's
        order is that of a sphere (or the plane); the k nearest there give a distance that the k nearest on the
        ellipsoid cannot exceed.
        """
        tree = self._tree()
        n = len(self.xy)
        _, found = tree.query(tree.data, k=k + 1)
        rows = np.repeat(np.arange(n), k + 1)
        other = found.ravel() != rows
        far = np.zeros(n)
        np.maximum.at(far, rows[other], self.distance(rows[other], found.ravel()[other]))
        near = tree.query_ball_point(tree.data, self._reach(far))
        i = np.repeat(np.arange(n), [len(hits) for hits in near])
        j = np.concatenate(near).astype(np.intp)
        i, j = i[i != j], j[i != j]
        distance = self.distance(i, j)
        order = np.lexsort((distance, i))
        i, j, distance = i[order], j[order], distance[order]
        # Distances equal but for rounding must not be ordered by it: within such a run the first label wins.
        run = np.cumsum(np.diff(i, prepend=-1).astype(bool) | (np.diff(distance, prepend=0) > TIE * distance))
        order = np.lexsort((label_rank(self.regions)[j], run))
        i, j, distance = i[order], j[order], distance[order]
        rank = np.arange(len(i)) - np.searchsorted(i, i)
        last, after = np.flatnonzero(rank == k - 1), np.flatnonzero(rank == k)
        cut = last[np.isin(i[last], i[after])]
        tied = i[cut][np.isclose(distance[cut + 1], distance[cut], rtol=TIE, atol=0)]
        keep = rank < k
        return i[keep], j[keep], distance[keep], tied

    def _tree(self) -> cKDTree:
        if self.geod is None:
            return cKDTree(self.xy)
        lon, lat = np.radians(self.xy).T
        return cKDTree(np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]))

    def _reach(self, km: FloatArray) -> FloatArray:
        # Distance in the tree within which all points up to `km` lie. A degree of an ellipsoid is nowhere shorter
        # than along the meridian at the equator, where the radius of curvature is b^2 / a.
        metres = km * 1000 * (1 + 1e-6)
        if self.geod is None:
            return metres
        angle = metres / (self.geod.b**2 / self.geod.a)
        return np.where(angle >= np.pi, 2.1, 2 * np.sin(np.minimum(angle, np.pi) / 2) + 1e-12)


def resolve_points(gdf: gpd.GeoDataFrame, points: Any = None) -> Points:
    """Return one point a region: the caller's, else seats in columns lon and lat, else points of the geometry."""
    geometry = checked_geometry(gdf)
    if points is not None:
        return _given(points, geometry.index)
    present = [name for name in SEATS if name in gdf.columns]
    if len(present) == 2:
        return _lonlat(gdf[list(SEATS)].set_axis(geometry.index), geometry.index, "seats (columns lon and lat)")
    if present:
        raise GeometryError(f"the GeoDataFrame has a column {present[0]!r} but not both of lon and lat; add or rename.")
    if (geometry.geom_type == "Point").all():
        return _from_series(geometry, geometry.index, "the points of the geometry")
    found = inside(geometry)
    note = (
        "no points= and no columns lon and lat: distances run between representative points inside the regions, "
        "which are neither seats nor centres of population"
    )
    return replace(found, notes=(note, *found.notes))


def inside(geometry: gpd.GeoSeries) -> Points:
    """Return a point inside every region."""
    points = geometry.representative_point()
    return _from_series(points, geometry.index, "representative points inside the regions")


def located(gdf: gpd.GeoDataFrame, regions: pd.Index, points: Any = None) -> Points:
    """Return the points of some regions in their order, matched by label; as `resolve_points` otherwise."""
    found = resolve_points(gdf, points)
    places = positions(found.regions, regions, of="regions", where="the geometry")
    return replace(found, xy=found.xy[places], regions=regions)


def _given(points: Any, regions: pd.Index) -> Points:
    if isinstance(points, gpd.GeoDataFrame):
        points = points.geometry
    if isinstance(points, gpd.GeoSeries):
        _crs(points, "points=", "points")
        chosen = points.iloc[_match(points.index, regions)]
        _present(chosen, "point in points=")
        _plausible(chosen, "points=", "points")
        if set(chosen.geom_type) != {"Point"}:
            raise GeometryError(
                f"points= must hold points; got {', '.join(sorted(set(chosen.geom_type)))}. Take for example "
                "gdf.representative_point()."
            )
        return _from_series(chosen, regions, "the points given")
    if isinstance(points, pd.DataFrame) and set(SEATS) <= set(points.columns):
        chosen = points[list(SEATS)].iloc[_match(points.index, regions)]
        return _lonlat(chosen, regions, "the points given (lon and lat)")
    raise GeometryError(
        f"points= must be a GeoSeries, a GeoDataFrame or a DataFrame with columns lon and lat, each indexed by "
        f"region; got {type(points).__name__}."
    )


def _match(index: pd.Index, regions: pd.Index) -> IntArray:
    return positions(labels(index, "points="), regions, of="regions", where="points=")


def _lonlat(frame: pd.DataFrame, regions: pd.Index, source: str) -> Points:
    numbers = frame.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
    lost = ~np.isfinite(numbers).all(axis=1)
    if lost.any():
        raise GeometryError(f"{source}: lon or lat is missing or no number for {first(regions[lost])}. Fill it in.")
    _refuse_no_degrees(numbers, regions, source)
    return Points(numbers, regions, Geod(ellps="WGS84"), source)


def _from_series(series: gpd.GeoSeries, regions: pd.Index, source: str) -> Points:
    crs = series.crs
    xy = np.column_stack([series.x, series.y]).astype(float)
    factor = crs.axis_info[0].unit_conversion_factor or 1.0
    if crs.is_geographic:
        # Some older systems count in grads; the ellipsoid is the system's own.
        frame = pd.DataFrame(xy * np.degrees(factor), index=regions, columns=list(SEATS))
        found = _lonlat(frame, regions, source)
        return replace(found, geod=crs.get_geod() or found.geod)
    plane = Points(xy * factor, regions, None, source)
    return replace(plane, notes=_distortion(plane, series))


def _distortion(plane: Points, series: gpd.GeoSeries) -> tuple[str, ...]:
    # Every point against the next one: enough to tell a world map from a national grid.
    if len(series) < 2:
        return ()
    lonlat = series.to_crs(4326)
    degrees = np.column_stack([lonlat.x, lonlat.y])
    if not np.isfinite(degrees).all():
        return ()
    i = np.arange(len(degrees) - 1)
    sphere = Points(degrees, plane.regions, Geod(ellps="WGS84"), "")
    off = np.abs(plane.distance(i, i + 1) / sphere.distance(i, i + 1) - 1).max()
    if off <= DISTORTION:
        return ()
    return (
        f"distances in the projection {series.crs.name} are off by up to {off:.0%}; gdf.to_crs(4326) makes them "
        "geodesic",
    )
