"""Conventions of the log t test and of the clubs: what papers, R and Stata do, each option on its own."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

import numpy as np

from spatialconv._core.clubs.clubbing import Core, Rules, Sieve
from spatialconv._core.clubs.log_t import Design, Hac, Rounding, first_row
from spatialconv._options import choice, positive, probability
from spatialconv.errors import DataError, OptionError

Convention = Literal["phillips-sul", "r", "stata"]
Merge = Literal["none", "phillips-sul", "von-lyncker"]

LEAST = 5  # periods in the regression: two coefficients, and autocovariances of what is left


@dataclass(frozen=True)
class Options:
    """Every choice that the procedure leaves open."""

    trim: float = 1 / 3
    rounding: Rounding = "even"
    hac: Hac = "fqsb"
    threshold: float = -1.65
    c_star: float = 0.0
    sieve: Sieve = "incremental"
    increment: float = 0.1
    cap: float = 3.0
    core: Core = "t"
    check: bool = True
    merge: Merge = "phillips-sul"
    reassign: bool = False
    e_star: float = -1.65

    def design(self, periods: int) -> Design:
        """Return the regression for so many periods, or say why there is none."""
        start = first_row(periods, self.trim, self.rounding)
        if start < 1:
            raise OptionError(
                f"trim = {self.trim:g} of {periods} periods leaves out none, and log log t of the first period is "
                "minus infinity: discard one period or more, a third by custom."
            )
        if periods - start < LEAST:
            raise DataError(
                f"{periods} periods, of which trim = {self.trim:g} discards {start}, leave {periods - start} for the "
                f"log t regression; it needs {LEAST} or more (and says little below 10). Take a longer panel."
            )
        return Design(periods, start, self.hac)

    def rules(self, periods: int) -> Rules:
        """Return the rules of the clustering."""
        return Rules(
            design=self.design(periods),
            threshold=self.threshold,
            c_star=self.c_star,
            sieve=self.sieve,
            increment=self.increment,
            cap=self.cap,
            core=self.core,
            check=self.check,
        )


CONVENTIONS: dict[str, Options] = {
    "phillips-sul": Options(),
    "r": Options(sieve="fixed", core="abs", check=False, merge="none"),
    "stata": Options(trim=0.3, rounding="away", increment=0.05, cap=50.0, merge="none"),
}
_WORDS: dict[str, Any] = {
    "rounding": Rounding,
    "hac": Hac,
    "sieve": Sieve,
    "core": Core,
    "merge": Merge,
}


def options(convention: Convention, **given: Any) -> Options:
    """Return a convention's options with those given (not None) in their place, all checked."""
    choice("convention", convention, Convention)
    chosen = replace(CONVENTIONS[convention], **{name: value for name, value in given.items() if value is not None})
    for name, words in _WORDS.items():
        choice(name, getattr(chosen, name), get_args(words))
    probability("trim", chosen.trim)
    positive("increment", chosen.increment)
    for name in ("threshold", "c_star", "cap", "e_star"):
        _finite(name, getattr(chosen, name))
    for name in ("check", "reassign"):
        if not isinstance(getattr(chosen, name), (bool, np.bool_)):
            raise OptionError(f"{name} must be True or False; got {getattr(chosen, name)!r}.")
    if chosen.cap < chosen.c_star:
        raise OptionError(f"cap must not lie below c_star: c* is raised from {chosen.c_star:g}, to {chosen.cap:g}.")
    return chosen


def _finite(name: str, value: Any) -> None:
    ok = isinstance(value, (int, float, np.number)) and not isinstance(value, bool) and np.isfinite(value)
    if not ok:
        raise OptionError(f"{name} must be a finite number; got {value!r}.")


def as_dict(chosen: Options) -> dict[str, Any]:
    """Return the options by name, for the provenance."""
    return {field.name: getattr(chosen, field.name) for field in fields(chosen)}
