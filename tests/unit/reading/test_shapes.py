"""Shapes that are not flat, not valid or of several kinds: what is made of them is said, and has the right area."""

from __future__ import annotations

import zipfile

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.geometry import GeometryCollection, LineString, MultiPoint, MultiPolygon, Point, Polygon, box

import spatialconv as sc
from spatialconv.errors import FileError, GeometryError, OptionError, SpatialConvError
from tests.unit.reading.test_together import IDS, panel, read, squares

BOW = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])  # two triangles of 25
SPIKE = Polygon([(0, 0), (10, 0), (10, 10), (5, 10), (5, 30), (5, 10), (0, 10)])


def written(frame, path):
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix == ".zip":
        frame.to_file(path.with_suffix(".shp"))
        with zipfile.ZipFile(path, "w") as archive:
            for part in path.parent.glob(f"{path.stem}.*"):
                if part != path:
                    archive.write(part, part.name)
    else:
        frame.to_file(path)
    return path


def shape(one, label="r00", crs=32651):
    return gpd.GeoDataFrame({"id": [label]}, geometry=[one], crs=crs)


def only(one, **options):
    found = read(panel(["r00"]), geometry=shape(one), id="id", **options)
    return found.geometry.geometry.iloc[0], found.notes


@pytest.mark.parametrize(("one", "area"), [(BOW, 50.0), (SPIKE, 100.0)])
def test_repair_says_what_and_how_many_and_gives_the_area_that_is_there(one, area):
    made, notes = only(one, repair=True)
    assert made.is_valid
    assert made.area == pytest.approx(area, rel=1e-12)
    assert made.geom_type in ("Polygon", "MultiPolygon")
    assert any("repaired by shapely.make_valid(method='structure'): 'r00' of 1; area changed by" in n for n in notes)
    left, notes = only(one)
    assert not left.is_valid
    assert not any("repaired" in n for n in notes)
    whole, notes = only(box(0, 0, 10, 10), repair=True)
    assert whole.equals(box(0, 0, 10, 10))
    assert not any("repaired" in n for n in notes)


def test_nothing_left_is_refused():
    with pytest.raises(GeometryError, match="repair leaves nothing of the region: 'r00'"):
        only(Polygon([(0, 0), (10, 0), (5, 0)]), repair=True)
    with pytest.raises(OptionError, match="repair must be True or False"):
        only(BOW, repair="yes")


def test_contiguity_after_repair_is_that_of_the_squares():
    """Situation 7: a spike on one square; the links are those of the squares without it."""
    clean = squares(IDS)
    bad = clean.copy()
    x, y = 3e5, 3e6
    spike = Polygon([(x, y), (x + 1e4, y), (x + 1e4, y + 1e4), (x + 5e3, y + 1e4), (x + 5e3, y + 1.5e4),
                     (x + 5e3, y + 1e4), (x, y + 1e4)])  # fmt: skip
    bad.loc[0, "geometry"] = spike
    with pytest.raises(GeometryError, match=r"sc.read\(…, repair=True\), repair = true in a case's \[geometry\]"):
        sc.weights.adjacency(read(panel(IDS), geometry=bad, id="id").geometry)
    for rule in ("rook", "queen"):
        w = sc.weights.adjacency(read(panel(IDS), geometry=bad, id="id", repair=True).geometry, rule=rule)
        wanted = sc.weights.adjacency(clean.set_index("id"), rule=rule)
        assert w.adjacency.to_dict() == wanted.adjacency.to_dict()


@pytest.mark.parametrize("ending", [".shp", ".zip", ".gpkg", ".geojson", ".parquet", ".fgb"])
def test_heights_are_dropped_in_words_and_nothing_else_changes(tmp_path, ending):
    flat = squares(IDS[:4], crs=32651).to_crs(4326) if ending == ".geojson" else squares(IDS[:4])
    high = flat.set_geometry(shapely.force_3d(flat.geometry.to_numpy(), z=7.5), crs=flat.crs)
    found = read(panel(IDS[:4]), geometry=written(high, tmp_path / f"g{ending}"), id="id")
    assert any(f"g{ending}: heights (Z) of 4 of 4 shapes dropped" in note for note in found.notes)
    assert not found.geometry.has_z.any()
    assert found.geometry.geometry.geom_equals(flat.set_index("id").geometry).all()
    assert found.geometry.crs == flat.crs
    plain = read(panel(IDS[:4]), geometry=written(flat, tmp_path / f"f{ending}"), id="id")
    assert not any("dropped" in note for note in plain.notes)


@pytest.mark.skipif(shapely.geos_version < (3, 12, 0), reason="GEOS has no measures before 3.12")
def test_measures_are_dropped_in_words():
    one = shapely.from_wkt("POLYGON M ((0 0 1, 1 0 2, 1 1 3, 0 0 1))")
    made, notes = only(one)
    assert not shapely.has_m(made)
    assert any("measures (M) of 1 of 1 shapes dropped" in n for n in notes)


@pytest.mark.parametrize(
    ("one", "made"),
    [
        (GeometryCollection([box(0, 0, 1, 1), LineString([(0, 0), (5, 5)])]), box(0, 0, 1, 1)),
        (
            GeometryCollection([GeometryCollection([box(0, 0, 1, 1), Point(9, 9)]), MultiPolygon([box(2, 2, 3, 3)])]),
            MultiPolygon([box(0, 0, 1, 1), box(2, 2, 3, 3)]),
        ),
        (GeometryCollection([Point(1, 2), LineString([(0, 0), (5, 5)])]), Point(1, 2)),
        (GeometryCollection([Point(1, 2), Point(3, 4)]), MultiPoint([(1, 2), (3, 4)])),
    ],
)
def test_areas_are_taken_out_of_collections(one, made):
    found, notes = only(one)
    assert found.equals(made)
    assert any("taken out of collections: 'r00'; lines left out" in n for n in notes)


@pytest.mark.parametrize("crs", ["+init=/etc/hostname:x", " +init=epsg:4326", "+proj=longlat +nadgrids=/etc/hostname"])
def test_a_reference_system_opens_no_file(crs):
    with pytest.raises(OptionError, match=r"names a file of PROJ's"):
        only(box(0, 0, 1, 1), crs=crs)


def test_a_collection_of_lines_is_refused():
    with pytest.raises(GeometryError, match="a collection of lines bounds no region: 'r00'"):
        only(GeometryCollection([LineString([(0, 0), (5, 5)])]))


def test_the_keys_of_a_case(tmp_path):
    sc.study.example(tmp_path)
    path = tmp_path / "case.toml"
    text = path.read_text(encoding="utf-8")
    assert not sc.study.load(path).geometry.repair
    path.write_text(text.replace("# repair = true", "repair = true"), encoding="utf-8")
    assert sc.study.load(path).geometry.repair
    path.write_text(text.replace("# repair = true", 'repair = "yes"'), encoding="utf-8")
    with pytest.raises(OptionError, match="repair must be true or false; got 'yes'"):
        sc.study.load(path)


def test_geoparquet_damaged_at_random(tmp_path):
    """Offsets inside of a damaged file once ended the process; and GDAL's own parquet driver is never asked."""
    path = written(squares(IDS), tmp_path / "g.parquet")
    whole, rng, seen = path.read_bytes(), np.random.default_rng(5), set()
    for k in range(60):
        bad = bytearray(whole)
        for at in rng.integers(len(bad), size=int(rng.integers(1, 12))):
            bad[at] = int(rng.integers(256))
        path.write_bytes(bytes(bad[: int(rng.integers(0, len(bad)))] if k % 3 == 0 else bad))
        try:
            read(panel(IDS), geometry=path, id="id", intersect=True)
            seen.add("read")
        except SpatialConvError:
            seen.add("refused")
    assert seen == {"read", "refused"} or seen == {"refused"}
    path.write_bytes(b"PAR1" + b"x" * 50 + b"PAR1")
    with pytest.raises(FileError, match=r"g.parquet cannot be read"):
        read(panel(IDS), geometry=path, id="id")


def test_what_a_geometry_does_not_say_is_asked_for_in_words_of_the_call(tmp_path):
    squares(IDS[:4]).to_file(tmp_path / "g.shp")
    (tmp_path / "g.prj").unlink()
    with pytest.raises(
        GeometryError, match=r'names no coordinate reference system. Say which it is by crs="EPSG:4326"'
    ):
        read(panel(IDS[:4]), geometry=tmp_path / "g.shp", id="id")
    assert read(panel(IDS[:4]), geometry=tmp_path / "g.shp", id="id", crs="EPSG:32651").geometry.crs == 32651


def test_names_of_a_dbf_in_gbk(tmp_path):
    """As files from China have them: neither a .cpg nor a code page that says so."""
    frame = squares(IDS[:3]).assign(id=["\u676d\u5dde", "\u5b81\u6ce2", "\u6e29\u5dde"])
    frame.to_file(tmp_path / "g.shp", encoding="gbk")
    (tmp_path / "g.cpg").unlink()
    dbf = bytearray((tmp_path / "g.dbf").read_bytes())
    dbf[29] = 0  # the code page of the table
    (tmp_path / "g.dbf").write_bytes(bytes(dbf))
    found = read(panel(list(frame["id"])), geometry=tmp_path / "g.shp", id="id", encoding={"geometry": "gbk"})
    assert list(found.geometry.index) == list(frame["id"])
    with pytest.raises(OptionError, match=r"encoding is one text, or texts by source \(panel, geometry\)"):
        read(panel(IDS[:3]), encoding={"map": "gbk"})
