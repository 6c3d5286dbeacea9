"""Quantile regression as the linear programme that it is (Koenker and Bassett 1978), exact to the solver's tolerance.

    min_b sum_i tau max(e_i, 0) + (1 - tau) max(-e_i, 0),   e = y - X b

solved through its dual, max y'a subject to X'a = (1 - tau) X'1 and 0 <= a <= 1, which has as many equations as
coefficients; the coefficients are the prices of the equations.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import optimize

FloatArray = npt.NDArray[np.float64]


def quantile_regression(y: FloatArray, X: FloatArray, tau: float) -> FloatArray:
    """Return the coefficients, shape (K,), of the tau-quantile of y (n,) given X (n, K) of full rank; NaN if none."""
    found = optimize.linprog(-y, A_eq=X.T, b_eq=(1 - tau) * X.sum(axis=0), bounds=(0.0, 1.0), method="highs-ds")
    if found.status != 0:
        return np.full(X.shape[1], np.nan)
    return np.asarray(-found.eqlin.marginals, dtype=float)


def check_loss(e: FloatArray, tau: float) -> float:
    """Return the sum that quantile regression minimises, of residuals of any shape."""
    return float(np.where(e >= 0, tau * e, (tau - 1) * e).sum())
