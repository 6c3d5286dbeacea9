"""A value of beta imposed on a short panel: statistics of the sample, and of panels drawn anew under it.

Drawn anew by rotation of each region's residuals. For the score the regions' means of h stay as estimated, for F and
the likelihood ratio they are rotated too; for the latter lengths are drawn as well, and means then spread out as drifts
spread them in the sample. Statistics of all draws, rho among them, are computed as those of the sample are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicHermiteSpline, CubicSpline

from spatialconv._core.few_periods.exact import exact, steady
from spatialconv._core.few_periods.likelihood import LogDet, Peak, Products, drift_ratio, peak, products, quadratic
from spatialconv._core.few_periods.rotation import rotated, rotated_within, variances
from spatialconv._core.few_periods.sample import Sample, rebuild
from spatialconv._core.few_periods.scores import regional, traces

FloatArray = npt.NDArray[np.float64]

# Points of rho, rounds that close in on a zero at most, and how closely.
RHOS, HALVINGS, CLOSE = 61, 40, 1e-10
# Step of the slopes in rho; values of rho nearer than this are one, others are interpolated from so many.
STEP, NARROW, NODES = 1e-6, 1e-9, 25
# Numbers of inverses held at once.
HELD = 4_000_000
# Relative error of a sum of squares from which on its data set is beyond double precision.
LOST = 1e-4


@dataclass(frozen=True, eq=False)
class Imposed:
    """What a value of beta implies for all data sets: adjustments of the scores of beta and rho as functions of rho.

    `adjust` interpolates both from their values and slopes: where W's eigenvalue is near 1 / rho they are powers of
    huge numbers, which a spline that joins all values would carry to every rho.
    """

    sample: Sample
    b: float
    rhos: FloatArray
    of_rho: FloatArray
    adjust: CubicHermiteSpline | None

    @classmethod
    def on(cls, sample: Sample, b: float) -> Imposed:
        """Set up the value b of a span."""
        return cls.on_each(sample, np.array([b]))[0]

    @classmethod
    def on_each(cls, sample: Sample, bs: FloatArray) -> list[Imposed]:
        """Set up several values of b."""
        if sample.W is None:
            found = traces(sample, bs, np.zeros(len(bs)))
            return [cls(sample, float(b), np.zeros(1), found.rho[[k]], None) for k, b in enumerate(bs)]
        low, high = sample.window()
        # Closer together towards the ends, where scores are steep.
        rhos = low + (high - low) * (1 - np.cos(np.linspace(0, np.pi, RHOS))) / 2
        at = np.concatenate([rhos, rhos + STEP, rhos - STEP])
        found = traces(sample, np.repeat(bs, len(at)), np.tile(at, len(bs)))
        every = np.stack([found.b, found.rho], axis=1).reshape(len(bs), 3, RHOS, 2)
        return [
            cls(sample, float(b), rhos, values[:, 1], CubicHermiteSpline(rhos, values, (above - below) / (2 * STEP)))
            for b, (values, above, below) in zip(bs, every, strict=True)
        ]

    def region_adjustments(self, rho: FloatArray) -> FloatArray:
        """Return c (B, N) at each rho, between the lowest and the highest of them from a few."""
        low, high = float(rho.min()), float(rho.max())
        if high - low < NARROW:
            return np.broadcast_to(regional(self.sample, self.b, rho[:1]).b, (len(rho), self.sample.N))
        nodes = np.linspace(low, high, NODES)
        return np.asarray(CubicSpline(nodes, regional(self.sample, self.b, nodes).b)(rho))

    def rho(self, known: Products) -> FloatArray:
        """Return where the adjusted score of rho at b falls through zero, of each data set, with the largest integral.

        Near the ends of its interval the adjustment for a beta above zero drowns the data, and the integral rises
        without bound: an end is taken only if the score falls through zero nowhere.
        """
        if self.adjust is None:
            return np.zeros(len(known.within))
        adjust = self.adjust
        own, cross, other = _parts(known.within, self.b)

        def psi(rho: FloatArray) -> FloatArray:
            total = own - 2 * rho * cross + rho**2 * other
            add = self.of_rho if rho is self.rhos else adjust(rho)[..., 1]
            return np.asarray(self.sample.dof_within * (cross - rho * other) / total + add)

        def slope(rho: FloatArray) -> FloatArray:
            total, first = own - 2 * rho * cross + rho**2 * other, cross - rho * other
            return np.asarray(self.sample.dof_within * (2 * first**2 / total - other) / total + adjust(rho, 1)[..., 1])

        on_grid = psi(self.rhos)
        areas = np.cumsum((on_grid[:, 1:] + on_grid[:, :-1]) / 2 * np.diff(self.rhos), axis=1)
        areas = np.concatenate([np.zeros((len(areas), 1)), areas], axis=1)
        falls = (on_grid[:, :-1] > 0) & (on_grid[:, 1:] <= 0)
        # Between the two points of a fall lies the maximum of the integral, higher than at both.
        at_fall = np.where(falls, np.maximum(areas[:, :-1], areas[:, 1:]), -np.inf).argmax(axis=1)
        end = np.where(areas.argmax(axis=1) == 0, 0, RHOS - 2)
        best = np.where(falls.any(axis=1), at_fall, end)
        low, high = self.rhos[best][:, None], self.rhos[best + 1][:, None]
        at = (low + high) / 2
        # Newton's method inside the bracket, halved where it would lead out of it.
        for _ in range(HALVINGS):
            here = psi(at)
            low, high = np.where(here > 0, at, low), np.where(here > 0, high, at)
            steep = slope(at)
            new = at - here / np.where(steep < 0, steep, -np.inf)
            new = np.where((new > low) & (new < high) & (steep < 0), new, (low + high) / 2)
            moved, at = float(np.abs(new - at).max()), new
            if moved < CLOSE:
                break
        return np.asarray(at[:, 0])


def _parts(within: FloatArray, b: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return sums of squares and products (B, 1) of growth less b times the level, and its lag."""
    c = np.array([1.0, 0.0, -b])
    own = np.einsum("i,bij,j->b", c, within, c)
    return own[:, None], (within[:, 1] @ c)[:, None], within[:, 1, 1][:, None]


def robust_score(imposed: Imposed, levels: FloatArray, rho: FloatArray) -> FloatArray:
    """Return the adjusted score of beta, robust to variances that differ by region, over its standard error (B,)."""
    sample, b = imposed.sample, imposed.b
    one_by_one = sample.W is not None and sample.triangle is None
    block = max(1, HELD // (sample.N**2 if one_by_one else sample.N * sample.T))
    c = imposed.region_adjustments(rho)
    found = []
    for start in range(0, len(levels), block):
        part = slice(start, start + block)
        made = sample.variables(levels[part])
        h = np.einsum("bv,bvtn->btn", sample.weights(b, rho[part]), made)
        e = sample.within(h)
        z = sample.within(steady(sample, h - e, b, rho[part]))
        squares = (e**2).sum(axis=1) / (sample.T - 1)
        psi = (made[:, -1] * e).sum(axis=1) + c[part] * squares
        found.append(psi.sum(axis=1) / np.sqrt(((z**2).sum(axis=1) * squares).sum(axis=1)))
    return np.concatenate(found)


class Statistics(NamedTuple):
    """Of data sets (B,) or the sample (1,): the robust score, F, and the signed root of the likelihood ratio."""

    score: FloatArray
    F: FloatArray
    root: FloatArray


class Normals(NamedTuple):
    """Normal numbers of the rotations (draws, T, N) and uniform ones of variances (draws, N), the same at every b."""

    score: FloatArray
    means: FloatArray
    uniform: FloatArray

    @classmethod
    def draw(cls, sample: Sample, draws: int, rng: np.random.Generator) -> Normals:
        """Draw them."""
        shape = (draws, sample.T, sample.N)
        return cls(rng.standard_normal(shape), rng.standard_normal(shape), rng.uniform(size=(draws, sample.N)))

    def first(self, draws: int) -> Normals:
        """Return those of the first draws."""
        return Normals(self.score[:draws], self.means[:draws], self.uniform[:draws])


class Outcome(NamedTuple):
    """Statistics of the sample and of its draws at b, with the rho from which they were drawn, and u / w.

    `lost` is the share of draws whose likelihood ratio a normal one stands in for.
    """

    b: float
    rho: float
    here: Statistics
    drawn: Statistics
    ratio: float
    lost: float


def log_determinant(sample: Sample) -> LogDet:
    """Return log|I - rho W| as a function of rho, zero without W."""
    if sample.W is None:
        return lambda rho, *_: np.zeros_like(rho)
    rhos = np.linspace(*sample.window(), 8 * RHOS)
    found: LogDet = CubicSpline(rhos, np.log(np.abs(1 - rhos[:, None] * sample.eigenvalues)).sum(axis=1))
    return found


class Setup(NamedTuple):
    """What does not depend on the beta that is imposed: log-determinant, the sample's products and its best fit."""

    sample: Sample
    logdet: LogDet
    known: Products
    best: Peak

    @classmethod
    def of(cls, sample: Sample) -> Setup:
        """Set up a sample."""
        logdet, known = log_determinant(sample), products(sample, sample.levels[None])
        return cls(sample, logdet, known, peak(sample, known, logdet))

    def root(self, known: Products, b: float, best: Peak | None = None) -> FloatArray:
        """Return the signed roots of the likelihood ratios of b (B,)."""
        top = peak(self.sample, known, self.logdet) if best is None else best
        below = peak(self.sample, known, self.logdet, b)
        return np.asarray(np.sign(top.b - b) * np.sqrt(np.maximum(2 * (top.value - below.value), 0.0)))


def statistics(setup: Setup, b: float, imposed: Imposed | None = None) -> Statistics:
    """Return the statistics of the sample at b, rho estimated under it."""
    sample = setup.sample
    given = Imposed.on(sample, b) if imposed is None else imposed
    own, rho = sample.levels[None], given.rho(setup.known)
    F = exact(sample, own, b, float(rho[0])).F
    return Statistics(robust_score(given, own, rho), F, setup.root(setup.known, b, setup.best))


def outcome(setup: Setup, b: float, normals: Normals, rho: float | None = None) -> Outcome:
    """Impose b on the sample, and draw anew from rho as estimated under b, or as given."""
    sample = setup.sample
    imposed = Imposed.on(sample, b)
    at = float(imposed.rho(setup.known)[0]) if rho is None else rho
    here = statistics(setup, b, imposed)
    h = sample.h(b, at)
    e, means = sample.within(h), sample.between(h)
    fixed = h - e
    given = rebuild(sample, fixed + rotated_within(sample, e, normals.score), b, at)
    score = robust_score(imposed, given, imposed.rho(products(sample, given)))
    ratio = float(drift_ratio(sample, setup.known, b, np.array([at]))[0])
    level = fixed - means / np.sqrt(sample.T)
    inside, across = rotated(sample, e, means, normals.means)
    equal = rebuild(sample, level + inside + across[:, None] / np.sqrt(sample.T), b, at)
    known = products(sample, equal)
    F = _ratio(sample, known, b, imposed.rho(known))
    alike = means / np.sqrt(ratio)
    lengths = variances(sample, e, alike).draw(normals.uniform)
    inside, across = rotated(sample, e, alike, normals.means, np.sqrt(lengths))
    spread = np.sqrt(ratio / sample.T) * across[:, None]
    known = products(sample, rebuild(sample, level + inside + spread, b, at))
    lost = _lost(sample, known, inside, b, at)
    drawn = Statistics(score, F, np.where(lost, normals.means[:, 0, 0], setup.root(known, b)))
    return Outcome(b, at, here, drawn, ratio, float(lost.mean()))


def _lost(sample: Sample, known: Products, inside: FloatArray, b: float, rho: float) -> npt.NDArray[np.bool_]:
    """Whether levels of a data set (B,) have exploded beyond what double precision holds of its residuals.

    Under a beta far above zero, or a rho at the end of its interval, residuals are differences of numbers so large that
    nothing is left of them, and their likelihood ratio is noise of any size. Their sum of squares is known: it is what
    was drawn. The more levels explode the more they tell of beta, and the nearer is the root to its normal limit, which
    stands in for it there.
    """
    found = quadratic(sample, known.within, np.full((len(inside), 1), b), np.full((len(inside), 1), rho))[:, 0]
    drawn = (sample.within(inside) ** 2).sum(axis=(1, 2))
    with np.errstate(invalid="ignore"):
        return np.asarray(~(np.abs(found - drawn) <= LOST * drawn))


def _ratio(sample: Sample, known: Products, b: float, rho: FloatArray) -> FloatArray:
    """Return F of each data set (B,), not held at one."""
    c = sample.weights(b, rho)
    u, w = (np.einsum("bi,bij,bj->b", c, part, c) for part in (known.between, known.within))
    return np.asarray(u / sample.dof_between / (w / sample.dof_within))
