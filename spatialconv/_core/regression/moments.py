"""Generalised moments of a spatial error process u = lambda M u + e.

With v = M u, z = M v, e = u - lambda v and its lag w = v - lambda z, equal variances give three moments,

    E e'e = sigma2 n,   E w'w = sigma2 tr(M'M),   E w'e = sigma2 tr(M),

Kelejian and Prucha (1998, Journal of Real Estate Finance and Economics 17; 1999, International Economic Review 40).
They are quadratic in lambda and linear in the variances,

    m(lambda, s) = g - G1 lambda - G2 lambda^2 - S s,

so that a quadratic form in them, with s concentrated out, is a polynomial of degree four in lambda, whose least
value is found among the roots of a cubic: no search, no starting value, no dependence on the unit of the data.

Effects. Region effects leave the deviations from each region's mean, with n (T - 1) observations (Mutl and
Pfaffermayr 2011, Econometrics Journal 14). Time effects leave P = I - 11'/n of each period: with rows of M that sum
to one, P M = P M P, and the traces become those of M'P M and M'P. Random effects inside the error process add the
same three moments of the means, with a variance of their own, sigma1^2 = sigma2 + T sigma_mu^2 (Kapoor, Kelejian and
Prucha 2007, Journal of Econometrics 140).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.linalg as la
import scipy.sparse as sp

FloatArray = npt.NDArray[np.float64]

# What rounding leaves of a zero eigenvalue of the moments' variance, as a share of the largest.
DEPENDENT = 1e-9


class System(NamedTuple):
    """Moments m = g - by_lam lambda - by_square lambda^2 - by_variance s; shapes (m,), (m,), (m,), (m, p)."""

    g: FloatArray
    by_lam: FloatArray
    by_square: FloatArray
    by_variance: FloatArray

    def at(self, lam: float, variances: FloatArray) -> FloatArray:
        """Return the moments."""
        return np.asarray(self.g - lam * self.by_lam - lam**2 * self.by_square - self.by_variance @ variances)

    def jacobian(self, lam: float) -> FloatArray:
        """Return their derivatives with respect to (lambda, variances), shape (m, 1 + p)."""
        return -np.column_stack([self.by_lam + 2 * lam * self.by_square, self.by_variance])


class Solution(NamedTuple):
    """The point where the quadratic form in the moments is least, its value and slope there."""

    lam: float
    variances: FloatArray
    value: float
    slope: float
    at_bound: bool


class LinkTraces(NamedTuple):
    """tr(M'PM), tr(M'P) and the matrix T_M of the moments' variance, each over n."""

    square: float
    own: float
    variance: FloatArray


def link_traces(M: sp.csr_array, *, demeaned: bool) -> LinkTraces:
    """Return the traces that the moments need; with `demeaned`, P takes the mean over the regions out.

    T_M is the variance of (e'e, w'w, w'e) over n sigma^4 for normal errors (Kapoor, Kelejian and Prucha 2007);
    the demeaning moves it by terms of order 1/n, which are left out.
    """
    n = M.shape[0]
    square, own = float((M.data**2).sum()), float(M.diagonal().sum())
    if demeaned:
        columns = np.asarray(M.sum(axis=0)).ravel()
        square -= float(columns @ columns) / n
        own -= float(columns.sum()) / n
    MM = sp.csr_array(M.T @ M)
    t12 = 2 * float((M.data**2).sum()) / n
    t22 = 2 * float((MM.data**2).sum()) / n
    t23 = 2 * float(MM.multiply(M).sum()) / n
    t33 = float(M.multiply(M.T).sum() + (M.data**2).sum()) / n
    return LinkTraces(square / n, own / n, np.array([[2.0, t12, 0.0], [t12, t22, t23], [0.0, t23, t33]]))


def equal_variances(u: FloatArray, v: FloatArray, z: FloatArray, traces: LinkTraces, dof: int, share: float) -> System:
    """Return the three moments per observation; u, v and z have the same shape and the effects removed.

    `share` is n periods over dof: how many times the traces over n enter, per observation.
    """
    uu, uv, vv, uz, vz, zz = (float((a * b).sum()) / dof for a, b in ((u, u), (u, v), (v, v), (u, z), (v, z), (z, z)))
    return System(
        np.array([uu, vv, uv]),
        np.array([2 * uv, 2 * vz, uz + vv]),
        -np.array([vv, zz, vz]),
        np.array([[1.0], [traces.square * share], [traces.own * share]]),
    )


def inverse_root(variance: FloatArray) -> FloatArray:
    """Return R, shape (rank, m), with R'R the inverse of the moments' variance, on what it has.

    Moments are dependent, and their variance is singular, where M'M is a combination of I and M + M' (equal weights
    within groups of equal size): what the combination says holds whatever lambda is, and is left out.
    """
    scale = 1 / np.sqrt(np.diag(variance))
    values, vectors = np.linalg.eigh(variance * np.outer(scale, scale))
    kept = values > DEPENDENT * values[-1]
    return np.asarray((vectors[:, kept] / np.sqrt(values[kept])).T * scale)


def stacked(within: System, between: System) -> System:
    """Return the moments of two samples that share lambda but not the variance."""
    apart = la.block_diag(within.by_variance, between.by_variance)
    g, by_lam, by_square = (np.concatenate([a, b]) for a, b in zip(within[:3], between[:3], strict=True))
    return System(g, by_lam, by_square, apart)


def minimise(system: System, root: FloatArray | None, interval: tuple[float, float]) -> Solution:
    """Minimise m'R'R m over lambda in the interval and over the variances; R is the identity if not given."""
    R = np.eye(len(system.g)) if root is None else root
    g, first, second, S = R @ system.g, R @ system.by_lam, R @ system.by_square, R @ system.by_variance
    Q = np.linalg.qr(S)[0] if S.shape[1] else S
    g, first, second = (a - Q @ (Q.T @ a) for a in (g, first, second))
    # Ascending coefficients of |g - first lambda - second lambda^2|^2.
    form = np.polynomial.Polynomial(
        [g @ g, -2 * first @ g, first @ first - 2 * second @ g, 2 * first @ second, second @ second]
    )
    slope = form.deriv()
    candidates = [x for x in _real_roots(slope) if interval[0] < x < interval[1]]
    lam = min([*candidates, *interval], key=lambda x: _squared(g, first, second, x))
    variances = la.lstsq(S, R @ (system.g - lam * system.by_lam - lam**2 * system.by_square))[0]
    value = _squared(g, first, second, lam)
    # Relative to the size of the moments, so that it does not depend on the unit of the data.
    return Solution(lam, variances, value, float(abs(slope(lam))) / max(float(g @ g), 1e-300), lam in interval)


def _squared(g: FloatArray, first: FloatArray, second: FloatArray, lam: float) -> float:
    m = g - lam * first - lam**2 * second
    return float(m @ m)


def _real_roots(polynomial: np.polynomial.Polynomial) -> list[float]:
    scaled = polynomial / max(np.abs(polynomial.coef).max(), 1e-300)
    curve, roots = scaled.deriv(), []
    for root in scaled.roots():
        if abs(root.imag) > 1e-6 * (1 + abs(root.real)):
            continue
        x = float(root.real)
        for _ in range(3):
            bend = float(curve(x))
            x -= float(scaled(x)) / bend if bend != 0 else 0.0
        roots.append(x)
    return roots


def slopes(e: FloatArray, w: FloatArray, Z: FloatArray, V: FloatArray, dof: int) -> FloatArray:
    """Return the derivatives of the three moments with respect to the coefficients of Z, shape (k, 3).

    e, Z (..., k) and their lags by M, w and V, are filtered and without effects.
    """
    Z, V, e, w = Z.reshape(e.size, -1), V.reshape(e.size, -1), e.ravel(), w.ravel()
    return -np.column_stack([2 * Z.T @ e, 2 * V.T @ w, V.T @ e + Z.T @ w]) / dof


def influence(system: System, lam: float, weight: FloatArray) -> FloatArray:
    """Return L with (lambda, variances) - truth = -L (moments at the truth), shape (1 + p, m)."""
    D = system.jacobian(lam)
    return np.asarray(np.linalg.solve(D.T @ weight @ D, D.T @ weight))
