"""Regions of a result on the map: matched by label, checked, and projected to metres."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from spatialconv._drawing.land.groups import dissolved, group_of, named
from spatialconv._drawing.land.insets import Cut, cuts_of, inside, outside
from spatialconv._drawing.land.scale import enlargement
from spatialconv._labels import matching
from spatialconv._options import first
from spatialconv.errors import AlignmentError, GeometryError, OptionError
from spatialconv.weights.points import warn_of_row_numbers


@dataclass(frozen=True)
class Ground:
    """Regions of a result, in its order and in metres (or the unit of a projected CRS), and other land.

    A region that only an inset shows has an empty shape here. An inset is ground too, of the regions it shows.
    `borders` are the outlines of groups, called `grouped` in the legend. `strip` is what is left free for insets, right
    of the land and below it, in the unit of the CRS; `extent` is that of an inset which shows a box.
    """

    frame: gpd.GeoDataFrame
    extra: gpd.GeoDataFrame
    crs: CRS
    metres: float
    insets: tuple[Ground, ...] = ()
    borders: gpd.GeoSeries | None = None
    grouped: str = ""
    strip: tuple[float, float] = (0.0, 0.0)
    extent: tuple[float, float, float, float] | None = None

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, bottom, right and top of all that is drawn."""
        if self.extent is not None:
            return self.extent
        boxes = np.vstack([part.total_bounds for part in (self.frame, self.extra) if len(part)])
        boxes = boxes[np.isfinite(boxes).all(axis=1)]
        (left, bottom), (right, top) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
        return left, bottom - self.strip[1], right + self.strip[0], top

    @cached_property
    def enlargement(self) -> float | None:
        """By how much lengths are enlarged, None where that differs too much over the map for a scale bar."""
        if self.extent is not None:
            left, bottom, right, top = self.extent
            shapes = [shapely.segmentize(shapely.box(*self.extent), max(right - left, top - bottom) / 50)]
        else:
            shapes = [*self.frame.geometry, *self.extra.geometry]
        return enlargement(shapes, self.crs)

    def centre_of(self, inset: Ground) -> tuple[float, float]:
        """Return where the middle of an inset lies, in the CRS of this map."""
        left, bottom, right, top = inset.bounds
        there = Transformer.from_crs(inset.crs, self.crs, always_xy=True)
        x, y = there.transform((left + right) / 2, (bottom + top) / 2)
        return (float(x), float(y)) if np.isfinite([x, y]).all() else (self.bounds[0], self.bounds[1])

    def north(self) -> float:
        """Return the angle in degrees by which north on the map lies left of straight up, at its centre."""
        left, bottom, right, top = self.bounds
        x, y = (left + right) / 2, (bottom + top) / 2
        there = Transformer.from_crs(self.crs, self.crs.geodetic_crs, always_xy=True)
        lon, lat = there.transform(x, y)
        up_x, up_y = there.transform(lon, lat + 0.01, direction="INVERSE")
        return float(np.degrees(np.arctan2(-(up_x - x), up_y - y)))


def ground(
    geometry: Any,
    regions: pd.Index,
    *,
    projected: Any = "auto",
    points: bool = False,
    inset: Any = None,
    inset_only: bool = False,
    outlines: Any = None,
) -> Ground:
    """Match a geometry to regions by label, check and project it; the caller's frame stays as it is."""
    checked = _checked(geometry, regions, points=points)
    cuts = cuts_of(inset, checked)
    groups = group_of(outlines, checked, regions)
    main = checked
    if cuts and inset_only:
        shapes = checked.geometry
        for cut in cuts:
            shapes = outside(cut, shapes)
        main = checked.set_geometry(shapes)
        if np.asarray(main.geometry.is_empty).all():
            raise OptionError("inset holds the whole map, and inset_only=True leaves nothing beside it.")
    # An empty shape has no say in which CRS suits.
    target = _target(main[~np.asarray(main.geometry.is_empty)], projected)
    base = _laid(main, regions, target, groups, named(outlines))
    return replace(base, insets=tuple(_inset(cut, checked, regions, groups) for cut in cuts))


def _laid(frame: gpd.GeoDataFrame, regions: pd.Index, target: CRS, groups: pd.Series | None, name: str) -> Ground:
    """Return a frame on the ground of a CRS, with the outlines of its groups."""
    moved = frame if frame.crs == target else frame.to_crs(target)
    empty = np.asarray(moved.geometry.is_empty)
    _refuse_wrong_crs(~empty & ~np.isfinite(moved.geometry.bounds.to_numpy()).all(axis=1), moved)
    known = moved.index.isin(regions)
    factor = float(target.axis_info[0].unit_conversion_factor) if target.axis_info else 1.0
    there = [region for region in regions if region in moved.index]
    borders = None
    if groups is not None:
        borders = dissolved(moved.geometry, groups[~groups.index.duplicated()].reindex(moved.index))
    rest = moved[~known & ~empty]
    return Ground(moved.loc[there], rest, target, factor, borders=borders, grouped="" if groups is None else name)


def _inset(cut: Cut, checked: gpd.GeoDataFrame, regions: pd.Index, groups: pd.Series | None) -> Ground:
    frame = gpd.GeoDataFrame(geometry=inside(cut, checked.geometry))
    if frame.empty:
        raise OptionError(
            f"the inset {cut.box} holds no land of the geometry; boxes are minx, miny, maxx, maxy, "
            f"{'here in degrees' if cut.degrees else 'here in the unit of ' + str(checked.crs.name)}."
        )
    if cut.box is None:
        return _laid(frame, regions, suitable_crs(frame), groups, "")
    longest = max(cut.box[2] - cut.box[0], cut.box[3] - cut.box[1])
    edge = shapely.segmentize(shapely.box(*cut.box), longest / 50)
    shown = gpd.GeoDataFrame(geometry=[edge], crs=4326 if cut.degrees else checked.crs)
    target = suitable_crs(shown)
    return replace(_laid(frame, regions, target, groups, ""), extent=tuple(shown.to_crs(target).total_bounds))


def _checked(geometry: Any, regions: pd.Index, *, points: bool) -> gpd.GeoDataFrame:
    if isinstance(geometry, gpd.GeoSeries):
        geometry = gpd.GeoDataFrame(geometry=geometry)
    if not isinstance(geometry, gpd.GeoDataFrame):
        raise GeometryError(
            f"geometry must be a GeoDataFrame indexed by region; got {type(geometry).__name__}. "
            "Read the file by geopandas.read_file(…).set_index(<column of the regions>)."
        )
    if geometry.crs is None:
        raise GeometryError(
            f"the geometry of {len(geometry):,} regions has no CRS, so it cannot be projected. Say which it is by "
            "gdf.set_crs(…), for longitude and latitude gdf.set_crs(4326)."
        )
    if isinstance(geometry.index, pd.MultiIndex):
        raise GeometryError(
            f"the geometry has labels of {geometry.index.nlevels} levels; give each region one, the panel's."
        )
    _check_labels(geometry, regions)
    warn_of_row_numbers(geometry, stacklevel=5)
    used = geometry.index.isin(regions)
    shapes = geometry.geometry
    empty = np.asarray((shapes.isna() | shapes.is_empty) & used)
    if empty.any():
        raise GeometryError(
            f"the geometry is empty for regions {first(list(geometry.index[empty]))}; nothing can be drawn there. "
            "Complete the file, or leave these regions out by panel.subset()."
        )
    if geometry.crs.is_geographic:
        box = shapes.bounds.abs()
        _refuse_wrong_crs(
            np.asarray((box[["minx", "maxx"]] > 360).any(axis=1) | (box[["miny", "maxy"]] > 90.001).any(axis=1)),
            geometry,
        )
    areal = np.asarray(shapes.geom_type.isin(["Polygon", "MultiPolygon"]))
    if not points and not areal[used].all():
        wrong = geometry.index[used & ~areal]
        raise GeometryError(
            f"a map of regions needs polygons; {shapes[wrong].geom_type.iloc[0]} in regions {first(list(wrong))}."
        )
    return geometry[used | (areal & ~np.asarray(shapes.isna() | shapes.is_empty))]


def _refuse_wrong_crs(bad: Any, geometry: gpd.GeoDataFrame) -> None:
    if bad.any():
        raise GeometryError(
            f"the coordinates of regions {first(list(geometry.index[bad]))} do not fit the CRS {geometry.crs.name}, so "
            "that they cannot be projected. Correct it by gdf.set_crs(…, allow_override=True)."
        )


def _check_labels(geometry: gpd.GeoDataFrame, regions: pd.Index) -> None:
    twice = geometry.index[geometry.index.duplicated() & geometry.index.isin(regions)]
    if len(twice):
        raise AlignmentError(
            f"the geometry has more than one row for regions {first(list(twice.unique()))}. Unite their parts by "
            "gdf.dissolve(by=…)."
        )
    missing = [region for region in regions if region not in geometry.index]
    if not missing:
        return
    written = {str(label) for label in geometry.index}
    hint = " They are there as another type (text or number); " if str(missing[0]) in written else " "
    raise AlignmentError(
        f"the geometry has no regions {first(missing)} of the {len(regions)} in the result; it has "
        f"{first(list(geometry.index))}.{hint}index it by the labels of the panel: gdf.set_index(…)."
        f"{matching.hint(regions, geometry.index)}"
    )


def _target(frame: gpd.GeoDataFrame, projected: Any) -> CRS:
    """Return the CRS to draw in: the one asked for, the frame's own if it is fit, else one that suits."""
    if isinstance(projected, str) and projected == "auto":
        crs = CRS(frame.crs)
        # Web Mercator is projected, but it stretches areas and lengths; no scale bar would be true.
        return crs if crs.is_projected and crs.to_epsg() != 3857 else suitable_crs(frame)
    try:
        crs = CRS(projected)
    except CRSError as error:
        raise OptionError(
            f"projected must be 'auto' or a CRS such as 'EPSG:32651'; got {projected!r}, which pyproj does not know."
        ) from error
    if not crs.is_projected:
        raise OptionError(
            f"projected must be a CRS in metres; {crs.name} has degrees. Use projected='auto' or for example "
            "'EPSG:32651'."
        )
    return crs


def suitable_crs(frame: gpd.GeoDataFrame) -> CRS:
    """Return a metric CRS for an extent: UTM for a region, an equal-area projection for a country or more."""
    degrees = frame.geometry.to_crs(4326)
    left, bottom, right, top = degrees.total_bounds
    if right - left > 180:
        left, right = _around_the_date_line(degrees)
    lon, lat = (left + right) / 2, (bottom + top) / 2
    if right - left <= 7 and top - bottom <= 12 and bottom >= -78 and top <= 82:
        zone = int((lon + 180) // 6 % 60) + 1
        return CRS.from_epsg((32600 if lat >= 0 else 32700) + zone)
    if right - left > 120:
        return CRS(f"+proj=eqearth +lon_0={lon:.1f} +datum=WGS84 +units=m")
    wide = (right - left) * np.cos(np.radians(lat)) > top - bottom
    if wide and bottom * top > 0 and abs(lat) < 70:
        low, high = bottom + (top - bottom) / 6, top - (top - bottom) / 6
        return CRS(
            f"+proj=aea +lat_1={low:.1f} +lat_2={high:.1f} +lat_0={lat:.1f} +lon_0={lon:.1f} +datum=WGS84 +units=m"
        )
    return CRS(f"+proj=laea +lat_0={lat:.1f} +lon_0={lon:.1f} +datum=WGS84 +units=m")


def _around_the_date_line(degrees: gpd.GeoSeries) -> tuple[float, float]:
    """Return west and east of an extent that may cross 180 degrees: all but the widest empty gap."""
    bounds = degrees[~degrees.is_empty].explode().bounds.sort_values("minx")
    east = bounds["maxx"].cummax().to_numpy()
    gaps = np.append(bounds["minx"].to_numpy()[1:], bounds["minx"].iloc[0] + 360) - east
    widest = int(gaps.argmax())
    west = bounds["minx"].iloc[(widest + 1) % len(bounds)]
    return float(west), float(west + 360 - gaps[widest])
