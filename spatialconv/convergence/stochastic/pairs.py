"""Pairwise stochastic convergence: of how many pairs of regions does the gap come back?"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._core.stochastic.dickey_fuller import IntArray, Trend, regressions
from spatialconv._core.stochastic.resampled import null_paths
from spatialconv._options import count_of, generator
from spatialconv.convergence.stochastic.gaps import WORDS, Lags, checked, lags_of, levels_of, refuse_still
from spatialconv.convergence.stochastic.statistics import mackinnon, more_extreme
from spatialconv.errors import OptionError
from spatialconv.panel import FloatArray, Panel
from spatialconv.results import TIDY, Provenance, Result, extent, merge_notes, number, p_value

# Levels whose critical values MacKinnon (2010) gives.
LEVELS = (0.01, 0.05, 0.1)
_CODES = {"none": "n", "constant": "c", "trend": "ct"}
# Numbers of a stack of gaps at once: 80 MB.
_BLOCK = 10_000_000


def unit_roots_pairwise(
    panel: Panel,
    variable: str,
    *,
    trend: Trend = "constant",
    lags: Lags = "bic",
    max_lags: int | None = None,
    log: bool = True,
    level: float = 0.05,
    draws: int = 99,
    seed: int | np.random.Generator | None = 0,
) -> PairwiseUnitRoots:
    r"""Test the gap of every pair of regions for a unit root, and count the pairs that reject (Pesaran 2007).

    Needs no leader and no mean, and so does not hang on whom regions are compared with. If no two regions converge,
    a share `level` of pairs rejects; if all do, all reject as time goes on. What lies between is a share of pairs.

    Parameters
    ----------
    panel : Panel
        Complete for this variable, at even distances in time; three regions and ten periods or more.
    variable : str
        In levels where `log` is True.
    trend, lags, max_lags, log
        As in `unit_roots`, of the gap of each pair.
    level : {0.01, 0.05, 0.1}
        Of the test of a pair.
    draws : int
        Bootstrap samples in which every region has a unit root of its own, for the p of the share; 0 for none. Pairs
        are N (N - 1) / 2 in each: with hundreds of regions take few.
    seed : int, Generator or None
        Of the bootstrap.

    Returns
    -------
    PairwiseUnitRoots
        `.share`, `.p_value`, `.table` (a row a region: share of its pairs that reject), `.t` and `.pairs`

    Raises
    ------
    DataError
        As `unit_roots`.
    OptionError
        If the level has no critical value.

    Notes
    -----
    The t of each pair's regression of Dickey and Fuller is held against MacKinnon's (2010) critical value for its
    number of observations. Pairs share regions and so are not independent: a share has no binomial error. Its p is
    that of a share as large where all levels are random walks whose innovations are correlated as those found are
    (shrunken, as in `unit_roots`); a shared factor that two regions load on differently keeps their gap from coming
    back.

    References
    ----------
    Pesaran, M. H. (2007), A Pair-wise Approach to Testing for Output and Growth Convergence, Journal of Econometrics
    138, 312-355. MacKinnon, J. G. (2010), Critical Values for Cointegration Tests, Queen's University working paper
    1227.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> found = sc.unit_roots_pairwise(us.panel, "income", draws=0)
    >>> len(found.pairs), round(found.share, 2)
    (1128, 0.17)
    """
    levels, notes = levels_of(panel, variable, log)
    T, N = levels.shape
    trend, lags, most = checked(trend, lags, max_lags, T)
    if level not in LEVELS:
        listed = ", ".join(map(str, LEVELS))
        raise OptionError(f"level must be one of {listed}, which have critical values; got {level!r}.")
    count = count_of("draws", draws)
    rng, stored = generator(seed)
    named = f"log of {variable}" if log else variable
    i, j = np.triu_indices(N, 1)
    labels = [(panel.regions[a], panel.regions[b]) for a, b in zip(i, j, strict=True)]
    refuse_still(levels[:, i] - levels[:, j], labels, f"the gap in {named}")
    t, n, used = _pairs(levels, trend, lags, most)
    share = float((t < _critical(n, trend, level)).mean())
    drawn = np.array([])
    if count:
        own = lags_of(levels, trend, lags, most)
        paths = null_paths(levels, own, count, rng, centred=False)
        drawn = np.array([share_of_pairs(paths[:, s], trend, lags, most, level) for s in range(count)])
    pairs = pd.DataFrame(
        {"t": t, "p_value": mackinnon(t, trend), "lags": used.astype(int), "rejects": t < _critical(n, trend, level)},
        index=pd.MultiIndex.from_tuples(labels, names=["region", "other"]),
    )
    options = {"variable": variable, "trend": trend, "lags": lags, "max_lags": most, "log": bool(log), "level": level,
               "draws": count}  # fmt: skip
    said = [] if count else ["the share has no p without draws: pairs share regions and are not independent"]
    return PairwiseUnitRoots(
        share=share,
        p_value=more_extreme(drawn, share, False) if count else np.nan,
        expected=float(drawn.mean()) if count else level,
        pairs=pairs,
        table=_by_region(pairs, panel.regions),
        what=named,
        trend=trend,
        level=level,
        variable=variable,
        periods=panel.periods,
        notes=merge_notes(notes, said),
        provenance=Provenance("unit_roots_pairwise", options, N, T, seed=stored),
    )


def _pairs(levels: FloatArray, trend: Trend, lags: Lags, most: int) -> tuple[FloatArray, IntArray, IntArray]:
    """Return t, observations and lags of the gaps of all pairs of columns, in blocks of pairs."""
    T, N = levels.shape
    i, j = np.triu_indices(N, 1)
    step = max(1, _BLOCK // T)
    found = []
    for start in range(0, len(i), step):
        z = levels[:, i[start : start + step]] - levels[:, j[start : start + step]]
        fits = regressions(z, trend, lags_of(z, trend, lags, most))
        found.append((fits.t, fits.n, fits.lags))
    t, n, used = (np.concatenate(part) for part in zip(*found, strict=True))
    return t, n, used


def _critical(n: IntArray, trend: Trend, level: float) -> FloatArray:
    from statsmodels.tsa.adfvalues import mackinnoncrit

    place = LEVELS.index(level)
    of = {int(m): float(mackinnoncrit(1, _CODES[trend], int(m))[place]) for m in np.unique(n)}
    return np.array([of[int(m)] for m in n])


def share_of_pairs(levels: FloatArray, trend: Trend, lags: Lags, most: int, level: float) -> float:
    """Return the share of pairs of columns (T, N) whose gap rejects a unit root."""
    t, n, _ = _pairs(levels, trend, lags, most)
    return float((t < _critical(n, trend, level)).mean())


def _by_region(pairs: pd.DataFrame, regions: pd.Index) -> pd.DataFrame:
    rejects = pairs["rejects"].to_numpy(dtype=float)
    N = len(regions)
    i, j = np.triu_indices(N, 1)
    total = np.bincount(i, rejects, N) + np.bincount(j, rejects, N)
    return pd.DataFrame({"partners": total.astype(int), "share": total / (N - 1)}, index=regions)


@dataclass(frozen=True, eq=False, repr=False)
class PairwiseUnitRoots(Result):
    """Unit root tests of the gaps of all pairs of regions.

    Attributes
    ----------
    share : float
        Of pairs whose gap rejects a unit root at `level`.
    p_value : float
        Of a share as large where no two regions converge; NaN without draws.
    expected : float
        Mean share in the bootstrap samples; `level` without draws.
    pairs : DataFrame
        One row a pair: `t`, MacKinnon's `p_value`, `lags`, `rejects`.
    table : DataFrame
        One row a region: `partners` it converges with, and their `share` among all others.
    what : str
    trend, level, variable : as asked
    periods : Index
    notes, provenance : see `spatialconv.results`
    """

    share: float
    p_value: float
    expected: float
    pairs: pd.DataFrame
    table: pd.DataFrame
    what: str
    trend: Trend
    level: float
    variable: str
    periods: pd.Index
    notes: tuple[str, ...]
    provenance: Provenance

    @property
    def t(self) -> pd.DataFrame:
        """t-values as a symmetric table of regions by regions, NaN on its diagonal."""
        return self._square("t")

    @property
    def rejects(self) -> pd.DataFrame:
        """1 where the gap of two regions rejects a unit root, 0 where not, NaN on the diagonal."""
        return self._square("rejects")

    def _square(self, column: str) -> pd.DataFrame:
        N = len(self.table)
        i, j = np.triu_indices(N, 1)
        values = np.full((N, N), np.nan)
        values[i, j] = values[j, i] = self.pairs[column].to_numpy(dtype=float)
        return pd.DataFrame(values, index=self.table.index, columns=self.table.index)

    def tidy(self) -> pd.DataFrame:
        """Return one row: the share of pairs that reject, and its p."""
        row = {"term": "share of pairs", "estimate": self.share, "p_value": self.p_value}
        return pd.DataFrame([row]).reindex(columns=list(TIDY))

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, share of pairs, its mean and p under no convergence."""
        row: dict[str, Any] = {
            "variable": self.variable,
            "n_regions": len(self.table),
            "n_periods": len(self.periods),
            "n_pairs": len(self.pairs),
            "trend": self.trend,
            "level": self.level,
            "share": self.share,
            "expected": self.expected,
            "p_value": self.p_value,
        }
        return pd.DataFrame([row])

    def _of_regions(self, period: Hashable) -> pd.DataFrame | None:  # noqa: ARG002 - of all periods
        return self.table

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        best = self.table["share"].idxmax()
        least = self.table["share"].idxmin()
        given = "no convergence would give" if not np.isnan(self.p_value) else "no convergence gives on average"
        drawn = "" if np.isnan(self.p_value) else f", {p_value(self.p_value)}"
        return [
            f"Pairwise unit roots of gaps in {self.what}: {extent(len(self.table), len(self.periods))}, "
            f"{WORDS[self.trend]}",
            "  null of each pair: its gap has a unit root; a rejection means: the two converge",
            f"  {int(self.pairs['rejects'].sum()):,} of {len(self.pairs):,} pairs reject at {100 * self.level:g} %: "
            f"share {number(self.share, 3)}; {given} {number(self.expected, 3)}{drawn}",
            f"  most partners: {best} ({self.table.loc[best, 'partners']}), fewest: {least} "
            f"({self.table.loc[least, 'partners']})",
        ]
