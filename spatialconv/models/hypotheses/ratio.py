"""Likelihood ratios of nested models, and the tests for region and time effects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from scipy import stats

from spatialconv._core.likelihood.effects import projection
from spatialconv._core.likelihood.information import spatial_filter
from spatialconv._core.regression.least_squares import basis
from spatialconv._options import FixedEffects, Model, Spatial, choice
from spatialconv.errors import ModelError, OptionError
from spatialconv.models.estimation.fit import fit_panel
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.hypotheses.outcomes import CHI2, EFFECTS, Diagnostics, fit_of, inapplicable
from spatialconv.models.specification.given import given
from spatialconv.models.specification.nesting import restriction
from spatialconv.models.specification.vocabulary import Terms, terms_of
from spatialconv.panel import FloatArray, Panel
from spatialconv.results import HypothesisTest, Provenance, extent, merge_notes

# A likelihood ratio this far below zero, relative to the log-likelihood, is rounding; beyond it an optimum is wrong.
NOISE = 1e-9


def lr_test(restricted: Any, full: Any) -> HypothesisTest:
    """Test a model against a more general one by the ratio of their likelihoods.

    Use it for any two fits of which one is a special case of the other; whether it is, is decided from the
    specifications, the regressors and the weights, and anything else is refused.

    Parameters
    ----------
    restricted, full : PanelFit, or a result that holds one (`beta`)
        Both fitted on the same sample with the same approach to the effects.

    Returns
    -------
    HypothesisTest
        ``2 (l_full - l_restricted)``, chi-squared with as many degrees of freedom as parameters are restricted,
        the effects counted under the direct approach. Where the variance of random effects is among them, which
        can only be positive, the distribution is the mixture of two chi-squared with weights 1/2.

    Raises
    ------
    ModelError
        If the models are not nested, or their likelihoods are of different data: other samples, one with
        and one without the transformation of Lee and Yu, or different effects under it.

    Notes
    -----
    Nested are less spatial terms in more, regressors in more regressors, fewer effects in more (direct approach),
    and the error model in the Durbin model through the common factor ``theta + rho beta = 0``. Tests of region
    effects by this ratio reject too often when the panel is short; `effects_tests` does not.

    References
    ----------
    Elhorst (2014), Spatial Econometrics, sections 3.5 and 3.6.

    Examples
    --------
    >>> import spatialconv as sc
    >>> from spatialconv.models.hypotheses.diagnostics import lr_test
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.inverse_distance(zj.cities)
    >>> sar, sdm = (sc.fit_panel(zj.panel, "exports", "digital", w, durbin=d, effects="time") for d in (False, True))
    >>> lr_test(sar, sdm).null
    'W:digital = 0'
    """
    small, large = fit_of(restricted, "restricted"), fit_of(full, "full")
    words = restriction(small, large)
    df = large.n_parameters - small.n_parameters
    name = f"LR: {small.spec.name} in {large.spec.name}"
    alternative = f"{large.spec.name} with {_effects(large)} in its generality"
    statistic = 2 * (large.loglik - small.loglik)
    if statistic < -NOISE * max(1.0, abs(large.loglik)):
        reason = (
            f"the larger model has the smaller log-likelihood (by {-statistic / 2:.3g}): its optimum is not the best"
        )
        return inapplicable(name, words, alternative, CHI2, reason)
    statistic = max(statistic, 0.0)
    bound = merge_notes(
        f"{fit.spec.name}: {' and '.join(fit.at_bound)} on the bound" for fit in (small, large) if fit.at_bound
    )
    where = replace(large.provenance, call="lr_test")
    if large.spec.effects == "random" and small.spec.effects != "random":
        p = 0.5 * (_chi2(statistic, df - 1) + _chi2(statistic, df))
        mixture = f"0.5 chi2({df - 1}) + 0.5 chi2({df})"
        return HypothesisTest(name, words, alternative, statistic, p, mixture, None, notes=bound, provenance=where)
    p = _chi2(statistic, df)
    return HypothesisTest(name, words, alternative, statistic, p, CHI2, float(df), notes=bound, provenance=where)


def _chi2(statistic: float, df: int) -> float:
    # With no degree of freedom left the statistic is zero with probability one.
    return float(stats.chi2.sf(statistic, df)) if df else float(statistic <= 0)


def _effects(fit: PanelFit) -> str:
    return "random effects" if fit.spec.effects == "random" else EFFECTS[fit.spec.fixed_effects]


def effects_tests(
    panel: Panel | Any,
    y: str | None = None,
    x: str | Iterable[str] | None = None,
    w: Any = None,
    *,
    model: Model | None = None,
    spatial: Spatial | None = None,
    durbin: bool | str | Iterable[str] | None = None,
    error_w: Any = None,
    statistic: Literal["F", "LR"] = "F",
) -> Diagnostics:
    """Test whether region effects, time effects, or both belong in the model.

    Use it to choose `effects`: each kind is tested with the other in the model, then both together.

    Parameters
    ----------
    panel, y, x, w, model, spatial, durbin, error_w
        As in `fit_panel`, a fitted model in the place of panel, y and x included; nothing spatial by default.
    statistic : {"F", "LR"}
        "F" compares sums of squares after the spatial filter at the estimates of the largest model; "LR" is the
        likelihood ratio of the direct approach (Elhorst 2014).

    Returns
    -------
    Diagnostics
        "region effects" (given time effects), "time effects" (given region effects), "region and time effects".

    Raises
    ------
    ModelError
        If the panel has one period.
    AbsorbedVariableError
        If the two-way effects absorb a regressor.

    Notes
    -----
    ``F = [(SSE_restricted - SSE_full) / q] / [SSE_full / (NT - p)]`` with sums of squares of
    ``(I - lambda M)(y - rho W y) - (I - lambda M) X beta - effects``, rho and lambda held at the estimates under
    two-way effects (Lee and Yu's, where the weights allow it), which are consistent whether or not the effects are
    there. The likelihood ratio restricts N - 1 parameters with T observations each, so that it rejects too often: in
    400 simulated panels with rho = 0.4 and no effects the nominal 5 % test of region effects rejected at 30
    regions x 8 periods in 10 % (F in 5 %), at 30 x 4 in 21 % (F in 6 %). The F test of time effects rejects too often
    in a lag model with few regions, in which rho was estimated: in 16 % at 11 x 4, 11 % at 30 x 8, 8 % at 48 x 17, 4 %
    at 200 x 10 (tests/simulation/RESULTS.md).

    References
    ----------
    Elhorst (2014), International Regional Science Review 37, 389-405.

    Examples
    --------
    >>> import spatialconv as sc
    >>> from spatialconv.models.hypotheses.diagnostics import effects_tests
    >>> zj = sc.datasets.zhejiang()
    >>> list(effects_tests(zj.panel, "exports", "digital").table.index)
    ['region effects', 'time effects', 'region and time effects']
    """
    choice("statistic", statistic, ("F", "LR"))
    of = given(panel, y, x, door="effects_tests")
    usual = Terms("none", False)
    if of is not None:
        panel, y, x, usual = of.panel, of.spec.y, of.spec.x, Terms(of.spec.spatial, of.spec.durbin)
        w, error_w = (of.w if w is None else w), (of.error_w if error_w is None else error_w)
    if y is None or x is None:
        raise OptionError("effects_tests of a panel need its outcome y and its regressors x; name them.")
    terms = terms_of(model, spatial, durbin, default=usual)
    lagged = terms.durbin if isinstance(terms.durbin, (bool, str)) else tuple(terms.durbin)
    if panel.n_periods < 2:
        raise ModelError("effects need at least two periods to be told from the intercept; the panel has one.")

    def fitted(effects: FixedEffects, correction: Literal["auto", "none"]) -> PanelFit:
        return fit_panel(
            panel,
            y,
            x,
            w,
            spatial=terms.spatial,
            durbin=lagged,
            effects=effects,
            correction=correction,
            error_w=error_w,
        )

    pairs: tuple[tuple[str, FixedEffects, str], ...] = (
        ("region effects", "time", "no region effects, time effects present"),
        ("time effects", "region", "no time effects, region effects present"),
        ("region and time effects", "none", "neither region nor time effects"),
    )
    full = fitted("two-way", "auto" if statistic == "F" else "none")
    rows = []
    for name, effects, null in pairs:
        alternative = f"{name} belong in the model"
        if statistic == "F":
            rows.append(_f_test(full, effects, name, null, alternative))
        else:
            found = lr_test(fitted(effects, "none"), full)
            rows.append(replace(found, name=name, null=null, alternative=alternative))
    title = f"Tests of effects in {full.spec.name} of {y}: {extent(full.n_regions, full.n_periods)}"
    options = {"y": y, "x": full.spec.x, "spatial": terms.spatial, "durbin": full.spec.durbin, "statistic": statistic}
    where = Provenance("effects_tests", options, full.n_regions, full.n_periods, full.provenance.weights)
    return Diagnostics(title, tuple(rows), full.notes, where)


def _f_test(full: PanelFit, restricted: FixedEffects, name: str, null: str, alternative: str) -> HypothesisTest:
    e, design = full.estimates, full.design
    T, N, K = design.shape
    W = design.W.matrix if design.W is not None and full.spec.has_lag else None
    M = design.M.matrix if design.M is not None and full.spec.has_error else None
    outcome = spatial_filter(M, e.lam, spatial_filter(W, e.rho, design.y))
    X = spatial_filter(M, e.lam, design.X)
    large = _sse(outcome, X, full.spec.fixed_effects)
    small = _sse(outcome, X, restricted)
    columns = {"none": 1, "region": N, "time": T, "two-way": N + T - 1}
    q, rest = columns["two-way"] - columns[restricted], N * T - columns["two-way"] - K
    value = (small - large) / q / (large / rest)
    return HypothesisTest(name, null, alternative, value, float(stats.f.sf(value, q, rest)), f"F({q}, {rest})")


def _sse(y: FloatArray, X: FloatArray, effects: FixedEffects) -> float:
    T, N, K = X.shape
    if effects == "none":
        X, K = np.concatenate([np.ones((T, N, 1)), X], axis=2), K + 1
    project = projection(effects, T, N, lee_yu=False)
    Q = basis(project(X).reshape(T * N, K)).Q
    v = project(y).ravel()
    return float(((v - Q @ (Q.T @ v)) ** 2).sum())
