"""Fits on the floor of the core, as `fit_panel` puts them together: maximum, bias correction, information.

The log-determinant of W is set up once for all samples, and the lag model is maximised for a block of samples at
once; that is all that the public door would do anew. That both give the same figures is tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spatialconv._core.likelihood.bias import DynamicTerms, dynamic_correction, largest_root
from spatialconv._core.likelihood.effects import Projection, projection
from spatialconv._core.likelihood.information import information, inverse, spatial_filter
from spatialconv._core.likelihood.likelihood import lag, problem
from spatialconv._core.likelihood.maximise import EDGE, maximise, search_window
from spatialconv._core.resampling.refit import Squares, lag_refits, lag_squares
from spatialconv._core.space.multiplier_routes import Slopes
from spatialconv._core.space.multipliers import Coefficients, gradient
from spatialconv._core.space.multipliers import effects as effects_at
from tests.simulation.worlds import FloatArray, World

Sample = tuple[FloatArray, FloatArray]


@dataclass(frozen=True)
class Fit:
    """Estimates of (beta, [rho], [lambda], sigma2), their covariance, and what else a simulation asks of a fit."""

    values: FloatArray
    cov: FloatArray
    at_bound: bool
    corrected: bool = False

    @property
    def std_errors(self) -> FloatArray:
        """Square roots of the variances; NaN where there are none."""
        return np.sqrt(np.diag(self.cov))

    def pairs(self, places: Sequence[int]) -> FloatArray:
        """Return estimates and standard errors of some parameters, shape (len(places), 2)."""
        return np.column_stack([self.values, self.std_errors])[list(places)]


def lag_models(there: World, samples: Sequence[Sample], kind: str, *, lee_yu: bool) -> list[Fit]:
    """Fit y = rho W y + x beta + effects + e to every sample: y of shape (T, n), x of shape (T, n)."""
    T, n = samples[0][0].shape
    project, window = projection(kind, T, n, lee_yu=lee_yu), search_window(there.logdet)
    reduced = [lag_squares(y[..., None], x[..., None], project, there.W) for y, x in samples]
    found = lag_refits(
        Squares(*(np.concatenate(parts) for parts in zip(*reduced, strict=True))),
        dof=project.dof,
        J=project.J,
        eigenvalues=there.logdet.eigenvalues,
        shift=project.shift,
        bounds=window,
    )
    return [_at(there, y, x, project, float(rho), window) for (y, x), rho in zip(samples, found, strict=True)]


def _at(
    there: World, y: FloatArray, x: FloatArray, project: Projection, rho: float, window: tuple[float, float]
) -> Fit:
    left, right = project(spatial_filter(there.W, rho, y)).ravel(), project(x).ravel()
    beta = float(left @ right / (right @ right))
    e = left - beta * right
    values = np.array([beta, rho, e @ e / project.dof])
    low, high = there.logdet.interval
    edge = EDGE * (high - low)
    at_bound = not low + edge < rho < high - edge or not window[0] < rho < window[1]
    return Fit(values, _covariance(there, y, x[..., None], project, values, "lag"), at_bound)


def dynamic_model(there: World, y: FloatArray, x: FloatArray, kind: str, spatial: str) -> tuple[Fit, Fit]:
    """Fit a dynamic model without and with the correction of its bias: y and x of shape (T + 1, n).

    Without: the direct approach. With: over the regions the transformation of Lee and Yu, and the bias of order 1/T
    taken off; where that cannot be done, the former again. spatial="lag" has both past terms, (tau, eta, beta, rho,
    sigma2); "error" the first, (tau, beta, lambda, sigma2).
    """
    T, n = len(y) - 1, there.n
    past = [y[:-1], lag(there.W, y[:-1])] if spatial == "lag" else [y[:-1]]
    X = np.stack([*past, x[1:]], axis=2)
    plain = _maximum(there, y[1:], X, projection(kind, T, n, lee_yu=False), spatial)
    project = projection(kind, T, n, lee_yu=True)
    project = replace(project, J=T, dof=(n - project.shift) * T)
    start = _maximum(there, y[1:], X, project, spatial)
    return plain, _corrected(there, y[1:], X, project, start, spatial) or plain


def _corrected(there: World, y: FloatArray, X: FloatArray, project: Projection, start: Fit, spatial: str) -> Fit | None:
    K, free, sigma2 = X.shape[2], float(start.values[-2]), float(start.values[-1])
    if spatial == "lag":
        terms = DynamicTerms(start.values[0], start.values[1], free, sigma2, at_tau=0, at_eta=1, at_rho=K)
        W, M = there.W, None
    else:
        terms = DynamicTerms(start.values[0], 0.0, 0.0, sigma2, 0, None, None, lam=free, at_lam=K)
        W, M = None, there.W
    if largest_root(W, terms, shift=project.shift) >= 1:
        return None
    values = start.values + dynamic_correction(W, terms, start.cov, there.n, shift=project.shift, M=M)
    low, high = there.logdet.interval
    if not low < values[K] < high:
        return None
    return Fit(values, _covariance(there, y, X, project, values, spatial), start.at_bound, corrected=True)


def _maximum(there: World, y: FloatArray, X: FloatArray, project: Projection, spatial: str) -> Fit:
    free = {"W": there.W, "logdet_w": there.logdet} if spatial == "lag" else {"M": there.W, "logdet_m": there.logdet}
    split = problem(y, X, project, **free)
    optimum = maximise(split)
    point = optimum.point
    value = point.rho if spatial == "lag" else point.lam
    values = np.array([*split.recover(point), value, point.sse / project.dof])
    return Fit(values, _covariance(there, y, X, project, values, spatial), bool(optimum.at_bound))


def _covariance(
    there: World, y: FloatArray, X: FloatArray, project: Projection, values: FloatArray, spatial: str
) -> FloatArray:
    *beta, free, sigma2 = values
    rho, lam = (free, 0.0) if spatial == "lag" else (0.0, free)
    known = {"W": there.W, "logdet_w": there.logdet} if spatial == "lag" else {"M": there.W, "logdet_m": there.logdet}
    mean = X @ np.array(beta)
    raw = spatial_filter(known.get("W"), rho, y) - mean
    # The effects are what the projection of the model without the transformation takes out.
    info, _ = information(X, mean + raw - project(raw), rho, lam, sigma2, project, **known)
    try:
        return inverse(info)
    except np.linalg.LinAlgError:
        return np.full_like(info, np.nan)


def average_effects(there: World, fit: Fit, at: int) -> FloatArray:
    """Return direct, indirect and total effect of regressor `at` with standard errors, shape (3, 2)."""
    rho_at = len(fit.values) - 2
    means = Slopes(there.W, there.logdet).at(float(fit.values[rho_at]))
    none = np.zeros(1)
    co = Coefficients(fit.values[[at]], none, fit.values[rho_at], none[0], none[0])
    parts = np.array([[1.0, 0.0], [-1.0, 1.0], [0.0, 1.0]])
    estimate = parts @ effects_at(co, np.array([means.trace, means.sum]), long=False)[0]
    slopes = parts @ gradient(co, means, long=False)[0][:, [0, 2]]
    V = slopes @ fit.cov[np.ix_([at, rho_at], [at, rho_at])] @ slopes.T
    return np.column_stack([estimate, np.sqrt(np.diag(V))])


def true_effects(there: World, beta: float, rho: float) -> FloatArray:
    """Return direct, indirect and total effect from the dense inverse."""
    S = beta * np.linalg.inv(np.eye(there.n) - rho * there.dense)
    direct, total = np.trace(S) / there.n, S.sum() / there.n
    return np.array([direct, total - direct, total])
