"""p-values of draws, and of two independent tests together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from spatialconv._core.few_periods.imposed import Outcome

FloatArray = npt.NDArray[np.float64]
GUARD_ENDS = 2 / np.e


class Verdict(NamedTuple):
    """p of one beta: below (the truth is smaller) and two-sided, by likelihood ratio and by score and F together.

    `lost` is the share of panels drawn for the likelihood ratio that explode, for which a normal root stands in.
    """

    b: float
    rho: float
    ratio_below: float
    ratio_two: float
    score_below: float
    F_below: float
    joint_below: float
    joint_two: float
    lost: float


def share_below(statistic: float, draws: FloatArray) -> float:
    """Return the share of draws as low as the statistic, itself among them."""
    return float((1 + (draws <= statistic).sum()) / (1 + len(draws)))


def both_tails(below: float, above: float) -> float:
    """Return twice the smaller p, at most one."""
    return min(1.0, 2 * min(below, above))


def guarded(first: float, second: float) -> float:
    """Return p of two independent tests: reject at a if first <= a/2 or first * second <= (a/2) / log(2/a).

    Fisher's product rejects on the second test alone, which need not hold its size from below: where the second p is
    one whatever happens, the first still has half the size. Size a if both are uniform, up to a = 2/e; above, the
    product's own.
    """
    product = first * second
    if product > 1 / np.e:
        return float(min(1.0, product * (1 - np.log(product))))
    bounds = (1e-300, GUARD_ENDS)
    by_product = brentq(lambda a: a / 2 / np.log(2 / a) - product, *bounds, xtol=1e-15) if product > 1e-290 else 0.0
    return float(min(2 * first, by_product))


def verdict(found: Outcome) -> Verdict:
    """Return the p-values of an outcome."""
    here, drawn = found.here, found.drawn
    root, score = float(here.root[0]), float(here.score[0])
    below, two = share_below(root, drawn.root), share_below(-abs(root), -np.abs(drawn.root))
    score_below, score_above = share_below(score, drawn.score), share_below(-score, -drawn.score)
    F = share_below(float(here.F[0]), drawn.F)
    joint = guarded(score_below, F)
    return Verdict(found.b, found.rho, below, two, score_below, F, joint, both_tails(joint, score_above), found.lost)
