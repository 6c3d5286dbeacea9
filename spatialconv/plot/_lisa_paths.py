"""Paths of regions through the Moran scatter plot."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialconv import _style as look
from spatialconv._drawing.axes import finished, given, row
from spatialconv._language import Language, say, speaking
from spatialconv._options import expect, first
from spatialconv.dynamics import LisaPaths
from spatialconv.errors import OptionError

_SIDE = 72.0  # mm


@speaking
def lisa_paths(
    paths: Any,
    *,
    regions: Hashable | Iterable[Hashable] | None = None,
    title: str | None = None,
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
    named = _named(paths, regions)
    unit = "relative to the mean" if paths.scale == "relative" else "standard deviations from the mean"
    across, up = paths.variable + say(", ") + say(unit), say("its neighbours' average")
    centre = 1.0 if paths.scale == "relative" else 0.0
    with look.style(title, across, up, [str(paths.regions[k]) for k in named]):
        plot = given(ax) if ax is not None else row(1, title, height=_SIDE)[0]
        plot.axhline(centre, color=look.FAINT, linewidth=0.6, zorder=1)
        plot.axvline(centre, color=look.FAINT, linewidth=0.6, zorder=1)
        for k in range(shape[1]):
            ends = [0, -1]
            plot.plot(
                own[ends, k], near[ends, k], color=look.SOFT, linewidth=0.6, zorder=2, label=str(paths.regions[k])
            )
        plot.plot(own[-1], near[-1], ".", color=look.SOFT, markersize=3, zorder=2.1, label="last period")
        for k, colour in zip(named, (look.FIRST, look.SECOND) * len(named), strict=False):
            name = str(paths.regions[k])
            plot.plot(own[:, k], near[:, k], color=colour, linewidth=look.LINE, zorder=3, label=f"path {name}")
            plot.plot(own[-1, k], near[-1, k], "o", color=colour, markersize=4, zorder=3.1, label=f"end {name}")
        drawn = [line for line in plot.lines if str(line.get_label()).startswith("path ")]
        plot.legend(drawn, [str(paths.regions[k]) for k in named], loc="upper left", frameon=False)
        plot.set_xlabel(across)
        plot.set_ylabel(up)
        plot.margins(0.08)
        look.frame(plot)
        return finished([plot], ax)


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
