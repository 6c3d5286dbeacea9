"""Autocorrelation by distance, with the distance at which it is strongest."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialconv import _style as look
from spatialconv import autocorrelation
from spatialconv._drawing.axes import Frame, drawn, headed, labelled, ticks
from spatialconv._drawing.captions import about, named
from spatialconv._drawing.scatter import write_ends
from spatialconv._language import Language, restate, say, speaking
from spatialconv._options import expect
from spatialconv.panel.calendar import place_of
from spatialconv.results import p_value

LEVEL = 0.05


@speaking
def correlogram(
    result: Any,
    *,
    period: Hashable = None,
    title: str | None = None,
    unit: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Plot autocorrelation by distance: z of ever wider bands, or the statistic of one ring after another.

    Full marks are distances whose p over all distances is at most 0.05. Under bands the most extreme z is named by its
    distance; under rings a grey band is what single distances would be in 95 % of random maps.

    Parameters
    ----------
    result : Correlogram
        Result of `correlogram`.
    period : label, optional
        The last by default.
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
        If the period is not in the result.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> figure = sc.plot.correlogram(sc.correlogram(us.panel, "income", us.states, period=1929, seed=1))
    """
    expect(result, autocorrelation.Correlogram, "plot.correlogram", "the result of sc.correlogram")
    at = result.periods[-1 if period is None else place_of(result.periods, period)]
    table, most = result.table.loc[at], result.strongest.loc[at]
    rings = result.bands == "rings"
    name = {"I": "Moran's I", "C": "Geary's C"}[result.statistic]
    of = say("log {variable}", variable=result.variable) if result.log else result.variable
    what = say("{statistic} of {variable}", statistic=say(name), variable=of) + say(", ") + str(at)
    head = what if rings else say("z of {what}", what=what)
    found = say(
        "strongest {band}: {test} over all distances",
        band=restate(result._band(_above(table, most), most["distance"])),
        test=restate(p_value(most["p_all"])),
    )
    how = say(result.alternative) + (say("; band: 95 % of random maps at one distance") if rings else "")
    caption = about(
        result,
        say(
            "Correlogram of {variable}, {statistic} by distance",
            variable=named(result.variable, result.log, unit),
            statistic=say(name),
        ),
        periods=str(at),
        tested=(
            say(
                "Filled: p over all distances \u2264 {level:g}, {n:,} permutations of regions, {how}",
                level=LEVEL,
                n=result.permutations,
                how=how,
            ),
            found,
        ),
        weights=say("rings of distance") if rings else say("bands of distance, each with all within"),
        source=source,
    )

    def paint(axes: list[Axes]) -> None:
        plot = axes[0]
        x = table["distance"].to_numpy(dtype=float)
        # A ring stands at its middle.
        x = (x + table["above"].to_numpy(dtype=float)) / 2 if rings else x
        y = table[result.statistic if rings else "z"].to_numpy(dtype=float)
        middle = table["expected"].to_numpy(dtype=float) if rings else np.zeros(len(x))
        plot.plot(x, middle, color=look.SOFT, linewidth=0.6, zorder=2, label="expected")
        reach = np.zeros(len(x))
        if rings:
            reach = 1.96 * np.sqrt(table["variance"].to_numpy(dtype=float))
            plot.fill_between(
                x, middle - reach, middle + reach, color="#ececec", linewidth=0, zorder=1, label="random maps"
            )
        plot.plot(x, y, color=look.FIRST, linewidth=0.9, zorder=3, label=name)
        hit = table["p_all"].to_numpy(dtype=float) <= LEVEL
        for these, fill, said in ((hit, look.FIRST, "significant"), (~hit, "white", "not significant")):
            plot.plot(x[these], y[these], "o", markersize=3.6, color=look.FIRST, mfc=fill, zorder=4, label=said)
        seen = np.concatenate([y, middle - reach])
        seen = seen[np.isfinite(seen)]
        spread = float(np.ptp(seen)) or 1.0
        plot.set_ylim(min(float(seen.min()), 0.0) - 0.12 * spread, float(seen.max()) + 0.18 * spread)
        ticks(plot, 6)
        band = say("grey: 95 % of random maps; ") if rings else ""
        labelled(plot, "km" + say("; ") + band + say("filled: p over all \u2264 {level:g}", level=LEVEL))
        headed(plot, head, found)
        look.frame(plot)
        if not rings:
            place = int(np.flatnonzero(table["distance"].to_numpy() == most["distance"])[0])
            write_ends(plot, x, y, {place: f"{most['distance']:,.0f} km"})

    with look.style(title, head, found, caption.text):
        return drawn(paint, Frame(), caption, title=title, width=width, ax=ax)


def _above(table: Any, most: Any) -> float:
    return float(table.loc[table["distance"] == most["distance"], "above"].iloc[0])
