"""Maximum likelihood of stacked rows: which of the two likelihoods, the effects, the covariance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spatialconv._core.likelihood.likelihood import Problem, observed_information, problem
from spatialconv._core.likelihood.logdet import LogDet
from spatialconv._core.likelihood.maximise import Optimum
from spatialconv._core.likelihood.traces import label_order
from spatialconv._core.stacked.information import DENSE_AT_MOST, expected
from spatialconv._core.stacked.likelihood import Stacked, Swept
from spatialconv._core.stacked.rows import Rows, dummies
from spatialconv.errors import ModelError, OptimisationError, UnsupportedModelError
from spatialconv.models.by_period.design import PeriodDesign
from spatialconv.models.by_period.weights import PeriodWeights, not_derived
from spatialconv.models.estimation.estimate import (
    NO_ERRORS,
    NOT_TOLD,
    Estimates,
    inverted,
    of_logdet,
    optimum_of,
)
from spatialconv.models.estimation.identified import weakly_identified
from spatialconv.models.specification.spec import Applied, ModelSpec
from spatialconv.panel import FloatArray

DERIVED = ("information", "observed")


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows with their log-determinants, and what the variance is divided by."""

    design: PeriodDesign
    rows: Rows
    logdet_w: LogDet | None
    logdet_m: LogDet | None
    means: int
    # Rows of M that all sum to one keep the means of periods what they are.
    sums: bool

    @classmethod
    def of(cls, design: PeriodDesign, spec: ModelSpec, correction: Applied) -> Sample:
        """Set up the log-determinants of the free terms."""
        rows = design.rows(spec)
        means = len(design.periods) if correction == "lee-yu" else 0
        logdets = [
            weights.logdet_sum(spec.logdet, means) if free and isinstance(weights, PeriodWeights) else None
            for weights, free in ((design.W, spec.has_lag), (design.M, spec.has_error))
        ]
        return cls(design, rows, logdets[0], logdets[1], means, sums_to_one_by_period(design.M))

    @property
    def dof(self) -> int:
        """Outcomes seen, without those that went with the means of periods."""
        return int(self.rows.seen.sum()) - self.means

    @property
    def fixed(self) -> bool:
        """Whether what is swept out is the same whatever rho and lambda: one projection serves the whole search."""
        rows = self.rows
        still = rows.M is None or rows.kind == "none" or (rows.kind == "time" and self.sums)
        return bool(rows.seen.all()) and still

    def likelihood(self) -> Problem | Stacked:
        """Return the likelihood: as cross-products where nothing that is swept out moves, else point by point."""
        rows = self.rows
        if not self.fixed:
            return Stacked(rows, self.logdet_w, self.logdet_m)
        return problem(
            rows.y[None],
            rows.X[None],
            dummies(rows, means=self.means),
            W=rows.W.whole if rows.W is not None else None,
            M=rows.M.whole if rows.M is not None else None,
            logdet_w=self.logdet_w,
            logdet_m=self.logdet_m,
        )

    def swept(self, optimum: Optimum, beta: FloatArray) -> tuple[Stacked, Swept]:
        """Return the rows at the optimum and what is left of them with the coefficients given."""
        point = optimum.point
        stack = Stacked(self.rows, optimum.logdet_w, optimum.logdet_m)
        return stack, stack.swept(point.rho, point.lam, stack.whitened(beta))


def sums_to_one_by_period(weights: Any) -> bool:
    """Whether every row of every period sums to one."""
    return weights is None or (weights.standardised == "row" and not weights.islands)


def maximum_likelihood(design: PeriodDesign, spec: ModelSpec, correction: Applied) -> Estimates:
    """Maximise the likelihood of a specification on the cells that are there."""
    data = Sample.of(design, spec, correction)
    likelihood = data.likelihood()
    start = likelihood.at(0.0, 0.0)
    if not start.sse > 1e-20 * float((data.rows.y**2).sum()):
        raise OptimisationError(
            "the regressors and effects explain the outcome perfectly; the likelihood has no finite maximum."
        )
    optimum = optimum_of(likelihood)
    if optimum.flat:
        raise ModelError(NOT_TOLD)
    point = optimum.point
    beta = likelihood.recover(point) if isinstance(likelihood, Problem) else likelihood.recover(point.coefficients)
    sigma2 = point.sse / data.dof
    stack, left = data.swept(optimum, beta)
    cov, notes = covariance_of(data, spec, optimum, beta, sigma2, stack, left)
    return _assembled(
        data,
        correction,
        optimum,
        beta,
        sigma2,
        cov,
        notes,
        left,
        weakly_identified(replace_logdets(likelihood, optimum), optimum, spec, cov),
    )


def replace_logdets(likelihood: Problem | Stacked, optimum: Optimum) -> Problem | Stacked:
    """Return the likelihood with the log-determinants of the optimum."""
    return likelihood.with_logdets(optimum.logdet_w, optimum.logdet_m)


def covariance(design: PeriodDesign, spec: ModelSpec, estimates: Estimates) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the covariance that `spec.vcov` names of a fit that stands."""
    if spec.vcov not in DERIVED:
        raise UnsupportedModelError(not_derived(f"vcov={spec.vcov!r} is"))
    data = Sample.of(design, spec, estimates.correction)
    stack, left = data.swept(estimates.optimum, estimates.beta)
    return covariance_of(data, spec, estimates.optimum, estimates.beta, estimates.sigma2, stack, left)


def covariance_of(
    data: Sample,
    spec: ModelSpec,
    optimum: Optimum,
    beta: FloatArray,
    sigma2: float,
    stack: Stacked,
    left: Swept,
) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the inverse of the expected information, or of the observed one where that was asked for."""
    rows, point = data.rows, optimum.point
    largest = int(np.bincount(rows.period).max())
    large = not rows.seen.all() and largest > DENSE_AT_MOST
    if spec.vcov == "observed" or large:
        info = _observed(data, optimum)
        said = f"observed information: that of outcomes seen is dense beyond {DENSE_AT_MOST} regions" if large else ""
    else:
        effects = rows.dummies @ left.effects
        order = label_order(data.design.regions)
        at = (point.rho, point.lam, sigma2, data.dof)
        info, said = expected(stack, beta, effects, *at, means=data.means > 0, order=order), ""
    cov = inverted(info, optimum)
    return cov, (said, NO_ERRORS if np.isnan(cov).all() else "")


def _observed(data: Sample, optimum: Optimum) -> FloatArray:
    likelihood = replace_logdets(data.likelihood(), optimum)
    if isinstance(likelihood, Stacked):
        return likelihood.observed_information(optimum.point)
    info, K = observed_information(likelihood, optimum.point), data.rows.X.shape[1]
    free = [data.rows.W is not None, data.rows.M is not None, False, True]
    keep = [*range(K), *(K + place for place, is_free in enumerate(free) if is_free)]
    return np.asarray(info[np.ix_(keep, keep)])


def _assembled(
    data: Sample,
    correction: Applied,
    optimum: Optimum,
    beta: FloatArray,
    sigma2: float,
    cov: FloatArray,
    notes: tuple[str, ...],
    left: Swept,
    weak: tuple[str, ...],
) -> Estimates:
    design, rows, point = data.design, data.rows, optimum.point
    mean = (rows.X @ beta)[:, None]
    reduced = rows.W.multiply(point.rho, mean) if rows.W is not None else mean
    T, N = design.y.shape
    return Estimates(
        beta=beta,
        rho=point.rho if rows.W is not None else np.nan,
        lam=point.lam if rows.M is not None else np.nan,
        phi=np.nan,
        sigma2=sigma2,
        loglik=point.loglik,
        cov=cov,
        effect=rows.effects(left.effects, N, T),
        residuals=design.grid(left.e, design.seen),
        reduced_form=design.grid(reduced[:, 0]),
        dof=data.dof,
        correction=correction,
        optimum=optimum,
        notes=tuple(note for note in (*notes, *of_logdet(optimum)) if note),
        weak=weak,
    )


def expected_outcomes(design: PeriodDesign, spec: ModelSpec, estimates: Estimates) -> FloatArray:
    """Return the outcomes (T, N): those seen, and in the other cells of the model what is expected given these."""
    data = Sample.of(design, spec, estimates.correction)
    return design.grid(data.swept(estimates.optimum, estimates.beta)[1].outcomes)
