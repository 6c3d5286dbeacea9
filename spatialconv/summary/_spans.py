"""Spans of time: which periods pair with which under a horizon, and growth over them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv._options import ControlsAt, choice, first, whole
from spatialconv.errors import DataError, OptionError
from spatialconv.panel import FloatArray, Panel, as_panel
from spatialconv.panel.calendar import place_of
from spatialconv.panel.calendar import time_axis as calendar_of
from spatialconv.results import Record


@dataclass(frozen=True, eq=False, repr=False)
class Spans(Record):
    """Which periods pair with which, so that growth is measured over equal stretches of time.

    Attributes
    ----------
    start, end : integer arrays of shape (T',)
        Positions of the first and the last period of each span among the panel's periods.
    labels : Index of length T'
        Labels of the end periods.
    names : Index of length T'
        The spans in words: "2016-17".
    length : float array of shape (T',)
        Elapsed time of each span, in the unit of the labels (years), or in positions.
    horizon : int
        The horizon that was asked for.
    by_position : bool
        Whether time was counted by position because the labels are no whole numbers.
    notes : tuple of str
        Periods that no span covers, gaps, and counting by position.
    """

    start: npt.NDArray[np.intp]
    end: npt.NDArray[np.intp]
    labels: pd.Index
    names: pd.Index
    length: FloatArray
    horizon: int
    by_position: bool
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.start)


def spans(panel: Panel, horizon: int = 1, *, overlapping: bool = False) -> Spans:
    """Pair the periods of a panel that lie a horizon apart.

    Years, quarters, months and dates are measured by the panel's calendar, so that a period that is absent is seen: no
    span is made across it that would pass for a shorter one. Words are counted by position, which a note says.

    Parameters
    ----------
    panel : Panel
    horizon : int
        Length of a span in the unit of the labels, or in positions.
    overlapping : bool
        False: spans follow one another from the first period on and share at most their ends; periods
        left at the end are not used and noted. True: every pair that lies a horizon apart, whose errors
        are then serially correlated by construction.

    Returns
    -------
    Spans

    Raises
    ------
    OptionError
        If no two periods lie a horizon apart; the message names the horizons that would do.
    DataError
        If the panel has one period.

    Examples
    --------
    >>> import pandas as pd, spatialconv as sc
    >>> frame = pd.DataFrame({"city": "a", "year": [2000, 2001, 2002, 2003, 2004], "y": [1.0, 2, 3, 4, 5]})
    >>> list(spans(sc.Panel(frame, region="city", period="year"), 2).names)
    ['2000-02', '2002-04']
    """
    as_panel(panel)
    horizon = whole("horizon", horizon, least=1)
    if panel.n_periods < 2:
        raise DataError(f"growth needs two periods or more; the panel has one, {first(list(panel.periods))}.")
    time, by_position = time_axis(panel.periods)
    place = {float(t): k for k, t in enumerate(time)}
    pairs = [(k, place[t + horizon]) for k, t in enumerate(time.tolist()) if t + horizon in place]
    if not pairs:
        raise OptionError(_no_span(time, horizon, by_position))
    if not overlapping:
        pairs = _consecutive(pairs)
    start, end = (np.array(side, dtype=np.intp) for side in zip(*pairs, strict=True))
    return Spans(
        start=start,
        end=end,
        labels=panel.periods[end],
        names=_names(panel.periods, pairs),
        length=time[end] - time[start],
        horizon=horizon,
        by_position=by_position,
        notes=_span_notes(panel.periods, time, pairs, by_position),
    )


def spans_between(panel: Panel, breaks: Iterable[Hashable] | None = None) -> Spans:
    """Pair each of the breaks with the next one: spans of whatever length, by default one over the whole panel.

    Parameters
    ----------
    panel : Panel
    breaks : periods, optional
        Two periods of the panel or more; put in order. The first and the last period by default.

    Returns
    -------
    Spans
        Its `horizon` is the length of the longest span.

    Raises
    ------
    OptionError
        If fewer than two periods are named, or one is not in the panel.
    DataError
        If the panel has one period.
    """
    as_panel(panel)
    if panel.n_periods < 2:
        raise DataError(f"growth needs two periods or more; the panel has one, {first(list(panel.periods))}.")
    if isinstance(breaks, (str, bytes)):
        raise OptionError(f"breaks takes a list of periods; got the text {breaks!r}.")
    if breaks is not None and not isinstance(breaks, Iterable):
        raise OptionError(f"breaks takes a list of periods; got {breaks!r} alone.")
    named = [panel.periods[0], panel.periods[-1]] if breaks is None else list(dict.fromkeys(breaks))
    places = np.unique([place_of(panel.periods, b) for b in named])
    if len(places) < 2 or places[0] < 0:
        unknown = [b for b in named if place_of(panel.periods, b) < 0]
        why = f"unknown {first(unknown)}" if unknown else f"got {first(named) if named else 'none'}"
        raise OptionError(f"breaks names two periods of the panel or more ({first(list(panel.periods))}); {why}.")
    time, by_position = time_axis(panel.periods)
    start, end = places[:-1], places[1:]
    counted = [note for note in _span_notes(panel.periods, time, [], by_position) if "horizon counts" in note]
    return Spans(
        start=start,
        end=end,
        labels=panel.periods[end],
        names=pd.Index(
            [_name(panel.periods[s], panel.periods[e]) for s, e in zip(start, end, strict=True)], name="span"
        ),
        length=time[end] - time[start],
        horizon=int((time[end] - time[start]).max()),
        by_position=by_position,
        notes=tuple(note.replace("the horizon counts", "lengths of spans count") for note in counted),
    )


def growth_arrays(
    panel: Panel, variable: str, over: Spans, missing: Literal["raise", "keep"] = "raise"
) -> tuple[FloatArray, FloatArray]:
    """Return annualised log growth and the log of the initial level, both of shape (T', N).

    y = (ln v[t] - ln v[t-h]) / h and x = ln v[t-h], with h in the unit of the period labels. Only the
    periods that a span uses must be complete and positive; with `missing="keep"` gaps stay gaps (NaN).

    Raises
    ------
    MissingDataError, UnbalancedPanelError, NotPositiveError
        If a value that a span uses is missing, or is zero or negative.
    """
    levels = panel.values(variable, missing="keep")
    used = levels[np.union1d(over.start, over.end)]
    if missing == "raise" and np.isnan(used).any():
        panel.values(variable)
    if (used <= 0).any():
        panel.values(variable, log=True, missing="keep")
    initial = np.log(levels[over.start])
    return (np.log(levels[over.end]) - initial) / over.length[:, None], initial


# How a result says when the controls of a growth regression are taken.
CONTROLS_AT: dict[str, str] = {
    "start": "at the start of each span",
    "end": "at the end of each span",
    "mean": "as the mean over each span, its first and last period included",
}


def control_arrays(
    panel: Panel,
    names: Iterable[str],
    over: Spans,
    at: ControlsAt,
    missing: Literal["raise", "keep"] = "raise",
) -> list[FloatArray]:
    """Return the controls of growth over spans, each of shape (T', N), and no other period than asked for is read.

    Parameters
    ----------
    panel : Panel
    names : names
    over : Spans
    at : {"start", "end", "mean"}
        The period in which a span starts, that in which it ends, or the mean over all periods of the panel from the
        one to the other.
    missing : {"raise", "keep"}
        What to do about missing cells, as in `Panel.values`; a mean over a gap is missing too.

    Raises
    ------
    VariableError, MissingDataError, UnbalancedPanelError
        If a control is absent, holds text, or is missing in a period that is used.
    """
    choice("controls_at", at, ControlsAt)
    if at != "mean":
        used = panel.periods[over.start if at == "start" else over.end]
        return [panel.values(name, periods=used, missing=missing) for name in names]
    inside = [panel.periods[a : b + 1] for a, b in zip(over.start, over.end, strict=True)]
    return [
        np.stack([panel.values(name, periods=span, missing=missing).mean(axis=0) for span in inside]) for name in names
    ]


def controls_note(names: Iterable[str], at: ControlsAt) -> tuple[str, ...]:
    """Say when controls are taken; nothing where there are none."""
    listed = list(names)
    return (f"controls are taken {CONTROLS_AT[at]}: {', '.join(listed)}",) if listed else ()


def time_axis(periods: pd.Index) -> tuple[FloatArray, bool]:
    """Return periods as numbers, and whether these are positions because the labels do not tell the time."""
    found = calendar_of(periods)
    return found.values, found.by_position


def _consecutive(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    # Pairs come sorted by start and all have one length: the first that fits is never worse than a later one.
    kept = pairs[:1]
    for pair in pairs[1:]:
        if pair[0] >= kept[-1][1]:
            kept.append(pair)
    return kept


def _no_span(time: FloatArray, horizon: int, by_position: bool) -> str:
    # "A horizon of", and not the name of an argument: beta_spacing and multiverse call theirs horizons.
    unit = "positions" if by_position else "the unit of the labels"
    steps = np.unique(np.diff(time)).astype(int).tolist()
    if len(steps) == 1 and horizon % steps[0]:
        return f"no period lies {horizon} before another; periods are {steps[0]} apart: use a horizon of {steps[0]}."
    most = int(time[-1] - time[0])
    apart = sorted({int(b - a) for k, a in enumerate(time) for b in time[k + 1 :]})
    return (
        f"no period lies {horizon} before another; the panel spans {most} (in {unit}) and its periods are "
        f"{', '.join(str(a) for a in apart[:5])}{', …' if len(apart) > 5 else ''} apart: use one of these as horizon."
    )


def _names(periods: pd.Index, pairs: Iterable[tuple[int, int]]) -> pd.Index:
    return pd.Index([_name(periods[s], periods[e]) for s, e in pairs], name="span")


def _name(start: Any, end: Any) -> str:
    years = [int(p) if isinstance(p, (int, float, np.number)) and float(p).is_integer() else None for p in (start, end)]
    a, b = years
    if a is None or b is None:
        return f"{start} to {end}"
    if 1000 <= a <= b <= 9999 and a // 100 == b // 100:
        return f"{a}-{b % 100:02d}"
    return f"{a}-{b}" if a >= 0 else f"{a} to {b}"


def _span_notes(
    periods: pd.Index, time: FloatArray, pairs: list[tuple[int, int]], by_position: bool
) -> tuple[str, ...]:
    notes = []
    if by_position:
        notes.append(
            f"periods are no points in time ({first(list(periods))}): the horizon counts positions, and whether "
            "periods are absent between them cannot be seen"
        )
    steps = np.diff(time)
    if np.any(steps != steps[0]):
        wide = np.flatnonzero(steps > steps.min())
        holes = [_name(periods[k], periods[k + 1]) for k in wide]
        notes.append(f"periods are not evenly spaced: wider gaps at {first(holes)}")
    covered = {k for a, b in pairs for k in range(a, b + 1)}
    idle = [k for k in range(len(periods)) if k not in covered]
    if idle:
        notes.append(f"periods that no span covers: {first(list(periods[idle]))}")
    return tuple(notes)
