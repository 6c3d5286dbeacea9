"""What a journal wants below a figure: what it shows, of when, of how many, how tested, with which weights, whose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from spatialconv._drawing.classes import listed
from spatialconv._language import capital, restate, say
from spatialconv.results import HypothesisTest, p_value, written


@dataclass(frozen=True)
class Caption:
    """The facts of a figure; the same words stand below it, in its alternative text, and in the report."""

    what: str
    periods: str = ""
    n: int | None = None
    unit: str = "regions"
    tested: tuple[str, ...] = ()
    weights: str | None = None
    source: str | None = None

    def sentences(self) -> tuple[str, ...]:
        """Return the caption, one sentence a fact."""
        unit = self.unit.removesuffix("s") if self.n == 1 else self.unit
        size = say(f"n = {{n:,}} {unit}", n=self.n) if self.n is not None else ""
        said = say(", ").join(part for part in (self.what, self.periods) if part)
        head = say("; ").join(part for part in (said, size) if part)
        parts = [head, *self.tested]
        parts += [say("Weights: {weights}", weights=restate(self.weights))] if self.weights else []
        return (*(_stopped(part) for part in parts if part), *self.sources)

    @property
    def sources(self) -> tuple[str, ...]:
        """The sentence that says whose the data are, if they are somebody's."""
        return (_stopped(say("Source: {source}", source=self.source)),) if self.source else ()

    @property
    def text(self) -> str:
        """The caption in one line."""
        return say(" ").join(self.sentences())


def _stopped(text: str) -> str:
    # A letter that stands alone is a symbol: \u03b2, p, n.
    text = text if len(text.split(maxsplit=1)[0].strip("=:,")) == 1 else capital(text)
    return text if text.endswith((".", "!", "?", "\u3002")) else text + say(".")


def named(variable: str, log: bool = False, unit: str | None = None) -> str:
    """Return a variable as it is called in captions, with its unit where that is known."""
    said = say("{variable} ({unit})", variable=variable, unit=unit) if unit else variable
    return say("log of {variable}", variable=said) if log else said


def spoken(periods: Iterable[Any]) -> str:
    """Return periods in words: '2009', '1929 and 2009', '1929, 1950 and 2009', '1929 to 2009 (81 periods)'."""
    words = [written(period) for period in periods]
    if len(words) > 5:
        return say("{first} to {last} ({n} periods)", first=words[0], last=words[-1], n=len(words))
    return listed(words)


# Words for the length of a span, by the name of the axis of periods.
_UNITS = {"year": "years", "quarter": "quarters", "month": "months", "week": "weeks", "day": "days"}


def about(
    result: Any,
    what: str,
    *,
    periods: str | None = None,
    n: int | None = None,
    tested: Iterable[str] = (),
    spatial: bool = False,
    weights: str | None = None,
    source: str | None = None,
) -> Caption:
    """Return the caption of a result: its periods, regions and weights stand beside what it shows.

    A `spatial` result without weights says that it has none.
    """
    own = getattr(result, "periods", None)
    said = spoken(own) if own is not None else ""
    size = result.provenance.n_regions if n is None else n
    return Caption(
        what,
        said if periods is None else periods,
        size or None,
        tested=tuple(text for text in tested if text),
        weights=weights or result.provenance.weights or ("none" if spatial else None),
        source=source,
    )


def measured(what: str, variable: str, unit: str | None) -> str:
    """Return words about a variable with its unit behind its name."""
    return what.replace(variable, named(variable, unit=unit), 1) if unit else what


def logged(what: str, variable: str | None = None) -> str:
    """Return what a result says it is about, a variable or its log; of one whose name is known, only its own log."""
    name, comma, treatment = what.rpartition(", ")
    if comma and (treated := restate(treatment)) != treatment:
        return logged(name, variable) + say(", ") + treated
    known = what == f"log of {variable}" if variable is not None else what.startswith("log of ")
    return say("log of {variable}", variable=what.removeprefix("log of ")) if known else what


def effects_of(effects: str) -> str:
    """Return effects of a model in words."""
    return say(EFFECTS.get(effects, f"effects of {effects}s"))


EFFECTS = {
    "none": "no effects",
    "region": "effects of regions",
    "time": "effects of periods",
    "two-way": "effects of regions and periods",
    "random": "random effects",
}


def time_unit(periods: pd.Index) -> str:
    """Return what periods are counted in, from the name of their axis: 'years'; nothing where it does not say."""
    return _UNITS.get(str(periods.name or "").lower(), "")


def spans(periods: pd.Index, length: float) -> str:
    """Return spans of growth in words: '4 spans of 20 years, which end in 1949, 1969, 1989 and 2009'."""
    unit = time_unit(periods)
    unit = unit if length != 1 else unit.removesuffix("s")
    of = say("{length:g} {unit}", length=length, unit=say(unit)) if unit else say("length {length:g}", length=length)
    if len(periods) == 1:
        return say("1 span of {of}, which ends in {periods}", of=of, periods=spoken(periods))
    return say("{n} spans of {of}, which end in {periods}", n=len(periods), of=of, periods=spoken(periods))


def told(test: HypothesisTest) -> str:
    """Return a test in one sentence: its name, its null, and what came out."""
    own = restate(test.name)
    if test.reason:
        return say("{what}: {reason}", what=own, reason=restate(test.reason))
    name = own if "test" in test.name.lower() else say("{name} test", name=own)
    df = f"({test.df:g})" if test.df is not None else ""
    kind = {"normal": "z", "chi2": "\u03c7\u00b2"}.get(test.distribution, restate(test.distribution))
    statistic = f"{test.statistic:.2f}".replace("-", "\u2212")
    found = f"{kind}{df} = {statistic}{say(', ')}{restate(p_value(test.p_value))}"
    return say("{name}, null: {null}; {found}", name=name, null=restate(test.null), found=found)
