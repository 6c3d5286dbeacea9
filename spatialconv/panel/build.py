"""A panel made of arrays, for results that hand their sample on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from spatialconv.panel.panel import FloatArray, Panel


def panel_of(
    columns: Mapping[str, FloatArray],
    regions: pd.Index,
    periods: pd.Index,
    *,
    notes: tuple[str, ...] = (),
    others: Mapping[str, Any] | None = None,
) -> Panel:
    """Return arrays of shape (T, N) as a panel with a row a region and period.

    Parameters
    ----------
    columns : mapping of names to arrays of shape (T, N)
    regions, periods : Index
        Labels of columns and rows; their names become those of the panel's columns, "region" and "period" where they
        have none, or one that is taken.
    notes : tuple of str
        What the panel has to say of how it came about.
    others : mapping of names to arrays of shape (T, N), optional
        Further columns of any type.
    """
    every = {**columns, **(others or {})}
    region, period = (
        str(index.name) if index.name is not None and str(index.name) not in every else word
        for index, word in ((regions, "region"), (periods, "period"))
    )
    frame = pd.DataFrame({name: np.asarray(values).ravel() for name, values in every.items()})
    # Labels keep their type: a Timestamp or Period stays one.
    frame[region] = list(regions) * len(periods)
    frame[period] = periods.repeat(len(regions))
    made = Panel(frame[[region, period, *every]], region=region, period=period)
    made._notes = tuple(notes)
    return made
