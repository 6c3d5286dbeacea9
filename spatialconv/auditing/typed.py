"""Every figure as it was read, beside what was checked of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from spatialconv.auditing.description.figures import Cell, Figure
from spatialconv.auditing.description.reported import Grid, Listing, Regression, Reported, Table
from spatialconv.auditing.rules.registry import Check

COLUMNS = ("table", "row", "column", "printed", "checked", "broken")


def typed(reported: Reported, checks: Mapping[str, Iterable[Check]]) -> pd.DataFrame:
    """Return one row a figure: where it stands, what was read there, how often it was checked, which rules it breaks.

    `checked` counts the identities that are held against the figure itself; it may have entered others, of the figures
    that follow from it. A figure without any is one that nothing is known of.
    """
    counted: Counter[str] = Counter()
    broken: defaultdict[str, list[str]] = defaultdict(list)
    for name, held in checks.items():
        for check in held:
            if check.figures or check.message:
                counted[check.where] += 1
                broken[check.where] += [] if check.passed else [name]
    rows = []
    for table in reported.tables:
        for row, column, printed in _cells(table):
            # A list of z and p is checked by its rows.
            places = (table.where(row, column), f"{table.name}, {row}") if isinstance(table, Listing) else None
            where = places or (f"{table.name}, {row}, {column}",)
            against = list(dict.fromkeys(rule for place in where for rule in broken[place]))
            checked = sum(counted[place] for place in where)
            rows.append((table.name, row, column, printed, checked, ", ".join(against)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _cells(table: Table) -> Iterator[tuple[str, str, str]]:
    if isinstance(table, Regression):
        for rows in (table.coefficients, table.statistics):
            for row, cells in rows.items():
                yield from _line(row, table.columns, cells)
    elif isinstance(table, Grid):
        for row, cells in table.rows.items():
            yield from _line(row, table.columns, cells)
    else:
        for row, held in table.rows.items():
            yield from _line(row, table.columns, [held.get(column) for column in table.columns])


def _line(
    row: str, columns: Iterable[str], cells: Iterable[Cell | Figure | str | None]
) -> Iterator[tuple[str, str, str]]:
    for column, held in zip(columns, cells, strict=True):
        if held is not None:
            yield row, column, shown(held)


def shown(held: Cell | Figure | str) -> str:
    """Write a cell as it was read: the figure, its stars, and what stands in brackets."""
    if isinstance(held, str):
        return held
    if isinstance(held, Figure):
        return f"{held.text}{_stars(held.text, held.stars)}"
    beside = [
        f"({held.round.text})" if held.round else "",
        f"[{held.square.text}]" if held.square else "",
        f"[{held.interval[0].text}, {held.interval[1].text}]" if held.interval else "",
    ]
    return " ".join([f"{held.main.text}{_stars(held.main.text, held.stars)}", *filter(None, beside)])


def _stars(text: str, stars: int) -> str:
    return "" if "*" in text else "*" * stars
