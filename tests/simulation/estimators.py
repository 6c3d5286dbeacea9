"""Fits on the floor of the core: (problem, maximise, information), as `fit_panel` puts them together.

The log-determinant of W is set up once for all samples; that is all that the public door would do anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spatialconv._core.bias import DynamicTerms, dynamic_correction, largest_root
from spatialconv._core.effects import Projection, projection
from spatialconv._core.information import information, inverse, spatial_filter
from spatialconv._core.likelihood import lag, problem
from spatialconv._core.maximise import maximise
from spatialconv._core.multiplier_routes import Slopes
from spatialconv._core.multipliers import Coefficients, gradient
from spatialconv._core.multipliers import effects as effects_at
from tests.simulation.worlds import FloatArray, World


@dataclass(frozen=True)
class Fit:
    """Estimates of (beta, rho, sigma2), their covariance, and what else a simulation asks of a fit."""

    values: FloatArray
    cov: FloatArray
    loglik: float
    residuals: FloatArray
    at_bound: bool
    corrected: bool = False

    @property
    def std_errors(self) -> FloatArray:
        """Square roots of the variances."""
        return np.sqrt(np.diag(self.cov))


def lag_model(there: World, y: FloatArray, X: FloatArray, kind: str, *, lee_yu: bool) -> Fit:
    """Fit y = rho W y + X beta + effects + e: y of shape (T, n), X of shape (T, n, K)."""
    return _maximum(there, y, X, projection(kind, *y.shape, lee_yu=lee_yu))


def dynamic_model(there: World, y: FloatArray, x: FloatArray, kind: str, *, corrected: bool) -> Fit:
    """Fit the dynamic lag model with both past terms, (tau, eta, beta, rho, sigma2): y and x of shape (T + 1, n)."""
    T, n = len(y) - 1, there.n
    X = np.stack([y[:-1], lag(there.W, y[:-1]), x[1:]], axis=2)
    project = projection(kind, T, n, lee_yu=corrected)
    project = replace(project, J=T, dof=(n - project.shift) * T)
    plain = _maximum(there, y[1:], X, project)
    if not corrected:
        return plain
    tau, eta, _, rho, sigma2 = plain.values
    terms = DynamicTerms(tau, eta, rho, sigma2, at_tau=0, at_eta=1, at_rho=3)
    if largest_root(there.W, terms, shift=project.shift) >= 1:
        return plain
    values = plain.values + dynamic_correction(there.W, terms, plain.cov, n, shift=project.shift)
    cov = _covariance(there, y[1:], X, project, values)
    return replace(plain, values=values, cov=cov, corrected=True)


def _maximum(there: World, y: FloatArray, X: FloatArray, project: Projection) -> Fit:
    split = problem(y, X, project, W=there.W, logdet_w=there.logdet)
    optimum = maximise(split)
    point = optimum.point
    values = np.array([*split.recover(point), point.rho, point.sse / project.dof])
    e = project(spatial_filter(there.W, point.rho, y) - X @ values[:-2])
    return Fit(values, _covariance(there, y, X, project, values), point.loglik, e, bool(optimum.at_bound))


def _covariance(there: World, y: FloatArray, X: FloatArray, project: Projection, values: FloatArray) -> FloatArray:
    *beta, rho, sigma2 = values
    raw = spatial_filter(there.W, rho, y) - X @ np.array(beta)
    eta = X @ np.array(beta) + raw - project(raw)
    info, _ = information(X, eta, rho, 0.0, sigma2, project, W=there.W, logdet_w=there.logdet)
    return inverse(info)


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
