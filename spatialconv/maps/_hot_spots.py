"""Hot and cold spots of Gi and Gi*: what is significant, and how high z ranks."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes

from spatialconv import _style as look
from spatialconv._core.space.natural_breaks import natural_breaks
from spatialconv._drawing.captions import Caption, named, spoken
from spatialconv._drawing.cartography import Face
from spatialconv._drawing.classes import signed, special_rows
from spatialconv._drawing.footer import ISLAND, Legend, Row
from spatialconv._drawing.ground import Ground, ground
from spatialconv._language import Language, say, speaking
from spatialconv._options import choice, expect
from spatialconv.autocorrelation import HotSpots
from spatialconv.maps._paper import paper_legend
from spatialconv.maps._sheet import (
    CONFIDENCE,
    TEXTURES,
    among,
    by_period,
    counted,
    counting,
    drawn,
    keyed,
    statistic,
    without_score,
)
from spatialconv.results import written

HotSpotClasses = Literal["confidence", "ranks", "both", "paper"]
Tables = Mapping[Any, pd.DataFrame]

# Words of height: z may rank highest and be noise.
_RANKS = {
    1: ("all",),
    2: ("low", "high"),
    3: ("low", "middle", "high"),
    4: ("lowest", "low", "high", "highest"),
    5: ("lowest", "low", "middle", "high", "highest"),
}


@speaking
def hot_spots(
    hs: Any,
    geometry: Any,
    *,
    period: Hashable | Iterable[Hashable] | None = None,
    classes: HotSpotClasses = "confidence",
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
    """Map the hot and cold spots of Gi or Gi*: which regions are significant at 90, 95 and 99 per cent.

    Below the maps stand the variable, the periods, n, what was tested and how, and the weights. Where no region is
    significant, the legend says so.

    The ranks of z (natural breaks, common to the mapped periods) are another question and another map, in other words
    and colours: some region always ranks highest, be it of noise.

    Parameters
    ----------
    hs : HotSpots
        Result of `spatialconv.hot_spots`.
    geometry : GeoDataFrame
        Polygons indexed by region, with a CRS.
    period : label or labels, optional
        Periods to map; the first and the last of the result by default. All of them, `period=hs.periods`, are laid out
        on as many sheets as it takes for every map to be readable.
    classes : {"confidence", "ranks", "both", "paper"}
        Confidence classes; ranks, that is natural breaks (Fisher 1958; Jenks 1977) of z in all mapped periods together,
        from lowest to highest; both side by side; or what many papers print, Luo and Zhang (2024, Fig. 2) among them:
        natural breaks of each period alone called hot to cold, beside confidence. On 200 maps of noise on the 48 US
        states 45 % of the states were in the hottest or the coldest of these classes, 9 % significant at 90 %, and on
        four maps of five a class had z of the other sign; that choice is there to compare with published maps.
    fdr : bool
        Confidence classes under control of the false-discovery rate (Benjamini and Hochberg 1995), which the legend
        says. A result with `fdr=True` is always mapped so.
    labels, title, source, projected, width, inset, inset_only, outlines, language, ax
        As in `choropleth`; `ax` takes one period and one kind of classes.

    Returns
    -------
    Figure, Pages or Axes
        The new Figure; Pages, a tuple of figures, if it takes several sheets; or `ax` if it was given.

    Raises
    ------
    AlignmentError, GeometryError, OptionError
        As in `choropleth`; OptionError too if maps would be too small to be read.

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
    >>> figure.caption.split(". ")[0]
    'Gi* of exports, 2020; n = 11 regions'
    """
    choice("classes", classes, ("confidence", "ranks", "both", "paper"))
    expect(hs, HotSpots, "maps.hot_spots", "the result of sc.hot_spots")
    tables = by_period(hs, period)
    base = ground(geometry, hs.regions, projected=projected, inset=inset, inset_only=inset_only, outlines=outlines)
    controlled = fdr or hs.fdr
    column = "confidence_fdr" if controlled else "confidence"
    kinds: dict[str, tuple[Legend, Mapping[Any, Any]]] = {}
    if classes == "paper":
        kinds["natural breaks of z"] = paper_legend(hs, tables, base), {t: f["jenks"] for t, f in tables.items()}
    if classes != "ranks":
        key = _confidence_legend(hs, tables, column, base, controlled)
        kinds["confidence"] = key, {t: table[column] for t, table in tables.items()}
    if classes in ("ranks", "both"):
        ranks = _ranks(hs, tables)
        kinds["ranks of z"] = _ranks_legend(hs, tables, ranks, base), dict(zip(tables, ranks, strict=True))
    faces = []
    for t, table in tables.items():
        for i, (word, (_, found)) in enumerate(kinds.items()):
            heading = f"{written(t)} · {say(word)}" if len(kinds) > 1 else written(t)
            codes = pd.Series(found[t], index=table.index).fillna(0)
            keys = [ISLAND if np.isnan(z) else int(c) for z, c in zip(table["z"], codes, strict=True)]
            faces.append(Face(heading, keyed(hs.regions, keys), legend=i))
    caption = Caption(
        say("{statistic} of {variable}", statistic=statistic(hs), variable=named(hs.variable, hs.log)),
        spoken(tables),
        len(hs.regions),
        tested=_tested(hs, tables, classes, controlled),
        weights=hs.provenance.weights,
        source=source,
    )
    keys_of_all = [key for key, _ in kinds.values()]
    return drawn(base, faces, keys_of_all, labels, title, ax, caption=caption, width=width, printed=classes != "paper")


# ---------------------------------------------------------------------- what was tested


def _tested(hs: Any, tables: Tables, classes: str, controlled: bool) -> tuple[str, ...]:
    said = []
    if classes != "ranks":
        n = max(int(table["p"].notna().sum()) for table in tables.values())
        drawn_from = say("{n:,} conditional permutations", n=hs.permutations)
        how = drawn_from if hs.permutations else say("normal distribution of z")
        p = say("two-sided p ({how}; null: values lie on the regions at random)", how=how)
        if controlled:
            said.append(
                say(
                    "Hot and cold where q ≤ 0.10, 0.05, 0.01: {p} under control of the false-discovery rate over the "
                    "{n:,} regions of a period (Benjamini and Hochberg)",
                    p=p,
                    n=n,
                )
            )
        else:
            said.append(
                say(
                    "Hot and cold where {p} ≤ 0.10, 0.05, 0.01; not corrected for testing {n:,} regions at once",
                    p=p,
                    n=n,
                )
            )
    if classes in ("ranks", "both"):
        common = say(", breaks common to {periods}", periods=spoken(tables)) if len(tables) > 1 else ""
        said.append(say("Ranks: natural breaks of z{common}; they test nothing", common=common))
    if classes == "paper":
        said.append(say("Hot to cold on the left: natural breaks of z of each period alone; they test nothing"))
    return tuple(said)


# ---------------------------------------------------------------------- classes and their legends


def _ranks(hs: Any, tables: Tables) -> npt.NDArray[np.int64]:
    """Return the natural break of each z, common to all periods; 0 where there is no z. Shape (periods, regions)."""
    z = np.array([table["z"].to_numpy(dtype=float) for table in tables.values()])
    found, known = np.zeros(z.shape, dtype=np.int64), np.isfinite(z)
    if known.any():
        found[known] = natural_breaks(z[known], hs.classes)
    return found


def _ranks_legend(hs: Any, tables: Tables, ranks: npt.NDArray[np.int64], base: Ground) -> Legend:
    k = max(int(ranks.max()), 1)
    words = tuple(map(say, _RANKS[k])) if k in _RANKS else tuple(_rank(c, k) for c in range(1, k + 1))
    z = np.array([table["z"].to_numpy(dtype=float) for table in tables.values()])
    rows = []
    for c, colour in zip(range(k, 0, -1), reversed(look.ranks(k)), strict=True):
        inside = z[ranks == c]
        low, high = (signed(end) for end in (inside.min(), inside.max())) if inside.size else ("–", "–")
        reach = f"z {low}" if low == high else say("z {low} to {high}", low=low, high=high)
        rows.append(
            Row(c, words[c - 1] + say(", ") + reach, colour, cells=tuple(str(int(n)) for n in (ranks == c).sum(axis=1)))
        )
    rows += special_rows(base, islands=without_score(tables))
    return counting(say("{statistic}, ranks of z", statistic=statistic(hs)), rows, counted(tables))


def _rank(c: int, k: int) -> str:
    end = say(", lowest") if c == 1 else say(", highest") if c == k else ""
    return say("rank {c} of {k}", c=c, k=k) + end


def _confidence_legend(hs: Any, tables: Tables, column: str, base: Ground, controlled: bool) -> Legend:
    rows = []
    for c, word in CONFIDENCE.items():
        counts = [int(((table[column] == c) & table["z"].notna()).sum()) for table in tables.values()]
        cells = tuple(str(n) for n in counts)
        rows.append(Row(c, say(word), look.CONFIDENCE[c], cells=cells, texture=TEXTURES.get(c, "")))
    rows += special_rows(base, islands=without_score(tables))
    quiet = [written(t) for t, table in tables.items() if not table[column].fillna(0).ne(0).any()]
    title = say("{statistic}, confidence", statistic=statistic(hs))
    title += say(", false-discovery control") if controlled else ""
    return counting(title, rows, counted(tables), _quiet_note(quiet, tables, controlled))


def _quiet_note(quiet: list[str], tables: Tables, controlled: bool) -> tuple[str, ...]:
    if not quiet:
        return ()
    how = say(" after false-discovery control") if controlled else ""
    if len(quiet) == len(tables) > 5:
        return (say("No region is significant at 90 %{how} in any period.", how=how),)
    return (say("No region is significant at 90 %{how}{among}.", how=how, among=among(quiet, tables)),)
