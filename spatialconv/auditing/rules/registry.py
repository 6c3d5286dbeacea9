"""The registry: a rule is a function that goes through what is reported and says of each identity whether it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from spatialconv.auditing.description.figures import Interval
from spatialconv.auditing.description.reported import Reported

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Check:
    """One identity at one place.

    Attributes
    ----------
    where : str
        Table, row, column; or the sentence.
    passed : bool
    figures : str
        The figures that enter, as printed.
    printed, computed : str
        What is printed, and what the other figures leave for it.
    message : str
        What is wrong, in words.
    severity : {"error", "warning"}, optional
        Where it differs from the rule's.
    remark : str
        Something to be told though the identity holds.
    """

    where: str
    passed: bool
    figures: str = ""
    printed: str = ""
    computed: str = ""
    message: str = ""
    severity: Severity | None = None
    remark: str = ""


@dataclass(frozen=True)
class Rule:
    """A rule that every honest table satisfies: name, identity in words, source, and how grave a breach is."""

    name: str
    identity: str
    source: str
    severity: Severity
    check: Callable[[Reported], Iterator[Check]]


RULES: dict[str, Rule] = {}
_Function = Callable[[Reported], Iterator[Check]]


def rule(name: str, identity: str, *, source: str, severity: Severity = "error") -> Callable[[_Function], _Function]:
    """Enter a function into the registry."""

    def enter(function: _Function) -> _Function:
        assert name not in RULES, name
        RULES[name] = Rule(name, identity, source, severity, function)
        return function

    return enter


def agree(where: str, figures: str, printed: Interval, computed: Interval, message: str) -> Check:
    """Return the check that two intervals have a number in common."""
    return Check(where, printed.meets(computed), figures, str(printed), str(computed), message)
