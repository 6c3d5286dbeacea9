"""What so many draws can decide: a share of draws beside the level that it is held against."""

from __future__ import annotations

import numpy as np
from scipy.stats import binom

# Of a verdict that a share lies above, or below, the level.
SURE = 0.025


def beyond(reached: int, draws: int, level: float) -> bool | None:
    """Say whether the share behind so many of so many draws lies above a level; None where the draws do not say.

    Exact: were the share the level itself, as many draws (or as few) would come about in at most 2.5 % of simulations.
    Too few draws never put a share below the level: of 38 none may come about by chance where the level is 2.5 %.
    """
    if binom.sf(reached - 1, draws, level) <= SURE:
        return True
    return False if binom.cdf(reached, draws, level) <= SURE else None


def error_of(share: float, draws: int) -> float:
    """Return the Monte Carlo standard error of a share of so many draws."""
    return float(np.sqrt(share * (1 - share) / draws))


def more(draws: int) -> str:
    """Say what to do where so many draws do not decide."""
    return f"The draws do not decide it: take more, for example draws={10 * (draws + 1) - 1}."
