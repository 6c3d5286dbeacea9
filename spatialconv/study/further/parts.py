"""The parts by name, and their computation: one that fails becomes a line of the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from spatialconv.errors import SpatialConvError
from spatialconv.results import one_line
from spatialconv.study.further import _change, _distribution, _models
from spatialconv.study.further.findings import Found

if TYPE_CHECKING:
    from spatialconv.study._result import Study

# Name, heading in the report, and what computes it; in the order of the report.
PARTS: dict[str, tuple[str, Callable[[Study], Found]]] = {
    "impacts": ("Direct and indirect effects", _models.impacts),
    "tests": ("Tests of the specification", _models.tests),
    "selection": ("Which model the tests choose", _models.selection),
    "robustness": ("With each of the weights", _models.robustness),
    "probabilities": ("Which weights, which model", _models.probabilities),
    "correlogram": ("How far autocorrelation reaches", _change.correlogram),
    "spatial_unit_root": ("Is it a random walk over the map?", _change.spatial_unit_root),
    "unit_roots": ("Stochastic convergence", _change.unit_roots),
    "breaks": ("When beta changed", _change.breaks),
    "threshold": ("At which initial level beta changes", _change.threshold),
    "clubs": ("Convergence clubs", _distribution.clubs),
    "clubs_explained": ("What tells the clubs apart", _change.explained),
    "mobility": ("Distribution dynamics", _distribution.mobility),
    "stochastic_kernel": ("Stochastic kernel", _change.stochastic_kernel),
}


def found(study: Study, step: Callable[[str], None]) -> dict[str, Found]:
    """Return what the parts that the case asks for found, in the order of `PARTS`."""
    made: dict[str, Found] = {}
    for name, (heading, part) in PARTS.items():
        if name not in study.case.further:
            continue
        step(name)
        try:
            made[name] = replace(part(study), heading=heading)
        except SpatialConvError as error:
            made[name] = Found(reason=one_line(error), heading=heading)
        except Exception as error:  # one part is no reason to lose the others, and the report says so
            made[name] = Found(reason=f"{type(error).__name__}: {one_line(error)}", heading=heading)
    return made
