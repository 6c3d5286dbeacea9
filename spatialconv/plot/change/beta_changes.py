"""Where and when beta changes: the likelihood ratio of every threshold, or beta of every stretch of time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from spatialconv import _style as look
from spatialconv._drawing.axes import STEPS, finished, given, headings, row
from spatialconv._language import Language, restate, say, speaking
from spatialconv._options import expect
from spatialconv.convergence.beta.beta import INITIAL
from spatialconv.convergence.beta.breaks import BetaBreaks
from spatialconv.convergence.beta.thresholds import BetaThreshold
from spatialconv.results import number, p_value

_TOP = 13.0  # mm


@speaking
def beta_changes(
    result: Any, *, title: str | None = None, language: Language = "en", ax: Axes | None = None
) -> Figure | Axes:
    """Plot the likelihood ratio of every candidate threshold with the set it leaves, or beta between breaks in time.

    Of `beta_threshold`: what lies below the dashed line is in the set. Of `beta_breaks`: beta of every stretch with its
    interval, and the intervals of the dates as bars on the axis.

    Parameters
    ----------
    result : BetaThreshold or BetaBreaks
        Result of `beta_threshold` or `beta_breaks`.
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
        If the result is of another kind.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> found = sc.beta_threshold(us.panel, "income", horizon=20, effects="time", draws=0)
    >>> figure = sc.plot.beta_changes(found)
    """
    kinds = (BetaThreshold, BetaBreaks)
    expect(result, kinds, "plot.beta_changes", "the result of sc.beta_threshold or sc.beta_breaks")
    if isinstance(result, BetaThreshold):
        head = say("Threshold of {what} in beta, {variable}", what=_what(result), variable=result.variable)
        test = restate(result.test.reason or "") or restate(p_value(result.test.p_value))
        found = say("{value}; one beta for all: {test}", value=number(result.threshold, 2), test=test)
    else:
        head = say("Breaks in beta, {variable}", variable=result.variable)
        test = restate(p_value(float(result.tests.iloc[0]["p_value"])))
        found = say("{n} found; no break: {test}", n=len(result.dates), test=test)
    with look.style(title, head, found):
        plot = given(ax) if ax is not None else row(1, title, top=_TOP)[0]
        if isinstance(result, BetaThreshold):
            _threshold(plot, result)
        else:
            _breaks(plot, result)
        headings(plot, head, found)
        plot.yaxis.set_major_locator(MaxNLocator(5, steps=STEPS))
        look.frame(plot)
        return finished([plot], ax)


def _what(result: BetaThreshold) -> str:
    return say(INITIAL) if result.what == INITIAL else result.what


def _threshold(ax: Axes, result: BetaThreshold) -> None:
    x, lr = (result.curve[name].to_numpy(dtype=float) for name in ("threshold", "lr"))
    ax.step(x, lr, where="post", color=look.FIRST, linewidth=look.LINE, label="likelihood ratio")
    ax.axhline(result.critical, color=look.SECOND, linewidth=0.8, linestyle="--", label="critical value")
    ax.plot([result.threshold], [0], "o", color=look.SECOND, markersize=4, label="threshold", clip_on=False)
    ax.set_ylim(0, max(float(np.quantile(lr, 0.95)), 1.5 * result.critical))
    ax.set_xlabel(say("{what}; below the line: {level:g} % set", what=_what(result), level=100 * result.level))


def _breaks(ax: Axes, result: BetaBreaks) -> None:
    table = result.table
    ends = pd.Index([*table["first_span_ends"], *table["last_span_ends"]])
    numeric = pd.api.types.is_numeric_dtype(ends)
    axis = list(result.periods)

    def place(period: Any) -> float:
        return float(period) if numeric else float(axis.index(period))

    ax.axhline(0, color=look.SOFT, linewidth=0.6, zorder=1, label="zero")
    for k, stretch in table.iterrows():
        x = [place(stretch["first_span_ends"]), place(stretch["last_span_ends"])]
        if x[0] == x[1]:
            x = [x[0] - 0.4, x[1] + 0.4]
        ax.fill_between(
            x, stretch["conf_low"], stretch["conf_high"], color="#d9e6ef", linewidth=0, label=f"interval {k}"
        )
        ax.plot(x, [stretch["beta"]] * 2, color=look.FIRST, linewidth=look.LINE, zorder=3, label=f"beta {k}")
    foot = float(table["conf_low"].min()) - 0.08 * float(np.ptp(table[["conf_low", "conf_high"]].to_numpy(dtype=float)))
    for k, date in result.dates.iterrows():
        low, high = (
            date[name] if date[name] is not None else date["first_span_ends"] for name in ("conf_low", "conf_high")
        )
        ax.plot([place(low), place(high)], [foot, foot], color=look.SECOND, linewidth=2, label=f"date {k}")
        ax.plot([place(date["first_span_ends"])], [foot], "o", color=look.SECOND, markersize=4, label=f"break {k}")
    if not numeric:
        step = -(-len(axis) // 8)
        ax.set_xticks(range(0, len(axis), step), [str(period) for period in axis[::step]])
    ax.set_xlabel(say("period in which spans end; {level:g} % intervals", level=100 * result.level))
