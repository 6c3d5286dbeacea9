"""Panel: the only door for data. A long frame, region and period by name, checked once."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv._labels.matching import looks_alike
from spatialconv._options import choice, first, names, whole
from spatialconv.errors import (
    DataError,
    DuplicateKeyError,
    MissingDataError,
    NotPositiveError,
    OptionError,
    UnbalancedPanelError,
    VariableError,
)
from spatialconv.panel.calendar import Calendar, calendar, place_of, time_axis
from spatialconv.panel.gaps import Filled, FillHow, beside_gaps, completed, fill_array, fill_notes
from spatialconv.results import extent, framed, plural, wrapped

FloatArray = npt.NDArray[np.float64]
# Cells that are no numbers among others that are: so few words may stand for gaps.
FEW_WORDS = 2

# The products of four such values are the largest that models form; they stay within double precision.
EXTREME = 1e60


class Panel:
    """Observations of regions over periods, one row a region and period.

    Everything in the package takes its data from a Panel and finds regions and periods by their labels,
    never by their position: the order of the rows changes no result. The frame is copied on the way in
    and never changed.

    Parameters
    ----------
    frame : DataFrame
        Long frame, one row a region and period. Columns may have any names; index levels may serve as
        columns.
    region, period : str
        Names of the columns (or index levels) that hold the labels of regions and periods. Periods are
        sorted by time, and keep their distances, so that a gap is seen: years, half-years, quarters, months, dates
        and fiscal years, as numbers, text ("2010-Q1", "Q1-2010", "Mar-2010", "31.03.2010", "2010/11"), dates,
        Timestamps or Periods. An ordered categorical goes by its categories, other text by the numbers in it.

    Raises
    ------
    VariableError
        If one of the columns is not there.
    MissingDataError
        If a label is missing.
    DuplicateKeyError
        If a pair of region and period stands in the frame more than once.
    DataError
        If the frame is empty or is no DataFrame, or periods can be read in two ways ("03/04/2010", "Mar-10").

    Examples
    --------
    >>> import pandas as pd, spatialconv as sc
    >>> frame = pd.DataFrame({"city": ["a", "a", "b", "b"], "year": [1, 2, 1, 2], "y": [1.0, 2.0, 3.0, 4.0]})
    >>> sc.Panel(frame, region="city", period="year")
    Panel: 2 regions x 2 periods (1 to 2), balanced
      region 'city', period 'year'; variables: y
    """

    def __init__(self, frame: pd.DataFrame, *, region: str, period: str) -> None:
        self._frame = _checked_frame(frame, region, period)
        self._region, self._period = region, period
        self._notes: tuple[str, ...] = ()
        self._filled: tuple[Filled, ...] = ()
        self._labels: dict[str, str] = {}
        labels, times = (np.asarray(self._column(name)) for name in (region, period))
        given = self._column(period).dtype
        known = given.categories if isinstance(given, pd.CategoricalDtype) and given.ordered else None
        # First appearance keeps the order the user knows from the file.
        self._regions = pd.Index(pd.unique(labels), name=region)
        self._alike = tuple(filter(None, [looks_alike(self._regions)]))
        self._periods = pd.Index(_sorted_periods(times, period, known), name=period)
        rows = np.full((len(self._periods), len(self._regions)), -1)
        where = self._periods.get_indexer(times), self._regions.get_indexer(labels)
        rows[where] = np.arange(len(self._frame))
        self._rows = rows

    # ------------------------------------------------------------------ what it is

    @property
    def frame(self) -> pd.DataFrame:
        """The long frame as it came: same rows, same columns, same names (a copy)."""
        return self._frame.copy()

    @property
    def region(self) -> str:
        """Name of the column that holds the regions."""
        return self._region

    @property
    def period(self) -> str:
        """Name of the column that holds the periods."""
        return self._period

    @property
    def regions(self) -> pd.Index:
        """Labels of the regions, in order of first appearance."""
        return self._regions

    @property
    def periods(self) -> pd.Index:
        """Labels of the periods, ascending."""
        return self._periods

    @property
    def n_regions(self) -> int:
        """Number of regions N."""
        return len(self._regions)

    @property
    def n_periods(self) -> int:
        """Number of periods T."""
        return len(self._periods)

    @property
    def calendar(self) -> Calendar:
        """Time of the periods: `.values` of shape (T,) in its `.unit` ("year", "quarter", … or "position")."""
        return time_axis(self._periods)

    def period_of(self, label: Hashable) -> Any:
        """Return the panel's own label of a period, named as it stands or as time ("2017-12-31" for a Timestamp).

        Raises
        ------
        OptionError
            If there is no such period.
        """
        return self._periods[self._positions(self._periods, [label], "period")[0]]

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of all other columns."""
        return tuple(c for c in self._frame.columns if c not in (self._region, self._period))

    @property
    def balanced(self) -> bool:
        """Whether every region has a row in every period."""
        return bool((self._rows >= 0).all())

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out and filled on the way to this panel, and labels of regions that only look alike."""
        return (*self._notes, *fill_notes(self._filled), *self._alike)

    @property
    def filled(self) -> pd.DataFrame:
        """The cells that `fill` filled, a row each: variable, region, period, value, how."""
        return pd.DataFrame(list(self._filled), columns=list(Filled._fields))

    @property
    def labels(self) -> Mapping[str, str]:
        """What variables are called in tables and figures, by name of the column; see `labelled`."""
        return dict(self._labels)

    def label(self, variable: str) -> str:
        """Return what a variable is called in tables and figures: its label, else its name."""
        return self._labels.get(variable, variable)

    def __repr__(self) -> str:
        return wrapped([*self._headline(), *(f"  note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        return framed(self._headline(), self.frame, self.notes)

    def _headline(self) -> list[str]:
        gaps = int((self._rows < 0).sum())
        state = "balanced" if gaps == 0 else f"unbalanced: {gaps} of {self._rows.size:,} rows absent"
        return [
            f"Panel: {extent(self.n_regions, self.n_periods)} ({self._periods[0]} to {self._periods[-1]}), {state}",
            f"  region {self._region!r}, period {self._period!r}; variables: "
            + (", ".join(str(v) for v in self.variables) or "none"),
        ]

    # ------------------------------------------------------------------ values

    def values(
        self,
        variable: str,
        *,
        regions: Iterable[Hashable] | None = None,
        periods: Iterable[Hashable] | None = None,
        log: bool = False,
        missing: Literal["raise", "keep"] = "raise",
    ) -> FloatArray:
        """Return a variable as an array of shape (T, N), time first.

        Parameters
        ----------
        variable : str
            A numeric column.
        regions, periods : labels, optional
            Choice and order of the columns and rows; the panel's own by default. Cells outside the choice
            may be missing.
        log : bool
            Take the natural logarithm; zeros and negative values raise NotPositiveError.
        missing : {"raise", "keep"}
            What to do about missing cells: raise MissingDataError, or keep them as NaN.

        Raises
        ------
        VariableError
            If the column is absent or holds text.
        MissingDataError, UnbalancedPanelError
            If cells are infinite, or missing while `missing="raise"`.
        NotPositiveError
            If `log=True` and a value is zero or negative.
        """
        choice("missing", missing, ("raise", "keep"))
        array, rows, columns = self._grid(variable), self._periods, self._regions
        if regions is not None:
            places = self._positions(self._regions, regions, "region")
            array, columns = array[:, places], columns[places]
        if periods is not None:
            places = self._positions(self._periods, periods, "period")
            array, rows = array[places], rows[places]
        self._no_infinite(variable, array, rows, columns)
        if missing == "raise":
            self._no_gaps(variable, array, rows, columns)
        return self._log(variable, array, rows, columns) if log else array

    def wide(self, variable: str, *, log: bool = False) -> pd.DataFrame:
        """Return a variable as a frame with a row a period and a column a region; gaps are NaN."""
        values = self.values(variable, log=log, missing="keep")
        return pd.DataFrame(values, index=self._periods, columns=self._regions)

    def _column(self, name: str) -> Any:
        return self._frame[name] if name in self._frame.columns else self._frame.index.get_level_values(name)

    def _grid(self, variable: str) -> FloatArray:
        if not isinstance(variable, Hashable):
            raise VariableError(
                f"a variable is the name of one column; got an object of type {type(variable).__name__}."
            )
        if variable not in self._frame.columns or variable in (self._region, self._period):
            raise VariableError(
                f"no variable {variable!r} in the panel; it has {first(self.variables, 8)}. Check the spelling."
            )
        column = self._numeric(variable)
        return np.where(self._rows >= 0, column[self._rows], np.nan)

    def _numeric(self, variable: str) -> FloatArray:
        series = self._frame[variable]
        if isinstance(series, pd.DataFrame):
            raise VariableError(f"the frame has {series.shape[1]} columns named {variable!r}; rename them.")
        numbers = pd.to_numeric(series, errors="coerce")
        text = numbers.isna().to_numpy() & series.notna().to_numpy()
        # A column of digits stored as text would convert, but nobody said that it holds numbers.
        if series.dtype.kind in "OUS" or isinstance(series.dtype, pd.StringDtype):
            text |= series.map(lambda v: isinstance(v, str)).to_numpy(dtype=bool)
        stuck = text & numbers.isna().to_numpy()
        if text.any() or series.dtype.kind in "Mmc":
            shown = first(self._shown(series, text))
            # One point among digits in text is what stands in the way; the digits would convert.
            shown += (
                f", of which would not convert {first(self._shown(series, stuck))}"
                if 0 < stuck.sum() < text.sum()
                else ""
            )
            words = sorted({str(word).strip() for word in series[stuck]})
            named = 0 < len(words) <= FEW_WORDS and not any(sign.isdigit() for word in words for sign in word)
            said = " or ".join(map(repr, words))
            gaps = f"; if {said} stands for a gap, say na = {words} where the file is read" if named else ""
            raise VariableError(
                f"{variable!r} must be numeric; its type is {series.dtype} and these cells are no "
                f"numbers: {shown}. Convert it first, for example by pandas.to_numeric"
                f"{gaps if stuck.sum() < text.sum() else ''}."
            )
        return np.asarray(numbers.to_numpy(dtype=float, na_value=np.nan))

    def _shown(self, series: pd.Series, cells: npt.NDArray[np.bool_]) -> list[tuple[Any, Any, Any]]:
        return [(*self._key(int(i)), series.iloc[i]) for i in np.flatnonzero(cells)]

    def _key(self, row: int) -> tuple[Any, Any]:
        return np.asarray(self._column(self._region))[row], np.asarray(self._column(self._period))[row]

    @staticmethod
    def _cells(mask: npt.NDArray[np.bool_], rows: pd.Index, columns: pd.Index) -> str:
        t, i = np.nonzero(mask)
        return first([(columns[b], rows[a]) for a, b in zip(t, i, strict=True)])

    def _no_infinite(self, variable: str, array: FloatArray, rows: pd.Index, columns: pd.Index) -> None:
        bad = np.isinf(array)
        if bad.any():
            raise MissingDataError(
                f"{variable!r} is infinite in {self._cells(bad, rows, columns)}. Correct these cells or leave "
                "their regions out by panel.subset()."
            )

    def _no_gaps(self, variable: str, array: FloatArray, rows: pd.Index, columns: pd.Index) -> None:
        bad = np.isnan(array)
        if not bad.any():
            return
        kind = MissingDataError if self.balanced else UnbalancedPanelError
        absent = "" if self.balanced else f" (the panel is unbalanced: {int((self._rows < 0).sum()):,} rows absent)"
        raise kind(
            f"{variable!r} is missing in {self._cells(bad, rows, columns)}{absent}. Fill the gaps, or leave out by "
            f"panel.balance(drop='regions', variables=[{variable!r}]) or drop='periods', which records it. "
            f"{self._would_keep(variable)}"
        )

    def _would_keep(self, variable: str) -> str:
        """Say what filling and leaving out would do about the gaps of a variable in the whole panel."""
        gaps = ~np.isfinite(self._grid(variable)) | (self._rows < 0)
        regions, periods = (int((~gaps.any(axis=axis)).sum()) for axis in (0, 1))
        inside = self._interpolated(variable, "linear", None)
        closed = int((gaps & np.isfinite(inside)).sum())
        ends = "" if closed == gaps.sum() else ", and leaves those before the first or after the last value"
        return (
            f"panel.fill(how='linear', variables=[{variable!r}]) fills {closed} of {plural(int(gaps.sum()), 'cell')}"
            f"{ends}; leaving out regions keeps {regions:,} of {self.n_regions:,}, leaving out periods {periods} of "
            f"{self.n_periods}."
        )

    def _interpolated(self, variable: str, how: FillHow, max_gap: int | None) -> FloatArray:
        time = time_axis(self._periods).values if self.n_periods > 1 else np.zeros(1)
        return fill_array(self._grid(variable), time, how, max_gap)

    def _log(self, variable: str, array: FloatArray, rows: pd.Index, columns: pd.Index) -> FloatArray:
        bad = array <= 0
        if bad.any():
            zeros, below = int((array == 0).sum()), int((array < 0).sum())
            raise NotPositiveError(
                f"the logarithm of {variable!r} needs positive values; zero: {zeros}, negative: {below}, in "
                f"{self._cells(bad, rows, columns)}. Leave these regions out by panel.subset(), or transform the "
                "variable on purpose before it enters the panel."
            )
        return np.log(array)

    # ------------------------------------------------------------------ new panels from old

    def subset(self, *, regions: Iterable[Hashable] | None = None, periods: Iterable[Hashable] | None = None) -> Panel:
        """Return the panel of some regions or periods, named by label; what was left out is noted."""
        keep_r = self._regions if regions is None else self._regions[self._positions(self._regions, regions, "region")]
        keep_t = self._periods if periods is None else self._periods[self._positions(self._periods, periods, "period")]
        return self._restrict(keep_r, keep_t, "subset")

    def balance(
        self,
        *,
        drop: Literal["regions", "periods"] = "regions",
        variables: str | Iterable[str] | None = None,
    ) -> Panel:
        """Return a panel without gaps by leaving out the regions, or the periods, that have any.

        Parameters
        ----------
        drop : {"regions", "periods"}
            What to leave out. The labels are recorded in the new panel's notes and in every result.
        variables : names, optional
            Count missing or infinite cells of these columns as gaps too; absent rows always are.
        """
        choice("drop", drop, ("regions", "periods"))
        gaps = self._rows < 0
        for variable in names("variables", variables or ()):
            gaps = gaps | ~np.isfinite(self._grid(variable))
        if drop == "regions":
            return self._restrict(self._regions[~gaps.any(axis=0)], self._periods, "balance")
        return self._restrict(self._regions, self._periods[~gaps.any(axis=1)], "balance")

    def fill(
        self,
        how: FillHow = "linear",
        *,
        max_gap: int | None = None,
        variables: str | Iterable[str] | None = None,
    ) -> Panel:
        """Return the panel with its gaps filled over time within each region, and a record of every cell.

        Cells and rows that are absent are filled where values of the same region allow it. What is filled is no
        observation: it makes growth smooth, and standard errors too small. Every result says which cells were filled.

        Parameters
        ----------
        how : {"linear", "geometric", "previous", "next"}
            On a straight line, in levels or in logarithms (constant growth), between the values before and after, by
            the panel's calendar; or the value before, or after, again.
        max_gap : int, optional
            The longest run of missing periods that is filled; any by default. Linear and geometric never reach beyond
            the first and last value of a region.
        variables : names, optional
            Numeric columns; by default all that change over time in some region.

        Returns
        -------
        Panel
            `.filled` lists the cells; `.notes` name them, here and on every result. In rows that were absent, columns
            that never change within the region are carried on, others are missing.

        Raises
        ------
        NotPositiveError
            If `how="geometric"` and a value on either side of a gap is zero or negative.
        VariableError, MissingDataError
            If a column is absent or holds text, or is infinite.
        OptionError
            If there is no such way, or `max_gap` is no whole number of at least one.

        Examples
        --------
        >>> import pandas as pd, spatialconv as sc
        >>> frame = pd.DataFrame({"city": "a", "year": [1, 2, 3, 4], "y": [1.0, None, None, 8.0]})
        >>> panel = sc.Panel(frame, region="city", period="year").fill("geometric")
        >>> panel.frame["y"].round(6).tolist()
        [1.0, 2.0, 4.0, 8.0]
        >>> panel.notes
        ("'y' is filled, not observed (geometric), in 2: ('a', 2), ('a', 3)",)
        """
        choice("how", how, FillHow)
        if max_gap is not None:
            whole("max_gap", max_gap, least=1)
        listed = names("variables", variables) if variables is not None else self._numbers()
        record = list(self._filled)
        new: dict[str, FloatArray] = {}
        for variable in listed:
            grid = self._grid(variable)
            self._no_infinite(variable, grid, self._periods, self._regions)
            if how == "geometric":
                beside = beside_gaps(grid, self._interpolated(variable, "linear", max_gap))
                self._log(variable, np.where(beside, grid, 1.0), self._periods, self._regions)
            new[variable] = self._interpolated(variable, how, max_gap)
            t, i = np.nonzero(np.isnan(grid) & np.isfinite(new[variable]))
            record += [
                Filled(variable, self._regions[b], self._periods[a], float(new[variable][a, b]), how)
                for a, b in zip(t, i, strict=True)
            ]
        frame = completed(self._frame, self._rows, self._regions, self._periods, new)
        panel = self._derived(frame, self._notes)
        panel._filled = tuple(record)
        return panel

    def _numbers(self) -> tuple[str, ...]:
        """Return the numeric columns that change over time."""
        numeric = [
            name
            for name in self.variables
            if isinstance(self._frame[name], pd.Series)
            and pd.api.types.is_numeric_dtype(self._frame[name].dtype)
            and not pd.api.types.is_bool_dtype(self._frame[name].dtype)
        ]
        grids = {name: self._grid(name) for name in numeric}
        with np.errstate(invalid="ignore"):
            return tuple(
                name
                for name, grid in grids.items()
                if (np.fmax.reduce(grid, axis=0) > np.fmin.reduce(grid, axis=0)).any()
            )

    def assign(self, **columns: Callable[[pd.DataFrame], Any] | Any) -> Panel:
        """Return the panel with columns added or replaced, as `DataFrame.assign` does."""
        return self._derived(self._frame.assign(**columns), self._notes)

    def labelled(self, labels: Mapping[str, str]) -> Panel:
        """Return the panel with labels of variables, by name of the column; they go with every panel made from it.

        Examples
        --------
        >>> import spatialconv as sc
        >>> sc.datasets.zhejiang().panel.labelled({"exports": "Exports by online retail"}).label("exports")
        'Exports by online retail'
        """
        odd = [(name, text) for name, text in labels.items() if not isinstance(name, str) or not isinstance(text, str)]
        if odd:
            raise OptionError(f"labels are text by name of a column; got {first(odd)}.")
        panel = self._derived(self._frame, self._notes)
        panel._labels = {**self._labels, **labels}
        return panel

    def named_by_label(self) -> Panel:
        """Return the panel with its columns named by their labels: tables and figures of what is made of it show these.

        Raises
        ------
        OptionError
            If two columns would have one name.

        Examples
        --------
        >>> import spatialconv as sc
        >>> panel = sc.datasets.zhejiang().panel.labelled({"exports": "Exports by online retail"}).named_by_label()
        >>> sc.sigma(panel, "Exports by online retail").variable
        'Exports by online retail'
        """
        columns = [self._labels.get(column, column) for column in self._frame.columns]
        twice = [name for name in dict.fromkeys(columns) if columns.count(name) > 1]
        if twice:
            raise OptionError(f"labels would name more than one column {first(twice)}; give each its own.")
        places = {self._region, self._period} & set(self._labels)
        if places:
            raise OptionError(f"labels are of variables; {first(sorted(places))} holds regions or periods.")
        frame = self._frame.set_axis(columns, axis=1)
        panel = self._derived(frame, self._notes)
        panel._filled = tuple(c._replace(variable=self._labels.get(c.variable, c.variable)) for c in self._filled)
        return panel

    def _restrict(self, regions: pd.Index, periods: pd.Index, how: str) -> Panel:
        notes = list(self._notes)
        for axis, all_of, kept in (("regions", self._regions, regions), ("periods", self._periods, periods)):
            if len(kept) == 0:
                raise DataError(
                    f"panel.{how}() leaves no {axis} of {len(all_of):,}; nothing can be computed from that."
                )
            staying = set(kept)
            out = [label for label in all_of if label not in staying]
            if out:
                notes.append(f"left out by panel.{how}(): {axis} {first(out)} ({len(kept):,} of {len(all_of):,} kept)")
        rows = self._rows[np.ix_(self._periods.get_indexer(periods), self._regions.get_indexer(regions))]
        keep = np.zeros(len(self._frame), dtype=bool)
        keep[rows[rows >= 0]] = True
        return self._derived(self._frame[keep], tuple(notes))

    def _derived(self, frame: pd.DataFrame, notes: tuple[str, ...]) -> Panel:
        panel = Panel(frame, region=self._region, period=self._period)
        panel._notes = notes
        panel._labels = self._labels
        panel._filled = panel._still_there(self._filled)
        return panel

    def _still_there(self, record: tuple[Filled, ...]) -> tuple[Filled, ...]:
        """Return the cells of a record that are in the panel, with the value they were given."""
        if not record:
            return ()
        t = self._periods.get_indexer(pd.Index([cell.period for cell in record], dtype=object))
        i = self._regions.get_indexer(pd.Index([cell.region for cell in record], dtype=object))
        rows = np.where((t >= 0) & (i >= 0), self._rows[t, i], -1)
        columns = {
            cell.variable: self._frame[cell.variable].to_numpy()
            for cell in record
            if cell.variable in self._frame.columns and isinstance(self._frame[cell.variable], pd.Series)
        }
        return tuple(
            cell
            for cell, row in zip(record, rows.tolist(), strict=True)
            if row >= 0 and cell.variable in columns and columns[cell.variable][row] == cell.value
        )

    @staticmethod
    def _positions(index: pd.Index, labels: Iterable[Hashable], what: str) -> npt.NDArray[np.intp]:
        wanted = [labels] if isinstance(labels, str) or not isinstance(labels, Iterable) else list(labels)
        if not all(isinstance(label, Hashable) for label in wanted):
            raise OptionError(f"{what}s are named by their labels, one or several in a list; got {wanted[0]!r}.")
        places = index.get_indexer(pd.Index(wanted, dtype=object))
        if what == "period":
            places = np.array(
                [place if place >= 0 else place_of(index, w) for w, place in zip(wanted, places, strict=True)]
            )
        unknown = [label for label, place in zip(wanted, places, strict=True) if place < 0]
        if unknown:
            raise OptionError(
                f"unknown {what} {first(unknown)}; the panel has {first(list(index))}. Labels must match exactly, "
                f"in type too."
            )
        return np.asarray(places)


def derived(panel: Panel, frame: pd.DataFrame, note: str = "") -> Panel:
    """Return the panel of another frame with the same columns of labels: notes and labels of variables go on."""
    return panel._derived(frame, (*panel._notes, *([note] if note else [])))


def in_order(periods: pd.Index) -> bool:
    """Whether periods ascend as a panel would sort them, each once."""
    return periods.is_unique and list(_sorted_periods(np.asarray(periods), str(periods.name))) == list(periods)


def refuse_extreme(values: FloatArray, what: str) -> None:
    """Raise DataError for values so large or small that double precision loses the products of four of them.

    Covariances of estimates hold such products. Beyond these bounds a sum of squares is zero or infinite, and the
    variable would look as if it did not vary.
    """
    size = np.abs(values)
    largest = float(np.max(size, where=~np.isnan(size), initial=0.0))
    if largest > EXTREME or 0 < largest < 1 / EXTREME:
        how = "small" if largest < 1 else "large"
        raise DataError(
            f"{what} reaches {largest:.2g} at most, too {how} for double precision, in which products of such values "
            f"are lost. Rescale it: count in a {'smaller' if how == 'small' else 'larger'} unit."
        )


def as_panel(value: Any) -> Panel:
    """Return a Panel unchanged; anything else raises DataError and says how to make one."""
    if isinstance(value, Panel):
        return value
    raise DataError(
        f"data enter by a Panel: sc.Panel(frame, region='…', period='…'); got an object of type {type(value).__name__}."
    )


def _checked_frame(frame: Any, region: str, period: str) -> pd.DataFrame:
    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"Panel needs a pandas DataFrame in long form; got {type(frame).__name__}.")
    if frame.empty:
        raise DataError(f"the frame is empty: {len(frame):,} rows and {frame.shape[1]} columns.")
    if region == period:
        raise OptionError(f"region and period must be two columns; both are {region!r}.")
    known = [*frame.columns, *(n for n in frame.index.names if n is not None)]
    for role, name in (("region", region), ("period", period)):
        if name not in known:
            raise VariableError(f"no column {name!r} for the {role}; the frame has {first(known, 8)}.")
    frame = frame.copy()
    keys = pd.DataFrame(
        {
            name: np.asarray(frame[name] if name in frame.columns else frame.index.get_level_values(name))
            for name in (region, period)
        }
    )
    lost = keys.isna().any(axis=1).to_numpy()
    if lost.any():
        raise MissingDataError(
            f"{int(lost.sum()):,} rows have no label in {region!r} or {period!r}: rows {first(np.flatnonzero(lost))} "
            "(counted from 0). Fill the labels or drop the rows."
        )
    twice = keys.duplicated(keep=False)
    if twice.any():
        pairs = list(keys[twice].drop_duplicates().itertuples(index=False, name=None))
        raise DuplicateKeyError(
            f"{int(twice.sum()):,} rows share their {region!r} and {period!r} with another; pairs {first(pairs)}. "
            "A region has one row a period: aggregate or drop the others."
        )
    return frame


def _sorted_periods(times: npt.NDArray[Any], name: str, known: pd.Index | None = None) -> npt.NDArray[Any]:
    unique = pd.unique(times)
    if known is not None:
        return np.asarray(known[known.isin(unique)])
    time = calendar(unique, name)
    # "1" and "01" are one number and two labels: their text decides.
    if time is not None and (time.unit != "number" or len(np.unique(time.values)) == len(unique)):
        return np.asarray(unique[np.argsort(time.values, kind="stable")])
    if all(isinstance(label, str) for label in unique):
        return np.asarray(unique[_text_order(list(unique))])
    try:
        return np.sort(unique)
    except TypeError:
        kinds = sorted({type(t).__name__ for t in unique})
        raise DataError(
            f"periods in {name!r} cannot be ordered: they mix {', '.join(kinds)}. Give all of them one type."
        ) from None


def _text_order(labels: list[str]) -> list[int]:
    """Return the order of labels in text: by value where all are numbers, else with the numbers in them by value."""

    def value(k: int) -> tuple[Any, str]:
        return float(labels[k]), labels[k]

    def parts(k: int) -> tuple[Any, str]:
        # Splitting by digits puts text at even and numbers at odd places, so that like is compared with like.
        pieces = re.split(r"([0-9]+)", labels[k])
        return [int(piece) if place % 2 else piece for place, piece in enumerate(pieces)], labels[k]

    numbers = all(re.fullmatch(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)\s*", label) for label in labels)
    return sorted(range(len(labels)), key=value if numbers else parts)
