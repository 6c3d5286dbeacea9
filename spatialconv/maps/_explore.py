"""Maps to touch: one page with a little script, no server, no tiles, nothing fetched."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely

from spatialconv import _style as look
from spatialconv._drawing.captions import Caption, named, spoken
from spatialconv._drawing.ground import ground
from spatialconv._files.writing import write_whole
from spatialconv._language import Language, current, say, speaking
from spatialconv._options import expect
from spatialconv.autocorrelation import QUADRANTS, HotSpots, LocalMoran
from spatialconv.errors import FileError
from spatialconv.maps._sheet import CONFIDENCE, by_period, statistic

_WIDE = 900  # units across; an outline is told to a unit
_NONE = "no statistic"


class Page:
    """A page of HTML that needs nothing beside itself; a notebook shows it, `save` writes it."""

    def __init__(self, text: str) -> None:
        self.text = text

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
        return f'<iframe style="width:100%;height:640px;border:0" srcdoc="{html.escape(self.text)}"></iframe>'


@speaking
def explore(
    result: Any, geometry: Any, *, source: str | None = None, projected: Any = "auto", language: Language = "en"
) -> Page:
    """Map hot spots or clusters of local Moran's I on a page to touch, all periods of the result on a slider.

    Hover over a region, or move to it by the tabulator, to read its name, value, z, p and class; a click marks it
    through all periods. Below the map stands what was tested.

    Parameters
    ----------
    result : HotSpots or LocalMoran
        Result of `spatialconv.hot_spots` or `spatialconv.local_moran`.
    geometry : GeoDataFrame
        Polygons indexed by region, with a CRS.
    source, projected, language
        As in `choropleth`.

    Returns
    -------
    Page
        Shows itself in a notebook; `.save("map.html")` writes one file that fetches nothing.

    Raises
    ------
    AlignmentError, GeometryError, OptionError
        As in `choropleth`.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> hs = sc.hot_spots(zj.panel, "exports", sc.weights.adjacency(zj.cities))
    >>> page = sc.maps.explore(hs, zj.cities)
    >>> "<script src" in page.text
    False
    """
    expect(result, (HotSpots, LocalMoran), "maps.explore", "the result of sc.hot_spots or sc.local_moran")
    tables = by_period(result, result.periods)
    base = ground(geometry, result.regions, projected=projected)
    left, bottom, right, top = base.bounds
    unit = (right - left) / _WIDE
    classes, codes = _classes(result, tables)
    caption = _caption(result, tables, source)
    data = {
        "regions": [str(region) for region in result.regions],
        "paths": [_path(shape, left, top, unit) for shape in base.frame.geometry],
        "rest": [_path(shape, left, top, unit) for shape in base.extra.geometry],
        "periods": [str(period) for period in tables],
        "classes": classes,
        "codes": codes,
        "value": [_figures(table["value"]) for table in tables.values()],
        "z": [_figures(table["z"]) for table in tables.values()],
        "p": [_figures(table["p"]) for table in tables.values()],
    }
    text = (files("spatialconv.maps") / "explore.html").read_text(encoding="utf-8")
    # Within a script only "</" could end it.
    written = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    height = round((top - bottom) / unit) + 8
    for name, value in (
        ("TITLE", html.escape(caption.what)),
        ("CAPTION", html.escape(caption.text)),
        ("HEIGHT", str(height)),
        ("LANG", {"en": "en", "zh": "zh-CN"}[current()]),
        ("PLAY", html.escape(say("Play"))),
        ("STOP", html.escape(say("Stop"))),
        ("PERIOD", html.escape(say("Period"))),
        ("VALUE", say("value {figure}", figure="")),
        ("COLON", say(": ")),
        ("COMMA", say(", ")),
        ("DATA", written),
    ):
        text = text.replace(f"%%{name}%%", value)
    return Page(text)


def _classes(result: Any, tables: Mapping[Any, pd.DataFrame]) -> tuple[list[list[str]], list[list[int]]]:
    """Return word and colour of each class, and the class of each region by period."""
    if isinstance(result, HotSpots):
        keys: list[Any] = list(CONFIDENCE)
        classes = [[say(CONFIDENCE[k]), look.CONFIDENCE[k]] for k in keys]
        found = [
            [keys.index(int(c)) if pd.notna(c) else len(keys) for c in table["confidence"]] for table in tables.values()
        ]
    else:
        classes = [[say(QUADRANTS[k]), look.QUADRANTS[k]] for k in ("HH", "HL", "LH", "LL")]
        classes.append([say("not significant"), look.NEUTRAL])
        words = [*(QUADRANTS[k] for k in ("HH", "HL", "LH", "LL")), "not significant"]
        found = [[words.index(c) if c in words else len(words) for c in table["cluster"]] for table in tables.values()]
    return [*classes, [say(_NONE), look.EMPTY]], found


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


def _path(shape: Any, left: float, top: float, unit: float) -> str:
    """Return an outline in whole units, relative from corner to corner."""
    plain = shapely.simplify(shape, 0.6 * unit)
    out = []
    for part in shapely.get_parts(shape if plain.is_empty else plain):
        for ring in (part.exterior, *part.interiors):
            points = np.rint((np.asarray(ring.coords)[:, :2] - [left, top]) / [unit, -unit]).astype(int)
            steps = np.diff(points, axis=0)
            steps = steps[np.any(steps != 0, axis=1)]
            if len(steps) < 2 and len(shapely.get_parts(shape)) > 1:
                continue  # an islet smaller than a unit
            out.append(f"M{points[0][0]} {points[0][1]}l" + " ".join(f"{x} {y}" for x, y in steps) + "z")
    return "".join(out)
