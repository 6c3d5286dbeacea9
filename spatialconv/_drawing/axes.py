"""Sheets with axes for plots: as wide as asked, with room for every word, and the caption below."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator

from spatialconv import _style as look
from spatialconv._drawing.captions import Caption
from spatialconv._language import say
from spatialconv.errors import OptionError
from spatialconv.results import written

FloatArray = npt.NDArray[np.float64]
Paint = Callable[[list[Axes]], None]

LEFT, RIGHT, TOP, BOTTOM = 13.0, 3.0, 6.5, 9.5  # mm around a plot: ticks and titles
HEIGHT = 52.0  # mm of a plot of lines
STEPS = [1, 2, 2.5, 5, 10]  # of the ticks: numbers that are read at a glance
EDGE, LINE_HEIGHT, TITLE_HEIGHT = 1.5, 3.3, 4.0  # mm around the sheet, of a line of the caption, of the title
LEAST = 34.0  # mm across, below which plots stand in another row
HIGHEST = 250.0  # mm: the type area of A4
ROW, NARROW_ROW = 5.0, 3.2  # mm of a line with a name: as usual, and where there are many
MOST_OF_NAMES = 0.42  # of a sheet's width that names of rows may take
PASSES = 4  # drawings until there is room for all words: each needs what the one before has measured


@dataclass(frozen=True)
class Frame:
    """Plots on a sheet: how many, side by side as far as they fit, how high (or that by their width), and room in mm.

    With `share`, the plots of a row have one axis of y, and stand closer together. `usual` is the width of the sheet
    where none is asked for; plots narrower than `least` stand in another row.
    """

    count: int = 1
    height: float | Callable[[float], float] = HEIGHT
    across: int | None = None
    left: float = LEFT
    right: float = RIGHT
    inner: float = RIGHT  # right of a plot that another stands beside
    top: float = TOP
    bottom: float = BOTTOM
    share: bool = False
    least: float = LEAST
    usual: float | None = None


def drawn(
    paint: Paint,
    frame: Frame,
    caption: Caption,
    *,
    title: str | None = None,
    width: look.Width | None = None,
    ax: Axes | None = None,
) -> Figure | Axes:
    """Paint into the axes given, or on a new sheet with its title above and its caption below.

    A sheet is painted anew with more room around the axes until no word is cut.

    Raises
    ------
    OptionError
        If `ax` is no Axes, the width is none, or the sheet would be higher than a page.
    """
    usual = frame.usual or (look.COLUMN if frame.count == 1 else look.PAGE)
    wide = look.width_of(width, usual)
    if ax is not None:
        paint([given(ax)])
        return ax
    for _ in range(PASSES):
        sheet, axes = _placed(frame, caption, title, wide)
        paint(axes)
        roomier = _measured(sheet, axes, frame)
        if roomier == frame:
            break
        frame = roomier
    return sheet


def given(ax: Any) -> Axes:
    if not isinstance(ax, Axes):
        raise OptionError(f"ax must be a matplotlib Axes; got {type(ax).__name__}.")
    return ax


def sheet_of(height: float, caption: Caption, title: str | None, width: float) -> tuple[look.Sheet, float]:
    """Return a sheet with its title and caption, `height` mm free between them, and where these begin."""
    lines, below = _words(caption, title, width)
    above = TITLE_HEIGHT * len(lines) + 2.0 * bool(lines)
    foot = LINE_HEIGHT * len(below) + 2.5
    down = above + height + foot
    if down > HIGHEST:
        raise OptionError(
            f"the figure would be {down:.0f} mm high, and a page has {HIGHEST:g} mm. Show less in it, give a shorter "
            "title or a greater width, or draw into axes of your own by ax=."
        )
    sheet = look.Sheet(width, down)
    for i, line in enumerate(lines):
        y = 1 - (EDGE + TITLE_HEIGHT * i) / down
        sheet.text(EDGE / width, y, line, fontsize=look.TITLE, fontweight="bold", va="top", label="title")
    for i, line in enumerate(below):
        y = (foot - 1.5 - LINE_HEIGHT * i) / down
        sheet.text(EDGE / width, y, line, fontsize=look.TEXT, color=look.SOFT, va="top", label="caption")
    sheet.caption = caption.text
    return sheet, above


def _words(caption: Caption, title: str | None, width: float) -> tuple[list[str], list[str]]:
    """Return the lines of the title and of the caption."""
    probe, room = look.Sheet(width, 10), width - 2 * EDGE
    lines = look.wrapped(title, look.measurer(probe, size=look.TITLE, weight="bold"), room) if title else []
    return lines, look.wrapped(caption.text, look.measurer(probe), room)


def _free(caption: Caption, title: str | None, width: float) -> float:
    """Return mm of a page that title and caption leave."""
    lines, below = _words(caption, title, width)
    return HIGHEST - TITLE_HEIGHT * len(lines) - 2.0 * bool(lines) - LINE_HEIGHT * len(below) - 2.5


def _placed(frame: Frame, caption: Caption, title: str | None, width: float) -> tuple[look.Sheet, list[Axes]]:
    """Return a sheet and its axes, in as many rows as it takes for each to be read."""
    gap = frame.inner + (2.0 if frame.share else frame.left)
    across = min(frame.across or frame.count, frame.count)
    while across > 1 and _each(width, frame, across, gap) < frame.least:
        across -= 1
    each = _each(width, frame, across, gap)
    rows = -(-frame.count // across)
    height = frame.height(each) if callable(frame.height) else frame.height
    if rows > 1:
        # Many rows are lower than usual where a page has no room for them, and refused where they would be flat.
        most = _free(caption, title, width) / rows - frame.top - frame.bottom - 0.01
        height = max(min(height, most), 0.5 * height)
    step = frame.top + height + frame.bottom
    sheet, above = sheet_of(rows * step, caption, title, width)
    places = [(i % across * (each + gap), i // across * step) for i in range(frame.count)]
    return sheet, [sheet.place(frame.left + x, above + frame.top + y, each, height) for x, y in places]


def _each(width: float, frame: Frame, across: int, gap: float) -> float:
    return max((width - frame.left - frame.right - gap * (across - 1)) / across, 5.0)


def _measured(sheet: look.Sheet, axes: Sequence[Axes], frame: Frame) -> Frame:
    """Return the frame with the room that ticks, titles and words around the axes take."""
    sheet.plain()
    edge = max(ax.get_position(original=True).x1 for ax in axes)
    renderer = FigureCanvasAgg(sheet).get_renderer()  # type: ignore[no-untyped-call]
    scale = sheet.dpi * look.MM
    room = {side: float(getattr(frame, side)) for side in ("left", "right", "inner", "top", "bottom")}
    for i, ax in enumerate(axes):
        ax.apply_aspect()
        box = ax.get_position(original=True).transformed(sheet.transSubfigure)
        tight = ax.get_tightbbox(renderer)
        if tight is None:
            continue
        taken = {
            "left": (box.x0 - tight.x0) / scale + EDGE if i == 0 or not frame.share else 0.0,
            "right" if ax.get_position(original=True).x1 > edge - 1e-6 else "inner": (tight.x1 - box.x1) / scale + EDGE,
            "top": (tight.y1 - box.y1) / scale + 1.0,
            "bottom": (box.y0 - tight.y0) / scale + 1.0,
        }
        room = {side: max(mm, taken.get(side, mm)) for side, mm in room.items()}
    # A hair more or less, from one drawing to the next, is no reason for another.
    more: Any = {side: mm for side, mm in room.items() if mm > getattr(frame, side) + 0.2}
    return replace(frame, **more) if more else frame


# ---------------------------------------------------------------------- words around axes


def headed(ax: Axes, heading: str, found: str = "") -> None:
    """Write the heading above the axes, and under it what is found, in as many lines as they are wide for."""
    across, _ = look.extent(ax)
    figure = cast(Figure, ax.get_figure(root=True))
    lines = look.wrapped(heading, look.measurer(figure, size=look.HEADING, weight="bold"), across)
    said = look.wrapped(found, look.measurer(figure), across) if found else []
    pad = 6.0 + 9.2 * len(said) - 0.7 * bool(said)  # points
    style: Any = {"fontsize": look.HEADING, "fontweight": "bold", "color": look.INK}
    ax.set_title("\n".join(lines), loc="left", pad=pad, **style)
    if said:
        place: Any = {"xycoords": "axes fraction", "textcoords": "offset points"}
        ax.annotate("\n".join(said), (0, 1), xytext=(0, 3.5), color=look.SECOND, label="found", **place)


def labelled(ax: Axes, x: str | None = None, y: str | None = None) -> None:
    """Name the axes, in as many lines as they are long for."""
    figure = cast(Figure, ax.get_figure(root=True))
    measure = look.measurer(figure)
    across, down = look.extent(ax)
    style: Any = {"fontsize": look.TEXT, "color": look.INK}
    if x:
        ax.set_xlabel("\n".join(look.wrapped(x, measure, across)), **style)
    if y:
        ax.set_ylabel("\n".join(look.wrapped(y, measure, down)), **style)


def cut(text: str, measure: look.Measure, width: float) -> str:
    """Return a text that is too long for a line with its end left out, which three dots say."""
    if measure(text)[0] <= width:
        return text
    least, most = 1, len(text) - 1
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if measure(text[:middle].rstrip() + "…")[0] <= width else (least, middle - 1)
    return text[:least].rstrip() + "…"


def row_height(count: int, usual: float = ROW) -> float:
    """Return mm of each of so many lines with a name: less than usual where there are many."""
    return float(np.clip(150.0 / max(count, 1), NARROW_ROW, usual))


def name_rows(ax: Axes, places: Sequence[float], names: Iterable[Any]) -> None:
    """Name rows on the axis of y; what would take half of the sheet is cut."""
    figure = cast(Figure, ax.get_figure(root=True))
    measure = look.measurer(figure)
    most = MOST_OF_NAMES * float(figure.get_size_inches()[0]) / look.MM
    ax.set_yticks(list(places), [cut(written(name), measure, most) for name in names])


def legend(ax: Axes, entries: Mapping[str, Any], *, title: str | None = None, **options: Any) -> None:
    """Explain what is drawn (words: artist) where least of it is hidden; long words in several lines."""
    figure = cast(Figure, ax.get_figure(root=True))
    measure = look.measurer(figure)
    room = 0.62 * look.extent(ax)[0]
    words = ["\n".join(look.wrapped(text, measure, room)) for text in entries]
    style: Any = {"loc": "best", "frameon": False, "fontsize": look.TEXT, "borderaxespad": 0.3, "alignment": "left"}
    key = ax.legend(list(entries.values()), words, title=title, title_fontsize=look.TEXT, **(style | options))
    key.set_zorder(6)


def limits(ax: Axes, x: FloatArray, y: FloatArray, pad: float = 0.1) -> None:
    for values, setter in ((x, ax.set_xlim), (y, ax.set_ylim)):
        spread = float(np.ptp(values)) or 1.0
        setter(float(values.min()) - pad * spread, float(values.max()) + pad * spread)
    ticks(ax, 6)


def ticks(ax: Axes, most: int = 5, *, x: bool = True, y: bool = True) -> None:
    """Put ticks at round numbers, so many at most, and fewer on short axes."""
    across, down = look.extent(ax)
    if x:
        ax.xaxis.set_major_locator(MaxNLocator(int(np.clip(across // 11, 2, most)), steps=STEPS))
    if y:
        ax.yaxis.set_major_locator(MaxNLocator(int(np.clip(down // 5, 2, most)), steps=STEPS))


def equal(ax: Axes, x: FloatArray, y: FloatArray) -> tuple[tuple[float, float], tuple[float, float]]:
    """Set limits that take all points, with one unit as long up as across; return them."""
    (left, right), (low, high) = _spans(x, y)
    across, down = look.extent(ax)
    scale = max((right - left) / across, (high - low) / down)
    mid_x, mid_y = (left + right) / 2, (low + high) / 2
    left, right = mid_x - scale * across / 2, mid_x + scale * across / 2
    low, high = mid_y - scale * down / 2, mid_y + scale * down / 2
    ax.set_aspect("equal", adjustable="box")
    ax.set(xlim=(left, right), ylim=(low, high))
    ticks(ax, 6)
    look.frame(ax)
    return (left, right), (low, high)


def height_of_equal(x: FloatArray, y: FloatArray) -> Callable[[float], float]:
    """Return how high axes of some width are that take all points with one unit as long up as across."""
    (left, right), (low, high) = _spans(x, y)
    # No flatter than 2 : 3, or nothing could be named.
    return lambda width: float(np.clip(width * (high - low) / (right - left), 0.66 * width, 95.0))


def _spans(x: FloatArray, y: FloatArray) -> list[tuple[float, float]]:
    spans = []
    for values in (x, y):
        least, most = min(values.min(), -0.5), max(values.max(), 0.5)
        spans.append((least - 0.12 * (most - least), most + 0.12 * (most - least)))
    return spans


def time_axis(ax: Axes, periods: pd.Index) -> FloatArray:
    """Set up the axis of the periods: true distances of numbers and dates, else one step a period."""
    numeric = pd.api.types.is_numeric_dtype(periods)
    x = periods.to_numpy(dtype=float) if numeric else np.arange(len(periods), dtype=float)
    # Room for half a number that stands at the first or last period.
    across, _ = look.extent(ax)
    pad = max(0.06, 4.0 / across) * (x[-1] - x[0]) if len(x) > 1 else 0.5
    ax.set_xlim(x[0] - pad, x[-1] + pad)
    if len(x) <= 8 or not numeric:
        name_periods(ax, x, periods, most=8)
    else:
        measure = look.measurer(cast(Figure, ax.get_figure(root=True)))
        fit = int(across // (max(measure(written(period))[0] for period in periods[[0, -1]]) + 2.0))
        ax.xaxis.set_major_locator(MaxNLocator(min(max(fit, 1), 6), integer=True, steps=[1, 2, 5, 10]))
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    return x


def name_periods(ax: Axes, x: FloatArray, periods: pd.Index, *, most: int) -> None:
    """Name periods on the axis of x, every second, third, … of them where not all have room."""
    across, _ = look.extent(ax)
    measure = look.measurer(cast(Figure, ax.get_figure(root=True)))
    words = [cut(written(period), measure, 0.3 * across) for period in periods]
    wide = max(measure(word)[0] for word in {words[0], words[-1], max(words, key=len)}) + 2.0
    room = wide * float(np.ptp(ax.get_xlim())) / across
    apart = (k for k in range(1, len(x) + 1) if len(x[::k]) <= most and np.diff(x[::k]).min(initial=np.inf) >= room)
    step = next(apart)
    ax.xaxis.set_major_locator(FixedLocator(list(x[::step])))
    ax.set_xticks(x[::step], words[::step])


def from_zero(ax: Axes) -> bool:
    """Mark an axis of y that does not begin at zero by two strokes at its foot; return whether it does begin there."""
    low, high = sorted(ax.get_ylim())
    if low <= 0 <= high:
        return True
    foot = 0.0 if low > 0 else 1.0
    _, down = look.extent(ax)
    across, _ = look.extent(ax)
    for shift in (0.9, 1.7):
        y = foot + (shift if low > 0 else -shift) / down
        ax.plot(
            [-1.0 / across, 1.0 / across], [y - 0.45 / down, y + 0.45 / down], color=look.SOFT, linewidth=0.7,
            transform=ax.transAxes, clip_on=False, label="axis cut", zorder=5,
        )  # fmt: skip
    return False


def forest(ax: Axes, rows: Mapping[str, pd.Series], order: Iterable[str]) -> None:
    """Draw estimates with intervals, first model on top; a model without the term leaves its line empty."""
    places = {name: -i for i, name in enumerate(order)}
    for name, row in rows.items():
        y = places[name]
        if not np.isfinite(row["estimate"]):
            ax.text(
                0.5, y, say("undefined"), ha="center", va="center", color=look.SOFT, transform=ax.get_yaxis_transform()
            )
            continue
        ax.plot([row["conf_low"], row["conf_high"]], [y, y], color=look.FIRST, linewidth=1.0, label=f"interval {name}")
        ax.plot([row["estimate"]], [y], "o", color=look.FIRST, markersize=3.6, zorder=3, label=name)
    ax.set_ylim(-len(places) + 0.4, 0.6)
    name_rows(ax, list(places.values()), places)
    ticks(ax, 4, y=False)
    look.frame(ax)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
