"""Innovations for bootstraps: residuals made as large as the errors they stand for, and drawn anew.

Effects and regressors take their share out of residuals. With P the projection off the effects and Q an orthonormal
basis of P X, residuals of homoskedastic errors have variance s2 (diag(P) - diag(QQ')), so that e / sqrt(...) has the
variance of the errors; s2 is the sum of squares over the degrees of freedom that are left.

Where a hypothesis about the past is imposed and regions have effects, what effects and regressors took is kept as it
was estimated, and only the rest is drawn: under normal errors effects and sums of squares are all that such a
hypothesis leaves open, so that a test given both holds for any drifts (Lehmann and Romano 2005, chapter 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from spatialconv._core.likelihood.effects import Projection
from spatialconv._core.regression.least_squares import basis

FloatArray = npt.NDArray[np.float64]
Scheme = Literal["residual", "wild", "wild-region", "parametric", "block-region"]

# Below this many regions two signs give too few different samples: Webb's six weights (2014) give enough.
FEW = 12
_WEBB = np.sqrt(np.array([1.5, 1.0, 0.5]))
WEBB = np.concatenate([-_WEBB, _WEBB])
# An observation that the regressors fit perfectly leaves no residual to rescale.
PERFECT = 1e-8
# Rounds of bringing each region's sum of squares back to its own: time effects and regressors mix them again.
ROUNDS, NEAR = 50, 1e-4


@dataclass(frozen=True)
class Pool:
    """Residuals to draw from: rescaled ones (T, N), the residuals as they are, s2, the projection, and Q (T N, K)."""

    rescaled: FloatArray
    residuals: FloatArray
    s2: float
    project: Projection
    taken: FloatArray


def pool(residuals: FloatArray, X: FloatArray, project: Projection) -> Pool:
    """Prepare residuals (T, N) of a model with regressors X (T, N, K), both after any error filter."""
    T, N, K = X.shape
    e = project(residuals)
    rows = N - project.over_regions
    left = rows * (T - project.over_periods)
    Q = basis(project(X).reshape(T * N, K)).Q
    shares = np.clip(left / (T * N) - (Q**2).sum(axis=1).reshape(T, N), PERFECT, None)
    s2 = float((e**2).sum()) / max(left - K, 1)
    rescaled = e / np.sqrt(shares)
    rescaled = rescaled - rescaled.mean()
    size = float((rescaled**2).mean())
    rescaled = rescaled * np.sqrt(s2 / size) if size > 0 else rescaled
    return Pool(rescaled, (e - e.mean()) * np.sqrt(left / max(left - K, 1)), s2, project, Q)


def innovations(source: Pool, scheme: Scheme, draws: int, rng: np.random.Generator) -> FloatArray:
    """Draw innovations, shape (T, N, draws).

    "residual" draws rescaled residuals one by one with replacement, "wild" gives each its place and a random sign,
    "parametric" is normal. "block-region" draws whole histories of regions, "wild-region" gives each history one
    weight; a history has no mean over time where region effects took it, and the cross-section of a period none
    where time effects did, so that what the effects took is put back as normal draws of its variance, without
    which rebuilt levels would be too calm.
    """
    T, N = source.rescaled.shape
    shape = (T, N, draws)
    if scheme == "parametric":
        return np.asarray(np.sqrt(source.s2) * rng.standard_normal(shape))
    if scheme == "residual":
        return np.asarray(rng.choice(source.rescaled.ravel(), shape))
    if scheme == "wild":
        return np.asarray(source.rescaled[..., None] * signs(rng, shape))
    if scheme == "wild-region":
        weights = rng.choice(WEBB, (N, draws)) if N < FEW else signs(rng, (N, draws))
        histories = source.residuals[..., None] * weights
    else:
        histories = source.residuals[:, rng.integers(N, size=(N, draws))]
    return np.asarray(histories + _absorbed(source, draws, rng))


def given_effects(source: Pool, scheme: Scheme, draws: int, rng: np.random.Generator) -> FloatArray:
    """Draw innovations (T, N, draws) without what effects and regressors take, as large as the residuals.

    Each region's sum of squares over time is that of its residuals: they are rotated in the T - 1 dimensions they have.
    The direction is random under "wild" and "parametric" (two periods leave it a sign), that of residuals drawn one by
    one under "residual", of whole histories under "wild-region" and "block-region". Time effects and regressors mix the
    regions, and scaling by region goes on until little is left of that.
    """
    pointwise: Scheme = "parametric" if scheme == "wild" else scheme
    e = innovations(source, pointwise, draws, rng)
    own = source.project(source.residuals)
    T, N = own.shape
    K = source.taken.shape[1]
    left = (N - source.project.over_regions) * (T - source.project.over_periods)
    # Residuals are stored as large as errors that no regressor took a share of.
    own = own * np.sqrt(max(left - K, 1) / left)
    lengths = np.sqrt((own**2).sum(axis=0))[:, None]
    total = np.sqrt((lengths**2).sum())
    for _ in range(ROUNDS):
        e = _left(source, e)
        found = np.sqrt((e**2).sum(axis=0))
        near = np.abs(found - lengths).max() <= NEAR * total
        # A region whose draws are all the same has no direction and keeps its residuals.
        scale = np.divide(lengths, found, out=np.zeros_like(found), where=found > 0)
        e = np.where(found > 0, e * scale, own[..., None])
        if near:
            break
    e = _left(source, e)
    size = np.sqrt((e**2).sum(axis=(0, 1)))
    return np.asarray(e * np.divide(total, size, out=np.zeros_like(size), where=size > 0))


def _left(source: Pool, e: FloatArray) -> FloatArray:
    e = source.project(e)
    if not source.taken.shape[1]:
        return e
    flat = e.reshape(-1, e.shape[2])
    return np.asarray((flat - source.taken @ (source.taken.T @ flat)).reshape(e.shape))


def _absorbed(source: Pool, draws: int, rng: np.random.Generator) -> FloatArray | float:
    if source.project.kind == "none":
        return 0.0
    z = np.sqrt(source.s2) * rng.standard_normal((*source.rescaled.shape, draws))
    return np.asarray(z - source.project(z))


def signs(rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    """Draw -1 and 1, each with probability one half (Rademacher)."""
    return np.asarray(2.0 * rng.integers(2, size=shape) - 1.0)
