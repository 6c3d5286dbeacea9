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

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import scipy.linalg as la
import scipy.sparse as sp

from spatialconv._core.likelihood.effects import Projection, means
from spatialconv._core.likelihood.inverse import Inverse
from spatialconv._core.likelihood.likelihood import lag
from spatialconv._core.likelihood.logdet import LogDet, factor
from spatialconv._core.likelihood.traces import PROBES_AT_MOST, Places, Probes, Traces, traces_of

FloatArray = npt.NDArray[np.float64]

# Simulated traces may move a standard error by this share of its size, one standard error of the simulation.
ACCURACY = 1e-3


def spatial_filter(W: sp.csr_array | None, rho: float, Z: FloatArray) -> FloatArray:
    """Return (I - rho W) Z for Z of shape (T, N) or (T, N, k)."""
    return Z if W is None else Z - rho * lag(W, Z)


def multiply(W: sp.csr_array | None, rho: float, Z: FloatArray) -> FloatArray:
    """Return (I - rho W)^-1 Z for Z of shape (T, N) or (T, N, k), by one sparse factorisation."""
    return Inverse(W, rho)(Z)


def multiply_transposed(W: sp.csr_array, rho: float, z: FloatArray) -> FloatArray:
    """Return (I - rho W')^-1 z for z of shape (N,)."""
    return np.asarray(factor(W, rho).solve(z, "T"))


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
    places: Places | None = None,
    through: Inverse | None = None,
) -> tuple[FloatArray, float]:
    """Return the expected information of (beta, [rho], [lambda], sigma2), and what simulated traces leave open.

    X has shape (T, N, K), eta (T, N); rho and lambda have a row each where W and M are given. What is left open is
    the largest relative standard error of a standard error, 0 where all traces are exact. `places` are those of
    the regions in an order that does not depend on the order of rows; `through` is the inverse of I - rho W, where
    the caller has it.
    """
    through = through or Inverse(W, rho)
    found = traces_of(W, M, rho, lam, logdet_w=logdet_w, logdet_m=logdet_m, places=places, through=through)
    free = (W is not None, M is not None)
    filled = _filled(X, eta, lam, sigma2, project, W, M, through)
    return _settled(lambda t: filled(t.demeaned(rho, lam, free) if project.shift else t), found, project.J, free)


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
    places: Places | None = None,
    through: Inverse | None = None,
) -> tuple[FloatArray, float]:
    """Return the expected information of (beta, [rho], [lambda], phi, sigma2) under random effects inside the filter.

    Deviations from the means over periods and the means themselves are independent samples of the same model,
    of T - 1 and of 1 periods, with variances sigma2 and sigma2 / tau; their informations add up.
    """
    T, N, _ = X.shape
    through = through or Inverse(W, rho)
    found = traces_of(W, M, rho, lam, logdet_w=logdet_w, logdet_m=logdet_m, places=places, through=through)
    inner = Projection("region", T, N, dof=N * (T - 1), J=T - 1, shift=False)
    within = _filled(X, eta, lam, sigma2, inner, W, M, through)
    outer = Projection("none", 1, N, dof=N, J=1, shift=False)
    between = _filled(means(X), means(eta), lam, sigma2 / tau, outer, W, M, through)

    def both(t: Traces) -> FloatArray:
        first, second = within(t), between(t)
        k = len(first) - 1
        info = np.zeros((k + 2, k + 2))
        info[: k + 1, : k + 1] = first
        # In (..., sigma2, sigma2 / tau), then by sigma2 / tau = sigma2 (1 + T phi) in (..., phi, sigma2).
        shared = np.r_[:k, k + 1]
        info[np.ix_(shared, shared)] += second
        change = np.eye(k + 2)
        change[k : k + 2, k : k + 2] = [[0.0, 1.0], [T * sigma2, 1 / tau]]
        return np.asarray(change.T @ info @ change)

    return _settled(both, found, T, (W is not None, M is not None), after=2)


def _filled(
    X: FloatArray,
    eta: FloatArray,
    lam: float,
    sigma2: float,
    project: Projection,
    W: sp.csr_array | None,
    M: sp.csr_array | None,
    through: Inverse,
) -> Callable[[Traces], FloatArray]:
    """Return the information as a function of the traces; all else is computed once."""
    T, N, K = X.shape
    J = project.J
    Xs = project(spatial_filter(M, lam, X)).reshape(T * N, K)
    base = np.zeros((K + 3, K + 3))
    base[:K, :K] = Xs.T @ Xs / sigma2
    if W is not None:
        d = project(spatial_filter(M, lam, lag(W, through(eta)))).ravel()
        base[:K, K] = base[K, :K] = Xs.T @ d / sigma2
        base[K, K] = d @ d / sigma2
    base[K + 2, K + 2] = project.dof / (2 * sigma2**2)
    keep = [*range(K), *([K] if W is not None else []), *([K + 1] if M is not None else []), K + 2]

    def of(t: Traces) -> FloatArray:
        info = base.copy()
        if W is not None:
            info[K, K] += J * (t.gg + t.gbgb)
            info[K, K + 2] = info[K + 2, K] = J * t.g / sigma2
            info[K, K + 1] = info[K + 1, K] = J * (t.htg + t.hg)
        info[K + 1, K + 1] = J * (t.hh + t.hth)
        info[K + 1, K + 2] = info[K + 2, K + 1] = J * t.h / sigma2
        return np.asarray(info[np.ix_(keep, keep)])

    return of


def _settled(
    info: Callable[[Traces], FloatArray],
    found: Traces | Probes,
    J: int,
    free: tuple[bool, bool],
    after: int = 1,
) -> tuple[FloatArray, float]:
    """Return the information once the probes leave standard errors open by no more than `ACCURACY`, and by how much.

    The spatial coefficients stand before the last `after` parameters.
    """
    if isinstance(found, Traces):
        return info(found), 0.0
    while True:
        given, spread = found.traces()
        at = info(given)
        error = _left_open(at, J**2 * spread, free, after)
        if not error > ACCURACY or found.count >= PROBES_AT_MOST:
            return at, error
        # Errors fall with the root of the number; what is missing is doubled at most, since the error is an estimate.
        wanted = int(1.1 * found.count * (error / ACCURACY) ** 2) + 1
        found.more(min(wanted, 4 * found.count, PROBES_AT_MOST) - found.count)


def _left_open(info: FloatArray, spread: FloatArray, free: tuple[bool, bool], after: int) -> float:
    """Return the largest relative standard error of a standard error: dC = -C dF C for the inverse C of F.

    `spread` is the covariance of the simulated parts of (F_rho,rho, F_lambda,lambda, F_rho,lambda), shape (3, 3).
    """
    try:
        C = inverse(info)
    except np.linalg.LinAlgError:
        # Too few probes, or no information at all, which whoever inverts it says.
        return float("inf")
    end = len(C) - after
    columns = iter(range(end - sum(free), end))
    by_rho, by_lam = (C[:, next(columns)] if is_free else np.zeros(len(C)) for is_free in free)
    a = np.stack([by_rho**2, by_lam**2, 2 * by_rho * by_lam], axis=1)
    moved = np.einsum("ki,ij,kj->k", a, spread, a)
    return float(0.5 * np.max(np.sqrt(np.maximum(moved, 0.0)) / np.diag(C)))


def inverse(info: FloatArray) -> FloatArray:
    """Invert a symmetric positive definite information matrix, scaled to unit diagonal first."""
    diagonal = np.diag(info)
    if not (np.isfinite(info).all() and (diagonal > 0).all()):
        raise np.linalg.LinAlgError("the information is not positive definite")
    scale = 1 / np.sqrt(diagonal)
    factored = la.cho_factor(info * np.outer(scale, scale))
    return np.asarray(la.cho_solve(factored, np.eye(len(info))) * np.outer(scale, scale))
