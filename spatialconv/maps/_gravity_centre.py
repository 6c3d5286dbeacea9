"""The path of a centre of gravity, with ellipses of the spread about it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from spatialconv import _style as look
from spatialconv._drawing.captions import Caption, spoken
from spatialconv._drawing.cartography import Face, Plan, draw, names_of
from spatialconv._drawing.classes import special_rows
from spatialconv._drawing.footer import Legend, Row
from spatialconv._drawing.ground import Ground, ground
from spatialconv._drawing.land.panel import Stage
from spatialconv._language import Language, say, speaking
from spatialconv._options import expect
from spatialconv.dynamics import GravityCentre
from spatialconv.results import written

_LAND = "#f0f0ee"
_DASHED = (3.7, 1.6)  # line and gap, in widths of the line


@dataclass(frozen=True)
class _End:
    """How the ellipse and the centre of a period are drawn: apart in grey too."""

    colour: str
    fill: str
    line: float
    dashes: tuple[float, ...] = ()

    @property
    def style(self) -> Any:
        return (0, self.dashes) if self.dashes else "-"


_FIRST, _LAST = _End(look.FIRST, "white", 1.1, (1.2, 1.0)), _End(look.SECOND, look.SECOND, 1.5)
_WORDS = {
    "arcgis": "half axes of the square root of two standard deviations (as ArcGIS draws them)",
    "yuill": "half axes of one standard deviation (Yuill)",
}


@speaking
def gravity_centre(
    centre: Any,
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
    """Map the path of a centre of gravity, and the standard deviational ellipses of the first and the last period.

    Dashed is where the bootstrap has the last centre. A path that is short on the map is seen in `plot.gravity_path`.

    Parameters
    ----------
    centre : GravityCentre
        Result of `spatialconv.gravity_centre`.
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
    >>> zj = sc.datasets.zhejiang()
    >>> centre = sc.gravity_centre(zj.panel, "exports", zj.cities, seed=1)
    >>> figure = sc.maps.gravity_centre(centre, zj.cities)
    """
    expect(centre, GravityCentre, "maps.gravity_centre", "the result of sc.gravity_centre")
    base = ground(geometry, centre.regions, projected=projected, inset=inset, inset_only=inset_only, outlines=outlines)
    t, periods = centre.table, centre.periods
    path = _moved(t.iloc[:, :2].to_numpy(dtype=float), centre, base)
    ends = {0: _FIRST} if len(periods) == 1 else {0: _FIRST, len(periods) - 1: _LAST}
    rings = {k: _ring(centre, base, k, *t[["semi_major", "semi_minor", "azimuth"]].iloc[k]) for k in ends}
    hull = None
    if centre.draws:
        last = len(periods) - 1
        hull = _ring(centre, base, last, *t[["region_major", "region_minor", "region_azimuth"]].iloc[last])
    rows = [
        Row(k, say("centre and ellipse, {period}", period=periods[k]), end.colour, line=end.line, dashes=end.dashes)
        for k, end in ends.items()
    ]
    if hull is not None:
        words = say("{level:g} % region of the centre, {period}", level=100 * centre.level, period=periods[-1])
        rows.append(Row("region", words, look.INK, line=0.8, dashes=_DASHED))
    rows += special_rows(base)

    def overlay(axes: Axes, stage: Stage) -> None:
        made = []

        def line(xy: npt.NDArray[np.float64], order: float, **options: Any) -> None:
            at = xy if stage.clip is None else stage.move(xy)
            made.extend(axes.plot(*at.T, zorder=order + stage.lift, **options))

        for k, end in ends.items():
            line(
                rings[k],
                3,
                color=end.colour,
                linewidth=end.line,
                linestyle=end.style,
                label=f"ellipse {written(periods[k])}",
            )
        if hull is not None:
            line(hull, 3.2, color=look.INK, linewidth=0.8, linestyle=(0, _DASHED), label="region")
        line(path, 3.4, color=look.INK, linewidth=0.8, label="path")
        for k, end in ends.items():
            mark = {"color": end.colour, "marker": "o", "markersize": 4, "markerfacecolor": end.fill}
            line(path[[k]], 3.6, linestyle="", label=f"centre {written(periods[k])}", **mark)
        for artist in made if stage.clip is not None else ():
            artist.set_clip_path(stage.clip)

    caption = Caption(
        say("Gravity centre of {variable}, its path and standard deviational ellipses", variable=centre.variable),
        spoken(periods),
        len(centre.regions),
        tested=(
            say("Ellipses: {how}", how=say(_WORDS[centre.formula])),
            *((say("Region by {n:,} bootstraps of regions", n=centre.draws),) if centre.draws else ()),
        ),
        source=source,
    )
    land = Row("land", say("region"), _LAND)
    key = Legend(centre.variable, (land, *rows))
    face = Face("", dict.fromkeys(centre.regions, "land"))
    plan = Plan((face,), (key,), names_of(base, labels), title, overlay, caption=caption, width=width)
    return draw(plan, base, ax=ax)


def _moved(xy: npt.NDArray[np.float64], centre: GravityCentre, base: Ground) -> npt.NDArray[np.float64]:
    spots = gpd.GeoSeries(gpd.points_from_xy(*xy.T), crs=centre.crs).to_crs(base.crs)
    return np.column_stack([spots.x, spots.y])


def _ring(
    centre: GravityCentre, base: Ground, place: int, major: float, minor: float, azimuth: float
) -> npt.NDArray[np.float64]:
    """Return an ellipse of half axes in km about a centre, in the CRS of the map."""
    x, y = centre.table.iloc[place, :2].to_numpy(dtype=float)
    turn = np.radians(np.nan_to_num(azimuth))
    angle = np.linspace(0, 2 * np.pi, 181)
    along, across = 1000 * major * np.cos(angle), 1000 * minor * np.sin(angle)
    east = along * np.sin(turn) + across * np.cos(turn)
    north = along * np.cos(turn) - across * np.sin(turn)
    if centre.crs.is_geographic:
        geod = centre.crs.get_geod()
        heading = np.degrees(np.arctan2(east, north))
        lon, lat, _ = geod.fwd(np.full(181, x), np.full(181, y), heading, np.hypot(east, north))
        return _moved(np.column_stack([lon, lat]), centre, base)
    factor = centre.crs.axis_info[0].unit_conversion_factor or 1.0
    return _moved(np.column_stack([x + east / factor, y + north / factor]), centre, base)
