"""Convergence clubs on the map."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from spatialconv import _style as look
from spatialconv._drawing.captions import Caption, named, spoken
from spatialconv._drawing.cartography import Face
from spatialconv._drawing.classes import signed, special_rows
from spatialconv._drawing.club_colours import FEW, club_colours, club_textures
from spatialconv._drawing.footer import Legend, Row
from spatialconv._drawing.ground import ground
from spatialconv._language import Language, say, speaking
from spatialconv._options import expect
from spatialconv.convergence.clubs.clubs import ClubPartition
from spatialconv.maps._sheet import drawn, keyed

_DIVERGENT = "divergent"


@speaking
def clubs(
    partition: Any,
    geometry: Any,
    *,
    labels: bool | str | Mapping[Hashable, str] | None = None,
    title: str | None = None,
    source: str | None = None,
    projected: Any = "auto",
    width: look.Width | None = None,
    inset: Any = None,
    inset_only: bool = False,
    outlines: Any = None,
    language: Language = "en",
    ax: Axes | None = None,
) -> look.Drawn:
    """Map convergence clubs, the highest darkest; divergent regions are grey, and many clubs are told apart by hatches.

    The legend has the size of each club and the t of its log t regression.

    Parameters
    ----------
    partition : ClubPartition
        Result of `spatialconv.clubs`.
    geometry : GeoDataFrame
        Polygons indexed by region, with a CRS.
    labels, title, source, projected, width, inset, inset_only, outlines, language, ax
        As in `choropleth`.

    Returns
    -------
    Figure or Axes
        The new Figure, or `ax` if it was given.

    Raises
    ------
    AlignmentError, GeometryError, OptionError
        As in `choropleth`.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> found = sc.clubs(us.panel.subset(periods=range(1969, 2010)), "income", smooth=400)
    >>> figure = sc.maps.clubs(found, us.states)
    """
    expect(partition, ClubPartition, "maps.clubs", "the result of sc.clubs")
    base = ground(
        geometry, partition.club.index, projected=projected, inset=inset, inset_only=inset_only, outlines=outlines
    )
    table = partition.table
    rows = [
        Row(k, say("club {k}", k=k), colour, cells=(str(int(table.loc[k, "n"])), _t(table.loc[k, "t"])), texture=fine)
        for k, colour, fine in zip(table.index, club_colours(len(table)), club_textures(len(table)), strict=True)
    ]
    if partition.divergent:
        cells = (str(len(partition.divergent)), "")
        rows.append(Row(_DIVERGENT, say("divergent"), look.NEUTRAL, cells=cells, texture="...." * (len(table) > FEW)))
    rows += special_rows(base, skip=1)
    key = Legend(say("Convergence clubs"), tuple(rows), ("n", "t"))
    keys = [int(k) if known else _DIVERGENT for k, known in zip(partition.club, partition.club.notna(), strict=True)]
    faces = [Face("", keyed(partition.club.index, keys))]
    options = partition.provenance.options
    caption = Caption(
        say("Convergence clubs of {variable}", variable=named(partition.variable, bool(options.get("log")))),
        spoken(partition.paths.index),
        len(partition.club),
        tested=(
            say(
                "Clubs: t of the log t regression (Phillips and Sul) above {threshold}, one-sided; "
                "regressions over {periods}",
                threshold=signed(options["threshold"]),
                periods=spoken(partition.periods_used),
            ),
        ),
        source=source,
    )
    return drawn(base, faces, (key,), labels, title, ax, caption=caption, width=width)


def _t(value: float) -> str:
    return signed(value) if np.isfinite(value) else "\u2013"
