"""Rules on location quotients: they follow from the counts and totals that are printed beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from spatialconv.auditing.description.figures import Figure, Interval
from spatialconv.auditing.description.figures import total as add
from spatialconv.auditing.description.reported import Grid, Listing, Reported
from spatialconv.auditing.rules.registry import Check, agree, rule

_SOURCE = "Florence (1939); Isserman (1977)"
EVERYWHERE = re.compile(
    r"^(?:grand )?(?:total|sum|all(?: regions)?|nation(?:al)?|country|whole(?: country)?|reference"
    r"|\u5168\u56fd|\u5168\u7701|\u5408\u8ba1|\u603b\u8ba1)s?$",
    re.IGNORECASE,
)


@rule(
    "location quotients", "LQ = (count / total of the region) / (count / total of all regions)", source=_SOURCE
)  # fmt: skip
def location_quotients(reported: Reported) -> Iterator[Check]:
    """Check quotients against the counts of their own table, or of a grid that has the same rows and columns."""
    for table in reported.of(Listing):
        if table.kind == "quotients":
            yield from _listed(table)
    grids = list(reported.of(Grid))
    for counts in grids:
        for quotients in grids:
            if counts.content != "growth" and quotients.content == "figures" and quotients is not counts:
                yield from _linked(counts, quotients)


def _listed(table: Listing) -> Iterator[Check]:
    """Check a table of one industry: where no row holds all regions, all others must imply one share of them."""
    everywhere = next((row for row in table.rows if EVERYWHERE.match(row.strip())), None)
    held: dict[str, tuple[Figure, Figure, Figure]] = {}
    for row in table.rows:
        count, of, lq = (table.get(row, name) for name in ("count", "total", "lq"))
        if row == everywhere or count is None or of is None or lq is None or lq.range.low <= 0 or count.value <= 0:
            continue
        held[row] = count, of, lq
    overall = None
    if everywhere is not None:
        count, of = (table.get(everywhere, name) for name in ("count", "total"))
        overall = count.range / of.range if count is not None and of is not None and of.range.low > 0 else None
    if overall is None:
        overall = _common({row: count.range / of.range / lq.range for row, (count, of, lq) in held.items()})
    if overall is None:
        return
    for row, (count, of, lq) in held.items():
        found = count.range / of.range / overall
        text = f"count {count.text}, total {of.text}"
        message = f"{count.text} of {of.text}, over the share of all regions, is {found}; printed is {lq.text}"
        yield agree(table.where(row, "lq"), text, lq.range, found, message)


def _common(implied: Mapping[str, Interval]) -> Interval | None:
    """Return the share of all regions that nearly all rows allow; None where too few agree on one."""
    if len(implied) < 4:
        return None
    ends = sorted({end for held in implied.values() for end in (held.low, held.high)})
    best = max(ends, key=lambda end: sum(held.low <= end <= held.high for held in implied.values()))
    agreeing = [held for held in implied.values() if held.low <= best <= held.high]
    if len(agreeing) < 3 or 4 * len(agreeing) < 3 * len(implied):
        return None
    return Interval(max(held.low for held in agreeing), min(held.high for held in agreeing))


def _linked(counts: Grid, quotients: Grid) -> Iterator[Check]:
    rows = [row for row in quotients.body_rows() if row in counts.rows and not EVERYWHERE.match(row.strip())]
    columns = [quotients.columns[k] for k in quotients.body_columns()]
    columns = [c for c in columns if c in counts.columns and c not in (counts.row_total, counts.row_mean)]
    if len(rows) < 3 or len(columns) < 2:
        return
    regions = _margin(counts, rows=True)
    industries = _margin(counts, rows=False)
    every = _all(counts, regions)
    if every is None or every.low <= 0:
        return
    made: list[Check] = []
    for row in rows:
        for column in columns:
            lq = quotients.rows[row][quotients.columns.index(column)]
            count = counts.rows[row][counts.columns.index(column)]
            region, industry = regions.get(row), industries.get(column)
            if lq is None or count is None or region is None or industry is None:
                continue
            if region.low <= 0 or industry.low <= 0:
                continue
            found = count.range / region / (industry / every)
            message = (
                f"{count.text} of {region} there, of {industry} in {every} over all, is {found}; printed is {lq.text}"
            )
            made.append(agree(quotients.where(row, column), f"count {count.text}", lq.range, found, message))
    # Tables whose figures mostly disagree are of different things.
    if 4 * sum(check.passed for check in made) >= 3 * len(made):
        yield from made


def _margin(grid: Grid, *, rows: bool) -> dict[str, Interval]:
    """Return the total of each row or column, printed or added up where every figure is there."""
    found: dict[str, Interval] = {}
    body = grid.body_columns()
    names = grid.body_rows() if rows else [grid.columns[k] for k in body]
    for name in names:
        j = None if rows else grid.columns.index(name)
        edge = grid.row_total if rows else grid.column_total
        if edge is not None:
            held = grid.rows[name][grid.columns.index(edge)] if rows else grid.rows[edge][j if j is not None else 0]
            if held is not None:
                found[name] = held.range
                continue
        line = [grid.rows[name][k] for k in body] if j is None else [grid.rows[row][j] for row in grid.body_rows()]
        if all(f is not None for f in line):
            found[name] = add([f.range for f in line if f is not None])
    return found


def _all(grid: Grid, regions: Mapping[str, Interval]) -> Interval | None:
    if grid.row_total is not None and grid.column_total is not None:
        held = grid.rows[grid.column_total][grid.columns.index(grid.row_total)]
        if held is not None:
            return held.range
    return add(list(regions.values())) if len(regions) == len(grid.body_rows()) else None
