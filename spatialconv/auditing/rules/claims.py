"""What the text of a paper says: the kinds of claims, and what their rules share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from spatialconv.auditing.description.figures import Figure, figure
from spatialconv.auditing.description.reported import Claim, Grid, Regression, Reported, Table
from spatialconv.auditing.rules.registry import Check
from spatialconv.errors import OptionError

TEXT = "the text against the tables"


def where_of(claim: Claim) -> str:
    """Say which sentence of the text a claim is."""
    return f'text {claim.number}: "{claim.text}"'


def soften(reported: Reported, check: Check) -> Check:
    """Return a check whose breach is a warning if the claim it is of can be read otherwise."""
    loose = any(c.options.get("loose") and check.where.startswith(where_of(c)) for c in reported.claims)
    return replace(check, severity="warning") if loose else check


def claims_of(reported: Reported, *kinds: str) -> Iterator[Claim]:
    """Return the claims of some kinds."""
    return (claim for claim in reported.claims if claim.kind in kinds)


def refs_of(claim: Claim, key: str = "figures") -> list[tuple[str, ...]]:
    """Return the places that a claim names."""
    return [tuple(str(part) for part in ref) for ref in claim.options.get(key, ())]


def place_of(ref: tuple[str, ...]) -> str:
    """Write a place in words."""
    return ", ".join(ref)


def rows_of(table: Table) -> list[str]:
    """Return the names of the rows of a table."""
    if isinstance(table, Grid):
        return table.body_rows()
    return [*table.coefficients, *table.statistics] if isinstance(table, Regression) else list(table.rows)


def figure_at(reported: Reported, ref: tuple[str, ...]) -> Figure | None:
    """Return the figure at a place, or None."""
    try:
        return reported.figure(ref)
    except OptionError:
        return None


def lines_of(grid: Table, chosen: Mapping[str, Any], claim: Claim) -> dict[str, list[tuple[str, Figure]]]:
    """Return the series that a claim speaks of, each with its labels."""
    if not isinstance(grid, Grid):
        raise OptionError(f"{where_of(claim)}: a series is taken from a grid; {grid.name!r} is none.")
    along = str(chosen.get("along", "columns"))
    labels = [grid.columns[k] for k in grid.body_columns()] if along == "columns" else grid.body_rows()
    lines = grid.body_rows() if along == "columns" else [grid.columns[k] for k in grid.body_columns()]
    lines = [str(n) for n in chosen.get("names", lines)]
    start, end = str(chosen.get("from", labels[0])), str(chosen.get("to", labels[-1]))
    for label in (start, end):
        if label not in labels:
            raise OptionError(
                f"{where_of(claim)}: {grid.name} has no {label!r} to go from or to; it has {', '.join(labels)}."
            )
    span = labels[labels.index(start) : labels.index(end) + 1]
    found = {}
    for line in lines:
        places = [(line, x) if along == "columns" else (x, line) for x in span]
        if any(row not in grid.rows or column not in grid.columns for row, column in places):
            raise OptionError(f"{where_of(claim)}: {grid.name} has no {line!r} among its {', '.join(lines)}.")
        held = [grid.rows[row][grid.columns.index(column)] for row, column in places]
        found[line] = [(x, f) for x, f in zip(span, held, strict=True) if f is not None]
    return found


def level_of(reported: Reported, claim: Claim, key: str) -> Figure:
    """Return the value that a claim names, written out or at a place."""
    held = claim.options[key]
    if isinstance(held, str):
        return figure(held, f"{key} of {where_of(claim)}")
    return reported.figure(tuple(str(part) for part in held))
