"""How much of convergence a short panel can show at all: a bound on the power of every valid test, and that of ours.

A test of beta = 0 that holds its size for all drifts and variances holds it on average over any of them. Against one
alternative no such test finds more than the best test of that average (Neyman and Pearson; Lehmann and Romano 2005,
theorem 3.8.1); the smallest of these figures over normal averages bounds them all. rho and the coefficients of
controls are taken for known, and in the alternative all regions head for one level, so that nobody finds more.

    null         S g[t] = m + drift + e[t],    e ~ s0^2,  drift ~ (c^2 - s0^2) / T,  c >= s0
    alternative  S g[t] = a + b y[t-1] + e[t], e ~ s^2

m are the means over time of the alternative's growth without errors. Both likelihoods are quadratic, so that one
matrix of products a draw stands for all s0 and c.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spatialconv._core.few_periods.imposed import Setup
from spatialconv._core.few_periods.likelihood import Products, products
from spatialconv._core.few_periods.sample import Sample, rebuild

FloatArray = npt.NDArray[np.float64]

# Numbers held at once, and factors by which variances of the null are moved around those that fit the alternative best.
HELD = 2_000_000
FACTORS = np.geomspace(0.7, 1.5, 10)


class World(NamedTuple):
    """rho, the variance of errors s2, and the drift common to all regions, as the sample has them."""

    rho: float
    s2: float
    drift: float


class Power(NamedTuple):
    """Shares of panels in which convergence is found: by no valid test more than `bound`, by the ratio `ratio`.

    `critical` is the signed root of the likelihood ratio below which it rejects.
    """

    bound: float
    ratio: float
    critical: float


class _Drawn(NamedTuple):
    """Of alternatives squares of x and h (B, 4); of nulls products of h's parts (B, 2, 3, 3) and squares (B, 2)."""

    alternative: FloatArray
    parts: FloatArray
    squares: FloatArray
    known: Products
    normals: list[tuple[FloatArray, FloatArray]]


def world_of(setup: Setup, rho: float) -> World:
    """Return the world of a sample in which nothing converges."""
    h = setup.sample.h(0.0, rho)
    e = setup.sample.within(h)
    return World(rho, float((e**2).sum()) / setup.sample.dof_within, 0.0 if setup.sample.two_way else float(h.mean()))


def power(setup: Setup, world: World, b: float, *, size: float, draws: int, seed: int) -> Power:
    """Return the bound, and the power of the likelihood ratio against b from below, by simulation.

    Half of the draws find the least favourable null, the other half its figure, which is then not too low by choice.
    """
    sample, T = setup.sample, setup.sample.T
    # In the alternative levels of all regions head for that of their mean.
    shift = world.drift - b * float(sample.levels[0].mean())
    m = _path(sample, np.full((1, T, sample.N), shift), b, world.rho)[1].mean(axis=1)
    drawn = _drawn(sample, world, b, shift, m, draws, seed)
    within, between = drawn.alternative[:, 0].mean() / (sample.n * (T - 1)), drawn.alternative[:, 1].mean() / sample.n
    half = slice(None, draws // 2), slice(draws // 2, None)
    found = []
    for first in within * FACTORS:
        for second in np.unique(np.maximum(between * FACTORS, first)):
            found.append((_best(drawn, world, first, second, size, half[0]), first, second))
    _, first, second = min(found)
    bound = _best(drawn, world, first, second, size, half[1])
    ratio, critical = _by_ratio(setup, world, drawn, m, within, max(between, within), size)
    return Power(bound, ratio, critical)


def _path(sample: Sample, h: FloatArray, b: float, rho: float) -> tuple[FloatArray, FloatArray]:
    """Return levels (B, T+1, N) and x = S g (B, T, N) of h at b."""
    levels = rebuild(sample, h, b, rho)
    return levels, h + b * levels[:, :-1]


def _errors(sample: Sample, draws: int, seed: int) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield blocks of standard normal errors (B, T, N) and means times sqrt(T) (B, N), off time effects."""
    rng = np.random.default_rng(seed)
    block = max(1, HELD // (sample.T * sample.N))
    for start in range(0, draws, block):
        count = min(block, draws - start)
        e, a = rng.standard_normal((count, sample.T, sample.N)), rng.standard_normal((count, sample.N))
        if sample.two_way:
            e, a = e - e.mean(axis=2, keepdims=True), a - a.mean(axis=1, keepdims=True)
        yield e, a


def _drawn(sample: Sample, world: World, b: float, shift: float, m: FloatArray, draws: int, seed: int) -> _Drawn:
    T, rho, none = sample.T, world.rho, np.zeros(sample.N)
    alternative, known, parts, squares, normals = [], [], [], [], []
    for e, _ in _errors(sample, draws, seed):
        h = shift + np.sqrt(world.s2) * e
        levels, x = _path(sample, h, b, rho)
        mean = h.mean(axis=1) - shift
        alternative.append(
            np.stack(
                [_inside(x), T * ((x.mean(axis=1) - m) ** 2).sum(axis=1), _inside(h), T * (mean**2).sum(axis=1)], 1
            )
        )
        known.append(products(sample, levels))
    fixed = np.broadcast_to(m[:, None], (1, T, sample.N))
    own = fixed - b * rebuild(sample, fixed, 0.0, rho)[:, :-1] - shift
    for e, a in _errors(sample, draws, seed + 1):
        e = e - e.mean(axis=1, keepdims=True)
        normals.append((e, a))
        spread = np.broadcast_to(a[:, None] / np.sqrt(T), e.shape)
        made = [np.broadcast_to(own, e.shape)]
        made += [x - b * rebuild(sample, x, 0.0, rho, start=none)[:, :-1] for x in (e, spread)]
        h = np.stack(made, axis=1)
        means = np.sqrt(T) * h.mean(axis=2)
        inside = (h - h.mean(axis=2, keepdims=True)).reshape(*h.shape[:2], -1)
        parts.append(np.stack([inside @ inside.swapaxes(1, 2), means @ means.swapaxes(1, 2)], axis=1))
        squares.append(np.stack([(e**2).sum(axis=(1, 2)), (a**2).sum(axis=1)], axis=1))
    joined = Products(*(np.concatenate(part) for part in zip(*known, strict=True)))
    return _Drawn(np.concatenate(alternative), np.concatenate(parts), np.concatenate(squares), joined, normals)


def _inside(Z: FloatArray) -> FloatArray:
    return np.asarray(((Z - Z.mean(axis=1, keepdims=True)) ** 2).sum(axis=(1, 2)))


def _best(drawn: _Drawn, world: World, first: float, second: float, size: float, part: slice) -> float:
    """Return the power of the best test of the null with variances s0^2 and c^2 on a part of the draws."""
    at = np.array([1.0, np.sqrt(first), np.sqrt(second)])
    under = np.einsum("i,bkij,j->b", at, drawn.parts[part], at) / world.s2
    null = drawn.squares[part].sum(axis=1) - under
    x, mean, h, over = drawn.alternative[part].T
    there = x / first + mean / second - (h + over) / world.s2
    return float((there > np.quantile(null, 1 - size)).mean())


def _by_ratio(
    setup: Setup, world: World, drawn: _Drawn, m: FloatArray, first: float, second: float, size: float
) -> tuple[float, float]:
    """Return the power of the likelihood ratio and its critical value, from nulls that fit the alternative best."""
    sample, roots = setup.sample, []
    for e, a in drawn.normals:
        x = m[:, None] + np.sqrt(first) * e + np.sqrt(second / sample.T) * a[:, None]
        roots.append(setup.root(products(sample, rebuild(sample, x, 0.0, world.rho)), 0.0))
    critical = float(np.quantile(np.concatenate(roots), size))
    return float((setup.root(drawn.known, 0.0) <= critical).mean()), critical
