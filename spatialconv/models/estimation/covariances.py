"""Covariances of a fit by name: information, observed information, and the sandwiches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp

from spatialconv._core.likelihood import covariance as core
from spatialconv._core.likelihood.information import multiply_transposed, spatial_filter
from spatialconv._core.likelihood.likelihood import lag
from spatialconv._core.likelihood.nearby import Nearby
from spatialconv._core.likelihood.traces import dense_ratios
from spatialconv._options import Vcov, choice, whole
from spatialconv.errors import ModelError, OptionError, UnsupportedModelError
from spatialconv.models.by_period import estimate as by_period
from spatialconv.models.by_period.design import PeriodDesign
from spatialconv.models.estimation.estimate import Estimates, Sample, bsk_covariance, information_covariance, sample
from spatialconv.models.specification.design import Design
from spatialconv.models.specification.spec import ModelSpec
from spatialconv.panel import FloatArray
from spatialconv.weights import align

DENSE_AT_MOST = 3000
# Scores of rho and lambda as martingale differences need every entry of G: of a dense inverse up to the first number of
# regions, beyond it by sparse solves a few columns at a time: among regions nearby where entries fall off soon, else
# among all, about a minute at the second.
INVERTED_AT_MOST, SOLVED_AT_MOST = 400, 20_000
SANDWICH = ("robust", "cluster", "driscoll-kraay", "conley")


def covariance(
    design: Design,
    spec: ModelSpec,
    estimates: Estimates,
    *,
    lags: int | None = None,
    kernel: Any = None,
) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the covariance that `spec.vcov` names, in the order of the parameters, and what is to be said of it."""
    choice("vcov", spec.vcov, Vcov)
    if isinstance(design, PeriodDesign):
        return by_period.covariance(design, spec, estimates)
    data = sample(design, spec, estimates.correction)
    if spec.outside:
        return _outside(spec, data, estimates)
    bread, notes = information_covariance(design, spec, data, estimates.optimum, estimates.beta, estimates.sigma2)
    if spec.vcov not in SANDWICH:
        return bread, notes
    if data.random:
        raise UnsupportedModelError(
            f"vcov={spec.vcov!r} is derived for fixed effects and none; random effects already model the dependence "
            "within regions. Take vcov='information' or 'observed'."
        )
    found = observed(data, estimates, independent=spec.vcov in ("robust", "cluster"))
    meat, said = _meat(found, spec, design, lags, kernel)
    cov = bread @ meat @ bread
    refuse_vanishing(cov, bread, spec.vcov)
    return np.asarray((cov + cov.T) / 2), (*notes, said)


# Scores that cancel leave variances of 1e-30 of the plain ones, a sandwich that stands seldom less than 1e-4.
VANISHES = 1e-18


def refuse_vanishing(cov: FloatArray, plain: FloatArray, vcov: str) -> None:
    """Raise where a sandwich has a variance that is not positive but for rounding, beside the plain covariance."""
    if (np.diag(cov) > VANISHES * np.diag(plain)).all() or not np.isfinite(np.diag(plain)).all():
        return
    raise ModelError(
        f"vcov={vcov!r} gives a variance that is not positive: this kernel is not positive definite, or there are too "
        "few periods or regions for it, whose scores cancel. Take another kernel, fewer lags, or another vcov."
    )


def _outside(spec: ModelSpec, data: Sample, estimates: Estimates) -> tuple[FloatArray, tuple[str, ...]]:
    if spec.vcov in SANDWICH:
        raise UnsupportedModelError(f"vcov={spec.vcov!r} is not derived for random effects outside the error process.")
    return bsk_covariance(spec, data, estimates.optimum, estimates.beta, estimates.sigma2)


@dataclass(frozen=True)
class Scores:
    """Scores s (T, N, k), `linear` (T, N, k), what multiplies e_it in them but for other innovations, and e (T, N)."""

    s: FloatArray
    linear: FloatArray
    e: FloatArray


def observed(data: Sample, estimates: Estimates, *, independent: bool) -> Scores:
    """Return the scores; with `independent` those of rho and lambda as martingale differences over the regions."""
    point, project, sigma2 = estimates.optimum.point, data.project, estimates.sigma2
    u = spatial_filter(data.W, point.rho, data.y) - data.X @ estimates.beta
    e = project(spatial_filter(data.M, point.lam, u))
    X = project(spatial_filter(data.M, point.lam, data.X))
    lagged_y = project(spatial_filter(data.M, point.lam, lag(data.W, data.y))) if data.W is not None else None
    lagged_u = project(lag(data.M, u)) if data.M is not None else None
    jacobian = []
    for logdet, at in ((estimates.optimum.logdet_w, point.rho), (estimates.optimum.logdet_m, point.lam)):
        trace = 0.0 if logdet is None else -float(logdet.derivative(at))
        jacobian.append(project.J * (trace - (1 / (1 - at) if project.shift and logdet is not None else 0.0)))
    s = core.scores(
        X, e, sigma2, project.dof, lagged_y=lagged_y, lagged_u=lagged_u, jacobian=(jacobian[0], jacobian[1])
    )
    linear = np.zeros_like(s)
    place = data.X.shape[2]
    linear[..., :place] = X / sigma2
    if not independent or (data.W is None and data.M is None):
        return Scores(s, linear, e)
    N = e.shape[1]
    dense = dense_ratios(data.W, data.M, point.rho, point.lam) if N <= INVERTED_AT_MOST else None
    nearby = None if dense is not None else Nearby(data.W, data.M, point.rho, point.lam)
    if nearby is not None and not nearby.local and N > SOLVED_AT_MOST:
        raise UnsupportedModelError(
            f"robust and clustered covariances solve a system a region, and with links that reach as far as these they "
            f"stop at {SOLVED_AT_MOST:,} regions; the panel has {N:,}. Take vcov='driscoll-kraay' or estimate by "
            "moments."
        )
    for which, (lagged, trace) in enumerate(((lagged_y, jacobian[0]), (lagged_u, jacobian[1]))):
        if lagged is None:
            continue
        if dense is not None:
            ratio = dense[which]
            mean = lagged - project(e @ ratio.T)
            s[..., place] = core.martingale_differences(mean, e, ratio, sigma2, project.J, trace)
        else:
            assert nearby is not None
            apply, columns = (nearby.whole.of_w, nearby.whole.of_m)[which], nearby.columns(which)
            mean = lagged - project(apply(np.ascontiguousarray(e.T)).T)
            s[..., place] = core.martingale_differences_by_columns(mean, e, columns, sigma2, project.J, trace)
        linear[..., place] = mean / sigma2
        place += 1
    return Scores(s, linear, e)


def scores(data: Sample, estimates: Estimates, *, independent: bool) -> FloatArray:
    """Return the scores (T, N, k) alone."""
    return observed(data, estimates, independent=independent).s


def _meat(found: Scores, spec: ModelSpec, design: Design, lags: int | None, kernel: Any) -> tuple[FloatArray, str]:
    s, over_periods = found.s, spec.fixed_effects in ("region", "two-way")
    T, N, k = s.shape
    lost = core.put_back(T, over_periods=over_periods)
    if lags is not None and whole("lags", lags) >= T:
        raise OptionError(f"lags must be below the number of periods, {T}; got {lags}.")
    if spec.vcov == "robust":
        unmixed = ", variances unmixed after Stock and Watson (2008)" if over_periods and T > 2 else ""
        said = f"standard errors robust to heteroskedasticity, which rho itself is not{unmixed}"
        return core.meat_robust(s, found.linear, found.e, over_periods=over_periods), said
    if spec.vcov == "cluster":
        few = f"; {N:,} clusters are few for {k} parameters" if k + 10 > N else ""
        return core.meat_cluster(s), f"standard errors clustered by region ({N:,} clusters{few})"
    if spec.vcov == "driscoll-kraay":
        used = core.newey_west_lags(T) if lags is None else lags
        few = f"; {T} periods are few" if T < 20 else ""
        meat = lost * core.meat_driscoll_kraay(s, used)
        return meat, f"standard errors of Driscoll and Kraay with {used} lags{few}"
    meat, said = _conley(s, design, 0 if lags is None else lags, kernel)
    return lost * meat, said


def _conley(s: FloatArray, design: Design, lags: int, kernel: Any) -> tuple[FloatArray, str]:
    if kernel is None:
        raise OptionError(
            "vcov='conley' needs a kernel of distance: fit.with_vcov('conley', kernel=sc.weights.kernel(gdf, "
            "bandwidth=..., standardise='none'))."
        )
    aligned = align(kernel, design.regions)
    matrix = sp.csr_array(aligned.matrix + sp.eye_array(len(design.regions), format="csr"))
    if matrix.data.max() > 1 + 1e-9:
        raise OptionError(
            f"a kernel of distance is at most 1; this one reaches {matrix.data.max():.3g}. Build it with "
            "standardise='none'."
        )
    said = f"standard errors of Conley by {aligned.summary}, {lags} lags over time"
    return core.meat_conley(s, matrix, lags), said


def effects_errors(design: Design, spec: ModelSpec, estimates: Estimates, of: Literal["region", "time"]) -> FloatArray:
    """Return the standard errors of region effects, shape (N,), or time effects, shape (T,)."""
    design.refuse_cells("the standard error of an effect is")
    data = sample(design, spec, estimates.correction)
    T, N = design.y.shape
    columns = [-design.X] + ([-lag(data.W, design.y)[..., None]] if data.W is not None else [])
    joined = np.concatenate(columns, axis=2)
    if of == "time" and data.M is not None and estimates.correction != "splm":
        lam = estimates.optimum.point.lam
        slopes = spatial_filter(data.M, lam, joined).mean(axis=1) / (1 - lam)
    else:
        slopes = joined.mean(axis=0 if of == "region" else 1)
    slopes -= slopes.mean(axis=0)
    k = slopes.shape[1]
    # rho follows beta among the parameters; lambda, phi and sigma2 do not move the effects.
    added = np.einsum("ij,jk,ik->i", slopes, estimates.cov[:k, :k], slopes)
    return np.asarray(np.sqrt(_mean_errors(data, estimates, of, T, N) + added))


def _mean_errors(data: Sample, estimates: Estimates, of: str, T: int, N: int) -> FloatArray | float:
    """Return the variance of the mean of u over periods (regions), as a deviation from the grand mean."""
    if data.M is None:
        return estimates.sigma2 * (1 / T) * (1 - 1 / N) if of == "region" else estimates.sigma2 * (1 / N) * (1 - 1 / T)
    if of == "time" and estimates.correction != "splm":
        # The mean of the filtered errors, which are innovations, over 1 - lambda.
        return estimates.sigma2 / (N * (1 - estimates.optimum.point.lam) ** 2) * (1 - 1 / T)
    if of == "time":
        ones = multiply_transposed(data.M, estimates.optimum.point.lam, np.ones(N))
        return estimates.sigma2 * float(ones @ ones) / N**2 * (1 - 1 / T)
    if N > DENSE_AT_MOST:
        raise UnsupportedModelError(
            f"standard errors of region effects under an error process take a dense matrix and stop at {DENSE_AT_MOST} "
            f"regions; the panel has {N}."
        )
    filtered = np.linalg.inv(np.eye(N) - estimates.optimum.point.lam * data.M.toarray())
    centred = filtered - filtered.mean(axis=0)
    return np.asarray(estimates.sigma2 / T * (centred**2).sum(axis=1))
