"""From a panel to the series whose convergence is tested: logarithm, trend, and what can be wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._core.clubs.hodrick_prescott import trend
from spatialconv._labels.order import label_order
from spatialconv._options import first, positive
from spatialconv.errors import DataError, OptionError
from spatialconv.panel import FloatArray, Panel, as_panel
from spatialconv.results import merge_notes
from spatialconv.summary import time_axis

_EVEN = 1e-9


@dataclass(frozen=True, eq=False)
class Series:
    """The series of shape (T, N), regions in the order of their labels, and what was done to get there.

    That order makes results independent of the order of the rows; `raw` are the values before the trend was taken. Both
    are in a unit of their own.
    """

    values: FloatArray
    raw: FloatArray
    variable: str
    log: bool
    smooth: float | None
    periods: pd.Index
    regions: pd.Index
    notes: tuple[str, ...]

    @property
    def what(self) -> str:
        """Say what the series are, for headlines."""
        name = f"log of {self.variable}" if self.log else self.variable
        return f"{name}, {treatment(self.smooth)}"


def treatment(smooth: float | None) -> str:
    """Say in words what was done to the series."""
    return "unfiltered" if smooth is None else f"Hodrick-Prescott trend (lambda {smooth:g})"


def series(panel: Panel, variable: str, *, log: bool, smooth: float | None) -> Series:
    """Check and prepare a variable."""
    as_panel(panel)
    if not isinstance(log, (bool, np.bool_)):
        raise OptionError(f"log must be True or False; got {log!r}.")
    if panel.n_regions < 2:
        raise DataError(f"convergence needs two regions or more; the panel has one, {first(list(panel.regions))}.")
    lam = None if smooth is None else positive("smooth", smooth)
    order = panel.regions[label_order(panel.regions)]
    # Paths are relative, so the unit is free: a power of two, which rounds nothing, keeps squares from overflowing.
    raw = panel.values(variable, regions=order, log=log)
    raw = np.ldexp(raw, -int(np.frexp(np.abs(raw).max())[1]))
    if lam is not None and panel.n_periods < 3:
        raise DataError(f"a Hodrick-Prescott trend needs three periods or more; the panel has {panel.n_periods}.")
    values = raw if lam is None else trend(raw, lam)
    name = f"log of {variable!r}" if log else repr(variable)
    _positive_mean(values, name, panel.periods, log)
    return Series(
        values=values,
        raw=raw,
        variable=variable,
        log=bool(log),
        smooth=lam,
        periods=panel.periods,
        regions=order,
        notes=merge_notes(panel.notes, _spacing(panel.periods)),
    )


def _positive_mean(values: FloatArray, name: str, periods: pd.Index, log: bool) -> None:
    bad = values.mean(axis=1) <= 0
    if not bad.any():
        return
    cure = (
        "Choose a smaller unit, so that the logarithms are positive (the test depends on the unit in any case)."
        if log
        else "Relative transition paths need a variable with a positive mean."
    )
    raise DataError(
        f"the mean over regions of the {name} is zero or negative in period {first(list(periods[bad]))}, and the "
        f"paths relative to it have no meaning. {cure}"
    )


def _spacing(periods: pd.Index) -> tuple[str, ...]:
    time, by_position = time_axis(periods)
    steps = np.diff(time)
    if by_position or len(steps) < 2 or np.ptp(steps) < _EVEN:
        return ()
    return (f"periods are counted 1, 2, ..., {len(time)} though they are not evenly spaced ({_gaps(periods, steps)})",)


def _gaps(periods: pd.Index, steps: FloatArray) -> str:
    wide = np.flatnonzero(steps > steps.min())
    return "after " + first([periods[int(k)] for k in wide])


def sorting(data: Series, share: float) -> tuple[Any, tuple[str, ...]]:
    """Return the columns from the highest to the lowest, and a note where ties were settled.

    Regions are sorted by their last value, or by their mean over the last `share` of the periods; ties by the period
    before, and so on back, and regions that are equal throughout by their labels.
    """
    T = len(data.values)
    ok = isinstance(share, (int, float, np.number)) and not isinstance(share, bool) and 0 <= share <= 1
    if not ok:
        raise OptionError(f"sort_share must lie between 0 (the last period) and 1 (all periods); got {share!r}.")
    last = data.values[-1] if share == 0 else data.values[int((1 - share) * T + _EVEN) :].mean(axis=0)
    # The last key of lexsort is the first to count; columns stand in the order of their labels already.
    order = np.lexsort([*(-data.values), -last])
    tied = last[order][1:] == last[order][:-1]
    if not tied.any():
        return order, ()
    shown = data.regions[order][1:][tied]
    return order, (
        f"{int(tied.sum())} ties in the sorting were settled by earlier periods, and by labels where regions are equal "
        f"throughout; among them {first(list(shown))}",
    )
