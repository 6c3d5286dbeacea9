"""Breaks in time of a panel regression: sums of squares of every stretch, and the best dates by dynamic programming."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


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
