"""Probabilities of clubs by a regressor."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from spatialconv import _style as look
from spatialconv._drawing.axes import Frame, drawn, labelled, ticks
from spatialconv._drawing.captions import about
from spatialconv._drawing.captions import logged as of_log
from spatialconv._drawing.club_colours import club_colours
from spatialconv._language import Language, restate, say, speaking
from spatialconv._options import expect
from spatialconv.convergence.clubs.explain import ClubExplanation
from spatialconv.errors import OptionError
from spatialconv.results import p_value

_POINTS = 121
_ROW = 0.045  # of the height: ticks of the regions of one club
_NAMED = 0.08  # of the height: narrower bands have no name
_EDGE = 15  # points of the curve from an end at which a name would cross it
_DARK = 1.5  # sum of red, green and blue


@speaking
def club_probabilities(
    explanation: Any,
    *,
    name: str | None = None,
    title: str | None = None,
    unit: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Plot how probable each club is by a regressor, the others at their means.

    Bands add up to one; ticks below are the regions, a row a club.

    Parameters
    ----------
    explanation : ClubExplanation
        Result of `sc.explain_clubs`.
    name : str, optional
        Regressor; the first by default.
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
        If `explanation` is no such result, or the name none of its regressors.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> clubs = sc.clubs(us.panel.subset(periods=range(1980, 2010)), "income", smooth=400, convention="r")
    >>> found = sc.explain_clubs(clubs, us.panel, "income", log="income", period=1929)
    >>> figure = sc.plot.club_probabilities(found)
    """
    expect(explanation, ClubExplanation, "plot.club_probabilities", "the result of sc.explain_clubs")
    frame = explanation.regressors
    chosen = frame.columns[0] if name is None else name
    if chosen not in frame.columns:
        raise OptionError(f"name must be one of {', '.join(map(str, frame.columns))}; got {name!r}.")
    value = np.linspace(float(frame[chosen].min()), float(frame[chosen].max()), _POINTS)
    index = float((explanation.params * frame.mean()).drop(chosen).sum()) + explanation.params[chosen] * value
    bands = explanation.at(index)
    logged = chosen in explanation.provenance.options["log"]
    across, up = say("log of {variable}", variable=chosen) if logged else str(chosen), say("probability")
    kinds = list(bands.columns)
    colours = club_colours(len(kinds))
    across = say("{variable} ({unit})", variable=across, unit=unit) if unit else across
    caption = about(
        explanation,
        say(
            "Probability of each club of {what} by {regressor}, other regressors at their means",
            what=of_log(explanation.what),
            regressor=across,
        ),
        periods=str(explanation.period),
        tested=(
            say("Ordered logit; ticks: regions, a row a club, the first club on top"),
            say(
                "Null: no regressor matters, LR \u03c7\u00b2({df}) = {value:.2f}, {test}",
                df=explanation.lr_df,
                value=explanation.lr,
                test=restate(p_value(explanation.lr_p)),
            ),
        ),
        source=source,
    )

    def paint(axes: list[Axes]) -> None:
        plot = axes[0]
        low = np.zeros(_POINTS)
        for k, kind in enumerate(kinds):
            high = low + bands[kind].to_numpy()
            plot.fill_between(value, low, high, color=colours[k], linewidth=0, label=f"club {kind}")
            middle = (low + high) / 2
            widest = int(np.argmax(high - low))
            if (high - low)[widest] > _NAMED:
                side = "left" if widest < _EDGE else "right" if widest > _POINTS - _EDGE else "center"
                # Dark bands carry white words.
                ink = "white" if sum(to_rgb(colours[k])) < _DARK else look.INK
                at = (value[widest], middle[widest])
                shift = {"left": 3, "right": -3, "center": 0}[side]
                words: dict[str, Any] = {
                    "xytext": (shift, 0),
                    "textcoords": "offset points",
                    "ha": side,
                    "va": "center",
                }
                plot.annotate(say("club {k}", k=kind), at, color=ink, zorder=4, **words)
            low = high
        for k, kind in enumerate(kinds):
            own = frame.loc[explanation.club == kind, chosen].to_numpy(dtype=float)
            marks: dict[str, Any] = {"linestyle": "", "marker": "|", "markersize": 4, "color": colours[k]}
            plot.plot(own, np.full(len(own), -_ROW * (k + 0.75)), zorder=3, label=f"regions {kind}", **marks)
        plot.set_xlim(value[0], value[-1])
        plot.set_ylim(-_ROW * (len(kinds) + 0.5), 1.0)
        labelled(plot, across, up)
        ticks(plot, y=False)
        look.frame(plot)

    with look.style(title, across, up, say("club"), caption.text):
        return drawn(paint, Frame(top=2.5), caption, title=title, width=width, ax=ax)
