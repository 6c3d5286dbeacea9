"""Join counts: how many pairs of neighbours belong to the same group, in all and by group."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_CELLS = 4_000_000


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
