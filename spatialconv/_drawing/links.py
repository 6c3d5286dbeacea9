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
from spatialconv._drawing.land.panel import Stage
from spatialconv._drawing.layout import MARGIN, TALLEST
from spatialconv._language import Language, enumerated, restate, say, speaking
from spatialconv.errors import OptionError, WeightsError
from spatialconv.weights.points import resolve_points

_LAND = "#f0f0ee"
THINNEST = 0.08  # points: what a printer of 1200 dpi still sets as a line
MOST_INK, BLOT = 0.22, 0.6  # shares of the land that lines cover: as many as leave it to be seen; nothing is seen
_RING: dict[str, Any] = {
    "linestyle": "",
    "marker": "o",
    "markersize": 6,
    "markerfacecolor": "none",
    "markeredgecolor": look.SECOND,
    "markeredgewidth": 1.0,
}


@speaking
def links(
    w: Any,
    geometry: Any,
    *,
    points: Any = None,
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
    """Map spatial weights: a line for each link, as wide as its weight, and the regions without any marked.

    To be looked at before anything is computed with the weights: a sea that is no border, a missing bridge or
    an island show at once. Lines get thinner with their number, so that land and links are both seen; where even
    hairlines would be a blot, that is said in place of a map.

    Parameters
    ----------
    w : Graph or W
        The weights. Where they are not symmetric, as after row-standardisation, a line shows the mean of the
        two directions.
    geometry : GeoDataFrame
        Polygons indexed by region, with a CRS. All regions of the geometry are drawn, those of `w` are linked.
    points : GeoSeries, GeoDataFrame or DataFrame with columns lon and lat, optional
        Where the lines meet; by default the seats in columns lon and lat, else points inside the regions.
    labels, title, source, projected, width, inset, inset_only, outlines, language, ax
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
        As in `choropleth`; OptionError too if there are more links than a map can show.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> figure = sc.maps.links(sc.weights.adjacency(zj.cities), zj.cities, labels=True)
    """
    regions = _regions(w)
    aligned = weights.align(w, regions)
    base = ground(geometry, regions, projected=projected, inset=inset, inset_only=inset_only, outlines=outlines)
    geometry = gpd.GeoDataFrame(geometry=geometry) if isinstance(geometry, gpd.GeoSeries) else geometry
    nodes = _nodes(base, geometry, points)
    both = scipy.sparse.coo_array(scipy.sparse.triu((aligned.matrix + aligned.matrix.T) / 2))
    order = np.argsort(both.data, kind="stable")
    i, j, strength = both.row[order], both.col[order], both.data[order]
    top = float(strength.max(initial=0.0))
    alone = set(aligned.islands)
    islands = np.array([region in alone for region in regions])
    mm = _mm_per_unit(base, ax, width)
    thin = _thinned(np.hypot(*(nodes[i] - nodes[j]).T) * mm, strength, _land(base) * mm**2)
    # A dot is a fifth of its region across, or it would be all that is seen.
    dot = min(2.4 if len(nodes) <= 30 else 1.6, 0.2 * np.sqrt(_land(base) / len(nodes)) * mm * 72 / 25.4)
    rows = [Row("land", say("region"), _LAND, cells=(str(len(regions)),)), *_link_rows(strength, thin)]
    if islands.any():
        rows.append(Row(ISLAND, _island_words(aligned.islands), "", cells=(str(islands.sum()),), marker=_RING))
    rows += special_rows(base)

    def overlay(axes: Axes, stage: Stage) -> None:
        at = nodes if stage.clip is None else stage.move(nodes)
        seen = stage.here[i] & stage.here[j]
        widths, colours = _stroke(strength, top, thin)
        segments = np.stack([at[i], at[j]], axis=1)[seen]
        colour_of_seen = [colour for colour, shown in zip(colours, seen, strict=True) if shown]
        lines = LineCollection(
            list(segments), linewidths=widths[seen], colors=colour_of_seen, zorder=3 + stage.lift, label="links"
        )
        axes.add_collection(lines, autolim=False)
        dots: dict[str, Any] = {"linestyle": "", "marker": "o", "color": look.INK, "label": "seats"}
        marks = axes.plot(*at[stage.here].T, markersize=dot, markeredgewidth=0, zorder=3.5 + stage.lift, **dots)
        marks += axes.plot(*at[islands & stage.here].T, zorder=3.6 + stage.lift, label=ISLAND, **_RING)
        for artist in (lines, *marks) if stage.clip is not None else ():
            artist.set_clip_path(stage.clip)

    key = Legend(say("Weights"), tuple(rows), ("n",))
    caption = Caption(restate(aligned.summary), source=source)
    face = Face("", dict.fromkeys(regions, "land"))
    plan = Plan((face,), (key,), names_of(base, labels), title, overlay, nodes, caption=caption, width=width)
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


def _mm_per_unit(base: Ground, ax: Axes | None, width: look.Width | None) -> float:
    """Return how many mm of the sheet a unit of the CRS is, about: before the legend is set nobody knows better."""
    across = look.extent(ax)[0] if isinstance(ax, Axes) else look.width_of(width, look.COLUMN) - 2 * MARGIN
    left, bottom, right, top = base.bounds
    return min(across / (right - left), TALLEST / (top - bottom))


def _land(base: Ground) -> float:
    """Return the area of what the lines run over, in the CRS of the map."""
    return float(base.frame.geometry.area.sum() + base.extra.geometry.area.sum())


def _thinned(lengths: npt.NDArray[np.float64], strength: npt.NDArray[np.float64], land: float) -> float:
    """Return by how much lines are thinner than usual, so that the map shows them and the land.

    Raises
    ------
    OptionError
        If even hairlines would be a blot.
    """
    if not len(strength):
        return 1.0
    widths, _ = _stroke(strength, float(strength.max()), 1.0)
    # Pale lines are the ground on which dark ones are seen.
    dark = lengths * (0.15 + 0.85 * strength / strength.max()) * 25.4 / 72
    ink = float((widths * dark).sum()) / land
    thin = min(1.0, MOST_INK / ink) if ink else 1.0
    if float((np.maximum(widths * thin, THINNEST) * dark).sum()) / land > BLOT:
        raise OptionError(
            f"{len(strength):,} links would cover the land: even as hairlines they are "
            f"a blot. Draw a larger sheet by width='double', fewer regions, the "
            "nearest neighbours alone (sc.weights.knn), or the number of neighbours by sc.maps.choropleth."
        )
    return thin


def _stroke(strength: npt.NDArray[np.float64], top: float, thin: float) -> tuple[npt.NDArray[np.float64], list[str]]:
    """Return width in points and colour of lines: strong links stand in front of a haze of weak ones."""
    share = strength / top if top else strength
    if len(share) and np.ptp(share) < 1e-9:
        # All alike: nothing to tell apart.
        return np.full(len(share), max(0.9 * thin, THINNEST)), [look.FIRST] * len(share)
    blend = LinearSegmentedColormap.from_list("links", ["#dbe6f0", look.FIRST])
    colours = [to_hex(colour) for colour in blend(0.15 + 0.85 * share)]
    return np.maximum((0.2 + 1.8 * share) * thin, THINNEST), colours


def _link_rows(strength: npt.NDArray[np.float64], thin: float) -> list[Row]:
    """Return the rows that explain the lines: one if all weigh the same, else strong, middling and weak."""
    if not strength.size:
        return []
    low, top = float(strength.min()), float(strength.max())
    values = [top] if top - low < 1e-9 * top else [top, (low + top) / 2, low]
    places = 2 if low >= 0.005 else 4
    plain = [f"{value:.{places}f}" if 10.0**-places <= value < 100 else figure(value) for value in values]
    words = [say("pair of neighbours")] if len(values) == 1 else [say("weight {value}", value=v) for v in plain]
    widths, colours = _stroke(np.array(values), top, thin)
    counts = (str(strength.size), "", "") if len(values) == 1 else ("", "", "")
    return [
        Row(word, word, colour, cells=(count,), line=float(width))
        for word, colour, width, count in zip(words, colours, widths, counts, strict=False)
    ]


def _island_words(islands: Sequence[Hashable]) -> str:
    if len(islands) > 2:
        return say(ISLAND)
    return say("{what} ({names})", what=say(ISLAND), names=enumerated(str(label) for label in islands))


def _regions(w: Any) -> pd.Index:
    if hasattr(w, "unique_ids"):
        return pd.Index(w.unique_ids)
    if hasattr(w, "id_order"):
        return pd.Index(w.id_order)
    raise WeightsError(f"links are drawn of weights, a libpysal Graph or W; got an object of type {type(w).__name__}.")
