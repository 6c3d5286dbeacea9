"""Documents that LibreOffice and pandoc wrote: read alike, and cell by cell as python-docx and lxml read them."""

from __future__ import annotations

from pathlib import Path

import pytest

import spatialconv as sc
from spatialconv.auditing.documents import html, word

HERE = Path(__file__).resolve().parents[2] / "reference" / "documents" / "by_others"
FILES = ("source.html", "libreoffice.docx", "pandoc.docx", "pandoc.html", "pandoc.tex", "pandoc.md")
WANT = """\
columns = ["Fixed effects (1)", "Fixed effects (2)", "SAR (3)"]
round = "se"
stars = { "*" = 0.1, "**" = 0.05, "***" = 0.01 }
roles = { beta = "log initial" }
[table.coefficients]
"log initial" = ["−0.054*** (0.012)", "−0.061*** (0.015)", "−0.048** (0.019)"]
investment = ["", "0.213* (0.110)", "0.198 (0.125)"]
[table.statistics]
n = ["1,240", "1,240", "1,209"]
r2 = ["0.31", "0.35", "0.36"]
"""


@pytest.mark.parametrize("name", FILES)
def test_one_table_whoever_wrote_it(name):
    found = sc.auditing.transcribe(HERE / name)
    # Raised stars keep their braces where a program raises them.
    assert (
        found.split('kind = "regression"\n')[1].replace("^{", "").replace("}", "").strip()
        == WANT.replace("}", "").strip()
    )
    report = sc.audit(HERE / name)
    assert report.findings == ()
    assert report.checked > 5


@pytest.mark.parametrize("name", ["libreoffice.docx", "pandoc.docx"])
def test_cells_are_those_of_python_docx(name):
    docx = pytest.importorskip("docx")
    (theirs,) = docx.Document(str(HERE / name)).tables
    (ours,) = word.tables((HERE / name).read_bytes(), name)
    cells = [[cell.text.strip() for cell in row.cells] for row in theirs.rows]
    bare = [[cell.replace("^{", "").replace("}", "").strip() for cell in row] for row in ours.rows]
    # A merged heading stands once in ours, and in theirs over every column that it spans.
    assert bare[1:] == cells[1:]
    assert {c for c in bare[0] if c} == {c for c in cells[0] if c}


@pytest.mark.parametrize("name", ["source.html", "pandoc.html"])
def test_cells_are_those_of_lxml(name):
    lxml = pytest.importorskip("lxml.html")
    rows = lxml.parse(str(HERE / name)).getroot().findall(".//table")[0].findall(".//tr")
    cells = [[cell.text_content().strip() for cell in row if cell.tag in ("td", "th")] for row in rows]
    (ours,) = html.tables((HERE / name).read_text(encoding="utf-8"))
    bare = [[cell.replace("^{", "").replace("}", "").strip() for cell in row] for row in ours.rows]
    assert bare[1:] == cells[1:]
    assert [c for c in bare[0] if c] in ([c for c in cells[0] if c], ["Fixed effects", "Fixed effects", "SAR"])
