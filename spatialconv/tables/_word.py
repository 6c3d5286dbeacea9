"""Tables in Word: three lines, heads on every page, stars raised, caption above and notes below."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

from spatialconv._extras import extra
from spatialconv._language import current, say
from spatialconv.tables._archive import same_bytes
from spatialconv.tables._cells import STARRED
from spatialconv.tables._latex import Grid, text_width

FONT, EASY, SMALLEST = 9.0, 8.0, 6.5  # points; below EASY only on a turned page
UPRIGHT, TURNED = 451.0, 697.0  # pt of a page of A4 with margins of 2.54 cm, upright and turned
_PAD = 8.0  # pt that Word leaves beside the text of a cell


def to_docx(grid: Grid, *, caption: str, notes: Sequence[str], rules: Sequence[int]) -> bytes:
    """Return a document with one table; the same table gives the same bytes."""
    with extra("docx", "a table for Word"):
        from docx import Document
        from docx.enum.section import WD_ORIENT
        from docx.enum.table import WD_TABLE_ALIGNMENT
        from docx.oxml.ns import qn
        from docx.shared import Cm, Pt
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21.0), Cm(29.7)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(2.54)
    widths, size, turned = _widths(grid)
    if turned:
        section.orientation = WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = Cm(29.7), Cm(21.0)
    document.styles["Normal"].font.name = "Times New Roman"
    document.styles["Normal"].font.size = Pt(FONT)
    if current() == "zh":
        # Without a font for it Word sets Chinese in whatever it finds.
        document.styles["Normal"].element.rPr.rFonts.set(qn("w:eastAsia"), "SimSun")
    if caption:
        _paragraph(document.add_paragraph(), caption, size=10.0, bold=True, keep=True, after=4.0)
    made = document.add_table(rows=len(grid.rows) + 1, cols=len(grid.header))
    made.alignment, made.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    for column, width in zip(made.columns, widths, strict=True):
        column.width = Pt(width)
    for k, (row, texts) in enumerate(zip(made.rows, (grid.header, *grid.rows), strict=True)):
        _row(row, head=k == 0)
        above = 8 if k == 0 else 4 if k == 1 or k - 1 in rules else 0
        below = 8 if k == len(grid.rows) else 0
        # The cells once: python-docx looks for them anew at every call.
        for cell, text, align, width in zip(row.cells, texts, grid.align, widths, strict=True):
            cell.width = Pt(width)
            _ruled(cell, above, below)
            _paragraph(cell.paragraphs[0], text, size=size, align=align, keep=k == 0)
    if notes:
        said = say("Notes: {notes}", notes=say(" ").join(map(_stopped, notes)))
        _paragraph(document.add_paragraph(), said, size=8.0, before=4.0)
    file = io.BytesIO()
    document.save(file)
    return same_bytes(file.getvalue())


def _widths(grid: Grid) -> tuple[list[float], float, bool]:
    """Return the widths of columns in pt, the size of type, and whether the page is turned."""
    columns = [[grid.header[k], *(row[k] for row in grid.rows)] for k in range(len(grid.header))]
    natural = [max(map(text_width, column)) / 10.0 for column in columns]  # at 1 pt
    words = [max([text_width(word) / 10.0 for text in column for word in text.split(" ")]) for column in columns]
    least = [
        max(w, max([text_width(text) / 10.0 for text in column[1:]], default=0.0)) if align == "r" else w
        for w, column, align in zip(words, columns, grid.align, strict=True)
    ]
    for room, turned in ((UPRIGHT, False), (TURNED, True)):
        size = FONT
        while size >= (SMALLEST if turned else EASY):
            inside = (room - _PAD * len(columns)) / size
            if sum(least) <= inside:
                wish = [n - s for n, s in zip(natural, least, strict=True)]
                share = min(1.0, (inside - sum(least)) / sum(wish)) if sum(wish) > 0 else 0.0
                return [(s + share * w) * size + _PAD for s, w in zip(least, wish, strict=True)], size, turned
            size -= 0.5
    return [TURNED / len(columns)] * len(columns), SMALLEST, True


def _stopped(text: str) -> str:
    return text if text.endswith((".", "!", "?", "\u3002")) else text + say(".")


def _paragraph(
    paragraph: Any,
    text: str,
    *,
    size: float,
    align: str = "l",
    bold: bool = False,
    keep: bool = False,
    before: float = 0.0,
    after: float = 0.0,
) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    form = paragraph.paragraph_format
    form.space_before, form.space_after, form.keep_with_next = Pt(before), Pt(after), keep
    form.line_spacing = 1.0
    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT if align == "r" else WD_ALIGN_PARAGRAPH.LEFT
    found = STARRED.fullmatch(text)
    for part, raised in ((found["figure"], False), (found["stars"], True)) if found else ((text, False),):
        run = paragraph.add_run(_written(part))
        run.font.size, run.bold = Pt(size), bold
        run.font.superscript = raised or None


def _written(text: str) -> str:
    # What XML cannot hold, Word cannot open.
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "\ufffd", text)


def _row(row: Any, *, head: bool) -> None:
    """Keep a row on one page, and repeat the heads on each."""
    from docx.oxml import OxmlElement

    properties = row._tr.get_or_add_trPr()
    properties.append(OxmlElement("w:cantSplit"))
    if head:
        properties.append(OxmlElement("w:tblHeader"))


def _ruled(cell: Any, above: int, below: int) -> None:
    """Draw the lines above and below a cell, in eighths of a point."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    borders = OxmlElement("w:tcBorders")
    for side, width in (("top", above), ("bottom", below)):
        if width:
            line = OxmlElement(f"w:{side}")
            for name, value in (("val", "single"), ("sz", str(width)), ("space", "0"), ("color", "000000")):
                line.set(qn(f"w:{name}"), value)
            borders.append(line)
    if len(borders):
        cell._tc.get_or_add_tcPr().append(borders)
