"""Log-determinant of I - rho W: set up once, evaluated many times.

Every method is an object with `value`, `derivative` and `second` at rho, all vectorised over rho, and the
`interval` of rho in which I - rho W is regular around zero (LeSage and Pace 2009, section 4.3.2):

    log|I - rho W|             = sum_i log(1 - rho w_i)
    d/d rho  log|I - rho W|    = -tr(W (I - rho W)^-1)
    d2/d rho2 log|I - rho W|   = -tr([W (I - rho W)^-1]^2)

`Eigen` is exact and takes all eigenvalues. `Factored` factorises I - rho W at few points and interpolates; the
search for the optimum asks it for a finer polynomial around where it stands, until the polynomial is as good as
the factorisation itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from numpy.polynomial import chebyshev
from scipy.linalg import eigvalsh, lu_factor, lu_solve

from spatialconv._core.space.weights_algebra import (
    admissible_interval,
    blocks,
    row_sums,
    spectral_radius,
    symmetric_twin,
)

FloatArray = npt.NDArray[np.float64]
Rho = float | FloatArray

# Up to this many regions all eigenvalues are cheaper than a dozen sparse factorisations.
EIGEN_AT_MOST = 400
# Beyond, weights with this share of all links leave nothing sparse in their factors: LAPACK factorises them ten times
# faster, and eigenvalues of a symmetric twin cost less than three factorisations up to the second number.
FULL, TWIN_AT_MOST = 0.05, 8000
# The columns of weights have few entries in common: supernodes and panels cost more than they save.
SETTINGS: dict[str, Any] = {
    "options": {"SymmetricMode": True},
    "diag_pivot_thresh": 0.01,
    "relax": 1,
    "panel_size": 1,
}
# Factorisations of the interpolation over the whole interval, those added around the optimum, and of a window's own.
COARSE, NEARER, FINE = 5, 2, 5
# From this many regions two factorisations run at the same time: SuperLU works outside the interpreter's lock. No more
# than two, since the factors of each stand in memory; below it a thread costs what it saves.
SIDE_BY_SIDE = 5_000
# Half-widths of the neighbourhood to which nodes are added and of the last window, and the share of the way to an end
# of the interval that the last one may take: rho to 1e-8 and standard errors to 1e-6 want it narrow, rounding wide.
ROUGH, NARROW, NEAR = 0.05, 0.001, 0.02


class LogDet(Protocol):
    """What the likelihood needs to know of W."""

    @property
    def name(self) -> str:
        """The method, in words."""
        ...

    @property
    def interval(self) -> tuple[float, float]:
        """Where I - rho W is regular around zero."""
        ...

    def value(self, rho: Rho) -> Rho:
        """Return log|I - rho W|."""
        ...

    def derivative(self, rho: Rho) -> Rho:
        """Return the first derivative, -tr(G) with G = W (I - rho W)^-1."""
        ...

    def second(self, rho: Rho) -> Rho:
        """Return the second derivative, -tr(G G)."""
        ...

    @property
    def window(self) -> tuple[float, float]:
        """Where its values are to be trusted."""
        ...

    @property
    def exact(self) -> tuple[bool, bool]:
        """Whether the lower and the upper end of the interval are exact, not only guaranteed to lie inside."""
        ...

    def whole(self) -> LogDet:
        """Return an object for the whole interval, to begin with; itself where it is exact."""
        ...

    def nearer(self, rho: float) -> LogDet:
        """Return an object that is better around rho, not yet good; itself where it is exact."""
        ...

    def around(self, rho: float, half_width: float) -> LogDet:
        """Return an object as good as exact around rho; itself where it is exact."""
        ...

    def widened(self) -> LogDet:
        """Return an object whose interval has exact ends."""
        ...

    @property
    def roots(self) -> npt.NDArray[np.complex128]:
        """The eigenvalues of W as far as they are known; the search for the optimum follows them."""
        ...

    @property
    def said(self) -> str:
        """What a result must say of it; empty where it is exact."""
        ...


@dataclass(frozen=True)
class Eigen:
    """Log-determinant from the eigenvalues of W (Ord 1975), exact; O(n^3) once, O(n) a value."""

    eigenvalues: npt.NDArray[np.complex128]
    interval: tuple[float, float]
    name: str = "eigenvalues"

    @classmethod
    def of(cls, W: sp.csr_array) -> Eigen:
        """Compute the eigenvalues of W, shape (N, N)."""
        return cls(eigenvalues(W), searched(W))

    def value(self, rho: Rho) -> Rho:
        """Return log|I - rho W|."""
        return _sum(np.log(np.abs(self._terms(rho))))

    def derivative(self, rho: Rho) -> Rho:
        """Return -tr(G)."""
        return -_sum(np.real(self.eigenvalues / self._terms(rho)))

    def second(self, rho: Rho) -> Rho:
        """Return -tr(G G)."""
        return -_sum(np.real((self.eigenvalues / self._terms(rho)) ** 2))

    @property
    def window(self) -> tuple[float, float]:
        """Everywhere."""
        return self.interval

    @property
    def exact(self) -> tuple[bool, bool]:
        """Both: all eigenvalues are known."""
        return True, True

    def whole(self) -> Eigen:
        """Return itself."""
        return self

    def nearer(self, rho: float) -> Eigen:  # noqa: ARG002
        """Return itself."""
        return self

    def around(self, rho: float, half_width: float) -> Eigen:  # noqa: ARG002
        """Return itself: it is exact everywhere."""
        return self

    def widened(self) -> Eigen:
        """Return itself."""
        return self

    @property
    def roots(self) -> npt.NDArray[np.complex128]:
        """All of them."""
        return self.eigenvalues

    @property
    def said(self) -> str:
        """Nothing: it is exact."""
        return ""

    def _terms(self, rho: Rho) -> npt.NDArray[np.complex128]:
        terms: npt.NDArray[np.complex128] = 1.0 - np.multiply.outer(np.asarray(rho), self.eigenvalues)
        return terms


def cores() -> int:
    """Return the number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Whole:
    """LU factors of a matrix with most of its links, by LAPACK."""

    def __init__(self, A: FloatArray) -> None:
        self._factors = lu_factor(A, overwrite_a=True, check_finite=False)

    def solve(self, rhs: FloatArray, trans: str = "N") -> FloatArray:
        """Return A^-1 times vectors, or A'^-1 ("T"), as the sparse factors do."""
        return np.asarray(lu_solve(self._factors, rhs, trans=int(trans == "T"), check_finite=False))

    @property
    def log_determinant(self) -> float:
        """log|A|."""
        return float(np.log(np.abs(np.diag(self._factors[0]))).sum())


def full(W: sp.csr_array) -> bool:
    """Whether W has so many regions and links that factors are better dense."""
    n = W.shape[0]
    return bool(n > EIGEN_AT_MOST and W.nnz > FULL * n**2)


@dataclass(frozen=True, eq=False)
class Unordered:
    """Log-determinants of I - rho W where W is full: no order helps."""

    W: sp.csr_array

    def log_determinants(self, rhos: FloatArray) -> FloatArray:
        """Return log|I - rho W| for each rho."""
        return np.array([_whole(self.W, rho).log_determinant for rho in rhos])


@dataclass(frozen=True, eq=False)
class Ordered:
    """W, its regions in an order in which the factors of I - rho W fill up little: found once, good for every rho.

    `pattern` holds W with every place of the diagonal, `diagonal` says where these places are among its entries.
    `known` is the rho at which the order was found, and the log-determinant there.
    """

    pattern: sp.csc_array
    diagonal: npt.NDArray[np.intp]
    known: tuple[float, float]

    @classmethod
    def of(cls, W: sp.csr_array, rho: float) -> Ordered:
        """Order by the pattern of W + W', as `factor` does, at a rho whose log-determinant is wanted anyway."""
        N = W.shape[0]
        found = _sparse(W, rho)
        pairs, own = W.tocoo(), np.arange(N)
        rows, columns = (np.concatenate([found.perm_c[at], own]) for at in pairs.coords)
        # An entry of NaN keeps its place where a zero would be dropped.
        entries = np.concatenate([pairs.data, np.full(N, np.nan)])
        held = sp.csc_array(sp.coo_array((entries, (rows, columns)), shape=(N, N)))
        held.sort_indices()
        diagonal = np.flatnonzero(np.isnan(held.data))
        held.data[diagonal] = W.diagonal()[np.argsort(found.perm_c)]
        return cls(held, diagonal, (rho, _log_of(found)))

    def log_determinants(self, rhos: FloatArray) -> FloatArray:
        """Return log|I - rho W| for each rho; large ones two at a time, each as if it were alone."""
        if self.pattern.shape[0] < SIDE_BY_SIDE or cores() == 1:
            return np.array([self._log_determinant(rho) for rho in rhos])
        with ThreadPoolExecutor(2) as threads:
            return np.array(list(threads.map(self._log_determinant, rhos)))

    def _log_determinant(self, rho: float) -> float:
        if rho == self.known[0]:
            return self.known[1]
        A = self.pattern.copy()
        A.has_canonical_format = True
        np.multiply(self.pattern.data, -rho, out=A.data)
        A.data[self.diagonal] += 1.0
        return _log_of(sp.linalg.splu(A, permc_spec="NATURAL", **SETTINGS))


def _log_of(factors: sp.linalg.SuperLU) -> float:
    return float(np.log(np.abs(factors.U.diagonal())).sum())


@dataclass(frozen=True)
class Factored:
    """Log-determinant from sparse LU factors at Chebyshev nodes of a window; O(n) to O(n^1.5) a node.

    Singularities whose place is known are taken out before the interpolation and put back exactly, which
    leaves a function smooth enough for few nodes even on the whole interval. To begin with, the interval is
    the one that the largest row and column sums guarantee, (-1, 1) for row-standardised weights: the extreme
    eigenvalues of a large matrix cost more than the fit. `exact` takes them where the optimum asks for it.
    """

    W: sp.csr_array
    ordered: Ordered | Unordered
    interval: tuple[float, float]
    poles: tuple[float, ...]
    window: tuple[float, float]
    series: FloatArray
    n_factored: int = 0
    exact: tuple[bool, bool] = (False, False)
    # Nodes of the whole interval, and the values there without the poles.
    wide: tuple[FloatArray, FloatArray] = (np.zeros(0), np.zeros(0))
    name: str = "sparse LU at Chebyshev nodes"

    @classmethod
    def of(cls, W: sp.csr_array) -> Factored:
        """Interpolate over the guaranteed interval, to find the neighbourhood of the optimum."""
        return cls.unset(W)._over_all()

    @classmethod
    def unset(cls, W: sp.csr_array) -> Factored:
        """Return what has no values yet, only windows `around` a rho."""
        low, high, poles = guaranteed(W)
        ordered = Unordered(W) if full(W) else Ordered.of(W, float(_nodes(_off((low, high)), COARSE)[0]))
        return cls(W, ordered, (low, high), poles, (low, high), np.zeros(1), exact=(False, len(poles) > 0))

    def widened(self) -> Factored:
        """Interpolate over the whole admissible interval, with exact bounds."""
        interval = searched(self.W)
        poles = tuple(1 / bound for bound in interval)
        return replace(self, interval=interval, poles=poles, exact=(True, True))._over_all()

    @property
    def roots(self) -> npt.NDArray[np.complex128]:
        """None."""
        return np.zeros(0, dtype=complex)

    def whole(self) -> Factored:
        """Return the interpolation over the whole interval, which was there before any window."""
        return self._fitted(_off(self.interval), *self.wide) if self.wide[0].size else self._over_all()

    def nearer(self, rho: float) -> Factored:
        """Add nodes around rho to those of the whole interval."""
        window = self._window(rho, ROUGH, 0.5)
        points, values = self._at(_nodes(window, NEARER))
        found = self._fitted(window, np.append(points, self.wide[0]), np.append(values, self.wide[1]))
        return replace(found, n_factored=self.n_factored + NEARER)

    def around(self, rho: float, half_width: float) -> Factored:
        """Interpolate over a window around rho, whose nodes are its own.

        Towards an end of the interval the function bends more and more; a narrow window stays far from it.
        """
        window = self._window(rho, half_width, NEAR if half_width <= NARROW else 0.5)
        return replace(self._fitted(window, *self._at(_nodes(window, FINE))), n_factored=self.n_factored + FINE)

    def over(self, low: float, high: float, nodes: int) -> Factored:
        """Interpolate between two rho."""
        return self._fitted((low, high), *self._at(_nodes((low, high), nodes)))

    def _window(self, rho: float, half_width: float, share: float) -> tuple[float, float]:
        low, high = self.interval
        inside = min(half_width, share * (high - rho), share * (rho - low))
        return rho - inside, rho + inside

    def _over_all(self) -> Factored:
        points, values = self._at(_nodes(_off(self.interval), COARSE))
        found = self._fitted(_off(self.interval), points, values)
        return replace(found, wide=(points, values), n_factored=self.n_factored + COARSE)

    def _at(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        known = np.log1p(-np.multiply.outer(points, self.poles)).sum(axis=1)
        return points, self.ordered.log_determinants(points) - known

    def _fitted(self, window: tuple[float, float], points: FloatArray, values: FloatArray) -> Factored:
        """Return the polynomial through the points, as a Chebyshev series of the window."""
        places = (2 * points - window[0] - window[1]) / (window[1] - window[0])
        basis: FloatArray = np.asarray(chebyshev.chebvander(places, len(points) - 1), dtype=float)
        return replace(self, window=window, series=np.asarray(np.linalg.solve(basis, values), dtype=float))

    @property
    def said(self) -> str:
        """Nothing: its error is that of rounding."""
        return ""

    def value(self, rho: Rho) -> Rho:
        """Return log|I - rho W|."""
        return self._evaluated(rho, 0) + sum(np.log1p(-np.asarray(rho) * w) for w in self.poles)

    def derivative(self, rho: Rho) -> Rho:
        """Return -tr(G)."""
        return self._evaluated(rho, 1) - sum(w / (1 - np.asarray(rho) * w) for w in self.poles)

    def second(self, rho: Rho) -> Rho:
        """Return -tr(G G)."""
        return self._evaluated(rho, 2) - sum((w / (1 - np.asarray(rho) * w)) ** 2 for w in self.poles)

    @cached_property
    def _derivatives(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The series, and those of its first and second derivative, in the place within the window."""
        first, second = (np.asarray(chebyshev.chebder(self.series, order), dtype=float) for order in (1, 2))
        return self.series, first, second

    def _evaluated(self, rho: Rho, order: int) -> Rho:
        low, high = self.window
        scale = 2 / (high - low)
        place = scale * (np.asarray(rho) - (low + high) / 2)
        result = chebyshev.chebval(place, self._derivatives[order]) * scale**order
        return float(result) if np.ndim(result) == 0 else np.asarray(result)


def _nodes(window: tuple[float, float], count: int) -> FloatArray:
    """Return Chebyshev nodes of a window."""
    places = np.cos(np.pi * (np.arange(count) + 0.5) / count)
    return np.asarray(sum(window) / 2 + (window[1] - window[0]) / 2 * places)


def _off(interval: tuple[float, float]) -> tuple[float, float]:
    """Return the interval without a thousandth at either end."""
    margin = 1e-3 * (interval[1] - interval[0])
    return interval[0] + margin, interval[1] - margin


@dataclass(frozen=True)
class Stochastic:
    """Log-determinant from traces of powers of W by random signs (Barry and Pace 1999); only when asked for.

    log|I - rho W| = -sum_k rho^k tr(W^k) / k, with tr W and tr W^2 exact. It needs no factorisation, only products;
    its error does not vanish, and grows where rho times the largest eigenvalue is near one.
    """

    interval: tuple[float, float]
    traces: FloatArray
    errors: FloatArray
    name: str = "stochastic traces of powers"

    @classmethod
    def of(cls, W: sp.csr_array, *, powers: int = 120, probes: int = 48) -> Stochastic:
        """Estimate tr(W^k) for k up to `powers` from `probes` vectors of random signs."""
        n = W.shape[0]
        Z = np.random.default_rng(0).choice([-1.0, 1.0], (n, probes))
        found, V = np.empty((powers, probes)), Z
        for k in range(powers):
            V = W @ V
            found[k] = np.einsum("np,np->p", Z, V)
        means, errors = found.mean(axis=1), found.std(axis=1, ddof=1) / np.sqrt(probes)
        means[:2] = W.diagonal().sum(), W.multiply(W.T).sum()
        errors[:2] = 0.0
        return cls(guaranteed(W)[:2], means, errors)

    @property
    def window(self) -> tuple[float, float]:
        """The guaranteed interval."""
        return self.interval

    @property
    def exact(self) -> tuple[bool, bool]:
        """Both ends are taken as they are: looking for exact ones would need what this method avoids."""
        return True, True

    @property
    def said(self) -> str:
        """How far the values are simulated."""
        half = 0.5 * self.interval[1]
        error = float(np.sqrt(((half**self._powers * self.errors / self._powers) ** 2).sum()))
        return f"the log-determinant is simulated: its standard error at rho = {half:.2f} is {error:.2g}"

    @property
    def _powers(self) -> FloatArray:
        return np.arange(1.0, len(self.traces) + 1)

    def value(self, rho: Rho) -> Rho:
        """Return log|I - rho W|."""
        return self._series(rho, 1 / self._powers, 0)

    def derivative(self, rho: Rho) -> Rho:
        """Return -tr(G)."""
        return self._series(rho, np.ones(len(self.traces)), 1)

    def second(self, rho: Rho) -> Rho:
        """Return -tr(G G)."""
        return self._series(rho, self._powers - 1, 2)

    def whole(self) -> Stochastic:
        """Return itself."""
        return self

    def nearer(self, rho: float) -> Stochastic:  # noqa: ARG002
        """Return itself."""
        return self

    def around(self, rho: float, half_width: float) -> Stochastic:  # noqa: ARG002
        """Return itself."""
        return self

    def widened(self) -> Stochastic:
        """Return itself."""
        return self

    @property
    def roots(self) -> npt.NDArray[np.complex128]:
        """None."""
        return np.zeros(0, dtype=complex)

    def _series(self, rho: Rho, factor: FloatArray, order: int) -> Rho:
        # The terms below the order vanish; their powers would be negative.
        exponents = np.maximum(self._powers - order, 0)
        return _sum(-(np.asarray(rho)[..., None] ** exponents) * factor * self.traces)


METHODS: dict[str, Callable[[sp.csr_array], LogDet]] = {
    "eigen": Eigen.of,
    "lu": Factored.of,
    "stochastic": Stochastic.of,
}


def choose(W: sp.csr_array, method: str = "auto") -> LogDet:
    """Return the method named, or for "auto" the one that suits the size of W."""
    if method == "auto":
        method = "eigen" if W.shape[0] <= EIGEN_AT_MOST or _symmetric_and_full(W) else "lu"
    return METHODS[method](W)


def _symmetric_and_full(W: sp.csr_array) -> bool:
    return full(W) and twins(W)


def twins(W: sp.csr_array) -> bool:
    """Whether all eigenvalues are real and within reach: those of symmetric matrices of not too many regions."""
    return W.shape[0] <= TWIN_AT_MOST and all(symmetric_twin(block) is not None for block in blocks(W))


def guaranteed(W: sp.csr_array) -> tuple[float, float, tuple[float, ...]]:
    """Return an interval inside the admissible one, at no cost, and the singularities known on its ends.

    No eigenvalue exceeds the largest absolute row or column sum. Where the rows of a non-negative W all have
    the same sum, that sum is an eigenvalue, so that the upper end is exact.
    """
    sums, size = row_sums(W), abs(W)
    most = float(min(row_sums(size).max(), row_sums(size.T).max()))
    same = W.data.min(initial=0.0) >= 0 and np.ptp(sums) <= 1e-12 * most
    if most == 0:
        return -1.0, 1.0, ()
    high = float(sums.mean()) if same else most
    return -1 / most, 1 / high, ((high,) if same else ())


def factor(W: sp.csr_array, rho: float) -> sp.linalg.SuperLU | Whole:
    """Return the LU factors of I - rho W, dense where W is full.

    Sparse ones are ordered on the pattern of W + W', which suits weights, whose links are mutual or nearly so; pivots
    stay on the diagonal, which dominates its row for row-standardised W and |rho| < 1.
    """
    return _whole(W, rho) if full(W) else _sparse(W, rho)


def _whole(W: sp.csr_array, rho: float) -> Whole:
    A = W.toarray(order="F")
    A *= -rho
    A[np.diag_indices(len(A))] += 1.0
    return Whole(A)


def _sparse(W: sp.csr_array, rho: float) -> sp.linalg.SuperLU:
    N = W.shape[0]
    A = sp.csc_array(sp.eye_array(N, format="csc") - rho * sp.csc_array(W))
    return sp.linalg.splu(A, permc_spec="MMD_AT_PLUS_A", **SETTINGS)


def eigenvalues(W: sp.csr_array) -> npt.NDArray[np.complex128]:
    """Return the N eigenvalues of W, block by block, by the symmetric solver where a block is similar to one."""
    found = [np.zeros(0)]
    for block in blocks(W):
        twin = symmetric_twin(block)
        found.append(np.linalg.eigvals(block.toarray()) if twin is None else eigvalsh(twin.toarray()))
    values = np.concatenate(found).astype(complex)
    return np.concatenate([values, np.zeros(W.shape[0] - len(values))])


def searched(W: sp.csr_array) -> tuple[float, float]:
    """Return the interval in which rho is searched: the admissible one, cut where it is unbounded.

    Where no real eigenvalue is negative (positive) nothing makes I - rho W singular on that side; the search
    ends at the inverse of the spectral radius, beyond which W^k rho^k no longer dies out. Zero weights bound
    nothing and inform of nothing.
    """
    bounds = admissible_interval(W)
    radius = spectral_radius(abs(W))
    edge = 1 / radius if radius > 0 else 1.0
    return (max(bounds.low, -edge) if np.isinf(bounds.low) else bounds.low), (
        min(bounds.high, edge) if np.isinf(bounds.high) else bounds.high
    )


def _sum(terms: FloatArray) -> Rho:
    total = terms.sum(axis=-1)
    return float(total) if np.ndim(total) == 0 else total
