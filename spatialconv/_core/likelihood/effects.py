"""Region and time effects: five projections of (T, N, ...) arrays and what they do to the likelihood.

The direct approach demeans and keeps all N x T observations. The approach of Lee and Yu (2010, Journal of
Econometrics 154) transforms by an orthonormal basis of the demeaned space instead: (N-1) T, N (T-1) or
(N-1)(T-1) observations are left, on which the likelihood is exact. The sum of squares is the same in both,
so that only three numbers differ: `dof`, the multiplier J of the log-determinant, and `shift`, whether
log(1 - rho), the part of the log-determinant that the eliminated mean carries, is taken off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Kind = Literal["none", "region", "time", "two-way"]


@dataclass(frozen=True)
class Projection:
    """How effects leave the data: which means are removed, and the three numbers of the likelihood.

    `dof` observations remain, J multiplies the log-determinant, and `shift` says whether log(1 - rho) is
    subtracted from it.
    """

    kind: Kind
    T: int
    N: int
    dof: int
    J: int
    shift: bool

    @property
    def over_regions(self) -> bool:
        """Whether the mean over the regions of each period is removed (time effects)."""
        return self.kind in ("time", "two-way")

    @property
    def over_periods(self) -> bool:
        """Whether the mean over the periods of each region is removed (region effects)."""
        return self.kind in ("region", "two-way")

    def __call__(self, Z: FloatArray) -> FloatArray:
        """Return Z, shape (T, N, ...), with the effects projected out."""
        if self.over_periods:
            Z = Z - Z.mean(axis=0, keepdims=True)
        if self.over_regions:
            Z = Z - Z.mean(axis=1, keepdims=True)
        return Z


def deviations(Z: FloatArray) -> FloatArray:
    """Return the deviations of Z, shape (T, N, ...), from each region's mean over the periods."""
    return np.asarray(Z - Z.mean(axis=0, keepdims=True))


def means(Z: FloatArray) -> FloatArray:
    """Return each region's mean of Z, shape (T, N, ...), over the periods, times sqrt(T), shape (1, N, ...).

    Its sum of squares is that of the means repeated in every period.
    """
    return np.asarray(np.sqrt(Z.shape[0]) * Z.mean(axis=0, keepdims=True))


def projection(kind: Kind, T: int, N: int, *, lee_yu: bool) -> Projection:
    """Return the projection of `kind` for T periods and N regions, direct or after Lee and Yu (2010)."""
    over_periods, over_regions = kind in ("region", "two-way"), kind in ("time", "two-way")
    if not lee_yu:
        return Projection(kind, T, N, dof=N * T, J=T, shift=False)
    J = T - 1 if over_periods else T
    rows = N - 1 if over_regions else N
    return Projection(kind, T, N, dof=rows * J, J=J, shift=over_regions)
