"""Nonlinear least squares from many starting points at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Residuals = Callable[[FloatArray], tuple[FloatArray, FloatArray]]

# Damping never falls below this share of the trace of J'J, which keeps a singular one solvable.
_FLOOR = 1e-15
_CEILING = 1e15
_STANDSTILL = 1e-13  # a fall of the sum of squares by a smaller share is rounding


@dataclass(frozen=True)
class Fits:
    """Where S searches ended, in the order of their starts.

    `x` is (S, N), `cost` the sum of squares (S,), `residual` (S, K), `jacobian` (S, K, N).
    """

    x: FloatArray
    cost: FloatArray
    residual: FloatArray
    jacobian: FloatArray

    @property
    def best(self) -> int:
        """Position of the least sum of squares."""
        return int(np.argmin(self.cost))


def levenberg(
    residuals: Residuals,
    X: FloatArray,
    *,
    steps: int = 400,
    longest: float = 1.0,
    damping: float = 10.0,
    tolerance: float = 1e-10,
) -> Fits:
    """Minimise r(x)'r(x) from every row of X (Levenberg 1944; damping by gain as in Marquardt 1963).

    A step solves (J'J + damping I) step = -J'r and is shortened to `longest` in its largest coordinate; it is
    taken if the sum of squares falls. All searches go on together until every one has stopped moving.

    Differs: damping adds the identity, not the diagonal of J'J as Marquardt has it. Residuals of very unequal
    precision make narrow curved valleys, which the diagonal scales away: fewer searches then reach the bottom.

    Parameters
    ----------
    residuals : callable
        Takes (S, N), returns residuals (S, K) and their derivatives (S, K, N).
    X : array (S, N)
        Starting points.
    steps : int
        Most steps tried.
    longest : float
        Largest change of a coordinate in one step.
    damping : float
        Where damping starts.
    tolerance : float
        A search stops when its next step is shorter than this (or the sum of squares falls no more).
    """
    X = X.copy()
    r, J = (np.array(part) for part in residuals(X))
    cost = _squares(r)
    level = np.full(len(X), damping)
    unit = np.eye(X.shape[1])
    active = np.arange(len(X))
    for _ in range(steps):
        if not len(active):
            break
        rows, slopes, now = r[active], J[active], cost[active]
        normal = np.einsum("ski,skj->sij", slopes, slopes)
        level[active] = np.clip(level[active], _FLOOR * np.einsum("sii->s", normal), _CEILING)
        normal += level[active, None, None] * unit
        step = -np.linalg.solve(normal, np.einsum("ski,sk->si", slopes, rows)[..., None])[..., 0]
        size = np.abs(step).max(axis=1)
        step *= np.minimum(1.0, longest / np.maximum(size, tolerance))[:, None]
        rows_next, slopes_next = residuals(X[active] + step)
        fall = now - _squares(rows_next)
        # The fall that the linear model of the residuals promises.
        promised = now - _squares(rows + np.einsum("ski,si->sk", slopes, step))
        gain = fall / np.where(promised > 0, promised, np.inf)
        better = fall > 0
        taken = active[better]
        X[taken] += step[better]
        r[taken], J[taken], cost[taken] = rows_next[better], slopes_next[better], now[better] - fall[better]
        level[active] *= np.where(gain > 0.75, 0.2, np.where(gain < 0.25, 3.0, 1.0))
        active = active[(size >= tolerance) & ~(better & (fall < _STANDSTILL * now))]
    return Fits(X, cost, r, J)


def _squares(r: FloatArray) -> FloatArray:
    total = np.einsum("sk,sk->s", r, r)
    # A step into nowhere (overflow) is a bad step, no error.
    return np.where(np.isfinite(total), total, np.inf)
