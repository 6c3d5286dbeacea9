"""A spatial lag beside a search over splits: its coefficient profiled out of every sum of squares.

With y[t] = rho W y[t] + ... the residual sum of squares of any least squares is a quadratic in rho, known from three
outcomes: y, y - W y and y + W y. The likelihood adds log|I - rho W|, and a search that compares sums of squares
compares

    min over rho of  S(rho) exp(-2 T logdet(rho) / n),

which is S where there is no lag: exp(-2 l / n) up to a constant, l the Gaussian log-likelihood.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# Values of rho that a search looks at first, and between two of them afterwards.
COARSE, FINE = 41, 21


@dataclass(frozen=True, eq=False)
class Penalty:
    """exp(-2 T logdet(rho) / n) of the likelihood, for rho between the ends of `interval`."""

    logdet: Callable[[FloatArray], FloatArray]
    interval: tuple[float, float]
    share: float  # T / n

    def __call__(self, rho: FloatArray) -> FloatArray:
        """Return the factor of the sums of squares at some rho."""
        return np.asarray(np.exp(-2 * self.share * self.logdet(rho)))

    def coarse(self) -> FloatArray:
        """Return the values looked at first: denser at both ends, where an extreme rho may lie."""
        low, high = self.interval
        return np.asarray(0.5 * (low + high) - 0.5 * (high - low) * np.cos((np.arange(COARSE) + 0.5) * np.pi / COARSE))


@dataclass(frozen=True, eq=False)
class Quadratic:
    """Sums of squares S(rho) = a - 2 b rho + c rho², in arrays of one shape; a is infinite where there are none."""

    a: FloatArray
    b: FloatArray
    c: FloatArray

    @classmethod
    def of(cls, three: FloatArray) -> Quadratic:
        """Return the quadratics from sums of squares of y, y - W y and y + W y, thirds of the last axis."""
        plain, less, more = np.split(three, 3, axis=-1)
        known = np.isfinite(plain)
        less, more = np.where(known, less, 0.0), np.where(known, more, 0.0)
        base = np.where(known, plain, 0.0)
        return cls(plain, (more - less) / 4, (less + more) / 2 - base)

    def __call__(self, rho: FloatArray | float) -> FloatArray:
        """Return the sums at rho."""
        return np.asarray(np.maximum(self.a - 2 * self.b * rho + self.c * rho**2, 0.0))

    def least(self, penalty: Penalty) -> tuple[FloatArray, FloatArray]:
        """Return the least S(rho) times the penalty over rho, and that rho, each of the shape of the arrays."""
        coarse = penalty.coarse()
        factor = penalty(coarse)
        at = np.zeros(self.a.shape, dtype=np.intp)
        found = np.full(self.a.shape, np.inf)
        for k, (rho, f) in enumerate(zip(coarse, factor, strict=True)):
            value = self(float(rho)) * f
            better = value < found
            found, at = np.where(better, value, found), np.where(better, k, at)
        return self.near(penalty, coarse, at)

    def near(self, penalty: Penalty, coarse: FloatArray, at: npt.NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
        """Return the least of S(rho) times the penalty between the values beside the places `at`, and that rho."""
        low, high = penalty.interval
        ends = np.concatenate([[low], coarse, [high]])
        left, right = ends[at], ends[at + 2]
        # Inside, so that no logarithm is of zero; the second turn is between the points beside the best of the first.
        steps = (np.arange(FINE) + 0.5) / FINE
        for _ in range(2):
            rho = left[..., None] + (right - left)[..., None] * steps
            value = (self.a[..., None] - 2 * self.b[..., None] * rho + self.c[..., None] * rho**2) * penalty(rho)
            place = np.clip(value.argmin(axis=-1), 1, FINE - 2)[..., None]
            middle = np.take_along_axis(rho, place, axis=-1)[..., 0]
            step = (right - left) / FINE
            left, right = middle - step, middle + step
        below, here, above = (np.take_along_axis(value, place + k, axis=-1)[..., 0] for k in (-1, 0, 1))
        with np.errstate(invalid="ignore", divide="ignore"):
            move = np.where(np.isfinite(here), 0.5 * (below - above) / (below - 2 * here + above), 0.0)
        best = middle + np.clip(np.nan_to_num(move), -1.0, 1.0) * step
        return self(best) * penalty(best), np.asarray(best)
