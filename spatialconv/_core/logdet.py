"""Log-determinant of I - rho W: set up once, evaluated many times.

Every method is an object with `value`, `derivative` and `second` at rho, all vectorised over rho, and the
`interval` of rho in which I - rho W is non-singular around zero (LeSage and Pace 2009, section 4.3.2):

    log|I - rho W|             = sum_i log(1 - rho w_i)
    d/d rho  log|I - rho W|    = -tr(W (I - rho W)^-1)
    d2/d rho2 log|I - rho W|   = -tr([W (I - rho W)^-1]^2)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

FloatArray = npt.NDArray[np.float64]
Rho = float | FloatArray


class LogDet(Protocol):
    """What the likelihood needs to know of W."""

    @property
    def name(self) -> str:
        """The method, in words."""
        ...

    @property
    def interval(self) -> tuple[float, float]:
        """Where I - rho W is non-singular around zero."""
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


@dataclass(frozen=True)
class Eigen:
    """Log-determinant from the eigenvalues of W (Ord 1975), exact; O(n^3) once, O(n) a value."""

    eigenvalues: npt.NDArray[np.complex128]
    interval: tuple[float, float]
    name: str = "eigenvalues"

    @classmethod
    def of(cls, W: sp.csr_array) -> Eigen:
        """Compute the eigenvalues of W, shape (N, N); real ones where W is similar to a symmetric matrix."""
        values = eigenvalues(W)
        return cls(values, admissible_interval(values))

    def value(self, rho: Rho) -> Rho:
        """Return log|I - rho W|."""
        return _sum(np.log(np.abs(self._terms(rho))))

    def derivative(self, rho: Rho) -> Rho:
        """Return -tr(G)."""
        return -_sum(np.real(self.eigenvalues / self._terms(rho)))

    def second(self, rho: Rho) -> Rho:
        """Return -tr(G G)."""
        return -_sum(np.real((self.eigenvalues / self._terms(rho)) ** 2))

    def _terms(self, rho: Rho) -> npt.NDArray[np.complex128]:
        terms: npt.NDArray[np.complex128] = 1.0 - np.multiply.outer(np.asarray(rho), self.eigenvalues)
        return terms


def _sum(terms: FloatArray) -> Rho:
    total = terms.sum(axis=-1)
    return float(total) if np.ndim(total) == 0 else total


def eigenvalues(W: sp.csr_array) -> npt.NDArray[np.complex128]:
    """Return the eigenvalues of W, by the symmetric solver where W = D^-1/2 S D^1/2 for a diagonal D."""
    scale = symmetrising_scale(W)
    if scale is None:
        return np.linalg.eigvals(W.toarray()).astype(complex)
    root = np.sqrt(scale)
    similar = (sp.diags_array(root) @ W @ sp.diags_array(1 / root)).toarray()
    return np.linalg.eigvalsh((similar + similar.T) / 2).astype(complex)


def symmetrising_scale(W: sp.csr_array) -> FloatArray | None:
    """Return d > 0 with diag(d) W symmetric, or None if there is none.

    A row-standardised symmetric matrix has one: the row sums of the symmetric matrix. It is found without
    knowing them, by walking the links: d_j = d_i w_ij / w_ji.
    """
    links = sp.csr_array(W, copy=True)
    links.eliminate_zeros()
    back = sp.csr_array(links.T)
    links.sort_indices()
    back.sort_indices()
    if not (np.array_equal(links.indptr, back.indptr) and np.array_equal(links.indices, back.indices)):
        return None
    if links.nnz == 0:
        return np.ones(W.shape[0])
    if not (links.data / back.data > 0).all():
        return None
    step = links.copy()
    step.data = np.log(links.data / back.data)
    d: FloatArray = np.exp(_potential(links, step))
    scaled = sp.csr_array(sp.diags_array(d) @ links)
    return d if abs(scaled - scaled.T).max() <= 1e-12 * abs(scaled).max() else None


def _potential(links: sp.csr_array, step: sp.csr_array) -> FloatArray:
    """Return a vector whose difference along every link of a spanning forest is that link's `step`."""
    _, component = sp.csgraph.connected_components(links, directed=False)
    potential = np.zeros(links.shape[0])
    for root in np.unique(component, return_index=True)[1]:
        order, parent = sp.csgraph.breadth_first_order(links, root, directed=False)
        steps = np.asarray(step[parent[order[1:]], order[1:]]).ravel() if len(order) > 1 else ()
        for node, rise in zip(order[1:], steps, strict=True):
            potential[node] = potential[parent[node]] + rise
    return potential


def admissible_interval(values: npt.NDArray[np.complex128]) -> tuple[float, float]:
    """Return (1/min, 1/max) over the real eigenvalues, the interval around zero without a singularity.

    Complex eigenvalues do not make I - rho W singular for a real rho. Where no real eigenvalue is negative
    (or positive) that side is bounded by the spectral radius, beyond which W^k rho^k no longer vanishes;
    a nilpotent or zero W bounds nothing.
    """
    size = np.abs(values).max(initial=0.0)
    if size < 1e-10:
        return -np.inf, np.inf
    real = values.real[np.abs(values.imag) <= 1e-9 * size]
    low, high = real.min(initial=0.0), real.max(initial=0.0)
    tiny = 1e-10 * size
    return (1 / low if low < -tiny else -1 / size), (1 / high if high > tiny else 1 / size)
