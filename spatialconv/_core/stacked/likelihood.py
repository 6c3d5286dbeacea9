"""The log-likelihood of stacked rows where effects or missing outcomes move with the spatial coefficients.

Let A = I - rho W and B = I - lambda M, block-diagonal over the periods, D the dummies of the effects, and E the columns
of the identity at the rows whose outcome is missing. With y zero there and v = (z, a) the outcomes z of these rows and
the coefficients a of the effects,

    e(v) = B [A (y + E z) - X beta - D a],        S = min over v and beta of e'e,
    l    = -(n/2) log(2 pi S / n) - n/2 + log|A| + log|B| - log|Q| / 2,        Q = (B A E)'(B A E),

n the number of outcomes seen. That is the density of the outcomes seen, the others integrated out: the precision of all
is A'B'BA / sigma2, that of the missing ones given the others its block Q / sigma2, and minimising over z completes the
square (Rue and Held 2005, Gaussian Markov Random Fields, section 2.2). Without missing outcomes it is the likelihood
with a dummy for every effect, which no demeaning gives where the filter B differs from period to period.

All is sparse: the columns that are swept out are those of [B A E, B D].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy.linalg as la
import scipy.sparse as sp

from spatialconv._core.likelihood.likelihood import EXPLAINED, Point
from spatialconv._core.likelihood.logdet import LogDet
from spatialconv._core.likelihood.traces import trace_of_ratio
from spatialconv._core.regression.least_squares import basis
from spatialconv._core.stacked.rows import Dummies, FloatArray, Residual, Rows, dummies, factored

# Second differences of the log-likelihood are taken over this share of a unit.
STEP = 1e-5


@dataclass(frozen=True, eq=False)
class _Lags:
    """Columns with their lags by W, by M, and by both: what a filter of them is made of."""

    plain: Any
    w: Any
    m: Any
    mw: Any

    @classmethod
    def of(cls, Z: Any, W: sp.csr_array | None, M: sp.csr_array | None) -> _Lags:
        none = 0.0 * Z
        WZ = W @ Z if W is not None else none
        return cls(Z, WZ, M @ Z if M is not None else none, M @ WZ if M is not None else none)

    def both(self, rho: float, lam: float) -> Any:
        """Return B A Z."""
        return self.plain - rho * self.w - lam * (self.m - rho * self.mw)

    def second(self, lam: float) -> Any:
        """Return B Z."""
        return self.plain - lam * self.m


@dataclass(frozen=True, eq=False)
class Swept:
    """What is left at a point: residuals e (n,), coefficients of the regressors, of the effects, and the outcomes."""

    e: FloatArray
    slopes: FloatArray
    effects: FloatArray
    outcomes: FloatArray


@dataclass(frozen=True, eq=False)
class Stacked:
    """The likelihood as the search takes it (`maximise.Surface`); the regressors are whitened within the effects."""

    rows: Rows
    logdet_w: LogDet | None
    logdet_m: LogDet | None

    random = False
    # Each value factorises: the search looks at fewer.
    costly = True

    @property
    def dof(self) -> int:
        """Outcomes seen."""
        return int(self.rows.seen.sum())

    @cached_property
    def projection(self) -> Dummies:
        """What takes the effects out of unfiltered data, and how many rows there are."""
        return dummies(self.rows)

    def with_logdets(self, logdet_w: LogDet | None, logdet_m: LogDet | None) -> Stacked:
        """Return the same data with other log-determinants."""
        found = replace(self, logdet_w=logdet_w, logdet_m=logdet_m)
        # What does not depend on them is computed once.
        for name in ("_own", "_scale", "_data", "_missing", "_dummies"):
            if name in self.__dict__:
                found.__dict__[name] = self.__dict__[name]
        return found

    @cached_property
    def _matrices(self) -> tuple[sp.csr_array | None, sp.csr_array | None]:
        own = self._own
        # A term that is not free has no lag, whatever weights it came with.
        return (own[0] if self.logdet_w is not None else None), (own[1] if self.logdet_m is not None else None)

    @cached_property
    def _own(self) -> tuple[sp.csr_array | None, sp.csr_array | None]:
        W, M = self.rows.W, self.rows.M
        return (W.whole if W is not None else None), (M.whole if M is not None else None)

    @cached_property
    def _scale(self) -> FloatArray:
        """R with X = Q R within the effects."""
        seen = self.rows.seen
        left = Residual(sp.csc_array(self.rows.dummies[seen]))(self.rows.X[seen])
        return basis(left).R

    @cached_property
    def _data(self) -> _Lags:
        """[y, X whitened] and lags."""
        X = self.rows.X
        white = la.solve_triangular(self._scale, X.T, trans="T").T if X.shape[1] else X
        return _Lags.of(np.column_stack([self.rows.y, white]), *self._own)

    @cached_property
    def _missing(self) -> _Lags:
        """E and lags."""
        where = np.flatnonzero(~self.rows.seen)
        E = sp.csc_array((np.ones(len(where)), (where, np.arange(len(where)))), shape=(self.rows.n, len(where)))
        return _Lags.of(E, *self._own)

    @cached_property
    def _dummies(self) -> _Lags:
        return _Lags.of(self.rows.dummies, None, self._own[1])

    def nuisance(self, rho: float, lam: float) -> sp.csc_array:
        """Return [B A E, B D]."""
        both = [self._missing.both(rho, lam), self._dummies.second(lam)]
        return sp.csc_array(sp.hstack(both, format="csc"))

    def filtered(self, rho: float, lam: float) -> FloatArray:
        """Return [B A y, B X], X whitened."""
        y = self._data.both(rho, lam)[:, :1]
        return np.hstack([y, self._data.second(lam)[:, 1:]])

    def swept(self, rho: float, lam: float, slopes: FloatArray | None = None) -> Swept:
        """Take out effects, missing outcomes and regressors; `slopes` holds the latter at given coefficients."""
        Z, K = self.filtered(rho, lam), self.nuisance(rho, lam)
        out = Residual(K)
        if slopes is None:
            left = out(Z)
            Q, R = np.linalg.qr(left[:, 1:])
            slopes = np.linalg.solve(R, Q.T @ left[:, 0]) if Z.shape[1] > 1 else np.zeros(0)
        target = (Z[:, 0] - Z[:, 1:] @ slopes)[:, None]
        found = out.coefficients(target)[:, 0]
        m = self._missing.plain.shape[1]
        outcomes = self.rows.y.copy()
        outcomes[~self.rows.seen] = -found[:m]
        return Swept(target[:, 0] - K @ found, slopes, found[m:], outcomes)

    def at(self, rho: float, lam: float, psi: float = 0.0) -> Point:
        """Evaluate the concentrated log-likelihood and its gradient."""
        found, n = self.swept(rho, lam), self.dof
        y = self.filtered(rho, lam)[:, 0]
        sse = max(float(found.e @ found.e), EXPLAINED * float(y @ y))
        value, free = self._free(rho, lam)
        loglik = -0.5 * n * (np.log(2 * np.pi * sse / n) + 1) + value
        gradient = -0.5 * n * self._sse_slopes(found, rho, lam) / sse + free
        return Point(rho, lam, psi, float(loglik), np.append(gradient, 0.0), sse, found.slopes)

    def _sse_slopes(self, found: Swept, rho: float, lam: float) -> FloatArray:
        """Return the slopes of the sum of squares: by the envelope theorem what is swept out stays where it is."""
        W, M = self._matrices
        wy = W @ found.outcomes if W is not None else np.zeros_like(found.e)
        by_rho = -2 * float(found.e @ (wy - lam * (M @ wy) if M is not None else wy))
        if M is None:
            return np.array([by_rho, 0.0])
        u = found.outcomes - rho * wy - self._data.plain[:, 1:] @ found.slopes - self.rows.dummies @ found.effects
        return np.array([by_rho, -2 * float(found.e @ (M @ u))])

    def _free(self, rho: float, lam: float) -> tuple[float, FloatArray]:
        """Return what the likelihood holds besides the sum of squares, and its slopes."""
        value, slopes = 0.0, np.zeros(2)
        for k, (logdet, at) in enumerate(((self.logdet_w, rho), (self.logdet_m, lam))):
            if logdet is not None:
                value += float(logdet.value(at))
                slopes[k] = float(logdet.derivative(at))
        F = self._missing.both(rho, lam)
        if not F.shape[1]:
            return value, slopes
        value -= 0.5 * float(np.log(np.abs(factored(F).U.diagonal())).sum())
        Q = sp.csr_array(F.T @ F)
        moves = (-(self._missing.w - lam * self._missing.mw), -(self._missing.m - rho * self._missing.mw))
        for k, (logdet, move) in enumerate(zip((self.logdet_w, self.logdet_m), moves, strict=True)):
            if logdet is not None:
                dQ = sp.csr_array(F.T @ move)
                slopes[k] -= 0.5 * trace_of_ratio(Q, dQ + dQ.T)
        return value, slopes

    def logliks(self, rho: FloatArray, lam: FloatArray, psi: FloatArray) -> FloatArray:  # noqa: ARG002
        """Evaluate the concentrated log-likelihood at G points, shape (G,) each."""
        return np.array([self._value(float(r), float(s)) for r, s in zip(rho, lam, strict=True)])

    def _value(self, rho: float, lam: float) -> float:
        Z = self.filtered(rho, lam)
        left = Residual(self.nuisance(rho, lam))(Z)
        Q, _ = np.linalg.qr(left[:, 1:])
        e = left[:, 0] - Q @ (Q.T @ left[:, 0])
        n, sse = self.dof, max(float(e @ e), EXPLAINED * float(Z[:, 0] @ Z[:, 0]))
        value = sum(float(d.value(at)) for d, at in ((self.logdet_w, rho), (self.logdet_m, lam)) if d is not None)
        F = self._missing.both(rho, lam)
        if F.shape[1]:
            value -= 0.5 * float(np.log(np.abs(factored(F).U.diagonal())).sum())
        return float(-0.5 * n * (np.log(2 * np.pi * sse / n) + 1) + value)

    def along(self, axis: int) -> Callable[[Any], Any]:
        """Return the slope in rho (0) or lambda (1) with the other at zero, of a number or an array."""

        def slope(values: Any) -> Any:
            found = [
                self.at(*((float(v), 0.0) if axis == 0 else (0.0, float(v)))).gradient[axis] for v in np.ravel(values)
            ]
            return np.array(found) if np.ndim(values) else float(found[0])

        return slope

    def recover(self, slopes: FloatArray) -> FloatArray:
        """Return beta of the regressors as they were given."""
        return np.asarray(la.solve_triangular(self._scale, slopes)) if len(slopes) else slopes

    def whitened(self, beta: FloatArray) -> FloatArray:
        """Return the slopes of the whitened regressors, of which `recover` gives beta."""
        return np.asarray(self._scale @ beta)

    def observed_information(self, point: Point) -> FloatArray:
        """Return minus the Hessian in (beta, [rho], [lambda], sigma2) by central differences of the analytic gradient.

        Effects are swept out at every point, so that its inverse is their part of the inverse of the whole.
        """
        K, free = len(point.coefficients), [k for k, d in enumerate((self.logdet_w, self.logdet_m)) if d is not None]
        sigma2 = point.sse / self.dof
        centre = np.concatenate([point.coefficients, np.array([point.rho, point.lam])[free], [sigma2]])
        ends = [d.interval for d in (self.logdet_w, self.logdet_m) if d is not None]
        spatial = [STEP * min(high - at, at - low) for (low, high), at in zip(ends, centre[K:-1], strict=True)]
        sizes = np.concatenate([np.full(K, STEP * np.sqrt(point.sse)), spatial, [STEP * sigma2]])
        columns = [(self._score(centre + e) - self._score(centre - e)) / (2 * e.max()) for e in np.diag(sizes)]
        info = -np.array(columns)
        change = np.eye(len(info))
        change[:K, :K] = self._scale
        return np.asarray(change.T @ (info + info.T) / 2 @ change)

    def _score(self, theta: FloatArray) -> FloatArray:
        """Return the slopes of the log-likelihood in (whitened slopes, [rho], [lambda], sigma2)."""
        free = [k for k, d in enumerate((self.logdet_w, self.logdet_m)) if d is not None]
        K, at = len(theta) - len(free) - 1, np.zeros(2)
        at[free], sigma2 = theta[K:-1], theta[-1]
        rho, lam = float(at[0]), float(at[1])
        found = self.swept(rho, lam, theta[:K])
        by_slopes = self._data.second(lam)[:, 1:].T @ found.e / sigma2
        by_free = (-0.5 * self._sse_slopes(found, rho, lam) / sigma2 + self._free(rho, lam)[1])[free]
        by_sigma2 = 0.5 * float(found.e @ found.e) / sigma2**2 - 0.5 * self.dof / sigma2
        return np.concatenate([by_slopes, by_free, [by_sigma2]])
