"""What is checked: a growth regression with its data, and what else is known of the study it belongs to."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv._options import expect
from spatialconv.autocorrelation import HotSpots
from spatialconv.checks._finding import LEVEL
from spatialconv.checks._links import other_links
from spatialconv.convergence.beta.beta import GROWTH, INITIAL, BetaConvergence
from spatialconv.convergence.dispersion.sigma import SigmaConvergence
from spatialconv.errors import OptionError, SpatialConvError, SpatialConvWarning, UnsupportedModelError
from spatialconv.panel import Panel
from spatialconv.results import one_line, p_value


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
    weights and the figures it has already computed. `drawn` keeps what was simulated, since two questions share it.
    """

    b: BetaConvergence
    effort: Effort
    others: Mapping[str, Any] = field(default_factory=dict)
    study: Surroundings | None = None
    geometry: Any = None
    drawn: dict[str, Any] = field(default_factory=dict, init=False)

    @property
    def panel(self) -> Panel:
        """The data of the regression."""
        return self.b.asked.panel

    @property
    def controls(self) -> tuple[str, ...]:
        """Names of the controls."""
        return tuple(self.b.asked.options["controls"])

    @property
    def claims(self) -> bool:
        """Whether the regression is read as convergence: beta negative and significant at 5 % by its p-value."""
        return bool(self.b.beta < 0 and self.b.pvalues[INITIAL] <= LEVEL)

    @property
    def own_levels(self) -> bool:
        """Whether every region has a level of its own to close in on: there are region effects."""
        return self.b.fit.spec.effects in ("region", "two-way")

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

    @cached_property
    def periods_differ(self) -> float:
        """P of the F test that periods share one intercept, given the regressors (least squares)."""
        design = self.b.fit.design
        T, N, _ = design.shape
        if T < 2:
            return 1.0
        X = np.column_stack([np.ones(T * N), design.X.reshape(T * N, -1)])
        periods = np.kron(np.eye(T)[:, 1:], np.ones((N, 1)))
        y = design.y.ravel()
        seen = np.isfinite(y) & np.isfinite(X).all(axis=1)
        X, periods, y = X[seen], periods[seen], y[seen]
        full, bare = np.column_stack([X, periods]), X
        rss, loose = (float(((y - A @ np.linalg.lstsq(A, y, rcond=None)[0]) ** 2).sum()) for A in (bare, full))
        free = len(y) - np.linalg.matrix_rank(full)
        return float(stats.f.sf((rss - loose) / (T - 1) / (loose / free), T - 1, free)) if free > 0 < loose else 1.0

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
    taken = "the result of sc.beta, sc.clubs, sc.composite_index, sc.coupling or of agglomeration, or a study"
    expect(result, (BetaConvergence, Surrounded), "check", f"{taken} of sc.study.run or analyse")
    if isinstance(result, BetaConvergence):
        if isinstance(result.asked.w, Mapping):
            raise UnsupportedModelError(
                f"check() asks about one W for all periods; the regression has {len(result.asked.w)}, one a period. "
                "Ask of the same regression with the weights of one of them: b.again(w=...)."
            )
        return Subject(result, effort, other_links(result, geometry, {}), geometry=geometry)
    around: Surroundings = result.surroundings()
    b = around.b
    if b is None:
        raise OptionError("the study has no growth regression that could be estimated; there is nothing to check.")
    shapes = geometry if geometry is not None else around.geometry
    return Subject(b, effort, other_links(b, shapes, around.weights), around, shapes)


def p_of_beta(b: BetaConvergence) -> str:
    """Return the p of beta in words, or that there is none by z where it does not hold (`b.z_withheld`)."""
    return "no p by z" if b.z_withheld else p_value(b.pvalues[INITIAL])
