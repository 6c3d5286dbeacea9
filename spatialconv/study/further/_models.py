"""Parts on the growth regression: effects, tests, the chain of selection, other weights, probabilities."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd

from spatialconv import plot
from spatialconv._language import say
from spatialconv.convergence.beta.beta import BetaConvergence
from spatialconv.errors import ModelError, SpatialConvError
from spatialconv.models.estimation.fit import fit_panel
from spatialconv.models.hypotheses.diagnostics import (
    effects_tests,
    hausman,
    lm_tests,
    reduction_tests,
    residual_moran,
    select_model,
)
from spatialconv.models.posterior.probabilities import model_probabilities
from spatialconv.results import one_line
from spatialconv.study.further.findings import Found, of_result, of_tests, said, titled
from spatialconv.tables import effects, regression, table

if TYPE_CHECKING:
    from spatialconv.study._result import Study

# Models without a process of errors.
LAGS = ("SAR", "SDM", "SLX")


def headline(study: Study) -> BetaConvergence:
    """Return the regression that the case names, with its controls where that can be estimated; raise without one."""
    fit = study.headline_fit() or study.headline_fit(conditional=False)
    if fit is None:
        raise ModelError("the regression that the case names could not be estimated; see tables/beta_models.csv.")
    return fit


def impacts(study: Study) -> Found:
    """Direct, indirect and total effects of the headline models, alone and with controls, and of SDM."""
    case, lost = study.case, []
    headline(study)
    named = {"without controls": study.headline_fit(conditional=False)}
    if case.controls:
        named["with controls"] = study.headline_fit()
    estimated = {name: fit for name, fit in named.items() if fit is not None}
    fits = {f"{case.model.name} {name}": fit for name, fit in estimated.items()}
    if case.model.name != "SDM":
        how, last = list(estimated.items())[-1]
        try:
            fits[f"SDM {how}"] = last.again(w=study.weights[case.main], model="SDM")
        except SpatialConvError as error:
            lost.append(f"SDM: {one_line(error)}")
    found = {name: fit.impacts() for name, fit in fits.items()}
    made = effects(
        found,
        digits=3,
        caption=say("Direct, indirect and total effects on growth of {variable}", variable=case.variable),
    )
    return Found(found, tuple(lost), {"impacts": made})


def tests(study: Study) -> Found:
    """LM tests of a spatial lag and error, tests of effects, of what SDM may be reduced to, Hausman, residual Moran."""
    b, w = headline(study), study.weights[study.case.main]
    asked: dict[str, Callable[[], Any]] = {
        "lm_tests": lambda: lm_tests(b),
        "effects_tests": lambda: effects_tests(b),
        "reduction_tests": lambda: reduction_tests(b.again(w=w, model="SDM")),
        "hausman": lambda: hausman(fit_panel(b, effects="region"), fit_panel(b, effects="random")),
        "residual_moran": lambda: residual_moran(b),
    }
    made, results, lost = {}, {}, []
    for name, ask in asked.items():
        try:
            result = results[name] = ask()
        except SpatialConvError as error:
            lost.append(f"{name}: {one_line(error)}")
            continue
        by_term = name != "residual_moran"
        made[name] = of_tests(result) if by_term else of_result(result)
    if not results:
        raise ModelError("; ".join(lost))
    return Found(results, tuple(lost), made)


def selection(study: Study) -> Found:
    """The chain of tests from least squares to a spatial model."""
    found = select_model(headline(study))
    made = table(found.table.rename_axis("step"), caption=titled(found), notes=found.notes, digits={"statistic": 3})
    return Found(found, said(found), {"selection": made})


def robustness(study: Study) -> Found:
    """The headline regression with each of the weights."""
    case, lost = study.case, []
    if case.model.name == "OLS":
        raise ModelError("the model of the case is least squares, into which no weights enter.")
    b = headline(study)
    fits: dict[str, BetaConvergence] = {}
    for name, w in study.weights.items():
        try:
            fits[name] = b if name == case.main else b.again(w=w)
        except SpatialConvError as error:
            lost.append(f"{name}: {one_line(error)}")
    values = pd.Series({name: fit.beta for name, fit in fits.items()})
    ends = f"beta lies between {values.min():.4f} ({values.idxmin()}) and {values.max():.4f} ({values.idxmax()})"
    alone = f"beta is {values.iloc[0]:.4f} with the weights {values.index[0]!r}; the case has no others to compare"
    made = regression(
        fits, digits=3, caption=say("Growth of {variable} with each of the weights", variable=case.variable)
    )
    terms = ["log_initial", *(["rho"] if case.model.spatial == "lag" else [])]
    named = say("Beta and rho") if len(terms) > 1 else say("Beta")
    caption = say("{terms} with each of the weights, with 95 % intervals.", terms=named)
    figure = {"robustness": (caption, lambda: plot.coefficients(fits, terms=terms, **study.case.whose))}
    return Found(fits, (ends if len(fits) > 1 else alone, *lost), {"robustness": made}, figure)


def probabilities(study: Study) -> Found:
    """How probable each of the weights and models is, and beta and speed on average over them."""
    b = headline(study)
    lost: tuple[str, ...] = ()
    try:
        found = model_probabilities(b, dict(study.weights), seed=study.case.seed)
    except SpatialConvError as error:
        # Filters of errors ask more of weights than lags do.
        found = model_probabilities(b, dict(study.weights), models=LAGS, seed=study.case.seed)
        lost = (f"without SEM and SDEM: {one_line(error)}",)
    made = table(found.table, caption=titled(found), notes=found.notes)
    return Found(found, (*said(found), *lost), {"probabilities": made})
