"""Which distribution a ratio is referred to, and what stars say of p."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from scipy import special, stats

from spatialconv.auditing.description.figures import INFINITY, Interval


@dataclass(frozen=True)
class Law:
    """The distributions that a ratio may have been referred to, and how many sides its p counts.

    Without degrees of freedom a t may be any between `least` degrees and `most`; infinitely many are the normal.
    """

    sides: int = 2
    least: float = INFINITY
    most: float = INFINITY

    def p(self, size: Interval) -> Interval:
        """Return the p-values that an interval of |z| leaves."""
        near = size.map(lambda z: _tail(z, self.sides, self.least))
        return near if self.least == self.most else near.hull(size.map(lambda z: _tail(z, self.sides, self.most)))

    def size(self, p: Interval) -> Interval:
        """Return the |z| that an interval of p-values leaves."""
        clipped = Interval(min(max(p.low, 0.0), 1.0), min(max(p.high, 0.0), 1.0))
        near = clipped.map(lambda q: _quantile(q, self.sides, self.least))
        return (
            near if self.least == self.most else near.hull(clipped.map(lambda q: _quantile(q, self.sides, self.most)))
        )

    def words(self) -> str:
        """Say which distributions these are."""
        if self.least == INFINITY:
            return "the normal"
        if self.least == self.most:
            return f"t with {self.least:g} degrees of freedom"
        most = "the normal" if self.most == INFINITY else f"{self.most:g} degrees of freedom"
        return f"t with {self.least:g} degrees of freedom to {most}"


@lru_cache(maxsize=100_000)
def _tail(z: float, sides: int, df: float) -> float:
    return float(sides * (special.ndtr(-z) if df == INFINITY else special.stdtr(df, -z)))


@lru_cache(maxsize=100_000)
def _quantile(p: float, sides: int, df: float) -> float:
    if p <= 0:
        return INFINITY
    return max(0.0, float(stats.norm.isf(p / sides) if df == INFINITY else stats.t.isf(p / sides, df)))


def stars_range(stars: int, levels: Mapping[int, float]) -> Interval:
    """Return the p-values that so many stars leave: below their level and not below the next."""
    high = levels.get(stars, 1.0)
    tighter = [level for level in levels.values() if level < high]
    return Interval(max(tighter, default=0.0), high)


def words_of_stars(stars: int) -> str:
    """Say how many stars there are."""
    return f"'{'*' * stars}'" if stars else "no star"


def words_of_levels(levels: Mapping[int, float]) -> str:
    """Write the levels as a note under a table does."""
    return ", ".join(f"{'*' * k} {100 * level:g} %" for k, level in sorted(levels.items()))
