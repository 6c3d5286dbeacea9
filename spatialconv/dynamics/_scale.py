"""Values as distribution dynamics look at them: relative to the mean of their period, in logs, or as they are."""

from __future__ import annotations

from typing import Literal

import numpy as np

from spatialconv._options import choice, first
from spatialconv.errors import DataError, VariableError
from spatialconv.panel import FloatArray, Panel, as_panel

Scale = Literal["relative", "log", "level"]
WORDS = {"relative": "relative to the mean of the period", "log": "log of {}", "level": "{}"}


def scaled(panel: Panel, variable: str, scale: str, *, least: int, what: str) -> FloatArray:
    """Return values on a scale, shape (T, N); `least` regions are required by `what`."""
    as_panel(panel)
    choice("scale", scale, Scale)
    values = panel.values(variable, log=scale == "log")
    if panel.n_regions < least:
        raise DataError(
            f"{what} needs {least} regions or more; the panel has {panel.n_regions}, {first(list(panel.regions))}."
        )
    if scale != "relative":
        return np.asarray(values)
    mean = values.mean(axis=1)
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
    flat = np.ptp(values, axis=1) <= 1e-12 * np.abs(values).max(axis=1)
    if flat.any():
        periods = first(list(panel.periods[flat]))
        raise VariableError(
            f"{variable!r} is the same in all {values.shape[1]} regions in {periods}; it has no distribution there. "
            "Leave these periods out by panel.subset(periods=…)."
        )
