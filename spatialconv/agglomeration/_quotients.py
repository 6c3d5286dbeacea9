"""Location quotients: how much more of an industry a region has than all regions together."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv._core.dispersion import agglomeration as core
from spatialconv._options import choice, first
from spatialconv.agglomeration._table import IndustryTable, as_table, located
from spatialconv.errors import DataError
from spatialconv.panel import FloatArray, Panel
from spatialconv.results import Provenance, Result, merge_notes, number, plural

Kind = Literal["ratio", "log", "symmetric", "additive", "standardised", "standardised-log"]
WORDS = {
    "ratio": "location quotients",
    "log": "logs of location quotients",
    "symmetric": "symmetric location quotients",
    "additive": "additive location quotients",
    "standardised": "standardised location quotients",
    "standardised-log": "standardised logs of location quotients",
}
NEUTRAL = {"ratio": 1.0}  # what stands for "as everywhere"; zero for all others


@dataclass(frozen=True, eq=False, repr=False)
class LocationQuotients(Result):
    """Location quotients of every region and industry.

    Attributes
    ----------
    table : DataFrame
        One row a period and region, one column an industry.
    kind : str
        Which form of the quotient.
    source : IndustryTable
    """

    table: pd.DataFrame
    kind: str
    source: IndustryTable
    notes: tuple[str, ...]
    provenance: Provenance

    def panel(self) -> Panel:
        """Return a Panel with a variable an industry: for `hot_spots`, maps, or as controls."""
        return self.source.panel(self._array())

    def _array(self) -> FloatArray:
        return np.asarray(self.table.to_numpy(dtype=float)).reshape(self.source.values.shape)

    def clusters(self, *, threshold: float | None = None) -> pd.DataFrame:
        """Return the pairs of region and industry above a threshold, largest first, with their size and share.

        By default 1.25 for ratios, 1.96 for standardised quotients, and the same as 1.25 for the others but additive
        ones, where it is 0.
        """
        default = {"ratio": 1.25, "log": np.log(1.25), "symmetric": 0.25 / 2.25, "additive": 0.0}
        limit = default.get(self.kind, 1.96) if threshold is None else float(threshold)
        t, i, k = np.nonzero(np.nan_to_num(self._array(), nan=-np.inf) > limit)
        source = self.source
        totals = source.values.sum(axis=1)
        found = pd.DataFrame(
            {
                str(source.periods.name or "period"): source.periods[t],
                str(source.regions.name): source.regions[i],
                str(source.industries.name): source.industries[k],
                "quotient": self._array()[t, i, k],
                "size": source.values[t, i, k],
                "share_of_industry": source.values[t, i, k] / totals[t, k],
            }
        )
        return found.sort_values("quotient", ascending=False, kind="stable", ignore_index=True)

    def normality(self) -> pd.DataFrame:
        """Return p of Shapiro and Wilk's test over regions, by period and industry.

        1.96 as a threshold of standardised quotients supposes normality; where p is small take the other form.
        """
        array = self._array()
        p = np.full((array.shape[0], array.shape[2]), np.nan)
        for t, k in np.ndindex(*p.shape):
            seen = array[t, np.isfinite(array[t, :, k]), k]
            if len(seen) > 2 and np.ptp(seen) > 0:
                p[t, k] = stats.shapiro(seen).pvalue
        return pd.DataFrame(p, index=self.source.periods, columns=self.source.industries)

    def tidy(self) -> pd.DataFrame:
        """Return one row a period, region and industry."""
        return self.table.melt(ignore_index=False, value_name="quotient").reset_index()

    def glance(self) -> pd.DataFrame:
        """Return one row: size of the table and the range of the quotients."""
        row = {
            "kind": self.kind,
            "n_regions": self.source.n_regions,
            "n_industries": len(self.source.industries),
            "n_periods": self.source.n_periods,
            "smallest": np.nanmin(self._array()),
            "largest": np.nanmax(self._array()),
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        source, array = self.source, self._array()[-1]
        last = f" in {source.periods[-1]}" if source.n_periods > 1 else ""
        lines = [
            f"{WORDS[self.kind].capitalize()} of {source.quantity}: {plural(source.n_regions, 'region')} x "
            f"{plural(len(source.industries), 'industry', 'industries')}"
            + (f" x {plural(source.n_periods, 'period')}" if source.n_periods > 1 else "")
        ]
        order = np.argsort(np.nan_to_num(array, nan=-np.inf), axis=None, kind="stable")[::-1][:3]
        top = [np.unravel_index(at, array.shape) for at in order]
        said = ", ".join(f"{source.industries[k]} in {source.regions[i]} {number(array[i, k], 2)}" for i, k in top)
        lines.append(f"  largest{last}: {said}")
        neutral = NEUTRAL.get(self.kind, 0.0)
        lines.append(f"  as everywhere: {neutral:g}; NaN where a region or an industry has nothing")
        return lines


def location_quotients(table: IndustryTable, *, kind: Kind = "ratio") -> LocationQuotients:
    r"""Compare the share of each industry in each region with its share in all regions together.

    Use it to see where an industry gathers; its `panel()` goes to `hot_spots` and maps, or gives a control to `beta`.

    Parameters
    ----------
    table : IndustryTable
    kind : {"ratio", "log", "symmetric", "additive", "standardised", "standardised-log"}
        The quotient; its logarithm; (LQ - 1) / (LQ + 1), which lies between -1 and 1 as far below as above; a region's
        share of the industry less its share of everything; or the quotient (or its logarithm) less its mean over the
        regions, by their sample standard deviation, beyond 1.96 exceptional if normal (O'Donoghue and Gleave 2004; see
        `normality()`).

    Returns
    -------
    LocationQuotients

    Raises
    ------
    DataError
        If the data are no IndustryTable, or there is one region only.

    Notes
    -----
    .. math:: LQ_{ik} = \frac{e_{ik} / e_{i\cdot}}{e_{\cdot k} / e_{\cdot\cdot}}

    Small regions have extreme quotients by chance: look at `clusters()` for their size. Logarithms of zero are left
    undefined and counted in the notes. The additive form is that of REAT's `locq(LQ.method = "a")`.

    References
    ----------
    O'Donoghue, D. and Gleave, B. (2004) A note on methods for measuring industrial agglomeration. Regional Studies
    38, 419-427. Dalum, B., Laursen, K. and Villumsen, G. (1998) Structural change in OECD export specialisation
    patterns: de-specialisation and 'stickiness'. International Review of Applied Economics 12, 423-443.

    Examples
    --------
    >>> import pandas as pd, spatialconv as sc
    >>> frame = pd.DataFrame(
    ...     {"city": ["a", "a", "b", "b"], "sector": ["goods", "services"] * 2, "jobs": [30, 10, 20, 40]}
    ... )
    >>> table = sc.industry_table(frame, region="city", industry="sector", value="jobs")
    >>> sc.location_quotients(table).table["goods"].round(3).tolist()
    [1.5, 0.667]
    """
    as_table(table)
    choice("kind", kind, get_args(Kind))
    if table.n_regions < 2:
        raise DataError(f"a location quotient compares regions; the table has one, {first(list(table.regions))}.")
    values, notes = _values(table, kind)
    return LocationQuotients(
        table.frame(values),
        kind,
        table,
        merge_notes(table.notes, notes),
        Provenance("location_quotients", {"kind": kind}, table.n_regions, table.n_periods),
    )


def _values(table: IndustryTable, kind: Kind) -> tuple[FloatArray, list[str]]:
    if kind == "additive":
        return core.additive_quotient(table.values), []
    quotient = core.location_quotient(table.values)
    notes = []
    if kind in ("log", "standardised-log"):
        zero = int((quotient == 0).sum())
        with np.errstate(divide="ignore"):
            quotient = np.where(quotient > 0, np.log(quotient), np.nan)
        notes = [f"{zero} quotients are zero; their logarithms are undefined"] if zero else []
    if kind == "symmetric":
        quotient = (quotient - 1) / (quotient + 1)
    if kind.startswith("standardised"):
        quotient = core.standardised(quotient)
    return quotient, notes


def shares_of(table: IndustryTable, industries: Any, name: str) -> tuple[FloatArray, str]:
    """Return the values, shape (T, N), of one industry or of several added up, and what to call them."""
    several = not isinstance(industries, str) and isinstance(industries, (list, tuple, set, pd.Index))
    wanted: list[Hashable] = list(industries) if several else [industries]
    places = located(table.industries, wanted, name)
    return table.values[:, :, places].sum(axis=2), " + ".join(str(label) for label in wanted)
