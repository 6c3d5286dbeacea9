"""A table as it stands in a document: cells of text, before anybody knows what they mean; and the bounds of reading."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spatialconv.errors import FileError

# A thesis has some hundred tables; what is larger is no document that somebody wrote.
MOST_BYTES = 32_000_000
MOST_UNPACKED = 200_000_000
MOST_TABLES = 400
MOST_ROWS = 2_000
MOST_COLUMNS = 200
MOST_CELLS = 400_000
LONGEST_CELL = 400
DEEPEST = 60


@dataclass
class RawTable:
    """Cells row by row, merged ones repeated as blanks, with what stands above and below."""

    rows: list[list[str]]
    caption: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def width(self) -> int:
        """How many columns there are."""
        return max((len(row) for row in self.rows), default=0)


def bounded(path: Path) -> bytes:
    """Return the bytes of a file, or say that it is too large."""
    import stat

    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise FileError(f"cannot read {str(path)!r}: it is no regular file; give a document on disk.")
        with path.open("rb") as stream:
            held = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise FileError(f"cannot read {str(path)!r}: {error.strerror}.") from error
    except ValueError as error:  # a path with a NUL
        raise FileError(f"cannot read the file: {error}.") from error
    if len(held) > MOST_BYTES:
        raise FileError(f"cannot read {str(path)!r}: it has more than {MOST_BYTES:,} bytes; is it the right file?")
    return held


def text_of(held: bytes) -> str:
    """Return text in the encoding that its bytes tell: a byte order mark, UTF-8, or that of Windows."""
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if held.startswith(mark):
            return held.decode(name, errors="replace")
    try:
        return held.decode("utf-8")
    except UnicodeDecodeError:
        pass
    for name in ("gb18030", "cp1252"):
        try:
            found = held.decode(name)
        except UnicodeDecodeError:
            continue
        if name == "cp1252" or sum("\u4e00" <= c <= "\u9fff" for c in found) * 20 > len(found):
            return found
    return held.decode("latin-1")


def laid_out(cells: Iterable[Sequence[tuple[str, int, int]]]) -> list[list[str]]:
    """Return rows of cells, each (text, columns, rows) wide and high, as a grid; a merged cell fills its first place.

    Examples
    --------
    >>> laid_out([[("a", 1, 2), ("b", 2, 1)], [("c", 1, 1), ("d", 1, 1)]])
    [['a', 'b', ''], ['', 'c', 'd']]
    """
    grid: list[list[str]] = []
    taken: dict[tuple[int, int], bool] = {}
    count = 0
    for r, row in enumerate(cells):
        if r >= MOST_ROWS:
            break
        line: list[str] = []
        c = 0
        for text, wide, high in row:
            while taken.get((r, c)):
                line.append("")
                c += 1
            wide, high = min(max(wide, 1), MOST_COLUMNS), min(max(high, 1), MOST_ROWS)
            if c + wide > MOST_COLUMNS or count > MOST_CELLS:
                break
            count += wide * min(high, 50)
            line += [text.strip()[:LONGEST_CELL], *[""] * (wide - 1)]
            for below in range(1, min(high, 50)):
                for k in range(wide):
                    taken[r + below, c + k] = True
            c += wide
        while taken.get((r, c)) and c < MOST_COLUMNS:
            line.append("")
            c += 1
        grid.append(line)
    width = max((len(line) for line in grid), default=0)
    return [line + [""] * (width - len(line)) for line in grid]
