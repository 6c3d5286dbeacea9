"""Rules on counts of regions by class: of local Moran, local G and quadrants, and at several levels of significance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from spatialconv.auditing.description.classes import classes, levels_of, whole
from spatialconv.auditing.description.figures import Figure, Interval, exactly, total
from spatialconv.auditing.description.reported import Grid, Reported
from spatialconv.auditing.rules.registry import Check, agree, rule

_LEAST_LINES = 3


@rule(
    "counts of classes", "regions in all classes of local Moran or local G are the regions that there are",
    source="Anselin (1995); Ord and Getis (1995)",
)  # fmt: skip
def counts_of_classes(reported: Reported) -> Iterator[Check]:
    """Check that classes add up to n, or to one number in every period where no n is printed."""
    for grid in reported.of(Grid):
        if grid.content != "counts":
            continue
        columns = grid.body_columns()
        names = [grid.columns[k] for k in columns]
        if held := classes(names):
            kept = [columns[k] for k in held]
            lines = {row: [grid.rows[row][k] for k in kept] for row in grid.body_rows()}
            yield from _sums(grid, lines, whole([names[k] for k in held]))
        elif held := classes(grid.body_rows()):
            rows = [grid.body_rows()[k] for k in held]
            lines = {grid.columns[k]: [grid.rows[row][k] for row in rows] for k in columns}
            yield from _sums(grid, lines, whole(rows))


def _sums(grid: Grid, lines: dict[str, list[Figure | None]], complete: bool) -> Iterator[Check]:
    sums: dict[str, Interval] = {}
    for name, figures in lines.items():
        held = [f for f in figures if f is not None]
        # A dash stands for no region, but a line of dashes for one that was not counted.
        if held:
            sums[name] = total([f.range for f in held])
    every = float(grid.n) if grid.n is not None else None
    if every is None and complete and len(sums) >= _LEAST_LINES:
        ((often, times),) = Counter(round(s.middle) for s in sums.values()).most_common(1)
        # Classes that add up to one number in most periods do so in all.
        every = float(often) if 4 * times >= 3 * len(sums) else None
    if every is None:
        return
    for name, found in sums.items():
        listed = " + ".join(f.text for f in lines[name] if f is not None)
        where = f"{grid.name}, {name}"
        if complete:
            message = f"the classes hold {found} regions; there are {every:g}"
            yield agree(where, listed, exactly(every), found, message)
        else:
            message = f"the classes hold {found} regions, more than there are, {every:g}"
            yield Check(where, found.low <= every, listed, f"{every:g}", f"{every:g} or fewer", message)


@rule("counts by level", "no more are significant at a level than at a looser one", source="definition")
def counts_by_level(reported: Reported) -> Iterator[Check]:
    """Check counts at several levels, where headings say that they are of p below each ("p < 0.05", "at 5 %")."""
    for grid in reported.of(Grid):
        if grid.content != "counts":
            continue
        for along in ("columns", "rows"):
            labels = list(grid.columns) if along == "columns" else list(grid.rows)
            levels = levels_of(labels)
            if len(levels) < 2:
                continue
            for line in grid.body_rows() if along == "columns" else [grid.columns[k] for k in grid.body_columns()]:
                for (_, tight), (_, loose) in pairwise(levels):
                    a, b = ((line, x) if along == "columns" else (x, line) for x in (tight, loose))
                    few, many = (grid.rows[row][grid.columns.index(column)] for row, column in (a, b))
                    if few is None or many is None:
                        continue
                    message = f"{few.text} are significant {tight}, and {many.text} {loose}"
                    yield Check(
                        grid.where(*a), few.range.low <= many.range.high, f"{few.text}, {many.text}", few.text,
                        f"{many.text} or fewer", message,
                    )  # fmt: skip
