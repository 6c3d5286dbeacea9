"""Tables in Excel: as printed on one sheet, all digits on another."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._extras import extra
from spatialconv._language import say
from spatialconv.results import plain
from spatialconv.tables._archive import same_bytes
from spatialconv.tables._cells import width
from spatialconv.tables._latex import Grid

_FIGURE = re.compile("[\u2212-]?\\d+(\\.\\d+)?")
_WIDEST = 60


def to_xlsx(grid: Grid, frame: pd.DataFrame, *, caption: str, notes: Sequence[str], rules: Sequence[int]) -> bytes:
    """Return a workbook with the sheets table and figures; the same table gives the same bytes."""
    with extra("openpyxl", "a table for Excel"):
        from openpyxl import Workbook
        from openpyxl.styles import Alignment, Border, Font, Side
        from openpyxl.utils import get_column_letter
    book = Workbook()
    sheet = book.active
    sheet.title = say("table")
    line = 1
    if caption:
        _write(sheet.cell(1, 1), caption)
        sheet.cell(1, 1).font = Font(bold=True)
        line = 3
    thick, thin = Side(style="medium"), Side(style="thin")
    for k, texts in enumerate((grid.header, *grid.rows)):
        for j, (text, align) in enumerate(zip(texts, grid.align, strict=True)):
            cell = sheet.cell(line + k, j + 1)
            _put(cell, text, figure=align == "r" and k > 0)
            cell.alignment = Alignment(horizontal="right" if align == "r" else "left", vertical="top", wrap_text=k == 0)
            above = thick if k == 0 else thin if k == 1 or k - 1 in rules else None
            cell.border = Border(top=above, bottom=thick if k == len(grid.rows) else None)
            cell.font = Font(bold=k == 0)
    for j in range(len(grid.header)):
        widest = max(width(row[j]) for row in (grid.header, *grid.rows))
        sheet.column_dimensions[get_column_letter(j + 1)].width = min(widest + 2, _WIDEST)
    for k, note in enumerate(notes):
        _write(sheet.cell(line + len(grid.rows) + 2 + k, 1), note)
    sheet.freeze_panes = sheet.cell(line + 1, grid.labels + 1)
    figures = book.create_sheet(say("figures"))
    for j, name in enumerate(frame.columns):
        _write(figures.cell(1, j + 1), str(name))
        figures.cell(1, j + 1).font = Font(bold=True)
        for k, value in enumerate(frame.iloc[:, j]):
            _write(figures.cell(k + 2, j + 1), value)
    file = io.BytesIO()
    book.save(file)
    return same_bytes(file.getvalue())


def _put(cell: Any, text: str, *, figure: bool) -> None:
    """Write a plain figure as a number that shows the same digits, and anything else as text."""
    if figure and _FIGURE.fullmatch(text):
        cell.value = float(text.replace("\u2212", "-"))
        decimals = len(text.partition(".")[2])
        cell.number_format = "0" + ("." + "0" * decimals if decimals else "")
    else:
        _write(cell, text)


def _write(cell: Any, value: Any) -> None:
    """Write a value of a frame; text stays text, even where it begins as a formula does."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and not np.isfinite(value)):
        return
    value = plain(value)
    if isinstance(value, (bool, int, float)):
        cell.value = value
        return
    # Excel opens no file with control characters.
    cell.value = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f]", "\ufffd", str(value))
    cell.data_type = "s"
