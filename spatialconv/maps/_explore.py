"""Maps to touch: one page with a little script, no server, no tiles, nothing fetched."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spatialconv import _style as look
from spatialconv._drawing.captions import Caption, named, spoken
from spatialconv._drawing.classes import Parting, class_rows, classified
from spatialconv._drawing.ground import ground
from spatialconv._drawing.textures import ink_on
from spatialconv._files.writing import write_whole
from spatialconv._language import Language, capital, current, say, speaking
from spatialconv._options import expect, first
from spatialconv.autocorrelation import QUADRANTS, HotSpots, LocalMoran
from spatialconv.errors import FileError, OptionError
from spatialconv.maps._choropleth import number_of_classes, parted_at, parting_of
from spatialconv.maps._sheet import CONFIDENCE, TEXTURES, by_period, statistic
from spatialconv.maps._touch import land, neighbours
from spatialconv.panel import Panel
from spatialconv.results import wrapped, written

_NONE = "no statistic"


class Page:
    """A page of HTML that needs nothing beside itself; a notebook shows it, `save` writes it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        title = html.unescape(self.text.partition("<title>")[2].partition("</title>")[0])
        size = f"{len(self.text.encode()) / 1000:,.0f} kB"
        return wrapped([f"Page: {title} ({size}); a notebook shows it, .save('map.html') writes it"])

    def save(self, path: str | Path) -> Path:
        """Write the page to a file."""
        path = Path(path)
        try:
            write_whole(path, self.text)
        except OSError as error:
            raise FileError(f"cannot write {path}: {error.strerror}. Create the folder first.") from error
        return path

    def _repr_html_(self) -> str:
        # In a frame of its own, so that neither its styles nor its script meet those of the notebook.
        return f'<iframe style="width:100%;height:900px;border:0" srcdoc="{html.escape(self.text)}"></iframe>'


@speaking
def explore(
    result: Any,
    geometry: Any,
    *,
    variable: str | None = None,
    w: Any = None,
    classes: int = 5,
    midpoint: Parting | None = None,
    source: str | None = None,
    projected: Any = "auto",
    inset: Any = None,
    inset_only: bool = False,
    outlines: Any = None,
    language: Language = "en",
) -> Page:
    """Map hot spots, clusters of local Moran's I, or a variable on a page to touch, all periods on a slider.

    Hover over a region, or move to it by the arrow keys, to read its name, value, z, p and class; a click, or Enter,
    marks it in all figures of the page: the map, the paths over time, the heatmap of regions by periods, and with
    weights Moran's scatter plot. Below stands what was tested.

    Parameters
    ----------
    result : HotSpots, LocalMoran or Panel
        Result of `spatialconv.hot_spots` or `spatialconv.local_moran`; or a panel, of which a variable is mapped.
    geometry : GeoDataFrame
        Polygons indexed by region, with a CRS.
    variable : str, optional
        Column to map where a panel is given.
    w : Graph, optional
        Weights: neighbours are told and outlined, and Moran's scatter plot stands beside the map.
    classes, midpoint
        Of a variable, as in `choropleth`: natural breaks common to all periods, and where the colours part.
    source, projected, inset, inset_only, outlines, language
        As in `choropleth`.

    Returns
    -------
    Page
        Shows itself in a notebook; `.save("map.html")` writes one file that fetches nothing.

    Raises
    ------
    AlignmentError, GeometryError, OptionError
        As in `choropleth`; OptionError too if a panel comes without the variable, or a result with one.
    WeightsError
        If `w` is no weights, or has no row for a region.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.adjacency(zj.cities)
    >>> page = sc.maps.explore(sc.hot_spots(zj.panel, "exports", w), zj.cities, w=w, inset="Zhoushan")
    >>> "<script src" in page.text
    False
    """
    expect(
        result,
        (HotSpots, LocalMoran, Panel),
        "maps.explore",
        "the result of sc.hot_spots or sc.local_moran, or a panel with variable=",
    )
    shown = _of_panel(result, variable, classes, midpoint, source) if isinstance(result, Panel) else None
    if shown is None:
        if variable is not None or midpoint is not None:
            raise OptionError(
                "variable= and midpoint= are of a panel; a result is mapped by its own classes. Pass the panel."
            )
        shown = _of_result(result, source)
    base = ground(geometry, result.regions, projected=projected, inset=inset, inset_only=inset_only, outlines=outlines)
    parts, height = land(base)
    data = {
        "regions": [str(region) for region in result.regions],
        "land": parts,
        "near": None if w is None else neighbours(w, result.regions),
        "periods": shown.periods,
        "classes": shown.classes,
        "codes": shown.codes,
        "value": shown.value,
        "z": shown.z,
        "p": shown.p,
    }
    text = (files("spatialconv.maps") / "explore.html").read_text(encoding="utf-8")
    # Within a script only "</" could end it.
    packed = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    for name, value in (
        ("TITLE", html.escape(capital(shown.caption.what))),
        ("CAPTION", html.escape(shown.caption.text)),
        ("HEIGHT", str(height + 8)),
        ("LANG", {"en": "en", "zh": "zh-CN"}[current()]),
        ("PLAY", html.escape(say("Play"))),
        ("STOP", html.escape(say("Stop"))),
        ("PERIOD", html.escape(say("Period"))),
        ("PATHS", html.escape(capital(say("{variable} over time", variable=shown.variable)))),
        ("MORAN", html.escape(say("Neighbours' {variable} by the region's own", variable=shown.variable))),
        ("HEAT", html.escape(say("Regions by periods, highest mean on top"))),
        ("NEIGHBOURS", html.escape(say("neighbours"))),
        ("VALUE", say("value {figure}", figure="")),
        ("STOPPED", say("; ")),
        ("COLON", say(": ")),
        ("COMMA", say(", ")),
        ("DATA", packed),
    ):
        text = text.replace(f"%%{name}%%", value)
    return Page(text)


@dataclass(frozen=True)
class _Shown:
    """What a page shows of each region in each period, words and colours of its classes, and what it says below."""

    variable: str
    periods: list[str]
    classes: list[list[str]]
    codes: list[list[int]]
    value: list[list[float | None]]
    caption: Caption
    z: list[list[float | None]] | None = None
    p: list[list[float | None]] | None = None


def _of_result(result: Any, source: str | None) -> _Shown:
    tables = by_period(result, result.periods)
    classes, codes = _classes(result, tables)
    value, z, p = ([_figures(table[name]) for table in tables.values()] for name in ("value", "z", "p"))
    caption = _caption(result, tables, source)
    return _Shown(
        named(result.variable, result.log), [written(period) for period in tables], classes, codes, value, caption, z, p
    )


def _of_panel(panel: Panel, variable: str | None, classes: int, midpoint: Parting | None, source: str | None) -> _Shown:
    if variable is None:
        raise OptionError(f"a panel needs variable=; it has {first(list(panel.variables), 8)}.")
    values = panel.values(variable, missing="keep")
    k = number_of_classes(classes)
    found, scales = classified(values, k, "natural-breaks", True, parting_of(midpoint, False))
    rows = class_rows(found, values, scales, None)
    keys = [row.key for row in rows]
    codes = [[keys.index(int(c)) if c else len(keys) for c in period] for period in found]
    words = [_class(row.label, row.colour, row.texture) for row in rows]
    words.append(_class(say("no data"), look.EMPTY, look.NO_DATA_HATCH))
    how = say("Natural breaks") + say(", common to {periods}", periods=spoken(panel.periods))
    note = (parted_at(midpoint, scales, False),) if midpoint is not None else ()
    return _Shown(
        variable,
        [written(period) for period in panel.periods],
        words,
        codes,
        [_figures(pd.Series(row)) for row in values],
        Caption(variable, spoken(panel.periods), panel.n_regions, tested=(how, *note), source=source),
    )


def _classes(result: Any, tables: Mapping[Any, pd.DataFrame]) -> tuple[list[list[str]], list[list[int]]]:
    """Return word, colour, lines and their ink of each class, and the class of each region by period."""
    if isinstance(result, HotSpots):
        keys: list[Any] = list(CONFIDENCE)
        classes = [_class(say(CONFIDENCE[k]), look.CONFIDENCE[k], TEXTURES.get(k, "")) for k in keys]
        found = [
            [keys.index(int(c)) if pd.notna(c) else len(keys) for c in table["confidence"]] for table in tables.values()
        ]
    else:
        classes = [_class(say(QUADRANTS[k]), look.QUADRANTS[k], TEXTURES.get(k, "")) for k in ("HH", "HL", "LH", "LL")]
        classes.append(_class(say("not significant"), look.NEUTRAL))
        words = [*(QUADRANTS[k] for k in ("HH", "HL", "LH", "LL")), "not significant"]
        found = [[words.index(c) if c in words else len(words) for c in table["cluster"]] for table in tables.values()]
    return [*classes, _class(say(_NONE), look.EMPTY, look.ISLAND_HATCH)], found


def _class(word: str, colour: str, texture: str = "") -> list[str]:
    """Return word and colour of a class, and the stroke and the ink of the lines over it, as on maps in print."""
    ink = look.HATCH_INK if colour == look.EMPTY else ink_on(colour)
    return [word, colour, texture[:1], ink] if texture else [word, colour]


def _caption(result: Any, tables: Mapping[Any, pd.DataFrame], source: str | None) -> Caption:
    what = statistic(result) if isinstance(result, HotSpots) else say("Local Moran's I")
    measure = say("q (false-discovery rate)") if result.fdr else "p"
    draws = say("{n:,} permutations", n=result.permutations)
    drawn = draws if result.permutations else say("normal distribution of z")
    level = "0.10, 0.05, 0.01" if isinstance(result, HotSpots) else f"{result.level:g}"
    corrected = "" if result.fdr else say("; not corrected for testing many regions at once")
    side = "two-sided" if isinstance(result, HotSpots) else result.alternative
    return Caption(
        say("{statistic} of {variable}", statistic=what, variable=named(result.variable, result.log)),
        spoken(tables),
        len(result.regions),
        tested=(
            say(
                "Classes: {side} {measure} \u2264 {level} ({drawn}){corrected}",
                side=say(side),
                measure=measure,
                level=level,
                drawn=drawn,
                corrected=corrected,
            ),
        ),
        weights=result.provenance.weights,
        source=source,
    )


def _figures(values: pd.Series) -> list[float | None]:
    return [float(f"{v:.4g}") if np.isfinite(v) else None for v in values.to_numpy(dtype=float, na_value=np.nan)]
