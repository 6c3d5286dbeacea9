"""From the cells of a document to headings, labels and a body: what belongs together is joined."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from spatialconv.auditing.description.typography import plain
from spatialconv.auditing.documents.cells import blank, bracketed, figure_like
from spatialconv.auditing.documents.raw import RawTable

_MODEL = re.compile(
    r"^\(?\s*(?:\d{1,2}|[ivx]{1,4})\s*\)?$|^(?:model|col\.?|column|m|spec\.?)\s*\(?\d{1,2}\)?$", re.IGNORECASE
)
_YEAR = re.compile(r"^(?:18|19|20)\d\d(?:\s*[-/\u2013]\s*\d{2,4})?$")
_NOTE = re.compile(r"^\s*(?:notes?|sources?|signif\w*\.?(?: codes?)?|\u6ce8)\s*[.:\uff1a]?\s*(?:$|\S)", re.IGNORECASE)
_STARS_ONLY = re.compile(r"^\s*[*]{1,4}\s*$")


@dataclass
class Shape:
    """A table with its headings: a label a row, a name a column."""

    columns: list[str]
    labels: list[str]
    body: list[list[str]]
    corner: str = ""
    notes: list[str] = field(default_factory=list)


def shape_of(raw: RawTable) -> Shape | None:
    """Return headings, labels and body; None if there is no figure."""
    rows = _joined([list(row) for row in raw.rows if any(not blank(c) or plain(c) for c in row)])
    rows = _without_blank_columns(rows)
    if not rows or len(rows[0]) < 2:
        return None
    first = next((k for k, row in enumerate(rows) if not _heading(row, k)), None)
    if first is None:
        return None
    # A label without cells under the headings is that of the first panel.
    while (
        first > 1 and rows[first - 1][0] and not any(rows[first - 1][1:]) and any(any(r[1:]) for r in rows[: first - 1])
    ):
        first -= 1
    head, body = rows[:first], rows[first:]
    behind = _behind(body)
    notes = [" ".join(c for c in row if c) for row in body[len(body) - behind :]] if behind else []
    body = body[: len(body) - behind] if behind else body
    if not body or (deep := _label_columns(body)) >= len(rows[0]):
        return None
    labels, last = [], [""] * deep
    for row in body:
        own = [plain(c) if figure_like(c) else c for c in row[:deep]]
        if deep > 1:
            # The first of several labels stands once for the rows below it.
            last = [c if c or any(own[: k + 1]) else last[k] for k, c in enumerate(own)] if any(own) else own
            labels.append(", ".join(c for c in last if c))
        else:
            labels.append(own[0])
    columns = _names(head, deep, len(rows[0]))
    corner = " ".join(c for row in head for c in row[:deep] if c)
    return Shape(columns, labels, [row[deep:] for row in body], corner, notes)


def _without_blank_columns(rows: list[list[str]]) -> list[list[str]]:
    width = max((len(row) for row in rows), default=0)
    rows = [row + [""] * (width - len(row)) for row in rows]
    kept = [k for k in range(width) if any(row[k].strip() for row in rows)]
    return [[row[k].strip() for k in kept] for row in rows]


def _joined(rows: list[list[str]]) -> list[list[str]]:
    """Join stars, and brackets that have a column of their own, with the figure on their left."""
    width = max((len(row) for row in rows), default=0)
    rows = [row + [""] * (width - len(row)) for row in rows]
    for k in range(width - 1, 1, -1):
        held = [row[k] for row in rows if row[k].strip()]
        alone = held and all(_STARS_ONLY.match(plain(c)) for c in held)
        behind = [row for row in rows if bracketed(row[k]) and figure_like(row[k - 1]) and not bracketed(row[k - 1])]
        headed = [row[k] for row in rows if row[k].strip() and not bracketed(row[k])]
        if alone or (len(behind) > 1 and not headed and len(behind) >= len(held) - 1):
            for row in rows:
                row[k - 1] = f"{row[k - 1]} {row[k]}".strip()
                row[k] = ""
    return rows


def _heading(row: list[str], k: int) -> bool:
    cells = [c for c in row[1:] if not blank(c)]
    if not cells:
        return k < 3
    if all(_MODEL.match(plain(c)) for c in cells) and (bracketed(cells[0]) or not row[0].strip() or k == 0):
        return True
    if len(cells) > 1 and k < 3 and all(_YEAR.match(plain(c)) for c in cells):
        return True
    return not any(figure_like(c) or bracketed(c) for c in cells) and k < 8


def _behind(body: list[list[str]]) -> int:
    """Return how many lines at the end are notes: one cell of words."""
    count = 0
    for row in reversed(body):
        filled = [c for c in row if c]
        if filled and _NOTE.match(filled[0]) and not any(figure_like(c) for c in filled):
            count += 1
            continue
        if (
            len(filled) == 1
            and not figure_like(filled[0])
            and (len(filled[0]) > 25 or "<" in filled[0] or "*" in filled[0])
        ):
            count += 1
        else:
            break
    return count


def _label_columns(body: list[list[str]]) -> int:
    """Return how many columns on the left hold labels: the first, and those beside it that hold words only."""
    width = len(body[0])
    deep = 1
    while deep < width - 1:
        held = [row[deep] for row in body if not blank(row[deep])]
        words = [c for c in held if not figure_like(c) and not bracketed(c)]
        if not held or len(words) < len(held) or len(words) * 3 < len(body):
            break
        deep += 1
    return deep


def _names(head: list[list[str]], deep: int, width: int) -> list[str]:
    names: list[list[str]] = [[] for _ in range(width - deep)]
    for r, row in enumerate(head):
        last = ""
        for k in range(deep, width):
            cell = " ".join(row[k].split())
            # A heading spans the columns that are blank beside it, where another line stands below.
            if cell:
                last = cell
            elif r < len(head) - 1 and any(head[q][k] for q in range(r + 1, len(head))):
                cell = last
            if cell and cell not in names[k - deep]:
                names[k - deep].append(cell)
    found = [" ".join(parts) or f"({k})" for k, parts in enumerate(names, 1)]
    return unique(found)


def unique(names: list[str]) -> list[str]:
    """Return names that differ, by a number behind those that do not."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        made = name if seen[name] == 1 else f"{name} ({seen[name]})"
        while made in found:
            seen[name] += 1
            made = f"{name} ({seen[name]})"
        found.append(made)
    return found
