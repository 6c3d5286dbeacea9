"""Rules on tables of sigma convergence: spread by year, the F of its variances, and p."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import stats

from spatialconv.auditing.description.figures import Figure, Interval
from spatialconv.auditing.description.reported import Listing, Reported
from spatialconv.auditing.rules.registry import Check, agree, rule

_SPREAD = ("variance", "std", "cv")
_LEAST_ROWS = 4
# Degrees of freedom, above and below alike, of n regions less one.
_DEGREES = np.arange(3.0, 400.0)
_SLACK = 1e-9
FloatArray = np.ndarray[Any, Any]


@rule("F of spreads", "F is the ratio of two variances: to the first year, or to the year before", source="Carree and "
      "Klomp (1997)")  # fmt: skip
def f_of_spreads(reported: Reported) -> Iterator[Check]:
    """Check F against the spread that is printed beside it, where one way to form it explains most years."""
    for table in reported.of(Listing):
        if table.kind != "dispersion" or "F" not in table.columns:
            continue
        for column in _SPREAD:
            if column in table.columns:
                yield from _ratios(table, column)
                break


def _ratios(table: Listing, column: str) -> Iterator[Check]:
    rows = [row for row in table.rows if table.get(row, column) is not None]
    best: list[Check] = []
    for words, first, upside_down in (
        ("to the first", True, False), ("of the first to it", True, True),
        ("to the one before", False, False), ("of the one before to it", False, True),
    ):  # fmt: skip
        made = list(_of(table, column, [rows[0] if first else r for r in rows[:-1]], rows[1:], words, upside_down))
        if sum(c.passed for c in made) > sum(c.passed for c in best):
            best = made
    # F may be of something else: of other groups, or of logs beside a spread that is none of them.
    if len(best) >= _LEAST_ROWS and 4 * sum(c.passed for c in best) >= 3 * len(best):
        yield from best


def _of(
    table: Listing, column: str, bases: list[str], rows: list[str], words: str, upside_down: bool
) -> Iterator[Check]:
    for base, row in zip(bases, rows, strict=True):
        now, then, printed = table.get(row, column), table.get(base, column), table.get(row, "F")
        if now is None or then is None or printed is None:
            continue
        if now.range.low <= 0 or then.range.low <= 0:
            continue
        found = now.range / then.range if not upside_down else then.range / now.range
        found = found if column == "variance" else found.square()
        text = f"{column} {now.text}, {then.text}"
        message = f"the ratio of the variance {words} is {found}; printed is F {printed.text}"
        yield agree(table.where(row, "F"), text, printed.range, found, message)


@rule("p of F of spreads", "p is the tail of F with n - 1 and n - 1 degrees of freedom", source="Carree and Klomp "
      "(1997)")  # fmt: skip
def p_of_spreads(reported: Reported) -> Iterator[Check]:
    """Check p against F: under n - 1 degrees where n is said, else under the one number that most years agree on."""
    for table in reported.of(Listing):
        if table.kind != "dispersion" or not {"F", "p"} <= set(table.columns):
            continue
        pairs = {row: (f, p) for row in table.rows if (f := table.get(row, "F")) and (p := table.get(row, "p"))}
        for row, (f, p) in pairs.items():
            sound = f.range.high > 0 and 0 <= p.value <= 1
            yield Check(table.where(row, "p"), sound, f"F {f.text}", p.text, "0 to 1", "p is no probability, or F not "
                        "positive")  # fmt: skip
        pairs = {row: (f, p) for row, (f, p) in pairs.items() if f.range.low > 0 and 0 <= p.value <= 1}
        grid = _DEGREES if table.n is None else np.array([float(table.n - 1)])
        if table.n is None and len(pairs) < _LEAST_ROWS:
            continue
        yield from _tails(table, pairs, grid)


def _tails(table: Listing, pairs: dict[str, tuple[Figure, Figure]], grid: FloatArray) -> Iterator[Check]:
    chosen, best = ("upper", 0.0), -1
    for way in ("upper", "lower", "two"):
        counts = np.zeros(len(grid), dtype=int)
        for f, p in pairs.values():
            low, high = _tail(way, f.range, grid)
            counts += (low <= p.range.high) & (p.range.low <= high)
        k = int(np.argmax(counts))
        if counts[k] > best:
            chosen, best = (way, float(grid[k])), int(counts[k])
    # Where no one number of degrees explains most years, p is of another test.
    if 4 * best < 3 * len(pairs):
        return
    way, df = chosen
    for row, (f, p) in pairs.items():
        ends = _tail(way, f.range, np.array([df]))
        found = Interval(float(ends[0][0]), float(ends[1][0]))
        message = f"F {f.text} of {df:g} and {df:g} degrees of freedom leaves p of {found}; printed is {p.text}"
        yield agree(table.where(row, "p"), f"F {f.text}", p.range, found, message)


def _tail(way: str, f: Interval, df: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the least and the largest p that F leaves, by degrees of freedom, above and below alike."""
    ends = [stats.f.sf(x, df, df) for x in (f.high, f.low)]
    if way == "lower":
        ends = [1 - ends[1], 1 - ends[0]]
    elif way == "two":
        two = [2 * np.minimum(end, 1 - end) for end in ends]
        # The median of F with equal degrees is one: there p of two sides is largest.
        ends = [np.minimum(*two), np.ones(len(df)) if f.low <= 1 <= f.high else np.maximum(*two)]
    return ends[0] - _SLACK, ends[1] + _SLACK
