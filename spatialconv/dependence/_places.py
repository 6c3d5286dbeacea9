"""Distances between the places of regions, and regressions without spatial terms as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv._core.persistence.kernel import Projector
from spatialconv._core.regression.absorb import absorb
from spatialconv._options import first
from spatialconv.errors import DataError, UnsupportedModelError
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.hypotheses.outcomes import fit_of
from spatialconv.panel import FloatArray
from spatialconv.results import plural
from spatialconv.weights.points import located

IntArray = npt.NDArray[np.intp]
LEAST_REGIONS = 8


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


def projector(X: FloatArray) -> Projector:
    """Return the projection on what the columns of X, shape (n, K), leave."""
    Q, _ = np.linalg.qr(X)
    return lambda Z: np.asarray(Z - Q @ (Q.T @ Z))


def least_squares(model: Any, what: str) -> tuple[PanelFit, Rows]:
    """Return the fit behind a model and its rows, or raise where it is not estimated by ordinary least squares."""
    fit = fit_of(model, "model")
    spec = fit.spec
    why = ""
    if spec.spatial != "none":
        why = f"has spatial terms ({spec.name}), which model dependence themselves"
    elif spec.dynamic != "none":
        why = "is dynamic"
    elif spec.effects == "random":
        why = "has random effects"
    elif spec.estimator != "ml":
        why = "is estimated by moments"
    elif fit.estimates.refined:
        why = f"is corrected by name ({fit.estimates.refined})"
    if why:
        raise UnsupportedModelError(
            f"{what} holds for least squares with fixed effects or none; the model {why}. Estimate it with "
            "spatial='none' and effects 'none', 'time', 'region' or 'two-way'."
        )
    T, N, K = fit.design.shape
    place, period = np.tile(np.arange(N), T), np.repeat(np.arange(T), N)
    effects = ((place,) if spec.effects in ("region", "two-way") else ()) + (
        (period,) if spec.effects in ("time", "two-way") else ()
    )
    y, X = fit.design.y.reshape(T * N, 1), fit.design.X.reshape(T * N, K)
    return fit, Rows(absorb(y, effects)[:, 0], absorb(X, effects), place, effects, fit.design.names)
