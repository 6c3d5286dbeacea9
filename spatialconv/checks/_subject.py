"""What is checked: a growth regression with its data, and what else is known of the study it belongs to."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from spatialconv import weights as build
from spatialconv._options import expect
from spatialconv.autocorrelation import HotSpots
from spatialconv.convergence.beta.beta import GROWTH, INITIAL, BetaConvergence
from spatialconv.convergence.dispersion.sigma import SigmaConvergence
from spatialconv.errors import OptionError, SpatialConvError, SpatialConvWarning
from spatialconv.panel import Panel
from spatialconv.results import one_line


@dataclass(frozen=True)
class Effort:
    """How much is simulated, from which seed, in how many processes, and whether a bar shows it."""

    draws: int
    seed: int
    jobs: int
    progress: bool


@dataclass(frozen=True, eq=False)
class Surroundings:
    """A growth regression with what its study has at hand: other weights, geometry, and figures already computed."""

    b: BetaConvergence | None
    panel: Panel
    variable: str
    weights: Mapping[str, Any]
    geometry: Any
    hot_spots: HotSpots
    sigma: SigmaConvergence


@runtime_checkable
class Surrounded(Protocol):
    """Whatever hands out a regression with its surroundings, as a study does."""

    def surroundings(self) -> Surroundings:
        """Return the headline regression and what is known around it."""
        ...


@dataclass(frozen=True, eq=False)
class Subject:
    """A growth regression under question.

    `others` are weights it might as well have had; `study` is there if the regression is the headline of one: its
    weights and the figures it has already computed.
    """

    b: BetaConvergence
    effort: Effort
    others: Mapping[str, Any] = field(default_factory=dict)
    study: Surroundings | None = None

    @property
    def panel(self) -> Panel:
        """The data of the regression."""
        return self.b.asked.panel

    @property
    def controls(self) -> tuple[str, ...]:
        """Names of the controls."""
        return tuple(self.b.asked.options["controls"])

    @property
    def spatial(self) -> bool:
        """Whether neighbours enter the regression."""
        return self.b.fit.spec.spatial != "none" or bool(self.b.fit.spec.durbin)

    @cached_property
    def regressors(self) -> Panel:
        """Growth, initial level and controls as a panel, a row a region and span."""
        design = self.b.fit.design
        index = {"region": list(design.regions) * len(design.periods)}
        index["period"] = list(np.repeat(np.asarray(design.periods), len(design.regions)))
        names = [n for n in design.names if n == INITIAL or n in self.controls]
        columns = {name: design.X[:, :, design.names.index(name)].ravel() for name in names}
        return Panel(pd.DataFrame({**index, GROWTH: design.y.ravel(), **columns}), region="region", period="period")

    def again(self, **changes: Any) -> BetaConvergence | str:
        """Return the regression with something changed, or why it cannot be estimated.

        The approach to the effects is kept; where it is not derived for the variant, the package's own choice is made.
        """
        reason = ""
        for correction in dict.fromkeys((self.b.asked.options["correction"], "auto")):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", SpatialConvWarning)
                    return self.b.again(**{"correction": correction, **changes})
            except SpatialConvError as error:
                reason = reason or one_line(error)
        return reason


def subject_of(result: Any, geometry: Any, effort: Effort) -> Subject:
    """Return what is to be checked: a growth regression, or the headline regression of a study."""
    expect(
        result, (BetaConvergence, Surrounded), "check", "the result of sc.beta, or a study of sc.study.run or analyse"
    )
    if isinstance(result, BetaConvergence):
        return Subject(result, effort, _others(result, geometry, {}))
    around: Surroundings = result.surroundings()
    b = around.b
    if b is None:
        raise OptionError("the study has no growth regression that could be estimated; there is nothing to check.")
    shapes = geometry if geometry is not None else around.geometry
    return Subject(b, effort, _others(b, shapes, around.weights), around)


def _others(b: BetaConvergence, geometry: Any, named: Mapping[str, Any]) -> dict[str, Any]:
    """Return other weights for the regions: those of the study, of the geometry, or made of the links there are."""
    if b.fit.design.W is None:
        return {}
    offered = dict(named)
    if geometry is not None:
        shapes = geometry.loc[geometry.index.isin(b.fit.design.regions)]
        kinds = {"Polygon", "MultiPolygon"}
        if set(shapes.geom_type) <= kinds and "adjacency" not in offered:
            offered["adjacency"] = build.adjacency(shapes)
        offered |= {f"inverse distance, power {p}": build.inverse_distance(shapes, power=p) for p in (1, 2)}
        offered |= {f"{k} nearest": build.knn(shapes, k=k) for k in (3, 5) if k < len(shapes)}
    else:
        offered |= _from_links(b)
    own = build.align(b.asked.w, b.fit.design.regions).matrix.toarray()
    kept: dict[str, Any] = {}
    seen = [own]
    for name, w in offered.items():
        matrix = build.align(w, b.fit.design.regions).matrix.toarray()
        if not any(np.allclose(matrix, other) for other in seen):
            kept[name] = w
            seen.append(matrix)
    return kept


def _from_links(b: BetaConvergence) -> dict[str, Any]:
    """Return variants of a matrix of weights: its links alone, and the strongest three of each region."""
    aligned = build.align(b.asked.w, b.fit.design.regions)
    M = aligned.matrix.toarray()
    made = {"its links alone, all alike": (M > 0).astype(float)}
    if len(M) > 4:
        rank = np.argsort(np.argsort(-M, axis=1, kind="stable"), axis=1)
        made["its three strongest links"] = ((rank < 3) & (M > 0)).astype(float)
    regions = list(aligned.regions)
    return {name: build.from_matrix(A, regions=regions, standardise="row") for name, A in made.items()}
