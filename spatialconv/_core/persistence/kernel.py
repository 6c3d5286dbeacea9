"""Covariances by distance: the exponential kernel by its average correlation, Levy's Brownian motion, eigenvectors."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Projector = Callable[[FloatArray], FloatArray]

# From here on the leading eigenvectors come from Lanczos iterations: the whole decomposition grows with n^3.
LARGE = 400
# Newton's steps for an average correlation end when c moves by less than this share.
_CLOSE = 1e-13
_MOST_STEPS = 200


def demean(Z: FloatArray) -> FloatArray:
    """Return Z, shape (n, k), less the means of its columns."""
    return np.asarray(Z - Z.mean(axis=0))


def both_sides(sigma: FloatArray, project: Projector) -> FloatArray:
    """Return M sigma M for a symmetric sigma and the projector M."""
    return project(project(sigma).T)


def brownian(distance: FloatArray) -> FloatArray:
    """Return the covariance of Levy's Brownian motion from the first place, (d_i0 + d_j0 - d_ij) / 2.

    Where it is projected on what adds to zero, any other place to start from gives the same.
    """
    return np.asarray(0.5 * (distance[:, :1] + distance[:1] - distance))


def decay(distance: FloatArray, correlation: float) -> float:
    """Return c for which exp(-c d) is `correlation` on average over all pairs of places; see `decays`."""
    return float(decays(distance, [correlation])[0])


def decays(distance: FloatArray, correlations: Iterable[float]) -> FloatArray:
    """Return c for each average correlation of exp(-c d) over all pairs of places, which must be apart.

    Newton's steps on the logarithm of the average, a convex function of c that falls: from the left of a root they
    never leave it to the right. Each root is begun from the last one, so that an ordered list takes few steps.
    """
    pairs = distance[np.triu_indices(len(distance), 1)]
    nearest = float(pairs.min())
    found = []
    c = 0.0
    for correlation in correlations:
        target = float(np.log(correlation))
        for _ in range(_MOST_STEPS):
            # Relative to the nearest pair, so that nothing underflows however large c is.
            share = np.exp(-c * (pairs - nearest))
            mean = float(share.mean())
            value = float(np.log(mean)) - c * nearest - target
            slope = -float((share * pairs).mean()) / mean
            step = -value / slope
            c = max(0.0, c + step)
            if abs(step) <= _CLOSE * c:
                break
        found.append(c)
    return np.array(found)


def leading(sigma: FloatArray, q: int) -> FloatArray:
    """Return the eigenvectors of the q largest eigenvalues of a symmetric matrix, shape (n, q), largest first."""
    from scipy.linalg import eigh
    from scipy.sparse.linalg import eigsh

    n = len(sigma)
    if n <= LARGE or q > n // 4:
        _, vectors = eigh(sigma, subset_by_index=(n - q, n - 1))
        return np.asarray(vectors[:, ::-1])
    start = np.cos(np.arange(n) * 0.7 + 0.3)  # fixed, so that the same data give the same digits
    values, vectors = eigsh(sigma, k=q, which="LA", v0=start, tol=1e-12)
    return np.asarray(vectors[:, np.argsort(-values)])


def inside(distance: FloatArray, c: float, R: FloatArray) -> FloatArray:
    """Return R' exp(-c d) R, shape (q, q)."""
    return np.asarray(R.T @ (np.exp(-c * distance) @ R))
