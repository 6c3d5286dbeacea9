"""Parts of inequality over time: Theil's within and between groups, Dagum's with their overlap."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from spatialconv import _style as look
from spatialconv._drawing.axes import Frame, cut, drawn, headed, ticks, time_axis
from spatialconv._drawing.captions import Caption, about, named
from spatialconv._language import Language, say, speaking
from spatialconv._options import expect
from spatialconv.convergence.dispersion.dagum import PARTS, DagumGini
from spatialconv.convergence.dispersion.inequality import TheilDecomposition
from spatialconv.results import written

BARS = 12  # periods, up to which parts are bars and more become areas
HEIGHT = 50.0  # mm
LINE_OF_TEXT = 3.4  # mm
MOST_OF_WORDS = 34.0  # mm of the name of a part

_WITHIN, _BETWEEN, _OVERLAP = "#1f5a8c", ("#d9825f", "#b5482a", "#7d2d17", "#f0b79d"), "#c4c4c4"
_DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)), (0, (2, 2)))


@speaking
def theil(
    result: Any,
    *,
    title: str | None = None,
    unit: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Plot Theil's index over time as the sum of its parts, and beside it the share of each.

    Parameters
    ----------
    result : TheilDecomposition
        Result of `spatialconv.theil`.
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
        Draw only the sum into these axes.

    Returns
    -------
    Figure or Axes
        The new Figure, or `ax` if it was given.

    Raises
    ------
    OptionError
        If it is no such result, `ax` is no Axes, or the width is none.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> figure = sc.plot.theil(sc.theil(zj.panel, "exports", groups=zj.cities["area"]))
    """
    expect(result, TheilDecomposition, "plot.theil", "the result of sc.theil")
    between = dict(zip(result.parts[:-1], _BETWEEN * len(result.parts), strict=False))
    labels = {part: say(part.replace("_", " "), sense="part") for part in result.parts}
    name = {"t": "Theil's T", "l": "Theil's L"}[result.measure]
    colours = {"within": _WITHIN, **between}
    what = say(
        "{statistic} of {variable}, within and between groups",
        statistic=say(name),
        variable=named(result.variable, unit=unit),
    )
    head = say("{statistic} of {variable}", statistic=say(name), variable=result.variable)
    caption = about(result, what, tested=(_groups(result),), source=source)
    return _parts(result.table, "total", colours, labels, head, caption, title, width, ax)


@speaking
def dagum(
    result: Any,
    *,
    title: str | None = None,
    unit: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Plot the Gini coefficient over time as the sum of Dagum's parts, and beside it the share of each.

    Parameters
    ----------
    result : DagumGini
        Result of `spatialconv.dagum`.
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
        Draw only the sum into these axes.

    Returns
    -------
    Figure or Axes
        The new Figure, or `ax` if it was given.

    Raises
    ------
    OptionError
        If it is no such result, `ax` is no Axes, or the width is none.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> figure = sc.plot.dagum(sc.dagum(zj.panel, "exports", groups=zj.cities["area"]))
    """
    expect(result, DagumGini, "plot.dagum", "the result of sc.dagum")
    colours = dict(zip(PARTS, (_WITHIN, _BETWEEN[0], _OVERLAP), strict=True))
    labels = {"within": "within", "between": "between (net)", "transvariation": "transvariation"}
    labels = {part: say(words, sense="part") for part, words in labels.items()}
    what = say("Gini coefficient of {variable}, Dagum's parts", variable=named(result.variable, unit=unit))
    caption = about(result, what, tested=(_groups(result),), source=source)
    head = say("Gini coefficient of {variable}", variable=result.variable)
    return _parts(result.table, "gini", colours, labels, head, caption, title, width, ax)


def _groups(result: Any) -> str:
    """Say how many groups there are, and whether people are counted instead of regions."""
    groups = result.by_group.index.get_level_values(1).nunique()
    weighted = result.provenance.options.get("population") is not None
    how = say("regions weighted by population") if weighted else say("regions weigh alike")
    return say("{n} groups", n=groups) + say("; ") + how


def _parts(
    table: pd.DataFrame,
    total: str,
    colours: Mapping[str, str],
    labels: Mapping[str, str],
    head: str,
    caption: Caption,
    title: str | None,
    width: look.Width | None,
    ax: Axes | None,
) -> Figure | Axes:
    shares = say("Share of each part, %")

    def paint(axes: list[Axes]) -> None:
        _stacked(axes[0], table, total, colours)
        headed(axes[0], head)
        if ax is None:
            _lines(axes[1], table, colours, labels)
            headed(axes[1], shares)

    with look.style(title, head, shares, list(labels.values()), [written(p) for p in table.index], caption.text):
        return drawn(paint, Frame(2, HEIGHT, bottom=6.5), caption, title=title, width=width, ax=ax)


def _stacked(ax: Axes, table: pd.DataFrame, total: str, colours: Mapping[str, str]) -> None:
    x = time_axis(ax, table.index)
    base = np.zeros(len(x))
    width = 0.7 * float(np.diff(x).min()) if len(x) > 1 else 0.3
    for part, colour in colours.items():
        height = table[part].to_numpy(dtype=float)
        if len(x) <= BARS:
            ax.bar(x, height, width, bottom=base, color=colour, edgecolor="white", linewidth=0.4, label=part)
        else:
            ax.fill_between(x, base, base + height, color=colour, edgecolor="white", linewidth=0.4, label=part)
        base = base + height
    if len(x) <= BARS:
        # Bars at the ends need half their width.
        ax.set_xlim(x[0] - 0.75 * width, x[-1] + 0.75 * width)
    else:
        ax.plot(x, table[total].to_numpy(dtype=float), color=look.INK, linewidth=0.8, label=total)
    ax.set_ylim(0, 1.06 * float(np.nanmax(table[total])) or 1.0)
    ticks(ax, x=False)
    look.frame(ax)


def _lines(ax: Axes, table: pd.DataFrame, colours: Mapping[str, str], labels: Mapping[str, str]) -> None:
    x = time_axis(ax, table.index)
    ends = {}
    for (part, colour), dashes in zip(colours.items(), _DASHES * len(colours), strict=False):
        y = 100 * table[f"{part}_share"].to_numpy(dtype=float)
        mark: Any = {"marker": "o", "markersize": 3} if len(x) <= BARS else {}
        ink = "#7a7a7a" if colour == _OVERLAP else colour
        ax.plot(x, y, color=ink, linestyle=dashes, label=part, **mark)
        if np.isfinite(y).any():
            ends[part] = (float(y[np.isfinite(y)][-1]), ink)
    shown = table[[f"{part}_share" for part in colours]].to_numpy(dtype=float)
    most = 100 * float(np.nanmax(shown)) if np.isfinite(shown).any() else 100.0
    ax.set_ylim(0, min(100.0, 1.12 * most))
    ticks(ax, x=False)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    look.frame(ax)
    places = _apart([value for value, _ in ends.values()], ax)
    for (part, (_, ink)), place in zip(ends.items(), places, strict=True):
        ax.annotate(
            cut(labels[part], look.measurer(cast(Figure, ax.get_figure(root=True))), MOST_OF_WORDS),
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            color=ink,
            label="end",
        )


def _apart(values: list[float], ax: Axes) -> list[float]:
    """Move the places of labels up or down until none stands on another."""
    low, high = ax.get_ylim()
    step = LINE_OF_TEXT * (high - low) / look.extent(ax)[1]
    order = np.argsort(values)
    places = np.array(values, dtype=float)
    for below, above in pairwise(order):
        places[above] = max(places[above], places[below] + step)
    excess = max(0.0, float(places[order[-1]]) - high) if len(order) else 0.0
    places -= excess
    for above, below in pairwise(order[::-1]):
        places[below] = min(places[below], places[above] - step)
    return [float(place) for place in places]
