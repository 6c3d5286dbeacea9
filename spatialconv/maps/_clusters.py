"""Clusters and outliers of local Moran's I."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from spatialconv import _style as look
from spatialconv._drawing.captions import Caption, named, spoken
from spatialconv._drawing.cartography import Face
from spatialconv._drawing.classes import special_rows
from spatialconv._drawing.footer import ISLAND, Row
from spatialconv._drawing.ground import ground
from spatialconv._language import Language, say, speaking
from spatialconv._options import expect, probability
from spatialconv.autocorrelation import GEARY, LocalBivariate, LocalGeary, LocalMoran
from spatialconv.maps._sheet import TEXTURES, among, by_period, counted, counting, drawn, keyed
from spatialconv.results import written

_QUADRANTS = {
    "HH": "high, among high (HH)",
    "HL": "high, among low (HL)",
    "LH": "low, among high (LH)",
    "LL": "low, among low (LL)",
}
_INSIGNIFICANT = "not significant"
# Of two variables the first letter is of one, the second of the other.
_PAIRS = {"HH": "both high (HH)", "HL": "{x} high, {y} low (HL)", "LH": "{x} low, {y} high (LH)", "LL": "both low (LL)"}
# Of local Geary: what is alike on both sides of the mean, and what is unlike, are no quadrants.
_GEARY = {"HH": look.QUADRANTS["HH"], "LL": look.QUADRANTS["LL"], "alike": look.SEQUENTIAL[2], "unlike": look.ODD}


@speaking
def clusters(
    local: Any,
    geometry: Any,
    *,
    period: Hashable | Iterable[Hashable] | None = None,
    level: float = 0.05,
    fdr: bool = False,
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
    """Map the clusters of local Moran's I (a LISA map), or of its kin, one map a period side by side.

    High values among high and low among low are clusters (red and blue), high among low and low among high are
    outliers (the light tones); what is not significant is grey. Of two variables the quadrant is that of x in the
    region (of Lee's L: around it) and of y around it. Local Geary's C knows regions like their neighbours, high, low or
    across the mean, and regions unlike them.

    Parameters
    ----------
    local : LocalMoran, LocalBivariate or LocalGeary
        Result of `local_moran`, `local_bivariate_moran`, `local_lee` or `local_geary`.
    geometry : GeoDataFrame
        Polygons indexed by region, with a CRS.
    period : label or labels, optional
        Periods to map; the first and the last of the result by default.
    level : float
        Regions with p (or q) up to this level are coloured.
    fdr : bool
        Compare q, that is p under control of the false-discovery rate, with `level`.
    labels, title, source, projected, width, inset, inset_only, outlines, language, ax
        As in `choropleth`.

    Returns
    -------
    Figure, Pages or Axes
        The new Figure; Pages, a tuple of figures, if it takes several sheets; or `ax` if it was given.

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
    kinds = (LocalMoran, LocalBivariate, LocalGeary)
    expect(local, kinds, "maps.clusters", "the result of sc.local_moran, of two variables, or of sc.local_geary")
    probability("level", level)
    tables = by_period(local, period)
    base = ground(geometry, local.regions, projected=projected, inset=inset, inset_only=inset_only, outlines=outlines)
    words, shades, heading, column = _legend(local)
    keys = {t: _keys(table, column, "q" if fdr else "p", level) for t, table in tables.items()}
    rows = [
        Row(
            c,
            say(words.get(c, c)),
            colour,
            cells=tuple(str(k.count(c)) for k in keys.values()),
            texture=TEXTURES.get(c, ""),
        )
        for c, colour in ({c: shades[c] for c in words} | {_INSIGNIFICANT: look.NEUTRAL}).items()
    ]
    rows += special_rows(base, islands=np.array([[k == ISLAND for k in key] for key in keys.values()]))
    notes = []
    quiet = [written(t) for t, key in keys.items() if not set(key) & set(words)]
    if quiet:
        notes.append(say("No region is significant at that level{among}.", among=among(quiet, tables)))
    key = counting(heading + (say(", q (false-discovery control)") if fdr else ""), rows, counted(tables), notes)
    faces = [Face(written(t), keyed(local.regions, ks)) for t, ks in keys.items()]
    caption = Caption(
        say("{statistic} of {variable}", statistic=heading, variable=_of(local)),
        spoken(tables),
        len(local.regions),
        tested=(_tested(local, tables, level, fdr),),
        weights=local.provenance.weights,
        source=source,
    )
    return drawn(base, faces, (key,), labels, title, ax, caption=caption, width=width)


def _tested(local: Any, tables: Mapping[Any, pd.DataFrame], level: float, fdr: bool) -> str:
    n = max(int(table["p"].notna().sum()) for table in tables.values())
    draws = say("{n:,} permutations", n=local.permutations) if local.permutations else say("normal distribution of z")
    null = say(f"{getattr(local, 'null', 'conditional')} randomisation")
    p = say("{side} p ({null}, {how})", side=say(local.alternative), null=null, how=draws)
    if fdr:
        return say(
            "Coloured where q (false-discovery control) \u2264 {level:g}: {p} under control of the false-discovery "
            "rate over the {n:,} regions of a period (Benjamini and Hochberg)",
            level=level,
            p=p,
            n=n,
        )
    return say(
        "Coloured where p \u2264 {level:g}: {p}; not corrected for testing {n:,} regions at once", level=level, p=p, n=n
    )


def _of(local: Any) -> str:
    x = named(local.variable, local.log)
    return say("{x} and {y}", x=x, y=named(local.y, local.log)) if isinstance(local, LocalBivariate) else x


def _legend(local: Any) -> tuple[dict[str, str], Mapping[str, str], str, str]:
    """Return the words and colours of the kinds, the heading, and the column that holds them."""
    if isinstance(local, LocalGeary):
        return GEARY, _GEARY, say("Local Geary's C"), "kind"
    if isinstance(local, LocalBivariate):
        words = {c: say(said, x=local.variable, y=local.y) for c, said in _PAIRS.items()}
        return words, look.QUADRANTS, say(local.name), "quadrant"
    return _QUADRANTS, look.QUADRANTS, say("Local Moran's I"), "quadrant"


def _keys(table: pd.DataFrame, kind: str, column: str, level: float) -> list[str]:
    known = table["z"].notna() & table[column].notna()
    return [
        ISLAND if not seen else str(found) if p <= level else _INSIGNIFICANT
        for found, p, seen in zip(table[kind], table[column].fillna(1.0), known, strict=True)
    ]
