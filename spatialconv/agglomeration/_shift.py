"""Shift-share: how much of a region's growth came from everybody's, from its industries, and from itself."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from spatialconv._core.dispersion import agglomeration as core
from spatialconv._options import choice, first
from spatialconv.agglomeration._table import IndustryTable, as_table
from spatialconv.errors import DataError, OptionError
from spatialconv.results import Provenance, Result, merge_notes, number, plural

Method = Literal["classic", "esteban-marquillas"]


@dataclass(frozen=True, eq=False, repr=False)
class ShiftShare(Result):
    """Change between two periods in parts that add up to it exactly.

    Attributes
    ----------
    table : DataFrame
        One row a region: `before`, `after`, `change`, `national`, `mix`, `competitive`, and `allocation` if it was
        asked for.
    detail : DataFrame
        The same by region and industry.
    start, end : labels
    """

    table: pd.DataFrame
    detail: pd.DataFrame
    start: Hashable
    end: Hashable
    method: str
    source: IndustryTable
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row a region and industry."""
        return self.detail.reset_index()

    def glance(self) -> pd.DataFrame:
        """Return one row: both periods, growth of all, and how many regions grew by themselves."""
        before, after = self.table["before"].sum(), self.table["after"].sum()
        row = {
            "start": self.start,
            "end": self.end,
            "method": self.method,
            "growth": after / before - 1,
            "n_regions": len(self.table),
            "competitive_positive": int((self.table["competitive"] > 0).sum()),
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        order = self.table["competitive"].sort_values(ascending=False, kind="stable")
        up = ", ".join(f"{region} {number(value, 1)}" for region, value in order.iloc[:2].items())
        down = ", ".join(f"{region} {number(value, 1)}" for region, value in order.iloc[::-1].iloc[:2].items())
        growth = self.table["after"].sum() / self.table["before"].sum() - 1
        return [
            f"Shift-share of {self.source.quantity} ({self.method}): {self.start} to {self.end}, "
            f"{plural(len(order), 'region')}",
            f"  all together {number(100 * growth, 1)} %; change = national + mix + competitive"
            + (" + allocation" if "allocation" in self.table else ""),
            f"  competitive: most {up}; least {down}",
        ]


def shift_share(
    table: IndustryTable,
    *,
    start: Hashable | None = None,
    end: Hashable | None = None,
    method: Method = "classic",
) -> ShiftShare:
    r"""Split the change of each region into growth of all, of its industries, and its own.

    Parameters
    ----------
    table : IndustryTable
        With two periods or more.
    start, end : labels
        The first and the last by default.
    method : {"classic", "esteban-marquillas"}
        Three parts, or the third one freed of the region's mix, with a fourth (allocation) that says whether it is
        specialised where it is good.

    Returns
    -------
    ShiftShare

    Raises
    ------
    DataError
        If there is one period only.
    OptionError
        If a period is unknown, or start does not come before end.

    Notes
    -----
    With g the growth of all, g_k of industry k everywhere, e = e_ik at the start: ``national = e g``,
    ``mix = e (g_k - g)``, ``competitive = e_ik' - e (1 + g_k)``; they add up to the change, region by region and
    industry by industry. Esteban-Marquillas puts ``e* = e_i. e_.k / e_..`` for e in the third and
    ``allocation = (e - e*) (g_ik - g_k)``. Where a region, or everybody, had nothing of an industry there is no rate of
    growth: all its gain is competitive, which a note says.

    References
    ----------
    Dunn, E. S. (1960) A statistical and analytical technique for regional analysis. Papers of the Regional Science
    Association 6, 97-112. Esteban-Marquillas, J. M. (1972) A reinterpretation of shift-share analysis. Regional and
    Urban Economics 2, 249-255.

    Examples
    --------
    >>> import pandas as pd, spatialconv as sc
    >>> frame = pd.DataFrame(
    ...     {
    ...         "city": [*"aabb"] * 2,
    ...         "sector": ["goods", "services"] * 4,
    ...         "year": [2010] * 4 + [2020] * 4,
    ...         "jobs": [30, 10, 20, 40, 33, 15, 18, 54],
    ...     }
    ... )
    >>> table = sc.industry_table(frame, region="city", industry="sector", value="jobs", period="year")
    >>> sc.shift_share(table).table.loc["a", ["change", "national", "mix", "competitive"]].round(2).tolist()
    [8.0, 8.0, -3.6, 3.6]
    """
    as_table(table)
    choice("method", method, get_args(Method))
    if table.n_periods < 2:
        raise DataError("shift-share compares two periods; the table has one.")
    a, b = table.periods[0] if start is None else start, table.periods[-1] if end is None else end
    unknown = [period for period in (a, b) if period not in table.periods]
    if unknown:
        raise OptionError(f"unknown period {first(unknown)}; the table has {first(list(table.periods))}.")
    at, to = (int(table.periods.get_loc(period)) for period in (a, b))
    if at >= to:
        raise OptionError(f"start must come before end; got {a!r} and {b!r}.")
    before, after = table.values[at], table.values[to]
    parts = core.shift_share(before, after, homothetic=method != "classic")
    columns = {"before": before, "after": after, "change": after - before, **parts._asdict()}
    if method == "classic":
        del columns["allocation"]
    index = pd.MultiIndex.from_product([table.regions, table.industries])
    detail = pd.DataFrame({name: np.asarray(value).ravel() for name, value in columns.items()}, index=index)
    new = [(table.regions[i], table.industries[k]) for i, k in np.argwhere((before == 0) & (after > 0))]
    notes = [f"nothing there in {a}, so that the gain is competitive: {first(new)}"] if new else []
    return ShiftShare(
        detail.groupby(level=0, sort=False).sum(), detail, a, b, method, table, merge_notes(table.notes, notes),
        Provenance("shift_share", {"start": a, "end": b, "method": method}, table.n_regions, 2),
    )  # fmt: skip
