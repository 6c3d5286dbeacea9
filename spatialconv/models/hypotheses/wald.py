"""Wald tests of linear restrictions, of a common factor, and of what a Durbin model reduces to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._core.hypotheses import wald_tests as core
from spatialconv._options import first
from spatialconv.errors import ModelError, OptionError
from spatialconv.models.estimation.fit import fit_complete
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.hypotheses.outcomes import CHI2, Diagnostics, fit_of, inapplicable
from spatialconv.models.hypotheses.ratio import lr_test
from spatialconv.models.specification.design import LAGGED_INTERCEPT, Design
from spatialconv.models.specification.spec import ModelSpec
from spatialconv.models.specification.variants import without
from spatialconv.panel import FloatArray
from spatialconv.results import HypothesisTest, Provenance, number


def wald_test(
    fit: Any,
    restrictions: str | Iterable[str] | Mapping[str, float] | pd.DataFrame,
    *,
    value: float | Iterable[float] = 0.0,
) -> HypothesisTest:
    """Test linear restrictions on the parameters of a fitted model, with the covariance that it carries.

    Parameters
    ----------
    fit : PanelFit, or a result that holds one (`beta`)
    restrictions : name, names, mapping or DataFrame
        Parameters (of `fit.params`) that are zero; a mapping from parameter to its value; or a matrix R with a
        row a restriction and a column a parameter (those left out have coefficient zero), for R params = value.
    value : float or floats
        Right-hand side for names and for a matrix.

    Returns
    -------
    HypothesisTest
        ``(R b - q)' (R V R')^-1 (R b - q)``, chi-squared with as many degrees of freedom as restrictions.

    Raises
    ------
    OptionError
        If a parameter is unknown, or the restrictions are redundant or of no length.

    Examples
    --------
    >>> import spatialconv as sc
    >>> from spatialconv.models.hypotheses.diagnostics import wald_test
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.inverse_distance(zj.cities)
    >>> fit = sc.fit_panel(zj.panel, "exports", "digital", w, effects="time")
    >>> wald_test(fit, {"rho": 0.0}).null
    'rho = 0'
    """
    model = fit_of(fit)
    model.estimates.refuse_held("wald_test()")
    R, q = _matrix(model, restrictions, value)
    # A parameter on its bound has no variance; it must not stand in the way of tests of the others.
    used = list(R.columns[(R != 0).any(axis=0)])
    found = core.wald(model.params[used].to_numpy(), model.cov.loc[used, used].to_numpy(), R[used].to_numpy(), q)
    if found.df < len(R):
        raise OptionError(
            f"of {len(R)} restrictions only {found.df} are independent of each other; leave out those that follow "
            "from the rest."
        )
    null = ", ".join(_equation(row, side) for (_, row), side in zip(R.iterrows(), q, strict=True))
    return _outcome("wald_test", f"Wald: {model.spec.name}", null, "at least one restriction fails", found, model)


def _matrix(model: PanelFit, restrictions: Any, value: Any) -> tuple[pd.DataFrame, FloatArray]:
    names = model.params.index
    if isinstance(restrictions, pd.DataFrame):
        _known(model, restrictions.columns)
        R = restrictions.astype(float).reindex(columns=names, fill_value=0.0)
        side = np.broadcast_to(np.asarray(value, dtype=float), len(R))
    else:
        listed = [restrictions] if isinstance(restrictions, str) else list(restrictions)
        _known(model, listed)
        R = pd.DataFrame(0.0, index=range(len(listed)), columns=names)
        for k, name in enumerate(listed):
            R.loc[k, name] = 1.0
        given = list(restrictions.values()) if isinstance(restrictions, Mapping) else value
        side = np.broadcast_to(np.asarray(given, dtype=float), len(R))
    if len(R) == 0 or not (R.to_numpy() != 0).any(axis=1).all():
        raise OptionError(f"{len(R)} restrictions, of which each must name a parameter; got {restrictions!r}.")
    return R, side


def _known(model: PanelFit, wanted: Iterable[Any]) -> None:
    unknown = [name for name in wanted if name not in model.params.index]
    if unknown:
        raise OptionError(f"no parameter {first(unknown)}; the model has {first(list(model.params.index), 12)}.")
    lost = [n for n in wanted if not np.isfinite(model.std_errors[n])]
    if lost:
        raise OptionError(f"{first(lost)} has no standard error (it lies on its bound), so that no Wald test exists.")


def _equation(row: pd.Series, side: float) -> str:
    terms = [(name, c) for name, c in row.items() if c != 0]
    left = " + ".join(str(name) if c == 1 else f"{number(float(c), 4)} {name}" for name, c in terms)
    return f"{left} = {side:g}".replace("+ -", "- ")


def _outcome(
    call: str, name: str, null: str, alternative: str, found: core.Contrast, model: PanelFit
) -> HypothesisTest:
    notes = (f"{' and '.join(model.at_bound)} on the bound",) if model.at_bound else ()
    return HypothesisTest(
        name, null, alternative, found.statistic, found.p_value, CHI2, float(found.df), notes=notes,
        provenance=replace(model.provenance, call=call),
    )  # fmt: skip


def common_factor_test(fit: Any) -> HypothesisTest:
    """Test whether a Durbin model is a spatial error model in disguise: theta + rho beta = 0.

    Use it on an SDM after `reduction_tests` or on its own; the error model is the Durbin model with this common
    factor, ``(I - rho W)(y - X beta) = e``.

    Parameters
    ----------
    fit : PanelFit
        A model with a lag of the outcome and the lags of all its regressors (SDM).

    Returns
    -------
    HypothesisTest
        Wald statistic by the delta method, chi-squared with as many degrees of freedom as regressors.

    Raises
    ------
    ModelError
        If the model has no lag of the outcome, has an error process, or lacks the lag of a regressor.

    References
    ----------
    Burridge (1981), Journal of the Royal Statistical Society B 43. Elhorst (2014), Spatial Econometrics, section 2.9.

    Examples
    --------
    >>> import spatialconv as sc
    >>> from spatialconv.models.hypotheses.diagnostics import common_factor_test
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.inverse_distance(zj.cities)
    >>> common_factor_test(sc.fit_panel(zj.panel, "exports", "digital", w, durbin=True, effects="time")).df
    1.0
    """
    model = fit_of(fit)
    model.design.refuse_cells("reduction_tests() is")
    x = _durbin_terms(model)
    lags = [f"W:{name}" for name in x]
    order = [*x, *lags, "rho"]
    found = core.common_factor(
        model.params[x].to_numpy(),
        model.params[lags].to_numpy(),
        model.rho,
        model.cov.loc[order, order].to_numpy(),
    )
    null = "the lagged regressors come from the error process (theta + rho beta = 0)"
    return _outcome("common_factor_test", "Wald: SEM in SDM", null, "the Durbin model in its generality", found, model)


def _durbin_terms(model: PanelFit) -> list[str]:
    """Return the regressors of a full Durbin model, or raise."""
    if model.spec.spatial != "lag" or not model.spec.durbin:
        raise ModelError(
            f"the model is a {model.spec.name}; only a spatial Durbin model (spatial='lag', durbin=True) reduces to a "
            "spatial error model."
        )
    # Where rows do not have the same sum the intercept is a regressor with a lag like the others.
    lagged = LAGGED_INTERCEPT in model.design.names
    x = [n for n in model.design.names if (n != "intercept" or lagged) and not n.startswith("W:")]
    lacking = [n for n in x if f"W:{n}" not in model.design.names]
    if lacking:
        raise ModelError(
            f"the model lacks the spatial lag of {first(lacking)}: a spatial error model is no special case of it. Fit "
            "it with durbin=True."
        )
    return x


def reduction_tests(fit: Any) -> Diagnostics:
    """Ask of a spatial Durbin model whether less would do: a lag, an error, or lagged regressors only.

    Parameters
    ----------
    fit : PanelFit
        A model with a lag of the outcome and the lags of all its regressors (SDM).

    Returns
    -------
    Diagnostics
        For each of SAR (theta = 0), SEM (theta + rho beta = 0) and SLX (rho = 0) the Wald test and the likelihood
        ratio, whose restricted model is fitted on the same sample and with the same approach to the effects.

    Raises
    ------
    ModelError
        If the model is no SDM, or lacks the lag of a regressor.

    References
    ----------
    Elhorst (2014), International Regional Science Review 37, 389-405. LeSage and Pace (2009), section 2.7.

    Examples
    --------
    >>> import spatialconv as sc
    >>> from spatialconv.models.hypotheses.diagnostics import reduction_tests
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.inverse_distance(zj.cities)
    >>> tests = reduction_tests(sc.fit_panel(zj.panel, "exports", "digital", w, durbin=True, effects="time"))
    >>> list(tests.table.index)[:3]
    ['Wald: SAR in SDM', 'LR: SAR in SDM', 'Wald: SEM in SDM']
    """
    model = fit_of(fit)
    x = _durbin_terms(model)
    lags = tuple(f"W:{name}" for name in x)
    # Only the likelihoods of the restricted models are used.
    spec = replace(model.spec, vcov="information")
    less = without(model.design, lags)
    rows = (
        replace(wald_test(model, lags), name="Wald: SAR in SDM"),
        _ratio(model, "SAR", less, replace(spec, durbin=())),
        common_factor_test(model),
        _ratio(model, "SEM", replace(less, M=less.W), replace(spec, spatial="error", durbin=())),
        replace(wald_test(model, "rho"), name="Wald: SLX in SDM"),
        _ratio(model, "SLX", model.design, replace(spec, spatial="none")),
    )
    title = f"Special cases of {model._headline()[0]}"
    where = Provenance("reduction_tests", {"y": spec.y, "x": spec.x}, model.n_regions, model.n_periods)
    return Diagnostics(title, rows, model.notes, replace(where, weights=model.provenance.weights))


def _ratio(model: PanelFit, name: str, design: Design, spec: ModelSpec) -> HypothesisTest:
    """Return the likelihood ratio against a special case, or why there is none with these weights and effects."""
    try:
        return replace(lr_test(fit_complete(design, spec), model), name=f"LR: {name} in SDM")
    except ModelError as error:
        return inapplicable(f"LR: {name} in SDM", f"the model is a {name}", "the Durbin model", CHI2, str(error))
