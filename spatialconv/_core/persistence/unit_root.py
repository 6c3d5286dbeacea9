"""Low-frequency tests of a spatial unit root and of its absence (Mueller and Watson 2024)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh
from scipy.optimize import brentq

from spatialconv._core.persistence.kernel import Projector, both_sides, brownian, decays, inside, leading
from spatialconv._core.persistence.quadratic import positive_probability

FloatArray = npt.NDArray[np.float64]

# The alternatives are those that the tests at this level find in half of the samples.
LEVEL, POWER = 0.05, 0.5
# Average correlation that stands for none in the statistic of the test of no unit root, and those of its null.
WEAK = 0.001
NULLS = np.linspace(0.0001, 0.03, 30)
# Average correlations between which the decay of the alternative to a unit root is looked for.
STRONG, NONE = 0.999, 1e-6


@dataclass(frozen=True, eq=False)
class Frequencies:
    """What the tests need of places and regressors: R, shape (n, q), and covariances of R'y, shape (q, q).

    `unit_root` is that of Levy's Brownian motion, `weak` those of exponential kernels by their average correlation.
    Distances are over their largest.
    """

    distance: FloatArray
    R: FloatArray
    unit_root: FloatArray
    weak: Mapping[float, FloatArray]

    def exponential(self, c: float) -> FloatArray:
        """Return the covariance of R'y under the kernel exp(-c d)."""
        return inside(self.distance, c, self.R)

    def lowest(self, q: int) -> Frequencies:
        """Return the q lowest of these frequencies."""
        weak = {rho: omega[:q, :q] for rho, omega in self.weak.items()}
        return Frequencies(self.distance, self.R[:, :q], self.unit_root[:q, :q], weak)


@dataclass(frozen=True, eq=False)
class Ratio:
    """A likelihood ratio test of several samples: statistics and p, shape (m,); its alternative, and its power there.

    `alternative` is the decay c of the kernel, or the variance g of the unit root.
    """

    statistic: FloatArray
    p_value: FloatArray
    alternative: float
    power: float


def frequencies(distance: FloatArray, project: Projector, q: int) -> Frequencies:
    """Return the q leading eigenvectors of Levy's Brownian motion once regressors are out of it.

    `project` takes out what the regression has taken out of y. R lies in the space that it leaves, so that R'y needs no
    further projection.
    """
    sigma = both_sides(brownian(distance), project)
    R = leading(sigma, q)
    root = np.asarray(R.T @ sigma @ R)
    del sigma
    order = np.sort(np.append(NULLS, WEAK))[::-1]  # as `decays` would have them
    found = zip(order.tolist(), decays(distance, order), strict=True)
    return Frequencies(distance, R, root, {rho: inside(distance, float(c), R) for rho, c in found})


def of_unit_root(f: Frequencies, x: FloatArray, alternative: float | None = None) -> Ratio:
    """Test the unit root against the kernel exp(-c d), x being R'y of shape (q, m); c found unless given."""
    null = f.unit_root
    c = _decay_of_alternative(f) if alternative is None else alternative
    other = f.exponential(c)
    value = ratio(x, null, other)
    gain = gains(null, other)
    return Ratio(value, positive_probability(1 - value[:, None] * gain), c, _power(null, other))


def of_no_unit_root(f: Frequencies, x: FloatArray, alternative: float | None = None) -> Ratio:
    """Test weak dependence against a unit root on top of it, of variance g; p is the largest over the nulls."""
    null = f.weak[WEAK]
    g = _variance_of_alternative(null, f.unit_root) if alternative is None else alternative
    other = null + g * f.unit_root
    value = ratio(x, null, other)
    return Ratio(value, _largest_p(f, value, other), g, _power(null, other))


def _largest_p(f: Frequencies, value: FloatArray, other: FloatArray) -> FloatArray:
    """Return the largest probability, over all weak nulls, that the ratio exceeds each value, shape (m,)."""
    one, two = np.linalg.inv(f.weak[WEAK]), np.linalg.inv(other)
    p = np.zeros(len(value))
    for correlation in NULLS.tolist():
        L = np.linalg.cholesky(f.weak[correlation])
        forms = L.T @ one @ L - value[:, None, None] * (L.T @ two @ L)
        p = np.maximum(p, positive_probability(np.linalg.eigvalsh(forms)))
    return p


def critical_of_no_unit_root(f: Frequencies, alternative: float, level: float = LEVEL) -> float:
    """Return the value that the ratio exceeds with probability `level` at most under every weak null."""
    other = f.weak[WEAK] + alternative * f.unit_root
    excess: Callable[[float], float] = lambda x: float(_largest_p(f, np.array([x]), other)[0]) - level  # noqa: E731
    low = high = critical(gains(f.weak[WEAK], other), level)
    while excess(high) > 0:
        high *= 1.5
    while excess(low) < 0:
        low /= 1.5
    return _root(excess, low, high)


def ratio(x: FloatArray, null: FloatArray, other: FloatArray) -> FloatArray:
    """Return x' null^-1 x over x' other^-1 x for x of shape (q, m), shape (m,)."""
    squares = [(x * np.linalg.solve(omega, x)).sum(axis=0) for omega in (null, other)]
    return np.asarray(squares[0] / squares[1])


def gains(null: FloatArray, other: FloatArray) -> FloatArray:
    """Return the eigenvalues of other^-1 null: variances under the null in units of those under the alternative."""
    return np.asarray(eigh(null, other, eigvals_only=True))


def critical(gain: FloatArray, level: float = LEVEL) -> float:
    """Return the value that the ratio exceeds with probability `level` under its null, simple."""
    low, high = 1 / gain.max(), 1 / gain.min()
    return _root(lambda x: float(positive_probability(1 - x * gain)) - level, low, high)


def _power(null: FloatArray, other: FloatArray) -> float:
    gain = gains(null, other)
    return float(positive_probability(1 / gain - critical(gain)))


def _decay_of_alternative(f: Frequencies) -> float:
    """Return c of the alternative found in half of the samples; that of no correlation if none is found so often."""
    low, high = decays(f.distance, [STRONG, NONE])
    excess: Callable[[float], float] = lambda x: _power(f.unit_root, f.exponential(np.exp(x))) - POWER  # noqa: E731
    if excess(np.log(high)) < 0:
        return float(high)
    return float(np.exp(_root(excess, np.log(low), np.log(high), close=1e-7)))


def _variance_of_alternative(null: FloatArray, unit_root: FloatArray) -> float:
    """Return g of the alternative found in half of the samples; the largest tried if none is found so often."""
    scale = np.trace(null) / np.trace(unit_root)
    excess: Callable[[float], float] = lambda x: _power(null, null + np.exp(x) * unit_root) - POWER  # noqa: E731
    low, high = np.log(scale) - 12, np.log(scale) + 12
    if excess(high) < 0:
        return float(np.exp(high))
    return float(np.exp(_root(excess, low, high, close=1e-7)))


def _root(of: Callable[[float], float], low: float, high: float, close: float = 1e-12) -> float:
    return float(brentq(of, low, high, xtol=close * max(1.0, abs(high)), rtol=1e-12, maxiter=200))
