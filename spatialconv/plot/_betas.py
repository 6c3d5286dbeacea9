"""Several betas in one picture: over moving windows, by length of span, by quantile, by regime."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

from spatialconv import _style as look
from spatialconv._drawing.axes import HEIGHT, Frame, drawn, forest, headed, labelled, row_height, ticks, time_axis
from spatialconv._drawing.captions import Caption, about, effects_of, named, spans, spoken, time_unit
from spatialconv._language import Language, say, speaking
from spatialconv._options import ERRORS, choice, expect
from spatialconv.convergence.beta.quantiles import BetaQuantiles
from spatialconv.convergence.beta.regimes import BetaRegimes
from spatialconv.convergence.beta.series import BetaSeries
from spatialconv.errors import OptionError

FloatArray = npt.NDArray[np.float64]
Of = Literal["beta", "speed"]
_NAMES = {"beta": "\u03b2, initial level", "speed": "Speed of convergence"}
_AXES = {"window": "last period of the window", "horizon": "length of the spans", "quantile": "quantile of growth"}


class _Line(NamedTuple):
    """Where the estimates stand, and their intervals."""

    x: FloatArray
    value: FloatArray
    low: FloatArray
    high: FloatArray


@speaking
def betas(
    result: Any,
    *,
    of: Of = "beta",
    title: str | None = None,
    unit: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Plot beta, or the speed of convergence, over windows of time, lengths of span, quantiles or regimes.

    Estimates with their intervals: a line with a band where they follow one another (windows, quantiles), points
    where they stand side by side (lengths of span, regimes). What could not be estimated leaves a gap.

    Parameters
    ----------
    result : BetaSeries, BetaQuantiles or BetaRegimes
        Result of `beta_rolling`, `beta_spacing`, `beta_quantiles` or `beta_regimes`.
    of : {"beta", "speed"}
        What to plot; quantiles have an interval of beta only.
    title : str, optional
        Heading of the figure.
    unit : str, optional
        Of the variable, for axes and the caption.
    source : str, optional
        Whose the data are; it closes the caption below the figure.
    width : "single", "double" or float, optional
        Of the figure, 90 or 190 mm as one or two columns of a journal, or in mm.
    language : {"en", "zh"}
        Of the fixed words; names of regions and variables, and all that is given here, stay as they are.
    ax : Axes, optional
        Draw into these axes.

    Returns
    -------
    Figure or Axes
        The new Figure, or `ax` if it was given.

    Raises
    ------
    OptionError
        If the result is of another kind, or quantiles are asked for their speed.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> side = sc.beta_spacing(us.panel, "income", horizons=(1, 2, 5, 10, 20), effects="time")
    >>> figure = sc.plot.betas(side, of="speed")
    """
    kinds = (BetaSeries, BetaQuantiles, BetaRegimes)
    expect(result, kinds, "plot.betas", "the result of sc.beta_rolling, beta_spacing, beta_quantiles or beta_regimes")
    choice("of", of, ("beta", "speed"))
    if isinstance(result, BetaQuantiles) and of == "speed":
        raise OptionError("quantiles have an interval of beta, not of the speed; plot of='beta'.")
    heading = say(_NAMES[of]) + say(", ") + result.variable
    caption = _caption(result, of, unit, source)
    rows = _rows(result, of) if isinstance(result, BetaRegimes) else {}

    def paint(axes: list[Axes]) -> None:
        if rows:
            forest(axes[0], rows, rows)
            axes[0].axvline(0, color=look.SOFT, linewidth=0.6, zorder=1, label="zero")
            labelled(axes[0], say("{level:g} % intervals", level=100 * result.level))
        else:
            _line_up(axes[0], result, of)
        headed(axes[0], heading)

    height = row_height(len(rows)) * len(rows) + 3 if rows else HEIGHT
    with look.style(title, heading, list(rows or result.table.index), caption.text):
        return drawn(paint, Frame(height=height), caption, title=title, width=width, ax=ax)


def _caption(result: Any, of: Of, unit: str | None, source: str | None) -> Caption:
    """Say what was estimated, in which windows or over which spans, and what the intervals are."""
    options = result.provenance.options
    what = say(
        "{what}: growth of {variable} on its initial log level",
        what=say(_NAMES[of]),
        variable=named(result.variable, unit=unit),
    )
    if isinstance(result, BetaSeries):
        one = next(iter(result.results.values()))
        ends = [period for each in result.results.values() for period in each.fit.design.periods]
        unit_of_time = time_unit(one.fit.design.periods)
        how = say(ERRORS[options.get("vcov", "information")])
        if result.by == "window":
            said = say(
                "windows of {window} {unit}, each {step} after the one before; spans of growth of {length:g} that end "
                "from {first} to {last}",
                window=options["window"],
                unit=say(unit_of_time),
                step=options["step"],
                length=one.length,
                first=min(ends),
                last=max(ends),
            )
        else:
            said = say(
                "spans of {lengths} {unit}, which end from {first} to {last}",
                lengths=spoken(result.table.index),
                unit=say(unit_of_time),
                first=min(ends),
                last=max(ends),
            )
    elif isinstance(result, BetaQuantiles):
        said = spans(result.design.periods, result.length)
        how = say("{n:,} bootstrap samples of regions", n=options["draws"])
    else:
        said, how = spans(result.fit.design.periods, result.length), say(ERRORS[options.get("vcov", "information")])
    kind = say("{level:g} % intervals ({how})", level=100 * result.level, how=how)
    return about(result, what, periods=said, tested=(kind, _model(options)), spatial=True, source=source)


def _model(options: Mapping[str, Any]) -> str:
    spatial = _SPATIAL.get(str(options.get("spatial")))
    return effects_of(options.get("effects", "none")) + (say("; ") + say(spatial) if spatial else "")


_SPATIAL = {"lag": "spatial lag", "error": "spatial error", "sarar": "spatial lag and error"}


def _rows(result: BetaRegimes, of: Of) -> dict[str, pd.Series]:
    names = ("beta", "conf_low", "conf_high") if of == "beta" else ("speed", "speed_low", "speed_high")
    columns = dict(zip(names, ("estimate", "conf_low", "conf_high"), strict=True))
    return {str(regime): values[list(names)].rename(columns) for regime, values in result.table.iterrows()}


def _line_up(ax: Axes, result: Any, of: Of) -> None:
    by = result.by if isinstance(result, BetaSeries) else "quantile"
    line = _line(result.table, of)
    if by == "window":
        time_axis(ax, result.table.index)
    _draw(ax, line, joined=by != "horizon")
    if by != "window":
        ax.xaxis.set_major_locator(FixedLocator(list(line.x)))
        ax.set_xticks(line.x, [f"{at:g}" for at in result.table.index])
    labelled(ax, say("{what}; {level:g} % intervals", what=say(_AXES[by]), level=100 * result.level))


def _line(table: pd.DataFrame, of: Of) -> _Line:
    names = ("beta", "conf_low", "conf_high") if of == "beta" else ("speed", "speed_low", "speed_high")
    numeric = pd.api.types.is_numeric_dtype(table.index)
    even = table.index.name == "horizon" or not numeric
    x = np.arange(len(table), dtype=float) if even else table.index.to_numpy(dtype=float)
    return _Line(x, *(table[name].to_numpy(dtype=float) for name in names))


def _draw(ax: Axes, line: _Line, *, joined: bool) -> None:
    x, value, low, high = line
    ax.axhline(0, color=look.SOFT, linewidth=0.6, zorder=1, label="zero")
    mark: Any = {"marker": "o", "markersize": 3.4 if len(x) <= 25 else 0}
    if joined:
        ax.fill_between(x, low, high, color="#d9e6ef", linewidth=0, zorder=1, label="interval")
        ax.plot(x, value, color=look.FIRST, zorder=3, label="estimate", **mark)
    else:
        ax.vlines(x, low, high, color=look.FIRST, linewidth=1.0, zorder=2, label="interval")
        ax.plot(x, value, "o", color=look.FIRST, markersize=3.6, zorder=3, label="estimate")
        ax.set_xlim(x[0] - 0.6, x[-1] + 0.6)
    ticks(ax, x=False)
    look.frame(ax)
