"""Gaps and whether they come back: paths of all regions, or a matrix of pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from spatialconv import _style as look
from spatialconv._drawing.axes import Frame, drawn, headed, labelled, ticks, time_axis
from spatialconv._drawing.captions import about, logged, measured, spoken
from spatialconv._language import Language, restate, say, speaking
from spatialconv._options import expect
from spatialconv.convergence.stochastic.pairs import PairwiseUnitRoots
from spatialconv.convergence.stochastic.unit_roots import UnitRoots
from spatialconv.results import number, p_value

LEVEL = 0.05
_SIDE = 72.0  # mm


@speaking
def unit_roots(
    result: Any,
    *,
    title: str | None = None,
    unit: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Plot gaps over time, those that come back in colour; or which pairs of regions converge.

    Of `unit_roots`, one line a region: its gap from the mean or the leader, coloured where its own test of Dickey and
    Fuller rejects a unit root at 5 %. Of `unit_roots_pairwise`, a matrix: dark where the gap of two regions rejects,
    regions ordered by the number of their partners.

    Parameters
    ----------
    result : UnitRoots or PairwiseUnitRoots
        Result of `unit_roots` or `unit_roots_pairwise`.
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
        If the result is of another kind.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> figure = sc.plot.unit_roots(sc.unit_roots(us.panel, "income", draws=0))
    """
    kinds = (UnitRoots, PairwiseUnitRoots)
    expect(result, kinds, "plot.unit_roots", "the result of sc.unit_roots or sc.unit_roots_pairwise")
    if isinstance(result, PairwiseUnitRoots):
        return _pairs(result, title, unit, source, width, ax)
    return _paths(result, title, unit, source, width, ax)


def _from(result: UnitRoots) -> str:
    # A leader is a region.
    return say(result.of) if result.of == "the mean of all regions" else result.of


def _paths(
    result: UnitRoots,
    title: str | None,
    unit: str | None,
    source: str | None,
    width: look.Width | None,
    ax: Axes | None,
) -> Figure | Axes:
    what, of = logged(result.what, result.variable), _from(result)
    head = say("Gaps in {what} from {of}", what=what, of=of)
    back = (result.table["p_value"] <= LEVEL).to_numpy()
    together = restate(p_value(result.p_unit_roots))
    found = say(
        "every gap a unit root: {test}; {some} of {n:,} come back", test=together, some=int(back.sum()), n=len(back)
    )
    caption = about(
        result,
        measured(head, result.variable, unit),
        periods=spoken(result.gaps.index),
        tested=(
            say(
                "Dark: the region's own test of Dickey and Fuller rejects a unit root, p \u2264 {level:g}, one-sided; "
                "{trend}; lags: {lags}",
                level=LEVEL,
                trend=say(result.trend, sense="trend"),
                lags=say(str(result.provenance.options["lags"]), sense="lags"),
            ),
            say("All together, null: every gap has a unit root; {test}", test=together),
        ),
        source=source,
    )
    # Of thousands the lines in grey would hide the others.
    light = min(1.0, 300 / len(back))

    def paint(axes: list[Axes]) -> None:
        plot = axes[0]
        x = time_axis(plot, result.gaps.index)
        plot.axhline(0, color=look.SOFT, linewidth=0.6, zorder=1, label="zero")
        values = result.gaps.to_numpy(dtype=float)
        for k in np.argsort(back, kind="stable"):
            colour, order = (look.FIRST, 3) if back[k] else (look.FAINT, 2)
            name = str(result.gaps.columns[k])
            plot.plot(x, values[:, k], color=colour, linewidth=0.7, alpha=light, zorder=order, label=name)
        ticks(plot, x=False)
        below = say("dark: the region's own test rejects a unit root at {level:g} %", level=100 * LEVEL)
        labelled(plot, below, say("gap from {of}", of=of))
        look.frame(plot)
        headed(plot, head, found)

    with look.style(title, head, found, caption.text, list(result.gaps.columns)):
        return drawn(paint, Frame(), caption, title=title, width=width, ax=ax)


def _pairs(
    result: PairwiseUnitRoots,
    title: str | None,
    unit: str | None,
    source: str | None,
    width: look.Width | None,
    ax: Axes | None,
) -> Figure | Axes:
    order = np.argsort(-result.table["share"].to_numpy(), kind="stable")
    values = result.rejects.to_numpy(dtype=float)[np.ix_(order, order)]
    head = say("Pairs whose gap in {what} comes back", what=logged(result.what, result.variable))
    p = "" if np.isnan(result.p_value) else say(", ") + restate(p_value(result.p_value))
    found = say("{share} % of {n:,} pairs", share=number(100 * result.share, 1), n=len(result.pairs)) + p
    caption = about(
        result,
        measured(head, result.variable, unit),
        tested=(
            say(
                "Dark: a unit root in the gap of two regions is rejected at {level:g} %; {trend}",
                level=100 * result.level,
                trend=say(result.trend, sense="trend"),
            ),
            found,
        ),
        source=source,
    )

    def paint(axes: list[Axes]) -> None:
        plot = axes[0]
        colours = ListedColormap(["#ffffff", look.FIRST]).with_extremes(bad=look.NEUTRAL)
        plot.imshow(np.ma.masked_invalid(values), cmap=colours, vmin=0, vmax=1, interpolation="nearest", aspect="equal")
        plot.set_yticks([])
        plot.set_xticks([])
        labelled(plot, say("regions, those with most partners first"))
        look.frame(plot)
        headed(plot, head, found)

    with look.style(title, head, found, caption.text):
        return drawn(
            paint, Frame(height=lambda across: min(across, _SIDE), bottom=5.0), caption, title=title, width=width, ax=ax
        )
