"""Table: a frame with caption and notes, and its writers."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from spatialconv._files.spreadsheet import guarded
from spatialconv._options import choice, first
from spatialconv.errors import FileError, OptionError
from spatialconv.results import Result
from spatialconv.tables._cells import (
    Digits,
    column_texts,
    html_cell,
    label,
    latex_cell,
    latex_text,
    markdown_cell,
    most_stars,
    width,
)


@dataclass(frozen=True)
class _Grid:
    header: list[str]
    rows: list[list[str]]
    align: str  # one "l" or "r" a column


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """A table for print.

    Attributes
    ----------
    frame : DataFrame
        What is shown: numbers, formatted when written, or texts.
    caption : str
    notes : tuple of str
        Shown below the table.
    digits : int or mapping of column to int, optional
        Decimals; by default as many as a column needs, four at most.
    data : DataFrame, optional
        What CSV holds instead of `frame`: every figure with all its digits.
    rules : tuple of int
        Rows that a line precedes.
    align : str, optional
        "l" or "r" a column, those of the index first; numbers on the right by default.
    """

    frame: pd.DataFrame
    caption: str = ""
    notes: tuple[str, ...] = ()
    digits: Digits = None
    data: pd.DataFrame | None = None
    rules: tuple[int, ...] = ()
    align: str | None = None

    def to_frame(self) -> pd.DataFrame:
        """Return the figures with all their digits, as CSV holds them."""
        return (self.frame if self.data is None else self.data).copy()

    def to_markdown(self) -> str:
        """Return a Markdown (pipe) table, its columns padded so that the source reads well too."""
        grid = _grid(self)
        lines = [[markdown_cell(c) for c in row] for row in (grid.header, *grid.rows)]
        widths = [max(3, *(width(row[k]) for row in lines)) for k in range(len(grid.header))]
        rule = ["-" * (w - 1) + ":" if a == "r" else "-" * w for w, a in zip(widths, grid.align, strict=True)]
        padded = [[_pad(c, w, a) for c, w, a in zip(row, widths, grid.align, strict=True)] for row in lines]
        body = ["| " + " | ".join(row) + " |" for row in (padded[0], rule, *padded[1:])]
        caption = [f"**{markdown_cell(self.caption)}**", ""] if self.caption else []
        notes = ["", "Notes:", "", *(f"- {markdown_cell(note)}" for note in self.notes)] if self.notes else []
        return "\n".join([*caption, *body, *notes]) + "\n"

    def to_latex(self, *, label: str = "") -> str:
        r"""Return LaTeX that needs the package booktabs; a floating table if it has caption, label or notes."""
        grid = _grid(self)
        stars = [most_stars([row[k] for row in grid.rows]) for k in range(len(grid.header))]
        body = [rf"\begin{{tabular}}{{{grid.align}}}", r"\toprule", _latex_row([latex_text(h) for h in grid.header])]
        body.append(r"\midrule")
        for k, row in enumerate(grid.rows):
            body += [r"\midrule"] if k in self.rules and k else []
            body.append(_latex_row([latex_cell(c, s) for c, s in zip(row, stars, strict=True)]))
        body += [r"\bottomrule", r"\end{tabular}"]
        if not (self.caption or label or self.notes):
            return "\n".join(body) + "\n"
        head = [r"\begin{table}[htbp]", r"\centering"]
        head += [rf"\caption{{{latex_text(self.caption)}}}"] if self.caption else []
        head += [rf"\label{{{label}}}"] if label else []
        text = r" \par ".join(latex_text(note) for note in self.notes)
        notes = [r"\par\smallskip", rf"\begin{{minipage}}{{\linewidth}}\footnotesize Notes: {text}\end{{minipage}}"]
        return "\n".join([*head, *body, *(notes if self.notes else []), r"\end{table}"]) + "\n"

    def to_html(self) -> str:
        """Return an HTML table that needs no style sheet."""
        grid = _grid(self)
        sides = ["right" if a == "r" else "left" for a in grid.align]
        head = "".join(
            f'<th style="text-align:{s}">{html_cell(h)}</th>' for h, s in zip(grid.header, sides, strict=True)
        )
        lines = ["<table>"]
        lines += [f"<caption>{html.escape(self.caption)}</caption>"] if self.caption else []
        lines += [f"<thead><tr>{head}</tr></thead>", "<tbody>"]
        for k, row in enumerate(grid.rows):
            line = "border-top:1px solid;" if k in self.rules and k else ""
            cells = zip(row, sides, strict=True)
            lines.append(
                "<tr>" + "".join(f'<td style="{line}text-align:{s}">{html_cell(c)}</td>' for c, s in cells) + "</tr>"
            )
        lines.append("</tbody>")
        if self.notes:
            text = "<br>".join(html.escape(note) for note in self.notes)
            lines.append(
                f'<tfoot><tr><td colspan="{len(sides)}" style="text-align:left">Notes: {text}</td></tr></tfoot>'
            )
        return "\n".join([*lines, "</table>"]) + "\n"

    def to_csv(self) -> str:
        """Return CSV with every digit, without caption and notes.

        Text that a spreadsheet would take for a formula (=, +, @ or a tab first, - before anything but a number)
        stands behind an apostrophe.
        """
        frame = self.to_frame()
        shown = _shows_index(frame)
        return str(_guarded(frame).to_csv(index=shown, lineterminator="\n"))

    def __repr__(self) -> str:
        return self.to_markdown().rstrip("\n")

    def _repr_html_(self) -> str:
        return self.to_html()


def table(
    content: Table | Result | pd.DataFrame,
    *,
    caption: str | None = None,
    notes: tuple[str, ...] | None = None,
    digits: Digits = None,
) -> Table:
    """Make a Table of a frame, or of a result: its `.table` where it has one, else what `tidy()` gives.

    Parameters
    ----------
    content : DataFrame, result or Table
        Of a result, caption and notes come along unless others are given.
    caption : str, optional
    notes : tuple of str, optional
    digits : int or mapping of column to int, optional
        Decimals.

    Returns
    -------
    Table

    Examples
    --------
    >>> import pandas as pd
    >>> table(pd.DataFrame({"I": [-0.231, 0.02]}, index=[2016, 2017]), digits=3)
    |      |      I |
    | ---- | -----: |
    | 2016 | −0.231 |
    | 2017 |  0.020 |
    """
    if isinstance(content, Table):
        given = {"caption": caption, "notes": notes, "digits": digits}
        changed = {k: v for k, v in given.items() if v is not None}
        return Table(**{**{f: getattr(content, f) for f in Table.__dataclass_fields__}, **changed})
    if isinstance(content, Result):
        held = getattr(content, "table", None)
        frame = held if isinstance(held, pd.DataFrame) else content.tidy()
        caption = repr(content).splitlines()[0] if caption is None else caption
        return Table(frame.copy(), caption, content.notes if notes is None else tuple(notes), digits)
    if isinstance(content, pd.DataFrame):
        return Table(content.copy(), caption or "", tuple(notes or ()), digits)
    raise OptionError(f"a table is made of a DataFrame, a result or a Table; got {type(content).__name__}.")


def frame_to_markdown(frame: pd.DataFrame, *, caption: str = "", digits: Digits = None) -> str:
    """Return a frame as a Markdown table; numbers stand on the right, with a true minus sign."""
    return table(frame, caption=caption, digits=digits).to_markdown()


def frame_to_latex(frame: pd.DataFrame, *, caption: str = "", label: str = "", digits: Digits = None) -> str:
    """Return a frame as a LaTeX table in the style of booktabs, with everything escaped."""
    return table(frame, caption=caption, digits=digits).to_latex(label=label)


def save(content: Table | Result | pd.DataFrame, path: str | Path, *, label: str = "") -> Path:
    """Write a table to a file; the suffix says how: .csv, .md, .tex or .html.

    Parameters
    ----------
    content : Table, result or DataFrame
    path : path
        In a folder that exists; a file of that name is replaced.
    label : str
        For references from LaTeX.

    Returns
    -------
    Path

    Raises
    ------
    OptionError
        If the suffix is another one.
    FileError
        If the folder does not exist or cannot be written to.
    """
    path = Path(path)
    made = table(content)
    writers: Mapping[str, Callable[[], str]] = {
        ".csv": made.to_csv,
        ".md": made.to_markdown,
        ".tex": lambda: made.to_latex(label=label),
        ".html": made.to_html,
    }
    if path.suffix.lower() == ".docx":
        raise OptionError(f"Word files are not written; save {path.stem}.html instead, which Word opens as a table.")
    text = writers[choice("the suffix of path", path.suffix.lower(), tuple(writers))]()
    try:
        # The newline is fixed so that a file does not depend on the system that wrote it.
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise FileError(
            f"cannot write {path}: {error.strerror}. Create the folder first, or choose another."
        ) from error
    return path


def _guarded(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose labels and cells no spreadsheet evaluates."""
    made = frame.copy()
    for k in range(made.shape[1]):
        column = made.iloc[:, k]
        if not pd.api.types.is_numeric_dtype(column.dtype) and any(guarded(cell) is not cell for cell in column):
            made.isetitem(k, pd.Series([guarded(cell) for cell in column], index=made.index, dtype=object))
    made.index, made.columns = _guarded_labels(made.index), _guarded_labels(made.columns)
    return made


def _guarded_labels(labels: pd.Index) -> pd.Index:
    told = [part for label in labels for part in (label if isinstance(label, tuple) else (label,))]
    named = [name for name in labels.names if name is not None]
    if all(guarded(one) is one for one in (*told, *named)):
        return labels
    names = [guarded(name) for name in labels.names]
    if isinstance(labels, pd.MultiIndex):
        return pd.MultiIndex.from_tuples([tuple(map(guarded, label)) for label in labels], names=names)
    return pd.Index([guarded(label) for label in labels], name=names[0], dtype=object)


def _grid(shown: Table) -> _Grid:
    frame = shown.frame
    columns = _index_columns(frame.index) if _shows_index(frame) else []
    header = [name for name, _, _ in columns]
    for k, name in enumerate(frame.columns):
        texts, numeric = column_texts(frame.iloc[:, k], shown.digits)
        header.append(" ".join(label(part) for part in name) if isinstance(name, tuple) else label(name))
        columns.append((header[-1], texts, numeric))
    align = shown.align or "".join("r" if numeric else "l" for _, _, numeric in columns)
    if len(align) != len(header) or set(align) - {"l", "r"}:
        raise OptionError(f"align must give 'l' or 'r' for each of {first(header)}; got {align!r}.")
    return _Grid(header, [[texts[k] for _, texts, _ in columns] for k in range(len(frame))], align)


def _index_columns(index: pd.Index) -> list[tuple[str, list[str], bool]]:
    columns = []
    for k in range(index.nlevels):
        texts = [label(v) for v in index.get_level_values(k)]
        if k < index.nlevels - 1:
            # An outer label that stands above need not be said again.
            texts = ["" if n and index[n][: k + 1] == index[n - 1][: k + 1] else t for n, t in enumerate(texts)]
        name = index.names[k]
        columns.append(("" if name is None else label(name), texts, False))
    return columns


def _shows_index(frame: pd.DataFrame) -> bool:
    # The numbers that pandas gives to rows without labels say nothing.
    return not (isinstance(frame.index, pd.RangeIndex) and frame.index.name is None)


def _pad(text: str, wide: int, align: str) -> str:
    space = " " * (wide - width(text))
    return space + text if align == "r" else text + space


def _latex_row(cells: list[str]) -> str:
    # After the line break of the row above, LaTeX would read [ or * as its argument.
    opening = "{}" if cells[0][:1] in ("[", "*") else ""
    return opening + " & ".join(cells) + r" \\"
