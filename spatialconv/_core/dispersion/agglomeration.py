"""Measures of specialisation, concentration and agglomeration on arrays of shape (T, N, K): period, region, industry.

Undefined shares (a region or an industry without anything) are NaN and stay so.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def ratio(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return a / b, NaN where b is zero."""
    a, b = np.broadcast_arrays(a, b)
    return np.asarray(np.divide(a, b, out=np.full(a.shape, np.nan), where=b != 0))


def location_quotient(E: FloatArray) -> FloatArray:
    """Return (e_ik / e_i.) / (e_.k / e_..), shape (T, N, K)."""
    own = ratio(E, E.sum(axis=2, keepdims=True))
    return ratio(own, ratio(E.sum(axis=1, keepdims=True), E.sum(axis=(1, 2), keepdims=True)))


def additive_quotient(E: FloatArray) -> FloatArray:
    """Return e_ik / e_.k - e_i. / e_..: a region's share of the industry less its share of everything."""
    return ratio(E, E.sum(axis=1, keepdims=True)) - ratio(
        E.sum(axis=2, keepdims=True), E.sum(axis=(1, 2), keepdims=True)
    )


def standardised(x: FloatArray) -> FloatArray:
    """Return x, shape (T, N, K), less its mean over regions, by the sample standard deviation; NaN are left out."""
    seen = np.isfinite(x)
    count = seen.sum(axis=1, keepdims=True)
    filled = np.where(seen, x, 0.0)
    mean = ratio(filled.sum(axis=1, keepdims=True), count.astype(float))
    gap = np.where(seen, x - mean, 0.0)
    variance = ratio((gap**2).sum(axis=1, keepdims=True), np.maximum(count - 1, 0).astype(float))
    # Quotients that are all alike differ by rounding only.
    flat = variance <= (1e-12 * np.maximum(np.abs(mean), 1.0)) ** 2
    return np.where(seen, ratio(gap, np.where(flat, 0.0, np.sqrt(variance))), np.nan)


def hoover(s: FloatArray, x: FloatArray) -> FloatArray:
    """Return half the sum over the last axis of |s - x|: what would have to move."""
    return np.asarray(np.abs(s - x).sum(axis=-1) / 2)


def herfindahl(s: FloatArray) -> FloatArray:
    """Return the sum of squared shares over the last axis."""
    return np.asarray((s**2).sum(axis=-1))


def lorenz(s: FloatArray, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return cumulated shares x and s over the last axis, ordered by s / x, each starting at zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        # Nothing of either stands nowhere; something of s alone stands at the steep end.
        steep = np.where(x > 0, s / x, np.where(s > 0, np.inf, 0.0))
    order = np.argsort(steep, axis=-1, kind="stable")
    zero = np.zeros((*s.shape[:-1], 1))
    both = (np.take_along_axis(part, order, axis=-1).cumsum(axis=-1) for part in np.broadcast_arrays(x, s))
    first, second = (np.concatenate([zero, part], axis=-1) for part in both)
    return first, second


def locational_gini(s: FloatArray, x: FloatArray) -> FloatArray:
    """Return the Gini of shares s against reference shares x over the last axis: twice the area above the curve."""
    across, up = lorenz(s, x)
    area = (np.diff(across, axis=-1) * (up[..., 1:] + up[..., :-1])).sum(axis=-1)
    return np.asarray(1.0 - area)


def gini_of_quotients(s: FloatArray, x: FloatArray) -> FloatArray:
    """Return the unweighted Gini of s / x over the last axis, as `gini.spec` and `gini.conc` of REAT."""
    r = np.sort(ratio(s, x), axis=-1)
    n = r.shape[-1]
    rank = 2 * np.arange(1, n + 1) - n - 1
    return ratio((rank * r).sum(axis=-1), n * r.sum(axis=-1))


class EllisonGlaeser(NamedTuple):
    """Of each industry: raw concentration G, gamma, and z of G under random location of plants; each shape (T, K)."""

    raw: FloatArray
    gamma: FloatArray
    z: FloatArray


def ellison_glaeser(s: FloatArray, x: FloatArray, H: FloatArray, fourth: FloatArray) -> EllisonGlaeser:
    r"""Return Ellison and Glaeser's (1997) index from shares of regions s, shape (T, K, N), and x, shape (T, 1, N).

    ``G = sum_i (s_i - x_i)^2``, ``gamma = (G - (1 - sum x^2) H) / ((1 - sum x^2) (1 - H))`` with H, shape (T, K), the
    Herfindahl index of plant sizes; z = (G - E G) / sd(G) with the variance of their proposition 1, where `fourth` is
    the sum of fourth powers of the plants' shares. H of 1 (one plant) leaves gamma undefined.
    """
    x2, x3 = (x**2).sum(axis=-1), (x**3).sum(axis=-1)
    G = ((s - x) ** 2).sum(axis=-1)
    gap = G - (1 - x2) * H
    gamma = ratio(gap, (1 - x2) * (1 - H))
    variance = 2 * (H**2 * (x2 - 2 * x3 + x2**2) - fourth * (x2 - 4 * x3 + 3 * x2**2))
    return EllisonGlaeser(G, gamma, ratio(gap, np.sqrt(np.where(variance > 0, variance, 0.0))))


def pairwise_coagglomeration(s: FloatArray, x: FloatArray) -> FloatArray:
    """Return sum_i (s_ia - x_i)(s_ib - x_i) / (1 - sum x^2) of all pairs, shape (T, K, K) (Ellison et al. 2010)."""
    gap = s - x
    return ratio(gap @ gap.transpose(0, 2, 1), (1 - (x**2).sum(axis=-1))[..., None])


class ShiftShare(NamedTuple):
    """Change of every region and industry, shape (N, K), in parts that add up to it; allocation may be zero."""

    national: FloatArray
    mix: FloatArray
    competitive: FloatArray
    allocation: FloatArray


def shift_share(before: FloatArray, after: FloatArray, *, homothetic: bool) -> ShiftShare:
    """Split e1 - e0, shape (N, K), into growth of all, of the industry, and of the region in it.

    ``national = e0 g``, ``mix = e0 (g_k - g)``, ``competitive = e1 - e0 (1 + g_k)``. Homothetic (Esteban-Marquillas
    1972): competitive as if the region had everybody's structure, e* = e0_i. e0_.k / e0_.., and ``allocation =
    (e0 - e*) (g_ik - g_k)``. An industry that nobody had before has no growth rate: what it gained is competitive.
    """
    total = before.sum()
    g = after.sum() / total - 1
    of_industry = before.sum(axis=0)
    g_k = np.where(of_industry > 0, ratio(after.sum(axis=0), of_industry) - 1, g)
    national = before * g
    mix = before * (g_k - g)
    competitive = after - before * (1 + g_k)
    if not homothetic:
        return ShiftShare(national, mix, competitive, np.zeros_like(before))
    like = before.sum(axis=1, keepdims=True) * of_industry / total
    # Without a beginning there is no rate to put on other numbers: the gain stays where it is.
    own = np.where(before > 0, ratio(like * competitive, before), competitive)
    return ShiftShare(national, mix, own, competitive - own)
