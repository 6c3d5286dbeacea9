"""Maximise the concentrated likelihood over rho, lambda (whole admissible intervals) and the random effects' tau."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import scipy.optimize as so
from scipy.ndimage import maximum_filter

from spatialconv._core.likelihood.likelihood import Point
from spatialconv._core.likelihood.logdet import NARROW, ROUGH, LogDet

FloatArray = npt.NDArray[np.float64]

# Starting points on each free axis. The one-parameter likelihood may have several maxima where eigenvalues
# are complex or regressors are near-collinear; the two-parameter one commonly has two (rho and lambda trade
# places), so that a single start is not enough. Values on a grid cost little, climbs from its peaks more.
GRID_ONE, GRID_TWO, GRID_THREE = 40, 31, 15
STARTS, NEWTON = 8, 20
# The same on each of two axes where every value sweeps effects and missing outcomes out anew (`_core/stacked`).
GRID_COSTLY = 11
# Derivatives are differences over this share of the way to the nearer end; a step that leads downwards is halved so
# often at most.
DIFFERENCE, HALVED = 1e-5, 20
# The least curvature, as a share of the greatest, that is told from rounding.
LEAST_BENT = 1e-14
# psi = log tau with tau = 1 / (1 + T phi): from phi = 0 to a variance of the random effects so large that the
# fit is that of fixed effects.
PSI = (-16.0, 0.0)
# Distance to the bound, as a share of the interval's width, within which an optimum counts as on the bound.
EDGE = 1e-5
# The same where the bound is only guaranteed to be admissible: a coarse interpolation ends a thousandth before it.
CLOSE = 2e-3
# rho and lambda this close to opposite ends, as a share of these, with this share of the variance that there is without
# them, cancel one another: the likelihood has no maximum but a limit, along which the search stops somewhere.
CORNER = 1e-2
# A slope of less than this an observation is rounding: the likelihood is level.
FLAT = 1e-9
# The search stops this share of the width before a bound: closer, the filter (I - lambda M) removes the
# constant of a row-standardised M up to rounding.
MARGIN = 1e-6
# How often a window may be moved because the optimum left it.
MOVED = 40


class Surface(Protocol):
    """A likelihood, concentrated in all but rho, lambda and psi; None stands for a log-determinant of what is fixed."""

    @property
    def logdet_w(self) -> LogDet | None:
        """The log-determinant of rho."""
        ...

    @property
    def logdet_m(self) -> LogDet | None:
        """The log-determinant of lambda."""
        ...

    @property
    def random(self) -> bool:
        """Whether psi is free."""
        ...

    @property
    def dof(self) -> int:
        """What the sum of squares is divided by."""
        ...

    def with_logdets(self, logdet_w: LogDet | None, logdet_m: LogDet | None) -> Surface:
        """Return the same with other log-determinants."""
        ...

    def at(self, rho: float, lam: float, psi: float = 0.0) -> Point:
        """Return a point with its gradient."""
        ...

    def logliks(self, rho: FloatArray, lam: FloatArray, psi: FloatArray) -> FloatArray:
        """Return the log-likelihood at G points at once, shape (G,) each."""
        ...

    def along(self, axis: int) -> Callable[[Any], Any]:
        """Return the slope in one of the three with the others at zero."""
        ...


@dataclass(frozen=True)
class Optimum:
    """Where the maximum is and how surely: the gradient there, evaluations, and whether it sits on a bound.

    `flat` says that the likelihood does not depend on the coefficient at all, so that the point is any point;
    `settled` that the point stayed where it was when the log-determinant became finer around it; `corner` that rho and
    lambda run to opposite ends and the variance to zero, which puts both into `at_bound`.
    """

    point: Point
    gradient_norm: float
    n_eval: int
    at_bound: tuple[str, ...]
    logdet_w: LogDet | None
    logdet_m: LogDet | None
    flat: bool = False
    settled: bool = True
    corner: bool = False


class _Counted:
    """The likelihood as a function of the free parameters only, counting its evaluations."""

    def __init__(self, problem: Surface, n_eval: int = 0) -> None:
        self.problem = problem
        logdets = (problem.logdet_w, problem.logdet_m)
        self.free = [k for k, d in enumerate(logdets) if d is not None]
        self.bounds = [search_window(d) for d in logdets if d is not None]
        # What a length is measured by: intervals may be a thousandth wide, or thousands.
        self.units = np.array(
            [min(_reaches(d.interval)) / 2 for d in logdets if d is not None] + [1.0] * problem.random
        )
        if problem.random:
            self.free.append(2)
            self.bounds.append(PSI)
        self.n_eval = n_eval
        self.flat = False
        self.settled = True
        self.theta = np.empty(0)

    def search(self) -> None:
        """Set theta to the maximum within the bounds."""
        if self.free:
            self.theta = _one(self) if len(self.free) == 1 else _many(self)

    def point(self, theta: FloatArray | list[float]) -> Point:
        full = [0.0, 0.0, 0.0]
        for place, value in zip(self.free, theta, strict=True):
            full[place] = float(value)
        self.n_eval += 1
        return self.problem.at(*full)

    def values(self, theta: FloatArray) -> FloatArray:
        """Return the log-likelihood at many points at once; theta has shape (..., free parameters)."""
        flat = theta.reshape(-1, len(self.free))
        full = np.zeros((len(flat), 3))
        full[:, self.free] = flat
        self.n_eval += len(flat)
        return self.problem.logliks(*full.T).reshape(theta.shape[:-1])

    def slope(self, theta: FloatArray | list[float]) -> FloatArray:
        return self.point(theta).gradient[self.free]

    def negative(self, scaled: FloatArray) -> tuple[float, FloatArray]:
        """Return minus the log-likelihood and its slope at parameters over their units."""
        point = self.point(scaled * self.units)
        return -point.loglik, -point.gradient[self.free] * self.units


def search_window(logdet: LogDet) -> tuple[float, float]:
    """Return where rho may be: the window of the log-determinant, a margin off the ends of its interval."""
    low, high = off_ends(logdet.interval)
    return max(low, logdet.window[0]), min(high, logdet.window[1])


def off_ends(ends: tuple[float, float]) -> tuple[float, float]:
    """Return the interval without a margin at either end, on which the filter is singular."""
    below, above = (MARGIN * reach for reach in _reaches(ends))
    return ends[0] + below, ends[1] - above


def _reaches(ends: tuple[float, float]) -> tuple[float, float]:
    """Return what lengths near either end are measured by: the width, or twice the way to zero where that is less.

    An interval like (-5000, 1) is not as coarse at 1 as it is wide.
    """
    width = ends[1] - ends[0]
    # The end of psi is zero itself.
    below, above = (min(width, 2 * abs(end)) if end != 0 else width for end in ends)
    return below, above


def maximise(problem: Surface) -> Optimum:
    """Return the global maximum of the concentrated log-likelihood.

    Where the log-determinant is interpolated, the maximum of the coarse interpolation is refined by finer ones
    around it until it stays put; where it runs into an end that is only guaranteed, the exact one is taken.
    `settled` is False where it does not stay put.
    """
    start = _with(problem, [d.whole() for d in _logdets(problem)])
    f = _refined(_Counted(start))
    if _beyond_guarantee(f):
        f = _refined(_Counted(_with(start, [d.widened() for d in _logdets(start)]), f.n_eval))
    point = f.point(f.theta)
    norm = float(np.abs(point.gradient[f.free]).max(initial=0.0))
    cornered = in_corner(point, lambda: f.problem.at(0.0, 0.0, point.psi).sse, f.problem.logdet_w, f.problem.logdet_m)
    bound = both_at_bound(_at_bound(f)) if cornered else _at_bound(f)
    return Optimum(
        point, norm, f.n_eval, bound, f.problem.logdet_w, f.problem.logdet_m, f.flat, f.settled, corner=cornered
    )


def in_corner(point: Point, plain: Callable[[], float], logdet_w: LogDet | None, logdet_m: LogDet | None) -> bool:
    """Whether rho and lambda run to opposite ends and cancel; `plain` gives the sum of squares without either.

    It is asked for only where they do: models with one spatial term, and most with two, have no corner to look for.
    """
    if logdet_w is None or logdet_m is None or point.rho * point.lam >= 0:
        return False
    shares = [
        value / (ends[1] if value > 0 else ends[0])
        for value, ends in ((point.rho, logdet_w.interval), (point.lam, logdet_m.interval))
    ]
    return min(shares) > 1 - CORNER and point.sse < CORNER * plain()


def both_at_bound(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of what is on a bound, rho and lambda among them."""
    return ("rho", "lambda", *(name for name in names if name == "phi"))


def _logdets(problem: Surface) -> list[LogDet]:
    return [d for d in (problem.logdet_w, problem.logdet_m) if d is not None]


def _with(problem: Surface, logdets: list[LogDet]) -> Surface:
    left = iter(logdets)
    w = next(left) if problem.logdet_w is not None else None
    m = next(left) if problem.logdet_m is not None else None
    return problem.with_logdets(w, m)


def _refined(f: _Counted) -> _Counted:
    """Search, with log-determinants that are better around each optimum found, until it lies in a narrow window.

    An optimum that leaves its window is looked for around the place where it left, in a window four times as wide.
    """
    f.search()
    half_width = 0.0
    for _ in range(MOVED):
        if f.flat or _beyond_guarantee(f):
            return f
        # strict=False: theta may end with psi, which has no log-determinant.
        pairs = list(zip(_logdets(f.problem), f.theta, strict=False))
        finer = [d.around(at, half_width) if half_width else d.nearer(at) for d, at in pairs]
        if all(a is b for a, (b, _) in zip(finer, pairs, strict=True)):
            return f
        f = _Counted(_with(f.problem, finer), f.n_eval)
        f.search()
        settled = all(_settled(at, d) for at, d in zip(f.theta, finer, strict=False))
        if settled and half_width == NARROW:
            return f
        half_width = NARROW if settled else 4 * (half_width or ROUGH)
    f.settled = False
    return f


def _settled(at: float, logdet: LogDet) -> bool:
    """Whether the optimum lies inside its window, or on the bound of the interval."""
    low, high = search_window(logdet)
    ends = logdet.interval
    return low < at < high or any(near_ends(at, ends))


def _one(f: _Counted) -> FloatArray:
    """Bracket every stationary maximum by the sign of the slope and solve for its root; take the best."""
    low, high = f.bounds[0]
    grid = _coarse_axis(f, 0) if getattr(f.problem, "costly", False) else _axis(f, 0, GRID_ONE)
    slope = f.problem.along(f.free[0])
    slopes = slope(grid)
    f.flat = bool(np.median(np.abs(slopes)) <= FLAT * f.problem.dof)
    peaks = np.flatnonzero((slopes[:-1] > 0) & (slopes[1:] <= 0))
    found = []
    for k in peaks:
        root, how = so.brentq(slope, grid[k], grid[k + 1], xtol=1e-14, rtol=1e-14, full_output=True)
        f.n_eval += how.function_calls
        found.append(root)
    f.n_eval += len(grid)
    if slopes[0] < 0:
        found.append(low)
    if slopes[-1] > 0:
        found.append(high)
    best = found[0] if len(found) == 1 else max(found, key=lambda r: f.point([r]).loglik)
    return np.array([best])


def _many(f: _Counted) -> FloatArray:
    """Climb from the peaks of a grid, then polish by Newton steps on the analytic gradient."""
    if getattr(f.problem, "costly", False):
        axes = [_coarse_axis(f, k) for k in range(len(f.free))]
    else:
        axes = [_axis(f, k, GRID_TWO if len(f.free) == 2 else GRID_THREE) for k in range(len(f.free))]
    values = np.nan_to_num(f.values(np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)), nan=-np.inf)
    peaks = np.argwhere(values == maximum_filter(values, size=3, mode="nearest"))
    highest = peaks[np.argsort(-values[tuple(peaks.T)], kind="stable")][:STARTS]
    starts = [np.array([axis[k] for axis, k in zip(axes, peak, strict=True)]) for peak in highest]
    bounds = [(low / unit, high / unit) for (low, high), unit in zip(f.bounds, f.units, strict=True)]
    climbed = [so.minimize(f.negative, s / f.units, jac=True, method="L-BFGS-B", bounds=bounds) for s in starts]
    best = min(climbed, key=lambda result: result.fun)
    low, high = np.array(f.bounds).T
    return _newton(f, np.clip(best.x * f.units, low, high))


def _newton(f: _Counted, theta: FloatArray) -> FloatArray:
    """Move to where the slope vanishes; what would leave its bounds stops on them, and may come back."""
    low, high = np.array(f.bounds).T
    # Differences are taken inside the bounds: beyond, the log-determinant may not exist.
    sizes = np.minimum(DIFFERENCE * f.units, 0.25 * (high - low))
    best = f.point(theta)
    for _ in range(NEWTON):
        slope = best.gradient[f.free] * f.units
        hessian = _curvature(f, np.clip(theta, low + sizes, high - sizes), sizes) * np.outer(f.units, f.units)
        step = f.units * _step(slope, hessian, theta <= low, theta >= high)
        room = np.where(step > 0, high - theta, theta - low)
        share = np.where(np.abs(step) > room, room / np.where(step == 0, 1.0, np.abs(step)), 1.0)
        # As far as the first bound: the whole step, cut off coefficient by coefficient, need not lead upwards.
        first = int(share.argmin())
        stop = None if share[first] == 1 else first
        for halved in range(HALVED):
            candidate = theta + 0.5**halved * share.min() * step
            if stop is not None and halved == 0:
                candidate[stop] = high[stop] if step[stop] > 0 else low[stop]
            found = f.point(candidate)
            if found.loglik >= best.loglik - 1e-9:
                break
        else:
            return theta
        moved, theta, best = np.abs((candidate - theta) / f.units).max(), candidate, found
        if moved < 1e-13:
            return theta
    return theta


def _curvature(f: _Counted, at: FloatArray, sizes: FloatArray) -> FloatArray:
    """Return the second derivatives by central differences of the gradient."""
    columns = [(f.slope(at + e) - f.slope(at - e)) / (2 * e.max()) for e in np.diag(sizes)]
    return np.asarray((np.array(columns) + np.array(columns).T) / 2)


def _step(
    slope: FloatArray, hessian: FloatArray, lowest: npt.NDArray[np.bool_], highest: npt.NDArray[np.bool_]
) -> FloatArray:
    """Return Newton's step in the coefficients that it does not push out of their bounds; zero where there is none.

    Where the likelihood is not concave its curvatures count by their size, so that the step leads upwards.
    """
    free = ~((lowest & (slope <= 0)) | (highest & (slope >= 0)))
    step = np.zeros_like(slope)
    while free.any():
        roots, vectors = np.linalg.eigh(hessian[np.ix_(free, free)])
        size = np.maximum(np.abs(roots), LEAST_BENT * np.abs(roots).max())
        step[free] = vectors @ ((vectors.T @ slope[free]) / np.where(size > 0, size, 1.0))
        pushed = free & ((lowest & (step < 0)) | (highest & (step > 0)))
        if not pushed.any():
            return step
        free &= ~pushed
        step[:] = 0.0
    return step


def _coarse_axis(f: _Counted, place: int) -> FloatArray:
    """Return few starting points of rho or lambda: over the interval, and within the inverse spectral radius."""
    low, high = f.bounds[place]
    radius = np.abs(_logdets(f.problem)[place].roots).max(initial=0.0)
    wide = radius > 0 and high - low > 3 / radius
    inner = [_grid(max(low, -1 / radius), min(high, 1 / radius), GRID_COSTLY)] if wide else []
    return np.unique(np.concatenate([_grid(low, high, GRID_COSTLY), *inner]))


def _axis(f: _Counted, place: int, nodes: int) -> FloatArray:
    """Return the starting points of one free parameter: of the log-variance evenly, of rho and lambda by W."""
    low, high = f.bounds[place]
    logdets = _logdets(f.problem)
    if place >= len(logdets):
        return _grid(low, high, nodes)
    return nodes_along(low, high, nodes, logdets[place].roots)


def nodes_along(low: float, high: float, nodes: int, roots: npt.NDArray[np.complex128]) -> FloatArray:
    """Return nodes over all of an interval that follow the eigenvalues of W, where these are known.

    Within the inverse of the spectral radius nothing bends much but at its ends; beyond, the interval may be a
    thousand times as long, and the log-determinant bends at 1/w over a length of its imaginary part.
    """
    radius = np.abs(roots).max(initial=0.0)
    grid = [_grid(low, high, nodes)]
    if radius == 0:
        return grid[0]
    inner = max(low, -1 / radius), min(high, 1 / radius)
    if high - low > 1.5 * (inner[1] - inner[0]):
        grid.append(_grid(*inner, nodes))
        for end in (low, high):
            decades = np.log10(max(abs(end) * radius, 1.0))
            grid.append(np.sign(end) * np.geomspace(1 / radius, max(abs(end), 1 / radius), int(nodes * decades) + 1))
    # Where regressors and effects explain what a filter at its end leaves, a maximum may lie next to that end.
    close = np.geomspace(1e-6, 1e-2, 9)
    grid.extend((low + close * abs(low), high - close * abs(high)))
    poles = 1 / roots[(roots.imag > 0) & (np.abs(roots) > 1e-8 * radius)]
    poles = poles[(poles.real > low) & (poles.real < high)]
    # Wide ones are seen by the other nodes.
    poles = poles[np.abs(poles.imag) < 0.3 * np.abs(poles.real)]
    grid.extend(poles.real + reach * poles.imag for reach in (-3, -1, -0.3, 0.3, 1, 3))
    found = np.unique(np.concatenate(grid))
    return np.asarray(found[(found >= low) & (found <= high)])


def _grid(low: float, high: float, nodes: int) -> FloatArray:
    """Chebyshev-spaced nodes: dense at the bounds, where the log-determinant bends most."""
    angle = np.linspace(np.pi, 0, nodes)
    return low + (high - low) * (1 + np.cos(angle)) / 2


def near_ends(value: float, ends: tuple[float, float]) -> tuple[bool, bool]:
    """Whether a value counts as on the lower and on the upper end."""
    below, above = (EDGE * reach for reach in _reaches(ends))
    return value - ends[0] <= below, ends[1] - value <= above


def _beyond_guarantee(f: _Counted) -> bool:
    """Whether the optimum runs into an end that is guaranteed to be admissible, but not known to be the last."""
    for value, logdet in zip(f.theta, _logdets(f.problem), strict=False):
        low, high = logdet.interval
        near = value - low <= CLOSE * (high - low), high - value <= CLOSE * (high - low)
        if any(at and not sure for at, sure in zip(near, logdet.exact, strict=True)):
            return True
    return False


def _at_bound(f: _Counted) -> tuple[str, ...]:
    """Name the parameters on a bound; tau = 1, no random effects at all, counts as phi on its bound."""
    ends = [*(d.interval for d in _logdets(f.problem)), PSI][: len(f.theta)]
    named = zip([("rho", "lambda", "phi")[k] for k in f.free], f.theta, ends, strict=True)
    return tuple(name for name, value, (low, high) in named if any(near_ends(value, (low, high))))
