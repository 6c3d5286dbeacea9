"""Transitions between classes: counts by region, probabilities, and what follows from a chain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
# The class of a region that is not there: it neither departs nor arrives.
ABSENT = -1


def quantile_breaks(x: FloatArray, k: int) -> FloatArray:
    """Return the inner breaks of k classes of equal number; ties leave fewer."""
    return np.unique(np.quantile(x, np.arange(1, k) / k))


def classify(x: FloatArray, breaks: FloatArray) -> IntArray:
    """Return the class of each value, 0 the lowest; a value on a break belongs to the class below it."""
    return np.asarray(np.searchsorted(breaks, x, side="left"))


def counts_by_region(start: IntArray, end: IntArray, k: int) -> FloatArray:
    """Return how often each region goes from class to class, shape (N, k, k); classes have the shape (T', N)."""
    n = start.shape[1]
    cells = ((np.arange(n) * k + start) * k + end)[(start >= 0) & (end >= 0)]
    return np.bincount(cells, minlength=n * k * k).reshape(n, k, k).astype(float)


def counts_by_state(start: IntArray, end: IntArray, state: IntArray, k: int, m: int) -> FloatArray:
    """Return how often a region goes from class to class while in each of m states, shape (m, k, k)."""
    cells = ((state * k + start) * k + end)[(start >= 0) & (end >= 0) & (state >= 0)]
    return np.bincount(cells, minlength=m * k * k).reshape(m, k, k).astype(float)


def probabilities(counts: FloatArray) -> FloatArray:
    """Return counts over the sum of their row; NaN where nothing departs."""
    departures = counts.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(counts, departures, out=np.full(counts.shape, np.nan), where=departures > 0))


def standard_errors(counts: FloatArray) -> FloatArray:
    """Return sqrt(p (1 - p) / n) with n the departures from the class (Anderson and Goodman 1957)."""
    p = probabilities(counts)
    departures = counts.sum(axis=-1, keepdims=True)
    variance = np.divide(p * (1 - p), departures, out=np.full(p.shape, np.nan), where=departures > 0)
    return np.asarray(np.sqrt(variance))


def wilson(counts: FloatArray, z: float) -> tuple[FloatArray, FloatArray]:
    """Return Wilson's interval of each probability, which has a length even where it is estimated as 0 or 1."""
    p = probabilities(counts)
    n = np.where(np.isnan(p), np.nan, counts.sum(axis=-1, keepdims=True))
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)


def stationary(P: FloatArray) -> FloatArray:
    """Return the stationary distribution of chains (..., k, k) with one recurrent class; NaN for any other."""
    k = P.shape[-1]
    system = np.eye(k) - np.swapaxes(P, -1, -2)
    # Sums of columns are zero, so that one equation is spare and can say that shares sum to one.
    system = np.concatenate([system[..., :-1, :], np.ones((*P.shape[:-2], 1, k))], axis=-2)
    usable = np.asarray(np.isfinite(system).all(axis=(-2, -1)))
    safe = np.where(usable[..., None, None], system, np.eye(k))
    usable &= np.linalg.matrix_rank(safe, tol=1e-10) == k
    safe = np.where(usable[..., None, None], safe, np.eye(k))
    right = np.zeros((*P.shape[:-1], 1))
    right[..., -1, 0] = 1.0
    found = np.linalg.solve(safe, right)[..., 0]
    return np.where(usable[..., None], found, np.nan)


def recurrent_sets(P: FloatArray) -> tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]:
    """Return the sets of classes of a chain (k, k) that are never left, and the classes that are left for good.

    Read from the links, so that a small probability is a link like any other. Sets stand in the order of their first
    class.
    """
    k = len(P)
    reach = np.asarray(np.linalg.matrix_power((P > 0) | np.eye(k, dtype=bool), k), dtype=bool)
    mutual = reach & reach.T
    # A set is recurrent if whatever is reached from it reaches back.
    closed = (reach == mutual).all(axis=1)
    sets = dict.fromkeys(tuple(int(j) for j in np.flatnonzero(mutual[i])) for i in np.flatnonzero(closed))
    return tuple(sets), tuple(int(i) for i in np.flatnonzero(~closed))


def ergodic(P: FloatArray) -> FloatArray:
    """Return the stationary distribution of a chain (k, k) whose classes all reach one another, shape (k,).

    Classes are taken out one by one, the last first, and their moves handed to those left (Grassmann, Taksar and
    Heyman 1985, Operations Research 33, 1107-1116). Nothing is subtracted, so that each share keeps all its digits
    however seldom its class is left or entered; the linear system of `stationary` loses them.
    """
    moves = np.array(P, dtype=float)
    k = len(moves)
    for last in range(k - 1, 0, -1):
        moves[:last, last] /= moves[last, :last].sum()
        moves[:last, :last] += np.outer(moves[:last, last], moves[last, :last])
    shares = np.ones(k)
    for i in range(1, k):
        shares[i] = shares[:i] @ moves[:i, i]
    return np.asarray(shares / shares.sum())


@dataclass(frozen=True, eq=False)
class Homogeneity:
    """Likelihood ratio and Pearson's Q of rows that are the same in m tables, their df, expected counts (m, k, k)."""

    likelihood_ratio: float
    q: float
    df: int
    expected: FloatArray


def homogeneity(counts: FloatArray) -> Homogeneity:
    """Compare counts (m, k, k) with what the pooled probabilities make of their departures.

    Degrees of freedom count, class by class, the tables that have departures and the classes gone to, each less one
    (Bickenbach and Bode 2003); a class from which nothing departs in any table adds none.
    """
    pooled = counts.sum(axis=0)
    departures = counts.sum(axis=2)
    expected = departures[..., None] * np.nan_to_num(probabilities(pooled))
    ratio = np.divide(counts, expected, out=np.ones_like(expected), where=counts > 0)
    gaps = (counts - expected) ** 2
    tables = (departures > 0).sum(axis=0)
    df = ((tables - 1) * ((pooled > 0).sum(axis=1) - 1))[tables > 0].sum()
    return Homogeneity(
        likelihood_ratio=float(2.0 * (counts * np.log(ratio)).sum()),
        q=float(np.divide(gaps, expected, out=np.zeros_like(gaps), where=expected > 0).sum()),
        df=int(df),
        expected=expected,
    )


def first_passage(P: FloatArray) -> FloatArray:
    """Return the expected steps from class to class of a chain (k, k), on the diagonal those until the return.

    Infinite where the chain may end in classes from which there is no way there. Which these are is read from the
    links: a linear system that is singular but for rounding would give steps of any size and sign.
    """
    k = len(P)
    passage = np.full((k, k), np.inf)
    for j in range(k):
        links = P > 0
        links[j] = False  # a path ends where it arrives
        reach = np.asarray(np.linalg.matrix_power(np.asarray(links | np.eye(k, dtype=bool)), k), dtype=bool)
        sure = ~(reach & ~reach[:, j]).any(axis=1)
        others = np.flatnonzero(sure & (np.arange(k) != j))
        left = np.eye(len(others)) - P[np.ix_(others, others)]
        passage[others, j] = np.linalg.solve(left, np.ones(len(others)))
        if sure[P[j] > 0].all():
            passage[j, j] = 1 + P[j, others] @ passage[others, j]
    return passage


def second_eigenvalue(P: FloatArray) -> FloatArray:
    """Return the second largest modulus of the eigenvalues of chains (..., k, k); NaN where P is not known."""
    known = np.asarray(np.isfinite(P).all(axis=(-2, -1)))
    safe = np.where(known[..., None, None], P, np.eye(P.shape[-1]))
    moduli = np.sort(np.abs(np.linalg.eigvals(safe)), axis=-1)
    return np.where(known, moduli[..., -2] if P.shape[-1] > 1 else 0.0, np.nan)


def half_life(P: FloatArray) -> FloatArray:
    """Return ln 2 / -ln of the second eigenvalue: steps until half of a deviation is gone; infinite if it is one."""
    second = second_eigenvalue(P)
    # What rounding leaves of 1 or of 0.
    rate = np.where(second > 1 - 1e-12, 0.0, -np.log(np.clip(second, 1e-300, 1.0)))
    rate = np.where(second < 1e-12, np.inf, rate)
    return np.asarray(np.divide(np.log(2.0), rate, out=np.full(rate.shape, np.inf), where=rate != 0))


def shorrocks(P: FloatArray) -> FloatArray:
    """Return Shorrocks' (1978) index (k - trace) / (k - 1): 0 where nobody moves."""
    k = P.shape[-1]
    return np.asarray((k - np.trace(P, axis1=-2, axis2=-1)) / (k - 1))
