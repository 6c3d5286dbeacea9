"""Weighted least squares of panels, and what leaving one region out at a time does to it, without refits.

With regressors and outcome times the root of their weights, constants D of periods (or of all) orthonormal, regressors
orthogonal to them with basis Q, and H_g = I - D_g D_g' what a region's own observations do not give to the constants,

    b - b(without g) = R^-1 (I - Q_g' H_g^-1 Q_g)^-1 Q_g' H_g^-1 e_g,

of which (G - 1) / G times the sum of squares over the G regions is the jackknife covariance known as CR3, HC3 where a
region has one observation (Bell and McCaffrey 2002, Survey Methodology 28, 169-181; MacKinnon, Nielsen and Webb 2023,
Journal of Applied Econometrics 38, 671-694).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# An eigenvalue of a region's part in the regressors this near to one: nobody else says anything of that direction.
ALONE = 1e-9


@dataclass(frozen=True, eq=False)
class LeaveOut:
    """A weighted regression on Q (T, N, k), R (k, k) with Q R the centred regressors times `root` (T, N) of weights.

    `constants` (T, N) are roots of the shares of regions in their constant: of a period, or of all.
    """

    Q: FloatArray
    R: FloatArray
    root: FloatArray
    constants: FloatArray
    effects: Literal["none", "time"]

    @classmethod
    def of(cls, X: FloatArray, weights: FloatArray, effects: Literal["none", "time"]) -> LeaveOut:
        """Prepare regressors (T, N, k) and weights (T, N)."""
        T, N, k = X.shape
        mass = weights[:, :, None]
        axes = 1 if effects == "time" else (0, 1)
        total = mass.sum(axis=axes, keepdims=True)
        root = np.sqrt(weights)
        centred = root[:, :, None] * (X - (mass * X).sum(axis=axes, keepdims=True) / total)
        Q, R = np.linalg.qr(centred.reshape(T * N, k))
        return cls(Q.reshape(T, N, k), R, root, np.sqrt(mass / total)[:, :, 0], effects)

    def fitted(self, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return coefficients (k, B) and residuals times the root of the weights (T, N, B), of outcomes (T, N, B)."""
        scaled = self.root[:, :, None] * y
        along = np.einsum("tnk,tnb->kb", self.Q, scaled)
        part = self.constants[:, :, None]
        mean = (part * scaled).sum(axis=1 if self.effects == "time" else (0, 1), keepdims=True)
        return np.linalg.solve(self.R, along), scaled - part * mean - np.einsum("tnk,kb->tnb", self.Q, along)

    def moves(self, e: FloatArray) -> FloatArray:
        """Return b - b(without g), shape (N, k, B), of residuals (T, N, B); a direction nobody else knows is left."""
        scores = np.einsum("tnk,tnb->nkb", self._inside, e)
        return np.asarray(np.linalg.solve(self.R, self._spread @ scores))

    @cached_property
    def _inside(self) -> FloatArray:
        """H_g^-1 Q_g, shape (T, N, k)."""
        if self.effects == "time":
            left = 1 - self.constants**2
            return np.asarray(self.Q * np.where(left > ALONE, 1 / np.where(left > ALONE, left, 1), 0.0)[:, :, None])
        left = 1 - (self.constants**2).sum(axis=0)
        share = np.where(left > ALONE, 1 / np.where(left > ALONE, left, 1), 0.0)
        own = (self.constants[:, :, None] * self.Q).sum(axis=0) * share[:, None]
        return np.asarray(self.Q + self.constants[:, :, None] * own)

    @cached_property
    def _own(self) -> tuple[FloatArray, FloatArray]:
        """Eigenvalues (N, k) and vectors (N, k, k) of Q_g' H_g^-1 Q_g."""
        values, vectors = np.linalg.eigh(np.einsum("tnj,tnk->njk", self.Q, self._inside))
        return values, vectors

    @cached_property
    def _spread(self) -> FloatArray:
        """(I - Q_g' H_g^-1 Q_g)^-1, shape (N, k, k), without the directions of `alone`."""
        values, vectors = self._own
        known = values < 1 - ALONE
        inverse = np.where(known, 1 / np.where(known, 1 - values, 1), 0.0)
        return np.asarray((vectors * inverse[:, None, :]) @ np.swapaxes(vectors, 1, 2))

    def alone(self) -> npt.NDArray[np.bool_]:
        """Say which coefficients are not identified without which region, shape (N, k)."""
        values, vectors = self._own
        parts = np.abs(np.linalg.solve(self.R, vectors))
        size = np.linalg.norm(np.linalg.inv(self.R), axis=1)[:, None]
        return np.asarray(((parts > 1e-6 * size) & (values >= 1 - ALONE)[:, None, :]).any(axis=2))

    def covariance(self, e: FloatArray) -> FloatArray:
        """Return CR3 (k, k) of residuals (T, N); NaN for coefficients that one region alone identifies."""
        moves = self.moves(e[:, :, None])[:, :, 0]
        N = len(moves)
        V = (N - 1) / N * (moves.T @ moves)
        lone = self.alone().any(axis=0)
        V[lone] = V[:, lone] = np.nan
        return np.asarray(V)


def wald(of: LeaveOut, y: FloatArray, first: int) -> FloatArray:
    """Return the statistic (B,) by CR3 that coefficients from `first` on are zero, of outcomes (T, N, B)."""
    b, e = of.fitted(y)
    moves = of.moves(e)[:, first:]
    N = len(moves)
    V = (N - 1) / N * np.einsum("njb,nkb->bjk", moves, moves)
    return np.asarray((b[first:].T * np.linalg.solve(V, b[first:].T[:, :, None])[:, :, 0]).sum(axis=1))


def share_beyond(of: LeaveOut, e: FloatArray, first: int, found: float, count: int, rng: np.random.Generator) -> float:
    """Return p of `wald` by signs of regions' histories of residuals (T, N) without the tested coefficients.

    The wild cluster bootstrap with the null imposed (Cameron, Gelbach and Miller 2008). What was fitted under the null
    is left out of the samples: the regressors take it up again.
    """
    T, N = e.shape
    block = max(1, min(count, 1_000_000 // (T * N)))
    beyond = 0
    for start in range(0, count, block):
        signs = rng.choice([-1.0, 1.0], size=(N, min(block, count - start)))
        # All signs alike, which few regions draw, are the sample itself.
        beyond += int((wald(of, e[:, :, None] * signs, first) >= found * (1 - 1e-9)).sum())
    return (1 + beyond) / (1 + count)
