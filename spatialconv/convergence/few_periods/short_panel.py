"""Tests of beta and confidence sets for few periods, under region and two-way effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv._core.few_periods.combine import Verdict, verdict
from spatialconv._core.few_periods.imposed import Normals, Outcome, Setup, outcome
from spatialconv._core.few_periods.likelihood import HIGHEST, LOWEST
from spatialconv._core.few_periods.sample import Sample
from spatialconv._core.few_periods.sets import accepted
from spatialconv._options import choice, count_of, generator, probability
from spatialconv.errors import ModelError, OptionError, UnsupportedModelError
from spatialconv.models.small_samples.bootstrap import half_life_of, speed_of
from spatialconv.results import Provenance, Result, extent, number, p_value

if TYPE_CHECKING:
    from spatialconv.convergence.beta.beta import BetaConvergence

INITIAL = "log_initial"
ByTest = Literal["likelihood-ratio", "robust"]
# Rows of a row-standardised W add up to one, but for rounding.
ROUNDING = 1e-8
# Two tests that fall on different sides of this level disagree.
NOMINAL = 0.05
EVEN = (
    "F takes errors for uncorrelated over time, and the likelihood ratio rests on the same comparison: errors of "
    "measurement in the levels make long-run growth look even"
)


def short_panel_test(
    b: BetaConvergence,
    *,
    beta: float = 0.0,
    draws: int = 1999,
    seed: int | np.random.Generator | None = None,
) -> ShortPanelTest:
    """Test a beta, of no convergence by default, where periods are few and regions have effects of their own.

    Parameters
    ----------
    b : BetaConvergence
        With region or two-way effects, without spatial errors; spans follow one another.
    beta : float
        The value that is imposed, of annualised growth.
    draws : int
        Panels drawn under it, by rotation of each region's residuals.
    seed : int or Generator, optional

    Returns
    -------
    ShortPanelTest
        `.p_lower` against convergence that is stronger, `.p_value` two-sided, `.table` with all four tests.

    Raises
    ------
    UnsupportedModelError
        For other effects, spatial errors, the spatial lag of the initial level, and time effects with a W whose rows
        do not sum to one.
    ModelError
        If spans do not follow one another, or too little is left after the effects.

    Notes
    -----
    - likelihood ratio: drifts are random around a line in the initial level, of a variance that cannot be negative.
    - robust score and F: the adjusted quasi score of beta, robust to variances that differ by region, and F, combined
      by Fisher's product with half the size kept for the score. Holds for any drifts.
    - t: do regions that grow faster slow down? F: is long-run growth more even than the noise of single years allows?
      Both exact for normal errors and rho known; their rho is the estimate under the beta that is imposed.

    References
    ----------
    Yang (2018), Journal of Econometrics 205. Hsiao, Pesaran and Tahmiscioglu (2002), Journal of Econometrics 109.
    Langsrud (2005), Statistics and Computing 15.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> b = sc.beta(zj.panel, "exports", effects="two-way")
    >>> list(b.short_panel_test(draws=199, seed=1).table.index)
    ['likelihood ratio', 'robust score and F', 't', 'F']
    """
    count_of("draws", draws, least=99)
    if isinstance(beta, bool) or not isinstance(beta, (int, float, np.number)) or not np.isfinite(beta):
        raise OptionError(f"beta must be a finite number; got {beta!r}.")
    h = b.length
    if not LOWEST <= beta * h <= HIGHEST:
        raise OptionError(f"beta must lie between {LOWEST / h:g} and {HIGHEST / h:g}, -2/h and 1/h; got {beta!r}.")
    rng, used = generator(seed)
    setup = Setup.of(sample_of(b))
    found = outcome(setup, float(beta) * h, Normals.draw(setup.sample, draws, rng))
    table = _table(found, verdict(found))
    origin = _origin(b, "short_panel_test", {"beta": beta, "draws": draws}, used)
    best = float(setup.best.b[0]) / h
    rho = found.rho if setup.sample.W is not None else float("nan")
    return ShortPanelTest(float(beta), best, table, rho, _title(b), _notes(table), origin)


def confidence_set(
    b: BetaConvergence,
    *,
    level: float | None = None,
    test: ByTest = "likelihood-ratio",
    draws: int = 999,
    seed: int | np.random.Generator | None = None,
) -> ConfidenceSet:
    """Find the betas that a two-sided test of `short_panel_test` does not reject.

    Parameters
    ----------
    b : BetaConvergence
        As in `short_panel_test`.
    level : float, optional
        Of the set; that of the regression by default.
    test : {"likelihood-ratio", "robust"}
        "robust" is the robust score with F, which holds where variances differ by region.
    draws : int
        Panels at each beta, from the same random numbers.
    seed : int or Generator, optional

    Returns
    -------
    ConfidenceSet
        `.interval`, with infinite ends where the data do not say; `.speed`, `.half_life`, `.estimate`, `.curve`

    Notes
    -----
    Asked are betas from -2/h, beyond which levels explode, to 1/h. An end is infinite if all on its side are accepted.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> b = sc.beta(zj.panel, "exports", effects="region")
    >>> low, high = b.confidence_set(draws=99, seed=1).interval
    >>> low < high
    True
    """
    choice("test", test, ByTest)
    count_of("draws", draws, least=99)
    share = b.level if level is None else probability("level", level)
    rng, used = generator(seed)
    setup, h = Setup.of(sample_of(b)), b.length
    normals = Normals.draw(setup.sample, draws, rng)
    curve: dict[float, float] = {}

    def p(value: float) -> float:
        if value not in curve:
            with np.errstate(over="ignore", invalid="ignore"):
                v = verdict(outcome(setup, value, normals))
            curve[value] = v.ratio_two if test == "likelihood-ratio" else v.joint_two
        return curve[value]

    best = float(setup.best.b[0])
    found = accepted(p, best, LOWEST, HIGHEST, 1 - share)
    notes = []
    if found.pieces > 1:
        notes.append(f"the set has {found.pieces} pieces; the ends are those of all together")
    table = pd.DataFrame([(v / h, q) for v, q in sorted(curve.items())], columns=["beta", "p_value"])
    origin = _origin(b, "confidence_set", {"level": share, "test": test, "draws": draws}, used)
    ends = (found.low / h, found.high / h)
    return ConfidenceSet(ends, best / h, share, h, found.pieces, table, _title(b), (*notes, EVEN), origin)


def sample_of(b: BetaConvergence) -> Sample:
    """Return the arrays of a regression, growth of a whole span; raise where the theory does not reach."""
    fit, design = b.fit, b.fit.design
    effects = fit.spec.effects
    if effects not in ("region", "two-way"):
        raise UnsupportedModelError(
            f"these tests are for region and two-way effects; got effects={effects!r}. Without them "
            "b.bootstrap(null='no-convergence') holds."
        )
    if fit.spec.has_error:
        raise UnsupportedModelError("these tests are not derived for spatial errors; take spatial='lag' or 'none'.")
    if f"W:{INITIAL}" in design.names:
        raise UnsupportedModelError(
            "these tests are not derived for the spatial lag of the initial level; name other variables in durbin."
        )
    chain = design.chain
    assert chain is not None
    T, N = design.y.shape
    if not np.array_equal(chain.source, np.arange(T) - 1) or np.ptp(chain.length) > 0:
        raise ModelError("spans must follow one another without gaps or overlaps for growth to make the next level.")
    W = design.W.matrix.toarray() if fit.spec.has_lag and design.W is not None else None
    if W is not None and effects == "two-way" and np.abs(W.sum(axis=1) - 1).max() > ROUNDING:
        raise UnsupportedModelError(
            "time effects are taken off by a W whose rows sum to one; standardise the weights by row, or take "
            "effects='region'."
        )
    initial = design.names.index(INITIAL)
    X = np.delete(design.X, initial, axis=2)
    sample = Sample.of(b.length * design.y, design.X[0, :, initial], X, W, two_way=effects == "two-way")
    if T < 2 or min(sample.dof_within - 1, sample.dof_between) < 1:
        raise ModelError(f"too little is left of {extent(N, T, 'span')} once effects and controls are taken off.")
    return sample


def _table(found: Outcome, v: Verdict) -> pd.DataFrame:
    t, t_dof = found.t
    F, first, second = found.F
    rows = {
        "likelihood ratio": (float(found.here.root[0]), v.ratio_below, v.ratio_two, "signed root, rotation"),
        "robust score and F": (float(found.here.score[0]), v.joint_below, v.joint_two, "rotation, combined"),
        "t": (t, float(stats.t.cdf(t, t_dof)), float(2 * stats.t.sf(abs(t), t_dof)), f"t({t_dof})"),
        "F": (F, float(stats.f.cdf(F, first, second)), np.nan, f"F({first}, {second}), lower tail"),
    }
    columns = ["statistic", "p_lower", "p_value", "distribution"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("test")


def _notes(table: pd.DataFrame) -> tuple[str, ...]:
    ratio, robust = table["p_lower"].iloc[0], table["p_lower"].iloc[1]
    notes = [EVEN]
    if (ratio <= NOMINAL) != (robust <= NOMINAL):
        notes.insert(
            0,
            "the two tests disagree at 5 %: in simulated panels of 11 x 4 the likelihood ratio rejects a true null too "
            "often where variances differ by region (11 %, standard error 1.6), the robust test does not",
        )
    return tuple(notes)


def _title(b: BetaConvergence) -> str:
    return f"{b.variable}: {extent(b.fit.n_regions, b.fit.n_periods, 'span')}, {b.fit.spec.effects} effects"


def _origin(b: BetaConvergence, call: str, options: dict[str, object], seed: int | None) -> Provenance:
    return Provenance(call, options, b.fit.n_regions, b.fit.n_periods, b.fit.provenance.weights, seed)


@dataclass(frozen=True, eq=False, repr=False)
class ShortPanelTest(Result):
    """Four tests of one beta; `estimate` maximises the likelihood given the initial level, `rho` is that under beta.

    `table` has a row a test: statistic, p_lower (against a smaller beta), p_value (two-sided), distribution.
    """

    beta: float
    estimate: float
    table: pd.DataFrame
    rho: float
    title: str
    notes: tuple[str, ...]
    provenance: Provenance

    @property
    def p_lower(self) -> float:
        """One-sided p of the likelihood ratio, against a beta below the one imposed: convergence, if that is zero."""
        return float(self.table.loc["likelihood ratio", "p_lower"])

    @property
    def p_value(self) -> float:
        """Two-sided p of the likelihood ratio."""
        return float(self.table.loc["likelihood ratio", "p_value"])

    def tidy(self) -> pd.DataFrame:
        """Return one row a test."""
        return self.table.reset_index()

    def glance(self) -> pd.DataFrame:
        """Return one row: beta imposed, estimate, rho, p of both tests."""
        robust = self.table.loc["robust score and F"]
        row = {
            "beta": self.beta,
            "estimate": self.estimate,
            "rho": self.rho,
            "p_lower": self.p_lower,
            "p_value": self.p_value,
            "p_lower_robust": float(robust["p_lower"]),
            "p_value_robust": float(robust["p_value"]),
        }
        return pd.DataFrame([row])

    def _headline(self) -> list[str]:
        p, two, stat = self.table["p_lower"], self.table["p_value"], self.table["statistic"]
        lines = [f"Test of beta = {number(self.beta)} in {self.title}"]
        for name in ("likelihood ratio", "robust score and F"):
            lines.append(
                f"  {name}: {p_value(float(p[name]))} against a smaller beta, two-sided {p_value(float(two[name]))}"
            )
        return [
            *lines,
            f"  do fast growers slow down: t {number(float(stat['t']), 2)}, {p_value(float(p['t']))} (one-sided)",
            f"  is long-run growth more even than chance: F {number(float(stat['F']), 2)}, {p_value(float(p['F']))}",
            f"  estimate, drifts random given the initial level: {number(self.estimate)}; no standard error is usable "
            "near zero, see b.confidence_set()",
        ]


@dataclass(frozen=True, eq=False, repr=False)
class ConfidenceSet(Result):
    """The betas that are not rejected: `interval`, its ends infinite where the data do not say, NaN where none is left.

    `estimate` maximises the likelihood given the initial level; `curve` has a row a beta that was asked, with its p.
    """

    interval: tuple[float, float]
    estimate: float
    level: float
    length: float
    pieces: int
    curve: pd.DataFrame
    title: str
    notes: tuple[str, ...]
    provenance: Provenance

    @property
    def speed(self) -> tuple[float, float]:
        """Set of the speed: that of beta sent through -ln(1 + h beta) / h."""
        low, high = self.interval
        top = np.inf if 1 + self.length * low <= 0 else float(speed_of(low, self.length))
        return (-np.inf if np.isinf(high) else float(speed_of(high, self.length))), top

    @property
    def half_life(self) -> tuple[float, float]:
        """Set of the half-life; infinite where gaps need not close."""
        low, high = self.interval
        first = 0.0 if 1 + self.length * low <= 0 else float(half_life_of(low, self.length))
        return first, (np.inf if high >= 0 else float(half_life_of(high, self.length)))

    @property
    def words(self) -> str:
        """The set as it is read: an interval, a half-line, everything, or nothing."""
        low, high = self.interval
        if np.isnan(low):
            return "every beta is rejected: the model does not fit"
        if np.isinf(low) and np.isinf(high):
            return (
                "nothing can be said" if self.pieces == 1 else "no bound on either side, though some betas are rejected"
            )
        if np.isinf(low):
            return f"beta < {number(high)}"
        return f"beta > {number(low)}" if np.isinf(high) else f"beta in [{number(low)}, {number(high)}]"

    def tidy(self) -> pd.DataFrame:
        """Return one row each for beta, speed and half-life: conf_low, conf_high."""
        values = {INITIAL: self.interval, "speed": self.speed, "half_life": self.half_life}
        rows = [(term, *ends) for term, ends in values.items()]
        return pd.DataFrame(rows, columns=["term", "conf_low", "conf_high"])

    def glance(self) -> pd.DataFrame:
        """Return one row: ends, estimate, level, how many betas were asked."""
        low, high = self.interval
        row = {"conf_low": low, "conf_high": high, "estimate": self.estimate, "level": self.level}
        return pd.DataFrame([{**row, "betas_asked": len(self.curve)}])

    def _headline(self) -> list[str]:
        by = str(self.provenance.options["test"])
        lines = [f"Confidence set ({by}) of {self.title}", f"  {self.words}, {100 * self.level:g} %"]
        if not np.isnan(self.interval[0]) and not np.isinf(self.interval).all():
            s, life = self.speed, self.half_life
            lines.append(
                f"  speed from {number(s[0])} to {number(s[1])}, half-life from {number(life[0], 2)} to "
                f"{number(life[1], 2)}"
            )
        return lines
