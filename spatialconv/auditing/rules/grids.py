"""Rules on grids (regions by years, groups by classes): averages, totals, shares and growth recompute."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from spatialconv.auditing.description.figures import Figure, Interval, exactly, total
from spatialconv.auditing.description.reported import Grid, Reported
from spatialconv.auditing.rules.registry import Check, agree, rule
from spatialconv.errors import OptionError

_ARITHMETIC = "arithmetic"


def mean_of(figures: Sequence[Figure]) -> Interval:
    """Return the arithmetic mean."""
    return total([f.range for f in figures]) / exactly(len(figures))


def compound_of(figures: Sequence[Figure], unit: str) -> Interval | None:
    """Return the rate that compounds to the same whole; None where a level would not be positive."""
    scale = 0.01 if unit == "percent" else 1.0
    ratios = [f.range.scaled(scale).shifted(1) for f in figures]
    if any(r.low <= 0 for r in ratios):
        return None
    logs = total([r.map(math.log) for r in ratios]) / exactly(len(ratios))
    return logs.map(math.expm1).scaled(1 / scale)


def _lines(grid: Grid) -> Iterator[tuple[str, str, list[Figure], Figure]]:
    """Go through the averages of a grid: kind of edge, place, the figures that are averaged, the average."""
    body = grid.body_columns()
    if grid.row_mean is not None:
        k = grid.columns.index(grid.row_mean)
        for row in grid.body_rows():
            figures, printed = [grid.rows[row][j] for j in body], grid.rows[row][k]
            if printed is not None and all(figures):
                yield "row", grid.where(row, grid.row_mean), [f for f in figures if f], printed
    if grid.column_mean is not None:
        # The average of the column of averages, too, where it is printed.
        for j, column in enumerate(grid.columns):
            figures, printed = [grid.rows[row][j] for row in grid.body_rows()], grid.rows[grid.column_mean][j]
            if printed is not None and all(figures):
                yield "column", grid.where(grid.column_mean, column), [f for f in figures if f], printed


@rule("averages", "an average is that of the figures it averages, arithmetic or (growth) compound", source=_ARITHMETIC)
def averages(reported: Reported) -> Iterator[Check]:
    """Check the averages at the edges of a grid; a table has one kind of average."""
    for grid in reported.of(Grid):
        lines = list(_lines(grid))
        how = _kind(grid, lines)
        near = []
        for edge, where, figures, printed in lines:
            found = mean_of(figures)
            other = compound_of(figures, grid.unit) if edge == "row" and how == "compound" else None
            found = other if other is not None else found
            listed = ", ".join(f.text for f in figures[:8]) + (", …" if len(figures) > 8 else "")
            name = "compound" if other is not None else "arithmetic"
            message = f"the {name} average lies in {found}; printed is {printed.text}"
            check = agree(where, listed, printed.range, found, message)
            yield check
            recomputed = printed.at(_exact_mean(figures))
            if other is None and check.passed and float(recomputed) != float(printed.at(printed.value)):
                near.append(f"{where}: {printed.text}, and {recomputed} from the printed figures")
        if near:
            yield Check(
                f"{grid.name}, averages", True,
                remark=f"within rounding only ({len(near):,} of {len(lines):,}): {'; '.join(near[:3])}"
                + ("; …" if len(near) > 3 else ""),
            )  # fmt: skip


def _exact_mean(figures: Sequence[Figure]) -> float:
    return math.fsum(f.value for f in figures) / len(figures)


def _kind(grid: Grid, lines: list[tuple[str, str, list[Figure], Figure]]) -> str:
    if grid.row_mean_how != "auto" or grid.content != "growth":
        return "compound" if grid.row_mean_how == "compound" else "arithmetic"
    counts = {"arithmetic": 0, "compound": 0}
    for edge, _, figures, printed in lines:
        if edge == "row":
            compound = compound_of(figures, grid.unit)
            counts["arithmetic"] += printed.range.meets(mean_of(figures))
            counts["compound"] += compound is not None and printed.range.meets(compound)
    return "compound" if counts["compound"] > counts["arithmetic"] else "arithmetic"


@rule("totals", "rows and columns add up to their totals", source=_ARITHMETIC)
def totals(reported: Reported) -> Iterator[Check]:
    """Check the totals at the edges of a grid."""
    for grid in reported.of(Grid):
        columns = grid.body_columns()
        if grid.row_total is not None:
            k = grid.columns.index(grid.row_total)
            for row in [r for r in grid.rows if r != grid.column_mean]:
                yield from _total(
                    grid.where(row, grid.row_total), [grid.rows[row][j] for j in columns], grid.rows[row][k]
                )
        if grid.column_total is not None:
            for j, column in enumerate(grid.columns):
                if column != grid.row_mean:
                    figures = [grid.rows[row][j] for row in grid.body_rows()]
                    yield from _total(grid.where(grid.column_total, column), figures, grid.rows[grid.column_total][j])


def _total(where: str, figures: Sequence[Figure | None], printed: Figure | None) -> Iterator[Check]:
    held = [f for f in figures if f is not None]
    if printed is None or not held:
        return
    found = total([f.range for f in held])
    listed = " + ".join(f.text for f in held[:8]) + (" + …" if len(held) > 8 else "")
    yield agree(where, listed, printed.range, found, f"the sum lies in {found}; printed is {printed.text}")


@rule("shares", "shares of a whole add up to 100 per cent (or to 1)", source=_ARITHMETIC)
def shares(reported: Reported) -> Iterator[Check]:
    """Check that shares make up their whole."""
    for grid in reported.of(Grid):
        if grid.sums_to is None:
            continue
        whole = exactly(100.0 if grid.unit == "percent" else 1.0)
        rows, columns = grid.body_rows(), grid.body_columns()
        lines: dict[str, list[Figure | None]] = {}
        if grid.sums_to == "rows":
            lines = {f"{grid.name}, {row}": [grid.rows[row][k] for k in columns] for row in rows}
        elif grid.sums_to == "columns":
            lines = {f"{grid.name}, {grid.columns[k]}": [grid.rows[row][k] for row in rows] for k in columns}
        else:
            lines = {grid.name: [grid.rows[row][k] for row in rows for k in columns]}
        for where, figures in lines.items():
            held = [f for f in figures if f is not None]
            if held and all(f.value == 0 for f in held) and len(lines) > 1:
                # A class that nobody was in has no shares; its line is printed as zeros, or left blank.
                yield Check(where, True, remark=f"{where}: only zeros, read as a line without observations")
                continue
            if not held:
                continue
            found = total([f.range for f in held])
            message = f"the shares add up to {found}, not to {whole}"
            yield agree(where, f"{len(held)} shares", whole, found, message)


@rule(
    "range of figures",
    "shares lie between 0 and 1 (100 %), counts are whole, growth is above -100 %",
    source="definition",
)
def ranges(reported: Reported) -> Iterator[Check]:
    """Check that figures are possible at all."""
    for grid in reported.of(Grid):
        top = 100.0 if grid.unit == "percent" else 1.0
        limits = {"shares": (0.0, top), "growth": (-top if grid.unit != "log" else -math.inf, math.inf)}
        low, high = grid.bounds or limits.get(grid.content, (-math.inf, math.inf))
        for row, figures in grid.rows.items():
            for column, figure in zip(grid.columns, figures, strict=True):
                if (
                    figure is None
                    or column == grid.row_n
                    or (math.isinf(low) and math.isinf(high) and grid.content != "counts")
                ):
                    continue
                sound = figure.range.high >= low and figure.range.low <= high
                message = f"{figure.text} does not lie between {low:g} and {high:g}"
                if grid.content == "counts" and figure.unit == 0:
                    sound, message = (
                        figure.value >= 0 and figure.value == int(figure.value),
                        f"{figure.text} is no count",
                    )
                yield Check(grid.where(row, column), sound, figure.text, figure.text, f"{low:g} to {high:g}", message)


@rule("growth of levels", "growth rates are those of the levels printed elsewhere", source="definition")
def growth_of_levels(reported: Reported) -> Iterator[Check]:
    """Check growth rates against a table of levels; the columns of growth follow those of levels one by one."""
    for grid in reported.of(Grid):
        if grid.levels is None:
            continue
        levels = reported.table(grid.levels)
        if not isinstance(levels, Grid):
            raise OptionError(f"{grid.name}: levels must name a grid; {grid.levels!r} is none.")
        body, own = levels.body_columns(), grid.body_columns()
        if len(body) != len(own) + 1:
            raise OptionError(
                f"{grid.name} has {len(own)} rates; the {len(body)} levels of {levels.name} make {len(body) - 1}."
            )
        for row in [r for r in grid.body_rows() if r in levels.rows]:
            for j, k in enumerate(own):
                start, end, printed = levels.rows[row][body[j]], levels.rows[row][body[j + 1]], grid.rows[row][k]
                if start is None or end is None or printed is None or start.range.low <= 0:
                    continue
                ratio = end.range / start.range
                found = ratio.shifted(-1).scaled(100.0 if grid.unit == "percent" else 1.0)
                found = ratio.map(math.log) if grid.unit == "log" and ratio.low > 0 else found
                message = f"{start.text} to {end.text} is growth of {found}; printed is {printed.text}"
                text = f"{start.text}, {end.text}"
                yield agree(grid.where(row, grid.columns[k]), text, printed.range, found, message)


def grid_values(reported: Reported, origin: Mapping[str, Any]) -> list[Interval]:
    """Return the values of a grid that a row of descriptives describes, as they are or as log growth."""
    grid = reported.table(str(origin["table"]))
    if not isinstance(grid, Grid):
        raise OptionError(f"the origin of a described variable must be a grid; {grid.name!r} is none.")
    wanted = origin.get("columns")
    unknown = [c for c in wanted or () if c not in grid.columns]
    if unknown:
        raise OptionError(f"{grid.name} has no column {unknown[0]!r} that the origin of a described variable names.")
    columns = [grid.columns.index(c) for c in wanted] if wanted else grid.body_columns()
    found = [f.range for row in grid.body_rows() for k in columns if (f := grid.rows[row][k]) is not None]
    if origin.get("as", "values") == "values":
        return found
    scale = 0.01 if grid.unit == "percent" else 1.0
    ratios = [v.scaled(scale).shifted(1) for v in found]
    if any(r.low <= 0 for r in ratios):
        raise OptionError(f"{grid.name} has growth of -100 % or less, which has no logarithm.")
    return [r.map(math.log) for r in ratios]
