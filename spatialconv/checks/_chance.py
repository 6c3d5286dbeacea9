"""A beta beside those that its own estimator gives where there is no convergence."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from spatialconv._options import FixedEffects
from spatialconv.checks._finding import LEVEL
from spatialconv.checks._monte_carlo import beyond, error_of
from spatialconv.checks._subject import Subject
from spatialconv.convergence.beta.beta import INITIAL, BetaConvergence
from spatialconv.errors import SpatialConvError
from spatialconv.models.small_samples.bootstrap import UnderNull, under_null
from spatialconv.panel import FloatArray
from spatialconv.results import number, one_line

# Periods whose means differ beyond this p have something of their own, and a regression without it is no rival.
SHARED = 0.01
NO_CONVERGENCE = "no-convergence"
# Draws of two runs whose difference is what a draw costs, and seconds from which on the cost is said.
FEW, MORE, WORTH_SAYING = 19, 59, 30.0


@dataclass(frozen=True, eq=False)
class Chance:
    """A beta beside those that its own estimator gives without convergence."""

    effects: str
    b: BetaConvergence
    drawn: FloatArray

    @property
    def claims(self) -> bool:
        """Whether the z-value calls it convergence."""
        return bool(self.b.beta < 0 and self.b.pvalues[INITIAL] <= LEVEL)

    @property
    def finds(self) -> bool:
        """Whether it calls convergence what it does not find without any."""
        return self.claims and self.inside is False

    @property
    def share(self) -> float:
        """Share of samples without convergence in which beta is as low."""
        return float((1 + np.sum(self.drawn <= self.b.beta)) / (1 + len(self.drawn)))

    @property
    def inside(self) -> bool | None:
        """Whether such a beta is nothing unusual without convergence (5 %, two-sided); None where draws are too few."""
        return beyond(int(np.sum(self.drawn <= self.b.beta)), len(self.drawn), LEVEL / 2)

    @property
    def mean(self) -> float:
        """What the estimator gives on average where there is no convergence: its bias."""
        return float(self.drawn.mean())

    @property
    def error(self) -> float:
        """Monte Carlo standard error of that mean."""
        return float(self.drawn.std(ddof=1) / np.sqrt(len(self.drawn)))

    @property
    def about_bias(self) -> str:
        """What the draws say of the bias, in words."""
        return f"the mean under no convergence has a Monte Carlo error of {number(self.error)}"

    def line(self) -> str:
        """Return the comparison in words."""
        label = f"{self.effects} effects" if self.effects != "none" else "no effects"
        where = {True: "inside", False: "outside", None: "not decided"}[self.inside]
        error = error_of(self.share, len(self.drawn))
        return (
            f"{label} {number(self.b.beta)}{'*' if self.claims else ''} against {number(self.mean)} on average where "
            f"there is none, as low in {self.share:.1%} ± {error:.1%} ({where})"
        )


def chance(s: Subject, effects: str) -> Chance | str:
    """Return the regression under some effects beside what it finds without convergence, drawn once a subject."""
    if effects not in s.drawn:
        s.drawn[effects] = _chance(s, effects)
    found: Chance | str = s.drawn[effects]
    return found


def rivals(s: Subject) -> list[str]:
    """Return the other effects that the regression might have: none without the time effects that its data need."""
    own = s.b.fit.spec.effects
    others = [e for e in get_args(FixedEffects) if e != own]
    if own not in ("time", "two-way") or not s.periods_differ <= SHARED:
        return others
    return [e for e in others if e in ("time", "two-way")]


def _chance(s: Subject, effects: str) -> Chance | str:
    b = s.b if effects == s.b.fit.spec.effects else s.again(effects=effects)
    drawn = b if isinstance(b, str) else samples_under(s, b, NO_CONVERGENCE)
    if isinstance(b, str) or isinstance(drawn, str):
        return str(drawn)
    return Chance(effects, b, drawn.draws[INITIAL].dropna().to_numpy())


def samples_under(s: Subject, b: BetaConvergence, null: str, *, errors: bool = False) -> UnderNull | str:
    """Return samples under a null, or why there are none; those of the regression in question are drawn once."""
    place = f"samples under {null}"
    if b is s.b and place in s.drawn:
        known: UnderNull = s.drawn[place]
        return known
    try:
        found = _samples(s, b, null, draws=s.effort.draws, jobs=s.effort.jobs, errors=errors)
    except SpatialConvError as error:
        return one_line(error)
    if b is s.b and errors:
        s.drawn[place] = found
    return found


def _samples(s: Subject, b: BetaConvergence, null: str, *, draws: int, jobs: int, errors: bool) -> UnderNull:
    return under_null(b.fit, null, draws=draws, scheme="wild", seed=s.effort.seed, jobs=jobs, errors=errors)


def announce(s: Subject, asked: Sequence[str]) -> None:
    """Say on stderr how long the samples of the questions will take, where that is long."""
    told = seconds(s, asked)
    if told >= WORTH_SAYING:
        print(f"check: {in_words(told)} for {s.effort.draws} samples of each null", file=sys.stderr)


def seconds(s: Subject, asked: Sequence[str]) -> float:
    """Return about how long the questions that draw samples will take, by the time of a few of them.

    Two short runs of the regression itself tell what a sample costs and what all samples share; the other effects are
    taken to cost as much.
    """
    sets = _sets(s, asked)
    if not sets:
        return 0.0
    few, more = _timed(s, FEW), _timed(s, MORE)
    each = max(more - few, 0.0) / (MORE - FEW)
    shared = max(few - FEW * each, 0.0)
    return sets * (shared + each * s.effort.draws / max(1, s.effort.jobs))


def _sets(s: Subject, asked: Sequence[str]) -> int:
    """Return how many sets of samples the questions draw."""
    effects = len(get_args(FixedEffects))
    spatial = sum(term in s.b.params.index for term in ("rho", "lambda"))
    every = {"z-values": 1 + spatial, "no convergence": effects, "absolute": effects if s.controls else 0}
    both = {"z-values", "no convergence"} <= set(asked)
    return sum(count for name, count in every.items() if name in asked) - both


def _timed(s: Subject, draws: int) -> float:
    start = time.perf_counter()
    try:
        _samples(s, s.b, NO_CONVERGENCE, draws=draws, jobs=1, errors=False)
    except SpatialConvError:
        return 0.0  # what the question will say
    return time.perf_counter() - start


def in_words(told: float) -> str:
    """Return a time as people say it."""
    if told < 90:
        return f"about {max(10, round(told, -1)):.0f} seconds"
    return f"about {told / 60:.0f} minutes" if told < 5400 else f"about {told / 3600:.1f} hours"
