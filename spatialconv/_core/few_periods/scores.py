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

from spatialconv._core.few_periods.sample import Sample

FloatArray = npt.NDArray[np.float64]
# Numbers held at once.
HELD = 4_000_000


class Traces(NamedTuple):
    """What is added to both scores, and log|S|, one a value of rho (R,)."""

    b: FloatArray
    rho: FloatArray
    logdet: FloatArray


def traces(sample: Sample, b: FloatArray | float, rhos: FloatArray) -> Traces:
    """Return the adjustments at each rho, for one b or one a rho."""
    each = np.broadcast_to(np.asarray(b, dtype=float), rhos.shape)
    block = max(1, HELD // sample.N)
    parts = [_traces(sample, each[k : k + block], rhos[k : k + block]) for k in range(0, len(rhos), block)]
    taken = _taken(sample, each, rhos)
    of_b, of_rho, logdet = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Traces(of_b + taken[:, 0], of_rho + taken[:, 1], logdet)


def _traces(sample: Sample, b: FloatArray, rhos: FloatArray) -> Traces:
    T, w = sample.T, sample.eigenvalues
    s = 1 / (1 - rhos[:, None] * w)
    A, power = 1 + b[:, None] * s, np.ones_like(s)
    of_b, of_rho = np.zeros(len(rhos)), -(T - 1) * (w * s).sum(axis=1).real
    for j in range(T - 1):
        of_b = of_b + (T - 1 - j) / T * (power * s).sum(axis=1).real
        of_rho = of_rho + b * (T - 1 - j) / T * (w * s * power * s).sum(axis=1).real
        power = power * A
    return Traces(of_b, of_rho, -np.log(np.abs(s)).sum(axis=1))


def _taken(sample: Sample, b: FloatArray, rhos: FloatArray) -> FloatArray:
    """Return what the regressors take out of the products of errors with later levels and neighbours' growth (R, 2)."""
    found = np.zeros((len(rhos), 2))
    if not len(sample.inside):
        return found
    q = sample.inside.reshape(-1, sample.T, sample.N)
    eye, W = np.eye(sample.N), sample.W
    several, which = np.unique(rhos, return_inverse=True)
    spread = None if W is None else np.linalg.inv(eye - several[:, None, None] * W).swapaxes(1, 2)
    block = max(1, HELD // sample.N**2)
    for start in range(0, len(rhos), block):
        part = slice(start, start + block)
        at, y = b[part, None, None], np.zeros((len(b[part]), *q[:, 0].shape))
        for t in range(sample.T):
            growth = q[:, t] + at * y
            growth = growth if spread is None else growth @ spread[which[part]]
            found[part, 0] += (q[:, t] * y).sum(axis=(1, 2))
            found[part, 1] += 0.0 if W is None else (q[:, t] * (growth @ W.T)).sum(axis=(1, 2))
            y = y + growth
    return found


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


class Regional(NamedTuple):
    """What each region's sum of squares within over T - 1 is multiplied with in the robust scores, (R, N) each."""

    b: FloatArray
    rho: FloatArray


def regional(sample: Sample, b: FloatArray | float, rhos: FloatArray) -> Regional:
    """Return what makes the scores robust to variances that differ by region, at each rho, for one b or one a rho.

    A region's sum of squares within over T - 1, times this, added to its products with past levels (or neighbours'
    growth), gives a sum over the regions with mean zero whatever their variances (Li and Yang 2020). Time effects and
    regressors mix the variances of all regions into each sum of squares; that is undone.
    """
    N, T = sample.N, sample.T
    eye = np.eye(N)
    at = np.broadcast_to(np.asarray(b, dtype=float), rhos.shape)[:, None, None]
    spread: FloatArray = np.broadcast_to(eye, (len(rhos), N, N))
    if sample.W is not None:
        spread = np.asarray(np.linalg.inv(eye - rhos[:, None, None] * sample.W), dtype=np.float64)
    # Horner: sum_j (T-1-j) A^j from the highest power down.
    A, total = eye + at * spread, np.broadcast_to(eye, spread.shape)
    for j in range(T - 3, -1, -1):
        total = total @ A + (T - 1 - j) * eye
    made = total @ spread / T
    around = np.zeros_like(spread) if sample.W is None else sample.W @ spread
    # The diagonal of W S^-1 (b made - (T-1) I), whose columns have mean zero already where time effects are taken off.
    of_rho = at[:, 0] * np.einsum("rij,rji->ri", around, made) - (T - 1) * np.einsum("rii->ri", around)
    made = made - made.mean(axis=1, keepdims=True) if sample.two_way else made
    of_b = np.einsum("rii->ri", made)
    if len(sample.inside):
        taken = _taken_by_region(sample, spread, A, at, around)
        of_b, of_rho = of_b + taken.b, of_rho + taken.rho
    mixed = mixing(sample)
    if mixed is None:
        return Regional(np.asarray(of_b), np.asarray(of_rho))
    apart = np.linalg.lstsq(mixed.T, np.concatenate([of_b, of_rho]).T, rcond=None)[0].T
    return Regional(apart[: len(rhos)], apart[len(rhos) :])


def _taken_by_region(sample: Sample, spread: FloatArray, A: FloatArray, b: FloatArray, around: FloatArray) -> Regional:
    """Return what regions' variances lose by regressors in the products with past levels, and with neighbours' growth.

    Their basis q is sent through the adjoint of what makes levels and growth of errors, from the last span back.
    """
    q = sample.inside.reshape(-1, sample.T, sample.N)
    later = np.zeros((2, len(A), len(q), sample.N))
    of_b, of_rho = np.zeros((len(A), sample.N)), np.zeros((len(A), sample.N))
    for t in range(sample.T - 1, -1, -1):
        lagged = q[:, t] @ around
        of_b = of_b + (q[:, t] * (later[0] @ spread)).sum(axis=1)
        of_rho = of_rho + (q[:, t] * (lagged + later[1] @ spread)).sum(axis=1)
        later = np.stack([q[:, t] + later[0] @ A, b * lagged + later[1] @ A])
    return Regional(of_b, of_rho)


def mixing(sample: Sample) -> FloatArray | None:
    """Return how regions' variances (columns) enter expected sums of squares over T - 1 (rows); None if one by one."""
    if not sample.two_way and not len(sample.inside):
        return None
    centre = np.eye(sample.N) - sample.two_way / sample.N
    q = sample.inside.reshape(-1, sample.T, sample.N)
    squares = np.einsum("kti,lti->kli", q, q)
    taken = np.einsum("kli,klj->ij", squares, squares) - 2 * centre * np.einsum("kti,ktj->ij", q, q)
    return np.asarray(centre**2 + taken / (sample.T - 1))
