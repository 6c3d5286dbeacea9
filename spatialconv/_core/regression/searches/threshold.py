"""A threshold in one slope: sums of squares at every candidate at once, and their law with errors drawn anew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def within(A: FloatArray, effects: str) -> FloatArray:
    """Return an array (T, N, ...) without the means of periods ("time"), or without the mean of all ("none")."""
    return np.asarray(A - A.mean(axis=1 if effects == "time" else (0, 1), keepdims=True))


@dataclass(frozen=True)
class Search:
    """What a search over candidates needs: regressors and splits without effects, splits without regressors.

    `basis` (n, k) spans the regressors, `split` (G, m, n) holds for each of G candidates orthonormal columns of what
    its split adds to them; a column that adds nothing is zero.
    """

    basis: FloatArray
    split: FloatArray

    def gains(self, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return sums of squares without a split (B,) and what each split takes off them (G, B), of y (n, B)."""
        rest = y - self.basis @ (self.basis.T @ y)
        G, m, n = self.split.shape
        gain = ((self.split.reshape(G * m, n) @ rest) ** 2).reshape(G, m, -1).sum(axis=1)
        return (rest**2).sum(axis=0), gain


def prepared(X: FloatArray, x: FloatArray, q: FloatArray, candidates: FloatArray, effects: str, shift: bool) -> Search:
    """Return the search of thresholds of q (T, N) in the slope of x (T, N), and in the constant if `shift`.

    `X` has shape (T, N, k) and holds x among its columns. A split is 1[q > c] (x, 1).
    """
    T, N, k = X.shape
    Q, _ = np.linalg.qr(within(X, effects).reshape(T * N, k))
    centre = x.mean()
    columns = []
    for c in candidates:
        above = (q > c).astype(float)
        columns.append(np.stack([above * (x - centre), above][: 1 + shift], axis=2))
    A = within(np.stack(columns, axis=2).reshape(T, N, -1), effects).reshape(T * N, -1)
    size = np.linalg.norm(A, axis=0)
    A = A - Q @ (Q.T @ A)
    A = A - Q @ (Q.T @ A)  # twice: what is left of a nearly absorbed column is orthogonal to the last digit
    A = np.where(np.linalg.norm(A, axis=0) > 1e-9 * np.where(size > 0, size, 1), A, 0.0)
    split = A.T.reshape(len(candidates), 1 + shift, T * N).copy()
    first = _unit(split[:, 0])
    split[:, 0] = first
    if shift:
        second = split[:, 1] - (split[:, 1] * first).sum(axis=1, keepdims=True) * first
        split[:, 1] = _unit(second, np.linalg.norm(split[:, 1], axis=1))
    return Search(Q, split)


def _unit(rows: FloatArray, of: FloatArray | None = None) -> FloatArray:
    norm = np.linalg.norm(rows, axis=1)
    kept = norm > 1e-9 * (np.where(norm > 0, norm, 1) if of is None else np.where(of > 0, of, 1))
    return np.where(kept[:, None], rows / np.where(kept, norm, 1)[:, None], 0.0)


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
