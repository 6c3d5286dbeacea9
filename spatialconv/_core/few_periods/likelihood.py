"""The likelihood given the initial level, with drifts that are random around a line in it and cannot vary negatively.

    l(b, rho) = T log|S| - d_w/2 log w(b, rho) - d_u/2 log u(b, rho),    pooled where u < w

w is the variance within, u that of regions' means (times T) off a constant, the initial level and the regressors'
means; both are quadratic in (b, rho), so that two small matrices of products stand for a data set. u - w is T times the
variance of drifts: held at zero where it would be negative (Chamberlain 1982; Hsiao, Pesaran and Tahmiscioglu 2002).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spatialconv._core.few_periods.sample import Sample

FloatArray = npt.NDArray[np.float64]
# log|I - rho W| of rho, or its derivative of the order of a second argument.
LogDet = Callable[..., FloatArray]

# Betas of a span that are asked: levels explode below -2.
LOWEST, HIGHEST = -2.0, 1.0
# Points of the first look, rounds of Newton's method at most, and the step at which it ends.
B_POINTS, RHO_POINTS, ROUNDS, CLOSE = 31, 9, 40, 1e-9
# A step that does not lead up is shortened by this.
SHORTER = 0.25


class Products(NamedTuple):
    """Products of growth, its lag and initial levels, (B, V, V): within regions, and of regions' means times T."""

    within: FloatArray
    between: FloatArray


class Peak(NamedTuple):
    """Where the likelihood of each data set is largest, (B,) each."""

    value: FloatArray
    b: FloatArray
    rho: FloatArray


def products(sample: Sample, levels: FloatArray) -> Products:
    """Return the products of levels (B, T+1, N)."""
    made = sample.variables(levels)
    inside = sample.within(made).reshape(*made.shape[:2], -1)
    across = sample.between(made)
    return Products(inside @ inside.swapaxes(1, 2), across @ across.swapaxes(1, 2))


def quadratic(sample: Sample, matrix: FloatArray, b: FloatArray, rho: FloatArray) -> FloatArray:
    """Return the sums of squares of h at b and rho (B, G) that products (B, V, V) make."""
    c = sample.weights(b, rho)
    return np.asarray(np.maximum((np.matmul(c, matrix) * c).sum(axis=-1), np.finfo(float).tiny))


def value(sample: Sample, known: Products, b: FloatArray, rho: FloatArray, logdet: LogDet) -> FloatArray:
    """Return the log-likelihood (B, G) but for a constant."""
    d, k = sample.dof_within, sample.dof_between
    w, u = quadratic(sample, known.within, b, rho), quadratic(sample, known.between, b, rho)
    apart = u * d >= w * k
    w, u = np.where(apart, w / d, (w + u) / (d + k)), np.where(apart, u / k, (w + u) / (d + k))
    found = -d / 2 * np.log(w) - k / 2 * np.log(u)
    return np.asarray(found if sample.W is None else found + sample.T * logdet(rho))


def drift_ratio(sample: Sample, known: Products, b: float, rho: FloatArray) -> FloatArray:
    """Return u / w of each data set (B,) at b and its rho, at least one."""
    at_b, at_rho = np.full((len(rho), 1), b), rho[:, None]
    u = quadratic(sample, known.between, at_b, at_rho)[:, 0] / sample.dof_between
    w = quadratic(sample, known.within, at_b, at_rho)[:, 0] / sample.dof_within
    return np.asarray(np.maximum(u / w, 1.0))


def peak(sample: Sample, known: Products, logdet: LogDet, b: float | None = None) -> Peak:
    """Return the maximum over b and rho, or over rho at a given b: the best of a grid, then by Newton's method."""
    lag = sample.W is not None
    b_grid = np.linspace(LOWEST, HIGHEST, B_POINTS) if b is None else np.array([b])
    low, high = sample.window() if lag else (0.0, 0.0)
    rho_grid = np.linspace(low, high, RHO_POINTS) if lag else np.zeros(1)
    bs, rhos = (a.ravel() for a in np.meshgrid(b_grid, rho_grid, indexing="ij"))
    both = _Curves(sample, _coefficients(known.within), _coefficients(known.between), logdet)
    best = both.on_grid(bs, rhos).argmax(axis=1)
    x = np.stack([bs[best], rhos[best]], axis=1)
    ends = np.array([[LOWEST, HIGHEST] if b is None else [b, b], [low, high]])
    steps = np.array([(HIGHEST - LOWEST) / (B_POINTS - 1), (high - low) / (RHO_POINTS - 1)])
    value, size = both.value(x), np.ones(len(x))
    left = np.ones(len(x), dtype=bool)
    for _ in range(ROUNDS):
        part = both.part(left)
        move = size[left, None] * _ascent(part, x[left], ends, steps)
        tried = np.clip(x[left] + move, ends[:, 0], ends[:, 1])
        there = part.value(tried)
        up = there >= value[left]
        moved = np.abs(tried - x[left]).max(axis=1)
        x[left] = np.where(up[:, None], tried, x[left])
        value[left] = np.where(up, there, value[left])
        size[left] = np.where(up, 1.0, size[left] * SHORTER)
        left[left] = moved > CLOSE
        if not left.any():
            break
    return Peak(value, x[:, 0], x[:, 1])


class _Curves(NamedTuple):
    """Both sums of squares as polynomials in 1, b, b^2, rho, rho^2, b rho: coefficients (B, 6)."""

    sample: Sample
    within: FloatArray
    between: FloatArray
    logdet: LogDet

    def part(self, which: npt.NDArray[np.bool_]) -> _Curves:
        """Return those of some data sets."""
        if which.all():
            return self
        return self._replace(within=self.within[which], between=self.between[which])

    def on_grid(self, b: FloatArray, rho: FloatArray) -> FloatArray:
        """Return the log-likelihood (B, G) at points that all data sets share."""
        terms = np.stack([np.ones_like(b), b, b**2, rho, rho**2, b * rho])
        return self._of(self.within @ terms, self.between @ terms, rho)

    def value(self, x: FloatArray) -> FloatArray:
        """Return the log-likelihood (B,) at a point (b, rho) of each."""
        b, rho = x.T
        terms = np.stack([np.ones_like(b), b, b**2, rho, rho**2, b * rho], axis=1)
        return self._of((self.within * terms).sum(axis=1), (self.between * terms).sum(axis=1), rho)

    def _of(self, w: FloatArray, u: FloatArray, rho: FloatArray) -> FloatArray:
        d, k = self.sample.dof_within, self.sample.dof_between
        w, u = (np.maximum(part, np.finfo(float).tiny) for part in (w, u))
        apart = u * d >= w * k
        w, u = np.where(apart, w / d, (w + u) / (d + k)), np.where(apart, u / k, (w + u) / (d + k))
        found = -d / 2 * np.log(w) - k / 2 * np.log(u)
        return np.asarray(found if self.sample.W is None else found + self.sample.T * self.logdet(rho))

    def slopes(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return gradient (B, 2) and Hessian (B, 2, 2)."""
        d, k = self.sample.dof_within, self.sample.dof_between
        w, u = _quadratic(self.within, x), _quadratic(self.between, x)
        apart = (u[0] * d >= w[0] * k)[:, None, None]
        pooled = tuple(a + c for a, c in zip(w, u, strict=True))
        g1, H1 = (a + c for a, c in zip(_of_log(w, d), _of_log(u, k), strict=True))
        g2, H2 = _of_log(pooled, d + k)
        g, H = np.where(apart[:, 0], g1, g2), np.where(apart, H1, H2)
        if self.sample.W is not None:
            g[:, 1] += self.sample.T * self.logdet(x[:, 1], 1)
            H[:, 1, 1] += self.sample.T * self.logdet(x[:, 1], 2)
        return g, H


def _coefficients(matrix: FloatArray) -> FloatArray:
    """Return the polynomial (B, 6) that products (B, V, V) make of the sum of squares of h."""
    P = matrix
    if P.shape[1] == 2:
        none = np.zeros(len(P))
        return np.stack([P[:, 0, 0], -2 * P[:, 0, 1], P[:, 1, 1], none, none, none], axis=1)
    return np.stack([P[:, 0, 0], -2 * P[:, 0, 2], P[:, 2, 2], -2 * P[:, 0, 1], P[:, 1, 1], 2 * P[:, 1, 2]], axis=1)


def _quadratic(p: FloatArray, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return values (B,), gradients (B, 2) and Hessians (B, 2, 2) of polynomials."""
    b, rho = x.T
    of_b = p[:, 1] + 2 * b * p[:, 2] + rho * p[:, 5]
    of_rho = p[:, 3] + 2 * rho * p[:, 4] + b * p[:, 5]
    value = p[:, 0] + b * p[:, 1] + b**2 * p[:, 2] + rho * p[:, 3] + rho**2 * p[:, 4] + b * rho * p[:, 5]
    second = np.stack([np.stack([2 * p[:, 2], p[:, 5]], 1), np.stack([p[:, 5], 2 * p[:, 4]], 1)], 1)
    return np.maximum(value, np.finfo(float).tiny), np.stack([of_b, of_rho], axis=1), second


def _of_log(q: tuple[FloatArray, ...], dof: int) -> tuple[FloatArray, FloatArray]:
    """Return gradient and Hessian of -dof/2 log of a polynomial."""
    value, first, second = q
    slope = first / value[:, None]
    return -dof / 2 * slope, -dof / 2 * (second / value[:, None, None] - slope[:, :, None] * slope[:, None, :])


def _ascent(curves: _Curves, x: FloatArray, ends: FloatArray, steps: FloatArray) -> FloatArray:
    """Return Newton's step (B, 2), made to lead up, no longer than a step of the grid and not out of the ends."""
    g, H = curves.slopes(x)
    held = ((x <= ends[:, 0]) & (g <= 0)) | ((x >= ends[:, 1]) & (g >= 0)) | (ends[:, 0] == ends[:, 1])
    g = np.where(held, 0.0, g)
    either = held.any(axis=1)
    H[either, 0, 1] = H[either, 1, 0] = 0.0
    H[:, [0, 1], [0, 1]] = np.where(held, -1.0, H[:, [0, 1], [0, 1]])
    # Scaled to steps of the grid; where the surface is not hollow downwards it is tilted until it is.
    scale = np.where(steps > 0, steps, 1.0)
    g, H = g * scale, H * scale[:, None] * scale
    middle, half = (H[:, 0, 0] + H[:, 1, 1]) / 2, (H[:, 0, 0] - H[:, 1, 1]) / 2
    top = middle + np.hypot(half, H[:, 0, 1])
    tilt = np.where(top < 0, 0.0, 1.1 * top + np.abs(g).max(axis=1) + np.finfo(float).tiny)
    H = H - tilt[:, None, None] * np.eye(2)
    det = H[:, 0, 0] * H[:, 1, 1] - H[:, 0, 1] ** 2
    move = -np.stack([H[:, 1, 1] * g[:, 0] - H[:, 0, 1] * g[:, 1], H[:, 0, 0] * g[:, 1] - H[:, 0, 1] * g[:, 0]], 1)
    move = move / np.where(det > 0, det, 1.0)[:, None]
    longest = np.abs(move).max(axis=1, keepdims=True)
    return np.asarray(scale * move / np.maximum(longest, 1.0))
