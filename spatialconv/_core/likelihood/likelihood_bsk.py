"""Random effects outside the error filter (Baltagi, Song and Koh 2003): the one likelihood of another form.

    y = rho W y + X beta + mu + u,   u = lambda M u + v,   mu ~ N(0, phi sigma2),  v ~ N(0, sigma2)

Deviations from the means over periods have the covariance sigma2 (B'B)^-1 with B = I - lambda M, the means times
sqrt(T) have sigma2 V with V = T phi I + (B'B)^-1:

    l = -(NT/2) log(2 pi sigma2) + T log|A| + (T - 1) log|B| - log|V| / 2 - (within + between) / (2 sigma2)

With the singular values s of B = U S R the covariance V is R' (T phi I + S^-2) R: one decomposition of O(n^3) a value
of lambda serves every rho and phi, and next to a bound, where squares of B^-1 have no digits left, nothing is squared.
The slope in lambda takes D_lambda = D (M'B + B'M) D of D = (B'B)^-1, which is S^-2 (K + K') S^-2 in these directions,
K = (M R')' U S.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.linalg as la
import scipy.sparse as sp

from spatialconv._core.likelihood.effects import deviations, means
from spatialconv._core.likelihood.likelihood import EXPLAINED, Part, Point, lag, part_of
from spatialconv._core.likelihood.logdet import LogDet
from spatialconv._core.likelihood.maximise import Optimum
from spatialconv._core.regression.least_squares import triangle

FloatArray = npt.NDArray[np.float64]


class Directions(NamedTuple):
    """What lambda makes of the means: B = U S R with `s` (N,) and U, R (N, N), and R times [y, Wy, X], shape (N, k)."""

    U: FloatArray
    s: FloatArray
    R: FloatArray
    means: FloatArray

    def variances(self, psi: Any) -> FloatArray:
        """Return those of the means over sigma2, shape (..., N), with T phi = exp(-psi) - 1."""
        return np.asarray(np.expm1(-np.asarray(psi))[..., None] + self.s**-2.0)

    def root(self, own: FloatArray, psi: FloatArray) -> FloatArray:
        """Return B with B'B the matrix of the sum of squares, shape (..., m, k); `own` is that of the deviations."""
        below = self.means / np.sqrt(self.variances(psi))[..., None]
        return np.concatenate([np.broadcast_to(own, (*below.shape[:-2], *own.shape)), below], axis=-2)


@dataclass(frozen=True)
class BskProblem:
    """The data, cross-products of the deviations and means times sqrt(T), shape (N, k), of [y, Wy, X]."""

    within: Part
    between: FloatArray
    M: sp.csr_array
    T: int
    logdet_w: LogDet | None
    logdet_m: LogDet | None

    @property
    def N(self) -> int:  # noqa: N802
        """Number of regions."""
        return len(self.between)

    @property
    def dof(self) -> int:
        """What the sum of squares is divided by."""
        return self.N * self.T

    @property
    def random(self) -> bool:
        """Whether phi is free."""
        return True

    def with_logdets(self, logdet_w: LogDet | None, logdet_m: LogDet | None) -> BskProblem:
        """Return the same data with other log-determinants."""
        return replace(self, logdet_w=logdet_w, logdet_m=logdet_m)

    def directions(self, lam: float) -> Directions:
        """Decompose B = I - lambda M."""
        U, s, R = la.svd(np.eye(self.N) - lam * self.M.toarray())
        return Directions(U, s, R, R @ self.between)

    def root(self, lam: float, psi: float) -> tuple[FloatArray, float]:
        """Return B with B'B the matrix of the sum of squares, shape (m, k), and log|V|."""
        found = self.directions(lam)
        own = self.within.R0 - lam * self.within.R1
        return found.root(own, np.asarray(psi)), float(np.log(found.variances(psi)).sum())

    def at(self, rho: float, lam: float, psi: float = 0.0) -> Point:
        """Return a point of the concentrated log-likelihood with its gradient; its coefficients are beta."""
        found = self.directions(lam)
        variances = found.variances(psi)
        B = found.root(self.within.R0 - lam * self.within.R1, np.asarray(psi))
        y = B[:, 0] - rho * B[:, 1]
        b = np.linalg.lstsq(B[:, 2:], y, rcond=None)[0]
        e, v = y - B[:, 2:] @ b, np.concatenate([[1.0, -rho], -b])
        sse, deviating = float(self._squares(e @ e, B)), len(self.within.R0)
        q = e[deviating:] / np.sqrt(variances)
        turned = self.M @ found.R.T
        by_lam = -2 * float(e[:deviating] @ self.within.R1 @ v)
        by_lam -= 2 * float((turned @ (q / found.s**2)) @ (found.U @ (q / found.s)))
        of_v = 2 * float(((turned * found.U).sum(axis=0) / (found.s**3 * variances)).sum())
        bend = float(np.exp(-psi))
        d_sse = np.array([-2 * float(e @ B[:, 1]), by_lam, bend * float(q @ q)])
        free = np.array([
            self.T * float(self.logdet_w.derivative(rho)) if self.logdet_w is not None else 0.0,
            (self.T - 1) * float(self.logdet_m.derivative(lam)) - 0.5 * of_v if self.logdet_m is not None else 0.0,
            0.5 * bend * float((1 / variances).sum()),
        ])  # fmt: skip
        value = self._value(sse, self._free(rho, lam, float(np.log(variances).sum())))
        gradient = np.asarray(-0.5 * self.dof * d_sse / sse + free)
        return Point(rho, lam, psi, float(value), gradient, sse, np.asarray(b, dtype=float))

    def logliks(self, rho: FloatArray, lam: FloatArray, psi: FloatArray) -> FloatArray:
        """Evaluate the concentrated log-likelihood at G points at once, shape (G,) each."""
        values = np.empty(len(rho))
        K = self.between.shape[1] - 2
        for one in np.unique(lam):
            here = np.flatnonzero(lam == one)
            found = self.directions(float(one))
            phis, which = np.unique(psi[here], return_inverse=True)
            B = found.root(self.within.R0 - one * self.within.R1, phis)
            # The regressors first: below their rows the triangle holds what they leave of y and Wy.
            left = triangle(np.roll(B, -2, axis=-1))[:, K:, K:][which]
            sse = self._squares(((left[..., 0] - rho[here, None] * left[..., 1]) ** 2).sum(axis=-1), B[which])
            log_v = np.log(found.variances(phis)).sum(axis=-1)[which]
            values[here] = self._value(sse, self._free(rho[here], one, log_v))
        return values

    def along(self, axis: int) -> Callable[[Any], Any]:
        """Return the slope in one of rho, lambda and psi with the others at zero."""
        return np.vectorize(lambda at: self.at(*np.eye(3)[axis] * at).gradient[axis])

    def _squares(self, sse: Any, B: FloatArray) -> Any:
        return np.maximum(sse, EXPLAINED * (B[..., 0] ** 2).sum(axis=-1))

    def _value(self, sse: Any, free: Any) -> Any:
        return -0.5 * self.dof * (np.log(2 * np.pi * sse / self.dof) + 1) + free

    def _free(self, rho: Any, lam: Any, log_v: Any) -> Any:
        """Return what the likelihood holds besides the sum of squares."""
        log_a = self.logdet_w.value(rho) if self.logdet_w is not None else 0.0
        log_b = self.logdet_m.value(lam) if self.logdet_m is not None else 0.0
        return self.T * log_a + (self.T - 1) * log_b - 0.5 * log_v

    def loglik(self, theta: FloatArray) -> float:
        """Return the whole log-likelihood at (beta, [rho], lambda, phi, sigma2)."""
        *rest, lam, phi, sigma2 = theta
        rho = rest.pop() if self.logdet_w is not None else 0.0
        B, log_v = self.root(lam, -np.log1p(self.T * phi))
        left = B @ np.concatenate([[1.0, -rho], -np.asarray(rest)])
        free = float(self._free(rho, lam, log_v))
        return float(-0.5 * self.dof * np.log(2 * np.pi * sigma2) + free - left @ left / (2 * sigma2))


def bsk_problem(
    y: FloatArray,
    X: FloatArray,
    W: sp.csr_array | None,
    M: sp.csr_array,
    logdet_w: LogDet | None,
    logdet_m: LogDet,
) -> BskProblem:
    """Split the data of shape (T, N) and (T, N, K)."""
    wy = lag(W, y) if W is not None else np.zeros_like(y)
    Z = np.concatenate([y[..., None], wy[..., None], X], axis=2)
    return BskProblem(part_of(Z, lag(M, Z), deviations), means(Z)[0], M, len(y), logdet_w, logdet_m)


def observed_bsk(problem: BskProblem, optimum: Optimum) -> FloatArray:
    """Return minus the Hessian in (beta, [rho], lambda, [phi], sigma2), phi only where it is not on its bound."""
    point = optimum.point
    phi = float(np.expm1(-point.psi) / problem.T)
    spatial = [point.rho] if problem.logdet_w is not None else []
    theta = np.array([*point.coefficients, *spatial, point.lam, phi, point.sse / problem.dof])
    bound = "phi" in optimum.at_bound
    free = np.array([k for k in range(len(theta)) if not (bound and k == len(theta) - 2)])
    # What a step is measured by where a parameter is next to nothing: none of it depends on the units of the data.
    B, _ = problem.root(point.lam, point.psi)
    ends = [d.interval for d in (problem.logdet_w, problem.logdet_m) if d is not None]
    least = [*np.sqrt(theta[-1] / (B**2).sum(axis=0)[2:]), *(1e-2 * min(-low, high) for low, high in ends), 1e-2, 0.0]
    # Next to a bound differences may reach beyond it; whoever inverts them says so.
    with np.errstate(invalid="ignore", divide="ignore"):
        return -_hessian(problem, theta, free, np.array(least))


def _hessian(problem: BskProblem, theta: FloatArray, free: npt.NDArray[np.intp], least: FloatArray) -> FloatArray:
    """Second differences with two Richardson steps, in steps of about a hundredth of a standard error.

    These are found by steps of a ten-thousandth of the parameter, or of `least` where it is smaller than that.
    """
    scale = np.empty(len(free))
    top = problem.loglik(theta)
    for place, k in enumerate(free):
        e = np.zeros(len(theta))
        e[k] = 1e-4 * max(abs(theta[k]), least[k])
        bend = -(problem.loglik(theta + e) - 2 * top + problem.loglik(theta - e)) / e[k] ** 2
        scale[place] = 0.05 / np.sqrt(max(bend, 1e-300))
    steps = np.zeros((len(free), len(theta)))
    steps[np.arange(len(free)), free] = scale

    def once(size: float) -> FloatArray:
        H = np.empty((len(free), len(free)))
        for i, a in enumerate(size * steps):
            for j, b in enumerate(size * steps[: i + 1]):
                corners = [problem.loglik(theta + s * a + t * b) * s * t for s in (1, -1) for t in (1, -1)]
                H[i, j] = H[j, i] = sum(corners) / (4 * size**2 * scale[i] * scale[j])
        return H

    coarse, middle, fine = once(2.0), once(1.0), once(0.5)
    first, second = (4 * middle - coarse) / 3, (4 * fine - middle) / 3
    return (16 * second - first) / 15
