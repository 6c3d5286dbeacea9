"""What a journal wants below a figure: what it shows, of when, of how many, how tested, with which weights, whose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from spatialconv._drawing.classes import listed
from spatialconv._language import capital, restate, say


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
        size = say(f"n = {{n}} {self.unit}", n=self.n) if self.n is not None else ""
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
    text = capital(text)
    return text if text.endswith((".", "!", "?", "\u3002")) else text + say(".")


def named(variable: str, log: bool = False, unit: str | None = None) -> str:
    """Return a variable as it is called in captions, with its unit where that is known."""
    said = say("{variable} ({unit})", variable=variable, unit=unit) if unit else variable
    return say("log of {variable}", variable=said) if log else said


def spoken(periods: Iterable[Any]) -> str:
    """Return periods in words: '2009', '1929 and 2009', '1929, 1950 and 2009', '1929 to 2009 (81 periods)'."""
    words = [str(period) for period in periods]
    if len(words) > 5:
        return say("{first} to {last} ({n} periods)", first=words[0], last=words[-1], n=len(words))
    return listed(words)
