"""Expected information of (beta, [rho], [lambda], sigma2) of stacked rows, period by period.

The mean parts are those of `likelihood.information`, with effects and missing outcomes swept out of the filtered
columns:  X* = R B X and d = R B W A^-1 eta, R what [B A E, B D] leaves. The parts of the covariance are sums over
periods. Where all outcomes of a period are seen they are the traces of G and H; where some are missing, those of the
covariance V = [A^-1 B^-1 (A^-1 B^-1)']_oo of the outcomes seen,

    tr(V^-1 V_j V^-1 V_k) / 2,   V_rho = [A^-1 W Omega + ...']_oo,   V_lambda = [S M B^-1 S' + ...']_oo,

with S = A^-1 B^-1, Omega = S S' (Magnus 1978, Journal of Econometrics 7).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.linalg as la
import scipy.sparse as sp

from spatialconv._core.likelihood.logdet import LogDet
from spatialconv._core.likelihood.traces import Places as Order
from spatialconv._core.likelihood.traces import near_traces, traces_of
from spatialconv._core.stacked.likelihood import Stacked
from spatialconv._core.stacked.logdet import Summed
from spatialconv._core.stacked.rows import FloatArray, Residual

# The covariance of what is seen is dense, a period at a time, up to this many regions.
DENSE_AT_MOST = 2500


@dataclass(frozen=True)
class Parts:
    """Sums over periods of tr(V^-1 V_j V^-1 V_k) / 2 for rho, lambda, both, and of tr(V^-1 V_j) / 2."""

    rr: float
    ll: float
    rl: float
    of_r: float
    of_l: float

    def __add__(self, other: Parts) -> Parts:
        return Parts(*(a + b for a, b in zip(self._all(), other._all(), strict=True)))

    def times(self, count: int) -> Parts:
        """Return the parts of as many periods."""
        return Parts(*(count * value for value in self._all()))

    def _all(self) -> tuple[float, ...]:
        return self.rr, self.ll, self.rl, self.of_r, self.of_l


def expected(
    stack: Stacked,
    beta: FloatArray,
    effects: FloatArray,
    rho: float,
    lam: float,
    sigma2: float,
    dof: int,
    *,
    means: bool = False,
    order: Order | None = None,
) -> FloatArray:
    """Return the information at a point; `effects` (n,) are those of the rows, `dof` what the variance divides by.

    `means` says that the means of periods have been transformed away, `order` is that of the regions by label.
    """
    rows = stack.rows
    out = Residual(stack.nuisance(rho, lam))
    W, M = rows.W, rows.M

    def filtered(Z: FloatArray) -> FloatArray:
        return out(Z - lam * (M.whole @ Z) if M is not None else Z)

    K = rows.X.shape[1]
    Xs = filtered(rows.X)
    info = np.zeros((K + 3, K + 3))
    info[:K, :K] = Xs.T @ Xs / sigma2
    if W is not None:
        eta = (rows.X @ beta + effects)[:, None]
        d = filtered(W.whole @ W.multiply(rho, eta))[:, 0]
        info[:K, K] = info[K, :K] = Xs.T @ d / sigma2
        info[K, K] = d @ d / sigma2
    parts = _parts(stack, rho, lam, means, order)
    info[K, K] += parts.rr
    info[K + 1, K + 1] = parts.ll
    info[K, K + 1] = info[K + 1, K] = parts.rl
    info[K, K + 2] = info[K + 2, K] = parts.of_r / sigma2
    info[K + 1, K + 2] = info[K + 2, K + 1] = parts.of_l / sigma2
    info[K + 2, K + 2] = dof / (2 * sigma2**2)
    keep = [*range(K), *([K] if W is not None else []), *([K + 1] if M is not None else []), K + 2]
    return np.asarray(info[np.ix_(keep, keep)])


def _parts(stack: Stacked, rho: float, lam: float, means: bool, order: Order | None) -> Parts:
    """Sum the parts over the periods, computing those of each pair of weights and pattern once."""
    rows, total = stack.rows, Parts(0.0, 0.0, 0.0, 0.0, 0.0)
    if rows.W is None and rows.M is None:
        return total
    groups: dict[tuple[int, int, bytes], list[slice]] = {}
    for span, w, m in _periods(stack):
        groups.setdefault((w, m, rows.seen[span].tobytes()), []).append(span)
    for (w, m, _), spans in groups.items():
        W = rows.W.matrices[w] if rows.W is not None else None
        M = rows.M.matrices[m] if rows.M is not None else None
        seen = rows.seen[spans[0]]
        if seen.all():
            places = None if order is None else np.argsort(np.argsort(order[rows.region[spans[0]]]))
            logdets = (_part_of(stack.logdet_w, W, w, rows.W), _part_of(stack.logdet_m, M, m, rows.M))
            found = _of_traces(W, M, rho, lam, logdets, means, places)
        else:
            found = _of_seen(W, M, rho, lam, seen)
        total += found.times(len(spans))
    return total


def _periods(stack: Stacked) -> list[tuple[slice, int, int]]:
    rows = stack.rows
    W, M = rows.W or rows.M, rows.M or rows.W
    assert W is not None
    assert M is not None
    return [(span, w, m) for (span, w), m in zip(W.periods(), M.which.tolist(), strict=True)]


def _part_of(logdet: LogDet | None, W: sp.csr_array | None, k: int, blocks: object) -> LogDet | None:
    """Return the log-determinant of one of the matrices; None lets the traces choose it anew."""
    if W is None or blocks is None or not isinstance(logdet, Summed) or k not in logdet.places:
        return None
    return logdet.parts[logdet.places.index(k)]


def _of_traces(
    W: sp.csr_array | None,
    M: sp.csr_array | None,
    rho: float,
    lam: float,
    logdets: tuple[LogDet | None, LogDet | None],
    means: bool,
    places: npt.NDArray[np.intp] | None,
) -> Parts:
    found = near_traces(traces_of(W, M, rho, lam, logdet_w=logdets[0], logdet_m=logdets[1], places=places))
    if means:
        found = found.demeaned(rho, lam, (W is not None, M is not None))
    return Parts(found.gg + found.gbgb, found.hh + found.hth, found.htg + found.hg, found.g, found.h)


def _of_seen(
    W: sp.csr_array | None, M: sp.csr_array | None, rho: float, lam: float, seen: npt.NDArray[np.bool_]
) -> Parts:
    n, eye = len(seen), np.eye(len(seen))
    Bi = la.inv(eye - lam * M.toarray()) if M is not None else eye
    Ai = la.inv(eye - rho * W.toarray()) if W is not None else eye
    S = Ai @ Bi
    moves = [
        Ai @ (W @ S) if W is not None else np.zeros((n, n)),
        S @ (M @ Bi) if M is not None else np.zeros((n, n)),
    ]
    V = la.cho_factor((S @ S.T)[np.ix_(seen, seen)])
    halves = []
    for move in moves:
        slope = (move @ S.T)[np.ix_(seen, seen)]
        halves.append(np.asarray(la.cho_solve(V, slope + slope.T)))
    R, L = halves
    pairs = [(R, R), (L, L), (R, L)]
    rr, ll, rl = (0.5 * float((A * B.T).sum()) for A, B in pairs)
    return Parts(rr, ll, rl, 0.5 * float(np.trace(R)), 0.5 * float(np.trace(L)))
