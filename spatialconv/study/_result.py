"""Study: all results of a case in one frozen object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatialconv._doors import door
from spatialconv.autocorrelation import GlobalAutocorrelation, HotSpots
from spatialconv.checks import CheckReport, Surroundings, check
from spatialconv.convergence.beta.beta import BetaConvergence
from spatialconv.convergence.dispersion.sigma import SigmaConvergence
from spatialconv.panel import Panel
from spatialconv.replication import Replication
from spatialconv.results import Provenance, Result, extent, number
from spatialconv.study._case import Case
from spatialconv.study._grid import BetaGrid
from spatialconv.study.further.findings import Found
from spatialconv.summary import Descriptives, GrowthTable
from spatialconv.weights import WeightsSummary

if TYPE_CHECKING:
    from spatialconv.tables import Table

# Unasked, names stand on maps where there is room for most of them.
MOST_NAMES = 40
# Whole numbers between these are years.
FIRST_YEAR, LAST_YEAR = 1000, 2999


@dataclass(frozen=True, eq=False, repr=False)
class Study(Result):
    """Everything that was computed for a case.

    Attributes
    ----------
    case : Case
    panel, geometry : Panel, GeoDataFrame
        As they entered the analysis.
    samples : mapping of name to labels
        The regions of the whole and of the subsamples.
    weights, summaries : mappings of name to Graph, to WeightsSummary
    growth : GrowthTable
    descriptives : Descriptives
        Of growth, initial level and controls, as they enter the growth regression.
    moran, geary : mappings of name of weights to GlobalAutocorrelation
    hot_spots : HotSpots
    sigma : SigmaConvergence
    betas : BetaGrid
        All growth regressions; `.betas.table` lists them.
    replication : Replication or None
        For the built-in case.
    left_out : DataFrame
        Every label that was read and is not in the analysis: columns `what`, `label`, `of` (its source) and `why`.
    further : mapping of name to Found
        What the case asks for beside all this: `.result`, `.sentences`, `.tables`, `.figures`, or `.reason`.
    files : tuple of Path
        What `run` wrote.
    checked : CheckReport or None
        The answers that `run` has asked for; `.checks` asks where there are none.
    """

    case: Case
    panel: Panel
    geometry: Any
    samples: Mapping[str, tuple[Any, ...]]
    weights: Mapping[str, Any]
    summaries: Mapping[str, WeightsSummary]
    growth: GrowthTable
    descriptives: Descriptives
    moran: Mapping[str, GlobalAutocorrelation]
    geary: Mapping[str, GlobalAutocorrelation]
    hot_spots: HotSpots
    sigma: SigmaConvergence
    betas: BetaGrid
    replication: Replication | None
    left_out: pd.DataFrame
    notes: tuple[str, ...]
    provenance: Provenance
    further: Mapping[str, Found] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    checked: CheckReport | None = None

    def headline_fit(self, sample: str | None = None, *, conditional: bool = True) -> BetaConvergence | None:
        """Return the fit of the effects and the approach that the case names; None if it was not possible."""
        model = self.case.model
        controls = self.case.controls if conditional else ()
        sample = self.case.subsamples.whole if sample is None else sample
        # As in the estimation itself, "auto" is Lee-Yu wherever that is derived.
        wanted = ("lee-yu", "none") if model.correction == "auto" and model.effects != "none" else (model.correction,)
        wanted = ("none",) if model.effects == "none" else wanted
        found = (self.betas.get(sample, controls, model.effects, correction) for correction in wanted)
        return next((fit for fit in found if fit is not None), None)

    @cached_property
    def checks(self) -> CheckReport:
        """What a careful referee would ask of the study, as the case says, with its seed; see `spatialconv.check`."""
        return self.checked if self.checked is not None else self.check()

    def check(self, *, jobs: int = 1, progress: bool = False, **kept: Any) -> CheckReport:
        """Ask the questions of the case: as many as its `[check]` says, none where that is off."""
        how = self.case.check
        questions = how.asked(self.panel.n_regions)
        if not questions:
            origin = replace(self.provenance, call="check", options={"draws": 0})
            return CheckReport("No question was asked", "", (), ("the check was left out",), origin)
        return check(
            self, draws=how.draws, jobs=jobs, seed=self.case.seed, questions=questions, progress=progress, **kept
        )

    def surroundings(self) -> Surroundings:
        """Return what `spatialconv.check` asks about: the headline regression, other weights, figures computed."""
        b = self.headline_fit() or self.headline_fit(conditional=False)
        return Surroundings(b, self.panel, self.case.variable, self.weights, self.geometry, self.hot_spots, self.sigma)

    @property
    def span(self) -> str:
        """How long a span of growth is, in words and in the units of the periods' labels: "10 years"."""
        horizon, periods = self.case.model.horizon, self.panel.periods
        years = all(isinstance(t, int | np.integer) and FIRST_YEAR <= t <= LAST_YEAR for t in periods)
        if horizon == 1:
            return "one year" if years else "one period"
        return f"{horizon} years" if years else f"{horizon} units of {self.panel.period}"

    @property
    def names_on_maps(self) -> bool | str | None:
        """Which names maps bear: those the case says, none unasked where regions are many."""
        labels = self.case.maps.labels
        return labels if self.panel.n_regions <= MOST_NAMES or labels is not True else None

    def tables(self) -> dict[str, Table]:
        """Return the tables that `run` writes, by the name of their file."""
        found: dict[str, Table] = door("Study.tables")(self)
        return found

    def figures(self) -> dict[str, tuple[str, Callable[[], Any]]]:
        """Return the figures that `run` writes: name, caption and what draws it."""
        found: dict[str, tuple[str, Callable[[], Any]]] = door("Study.figures")(self)
        return found

    def tidy(self) -> pd.DataFrame:
        """Return one row a growth regression."""
        return self.betas.table

    def glance(self) -> pd.DataFrame:
        """Return one row: the sample, dispersion at the ends, beta and rho of the headline model."""
        fit = self.headline_fit()
        row: dict[str, Any] = {
            "variable": self.case.variable,
            "n_regions": self.panel.n_regions,
            "n_periods": self.panel.n_periods,
            "sd_log_first": float(self.sigma.table["sd_log"].iloc[0]),
            "sd_log_last": float(self.sigma.table["sd_log"].iloc[-1]),
            "beta": fit.beta if fit else float("nan"),
            "rho": fit.rho if fit else float("nan"),
        }
        if self.replication is not None:
            row |= self.replication.counts.to_dict()
        return pd.DataFrame([row])

    def _headline(self) -> list[str]:
        first, last = self.panel.periods[0], self.panel.periods[-1]
        sd = self.sigma.table["sd_log"]
        lines = [
            f"Study of {self.case.variable}: {extent(self.panel.n_regions, self.panel.n_periods)} ({first} to {last})",
            f"  weights: {', '.join(self.weights)} (main: {self.case.main})",
            f"  standard deviation of logs: {number(sd.iloc[0])} ({first}), {number(sd.iloc[-1])} ({last})",
            f"  growth regressions: {len(self.betas.fits):,} of {len(self.betas.cells):,} estimated",
        ]
        if self.replication is not None:
            lines.append(self.replication._headline()[1])
        return [*lines, *([f"  {len(self.files)} files written"] if self.files else [])]
