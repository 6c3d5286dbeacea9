"""Autocorrelation at many distances, and what looking at all of them costs: the permutation of the extreme."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from spatialconv._core.space import association
from spatialconv._core.space.permutation import Side, permute_places

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
Measure = Literal["I", "C"]
# Arrangements that swap equal values give the same z but for rounding.
TIE = 1e-9


@dataclass(frozen=True, eq=False)
class ByDistance:
    """Statistics of T periods at K distances, all (T, K): value, expectation, variance, z of likeness, and p.

    `p` is of one distance alone, `p_all` of the extreme over all distances (Westfall and Young 1993): the share of
    arrangements whose most extreme z, wherever it is, is as extreme as this one. `p_most`, (T,), is the smallest of
    these, that of the most extreme distance `most`.
    """

    value: FloatArray
    expected: FloatArray
    variance: FloatArray
    z: FloatArray
    p: FloatArray
    p_all: FloatArray
    most: IntArray
    p_most: FloatArray


def by_distance(
    Z: FloatArray, bands: Sequence[Any], measure: Measure, permutations: int, side: Side, rng: np.random.Generator
) -> ByDistance:
    """Return Moran's I or Geary's C of standardised deviations Z, (T, N), by sparse weights of K distances, (N, N).

    One set of arrangements serves all distances and periods. z is exact over all arrangements (Cliff and Ord 1981) and
    positive for likeness, so that distances with few pairs and with many are on one scale before an extreme is taken.
    """
    n = Z.shape[1]
    sums = [association.weight_sums(W) for W in bands]
    if measure == "I":
        variance = np.stack([association.moran_variance(Z, s, "randomisation") for s in sums], axis=1)
        expected = np.full(variance.shape, -1 / (n - 1))
    else:
        variance = np.stack([association.geary_variance(Z, s, "randomisation") for s in sums], axis=1)
        expected = np.ones(variance.shape)
    sign = 1.0 if measure == "I" else -1.0
    of: Callable[..., FloatArray] = association.moran if measure == "I" else association.geary

    def statistics(z: FloatArray) -> FloatArray:
        return np.stack([of(z, W, s) for W, s in zip(bands, sums, strict=True)], axis=1)

    def scored(value: FloatArray, t: int | slice) -> FloatArray:
        return sign * association.score(value, expected[t], variance[t])

    def drawn(order: IntArray, t: int) -> FloatArray:
        return scored(statistics(Z[t][order]), t)

    value = statistics(Z)
    z = scored(value, slice(None))
    extreme = _extreme(z, side)

    # The last K columns say whether the extreme of an arrangement reaches the z seen at each distance.
    def both(order: IntArray, t: int) -> FloatArray:
        each = drawn(order, t)
        reach = _extreme(each, side)
        top = np.where(np.isnan(reach), -np.inf, reach).max(axis=1, keepdims=True)
        return np.concatenate([each, np.where(top >= extreme[t] - TIE * np.abs(extreme[t]), 1.0, 0.0)], axis=1)

    found = permute_places(both, len(Z), n, permutations, rng)
    K = len(bands)
    p = np.where(np.isnan(z), np.nan, found.p_value(side)[:, :K])
    # The mean of zeros and ones is the share that reaches it.
    reached = np.rint(found.expected[:, K:] * permutations)
    p_all = np.where(np.isnan(z), np.nan, (reached + 1) / (permutations + 1))
    most = np.argmax(np.where(np.isnan(extreme), -np.inf, extreme), axis=1)
    return ByDistance(value, expected, variance, z, p, p_all, most, p_all[np.arange(len(Z)), most])


def _extreme(z: FloatArray, side: Side) -> FloatArray:
    return np.asarray(np.abs(z) if side == "two-sided" else z if side == "greater" else -z)
