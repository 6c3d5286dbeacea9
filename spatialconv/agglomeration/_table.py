"""The door for tables of region by industry (by period), checked once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._options import first, names
from spatialconv.errors import (
    DataError,
    DuplicateKeyError,
    MissingDataError,
    NotPositiveError,
    OptionError,
    VariableError,
)
from spatialconv.panel import FloatArray, Panel
from spatialconv.results import framed, merge_notes, number, plural, wrapped

ONLY = "all"  # the one period of a table without periods


@dataclass(frozen=True, eq=False, repr=False)
class IndustryTable:
    """Employment, firms or output by period, region and industry; made by `industry_table`.

    Attributes
    ----------
    values : array of shape (T, N, K)
    periods, regions, industries : Index
    quantity : str
        What is counted.
    notes : tuple of str
    """

    values: FloatArray
    periods: pd.Index
    regions: pd.Index
    industries: pd.Index
    quantity: str
    notes: tuple[str, ...] = ()

    @property
    def n_regions(self) -> int:
        """Number of regions N."""
        return len(self.regions)

    @property
    def n_periods(self) -> int:
        """Number of periods T."""
        return len(self.periods)

    def subset(
        self,
        *,
        regions: Iterable[Hashable] | None = None,
        industries: Iterable[Hashable] | None = None,
        periods: Iterable[Hashable] | None = None,
    ) -> IndustryTable:
        """Return the table of some regions, industries or periods; totals are then theirs, which is noted."""
        places, said = [], []
        for axis, labels, wanted in (
            ("periods", self.periods, periods),
            ("regions", self.regions, regions),
            ("industries", self.industries, industries),
        ):
            chosen = np.arange(len(labels)) if wanted is None else located(labels, wanted, axis)
            places.append(chosen)
            if len(chosen) < len(labels) and axis != "periods":
                said.append(f"totals are those of {len(chosen):,} of {len(labels):,} {axis}")
        t, i, k = places
        return IndustryTable(
            self.values[np.ix_(t, i, k)], self.periods[t], self.regions[i], self.industries[k], self.quantity,
            merge_notes(self.notes, said),
        )  # fmt: skip

    def aggregate(self, groups: Mapping[Hashable, Hashable]) -> IndustryTable:
        """Return the table with industries summed into groups; industries that `groups` leaves out stay as they are."""
        if not isinstance(groups, Mapping):
            raise OptionError(f"groups maps industries to groups; got an object of type {type(groups).__name__}.")
        located(self.industries, list(groups), "industries")
        to = [groups.get(industry, industry) for industry in self.industries]
        labels = list(dict.fromkeys(to))
        member = np.array([[one == label for label in labels] for one in to], dtype=float)
        return IndustryTable(
            self.values @ member, self.periods, self.regions, pd.Index(labels, name=self.industries.name),
            self.quantity, self.notes,
        )  # fmt: skip

    def frame(self, values: FloatArray | None = None) -> pd.DataFrame:
        """Return a row a period and region, a column an industry, of the values or of an array of their shape."""
        T, N, K = self.values.shape
        index = pd.MultiIndex.from_product([self.periods, self.regions])
        filled = self.values if values is None else values
        return pd.DataFrame(filled.reshape(T * N, K), index=index, columns=self.industries)

    def panel(self, values: FloatArray | None = None) -> Panel:
        """Return a Panel with a variable an industry."""
        frame = self.frame(values).rename(columns=str)
        region, period = str(self.regions.name), str(self.periods.name)
        clash = [name for name in frame.columns if name in (region, period)]
        if clash:
            raise OptionError(f"an industry and the column of regions or periods are both called {first(clash)}.")
        return Panel(frame.rename_axis(index=[period, region]).reset_index(), region=region, period=period)

    def __repr__(self) -> str:
        return wrapped([*self._headline(), *(f"  note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        last = pd.DataFrame(self.values[-1], index=self.regions, columns=self.industries)
        several = [f"shown: {self.periods[-1]}"] if len(self.periods) > 1 else []
        return framed([*self._headline(), *several], last, self.notes)

    def _headline(self) -> list[str]:
        T, N, K = self.values.shape
        over = (
            ""
            if T == 1 and self.periods[0] == ONLY
            else f" x {plural(T, 'period')} ({self.periods[0]} to {self.periods[-1]})"
        )
        empty = float((self.values == 0).mean())
        return [
            f"IndustryTable of {self.quantity}: {plural(N, 'region')} x {plural(K, 'industry', 'industries')}{over}",
            f"  industries: {first(list(self.industries), 6)}; {number(100 * empty, 1)} % of the cells are zero",
        ]


def located(labels: pd.Index, wanted: Iterable[Hashable], what: str) -> Any:
    """Return the places of labels, refusing unknown and doubled ones."""
    listed = [wanted] if isinstance(wanted, str) or not isinstance(wanted, Iterable) else list(wanted)
    if not all(isinstance(label, Hashable) for label in listed):
        raise OptionError(f"{what} are named by their labels, one or several in a list; got {listed[0]!r}.")
    places = labels.get_indexer(pd.Index(listed, dtype=object))
    unknown = [label for label, place in zip(listed, places, strict=True) if place < 0]
    if unknown or not listed:
        raise OptionError(f"unknown {what} {first(unknown)}; the table has {first(list(labels), 8)}.")
    if len(set(places.tolist())) < len(places):
        raise OptionError(f"{what} are named more than once; name each once.")
    return places


def industry_table(
    data: pd.DataFrame | Panel,
    *,
    region: str | None = None,
    industry: str | None = None,
    value: str | None = None,
    period: str | None = None,
    industries: str | Iterable[str] | None = None,
) -> IndustryTable:
    """Read a table of regions and industries: employment, firms or output.

    Every measure of agglomeration takes its data from here: `location_quotients`, `specialisation`, `concentration`,
    `ellison_glaeser`, `coagglomeration`, `shift_share`.

    Parameters
    ----------
    data : DataFrame or Panel
        Long: one row a region and industry (and period). Or a Panel with a variable an industry.
    region, industry, value, period : str
        Columns of the long frame; `period` may be left out.
    industries : names, optional
        Of a Panel: which variables are industries; all by default.

    Returns
    -------
    IndustryTable
        Pairs of region and industry that have no row count as zero, as statistics leave them out; a note says how
        many. Totals are those of the table: name every industry, or an "other".

    Raises
    ------
    DuplicateKeyError
        If a region, industry and period stand in the frame more than once.
    NotPositiveError
        If a value is negative.
    MissingDataError
        If a value or a label is missing or infinite.
    DataError
        If a period holds nothing but zeros.

    Examples
    --------
    >>> import pandas as pd, spatialconv as sc
    >>> frame = pd.DataFrame(
    ...     {"city": ["a", "a", "b", "b"], "sector": ["goods", "services"] * 2, "jobs": [30, 10, 20, 40]}
    ... )
    >>> sc.industry_table(frame, region="city", industry="sector", value="jobs")
    IndustryTable of jobs: 2 regions x 2 industries
      industries: 2: 'goods', 'services'; 0.0 % of the cells are zero
    """
    if isinstance(data, Panel):
        return _from_panel(data, industries)
    if not isinstance(data, pd.DataFrame):
        raise DataError(f"industry_table takes a DataFrame or a Panel; got an object of type {type(data).__name__}.")
    columns = {"region": region, "industry": industry, "value": value}
    lacking = [role for role, name in columns.items() if name is None]
    if lacking:
        raise OptionError(f"name the columns of the long frame: {first(lacking)} is lacking.")
    keys = {role: str(name) for role, name in columns.items()} | ({} if period is None else {"period": period})
    if len(set(keys.values())) < len(keys):
        raise OptionError(f"region, industry, value and period must be different columns; got {keys!r}.")
    frame = data.reset_index() if any(n is not None for n in data.index.names) else data
    absent = [name for name in keys.values() if name not in frame.columns]
    if absent:
        raise VariableError(f"no column {first(absent)}; the frame has {first(list(frame.columns), 8)}.")
    if frame.empty:
        raise DataError("the frame is empty: it has no row.")
    return _from_long(frame, keys)


def _from_panel(panel: Panel, industries: Any) -> IndustryTable:
    chosen = names("industries", industries if industries is not None else [str(v) for v in panel.variables])
    values = np.stack([panel.values(name) for name in chosen], axis=2)
    labels = pd.Index(chosen, name="industry")
    return _checked(values, panel.periods, panel.regions, labels, "values", panel.notes)


def _from_long(frame: pd.DataFrame, keys: dict[str, str]) -> IndustryTable:
    labels = [keys["region"], keys["industry"], *([keys["period"]] if "period" in keys else [])]
    lost = frame[labels].isna().any(axis=1).to_numpy()
    if lost.any():
        raise MissingDataError(
            f"{int(lost.sum()):,} rows lack a label of {first(labels)}: rows {first(np.flatnonzero(lost))}."
        )
    twice = frame.duplicated(labels, keep=False)
    if twice.any():
        shown = list(frame.loc[twice, labels].drop_duplicates().itertuples(index=False, name=None))
        raise DuplicateKeyError(
            f"{int(twice.sum()):,} rows share their {', '.join(labels)} with another: {first(shown)}. "
            "Add them up first, for example by groupby().sum()."
        )
    given = frame[[*labels, keys["value"]]].reset_index(drop=True)
    period = keys.get("period", "period")
    given[period] = given[period] if "period" in keys else ONLY
    # Panels check that values are finite numbers, and sort periods as everywhere.
    row, once = "row of the frame", "period of all rows"
    checked = given[[keys["value"]]].assign(**{row: np.arange(len(given)), once: 1})
    flat = Panel(checked, region=row, period=once).values(keys["value"], missing="keep")[0]
    each = given[[period]].drop_duplicates().assign(**{row: 1})
    periods = Panel(each, region=row, period=period).periods
    regions = pd.Index(pd.unique(np.asarray(given[keys["region"]])), name=keys["region"])
    kinds = pd.Index(pd.unique(np.asarray(given[keys["industry"]])), name=keys["industry"])
    t = periods.get_indexer(pd.Index(np.asarray(given[period])))
    if np.isnan(flat).any():
        cells = list(given.loc[np.isnan(flat), labels].itertuples(index=False, name=None))
        raise MissingDataError(f"{keys['value']!r} is missing in {first(cells)}. Write 0 where there is nothing.")
    values = np.full((len(periods), len(regions), len(kinds)), np.nan)
    values[t, regions.get_indexer(given[keys["region"]]), kinds.get_indexer(given[keys["industry"]])] = flat
    gaps = int(np.isnan(values).sum())
    said = (f"{gaps} of {values.size:,} cells have no row and count as zero",) if gaps else ()
    return _checked(np.nan_to_num(values), periods, regions, kinds, keys["value"], said)


def _checked(
    values: FloatArray,
    periods: pd.Index,
    regions: pd.Index,
    industries: pd.Index,
    quantity: str,
    notes: tuple[str, ...],
) -> IndustryTable:
    below = np.argwhere(values < 0)
    if len(below):
        cells = [(regions[i], industries[k], periods[t]) for t, i, k in below]
        raise NotPositiveError(f"{quantity} is negative in {first(cells)}; employment, firms or output cannot be.")
    empty = periods[values.sum(axis=(1, 2)) == 0]
    if len(empty):
        raise DataError(f"there is nothing but zeros in {first(list(empty))}; leave it out.")
    t, i = np.nonzero(values.sum(axis=2) == 0)
    bare = [(regions[b], periods[a]) for a, b in zip(t, i, strict=True)]
    t, k = np.nonzero(values.sum(axis=1) == 0)
    absent = [(industries[b], periods[a]) for a, b in zip(t, k, strict=True)]
    said = [f"regions without anything, whose shares are undefined: {first(bare)}"] if bare else []
    said += [f"industries that are nowhere, whose shares are undefined: {first(absent)}"] if absent else []
    return IndustryTable(values, periods, regions, industries, quantity, merge_notes(notes, said))


def as_table(value: Any) -> IndustryTable:
    """Return an IndustryTable unchanged; anything else raises DataError and says how to make one."""
    if isinstance(value, IndustryTable):
        return value
    raise DataError(
        "data enter by sc.industry_table(frame, region='…', industry='…', value='…'); got an object of type "
        f"{type(value).__name__}."
    )
