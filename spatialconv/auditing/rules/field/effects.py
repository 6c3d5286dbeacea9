"""Rules on tables of effects: direct and indirect effects add up to the total ones, by themselves, without a claim."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from spatialconv.auditing.description.figures import Figure
from spatialconv.auditing.description.reported import Listing, Regression, Reported
from spatialconv.auditing.rules.registry import Check, agree, rule

_LESAGE = "LeSage and Pace (2009)"
_PARTS = {
    "indirect": re.compile(r"indirect|spill-?over|indir\b|\u95f4\u63a5", re.IGNORECASE),
    "direct": re.compile(r"direct|\u76f4\u63a5", re.IGNORECASE),
    "total": re.compile(r"total|\u603b\u6548", re.IGNORECASE),
}


def part_of(name: str) -> tuple[str, str] | None:
    """Return the part that a name speaks of (direct, indirect, total), and the rest of the name.

    Examples
    --------
    >>> part_of("(2) indirect"), part_of("LR_Total"), part_of("income")
    (('indirect', '(2) '), ('total', 'LR_'), None)
    """
    for part, pattern in _PARTS.items():
        found = pattern.search(name)
        if found:
            rest = re.sub(
                r"effects?|\u6548\u5e94", "", name[: found.start()] + name[found.end() :], flags=re.IGNORECASE
            )
            return part, rest
    return None


def triples(names: Sequence[str]) -> list[tuple[str, int, int, int]]:
    """Return what names of columns or rows have in common, and the positions of direct, indirect and total."""
    found: dict[str, dict[str, int]] = {}
    for k, name in enumerate(names):
        held = part_of(name)
        if held:
            found.setdefault(held[1].strip(" :,;-_()"), {}).setdefault(held[0], k)
    return [(key, v["direct"], v["indirect"], v["total"]) for key, v in found.items() if len(v) == 3]


@rule("effects", "direct + indirect effect = total effect", source=_LESAGE)
def effects(reported: Reported) -> Iterator[Check]:
    """Check that direct and indirect effects add up, where columns or rows are named after them."""
    for table in reported.of(Regression):
        for _, a, b, c in triples(table.columns):
            for row, cells in table.coefficients.items():
                yield from _sum(
                    table.where(row, table.columns.index(table.columns[c])),
                    *(cells[k].main if cells[k] else None for k in (a, b, c)),
                )
        rows = list(table.coefficients)
        for _, a, b, c in triples(rows):
            for k in range(len(table.columns)):
                held = [table.coefficients[rows[r]][k] for r in (a, b, c)]
                yield from _sum(table.where(rows[c], k), *(h.main if h else None for h in held))
    for listing in reported.of(Listing):
        for _, a, b, c in triples(listing.columns):
            for row in listing.rows:
                names = [listing.columns[k] for k in (a, b, c)]
                yield from _sum(listing.where(row, names[2]), *(listing.get(row, n) for n in names))


def _sum(where: str, direct: Figure | None, indirect: Figure | None, total: Figure | None) -> Iterator[Check]:
    if direct is None or indirect is None or total is None:
        return
    found = direct.range + indirect.range
    text = f"direct {direct.text}, indirect {indirect.text}, total {total.text}"
    message = f"direct {direct.text} and indirect {indirect.text} add up to {found}; printed is {total.text}"
    yield agree(where, text, total.range, found, message)
