"""Fixed or random region effects: Hausman's contrast and Mundlak's regression."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from spatialconv._core.hypotheses import wald_tests as core
from spatialconv._core.hypotheses.error_components import Parameters, between_information
from spatialconv._core.likelihood.effects import means, projection
from spatialconv._core.likelihood.information import information, inverse, random_effects_information
from spatialconv._core.likelihood.traces import label_order
from spatialconv._options import Effects, Random, choice, first
from spatialconv.errors import ModelError
from spatialconv.models.estimation.fit import fit_complete
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.hypotheses.outcomes import CHI2, fit_of
from spatialconv.models.hypotheses.wald import wald_test
from spatialconv.models.specification.design import LAGGED_INTERCEPT, Design
from spatialconv.models.specification.given import refuse_endogenous
from spatialconv.models.specification.variants import period_dummies, with_columns, with_intercept, without
from spatialconv.panel import FloatArray
from spatialconv.results import HypothesisTest, Provenance, number

_NULL = "the region effects are uncorrelated with the regressors: random effects are consistent and efficient"
_ALTERNATIVE = "they are correlated: only fixed effects are consistent"
# What varies by less than this share of its size does not vary.
CONSTANT = 1e-9


def hausman(
    fixed: Any,
    random: Any,
    *,
    spatial: bool = False,
    covariance: Literal["common", "plain"] = "common",
) -> HypothesisTest:
    """Compare region effects as fixed with region effects as random (Hausman 1978).

    Use it to decide whether a random-effects model may be trusted. Where it cannot be computed, and as the more
    robust form, take `mundlak_test`.

    Parameters
    ----------
    fixed, random : PanelFit
        The same model, outcome, regressors, sample and weights, with effects="region" and effects="random".
    spatial : bool
        Contrast rho and lambda too, not the coefficients of the regressors only.
    covariance : {"common", "plain"}
        Covariance of the contrast. "common" takes the information of both estimators at the random-effects
        estimates, which are efficient under the null: the likelihood with random effects is that of the deviations
        from the regions' means plus that of the means, and the informations add up, so that the difference of the
        inverses is positive semidefinite by construction. "plain" takes the covariance that each fit carries, as
        software usually does; it can be indefinite.

    Returns
    -------
    HypothesisTest
        ``(b_F - b_R)' (V_F - V_R)^- (b_F - b_R)``, chi-squared with the rank of V_F - V_R as degrees of freedom.
        Where V_F - V_R is indefinite the statistic is NaN and the reason says so: neither its absolute value nor a
        p of 1 would mean anything.

    Raises
    ------
    ModelError
        If the models differ in more than the effects, or carry a robust covariance.

    References
    ----------
    Hausman (1978), Econometrica 46. Mutl and Pfaffermayr (2011), Econometrics Journal 14. Lee and Yu (2012), Spatial
    panels: random components versus fixed effects, International Economic Review 53.

    Examples
    --------
    >>> import numpy as np, pandas as pd, spatialconv as sc
    >>> from spatialconv.models.hypotheses.diagnostics import hausman
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"i": np.tile(np.arange(20), 6), "t": np.repeat(np.arange(6), 20)})
    >>> frame["x"] = rng.standard_normal(120)
    >>> frame["y"] = frame.x + rng.standard_normal(20)[frame.i] + rng.standard_normal(120)
    >>> w = sc.weights.from_matrix(np.ones((20, 20)) - np.eye(20), regions=range(20), standardise="row")
    >>> panel = sc.Panel(frame, region="i", period="t")
    >>> fixed, random = (sc.fit_panel(panel, "y", "x", w, effects=e) for e in ("region", "random"))
    >>> hausman(fixed, random).df
    1.0
    """
    choice("covariance", covariance, ("common", "plain"))
    f, r = fit_of(fixed, "fixed"), fit_of(random, "random")
    for each in (f, r):
        each.design.refuse_cells("hausman() is")
    _comparable(f, r)
    if covariance == "common" and not np.isfinite([f.loglik, r.loglik]).all():
        raise ModelError("covariance='common' needs maximum likelihood estimates; take covariance='plain'.")
    terms = [name for name in f.design.names if name in r.design.names and name != "intercept"]
    terms += [name for name in ("rho", "lambda") if spatial and name in f.params.index]
    if not terms:
        raise ModelError("the two models have no coefficient in common to compare.")
    V_f, V_r = (V.loc[terms, terms].to_numpy() for V in (_common(f, r) if covariance == "common" else (f.cov, r.cov)))
    difference = (f.params[terms] - r.params[terms]).to_numpy()
    found = core.hausman(difference, V_r, V_f)
    kept = {"terms": tuple(terms), "covariance": covariance}
    where = Provenance("hausman", kept, f.n_regions, f.n_periods, f.provenance.weights)
    notes: tuple[str, ...] = ("the variance of the random effects is zero",) if "phi" in r.at_bound else ()
    if found.admissible and found.smallest < 1 / f.nobs:
        notes += (
            f"V_fixed - V_random is nearly singular (smallest eigenvalue {found.smallest:.1e} of the variances): the "
            "two estimators should all but coincide there, and chi-squared is a poor approximation",
        )
    if found.admissible:
        return HypothesisTest(
            "Hausman", _NULL, _ALTERNATIVE, found.statistic, found.p_value, CHI2, float(found.df), "", notes, where
        )
    reason = (
        f"V_fixed - V_random is indefinite (smallest eigenvalue {found.smallest:.3g} of the variances): the quadratic "
        f"form {number(found.statistic)} has no chi-squared distribution; "
        + ("take covariance='common' or mundlak_test()" if covariance == "plain" else "take mundlak_test()")
    )
    if found.df == 0:
        reason = "the two estimators have the same covariance: there is no contrast to test"
    return HypothesisTest("Hausman", _NULL, _ALTERNATIVE, np.nan, np.nan, CHI2, None, reason, notes, where)


def _comparable(f: PanelFit, r: PanelFit) -> None:
    if f.spec.effects != "region" or r.spec.effects != "random":
        raise ModelError(
            f"hausman() compares effects='region' with effects='random'; got {f.spec.effects!r} and "
            f"{r.spec.effects!r}. Period effects belong in both or in neither: give them as dummies among x, or take "
            "mundlak_test() of the two-way model."
        )
    for what in ("y", "spatial", "durbin", "dynamic"):
        a, b = getattr(f.spec, what), getattr(r.spec, what)
        if a != b:
            raise ModelError(f"the models differ in {what} ({a!r} and {b!r}); only the effects may differ.")
    same = f.design.regions.equals(r.design.regions) and f.design.periods.equals(r.design.periods)
    if not same or not np.array_equal(f.design.y, r.design.y):
        raise ModelError("the models are fitted on different samples; fit both on the same panel.")
    robust = [m.spec.vcov for m in (f, r) if m.spec.vcov not in ("information", "observed")]
    if robust:
        raise ModelError(
            f"the contrast needs the covariance of the likelihood (vcov='information'); got {first(robust)}. For "
            "inference that is robust, take mundlak_test(vcov='cluster')."
        )


def _common(f: PanelFit, r: PanelFit) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the covariances of both estimators from the information at the random-effects estimates."""
    design = f.design
    T, N, _ = design.shape
    W = design.W.matrix if design.W is not None and f.spec.has_lag else None
    M = design.M.matrix if design.M is not None and f.spec.has_error else None
    rho, lam = (0.0 if np.isnan(v) else v for v in (r.rho, r.lambda_))
    found = r.estimates.optimum
    at: dict[str, Any] = {"rho": rho, "lam": lam, "sigma2": r.sigma2, "W": W, "M": M}
    at |= {"logdet_w": found.logdet_w, "logdet_m": found.logdet_m, "places": label_order(design.regions)}
    eta = design.X @ r.params[list(design.names)].to_numpy()
    within, _ = information(design.X, eta, project=projection("region", T, N, lee_yu=True), **at)
    X = r.design.X
    fitted = X @ r.estimates.beta
    tau = 1 / (1 + T * r.estimates.phi)
    if r.spec.outside:
        # Deviations from the means, then the means; the former say nothing of phi.
        inner, _ = information(X, fitted, project=projection("region", T, N, lee_yu=True), **at)
        here = Parameters(T, rho, lam, r.estimates.phi, r.sigma2)
        assert M is not None
        both = between_information(means(X)[0], means(fitted)[0], here, W, M)
        keep = np.delete(np.arange(len(both)), -2)
        both[np.ix_(keep, keep)] += inner
    else:
        both, _ = random_effects_information(X, fitted, tau=tau, **at)
    names = list(r.params.index)
    if "phi" in r.at_bound:
        names.remove("phi")
        keep = np.delete(np.arange(len(both)), -2)
        both = both[np.ix_(keep, keep)]
    return _labelled(inverse(within), list(f.params.index)), _labelled(inverse(both), names)


def _labelled(values: FloatArray, names: list[str]) -> pd.DataFrame:
    return pd.DataFrame(values, index=names, columns=names)


def mundlak_test(
    model: Any, *, random: Random = "kkp", vcov: Literal["information", "observed", "cluster"] = "information"
) -> HypothesisTest:
    """Test whether region effects are correlated with the regressors, by the regions' means (Mundlak 1978).

    Use it where Hausman's contrast is indefinite, or with a robust covariance. Under the null the means of the
    regressors over the periods add nothing to the random-effects model.

    Parameters
    ----------
    model : PanelFit, or a result that holds one (`beta`)
        A model with region, two-way or random effects. Its sample, regressors and spatial terms are taken; time
        effects become dummies of the periods.
    random : {"kkp", "bsk"}
        Whether the error process acts on the random effects too.
    vcov : {"information", "observed", "cluster"}
        Covariance of the augmented random-effects model; "cluster" fits the augmented model to pooled data, leaves
        the random effects in the errors, and lets these be dependent within regions in any way.

    Returns
    -------
    HypothesisTest
        Wald test that the coefficients of all means are zero. Regressors that do not vary over time, or whose means
        do not vary over regions, have none and are named in the notes.

    Raises
    ------
    ModelError
        If the model has no region effects, fixed or random, is dynamic, or no regressor varies over time.

    References
    ----------
    Mundlak (1978), Econometrica 46. Debarsy (2012), The Mundlak approach in the spatial Durbin panel data model,
    Spatial Economic Analysis 7.

    Examples
    --------
    >>> import spatialconv as sc
    >>> from spatialconv.models.hypotheses.diagnostics import mundlak_test
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.inverse_distance(zj.cities)
    >>> mundlak_test(sc.fit_panel(zj.panel, "exports", "digital", w, effects="region")).df
    1.0
    """
    choice("vcov", vcov, ("information", "observed", "cluster"))
    fit = fit_of(model, "model")
    refuse_endogenous(fit.spec, "mundlak_test")
    fit.design.refuse_cells("mundlak_test() is")
    if fit.spec.effects not in ("region", "two-way", "random") or fit.spec.dynamic != "none":
        what = "dynamic" if fit.spec.dynamic != "none" else f"with effects={fit.spec.effects!r}"
        raise ModelError(f"mundlak_test() takes a static model with region or random effects; got one {what}.")
    design, added, left_out = _augmented(fit)
    if not added:
        raise ModelError("no regressor varies over time and over regions, so that there is no mean to test.")
    effects: Effects = "none" if vcov == "cluster" else "random"
    spec = replace(fit.spec, effects=effects, correction="auto", random=random, vcov=vcov)
    full = fit_complete(design, spec)
    found = wald_test(full, added)
    note = f"no means of {first(left_out)}: they do not vary over time, or their means over regions" if left_out else ""
    where = replace(full.provenance, call="mundlak_test")
    return replace(
        found,
        name="Mundlak",
        null=f"the region effects are uncorrelated with the regressors ({found.null})",
        alternative=_ALTERNATIVE,
        notes=(*found.notes, *((note,) if note else ())),
        provenance=where,
    )


def _augmented(fit: PanelFit) -> tuple[Design, list[str], list[str]]:
    """Return the design with means of all regressors and dummies of the periods, the means, and who has none."""
    design = fit.design
    added, left_out = {}, []
    for k, name in enumerate(design.names):
        if name in ("intercept", LAGGED_INTERCEPT) or name.startswith("period:"):
            continue
        column = design.X[:, :, k]
        mean = column.mean(axis=0, keepdims=True)
        size = CONSTANT * np.abs(column).max()
        if np.abs(column - mean).max() <= size or np.ptp(mean) <= size:
            left_out.append(name)
        else:
            added[f"mean:{name}"] = np.broadcast_to(mean, column.shape)
    dummies = period_dummies(design) if fit.spec.effects == "two-way" else {}
    base = without(design, tuple(dummies))
    # Taken away by the caller it stays away; effects of regions leave none.
    base = base if fit.spec.effects == "random" else with_intercept(base)
    return with_columns(base, added | dummies), list(added), left_out
