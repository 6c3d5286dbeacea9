"""Panel unit roots of gaps: does any region, or every one, come back to the mean of all or to a leader?"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._core.stochastic import panel_statistics as ps
from spatialconv._core.stochastic.dickey_fuller import Regressions, Trend
from spatialconv._core.stochastic.moments import LLC_PERIODS, WTBAR_PERIODS
from spatialconv._core.stochastic.resampled import CIPS_DRAWS, cips_null, null_paths
from spatialconv._options import count_of, first, generator
from spatialconv.convergence.stochastic.gaps import WORDS, Gaps, Lags, checked, gaps_of, refuse_still
from spatialconv.convergence.stochastic.statistics import LEFT, asymptotic, more_extreme, unit_root_statistics
from spatialconv.errors import DataError
from spatialconv.panel import FloatArray, Panel
from spatialconv.results import TIDY, Provenance, Result, extent, merge_notes, number, p_value, plural

ALL, EVERY = "every gap has a unit root", "every gap is stationary"
SOME, ONE = "some gaps come back: a part of the regions converges", "some gap has a unit root: not all converge"
WHAT = {
    "W-tbar": (ALL, SOME),
    "LLC t*": (ALL, "all gaps come back, at one common rate"),
    "Fisher P": (ALL, SOME),
    "Choi Pm": (ALL, SOME),
    "Choi Z": (ALL, SOME),
    "Choi L*": (ALL, SOME),
    "CIPS": ("each region has a unit root beside what all share", "some regions come back to what all share"),
    "Hadri, equal variances": (EVERY, ONE),
    "Hadri, own variances": (EVERY, ONE),
    "Hadri, long-run variances": (EVERY, ONE),
}
_HADRI = {"equal": "Hadri, equal variances", "unequal": "Hadri, own variances", "long-run": "Hadri, long-run variances"}


def unit_roots(
    panel: Panel,
    variable: str,
    *,
    relative_to: Hashable = "mean",
    trend: Trend = "constant",
    lags: Lags = "bic",
    max_lags: int | None = None,
    log: bool = True,
    draws: int = 499,
    seed: int | np.random.Generator | None = 0,
) -> UnitRoots:
    r"""Test for stochastic convergence: do shocks to the gaps between regions die out, or do gaps wander?

    Use it on long panels (twenty periods or more). Two kinds of tests with opposite nulls stand side by side: unit
    roots in all gaps (Im, Pesaran and Shin; Levin, Lin and Chu; Fisher and Choi; CIPS of the levels), and stationarity
    of all (Hadri). Read both: where both kinds reject, some regions converge and some do not.

    Parameters
    ----------
    panel : Panel
        Complete for this variable, at even distances in time; three regions and ten periods or more.
    variable : str
        In levels where `log` is True.
    relative_to : "mean", "leader" or a region
        What gaps are measured from: the mean of all regions by period, the region highest on average, or one named.
    trend : {"none", "constant", "trend"}
        Deterministic terms. With a constant, gaps come back to a level of each region's own (conditional
        convergence); without, to zero; a trend lets gaps close, or open, along a line.
    lags : int, "aic" or "bic"
        Lagged changes in every regression, or how each region's are chosen.
    max_lags : int, optional
        The most that are chosen among; 4 (T/100)^(1/4) by default.
    log : bool
        Take logarithms first.
    draws : int
        Bootstrap samples under the null of unit roots; 0 for none. Innovations are drawn with the correlations between
        regions that are found, shrunken by what chance adds to them, and lags are chosen anew in each.
    seed : int, Generator or None
        Of the bootstrap.

    Returns
    -------
    UnitRoots
        `.tests` (a row a test: statistic, p_value, p_bootstrap, null, rejection), `.table` (a row a region)

    Raises
    ------
    DataError
        If there are fewer than three regions or ten periods, uneven steps, or a gap that never changes.
    OptionError, NotPositiveError, MissingDataError, UnbalancedPanelError, VariableError
        As `log_t`.

    Notes
    -----
    With :math:`z_{it}` the gap, :math:`\Delta z_{it} = d_t + b_i z_{i,t-1} + \sum_j c_{ij} \Delta z_{i,t-j} + e_{it}`
    region by region. W-tbar standardises the mean t of :math:`b_i` by the moments of Im, Pesaran and Shin's table 3;
    Fisher and Choi combine MacKinnon's p-values of these t; Levin, Lin and Chu pool b. CIPS is the mean of t-values
    (cut at Pesaran's bounds) of the levels' regressions augmented by averages over regions; its p comes from 1,999
    panels of independent random walks of the same size. Hadri's statistic is the mean of those of Kwiatkowski et al.

    Asymptotic p-values take regions as independent, which neighbours are not, and more so in short panels: rest on
    `p_bootstrap`. Hadri's test has no bootstrap here; it
    rejects far too often where gaps return slowly, and supports convergence only where it does not reject.

    References
    ----------
    Carlino, G. and Mills, L. (1993), Are U.S. Regional Incomes Converging?, Journal of Monetary Economics 32, 335-346.
    Bernard, A. and Durlauf, S. (1995), Convergence in International Output, Journal of Applied Econometrics 10, 97-108.
    Im, K. S., Pesaran, M. H. and Shin, Y. (2003), Journal of Econometrics 115, 53-74. Levin, A., Lin, C.-F. and Chu,
    C.-S. J. (2002), Journal of Econometrics 108, 1-24. Maddala, G. S. and Wu, S. (1999), Oxford Bulletin of Economics
    and Statistics 61, 631-652. Choi, I. (2001), Journal of International Money and Finance 20, 249-272. Pesaran, M. H.
    (2007), Journal of Applied Econometrics 22, 265-312. Hadri, K. (2000), Econometrics Journal 3, 148-161. Schaefer, J.
    and Strimmer, K. (2005), Statistical Applications in Genetics and Molecular Biology 4, 32 (the correlations).

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> found = sc.unit_roots(us.panel, "income", draws=0)
    >>> found.tests["statistic"].round(2).loc[["W-tbar", "CIPS"]].to_dict()
    {'W-tbar': -5.19, 'CIPS': -3.22}
    """
    data = gaps_of(panel, variable, relative_to, log)
    T, N = data.gaps.shape
    trend, lags, most = checked(trend, lags, max_lags, T)
    count = count_of("draws", draws)
    rng, stored = generator(seed)
    refuse_still(data.gaps, list(data.regions), f"the gap of {data.what} from {data.of}")
    fits, p, values = unit_root_statistics(data.gaps[:, None], trend, lags, most)
    _refuse_exact(fits, data)
    boot: dict[str, float] = {}
    if count:
        paths = null_paths(data.gaps, fits.lags, count, rng, centred=data.centred)
        _, _, drawn = unit_root_statistics(paths, trend, lags, most)
        boot = {name: more_extreme(drawn[name], float(values[name][0]), name in LEFT) for name in values}
    if trend != "none":
        bandwidth = int(4 * (T / 100) ** 0.25)
        values |= {_HADRI[kind]: value for kind, value in ps.hadri(data.gaps[:, None], trend, bandwidth).items()}
    limits = asymptotic(values, N)
    tests = {name: (float(values[name][0]), float(limits[name][0]), boot.get(name, np.nan)) for name in values}
    common = int(np.ceil(np.median(fits.lags)))
    cips, cips_p, cadf = _cips(data.levels, trend, common)
    tests["CIPS"] = (cips, cips_p, np.nan)
    options = {
        "variable": variable,
        "relative_to": relative_to,
        "trend": trend,
        "lags": lags,
        "max_lags": most,
        "log": bool(log),
        "draws": count,
    }
    return UnitRoots(
        tests=_tests(tests),
        table=_table(fits, p[0], data, cadf, panel.regions),
        gaps=pd.DataFrame(data.gaps, index=data.periods, columns=data.regions),
        what=data.what,
        of=data.of,
        trend=trend,
        variable=variable,
        notes=merge_notes(data.notes, _notes(fits, T, trend, common, count)),
        provenance=Provenance("unit_roots", options, panel.n_regions, T, seed=stored),
    )


def _refuse_exact(fits: Regressions, data: Gaps) -> None:
    """Refuse regressions that fit to the last digit: their t-values are noise of rounding."""
    exact = fits.rss <= 1e-18 * np.maximum(fits.change2, 1e-300)
    if exact.any():
        held = [data.regions[int(k)] for k in np.flatnonzero(exact)]
        raise DataError(
            f"the regressions of {first(held)} fit exactly: their gaps follow a rule without any shock, and a test has "
            "nothing to go by. Filled or made-up values do that; take fewer lags or leave these regions out."
        )


def _cips(levels: FloatArray, trend: Trend, lags: int) -> tuple[float, float, FloatArray]:
    T, N = levels.shape
    # Coefficients: own level and lags, averages of level, change and lags, deterministic terms.
    while lags and T - 1 - lags - (3 + 2 * lags + {"none": 0, "constant": 1, "trend": 2}[trend]) < 2:
        lags -= 1
    t = ps.truncated(ps.cadf(levels[:, None], trend, lags), trend)[0]
    value = float(t.mean())
    if not np.isfinite(value):
        return np.nan, np.nan, t
    return value, more_extreme(cips_null(N, T, trend, lags), value, True), t


def _tests(found: dict[str, tuple[float, float, float]]) -> pd.DataFrame:
    rows = {
        name: {
            "statistic": found[name][0],
            "p_value": found[name][1],
            "p_bootstrap": found[name][2],
            "null": null,
            "rejection": f"a rejection means: {said}",
        }
        for name, (null, said) in WHAT.items()
        if name in found
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("test")


def _table(fits: Regressions, p: FloatArray, data: Gaps, cadf: FloatArray, all_regions: pd.Index) -> pd.DataFrame:
    rho = 1 + fits.slope
    inside = (rho > 0) & (rho < 1)
    half = np.full(len(rho), np.nan)
    half[inside] = np.log(0.5) / np.log(rho[inside])
    return pd.DataFrame(
        {
            "rho": rho,
            "t": fits.t,
            "p_value": p,
            "lags": fits.lags.astype(int),
            "half_life": half,
            "cadf": pd.Series(cadf, index=all_regions).reindex(data.regions).to_numpy(),
            "first_gap": data.gaps[0],
            "last_gap": data.gaps[-1],
        },
        index=data.regions,
    )


def _notes(fits: Regressions, T: int, trend: Trend, common: int, draws: int) -> tuple[str, ...]:
    notes = []
    if draws:
        notes.append("p_bootstrap draws regions as dependent as these are; p_value takes them as independent")
    else:
        notes.append("p_value takes regions as independent, which they seldom are; draws=499 does not")
    low, high = int(fits.n.min()), int(fits.n.max())
    if trend != "none" and (low < WTBAR_PERIODS[0] or high > WTBAR_PERIODS[-1]):
        notes.append(f"moments of W-tbar are tabulated for 10 to 100 observations; the nearest stand for {low}")
    if T - fits.lags.mean() - 1 < LLC_PERIODS[0]:
        notes.append("adjustments of Levin, Lin and Chu are tabulated from 25 periods on; those of 25 are taken")
    used = plural(common, "lag")
    notes.append(f"CIPS is of the levels, with {used} and p from {CIPS_DRAWS:,} panels of random walks")
    if trend == "none":
        notes.append("W-tbar and Hadri's tests have no form without a constant")
    return tuple(notes)


@dataclass(frozen=True, eq=False, repr=False)
class UnitRoots(Result):
    """Tests of stochastic convergence of all regions, and the regression of every one.

    Attributes
    ----------
    tests : DataFrame
        One row a test: `statistic`, `p_value` (asymptotic; simulated for CIPS), `p_bootstrap`, `null`, and in
        `rejection` what a rejection means.
    table : DataFrame
        One row a region: `rho` (share of a gap left after a period), `t` of rho = 1 and MacKinnon's `p_value`, `lags`,
        `half_life` in periods, `cadf` (the region's part of CIPS), `first_gap` and `last_gap`.
    gaps : DataFrame
        The series tested, one row a period and one column a region.
    what, of : str
        What gaps are gaps in, and from whom.
    trend, variable : str
    notes, provenance : see `spatialconv.results`
    """

    tests: pd.DataFrame
    table: pd.DataFrame
    gaps: pd.DataFrame
    what: str
    of: str
    trend: Trend
    variable: str
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row a test, with p_bootstrap, its null and what a rejection means."""
        rows = self.tests.rename_axis("term").reset_index()
        return rows.reindex(columns=[*TIDY, "p_bootstrap", "null", "rejection"])

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, deterministic terms, mean of rho, and the p of the main tests."""
        row: dict[str, Any] = {
            "variable": self.variable,
            "n_regions": self.gaps.shape[1],
            "n_periods": len(self.gaps),
            "trend": self.trend,
            "mean_rho": float(self.table["rho"].mean()),
            "median_half_life": float(self.table["half_life"].median()),
            "p_unit_roots": self.p_unit_roots,
            "p_cips": self.tests.loc["CIPS", "p_value"],
        }
        return pd.DataFrame([row])

    @property
    def p_unit_roots(self) -> float:
        """P of W-tbar (of Fisher's P without a constant) that every gap has a unit root: bootstrapped if drawn."""
        row = self.tests.loc["W-tbar" if "W-tbar" in self.tests.index else "Fisher P"]
        boot = float(row["p_bootstrap"])
        return float(row["p_value"]) if np.isnan(boot) else boot

    def _of_regions(self, period: Hashable) -> pd.DataFrame | None:  # noqa: ARG002 - of all periods
        return self.table

    def _display(self) -> pd.DataFrame:
        return self.tests

    def _headline(self) -> list[str]:
        lines = [
            f"Unit roots of gaps in {self.what} from {self.of}: {extent(self.gaps.shape[1], len(self.gaps))}, "
            f"{WORDS[self.trend]}"
        ]
        groups = self.tests.groupby("rejection", sort=False)
        for said, rows in groups:
            lines.append(f"  null: {rows['null'].iloc[0]}; {said}")
            for name, row in rows.iterrows():
                boot = row["p_bootstrap"]
                drawn = "" if np.isnan(boot) else f", bootstrap {p_value(boot)}"
                lines.append(f"    {name} {number(row['statistic'], 2)}, {p_value(row['p_value'])}{drawn}")
        rho, half = self.table["rho"].mean(), self.table["half_life"].median()
        lines.append(f"  mean rho {number(rho, 3)}, median half-life of a gap {number(half, 1)} periods")
        return lines
