"""Growth rates of regions over spans of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatialconv._options import first
from spatialconv.panel import FloatArray, Panel
from spatialconv.results import Provenance, Result, merge_notes, number, plural
from spatialconv.summary._descriptives import describe
from spatialconv.summary._spans import Spans, spans, time_axis


@dataclass(frozen=True, eq=False, repr=False)
class GrowthTable(Result):
    """Growth rates of regions over spans.

    Attributes
    ----------
    variable : str
    rates : DataFrame
        A row a region, a column a span ("2016-17"): percent, or differences of logs.
    average : Series or None
        Arithmetic average of a region's rates, as published tables have it.
    compound : Series
        The one rate a unit of time that leads from a region's level at the start of the first span to that
        at the end of the last.
    spans : Spans
    log : bool
        Whether rates are differences of logs, not percent.
    """

    variable: str
    rates: pd.DataFrame
    average: pd.Series | None
    compound: pd.Series
    spans: Spans
    log: bool
    notes: tuple[str, ...]
    provenance: Provenance

    @property
    def table(self) -> pd.DataFrame:
        """The rates, and the average as the last column if it was asked for."""
        return self.rates if self.average is None else self.rates.assign(average=self.average)

    @property
    def unit(self) -> str:
        """What one unit of a rate is."""
        return "difference of logs" if self.log else "percent"

    def tidy(self) -> pd.DataFrame:
        """Return one row a region and span: term (the region), span, estimate."""
        long = self.rates.rename_axis(index="term").reset_index().melt("term", var_name="span", value_name="estimate")
        return long[["term", "span", "estimate"]]

    def glance(self) -> pd.DataFrame:
        """Return one row over all regions and spans: n, mean, std, min, max and what the rates are."""
        row = {"variable": self.variable, **describe(self.rates.to_numpy().ravel())}
        return pd.DataFrame([row | {"unit": self.unit, "horizon": self.spans.horizon}])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        names, (n, t) = self.spans.names, self.rates.shape
        over = f"{t} spans, {names[0]} to {names[-1]}" if t > 1 else f"one span, {names[0]}"
        lines = [f"Growth of {self.variable}: {plural(n, 'region')} x {over}; {self.unit}"]
        known = self.tidy().set_index(["term", "span"])["estimate"].dropna()
        if known.empty:
            return [*lines, "  no rate is defined"]
        (low, when_low), (high, when_high) = known.idxmin(), known.idxmax()
        digits = 4 if self.log else 2
        lines.append(
            f"  mean {number(known.mean(), digits)}; lowest {number(known.min(), digits)} ({low}, {when_low}), "
            f"highest {number(known.max(), digits)} ({high}, {when_high})"
        )
        if self.average is not None and t > 1:
            a = self.average
            lines.append(
                f"  averages from {number(a.min(), digits)} ({a.idxmin()}) to {number(a.max(), digits)} ({a.idxmax()})"
            )
        return lines


def growth(
    panel: Panel,
    variable: str,
    *,
    horizon: int = 1,
    log: bool = False,
    average: bool = True,
    overlapping: bool = False,
    per_period: bool = True,
) -> GrowthTable:
    r"""Tabulate how fast each region has grown over each span of time.

    Parameters
    ----------
    panel : Panel
    variable : str
        In levels.
    horizon, overlapping
        Length of the spans and whether they may overlap; see `spans`.
    log : bool
        False: percent, 100 (v[t] / v[t-h] - 1). True: ln v[t] - ln v[t-h].
    average : bool
        Add the arithmetic average of each region's rates.
    per_period : bool
        Give rates for one unit of time where spans are longer: percent 100 ((v[t]/v[t-h])^{1/h} - 1), logs
        divided by h. False: change over the whole span.

    Returns
    -------
    GrowthTable
        Missing levels give missing rates, which a note counts.

    Raises
    ------
    NotPositiveError
        If `log=True` and a value is zero or negative.
    OptionError
        If no two periods lie a horizon apart.

    Notes
    -----
    The arithmetic average of percentages is never below the compound rate and can have the other sign: a
    region that loses half and then doubles has grown by 0 and by 25 percent on average. `.compound` gives
    the former. Averages of log rates have no such gap.

    Examples
    --------
    >>> import pandas as pd, spatialconv as sc
    >>> frame = pd.DataFrame({"city": "a", "year": [2018, 2019, 2020], "y": [4.0, 2.0, 4.0]})
    >>> result = sc.growth(sc.Panel(frame, region="city", period="year"), "y")
    >>> result.table.loc["a"].to_dict()
    {'2018-19': -50.0, '2019-20': 100.0, 'average': 25.0}
    >>> float(result.compound["a"])
    0.0
    """
    over = spans(panel, horizon, overlapping=overlapping)
    levels = panel.values(variable, log=log, missing="keep")
    start, end = levels[over.start], levels[over.end]
    length = over.length[:, None] if per_period else np.ones((len(over), 1))
    time, _ = time_axis(panel.periods)
    elapsed = time[over.end[-1]] - time[over.start[0]]
    frame = pd.DataFrame(_rate(start, end, length, log).T, index=panel.regions, columns=over.names)
    compound = pd.Series(_rate(start[0], end[-1], elapsed, log), index=panel.regions, name="compound")
    averages = frame.mean(axis=1).rename("average") if average else None
    return GrowthTable(
        variable=variable,
        rates=frame,
        average=averages,
        compound=compound,
        spans=over,
        log=log,
        notes=merge_notes(panel.notes, over.notes, _growth_notes(frame, averages, compound, start, end, log)),
        provenance=Provenance(
            "growth",
            {
                "variable": variable,
                "horizon": over.horizon,
                "log": log,
                "average": average,
                "overlapping": overlapping,
                "per_period": per_period,
            },
            panel.n_regions,
            panel.n_periods,
        ),
    )


def _rate(start: FloatArray, end: FloatArray, length: FloatArray | float, log: bool) -> FloatArray:
    if log:
        return np.asarray((end - start) / length)
    # A change in percent of nothing, or of a debt, means nothing.
    sound = (start > 0) & (end >= 0)
    ratio = np.divide(end, start, out=np.full(start.shape, np.nan), where=sound)
    return np.asarray(100.0 * (ratio ** (1.0 / length) - 1.0))


def _growth_notes(
    rates: pd.DataFrame,
    average: pd.Series | None,
    compound: pd.Series,
    start: FloatArray,
    end: FloatArray,
    log: bool,
) -> tuple[str, ...]:
    notes = []
    absent = np.isnan(start) | np.isnan(end)
    for mask, why in ((absent, "a level is missing"), (~absent, "a level is negative or starts at zero")):
        cells = mask & np.isnan(rates.to_numpy().T)
        if cells.any():
            where = [(rates.index[i], rates.columns[t]) for t, i in zip(*np.nonzero(cells), strict=True)]
            notes.append(f"rates are undefined where {why}: {first(where)}")
    if average is None:
        return tuple(notes)
    if rates.isna().any(axis=None):
        notes.append("averages are over the rates that are defined")
    gap = (average - compound).dropna()
    if not log and rates.shape[1] > 1 and not gap.empty and gap.max() >= 0.005:
        widest = gap.idxmax()
        notes.append(
            f"averages of percentages are arithmetic and lie above the compound rate (.compound), most for {widest}: "
            f"{number(average[widest], 2)} against {number(compound[widest], 2)}"
        )
    return tuple(notes)
