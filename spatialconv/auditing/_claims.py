"""Rules on what the text says: of significance, of the same figure again, of order, of growth, of counts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from spatialconv.auditing._figures import Cell, Figure, Interval, exactly, figure, total
from spatialconv.auditing._registry import Check, rule
from spatialconv.auditing._reported import Claim, Grid, Listing, Regression, Reported, Table
from spatialconv.auditing._statistics import Evidence, every_evidence, stars_range
from spatialconv.errors import OptionError

_TEXT = "the text against the tables"
# Keys that a claim of a kind needs, and those that it may have.
CLAIMS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "significant": (("figures", "at"), ("sign",)),
    "not significant": (("figures",), ("at", "sign")),
    "equal": (("figures",), ("value",)),
    "larger": (("figures",), ("than", "value", "how", "over")),
    "at most": (("figures", "value"), ("how", "over")),
    "at least": (("figures", "value"), ("how", "over")),
    "first": (("among", "names"), ("ordered",)),
    "last": (("among", "names"), ("ordered",)),
    "rises": (("series",), ("how",)),
    "falls": (("series",), ("how",)),
    "growth": (("start", "end", "periods", "value"), ()),
    "ratio": (("figures", "to", "value"), ("about",)),
    "count": (("value",), ("table", "names")),
    "removed": (("table", "column", "above", "now"), ()),
    "contained": (("table", "within"), ()),
    "total": (("value", "parts"), ("times",)),
    "says": (("figures", "words"), ()),
}
HOW = ("all", "most", "ends")


def _where(claim: Claim) -> str:
    return f'text {claim.number}: "{claim.text}"'


def soften(reported: Reported, check: Check) -> Check:
    """Return a check whose breach is a warning if the claim it is of can be read otherwise."""
    loose = any(c.options.get("loose") and check.where.startswith(_where(c)) for c in reported.claims)
    return replace(check, severity="warning") if loose else check


def _claims(reported: Reported, *kinds: str) -> Iterator[Claim]:
    return (claim for claim in reported.claims if claim.kind in kinds)


def _refs(claim: Claim, key: str = "figures") -> list[tuple[str, ...]]:
    return [tuple(str(part) for part in ref) for ref in claim.options.get(key, ())]


def _place(ref: tuple[str, ...]) -> str:
    return ", ".join(ref)


# ---------------------------------------------------------------------- significance


@rule(
    "said of significance", "what is called significant at a level has p below it; what is not, has not", source=_TEXT
)
def significance(reported: Reported) -> Iterator[Check]:
    """Check what the text calls significant against p, the ratio and the stars beside it."""
    evidence = {e.where: e for e in every_evidence(reported)}
    for claim in _claims(reported, "significant", "not significant"):
        for ref in _refs(claim):
            reported.find(ref)
            held = evidence.get(_place(ref)) or evidence.get(_place(ref[:2]))
            p, shown, levels = _p(reported, ref, held)
            if p is None:
                raise OptionError(
                    f"{_place(ref)} prints neither z, t, standard error, p nor stars to judge {claim.kind!r} by."
                )
            yield from _sign(reported, claim, ref)
            yield _judged(claim, ref, p, shown, levels)


def _p(
    reported: Reported, ref: tuple[str, ...], held: Evidence | None
) -> tuple[Interval | None, str, Mapping[int, float]]:
    if held is not None:
        ranges = [*((held.p.range,) if held.p else ()), *(held.law.p(size) for size in held.sizes().values())]
        if ranges:
            p = ranges[0]
            for other in ranges[1:]:
                # What p and the ratio leave together; where they contradict each other, that is another rule's finding.
                p = p.common(other) or p
            return p, held.text, held.levels
        if held.stars is not None:
            return stars_range(held.stars, held.levels), held.text, held.levels
    table, found = reported.table(ref[0]), reported.figure(ref)
    if isinstance(table, Regression) and ref[1] in table.statistics:
        p = table.statistic(f"{ref[1]}_p", table.columns.index(ref[2]))
        if p is not None:
            return p.range, p.text, table.stars
        if any(f.stars for f in table.statistics[ref[1]] if f):
            return stars_range(found.stars, table.stars), found.text, table.stars
    if isinstance(table, Listing) and (p := table.get(ref[1], "p")) is not None:
        return p.range, f"p {p.text}", table.stars
    return None, "", {}


def _judged(claim: Claim, ref: tuple[str, ...], p: Interval, shown: str, levels: Mapping[int, float]) -> Check:
    customary = sorted(levels.values()) or [0.01, 0.05, 0.10]
    text = str(claim.options.get("at", f"{100 * customary[-1]:g}%"))
    level = figure(text, f"the level of {_where(claim)}").share()
    level = exactly(level.middle)
    place, printed = f"{_where(claim)}: {_place(ref)}", f"{claim.kind} at {text}"
    if claim.kind == "not significant":
        message = f"called not significant at {text}, yet p is {p} ({shown})"
        return Check(place, p.high >= level.low, shown, printed, f"p {p}", message)
    if p.low > level.high or (p.low == level.low and p.low > 0):
        message = f"called significant at {text}, yet p is {p} ({shown})"
        return Check(place, False, shown, printed, f"p {p}", message)
    tighter = [c for c in customary if c < level.low and p.high < c]
    if tighter and not any(math.isclose(c, level.low) for c in (0.001, *customary)):
        best = f"{100 * tighter[0]:g}%"
        message = f"called significant at {text}, which is no level of the table; p is {p} ({shown}), below {best}"
        return Check(place, False, shown, printed, f"p {p}", message, severity="warning")
    return Check(place, True, shown, printed, f"p {p}")


def _sign(reported: Reported, claim: Claim, ref: tuple[str, ...]) -> Iterator[Check]:
    sign = claim.options.get("sign")
    if sign is None:
        return
    found = reported.figure(ref)
    fits = found.range.high > 0 if sign == "positive" else found.range.low < 0
    message = f"called {sign}; printed is {found.text}"
    yield Check(f"{_where(claim)}: {_place(ref)}", fits, found.text, str(sign), found.text, message)


# ---------------------------------------------------------------------- the same figure, words


@rule("printed twice", "a figure that is printed twice is the same, within rounding", source=_TEXT)
def twice(reported: Reported) -> Iterator[Check]:
    """Check figures of the text against those of the tables, or of two tables."""
    for claim in _claims(reported, "equal"):
        held = [(_place(ref), reported.figure(ref)) for ref in _refs(claim)]
        if "value" in claim.options:
            held.insert(0, ("the text", figure(str(claim.options["value"]), _where(claim))))
        (first_place, first), *rest = held
        for place, other in rest:
            same = _same(first, other)
            message = f"{first_place} has {first.text}; {place} has {other.text}"
            yield Check(f"{_where(claim)}: {place}", same, other.text, first.text, other.text, message)


def _same(a: Figure, b: Figure) -> bool:
    if a.percent == b.percent:
        return a.range.meets(b.range)
    # The sign of per cent may stand in the heading of the table.
    return a.range.meets(b.range) or a.share().meets(b.share())


@rule("said of the table", "what the text says of a model is what its table says", source=_TEXT)
def words(reported: Reported) -> Iterator[Check]:
    """Check words of the text (controlled or not, which effects) against words of the table."""
    for claim in _claims(reported, "says"):
        said = str(claim.options["words"])
        for ref in _refs(claim):
            found = reported.find(ref)
            held = found if isinstance(found, str) else (found.main if isinstance(found, Cell) else found).text
            fits = held.strip().casefold() == said.strip().casefold()
            message = f"the text says {said!r}; the table says {held!r}"
            yield Check(f"{_where(claim)}: {_place(ref)}", fits, held, said, held, message)


# ---------------------------------------------------------------------- order


@rule("said of order", "what is called larger, at most, first or last is so", source=_TEXT)
def order(reported: Reported) -> Iterator[Check]:
    """Check comparisons; of several, all must hold, or more than half where the text says "generally"."""
    for claim in _claims(reported, "larger", "at most", "at least"):
        pairs = _pairs(reported, claim)
        against = [f"{a} against {b}" for a, b, holds in pairs if not holds]
        yield _several(claim, len(pairs), against, "comparisons")
    for claim in _claims(reported, "first", "last"):
        yield from _ranked(reported, claim)


def _pairs(reported: Reported, claim: Claim) -> list[tuple[str, str, bool]]:
    if "than" not in claim.options and "value" not in claim.options:
        raise OptionError(f"{_where(claim)} of kind {claim.kind!r} needs the key 'than' or 'value'.")
    found = []
    # A star in a place stands for each label of `over` in turn, on both sides.
    for label in claim.options.get("over", ("*",)):
        left = [(_place(ref), reported.figure(ref)) for ref in _at_label(_refs(claim), str(label))]
        right = [(_place(ref), reported.figure(ref)) for ref in _at_label(_refs(claim, "than"), str(label))]
        if "value" in claim.options:
            right.append(("the text", figure(str(claim.options["value"]), _where(claim))))
        for place, a in left:
            for other, b in right:
                x, y = (a.range, b.range) if a.percent == b.percent else (a.share(), b.share())
                holds = x.low <= y.high if claim.kind == "at most" else x.high >= y.low
                found.append((f"{place} {a.text}", f"{other} {b.text}", holds))
    return found


def _at_label(refs: list[tuple[str, ...]], label: str) -> list[tuple[str, ...]]:
    return [tuple(label if part == "*" else part for part in ref) for ref in refs]


def _several(claim: Claim, count: int, against: list[str], what: str) -> Check:
    how = str(claim.options.get("how", "all"))
    fits = 2 * len(against) < count if how == "most" else not against
    shown = "; ".join(against[:4]) + ("; …" if len(against) > 4 else "")
    message = f"{len(against)} of {count} {what} contradict it: {shown}"
    return Check(
        _where(claim), fits, shown, f"{claim.kind} ({how})", f"{count - len(against)} of {count}", message,
        severity="warning" if how == "most" else None,
    )  # fmt: skip


def _ranked(reported: Reported, claim: Claim) -> Iterator[Check]:
    held = _line(reported, claim.options["among"], claim)
    names = [str(n) for n in claim.options["names"]]
    unknown = [n for n in names if n not in held]
    if unknown:
        raise OptionError(f"{_where(claim)} names {unknown[0]!r}, which is not among {', '.join(held)}.")
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
        yield Check(f"{_where(claim)}: {a}", not ahead, shown, f"{a} {claim.kind}", ", ".join(ahead), message)


def _line(reported: Reported, among: Mapping[str, Any], claim: Claim) -> dict[str, tuple[str, Interval]]:
    """Return the figures of one row or one column by name, or how many times the last is the first."""
    table = reported.table(str(among["table"]))
    leave = {str(n) for n in among.get("except", ())}
    if "from" in among and "to" in among:
        series = _lines_of(table, {**among, "along": among.get("along", "columns")}, claim)
        return {
            name: (f"{f[0][1].text} to {f[-1][1].text}", f[-1][1].range / f[0][1].range)
            for name, f in series.items() if len(f) > 1 and name not in leave and f[0][1].range.low > 0
        }  # fmt: skip
    if "column" in among:
        found = {row: _at(reported, (table.name, row, str(among["column"]))) for row in _rows(table)}
    elif "row" in among:
        edges = {table.row_mean, table.row_total} if isinstance(table, Grid) else set()
        found = {c: _at(reported, (table.name, str(among["row"]), c)) for c in table.columns if c not in edges}
    else:
        raise OptionError(f"{_where(claim)}: among needs the key 'row' or 'column', or 'from' and 'to'.")
    return {name: (f.text, f.range) for name, f in found.items() if f is not None and name not in leave}


def _rows(table: Table) -> list[str]:
    if isinstance(table, Grid):
        return table.body_rows()
    return [*table.coefficients, *table.statistics] if isinstance(table, Regression) else list(table.rows)


def _at(reported: Reported, ref: tuple[str, ...]) -> Figure | None:
    try:
        return reported.figure(ref)
    except OptionError:
        return None


# ---------------------------------------------------------------------- over time


@rule("said of trends", "what is said to rise or fall does, at every step or from end to end", source=_TEXT)
def trends(reported: Reported) -> Iterator[Check]:
    """Check what the text says of the course of figures."""
    for claim in _claims(reported, "rises", "falls"):
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
    return _lines_of(reported.table(str(chosen["table"])), chosen, claim)


def _lines_of(grid: Table, chosen: Mapping[str, Any], claim: Claim) -> dict[str, list[tuple[str, Figure]]]:
    if not isinstance(grid, Grid):
        raise OptionError(f"{_where(claim)}: a series is taken from a grid; {grid.name!r} is none.")
    along = str(chosen.get("along", "columns"))
    labels = [grid.columns[k] for k in grid.body_columns()] if along == "columns" else grid.body_rows()
    lines = grid.body_rows() if along == "columns" else [grid.columns[k] for k in grid.body_columns()]
    lines = [str(n) for n in chosen.get("names", lines)]
    start, end = str(chosen.get("from", labels[0])), str(chosen.get("to", labels[-1]))
    for label in (start, end):
        if label not in labels:
            raise OptionError(
                f"{_where(claim)}: {grid.name} has no {label!r} to go from or to; it has {', '.join(labels)}."
            )
    span = labels[labels.index(start) : labels.index(end) + 1]
    found = {}
    for line in lines:
        places = [(line, x) if along == "columns" else (x, line) for x in span]
        if any(row not in grid.rows or column not in grid.columns for row, column in places):
            raise OptionError(f"{_where(claim)}: {grid.name} has no {line!r} among its {', '.join(lines)}.")
        held = [grid.rows[row][grid.columns.index(column)] for row, column in places]
        found[line] = [(x, f) for x, f in zip(span, held, strict=True) if f is not None]
    return found


@rule(
    "said of growth",
    "a rate of growth follows from the levels at both ends: compound, logarithmic or simple",
    source=_TEXT,
)
def growth(reported: Reported) -> Iterator[Check]:
    """Check a rate of growth that the text prints against the levels."""
    for claim in _claims(reported, "growth"):
        start, end = (_level(reported, claim, key) for key in ("start", "end"))
        printed = figure(str(claim.options["value"]), _where(claim))
        h = float(claim.options["periods"])
        ratio = end.range / start.range
        if ratio.low <= 0:
            raise OptionError(f"{_where(claim)}: growth needs positive levels; got {start.text} and {end.text}.")
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
            _where(claim), fits, f"{start.text}, {end.text}", printed.text, listed, message,
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
    figures = [f for _, f in _lines_of(grid, chosen, claim)[str(line)]]
    if len(figures) != int(claim.options["periods"]) + 1 or any(f.range.low <= 0 for f in figures):
        return None
    rates = [(b.range / a.range).shifted(-1) for a, b in pairwise(figures)]
    return total(rates) / exactly(len(rates))


def _level(reported: Reported, claim: Claim, key: str) -> Figure:
    held = claim.options[key]
    if isinstance(held, str):
        return figure(held, f"{key} of {_where(claim)}")
    return reported.figure(tuple(str(part) for part in held))


@rule("said of ratios", "one figure is so many times another", source=_TEXT)
def ratios(reported: Reported) -> Iterator[Check]:
    """Check a ratio of the text; "about 60 %" stands for what rounds to one significant digit."""
    for claim in _claims(reported, "ratio"):
        printed = figure(str(claim.options["value"]), _where(claim))
        to = reported.figure(_refs(claim, "to")[0])
        said = printed.share()
        about = bool(claim.options.get("about"))
        if about and printed.value:
            unit = 10.0 ** math.floor(math.log10(abs(printed.value))) * (0.01 if printed.percent else 1.0)
            said = Interval(said.middle - unit / 2, said.middle + unit / 2)
        for ref in _refs(claim):
            found = reported.figure(ref).range / to.range
            message = (
                f"{_place(ref)} over {to.text} is {found}; the text says {'about ' if about else ''}{printed.text}"
            )
            yield Check(
                f"{_where(claim)}: {_place(ref)}", said.meets(found), f"{reported.figure(ref).text}, {to.text}",
                printed.text, str(found), message, severity="warning" if about else None,
            )  # fmt: skip


# ---------------------------------------------------------------------- counts, lists, totals


@rule("said of counts", "there are as many as the text says", source=_TEXT)
def counted(reported: Reported) -> Iterator[Check]:
    """Check a number of rows or of names against what the text says."""
    for claim in _claims(reported, "count"):
        said = figure(str(claim.options["value"]), _where(claim)).value
        if "table" in claim.options:
            names = _rows(reported.table(str(claim.options["table"])))
            source = str(claim.options["table"])
        elif "names" in claim.options:
            names, source = [str(n) for n in claim.options["names"]], "the text"
        else:
            raise OptionError(f"{_where(claim)} needs the key 'table' or 'names'.")
        listed = ", ".join(names[:20])
        message = f"the text counts {said:g}; {source} has {len(names)}: {listed}"
        yield Check(_where(claim), said == len(names), listed, f"{said:g}", str(len(names)), message)


@rule("said of selection", "what is said to be removed is gone, and what is kept was there", source=_TEXT)
def selection(reported: Reported) -> Iterator[Check]:
    """Check which rows of one table stand in another."""
    for claim in _claims(reported, "removed"):
        table, now = (reported.table(str(claim.options[key])) for key in ("table", "now"))
        above = figure(str(claim.options["above"]), _where(claim))
        kept = _rows(now)
        for row in _rows(table):
            held = _at(reported, (table.name, row, str(claim.options["column"])))
            if held is None:
                continue
            gone = held.range.low > above.value
            fits = not (gone and row in kept)
            message = f"{row} has {held.text} in {table.name}, above {above.text}, and still stands in {now.name}"
            yield Check(f"{_where(claim)}: {row}", fits, f"{row} {held.text}", f"<= {above.text}", held.text, message)
    for claim in _claims(reported, "contained"):
        table, within = (reported.table(str(claim.options[key])) for key in ("table", "within"))
        for row in _rows(table):
            message = f"{row} stands in {table.name} and not in {within.name}"
            yield Check(f"{_where(claim)}: {row}", row in _rows(within), row, table.name, within.name, message)


@rule("said of totals", "a total is the sum of its parts, each times what it stands for", source=_TEXT)
def said_totals(reported: Reported) -> Iterator[Check]:
    """Check a total against the figures of its parts, as group averages times the sizes of the groups."""
    for claim in _claims(reported, "total"):
        printed, parts = _level(reported, claim, "value"), [reported.figure(ref) for ref in _refs(claim, "parts")]
        times = [float(t) for t in claim.options.get("times", [1] * len(parts))]
        if len(times) != len(parts):
            raise OptionError(f"{_where(claim)}: {len(parts)} parts and {len(times)} numbers in times.")
        found = total([p.range.scaled(t) for p, t in zip(parts, times, strict=True)])
        listed = " + ".join(f"{t:g} x {p.text}" for p, t in zip(parts, times, strict=True))
        message = f"{listed} lies in {found}; printed is {printed.text}"
        yield Check(_where(claim), printed.range.meets(found), listed, printed.text, str(found), message)
