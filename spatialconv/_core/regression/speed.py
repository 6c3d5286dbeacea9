"""Speed of convergence and half-life from beta, with delta-method standard errors.

With growth annualised over a span h, y = (ln v[t] - ln v[t-h]) / h, the level closes the share
1 - exp(-speed h) of its gap in h, so that beta = -(1 - exp(-speed h)) / h (Barro and Sala-i-Martin 1992):

    speed     = -ln(1 + h beta) / h        d speed / d beta     = -1 / (1 + h beta)
    half-life = ln 2 / speed               d half-life / d speed = -ln 2 / speed^2
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Quantity:
    """A function of beta: estimate and standard error, NaN with the reason where it is undefined."""

    estimate: float
    std_error: float
    formula: str
    reason: str = ""


def speed(beta: float, std_error: float, h: float, *, of: str = "beta") -> Quantity:
    """Return the speed of convergence per unit of time; `of` names the effect that stands in the place of beta."""
    share = f"1 + {of}" if h == 1 else f"1 + {h:g} {of}"
    formula = f"-ln({share})" if h == 1 else f"-ln({share}) / {h:g}"
    rest = 1 + h * beta
    if not rest > 0:
        reason = f"{share} = {rest:.4f} is not positive: the gap would be overshot within one span"
        return Quantity(np.nan, np.nan, formula, reason)
    return Quantity(float(-np.log1p(h * beta) / h), std_error / rest, formula)


def half_life(rate: Quantity) -> Quantity:
    """Return the time in which half of the gap closes."""
    formula = "ln 2 / speed"
    if np.isnan(rate.estimate):
        return Quantity(np.nan, np.nan, formula, f"the speed is undefined: {rate.reason}")
    if rate.estimate <= 0:
        return Quantity(np.nan, np.nan, formula, f"the speed {rate.estimate:.4f} is not positive: gaps do not close")
    return Quantity(float(np.log(2) / rate.estimate), float(np.log(2) / rate.estimate**2 * rate.std_error), formula)


def spillover_share(indirect: float, total: float, cov: npt.NDArray[np.float64]) -> Quantity:
    """Return the share of a total effect that is indirect; `cov`, shape (2, 2), is that of (indirect, total).

    share = indirect / total     d share / d (indirect, total) = (1 / total, -indirect / total^2)

    Of (direct, total) the variance would be a difference, which rounding keeps from zero where nothing spills over.
    """
    formula = "indirect / total"
    if total == 0:
        return Quantity(np.nan, np.nan, formula, "the total effect is zero: it has no parts")
    slope = np.array([1 / total, -indirect / total**2])
    return Quantity(indirect / total, float(np.sqrt(max(slope @ cov @ slope, 0.0))), formula)
