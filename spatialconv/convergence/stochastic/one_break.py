"""Unit roots of gaps that break once: do gaps come back to a level, or a line, that itself moved?"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv._core.stochastic.one_break import DRAWS, Break, least, least_null
from spatialconv._options import choice, positive, whole
from spatialconv.convergence.stochastic.gaps import gaps_of, refuse_still
from spatialconv.convergence.stochastic.statistics import more_extreme
from spatialconv.errors import DataError, OptionError
from spatialconv.panel import Panel
from spatialconv.results import TIDY, HypothesisTest, Provenance, Result, extent, merge_notes, number, p_value

LEVEL = 0.05
LEAST_PERIODS = 20


def unit_roots_break(
    panel: Panel,
    variable: str,
    *,
    relative_to: Hashable = "mean",
    breaks: Break = "level",
    lags: int = 1,
    trim: float = 0.15,
    log: bool = True,
) -> UnitRootsBreak:
    r"""Test gaps for unit roots where each may break once, at a date that is searched for (Zivot and Andrews 1992).

    A war, a reform or a discovery moves a gap once and for good; the tests of `unit_roots` then take a gap that comes
    back to its new level for one that wanders. Here the null is the same, the alternative allows for one break.

    Parameters
    ----------
    panel : Panel
        Complete for this variable, at even distances in time; three regions and twenty periods or more.
    variable, relative_to, log
        As in `unit_roots`.
    breaks : {"level", "trend", "both"}
        What breaks; a constant and a trend are always there (models A, B and C).
    lags : int
        Lagged changes in every regression.
    trim : float
        Share of periods at either end in which no break is looked for.

    Returns
    -------
    UnitRootsBreak
        `.table` (a row a region: least t, its date, p), `.test` (all regions together)

    Raises
    ------
    DataError
        If there are fewer than three regions or twenty periods, uneven steps, or a gap that never changes.
    OptionError
        If `trim` leaves no date, or lags are too many.

    Notes
    -----
    :math:`\Delta z_t = a + g t + \theta D_t + b z_{t-1} + \sum_j c_j \Delta z_{t-j} + e_t`, D the break, at the date
    with the least t of b. P-values come from 999 random walks without a break of the same length, lags and trim, and
    so hold in short series too. All regions together: the mean of the least t over regions against mean and variance
    of these random walks, normal as regions are many, in the manner of Im, Pesaran and Shin; it takes regions as
    independent and rejects too often where neighbours are alike. A rejection says that some gaps come back, with or
    without a break: that a gap breaks is not tested.

    References
    ----------
    Zivot, E. and Andrews, D. (1992), Further Evidence on the Great Crash, the Oil-Price Shock, and the Unit-Root
    Hypothesis, Journal of Business & Economic Statistics 10, 251-270. Im, K. S., Pesaran, M. H. and Shin, Y. (2003),
    Journal of Econometrics 115, 53-74.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> found = sc.unit_roots_break(us.panel.subset(periods=range(1970, 2010)), "income")
    >>> int((found.table["p_value"] <= 0.05).sum())
    2
    """
    choice("breaks", breaks, Break)
    data = gaps_of(panel, variable, relative_to, log)
    T, N = data.gaps.shape
    if T < LEAST_PERIODS:
        raise DataError(
            f"a unit root test with a break needs {LEAST_PERIODS} periods or more; the panel has {T} "
            f"({panel.periods[0]} to {panel.periods[-1]}). Take unit_roots, without a break."
        )
    if not positive("trim", trim) < 0.5:
        raise OptionError(f"trim must lie below 0.5, or no date is left; got {trim!r}.")
    used = whole("lags", lags, least=0, most=max(0, (T - 12) // 4))
    start = max(int(np.ceil(trim * T)), used + 3)
    stop = T - max(int(np.ceil(trim * T)), 2) + 1
    if stop - start < 2:
        raise OptionError(f"trim={trim!r} leaves no date to search among {T} periods; take a smaller share.")
    refuse_still(data.gaps, list(data.regions), f"the gap of {data.what} from {data.of}")
    t, at = least(data.gaps, breaks, used, range(start, stop))
    law = least_null(T, breaks, used, start, stop)
    statistic = float(np.sqrt(N) * (t.mean() - law.mean()) / law.std(ddof=1))
    options = {"variable": variable, "relative_to": relative_to, "breaks": breaks, "lags": used, "trim": trim,
               "log": bool(log)}  # fmt: skip
    provenance = Provenance("unit_roots_break", options, panel.n_regions, T)
    table = pd.DataFrame(
        {
            "t": t,
            "p_value": [more_extreme(law, float(value), True) for value in t],
            "break": data.periods[at.astype(int)],
        },
        index=data.regions,
    )
    said = f"p-values of regions are from {DRAWS} random walks; that of all takes regions as independent"
    return UnitRootsBreak(
        table=table,
        test=HypothesisTest(
            "mean of least t, standardised",
            "every gap has a unit root and no break",
            "some gaps come back to a level or line that may have broken once",
            statistic,
            float(stats.norm.cdf(statistic)),
            "normal",
            provenance=provenance,
        ),
        what=data.what,
        of=data.of,
        breaks=breaks,
        variable=variable,
        periods=data.periods,
        notes=merge_notes(data.notes, [said]),
        provenance=provenance,
    )


@dataclass(frozen=True, eq=False, repr=False)
class UnitRootsBreak(Result):
    """Unit root tests of gaps with one break at an unknown date.

    Attributes
    ----------
    table : DataFrame
        One row a region: the least `t`, its `p_value`, and `break`, the first period of the new level or line.
    test : HypothesisTest
        All regions together.
    what, of, breaks, variable : what was asked
    periods : Index
    notes, provenance : see `spatialconv.results`
    """

    table: pd.DataFrame
    test: HypothesisTest
    what: str
    of: str
    breaks: Break
    variable: str
    periods: pd.Index
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row a region: the least t and its p, and the date."""
        rows = self.table.rename(columns={"t": "statistic"}).rename_axis("term").reset_index()
        return rows.reindex(columns=[*TIDY, "break"])

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, the test of all regions, and how many reject alone."""
        row: dict[str, Any] = {
            "variable": self.variable,
            "n_regions": len(self.table),
            "n_periods": len(self.periods),
            "breaks": self.breaks,
            "statistic": self.test.statistic,
            "p_value": self.test.p_value,
            "rejecting": int((self.table["p_value"] <= LEVEL).sum()),
        }
        return pd.DataFrame([row])

    def _of_regions(self, period: Hashable) -> pd.DataFrame | None:  # noqa: ARG002 - of all periods
        return self.table

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        rejecting = self.table[self.table["p_value"] <= LEVEL]
        lines = [
            f"Unit roots of gaps in {self.what} from {self.of}, one break in {self.breaks}: "
            f"{extent(len(self.table), len(self.periods))}",
            f"  null: {self.test.null}; a rejection means: {self.test.alternative}",
            f"  all: {number(self.test.statistic, 2)}, {p_value(self.test.p_value)}",
            f"  alone: {len(rejecting):,} of {len(self.table):,} reject at {100 * LEVEL:g} %",
        ]
        for region in rejecting["t"].sort_values().index[:3]:
            t, p, date = (self.table.loc[region, name] for name in ("t", "p_value", "break"))
            lines.append(f"    {region}: t {number(t, 2)}, {p_value(p)}, date {date}")
        return lines
