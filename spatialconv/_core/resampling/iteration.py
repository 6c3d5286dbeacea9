"""W (I - rho W)^-1 of many data sets, each with a rho of its own, without a factorisation for each.

    (I - rho W)^-1 = sum_k c_k T_k(W / r),   c_0 = 1 / sqrt(1 - s^2),   c_k = 2 c_0 q^k,   q = s / (1 + sqrt(1 - s^2))

is the series of Chebyshev (Rivlin 1990, Chebyshev Polynomials, section 3.4), r the largest real part of an eigenvalue
of W and s = rho r: T_{k+1} = 2 (W / r) T_k - T_{k-1} are products with W alone, which all data sets share, and what a
data set's rho does to them is one number a step. With real eigenvalues the error falls by q a step, 0.21 at s = 0.4.
What is left over, z + rho W x - x, is seen: where it does not vanish (rho near a bound, eigenvalues far from the real
axis) the data set is factorised.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from spatialconv._core.likelihood.logdet import factor, full

FloatArray = npt.NDArray[np.float64]

# What may be left as a share of the largest number of the solution, after how many steps at most, and how often it is
# looked at once it should be gone: the traces beside it have eight digits.
LEFT, STEPS, LOOK = 1e-9, 100, 4
# Share of the norm that the largest real part counts for at least.
LEAST = 1e-3
# Numbers of a block of columns: a few of these fit the processor's cache.
BLOCK = 131_072


def ratios_times(
    W: sp.csr_array, rho: FloatArray, eta: FloatArray, roots: npt.NDArray[np.complex128] | None = None
) -> FloatArray:
    """Return W (I - rho_b W)^-1 eta_b for each data set b: rho (B,), eta (T, N, B).

    `roots` are the eigenvalues of W where they are known; else its norm stands for the largest real part.
    """
    T, N, B = eta.shape
    norm = float(abs(W).sum(axis=1).max())
    # Links one way have no eigenvalue but zero, and polynomials on a point cannot be scaled.
    reach = norm if roots is None else max(float(np.abs(roots.real).max(initial=0.0)), LEAST * norm)
    links = W.toarray() if full(W) else W
    out = np.empty_like(eta)
    size = max(1, BLOCK // (N * T))
    # Data sets of one block take as many steps as the slowest of them.
    order = np.argsort(np.abs(rho), kind="stable")
    for start in range(0, B, size):
        block = order[start : start + size]
        z = np.ascontiguousarray(np.moveaxis(eta[..., block], 1, 0)).reshape(N, -1)
        found, done = _summed(links, np.tile(rho[block], T), z, reach)
        out[..., block] = np.moveaxis(found.reshape(N, T, -1), 1, 0)
        for b in block[~done.reshape(T, -1).all(axis=0)]:
            out[..., b] = (W @ factor(W, float(rho[b])).solve(np.ascontiguousarray(eta[..., b].T))).T
    return out


def _summed(
    W: sp.csr_array | FloatArray, rho: FloatArray, z: FloatArray, reach: float
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Return W x (N, C) for x = z + rho W x, rho (C,), and which columns got there."""
    s = rho * reach
    slowest = float(np.abs(s).max(initial=0.0))
    rate = slowest / (1 + np.sqrt(1 - slowest**2)) if slowest < 1 else 1.0
    needed = 1 + int(np.log(LEFT) / np.log(rate)) if LEFT < rate < 1 else 1
    if rate == 1 or needed > STEPS:
        return np.zeros_like(z), np.zeros(len(rho), dtype=bool)
    root = np.sqrt(1 - s**2)
    q, share = s / (1 + root), 2 / root
    twice = W * (2 / reach) if reach > 0 else W  # no links at all
    before, term = z, np.asarray(twice @ z) / 2
    share = share * q
    x = z / root + share * term
    part = np.empty_like(z)
    for step in range(1, STEPS + 1):
        if step >= needed and (step - needed) % LOOK == 0:
            found = np.asarray(W @ x)
            np.multiply(found, rho, out=part)
            part += z
            part -= x
            left, size = np.abs(part).max(axis=0), np.abs(x).max(axis=0)
            done = left <= LEFT * size
            if done.all() or not left.max() < 10 * size.max():
                return found, done
        following = np.asarray(twice @ term)
        following -= before
        before, term = term, following
        share = share * q
        np.multiply(term, share, out=part)
        x += part
    return found, done
