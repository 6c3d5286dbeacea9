"""Algebra of weights matrices: standardisation, its detection, and the admissible interval of rho."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.linalg import eigvalsh
from scipy.sparse.csgraph import breadth_first_order, connected_components, shortest_path
from scipy.sparse.linalg import ArpackNoConvergence, eigs, eigsh

FloatArray = npt.NDArray[np.float64]

# Up to this many regions in one strongly connected block all eigenvalues are computed, beyond it the ends only.
DENSE = 2000
# Dense routines step in for a Lanczos iteration that has not converged up to this size.
DENSE_AT_MOST = 8000
# Weights read from a file with seven decimals still count as standardised.
STANDARDISED = 1e-6
# Enough to tell a spectral radius from one: the error of the eigenvalue is of the order of the residual squared.
ROUGH = 1e-5
# Rows scaled at a time, so that their factors are small beside the weights.
_ROWS = 4096
# Relative to the spectral radius: rounding splits a double real root into a pair this close to the real line,
# and leaves a zero root this far from zero. To take such a pair as real can only narrow the interval.
REAL = 1e-6
ZERO = 1e-7


@dataclass(frozen=True)
class Interval:
    """Open interval of rho in which I - rho W is regular; `exact` is False where a bound is only inside it."""

    low: float
    high: float
    exact: bool = True


def row_sums(W: Any) -> FloatArray:
    """Return the row sums of W, shape (N,)."""
    return np.asarray(W.sum(axis=1), dtype=float).ravel()


def scale_rows(W: Any) -> Any:
    """Return W with rows that sum to one; rows of zeros stay."""
    scaled = sparse.csr_array(W, dtype=float, copy=True)
    scale_rows_inplace(scaled)
    return scaled


def scale_rows_inplace(W: Any) -> None:
    """Make the rows of a CSR matrix sum to one in its own memory; rows of zeros stay."""
    sums = row_sums(W)
    factor = np.divide(1.0, sums, out=np.zeros_like(sums), where=sums > 0)
    for start in range(0, W.shape[0], _ROWS):
        ends = W.indptr[start : start + _ROWS + 1]
        W.data[ends[0] : ends[-1]] *= np.repeat(factor[start : start + _ROWS], np.diff(ends))


def scale_spectrum(W: Any) -> Any:
    """Return W divided by its spectral radius; a nilpotent W stays as it is."""
    radius = spectral_radius(W)
    return sparse.csr_array(W / radius) if radius > 0 else sparse.csr_array(W)


def standardisation(W: Any) -> Literal["row", "spectral", "none"]:
    """Tell from a non-negative W itself how it was standardised; a matrix of zeros was not."""
    sums = row_sums(W)
    linked = sums > 0
    if not linked.any():
        return "none"
    if np.abs(sums[linked] - 1).max() <= STANDARDISED:
        return "row"
    # The radius lies below the largest row sum and the largest column sum: often no eigenvalue is needed.
    most = min(sums.max(), np.asarray(W.sum(axis=0)).max())
    if most < 1 - STANDARDISED:
        return "none"
    return "spectral" if abs(spectral_radius(W, tolerance=ROUGH) - 1) <= STANDARDISED else "none"


def spectral_radius(W: Any, *, tolerance: float = 0.0) -> float:
    """Return the largest modulus of an eigenvalue of a non-negative W.

    `tolerance` is of the residual of the iteration that large blocks need; 0 means to machine precision.

    By Perron and Frobenius it is itself an eigenvalue, of one of the irreducible diagonal blocks that a
    permutation of W has.
    """
    return max((_perron(block, tolerance) for block in blocks(W)), default=0.0)


def mutual(W: Any) -> bool:
    """Whether w_ij is positive exactly where w_ji is."""
    pattern = sparse.csr_array(W) != 0
    return bool((pattern != pattern.T).nnz == 0)


def admissible_interval(W: Any) -> Interval:
    """Return (1/w_min, 1/w_max) for the smallest and largest purely real eigenvalue of W.

    I - rho W is singular only where 1/rho is a real eigenvalue of W: complex ones bound nothing. Where W has no
    negative (positive) real eigenvalue the interval is open to -inf (inf), so that a matrix of zeros gives the
    whole line. Eigenvalues are taken block by block over the strongly connected components: those between the
    blocks do not depend on each other, and a nilpotent part, whose roots no routine finds accurately, drops out.

    Source: LeSage and Pace (2009), Introduction to Spatial Econometrics, section 4.3.2.
    """
    low, high, exact = 0.0, 0.0, True
    for block in blocks(W):
        smallest, largest, sure = _real_ends(block)
        low, high, exact = min(low, smallest), max(high, largest), exact and sure
    return Interval(1 / low if low < 0 else -np.inf, 1 / high if high > 0 else np.inf, exact)


def blocks(W: Any) -> list[Any]:
    """Return the diagonal blocks of W over its strongly connected components, those that are zero left out.

    Their eigenvalues, filled up with zeros, are those of W.
    """
    W = sparse.csr_array(W, dtype=float)
    W.eliminate_zeros()
    n, label = connected_components(W, directed=True, connection="strong")
    members = np.split(np.argsort(label, kind="stable"), np.cumsum(np.bincount(label, minlength=n))[:-1])
    if n == 1:
        return [W] if W.nnz else []
    diagonal = W.diagonal()
    return [W[m][:, m] for m in members if len(m) > 1 or diagonal[m[0]] != 0]


def _real_ends(block: Any) -> tuple[float, float, bool]:
    # Smallest and largest real eigenvalue of an irreducible block, 0 where there is none of that sign.
    twin = symmetric_twin(block)
    known = _constant_row_sum(block) if block.data.min() >= 0 else None
    smallest, largest, exact = _ends_general(block) if twin is None else _ends_symmetric(twin, known)
    largest = known or largest
    tiny = ZERO * max(abs(smallest), abs(largest))
    return (smallest if smallest < -tiny else 0.0), (largest if largest > tiny else 0.0), exact


def _perron(block: Any, tolerance: float) -> float:
    known = _constant_row_sum(block)
    if known is not None:
        return known
    if tolerance > 0 and block.shape[0] > DENSE:
        start = np.ones(block.shape[0])  # not orthogonal to the Perron vector, which is positive
        try:
            found = eigs(block, k=1, which="LR", v0=start, tol=tolerance, return_eigenvectors=False)
            return float(found[0].real)
        except ArpackNoConvergence:
            pass
    twin = symmetric_twin(block)
    return (_ends_general(block) if twin is None else _ends_symmetric(twin))[1]


def _constant_row_sum(block: Any) -> float | None:
    # Equal row sums are the Perron root of a non-negative matrix, free of rounding in the eigenvalue.
    sums = row_sums(block)
    if np.ptp(sums) > 1e-12 * np.abs(sums).max():
        return None
    root = float(sums.mean())
    return 1.0 if abs(root - 1) <= 1e-12 else root


def symmetric_twin(block: Any) -> Any | None:
    """Return the symmetric matrix similar to the block, D^(1/2) W D^(-1/2), or None where there is none.

    W = D^-1 S with S symmetric and D a positive diagonal is what row-standardising symmetric weights gives. D
    need not be known: it exists where the ratios w_ij / w_ji multiply to one around every cycle, and the twin
    then has the elements sign(w_ij) sqrt(w_ij w_ji) (Ord 1975 uses it for binary contiguity).
    """
    W = sparse.csr_array(block)
    W.sort_indices()
    T = sparse.csr_array(W.T)
    T.sort_indices()
    if not (np.array_equal(W.indptr, T.indptr) and np.array_equal(W.indices, T.indices)):
        return None
    if (np.sign(W.data) != np.sign(T.data)).any():
        return None
    ratio = W.copy()
    ratio.data = np.log(np.abs(W.data)) - np.log(np.abs(T.data))
    order, before = breadth_first_order(sparse.csr_array((np.ones(W.nnz), W.indices, W.indptr), W.shape), 0)
    potential = np.zeros(W.shape[0])
    steps = np.asarray(ratio[before[order[1:]], order[1:]]).ravel() if len(order) > 1 else np.empty(0)
    for node, step in zip(order[1:], steps, strict=True):
        potential[node] = potential[before[node]] + step
    rows = np.repeat(np.arange(W.shape[0]), np.diff(W.indptr))
    if (np.abs(potential[W.indices] - potential[rows] - ratio.data) > 1e-8).any():
        return None
    twin = W.copy()
    twin.data = np.sign(W.data) * np.sqrt(np.abs(W.data)) * np.sqrt(np.abs(T.data))
    return twin


def _ends_symmetric(S: Any, largest: float | None = None) -> tuple[float, float, bool]:
    # `largest` is given where it is known, and need not be searched.
    n = S.shape[0]
    if n > DENSE:
        try:
            high = _lanczos(S, "LA") if largest is None else largest
            # Where links lead only between two sets, as on a chessboard, the spectrum is symmetric about zero.
            return -high if _two_sets(S) else _lanczos(S, "SA"), high, True
        except ArpackNoConvergence:
            if n > DENSE_AT_MOST:
                return _norm_bounds(S)
    values = eigvalsh(S.toarray())
    return float(values[0]), float(values[-1]), True


def _lanczos(S: Any, end: str) -> float:
    # A fixed start makes the result the same in every run; a constant one could be an eigenvector. On lattices the
    # roots lie close to one another, so that a wider basis than the usual 20 saves more products than it costs.
    start = np.random.default_rng(0).standard_normal(S.shape[0])
    return float(eigsh(S, k=1, which=end, v0=start, ncv=min(60, S.shape[0]), return_eigenvectors=False)[0])


def _two_sets(S: Any) -> bool:
    """Whether the regions of a connected S with links both ways fall into two sets without links inside them."""
    steps = shortest_path(S != 0, unweighted=True, indices=0)
    odd = steps % 2 == 1
    rows = np.repeat(np.arange(S.shape[0]), np.diff(S.indptr))
    return bool((odd[rows] != odd[S.indices]).all())


def _ends_general(W: Any) -> tuple[float, float, bool]:
    n = W.shape[0]
    if n > DENSE:
        try:
            return _ends_iterated(W)
        except ArpackNoConvergence:
            if n > DENSE_AT_MOST:
                return _norm_bounds(W)
    values = np.linalg.eigvals(W.toarray())
    real = _real_only(values, np.abs(values).max())
    return float(real.min(initial=0.0)), float(real.max(initial=0.0)), True


def _ends_iterated(W: Any) -> tuple[float, float, bool]:
    start = np.random.default_rng(0).standard_normal(W.shape[0])
    right = eigs(W, k=6, which="LR", v0=start, return_eigenvectors=False)
    left = eigs(W, k=24, which="SR", v0=start, return_eigenvectors=False, ncv=120)
    radius = max(np.abs(right).max(), np.abs(left).max())
    # Where no real root is among those found, their real part lies beyond any real root: a safe bound.
    ends = [_real_only(found, radius) for found in (left, right)]
    low = ends[0].min() if len(ends[0]) else left.real.min()
    high = ends[1].max() if len(ends[1]) else right.real.max()
    return float(low), float(high), bool(len(ends[0]) and len(ends[1]))


def _norm_bounds(W: Any) -> tuple[float, float, bool]:
    # No eigenvalue exceeds the largest absolute row or column sum in modulus.
    size = abs(W)
    most = float(min(row_sums(size).max(), row_sums(size.T).max()))
    return -most, most, False


def _real_only(values: Any, radius: float) -> Any:
    return values.real[np.abs(values.imag) <= REAL * radius]
