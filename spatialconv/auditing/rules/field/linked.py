"""Rules on grids that belong together: parts, their whole and the shares printed beside them; correlations."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from spatialconv.auditing.description.figures import Figure
from spatialconv.auditing.description.reported import Grid, Reported
from spatialconv.auditing.rules.registry import Check, agree, rule

_MOST_PARTS = 6


@rule("parts and rates", "a rate of contribution is the part over the whole", source="Theil (1967); Dagum (1997)")
def parts_and_rates(reported: Reported) -> Iterator[Check]:
    """Check shares of one grid against the parts and the total of another that has its rows."""
    grids = [g for g in reported.of(Grid) if isinstance(g, Grid)]
    for levels in grids:
        if levels.row_total is None:
            continue
        for rates in grids:
            if rates.content == "shares" and rates is not levels:
                yield from _linked(levels, rates)


def _linked(levels: Grid, rates: Grid) -> Iterator[Check]:
    rows = [r for r in rates.body_rows() if r in levels.rows]
    parts, shares = levels.body_columns(), rates.body_columns()
    if len(rows) < 3 or len(parts) != len(shares) or not 2 <= len(parts) <= _MOST_PARTS:
        return
    whole = levels.columns.index(str(levels.row_total))
    scale = 100.0 if rates.unit == "percent" else 1.0
    best: list[tuple[bool, Check]] = []
    # The columns may stand in another order; the one that most rows agree with is theirs.
    for order in permutations(parts):
        made = []
        for row in rows:
            total = levels.rows[row][whole]
            for part, share in zip(order, shares, strict=True):
                piece, printed = levels.rows[row][part], rates.rows[row][share]
                if total is None or piece is None or printed is None or total.range.low <= 0:
                    continue
                found = (piece.range / total.range).scaled(scale)
                text = f"{levels.columns[part]} {piece.text}, {levels.row_total} {total.text}"
                message = f"{piece.text} of {total.text} is {found}; printed is {printed.text}"
                check = agree(rates.where(row, rates.columns[share]), text, printed.range, found, message)
                made.append((check.passed, check))
        if sum(p for p, _ in made) > sum(p for p, _ in best):
            best = made
    # Tables whose figures mostly disagree are of different things.
    if best and sum(p for p, _ in best) * 4 >= len(best) * 3:
        yield from (check for _, check in best)


@rule(
    "correlations", "a correlation lies between -1 and 1, and a matrix of them has no negative eigenvalue",
    source="definition",
)  # fmt: skip
def correlations(reported: Reported) -> Iterator[Check]:
    """Check matrices of correlations: those whose rows and columns have the same names, and ones between them."""
    for grid in reported.of(Grid):
        found = correlated(grid)
        if found is None:
            continue
        names, figures = found
        for (a, b), figure in figures.items():
            message = f"{figure.text} is no correlation"
            sound = figure.range.high >= -1 and figure.range.low <= 1
            yield Check(grid.where(a, b), sound, figure.text, figure.text, "-1 to 1", message)
            other = figures.get((b, a))
            if other is not None and names.index(a) < names.index(b):
                message = f"{a} with {b} is {figure.text}, and {b} with {a} {other.text}"
                yield agree(grid.where(b, a), f"{figure.text}, {other.text}", figure.range, other.range, message)
        yield from _definite(grid, names, figures)


def correlated(grid: Grid) -> tuple[list[str], dict[tuple[str, str], Figure]] | None:
    """Return the names and the figures of a matrix of correlations, None of any other grid."""
    names = [c for c in grid.columns if c in grid.rows]
    if len(names) < 3 or len(names) < len(grid.rows) - 1:
        return None
    held = {(a, b): f for a in names for b in names if (f := grid.rows[a][grid.columns.index(b)]) is not None}
    ones = [held.get((n, n)) for n in names]
    if not all(f is not None and abs(f.value - 1) < 1e-9 for f in ones):
        return None
    beside = [f for (a, b), f in held.items() if a != b]
    # A transition matrix or a table of shares may have ones between its names, but not one in every row.
    inside = sum(-1.05 <= f.value <= 1.05 for f in beside)
    return (names, held) if beside and inside * 3 >= len(beside) * 2 else None


def _definite(grid: Grid, names: list[str], figures: dict[tuple[str, str], Figure]) -> Iterator[Check]:
    """No matrix within the rounding has only positive eigenvalues if the least is below what rounding moves."""
    pairs = {(a, b): figures.get((a, b), figures.get((b, a))) for a in names for b in names}
    if any(f is None for f in pairs.values()):
        return
    values = np.array([[pairs[a, b].value if a != b else 1.0 for b in names] for a in names])  # type: ignore[union-attr]
    slack = np.array([[pairs[a, b].unit / 2 if a != b else 0.0 for b in names] for a in names])  # type: ignore[union-attr]
    values = (values + values.T) / 2
    if not np.isfinite(values).all():
        return
    eigenvalues, vectors = np.linalg.eigh(values)
    # For the vector v of the least eigenvalue, v'Rv + |v|'D|v| bounds v'R v from above for every R within rounding.
    worst = np.abs(vectors[:, 0])
    bound = float(eigenvalues[0] + worst @ slack @ worst)
    message = f"no data have these correlations together: the least eigenvalue is {eigenvalues[0]:.4g}"
    listed = f"{len(names)} variables"
    yield Check(grid.name, bound >= -1e-9, listed, f"{eigenvalues[0]:.4g}", "0 or more", message)
