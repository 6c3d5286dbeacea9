"""A variable on the map, in classes."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes

from spatialconv import _style as look
from spatialconv._drawing.captions import Caption, spoken
from spatialconv._drawing.cartography import Face
from spatialconv._drawing.classes import (
    Parting,
    Scale,
    Scheme,
    class_rows,
    classified,
    figure,
    listed,
    periods_of,
    special_rows,
)
from spatialconv._drawing.footer import NO_DATA, Legend
from spatialconv._drawing.ground import ground
from spatialconv._language import Language, say, speaking
from spatialconv._options import MOST_CLASSES, choice, whole
from spatialconv.errors import NotPositiveError, OptionError
from spatialconv.maps._sheet import counting, drawn, keyed
from spatialconv.panel import Panel, as_panel
from spatialconv.results import written

_SCHEMES = {"natural-breaks": "natural breaks", "quantiles": "quantiles", "equal-interval": "equal intervals"}


@speaking
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
    midpoint: Parting | None = None,
    relative: bool = False,
    labels: bool | str | Mapping[Hashable, str] | None = None,
    palette: str | Sequence[str] | None = None,
    title: str | None = None,
    legend: str | None = None,
    source: str | None = None,
    projected: Any = "auto",
    width: look.Width | None = None,
    inset: Any = None,
    inset_only: bool = False,
    outlines: Any = None,
    language: Language = "en",
    ax: Axes | None = None,
) -> look.Drawn:
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
        Which periods to map; the first and the last by default. Many are laid out on as many sheets as it takes for
        every map to be readable.
    classes : int
        Number of classes k, 2 to 9. Fewer distinct values give fewer classes, which the legend says.
    scheme : {"natural-breaks", "quantiles", "equal-interval"}
        Natural breaks have the least squared distance to the class means (Fisher 1958; Jenks 1977) and are the
        exact optimum.
    common : bool
        Find the breaks in all mapped periods together, so that colours can be compared between maps.
    log : bool
        Find the breaks in logarithms (positive values only); the legend stays in the variable's own unit.
    midpoint : float, "mean" or "median", optional
        Where the colours part, in the variable's own unit: brown and hatched below, blue-green from there upwards, half
        of the classes on each side (an odd one where values reach farther). "mean" and "median" are of all values
        mapped, or with `common=False` of each period.
    relative : bool
        Map the values in per cent of the mean of the panel's regions in each period, by default parted at 100: who is
        above the mean, and by how much.
    labels : bool, str or mapping, optional
        Names to print: True for the regions' labels, a column of the geometry, or a mapping from region to text.
        Names never collide; what finds no room, even beside the land with a leader line, is counted in a note. Where no
        font has them, numbers stand in their place and `figure.key` says whose.
    palette : str or list of colours, optional
        A matplotlib colormap or k colours from low to high; a print-safe blue-green scale by default. With a midpoint a
        diverging colormap, whose middle is the midpoint.
    title, legend : str, optional
        Heading of the figure, and of the legend (the variable's name by default; say the unit here).
    source : str, optional
        Whose the data are; it closes the caption below the figure.
    projected : "auto" or a CRS
        "auto" keeps a projected CRS, and takes UTM for regions or an equal-area projection for larger extents. Where
        lengths differ by more than 5 % from one another over the map, a graticule in degrees stands in place of scale
        bar and arrow.
    width : {"single", "double"} or float, optional
        Width of the sheet: 90 or 190 mm, or millimetres from 60 to 400. The saved file is exactly that wide, its words
        are of 7 to 9 points at any width. By default 90 mm for one map and 180 mm for several.
    inset : box, label, or a list of boxes, labels and lists of labels, optional
        What is drawn once more, in a frame where the map is empty, at a scale of its own: a box (minx, miny, maxx,
        maxy) in degrees or the unit of the geometry, or regions by label. The map keeps these regions too.
    inset_only : bool
        Leave out of the map what insets show, so that it is drawn larger without Alaska or overseas regions.
    outlines : str, Series or mapping, optional
        Groups whose outlines are drawn over the map: a column of the geometry, or a group by region.
    language : {"en", "zh"}
        Of the fixed words; names of regions and variables, and all that is given here, stay as they are.
    ax : Axes, optional
        Draw a single map into these axes.

    Returns
    -------
    Figure, Pages or Axes
        The new Figure; Pages, a tuple of figures, if it takes several sheets; or `ax` if it was given.

    Raises
    ------
    AlignmentError
        If the geometry lacks a region of the panel.
    GeometryError
        If the geometry has no CRS, is empty, or has no polygons.
    OptionError
        If an option is not one of those allowed.
    NotPositiveError
        If `log=True` and a value or the midpoint is not positive, or `relative=True` and a mean is not.

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

    As wide as two columns, in per cent of the mean of each year, with Zhoushan's islands in an inset:

    >>> figure = sc.maps.choropleth(zj.panel, "exports", zj.cities, relative=True, width="double", inset="Zhoushan")
    >>> round(figure.size[0]), figure.caption
    (190, 'Exports in % of the mean of the 11 regions in each period, 2016 and 2020; n = 11 regions.')
    """
    as_panel(panel)
    choice("scheme", scheme, _SCHEMES)
    k = number_of_classes(classes)
    chosen = periods_of(panel.periods, periods if periods is not None else (panel.periods[0], panel.periods[-1]))
    places = panel.periods.get_indexer(chosen)
    values = panel.values(variable, missing="keep", log=log)[places]
    real = panel.values(variable, missing="keep")[places]
    if relative:
        means = _means(real, chosen, variable)
        real = 100 * real / means
        values = np.log(real) if log else real
        midpoint = 100.0 if midpoint is None else midpoint
    base = ground(geometry, panel.regions, projected=projected, inset=inset, inset_only=inset_only, outlines=outlines)
    codes, scales = classified(values, k, scheme, common, parting_of(midpoint, log))
    if log:
        scales = [
            replace(
                scale,
                limits=None if scale.limits is None else np.exp(scale.limits),
                middle=None if scale.middle is None else float(np.exp(scale.middle)),
            )
            for scale in scales
        ]
    rows = class_rows(codes, real, scales, palette)
    rows += special_rows(base, no_data=codes == 0)
    heads = [written(period) for period in chosen]
    counts = ["n"] if len(chosen) == 1 else [f"n {head}" for head in heads]
    columns = counts if common else [word for pair in zip(heads, ["n"] * len(heads), strict=True) for word in pair]
    how = say(_SCHEMES[scheme]) + (say(" in logarithms") if log else "")
    how += say(", common to {periods}", periods=listed(heads)) if common and len(heads) > 1 else ""
    notes = [how[0].upper() + how[1:]]
    if (found := max(len(scale.numbers) for scale in scales)) < k:
        several = say("{k} classes for want of distinct values", k=found)
        notes.append(several if found > 1 else say("1 class for want of distinct values"))
    if midpoint is not None:
        notes.append(parted_at(midpoint, scales, log))
    faces = [
        Face(head if len(heads) > 1 or not title else "", keyed(panel.regions, [int(c) or NO_DATA for c in row]))
        for head, row in zip(heads, codes, strict=True)
    ]
    shown = say("{variable}, % of the mean", variable=variable) if relative else variable
    make = counting if common else Legend
    key = make(legend or shown, tuple(rows), tuple(columns), tuple(notes))
    mean = say("{variable} in % of the mean of the {n:,} regions in each period", variable=variable, n=panel.n_regions)
    what = mean if relative else variable
    caption = Caption(legend or what, spoken(chosen), panel.n_regions, source=source)
    return drawn(base, faces, (key,), labels, title, ax, caption=caption, width=width)


def _means(real: npt.NDArray[np.float64], periods: pd.Index, variable: str) -> npt.NDArray[np.float64]:
    """Return the mean of the regions in each period, shape (periods, 1)."""
    seen = np.isfinite(real)
    means = np.where(seen, real, 0.0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    low = (means <= 0) & seen.any(axis=1)
    if low.any():
        t = int(np.flatnonzero(low)[0])
        raise NotPositiveError(
            f"relative=True divides by the mean of the regions, and that of {variable!r} is {means[t]:g} in "
            f"{periods[t]}. Map the values themselves, with midpoint=0."
        )
    return np.asarray(np.where(seen.any(axis=1), means, 1.0)[:, None])


def number_of_classes(classes: int) -> int:
    """Return the number of classes that was asked for, or refuse it."""
    k = whole("classes", classes, least=2)
    if k > MOST_CLASSES:
        raise OptionError(f"classes must be at most {MOST_CLASSES}, since no reader tells more shades apart; got {k}.")
    return k


def parting_of(midpoint: Parting | None, log: bool) -> Parting | None:
    """Return the midpoint on the scale of the breaks."""
    if midpoint is None or midpoint in ("mean", "median"):
        return midpoint
    if isinstance(midpoint, (bool, str)) or not isinstance(midpoint, (int, float, np.integer, np.floating)):
        raise OptionError(f"midpoint must be a number, 'mean' or 'median'; got {midpoint!r}.")
    if not np.isfinite(midpoint):
        raise OptionError(f"midpoint must be a finite number, 'mean' or 'median'; got {midpoint!r}.")
    if log and midpoint <= 0:
        raise NotPositiveError(f"breaks in logarithms part at a positive midpoint; got {midpoint:g}.")
    return float(np.log(midpoint)) if log else float(midpoint)


def parted_at(midpoint: Parting, scales: Sequence[Scale], log: bool) -> str:
    values = [figure(scale.middle) if scale.middle else "0" for scale in scales if scale.middle is not None]
    # The mean of logarithms is the geometric mean's.
    word = "geometric mean" if log and midpoint == "mean" else midpoint
    note = say("Colours part at {values}", values=listed(list(dict.fromkeys(values))))
    note += say(f" ({word})") if isinstance(word, str) else ""
    if all(not scale.below for scale in scales):
        return note + say("; no value lies below")
    return note + say("; all values lie below") if all(not scale.above for scale in scales) else note
