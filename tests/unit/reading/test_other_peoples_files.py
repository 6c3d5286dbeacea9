"""Thirty tables as people keep them: read right, or refused by what is wrong and what to say; none crashes."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import spatialconv as sc
from spatialconv import errors
from spatialconv.cli import main

IDS = [f"{k:05d}" for k in range(1001, 1017)]
VALUES = np.round(np.exp(np.random.default_rng(0).normal(3, 0.5, (6, 16))) * 1000, 2)
ROWS = [(i, 2010 + t, VALUES[t, k]) for t in range(6) for k, i in enumerate(IDS)]
LONG = pd.DataFrame(ROWS, columns=["fips", "year", "gdp"])
WIDE = LONG.pivot(index="fips", columns="year", values="gdp").reset_index()


def european(value: float, group: str) -> str:
    return f"{value:,.2f}".replace(",", "X").replace(".", ",").replace("X", group)


def written(write, sep: str = ",", above: str = "", below: str = "") -> str:
    lines = [sep.join(("fips", "year", "gdp")), *(sep.join((i, str(y), write(v))) for i, y, v in ROWS)]
    return above + "\n".join(lines) + "\n" + below


TABLES = {
    "decimal comma": written(lambda v: f"{v:.2f}".replace(".", ","), ";"),
    "points for thousands": written(lambda v: european(v, "."), ";"),
    "no-break blanks for thousands": written(lambda v: european(v, "\u00a0"), ";"),
    "Swiss thousands": written(lambda v: f"{v:,.2f}".replace(",", "'")),
    "Excel's sep line": written(lambda v: f"{v:.2f}".replace(".", ","), ";", above="sep=;\n"),
    "blanks in heads and a mark of order": "\ufeff fips , year , gdp \n" + written(str).split("\n", 1)[1],
    "a plus in every number": written(lambda v: f"+{v:.2f}"),
    "quotes around everything": written(lambda v: f'"{v:.2f}"'),
    "empty columns at the end": written(lambda v: f"{v:.2f},,"),
    "blank lines between": written(str).replace("\n", "\n\n"),
}


@pytest.mark.parametrize("kind", list(TABLES))
def test_tables_are_read_right(tmp_path, kind):
    (tmp_path / "a.csv").write_text(TABLES[kind], encoding="utf-8")
    found = sc.read(tmp_path / "a.csv", region="fips", period="year").panel
    assert list(found.regions) == IDS
    np.testing.assert_array_equal(found.values("gdp"), VALUES)


def test_utf_16_with_tabs_as_excel_saves_it(tmp_path):
    (tmp_path / "a.txt").write_text(written(str, "\t"), encoding="utf-16")
    np.testing.assert_array_equal(sc.read(tmp_path / "a.txt", region="fips", period="year").panel.values("gdp"), VALUES)


REFUSED = {
    "a title above": (written(str, above="GDP by county\nSource: office\n"), r"in line 3, below others\. Say skip = 2"),
    "a title above, of the same width": (written(str, ";", above="GDP;;\n"), r"in line 2, below others\. Say skip = 1"),
    "totals below": (written(str, below="Total,,99\n* provisional,,\n"), r"2 rows have no label"),
    "a row twice": (written(str) + ",".join(map(str, ROWS[3])) + "\n", r"share their 'fips' and 'year'"),
    "a column twice": (written(str).replace("gdp", "gdp,gdp", 1), r"more than one column named 'gdp'|columns"),
}


@pytest.mark.parametrize("kind", list(REFUSED))
def test_what_cannot_be_read_is_said(tmp_path, kind):
    text, said = REFUSED[kind]
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    with pytest.raises(errors.SpatialConvError, match=said):
        sc.read(tmp_path / "a.csv", region="fips", period="year")


@pytest.mark.parametrize("above", ["GDP by county\nSource: office\n", "\nGDP;;\n"])
def test_what_the_message_says_to_do_helps(tmp_path, above):
    (tmp_path / "a.csv").write_text(written(str, above=above), encoding="utf-8")
    found = sc.read(tmp_path / "a.csv", region="fips", period="year", skip=2)
    np.testing.assert_array_equal(found.panel.values("gdp"), VALUES)


NO_NUMBERS = {
    "two points for a gap": (lambda v: ".." if v == VALUES[1, 3] else str(v), r"if '\.\.' stands for a gap, say na ="),
    "flags behind": (
        lambda v: f"{v} p" if v == VALUES[1, 3] else str(v),
        rf"'{VALUES[1, 3]} p'\)\. Convert it first.*ric\.",
    ),
    "per cent": (lambda v: f"{v}%", r"to_numeric\.$"),
    "brackets for minus": (lambda v: f"({v})" if v == VALUES[1, 3] else str(v), r"would not convert \('01004', 2011,"),
}


@pytest.mark.parametrize("kind", list(NO_NUMBERS))
def test_cells_that_are_no_numbers_are_named(tmp_path, kind):
    write, said = NO_NUMBERS[kind]
    (tmp_path / "a.csv").write_text(written(write), encoding="utf-8")
    found = sc.read(tmp_path / "a.csv", region="fips", period="year").panel
    with pytest.raises(errors.VariableError, match=said):
        found.values("gdp")
    if "gap" in kind:
        filled = sc.read(tmp_path / "a.csv", region="fips", period="year", na=[".."], fill="linear").panel.values("gdp")
        assert filled[1, 3] == pytest.approx((VALUES[0, 3] + VALUES[2, 3]) / 2)


def test_wide_quarters(tmp_path):
    names = ["2010Q1", "2010Q2", "2010Q3", "2010Q4", "2011Q1", "2011Q2"]
    WIDE.set_axis(["fips", *names], axis=1).to_csv(tmp_path / "a.csv", index=False)
    found = sc.read(tmp_path / "a.csv", region="fips", period="quarter", wide=True, value="gdp").panel
    assert list(found.periods) == names
    np.testing.assert_array_equal(found.values("gdp"), VALUES)


def test_stata_with_labels(tmp_path):
    frame = LONG.assign(fips=LONG.fips.astype(int), year=LONG.year.astype("int16"))
    frame.to_stata(tmp_path / "a.dta", write_index=False, variable_labels={"gdp": "Gross product"})
    found = sc.read(tmp_path / "a.dta", region="fips", period="year").panel
    assert found.label("gdp") == "Gross product"
    np.testing.assert_array_equal(found.values("gdp"), VALUES)


def shapes(crs: int) -> gpd.GeoDataFrame:
    at = [(3e5 + 1e4 * (k % 4), 3e6 + 1e4 * (k // 4)) for k in range(16)]
    boxes = [shapely.box(x, y, x + 1e4, y + 1e4) for x, y in at]
    return gpd.GeoDataFrame({"fips": IDS}, geometry=boxes, crs=crs)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda g: pd.concat([g, g.iloc[[3]]]), "more than one row for the regions '01004'"),
        (lambda g: g.assign(geometry=[None if k == 2 else s for k, s in enumerate(g.geometry)]), "empty for '01003'"),
        (lambda g: g.set_crs(4326, allow_override=True), "not degrees of longitude and latitude"),
        (lambda g: g.assign(fips=[i.lstrip("0") for i in g.fips]), "'zero-padded to 5 digits' would match 16 of 16"),
    ],
)
def test_shapes_that_do_not_fit_are_said(tmp_path, change, said):
    LONG.to_csv(tmp_path / "a.csv", index=False)
    change(shapes(32650)).to_file(tmp_path / "g.gpkg")
    with pytest.raises(errors.SpatialConvError, match=said):
        sc.weights.adjacency(
            sc.read(tmp_path / "a.csv", region="fips", period="year", geometry=tmp_path / "g.gpkg", id="fips").geometry
        )


def test_the_command_line_says_the_same(tmp_path, capsys):
    (tmp_path / "a.csv").write_text(REFUSED["a title above"][0], encoding="utf-8")
    shapes(32650).to_file(tmp_path / "g.gpkg")
    parts = (
        'title = "Counties"\nvariable = "gdp"',
        '[panel]\nfile = "a.csv"\nregion = "fips"\nperiod = "year"',
        '[geometry]\nfile = "g.gpkg"\nid = "fips"',
        '[[weights]]\nkind = "adjacency"',
    )
    (tmp_path / "case.toml").write_text("\n".join(parts), encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["study", str(tmp_path / "case.toml"), "--out", str(tmp_path / "out")])
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert "Say skip = 2" in said.err + said.out
