"""Weights of indicators: entropy, CRITIC, first principal component; and variance inflation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# A share of unexplained variance below this is rounding: the column is a combination of the others.
UNEXPLAINED = 1e-12


class EntropyWeights(NamedTuple):
    """Of each indicator: entropy e, utility g = 1 - e, weight g / sum(g)."""

    entropy: FloatArray
    utility: FloatArray
    weight: FloatArray


def entropies(x: FloatArray) -> FloatArray:
    r"""Return the normalised Shannon entropy of each column of x, shape (n, K), non-negative, n >= 2.

    ``e_j = -K sum_i p_ij ln p_ij`` with ``p_ij = x_ij / sum_i x_ij`` and ``K = 1 / ln n``, so that 0 <= e_j <= 1;
    a share of zero adds nothing, the limit of p ln p.
    """
    share = x / x.sum(axis=0)
    terms = share * np.log(np.where(share > 0, share, 1.0))
    # Clipped: an even column may pass 1 by rounding, and its utility would be negative.
    return np.asarray(np.clip(-terms.sum(axis=0) / np.log(len(x)), 0.0, 1.0))


def entropy_weights(entropy: FloatArray) -> EntropyWeights:
    """Return utilities and weights that follow from entropies, shape (K,), of which one at least is below 1."""
    utility = 1.0 - entropy
    return EntropyWeights(entropy, utility, utility / utility.sum())


def critic_weights(x: FloatArray) -> FloatArray:
    """Return weights by contrast and conflict (Diakoulaki et al. 1995): sd_j sum_k (1 - r_jk), scaled to one.

    x has shape (n, K) and no constant column. Columns that all move alike leave no conflict: equal weights.
    """
    content = x.std(axis=0, ddof=1) * (1.0 - correlation(x)).sum(axis=0)
    total = float(content.sum())
    return content / total if total > UNEXPLAINED else np.full(x.shape[1], 1.0 / x.shape[1])


def component_weights(x: FloatArray) -> tuple[FloatArray, float]:
    """Return the squared loadings of the first principal component of the correlations, and its share of variance."""
    values, vectors = np.linalg.eigh(correlation(x))
    return vectors[:, -1] ** 2, float(values[-1] / values.sum())


def correlation(x: FloatArray) -> FloatArray:
    """Return the correlations of the columns of x, shape (K, K), without a constant column."""
    z = standardised(x)
    return np.asarray(z.T @ z / (len(x) - 1))


def standardised(x: FloatArray) -> FloatArray:
    """Return the columns of x with mean 0 and sample standard deviation 1, whatever their unit."""
    # By a power of two, which costs no digit: squares of 1e-200 or 1e200 would be zero or infinite.
    x = np.ldexp(x, -np.frexp(np.abs(x).max(axis=0))[1])
    return np.asarray((x - x.mean(axis=0)) / x.std(axis=0, ddof=1))


def variance_inflation(x: FloatArray) -> FloatArray:
    """Return ``VIF_j = 1 / (1 - R_j^2)`` of each column of x on the others, infinite where they span it.

    By least squares column by column, which survives collinear columns; an inverse of the correlations would not.
    """
    z = standardised(x)
    found = np.ones(z.shape[1])
    for j in range(z.shape[1]):
        others = np.delete(z, j, axis=1)
        if others.shape[1]:
            left = z[:, j] - others @ np.linalg.lstsq(others, z[:, j], rcond=None)[0]
            unexplained = float(left @ left / (z[:, j] @ z[:, j]))
            found[j] = 1.0 / unexplained if unexplained > UNEXPLAINED else np.inf
    return found


class Interpolated(NamedTuple):
    """A (T, N) array without gaps, and which of its cells were interpolated or extrapolated."""

    values: FloatArray
    inside: npt.NDArray[np.bool_]
    outside: npt.NDArray[np.bool_]


def interpolate(values: FloatArray, time: FloatArray) -> Interpolated:
    """Fill the gaps (NaN) of each column of a (T, N) array on straight lines; ends go on as the last two points do.

    A column with fewer than two observations is left as it is.
    """
    filled, gaps = values.copy(), np.isnan(values)
    inside, outside = np.zeros_like(gaps), np.zeros_like(gaps)
    for i in np.flatnonzero(gaps.any(axis=0)):
        seen = np.flatnonzero(~gaps[:, i])
        if len(seen) < 2:
            continue
        t, y = time[seen], values[seen, i]
        # The segment that holds a gap, or the nearest one.
        start = np.clip(np.searchsorted(t, time[gaps[:, i]]) - 1, 0, len(t) - 2)
        slope = (y[start + 1] - y[start]) / (t[start + 1] - t[start])
        filled[gaps[:, i], i] = y[start] + slope * (time[gaps[:, i]] - t[start])
        between = (time > t[0]) & (time < t[-1])
        inside[:, i], outside[:, i] = gaps[:, i] & between, gaps[:, i] & ~between
    return Interpolated(filled, inside, outside)
