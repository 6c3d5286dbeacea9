"""Found: what a part of a study gives to its tables, figures and report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from spatialconv._language import current, restate
from spatialconv.results import HypothesisTest, Result
from spatialconv.tables import Table, table


@dataclass(frozen=True, eq=False)
class Found:
    """What a part found.

    Attributes
    ----------
    result : Any
        What was computed, as the function behind the part returns it; None where it could not be.
    sentences : tuple of str
        What a reader should know first.
    tables : mapping of name to Table
    figures : mapping of name to caption and what draws it
    reason : str
        Why there is nothing.
    heading : str
        Over its section of the report.
    """

    result: Any = None
    sentences: tuple[str, ...] = ()
    tables: Mapping[str, Table] = field(default_factory=dict)
    figures: Mapping[str, tuple[str, Callable[[], Any]]] = field(default_factory=dict)
    reason: str = ""
    heading: str = ""


def said(result: Result) -> tuple[str, ...]:
    """Return what the repr of a result says below its title, as sentences."""
    return tuple(line.strip() for line in result._headline()[1:])


def titled(result: Result) -> str:
    """Return the title of a result, for the caption of its table."""
    if isinstance(result, HypothesisTest):
        return restate(result.name)
    return result._headline()[0] if current() == "en" else table(result).caption


def of_result(result: Result) -> Table:
    """Return the table of a result under its title."""
    return table(result, caption=titled(result))


def of_tests(result: Result) -> Table:
    """Return the table of tests: statistic, degrees of freedom, p, the null in words, and why there is none."""
    frame = result.tidy().set_index("term")
    shown = frame[["statistic", "df", "p_value", "distribution", "null"]]
    if frame["reason"].astype(bool).any():
        shown = shown.assign(reason=frame["reason"])
    return table(shown, caption=titled(result), notes=tuple(map(restate, result.notes)), digits={"statistic": 3})
