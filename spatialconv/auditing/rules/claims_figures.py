"""Rules on what the text says of single figures: significance, the same figure again, words, counts, totals."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from spatialconv.auditing.description.figures import Cell, Figure, Interval, exactly, figure, total
from spatialconv.auditing.description.reported import Claim, Listing, Regression, Reported
from spatialconv.auditing.evidence.cells import Evidence
from spatialconv.auditing.evidence.law import stars_range
from spatialconv.auditing.rules.claims import TEXT, claims_of, figure_at, level_of, place_of, refs_of, rows_of, where_of
from spatialconv.auditing.rules.registry import Check, rule
from spatialconv.auditing.rules.statistics import every_evidence
from spatialconv.errors import OptionError

# ---------------------------------------------------------------------- significance


@rule("said of significance", "what is called significant at a level has p below it; what is not, has not", source=TEXT)
def significance(reported: Reported) -> Iterator[Check]:
    """Check what the text calls significant against p, the ratio and the stars beside it."""
    evidence = {e.where: e for e in every_evidence(reported)}
    for claim in claims_of(reported, "significant", "not significant"):
        for ref in refs_of(claim):
            reported.find(ref)
            held = evidence.get(place_of(ref)) or evidence.get(place_of(ref[:2]))
            p, shown, levels = _p(reported, ref, held)
            if p is None:
                raise OptionError(
                    f"{place_of(ref)} prints neither z, t, standard error, p nor stars to judge {claim.kind!r} by."
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
    level = figure(text, f"the level of {where_of(claim)}").share()
    level = exactly(level.middle)
    place, printed = f"{where_of(claim)}: {place_of(ref)}", f"{claim.kind} at {text}"
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
    yield Check(f"{where_of(claim)}: {place_of(ref)}", fits, found.text, str(sign), found.text, message)


# ---------------------------------------------------------------------- the same figure, words


@rule("printed twice", "a figure that is printed twice is the same, within rounding", source=TEXT)
def twice(reported: Reported) -> Iterator[Check]:
    """Check figures of the text against those of the tables, or of two tables."""
    for claim in claims_of(reported, "equal"):
        held = [(place_of(ref), reported.figure(ref)) for ref in refs_of(claim)]
        if "value" in claim.options:
            held.insert(0, ("the text", figure(str(claim.options["value"]), where_of(claim))))
        (first_place, first), *rest = held
        for place, other in rest:
            same = _same(first, other)
            message = f"{first_place} has {first.text}; {place} has {other.text}"
            yield Check(f"{where_of(claim)}: {place}", same, other.text, first.text, other.text, message)


def _same(a: Figure, b: Figure) -> bool:
    if a.percent == b.percent:
        return a.range.meets(b.range)
    # The sign of per cent may stand in the heading of the table.
    return a.range.meets(b.range) or a.share().meets(b.share())


@rule("said of the table", "what the text says of a model is what its table says", source=TEXT)
def words(reported: Reported) -> Iterator[Check]:
    """Check words of the text (controlled or not, which effects) against words of the table."""
    for claim in claims_of(reported, "says"):
        said = str(claim.options["words"])
        for ref in refs_of(claim):
            found = reported.find(ref)
            held = found if isinstance(found, str) else (found.main if isinstance(found, Cell) else found).text
            fits = held.strip().casefold() == said.strip().casefold()
            message = f"the text says {said!r}; the table says {held!r}"
            yield Check(f"{where_of(claim)}: {place_of(ref)}", fits, held, said, held, message)


# ---------------------------------------------------------------------- counts, lists, totals


@rule("said of counts", "there are as many as the text says", source=TEXT)
def counted(reported: Reported) -> Iterator[Check]:
    """Check a number of rows or of names against what the text says."""
    for claim in claims_of(reported, "count"):
        said = figure(str(claim.options["value"]), where_of(claim)).value
        if "table" in claim.options:
            names = rows_of(reported.table(str(claim.options["table"])))
            source = str(claim.options["table"])
        elif "names" in claim.options:
            names, source = [str(n) for n in claim.options["names"]], "the text"
        else:
            raise OptionError(f"{where_of(claim)} needs the key 'table' or 'names'.")
        listed = ", ".join(names[:20])
        message = f"the text counts {said:g}; {source} has {len(names)}: {listed}"
        yield Check(where_of(claim), said == len(names), listed, f"{said:g}", str(len(names)), message)


@rule("said of selection", "what is said to be removed is gone, and what is kept was there", source=TEXT)
def selection(reported: Reported) -> Iterator[Check]:
    """Check which rows of one table stand in another."""
    for claim in claims_of(reported, "removed"):
        table, now = (reported.table(str(claim.options[key])) for key in ("table", "now"))
        above = figure(str(claim.options["above"]), where_of(claim))
        kept = rows_of(now)
        for row in rows_of(table):
            held = figure_at(reported, (table.name, row, str(claim.options["column"])))
            if held is None:
                continue
            gone = held.range.low > above.value
            fits = not (gone and row in kept)
            message = f"{row} has {held.text} in {table.name}, above {above.text}, and still stands in {now.name}"
            yield Check(f"{where_of(claim)}: {row}", fits, f"{row} {held.text}", f"<= {above.text}", held.text, message)
    for claim in claims_of(reported, "contained"):
        table, within = (reported.table(str(claim.options[key])) for key in ("table", "within"))
        for row in rows_of(table):
            message = f"{row} stands in {table.name} and not in {within.name}"
            yield Check(f"{where_of(claim)}: {row}", row in rows_of(within), row, table.name, within.name, message)


@rule("said of totals", "a total is the sum of its parts, each times what it stands for", source=TEXT)
def said_totals(reported: Reported) -> Iterator[Check]:
    """Check a total against the figures of its parts, as group averages times the sizes of the groups."""
    for claim in claims_of(reported, "total"):
        printed, parts = level_of(reported, claim, "value"), [reported.figure(ref) for ref in refs_of(claim, "parts")]
        times = [float(t) for t in claim.options.get("times", [1] * len(parts))]
        if len(times) != len(parts):
            raise OptionError(f"{where_of(claim)}: {len(parts)} parts and {len(times)} numbers in times.")
        found = total([p.range.scaled(t) for p, t in zip(parts, times, strict=True)])
        listed = " + ".join(f"{t:g} x {p.text}" for p, t in zip(parts, times, strict=True))
        message = f"{listed} lies in {found}; printed is {printed.text}"
        yield Check(where_of(claim), printed.range.meets(found), listed, printed.text, str(found), message)
