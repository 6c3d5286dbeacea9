"""Tables of programs that know types: Stata's .dta, .feather and .parquet; damage is said in words."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._extras import extra
from spatialconv._files.delimited import MOST_COLUMNS
from spatialconv._files.encoding import known_encoding
from spatialconv.errors import FileError, MissingExtraError

MOST_CELLS = 300_000_000


def read_stata(file: Path, encoding: str = "") -> tuple[pd.DataFrame, dict[str, str], tuple[str, ...]]:
    """Return the data of a .dta file, the labels of its variables, and notes.

    Values that all have labels become the labels, as Stata shows them; a column in which only some have (99 for "not
    known") stays numbers. `encoding` is that of text before Stata 14, which does not say it.

    Raises
    ------
    FileError
        If it is no Stata file, or a damaged one.
    """
    with file.open("rb") as held:
        head = held.read(64)
    if not (head.startswith(b"<stata_dta>") or (len(head) > 4 and 102 <= head[0] <= 115 and head[1] in (1, 2))):
        raise not_by_its_bytes(file, "a Stata file")
    try:
        with pd.read_stata(file, iterator=True) as reader:
            labels = {str(name): str(text) for name, text in reader.variable_labels().items() if str(text).strip()}
        plain = pd.read_stata(file, convert_categoricals=False)
        refuse_large(file, *plain.shape)
        if not plain.columns.is_unique:
            raise ValueError("two of its variables have one name")
        try:
            labelled = pd.read_stata(file, convert_categoricals=True, order_categoricals=False)
        except ValueError:  # two values with one label
            labelled = plain
    except (FileError, MissingExtraError):
        raise
    except Exception as error:
        raise damaged(file, "Stata file", error) from error
    notes = [] if labelled is not plain else ["two values of a variable have one label: values are kept, not labels"]
    old = re.search(rb"<release>(\d+)</release>", head)
    recode = ""
    if (int(old[1]) if old else head[0]) < 118:
        texts = {text for name in plain.columns for text in _texts(labelled[name])} | {*plain.columns, *labels.values()}
        if encoding and not known_encoding(encoding):
            raise FileError(f"{file.name} cannot be read as {encoding}: Python knows no such encoding.")
        recode = encoding or _unsaid(texts)
        if not recode and not all(text.isascii() for text in texts):
            notes.append("text read as latin-1, since such old files do not say; if it looks garbled, say encoding")
    found: dict[str, Any] = {}
    for name in plain.columns:
        column = labelled[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            if all(isinstance(label, str) for label in column.cat.categories):
                column = pd.Series(
                    [label if isinstance(label, str) else np.nan for label in column], column.index, dtype=object
                )
            else:
                notes.append(f"{name!r}: only some of its values have labels; values are kept")
                column = plain[name]
        if recode and (column.dtype == object or isinstance(column.dtype, pd.StringDtype)):
            column = column.map(lambda text: _recoded(text, recode, file), na_action="ignore")
        found[str(name)] = column
    if recode:
        labels = {_recoded(k, recode, file): _recoded(v, recode, file) for k, v in labels.items()}
        found = {_recoded(name, recode, file): column for name, column in found.items()}
    return pd.DataFrame(found), labels, tuple(f"{file.name}: {note}" for note in notes)


def _texts(column: pd.Series) -> set[str]:
    held = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else column
    return {cell for cell in held if isinstance(cell, str)} if not pd.api.types.is_numeric_dtype(held.dtype) else set()


def _unsaid(texts: set[str]) -> str:
    """Return "utf-8" if text beyond ASCII that was taken for Latin-1 is that: by chance it never is."""
    try:
        beyond = [text.encode("latin-1").decode("utf-8") for text in texts if not text.isascii()]
    except UnicodeError:
        return ""
    return "utf-8" if beyond else ""


def _recoded(text: Any, encoding: str, file: Path) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return text.encode("latin-1").decode(encoding)
    except UnicodeError as error:
        raise FileError(f"{file.name} cannot be read as {encoding}: {text[:40]!r} is no text in it.") from error


def read_arrow(file: Path) -> pd.DataFrame:
    """Return the data of a .feather or .parquet file; an index that was written with it becomes columns again.

    Raises
    ------
    FileError
        If it is none, or a damaged one.
    """
    with extra("pyarrow", file.name):
        try:
            frame = _arrow(file)
        except (FileError, MissingExtraError, ImportError):
            raise
        except Exception as error:
            raise damaged(file, f"{file.suffix.lower()} file", error) from error
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    return frame


def _arrow(file: Path) -> pd.DataFrame:
    with file.open("rb") as held:
        head = held.read(6)
    if file.suffix.lower() in (".parquet", ".geoparquet"):
        if head[:4] != b"PAR1":
            raise not_by_its_bytes(file, "a parquet file")
        return _frame(read_whole(file))
    if head[:4] not in (b"ARRO", b"FEA1"):
        raise not_by_its_bytes(file, "a feather file")
    table = import_module("pyarrow.feather").read_table(file, memory_map=False)
    table.validate(full=True)
    return _frame(table)


def read_whole(file: Path) -> Any:
    """Return the table of a parquet file, of a size that is stated, every value of it held against its type.

    Places in columns of text and bytes are taken on trust until asked about: on a damaged file that ends in a SIGSEGV.
    """
    parquet = import_module("pyarrow.parquet")
    said = parquet.read_metadata(file)
    refuse_large(file, said.num_rows, said.num_columns)
    table = parquet.ParquetFile(file).read()
    table.validate(full=True)
    return table


def _frame(table: Any) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    return frame


def refuse_large(file: Path, rows: int, columns: int) -> None:
    if columns > MOST_COLUMNS or rows * columns > MOST_CELLS:
        raise FileError(
            f"{file.name} has {rows:,} rows and {columns:,} columns; {MOST_COLUMNS:,} columns and {MOST_CELLS:,} cells "
            "may be. Keep only what the analysis needs."
        )


def not_by_its_bytes(file: Path, what: str) -> FileError:
    return FileError(f"{file.name} cannot be read: it is not {what}, by its first bytes. Export it again.")


def damaged(file: Path, what: str, error: Exception) -> FileError:
    why = str(error).strip().splitlines()
    return FileError(
        f"{file.name} cannot be read as a {what}: {why[0][:200] if why else type(error).__name__}. Export it again."
    )
