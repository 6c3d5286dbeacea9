"""Where and when beta changes: the likelihood ratio of every threshold, or beta of every stretch of time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialconv import _style as look
from spatialconv._drawing.axes import Frame, drawn, headed, labelled, ticks, time_axis
from spatialconv._drawing.captions import Caption, about, effects_of, named, spans, told
from spatialconv._language import Language, restate, say, speaking
from spatialconv._options import expect
from spatialconv.convergence.beta.beta import INITIAL
from spatialconv.convergence.beta.breaks import BetaBreaks
from spatialconv.convergence.beta.thresholds import BetaThreshold
from spatialconv.results import number, p_value


@speaking
def beta_changes(
    result: Any,
    *,
    title: str | None = None,
    unit: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
    ax: Axes | None = None,
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
        value = float(result.tests.iloc[0]["p_value"])
        test = say("no samples drawn") if np.isnan(value) else restate(p_value(value))
        found = say("{n} found; no break: {test}", n=len(result.dates), test=test)
    caption = _caption(result, unit, source)

    def paint(axes: list[Axes]) -> None:
        plot = axes[0]
        if isinstance(result, BetaThreshold):
            _threshold(plot, result)
        else:
            _breaks(plot, result)
        ticks(plot, x=isinstance(result, BetaThreshold))
        look.frame(plot)
        headed(plot, head, found)

    with look.style(title, head, found, caption.text):
        return drawn(paint, Frame(), caption, title=title, width=width, ax=ax)


def _caption(result: Any, unit: str | None, source: str | None) -> Caption:
    options = result.provenance.options
    variable = named(result.variable, unit=unit)
    samples = say("{n:,} bootstrap samples", n=options["draws"]) if options["draws"] else say("no samples drawn")
    effects = effects_of(result.effects)
    said: tuple[str, ...]
    if isinstance(result, BetaThreshold):
        what = say(
            "Likelihood ratio of thresholds of {what} in beta convergence of {variable}",
            what=_what(result),
            variable=variable,
        )
        ends, length = result.sides.index, float(options["horizon"])
        said = (
            say(
                "Below the dashed line ({value}): {level:g} % set (Hansen)",
                value=number(result.critical, 2),
                level=100 * result.level,
            ),
            # A test without samples says so itself.
            say("{test} ({samples}); {effects}", test=told(result.test), samples=samples, effects=effects)
            if options["draws"]
            else say("{test}; {effects}", test=told(result.test), effects=effects),
            _cut(result),
        )
    else:
        what = say("Beta convergence of {variable} between breaks in time", variable=variable)
        ends, length = result.periods, float(options["horizon"])
        some = say(
            "Null: no break against some (sup F), {test}", test=restate(p_value(float(result.tests.iloc[0]["p_value"])))
        )
        said = (
            say("Bands and bars: {level:g} % intervals of beta and of the dates", level=100 * result.level),
            say("{test} ({samples}); {effects}", test=some, samples=samples, effects=effects),
        )
    return about(result, what, periods=spans(ends, length), tested=said, source=source)


def _what(result: BetaThreshold) -> str:
    return say(INITIAL) if result.what == INITIAL else result.what


def _threshold(ax: Axes, result: BetaThreshold) -> None:
    x, lr = (result.curve[name].to_numpy(dtype=float) for name in ("threshold", "lr"))
    ax.step(x, lr, where="post", color=look.FIRST, linewidth=look.LINE, label="likelihood ratio")
    ax.axhline(result.critical, color=look.SECOND, linewidth=0.8, linestyle="--", label="critical value")
    ax.plot([result.threshold], [0], "o", color=look.SECOND, markersize=4, label="threshold", clip_on=False)
    ax.set_ylim(0, _top(result))
    below = say("{what}; below the line: {level:g} % set", what=_what(result), level=100 * result.level)
    labelled(ax, below, say("likelihood ratio"))


def _top(result: BetaThreshold) -> float:
    """Return where the axis of ratios ends: far from the set they may be many times as high."""
    return max(float(np.quantile(result.curve["lr"], 0.95)), 1.5 * result.critical)


def _cut(result: BetaThreshold) -> str:
    most = float(result.curve["lr"].max())
    return "" if most <= _top(result) else say("The ratio goes on beyond the axis, to {most}", most=number(most, 1))


def _breaks(ax: Axes, result: BetaBreaks) -> None:
    table = result.table
    ends = pd.Index([*table["first_span_ends"], *table["last_span_ends"]])
    numeric = pd.api.types.is_numeric_dtype(ends)
    axis = list(result.periods)

    def place(period: Any) -> float:
        return float(period) if numeric else float(axis.index(period))

    time_axis(ax, pd.Index(axis))
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
            date[name] if not pd.isna(date[name]) else date["first_span_ends"] for name in ("conf_low", "conf_high")
        )
        ax.plot([place(low), place(high)], [foot, foot], color=look.SECOND, linewidth=2, label=f"date {k}")
        ax.plot([place(date["first_span_ends"])], [foot], "o", color=look.SECOND, markersize=4, label=f"break {k}")
    labelled(ax, say("period in which spans end; {level:g} % intervals", level=100 * result.level), say("beta"))
