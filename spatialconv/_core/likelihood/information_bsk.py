"""Expected information where random effects stand outside the error filter (Baltagi, Song and Koh 2003).

With A = I - rho W, B = I - lambda M, G = W A^-1, H = M B^-1, D = (B'B)^-1 the errors have the covariance sigma2 D in
the T - 1 deviations from the means over periods and sigma2 V in the means times sqrt(T), V = D + T phi I. For a normal
vector with covariance C and mean m the information is tr(C^-1 C_i C^-1 C_j) / 2 + m_i' C^-1 m_j (Magnus 1978, Journal
of Econometrics 7), where

    D_lambda = V_lambda = B^-1 (H + H') B^-1',   V_phi = T I,

and rho enters as A^-1 (G C + C G') A^-1' and through the mean by G X beta:

    rho rho        T tr(G G) + (T - 1) tr(D^-1 G D G') + tr(V^-1 G V G') + d'C^-1 d / sigma2
    rho lambda     (T - 1) tr(D^-1 G D_lambda) + tr(V^-1 G D_lambda)
    lambda lambda  (T - 1) tr((H + H')^2) / 2 + tr((V^-1 D_lambda)^2) / 2
    rho phi        T tr(V^-1 G)
    lambda phi     T tr(V^-1 D_lambda V^-1) / 2
    phi phi        T^2 tr(V^-2) / 2
    with sigma2    T tr(G), (T - 1) tr(H) + tr(V^-1 D_lambda) / 2, T tr(V^-1) / 2, each over sigma2;  N T / (2 sigma2^2)
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.linalg as la
import scipy.sparse as sp

from spatialconv._core.likelihood.effects import deviations, means
from spatialconv._core.likelihood.information import multiply
from spatialconv._core.likelihood.likelihood import Point, lag

FloatArray = npt.NDArray[np.float64]


def bsk_information(
    X: FloatArray, beta: FloatArray, point: Point, sigma2: float, M: sp.csr_array, W: sp.csr_array | None = None
) -> FloatArray:
    """Return the expected information of (beta, [rho], lambda, phi, sigma2), dense; X has shape (T, N, K)."""
    T, N, K = X.shape
    B = np.eye(N) - point.lam * M.toarray()
    inverse = la.inv(B)
    H = M @ inverse
    D = inverse @ inverse.T
    by_lam = inverse @ (H + H.T) @ inverse.T
    V = D + np.expm1(-point.psi) * np.eye(N)
    Q = la.inv(V)
    P = Q @ by_lam
    info = np.zeros((K + 4, K + 4))
    columns = X
    lam, phi, s = K + 1, K + 2, K + 3
    if W is not None:
        G = W @ la.inv(np.eye(N) - point.rho * W.toarray())
        inner = B @ G @ inverse
        info[K, K] = T * np.sum(G * G.T) + (T - 1) * np.sum(inner**2) + np.sum((Q @ G) * (G @ V))
        info[K, lam] = (T - 1) * np.sum(inner * (H + H.T)) + np.sum((Q @ G) * by_lam)
        info[K, phi] = T * np.sum(Q * G)
        info[K, s] = T * np.trace(G) / sigma2
        columns = np.concatenate([X, lag(W, multiply(W, point.rho, X @ beta))[..., None]], axis=2)
    info[lam, lam] = (T - 1) * np.sum((H + H.T) ** 2) / 2 + np.sum(P * P.T) / 2
    info[lam, phi] = T * np.sum(P * Q) / 2
    info[phi, phi] = T**2 * np.sum(Q**2) / 2
    info[lam, s] = ((T - 1) * np.trace(H) + np.trace(P) / 2) / sigma2
    info[phi, s] = T * np.trace(Q) / (2 * sigma2)
    info[s, s] = N * T / (2 * sigma2**2)
    info = np.triu(info) + np.triu(info, 1).T
    within = np.einsum("ij,tjk->tik", B, deviations(columns)).reshape(T * N, -1)
    between = means(columns)[0]
    k = columns.shape[2]
    info[:k, :k] += (within.T @ within + between.T @ Q @ between) / sigma2
    keep = [*range(K), *([K] if W is not None else []), lam, phi, s]
    return np.asarray(info[np.ix_(keep, keep)])
