"""How often regions are in one club: a matrix, ordered by club."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from spatialconv import _style as look
from spatialconv._drawing.axes import finished, given
from spatialconv._language import Language, say, speaking
from spatialconv._options import expect
from spatialconv.convergence.clubs.stability import ClubStability

NAMED = 60  # regions whose names find room beside a page-wide matrix
ROW = 2.9  # mm of a row with a name
SMALL = 62.0  # mm of a matrix without names
KEY = 3.0  # mm across the key


@speaking
def co_membership(
    result: Any, *, title: str | None = None, language: Language = "en", ax: Axes | None = None
) -> Figure | Axes:
    """Plot how often each pair of regions is in one club, regions ordered by club and by how surely they belong there.

    Dark blocks on the diagonal are clubs that hold together; dark cells off the blocks are regions that might as well
    be in another club.

    Parameters
    ----------
    result : ClubStability
        Result of `bootstrap`, `sensitivity` or `rolling` of a ClubPartition.
    title : str, optional
        Heading of the figure.
    language : {"en", "zh"}
        Of the fixed words; names of regions and variables, and all that is given here, stay as they are.
    ax : Axes, optional
        Draw the matrix, without its key, into these axes.

    Returns
    -------
    Figure or Axes
        The new Figure, or `ax` if it was given.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> found = sc.clubs(us.panel.subset(periods=range(1969, 2010)), "income", smooth=400)
    >>> figure = sc.plot.co_membership(found.sensitivity(progress=False))
    """
    expect(result, ClubStability, "plot.co_membership", "the result of clubs.bootstrap, sensitivity or rolling")
    regions = result.regions
    order = np.lexsort([-regions["together"].fillna(0).to_numpy(float), regions["club"].fillna(10**9).to_numpy(int)])
    share = result.co_membership.to_numpy(dtype=float)[np.ix_(order, order)]
    names = [str(label) for label in regions.index[order]]
    club = regions["club"].fillna(0).to_numpy(dtype=int)[order]
    head = say("Share of {n} runs in one club", n=len(result.table))
    with look.style(title, head, names):
        named = len(names) <= NAMED
        axes = [given(ax)] if ax is not None else _sheet(names if named else [], title)
        image = _matrix(axes[0], share, club, names if named and ax is None else None)
        axes[0].set_title(head, loc="left", fontsize=look.HEADING, fontweight="bold", color=look.INK)
        if ax is None:
            key = axes[0].figure.colorbar(image, cax=axes[1])
            key.set_ticks([0, 0.25, 0.5, 0.75, 1])
            key.outline.set_visible(False)
            look.frame(axes[1], x=False)
            axes[1].yaxis.tick_right()
            axes[1].spines["left"].set_visible(False)
        return finished(axes, ax)


def _sheet(names: list[str], title: str | None) -> list[Axes]:
    measure = look.measurer(look.Sheet(look.PAGE, 10))
    left = max([measure(name)[0] for name in names], default=6.0) + 3.5
    side = max(SMALL, ROW * len(names)) if names else SMALL
    width = look.PAGE if left + side + KEY + 16 > look.COLUMN else look.COLUMN
    side = min(side, width - left - KEY - 16)
    bold = look.measurer(look.Sheet(width, 10), size=look.TITLE, weight="bold")
    lines = look.wrapped(title, bold, width - 3.0) if title else []
    above = 6.5 + 4.0 * len(lines) + 2.0 * bool(lines)
    # No wider than needed: a matrix is square, and blank paper beside it says nothing.
    sheet = look.Sheet(left + side + KEY + 16, above + side + 8.0)
    for i, line in enumerate(lines):
        y = 1 - (1.5 + 4.0 * i) / sheet.size[1]
        sheet.text(1.5 / sheet.size[0], y, line, fontsize=look.TITLE, fontweight="bold", va="top")
    return [sheet.place(left, above, side, side), sheet.place(left + side + 4.0, above, KEY, min(side, 40.0))]


def _matrix(ax: Axes, share: npt.NDArray[np.float64], club: npt.NDArray[np.int_], names: list[str] | None) -> Any:
    colours = LinearSegmentedColormap.from_list("share", ["#ffffff", *look.SEQUENTIAL[1:]]).with_extremes(
        bad=look.FAINT
    )
    image = ax.imshow(
        np.ma.masked_invalid(share), cmap=colours, vmin=0, vmax=1, interpolation="nearest", aspect="equal"
    )
    edges = [0, *(np.flatnonzero(np.diff(club)) + 1), len(club)]
    for start, end in pairwise(edges):
        if club[start]:
            box = [start - 0.5, end - 0.5]
            ax.plot(
                [box[0], box[1], box[1], box[0], box[0]],
                [box[0], box[0], box[1], box[1], box[0]],
                color=look.SECOND,
                linewidth=0.9,
                label=f"club {club[start]}",
                clip_on=False,
            )
    middles = [(a + b - 1) / 2 for a, b in pairwise(edges)]
    ax.set_xticks(middles, [str(club[a]) if club[a] else say("div.") for a in edges[:-1]])
    unseen = say("; grey: never drawn together") if np.isnan(share).any() else ""
    ax.set_xlabel(say("club") + unseen, fontsize=look.TEXT, color=look.INK, labelpad=1)
    if names is None:
        ax.set_yticks(middles, [str(club[a]) if club[a] else say("div.") for a in edges[:-1]])
    else:
        ax.set_yticks(range(len(names)), names)
    look.frame(ax)
    ax.tick_params(length=0)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    return image
