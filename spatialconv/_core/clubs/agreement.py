"""How far two partitions of the same regions agree."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

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


def counts(a: IntArray, b: IntArray) -> FloatArray:
    """Return how many regions are in each group of a (rows) and of b (columns), groups in sorted order."""
    rows, i = np.unique(a, return_inverse=True)
    columns, j = np.unique(b, return_inverse=True)
    table = np.zeros((len(rows), len(columns)))
    np.add.at(table, (i, j), 1.0)
    return table


def entropy(sizes: FloatArray) -> float:
    """Return the entropy of a partition, in nats, from the sizes of its groups."""
    share = sizes[sizes > 0] / sizes.sum()
    return float(-(share * np.log(share)).sum())


def mutual_information(table: FloatArray) -> float:
    """Return what one partition says of the other, in nats, from their table of counts."""
    n = table.sum()
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    on = table > 0
    return max(float((table[on] / n * np.log(table[on] / expected[on])).sum()), 0.0)


def expected_information(table: FloatArray) -> float:
    """Return the mean of mutual information over partitions with these sizes (Vinh, Epps and Bailey 2010, eq. 24a)."""
    rows, columns, n = table.sum(axis=1), table.sum(axis=0), int(table.sum())
    total = 0.0
    for a in rows.astype(int):
        for b in columns.astype(int):
            k = np.arange(max(1, a + b - n), min(a, b) + 1)
            weight = np.exp(
                gammaln(a + 1) + gammaln(b + 1) + gammaln(n - a + 1) + gammaln(n - b + 1) - gammaln(n + 1)
                - gammaln(k + 1) - gammaln(a - k + 1) - gammaln(b - k + 1) - gammaln(n - a - b + k + 1)
            )  # fmt: skip
            total += float((k / n * np.log(n * k / (a * b)) * weight).sum())
    return total
