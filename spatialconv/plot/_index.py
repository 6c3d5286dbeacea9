"""What a composite index is made of: contributions of its groups of indicators, region by region."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from spatialconv import _style as look
from spatialconv._drawing.axes import Frame, cut, drawn, labelled, name_rows, row_height, ticks
from spatialconv._drawing.captions import Caption
from spatialconv._language import Language, say, speaking
from spatialconv._options import expect, first, whole
from spatialconv.errors import OptionError
from spatialconv.index import CompositeIndex
from spatialconv.results import written

_BAR, _LINE = 3.6, 3.8  # mm of a region, of a row of the legend


@speaking
def contributions(
    result: Any,
    *,
    period: Hashable | None = None,
    most: int = 40,
    title: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Plot the score of each region in one period as a bar, highest on top, split into the groups' contributions.

    Parameters
    ----------
    result : CompositeIndex
        Result of `composite_index`.
    period : label, optional
        The last by default.
    most : int
        How many regions to show; of more, the highest, which the axis says.
    title : str, optional
        Heading of the figure.
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
        If the result is of another kind, or the period is unknown.

    Examples
    --------
    >>> import spatialconv as sc
    >>> panel = sc.datasets.munnell()
    >>> parts = {"public": ["hwy", "water", "util"], "private": "pc"}
    >>> index = sc.composite_index(panel, parts, direction="+", max_vif=None)
    >>> figure = sc.plot.contributions(index, period=1986, most=12)
    """
    expect(result, CompositeIndex, "plot.contributions", "the result of sc.composite_index")
    whole("most", most, least=1)
    periods = result.scores.index
    period = periods[-1] if period is None else period
    if period not in periods:
        raise OptionError(f"unknown period {period!r}; the index has {first(list(periods))}.")
    order = result.scores.loc[period].sort_values(ascending=False, kind="stable").index
    shown = order[:most]
    parts = result.contributions.loc[period].loc[shown]
    groups = [str(group) for group in parts.columns]
    heading = say("Composite index, {period}", period=period)
    options = result.provenance.options
    some: dict[str, Any] = {"some": len(shown), "n": len(order)}
    only = say("the {some} highest of {n:,} regions", **some) if len(shown) < len(order) else ""
    how = options["weighting"] if isinstance(options["weighting"], str) else "as given"
    parts_of = say("Composite index, contributions of groups of indicators")
    caption = Caption(
        parts_of if len(groups) > 1 else say("Composite index"),
        written(period),
        len(order),
        tested=(
            say(
                "Indicators made comparable by {normalise}, weights of indicators: {weighting}, {aggregation} mean",
                normalise=say(options["normalise"], sense="normalise"),
                weighting=say(how, sense="weighting"),
                aggregation=say(options["aggregation"], sense="aggregation"),
            ),
            only,
        ),
        source=source,
    )

    def paint(axes: list[Axes]) -> None:
        plot = axes[0]
        text = look.measurer(cast(Figure, plot.get_figure(root=True)))
        most_of_name = look.extent(plot)[0] - 6.0
        short = {group: cut(group, text, most_of_name) for group in groups}
        lines = _legend_rows(groups, short, text, look.extent(plot)[0]) if len(groups) > 1 else []
        _bars(plot, parts)
        pad = 4.0 + _LINE * len(lines) * 72 / 25.4
        bold = look.measurer(cast(Figure, plot.get_figure(root=True)), size=look.HEADING, weight="bold")
        head = "\n".join(look.wrapped(heading, bold, look.extent(plot)[0]))
        plot.set_title(head, loc="left", fontsize=look.HEADING, fontweight="bold", color=look.INK, pad=pad)
        _legend(plot, lines, short, dict(zip(groups, _colours(len(groups)), strict=True)), text)
        labelled(plot, say("score ({some} of {n:,} regions)", **some) if only else say("score"))

    height = row_height(len(shown), _BAR) * len(shown) + 2
    with look.style(title, list(shown), groups, heading, caption.text):
        return drawn(paint, Frame(height=height), caption, title=title, width=width, ax=ax)


def _colours(k: int) -> list[str]:
    # The lightest of the ramp is for maps, where borders hold it; a bar of it would vanish on paper.
    return look.ramp(None, k + 1)[1:]


def _bars(ax: Axes, parts: pd.DataFrame) -> None:
    y = -np.arange(len(parts), dtype=float)
    values = parts.to_numpy()
    # What is below zero (scores of z) is stacked to the left, so that nothing hides anything.
    for sign in (1, -1):
        signed = np.where(values * sign > 0, values, 0.0)
        start = np.cumsum(signed, axis=1) - signed
        for k, colour in enumerate(_colours(values.shape[1])):
            edge: Any = {"edgecolor": "white", "linewidth": 0.3, "label": str(parts.columns[k])}
            ax.barh(y, signed[:, k], left=start[:, k], height=0.72, color=colour, **edge)
    if (values < 0).any():
        ax.plot(values.sum(axis=1), y, "D", color=look.INK, markersize=2.6, zorder=4, label="score")
        ax.axvline(0, color=look.SOFT, linewidth=0.6, zorder=3, label="zero")
    ax.margins(x=0.02)
    if not (values < 0).any():
        ax.set_xlim(left=0)
    ax.set_ylim(-len(parts) + 0.4, 0.6)
    name_rows(ax, list(y), parts.index)
    ticks(ax, y=False)
    look.frame(ax)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def _legend_rows(groups: list[str], short: dict[str, str], text: look.Measure, width: float) -> list[list[str]]:
    rows: list[list[str]] = [[]]
    used = 0.0
    for group in groups:
        wide = text(short[group])[0] + 7.0
        if rows[-1] and used + wide > width:
            rows.append([])
            used = 0.0
        rows[-1].append(group)
        used += wide
    return rows


def _legend(
    ax: Axes, lines: list[list[str]], short: dict[str, str], colours: dict[str, str], text: look.Measure
) -> None:
    across, down = look.extent(ax)
    for k, line in enumerate(lines):
        x, y = 0.0, 1 + (1.4 + _LINE * (len(lines) - 1 - k)) / down
        for group in line:
            place: Any = {"transform": ax.transAxes, "clip_on": False, "linewidth": 0, "label": f"legend {group}"}
            ax.add_patch(Rectangle((x / across, y), 3.0 / across, 2.2 / down, facecolor=colours[group], **place))
            ax.text(
                (x + 4.0) / across, y + 1.1 / down, short[group], transform=ax.transAxes, va="center", color=look.INK
            )
            x += text(short[group])[0] + 7.0
