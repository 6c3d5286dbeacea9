"""What a short panel can show where regions have effects: by the likelihood ratio, and by any valid test at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatialconv._core.few_periods.bounds import Power, power, world_of
from spatialconv._core.few_periods.imposed import Imposed, Setup
from spatialconv._core.few_periods.sample import Sample
from spatialconv._parallel import progress as shown

if TYPE_CHECKING:
    from collections.abc import Callable

# Brackets are halved until their ends are this close, power between them taken as a straight line.
CLOSE = 1.08
LOWEST = -1.0
ABOUT = 16


class Limits:
    """Powers of a sample against betas of a span, each computed once from the same random numbers."""

    def __init__(self, sample: Sample, *, size: float, draws: int, seed: int, progress: bool) -> None:
        self.setup = Setup.of(sample)
        rho = float(Imposed.on(sample, 0.0).rho(self.setup.known)[0])
        self.world = world_of(self.setup, rho)
        self.size, self.draws, self.seed, self.progress = size, draws, seed, progress
        self.asked: dict[float, Power] = {}

    def at(self, b: float) -> Power:
        """Return bound and power against b."""
        if b not in self.asked:
            with np.errstate(over="ignore", invalid="ignore"):
                self.asked[b] = power(self.setup, self.world, b, size=self.size, draws=self.draws, seed=self.seed)
        return self.asked[b]

    def smallest(self, target: float) -> tuple[float, float]:
        """Return the betas nearest to zero against which the ratio, and the bound, have the power; NaN if none has."""
        with shown(total=ABOUT, what="betas asked", show=self.progress) as bar:

            def found(which: int) -> float:
                def of(b: float) -> float:
                    new = b not in self.asked
                    value = float(self.at(b)[which])
                    bar.update(int(new))
                    return value

                return _search(of, target, self._start())

            return found(1), found(0)

    def _start(self) -> float:
        """Return a standard error of beta where drifts are equal and the spread of means is all that tells."""
        sample = self.setup.sample
        return float(-1 / np.sqrt(sample.n * sample.T * (sample.T - 1) / 2))

    def curve(self, h: float) -> pd.DataFrame:
        """Return what was asked: beta of annualised growth, power of the ratio, bound."""
        rows = [(b / h, p.ratio, p.bound) for b, p in sorted(self.asked.items(), reverse=True)]
        return pd.DataFrame([(0.0, self.size, self.size), *rows], columns=["beta", "power", "bound"])


def _search(of: Callable[[float], float], target: float, start: float) -> float:
    low = max(start, LOWEST)
    high = low
    if of(low) >= target:
        high = low / 2
        while of(high) >= target:
            low, high = high, high / 2
    while of(low) < target:
        if low <= LOWEST:
            return float("nan")
        high, low = low, max(2 * low, LOWEST)
    while low / high > CLOSE:
        middle = -float(np.sqrt(low * high))
        low, high = (middle, high) if of(middle) >= target else (low, middle)
    top, bottom = of(high), of(low)
    return float(high + (low - high) * (target - top) / (bottom - top)) if bottom > top else float(low)
