"""Sheets of .xlsx workbooks: cells as they are, and the sheet that is meant."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._extras import extra
from spatialconv._files.delimited import MOST_COLUMNS
from spatialconv._files.regular import MEGABYTE
from spatialconv._options import first
from spatialconv.errors import FileError, MissingExtraError

MOST_UNPACKED = 2000 * MEGABYTE


def read_workbook(file: Path, *, keys: tuple[str, ...], sheet: str = "", skip: int = 0) -> tuple[pd.DataFrame, str]:
    """Return the cells of a sheet, labelled by their rows as Excel counts them, and the name of the sheet.

    Without `sheet`, the only one, or the only one that has the keys among its columns.

    Raises
    ------
    FileError
        If it is no workbook, or the sheet is not there or cannot be told.
    """
    frames = {name: _below(frame, skip) for name, frame in sheets(file, sheet).items()}
    fitting = {name: frame for name, frame in frames.items() if frame is not None}
    if not fitting:
        raise FileError(f"{file.name} has no rows{f' in the sheet {sheet!r}' if sheet else ''}.")
    if len(fitting) > 1:
        with_keys = {name: frame for name, frame in fitting.items() if set(keys) <= {*frame.columns}}
        if len(with_keys) != 1:
            raise FileError(
                f"{file.name} has the sheets {first(list(frames), 8)}; {len(with_keys)} of them have the columns "
                f"{first(keys)}. Say which, for example sheet = {next(iter(frames))!r}."
            )
        fitting = with_keys
    name, found = next(iter(fitting.items()))
    if found.shape[1] > MOST_COLUMNS:
        raise FileError(f"{file.name} has {found.shape[1]:,} columns; {MOST_COLUMNS:,} may be. Is a row a period?")
    return found, name


def sheets(file: Path, sheet: str = "") -> dict[str, pd.DataFrame]:
    """Return the cells of one sheet or of all, by name, as they are.

    Raises
    ------
    FileError
        If it is no workbook, unpacks to more than 2,000 MB, or has no such sheet.
    """
    with extra("openpyxl", file.name):
        return _sheets(file, sheet)


def _sheets(file: Path, sheet: str) -> dict[str, pd.DataFrame]:
    try:
        with zipfile.ZipFile(file) as archive:
            total = sum(member.file_size for member in archive.infolist())
        if total > MOST_UNPACKED:
            raise FileError(
                f"{file.name} unpacks to {total / MEGABYTE:,.0f} MB; {MOST_UNPACKED / MEGABYTE:,.0f} MB may be."
            )
        with warnings.catch_warnings(), pd.ExcelFile(file, engine="openpyxl") as book:
            warnings.simplefilter("ignore")  # remarks on styles and validations, which are not read
            known = [str(name) for name in book.sheet_names]
            if sheet and sheet not in known:
                raise FileError(f"{file.name} has no sheet {sheet!r}; it has {first(known, 8)}.")
            wanted = [sheet] if sheet else known
            plain: dict[str, Any] = {"header": None, "dtype": object, "keep_default_na": False, "na_values": []}
            return {name: pd.read_excel(book, sheet_name=name, **plain) for name in wanted}
    except (FileError, MissingExtraError, ImportError):
        raise
    # A damaged workbook raises whatever its archive, its XML or its styles happen to trip over.
    except Exception as error:
        why = str(error).strip().splitlines()
        raise FileError(
            f"{file.name} cannot be read as a workbook: {why[0][:200] if why else type(error).__name__}. Open it in a "
            "spreadsheet and save it again as .xlsx, or as .csv."
        ) from error


def _below(cells: pd.DataFrame, skip: int) -> pd.DataFrame | None:
    """Return what stands below the names of the columns; None if nothing does."""
    blank = cells.isna() | cells.map(lambda cell: isinstance(cell, str) and not cell.strip())
    rows = np.flatnonzero(~blank.all(axis=1).to_numpy())
    rows = rows[rows >= skip]
    if len(rows) < 2:
        return None
    top = int(rows[0])
    found = cells.iloc[top + 1 :].copy()
    found.columns = pd.Index([_name(cell) for cell in cells.iloc[top]])
    found.index = pd.Index(range(top + 2, top + 2 + len(found)))
    return found


def _name(cell: Any) -> str:
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    # A year above a column is a number to Excel.
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()
