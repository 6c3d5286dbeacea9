"""What a study that is being written has made so far, kept beside its folder until it is whole.

A study goes into its folder all at once or not at all. What takes long on the way there, each figure and each answer
of the check, is kept as soon as it is made, whole or not at all, so that a run that was stopped is taken up by the next
one of the same case, the same files and the same versions.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from spatialconv._files.writing import write_whole
from spatialconv.checks import Finding
from spatialconv.results import versions
from spatialconv.study._case import Case

SUFFIX = ".unfinished"
_RECORD = "made.json"


@dataclass(eq=False)
class Kept:
    """Figures by name and answers by question; `folder` is made with the first of them."""

    folder: Path
    of: str
    figures: dict[str, dict[str, str]] = field(default_factory=dict)
    answers: dict[str, Finding] = field(default_factory=dict)
    lost: str = ""

    @classmethod
    def beside(cls, out: Path, case: Case) -> Kept:
        """Return what an earlier run of the same case left beside its folder, or nothing."""
        out = out.absolute()
        kept = cls(out.with_name(out.name + SUFFIX), fingerprint(case))
        try:
            said = json.loads((kept.folder / _RECORD).read_text(encoding="utf-8"))
            if said["of"] == kept.of:
                kept.figures = {str(name): dict(files) for name, files in said["figures"].items()}
                kept.answers = {str(one["name"]): Finding(**one) for one in said["answers"]}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass  # nothing that can be read is nothing that was kept
        return kept

    @property
    def empty(self) -> bool:
        """Whether there is nothing to take up."""
        return not self.figures and not self.answers

    def take(self, name: str, folder: Path) -> list[Path]:
        """Copy the files of a figure into a folder and return them; none where they are not there as they were made."""
        files = self.figures.get(name, {})
        found = [self.folder / file for file in files if Path(file).name == file]
        if not found or [_digest(path) for path in found] != list(files.values()):
            self.figures.pop(name, None)
            return []
        return [Path(shutil.copy2(path, folder / path.name)) for path in found]

    def keep(self, name: str, files: Iterable[Path]) -> None:
        """Keep a figure."""
        made: dict[str, str] = {}
        try:
            self.folder.mkdir(exist_ok=True)
            for path in files:
                held = path.read_bytes()
                write_whole(self.folder / path.name, held)
                made[path.name] = hashlib.sha256(held).hexdigest()
        except OSError as error:
            self.lost = str(error.strerror)
            return
        self.figures[name] = made
        self._record()

    def answer(self, finding: Finding) -> None:
        """Keep an answer."""
        self.answers[finding.name] = finding
        self._record()

    def _record(self) -> None:
        said: dict[str, Any] = {
            "about": "What a study that was not finished had made; the same command takes it up. It may be deleted.",
            "of": self.of,
            "figures": self.figures,
            "answers": [asdict(finding) for finding in self.answers.values()],
        }
        try:
            self.folder.mkdir(exist_ok=True)
            write_whole(self.folder / _RECORD, json.dumps(said, indent=1, ensure_ascii=False) + "\n")
        except OSError as error:
            self.lost = str(error.strerror)

    def forget(self) -> None:
        """Leave nothing: the study is whole, or what it was made of is not."""
        if (self.folder / _RECORD).is_file():
            shutil.rmtree(self.folder, ignore_errors=True)

    def words(self, figures: Iterable[str]) -> str:
        """Say what is kept and what is missing."""
        missing = [f"figure {name}" for name in figures if name not in self.figures]
        if self.lost or self.empty:
            return f"stopped; nothing is kept{f' ({self.lost})' if self.lost else ''}."
        return (
            f"stopped; {len(self.figures):,} figures and {len(self.answers)} answers of the check are kept in "
            f"{str(self.folder)!r}, and the same command goes on from there. Missing: "
            f"{', '.join([*missing, 'what is left of the check', 'tables', 'report'])}."
        )


def fingerprint(case: Case) -> str:
    """Return a digest of everything that the figures and answers of a case follow from."""
    parts: list[str] = [repr(asdict(case)), json.dumps(dict(versions()), sort_keys=True)]
    for path in sorted(_inputs(case)):
        parts.append(f"{path.name} {_digest(path)}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _inputs(case: Case) -> set[Path]:
    named = [case.panel.file, case.geometry.file, *(w.options["file"] for w in case.weights if "file" in w.options)]
    found: set[Path] = set()
    for file in map(Path, named):
        # A shapefile is several files, and so are weights with their labels.
        found |= {path for path in file.parent.glob(f"{file.stem}.*") if path.is_file()} | ({file} & _there(file))
    return found


def _there(path: Path) -> set[Path]:
    return {path} if path.is_file() else set()


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
