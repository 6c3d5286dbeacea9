"""Geometry files: each format known by its first bytes, so that no other driver of GDAL is ever asked.

GDAL goes by content and not by the ending. A virtual file (.vrt) that is named cities.shp or cities.geojson makes it
fetch an address or open any other file; so the bytes are looked at before GDAL sees the name, GeoJSON is read without
GDAL, and archives are unpacked here.
"""

from __future__ import annotations

import json
import re
import sqlite3
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spatialconv._extras import extra
from spatialconv._files.regular import MEGABYTE, regular_file
from spatialconv._files.typed import read_whole
from spatialconv._options import first
from spatialconv.errors import FileError, GeometryError, MissingExtraError

AT_MOST = 2000 * MEGABYTE
REMARKS = "remarks"  # key of the attrs of a frame under which stands what GDAL said while it read
_SHAPEFILE = b"\x00\x00\x27\x0a"
_FLATGEOBUF = b"fgb\x03fgb"
_SQLITE = b"SQLite format 3\x00"
_PARQUET = b"PAR1"
# Where a GeoPackage says that it is one, and not any database that SQLite opens.
_GEOPACKAGE = (b"GPKG", b"GP10", b"GP11", b"GP12")
_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg", ".qix", ".gpkg", ".geojson", ".json", ".fgb")
_TABLES = (".csv", ".tsv", ".txt", ".xlsx", ".dta")
_MODULES = ("rtree", "fts3", "fts4", "fts5")  # virtual tables that keep to their own file


def read_geometry_file(
    path: Any, *, encoding: str | None = None, layer: str | None = None, there: str = "Check the name and the folder."
) -> Any:
    """Read the geometry in a .shp, .zip, .gpkg, .geojson, .json, .fgb or .parquet file as a GeoDataFrame.

    Raises
    ------
    FileError
        If it is no regular file of at most 2,000 MB, or not what its ending says.
    GeometryError
        If it holds no geometry.
    """
    import geopandas as gpd

    file = regular_file(path, "geometry", AT_MOST, there)
    ending = file.suffix.lower()
    reader = _READERS.get(ending)
    if reader is None:
        if ending in _TABLES:
            raise GeometryError(f"{file.name} holds no geometry, only columns; files may end in {', '.join(_READERS)}.")
        raise FileError(f"{file.name} is no geometry that is read here; files may end in {', '.join(_READERS)}.")
    try:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            frame = reader(file, encoding, layer)
            empty = not isinstance(frame, gpd.GeoDataFrame) or frame.geometry.isna().all()
    except (FileError, GeometryError, MissingExtraError):
        raise
    except RecursionError as error:
        raise FileError(f"{file.name} cannot be read: it is nested too deeply for a geometry.") from error
    # A damaged file raises whatever the library below happens to trip over: there is no list of it.
    except Exception as error:
        raise FileError(f"{file.name} cannot be read: {_first_line(error)}.") from error
    if empty:
        columns = [str(name) for name in frame.columns if name != "geometry"]
        raise GeometryError(f"{file.name} holds no geometry, only {first(columns, 8) if columns else 'nothing'}.")
    # GDAL's remarks, on rings that do not close for example, go with the data and not to whoever listens.
    if heard:
        frame.attrs[REMARKS] = list(dict.fromkeys(" ".join(str(one.message).split())[:200] for one in heard))
    return frame


def _first_line(error: Exception) -> str:
    words = str(error).strip().splitlines()
    return words[0].rstrip(".")[:300] if words else type(error).__name__


def _starts_with(file: Path, *magics: bytes) -> bool:
    with file.open("rb") as held:
        head = held.read(16)
    return any(head.startswith(magic) for magic in magics)


def _no(file: Path, what: str) -> FileError:
    return FileError(f"{file.name} cannot be read: it is not {what}, by its first bytes. Export it again.")


def _by_gdal(file: Path, encoding: str | None, layer: str | None) -> Any:
    import geopandas as gpd

    options = {name: value for name, value in (("encoding", encoding), ("layer", layer)) if value}
    return gpd.read_file(file, engine="pyogrio", **options)


def _shapefile(file: Path, encoding: str | None, layer: str | None) -> Any:
    if not _starts_with(file, _SHAPEFILE):
        raise _no(file, "a shapefile")
    return _by_gdal(file, encoding, layer)


def _flatgeobuf(file: Path, encoding: str | None, layer: str | None) -> Any:
    if not _starts_with(file, _FLATGEOBUF):
        raise _no(file, "a FlatGeobuf file")
    return _by_gdal(file, encoding, layer)


def _geopackage(file: Path, encoding: str | None, layer: str | None) -> Any:
    with file.open("rb") as held:
        head = held.read(72)
    if not head.startswith(_SQLITE) or head[68:72] not in _GEOPACKAGE:
        raise _no(file, "a GeoPackage")
    database = sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        virtual = database.execute("SELECT name, sql FROM sqlite_master WHERE sql LIKE '%virtual%'").fetchall()
    finally:
        database.close()
    # A virtual table of another module (VirtualOGR, VirtualText) opens other files, or an address.
    odd = [name for name, sql in virtual if not any(f"using {module}" in _folded(sql) for module in _MODULES)]
    odd = [name for name in odd if "create virtual" in _folded(dict(virtual)[name])]
    if odd:
        raise FileError(f"{file.name} has tables that stand for other files: {first(odd)}. Export the layer alone.")
    return _by_gdal(file, encoding, layer)


def _folded(sql: str) -> str:
    return " ".join(str(sql).lower().replace('"', " ").split())


def _geojson(file: Path, encoding: str | None, _: str | None) -> Any:
    import geopandas as gpd

    try:
        held = json.loads(file.read_text(encoding=encoding or "utf-8-sig"))
    except (UnicodeDecodeError, LookupError) as error:
        raise FileError(f"{file.name} is not text in {encoding or 'UTF-8'}. Say its encoding.") from error
    except ValueError as error:
        raise FileError(f"{file.name} is no GeoJSON: {_first_line(error)}.") from error
    kind = held.get("type") if isinstance(held, dict) else None
    if kind not in ("FeatureCollection", "Feature"):
        raise FileError(f"{file.name} is no GeoJSON of features: its type is {kind!r}.")
    features = held.get("features") if kind == "FeatureCollection" else [held]
    if not isinstance(features, list) or not all(isinstance(f, dict) and f.get("type") == "Feature" for f in features):
        raise FileError(f"{file.name} is no GeoJSON of features: 'features' must be a list of them.")
    frame = gpd.GeoDataFrame.from_features(features, crs=_crs_of(held))
    if "id" not in frame.columns and any("id" in f for f in features):
        frame["id"] = [f.get("id") for f in features]
    return frame


def _crs_of(held: dict[str, Any]) -> str:
    # RFC 7946 knows longitude and latitude only; the member "crs" is of the standard before it, and still written.
    named = held.get("crs")
    if named is None:
        return "EPSG:4326"
    name = named.get("properties", {}).get("name") if isinstance(named, dict) else None
    # A name and nothing more: PROJ strings may point to files.
    if not isinstance(name, str) or not re.fullmatch(r"(urn:ogc:def:crs:)?[A-Za-z]{2,8}:[\w.:]{0,12}:?\w{1,12}", name):
        raise FileError(f"the member crs of a GeoJSON file names no reference system: {str(named)[:80]!r}.")
    # Longitude first either way here; GDAL says 4326 too.
    return "EPSG:4326" if name.upper().endswith("CRS84") else name


def _parquet(file: Path, _: str | None, __: str | None) -> Any:
    import geopandas as gpd

    with file.open("rb") as held:
        head = held.read(4)
        held.seek(-4, 2) if file.stat().st_size >= 12 else None
        tail = held.read(4)
    if head != _PARQUET or tail != _PARQUET:
        raise _no(file, "a parquet file")
    with extra("pyarrow", file.name):
        read_whole(file)  # what is damaged inside would otherwise end the process
        return gpd.read_parquet(file)


def _zipped(file: Path, encoding: str | None, layer: str | None) -> Any:
    with zipfile.ZipFile(file) as archive, tempfile.TemporaryDirectory() as folder:
        members = [m for m in archive.infolist() if not m.is_dir() and Path(m.filename).suffix.lower() in _PARTS]
        members = [m for m in members if not Path(m.filename).name.startswith("._")]  # macOS writes these beside
        total = sum(m.file_size for m in members)
        if total > AT_MOST:
            raise FileError(f"{file.name} unpacks to {total / MEGABYTE:,.0f} MB; {AT_MOST / MEGABYTE:,.0f} MB may be.")
        main = [m for m in members if Path(m.filename).suffix.lower() in (".shp", ".gpkg", ".geojson", ".json", ".fgb")]
        if layer and len(main) > 1:
            main = [m for m in main if Path(m.filename).stem == layer] or main
        if len(main) != 1:
            names = [m.filename for m in main]
            found = first(names) if names else "none"
            raise FileError(f"{file.name} must hold one geometry; it holds {found}. Name the one meant as layer.")
        stem = Path(main[0].filename).with_suffix("")
        for member in members:
            if Path(member.filename).with_suffix("") == stem:
                # Under a name of our own: that of an archive may climb out of the folder.
                target = Path(folder) / f"{stem.name}{Path(member.filename).suffix.lower()}"
                target.write_bytes(archive.read(member))
        inner = Path(folder) / f"{stem.name}{Path(main[0].filename).suffix.lower()}"
        return _READERS[inner.suffix](inner, encoding, None if inner.suffix == ".shp" else layer)


_READERS: dict[str, Callable[[Path, str | None, str | None], Any]] = {
    ".shp": _shapefile,
    ".zip": _zipped,
    ".gpkg": _geopackage,
    ".geojson": _geojson,
    ".json": _geojson,
    ".fgb": _flatgeobuf,
    ".parquet": _parquet,
    ".geoparquet": _parquet,
}
