"""Who is there: the periods of a panel by the regions that have a value, for statistics of one period at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv._options import choice, first
from spatialconv.errors import DataError, WeightsError
from spatialconv.panel.panel import Panel, as_panel
from spatialconv.results import one_line

Missing = Literal["raise", "omit"]
Found = TypeVar("Found")


class Part(NamedTuple):
    """Periods in which the same regions are there, as a panel of these without gaps."""

    panel: Panel
    periods: pd.Index


def omits(missing: Any) -> bool:
    """Whether what is missing is left out period by period, else it is an error; anything else raises OptionError."""
    return bool(choice("missing", missing, Missing) == "omit")


def parts_of(panel: Panel, variables: Iterable[str], periods: pd.Index | None = None) -> list[Part]:
    """Return the panel in parts without gaps, by the regions that have all the variables, in order of the periods.

    What is left out of a part is not noted on it: `presence_note` says it once for all.

    Raises
    ------
    DataError
        If no region has a value in any period.
    """
    as_panel(panel)
    wanted = panel.periods if periods is None else periods
    there = who_is_there(panel, variables, wanted)
    if not there.any():
        raise DataError(
            f"no region has a value of {first(list(variables))} in {first(list(wanted))}; nothing is there."
        )
    found: dict[bytes, list[int]] = {}
    for t, row in enumerate(there):
        found.setdefault(row.tobytes(), []).append(t)
    parts = []
    for places in found.values():
        row = there[places[0]]
        if row.any():
            part = panel.subset(regions=panel.regions[row], periods=wanted[places])
            part._notes = panel._notes
            parts.append(Part(part, wanted[places]))
    return parts


def figures_of_parts(
    panel: Panel, variables: Iterable[str], figure: Callable[[Part], Found], periods: pd.Index | None = None
) -> tuple[list[Found], list[str]]:
    """Return the figure of every part, and what is to be said of parts that have none.

    Raises
    ------
    DataError, WeightsError
        What the figure says of a part with all regions; if no part has a figure.
    """
    parts = parts_of(panel, variables, periods)
    found, said, why = [], [], ""
    for part in parts:
        try:
            found.append(figure(part))
        except (DataError, WeightsError) as error:
            if part.panel.n_regions == panel.n_regions:
                raise
            why = why or one_line(error)
            said.append(f"no figure in period {first(list(part.periods))}: {one_line(error)}")
    if not found:
        raise DataError(f"no period has regions enough: {why}")
    return found, said


def presence_note(panel: Panel, variables: Iterable[str], periods: pd.Index | None = None, more: str = "") -> str:
    """Say how many regions are there in each period and who is not; empty where all are."""
    wanted = panel.periods if periods is None else periods
    there = who_is_there(panel, variables, wanted)
    if there.all():
        return ""
    n = there.sum(axis=1)
    t, i = np.nonzero(~there)
    cells = first([(panel.regions[b], wanted[a]) for a, b in zip(t, i, strict=True)])
    size = f"{n.min()} to {n.max()}" if n.min() < n.max() else str(n.max())
    of = f"n = {size} of {panel.n_regions:,}"
    return f"figures of a period are of the regions that are there, {of}{more}; absent: {cells}"


def who_is_there(panel: Panel, variables: Iterable[str], periods: Any) -> npt.NDArray[np.bool_]:
    """Return whether each region has a value of all the variables, shape (periods, regions)."""
    values = [panel.values(name, periods=periods, missing="keep") for name in variables]
    return np.asarray(np.logical_and.reduce([~np.isnan(v) for v in values]))
