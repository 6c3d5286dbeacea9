"""Rules on one coefficient: estimate, standard error, z or t, p, stars and confidence interval."""

from __future__ import annotations

from collections.abc import Iterator

from spatialconv.auditing.description.figures import Figure, Interval, exactly
from spatialconv.auditing.description.reported import Listing, Regression, Reported
from spatialconv.auditing.evidence.cells import Evidence
from spatialconv.auditing.evidence.law import Law, stars_range, words_of_stars
from spatialconv.auditing.evidence.once import once
from spatialconv.auditing.evidence.readings import asked_for, reading_of
from spatialconv.auditing.rules.registry import Check, rule

_ALGEBRA = "algebra"
_FROM = {"ratio": "ratio", "quotient": "estimate over its standard error"}
_TAILS = "tail probabilities of the normal and of Student's t"


def every_evidence(reported: Reported) -> Iterator[Evidence]:
    """Go through everything that prints a ratio or its p: cells of regressions, rows of autocorrelation tables."""
    for table in reported.of(Regression):
        reading = reading_of(reported, table)
        for row in table.coefficients:
            for column in range(len(table.columns)):
                evidence = reading.evidence(table, row, column)
                if evidence:
                    yield evidence
    for table in reported.of(Listing):
        if table.kind == "autocorrelation":
            yield from _made(table, sides_of(table))


def sides_of(table: Listing) -> int:
    """Return the sides of a list of z and p: two, unless it says one or several rows ask for it."""
    said = {"two": 2, "one": 1}.get(table.sided)
    return said or _asked_for(table)


@once
def _asked_for(table: Listing) -> int:
    bad = {s: sum(not c.passed for e in _made(table, s) for c in (*_p_checks(e), *_star_checks(e))) for s in (1, 2)}
    exact = any(isinstance(cells.get("p"), Figure) for cells in table.rows.values())
    return 1 if asked_for(bad[2], bad[1], exact=exact) else 2


def _made(table: Listing, sides: int) -> Iterator[Evidence]:
    every = [f for cells in table.rows.values() for f in cells.values() if isinstance(f, Figure)]
    starred = any(f.stars for f in every)
    for row, cells in table.rows.items():
        figures = {c: f for c, f in cells.items() if isinstance(f, Figure)}
        stars = sum(f.stars for f in figures.values()) if starred else None
        text = ", ".join(f"{c} {f.text}" for c, f in figures.items())
        yield Evidence(
            f"{table.name}, {row}", text, None, None, figures.get("z"), figures.get("p"), stars, None, Law(sides),
            table.stars,
        )  # fmt: skip


# ---------------------------------------------------------------------- rules


@rule(
    "reading", "a table is read in one way: brackets, sides, levels, degrees of freedom", source="the table as a whole"
)
def reading(reported: Reported) -> Iterator[Check]:
    """State how tables are read that do not say it themselves; nothing is checked here."""
    for table in reported.of(Regression):
        for said in reading_of(reported, table).said:
            yield Check(table.name, True, remark=said)
    for table in reported.of(Listing):
        if table.kind == "autocorrelation" and table.sided == "auto" and sides_of(table) == 1:
            yield Check(table.name, True, remark=f"{table.name}: read as tests of one side, which is not said")


@rule("ratio", "z (or t) = estimate / standard error, and has the sign of the estimate", source=_ALGEBRA)
def ratio(reported: Reported) -> Iterator[Check]:
    """Check estimate, standard error and ratio against one another."""
    for e in every_evidence(reported):
        if e.error is not None and e.error.range.high <= 0:
            yield Check(e.where, False, e.text, e.error.text, "positive", "a standard error is positive")
            continue
        quotient = e.quotient()
        quotient = abs(quotient) if quotient is not None and e.unsigned else quotient
        if quotient is not None and e.ratio is not None:
            yield Check(
                e.where, e.ratio.range.meets(quotient), e.text, e.ratio.text, str(quotient),
                f"estimate over standard error lies in {quotient}; printed is {e.ratio.text}",
            )  # fmt: skip
        elif e.ratio is not None and e.estimate is not None and not e.unsigned:
            opposed = (e.estimate.range.low > 0 and e.ratio.range.high < 0) or (
                e.estimate.range.high < 0 and e.ratio.range.low > 0
            )
            yield Check(
                e.where, not opposed, e.text, e.ratio.text, "the sign of the estimate",
                f"the estimate {e.estimate.text} and its ratio {e.ratio.text} have opposite signs",
            )  # fmt: skip


@rule("p-value", "p is the tail probability of z (or t), and lies between 0 and 1", source=_TAILS)
def p_value(reported: Reported) -> Iterator[Check]:
    """Check p against the ratio."""
    for e in every_evidence(reported):
        yield from _p_checks(e)


def _p_checks(e: Evidence) -> Iterator[Check]:
    if e.p is None:
        return
    if not e.p.range.meets(Interval(0.0, 1.0)) or e.p.value < 0 or e.p.value > 1:
        yield Check(e.where, False, e.text, e.p.text, "0 to 1", "p is no probability")
        return
    for name, size in e.sizes().items():
        found = e.law.p(size)
        fits = e.p.range.meets(found)
        if e.law.sides == 1:
            # A one-sided p exceeds one half where the ratio has the other sign.
            fits = fits or e.p.range.meets((-found).shifted(1.0))
        yield Check(
            e.where, fits, e.text, e.p.text, str(found),
            f"the {_FROM[name]} leaves a {_sides(e)} p of {found}; printed is {e.p.text}",
        )  # fmt: skip


def _sides(e: Evidence) -> str:
    return "two-sided" if e.law.sides == 2 else "one-sided"


@rule("stars", "stars say which of the levels p lies below", source="the note of the table")
def stars(reported: Reported) -> Iterator[Check]:
    """Check stars against p, or against the ratio where no p is printed."""
    for e in every_evidence(reported):
        yield from _star_checks(e)


def _star_checks(e: Evidence) -> Iterator[Check]:
    if e.stars is None:
        return
    if e.stars and e.stars not in e.levels:
        most = max(e.levels, default=0)
        yield Check(e.where, False, e.text, words_of_stars(e.stars), "", f"the table knows {most} stars at most")
        return
    said = stars_range(e.stars, e.levels)
    # The printed p and the ratio speak for themselves: stars must agree with each.
    ranges = {"printed p": e.p.range} if e.p else {}
    ranges |= {_FROM[name]: e.law.p(size) for name, size in e.sizes().items()}
    for name, found in ranges.items():
        yield Check(
            e.where, found.meets(said), e.text, words_of_stars(e.stars), f"p {found}",
            f"{words_of_stars(e.stars)} says p of {said}; the {name} leaves {found}",
        )  # fmt: skip


@rule("confidence interval", "the interval is estimate +- quantile x standard error", source=_ALGEBRA)
def confidence_interval(reported: Reported) -> Iterator[Check]:
    """Check an interval against its estimate, standard error and stars."""
    for e in every_evidence(reported):
        if e.interval is None or e.estimate is None:
            continue
        low, high = (f.range for f in e.interval)
        middle = (low + high).scaled(0.5)
        text = e.text
        yield Check(
            e.where, middle.meets(e.estimate.range), text, e.estimate.text, str(middle),
            f"the middle of the interval lies in {middle}; the estimate is {e.estimate.text}",
        )  # fmt: skip
        quantile = e.law.size(exactly(1 - e.level)) if e.law.sides == 2 else Law().size(exactly(1 - e.level))
        error = (high - low).scaled(0.5) / quantile
        if e.error is not None:
            yield Check(
                e.where, error.meets(e.error.range), text, e.error.text, str(error),
                f"the width of the interval leaves a standard error of {error}; printed is {e.error.text}",
            )  # fmt: skip
        size = abs(e.estimate.range / error) if error.low > 0 else None
        if size is None:
            continue
        if e.ratio is not None:
            yield Check(
                e.where, size.meets(abs(e.ratio.range)), text, e.ratio.text, str(size),
                f"estimate and interval leave a ratio of {size}; printed is {e.ratio.text}",
            )  # fmt: skip
        implied = e.law.p(size)
        if e.p is not None:
            yield Check(
                e.where, implied.meets(e.p.range), text, e.p.text, str(implied),
                f"estimate and interval leave p of {implied}; printed is {e.p.text}",
            )  # fmt: skip
        if e.stars is not None and e.stars in {0, *e.levels}:
            said = stars_range(e.stars, e.levels)
            yield Check(
                e.where, implied.meets(said), text, words_of_stars(e.stars), f"p {implied}",
                f"{words_of_stars(e.stars)} says p of {said}; estimate and interval leave {implied}",
            )  # fmt: skip
