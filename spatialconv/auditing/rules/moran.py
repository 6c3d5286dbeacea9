"""Rules on global autocorrelation: expectation, standard deviation and z of Moran's I and Geary's C."""

from __future__ import annotations

import math
from collections.abc import Iterator

from spatialconv.auditing.description.figures import Figure, Interval, exactly
from spatialconv.auditing.description.reported import Listing, Reported
from spatialconv.auditing.rules.registry import Check, agree, rule

_CLIFF = "Cliff and Ord (1981)"


def _tables(reported: Reported) -> Iterator[Listing]:
    return (table for table in reported.of(Listing) if table.kind == "autocorrelation")


@rule("expectation", "E(I) = -1 / (n - 1), E(C) = 1", source=_CLIFF)
def expectation(reported: Reported) -> Iterator[Check]:
    """Check the printed expectation against the number of regions, or against there being one."""
    for table in _tables(reported):
        for row in table.rows:
            printed = table.get(row, "expected")
            if printed is None:
                continue
            where = table.where(row, "expected")
            if "C" in table.columns:
                yield agree(where, printed.text, printed.range, exactly(1.0), f"E(C) is 1; printed is {printed.text}")
            elif table.n is not None:
                value = -1 / (table.n - 1)
                message = f"with {table.n} regions E(I) = {value:.6g}; printed is {printed.text}"
                yield agree(where, f"{printed.text}, n {table.n}", printed.range, exactly(value), message)
            else:
                yield _some_n(where, printed)


def _some_n(where: str, printed: Figure) -> Check:
    if printed.range.low >= 0:
        message = f"E(I) = {printed.text} is not negative, as it is of data; of residuals it may be"
        return Check(where, False, printed.text, printed.text, "negative", message, severity="warning")
    low = 1 - 1 / printed.range.low
    high = math.inf if printed.range.high >= 0 else 1 - 1 / printed.range.high
    sound = math.isinf(high) or math.floor(high) >= max(2, math.ceil(low - 1e-9))
    return Check(where, sound, printed.text, printed.text, "-1/(n - 1)", f"no n has E(I) = {printed.text}")


@rule("z of autocorrelation", "z = (I - E(I)) / sd(I), and has the sign of I - E(I)", source=_CLIFF)
def standardised(reported: Reported) -> Iterator[Check]:
    """Check z against the statistic, its expectation and its standard deviation."""
    for table in _tables(reported):
        name = "C" if "C" in table.columns else "I"
        for row in table.rows:
            value, z = table.get(row, name), table.get(row, "z")
            mean = _mean(table, row)
            if value is None or z is None or mean is None:
                continue
            distance = value.range - mean
            text = f"{name} {value.text}, E {mean}, z {z.text}"
            sd = _sd(table, row)
            if sd is None:
                # Geary's z is printed with either sign: some programs turn it so that it reads as Moran's does.
                if name == "I":
                    opposed = (distance.low > 0 and z.range.high < 0) or (distance.high < 0 and z.range.low > 0)
                    message = f"I - E(I) is {distance} and z is {z.text}: opposite signs"
                    yield Check(table.where(row, "z"), not opposed, text, z.text, "the sign of I - E(I)", message)
                continue
            found = distance / sd
            fits = z.range.meets(found) or (name == "C" and z.range.meets(-found))
            message = f"({name} - E) / sd lies in {found}; printed is z {z.text}"
            yield Check(table.where(row, "z"), fits, text, z.text, str(found), message)


def _mean(table: Listing, row: str) -> Interval | None:
    if "C" in table.columns:
        return exactly(1.0)
    if table.n is not None:
        return exactly(-1 / (table.n - 1))
    printed = table.get(row, "expected")
    return printed.range if printed else None


def _sd(table: Listing, row: str) -> Interval | None:
    sd, variance = table.get(row, "sd"), table.get(row, "variance")
    positive = Interval(0.0, math.inf)
    if sd is not None:
        return sd.range.common(positive)
    held = variance.range.common(positive) if variance else None
    return held.map(math.sqrt) if held else None


@rule("spread of autocorrelation", "variances are positive, and sd is the root of the variance", source="algebra")
def spread(reported: Reported) -> Iterator[Check]:
    """Check the printed standard deviation and variance."""
    for table in _tables(reported):
        for row in table.rows:
            sd, variance = table.get(row, "sd"), table.get(row, "variance")
            for figure in (sd, variance):
                if figure is not None:
                    message = f"a spread is positive; printed is {figure.text}"
                    yield Check(table.where(row, "sd"), figure.range.high > 0, figure.text, figure.text, "> 0", message)
            if sd is not None and variance is not None:
                yield agree(
                    table.where(row, "sd"), f"sd {sd.text}, variance {variance.text}", variance.range,
                    sd.range.square(), f"the square of sd {sd.text} is not the variance {variance.text}",
                )  # fmt: skip
