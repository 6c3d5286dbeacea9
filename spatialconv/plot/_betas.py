"""Several betas in one picture: over moving windows, by length of span, by quantile, by regime."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator

from spatialconv import _style as look
from spatialconv._drawing.axes import STEPS, finished, forest, given, row, time_axis
from spatialconv._language import Language, say, speaking
from spatialconv._options import choice, expect
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
    result: Any, *, of: Of = "beta", title: str | None = None, language: Language = "en", ax: Axes | None = None
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
    if isinstance(result, BetaRegimes):
        return _regimes(result, of, title, ax)
    by = result.by if isinstance(result, BetaSeries) else "quantile"
    if by == "quantile" and of == "speed":
        raise OptionError("quantiles have an interval of beta, not of the speed; plot of='beta'.")
    line = _line(result.table, of)
    with look.style(title, result.variable, list(result.table.index)):
        plot = given(ax) if ax is not None else row(1, title)[0]
        if by == "window":
            time_axis(plot, result.table.index)
        _draw(plot, line, joined=by != "horizon")
        if by != "window":
            plot.xaxis.set_major_locator(FixedLocator(list(line.x)))
            plot.set_xticks(line.x, [f"{at:g}" for at in result.table.index])
        plot.set_xlabel(
            say("{what}; {level:g} % intervals", what=say(_AXES[by]), level=100 * result.level),
            fontsize=look.TEXT,
            color=look.SOFT,
        )
        plot.set_title(
            say(_NAMES[of]) + say(", ") + result.variable,
            loc="left",
            fontsize=look.HEADING,
            fontweight="bold",
            color=look.INK,
        )
        return finished([plot], ax)


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
    ax.yaxis.set_major_locator(MaxNLocator(5, steps=STEPS))
    look.frame(ax)


def _regimes(result: BetaRegimes, of: Of, title: str | None, ax: Axes | None) -> Figure | Axes:
    table = result.table
    names = ("beta", "conf_low", "conf_high") if of == "beta" else ("speed", "speed_low", "speed_high")
    columns = dict(zip(names, ("estimate", "conf_low", "conf_high"), strict=True))
    rows = {str(regime): values[list(names)].rename(columns) for regime, values in table.iterrows()}
    with look.style(title, list(rows), result.variable):
        wide = max(look.measurer(look.Sheet(10, 10))(name)[0] for name in rows) + 4
        plot = given(ax) if ax is not None else row(1, title, height=5.0 * len(rows) + 3, left=wide, bottom=9.5)[0]
        forest(plot, rows, rows)
        plot.axvline(0, color=look.SOFT, linewidth=0.6, zorder=1, label="zero")
        plot.set_title(
            say(_NAMES[of]) + say(", ") + result.variable,
            loc="left",
            fontsize=look.HEADING,
            fontweight="bold",
            color=look.INK,
        )
        plot.set_xlabel(say("{level:g} % intervals", level=100 * result.level), fontsize=look.TEXT, color=look.SOFT)
        return finished([plot], ax)
