"""(I - rho W)^-1 without a dense inverse: factorised once, applied wherever the fit needs it."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from spatialconv._core.likelihood.logdet import Whole, factor

FloatArray = npt.NDArray[np.float64]


class Inverse:
    """(I - rho W)^-1, applied as often as is asked for after one factorisation; the identity without W."""

    def __init__(self, W: sp.csr_array | None, rho: float) -> None:
        self.W, self.rho = W, rho

    @cached_property
    def factors(self) -> sp.linalg.SuperLU | Whole:
        """The LU factors of I - rho W."""
        assert self.W is not None
        return factor(self.W, self.rho)

    def __call__(self, Z: FloatArray) -> FloatArray:
        """Return (I - rho W)^-1 Z for Z of shape (T, N) or (T, N, k)."""
        if self.W is None:
            return Z
        T, N = Z.shape[:2]
        columns = np.ascontiguousarray(np.moveaxis(Z, 1, 0).reshape(N, -1))
        solved = self.factors.solve(columns).reshape(N, T, *Z.shape[2:])
        return np.ascontiguousarray(np.moveaxis(solved, 0, 1))
