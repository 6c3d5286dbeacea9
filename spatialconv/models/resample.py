"""Refits to resampled errors: the sampling distribution of the estimates without the normal one."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np

from spatialconv._core.information import multiply
from spatialconv._core.likelihood import lag
from spatialconv.errors import SpatialConvError, SpatialConvWarning, UnsupportedModelError
from spatialconv.models.design import Design, matrix
from spatialconv.models.fit import fit_complete
from spatialconv.models.fitted import PanelFit
from spatialconv.panel import FloatArray


def resampled_params(fit: PanelFit, draws: int, rng: np.random.Generator, *, jobs: int = 1) -> tuple[FloatArray, int]:
    """Return the parameters of `draws` refits, shape (draws, P), and how many outcomes could not be fitted.

    Innovations are drawn with replacement from the residuals, centred and scaled to the variance of the fit, and
    sent through the reduced form; lags in time are rebuilt from the resampled past, other regressors and the
    effects are held fixed. Every draw has a seed of its own, so that the number of jobs changes nothing.
    """
    from joblib import Parallel, delayed

    if fit.spec.effects == "random" or fit.spec.estimator == "gmm":
        raise UnsupportedModelError(
            "the residual bootstrap is derived for maximum likelihood with fixed effects or none; take "
            "inference='delta' or 'simulation'."
        )
    seeds = rng.spawn(draws)
    blocks = np.array_split(np.arange(draws), max(1, min(draws, 8 * abs(jobs))))
    runs = Parallel(n_jobs=jobs)(delayed(_block)(fit, [seeds[k] for k in block]) for block in blocks)
    rows = [row for run in runs for row in run]
    kept = [row for row in rows if row is not None]
    if len(kept) < 0.5 * draws:
        raise UnsupportedModelError(
            f"only {len(kept)} of {draws} resampled outcomes could be fitted; take inference='delta'."
        )
    return np.array(kept), draws - len(kept)


def _block(fit: PanelFit, seeds: list[np.random.Generator]) -> list[FloatArray | None]:
    return [_one(fit, rng) for rng in seeds]


def _one(fit: PanelFit, rng: np.random.Generator) -> FloatArray | None:
    try:
        with warnings.catch_warnings():
            # An optimum on a bound is a draw like others; the warning is meant for estimates.
            warnings.simplefilter("ignore", SpatialConvWarning)
            return np.asarray(fit_complete(_outcome(fit, rng), replace(fit.spec, vcov="information")).params)
    except SpatialConvError:
        return None


def _outcome(fit: PanelFit, rng: np.random.Generator) -> Design:
    """Return the design with a resampled outcome, and with the lags in time that follow from it."""
    design, estimates = fit.design, fit.estimates
    e = estimates.residuals
    T, N = e.shape
    pool = (e - e.mean()).ravel()
    pool *= np.sqrt(estimates.sigma2 / (pool @ pool / pool.size))
    u = multiply(
        matrix(design.M) if fit.spec.has_error else None, estimates.optimum.point.lam, rng.choice(pool, (T, N))
    )
    W = matrix(design.W) if fit.spec.has_lag else None
    past = [k for k, name in enumerate(design.names) if name in ("lag:y", "lag:W:y")]
    effect = estimates.effect if fit.spec.effects != "none" else 0.0
    if not past:
        return replace(design, y=multiply(W, estimates.optimum.point.rho, design.X @ estimates.beta + effect + u))
    return _recursive(design, estimates.beta, effect + u, estimates.optimum.point.rho, W is not None, past)


def _recursive(
    design: Design, beta: FloatArray, shock: FloatArray, rho: float, lagged: bool, past: list[int]
) -> Design:
    """Build the outcome period by period: each one is the past of the next."""
    X, y, W = design.X.copy(), np.empty_like(design.y), matrix(design.W)
    for t in range(len(y)):
        if t > 0:
            for k in past:
                own = design.names[k] == "lag:y"
                X[t, :, k] = y[t - 1] if own or W is None else lag(W, y[t - 1 : t])[0]
        mean = X[t : t + 1] @ beta + shock[t : t + 1]
        y[t] = multiply(W if lagged else None, rho, mean)[0]
    return replace(design, y=y, X=X)
