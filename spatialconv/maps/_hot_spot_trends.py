"""What hot and cold spots have done over time."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from spatialconv import _style as look
from spatialconv._drawing.captions import Caption, named, spoken
from spatialconv._drawing.cartography import Face
from spatialconv._drawing.classes import special_rows
from spatialconv._drawing.footer import ISLAND, Legend, Row
from spatialconv._drawing.ground import ground
from spatialconv._drawing.textures import COLD
from spatialconv._language import Language, say, speaking
from spatialconv._options import expect
from spatialconv.dynamics import HotSpotTrends
from spatialconv.maps._sheet import drawn, keyed, statistic


@speaking
def hot_spot_trends(
    trends: Any,
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
    """Map what hot and cold spots have done over time: new, lasting, fading, on and off.

    Only categories that occur are in the legend; hatched are those that are not hot or cold throughout, and all that
    is cold has the lines of cold spots besides, so that it is told from hot without colour.

    Parameters
    ----------
    trends : HotSpotTrends
        Result of `spatialconv.hot_spot_trends`.
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
    >>> trends = sc.hot_spot_trends(us.panel, "income", sc.weights.adjacency(us.states))
    >>> figure = sc.maps.hot_spot_trends(trends, us.states)
    """
    expect(trends, HotSpotTrends, "maps.hot_spot_trends", "the result of sc.hot_spot_trends")
    base = ground(geometry, trends.regions, projected=projected, inset=inset, inset_only=inset_only, outlines=outlines)
    keys = [ISLAND if pd.isna(category) else str(category) for category in trends.table["category"]]
    rows = [
        Row(category, say(category), *trend_look(category), (str(n),), texture=COLD * category.endswith(" cold"))
        for category, n in trends.counts.items()
        if n
    ]
    rows += special_rows(base, islands=np.array([[key == ISLAND for key in keys]]))
    notes = []
    if set(keys) <= {"no pattern", ISLAND}:
        notes.append(say("No region is a hot or cold spot in the last period, or was in 90 % of all."))
    span = say("{low} to {high}", low=trends.periods[0], high=trends.periods[-1])
    key = Legend(statistic(trends.spots) + say(", ") + span, tuple(rows), ("n",), tuple(notes))
    faces = [Face("", keyed(trends.regions, keys))]
    spots = trends.spots
    free = say(", not corrected for testing many regions")
    controlled = say(", false-discovery rate controlled") if spots.fdr else free
    caption = Caption(
        say("{statistic} of {variable}", statistic=statistic(spots), variable=named(spots.variable, spots.log)),
        spoken(trends.periods),
        len(trends.regions),
        tested=(
            say(
                "Spots at {level:g} % (two-sided{controlled}), trend of z (Mann-Kendall) at {trend:g} %",
                level=100 * trends.level,
                controlled=controlled,
                trend=100 * trends.trend_level,
            ),
        ),
        weights=spots.provenance.weights,
        source=source,
    )
    return drawn(base, faces, (key,), labels, title, ax, caption=caption, width=width)


def trend_look(category: str) -> tuple[str, str]:
    """Return colour and hatch of a category: the more of a spot, the darker; hatched if not throughout."""
    kind, _, side = category.partition(" ")
    if category == "no pattern":
        return look.NEUTRAL, ""
    tones = {"hot": look.HOT, "cold": look.COLD}[side]
    tone = {"intensifying": 3, "persistent": 2, "consecutive": 1, "new": 0, "diminishing": 1, "historical": 0}
    # What is new has the light tone, and in grey that of no pattern but for its lines.
    hatch = {"sporadic": "....", "oscillating": "oo", "historical": "----", "diminishing": "////", "new": "||||"}
    return tones[tone.get(kind, 0)], hatch.get(kind, "")
