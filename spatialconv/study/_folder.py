"""The folder of a study: one study at a time, all of it or nothing, and nothing replaced that no study has written."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spatialconv._files.writing import write_whole
from spatialconv._options import first
from spatialconv.errors import FileError

FOLDERS = ("tables", "figures")
REPORTS = ("report.md", "report.html")
RECORD = "files.json"
_STAGE = ".unfinished-"
_LOCK = ".written-to"


@dataclass(frozen=True)
class Place:
    """Where a study goes: `stage` is written to, `out` gets what is there by `publish`."""

    out: Path
    stage: Path

    def publish(self, *, partly: bool = False) -> tuple[Path, ...]:
        """Put everything into its place and return the files, the record of them first.

        With `partly`, files of an earlier study that this one does not have stay as they are.

        The record says of every file which bytes a study wrote. A file with other bytes is somebody's: it is not
        replaced. While files change places there is no report, and the record says that the folder is unfinished; files
        of an earlier study that this one does not have are removed.

        Raises
        ------
        FileError
            If a file is there that no study wrote, or that was changed since.
        """
        new = {name: _digest(self.stage / name) for name in _names(self.stage)}
        known = _recorded(self.out)
        refuse_others(self.out, known, new)
        both = {name: sorted({*known.get(name, ()), *([new[name]] if name in new else ())}) for name in {*known, *new}}
        _record(self.out, both, finished=False)
        for name in () if partly else (*REPORTS, *known):
            path = self.out / name
            if (name in REPORTS or name not in new) and path.is_file() and _digest(path) in both.get(name, ()):
                path.unlink()
        for folder in FOLDERS:
            (self.out / folder).mkdir(exist_ok=True)
        for name in sorted(new, key=lambda name: name in REPORTS):
            os.replace(self.stage / name, self.out / name)
        stay = {name: digests for name, digests in known.items() if partly and (self.out / name).is_file()}
        _record(self.out, stay | {name: [digest] for name, digest in new.items()}, finished=True)
        return (self.out / RECORD, *(self.out / name for name in new))


@contextmanager
def reserved(out: Path) -> Iterator[Place]:
    """Make the folder of a study and keep others out of it; yield where to write. Nothing in it is changed by this.

    Raises
    ------
    FileError
        If it cannot be made or written to, or another study is being written into it.
    """
    refuse_unwritable(out)
    missing = [path for path in (out, *out.parents) if not path.exists()]
    try:
        for folder in (out, *(out / name for name in FOLDERS if (out / name).exists())):
            folder.mkdir(parents=True, exist_ok=True)
        with _alone(out):
            for left in out.glob(f"{_STAGE}*"):
                shutil.rmtree(left, ignore_errors=True)  # by a study that was killed
            known = _recorded(out)
            refuse_others(out, known, dict.fromkeys([*REPORTS, *known], ""))
            stage = Path(tempfile.mkdtemp(prefix=_STAGE, dir=out))
            try:
                for name in FOLDERS:
                    (stage / name).mkdir()
                yield Place(out, stage)
            finally:
                shutil.rmtree(stage, ignore_errors=True)
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"cannot write into the folder {str(out)!r}: {error.strerror or error}.") from error
    finally:
        for folder in missing:  # those that were made for nothing
            try:
                folder.rmdir()
            except OSError:
                break


def refuse_unwritable(out: Path) -> None:
    """Raise FileError where the folders of a study cannot be made or written to; nothing is made yet."""
    for folder in (out, *(out / name for name in FOLDERS)):
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        if not there.is_dir():
            raise FileError(
                f"cannot make the folder {str(folder)!r}: {str(there)!r} is a file. Give the name of a folder, "
                "which is made if it is not there."
            )
        if not os.access(there, os.W_OK | os.X_OK):
            raise FileError(f"cannot write into the folder {str(there)!r}: no permission. Give another one.")


def refuse_others(out: Path, known: dict[str, list[str]], new: dict[str, str]) -> None:
    """Raise FileError if a file would be replaced that no study wrote, or that somebody changed since."""
    foreign: list[str] = []
    changed: list[str] = []
    for name, digest in new.items():
        path = out / name
        if not path.exists() and not path.is_symlink():
            continue
        found = _digest(path) if path.is_file() else ""
        if not found or found not in (*known.get(name, ()), digest):
            (changed if name in known else foreign).append(name)
    for names, why in ((foreign, "no study of ours wrote"), (changed, "somebody changed since a study wrote")):
        if names:
            raise FileError(
                f"the folder {str(out)!r} has files that {why} and that would be replaced: {first(names)}. Name "
                "another folder, or move them away."
            )


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Hold the folder alone, or raise FileError; the system lets go of it when the process ends, however it ends."""
    busy = FileError(
        f"another study is being written into the folder {str(out)!r}. Wait for it, or name another folder."
    )
    try:
        import fcntl
    except ImportError:  # Windows, which locks files and not folders
        path = out / _LOCK
        try:
            held = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_TEMPORARY", 0))
        except FileExistsError:
            raise busy from None
        try:
            yield
        finally:
            os.close(held)
            path.unlink(missing_ok=True)
        return
    held = os.open(out, os.O_RDONLY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise busy from None
        except OSError:
            pass  # a file system without locks
        yield
    finally:
        os.close(held)


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _record(out: Path, files: dict[str, list[str]], *, finished: bool) -> None:
    said: dict[str, Any] = {
        "about": "What spatialconv wrote here, with the SHA-256 of each file; files with others are not replaced.",
        "finished": finished,
        "files": {name: files[name] for name in sorted(files)},
    }
    write_whole(out / RECORD, json.dumps(said, indent=1, ensure_ascii=False) + "\n")


def _recorded(out: Path) -> dict[str, list[str]]:
    """Return what earlier studies wrote into a folder, nothing if there is no record that can be read."""
    try:
        said = json.loads((out / RECORD).read_text(encoding="utf-8"))
        files = {str(name): [str(digest) for digest in digests] for name, digests in said["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    # A name that leads out of the folder is none that a study wrote.
    return {name: kept for name, kept in files.items() if not Path(name).is_absolute() and ".." not in Path(name).parts}
