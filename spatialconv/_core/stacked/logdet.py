"""The log-determinant of weights that differ by period: sum_t log|I - rho W_t|, each W_t in its own way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from spatialconv._core.likelihood.logdet import LogDet, Rho


@dataclass(frozen=True)
class Summed:
    """The sum of log-determinants, each counted as often as its weights occur; it asks what they ask of a search.

    `places` says which of the matrices each part is of: those without a link have none. `means` is the number of
    periods whose mean over the regions has been transformed away: each takes the part log(1 - rho) with it (Lee and Yu
    2010), since the rows of its weights sum to one.
    """

    parts: tuple[LogDet, ...]
    counts: tuple[int, ...]
    places: tuple[int, ...]
    means: int = 0

    @property
    def name(self) -> str:
        """The methods of its parts."""
        return " and ".join(dict.fromkeys(part.name for part in self.parts))

    @property
    def interval(self) -> tuple[float, float]:
        """Where all of the filters are regular around zero."""
        return max(part.interval[0] for part in self.parts), min(part.interval[1] for part in self.parts)

    @property
    def window(self) -> tuple[float, float]:
        """Where the values of all are to be trusted."""
        return max(part.window[0] for part in self.parts), min(part.window[1] for part in self.parts)

    @property
    def exact(self) -> tuple[bool, bool]:
        """Whether the part that ends the interval is exact there; the others reach further."""
        low, high = self.interval
        return (
            any(part.exact[0] for part in self.parts if part.interval[0] == low),
            any(part.exact[1] for part in self.parts if part.interval[1] == high),
        )

    @property
    def roots(self) -> npt.NDArray[np.complex128]:
        """The eigenvalues that are known."""
        return np.concatenate([part.roots for part in self.parts])

    @property
    def said(self) -> str:
        """What results must say of its parts."""
        said = [part.said for part in self.parts if part.said]
        more = f", and so it is for {len(said) - 1} matrices more" if len(said) > 1 else ""
        return f"{said[0]}{more}" if said else ""

    def value(self, rho: Rho) -> Rho:
        """Return the sum of the log-determinants."""
        # Where no mean went rho may exceed one.
        own = self.means * np.log1p(-np.asarray(rho)) if self.means else 0.0
        return self._sum(lambda part: part.value(rho)) - own

    def derivative(self, rho: Rho) -> Rho:
        """Return its first derivative."""
        own = self.means / (1 - np.asarray(rho)) if self.means else 0.0
        return self._sum(lambda part: part.derivative(rho)) + own

    def second(self, rho: Rho) -> Rho:
        """Return its second derivative."""
        own = self.means / (1 - np.asarray(rho)) ** 2 if self.means else 0.0
        return self._sum(lambda part: part.second(rho)) + own

    def whole(self) -> Summed:
        """Return the sum over the whole interval."""
        return self._each(lambda part: part.whole())

    def nearer(self, rho: float) -> Summed:
        """Return a sum that is better around rho; itself where all is exact."""
        return self._each(lambda part: part.nearer(rho))

    def around(self, rho: float, half_width: float) -> Summed:
        """Return a sum as good as exact around rho; itself where all is exact."""
        return self._each(lambda part: part.around(rho, half_width))

    def widened(self) -> Summed:
        """Return a sum whose interval has exact ends."""
        return self._each(lambda part: part.widened())

    def _sum(self, of: Callable[[LogDet], Rho]) -> Rho:
        return sum(count * np.asarray(of(part)) for part, count in zip(self.parts, self.counts, strict=True))

    def _each(self, of: Callable[[LogDet], LogDet]) -> Summed:
        found = tuple(of(part) for part in self.parts)
        return self if all(a is b for a, b in zip(found, self.parts, strict=True)) else replace(self, parts=found)
