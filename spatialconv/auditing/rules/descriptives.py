"""Rules on descriptive statistics: what minimum, maximum, mean, median and spread of n values can be together."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from spatialconv.auditing.description.figures import INFINITY, Figure, Interval, exactly
from spatialconv.auditing.description.reported import Listing, Reported
from spatialconv.auditing.rules.grids import grid_values
from spatialconv.auditing.rules.registry import Check, agree, rule

_ORDER = "the order of numbers"
_BHATIA = "Bhatia and Davis (2000): variance <= (max - mean)(mean - min)"


_ASCENDING = (
    ("min", "mean"), ("mean", "max"), ("min", "median"), ("median", "max"), ("min", "max"), ("min", "p25"),
    ("p25", "median"), ("median", "p75"), ("p25", "p75"), ("p75", "max"),
)  # fmt: skip


def _tables(reported: Reported) -> Iterator[Listing]:
    return (table for table in reported.of(Listing) if table.kind == "descriptives")


@rule("order", "minimum <= mean, quartiles <= maximum, and quartiles ascend", source=_ORDER)
def order(reported: Reported) -> Iterator[Check]:
    """Check that mean and median lie between the extremes."""
    for table in _tables(reported):
        for row in table.rows:
            get = {name: table.get(row, name) for name in ("min", "p25", "mean", "median", "p75", "max")}
            for low, high in _ASCENDING:
                a, b = get[low], get[high]
                if a is not None and b is not None:
                    message = f"{low} {a.text} exceeds {high} {b.text}"
                    text = f"{low} {a.text}, {high} {b.text}"
                    yield Check(
                        table.where(row, high), not a.range.above(b.range), text, b.text, f"{a.text} or more", message
                    )
            yield from _mean_of_n(table, row)


def _mean_of_n(table: Listing, row: str) -> Iterator[Check]:
    low, mean, high, n = (table.get(row, name) for name in ("min", "mean", "max", "n"))
    if low is None or mean is None or high is None or n is None or n.value < 2:
        return
    # At least one value is the minimum and one the maximum.
    share = (high.range - low.range).scaled(1 / n.value)
    least, most = low.range + share, high.range - share
    fits = mean.range.high >= least.low and mean.range.low <= most.high
    text = f"min {low.text}, mean {mean.text}, max {high.text}, n {n.text}"
    message = f"{n.text} values with these extremes have a mean of {least.low:.6g} to {most.high:.6g}"
    yield Check(table.where(row, "mean"), fits, text, mean.text, f"{least.low:.6g} to {most.high:.6g}", message)


@rule(
    "largest spread", "sd^2 <= n/(n - 1) (max - mean)(mean - min), and not below what the extremes make", source=_BHATIA
)
def largest_spread(reported: Reported) -> Iterator[Check]:
    """Check standard deviations and variances against the range of the data."""
    for table in _tables(reported):
        for column in ("std", "variance"):
            checks = [c for row in table.rows for c in _spread(table, row, column)]
            taken = [c for c in checks if c.remark]
            if column == "variance" and len(taken) > 1 and taken == [c for c in checks if not c.passed]:
                # One word in the heading, not a breach in every row.
                yield Check(
                    f"{table.name}, {column}", False, "; ".join(c.where.split(", ")[1] for c in taken), column, "std",
                    f"{len(taken):,} of {len(checks):,} rows are impossible as variances, possible as standard "
                    f"deviations; the column is headed {column!r}. For one, {taken[0].message}",
                )  # fmt: skip
                checks = [c for c in checks if c.passed]
            yield from (replace(c, remark="") for c in checks)


def _spread(table: Listing, row: str, column: str) -> Iterator[Check]:
    printed = table.get(row, column)
    if printed is None:
        return
    where = table.where(row, column)
    if printed.range.high < 0:
        yield Check(where, False, printed.text, printed.text, "0 or more", f"{column} is negative")
        return
    found = _variance_range(table, row)
    if found is None:
        return
    own = printed.range.common(Interval(0.0, INFINITY)) or printed.range
    own = own.square() if column == "std" else own
    text = ", ".join(f"{c} {f.text}" for c in table.columns if (f := table.get(row, c)) is not None)
    shown = found.map(math.sqrt) if column == "std" else found
    message = f"{column} of {row} can be {shown}, given range and mean; printed is {printed.text}"
    root = column == "variance" and found.high < own.low and printed.range.square().meets(found)
    yield Check(where, own.meets(found), text, printed.text, str(shown), message, remark="sd" if root else "")


def _variance_range(table: Listing, row: str) -> Interval | None:
    low, mean, high = (table.get(row, name) for name in ("min", "mean", "max"))
    if low is None or mean is None or high is None:
        return None
    n = table.get(row, "n")
    size = int(n.value) if n is not None and n.value == int(n.value) else table.n
    # Without a number of observations either divisor may have been used, and n may be as small as two.
    factor = _divisor(size, table.ddof)
    above = max(0.0, high.range.high - mean.range.low) if high.range.high >= mean.range.low else 0.0
    below = max(0.0, mean.range.high - low.range.low)
    # (max - m)(m - min) over the box: the mean enters both factors, so its best place is sought, not both ends.
    best = _best_product(low.range, mean.range, high.range) if above and below else 0.0
    least = 0.0
    if size is not None and size >= 2:
        least = _least_square(low.range, mean.range, high.range, size) / (size if table.ddof == 0 else size - 1)
        least = least * (size - 1) / size if table.ddof is None else least
    return Interval(least * (1 - 1e-9), best * factor * (1 + 1e-9) + 1e-300)


def _divisor(n: int | None, ddof: int | None) -> float:
    if ddof == 0:
        return 1.0
    return n / (n - 1) if n is not None and n > 1 else 2.0


def _best_product(low: Interval, mean: Interval, high: Interval) -> float:
    best = min(max((high.high + low.low) / 2, mean.low), mean.high)
    return max(0.0, (high.high - best) * (best - low.low))


def _least_square(low: Interval, mean: Interval, high: Interval, n: int) -> float:
    """Return a lower bound of the sum of squares about the mean of n values that have these extremes.

    One value at each end and the rest alike: g^2/2 + 2 d^2 + 4 d^2 / (n - 2), g being the range and d the distance
    of the mean from its middle, each taken at its least.
    """
    gap = max(0.0, high.low - low.high)
    centre = (low + high).scaled(0.5)
    off = max(0.0, mean.low - centre.high, centre.low - mean.high)
    return gap**2 / 2 + 2 * off**2 + (4 * off**2 / (n - 2) if n > 2 else 0.0)


@rule("median", "|mean - median| <= standard deviation", source="Hotelling and Solomons (1932)")
def median(reported: Reported) -> Iterator[Check]:
    """Check that mean and median are within a standard deviation of one another."""
    for table in _tables(reported):
        for row in table.rows:
            mean, middle, sd = (table.get(row, name) for name in ("mean", "median", "std"))
            if mean is not None and middle is not None and sd is not None:
                gap = abs(mean.range - middle.range)
                message = f"mean {mean.text} and median {middle.text} lie further apart than the sd {sd.text}"
                text = f"mean {mean.text}, median {middle.text}, std {sd.text}"
                where = table.where(row, "median")
                yield Check(where, gap.low <= sd.range.high, text, middle.text, f"mean +- {sd.text}", message)


@rule("coefficient of variation", "CV = standard deviation / mean", source="definition")
def variation(reported: Reported) -> Iterator[Check]:
    """Check a coefficient of variation, and a variance that stands beside its root."""
    for table in _tables(reported):
        for row in table.rows:
            mean, sd, cv, variance = (table.get(row, name) for name in ("mean", "std", "cv", "variance"))
            if cv is not None and mean is not None and sd is not None:
                found = sd.range / mean.range
                held = [cv.share(), *([] if cv.percent else [cv.range.scaled(0.01)])]
                fits = any(h.meets(found) or h.meets(abs(found)) for h in held)
                text = f"std {sd.text}, mean {mean.text}, cv {cv.text}"
                message = f"sd / mean lies in {found}; printed is {cv.text}"
                yield Check(table.where(row, "cv"), fits, text, cv.text, str(found), message)
            if sd is not None and variance is not None:
                yield agree(
                    table.where(row, "variance"), f"std {sd.text}, variance {variance.text}", variance.range,
                    sd.range.square(), f"the square of std {sd.text} is not the variance {variance.text}",
                )  # fmt: skip


@rule(
    "sum of values",
    "sum = n x mean; a mean of n whole numbers is a whole number over n",
    source="Brown and Heathers (2017)",
)
def sums(reported: Reported) -> Iterator[Check]:
    """Check sums, and means of what is counted."""
    for table in _tables(reported):
        for row in table.rows:
            n, mean, whole = (table.get(row, name) for name in ("n", "mean", "sum"))
            if n is None or mean is None:
                continue
            found = mean.range * exactly(n.value)
            if whole is not None:
                message = f"n x mean lies in {found}; the sum printed is {whole.text}"
                yield agree(table.where(row, "sum"), f"n {n.text}, mean {mean.text}", whole.range, found, message)
            if row in table.integers:
                some = math.floor(found.high) >= math.ceil(found.low)
                message = f"no sum of {n.text} whole numbers has the mean {mean.text}: n x mean lies in {found}"
                text = f"n {n.text}, mean {mean.text}"
                yield Check(table.where(row, "mean"), some, text, mean.text, "a whole number over n", message)


@rule("one n", "the variables of one sample have one number of observations", source="counting", severity="warning")
def one_n(reported: Reported) -> Iterator[Check]:
    """Check that a table that says it is complete has the same n in every row."""
    for table in _tables(reported):
        held = {row: n for row in table.rows if (n := table.get(row, "n")) is not None}
        values = [n.value for n in held.values()]
        if not table.complete or len(values) < 3:
            continue
        usual = max(set(values), key=values.count)
        expected = table.n if table.n is not None else usual
        for row, n in held.items():
            message = f"{row} has n {n.text}; the sample has {expected:g}"
            yield Check(table.where(row, "n"), n.value == expected, n.text, n.text, f"{expected:g}", message)


@rule("described data", "descriptives are those of the data printed elsewhere", source="recomputation")
def described(reported: Reported) -> Iterator[Check]:
    """Check mean, sd, extremes and n against the table that prints the data, as they are or as log growth."""
    for table in _tables(reported):
        for row, where_from in table.origin.items():
            values = grid_values(reported, where_from)
            yield from _described(table, row, values, str(where_from["table"]))


def _described(table: Listing, row: str, values: list[Interval], origin: str) -> Iterator[Check]:
    low, high = np.array([v.low for v in values]), np.array([v.high for v in values])
    middle, n = (low + high) / 2, len(values)
    found: dict[str, Interval] = {
        "n": exactly(n),
        "mean": Interval(float(low.mean()), float(high.mean())),
        "min": Interval(float(low.min()), float(high.min())),
        "max": Interval(float(low.max()), float(high.max())),
        "median": Interval(float(np.median(low)), float(np.median(high))),
    }
    # The standard deviation moves by no more than the length of the rounding errors over root n - 1.
    slack = float(np.linalg.norm((high - low) / 2))
    for ddof in (1, 0) if table.ddof is None else (table.ddof,):
        if n > ddof:
            sd, off = float(middle.std(ddof=ddof)), slack / math.sqrt(n - ddof)
            wide = Interval(max(0.0, sd - off), sd + off)
            found["std"] = found["std"].hull(wide) if "std" in found else wide
    for column, interval in found.items():
        printed: Figure | None = table.get(row, column)
        if printed is not None:
            message = f"{column} of the {n:,} values of {origin} lies in {interval}; printed is {printed.text}"
            widened = Interval(*(v + s * 1e-12 * max(1.0, abs(v)) for v, s in ((interval.low, -1), (interval.high, 1))))
            yield agree(table.where(row, column), f"{n:,} values of {origin}", printed.range, widened, message)
