"""Expected information of (beta, rho, lambda, sigma2) and its inverse.

With A = I - rho W, B = I - lambda M, G = W A^-1, G_B = B G B^-1, H = M B^-1, X* = P B X and d = P B G eta,
where eta = X beta + effects and P removes the effects (Anselin 1988, chapter 6; Elhorst 2014, section 3.3;
Lee and Yu 2010 for the transformed data):

    beta beta      X*'X* / sigma2
    beta rho       X*'d / sigma2
    rho rho        J [tr(G G) + tr(G_B'G_B)] + d'd / sigma2
    rho lambda     J [tr(H'G_B) + tr(H G_B)]
    lambda lambda  J [tr(H H) + tr(H'H)]
    rho sigma2     J tr(G) / sigma2
    lambda sigma2  J tr(H) / sigma2
    sigma2 sigma2  dof / (2 sigma2^2)

Where the mean over the regions has been transformed away, traces are those of F'GF with F an orthonormal
basis of the demeaned space; row-standardised matrices let them be had from the traces of G.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.linalg as la
import scipy.sparse as sp

from spatialconv._core.effects import Projection
from spatialconv._core.likelihood import lag

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Traces:
    """Traces that the information needs, already those of the transformed matrices where data were."""

    g: float
    gg: float
    gbgb: float
    h: float
    hh: float
    hth: float
    hg: float
    htg: float


def spatial_filter(W: sp.csr_array | None, rho: float, Z: FloatArray) -> FloatArray:
    """Return (I - rho W) Z for Z of shape (T, N) or (T, N, k)."""
    return Z if W is None else Z - rho * lag(W, Z)


def multiply(W: sp.csr_array | None, rho: float, Z: FloatArray) -> FloatArray:
    """Return (I - rho W)^-1 Z for Z of shape (T, N) or (T, N, k), by one sparse factorisation."""
    if W is None:
        return Z
    T, N = Z.shape[:2]
    columns = np.moveaxis(Z, 1, 0).reshape(N, -1)
    factor = sp.linalg.splu(sp.csc_array(sp.eye_array(N, format="csc") - rho * sp.csc_array(W)))
    solved = factor.solve(np.ascontiguousarray(columns)).reshape(N, T, *Z.shape[2:])
    return np.ascontiguousarray(np.moveaxis(solved, 0, 1))


def traces(W: sp.csr_array | None, M: sp.csr_array | None, rho: float, lam: float, *, shift: bool) -> Traces:
    """Return the traces by dense solves, O(n^3); meant for n up to a few thousand."""
    if W is None and M is None:
        return Traces(*([0.0] * 8))
    G, B = _ratio(W, rho), None
    H = _ratio(M, lam)
    if M is not None and W is not None:
        B = np.eye(M.shape[0]) - lam * M.toarray()
    G_B = la.solve(B.T, (B @ G).T).T if B is not None else G
    n = max(len(G), len(H))
    one = np.ones(n)
    g, h = (1 / (1 - rho) if len(G) else 0.0), (1 / (1 - lam) if len(H) else 0.0)
    Gs, Hs = G_B.T @ one[: len(G)], H.T @ one[: len(H)]
    both = len(G) > 0 and len(H) > 0
    off = float(shift)
    return Traces(
        g=float(np.trace(G)) - off * g,
        gg=float(np.sum(G * G.T)) - off * g**2,
        gbgb=float(np.sum(G_B**2)) - off * float(Gs @ Gs) / n,
        h=float(np.trace(H)) - off * h,
        hh=float(np.sum(H * H.T)) - off * h**2,
        hth=float(np.sum(H**2)) - off * float(Hs @ Hs) / n,
        hg=float(np.sum(H * G_B.T)) - off * h * g if both else 0.0,
        htg=float(np.sum(H * G_B)) - off * float(Hs @ Gs) / n if both else 0.0,
    )


def _ratio(W: sp.csr_array | None, rho: float) -> FloatArray:
    """Return W (I - rho W)^-1 dense, or an empty matrix."""
    if W is None:
        return np.empty((0, 0))
    dense = W.toarray()
    ratio: FloatArray = la.solve((np.eye(len(dense)) - rho * dense).T, dense.T).T
    return ratio


def information(
    X: FloatArray,
    eta: FloatArray,
    rho: float,
    lam: float,
    sigma2: float,
    project: Projection,
    *,
    W: sp.csr_array | None = None,
    M: sp.csr_array | None = None,
) -> FloatArray:
    """Return the expected information of (beta, [rho], [lambda], sigma2).

    X has shape (T, N, K), eta (T, N); rho and lambda have a row each where W and M are given.
    """
    T, N, K = X.shape
    t = traces(W, M, rho, lam, shift=project.shift)
    J = project.J
    Xs = project(spatial_filter(M, lam, X)).reshape(T * N, K)
    info = np.zeros((K + 3, K + 3))
    info[:K, :K] = Xs.T @ Xs / sigma2
    if W is not None:
        d = project(spatial_filter(M, lam, lag(W, multiply(W, rho, eta)))).ravel()
        info[:K, K] = info[K, :K] = Xs.T @ d / sigma2
        info[K, K] = J * (t.gg + t.gbgb) + d @ d / sigma2
        info[K, K + 2] = info[K + 2, K] = J * t.g / sigma2
        info[K, K + 1] = info[K + 1, K] = J * (t.htg + t.hg)
    info[K + 1, K + 1] = J * (t.hh + t.hth)
    info[K + 1, K + 2] = info[K + 2, K + 1] = J * t.h / sigma2
    info[K + 2, K + 2] = project.dof / (2 * sigma2**2)
    keep = [*range(K), *([K] if W is not None else []), *([K + 1] if M is not None else []), K + 2]
    return info[np.ix_(keep, keep)]


def inverse(info: FloatArray) -> FloatArray:
    """Invert a symmetric positive definite information matrix, scaled to unit diagonal first."""
    scale = 1 / np.sqrt(np.diag(info))
    factor = la.cho_factor(info * np.outer(scale, scale))
    return np.asarray(la.cho_solve(factor, np.eye(len(info))) * np.outer(scale, scale))
