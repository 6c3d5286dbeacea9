"""Regions by periods: a cell a value, so that who leads, who falls back and when is seen at once."""

from __future__ import annotations

from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullLocator

from spatialconv import _style as look
from spatialconv._drawing.axes import STEPS, Frame, drawn, headed, name_periods, name_rows
from spatialconv._drawing.captions import Caption, named, spoken
from spatialconv._drawing.classes import figure
from spatialconv._language import Language, capital, say, speaking
from spatialconv._options import choice
from spatialconv.errors import MissingDataError, NotPositiveError
from spatialconv.panel import FloatArray, Panel, as_panel
from spatialconv.results import written

Scale = Literal["level", "relative", "log"]
Order = Literal["mean", "last", "change", "panel"]
ROW, HIGH, LOW = 2.9, 185.0, 70.0  # mm of a row with a name, of all rows at most, and of rows without names
KEY, ROOM = 3.0, 19.0  # mm across the key, and right of the cells for it
_TAIL = 0.01  # of the cells at each end share a colour: one giant would leave all others one shade
_WORDS = {"level": "", "relative": ", relative to the mean of the period", "log": ", logarithmic colours"}
_SORTED = {
    "mean": "highest mean on top",
    "last": "highest in the last period on top",
    "change": "largest increase from the first to the last period on top",
    "panel": "in the order of the panel",
}
# Violet below and brown above the mean, ever darker from the lowest to the highest: in grey too high is dark, where two
# scales that both darken away from the mean would look alike.
_AROUND = LinearSegmentedColormap.from_list(
    "around", [(0, "#f6f3fb"), (0.5, "#c4b7dc"), (0.5, "#dcb170"), (1, "#562a00")]
)


@speaking
def heatmap(
    panel: Panel,
    variable: str,
    *,
    scale: Scale = "level",
    order: Order = "mean",
    title: str | None = None,
    unit: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Plot a variable as a heatmap of regions by periods.

    A row a region, a column a period. Up to about sixty regions have their names; of more the rows are without. Cells
    without a value are grey.

    Parameters
    ----------
    panel : Panel
    variable : str
        Column to plot.
    scale : {"level", "relative", "log"}
        Colours of the values; of values over the mean of their period (1 is the average region), with another hue below
        and above; or of the values by their logarithms.
    order : {"mean", "last", "change", "panel"}
        Rows by the mean over all periods, the value in the last, or the change from the first to the last (a ratio
        where all values are positive), the highest on top; or as the panel has them.
    title : str, optional
        Heading of the figure.
    unit : str, optional
        Of the variable, for the key and the caption.
    source : str, optional
        Whose the data are; it closes the caption below the figure.
    width : "single", "double" or float, optional
        Of the figure, 90 or 190 mm as one or two columns of a journal, or in mm.
    language : {"en", "zh"}
        Of the fixed words; names of regions and variables, and all that is given here, stay as they are.
    ax : Axes, optional
        Draw the cells, without their key, into these axes.

    Returns
    -------
    Figure or Axes
        The new Figure, or `ax` if it was given.

    Raises
    ------
    OptionError
        If an option is unknown.
    NotPositiveError
        If `scale="log"` and a value is not positive.
    MissingDataError
        If no cell has a value.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> figure = sc.plot.heatmap(us.panel, "income", scale="relative")
    """
    as_panel(panel)
    choice("scale", scale, Scale)
    choice("order", order, Order)
    values = panel.values(variable, missing="keep").T
    if not np.isfinite(values).any():
        raise MissingDataError(f"there is nothing to draw: no cell of {variable!r} has a value.")
    if scale == "log" and (values <= 0).any():
        at = np.argwhere(values <= 0)
        region, period = panel.regions[at[0][0]], panel.periods[at[0][1]]
        raise NotPositiveError(
            f"scale='log' needs positive values; {variable!r} has {len(at)} that are not, the first in {region!r}, "
            f"{period!r}. Take scale='level'."
        )
    seen = np.isfinite(values)
    means = np.where(seen, values, 0.0).sum(axis=0) / np.where(seen.any(axis=0), seen.sum(axis=0), np.nan)
    shown = values / means if scale == "relative" else values
    rows = _sorted(shown, order)
    shown = shown[rows]
    names = [str(panel.regions[k]) for k in rows]
    with_names = ROW * len(names) <= HIGH
    norm, ends = _colours(shown, scale)
    scaled = say(_WORDS[scale])
    label = variable + (scaled if scale != "log" else "")
    heading = label + say(", ") + unit if unit and scale != "relative" else label
    caption = Caption(
        say("{variable}{scale}, by region and period", variable=named(variable, unit=unit), scale=scaled),
        spoken(panel.periods),
        panel.n_regions,
        tested=(
            say("Rows: regions, {order}", order=say(_SORTED[order]))
            + ("" if with_names else say("; without names for want of room")),
            say(
                "The colours at the ends of the key are also of what lies beyond it ({share:g} % at an end)",
                share=100 * _TAIL,
            )
            if ends
            else "",
            say("Grey: no data") if np.isnan(shown).any() else "",
        ),
        source=source,
    )

    def paint(axes: list[Axes]) -> None:
        plot = axes[0]
        image = _cells(plot, shown, norm, scale)
        name_periods(plot, np.arange(shown.shape[1], dtype=float), panel.periods, most=12)
        if with_names:
            name_rows(plot, range(len(names)), names)
        else:
            plot.set_yticks([])
        look.frame(plot, y=with_names)
        plot.tick_params(length=0)
        for side in ("left", "bottom"):
            plot.spines[side].set_visible(False)
        headed(plot, capital(heading))
        if ax is None:
            _key(plot, image)

    height = max(ROW * len(names), 12.0) if with_names else LOW + 40.0
    with look.style(title, heading, names, [written(period) for period in panel.periods], caption.text):
        frame = Frame(height=height, right=ROOM, bottom=6.5)
        return drawn(paint, frame, caption, title=title, width=width, ax=ax)


def _sorted(values: FloatArray, order: Order) -> npt.NDArray[np.intp]:
    """Return rows from top to bottom; those without a value of what they are ordered by come last."""
    if order == "panel":
        return np.arange(len(values))
    if order == "mean":
        seen = np.isfinite(values).sum(axis=1)
        by = np.nansum(values, axis=1) / np.where(seen, seen, np.nan)
    elif order == "last":
        by = values[:, -1]
    else:
        ratio = bool((values[np.isfinite(values)] > 0).all())
        by = values[:, -1] / values[:, 0] if ratio else values[:, -1] - values[:, 0]
    return np.argsort(-np.where(np.isfinite(by), by, -np.inf), kind="stable")


def _colours(shown: FloatArray, scale: Scale) -> tuple[Normalize, bool]:
    """Return how values become colours, and whether any lie beyond the ends of the key."""
    seen = shown[np.isfinite(shown)]
    low, high = (float(end) for end in np.quantile(seen, [_TAIL, 1 - _TAIL]))
    if seen.size < 100:
        low, high = float(seen.min()), float(seen.max())
    if low == high:
        low, high = low - 0.5 * abs(low) - 1e-9, high + 0.5 * abs(high) + 1e-9
    beyond = bool(((seen < low) | (seen > high)).any())
    if scale == "relative":
        return TwoSlopeNorm(1.0, min(low, 0.99), max(high, 1.01)), beyond
    return (LogNorm(low, high) if scale == "log" else Normalize(low, high)), beyond


def _cells(ax: Axes, shown: FloatArray, norm: Normalize, scale: Scale) -> Any:
    blues = LinearSegmentedColormap.from_list("level", list(look.SEQUENTIAL))
    colours = (_AROUND if scale == "relative" else blues).with_extremes(bad=look.NEUTRAL)
    return ax.imshow(np.ma.masked_invalid(shown), cmap=colours, norm=norm, aspect="auto", interpolation="nearest")


def _key(ax: Axes, image: Any) -> None:
    """Draw the key right of the cells, with round numbers that stand apart."""
    across, down = look.extent(ax)
    high = min(down, 40.0)
    side = ax.inset_axes((1 + 4.0 / across, 1 - high / down, KEY / across, high / down))
    key = cast(Figure, ax.get_figure(root=True)).colorbar(image, cax=side)
    key.outline.set_visible(False)
    low, high_end = float(image.norm.vmin), float(image.norm.vmax)
    steps = max(2, int(high // 8))
    marks: FloatArray = np.asarray(MaxNLocator(steps, steps=STEPS).tick_values(low, high_end), dtype=float)
    if isinstance(image.norm, LogNorm) and low > 0 and high_end / low > 3:
        marks = np.array([s * 10.0**e for e in range(-12, 16) for s in (1, 2, 5)])
    marks = marks[(marks >= low) & (marks <= high_end)]
    if isinstance(image.norm, TwoSlopeNorm):
        marks = np.unique([low, 1.0, high_end])
    place = np.asarray(image.norm(marks), dtype=float) * high
    free: list[int] = []
    for k in range(len(marks)):
        if not free or place[k] - place[free[-1]] >= 3.6:
            free.append(k)
    digits = 2 if isinstance(image.norm, TwoSlopeNorm) else 4
    words = [figure(float(marks[k]), digits) for k in free]
    words = [w.rstrip("0").rstrip(".") if "." in w and digits > 2 else w for w in words]
    side.yaxis.set_minor_locator(NullLocator())
    side.yaxis.set_major_locator(FixedLocator([float(marks[k]) for k in free]))
    side.yaxis.set_major_formatter(FixedFormatter(words))
    look.frame(side, x=False)
    side.yaxis.tick_right()
    side.spines["left"].set_visible(False)
