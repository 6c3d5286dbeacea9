"""Studies on own data, as people have them, by the command line alone: the figures are those of plain files."""

from __future__ import annotations

import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

import spatialconv as sc
from spatialconv.cli import main
from spatialconv.errors import AlignmentError, OptionError, VariableError

NAMES = ["NA", "DE", "Zürich", "None", "06001", "Bern", "São Tomé", "null", "k", "l", "m", "n"]
CASE = """
title = "Own data"
variable = "income"
controls = [{controls}]
{top}
[panel]
file = "{file}"
region = "land"
period = "year"
{panel}
[geometry]
file = "g.gpkg"
id = "land"
{geometry}
[[weights]]
kind = "adjacency"
[[weights]]
kind = "file"
file = "w.csv"
{weights}
"""


def data(seed=3):
    rng = np.random.default_rng(seed)
    level, rows = rng.normal(8, 0.6, len(NAMES)), []
    for year in range(2001, 2007):
        level = level + 0.03 - 0.05 * (level - 8) + rng.normal(0, 0.05, len(NAMES))
        rows += [(r, year, float(np.exp(level[i])), float(rng.normal()), "NEW"[i % 3]) for i, r in enumerate(NAMES)]
    return pd.DataFrame(rows, columns=["land", "year", "income", "digital", "zone"])


def shapes(names=NAMES):
    places = [divmod(k, 4) for k in range(len(names))]
    squares = [box(3e5 + 1e4 * j, 3e6 + 1e4 * i, 3e5 + 1e4 * (j + 1), 3e6 + 1e4 * (i + 1)) for i, j in places]
    return gpd.GeoDataFrame({"land": names}, geometry=squares, crs=32651)


@pytest.fixture
def folder(tmp_path):
    data().to_csv(tmp_path / "p.csv", index=False)
    shapes().to_file(tmp_path / "g.gpkg")
    sc.weights.write(sc.weights.adjacency(shapes().set_index("land"), rule="rook"), tmp_path / "w.csv")
    return tmp_path


def case(folder, **parts):
    given = {"file": "p.csv", "controls": '"digital"', "top": "", "panel": "", "geometry": "", "weights": ""} | parts
    path = folder / "case.toml"
    path.write_text(CASE.format(**given), encoding="utf-8")
    return path


def analysed(folder, **parts):
    return sc.study.analyse(sc.study.load(case(folder, **parts)), progress=False)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    data().to_csv(folder / "p.csv", index=False)
    shapes().to_file(folder / "g.gpkg")
    sc.weights.write(sc.weights.adjacency(shapes().set_index("land"), rule="rook"), folder / "w.csv")
    return analysed(folder)


def same(found, plain, rtol=1e-9):
    """All growth regressions and Moran's I, with the last digits that other files may lose."""
    numbers = plain.betas.table.select_dtypes("number")
    # Some optima lie on a flat top; ten digits of the data move their last ones.
    np.testing.assert_allclose(found.betas.table[numbers.columns], numbers, rtol=1e-5, atol=1e-7)
    for name, one in plain.moran.items():
        np.testing.assert_allclose(found.moran[name].table["I"], one.table["I"], rtol=rtol)
    np.testing.assert_allclose(found.sigma.table["sd_log"], plain.sigma.table["sd_log"], rtol=rtol)


def test_the_same_study_from_other_files(folder, plain):
    frame = data()
    german = frame.copy()
    for name in ("income", "digital"):
        texts = [f"{v:,.12f}".replace(",", "\x01").replace(".", ",").replace("\x01", ".") for v in frame[name]]
        german[name] = texts
    german.to_csv(folder / "german.csv", index=False, sep=";", encoding="utf-16")
    frame.to_stata(folder / "p.dta", write_index=False, version=118)
    frame.set_index(["land", "year"]).to_parquet(folder / "p.parquet")
    with pd.ExcelWriter(folder / "p.xlsx") as book:
        pd.DataFrame({"a": [1]}).to_excel(book, sheet_name="about", index=False)
        frame.to_excel(book, sheet_name="data", index=False, startrow=2)
    wide = frame.pivot(index=["land", "zone"], columns="year", values=["income", "digital"])
    wide.columns = [f"{name}_{year}" for name, year in wide.columns]
    wide.reset_index().to_csv(folder / "wide.csv.gz", index=False)
    told = {
        f"{name[0]}{year % 100:02d}": (name, year) for name in ("income", "digital") for year in frame["year"].unique()
    }
    coded = frame.pivot(index=["land", "zone"], columns="year", values=["income", "digital"])
    coded.columns = [f"{name[0]}{year % 100:02d}" for name, year in coded.columns]
    coded.reset_index().to_csv(folder / "coded.csv", index=False)
    by_name = {name: {c: int(y) for c, (n, y) in told.items() if n == name} for name in ("income", "digital")}
    tables = ", ".join(f"{n} = {{ {', '.join(f'{c} = {y}' for c, y in of.items())} }}" for n, of in by_name.items())
    for file, panel in (
        ("german.csv", ""),
        ("p.dta", ""),
        ("p.parquet", ""),
        ("p.xlsx", 'sheet = "data"'),
        ("wide.csv.gz", "wide = true"),
        ("coded.csv", f"wide = {{ {tables} }}"),
    ):
        same(analysed(folder, file=file, panel=panel), plain)
    notes = analysed(folder, file="german.csv").notes
    assert any("german.csv: utf-16, separator ';' (found out), decimal ',', thousands '.'" in note for note in notes)
    assert not any("read p.csv" in note for note in plain.notes)


def test_what_is_left_out_is_listed_whole_on_the_result_and_in_the_report(folder):
    data()[lambda d: d["land"] != "Bern"].to_csv(folder / "p.csv", index=False)
    shapes(NAMES[:-3]).to_file(folder / "g.gpkg")
    with pytest.raises(AlignmentError, match=r"regions of the panel not in g.gpkg: 3: 'l', 'm', 'n'.*intersect = true"):
        analysed(folder)
    path = case(folder, top="intersect = true", panel="start = 2002")
    out = folder / "results"
    main_exits(["study", str(path), "--out", str(out), "--quiet"])
    table = pd.read_csv(out / "tables" / "left_out.csv", keep_default_na=False)
    assert set(map(tuple, table[["what", "label", "of"]].to_numpy())) == {
        ("period", "2001", "p.csv"),
        ("region", "l", "p.csv"),
        ("region", "m", "p.csv"),
        ("region", "n", "p.csv"),
        ("region", "Bern", "g.gpkg"),
        *(("region", label, "the weights 'file'") for label in ("Bern", "l", "m", "n")),
    }
    report = (out / "report.md").read_text(encoding="utf-8")
    section = report[report.index("What was left out") : report.index("Variables of the growth regression")]
    assert all(f"| {label} " in section for label in ("2001", "l", "m", "n", "Bern"))
    study = sc.study.analyse(sc.study.load(path), progress=False)
    assert len(study.left_out) == 9
    kept = [name for name in NAMES[:-3] if name != "Bern"]
    assert list(study.panel.regions) == kept


def main_exits(arguments):
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code in (0, None)


def test_variables_under_their_labels_everywhere(folder, plain):
    path = case(folder, top='labels = { income = "Income per head", digital = "Digital economy (index)" }')
    out = folder / "results"
    main_exits(["study", str(path), "--out", str(out), "--quiet"])
    study = sc.study.analyse(sc.study.load(path), progress=False)
    same(study, plain)
    texts = [p.read_text(encoding="utf-8") for p in [*(out / "tables").glob("*.md"), out / "report.md"]]
    assert any("Income per head" in text for text in texts)
    assert any("Digital economy (index)" in text for text in texts)
    for text in texts:
        assert not re.search(r"\b(income|digital)\b", text)
    for svg in (out / "figures").glob("*.svg"):
        assert not re.search(r">[^<]*\b(income|digital)\b", svg.read_text(encoding="utf-8")), svg.name
    with pytest.raises(VariableError, match="labels name 'wage'"):
        analysed(folder, top='labels = { wage = "Wage" }')
    with pytest.raises(OptionError, match="labels would name more than one column 'zone'"):
        analysed(folder, top='labels = { income = "zone" }')


def test_groups_among_the_controls_are_their_dummies(folder):
    found = analysed(folder, controls='"digital", "zone"', panel='groups = "zone"')
    assert found.case.controls == ("digital", "zone[N]", "zone[W]")
    fit = found.betas.get("all regions", found.case.controls, "time", "none")
    sources = sc.read(folder / "p.csv", region="land", period="year", groups="zone")
    w = found.weights["adjacency"]
    byhand = sc.beta(
        sources.panel, "income", w, controls=list(found.case.controls), spatial="lag", effects="time", correction="none"
    )
    np.testing.assert_allclose(fit.params, byhand.params, rtol=1e-10)
    with pytest.raises(VariableError, match="the column 'zone' must hold numbers"):
        analysed(folder, controls='"digital", "zone"')


def test_labels_that_lost_their_zeros(folder, plain):
    codes = {name: str(k + 8).zfill(2) for k, name in enumerate(NAMES)}
    data().assign(land=lambda d: d["land"].map(codes).astype(int)).to_csv(folder / "p.csv", index=False)
    shapes(list(codes.values())).to_file(folder / "g.gpkg")
    w = sc.weights.adjacency(shapes(list(codes.values())).set_index("land"), rule="rook")
    sc.weights.write(w, folder / "w.csv")
    with pytest.raises(AlignmentError, match=r"'zero-padded to 2 digits' would match 12 of 12 \(as they stand: 10\)"):
        analysed(folder)
    same(analysed(folder, panel='relabel = "digits:2"'), plain)
    same(analysed(folder, geometry='relabel = "decimals+digits:1"', weights='relabel = "digits:1"'), plain)
    with pytest.raises(OptionError, match="a rule for labels is one of"):
        analysed(folder, panel='relabel = "zeros"')


def test_one_cell_that_is_no_number_is_named(folder):
    frame = data().astype({"income": object})
    frame.loc[40, "income"] = "."
    frame.to_csv(folder / "p.csv", index=False)
    where = rf"'.' in row 42 \({frame.loc[40, 'land']}, {frame.loc[40, 'year']}\)"
    with pytest.raises(VariableError, match=rf"'income' must hold numbers; 71 do and 1 of its cells is none: {where}"):
        analysed(folder)
    found = analysed(folder, panel='na = "."\ndrop = "regions"')
    assert found.left_out["label"].tolist()[0] == frame.loc[40, "land"]
    assert found.panel.n_regions == 11
