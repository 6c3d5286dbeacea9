"""Moments of a spatial error process that hold under heteroskedasticity of unknown form.

For u = lambda M u + e with independent e of any variances, e'B e has mean zero for every B with a zero diagonal:
B1 = M'M - diag(M'M) and B2 = M (Kelejian and Prucha 2010, Journal of Econometrics 157). Deviations from the regions'
means over time keep that, whatever the dependence over time within a region (Badinger and Egger 2015, Spatial
Economic Analysis 10). Deviations from the mean over regions, P = I - 11'/n, do not: there B = A - D with the
diagonal D for which P B P has a zero diagonal,

    d_i (1 - 2/n) + sum(d)/n^2 = (P A P)_ii.

The variance of e'B e, S = B + B', is half the sum over pairs of S_ij^2 (sum_t e_it e_jt)^2.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from spatialconv._core.likelihood.likelihood import lag
from spatialconv._core.regression.moments import System

FloatArray = npt.NDArray[np.float64]


# What rounding leaves of a form that is zero, or a multiple of another, as a share of its size.
DEPENDENT = 1e-10


def forms(M: sp.csr_array, *, demeaned: bool) -> tuple[sp.csr_array, ...]:
    """Return B1 and B2, shape (n, n); with `demeaned`, for data whose mean over the regions was removed.

    Only one is left where the two are the same moment (groups of equal size, equal weights within: M'M is a combination
    of I and M) or the first is none (pairs: M'M = I), and none where neither is one.
    """
    MM = sp.csr_array(M.T @ M)
    first, second = _hollow(MM, demeaned=demeaned), _hollow(M, demeaned=demeaned)
    kept = [B for B, whole in ((first, MM), (second, M)) if _size(_even(B)) > DEPENDENT * _size(whole)]
    if len(kept) < 2:
        return tuple(kept)
    a, b = _even(first), _even(second)
    ratio = float(a.multiply(b).sum()) / _size(b) ** 2
    return (second,) if _size(a - ratio * b) <= DEPENDENT * _size(a) else (first, second)


def _even(B: sp.csr_array) -> sp.csr_array:
    return sp.csr_array(B + B.T) / 2


def _size(B: sp.csr_array) -> float:
    return float(np.sqrt((B.data**2).sum()))


def _hollow(A: sp.csr_array, *, demeaned: bool) -> sp.csr_array:
    d = A.diagonal()
    if demeaned:
        n = A.shape[0]
        rows, columns = (np.asarray(A.sum(axis=axis)).ravel() for axis in (1, 0))
        c = d - (rows + columns) / n + rows.sum() / n**2
        d = (c - c.sum() / (n * (n - 1))) / (1 - 2 / n)
    return sp.csr_array(A - sp.diags_array(d))


def unequal_variances(u: FloatArray, v: FloatArray, forms_: tuple[sp.csr_array, ...], dof: int) -> System:
    """Return the moments e'B e per observation; u and v = M u, shape (T, N), have the effects removed."""
    g, first, second = [], [], []
    for B in forms_:
        Bu, Bv = lag(B, u), lag(B, v)
        g.append(float((u * Bu).sum()) / dof)
        first.append(float((u * Bv + v * Bu).sum()) / dof)
        second.append(-float((v * Bv).sum()) / dof)
    return System(np.array(g), np.array(first), np.array(second), np.zeros((len(g), 0)))


def slopes(e: FloatArray, Z: FloatArray, forms_: tuple[sp.csr_array, ...], dof: int) -> FloatArray:
    """Return the derivatives of the moments with respect to the coefficients of Z (T, N, k), shape (k, m)."""
    return -np.column_stack([np.einsum("tnk,tn->k", Z, lag(sp.csr_array(B + B.T), e)) for B in forms_]) / dof


def pairwise_variance(e: FloatArray, forms_: tuple[sp.csr_array, ...], dof: int) -> FloatArray:
    """Return the covariance of the moments per observation from residuals e (T, N), independent over regions only."""
    S = [sp.csr_array(B + B.T) for B in forms_]
    out = np.empty((len(S), len(S)))
    for r in range(len(S)):
        for s in range(r + 1):
            out[r, s] = out[s, r] = _over_pairs(S[r].multiply(S[s]), e) / (2 * dof**2)
    return out


def _over_pairs(weights: sp.sparray, e: FloatArray) -> float:
    pairs = sp.coo_array(weights)
    rows, columns = pairs.coords
    apart = rows != columns
    rows, columns = rows[apart], columns[apart]
    common = np.zeros(len(rows))
    for period in e:
        common += period[rows] * period[columns]
    return float(pairs.data[apart] @ common**2)
