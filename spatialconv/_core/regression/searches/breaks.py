"""Breaks in time of a panel regression: sums of squares of every stretch, and the best dates by dynamic programming."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from spatialconv._core.regression.searches.profiled import Penalty, Quadratic

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
# Turns between coefficient and dates, of which two are the rule.
TURNS = 5


def stretches(X: FloatArray, y: FloatArray, effects: str, least: int) -> FloatArray:
    """Return sums of squared residuals of every stretch of periods, shape (T, T + 1, B), from its first to before last.

    `X` has shape (T, N, k), `y` (T, N, B): B outcomes at once. Stretches shorter than `least` have infinity. Every
    coefficient is the stretch's own: slopes, and the constant ("none") or those of its periods ("time").
    """
    T, N, _ = X.shape
    B = y.shape[2]
    # Around the means of the period, or of all: the same fits, and moments that keep their digits.
    axes = 1 if effects == "time" else (0, 1)
    X, y = X - X.mean(axis=axes, keepdims=True), y - y.mean(axis=axes, keepdims=True)

    def running(values: FloatArray) -> FloatArray:
        return np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])

    xx, xy, yy = (
        running(values)
        for values in (np.einsum("tnj,tnk->tjk", X, X), np.einsum("tnj,tnb->tjb", X, y), (y**2).sum(axis=1))
    )
    sx, sy = running(X.sum(axis=1)), running(y.sum(axis=1))
    found = np.full((T, T + 1, B), np.inf)
    for start in range(T - least + 1):
        ends = np.arange(start + least, T + 1)
        count = (ends - start).astype(float)
        A, c, d = xx[ends] - xx[start], xy[ends] - xy[start], yy[ends] - yy[start]
        mx, my = sx[ends] - sx[start], sy[ends] - sy[start]
        if effects == "none":
            A = A - mx[:, :, None] * mx[:, None, :] / (N * count)[:, None, None]
            c = c - mx[:, :, None] * my[:, None, :] / (N * count)[:, None, None]
            d = d - my**2 / (N * count)[:, None]
        found[start, ends] = np.maximum(d - (c * np.linalg.solve(A, c)).sum(axis=1), 0.0)
    return found


def profiled(three: FloatArray, penalty: Penalty, most: int) -> tuple[FloatArray, IntArray, FloatArray]:
    """Return what `best` does with a spatial lag common to all stretches, and its coefficient (most + 1, B).

    `three` are `stretches` of y, y - W y and y + W y, (T, T + 1, 3 B). Dates are best at the coefficient, and the
    coefficient at the dates.
    """
    each = Quadratic.of(three)
    T, _, B = each.a.shape
    coarse = penalty.coarse()
    factor = penalty(coarse)
    least = np.full((most + 1, B), np.inf)
    at = np.zeros((most + 1, B), dtype=np.intp)
    dates = np.full((most + 1, max(most, 1), B), -1, dtype=np.intp)
    for k, (rho, f) in enumerate(zip(coarse, factor, strict=True)):
        S, where = best(each(float(rho)), most)
        better = S * f < least
        least, at = np.where(better, S * f, least), np.where(better, k, at)
        dates = np.where(better[:, None, :], where, dates)
    rhos = np.zeros((most + 1, B))
    for _ in range(TURNS):
        # The coefficient at the dates, and the dates at the coefficient, until neither moves.
        for m in range(most + 1):
            own = _at_dates(each, dates[m], m, T)
            least[m], rhos[m] = own.near(penalty, coarse, at[m])
        moved = False
        for m in range(1, most + 1):
            S, where = best(each(rhos[m]), m)
            better = S[m] * penalty(rhos[m]) < least[m] * (1 - 1e-12)
            moved = moved or bool(better.any())
            dates[m, :m] = np.where(better, where[m, :m], dates[m, :m])
        if not moved:
            break
    return least, dates, rhos


def _at_dates(each: Quadratic, dates: IntArray, m: int, T: int) -> Quadratic:
    """Return the sum over the stretches between m dates, (most, B), as a quadratic of shape (B,)."""
    B = each.a.shape[2]
    everyone = np.arange(B)
    bounds = [np.zeros(B, dtype=np.intp), *dates[:m], np.full(B, T, dtype=np.intp)]
    ends = list(pairwise(bounds))
    a, b, c = (np.sum([of[lo, hi, everyone] for lo, hi in ends], axis=0) for of in (each.a, each.b, each.c))
    return Quadratic(a, b, c)


def criteria(S: FloatArray, n: int, k: int) -> FloatArray:
    """Return BIC (Yao 1988) and LWZ (Liu, Wu and Zidek 1997) of 0 to m breaks, (2, m + 1), from sums of squares.

    k coefficients change at every break; a date counts as one parameter more (Bai and Perron 2003, section 5.1).
    """
    m = np.arange(len(S))
    p = (m + 1) * k + m
    bic = np.log(S / n) + p * np.log(n) / n
    lwz = np.log(S / (n - p)) + p / n * 0.299 * np.log(n) ** 2.1
    return np.stack([bic, lwz])


def best(ssr: FloatArray, most: int) -> tuple[FloatArray, IntArray]:
    """Return the least sums of squares with 0 to `most` breaks, (most + 1, B), and dates (most + 1, most, B).

    A date is the first period of a new stretch; unused places hold -1. Dynamic programming (Bai and Perron 2003).
    """
    T, _, B = ssr.shape
    cost = np.full((most + 1, T + 1, B), np.inf)
    back = np.full((most + 1, T + 1, B), -1, dtype=np.intp)
    cost[0] = ssr[0]
    for m in range(1, most + 1):
        for end in range(1, T + 1):
            options = cost[m - 1, 1:end] + ssr[1:end, end]
            if len(options):
                at = options.argmin(axis=0)
                cost[m, end] = np.take_along_axis(options, at[None], axis=0)[0]
                back[m, end] = at + 1
    dates = np.full((most + 1, max(most, 1), B), -1, dtype=np.intp)
    everyone = np.arange(B)
    for m in range(1, most + 1):
        last = np.full(B, T, dtype=np.intp)
        for j in range(m, 0, -1):
            last = back[j, last, everyone]
            dates[m, j - 1] = last
    return cost[:, T], dates
