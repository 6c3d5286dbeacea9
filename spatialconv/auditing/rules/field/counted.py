"""Rules on what counts bear on: shares of so many, clubs by log t, correlations of n, columns of one sample."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from scipy import stats

from spatialconv.auditing.description.figures import Figure, Interval
from spatialconv.auditing.description.reported import Grid, Listing, Regression, Reported
from spatialconv.auditing.evidence.law import stars_range, words_of_stars
from spatialconv.auditing.rules.field.linked import correlated
from spatialconv.auditing.rules.registry import Check, agree, rule

_PHILLIPS = "Phillips and Sul (2007, 2009)"
# Log t regressions reject at 5 % of one side.
_REJECTED = -1.65


@rule(
    "shares of n", "so many observations of a row make each of its shares: share x n is whole",
    source="Brown and Heathers (2017)",
)  # fmt: skip
def shares_of_n(reported: Reported) -> Iterator[Check]:
    """Check transition matrices and other shares by row against the observations that a column prints."""
    for grid in reported.of(Grid):
        if grid.row_n is None or grid.content != "shares":
            continue
        at = grid.columns.index(grid.row_n)
        scale = 0.01 if grid.unit == "percent" else 1.0
        for row in grid.body_rows():
            n = grid.rows[row][at]
            if n is None or n.value < 1:
                continue
            for k in grid.body_columns():
                share = grid.rows[row][k]
                if share is None:
                    continue
                counted = share.range.scaled(scale * n.value)
                whole = math.ceil(counted.low - 1e-9) <= math.floor(counted.high + 1e-9)
                message = f"{share.text} of {n.text} observations are {counted}, and no whole number"
                yield Check(grid.where(row, grid.columns[k]), whole, f"{share.text}, n {n.text}", share.text,
                            f"a multiple of 1/{n.text}", message)  # fmt: skip


@rule("clubs", "t = b / standard error, speed = b / 2, p is that of one side, a club has t > -1.65", source=_PHILLIPS)
def clubs(reported: Reported) -> Iterator[Check]:
    """Check tables of convergence clubs: a row a club, a row for regions that diverge, one for all regions."""
    for table in reported.of(Listing):
        if table.kind != "clubs":
            continue
        for row in table.rows:
            yield from _club(table, row)
        yield from _members(table)


def _club(table: Listing, row: str) -> Iterator[Check]:
    b, error, t, p, speed = (table.get(row, name) for name in ("b", "std_error", "t", "p", "speed"))
    if b is not None and error is not None and t is not None and error.range.low > 0:
        found = b.range / error.range
        text = f"b {b.text}, standard error {error.text}"
        message = f"b over its standard error lies in {found}; printed is {t.text}"
        yield agree(table.where(row, "t"), text, t.range, found, message)
    if b is not None and t is not None and error is None:
        opposed = (b.range.low > 0 and t.range.high < 0) or (b.range.high < 0 and t.range.low > 0)
        message = f"b {b.text} and its t {t.text} have opposite signs"
        yield Check(table.where(row, "t"), not opposed, b.text, t.text, "the sign of b", message)
    if b is not None and speed is not None:
        found = b.range.scaled(0.5)
        message = f"the speed is b / 2, in {found}; printed is {speed.text}"
        yield agree(table.where(row, "speed"), f"b {b.text}", speed.range, found, message)
    if t is not None and p is not None:
        # Either tail is printed: P(Z < t), or its complement.
        low, high = (float(stats.norm.cdf(x)) for x in (t.range.low, t.range.high))
        fits = p.range.meets(Interval(low, high)) or p.range.meets(Interval(1 - high, 1 - low))
        message = f"t {t.text} leaves a p of one side of {low:.4g} to {high:.4g}; printed is {p.text}"
        yield Check(table.where(row, "p"), fits, f"t {t.text}", p.text, f"{low:.4g} to {high:.4g}", message)
    if t is not None and _is_club(row):
        message = f"{row} has t {t.text}: convergence is rejected, and these regions are no club"
        yield Check(table.where(row, "t"), t.range.high > _REJECTED, f"t {t.text}", t.text, f"above {_REJECTED}",
                    message)  # fmt: skip


def _members(table: Listing) -> Iterator[Check]:
    every = table.n
    counts = [n.value for row in _apart(table) if (n := table.get(row, "n")) is not None]
    if every is None or not counts or len(counts) < len(_apart(table)):
        return
    found = sum(counts)
    apart = any(_is_divergent(row) for row in table.rows)
    fits = found == every or (found < every and not apart)
    message = f"clubs and divergent regions are {found:g}; the table is of {every}"
    listed = " + ".join(f"{c:g}" for c in counts)
    yield Check(f"{table.name}, n", fits, listed, str(every), f"{found:g}", message)


def _apart(table: Listing) -> list[str]:
    """Return the rows that share out the regions: neither that of all, nor tests of clubs together."""
    return [row for row in table.rows if not _is_all(row) and not _is_merging(row)]


def _is_club(row: str) -> bool:
    return row.strip().casefold().startswith(("club", "俱乐部")) and not _is_merging(row)


def _is_merging(row: str) -> bool:
    """Return whether a row tests whether clubs are one: "Club 1 + 2"."""
    return bool(re.search(r"[+&∪]|merg|\band\b|\d\s*[-,–]\s*\d|合并", row, re.IGNORECASE))


def _is_divergent(row: str) -> bool:
    return any(word in row.casefold() for word in ("diverg", "non-conver", "nonconver", "发散"))


def _is_all(row: str) -> bool:
    return row.strip().casefold() in (
        "all",
        "full sample",
        "all regions",
        "total",
        "whole sample",
        "full",
        "full panel",
        "全样本",
        "overall",
    )


@rule("stars of correlations", "t = r sqrt((n - 2) / (1 - r^2)) has n - 2 degrees of freedom", source="Student (1908)")
def stars_of_correlations(reported: Reported) -> Iterator[Check]:
    """Check the stars of a matrix of correlations, where n is said and some are starred."""
    for grid in reported.of(Grid):
        found = correlated(grid)
        if found is None or grid.n is None or grid.n < 4:
            continue
        figures = {pair: f for pair, f in found[1].items() if pair[0] != pair[1]}
        if not any(f.stars for f in figures.values()):
            continue
        # Where one triangle alone is starred, the other shows something else, or the same without.
        bare = not any(f.stars for (a, b), f in figures.items() if found[0].index(a) < found[0].index(b))
        for (a, b), figure in figures.items():
            upper = found[0].index(a) < found[0].index(b)
            if (upper and bare) or (figure.stars and figure.stars not in grid.stars):
                continue
            implied = _p_of_correlation(figure, grid.n)
            said = stars_range(figure.stars, grid.stars)
            message = f"{words_of_stars(figure.stars)} says p of {said}; r of {grid.n} observations leaves {implied}"
            yield Check(grid.where(a, b), implied.meets(said), f"{figure.text}, n {grid.n}",
                        words_of_stars(figure.stars), f"p {implied}", message)  # fmt: skip


def _p_of_correlation(figure: Figure, n: int) -> Interval:
    size = abs(figure.range)

    def p(r: float) -> float:
        if r >= 1:
            return 0.0
        return float(2 * stats.t.sf(r * math.sqrt((n - 2) / (1 - r * r)), n - 2))

    return size.map(p)


@rule(
    "one sample, one n", "columns of one sample have one n, but for what lags and growth rates cost",
    source="counting", severity="warning",
)  # fmt: skip
def one_sample(reported: Reported) -> Iterator[Check]:
    """Check that columns that claim one sample print one number of observations."""
    for table in reported.of(Regression):
        held: dict[str, tuple[str, Figure, float]] = {}
        for k, sample in enumerate(table.samples):
            n = table.statistic("n", k)
            if not sample or n is None:
                continue
            known = reported.sample(sample).regions
            printed = table.statistic("regions", k)
            regions = printed.value if printed is not None else float(known or 0)
            if sample not in held:
                held[sample] = (table.columns[k], n, regions)
                continue
            column, first, _ = held[sample]
            apart = abs(n.value - first.value)
            lost = bool(regions) and apart % regions == 0
            message = f"{table.columns[k]} and {column} are both of {sample}, and have {n.text} and {first.text}"
            yield Check(
                table.where("n", k), apart == 0 or lost, f"{first.text} ({column})", n.text, first.text, message
            )
