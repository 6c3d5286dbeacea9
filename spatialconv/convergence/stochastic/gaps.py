"""From a panel to the gaps whose unit roots are tested, and what the tests ask of them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from spatialconv._core.stochastic.dickey_fuller import Criterion, IntArray, Trend, chosen, most_lags
from spatialconv._options import choice, first, flag, whole
from spatialconv.errors import DataError, OptionError
from spatialconv.panel import FloatArray, Panel, as_panel
from spatialconv.results import plural
from spatialconv.summary import time_axis

Lags = int | Literal["aic", "bic"]
# Fewer leave a regression of changes on levels with a handful of degrees of freedom: a 5 % test of 11 x 5 finds next
# to nothing, whatever the truth.
LEAST_PERIODS = 10
WORDS = {"none": "no constant", "constant": "a constant", "trend": "a constant and a trend"}


@dataclass(frozen=True, eq=False)
class Gaps:
    """Gaps of shape (T, N') and levels (T, N), in logarithms where asked, and what they are gaps from."""

    gaps: FloatArray
    levels: FloatArray
    what: str
    of: str
    periods: pd.Index
    regions: pd.Index
    notes: tuple[str, ...]
    centred: bool = False


def gaps_of(panel: Panel, variable: str, relative_to: Hashable, log: bool) -> Gaps:
    """Check and prepare the gaps of a variable."""
    levels, notes = levels_of(panel, variable, log)
    named = f"log of {variable}" if log else variable
    regions = panel.regions
    if isinstance(relative_to, str) and relative_to in ("mean", "leader") and relative_to not in regions:
        if relative_to == "mean":
            gaps, of = levels - levels.mean(axis=1, keepdims=True), "the mean of all regions"
            return Gaps(gaps, levels, named, of, panel.periods, regions, notes, centred=True)
        leader = regions[int(np.argmax(levels.mean(axis=0)))]
    else:
        leader = relative_to
        if leader not in regions:
            raise OptionError(
                f"relative_to must be 'mean', 'leader' or one of the regions {first(list(regions))}; got {leader!r}."
            )
    at = int(regions.get_loc(leader))
    others = np.arange(len(regions)) != at
    gaps = levels[:, others] - levels[:, [at]]
    said = f"gaps are from {leader!r}" + (", the region highest on average" if relative_to == "leader" else "")
    return Gaps(gaps, levels, named, str(leader), panel.periods, regions[others], (*notes, said))


def levels_of(panel: Panel, variable: str, log: bool) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the levels (T, N) and notes on them; refuse too few regions and periods, and unequal steps."""
    as_panel(panel)
    flag("log", log)
    if panel.n_regions < 3:
        raise DataError(
            f"gaps between regions need three regions or more; the panel has {plural(panel.n_regions, 'region')}, "
            f"{first(list(panel.regions))}."
        )
    if panel.n_periods < LEAST_PERIODS:
        raise DataError(
            f"tests for unit roots need {LEAST_PERIODS} periods or more; the panel has {panel.n_periods} "
            f"({panel.periods[0]} to {panel.periods[-1]}). With so few no test can tell a gap that closes slowly from "
            "one that wanders: ask beta() or sigma() instead."
        )
    time, by_position = time_axis(panel.periods)
    steps = np.diff(time)
    if not by_position and np.ptp(steps) > 1e-9 * steps.max():
        wide = [panel.periods[int(k)] for k in np.flatnonzero(steps > steps.min() * (1 + 1e-9))]
        raise DataError(
            "tests for unit roots need periods at even distances; longer steps follow after "
            f"{first(wide)}. Fill the gaps (panel.fill) or take an even part (panel.subset)."
        )
    return panel.values(variable, log=log), panel.notes


def refuse_still(gaps: FloatArray, labels: list[Any], what: str) -> None:
    """Refuse series that do not change at all, of which no regression can be run."""
    scale = np.abs(gaps).max()
    still = np.ptp(gaps, axis=0) <= 1e-12 * max(float(scale), 1e-300)
    if still.any():
        held = [labels[int(k)] for k in np.flatnonzero(still)]
        raise DataError(f"{what} never changes for {first(held)}; a unit root cannot be tested there. Leave them out.")


def checked(trend: Any, lags: Any, max_lags: Any, T: int) -> tuple[Trend, Lags, int]:
    """Return deterministic terms, rule of lags and the most lags that it may choose, checked against T periods."""
    choice("trend", trend, get_args(Trend))
    # Change, its lag and their coefficients: four degrees of freedom at least, as `fixed` corrects by them.
    bound = max(0, (T - 1 - {"none": 1, "constant": 2, "trend": 3}[trend] - 4) // 2)
    if isinstance(lags, str):
        choice("lags", lags, get_args(Criterion))
        default = min(most_lags(T), bound)
        most = default if max_lags is None else whole("max_lags", max_lags, least=0, most=bound)
        return trend, lags, most  # type: ignore[return-value]
    if max_lags is not None:
        raise OptionError(f"max_lags goes with lags='aic' or 'bic'; with lags={lags!r} leave it out.")
    number = whole("lags", lags, least=0, most=bound)
    return trend, number, number


def lags_of(z: FloatArray, trend: Trend, lags: Lags, most: int) -> IntArray:
    """Return the number of lags of every series of z, shape (T, M)."""
    if isinstance(lags, str):
        return chosen(z, trend, most, lags)
    return np.full(z.shape[1], lags, dtype=np.intp)
