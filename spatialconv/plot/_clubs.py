"""Relative transition paths: the clubs, and the members of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from spatialconv import _style as look
from spatialconv._drawing.axes import Frame, drawn, headed, ticks, time_axis
from spatialconv._drawing.captions import Caption, about, logged, measured, spoken
from spatialconv._drawing.classes import signed
from spatialconv._drawing.club_colours import club_colours
from spatialconv._language import Language, say, speaking
from spatialconv._options import expect, whole
from spatialconv.convergence.clubs.clubs import ClubPartition
from spatialconv.panel import FloatArray
from spatialconv.results import written

HEIGHT = 42.0  # mm of a panel
ACROSS = 3
LINE_OF_TEXT = 3.2  # mm
_MANY = 150  # members whose lines are still apart
_FLAT = 0.01  # the least reach of an axis of means
MEMBER, DIVERGENT = "#c9c9c9", "#8c8c8c"


@speaking
def transition_paths(
    result: Any,
    *,
    most: int = 5,
    title: str | None = None,
    unit: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Plot relative transition paths: the mean of each club, then each club with its members.

    A path at 1 is the mean of all regions; clubs whose paths run together converge, those whose paths part do not.
    In the panel of a club, thin lines are its members and the heavy one is its mean; the first panel has the means
    of all clubs, and dashed lines for divergent regions.

    Parameters
    ----------
    result : ClubPartition
        Result of `spatialconv.clubs`.
    most : int
        Show the members of so many clubs, the highest; 0 shows the first panel alone.
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
        Draw the first panel into these axes.

    Returns
    -------
    Figure or Axes
        The new Figure, or `ax` if it was given.

    References
    ----------
    Phillips, P. C. B. and Sul, D. (2009), Economic Transition and Growth, Journal of Applied Econometrics 24,
    1153-1185.

    Raises
    ------
    OptionError
        If it is no such result, `ax` is no Axes, or the width is none.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> figure = sc.plot.transition_paths(sc.clubs(us.panel.subset(periods=range(1969, 2010)), "income", smooth=400))
    """
    expect(result, ClubPartition, "plot.transition_paths", "the result of sc.clubs")
    shown = list(result.members)[: whole("most", most)]
    heads = [_heading(result), *(_named(result, k) for k in shown)]
    caption = _caption(result, shown, unit, source)
    colours = dict(zip(result.members, club_colours(len(result.members)), strict=True))

    def paint(axes: list[Axes]) -> None:
        _means(axes[0], result, colours)
        for plot, k in zip(axes[1:], shown, strict=False):
            _members(plot, result, k, colours[k])
        if ax is None and shown:
            _same_limits(axes[1:], result, shown)
        for plot, head in zip(axes, heads, strict=False):
            headed(plot, head)

    with look.style(title, heads, caption.text, [written(p) for p in result.paths.index]):
        frame = Frame(len(heads), HEIGHT, ACROSS, bottom=6.5)
        return drawn(paint, frame, caption, title=title, width=width, ax=ax)


def _heading(result: ClubPartition) -> str:
    return say("Means of clubs") if result.n_clubs else say("Divergent regions")


def _named(result: ClubPartition, club: int) -> str:
    n = len(result.members[club])
    return say("Club {k}: {n:,} regions", k=club, n=n) if n != 1 else say("Club {k}: 1 region", k=club)


def _caption(result: ClubPartition, shown: list[int], unit: str | None, source: str | None) -> Caption:
    options = result.provenance.options
    words = [say("mean of all regions = 1")]
    if len(result.periods_used) < len(result.paths):
        words.append(say("grey ground: periods that the regressions discard"))
    if result.divergent:
        words.append(say("dashed: divergent regions"))
    if 0 < len(shown) < result.n_clubs:
        words.append(say("members of clubs 1 to {k} of {n:,}", k=len(shown), n=result.n_clubs))
    test = say(
        "Clubs by the log t test of Phillips and Sul, one-sided: convergence is rejected where t < {threshold}",
        threshold=signed(options["threshold"]),
    )
    of = measured(logged(result.what, result.variable), result.variable, unit)
    what = say("Relative transition paths, {variable}", variable=of)
    return about(result, what, periods=spoken(result.paths.index), tested=(say("; ").join(words), test), source=source)


def _means(ax: Axes, result: ClubPartition, colours: dict[int, str]) -> None:
    x = time_axis(ax, result.paths.index)
    ax.axhline(1.0, color=look.FAINT, linewidth=0.6, zorder=1)
    _discarded(ax, x, result)
    for region in result.divergent:
        ax.plot(
            x,
            result.paths[region],
            color=DIVERGENT,
            linewidth=0.6,
            linestyle=(0, (3, 1.5)),
            zorder=2,
            label=str(region),
        )
    ends = []
    for k, colour in colours.items():
        y = result.club_paths[k].to_numpy(dtype=float)
        ax.plot(x, y, color=colour, linewidth=1.4, zorder=3, label=f"club {k}")
        ends.append((float(y[-1]), str(k), colour))
    low, high = ax.get_ylim()
    if high - low < _FLAT:
        # One club of all regions: its mean is 1 but for rounding, which no axis should magnify.
        ax.set_ylim(1 - _FLAT / 2, 1 + _FLAT / 2)
    ticks(ax, x=False)
    look.frame(ax)
    _names(ax, ends)


def _members(ax: Axes, result: ClubPartition, club: int, colour: str) -> None:
    x = time_axis(ax, result.paths.index)
    ax.axhline(1.0, color=look.FAINT, linewidth=0.6, zorder=1)
    _discarded(ax, x, result)
    members = result.members[club]
    faint: dict[str, Any] = {"color": MEMBER, "linewidth": 0.5, "zorder": 2}
    if len(members) > _MANY:
        # Hundreds of lines would be one grey of all, and thousands of artists take seconds.
        faint |= {"color": DIVERGENT, "alpha": max(0.08, 0.6 * _MANY / len(members))}
        paths = result.paths[list(members)].to_numpy(dtype=float).T
        ax.add_collection(LineCollection([np.column_stack([x, path]) for path in paths], label="members", **faint))
        ax.autoscale_view()
    else:
        for region in members:
            ax.plot(x, result.paths[region], label=str(region), **faint)
    (mean,) = ax.plot(x, result.club_paths[club], color=colour, linewidth=1.6, zorder=3, label=f"club {club}")
    # On white of its own, so that a pale one is seen among its members in grey too.
    mean.set_path_effects([withStroke(linewidth=3.6, foreground="white")])
    look.frame(ax)


def _discarded(ax: Axes, x: FloatArray, result: ClubPartition) -> None:
    """Shade the periods that the regressions leave out."""
    out = len(x) - len(result.periods_used)
    if out:
        left, _ = ax.get_xlim()
        ax.axvspan(left, (x[out - 1] + x[out]) / 2, color="#f4f4f4", linewidth=0, zorder=0, label="discarded")


def _same_limits(axes: Sequence[Axes], result: ClubPartition, shown: list[int]) -> None:
    values = result.paths[[region for k in shown for region in result.members[k]]].to_numpy(dtype=float)
    low, high = float(values.min()), float(values.max())
    pad = 0.06 * (high - low) or 0.05
    for ax in axes:
        ax.set_ylim(low - pad, high + pad)
        ticks(ax, x=False)


def _names(ax: Axes, ends: list[tuple[float, str, str]]) -> None:
    """Write the number of each club at the end of its path, none on another."""
    if not ends:
        return
    low, high = ax.get_ylim()
    ax.set_ylim(low, high)
    step = LINE_OF_TEXT * (high - low) / look.extent(ax)[1]
    places = spread(np.array([value for value, _, _ in ends]), step, low + step / 2, high - step / 2)
    for (_, text, colour), place in zip(ends, places, strict=True):
        ax.annotate(
            text,
            (1, float(place)),
            xycoords=("axes fraction", "data"),
            xytext=(1.5, 0),
            textcoords="offset points",
            va="center",
            color=colour if len(ends) < 4 else look.INK,
            fontweight="bold",
            label="end",
        )


def spread(values: FloatArray, step: float, low: float, high: float) -> FloatArray:
    """Return places at least `step` apart, as near to the values as can be, between low and high if there is room."""
    order = np.argsort(values, kind="stable")
    # Less the steps beneath them, places must only not fall: least squares by pooling neighbours that do.
    level = values[order] - step * np.arange(len(values))
    pools: list[tuple[float, int]] = []
    for value in level:
        pools.append((float(value), 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (b, m), (a, n) = pools.pop(), pools.pop()
            pools.append(((a * n + b * m) / (n + m), n + m))
    pooled = np.repeat([value for value, _ in pools], [count for _, count in pools])
    top = high - step * (len(values) - 1)
    pooled = np.clip(pooled, min(low, top), max(low, top))
    out = np.empty(len(values))
    out[order] = pooled + step * np.arange(len(values))
    return out
