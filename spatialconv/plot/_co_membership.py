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
from spatialconv._drawing.axes import Frame, drawn, headed, name_rows
from spatialconv._drawing.captions import about, logged
from spatialconv._language import Language, restate, say, speaking
from spatialconv._options import expect
from spatialconv.convergence.clubs.stability import ClubStability

NAMED = 60  # regions whose names find room beside a page-wide matrix
ROW, LEAST_ROW = 2.9, 2.7  # mm of a row with a name, as usual and at least
SMALL = 62.0  # mm of a matrix without names
KEY = 3.0  # mm across the key


@speaking
def co_membership(
    result: Any,
    *,
    title: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
    ax: Axes | None = None,
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
    source : str, optional
        Whose the data are; it closes the caption below the figure.
    width : "single", "double" or float, optional
        Of the figure, 90 or 190 mm as one or two columns of a journal, or in mm.
    language : {"en", "zh"}
        Of the fixed words; names of regions and variables, and all that is given here, stay as they are.
    ax : Axes, optional
        Draw the matrix, without its key, into these axes.

    Returns
    -------
    Figure or Axes
        The new Figure, or `ax` if it was given.

    Raises
    ------
    OptionError
        If it is no such result, `ax` is no Axes, or the width is none.

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
    head = say("Share of {n:,} runs in one club", n=len(result.table))
    named = len(names) <= NAMED
    caption = about(
        result,
        head + say(", ") + logged(result.what),
        tested=(
            say("Runs: {how}", how=restate(result.resampled)),
            say("Grey: never drawn together") if np.isnan(share).any() else "",
        ),
        source=source,
    )

    def paint(axes: list[Axes]) -> None:
        plot = axes[0]
        across, down = look.extent(plot)
        room = min(across, down) / len(names) >= LEAST_ROW
        image = _matrix(plot, share, club, names if named and room and ax is None else None)
        headed(plot, head)
        if ax is None:
            high = min(down, 40.0)
            side = plot.inset_axes((1 + 4.0 / across, 1 - high / down, KEY / across, high / down))
            key = plot.figure.colorbar(image, cax=side)
            key.set_ticks([0, 0.25, 0.5, 0.75, 1])
            key.outline.set_visible(False)
            look.frame(side, x=False)
            side.yaxis.tick_right()
            side.spines["left"].set_visible(False)

    side = max(SMALL, ROW * len(names)) if named else SMALL
    frame = Frame(
        height=lambda across: min(across, side), right=KEY + 16, usual=look.PAGE if side > SMALL else look.COLUMN
    )
    with look.style(title, head, names, caption.text):
        return drawn(paint, frame, caption, title=title, width=width, ax=ax)


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
    ax.set_xlabel(say("club"), fontsize=look.TEXT, color=look.INK, labelpad=1)
    if names is None:
        ax.set_yticks(middles, [str(club[a]) if club[a] else say("div.") for a in edges[:-1]])
    else:
        name_rows(ax, range(len(names)), names)
    look.frame(ax)
    ax.tick_params(length=0)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    return image
