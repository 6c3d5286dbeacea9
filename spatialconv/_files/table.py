"""A table of anybody's, whatever program wrote it: labels as text, numbers as numbers, the rest as it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._files.delimited import MOST_COLUMNS, check_separator, named_columns, read_delimited, separator_name
from spatialconv._files.foreign import R_ENDINGS, read_r
from spatialconv._files.numbers import MISSING, Writing, as_numbers, check_marks, refuse_odd, sniffed
from spatialconv._files.regular import MEGABYTE, regular_file
from spatialconv._files.typed import read_arrow, read_stata
from spatialconv._files.workbooks import read_workbook
from spatialconv._options import first
from spatialconv.errors import FileError, OptionError, VariableError

AT_MOST = 250 * MEGABYTE
_TEXT = (".csv", ".tsv", ".tab", ".txt")
_ARROW = (".parquet", ".feather")
ENDINGS = (*_TEXT, *(f"{ending}.gz" for ending in _TEXT), ".xlsx", ".dta", *_ARROW, *R_ENDINGS)
_TYPED = (".dta", *_ARROW, *R_ENDINGS)
_MAP = "it is a map: where its columns are the data, give geopandas.read_file(path).drop(columns='geometry') instead"
_OTHERS = {
    **dict.fromkeys((".shp", ".dbf", ".gpkg", ".geojson", ".kml"), _MAP),
    ".xls": "open it in a spreadsheet and save it as .xlsx",
    ".ods": "save it as .xlsx or .csv",
    # The libraries that read these take what a file says of itself on trust, and a damaged one ends the process.
    ".sav": "save it in SPSS as .csv or .dta",
    ".zsav": "save it in SPSS as .csv or .dta",
    ".por": "save it in SPSS as .csv or .dta",
    ".sas7bdat": "write it in SAS by proc export as .csv or .dta",
}


@dataclass(frozen=True)
class Dialect:
    """How a file is to be read where it does not say itself; "" and () find out.

    Attributes
    ----------
    sep : str
        Sign between columns of a text file.
    decimal : "", "." or ","
    thousands : "", ",", ".", " ", "'" or "none"
        What groups thousands; blanks include the narrow ones of typesetters.
    na : tuple of str
        What stands for a missing cell, beside nothing at all and, in columns of numbers, NA, NaN, NULL and the like.
        Never in the columns of regions and periods.
    encoding : str
        Of a text file, or of a .dta from before Stata 14.
    sheet : str
        Of a workbook.
    skip : int
        Lines above the names of the columns.
    """

    sep: str = ""
    decimal: str = ""
    thousands: str = ""
    na: tuple[str, ...] = ()
    encoding: str = ""
    sheet: str = ""
    skip: int = 0

    def __post_init__(self) -> None:
        for key in ("sep", "decimal", "thousands", "encoding", "sheet"):
            if not isinstance(getattr(self, key), str):
                raise OptionError(f"{key} must be text; got {getattr(self, key)!r}.")
        check_marks(self.decimal, self.thousands)
        check_separator(self.sep)


@dataclass(frozen=True, eq=False)
class Read:
    """A table as it was read: its frame, how it was read in words, notes, and labels of variables that it has."""

    frame: pd.DataFrame
    said: str
    notes: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)


def ending_of(file: Path) -> str:
    """Return the ending that tells the format: .csv of panel.csv, .csv.gz of panel.csv.gz."""
    found = "".join(file.suffixes[-2:]).lower()
    return found if found in ENDINGS else file.suffix.lower()


def read_table(
    path: Any,
    dialect: Dialect,
    *,
    text: tuple[str, ...],
    keys: tuple[str, ...],
    numbers: Iterable[str] = (),
    what: str = "panel",
    there: str = "Check the name and the folder.",
) -> Read:
    """Read a table; columns named in `text` hold labels and stay text, those in `numbers` must hold numbers.

    Raises
    ------
    FileError
        If it is no regular file of at most 250 MB, of a format that is read here and undamaged.
    VariableError
        If a column is not there, or one of `numbers` holds anything else; the cells are named.
    OptionError
        If its numbers can be read in two ways.
    """
    known = Path(path) if isinstance(path, str) else path
    ending = ending_of(known) if isinstance(known, Path) else ""
    if ending and ending not in ENDINGS:
        hint = _OTHERS.get(ending, "save it as .csv, for example")
        raise FileError(f"the {what} {known.name!r} must be one of {', '.join(ENDINGS)}; {hint}.")
    file = regular_file(path, what, AT_MOST, there)
    labels: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    sep = ""
    if ending in _TYPED:
        frame, labels, notes = _of_types(file, ending, dialect)
        frame.columns = pd.Index([str(name) for name in frame.columns])
        said = f"{ending} file"
        typed = True
    elif ending == ".xlsx":
        frame, sheet = read_workbook(file, keys=keys, sheet=dialect.sheet, skip=dialect.skip)
        said, typed = f"sheet {sheet!r}", False
    else:
        frame, sep, encoding = read_delimited(
            file, keys=keys, sep=dialect.sep, encoding=dialect.encoding, skip=dialect.skip
        )
        found = "" if dialect.sep else " (found out)"
        said, typed = f"{encoding}, separator {separator_name(sep)}{found}", False
    if frame.shape[1] > MOST_COLUMNS:
        raise FileError(f"{file.name} has {frame.shape[1]:,} columns; {MOST_COLUMNS:,} may be. Is a row a period?")
    if not typed:
        frame, notes = named_columns(frame, file.name)
    _refuse_absent(frame, file.name, keys, tuple(numbers))
    if typed:
        return Read(_typed(frame, dialect, text, file.name), f"{file.name}: {said}", notes, labels)
    frame, way, more = _with_numbers(frame, dialect, sep, text, tuple(numbers), file.name, keys)
    grouped = f", {way}" if way != Writing() or sep == ";" else ""
    return Read(frame, f"{file.name}: {said}{grouped}", (*notes, *more), labels)


def _of_types(file: Path, ending: str, dialect: Dialect) -> tuple[pd.DataFrame, dict[str, str], tuple[str, ...]]:
    if ending == ".dta":
        return read_stata(file, dialect.encoding)
    if ending in R_ENDINGS:
        frame, notes = read_r(file)
        return frame, {}, notes
    return read_arrow(file), {}, ()


def _refuse_absent(frame: pd.DataFrame, name: str, keys: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    lost = [(role, key) for role, key in zip(("region", "period"), keys, strict=False) if key not in frame.columns]
    if len(lost) == 1:
        raise VariableError(
            f"{name} has no column {lost[0][1]!r} for the {lost[0][0]}; it has {first(frame.columns, 8)}."
        )
    absent = [column for column in (*keys, *wanted) if column not in frame.columns]
    if absent:
        raise VariableError(f"{name} has no column {first(absent)}; it has {first(frame.columns, 8)}.")


def _typed(frame: pd.DataFrame, dialect: Dialect, text: tuple[str, ...], name: str) -> pd.DataFrame:
    """Replace what the user says is missing, and take the label columns as text; the types are the file's own."""
    if not frame.columns.is_unique:
        raise FileError(f"{name} has more than one column named {first(frame.columns[frame.columns.duplicated()])}.")
    made = {}
    for column in frame.columns:
        cells = frame[column]
        if column in text or not dialect.na:
            made[column] = cells
        else:
            made[column] = cells.where(~cells.astype(object).map(_text_of).isin(dialect.na), np.nan)
    found = pd.DataFrame(made)
    for column in text:
        if column in found.columns:
            found[column] = as_text(found[column])
    return found


def _text_of(cell: Any) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def _with_numbers(
    frame: pd.DataFrame,
    dialect: Dialect,
    sep: str,
    text: tuple[str, ...],
    numbers: tuple[str, ...],
    name: str,
    keys: tuple[str, ...],
) -> tuple[pd.DataFrame, Writing, tuple[str, ...]]:
    given = frozenset(dialect.na)
    made: dict[str, pd.Series] = {c: label_column(frame[c]) for c in text if c in frame.columns}
    plain = [column for column in frame.columns if column not in made and column not in keys]
    cells = {column: _different(frame[column], given) for column in plain}
    way = sniffed(
        {column: texts for column, texts in cells.items() if _mostly_numbers(texts)},
        decimal=dialect.decimal,
        thousands=dialect.thousands,
        sep=sep,
        name=name,
    )
    notes = []
    for column in frame.columns:
        if column in made:
            continue
        if column in keys:
            made[column] = period_column(frame[column])
            continue
        found = as_numbers(frame[column], way, MISSING | given)
        if found.values is not None:
            made[column] = found.values
            continue
        if found.odd and (column in numbers or found.numbers > len(found.odd)):
            places = [_place(frame, made, keys, text, place) for place, _ in found.odd[:3]]
            if column in numbers:
                refuse_odd(name, column, found, places)
            shown = ", ".join(
                f"{c.strip()[:60]!r} in {p[:200]}" for (_, c), p in zip(found.odd[:3], places, strict=True)
            )
            notes.append(
                f"{name}: {column!r} is text, though {found.numbers} of its cells are numbers; not so "
                f"{len(found.odd)}: {shown}{', …' if len(found.odd) > 3 else ''}"
            )
        elif column in numbers:
            raise VariableError(
                f"{name}: the column {column!r} must hold numbers; its first cells are "
                f"{first([cell for cell in frame[column].tolist() if isinstance(cell, str)][:3])}."
            )
        made[column] = _plain_text(frame[column], given)
    return pd.DataFrame({column: made[column] for column in frame.columns}), way, tuple(notes)


def _different(cells: pd.Series, given: frozenset[str]) -> list[str]:
    """Return the different texts of a column, in their order."""
    return [cell for cell in dict.fromkeys(cells.tolist()) if isinstance(cell, str) and cell not in given]


def _mostly_numbers(texts: list[str]) -> bool:
    """Whether a column may hold numbers in some writing: half of its first different cells begin and end like one."""
    told = [text for text in texts[:10_000] if text.strip() not in MISSING]
    like = [
        text
        for text in told
        if re.fullmatch(r"\s*[+\-\u2212]?[\d.,][\d.,' \u00a0\u202f\u2009\u2019]*([eE][+-]?\d+)?\s*", text)
    ]
    return 2 * len(like) > len(told)


def _place(frame: pd.DataFrame, made: dict[str, Any], keys: tuple[str, ...], text: tuple[str, ...], place: int) -> str:
    labels = [str(frame[key].iloc[place]).strip() for key in (*text, *keys) if key in frame.columns]
    shown = ", ".join(dict.fromkeys(labels))
    del made
    return f"row {frame.index[place]} ({shown})" if shown else f"row {frame.index[place]}"


def _plain_text(cells: pd.Series, missing: frozenset[str]) -> pd.Series:
    def kept(cell: Any) -> Any:
        if isinstance(cell, str):
            stripped = cell.strip()
            return np.nan if not stripped or stripped in missing else stripped
        return cell

    return pd.Series([kept(cell) for cell in cells], index=cells.index, name=cells.name, dtype=object)


def period_column(cells: pd.Series) -> pd.Series:
    """Return the column of periods: whole numbers if all are, dates as dates, else text as it stands."""

    def one(cell: Any) -> Any:
        if isinstance(cell, str):
            return cell.strip() or np.nan
        return cell

    found = [one(cell) for cell in cells]
    told = [cell for cell in found if not (isinstance(cell, float) and np.isnan(cell)) and cell is not None]
    whole = [_whole(cell) for cell in told]
    if told and len(told) == len(found) and all(number is not None for number in whole):
        return pd.Series(np.array(whole, dtype=np.int64), index=cells.index, name=cells.name)
    return pd.Series(found, index=cells.index, name=cells.name, dtype=object)


def _whole(cell: Any) -> int | None:
    if isinstance(cell, str):
        return int(float(cell)) if re.fullmatch(r"[+-]?[1-9][0-9]{0,8}(\.0*)?|0", cell) else None
    if isinstance(cell, bool) or not isinstance(cell, (int, float, np.number)):
        return None
    return int(cell) if float(cell).is_integer() and abs(float(cell)) < 1e9 else None


def label_column(cells: pd.Series) -> pd.Series:
    """Return labels as text, as they stand: "NA", "None" and "null" are labels, only an empty cell is none."""
    return as_text(cells.map(lambda cell: np.nan if isinstance(cell, str) and not cell.strip() else cell))


def as_text(labels: pd.Series) -> pd.Series:
    """Return labels as text: 330100 and 330100.0 become '330100', blanks around them go; missing ones stay."""

    def text(label: Any) -> Any:
        if not isinstance(label, str) and pd.isna(label):
            return np.nan
        number = isinstance(label, (float, np.floating)) and float(label).is_integer()
        return str(int(label)) if number else str(label).strip()

    return pd.Series([text(label) for label in labels], index=labels.index, name=labels.name, dtype=object)


def refuse_dialect(dialect: Dialect, name: str) -> None:
    """Raise OptionError where a frame that is given as such is told how to be read."""
    said = [key for key, value in vars(dialect).items() if value and key != "na"]
    if said:
        raise OptionError(f"{first(said)}: these say how to read a file; {name} is a DataFrame already.")
