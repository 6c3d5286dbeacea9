"""Gaps of a panel: what stands in them where they are filled, and the record of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv._options import first

FillHow = Literal["linear", "geometric", "previous", "next"]

FloatArray = npt.NDArray[np.float64]


class Filled(NamedTuple):
    """One cell that was filled."""

    variable: str
    region: Any
    period: Any
    value: float
    how: FillHow


def fill_array(values: FloatArray, time: FloatArray, how: FillHow, max_gap: int | None) -> FloatArray:
    """Return values of shape (T, N) with the gaps of each column filled over time, as far as `how` reaches.

    "linear" and "geometric" lie on the straight line, in levels or in logarithms, between the values before and after
    and leave the ends alone; "previous" and "next" repeat. A run of missing periods longer than `max_gap` stays.
    """
    out = values.copy()
    known = np.isfinite(values)
    for i in np.flatnonzero(known.any(axis=0) & ~known.all(axis=0)):
        for start, stop in _runs(~known[:, i]):
            if max_gap is not None and stop - start > max_gap:
                continue
            before, after = start - 1, stop
            if how == "previous" and before >= 0:
                out[start:stop, i] = values[before, i]
            elif how == "next" and after < len(values):
                out[start:stop, i] = values[after, i]
            elif how in ("linear", "geometric") and before >= 0 and after < len(values):
                share = (time[start:stop] - time[before]) / (time[after] - time[before])
                low, high = values[before, i], values[after, i]
                if how == "linear":
                    out[start:stop, i] = low + share * (high - low)
                else:
                    out[start:stop, i] = low * (high / low) ** share
    return out


def beside_gaps(values: FloatArray, filled: FloatArray) -> npt.NDArray[np.bool_]:
    """Return which known cells stand before or after a gap that is filled: those whose logarithms are needed."""
    gap = np.isnan(values) & np.isfinite(filled)
    near = np.zeros_like(gap)
    near[1:] |= gap[:-1]
    near[:-1] |= gap[1:]
    return near & np.isfinite(values)


def completed(
    frame: pd.DataFrame,
    places: npt.NDArray[np.intp],
    regions: pd.Index,
    periods: pd.Index,
    new: Mapping[str, FloatArray],
) -> pd.DataFrame:
    """Return a long frame with arrays of shape (T, N) in place of columns, and a row for every cell that had none.

    `places` has the row of each cell, -1 where there is none. In new rows columns that never change within the region
    are carried on, others are missing.
    """
    region, period = str(regions.name), str(periods.name)
    flat = frame.reset_index() if {region, period} & set(frame.index.names) else frame.copy()
    for name, values in new.items():
        column = flat[name].to_numpy(dtype=float, na_value=np.nan).copy()
        column[places[places >= 0]] = values[places >= 0]
        flat[name] = column
    needed = (places < 0) & np.logical_or.reduce([np.isfinite(v) for v in new.values()] or [np.zeros(places.shape)])
    if not needed.any():
        return flat
    t, i = np.nonzero(needed)
    rows = pd.DataFrame({region: regions[i], period: periods[t]})
    # An ordered categorical keeps its order only among its own kind.
    rows = rows.astype({name: flat[name].dtype for name in (region, period)})
    rows = rows.assign(**{name: values[t, i] for name, values in new.items()})
    for name in flat.columns.difference(rows.columns, sort=False):
        groups = flat.groupby(region, sort=False, observed=True)[name]
        steady = groups.first()[groups.nunique(dropna=False) == 1]
        rows[name] = steady.reindex(regions[i]).to_numpy()
    return pd.concat([flat, rows], ignore_index=True)


def _runs(missing: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield where runs of missing cells start, and where the next known one stands."""
    steps = np.diff(np.concatenate([[0], missing.astype(np.int8), [0]]))
    yield from zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True)


def fill_notes(record: Sequence[Filled]) -> tuple[str, ...]:
    """Say what was filled and how, a note a variable and way."""
    found: dict[tuple[str, str], list[tuple[Any, Any]]] = {}
    for cell in record:
        found.setdefault((cell.variable, cell.how), []).append((cell.region, cell.period))
    return tuple(
        f"{variable!r} is filled, not observed ({how}), in {first(cells)}" for (variable, how), cells in found.items()
    )
