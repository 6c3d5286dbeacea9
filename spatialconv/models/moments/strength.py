"""What the instruments of a model by moments are worth: first stages, validity, and sets that hold if they are weak."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv._core.regression import weak
from spatialconv._core.regression.two_stage import Meat
from spatialconv._core.regression.weak import Reduced, Stretches
from spatialconv._options import probability
from spatialconv.errors import ModelError
from spatialconv.models.estimation.estimate import sample
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.moments.errors import ErrorProcess, Errors
from spatialconv.models.moments.finish import LEVEL, WEAK, MomentEstimates, in_words, overidentification
from spatialconv.models.moments.gmm import meat_of
from spatialconv.models.moments.instruments import lagged_regressors
from spatialconv.models.moments.steps import Filter, Steps
from spatialconv.panel import FloatArray
from spatialconv.results import TIDY, Provenance, Result, extent, merge_notes, number, p_value

# Values at which the curve of a set is drawn.
POINTS = 121


@dataclass(frozen=True, eq=False, repr=False)
class InstrumentTests(Result):
    """Strength and validity of the instruments of a model by moments.

    Attributes
    ----------
    first_stage : DataFrame
        One row an endogenous regressor (rho for the lag of the outcome): `F`, `df`, `df_rest`, `partial_rsquared`;
        `conditional_F` and `conditional_df` of Sanderson and Windmeijer, F itself where there is one such regressor.
    overidentified : Series
        Sargan's or Hansen's `J`, `df`, `p_value`; NaN where there are as many instruments as endogenous regressors.
    sets : dict
        Endogenous regressor -> Anderson-Rubin set, stretches of (low, high) with infinite ends: one interval, two
        half-lines, the whole line, or none. None where there is no such set, which a note says.
    zero : Series
        Anderson and Rubin's `F`, `df`, `df_rest`, `p_value` that all coefficients of endogenous regressors are zero.
    curves : dict
        Endogenous regressor -> DataFrame of `value` and `p_value`, of which the sets are the values above 1 - level.
    estimates, std_errors : Series
        Of the endogenous regressors, as the fit has them.
    endogenous, instruments : tuple of str
    level : float
        Of the sets.
    title : str
    notes, provenance : see `spatialconv.results`
    """

    first_stage: pd.DataFrame
    overidentified: pd.Series
    sets: dict[str, Stretches | None]
    zero: pd.Series
    curves: dict[str, pd.DataFrame]
    estimates: pd.Series
    std_errors: pd.Series
    endogenous: tuple[str, ...]
    instruments: tuple[str, ...]
    level: float
    title: str
    notes: tuple[str, ...]
    provenance: Provenance

    @property
    def weak(self) -> tuple[str, ...]:
        """Endogenous regressors whose F, given the others, is below 10."""
        low = self.first_stage["conditional_F"] < WEAK
        return tuple(self.first_stage.index[low])

    def words(self, name: str) -> str:
        """Return the set of a coefficient as it is read."""
        found = self.sets[name]
        return "no set" if found is None else in_words(name, found, self.level)

    def tidy(self) -> pd.DataFrame:
        """Return one row a test; sets by their outer ends, `pieces` the number of their stretches (0: empty)."""
        rows = []
        for name, row in self.first_stage.iterrows():
            p = float(stats.f.sf(row["conditional_F"], row["conditional_df"], row["df_rest"]))
            rows.append({"term": f"first stage of {name}", "statistic": row["conditional_F"], "p_value": p})
        J = self.overidentified
        rows.append({"term": "overidentification", "statistic": J["J"], "p_value": J["p_value"]})
        rows.append({"term": "all zero", "statistic": self.zero["F"], "p_value": self.zero["p_value"]})
        for name, found in self.sets.items():
            ends = (np.nan, np.nan) if not found else (found[0][0], found[-1][1])
            row = {"term": name, "estimate": self.estimates[name], "std_error": self.std_errors[name]}
            pieces = np.nan if found is None else len(found)
            rows.append({**row, "conf_low": ends[0], "conf_high": ends[1], "pieces": pieces})
        return pd.DataFrame(rows).reindex(columns=[*TIDY, "pieces"])

    def glance(self) -> pd.DataFrame:
        """Return one row: numbers of endogenous regressors and instruments, the weakest first stage, J."""
        row = {
            "n_endogenous": len(self.endogenous),
            "n_instruments": len(self.instruments),
            "weakest": str(self.first_stage["conditional_F"].idxmin()),
            "first_stage_F": float(self.first_stage["conditional_F"].min()),
            "J": float(self.overidentified["J"]),
            "J_df": int(self.overidentified["df"]),
            "J_p_value": float(self.overidentified["p_value"]),
            "level": self.level,
        }
        return pd.DataFrame([row])

    def _headline(self) -> list[str]:
        lines = [f"Instruments of {self.title}", f"  excluded: {', '.join(self.instruments)}"]
        several = len(self.endogenous) > 1
        for name, row in self.first_stage.iterrows():
            kind = "conditional F" if several else "F"
            weakness = f": weak, below {WEAK:g}" if row["conditional_F"] < WEAK else ""
            df = f"({int(row['conditional_df'])}, {int(row['df_rest'])})"
            lines.append(f"  first stage of {name}: {kind}{df} {number(row['conditional_F'], 2)}{weakness}")
        J = self.overidentified
        found = weak.Overidentified(float(J["J"]), int(J["df"]), bool(J["robust"]))
        lines.append(f"  {overidentification(found)}")
        for name in self.endogenous:
            own = f"{number(self.estimates[name])} (standard error {number(self.std_errors[name])})"
            lines.append(f"  {name} {own}; {100 * self.level:g} % set: {self.words(name)}")
        lines.append(
            f"  all zero: Anderson-Rubin F({int(self.zero['df'])}, {int(self.zero['df_rest'])}) "
            f"{number(self.zero['F'], 2)}, {p_value(float(self.zero['p_value']))}"
        )
        return lines


def instrument_tests(fit: PanelFit, *, level: float = LEVEL) -> InstrumentTests:
    r"""Test the instruments of a model estimated by moments, and find the coefficients that hold if they are weak.

    Two-stage least squares leans on instruments that move the endogenous regressor (strength) and touch the outcome
    through it alone (validity). Weak ones bias it towards least squares and make its intervals too short. The set of
    Anderson and Rubin covers as it promises however weak they are.

    Parameters
    ----------
    fit : PanelFit
        By estimator="gmm", with a lag of the outcome, or endogenous regressors (`endog`).
    level : float
        Of the sets.

    Returns
    -------
    InstrumentTests
        `.first_stage`, `.overidentified`, `.sets`, `.zero`, `.curves`

    Raises
    ------
    ModelError
        If the model was not estimated by moments, or has no endogenous regressor.

    Notes
    -----
    With y, endogenous Y and instruments Z of which exogenous regressors and effects have been taken out,

    .. math:: AR(d) = \frac{u' P_Z u / q}{u' M_Z u / m}, \qquad u = y - Y d,

    is F of q (excluded instruments) and m (observations left) degrees of freedom at the true d. Its set has the d that
    are not rejected: an interval, two half-lines or the whole line (weak instruments), or nothing (invalid ones, or
    another fault of the model). For one of p coefficients the others take the values that reject least, and q - p + 1
    degrees of freedom are left; that holds under equal variances, so that with vcov="robust", "cluster" or
    "driscoll-kraay" and p > 1 there are no sets. With an error process or random effects lambda and the variances are
    estimated anew at each d from the residuals of y - Y d, which are consistent at the true one; sets are then looked
    for on a grid, and exist for one endogenous regressor.

    F, J and AR take the covariance that the fit has: Wald statistics over q where it does not suppose equal variances.
    The rule of ten (Staiger and Stock 1997) is for the bias of two-stage least squares.

    References
    ----------
    Anderson, T. W. and Rubin, H. (1949), Annals of Mathematical Statistics 20, 46-63. Guggenberger, P., Kleibergen, F.,
    Mavroeidis, S. and Chen, L. (2012), Econometrica 80, 2649-2666. Sanderson, E. and Windmeijer, F. (2016), Journal of
    Econometrics 190, 212-221. Staiger, D. and Stock, J. H. (1997), Econometrica 65, 557-586.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> w = sc.weights.adjacency(us.states)
    >>> growth = sc.growth_panel(us.panel, "income", horizon=20)
    >>> fit = sc.fit_panel(growth, "growth", "log_initial", w, effects="time", estimator="gmm")
    >>> ((low, high),) = fit.instrument_tests().sets["rho"]
    >>> round(low, 3), round(high, 3)
    (0.083, 0.572)
    """
    share = probability("level", level)
    e = fit.estimates
    if fit.spec.estimator != "gmm" or not isinstance(e, MomentEstimates):
        raise ModelError("instrument_tests() is of models by moments; fit with estimator='gmm'.")
    if not e.endogenous:
        raise ModelError(
            "the model has no endogenous regressor: neither a lag of the outcome nor endog=…; there is nothing to test."
        )
    spec, design = fit.spec, fit.design
    steps = Steps(design, sample(design, spec, fit.correction), lagged_regressors(design, spec, 2), spec.endogenous)
    meat = meat_of(steps, spec, None)
    plain = steps.regress(Filter(), meat)
    reduced = plain.reduced
    assert reduced is not None
    names = e.endogenous
    grids = {name: _grid(float(fit.params[name]), float(fit.std_errors[name])) for name in names}
    if steps.data.M is not None or steps.data.random:
        found = _Filtered(steps, meat, spec.vcov != "information")
        sets, curves, zero = found.sets(names, share, grids)
    else:
        sets = dict(zip(names, weak.sets(reduced, share, meat), strict=True))
        curves = {name: _curve(reduced, j, grids[name], meat) for j, name in enumerate(names) if sets[name] is not None}
        zero = weak.anderson_rubin(reduced, np.zeros(reduced.p), meat), reduced.q, reduced.rest
    J = e.overidentified
    assert J is not None
    options = {"level": share, "vcov": spec.vcov, "spatial": spec.spatial, "effects": spec.effects}
    notes = [f"errors as the fit takes them: vcov={spec.vcov!r}"]
    if any(found is None for found in sets.values()):
        notes.append(_why_none(steps, meat))
    return InstrumentTests(
        first_stage=_table(names, e.strengths),
        overidentified=pd.Series({"J": J.statistic, "df": J.df, "p_value": J.p, "robust": J.robust}),
        sets=sets,
        zero=pd.Series(
            {"F": zero[0], "df": zero[1], "df_rest": zero[2], "p_value": float(stats.f.sf(*zero))}, dtype=float
        ),
        curves=curves,
        estimates=fit.params[list(names)],
        std_errors=fit.std_errors[list(names)],
        endogenous=names,
        instruments=e.instruments,
        level=share,
        title=f"{spec.name} of {spec.y}: {extent(fit.n_regions, fit.n_periods)}",
        notes=merge_notes(design.notes, notes),
        provenance=replace(fit.provenance, call="instrument_tests", options=options),
    )


def _table(names: tuple[str, ...], strengths: tuple[weak.Strength, ...]) -> pd.DataFrame:
    rows = [
        {
            "F": s.f,
            "df": s.df[0],
            "df_rest": s.df[1],
            "partial_rsquared": s.partial_rsquared,
            "conditional_F": s.conditional,
            "conditional_df": s.conditional_df[0],
        }
        for s in strengths
    ]
    return pd.DataFrame(rows, index=pd.Index(names, name="endogenous"))


def _why_none(steps: Steps, meat: Meat | None) -> str:
    if len(steps.labels) > 1 and (steps.data.M is not None or steps.data.random):
        return "no sets: with an error process or random effects they exist for one endogenous regressor only"
    if meat is not None and len(steps.labels) > 1:
        return "no sets: for one of several endogenous regressors they suppose equal variances (vcov='information')"
    return (
        "no sets: the variance of the moments is singular, with fewer independent regions or periods than instruments"
    )


def _grid(estimate: float, std_error: float) -> FloatArray:
    reach = std_error if np.isfinite(std_error) and std_error > 0 else 0.25 * max(abs(estimate), 1.0)
    return np.asarray(estimate + reach * np.linspace(-8, 8, POINTS))


def _curve(reduced: Reduced, j: int, grid: FloatArray, meat: Meat | None) -> pd.DataFrame:
    if meat is not None:
        values = np.array([weak.anderson_rubin(reduced, np.array([d]), meat) for d in grid])
        df = reduced.q
    else:
        values, df = weak.profiled(reduced, j, grid), reduced.q - reduced.p + 1
    return pd.DataFrame({"value": grid, "p_value": stats.f.sf(values, df, reduced.rest)})


@dataclass(frozen=True)
class _Filtered:
    """Anderson and Rubin's statistic where errors have a process: lambda and the variances anew at each value."""

    steps: Steps
    meat: Meat | None
    unequal: bool

    def sets(
        self, names: tuple[str, ...], level: float, grids: dict[str, FloatArray]
    ) -> tuple[dict[str, Stretches | None], dict[str, pd.DataFrame], tuple[float, int, int]]:
        """Return sets, curves and the test that all are zero."""
        zero = self.statistic(np.r_[1.0, np.zeros(len(names))])
        if len(names) > 1:
            return dict.fromkeys(names), {}, zero
        _, q, rest = zero
        (name,) = names
        grid = grids[name]
        limit = self.statistic(np.array([0.0, 1.0]))[0]
        found = weak.searched(
            lambda d: self.statistic(np.array([1.0, -d]))[0],
            limit,
            weak.quantile(level, q, rest),
            float(grid[len(grid) // 2]),
            float(np.ptp(grid)) / 8,
        )
        values = [self.statistic(np.array([1.0, -d]))[0] for d in grid]
        curve = pd.DataFrame({"value": grid, "p_value": stats.f.sf(values, q, rest)})
        return {name: found}, {name: curve}, zero

    def statistic(self, v: FloatArray) -> tuple[float, int, int]:
        """Return AR of (y, Y) v, (1, -d) for coefficients d, and its degrees of freedom."""
        steps = self.steps
        outcome = np.concatenate([steps.data.y[..., None], steps.Z[..., steps.instrumented]], axis=2) @ v
        X = steps.Z[..., steps.exogenous]
        flat, values = steps.clean(X, Filter()).reshape(outcome.size, -1), steps.clean(outcome, Filter()).ravel()
        b = np.linalg.lstsq(flat, values, rcond=None)[0]
        f = self._filter(outcome - X @ b)
        Qx, Qe = steps.exogenous_filtered(f)
        clean = steps.clean(outcome, f).ravel()[:, None]
        r = Reduced.of(clean, Qx, Qe, steps.exact.dof, outcome.shape)
        return weak.wald(r.g[:, 0], r.variance(r.E[:, 0], self.meat)) / r.q, r.q, r.rest

    def _filter(self, u: FloatArray) -> Filter:
        errors = Errors(self.steps)
        if self.steps.data.random:
            return errors.components(u, "full").filter
        if not self.unequal:
            return errors.equal(u).filter
        _, found = errors.unequal(u, None)
        return ErrorProcess(found.lam, 1.0, 1.0).filter
