"""Rules on what the text says of several figures: order, trends, growth, ratios."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from spatialconv.auditing.description.figures import Figure, Interval, exactly, figure, total
from spatialconv.auditing.description.reported import Claim, Grid, Reported
from spatialconv.auditing.rules.claims import (
    TEXT,
    claims_of,
    figure_at,
    level_of,
    lines_of,
    place_of,
    refs_of,
    rows_of,
    where_of,
)
from spatialconv.auditing.rules.registry import Check, rule
from spatialconv.errors import OptionError

# ---------------------------------------------------------------------- order


@rule("said of order", "what is called larger, at most, first or last is so", source=TEXT)
def order(reported: Reported) -> Iterator[Check]:
    """Check comparisons; of several, all must hold, or more than half where the text says "generally"."""
    for claim in claims_of(reported, "larger", "at most", "at least"):
        pairs = _pairs(reported, claim)
        against = [f"{a} against {b}" for a, b, holds in pairs if not holds]
        yield _several(claim, len(pairs), against, "comparisons")
    for claim in claims_of(reported, "first", "last"):
        yield from _ranked(reported, claim)


def _pairs(reported: Reported, claim: Claim) -> list[tuple[str, str, bool]]:
    if "than" not in claim.options and "value" not in claim.options:
        raise OptionError(f"{where_of(claim)} of kind {claim.kind!r} needs the key 'than' or 'value'.")
    found = []
    # A star in a place stands for each label of `over` in turn, on both sides.
    for label in claim.options.get("over", ("*",)):
        left = [(place_of(ref), reported.figure(ref)) for ref in _at_label(refs_of(claim), str(label))]
        right = [(place_of(ref), reported.figure(ref)) for ref in _at_label(refs_of(claim, "than"), str(label))]
        if "value" in claim.options:
            right.append(("the text", figure(str(claim.options["value"]), where_of(claim))))
        for place, a in left:
            for other, b in right:
                x, y = (a.range, b.range) if a.percent == b.percent else (a.share(), b.share())
                holds = x.low <= y.high if claim.kind == "at most" else x.high >= y.low
                found.append((f"{place} {a.text}", f"{other} {b.text}", holds))
    return found


def _at_label(refs: list[tuple[str, ...]], label: str) -> list[tuple[str, ...]]:
    return [tuple(label if part == "*" else part for part in ref) for ref in refs]


def _ranked(reported: Reported, claim: Claim) -> Iterator[Check]:
    held = _line(reported, claim.options["among"], claim)
    names = [str(n) for n in claim.options["names"]]
    unknown = [n for n in names if n not in held]
    if unknown:
        raise OptionError(f"{where_of(claim)} names {unknown[0]!r}, which is not among {', '.join(held)}.")
    sign = 1 if claim.kind == "first" else -1
    others = [n for n in held if n not in names]
    groups = {a: list(others) for a in names}
    if claim.options.get("ordered"):
        groups = {a: [*names[i + 1 :], *others] for i, a in enumerate(names)}
    for a, lesser in groups.items():
        text, own = held[a]
        ahead = [
            f"{b} ({held[b][0]})" for b in lesser
            if (own.high < held[b][1].low if sign == 1 else own.low > held[b][1].high)
        ]  # fmt: skip
        message = f"{a} ({text}) is said to come {claim.kind}; ahead of it are {', '.join(ahead[:6])}"
        shown = ", ".join(f"{n} {held[n][0]}" for n in [a, *lesser][:8])
        yield Check(f"{where_of(claim)}: {a}", not ahead, shown, f"{a} {claim.kind}", ", ".join(ahead), message)


def _line(reported: Reported, among: Mapping[str, Any], claim: Claim) -> dict[str, tuple[str, Interval]]:
    """Return the figures of one row or one column by name, or how many times the last is the first."""
    table = reported.table(str(among["table"]))
    leave = {str(n) for n in among.get("except", ())}
    if "from" in among and "to" in among:
        series = lines_of(table, {**among, "along": among.get("along", "columns")}, claim)
        return {
            name: (f"{f[0][1].text} to {f[-1][1].text}", f[-1][1].range / f[0][1].range)
            for name, f in series.items() if len(f) > 1 and name not in leave and f[0][1].range.low > 0
        }  # fmt: skip
    if "column" in among:
        found = {row: figure_at(reported, (table.name, row, str(among["column"]))) for row in rows_of(table)}
    elif "row" in among:
        edges = {table.row_mean, table.row_total} if isinstance(table, Grid) else set()
        found = {c: figure_at(reported, (table.name, str(among["row"]), c)) for c in table.columns if c not in edges}
    else:
        raise OptionError(f"{where_of(claim)}: among needs the key 'row' or 'column', or 'from' and 'to'.")
    return {name: (f.text, f.range) for name, f in found.items() if f is not None and name not in leave}


def _several(claim: Claim, count: int, against: list[str], what: str) -> Check:
    how = str(claim.options.get("how", "all"))
    fits = 2 * len(against) < count if how == "most" else not against
    shown = "; ".join(against[:4]) + ("; …" if len(against) > 4 else "")
    message = f"{len(against):,} of {count:,} {what} contradict it: {shown}"
    return Check(
        where_of(claim), fits, shown, f"{claim.kind} ({how})", f"{count - len(against)} of {count:,}", message,
        severity="warning" if how == "most" else None,
    )  # fmt: skip


# ---------------------------------------------------------------------- over time


@rule("said of trends", "what is said to rise or fall does, at every step or from end to end", source=TEXT)
def trends(reported: Reported) -> Iterator[Check]:
    """Check what the text says of the course of figures."""
    for claim in claims_of(reported, "rises", "falls"):
        steps, against = 0, []
        for name, figures in _series(reported, claim).items():
            pairs = list(pairwise(figures))
            if claim.options.get("how") == "ends":
                pairs = [(figures[0], figures[-1])]
            for (when, a), (then, b) in pairs:
                steps += 1
                holds = b.range.high > a.range.low if claim.kind == "rises" else b.range.low < a.range.high
                if not holds:
                    against.append(f"{name}: {a.text} ({when}), {b.text} ({then})")
        yield _several(claim, steps, against, "steps")


def _series(reported: Reported, claim: Claim) -> dict[str, list[tuple[str, Figure]]]:
    chosen = claim.options["series"]
    return lines_of(reported.table(str(chosen["table"])), chosen, claim)


@rule(
    "said of growth",
    "a rate of growth follows from the levels at both ends: compound, logarithmic or simple",
    source=TEXT,
)
def growth(reported: Reported) -> Iterator[Check]:
    """Check a rate of growth that the text prints against the levels."""
    for claim in claims_of(reported, "growth"):
        start, end = (level_of(reported, claim, key) for key in ("start", "end"))
        printed = figure(str(claim.options["value"]), where_of(claim))
        h = float(claim.options["periods"])
        ratio = end.range / start.range
        if ratio.low <= 0:
            raise OptionError(f"{where_of(claim)}: growth needs positive levels; got {start.text} and {end.text}.")
        logs = ratio.map(math.log) / exactly(h)
        rates = {"compound": logs.map(math.expm1), "logarithmic": logs, "simple": ratio.shifted(-1) / exactly(h)}
        yearly = _yearly(reported, claim)
        rates |= {"average of the yearly rates": yearly} if yearly else {}
        said = printed.share()
        listed = ", ".join(f"{name} {r.scaled(100)} %" for name, r in rates.items())
        message = (
            f"{start.text} to {end.text} in {h:g} periods is growth a period of {listed}; the text says {printed.text}"
        )
        fits = any(said.meets(r) for r in rates.values())
        # The average of yearly rates lies above the compound rate, by how much is not known without the levels between.
        loose = yearly is None and said.low > rates["compound"].high
        yield Check(
            where_of(claim), fits, f"{start.text}, {end.text}", printed.text, listed, message,
            severity="warning" if loose else None,
        )  # fmt: skip


def _yearly(reported: Reported, claim: Claim) -> Interval | None:
    """Return the average of the rates from one period to the next, where the levels between are printed in a grid."""
    start, end = claim.options["start"], claim.options["end"]
    if isinstance(start, str) or isinstance(end, str) or start[0] != end[0]:
        return None
    grid = reported.table(str(start[0]))
    if not isinstance(grid, Grid):
        return None
    along, line = ("columns", start[1]) if start[1] == end[1] else ("rows", start[2])
    ends = (start[2], end[2]) if along == "columns" else (start[1], end[1])
    chosen = {"along": along, "names": [line], "from": ends[0], "to": ends[1]}
    figures = [f for _, f in lines_of(grid, chosen, claim)[str(line)]]
    if len(figures) != int(claim.options["periods"]) + 1 or any(f.range.low <= 0 for f in figures):
        return None
    rates = [(b.range / a.range).shifted(-1) for a, b in pairwise(figures)]
    return total(rates) / exactly(len(rates))


@rule("said of ratios", "one figure is so many times another", source=TEXT)
def ratios(reported: Reported) -> Iterator[Check]:
    """Check a ratio of the text; "about 60 %" stands for what rounds to one significant digit."""
    for claim in claims_of(reported, "ratio"):
        printed = figure(str(claim.options["value"]), where_of(claim))
        to = reported.figure(refs_of(claim, "to")[0])
        said = printed.share()
        about = bool(claim.options.get("about"))
        if about and printed.value:
            unit = 10.0 ** math.floor(math.log10(abs(printed.value))) * (0.01 if printed.percent else 1.0)
            said = Interval(said.middle - unit / 2, said.middle + unit / 2)
        for ref in refs_of(claim):
            found = reported.figure(ref).range / to.range
            message = (
                f"{place_of(ref)} over {to.text} is {found}; the text says {'about ' if about else ''}{printed.text}"
            )
            yield Check(
                f"{where_of(claim)}: {place_of(ref)}", said.meets(found), f"{reported.figure(ref).text}, {to.text}",
                printed.text, str(found), message, severity="warning" if about else None,
            )  # fmt: skip
