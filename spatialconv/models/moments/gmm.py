"""Estimates without a likelihood: spatial two-stage least squares, and moments of the error process."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from spatialconv._core.likelihood import covariance as core
from spatialconv._core.likelihood.effects import deviations, means
from spatialconv._core.likelihood.likelihood import lag
from spatialconv._core.regression import moments as gm
from spatialconv._core.regression import moments_robust as robust
from spatialconv._core.regression.two_stage import Meat
from spatialconv._options import MomentWeights, choice, whole
from spatialconv.errors import ModelError, UnsupportedModelError
from spatialconv.models.estimation.estimate import sample
from spatialconv.models.moments.errors import ErrorProcess, Errors, of_lambda
from spatialconv.models.moments.finish import Job, MomentEstimates, inverse_applied
from spatialconv.models.moments.instruments import lagged_regressors
from spatialconv.models.moments.steps import Filter, Regression, Steps
from spatialconv.models.specification.design import Design
from spatialconv.models.specification.spec import Applied, ModelSpec
from spatialconv.panel import FloatArray

__all__ = ["MomentEstimates", "gmm_design"]


def gmm_design(
    design: Design,
    spec: ModelSpec,
    correction: Applied,
    *,
    order: int = 2,
    best: bool = False,
    weighting: MomentWeights = "full",
    small: bool = False,
    lags: int | None = None,
) -> MomentEstimates:
    """Estimate a complete design by moments, where a likelihood is too dear or its equal variances not to be had.

    The lag of the outcome is instrumented by the regressors' lags (two-stage least squares; Kelejian and Prucha
    1998), endogenous regressors by the instruments given and their lags (Drukker, Egger and Prucha 2013). The error
    process is estimated from moments of the residuals, and the regression is repeated on filtered data. Nothing is
    factorised; time and memory grow with the number of links.

    Parameters
    ----------
    design : Design
        Complete and checked, with weights.
    spec : ModelSpec
        `vcov` "information" takes errors of equal variance; "robust", "cluster" and (without an error process)
        "driscoll-kraay" do not. With an error process they also take moments that hold under unequal variances
        (Kelejian and Prucha 2010), so that lambda itself changes.
    correction : {"none", "lee-yu"}
        What the sum of squares is divided by: all N T observations, or those left without the effects. Nothing
        else depends on it.
    order : int
        Highest power of W in the instruments W x, ..., W^order x; beyond W x where that is a regressor itself.
    best : bool
        Repeat with the single instrument W (I - rho W)^-1 X beta, the best there is under equal variances
        (Lee 2003).
    weighting : {"full", "partial", "initial"}
        Of the six moments under random effects (Kapoor, Kelejian and Prucha 2007): by their variance, by that of
        deviations and means only, or none: those of the deviations alone.
    small : bool
        Multiply the covariance by dof / (dof - k), which makes "robust" HC1 and not HC0.
    lags : int, optional
        Lags over time of "driscoll-kraay".

    Returns
    -------
    MomentEstimates
        `loglik` is NaN. The covariance of lambda supposes normal errors under "information"; there is none for
        sigma2 and phi. `optimum` holds the point with the slope of the quadratic form in lambda, its size
        relative to the moments.

    Raises
    ------
    UnsupportedModelError
        If the combination has no theory here: lagged outcomes under region effects, random effects with unequal
        variances, random effects outside the error process.
    ModelError
        If no instrument is left for the lag.

    References
    ----------
    Kelejian and Prucha (1998), Journal of Real Estate Finance and Economics 17; (1999), International Economic
    Review 40; (2010), Journal of Econometrics 157. Lee (2003), Econometric Reviews 22. Kapoor, Kelejian and Prucha
    (2007), Journal of Econometrics 140. Mutl and Pfaffermayr (2011), Econometrics Journal 14.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.inverse_distance(zj.cities)
    >>> fit = sc.fit_panel(zj.panel, "exports", "digital", w, effects="region", estimator="gmm")
    >>> fit.estimates.instruments
    ('W:digital', 'W2:digital')
    """
    choice("weighting", weighting, MomentWeights)
    whole("order", order, least=1)
    _check(design, spec, correction, best)
    steps = Steps(design, sample(design, spec, correction), lagged_regressors(design, spec, order), spec.endogenous)
    job = Job(steps, spec, correction, meat_of(steps, spec, lags), small)
    first = steps.regress(Filter(), job.meat)
    again = _best(first, steps) if best and spec.has_lag else None
    if not spec.has_error and not steps.data.random:
        final = steps.regress(Filter(), job.meat, again) if again is not None else first
        return job.finish(final, final, first, None)
    if job.meat is None:
        return _equal(job, first, weighting, again)
    return _unequal(job, first, again)


def _check(design: Design, spec: ModelSpec, correction: Applied, best: bool) -> None:
    if best and spec.endog:
        raise UnsupportedModelError("the best instrument is that of a lag alone; with endog= take best=False.")
    if correction == "splm":
        raise UnsupportedModelError("correction='splm' is a convention of likelihoods; take 'none' or 'lee-yu'.")
    if spec.vcov == "observed":
        raise UnsupportedModelError("vcov='observed' needs a likelihood; take 'information', 'robust' or 'cluster'.")
    if spec.dynamic != "none" and spec.fixed_effects in ("region", "two-way"):
        raise UnsupportedModelError(
            "under region effects the lagged outcome is correlated with the demeaned errors, and the regressors' "
            "lags are no instruments for it; take estimator='ml', whose correction removes that bias."
        )
    if spec.outside:
        raise UnsupportedModelError("random='bsk' has no moments here; take random='kkp' or estimator='ml'.")
    if spec.effects == "random" and len(design.periods) < 2:
        raise ModelError("random effects need at least two periods; the sample has one. Take effects='none'.")
    if spec.vcov == "information" or not spec.has_error:
        return
    if spec.effects == "random" or spec.vcov not in ("robust", "cluster"):
        raise UnsupportedModelError(
            f"vcov={spec.vcov!r} with an error process is not derived for effects={spec.effects!r}; take "
            "vcov='information', or 'robust' or 'cluster' with fixed effects or none."
        )


def meat_of(steps: Steps, spec: ModelSpec, lags: int | None) -> Meat | None:
    """Return the meat of the covariance that `vcov` names; None for equal variances."""
    T, N, _ = steps.design.shape
    over_periods = steps.exact.over_periods
    if spec.vcov == "information":
        return None
    if spec.vcov in ("conley", "scpc"):
        raise UnsupportedModelError(
            f"vcov={spec.vcov!r} is not available by moments yet; take 'robust' or 'driscoll-kraay'."
        )
    used = core.newey_west_lags(T) if lags is None else whole("lags", lags)
    lost = core.put_back(T, over_periods=over_periods)

    def scores(a: FloatArray, e: FloatArray) -> FloatArray:
        return a.reshape(T, N, -1) * e[..., None]

    meats: dict[str, Meat] = {
        "robust": lambda a, e: core.meat_robust(scores(a, e), a.reshape(T, N, -1), e, over_periods=over_periods),
        "cluster": lambda a, e: core.meat_cluster(scores(a, e)),
        "driscoll-kraay": lambda a, e: lost * core.meat_driscoll_kraay(scores(a, e), used),
    }
    return meats[spec.vcov]


def _best(first: Regression, steps: Steps) -> FloatArray:
    """Return W (I - rho W)^-1 X beta, shape (T, N, 1), at the estimates of a regression."""
    K = steps.data.X.shape[2]
    d = first.result.coefficients
    assert steps.data.W is not None
    return lag(steps.data.W, inverse_applied(steps.data.W, float(d[K]), steps.data.X @ d[:K]))[..., None]


def _equal(job: Job, first: Regression, weighting: MomentWeights, best: FloatArray | None) -> MomentEstimates:
    """Take one round: residuals, error process, regression on filtered data."""
    steps, errors = job.steps, Errors(job.steps)
    u = steps.residuals(first.result.coefficients)
    random = steps.data.random
    process = errors.components(u, weighting) if random else errors.equal(u)
    final = steps.regress(process.filter, job.meat, best)
    if process.influence is None or process.variance is None:
        return job.finish(final, final, first, process)
    L, own = process.influence, float(process.influence @ process.variance @ process.influence)
    if not job.spec.instrumented:
        return job.finish(final, final, first, process, own=own)
    by_lam = -(_through_residuals(job, first, u, process, len(L)) @ L)
    return job.finish(final, final, first, process, by_lam, own)


def _through_residuals(job: Job, first: Regression, u: FloatArray, process: ErrorProcess, count: int) -> FloatArray:
    """Return a (n, count): the moments of residuals are those of the errors plus a'e, e the innovations.

    The coefficients of the first regression miss the truth by (Zh'Zh)^-1 Zh'(I - lambda M)^-1 e.
    """
    steps, M = job.steps, Errors(job.steps).M
    project, f = steps.data.project, Filter(process.lam)
    e, Z = steps.clean(u, f), steps.clean(steps.Z, f)
    w, V = project(lag(M, e)), project(lag(M, Z))
    T, N = e.shape
    alpha = gm.slopes(e, w, Z, V, steps.exact.dof)
    if steps.data.random:
        inner = gm.slopes(deviations(e), deviations(w), deviations(Z), deviations(V), N * (T - 1))
        outer = gm.slopes(means(e), means(w), means(Z), means(V), N)
        alpha = np.hstack([inner, outer])[:, :count]
    a = (first.result.regressors @ (first.result.inverse @ alpha)).reshape(T, N, -1)
    a = project(inverse_applied(sp.csr_array(M.T), process.lam, a))
    # In terms of innovations made equal: those of the means were divided by the root of their variance.
    tau = process.filter.tau
    return np.asarray(a + (1 / np.sqrt(tau) - 1) * a.mean(axis=0, keepdims=True)).reshape(T * N, -1)


def _unequal(job: Job, first: Regression, best: FloatArray | None) -> MomentEstimates:
    """Take the two rounds of Arraiz, Drukker, Kelejian and Prucha (2010, Journal of Regional Science 50)."""
    steps, errors = job.steps, Errors(job.steps)
    assert job.meat is not None
    _, start = errors.unequal(steps.residuals(first.result.coefficients), None)
    final = steps.regress(Filter(start.lam), job.meat, best)
    u = steps.residuals(final.result.coefficients)
    variance, _ = _moments_variance(job, errors, final, u)
    system, found = errors.unequal(u, variance)
    bread = steps.regress(Filter(found.lam), job.meat, best)
    variance, a = _moments_variance(job, errors, bread, u)
    root = gm.inverse_root(variance)
    L = of_lambda(system, found.lam, root.T @ root)
    process = ErrorProcess(found.lam, 1.0, 1.0, found.at_bound, found.slope)
    if a is None:
        return job.finish(final, bread, first, process, own=float(L @ variance @ L))
    own = float(L @ errors.pairwise(steps.clean(u, bread.filter)) @ L)
    return job.finish(final, bread, first, process, -(a @ L), own)


def _moments_variance(
    job: Job, errors: Errors, regression: Regression, u: FloatArray
) -> tuple[FloatArray, FloatArray | None]:
    """Return the variance of the moments of residuals, and a (n, m) with which coefficients enter them."""
    steps, f = job.steps, regression.filter
    e = steps.clean(u, f)
    variance = errors.pairwise(e)
    if not job.spec.instrumented:
        return variance, None
    alpha = robust.slopes(e, steps.clean(steps.Z, f), errors.forms, steps.exact.dof)
    a = regression.result.regressors @ (regression.result.inverse @ alpha)
    assert job.meat is not None
    return variance + job.meat(a, e), a
