"""Word and Excel: opened again, every cell is there; the same table gives the same bytes."""

from __future__ import annotations

import builtins
import io
import re
import shutil
import subprocess
import zipfile

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv.errors import MissingExtraError
from spatialconv.tables import regression, table
from tests.unit.tables.test_tables import paper


@pytest.fixture(scope="module")
def made():
    return regression(paper(), digits=3, caption="Growth, 增长 & more")


def word(made):
    import docx

    return docx.Document(io.BytesIO(made.to_docx()))


def test_word_holds_what_is_printed(made):
    document = word(made)
    (grid,) = document.tables
    cells = [[cell.text for cell in row.cells] for row in grid.rows]
    assert cells[0] == ["", "Province", "Pooled"]
    assert cells[1:] == [
        [label, *row] for label, row in zip(made.frame.index, made.frame.to_numpy().tolist(), strict=True)
    ]
    assert document.paragraphs[0].text == "Growth, 增长 & more"
    assert all(note in document.paragraphs[-1].text for note in made.notes)
    stars = [run.text for run in grid.rows[1].cells[1].paragraphs[0].runs if run.font.superscript]
    assert stars == ["***"]
    # Heads on every page, and no row across two.
    assert "w:tblHeader" in grid.rows[0]._tr.xml
    assert all("w:cantSplit" in row._tr.xml for row in grid.rows)


def test_word_is_turned_where_columns_are_many_and_no_wider_than_its_page():
    narrow, wide = (
        word(table(pd.DataFrame(np.arange(3.0 * n).reshape(3, n) * 1000.5, columns=[f"column {k}" for k in range(n)])))
        for n in (3, 14)
    )
    assert [d.sections[0].page_width < d.sections[0].page_height for d in (narrow, wide)] == [True, False]
    for document in (narrow, wide):
        section = document.sections[0]
        inside = section.page_width - section.left_margin - section.right_margin
        assert sum(cell.width for cell in document.tables[0].rows[0].cells) <= inside * 1.001


def test_excel_holds_figures_as_numbers_and_all_their_digits():
    import openpyxl

    frame = pd.DataFrame({"I": [-0.23114321, 0.5], "where": ["=1+1", "b"], "p": [0.0001, 0.4]}, index=[2016, 2017])
    book = openpyxl.load_workbook(io.BytesIO(table(frame, caption="Moran", notes=("one",)).to_xlsx()))
    sheet, figures = book["table"], book["figures"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][0] == "Moran"
    assert rows[2][1:] == ["I", "where", "p"]
    assert rows[3] == ["2016", -0.2311, "=1+1", "< 0.001"]
    assert {sheet["C4"].data_type, figures["C2"].data_type} == {"s"}, "no cell is run as a formula"
    assert sheet["B4"].number_format == "0.0000"
    assert rows[-1][0] == "one"
    assert figures["B2"].value == -0.23114321
    assert figures["D2"].value == 0.0001


@pytest.mark.parametrize("suffix", ["docx", "xlsx"])
def test_same_table_same_bytes_without_the_clock(made, suffix, tmp_path):
    files = [made.save(tmp_path / f"{k}.{suffix}").read_bytes() for k in range(2)]
    assert files[0] == files[1]
    with zipfile.ZipFile(io.BytesIO(files[0])) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
        assert b"2000-01-01" in archive.read("docProps/core.xml")


@pytest.mark.parametrize(("suffix", "library", "name"), [("docx", "docx", "word"), ("xlsx", "openpyxl", "excel")])
def test_without_the_library_the_extra_is_named(made, suffix, library, name, tmp_path, monkeypatch):
    import sys

    for loaded in [key for key in sys.modules if key.split(".")[0] == library]:
        monkeypatch.delitem(sys.modules, loaded)
    found = builtins.__import__

    def absent(wanted, *args, **kwargs):
        if wanted.split(".")[0] == library:
            raise ModuleNotFoundError(f"No module named {library!r}", name=library)
        return found(wanted, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    monkeypatch.setattr("spatialconv._extras.import_module", lambda wanted: absent(wanted))
    with pytest.raises(MissingExtraError, match=rf"pip install \"spatialconv\[{name}\]\""):
        made.save(tmp_path / f"a.{suffix}")


@pytest.mark.skipif(shutil.which("soffice") is None, reason="no LibreOffice here")
def test_libreoffice_opens_the_word_file_and_reads_the_same_words(made, tmp_path):
    made.save(tmp_path / "growth.docx")
    home = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = [
        "soffice",
        home,
        "--headless",
        "--convert-to",
        "txt:Text",
        "--outdir",
        str(tmp_path),
        str(tmp_path / "growth.docx"),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    text = (tmp_path / "growth.txt").read_text(encoding="utf-8-sig")
    shown = [str(v) for v in made.frame.to_numpy().ravel() if v]
    assert all(value in text for value in shown)


def test_heads_of_results_are_words():
    us = sc.datasets.us_income()
    hot = sc.hot_spots(us.panel, "income", sc.weights.adjacency(us.states), period=2009)
    made = table(hot)
    head = made.to_markdown().splitlines()[2]
    assert "confidence (FDR)" in head
    assert "confidence_fdr" not in head
    assert "confidence_fdr" in made.to_csv().splitlines()[0], "CSV keeps the names that code uses"
    assert not re.search(r"[a-z]_[a-z]", made.to_latex().split(r"\midrule")[0].replace(r"\_", ""))
