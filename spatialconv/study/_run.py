"""From a case to a folder with tables, figures and a report."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from spatialconv import maps, report, tables
from spatialconv._options import CheckExtent, choice
from spatialconv._parallel import checked_jobs
from spatialconv.checks import CheckReport
from spatialconv.errors import FileError, OptionError, SpatialConvWarning
from spatialconv.results import one_line
from spatialconv.study._analysis import analyse
from spatialconv.study._case import Case, zhejiang
from spatialconv.study._folder import Place, reserved
from spatialconv.study._kept import Kept
from spatialconv.study._progress import progress_bar
from spatialconv.study._result import Study
from spatialconv.study._toml import load

BUILT_IN: dict[str, Callable[[], Case]] = {"zhejiang": zhejiang}
SUFFIXES = (".csv", ".md", ".tex")
CHECKS = "checks"
# Tables that a study may have.
TABLES = (
    *("weights", "growth", "descriptives", "moran", "geary", "hot_spots", "sigma", "sigma_tests", "beta_models"),
    *(CHECKS, "left_out", "beta_absolute", "beta_conditional"),
    *("replication", "replication_table_5", "replication_by_source", "replication_by_evidence"),
)


def run(
    case: Case | str | Path,
    out: str | Path,
    *,
    progress: bool = True,
    jobs: int = 1,
    check: CheckExtent | None = None,
    draws: int | None = None,
    quick: bool = False,
    only: str | Iterable[str] = (),
) -> Study:
    """Analyse a case and write its tables, figures and report into a folder.

    Running it twice writes the same bytes: no file holds a date, and permutations have a seed. What a run that was
    stopped had made, each figure and each answer of the check, is kept beside the folder (`<out>.unfinished`) and taken
    up by the next run of the same case, files and versions; the analysis is computed anew.

    Parameters
    ----------
    case : Case, str or path
        A case, the name of a built-in one ("zhejiang"), or a TOML file that describes one.
    out : path
        Folder; made if it is not there. Everything appears in it at the end, or nothing. Files of an earlier study are
        replaced; one that no study wrote, or that somebody changed since, is not (`files.json` records which bytes a
        study wrote).
    progress : bool
        Show a progress bar on stderr; how long the check will take, where that is long; and what is kept of a run that
        is stopped.
    jobs : int
        Processes of the check.
    check : {"auto", "full", "light", "off"}, optional
        How much the check asks, instead of what the case says.
    draws : int, optional
        Samples of the check, instead of those of the case.
    quick : bool
        For a first look: no permutations, and a light check at most.
    only : names, optional
        What to write: "tables", "figures", or names of tables and figures, as their files have them; files of an
        earlier run that are not among them stay as they are. There is no report then, and no check unless the table
        "checks" is asked for by its name.

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
    case = _asked(resolve(case), check, draws, quick)
    parts = (only,) if isinstance(only, str) else tuple(only)
    checked_jobs(jobs)
    out = Path(out)
    # Now, and not after minutes of analysis.
    with reserved(out) as place:
        kept = Kept.beside(out, case)
        if progress and not kept.empty:
            taken = f"{len(kept.figures):,} figures and {len(kept.answers)} answers"
            print(f"taking up {taken} of a run that was stopped", file=sys.stderr)
        study: Study | None = None
        try:
            study = analyse(case, progress=progress)
            done = _written(study, place, progress, kept=kept, jobs=jobs, only=parts)
        except FileError:
            kept.forget()
            raise
        except BaseException:
            if progress and study is not None:
                print(f"spatialconv: {kept.words(study.figures())}", file=sys.stderr)
            raise
        kept.forget()
        return done


def _asked(case: Case, check: CheckExtent | None, draws: int | None, quick: bool) -> Case:
    """Return a case with what was asked of this run instead of what it says."""
    how = case.check
    if check is not None:
        # Named questions are a choice of the case, which another extent takes the place of.
        how = replace(how, extent=check, questions=())
    if draws is not None:
        how = replace(how, draws=draws)
    if quick and how.extent in ("auto", "full"):
        how = replace(how, extent="light", questions=())
    return replace(case, check=how, permutations=0 if quick else case.permutations)


def resolve(case: Case | str | Path) -> Case:
    """Return the case that a name or a file stands for.

    Parameters
    ----------
    case : Case, str or path
        A case, which comes back as it is; the name of a built-in one ("zhejiang"); or a TOML file, as in `load`.

    Returns
    -------
    Case

    Raises
    ------
    OptionError
        If it is none of these, or the file says what is not allowed.
    FileError
        If the file is not there or is no TOML.

    Examples
    --------
    >>> import spatialconv as sc
    >>> sc.study.resolve("zhejiang").variable
    'exports'
    """
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
    """Write the tables, figures and report of a study that has been computed.

    Parameters
    ----------
    study : Study
        From `analyse`.
    out : path
        Folder, as in `run`.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    Study
        With `.files`, as `run` returns it.

    Raises
    ------
    FileError
        If the folder cannot be written to, another study is being written into it, or a file in it would be replaced
        that no study wrote.

    Examples
    --------
    >>> import tempfile, spatialconv as sc
    >>> study = sc.study.analyse(sc.study.zhejiang(), progress=False)
    >>> written = sc.study.write(study, tempfile.mkdtemp(), progress=False)  # doctest: +SKIP
    >>> written.files[0].name  # doctest: +SKIP
    'files.json'
    """
    with reserved(Path(out)) as place:
        return _written(study, place, progress)


def _written(
    study: Study,
    place: Place,
    progress: bool,
    *,
    kept: Kept | None = None,
    jobs: int = 1,
    only: tuple[str, ...] = (),
) -> Study:
    """Write stage by stage: the figures, the answers of the check, the tables, the report."""
    drawn = study.figures()
    _refuse_unknown(only, drawn, study)
    drawn = {name: figure for name, figure in drawn.items() if _wanted(only, "figures", name)}
    stage = place.stage
    captions: dict[str, str] = {}
    missing: dict[str, str] = {}
    with progress_bar(len(drawn), progress) as step:
        for name, (caption, draw) in drawn.items():
            step(f"figure {name}")
            saved: Sequence[Path] = kept.take(name, stage / "figures") if kept is not None else ()
            try:
                saved = saved or maps.save(draw(), stage / "figures" / name)
            except FileError:
                raise
            except Exception as error:  # one figure is no reason to lose the others, and the report says so
                missing[name] = one_line(error)
                continue
            if kept is not None and name not in kept.figures:
                kept.keep(name, saved)
            # One a sheet, where a figure has several.
            captions |= {file.stem: caption for file in saved}
    if only and missing:
        # There is no report to say so.
        for name, why in missing.items():
            warnings.warn(f"the figure {name!r} could not be drawn: {why}", SpatialConvWarning, stacklevel=3)
    if study.checked is None:
        study = replace(study, checked=_checked(study, progress, kept, jobs, only))
    made = study.tables()
    made = {name: made for name, made in made.items() if _wanted(only, "tables", name)}
    with progress_bar(len(made) + (not only), progress) as step:
        for name, table in made.items():
            step(f"table {name}")
            for suffix in SUFFIXES:
                tables.save(table, stage / "tables" / f"{name}{suffix}", label=f"tab:{name}")
        if not only:
            step("report")
            report.write(study, stage, tables=made, captions=captions, missing=missing)
    files = place.publish(partly=bool(only))
    return replace(study, files=files)


def _checked(study: Study, progress: bool, kept: Kept | None, jobs: int, only: tuple[str, ...]) -> CheckReport:
    if only and CHECKS not in only:
        off = replace(study.case, check=replace(study.case.check, extent="off", questions=()))
        return replace(study, case=off).check()
    if kept is None:
        return study.check(jobs=jobs, progress=progress)
    return study.check(jobs=jobs, progress=progress, known=dict(kept.answers), found=kept.answer)


def _wanted(only: tuple[str, ...], kind: str, name: str) -> bool:
    return not only or name in only or (kind in only and name != CHECKS)


def _refuse_unknown(only: tuple[str, ...], drawn: Mapping[str, Any], study: Study) -> None:
    further = (name for part in study.further.values() for name in part.tables)
    known = ("tables", "figures", *TABLES, *further, *drawn)
    for name in only:
        choice("only", name, known)
