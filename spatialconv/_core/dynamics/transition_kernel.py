"""Conditional densities by an adaptive Gaussian kernel, the density they lead to, and regions of highest density.

Of pairs (x_i, y_i) with weights w_i the joint density is a sum of product kernels of widths h_x l_i and h_y l_i, where
l_i = (pilot density at i over its geometric mean)^-a widens them where data are thin (Abramson 1982, a = 1/2; Silverman
1986, section 5.3). Divided by its own marginal it is, at each x, a mixture:

    f(y | x) = sum_i p_i(x) N(y; y_i, h_y l_i),   p_i(x) ~ w_i K((x - x_i) / (h_x l_i)) / l_i.

The ergodic density solves g(y) = integral f(y | x) g(x) dx; on a grid it is the left eigenvector of a matrix.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# Smallest logarithm of a kernel that counts beside the largest.
_LEAST = -700.0
# Points further than so many bandwidths add less than 1e-17 of a kernel's height: of 100,000 all together 1e-12 at most
# of a height, of which each point has its own.
_REACH = 9.0
# Points whose distances to all others are at hand at a time.
_BLOCK = 256


@dataclass(frozen=True)
class Pairs:
    """Pairs (n,), bandwidths, the local factors (n,) that multiply these, and whether what lies below zero folds back.

    Where it does (`folds`, of values that are not negative), pairs have a mirror image in both axes: densities are of
    the quadrant above zero, integrate to one there, and have no slope at its edges (Silverman 1986, section 2.10).
    """

    x: FloatArray
    y: FloatArray
    hx: float
    hy: float
    local: FloatArray
    folds: bool = False


def normal_reference(values: FloatArray) -> float:
    """Return the bandwidth of one of two dimensions that is best for a normal density: sd n^(-1/6)."""
    return float(np.std(values, ddof=1) * len(values) ** (-1 / 6))


def adaptive(x: FloatArray, y: FloatArray, hx: float, hy: float, power: float, folds: bool = False) -> FloatArray:
    """Return the local factors from a pilot with fixed bandwidths; ones for power zero."""
    if power == 0:
        return np.ones(len(x))

    u, v = x / hx, y / hy
    pilot = _heights(u, v)
    if folds:
        # Of the mirror images in one axis, few lie near: they are sought along that axis.
        pilot += _heights(u, v, (-u, v)) + _heights(v, u, (-v, u)) + _heights(u, v, (-u, -v))
    return np.asarray((pilot / np.exp(np.log(pilot).mean())) ** -power)


def _heights(u: FloatArray, v: FloatArray, others: tuple[FloatArray, FloatArray] | None = None) -> FloatArray:
    """Return sum_j exp(-d_ij^2 / 2) for points (u, v), shape (n,), of all of them or of as many others.

    Points are taken in order of u, so that what lies further than `_REACH` is passed over; of the points themselves
    each two are met once.
    """
    order = np.argsort(u, kind="stable")
    a, b = u[order], v[order]
    there = order if others is None else np.argsort(others[0], kind="stable")
    c, d = (a, b) if others is None else (others[0][there], others[1][there])
    found = np.zeros(len(u))
    for start in range(0, len(a), _BLOCK):
        rows = slice(start, min(start + _BLOCK, len(a)))
        first = int(np.searchsorted(c, a[rows.start] - _REACH))
        last = int(np.searchsorted(c, a[rows.stop - 1] + _REACH, side="right"))
        if others is None:
            first = rows.start
        near = np.subtract.outer(a[rows], c[first:last])
        near *= near
        aside = np.subtract.outer(b[rows], d[first:last])
        aside *= aside
        near += aside
        near *= -0.5
        np.exp(near, out=near)
        found[rows] += near.sum(axis=1)
        if others is None:
            found[rows.stop : last] += near[:, rows.stop - first :].sum(axis=0)
    back = np.empty(len(u))
    back[order] = found
    return back


def shares(pairs: Pairs, at: FloatArray, weights: FloatArray | None = None) -> FloatArray:
    """Return p_i(x) at values of x, shape (G, n); rows sum to one, also far from all data."""
    width = pairs.hx * pairs.local
    power = -0.5 * ((at[:, None] - pairs.x) / width) ** 2
    if pairs.folds:
        power = np.logaddexp(power, -0.5 * ((at[:, None] + pairs.x) / width) ** 2)
    power = power - np.log(pairs.local)
    if weights is not None:
        with np.errstate(divide="ignore"):
            power = power + np.log(weights)
    power -= power.max(axis=1, keepdims=True)
    p = np.exp(np.maximum(power, _LEAST))
    p[power < _LEAST] = 0.0
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def kernels(pairs: Pairs, at: FloatArray) -> FloatArray:
    """Return N(y; y_i, h_y l_i) at values of y, shape (n, G); folded, none of it below zero."""
    width = (pairs.hy * pairs.local)[:, None]
    found = np.exp(-0.5 * ((at - pairs.y[:, None]) / width) ** 2)
    if pairs.folds:
        found = np.where(at < 0, 0.0, found + np.exp(-0.5 * ((at + pairs.y[:, None]) / width) ** 2))
    return np.asarray(found / (width * np.sqrt(2 * np.pi)))


def conditional(pairs: Pairs, x: FloatArray, y: FloatArray, weights: FloatArray | None = None) -> FloatArray:
    """Return f(y | x), shape (values of x, values of y)."""
    return np.asarray(shares(pairs, x, weights) @ kernels(pairs, y))


def stochastic(density: FloatArray, grid: FloatArray) -> tuple[FloatArray, float]:
    """Return the matrix of moves between points of an even grid, and the largest mass that lay beyond it."""
    moves = density * (grid[1] - grid[0])
    mass = moves.sum(axis=1, keepdims=True)
    return moves / mass, float(np.abs(1 - mass).max())


def ergodic(moves: FloatArray, grid: FloatArray) -> FloatArray:
    """Return the density that a stochastic matrix keeps: it integrates to one over the even grid."""
    G = len(moves)
    system = np.vstack([moves.T - np.eye(G), np.ones(G)])
    found = np.linalg.lstsq(system, np.r_[np.zeros(G), 1.0], rcond=None)[0]
    found = np.maximum(found, 0.0)
    return np.asarray(found / (found.sum() * (grid[1] - grid[0])))


def second_root(moves: FloatArray) -> float:
    """Return the size of the second largest eigenvalue: the share of a deviation from the ergodic that stays."""
    return float(np.sort(np.abs(np.linalg.eigvals(moves)))[-2])


def highest(
    density: FloatArray, grid: FloatArray, share: float, edge: float | None = None
) -> list[tuple[float, float]]:
    """Return the shortest set of intervals that holds a share of a density on an even grid (Hyndman 1996).

    The density is taken as linear between points; the level is where the mass above it is the share. A set that the
    first point belongs to begins at `edge`, the end of what can be, where there is one.
    """
    order = np.sort(density)[::-1]
    mass = np.cumsum(order) / density.sum()
    level = float(np.interp(share, mass, order))
    above = density - level
    inside = above > 0
    found: list[tuple[float, float]] = []
    start = (float(grid[0]) if edge is None else edge) if inside[0] else None
    for k in range(len(grid) - 1):
        if inside[k] == inside[k + 1]:
            continue
        cross = float(grid[k] + (grid[k + 1] - grid[k]) * above[k] / (above[k] - above[k + 1]))
        if start is None:
            start = cross
        else:
            found.append((start, cross))
            start = None
    if start is not None:
        found.append((start, float(grid[-1])))
    return found
