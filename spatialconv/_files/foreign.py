"""Tables of R (.rds, .RData), by the library of an extra; damage is said in words."""

from __future__ import annotations

import bz2
import gzip
import lzma
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pandas as pd

from spatialconv._extras import extra
from spatialconv._files.regular import MEGABYTE
from spatialconv._files.typed import damaged, not_by_its_bytes, refuse_large
from spatialconv._options import first
from spatialconv.errors import FileError

R_ENDINGS = (".rds", ".rdata", ".rda")
# Unpacked; a packed file of a few kilobytes may claim any size.
MOST_BYTES = 1000 * MEGABYTE
_PACKED: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
}
_SAVED = (b"RDX2\n", b"RDX3\n", b"RDA2\n", b"RDA3\n")
_SERIAL = (b"X\n", b"A\n", *_SAVED)


def read_r(file: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the data frame of a file written by saveRDS or save, and notes.

    Factors become their labels, dates and times what they are; a data frame of any class (tibble, data.table,
    pdata.frame) is read as the data frame that it is. Row names are not kept.

    Raises
    ------
    FileError
        If it is no such file, a damaged one, or holds no data frame, or several.
    """
    with extra("rdata", file.name):
        raw = _unpacked(file)
        if not raw.startswith(_SERIAL):
            raise not_by_its_bytes(file, "a file of saveRDS or save")
        try:
            with warnings.catch_warnings():
                # Of classes that it does not know: what they are made of is returned, which is what is wanted.
                warnings.simplefilter("ignore")
                found = _objects(raw)
        except ImportError:
            raise
        except Exception as error:
            raise damaged(file, "file of R", error) from error
    frames = {str(name): value for name, value in found.items() if isinstance(value, pd.DataFrame)}
    if len(frames) != 1:
        others = f"no data frame but {first([type(value).__name__ for value in found.values()])}"
        held = first(list(frames)) if frames else others
        raise FileError(
            f"{file.name} must hold one data frame; got {held}. Write the one that is meant in R by "
            "saveRDS(x, 'panel.rds')."
        )
    (name, frame), *_ = frames.items()
    notes = [f"of its {len(found):,} objects the data frame {name!r} is read"] if len(found) > 1 else []
    frame = pd.DataFrame({str(c): _plain(frame[c]) for c in frame.columns}).reset_index(drop=True)
    refuse_large(file, *frame.shape)
    return frame, tuple(f"{file.name}: {note}" for note in notes)


def _unpacked(file: Path) -> bytes:
    with file.open("rb") as held:
        head = held.read(6)
        held.seek(0)
        way = next((way for sign, way in _PACKED.items() if head.startswith(sign)), None)
        try:
            raw = cast(bytes, (way(held) if way else held).read(MOST_BYTES + 1))
        except Exception as error:  # each of the three has errors of its own
            raise damaged(file, "file of R", error) from error
    if len(raw) > MOST_BYTES:
        raise FileError(
            f"{file.name} unpacks to more than {MOST_BYTES // MEGABYTE:,} MB. Keep only what the analysis needs."
        )
    return raw


def _objects(raw: bytes) -> Mapping[str, Any]:
    rdata = import_module("rdata")
    known = {**rdata.conversion.DEFAULT_CLASS_MAP, "Date": _dates, "POSIXct": _times}
    found = rdata.conversion.convert(rdata.parser.parse_data(raw), constructor_dict=known)
    return cast(Mapping[str, Any], found) if raw.startswith(_SAVED) else {"": found}


def _dates(values: Any, _: Mapping[str, Any]) -> Any:
    return np.array(pd.to_datetime(np.asarray(values, dtype=float), unit="D"))


def _times(values: Any, _: Mapping[str, Any]) -> Any:
    return np.array(pd.to_datetime(np.asarray(values, dtype=float), unit="s"))


def _plain(column: pd.Series) -> pd.Series:
    """Return a column as pandas would have it from elsewhere: text, numbers with NaN, dates."""
    if isinstance(column.dtype, pd.CategoricalDtype) or pd.api.types.is_string_dtype(column.dtype):
        cells = [cell if isinstance(cell, str) else np.nan for cell in column]
        return pd.Series(cells, column.index, dtype=object)
    if pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_integer_dtype(column.dtype):
        lost = column.isna()
        return column.astype(float) if lost.any() else column.astype(column.dtype.name.lower())
    return column
