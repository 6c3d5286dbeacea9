"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a name beside a file to write under; what stands there takes the place of the file when all is written.

    Whatever happens before that, a full disk or Ctrl-C, leaves the file that was there as it was, and none if none was.
    """
    path = Path(os.path.realpath(path))  # through a link, which stays one
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    unfinished = path.with_name(f".{path.stem[:40]}-{token_hex(4)}{path.suffix}")
    try:
        yield unfinished
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def write_whole(path: Path, held: str | bytes) -> None:
    """Write bytes, or text in UTF-8 with the line ends that it has, whichever system writes."""
    with whole_file(path) as unfinished, unfinished.open("xb") as stream:
        stream.write(held.encode("utf-8") if isinstance(held, str) else held)
