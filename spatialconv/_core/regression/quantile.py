"""Quantile regression as the linear programme that it is (Koenker and Bassett 1978), exact to the solver's tolerance.

    min_b sum_i tau max(e_i, 0) + (1 - tau) max(-e_i, 0),   e = y - X b

solved through its dual, max y'a subject to X'a = (1 - tau) X'1 and 0 <= a <= 1, which has as many equations as
coefficients; the coefficients are the prices of the equations. Observations far above the plane have a = 1, far below
a = 0: near a known solution only those close to it need be looked at, and what comes out is the optimum of all if
nobody left out has changed sides (Portnoy and Koenker 1997, Statistical Science 12, 279-300).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import optimize

FloatArray = npt.NDArray[np.float64]

# From so many observations a start saves more than it costs; n^(2/3) times the second number are looked at first, those
# who changed sides are added so often at most.
WORTH, CLOSE, ROUNDS = 400, 1.5, 6


def quantile_regression(
    y: FloatArray, X: FloatArray, tau: float, *, times: FloatArray | None = None, start: FloatArray | None = None
) -> FloatArray:
    """Return the coefficients, shape (K,), of the tau-quantile of y (n,) given X (n, K) of full rank; NaN if none.

    `times` (n,) says how often each observation counts, once by default. `start` (K,) are coefficients nearby: they
    change how soon the optimum is found.
    """
    weight = np.ones(len(y)) if times is None else times
    target = (1 - tau) * (weight @ X)
    if start is not None and len(y) >= WORTH:
        found = _near(y, X, target, weight, start)
        if found is not None:
            return found
    return _solved(y, X, target, weight)


def _near(y: FloatArray, X: FloatArray, target: FloatArray, weight: FloatArray, start: FloatArray) -> FloatArray | None:
    """Return the optimum if it lies so near that most observations stay on their side of it, else None."""
    e = y - X @ start
    few = int(CLOSE * len(y) ** (2 / 3)) + X.shape[1]
    inside = np.zeros(len(y), dtype=bool)
    inside[np.argpartition(np.abs(e), few)[:few]] = True
    for _ in range(ROUNDS):
        above = ~inside & (e > 0)
        b = _solved(y[inside], X[inside], target - weight[above] @ X[above], weight[inside])
        if not np.isfinite(b).all():
            return None
        changed = ~inside & ((y - X @ b > 0) != (e > 0))
        if not changed.any():
            return b
        inside |= changed
    return None


def _solved(y: FloatArray, X: FloatArray, target: FloatArray, weight: FloatArray) -> FloatArray:
    bounds = np.stack([np.zeros(len(y)), weight], axis=1)
    found = optimize.linprog(-y, A_eq=X.T, b_eq=target, bounds=bounds, method="highs-ds")
    if found.status != 0:
        return np.full(X.shape[1], np.nan)
    return np.asarray(-found.eqlin.marginals, dtype=float)


def check_loss(e: FloatArray, tau: float) -> float:
    """Return the sum that quantile regression minimises, of residuals of any shape."""
    return float(np.where(e >= 0, tau * e, (tau - 1) * e).sum())
