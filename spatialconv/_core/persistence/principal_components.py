"""Standard errors and critical values from spatial correlation principal components (Mueller and Watson 2022, 2023)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import gammaln
from scipy.stats import t as student

from spatialconv._core.persistence.kernel import Projector, both_sides, decays, demean, leading
from spatialconv._core.persistence.quadratic import exact_exceedance, exceedance

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

# The average correlation at the weak end of those that the critical value holds for, and the step between two decays.
LEAST, FACTOR = 0.00001, 1.2
# The number of components makes intervals of this level short.
CHOSEN_AT = 0.05


@dataclass(frozen=True, eq=False)
class Components:
    """W, shape (n, q + 1): the constant and q principal components, each of length one; decays held against.

    The last decay is infinite, no correlation at all: for it critical values are those of Student's t.
    """

    W: FloatArray
    distance: FloatArray
    decays: FloatArray

    @property
    def q(self) -> int:
        """Number of principal components."""
        return int(self.W.shape[1]) - 1


def components(distance: FloatArray, correlation: float) -> Components:
    """Return the components for an average correlation of at most `correlation`, as many as make intervals short."""
    n = len(distance)
    c0, last = decays(distance, [correlation, LEAST])
    count = max(2, int(np.ceil(np.log(last / c0) / np.log(FACTOR))))
    held = np.append(c0 * FACTOR ** np.arange(count), np.inf)
    most: int = next(size for least, size in ((0.05, 10), (0.01, 20), (0.005, 60), (0.0, 120)) if correlation >= least)
    sigma = both_sides(np.exp(-c0 * distance), demean)
    while True:
        most = min(most, n - 1)
        W = np.column_stack([np.full(n, n**-0.5), leading(sigma, most)])
        omegas = covariances(distance, held, W)
        q: int = shortest(omegas)
        if q < most or most == n - 1:
            return Components(W[:, : q + 1], distance, held)
        most += most // 2


def covariances(distance: FloatArray, held: FloatArray, W: FloatArray) -> FloatArray:
    """Return W' exp(-c d) W for every decay c of `held`, shape (decays, k, k)."""
    return np.stack([W.T @ (W if np.isinf(c) else np.exp(-c * distance) @ W) for c in held])


def shortest(omegas: FloatArray) -> int:
    """Return the number of components whose interval is shortest on average where nothing is correlated."""
    sizes = np.arange(1, omegas.shape[-1])
    values = np.array([critical(omegas[:, : q + 1, : q + 1], CHOSEN_AT) for q in sizes])
    length = np.log(values) + gammaln((sizes + 1) / 2) - gammaln(sizes / 2) - 0.5 * np.log(sizes)
    return int(sizes[np.argmin(length)])


def critical(omegas: FloatArray, level: float) -> float:
    """Return the value that |t| exceeds with probability `level` at most, under every covariance."""
    q = omegas.shape[-1] - 1

    def excess(value: float) -> float:
        return float(exceedance(omegas, value**2 / q).max()) - level

    low = 0.5 * float(student.ppf(1 - level / 2, q))
    while excess(low) < 0:
        low /= 2
    high = 2 * low
    while excess(high) > 0:
        low, high = high, 2 * high
    return float(brentq(excess, low, high, xtol=1e-10, rtol=1e-12))


def p_value(omegas: FloatArray, t: float) -> float:
    """Return the largest probability, over all covariances, that |t| is as large as it is."""
    q = omegas.shape[-1] - 1
    return float(exact_exceedance(omegas, t**2 / q).max())


def conditional(W: FloatArray, x: FloatArray, place: IntArray, project: Projector) -> FloatArray:
    """Return the components as the scores of a regression have them given its regressors, shape (n, q + 1).

    x, shape (rows,), is a regressor's row of (X'X)^-1 X'; rows of one place are one cluster; `project` takes the
    regressors (and effects) out. The errors of a place are x / |x| times one spatial error (Mueller and Watson 2023):
    the sign of x with one row a place.
    """
    n = len(W)
    norm = np.sqrt(np.bincount(place, weights=x**2, minlength=n))[place]
    unit = np.divide(x, norm, out=np.zeros_like(x), where=norm > 0)
    spread = W[place] * unit[:, None]
    spread[:, 1:] = project(spread[:, 1:])
    spread *= x[:, None]
    return np.stack([np.bincount(place, weights=column, minlength=n) for column in spread.T], axis=1)
