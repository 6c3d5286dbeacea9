"""Instruments judged: strength, overidentification, and sets that hold however weak they are.

All is in coordinates on Q, an orthonormal basis of the excluded instruments once the exogenous regressors are out:
g = Q'[y, Y], shape (q, 1 + p), for the outcome y and p endogenous regressors Y, and what Q leaves, E (n, 1 + p).
With v = (1, -d), the statistic of Anderson and Rubin (1949, Annals of Mathematical Statistics 20) for coefficients d is

    AR(d) = (g v)'(g v) / q / ((E v)'(E v) / rest),

or (g v)' S^-1 (g v) / q where S, the variance of Q'E v, does not suppose equal variances. Its set has the d that are
not rejected: for one coefficient a quadratic inequality, and so an interval, two half-lines, everything or nothing. For
one of several coefficients the others take their best values, and q - p + 1 degrees of freedom are left (Guggenberger,
Kleibergen, Mavroeidis and Chen 2012, Econometrica 80), which holds under equal variances only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.linalg as la
from scipy import stats

from spatialconv._core.regression.two_stage import Meat

FloatArray = npt.NDArray[np.float64]
Stretches = tuple[tuple[float, float], ...]
LINE: Stretches = ((-np.inf, np.inf),)

# An eigenvalue is a real root if its imaginary part is less than this share of it.
REAL = 1e-7
# Smallest eigenvalue of a variance, as a share of the largest, with which it can be inverted.
REGULAR = 1e-12
# Halvings of a step at an end of a set that is looked for.
HALVINGS = 40


@dataclass(frozen=True)
class Reduced:
    """Outcome and endogenous regressors in coordinates on the excluded instruments; see the module's text.

    `shape` is (T, N) of the sample, `rest` the observations left by effects, exogenous regressors and instruments.
    """

    Q: FloatArray
    g: FloatArray
    E: FloatArray
    rest: int
    shape: tuple[int, int]

    @classmethod
    def of(cls, values: FloatArray, Qx: FloatArray, Q: FloatArray, dof: int, shape: tuple[int, int]) -> Reduced:
        """Reduce values (n, 1 + p), the outcome first, given bases of exogenous regressors and instruments."""
        left = values - Qx @ (Qx.T @ values)
        g = Q.T @ left
        return cls(Q, g, left - Q @ g, dof - Qx.shape[1] - Q.shape[1], shape)

    @property
    def q(self) -> int:
        """Excluded instruments."""
        return int(self.Q.shape[1])

    @property
    def p(self) -> int:
        """Endogenous regressors."""
        return int(self.g.shape[1]) - 1

    def variance(self, e: FloatArray, meat: Meat | None, Q: FloatArray | None = None) -> FloatArray:
        """Return the variance of Q'e, shape (q, q), from residuals e (n,)."""
        Q = self.Q if Q is None else Q
        if meat is None:
            return np.asarray(np.eye(Q.shape[1]) * float(e @ e) / self.rest)
        return np.asarray(meat(Q, e.reshape(self.shape)))


@dataclass(frozen=True)
class Strength:
    """First stage of one endogenous regressor: F, and the conditional F of Sanderson and Windmeijer (2016).

    The latter asks what the instruments say of it beyond what they say of the other endogenous regressors; of one
    alone it is F. `partial_rsquared` is the share of its variance, exogenous regressors out, that they explain.
    """

    f: float
    df: tuple[int, int]
    partial_rsquared: float
    conditional: float
    conditional_df: tuple[int, int]


@dataclass(frozen=True)
class Overidentified:
    """Sargan's (equal variances) or Hansen's J: whether instruments beyond the number needed agree; NaN with none."""

    statistic: float
    df: int
    robust: bool

    @property
    def p(self) -> float:
        """Upper tail of chi-squared."""
        return float(stats.chi2.sf(self.statistic, self.df)) if self.df else float("nan")


def strengths(r: Reduced, meat: Meat | None) -> tuple[Strength, ...]:
    """Return the first stage of each endogenous regressor (Journal of Econometrics 190, 212-221)."""
    found = []
    g, E, q, p = r.g[:, 1:], r.E[:, 1:], r.q, r.p
    for j in range(p):
        others = np.delete(np.arange(p), j)
        whole, size = float(g[:, j] @ g[:, j]), float(E[:, j] @ E[:, j])
        f = wald(g[:, j], r.variance(E[:, j], meat)) / q
        # What the instruments say of the others is taken out; under equal variances that is their residual regression.
        free = la.qr(g[:, others])[0][:, p - 1 :] if p > 1 else np.eye(q)
        delta = la.lstsq(g[:, others], g[:, j])[0] if p > 1 else np.zeros(0)
        e = E[:, j] - E[:, others] @ delta
        conditional = wald(free.T @ g[:, j], r.variance(e, meat, r.Q @ free)) / max(q - p + 1, 1)
        found.append(Strength(f, (q, r.rest), whole / (whole + size), conditional, (q - p + 1, r.rest)))
    return tuple(found)


def wald(g: FloatArray, variance: FloatArray) -> float:
    """Return g' variance^-1 g; NaN where the variance is singular, as with fewer clusters than instruments."""
    if not regular(variance):
        return float("nan")
    return float(g @ np.linalg.solve(variance, g))


def regular(variance: FloatArray) -> bool:
    """Whether a variance can be inverted."""
    if not np.isfinite(variance).all():
        return False
    values = np.linalg.eigvalsh(variance)
    return bool(len(values) == 0 or values[0] > REGULAR * max(float(values[-1]), 0.0))


def overidentified(
    Q: FloatArray, y: FloatArray, Z: FloatArray, e: FloatArray, dof: int, meat: Meat | None, shape: tuple[int, int]
) -> Overidentified:
    """Test that all instruments, of orthonormal basis Q (n, l), are valid, from residuals e (n,) of two-stage squares.

    Sargan's (1958, Econometrica 26) under equal variances; else Hansen's (1982, Econometrica 50), the least value of
    the moments weighed by the inverse of their variance at e.
    """
    df = Q.shape[1] - Z.shape[1]
    if df == 0:
        return Overidentified(float("nan"), 0, meat is not None)
    if meat is None:
        m = Q.T @ e
        return Overidentified(float(m @ m) / (float(e @ e) / dof), df, False)
    S = meat(Q, e.reshape(shape))
    if not regular(S):
        return Overidentified(float("nan"), df, True)
    root = la.cholesky(S, lower=True)
    m, B = (la.solve_triangular(root, Q.T @ a, lower=True) for a in (y, Z))
    left = m - B @ la.lstsq(B, m)[0]
    return Overidentified(float(left @ left), df, True)


def anderson_rubin(r: Reduced, d: FloatArray, meat: Meat | None) -> float:
    """Return AR(d) for all endogenous coefficients d (p,) together, an F of q and rest degrees of freedom."""
    v = np.r_[1.0, -d]
    return wald(r.g @ v, r.variance(r.E @ v, meat)) / r.q


def at_infinity(r: Reduced, meat: Meat | None) -> float:
    """Return the limit of AR(d) as the only coefficient grows: the F of the first stage."""
    return wald(r.g[:, 1], r.variance(r.E[:, 1], meat)) / r.q


def quantile(level: float, q: int, rest: int) -> float:
    """Return the value that an F of q and rest degrees of freedom exceeds with probability 1 - level."""
    return float(stats.f.ppf(level, q, rest))


def sets(r: Reduced, level: float, meat: Meat | None) -> tuple[Stretches | None, ...]:
    """Return the set of each endogenous coefficient; None where there is none of its kind.

    That is under unequal variances with several of them, or where the variance cannot be inverted.
    """
    if meat is None:
        df = r.q - r.p + 1
        B = r.g.T @ r.g - df * quantile(level, df, r.rest) / r.rest * (r.E.T @ r.E)
        return tuple(_projected(B, j) for j in range(r.p))
    if r.p > 1:
        return (None,) * r.p
    return (_robust(r, level, meat),)


def profiled(r: Reduced, j: int, values: FloatArray) -> FloatArray:
    """Return AR over q - p + 1 at values of coefficient j, the others taken where it is least, under equal variances.

    Its least over the others is the smallest eigenvalue of the two quadratic forms in (1, -d).
    """
    df = r.q - r.p + 1
    up, down = r.g.T @ r.g, r.E.T @ r.E
    others = np.delete(np.arange(1, r.p + 1), j)
    found = []
    for value in values:
        basis = np.zeros((r.p + 1, 1 + len(others)))
        basis[0, 0], basis[1 + j, 0] = 1.0, -value
        basis[others, np.arange(1, 1 + len(others))] = 1.0
        least = la.eigh(basis.T @ up @ basis, basis.T @ down @ basis, eigvals_only=True)[0]
        found.append(least * r.rest / df)
    return np.array(found)


def _projected(B: FloatArray, j: int) -> Stretches:
    """Return the values of coefficient j with which some others make (1, -d)'B(1, -d) zero or less."""
    keep, others = np.array([0, 1 + j]), np.delete(np.arange(1, len(B)), j)
    if len(others):
        inner = B[np.ix_(others, others)]
        # Where it falls without end in the others, it is below zero somewhere whatever coefficient j is.
        if np.linalg.eigvalsh(inner)[0] <= 0:
            return LINE
        cross = B[np.ix_(keep, others)]
        B = B[np.ix_(keep, keep)] - cross @ np.linalg.solve(inner, cross.T)
    return quadratic(float(B[1, 1]), float(B[0, 1]), float(B[0, 0]))


def quadratic(a: float, b: float, c: float) -> Stretches:
    """Return where a x^2 - 2 b x + c is zero or less."""
    root = b * b - a * c
    if a == 0:
        if b == 0:
            return LINE if c <= 0 else ()
        end = c / (2 * b)
        return ((end, np.inf),) if b > 0 else ((-np.inf, end),)
    if root < 0:
        return () if a > 0 else LINE
    # The root of larger size by a sum, the other by their product: no difference of near numbers.
    large = b + np.copysign(np.sqrt(root), b)
    ends = sorted((large / a, c / large)) if large != 0 else [0.0, 0.0]
    low, high = float(ends[0]), float(ends[1])
    return ((low, high),) if a > 0 else ((-np.inf, low), (high, np.inf))


def _robust(r: Reduced, level: float, meat: Meat) -> Stretches | None:
    """Return the set of the only coefficient d under unequal variances.

    S is quadratic in d, and AR(d) = c where the determinant of [[S(d), g(d)], [g(d)', q c]], a polynomial in d, is
    zero: its roots are the eigenvalues of a companion pencil.
    """
    q, c = r.q, r.q * quantile(level, r.q, r.rest)
    size = float(np.linalg.norm(r.E[:, 0]) / np.linalg.norm(r.E[:, 1]))
    y, x = r.E[:, 0], size * r.E[:, 1]
    S0, up, down = (np.asarray(meat(r.Q, e.reshape(r.shape))) for e in (y, y - x, y + x))
    S1, S2 = (up - down) / 2, (up + down) / 2 - S0
    if not (regular(S0) and regular(S2)):
        return None
    border = r.g * np.array([1.0, -size])
    P = [np.zeros((q + 1, q + 1)) for _ in range(3)]
    for place, S in enumerate((S0, S1, S2)):
        P[place][:q, :q] = S
    for place in (0, 1):
        P[place][:q, q] = P[place][q, :q] = border[:, place]
    # In units of S0's size, so that the pencil is balanced.
    unit = float(np.trace(S0)) / q
    scale = np.r_[np.full(q, 1 / np.sqrt(unit)), 1.0]
    P = [scale[:, None] * part * scale for part in P]
    P[0][q, q] = c
    zero, eye = np.zeros((q + 1, q + 1)), np.eye(q + 1)
    roots = la.eigvals(np.block([[zero, eye], [-P[0], -P[1]]]), np.block([[eye, zero], [zero, P[2]]]))
    roots = roots[np.isfinite(roots)]
    real = np.sort(roots[np.abs(roots.imag) <= REAL * (1 + np.abs(roots))].real)

    def kept(t: float) -> bool:
        value = anderson_rubin(r, np.array([t * size]), meat)
        # A variance that is none (unmixed ones may be negative) rejects nothing.
        return bool(np.isnan(value) or r.q * value <= c)

    return tuple((a * size, b * size) for a, b in stretches(real, kept))


def stretches(ends: FloatArray, kept: Callable[[float], bool]) -> Stretches:
    """Return the stretches between sorted ends, and beyond them, of which a point inside is kept; neighbours joined."""
    if len(ends) == 0:
        return LINE if kept(0.0) else ()
    reach = float(np.ptp(ends)) + float(np.abs(ends).max()) + 1.0
    inner = (ends[:-1] + ends[1:]) / 2
    points = np.r_[ends[0] - reach, inner, ends[-1] + reach]
    limits = np.r_[-np.inf, ends, np.inf]
    found: list[tuple[float, float]] = []
    for k, point in enumerate(points):
        if not kept(float(point)):
            continue
        if found and found[-1][1] == limits[k]:
            found[-1] = (found[-1][0], float(limits[k + 1]))
        else:
            found.append((float(limits[k]), float(limits[k + 1])))
    return tuple(found)


def searched(
    statistic: Callable[[float], float], limit: float, critical: float, centre: float, scale: float, points: int = 81
) -> Stretches:
    """Return where a statistic of one coefficient is at most critical, looked for on the whole line.

    Asked are centre + scale tan(theta) at even angles, `limit` being its value at both ends of the line, and the
    angle at which it crosses is found by bisection: a stretch narrower than a step may be missed.
    """
    angles = np.pi * (np.arange(1, points) / points - 0.5)

    def inside(theta: float) -> bool:
        value = statistic(centre + scale * float(np.tan(theta)))
        return bool(np.isnan(value) or value <= critical)

    every = np.r_[-np.pi / 2, np.sort(np.r_[angles, 0.0]), np.pi / 2]
    every = np.unique(every)
    state = [limit <= critical, *(inside(float(a)) for a in every[1:-1]), limit <= critical]
    found: list[tuple[float, float]] = []
    start: float | None = -np.inf if state[0] else None
    for k in range(len(every) - 1):
        if state[k] == state[k + 1]:
            continue
        a, b = float(every[k]), float(every[k + 1])
        for _ in range(HALVINGS):
            middle = (a + b) / 2
            a, b = (middle, b) if inside(middle) == state[k] else (a, middle)
        end = centre + scale * float(np.tan((a + b) / 2))
        if start is None:
            start = end
        else:
            found.append((start, end))
            start = None
    if start is not None:
        found.append((start, np.inf))
    return tuple(found)
