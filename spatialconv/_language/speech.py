"""Say a phrase in the language of the figure or table that is being made.

English is written in the code, where its phrase is needed; the others stand in a table beside this file, each under the
English it stands for. Labels of regions, variables and groups are values of a phrase, which nothing translates. What
has no entry stays English.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from importlib.resources import files
from string import Formatter
from typing import Any, Literal, ParamSpec, TypeVar

from spatialconv._options import choice
from spatialconv.results import dated

Language = Literal["en", "zh"]

_NOW: ContextVar[Language] = ContextVar("language", default="en")
P = ParamSpec("P")
R = TypeVar("R")


def current() -> Language:
    """Return the language in which the figure or table at hand is made."""
    return _NOW.get()


@contextmanager
def spoken_in(chosen: Language) -> Iterator[None]:
    """Say phrases in a language."""
    token = _NOW.set(choice("language", chosen, Language))
    try:
        yield
    finally:
        _NOW.reset(token)


def speaking(made: Callable[P, R]) -> Callable[P, R]:
    """Let a function say its phrases in what its argument `language` names; without it, in that of its caller."""

    @wraps(made)
    def inside(*args: P.args, **options: P.kwargs) -> R:
        chosen: Any = options.get("language", _NOW.get())
        with spoken_in(chosen):
            return made(*args, **options)

    return inside


def say(phrase: str, /, *, sense: str = "", **values: Any) -> str:
    """Return a phrase with its values, in the language at hand; without values it is taken as it stands.

    One English word may be several in another language; its `sense` stands behind it in the table, in square brackets.
    """
    told = phrase
    if _NOW.get() != "en":
        told = phrases(_NOW.get()).get(f"{phrase} [{sense}]" if sense else phrase, phrase)
    return dated(told.format(**values)) if values else told


def enumerated(words: Iterable[str]) -> str:
    """Return words in a row, parted by commas, which Chinese has of two kinds."""
    return ("\u3001" if _NOW.get() == "zh" else ", ").join(words)


def capital(text: str) -> str:
    """Return a text as a heading begins; names that are no words (lnGDP, gdp_pc) stay as they are, in Chinese all."""
    word = text.split(maxsplit=1)[0].strip("():,;.") if text.strip() else ""
    plain = word.replace("-", "").replace("'", "").isalpha() and word.islower()
    return text[:1].upper() + text[1:] if _NOW.get() == "en" and plain else text


def restate(text: str) -> str:
    """Return words that a result made when it was computed in the language at hand; what is not known stays English.

    A text is looked up whole, then among the phrases of results with values. Values are labels and figures, but for
    those whose name ends in `_said`, which are words again.
    """
    if _NOW.get() == "en":
        return text
    made = _table(_NOW.get())["made"]
    if text in made:
        return made[text]
    for pattern, told in _patterns(_NOW.get()):
        found = pattern.fullmatch(text)
        if found:
            values = {k: restate(v) if k.endswith("_said") else v for k, v in found.groupdict().items()}
            return told.format(**values)
    return text


@lru_cache(maxsize=4)
def phrases(chosen: Language) -> Mapping[str, str]:
    """Return what stands for each English phrase in a language."""
    return {english: said for part in _table(chosen).values() for english, said in part.items()}


@lru_cache(maxsize=4)
def _table(chosen: Language) -> Mapping[str, Mapping[str, str]]:
    """Return the table of phrases: `drawn` and `printed` by this package, `made` by results, `titles` of results."""
    if chosen == "en":
        return {}
    return tomllib.loads((files("spatialconv._language") / f"{chosen}.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=4)
def _patterns(chosen: Language) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return what results say with values as patterns, those with most words of their own first."""
    found = []
    for english, told in _table(chosen).get("made", {}).items():
        pieces = list(Formatter().parse(english))
        if any(name for _, name, _, _ in pieces):
            pattern = "".join(re.escape(own) + (f"(?P<{name}>.+?)" if name else "") for own, name, _, _ in pieces)
            found.append((sum(len(own) for own, *_ in pieces), re.compile(pattern, re.DOTALL), told))
    return tuple((pattern, told) for _, pattern, told in sorted(found, key=lambda one: -one[0]))
