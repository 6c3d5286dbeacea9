"""Wide tables, a column a period, made long."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from spatialconv._options import first
from spatialconv.errors import OptionError, VariableError

# gdp1990, gdp_1990, gdp (1990), gdp 1990Q1, 1990, X1990 (R), 1990 [YR1990] (World Bank), 2010年.
_PERIOD = r"(?P<period>[12][0-9]{3}(?:[ _.-]?[QqMmHh](?:0?[1-9]|1[0-2]))?)"
_NAMES = re.compile(rf"(?P<stub>.*?)[ _.:-]*[(\[]?{_PERIOD}(?: ?\[YR[0-9Q]+\]|年|[)\]])?")
# 1990_gdp, where no name ends in a period.
_BEFORE = re.compile(rf"{_PERIOD}[ _.:-]+(?P<stub>[^\W\d].*)")
_R = ("X", "YR", "yr")  # what goes before a year where a name must begin with a letter


Wide = bool | Mapping[str, Any]


def check_wide(wide: Any) -> None:
    """Refuse what is neither True nor False nor tells the period of each column.

    Raises
    ------
    OptionError
    """
    if isinstance(wide, bool):
        return
    if isinstance(wide, Mapping):
        nested = [isinstance(held, Mapping) for held in wide.values()]
        if (
            wide
            and all(nested) == any(nested)
            and all(len(held) for held in wide.values() if isinstance(held, Mapping))
        ):
            return
        got = "an empty mapping" if not wide else "columns beside variables, or a variable without columns"
    else:
        got = repr(wide)
    raise OptionError(
        "wide must be True, False, or tell the period of each column, as in {'HR7984': 1984, 'HR8893': 1993}, of "
        f"several variables by variable, {{'rate': {{'HR7984': 1984}}}}; got {got}."
    )


def long(
    frame: pd.DataFrame, *, region: str, period: str, value: str, name: str, wide: Wide = True
) -> tuple[pd.DataFrame, list[str]]:
    """Return one row a region and period of a table with a column a period, and the variables that it holds.

    Columns whose names end in a year, or in a year with its half, quarter or month, are the periods; what stands
    before it names the variable, `value` where nothing does. Where none does, names may begin with it, if a variable
    has two periods at least. A mapping tells them instead. All other columns hold for every period.

    Raises
    ------
    VariableError
        If no column is a period, or one that is told is not there.
    OptionError
        If a name would stand for two things.
    """
    if isinstance(wide, Mapping):
        found, constant = _told(frame, wide, region, value, name)
    else:
        found, constant = _named(frame, region, value, name)
    for taken in found:
        if taken in constant or taken in (period, region):
            raise OptionError(f"{name}: {taken!r} would name two columns; say another value= or period=.")
    if period in constant:
        raise OptionError(f"{name} has a column {period!r} already; say another name for that of the periods.")
    periods = list(dict.fromkeys(label for held in found.values() for label in held))
    pieces = []
    for label in periods:
        piece = frame[constant].copy()
        piece[period] = int(label) if isinstance(label, str) and label.isdigit() else label
        for variable, held in found.items():
            piece[variable] = frame[held[label]] if label in held else float("nan")
        pieces.append(piece)
    result = pd.concat(pieces, ignore_index=True)
    first_columns = [region, period, *found]
    return result[[*first_columns, *(c for c in constant if c != region)]], list(found)


def _told(
    frame: pd.DataFrame, wide: Mapping[str, Any], region: str, value: str, name: str
) -> tuple[dict[str, dict[Any, str]], list[str]]:
    """Return the column of each period by variable, as they are told, and the columns that hold for every period."""
    by_variable = dict(wide) if isinstance(next(iter(wide.values())), Mapping) else {value: wide}
    columns = [str(column) for held in by_variable.values() for column in held]
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        raise VariableError(f"{name} has no column {first(absent)} of wide; it has {first(frame.columns, 8)}.")
    twice = [column for column, times in Counter(columns).items() if times > 1 or column == region]
    if twice:
        raise OptionError(f"wide tells a period of {first(twice)} and something else too; a column has one meaning.")
    found: dict[str, dict[Any, str]] = {}
    for variable, held in by_variable.items():
        own: dict[Any, str] = {}
        for column, label in held.items():
            if label in own:
                raise OptionError(
                    f"wide: {own[label]!r} and {column!r} are both {variable!r} in {label}; leave one out."
                )
            own[label] = str(column)
        found[str(variable)] = own
    return found, [column for column in frame.columns if column not in columns]


def _named(frame: pd.DataFrame, region: str, value: str, name: str) -> tuple[dict[str, dict[Any, str]], list[str]]:
    """Return the column of each period by variable, as names of columns tell, and those that hold for every period."""
    found, constant = _by_pattern(_NAMES, frame, region, value, name)
    if not found:
        found, constant = _by_pattern(_BEFORE, frame, region, value, name)
        if all(len(held) < 2 for held in found.values()):
            found = {}
    if not found:
        raise VariableError(
            f"{name} has no column named after a period, such as 1990 or gdp_1990; it has {first(frame.columns, 8)}. "
            "Leave out wide if it has a row a region and period, or tell what each column is: wide={column: period}."
        )
    return found, constant


def _by_pattern(
    pattern: re.Pattern[str], frame: pd.DataFrame, region: str, value: str, name: str
) -> tuple[dict[str, dict[Any, str]], list[str]]:
    found: dict[str, dict[Any, str]] = {}
    constant = []
    for column in frame.columns:
        match = pattern.fullmatch(str(column)) if column != region else None
        if match is None:
            constant.append(column)
            continue
        stub = "" if match["stub"] in _R else match["stub"].strip(" _.:-")
        held = found.setdefault(stub or value, {})
        if match["period"] in held:
            raise OptionError(
                f"{name}: the columns {held[match['period']]!r} and {column!r} are both {stub or value!r} in "
                f"{match['period']}; leave one of them out."
            )
        held[match["period"]] = str(column)
    return found, constant
