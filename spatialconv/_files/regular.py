"""What every reader asks first: is it a regular file, and small enough to be what it should be?"""

from __future__ import annotations

import stat
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from spatialconv.errors import FileError

MEGABYTE = 1_000_000


def look(path: Path) -> tuple[Literal["file", "folder", "device"], int]:
    """Return what stands at a path, and its size in bytes; whoever reads a file asks this first, and only here.

    Raises
    ------
    OSError, ValueError
        If nothing does, or the path has a NUL.
    """
    found = path.stat()
    if stat.S_ISREG(found.st_mode):
        return "file", found.st_size
    return ("folder" if stat.S_ISDIR(found.st_mode) else "device"), found.st_size


def regular_file(path: Any, what: str, at_most: int, there: str = "Check the name and the folder.") -> Path:
    """Return the absolute path of a regular file of at most so many bytes, or say what is there instead.

    A pipe never ends, /dev/zero never does either, and a name such as /vsicurl/http://... is no file at all: libraries
    below would open each of them.
    """
    if not isinstance(path, (str, PathLike)):
        raise FileError(f"the {what} must be the name of a file; got an object of type {type(path).__name__}.")
    given = Path(path)
    try:
        kind, size = look(given)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise FileError(f"there is no {what} file {str(given)!r}. {there}") from error
    if kind != "file":
        called = "a folder" if kind == "folder" else "a device or a pipe"
        raise FileError(f"{str(given)!r} is {called}; the {what} must be a regular file.")
    if size > at_most:
        raise FileError(
            f"{given.name} has {size / MEGABYTE:,.0f} MB; a {what} file may have "
            f"{at_most / MEGABYTE:,.0f} MB. Keep only what the analysis needs."
        )
    return given.resolve()
