"""Values as distribution dynamics look at them: relative to the mean of their period, in logs, or as they are."""

from __future__ import annotations

from typing import Literal

import numpy as np

from spatialconv._options import choice, first
from spatialconv.errors import DataError, VariableError
from spatialconv.panel import FloatArray, Panel, as_panel, presence_note

Scale = Literal["relative", "log", "level"]
WORDS = {"relative": "relative to the mean of the period", "log": "log of {}", "level": "{}"}


def scaled(panel: Panel, variable: str, scale: str, *, least: int, what: str) -> FloatArray:
    """Return values on a scale, shape (T, N); `least` regions are required by `what`."""
    return _on(scale, _values(panel, variable, scale, least, what, "raise"), variable, panel)


def scaled_of_those_there(
    panel: Panel, variable: str, scale: str, *, least: int, what: str, more: str = ""
) -> tuple[FloatArray, list[str]]:
    """Return values on a scale, shape (T, N), NaN where a region is not there, and what is to be said of that.

    A mean is that of the regions that are there. Periods with fewer than `least` of them are NaN altogether.
    """
    values = _values(panel, variable, scale, least, what, "keep")
    n = np.isfinite(values).sum(axis=1)
    few = n < least
    if few.all():
        raise DataError(f"{what} needs {least} regions or more in some period; {variable!r} has {n.max()} at most.")
    values = np.where(few[:, None], np.nan, values)
    absent = presence_note(panel, [variable], more=more)
    said = [absent] if absent else []
    if few.any():
        said.append(f"no figure in period {first(list(panel.periods[few]))}: {what} needs {least} regions or more")
    return _on(scale, values, variable, panel), said


def _values(
    panel: Panel, variable: str, scale: str, least: int, what: str, missing: Literal["raise", "keep"]
) -> FloatArray:
    as_panel(panel)
    choice("scale", scale, Scale)
    values = panel.values(variable, log=scale == "log", missing=missing)
    if panel.n_regions < least:
        raise DataError(
            f"{what} needs {least} regions or more; the panel has {panel.n_regions}, {first(list(panel.regions))}."
        )
    return np.asarray(values)


def _on(scale: str, values: FloatArray, variable: str, panel: Panel) -> FloatArray:
    if scale != "relative":
        return values
    there = np.isfinite(values)
    if there.all():
        mean = values.mean(axis=1)
    else:
        n = there.sum(axis=1)
        mean = np.divide(np.where(there, values, 0.0).sum(axis=1), n, out=np.full(len(n), np.nan), where=n > 0)
    wrong = mean <= 0
    if wrong.any():
        raise DataError(
            f"the mean of {variable!r} is zero or negative in {first(list(panel.periods[wrong]))}, so that nothing is "
            "relative to it. Take scale='level'."
        )
    return np.asarray(values / mean[:, None])


def described(variable: str, scale: str) -> str:
    """Return what is looked at, in words."""
    return {
        "relative": f"{variable} relative to its mean",
        "log": f"log of {variable}",
        "level": variable,
    }[scale]


def refuse_constant(values: FloatArray, variable: str, panel: Panel) -> None:
    """Raise VariableError where all regions have one value."""
    rows = [row[np.isfinite(row)] for row in values]
    flat = np.array([len(row) > 0 and np.ptp(row) <= 1e-12 * np.abs(row).max() for row in rows])
    if flat.any():
        periods = first(list(panel.periods[flat]))
        raise VariableError(
            f"{variable!r} is the same in all {max(map(len, rows))} regions in {periods}; it has no distribution "
            "there. Leave these periods out by panel.subset(periods=…)."
        )
