"""Cells of a document: whether they are figures, and the marks of significance that are no stars yet."""

from __future__ import annotations

import re
from collections.abc import Iterable

from spatialconv.auditing.description.typography import plain
from spatialconv.auditing.documents.notes import Said

_NUMBER = r"[<>]?\s*[-+]?\s?(?:\d[\d.,]*|[.,]\d+)(?:e[-+]?\d{1,3})?\s*%?"
_INSIDE = rf"(?:{_NUMBER}(?:\s*(?:,|;|to)\s*{_NUMBER})?|-|)"
_FIGURE = re.compile(rf"\*{{0,4}}\s*{_NUMBER}\s*\*{{0,4}}", re.IGNORECASE)
_BRACKET = re.compile(
    rf"\*{{0,4}}\s*(?:\(\s*{_INSIDE}\s*\*{{0,4}}\s*\)|\[\s*{_INSIDE}\s*\*{{0,4}}\s*\]|\{{\s*{_INSIDE}\s*\}})"
    r"\s*\*{0,4}",
    re.IGNORECASE,
)
_DOT = re.compile(r"(?<=\d)\s?\.(?=\s*(?:$|[(\[]))")
_NEXT = re.compile(r"(?<=[\d)\]])\s*\^?\{?([\u2020\u2021+abc]{1,3})\}?(?=\s*(?:$|[(\[]))")
_LETTERS = {"a": "***", "b": "**", "c": "*"}
BLANK = frozenset(
    {"", "-", "--", "---", "\u2013", "\u2014", "\u2212", ".", "n.a.", "na", "n/a", "/", "\u2014\u2014", "nan", "none"}
)


def blank(text: str) -> bool:
    """Return whether nothing is printed."""
    return text.strip().casefold() in BLANK


def figure_like(text: str) -> bool:
    """Return whether a cell is a figure, with stars or not, with brackets behind it or not."""
    held = plain(text)
    rest = _BRACKET.sub("", held).strip()
    return bool(_FIGURE.fullmatch(rest)) if rest else False


def bracketed(text: str) -> bool:
    """Return whether a cell is nothing but something in brackets."""
    held = plain(text)
    return bool(held) and not _BRACKET.sub("", held).strip(" *")


def has_bracket(text: str) -> bool:
    """Return whether a figure has something in brackets beside it."""
    return figure_like(text) and bool(_BRACKET.search(plain(text)))


def starred(text: str) -> bool:
    """Return whether a figure has stars."""
    return "*" in plain(text)


def marks_of(cells: Iterable[str]) -> set[str]:
    """Return marks of significance that are no stars, such as daggers, plus signs and letters."""
    found: dict[str, int] = {}
    for cell in cells:
        held = _NEXT.search(plain(cell))
        if held and (figure_like(_NEXT.sub("", plain(cell)))):
            found[held[1]] = found.get(held[1], 0) + 1
    # One letter beside one figure is a footnote.
    return {mark for mark, count in found.items() if mark in "\u2020\u2021+" or count >= 2}


def starring(cells: list[list[str]], said: Said) -> tuple[list[list[str]], dict[str, float]]:
    """Return the cells with stars for every mark, and the levels where the marks themselves say them."""
    # R marks p below 10 per cent by a dot, where a star is 5: it is no star, and no decimal mark.
    cells = [[_DOT.sub("", c) if re.search(r"\d\.\d+\s?\.", c) else c for c in row] for row in cells]
    marks = marks_of(cell for row in cells for cell in row)
    marks |= {mark for mark in said.marks if mark in ("\u2020", "\u2021", "+")}
    if not marks:
        return cells, said.stars
    first = {m for m in marks if m in ("\u2020", "\u2021", "+")}
    if first:
        levels = said.stars or {"*": 0.10, "**": 0.05, "***": 0.01, "****": 0.001}
        order = said.marks or {**dict.fromkeys(first, 1), "*": 2, "**": 3, "***": 4}

        def more(text: str) -> str:
            held = _NEXT.sub(lambda m: "\0" * order.get(m[1], 1), plain(text))
            held = re.sub(r"\*+", lambda m: "\0" * order.get(m[0], len(m[0]) + 1), held)
            return held.replace("\0", "*")

        return [[more(c) if figure_like(_NEXT.sub("", plain(c))) else c for c in row] for row in cells], levels

    def lettered(text: str) -> str:
        return _NEXT.sub(lambda m: _LETTERS.get(m[1], m[0]), plain(text))

    return [[lettered(c) if _NEXT.search(plain(c)) else c for c in row] for row in cells], said.stars
