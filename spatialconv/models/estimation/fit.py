"""One fit for all models: (Panel, specification, weights) in, one PanelFit out."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any, cast

import numpy as np
import pandas as pd

from spatialconv._core.likelihood.effects import projection
from spatialconv._core.likelihood.logdet import LogDet
from spatialconv._options import (
    Correction,
    Dynamic,
    Effects,
    Estimator,
    LogDeterminant,
    Model,
    Random,
    Spatial,
    Vcov,
    choice,
    first,
    flag,
    names,
)
from spatialconv.errors import BoundaryWarning, ModelError, OptionError, WeightsError
from spatialconv.models.by_period.design import Gaps, PeriodDesign, differs, gaps_named
from spatialconv.models.by_period.fit import fit_cells
from spatialconv.models.by_period.weights import one_for_all
from spatialconv.models.estimation.covariances import SANDWICH
from spatialconv.models.estimation.estimate import Estimates, maximum_likelihood, stability
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.estimation.identified import refuse_unidentified
from spatialconv.models.moments.gmm import gmm_design
from spatialconv.models.specification.design import Design, check, complete, from_panel, names_of
from spatialconv.models.specification.formula import is_formula, resolve
from spatialconv.models.specification.given import given
from spatialconv.models.specification.spec import ModelSpec
from spatialconv.models.specification.vocabulary import Terms, terms_of
from spatialconv.panel import Panel
from spatialconv.results import Provenance, merge_notes, number
from spatialconv.weights import Aligned, align


def fit_panel(
    panel: Panel | str | Any,
    y: str | Panel | None = None,
    x: str | Iterable[str] | None = None,
    w: Any = None,
    *,
    model: Model | None = None,
    spatial: Spatial | None = None,
    durbin: bool | str | Iterable[str] | None = None,
    effects: Effects | None = None,
    error_w: Any = None,
    dynamic: Dynamic = "none",
    correction: Correction = "auto",
    random: Random = "kkp",
    estimator: Estimator = "ml",
    vcov: Vcov = "information",
    logdet: LogDeterminant = "auto",
    intercept: bool = True,
    endog: str | Iterable[str] | None = None,
    instruments: str | Iterable[str] | None = None,
    missing: Gaps = "raise",
    geometry: Any = None,
) -> PanelFit:
    """Estimate a spatial panel model (or, from one period, a cross-sectional one) by maximum likelihood.

    Use it for any outcome and regressors; `beta` builds the growth regression of convergence on top of it.

    Parameters
    ----------
    panel : Panel, or a fitted model
        N regions x T periods without gaps in the variables named. A fitted model (`beta`, `fit_panel`) brings its
        sample, outcome, regressors and weights, and its terms and effects where no others are named; leave y and x out.
    y : str
        Outcome, or a formula, `"growth ~ log_initial + digital"`, with x left out. The formula may also stand
        first, before the panel. Behind `|` it may name effects by the panel's columns, `"y ~ x | region + year"`.
        It is evaluated with the columns and the transformations log, log10, log2, exp, sqrt, abs, I, C, center,
        scale, poly, bs, cr, cc, lag and diff (by region) alone: no other function, attribute, module or file.
    x : str or names
        Regressors. The intercept is added where there are no fixed effects (see `intercept`).
    w : Graph, or mapping from period to Graph, optional
        Spatial weights of the lag W y (and of `durbin`); regions are matched by label. A mapping, `{2000: w0, 2001:
        w1, ...}`, gives every period of the panel its own, as of economic distance: W y, W x, the determinant and the
        multipliers are then those of the period.
    model : {"OLS", "SLX", "SAR", "SDM", "SEM", "SDEM", "SARAR", "SAC", "GNS"}, optional
        The field's name, short for `spatial` and `durbin`: SAR is the lag, SEM the error, SARAR (SAC) both, SDM, SDEM
        and GNS the same with W x, SLX W x alone, OLS nothing spatial. It may not contradict them.
    spatial : {"lag", "error", "sarar", "none"}
        Which spatial terms are free: rho W y, lambda M u, both, or none; the lag by default.
    durbin : bool or names
        Add W x for all regressors, or for those named (SDM, SDEM, GNS, SLX). Where there is an intercept and the
        rows of the weights differ in their sums it is lagged too (`W:intercept`), as spatialreg does.
    effects : {"two-way", "region", "time", "none", "random"}
        Fixed effects of regions, of periods, of both (the default); or random effects of regions.
    error_w : Graph, or mapping from period to Graph, optional
        Weights M of the error process; `w` by default.
    dynamic : {"none", "y", "wy", "both"}
        Add the outcome of the period before (`lag:y`), its spatial lag (`lag:W:y`), or both; the first period
        is lost, and so is one that has no period one step (the commonest distance) before it.
    correction : {"auto", "lee-yu", "none", "splm"}
        "lee-yu" estimates on the data transformed so that the effects are gone (Lee and Yu 2010), "none" is
        the direct approach, whose optimum is that of the model with a dummy for each effect, "auto" is Lee-Yu
        wherever it is derived. "splm" is the direct approach as the R package splm computes it, for comparison
        only: it lags the demeaned data and leaves in the mean that this puts back, so that under time and
        two-way effects it stops short of the maximum. Of dynamic models "lee-yu" takes off the bias of order
        1/T as well, with an error process too (Yu, de Jong and Lee 2008; Lee and Yu 2010; `_core/bias.py`). The
        fit says which was used.
    random : {"kkp", "bsk"}
        Whether the random effects go through the error process (Kapoor, Kelejian and Prucha 2007) or stand
        outside it (Baltagi, Song and Koh 2003). Without an error process both are the same.
    vcov : {"information", "observed", "robust", "cluster", "driscoll-kraay", "scpc"}
        Covariance of the estimates: inverse of the expected or of the observed information, or a sandwich; or, of
        least squares, principal components over space, which needs `geometry`; see `PanelFit.with_vcov`.
    estimator : {"ml", "gmm"}
        Maximum likelihood, or moments: spatial two-stage least squares for the lag, moments for the error. The
        latter needs no log-determinant and holds under unequal variances (with vcov="robust"), but knows no
        log-likelihood.
    logdet : {"auto", "eigen", "lu", "stochastic"}
        How log|I - rho W| is computed: all eigenvalues (exact, up to some hundred regions), sparse factors at
        Chebyshev nodes closing in on rho (exact to rounding), or random traces. "auto" never takes the last.
    intercept : bool
        Whether there is one where there are no fixed effects; a formula takes it away by `y ~ 0 + x`.
    endog : str or names, optional
        Regressors that depend on the errors (simultaneous, measured with error), for estimator="gmm". They join x, or
        are among x already; `durbin` lags them too, and their lags are endogenous as well.
    instruments : str or names, optional
        Columns beside the model that move `endog` and have no say in the outcome but through it, at least as many.
        With a lag of the outcome their spatial lags join in as those of x do. `PanelFit.instrument_tests` says how
        strong they are, whether they agree, and what holds if they are weak.
    missing : {"raise", "integrate", "omit"}
        What to do about gaps. "integrate" maximises the density of the outcomes that are there, those missing
        integrated out: all regions with regressors stay neighbours. "omit" fits the regions that are there in each
        period, the weights cut to them and standardised again, as if the others did not exist; where they do, that
        biases rho towards zero (tests/simulation/UNBALANCED.md). Regions without regressors are left out of the period
        in both ways, and the notes give n by period.
    geometry : GeoDataFrame, optional
        Places of the regions, for vcov="scpc"; matched by label.

    Returns
    -------
    PanelFit

    Raises
    ------
    UnsupportedModelError
        If the effects and the correction need row-standardised weights without islands and these are not; or if random
        effects, lags in time, moments, a sandwich or the transformation over periods are asked for where weights or
        regions differ by period.
    ModelError
        If no sample could tell rho or lambda: weights of which too little is left once effects and regressors are out
        (equal weights of all to all under time effects; pairs or equal groups with lag, error and `durbin`).
    AbsorbedVariableError, SingularDesignError
        If a regressor does not vary once the effects are out, or regressors are collinear.
    AlignmentError
        If a region of the panel is not in the weights, or a period not in a mapping of them.
    MissingDataError, UnbalancedPanelError
        If a variable has gaps and `missing` is "raise".

    Notes
    -----
    ``y = rho W y + X beta + W X theta + effects + u``, ``u = lambda M u + e``, ``e ~ N(0, sigma2 I)``. The
    log-likelihood carries every constant; rho and lambda are searched between the inverses of the
    extreme real eigenvalues, or as far as the inverse of the spectral radius where none is negative (positive), which
    a note says; from some hundred regions on within the bound that norms give unless the optimum runs into it.
    `sigma2` is the sum of squares over N T observations under the direct approach, and over the transformed ones
    under Lee-Yu.

    With weights by period, or regions that are not always there, the determinant is the sum over the periods. Time
    effects are transformed away period by period where rows sum to one; over periods nothing can be transformed
    (differences over time mix weights that are not the same), so that region effects are dummies, exactly swept out
    whatever the error process, and the fit says by how much they make standard errors small. With missing outcomes
    z integrated out,

    ``l = -(n/2) log(2 pi sigma2) + log|A| + log|B| - log|Q_zz|/2 - min_z |B (A y(z) - X beta - D a)|^2 / (2 sigma2)``,

    ``A = I - rho W``, ``B = I - lambda M``, ``Q = A'B'B A``, n the outcomes seen.

    `PanelFit.weak`, and with it a note, says where little tells the spatial coefficients: rho and lambda that run to
    opposite ends and cancel (which counts as on the bound), a model with one spatial term less whose log-likelihood
    is within 0.1 although the term is far from zero or unsure by half its interval, a profile that is within 0.1 of its
    maximum over half of the interval.

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
    if isinstance(panel, str) and isinstance(y, Panel):
        panel, y = y, panel
    usual = Terms("lag", False)
    if not isinstance(panel, (Panel, str)):
        of = given(panel, y, x, door="fit_panel")
        assert of is not None
        panel, y, x = of.panel, of.spec.y, of.spec.x
        w, error_w = (of.w if w is None else w), (of.error_w if error_w is None else error_w)
        usual, effects = Terms(of.spec.spatial, of.spec.durbin), effects or of.spec.effects
        intercept = flag("intercept", intercept) and of.spec.intercept
    if not isinstance(panel, Panel) or not isinstance(y, str):
        raise OptionError(f"fit_panel takes a Panel and a name or formula; got {type(panel).__name__} and {y!r}.")
    if is_formula(y):
        if x is not None:
            raise OptionError(f"the formula {y!r} names the regressors; leave x out (and pass weights as w=).")
        resolved = resolve(panel, y, effects)
        panel, y, x = resolved.panel, resolved.y, resolved.x
        effects = cast(Effects | None, resolved.effects or effects)
        intercept = flag("intercept", intercept) and resolved.intercept
    if x is None:
        raise OptionError("x names the regressors; it may be left out only where y is a formula.")
    columns = names("x", x)
    own = () if endog is None else names("endog", endog)
    columns = (*columns, *(name for name in own if name not in columns))
    terms = terms_of(model, spatial, durbin, default=usual)
    spec = ModelSpec(
        y,
        columns,
        terms.spatial,
        names_of(terms.durbin, columns),
        "two-way" if effects is None else effects,
        correction,
        vcov,
        random,
        dynamic,
        estimator,
        logdet,
        intercept,
        own,
        () if instruments is None else names("instruments", instruments),
    )
    choice("missing", missing, Gaps)
    with gaps_named():
        design = from_panel(panel, spec, "raise" if missing == "raise" else "keep")
    return fit_design(design, spec, w, error_w=error_w, missing=missing, geometry=geometry)


def fit_design(
    design: Design,
    spec: ModelSpec,
    w: Any = None,
    *,
    error_w: Any = None,
    missing: Gaps = "raise",
    ask: pd.Index | None = None,
    geometry: Any = None,
) -> PanelFit:
    """Estimate a specification on arrays that are already built; `fit_panel` and `beta` end here.

    Mappings of weights are asked by the labels `ask`, those of the design's periods by default.
    """
    if geometry is not None and spec.vcov != "scpc":
        raise OptionError(f"geometry= is for vcov='scpc'; vcov is {spec.vcov!r}.")
    if differs(design, w, error_w):
        w, error_w = (
            one_for_all(given, design.regions, design.periods if ask is None else ask) for given in (w, error_w)
        )
    if differs(design, w, error_w):
        return _fit_cells(design, spec, w, error_w, missing, ask)
    return fit_complete(complete(_with_weights(design, spec, w, error_w), spec), spec, geometry)


def _fit_cells(design: Design, spec: ModelSpec, w: Any, error_w: Any, missing: Gaps, ask: pd.Index | None) -> PanelFit:
    found, estimates, said = fit_cells(design, spec, w, error_w, missing, ask)
    return _finished(found, spec, estimates, said)


def fit_complete(design: Design, spec: ModelSpec, geometry: Any = None) -> PanelFit:
    """Estimate a specification on a design that has its weights, spatial lags and intercept already."""
    correction, reason = spec.resolve(
        sums_to_one(design.W), sums_to_one(design.M), state_of_rows(spec, design.W, design.M)
    )
    T, N, _ = design.shape
    if spec.effects == "random" and T < 2:
        raise ModelError(
            f"random effects need at least two periods of the outcome; the sample has {T}: "
            f"{first(list(design.periods))}. Take effects='none'."
        )
    check(design, projection(spec.fixed_effects, T, N, lee_yu=False))
    barely = refuse_unidentified(design, spec)
    estimates = (gmm_design if spec.estimator == "gmm" else maximum_likelihood)(design, spec, correction)
    fit = _finished(design, spec, estimates, (reason, barely))
    # The likelihood's sandwiches are taken from a fit that stands; moments have theirs from the start.
    later = (*SANDWICH, "scpc")
    return fit.with_vcov(spec.vcov, geometry=geometry) if spec.vcov in later and spec.estimator == "ml" else fit


def _finished(design: Design, spec: ModelSpec, estimates: Estimates, said: tuple[str, str]) -> PanelFit:
    """Warn of bounds and gather the notes; `said` is why the approach was taken, and how barely rho is identified."""
    reason, barely = said
    estimates = replace(estimates, weak=tuple(text for text in (barely, *estimates.weak) if text))
    optimum = estimates.optimum
    if optimum.at_bound:
        _warn_of_bounds(optimum.at_bound)
    reasons = (
        reason,
        _cut("rho", optimum.logdet_w),
        _cut("lambda", optimum.logdet_m),
        _beyond_one("rho", optimum.point.rho, optimum.logdet_w),
        _beyond_one("lambda", optimum.point.lam, optimum.logdet_m),
        *estimates.weak,
        *estimates.notes,
        stability(design, spec, estimates),
    )
    notes = merge_notes(design.notes, (text for text in reasons if text))
    return PanelFit(spec, design, estimates, notes, _provenance(design, spec))


def _warn_of_bounds(names_at_bound: tuple[str, ...]) -> None:
    spatial = [name for name in names_at_bound if name != "phi"]
    if spatial:
        warnings.warn(
            f"the optimum of {' and '.join(spatial)} lies on the bound of the admissible interval; estimates and "
            "standard errors should not be used.",
            BoundaryWarning,
            stacklevel=6,
        )


def _beyond_one(name: str, value: float, logdet: LogDet | None) -> str:
    """Say that a spatial coefficient outside (-1, 1) is admissible, since readers are taught otherwise."""
    if logdet is None or abs(value) < 1:
        return ""
    low, high = logdet.interval
    return f"{name} = {value:.4f} lies outside (-1, 1) and inside its admissible interval ({low:.4f}, {high:.4f})"


def _cut(name: str, logdet: LogDet | None) -> str:
    """Say where a coefficient was searched if no real eigenvalue bounds it on one side."""
    if logdet is None or not len(logdet.roots):
        return ""
    low, high = logdet.interval
    size = np.abs(logdet.roots).max()
    # An end that is no inverse of an eigenvalue was put there by the search; the tolerance is that of a double root.
    open_ends = [
        side
        for side, end in (("below", low), ("above", high))
        if np.abs(logdet.roots - 1 / end).min() > 1e-5 * max(size, abs(1 / end))
    ]
    if not open_ends:
        return ""
    return (
        f"no real eigenvalue bounds {name} from {' or '.join(open_ends)}: it was searched in ({low:.4f}, {high:.4f}), "
        "to the inverse of the spectral radius"
    )


def sums_to_one(weights: Aligned | None) -> bool:
    """Whether every row sums to one: row-standardised, and nobody without a neighbour."""
    return weights is None or (weights.standardised == "row" and not weights.islands)


def state_of_rows(spec: ModelSpec, W: Aligned | None, M: Aligned | None) -> str:
    """Say why the rows of the weights that the model uses do not all sum to one; empty where they do."""
    for free, weights in ((spec.has_lag, W), (spec.has_error, M)):
        if not free or weights is None or sums_to_one(weights):
            continue
        if weights.islands:
            alone = first(list(weights.islands))
            one = len(weights.islands) == 1
            return f"region {alone} has no neighbour" if one else f"regions without a neighbour are {alone}"
        sums = np.asarray(weights.matrix.sum(axis=1), dtype=float)
        return f"rows of the weights sum to {number(float(sums.min()))} to {number(float(sums.max()))}"
    return ""


def _with_weights(design: Design, spec: ModelSpec, w: Any, error_w: Any) -> Design:
    if w is None and error_w is None and (spec.spatial != "none" or spec.durbin):
        what = f"spatial={spec.spatial!r}" if spec.spatial != "none" else "durbin"
        raise ModelError(f"{what} needs spatial weights; pass them as w, or take spatial='none'.")
    if w is None and (spec.has_lag or spec.durbin):
        raise ModelError("the spatial lag needs its own weights w; only error_w was given.")
    W = align(w, design.regions) if w is not None else None
    M = align(error_w, design.regions) if error_w is not None else W
    for aligned, used in ((W, spec.has_lag or spec.durbin), (M, spec.has_error)):
        if used and aligned is not None and aligned.matrix.nnz == 0:
            raise WeightsError(
                f"the weights hold no link among these {len(design.regions):,} regions; a spatial term needs some. "
                "Link regions by hand (link=…), take other weights, or spatial='none'."
            )
    lags = spec.has_lag or bool(spec.durbin) or spec.dynamic in ("wy", "both")
    entering = [a for a, used in ((W, lags), (M, spec.has_error)) if used and a is not None]
    notes = merge_notes(design.notes, *(a.notes for a in entering))
    if w is not None and not lags and not (spec.has_error and error_w is None):
        notes = merge_notes(notes, (f"the weights do not enter the model: spatial={spec.spatial!r}",))
    if error_w is not None and not spec.has_error:
        notes = merge_notes(notes, (f"error_w does not enter the model: spatial={spec.spatial!r}",))
    return replace(design, W=W, M=M, notes=notes)


def _provenance(design: Design, spec: ModelSpec) -> Provenance:
    options = {field.name: getattr(spec, field.name) for field in fields(spec)}
    if isinstance(design, PeriodDesign):
        options["missing"] = design.missing
    weights = design.W.summary if design.W is not None else None
    return Provenance("fit_panel", options, len(design.regions), len(design.periods), weights)
