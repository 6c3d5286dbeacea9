"""Bootstrap of a fitted model: through the reduced form, and through time where the past makes the regressors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from spatialconv._core.resampling import intervals as core
from spatialconv._core.resampling.innovations import FEW
from spatialconv._options import (
    BootstrapBias,
    BootstrapScheme,
    IntervalMethod,
    choice,
    count_of,
    generator,
    passed_on,
    probability,
)
from spatialconv._parallel import checked_jobs
from spatialconv.errors import OptionError
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.impacts.impacts import Impacts, impacts_of_draws
from spatialconv.models.small_samples.indirect import indirect
from spatialconv.models.small_samples.influence import influence
from spatialconv.models.small_samples.refits import Engine, Refits, World, broken_chain, fitted_world, restricted_world
from spatialconv.panel import FloatArray
from spatialconv.results import Provenance, Result, extent, merge_notes, number, p_value

METHODS = ("bootstrap-t", "bca", "percentile", "basic")
SPEED, HALF_LIFE = "speed", "half_life"
# Samples at each step of the search for the parameters without bias.
CORRECTION = 999


def bootstrap(
    fit: PanelFit,
    *,
    draws: int = 9999,
    scheme: BootstrapScheme = "residual",
    null: str | None = None,
    recursive: bool = True,
    bias: BootstrapBias = "none",
    interval: IntervalMethod = "bootstrap-t",
    level: float = 0.95,
    jobs: int = 1,
    seed: int | np.random.Generator | None = None,
    progress: bool = False,
) -> Bootstrap:
    """Draw samples from the fitted model and fit each again: intervals and p-values that small samples need.

    Use it wherever regions and periods are few, above all in growth regressions, whose regressor is a lagged outcome:
    growth makes the next level, so that levels are rebuilt period by period from simulated growth.

    Parameters
    ----------
    fit : PanelFit
        Any fitted model. The lag model and least squares (Durbin terms included) under fixed effects or none run as
        one array, tens of thousands of fits a second in small panels; all others one by one.
    draws : int
        Samples; and as many again under the null, where one is given.
    scheme : {"residual", "wild", "wild-region", "parametric", "block-region"}
        Residuals, rescaled for what effects and regressors took of them, drawn with replacement; each in its place
        with a random sign (unequal variances); whole histories of regions with a random weight each (two signs, below
        12 regions Webb's six values); normal errors; whole histories of regions drawn with replacement (errors
        dependent over time).
    null : str, optional
        Impose a null hypothesis and give its p-value: "no-convergence" (the coefficient of the initial level, and of
        its spatial lag where there is one, is zero), or the name of any regressor, "rho" or "lambda" (is zero). All
        other parameters are estimated anew under it.
    recursive : bool
        False holds all regressors fixed, initial levels too, as textbooks do; for comparison.
    bias : {"none", "indirect"}
        "indirect" draws samples at parameters from which indirect inference has taken the bias, rather than at the
        estimates. Use it under region and two-way effects with few periods, where the estimates are a bad place to
        learn from how far estimates lie from the truth.
    interval : {"bootstrap-t", "bca", "percentile", "basic"}
        Which intervals `tidy` shows; all are in `intervals`.
    level : float
        Confidence level.
    jobs : int
        Processes, by joblib (so that `joblib.parallel_config` may move them elsewhere); figures do not depend on it.
    seed : int or Generator, optional
        The seed used is stored in the provenance.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Bootstrap
        `.tidy() .intervals .draws .errors .p_values .impacts()`

    Raises
    ------
    OptionError
        If the null names nothing that is in the model.
    ModelError
        If more than half of the samples cannot be fitted.

    Notes
    -----
    ``y*[t] = (I - rho W)^-1 (X*[t] beta + effects + (I - lambda M)^-1 e*[t])`` at the estimates; initial levels
    ``ln v*[t] = ln v*[t-h] + h y*[t-h]`` from the first one, which is held fixed at the observed. Exogenous controls
    and the effects are held fixed (random effects are drawn). Where a null is imposed on a model with a past and region
    or two-way effects, regions' means and sums of squares under it are kept too, and residuals are rotated in the T - 1
    dimensions they have: nothing about drifts is plugged in. Studentised draws are ``t* = (b* - b) / se*`` with the
    standard error that the fit uses; p-values are ``2 (1 + min(#{t* <= t}, #{t* >= t})) / (1 + draws)`` with
    ``t = b / se``: around the estimates, or from samples in which the null holds, where it is imposed. Intervals of
    speed and half-life are those of beta sent through ``-ln(1 + h beta) / h``, which for the studentised interval
    inverts the test of beta; draws in which the speed is undefined count at their end of the order.

    References
    ----------
    Efron and Tibshirani (1993), An Introduction to the Bootstrap. Davison and Hinkley (1997). Goncalves and Kilian
    (2004), Journal of Econometrics 123. Webb (2014), Queen's Economics Department Working Paper 1315.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.inverse_distance(zj.cities)
    >>> b = sc.beta(zj.panel, "exports", w, spatial="lag", effects="time")
    >>> list(b.bootstrap(draws=199, seed=1).tidy()["term"])
    ['log_initial', 'rho', 'sigma2', 'speed', 'half_life']
    """
    return run(
        fit,
        None,
        draws=draws,
        scheme=scheme,
        null=null,
        recursive=recursive,
        bias=bias,
        interval=interval,
        level=level,
        jobs=jobs,
        seed=seed,
        progress=progress,
    )


def run(
    fit: PanelFit,
    length: float | None,
    *,
    draws: int,
    scheme: BootstrapScheme,
    null: str | None,
    recursive: bool,
    bias: BootstrapBias,
    interval: IntervalMethod,
    level: float,
    jobs: int,
    seed: int | np.random.Generator | None,
    progress: bool,
) -> Bootstrap:
    """Run the bootstrap of a fit; `length` is the span of a growth regression, whose speed is then reported."""
    choice("scheme", scheme, BootstrapScheme)
    checked_jobs(jobs)
    choice("interval", interval, IntervalMethod)
    choice("bias", bias, BootstrapBias)
    count_of("draws", draws, least=19)
    probability("level", level)
    fit.estimates.refuse_held("bootstrap()")
    tested = null_terms(fit, null)
    rng, used = generator(seed)
    engine = Engine.of(fit, recursive=recursive)
    first, second = rng.spawn(2)
    how: dict[str, Any] = {"draws": draws, "scheme": scheme, "jobs": jobs, "show": progress}
    centre, world, moved = _centre(fit, bias, first, recursive, jobs)
    found = engine.run(world, rng=first, **how)
    under = engine.run(restricted_world(fit, tested), rng=second, **how) if tested else None
    units, said = influence(fit, by_region=scheme in ("wild-region", "block-region"))
    options = {"draws": draws, "scheme": scheme, "null": null, "recursive": recursive, "bias": bias, "level": level}
    origin = Provenance("bootstrap", options, fit.n_regions, fit.n_periods, fit.provenance.weights, used)
    notes = _notes(fit, engine, scheme, recursive, found, under, tested)
    chain = fit.design.chain
    initial = chain.name if chain is not None and chain.levels and length is not None else None
    terms = list(fit.params.index)
    return Bootstrap(
        fit=fit,
        draws=pd.DataFrame(found.params, columns=terms),
        errors=pd.DataFrame(found.errors, columns=terms),
        centre=pd.Series(centre, index=terms, name="centre"),
        scheme=scheme,
        interval=interval,
        level=level,
        null=null,
        null_draws=_frame(under, "params", terms, tested),
        null_errors=_frame(under, "errors", terms, tested),
        influence=units,
        initial=initial,
        length=length or 1.0,
        lost=found.lost + (under.lost if under is not None else 0),
        notes=merge_notes(notes, moved, said),
        provenance=origin,
    )


class UnderNull(NamedTuple):
    """Estimates and standard errors of samples in which a null holds, a column a parameter; see `under_null`."""

    draws: pd.DataFrame
    errors: pd.DataFrame

    def p_value(self, fit: PanelFit, term: str) -> float:
        """Return the two-sided p-value that a term of the null is zero, as `Bootstrap.p_values` has it."""
        zero = pd.Series(0.0, index=self.draws.columns)
        under = _studentised(self.draws, self.errors, zero)[term].to_numpy()
        return core.p_two_sided(float(fit.tstats[term]), under)


def under_null(
    fit: PanelFit, null: str, *, draws: int, scheme: BootstrapScheme, seed: int, jobs: int, errors: bool = True
) -> UnderNull:
    """Draw samples under a null alone, those of `run` with the same seed; without `errors` no standard errors."""
    rng, _ = generator(seed)
    _, second = rng.spawn(2)
    world = restricted_world(fit, null_terms(fit, null))
    found = Engine.of(fit).run(world, rng=second, draws=draws, scheme=scheme, jobs=jobs, errors=errors)
    terms = list(fit.params.index)
    return UnderNull(pd.DataFrame(found.params, columns=terms), pd.DataFrame(found.errors, columns=terms))


def _centre(
    fit: PanelFit, bias: str, rng: np.random.Generator, recursive: bool, jobs: int
) -> tuple[FloatArray, World, tuple[str, ...]]:
    """Return the parameters at which samples are drawn, their world, and what is to be said of them."""
    if bias == "none":
        return fit.params.to_numpy(), fitted_world(fit), ()
    if not recursive:
        raise OptionError("bias='indirect' rebuilds levels; it does not go with recursive=False.")
    found = indirect(fit, draws=CORRECTION, seed=int(rng.integers(2**31)), jobs=jobs)
    named = [(t, v) for t, v in zip(fit.params.index, found.values, strict=True) if t in ("rho", "lambda")]
    chain = fit.design.chain
    if chain is not None:
        named = [(chain.name, found.values[list(fit.params.index).index(chain.name)]), *named]
    said = ", ".join(f"{term} {number(value)}" for term, value in named)
    return found.values, found.world, (f"samples were drawn at parameters corrected by indirect inference: {said}",)


def _frame(under: Refits | None, of: str, terms: list[str], tested: tuple[str, ...]) -> pd.DataFrame:
    if under is None:
        return pd.DataFrame(columns=list(tested), dtype=float)
    return pd.DataFrame(getattr(under, of), columns=terms)[list(tested)]


def null_terms(fit: PanelFit, null: str | None) -> tuple[str, ...]:
    """Return the terms that a null sets to zero."""
    if null is None:
        return ()
    terms = list(fit.params.index)
    if null == "no-convergence":
        if fit.design.chain is None or not fit.design.chain.levels:
            raise OptionError(
                "null='no-convergence' needs the initial level of a growth regression; fit it with sc.beta, or name "
                "the regressor that is to be zero."
            )
        own = fit.design.chain.name
        return tuple(t for t in (own, f"W:{own}") if t in terms)
    allowed = [t for t in terms if t not in ("sigma2", "phi")]
    if null not in allowed:
        raise OptionError(
            f"null must be 'no-convergence' or one of {', '.join(repr(t) for t in allowed)}; got {null!r}."
        )
    return (null,)


def _notes(
    fit: PanelFit,
    engine: Engine,
    scheme: BootstrapScheme,
    recursive: bool,
    found: Refits,
    under: Refits | None,
    tested: tuple[str, ...],
) -> tuple[str, ...]:
    notes = []
    if not recursive:
        notes.append("all regressors were held fixed: past errors do not reach later levels (recursive=False)")
    else:
        notes += broken_chain(fit.design)
    if recursive and fit.design.chain is None and engine.feedback is None:
        notes.append(
            "regressors were held fixed at their values; where one of them is an earlier level of the outcome, fit by "
            "sc.beta, which rebuilds it"
        )
    chain = fit.design.chain
    if (
        chain is not None
        and chain.levels
        and chain.length[0] > 1
        and (chain.source[1:] != np.arange(len(chain.source) - 1)).any()
    ):
        notes.append("errors of overlapping spans depend on each other; scheme='block-region' keeps them together")
    if scheme == "wild-region" and fit.n_regions < FEW:
        notes.append(f"{fit.n_regions:,} regions are few for random signs: Webb's six weights were used")
    lost = found.lost + (under.lost if under is not None else 0)
    if lost:
        notes.append(f"{lost:,} samples could not be fitted and are left out")
    missing = int((np.isnan(found.errors).any(axis=1) & np.isfinite(found.params).all(axis=1)).sum())
    if missing:
        notes.append(
            f"{missing:,} of {len(found.params):,} samples have no standard error (on a bound); they count at both "
            "ends of the studentised draws"
        )
    if tested:
        all_of = "it is" if len(tested) == 1 else "they are"
        notes.append(f"p of {' and '.join(tested)}: from samples drawn under the null that {all_of} zero")
    return tuple(notes)


@dataclass(frozen=True, eq=False, repr=False)
class Bootstrap(Result):
    """Estimates of resampled data: intervals of four kinds, p-values, and the draws themselves.

    `draws` and `errors` have a row a sample and a column a parameter; `centre` are the parameters at which samples
    were drawn, the estimates unless their bias was taken off first. `null_draws` and `null_errors` are those of
    samples in which the null holds, for the terms it sets to zero. `length` is the span of a growth regression.
    """

    fit: PanelFit
    draws: pd.DataFrame
    errors: pd.DataFrame
    centre: pd.Series
    scheme: str
    interval: str
    level: float
    null: str | None
    null_draws: pd.DataFrame
    null_errors: pd.DataFrame
    influence: FloatArray | None
    initial: str | None
    length: float
    lost: int
    notes: tuple[str, ...]
    provenance: Provenance

    @cached_property
    def t(self) -> pd.DataFrame:
        """Studentised draws (b* - centre) / se*; infinite, at the side of b*, where a sample has no standard error."""
        return _studentised(self.draws, self.errors, self.centre)

    @cached_property
    def p_values(self) -> pd.Series:
        """Two-sided p-values that a parameter is zero: with the null imposed where it was given, else around b."""
        return self._p(core.p_two_sided, "p_value")

    @cached_property
    def p_lower(self) -> pd.Series:
        """One-sided p-values that a parameter is zero, against a negative one: convergence, if it is beta."""
        return self._p(core.p_lower, "p_lower")

    def _p(self, of: Callable[[float, FloatArray], float], name: str) -> pd.Series:
        observed = self.fit.tstats
        p = {term: of(observed[term], self.t[term].to_numpy()) for term in self._tested}
        for term in self.null_draws:
            under = _studentised(self.null_draws, self.null_errors, pd.Series(0.0, index=self.null_draws.columns))
            p[term] = of(observed[term], under[term].to_numpy())
        return pd.Series(p, name=name, dtype=float)

    @property
    def _tested(self) -> list[str]:
        return [t for t in self.draws if t not in ("sigma2", "phi")]

    @cached_property
    def intervals(self) -> pd.DataFrame:
        """All intervals at `level`: index (term, method), columns conf_low, conf_high.

        Speed and half-life have those of beta sent through their formula, `normal` among them: the set of speeds
        that a z-test of beta does not reject, as Fieller's interval of a ratio is. A half-life without end is
        infinite.
        """
        rows = {}
        for term in self.draws:
            for method, ends in self._of(term).items():
                rows[term, method] = ends
        if self.initial is not None:
            mapped = [(m, rows[self.initial, m]) for m in METHODS]
            asymptotic = self.fit.conf_int(self.level).loc[self.initial].to_numpy()
            for method, (low, high) in [*mapped, ("normal", asymptotic)]:
                rows[SPEED, method] = np.array([speed_of(high, self.length), speed_of(low, self.length)])
                rows[HALF_LIFE, method] = np.array([half_life_of(low, self.length), half_life_of(high, self.length)])
        frame = pd.DataFrame.from_dict(rows, orient="index", columns=["conf_low", "conf_high"])
        frame.index = pd.MultiIndex.from_tuples(frame.index, names=["term", "method"])
        return frame

    def _of(self, term: str) -> dict[str, FloatArray]:
        b, se = float(self.fit.params[term]), float(self.fit.std_errors[term])
        draws, centre = self.draws[term].to_numpy(), float(self.centre[term])
        if self.provenance.options["bias"] == "none":
            middle, placed = b, draws
        else:
            # The corrected estimate with the spread of the draws: what is left of their bias is taken off too.
            middle, placed = centre, draws - np.nanmean(draws) + centre
        a = 0.0
        if self.influence is not None:
            a = core.acceleration(self.influence[:, list(self.draws).index(term)])
        return {
            "bootstrap-t": core.studentised(b, se, self.t[term].to_numpy(), self.level),
            "bca": core.bca(middle, placed, a, self.level),
            "percentile": core.percentile(placed, self.level),
            "basic": core.basic(b, draws - centre + b, self.level),
        }

    @property
    def undefined(self) -> pd.Series:
        """In how many samples the speed (1 + h beta <= 0) and the half-life (that, or beta >= 0) do not exist."""
        if self.initial is None:
            return pd.Series(dtype=int, name="undefined")
        beta = self.draws[self.initial]
        over, apart = int((1 + self.length * beta <= 0).sum()), int((beta >= 0).sum())
        return pd.Series({SPEED: over, HALF_LIFE: over + apart}, name="undefined")

    @property
    def n_draws(self) -> int:
        """Samples asked for."""
        return len(self.draws)

    def impacts(self, **options: Any) -> Impacts:
        """Return direct, indirect and total effects with the errors and intervals of these draws.

        Options are those of `PanelFit.impacts` but for `inference`, `draws`, `seed` and `jobs`.
        """
        kept = self.draws.dropna().to_numpy()
        # The seed of the draws serves again; the level is theirs unless another one is asked for.
        given = {"level": self.level, **passed_on("impacts()", options, impacts_of_draws, without=["seed"])}
        return impacts_of_draws(self.fit, kept, self.lost, seed=self.provenance.seed, **given)

    def tidy(self) -> pd.DataFrame:
        """Return one row a parameter: estimate, bias, std_error, statistic, p_value, p_lower, conf_low, conf_high, …

        `bias` is the mean of the draws less what they were drawn at; the statistic is the fit's z; `p_value` is
        two-sided, `p_lower` against a negative parameter; `undefined` counts samples without the quantity.
        """
        ends = self.intervals.xs(self.interval, level="method")
        kept = self.draws.dropna()
        frame = pd.DataFrame(
            {
                "estimate": self.fit.params,
                "bias": kept.mean() - self.centre,
                "std_error": kept.std(ddof=1),
                "statistic": self.fit.tstats,
                "p_value": self.p_values.reindex(self.fit.params.index),
                "p_lower": self.p_lower.reindex(self.fit.params.index),
            }
        )
        frame.loc[~frame.index.isin(self._tested), "statistic"] = np.nan
        if self.initial is not None:
            frame = pd.concat([frame, self._derived()])
        frame = frame.join(ends)
        frame["undefined"] = self.undefined.reindex(frame.index).fillna(0).astype(int)
        return frame.rename_axis("term").reset_index()

    def _derived(self) -> pd.DataFrame:
        assert self.initial is not None
        b, beta = float(self.fit.params[self.initial]), self.draws[self.initial].dropna().to_numpy()
        rows = {}
        for name, of in ((SPEED, speed_of), (HALF_LIFE, half_life_of)):
            here, values = of(b, self.length), of(beta, self.length)
            at = of(float(self.centre[self.initial]), self.length)
            defined = np.isfinite(here) and (name == SPEED or here > 0)
            here = here if defined else np.nan
            # Where the speed does not exist in some samples, neither does its mean or standard deviation.
            everywhere = self.undefined[name] == 0
            rows[name] = {
                "estimate": here,
                "bias": float(values.mean() - at) if everywhere else np.nan,
                "std_error": float(values.std(ddof=1)) if everywhere else np.nan,
                "statistic": np.nan,
                "p_value": np.nan,
                "p_lower": np.nan,
            }
        return pd.DataFrame.from_dict(rows, orient="index")

    def glance(self) -> pd.DataFrame:
        """Return one row that describes the bootstrap."""
        row = {
            "model": self.fit.spec.name,
            "effects": self.fit.spec.effects,
            "scheme": self.scheme,
            "interval": self.interval,
            "level": self.level,
            "draws": self.n_draws,
            "lost": self.lost,
            "null": self.null or "",
            "undefined_speed": int(self.undefined.get(SPEED, 0)),
            "n_regions": self.fit.n_regions,
            "n_periods": self.fit.n_periods,
        }
        return pd.DataFrame([row])

    def _headline(self) -> list[str]:
        fit = self.fit
        title = (
            f"Bootstrap of {fit.spec.name} of {fit.spec.y}: {self.n_draws:,} samples ({self.scheme}), "
            f"{extent(fit.n_regions, fit.n_periods)}, {fit._approach()}"
        )
        table = self.tidy().set_index("term")
        ahead = [t for t in (self.initial, "rho", "lambda", SPEED, HALF_LIFE) if t in table.index]
        rest = [t for t in table.index if t not in (*ahead, "intercept", "sigma2", "phi")]
        shown = [*ahead, *rest][:6]
        lines = [self._line(t, table.loc[t]) for t in shown]
        more = len(ahead) + len(rest) - len(shown)
        lines += [f"  and {more} more, see tidy()"] if more else []
        counts = [f"{k.replace('_', '-')} in {v}" for k, v in self.undefined.items() if v]
        lines += [f"  undefined: {' and '.join(counts)} of {self.n_draws:,} samples"] if counts else []
        return [title, *lines, f"  intervals: {self.interval}, {100 * self.level:g} %"]

    def _line(self, term: str, row: pd.Series) -> str:
        digits = 2 if term == HALF_LIFE else 4
        ends = f"[{number(row.conf_low, digits)}, {number(row.conf_high, digits)}]"
        return f"  {term} {number(row.estimate, digits)} {ends}{self._said(term, row)}"

    def _said(self, term: str, row: pd.Series) -> str:
        """Say p: of beta under no convergence one-sided first, since convergence has a sign."""
        if np.isnan(row.p_value):
            return ""
        if term not in self.null_draws:
            return f" ({p_value(row.p_value)})"
        if term == self.initial and self.null == "no-convergence":
            return f" ({p_value(row.p_lower)} against convergence, two-sided {p_value(row.p_value)}, null imposed)"
        return f" ({p_value(row.p_value)}, null imposed)"


def _studentised(draws: pd.DataFrame, errors: pd.DataFrame, at: pd.Series) -> pd.DataFrame:
    apart = draws - at[draws.columns]
    t = apart / errors
    lost_error = errors.isna() & draws.notna()
    return t.where(~lost_error, np.sign(apart) * np.inf)


def speed_of(beta: Any, h: float) -> Any:
    """Return -ln(1 + h beta) / h, infinite where the gap would be overshot within one span."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = -np.log1p(h * np.asarray(beta, dtype=float)) / h
    found = np.where(1 + h * np.asarray(beta, dtype=float) <= 0, np.inf, found)
    return float(found) if found.ndim == 0 else found


def half_life_of(beta: Any, h: float) -> Any:
    """Return ln 2 / speed: infinite where gaps do not close, zero where they would be overshot within one span."""
    rate = np.asarray(speed_of(beta, h))
    with np.errstate(divide="ignore"):
        found = np.where(rate > 0, np.log(2) / np.where(rate > 0, rate, 1.0), np.inf)
    found = np.where(np.isnan(rate), np.nan, found)
    return float(found) if found.ndim == 0 else found
