"""What to look at before publishing: the questions of a careful referee, each with a verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from spatialconv._options import choice, count_of, seed_of
from spatialconv._options import names as named
from spatialconv._parallel import checked_jobs
from spatialconv._parallel import progress as bar
from spatialconv.checks import _dispersion, _inference, _model, _neighbours, _paths, _redrawn, _robustness, _sample
from spatialconv.checks._chance import announce
from spatialconv.checks._finding import VERDICTS, CheckReport, Finding, Verdict
from spatialconv.checks._subject import Effort, Subject, Surrounded, Surroundings, subject_of
from spatialconv.checks._verdict import written
from spatialconv.checks.elsewhere import Kind, kind_of
from spatialconv.errors import OptionError, SpatialConvError
from spatialconv.results import Provenance, merge_notes, one_line

__all__ = ["VERDICTS", "CheckReport", "Finding", "Surrounded", "Surroundings", "Verdict", "check"]

# By name, in the order in which a referee would ask.
QUESTIONS: dict[str, Callable[[Subject], Finding]] = {
    "sample": _sample.sample,
    "islands": _sample.islands,
    "collinearity": _model.collinearity,
    "bound": _inference.bound,
    "identification": _inference.identified,
    "direct approach": _inference.direct,
    "hausman": _model.fixed_or_random,
    "selection": _model.selection,
    "residuals": _model.residuals,
    "z-values": _redrawn.z_values,
    "few periods": _redrawn.few_periods,
    "no convergence": _redrawn.no_convergence,
    "absolute": _redrawn.absolute,
    "weights": _neighbours.weights,
    "neighbours": _neighbours.neighbours,
    "unit root": _neighbours.unit_root,
    "regions": _robustness.regions,
    "controls": _robustness.controls,
    "effects": _robustness.effects,
    "halves": _paths.halves,
    "speed": _inference.speed,
    "spacing": _dispersion.spacing,
    "sigma": _dispersion.sigma,
    "steady states": _paths.steady_states,
    "clubs": _paths.clubs,
    "cv of logs": _dispersion.unit,
    "hot spots": _dispersion.hot_spots,
}
# What a light check leaves out: samples drawn under no convergence, other neighbours, other effects, a region less at
# a time.
LONG = (
    "z-values",
    "few periods",
    "no convergence",
    "absolute",
    "weights",
    "neighbours",
    "unit root",
    "regions",
    "effects",
)

# What is asked of whole panels alone: samples and tests that want one matrix and every outcome.
WHOLE = (
    "islands",
    "direct approach",
    "selection",
    "residuals",
    "z-values",
    "few periods",
    "no convergence",
    "absolute",
    "unit root",
    "steady states",
)
NOT_WHOLE = "it cannot be answered where regions or weights differ by period; it can of panel.balance()"


def check(
    result: Any,
    *,
    geometry: Any = None,
    draws: int = 999,
    jobs: int = 1,
    seed: int = 1,
    questions: str | Iterable[str] = "all",
    progress: bool = True,
    known: Mapping[str, Finding] | None = None,
    found: Callable[[Finding], None] | None = None,
) -> CheckReport:
    """Ask of a finding on convergence what a careful referee would ask, and say ok, warn, fail or not decided.

    Use it before you submit. Every verdict comes with its evidence in one line and with what to do. "ok" means that
    nothing was found by the question, and no more than that.

    Parameters
    ----------
    result : BetaConvergence, Study, or a result of clubs, of an index or of agglomeration
        A growth regression of `beta`, or a study of `study.run` or `study.analyse`, whose headline regression, hot
        spots and measures of dispersion are then asked about; or what `clubs`, `composite_index`, `coupling`,
        `location_quotients`, `ellison_glaeser`, `specialisation`, `concentration` or `shift_share` return, which have
        questions of their own.
    geometry : GeoDataFrame, optional
        Polygons or points of the regions, from which other weights are made, also where the regression has none and
        might need some; a study has its own. Without it the other weights are made of the links that there are:
        neighbours' neighbours, or the strongest of many.
    draws : int
        Samples drawn under no convergence, for the questions that simulate. Their evidence states its Monte Carlo
        error; where the verdict hangs on a share within that error of its level, it is "not decided".
    jobs : int
        Processes.
    seed : int
        The same seed gives the same report, whatever the number of jobs.
    questions : "all", "light" or names
        Which to ask: "light" leaves out those that draw samples or estimate again and again, which is what takes long
        where regions are many; of other results than growth regressions all are asked. What was not asked stands in a
        note, and `verdict` says that not all was.
    progress : bool
        Show a progress bar, and say on stderr how long the samples will take, where that is more than half a minute.
    known : mapping of name to Finding, optional
        Answers that are there already, of the same result, draws and seed; they are not asked for again.
    found : callable, optional
        Called with every new answer as soon as it is there.

    Returns
    -------
    CheckReport
        Printed as text, in Jupyter a table; `.verdict`, `.tidy()`, `.counts`, `.passed`, `report["islands"]`.

    Raises
    ------
    OptionError
        If the result is of another kind, a study has no regression that could be estimated, or there is no such
        question.

    Notes
    -----
    A regression with gaps (`missing="integrate"` or "omit") or with weights by period is asked what estimating it again
    can answer (other weights, effects, controls, regions, halves, spans), and of dispersion; questions that draw
    samples, and tests that want a whole panel, are then "not asked" and say so.

    "Significant" is at 5 %, two-sided, by the p-value of the regression. A finding *fails* a question on robustness if
    with the one thing changed it is significant in less than half of the variants, or significant with the other sign
    in any; it is *warned of* if it is lost in some. It fails `regions` if without one region it is lost and beta less
    than half of what it was, `halves` if beta is significant with opposite signs in them. The questions on inference
    redraw the panel under no convergence, levels rebuilt from growth period by period. What each question warns of
    where nothing is wrong, and misses where something is, stands in `tests/simulation/CHECK_WORLDS.md`. `verdict` says
    in one sentence what may be written and what may not.

    References
    ----------
    Elhorst (2014), Spatial Econometrics. Leamer, E. E. (1985), Sensitivity Analyses Would Help, American Economic
    Review 75, 308-313. Nickell, S. (1981), Biases in Dynamic Models with Fixed Effects, Econometrica 49, 1417-1426.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.inverse_distance(zj.cities)
    >>> b = sc.beta(zj.panel, "exports", w, spatial="lag", effects="region")
    >>> report = sc.check(b, geometry=zj.cities, draws=199, progress=False)
    >>> report["effects"].verdict
    'fail'
    """
    effort = Effort(count_of("draws", draws, least=19), seed_of(seed), checked_jobs(jobs), bool(progress))
    kind = kind_of(result)
    if kind is not None:
        if questions != "all":
            raise OptionError(
                f"questions chooses among those on growth regressions; of {type(result).__name__} all are "
                f"asked. Leave it out; got {questions!r}."
            )
        return _of_another(kind, result, effort, draws)
    subject = subject_of(result, geometry, effort)
    names = _chosen(questions)
    there = dict(known or {})
    if effort.progress:
        announce(subject, [name for name in names if name not in there])
    for name in bar(names, total=len(names), what="questions", show=effort.progress):
        if name not in there:
            there[name] = _answered(name, subject)
            if found is not None:
                found(there[name])
    findings = tuple(there[name] for name in names)
    fit = subject.b.fit
    title = f"Check of {_title(subject)}"
    options = {"draws": draws, "of": type(result).__name__, "other_weights": tuple(subject.others)}
    left = [name for name in QUESTIONS if name not in names]
    options |= {"questions": names} if left else {}
    provenance = Provenance("check", options, fit.n_regions, fit.n_periods, fit.provenance.weights, seed)
    verdict = written(subject, findings)
    verdict = f"By {len(names):,} of {len(QUESTIONS):,} questions: {verdict}" if left else verdict
    said = (f"not asked: {', '.join(left)}",) if left else ()
    return CheckReport(title, verdict, findings, merge_notes(subject.b.notes, said), provenance)


def _chosen(questions: str | Iterable[str]) -> tuple[str, ...]:
    """Return the names of the questions to ask, in the order of a report."""
    known = tuple(QUESTIONS)
    if isinstance(questions, str):
        choice("questions", questions, ("all", "light", *known))
        asked = {"all": known, "light": tuple(name for name in known if name not in LONG)}.get(questions, (questions,))
    else:
        asked = named("questions", questions)
        for name in asked:
            choice("questions", name, known)
    return tuple(name for name in known if name in asked)


def _answered(name: str, subject: Subject) -> Finding:
    """Ask one question; that it cannot be answered is no reason to lose the others."""
    if name in WHOLE and subject.b.fit.design.cells:
        return Finding(name, f"The question {name!r}", "not asked", NOT_WHOLE)
    try:
        return QUESTIONS[name](subject)
    except (SpatialConvError, np.linalg.LinAlgError) as error:
        return Finding(name, f"The question {name!r}", "not asked", f"it cannot be answered: {one_line(error)}")


def _of_another(kind: Kind, result: Any, effort: Effort, draws: int) -> CheckReport:
    asked = bar(kind.questions, total=len(kind.questions), what="questions", show=effort.progress)
    findings = tuple(question(result, effort) for question in asked)
    was = result.provenance
    options = {"draws": draws, "of": type(result).__name__, "other_weights": ()}
    provenance = Provenance("check", options, was.n_regions, was.n_periods, was.weights, effort.seed)
    title = f"Check of {result._headline()[0].strip()}"
    return CheckReport(title, kind.written(result, findings), findings, merge_notes(result.notes), provenance)


def _title(s: Subject) -> str:
    fit = s.b.fit
    return (
        f"beta convergence of {s.b.variable} ({fit.spec.name}, {fit._approach()}; {fit.n_regions:,} regions x "
        f"{fit.n_periods} spans)"
    )
