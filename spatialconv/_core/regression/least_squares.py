"""Least squares by QR, and what makes a design impossible: absorbed and collinear columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.linalg as la

FloatArray = npt.NDArray[np.float64]

# A column whose projected norm is below this share of its own norm does not vary once the effects are out.
ABSORBED = 1e-9
# A pivot below this share of the largest one marks a column that the others already span.
COLLINEAR = 1e-9


@dataclass(frozen=True)
class Basis:
    """Orthonormal columns Q, shape (n, k), and the triangle R with X = Q R."""

    Q: FloatArray
    R: FloatArray


def absorbed_columns(before: FloatArray, after: FloatArray) -> npt.NDArray[np.intp]:
    """Return the columns of X, shape (n, k), that the projection from `before` to `after` leaves at zero."""
    size = np.sqrt((before**2).sum(axis=0))
    left = np.sqrt((after**2).sum(axis=0))
    return np.flatnonzero(left <= ABSORBED * np.where(size > 0, size, 1.0))


def collinear_columns(X: FloatArray) -> npt.NDArray[np.intp]:
    """Return the columns of X, shape (n, k), that are linear combinations of the others, by pivoted QR."""
    if X.shape[1] == 0:
        return np.empty(0, dtype=np.intp)
    norms = np.sqrt((X**2).sum(axis=0))
    scaled = X / np.where(norms > 0, norms, 1.0)
    _, R, pivot = la.qr(scaled, mode="economic", pivoting=True)
    size = np.abs(np.diag(R))
    rank = int((size > COLLINEAR * size[0]).sum()) if size[0] > 0 else 0
    return np.sort(np.asarray(pivot[rank:], dtype=np.intp))


def basis(X: FloatArray) -> Basis:
    """Return the thin QR factors of X, shape (n, k), of full column rank."""
    Q, R = np.linalg.qr(X)
    return Basis(Q, R)


def triangle(X: FloatArray) -> FloatArray:
    """Return R with R'R = X'X, shape (..., min(n, k), k), without forming X'X, whose squares lose half the digits."""
    # numpy's types miss that mode="r" returns an array.
    found: Any = np.linalg.qr(X, mode="r")
    return np.asarray(found)
