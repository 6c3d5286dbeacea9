"""Classes of values, and pairs of periods, between which regions move."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv._core.dynamics import markov_chain as chain
from spatialconv._options import choice, first
from spatialconv.errors import DataError, OptionError
from spatialconv.panel import FloatArray, Panel
from spatialconv.results import number
from spatialconv.summary import time_axis

IntArray = npt.NDArray[np.intp]
ABSENT = chain.ABSENT
Breaks = Literal["pooled", "period"]


@dataclass(frozen=True, eq=False)
class Classes:
    """Codes of the classes, (T, N), with the table that says what they are."""

    codes: IntArray
    labels: pd.Index
    table: pd.DataFrame
    notes: tuple[str, ...]
    rule: Rule

    @property
    def k(self) -> int:
        """Number of classes."""
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Rule:
    """How values become classes: by the same inner breaks throughout, or by quantiles of each period."""

    inner: FloatArray | None
    asked: int

    def __call__(self, values: FloatArray) -> IntArray:
        """Return the codes of values (T, N), those of lowest values 0, of regions that are not there ABSENT."""
        if self.inner is not None:
            codes = chain.classify(values, self.inner)
        else:
            own = [chain.quantile_breaks(row[np.isfinite(row)], self.asked) if np.isfinite(row).any() else row[:0]
                   for row in values]  # fmt: skip
            codes = np.array([chain.classify(row, breaks) for row, breaks in zip(values, own, strict=True)])
        return np.where(np.isnan(values), ABSENT, codes)


def classified(values: FloatArray, classes: Any, breaks: str, *, name: str = "class") -> Classes:
    """Put values (T, N) into classes: quantiles of all periods or of each, or cut points that are given."""
    choice("breaks", breaks, Breaks)
    given = not isinstance(classes, (int, np.integer)) or isinstance(classes, bool)
    if given and breaks == "period":
        raise OptionError("breaks='period' takes a number of classes; cut points are the same in all periods.")
    inner = _cuts(classes) if given else None
    asked = len(inner) + 1 if inner is not None else int(classes)
    if not 2 <= asked <= 20:
        raise OptionError(f"classes must be a number from 2 to 20, or a list of cut points; got {classes!r}.")
    if inner is None and breaks == "pooled":
        inner = chain.quantile_breaks(values[np.isfinite(values)], asked)
    rule = Rule(inner if inner is None else _without_empty(values, inner), asked)
    codes = rule(values)
    k = int(codes.max()) + 1
    if k < 2:
        raise DataError(f"all values fall into one {name}, so that nothing moves between any; give cut points inside.")
    empty = np.flatnonzero(np.bincount(codes[codes >= 0], minlength=k) == 0) + 1
    if len(empty):
        raise OptionError(
            f"{asked} classes by period are too many for {values.shape[1]} regions and their ties: no value falls into "
            f"{first(empty.tolist())}. Take fewer classes, or breaks='pooled'."
        )
    labels = pd.Index(range(1, k + 1), name=name)
    members = [values[codes == c] for c in range(k)]
    table = pd.DataFrame(
        {"least": [m.min() for m in members], "most": [m.max() for m in members], "n": [m.size for m in members]},
        index=labels,
    )
    return Classes(np.asarray(codes, dtype=np.intp), labels, table, _notes(codes, k, asked, given), rule)


def _without_empty(values: FloatArray, inner: FloatArray) -> FloatArray:
    """Leave out breaks that part a class without members from the next: it has neither departures nor arrivals."""
    counts = np.bincount(chain.classify(values[np.isfinite(values)], inner), minlength=len(inner) + 1)
    if counts[-1] == 0:
        last = int(np.flatnonzero(counts).max())
        inner, counts = inner[:last], counts[: last + 1]
    return inner[counts[: len(inner)] > 0]


def _cuts(classes: Any) -> FloatArray:
    if isinstance(classes, (str, bool)) or not isinstance(classes, Iterable):
        raise OptionError(f"classes must be a number from 2 to 20, or a list of cut points; got {classes!r}.")
    try:
        cuts = np.asarray(list(classes), dtype=float)
    except (TypeError, ValueError):
        raise OptionError(f"cut points of classes must be numbers; got {classes!r}.") from None
    if cuts.ndim != 1 or not len(cuts) or not np.isfinite(cuts).all() or (np.diff(cuts) <= 0).any():
        raise OptionError(f"cut points of classes must be finite and rise; got {classes!r}.")
    return cuts


def _notes(codes: IntArray, k: int, asked: int, given: bool) -> tuple[str, ...]:
    if k < asked:
        return (
            f"{asked - k} of {asked} classes have no members and are left out"
            if given
            else f"ties leave {k} of {asked} classes",
        )
    sizes = np.bincount(codes[codes >= 0])
    if not given and sizes.max() > 1.5 * sizes.min() and sizes.max() - sizes.min() > len(codes):
        return (f"ties make classes of unequal size: {sizes.min()} to {sizes.max()} observations",)
    return ()


def steps(panel: Panel, step: int) -> tuple[IntArray, IntArray, tuple[str, ...]]:
    """Return positions of the periods between which regions move: all pairs `step` apart in time."""
    if panel.n_periods < 2:
        raise DataError(f"transitions need two periods or more; the panel has one, {panel.periods[0]}.")
    time, by_position = time_axis(panel.periods)
    place = {float(t): i for i, t in enumerate(time)}
    pairs = [(i, place[t + step]) for i, t in enumerate(time.tolist()) if t + step in place]
    if not pairs:
        gap = float(np.diff(time).min())
        raise OptionError(
            f"no two periods are {step} apart; those of the panel are {first(list(panel.periods))}, {gap:g} apart at "
            "least. Choose another step."
        )
    start, end = (np.array(side, dtype=np.intp) for side in zip(*pairs, strict=True))
    notes = ["periods are no whole numbers: a step is one position"] if by_position else []
    lost = set(range(panel.n_periods)) - set(start.tolist()) - set(end.tolist())
    if lost:
        unused = first([panel.periods[i] for i in sorted(lost)])
        notes.append(f"no period is {step} before or after: {unused}, not used")
    return start, end, tuple(notes)


def default_step(panel: Panel) -> int:
    """Return the shortest distance between two periods."""
    if panel.n_periods < 2:
        return 1
    time, _ = time_axis(panel.periods)
    return max(1, int(np.diff(time).min()))


def span_words(table: pd.DataFrame) -> str:
    """Return the limits of the classes in a line."""
    tops = ", ".join(number(value, 2) for value in table["most"].iloc[:-1])
    return f"{len(table)} classes, up to {tops} and above"
