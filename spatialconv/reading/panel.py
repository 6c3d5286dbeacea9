"""A panel from a file or a frame: dialect, wide or long, range of periods, groups, labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd

from spatialconv._files.table import Dialect, as_text, read_table, refuse_dialect
from spatialconv._labels.rules import rule_of
from spatialconv._options import Drop, choice, first, whole
from spatialconv.errors import DataError, OptionError, VariableError
from spatialconv.panel import FillHow, Panel, derived
from spatialconv.reading.data import LeftOut
from spatialconv.reading.relabel import relabel
from spatialconv.reading.wide import Wide, check_wide, long


@dataclass(frozen=True)
class PanelOptions:
    """What to make of a table: see `spatialconv.read`, whose keywords these are."""

    region: str
    period: str
    wide: Wide = False
    value: str = "value"
    start: Any = None
    end: Any = None
    drop: str = ""
    groups: tuple[str, ...] = ()
    relabel: str = ""
    dialect: Dialect = field(default_factory=Dialect)
    fill: str = ""
    max_gap: int = 0

    def __post_init__(self) -> None:
        choice("drop", self.drop, Drop)
        choice("fill", self.fill, ("", *get_args(FillHow)))
        if whole("max_gap", self.max_gap) and not self.fill:
            raise OptionError("max_gap is the longest gap that fill closes; say fill too.")
        check_wide(self.wide)
        if self.relabel:
            rule_of(self.relabel)


@dataclass(frozen=True, eq=False)
class PanelRead:
    """A panel and what is to be told of how it was read."""

    panel: Panel
    said: tuple[str, ...]
    notes: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    groups: Mapping[str, tuple[str, ...]]


def read_panel_file(
    source: Any,
    options: PanelOptions,
    *,
    numbers: tuple[str, ...] = (),
    labels: Mapping[str, str] | None = None,
    there: str = "Check the name and the folder.",
) -> PanelRead:
    """Return the panel in a file or a frame.

    The variables in `numbers` must hold numbers; where gaps are dropped, these are what must be complete.

    Raises
    ------
    SpatialConvError
        As `spatialconv.read`.
    """
    region, period = options.region, options.period
    of_file: dict[str, str] = {}
    said: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    if isinstance(source, pd.DataFrame):
        refuse_dialect(options.dialect, "the panel")
        named = any(name is not None for name in source.index.names)
        frame, name = source.reset_index() if named else source.copy(), "the frame"
        _refuse_absent(frame, name, region, "" if options.wide else period, () if options.wide else numbers)
        frame[region] = as_text(frame[region])
    else:
        keys = (region,) if options.wide else (region, period)
        text = (region, *options.groups)
        wanted = () if options.wide else tuple(n for n in numbers if n not in options.groups)
        name = Path(source).name if isinstance(source, (str, Path)) else "the panel"
        held = read_table(source, options.dialect, text=text, keys=keys, numbers=wanted, there=there)
        frame, said, notes, of_file = held.frame, (held.said,), held.notes, held.labels
    if options.wide:
        frame.columns = pd.Index([str(column) for column in frame.columns])
        frame, _ = long(frame, region=region, period=period, value=options.value, name=name, wide=options.wide)
        _refuse_absent(frame, name, region, period, numbers)
    absent = [column for column in options.groups if column not in frame.columns]
    if absent:
        raise VariableError(f"{name} has no column {first(absent)} for groups; it has {first(frame.columns, 8)}.")
    panel = Panel(frame.reset_index(drop=True), region=region, period=period)
    out: list[LeftOut] = []
    if options.relabel:
        panel = relabel(panel, options.relabel)
    panel = _range(panel, options, name, out)
    made: dict[str, tuple[str, ...]] = {}
    for column in options.groups:
        panel, made[column] = with_dummies(panel, column)
    counted = tuple(n for variable in numbers for n in made.get(variable, (variable,)))
    if options.fill:
        # What is filled is listed on the panel, and with it on every result.
        amounts = tuple(n for n in numbers if n not in made) or None
        panel = panel.fill(options.fill, max_gap=options.max_gap or None, variables=amounts)  # type: ignore[arg-type]
    if options.drop:
        whole = panel
        panel = panel.balance(drop=options.drop, variables=counted)  # type: ignore[arg-type]
        gone = "has gaps, and drop leaves them out"
        for what, before, after in (
            ("region", whole.regions, panel.regions),
            ("period", whole.periods, panel.periods),
        ):
            out += [LeftOut(label, name, gone, what) for label in before[~before.isin(after)]]
    described = {key: text for key, text in (of_file | dict(labels or {})).items() if key in panel.frame.columns}
    unknown = [key for key in labels or {} if key not in panel.frame.columns]
    if unknown:
        raise VariableError(f"labels name {first(unknown)}; {name} has {first(panel.frame.columns, 8)}.")
    return PanelRead(panel.labelled(described), said, notes, tuple(out), made)


def _refuse_absent(frame: pd.DataFrame, name: str, region: str, period: str, variables: tuple[str, ...]) -> None:
    for role, column in (("region", region), ("period", period)):
        if column and column not in frame.columns:
            raise VariableError(f"{name} has no column {column!r} for the {role}; it has {first(frame.columns, 8)}.")
    absent = [variable for variable in variables if variable not in frame.columns]
    if absent:
        raise VariableError(f"{name} has no column {first(absent)}; it has {first(frame.columns, 8)}.")


def _range(panel: Panel, options: PanelOptions, name: str, out: list[LeftOut]) -> Panel:
    told = {"start": options.start, "end": options.end}
    told = {key: None if label is None or label == "" else label for key, label in told.items()}
    if told["start"] is None and told["end"] is None:
        return panel
    bounds = [
        panel.periods.get_loc(panel.period_of(label)) if label is not None else other
        for label, other in ((told["start"], 0), (told["end"], len(panel.periods) - 1))
    ]
    if bounds[0] > bounds[1]:
        raise OptionError(f"start {told['start']!r} is after end {told['end']!r}.")
    kept = panel.periods[bounds[0] : bounds[1] + 1]
    gone = panel.periods[~panel.periods.isin(kept)]
    out += [LeftOut(label, name, "outside of start and end", "period") for label in gone]
    before = panel.regions
    found = panel.subset(periods=kept) if len(gone) else panel
    out += [LeftOut(label, name, "has no row between start and end") for label in before[~before.isin(found.regions)]]
    return found


def with_dummies(panel: Panel, column: str) -> tuple[Panel, tuple[str, ...]]:
    """Return the panel with a dummy for every group but the first (sorted by name) that a text column names.

    Raises
    ------
    DataError
        If a region has no group in some period, or there is only one group.
    """
    frame = panel.frame
    groups = as_text(frame[column])
    lost = groups.isna().to_numpy()
    if lost.any():
        regions = frame[panel.region][lost].unique()
        raise DataError(f"groups: {column!r} is missing for {first(regions)}; every region needs a group.")
    known = sorted(groups.unique())
    if len(known) < 2:
        raise DataError(f"groups: {column!r} has one value only, {known[0]!r}; dummies need two groups or more.")
    names = tuple(f"{column}[{group}]" for group in known[1:])
    taken = [name for name in names if name in frame.columns]
    if taken:
        raise DataError(f"groups: the panel has columns {first(taken)} already; rename them.")
    values = groups.to_numpy()
    dummies = {name: np.where(values == group, 1.0, 0.0) for name, group in zip(names, known[1:], strict=True)}
    note = f"dummies of {column!r} for {len(names):,} of {len(known):,} groups; {known[0]!r} is the base"
    whole = pd.concat([frame, pd.DataFrame(dummies, index=frame.index)], axis=1)
    return derived(panel, whole, note), names
