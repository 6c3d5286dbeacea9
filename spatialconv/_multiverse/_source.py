"""The regressions of one choice of data, sample and horizon: read once, columns taken by name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from spatialconv._multiverse._grid import Grid
from spatialconv.convergence.beta.beta import GROWTH, INITIAL, growth_design
from spatialconv.errors import DataError, SpatialConvError
from spatialconv.models.specification.design import Design
from spatialconv.panel import FloatArray, Panel
from spatialconv.results import one_line
from spatialconv.summary import Spans, control_arrays, spans


@dataclass(frozen=True, eq=False)
class Source:
    """Outcome and regressor in question as a design, and the controls that can be read or why not.

    `length` is the span of growth, NaN where there is none.
    """

    design: Design
    controls: dict[str, FloatArray | str]
    length: float

    def of(self, controls: tuple[str, ...]) -> Design:
        """Return the design with a set of controls."""
        columns = [self.design.X]
        for name in controls:
            column = self.controls[name]
            if isinstance(column, str):
                raise DataError(column)
            columns.append(column[..., None])
        return replace(self.design, X=np.concatenate(columns, axis=2), names=(*self.design.names, *controls))


def outcome(grid: Grid) -> str:
    """Return the name of the outcome."""
    return GROWTH if grid.focus is None else grid.variable


def term(grid: Grid) -> str:
    """Return the name of the coefficient in question."""
    return INITIAL if grid.focus is None else grid.focus


def gaps(grid: Grid) -> Literal["raise", "keep"]:
    """Return what reading does about gaps."""
    return "raise" if grid.missing == "raise" else "keep"


def source(grid: Grid, panel: Panel | str, horizon: int, controls: set[str]) -> Source | str:
    """Read the regressions of a panel, or say why there are none."""
    if isinstance(panel, str):
        return panel
    over: Spans | None = None
    try:
        if grid.focus is None:
            design, length = growth_design(
                panel, grid.variable, (), horizon, grid.overlapping, grid.controls_at, grid.missing
            )
            over = spans(panel, horizon, overlapping=grid.overlapping)
        else:
            y = panel.values(grid.variable, missing=gaps(grid))
            x = panel.values(grid.focus, missing=gaps(grid))[..., None]
            design, length = Design(y, x, (grid.focus,), panel.regions, panel.periods, notes=panel.notes), np.nan
    except SpatialConvError as error:
        return one_line(error)
    return Source(design, {name: _column(grid, panel, name, over) for name in sorted(controls)}, length)


def _column(grid: Grid, panel: Panel, name: str, over: Spans | None) -> FloatArray | str:
    try:
        if over is None:
            return panel.values(name, missing=gaps(grid))
        return control_arrays(panel, [name], over, grid.controls_at, gaps(grid))[0]
    except SpatialConvError as error:
        return one_line(error)
