"""A beta beside those that its own estimator gives where there is no convergence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np

from spatialconv._options import FixedEffects
from spatialconv.checks._finding import LEVEL
from spatialconv.checks._monte_carlo import beyond, error_of
from spatialconv.checks._subject import Subject
from spatialconv.convergence.beta.beta import INITIAL, BetaConvergence
from spatialconv.errors import SpatialConvError
from spatialconv.models.small_samples.bootstrap import Bootstrap
from spatialconv.panel import FloatArray
from spatialconv.results import number, one_line

# Periods whose means differ beyond this p have something of their own, and a regression without it is no rival.
SHARED = 0.01


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
    drawn = b if isinstance(b, str) else samples_under(s, b, "no-convergence")
    if isinstance(b, str) or isinstance(drawn, str):
        return str(drawn)
    return Chance(effects, b, drawn.null_draws[INITIAL].dropna().to_numpy())


def samples_under(s: Subject, b: BetaConvergence, null: str) -> Bootstrap | str:
    """Return samples under a null, or why there are none."""
    try:
        return b.bootstrap(draws=s.effort.draws, scheme="wild", null=null, seed=s.effort.seed, jobs=s.effort.jobs)
    except SpatialConvError as error:
        return one_line(error)
