"""Estimates from adjusted quasi scores: the beta and rho at which they are zero (Yang 2018; Dhaene and Jochmans 2016).

    psi_b(b, rho) = 0,    psi_rho(b, rho) = 0

As scores of a concentrated likelihood whose maximum is wanted, not its minimum: rho where psi_rho falls through zero
with the largest integral, and along those rho beta where psi_b falls through zero. Where levels explode the scores have
zeros that mean nothing: of several that one counts which is nearest to the estimate by correlated random effects. In
few periods psi_b may have no zero; then it turns back before it, and the beta where it turns stands for one.

Robust scores (Li and Yang 2020) give each region its own sum of squares in the place of the common variance; they are
looked for from the zero of the others. A leading axis counts the data sets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spatialconv._core.few_periods.imposed import Imposed, log_determinant
from spatialconv._core.few_periods.likelihood import HIGHEST, LOWEST, Products, peak, products, quadratic
from spatialconv._core.few_periods.sample import Sample
from spatialconv._core.few_periods.scores import regional, traces

FloatArray = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Psi = Callable[[FloatArray, FloatArray], FloatArray]

# Rounds of Newton's method, step of its differences, and the last step of a zero that is one.
ROUNDS, STEP, CLOSE = 30, 1e-5, 1e-7
# A step of Newton's method goes this far at most; where rho leaps by so much between two betas lies no zero.
FARTHEST, LEAP = 0.1, 0.3
HELD = 4_000_000
# Betas of the first look. Above zero levels explode and psi_b rises again, in long panels at once: the closer to zero,
# the closer they stand.
_NEAR = np.geomspace(1e-4, 0.5, 34)
_FAR = np.linspace(LOWEST, -0.5, 21)[:-1], np.linspace(0.5, HIGHEST, 6)[1:]
GRID = np.concatenate([_FAR[0], -_NEAR[::-1], [0.0], _NEAR, _FAR[1]])


class Zeros(NamedTuple):
    """beta of a span, rho and the variance of errors of each data set (B,), and whether the scores are zero there."""

    b: FloatArray
    rho: FloatArray
    s2: FloatArray
    found: Flags


def zeros(sample: Sample, levels: FloatArray, *, robust: bool = False) -> Zeros:
    """Return the estimates of levels (B, T+1, N); `robust` to variances that differ by region."""
    known = products(sample, levels)
    start = _first_look(sample, known, peak(sample, known, log_determinant(sample)).b)
    plain = _newton(sample, Score(sample, known), start)
    if not robust:
        return _with_variance(sample, known, plain)
    by_region = RobustScore.of(sample, levels, known)
    found = _newton(sample, by_region, plain)
    return _with_variance(sample, known, found)


class _Start(NamedTuple):
    b: FloatArray
    rho: FloatArray
    found: Flags


class Score(NamedTuple):
    """The scores of data sets whose errors have one variance."""

    sample: Sample
    known: Products

    def part(self, which: Flags) -> Score:
        """Return those of some data sets."""
        return Score(self.sample, Products(*(p[which] for p in self.known)))

    def psi(self, b: FloatArray, rho: FloatArray) -> FloatArray:
        """Return both scores (B, 2) at one b and rho a data set."""
        sample = self.sample
        c = sample.weights(b, rho)
        crossed = np.einsum("bij,bj->bi", self.known.within, c)
        w = (crossed * c).sum(axis=1)
        add = traces(sample, b, rho)
        of_b = sample.dof_within * crossed[:, -1] / w + add.b
        lagged = sample.dof_within * crossed[:, 1] / w + add.rho if sample.W is not None else np.zeros_like(b)
        return np.stack([of_b, lagged], axis=1)


class RobustScore(NamedTuple):
    """The scores of data sets whose regions have variances of their own: `squares` (B, V, V, N) by region."""

    sample: Sample
    known: Products
    squares: FloatArray

    @classmethod
    def of(cls, sample: Sample, levels: FloatArray, known: Products) -> RobustScore:
        """Set up levels (B, T+1, N)."""
        inside = sample.within(sample.variables(levels))
        return cls(sample, known, np.einsum("bitn,bjtn->bijn", inside, inside))

    def part(self, which: Flags) -> RobustScore:
        """Return those of some data sets."""
        return RobustScore(self.sample, Products(*(p[which] for p in self.known)), self.squares[which])

    def psi(self, b: FloatArray, rho: FloatArray) -> FloatArray:
        """Return both scores (B, 2), over the common variance so that they are of the size of the others."""
        sample = self.sample
        c = sample.weights(b, rho)
        crossed = np.einsum("bij,bj->bi", self.known.within, c)
        s2 = (crossed * c).sum(axis=1) / sample.dof_within
        own = np.einsum("bi,bijn,bj->bn", c, self.squares, c) / (sample.T - 1)
        of_b, of_rho = np.empty_like(b), np.empty_like(b)
        block = max(1, HELD // sample.N**2)
        for start in range(0, len(b), block):
            part = slice(start, start + block)
            add = regional(sample, b[part], rho[part])
            of_b[part] = crossed[part, -1] + (add.b * own[part]).sum(axis=1)
            of_rho[part] = crossed[part, 1] + (add.rho * own[part]).sum(axis=1) if sample.W is not None else 0.0
        return np.stack([of_b / s2, of_rho / s2], axis=1)


def _first_look(sample: Sample, known: Products, near: FloatArray) -> _Start:
    """Return where psi_b falls through zero next to `near`, on a grid of betas with rho the zero of its score."""
    grid = GRID
    rhos: list[FloatArray] = []
    psis: list[FloatArray] = []
    for imposed in Imposed.on_each(sample, grid):
        rho = imposed.rho(known)
        c = sample.weights(imposed.b, rho)
        crossed = np.einsum("bij,bj->bi", known.within, c)
        of_b = traces(sample, imposed.b, rho[:1]).b if imposed.adjust is None else imposed.adjust(rho)[:, 0]
        psis.append(sample.dof_within * crossed[:, -1] / (crossed * c).sum(axis=1) + of_b)
        rhos.append(rho)
    psi, rho = np.array(psis).T, np.array(rhos).T
    falls = (psi[:, :-1] > 0) & (psi[:, 1:] <= 0) & (np.abs(np.diff(rho, axis=1)) < LEAP)
    middle, found = (grid[1:] + grid[:-1]) / 2, np.asarray(falls.any(axis=1))
    at = np.where(falls, np.abs(middle - near[:, None]), np.inf).argmin(axis=1)
    turn, rows = _turn(psi, np.abs(grid - near[:, None])), np.arange(len(psi))
    share = psi[rows, at] / np.where(found, psi[rows, at] - psi[rows, at + 1], 1.0)
    b = np.where(found, grid[at] + share * (grid[at + 1] - grid[at]), grid[turn])
    along = np.where(found, rho[rows, at] + share * (rho[rows, at + 1] - rho[rows, at]), rho[rows, turn])
    return _Start(b, along, found)


def _turn(psi: FloatArray, away: FloatArray) -> npt.NDArray[np.intp]:
    """Return where a score that does not fall through zero turns back before it, next to where it should be zero."""
    inner = (psi[:, 1:-1] <= psi[:, :-2]) & (psi[:, 1:-1] <= psi[:, 2:]) & (psi[:, 1:-1] > 0)
    turns = np.where(inner, away[:, 1:-1], np.inf).argmin(axis=1) + 1
    return np.asarray(np.where(inner.any(axis=1), turns, away.argmin(axis=1)))


def _newton(sample: Sample, score: Score | RobustScore, start: _Start) -> _Start:
    """Return the zeros next to where each data set starts, by Newton's method with differences of the scores."""
    low, high = sample.window() if sample.W is not None else (0.0, 0.0)
    b, rho = start.b.copy(), start.rho.copy()
    last = np.full(len(b), np.inf)
    left = start.found.copy()
    slope = np.full(len(b), np.nan)
    for _ in range(ROUNDS):
        if not left.any():
            break
        own, at_b, at_rho = score.part(left), b[left], rho[left]
        here = own.psi(at_b, at_rho)
        J = np.empty((len(here), 2, 2))
        J[:, :, 0] = (own.psi(at_b + STEP, at_rho) - own.psi(at_b - STEP, at_rho)) / (2 * STEP)
        if sample.W is None:
            J[:, :, 1] = [0.0, 1.0]
        else:
            J[:, :, 1] = (own.psi(at_b, at_rho + STEP) - own.psi(at_b, at_rho - STEP)) / (2 * STEP)
        ok = np.abs(np.linalg.det(J)) > 0
        move = np.zeros_like(here)
        move[ok] = -np.linalg.solve(J[ok], here[ok][..., None])[..., 0]
        size = np.abs(move).max(axis=1)
        move *= np.minimum(1.0, FARTHEST / np.maximum(size, FARTHEST))[:, None]
        b[left] = np.clip(at_b + move[:, 0], LOWEST, HIGHEST)
        rho[left] = np.clip(at_rho + move[:, 1], low, high)
        last[left], slope[left] = np.where(ok, size, np.inf), np.linalg.det(J) / J[:, 1, 1]
        left = left & (last > CLOSE)
    # Of the curve along the zeros of psi_rho a maximum is wanted, where psi_b falls.
    found = start.found & (last <= CLOSE) & (slope < 0)
    return _Start(np.where(found, b, start.b), np.where(found, rho, start.rho), found)


def _with_variance(sample: Sample, known: Products, at: _Start) -> Zeros:
    s2 = quadratic(sample, known.within, at.b[:, None], at.rho[:, None])[:, 0] / sample.dof_within
    return Zeros(at.b, at.rho, s2, at.found)
