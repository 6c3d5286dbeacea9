"""From a fit to effects: where the coefficients stand, draws of them, the route, tables by either inference."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp
from scipy import stats

from spatialconv._core.likelihood.logdet import LogDet
from spatialconv._core.space import multipliers as core
from spatialconv._core.space.multiplier_routes import (
    PROBES,
    Averaged,
    Dense,
    Powers,
    Route,
    Slopes,
    Unlinked,
    Unmultiplied,
    by_eigenvalues,
    ends,
    factored,
    norm,
    powers_needed,
    spectrum,
)
from spatialconv._core.space.multipliers import Coefficients, multiplier, persistence, settles
from spatialconv._core.stacked.logdet import Summed
from spatialconv._options import ImpactKind, ImpactRoute, first
from spatialconv.errors import ModelError, OptionError

if TYPE_CHECKING:
    from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.small_samples.resample import resampled_params

FloatArray = npt.NDArray[np.float64]

EFFECTS = ("direct", "indirect", "total")
COLUMNS = ["estimate", "std_error", "z", "p", "conf_low", "conf_high"]
# Average effects in the order of EFFECTS from direct and total ones.
_PARTS = np.array([[1.0, 0.0], [-1.0, 1.0], [0.0, 1.0]])
# Own effects of single regions take a solve each; beyond this many they are left out.
OWN_AT_MOST = 20_000
# N x N matrices are held in memory up to this many regions.
MATRIX_AT_MOST = 10_000
# A standard deviation this much larger than that of a normal distribution with the same middle is one of few draws.
HEAVY, ENOUGH = 1.3, 200
# An interpolation of the multipliers that is coarser than this is mentioned.
COARSE = 1e-6
TAU, ETA = "lag:y", "lag:W:y"
# Rounds of replacing rejected draws; by then fewer than one in this many has been admissible.
ROUNDS = 50


@dataclass(frozen=True)
class Places:
    """Positions of each regressor's own coefficient and of that of its spatial lag, and of rho, tau and eta.

    The position after the last parameter stands for a coefficient that the model does not have, zero.
    """

    names: tuple[str, ...]
    beta: npt.NDArray[np.intp]
    theta: npt.NDArray[np.intp]
    rho: int
    tau: int
    eta: int
    size: int

    @classmethod
    def of(cls, fit: PanelFit) -> Places:
        """Find them by name among the parameters of a fit."""
        terms = list(fit.params.index)
        where = {term: k for k, term in enumerate(terms)}
        names = tuple(name for name in fit.spec.x if name not in (TAU, ETA))
        if not names:
            raise OptionError(f"the model has no regressors whose effects could be had; it has {first(terms)}.")
        none = len(terms)
        theta = [where[f"W:{name}"] if name in fit.spec.durbin else none for name in names]
        return cls(
            names,
            np.array([where[name] for name in names], dtype=np.intp),
            np.array(theta, dtype=np.intp),
            where.get("rho", none),
            where.get(TAU, none),
            where.get(ETA, none),
            none,
        )

    @property
    def dynamic(self) -> bool:
        """Whether the model has a lag of the outcome in time."""
        return min(self.tau, self.eta) < self.size

    @property
    def used(self) -> npt.NDArray[np.intp]:
        """Positions of all parameters that effects depend on."""
        every = np.unique([*self.beta, *self.theta, self.rho, self.tau, self.eta])
        return every[every < self.size]

    def pick(self, values: FloatArray) -> Coefficients:
        """Return the coefficients in parameter vectors of shape (..., P)."""
        padded = np.concatenate([values, np.zeros((*values.shape[:-1], 1))], axis=-1)
        return Coefficients(*(padded[..., at] for at in (self.beta, self.theta, self.rho, self.tau, self.eta)))

    def spread(self, gradient: FloatArray) -> FloatArray:
        """Return derivatives by (beta, theta, rho, tau, eta), shape (K, 2, 5), as derivatives by the P parameters."""
        K = len(self.names)
        out = np.zeros((K, 2, self.size + 1))
        for k in range(K):
            for place, at in enumerate((self.beta[k], self.theta[k], self.rho, self.tau, self.eta)):
                out[k, :, at] += gradient[k, :, place]
        return out[..., : self.size]


def check_stable(W: sp.csr_array, co: Coefficients) -> tuple[str, ...]:
    """Raise where the long run does not exist; return a note where only the ends of the spectrum were looked at."""
    roots, every = spectrum(W)
    largest = float(persistence(roots, co.rho, co.tau, co.eta))
    if not settles(largest):
        total = float(co.rho + co.tau + co.eta)
        raise ModelError(
            f"the long run does not exist: the model is not stable. The largest root of (I - rho W)^-1 (tau I + eta W) "
            f"is {largest:.4f}, not below one (tau + rho + eta = {total:.4f}). Take kind='short'."
        )
    return () if every else ("stability was checked at the real ends of the spectrum of the weights",)


@dataclass(frozen=True)
class Draws:
    """Draws of the parameters, shape (draws, P), the ends of the interval of rho, how many were drawn anew or lost."""

    values: FloatArray
    ends: tuple[float, float]
    rejected: int
    lost: int = 0


def draw(
    fit: PanelFit, places: Places, Ws: tuple[sp.csr_array, ...], *, draws: int, long: bool, rng: np.random.Generator
) -> Draws:
    """Draw from the normal distribution of the estimates; those without a finite effect are drawn anew."""
    W = Ws[0]
    used, mean = places.used, fit.params.to_numpy()
    root = _root(fit.cov.to_numpy()[np.ix_(used, used)])
    roots = spectrum(W)[0] if long else None
    kept, rejected, count = [], 0, 0
    interval = (-np.inf, np.inf)
    for _ in range(ROUNDS):
        values = np.tile(mean, (draws, 1))
        values[:, used] += rng.standard_normal((draws, len(used))) @ root.T
        co = places.pick(values)
        interval = shared_ends(Ws, co.rho) if places.rho < places.size else interval
        good = (interval[0] < co.rho) & (co.rho < interval[1])
        if roots is not None:
            good &= settles(persistence(roots, co.rho, co.tau, co.eta)) & (co.tau < 1)
        # Only draws before the last one needed count as rejected.
        enough = np.flatnonzero(good)[: draws - count]
        seen = enough[-1] + 1 if count + len(enough) == draws else draws
        kept.append(values[enough])
        count, rejected = count + len(enough), rejected + int(seen) - len(enough)
        if count == draws:
            return Draws(np.concatenate(kept), interval, rejected)
    raise ModelError(
        f"of {ROUNDS * draws} draws of the parameters only {count} lie where effects exist; the estimates are too "
        "near the edge for simulation. Take inference='delta', and mind that it is no better there."
    )


def shared_ends(Ws: Iterable[sp.csr_array], r: FloatArray) -> tuple[float, float]:
    """Return the interval in which the multipliers of all weights exist."""
    low, high = zip(*(ends(W, r) for W in Ws), strict=True)
    return max(low), min(high)


def _root(cov: FloatArray) -> FloatArray:
    """Return a matrix whose product with its transpose is the covariance, scaled to correlations first."""
    scale = np.sqrt(np.clip(np.diag(cov), 0, None))
    unit = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(cov / np.outer(unit, unit))
    if values.min() < -1e-8 * max(values.max(), 1.0):
        raise ModelError(
            f"the covariance of the estimates has a negative eigenvalue ({values.min():.2e} on the scale of "
            "correlations): nothing can be drawn from it. Take another vcov."
        )
    return np.asarray(unit[:, None] * vectors * np.sqrt(np.clip(values, 0, None)))


def multipliers_of(co: Coefficients, *, long: bool) -> FloatArray:
    """Return r of the coefficients, one or as many as draws."""
    return np.atleast_1d(multiplier(co, long=long)[0])


@dataclass(frozen=True)
class Job:
    """What all ways to the effects have in common."""

    fit: PanelFit
    places: Places
    Ws: tuple[sp.csr_array, ...]
    counts: tuple[int, ...]
    long: bool
    level: float

    @property
    def matrix(self) -> sp.csr_array:
        """The weights, where all periods have the same."""
        if len(self.Ws) > 1:
            self.fit.design.refuse_cells("this is")
        return self.Ws[0]

    @classmethod
    def of(cls, fit: PanelFit, kind: ImpactKind, level: float) -> Job:
        """Check that the kind of effects fits the model."""
        places = Places.of(fit)
        if places.dynamic and kind == "static":
            raise OptionError("the model is dynamic: its effects are kind='short' (within the period) or 'long'.")
        if not places.dynamic and kind != "static":
            raise OptionError(f"kind={kind!r} needs a lag of the outcome in time; the model has none: kind='static'.")
        N, aligned = fit.n_regions, fit.design.W
        parts = (
            [(a.matrix, count) for a, count in aligned.parts] if aligned is not None else [(sp.csr_array((N, N)), 1)]
        )
        Ws, counts = zip(*parts, strict=True)
        return cls(fit, places, Ws, counts, kind == "long", level)

    @property
    def coefficients(self) -> core.Coefficients:
        """The estimates."""
        return self.places.pick(self.fit.params.to_numpy())

    @property
    def r(self) -> FloatArray:
        """What multiplies W in the inverse."""
        return core.multiplier(self.coefficients, long=self.long)[0]

    @property
    def multiplied(self) -> bool:
        """Whether the outcome feeds back on itself through space."""
        return self.places.rho < self.places.size or (self.long and self.places.eta < self.places.size)

    def check(self) -> tuple[str, ...]:
        """Raise where there is no multiplier: outside the interval of rho, or without a stable long run."""
        known = self.fit.estimates.optimum.logdet_w
        low, high = known.interval if known is not None else (np.inf, -np.inf)
        rho = float(self.coefficients.rho)
        if not low < rho < high:
            low, high = shared_ends(self.Ws, np.array([rho]))
        if self.places.rho < self.places.size and not low < rho < high:
            raise ModelError(
                f"the outcome does not settle: rho = {rho:.4f} lies outside ({low:.4f}, {high:.4f}), where the spatial "
                "multiplier exists. No effects follow from these estimates."
            )
        return check_stable(self.matrix, self.coefficients) if self.long else ()

    def draw(self, draws: int, rng: np.random.Generator, jobs: int | None = None) -> Draws:
        """Return draws of the parameters: from their normal distribution, or refits where jobs are given."""
        if jobs is not None:
            return self._refitted(draws, rng, jobs)
        return draw(self.fit, self.places, self.Ws, draws=draws, long=self.long, rng=rng)

    def _refitted(self, draws: int, rng: np.random.Generator, jobs: int) -> Draws:
        return self.of_refits(*resampled_params(self.fit, draws, rng, jobs=jobs))

    def of_refits(self, values: FloatArray, lost: int) -> Draws:
        """Return refits, shape (draws, P), as draws; those without a long run are left out where that is asked for."""
        co = self.places.pick(values)
        interval = shared_ends(self.Ws, co.rho) if self.places.rho < self.places.size else (-np.inf, np.inf)
        if not self.long:
            return Draws(values, interval, 0, lost)
        good = settles(persistence(spectrum(self.matrix)[0], co.rho, co.tau, co.eta)) & (co.tau < 1)
        if good.mean() < 0.5:
            raise ModelError(
                f"in {int((~good).sum()):,} of {len(good):,} refits the long run does not exist; take kind='short'."
            )
        return Draws(values[good], interval, 0, lost + int((~good).sum()))

    def route(self, name: ImpactRoute, drawn: Draws | None, rng: np.random.Generator) -> Route:
        """Return the way to the multipliers that was asked for, or that suits the weights; their mean over periods."""
        every = self.routes(name, drawn, rng)
        return every[0] if len(every) == 1 else Averaged(every, self.counts)

    def routes(self, name: ImpactRoute, drawn: Draws | None, rng: np.random.Generator) -> tuple[Route, ...]:
        """Return the ways to the multipliers of each of the weights that differ."""
        known = self.fit.estimates.optimum.logdet_w
        if isinstance(known, Summed):
            parts = dict(zip(known.places, known.parts, strict=True))
            return tuple(self._way(W, parts.get(k), name, drawn, rng) for k, W in enumerate(self.Ws))
        return tuple(self._way(W, known, name, drawn, rng) for W in self.Ws)

    def _way(
        self, W: sp.csr_array, at_hand: LogDet | None, name: ImpactRoute, drawn: Draws | None, rng: np.random.Generator
    ) -> Route:
        if not self.multiplied:
            return Unmultiplied(W)
        if not W.nnz:
            return Unlinked()
        if name == "auto" and at_hand is not None:
            return Slopes(W, at_hand)
        if name == "exact" or (name == "auto" and core.dense_suits(W)):
            self.fits_in_memory("exact")
            return Dense(W)
        if name == "eigen":
            self.fits_in_memory("eigen")
            return by_eigenvalues(W)
        return self._powers(W, drawn, rng) if name == "stochastic" else factored(W)

    def fits_in_memory(self, name: str) -> None:
        """Refuse a dense route beyond the regions it serves."""
        N = max(W.shape[0] for W in self.Ws)
        if N > MATRIX_AT_MOST:
            raise OptionError(
                f"route={name!r} holds matrices of {N:,} x {N:,}; it serves up to "
                f"{MATRIX_AT_MOST} regions. Take route='trace' (sparse factors) or 'auto'."
            )

    def _powers(self, W: sp.csr_array, drawn: Draws | None, rng: np.random.Generator) -> Powers:
        every = self.r if drawn is None else multipliers_of(self.places.pick(drawn.values), long=self.long)
        largest = float(np.abs(np.append(every, self.r)).max())
        if powers_needed(largest * norm(W)) == 0:
            raise OptionError(
                f"route='stochastic' sums powers of the weights, which do not die out (or too slowly) at "
                f"{largest:.4f}. Take route='trace' or 'auto'."
            )
        return Powers.of(W, largest, rng)

    def notes(self) -> tuple[str, ...]:
        """Say what a reader must know of these effects."""
        found = []
        stuck = [name for name in self.fit.at_bound if name in ("rho", "lambda")]
        if stuck:
            found.append(f"{' and '.join(stuck)} on the bound: neither effects nor standard errors hold")
        without = [
            name
            for name, at in zip(self.places.names, self.places.theta, strict=True)
            if not self.multiplied and at == self.places.size
        ]
        if without:
            found.append(f"no spatial lag acts on {', '.join(without)}: indirect effects are zero by construction")
        if self.fit.n_regions > OWN_AT_MOST:
            found.append(f"own effects by region are left out (NaN) beyond {OWN_AT_MOST} regions")
        if len(self.Ws) > 1:
            found.append("weights or regions differ by period: effects are means over the periods, see by_period")
        return tuple(found)

    def by_delta(self, means: core.Means) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
        """Return table and covariance by the delta method."""
        co = self.coefficients
        estimate = core.effects(co, np.array([means.trace, means.sum]), long=self.long) @ _PARTS.T
        slopes = self.places.spread(core.gradient(co, means, long=self.long))
        J = np.einsum("ep,kpq->keq", _PARTS, slopes).reshape(-1, self.places.size)
        # Only of the parameters that matter: others may have no variance, as phi has none on its bound.
        used = self.places.used
        cov = J[:, used] @ self.fit.cov.to_numpy()[np.ix_(used, used)] @ J[:, used].T
        half = stats.norm.ppf(0.5 + self.level / 2) * np.sqrt(np.clip(np.diag(cov), 0, None))
        low, high = estimate.ravel() - half, estimate.ravel() + half
        return *self._tables(estimate.ravel(), cov, low, high), ()

    def by_draws(
        self, way: Route, means: core.Means, drawn: Draws
    ) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
        """Return table and covariance from draws."""
        co = self.places.pick(drawn.values)
        r = multipliers_of(co, long=self.long)
        low, high = float(r.min()), float(r.max())
        table = core.tabulate(way.at, low, high, drawn.ends)
        every = (core.effects(co, table(r), long=self.long) @ _PARTS.T).reshape(len(r), -1)
        here = core.effects(self.coefficients, np.array([means.trace, means.sum]), long=self.long) @ _PARTS.T
        cov = np.atleast_2d(np.cov(every, rowvar=False))
        tail = (1 - self.level) / 2
        bounds = np.quantile(every, [tail, 1 - tail], axis=0)
        return *self._tables(here.ravel(), cov, *bounds), (*draw_notes(drawn, table.error), *_tail_notes(every))

    def _tables(
        self, estimate: FloatArray, cov: FloatArray, low: FloatArray, high: FloatArray
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        index = pd.MultiIndex.from_product([self.places.names, EFFECTS], names=["term", "effect"])
        std_error = np.sqrt(np.clip(np.diag(cov), 0, None))
        z = np.divide(estimate, std_error, out=np.full_like(estimate, np.nan), where=std_error > 0)
        values = [estimate, std_error, z, 2 * stats.norm.sf(np.abs(z)), low, high]
        table = pd.DataFrame(dict(zip(COLUMNS, values, strict=True)), index=index).reset_index()
        return table, pd.DataFrame(cov, index=index, columns=index)


def _tail_notes(every: FloatArray) -> tuple[str, ...]:
    """Say where few draws decide on a standard deviation: beside a pole of the multiplier it does not even exist."""
    if len(every) < ENOUGH:
        return ()
    low, high = np.quantile(every, [0.1587, 0.8413], axis=0)
    heavy = int((np.std(every, axis=0) > HEAVY * (high - low) / 2).sum())
    if not heavy:
        return ()
    return (
        f"the draws of {heavy} of {every.shape[1]} effects are far from normal (rho near the end of its interval, or a "
        "product of uncertain coefficients): few draws decide on the standard error, the intervals are quantiles",
    )


def draw_notes(drawn: Draws, error: float) -> tuple[str, ...]:
    """Say how many draws were rejected and whether the interpolation shows."""
    found = []
    if drawn.rejected:
        total = drawn.rejected + len(drawn.values)
        found.append(
            f"{drawn.rejected} of {total:,} draws lay where no effects exist (rho outside "
            f"({drawn.ends[0]:.4f}, {drawn.ends[1]:.4f}) or not stable) and were drawn anew"
        )
    if drawn.lost:
        total = drawn.lost + len(drawn.values)
        found.append(f"{drawn.lost} of {total:,} refits failed or have no long run and are left out of the intervals")
    if error > COARSE:
        found.append(f"multipliers were interpolated between draws with a relative error of {error:.1e}")
    return tuple(found)


def probe_notes(way: Route, job: Job) -> tuple[str, ...]:
    """Say how good the random probes are, where they were used."""
    if not isinstance(way, Powers):
        return ()
    co, error = job.coefficients, way.error(float(job.r))
    r, c = core.multiplier(co, long=job.long)
    worst = float(np.abs(c * (co.beta * r + co.theta)).max()) * error
    return (
        f"traces are estimated from {PROBES} random probes and {len(way.sums)} powers: standard error of that in a "
        f"direct effect at most {worst:.1e}; totals are exact",
    )
