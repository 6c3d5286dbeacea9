"""Maximise the concentrated likelihood over rho and lambda in their whole admissible intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.optimize as so

from spatialconv._core.likelihood import Point, Problem
from spatialconv._core.logdet import LogDet

FloatArray = npt.NDArray[np.float64]

# Starting points on each free axis. The one-parameter likelihood may have several maxima where eigenvalues
# are complex or regressors are near-collinear; the two-parameter one commonly has two (rho and lambda trade
# places), so that a single start is not enough.
GRID_ONE, GRID_TWO = 40, 9
# Distance to the bound, as a share of the interval's width, within which an optimum counts as on the bound.
EDGE = 1e-5
# The search stops this share of the width before a bound: closer, the filter (I - lambda M) removes the
# constant of a row-standardised M up to rounding.
MARGIN = 1e-6


@dataclass(frozen=True)
class Optimum:
    """Where the maximum is and how surely: the gradient there, evaluations, and whether it sits on a bound."""

    point: Point
    gradient_norm: float
    n_eval: int
    at_bound: tuple[str, ...]


class _Counted:
    """The likelihood as a function of the free parameters only, counting its evaluations."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.free = [k for k, d in enumerate((problem.logdet_w, problem.logdet_m)) if d is not None]
        self.bounds = [finite_interval(d) for d in (problem.logdet_w, problem.logdet_m) if d is not None]
        self.n_eval = 0

    def point(self, theta: FloatArray | list[float]) -> Point:
        full = [0.0, 0.0]
        for place, value in zip(self.free, theta, strict=True):
            full[place] = float(value)
        self.n_eval += 1
        return self.problem.at(*full)

    def slope(self, theta: FloatArray | list[float]) -> FloatArray:
        return self.point(theta).gradient[self.free]

    def negative(self, theta: FloatArray) -> tuple[float, FloatArray]:
        point = self.point(theta)
        return -point.loglik, -point.gradient[self.free]


def finite_interval(logdet: LogDet) -> tuple[float, float]:
    """Return the admissible interval with an open margin; an unbounded side is cut at one thousand."""
    low, high = (np.clip(bound, -1e3, 1e3) for bound in logdet.interval)
    margin = MARGIN * (high - low)
    return float(low + margin), float(high - margin)


def maximise(problem: Problem) -> Optimum:
    """Return the global maximum of the concentrated log-likelihood."""
    f = _Counted(problem)
    if not f.free:
        point = f.point([])
        return Optimum(point, 0.0, f.n_eval, ())
    theta = _one(f) if len(f.free) == 1 else _two(f)
    point = f.point(theta)
    edge = _on_edge(f, theta)
    gradient = point.gradient[f.free]
    return Optimum(point, float(np.abs(gradient).max()), f.n_eval, edge)


def _one(f: _Counted) -> FloatArray:
    """Bracket every stationary maximum by the sign of the slope and solve for its root; take the best."""
    low, high = f.bounds[0]
    grid = _grid(low, high, GRID_ONE)
    slopes = np.array([f.slope([g])[0] for g in grid])
    peaks = np.flatnonzero((slopes[:-1] > 0) & (slopes[1:] <= 0))
    found = [so.brentq(lambda r: f.slope([r])[0], grid[k], grid[k + 1], xtol=1e-14, rtol=1e-14) for k in peaks]
    if slopes[0] < 0:
        found.append(low)
    if slopes[-1] > 0:
        found.append(high)
    best = max(found, key=lambda r: f.point([r]).loglik)
    return np.array([best])


def _two(f: _Counted) -> FloatArray:
    """Climb from the best nodes of a grid, then polish by Newton steps on the analytic gradient."""
    axes = [_grid(low, high, GRID_TWO) for low, high in f.bounds]
    nodes = [(f.point([a, b]).loglik, (a, b)) for a in axes[0] for b in axes[1]]
    starts = [start for _, start in sorted(nodes, reverse=True)[:8]]
    climbed = [so.minimize(f.negative, start, jac=True, method="L-BFGS-B", bounds=f.bounds) for start in starts]
    best = min(climbed, key=lambda result: result.fun)
    return _newton(f, np.asarray(best.x, dtype=float))


def _newton(f: _Counted, theta: FloatArray) -> FloatArray:
    for _ in range(12):
        slope = f.slope(theta)
        step = 1e-5
        hessian = np.array([(f.slope(theta + step * e) - f.slope(theta - step * e)) / (2 * step) for e in np.eye(2)])
        if np.linalg.eigvalsh((hessian + hessian.T) / 2).max() >= 0:
            return theta
        move = np.linalg.solve(hessian, -slope)
        candidate = theta + move
        inside = all(low < c < high for c, (low, high) in zip(candidate, f.bounds, strict=True))
        if not inside or f.point(candidate).loglik < f.point(theta).loglik - 1e-9:
            return theta
        theta = candidate
        if np.abs(move).max() < 1e-13:
            return theta
    return theta


def _grid(low: float, high: float, nodes: int) -> FloatArray:
    """Chebyshev-spaced nodes: dense at the bounds, where the log-determinant bends most."""
    angle = np.linspace(np.pi, 0, nodes)
    return low + (high - low) * (1 + np.cos(angle)) / 2


def _on_edge(f: _Counted, theta: FloatArray) -> tuple[str, ...]:
    names = [("rho", "lambda")[k] for k in f.free]
    hit = []
    for name, value, (low, high) in zip(names, theta, f.bounds, strict=True):
        if min(value - low, high - value) <= EDGE * (high - low):
            hit.append(name)
    return tuple(hit)
