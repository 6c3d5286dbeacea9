"""The chain of tests from least squares to a spatial model, walked step by step and written down."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from spatialconv._options import Correction, FixedEffects, Random, choice, names, probability
from spatialconv.errors import OptionError
from spatialconv.models.estimation.fit import fit_complete, fit_panel
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.hypotheses.hausman import hausman, mundlak_test
from spatialconv.models.hypotheses.outcomes import EFFECTS
from spatialconv.models.hypotheses.ratio import effects_tests
from spatialconv.models.hypotheses.score import lm_tests
from spatialconv.models.hypotheses.wald import reduction_tests, wald_test
from spatialconv.models.specification.given import given
from spatialconv.models.specification.spec import ModelSpec
from spatialconv.models.specification.variants import with_intercept, without
from spatialconv.panel import Panel
from spatialconv.results import HypothesisTest, Provenance, Result, merge_notes, number, p_value

COLUMNS = ["question", "test", "statistic", "df", "p_value", "answer"]


@dataclass(frozen=True, eq=False, repr=False)
class Selection(Result):
    """The model that a chain of tests ends with, and the chain.

    Attributes
    ----------
    table : DataFrame
        One row a step: `question`, `test`, `statistic`, `df`, `p_value`, `answer`.
    spec : ModelSpec
        The model chosen; `spatialconv.fit_panel` takes its parts.
    fit : PanelFit
        The model chosen, fitted.
    reason : why the chain ends there
    level : significance level of every step
    notes, provenance : see `spatialconv.results`
    """

    table: pd.DataFrame
    spec: ModelSpec
    fit: PanelFit
    reason: str
    level: float
    notes: tuple[str, ...]
    provenance: Provenance

    @property
    def model(self) -> str:
        """The field's name of the model chosen: "SDM", say, as `fit_panel(model=…)` takes it."""
        return self.spec.model

    def tidy(self) -> pd.DataFrame:
        """Return one row a step: question, test, statistic, df, p_value, answer."""
        return self.table.reset_index()

    def glance(self) -> pd.DataFrame:
        """Return one row: the model chosen, why, and the level of the tests."""
        row = {
            "model": self.spec.name,
            "effects": self.spec.effects,
            "correction": self.fit.correction,
            "steps": len(self.table),
            "level": self.level,
            "reason": self.reason,
        }
        return pd.DataFrame([row])

    def _headline(self) -> list[str]:
        effects = "random effects" if self.spec.effects == "random" else EFFECTS[self.spec.fixed_effects]
        last = self.table.iloc[-1]
        return [
            f"Model selection for {self.spec.y}: {self.spec.name} with {effects}, after {len(self.table)} tests at "
            f"level {self.level:g}",
            f"  {self.reason}",
            f"  last step: {last['test']} = {number(last['statistic'])}, {p_value(last['p_value'])}: {last['answer']}",
        ]

    def _display(self) -> pd.DataFrame:
        return self.table


@dataclass
class _Chain:
    """The steps so far."""

    level: float
    rows: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, question: str, test: HypothesisTest, yes: str, no: str) -> bool:
        """Write a step down and return whether its null is rejected."""
        rejected = bool(test.p_value <= self.level)
        answer = f"no verdict: {test.reason}" if np.isnan(test.p_value) else (yes if rejected else no)
        df = test.df if test.df is not None else np.nan
        values = (question, test.name, test.statistic, df, test.p_value, answer)
        self.rows.append(dict(zip(COLUMNS, values, strict=True)))
        return rejected

    @property
    def table(self) -> pd.DataFrame:
        index = pd.RangeIndex(1, len(self.rows) + 1, name="step")
        return pd.DataFrame(self.rows, columns=COLUMNS, index=index)


def select_model(
    panel: Panel | Any,
    y: str | None = None,
    x: str | Iterable[str] | None = None,
    w: Any = None,
    *,
    effects: Literal["auto", "none", "region", "time", "two-way"] = "auto",
    level: float = 0.05,
    correction: Correction = "auto",
    random: Random = "kkp",
) -> Selection:
    """Walk from least squares to a spatial model, test by test, and say why it ends where it ends.

    Use it for the sequence of tests that reports of spatial panels are asked for (Elhorst 2010, 2014). The level
    of the whole chain is not that of each step.

    Parameters
    ----------
    panel : Panel, or a fitted model
        N regions x T periods without gaps. Of a fitted model (`beta`, `fit_panel`) the sample, regressors and weights
        are taken; leave y and x out then. Its own terms and effects are not looked at: they are what is chosen.
    y : str
        Outcome.
    x : str or names
        Regressors.
    w : Graph
        Spatial weights.
    effects : {"auto", "none", "region", "time", "two-way"}
        Fixed effects; "auto" tests for region and for time effects in the Durbin model first.
    level : float
        Significance level of every step.
    correction : {"auto", "lee-yu", "none", "splm"}
        Approach to the effects, as in `fit_panel`.
    random : {"kkp", "bsk"}
        Kind of random effects that fixed ones are compared with.

    Returns
    -------
    Selection
        `.table` with one row a step, `.spec` and `.fit` of the model chosen, `.model` (its name, as `fit_panel`, `beta`
        and `multiverse` take it), `.reason`.

    Raises
    ------
    OptionError
        If an option is unknown or the level no probability.
    AbsorbedVariableError, SingularDesignError, UnsupportedModelError
        As in `fit_panel`.

    Notes
    -----
    1. Region and time effects: F tests in the Durbin model. 2. LM tests of a spatial lag and error, plain and robust.
    3. If neither plain test rejects: lagged regressors (SLX) by a Wald test; if they matter, the Durbin model and
    rho = 0 in it. 4. Otherwise the Durbin model and its likelihood ratios against SAR and SEM. SAR stands if it is not
    rejected and the robust LM tests point to the lag, SEM if it is not rejected and they point to the error. If both
    are rejected, SLX stands if rho = 0 is not. Else it is the Durbin model, which nests them all. 5. With region
    effects: Hausman, or Mundlak's form where that is indefinite or there are time effects.

    References
    ----------
    Elhorst (2010), Spatial Economic Analysis 5, 9-28. Elhorst (2014), International Regional Science Review 37.

    Examples
    --------
    >>> import spatialconv as sc
    >>> from spatialconv.models.hypotheses.diagnostics import select_model
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.inverse_distance(zj.cities)
    >>> chosen = select_model(zj.panel, "exports", "digital", w, effects="time")
    >>> chosen.spec.effects
    'time'
    """
    choice("effects", effects, ("auto", *get_args(FixedEffects)))
    of = given(panel, y, x, door="select_model")
    if of is not None:
        panel, y, x, w = of.panel, of.spec.y, of.spec.x, of.w if w is None else w
    if y is None or x is None:
        raise OptionError("select_model of a panel needs its outcome y and its regressors x; name them.")
    if w is None:
        raise OptionError("select_model asks for spatial dependence and needs spatial weights; pass them as w.")
    chain, columns = _Chain(probability("level", level)), names("x", x)
    kept: FixedEffects = _effects(chain, panel, y, columns, w) if effects == "auto" else effects
    sdm = fit_panel(panel, y, columns, w, durbin=True, effects=kept, correction=correction)
    fit, reason = _spatial_form(chain, sdm)
    if kept in ("region", "two-way"):
        fit, more = _random(chain, fit, random)
        reason = f"{reason}; {more}"
    spec = fit.spec
    options = {"y": y, "x": columns, "effects": effects, "level": level, "correction": correction, "random": random}
    where = Provenance("select_model", options, fit.n_regions, fit.n_periods, sdm.provenance.weights)
    return Selection(chain.table, spec, fit, reason, level, merge_notes(fit.notes), where)


def _effects(chain: _Chain, panel: Panel, y: str, x: tuple[str, ...], w: Any) -> FixedEffects:
    if panel.n_periods < 2:
        return "none"
    tests = effects_tests(panel, y, x, w, spatial="lag", durbin=True)
    region = chain.ask("Do regions differ in level?", tests["region effects"], "region effects", "no region effects")
    time = chain.ask("Do periods differ in level?", tests["time effects"], "time effects", "no time effects")
    found: dict[tuple[bool, bool], FixedEffects] = {
        (True, True): "two-way",
        (True, False): "region",
        (False, True): "time",
        (False, False): "none",
    }
    return found[region, time]


def _spatial_form(chain: _Chain, sdm: PanelFit) -> tuple[PanelFit, str]:
    """Return the model of the spatial form that the tests leave, fitted, and why."""
    own = tuple(name for name in sdm.design.names if not name.startswith("W:"))
    lags = tuple(name for name in sdm.design.names if name.startswith("W:"))
    plain = without(sdm.design, lags)
    ols = fit_complete(plain, replace(sdm.spec, spatial="none", durbin=()))
    lm = lm_tests(ols)
    lag = chain.ask("Is a spatial lag missing?", lm["LM lag"], "yes", "no")
    error = chain.ask("Is a spatial error missing?", lm["LM error"], "yes", "no")
    if not lag and not error:
        return _without_dependence(chain, sdm, ols, lags)
    robust_lag = chain.ask("A lag, whatever the error?", lm["robust LM lag"], "points to the lag", "does not")
    robust_error = chain.ask("An error, whatever the lag?", lm["robust LM error"], "points to the error", "does not")
    if not robust_lag and not robust_error:
        # Neither adjusted test decides; the larger of the plain ones does.
        robust_lag = lm["LM lag"].statistic >= lm["LM error"].statistic
        robust_error = not robust_lag
    tests = reduction_tests(sdm)
    no_sar = chain.ask("Does the Durbin model reduce to SAR?", tests["LR: SAR in SDM"], "no", "yes")
    sem = tests["LR: SEM in SDM"]
    no_sem = chain.ask("Does the Durbin model reduce to SEM?", sem, "no", "yes") or np.isnan(sem.p_value)
    if not no_sar and robust_lag and (no_sem or not robust_error or _prefers_sar(tests)):
        fit = fit_complete(plain, replace(sdm.spec, durbin=()))
        return fit, f"SAR: W x adds nothing to {', '.join(own)} and the robust LM tests point to the lag"
    if not no_sem and robust_error:
        fit = fit_complete(replace(plain, M=sdm.design.W), replace(sdm.spec, spatial="error", durbin=()))
        return fit, "SEM: the common factor is not rejected and the robust LM tests point to the error"
    if no_sar and no_sem:
        if chain.ask("Does it reduce to SLX?", tests["LR: SLX in SDM"], "no", "yes"):
            return sdm, "SDM: neither SAR nor SEM nor SLX is a special case that the data accept"
        slx = fit_complete(sdm.design, replace(sdm.spec, spatial="none"))
        return slx, "SLX: lagged regressors matter, a spatial lag beside them does not"
    return sdm, "SDM: the likelihood ratio and the robust LM tests point to different models, and it nests both"


def _prefers_sar(tests: Any) -> bool:
    """Of two accepted special cases with equally many parameters the likelier is kept."""
    return bool(tests["LR: SAR in SDM"].statistic <= tests["LR: SEM in SDM"].statistic)


def _without_dependence(chain: _Chain, sdm: PanelFit, ols: PanelFit, lags: tuple[str, ...]) -> tuple[PanelFit, str]:
    slx = fit_complete(sdm.design, replace(sdm.spec, spatial="none"))
    if not chain.ask("Do neighbours' regressors matter (SLX)?", wald_test(slx, lags), "yes", "no"):
        return ols, "least squares: no spatial lag, no spatial error, no lagged regressors"
    if chain.ask("With them, is there a spatial lag?", reduction_tests(sdm)["LR: SLX in SDM"], "yes", "no"):
        return sdm, "SDM: lagged regressors matter, and with them a spatial lag does too"
    return slx, "SLX: lagged regressors matter, a spatial lag beside them does not"


def _random(chain: _Chain, fit: PanelFit, random: Random) -> tuple[PanelFit, str]:
    """Ask whether the region effects may be taken as random."""
    question = "Are region effects correlated with the regressors?"
    if fit.spec.effects == "two-way":
        if chain.ask(question, mundlak_test(fit, random=random), "yes: fixed", "no"):
            return fit, "region effects are fixed: they are correlated with the regressors"
        return fit, "region effects could be random, but the model with time effects keeps them fixed"
    spec = replace(fit.spec, effects="random", correction="auto", random=random)
    loose = fit_complete(with_intercept(fit.design), spec)
    test = hausman(fit, loose)
    if np.isnan(test.p_value):
        chain.ask(question, test, "yes: fixed", "no: random")
        test = mundlak_test(fit, random=random)
    if chain.ask(question, test, "yes: fixed", "no: random"):
        return fit, "region effects are fixed: they are correlated with the regressors"
    return loose, "region effects are random: uncorrelated with the regressors as far as the test can tell"
