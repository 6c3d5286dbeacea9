"""Table: a frame with caption and notes, and its writers."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import pandas as pd

from spatialconv._files.spreadsheet import guarded
from spatialconv._files.writing import write_whole
from spatialconv._language import Language, current, restate, say, speaking, spoken_in
from spatialconv._options import choice, first
from spatialconv.errors import FileError, OptionError
from spatialconv.results import Result, rows_shown
from spatialconv.tables._cells import Digits, column_texts, html_cell, label
from spatialconv.tables._excel import to_xlsx
from spatialconv.tables._heads import HEADS, heads_of, titled, worded
from spatialconv.tables._latex import Grid, to_latex
from spatialconv.tables._text import LONG, SHOWN, in_terminal, to_markdown
from spatialconv.tables._word import to_docx

W = TypeVar("W", bound=Callable[..., Any])


def _own(written: W) -> W:
    """Let a writer of a table say what it adds in the language of the table."""

    @wraps(written)
    def inside(self: Table, *args: Any, **options: Any) -> Any:
        with spoken_in(self.language):
            return written(self, *args, **options)

    return cast(W, inside)


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    r"""A table for print.

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
    heads : mapping of column to str, optional
        What stands over columns instead of their names; CSV keeps the names.
    language : {"en", "zh"}
        Of the words that the writers add. LaTeX needs `\usepackage{ctex}` for Chinese.
    """

    frame: pd.DataFrame
    caption: str = ""
    notes: tuple[str, ...] = ()
    digits: Digits = None
    data: pd.DataFrame | None = None
    rules: tuple[int, ...] = ()
    align: str | None = None
    heads: Mapping[str, str] | None = None
    language: Language = field(default_factory=current)

    def to_frame(self) -> pd.DataFrame:
        """Return the figures with all their digits, as CSV holds them."""
        return (self.frame if self.data is None else self.data).copy()

    @_own
    def to_markdown(self) -> str:
        """Return a Markdown (pipe) table, its columns padded so that the source reads well too."""
        return to_markdown(_grid(self), caption=self.caption, notes=self.notes)

    @_own
    def to_latex(self, *, label: str = "") -> str:
        r"""Return LaTeX that fits a page of A4; a floating table if it has caption, label or notes.

        What is too wide gets wrapped heads and columns, smaller type, a turned page or parts, in that order; what is
        too long runs over pages. Needs `\\usepackage{booktabs,array,longtable,pdflscape}`.
        """
        grid = _grid(self)
        return to_latex(grid, caption=self.caption, label=label, notes=self.notes, rules=self.rules)

    @_own
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
            said = say("Notes: {notes}", notes="<br>".join(html.escape(note) for note in self.notes))
            lines.append(f'<tfoot><tr><td colspan="{len(sides)}" style="text-align:left">{said}</td></tr></tfoot>')
        return "\n".join([*lines, "</table>"]) + "\n"

    def to_csv(self) -> str:
        """Return CSV with every digit, without caption and notes.

        Text that a spreadsheet would take for a formula (=, +, @ or a tab first, - before anything but a number)
        stands behind an apostrophe.
        """
        frame = self.to_frame()
        shown = _shows_index(frame)
        return str(_guarded(frame).to_csv(index=shown, lineterminator="\n"))

    @_own
    def to_docx(self) -> bytes:
        """Return a Word document with the table in it, caption above and notes below; needs the extra `word`.

        Raises
        ------
        MissingExtraError
            If python-docx is not installed.
        """
        return to_docx(_grid(self), caption=self.caption, notes=self.notes, rules=self.rules)

    @_own
    def to_xlsx(self) -> bytes:
        """Return an Excel workbook: the table as it is printed, and a sheet of the figures with all their digits.

        Raises
        ------
        MissingExtraError
            If openpyxl is not installed; the extra `excel` brings it.
        """
        frame = self.to_frame()
        plain = frame.reset_index() if _shows_index(frame) else frame
        return to_xlsx(_grid(self), plain, caption=self.caption, notes=self.notes, rules=self.rules)

    def save(self, path: str | Path, *, label: str = "") -> Path:
        """Write the table to a file; the suffix says how. See `spatialconv.tables.save`."""
        return save(self, path, label=label)

    @_own
    def __repr__(self) -> str:
        grid = _grid(replace(self, frame=self.frame.head(SHOWN)) if len(self.frame) > LONG else self)
        return in_terminal(grid, len(self.frame), caption=self.caption, notes=self.notes)

    @_own
    def _repr_html_(self) -> str:
        if len(self.frame) <= LONG:
            return self.to_html()
        short = replace(self, frame=self.frame.head(SHOWN), data=None, align=self.align)
        return short.to_html() + f"<p>{restate(rows_shown(SHOWN, len(self.frame)))}</p>\n"


@speaking
def table(
    content: Table | Result | pd.DataFrame,
    *,
    caption: str | None = None,
    notes: tuple[str, ...] | None = None,
    digits: Digits = None,
    heads: Mapping[str, str] | None = None,
    language: Language = "en",
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
    heads : mapping of column to str, optional
        What stands over columns instead of their names; those of results get words (`spatialconv.tables.HEADS`).
    language : {"en", "zh"}
        Of caption, heads, notes and words of a result, and of what the writers add; labels and names of variables stay
        as they are, and so does what has no Chinese phrase.

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
        given = {"caption": caption, "notes": notes, "digits": digits, "heads": heads}
        given |= {"language": language} if language != "en" else {}
        changed = {k: v for k, v in given.items() if v is not None}
        return Table(**{**{f: getattr(content, f) for f in Table.__dataclass_fields__}, **changed})
    if isinstance(content, Result):
        held = getattr(content, "table", None)
        frame = held if isinstance(held, pd.DataFrame) else content.tidy()
        caption = titled(content) if caption is None else caption
        said = tuple(map(restate, content.notes)) if notes is None else tuple(notes)
        shown = worded(frame)
        # CSV keeps the words of the code.
        data = None if shown is frame else frame.copy()
        over = heads_of(frame, content) if heads is None else heads
        return Table(shown.copy(), caption, said, digits, data=data, heads=over)
    if isinstance(content, pd.DataFrame):
        heads = heads_of(content) if heads is HEADS else heads
        return Table(content.copy(), caption or "", tuple(notes or ()), digits, heads=heads)
    raise OptionError(f"a table is made of a DataFrame, a result or a Table; got {type(content).__name__}.")


def frame_to_markdown(frame: pd.DataFrame, *, caption: str = "", digits: Digits = None) -> str:
    """Return a frame as a Markdown table; numbers stand on the right, with a true minus sign.

    Parameters
    ----------
    frame : DataFrame
    caption : str
        Printed above the table.
    digits : int or mapping of column to int, optional
        Decimals.

    Returns
    -------
    str
        As `Table.to_markdown`.

    Examples
    --------
    >>> import pandas as pd, spatialconv as sc
    >>> print(sc.tables.frame_to_markdown(pd.DataFrame({"I": [-0.231]}, index=[2016]), digits=3).strip())
    |      |      I |
    | ---- | -----: |
    | 2016 | −0.231 |
    """
    return table(frame, caption=caption, digits=digits).to_markdown()


def frame_to_latex(frame: pd.DataFrame, *, caption: str = "", label: str = "", digits: Digits = None) -> str:
    r"""Return a frame as a LaTeX table in the style of booktabs, with everything escaped.

    Parameters
    ----------
    frame : DataFrame
    caption, label : str
        Of the table; the label is for references.
    digits : int or mapping of column to int, optional
        Decimals.

    Returns
    -------
    str
        As `Table.to_latex`.

    Examples
    --------
    >>> import pandas as pd, spatialconv as sc
    >>> made = sc.tables.frame_to_latex(pd.DataFrame({"a_b": [-0.5]}, index=["R&D"]))
    >>> r"R\&D" in made, r"a\_b" in made
    (True, True)
    """
    return table(frame, caption=caption, digits=digits).to_latex(label=label)


def save(content: Table | Result | pd.DataFrame, path: str | Path, *, label: str = "") -> Path:
    """Write a table to a file; the suffix says how: .docx, .xlsx, .tex, .html, .md or .csv.

    Parameters
    ----------
    content : Table, result or DataFrame
    path : path
        In a folder that exists; a file of that name is replaced. Word needs the extra `word`, Excel the extra `excel`.
    label : str
        For references from LaTeX.

    Returns
    -------
    Path

    Raises
    ------
    OptionError
        If the suffix is another one.
    MissingExtraError
        If the library that writes such files is not installed.
    FileError
        If the folder does not exist or cannot be written to.

    Examples
    --------
    >>> import tempfile, pandas as pd, spatialconv as sc
    >>> frame = pd.DataFrame({"I": [-0.231, 0.02]}, index=[2016, 2020])
    >>> sc.tables.save(frame, f"{tempfile.mkdtemp()}/moran.csv").name
    'moran.csv'
    """
    path = Path(path)
    made = table(content)
    writers: Mapping[str, Callable[[], str | bytes]] = {
        ".csv": made.to_csv,
        ".md": made.to_markdown,
        ".tex": lambda: made.to_latex(label=label),
        ".html": made.to_html,
        ".docx": made.to_docx,
        ".xlsx": made.to_xlsx,
    }
    written = writers[choice("the suffix of path", path.suffix.lower(), tuple(writers))]()
    try:
        write_whole(path, written)
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


def _grid(shown: Table) -> Grid:
    frame, heads = shown.frame, shown.heads or {}
    columns = _index_columns(frame.index) if _shows_index(frame) else []
    labels = len(columns)
    for k, name in enumerate(frame.columns):
        texts, numeric = column_texts(frame.iloc[:, k], shown.digits)
        head = " ".join(label(part) for part in name) if isinstance(name, tuple) else label(name)
        columns.append((head, texts, numeric))
    header = [heads.get(name, name) for name, _, _ in columns]
    align = shown.align or "".join("r" if numeric else "l" for _, _, numeric in columns)
    if len(align) != len(header) or set(align) - {"l", "r"}:
        raise OptionError(f"align must give 'l' or 'r' for each of {first(header)}; got {align!r}.")
    return Grid(header, [[texts[k] for _, texts, _ in columns] for k in range(len(frame))], align, labels)


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
