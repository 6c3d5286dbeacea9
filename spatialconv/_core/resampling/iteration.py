"""W (I - rho W)^-1 of many data sets, each with a rho of its own, without a factorisation for each.

    x[k+1] = x[k-1] + omega[k+1] (z + rho W x[k] - x[k-1]),   omega[1] = 1,   omega[k+1] = 1 / (1 - s^2 omega[k] / 4)

is the semi-iteration of Chebyshev (Golub and Varga 1961, Numerische Mathematik 3, 147-156), s = |rho| times the largest
real part of an eigenvalue of W: products with W alone, which all data sets share. With real eigenvalues the error falls
by s / (1 + sqrt(1 - s^2)) a step, 0.21 at s = 0.4. What is left over, z + rho W x - x, is seen: where it does not
vanish (rho near a bound, eigenvalues far from the real axis) the data set is factorised.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from spatialconv._core.likelihood.logdet import factor, full

FloatArray = npt.NDArray[np.float64]

# What may be left as a share of the largest number of the solution, after how many steps at most, and how often it is
# looked at once it should be gone: the traces beside it have eight digits.
LEFT, STEPS, LOOK = 1e-11, 100, 4
# Numbers of a block of columns: a few of these fit the processor's cache.
BLOCK = 131_072


def ratios_times(
    W: sp.csr_array, rho: FloatArray, eta: FloatArray, roots: npt.NDArray[np.complex128] | None = None
) -> FloatArray:
    """Return W (I - rho_b W)^-1 eta_b for each data set b: rho (B,), eta (T, N, B).

    `roots` are the eigenvalues of W where they are known; else its norm stands for the largest real part.
    """
    T, N, B = eta.shape
    reach = float(abs(W).sum(axis=1).max()) if roots is None else float(np.abs(roots.real).max(initial=0.0))
    links = W.toarray() if full(W) else W
    out = np.empty_like(eta)
    size = max(1, BLOCK // (N * T))
    # Data sets of one block take as many steps as the slowest of them.
    order = np.argsort(np.abs(rho), kind="stable")
    for start in range(0, B, size):
        block = order[start : start + size]
        z = np.ascontiguousarray(np.moveaxis(eta[..., block], 1, 0)).reshape(N, -1)
        x, done = _iterated(links, np.tile(rho[block], T), z, reach)
        out[..., block] = np.moveaxis(np.asarray(links @ x).reshape(N, T, -1), 1, 0)
        for b in block[~done.reshape(T, -1).all(axis=0)]:
            out[..., b] = (W @ factor(W, float(rho[b])).solve(np.ascontiguousarray(eta[..., b].T))).T
    return out


def _iterated(
    W: sp.csr_array | FloatArray, rho: FloatArray, z: FloatArray, reach: float
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Return x (N, C) of x = z + rho W x, rho (C,), and which columns got there."""
    square = (rho * reach) ** 2
    before, x = z, np.asarray(W @ z)
    x *= rho
    x += z
    omega, done = np.full(len(rho), 2.0), np.zeros(len(rho), dtype=bool)
    slowest = float(np.sqrt(square.max(initial=0.0)))
    if not slowest < 1:
        return x, done
    rate = slowest / (1 + np.sqrt(1 - slowest**2))
    needed = int(np.log(LEFT) / np.log(rate)) if rate > LEFT else 1
    if needed > STEPS:
        return x, done
    for step in range(STEPS):
        found = np.asarray(W @ x)
        found *= rho
        found += z
        if step >= needed and (step - needed) % LOOK == 0:
            left, size = np.abs(found - x).max(axis=0), np.abs(x).max(axis=0)
            done = left <= LEFT * size
            if done.all() or not left.max() < 10 * size.max():
                return found, done
        omega = 1 / (1 - square * omega / 4)
        found -= before
        found *= omega
        found += before
        before, x = x, found
    return x, done
