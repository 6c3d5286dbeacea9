"""Rules on tests: statistic, degrees of freedom, p and stars of chi-square, F, t and z."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from scipy import stats

from spatialconv.auditing.description.figures import INFINITY, Figure, Interval
from spatialconv.auditing.description.reported import Listing, Regression, Reported
from spatialconv.auditing.evidence.law import stars_range, words_of_stars
from spatialconv.auditing.evidence.readings import asked_for
from spatialconv.auditing.rules.registry import Check, rule

_TAILS = "tail probabilities of chi-square, F, t and the normal"
# Statistics of a model that are chi-square under their null.
_CHI2 = ("hausman", "wald", "lr")


@dataclass(frozen=True)
class _Test:
    where: str
    distribution: str
    statistic: Figure
    df: tuple[float, ...]  # those that are possible
    df2: float | None
    p: Figure | None
    stars: int | None
    levels: Mapping[int, float]
    df_known: bool
    sides: int = 2

    def text(self) -> str:
        df = f"({self.df[0]:g})" if self.df_known else ""
        p = f", p {self.p.text}" if self.p else ""
        return f"{self.distribution}{df} {self.statistic.text}{p}"

    def fits(self, implied: Interval, said: Interval) -> bool:
        """Return whether a p is what the statistic leaves; of one side it exceeds one half on the other."""
        other = self.sides == 1 and self.distribution in ("t", "z") and said.meets((-implied).shifted(1.0))
        return implied.meets(said) or other

    def implied(self, df: float) -> Interval:
        held = self.statistic.range if self.distribution in ("chi2", "F") else abs(self.statistic.range)
        positive = held.common(Interval(0.0, INFINITY)) or Interval(0.0, 0.0)
        return positive.map(lambda x: _tail(self.distribution, x, df, self.df2, self.sides))


@lru_cache(maxsize=100_000)
def _tail(distribution: str, x: float, df: float, df2: float | None, sides: int) -> float:
    if distribution == "chi2":
        return float(stats.chi2.sf(x, df))
    if distribution == "F":
        assert df2 is not None
        return float(stats.f.sf(x, df, df2))
    return float(sides * (stats.t.sf(x, df) if distribution == "t" else stats.norm.sf(x)))


def _every(reported: Reported) -> Iterator[_Test]:
    for table in reported.of(Listing):
        if table.kind == "tests":
            yield from _listed(table)
    for table in reported.of(Regression):
        for k in range(len(table.columns)):
            yield from _of_model(table, k)


def _listed(table: Listing) -> Iterator[_Test]:
    marked = any(isinstance(f, Figure) and f.stars for cells in table.rows.values() for f in cells.values())
    sides = {"one": 1, "two": 2}.get(table.sided) or _asked_for(table, marked)
    yield from _made(table, marked, sides)


def _asked_for(table: Listing, marked: bool) -> int:
    """Return two sides of z and t, unless several rows ask for one."""
    bad = {s: sum(not _told(t) for t in _made(table, marked, s)) for s in (1, 2)}
    return 1 if asked_for(bad[2], bad[1], exact="p" in table.columns) else 2


def _told(t: _Test) -> bool:
    held = [t.p.range] if t.p else []
    held += [stars_range(t.stars, t.levels)] if t.stars is not None and t.stars in {0, *t.levels} else []
    return all(any(t.fits(t.implied(d), h) for d in t.df) for h in held)


def _made(table: Listing, marked: bool, sides: int) -> Iterator[_Test]:
    for row, cells in table.rows.items():
        statistic, p = table.get(row, "statistic"), table.get(row, "p")
        distribution = str(cells.get("distribution", "chi2"))
        df, df2 = table.get(row, "df"), table.get(row, "df2")
        if statistic is None or (df is None and distribution in ("F", "t")) or (df2 is None and distribution == "F"):
            continue
        stars = sum(f.stars for f in cells.values() if isinstance(f, Figure)) if marked else None
        known = df is not None or distribution == "z"
        possible = (df.value,) if df else (0.0,) if distribution == "z" else tuple(float(k) for k in range(1, 41))
        yield _Test(
            f"{table.name}, {row}", distribution, statistic, possible, df2.value if df2 else None, p, stars,
            table.stars, known, sides,
        )  # fmt: skip


def _of_model(table: Regression, k: int) -> Iterator[_Test]:
    for name in _CHI2:
        statistic, df, p = table.statistic(name, k), table.statistic(f"{name}_df", k), table.statistic(f"{name}_p", k)
        if statistic is None:
            continue
        marked = any(f.stars for f in table.statistics[name] if f)
        slopes = sum(1 for cells in table.coefficients.values() if cells[k] is not None)
        possible = (df.value,) if df else tuple(float(d) for d in range(1, max(2, slopes + 1)))
        yield _Test(
            table.where(name, k), "chi2", statistic, possible, None, p, statistic.stars if marked else None,
            table.stars, df is not None,
        )  # fmt: skip
    f, df, df2 = table.statistic("f", k), table.statistic("f_df", k), table.statistic("f_df2", k)
    if f is not None and df is not None and df2 is not None:
        marked = any(c.stars for c in table.statistics["f"] if c)
        yield _Test(
            table.where("f", k), "F", f, (df.value,), df2.value, table.statistic("f_p", k),
            f.stars if marked else None, table.stars, True,
        )  # fmt: skip


@rule("tests", "p and stars of a test follow from its statistic and its degrees of freedom", source=_TAILS)
def tests(reported: Reported) -> Iterator[Check]:
    """Check p and stars against statistic and degrees of freedom; where these are not printed, some must do."""
    for t in _every(reported):
        if t.p is not None and not t.p.range.meets(Interval(0.0, 1.0)):
            yield Check(t.where, False, t.text(), t.p.text, "0 to 1", "p is no probability")
            continue
        if t.distribution in ("chi2", "F") and t.statistic.range.high < 0:
            continue
        said = []
        if t.p is not None:
            said.append((t.p.range, t.p.text, f"printed is p {t.p.text}"))
        if t.stars is not None and t.stars in {0, *t.levels}:
            levels = stars_range(t.stars, t.levels)
            said.append((levels, words_of_stars(t.stars), f"{words_of_stars(t.stars)} says p of {levels}"))
        for printed, text, words in said:
            implied = [t.implied(d) for d in t.df]
            fits = any(t.fits(i, printed) for i in implied)
            hull = implied[0].hull(implied[-1])
            how = "" if t.df_known else f" under {t.df[0]:g} to {t.df[-1]:g} degrees of freedom"
            yield Check(t.where, fits, t.text(), text, f"p {hull}", f"the statistic leaves p of {hull}{how}; {words}")


@rule(
    "negative chi-square", "a chi-square or F statistic is not negative",
    source="Hausman (1978); its variance may be indefinite in a sample", severity="warning",
)  # fmt: skip
def negative(reported: Reported) -> Iterator[Check]:
    """Check that statistics that are sums of squares are not negative."""
    for t in _every(reported):
        if t.distribution in ("chi2", "F"):
            message = f"{t.statistic.text} is negative: the test does not exist there and decides nothing"
            yield Check(t.where, t.statistic.range.high >= 0, t.text(), t.statistic.text, "0 or more", message)


@rule("degrees of freedom", "one number of degrees of freedom fits the models of a table", source=_TAILS)
def common_df(reported: Reported) -> Iterator[Check]:
    """Find the degrees of freedom that a table does not print, and check that models with the same terms share them."""
    for table in reported.of(Regression):
        for name in _CHI2:
            groups: dict[frozenset[str], list[_Test]] = {}
            for k in range(len(table.columns)):
                terms = frozenset(row for row, cells in table.coefficients.items() if cells[k] is not None)
                groups.setdefault(terms, []).extend(
                    t for t in _of_model(table, k) if t.where == table.where(name, k) and not t.df_known
                )
            for held in groups.values():
                yield from _shared(table.name, name, [t for t in held if t.statistic.range.high >= 0])


def _shared(table: str, name: str, held: list[_Test]) -> Iterator[Check]:
    told = [t for t in held if t.p is not None or t.stars is not None]
    if len(told) < 2 or any(not _fitting(t) for t in told):
        return
    common = set.intersection(*(_fitting(t) for t in told))
    listed = "; ".join(f"{t.text()}{'*' * (t.stars or 0) if t.p else ''}" for t in told)
    words = ", ".join(f"{d:g}" for d in sorted(common))
    yield Check(
        f"{table}, {name}", bool(common), listed, listed, words, "no number of degrees of freedom fits all models",
        remark=f"{table}: the {name} statistics and their stars fit {words} degrees of freedom, which are not printed",
    )  # fmt: skip


def _fitting(t: _Test) -> set[float]:
    found = set(t.df)
    if t.p is not None:
        found &= {d for d in t.df if t.implied(d).meets(t.p.range)}
    if t.stars is not None and t.stars in {0, *t.levels}:
        found &= {d for d in t.df if t.implied(d).meets(stars_range(t.stars, t.levels))}
    return found
