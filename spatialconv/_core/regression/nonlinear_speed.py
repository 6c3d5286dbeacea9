"""Nonlinear least squares of the growth regression in the speed of convergence itself.

    y[t] = x[t] gamma + b(s, h[t]) v[t] + e[t],    b(s, h) = -(1 - exp(-s h)) / h

(Barro and Sala-i-Martin 1992, eq. 1). Given the speed s the rest is linear, so that s alone is searched: with y and
the initial levels of every span freed of x, the sum of squares is a quadratic form in b(s, h) whose matrix is
computed once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from spatialconv._core.regression.least_squares import basis

FloatArray = npt.NDArray[np.float64]

# The speed is searched in units of 1 / h: exp(30) of a gap, or nothing of it, is left after one span.
REACH = (-6.0, 30.0)
POINTS = 721
RESOLUTION = 1e-14


class Profile(NamedTuple):
    """Sum of squares as a function of the speed: total - 2 b'cross + b'gram b, b of shape (T,), spans h (T,)."""

    total: float
    cross: FloatArray
    gram: FloatArray
    h: FloatArray

    def __repr__(self) -> str:
        return f"Profile(total={self.total:.6g}, {len(self.h)} spans)"

    def slopes(self, speed: float) -> FloatArray:
        """Return b(s, h) of every span, shape (T,)."""
        return np.asarray(np.expm1(-speed * self.h) / self.h)

    def sse(self, speed: float) -> float:
        """Return the sum of squares with all but the speed at its best."""
        b = self.slopes(speed)
        return float(self.total - 2 * b @ self.cross + b @ self.gram @ b)

    def slope_of_sse(self, speed: float) -> float:
        """Return d SSE / d s, with d b / d s = -exp(-s h)."""
        return float(-2 * np.exp(-speed * self.h) @ (self.gram @ self.slopes(speed) - self.cross))

    @property
    def limits(self) -> tuple[float, float]:
        """Where the speed is searched."""
        shortest = float(self.h.min())
        return REACH[0] / float(self.h.max()), REACH[1] / shortest


def profile(y: FloatArray, level: FloatArray, X: FloatArray, h: FloatArray) -> Profile:
    """Reduce growth and initial level, (T, N), and regressors, (T, N, K), to what the search needs."""
    T, N = y.shape
    apart = np.zeros((T, N, T))
    apart[np.arange(T), :, np.arange(T)] = level
    both = np.concatenate([y[:, :, None], apart], axis=2).reshape(T * N, T + 1)
    if X.shape[2]:
        Q = basis(X.reshape(T * N, -1)).Q
        both = both - Q @ (Q.T @ both)
    gram = both.T @ both
    return Profile(float(gram[0, 0]), gram[0, 1:], gram[1:, 1:], h)


def best_speed(of: Profile) -> tuple[float, bool]:
    """Return the speed with the least sum of squares, and whether it is an inner minimum.

    It is none where the sum still falls towards an infinite speed: the linear slope lies below -1 / h.
    """
    grid = np.linspace(*of.limits, POINTS)
    slopes = np.array([of.slope_of_sse(s) for s in grid])
    starts = np.flatnonzero((slopes[:-1] < 0) & (slopes[1:] >= 0))
    if not len(starts):
        return float(grid[int(np.argmin([of.sse(s) for s in grid]))]), False
    roots = [float(optimize.brentq(of.slope_of_sse, grid[k], grid[k + 1], xtol=RESOLUTION)) for k in starts]
    best = min(roots, key=of.sse)
    return best, of.sse(best) <= min(of.sse(grid[0]), of.sse(grid[-1]))


def gradient(level: FloatArray, X: FloatArray, speed: float, h: FloatArray) -> FloatArray:
    """Return d mean / d (gamma, s), shape (T N, K + 1)."""
    T, N, K = X.shape
    of_speed = -np.exp(-speed * h)[:, None] * level
    return np.concatenate([X, of_speed[:, :, None]], axis=2).reshape(T * N, K + 1)


def profile_interval(of: Profile, best: float, df: int, level: float) -> tuple[float, float]:
    """Return the speeds that an F test of the sum of squares does not reject; an end may be infinite.

    {s: SSE(s) <= SSE(best) (1 + F(level; 1, df) / df)} (Bates and Watts 1988, section 6.1), the connected part around
    the estimate.
    """
    least = of.sse(best)
    top = least * (1 + float(stats.f.ppf(level, 1, df)) / df)

    def excess(speed: float) -> float:
        return of.sse(speed) - top

    ends = []
    for limit, beyond in zip(of.limits, (-np.inf, np.inf), strict=True):
        path = np.linspace(best, limit, POINTS)
        out = np.flatnonzero(np.array([excess(s) for s in path]) > 0)
        if not len(out):
            ends.append(float(beyond))
            continue
        ends.append(float(optimize.brentq(excess, path[out[0] - 1], path[out[0]], xtol=RESOLUTION)))
    return ends[0], ends[1]
