"""Join counts: how many pairs of neighbours belong to the same group, in all and by group."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_CELLS = 4_000_000
_ROUNDING = 1e-12


class JoinCounts(NamedTuple):
    """Observed joins, their exact expectation, and joins of random arrangements; the last place is the total.

    Shapes (G + 1,), (G + 1,) and (B, G + 1) for G groups.
    """

    observed: FloatArray
    expected: FloatArray
    simulated: FloatArray


def links(W: Any) -> tuple[IntArray, IntArray]:
    """Return the ends of all links of a sparse matrix, each direction one link, without self-links."""
    coo = W.tocoo()
    keep = (coo.data != 0) & (coo.row != coo.col)
    return coo.row[keep].astype(np.intp), coo.col[keep].astype(np.intp)


def join_counts(labels: IntArray, W: Any, permutations: int, rng: np.random.Generator) -> JoinCounts:
    """Count joins within groups 0 to G - 1 and compare with random arrangements of the labels over the regions.

    A pair of neighbours is one join, a link in one direction only is half of one. Regions with a label below 0 belong
    to no group, but take part in the arrangements. Under these the expectation of a group of m among n regions is
    J m (m - 1) / (n (n - 1)), J all joins.
    """
    i, j = links(W)
    n, size = len(labels), int(labels.max(initial=-1)) + 1
    observed = _count(labels[None], i, j, size)[0]
    counts = np.bincount(labels[labels >= 0], minlength=size).astype(float)
    each = len(i) / 2.0 * counts * (counts - 1.0) / (n * (n - 1.0))
    simulated = np.empty((permutations, size + 1))
    block = max(1, _CELLS // max(len(i), n))
    for start in range(0, permutations, block):
        many = min(block, permutations - start)
        arranged = rng.permuted(np.tile(labels, (many, 1)), axis=1)
        simulated[start : start + many] = _count(arranged, i, j, size)
    return JoinCounts(observed, np.append(each, each.sum()), simulated)


def _count(labels: IntArray, i: IntArray, j: IntArray, size: int) -> FloatArray:
    """Return the joins within each group and in all, shape (B, size + 1), of arrangements of shape (B, N)."""
    one = labels[:, i]
    same = (one == labels[:, j]) & (one >= 0)
    cell = np.nonzero(same)[0] * size + one[same]
    within = np.bincount(cell, minlength=len(labels) * size).reshape(len(labels), size) / 2.0
    return np.column_stack([within, within.sum(axis=1)])


class PairMoments(NamedTuple):
    """Joins of ones with ones, of zeros with zeros, of ones with zeros: observed, expected, variance, each (T, 3)."""

    observed: FloatArray
    expected: FloatArray
    variance: FloatArray


def pair_counts(ones: FloatArray, W: Any) -> FloatArray:
    """Return half the weights between ones, between zeros and between both, shape (B, 3), of arrangements (B, N)."""
    near = np.asarray((W @ ones.T).T)
    rows, columns = np.asarray(W.sum(axis=1)).ravel(), np.asarray(W.sum(axis=0)).ravel()
    total = rows.sum()
    both = (ones * near).sum(axis=1)
    touching = ones @ (rows + columns)
    return np.column_stack([both / 2, (total - touching + both) / 2, (touching - 2 * both) / 2])


def pair_moments(ones: FloatArray, W: Any, s0: float, s1: float, s2: float) -> PairMoments:
    """Return joins with their exact moments over all arrangements of the ones (Cliff and Ord 1981, ch. 2)."""
    n = ones.shape[1]
    a = ones.sum(axis=1)
    b = n - a

    def falling(*factors: FloatArray) -> FloatArray:
        # Chances of so many different regions being what they should be; none where the regions do not suffice.
        below = np.prod([n - k for k in range(len(factors))])
        return np.asarray(np.prod(factors, axis=0) / below) if below > 0 else np.zeros(len(a))

    expected, variance = [], []
    for m in (a, b):
        two, three = falling(m, m - 1), falling(m, m - 1, m - 2)
        four = falling(m, m - 1, m - 2, m - 3)
        mean = s0 * two / 2
        expected.append(mean)
        variance.append((s1 * two + (s2 - 2 * s1) * three + (s0**2 + s1 - s2) * four) / 4 - mean**2)
    two, three = falling(a, b), falling(a, b, np.full(len(a), n - 2.0))
    mean = s0 * two
    expected.append(mean)
    mixed = 4 * (s0**2 + s1 - s2) * falling(a, a - 1, b, b - 1)
    variance.append((2 * s1 * two + (s2 - 2 * s1) * three + mixed) / 4 - mean**2)
    centre, spread = np.column_stack(expected), np.column_stack(variance)
    # What rounding leaves of a variance of zero, beside the terms that cancel.
    spread = np.where(spread > _ROUNDING * (centre**2 + s1), spread, 0.0)
    return PairMoments(pair_counts(ones, W), centre, spread)
