"""Tests of beta for few periods, under region and two-way effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv._core.few_periods.combine import Verdict
from spatialconv._core.few_periods.exact import Exact, exact
from spatialconv._core.few_periods.imposed import Imposed, Normals, Setup, Statistics, statistics
from spatialconv._core.few_periods.likelihood import HIGHEST, LOWEST, products
from spatialconv._core.few_periods.profile import RHO_POINTS, p_values
from spatialconv._core.few_periods.sample import Sample
from spatialconv._options import choice, count_of, generator
from spatialconv.convergence.few_periods.arrays import sample_of_fit
from spatialconv.convergence.few_periods.simulated import misses
from spatialconv.errors import OptionError
from spatialconv.results import Provenance, Result, extent, number, p_value

if TYPE_CHECKING:
    from spatialconv.convergence.beta.beta import BetaConvergence

RhoBy = Literal["estimated", "maximised"]
# Two tests that fall on different sides of this level disagree.
NOMINAL = 0.05
# Drawn panels of which so many explode are told by the betas at which they do.
MANY = 0.05
EVEN = (
    "F takes errors for uncorrelated over time, and the likelihood ratio rests on the same comparison: errors of "
    "measurement in the levels make long-run growth look even"
)


def short_panel_test(
    b: BetaConvergence,
    *,
    beta: float = 0.0,
    draws: int = 1999,
    rho: RhoBy = "estimated",
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
    rho : {"estimated", "maximised"}
        Draw from rho as estimated under the value imposed, or take the largest p over the interval of rho, which holds
        whatever rho is (Dufour 2006): for fewer than twenty regions or so, at twelve times the cost.
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
        If spans do not follow one another, too little is left after the effects, or there are more than 2,000 regions.

    Notes
    -----
    - likelihood ratio: drifts are random around a line in the initial level, of a variance that cannot be negative.
      Residuals are drawn with regions' variances as uncertain as the sample leaves them.
    - robust score and F: the adjusted quasi score of beta, robust to variances that differ by region, and F, combined
      by Fisher's product with half the size kept for the score. Holds for any drifts.
    - t: do regions that grow faster slow down? F: is long-run growth more even than the noise of single years allows?
      Both exact for normal errors and rho known; their rho is the estimate under the beta that is imposed.

    References
    ----------
    Yang (2018), Journal of Econometrics 205. Hsiao, Pesaran and Tahmiscioglu (2002), Journal of Econometrics 109.
    Langsrud (2005), Statistics and Computing 15. Dufour (2006), Journal of Econometrics 133. Smyth (2004), Statistical
    Applications in Genetics and Molecular Biology 3.

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
    choice("rho", rho, RhoBy)
    rng, used = generator(seed)
    setup = Setup.of(sample_of(b, draws))
    normals = Normals.draw(setup.sample, draws, rng)
    return tested(b, setup, normals, float(beta), rho, used)


def tested(
    b: BetaConvergence, setup: Setup, normals: Normals, beta: float, rho: RhoBy, seed: int | None
) -> ShortPanelTest:
    """Return all four tests of a beta of annualised growth on random numbers already drawn."""
    value, worst = beta * b.length, rho == "maximised"
    v = p_values(setup, value, normals, worst=worst)
    table = _table(statistics(setup, value), exact_parts(setup.sample, value, worst=worst), v)
    options: dict[str, object] = {"beta": beta, "draws": len(normals.score), "rho": rho}
    best = float(setup.best.b[0]) / b.length
    at = v.rho if setup.sample.W is not None else float("nan")
    origin = origin_of(b, "short_panel_test", options, seed)
    notes = (*_notes(table), *exploded({beta: v.lost}), *misses(b.fit.spec.effects, setup.sample.T))
    return ShortPanelTest(beta, best, table, at, title_of(b), notes, origin)


class ExactParts(NamedTuple):
    """The exact t and F of a value, with their p: against a smaller value (both), and two-sided (t)."""

    found: Exact
    t_below: float
    t_two: float
    F_below: float


def exact_parts(sample: Sample, value: float, *, worst: bool = False) -> ExactParts:
    """Return the exact t and F of a value of a span's beta: rho as estimated under it, or where p is largest."""
    own = sample.levels[None]
    rhos = Imposed.on(sample, value).rho(products(sample, own))
    if worst and sample.W is not None:
        rhos = np.concatenate([rhos, np.linspace(*sample.window(), RHO_POINTS)])
    every = [exact(sample, own, value, float(rho)) for rho in rhos]
    below = max(float(stats.t.cdf(e.t[0], e.t_dof)) for e in every)
    two = max(float(2 * stats.t.sf(abs(e.t[0]), e.t_dof)) for e in every)
    return ExactParts(every[0], below, two, max(float(stats.f.cdf(e.F[0], *e.F_dof)) for e in every))


def sample_of(b: BetaConvergence, draws: int = 0) -> Sample:
    """Return the arrays of a regression, growth of a whole span; raise where theory, or memory, does not reach."""
    return sample_of_fit(b.fit, b.length, draws)


def _table(here: Statistics, parts: ExactParts, v: Verdict) -> pd.DataFrame:
    t, F = float(parts.found.t[0]), float(parts.found.F[0])
    first, second = parts.found.F_dof
    rows = {
        "likelihood ratio": (float(here.root[0]), v.ratio_below, v.ratio_two, "signed root, rotation"),
        "robust score and F": (float(here.score[0]), v.joint_below, v.joint_two, "rotation, combined"),
        "t": (t, parts.t_below, parts.t_two, f"t({parts.found.t_dof})"),
        "F": (F, parts.F_below, np.nan, f"F({first}, {second}), lower tail"),
    }
    columns = ["statistic", "p_lower", "p_value", "distribution"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("test")


def _notes(table: pd.DataFrame) -> tuple[str, ...]:
    ratio, robust = table["p_lower"].iloc[0], table["p_lower"].iloc[1]
    notes = [EVEN]
    if (ratio <= NOMINAL) != (robust <= NOMINAL):
        notes.insert(
            0,
            "the two tests disagree at 5 %: in simulated panels of 11 x 4 with two-way effects the ratio finds "
            "beta = -0.2 more often (56 against 47 %), but takes drifts for random around a line in the initial level, "
            "where the robust test holds for any drifts",
        )
    return tuple(notes)


def exploded(shares: Mapping[float, float]) -> list[str]:
    """Say at which betas drawn panels explode, of the shares of panels that do, so that a normal root stands in.

    Which single panels do hangs on the last digits of a machine; what is said does not.
    """
    if not any(shares.values()):
        return []
    stands_in = "a normal value, the limit there, stands in for their likelihood ratio"
    some = [beta for beta, share in shares.items() if share >= MANY]
    if not some:
        return [f"levels of fewer than {100 * MANY:g} % of the drawn panels grow beyond all numbers; {stands_in}"]
    where = (
        f"at beta = {number(some[0])}"
        if len(some) == 1
        else f"at betas from {number(min(some))} to {number(max(some))}"
    )
    most = max(10 * round(10 * max(shares.values())), round(100 * MANY))
    return [f"{where} levels of up to about {most:g} % of the drawn panels grow beyond all numbers; {stands_in}"]


def title_of(b: BetaConvergence) -> str:
    """Return the regression in words."""
    return f"{b.variable}: {extent(b.fit.n_regions, b.fit.n_periods, 'span')}, {b.fit.spec.effects} effects"


def origin_of(b: BetaConvergence, call: str, options: dict[str, object], seed: int | None) -> Provenance:
    """Return where figures of a regression come from."""
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
