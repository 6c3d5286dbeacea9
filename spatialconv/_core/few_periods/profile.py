"""p-values of many betas on the same random numbers: few draws where they decide, all where they do not.

rho is estimated under each beta; or p is the largest over its interval, which holds whatever rho is (Dufour 2006,
Journal of Econometrics 133).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

from spatialconv._core.few_periods.combine import Verdict, verdict
from spatialconv._core.few_periods.imposed import Normals, Setup, outcome

# Draws of a first look, and the chance at which its verdict on a p at the border is believed to be wrong.
LOOK, DOUBT = 199, 1e-4
# Points at which rho is asked beside its estimate.
RHO_POINTS = 11


class Asked(NamedTuple):
    """p-values of a beta, and the draws they rest on."""

    verdict: Verdict
    draws: int


def p_values(setup: Setup, b: float, normals: Normals, *, worst: bool = False) -> Verdict:
    """Return the p-values of b; with `worst` the largest over the interval of rho."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        found = verdict(outcome(setup, b, normals))
        if not worst or setup.sample.W is None:
            return found
        rhos = np.linspace(*setup.sample.window(), RHO_POINTS)
        every = [found, *(verdict(outcome(setup, b, normals, float(rho))) for rho in rhos)]
    return Verdict(found.b, found.rho, *(float(max(p)) for p in list(zip(*every, strict=True))[2:]))


def ask(setup: Setup, b: float, normals: Normals, size: float, tests: tuple[str, ...], worst: bool) -> Asked:
    """Return the p-values of b: from few draws if they settle on which side of the size p of all tests lies."""
    draws = len(normals.score)
    if draws > 2 * LOOK:
        quick = p_values(setup, b, normals.first(LOOK), worst=worst)
        if all(_settled(getattr(quick, test), size) for test in tests):
            return Asked(quick, LOOK)
    return Asked(p_values(setup, b, normals, worst=worst), draws)


def _settled(p: float, size: float) -> bool:
    count = round(p * (LOOK + 1)) - 1
    below, above = stats.binom.cdf(count, LOOK, size), stats.binom.sf(count - 1, LOOK, size)
    return bool(min(below, above) < DOUBT)
