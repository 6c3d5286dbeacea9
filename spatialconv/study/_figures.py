"""The figures of a study, by the name of their file; each is drawn when asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd

from spatialconv import maps, plot
from spatialconv._language import Language, capital, say, spoken_in
from spatialconv.panel import Panel, parts_of
from spatialconv.study._grid import APPROACHES, EFFECTS
from spatialconv.study._result import Study

# Of fewer periods a table is read as fast.
PATH_FROM = 5


def study_figures(study: Study) -> dict[str, tuple[str, Callable[[], Any]]]:
    """Return name, caption and what draws it, for every figure of a study."""
    spoken = study.case.language
    with spoken_in(spoken):
        made = _figures(study)
    return {name: (caption, partial(_drawn, spoken, draw)) for name, (caption, draw) in made.items()}


def _drawn(spoken: Language, draw: Callable[[], Any]) -> Any:
    with spoken_in(spoken):
        return draw()


def _figures(study: Study) -> dict[str, tuple[str, Callable[[], Any]]]:
    case = study.case
    names = study.names_on_maps
    ends = list(dict.fromkeys([study.panel.periods[0], study.panel.periods[-1]]))
    unit = say(", ") + case.unit if case.unit else ""
    whose, said, mapped = case.whose, case.said, case.mapped
    made: dict[str, tuple[str, Callable[[], Any]]] = {
        "map": (
            say("{variable}: natural breaks common to the maps.", variable=capital(case.variable) + unit),
            lambda: maps.choropleth(
                study.panel,
                case.variable,
                study.geometry,
                periods=list(case.maps.periods) or ends,
                classes=case.maps.classes,
                log=case.maps.log,
                labels=names,
                legend=capital(case.variable) + unit,
                **mapped,
            ),
        ),
        "hot_spots": (
            say(
                "{statistic} of {variable}, weights {weights!r}: confidence classes (left) test the regions, ranks of "
                "z (right) order them.",
                statistic=study.hot_spots.name,
                variable=case.variable,
                weights=case.hot_weights,
            ),
            lambda: maps.hot_spots(
                study.hot_spots, study.geometry, period=study.hot_spots.periods, classes="both", labels=names, **mapped
            ),
        ),
        "sigma": (
            say("Dispersion of log {variable} across regions.", variable=case.variable),
            lambda: plot.sigma(study.sigma, **said),
        ),
    }
    if study.panel.n_periods > PATH_FROM:
        first = study.moran[case.main]
        made["moran_path"] = (
            say("Moran's I of {variable} by period, weights {weights!r}.", variable=case.variable, weights=case.main),
            lambda: plot.moran_path(first, **said),
        )
    if study.panel.n_periods > 1:
        made["heatmap"] = (
            say(
                "{variable} by region and period, relative to the mean of the period.", variable=capital(case.variable)
            ),
            lambda: plot.heatmap(study.panel, case.variable, scale="relative", **said),
        )
    for weights, graph in study.weights.items():
        for period in ends:
            made[f"moran_scatter_{slug(weights)}_{slug(period)}"] = (
                say(
                    "Moran scatter plot, {period}, weights {weights!r}; the slope is Moran's I.",
                    period=period,
                    weights=weights,
                ),
                partial(
                    plot.moran_scatter, _there(study, period), case.variable, graph, period=period, log=case.log, **said
                ),
            )
    for weights, graph in study.weights.items():
        made[f"links_{slug(weights)}"] = (
            say("Links of the weights {weights!r}.", weights=weights),
            partial(maps.links, graph, study.geometry, points=_seats(study), labels=names, **mapped),
        )
    if case.published:
        made["hot_spots_of_the_paper"] = (
            say(
                "{statistic} as the paper maps it: natural breaks of each period, called hot to cold (left), beside "
                "what is significant (right).",
                statistic=study.hot_spots.name,
            ),
            lambda: maps.hot_spots(study.hot_spots, study.geometry, classes="paper", labels=names, **mapped),
        )
    fits = _by_effects(study)
    if fits:
        terms = ["log_initial", *(["rho"] if case.model.spatial == "lag" else [])]
        made["effects"] = (
            say(
                "{terms} of {sample} without controls under all effects and both approaches, with 95 % intervals.",
                terms=say("Beta and rho") if len(terms) > 1 else say("Beta"),
                sample=case.subsamples.whole,
            ),
            lambda: plot.coefficients(fits, terms=terms, **whose),
        )
    for part in study.further.values():
        made |= part.figures
    return made


def _there(study: Study, period: Any) -> Panel:
    """Return the panel, or that of the regions that are there in a period where some may be missing."""
    if study.case.missing == "raise":
        return study.panel
    return parts_of(study.panel, [study.case.variable], pd.Index([period]))[0].panel


def _by_effects(study: Study) -> dict[str, Any]:
    fits = {}
    for effects in EFFECTS:
        for correction, approach in APPROACHES.items():
            fit = study.betas.get(study.case.subsamples.whole, (), effects, correction)
            if fit is not None:
                fits[say("no effects") if effects == "none" else _called(effects, approach)] = fit
    return fits


def _called(effects: str, approach: str) -> str:
    return say(effects, sense="effects") + say(", ") + say(approach)


def _seats(study: Study) -> pd.DataFrame | None:
    source = study.case.geometry
    if not source.lon:
        return None
    return pd.DataFrame({"lon": study.geometry[source.lon], "lat": study.geometry[source.lat]})


def slug(label: Any) -> str:
    """Return a label as part of the name of a file."""
    return re.sub(r"[^\w.-]+", "-", str(label)).strip("-.") or "unnamed"
