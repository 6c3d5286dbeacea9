"""Paths of regions through the Moran scatter plot."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from spatialconv import _style as look
from spatialconv._drawing.axes import Frame, drawn, headed, labelled, legend, ticks
from spatialconv._drawing.captions import about, named, told
from spatialconv._language import Language, say, speaking
from spatialconv._options import expect, first
from spatialconv.dynamics import LisaPaths
from spatialconv.errors import OptionError

_SIDE = 72.0  # mm
# Colours of one darkness are told apart in grey by their lines and ends.
_PATHS = ((look.FIRST, "-", "o"), (look.SECOND, (0, (3.2, 1.2)), "s"))


@speaking
def lisa_paths(
    paths: Any,
    *,
    regions: Hashable | Iterable[Hashable] | None = None,
    title: str | None = None,
    unit: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Plot how regions and their neighbours have moved: every displacement as a line, some regions with the whole path.

    A dot marks the last period. Lines parting regions from neighbours at the mean are those of the Moran scatter plot.

    Parameters
    ----------
    paths : LisaPaths
        Result of `spatialconv.lisa_paths`.
    regions : label or labels, optional
        Regions whose path is drawn in full and named; the two longest by default.
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
        If a region is not in the result.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> figure = sc.plot.lisa_paths(sc.lisa_paths(us.panel, "income", sc.weights.adjacency(us.states)))
    """
    expect(paths, LisaPaths, "plot.lisa_paths", "the result of sc.lisa_paths")
    shape = (len(paths.periods), len(paths.regions))
    own, near = (paths.path[name].to_numpy(dtype=float).reshape(shape) for name in ("own", "neighbours"))
    named_regions = _named(paths, regions)
    unit_words = "relative to the mean" if paths.scale == "relative" else "standard deviations from the mean"
    unit_words = say(unit_words)
    across, up = paths.variable + say(", ") + unit_words, say("its neighbours' average")
    centre = 1.0 if paths.scale == "relative" else 0.0
    heading = say("Paths of regions and neighbours, {variable}", variable=paths.variable)
    caption = about(
        paths,
        say("LISA paths of {variable}, {scale}", variable=named(paths.variable, unit=unit), scale=unit_words),
        tested=(say("Lines from the first period to a dot at the last"), told(paths.independence)),
        source=source,
    )

    def paint(axes: list[Axes]) -> None:
        plot = axes[0]
        plot.axhline(centre, color=look.FAINT, linewidth=0.6, zorder=1)
        plot.axvline(centre, color=look.FAINT, linewidth=0.6, zorder=1)
        # Lines of thousands would make one grey of all.
        faint: dict[str, Any] = {"color": look.SOFT, "linewidth": 0.6, "alpha": min(1.0, 250 / shape[1]), "zorder": 2}
        moves = np.stack([own[[0, -1]].T, near[[0, -1]].T], axis=2)
        plot.add_collection(LineCollection(list(moves), label="displacements", **faint))
        plot.plot(own[-1], near[-1], ".", color=look.SOFT, markersize=3, alpha=faint["alpha"], label="last period")
        for k, (colour, line, mark) in zip(named_regions, itertools.cycle(_PATHS), strict=False):
            name = str(paths.regions[k])
            whole: dict[str, Any] = {"color": colour, "linestyle": line, "linewidth": look.LINE, "zorder": 3}
            plot.plot(own[:, k], near[:, k], label=f"path {name}", **whole)
            plot.plot(own[-1, k], near[-1, k], mark, color=colour, markersize=4, zorder=3.1, label=f"end {name}")
        plot.margins(0.08)
        lines = [line for line in plot.lines if str(line.get_label()).startswith("path ")]
        labelled(plot, across, up)
        ticks(plot)
        look.frame(plot)
        words = [str(paths.regions[k]) for k in named_regions]
        legend(plot, dict(zip(words, lines, strict=True)))
        headed(plot, heading)

    with look.style(title, across, up, heading, caption.text, [str(paths.regions[k]) for k in named_regions]):
        return drawn(paint, Frame(height=_SIDE), caption, title=title, width=width, ax=ax)


def _named(paths: LisaPaths, regions: Any) -> list[int]:
    if regions is None:
        length = paths.table["length"].fillna(-1.0).to_numpy()
        return [int(k) for k in np.argsort(-length, kind="stable")[:2]]
    wanted = [regions] if isinstance(regions, str) or not isinstance(regions, Iterable) else list(regions)
    places = paths.regions.get_indexer(wanted)
    absent = [label for label, place in zip(wanted, places, strict=True) if place < 0]
    if absent:
        raise OptionError(f"no region {first(absent)} in the result; it has {first(list(paths.regions))}.")
    return [int(place) for place in places]
