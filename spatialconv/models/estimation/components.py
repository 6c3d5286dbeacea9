"""Least squares as rows, and what their coefficients are held against under dependence over space (SCPC)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv._core.persistence.principal_components import components, conditional, covariances, critical
from spatialconv._core.persistence.principal_components import p_value as largest_p
from spatialconv._core.regression.absorb import absorb
from spatialconv._options import first, probability
from spatialconv.errors import DataError, OptionError, UnsupportedModelError
from spatialconv.models.specification.design import Design
from spatialconv.models.specification.spec import ModelSpec
from spatialconv.panel import FloatArray
from spatialconv.results import plural
from spatialconv.weights.points import located

IntArray = npt.NDArray[np.intp]
LEAST_REGIONS = 8
# Average correlations that the bound may be: below, components without end; above, none are left.
LEAST_BOUND, MOST_BOUND = 0.001, 0.9
BOUND = 0.03  # that of Mueller and Watson


@dataclass(frozen=True, eq=False)
class Places:
    """Distances between regions in km, shape (N, N); the largest; how they were measured, and notes on it."""

    km: FloatArray
    largest: float
    how: str
    notes: tuple[str, ...]

    @property
    def shares(self) -> FloatArray:
        """Distances as shares of the largest one."""
        return np.asarray(self.km / self.largest)


def places(geometry: Any, regions: pd.Index, points: Any, what: str) -> Places:
    """Return the distances between the regions' places, matched by label."""
    n = len(regions)
    if n < LEAST_REGIONS:
        raise DataError(
            f"{what} needs {LEAST_REGIONS} regions or more; there {'is' if n == 1 else 'are'} {plural(n, 'region')}: "
            f"{first(list(regions))}."
        )
    found = located(geometry, regions, points)
    others = found.all_pairs()
    km = np.zeros((n, n))
    km[~np.eye(n, dtype=bool)] = others.ravel()
    return Places(km, float(km.max()), found.how, found.notes)


@dataclass(frozen=True, eq=False)
class Rows:
    """A regression by ordinary least squares, region after region within periods.

    y of shape (rows,), X of shape (rows, K) with effects out of both, `place` the region of each row, and names.
    """

    y: FloatArray
    X: FloatArray
    place: IntArray
    effects: tuple[IntArray, ...]
    names: tuple[str, ...]

    def project(self, Z: FloatArray) -> FloatArray:
        """Return Z, shape (rows, k), with effects and regressors taken out."""
        Z = absorb(Z, self.effects)
        return np.asarray(Z - self.X @ np.linalg.lstsq(self.X, Z, rcond=None)[0])


def rows_of(design: Design, spec: ModelSpec, refined: str, what: str) -> Rows:
    """Return the rows of a regression, or raise where it is not estimated by ordinary least squares.

    `refined` says what was done to the estimates after the fit.
    """
    why = ""
    if spec.spatial != "none":
        why = f"has spatial terms ({spec.name}), which model dependence themselves"
    elif spec.dynamic != "none":
        why = "is dynamic"
    elif spec.effects == "random":
        why = "has random effects"
    elif spec.estimator != "ml":
        why = "is estimated by moments"
    elif refined:
        why = f"is corrected by name ({refined})"
    if why:
        raise UnsupportedModelError(
            f"{what} holds for least squares with fixed effects or none; the model {why}. Estimate it with "
            "spatial='none' and effects 'none', 'time', 'region' or 'two-way'."
        )
    T, N, K = design.shape
    place, period = np.tile(np.arange(N), T), np.repeat(np.arange(T), N)
    effects = ((place,) if spec.effects in ("region", "two-way") else ()) + (
        (period,) if spec.effects in ("time", "two-way") else ()
    )
    y, X = design.y.reshape(T * N, 1), design.X.reshape(T * N, K)
    return Rows(absorb(y, effects)[:, 0], absorb(X, effects), place, effects, design.names)


@dataclass(frozen=True, eq=False)
class Held:
    """Coefficients of least squares, their covariance from principal components, and the laws of their t.

    `beta` of shape (K,), `cov` (K, K); `own` are the covariances of the components under every decay that sizes are
    held for, shape (decays, q + 1, q + 1), and `given` those given the regressors, one a coefficient, or None.
    """

    beta: FloatArray
    cov: FloatArray
    q: int
    decay: float
    own: FloatArray
    given: tuple[FloatArray, ...] | None

    @property
    def std_errors(self) -> FloatArray:
        """Standard errors, shape (K,)."""
        return np.asarray(np.sqrt(np.diag(self.cov)))

    def critical(self, level: float) -> FloatArray:
        """Return what the absolute values of t are held against by intervals of this level, shape (K,)."""
        alpha = 1 - level
        value = critical(self.own, alpha)
        if self.given is None:
            return np.full(len(self.beta), value)
        return np.array([max(value, critical(omegas, alpha)) for omegas in self.given])

    @cached_property
    def p_values(self) -> FloatArray:
        """Largest probabilities of such t, over all covariances, shape (K,)."""
        found = [largest_p(self.own, t) for t in self.beta / self.std_errors]
        if self.given is None:
            return np.array(found)
        of_given = (largest_p(o, t) for o, t in zip(self.given, self.beta / self.std_errors, strict=True))
        return np.array([max(p, other) for p, other in zip(found, of_given, strict=True)])


def held(rows: Rows, shares: FloatArray, bound: float, given: bool) -> Held:
    """Return coefficients with what they are held against; `shares` are distances as shares of the largest."""
    n = len(shares)
    found = components(shares, bound)
    Q, R = np.linalg.qr(rows.X)
    inverse = np.linalg.solve(R, Q.T)  # (X'X)^-1 X', shape (K, rows)
    beta = inverse @ rows.y
    residuals = rows.y - rows.X @ beta
    influence = np.stack([np.bincount(rows.place, weights=line * residuals, minlength=n) for line in inverse])
    # The coefficient itself, part of the influence in the paper, has no share in components without a mean.
    scores = n * influence @ found.W[:, 1:]
    laws = None
    if given:
        laws = tuple(
            covariances(shares, found.decays, conditional(found.W, n * line, rows.place, rows.project))
            for line in inverse
        )
    own = covariances(shares, found.decays, found.W)
    return Held(beta, scores @ scores.T / (found.q * n), found.q, float(found.decays[0]), own, laws)


def largest_correlation(value: float) -> float:
    """Return a bound on the average correlation of two regions, or raise."""
    value = probability("bound", value)
    if not LEAST_BOUND <= value <= MOST_BOUND:
        raise OptionError(f"bound must lie between {LEAST_BOUND:g} and {MOST_BOUND:g}; got {value!r}.")
    return value


def held_at(
    design: Design, spec: ModelSpec, refined: str, geometry: Any, points: Any, bound: float
) -> tuple[Held, tuple[str, ...]]:
    """Return what the coefficients of a fit are held against between the places of its regions, and what to say."""
    if geometry is None:
        raise OptionError(
            "vcov='scpc' needs the places of the regions; pass geometry=gdf, a GeoDataFrame whose index (or column of "
            "labels) names them."
        )
    bound = largest_correlation(bound)
    design.refuse_cells("vcov='scpc' is")
    rows = rows_of(design, spec, refined, "vcov='scpc'")
    where = places(geometry, design.regions, points, "vcov='scpc'")
    found = held(rows, where.shares, bound, given=True)
    km = float(np.log(2.0)) / found.decay * where.largest
    said = (
        f"standard errors from {found.q} spatial principal components (SCPC), p and intervals by critical values of "
        f"their own, whatever the correlation of two regions up to {bound:g} on average (halving over {km:,.0f} km)"
    )
    return found, (*where.notes, said)
