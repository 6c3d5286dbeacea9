r"""Tables for LaTeX that fit A4: a float where it fits, else wrapped columns, smaller type, a long or a turned table.

The width of the text block is that of the article class on A4, 345 pt upright and 598 pt turned; classes and margins
that leave more leave air. What the letters take is reckoned by the widths of Computer Modern Roman.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spatialconv._language import say
from spatialconv.tables._cells import EXPONENT, latex_cell, latex_text, most_stars

UPRIGHT, TURNED = 345.0, 598.0  # pt, \linewidth of an article on A4 and of the same page turned
TALL, LOW = 480.0, 270.0  # pt that a float may take of such a page, its caption and notes included
SIZES = (("", 1.0), (r"\small", 0.9), (r"\footnotesize", 0.8), (r"\scriptsize", 0.7))
FEW_LINES = 2  # of a cell, with which the smallest type still stands on an upright page
SEP = {1.0: 6.0, 0.9: 5.0, 0.8: 4.0, 0.7: 3.0}  # \tabcolsep in pt
# How wide letters are, to those of the normal size: smaller type is cut wider.
LETTERS = {1.0: 1.0, 0.9: 0.93, 0.8: 0.86, 0.7: 0.81}
STAR = 4.2  # pt of a raised star
LINE = 12.0  # pt between lines at the normal size
MOST_LINES = 6  # of one cell

# Computer Modern Roman at 10 pt; what is not listed takes a wide letter's room.
_WIDTHS = dict(zip("abcdefghijklmnopqrstuvwxyz", (
    5.0, 5.6, 4.5, 5.6, 4.5, 3.1, 5.0, 5.6, 2.8, 3.1, 5.3, 2.8, 8.4, 5.6, 5.0, 5.6, 5.3, 4.0, 4.0, 3.9, 5.6, 5.3, 7.3,
    5.3, 5.3, 4.5,
), strict=True))  # fmt: skip
_WIDTHS |= dict.fromkeys("0123456789", 5.0) | dict.fromkeys(".,:;'!|", 2.8) | dict.fromkeys("()[]/", 4.0)
_WIDTHS |= {" ": 3.4, "-": 3.4, "I": 3.7, "J": 5.2, "M": 9.2, "W": 10.3, "\u2013": 5.0, "\u2212": 7.8, "*": 4.0}
_OTHER = 7.9
_WORST = 10.3


def text_width(text: str) -> float:
    """Return about how many pt a text takes at the normal size, rather too many than too few."""
    # A power of ten is written with a sign of multiplication.
    power = 6.0 if EXPONENT.search(text) else 0.0
    return sum(_WIDTHS.get(c, _OTHER if ord(c) < 0x2E80 else _WORST) for c in text) * 1.02 + power


@dataclass(frozen=True)
class Grid:
    """What every writer writes: heads, rows of texts, and one "l" or "r" a column; how many columns are the labels."""

    header: list[str]
    rows: list[list[str]]
    align: str
    labels: int = 0

    def columns(self, chosen: Sequence[int]) -> Grid:
        """Return some of the columns."""
        rows = [[row[k] for k in chosen] for row in self.rows]
        return Grid([self.header[k] for k in chosen], rows, "".join(self.align[k] for k in chosen), self.labels)


@dataclass(frozen=True)
class _Fit:
    """How a grid is set: size of type, turned or not, natural or given widths of the columns in pt."""

    size: str
    factor: float
    turned: bool
    widths: list[float] | None
    lines: list[int]  # of each row

    @property
    def height(self) -> float:
        return LINE * self.factor * (sum(self.lines) + 2)


def to_latex(grid: Grid, *, caption: str, label: str, notes: Sequence[str], rules: Sequence[int]) -> str:
    r"""Return LaTeX: packages booktabs and array, longtable for long tables, pdflscape for turned ones."""
    parts = _parts(grid)
    texts = [
        _one(
            part, fit, caption=_counted(caption, i, len(parts)), label=label if i == 0 else "", notes=said, rules=rules
        )
        for i, (part, fit) in enumerate(parts)
        for said in [notes if i == len(parts) - 1 else ()]
    ]
    return "\n".join(texts)


def _counted(caption: str, place: int, parts: int) -> str:
    said = say("{caption} (part {i} of {n})", caption=caption, i=place + 1, n=parts)
    return said.strip() if parts > 1 else caption


def _parts(grid: Grid) -> list[tuple[Grid, _Fit]]:
    """Return the grid with what makes it fit; cut between columns, its labels repeated, where nothing does."""
    fit = _fit(grid)
    if fit is not None:
        return [(grid, fit)]
    most = len(grid.header)
    while most > grid.labels + 1:
        most -= 1
        pieces = [_columns(grid, start, most) for start in range(grid.labels, len(grid.header), most - grid.labels)]
        fits = [_fit(piece) for piece in pieces]
        if all(found is not None for found in fits):
            return [(piece, found) for piece, found in zip(pieces, fits, strict=True) if found is not None]
    # One column alone does not fit: it is wrapped as well as it goes.
    pieces = [_columns(grid, k, grid.labels + 1) for k in range(grid.labels, len(grid.header))]
    return [(piece, _forced(piece)) for piece in pieces]


def _columns(grid: Grid, start: int, most: int) -> Grid:
    return grid.columns([*range(grid.labels), *range(start, min(start + most - grid.labels, len(grid.header)))])


def _fit(grid: Grid) -> _Fit | None:
    """Return the largest type in which the grid fits: natural widths first, wrapped then, on a turned page last."""
    for turned, sizes in ((False, SIZES), (True, SIZES)):
        whole = TURNED if turned else UPRIGHT
        for size, factor in sizes:
            room = (whole - 2 * SEP[factor] * len(grid.header)) / LETTERS[factor]
            natural = [max(map(text_width, column)) + _stars(column) for column in _by_column(grid)]
            if sum(natural) <= room:
                return _Fit(size, factor, turned, None, [1] * len(grid.rows))
            widths = _wrapped(grid, natural, room)
            if widths is not None:
                lines = [_most_lines(row, widths) for row in grid.rows]
                last = factor == SIZES[-1][1]
                if max([*lines, 1]) <= (FEW_LINES if last and not turned else MOST_LINES) or (last and turned):
                    return _Fit(size, factor, turned, [w * LETTERS[factor] for w in widths], lines)
    return None


def _forced(grid: Grid) -> _Fit:
    size, factor = SIZES[-1]
    room = (TURNED - 2 * SEP[factor] * len(grid.header)) / LETTERS[factor]
    widths = [room / len(grid.header)] * len(grid.header)
    return _Fit(
        size, factor, True, [w * LETTERS[factor] for w in widths], [_most_lines(row, widths) for row in grid.rows]
    )


def _by_column(grid: Grid) -> list[list[str]]:
    return [[grid.header[k], *(row[k] for row in grid.rows)] for k in range(len(grid.header))]


def _wrapped(grid: Grid, natural: list[float], room: float) -> list[float] | None:
    """Return widths that no word exceeds and that share out what is left by how much each column would still take."""
    least = []
    for align, column in zip(grid.align, _by_column(grid), strict=True):
        # Figures are not broken; heads are, at their spaces.
        words = [word for text in (column[:1] if align == "r" else column) for word in text.split(" ")]
        figures = column[1:] if align == "r" else []
        least.append(max([text_width(text) for text in (*words, *figures)] or [0.0]) + _stars(column) + 1.5)
    if sum(least) > room:
        return None
    wish = [max(n - s, 0.0) for n, s in zip(natural, least, strict=True)]
    share = min(1.0, (room - sum(least)) / sum(wish)) if sum(wish) else 0.0
    return [s + share * w for s, w in zip(least, wish, strict=True)]


def _stars(column: Sequence[str]) -> float:
    """Return what the stars that all cells of a column leave room for take."""
    return STAR * most_stars(list(column[1:]))


def _most_lines(row: Sequence[str], widths: Sequence[float]) -> int:
    return max((_lines(text, width) for text, width in zip(row, widths, strict=True)), default=1)


def _lines(text: str, width: float) -> int:
    lines, used = 1, 0.0
    for word in text.split(" "):
        wide = text_width(word)
        if used and used + text_width(" ") + wide > width:
            lines, used = lines + 1, wide
        else:
            used += (text_width(" ") if used else 0.0) + wide
    return lines


# ---------------------------------------------------------------------- what is written


def _one(grid: Grid, fit: _Fit, *, caption: str, label: str, notes: Sequence[str], rules: Sequence[int]) -> str:
    whole = TURNED if fit.turned else UPRIGHT
    said = sum(_lines(note, whole / 0.8) for note in notes) * LINE * 0.8
    titled = _lines(caption, whole) * LINE if caption else 0.0
    long = fit.turned or fit.height + said + titled > (LOW if fit.turned else TALL)
    head = _row([latex_text(h) for h in grid.header])
    stars = [most_stars([row[k] for row in grid.rows]) for k in range(len(grid.header))]
    body = []
    for k, row in enumerate(grid.rows):
        body += [r"\midrule"] if k in rules and k else []
        body.append(_row([latex_cell(c, s) for c, s in zip(row, stars, strict=True)]))
    written = " \\par ".join(latex_text(note) for note in notes)
    if long:
        return _long(grid, fit, head, body, caption=latex_text(caption), label=label, notes=written)
    inner = [rf"\begin{{tabular}}{{{_spec(grid, fit)}}}", r"\toprule", head, r"\midrule", *body, r"\bottomrule"]
    inner.append(r"\end{tabular}")
    sized = [fit.size, _sep(fit)] if fit.size else []
    if not (caption or label or notes):
        return "\n".join([*(["{" + "".join(sized)] if sized else []), *inner, *(["}"] if sized else [])]) + "\n"
    lines = [r"\begin{table}[htbp]", r"\centering"]
    lines += [rf"\caption{{{latex_text(caption)}}}"] if caption else []
    lines += [rf"\label{{{label}}}"] if label else []
    below = say("Notes: {notes}", notes=written)
    under = [r"\par\smallskip", rf"\begin{{minipage}}{{\linewidth}}\footnotesize {below}\end{{minipage}}"]
    return "\n".join([*lines, *sized, *inner, *(under if notes else []), r"\end{table}"]) + "\n"


def _long(grid: Grid, fit: _Fit, head: str, body: list[str], *, caption: str, label: str, notes: str) -> str:
    """Return a table that runs over pages, its heads on each; notes are a paragraph, which may run over pages too."""
    columns = len(grid.header)
    more = say("continued on the next page")
    again = rf"\multicolumn{{{columns}}}{{r@{{}}}}{{\footnotesize {more}}} \\"
    name = rf"\label{{{label}}}" if label else ""
    lines = [r"\begin{landscape}"] if fit.turned else []
    lines += ["{" + fit.size + _sep(fit)]
    lines += [rf"\begin{{longtable}}{{{_spec(grid, fit)}}}"]
    lines += [rf"\caption{{{caption}}}{name}\\"] if caption else [rf"{name}"] if name else []
    lines += [r"\toprule", head, r"\midrule", r"\endfirsthead", r"\toprule", head, r"\midrule", r"\endhead"]
    lines += [r"\midrule", again, r"\endfoot", r"\bottomrule", r"\endlastfoot", *body, r"\end{longtable}", "}"]
    lines += [rf"{{\noindent\footnotesize\sloppy {say('Notes: {notes}', notes=notes)}\par}}"] if notes else []
    lines += [r"\end{landscape}"] if fit.turned else []
    return "\n".join(lines) + "\n"


def _spec(grid: Grid, fit: _Fit) -> str:
    if fit.widths is None:
        return grid.align
    side = {"l": r"\raggedright", "r": r"\raggedleft"}
    return "".join(
        rf">{{{side[a]}\arraybackslash}}p{{{width:.1f}pt}}" for a, width in zip(grid.align, fit.widths, strict=True)
    )


def _sep(fit: _Fit) -> str:
    return rf"\setlength{{\tabcolsep}}{{{SEP[fit.factor]:g}pt}}"


def _row(cells: list[str]) -> str:
    # After the line break of the row above, LaTeX would read [ or * as its argument.
    opening = "{}" if cells[0][:1] in ("[", "*") else ""
    return opening + " & ".join(cells) + r" \\"
