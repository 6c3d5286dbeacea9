"""Numbers as people write them: decimal points and commas, groups of thousands, and what they leave in doubt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._options import first
from spatialconv.errors import OptionError, VariableError

DECIMALS = (".", ",")
# What is said -> what may stand in the file: blanks of typesetters, and the apostrophes of the Swiss.
_GROUPS = {",": ",", ".": ".", " ": " \u00a0\u202f\u2009", "'": "'\u2019"}
_MINUS = "\u2212"
# What stands for a missing number in files that programs write. A point, a dash and -99 do so by agreement only, and
# the agreement is told by na=.
MISSING = frozenset({"", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "-nan", "NULL", "null", "None", "<NA>"})


@dataclass(frozen=True)
class Writing:
    """How numbers are written: the sign before the decimals, and what groups thousands ("" for nothing)."""

    decimal: str = "."
    thousands: str = ""

    def matches(self, text: str) -> bool:
        """Whether a text is a number so written."""
        return _pattern(self.decimal, self.thousands).fullmatch(text) is not None

    def value(self, text: str) -> float:
        """Return the number nearest to a text that matches."""
        text = text.strip().replace(_MINUS, "-")
        for mark in _GROUPS.get(self.thousands, ""):
            text = text.replace(mark, "")
        return float(text.replace(self.decimal, "."))

    def __str__(self) -> str:
        grouped = f", thousands {self.thousands!r}" if self.thousands else ""
        return f"decimal {self.decimal!r}{grouped}"


_ENOUGH = 1000
_EITHER = re.compile(rf"\s*[+\-{_MINUS}]?[1-9][0-9]{{0,2}}(?:[.,][0-9]{{3}})+\s*")
# A whole column at once, a cell a line: numbers with a decimal point and without zeros before them, or nothing.
_CELL = r"(?:[+\-]?(?:0|[1-9][0-9]*+)(?:\.[0-9]*+)?+(?:[eE][+\-]?[0-9]{1,4})?+|NA|NaN|nan)?+"
_PLAIN = re.compile(rf"(?:{_CELL}\n)*+{_CELL}")


@cache
def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    whole = "[0-9]+"
    if thousands:
        group = f"[{re.escape(_GROUPS[thousands])}]"
        # Groups of two before the last are India's.
        whole = rf"(?:[1-9][0-9]{{0,2}}(?:{group}[0-9]{{2,3}})*{group}[0-9]{{3}}|[0-9]+)"
    point = re.escape(decimal)
    return re.compile(rf"\s*[+\-{_MINUS}]?(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]{{1,4}})?\s*")


def check_marks(decimal: str, thousands: str) -> None:
    """Raise OptionError unless the marks are ones that numbers are written with, and two."""
    if decimal not in ("", *DECIMALS):
        raise OptionError(f"decimal must be '.' or ','; got {decimal!r}.")
    if thousands not in ("", "none", *_GROUPS):
        listed = ", ".join(map(repr, _GROUPS))
        raise OptionError(f"thousands must be one of {listed} or 'none'; got {thousands!r}.")
    if decimal and decimal == thousands:
        raise OptionError(f"decimal and thousands are both {decimal!r}; they must differ.")


def sniffed(
    columns: Mapping[str, Iterable[str]], *, decimal: str = "", thousands: str = "", sep: str = "", name: str = ""
) -> Writing:
    """Return how the numbers of a file are written, from all cells that may be numbers.

    The writing that takes most cells is taken. Where another takes as many and gives other values, `1,234` being 1234
    or 1.234, it is asked for and not guessed; but a point is a decimal point unless columns are parted by semicolons,
    which are there because commas are not free.

    Raises
    ------
    OptionError
        If the cells can be read in two ways.
    """
    check_marks(decimal, thousands)
    group = "" if thousands == "none" else thousands
    grouped = (group,) if thousands else ("", *_GROUPS)
    possible = [
        Writing(point, mark) for mark in grouped for point in ((decimal,) if decimal else DECIMALS) if point != mark
    ]
    cells = [(column, text) for column, texts in columns.items() for text in _telling(texts)]
    # Most numbers are read alike by all: only the others decide.
    open_cells = [(column, text) for column, text in cells if not re.fullmatch(r"\s*[+-]?[0-9]+\s*", text)]
    open_cells = [cell for cell in open_cells if any(way.matches(cell[1]) for way in possible)]
    takes = {way: frozenset(cell for cell in open_cells if way.matches(cell[1])) for way in possible}
    most = max(map(len, takes.values()))
    best = [way for way in possible if len(takes[way]) == most]
    chosen = best[0]
    if most == 0 or (chosen == Writing() and sep != ";"):
        return chosen
    for other in best[1:]:
        doubt = sorted(
            (column, text)
            for column, text in takes[chosen] | takes[other]
            if not (chosen.matches(text) and other.matches(text)) or chosen.value(text) != other.value(text)
        )
        if doubt:
            column, text = doubt[0]
            readings = [f"{way.value(text):g} by {way}" for way in (chosen, other) if way.matches(text)]
            raise OptionError(
                f"{name}: numbers such as {text.strip()!r} in the column {column!r} can be read in two ways: "
                f"{' or '.join(readings)}. Say which: decimal = {chosen.decimal!r} or decimal = {other.decimal!r}, "
                "or thousands likewise."
            )
    return chosen


def _telling(texts: Iterable[str]) -> list[str]:
    """Return up to a thousand different cells of a column that tell most about how its numbers are written.

    `1.234` may be a group or a fraction; cells that cannot be both come first.
    """
    texts = list(texts)
    told = (text for text in texts if text.strip() not in MISSING)
    plain = list(islice((text for text in told if not _EITHER.fullmatch(text)), _ENOUGH))
    rest = _ENOUGH - len(plain)
    return plain + list(islice((text for text in texts if _EITHER.fullmatch(text)), rest)) if rest else plain


@dataclass(frozen=True)
class Numbers:
    """A column made into numbers, and the cells that stand in the way: where they stand, and what is in them."""

    values: pd.Series | None
    odd: tuple[tuple[int, str], ...] = ()
    numbers: int = 0


def as_numbers(column: pd.Series, way: Writing, missing: frozenset[str]) -> Numbers:
    """Return a column of text or of mixed cells as numbers if every cell is one or is missing.

    A column of codes whose zeros count, such as 06001, is none of numbers.
    """
    cells = column.tolist()
    if way == Writing() and missing == MISSING:
        plain = _plain(cells)
        if plain is not None:
            count = int(np.isfinite(plain).sum()) if plain.dtype == float else len(plain)
            return (
                Numbers(pd.Series(plain, index=column.index, name=column.name), (), count) if count else Numbers(None)
            )
    found: list[Any] = []
    odd: list[tuple[int, str]] = []
    known: dict[str, float] = {}
    whole = True
    for place, cell in enumerate(cells):
        if isinstance(cell, str):
            text = cell.strip()
            value = known.get(text)
            if value is None:
                if text in missing:
                    value = np.nan
                elif way.matches(text):
                    if re.match(r"[+-]?0[0-9]", text):
                        return Numbers(None)
                    value = way.value(text)
                    whole = whole and text.lstrip("+-").isdigit() and abs(value) < 2**53
                else:
                    odd.append((place, cell))
                    continue
                known[text] = value
        elif cell is None or cell is pd.NaT or cell is pd.NA:
            value = np.nan
        elif isinstance(cell, (int, float, np.number)) and not isinstance(cell, bool):
            value = float(cell)
            whole = whole and isinstance(cell, (int, np.integer)) and abs(value) < 2**53
        else:
            odd.append((place, str(cell)))
            continue
        found.append(value)
    count = sum(1 for value in found if value == value)
    if odd or not count:
        return Numbers(None, tuple(odd), count)
    values = np.array(found, dtype=float)
    if whole and count == len(values):
        return Numbers(pd.Series(values.astype(np.int64), index=column.index, name=column.name), (), count)
    return Numbers(pd.Series(values, index=column.index, name=column.name), (), count)


def _plain(cells: list[Any]) -> Any:
    """Return the numbers of a column that is written as Python writes them, None if it is not; a fast way for most."""
    try:
        text = "\n".join(cells)
    except TypeError:  # cells that are no text
        return None
    if text.count("\n") != len(cells) - 1 or not _PLAIN.fullmatch(text):
        return None
    if not re.search("[.eENn]", text) and all(cells) and max(map(len, cells)) < 16:
        return np.array(cells, dtype=object).astype(np.int64)
    return np.array([cell if cell and cell != "NA" else "nan" for cell in cells], dtype=object).astype(float)


def refuse_odd(name: str, column: str, found: Numbers, where: Iterable[str]) -> None:
    """Raise VariableError naming the cells of a column that are no numbers; `where` says where each stands."""
    places = list(where)
    cells = [
        f"{text.strip()[:60]!r} in {place[:200]}" for (_, text), place in zip(found.odd[:3], places[:3], strict=True)
    ]
    more = ", …" if len(found.odd) > 3 else ""
    count = len(found.odd)
    said = f"{count} of its cells {'are none' if count > 1 else 'is none'}"
    token = found.odd[0][1].strip()[:60]
    raise VariableError(
        f"{name}: the column {column!r} must hold numbers; {found.numbers} do and {said}: {', '.join(cells)}{more}. "
        f"If that stands for a missing value, say na = [{first([token])}]; else correct it."
    )
