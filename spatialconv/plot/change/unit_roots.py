"""Gaps and whether they come back: paths of all regions, or a matrix of pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from spatialconv import _style as look
from spatialconv._drawing.axes import STEPS, finished, given, headings, row, time_axis
from spatialconv._language import Language, restate, say, speaking
from spatialconv._options import expect
from spatialconv.convergence.stochastic.pairs import PairwiseUnitRoots
from spatialconv.convergence.stochastic.unit_roots import UnitRoots
from spatialconv.results import number, p_value

LEVEL = 0.05
_SIDE, _TOP = 72.0, 13.0  # mm


@speaking
def unit_roots(
    result: Any, *, title: str | None = None, language: Language = "en", ax: Axes | None = None
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
    return _pairs(result, title, ax) if isinstance(result, PairwiseUnitRoots) else _paths(result, title, ax)


def _what(result: UnitRoots | PairwiseUnitRoots) -> str:
    logged = result.what == f"log of {result.variable}"
    return say("log of {variable}", variable=result.variable) if logged else result.what


def _from(result: UnitRoots) -> str:
    # A leader is a region.
    return say(result.of) if result.of == "the mean of all regions" else result.of


def _paths(result: UnitRoots, title: str | None, ax: Axes | None) -> Figure | Axes:
    head = say("Gaps in {what} from {of}", what=_what(result), of=_from(result))
    back = (result.table["p_value"] <= LEVEL).to_numpy()
    found = say(
        "every gap a unit root: {test}; {some} of {n} come back",
        test=restate(p_value(result.p_unit_roots)),
        some=int(back.sum()),
        n=len(back),
    )
    with look.style(title, head, found, list(result.gaps.columns)):
        plot = given(ax) if ax is not None else row(1, title, top=_TOP)[0]
        x = time_axis(plot, result.gaps.index)
        plot.axhline(0, color=look.SOFT, linewidth=0.6, zorder=1, label="zero")
        values = result.gaps.to_numpy(dtype=float)
        for k in np.argsort(back, kind="stable"):
            colour, order = (look.FIRST, 3) if back[k] else (look.FAINT, 2)
            plot.plot(x, values[:, k], color=colour, linewidth=0.7, zorder=order, label=str(result.gaps.columns[k]))
        plot.yaxis.set_major_locator(MaxNLocator(5, steps=STEPS))
        plot.set_xlabel(say("dark: the region's own test rejects a unit root at {level:g} %", level=100 * LEVEL))
        headings(plot, head, found)
        look.frame(plot)
        return finished([plot], ax)


def _pairs(result: PairwiseUnitRoots, title: str | None, ax: Axes | None) -> Figure | Axes:
    order = np.argsort(-result.table["share"].to_numpy(), kind="stable")
    values = result.rejects.to_numpy(dtype=float)[np.ix_(order, order)]
    head = say("Pairs whose gap in {what} comes back", what=_what(result))
    drawn = "" if np.isnan(result.p_value) else say(", ") + restate(p_value(result.p_value))
    found = say("{share} % of {n} pairs", share=number(100 * result.share, 1), n=len(result.pairs)) + drawn
    with look.style(title, head, found):
        plot = given(ax) if ax is not None else row(1, title, height=_SIDE, top=_TOP)[0]
        colours = ListedColormap(["#ffffff", look.FIRST]).with_extremes(bad=look.NEUTRAL)
        plot.imshow(np.ma.masked_invalid(values), cmap=colours, vmin=0, vmax=1, interpolation="nearest", aspect="equal")
        plot.set_xlabel(say("regions, those with most partners first"))
        plot.set_yticks([])
        plot.set_xticks([])
        headings(plot, head, found)
        look.frame(plot)
        return finished([plot], ax)
