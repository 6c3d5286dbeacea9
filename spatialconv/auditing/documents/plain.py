"""Tables of plain text: Markdown, cells between bars or tabs, and columns held apart by spaces, as programs print."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from spatialconv.auditing.documents.cells import bracketed, figure_like
from spatialconv.auditing.documents.labels import HEADS, head_of, part_of
from spatialconv.auditing.documents.raw import LONGEST_CELL, MOST_COLUMNS, MOST_ROWS, MOST_TABLES, RawTable

_RULE = re.compile(r"^[\s|+:=_\-\u2500-\u257f~.*]*$")
_PIECE = re.compile(r"\S+(?: \S+)*")
_SETS = re.compile(r"[-+]?[\d.,]+\**\s?\([^()]*\)")
_SPREAD = re.compile(r"(?<=[\d*.])( {2,4})(\([-\d][^()]*\))")
_APART = re.compile(r"(?<=[)\]]) (?=[-+]?[\d.])")
# R sets figures one space apart; thousands that a space sets apart have no decimals before the last.
_FIGURE = r"(?:<\s?)?[-+]?(?:\d*\.\d+(?:e[-+]?\d+)?|\d+e[-+]?\d+)"
_FIGURES = re.compile(rf"{_FIGURE}(?: {_FIGURE})+(?: \*{{1,3}}| \.)?", re.IGNORECASE)
_ONE_FIGURE = re.compile(rf"{_FIGURE}\**", re.IGNORECASE)
_NEXT_FIGURE = re.compile(rf"(?<!<) (?={_FIGURE}(?: |$))", re.IGNORECASE)
# The bar after the labels of Stata; those of "P>|z|" are none.
_LONE_BAR = re.compile(r"(?:(?<=\s)|^)\|(?=\s|$)")
_NUMBERED = re.compile(r"\(\s*(?:\d{1,2}|[ivx]+)\s*\)|(?:18|19|20)\d\d", re.IGNORECASE)
# A figure with its stars, or what stands in brackets, as text copied from a page sets them one space apart.
_SIGN, _STARRED = r"[-+\u2212\u2013]?", r"[*\u2217\u2020+]{0,4}"
_INSIDE = rf"[(\[]{_SIGN}[\d.][\d.,]*[)\]]{_STARRED}"
_TOKEN = re.compile(
    rf"[<>]?{_SIGN}(?:\d[\d.,]*|\.\d+)(?:e[-+]?\d+)?%?{_STARRED}(?: ?{_INSIDE}(?=\s{_SIGN}[\d.]|$))?|{_INSIDE}"
)
_ESCAPED = re.compile(r"\\([*()<>\[\]_#+.!^~`-])")
_BAR = re.compile(r"(?<!\\)\|")


def tables(text: str) -> list[RawTable]:
    """Return the tables of a text, in order."""
    found: list[RawTable] = []
    above = ""
    head: list[str] = []
    for block in _blocks(text):
        if len(found) >= MOST_TABLES:
            break
        if _heads(block):
            head = block
            continue
        lines, head = [*head, *block], []
        made = _barred(lines) or _tabbed(lines) or _single(lines) or _spaced(lines)
        if made is None:
            words = _plain(" ".join(line.strip() for line in lines))
            above = words[-300:]
            if found:
                found[-1].notes.append(words[:1000])
            continue
        # Cells are read by where they stand, and only then as Markdown means them.
        made.rows = [[_plain(cell) for cell in row] for row in made.rows]
        made.notes = [_plain(note) for note in made.notes]
        made.caption = _plain(made.caption) or above
        above = ""
        found.append(made)
    return found


def _heads(lines: list[str]) -> bool:
    """Return whether a block is nothing but headings: few lines of several pieces, none of them a figure."""
    held = [_PIECE.findall(line) for line in lines if not _RULE.match(line)]
    figures = any(re.fullmatch(r"[-+]?[\d.,]*\d\.\d[\d.,]*\**", piece) for pieces in held for piece in pieces)
    return 0 < len(held) <= 3 and all(len(pieces) > 1 for pieces in held) and not figures and "|" not in lines[0]


def _blocks(text: str) -> list[list[str]]:
    """Split at blank lines; a table whose rows are set apart by blank lines stays whole, as esttab prints it."""
    blocks: list[list[str]] = [[]]
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line.strip():
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    joined: list[list[str]] = []
    for block in (b for b in blocks if b):
        if joined and _goes_on(joined[-1], block):
            joined[-1] += block
        else:
            joined.append(block)
    return [b[: MOST_ROWS * 3] for b in joined]


def _goes_on(above: list[str], below: list[str]) -> bool:
    """Return whether a row of a table stands on both sides of a blank line."""
    last = [_PIECE.findall(line) for line in above if not _RULE.match(line)][-1:]
    # A name of the model may stand alone above its rows.
    first = [_PIECE.findall(line) for line in below if not _RULE.match(line)][:1]
    if not last or not first or "|" in above[-1] or "|" in below[0]:
        return False
    ends = all(figure_like(p) or bracketed(p) for p in last[0][1:] or last[0])
    label, *cells = first[0]
    begins = bool(cells) and not figure_like(label) and not bracketed(label)
    begins = begins and all(figure_like(p) or bracketed(p) for p in cells)
    return ends and begins and not all(_NUMBERED.fullmatch(p) for p in cells)


def _barred(lines: list[str]) -> RawTable | None:
    barred = [line for line in lines if len(_BAR.findall(line)) >= 1 and not _RULE.match(line)]
    ruled = [line for line in lines if "|" in line and _RULE.match(line)]
    # Stata sets one bar after the labels; cells then stand apart by spaces. Its heading has more, in "P>|z|".
    ones = sum(len(_BAR.findall(line.strip().strip("|"))) <= 1 for line in barred)
    single = len(barred) > 0 and ones >= len(barred) - 1
    if len(barred) < 2 or (single and not ruled) or len(barred) * 2 < len(lines):
        return None
    rows = []
    for line in barred[:MOST_ROWS]:
        cells = [c.strip().replace("\\|", "|").replace("\\*", "*") for c in _BAR.split(line.strip())]
        cells = cells[1:] if cells and not cells[0] and line.strip().startswith("|") else cells
        cells = cells[:-1] if cells and not cells[-1] and line.strip().endswith("|") else cells
        rows.append([_bare(c)[:LONGEST_CELL] for c in cells[:MOST_COLUMNS]])
    first = lines.index(barred[0])
    last = len(lines) - 1 - lines[::-1].index(barred[-1])
    caption = " ".join(line.strip() for line in lines[:first] if not _RULE.match(line))
    notes = [line.strip() for line in lines[last + 1 :] if not _RULE.match(line)]
    return RawTable(_even(rows), caption, notes)


def _bare(cell: str) -> str:
    """Leave out what Markdown makes bold, and line breaks of HTML."""
    cell = re.sub(r"<br\s*/?>", " ", re.sub(r"<sup>(.*?)</sup>", r"^{\1}", cell))
    bold = re.fullmatch(r"(\*\*|__)(?!\*)(.+?)(?<!\*)\1", cell)
    return bold[2] if bold else cell


def _plain(text: str) -> str:
    """Take off the backslashes that Markdown sets before signs, and write its raised text as all others do."""
    if "\\" not in text and "^" not in text:
        return text
    raised = re.sub(r"(?<!\\)\^([^\s^{}]{1,12}?)(?<!\\)\^", r"^{\1}", text)
    return _ESCAPED.sub(r"\1", raised)


def _tabbed(lines: list[str]) -> RawTable | None:
    held = [line for line in lines if "\t" in line]
    if len(held) < 2 or len(held) * 2 < len(lines):
        return None
    rows = [[c.strip()[:LONGEST_CELL] for c in line.split("\t")[:MOST_COLUMNS]] for line in held[:MOST_ROWS]]
    return RawTable(_even(rows))


def _spaced(lines: list[str]) -> RawTable | None:
    """Read columns by where their pieces stand: two spaces set pieces apart, and what overlaps is one column."""
    body = [_LONE_BAR.sub(" ", line) for line in lines if not _RULE.match(line)]
    # Keys and values, such as stand above and below the coefficients of one model, are read as pairs.
    body = [line for line in body if not _keyed(line)]
    pieces = _unlabelled([list(_pieces(_SPREAD.sub(_closed, line))) for line in body[:MOST_ROWS]])
    many = [p for p in pieces if len(p) > 1]
    if len(many) < 2 or not any(re.search(r"\d", t) for p in many for _, _, t in p[1:]):
        return None
    spans = _columns(pieces)
    pieces = [[cut for piece in p for cut in _quantities(piece, spans)] for p in pieces]
    many = [p for p in pieces if len(p) > 1]
    first, last = pieces.index(many[0]), len(pieces) - 1 - pieces[::-1].index(many[-1])
    caption = " ".join(t for p in pieces[:first] for _, _, t in p)
    notes = [" ".join(t for _, _, t in p) for p in pieces[last + 1 :]]
    held = pieces[first : last + 1]
    spans = _columns(held)
    rows = []
    for p in held:
        row = [""] * len(spans)
        for start, end, t in p:
            near = min(range(len(spans)), key=lambda k: _gap(start, end, spans[k]))
            row[near] = f"{row[near]} {t}".strip()[:LONGEST_CELL]
        rows.append(row[:MOST_COLUMNS])
    return RawTable(_even(rows), caption[-300:], notes)


def _unlabelled(pieces: list[list[tuple[int, int, str]]]) -> list[list[tuple[int, int, str]]]:
    """Cut the longest label off its figure, where R leaves one space: other figures end in the same column."""
    full = max((len(p) for p in pieces), default=0)
    ends = {p[1][1] for p in pieces if len(p) == full > 2}
    found = []
    for p in pieces:
        if p and full - 1 <= len(p) + 1 <= full and p[0][1] in ends:
            start, end, text = p[0]
            label, cells = _label_and_figures(text)
            if label and len(cells) == 1:
                p = [(start, start + len(label), label), (end - len(cells[0]), end, cells[0]), *p[1:]]
        found.append(p)
    return found


def _label_and_figures(text: str) -> tuple[str, list[str]]:
    """Return the label that a piece begins with and the figures that it ends with, if it is both."""
    words = text.split(" ")
    k = len(words)
    while k and (_ONE_FIGURE.fullmatch(words[k - 1]) or words[k - 1] == "<"):
        k -= 1
    label = " ".join(words[:k])
    named = any(c.isalpha() for c in label) or (label.startswith("(") and label.endswith(")"))
    return (label, words[k:]) if named and k < len(words) else ("", [])


def _columns(held: list[list[tuple[int, int, str]]]) -> list[list[int]]:
    """Return where the columns stand that the fullest lines make."""
    # Columns are made by lines that are full; what spans several of them is a heading of the first.
    full = max(len(p) for p in held)
    spans: list[list[int]] = []
    for p in sorted((p for p in held if len(p) >= max(2, full - 1)), key=len, reverse=True):
        for start, end, _ in p:
            over = [s for s in spans if start < s[1] and s[0] < end]
            if not over:
                spans.append([start, end])
            elif len(over) == 1:
                over[0][0], over[0][1] = min(over[0][0], start), max(over[0][1], end)
    spans.sort()
    return spans


def _quantities(piece: tuple[int, int, str], spans: list[list[int]]) -> list[tuple[int, int, str]]:
    """Return the headings of several columns that stand one space apart, such as "Std. Error t value"."""
    start, end, text = piece
    if sum(start < s[1] and s[0] < end for s in spans) < 2:
        return [piece]
    found: dict[int, list[tuple[int, int]]] = {}
    for word in re.finditer(r"\S+", text):
        low, high = start + word.start(), start + word.end()
        near = min(range(len(spans)), key=lambda k: _gap(low, high, spans[k]))
        found.setdefault(near, []).append((low, high))
    cuts = [(held[0][0], held[-1][1]) for held in found.values()]
    named = [(low, high, text[low - start : high - start]) for low, high in cuts]
    # What spans several columns otherwise is a heading of all of them.
    return named if len(named) > 1 and all(part_of(t) for _, _, t in named) else [piece]


def _single(lines: list[str]) -> RawTable | None:
    """Read text copied from a page, whose columns are one space apart: by the figures at the ends of the lines.

    Only lines with as many figures as most have are of the table; of others nobody knows which columns are blank.
    """
    if any(re.search(r"\S {2,}\S", line) for line in lines):
        return None
    split = [_ends(line) for line in lines if not _RULE.match(line)]
    if all(not label for label, cells in split if len(cells) > 1):
        # Years are labels, and figures as well.
        split = [(cells[0], cells[1:]) if len(cells) > 1 else (label, cells) for label, cells in split]
    counts = Counter(len(cells) for _, cells in split if len(cells) > 1)
    if not counts:
        return None
    ((width, often),) = counts.most_common(1)
    if often < 3 or 2 * often < len(split):
        return None
    first = next(k for k, (_, cells) in enumerate(split) if len(cells) == width)
    caption, head = [label for label, _ in split[:first]], []
    # Headings of one word each, behind that of the labels.
    words = _headings(caption[-1]) if caption and not all(_NUMBERED.fullmatch(c) for c in split[first][1]) else []
    if width <= len(words) <= width + 1 and not words[0].casefold().startswith("tab"):
        head = [["" if len(words) == width else words[0], *words[-width:]]]
        caption = caption[:-1]
    rows, notes = [], []
    for label, cells in split[first:]:
        if len(cells) == width:
            rows.append([label, *cells])
        else:
            notes.append(" ".join([label, *cells]))
    return RawTable(_even([*head, *rows]), " ".join(caption)[-300:], notes)


def _headings(line: str) -> list[str]:
    """Return the headings of a line, those of two words together: "Moran's I", "Std. Dev."."""
    found: list[str] = []
    for word in line.split():
        pair = f"{found[-1]} {word}" if found else ""
        known = pair and (part_of(pair) or any(head_of(kind, pair) for kind in HEADS))
        found[-1:] = [pair] if known else [*found[-1:], word]
    return found


def _ends(line: str) -> tuple[str, list[str]]:
    """Return the label of a line and the figures that it ends with."""
    held = " ".join(line.split())
    cells: list[str] = []
    while found := re.search(rf"(?:^|(?<=\s))({_TOKEN.pattern})$", held):
        cells.insert(0, found[1])
        held = held[: found.start()].rstrip()
    return held, cells


def _keyed(line: str) -> bool:
    """Return whether a line is keys with one value each: "No. Observations:   80", "Number of obs =   310"."""
    pieces = _PIECE.findall(line)
    if "*" in line or len(pieces) < 2:
        return False
    keys = sum(bool(re.search(r"(?::|\s=|^=)(?:\s|$)", piece)) for piece in pieces)
    apart = sum(bool(re.search(r"(?::|\s=)\s+\S", piece)) for piece in pieces)
    filled = sum(piece.strip() not in (":", "=") for piece in pieces)
    return keys > 0 and 2 * keys + 1 >= filled + apart


def _closed(held: re.Match[str]) -> str:
    """Return a bracket one space behind its figure, in as many characters."""
    return f" {held[2]}{' ' * (len(held[1]) - 1)}"


def _pieces(line: str) -> Iterator[tuple[int, int, str]]:
    """Return where the pieces of a line stand; estimates with their brackets may be a single space apart."""
    for held in _PIECE.finditer(line):
        cuts = [held.start()]
        label, cells = _label_and_figures(held[0].rstrip(" *."))
        if sum(cell != "<" for cell in cells) > 1 or _FIGURES.fullmatch(held[0]):
            begin = len(label)
            cuts += [held.start() + m.end() for m in _NEXT_FIGURE.finditer(held[0], begin)]
        elif len(_SETS.findall(held[0])) > 1:
            cuts += [held.start() + m.end() for m in _APART.finditer(held[0])]
        for start, end in pairwise([*cuts, held.end()]):
            text = line[start:end].rstrip()
            yield start, start + len(text), text


def _gap(start: int, end: int, span: list[int]) -> tuple[int, float]:
    apart = max(span[0] - end, start - span[1], 0)
    return apart, abs((start + end) / 2 - (span[0] + span[1]) / 2)


def _even(rows: list[list[str]]) -> list[list[str]]:
    width = max((len(row) for row in rows), default=0)
    return [row + [""] * (width - len(row)) for row in rows]
