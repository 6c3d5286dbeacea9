"""Permutation of regions: the one engine, and the only place where simulations become p-values.

esda's conditional randomisation serves as a witness in the tests, not here: it needs numba to be fast, it sets
the diagonal of the caller's cached matrix, and its p-values are one-sided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import false_discovery_control

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
Side = Literal["two-sided", "greater", "less"]

# Arrangements drawn at a time: bounds the memory at a few ten megabytes whatever the number of regions.
_CELLS = 2_000_000
# Arrangements that swap equal values give the same statistic but for rounding: they count as ties.
_TIE = 1e-12


@dataclass(frozen=True)
class Reference:
    """What permutations say about observed statistics: moments of the simulated ones, and how many reach them.

    All arrays have the shape of the observed statistic; `above` counts simulated >= observed, `below` <=.
    """

    expected: FloatArray
    variance: FloatArray
    above: IntArray
    below: IntArray
    permutations: int

    def p_value(self, alternative: Side) -> FloatArray:
        """Return p = (r + 1) / (m + 1), r of m simulations being as extreme as what was observed.

        Two-sided is twice the smaller of the two one-sided p, at most 1: exact for a skewed reference
        distribution too, where distances from its mean would compare unlike tails.
        """
        greater = (self.above + 1) / (self.permutations + 1)
        less = (self.below + 1) / (self.permutations + 1)
        if alternative == "two-sided":
            return np.asarray(np.minimum(1.0, 2 * np.minimum(greater, less)))
        return np.asarray(greater if alternative == "greater" else less)


def smallest_p(permutations: int, alternative: Side) -> float:
    """Return the smallest p that so many permutations can give."""
    return (2 if alternative == "two-sided" else 1) / (permutations + 1)


def permute(
    statistic: Callable[[FloatArray, int], FloatArray],
    Z: FloatArray,
    permutations: int,
    rng: np.random.Generator,
) -> Reference:
    """Compare a global statistic of every period with its values under random arrangements of the regions.

    `statistic` takes arrangements of shape (B, N) and the number t of the period, and returns (B,). One and the
    same arrangement serves all periods, so that a period's p does not depend on which others are asked for.
    """
    T, n = Z.shape
    observed = np.array([statistic(Z[t : t + 1], t)[0] for t in range(T)])
    simulated = np.empty((T, permutations))
    done = 0
    for order in _arrangements(n, n, permutations, rng):
        for t in range(T):
            simulated[t, done : done + len(order)] = statistic(Z[t][order], t)
        done += len(order)
    return _compare(observed, simulated)


def permute_neighbours(Z: FloatArray, W: Any, permutations: int, rng: np.random.Generator, *, own: bool) -> Reference:
    """Compare the lag of every region with its values when the other regions are permuted around it.

    The region keeps its own value, its neighbours get values drawn without replacement from all others (Anselin
    1995). With `own` the statistic is z_i times the lag, as local Moran needs it; without, the lag alone, in
    which Gi and Gi* are increasing. All arrays are (T, N); islands, whose lag is always zero, are ties throughout.
    """

    def lags(i: int, j: IntArray, weights: FloatArray) -> FloatArray:
        scale = Z[:, i] if own else np.ones(len(Z))
        return np.stack([scale[t] * (Z[t][j] @ weights) for t in range(len(Z))])

    return permute_around(lags, W, permutations, rng)


def permute_around(
    statistic: Callable[[int, IntArray, FloatArray], FloatArray],
    W: Any,
    permutations: int,
    rng: np.random.Generator,
) -> Reference:
    """Compare a statistic of every region with its values when the other regions are permuted around it.

    `statistic` takes the place i of a region, places j of shape (B, k) that its k neighbours' values come from, and
    their weights (k,), and returns (T, B); at the true places it gives what is observed. All arrays are (T, N).
    """
    n = W.shape[0]
    most = int(np.diff(W.indptr).max())
    draws = np.concatenate([*_arrangements(n - 1, most, permutations, rng)])
    parts = []
    for i in range(n):
        cells = slice(W.indptr[i], W.indptr[i + 1])
        weights = W.data[cells]
        chosen = draws[:, : len(weights)]
        # The draws number the n - 1 others; those after region i are one place further on.
        simulated = statistic(i, chosen + (chosen >= i), weights)
        parts.append(_compare(statistic(i, W.indices[cells][None], weights)[:, 0], simulated))
    return Reference(
        expected=np.stack([part.expected for part in parts], axis=1),
        variance=np.stack([part.variance for part in parts], axis=1),
        above=np.stack([part.above for part in parts], axis=1),
        below=np.stack([part.below for part in parts], axis=1),
        permutations=permutations,
    )


def permute_places(
    statistic: Callable[[IntArray, int], FloatArray],
    periods: int,
    n: int,
    permutations: int,
    rng: np.random.Generator,
) -> Reference:
    """Compare statistics of every period with their values when regions change places.

    `statistic` takes arrangements of the places, shape (B, n), and the number of the period, and returns one value an
    arrangement, (B,), or several, (B, k). All arrays are (T,) or (T, k).
    """
    observed = np.array([statistic(np.arange(n, dtype=np.intp)[None], t)[0] for t in range(periods)])
    parts: list[list[FloatArray]] = [[] for _ in range(periods)]
    for order in _arrangements(n, n, permutations, rng):
        for t in range(periods):
            parts[t].append(statistic(order, t))
    return _compare(observed, np.moveaxis(np.array([np.concatenate(part) for part in parts]), 1, -1))


def _arrangements(n: int, length: int, permutations: int, rng: np.random.Generator) -> Iterator[IntArray]:
    # Random orders of n things, the first `length` places of each, in blocks of rows.
    block = max(1, _CELLS // n)
    for start in range(0, permutations, block):
        rows = min(block, permutations - start)
        order = np.tile(np.arange(n, dtype=np.intp), (rows, 1))
        yield rng.permuted(order, axis=1)[:, :length].copy()


def _compare(observed: FloatArray, simulated: FloatArray) -> Reference:
    tie = _TIE * np.maximum(np.abs(simulated).max(axis=-1), np.abs(observed))[..., None]
    seen = observed[..., None]
    m = simulated.shape[-1]
    varies = np.ptp(simulated, axis=-1) > tie[..., 0]
    return Reference(
        expected=simulated.mean(axis=-1),
        # One permutation has no variance; the divisor keeps the arithmetic silent.
        variance=np.where(varies, simulated.var(axis=-1) * m / max(m - 1, 1), 0.0),
        above=(simulated >= seen - tie).sum(axis=-1),
        below=(simulated <= seen + tie).sum(axis=-1),
        permutations=m,
    )


def benjamini_hochberg(p: FloatArray) -> FloatArray:
    """Return q-values of each row of p, shape (T, N): the smallest false-discovery rate that lets p pass.

    NaN (no test was made) stays NaN and does not count as a test (Benjamini and Hochberg 1995).
    """
    q = np.full_like(p, np.nan)
    for t in range(len(p)):
        tested = ~np.isnan(p[t])
        if tested.any():
            q[t, tested] = false_discovery_control(p[t, tested], method="bh")
    return q
