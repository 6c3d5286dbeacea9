"""The whole analysis of a case, in the order of a paper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd

from spatialconv import datasets, weights
from spatialconv._language import spoken_in
from spatialconv.autocorrelation import geary, hot_spots, moran
from spatialconv.convergence.dispersion.sigma import sigma
from spatialconv.panel import Panel
from spatialconv.replication import Replication, replicate
from spatialconv.results import Provenance
from spatialconv.study._case import Case
from spatialconv.study._grid import cells_of, estimate
from spatialconv.study._progress import progress_bar
from spatialconv.study._read import Sources, build_weights, read_samples, read_sources, refuse_maps
from spatialconv.study._result import Study
from spatialconv.summary import Descriptives, control_arrays, descriptives, growth, growth_arrays, spans


def analyse(case: Case, *, progress: bool = True) -> Study:
    """Compute everything a case asks for, without writing anything.

    Parameters
    ----------
    case : Case
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    Study

    Raises
    ------
    FileError
        If a file is not there or cannot be read.
    VariableError
        If a column is not there or holds text.
    AlignmentError, GeometryError, WeightsError, DataError, OptionError
        If data, geometry and weights do not fit together.

    Examples
    --------
    >>> import spatialconv as sc
    >>> study = sc.study.analyse(sc.study.zhejiang(), progress=False)
    >>> bool(study.replication.counts["differs"] < study.replication.counts["reproduced"])
    True
    """
    sources = read_sources(case)
    refuse_maps(sources.case, sources.geometry)
    samples = _complete(sources.case, read_samples(sources.case, sources.panel, sources.geometry))
    with progress_bar(_steps(sources.case, samples), progress) as step:
        return _analysed(sources, samples, step)


def _steps(case: Case, samples: dict[str, Panel]) -> int:
    return 5 + len(cells_of(case, samples)) + bool(case.published) + len(case.further)


def _complete(case: Case, samples: dict[str, Panel]) -> dict[str, Panel]:
    """Return the samples of the growth regressions: the regions that are always there, where some may be missing."""
    if case.missing == "raise":
        return samples
    needed = (case.variable, *case.controls)
    return {name: sample.balance(variables=needed) for name, sample in samples.items()}


def _analysed(sources: Sources, samples: dict[str, Panel], step: Callable[[str], None]) -> Study:
    case, panel, geometry = sources.case, sources.panel, sources.geometry
    step("weights")
    graphs = build_weights(sources)
    step("growth")
    grown = growth(panel, case.variable, horizon=case.model.horizon)
    described = _regression_variables(case, samples[case.subsamples.whole])
    step("autocorrelation")
    drawn: dict[str, Any] = {"log": case.log, "permutations": case.permutations, "seed": case.seed}
    drawn["missing"] = case.missing
    morans = {name: moran(panel, case.variable, w, **drawn) for name, w in graphs.items()}
    gearys = {name: geary(panel, case.variable, w, **drawn) for name, w in graphs.items()}
    step("hot spots")
    hot = hot_spots(
        panel,
        case.variable,
        graphs[case.hot_weights],
        period=list(case.hot_spots.periods) or _ends(panel),
        log=case.hot_spots.log,
        classes=case.hot_spots.classes,
        missing=case.missing,
    )
    step("dispersion")
    dispersion = sigma(panel, case.variable, missing=case.missing)
    grid = estimate(case, samples, graphs[case.main], step)
    if case.published:
        step("replication")
    study = Study(
        case=case,
        panel=panel,
        geometry=geometry,
        samples={name: tuple(sample.regions) for name, sample in samples.items()},
        weights=graphs,
        summaries={name: weights.describe(w) for name, w in graphs.items()},
        growth=grown,
        descriptives=described,
        moran=morans,
        geary=gearys,
        hot_spots=hot,
        sigma=dispersion,
        betas=grid,
        replication=_replication(case, panel, geometry),
        left_out=sources.left_out,
        notes=sources.notes,
        provenance=_provenance(case, panel),
    )
    if not case.further:
        return study
    # Unasked, the methods behind the parts cost no time to import.
    from spatialconv.study.further.parts import found

    with spoken_in(case.language):
        return replace(study, further=found(study, step))


def _ends(panel: Panel) -> list[Any]:
    """Return the first and the last period, once if there is only one."""
    return list(dict.fromkeys([panel.periods[0], panel.periods[-1]]))


def _regression_variables(case: Case, panel: Panel) -> Descriptives:
    """Describe what enters the growth regression: growth, initial level and controls."""
    over = spans(panel, case.model.horizon)
    y, initial = growth_arrays(panel, case.variable, over)
    ends = panel.periods[over.end]
    index = pd.MultiIndex.from_product([ends, panel.regions], names=[panel.period, panel.region])
    columns = {"growth": y.ravel(), "log_initial": initial.ravel()}
    taken = control_arrays(panel, case.controls, over, case.controls_at)
    columns |= {name: values.ravel() for name, values in zip(case.controls, taken, strict=True)}
    return descriptives(Panel(pd.DataFrame(columns, index=index), region=panel.region, period=panel.period))


def _replication(case: Case, panel: Panel, geometry: Any) -> Replication | None:
    if not case.published:
        return None
    return replicate(panel, geometry, datasets.zhejiang().published)


def _provenance(case: Case, panel: Panel) -> Provenance:
    options = {
        "variable": case.variable,
        "controls": case.controls,
        "controls_at": case.controls_at,
        "panel": case.panel.file.name,
        "geometry": case.geometry.file.name,
        "model": case.model.name,
        "spatial": case.model.spatial,
        "horizon": case.model.horizon,
        "permutations": case.permutations,
    }
    chosen = "; ".join(w.name for w in case.weights)
    return Provenance("study", options, panel.n_regions, panel.n_periods, chosen, case.seed)
