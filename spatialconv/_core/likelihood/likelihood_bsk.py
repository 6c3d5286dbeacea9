"""Random effects outside the error filter (Baltagi, Song and Koh 2003): the one likelihood of another form.

    y = rho W y + X beta + mu + u,   u = lambda M u + v,   mu ~ N(0, phi sigma2),  v ~ N(0, sigma2)

Deviations from the means over periods have the covariance sigma2 (B'B)^-1 with B = I - lambda M, the means times
sqrt(T) have sigma2 V with V = T phi I + (B'B)^-1:

    l = -(NT/2) log(2 pi sigma2) + T log|A| + (T - 1) log|B| - log|V| / 2 - (within + between) / (2 sigma2)

V is dense, so that a value costs O(n^3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.linalg as la
import scipy.optimize as so
import scipy.sparse as sp

from spatialconv._core.likelihood.effects import deviations, means
from spatialconv._core.likelihood.likelihood import Point, lag
from spatialconv._core.likelihood.logdet import LogDet
from spatialconv._core.likelihood.maximise import PSI, Optimum, both_at_bound, in_corner, near_ends, search_window

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BskProblem:
    """The data split into deviations (T, N, k) and scaled means (N, k) of [y, Wy, X]."""

    within: FloatArray
    between: FloatArray
    M: FloatArray
    T: int
    logdet_w: LogDet | None
    logdet_m: LogDet

    @property
    def N(self) -> int:  # noqa: N802
        """Number of regions."""
        return len(self.M)

    def cross_products(self, lam: float, psi: float) -> tuple[FloatArray, float]:
        """Return the matrix of the sum of squares, and log|V| with T phi = exp(-psi) - 1."""
        B = np.eye(self.N) - lam * self.M
        inner = (self.within - lam * lag(sp.csr_array(self.M), self.within)).reshape(-1, self.within.shape[2])
        inverse = la.inv(B)
        V = inverse @ inverse.T
        V[np.diag_indices(self.N)] += np.expm1(-psi)
        try:
            root = la.cholesky(V, lower=True)
        except np.linalg.LinAlgError:
            # Next to a bound of lambda the squares of B^-1 have no digits left for the smallest eigenvalues.
            outer, log_v = self._near_singular(B, psi)
        else:
            outer = la.solve_triangular(root, self.between, lower=True)
            log_v = 2 * float(np.log(np.diag(root)).sum())
        return inner.T @ inner + outer.T @ outer, log_v

    def _near_singular(self, B: FloatArray, psi: float) -> tuple[FloatArray, float]:
        """Return V^(-1/2) times the means, up to a rotation, and log|V|, from the singular values of B."""
        _, s, right = la.svd(B)
        variances = np.expm1(-psi) + s**-2.0
        return np.asarray((right @ self.between) / np.sqrt(variances)[:, None]), float(np.log(variances).sum())

    def at(self, rho: float, lam: float, psi: float) -> tuple[float, float, FloatArray]:
        """Return the concentrated log-likelihood, the sum of squares and beta."""
        A, log_v = self.cross_products(lam, psi)
        left = np.array([1.0, -rho])
        b = np.linalg.solve(A[2:, 2:], left @ A[:2, 2:])
        v = np.concatenate([left, -b])
        sse, n = float(v @ A @ v), self.N * self.T
        log_a = self.T * float(self.logdet_w.value(rho)) if self.logdet_w is not None else 0.0
        log_b = (self.T - 1) * float(self.logdet_m.value(lam))
        value = float(-0.5 * n * (np.log(2 * np.pi * sse / n) + 1) + log_a + log_b - 0.5 * log_v)
        return value, sse, np.asarray(b)

    def loglik(self, theta: FloatArray) -> float:
        """Return the whole log-likelihood at (beta, [rho], lambda, phi, sigma2)."""
        *rest, lam, phi, sigma2 = theta
        rho = rest.pop() if self.logdet_w is not None else 0.0
        A, log_v = self.cross_products(lam, -np.log1p(self.T * phi))
        v = np.concatenate([[1.0, -rho], -np.asarray(rest)])
        log_a = self.T * float(self.logdet_w.value(rho)) if self.logdet_w is not None else 0.0
        n = self.N * self.T
        fixed = log_a + (self.T - 1) * float(self.logdet_m.value(lam)) - 0.5 * log_v
        return float(-0.5 * n * np.log(2 * np.pi * sigma2) + fixed - v @ A @ v / (2 * sigma2))


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
    return BskProblem(deviations(Z), means(Z)[0], M.toarray(), len(y), logdet_w, logdet_m)


def maximise_bsk(problem: BskProblem) -> tuple[Optimum, FloatArray]:
    """Return the optimum and beta."""
    bounds = [search_window(d) for d in (problem.logdet_w, problem.logdet_m) if d is not None] + [PSI]
    calls = 0

    def negative(theta: FloatArray) -> float:
        nonlocal calls
        calls += 1
        return -problem.at(*_full(theta))[0]

    starts = [np.array([*spatial, psi]) for spatial in _starts(bounds[:-1]) for psi in (-3.0, -0.7)]
    found = [so.minimize(negative, start, method="L-BFGS-B", bounds=bounds) for start in starts]
    best = min(found, key=lambda result: result.fun)
    polished = so.minimize(
        negative, best.x, method="Nelder-Mead", bounds=bounds, options={"xatol": 1e-10, "fatol": 1e-13, "maxiter": 4000}
    )
    theta = polished.x if polished.fun <= best.fun else best.x
    rho, lam, psi = _full(theta)
    loglik, sse, beta = problem.at(rho, lam, psi)
    named = zip(("rho", "lambda", "phi")[3 - len(theta) :], theta, bounds, strict=True)
    edge = tuple(name for name, value, ends in named if any(near_ends(value, ends)))
    point = Point(rho, lam, psi, loglik, np.zeros(3), sse, beta)
    cornered = in_corner(point, lambda: problem.at(0.0, 0.0, psi)[1], problem.logdet_w, problem.logdet_m)
    bound = both_at_bound(edge) if cornered else edge
    optimum = Optimum(point, float("nan"), calls, bound, problem.logdet_w, problem.logdet_m, corner=cornered)
    return optimum, beta


def _full(theta: FloatArray) -> tuple[float, float, float]:
    lam, psi = float(theta[-2]), float(theta[-1])
    return (float(theta[0]) if len(theta) == 3 else 0.0), lam, psi


def _starts(windows: list[tuple[float, float]]) -> list[list[float]]:
    # Half way to the ends, the farther one taken as if it were as near as twice the other.
    near = [(max(low, -2 * high), min(high, -2 * low)) for low, high in windows]
    grids = [[0.5 * low, 0.0, 0.5 * high] for low, high in near]
    return [[a] for a in grids[0]] if len(grids) == 1 else [[a, b] for a in grids[0] for b in grids[1]]


def observed_bsk(problem: BskProblem, optimum: Optimum, beta: FloatArray) -> FloatArray:
    """Return minus the Hessian in (beta, [rho], lambda, [phi], sigma2), phi only where it is not on its bound."""
    point, n = optimum.point, problem.N * problem.T
    phi = float(np.expm1(-point.psi) / problem.T)
    spatial = [point.rho] if problem.logdet_w is not None else []
    theta = np.array([*beta, *spatial, point.lam, phi, point.sse / n])
    bound = "phi" in optimum.at_bound
    free = np.array([k for k in range(len(theta)) if not (bound and k == len(theta) - 2)])
    # What a step is measured by where a parameter is next to nothing: none of it depends on the units of the data.
    A, _ = problem.cross_products(point.lam, point.psi)
    ends = [d.interval for d in (problem.logdet_w, problem.logdet_m) if d is not None]
    least = [*np.sqrt(theta[-1] / np.diag(A)[2:]), *(1e-2 * min(-low, high) for low, high in ends), 1e-2, 0.0]
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
