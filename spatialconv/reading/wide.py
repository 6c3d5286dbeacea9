"""Wide tables, a column a period, made long."""

from __future__ import annotations

import re

import pandas as pd

from spatialconv._options import first
from spatialconv.errors import OptionError, VariableError

# gdp1990, gdp_1990, gdp 1990Q1, 1990, X1990 (R), 1990 [YR1990] (World Bank), 2010年.
_PERIOD = r"(?P<period>[12][0-9]{3}(?:[ _.-]?[QqMmHh](?:0?[1-9]|1[0-2]))?)"
_NAMES = re.compile(rf"(?P<stub>.*?)[ _.:-]*{_PERIOD}(?: ?\[YR[0-9Q]+\]|年)?")
_R = ("X", "YR", "yr")  # what goes before a year where a name must begin with a letter


def long(frame: pd.DataFrame, *, region: str, period: str, value: str, name: str) -> tuple[pd.DataFrame, list[str]]:
    """Return one row a region and period of a table with a column a period, and the variables that it holds.

    Columns whose names end in a year, or in a year with its half, quarter or month, are the periods; what stands
    before it names the variable, `value` where nothing does. All other columns hold for every period.

    Raises
    ------
    VariableError
        If no column is a period.
    OptionError
        If a name would stand for two things.
    """
    found: dict[str, dict[str, str]] = {}
    constant = []
    for column in frame.columns:
        match = _NAMES.fullmatch(str(column)) if column != region else None
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
    if not found:
        raise VariableError(
            f"{name} has no column named after a period, such as 1990 or gdp_1990; it has {first(frame.columns, 8)}. "
            "Leave out wide if it has a row a region and period."
        )
    for taken in found:
        if taken in constant or taken in (period, region):
            raise OptionError(f"{name}: {taken!r} would name two columns; say another value= or period=.")
    if period in constant:
        raise OptionError(f"{name} has a column {period!r} already; say another name for that of the periods.")
    periods = list(dict.fromkeys(label for held in found.values() for label in held))
    pieces = []
    for label in periods:
        piece = frame[constant].copy()
        piece[period] = int(label) if label.isdigit() else label
        for variable, held in found.items():
            piece[variable] = frame[held[label]] if label in held else float("nan")
        pieces.append(piece)
    result = pd.concat(pieces, ignore_index=True)
    first_columns = [region, period, *found]
    return result[[*first_columns, *(c for c in constant if c != region)]], list(found)
