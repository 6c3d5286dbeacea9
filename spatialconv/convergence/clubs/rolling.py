"""Clubs of one stretch of time after another: since when do regions belong together?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._core.clubs import log_t as core
from spatialconv._core.clubs.hodrick_prescott import trend
from spatialconv._options import whole
from spatialconv._parallel import run
from spatialconv.convergence.clubs.data import Series
from spatialconv.convergence.clubs.options import Convention, Options
from spatialconv.convergence.clubs.search import search
from spatialconv.convergence.clubs.stability import ClubStability, IntArray, collect
from spatialconv.errors import OptionError
from spatialconv.results import Provenance


def rolling(
    data: Series,
    chosen: Options,
    convention: Convention,
    sort_share: float,
    club: pd.Series,
    *,
    window: int,
    step: int,
    expanding: bool,
    jobs: int,
    progress: bool,
) -> ClubStability:
    """Search in every window; see `ClubPartition.rolling`."""
    T, n = data.raw.shape
    whole("step", step, least=1)
    if whole("window", window, least=3) > T:
        raise OptionError(f"window must be at most the number of periods, {T}; got {window}.")
    chosen.design(window)
    ends = range(window, T + 1, step)
    spans = [(0 if expanding else end - window, end) for end in ends]
    tasks = [(_cut(data, start, end), chosen, convention, sort_share) for start, end in spans]
    found = run(_searched, tasks, jobs=jobs, what="windows", show=progress)
    frame = pd.DataFrame(
        {
            "first": [data.periods[start] for start, _ in spans],
            "last": [data.periods[end - 1] for _, end in spans],
            "t_all": [t for _, t in found],
        },
        index=pd.RangeIndex(1, len(spans) + 1, name="window"),
    )
    kind = f"of {window} periods and more, all from the first on" if expanding else f"of {window} periods"
    said = f"windows {kind}, {step} apart; trends within each window"
    given = {"window": window, "step": step, "expanding": bool(expanding)}
    return collect(data, club, frame, [labels for labels, _ in found], said, Provenance("rolling", given, n, T))


def _cut(data: Series, start: int, end: int) -> Series:
    raw = data.raw[start:end]
    values = raw if data.smooth is None else trend(raw, data.smooth)
    return replace(data, raw=raw, values=values, periods=data.periods[start:end])


def _searched(data: Series, chosen: Options, convention: Convention, sort_share: float) -> tuple[IntArray, Any]:
    t = float(core.fit_one(data.values, chosen.design(len(data.values))).t[0])
    return search(data, chosen, convention, sort_share).labels(), np.float64(t)
