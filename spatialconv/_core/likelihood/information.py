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

from spatialconv._core.likelihood.effects import Projection, means
from spatialconv._core.likelihood.likelihood import lag
from spatialconv._core.likelihood.logdet import LogDet, factor

FloatArray = npt.NDArray[np.float64]


# Up to this many regions dense solves are the fastest.
DENSE_AT_MOST = 200
# Traces of squares stay exact up to this many regions, and this many links a region in the squared matrix: its
# complex factors fill up, where random signs cost no more than solves.
EXACT_AT_MOST, LINKS_AT_MOST = 5000, 60
PROBES = 96


@dataclass(frozen=True)
class Traces:
    """Traces that the information needs, already those of the transformed matrices where data were.

    `error` is the relative standard error of those that were simulated, 0 where all are exact.
    """

    g: float
    gg: float
    gbgb: float
    h: float
    hh: float
    hth: float
    hg: float
    htg: float
    error: float = 0.0


def spatial_filter(W: sp.csr_array | None, rho: float, Z: FloatArray) -> FloatArray:
    """Return (I - rho W) Z for Z of shape (T, N) or (T, N, k)."""
    return Z if W is None else Z - rho * lag(W, Z)


def multiply(W: sp.csr_array | None, rho: float, Z: FloatArray) -> FloatArray:
    """Return (I - rho W)^-1 Z for Z of shape (T, N) or (T, N, k), by one sparse factorisation."""
    if W is None:
        return Z
    T, N = Z.shape[:2]
    columns = np.ascontiguousarray(np.moveaxis(Z, 1, 0).reshape(N, -1))
    solved = factor(W, rho).solve(columns).reshape(N, T, *Z.shape[2:])
    return np.ascontiguousarray(np.moveaxis(solved, 0, 1))


def multiply_transposed(W: sp.csr_array, rho: float, z: FloatArray) -> FloatArray:
    """Return (I - rho W')^-1 z for z of shape (N,)."""
    return np.asarray(factor(W, rho).solve(z, "T"))


def traces(
    W: sp.csr_array | None,
    M: sp.csr_array | None,
    rho: float,
    lam: float,
    *,
    shift: bool,
    logdet_w: LogDet | None,
    logdet_m: LogDet | None,
) -> Traces:
    """Return the traces, dense where n is small and from sparse factors where it is large."""
    given = W if W is not None else M
    if given is None:
        return Traces(*([0.0] * 8))
    if given.shape[0] <= DENSE_AT_MOST:
        raw, G_B1, H1 = _dense(W, M, rho, lam)
    else:
        raw, G_B1, H1 = _sparse(W, M, rho, lam, logdet_w, logdet_m)
    if not shift:
        return raw
    n = given.shape[0]
    g = 1 / (1 - rho) if W is not None else 0.0
    h = 1 / (1 - lam) if M is not None else 0.0
    return Traces(
        g=raw.g - g,
        gg=raw.gg - g**2,
        gbgb=raw.gbgb - float(G_B1 @ G_B1) / n,
        h=raw.h - h,
        hh=raw.hh - h**2,
        hth=raw.hth - float(H1 @ H1) / n,
        hg=raw.hg - h * g,
        htg=raw.htg - float(H1 @ G_B1) / n,
        error=raw.error,
    )


def _dense(
    W: sp.csr_array | None, M: sp.csr_array | None, rho: float, lam: float
) -> tuple[Traces, FloatArray, FloatArray]:
    G_B, H = dense_ratios(W, M, rho, lam)
    n = len(H)
    G = _ratio(W, rho, n)
    found = Traces(
        g=float(np.trace(G)),
        gg=float(np.sum(G * G.T)),
        gbgb=float(np.sum(G_B**2)),
        h=float(np.trace(H)),
        hh=float(np.sum(H * H.T)),
        hth=float(np.sum(H**2)),
        hg=float(np.sum(H * G_B.T)),
        htg=float(np.sum(H * G_B)),
    )
    return found, G_B.sum(axis=0), H.sum(axis=0)


def dense_ratios(
    W: sp.csr_array | None, M: sp.csr_array | None, rho: float, lam: float
) -> tuple[FloatArray, FloatArray]:
    """Return G_B = B W A^-1 B^-1 and H = M B^-1, shape (N, N); zeros where there is no W or M."""
    n = (W if W is not None else M).shape[0]  # type: ignore[union-attr]
    G, H = _ratio(W, rho, n), _ratio(M, lam, n)
    if M is None or W is None:
        return G, H
    B = np.eye(n) - lam * M.toarray()
    return la.solve(B.T, (B @ G).T).T, H


def _ratio(W: sp.csr_array | None, rho: float, n: int) -> FloatArray:
    """Return W (I - rho W)^-1 dense; zeros where there is no W."""
    if W is None:
        return np.zeros((n, n))
    dense = W.toarray()
    ratio: FloatArray = la.solve((np.eye(n) - rho * dense).T, dense.T).T
    return ratio


def _sparse(
    W: sp.csr_array | None,
    M: sp.csr_array | None,
    rho: float,
    lam: float,
    logdet_w: LogDet | None,
    logdet_m: LogDet | None,
) -> tuple[Traces, FloatArray, FloatArray]:
    """Return the traces as derivatives of log-determinants: tr(K^-1 D) = d log|K + t D| / dt at t = 0.

    With C = B A: tr(G_B'G_B) = tr((C'C)^-1 (BW)'(BW)), tr(H'G_B) = tr((C'C)^-1 (MA)'BW),
    tr(H G_B) = tr(C^-1 M W). tr(G) and tr(GG) are known to the log-determinant.
    """
    n = (W if W is not None else M).shape[0]  # type: ignore[union-attr]
    eye, none = sp.csr_array(sp.eye_array(n)), sp.csr_array((n, n))
    A = eye - rho * W if W is not None else eye
    B = eye - lam * M if M is not None else eye
    W0, M0 = (W if W is not None else none), (M if M is not None else none)
    C, BW, MA = sp.csr_array(B @ A), sp.csr_array(B @ W0), sp.csr_array(M0 @ A)
    both = W is not None and M is not None
    g, gg, h, hh = 0.0, 0.0, 0.0, 0.0
    if logdet_w is not None:
        g, gg = -float(logdet_w.derivative(rho)), -float(logdet_w.second(rho))
    if logdet_m is not None:
        h, hh = -float(logdet_m.derivative(lam)), -float(logdet_m.second(lam))
    squares = [BW] * (W is not None) + [sp.csr_array(M0)] * (M is not None)
    kernels = [C] * (W is not None) + [B] * (M is not None)
    error = 0.0
    if n <= EXACT_AT_MOST and sp.csr_array(C.T @ C).nnz <= LINKS_AT_MOST * n:
        own = [trace_of_ratio(K.T @ K, D.T @ D) for K, D in zip(kernels, squares, strict=True)]
        htg = trace_of_ratio(C.T @ C, MA.T @ BW) if both else 0.0
    else:
        probed = [_probed(K, D, D) for K, D in zip(kernels, squares, strict=True)]
        own, error = [p[0] for p in probed], max(p[1] for p in probed)
        htg = _probed(C, MA, BW)[0] if both else 0.0
    own = own if both else [*own, 0.0] if W is not None else [0.0, *own]
    hg = trace_of_ratio(C, M0 @ W0) if both else 0.0
    found = Traces(g, gg, own[0], h, hh, own[1], hg, htg, error)
    one = np.ones(n)
    G_B1 = BW.T @ one if W is not None else np.zeros(n)
    G_B1 = sp.linalg.splu(sp.csc_array(C)).solve(G_B1, "T") if W is not None else G_B1
    H1 = sp.linalg.splu(sp.csc_array(B)).solve(M0.T @ one, "T") if M is not None else np.zeros(n)
    return found, G_B1, H1


def trace_of_ratio(K: sp.sparray, D: sp.sparray) -> float:
    """Return tr(K^-1 D) exactly from one sparse factorisation: the complex-step derivative of log|K + t D|.

    With an imaginary t too small to reach the real parts, the diagonal of U carries the derivative in its
    imaginary part, free of cancellation (Squire and Trapp 1998, SIAM Review 40).
    """
    step = 1e-30
    lu = sp.linalg.splu(
        sp.csc_array(K + 1j * step * D),
        permc_spec="MMD_AT_PLUS_A",
        options={"SymmetricMode": True},
        diag_pivot_thresh=0.01,
    )
    diagonal = lu.U.diagonal()
    return float((diagonal.imag / diagonal.real).sum() / step)


def _probed(K: sp.csr_array, left: sp.csr_array, right: sp.csr_array) -> tuple[float, float]:
    """Return tr((left K^-1)'(right K^-1)) by random signs (Hutchinson 1990), and its relative standard error.

    tr(left' right), the part without K, is known exactly and serves as control variate.
    """
    n = K.shape[0]
    lu = sp.linalg.splu(sp.csc_array(K), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    rng = np.random.default_rng(0)  # the same figures in every run
    draws = np.empty((PROBES, 2))
    for k in range(PROBES):
        z = rng.choice([-1.0, 1.0], n)
        solved = lu.solve(z)
        draws[k] = (left @ solved) @ (right @ solved), (left @ z) @ (right @ z)
    known = float(left.multiply(right).sum())
    slope = np.cov(draws.T)[0, 1] / max(draws[:, 1].var(ddof=1), 1e-300)
    adjusted = draws[:, 0] - slope * (draws[:, 1] - known)
    mean = float(adjusted.mean())
    return mean, float(adjusted.std(ddof=1) / np.sqrt(PROBES) / max(abs(mean), 1e-300))


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
    logdet_w: LogDet | None = None,
    logdet_m: LogDet | None = None,
) -> tuple[FloatArray, float]:
    """Return the expected information of (beta, [rho], [lambda], sigma2), and the error of simulated traces.

    X has shape (T, N, K), eta (T, N); rho and lambda have a row each where W and M are given.
    """
    T, N, K = X.shape
    t = traces(W, M, rho, lam, shift=project.shift, logdet_w=logdet_w, logdet_m=logdet_m)
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
    return info[np.ix_(keep, keep)], t.error


def random_effects_information(
    X: FloatArray,
    eta: FloatArray,
    rho: float,
    lam: float,
    sigma2: float,
    tau: float,
    *,
    W: sp.csr_array | None = None,
    M: sp.csr_array | None = None,
    logdet_w: LogDet | None = None,
    logdet_m: LogDet | None = None,
) -> tuple[FloatArray, float]:
    """Return the expected information of (beta, [rho], [lambda], phi, sigma2) under random effects inside the filter.

    Deviations from the means over periods and the means themselves are independent samples of the same model,
    of T - 1 and of 1 periods, with variances sigma2 and sigma2 / tau; their informations add up.
    """
    T, N, _ = X.shape
    spatial = {"W": W, "M": M, "logdet_w": logdet_w, "logdet_m": logdet_m}
    inner = Projection("region", T, N, dof=N * (T - 1), J=T - 1, shift=False)
    within, error = information(X, eta, rho, lam, sigma2, inner, **spatial)
    outer = Projection("none", 1, N, dof=N, J=1, shift=False)
    between, _ = information(means(X), means(eta), rho, lam, sigma2 / tau, outer, **spatial)
    k = len(within) - 1
    info = np.zeros((k + 2, k + 2))
    info[: k + 1, : k + 1] = within
    # In (..., sigma2, sigma2 / tau), then by sigma2 / tau = sigma2 (1 + T phi) in (..., phi, sigma2).
    both = np.r_[:k, k + 1]
    info[np.ix_(both, both)] += between
    change = np.eye(k + 2)
    change[k : k + 2, k : k + 2] = [[0.0, 1.0], [T * sigma2, 1 / tau]]
    return change.T @ info @ change, error


def inverse(info: FloatArray) -> FloatArray:
    """Invert a symmetric positive definite information matrix, scaled to unit diagonal first."""
    diagonal = np.diag(info)
    if not (np.isfinite(info).all() and (diagonal > 0).all()):
        raise np.linalg.LinAlgError("the information is not positive definite")
    scale = 1 / np.sqrt(diagonal)
    factored = la.cho_factor(info * np.outer(scale, scale))
    return np.asarray(la.cho_solve(factored, np.eye(len(info))) * np.outer(scale, scale))
