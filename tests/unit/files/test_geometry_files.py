"""Geometry files: formats that are meant come back as written; nothing else is opened, and damage is said in words."""

from __future__ import annotations

import json
import os
import sqlite3
import zipfile
from contextlib import closing

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import box

from spatialconv._files.geometry import read_geometry_file
from spatialconv.errors import FileError, GeometryError, SpatialConvError

VIRTUAL = (
    '<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>{source}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
)


@pytest.fixture
def frame():
    return gpd.GeoDataFrame(
        {"name": ["Ä", "b", "c"], "value": [1.5, -2.0, 3.0]}, geometry=[box(i, 0, i + 1, 2) for i in range(3)], crs=4326
    )


def written(frame, path):
    """Write by geopandas, which is the witness here; a zipped shapefile with a folder inside, as people send them."""
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix == ".zip":
        frame.to_file(path.with_suffix(".shp"), encoding="utf-8")
        with zipfile.ZipFile(path, "w") as archive:
            for part in path.parent.glob("g.*"):
                if part != path:
                    archive.write(part, f"inner/{part.name}")
            archive.writestr("__MACOSX/inner/._g.shp", b"noise")
    else:
        frame.to_file(path)
    return path


@pytest.mark.parametrize("ending", [".shp", ".zip", ".gpkg", ".geojson", ".fgb", ".parquet"])
def test_what_is_meant_comes_back_whole(tmp_path, frame, ending):
    if ending == ".parquet":
        pytest.importorskip("pyarrow")
    found = read_geometry_file(written(frame, tmp_path / f"g{ending}"))
    found = found.sort_values("name", key=lambda s: s.map({"Ä": 0, "b": 1, "c": 2})).reset_index(drop=True)
    assert found["name"].tolist() == frame["name"].tolist()
    np.testing.assert_array_equal(found["value"], frame["value"])
    assert found.geometry.geom_equals(frame.geometry).all()
    assert found.crs == frame.crs


def test_ids_and_reference_system_of_old_geojson(tmp_path, frame):
    path = tmp_path / "g.json"
    collection = json.loads(frame.to_crs(3857).to_json())
    collection["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}
    path.write_text(json.dumps(collection))
    found = read_geometry_file(path)
    assert found.crs.to_epsg() == 3857
    assert found["id"].tolist() == ["0", "1", "2"]
    np.testing.assert_allclose(found.total_bounds, frame.to_crs(3857).total_bounds, rtol=1e-12)


@pytest.mark.parametrize("name", ["cities.shp", "cities.geojson", "cities.json", "cities.gpkg", "cities.fgb", "c.vrt"])
def test_a_virtual_file_opens_nothing(tmp_path, frame, name, monkeypatch):
    """A virtual file under an honest name made GDAL read whatever it pointed to."""
    secret = tmp_path / "secret.geojson"
    frame.to_file(secret)
    for source in (str(secret), "/vsicurl/http://127.0.0.1:9/x.geojson"):
        (tmp_path / name).write_text(VIRTUAL.format(source=source))
        monkeypatch.setattr(gpd, "read_file", lambda *_, **__: pytest.fail("GDAL was asked"))
        with pytest.raises(FileError) as error:
            read_geometry_file(tmp_path / name)
        assert "secret" not in str(error.value)


@pytest.mark.parametrize("path", ["/vsicurl/http://127.0.0.1:9/x.shp", "http://127.0.0.1:9/x.geojson", "zip://a!b.shp"])
def test_addresses_are_no_files(path):
    with pytest.raises(FileError, match="there is no geometry file"):
        read_geometry_file(path)


def test_folders(tmp_path):
    with pytest.raises(FileError, match="a folder"):
        read_geometry_file(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_pipes_and_devices(tmp_path):
    os.mkfifo(tmp_path / "pipe.geojson")
    with pytest.raises(FileError, match="a device or a pipe"):
        read_geometry_file(tmp_path / "pipe.geojson")


def test_a_database_that_stands_for_other_files(tmp_path, frame):
    path = written(frame, tmp_path / "g.gpkg")
    read_geometry_file(path)
    with closing(sqlite3.connect(path)) as held, held:
        held.execute("PRAGMA writable_schema=ON")
        held.execute(
            "INSERT INTO sqlite_master VALUES ('table', 'far', 'far', 0, "
            "'CREATE VIRTUAL TABLE far USING \"VirtualOGR\"(''/etc/hostname'')')"
        )
    with pytest.raises(FileError, match="tables that stand for other files: 'far'"):
        read_geometry_file(path)
    other = tmp_path / "other.gpkg"
    with closing(sqlite3.connect(other)) as held, held:
        held.execute("CREATE TABLE t (a)")
    with pytest.raises(FileError, match="not a GeoPackage"):
        read_geometry_file(other)


def test_an_archive_that_climbs_out_or_holds_two(tmp_path, frame):
    frame.to_file(tmp_path / "g.geojson")
    text = (tmp_path / "g.geojson").read_text()
    with zipfile.ZipFile(tmp_path / "climb.zip", "w") as archive:
        archive.writestr("../../climbed.geojson", text)
    assert len(read_geometry_file(tmp_path / "climb.zip")) == 3
    assert not (tmp_path.parent / "climbed.geojson").exists()
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.geojson", text)
        archive.writestr("b.geojson", text)
    with pytest.raises(FileError, match=r"must hold one geometry; it holds 2: 'a.geojson', 'b.geojson'"):
        read_geometry_file(tmp_path / "two.zip")
    assert len(read_geometry_file(tmp_path / "two.zip", layer="b")) == 3


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("", FileError, "no GeoJSON"),
        ("[" * 100_000, FileError, "nested too deeply"),
        ('{"type": "Topology"}', FileError, "its type is 'Topology'"),
        ('{"type": "FeatureCollection", "features": 3}', FileError, "must be a list"),
        ('{"type": "FeatureCollection", "features": []}', SpatialConvError, "g.geojson"),
        ('{"type": "Feature", "properties": {"a": 1}, "geometry": null}', GeometryError, "holds no geometry"),
        (
            '{"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [[[0, "x"]]]}}',
            FileError,
            "cannot be read",
        ),
        (
            '{"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [0, 0]},'
            ' "crs": {"properties": {"name": "+init=/etc/passwd:root"}}}',
            FileError,
            "names no reference system",
        ),
    ],
)
def test_geojson_that_is_none(tmp_path, text, error, words):
    path = tmp_path / "g.geojson"
    path.write_text(text)
    with pytest.raises(error, match=words):
        read_geometry_file(path)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # GDAL's remarks on rings that do not close
@pytest.mark.parametrize("ending", [".geojson", ".shp", ".gpkg", ".fgb", ".zip"])
def test_damaged_files_are_ours_to_explain(tmp_path, frame, ending):
    """Bytes changed at random: it is read, or one of our errors says why not."""
    path = written(frame, tmp_path / f"g{ending}")
    whole, rng = path.read_bytes(), np.random.default_rng(7)
    outcomes = []
    for _ in range(40):
        bad = bytearray(whole)
        for at in rng.integers(len(bad), size=int(rng.integers(1, 12))):
            bad[at] = int(rng.integers(256))
        path.write_bytes(bytes(bad[: int(rng.integers(1, len(bad) + 1))] if rng.random() < 0.3 else bad))
        try:
            read_geometry_file(path)
            outcomes.append("read")
        except SpatialConvError:
            outcomes.append("refused")
    # A shapefile is fixed records: most of its bytes are coordinates, which stay coordinates.
    assert "refused" in outcomes or ending == ".shp"
    assert len(outcomes) == 40
