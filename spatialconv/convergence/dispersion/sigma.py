"""Sigma convergence: does the dispersion across regions fall over time?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv._core.dispersion.decomposition import group_sums
from spatialconv._core.dispersion.measures import MEASURES, Measure, within_reach
from spatialconv._core.dynamics.trend import newey_west_lags
from spatialconv._core.hypotheses import paired
from spatialconv._core.resampling.regions import Interval
from spatialconv._options import Alternative, choice, first, names, probability, whole
from spatialconv.convergence.dispersion.bootstrap import BootstrapIntervals, bootstrap, counted, with_histories
from spatialconv.convergence.dispersion.inequality import WEIGHTED_NOTE, decomposition, percent, ratio, single_notes
from spatialconv.convergence.dispersion.omitted import sigma_of_those_there
from spatialconv.convergence.dispersion.sample import Groups, equal_shares, groups_of, refuse_negative, shares_of
from spatialconv.convergence.dispersion.sigma_tests import paired_tests, sigma_notes, trend_test, trends
from spatialconv.errors import DataError, OptionError
from spatialconv.panel import FloatArray, Missing, Panel, as_panel, omits
from spatialconv.results import TIDY, HypothesisTest, Provenance, Result, extent, merge_notes, number, p_value
from spatialconv.summary import time_axis

DEFAULT = ("mean", "sd", "cv", "mean_log", "sd_log")


@dataclass(frozen=True, eq=False, repr=False)
class SigmaConvergence(Result):
    """Dispersion across regions in every period, its trend, and tests of first against last period.

    Attributes
    ----------
    variable : str
    table : DataFrame
        One row a period: `n`, one column a measure, and `<measure>_ratio`, the leading measure relative
        to its value in the first period (`sd_log` if it is among the measures).
    trend : DataFrame
        One row a measure and one for its logarithm ("ln sd_log"): slope a unit of time with HAC standard
        error, t, p and interval, and the ordinary (iid) ones beside them.
    tests : tuple of HypothesisTest
        Pitman-Morgan (exact, the primary one), Carree-Klomp T2 and T3, and the trend of the leading measure.
    log : bool
        Whether the tests of first against last period compare variances of logs.
    ratio : float
        Variance of the last period over that of the first; below 1 where dispersion has fallen.
    ratio_interval : (float, float)
        Its exact confidence interval under bivariate normality.
    periods, regions : Index
    by_group : DataFrame or None
        With `groups`: one row a (group, period), `n`, the group's share of the population, and the measures
        among the group's own regions.
    decomposition : DataFrame or None
        With `groups`: one row a period, the parts within and between groups of Theil's T, Theil's L and, after
        Dagum, of the Gini coefficient, as far as the values allow. `theil` and `dagum` have them in full.
    """

    variable: str
    table: pd.DataFrame
    trend: pd.DataFrame
    tests: tuple[HypothesisTest, ...]
    log: bool
    ratio: float
    ratio_interval: tuple[float, float]
    periods: pd.Index
    regions: pd.Index
    notes: tuple[str, ...]
    provenance: Provenance
    by_group: pd.DataFrame | None = None
    decomposition: pd.DataFrame | None = None
    _measure: _Resampled | None = field(default=None, repr=False)

    @property
    def leading(self) -> str:
        """The measure that the ratio column, the headline and the trend test speak of."""
        return str(self.table.columns[-1]).removesuffix("_ratio")

    def bootstrap(
        self,
        *,
        draws: int = 1999,
        method: Interval = "bca",
        level: float = 0.95,
        seed: int | np.random.Generator | None = None,
        jobs: int = 1,
        progress: bool = True,
    ) -> BootstrapIntervals:
        """Return bootstrap intervals of every measure in every period, and of its change from first to last.

        Regions are drawn with replacement as whole histories, so that the dependence of a region on its own past
        enters the interval of the change; an interval that excludes zero says that dispersion has changed, without
        normality. Regions are taken as independent of one another: dependence in space makes intervals too narrow.
        So do few regions: in simulations the nominal 95 % BCa interval of the Gini coefficient covers it in 76 % of
        samples of 11 regions, 91 % of 40, 93 % of 100; a note says so wherever there are fewer than 100.

        Parameters
        ----------
        draws : int
        method : {"bca", "percentile"}
            Bias-corrected and accelerated (Efron 1987), or percentiles of the draws.
        level : float
        seed : int or Generator, optional
            Stored in the provenance; the number of jobs changes no figure.
        jobs : int
            Processes; -1 for all.
        progress : bool
            Show a progress bar where there is much to do.

        Returns
        -------
        BootstrapIntervals

        References
        ----------
        Efron, B. (1987) Better bootstrap confidence intervals. Journal of the American Statistical Association 82,
        171-185.
        """
        measure = with_histories(self._measure)
        return bootstrap(
            measure,
            measure.names,
            np.zeros(len(self.regions), dtype=np.intp),
            what=f"the dispersion of {self.variable}",
            call="sigma.bootstrap",
            periods=self.periods,
            draws=draws,
            method=method,
            level=level,
            seed=seed,
            jobs=jobs,
            progress=progress,
        )

    @property
    def pitman_morgan(self) -> HypothesisTest:
        """The primary test: equal variances in the first and the last period, same regions."""
        return self.tests[0]

    def tidy(self) -> pd.DataFrame:
        """Return the slopes of all trends, then the tests; the ratio of variances is the estimate of the first."""
        slopes = self.trend.reset_index()
        slopes["term"] = "trend of " + slopes["term"]
        low, high = self.ratio_interval
        tests = pd.DataFrame(
            {
                "term": [t.name for t in self.tests[:3]],
                "estimate": [self.ratio, np.nan, np.nan],
                "std_error": np.nan,
                "statistic": [t.statistic for t in self.tests[:3]],
                "p_value": [t.p_value for t in self.tests[:3]],
                "conf_low": [low, np.nan, np.nan],
                "conf_high": [high, np.nan, np.nan],
            }
        )
        return pd.concat([slopes[list(TIDY)], tests], ignore_index=True)

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, leading measure in the first and last period, and the two main p-values."""
        values = self.table[self.leading]
        row = {
            "variable": self.variable,
            "n_regions": len(self.regions),
            "n_periods": len(self.periods),
            "first": self.periods[0],
            "last": self.periods[-1],
            "measure": self.leading,
            "measure_first": values.iloc[0],
            "measure_last": values.iloc[-1],
            "variance_ratio": self.ratio,
            "p_pitman_morgan": self.pitman_morgan.p_value,
            "p_trend": self.tests[-1].p_value,
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        a, b = self.periods[0], self.periods[-1]
        values = self.table[self.leading]
        term = self.tests[-1].name.removeprefix("trend of ")
        slope = self.trend.loc[term]
        of = "" if slope.isna()["p_value"] else f" (HAC s.e. {number(slope['std_error'])}, {p_value(slope['p_value'])})"
        change = f"{number(slope['estimate'])} a unit of time{of}" if np.isfinite(slope["estimate"]) else "undefined"
        test = self.pitman_morgan
        said = test.reason or f"t({number(test.df, 0)}) = {number(test.statistic, 3)}, {p_value(test.p_value)}"
        lines = [
            f"Sigma convergence of {self.variable}: {extent(len(self.regions), len(self.periods))} ({a} to {b})",
            f"  {MEASURES[self.leading].label}: {number(values.iloc[0])} ({a}), {number(values.iloc[-1])} ({b})",
            f"  equal variances in {a} and {b} (Pitman-Morgan, paired): {said}",
            f"  trend of {term}: {change}",
        ]
        if self.decomposition is not None and self.by_group is not None:
            parts = self.decomposition[["theil_t_between", "theil_t_within"]]
            share = ratio(parts["theil_t_between"].to_numpy(), parts.sum(axis=1).to_numpy())
            lines.append(
                f"  Theil's T between groups of {self.by_group.index.names[0]}: {percent(share[0])} ({a}), "
                f"{percent(share[-1])} ({b})"
            )
        return lines


def sigma(
    panel: Panel,
    variable: str,
    *,
    measures: str | Iterable[str] | None = None,
    population: Any = None,
    groups: Any = None,
    alternative: Alternative = "two-sided",
    lags: int | None = None,
    level: float = 0.95,
    missing: Missing = "raise",
) -> SigmaConvergence:
    r"""Measure the dispersion of a variable across regions in every period and test whether it changes.

    Use it to see whether regions have come closer together; beta convergence is necessary for that but not
    sufficient. The standard deviation is the sample one (n - 1).

    Parameters
    ----------
    panel : Panel
        Complete for this variable, two regions or more.
    variable : str
        In levels, not in logs: positive wherever a measure takes logs.
    measures : names, optional
        Columns of the table, from `mean`, `sd`, `cv`, `williamson` (with a population only), `mean_log`, `sd_log`,
        `cv_log` (depends on the unit, which a note says), `gini`, `theil_t`, `theil_l`, `hoover`, `atkinson_05`,
        `atkinson_1`, `atkinson_2`. By default mean, sd and cv of levels, mean and sd of logs. `mean`, `sd` and `cv`
        take any values; `gini`, `theil_t`, `hoover` and `atkinson_05` zero or more; the others positive ones.
    population : str, mapping or Series, optional
        Column of the panel, or one figure a region for all periods. The measures then count people instead of
        regions: each person is given the mean of the region. `variable` has to be per head for that. With shares p,
        mean = sum p x, sd = sqrt(sum p (x - mean)^2) without a correction of n - 1, and so on; cv is Williamson's
        (1965) index. The tests of first against last period stay unweighted.
    groups : str, mapping or Series, optional
        Column of the panel, or the group of each region: adds `by_group` and `decomposition` to the result.
    alternative : {"two-sided", "less", "greater"}
        Of the tests: dispersion differs, has fallen (convergence), or has risen. T2 is always two-sided.
    lags : int, optional
        Truncation of the Newey-West standard error of the trend; floor(4 (T/100)^(2/9)) by default.
    level : float
        Of the confidence intervals.
    missing : {"raise", "omit"}
        "omit" takes in every period the regions that have a value, n of the table; the tests of first against last
        period take those that are there in both. Regions that come or go change the dispersion too.

    Returns
    -------
    SigmaConvergence

    Raises
    ------
    NotPositiveError
        If a value is zero or negative and a measure takes its logarithm, or a population is not positive.
    MissingDataError, UnbalancedPanelError
        If a value is missing.
    DataError
        If there is one region only.

    Notes
    -----
    The tests compare variances of logs if any of the measures does, else of levels. First and last period
    hold the *same* regions, so their variances are dependent. An F test of independent samples (as in
    Lichtenberg, 1994, and in the R package REAT) is therefore not offered: in 40 000 simulated samples of 48
    pairs with equal variances and a correlation of 0.9 its nominal 5 % test rejects in 0.003 %, and it has
    next to no power. What is offered, simulated at (n = 11, n = 48), correlation 0.9, in per cent:

    - Pitman-Morgan, exact under bivariate normality: (4.9, 4.9).
    - T2 of Carree and Klomp (1997), a corrected likelihood ratio, a function of the former: (4.9, 4.9).
    - T3 of Carree and Klomp (1997), large-sample: (3.9, 7.8), and undefined (slope of 1 or more) in (24, 6) per
      cent of the samples; given because papers report it.

    All suppose that regions are drawn independently of one another; dependence in space leaves fewer
    independent observations than regions and makes each of them reject too often. They suppose normality
    too: heavy tails do the same.

    References
    ----------
    Barro, R. J. and Sala-i-Martin, X. (1992) Convergence. Journal of Political Economy 100, 223-251.
    Pitman, E. J. G. (1939) A note on normal correlation. Biometrika 31, 9-12.
    Morgan, W. A. (1939) A test for the significance of the difference between the two variances in a sample
    from a normal bivariate population. Biometrika 31, 13-19.
    Williamson, J. G. (1965) Regional inequality and the process of national development: a description of the
    patterns. Economic Development and Cultural Change 13(4), 1-84.
    Carree, M. and Klomp, L. (1997) Testing the convergence hypothesis: a comment. Review of Economics and
    Statistics 79, 683-686.
    Newey, W. K. and West, K. D. (1987) A simple, positive semi-definite, heteroskedasticity and
    autocorrelation consistent covariance matrix. Econometrica 55, 703-708.

    Examples
    --------
    >>> import pandas as pd, spatialconv as sc
    >>> frame = pd.DataFrame(
    ...     {"city": list("abcd") * 3, "year": [1] * 4 + [2] * 4 + [3] * 4, "y": [1, 2, 4, 9, 2, 3, 6, 9, 3, 4, 6, 9.0]}
    ... )
    >>> result = sc.sigma(sc.Panel(frame, region="city", period="year"), "y", measures=("sd_log", "gini"))
    >>> result.table["gini"].round(3).tolist()
    [0.406, 0.3, 0.227]
    >>> round(result.pitman_morgan.p_value, 3)
    0.003
    """
    chosen = _chosen(_default(population) if measures is None else measures, population)
    choice("alternative", alternative, get_args(Alternative))
    probability("level", level)
    if omits(missing):
        found: SigmaConvergence = sigma_of_those_there(
            sigma, panel, variable, population=population, lags=lags, alternative=alternative, level=level,
            measures=tuple(chosen), groups=groups,
        )  # fmt: skip
        return found
    values, logs = _values(panel, variable, chosen)
    shares = shares_of(panel, population)
    measure = _Resampled(values, logs, shares, tuple(chosen))
    table = _table(panel, measure, chosen)
    partition = None if groups is None else groups_of(panel, groups)
    time, by_position = time_axis(panel.periods)
    lags = newey_west_lags(len(time)) if lags is None else whole("lags", lags)
    slopes = trends(table, chosen, time, lags, alternative, level)
    # One power of two for all periods: ratios of variances stay, and 1e-200 has a square.
    compared = within_reach(values.reshape(1, -1))[0].reshape(values.shape) if logs is None else logs
    moments = paired.paired_variances(compared[0], compared[-1])
    a, b = panel.periods[0], panel.periods[-1]
    what = f"{'logs of ' if logs is not None else ''}{variable}"
    tests = paired_tests(moments, alternative, what, a, b, single=panel.n_periods == 1)
    return SigmaConvergence(
        variable=variable,
        table=table,
        trend=slopes,
        tests=(*tests, trend_test(slopes, table.columns[-1].removesuffix("_ratio"), alternative)),
        log=logs is not None,
        ratio=moments.ratio if panel.n_periods > 1 else np.nan,
        ratio_interval=paired.ratio_interval(moments, level) if panel.n_periods > 1 else (np.nan, np.nan),
        periods=panel.periods,
        regions=panel.regions,
        notes=merge_notes(
            panel.notes,
            sigma_notes(table, values, time, by_position, variable),
            () if shares is None else (WEIGHTED_NOTE,),
            () if partition is None else single_notes(partition),
        ),
        provenance=Provenance(
            "sigma",
            {"variable": variable, "measures": tuple(chosen), "alternative": alternative, "lags": lags, "level": level},
            panel.n_regions,
            panel.n_periods,
        ),
        by_group=None if partition is None else _by_group(panel, measure, chosen, partition),
        decomposition=None if partition is None else decomposition(panel, values, shares, partition),
        _measure=measure,
    )


def _default(population: Any) -> tuple[str, ...]:
    return DEFAULT if population is None else ("mean", "sd", "williamson", "mean_log", "sd_log")


def _chosen(measures: str | Iterable[str], population: Any) -> dict[str, Measure]:
    chosen = {name: MEASURES[choice("measures", name, tuple(MEASURES))] for name in names("measures", measures)}
    if all(measure.location for measure in chosen.values()):
        known = ", ".join(repr(name) for name, measure in MEASURES.items() if not measure.location)
        raise OptionError(f"measures must name at least one measure of dispersion of {known}; got {tuple(chosen)!r}.")
    lacking = [name for name, measure in chosen.items() if measure.weighted_only]
    if lacking and population is None:
        raise OptionError(f"{', '.join(lacking)} counts people: give population=, a column or a figure a region.")
    return chosen


def _values(panel: Panel, variable: str, chosen: dict[str, Measure]) -> tuple[FloatArray, FloatArray | None]:
    as_panel(panel)
    values = panel.values(variable)
    if panel.n_regions < 2:
        raise DataError(f"dispersion needs two regions or more; the panel has one, {first(list(panel.regions))}.")
    if any(m.domain == "positive" for m in chosen.values()):
        panel.values(variable, log=True)
    wanting = [name for name, m in chosen.items() if m.domain == "non-negative"]
    if wanting:
        refuse_negative(panel, variable, values, ", ".join(wanting))
    return values, np.log(values) if any(m.log for m in chosen.values()) else None


def _table(panel: Panel, measure: _Resampled, chosen: dict[str, Measure]) -> pd.DataFrame:
    columns: dict[str, Any] = {"n": np.full(panel.n_periods, panel.n_regions)}
    for name in chosen:
        columns[name] = measure.figure(name)
    dispersion = [name for name, m in chosen.items() if not m.location]
    leading = "sd_log" if "sd_log" in dispersion else dispersion[0]
    start = columns[leading][0]
    columns[f"{leading}_ratio"] = columns[leading] / (start if start > 0 else np.nan)
    return pd.DataFrame(columns, index=panel.periods)


def _by_group(panel: Panel, measure: _Resampled, chosen: dict[str, Measure], groups: Groups) -> pd.DataFrame:
    shares = equal_shares(measure.values) if measure.shares is None else measure.shares
    people = group_sums(shares, groups.codes)
    parts = []
    for code, size in enumerate(groups.sizes):
        own = measure.among(groups.codes == code)
        # One region differs from none: no measure of dispersion, rather than one of zero.
        alone = {name: np.full(panel.n_periods, np.nan) for name, m in chosen.items() if not m.location}
        columns = {name: own.figure(name) for name in chosen if size > 1 or name not in alone} | (
            alone if size < 2 else {}
        )
        frame = pd.DataFrame({"n": size, "population_share": people[:, code], **columns}, index=panel.periods)
        parts.append(frame[["n", "population_share", *chosen]])
    return pd.concat(parts, keys=groups.labels, names=[groups.name, panel.period])


@dataclass(frozen=True, eq=False)
class _Resampled:
    """The sample with its measures: as it is, among some regions, or with regions counted more or less often."""

    values: FloatArray
    logs: FloatArray | None
    shares: FloatArray | None
    names: tuple[str, ...]

    def figure(self, name: str) -> FloatArray:
        """Return a measure in every period."""
        return MEASURES[name].function(self._scale(name), self.shares)

    def among(self, chosen: npt.NDArray[np.bool_]) -> _Resampled:
        """Return the sample of some regions only."""
        shares = None if self.shares is None else self.shares[:, chosen]
        if shares is not None:
            shares = shares / shares.sum(axis=1, keepdims=True)
        return _Resampled(
            self.values[:, chosen], None if self.logs is None else self.logs[:, chosen], shares, self.names
        )

    def __call__(self, counts: FloatArray) -> FloatArray:
        """Return the measures, (B, T, K), with regions counted so often, (B, N)."""
        p = counted(equal_shares(self.values) if self.shares is None else self.shares, counts)
        n = counts.sum(axis=1)[:, None]
        # Weights divide by n; what divides by n - 1 does so in every draw.
        sample = np.sqrt(n / (n - 1.0))
        figures = []
        for name in self.names:
            figure = MEASURES[name].function(np.broadcast_to(self._scale(name), p.shape), p)
            figures.append(figure * sample if self.shares is None and MEASURES[name].sample else figure)
        return np.stack(figures, axis=-1)

    def _scale(self, name: str) -> FloatArray:
        return self.logs if MEASURES[name].log and self.logs is not None else self.values
