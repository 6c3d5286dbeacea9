"""The path of a centre of gravity at its own scale."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialconv import _style as look
from spatialconv._drawing.axes import Frame, drawn, headed, labelled, ticks
from spatialconv._drawing.captions import about, named
from spatialconv._drawing.scatter import write_ends
from spatialconv._language import Language, restate, say, speaking
from spatialconv._options import expect
from spatialconv.dynamics import GravityCentre
from spatialconv.results import number, p_value, written

_SIDE = 70.0  # mm: km to the east and to the north have one scale
_NAMED = 8  # periods written at the path; of more only the ends


@speaking
def gravity_path(
    centre: Any,
    *,
    title: str | None = None,
    unit: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Plot the path of a centre of gravity in km east and north of where it began.

    Parameters
    ----------
    centre : GravityCentre
        Result of `spatialconv.gravity_centre`.
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
        If `centre` is no such result.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> figure = sc.plot.gravity_path(sc.gravity_centre(us.panel, "income", us.states, seed=1))
    """
    expect(centre, GravityCentre, "plot.gravity_path", "the result of sc.gravity_centre")
    xy = centre.table[["east", "north"]].to_numpy(dtype=float)
    words = [written(period) for period in centre.periods]
    shown = range(len(words)) if len(words) <= _NAMED else (0, len(words) - 1)
    across, up = say("km to the east"), say("km to the north")
    heading = say("Centre of gravity, {variable}", variable=centre.variable)
    last = centre.draws and len(words) > 1
    how, shift = "", ""
    if last:
        how = say(
            "bars: {level:g} % interval of {period}, {n:,} bootstraps of regions",
            level=100 * centre.level,
            period=words[-1],
            n=centre.draws,
        )
        shift = say(
            "Shift of {km} km, {test}",
            km=number(centre.shift["distance"], 1),
            test=restate(p_value(centre.shift["p"])),
        )
    caption = about(
        centre,
        say(
            "Centre of gravity of {variable}, from that of {period}",
            variable=named(centre.variable, unit=unit),
            period=words[0],
        ),
        tested=(how, shift),
        source=source,
    )

    def paint(axes: list[Axes]) -> None:
        plot = axes[0]
        plot.plot(*xy.T, color=look.FIRST, linewidth=look.LINE, zorder=3, label="path")
        marks: dict[str, Any] = (
            {"marker": "o", "markersize": 3} if len(words) <= 25 else {"marker": ".", "markersize": 2}
        )
        plot.plot(*xy.T, color=look.FIRST, linestyle="", zorder=3.1, label="centres", **marks)
        if last:
            low, high = (
                centre.intervals.loc[(centre.periods[-1], ["east", "north"]), name].to_numpy(dtype=float)
                for name in ("conf_low", "conf_high")
            )
            reach = [[[max(at - a, 0)], [max(b - at, 0)]] for at, a, b in zip(xy[-1], low, high, strict=True)]
            said = f"{words[-1]}, interval of {100 * centre.level:g} %"
            bars: dict[str, Any] = {"xerr": reach[0], "yerr": reach[1], "linewidth": 0.8, "capsize": 2, "label": said}
            plot.errorbar(*xy[-1], color=look.SECOND, marker="o", markersize=4, zorder=3.2, **bars)
        plot.axhline(0, color=look.FAINT, linewidth=0.5, zorder=1)
        plot.axvline(0, color=look.FAINT, linewidth=0.5, zorder=1)
        labelled(plot, across, up)
        _aim(plot)
        ticks(plot)
        look.frame(plot)
        headed(plot, heading)
        write_ends(plot, xy[:, 0], xy[:, 1], {k: words[k] for k in shown}, colour=look.INK)

    with look.style(title, heading, words, across, up, caption.text):
        return drawn(paint, Frame(height=_SIDE), caption, title=title, width=width, ax=ax)


def _aim(ax: Axes) -> None:
    """Give km to the east and to the north one scale, with the path in the middle and room for its words."""
    ax.margins(0.18)
    ax.autoscale_view()
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    across, down = look.extent(ax)
    scale = max((right - left) / across, (high - low) / down) or 1.0
    for setter, middle, mm in ((ax.set_xlim, (left + right) / 2, across), (ax.set_ylim, (low + high) / 2, down)):
        setter(middle - scale * mm / 2, middle + scale * mm / 2)
