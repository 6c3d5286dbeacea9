"""Fits of the lag model (or of least squares) to many data sets at once, with standard errors.

Data sets share weights, effects and most regressors; outcomes differ, and so do the regressors that earlier outcomes
made. What all share is projected out once, the rest data set by data set by the theorem of Frisch and Waugh, all
data sets in the same operation; `refit` then maximises the concentrated likelihoods. The information is that of
`information`, written for an axis of data sets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.linalg as la
import scipy.sparse as sp
from numpy.polynomial import chebyshev

from spatialconv._core.likelihood.effects import Projection
from spatialconv._core.likelihood.likelihood import lag
from spatialconv._core.likelihood.logdet import factor
from spatialconv._core.likelihood.traces import dense_ratios, fills_little, near_traces, trace_of_ratio, traces_of
from spatialconv._core.regression.least_squares import Basis, basis
from spatialconv._core.resampling.iteration import ratios_times
from spatialconv._core.resampling.pieces import DEEPEST, Halves, Piece, Pieces, Term
from spatialconv._core.resampling.refit import Free, Squares, lag_refits

FloatArray = npt.NDArray[np.float64]

# Inverses of N x N matrices held at once, in numbers.
HELD = 4_000_000
# A rebuilt regressor with less than this share of its norm left is a combination of the others.
COLLINEAR = 1e-9
# Beyond so many regions products with W and an interpolated trace take the place of an inverse a data set; beyond the
# second number the exact traces, on each of at most so many pieces on either side of zero, come from sparse factors.
INVERTED_AT_MOST, DENSE_AT_MOST, NODES = 24, 200, 12


@dataclass(frozen=True)
class Setting:
    """What all data sets share: the fixed regressors (T, N, F) with their places among all K, the projection, W.

    `made` are the places of the rebuilt regressors. W, its eigenvalues (or its log-determinant by pieces) and the
    bounds of the search (`maximise.search_window`) are there where rho is free.
    """

    X: FloatArray
    fixed: tuple[int, ...]
    made: tuple[int, ...]
    project: Projection
    W: sp.csr_array | None
    eigenvalues: npt.NDArray[np.complex128] | Pieces | None = None
    bounds: tuple[float, float] = (0.0, 0.0)
    _pieces: dict[Piece, FloatArray] = field(default_factory=dict, compare=False)

    @property
    def roots(self) -> npt.NDArray[np.complex128] | None:
        """The eigenvalues where they are known."""
        return None if isinstance(self.eigenvalues, Pieces) else self.eigenvalues

    @property
    def _halves(self) -> Halves:
        if isinstance(self.eigenvalues, Pieces):
            return self.eigenvalues.halves
        assert self.eigenvalues is not None
        radius = float(np.abs(self.eigenvalues).max(initial=1e-300))
        return Halves(*(min(abs(bound), 1 / radius) for bound in self.bounds))

    def squares(self, rho: FloatArray) -> FloatArray:
        """Return tr(G'G), G = W (I - rho W)^-1, for each rho, shape (B,), interpolated piece by piece.

        Where the mean over regions was transformed away it is left out: near rho = 1 it would be all of the trace.

        Pieces halve the way to the nearer bound, where the trace is infinite: on each it is smooth, and `NODES` exact
        values, computed where a rho first falls, give eight digits. Beyond the inverse of the spectral radius complex
        eigenvalues may bend it anywhere, and it is computed.
        """
        halves, out = self._halves, np.empty(len(rho))
        beyond = np.abs(rho) > (1 - 0.5**DEEPEST) * np.where(rho >= 0, halves.above, halves.below)
        for k in np.flatnonzero(beyond):
            out[k] = self._exact(float(rho[k]))
        inside = np.flatnonzero(~beyond)
        for piece, at in halves.sorted_by(rho[inside]).items():
            near, far = halves.window(piece)
            out[inside[at]] = chebyshev.chebval((2 * rho[inside[at]] - near - far) / (far - near), self._piece(piece))
        return out

    def traces(self, rho: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return tr G, tr GG and tr G'G for each rho, without the mean over regions where that was transformed away."""
        assert self.eigenvalues is not None
        shift, free = self.project.shift, self.eigenvalues
        term: Free | Term = free.times(1, shift=shift) if isinstance(free, Pieces) else Free.of(free, 1, shift)
        first, second = term.slopes(rho)
        return -first, -second, self.squares(rho)

    def _piece(self, piece: Piece) -> FloatArray:
        """Return the series of tr(G'G) on one piece."""
        if piece not in self._pieces:
            places, (near, far) = chebyshev.chebpts1(NODES), self._halves.window(piece)
            exact = np.array([self._exact(float(node)) for node in (near + far) / 2 + (far - near) / 2 * places])
            self._pieces[piece] = np.asarray(chebyshev.chebfit(places, exact, NODES - 1), dtype=float)
        return self._pieces[piece]

    def _exact(self, rho: float) -> float:
        assert self.W is not None
        if isinstance(self.eigenvalues, Pieces) and self.W.shape[0] > DENSE_AT_MOST:
            logdet = self.eigenvalues.at(rho)
            found = near_traces(traces_of(self.W, None, rho, 0.0, logdet_w=logdet, logdet_m=None))
            of_mean = float(found.sums_g @ found.sums_g) / self.W.shape[0]
            return found.gbgb - (of_mean if self.project.shift else 0.0)
        return _sum_of_squares(self.W, rho, shift=self.project.shift)

    @property
    def size(self) -> int:
        """Number of regressors K."""
        return len(self.fixed) + len(self.made)


def _sum_of_squares(W: sp.csr_array, rho: float, *, shift: bool) -> float:
    if W.shape[0] > DENSE_AT_MOST and fills_little(W, None):
        # tr((A'A)^-1 W'W), A = I - rho W, from sparse factors; the mean takes |G'1|^2 / n out of it.
        A = sp.csr_array(sp.eye_array(W.shape[0]) - rho * W)
        sums = factor(W, rho).solve(np.asarray(W.sum(axis=0), dtype=float), "T")
        return trace_of_ratio(A.T @ A, W.T @ W) - (float(sums @ sums) / len(sums) if shift else 0.0)
    G, _ = dense_ratios(W, None, rho, 0.0)
    G = G - G.mean(axis=0) if shift else G
    return float(np.einsum("ij,ij->", G, G))


class Batch(NamedTuple):
    """Estimates of every data set: beta (B, K), rho and sigma2 (B,), covariance (B, K + 1 or 2, same) or None."""

    beta: FloatArray
    rho: FloatArray
    sigma2: FloatArray
    cov: FloatArray | None


def fit_batch(setting: Setting, Y: FloatArray, V: FloatArray | None, *, errors: bool = True) -> Batch:
    """Fit outcomes Y (T, N, B) with rebuilt regressors V (T, N, v, B); the covariance only where `errors`.

    A data set whose rebuilt regressors are collinear, or whose information is not positive definite, gets NaN.
    """
    T, N, B = Y.shape
    n, project = T * N, setting.project
    QR = basis(project(setting.X).reshape(n, -1))
    y, on_y = _left(project(Y).reshape(n, B), QR.Q)
    wy, on_wy, WY = np.zeros_like(y), np.zeros_like(on_y), None
    if setting.W is not None:
        WY = lag(setting.W, Y)
        wy, on_wy = _left(project(WY).reshape(n, B), QR.Q)
    steps = _Orthogonal.of(V, project, QR.Q)
    y, c_y = steps.out_of(y)
    wy, c_wy = steps.out_of(wy)
    rho, sse = _concentrated(setting, y, wy)
    made = steps.solve(c_y - rho * c_wy)
    rest = on_y - rho * on_wy - np.einsum("fvb,vb->fb", steps.on_fixed, made)
    beta = np.empty((B, setting.size))
    beta[:, list(setting.made)] = made.T
    beta[:, list(setting.fixed)] = (
        la.solve_triangular(QR.R, rest, check_finite=False).T if len(rest) else np.empty((B, 0))
    )
    sigma2 = sse / project.dof
    cov = None
    if errors and WY is not None and N > INVERTED_AT_MOST:
        eta = (Y - rho * WY) - (y - rho * wy).reshape(T, N, B)
        cov = inverses(_information_by_products(setting, eta, V, QR, steps, rho, sigma2))
    elif errors:
        cov = covariances(setting, Y, V, beta, rho, sigma2)
    return Batch(beta, rho, sigma2, cov)


def _left(Z: FloatArray, Q: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return what the fixed regressors leave of Z (n, B), and Z's coordinates on them."""
    on = Q.T @ Z
    taken = np.asarray(Q @ on)
    return np.subtract(Z, taken, out=taken), np.asarray(on)


def _concentrated(setting: Setting, y: FloatArray, wy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return rho and the sum of squares at it."""
    if setting.W is None:
        return np.zeros(y.shape[1]), np.einsum("nb,nb->b", y, y)
    curve = np.einsum("nb,nb->b", wy, wy)
    centre = np.einsum("nb,nb->b", y, wy) / curve
    e = y - centre * wy
    squares = Squares(np.einsum("nb,nb->b", e, e), centre, curve)
    good = np.isfinite(squares.least) & np.isfinite(centre)
    rho = np.full(len(centre), np.nan)
    assert setting.eigenvalues is not None
    rho[good] = lag_refits(
        squares.of(good),
        dof=setting.project.dof,
        J=setting.project.J,
        eigenvalues=setting.eigenvalues,
        shift=setting.project.shift,
        bounds=setting.bounds,
    )
    return rho, squares.at(rho)


class _Orthogonal(NamedTuple):
    """Rebuilt regressors made orthonormal in turn: units (v, n, B), triangle (v, v, B), on_fixed (F, v, B)."""

    units: FloatArray
    triangle: FloatArray
    on_fixed: FloatArray

    @classmethod
    def of(cls, V: FloatArray | None, project: Projection, Q: FloatArray) -> _Orthogonal:
        if V is None:
            return cls(np.empty((0, len(Q), 1)), np.empty((0, 0, 1)), np.empty((Q.shape[1], 0, 1)))
        T, N, v, B = V.shape
        units, triangle = np.empty((v, T * N, B)), np.zeros((v, v, B))
        on_fixed = np.empty((Q.shape[1], v, B))
        for k in range(v):
            column = project(V[:, :, k]).reshape(T * N, B)
            size = np.sqrt(np.einsum("nb,nb->b", column, column))
            column, on_fixed[:, k] = _left(column, Q)
            for j in range(k):
                triangle[j, k] = np.einsum("nb,nb->b", units[j], column)
                column = column - triangle[j, k] * units[j]
            length = np.sqrt(np.einsum("nb,nb->b", column, column))
            length[~(length > COLLINEAR * size)] = np.nan
            triangle[k, k] = length
            units[k] = column / length
        return cls(units, triangle, on_fixed)

    def out_of(self, z: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return what they leave of z (n, B), and its coordinates (v, B)."""
        on = np.empty((len(self.units), z.shape[1]))
        for k, unit in enumerate(self.units):
            on[k] = np.einsum("nb,nb->b", unit, z)
            z = z - on[k] * unit
        return z, on

    def solve(self, right: FloatArray) -> FloatArray:
        """Return coefficients (v, B) from coordinates, by substitution from the last one back."""
        out = np.empty_like(right)
        for k in reversed(range(len(right))):
            rest = right[k] - np.einsum("jb,jb->b", self.triangle[k, k + 1 :], out[k + 1 :])
            out[k] = rest / self.triangle[k, k]
        return out


def covariances(
    setting: Setting, Y: FloatArray, V: FloatArray | None, beta: FloatArray, rho: FloatArray, sigma2: FloatArray
) -> FloatArray:
    """Return the inverse of the expected information of (beta, [rho], sigma2) of every data set, (B, P, P)."""
    T, N, B = Y.shape
    block = max(1, min(B, HELD // max(N * N, T * N * (setting.size + 4))))
    P = setting.size + 1 + (setting.W is not None)
    out = np.empty((B, P, P))
    for start in range(0, B, block):
        part = slice(start, start + block)
        v = None if V is None else V[..., part]
        info = _information(setting, Y[..., part], v, beta[part], rho[part], sigma2[part])
        out[part] = inverses(info)
    return out


def _information(
    setting: Setting, Y: FloatArray, V: FloatArray | None, beta: FloatArray, rho: FloatArray, sigma2: FloatArray
) -> FloatArray:
    T, N, B = Y.shape
    K, project = setting.size, setting.project
    X = np.empty((B, T, N, K))
    X[..., list(setting.fixed)] = setting.X
    if V is not None:
        X[..., list(setting.made)] = np.moveaxis(V, 3, 0)
    info = np.zeros((B, K + 2, K + 2))
    Xs = _projected(project, X).reshape(B, T * N, K)
    info[:, :K, :K] = np.swapaxes(Xs, 1, 2) @ Xs / sigma2[:, None, None]
    info[:, K + 1, K + 1] = project.dof / (2 * sigma2**2)
    if setting.W is None:
        keep = [*range(K), K + 1]
        return info[:, keep][:, :, keep]
    filtered = np.moveaxis(Y - rho * lag(setting.W, Y), 2, 0)
    # X beta and the effects: all but what the projection keeps of the residual.
    eta = filtered - _projected(project, filtered - (X @ beta[:, None, :, None])[..., 0])
    G = _ratios(setting.W.toarray(), rho)
    lagged, (g, gg, own) = eta @ np.swapaxes(G, 1, 2), _traces(G, rho, shift=project.shift)
    d = _projected(project, lagged).reshape(B, T * N)
    info[:, :K, K] = info[:, K, :K] = (d[:, None, :] @ Xs)[:, 0] / sigma2[:, None]
    info[:, K, K] = project.J * (gg + own) + np.einsum("bn,bn->b", d, d) / sigma2
    info[:, K, K + 1] = info[:, K + 1, K] = project.J * g / sigma2
    return info


def _information_by_products(
    setting: Setting,
    eta: FloatArray,
    V: FloatArray | None,
    QR: Basis,
    steps: _Orthogonal,
    rho: FloatArray,
    sigma2: FloatArray,
) -> FloatArray:
    """Return the same information by products with W alone, from what the fit holds already.

    `eta` (T, N, B) is X beta and the effects; X'X follows from the factors of X, fixed part (`QR`) and rebuilt part.
    """
    T, N, B = eta.shape
    K, project = setting.size, setting.project
    fixed, made = list(setting.fixed), list(setting.made)
    assert setting.W is not None
    known = np.isfinite(rho)
    at = np.where(known, rho, 0.0)
    d = project(ratios_times(setting.W, at, np.where(known, eta, 0.0), setting.roots))
    info = np.zeros((K + 2, K + 2, B))
    info[np.ix_(fixed, fixed)] = (QR.R.T @ QR.R)[..., None]
    info[fixed, K] = QR.R.T @ (QR.Q.T @ d.reshape(T * N, B))
    if V is not None:
        info[np.ix_(made, made)] = np.einsum("jkb,jlb->klb", steps.triangle, steps.triangle)
        info[np.ix_(made, made)] += np.einsum("fkb,flb->klb", steps.on_fixed, steps.on_fixed)
        info[np.ix_(fixed, made)] = np.einsum("jf,jkb->fkb", QR.R, steps.on_fixed)
        info[np.ix_(made, fixed)] = np.swapaxes(info[np.ix_(fixed, made)], 0, 1)
        info[made, K] = np.einsum("tnvb,tnb->vb", V, d)
    info[K, :K] = info[:K, K]
    info[K, K] = np.einsum("tnb,tnb->b", d, d)
    info /= sigma2
    g, gg, own = setting.traces(at)
    info[K, K] += project.J * (gg + own)
    info[K, K + 1] = info[K + 1, K] = project.J * g / sigma2
    info[K + 1, K + 1] = project.dof / (2 * sigma2**2)
    info[..., ~known] = np.nan
    return np.ascontiguousarray(np.moveaxis(info, 2, 0))


def _projected(project: Projection, Z: FloatArray) -> FloatArray:
    """Project Z of shape (B, T, N, ...)."""
    return np.moveaxis(project(np.moveaxis(Z, 0, -1)), -1, 0)


def _ratios(W: FloatArray, rho: FloatArray) -> FloatArray:
    """Return W (I - rho W)^-1 for every rho, shape (B, N, N); NaN where rho is."""
    known = np.where(np.isfinite(rho), rho, 0.0)
    G = W @ np.linalg.inv(np.eye(len(W)) - known[:, None, None] * W)
    G[~np.isfinite(rho)] = np.nan
    return np.asarray(G)


def _traces(G: FloatArray, rho: FloatArray, *, shift: bool) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return tr G, tr GG and tr G'G, without the mean over regions where that was transformed away."""
    g = np.einsum("bii->b", G)
    gg = np.einsum("bij,bji->b", G, G)
    own = np.einsum("bij,bij->b", G, G)
    if not shift:
        return g, gg, own
    mean, sums = 1 / (1 - rho), G.sum(axis=1)
    return g - mean, gg - mean**2, own - np.einsum("bi,bi->b", sums, sums) / G.shape[1]


def inverses(info: FloatArray) -> FloatArray:
    """Invert symmetric matrices (B, P, P), scaled to unit diagonal; NaN where one is not positive definite."""
    diagonal = np.einsum("bii->bi", info)
    good = np.isfinite(info).all(axis=(1, 2)) & (diagonal > 0).all(axis=1)
    out = np.full_like(info, np.nan)
    scale = 1 / np.sqrt(diagonal[good])
    both = scale[:, :, None] * scale[:, None, :]
    unit = info[good] * both
    lowest = np.linalg.eigvalsh(unit)[:, 0] if len(unit) else np.empty(0)
    sound = lowest > np.finfo(float).eps * info.shape[1]
    places = np.flatnonzero(good)[sound]
    out[places] = np.linalg.inv(unit[sound]) * both[sound]
    return out
