"""Whether rho, lambda and sigma2 can be told apart at all: what the weights are once effects and regressors are out.

Let R project off the effects and the regressors X, and A = I - rho W, B = I - lambda M. Where W and M leave the span of
X and effects in itself (R W X = 0: the regressors tell nothing of rho) all that the data tell is the covariance of R y,
sigma2 times the inverse of

    S = A'B'B A     with R W and R M in the place of W and M.

Its derivatives in rho, lambda and log sigma2 are S_rho, S_lambda and S. Where these are linearly dependent at a point
without special values, no sample tells the coefficients apart, however large:

- equal weights of all to all once the mean over the regions is out, or equal weights within groups once the means of
  the groups are: R W = c R, and rho only rescales the errors. A directed ring of three, every doubly regular
  tournament: S is a multiple of the identity although W is not;
- lag and error with M = W where two distinct eigenvalues of W are left, as of pairs, of groups of equal size, of a star
  or a complete bipartite graph under time effects: S holds two numbers, and rho, lambda and sigma2 are three. The
  regressors may tell rho; with their lags in the model they do not (the reflection problem of Manski 1993, Review of
  Economic Studies 60).

An identity between matrices holds if it holds for one random vector, with probability one; a second one confirms the
coefficients that the first one gave. Nothing larger than the sample is made, and no eigenvalue is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from spatialconv._core.likelihood.effects import Projection
from spatialconv._core.likelihood.likelihood import lag
from spatialconv._core.regression.least_squares import basis

FloatArray = npt.NDArray[np.float64]

# What rounding leaves of an identity, as a share of the parts that it is made of.
ROUNDING = 1e-9
# A point without special values, as shares of the inverse of the largest row sum.
RHO, LAMBDA = 0.3491, -0.2137


@dataclass(frozen=True)
class Remainder:
    """The space without effects and regressors X, shape (T, N, K)."""

    X: FloatArray
    project: Projection

    @cached_property
    def _basis(self) -> FloatArray:
        T, N, K = self.X.shape
        return basis(self.project(self.X).reshape(T * N, K)).Q

    def __call__(self, z: FloatArray) -> FloatArray:
        """Return R z, shape (T, N)."""
        left = self.project(z).ravel()
        return np.asarray(left - self._basis @ (self._basis.T @ left)).reshape(z.shape)

    def leaves(self, W: sp.csr_array) -> bool:
        """Whether R W X is not zero: W brings the regressors, or the effects, out of what they span."""
        T, N, K = self.X.shape
        # Effects of regions stay what they are under W; those of periods do where rows have the same sum.
        constant = [np.random.default_rng(0).standard_normal((T, 1)) * np.ones(N)] if self.project.over_regions else []
        for column in (*constant, *(self.X[..., k] for k in range(K))):
            lagged = lag(W, column)
            if float(np.linalg.norm(self(lagged))) > ROUNDING * float(np.linalg.norm(lagged)):
                return True
        return False


@dataclass(frozen=True)
class _Factor:
    """I - rho W within the remainder, its transpose, and W itself; the identity where there is no W."""

    left: Remainder
    W: sp.csr_array | None
    back: sp.csr_array | None
    rho: float

    @classmethod
    def of(cls, left: Remainder, W: sp.csr_array | None, share: float) -> _Factor:
        if W is None:
            return cls(left, None, None, 0.0)
        most = float(np.asarray(abs(W).sum(axis=1)).max())
        return cls(left, W, sp.csr_array(W.T), share / most if most > 0 else share)

    def lag(self, z: FloatArray) -> FloatArray:
        return self.left(lag(self.W, z)) if self.W is not None else 0.0 * z

    def lag_back(self, z: FloatArray) -> FloatArray:
        return self.left(lag(self.back, z)) if self.back is not None else 0.0 * z

    def __call__(self, z: FloatArray) -> FloatArray:
        return z - self.rho * self.lag(z) if self.W is not None else z

    def backward(self, z: FloatArray) -> FloatArray:
        return z - self.rho * self.lag_back(z) if self.W is not None else z


def dependent(left: Remainder, W: sp.csr_array | None, M: sp.csr_array | None) -> bool:
    """Whether S and its derivatives in rho (where W is given) and lambda (where M is) are linearly dependent."""
    A, B = _Factor.of(left, W, RHO), _Factor.of(left, M, LAMBDA)
    rng = np.random.default_rng(0)
    found: FloatArray | None = None
    for _ in range(2):
        columns = _derivatives(A, B, left(rng.standard_normal(left.X.shape[:2])))
        sizes = np.sqrt((columns**2).sum(axis=0))
        if sizes.min() <= ROUNDING * sizes.max():
            return True
        if found is None:
            # Columns are scaled for the search of the combination only.
            found = np.linalg.svd(columns / sizes, full_matrices=False)[2][-1] / sizes
        if not float(np.linalg.norm(columns @ found)) <= ROUNDING * float(np.abs(found) @ sizes):
            return False
    return True


def _derivatives(A: _Factor, B: _Factor, z: FloatArray) -> FloatArray:
    """Return S z, -S_rho z where there is W, and -S_lambda z where there is M, a column each."""
    Az = A(z)
    BAz = B(Az)
    inner = B.backward(BAz)
    columns = [A.backward(inner)]
    if A.W is not None:
        columns.append(A.lag_back(inner) + A.backward(B.backward(B(A.lag(z)))))
    if B.W is not None:
        columns.append(A.backward(B.lag_back(BAz) + B.backward(B.lag(Az))))
    return np.column_stack([column.ravel() for column in columns])
