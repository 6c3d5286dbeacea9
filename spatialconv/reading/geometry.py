"""Polygons from a file or a frame, indexed by the labels of regions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from spatialconv._files.geometry import REMARKS, read_geometry_file
from spatialconv._files.table import as_text
from spatialconv._labels.rules import rule_of
from spatialconv._options import first, flag
from spatialconv.errors import GeometryError, OptionError, VariableError
from spatialconv.reading.relabel import relabel
from spatialconv.reading.shapes import tidied


@dataclass(frozen=True)
class GeometryOptions:
    """How to read polygons: see `spatialconv.read`."""

    id: str = ""
    encoding: str = ""
    layer: str = ""
    crs: str = ""
    lon: str = ""
    lat: str = ""
    relabel: str = ""
    repair: bool = False

    def __post_init__(self) -> None:
        flag("repair", self.repair)
        if self.relabel:
            rule_of(self.relabel)


class Door(NamedTuple):
    """Where its user says what a geometry does not, in the words of the door: of `read`, or of a study."""

    encoding: str
    crs: str


CALL = Door('by encoding={"geometry": "gbk"}, for example', 'by crs="EPSG:4326", for example')
CASE = Door('in [geometry], for example encoding = "gbk"', 'in [geometry], for example crs = "EPSG:4326"')


def read_polygons(
    source: Any, options: GeometryOptions, *, there: str = "Check the name and the folder.", door: Door = CALL
) -> tuple[Any, tuple[str, ...]]:
    """Return a GeoDataFrame indexed by label, which may have rows of other regions too, and notes.

    Raises
    ------
    FileError, GeometryError, VariableError, OptionError
        If it is no geometry, names no reference system or has no such column.
    """
    import geopandas as gpd

    notes: tuple[str, ...] = ()
    if isinstance(source, gpd.GeoDataFrame):
        frame, name = source.copy(), "the geometry"
        if options.id and options.id not in frame.columns and options.id in frame.index.names:
            frame = frame.reset_index()
    else:
        name = Path(source).name if isinstance(source, (str, Path)) else "the geometry"
        if not options.id:
            raise OptionError(f"say id=, the column of {name} that has the labels of the regions.")
        frame = read_geometry_file(source, encoding=options.encoding, layer=options.layer, there=there)
        notes += tuple(f"{name}: GDAL says: {said}" for said in frame.attrs.pop(REMARKS, [])[:5])
    for key in ("id", "lon", "lat"):
        column = getattr(options, key)
        if column and (column not in frame.columns or column == frame.geometry.name):
            known = [one for one in frame.columns if one != frame.geometry.name]
            raise VariableError(
                f"{name} has no column {column!r} for {key}; it has {first(known, 8)}. If these names look "
                f"garbled, say the encoding {door.encoding}."
            )
    if options.crs:
        frame = _with_crs(frame, options.crs)
    if frame.crs is None:
        raise GeometryError(
            f"{name} names no coordinate reference system. Say which it is {door.crs}, for longitude and latitude."
        )
    if options.id:
        frame[options.id] = as_text(frame[options.id])
        frame = frame.set_index(options.id)
    unlabelled = int(frame.index.isna().sum())
    if unlabelled:
        frame = frame[~frame.index.isna()]
        notes += (f"{name}: {unlabelled} rows without a label; left out",)
    if options.relabel:
        frame = relabel(frame, options.relabel)
    frame, more = tidied(frame, name, repair=options.repair)
    return frame, (*notes, *more)


def _with_crs(frame: Any, crs: str) -> Any:
    from pyproj.exceptions import CRSError

    if not isinstance(crs, str):
        raise OptionError(f'crs must be text such as "EPSG:4326"; got {crs!r}.')
    # PROJ would open the file that such a text names; a description of a study may be anybody's.
    if crs.lstrip().startswith("+") and ("init=" in crs or "grids=" in crs):
        raise OptionError(f'crs = {crs!r} names a file of PROJ\'s. Write for example "EPSG:4326".')
    try:
        return frame.set_crs(crs, allow_override=True)
    except CRSError as error:
        raise OptionError(
            f'crs = {crs!r} names no reference system that PROJ knows. Write for example "EPSG:4326".'
        ) from error
