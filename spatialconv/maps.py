"""Maps for print: choropleths, hot spots, clusters of local Moran's I, and the weights themselves.

All maps are projected to metres, match regions by label, and stand on a sheet of 90 or 180 mm (one or two
columns of a journal) with legend, counts, scale bar and north arrow. Nothing is registered with pyplot: the
Figure returned shows itself in a notebook, `save` writes it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialconv import _style as look
from spatialconv._drawing.cartography import Face, Plan, draw, names_of
from spatialconv._drawing.classes import Scheme, class_rows, classified, listed, periods_of, signed, special_rows
from spatialconv._drawing.club_colours import club_colours
from spatialconv._drawing.footer import ISLAND, NO_DATA, Legend, Row
from spatialconv._drawing.ground import Ground, ground
from spatialconv._drawing.links import links
from spatialconv._options import MOST_CLASSES, choice, expect, probability, whole
from spatialconv._public import public
from spatialconv._style import save
from spatialconv.autocorrelation import HotSpots, LocalMoran
from spatialconv.convergence.clubs.clubs import ClubPartition
from spatialconv.dynamics import HotSpotTrends
from spatialconv.errors import OptionError
from spatialconv.panel import Panel, as_panel

__all__ = ["choropleth", "clubs", "clusters", "hot_spot_trends", "hot_spots", "links", "save"]

HotSpotClasses = Literal["both", "jenks", "confidence"]

_SCHEMES = {"natural-breaks": "natural breaks", "quantiles": "quantiles", "equal-interval": "equal intervals"}
_CONFIDENCE = {3: "hot, 99 %", 2: "hot, 95 %", 1: "hot, 90 %", 0: "not significant"}
_CONFIDENCE |= {-1: "cold, 90 %", -2: "cold, 95 %", -3: "cold, 99 %"}
_QUADRANTS = {
    "HH": "high, among high (HH)",
    "HL": "high, among low (HL)",
    "LH": "low, among high (LH)",
    "LL": "low, among low (LL)",
}
_JENKS = {
    2: ("cold", "hot"),
    3: ("cold", "between", "hot"),
    4: ("cold", "sub-cold", "sub-hot", "hot"),
    5: ("cold", "sub-cold", "between", "sub-hot", "hot"),
}
_INSIGNIFICANT = "not significant"
_DIVERGENT = "divergent"


# ---------------------------------------------------------------------- choropleth


def choropleth(
    panel: Panel,
    variable: str,
    geometry: Any,
    *,
    periods: Hashable | Iterable[Hashable] | None = None,
    classes: int = 4,
    scheme: Scheme = "natural-breaks",
    common: bool = True,
    log: bool = False,
    labels: bool | str | Mapping[Hashable, str] | None = None,
    palette: str | Sequence[str] | None = None,
    title: str | None = None,
    legend: str | None = None,
    projected: Any = "auto",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Map a variable in classes, one map a period side by side, with breaks common to the periods.

    Parameters
    ----------
    panel : Panel
        The data.
    variable : str
        Column to map.
    geometry : GeoDataFrame
        Polygons indexed by region, with a CRS. Regions that the panel does not have are drawn as "no data".
    periods : label or labels, optional
        Which periods to map; the first and the last by default.
    classes : int
        Number of classes k, 2 to 9. Fewer distinct values give fewer classes, which the legend says.
    scheme : {"natural-breaks", "quantiles", "equal-interval"}
        Natural breaks have the least squared distance to the class means (Fisher 1958; Jenks 1977) and are the
        exact optimum.
    common : bool
        Find the breaks in all mapped periods together, so that colours can be compared between maps.
    log : bool
        Find the breaks in logarithms (positive values only); the legend stays in the variable's own unit.
    labels : bool, str or mapping, optional
        Names to print: True for the regions' labels, a column of the geometry, or a mapping from region to text.
        Names never collide; what finds no room, even beside the land with a leader line, is counted in a note.
    palette : str or list of colours, optional
        A matplotlib colormap or k colours from low to high; a print-safe blue-green scale by default.
    title, legend : str, optional
        Heading of the figure, and of the legend (the variable's name by default; say the unit here).
    projected : "auto" or a CRS
        "auto" keeps a projected CRS, and takes UTM for regions or an equal-area projection for larger extents.
    ax : Axes, optional
        Draw a single map into these axes.

    Returns
    -------
    Figure or Axes
        The new Figure, or `ax` if it was given.

    Raises
    ------
    AlignmentError
        If the geometry lacks a region of the panel.
    GeometryError
        If the geometry has no CRS, is empty, or has no polygons.
    OptionError
        If an option is not one of those allowed, or no font has the characters of a label.
    NotPositiveError
        If `log=True` and a value is not positive.

    References
    ----------
    Fisher, W. D. (1958), On Grouping for Maximum Homogeneity, Journal of the American Statistical Association 53,
    789-798.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> figure = sc.maps.choropleth(zj.panel, "exports", zj.cities, periods=(2016, 2020), labels=True)
    >>> len(figure.axes)  # two maps and the legend
    3
    """
    as_panel(panel)
    choice("scheme", scheme, _SCHEMES)
    k = whole("classes", classes, least=2)
    if k > MOST_CLASSES:
        raise OptionError(f"classes must be at most {MOST_CLASSES}, since no reader tells more shades apart; got {k}.")
    chosen = periods_of(panel.periods, periods if periods is not None else (panel.periods[0], panel.periods[-1]))
    values = panel.values(variable, missing="keep", log=log)[panel.periods.get_indexer(chosen)]
    real = panel.values(variable, missing="keep")[panel.periods.get_indexer(chosen)]
    base = ground(geometry, panel.regions, projected=projected)
    codes, limits = classified(values, k, scheme, common)
    if log:
        limits = [np.exp(edges) for edges in limits]
    rows = class_rows(codes, real, limits, palette, common)
    rows += special_rows(base, no_data=codes == 0)
    heads = [str(period) for period in chosen]
    counts = ["n"] if len(chosen) == 1 else [f"n {head}" for head in heads]
    columns = counts if common else [word for pair in zip(heads, ["n"] * len(heads), strict=True) for word in pair]
    how = _SCHEMES[scheme] + (" in logarithms" if log else "")
    how += f", common to {listed(heads)}" if common and len(heads) > 1 else ""
    notes = [how[0].upper() + how[1:]]
    if int(codes.max()) < k:
        notes.append(f"{int(codes.max())} classes for want of distinct values")
    faces = [
        Face(head if len(heads) > 1 or not title else "", _keys(panel.regions, [int(c) or NO_DATA for c in row]))
        for head, row in zip(heads, codes, strict=True)
    ]
    key = Legend(legend or variable, tuple(rows), tuple(columns), tuple(notes))
    return draw(Plan(_grid(faces), (key,), names_of(base, labels), title), base, ax=ax)


# ---------------------------------------------------------------------- hot spots and clusters


def hot_spots(
    hs: Any,
    geometry: Any,
    *,
    period: Hashable | Iterable[Hashable] | None = None,
    classes: HotSpotClasses = "both",
    fdr: bool = False,
    labels: bool | str | Mapping[Hashable, str] | None = None,
    title: str | None = None,
    projected: Any = "auto",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Map hot and cold spots of Gi or Gi*: natural breaks of z, and beside them what is significant.

    The two kinds of classes answer two questions. Natural breaks (Jenks) of z rank the regions and always find
    a "hottest" class, be it noise; confidence classes say which z are significant at 90, 95 or 99 per cent.
    Where none is, the legend says so.

    Parameters
    ----------
    hs : HotSpots
        Result of `spatialconv.hot_spots`.
    geometry : GeoDataFrame
        Polygons indexed by region, with a CRS.
    period : label or labels, optional
        Periods to map, one row of maps each; all of the result by default.
    classes : {"both", "jenks", "confidence"}
        Natural breaks of z, confidence classes, or both side by side.
    fdr : bool
        Confidence classes after control of the false-discovery rate (Benjamini and Hochberg 1995).
    labels, title, projected, ax
        As in `choropleth`; `ax` takes one period and one kind of classes.

    Returns
    -------
    Figure or Axes
        The new Figure, or `ax` if it was given.

    Raises
    ------
    AlignmentError, GeometryError, OptionError
        As in `choropleth`.

    References
    ----------
    Ord, J. K. and Getis, A. (1995), Local Spatial Autocorrelation Statistics: Distributional Issues and an
    Application, Geographical Analysis 27, 286-306.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> hs = sc.hot_spots(zj.panel, "exports", sc.weights.adjacency(zj.cities), period=2020)
    >>> figure = sc.maps.hot_spots(hs, zj.cities, labels=True)
    """
    choice("classes", classes, ("both", "jenks", "confidence"))
    expect(hs, HotSpots, "maps.hot_spots", "the result of sc.hot_spots")
    tables = _by_period(hs, period)
    base = ground(geometry, hs.regions, projected=projected)
    kinds = ("jenks", "confidence") if classes == "both" else (classes,)
    column = "confidence_fdr" if fdr else "confidence"
    quiet = [str(t) for t, table in tables.items() if not table[column].fillna(0).ne(0).any()]
    legends = []
    for kind in kinds:
        if kind == "jenks":
            key = _jenks_legend(hs, tables, base, wide=classes != "both")
        else:
            key = _confidence_legend(hs, tables, column, base)
        note = _quiet_note(quiet, len(tables), fdr) if kind == kinds[-1] else ()
        legends.append(Legend(key.title, key.rows, key.columns, key.notes + note))
    word = {"jenks": "natural breaks of z", "confidence": "confidence"}
    faces = []
    for t, table in tables.items():
        for i, kind in enumerate(kinds):
            heading = f"{t} · {word[kind]}" if classes == "both" else str(t)
            source = table["jenks" if kind == "jenks" else column]
            keys = [ISLAND if np.isnan(z) else int(c) for z, c in zip(table["z"], source.fillna(0), strict=True)]
            faces.append(Face(heading, _keys(hs.regions, keys), legend=i))
    return draw(Plan(_grid(faces, two=classes == "both"), tuple(legends), names_of(base, labels), title), base, ax=ax)


def _jenks_legend(hs: Any, tables: Mapping[Any, pd.DataFrame], base: Ground, *, wide: bool) -> Legend:
    k = max(
        int(np.nanmax(table["jenks"].to_numpy(dtype=float, na_value=np.nan), initial=1)) for table in tables.values()
    )
    words, colours = _JENKS.get(k, tuple(f"class {c} of {k}" for c in range(1, k + 1))), look.diverging(k)
    spread = len(tables) <= (4 if wide else 2)
    rows = []
    for c in range(k, 0, -1):
        cells = []
        for table in tables.values():
            z = table["z"][table["jenks"] == c].to_numpy(dtype=float)
            if spread:
                low, high = (signed(end) for end in (z.min(), z.max())) if z.size else ("–", "–")
                cells.append(low if low == high else f"{low} to {high}")
            cells.append(str(z.size))
        rows.append(Row(c, words[c - 1], colours[c - 1], cells=tuple(cells)))
    rows += special_rows(base, islands=_islands(tables), skip=1 if spread else 0)
    heads = ["" if len(tables) == 1 else str(t) for t in tables]
    columns = [word for head in heads for word in ((f"z {head}".strip(), "n") if spread else (f"n {head}".strip(),))]
    return Legend(f"{_statistic(hs)}, classes of z", tuple(rows), tuple(columns))


def _confidence_legend(hs: Any, tables: Mapping[Any, pd.DataFrame], column: str, base: Ground) -> Legend:
    rows = []
    for c, word in _CONFIDENCE.items():
        counts = [int(((table[column] == c) & table["z"].notna()).sum()) for table in tables.values()]
        rows.append(Row(c, word, look.CONFIDENCE[c], cells=tuple(str(n) for n in counts)))
    rows += special_rows(base, islands=_islands(tables))
    columns = ("n",) if len(tables) == 1 else tuple(f"n {t}" for t in tables)
    return Legend(f"{_statistic(hs)}, confidence", tuple(rows), columns)


def _quiet_note(quiet: Sequence[str], asked: int, fdr: bool) -> tuple[str, ...]:
    if not quiet:
        return ()
    when = f" in {listed(quiet)}" if asked > 1 else ""
    how = " after false-discovery control" if fdr else ""
    return (f"No region is significant at 90 %{how}{when}.",)


def _statistic(hs: Any) -> str:
    return "Gi*" if getattr(hs, "star", True) else "Gi"


def clusters(
    local: Any,
    geometry: Any,
    *,
    period: Hashable | Iterable[Hashable] | None = None,
    level: float = 0.05,
    fdr: bool = False,
    labels: bool | str | Mapping[Hashable, str] | None = None,
    title: str | None = None,
    projected: Any = "auto",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Map the clusters of local Moran's I (a LISA map), one map a period side by side.

    High values among high and low among low are clusters (red and blue), high among low and low among high are
    outliers (the light tones); what is not significant is grey.

    Parameters
    ----------
    local : LocalMoran
        Result of `spatialconv.autocorrelation.local_moran`.
    geometry : GeoDataFrame
        Polygons indexed by region, with a CRS.
    period : label or labels, optional
        Periods to map; all of the result by default.
    level : float
        Regions with p (or q) up to this level are coloured.
    fdr : bool
        Compare q, that is p under control of the false-discovery rate, with `level`.
    labels, title, projected, ax
        As in `choropleth`.

    Returns
    -------
    Figure or Axes
        The new Figure, or `ax` if it was given.

    Raises
    ------
    AlignmentError, GeometryError, OptionError
        As in `choropleth`.

    References
    ----------
    Anselin, L. (1995), Local Indicators of Spatial Association - LISA, Geographical Analysis 27, 93-115.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> local = sc.autocorrelation.local_moran(zj.panel, "exports", sc.weights.adjacency(zj.cities), period=2020)
    >>> figure = sc.maps.clusters(local, zj.cities, labels=True)
    """
    expect(local, LocalMoran, "maps.clusters", "the result of sc.local_moran")
    probability("level", level)
    tables = _by_period(local, period)
    base = ground(geometry, local.regions, projected=projected)
    keys = {t: _quadrants(table, "q" if fdr else "p", level) for t, table in tables.items()}
    colours = {**look.QUADRANTS, _INSIGNIFICANT: look.NEUTRAL}
    rows = [
        Row(c, _QUADRANTS.get(c, c), colour, cells=tuple(str(k.count(c)) for k in keys.values()))
        for c, colour in ((c, colours[c]) for c in (*_QUADRANTS, _INSIGNIFICANT))
    ]
    rows += special_rows(base, islands=np.array([[k == ISLAND for k in key] for key in keys.values()]))
    measure = "q (false-discovery control)" if fdr else "p"
    notes = [f"Coloured where {measure} \u2264 {level:g}"]
    quiet = [str(t) for t, key in keys.items() if not set(key) & set(_QUADRANTS)]
    if quiet:
        when = f" in {listed(quiet)}" if len(tables) > 1 else ""
        notes.append(f"No region is significant at that level{when}.")
    columns = ("n",) if len(tables) == 1 else tuple(f"n {t}" for t in tables)
    key = Legend("Local Moran's I", tuple(rows), columns, ("; ".join(notes),))
    faces = [Face(str(t), _keys(local.regions, ks)) for t, ks in keys.items()]
    return draw(Plan(_grid(faces), (key,), names_of(base, labels), title), base, ax=ax)


def _quadrants(table: pd.DataFrame, column: str, level: float) -> list[str]:
    known = table["z"].notna() & table[column].notna()
    return [
        ISLAND if not seen else str(quadrant) if p <= level else _INSIGNIFICANT
        for quadrant, p, seen in zip(table["quadrant"], table[column].fillna(1.0), known, strict=True)
    ]


def hot_spot_trends(
    trends: Any,
    geometry: Any,
    *,
    labels: bool | str | Mapping[Hashable, str] | None = None,
    title: str | None = None,
    projected: Any = "auto",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Map what hot and cold spots have done over time: new, lasting, fading, on and off.

    Only categories that occur are in the legend; hatched are those that are not hot or cold throughout.

    Parameters
    ----------
    trends : HotSpotTrends
        Result of `spatialconv.hot_spot_trends`.
    geometry : GeoDataFrame
        Polygons indexed by region, with a CRS.
    labels, title, projected, ax
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
    base = ground(geometry, trends.regions, projected=projected)
    keys = [ISLAND if pd.isna(category) else str(category) for category in trends.table["category"]]
    rows = [
        Row(category, category, *_trend_look(category), cells=(str(n),)) for category, n in trends.counts.items() if n
    ]
    rows += special_rows(base, islands=np.array([[key == ISLAND for key in keys]]))
    notes = [f"Spots at {100 * trends.level:g} %, trend of z (Mann-Kendall) at {100 * trends.trend_level:g} %"]
    if set(keys) <= {"no pattern", ISLAND}:
        notes.append("No region is a hot or cold spot in the last period, or was in 90 % of all.")
    span = f"{trends.periods[0]} to {trends.periods[-1]}"
    key = Legend(f"{_statistic(trends.spots)}, {span}", tuple(rows), ("n",), tuple(notes))
    faces = [Face("", _keys(trends.regions, keys))]
    return draw(Plan(_grid(faces), (key,), names_of(base, labels), title), base, ax=ax)


def _trend_look(category: str) -> tuple[str, str]:
    """Return colour and hatch of a category: the more of a spot, the darker; hatched if not throughout."""
    kind, _, side = category.partition(" ")
    if category == "no pattern":
        return look.NEUTRAL, ""
    tones = {"hot": look.HOT, "cold": look.COLD}[side]
    tone = {"intensifying": 3, "persistent": 2, "consecutive": 1, "new": 0, "diminishing": 1, "historical": 0}
    hatch = {"sporadic": "....", "oscillating": "xxxx", "historical": "\\\\\\\\", "diminishing": "////"}
    return tones[tone.get(kind, 0)], hatch.get(kind, "")


# ---------------------------------------------------------------------- convergence clubs


def clubs(
    partition: Any,
    geometry: Any,
    *,
    labels: bool | str | Mapping[Hashable, str] | None = None,
    title: str | None = None,
    projected: Any = "auto",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Map convergence clubs, the highest darkest; divergent regions are grey.

    The legend has the size of each club and the t of its log t regression.

    Parameters
    ----------
    partition : ClubPartition
        Result of `spatialconv.clubs`.
    geometry : GeoDataFrame
        Polygons indexed by region, with a CRS.
    labels, title, projected, ax
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
    base = ground(geometry, partition.club.index, projected=projected)
    table = partition.table
    rows = [
        Row(k, f"club {k}", colour, cells=(str(int(table.loc[k, "n"])), _t(table.loc[k, "t"])))
        for k, colour in zip(table.index, club_colours(len(table)), strict=True)
    ]
    if partition.divergent:
        rows.append(Row(_DIVERGENT, "divergent", look.NEUTRAL, cells=(str(len(partition.divergent)), "")))
    rows += special_rows(base, skip=1)
    key = Legend("Convergence clubs", tuple(rows), ("n", "t"))
    keys = [int(k) if known else _DIVERGENT for k, known in zip(partition.club, partition.club.notna(), strict=True)]
    faces = [Face("", _keys(partition.club.index, keys))]
    return draw(Plan(_grid(faces), (key,), names_of(base, labels), title), base, ax=ax)


def _t(value: float) -> str:
    return signed(value) if np.isfinite(value) else "\u2013"


# ---------------------------------------------------------------------- shared by the maps


def _by_period(result: Any, asked: Hashable | Iterable[Hashable] | None) -> dict[Any, pd.DataFrame]:
    """Return the table of each period asked for, its rows in the order of the result's regions."""
    periods = periods_of(result.periods, list(result.periods) if asked is None else asked)
    table = result.table
    if isinstance(table.index, pd.MultiIndex):
        return {t: table.xs(t, level=0).reindex(result.regions) for t in periods}
    return {t: table.reindex(result.regions) for t in periods}


def _islands(tables: Mapping[Any, pd.DataFrame]) -> npt.NDArray[np.bool_]:
    return np.array([table["z"].isna().to_numpy() for table in tables.values()])


def _keys(regions: pd.Index, keys: Sequence[Hashable]) -> dict[Hashable, Hashable]:
    return dict(zip(regions, keys, strict=True))


def _grid(faces: Sequence[Face], *, two: bool = False) -> tuple[tuple[Face, ...], ...]:
    """Set maps out in rows of one, two or three."""
    across = 2 if two or len(faces) in (2, 4) else min(len(faces), 3)
    return tuple(tuple(faces[i : i + across]) for i in range(0, len(faces), across))


public(__name__)
