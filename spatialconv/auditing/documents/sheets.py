"""Tables of CSV and Excel files; an esttab .csv writes its cells as ="0.5***", which is undone."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from importlib import import_module

from spatialconv._extras import extra
from spatialconv.auditing.documents.raw import (
    LONGEST_CELL,
    MOST_COLUMNS,
    MOST_ROWS,
    MOST_TABLES,
    MOST_UNPACKED,
    RawTable,
)
from spatialconv.errors import FileError

_FORMULA = re.compile(r'^="(.*)"$', re.DOTALL)


def of_csv(text: str, name: str) -> list[RawTable]:
    """Return the tables of a CSV file, set apart by blank lines, whatever separates its cells."""
    sample = [line for line in text.splitlines()[:200] if line.strip()]
    counts = {mark: [line.count(mark) for line in sample] for mark in ("\t", ";", ",", "|")}
    # A comma may be that of decimals: another mark that every line has says so.
    mark = next((m for m in ("\t", ";", "|") if counts[m] and sum(c > 0 for c in counts[m]) * 2 > len(sample)), ",")
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text), delimiter=mark):
            rows.append([_plain(cell) for cell in row[:MOST_COLUMNS]])
            if len(rows) > MOST_ROWS * 4:
                break
    except csv.Error as error:
        raise FileError(f"cannot read {name!r} as CSV: {error}.") from error
    return apart(rows)


def _plain(cell: str) -> str:
    found = _FORMULA.match(cell.strip())
    return (found[1] if found else cell).strip()[:LONGEST_CELL]


def apart(rows: list[list[str]]) -> list[RawTable]:
    """Set tables apart at blank rows; lines of one cell above a table are its caption, below its notes."""
    blocks: list[list[list[str]]] = [[]]
    for row in rows:
        if any(row):
            blocks[-1].append(row)
        elif blocks[-1]:
            blocks.append([])
    found: list[RawTable] = []
    above: list[str] = []
    for block in blocks:
        wide = [row for row in block if sum(bool(c) for c in row) > 1]
        if not wide:
            lines = [" ".join(c for c in row if c) for row in block]
            above = lines
            if found:
                found[-1].notes += lines
            continue
        first = block.index(wide[0])
        last = len(block) - 1 - block[::-1].index(wide[-1])
        caption = [*above[-1:], *(" ".join(c for c in row if c) for row in block[:first])]
        if len(found) < MOST_TABLES:
            width = max(len(row) for row in block)
            held = [row + [""] * (width - len(row)) for row in block[first : last + 1]][:MOST_ROWS]
            notes = [" ".join(c for c in row if c) for row in block[last + 1 :]]
            found.append(RawTable(held, caption[-1] if caption else "", notes))
        above = []
    return found


def of_excel(held: bytes, name: str) -> list[RawTable]:
    """Return the tables of every sheet, as shown: a number with the decimals of its format."""
    try:
        with zipfile.ZipFile(io.BytesIO(held)) as archive:
            if sum(member.file_size for member in archive.infolist()) > MOST_UNPACKED:
                raise FileError(f"cannot read {name!r}: it unpacks into more than {MOST_UNPACKED:,} bytes.")
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise FileError(f"cannot read {name!r}: {error}; save it again as .xlsx.") from error
    with extra("openpyxl", f"reading {name}"):
        load_workbook = import_module("openpyxl").load_workbook
    found: list[RawTable] = []
    try:
        book = load_workbook(io.BytesIO(held), read_only=True, data_only=True)
        for sheet in book.worksheets:
            rows = []
            for row in sheet.iter_rows(max_row=MOST_ROWS, max_col=MOST_COLUMNS):
                rows.append([_shown(cell.value, getattr(cell, "number_format", "General")) for cell in row])
            for table in apart(rows):
                table.caption = table.caption or sheet.title
                found.append(table)
    except Exception as error:  # openpyxl raises whatever a broken workbook makes it
        raise FileError(f"cannot read {name!r}: {str(error)[:200] or type(error).__name__}; save it again.") from error
    return found[:MOST_TABLES]


def _shown(value: object, form: str) -> str:
    """Return a cell as Excel shows it: fixed decimals and per cent; a number without a format in full."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value).strip()[:LONGEST_CELL]
    held = re.match(r"^#?,?#*0(?:\.(0+))?(%?)", str(form or ""))
    if held is None or form == "General":
        return repr(value) if isinstance(value, float) else str(value)
    decimals, percent = len(held[1] or ""), bool(held[2])
    return f"{value * 100 if percent else value:.{decimals}f}{'%' if percent else ''}"
