"""The end of estimation by moments: covariance, effects, residuals, and what is to be said of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from spatialconv._core.likelihood.information import multiply, spatial_filter
from spatialconv._core.likelihood.likelihood import Point
from spatialconv._core.likelihood.logdet import guaranteed, searched
from spatialconv._core.likelihood.maximise import Optimum
from spatialconv._core.regression.two_stage import FirstStage, Meat, series_solve
from spatialconv._core.regression.weak import LINE, Overidentified, Strength, Stretches, sets
from spatialconv._options import first as first_of
from spatialconv.models.estimation.covariances import refuse_vanishing
from spatialconv.models.estimation.estimate import Estimates, effects_of
from spatialconv.models.moments.errors import ErrorProcess
from spatialconv.models.moments.steps import Regression, Steps
from spatialconv.models.specification.spec import Applied, ModelSpec
from spatialconv.panel import FloatArray
from spatialconv.results import number, p_value

# Below this first-stage F instruments count as weak (Staiger and Stock 1997).
WEAK = 10.0
# Of the sets and verdicts in notes.
LEVEL = 0.95
# From this many regions on I - rho W is inverted by its series: no factor can fill up.
SERIES_FROM = 5000


@dataclass(frozen=True)
class MomentEstimates(Estimates):
    """Estimates by moments: no log-likelihood (NaN), NaN in the rows of `cov` that nothing is derived for.

    `instruments` are the excluded ones that count, `first` and `strengths` tell their strength, `overidentified`
    whether they agree; all are empty without a lag and endogenous regressors, whose names are `endogenous`.
    """

    instruments: tuple[str, ...] = ()
    first: FirstStage | None = None
    endogenous: tuple[str, ...] = ()
    strengths: tuple[Strength, ...] = ()
    overidentified: Overidentified | None = None


@dataclass(frozen=True)
class Job:
    """What all ways have in common: the data, the meat of the covariance, and the end."""

    steps: Steps
    spec: ModelSpec
    correction: Applied
    meat: Meat | None
    small: bool

    def joint(self, bread: Regression, e: FloatArray, sigma2: float, by_lam: FloatArray | None) -> FloatArray:
        """Return the covariance of the coefficients, and of lambda where `by_lam` (n,) says what it takes of e."""
        parts = bread.result.regressors @ bread.result.inverse
        if by_lam is not None:
            parts = np.column_stack([parts, by_lam])
        k, dof = bread.result.regressors.shape[1], self.steps.data.project.dof
        factor = dof / (dof - k) if self.small else 1.0
        plain = np.asarray(factor * sigma2 * parts.T @ parts)
        if self.meat is None:
            return plain
        cov = np.asarray(factor * self.meat(parts, e))
        refuse_vanishing(cov, plain, self.spec.vcov)
        return cov

    def finish(
        self,
        final: Regression,
        bread: Regression,
        first: Regression,
        process: ErrorProcess | None,
        by_lam: FloatArray | None = None,
        own: float = np.nan,
    ) -> MomentEstimates:
        """Return the estimates: coefficients of `final`, everything else at the filter of `bread`.

        `own` is the variance that lambda has from its moments, `by_lam` what comes on top from the residuals.
        """
        steps, data, f = self.steps, self.steps.data, bread.filter
        d = final.result.coefficients
        K = data.X.shape[2]
        beta, rho = d[:K], float(d[K]) if data.W is not None else 0.0
        u = steps.residuals(d)
        e = steps.clean(u, f)
        sse = float((e**2).sum())
        sigma2 = sse / data.project.dof
        cov = self._padded(self.joint(bread, e, sigma2, by_lam), len(d), own)
        effect = effects_of(u, steps.exact, data.M, f.lam)
        slope = process.slope if process is not None else 0.0
        bound = ("lambda",) if process is not None and process.at_bound else ()
        point = Point(rho, f.lam, float(np.log(f.tau)), np.nan, np.array([0.0, slope, 0.0]), sse, beta)
        return MomentEstimates(
            beta=beta,
            rho=rho if data.W is not None else np.nan,
            lam=f.lam if data.M is not None else np.nan,
            phi=(1 / f.tau - 1) / data.X.shape[0] if data.random else np.nan,
            sigma2=sigma2,
            loglik=np.nan,
            cov=cov,
            effect=effect,
            residuals=spatial_filter(data.M, f.lam, u - effect),
            reduced_form=inverse_applied(data.W, rho, data.X @ beta),
            dof=data.project.dof,
            correction=self.correction,
            optimum=Optimum(point, slope, 0, bound, None, None),
            notes=self._notes(final, first, process, rho),
            weak=tuple(text for text in _strengths(steps, first) if "weak" in text),
            instruments=final.instruments,
            first=first.first,
            endogenous=steps.labels,
            strengths=first.strengths,
            overidentified=final.overidentified,
        )

    def _padded(self, cov: FloatArray, k: int, own: float) -> FloatArray:
        """Return the covariance with rows of NaN for phi and sigma2, and lambda's where it is not joint."""
        data = self.steps.data
        size = k + (data.M is not None) + data.random + 1
        full = np.full((size, size), np.nan)
        full[: len(cov), : len(cov)] = cov
        if data.M is not None:
            if len(cov) == k:
                # Errors have mean zero given the regressors: lambda and beta are uncorrelated in large samples.
                full[:k, k] = full[k, :k] = 0.0
                full[k, k] = own
            else:
                full[k, k] += own
        return full

    def _notes(self, final: Regression, first: Regression, process: ErrorProcess | None, rho: float) -> tuple[str, ...]:
        steps, notes = self.steps, [f"estimated by {_method(self.spec)}: there is no log-likelihood"]
        if final.instruments:
            notes.append(f"instruments of {_instrumented(steps)}: {', '.join(final.instruments)}")
            lost = [name for name in steps.design.instrument_names if name not in final.instruments]
            if lost:
                notes.append(f"nothing is left of the instruments {first_of(lost)} once effects and regressors are out")
        notes += _strengths(steps, first)
        if final.overidentified is not None:
            notes.append(overidentification(final.overidentified))
        if first.reduced is not None and process is None and _strengths(steps, first, weak=True):
            found = sets(first.reduced, LEVEL, self.meat)
            notes += [
                f"Anderson-Rubin set of {name}, which holds however weak instruments are: {in_words(name, stretch)}"
                for name, stretch in zip(steps.labels, found, strict=True)
                if stretch is not None
            ]
        if process is not None and process.sigma2 > process.sigma2_mean:
            notes.append("regions' means vary no more than noise alone makes them: no random effects are left, phi = 0")
        outside = _outside(self.steps.data.W, rho)
        return (*notes, *((outside,) if outside else ()))


def _instrumented(steps: Steps) -> str:
    named = ["the lagged outcome" if name == "rho" else name for name in steps.labels]
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"


def _strengths(steps: Steps, first: Regression, *, weak: bool = False) -> list[str]:
    """Return what is said of each first stage, or of the weak ones only."""
    several = len(first.strengths) > 1
    found = []
    for name, strength in zip(steps.labels, first.strengths, strict=True):
        F, (q, rest) = (strength.conditional, strength.conditional_df) if several else (strength.f, strength.df)
        kind = "conditional first-stage F" if several else "first-stage F"
        of = f" of {name} (Sanderson and Windmeijer)" if several else "" if name == "rho" else f" of {name}"
        if weak and not F < WEAK:
            continue
        said = f": below {WEAK:g}, weak; {name} and its interval are not to be trusted" if F < WEAK else ""
        found.append(f"{kind}({q}, {rest}){of} = {number(F, 2)}{said}")
    return found


def overidentification(found: Overidentified) -> str:
    """Say what the test of the instruments' validity found."""
    if found.df == 0:
        return "as many instruments as endogenous regressors: that they are valid cannot be tested"
    name = "Hansen's J" if found.robust else "Sargan's J"
    if np.isnan(found.statistic):
        return f"{name} has no value: fewer independent regions or periods than instruments"
    reject = ": the instruments contradict each other, not all are valid" if found.p < 1 - LEVEL else ""
    return f"{name} {number(found.statistic, 2)} on {found.df} df, {p_value(found.p)}{reject}"


def in_words(name: str, found: Stretches, level: float = LEVEL) -> str:
    """Return a set of a coefficient as it is read."""
    if not found:
        return f"empty at {100 * level:g} %: the instruments are not valid, or the model of {name} is wrong"
    if found == LINE:
        return "every value is in it, the instruments tell nothing"
    parts = []
    for low, high in found:
        if np.isinf(low):
            parts.append(f"below {number(high)}")
        elif np.isinf(high):
            parts.append(f"above {number(low)}")
        else:
            parts.append(f"[{number(low)}, {number(high)}]")
    return " or ".join(parts)


def _method(spec: ModelSpec) -> str:
    if spec.endog and not spec.has_lag:
        also = " and moments of the residuals" if spec.has_error or spec.effects == "random" else ""
        return f"two-stage least squares{also}"
    if not spec.has_lag:
        return "moments of the residuals" if spec.has_error or spec.effects == "random" else "least squares"
    also = " and moments of the residuals" if spec.has_error or spec.effects == "random" else ""
    return f"spatial two-stage least squares{also}"


def _outside(W: sp.csr_array | None, rho: float) -> str:
    """Say where rho, which moments do not bound, lies where I - rho W need not be regular."""
    if W is None:
        return ""
    low, high, _ = guaranteed(W)
    if low < rho < high:
        return ""
    low, high = searched(W)
    if low < rho < high:
        return ""
    return f"rho = {rho:.4f} lies outside its admissible interval ({low:.4f}, {high:.4f}): the model is misspecified"


def inverse_applied(W: sp.csr_array | None, rho: float, Z: FloatArray) -> FloatArray:
    """Return (I - rho W)^-1 Z, by the series where the matrix is large and the series short."""
    if W is not None and W.shape[0] >= SERIES_FROM:
        found = series_solve(W, rho, Z)
        if found is not None:
            return found
    return multiply(W, rho, Z)
