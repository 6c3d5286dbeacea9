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
LogDet = Callable[[FloatArray], FloatArray]

# Betas of a span that are asked: levels explode below -2.
LOWEST, HIGHEST = -2.0, 1.0
# Points of the first look, and rounds of closing in, which leave steps of the first over 2^16 at most.
B_POINTS, RHO_POINTS, ROUNDS = 31, 9, 24


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
    """Return the maximum over b and rho, or over rho at a given b: the best of a grid, then closer and closer."""
    B = len(known.within)
    b_grid = np.linspace(LOWEST, HIGHEST, B_POINTS) if b is None else np.array([b])
    low, high = sample.window() if sample.W is not None else (0.0, 0.0)
    rho_grid = np.linspace(low, high, RHO_POINTS) if sample.W is not None else np.zeros(1)
    bs, rhos = (a.ravel() for a in np.meshgrid(b_grid, rho_grid, indexing="ij"))
    shape = (B, len(bs))
    every = value(sample, known, np.broadcast_to(bs, shape), np.broadcast_to(rhos, shape), logdet)
    best = every.argmax(axis=1)
    at_b, at_rho = bs[best], rhos[best]
    steps = [0.0 if b is not None else (HIGHEST - LOWEST) / (B_POINTS - 1), (high - low) / (RHO_POINTS - 1)]
    moves = _moves(steps)
    size = np.full(B, 0.5)
    for _ in range(ROUNDS):
        tried_b = np.clip(at_b[:, None] + size[:, None] * moves[:, 0], LOWEST, HIGHEST) if b is None else at_b[:, None]
        tried_rho = np.clip(at_rho[:, None] + size[:, None] * moves[:, 1], low, high)
        tried_b, tried_rho = np.broadcast_arrays(tried_b, tried_rho)
        best = value(sample, known, tried_b, tried_rho, logdet).argmax(axis=1)[:, None]
        at_b = np.take_along_axis(tried_b, best, 1)[:, 0]
        at_rho = np.take_along_axis(tried_rho, best, 1)[:, 0]
        size = np.where(best[:, 0] == 0, size / 2, size)
    return Peak(value(sample, known, at_b[:, None], at_rho[:, None], logdet)[:, 0], at_b, at_rho)


def _moves(steps: list[float]) -> FloatArray:
    """Return no move first, then all moves by a step either way in the directions that have one."""
    ways = [np.array([0.0, -step, step]) if step else np.zeros(1) for step in steps]
    return np.array([[x, y] for x in ways[0] for y in ways[1]])
