"""The path of a centre of gravity at its own scale."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from spatialconv import _style as look
from spatialconv._drawing.axes import STEPS, finished, given, row
from spatialconv._language import Language, say, speaking
from spatialconv._options import expect
from spatialconv.dynamics import GravityCentre

_SIDE = 70.0  # mm: km to the east and to the north have one scale
_NAMED = 8  # periods written at the path; of more only the ends


@speaking
def gravity_path(
    centre: Any, *, title: str | None = None, language: Language = "en", ax: Axes | None = None
) -> Figure | Axes:
    """Plot the path of a centre of gravity in km east and north of where it began.

    Parameters
    ----------
    centre : GravityCentre
        Result of `spatialconv.gravity_centre`.
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
        If `centre` is no such result.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> figure = sc.plot.gravity_path(sc.gravity_centre(us.panel, "income", us.states, seed=1))
    """
    expect(centre, GravityCentre, "plot.gravity_path", "the result of sc.gravity_centre")
    xy = centre.table[["east", "north"]].to_numpy(dtype=float)
    words = [str(period) for period in centre.periods]
    shown = range(len(words)) if len(words) <= _NAMED else (0, len(words) - 1)
    across, up = say("km to the east"), say("km to the north")
    with look.style(title, words, across, up):
        plot = given(ax) if ax is not None else row(1, title, height=_SIDE)[0]
        plot.plot(*xy.T, color=look.FIRST, linewidth=look.LINE, zorder=3, label="path")
        marks: dict[str, Any] = (
            {"marker": "o", "markersize": 3} if len(words) <= 25 else {"marker": ".", "markersize": 2}
        )
        plot.plot(*xy.T, color=look.FIRST, linestyle="", zorder=3.1, label="centres", **marks)
        if centre.draws and len(words) > 1:
            low, high = (
                centre.intervals.loc[(centre.periods[-1], ["east", "north"]), name].to_numpy(dtype=float)
                for name in ("conf_low", "conf_high")
            )
            reach = [[[max(at - a, 0)], [max(b - at, 0)]] for at, a, b in zip(xy[-1], low, high, strict=True)]
            said = f"{words[-1]}, interval of {100 * centre.level:g} %"
            bars: dict[str, Any] = {"xerr": reach[0], "yerr": reach[1], "linewidth": 0.8, "capsize": 2, "label": said}
            plot.errorbar(*xy[-1], color=look.SECOND, marker="o", markersize=4, zorder=3.2, **bars)
        for k in shown:
            plot.annotate(words[k], xy[k], xytext=(3, 3), textcoords="offset points", color=look.INK, zorder=4)
        plot.axhline(0, color=look.FAINT, linewidth=0.5, zorder=1)
        plot.axvline(0, color=look.FAINT, linewidth=0.5, zorder=1)
        plot.set_xlabel(across)
        plot.set_ylabel(up)
        plot.set_aspect("equal", adjustable="datalim")
        plot.margins(0.12)
        for axis in (plot.xaxis, plot.yaxis):
            axis.set_major_locator(MaxNLocator(5, steps=STEPS))
        look.frame(plot)
        return finished([plot], ax)
