"""Dickey-Fuller regressions of many series at once, by the triangle of a QR alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from spatialconv._core.regression.least_squares import triangle

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
Trend = Literal["none", "constant", "trend"]
Criterion = Literal["aic", "bic"]

TERMS: dict[str, int] = {"none": 0, "constant": 1, "trend": 2}
# Numbers in a stack of designs at once: 64 MB of doubles.
BLOCK = 8_000_000


@dataclass(frozen=True)
class Regressions:
    """Dickey-Fuller regressions of M series: arrays of shape (M,).

    `slope` is that of the level before (rho - 1), `t` its ratio, `rss` the sum of squares over `n` observations with
    `k` coefficients. `level2`, `cross` and `change2` are sums of squares and products of level and change once lags
    and deterministic terms are out, as the pooled test of Levin, Lin and Chu takes them.
    """

    slope: FloatArray
    t: FloatArray
    rss: FloatArray
    n: IntArray
    k: IntArray
    lags: IntArray
    level2: FloatArray
    cross: FloatArray
    change2: FloatArray


def deterministic(trend: Trend, n: int) -> FloatArray:
    """Return the deterministic terms of n periods, shape (n, 0, 1 or 2), the trend centred for the digits."""
    t = np.arange(n, dtype=float) - (n - 1) / 2
    return np.column_stack([np.ones(n), t / max(n, 1)])[:, : TERMS[trend]]


def parts(z: FloatArray, lags: int, first: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return change (M, n), level before (M, n) and lagged changes (M, n, lags) from period `first` on.

    `z` has shape (T, M); `first` is the first place of the changes that is used, at least `lags`.
    """
    d = np.diff(z, axis=0)
    rows = len(d)
    past = [d[first - j : rows - j].T for j in range(1, lags + 1)]
    stacked = np.stack(past, axis=2) if past else np.empty((z.shape[1], rows - first, 0))
    return d[first:].T, z[first:-1].T, stacked


def fixed(z: FloatArray, trend: Trend, lags: int) -> Regressions:
    """Regress the change on the level before, `lags` lagged changes and deterministic terms, series by series.

    `z` has shape (T, M). Residual variances are corrected for degrees of freedom in `t`.
    """
    M = z.shape[1]
    change, level, past = parts(z, lags, lags)
    n = change.shape[1]
    D = deterministic(trend, n)
    k = D.shape[1] + lags + 1
    found = np.empty((5, M))
    step = max(1, BLOCK // (n * (k + 1)))
    for start in range(0, M, step):
        at = slice(start, start + step)
        rows = len(level[at])
        X = np.concatenate(
            [np.broadcast_to(D, (rows, *D.shape)), past[at], level[at][:, :, None], change[at][:, :, None]], axis=2
        )
        R = triangle(X)
        ll, ly, yy = R[:, k - 1, k - 1], R[:, k - 1, k], R[:, k, k]
        found[:, at] = ly / ll, np.sign(ll) * ly, yy**2, ll**2, ll * ly
    slope, top, rss, level2, cross = found
    with np.errstate(divide="ignore", invalid="ignore"):
        t = top / np.sqrt(rss / (n - k))
    count, terms, used = (np.full(M, value, dtype=np.intp) for value in (n, k, lags))
    return Regressions(slope, t, rss, count, terms, used, level2, cross, rss + top**2)


def chosen(z: FloatArray, trend: Trend, most: int, criterion: Criterion) -> IntArray:
    """Return the number of lagged changes of every series by AIC or BIC, all on the sample that `most` lags leave."""
    change, level, past = parts(z, most, most)
    M, n = change.shape
    D = deterministic(trend, n)
    base = D.shape[1] + 1
    value = np.empty((M, most + 1))
    price = 2.0 if criterion == "aic" else np.log(n)
    step = max(1, BLOCK // (n * (base + most + 1)))
    for start in range(0, M, step):
        at = slice(start, start + step)
        rows = len(level[at])
        X = np.concatenate(
            [np.broadcast_to(D, (rows, *D.shape)), level[at][:, :, None], past[at], change[at][:, :, None]], axis=2
        )
        # What the first columns leave of the change is the tail of its column in the triangle.
        tail = triangle(X)[:, base:, -1] ** 2
        rss = np.cumsum(tail[:, ::-1], axis=1)[:, ::-1]
        value[at] = np.log(rss) + price * (base + np.arange(most + 1)) / n
    return np.asarray(np.argmin(value, axis=1))


def regressions(z: FloatArray, trend: Trend, lags: IntArray) -> Regressions:
    """Run every series of `z`, shape (T, M), with its own number of lags."""
    counts = ("n", "k", "lags")
    found: dict[str, Any] = {
        name: np.empty(z.shape[1], dtype=np.intp if name in counts else float)
        for name in Regressions.__dataclass_fields__
    }
    for p in np.unique(lags):
        at = lags == p
        part = fixed(z[:, at], trend, int(p))
        for name, values in found.items():
            values[at] = getattr(part, name)
    return Regressions(**found)


def most_lags(T: int) -> int:
    """Return how many lags a criterion may choose among: 4 (T / 100)^(1/4), and no more than leave ten changes."""
    return max(0, min(int(4 * (T / 100) ** 0.25), T - 11))
