"""How unevenly industries are spread: their locational Lorenz curves."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialconv import _style as look
from spatialconv._core.dispersion import agglomeration as core
from spatialconv._drawing.axes import Frame, drawn, headed, labelled, legend, ticks
from spatialconv._drawing.captions import Caption
from spatialconv._language import Language, say, speaking
from spatialconv._options import expect, first
from spatialconv.agglomeration import IndustryTable
from spatialconv.errors import OptionError
from spatialconv.results import written

# Told apart by dash and lightness, so that the curves stay apart in grey.
_LINES = (("-", look.FIRST), ("--", look.SECOND), ("-.", look.INK), (":", look.FIRST), ((0, (6, 1.5)), look.SOFT))


@speaking
def location_curves(
    table: Any,
    *,
    industries: Iterable[Hashable] | None = None,
    period: Hashable | None = None,
    title: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Plot the locational Lorenz curves of industries: shares of all jobs across, of the industry's up.

    Regions stand in order of their location quotients; an industry that is spread as everything is lies on the
    diagonal. The legend gives the locational Gini, twice the area between.

    Parameters
    ----------
    table : IndustryTable
    industries : labels, optional
        Five at most; by default the five (or fewer) that are most concentrated.
    period : label, optional
        The last by default.
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
        If an industry or a period is unknown, or there are more than five.

    Examples
    --------
    >>> import pandas as pd, spatialconv as sc
    >>> frame = pd.DataFrame(
    ...     {"city": ["a", "a", "b", "b"], "sector": ["goods", "services"] * 2, "jobs": [30, 10, 20, 40]}
    ... )
    >>> table = sc.industry_table(frame, region="city", industry="sector", value="jobs")
    >>> figure = sc.plot.location_curves(table)
    """
    expect(table, IndustryTable, "plot.location_curves", "the result of sc.industry_table")
    period = table.periods[-1] if period is None else period
    if period not in table.periods:
        raise OptionError(f"unknown period {period!r}; the table has {first(list(table.periods))}.")
    jobs = table.values[int(table.periods.get_loc(period))].T
    s = core.ratio(jobs, jobs.sum(axis=1, keepdims=True))
    x = np.broadcast_to(jobs.sum(axis=0) / jobs.sum(), s.shape)
    gini = core.locational_gini(s, x)
    chosen = _chosen(table, industries, gini)
    heading = say("Location of {quantity}", quantity=table.quantity)
    heading += say(", {period}", period=period) if len(table.periods) > 1 else ""
    names = [f"{table.industries[k]} ({gini[k]:.2f})" for k in chosen]
    n = len(table.regions)
    caption = Caption(
        say("Locational Lorenz curves of {quantity}", quantity=table.quantity),
        written(period) if len(table.periods) > 1 else "",
        n,
        tested=(
            say(
                "{n:,} regions in order of their location quotients, industry by industry; locational Gini in brackets",
                n=n,
            ),
        ),
        source=source,
    )

    def paint(axes: list[Axes]) -> None:
        plot = axes[0]
        plot.set(xlim=(0, 1), ylim=(0, 1))
        plot.plot([0, 1], [0, 1], color=look.SOFT, linewidth=0.6, zorder=1, label="as everything")
        for k, name, (dash, colour) in zip(chosen, names, _LINES, strict=False):
            across, up = core.lorenz(s[k], x[k])
            plot.plot(across, up, linestyle=dash, color=colour, zorder=2, label=name)
        curves = dict(zip(names, plot.lines[1:], strict=True))
        # Curves lie below the diagonal.
        legend(plot, curves, title=say("locational Gini in brackets"), loc="upper left", handlelength=2.8)
        ticks(plot)
        look.frame(plot)
        labelled(plot, say("share of all industries, cumulated"), say("share of the industry, cumulated"))
        headed(plot, heading)

    with look.style(title, heading, names, caption.text):
        return drawn(paint, Frame(height=70.0), caption, title=title, width=width, ax=ax)


def _chosen(table: IndustryTable, industries: Iterable[Hashable] | None, gini: Any) -> list[int]:
    if industries is None:
        there = [int(k) for k in np.argsort(-np.nan_to_num(gini, nan=-1.0), kind="stable") if np.isfinite(gini[k])]
        return there[: len(_LINES)]
    wanted = [industries] if isinstance(industries, str) or not isinstance(industries, Iterable) else list(industries)
    unknown = [label for label in wanted if label not in table.industries]
    if unknown:
        raise OptionError(f"unknown industries {first(unknown)}; the table has {first(list(table.industries), 8)}.")
    if not 1 <= len(wanted) <= len(_LINES):
        raise OptionError(f"one to five curves can be told apart; got {len(wanted)} industries.")
    places = [int(table.industries.get_loc(label)) for label in wanted]
    nowhere = [table.industries[k] for k in places if not np.isfinite(gini[k])]
    if nowhere:
        raise OptionError(f"{first(nowhere)} is nowhere in this period and has no curve.")
    return places
