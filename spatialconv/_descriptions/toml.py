"""TOML from a file of anybody's: read within stated bounds, or refused in words."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from spatialconv._files.regular import look
from spatialconv.errors import FileError

MOST_BYTES = 4_000_000  # the longest description of a paper has some 100,000
_MOST_PARTS = 32
_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+"""
# Keys of thousands of parts take tomllib the square of their number.
_LONG_KEY = re.compile(rf"""(?<![\w-]){_PART}(?:\.[ \t]*+{_PART}){{{_MOST_PARTS}}}""")


def read_toml(path: Path, what: str = "") -> dict[str, Any]:
    """Return what a TOML file holds; `what` names it in the messages, such as `the case`.

    Raises
    ------
    FileError
        If the file is not there, no regular file, too large, not UTF-8 or no TOML.
    """
    named = f"{what} {str(path)!r}".strip()
    try:
        regular = look(path)[0] != "device"  # a folder is named by the system itself
        held = _bytes(path) if regular else b""
    except OSError as error:
        raise FileError(f"cannot read {named}: {error.strerror}.") from error
    except ValueError as error:  # a path with a NUL
        raise FileError(f"cannot read {named}: {error}.") from error
    if not regular:
        raise FileError(f"cannot read {named}: it is no regular file but a pipe or a device; give a file on disk.")
    if len(held) > MOST_BYTES:
        raise FileError(f"cannot read {named}: it has more than {MOST_BYTES:,} bytes; is it the right file?")
    try:
        # Editors of Windows write a byte order mark.
        text = held.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"{named} is not written in UTF-8, as TOML must be; save it so.") from error
    if _LONG_KEY.search(text):
        raise FileError(f"{str(path)!r} is not valid TOML here: a key has more than {_MOST_PARTS} parts between dots.")
    try:
        given = tomllib.loads(text)
        _small_integers(given)
    except RecursionError as error:
        raise FileError(f"{str(path)!r} is not valid TOML here: brackets are nested too deeply.") from error
    except ValueError as error:
        raise FileError(f"{str(path)!r} is not valid TOML: {error}.") from error
    return given


def _bytes(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(MOST_BYTES + 1)


def _small_integers(given: dict[str, Any]) -> None:
    """Refuse whole numbers beyond the 64 bits that TOML has; the stack is ours, as depth is the writer's."""
    waiting: list[Any] = [given]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise ValueError(f"a whole number has {value.bit_length()} bits, and TOML's have 64 at most")
