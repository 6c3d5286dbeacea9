"""The common ground of all maps: projection, regions by label, sheets of panels, legend, furniture, names.

Maps are laid out in mm of the printed page: the map panels on top, beneath them a footer with the legend on
its left and scale bar and north arrow on its right, so that nothing ever covers the map.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from spatialconv import _style as look
from spatialconv._drawing.footer import HEAD, LINE_HEIGHT, NO_DATA, Legend, Row, footer, footer_height, furniture_place
from spatialconv._drawing.ground import Ground
from spatialconv._drawing.placement import Label, arrange, point_places, region_places
from spatialconv._options import first
from spatialconv.errors import OptionError

MARGIN, GAP = 1.5, 4.0  # mm around the sheet, and between panels
PAD = 1.03  # air around the land in a panel
TALLEST = 105.0  # mm, a single map


def names_of(base: Ground, labels: Any) -> list[str | None]:
    """Return what to print on each region: nothing, its label, a column, or a mapping's entry."""
    index = base.frame.index
    if labels is None or labels is False:
        return [None] * len(index)
    if labels is True:
        return [str(label) for label in index]
    if isinstance(labels, Mapping):
        unknown = [key for key in labels if key not in index]
        if unknown:
            raise OptionError(f"labels names regions that are not in the result: {first(unknown)}.")
        return [str(labels[key]) if key in labels else None for key in index]
    if not isinstance(labels, str) or labels not in base.frame.columns:
        columns = [name for name in base.frame.columns if name != base.frame.geometry.name]
        raise OptionError(
            f"labels must be True, None, a mapping, or a column of the geometry ({first(columns, 8)}); got {labels!r}."
        )
    return [None if pd.isna(text) else str(text) for text in base.frame[labels]]


# ---------------------------------------------------------------------- what is drawn


@dataclass(frozen=True)
class Face:
    """One map: heading, the key of each region's class, and which of the legends explains it."""

    heading: str
    keys: Mapping[Hashable, Hashable]
    legend: int = 0


@dataclass(frozen=True)
class Plan:
    """A sheet: rows of maps, legends (one for all, or one a column), title, and names to print.

    `overlay` draws on top of the regions; names stand beside the `anchors` (in the CRS of the map) if given.
    """

    faces: tuple[tuple[Face, ...], ...]
    legends: tuple[Legend, ...]
    names: Sequence[str | None] = field(default_factory=tuple)
    title: str | None = None
    overlay: Callable[[Axes], None] | None = None
    anchors: npt.NDArray[np.float64] | None = None

    def texts(self) -> list[Any]:
        """Return all words that will be printed."""
        words: list[Any] = [self.title, list(self.names), [face.heading for row in self.faces for face in row]]
        for key in self.legends:
            words += [key.title, key.columns, key.notes, [(row.label, row.cells) for row in key.rows]]
        return words


def draw(plan: Plan, base: Ground, *, ax: Axes | None = None) -> Figure | Axes:
    """Draw a plan on a sheet of its own, or a single map into axes that are given."""
    if ax is None:
        with look.style(*plan.texts()):
            fig, left_out = _sheet(plan, base)
            # The note needs room, which is known only once the names have been tried.
            return _sheet(_noted(plan, left_out), base)[0] if left_out else fig
    if not isinstance(ax, Axes):
        raise OptionError(f"ax must be a matplotlib Axes; got {type(ax).__name__}.")
    if sum(len(row) for row in plan.faces) > 1:
        raise OptionError(
            f"ax takes one map, and this figure has {sum(len(row) for row in plan.faces)}; name one period (and one "
            "kind of classes), or leave ax out."
        )
    with look.style(*plan.texts()):
        return _into(plan, base, ax)


def _noted(plan: Plan, left_out: int) -> Plan:
    note = f"{left_out} names left out for want of room" if left_out > 1 else "1 name left out for want of room"
    first_one = plan.legends[0]
    return replace(plan, legends=(replace(first_one, notes=(*first_one.notes, note)), *plan.legends[1:]))


def _missing(plan: Plan, names: Sequence[Label | None]) -> int:
    return sum(bool(text) and name is None for text, name in zip(plan.names, names, strict=False))


def _sheet(plan: Plan, base: Ground) -> tuple[Figure, int]:
    left, bottom, right, top = base.bounds
    aspect = (right - left) / (top - bottom)
    rows, columns = len(plan.faces), len(plan.faces[0])
    width = look.COLUMN if columns == 1 else look.PAGE
    panel = (width - 2 * MARGIN - GAP * (columns - 1)) / columns
    probe = look.Sheet(width, 10)
    bold = look.measurer(probe, size=look.TITLE, weight="bold")
    title = look.wrapped(plan.title, bold, width - 2 * MARGIN) if plan.title else []
    above = 4.0 * len(title) + 2.0 * bool(title)
    heading = HEAD if any(face.heading for row in plan.faces for face in row) else 0.0
    shared = len(plan.legends) == 1
    span = width - 2 * MARGIN if shared else panel
    place = furniture_place(plan.legends, probe, span)
    foot = max(footer_height(key, probe, span, furniture=i == place) for i, key in enumerate(plan.legends))
    most = min((look.HEIGHT - above - foot - 2 * MARGIN) / rows - heading, TALLEST)
    height = min(panel / aspect, most)
    fig = look.Sheet(width, 2 * MARGIN + above + rows * (heading + height) + (rows - 1) * 2 + 2 + foot)
    for i, line in enumerate(title):
        _write(fig, MARGIN, MARGIN + 4.0 * i, line, size=look.TITLE, weight="bold")
    names: list[Label | None] | None = None
    for i, row in enumerate(plan.faces):
        y = MARGIN + above + i * (heading + height + 2)
        for j, face in enumerate(row):
            x = MARGIN + j * (panel + GAP)
            if face.heading:
                _write(fig, x, y, face.heading, size=look.HEADING, weight="bold")
            ax = fig.place(x, y + heading, panel, height)
            # All panels are alike, so a name stands in the same place in each.
            names = _named(ax, base, plan) if names is None else names
            _map(ax, face, plan, base, names)
    y = fig.size[1] - MARGIN - foot
    scale = max((right - left) / panel, (top - bottom) / height) * PAD
    for j, key in enumerate(plan.legends):
        area = fig.place(MARGIN + j * (panel + GAP), y, span, foot)
        footer(area, key, base, scale, furniture=j == place)
    return fig, _missing(plan, names or ())


def _into(plan: Plan, base: Ground, ax: Axes) -> Axes:
    face = plan.faces[0][0]
    across, down = look.extent(ax)
    fig = cast(Figure, ax.get_figure())
    foot = footer_height(plan.legends[0], fig, across, furniture=True)
    names = _named(ax, base, plan, floor=foot + 1)
    if _missing(plan, names):
        plan = _noted(plan, _missing(plan, names))
        foot += LINE_HEIGHT
        names = _named(ax, base, plan, floor=foot + 1)
    if foot > 0.7 * down:
        raise OptionError(
            f"ax is {across:.0f} x {down:.0f} mm; the legend alone is {foot:.0f} mm high. Give larger axes, or none."
        )
    heading = " · ".join(part for part in (plan.title, face.heading) if part)
    if heading:
        ax.set_title(heading, loc="left", fontsize=look.HEADING, fontweight="bold", color=look.INK)
    _map(ax, face, plan, base, names, floor=foot + 1)
    left, right = ax.get_xlim()
    area = ax.inset_axes((0, 0, 1, foot / down))
    footer(area, plan.legends[0], base, (right - left) / across, furniture=True, size=(across, foot))
    return ax


def _map(ax: Axes, face: Face, plan: Plan, base: Ground, names: Sequence[Label | None], *, floor: float = 0.0) -> None:
    """Draw one map into axes, its lowest `floor` mm left free."""
    scale, origin = aim(ax, base.bounds, floor=floor)
    rows = {row.key: row for row in plan.legends[face.legend].rows}
    for region, shape in base.extra.geometry.items():
        _region(ax, region, shape, rows[NO_DATA], scale, zorder=1)
    for region, shape in base.frame.geometry.items():
        row = rows[face.keys[region]]
        _region(ax, region, shape, row, scale, zorder=1.5 if row.hatch else 2)
    if plan.overlay is not None:
        plan.overlay(ax)
    for region, name in zip(base.frame.index, names, strict=False):
        if name is not None:
            _name(ax, name, rows[face.keys[region]].colour, scale, origin)


def aim(
    ax: Axes, bounds: tuple[float, float, float, float], *, floor: float = 0.0
) -> tuple[float, tuple[float, float]]:
    """Point axes at an extent; return units a mm and the coordinates of their lower left corner."""
    left, bottom, right, top = bounds
    across, down = look.extent(ax)
    scale = max((right - left) / across, (top - bottom) / (down - floor)) * PAD
    x = (left + right) / 2 - across / 2 * scale
    y = (bottom + top) / 2 - (down - floor) / 2 * scale - floor * scale
    ax.set_aspect("equal", adjustable="box")
    ax.set(xlim=(x, x + across * scale), ylim=(y, y + down * scale))
    ax.set_axis_off()
    return scale, (x, y)


def _region(ax: Axes, region: Hashable, shape: Any, row: Row, scale: float, *, zorder: float) -> None:
    # A fortieth of a mm cannot be seen, and keeps the files small.
    plain = shapely.simplify(shape, 0.025 * scale)
    # Not add_patch, which would look for the limits of curves in every border; the limits stand.
    ax.add_artist(
        PathPatch(
            outline(shape if plain.is_empty else plain),
            facecolor=row.colour,
            edgecolor=look.HATCH_INK if row.hatch else look.BORDER,
            linewidth=look.BORDER_WIDTH,
            hatch=row.hatch or None,
            joinstyle="round",
            label=str(region),
            zorder=zorder,
        )
    )


def outline(shape: Any) -> Path:
    """Return a polygon, with its parts and holes, as one path."""
    rings = [
        ring
        for part in shapely.get_parts(shape)
        # Holes must run against their shell, or they would be filled.
        for ring in (lambda p: [p.exterior, *p.interiors])(shapely.geometry.polygon.orient(part))
    ]
    return Path.make_compound_path(*[Path(np.asarray(ring.coords)[:, :2], closed=True) for ring in rings])


def _named(ax: Axes, base: Ground, plan: Plan, *, floor: float = 0.0) -> list[Label | None]:
    """Return where the names go in axes whose lowest `floor` mm are left free."""
    if not any(plan.names):
        return []
    scale, origin = aim(ax, base.bounds, floor=floor)

    def to_mm(shapes: Any) -> list[Any]:
        return list(shapely.transform(np.asarray(shapes), lambda xy: (xy - np.asarray(origin)) / scale))

    across, down = look.extent(ax)
    measure = look.measurer(cast(Figure, ax.get_figure()))
    room = (0.3, floor + 0.3, across - 0.3, down - 0.3)
    if plan.anchors is not None:
        spots = (plan.anchors - np.asarray(origin)) / scale
        found = arrange(point_places(plan.names, spots, radius=0.9, measure=measure, room=room))
        return [name if name is None else replace(name, own=1.0) for name in found]
    shapes, others = to_mm(base.frame.geometry), to_mm(base.extra.geometry)
    return arrange(region_places(plan.names, shapes, others=others, measure=measure, room=room))


def _name(ax: Axes, name: Label, fill: str, scale: float, origin: tuple[float, float]) -> None:
    x, y = np.asarray(name.centre) * scale + np.asarray(origin)
    # On its own ground a name stands in the ground's tone; across a border it needs a white halo.
    at_home = name.own > 0.995
    dark = at_home and luminance(fill) < 0.2
    halo = patheffects.withStroke(linewidth=1.6 if at_home else 2.0, foreground=fill if at_home else "white")
    if not np.isnan(name.leader[0]):
        ends = name.leader.reshape(2, 2) * scale + np.asarray(origin)
        line: Any = {"color": look.INK, "linewidth": 0.4, "solid_capstyle": "butt", "zorder": 4, "label": "_leader"}
        ax.plot(*ends.T, path_effects=[patheffects.withStroke(linewidth=1.2, foreground="white", alpha=0.8)], **line)
    style: dict[str, Any] = {"ha": "center", "va": "center", "linespacing": 0.95, "zorder": 5, "label": "name"}
    ax.text(x, y, name.text, color="white" if dark else look.INK, path_effects=[halo], **style)


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, 0 to 1 (WCAG 2.1)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def _write(fig: Any, x: float, y: float, text: str, *, size: float, **options: Any) -> None:
    width, height = fig.size
    fig.text(x / width, 1 - y / height, text, fontsize=size, va="top", ha="left", **options)
