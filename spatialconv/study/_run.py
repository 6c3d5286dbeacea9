"""From a case to a folder with tables, figures and a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from spatialconv import maps, report, tables
from spatialconv.errors import FileError, OptionError
from spatialconv.results import one_line
from spatialconv.study._analysis import analyse
from spatialconv.study._case import Case, zhejiang
from spatialconv.study._folder import Place, reserved
from spatialconv.study._progress import progress_bar
from spatialconv.study._result import Study
from spatialconv.study._toml import load

BUILT_IN: dict[str, Callable[[], Case]] = {"zhejiang": zhejiang}
SUFFIXES = (".csv", ".md", ".tex")


def run(case: Case | str | Path, out: str | Path, *, progress: bool = True) -> Study:
    """Analyse a case and write its tables, figures and report into a folder.

    Running it twice writes the same bytes: no file holds a date, and permutations have a seed.

    Parameters
    ----------
    case : Case, str or path
        A case, the name of a built-in one ("zhejiang"), or a TOML file that describes one.
    out : path
        Folder; made if it is not there. Everything appears in it at the end, or nothing. Files of an earlier study are
        replaced; one that no study wrote, or that somebody changed since, is not (`files.json` records which bytes a
        study wrote).
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    Study
        With `.files`: `files.json`, `tables/*.csv|md|tex`, `figures/*.png|svg`, `report.md` and `report.html`.

    Raises
    ------
    FileError
        If a file is not there, the folder cannot be written to, another study is being written into it, or a file in
        it would be replaced that no study wrote.
    SpatialConvError
        As `analyse`.

    Examples
    --------
    >>> import tempfile, spatialconv as sc
    >>> study = sc.study.run("zhejiang", tempfile.mkdtemp(), progress=False)  # doctest: +SKIP
    >>> study.files[0].name  # doctest: +SKIP
    'files.json'
    """
    case = resolve(case)
    # Now, and not after minutes of analysis.
    with reserved(Path(out)) as place:
        return _written(analyse(case, progress=progress), place, progress)


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


def write(study: Study, out: str | Path, *, progress: bool = True) -> Study:
    """Write the tables, figures and report of a study; see `run`."""
    with reserved(Path(out)) as place:
        return _written(study, place, progress)


def _written(study: Study, place: Place, progress: bool) -> Study:
    made, drawn, stage = study.tables(), study.figures(), place.stage
    with progress_bar(len(made) + len(drawn) + 1, progress) as step:
        for name, table in made.items():
            step(f"table {name}")
            for suffix in SUFFIXES:
                tables.save(table, stage / "tables" / f"{name}{suffix}", label=f"tab:{name}")
        captions: dict[str, str] = {}
        missing: dict[str, str] = {}
        for name, (caption, draw) in drawn.items():
            step(f"figure {name}")
            try:
                saved = maps.save(draw(), stage / "figures" / name)
            except FileError:
                raise
            except Exception as error:  # one figure is no reason to lose the others, and the report says so
                missing[name] = one_line(error)
                continue
            # One a sheet, where a figure has several.
            captions |= {file.stem: caption for file in saved}
        step("report")
        report.write(study, stage, tables=made, captions=captions, missing=missing)
        files = place.publish()
    return replace(study, files=files)
