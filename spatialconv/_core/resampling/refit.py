"""Many refits of the lag model at once: bootstraps and simulations.

The concentrated likelihood of y = rho W y + X beta + effects + e depends on the data through three numbers only,

    SSE(rho) = |y - rho Wy|^2 = m + c (rho - r)^2,   c = |Wy|^2,   r = y'Wy / c,   m = |y - r Wy|^2,
    l'(rho)  = dof c (r - rho) / SSE(rho) + J [shift / (1 - rho) - sum_i w_i / (1 - rho w_i)],

y and Wy without effects and regressors (|y|^2, y'Wy and |Wy|^2 would do as well, but their combination cancels where
the fit is close). Thousands of data sets share everything else. The slope is evaluated on one grid for all, every
change of sign from above to below zero is a maximum, and all maxima are refined together by Newton steps kept inside
their brackets. `maximise` does the same one data set at a time, on the same grid.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from spatialconv._core.likelihood.effects import Projection
from spatialconv._core.likelihood.likelihood import lag
from spatialconv._core.likelihood.maximise import GRID_ONE, nodes_along
from spatialconv._core.regression.least_squares import basis
from spatialconv._core.resampling.pieces import Pieces, Term

FloatArray = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

# Data sets handled together: the slopes on the grid then fit the processor's cache.
CHUNK = 4096
# Newton halves the interval where it would leave it: sixty halvings exhaust the digits whatever the start.
ROUNDS = 60
STILL = 1e-13
# So near to an end of its bracket no maximum lies inside.
STUCK = 1e-10


class Squares(NamedTuple):
    """SSE(rho) = least + curve (rho - centre)^2 of every data set, shape (B,) each."""

    least: FloatArray
    centre: FloatArray
    curve: FloatArray

    def at(self, rho: FloatArray) -> FloatArray:
        """Return the sums of squares."""
        return self.least + self.curve * (rho - self.centre) ** 2

    def of(self, which: npt.NDArray[Any] | slice) -> Squares:
        """Return those of some data sets."""
        return Squares(self.least[which], self.centre[which], self.curve[which])


def lag_squares(Y: FloatArray, X: FloatArray, project: Projection, W: sp.csr_array) -> Squares:
    """Reduce outcomes Y (T, N, B) with the same regressors X (T, N, K) and weights to what their likelihoods need."""
    T, N, B = Y.shape
    Q = basis(project(X).reshape(T * N, -1)).Q

    def left(Z: FloatArray) -> FloatArray:
        Z = project(Z).reshape(T * N, B)
        return np.asarray(Z - Q @ (Q.T @ Z))

    y, wy = left(Y), left(lag(W, Y))
    curve = np.einsum("nb,nb->b", wy, wy)
    centre = np.einsum("nb,nb->b", y, wy) / curve
    e = y - centre * wy
    return Squares(np.einsum("nb,nb->b", e, e), centre, curve)


def lag_refits(
    squares: Squares,
    *,
    dof: int,
    J: int,
    eigenvalues: npt.NDArray[np.complex128] | Pieces,
    shift: bool,
    bounds: tuple[float, float],
) -> FloatArray:
    """Return the global maximiser rho of every data set's concentrated likelihood, shape (B,).

    `bounds` is where rho is searched (`maximise.search_window`), `eigenvalues` are those of W, or its log-determinant
    where they are not known, `dof`, J and `shift` those of the projection. NaN where the log-determinant of a first
    search leads to no maximum.
    """
    free: Free | Term
    if isinstance(eigenvalues, Pieces):
        free = eigenvalues.times(J, shift=shift)
        grid = nodes_along(*bounds, GRID_ONE, np.zeros(0, dtype=complex))
        on_grid = free.roughly(grid)
    else:
        free = Free.of(eigenvalues, J, shift)
        grid = nodes_along(*bounds, GRID_ONE, eigenvalues)
        on_grid = free.slopes(grid)[0]
    out = np.empty(len(squares.least))
    for start in range(0, len(out), CHUNK):
        part = slice(start, start + CHUNK)
        out[part] = _chunk(squares.of(part), float(dof), free, grid, on_grid)
    return out


class Free(NamedTuple):
    """What the likelihood holds besides squares: eigenvalues by real part, |w|^2, and J times how many they are."""

    x: FloatArray
    size: FloatArray
    times: FloatArray

    @classmethod
    def of(cls, eigenvalues: npt.NDArray[np.complex128], J: int, shift: bool) -> Free:
        """Join conjugate pairs, which have the same terms, and drop zeros, which have none.

        The shift takes the eigenvalue one away again. To leave it out is exact; to subtract what was added loses
        all digits of the slope near rho = 1.
        """
        w = np.asarray(eigenvalues, dtype=complex)
        if shift:
            w = np.delete(w, np.argmin(np.abs(w - 1)))
        kept = w[(w != 0) & (w.imag >= 0)]
        return cls(kept.real, np.abs(kept) ** 2, J * np.where(kept.imag > 0, 2.0, 1.0))

    def values(self, rho: FloatArray) -> FloatArray:
        """Return J (log|I - rho W| - shift log(1 - rho)), by 2 log|1 - rho w| = log(1 - 2 rho x + rho^2 |w|^2)."""
        terms = np.log(1 - 2 * np.multiply.outer(rho, self.x) + np.multiply.outer(rho**2, self.size))
        return np.asarray(terms @ self.times / 2)

    def slopes(self, rho: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the first and second derivative.

        With d = |1 - rho w|^2 and p = Re w / (1 - rho w) = (x - rho |w|^2) / d, dp / drho = 2 p^2 - |w|^2 / d.
        """
        top = self.x - np.multiply.outer(rho, self.size)
        d = 1 / (1 - rho[:, None] * (self.x + top))
        p = top * d
        return -(p @ self.times), -((2 * p * p - self.size * d) @ self.times)


def _chunk(s: Squares, dof: float, free: Free | Term, grid: FloatArray, on_grid: FloatArray) -> FloatArray:
    columns = Squares(*(v[:, None] for v in s))
    slopes = dof * columns.curve * (columns.centre - grid) / columns.at(grid) + on_grid
    rising = slopes > 0
    which, left = np.nonzero(rising[:, :-1] & ~rising[:, 1:])
    start = _secant(slopes, grid, which, left)
    if isinstance(free, Term):
        # Signs are those of few factorisations: the maximum may lie a node further.
        low_end, high_end = grid[np.maximum(left - 1, 0)], grid[np.minimum(left + 2, len(grid) - 1)]
        found = _refined(s.of(which), dof, free, (low_end, high_end), start)
        found[(found - low_end <= STUCK) | (high_end - found <= STUCK)] = np.nan
    else:
        found = _refined(s.of(which), dof, free, (grid[left], grid[left + 1]), start)
    low, high = np.flatnonzero(slopes[:, 0] < 0), np.flatnonzero(rising[:, -1])
    which = np.concatenate([which, low, high])
    found = np.concatenate([found, np.full(len(low), grid[0]), np.full(len(high), grid[-1])])
    contested = np.bincount(which, minlength=len(slopes))[which] > 1
    loglik = np.zeros(len(which))
    contested &= np.isfinite(found)
    loglik[contested] = free.values(found[contested]) - 0.5 * dof * np.log(s.of(which[contested]).at(found[contested]))
    out = np.empty(len(slopes))
    # Of those written to the same place the last one stays: the highest.
    order = np.argsort(loglik, kind="stable")
    out[which[order]] = found[order]
    return out


def _secant(slopes: FloatArray, grid: FloatArray, which: Places, left: Places) -> FloatArray:
    above, below = slopes[which, left], slopes[which, left + 1]
    return np.asarray(grid[left] + (grid[left + 1] - grid[left]) * above / (above - below))


def _refined(
    s: Squares, dof: float, free: Free | Term, bracket: tuple[FloatArray, FloatArray], rho: FloatArray
) -> FloatArray:
    """Solve for the root of the slope inside each bracket, all data sets at once."""
    low, high = bracket
    out, active = rho.copy(), np.arange(len(rho))
    for _ in range(ROUNDS):
        sse, top = s.at(rho), s.curve * (s.centre - rho)
        first, second = free.slopes(rho)
        slope = dof * top / sse + first
        bend = dof * (2 * (top / sse) ** 2 - s.curve / sse) + second
        low, high = np.where(slope > 0, rho, low), np.where(slope > 0, high, rho)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = rho - slope / bend
        moved = np.where((step > low) & (step < high), step, (low + high) / 2)
        moved[slope == 0] = rho[slope == 0]
        out[active] = moved
        going = np.abs(moved - rho) > STILL
        if not going.any():
            break
        active, rho, low, high, s = active[going], moved[going], low[going], high[going], s.of(going)
    return out
