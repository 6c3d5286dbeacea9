"""Weights in tables of cells, whatever program keeps them: lists of links, square matrices with labels and without."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._files.numbers import MISSING, Writing, sniffed
from spatialconv._files.spreadsheet import unguarded
from spatialconv._files.text import numbered_lines
from spatialconv._options import first
from spatialconv.errors import AlignmentError, FileError
from spatialconv.weights._graph import Labelled, assemble, positions

Edges = list[tuple[str, str, float]]
SEPARATORS = (";", "\t", "|", ",", " ")
_OURS = ["focal", "neighbor", "weight"]


@dataclass(frozen=True)
class Ask:
    """What a file of weights does not say itself: see `weights.read`."""

    encoding: str = "utf-8-sig"
    labels: tuple[str, ...] = ()
    sheet: str = ""
    sep: str = ""
    decimal: str = ""
    matrix: str = ""


def from_edges(
    edges: Edges, own: list[str], wanted: pd.Index | None, path: Path, expected: int = 0, notes: tuple[str, ...] = ()
) -> Labelled:
    """Assemble links between labels in text; `own` are those of the file, in its order."""
    own = list(dict.fromkeys(own))
    if "" in own:
        raise FileError(
            f"{path.name} has a region without a label. A formula in a workbook has none until it is saved."
        )
    if wanted is None:
        if len(own) < expected:
            raise FileError(
                f"{path.name} says {expected} regions and names {len(own)}: those without a neighbour are not in "
                "it. Give regions=[...] with all labels."
            )
        index = typed(own)
    else:
        index = wanted
    text = pd.Index([str(label) for label in (own if wanted is None else wanted)], dtype=object)
    if not text.is_unique:
        same = first(text[text.duplicated()])
        raise AlignmentError(f"regions= are the same as text: {same}; a file cannot tell them apart. Rename them.")
    positions(text, pd.Index(own, dtype=object), of=f"regions of {path.name}", where="regions=")
    i, j = (text.get_indexer(pd.Index([edge[k] for edge in edges], dtype=object)) for k in (0, 1))
    values = np.array([edge[2] for edge in edges], dtype=float)
    return Labelled(assemble(i, j, values, index), index, f"weights from {path.name}", notes)


def typed(own: list[str]) -> pd.Index:
    """Return labels as numbers if all are whole numbers as Python writes them: "007" stays text."""
    if own and all(len(label) < 19 and label.lstrip("-").isdecimal() and str(int(label)) == label for label in own):
        return pd.Index([int(label) for label in own])
    return pd.Index(own)


def rows_of_text(text: str, path: Path, ask: Ask) -> list[list[str]]:
    """Return the cells of a text table, its separator found out unless it is told; lines without any are left out."""
    lines = list(numbered_lines(text, 60))
    sep = ask.sep or _separator(lines)
    if len(sep) != 1:
        raise FileError(f"sep must be one sign such as ';'; got {sep!r}.")
    if sep == " ":
        return [line.split() for line in text.splitlines() if line.strip()]
    try:
        # Line breaks inside of quotes are kept as they are.
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=sep))
    except csv.Error as error:
        raise FileError(f"{path.name} is no table: {error}.") from error
    return [row for row in rows if row]


def _separator(lines: list[str]) -> str:
    """Return the sign that parts the cells so that lines are alike and most cells are numbers."""
    best, found = (False, 0.0, 0.0), ","
    for sep in SEPARATORS:
        try:
            rows = [row for row in csv.reader([line.strip(" \r\n") for line in lines], delimiter=sep) if row]
        except csv.Error:
            continue
        rows = [line.split() for line in lines if line.strip()] if sep == " " else rows
        if len(rows) < 2 or len(rows[1]) < 2:
            continue
        widths = [len(row) for row in rows]
        cells = [cell.strip() for row in rows[1:] for cell in row[1:]]
        numbers = sum(bool(re.fullmatch(r"[+-]?[0-9.]*,?[0-9]*(?:[eE][+-]?[0-9]+)?", cell)) for cell in cells)
        score = (True, widths.count(widths[1]) / len(widths), numbers / max(len(cells), 1))
        if score > best:
            best, found = score, sep
    return found


def from_cells(rows: Sequence[Sequence[Any]], wanted: pd.Index | None, path: Path, ask: Ask) -> Labelled:
    """Return the weights in a table of cells: a list of links, or a square matrix.

    Raises
    ------
    FileError
        If it is neither, or a matrix without labels and `labels` do not say their order.
    """
    if not rows:
        raise FileError(f"{path.name} is no table: it has no cells.")
    raw = [[cell if isinstance(cell, str) else _text(cell) for cell in row] for row in rows]
    # What `write` writes, cell by cell as it stands: a label may begin or end with blanks.
    ours = raw[0] == _OURS
    strip: Callable[[str], str] = unguarded if ours else str.strip
    header, body = [strip(cell) for cell in raw[0]], [[strip(cell) for cell in row] for row in raw[1:]]
    lower = [name.lower() for name in header]
    other = next((name for name in ("neighbor", "neighbour") if name in lower), "")
    body = [row + [""] * (len(header) - len(row)) for row in body]
    if "focal" in lower and other:
        return _links(header, body, lower.index("focal"), lower.index(other), wanted, path, ask)
    return _square(header, body, wanted, path, ask)


def _text(cell: Any) -> str:
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    if isinstance(cell, (float, np.floating)):
        return str(int(cell)) if float(cell).is_integer() else repr(float(cell))
    return str(cell)


def _links(
    header: list[str], body: list[list[str]], i: int, j: int, wanted: pd.Index | None, path: Path, ask: Ask
) -> Labelled:
    lower = [name.lower() for name in header]
    k = lower.index("weight") if "weight" in lower else -1
    way = _writing([row[k] for row in body] if k >= 0 else [], path, ask)
    values = numbers([row[k] for row in body], header[k], path, way) if k >= 0 else [1.0] * len(body)
    # A region listed with no neighbour is an island, as one linked to itself with weight zero is.
    edges = [(row[i], row[j], value) for row, value in zip(body, values, strict=True) if row[j]]
    return from_edges(edges, [*(row[i] for row in body), *(row[j] for row in body if row[j])], wanted, path)


def _square(header: list[str], body: list[list[str]], wanted: pd.Index | None, path: Path, ask: Ask) -> Labelled:
    n, width = len(body), len(header)
    even = all(len(row) == width for row in body)
    rows, columns = [row[0] for row in body], header[1:]
    if even and n and set(rows) == set(columns) and len(rows) == len(columns):
        return _matrix([row[1:] for row in body], rows, columns, wanted, path, ask)
    if even and n + 1 == width and all(_is_number(cell) for cell in header):
        return _unlabelled([header, *body], wanted, path, ask)
    # Names of columns that say nothing of the regions, over the matrix alone: v1, v2, …
    if even and n == width and ask.labels:
        return _unlabelled(body, wanted, path, ask)
    # The same beside a column of labels: the columns are in the order of the rows, as Stata has them.
    if even and n and n + 1 == width and len(set(rows)) == n and _numbered(columns):
        return _matrix([row[1:] for row in body], rows, rows, wanted, path, ask)
    raise FileError(
        f"{path.name} is neither a list of links (columns focal, neighbor, weight) nor a square matrix with the "
        f"same labels in its first column and first line: it has {n:,} rows and columns {first(columns)}. A matrix "
        "without labels takes labels=[...] in the order of its rows."
    )


def _is_number(cell: str) -> bool:
    return Writing().matches(cell) or Writing(",").matches(cell)


def _numbered(columns: list[str]) -> bool:
    """Whether names of columns are one word with the numbers from 1 on: v1, v2, v3, or W_1, W_2."""
    stem = re.sub(r"[0-9]+$", "", columns[0]) if columns else ""
    return columns == [f"{stem}{k}" for k in range(1, len(columns) + 1)]


def _unlabelled(cells: list[list[str]], wanted: pd.Index | None, path: Path, ask: Ask) -> Labelled:
    n = len(cells)
    if not ask.labels:
        raise FileError(
            f"{path.name} holds {n} x {n} numbers and no labels: give labels=[...] in the order of its rows."
        )
    if len(ask.labels) != n:
        raise FileError(f"{path.name} holds a matrix of {n:,} x {n:,}; {len(ask.labels)} labels were given.")
    own = list(ask.labels)
    return _matrix(cells, own, own, wanted, path, ask)


def _matrix(
    cells: list[list[str]], rows: list[str], columns: list[str], wanted: pd.Index | None, path: Path, ask: Ask
) -> Labelled:
    way = _writing([cell for row in cells for cell in row], path, ask)
    values = np.array([numbers([row[k] for row in cells], name, path, way) for k, name in enumerate(columns)]).T
    i, j = np.nonzero(values)
    edges = [(rows[a], columns[b], float(values[a, b])) for a, b in zip(i, j, strict=True)]
    return from_edges(edges, rows, wanted, path)


def _writing(cells: list[str], path: Path, ask: Ask) -> Writing:
    return sniffed({"weights": set(cells)}, decimal=ask.decimal, thousands="none", sep=",", name=path.name)


def numbers(cells: list[str], name: str, path: Path, way: Writing) -> list[float]:
    """Return the numbers in cells, NaN where there is none, or name what is no number."""
    found = []
    odd = []
    for cell in cells:
        text = cell.strip()
        if way.matches(text):
            found.append(way.value(text))
        elif text.lower() in ("inf", "-inf", "infinity"):
            found.append(float(text))
        else:
            found.append(np.nan)
            if text not in MISSING:
                odd.append(cell)
    if odd:
        raise FileError(f"{path.name}: weights in {name!r} that are no numbers: {first(odd)}.")
    return found
