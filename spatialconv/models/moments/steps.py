"""Regression with instruments as estimation by moments repeats it: filtered, without effects, means reweighed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from spatialconv._core.likelihood.effects import Projection, projection
from spatialconv._core.likelihood.information import spatial_filter
from spatialconv._core.likelihood.likelihood import lag
from spatialconv._core.regression.two_stage import FirstStage, Meat, TwoStage, extended, first_stage, two_stage
from spatialconv.errors import ModelError
from spatialconv.models.estimation.estimate import Sample
from spatialconv.models.moments.instruments import Instruments
from spatialconv.models.specification.design import Design
from spatialconv.panel import FloatArray

BEST = "W(I - rho W)^-1 X beta"


@dataclass(frozen=True)
class Filter:
    """What makes errors equal and independent: their spatial process, and tau = sigma2 / sigma2 of the means."""

    lam: float = 0.0
    tau: float = 1.0


@dataclass(frozen=True)
class Regression:
    """One regression: its result, the filter it used, and the names of the excluded instruments that count."""

    result: TwoStage
    filter: Filter
    instruments: tuple[str, ...] = ()
    first: FirstStage | None = None


@dataclass(frozen=True)
class Steps:
    """A design as estimation by moments sees it: regressors Z = [X, Wy] and the instruments beyond X."""

    design: Design
    data: Sample
    instruments: Instruments

    @cached_property
    def Z(self) -> FloatArray:  # noqa: N802
        """Regressors, shape (T, N, k), the endogenous one last."""
        if self.data.W is None:
            return self.data.X
        return np.concatenate([self.data.X, lag(self.data.W, self.data.y)[..., None]], axis=2)

    @cached_property
    def exact(self) -> Projection:
        """The projection with the observations that are left without effects, whatever sigma2 is divided by."""
        T, N, _ = self.design.shape
        return projection(self.data.project.kind, T, N, lee_yu=True)

    def clean(self, values: FloatArray, f: Filter) -> FloatArray:
        """Return (T, N, ...) filtered, without effects, the means under random effects weighed by sqrt(tau)."""
        filtered = spatial_filter(self.data.M, f.lam, values) if f.lam else values
        if f.tau == 1.0:
            return self.data.project(filtered)
        return np.asarray(filtered - (1 - np.sqrt(f.tau)) * filtered.mean(axis=0, keepdims=True))

    def residuals(self, coefficients: FloatArray) -> FloatArray:
        """Return u = y - Z d, shape (T, N), not filtered, effects still in it."""
        return np.asarray(self.data.y - self.Z @ coefficients)

    def regress(self, f: Filter, meat: Meat | None, best: FloatArray | None = None) -> Regression:
        """Regress on Z under a filter; `best`, (T, N, 1), replaces the instruments of the endogenous regressor."""
        Z, y = _flat(self.clean(self.Z, f)), self.clean(self.data.y, f).ravel()
        if self.data.W is None:
            return Regression(two_stage(y, Z, None), f)
        Qx, Qe, kept = self._bases(f, best)
        if len(kept) == 0:
            raise ModelError(
                "nothing can serve as instrument for the spatial lag of the outcome: without effects and regressors "
                "nothing is left of the regressors' own lags. Add a regressor that differs between neighbours, or take "
                "estimator='ml'."
            )
        result = two_stage(y, Z, np.concatenate([Qx, Qe], axis=1))
        first = first_stage(Z[:, -1].reshape(self.data.y.shape), Qx, Qe, self.exact.dof, meat)
        names = self.instruments.names if best is None else (BEST,)
        return Regression(result, f, tuple(names[k] for k in kept), first)

    def _bases(self, f: Filter, best: FloatArray | None) -> tuple[FloatArray, FloatArray, npt.NDArray[np.intp]]:
        """Return bases of the exogenous regressors and of what the instruments add, and which of these do.

        Instruments are reweighed as the data are under random effects (the G2SLS of Balestra and
        Varadharajan-Krishnakumar 1987): to take their deviations and means apart doubles their number and with it
        the bias. They are not filtered, but for the best one, which is made for the filtered data.
        """
        X, E = self.data.X, self.instruments.columns if best is None else best
        how = Filter(0.0, f.tau) if best is None else f
        none = np.empty((X.shape[0] * X.shape[1], 0))
        Qx, _ = extended(none, _flat(self.clean(X, how)), _norms(X))
        Qe, kept = extended(Qx, _flat(self.clean(E, how)), _norms(E))
        return Qx, Qe, kept


def _flat(values: FloatArray) -> FloatArray:
    return values.reshape(-1, values.shape[2])


def _norms(values: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt((_flat(values) ** 2).sum(axis=0)))
