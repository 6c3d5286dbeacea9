"""Sheets with axes for plots, and what several plots draw in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator

from spatialconv import _style as look
from spatialconv._language import say
from spatialconv.errors import OptionError

FloatArray = npt.NDArray[np.float64]

LEFT, RIGHT, TOP, BOTTOM = 13.0, 3.0, 6.5, 9.5  # mm around a plot: ticks and titles
HEIGHT = 52.0  # mm of a plot of lines
STEPS = [1, 2, 2.5, 5, 10]  # of the ticks: numbers that are read at a glance


def given(ax: Any) -> Axes:
    if not isinstance(ax, Axes):
        raise OptionError(f"ax must be a matplotlib Axes; got {type(ax).__name__}.")
    return ax


def finished(axes: Sequence[Axes], given: Axes | None) -> Figure | Axes:
    """Return the axes if they were given, for their figure is the caller's; else the new figure."""
    if given is not None:
        return given
    figure = axes[0].get_figure()
    assert isinstance(figure, Figure)
    return figure


def row(
    count: int,
    title: str | None,
    *,
    height: float = HEIGHT,
    left: float = LEFT,
    top: float = TOP,
    bottom: float = BOTTOM,
    share: bool = False,
) -> list[Axes]:
    """Return axes side by side on a new sheet; shared axes of y stand closer together."""
    width = look.COLUMN if count == 1 else look.PAGE
    bold = look.measurer(look.Sheet(width, 10), size=look.TITLE, weight="bold")
    lines = look.wrapped(title, bold, width - 3.0) if title else []
    above = top + 4.0 * len(lines) + 2.0 * bool(lines)
    sheet = look.Sheet(width, above + height + bottom)
    for i, line in enumerate(lines):
        y = 1 - (1.5 + 4.0 * i) / sheet.size[1]
        sheet.text(1.5 / width, y, line, fontsize=look.TITLE, fontweight="bold", va="top")
    gap = 5.0 if share else left + 2
    each = (width - left - RIGHT - gap * (count - 1)) / count
    return [sheet.place(left + i * (each + gap), above, each, height) for i in range(count)]


def limits(ax: Axes, x: FloatArray, y: FloatArray, pad: float = 0.1) -> None:
    for values, setter in ((x, ax.set_xlim), (y, ax.set_ylim)):
        spread = float(np.ptp(values)) or 1.0
        setter(float(values.min()) - pad * spread, float(values.max()) + pad * spread)
    ax.xaxis.set_major_locator(MaxNLocator(6, steps=STEPS))
    ax.yaxis.set_major_locator(MaxNLocator(6, steps=STEPS))


def square(
    ax: Axes | None, x: FloatArray, y: FloatArray, *, top: float, below: float = 0.0
) -> tuple[Axes, tuple[tuple[float, float], ...]]:
    """Return axes where one unit is as long up as across and all points fit, with `below` mm more under them."""
    spans = []
    for values in (x, y):
        least, most = min(values.min(), -0.5), max(values.max(), 0.5)
        spans.append([least - 0.12 * (most - least), most + 0.12 * (most - least)])
    (left, right), (low, high) = spans
    # No flatter than 2 : 3, or nothing could be named.
    lack = max(0.0, 0.66 * (right - left) - (high - low)) / 2
    low, high = low - lack, high + lack
    if ax is None:
        width = look.COLUMN - LEFT - RIGHT
        height = min(width * (high - low) / (right - left), 95.0)
        width = height * (right - left) / (high - low)
        ax = look.Sheet(width + LEFT + RIGHT, top + height + BOTTOM + below).place(LEFT, top, width, height)
    else:
        across, down = look.extent(given(ax))
        scale = max((right - left) / across, (high - low) / down)
        mid_x, mid_y = (left + right) / 2, (low + high) / 2
        left, right = mid_x - scale * across / 2, mid_x + scale * across / 2
        low, high = mid_y - scale * down / 2, mid_y + scale * down / 2
    ax.set_aspect("equal", adjustable="box")
    ax.set(xlim=(left, right), ylim=(low, high))
    ax.xaxis.set_major_locator(MaxNLocator(6, steps=STEPS))
    ax.yaxis.set_major_locator(MaxNLocator(6, steps=STEPS))
    look.frame(ax)
    return ax, ((left, right), (low, high))


def above(heading: str) -> float:
    """Return how many mm `headings` needs above the axes."""
    return 6.5 + 4.0 * len(_heading_lines(heading))


def _heading_lines(heading: str) -> list[str]:
    bold = look.measurer(look.Sheet(10, 10), size=look.HEADING, weight="bold")
    return look.wrapped(heading, bold, look.COLUMN - LEFT - RIGHT)


def headings(ax: Axes, heading: str, found: str) -> None:
    """Write the heading, and under it what the line says, above the axes."""
    lines = "\n".join(_heading_lines(heading))
    # The pad, in points, is the line beneath.
    ax.set_title(lines, loc="left", fontsize=look.HEADING, fontweight="bold", color=look.INK, pad=14.5)
    ax.annotate(found, (0, 1), xytext=(0, 3.5), xycoords="axes fraction", textcoords="offset points", color=look.SECOND)


def time_axis(ax: Axes, periods: pd.Index) -> FloatArray:
    """Set up the axis of the periods: true distances of numbers and dates, else one step a period."""
    numeric = pd.api.types.is_numeric_dtype(periods)
    x = periods.to_numpy(dtype=float) if numeric else np.arange(len(periods), dtype=float)
    # Room for half a number that stands at the first or last period.
    across, _ = look.extent(ax)
    pad = max(0.06, 4.0 / across) * (x[-1] - x[0]) if len(x) > 1 else 0.5
    ax.set_xlim(x[0] - pad, x[-1] + pad)
    if len(x) <= 8 or not numeric:
        step = -(-len(x) // 8)
        ax.xaxis.set_major_locator(FixedLocator(list(x[::step])))
        ax.set_xticks(x[::step], [str(period) for period in periods[::step]])
    else:
        ax.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    return x


def forest(ax: Axes, rows: Mapping[str, pd.Series], order: Iterable[str]) -> None:
    """Draw estimates with intervals, first model on top; a model without the term leaves its line empty."""
    places = {name: -i for i, name in enumerate(order)}
    for name, row in rows.items():
        y = places[name]
        if not np.isfinite(row["estimate"]):
            ax.text(
                0.5, y, say("undefined"), ha="center", va="center", color=look.SOFT, transform=ax.get_yaxis_transform()
            )
            continue
        ax.plot([row["conf_low"], row["conf_high"]], [y, y], color=look.FIRST, linewidth=1.0, label=f"interval {name}")
        ax.plot([row["estimate"]], [y], "o", color=look.FIRST, markersize=3.6, zorder=3, label=name)
    ax.set_ylim(-len(places) + 0.4, 0.6)
    ax.set_yticks(list(places.values()), list(places))
    ax.xaxis.set_major_locator(MaxNLocator(4, steps=STEPS))
    look.frame(ax)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
