"""How far two partitions of the same regions agree."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.intp]
FloatArray = npt.NDArray[np.float64]


def singled_out(labels: IntArray) -> IntArray:
    """Return labels in which each region of no club (label < 0) is a group of its own."""
    out = labels.copy()
    alone = out < 0
    out[alone] = out.max(initial=0) + 1 + np.arange(alone.sum())
    return out


def adjusted_rand(a: IntArray, b: IntArray) -> float:
    """Return the adjusted Rand index (Hubert and Arabie 1985): 1 for the same partition, 0 on average by chance."""
    assert a.shape == b.shape
    rows, i = np.unique(a, return_inverse=True)
    columns, j = np.unique(b, return_inverse=True)
    counts = np.zeros((len(rows), len(columns)))
    np.add.at(counts, (i, j), 1.0)
    both, in_a, in_b = (_pairs(c) for c in (counts.ravel(), counts.sum(axis=1), counts.sum(axis=0)))
    total = len(a) * (len(a) - 1) / 2.0
    expected = in_a * in_b / total if total else 0.0
    most = (in_a + in_b) / 2.0
    # All in one group, or all alone, in both: the same partition.
    return 1.0 if most == expected else float((both - expected) / (most - expected))


def _pairs(counts: FloatArray) -> float:
    return float((counts * (counts - 1.0) / 2.0).sum())


def co_membership(labels: IntArray, present: npt.NDArray[np.bool_]) -> FloatArray:
    """Return the share of partitions in which each pair of regions is in one club, of those that have both.

    `labels` and `present` have the shape (B, N); label < 0 is no club. Pairs never drawn together are NaN.
    """
    n = labels.shape[1]
    together, seen = np.zeros((n, n)), np.zeros((n, n))
    for row, here in zip(labels, present, strict=True):
        there = here.astype(float)
        seen += np.outer(there, there)
        for club in np.unique(row[here & (row >= 0)]):
            members = np.flatnonzero(here & (row == club))
            together[np.ix_(members, members)] += 1.0
    share = np.divide(together, seen, out=np.full((n, n), np.nan), where=seen > 0)
    np.fill_diagonal(share, 1.0)
    return np.asarray(share)
