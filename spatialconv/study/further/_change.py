"""Parts on what lasts and what changes: distance, unit roots in time and over the map, breaks, thresholds, kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatialconv import plot
from spatialconv._language import say
from spatialconv.autocorrelation import correlogram as by_distance
from spatialconv.convergence.beta.breaks import beta_breaks
from spatialconv.convergence.beta.thresholds import beta_threshold
from spatialconv.convergence.clubs.clubs import clubs
from spatialconv.convergence.clubs.explain import explain_clubs
from spatialconv.convergence.stochastic.unit_roots import unit_roots as roots_of_gaps
from spatialconv.dependence import spatial_unit_root as root_over_the_map
from spatialconv.dynamics import stochastic_kernel as kernel_of
from spatialconv.study.further.findings import Found, of_result, said

if TYPE_CHECKING:
    from spatialconv.study._result import Study


def correlogram(study: Study) -> Found:
    """How far autocorrelation reaches, and at which distance it is strongest."""
    case, panel = study.case, study.panel
    found = by_distance(
        panel,
        case.variable,
        study.geometry,
        period=list(dict.fromkeys([panel.periods[0], panel.periods[-1]])),
        log=case.log,
        permutations=case.permutations or 999,
        seed=case.seed,
    )
    figure = (
        say("Autocorrelation of {variable} by distance.", variable=case.variable),
        lambda: plot.correlogram(found, **case.said),
    )
    return Found(found, said(found), {"correlogram": of_result(found)}, {"correlogram": figure})


def unit_roots(study: Study) -> Found:
    """Do gaps between regions come back (stochastic convergence)?"""
    case = study.case
    found = roots_of_gaps(study.panel, case.variable, seed=case.seed)
    figure = (
        say("Gaps in {variable}, those that come back in colour.", variable=case.variable),
        lambda: plot.unit_roots(found, **case.said),
    )
    return Found(found, said(found), {"unit_roots": of_result(found)}, {"unit_roots": figure})


def spatial_unit_root(study: Study) -> Found:
    """Is the variable a random walk over the map?"""
    case, panel = study.case, study.panel
    ends = list(dict.fromkeys([panel.periods[0], panel.periods[-1]]))
    found = root_over_the_map(panel, case.variable, study.geometry, log=True, periods=ends, seed=case.seed)
    return Found(found, said(found), {"spatial_unit_root": of_result(found)})


def breaks(study: Study) -> Found:
    """When did beta change, and how often?"""
    case = study.case
    found = beta_breaks(study.panel, case.variable, **_regression(study), seed=case.seed)
    figure = (
        say("Beta of {variable} between breaks.", variable=case.variable),
        lambda: plot.beta_changes(found, **case.said),
    )
    return Found(found, said(found), {"breaks": of_result(found)}, {"breaks": figure})


def threshold(study: Study) -> Found:
    """Is beta another above some initial level?"""
    case = study.case
    found = beta_threshold(study.panel, case.variable, **_regression(study), seed=case.seed)
    figure = (
        say("Threshold of the initial level in beta of {variable}.", variable=case.variable),
        lambda: plot.beta_changes(found, **case.said),
    )
    return Found(found, said(found), {"threshold": of_result(found)}, {"threshold": figure})


def explained(study: Study) -> Found:
    """Do initial levels and controls tell clubs apart?"""
    case, panel = study.case, study.panel
    found = explain_clubs(clubs(panel, case.variable), panel, (case.variable, *case.controls), log=case.variable)
    return Found(found, said(found), {"clubs_explained": of_result(found)})


def stochastic_kernel(study: Study) -> Found:
    """From which value to which do regions go, without classes?"""
    case = study.case
    found = kernel_of(study.panel, case.variable, missing="omit" if case.missing == "omit" else "raise")
    figures = {
        "stochastic_kernel": (
            say(
                "Density of {variable} {horizon:g} later, given its value before.",
                variable=case.variable,
                horizon=found.horizon,
            ),
            lambda: plot.stochastic_kernel(found, **case.said),
        ),
        "ergodic": (
            say("Where the moves of {variable} would lead.", variable=case.variable),
            lambda: plot.ergodic(found, **case.said),
        ),
    }
    return Found(found, said(found), {"stochastic_kernel": of_result(found)}, figures)


def _regression(study: Study) -> dict[str, Any]:
    case = study.case
    return {"controls": case.controls, "controls_at": case.controls_at, "horizon": case.model.horizon}
