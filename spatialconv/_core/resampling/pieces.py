"""Functions of rho that all data sets share where regions are too many for eigenvalues: interpolated piece by piece.

Pieces halve the way from zero to the end where such a function is infinite: seen from each, that end is as far as the
piece is long, so that few values, computed where a rho first falls, give eight digits and more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from spatialconv._core.likelihood.logdet import Factored

FloatArray = npt.NDArray[np.float64]
# The side of zero (whether above), and how many times the way to its end was halved.
Piece = tuple[bool, int]

# Pieces on either side of zero at most, and factorisations on each of those of a log-determinant.
DEEPEST, FACTORISED = 20, 16


class Halves(NamedTuple):
    """The pieces between two ends, the lengths below and above zero."""

    below: float
    above: float

    def sorted_by(self, rho: FloatArray) -> dict[Piece, npt.NDArray[np.intp]]:
        """Return which rho lie on each piece; the last ones reach to the end."""
        upper = rho >= 0
        left = 1 - np.abs(rho) / np.where(upper, self.above, self.below)
        step = np.minimum(-np.log2(np.maximum(left, 2.0**-DEEPEST)), DEEPEST - 1).astype(int)
        found = sorted(set(zip(upper.tolist(), step.tolist(), strict=True)))
        return {piece: np.flatnonzero((upper == piece[0]) & (step == piece[1])) for piece in found}

    def window(self, piece: Piece) -> tuple[float, float]:
        """Return the two ends of a piece, the one nearer to zero first."""
        upper, step = piece
        end = self.above if upper else -self.below
        return end * (1 - 0.5**step), end * (1 - 0.5 ** (step + 1))


@dataclass(frozen=True, eq=False)
class Pieces:
    """log|I - rho W| from sparse factors, `FACTORISED` to a piece; `coarse` are few for all of the interval."""

    coarse: Factored
    _made: dict[Piece, Factored] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, W: sp.csr_array) -> Pieces:
        """Set up what is interpolated when it is asked for."""
        return cls(Factored.of(W))

    @property
    def halves(self) -> Halves:
        """The pieces of the guaranteed interval."""
        low, high = self.coarse.interval
        return Halves(-low, high)

    def _on(self, piece: Piece) -> Factored:
        if piece not in self._made:
            near, far = self.halves.window(piece)
            self._made[piece] = self.coarse.over(min(near, far), max(near, far), FACTORISED)
        return self._made[piece]

    def _evaluated(self, rho: FloatArray, what: str) -> FloatArray:
        out = np.empty(len(rho))
        for piece, at in self.halves.sorted_by(rho).items():
            out[at] = getattr(self._on(piece), what)(rho[at])
        return out

    def value(self, rho: FloatArray) -> FloatArray:
        """Return log|I - rho W| for each rho."""
        return self._evaluated(rho, "value")

    def derivative(self, rho: FloatArray) -> FloatArray:
        """Return -tr(G) for each rho."""
        return self._evaluated(rho, "derivative")

    def second(self, rho: FloatArray) -> FloatArray:
        """Return -tr(G G) for each rho."""
        return self._evaluated(rho, "second")

    def at(self, rho: float) -> Factored:
        """Return the log-determinant of the piece on which a rho lies."""
        return self._on(next(iter(self.halves.sorted_by(np.array([rho])))))

    def times(self, J: int, *, shift: bool) -> Term:
        """Return J (log|I - rho W| - shift log(1 - rho)), as the likelihood has it."""
        return Term(self, J, shift)


class Term(NamedTuple):
    """J (log|I - rho W| - shift log(1 - rho)); `refit.Free` is the same by eigenvalues."""

    of: Pieces
    J: int
    shift: bool

    def values(self, rho: FloatArray) -> FloatArray:
        """Return it for each rho."""
        return np.asarray(self.J * (self.of.value(rho) - self.shift * np.log1p(-rho)))

    def slopes(self, rho: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the first and second derivative."""
        away = self.shift / (1 - rho)
        return self.J * (self.of.derivative(rho) + away), self.J * (self.of.second(rho) + away / (1 - rho))

    def roughly(self, rho: FloatArray) -> FloatArray:
        """Return the first derivative by the few factorisations of the whole interval: its signs are to be trusted."""
        return np.asarray(self.J * (self.of.coarse.derivative(rho) + self.shift / (1 - rho)))
