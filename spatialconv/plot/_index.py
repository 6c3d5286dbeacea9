"""What a composite index is made of: contributions of its groups of indicators, region by region."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from spatialconv import _style as look
from spatialconv._drawing.axes import STEPS, finished, given, row
from spatialconv._language import Language, say, speaking
from spatialconv._options import expect, first, whole
from spatialconv.errors import OptionError
from spatialconv.index import CompositeIndex

_BAR, _LINE = 3.6, 3.8  # mm of a region, of a row of the legend


@speaking
def contributions(
    result: Any,
    *,
    period: Hashable | None = None,
    most: int = 40,
    title: str | None = None,
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
    with look.style(title, list(shown), groups, heading):
        text = look.measurer(look.Sheet(10, 10))
        left = max(text(str(region))[0] for region in shown) + 4
        lines = _legend_rows(groups, text, look.COLUMN - left - 3) if len(groups) > 1 else []
        top = 6.5 + _LINE * len(lines)
        height = _BAR * len(shown) + 2
        plot = given(ax) if ax is not None else row(1, title, height=height, left=left, top=top, bottom=9.5)[0]
        _bars(plot, parts)
        pad = 4.0 + _LINE * len(lines) * 72 / 25.4
        plot.set_title(heading, loc="left", fontsize=look.HEADING, fontweight="bold", color=look.INK, pad=pad)
        _legend(plot, lines, dict(zip(groups, _colours(len(groups)), strict=True)), text)
        some = say("score ({some} of {n} regions)", some=len(shown), n=len(order))
        of = some if len(shown) < len(order) else say("score")
        plot.set_xlabel(of, fontsize=look.TEXT, color=look.SOFT)
        return finished([plot], ax)


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
    ax.set_yticks(y, [str(region) for region in parts.index])
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=STEPS))
    look.frame(ax)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def _legend_rows(groups: list[str], text: look.Measure, width: float) -> list[list[str]]:
    rows: list[list[str]] = [[]]
    used = 0.0
    for group in groups:
        wide = text(group)[0] + 7.0
        if rows[-1] and used + wide > width:
            rows.append([])
            used = 0.0
        rows[-1].append(group)
        used += wide
    return rows


def _legend(ax: Axes, lines: list[list[str]], colours: dict[str, str], text: look.Measure) -> None:
    across, down = look.extent(ax)
    for k, line in enumerate(lines):
        x, y = 0.0, 1 + (1.4 + _LINE * (len(lines) - 1 - k)) / down
        for group in line:
            place: Any = {"transform": ax.transAxes, "clip_on": False, "linewidth": 0, "label": f"legend {group}"}
            ax.add_patch(Rectangle((x / across, y), 3.0 / across, 2.2 / down, facecolor=colours[group], **place))
            ax.text((x + 4.0) / across, y + 1.1 / down, group, transform=ax.transAxes, va="center", color=look.INK)
            x += text(group)[0] + 7.0
