"""Speed of convergence and half-life from beta, with delta-method standard errors.

With growth annualised over a span h, y = (ln v[t] - ln v[t-h]) / h, the level closes the share
1 - exp(-speed h) of its gap in h, so that beta = -(1 - exp(-speed h)) / h (Barro and Sala-i-Martin 1992):

    speed     = -ln(1 + h beta) / h        d speed / d beta     = -1 / (1 + h beta)
    half-life = ln 2 / speed               d half-life / d speed = -ln 2 / speed^2
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Quantity:
    """A function of beta: estimate and standard error, NaN with the reason where it is undefined."""

    estimate: float
    std_error: float
    formula: str
    reason: str = ""


def speed(beta: float, std_error: float, h: float) -> Quantity:
    """Return the speed of convergence per unit of time."""
    formula = "-ln(1 + beta)" if h == 1 else f"-ln(1 + {h:g} beta) / {h:g}"
    rest = 1 + h * beta
    if not rest > 0:
        share = "1 + beta" if h == 1 else f"1 + {h:g} beta"
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
