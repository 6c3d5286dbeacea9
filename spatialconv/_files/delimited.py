"""Tables in text: which sign parts the columns, and every cell as it stands."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._files.text import numbered_lines, read_text
from spatialconv._options import first
from spatialconv.errors import FileError, OptionError

SEPARATORS = (",", ";", "\t", "|")
MOST_COLUMNS = 10_000
_LOOKED_AT = 50
_NAMES = {"\t": "tab", " ": "blanks"}


def separator_name(sep: str) -> str:
    """Return how a separator is called in messages."""
    return _NAMES.get(sep, repr(sep))


def check_separator(sep: str) -> None:
    """Raise OptionError unless the separator is one sign."""
    if sep and (len(sep) != 1 or sep in "\r\n\"'" or sep.isalnum()):
        raise OptionError(f"sep must be one sign such as ';' or a tab; got {sep!r}.")


def read_delimited(
    file: Path, *, keys: tuple[str, ...], sep: str = "", encoding: str = "", skip: int = 0
) -> tuple[pd.DataFrame, str, str]:
    """Return the cells of a table as text, labelled by the line they stand in, the separator and the encoding.

    Parameters
    ----------
    file : Path
        .csv, .tsv, .txt or one of these packed as .gz.
    keys : names
        Columns that must be there: the separator is the one by which the first line has them.
    sep, encoding : str
        "" to find out.
    skip : int
        Lines above the names of the columns.

    Raises
    ------
    FileError
        If the file is no table, or has more than 10,000 columns.
    """
    check_separator(sep)
    text, used = read_text(file, encoding)
    lines = list(numbered_lines(text, skip + _LOOKED_AT))
    if lines[:1] and lines[0].strip().lower().startswith("sep=") and len(lines[0].strip()) == 5:
        sep, skip = sep or lines[0].strip()[4], max(skip, 1)  # Excel's own word about it
    while skip < len(lines) and not lines[skip].strip(" ,;\t|"):
        skip += 1
    if skip >= len(lines):
        raise FileError(f"{file.name} is empty{' below the lines that are skipped' if skip else ''}.")
    _refuse_lines_above(file, lines, keys, skip)
    if not sep:
        sep = _sniffed(lines[skip:], keys, ".tsv" in file.name.lower() or ".tab" in file.name.lower())
    header = _fields(lines[skip], sep, file)
    if len(header) > MOST_COLUMNS:
        raise FileError(f"{file.name} has {len(header):,} columns; {MOST_COLUMNS:,} may be. Is a row a period?")
    first_row = skip + 1
    while first_row < len(lines) and not lines[first_row].strip():
        first_row += 1  # pandas takes blank lines before all others for an empty file
    rows = _rows(text, sep, first_row, file)
    width = max(rows.shape[1], len(header))
    if width == len(header) + 1 and rows[width - 1].notna().any():
        header = ["", *header]  # R writes names of rows without a name above them
    rows = rows.reindex(columns=range(width), fill_value=np.nan)
    rows.columns = pd.Index([*header, *[""] * (width - len(header))])
    rows.index = pd.Index(range(first_row + 1, first_row + 1 + len(rows)))
    return rows, sep, used


def _refuse_lines_above(file: Path, lines: list[str], keys: tuple[str, ...], skip: int) -> None:
    """Raise where the names of the columns stand further down, below a title or a source."""
    for k, line in enumerate(lines[skip:], skip):
        parts = ({part.strip().strip('"').strip() for part in line.split(sep)} for sep in SEPARATORS)
        if not any(set(keys) <= part for part in parts):
            continue
        if k > skip:
            raise FileError(f"{file.name} has the names of its columns in line {k + 1}, below others. Say skip = {k}.")
        return


def _rows(text: str, sep: str, above: int, file: Path) -> pd.DataFrame:
    try:
        # Every line is kept, so that a row has the number of its line.
        return pd.read_csv(
            io.StringIO(text, newline=""),
            sep=sep,
            dtype=str,
            header=None,
            skiprows=above,
            keep_default_na=False,
            na_filter=True,
            na_values=[],
            skip_blank_lines=False,
            skipinitialspace=True,
            names=None,
        )
    except pd.errors.EmptyDataError as error:
        raise FileError(f"{file.name} has names of columns and no row below them.") from error
    except (pd.errors.ParserError, ValueError) as error:
        why = str(error).strip().splitlines()[-1].removeprefix("Error tokenizing data. C error: ")
        raise FileError(
            f"{file.name} is no table parted by {separator_name(sep)}: {why}. Say sep = another sign, or mend the line."
        ) from error


def _sniffed(lines: list[str], keys: tuple[str, ...], tabs: bool) -> str:
    """Return the separator by which the first line has the keys and most lines have as many fields as it."""
    best, found = (-1, -1.0, -1), ","
    order = ("\t", *SEPARATORS) if tabs else SEPARATORS
    for sep in order:
        try:
            fields = list(csv.reader(lines, delimiter=sep, skipinitialspace=True))
        except csv.Error:
            continue
        header = [name.strip() for name in fields[0]] if fields else []
        known = sum(key in header for key in keys)
        wide = [len(row) for row in fields[1:] if row]
        alike = sum(count == len(header) for count in wide) / len(wide) if wide and len(header) > 1 else 0.0
        score = (known, alike, len(header))
        if score > best:
            best, found = score, sep
    if best[0] < len(keys) and best[2] <= 1:
        split = [line.split() for line in lines if line.strip()]
        if len(split[0]) > 1 and all(len(row) in (len(split[0]), len(split[0]) + 1) for row in split):
            return " "
    return found


def _fields(line: str, sep: str, file: Path) -> list[str]:
    try:
        fields = next(csv.reader([line], delimiter=sep, skipinitialspace=True), [])
    except csv.Error as error:
        raise FileError(f"{file.name} is no table: {error} in the line with the names of the columns.") from error
    return [name.strip() for name in fields]


def _nothing(cell: Any) -> bool:
    return not cell.strip() if isinstance(cell, str) else bool(pd.isna(cell))


def named_columns(frame: pd.DataFrame, name: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows that hold anything, under names each of which stands once, and notes on what went.

    Columns without a name that are empty are those that a spreadsheet or a trailing comma leaves; one that holds
    something is called `column 3`.

    Raises
    ------
    FileError
        If two columns have one name.
    """
    notes = []
    columns = [str(column).strip() if column is not None else "" for column in frame.columns]
    kept = [k for k, column in enumerate(columns) if column or not all(map(_nothing, frame.iloc[:, k]))]
    named = [columns[k] or f"column {k + 1}" for k in kept]
    unnamed = [column for k, column in zip(kept, named, strict=True) if not columns[k]]
    if unnamed:
        notes.append(f"columns of {name} without a name: {first(unnamed)}, as they are called here")
    twice = sorted({column for column in named if named.count(column) > 1})
    if twice:
        raise FileError(f"{name} has more than one column named {first(twice)}. Rename or remove one of each.")
    rows = np.ones(len(frame), dtype=bool)
    # Only rows whose first cell is empty can be so altogether.
    lead = frame.iloc[:, 0] if frame.shape[1] else []
    for row in np.flatnonzero([_nothing(cell) for cell in lead]):
        rows[row] = not all(map(_nothing, frame.iloc[row]))
    if not rows.all():
        places = list(frame.index[~rows])
        last = int(np.flatnonzero(rows)[-1]) if rows.any() else -1
        inner = [place for k, place in enumerate(places) if np.flatnonzero(~rows)[k] < last]
        if inner:
            notes.append(f"empty rows of {name}: {first(inner)} (as the file counts them); left out")
    found = frame.iloc[np.flatnonzero(rows), kept].copy()
    found.columns = pd.Index(named)
    if not len(found):
        raise FileError(f"{name} has names of columns and no row below them.")
    return found, tuple(notes)
