"""A rule on figures that stand twice: rows that repeat other rows were copied, or are the same variable."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from spatialconv.auditing.description.figures import Cell, Figure
from spatialconv.auditing.description.reported import Grid, Listing, Regression, Reported
from spatialconv.auditing.rules.registry import Check, rule

# Figures of so many digits, leading zeros apart, do not agree by chance among the pairs of a table.
_DIGITS_OF_A_CELL = 6
_DIGITS_OF_A_ROW = 10
_MOST_ROWS = 400


@rule("repeated rows", "no row repeats the figures of another", source="counting", severity="warning")
def repeated(reported: Reported) -> Iterator[Check]:
    """Report rows whose figures are those of other rows of the same table."""
    for table in reported.of(Regression):
        yield from _columns(table)
    for other in reported.tables:
        if isinstance(other, (Listing, Grid)):
            yield from _whole(other)


def _columns(table: Regression) -> Iterator[Check]:
    held: dict[tuple[str, str], list[str]] = {}
    seen = 0
    for k, column in enumerate(table.columns):
        filled = [(row, c) for row, cells in table.coefficients.items() if (c := cells[k]) is not None][:_MOST_ROWS]
        for (a, x), (b, y) in combinations(filled, 2):
            seen += _tells(x) and _tells(y)
            if _same(x, y):
                held.setdefault((a, b), []).append(f"{column} {x.main.text}")
    for (a, b), places in held.items():
        listed = "; ".join(places[:4])
        message = f"{b} repeats the figures of {a} ({listed})"
        yield Check(f"{table.name}, {b}", False, listed, b, a, message)
    if seen and not held:
        yield Check(table.name, True, f"{len(table.coefficients):,} rows")


def _same(a: Cell, b: Cell) -> bool:
    parts = [(a.main, b.main), (a.round, b.round), (a.square, b.square)]
    for x, y in parts:
        if (x is None) != (y is None) or (x is not None and y is not None and _bare(x) != _bare(y)):
            return False
    return _tells(a)


def _tells(cell: Cell) -> bool:
    """Return whether a cell has so many digits that another does not have them by chance."""
    digits = [significant(f) for f in (cell.main, cell.round, cell.square) if f is not None]
    return len(digits) > 1 and min(digits) >= 3 and sum(digits) >= _DIGITS_OF_A_CELL


def _bare(figure: Figure) -> tuple[float, float]:
    return figure.value, figure.unit


def significant(figure: Figure) -> int:
    """Return how many digits of a figure say something: without leading zeros, exponent, sign."""
    digits = re.sub(r"[eE][+-]?\d+|\D", "", figure.text)
    return len(digits.lstrip("0"))


def _whole(table: Listing | Grid) -> Iterator[Check]:
    rows: list[tuple[str, Sequence[Figure]]] = []
    for row, cells in table.rows.items():
        values = cells.values() if not isinstance(cells, tuple) else cells
        rows.append((row, [f for f in values if isinstance(f, Figure)]))
    seen: dict[tuple[tuple[float, float], ...], str] = {}
    told = False
    for row, figures in rows[:_MOST_ROWS]:
        distinct = {_bare(f) for f in figures}
        # Counts and zeros repeat honestly.
        if len(distinct) < 3 or sum(significant(f) for f in figures if f.unit) < _DIGITS_OF_A_ROW:
            continue
        told = True
        key = tuple(_bare(f) for f in figures)
        if key in seen:
            text = ", ".join(f.text for f in figures[:5])
            message = f"{row} repeats the figures of {seen[key]} ({text}{', ...' if len(figures) > 5 else ''})"
            yield Check(f"{table.name}, {row}", False, text, row, seen[key], message)
        seen.setdefault(key, row)
    if told:
        yield Check(table.name, True, f"{len(rows):,} rows")
