"""A threshold in one slope: sums of squares at every candidate at once, and their law with errors drawn anew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# A square that is this share of what it was before effects and regressors were taken off is rounding.
NOTHING = 1e-9


def within(A: FloatArray, effects: str) -> FloatArray:
    """Return an array (T, N, ...) without the means of periods ("time"), or without the mean of all ("none")."""
    return np.asarray(A - A.mean(axis=1 if effects == "time" else (0, 1), keepdims=True))


@dataclass(frozen=True, eq=False)
class Search:
    """What a search over every threshold needs, all of it from sums over the observations above.

    `basis` (n, k) spans the regressors, `order` (n,) sorts observations from the highest value in question down, and
    `count` (G,) of them lie above each of G candidates. A split adds a = 1[q > c] (x - mean) and, with `shift`,
    b = 1[q > c]; `squares` (G, 3) holds what effects and regressors leave of a'a, a'b and b'b, zero where that is
    nothing.
    """

    basis: FloatArray
    order: npt.NDArray[np.intp]
    count: npt.NDArray[np.intp]
    slope: FloatArray
    squares: FloatArray
    shift: bool

    def gains(self, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return sums of squares without a split (B,) and what each split takes off them (G, B), of y (n, B)."""
        rest = y - self.basis @ (self.basis.T @ y)
        aa, ab, bb = self.squares.T[:, :, None]
        slope = _above(self.slope[:, None] * rest, self.order, self.count)
        with np.errstate(invalid="ignore", divide="ignore"):
            gain = np.where(aa > 0, slope**2 / aa, 0.0)
            if self.shift:
                # What the jump adds to the slope.
                own = bb - np.where(aa > 0, ab**2 / aa, 0.0)
                level = _above(rest, self.order, self.count) - np.where(aa > 0, ab / aa, 0.0) * slope
                gain += np.where(own > NOTHING * bb, level**2 / own, 0.0)
        return (rest**2).sum(axis=0), gain


def _above(values: FloatArray, order: npt.NDArray[np.intp], count: npt.NDArray[np.intp]) -> FloatArray:
    """Return sums of values (n, B) over the first `count` (G,) in an order, shape (G, B)."""
    return np.asarray(np.cumsum(values[order], axis=0)[count - 1])


def prepared(X: FloatArray, x: FloatArray, q: FloatArray, candidates: FloatArray, effects: str, shift: bool) -> Search:
    """Return the search of thresholds of q (T, N) in the slope of x (T, N), and in the constant if `shift`.

    `X` has shape (T, N, k) and holds x among its columns. Candidates leave at least one observation above them. Every
    sum of squares follows from that of the threshold above by the observations between them, so that all values of q
    may be candidates.
    """
    T, N, k = X.shape
    Q, _ = np.linalg.qr(within(X, effects).reshape(T * N, k))
    a = (x - x.mean()).ravel()
    one = np.ones_like(a)
    order = np.argsort(-q.ravel(), kind="stable")
    count = np.searchsorted(-q.ravel()[order], -candidates, side="left")
    groups = q.shape if effects == "time" else (1, T * N)
    before = [_before(v.reshape(groups), q.reshape(groups)).ravel() for v in (a, one)]
    products = np.stack([a * a, a * one, one], axis=1)
    # Squares of the sums by group, which effects take off, grow by these with each observation.
    steps = np.stack([2 * a * before[0] + a * a, a * before[1] + before[0] + a, 2 * before[1] + one], axis=1)
    sums = _above(np.hstack([products, steps / groups[1], Q * a[:, None], Q]), order, count)
    raw, means, Qa, Qb = np.split(sums, [3, 6, 6 + k], axis=1)
    left = raw - means - np.stack([(Qa * Qa).sum(axis=1), (Qa * Qb).sum(axis=1), (Qb * Qb).sum(axis=1)], axis=1)
    for square in (0, 2):
        left[:, square] = np.where(left[:, square] > NOTHING * raw[:, square], left[:, square], 0.0)
    left[:, 1] = np.where((left[:, 0] > 0) & (left[:, 2] > 0), left[:, 1], 0.0)
    return Search(Q, order, count, a, left, shift)


def _before(v: FloatArray, q: FloatArray) -> FloatArray:
    """Return, for each observation of groups (g, m), the sum of v over those of its group with higher q."""
    order = np.argsort(-q, axis=1, kind="stable")
    ordered = np.take_along_axis(v, order, axis=1)
    found = np.empty_like(v)
    np.put_along_axis(found, order, np.cumsum(ordered, axis=1) - ordered, axis=1)
    return found


def clustered(Z: FloatArray, e: FloatArray, groups: npt.NDArray[np.intp], lost: int) -> FloatArray:
    """Return the covariance of least squares on Z (n, k) with residuals e (n,) clustered by groups (n,).

    `lost` counts the coefficients of absorbed effects that are not nested in the groups; the small-sample factor is
    G / (G - 1) times (n - 1) / (n - k - lost).
    """
    n, k = Z.shape
    G = int(groups.max()) + 1
    scores = np.zeros((G, k))
    np.add.at(scores, groups, Z * e[:, None])
    bread = np.linalg.inv(Z.T @ Z)
    factor = G / (G - 1) * (n - 1) / (n - k - lost)
    return np.asarray(factor * bread @ (scores.T @ scores) @ bread)
