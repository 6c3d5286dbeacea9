"""Stochastic kernels drawn flat, as stacked densities, as regions of highest density, or as a surface."""

from __future__ import annotations

from typing import Any, Literal, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from spatialconv import _style as look
from spatialconv._core.dynamics.transition_kernel import highest
from spatialconv._drawing.axes import STEPS, Frame, cut, drawn, given, labelled, legend, sheet_of, ticks
from spatialconv._drawing.captions import Caption, about, named
from spatialconv._drawing.classes import figure, listed
from spatialconv._language import Language, current, restate, say, speaking
from spatialconv._options import choice, expect
from spatialconv.dynamics import StochasticKernel
from spatialconv.errors import OptionError
from spatialconv.panel import FloatArray

Kind = Literal["contour", "stacked", "highest-density", "surface"]
_SIDE = 76.0  # mm: both axes have one scale
_LINES = 15  # densities that are stacked, or have their regions drawn
_SHARES = (0.99, 0.95, 0.5)
_WORDS = {"relative": "relative to the mean", "log": "log, less the mean", "level": "level"}
_BLUES = LinearSegmentedColormap.from_list("kernel", ["#ffffff", "#9ec3de", look.FIRST])


@speaking
def stochastic_kernel(
    result: Any,
    *,
    kind: Kind = "contour",
    title: str | None = None,
    unit: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Plot a stochastic kernel.

    Parameters
    ----------
    result : StochasticKernel
        Result of `spatialconv.stochastic_kernel`.
    kind : {"contour", "stacked", "highest-density", "surface"}
        Flat, from above, with the diagonal on which nothing changes; the densities at fifteen values of x, one above
        the other (Hyndman, Bashtannyk and Grunwald 1996); their shortest sets of 50, 95 and 99 %, with the mode; or the
        surface in perspective, which hides what lies behind.
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
        Draw into these axes; three-dimensional ones for "surface".

    Returns
    -------
    Figure or Axes
        The new Figure, or `ax` if it was given.

    Raises
    ------
    OptionError
        If `result` is no such result, the kind is unknown, or the axes are not three-dimensional.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> figure = sc.plot.stochastic_kernel(sc.stochastic_kernel(us.panel, "income", horizon=10))
    """
    expect(result, StochasticKernel, "plot.stochastic_kernel", "the result of sc.stochastic_kernel")
    choice("kind", kind, Kind)
    x_words, y_words = _axes_words(result)
    low, high = _seen(result)
    caption = _caption(result, kind, unit, source)
    with look.style(title, x_words, y_words, caption.text):
        if kind == "surface":
            return _surface(result, low, high, caption, title, width, ax)

        def paint(axes: list[Axes]) -> None:
            plot = axes[0]
            {"contour": _contour, "stacked": _stacked, "highest-density": _highest}[kind](plot, result, low, high)
            labelled(plot, *((x_words, y_words) if kind != "stacked" else (y_words, x_words)))
            ticks(plot)
            look.frame(plot)

        return drawn(paint, Frame(height=_SIDE, top=2.5), caption, title=title, width=width, ax=ax)


_SHOWN = {
    "contour": "Contours of the density across each value of the axis below; dashed: no change",
    "stacked": "Densities at fifteen values, one above the other; ticks: no change",
    "highest-density": "Shortest sets of 50, 95 and 99 % of the density, with its mode; dashed: no change",
    "surface": "Conditional density as a surface",
}


def _caption(result: StochasticKernel, kind: str, unit: str | None, source: str | None) -> Caption:
    adaptive = bool(result.provenance.options.get("adaptive"))
    variable, scale = named(result.variable, unit=unit), say(_WORDS[result.scale])
    what = say("Stochastic kernel of {variable}, {scale}", variable=variable, scale=scale)
    how = say(
        "{kernel}, bandwidths {widths}; {n:,} pairs",
        kernel=say("Gaussian kernel, adaptive") if adaptive else say("Gaussian kernel"),
        widths=listed([figure(h) for h in result.bandwidths]),
        n=result.n_pairs,
    )
    how += say(", ") + restate(result.edge) if result.edge else ""
    return about(result, what, tested=(say(_SHOWN[kind]), how), source=source)


def _axes_words(result: StochasticKernel) -> tuple[str, str]:
    what = result.variable + say(", ") + say(_WORDS[result.scale])
    if result.given == "neighbours":
        before = say(", {horizon:g} before", horizon=result.horizon) if result.horizon else ""
        return say("neighbours' {name}", name=what) + before, what
    return what, what + say(", {horizon:g} later", horizon=result.horizon)


def _seen(result: StochasticKernel) -> tuple[float, float]:
    """Return the reach of the data on both axes, which the figure shows; the grid goes on beyond."""
    data = result.data
    low, high = float(data[["x", "y"]].min().min()), float(data[["x", "y"]].max().max())
    pad = 0.04 * (high - low)
    return max(low - pad, 0.0) if result.edge else low - pad, high + pad


def _contour(plot: Axes, result: StochasticKernel, low: float, high: float) -> None:
    grid, f = result.grid, result.conditional.to_numpy(dtype=float)
    data = result.data["x"]
    seen = (grid >= data.min()) & (grid <= data.max())
    levels = np.linspace(0, float(f[seen].max()), 9)[1:]
    plot.contourf(grid[seen], grid, f[seen].T, levels=[0.25 * levels[0], *levels], cmap=_BLUES, extend="max", zorder=1)
    plot.contour(grid[seen], grid, f[seen].T, levels=levels, colors=look.INK, linewidths=0.3, zorder=2)
    plot.plot([low, high], [low, high], color=look.SECOND, linewidth=0.8, linestyle="--", zorder=3, label="no change")
    plot.set_xlim(low, high)
    plot.set_ylim(low, high)
    plot.set_aspect("equal")


def _chosen(result: StochasticKernel) -> FloatArray:
    x = result.data["x"]
    return np.linspace(float(x.quantile(0.01)), float(x.quantile(0.99)), _LINES)


def _stacked(plot: Axes, result: StochasticKernel, low: float, high: float) -> None:
    at = _chosen(result)
    f = result.at(at).to_numpy(dtype=float)
    # The highest density reaches over two and a half of the next lines.
    scale = 2.5 * (at[1] - at[0]) / float(f.max())
    for k in range(len(at))[::-1]:
        base, order = float(at[k]), 2.0 + (len(at) - k) * 0.05
        plot.fill_between(result.grid, base, base + scale * f[k], color="white", linewidth=0, zorder=order)
        plot.plot(result.grid, base + scale * f[k], color=look.FIRST, linewidth=0.8, zorder=order + 0.01)
        plot.plot([base], [base], color=look.SECOND, marker="|", markersize=5, zorder=order + 0.02)
    plot.set_xlim(low, high)
    plot.set_ylim(float(at[0]) - 0.3 * (at[1] - at[0]), float(at[-1]) + 2.7 * (at[1] - at[0]))


def _highest(plot: Axes, result: StochasticKernel, low: float, high: float) -> None:
    at = _chosen(result)
    f = result.at(at).to_numpy(dtype=float)
    half = 0.36 * (at[1] - at[0])
    for share, shade in zip(_SHARES, (0.2, 0.45, 0.9), strict=True):
        boxes = [
            [(x - half, a), (x + half, a), (x + half, b), (x - half, b)]
            for x, density in zip(at, f, strict=True)
            for a, b in highest(density, result.grid, share, result.least)
        ]
        shown = PolyCollection(boxes, facecolors=_BLUES(shade), edgecolors="none", zorder=2, label=f"{100 * share:g} %")
        plot.add_collection(shown)
    plot.plot(at, result.grid[f.argmax(axis=1)], color="white", linestyle="", marker="o", markersize=2.5, zorder=4)
    plot.plot([low, high], [low, high], color=look.SECOND, linewidth=0.8, linestyle="--", zorder=3, label="no change")
    plot.set_xlim(low, high)
    plot.set_ylim(low, high)
    plot.set_aspect("equal")


def _surface(
    result: StochasticKernel,
    low: float,
    high: float,
    caption: Caption,
    title: str | None,
    width: look.Width | None,
    ax: Axes | None,
) -> Figure | Axes:
    x_words, y_words = _axes_words(result)
    if ax is None:
        wide = look.width_of(width, look.COLUMN)
        side = min(wide, 110.0)
        sheet, above = sheet_of(1.04 * side, caption, title, wide)
        down = sheet.size[1]
        box = (
            (0.06 * side + (wide - side) / 2) / wide,
            1 - (above + 0.86 * side) / down,
            0.8 * side / wide,
            0.84 * side / down,
        )
        plot: Any = sheet.add_axes(box, projection="3d")
    else:
        plot = given(ax)
        if plot.name != "3d":
            raise OptionError("kind='surface' needs three-dimensional axes: figure.add_subplot(projection='3d').")
    grid, f = result.grid, result.conditional.to_numpy(dtype=float)
    data = result.data["x"]
    rows = np.flatnonzero((grid >= data.min()) & (grid <= data.max()))
    columns = np.flatnonzero((grid >= low) & (grid <= high))
    across, along = np.meshgrid(grid[rows], grid[columns], indexing="ij")
    plot.plot_surface(
        across, along, f[np.ix_(rows, columns)], cmap=_BLUES, linewidth=0.15, edgecolor=look.SOFT, rcount=50, ccount=50
    )
    plot.view_init(elev=38, azim=-62)
    # Turned axes are too short for the variable and its scale twice: they stand on one of the two.
    measure, room = look.measurer(cast(Figure, plot.get_figure(root=True))), 0.42 * look.extent(plot)[0]
    x_short = x_words.replace(y_words, "").replace("' ", "'").replace("neighbours'", "the neighbours'")
    # Where it is too long for one line of the axis it breaks behind the variable; two lines are cut as one is.
    said = x_short if current() == "en" else x_words
    lines = [said] if measure(said)[0] <= room else look.wrapped(said, measure, room)
    plot.set_xlabel("\n".join(cut(line, measure, room) for line in [lines[0], say(" ").join(lines[1:])] if line))
    plot.set_ylabel(cut(y_words.removeprefix(x_words).lstrip(", \uff0c") or y_words, measure, room))
    plot.set_zlabel(say("density"))
    for axis in (plot.xaxis, plot.yaxis, plot.zaxis):
        axis.set_major_locator(MaxNLocator(4, steps=STEPS))
    return plot if ax is not None else sheet


@speaking
def ergodic(
    result: Any,
    *,
    title: str | None = None,
    unit: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Plot the ergodic density of a stochastic kernel, its bands, and the density of the last period.

    Parameters
    ----------
    result : StochasticKernel
        Result of `spatialconv.stochastic_kernel` with given="past".
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
        If `result` is no such result, or has no ergodic density.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> figure = sc.plot.ergodic(sc.stochastic_kernel(us.panel, "income", horizon=10))
    """
    expect(result, StochasticKernel, "plot.ergodic", "the result of sc.stochastic_kernel")
    if result.ergodic is None:
        raise OptionError("there is no ergodic density given neighbours; take given='past'.")
    scale, last = say(_WORDS[result.scale]), str(result.periods[-1])
    what, ergodic_ = result.variable + say(", ") + scale, say("ergodic")
    low, high = _seen(result)
    grid = result.grid
    said = say("{level:g} % band", level=100 * result.level)
    caption = about(
        result,
        say(
            "Ergodic density of {variable}, {scale}, and that of {period}",
            variable=named(result.variable, unit=unit),
            scale=scale,
            period=last,
        ),
        tested=(say("{band}: {n:,} bootstraps of regions", band=said, n=result.draws) if result.draws else "",),
        source=source,
    )

    def paint(axes: list[Axes]) -> None:
        plot = axes[0]
        shown: dict[str, Any] = {}
        (shown[ergodic_],) = plot.plot(
            grid, result.ergodic["density"], color=look.FIRST, linewidth=look.LINE, label=ergodic_
        )
        if result.draws:
            bounds = result.ergodic[["conf_low", "conf_high"]].to_numpy(dtype=float)
            shown[said] = plot.fill_between(grid, *bounds.T, color=look.FIRST, alpha=0.18, linewidth=0, label=said)
        (shown[last],) = plot.plot(grid, result.now, color=look.SECOND, linewidth=0.9, linestyle="--", label=last)
        plot.set_xlim(low, high)
        plot.set_ylim(0, None)
        labelled(plot, what, say("density"))
        ticks(plot)
        look.frame(plot)
        legend(plot, shown)

    with look.style(title, what, last, ergodic_, caption.text):
        return drawn(paint, Frame(top=2.5), caption, title=title, width=width, ax=ax)
