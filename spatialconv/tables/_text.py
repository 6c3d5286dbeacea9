"""Tables as text: Markdown for files, and what stands in a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from spatialconv._language import restate, say
from spatialconv.results import WIDE, rows_shown
from spatialconv.tables._cells import markdown_cell, width
from spatialconv.tables._latex import Grid

SHOWN, LONG = 20, 60  # rows that a repr shows of a table with more than LONG


def to_markdown(grid: Grid, *, caption: str, notes: Sequence[str]) -> str:
    """Return a pipe table, padded, with caption and notes."""
    said = ["", say("Notes:"), "", *(f"- {markdown_cell(note)}" for note in notes)] if notes else []
    head = [f"**{markdown_cell(caption)}**", ""] if caption else []
    return "\n".join([*head, *_piped(grid), *said]) + "\n"


def in_terminal(grid: Grid, rows: int, *, caption: str, notes: Sequence[str]) -> str:
    """Return the same for reading: columns that 80 characters do not hold stand below, and lines are wrapped."""
    blocks = ["\n".join(_piped(block)) for block in _blocks(grid)]
    if len(grid.rows) < rows:
        blocks.append(restate(rows_shown(len(grid.rows), rows)))
    head = [textwrap.fill(f"**{markdown_cell(caption)}**", WIDE), ""] if caption else []
    said = ["", say("Notes:"), ""] if notes else []
    for note in notes:
        said.append(textwrap.fill(f"- {markdown_cell(note)}", WIDE, subsequent_indent="  ", break_long_words=False))
    return "\n".join([*head, "\n\n".join(blocks), *said])


def _piped(grid: Grid) -> list[str]:
    lines = [[markdown_cell(c) for c in row] for row in (grid.header, *grid.rows)]
    widths = [max(3, *(width(row[k]) for row in lines)) for k in range(len(grid.header))]
    rule = ["-" * (w - 1) + ":" if a == "r" else "-" * w for w, a in zip(widths, grid.align, strict=True)]
    padded = [[_pad(c, w, a) for c, w, a in zip(row, widths, grid.align, strict=True)] for row in lines]
    return ["| " + " | ".join(row) + " |" for row in (padded[0], rule, *padded[1:])]


def _blocks(grid: Grid) -> list[Grid]:
    """Cut a grid between its columns where it is wider than a terminal; its labels are repeated."""
    wide = [
        max(3, *(width(markdown_cell(row[k])) for row in (grid.header, *grid.rows))) + 3
        for k in range(len(grid.header))
    ]
    fixed = sum(wide[: grid.labels]) + 1
    if fixed + sum(wide[grid.labels :]) <= WIDE:
        return [grid]
    chosen: list[list[int]] = [[]]
    for k in range(grid.labels, len(grid.header)):
        if chosen[-1] and fixed + sum(wide[i] for i in chosen[-1]) + wide[k] > WIDE:
            chosen.append([])
        chosen[-1].append(k)
    return [grid.columns([*range(grid.labels), *some]) for some in chosen]


def _pad(text: str, wide: int, align: str) -> str:
    space = " " * (wide - width(text))
    return space + text if align == "r" else text + space
