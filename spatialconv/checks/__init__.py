"""What to look at before publishing: the questions of a careful referee, each with a verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spatialconv._options import count_of, seed_of
from spatialconv._parallel import checked_jobs
from spatialconv._parallel import progress as bar
from spatialconv.checks import _dispersion, _inference, _model, _neighbours, _paths, _redrawn, _robustness, _sample
from spatialconv.checks._finding import VERDICTS, CheckReport, Finding, Verdict
from spatialconv.checks._subject import Effort, Subject, Surrounded, Surroundings, subject_of
from spatialconv.checks._verdict import written
from spatialconv.checks.elsewhere import Kind, kind_of
from spatialconv.results import Provenance, merge_notes

__all__ = ["VERDICTS", "CheckReport", "Finding", "Surrounded", "Surroundings", "Verdict", "check"]

# In the order in which a referee would ask.
QUESTIONS: tuple[Callable[[Subject], Finding], ...] = (
    _sample.sample,
    _sample.islands,
    _model.collinearity,
    _inference.bound,
    _inference.identified,
    _inference.direct,
    _model.fixed_or_random,
    _model.selection,
    _model.residuals,
    _redrawn.z_values,
    _redrawn.few_periods,
    _redrawn.no_convergence,
    _redrawn.absolute,
    _neighbours.weights,
    _neighbours.neighbours,
    _robustness.regions,
    _robustness.controls,
    _robustness.effects,
    _paths.halves,
    _inference.speed,
    _dispersion.spacing,
    _dispersion.sigma,
    _paths.clubs,
    _dispersion.unit,
    _dispersion.hot_spots,
)


def check(
    result: Any,
    *,
    geometry: Any = None,
    draws: int = 999,
    jobs: int = 1,
    seed: int = 1,
    progress: bool = True,
) -> CheckReport:
    """Ask of a finding on convergence what a careful referee would ask, and say ok, warn, fail or not decided.

    Use it before you submit. Every verdict comes with its evidence in one line and with what to do. "ok" means that
    nothing was found by the question, and no more than that.

    Parameters
    ----------
    result : BetaConvergence, Study, ClubPartition, CompositeIndex or LocationQuotients
        A growth regression of `beta`, or a study of `study.run` or `study.analyse`, whose headline regression, hot
        spots and measures of dispersion are then asked about; or what `clubs`, `composite_index` or
        `location_quotients` return, which have questions of their own.
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
    progress : bool
        Show a progress bar.

    Returns
    -------
    CheckReport
        Printed as text, in Jupyter a table; `.verdict`, `.tidy()`, `.counts`, `.passed`, `report["islands"]`.

    Raises
    ------
    OptionError
        If the result is of another kind, or a study has no regression that could be estimated.

    Notes
    -----
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
        return _of_another(kind, result, effort, draws)
    subject = subject_of(result, geometry, effort)
    asked = bar(QUESTIONS, total=len(QUESTIONS), what="questions", show=effort.progress)
    findings = tuple(question(subject) for question in asked)
    fit = subject.b.fit
    title = f"Check of {_title(subject)}"
    options = {"draws": draws, "of": type(result).__name__, "other_weights": tuple(subject.others)}
    provenance = Provenance("check", options, fit.n_regions, fit.n_periods, fit.provenance.weights, seed)
    return CheckReport(title, written(subject, findings), findings, merge_notes(subject.b.notes), provenance)


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
        f"beta convergence of {s.b.variable} ({fit.spec.name}, {fit._approach()}; {fit.n_regions} regions x "
        f"{fit.n_periods} spans)"
    )
