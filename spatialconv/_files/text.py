"""Text files of anybody's: unpacked and decoded within stated bounds, or refused in words."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from spatialconv._files.encoding import known_encoding
from spatialconv._files.regular import MEGABYTE
from spatialconv.errors import FileError

AT_MOST = 250 * MEGABYTE
LONGEST_LINE = MEGABYTE
_CHUNK = 1 << 20
# UTF-32 first: its mark begins with that of UTF-16.
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# What a line that is no UTF-8 is shown in, so that its writer can see which one is right.
_SHOWN = ("gbk", "cp1252", "cp1250", "big5", "shift_jis")


def read_text(file: Path, encoding: str = "") -> tuple[str, str]:
    """Return the text of a file and the encoding it was read in; .gz is unpacked.

    Without an encoding a byte order mark decides, else it must be UTF-8: which of the older ones it is cannot be known
    from the bytes, and a wrong one would garble labels in silence.

    Raises
    ------
    FileError
        If it unpacks to more than 250 MB, a line has more than a million bytes, or it is no text in the encoding.
    """
    try:
        if file.suffix.lower() == ".gz":
            with gzip.open(file, "rb") as stream:
                held = _bounded(stream, file)
        else:
            with file.open("rb") as plain:
                held = _bounded(plain, file)
    except FileError:
        raise
    except (EOFError, zlib.error, OSError) as error:
        raise FileError(f"{file.name} cannot be unpacked: {error}. Copy or export it again.") from error
    text, used = _decoded(held, file, encoding)
    if "\x00" in text:
        raise FileError(
            f"{file.name} is no text in {used}: it holds NUL characters. A file in UTF-16 without a byte order mark "
            'needs encoding = "utf-16-le"; else it may be no text file at all.'
        )
    return text.removeprefix("\ufeff"), used


def _bounded(stream: IO[bytes] | gzip.GzipFile, file: Path) -> bytes:
    pieces, total, since = [], 0, 0
    while piece := stream.read(_CHUNK):
        total += len(piece)
        if total > AT_MOST:
            raise FileError(
                f"{file.name} holds more than {AT_MOST / MEGABYTE:,.0f} MB of text; keep only what the analysis needs."
            )
        last = max(piece.rfind(b"\n"), piece.rfind(b"\r"))
        since = since + len(piece) if last < 0 else len(piece) - last
        if since > LONGEST_LINE + _CHUNK or (last < 0 and since > LONGEST_LINE):
            raise FileError(f"{file.name} has a line of more than {LONGEST_LINE:,} bytes; is it a table?")
        pieces.append(piece)
    return b"".join(pieces)


def _decoded(held: bytes, file: Path, encoding: str) -> tuple[str, str]:
    marked = next((name for mark, name in _MARKS if held.startswith(mark)), "")
    used = encoding or marked or "utf-8"
    if not known_encoding(used):
        raise FileError(
            f'{file.name} cannot be read as {used}: Python knows no such encoding. Say for example encoding = "gbk".'
        )
    try:
        return held.decode(used), used
    except (UnicodeError, ValueError) as error:
        why = f"{file.name} cannot be read as {used}: {str(error)[:120]}"
    line = _odd_line(held)
    readings = {name: text for name in _SHOWN if (text := _as(line, name)) and name != used}
    shown = "; ".join(f"as {name} one of its lines reads {text!r}" for name, text in readings.items())
    raise FileError(f'{why}. Say its encoding, for example encoding = "gbk"{f" ({shown})" if shown else ""}.')


def _odd_line(held: bytes) -> bytes:
    """Return the first line with bytes beyond ASCII, cut around them."""
    at = next((k for k, byte in enumerate(held) if byte > 127), 0)
    start = max(held.rfind(b"\n", 0, at) + 1, at - 40)
    end = held.find(b"\n", at)
    return held[start : min(end if end >= 0 else len(held), at + 24)].strip()


def _as(line: bytes, encoding: str) -> str:
    for cut in (0, 1):  # two bytes a character: the cut may have gone through one
        try:
            text = line[: len(line) - cut].decode(encoding)
        except UnicodeError:
            continue
        if text.isprintable():
            return text
    return ""


def numbered_lines(text: str, most: int) -> Iterator[str]:
    """Yield the first lines of a text without their ends, as the csv module ends them (not at form feeds)."""
    start = 0
    for _ in range(most):
        ends: Iterable[int] = (place for mark in ("\n", "\r") if (place := text.find(mark, start)) >= 0)
        end = min(ends, default=len(text))
        if start >= len(text):
            return
        yield text[start:end]
        start = end + (2 if text[end : end + 2] == "\r\n" else 1)
