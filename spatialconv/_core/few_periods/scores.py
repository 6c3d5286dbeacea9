"""Adjusted quasi scores of beta and rho: what the scores within regions lack to have mean zero.

    psi_b   = sum_t y[t-1]'~e[t] / s2    + (1/T) sum_j (T-1-j) tr(A^j S^-1)
    psi_rho = sum_t (W g[t])'~e[t] / s2  - (T-1) tr(W S^-1) + (b/T) sum_j (T-1-j) tr(W S^-1 A^j S^-1)

with S = I - rho W, A = I + b S^-1, j from 0 to T-2 (Yang 2018, Journal of Econometrics 205; with the coefficient of
W y[t-1] that a lag of growth means). Regressors take a further part, which the paths that start from their basis give.
Traces come from the eigenvalues of W.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spatialconv._core.few_periods.sample import Sample, rebuild

FloatArray = npt.NDArray[np.float64]


class Traces(NamedTuple):
    """What is added to both scores, and log|S|, one a value of rho (R,)."""

    b: FloatArray
    rho: FloatArray
    logdet: FloatArray


def traces(sample: Sample, b: float, rhos: FloatArray) -> Traces:
    """Return the adjustments at b for each rho."""
    T, w = sample.T, sample.eigenvalues
    s = 1 / (1 - rhos[:, None] * w)
    A, power = 1 + b * s, np.ones_like(s)
    of_b, of_rho = np.zeros(len(rhos)), -(T - 1) * (w * s).sum(axis=1).real
    for j in range(T - 1):
        of_b = of_b + (T - 1 - j) / T * (power * s).sum(axis=1).real
        of_rho = of_rho + b * (T - 1 - j) / T * (w * s * power * s).sum(axis=1).real
        power = power * A
    taken = np.array([_taken(sample, b, float(rho)) for rho in rhos])
    return Traces(of_b + taken[:, 0], of_rho + taken[:, 1], -np.log(np.abs(s)).sum(axis=1))


def _taken(sample: Sample, b: float, rho: float) -> tuple[float, float]:
    """Return what the regressors take out of the products of errors with later levels and with neighbours' growth."""
    if not len(sample.inside):
        return 0.0, 0.0
    q = sample.inside.reshape(-1, sample.T, sample.N)
    made = sample.variables(rebuild(sample, q, b, rho, start=np.zeros(sample.N)))
    lagged = float((q * made[:, 1]).sum()) if sample.W is not None else 0.0
    return float((q * made[:, -1]).sum()), lagged


def scores(sample: Sample, levels: FloatArray, b: float, rho: float) -> FloatArray:
    """Return psi_b and psi_rho of levels (B, T+1, N) as (B, 2), mean zero at the truth if variances are equal."""
    made = sample.variables(levels)
    h = np.einsum("v,bvtn->btn", sample.weights(b, rho), made)
    e = sample.within(h)
    s2 = (e**2).sum(axis=(1, 2)) / sample.dof_within
    add = traces(sample, b, np.array([rho]))
    of_b = (made[:, -1] * e).sum(axis=(1, 2)) / s2 + add.b[0]
    of_rho = (made[:, 1] * e).sum(axis=(1, 2)) / s2 + add.rho[0] if sample.W is not None else np.zeros(len(levels))
    return np.stack([of_b, of_rho], axis=1)


def regional(sample: Sample, b: float, rhos: FloatArray) -> FloatArray:
    """Return c (R, N), what makes the score of beta robust to variances that differ by region.

    A region's sum of squares within over T - 1, times c, added to its products with past levels, gives a sum over the
    regions with mean zero whatever their variances (Li and Yang 2020). Time effects and regressors mix the variances
    of all regions into each sum of squares; c undoes that.
    """
    N, T = sample.N, sample.T
    eye = np.eye(N)
    spread: FloatArray = np.broadcast_to(eye, (len(rhos), N, N))
    if sample.W is not None:
        spread = np.asarray(np.linalg.inv(eye - rhos[:, None, None] * sample.W), dtype=np.float64)
    # Horner: sum_j (T-1-j) A^j from the highest power down.
    A, total = eye + b * spread, np.broadcast_to(eye, spread.shape)
    for j in range(T - 3, -1, -1):
        total = total @ A + (T - 1 - j) * eye
    made = total @ spread / T
    made = made - made.mean(axis=1, keepdims=True) if sample.two_way else made
    needed = np.einsum("rii->ri", made) + _taken_by_region(sample, spread, A)
    mixed = mixing(sample)
    return np.asarray(needed if mixed is None else np.linalg.lstsq(mixed.T, needed.T, rcond=None)[0].T)


def _taken_by_region(sample: Sample, spread: FloatArray, A: FloatArray) -> FloatArray | float:
    """Return what a region's variance loses in the products with past levels by regressors (R, N): q by its adjoint."""
    if not len(sample.inside):
        return 0.0
    q = sample.inside.reshape(-1, sample.T, sample.N)
    later, found = np.zeros((len(A), len(q), sample.N)), np.zeros((len(A), sample.N))
    for t in range(sample.T - 1, 0, -1):
        later = q[:, t] + later @ A
        found = found + (q[:, t - 1] * (later @ spread)).sum(axis=1)
    return np.asarray(found)


def mixing(sample: Sample) -> FloatArray | None:
    """Return how regions' variances (columns) enter expected sums of squares over T - 1 (rows); None if one by one."""
    if not sample.two_way and not len(sample.inside):
        return None
    centre = np.eye(sample.N) - sample.two_way / sample.N
    q = sample.inside.reshape(-1, sample.T, sample.N)
    squares = np.einsum("kti,lti->kli", q, q)
    taken = np.einsum("kli,klj->ij", squares, squares) - 2 * centre * np.einsum("kti,ktj->ij", q, q)
    return np.asarray(centre**2 + taken / (sample.T - 1))
