"""Beta convergence: do regions that start lower grow faster, and what do neighbours have to do with it?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import pandas as pd

from spatialconv._core.regression.speed import Quantity, half_life, speed
from spatialconv._doors import door
from spatialconv._options import (
    BetaCorrection,
    BootstrapBias,
    BootstrapScheme,
    ControlsAt,
    Correction,
    Effects,
    IntervalMethod,
    Model,
    Spatial,
    Vcov,
    choice,
    count_of,
    first,
    names,
    passed_on,
    probability,
    seed_of,
    whole,
)
from spatialconv.convergence.few_periods.estimates import INDIRECT, WAYS, checked, corrected_fit, with_warning
from spatialconv.convergence.few_periods.simulated import few_periods
from spatialconv.errors import OptionError
from spatialconv.models.by_period.design import Gaps, gaps_named
from spatialconv.models.estimation.fit import fit_design
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.impacts.impacts import Impacts, three_speeds
from spatialconv.models.small_samples.bootstrap import Bootstrap, run
from spatialconv.models.small_samples.indirect import corrected
from spatialconv.models.specification.design import LAGGED_INTERCEPT, Chain, Design, names_of, refuse_reserved, sources
from spatialconv.models.specification.spec import ModelSpec
from spatialconv.models.specification.vocabulary import terms_of
from spatialconv.panel import Panel
from spatialconv.results import Provenance, Record, Result, extent, merge_notes, number, p_value
from spatialconv.summary import control_arrays, controls_note, growth_arrays, spans

if TYPE_CHECKING:
    from spatialconv.convergence.few_periods.confidence import ConfidenceSet
    from spatialconv.convergence.few_periods.corrections import BiasCorrections
    from spatialconv.convergence.few_periods.grid_interval import GridInterval
    from spatialconv.convergence.few_periods.inference import Inference
    from spatialconv.convergence.few_periods.null import Detectable, NullDistribution
    from spatialconv.convergence.few_periods.short_panel import ShortPanelTest

GROWTH, INITIAL = "growth", "log_initial"
NO_ERRORS_OF_EFFECTS = (
    f"effects of {INITIAL} without standard errors: over few periods none of beta holds under effects of regions"
)
NO_SET = (
    "no z and no interval of beta holds under effects of regions over few periods, and the sets of b.inference are not "
    "derived where regions or weights differ by period"
)
NO_EFFECTS_HELD = "of two coefficients, for which vcov='scpc' derives no interval"
NO_DELTA = "no interval by the delta method holds here; b.inference has the set"
NO_DELTA_ELSEWHERE = "no interval by the delta method holds here; b.grid_interval() has one"
# Where the tests of b.inference are not derived: error processes, a lagged initial level, spans that overlap.
ASK_ELSEWHERE = (
    "p of no convergence: b.bootstrap(null='no-convergence'); interval of beta and its speed: b.grid_interval() (z "
    "does not hold here, and b.inference is not derived for this model)"
)


def beta(
    panel: Panel,
    variable: str,
    w: Any = None,
    *,
    controls: str | Iterable[str] = (),
    controls_at: ControlsAt = "start",
    horizon: int = 1,
    overlapping: bool = False,
    model: Model | None = None,
    spatial: Spatial | None = None,
    durbin: bool | str | Iterable[str] | None = None,
    effects: Effects = "none",
    correction: BetaCorrection = "auto",
    error_w: Any = None,
    vcov: Vcov = "information",
    level: float = 0.95,
    simulations: int = 1999,
    seed: int = 0,
    missing: Gaps = "raise",
    geometry: Any = None,
) -> BetaConvergence:
    """Estimate the growth regression of beta convergence, with its speed and half-life.

    Without controls and effects it asks for absolute convergence; with them for conditional convergence,
    each region towards a level of its own.

    Parameters
    ----------
    panel : Panel
        N regions; the level, not its logarithm and not its growth.
    variable : str
        The level v, positive.
    w : Graph, or mapping from period to Graph, optional
        Spatial weights, for `spatial` and `durbin`; matched by label. Of a panel of some of the regions they
        are cut out and standardised again. Of a mapping a span of growth takes those of the period in which it starts.
    controls : names
        Further variables, as they stand in the panel.
    controls_at : {"start", "end", "mean"}
        Take them from the period in which a span of growth starts, from that in which it ends ("current" controls), or
        as the mean over the periods from the one to the other. A note says which. The start is the convention of
        cross-sections (Barro 1991) and free of feedback: what is measured after growth may be made by it, and then
        the coefficients of all regressors are biased, beta's too. The mean is that of Mankiw, Romer and Weil (1992)
        and Islam (1995) for rates of saving and population growth, and lets growth feed back in part.
    horizon : int
        Length h of the spans of growth, in units of the period's label (years).
    overlapping : bool
        Let spans overlap (a span from every period). By default they follow one another from the first
        period on; overlapping spans are not independent and standard errors do not know it.
    model, spatial, durbin, effects, correction, error_w, vcov
        As in `fit_panel`, but that nothing is spatial and there are no effects unless asked for. Note that region and
        two-way effects bias beta downwards where T is small, since the initial level is a lagged outcome (Nickell
        1981).
        Corrections that take that bias off, by name (`bias_corrections` sets all side by side, `b.inference` tests):
        "adjusted-score" (Yang 2018; Dhaene and Jochmans 2016) and "adjusted-score-robust" (variances that differ by
        region: Li and Yang 2020), for any drifts, meant for region effects; "correlated-random" (Chamberlain 1982;
        Hsiao, Pesaran and Tahmiscioglu 2002), drifts random around a line in the initial level, for two-way effects
        too; "indirect" (Gourieroux, Phillips and Yu 2010). Standard errors are simulated; under region and two-way
        effects beta has no z, p or interval by them.
    level : float
        Confidence level of the intervals of speed and half-life.
    simulations, seed : int
        Panels simulated for a correction by name, and their seed.
    missing : {"raise", "integrate", "omit"}
        What to do about gaps, as in `fit_panel`. A level that is missing takes growth up to it, which "integrate"
        integrates out and "omit" leaves out, and the growth from it, whose region is not in that span in either way.
    geometry : GeoDataFrame, optional
        Places of the regions, for vcov="scpc", under which speed and half-life have the ends of beta's interval, sent
        through their formulas.

    Returns
    -------
    BetaConvergence
        `.beta .rho .sigma2 .loglik .speed .half_life .params .std_errors .cov .tidy() .speeds .fit`

    Raises
    ------
    NotPositiveError
        If a level is zero or negative.
    ModelError, WeightsError, DataError
        As in `fit_panel`.

    Notes
    -----
    ``y = rho W y + beta ln v[t-h] + X theta + effects + e``,  ``y = (ln v[t] - ln v[t-h]) / h``.
    Speed ``-ln(1 + h beta) / h`` and half-life ``ln 2 / speed`` (Barro and Sala-i-Martin 1992, eq. 1 and 6, for
    annualised growth), undefined where ``1 + h beta <= 0``. Standard errors by the delta method.

    References
    ----------
    Barro (1991), Quarterly Journal of Economics 106(2). Barro and Sala-i-Martin (1992), Journal of Political Economy
    100(2). Elhorst (2014), Spatial Econometrics. Islam (1995), Quarterly Journal of Economics 110(4). Mankiw, Romer
    and Weil (1992), Quarterly Journal of Economics 107(2). Yang (2018), Journal of Econometrics 205. Dhaene and
    Jochmans (2016), Econometric Theory 32. Li and Yang (2020), Regional Science and Urban Economics 81. Hsiao, Pesaran
    and Tahmiscioglu (2002), Journal of Econometrics 109.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.inverse_distance(zj.cities)
    >>> b = sc.beta(zj.panel, "exports", w, controls="digital", spatial="lag", effects="time")
    >>> b.fit.nobs
    44
    """
    whole("horizon", horizon, least=1)
    probability("level", level)
    extra = names("controls", controls if controls is not None else ())
    refuse_reserved(extra)
    if INITIAL in extra:
        raise OptionError(f"{INITIAL!r} names the initial level itself; rename the control.")
    if variable in extra:
        raise OptionError(f"{variable!r} is the variable itself; its initial level already enters the regression.")
    columns = (INITIAL, *extra)
    choice("correction", correction, BetaCorrection)
    by_name = correction in WAYS
    checked(correction, effects, vcov)
    terms = terms_of(model, spatial, durbin, default="none")
    ways = names_of(terms.durbin, columns)
    first_step = cast(Correction, "auto" if by_name else correction)
    spec = ModelSpec(GROWTH, columns, terms.spatial, ways, effects, first_step, vcov)
    choice("missing", missing, Gaps)
    with gaps_named():
        design, length = growth_design(panel, variable, extra, horizon, overlapping, controls_at, missing)
    starts = panel.periods[spans(panel, horizon, overlapping=overlapping).start]
    fit = fit_design(design, spec, w, error_w=error_w, missing=missing, ask=starts, geometry=geometry)
    if by_name:
        drawn = count_of("simulations", simulations, least=19)
        fit = _corrected(fit, length, correction, draws=drawn, seed=seed_of(seed))
    options = {
        "variable": variable,
        "horizon": horizon,
        "overlapping": overlapping,
        "controls_at": controls_at,
        **fit.provenance.options,
    }
    provenance = Provenance("beta", options, fit.n_regions, fit.n_periods, fit.provenance.weights)
    asked = Asked(
        panel,
        w,
        error_w,
        {
            "controls": extra,
            "controls_at": controls_at,
            "horizon": horizon,
            "overlapping": overlapping,
            "spatial": terms.spatial,
            "durbin": spec.durbin,
            "effects": effects,
            "correction": correction,
            "vcov": vcov,
            "level": level,
            "simulations": simulations,
            "seed": seed,
            "missing": missing,
        },
        geometry,
    )
    return BetaConvergence(fit, variable, length, level, fit.notes, provenance, asked)


def _corrected(fit: PanelFit, length: float, correction: str, *, draws: int, seed: int) -> PanelFit:
    if correction != INDIRECT:
        return corrected_fit(fit, length, correction, draws=draws, seed=seed)
    found = corrected(fit, draws=draws, seed=seed)
    return with_warning(found)


def growth_design(
    panel: Panel,
    variable: str,
    controls: tuple[str, ...],
    horizon: int,
    overlapping: bool,
    controls_at: ControlsAt,
    missing: Gaps = "raise",
) -> tuple[Design, float]:
    """Return annualised growth, initial log level and controls as a design, and the length of the spans."""
    taken = spans(panel, horizon, overlapping=overlapping)
    gaps: Literal["raise", "keep"] = "raise" if missing == "raise" else "keep"
    y, initial = growth_arrays(panel, variable, taken, gaps)
    ends = panel.periods[taken.end]
    notes = merge_notes(panel.notes, taken.notes, controls_note(controls, controls_at))
    if overlapping and len(y) > 1 and horizon > 1:
        notes = (*notes, "spans overlap: their errors are correlated and standard errors too small")
    X = np.stack([initial, *control_arrays(panel, controls, taken, controls_at, gaps)], axis=2)
    chain = Chain(INITIAL, sources(taken.start, taken.end), taken.length)
    return Design(y, X, (INITIAL, *controls), panel.regions, ends, notes=notes, chain=chain), float(taken.length[0])


def speeds_between(value: float, low: float, high: float, h: float) -> pd.DataFrame:
    """Return speed and half-life of a beta and of the ends of its interval: estimate, conf_low, conf_high.

    Speeds fall with beta: the upper end of its interval is the lower one of theirs. Beyond -1/h there is no speed, and
    the interval is without end.
    """
    columns = ["estimate", "conf_low", "conf_high"]
    rates = [speed(float(at), np.nan, h) for at in (value, high, low)]
    lives = [half_life(rate).estimate for rate in rates]
    speeds = [rate.estimate for rate in rates]
    if np.isnan(speeds[2]) and np.isfinite(speeds[1]):
        speeds[2], lives[2] = np.inf, 0.0
    last = np.inf if speeds[1] <= 0 else lives[1]
    return pd.DataFrame([speeds, [lives[0], lives[2], last]], index=["speed", "half_life"], columns=columns)


@dataclass(frozen=True, eq=False, repr=False)
class Asked(Record):
    """What `beta` was called with, so that it can be called again with something changed."""

    panel: Panel
    w: Any
    error_w: Any
    options: Mapping[str, Any]
    geometry: Any = None


@dataclass(frozen=True, eq=False, repr=False)
class BetaConvergence(Result):
    """A growth regression: the fit it stands on, and speed and half-life with intervals.

    `length` is the span h over which growth was annualised; `asked` keeps the data and options of the call.
    """

    fit: PanelFit
    variable: str
    length: float
    level: float
    notes: tuple[str, ...]
    provenance: Provenance
    asked: Asked

    def again(self, **changes: Any) -> BetaConvergence:
        """Return the same regression with something changed: `b.again(effects="region")`, `b.again(w=other)`.

        Takes `panel`, `w`, `error_w`, `geometry` and the options of `spatialconv.beta`; what is not named stays as it
        was.
        `model="SDM"` stands for spatial terms and lagged regressors at once.
        """
        if changes.get("model") is not None:
            terms = terms_of(changes["model"], changes.get("spatial"), changes.get("durbin"))
            changes |= {"spatial": terms.spatial, "durbin": terms.durbin}
        changes.pop("model", None)
        data = {"panel": self.asked.panel, "w": self.asked.w, "error_w": self.asked.error_w}
        panel, w, error_w = (changes.pop(name, value) for name, value in data.items())
        # Another covariance needs no places any more.
        kept = self.asked.geometry if changes.get("vcov", self.asked.options["vcov"]) == "scpc" else None
        geometry = changes.pop("geometry", kept)
        unknown = [name for name in changes if name not in self.asked.options]
        if unknown:
            raise OptionError(f"again() changes {first([*data, *self.asked.options], 12)}; got {first(unknown)}.")
        return beta(panel, self.variable, w, error_w=error_w, geometry=geometry, **{**self.asked.options, **changes})

    @property
    def beta(self) -> float:
        """Coefficient of the initial log level; negative where regions converge."""
        return float(self.fit.params[INITIAL])

    @property
    def rho(self) -> float:
        """Coefficient of the neighbours' growth W y; NaN where the model has none."""
        return self.fit.rho

    @property
    def sigma2(self) -> float:
        """Variance of the innovations."""
        return self.fit.sigma2

    @property
    def loglik(self) -> float:
        """Full Gaussian log-likelihood."""
        return self.fit.loglik

    @property
    def params(self) -> pd.Series:
        """Estimates by name; beta is called `log_initial`."""
        return self.fit.params

    @property
    def std_errors(self) -> pd.Series:
        """Standard errors by name."""
        return self.fit.std_errors

    @property
    def tstats(self) -> pd.Series:
        """Ratios of estimate to standard error (z) by name, whether they hold for beta or not (`z_withheld`).

        NaN for beta once corrected under region effects: its standard error is simulated.
        """
        return self._without_z(self.fit.tstats)

    @property
    def pvalues(self) -> pd.Series:
        """Two-sided p-values by name; NaN where there is no z."""
        return self._without_z(self.fit.pvalues)

    @cached_property
    def z_withheld(self) -> bool:
        """Whether tables and reprs give beta no standard error, z, p nor interval by the delta method: none holds.

        So under region and two-way effects, but for the standard errors of `vcov="scpc"`: z rejects a true null too
        often over few periods, and near beta = 0 the information is singular under two-way effects. `b.inference` has p
        and sets there; where it is not derived, `bootstrap(null="no-convergence")` and `grid_interval` have.
        """
        return self._refined or self._cells or (self._within and self.fit.estimates.held is None)

    @property
    def _within(self) -> bool:
        """Whether regions have effects of their own."""
        return self.fit.spec.effects in ("region", "two-way")

    @property
    def _no_delta(self) -> str:
        """Why speeds have no interval, and who has one."""
        if self._cells:
            return NO_SET
        return NO_DELTA_ELSEWHERE if self._exact is None else NO_DELTA

    @property
    def _cells(self) -> bool:
        """Whether no z holds and no set is derived: effects of regions where regions or weights differ by period."""
        return self.fit.design.cells and self._within

    @property
    def _refined(self) -> bool:
        return bool(self.fit.estimates.refined) and self._within

    def _without_z(self, values: Any) -> Any:
        """Return figures by parameter, without those of beta if it is corrected and its standard error simulated."""
        if not self._refined:
            return values
        values = values.copy()
        values.loc[INITIAL] = np.nan
        return values

    @property
    def cov(self) -> pd.DataFrame:
        """Covariance of `params`."""
        return self.fit.cov

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Return normal confidence intervals of `params`; NaN where there is no z."""
        found: pd.DataFrame = self._without_z(self.fit.conf_int(level))
        return found

    @property
    def speed(self) -> float:
        """Speed of convergence -ln(1 + h beta) / h, share of the gap closed per unit of time; NaN if undefined."""
        return self._speed.estimate

    @property
    def half_life(self) -> float:
        """Time in which half of the gap closes, ln 2 / speed; NaN if undefined."""
        return self._half_life.estimate

    @cached_property
    def _speed(self) -> Quantity:
        return speed(self.beta, float(self.std_errors[INITIAL]), self.length)

    @cached_property
    def _half_life(self) -> Quantity:
        return half_life(self._speed)

    @property
    def speeds(self) -> pd.DataFrame:
        """Speeds and half-lives: estimate, std_error, conf_low, conf_high, formula, horizon, reason.

        Intervals are by the delta method, but under region and two-way effects where that does not hold: there speed
        and half-life have the set of beta sent through their formulas once `b.inference` has been asked for, and NaN
        before, as in the repr.

        `speed` and `half_life` are of beta itself. Where growth spills over there are three of each: `_direct`
        of what a region's own initial level does, `_total` of what happens if all regions start higher; and
        `spillover_share`, the indirect part of the total effect. `reason` says why a quantity is undefined, or
        why a half-life has no finite upper bound: where the speed's interval reaches zero, the normal interval
        of its inverse cannot be trusted.
        """
        table = self._speeds.copy()
        if self.fit.estimates.held is not None:
            return self._speeds_held(table)
        if not self.z_withheld:
            return table
        # The share that spills over is a function of rho, or of the coefficients of both, not of beta alone.
        of_beta = [term for term in table.index if term != "spillover_share"]
        table.loc[of_beta, ["std_error", "conf_low", "conf_high"]] = np.nan
        unsaid = [t for t in of_beta if np.isfinite(table.loc[t, "estimate"])]
        table.loc[unsaid, "reason"] = self._no_delta
        if "inference" in self.__dict__:
            for term, ends in (("speed", self.inference.speed), ("half_life", self.inference.half_life)):
                table.loc[term, ["conf_low", "conf_high"]] = ends
                table.loc[term, "reason"] = table.loc[term, "reason"] if term not in unsaid else ""
        return table

    @cached_property
    def _speeds(self) -> pd.DataFrame:
        # Under SCPC the estimates alone are of use here.
        fit = self.fit if self.fit.estimates.held is None else self.fit.with_vcov("information")
        table = three_speeds(fit, INITIAL, self.length, level=self.level)
        return table if self._spills else table.loc[["speed", "half_life"]]

    def _speeds_held(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return speeds with the ends of beta's interval by SCPC; those of effects, of two coefficients, have none."""
        interval = self.conf_int(self.level).loc[INITIAL]
        ends = speeds_between(self.beta, interval["conf_low"], interval["conf_high"], self.length)
        table[["std_error", "conf_low", "conf_high"]] = np.nan
        table.loc[[t for t in table.index if t not in ends.index], "reason"] = NO_EFFECTS_HELD
        table.loc[ends.index, ["conf_low", "conf_high"]] = ends[["conf_low", "conf_high"]]
        table.loc["speed", "std_error"] = speed(self.beta, float(self.std_errors[INITIAL]), self.length).std_error
        table.loc["half_life", "reason"] = "" if np.isfinite(self.half_life) else table.loc["half_life", "reason"]
        return table

    @cached_property
    def _exact(self) -> list[str] | None:
        """What the exact tests say where their theory reaches: z and the delta method do not hold there; else None."""
        return self.exact_lines() if self._within else None

    @property
    def _spills(self) -> bool:
        return self.fit.spec.has_lag or f"W:{INITIAL}" in self.params.index

    def bootstrap(
        self,
        *,
        draws: int = 9999,
        scheme: BootstrapScheme = "residual",
        null: str | None = None,
        recursive: bool = True,
        bias: BootstrapBias = "none",
        interval: IntervalMethod = "bootstrap-t",
        level: float | None = None,
        jobs: int = 1,
        seed: int | np.random.Generator | None = None,
        progress: bool = False,
    ) -> Bootstrap:
        """Return intervals and p-values from panels in which growth makes the next level, of speed and half-life too.

        See `models.small_samples.bootstrap` for the options; `level` is that of the regression unless given.
        """
        found = run(
            self.fit,
            self.length,
            draws=draws,
            scheme=scheme,
            null=null,
            recursive=recursive,
            bias=bias,
            interval=interval,
            level=self.level if level is None else level,
            jobs=jobs,
            seed=seed,
            progress=progress,
        )
        return replace(found, notes=merge_notes(found.notes, few_periods(self.fit))) if null else found

    def null_distribution(self, **options: Any) -> NullDistribution:
        """Return what beta this panel and estimator would give under no convergence; see `null.null_distribution`."""
        null_distribution = door("BetaConvergence.null_distribution")
        found: NullDistribution = null_distribution(
            self, **passed_on("null_distribution()", options, null_distribution)
        )
        return found

    def grid_interval(self, **options: Any) -> GridInterval:
        """Return the interval of beta and the speed that holds in few periods; see `grid_interval.grid_interval`."""
        grid_interval = door("BetaConvergence.grid_interval")
        found: GridInterval = grid_interval(self, **passed_on("grid_interval()", options, grid_interval))
        return found

    def short_panel_test(self, **options: Any) -> ShortPanelTest:
        """Return tests of a beta, of none by default, that hold in few periods; see `short_panel.short_panel_test`."""
        short_panel_test = door("BetaConvergence.short_panel_test")
        found: ShortPanelTest = short_panel_test(self, **passed_on("short_panel_test()", options, short_panel_test))
        return found

    def confidence_set(self, **options: Any) -> ConfidenceSet:
        """Return the betas that such a test does not reject; see `confidence.confidence_set`."""
        confidence_set = door("BetaConvergence.confidence_set")
        found: ConfidenceSet = confidence_set(self, **passed_on("confidence_set()", options, confidence_set))
        return found

    @cached_property
    def inference(self) -> Inference:
        """Test of no convergence, and sets of beta, speed and half-life, for region and two-way effects.

        Takes a few seconds when first asked for, and stands in the repr from then on; `infer` takes options.
        """
        return self.infer()

    def infer(self, **options: Any) -> Inference:
        """Return test and sets that hold in few periods; see `inference.inference` for the options."""
        inference = door("BetaConvergence.infer")
        found: Inference = inference(self, **passed_on("infer()", options, inference))
        return found

    def exact_lines(self) -> list[str] | None:
        """Return the exact t and F of no convergence in words; None where their theory does not reach."""
        exact_lines = door("BetaConvergence.exact_lines")
        found: list[str] | None = exact_lines(self)
        return found

    def detectable(self, **options: Any) -> Detectable:
        """Return the smallest convergence that this panel and estimator can find; see `null.detectable`."""
        detectable = door("BetaConvergence.detectable")
        found: Detectable = detectable(self, **passed_on("detectable()", options, detectable))
        return found

    def bias_corrections(self, **options: Any) -> BiasCorrections:
        """Return beta corrected for its bias in few periods in seven ways; see `corrections.bias_corrections`."""
        bias_corrections = door("BetaConvergence.bias_corrections")
        found: BiasCorrections = bias_corrections(self, **passed_on("bias_corrections()", options, bias_corrections))
        return found

    def impacts(self, **options: Any) -> Impacts:
        """Return direct, indirect and total effects; see `models.impacts.impacts` for the options.

        Where `z_withheld`, those of the initial level have standard errors and intervals from refits only
        (`inference="bootstrap"`): by the delta method or simulation they would rest on the covariance of beta.
        """
        found = self.fit.impacts(**options)
        if not self.z_withheld or found.inference == "bootstrap":
            return found
        table = found.table.copy()
        table.loc[table["term"] == INITIAL, ["std_error", "z", "p", "conf_low", "conf_high"]] = np.nan
        return replace(found, table=table, notes=merge_notes(found.notes, (NO_ERRORS_OF_EFFECTS,)))

    def tidy(self) -> pd.DataFrame:
        """Return one row a parameter, then speed and half-life (without test: they are functions of beta).

        Where the repr shows no z of beta it has none here: p and interval are those of `b.inference` once that has been
        asked for, NaN before.
        """
        columns = ["estimate", "std_error", "conf_low", "conf_high"]
        speeds = self.speeds.loc[["speed", "half_life"], columns].reset_index()
        return pd.concat([self._terms(), speeds], ignore_index=True)

    def _terms(self) -> pd.DataFrame:
        table = self.fit.tidy()
        if not self.z_withheld:
            return table
        own = table["term"] == INITIAL
        table.loc[own, ["std_error", "statistic", "p_value", "conf_low", "conf_high"]] = np.nan
        if "inference" in self.__dict__:
            table.loc[own, ["p_value", "conf_low", "conf_high"]] = [self.inference.p_value, *self.inference.interval]
        return table

    def glance(self) -> pd.DataFrame:
        """Return one row that describes the regression."""
        row = {"variable": self.variable, "span": self.length, "speed": self.speed, "half_life": self.half_life}
        about = self.fit.glance()
        if self.fit.estimates.refined:
            about["correction"] = str(self.asked.options["correction"])
        return pd.concat([pd.DataFrame([row]), about], axis=1)

    def _headline(self) -> list[str]:
        fit = self.fit
        # Time effects take out what is common to all regions; each region's own level needs controls or effects.
        own_level = len(fit.spec.x) > 1 or self._within
        kind = "conditional" if own_level else "absolute"
        title = (
            f"Beta convergence of {self.variable} ({kind}, {fit.spec.name}): "
            f"{extent(fit.n_regions, fit.n_periods, 'span')}, {fit._approach()}"
        )
        told = self._few_periods_lines()
        if told is not None:
            return [title, *told[:1], *self._rho_lines(), *told[1:], *self._rest_lines()]
        speeds = [self._speed_line(), *self._spillover_lines()]
        return [title, self._beta_line(), *self._rho_lines(), *speeds, *self._rest_lines()]

    def _few_periods_lines(self) -> list[str] | None:
        """Return what is said of beta under region and two-way effects; None without them.

        No z and no interval by the delta method: z rejects a true null in most panels, and under two-way effects near
        beta = 0 the information is singular.
        """
        exact = self._exact
        if exact is None and not self.z_withheld:
            return None
        speed, half = (self.speeds.loc[term] for term in ("speed", "half_life"))
        rate = [f"speed {number(speed.estimate)}"] if np.isfinite(speed.estimate) else []
        life = [f"half-life {number(half.estimate, 2)}"] if np.isfinite(half.estimate) else []
        beta = f"  {', '.join([f'beta {number(self.beta)}', *rate, *life])} as estimated"
        what = [*([] if rate else ["speed"]), *([] if life else ["half-life"])]
        undefined = [f"  {' and '.join(what)} undefined: {speed.reason or half.reason}"] if what else []
        spills = self._spillover_lines()
        if "inference" in self.__dict__:
            return [beta, *undefined, *spills, *self.inference.lines()]
        if exact is None:
            return [beta, *undefined, *spills, f"  {NO_SET if self._cells else ASK_ELSEWHERE}"]
        ask = "  p of no convergence and the sets of beta and its speed: b.inference (z does not hold here)"
        return [beta, *undefined, *spills, ask, *exact]

    def _beta_line(self) -> str:
        interval = self.conf_int(self.level).loc[INITIAL]
        return (
            f"  beta {number(self.beta)} [{number(interval.conf_low)}, {number(interval.conf_high)}] "
            f"({'z' if self.fit.estimates.held is None else 't'} {number(self.tstats[INITIAL], 2)}, "
            f"{p_value(self.pvalues[INITIAL])})"
        )

    def _rho_lines(self) -> list[str]:
        return [self.fit._parameter_line(t) for t in ("rho", "lambda") if t in self.params.index]

    def _speed_line(self) -> str:
        speed, half = (self.speeds.loc[term] for term in ("speed", "half_life"))
        if np.isnan(speed.estimate):
            return f"  speed and half-life undefined: {speed.reason}"
        parts = f"  speed {number(speed.estimate)} [{number(speed.conf_low)}, {number(speed.conf_high)}], half-life "
        if np.isnan(half.estimate):
            return f"{parts}undefined: {half.reason}"
        bounds = half.reason or f"[{number(half.conf_low, 2)}, {number(half.conf_high, 2)}]"
        return f"{parts}{number(half.estimate, 2)} {bounds}"

    def _spillover_lines(self) -> list[str]:
        if not self._spills:
            return []
        shown = self.speeds["estimate"]
        return [
            f"  speed of the direct effect {number(shown['speed_direct'])}, of the total effect "
            f"{number(shown['speed_total'])}; spillover share of the total {number(shown['spillover_share'], 2)}"
        ]

    def _rest_lines(self) -> list[str]:
        fit = self.fit
        controls = [t for t in fit.design.names if t not in ("intercept", LAGGED_INTERCEPT, INITIAL)]
        lines = [f"  controls: {', '.join(controls)}"] if controls else []
        lines += [f"  ON THE BOUND: {', '.join(fit.at_bound)}; do not use"] if fit.at_bound else []
        return [*lines, f"  log-likelihood {number(fit.loglik)}, sigma2 {number(fit.sigma2)}"]
