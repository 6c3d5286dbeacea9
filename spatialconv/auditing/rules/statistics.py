"""Rules on one coefficient: estimate, standard error, z or t, p, stars and confidence interval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from scipy import stats

from spatialconv.auditing.description.figures import INFINITY, Cell, Figure, Interval, exactly
from spatialconv.auditing.description.reported import Listing, Regression, Reported
from spatialconv.auditing.rules.registry import Check, rule

_ALGEBRA = "algebra"
_FROM = {"ratio": "ratio", "quotient": "estimate over its standard error"}
_TAILS = "tail probabilities of the normal and of Student's t"


@dataclass(frozen=True)
class Law:
    """The distributions that a ratio may have been referred to, and how many sides its p counts.

    Without degrees of freedom a t may be any between `least` degrees and the normal.
    """

    sides: int = 2
    least: float = INFINITY
    most: float = INFINITY

    def p(self, size: Interval) -> Interval:
        """Return the p-values that an interval of |z| leaves."""
        near = size.map(lambda z: _tail(z, self.sides, self.least))
        return near if self.least == self.most else near.hull(size.map(lambda z: _tail(z, self.sides, self.most)))

    def size(self, p: Interval) -> Interval:
        """Return the |z| that an interval of p-values leaves."""
        clipped = Interval(min(max(p.low, 0.0), 1.0), min(max(p.high, 0.0), 1.0))
        near = clipped.map(lambda q: _quantile(q, self.sides, self.least))
        return (
            near if self.least == self.most else near.hull(clipped.map(lambda q: _quantile(q, self.sides, self.most)))
        )


@lru_cache(maxsize=100_000)
def _tail(z: float, sides: int, df: float) -> float:
    return float(sides * (stats.norm.sf(z) if df == INFINITY else stats.t.sf(z, df)))


@lru_cache(maxsize=100_000)
def _quantile(p: float, sides: int, df: float) -> float:
    if p <= 0:
        return INFINITY
    return max(0.0, float(stats.norm.isf(p / sides) if df == INFINITY else stats.t.isf(p / sides, df)))


def stars_range(stars: int, levels: Mapping[int, float]) -> Interval:
    """Return the p-values that so many stars leave: below their level and not below the next."""
    high = levels.get(stars, 1.0)
    tighter = [level for level in levels.values() if level < high]
    return Interval(max(tighter, default=0.0), high)


def words_of_stars(stars: int) -> str:
    """Say how many stars there are."""
    return f"'{'*' * stars}'" if stars else "no star"


@dataclass(frozen=True)
class Evidence:
    """What a cell prints about one ratio of estimate to standard error."""

    where: str
    text: str
    estimate: Figure | None
    error: Figure | None
    ratio: Figure | None
    p: Figure | None
    stars: int | None
    interval: tuple[Figure, Figure] | None
    law: Law
    levels: Mapping[int, float]
    level: float = 0.95

    def quotient(self) -> Interval | None:
        """Return the interval of estimate over standard error."""
        if self.estimate is None or self.error is None:
            return None
        positive = self.error.range.common(Interval(0.0, INFINITY))
        return self.estimate.range / positive if positive else None

    def sizes(self) -> dict[str, Interval]:
        """Return the intervals of |z| by what they come from: the printed ratio, estimate over standard error."""
        quotient = self.quotient()
        found = {"ratio": self.ratio.range if self.ratio else None, "quotient": quotient}
        return {name: abs(held) for name, held in found.items() if held is not None}


def cell_evidence(table: Regression, row: str, column: int, law: Law) -> Evidence | None:
    """Collect what a cell of a regression table prints."""
    held = table.coefficients[row][column]
    if held is None:
        return None
    found: dict[str, Figure] = {}
    for kind, figure in ((table.round, held.round), (table.square, held.square)):
        if kind and figure:
            found[kind] = figure
    # Whether sigma2 is zero is no hypothesis: some tables give it stars, others none.
    starred = table.roles.get("sigma2") != row or held.stars
    marked = any(c.stars for cells in table.coefficients.values() for c in cells if c)
    return Evidence(
        where=table.where(row, column),
        text=_text(held, table),
        estimate=held.main,
        error=found.get("se"),
        ratio=found.get("z", found.get("t")),
        p=found.get("p"),
        stars=held.stars if starred and marked else None,
        interval=held.interval,
        law=law,
        levels=table.stars,
        level=table.level,
    )


def _text(held: Cell, table: Regression) -> str:
    stars = "*" * (held.stars - held.main.stars)
    round_ = f" ({table.round} {held.round.text})" if held.round else ""
    square = f" [{table.square} {held.square.text}]" if held.square else ""
    pair = f" [{held.interval[0].text}, {held.interval[1].text}]" if held.interval else ""
    return f"{held.main.text}{stars}{round_}{square}{pair}"


def table_law(table: Regression, column: int) -> Law:
    """Return the distribution of the ratios of a model: normal for z, Student's for t, either where nothing is said."""
    sides = {"two": 2, "one": 1}.get(table.sided) or chosen_sides(table)
    return _column_law(table, column, sides)


def _column_law(table: Regression, column: int, sides: int) -> Law:
    if table.distribution == "normal" or "z" in (table.round, table.square):
        return Law(sides)
    df = table.statistic("df", column)
    if df is not None:
        return Law(sides, df.value, df.value)
    # Effects may have been estimated beside the coefficients, or errors clustered by few regions: n tells little.
    return Law(sides, 1.0)


def chosen_sides(table: Regression) -> int:
    """Return the number of sides that leaves fewer contradictions in a table that does not say; two if it is equal."""
    return 1 if _conflicts(table, 1) < _conflicts(table, 2) else 2


def _conflicts(table: Regression, sides: int) -> int:
    count = 0
    for row in table.coefficients:
        for column in range(len(table.columns)):
            evidence = cell_evidence(table, row, column, _column_law(table, column, sides))
            if evidence:
                count += sum(not check.passed for check in (*_p_checks(evidence), *_star_checks(evidence)))
    return count


def every_evidence(reported: Reported) -> Iterator[Evidence]:
    """Go through everything that prints a ratio or its p: cells of regressions, rows of autocorrelation tables."""
    for table in reported.of(Regression):
        laws = [table_law(table, k) for k in range(len(table.columns))]
        for row in table.coefficients:
            for column, law in enumerate(laws):
                evidence = cell_evidence(table, row, column, law)
                if evidence:
                    yield evidence
    for table in reported.of(Listing):
        if table.kind == "autocorrelation":
            yield from _rows(table)


def _rows(table: Listing) -> Iterator[Evidence]:
    sides = {"two": 2, "one": 1}.get(table.sided)
    if sides is None:
        bad = {s: sum(not c.passed for e in _made(table, s) for c in (*_p_checks(e), *_star_checks(e))) for s in (1, 2)}
        sides = 1 if bad[1] < bad[2] else 2
    yield from _made(table, sides)


def _made(table: Listing, sides: int) -> Iterator[Evidence]:
    every = [f for cells in table.rows.values() for f in cells.values() if isinstance(f, Figure)]
    marked = any(f.stars for f in every)
    for row, cells in table.rows.items():
        figures = {c: f for c, f in cells.items() if isinstance(f, Figure)}
        stars = sum(f.stars for f in figures.values()) if marked else None
        text = ", ".join(f"{c} {f.text}" for c, f in figures.items())
        yield Evidence(
            f"{table.name}, {row}", text, None, None, figures.get("z"), figures.get("p"), stars, None, Law(sides),
            table.stars,
        )  # fmt: skip


# ---------------------------------------------------------------------- rules


@rule("ratio", "z (or t) = estimate / standard error, and has the sign of the estimate", source=_ALGEBRA)
def ratio(reported: Reported) -> Iterator[Check]:
    """Check estimate, standard error and ratio against one another."""
    for e in every_evidence(reported):
        if e.error is not None and e.error.range.high <= 0:
            yield Check(e.where, False, e.text, e.error.text, "positive", "a standard error is positive")
            continue
        quotient = e.quotient()
        if quotient is not None and e.ratio is not None:
            yield Check(
                e.where, e.ratio.range.meets(quotient), e.text, e.ratio.text, str(quotient),
                f"estimate over standard error lies in {quotient}; printed is {e.ratio.text}",
            )  # fmt: skip
        elif e.ratio is not None and e.estimate is not None:
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
