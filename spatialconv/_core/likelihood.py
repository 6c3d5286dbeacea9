"""The one log-likelihood of the spatial panel models, concentrated in beta and sigma2.

    y = rho W y + X beta + effects + u,   u = lambda M u + e,   e ~ N(0, sigma2 I)

    l = -(dof/2) log(2 pi sigma2)
        + J [log|I - rho W| + log|I - lambda M| - shift (log(1 - rho) + log(1 - lambda))] - e'e / (2 sigma2)
    e = project((I - lambda M)(y - rho W y - X beta))

Anselin (1988), Elhorst (2014, Spatial Econometrics, section 3.3), Lee and Yu (2010). The sum of squares is a
quadratic form in (1, -rho, -beta) whose matrix is quadratic in lambda,

    A(lambda) = A0 - lambda (A1 + A1') + lambda^2 A2,   A_k from the columns [y, Wy, X] and their lags by M,

so that the data are passed over once, whatever the number of evaluations of the likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.linalg as la
import scipy.sparse as sp

from spatialconv._core.effects import Projection
from spatialconv._core.least_squares import basis
from spatialconv._core.logdet import LogDet

FloatArray = npt.NDArray[np.float64]


def lag(W: sp.csr_array, Z: FloatArray) -> FloatArray:
    """Return W applied to the regions of every period: Z has shape (T, N) or (T, N, k)."""
    T, N = Z.shape[:2]
    columns = np.moveaxis(Z, 1, 0).reshape(N, -1)
    lagged = np.asarray(W @ columns).reshape(N, T, *Z.shape[2:])
    return np.ascontiguousarray(np.moveaxis(lagged, 0, 1))


class Point(NamedTuple):
    """A point of the concentrated likelihood with what it concentrates out."""

    rho: float
    lam: float
    loglik: float
    gradient: FloatArray  # with respect to (rho, lambda)
    sse: float
    coefficients: FloatArray  # of the whitened regressors


@dataclass(frozen=True)
class Problem:
    """The data of the likelihood, reduced to cross-products of [y, Wy, X].

    The regressors are whitened (X = Q R) and y and Wy stand as residuals on them, which keeps full accuracy
    where levels are large or regressors nearly collinear; `recover` undoes it.
    """

    A0: FloatArray
    A1: FloatArray
    A2: FloatArray
    R: FloatArray
    shift_y: FloatArray
    shift_wy: FloatArray
    projection: Projection
    logdet_w: LogDet | None
    logdet_m: LogDet | None

    def at(self, rho: float, lam: float) -> Point:
        """Evaluate the concentrated log-likelihood and its gradient."""
        A = self.A0 - lam * (self.A1 + self.A1.T) + lam**2 * self.A2
        left = np.array([1.0, -rho])
        cross = left @ A[:2, 2:]
        # Scaled to unit diagonal: near lambda = 1 the filter all but removes the intercept.
        scale = 1 / np.sqrt(np.diag(A)[2:])
        b = scale * np.linalg.solve(A[2:, 2:] * np.outer(scale, scale), scale * cross)
        v = np.concatenate([left, -b])
        sse = float(v @ A @ v)
        dof, J = self.projection.dof, self.projection.J
        d_sse = np.array([-2 * (A[1] @ v), v @ (2 * lam * self.A2 - self.A1 - self.A1.T) @ v])
        value, slope = self._jacobian(rho, lam)
        loglik = -0.5 * dof * (np.log(2 * np.pi * sse / dof) + 1) + J * value
        return Point(rho, lam, loglik, -0.5 * dof * d_sse / sse + J * slope, sse, b)

    def _jacobian(self, rho: float, lam: float) -> tuple[float, FloatArray]:
        value, slope = 0.0, np.zeros(2)
        for place, (logdet, at) in enumerate(((self.logdet_w, rho), (self.logdet_m, lam))):
            if logdet is None:
                continue
            value += float(logdet.value(at))
            slope[place] = float(logdet.derivative(at))
            if self.projection.shift:
                value -= np.log1p(-at)
                slope[place] += 1 / (1 - at)
        return value, slope

    def recover(self, point: Point) -> FloatArray:
        """Return beta of the regressors as they were given."""
        whitened = point.coefficients + self.shift_y - point.rho * self.shift_wy
        return np.asarray(la.solve_triangular(self.R, whitened)) if len(whitened) else whitened


def problem(
    y: FloatArray,
    X: FloatArray,
    project: Projection,
    *,
    W: sp.csr_array | None = None,
    M: sp.csr_array | None = None,
    logdet_w: LogDet | None = None,
    logdet_m: LogDet | None = None,
) -> Problem:
    """Pass over the data once: y of shape (T, N), X of shape (T, N, K), full rank after the projection.

    W and its log-determinant are given where rho is free, M and its log-determinant where lambda is.
    """
    T, N, K = X.shape
    wy = lag(W, y) if W is not None else np.zeros_like(y)
    QR = basis(project(X).reshape(T * N, K))
    X_white = la.solve_triangular(QR.R, X.reshape(T * N, K).T, trans="T").T.reshape(T, N, K) if K else X
    shift_y = QR.Q.T @ project(y).ravel()
    shift_wy = QR.Q.T @ project(wy).ravel()
    Z = np.concatenate([(y - X_white @ shift_y)[..., None], (wy - X_white @ shift_wy)[..., None], X_white], axis=2)
    P0 = project(Z).reshape(T * N, K + 2)
    A0 = P0.T @ P0
    A1, A2 = np.zeros_like(A0), np.zeros_like(A0)
    if M is not None:
        P1 = project(lag(M, Z)).reshape(T * N, K + 2)
        A1, A2 = P0.T @ P1, P1.T @ P1
    return Problem(A0, A1, A2, QR.R, shift_y, shift_wy, project, logdet_w, logdet_m)
