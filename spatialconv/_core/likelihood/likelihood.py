"""The one log-likelihood of the spatial panel models, concentrated in beta and sigma2.

    y = rho W y + X beta + effects + u,   u = lambda M u + e,   e ~ N(0, sigma2 I)

    l = -(dof/2) log(2 pi sigma2)
        + J [log|I - rho W| + log|I - lambda M| - shift (log(1 - rho) + log(1 - lambda))]
        + (N/2) log tau - e'e / (2 sigma2)
    e = project((I - lambda M)(y - rho W y - X beta))

Anselin (1988), Elhorst (2014, Spatial Econometrics, section 3.3), Lee and Yu (2010). Random effects inside the
error filter (Kapoor, Kelejian and Prucha 2007) weigh the means over periods by tau = 1 / (1 + T phi) against the
deviations from them; otherwise tau is 1. The sum of squares is a quadratic form in v = (1, -rho, -beta) whose
matrix is quadratic in lambda and linear in tau,

    A(lambda, tau) = sum_p w_p(tau) [A0 - lambda (A1 + A1') + lambda^2 A2]_p,

over the parts p (deviations, means) of the cross-products of [y, Wy, X] and their lags by M, so that the data are
passed over once, whatever the number of evaluations of the likelihood. The form itself is the squared length of
(R0 - lambda R1) v, where [R0, R1] is the triangle of the data and their lags: next to a bound, where a filter may
leave next to nothing, differences of cross-products would be rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.linalg as la
import scipy.sparse as sp

from spatialconv._core.likelihood.effects import Projection, deviations, means
from spatialconv._core.likelihood.logdet import LogDet
from spatialconv._core.regression.least_squares import basis, triangle

FloatArray = npt.NDArray[np.float64]

# A sum of squares smaller than this share of that of y is taken as rounding: next to a bound a filter may leave no more
# dimensions than there are regressors.
EXPLAINED = 1e-16


def lag(W: sp.csr_array, Z: FloatArray) -> FloatArray:
    """Return W applied to the regions of every period: Z has shape (T, N) or (T, N, k)."""
    T, N = Z.shape[:2]
    columns = np.moveaxis(Z, 1, 0).reshape(N, -1)
    lagged = np.asarray(W @ columns).reshape(N, T, *Z.shape[2:])
    return np.ascontiguousarray(np.moveaxis(lagged, 0, 1))


class Point(NamedTuple):
    """A point of the concentrated likelihood with what it concentrates out; psi is log tau."""

    rho: float
    lam: float
    psi: float
    loglik: float
    gradient: FloatArray  # with respect to (rho, lambda, psi)
    sse: float
    coefficients: FloatArray  # of the whitened regressors


class Swept(NamedTuple):
    """What regressors leave, and its slopes in (rho, lambda, psi)."""

    coefficients: FloatArray
    sse: FloatArray
    slopes: tuple[FloatArray, FloatArray, FloatArray]


class Part(NamedTuple):
    """One part of the sum of squares: cross-products without, with one, and with two lags by M, and their roots.

    A0 = R0'R0, A1 = R0'R1, A2 = R1'R1.
    """

    A0: FloatArray
    A1: FloatArray
    A2: FloatArray
    R0: FloatArray
    R1: FloatArray

    def at(self, lam: Any) -> FloatArray:
        """Return the matrix at lambda."""
        return np.asarray(self.A0 - lam * (self.A1 + self.A1.T) + lam**2 * self.A2)

    def slope(self, lam: Any) -> FloatArray:
        """Return its derivative with respect to lambda."""
        return np.asarray(2 * lam * self.A2 - self.A1 - self.A1.T)


@dataclass(frozen=True)
class Problem:
    """The data of the likelihood, reduced to cross-products of [y, Wy, X].

    The regressors are whitened (X = Q R) and y and Wy stand as residuals on them, which keeps full accuracy
    where levels are large or regressors nearly collinear; `recover` undoes it. `mean_part` is there under
    random effects only; its weight is tau.
    """

    part: Part
    mean_part: Part | None
    R: FloatArray
    shift_y: FloatArray
    shift_wy: FloatArray
    projection: Projection
    logdet_w: LogDet | None
    logdet_m: LogDet | None

    @property
    def random(self) -> bool:
        """Whether tau is free."""
        return self.mean_part is not None

    @property
    def dof(self) -> int:
        """What the sum of squares is divided by."""
        return self.projection.dof

    def with_logdets(self, logdet_w: LogDet | None, logdet_m: LogDet | None) -> Problem:
        """Return the same data with other log-determinants."""
        return replace(self, logdet_w=logdet_w, logdet_m=logdet_m)

    def matrix(self, lam: Any, psi: Any) -> FloatArray:
        """Return A(lambda, tau), a stack of them for lambda and psi of shape (G, 1, 1)."""
        A = self.part.at(lam)
        return A if self.mean_part is None else A + np.exp(psi) * self.mean_part.at(lam)

    def slopes(self, lam: Any, psi: Any) -> tuple[FloatArray, FloatArray]:
        """Return the derivatives of A with respect to lambda and psi."""
        by_lam = self.part.slope(lam)
        if self.mean_part is None:
            return by_lam, np.zeros_like(by_lam)
        tau = np.exp(psi)
        return by_lam + tau * self.mean_part.slope(lam), tau * self.mean_part.at(lam)

    def filtered(self, lam: Any, psi: Any) -> tuple[FloatArray, FloatArray]:
        """Return the root B of A = B'B, shape (..., m, K + 2), and minus its slope in lambda; the means stand below."""
        lam = np.asarray(lam)[..., None, None]
        B, by_lam = self.part.R0 - lam * self.part.R1, self.part.R1
        if self.mean_part is None:
            return B, by_lam
        weight, below = np.exp(0.5 * np.asarray(psi))[..., None, None], self.mean_part
        own, lower = weight * (below.R0 - lam * below.R1), weight * below.R1
        by_lam = np.broadcast_to(by_lam, (*lower.shape[:-2], *by_lam.shape))
        return np.concatenate([B, own], axis=-2), np.concatenate([by_lam, lower], axis=-2)

    def swept(self, rho: Any, lam: Any, psi: Any) -> Swept:
        """Take the regressors out of y - rho Wy, all filtered and weighted, at one point or at G."""
        B, by_lam = self.filtered(lam, psi)
        y = B[..., 0] - np.asarray(rho)[..., None] * B[..., 1]
        Q, R = np.linalg.qr(B[..., 2:])
        b = np.linalg.solve(R, np.swapaxes(Q, -1, -2) @ y[..., None])
        e = y - (B[..., 2:] @ b)[..., 0]
        by = by_lam[..., 0] - np.asarray(rho)[..., None] * by_lam[..., 1] - (by_lam[..., 2:] @ b)[..., 0]
        below = e[..., len(self.part.R0) :]
        slopes = (-2 * (e * B[..., 1]).sum(axis=-1), -2 * (e * by).sum(axis=-1), (below**2).sum(axis=-1))
        return Swept(b[..., 0], self._squares(e, B), slopes)

    def _squares(self, e: FloatArray, B: FloatArray) -> FloatArray:
        return np.asarray(np.maximum((e**2).sum(axis=-1), EXPLAINED * (B[..., 0] ** 2).sum(axis=-1)))

    def at(self, rho: float, lam: float, psi: float = 0.0) -> Point:
        """Evaluate the concentrated log-likelihood and its gradient."""
        found, dof = self.swept(rho, lam, psi), self.projection.dof
        sse, d_sse = float(found.sse), np.array(found.slopes)
        loglik = float(-0.5 * dof * (np.log(2 * np.pi * sse / dof) + 1) + self._free_value(rho, lam, psi))
        gradient = -0.5 * dof * d_sse / sse + self._free_slopes(rho, lam)
        return Point(rho, lam, psi, loglik, gradient, sse, found.coefficients)

    def logliks(self, rho: FloatArray, lam: FloatArray, psi: FloatArray) -> FloatArray:
        """Evaluate the concentrated log-likelihood at G points at once, shape (G,) each."""
        # A grid repeats few filters: what one leaves of y and Wy serves every rho.
        filters, which = np.unique(np.stack([lam, psi]), axis=1, return_inverse=True)
        B, _ = self.filtered(*filters)
        left = triangle(np.roll(B, -2, axis=-1))[:, B.shape[-1] - 2 :, -2:][which.ravel()]
        sse, dof = self._squares(left[..., 0] - rho[:, None] * left[..., 1], B[which.ravel()]), self.projection.dof
        value = -0.5 * dof * (np.log(2 * np.pi * sse / dof) + 1)
        return np.asarray(value + self._free_value(rho, lam, psi))

    def _free_value(self, rho: Any, lam: Any, psi: Any) -> Any:
        """Return what the likelihood holds besides the sum of squares."""
        value = 0.0 if self.mean_part is None else 0.5 * self.projection.N * psi
        for logdet, at in ((self.logdet_w, rho), (self.logdet_m, lam)):
            if logdet is not None:
                free = logdet.value(at) - np.log1p(-at) if self.projection.shift else logdet.value(at)
                value = value + self.projection.J * free
        return value

    def _free_slopes(self, rho: float, lam: float) -> FloatArray:
        """Return the slopes of that in rho, lambda and psi."""
        by_psi = 0.0 if self.mean_part is None else 0.5 * self.projection.N
        return np.array([self._free_slope(self.logdet_w, rho), self._free_slope(self.logdet_m, lam), by_psi])

    def along(self, axis: int) -> Callable[[Any], Any]:
        """Return the slope in rho (0), lambda (1) or psi (2) with the other two at zero, of a number or an array.

        In rho what the regressors leave of y and Wy is computed here once; in the others all values are solved for
        together.
        """
        return self._along_rho() if axis == 0 else lambda values: self._along_other(axis, values)

    def _along_rho(self) -> Callable[[Any], Any]:
        dof, K = self.projection.dof, self.part.R0.shape[1] - 2
        roots = [part.R0 for part in (self.part, self.mean_part) if part is not None]
        # The regressors first: below their rows the triangle holds what they leave of y and Wy.
        y, wy = triangle(np.roll(np.vstack(roots), -2, axis=1))[K:, K:].T
        least = EXPLAINED * float((y**2).sum())

        def slope(rho: Any) -> Any:
            left = y - np.asarray(rho)[..., None] * wy
            found = dof * (left @ wy) / np.maximum((left**2).sum(axis=-1), least) + self._free_slope(self.logdet_w, rho)
            return found if np.ndim(rho) else float(found)

        return slope

    def _along_other(self, axis: int, values: Any) -> Any:
        at = np.atleast_1d(np.asarray(values, dtype=float))
        none = np.zeros_like(at)
        swept = self.swept(none, *((at, none) if axis == 1 else (none, at)))
        free = self._free_slope(self.logdet_m, at) if axis == 1 else 0.5 * self.projection.N
        found = -0.5 * self.projection.dof * swept.slopes[axis] / swept.sse + free
        return found if np.ndim(values) else float(found[0])

    def _free_slope(self, logdet: LogDet | None, at: Any) -> Any:
        """Return the slope of what the likelihood holds besides the sum of squares, in rho or lambda."""
        if logdet is None:
            return 0.0 * at
        slope = logdet.derivative(at)
        return self.projection.J * (slope + 1 / (1 - at) if self.projection.shift else slope)

    def recover(self, point: Point) -> FloatArray:
        """Return beta of the regressors as they were given."""
        whitened = point.coefficients + self.shift_y - point.rho * self.shift_wy
        return np.asarray(la.solve_triangular(self.R, whitened)) if len(whitened) else whitened

    def whitened(self, beta: FloatArray, rho: float) -> FloatArray:
        """Return the coefficients of the whitened regressors, of which `recover` gives beta."""
        return np.asarray(self.R @ beta - self.shift_y + rho * self.shift_wy)


def problem(
    y: FloatArray,
    X: FloatArray,
    project: Projection,
    *,
    W: sp.csr_array | None = None,
    M: sp.csr_array | None = None,
    logdet_w: LogDet | None = None,
    logdet_m: LogDet | None = None,
    random: bool = False,
    given: FloatArray | float = 0.0,
) -> Problem:
    """Pass over the data once: y of shape (T, N), X of shape (T, N, K), full rank after the projection.

    W and its log-determinant are given where rho is free, M and its log-determinant where lambda is; `random`
    frees tau. `given` is a part of the mean with known coefficients: y = rho W y + given + X beta + effects + u.
    """
    T, N, K = X.shape
    wy = lag(W, y) if W is not None else np.zeros_like(y)
    y = y - given
    QR = basis(project(X).reshape(T * N, K))
    left_y, left_wy = project(y).ravel(), project(wy).ravel()
    shift_y, shift_wy = QR.Q.T @ left_y, QR.Q.T @ left_wy
    if M is None and not random:
        P = np.column_stack([left_y - QR.Q @ shift_y, left_wy - QR.Q @ shift_wy, QR.Q])
        return Problem(_unfiltered(P), None, QR.R, shift_y, shift_wy, project, logdet_w, logdet_m)
    X_white = la.solve_triangular(QR.R, X.reshape(T * N, K).T, trans="T").T.reshape(T, N, K) if K else X
    Z = np.concatenate([(y - X_white @ shift_y)[..., None], (wy - X_white @ shift_wy)[..., None], X_white], axis=2)
    MZ = lag(M, Z) if M is not None else None
    part = part_of(Z, MZ, deviations if random else project)
    mean_part = part_of(Z, MZ, means) if random else None
    return Problem(part, mean_part, QR.R, shift_y, shift_wy, project, logdet_w, logdet_m)


def _unfiltered(P: FloatArray) -> Part:
    A, root = P.T @ P, triangle(P)
    return Part(A, np.zeros_like(A), np.zeros_like(A), root, np.zeros_like(root))


def part_of(Z: FloatArray, MZ: FloatArray | None, project: Callable[[FloatArray], FloatArray]) -> Part:
    """Reduce columns (T, N, k) and their lags by M to cross-products of what the projection leaves."""
    columns = Z.shape[2]
    P0 = project(Z).reshape(-1, columns)
    if MZ is None:
        return _unfiltered(P0)
    P1 = project(MZ).reshape(-1, columns)
    roots = triangle(np.hstack([P0, P1]))
    return Part(P0.T @ P0, P0.T @ P1, P1.T @ P1, roots[:, :columns], roots[:, columns:])


def observed_information(problem: Problem, point: Point) -> FloatArray:
    """Return minus the Hessian of the whole log-likelihood at a point, in (beta, rho, lambda, psi, sigma2).

    All of rho, lambda and psi have a row; those that are not free are to be dropped by the caller.
    """
    K = len(point.coefficients)
    sigma2, dof = point.sse / problem.projection.dof, problem.projection.dof
    A = problem.matrix(point.lam, point.psi)
    by_lam, by_psi = problem.slopes(point.lam, point.psi)
    v = np.concatenate([[1.0, -point.rho], -point.coefficients])
    lag_lag = 2 * problem.part.A2
    psi_lam = np.zeros_like(A)
    if problem.mean_part is not None:
        tau = np.exp(point.psi)
        lag_lag = lag_lag + 2 * tau * problem.mean_part.A2
        psi_lam = tau * problem.mean_part.slope(point.lam)
    first = np.concatenate([-2 * (A @ v)[2:], [-2 * (A @ v)[1], v @ by_lam @ v, v @ by_psi @ v]])
    q = np.zeros((K + 3, K + 3))
    q[:K, :K] = 2 * A[2:, 2:]
    q[:K, K] = q[K, :K] = 2 * A[2:, 1]
    q[K, K] = 2 * A[1, 1]
    for place, slope in ((K + 1, by_lam), (K + 2, by_psi)):
        q[:K, place] = q[place, :K] = -2 * (slope @ v)[2:]
        q[K, place] = q[place, K] = -2 * (slope @ v)[1]
    q[K + 1, K + 1], q[K + 2, K + 2] = v @ lag_lag @ v, v @ by_psi @ v
    q[K + 1, K + 2] = q[K + 2, K + 1] = v @ psi_lam @ v
    info = np.zeros((K + 4, K + 4))
    info[: K + 3, : K + 3] = q / (2 * sigma2)
    for place, (logdet, at) in ((K, (problem.logdet_w, point.rho)), (K + 1, (problem.logdet_m, point.lam))):
        if logdet is not None:
            shift = 1 / (1 - at) ** 2 if problem.projection.shift else 0.0
            info[place, place] -= problem.projection.J * (float(logdet.second(at)) + shift)
    info[: K + 3, K + 3] = info[K + 3, : K + 3] = -first / (2 * sigma2**2)
    # dof sigma2 is the sum of squares at the optimum, but not where a bias was taken off the estimates.
    best = problem.at(point.rho, point.lam, point.psi)
    moved = point.coefficients - best.coefficients
    info[K + 3, K + 3] = (best.sse + float(moved @ A[2:, 2:] @ moved)) / sigma2**3 - dof / (2 * sigma2**2)
    return _of_given_regressors(info, problem)


def _of_given_regressors(info: FloatArray, problem: Problem) -> FloatArray:
    """Turn the information of the whitened coefficients into that of beta: b = R beta - shift_y + rho shift_wy."""
    K = len(problem.shift_y)
    change = np.eye(len(info))
    change[:K, :K] = problem.R
    change[:K, K] = problem.shift_wy
    return change.T @ info @ change
