"""Two tests of a value of beta that are exact with normal errors and rho known.

Given regions' means of h and the sum of squares within, the direction of the errors within is uniform. The part of
past levels that follows from the means alone is then fixed, and its product with the errors has a t distribution: at
beta = 0 it asks whether regions that grow faster than others slow down (Tukey's one degree of freedom). The spread of
the means over the variance within has an F distribution if drifts are equal and is larger otherwise, so that its lower
tail holds for any drifts: long-run growth that is more even than the noise of single years allows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular

from spatialconv._core.few_periods.sample import Sample, Triangle

FloatArray = npt.NDArray[np.float64]


class Exact(NamedTuple):
    """t and F of data sets (B,), and their degrees of freedom."""

    t: FloatArray
    t_dof: int
    F: FloatArray
    F_dof: tuple[int, int]


def exact(sample: Sample, levels: FloatArray, b: float, rho: float | FloatArray) -> Exact:
    """Return both statistics of levels (B, T+1, N) at b, for one rho or one a data set."""
    made = sample.variables(levels)
    h = np.einsum("bv,bvtn->btn", np.broadcast_to(sample.weights(b, rho), made.shape[:2]), made)
    e = sample.within(h)
    z = sample.within(steady(sample, h - e, b, rho))
    size, product = (z**2).sum(axis=(1, 2)), (z * e).sum(axis=(1, 2))
    total = (e**2).sum(axis=(1, 2))
    dof = sample.dof_within - 1
    t = product / np.sqrt(size * (total - product**2 / size) / dof)
    F = (sample.between(h) ** 2).sum(axis=1) / sample.dof_between / (total / sample.dof_within)
    return Exact(t, dof, F, (sample.dof_between, sample.dof_within))


def steady(sample: Sample, h: FloatArray, b: float, rho: float | FloatArray) -> FloatArray:
    """Return the initial levels (B, T, N) that h (B, T, N) without its errors would have made."""
    if sample.triangle is not None and len(h) > 1:
        return _by_triangle(sample.triangle, sample.levels[0], h, b, np.broadcast_to(rho, len(h)))
    y = np.empty_like(h)
    y[:, 0] = sample.levels[0]
    spread = spreads(sample, np.broadcast_to(rho, len(h)))
    for t in range(sample.T - 1):
        step = h[:, t] + b * y[:, t]
        y[:, t + 1] = y[:, t] + (step if spread is None else (spread @ step[..., None])[..., 0])
    return y


def _by_triangle(triangle: Triangle, start: FloatArray, h: FloatArray, b: float, rho: FloatArray) -> FloatArray:
    """Return what `steady` does by a triangular solution a period and data set, without an inverse for each rho."""
    Q, U = triangle
    eye, first = np.eye(len(U)), Q.conj().T @ start
    pushed = h @ Q.conj()
    at = np.empty_like(pushed)
    for k in range(len(h)):
        A = eye - rho[k] * U
        at[k, 0] = first
        for t in range(h.shape[1] - 1):
            step = solve_triangular(A, pushed[k, t] + b * at[k, t], check_finite=False)
            at[k, t + 1] = at[k, t] + step
    return np.ascontiguousarray((at @ Q.T).real)


def spreads(sample: Sample, rho: FloatArray) -> FloatArray | None:
    """Return (I - rho W)^-1, one for all (1, N, N) if rho is the same, None without W."""
    if sample.W is None:
        return None
    values = rho[:1] if (rho == rho[0]).all() else rho
    return np.asarray(np.linalg.inv(np.eye(sample.N) - values[:, None, None] * sample.W))
