"""From a complete design to estimates: maximum likelihood, the effects, and the covariance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from spatialconv._core.likelihood.bias import DynamicTerms, dynamic_correction, largest_root
from spatialconv._core.likelihood.effects import Projection, projection
from spatialconv._core.likelihood.information import information as expected_information
from spatialconv._core.likelihood.information import inverse, random_effects_information, spatial_filter
from spatialconv._core.likelihood.information_bsk import bsk_information
from spatialconv._core.likelihood.inverse import Inverse
from spatialconv._core.likelihood.likelihood import Problem, observed_information, problem
from spatialconv._core.likelihood.likelihood_bsk import bsk_problem, observed_bsk
from spatialconv._core.likelihood.logdet import LogDet
from spatialconv._core.likelihood.maximise import Optimum, Surface, maximise
from spatialconv._core.likelihood.traces import label_order
from spatialconv._core.space.multipliers import settles
from spatialconv.errors import ModelError, OptimisationError, UnsupportedModelError
from spatialconv.models.estimation.components import Held
from spatialconv.models.estimation.identified import cornered, weakly_identified
from spatialconv.models.specification.design import Design, matrix
from spatialconv.models.specification.spec import Applied, ModelSpec
from spatialconv.panel import FloatArray
from spatialconv.results import Record


@dataclass(frozen=True, repr=False)
class Estimates(Record):
    """What the fit found, as numbers and arrays: (T, N) for effect, residuals and reduced_form.

    `cov` is of (beta, [rho], [lambda], [phi], sigma2), the order of `PanelFit.params`. `refined` says what was done to
    the estimates after the fit, `weak` what other values or a simpler model explain as well; `held` has
    the laws of t where these are not normal.
    """

    beta: FloatArray
    rho: float
    lam: float
    phi: float
    sigma2: float
    loglik: float
    cov: FloatArray
    effect: FloatArray
    residuals: FloatArray
    reduced_form: FloatArray
    dof: int
    correction: Applied
    optimum: Optimum
    notes: tuple[str, ...] = ()
    refined: str = ""
    weak: tuple[str, ...] = ()
    held: Held | None = None

    def refuse_held(self, what: str) -> None:
        """Raise where t has a law of its own, for what takes estimates as normal."""
        if self.held is not None:
            raise UnsupportedModelError(
                f"{what} takes estimates as normal around their covariance; under vcov='scpc' t is held against "
                "critical values of its own. Take fit.with_vcov('information') (of beta: b.again(vcov='information')), "
                "or vcov='conley'."
            )


@dataclass(frozen=True)
class Sample:
    """What the likelihood sees of a design: data, projection, the free spatial terms."""

    y: FloatArray
    X: FloatArray
    project: Projection
    W: sp.csr_array | None
    M: sp.csr_array | None
    random: bool

    def problem(self, logdet_w: LogDet | None, logdet_m: LogDet | None, given: FloatArray | float = 0.0) -> Problem:
        """Return the likelihood, given the log-determinants of the free terms and a known part of the mean."""
        return problem(
            self.y,
            self.X,
            self.project,
            W=self.W,
            M=self.M,
            logdet_w=logdet_w,
            logdet_m=logdet_m,
            random=self.random,
            given=given,
        )


def sample(design: Design, spec: ModelSpec, correction: Applied) -> Sample:
    """Return the data the likelihood sees and the projection it applies after the spatial filter.

    splm demeans first and takes spatial lags of the demeaned data, which puts a mean back that it does not
    remove again: what it maximises under time effects is not the likelihood with period dummies.
    """
    T, N, _ = design.shape
    W = matrix(design.W) if spec.has_lag else None
    M = matrix(design.M) if spec.has_error else None
    y, X = design.y, design.X
    project = projection(spec.fixed_effects, T, N, lee_yu=correction == "lee-yu")
    if spec.dynamic != "none" and correction == "lee-yu":
        # The bias of the demeaned estimator is known; over the periods nothing is transformed.
        project = replace(project, J=T, dof=(N - 1 if project.shift else N) * T)
    if correction == "splm":
        y, X, project = project(y), project(X), projection("none", T, N, lee_yu=False)
    return Sample(y, X, project, W, M, spec.effects == "random")


def maximum_likelihood(design: Design, spec: ModelSpec, correction: Applied) -> Estimates:
    """Maximise the likelihood of a specification on a complete design."""
    data = sample(design, spec, correction)
    logdet_w = design.W.logdet(spec.logdet) if data.W is not None and design.W is not None else None
    logdet_m = design.M.logdet(spec.logdet) if data.M is not None and design.M is not None else None
    if spec.outside:
        return _outside(design, spec, data, logdet_w, logdet_m)
    likelihood = data.problem(logdet_w, logdet_m)
    if not likelihood.matrix(0.0, 0.0)[0, 0] > 1e-20 * float((design.y**2).sum()):
        raise OptimisationError(
            "the regressors and effects explain the outcome perfectly; the likelihood has no finite maximum."
        )
    optimum = optimum_of(likelihood)
    if optimum.flat:
        raise ModelError(NOT_TOLD)
    point = optimum.point
    beta, sigma2 = likelihood.recover(point), point.sse / data.project.dof
    through = Inverse(data.W, point.rho)
    corrected = spec.dynamic != "none" and correction == "lee-yu" and data.project.over_periods
    if corrected and optimum.at_bound:
        # The bias is derived where the slope of the likelihood vanishes.
        return _uncorrected(design, spec, f"{' and '.join(optimum.at_bound)} lies on its bound")
    # Bias is taken off by the expected information: estimates do not depend on the covariance asked for.
    kind = replace(spec, vcov="information") if corrected else spec
    cov, notes = information_covariance(design, kind, data, optimum, beta, sigma2, through)
    weak = weakly_identified(likelihood, optimum, spec, cov)
    if corrected:
        found = _bias_corrected(design, spec, data, optimum, beta, sigma2, cov)
    else:
        found = _assembled(design, spec, data, correction, optimum, beta, sigma2, cov, notes, through)
    return replace(found, weak=weak)


def optimum_of(likelihood: Surface) -> Optimum:
    """Return the maximum of a likelihood; an OptimisationError where the search found none that stays put."""
    optimum = maximise(likelihood)
    if not optimum.settled:
        raise OptimisationError(
            f"the search ended at {optimum.point.rho:.4g} for rho and {optimum.point.lam:.4g} for lambda, which moved "
            f"with every refinement of the log-determinant: the likelihood is nearly level there. "
            f'Take logdet="eigen", or fewer spatial terms.'
        )
    return optimum


def information_covariance(
    design: Design,
    spec: ModelSpec,
    data: Sample,
    optimum: Optimum,
    beta: FloatArray,
    sigma2: float,
    through: Inverse | None = None,
) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the inverse of the expected information, or of the observed one where that was asked for.

    `through` is the inverse of I - rho W at the optimum, where the caller has it.
    """
    point = optimum.point
    if spec.vcov == "observed":
        return observed_covariance(data, optimum), (_NO_PHI,) if "phi" in optimum.at_bound else ()
    effect = raw_effect(design, spec, data, point.rho, point.lam, beta)
    # Under splm's order of operations the effects are gone from the data before the lag is taken.
    eta = data.X @ beta + (0.0 if data.y is not design.y else effect)
    spatial: dict[str, Any] = {"W": data.W, "M": data.M, "logdet_w": optimum.logdet_w, "logdet_m": optimum.logdet_m}
    spatial |= {"places": label_order(design.regions), "through": through}
    if not data.random:
        info, error = expected_information(data.X, eta, point.rho, point.lam, sigma2, data.project, **spatial)
    else:
        tau = float(np.exp(point.psi))
        info, error = random_effects_information(data.X, data.X @ beta, point.rho, point.lam, sigma2, tau, **spatial)
        if "phi" in optimum.at_bound:
            return _with_nan(inverted(_without(info, -2), optimum), -2), (_NO_PHI,)
    cov = inverted(info, optimum)
    return cov, (_simulated(error), NO_ERRORS if np.isnan(cov).all() else "")


# Each value of that likelihood inverts an n x n matrix.
BSK_AT_MOST = 1000
_NO_PHI = "the variance of the random effects is zero (phi on its bound): the fit is that of pooled data"


NOT_TOLD = (
    "the information of the estimates is singular: the sample does not tell the spatial coefficient from the "
    "variance, or the optimum is no regular maximum. More regions, fewer terms or other effects are needed."
)
NO_PEAK = (
    "minus the Hessian is not positive definite at these estimates, from which the bias of the dynamics was taken off "
    "so that they are no maximum. Take vcov='information', or correction='none'."
)
NO_ERRORS = "no standard errors: on the bound the information is not positive definite"


def inverted(info: FloatArray, optimum: Optimum) -> FloatArray:
    """Invert the information; on a bound, where it may fail and the fit says so anyway, give NaN."""
    try:
        return inverse(info)
    except np.linalg.LinAlgError:
        if optimum.at_bound:
            return np.full_like(info, np.nan)
        raise ModelError(NOT_TOLD) from None


def observed_covariance(data: Sample, optimum: Optimum) -> FloatArray:
    """Return the inverse of minus the Hessian, in the order of the parameters."""
    likelihood = data.problem(optimum.logdet_w, optimum.logdet_m)
    info = observed_information(likelihood, optimum.point)
    K = data.X.shape[2]
    tau = np.exp(optimum.point.psi)
    change = np.ones(K + 4)
    # d psi / d phi; the gradient is zero at the optimum, so that no second derivative of psi enters.
    change[K + 2] = -data.X.shape[0] * tau
    info = info * np.outer(change, change)
    bound = data.random and "phi" in optimum.at_bound
    free = [data.W is not None, data.M is not None, data.random and not bound, True]
    keep = [*range(K), *(K + place for place, is_free in enumerate(free) if is_free)]
    try:
        cov = inverted(info[np.ix_(keep, keep)], optimum)
    except ModelError:
        # Where a bias was taken off, the point is no maximum, and its sum of squares not the least.
        least = likelihood.at(optimum.point.rho, optimum.point.lam, optimum.point.psi).sse
        if abs(least / optimum.point.sse - 1) > 1e-6:
            raise ModelError(NO_PEAK) from None
        raise
    return _with_nan(cov, -2) if bound else cov


def _without(matrix_: FloatArray, place: int) -> FloatArray:
    keep = np.delete(np.arange(len(matrix_)), place)
    return matrix_[np.ix_(keep, keep)]


def _with_nan(matrix_: FloatArray, place: int) -> FloatArray:
    """Return the matrix with a row and column of NaN put in at `place`, counted from the end of the result."""
    n = len(matrix_) + 1
    keep = np.delete(np.arange(n), place)
    full = np.full((n, n), np.nan)
    full[np.ix_(keep, keep)] = matrix_
    return full


def raw_effect(design: Design, spec: ModelSpec, data: Sample, rho: float, lam: float, beta: FloatArray) -> FloatArray:
    """Return the effects, shape (T, N), that the likelihood takes out of y - rho W y - X beta.

    splm takes the means of that, whatever the error process, and its order of operations leaves some of them in.
    """
    T, N, _ = design.shape
    raw = spatial_filter(data.W, rho, design.y) - design.X @ beta
    kind = projection(spec.fixed_effects, T, N, lee_yu=False)
    return effects_of(raw, kind, data.M if data.y is design.y else None, lam)


def effects_of(u: FloatArray, kind: Projection, M: sp.csr_array | None, lam: float) -> FloatArray:
    """Return the effects, shape (T, N), that leave the innovations (I - lambda M)(u - effect) without effects.

    A constant over the regions comes through a filter with rows that sum to one as 1 - lambda times itself.
    """
    effect = np.zeros_like(u)
    if kind.over_periods:
        effect = effect + u.mean(axis=0, keepdims=True)
    if kind.over_regions:
        share = 1.0 if M is None else 1 - lam
        effect = effect + spatial_filter(M, lam, u - effect).mean(axis=1, keepdims=True) / share
    return effect


def _assembled(
    design: Design,
    spec: ModelSpec,
    data: Sample,
    correction: Applied,
    optimum: Optimum,
    beta: FloatArray,
    sigma2: float,
    cov: FloatArray,
    notes: tuple[str, ...],
    through: Inverse,
) -> Estimates:
    point = optimum.point
    effect = raw_effect(design, spec, data, point.rho, point.lam, beta)
    raw = spatial_filter(data.W, point.rho, design.y) - design.X @ beta
    return Estimates(
        beta=beta,
        rho=point.rho if data.W is not None else np.nan,
        lam=point.lam if data.M is not None else np.nan,
        phi=float(np.expm1(-point.psi) / data.X.shape[0]) if data.random else np.nan,
        sigma2=sigma2,
        loglik=point.loglik,
        cov=cov,
        effect=effect,
        residuals=spatial_filter(data.M, point.lam, raw - effect),
        reduced_form=through(design.X @ beta),
        dof=data.project.dof,
        correction=correction,
        optimum=optimum,
        notes=tuple(note for note in (*notes, *of_logdet(optimum)) if note),
    )


def of_logdet(optimum: Optimum) -> tuple[str, ...]:
    """Return what must be said of the log-determinants."""
    return tuple(dict.fromkeys(d.said for d in (optimum.logdet_w, optimum.logdet_m) if d is not None))


def stability(design: Design, spec: ModelSpec, estimates: Estimates) -> str:
    """Say of a dynamic model what its past adds up to and whether shocks die out."""
    if spec.dynamic == "none":
        return ""
    beta = dict(zip(design.names, estimates.beta, strict=True))
    rho = 0.0 if np.isnan(estimates.rho) else estimates.rho
    tau, eta = float(beta.get("lag:y", 0.0)), float(beta.get("lag:W:y", 0.0))
    terms = DynamicTerms(tau, eta, rho, estimates.sigma2, None, None, None)
    W = matrix(design.W) if spec.has_lag or spec.dynamic in ("wy", "both") else None
    root = largest_root(W, terms, shift=False)
    verdict = "shocks die out" if settles(root) else "NOT STABLE: shocks do not die out"
    near = (
        " slowly, and the correction of the dynamic bias is not to be trusted" if root >= 0.95 and settles(root) else ""
    )
    return f"tau + rho + eta = {tau + rho + eta:.4f}, largest root {root:.4f}: {verdict}{near}"


def _simulated(error: float) -> str:
    if error == 0:
        return ""
    return f"traces of the information were simulated: standard errors are exact to about {error:.0e} of their size"


def _bias_corrected(
    design: Design,
    spec: ModelSpec,
    data: Sample,
    optimum: Optimum,
    beta: FloatArray,
    sigma2: float,
    cov: FloatArray,
) -> Estimates:
    """Take the bias of order 1/T off a dynamic model with region effects; `cov` by the expected information."""
    names, K = design.names, len(beta)
    place = {term: names.index(term) if term in names else None for term in ("lag:y", "lag:W:y")}
    at_tau, at_eta = place["lag:y"], place["lag:W:y"]
    terms = DynamicTerms(
        tau=float(beta[at_tau]) if at_tau is not None else 0.0,
        eta=float(beta[at_eta]) if at_eta is not None else 0.0,
        rho=optimum.point.rho,
        sigma2=sigma2,
        at_tau=at_tau,
        at_eta=at_eta,
        at_rho=K if data.W is not None else None,
        lam=optimum.point.lam,
        at_lam=K + (data.W is not None) if data.M is not None else None,
    )
    W = matrix(design.W) if data.W is not None or at_eta is not None else None
    root = largest_root(W, terms, shift=data.project.shift)
    if not settles(root):
        return _uncorrected(design, spec, f"the dynamics are not stable (largest root {root:.3f})")
    move = dynamic_correction(W, terms, cov, data.X.shape[1], shift=data.project.shift, M=data.M)
    rho = optimum.point.rho + (float(move[terms.at_rho]) if terms.at_rho is not None else 0.0)
    lam = optimum.point.lam + (float(move[terms.at_lam]) if terms.at_lam is not None else 0.0)
    for coefficient, logdet in ((rho, optimum.logdet_w), (lam, optimum.logdet_m)):
        # NaN where the optimum lies on a bound.
        if logdet is not None and not logdet.interval[0] < coefficient < logdet.interval[1]:
            return _uncorrected(design, spec, "it would leave the admissible interval")
    beta, sigma2 = beta + move[:K], sigma2 + float(move[-1])
    whitened = data.problem(optimum.logdet_w, optimum.logdet_m).whitened(beta, rho)
    sse = sigma2 * data.project.dof
    moved = replace(optimum, point=optimum.point._replace(rho=rho, lam=lam, sse=sse, coefficients=whitened))
    through = Inverse(data.W, rho)
    cov, notes = information_covariance(design, spec, data, moved, beta, sigma2, through)
    said = "the log-likelihood is that of the optimum before the correction of the dynamic bias"
    return _assembled(design, spec, data, "lee-yu", moved, beta, sigma2, cov, (*notes, said), through)


def _uncorrected(design: Design, spec: ModelSpec, reason: str) -> Estimates:
    """Return the direct approach, and why the bias stays."""
    plain = maximum_likelihood(design, spec, "none")
    return replace(plain, notes=(*plain.notes, f"no bias correction: {reason}; the estimates are the direct ones"))


def bsk_covariance(
    spec: ModelSpec, data: Sample, optimum: Optimum, beta: FloatArray, sigma2: float
) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the inverse of the information, expected or observed, of random effects outside the error filter."""
    assert data.M is not None
    assert optimum.logdet_m is not None
    bound = "phi" in optimum.at_bound
    if spec.vcov == "observed":
        split = bsk_problem(data.y, data.X, data.W, data.M, optimum.logdet_w, optimum.logdet_m)
        info = observed_bsk(split, optimum)
    else:
        info = bsk_information(data.X, beta, optimum.point, sigma2, data.M, data.W)
        info = _without(info, -2) if bound else info
    cov = inverted(info, optimum)
    notes = (_NO_PHI if bound else "", NO_ERRORS if np.isnan(cov).all() else "")
    return _with_nan(cov, -2) if bound else cov, notes


def _outside(
    design: Design, spec: ModelSpec, data: Sample, logdet_w: LogDet | None, logdet_m: LogDet | None
) -> Estimates:
    """Fit random effects outside the error filter."""
    assert data.M is not None
    assert logdet_m is not None
    if data.X.shape[1] > BSK_AT_MOST:
        raise UnsupportedModelError(
            f"random='bsk' takes dense matrices and stops at {BSK_AT_MOST} regions; the panel has {data.X.shape[1]}. "
            "Take random='kkp'."
        )
    optimum = optimum_of(bsk_problem(data.y, data.X, data.W, data.M, logdet_w, logdet_m))
    beta, sigma2 = optimum.point.coefficients, optimum.point.sse / data.project.dof
    cov, notes = bsk_covariance(spec, data, optimum, beta, sigma2)
    through = Inverse(data.W, optimum.point.rho)
    found = _assembled(design, spec, data, "none", optimum, beta, sigma2, cov, notes, through)
    return replace(found, weak=cornered(optimum))
