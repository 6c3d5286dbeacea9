"""What a journal wants below a figure: what it shows, of when, of how many, how tested, with which weights, whose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from spatialconv._drawing.classes import listed


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
        size = f"n = {self.n} {self.unit}" if self.n is not None else ""
        head = "; ".join(part for part in (", ".join(p for p in (self.what, self.periods) if p), size) if part)
        parts = [head, *self.tested]
        parts += [f"Weights: {self.weights}"] if self.weights else []
        return (*(_stopped(part) for part in parts if part), *self.sources)

    @property
    def sources(self) -> tuple[str, ...]:
        """The sentence that says whose the data are, if they are somebody's."""
        return (_stopped(f"Source: {self.source}"),) if self.source else ()

    @property
    def text(self) -> str:
        """The caption in one line."""
        return " ".join(self.sentences())


def _stopped(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "\u3002")) else f"{text}."


def named(variable: str, log: bool = False, unit: str | None = None) -> str:
    """Return a variable as it is called in captions, with its unit where that is known."""
    said = f"{variable} ({unit})" if unit else variable
    return f"log of {said}" if log else said


def spoken(periods: Iterable[Any]) -> str:
    """Return periods in words: '2009', '1929 and 2009', '1929, 1950 and 2009', '1929 to 2009 (81 periods)'."""
    words = [str(period) for period in periods]
    if len(words) > 5:
        return f"{words[0]} to {words[-1]} ({len(words)} periods)"
    return listed(words)
