"""Traces of G, G_B and H that the information needs: exact, or from random probes whose error is known.

The matrices are those of `information`. Exact traces are dense, or from sparse factors where these fill up little;
only where both cost more than about a second or a gigabyte are those of products with a transpose simulated.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy.linalg as la
import scipy.sparse as sp

from spatialconv._core.likelihood.inverse import Inverse
from spatialconv._core.likelihood.logdet import FULL, NARROW, LogDet, Whole, choose, factor, full

FloatArray = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

# Up to this many regions dense solves are the fastest, up to the second number they cost about a second.
DENSE_AT_MOST, DENSE_CHEAP = 200, 2500
# From sparse factors traces of squares are exact up to this many regions, and this many links a region in the squared
# matrix: its complex factors fill up, where random signs cost no more than solves.
EXACT_AT_MOST, LINKS_AT_MOST = 5000, 60
# Probes are drawn this many at a time at first; more than the second number are not worth their time.
PROBES, PROBES_AT_MOST = 16, 4096
# Where weights are full all traces follow from one dense inverse, up to this many regions.
FULL_AT_MOST = 5000
# From this rho times the largest row sum on, (I - rho W)^-1 tells W (I - rho W)^-1 to twelve digits.
TOLD = 1e-4
# Numbers held by one block of probes.
BLOCK = 20_000_000


def label_order(labels: Iterable[Hashable]) -> Places:
    """Return the place of each region among the sorted labels, shape (N,), whatever the order of rows."""
    keys = [f"{type(label).__name__} {label}" for label in labels]
    places = np.empty(len(keys), dtype=np.intp)
    places[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys))
    return places


@dataclass(frozen=True)
class Traces:
    """Traces that the information needs, and the column sums of G_B and H, shape (N,).

    g, gg, h, hh are tr(G), tr(GG), tr(H), tr(HH); gbgb, hth, hg, htg are tr(G_B'G_B), tr(H'H), tr(H G_B), tr(H'G_B).
    """

    g: float
    gg: float
    gbgb: float
    h: float
    hh: float
    hth: float
    hg: float
    htg: float
    sums_g: FloatArray
    sums_h: FloatArray

    def demeaned(self, rho: float, lam: float, free: tuple[bool, bool]) -> Traces:
        """Return the traces of F'GF and the like, F a basis of what sums to zero; rows of W and M sum to one."""
        if not any(free):
            return self
        n = len(self.sums_g)
        g = 1 / (1 - rho) if free[0] else 0.0
        h = 1 / (1 - lam) if free[1] else 0.0
        return replace(
            self,
            g=self.g - g,
            gg=self.gg - g**2,
            gbgb=self.gbgb - float(self.sums_g @ self.sums_g) / n,
            h=self.h - h,
            hh=self.hh - h**2,
            hth=self.hth - float(self.sums_h @ self.sums_h) / n,
            hg=self.hg - h * g,
            htg=self.htg - float(self.sums_h @ self.sums_g) / n,
        )


def _nothing(n: int) -> Traces:
    return Traces(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, np.zeros(n), np.zeros(n))


def traces_of(
    W: sp.csr_array | None,
    M: sp.csr_array | None,
    rho: float,
    lam: float,
    *,
    logdet_w: LogDet | None,
    logdet_m: LogDet | None,
    places: Places | None = None,
    through: Inverse | None = None,
) -> Traces | Probes:
    """Return the traces where they can be had exactly, else the probes that estimate them.

    `places`, shape (N,), are those of the regions in an order of their own, by label: probes follow it, so that no
    result depends on the order of rows. `through` is the inverse of I - rho W, where the caller has it.
    """
    given = W if W is not None else M
    if given is None:
        return _nothing(0)
    n = given.shape[0]
    dense = n <= FULL_AT_MOST and all(matrix is None or full(matrix) for matrix in (W, M))
    if n > DENSE_AT_MOST and not dense and (n > DENSE_CHEAP or fills_little(W, M)):
        known = _Known.of(W, M, rho, lam, logdet_w, logdet_m, through)
        return _sparse(known) if n <= EXACT_AT_MOST and fills_little(W, M) else Probes(known, places)
    return _dense(W, M, rho, lam)


def fills_little(W: sp.csr_array | None, M: sp.csr_array | None) -> bool:
    """Whether the factors of (BA)'BA stay sparse, by its number of links."""
    links = sp.csr_array(sp.eye_array((W if W is not None else M).shape[0]))  # type: ignore[union-attr]
    for matrix in (W, M):
        if matrix is None:
            continue
        # Counted before it is multiplied: the product of full matrices takes long, and is not wanted.
        if matrix.nnz > LINKS_AT_MOST * matrix.shape[0]:
            return False
        links = sp.csr_array(links + abs(matrix) @ links)
    return bool(links.nnz <= LINKS_AT_MOST * links.shape[0] and (links.T @ links).nnz <= LINKS_AT_MOST * links.shape[0])


def _dense(W: sp.csr_array | None, M: sp.csr_array | None, rho: float, lam: float) -> Traces:
    G_B, H = dense_ratios(W, M, rho, lam)
    return Traces(
        # G_B = B G B^-1 has the eigenvalues of G.
        g=float(np.trace(G_B)),
        gg=_paired(G_B, G_B.T),
        gbgb=_paired(G_B, G_B),
        h=float(np.trace(H)),
        hh=_paired(H, H.T),
        hth=_paired(H, H),
        hg=_paired(H, G_B.T),
        htg=_paired(H, G_B),
        sums_g=G_B.sum(axis=0),
        sums_h=H.sum(axis=0),
    )


def _paired(A: FloatArray, B: FloatArray) -> float:
    return float(np.einsum("ij,ij->", A, B))


def dense_ratios(
    W: sp.csr_array | None, M: sp.csr_array | None, rho: float, lam: float
) -> tuple[FloatArray, FloatArray]:
    """Return G_B = B W (B A)^-1 and H = M B^-1, shape (N, N); zeros where there is no W or M."""
    n = (W if W is not None else M).shape[0]  # type: ignore[union-attr]
    eye = sp.csr_array(sp.eye_array(n))
    B = eye - lam * M if M is not None else eye
    H = _ratio(M, lam) if M is not None else np.zeros((n, n))
    if W is None:
        return np.zeros((n, n)), H
    A = eye - rho * W
    return (_over(B @ W, B @ A) if M is not None else _ratio(W, rho)), H


class Ratios:
    """G_B = B W (B A)^-1 and H = M B^-1 as what they do to vectors (N, k), by sparse factors set up once."""

    def __init__(self, W: sp.csr_array | None, M: sp.csr_array | None, rho: float, lam: float) -> None:
        self.W, self.M, self.lam = W, M, lam
        self.a = factor(W, rho) if W is not None else None
        self.b = factor(M, lam) if M is not None else None

    def of_w(self, Z: FloatArray) -> FloatArray:
        """Return G_B Z."""
        assert self.W is not None
        assert self.a is not None
        lagged = self.W @ self.a.solve(self.b.solve(Z) if self.b is not None else Z)
        return np.asarray(lagged if self.M is None else lagged - self.lam * (self.M @ lagged))

    def of_m(self, Z: FloatArray) -> FloatArray:
        """Return H Z."""
        assert self.M is not None
        assert self.b is not None
        return np.asarray(self.M @ self.b.solve(Z))


def _ratio(W: sp.csr_array, rho: float) -> FloatArray:
    """Return W (I - rho W)^-1, from the inverse alone where the product with W would cost as much again."""
    A = sp.csr_array(sp.eye_array(W.shape[0]) - rho * W)
    if not full(W) or abs(rho) * float(abs(W).sum(axis=1).max()) < TOLD:
        return _over(W, A)
    G: FloatArray = np.asarray(la.inv(A.toarray(), overwrite_a=True, check_finite=False), dtype=float)
    G[np.diag_indices(len(G))] -= 1.0
    G /= rho
    return G


def _over(D: sp.csr_array, K: sp.csr_array) -> FloatArray:
    """Return D K^-1, dense; a product with few links costs next to nothing beside the inverse."""
    n = K.shape[0]
    inverse = la.inv(K.toarray())
    return np.asarray((D.toarray() if D.nnz > FULL * n**2 else D) @ inverse, dtype=float)


@dataclass(frozen=True, eq=False)
class _Known:
    """W and M, what their log-determinants know, and the sparse factors of A and B; None without such a term."""

    W: sp.csr_array | None
    M: sp.csr_array | None
    rho: float
    lam: float
    a: sp.linalg.SuperLU | Whole | None
    b: sp.linalg.SuperLU | Whole | None
    traces: Traces

    @classmethod
    def of(
        cls,
        W: sp.csr_array | None,
        M: sp.csr_array | None,
        rho: float,
        lam: float,
        logdet_w: LogDet | None,
        logdet_m: LogDet | None,
        through: Inverse | None = None,
    ) -> _Known:
        """Factorise once, and take tr(G), tr(GG) and sums of columns, which need no probes."""
        n = (W if W is not None else M).shape[0]  # type: ignore[union-attr]
        a = (through or Inverse(W, rho)).factors if W is not None else None
        b = factor(M, lam) if M is not None else None
        bare = _nothing(n)
        known = cls(W, M, rho, lam, a, b, bare)
        g, gg = _of_powers(W, rho, logdet_w)
        h, hh = _of_powers(M, lam, logdet_m)
        sums_g, sums_h = known.column_sums()
        return replace(known, traces=replace(bare, g=g, gg=gg, h=h, hh=hh, sums_g=sums_g, sums_h=sums_h))

    @property
    def n(self) -> int:
        """Number of regions."""
        return int((self.W if self.W is not None else self.M).shape[0])  # type: ignore[union-attr]

    def through(self, Z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return G_B Z, H Z and W A^-1 B^-1 Z, shape (N, k) each; M times the last is H G_B Z."""
        b = self.b.solve(Z) if self.b is not None else Z
        H = self.M @ b if self.M is not None else np.zeros_like(Z)
        if self.W is None or self.a is None:
            return np.zeros_like(Z), H, np.zeros_like(Z)
        wab = self.W @ self.a.solve(b)
        return (wab - self.lam * (self.M @ wab) if self.M is not None else wab), H, wab

    def column_sums(self) -> tuple[FloatArray, FloatArray]:
        """Return G_B'1 and H'1."""
        one, zero = np.ones(self.n), np.zeros(self.n)
        H1 = self.b.solve(self.M.T @ one, "T") if self.b is not None and self.M is not None else zero
        if self.W is None or self.a is None:
            return zero, H1
        B1 = one - self.lam * (self.M.T @ one) if self.M is not None else one
        G1 = self.a.solve(self.W.T @ B1, "T")
        return (self.b.solve(G1, "T") if self.b is not None else G1), H1


def _of_powers(W: sp.csr_array | None, rho: float, logdet: LogDet | None) -> tuple[float, float]:
    """Return tr(G) and tr(GG), which are derivatives of the log-determinant."""
    if W is None:
        return 0.0, 0.0
    near = logdet if logdet is not None else choose(W).around(rho, NARROW)
    return -float(near.derivative(rho)), -float(near.second(rho))


def _sparse(known: _Known) -> Traces:
    """Return the traces as derivatives of log-determinants: tr(K^-1 D) = d log|K + t D| / dt at t = 0.

    With C = B A: tr(G_B'G_B) = tr((C'C)^-1 (BW)'(BW)), tr(H'G_B) = tr((C'C)^-1 (MA)'BW),
    tr(H G_B) = tr(C^-1 M W). tr(G) and tr(GG) are known to the log-determinant.
    """
    W, M = known.W, known.M
    eye = sp.csr_array(sp.eye_array(known.n))
    A = eye - known.rho * W if W is not None else eye
    B = eye - known.lam * M if M is not None else eye
    C = sp.csr_array(B @ A)
    found = known.traces
    if W is not None:
        BW = sp.csr_array(B @ W)
        found = replace(found, gbgb=trace_of_ratio(C.T @ C, BW.T @ BW))
    if M is not None:
        found = replace(found, hth=trace_of_ratio(B.T @ B, M.T @ M))
    if W is not None and M is not None:
        found = replace(found, htg=trace_of_ratio(C.T @ C, (M @ A).T @ BW), hg=trace_of_ratio(C, M @ W))
    return found


def trace_of_ratio(K: sp.sparray, D: sp.sparray) -> float:
    """Return tr(K^-1 D) exactly from one sparse factorisation: the complex-step derivative of log|K + t D|.

    With an imaginary t too small to reach the real parts, the diagonal of U carries the derivative in its
    imaginary part, free of cancellation (Squire and Trapp 1998, SIAM Review 40).
    """
    step = 1e-30
    lu = sp.linalg.splu(
        sp.csc_array(K + 1j * step * D),
        permc_spec="MMD_AT_PLUS_A",
        options={"SymmetricMode": True},
        diag_pivot_thresh=0.01,
    )
    diagonal = lu.U.diagonal()
    return float((diagonal.imag / diagonal.real).sum() / step)


class Probes:
    """tr(G_B'G_B), tr(H'H), tr(H'G_B) and tr(H G_B) from the same random signs z (Hutchinson 1990).

    The direction of the constant, in which G is largest, is taken out of z and added exactly. The same products at
    rho = lambda = 0, whose traces are known, serve as control variates.
    """

    def __init__(self, known: _Known, places: Places | None) -> None:
        self.known = known
        self.places = np.arange(known.n) if places is None else places
        self.rng = np.random.default_rng(0)  # the same figures in every run
        self.constant = np.full((known.n, 1), known.n**-0.5)
        found, control = self._products(self.constant)
        self.exact = found[0]
        self.controls = self._at_zero() - control[0]
        self.draws = np.empty((2, 0, 4))
        self.more(PROBES)

    @property
    def count(self) -> int:
        """How many probes have been drawn."""
        return self.draws.shape[1]

    def more(self, count: int) -> None:
        """Draw more probes."""
        block = max(1, BLOCK // self.known.n)
        while count > 0:
            take = min(count, block)
            Z = self.rng.choice([-1.0, 1.0], (take, self.known.n))[:, self.places].T
            Z = np.ascontiguousarray(Z - self.constant * (self.constant.T @ Z))
            self.draws = np.concatenate([self.draws, self._products(Z)], axis=1)
            count -= take

    def _products(self, Z: FloatArray) -> FloatArray:
        """Return z'G_B'G_B z, z'H'H z, z'H G_B z and z'H'G_B z for each column, and the same at zero: (2, k, 4)."""
        W, M = self.known.W, self.known.M
        zero = np.zeros_like(Z)
        G, H, wab = self.known.through(Z)
        W0, M0 = (W @ Z if W is not None else zero), (M @ Z if M is not None else zero)
        left = M.T @ Z if M is not None else zero
        pairs = (((G, G), (H, H), (left, wab), (H, G)), ((W0, W0), (M0, M0), (left, W0), (M0, W0)))
        return np.array([[np.einsum("nk,nk->k", *pair) for pair in four] for four in pairs]).transpose(0, 2, 1)

    def _at_zero(self) -> FloatArray:
        """Return tr(W'W), tr(M'M), tr(MW), tr(M'W)."""
        W, M = self.known.W, self.known.M

        def paired(left: sp.csr_array | None, right: sp.csr_array | None) -> float:
            return 0.0 if left is None or right is None else float(left.multiply(right).sum())

        return np.array([paired(W, W), paired(M, M), paired(None if M is None else M.T.tocsr(), W), paired(M, W)])

    def traces(self) -> tuple[Traces, FloatArray]:
        """Return the traces, and the covariance (3, 3) of what is simulated for rho, for lambda and for both."""
        drawn, control = self.draws
        centred = control - control.mean(axis=0)
        variance = (centred**2).sum(axis=0)
        slope = np.divide((centred * drawn).sum(axis=0), variance, out=np.zeros(4), where=variance > 0)
        adjusted = drawn - slope * (control - self.controls)
        gbgb, hth, hg, htg = (adjusted.mean(axis=0) + self.exact).tolist()
        parts = np.stack([adjusted[:, 0], adjusted[:, 1], adjusted[:, 2] + adjusted[:, 3]])
        parts = parts - parts.mean(axis=1, keepdims=True)
        # Two degrees of freedom went into the mean and the slope.
        spread = parts @ parts.T / (self.count - 2) / self.count
        return replace(self.known.traces, gbgb=gbgb, hth=hth, hg=hg, htg=htg), spread


def near_traces(found: Traces | Probes) -> Traces:
    """Return the traces, simulated ones from as many probes as leave open a thousandth of them."""
    if isinstance(found, Traces):
        return found
    while True:
        given, spread = found.traces()
        own = np.array([given.gbgb, given.hth])
        if (np.sqrt(np.diag(spread)[:2]) <= 1e-3 * own).all() or found.count >= PROBES_AT_MOST:
            return given
        found.more(found.count)
