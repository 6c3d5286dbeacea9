"""Inequality split by groups: Theil's indices over nested groups, Gini's after Dagum.

Values x and population shares p have the regions along the last axis; p sums to one along it. Any leading axes are
periods and draws. Groups are codes 0 to K - 1 of the regions; every code occurs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import xlogy

from spatialconv._core.dispersion.measures import FloatArray, gini, mean, theil_l, theil_t

IntArray = npt.NDArray[np.intp]
Index = Literal["t", "l"]


@dataclass(frozen=True)
class Nested:
    """Parts of a Theil index; leading axes as those of the values, groups last.

    `between` has a part for each level from coarse to fine, the second and later ones within the groups of the
    level above; `within` is what is left inside the finest groups, `inside` each of their own indices.
    """

    total: FloatArray
    between: tuple[FloatArray, ...]
    within: FloatArray
    contributions: FloatArray
    inside: FloatArray
    population: FloatArray
    value: FloatArray


def theil_nested(x: FloatArray, p: FloatArray, levels: Sequence[IntArray], index: Index) -> Nested:
    r"""Split Theil's T or L into parts between the groups of every level and within the finest ones.

    T = \sum_g Y_g \ln(Y_g / P_g) + \sum_g Y_g T_g and L = \sum_g P_g \ln(P_g / Y_g) + \sum_g P_g L_g, with P_g and
    Y_g the group's share of people and of the total; between subgroups the shares are those inside the group above.
    """
    level = mean(x, p)[..., None]
    y = p * x / level
    above_p, above_y = np.ones_like(level), np.ones_like(level)
    parent = np.zeros(len(levels[0]), dtype=np.intp)
    between = []
    for codes in levels:
        people, income = group_sums(p, codes), group_sums(y, codes)
        up = parent[_firsts(codes)]
        relative = _safe(_safe(income, people), _safe(above_y[..., up], above_p[..., up]))
        between.append(_weighted_log(people, income, relative, index).sum(axis=-1))
        above_p, above_y, parent = people, income, codes
    own = _safe(x / level, _safe(above_y, above_p)[..., parent])
    contributions = group_sums(_weighted_log(p, y, own, index), parent)
    return Nested(
        total=(theil_t if index == "t" else theil_l)(x, p),
        between=tuple(between),
        within=contributions.sum(axis=-1),
        contributions=contributions,
        inside=_safe(contributions, above_y if index == "t" else above_p, empty=np.nan),
        population=above_p,
        value=above_y,
    )


def _weighted_log(people: FloatArray, income: FloatArray, relative: FloatArray, index: Index) -> FloatArray:
    return np.asarray(xlogy(income, relative) if index == "t" else -xlogy(people, relative))


@dataclass(frozen=True)
class Dagum:
    """Dagum's parts of the Gini coefficient; matrices are K x K over the groups, leading axes those of the values.

    The diagonal of `gini` holds the groups' own coefficients. `between` and `transvariation` hold each pair's
    contribution in the upper triangle (zero elsewhere), `within` each group's. `affluence` is D, signed: positive
    where the group of the row has the larger mean.
    """

    total: FloatArray
    gini: FloatArray
    affluence: FloatArray
    within: FloatArray
    between: FloatArray
    transvariation: FloatArray
    population: FloatArray
    value: FloatArray

    def sums(self) -> FloatArray:
        """Return total, within, net between and transvariation along a new last axis."""
        parts = (self.total, self.within.sum(axis=-1), _matrix_sum(self.between), _matrix_sum(self.transvariation))
        return np.stack(parts, axis=-1)


def dagum(x: FloatArray, p: FloatArray, codes: IntArray) -> Dagum:
    r"""Split the Gini coefficient by groups after Dagum (1997).

    With m_jh = E max(X_j - X_h, 0) for people drawn from groups j and h, \Delta_jh = m_jh + m_hj is the mean
    difference, G_jh = \Delta_jh / (\mu_j + \mu_h), D_jh = (m_jh - m_hj) / \Delta_jh. A pair contributes
    \Delta_jh P_j P_h / \mu, of which the share |D_jh| is net and the rest transvariation: the overlap, where members of
    the poorer group have more. The m are integrals of distribution functions, one sort for all pairs.
    """
    p = np.broadcast_to(p, np.broadcast_shapes(x.shape, p.shape))
    people = group_sums(p, codes)
    level = mean(x, p)
    means = _safe(group_sums(p * x, codes), people)
    more = _mean_excess(x, p, codes)
    other = np.swapaxes(more, -1, -2)
    difference = more + other
    size = people[..., :, None] * people[..., None, :] / level[..., None, None]
    upper = np.triu(np.ones(difference.shape[-2:]), 1)
    return Dagum(
        total=gini(x, p),
        gini=_safe(difference, means[..., :, None] + means[..., None, :], empty=np.nan),
        affluence=_safe(more - other, difference, empty=0.0),
        within=np.diagonal(difference * size, axis1=-2, axis2=-1) / 2.0,
        between=np.abs(more - other) * size * upper,
        transvariation=2.0 * np.minimum(more, other) * size * upper,
        population=people,
        value=people * means / level[..., None],
    )


def _mean_excess(x: FloatArray, p: FloatArray, codes: IntArray) -> FloatArray:
    """Return E max(X_j - X_h, 0), row j and column h: the integral of F_h (1 - F_j)."""
    order = np.argsort(x, axis=-1)
    steps = np.diff(np.take_along_axis(x, order, axis=-1), axis=-1)[..., None, :]
    mine = np.equal(codes[order][..., None, :], np.arange(int(codes.max()) + 1)[:, None])
    shares = np.take_along_axis(p, np.broadcast_to(order, p.shape), axis=-1)[..., None, :] * mine
    running = np.cumsum(shares, axis=-1)
    # Divided by its own last value a distribution function ends at one exactly.
    F = _safe(running, running[..., -1:])[..., :-1]
    return np.swapaxes((F * steps) @ np.swapaxes(1.0 - F, -1, -2), -1, -2)


def group_sums(a: FloatArray, codes: IntArray) -> FloatArray:
    """Return the sums of a over the regions of every group, along the last axis."""
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(int(codes.max()) + 1))
    return np.asarray(np.add.reduceat(a[..., order], starts, axis=-1))


def _firsts(codes: IntArray) -> IntArray:
    return np.asarray(np.unique(codes, return_index=True)[1])


def _matrix_sum(a: FloatArray) -> FloatArray:
    return np.asarray(a.sum(axis=(-2, -1)))


def _safe(above: FloatArray, below: FloatArray, *, empty: float = 1.0) -> FloatArray:
    """Divide; where nothing is divided by nothing the result carries no weight, and any number will do."""
    above, below = np.broadcast_arrays(above, below)
    out = np.full(above.shape, empty if np.isnan(empty) else 0.0)
    if not np.isnan(empty):
        out = np.where(above == 0, empty, out)
    return np.asarray(np.divide(above, below, out=out, where=below != 0))
