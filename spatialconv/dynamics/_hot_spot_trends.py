"""Hot and cold spots over time: where they are new, where they last, where they fade."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv._core.dynamics.mann_kendall import mann_kendall, smallest_p
from spatialconv._options import probability
from spatialconv.autocorrelation import HotSpots, hot_spots
from spatialconv.errors import DataError
from spatialconv.panel import FloatArray, Panel, as_panel
from spatialconv.results import TIDY, Provenance, Result, extent, merge_notes, plural
from spatialconv.summary import time_axis

Mask = npt.NDArray[np.bool_]

KINDS = ("new", "consecutive", "intensifying", "persistent", "diminishing", "sporadic", "oscillating", "historical")
CATEGORIES = (*(f"{kind} hot" for kind in KINDS), "no pattern", *(f"{kind} cold" for kind in KINDS))
OFTEN = 0.9


@dataclass(frozen=True, eq=False, repr=False)
class HotSpotTrends(Result):
    """Hot and cold spots of all periods, each region in one of seventeen categories.

    Attributes
    ----------
    variable : str
    table : DataFrame
        One row a region: `category` (missing where there is no z), `hot` and `cold` (number of periods), `z_last`,
        `tau`, `p` and `slope` of z over time (Mann-Kendall; Sen's slope a unit of time).
    counts : Series
        Regions by category, all seventeen.
    spots : HotSpots
        The statistics of each period.
    level, trend_level : float
        Of the spots, and of the trend.
    periods, regions : Index
    """

    variable: str
    table: pd.DataFrame
    counts: pd.Series
    spots: HotSpots
    level: float
    trend_level: float
    periods: pd.Index
    regions: pd.Index
    notes: tuple[str, ...]
    provenance: Provenance

    def _of_regions(self, period: Hashable) -> pd.DataFrame:  # noqa: ARG002 - a trend is of all periods
        return self.table

    def tidy(self) -> pd.DataFrame:
        """Return one row a region: Sen's slope of z, Kendall's tau as statistic, and p."""
        rows = pd.DataFrame(
            {
                "term": [f"trend of z ({region})" for region in self.regions],
                "estimate": self.table["slope"].to_numpy(),
                "statistic": self.table["tau"].to_numpy(),
                "p_value": self.table["p"].to_numpy(),
            }
        )
        return rows.reindex(columns=list(TIDY))

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, levels, and how many regions have a pattern."""
        row = {
            "variable": self.variable,
            "n_regions": len(self.regions),
            "n_periods": len(self.periods),
            "level": self.level,
            "trend_level": self.trend_level,
            "hot": int(self.counts[[c for c in CATEGORIES if c.endswith(" hot")]].sum()),
            "cold": int(self.counts[[c for c in CATEGORIES if c.endswith(" cold")]].sum()),
            "no_pattern": int(self.counts["no pattern"]),
            "trends": int((self.table["p"] <= self.trend_level).sum()),
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        there = self.counts[self.counts > 0]
        said = ", ".join(f"{n} {category}" for category, n in there.items())
        return [
            f"Hot-spot trends of {'log ' if self.spots.log else ''}{self.variable}: "
            f"{extent(len(self.regions), len(self.periods))} ({self.periods[0]} to {self.periods[-1]})",
            f"  {said}",
            f"  Gi{'*' if self.spots.star else ''} at {100 * self.level:g} %"
            f"{' after false-discovery control' if self.spots.fdr else ''}; trend of z by Mann-Kendall at "
            f"{100 * self.trend_level:g} %: {plural(int((self.table['p'] <= self.trend_level).sum()), 'region')}",
            f"  weights: {self.provenance.weights}",
        ]


def hot_spot_trends(
    panel: Panel,
    variable: str,
    w: Any,
    *,
    level: float = 0.05,
    trend_level: float = 0.05,
    log: bool = False,
    star: bool = True,
    fdr: bool = False,
    permutations: int = 0,
    self_weight: Literal["link"] | float = "link",
    seed: int | np.random.Generator | None = None,
) -> HotSpotTrends:
    r"""Say of every region how its being a hot or cold spot has gone over time: new, lasting, fading, on and off.

    Use it for a map of what hot spots have done, where `hot_spots` maps what they are in one period.

    Parameters
    ----------
    panel : Panel
        Complete for this variable, three regions and two periods or more.
    variable : str
    w : Graph or W
    level : float
        A region is hot (cold) in a period if p (q with `fdr`) is at most this and z is positive (negative).
    trend_level : float
        A trend of z over all periods is one if the two-sided p of Mann-Kendall is at most this.
    log, star, fdr, permutations, self_weight, seed
        As in `hot_spots`.

    Returns
    -------
    HotSpotTrends

    Raises
    ------
    DataError
        If there are fewer than three regions or two periods.
    OptionError, VariableError, MissingDataError, UnbalancedPanelError, NotPositiveError, AlignmentError, WeightsError
        As `hot_spots`.

    Notes
    -----
    The categories are those that ArcGIS documents for its Emerging Hot Spot Analysis. Of hot spots (cold likewise):

    ================ =================================================================================================
    new              hot in the last period, never before
    consecutive      hot in the last two periods or more without a break, never before that, in under 90 % of all
    intensifying     hot in 90 % of the periods and the last, z rises significantly
    persistent       hot in 90 % of the periods and the last, no significant trend of z
    diminishing      hot in 90 % of the periods and the last, z falls significantly
    sporadic         hot in the last period, on and off before, in under 90 % of all, never cold
    oscillating      hot in the last period, in under 90 % of all, cold in some period before
    historical       not hot in the last period, hot in 90 % of all
    no pattern       none of these
    ================ =================================================================================================

    They are looked for in this order, so that a region that was cold once and is hot for the first time is new. Two
    things differ from ArcGIS: Gi\* compares each period with its own mean, where ArcGIS's space-time Gi\* compares
    neighbours in space and time with the mean of all periods (with that, growth alone makes the last periods hot);
    and p of the trend is exact where no two z are equal. Mann-Kendall takes periods as independent; z that persists
    makes it reject too often. Its smallest p is 2 / T!: no trend can be had at 5 % from four periods, and from five
    only one that never turns.

    References
    ----------
    Getis, A. and Ord, J. K. (1992) The analysis of spatial association by use of distance statistics. Geographical
    Analysis 24, 189-206.

    Mann, H. B. (1945) Nonparametric tests against trend. Econometrica 13, 245-259.

    Kendall, M. G. (1975) Rank Correlation Methods. Griffin.

    Esri, How Emerging Hot Spot Analysis works (documentation of ArcGIS Pro, space-time pattern mining).

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> trends = sc.hot_spot_trends(us.panel, "income", sc.weights.adjacency(us.states))
    >>> trends.table.loc["Mississippi", "category"]
    'diminishing cold'
    """
    as_panel(panel)
    probability("level", level)
    probability("trend_level", trend_level)
    if panel.n_periods < 2:
        raise DataError(f"a trend needs two periods or more; the panel has one, {panel.periods[0]}.")
    spots = hot_spots(
        panel,
        variable,
        w,
        log=log,
        star=star,
        fdr=fdr,
        permutations=permutations,
        self_weight=self_weight,
        seed=seed,
    )
    z, p = (spots.table[name].unstack(level=1)[panel.regions] for name in ("z", "q" if fdr else "p"))
    values = z.to_numpy(dtype=float)
    significant = p.to_numpy(dtype=float) <= level
    time, by_position = time_axis(panel.periods)
    trend = mann_kendall(values, time)
    table = _table(panel, values, significant, trend, trend_level)
    counts = table["category"].value_counts().reindex(list(CATEGORIES), fill_value=0)
    return HotSpotTrends(
        variable=variable,
        table=table,
        counts=counts.rename("n").rename_axis("category"),
        spots=spots,
        level=level,
        trend_level=trend_level,
        periods=panel.periods,
        regions=panel.regions,
        notes=merge_notes(spots.notes, _notes(panel, values, trend_level, by_position)),
        provenance=Provenance(
            "hot_spot_trends",
            {**spots.provenance.options, "level": level, "trend_level": trend_level},
            panel.n_regions,
            panel.n_periods,
            spots.provenance.weights,
            spots.provenance.seed,
        ),
    )


def _table(panel: Panel, z: FloatArray, significant: Mask, trend: Any, level: float) -> pd.DataFrame:
    hot, cold = significant & (z > 0), significant & (z < 0)
    moving = np.where(trend.p <= level, np.sign(trend.s), 0.0)
    category = np.full(z.shape[1], "no pattern", dtype=object)
    for word, own, other, sign in (("cold", cold, hot, -1), ("hot", hot, cold, 1)):
        found = categories(own, other, sign * moving)
        category = np.where(found == "", category, [f"{kind} {word}" for kind in found])
    category[np.isnan(z).any(axis=0)] = None
    return pd.DataFrame(
        {
            "category": category,
            "hot": hot.sum(axis=0),
            "cold": cold.sum(axis=0),
            "z_last": z[-1],
            "tau": trend.tau,
            "p": trend.p,
            "slope": trend.slope,
        },
        index=panel.regions,
    )


def categories(own: Mask, other: Mask, trend: FloatArray) -> npt.NDArray[Any]:
    """Return the kind of each region, "" for none, from when it was a spot, (T, N), and of the other sign.

    `trend` is 1 where intensity rises significantly, -1 where it falls, 0 elsewhere.
    """
    T = len(own)
    last, times = own[-1], own.sum(axis=0)
    # Whole numbers, since 0.9 T is not exact.
    often = 10 * times >= 9 * T
    # Length of the run that ends with the last period: the product of all from the end.
    run = np.cumprod(own[::-1], axis=0).sum(axis=0)
    rules = (
        ("new", last & (times == 1)),
        ("consecutive", last & ~often & (run >= 2) & (times == run)),
        ("intensifying", last & often & (trend > 0)),
        ("diminishing", last & often & (trend < 0)),
        ("persistent", last & often),
        ("historical", ~last & often),
        ("oscillating", last & other.any(axis=0)),
        ("sporadic", last),
    )
    return np.select([mask for _, mask in rules], [kind for kind, _ in rules], default="").astype(object)


def _persistence(z: FloatArray) -> float:
    """Return the median first-order autocorrelation of the columns of z about their line in time."""
    t = np.arange(len(z)) - (len(z) - 1) / 2
    known = z[:, ~np.isnan(z).any(axis=0)]
    rest = known - known.mean(axis=0) - np.outer(t, t @ known) / (t @ t)
    below = (rest**2).sum(axis=0)
    found = np.divide((rest[1:] * rest[:-1]).sum(axis=0), below, out=np.zeros_like(below), where=below > 0)
    return float(np.median(found)) if found.size else 0.0


def _notes(panel: Panel, z: FloatArray, trend_level: float, by_position: bool) -> tuple[str, ...]:
    T = panel.n_periods
    notes = []
    floor = smallest_p(T)
    if floor > trend_level:
        notes.append(
            f"Mann-Kendall gives no p below {floor:.3g} with {T} periods: intensifying and diminishing cannot be told "
            "from persistent"
        )
    elif T <= 5:
        notes.append(f"with {T} periods only a z that never turns has a significant trend (p = {floor:.3f})")
    if T < 10:
        notes.append(f"90 % of {T} periods means all of them")
    usual = _persistence(z)
    if T >= 10 and usual > 0.5:
        notes.append(
            f"z persists (first-order autocorrelation {usual:.2f} in the median region), so that Mann-Kendall rejects "
            "too often: a trend may be no more than slow change"
        )
    if by_position:
        notes.append("periods are no whole numbers: slopes are per position")
    return tuple(notes)
