"""The distance over which correlation halves, by inverting a test that is powerful on average (Mueller and Watson)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spatialconv._core.persistence.unit_root import Frequencies

FloatArray = npt.NDArray[np.float64]

# Half-lives as shares of the largest distance: those tested, the last being a unit root, and those of the alternative.
TESTED = np.concatenate([np.linspace(0.001, 1.0, 100), np.linspace(1.01, 3.0, 30), [np.inf]])
ALTERNATIVES = np.linspace(0.001, 1.0, 50)


def half_life_test(
    f: Frequencies, x: FloatArray, draws: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return p of every half-life in TESTED and its Monte Carlo error, shape (tested, m), x being R'y, shape (q, m).

    The statistic is the mean over ALTERNATIVES of the density of x / |x| over that under the half-life tested,
    with density proportional to |Omega|^-1/2 (x' Omega^-1 x)^-q/2. One sample, drawn from the mixture of all that is
    tested, serves every null by its weights of importance.
    """
    q, m = x.shape
    covariances = [_covariance(f, h) for h in TESTED]
    each = -(-draws // len(TESTED))
    normal = rng.standard_normal((len(TESTED), q, each))
    sample = np.concatenate([np.linalg.cholesky(S) @ z for S, z in zip(covariances, normal, strict=True)], axis=1)
    points = np.column_stack([x, sample])
    null = np.stack([_log_density(S, points) for S in covariances])
    other = np.stack([_log_density(_covariance(f, h), points) for h in ALTERNATIVES])
    statistic = _log_mean(other) - null
    weight = np.exp(null - _log_mean(null))[:, m:]
    p, error = np.empty((len(TESTED), m)), np.empty((len(TESTED), m))
    for k, (w, drawn, own) in enumerate(zip(weight, statistic[:, m:], statistic[:, :m], strict=True)):
        order = np.argsort(drawn)
        # Weights, and their squares, of what lies beyond each place of the ordered draws.
        beyond, squares = (np.append(np.cumsum(v[order][::-1])[::-1], 0.0) for v in (w, w**2))
        place = np.searchsorted(drawn[order], own, side="right")
        p[k] = beyond[place] / beyond[0]
        error[k] = np.sqrt(squares[place] * (1 - 2 * p[k]) + squares[0] * p[k] ** 2) / beyond[0]
    return p, error


def _covariance(f: Frequencies, half_life: float) -> FloatArray:
    return f.unit_root if np.isinf(half_life) else f.exponential(float(np.log(2.0)) / half_life)


def _log_density(S: FloatArray, points: FloatArray) -> FloatArray:
    L = np.linalg.cholesky(S)
    squares = ((np.linalg.inv(L) @ points) ** 2).sum(axis=0)
    return np.asarray(-np.log(np.diag(L)).sum() - 0.5 * len(S) * np.log(squares))


def _log_mean(logs: FloatArray) -> FloatArray:
    top = logs.max(axis=0)
    return np.asarray(top + np.log(np.exp(logs - top).mean(axis=0)))
