"""One fit for all models: (Panel, specification, weights) in, one PanelFit out."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from spatialconv._core.effects import Projection, projection
from spatialconv._core.information import information, inverse, multiply, spatial_filter
from spatialconv._core.likelihood import problem
from spatialconv._core.logdet import LogDet, choose
from spatialconv._core.maximise import Optimum, maximise
from spatialconv._options import Correction, Effects, Spatial, Vcov, names
from spatialconv.errors import BoundaryWarning, ModelError, OptimisationError
from spatialconv.models.design import Design, check, complete, from_panel, matrix, names_of
from spatialconv.models.fitted import Estimates, PanelFit
from spatialconv.models.spec import Applied, ModelSpec
from spatialconv.panel import FloatArray, Panel
from spatialconv.results import Provenance, merge_notes
from spatialconv.weights import Aligned, align


def fit_panel(
    panel: Panel,
    y: str,
    x: str | Iterable[str],
    w: Any = None,
    *,
    spatial: Spatial = "lag",
    durbin: bool | str | Iterable[str] = False,
    effects: Effects = "two-way",
    correction: Correction = "auto",
    error_w: Any = None,
    vcov: Vcov = "information",
) -> PanelFit:
    """Estimate a spatial panel model (or, from one period, a cross-sectional one) by maximum likelihood.

    Use it for any outcome and regressors; `beta` builds the growth regression of convergence on top of it.

    Parameters
    ----------
    panel : Panel
        N regions x T periods without gaps in the variables named.
    y : str
        Outcome.
    x : str or names
        Regressors. The intercept is added where there are no effects.
    w : Graph, optional
        Spatial weights of the lag W y (and of `durbin`); regions are matched by label.
    spatial : {"lag", "error", "sarar", "none"}
        Which spatial terms are free: rho W y, lambda M u, both, or none.
    durbin : bool or names
        Add W x for all regressors, or for those named (SDM, SDEM, GNS, SLX).
    effects : {"two-way", "region", "time", "none"}
        Fixed effects of regions, of periods, of both.
    correction : {"auto", "lee-yu", "none", "splm"}
        "lee-yu" estimates on the data transformed so that the effects are gone (Lee and Yu 2010), "none" is
        the direct approach, whose optimum is that of the model with a dummy for each effect, "auto" is Lee-Yu
        wherever it is derived. "splm" is the direct approach as the R package splm computes it, for comparison
        only: it lags the demeaned data and leaves in the mean that this puts back, so that under time and
        two-way effects it stops short of the maximum. The fit says which was used.
    error_w : Graph, optional
        Weights M of the error process; `w` by default.
    vcov : {"information"}
        Covariance of the estimates: inverse of the expected information.

    Returns
    -------
    PanelFit

    Raises
    ------
    UnsupportedModelError
        If the effects and the correction need row-standardised weights without islands and these are not.
    AbsorbedVariableError, SingularDesignError
        If a regressor does not vary once the effects are out, or regressors are collinear.
    AlignmentError
        If a region of the panel is not in the weights.
    MissingDataError, UnbalancedPanelError
        If a variable has gaps.

    Notes
    -----
    ``y = rho W y + X beta + W X theta + effects + u``, ``u = lambda M u + e``, ``e ~ N(0, sigma2 I)``. The
    log-likelihood carries every constant; rho and lambda are searched over the whole interval between the
    inverses of the extreme real eigenvalues. `sigma2` is the sum of squares over N T observations under the
    direct approach, and over the transformed ones under Lee-Yu.

    References
    ----------
    Elhorst (2014), Spatial Econometrics, section 3.3. Lee and Yu (2010), Journal of Econometrics 154.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.inverse_distance(zj.cities)
    >>> fit = sc.fit_panel(zj.panel, "exports", "digital", w, effects="time")
    >>> fit.n_regions, fit.n_periods
    (11, 5)
    """
    columns = names("x", x)
    spec = ModelSpec(y, columns, spatial, names_of(_listed(durbin), columns), effects, correction, vcov)
    return fit_design(from_panel(panel, spec), spec, w, error_w=error_w)


def fit_design(design: Design, spec: ModelSpec, w: Any = None, *, error_w: Any = None) -> PanelFit:
    """Estimate a specification on arrays that are already built; `fit_panel` and `beta` end here."""
    design = complete(_with_weights(design, spec, w, error_w), spec)
    correction, reason = spec.resolve(_is_row(design.W), _is_row(design.M))
    T, N, _ = design.shape
    check(design, projection(spec.effects, T, N, lee_yu=False))
    data, project = _sample(design, spec, correction)
    W = matrix(design.W) if spec.has_lag else None
    M = matrix(design.M) if spec.has_error else None
    logdet_w = choose(W) if W is not None else None
    logdet_m = logdet_w if M is W else (choose(M) if M is not None else None)
    likelihood = problem(data.y, data.X, project, W=W, M=M, logdet_w=logdet_w, logdet_m=logdet_m)
    if not likelihood.A0[0, 0] > 1e-20 * float((design.y**2).sum()):
        raise OptimisationError(
            "the regressors and effects explain the outcome perfectly; the likelihood has no finite maximum."
        )
    optimum = maximise(likelihood)
    if optimum.at_bound:
        warnings.warn(
            f"the optimum of {' and '.join(optimum.at_bound)} lies on the bound of the admissible interval; "
            "estimates and standard errors should not be used.",
            BoundaryWarning,
            stacklevel=3,
        )
    estimates = _estimates(design, spec, correction, optimum, likelihood.recover(optimum.point))
    reasons = (
        reason,
        _beyond_one("rho", optimum.point.rho, logdet_w),
        _beyond_one("lambda", optimum.point.lam, logdet_m),
    )
    notes = merge_notes(design.notes, (text for text in reasons if text))
    return PanelFit(spec, design, estimates, notes, _provenance(design, spec))


def _beyond_one(name: str, value: float, logdet: LogDet | None) -> str:
    """Say that a spatial coefficient outside (-1, 1) is admissible, since readers are taught otherwise."""
    if logdet is None or abs(value) < 1:
        return ""
    low, high = logdet.interval
    return f"{name} = {value:.4f} lies outside (-1, 1) and inside its admissible interval ({low:.4f}, {high:.4f})"


def _method(optimum: Optimum) -> str:
    found = [d.name for d in (optimum.logdet_w, optimum.logdet_m) if d is not None]
    return " and ".join(dict.fromkeys(found))


def _simulated(error: float) -> str:
    if error == 0:
        return ""
    return (
        f"a trace of the information was simulated (relative standard error {error:.1e}); standard errors are as exact"
    )


def _listed(durbin: bool | str | Iterable[str]) -> bool | str | tuple[str, ...]:
    return durbin if isinstance(durbin, (bool, str)) else tuple(durbin)


def _is_row(weights: Aligned | None) -> bool:
    """Whether every row sums to one: row-standardised, and nobody without a neighbour."""
    return weights is None or (weights.standardised == "row" and not weights.islands)


def _with_weights(design: Design, spec: ModelSpec, w: Any, error_w: Any) -> Design:
    if w is None and error_w is None and (spec.spatial != "none" or spec.durbin):
        what = f"spatial={spec.spatial!r}" if spec.spatial != "none" else "durbin"
        raise ModelError(f"{what} needs spatial weights; pass them as w, or take spatial='none'.")
    if w is None and (spec.has_lag or spec.durbin):
        raise ModelError("the spatial lag needs its own weights w; only error_w was given.")
    W = align(w, design.regions) if w is not None else None
    M = align(error_w, design.regions) if error_w is not None else W
    notes = merge_notes(design.notes, *(a.notes for a in (W, M) if a is not None))
    if w is not None and spec.spatial == "none" and not spec.durbin:
        notes = merge_notes(notes, ("the weights do not enter the model: spatial='none'",))
    return replace(design, W=W, M=M, notes=notes)


def _sample(design: Design, spec: ModelSpec, correction: Applied) -> tuple[Design, Projection]:
    """Return the data the likelihood sees and the projection it applies after the spatial filter.

    splm demeans first and takes spatial lags of the demeaned data, which puts a mean back that it does not
    remove again: what it maximises under time effects is not the likelihood with period dummies.
    """
    T, N, _ = design.shape
    project = projection(spec.effects, T, N, lee_yu=correction == "lee-yu")
    if correction != "splm":
        return design, project
    demeaned = replace(design, y=project(design.y), X=project(design.X))
    return demeaned, projection("none", T, N, lee_yu=False)


def _estimates(design: Design, spec: ModelSpec, correction: Applied, optimum: Optimum, beta: FloatArray) -> Estimates:
    T, N, _ = design.shape
    data, project = _sample(design, spec, correction)
    W = matrix(design.W) if spec.has_lag else None
    M = matrix(design.M) if spec.has_error else None
    point = optimum.point
    sigma2 = point.sse / project.dof
    raw = spatial_filter(W, point.rho, design.y) - design.X @ beta
    effect = raw - projection(spec.effects, T, N, lee_yu=False)(raw)
    eta = data.X @ beta if correction == "splm" else design.X @ beta + effect
    info, error = information(
        data.X,
        eta,
        point.rho,
        point.lam,
        sigma2,
        project,
        W=W,
        M=M,
        logdet_w=optimum.logdet_w,
        logdet_m=optimum.logdet_m,
    )
    return Estimates(
        beta=beta,
        rho=point.rho if W is not None else np.nan,
        lam=point.lam if M is not None else np.nan,
        sigma2=sigma2,
        loglik=point.loglik,
        cov=inverse(info),
        effect=effect,
        residuals=spatial_filter(M, point.lam, raw - effect),
        reduced_form=multiply(W, point.rho, design.X @ beta),
        dof=project.dof,
        correction=correction,
        at_bound=optimum.at_bound,
        gradient_norm=optimum.gradient_norm,
        n_eval=optimum.n_eval,
        logdet="" if optimum.logdet_w is None and optimum.logdet_m is None else _method(optimum),
        trace_error=error,
    )


def _provenance(design: Design, spec: ModelSpec) -> Provenance:
    options = {k: getattr(spec, k) for k in ("y", "x", "spatial", "durbin", "effects", "correction", "vcov")}
    weights = design.W.summary if design.W is not None else None
    return Provenance("fit_panel", options, len(design.regions), len(design.periods), weights)
