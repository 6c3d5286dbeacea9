"""Probabilities of quadratic forms in normal variables, which the tests and critical values rest on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# Imhof's integral over the logarithm of its variable. The integrand is analytic within pi/2 of the real line, so that
# the rule of equal steps errs by a multiple of exp(-pi^2 / step), and it has vanished at either end.
_STEP = 0.125
_LOG = np.arange(-40.0, 80.0, _STEP)
_U = np.exp(_LOG)
# Gauss and Legendre's nodes from 0 to pi/2 for one positive weight.
_X, _WEIGHT = np.polynomial.legendre.leggauss(80)
_COS2 = np.cos((_X + 1) * np.pi / 4) ** 2
# Numbers held at a time by one product of weights and nodes.
_BLOCK = 4_000_000


def positive_probability(weights: FloatArray) -> FloatArray:
    """Return P(sum_k a_k z_k^2 > 0), z standard normal and independent, for weights a of shape (..., q).

    Imhof's (1961) inversion of the characteristic function, 1/2 + 1/pi int sin(theta(u)) / (u r(u)) du with
    theta = sum arctan(a_k u) / 2 and r = prod (1 + a_k^2 u^2)^(1/4), to about 1e-12.
    """
    a = np.asarray(weights, dtype=float)
    flat = a.reshape(-1, a.shape[-1])
    largest = np.abs(flat).max(axis=1, keepdims=True)
    flat = flat / np.where(largest > 0, largest, 1.0)
    found = np.empty(len(flat))
    rows = max(1, _BLOCK // (flat.shape[1] * len(_U)))
    for k in range(0, len(flat), rows):
        x = flat[k : k + rows, :, None] * _U
        theta = 0.5 * np.arctan(x).sum(axis=1)
        log_r = 0.25 * np.log1p(x**2).sum(axis=1)
        found[k : k + rows] = 0.5 + _STEP / np.pi * (np.sin(theta) * np.exp(-log_r)).sum(axis=1)
    return np.clip(found, 0.0, 1.0).reshape(a.shape[:-1])


def exceedance(omega: FloatArray, ratio: float) -> FloatArray:
    """Return P(x_0^2 > ratio sum_j x_j^2) for x ~ N(0, omega), omega of shape (..., q + 1, q + 1).

    One weight is positive and the others are negative, so that Bakirov and Szekely's (2006) integral holds,
    2/pi int_0^{pi/2} cos(f)^q / sqrt(prod_j (cos(f)^2 + h_j)) df with h_j minus the negative weights over the positive.
    """
    values = np.linalg.eigvalsh(_congruent(omega, ratio))
    top = values[..., -1]
    h = np.maximum(-values[..., :-1], 0.0) / top[..., None]
    log = -0.5 * np.log1p(h[..., None] / _COS2).sum(axis=-2)
    return np.asarray(np.exp(log) @ _WEIGHT / 2)


def exact_exceedance(omega: FloatArray, ratio: float) -> FloatArray:
    """Return the same probability by Imhof's integral, which holds for statistics near zero too."""
    return positive_probability(np.asarray(np.linalg.eigvalsh(_congruent(omega, ratio)), dtype=float))


def _congruent(omega: FloatArray, ratio: float) -> FloatArray:
    """Return L' D L with omega = L L' and D = diag(1, -ratio, ..., -ratio)."""
    values, vectors = np.linalg.eigh(omega)
    # Principal components that a regressor spans have no variance; rounding may leave it below zero.
    L = vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :]
    D = np.full(omega.shape[-1], -ratio)
    D[0] = 1.0
    return np.asarray(np.swapaxes(L, -1, -2) @ (D[:, None] * L))
