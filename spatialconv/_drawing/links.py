"""The map of spatial weights."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, to_hex

from spatialconv import _style as look
from spatialconv import weights
from spatialconv._drawing.captions import Caption
from spatialconv._drawing.cartography import Face, Plan, draw, names_of
from spatialconv._drawing.classes import figure, special_rows
from spatialconv._drawing.footer import ISLAND, Legend, Row
from spatialconv._drawing.ground import Ground, ground
from spatialconv.errors import WeightsError
from spatialconv.weights.points import resolve_points

_LAND = "#f0f0ee"
_RING: dict[str, Any] = {
    "linestyle": "",
    "marker": "o",
    "markersize": 6,
    "markerfacecolor": "none",
    "markeredgecolor": look.SECOND,
    "markeredgewidth": 1.0,
}


def links(
    w: Any,
    geometry: Any,
    *,
    points: Any = None,
    labels: bool | str | Mapping[Hashable, str] | None = None,
    title: str | None = None,
    source: str | None = None,
    projected: Any = "auto",
    ax: Axes | None = None,
) -> look.Drawn:
    """Map spatial weights: a line for each link, as wide as its weight, and the regions without any marked.

    To be looked at before anything is computed with the weights: a sea that is no border, a missing bridge or
    an island show at once.

    Parameters
    ----------
    w : Graph or W
        The weights. Where they are not symmetric, as after row-standardisation, a line shows the mean of the
        two directions.
    geometry : GeoDataFrame
        Polygons indexed by region, with a CRS. All regions of the geometry are drawn, those of `w` are linked.
    points : GeoSeries, GeoDataFrame or DataFrame with columns lon and lat, optional
        Where the lines meet; by default the seats in columns lon and lat, else points inside the regions.
    labels, title, source, projected, ax
        As in `choropleth`.

    Returns
    -------
    Figure or Axes
        The new Figure, or `ax` if it was given.

    Raises
    ------
    AlignmentError
        If the geometry lacks a region of the weights.
    WeightsError
        If the weights are missing, infinite, negative or on the diagonal.
    GeometryError, OptionError
        As in `choropleth`.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> figure = sc.maps.links(sc.weights.adjacency(zj.cities), zj.cities, labels=True)
    """
    regions = _regions(w)
    aligned = weights.align(w, regions)
    base = ground(geometry, regions, projected=projected)
    geometry = gpd.GeoDataFrame(geometry=geometry) if isinstance(geometry, gpd.GeoSeries) else geometry
    nodes = _nodes(base, geometry, points)
    both = scipy.sparse.coo_array(scipy.sparse.triu((aligned.matrix + aligned.matrix.T) / 2))
    order = np.argsort(both.data, kind="stable")
    i, j, strength = both.row[order], both.col[order], both.data[order]
    top = float(strength.max(initial=0.0))
    alone = set(aligned.islands)
    islands = [region in alone for region in regions]
    rows = [Row("land", "region", _LAND, cells=(str(len(regions)),)), *_link_rows(strength)]
    if any(islands):
        rows.append(Row(ISLAND, _island_words(aligned.islands), "", cells=(str(sum(islands)),), marker=_RING))
    rows += special_rows(base)

    def overlay(axes: Axes) -> None:
        widths, colours = _stroke(strength, top)
        segments = np.stack([nodes[i], nodes[j]], axis=1)
        axes.add_collection(
            LineCollection(list(segments), linewidths=widths, colors=colours, zorder=3, label="links"), autolim=False
        )
        axes.plot(
            *nodes.T,
            linestyle="",
            marker="o",
            markersize=2.4 if len(nodes) <= 30 else 1.6,
            color=look.INK,
            zorder=3.5,
            label="seats",
        )
        axes.plot(*nodes[islands].T, zorder=3.6, label=ISLAND, **_RING)

    key = Legend("Weights", tuple(rows), ("n",))
    caption = Caption(aligned.summary, source=source)
    face = Face("", dict.fromkeys(regions, "land"))
    plan = Plan((face,), (key,), names_of(base, labels), title, overlay, nodes, caption=caption)
    return draw(plan, base, ax=ax)


def _nodes(base: Ground, geometry: gpd.GeoDataFrame, points: Any) -> npt.NDArray[np.float64]:
    """Return where the lines of each region meet, in the CRS of the map."""
    found = resolve_points(geometry.loc[list(base.frame.index)], points)
    if found.geod is not None:
        spots = gpd.GeoSeries(gpd.points_from_xy(*found.xy.T), crs=4326)
    else:
        # Found in metres, whatever the unit of their CRS.
        crs = geometry.crs if points is None else points.crs
        spots = gpd.GeoSeries(gpd.points_from_xy(*(found.xy / crs.axis_info[0].unit_conversion_factor).T), crs=crs)
    moved = spots.to_crs(base.crs)
    return np.column_stack([moved.x, moved.y])


def _stroke(strength: npt.NDArray[np.float64], top: float) -> tuple[npt.NDArray[np.float64], list[str]]:
    """Return width in points and colour of lines: strong links stand in front of a haze of weak ones."""
    share = strength / top if top else strength
    if len(share) and np.ptp(share) < 1e-9:
        # All alike: nothing to tell apart.
        return np.full(len(share), 0.9), [look.FIRST] * len(share)
    blend = LinearSegmentedColormap.from_list("links", ["#dbe6f0", look.FIRST])
    return 0.2 + 1.8 * share, [to_hex(blend(0.15 + 0.85 * s)) for s in share]


def _link_rows(strength: npt.NDArray[np.float64]) -> list[Row]:
    """Return the rows that explain the lines: one if all weigh the same, else strong, middling and weak."""
    if not strength.size:
        return []
    low, top = float(strength.min()), float(strength.max())
    values = [top] if top - low < 1e-9 * top else [top, (low + top) / 2, low]
    places = 2 if low >= 0.005 else 4
    plain = [f"{value:.{places}f}" if 10.0**-places <= value < 100 else figure(value) for value in values]
    words = ["pair of neighbours"] if len(values) == 1 else [f"weight {value}" for value in plain]
    widths, colours = _stroke(np.array(values), top)
    counts = (str(strength.size), "", "") if len(values) == 1 else ("", "", "")
    return [
        Row(word, word, colour, cells=(count,), line=float(width))
        for word, colour, width, count in zip(words, colours, widths, counts, strict=False)
    ]


def _island_words(islands: Sequence[Hashable]) -> str:
    return f"{ISLAND} ({', '.join(str(label) for label in islands)})" if len(islands) <= 2 else ISLAND


def _regions(w: Any) -> pd.Index:
    if hasattr(w, "unique_ids"):
        return pd.Index(w.unique_ids)
    if hasattr(w, "id_order"):
        return pd.Index(w.id_order)
    raise WeightsError(f"links are drawn of weights, a libpysal Graph or W; got an object of type {type(w).__name__}.")
