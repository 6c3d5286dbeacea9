"""From a case to a folder with tables, figures and a report."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from spatialconv import maps, report, tables
from spatialconv.errors import FileError, OptionError
from spatialconv.study._analysis import analyse
from spatialconv.study._case import Case, zhejiang
from spatialconv.study._progress import progress_bar
from spatialconv.study._result import Study
from spatialconv.study._toml import load

BUILT_IN: dict[str, Callable[[], Case]] = {"zhejiang": zhejiang}
FOLDERS = ("tables", "figures")
SUFFIXES = (".csv", ".md", ".tex")


def run(case: Case | str | Path, out: str | Path, *, progress: bool = True) -> Study:
    """Analyse a case and write its tables, figures and report into a folder.

    Running it twice writes the same bytes: no file holds a date, and permutations have a seed.

    Parameters
    ----------
    case : Case, str or path
        A case, the name of a built-in one ("zhejiang"), or a TOML file that describes one.
    out : path
        Folder; made if it is not there, files of the same names are replaced.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    Study
        With `.files`: `tables/*.csv|md|tex`, `figures/*.png|svg`, `report.md` and `report.html`.

    Raises
    ------
    FileError
        If a file is not there, or the folder cannot be written to.
    SpatialConvError
        As `analyse`.

    Examples
    --------
    >>> import tempfile, spatialconv as sc
    >>> study = sc.study.run("zhejiang", tempfile.mkdtemp(), progress=False)  # doctest: +SKIP
    >>> study.files[-1].name  # doctest: +SKIP
    'report.html'
    """
    case = resolve(case)
    # Now, and not after minutes of analysis.
    _refuse_unwritable(Path(out))
    return write(analyse(case, progress=progress), out, progress=progress)


def resolve(case: Case | str | Path) -> Case:
    """Return the case that a name or a file stands for."""
    if isinstance(case, Case):
        return case
    if str(case) in BUILT_IN:
        return BUILT_IN[str(case)]()
    if Path(case).suffix.lower() != ".toml":
        known = ", ".join(repr(name) for name in BUILT_IN)
        raise OptionError(
            f"a study is {known} or a .toml file; got {str(case)!r}. `spatialconv init` writes an example."
        )
    return load(case)


def _refuse_unwritable(out: Path) -> None:
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


def write(study: Study, out: str | Path, *, progress: bool = True) -> Study:
    """Write the tables, figures and report of a study; see `run`."""
    out = Path(out)
    try:
        for folder in FOLDERS:
            (out / folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the folder {str(out)!r}: {error.strerror}.") from error
    made, drawn = study.tables(), study.figures()
    files: list[Path] = []
    with progress_bar(len(made) + len(drawn) + 1, progress) as step:
        for name, table in made.items():
            step(f"table {name}")
            files += [
                tables.save(table, out / "tables" / f"{name}{suffix}", label=f"tab:{name}") for suffix in SUFFIXES
            ]
        captions: dict[str, str] = {}
        for name, (caption, draw) in drawn.items():
            step(f"figure {name}")
            saved = maps.save(draw(), out / "figures" / name)
            files += saved
            # One a sheet, where a figure has several.
            captions |= {file.stem: caption for file in saved}
        step("report")
        files += report.write(study, out, tables=made, captions=captions)
    return replace(study, files=tuple(files))
