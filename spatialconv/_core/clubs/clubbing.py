"""Convergence clubs: the clustering of Phillips and Sul (2007, 2009), and the merging of clubs.

Regions stand in columns, sorted from the highest to the lowest by the caller. The variance of the relative transition
paths of any group follows from its mean and sum of squares, so that a region joins a group in O(T), and all candidates
are tried at once; 3,000 regions over 40 years take seconds.

1. Core: from the top, the first adjacent pair that converges; further regions join in order while t > -1.65; of these
   groups the one with the largest t is the core.
2. Sieve: every other region joins the core alone; those with t > c* form the club with it. Where that club does not
   converge, c* is raised; at the cap the core alone remains.
3. The rest is tested as a group: it is a club if it converges, else the search begins again. Without a core, it
   diverges.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from spatialconv._core.clubs.log_t import Design, Fits, FloatArray, fit, fit_one, group, growing, one_more, pairs

IntArray = npt.NDArray[np.intp]
Sieve = Literal["incremental", "fixed"]
Core = Literal["t", "abs"]

_BLOCK = 512  # groups tried at a time
_SLACK = 1e-9  # steps of c* add up to the cap but for rounding


@dataclass(frozen=True)
class Rules:
    """How clubs are formed; `check` refuses a club that does not converge itself."""

    design: Design
    threshold: float = -1.65
    c_star: float = 0.0
    sieve: Sieve = "incremental"
    increment: float = 0.1
    cap: float = 3.0
    core: Core = "t"
    check: bool = True


class Estimate(NamedTuple):
    """The log t regression of one club."""

    b: float
    se: float
    t: float


@dataclass(frozen=True)
class Club:
    """Columns of the members in order, those of the core, the regression, and how the club came about.

    `how` is "all" (what was left converged as a whole), "sieve", "core" (no c* up to the cap gave a club that
    converges, the core remained), "pool" (divergent regions that converge with each other) or "merged". `rejected` is
    the regression of the group with the last c* tried, where it did not converge: the figures R prints instead.
    """

    members: IntArray
    core: IntArray
    estimate: Estimate
    c_star: float
    how: str
    rejected: Estimate | None = None
    parts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Partition:
    """Clubs from the top, and the columns of the regions that belong to none."""

    clubs: tuple[Club, ...]
    divergent: IntArray


def _estimate(fits: Fits, k: int = 0) -> Estimate:
    return Estimate(float(fits.b[k]), float(fits.se[k]), float(fits.t[k]))


def estimate(X: FloatArray, members: IntArray, design: Design) -> Estimate:
    """Return the log t regression of some columns."""
    return _estimate(fit_one(X[:, members], design))


# ---------------------------------------------------------------------- the basic clustering


def find_clubs(X: FloatArray, rules: Rules) -> Partition:
    """Sort the columns of X, shape (T, N), highest first, into clubs and divergent regions."""
    clubs: list[Club] = []
    left = np.arange(X.shape[1])
    while len(left) > 1:
        whole = estimate(X, left, rules.design)
        if whole.t > rules.threshold:
            clubs.append(Club(left, left, whole, rules.c_star, "all"))
            return Partition(tuple(clubs), left[:0])
        place = core_group(X[:, left], rules)
        if place is None:
            break
        club = sieve(X, left, left[place[0] : place[1]], rules)
        clubs.append(club)
        left = left[~np.isin(left, club.members)]
    return Partition(tuple(clubs), left)


def core_group(X: FloatArray, rules: Rules) -> tuple[int, int] | None:
    """Return where the core group begins and ends, or None if no adjacent pair converges."""
    begin = _first_pair(X, rules)
    if begin is None:
        return None
    g, place, width = group(X[:, begin : begin + 2]), begin + 2, 8
    found = [fit_one(X[:, begin : begin + 2], rules.design).t]
    while place < X.shape[1]:
        H, g = growing(g, X[:, place : place + width])
        t = fit(H, rules.design).t
        # The first group that fails ends the search, also where its t cannot be computed.
        failed = np.flatnonzero(~(t > rules.threshold))
        found.append(t[: failed[0]] if failed.size else t)
        if failed.size:
            break
        place, width = place + width, min(2 * width, _BLOCK)
    t = np.concatenate(found)
    best = int(np.argmax(np.abs(t) if rules.core == "abs" else t))
    return begin, begin + 2 + best


def _first_pair(X: FloatArray, rules: Rules) -> int | None:
    start, width = 0, 16
    while start < X.shape[1] - 1:
        t = fit(pairs(X[:, start : start + width + 1]), rules.design).t
        passed = np.flatnonzero(t > rules.threshold)
        if passed.size:
            return start + int(passed[0])
        start, width = start + width, min(4 * width, _BLOCK)
    return None


def sieve(X: FloatArray, left: IntArray, core: IntArray, rules: Rules) -> Club:
    """Return the club that grows from a core among the columns that are left."""
    others = left[~np.isin(left, core)]
    t = joining(X, core, others, rules.design)
    order = np.argsort(-np.nan_to_num(t, nan=-np.inf), kind="stable")
    t, others = t[order], others[order]
    steps = _steps(rules)
    # With a higher c* fewer join, those with the largest t: the groups to be tried are nested.
    sizes = [int((t > c).sum()) for c in steps]
    groups = _nested(X, core, others[: sizes[0]], sizes, rules.design)
    for c, k in zip(steps, sizes, strict=True):
        if groups[k].t > rules.threshold or not rules.check:
            return Club(_in_order(left, core, others[:k]), core, groups[k], c, "sieve")
    return Club(core, core, groups[0], steps[-1], "core", groups[sizes[-1]])


def joining(X: FloatArray, members: IntArray, others: IntArray, design: Design) -> FloatArray:
    """Return the t of a group with each other column added alone."""
    g, found = group(X[:, members]), [np.empty(0)]
    for start in range(0, len(others), _BLOCK):
        found.append(fit(one_more(g, X[:, others[start : start + _BLOCK]]), design).t)
    return np.concatenate(found)


def _steps(rules: Rules) -> list[float]:
    if rules.sieve == "fixed":
        return [rules.c_star]
    more = int(np.floor((rules.cap - rules.c_star) / rules.increment + _SLACK))
    return [rules.c_star + k * rules.increment for k in range(max(more, 0) + 1)]


def _nested(X: FloatArray, core: IntArray, others: IntArray, sizes: list[int], design: Design) -> dict[int, Estimate]:
    """Return the regressions of the core with its first k companions, for each k asked for and for k = 0."""
    g = group(X[:, core])
    H = [(g.squares / g.size / g.mean**2)[:, None]]
    for start in range(0, len(others), _BLOCK):
        block, g = growing(g, X[:, others[start : start + _BLOCK]])
        H.append(block)
    wanted = sorted({0, *sizes})
    fits = fit(np.concatenate(H, axis=1)[:, wanted], design)
    return {k: _estimate(fits, place) for place, k in enumerate(wanted)}


def _in_order(left: IntArray, *parts: IntArray) -> IntArray:
    return left[np.isin(left, np.concatenate(parts))]


# ---------------------------------------------------------------------- merging


class Step(NamedTuple):
    """One test on the way: the first club and the last of the clubs that were joined, their t, and what followed."""

    first: int
    last: int
    t: float
    merged: bool


def merge_phillips_sul(
    X: FloatArray, clubs: tuple[Club, ...], design: Design, threshold: float
) -> tuple[tuple[Club, ...], list[Step]]:
    """Merge adjacent clubs from the top as long as they converge together (Phillips and Sul 2009)."""
    parts, path = [[k] for k in range(min(len(clubs), 1))], []
    for k in range(1, len(clubs)):
        t = _together(X, clubs, [*parts[-1], k], design)
        path.append(Step(parts[-1][0], k, t, t > threshold))
        if t > threshold:
            parts[-1].append(k)
        else:
            parts.append([k])
    return _unions(X, clubs, parts, design), path


def merge_von_lyncker(
    X: FloatArray, clubs: tuple[Club, ...], design: Design, threshold: float, *, second: Design, restart: bool = True
) -> tuple[tuple[Club, ...], list[Step]]:
    """Merge adjacent clubs where their t exceeds the threshold and that of the next pair, from the top.

    von Lyncker and Thoennessen (2017): clubs m and m + 1 become one if t(m) > threshold and t(m) > t(m + 1), and the
    search starts anew (`restart`; R goes on downwards instead, and pairs above a merged club are not tried again);
    the last pair needs the threshold alone. `second` is the regression behind t(m + 1).
    """
    parts, path, place = [[k] for k in range(len(clubs))], [], 0
    while place < len(parts) - 1:
        here, there = parts[place], parts[place + 1]
        t = _together(X, clubs, here + there, design)
        last = place == len(parts) - 2
        merged = t > threshold and (last or t > _together(X, clubs, there + parts[place + 2], second))
        path.append(Step(here[0], there[-1], t, merged))
        if merged:
            parts[place : place + 2] = [here + there]
            place = 0 if restart else place
        else:
            place += 1
    return _unions(X, clubs, parts, design), path


def _members(clubs: tuple[Club, ...], parts: list[int]) -> IntArray:
    return np.sort(np.concatenate([clubs[k].members for k in parts]))


def _together(X: FloatArray, clubs: tuple[Club, ...], parts: list[int], design: Design) -> float:
    return estimate(X, _members(clubs, parts), design).t


def _unions(X: FloatArray, clubs: tuple[Club, ...], parts: list[list[int]], design: Design) -> tuple[Club, ...]:
    out = []
    for part in parts:
        if len(part) == 1:
            # R estimates every club anew when it merges two or more, but copies the last where that stays alone.
            copied = len(clubs) == 1 or part[0] == len(clubs) - 1
            alone = clubs[part[0]]
            out.append(replace(alone, parts=tuple(part), rejected=alone.rejected if copied else None))
            continue
        members = _members(clubs, part)
        joint = estimate(X, members, design)
        out.append(Club(members, members[:0], joint, np.nan, "merged", parts=tuple(part)))
    return tuple(out)


def reassign(
    X: FloatArray, found: Partition, design: Design, threshold: float, e_star: float, *, pool: bool = True
) -> Partition:
    """Let divergent regions join the clubs they converge with (von Lyncker and Thoennessen 2017).

    If all of them converge with each other they are a club of their own (`pool`; R leaves this out). Else the largest
    t of a region with a club, if above e*, lets that region join that club, and it begins again.
    """
    clubs, left = list(found.clubs), found.divergent
    t = np.stack([joining(X, club.members, left, design) for club in clubs]) if clubs else np.empty((0, len(left)))
    while len(left):
        if pool and len(left) > 1 and (all_of := estimate(X, left, design)).t > threshold:
            clubs.append(Club(left, left[:0], all_of, np.nan, "pool"))
            return Partition(tuple(clubs), left[:0])
        if not np.nan_to_num(t, nan=-np.inf).max(initial=-np.inf) > e_star:
            break
        k, i = np.unravel_index(int(np.nanargmax(t)), t.shape)
        members = np.sort(np.append(clubs[k].members, left[i]))
        clubs[k] = replace(clubs[k], members=members, estimate=estimate(X, members, design), rejected=None)
        left, t = np.delete(left, i), np.delete(t, i, axis=1)
        t[k] = joining(X, members, left, design)
    return Partition(tuple(clubs), left)
