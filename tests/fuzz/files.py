"""Panels, geometries and weights in files: right ones of every format, and then cells, bytes and options turned."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import io as scipy_io
from scipy import sparse
from shapely.geometry import GeometryCollection, LineString, Point, Polygon, box

import spatialconv as sc
from tests.fuzz.kinds import Kind

LABELS = [
    "NA",
    "DE",
    "Zürich",
    "None",
    "06001",
    "6001",
    "r05 ",
    "杭州",
    "=1+1",
    "\u00a0x",
    "a,b",
    'q"q',
    "São Tomé",
    "nan",
]
CELLS = [
    ".", "", "NA", "1,234", "1.234", "1.234,5", "1 234", "-", "\u2212" "5", "1e400", "inf", "nan", "x", "01", "1_000",
    "\t", "#N/A", "9" * 400, "=1", True, None, 10**40, 1e308, -0.0, "\x0b", "2010-01-01", "1;2", '"', "'", "\u0661",
]  # fmt: skip
TOKENS = [
    b"", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\n", b"\r", b",", b";", b"\t", b'"', b"'", b"nan", b"1e999", b"-1",
    b"--",
    b"9" * 400, b"<", b">", b"&x;", b"PK\x03\x04", b"[" * 50, b"{}", b"null", b"\xb0", b" ", b"=", b"%%", b"\x7f" * 8,
]  # fmt: skip
ODD: list[Any] = ["", "x", 3, None, -1, True, [], {}, "\x00", "utf-16", "gbk", ";", ",", ".", "NA", 2001, "2001", 1e300]
Option = Callable[[random.Random], Any]


def turned(path: Path, draw: random.Random) -> None:
    """Turn a file over; one in three stays whole."""
    if draw.random() < 1 / 3:
        return
    path.write_bytes(turned_bytes(path.read_bytes(), draw))


def turned_bytes(whole: bytes, draw: random.Random) -> bytes:
    """Return bytes with one to six places changed, some of them cut off."""
    held = bytearray(whole)
    for _ in range(draw.randint(1, 6)):
        at = draw.randrange(len(held) + 1)
        if draw.random() < 0.5 and at < len(held):
            held[at] = draw.randrange(256)
        else:
            held[at : at + draw.randint(0, 6)] = draw.choice(TOKENS)
    if draw.random() < 0.2:
        del held[draw.randrange(len(held) + 1) :]
    return bytes(held)


def some(draw: random.Random, options: dict[str, Option], odd: float = 0.05) -> dict[str, Any]:
    """Draw a few options, now and then a value that is none."""
    names = draw.sample(sorted(options), draw.randint(0, min(3, len(options))))
    return {name: draw.choice(ODD) if draw.random() < odd else options[name](draw) for name in names}


def one_of(*values: Any) -> Option:
    return lambda draw: draw.choice(values)


# ---------------------------------------------------------------------- panels


def panel(draw: random.Random) -> pd.DataFrame:
    labels = draw.sample(LABELS, draw.randint(2, 7))
    years = range(2000, 2000 + draw.randint(1, 5))
    rows = [(r, t, draw.lognormvariate(8, 1), draw.gauss(0, 1), draw.choice("NEW")) for r in labels for t in years]
    frame = pd.DataFrame(rows, columns=["region", "year", "y", "x", "zone"]).astype(object)
    for _ in range(draw.choice([0, 0, 1, 3])):
        frame.iat[draw.randrange(len(frame)), draw.randrange(5)] = draw.choice(CELLS)
    if draw.random() < 0.1:
        frame = pd.concat([frame, frame.sample(1, random_state=1)])
    return frame


def write_table(frame: pd.DataFrame, path: Path, draw: random.Random, index: bool = False) -> None:
    """Write a frame by pandas; where a format cannot hold its cells, as text."""
    plain = frame.astype(str)
    typed = plain.assign(**{c: pd.to_numeric(plain[c], errors="coerce") for c in ("year", "y", "x") if c in plain})
    ending = "".join(path.suffixes)
    if ending.startswith((".csv", ".tsv", ".txt")):
        sep = "\t" if ending == ".tsv" else draw.choice([",", ";", "\t", "|"])
        encoding = draw.choice(["utf-8", "utf-8-sig", "utf-16", "gbk", "latin-1"])
        text = frame.to_csv(index=index, sep=sep, decimal=draw.choice([".", ","])).encode(encoding, "replace")
        path.write_bytes(text)
        if ending.endswith(".gz"):
            import gzip

            path.write_bytes(gzip.compress(text, mtime=0))
    elif ending == ".xlsx":
        plain.columns = plain.columns.str.replace("[\x00-\x1f]", "", regex=True)  # openpyxl writes none either
        with pd.ExcelWriter(path) as book:
            for name in draw.choice([["data"], ["about", "data"]]):
                plain.replace("[\x00-\x1f]", "", regex=True).to_excel(book, sheet_name=name, index=index)
    elif ending == ".dta":
        texts = {c: plain[c].str.encode("latin-1", "replace").str.decode("latin-1").str.slice(0, 80) for c in plain}
        made = pd.DataFrame(texts).assign(
            **{c: typed[c].astype(float).clip(-1e300, 1e300) for c in typed if c in "yxyear"}
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # names that Stata does not have are made others
            made.to_stata(path, write_index=False, version=draw.choice([114, 117, 118]))
    elif ending == ".rds":
        import rdata

        texts = plain.astype(object).where(plain.notna(), "NA")
        rdata.write_rds(path, texts, compression=draw.choice(["gzip", "xz", "bzip2", None]))
    elif ending == ".feather":
        typed.reset_index(drop=True).to_feather(path)
    else:
        (typed.set_index(["region", "year"]) if draw.random() < 0.3 and "year" in typed else typed).to_parquet(path)


PANEL_OPTIONS: dict[str, Option] = {
    "sep": one_of(",", ";", "\t", "|", "x", ";;"),
    "decimal": one_of(".", ",", "x"),
    "thousands": one_of(",", ".", " ", "'", "none", "x"),
    "na": one_of(".", ["-", "x"], ""),
    "encoding": one_of("utf-8", "gbk", "utf-16", "latin-1", "klingon"),
    "sheet": one_of("data", "about", "nothing"),
    "skip": one_of(0, 1, 3, 10**7),
    "start": one_of(2001, 2003, 1900, "2001"),
    "end": one_of(2001, 2003, 1900, "2002-12-31"),
    "drop": one_of("regions", "periods", "rows"),
    "groups": one_of("zone", ["zone"], "y", "nothing"),
    "labels": one_of({"y": "Income"}, {"nothing": "x"}, {"y": "x"}),
    "relabel": one_of("blanks", "case", "digits:5", "unicode+blanks", {"panel": "accents"}, "zeros"),
    "variables": one_of("y", ["y", "x"], "zone", "nothing"),
    "wide": one_of(True, False),
    "value": one_of("y", "region"),
}
TABLES = [".csv", ".csv", ".tsv", ".txt", ".csv.gz", ".xlsx", ".dta", ".feather", ".parquet", ".rds"]


def make_panel(draw: random.Random, folder: Path) -> tuple[Path, dict[str, Any]]:
    frame = panel(draw)
    path = folder / f"panel{draw.choice(TABLES)}"
    options = some(draw, PANEL_OPTIONS)
    if draw.random() < 0.15:
        options["wide"] = True
        frame = frame.assign(year=frame["year"].map(lambda t: f"y{t}"))
        frame = (
            frame.drop_duplicates(["region", "year"]).pivot(index="region", columns="year", values="y").reset_index()
        )
        frame.columns.name = None
    write_table(frame, path, draw)
    turned(path, draw)
    return path, options


def use_panel(made: tuple[Path, dict[str, Any]]) -> None:
    path, options = made
    data = sc.read(path, region="region", period="year", **options)
    repr(data)
    data._repr_html_()
    data.to_dict()
    data.panel.named_by_label()
    for name in data.panel.variables:
        if pd.api.types.is_numeric_dtype(data.panel.frame[name]):
            data.panel.values(name, missing="keep")


# ---------------------------------------------------------------------- geometries


def shape(draw: random.Random, i: int, j: int) -> Any:
    x, y = 3e5 + 1e4 * j, 3e6 + 1e4 * i
    plain = box(x, y, x + 1e4, y + 1e4)
    bow = Polygon([(x, y), (x + 1e4, y + 1e4), (x + 1e4, y), (x, y + 1e4)])
    odd = [
        bow, None, Polygon(), Point(x, y), LineString([(x, y), (x + 1, y)]), GeometryCollection([plain, Point(x, y)]),
        GeometryCollection(), GeometryCollection([GeometryCollection([bow])]), shapely.force_3d(plain, 1.0),
        Polygon([(x, y), (x + 1, y), (x + 2, y)]), box(-1e300, -1e300, 1e300, 1e300), box(x, y, x + 1e-9, y + 1e-9),
        shapely.transform(plain, lambda c: np.vstack([c[:1], [[np.nan, y]], c[2:]])),
        shapely.transform(plain, lambda c: np.vstack([c[:1], [[np.inf, y]], c[2:]])),
    ]  # fmt: skip
    return draw.choice(odd) if draw.random() < 0.05 else plain


GEOMETRY_OPTIONS: dict[str, Option] = {
    "crs": one_of("EPSG:4326", "EPSG:32651", "EPSG:1", "nonsense", "+proj=longlat", "+init=/etc/hostname"),
    "layer": one_of("g", "nothing"),
    "repair": one_of(True, False),
    "relabel": one_of("blanks", "case", {"geometry": "unicode"}, "zeros"),
    "intersect": one_of(True, True, False),
    "id": one_of("id", "nothing", "geometry"),
}


def make_geometry(draw: random.Random, folder: Path) -> tuple[pd.DataFrame, Path, dict[str, Any]]:
    labels = draw.sample(LABELS, 6)
    shapes = [shape(draw, *divmod(k, 3)) for k in range(6)]
    frame = gpd.GeoDataFrame({"id": labels}, geometry=shapes, crs=draw.choice([32651, 4326, None]))
    ending = draw.choice([".gpkg", ".shp", ".geojson", ".geojson", ".parquet", ".fgb", ".zip"])
    path = folder / f"g{ending}"
    for left in folder.glob("g.*"):
        left.unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if ending == ".parquet":
                frame.to_parquet(path)
            elif ending == ".zip":
                frame.to_file(folder / "g.shp", encoding="utf-8")
                import zipfile

                with zipfile.ZipFile(path, "w") as archive:
                    for part in folder.glob("g.*"):
                        if part != path:
                            archive.write(part, part.name)
            else:
                frame.to_file(path)
        except Exception:  # what GDAL cannot write is made plain
            frame = frame.set_geometry([box(k, 0, k + 1, 1) for k in range(6)], crs=4326)
            frame.to_file(path.with_suffix(".geojson"))
            path = path.with_suffix(".geojson")
    turned(draw.choice(sorted(folder.glob("g.*"))) if draw.random() < 0.3 else path, draw)
    data = pd.DataFrame([(r, t, 1.0) for r in labels for t in (2000, 2001)], columns=["region", "year", "y"])
    return data, path, {"id": "id", "intersect": True} | some(draw, GEOMETRY_OPTIONS, odd=0.1)


def use_geometry(made: tuple[pd.DataFrame, Path, dict[str, Any]]) -> None:
    frame, path, options = made
    data = sc.read(frame, region="region", period="year", geometry=path, **options)
    repr(data)
    sc.weights.adjacency(data.geometry)


# ---------------------------------------------------------------------- weights


WEIGHTS_OPTIONS: dict[str, Option] = {
    "labels": lambda draw: draw.sample(LABELS, 6),
    "regions": lambda draw: draw.sample(LABELS, 7),
    "standardise": one_of("row", "spectral", "none"),
    "encoding": one_of("utf-8", "gbk", "utf-16", "klingon"),
    "sep": one_of(";", ",", "\t", "x"),
    "decimal": one_of(",", "."),
    "sheet": one_of("Sheet1", "nothing"),
    "matrix": one_of("W", "nothing"),
}


def make_weights(draw: random.Random, folder: Path) -> tuple[Path, dict[str, Any]]:
    labels = draw.sample(LABELS, 6)
    full = np.array([[0 if i == j else draw.choice([0, draw.random(), 1.0]) for j in range(6)] for i in range(6)])
    ending = draw.choice([".gal", ".gwt", ".kwt", ".csv", ".csv", ".mtx", ".txt", ".xlsx", ".dta", ".mat", ".swm"])
    path = folder / f"w{ending}"
    square = pd.DataFrame(full, index=labels, columns=labels)
    options = some(draw, WEIGHTS_OPTIONS)
    if ending in (".csv", ".mtx", ".gwt", ".gal") and draw.random() < 0.5:
        plain = [f"r{k}" for k in range(6)] if ending in (".gwt", ".gal") else labels
        sc.weights.write(sc.weights.from_matrix((full > 0) * 1.0 if ending == ".gal" else full, regions=plain), path)
    elif ending == ".csv":
        form = {"sep": draw.choice([",", ";", "\t"]), "decimal": draw.choice([".", ","])}
        square.to_csv(path, header=draw.random() < 0.8, index=draw.random() < 0.8, **form)
    elif ending == ".mtx":
        scipy_io.mmwrite(path, sparse.coo_array(full))
    elif ending in (".gwt", ".kwt", ".gal"):
        path.write_text("0 6 x y\n" + "".join(f"{i} {j} {full[i, j]}\n" for i in range(6) for j in range(6)))
    elif ending == ".txt":
        path.write_text("6\n" + "".join(f"{k} {' '.join(map(str, row))}\n" for k, row in enumerate(full)))
    elif ending == ".xlsx":
        square.to_excel(path)
    elif ending == ".dta":
        pd.DataFrame(full, columns=[f"v{k}" for k in range(1, 7)]).assign(id=range(6)).to_stata(path, write_index=False)
    elif ending == ".mat":
        held = sparse.csc_matrix(full) if draw.random() < 0.5 else full
        scipy_io.savemat(path, {"W": held}, do_compression=draw.random() < 0.5)
    else:
        body = np.array([6, 0], dtype="<i4").tobytes()
        for k, row in enumerate(full):
            near = np.flatnonzero(row)
            body += np.array([k, len(near), *near], dtype="<i4").tobytes()
            body += np.array([*row[near], row.sum()], dtype="<f8").tobytes() if len(near) else b""
        path.write_bytes(b"ID;WGS\n" + body)
    turned(path, draw)
    return path, options


def use_weights(made: tuple[Path, dict[str, Any]]) -> None:
    path, options = made
    w = sc.weights.read(path, **options)
    sc.weights.describe(w)
    sc.relabel(w, "text")


PANELS = Kind(make_panel, use_panel)
GEOMETRIES = Kind(make_geometry, use_geometry)
WEIGHTS = Kind(make_weights, use_weights)
