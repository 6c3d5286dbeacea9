"""Hot and cold spots of Gi and Gi*, by natural breaks of z and by confidence."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialconv import _style as look
from spatialconv._drawing.cartography import Face
from spatialconv._drawing.classes import signed, special_rows
from spatialconv._drawing.footer import ISLAND, Legend, Row
from spatialconv._drawing.ground import Ground, ground
from spatialconv._options import choice, expect
from spatialconv.autocorrelation import HotSpots
from spatialconv.maps._sheet import among, by_period, counted, drawn, keyed, statistic, without_score

HotSpotClasses = Literal["both", "jenks", "confidence"]

_CONFIDENCE = {3: "hot, 99 %", 2: "hot, 95 %", 1: "hot, 90 %", 0: "not significant"}
_CONFIDENCE |= {-1: "cold, 90 %", -2: "cold, 95 %", -3: "cold, 99 %"}
_JENKS = {
    2: ("cold", "hot"),
    3: ("cold", "between", "hot"),
    4: ("cold", "sub-cold", "sub-hot", "hot"),
    5: ("cold", "sub-cold", "between", "sub-hot", "hot"),
}


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
    tables = by_period(hs, period)
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
        note = _quiet_note(quiet, tables, fdr) if kind == kinds[-1] else ()
        legends.append(Legend(key.title, key.rows, key.columns, key.notes + note))
    word = {"jenks": "natural breaks of z", "confidence": "confidence"}
    faces = []
    for t, table in tables.items():
        for i, kind in enumerate(kinds):
            heading = f"{t} · {word[kind]}" if classes == "both" else str(t)
            source = table["jenks" if kind == "jenks" else column]
            keys = [ISLAND if np.isnan(z) else int(c) for z, c in zip(table["z"], source.fillna(0), strict=True)]
            faces.append(Face(heading, keyed(hs.regions, keys), legend=i))
    return drawn(base, faces, legends, labels, title, ax, two=classes == "both")


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
    rows += special_rows(base, islands=without_score(tables), skip=1 if spread else 0)
    heads = ["" if len(tables) == 1 else str(t) for t in tables]
    columns = [word for head in heads for word in ((f"z {head}".strip(), "n") if spread else (f"n {head}".strip(),))]
    return Legend(f"{statistic(hs)}, classes of z", tuple(rows), tuple(columns))


def _confidence_legend(hs: Any, tables: Mapping[Any, pd.DataFrame], column: str, base: Ground) -> Legend:
    rows = []
    for c, word in _CONFIDENCE.items():
        counts = [int(((table[column] == c) & table["z"].notna()).sum()) for table in tables.values()]
        rows.append(Row(c, word, look.CONFIDENCE[c], cells=tuple(str(n) for n in counts)))
    rows += special_rows(base, islands=without_score(tables))
    columns = counted(tables)
    return Legend(f"{statistic(hs)}, confidence", tuple(rows), columns)


def _quiet_note(quiet: list[str], tables: Mapping[Any, pd.DataFrame], fdr: bool) -> tuple[str, ...]:
    if not quiet:
        return ()
    how = " after false-discovery control" if fdr else ""
    return (f"No region is significant at 90 %{how}{among(quiet, tables)}.",)
