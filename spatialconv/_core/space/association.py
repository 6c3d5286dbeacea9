"""Spatial association: values and moments of the global and local statistics, all periods at once.

Everything works on standardised deviations Z of shape (T, N): mean 0 and mean square 1 in every period. No
statistic then depends on the unit of the data, and those in deviation form do not depend on its origin either.

Notation of Cliff and Ord (1981): S0 the sum of the weights, S1 half the sum of (w_ij + w_ji)^2, S2 the sum of
(w_i. + w_.i)^2. Weights W are (N, N), sparse, with a zero diagonal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

FloatArray = npt.NDArray[np.float64]

# A variance below this share of its own terms is what rounding leaves of an exact zero.
ROUNDING = 1e-12


@dataclass(frozen=True)
class WeightSums:
    """The sums of the weights that enter the moments; `degree` is w_i. + w_.i, shape (N,)."""

    n: int
    s0: float
    s1: float
    s2: float
    degree: FloatArray


@dataclass(frozen=True)
class LocalMoments:
    """Expectation and variance of a local statistic, each (T, N)."""

    expected: FloatArray
    variance: FloatArray


def weight_sums(W: Any) -> WeightSums:
    """Return S0, S1, S2 and the row-plus-column sums of the weights."""
    degree = np.asarray(W.sum(axis=0)).ravel() + np.asarray(W.sum(axis=1)).ravel()
    s1 = float(W.multiply(W).sum() + W.multiply(W.T).sum())
    return WeightSums(W.shape[0], float(W.sum()), s1, float(degree @ degree), degree)


def standardise(Y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return Z = (Y - mean) / sd with the n-divisor, shape (T, N), and mean / sd, shape (T,)."""
    # Scaled first, so that no square over- or underflows whatever the unit; by a power of two, which rounds nothing.
    Y = np.ldexp(Y, -np.frexp(np.abs(Y).max(axis=1, keepdims=True))[1])
    mean = Y.mean(axis=1, keepdims=True)
    Z = Y - mean
    # A mean large beside the spread leaves its own rounding error in Z; the second pass takes it out.
    shift = Z.mean(axis=1, keepdims=True)
    Z = Z - shift
    sd = np.sqrt(np.mean(Z * Z, axis=1, keepdims=True))
    return Z / sd, ((mean + shift) / sd)[:, 0]


def lag(Z: FloatArray, W: Any) -> FloatArray:
    """Return the spatial lag W z of every row of Z, shape (T, N)."""
    return np.asarray((W @ Z.T).T)


def _quadratic(Z: FloatArray, W: Any) -> FloatArray:
    return np.asarray((Z * lag(Z, W)).sum(axis=1))


# ---------------------------------------------------------------------- global statistics


def moran(Z: FloatArray, W: Any, s: WeightSums) -> FloatArray:
    """Return I = (n / S0) z'Wz / z'z, shape (T,) (Cliff and Ord 1981)."""
    return _quadratic(Z, W) / s.s0


def moran_variance(Z: FloatArray, s: WeightSums, null: Literal["randomisation", "normality"]) -> FloatArray:
    """Return the variance of I under a null, shape (T,) (Cliff and Ord 1981, ch. 2)."""
    n, s02 = s.n, s.s0**2
    scale = s.s1 / s02 + s.s2 / (n * s02) + 1 / n**2
    if null == "normality":
        second = (n * n * s.s1 - n * s.s2 + 3 * s02) / ((n * n - 1) * s02)
        return _no_noise(np.full(len(Z), second - 1 / (n - 1) ** 2), scale)
    k = np.mean(Z**4, axis=1)
    top = n * ((n * n - 3 * n + 3) * s.s1 - n * s.s2 + 3 * s02)
    top = top - k * ((n * n - n) * s.s1 - 2 * n * s.s2 + 6 * s02)
    return _no_noise(top / ((n - 1) * (n - 2) * (n - 3) * s02) - 1 / (n - 1) ** 2, scale)


def geary(Z: FloatArray, W: Any, s: WeightSums) -> FloatArray:
    """Return C = (n - 1) sum_ij w_ij (z_i - z_j)^2 / (2 S0 z'z), shape (T,) (Cliff and Ord 1981)."""
    # The double sum, multiplied out: no array with a cell for every link and period is needed.
    squares = (Z * Z) @ s.degree - 2 * _quadratic(Z, W)
    return np.asarray((s.n - 1) * squares / (2 * s.s0 * s.n))


def geary_variance(Z: FloatArray, s: WeightSums, null: Literal["randomisation", "normality"]) -> FloatArray:
    """Return the variance of C under a null, shape (T,) (Cliff and Ord 1981, ch. 2)."""
    n, s02 = s.n, s.s0**2
    scale = (s.s1 + s.s2) / s02 + 1 / n
    if null == "normality":
        return _no_noise(np.full(len(Z), ((2 * s.s1 + s.s2) * (n - 1) - 4 * s02) / (2 * (n + 1) * s02)), scale)
    k = np.mean(Z**4, axis=1)
    top = (n - 1) * s.s1 * (n * n - 3 * n + 3 - (n - 1) * k)
    top = top - (n - 1) * s.s2 * (n * n + 3 * n - 6 - (n * n - n + 2) * k) / 4
    top = top + s02 * (n * n - 3 - (n - 1) ** 2 * k)
    return _no_noise(top / (n * (n - 2) * (n - 3) * s02), scale)


def general_g(Z: FloatArray, location: FloatArray | float, W: Any, s: WeightSums) -> FloatArray:
    """Return G = sum_ij w_ij y_i y_j / sum_{i != j} y_i y_j, shape (T,) (Getis and Ord 1992).

    `location` is mean / sd of the data, from `standardise`.
    """
    top = location**2 * s.s0 + location * (Z @ s.degree) + _quadratic(Z, W)
    return np.asarray(top / _g_pairs(location, s.n))


def general_g_variance(Z: FloatArray, location: FloatArray, s: WeightSums) -> FloatArray:
    """Return the variance of G under randomisation, shape (T,) (Getis and Ord 1992).

    Differs: the paper expands it in power sums of the raw data, which cancel when the mean is large beside the
    spread. With y = sd (location + z) the numerator is a constant + location z'd + z'Wz (d the row-plus-column
    sums), and the three (co)variances of the last two terms over all n! arrangements add up without cancelling.
    """
    n = s.n
    cubes = np.sum(Z**3, axis=1)
    linear = n / (n - 1) * _no_noise(np.sum((s.degree - s.degree.mean()) ** 2), s.s2)
    quadratic = moran_variance(Z, s, "randomisation") * s.s0**2
    pairs = cubes * s.s2 / (n * (n - 1))
    joint = 2 * cubes * (2 * s.s0**2 - s.s2) / (n * (n - 1) * (n - 2)) - pairs
    variance = location**2 * linear + 2 * location * joint + quadratic
    scale = location**2 * linear + 2 * location * np.abs(pairs) + quadratic
    return np.asarray(_no_noise(variance, scale) / _g_pairs(location, n) ** 2)


def _g_pairs(location: FloatArray | float, n: int) -> FloatArray | float:
    # The sum over i != j of y_i y_j, in units of the variance.
    return n * ((n - 1) * location**2 - 1)


# ---------------------------------------------------------------------- local statistics


def local_moran(Z: FloatArray, W: Any) -> FloatArray:
    """Return I_i = z_i (Wz)_i / m2 with m2 = z'z / n, shape (T, N) (Anselin 1995)."""
    return Z * lag(Z, W)


def local_moran_moments(Z: FloatArray, W: Any, null: Literal["conditional", "total"]) -> LocalMoments:
    """Return expectation and variance of I_i under randomisation.

    "conditional" leaves z_i where it is and permutes the others (Sokal, Oden and Thomson 1998, eqs. A7, A8);
    "total" permutes all (Anselin 1995, in the form of Sokal et al., eqs. A3, A4).
    """
    n = Z.shape[1]
    rows, squares, spread = _row_sums(W, n - 1)
    if null == "conditional":
        own = np.where(np.abs(Z) > ROUNDING, Z * Z, 0.0)
        variance = own * n / (n - 2) * spread * _others(Z)
        return LocalMoments(-own * rows / (n - 1), variance)
    k = np.mean(Z**4, axis=1, keepdims=True)
    variance = squares * (n - k) / (n - 1) + (rows**2 - squares) * (2 * k - n) / ((n - 1) * (n - 2))
    variance = variance - rows**2 / (n - 1) ** 2
    return LocalMoments(np.broadcast_to(-rows / (n - 1), Z.shape), _no_noise(variance, squares))


def local_bivariate_moments(X: FloatArray, Y: FloatArray, W: Any) -> LocalMoments:
    """Return expectation and variance of x_i (Wy)_i where region i keeps its x and y and the others change places.

    The neighbours' values are then a simple random sample of the n - 1 others.
    """
    n = X.shape[1]
    rows, _, spread = _row_sums(W, n - 1)
    own = np.where(np.abs(X) > ROUNDING, X, 0.0)
    return LocalMoments(-own * rows * Y / (n - 1), own**2 * n / (n - 2) * spread * _others(Y))


def local_geary(Z: FloatArray, W: Any) -> FloatArray:
    """Return c_i = sum_j w_ij (z_i - z_j)^2 / m2 with m2 = z'z / n, shape (T, N) (Anselin 1995)."""
    rows = np.asarray(W.sum(axis=1)).ravel()
    # A sum of squares, multiplied out; what rounding leaves of a zero may be negative.
    return np.maximum(rows * Z**2 - 2 * Z * lag(Z, W) + lag(Z**2, W), 0.0)


def local_geary_moments(Z: FloatArray, W: Any) -> LocalMoments:
    """Return expectation and variance of c_i where region i keeps its value and the others change places.

    The squared differences from z_i are a simple random sample of those from the n - 1 others.
    """
    n = Z.shape[1]
    rows, _, spread = _row_sums(W, n - 1)
    first = n * Z**2 + n
    cubes, fourths = (np.sum(Z**k, axis=1, keepdims=True) for k in (3, 4))
    second = n * Z**4 - 4 * Z * cubes + 6 * n * Z**2 + fourths
    between = _no_noise(second - first**2 / (n - 1), second) / (n - 2)
    return LocalMoments(rows * first / (n - 1), spread * between)


def lee(X: FloatArray, Y: FloatArray, V: Any) -> FloatArray:
    """Return Lee's L of every region, shape (T, N), their mean being the global L (Lee 2001, eqs. 18 and 22).

    L_i = n (Vx)_i (Vy)_i / sum_i v_i.^2; V may carry the regions' own weights.
    """
    rows = np.asarray(V.sum(axis=1)).ravel()
    return np.asarray(lag(X, V) * lag(Y, V) * X.shape[1] / (rows @ rows))


def residual_powers(Y: FloatArray, W: Any, power: float) -> FloatArray:
    """Return abs(y_j - mean of the neighbours of j)^power, (T, N); W has no empty rows."""
    return np.asarray(np.abs(Y - lag(Y, W) / np.asarray(W.sum(axis=1)).ravel()) ** power)


def heteroscedasticity(spread: FloatArray, W: Any) -> tuple[FloatArray, FloatArray]:
    """Return LOSH H_i and its variance under random arrangements of the residuals' powers (Ord and Getis 2012).

    H_i = sum_j w_ij e_j / (w_i. mean(e)); its expectation is one.
    """
    n = spread.shape[1]
    rows, squares, _ = _row_sums(W, n)
    mean = spread.mean(axis=1, keepdims=True)
    among = np.mean((spread - mean) ** 2, axis=1, keepdims=True)
    terms = n * squares - rows**2
    variance = among * _no_noise(terms, n * squares) / ((n - 1) * (mean * rows) ** 2)
    return lag(spread, W) / (mean * rows), variance


def gi(Z: FloatArray, W: Any) -> FloatArray:
    """Return the z of Gi, shape (T, N): region i is left out of mean and variance (Ord and Getis 1995).

    NaN where it has no variance: no neighbours, all other regions as neighbours with one weight, or no
    difference between the others.
    """
    n = Z.shape[1]
    rows, _, spread = _row_sums(W, n - 1)
    top = lag(Z, W) + rows * Z / (n - 1)
    return score(top, np.zeros_like(top), n / (n - 2) * _others(Z) * spread)


def gi_star(Z: FloatArray, W: Any) -> FloatArray:
    """Return the z of Gi*, shape (T, N): W carries the regions' own weights (Ord and Getis 1995).

    NaN where all regions, the own one too, weigh alike: the local mean is then the global one.
    """
    n = Z.shape[1]
    _, _, spread = _row_sums(W, n)
    top = lag(Z, W)
    return score(top, np.zeros_like(top), np.broadcast_to(n / (n - 1) * spread, top.shape))


def with_self(W: Any, multiple: FloatArray | float) -> Any:
    """Return W with the own weight of every region: a multiple, or one of each, of the largest weight in its row.

    The weights of a row may then be scaled by any number and Gi* stays as it is. A region without neighbours
    has no scale of its own; its link counts as 1.
    """
    from scipy.sparse import csr_array, diags_array

    largest = np.asarray(W.max(axis=1).todense()).ravel()
    own = multiple * np.where(largest > 0, largest, 1.0)
    return csr_array(W + diags_array(own))


def score(value: FloatArray, expected: FloatArray, variance: FloatArray) -> FloatArray:
    """Return (value - expected) / sd, NaN where the variance is zero."""
    sd = np.sqrt(np.where(variance > 0, variance, np.nan))
    return np.asarray((value - expected) / sd)


def normal_p(z: FloatArray, alternative: Literal["two-sided", "greater", "less"]) -> FloatArray:
    """Return p of a standard normal z by the survival function, which keeps small p exact; NaN stays NaN."""
    if alternative == "two-sided":
        return np.asarray(2 * norm.sf(np.abs(z)))
    return np.asarray(norm.sf(z) if alternative == "greater" else norm.cdf(z))


def _row_sums(W: Any, among: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    # Row sums, sums of squares, and sum of squares about the mean weight of `among` regions.
    rows = np.asarray(W.sum(axis=1)).ravel()
    squares = np.asarray(W.multiply(W).sum(axis=1)).ravel()
    return rows, squares, _no_noise(squares - rows**2 / among, squares)


def _others(Z: FloatArray) -> FloatArray:
    # (n - 1) / n times the variance of all regions but i, with divisor n - 1.
    return _no_noise(1 - Z**2 / (Z.shape[1] - 1), np.ones(Z.shape[1]))


def _no_noise(variance: FloatArray, scale: FloatArray | float) -> FloatArray:
    return np.where(variance > ROUNDING * scale, variance, 0.0)
