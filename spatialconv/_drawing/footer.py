"""The footer of a map: legend on its left, scale bar and north arrow on its right, notes beneath; all in mm."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from spatialconv import _style as look
from spatialconv._drawing.textures import texture
from spatialconv.errors import OptionError

if TYPE_CHECKING:  # plots draw footers too, and need no geometry
    from spatialconv._drawing.ground import Ground

NO_DATA, ISLAND = "no data", "no neighbours"  # keys of what has no class

ROW, HEAD, LINE_HEIGHT = 4.0, 5.0, 3.3  # mm: a class in the legend, a heading, a line of a note
WORDS = 7.5  # mm from the left edge of a legend to its words
LEAST_WORDS = 22.0  # mm that the words of a legend need to be read, in however many lines
FURNITURE, FURNITURE_HEIGHT = 32.0, 12.0  # mm that scale bar and arrow take


@dataclass(frozen=True)
class Row:
    """One class of a legend: its key, words, colour, hatch, texture, and the cells of the columns beside it.

    A hatch says that a region stands outside of the scale; a texture tells colours apart where there are none. A row
    shows a patch of colour, or a line of some width and dashes, or a marker.
    """

    key: Hashable
    label: str
    colour: str
    hatch: str = ""
    cells: tuple[str, ...] = ()
    line: float | None = None
    dashes: tuple[float, ...] = ()
    marker: Mapping[str, Any] | None = None
    texture: str = ""


@dataclass(frozen=True)
class Legend:
    """All classes of a map, those too that no region is in.

    `narrow` takes its place where the columns are too many for the sheet.
    """

    title: str
    rows: tuple[Row, ...]
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    narrow: Legend | None = None


@dataclass(frozen=True)
class _Setting:
    """A legend as it is set: lines of its title and rows, upper edges of rows, right edges of words and columns."""

    title: list[str]
    lines: list[list[str]]
    tops: list[float]
    stops: list[float]

    @property
    def width(self) -> float:
        return self.stops[-1]

    @property
    def height(self) -> float:
        return self.tops[-1]


def fitted(key: Legend, fig: Figure, width: float) -> Legend:
    """Return the legend, or the narrow one in its place, whichever the sheet is wide enough for.

    Raises
    ------
    OptionError
        If neither fits.
    """
    if WORDS + LEAST_WORDS + sum(_columns(key, look.measurer(fig))) <= width:
        return key
    if key.narrow is not None:
        return fitted(key.narrow, fig, width)
    if len(key.columns) <= 2:
        return key  # as narrow as a legend gets; on small axes it may be too high, which is said there
    raise OptionError(
        f"the legend {key.title!r} has {len(key.columns)} columns, more than stand on {width:.0f} mm. Map fewer "
        "periods at once, or with breaks common to them."
    )


def furniture_place(legends: Sequence[Legend], fig: Figure, width: float) -> int:
    """Return which footer has room beside its legend, the rightmost first."""
    room = [i for i, key in enumerate(legends) if _setting(key, fig, width).width + FURNITURE <= width]
    return room[-1] if room else len(legends) - 1


def footer_height(key: Legend, fig: Figure, width: float, *, furniture: bool) -> float:
    setting = _setting(key, fig, width)
    table = setting.height
    if furniture:
        beside = setting.width + FURNITURE <= width
        table = max(table, FURNITURE_HEIGHT) if beside else table + FURNITURE_HEIGHT
    return table + LINE_HEIGHT * len(_wrapped(key.notes, fig, width)) + 1.5


def _columns(key: Legend, measure: look.Measure) -> list[float]:
    """Return the width of each column of a legend, with the gap before it."""
    cells = [[_grouped(row.cells[i]) for row in key.rows if len(row.cells) > i] for i in range(len(key.columns))]
    widths = [max(measure(text)[0] for text in (name, *cells[i])) for i, name in enumerate(key.columns)]
    return [3.5 + width for width in widths]


def _setting(key: Legend, fig: Figure, width: float) -> _Setting:
    """Break the words of a legend into lines that leave room for its columns."""
    measure, bold = look.measurer(fig), look.measurer(fig, weight="bold")
    columns = _columns(key, measure)
    room = max(width - sum(columns), WORDS + LEAST_WORDS)
    title = look.wrapped(key.title, bold, room) if key.title else []
    lines = [look.wrapped(row.label, measure, room - WORDS) for row in key.rows]
    x = WORDS + max((measure(line)[0] for row in lines for line in row), default=0.0)
    across = max((bold(line)[0] for line in title), default=0.0)
    stops = [max(x, across)]
    for i, (name, wide) in enumerate(zip(key.columns, columns, strict=True)):
        if i == 0:
            # The heading of the column stands to the right of the legend's own.
            x = max(x, across + measure(name)[0] - (wide - 3.5))
        x += wide
        stops.append(x)
    tops = [(HEAD if title or key.columns else 0.0) + LINE_HEIGHT * max(len(title) - 1, 0)]
    for row in lines:
        tops.append(tops[-1] + ROW + LINE_HEIGHT * (len(row) - 1))
    return _Setting(title, lines, tops, stops)


def _wrapped(notes: Sequence[str], fig: Figure, width: float) -> list[str]:
    measure = look.measurer(fig)
    return [line for note in notes for line in look.wrapped(note, measure, width)]


def footer(
    ax: Axes,
    key: Legend,
    base: Ground,
    scale: float,
    *,
    furniture: bool,
    size: tuple[float, float] | None = None,
) -> None:
    """Draw legend, notes and furniture into axes that become a sheet of mm, downwards from the upper left."""
    width, height = size or look.extent(ax)
    ax.set(xlim=(0, width), ylim=(height, 0))
    ax.set_axis_off()
    ax.set_label("legend")
    setting = _setting(key, cast(Figure, ax.get_figure()), width)
    _table(ax, key, setting)
    for i, line in enumerate(reversed(_wrapped(key.notes, cast(Figure, ax.get_figure()), width))):
        ax.text(0, height - 0.3 - i * LINE_HEIGHT, line, va="bottom", color=look.SOFT)
    if furniture:
        top = 0.0 if setting.width + FURNITURE <= width else setting.height
        scale_bar(ax, scale * base.metres / (base.enlargement or 1.0), top)
        north_arrow(ax, width - 2.0, top + 4.2, base.north())


def _table(ax: Axes, key: Legend, setting: _Setting) -> None:
    stops = setting.stops[1:]
    for i, line in enumerate(setting.title):
        ax.text(0, 2.2 + LINE_HEIGHT * i, line, va="center", fontweight="bold")
    for i, name in enumerate(key.columns):
        ax.text(stops[i], 2.2, name, va="center", ha="right", color=look.SOFT)
    for row, lines, y in zip(key.rows, setting.lines, setting.tops, strict=False):
        _sample(ax, row, y)
        for i, line in enumerate(lines):
            ax.text(WORDS, y + ROW / 2 + LINE_HEIGHT * i, line, va="center")
        for i, cell in enumerate(row.cells):
            if cell:
                ax.text(stops[i], y + ROW / 2, _grouped(cell), va="center", ha="right")


def _grouped(cell: str) -> str:
    """Return a cell as it is printed: a count of thousands with its comma."""
    return f"{int(cell):,}" if cell.isdigit() else cell


def _sample(ax: Axes, row: Row, y: float) -> None:
    """Draw what a row of the legend explains: a line, a marker or a patch."""
    label = str(row.key)
    if row.line is not None:
        ends = ([0.1, 5.6], [y + ROW / 2] * 2)
        style: Any = (0, row.dashes) if row.dashes else "-"
        ax.plot(*ends, color=row.colour, linewidth=row.line, linestyle=style, solid_capstyle="butt", label=label)
        return
    if row.marker is not None:
        ax.plot([2.85], [y + ROW / 2], label=label, **row.marker)
        return
    ax.add_patch(
        Rectangle(
            (0.1, y + 0.45),
            5.5,
            ROW - 0.9,
            facecolor=row.colour,
            edgecolor=look.HATCH_INK if row.hatch else look.BORDER,
            linewidth=look.BORDER_WIDTH,
            hatch=row.hatch or None,
            label=label,
        )
    )
    if row.texture:
        texture(
            ax,
            [Path.unit_rectangle().transformed(Affine2D().scale(5.5, ROW - 0.9).translate(0.1, y + 0.45))],
            row.colour,
            row.texture,
        )


def scale_bar(ax: Axes, metres_per_mm: float, top: float) -> None:
    """Draw a scale bar at the right of a footer whose unit is the mm, left of the arrow."""
    from matplotlib_scalebar.scalebar import ScaleBar

    (_, width), (height, _) = ax.get_xlim(), ax.get_ylim()
    area = ax.inset_axes((width - 47, top, 40, height - top), transform=ax.transData)
    area.set(xlim=(0, 40), ylim=(height, top))
    area.set_axis_off()
    # A round length of 9 to 22 mm, in the unit that readers measure maps in.
    length = round_length(22 * metres_per_mm)
    value, unit = (length / 1000, "km") if length >= 1000 else (length, "m")
    area.add_artist(
        ScaleBar(
            metres_per_mm,
            "m",
            fixed_value=int(value) if value >= 1 else value,
            fixed_units=unit,
            width_fraction=0.45 / (height - top),
            location="upper right",
            border_pad=0.35,
            pad=0,
            sep=2,
            frameon=False,
            color=look.INK,
            rotation="horizontal-only",
            scale_formatter=lambda scale, its_unit: f"{scale:,} {its_unit}",
            font_properties={"size": look.TEXT, "family": rcParams["font.family"]},
        )
    )


def round_length(most: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that is at most so long."""
    power = 10.0 ** np.floor(np.log10(most))
    return float(max(step * power for step in (1, 2, 5) if step * power <= most))


def north_arrow(ax: Axes, x: float, y: float, angle: float) -> None:
    """Draw a small arrow to true north in a footer whose unit is the mm and whose y points down."""
    turn = np.radians(-angle)
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    right = np.array([[0, -3.2], [1.5, 3.0], [0, 1.6]]) @ spin.T + [x, y]
    left = np.array([[0, -3.2], [-1.5, 3.0], [0, 1.6]]) @ spin.T + [x, y]
    ax.add_patch(Polygon(right, facecolor=look.INK, edgecolor=look.INK, linewidth=0.4, joinstyle="miter"))
    ax.add_patch(Polygon(left, facecolor="white", edgecolor=look.INK, linewidth=0.4, joinstyle="miter"))
    below = np.array([0, 5.0]) @ spin.T + [x, y]
    ax.text(float(below[0]), float(below[1]), "N", ha="center", va="center")
