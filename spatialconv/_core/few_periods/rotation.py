"""Errors drawn anew by rotation: the direction of each region's vector is random, its length is kept.

Under normal errors the direction of a vector of residuals is uniform on the sphere whatever its length, so that tests
by rotation are exact where the length is all that the hypothesis leaves open (Langsrud 2005, Statistics and Computing
15). Sign changes are the rotations of vectors of one number. A region's vector within regions has T - 1 dimensions,
with its mean T.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spatialconv._core.few_periods.sample import Sample

FloatArray = npt.NDArray[np.float64]


def helmert(T: int) -> FloatArray:
    """Return an orthonormal basis (T, T) whose first column is constant."""
    lower = np.tril(np.ones((T, T)), -1).T[:, 1:] - np.diag(np.arange(T, dtype=float))[:, 1:]
    return np.asarray(np.column_stack([np.ones(T), lower]) / np.sqrt([T, *(k * (k + 1) for k in range(1, T))]))


def directions(z: FloatArray) -> FloatArray:
    """Return standard normal z (B, D, N) as unit vectors of D dimensions for each region."""
    return np.asarray(z / np.sqrt((z**2).sum(axis=1, keepdims=True)))


def rotated_within(sample: Sample, e: FloatArray, z: FloatArray) -> FloatArray:
    """Return errors (B, T, N) within regions by rotation of e (T, N), with the sum of squares of all kept.

    `z` (B, T, N) are standard normal; each region's sum is kept too where neither time effects nor regressors mix them.
    """
    turned = directions(z[:, 1:]) * np.sqrt((e**2).sum(axis=0))
    drawn = np.einsum("td,bdn->btn", helmert(sample.T)[:, 1:], turned)
    drawn = sample.within(drawn - drawn.mean(axis=2, keepdims=True) * sample.two_way)
    return np.asarray(drawn * np.sqrt((e**2).sum() / (drawn**2).sum(axis=(1, 2), keepdims=True)))


def rotated(sample: Sample, e: FloatArray, means: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return errors within regions (B, T, N) and regions' means times sqrt(T) (B, N) by rotation of both together.

    `means` (N,) are those of the sample as `Sample.between` gives them, of the variance of e (T, N).
    """
    turned = directions(z) * np.sqrt(means**2 + (e**2).sum(axis=0))
    drawn = np.einsum("td,bdn->btn", helmert(sample.T)[:, 1:], turned[:, 1:])
    drawn = sample.within(drawn - drawn.mean(axis=2, keepdims=True) * sample.two_way)
    across = turned[:, 0] - (turned[:, 0] @ sample.across.T) @ sample.across
    total = (drawn**2).sum(axis=(1, 2)) + (across**2).sum(axis=1)
    size = np.sqrt(((e**2).sum() + (means**2).sum()) / total)
    return drawn * size[:, None, None], across * size[:, None]
