"""Regression with instruments as estimation by moments repeats it: filtered, without effects, means reweighed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from spatialconv._core.likelihood.effects import Projection, projection
from spatialconv._core.likelihood.information import spatial_filter
from spatialconv._core.likelihood.likelihood import lag
from spatialconv._core.regression.least_squares import collinear_columns
from spatialconv._core.regression.two_stage import FirstStage, Meat, TwoStage, extended, first_stage, two_stage
from spatialconv._core.regression.weak import Overidentified, Reduced, Strength, overidentified, strengths
from spatialconv._options import first as first_of
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
    """One regression: its result, the filter it used, the names of the instruments that count, and their tests.

    `first` is of the last endogenous regressor, the lag of the outcome where there is one, `strengths` of all.
    """

    result: TwoStage
    filter: Filter
    instruments: tuple[str, ...] = ()
    first: FirstStage | None = None
    reduced: Reduced | None = None
    strengths: tuple[Strength, ...] = ()
    overidentified: Overidentified | None = None


@dataclass(frozen=True)
class Steps:
    """A design as estimation by moments sees it: regressors Z = [X, Wy] and the instruments beyond X.

    `endogenous` names those of X that are none of their own instruments.
    """

    design: Design
    data: Sample
    instruments: Instruments
    endogenous: tuple[str, ...] = ()

    @cached_property
    def Z(self) -> FloatArray:  # noqa: N802
        """Regressors, shape (T, N, k), the endogenous one last."""
        if self.data.W is None:
            return self.data.X
        return np.concatenate([self.data.X, lag(self.data.W, self.data.y)[..., None]], axis=2)

    @cached_property
    def exogenous(self) -> npt.NDArray[np.intp]:
        """Positions among the regressors Z of those that are instruments of themselves."""
        return np.array([k for k, name in enumerate(self.design.names) if name not in self.endogenous], dtype=np.intp)

    @cached_property
    def instrumented(self) -> npt.NDArray[np.intp]:
        """Positions among the regressors Z of the others."""
        return np.setdiff1d(np.arange(self.Z.shape[2]), self.exogenous)

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
        if len(self.instrumented) == 0:
            return Regression(two_stage(y, Z, None), f)
        Qx, Qe, kept = self.bases(f, best)
        if self.endogenous:
            self._refuse_too_few(kept)
        if len(kept) == 0:
            raise ModelError(
                "nothing can serve as instrument for the spatial lag of the outcome: without effects and regressors "
                "nothing is left of the regressors' own lags. Add a regressor that differs between neighbours, or take "
                "estimator='ml'."
            )
        Q = np.concatenate([Qx, Qe], axis=1)
        self._refuse_unrelated(Z, Q)
        result, dof, shape = two_stage(y, Z, Q), self.exact.dof, self.data.y.shape
        first = first_stage(Z[:, -1].reshape(shape), Qx, Qe, dof, meat)
        reduced = Reduced.of(np.column_stack([y, Z[:, self.instrumented]]), Qx, Qe, dof, shape)
        tested = overidentified(Q, y, Z, result.residuals, dof, meat, shape)
        names = self.instruments.names if best is None else (BEST,)
        used = tuple(names[k] for k in kept)
        return Regression(result, f, used, first, reduced, strengths(reduced, meat), tested)

    def _refuse_too_few(self, kept: npt.NDArray[np.intp]) -> None:
        names = self.instruments.names
        if len(kept) < len(self.instrumented):
            lost = [name for k, name in enumerate(names) if k not in kept]
            raise ModelError(
                f"{len(self.instrumented)} regressors are endogenous ({first_of(self.labels)}) and "
                f"{len(kept):,} of {len(names):,} instruments are left once effects and regressors are out"
                f"{f': nothing is left of {first_of(lost)}' if lost else ''}. Name instruments that vary otherwise."
            )

    def _refuse_unrelated(self, Z: FloatArray, Q: FloatArray) -> None:
        spare = collinear_columns(Q @ (Q.T @ Z)) if self.endogenous else ()
        if len(spare):
            label = dict(zip(self.instrumented.tolist(), self.labels, strict=True))
            raise ModelError(
                f"the instruments do not tell {first_of([label[k] for k in spare if k in label] or self.labels)} from "
                "the other regressors: their first stages are collinear. Name instruments that move each on its own."
            )

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the endogenous regressors, as in `PanelFit.params`; rho for the lag of the outcome."""
        return tuple((*self.design.names, "rho")[k] for k in self.instrumented)

    def exogenous_filtered(self, f: Filter) -> tuple[FloatArray, FloatArray]:
        """Return bases of the exogenous regressors under a filter, and of what the instruments add to them.

        As in `bases`, but for a regression of which the filtered exogenous regressors are all there is.
        """
        none = np.empty((self.data.y.size, 0))
        X, E = self.data.X[..., self.exogenous], self.instruments.columns
        Qx, _ = extended(none, _flat(self.clean(X, f)), _norms(X))
        Qe, _ = extended(Qx, _flat(self.clean(E, Filter(0.0, f.tau))), _norms(E))
        return Qx, Qe

    def bases(self, f: Filter, best: FloatArray | None) -> tuple[FloatArray, FloatArray, npt.NDArray[np.intp]]:
        """Return bases of the exogenous regressors and of what the instruments add, and which of these do.

        Instruments are reweighed as the data are under random effects (the G2SLS of Balestra and
        Varadharajan-Krishnakumar 1987): to take their deviations and means apart doubles their number and with it
        the bias. They are not filtered, but for the best one, which is made for the filtered data.
        """
        X, E = self.data.X[..., self.exogenous], self.instruments.columns if best is None else best
        how = Filter(0.0, f.tau) if best is None else f
        none = np.empty((X.shape[0] * X.shape[1], 0))
        Qx, _ = extended(none, _flat(self.clean(X, how)), _norms(X))
        Qe, kept = extended(Qx, _flat(self.clean(E, how)), _norms(E))
        return Qx, Qe, kept


def _flat(values: FloatArray) -> FloatArray:
    return values.reshape(values.shape[0] * values.shape[1], values.shape[2])


def _norms(values: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt((_flat(values) ** 2).sum(axis=0)))
