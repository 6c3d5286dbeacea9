"""Tables as people have them: other programs write, `sc.read` reads, and the numbers are those that were written."""

from __future__ import annotations

import csv
import gzip
import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import spatialconv as sc
from spatialconv._files import text as text_files
from spatialconv._files.numbers import Writing, sniffed
from spatialconv.errors import (
    DuplicateKeyError,
    FileError,
    MissingDataError,
    OptionError,
    SpatialConvError,
    VariableError,
)

OTHERS = Path(__file__).parents[2] / "reference" / "written_by_others"
LABELS = ["NA", "DE", "Zürich", "None", "null", "nan", "06001", "São Tomé"]

EXCEL = 1e-15  # openpyxl writes 16 digits, and a double has 17


def long(seed=1, labels=LABELS, periods=range(2001, 2005)):
    rng = np.random.default_rng(seed)
    rows = [(r, t, float(rng.lognormal(9, 1)), float(rng.normal()), "south" if i % 2 else "north")
            for i, r in enumerate(labels) for t in periods]  # fmt: skip
    return pd.DataFrame(rows, columns=["land", "year", "income", "share", "zone"])


def same(data, frame, *, rtol=0.0, variables=("income", "share")):
    """The panel holds what the frame holds, cell by cell, by label."""
    panel = data.panel
    assert list(panel.regions) == list(dict.fromkeys(frame["land"]))
    assert list(panel.periods) == sorted(frame["year"].unique())
    for name in variables:
        wanted = frame.pivot(index="year", columns="land", values=name)[list(panel.regions)]
        found = panel.values(name, missing="keep")
        np.testing.assert_allclose(found, wanted.to_numpy(), rtol=rtol, atol=0)


def read(path, **options):
    return sc.read(path, region="land", period="year", **options)


# ---------------------------------------------------------------------- R


def by_csv_module():
    with (OTHERS / "r_csv.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return pd.DataFrame(
        [(r["land"], int(r["year"]), float(r["income"]), float("nan") if r["share"] == "NA" else float(r["share"]))
         for r in rows], columns=["land", "year", "income", "share"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("r_csv.csv", {}, "utf-8, separator ',' (found out)"),
        ("r_csv2.csv", {"encoding": "latin-1"}, "latin-1, separator ';' (found out), decimal ','"),
        ("r_table.txt", {}, "utf-8, separator blanks (found out)"),
        ("r_tsv.tsv.gz", {}, "utf-8, separator tab (found out)"),
        ("r_grouped.csv", {}, "decimal ',', thousands '.'"),
        ("r_foreign.dta", {}, ".dta file"),
        ("r_haven.dta", {}, ".dta file"),
        ("r_openxlsx.xlsx", {}, "sheet 'data'"),
        ("r_frame.rds", {}, ".rds file"),
        ("r_tibble_xz.rds", {}, ".rds file"),
        ("r_saved.RData", {}, ".rdata file"),
    ],
)
def test_what_r_writes(name, options, said):
    data = read(OTHERS / name, **options)
    same(data, by_csv_module())
    assert said in data.said[0]
    assert set(data.panel.frame["zone"]) == {"south", "north"}
    assert isinstance(data.panel.frame["share"].to_numpy()[0], float)


def test_a_wide_table_of_r():
    same(read(OTHERS / "r_wide.csv", wide=True), by_csv_module(), variables=["income"])


def test_what_columns_of_r_are():
    frame = read(OTHERS / "r_tibble_xz.rds").panel.frame.set_index(["land", "year"])
    assert list(frame["day"].loc["DE"]) == [
        pd.Timestamp("2001-12-31") + pd.Timedelta(days=365 * (year - 2001)) for year in range(2001, 2005)
    ]
    assert list(frame["seen"]) == [pd.Timestamp("2020-01-01") + pd.Timedelta(hours=k) for k in range(1, 21)]
    np.testing.assert_array_equal(frame["count"], [*range(1, 20), np.nan])
    np.testing.assert_array_equal(frame["open"], [1, 0, np.nan, 1] * 5)
    # The text NA is Namibia, a missing text is missing: .rds knows them apart.
    assert frame["name"].loc["NA"].isna().all()
    assert list(frame["name"].loc["Zürich"]) == ["Zürich"] * 4


def test_what_is_beside_the_data_is_said():
    assert "of its 2 objects the data frame 'panel' is read" in " ".join(read(OTHERS / "r_saved.RData").notes)


@pytest.mark.parametrize("name", ["r_tibble_xz.rds", "r_frame.rds", "r_saved.RData"])
def test_damaged_files_of_others_are_refused_in_words(name, tmp_path):
    raw = (OTHERS / name).read_bytes()
    rng = np.random.default_rng(1)
    refused = 0
    for case in range(60):
        cut = bytearray(raw[: rng.integers(len(raw))] if case % 3 == 0 else raw)
        for place in rng.integers(len(raw), size=3):
            if place < len(cut):
                cut[place] ^= int(rng.integers(1, 256))
        path = tmp_path / f"{case}{Path(name).suffix}"
        path.write_bytes(bytes(cut))
        try:
            read(path)
        except SpatialConvError:
            refused += 1
    assert refused > 20


def test_other_objects_of_r_are_refused_by_what_they_are(tmp_path):
    import rdata

    for value, said in (({"a": 1.0}, "dict"), (np.arange(3.0), "ndarray")):
        rdata.write_rds(tmp_path / "x.rds", value)
        with pytest.raises(FileError, match=f"must hold one data frame; got no data frame but '{said}'"):
            read(tmp_path / "x.rds")
    frame = long()[["income", "share"]]
    rdata.write_rda(tmp_path / "x.RData", {"a": frame, "b": frame})
    with pytest.raises(FileError, match=r"got 2: 'a', 'b'\. Write the one"):
        read(tmp_path / "x.RData")


def test_labels_of_stata_come_along():
    panel = read(OTHERS / "r_haven.dta").panel
    assert panel.label("income") == "Income per head"
    assert panel.label("share") == "share"
    assert panel.subset(periods=[2001]).label("zone") == "Part of the country"
    assert read(OTHERS / "r_haven.dta", labels={"income": "Y"}).panel.label("income") == "Y"


# ---------------------------------------------------------------------- pandas, openpyxl, pyarrow, statsmodels' kind


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "gbk", "latin-1"])
@pytest.mark.parametrize(("sep", "decimal"), [(",", "."), (";", ","), ("\t", "."), ("\t", ","), ("|", ",")])
def test_dialects(tmp_path, encoding, sep, decimal):
    frame = long(labels=["NA", "None", "杭州" if encoding == "gbk" else "Zürich", "x"])
    if encoding in ("utf-16", "utf-32"):
        frame["land"] = frame["land"].replace("x", "杭州")
    path = tmp_path / "p.csv"
    frame.to_csv(path, index=False, sep=sep, decimal=decimal, encoding=encoding)
    told = {"encoding": encoding} if encoding in ("gbk", "latin-1") else {}
    data = read(path, **told)
    same(data, frame)  # to the last bit
    assert encoding.replace("utf-8-sig", "utf-8") in data.said[0]
    same(read(path, sep=sep, decimal=decimal, **told), frame)


@pytest.mark.parametrize("mark", [",", ".", " ", "\u00a0", "\u202f", "\u2009", "'", "\u2019"])
@pytest.mark.parametrize("digits", [0, 2])
def test_thousands_of_every_kind(tmp_path, mark, digits):
    point = "," if mark == "." else "."
    frame = long().assign(income=lambda d: (d["income"] * 1000).round(digits))
    written = frame.assign(
        income=[
            f"{v:,.{digits}f}".replace(",", "\x01").replace(".", point).replace("\x01", mark) for v in frame["income"]
        ],
        share=[str(v).replace(".", point) for v in frame["share"]],
    )
    written.to_csv(tmp_path / "p.csv", index=False, sep=";")
    data = read(tmp_path / "p.csv")
    same(data, frame)
    kind = {"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'"}.get(mark, mark)
    assert f"thousands {kind!r}" in data.said[0]


def test_groups_as_in_india_and_a_true_minus(tmp_path):
    (tmp_path / "p.csv").write_text("land;year;y\na;1;12,34,567.5\na;2;\u22121,234.25\n", encoding="utf-8")
    assert read(tmp_path / "p.csv").panel.values("y").ravel().tolist() == [1234567.5, -1234.25]


@pytest.mark.parametrize(
    ("cells", "sep", "told"),
    [(["1,234", "2,345"], ";", {}), (["1.234", "2.345"], ";", {}), (["1,234", "2,345"], "\t", {})],
)
def test_what_can_be_read_in_two_ways_is_asked_for(tmp_path, cells, sep, told):
    path = tmp_path / "p.csv"
    path.write_text(
        "".join(sep.join(row) + "\n" for row in [("land", "year", "y"), ("a", "1", cells[0]), ("a", "2", cells[1])])
    )
    with pytest.raises(
        OptionError, match=r"p.csv: numbers such as '1[.,]234' in the column 'y' can be read in two ways"
    ):
        read(path, **told)
    mark = cells[0][1]
    assert read(path, decimal=mark).panel.values("y").ravel().tolist() == [1.234, 2.345]
    assert read(path, thousands=mark).panel.values("y").ravel().tolist() == [1234, 2345]


def test_one_other_number_settles_it(tmp_path):
    (tmp_path / "p.csv").write_text("land;year;y;x\na;1;1,234;0,5\na;2;2,345;1,25\n")
    assert read(tmp_path / "p.csv").panel.values("y").ravel().tolist() == [1.234, 2.345]
    (tmp_path / "p.csv").write_text("land;year;y;x\na;1;1,234;0.5\na;2;2,345;1.25\n")
    assert read(tmp_path / "p.csv").panel.values("y").ravel().tolist() == [1234, 2345]
    # Where commas part columns a point is a decimal point, as ever.
    (tmp_path / "p.csv").write_text("land,year,y\na,1,1.234\na,2,2.345\n")
    assert read(tmp_path / "p.csv").panel.values("y").ravel().tolist() == [1.234, 2.345]


def test_sniffing_numbers_against_every_writing():
    """Numbers drawn and written in each way are read as drawn, or asked about; never as others."""
    rng = np.random.default_rng(5)
    marks = [(".", ""), (",", ""), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "'")]
    asked = 0
    for _ in range(400):
        decimal, thousands = marks[rng.integers(len(marks))]
        digits = int(rng.integers(0, 4))
        values = np.round(rng.lognormal(rng.uniform(0, 12), 2, size=int(rng.integers(1, 8))), digits)
        cells = [
            f"{v:,.{digits}f}".replace(",", "\x01").replace(".", decimal).replace("\x01", thousands) for v in values
        ]
        try:
            way = sniffed({"y": cells}, sep=";", name="p.csv")
        except OptionError:
            asked += 1
            continue
        assert [way.value(cell) for cell in cells] == values.tolist(), (cells, way)
    assert 0 < asked < 150


@pytest.mark.parametrize("ending", [".xlsx", ".dta", ".feather", ".parquet", "-indexed.parquet", ".csv.gz"])
def test_files_of_programs(tmp_path, ending):
    frame = long()
    path = tmp_path / f"p{ending}"
    if ending == ".xlsx":
        frame.to_excel(path, index=False)
    elif ending == ".dta":
        frame.to_stata(path, write_index=False, version=118)
    elif ending == ".feather":
        frame.to_feather(path)
    elif ending == ".csv.gz":
        frame.to_csv(path, index=False)
    else:
        (frame.set_index(["land", "year"]) if "indexed" in ending else frame).to_parquet(path)
    same(read(path), frame, rtol=EXCEL if ending == ".xlsx" else 0)


def test_numbers_as_text_in_a_workbook_and_years_that_excel_makes_numbers(tmp_path):
    frame = long()
    mixed = frame.assign(income=[str(v).replace(".", ",") if k % 3 else v for k, v in enumerate(frame["income"])])
    mixed = mixed.assign(share=mixed["share"], year=mixed["year"].astype(float))
    mixed.to_excel(tmp_path / "p.xlsx", index=False)
    same(read(tmp_path / "p.xlsx"), frame, rtol=EXCEL)


def test_sheets(tmp_path):
    frame = long()
    with pd.ExcelWriter(tmp_path / "p.xlsx") as book:
        pd.DataFrame({"remark": ["none"]}).to_excel(book, sheet_name="about", index=False)
        frame.to_excel(book, sheet_name="2024", index=False, startrow=3)
        (frame.assign(income=1.0)).to_excel(book, sheet_name="old", index=False)
    with pytest.raises(
        FileError, match=r"sheets 3: 'about', '2024', 'old'; 2 of them have the columns 2: 'land', 'year'"
    ):
        read(tmp_path / "p.xlsx")
    same(read(tmp_path / "p.xlsx", sheet="2024"), frame, rtol=EXCEL)
    with pytest.raises(FileError, match="has no sheet 'new'"):
        read(tmp_path / "p.xlsx", sheet="new")


def test_value_labels_that_only_some_values_have(tmp_path):
    frame = long().assign(code=[99.0, 1, 2, 3] * len(LABELS))
    frame.to_stata(tmp_path / "p.dta", write_index=False, version=118, value_labels={"code": {99: "not known"}})
    data = read(tmp_path / "p.dta")
    assert data.panel.values("code")[0, 0] == 99
    assert any("'code': only some of its values have labels" in note for note in data.notes)


def test_text_of_old_stata_files_in_gbk(tmp_path):
    frame = long(labels=["杭州", "宁波"])
    garbled = frame.assign(land=[r.encode("gbk").decode("latin-1") for r in frame["land"]])
    garbled.to_stata(tmp_path / "p.dta", write_index=False, version=114)
    same(read(tmp_path / "p.dta", encoding="gbk"), frame)
    assert any("text read as latin-1" in note for note in read(tmp_path / "p.dta").notes)


# ---------------------------------------------------------------------- wide


@pytest.mark.parametrize(
    ("header", "variable"),
    [
        ("2001,2002", "income"),
        ("gdp2001,gdp2002", "gdp"),
        ("gdp_2001,gdp_2002", "gdp"),
        ("X2001,X2002", "income"),
        ("2001 [YR2001],2002 [YR2002]", "income"),
        ("GDP per head 2001,GDP per head 2002", "GDP per head"),
    ],
)
def test_a_column_a_year(tmp_path, header, variable):
    (tmp_path / "p.csv").write_text(f"land,zone,{header}\nNA,s,1.5,2.5\nb,n,,4\n")
    panel = read(tmp_path / "p.csv", wide=True, value="income").panel
    assert list(panel.periods) == [2001, 2002]
    found = panel.values(variable, missing="keep")
    np.testing.assert_array_equal(found, [[1.5, np.nan], [2.5, 4.0]])
    assert panel.frame.loc[panel.frame["land"] == "NA", "zone"].tolist() == ["s", "s"]


def test_two_variables_by_quarter_in_any_order(tmp_path):
    (tmp_path / "p.csv").write_text("land,y_2001Q2,x_2001Q1,y_2001Q1\na,2,10,1\n")
    panel = read(tmp_path / "p.csv", wide=True).panel
    assert panel.calendar.unit == "quarter"
    assert panel.values("y").ravel().tolist() == [1, 2]
    np.testing.assert_array_equal(panel.values("x", missing="keep").ravel(), [10, np.nan])


def test_wide_where_it_is_long_and_twice(tmp_path):
    long().to_csv(tmp_path / "p.csv", index=False)
    with pytest.raises(VariableError, match="no column named after a period"):
        read(tmp_path / "p.csv", wide=True)
    (tmp_path / "p.csv").write_text("land,y2001,X2001,2001\na,1,2,3\n")
    with pytest.raises(OptionError, match="'X2001' and '2001' are both 'value' in 2001"):
        read(tmp_path / "p.csv", wide=True)


def test_names_that_do_not_tell_the_period(tmp_path):
    """As St. Louis' homicides have them: HR7984 is a mean around 1982, PE77 the police of 1977."""
    frame = pd.DataFrame({
        "land": ["01", "02"], "HR7984": [2.1, 4.4], "HR8488": [1.2, 2.6], "PE77": [5.0, 2.3], "PE87": [5.8, 5.4],
    })  # fmt: skip
    frame.to_csv(tmp_path / "p.csv", index=False)
    panel = read(tmp_path / "p.csv", wide={"HR7984": 1982, "HR8488": 1986}, value="rate").panel
    assert list(panel.periods) == [1982, 1986]
    np.testing.assert_array_equal(panel.values("rate"), [[2.1, 4.4], [1.2, 2.6]])
    np.testing.assert_array_equal(panel.values("PE77"), [[5.0, 2.3]] * 2)
    several = read(frame, wide={"rate": {"HR7984": 1977, "HR8488": 1987}, "police": {"PE87": 1987, "PE77": 1977}}).panel
    np.testing.assert_array_equal(several.values("police"), [[5.0, 2.3], [5.8, 5.4]])
    np.testing.assert_array_equal(several.values("rate"), [[2.1, 4.4], [1.2, 2.6]])
    # Each variable may lack periods of the other: gaps, as of names that tell.
    ragged = read(frame, wide={"rate": {"HR7984": "1979Q1"}, "police": {"PE87": "1979Q2"}}).panel
    assert np.isnan(ragged.values("rate", missing="keep")[1]).all()


@pytest.mark.parametrize(
    ("wide", "error", "words"),
    [
        ("HR", OptionError, r"wide must be True, False, or tell the period of each column, .*; got 'HR'"),
        ({}, OptionError, "got an empty mapping"),
        ({"rate": {"a": 1}, "b": 2}, OptionError, "columns beside variables"),
        ({"rate": {}}, OptionError, "or a variable without columns"),
        ({"c": 2001}, VariableError, "the frame has no column 'c' of wide; it has 3: 'land', 'a', 'b'"),
        ({"a": 2001, "b": 2001}, OptionError, "'a' and 'b' are both 'value' in 2001"),
        ({"x": {"a": 2001}, "y": {"a": 2002}}, OptionError, "tells a period of 'a' and something else"),
        ({"land": 2001}, OptionError, "tells a period of 'land' and something else"),
        ({"b": {"a": 2001}}, OptionError, "'b' would name two columns"),
        ({"a": None}, SpatialConvError, "no label in .land. or .year."),
    ],
)
def test_periods_told_wrongly(wide, error, words):
    frame = pd.DataFrame({"land": ["x", "y"], "a": [1.0, 2.0], "b": [3.0, 4.0]})
    with pytest.raises(error, match=words):
        read(frame, wide=wide)


def test_the_world_bank(tmp_path):
    """Four lines above the names, two dots for what is missing, a comma at the end of each line."""
    lines = ['"Data Source","WDI",', "", '"Last Updated","2024"', "", '"land","code","1990","1991",',
             '"Namibia","NA","1.5","..",', '"Aruba","AW","2.5","3.5",']  # fmt: skip
    (tmp_path / "p.csv").write_text("\n".join(lines) + "\n")
    data = sc.read(tmp_path / "p.csv", region="code", period="year", wide=True, na="..", skip=4)
    assert list(data.panel.regions) == ["NA", "AW"]
    np.testing.assert_array_equal(data.panel.values("value", missing="keep"), [[1.5, 2.5], [np.nan, 3.5]])


# ---------------------------------------------------------------------- cells that stand in the way


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_one_point_among_the_numbers_is_the_one_cell_it_is(tmp_path, ending):
    frame = long(periods=range(2001, 2021)).astype({"income": object})
    assert len(frame) == 160
    frame.loc[77, "income"] = "."
    path = tmp_path / f"p{ending}"
    (frame.to_csv if ending == ".csv" else frame.to_excel)(path, index=False)
    where = f"row 79 ({frame.loc[77, 'land']}, {frame.loc[77, 'year']})"
    with pytest.raises(VariableError) as caught:
        read(path, variables="income")
    assert "'income' must hold numbers; 159 do and 1 of its cells is none: '.' in " + where in str(caught.value)
    assert "na = ['.']" in str(caught.value)
    data = read(path)  # nobody asked for it
    assert any("'income' is text, though 159" in note and where in note for note in data.notes)
    with pytest.raises(
        VariableError, match=r"(160: .* of which would not convert|no numbers:) \('None', 2018, '\.'\)\. "
    ):
        data.panel.values("income")
    found = read(path, variables="income", na=".").panel.values("income", missing="keep")
    assert np.isnan(found).sum() == 1
    assert np.isnan(found[list(range(2001, 2021)).index(2018), LABELS.index("None")])


def test_words_for_missing_are_no_labels_and_labels_no_missing(tmp_path):
    (tmp_path / "p.csv").write_text("land,year,y,zone\nNA,1,NA,NA\nNA,2,2,NA\nnull,1,nan,x\nnull,2,4,\n")
    panel = read(tmp_path / "p.csv").panel
    assert list(panel.regions) == ["NA", "null"]
    np.testing.assert_array_equal(panel.values("y", missing="keep"), [[np.nan, np.nan], [2, 4]])
    assert panel.frame["zone"].tolist()[:3] == ["NA", "NA", "x"]
    assert pd.isna(panel.frame["zone"].tolist()[3])


def test_codes_keep_their_zeros(tmp_path):
    (tmp_path / "p.csv").write_text("land,year,y,state\n06001,1,1,06\n06001,2,2,06\n")
    panel = read(tmp_path / "p.csv").panel
    assert list(panel.regions) == ["06001"]
    assert panel.frame["state"].tolist() == ["06", "06"]


def test_a_pair_that_stands_twice_and_a_label_that_is_missing(tmp_path):
    (tmp_path / "p.csv").write_text("land,year,y\na,1,1\na,1,2\n")
    with pytest.raises(DuplicateKeyError, match=r"\('a', 1\)"):
        read(tmp_path / "p.csv")
    (tmp_path / "p.csv").write_text("land,year,y\na,1,1\n,2,2\n")
    with pytest.raises(MissingDataError, match="no label"):
        read(tmp_path / "p.csv")


def test_names_that_are_absent_empty_or_twice(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("land,year,y,\na,1,1,\na,2,2,\n,,,\n")
    assert read(path).panel.variables == ("y",)
    path.write_text("land,year,y,y\na,1,1,2\n")
    with pytest.raises(FileError, match="more than one column named 'y'"):
        read(path)
    path.write_text("country,when,y\na,1,1\n")
    with pytest.raises(VariableError, match="no column 2: 'land', 'year'; it has 3: 'country', 'when', 'y'"):
        read(path)
    path.write_text("land,year,y\n")
    with pytest.raises(FileError, match="no row below"):
        read(path)
    path.write_text("")
    with pytest.raises(FileError, match=r"p.csv is empty"):
        read(path)
    path.write_text("land,year,y\na,1,1,7\n")
    with pytest.raises(SpatialConvError):
        read(path, sep=";")


# ---------------------------------------------------------------------- files that are not what they seem


def test_text_in_another_encoding_is_shown_and_not_guessed(tmp_path):
    long(labels=["杭州", "宁波"]).to_csv(tmp_path / "p.csv", index=False, encoding="gbk")
    with pytest.raises(
        FileError, match=r"cannot be read as utf-8.*encoding = \"gbk\" \(as gbk one of its lines reads '杭州"
    ):
        read(tmp_path / "p.csv")
    (tmp_path / "p.csv").write_bytes("land,year\na,1\n".encode("utf-16-le"))
    with pytest.raises(FileError, match=r"NUL characters.*utf-16-le"):
        read(tmp_path / "p.csv")
    with pytest.raises(FileError, match="Python knows no such encoding"):
        read(tmp_path / "p.csv", encoding="klingon")


@pytest.mark.parametrize("ending", [".xlsx", ".dta", ".feather", ".parquet", ".csv.gz"])
def test_damaged_files_are_ours_to_explain(tmp_path, ending):
    frame, path = long(), tmp_path / f"p{ending}"
    if ending == ".csv.gz":
        frame.to_csv(path, index=False)
    else:
        {".xlsx": frame.to_excel, ".dta": lambda p, index: frame.to_stata(p, write_index=index, version=118)}.get(
            ending, lambda p, index: frame.to_feather(p) if ending == ".feather" else frame.to_parquet(p)
        )(path, index=False)
    whole, rng, seen = path.read_bytes(), np.random.default_rng(3), set()
    for k in range(60):
        bad = bytearray(whole)
        for at in rng.integers(len(bad), size=int(rng.integers(1, 12))):
            bad[at] = int(rng.integers(256))
        path.write_bytes(bytes(bad[: int(rng.integers(0, len(bad)))] if k % 3 == 0 else bad))
        try:
            read(path)
            seen.add("read")
        except SpatialConvError:
            seen.add("refused")
    assert "refused" in seen
    path.write_bytes(b"not at all")
    with pytest.raises(FileError, match=r"p\.(xlsx|dta|feather|parquet|csv\.gz) cannot be"):
        read(path)


@pytest.mark.parametrize(("ending", "words"), [(".sav", "SPSS"), (".rdb", "save it as"), (".doc", "save it as .csv"),
                                               (".shp", "geopandas.read_file")])  # fmt: skip
def test_other_formats_are_named(tmp_path, ending, words):
    (tmp_path / f"p{ending}").write_bytes(b"x")
    with pytest.raises(FileError, match=rf"the panel 'p\{ending}' must be one of .csv, .*{words}"):
        read(tmp_path / f"p{ending}")


def test_a_map_whose_columns_are_the_data_is_read_as_its_message_says(tmp_path):
    """As GeoDa's examples are: a shapefile with a column a year."""
    places = [shapely.box(k, 0, k + 1, 1) for k in range(3)]
    births = {"BIR74": [1091.0, 487.0, 3188.0], "BIR79": [1364.0, 542.0, 3616.0]}
    frame = gpd.GeoDataFrame({"FIPS": ["37009", "37005", "37171"], **births}, geometry=places, crs="EPSG:4326")
    frame.to_file(tmp_path / "sids2.shp")
    options = {"region": "FIPS", "period": "year", "wide": {"BIR74": 1974, "BIR79": 1979}, "value": "births"}
    with pytest.raises(FileError, match=r"it is a map: .* geopandas.read_file\(path\).drop\(columns='geometry'\)"):
        sc.read(tmp_path / "sids2.shp", **options)
    table = gpd.read_file(tmp_path / "sids2.shp").drop(columns="geometry")
    data = sc.read(table, geometry=tmp_path / "sids2.shp", id="FIPS", **options)
    assert data.panel.wide("births").loc[1979, "37171"] == 3616.0
    assert list(data.geometry.index) == list(data.panel.regions)


def test_too_much_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "p.csv"
    with path.open("wb") as stream:
        stream.truncate(10**9)  # a gigabyte of nothing, sparse
    with pytest.raises(FileError, match="has 1,000 MB; a panel file may have 250 MB"):
        read(path)
    with path.open("wb") as stream:
        stream.write(b"land,year\n" + b"a" * 3_000_000)
    with pytest.raises(FileError, match="a line of more than 1,000,000 bytes"):
        read(path)
    path.write_text("land,year," + ",".join(f"c{k}" for k in range(300_000)) + "\n")
    with pytest.raises(FileError, match=r"a line of more than|300,002 columns"):
        read(path)
    path.write_text("land,year," + ",".join(f"c{k}" for k in range(20_000)) + "\na,1\n")
    with pytest.raises(FileError, match="has 20,002 columns; 10,000 may be"):
        read(path)
    monkeypatch.setattr(text_files, "AT_MOST", 5_000_000)
    with gzip.open(tmp_path / "p.csv.gz", "wb") as stream:
        stream.write(b"land,year\n" + b"a,1\n" * 5_000_000)
    with pytest.raises(FileError, match=r"p.csv.gz holds more than 5 MB of text"):
        read(tmp_path / "p.csv.gz")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_pipes_devices_folders_and_addresses(tmp_path):
    os.mkfifo(tmp_path / "p.csv")
    with pytest.raises(FileError, match="a device or a pipe"):
        read(tmp_path / "p.csv")
    os.symlink("/dev/zero", tmp_path / "z.csv")
    with pytest.raises(FileError, match="a device or a pipe"):
        read(tmp_path / "z.csv")
    (tmp_path / "f.csv").mkdir()
    with pytest.raises(FileError, match="a folder"):
        read(tmp_path / "f.csv")
    with pytest.raises(FileError, match="there is no panel file"):
        read("http://127.0.0.1:9/p.csv")


def test_a_writing_says_what_it_is():
    for text in ("r0", "a1", "1a", "", ".", "-", "+", "e5", "1e", "0x10", "1_000", "nan", "١٢"):
        assert not any(Writing(d, t).matches(text) for d in ".," for t in ("", " ", "'") if d != t), text
    assert str(Writing(",", ".")) == "decimal ',', thousands '.'"
    for bad in ({"decimal": "x"}, {"thousands": "x"}, {"decimal": ",", "thousands": ","}):
        with pytest.raises(OptionError):
            read("p.csv", **bad)


@pytest.mark.parametrize("named", ["{v} ({y})", "{v} [{y}]", "{y}_{v}", "{y} {v}", "{v}.{y}"])
def test_a_year_in_brackets_or_in_front(tmp_path, named):
    columns = {"code": ["a", "b"], "area": [5, 6]}
    columns |= {
        named.format(v=v, y=y): [k + y, 2 * k + y] for k, v in enumerate(["gdp", "people"]) for y in (2000, 2001)
    }
    pd.DataFrame(columns).to_csv(tmp_path / "p.csv", index=False)
    panel = sc.read(tmp_path / "p.csv", region="code", period="year", wide=True).panel
    assert list(panel.periods) == [2000, 2001]
    assert panel.values("people").tolist() == [[2001, 2002], [2002, 2003]]
    assert panel.values("area").tolist() == [[5, 6], [5, 6]]


def test_one_name_that_begins_with_a_year_is_no_wide_table(tmp_path):
    pd.DataFrame({"code": ["a"], "2010 census": [1]}).to_csv(tmp_path / "p.csv", index=False)
    with pytest.raises(VariableError, match="has no column named after a period"):
        sc.read(tmp_path / "p.csv", region="code", period="year", wide=True)
