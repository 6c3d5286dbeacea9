"""Tables of HTML, by the parser of the standard library: nothing is fetched, no entity expands into several.

pandas.read_html turns cells into numbers before their decimals are read ("0.50" is 0.5), leaves out what stands around
a table, and needs lxml or html5lib. The reader is held against lxml, on pages of pandoc too, in
`tests/unit/auditing/test_written_by_others.py`.
"""

from __future__ import annotations

from contextlib import suppress
from html.parser import HTMLParser

from spatialconv.auditing.documents.raw import DEEPEST, MOST_CELLS, MOST_TABLES, RawTable, laid_out

_SILENT = {"script", "style", "template", "noscript"}
_BREAKS = {"br", "p", "div", "li"}


class _Tables(HTMLParser):
    """Collects tables with their captions, and the words between them, which may be notes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[RawTable] = []
        self._stack: list[list[list[tuple[str, int, int]]]] = []
        self._captions: list[str] = []
        self._cell: list[str] | None = None
        self._open: list[tuple[list[str] | None, tuple[int, int]]] = []
        self._span = (1, 1)
        self._caption: list[str] | None = None
        self._silent = 0
        self._between: list[str] = []
        self._cells = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a table, row, cell or caption."""
        if tag in _SILENT:
            self._silent += 1
        elif tag == "table" and len(self._stack) < DEEPEST:
            self._stack.append([])
            self._captions.append(" ".join("".join(self._between).split())[-300:])
            self._open.append((self._cell, self._span))
            self._cell, self._between = None, []
        elif tag == "tr" and self._stack:
            self._close()
            self._stack[-1].append([])
        elif tag in ("td", "th") and self._stack and self._cells < MOST_CELLS:
            self._close()
            if not self._stack[-1]:
                self._stack[-1].append([])
            given = dict(attrs)
            self._span = (_count(given.get("colspan")), _count(given.get("rowspan")))
            self._cell = []
        elif tag == "caption":
            self._caption = []
        elif tag in _BREAKS:
            self.handle_data(" " if self._cell is None else "\n")
        elif tag in ("sup", "sub") and self._cell is not None:
            self._cell.append("^{" if tag == "sup" else "_{")

    def handle_endtag(self, tag: str) -> None:
        """Close what is open."""
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "table" and self._stack:
            self._close()
            rows = self._stack.pop()
            before = self._captions.pop()
            self._cell, self._span = self._open.pop()
            if len(self.found) < MOST_TABLES and rows:
                caption = "".join(self._caption or []).strip() or before
                self.found.append(RawTable(laid_out(rows), " ".join(caption.split())))
            self._caption = None
        elif tag in ("td", "th", "tr"):
            self._close()
        elif tag in ("sup", "sub") and self._cell is not None:
            self._cell.append("}")

    def handle_data(self, data: str) -> None:
        """Take text where it belongs."""
        if self._silent:
            return
        if self._cell is not None:
            self._cell.append(data)
        elif self._caption is not None and self._stack:
            self._caption.append(data)
        elif not self._stack:
            if self.found and not self.found[-1].notes:
                self.found[-1].notes.append("")
            if self.found and len(self.found[-1].notes[0]) < 1000:
                self.found[-1].notes[0] += data
            self._between = [*self._between[-40:], data]

    def _close(self) -> None:
        if self._cell is not None and self._stack and self._stack[-1]:
            self._stack[-1][-1].append((" ".join("".join(self._cell).split()), *self._span))
            self._cells += 1
        self._cell = None


def _count(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 5 else 1


def tables(text: str) -> list[RawTable]:
    """Return the tables of a page."""
    parser = _Tables()
    # The parser of the standard library asserts that declarations are well-formed.
    with suppress(AssertionError):
        parser.feed(text)
        parser.close()
    return parser.found
