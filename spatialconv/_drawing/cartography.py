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
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from spatialconv import _style as look
from spatialconv._drawing.captions import Caption
from spatialconv._drawing.footer import (
    HEAD,
    LINE_HEIGHT,
    NO_DATA,
    Legend,
    Row,
    fitted,
    footer,
    footer_height,
    furniture_place,
)
from spatialconv._drawing.ground import Ground
from spatialconv._drawing.layout import BETWEEN, GAP, MARGIN, Layout, lay_out
from spatialconv._drawing.placement import Label, arrange, point_places, region_places
from spatialconv._drawing.textures import luminance as luminance
from spatialconv._drawing.textures import texture
from spatialconv._options import first
from spatialconv.errors import OptionError

PAD = 1.03  # air around the land in a panel
WIDE_REGION, HAIRLINE = 6.0, 0.15  # mm of a region with borders of full width; points of the thinnest line


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
    """Sheets of maps: the faces, legends (one for all, or one a column), title, and names to print.

    `group` faces belong together in one row. `overlay` draws on top of the regions; names stand beside the `anchors`
    (in the CRS of the map) if given. The caption stands below the legends unless it is not `printed`.
    """

    faces: tuple[Face, ...]
    legends: tuple[Legend, ...]
    names: Sequence[str | None] = field(default_factory=tuple)
    title: str | None = None
    overlay: Callable[[Axes], None] | None = None
    anchors: npt.NDArray[np.float64] | None = None
    group: int = 1
    caption: Caption | None = None
    printed: bool = True

    def texts(self) -> list[Any]:
        """Return all words that will be printed."""
        words: list[Any] = [self.title, list(self.names), [face.heading for face in self.faces]]
        for key in self.legends:
            words += [key.title, key.columns, key.notes, [(row.label, row.cells) for row in key.rows]]
        return [*words, self.caption.sentences() if self.caption is not None else ()]

    @property
    def below(self) -> tuple[str, ...]:
        """The sentences that stand below the legends."""
        return (self.caption.text,) if self.caption is not None and self.printed else ()


def draw(plan: Plan, base: Ground, *, ax: Axes | None = None) -> look.Drawn:
    """Draw a plan on a sheet of its own, on several if the maps are many, or a single map into axes that are given."""
    plan, key = _coded(plan)
    if ax is None:
        with look.style(*plan.texts()):
            placed: dict[tuple[float, float], list[Label | None]] = {}
            sheets, left_out = _sheets(plan, base, placed)
            # The note needs room, which is known only once the names have been tried.
            sheets = _sheets(_noted(plan, left_out), base, placed)[0] if left_out else sheets
        for sheet in sheets:
            sheet.key = key
            sheet.caption += f" Key: {', '.join(f'{code} {name}' for code, name in key.items())}." if key else ""
        return sheets[0] if len(sheets) == 1 else look.Pages(sheets)
    if not isinstance(ax, Axes):
        raise OptionError(f"ax must be a matplotlib Axes; got {type(ax).__name__}.")
    if len(plan.faces) > 1:
        raise OptionError(
            f"ax takes one map, and this figure has {len(plan.faces)}; name one period (and one kind of classes), or "
            "leave ax out."
        )
    with look.style(*plan.texts()):
        return _into(plan, base, ax)


def _coded(plan: Plan) -> tuple[Plan, dict[str, str]]:
    """Return the plan with numbers for the names that no installed font has, and the name of each number."""
    lacking = look.unprinted(plan.names)
    if not lacking:
        return plan, {}
    odd = [bool(name) and bool(set(name or "") & lacking) for name in plan.names]
    codes = [str(n) for n in range(1, sum(odd) + 1)]
    names = iter(codes)
    shown = [next(names) if other else name for name, other in zip(plan.names, odd, strict=True)]
    key = dict(zip(codes, [str(name) for name, other in zip(plan.names, odd, strict=True) if other], strict=True))
    note = "Numbers stand for names that no font here has; figure.key names them"
    return _noted(replace(plan, names=shown), note), key


def _noted(plan: Plan, left_out: int | str) -> Plan:
    some = f"{left_out} names left out for want of room" if left_out != 1 else "1 name left out for want of room"
    note = left_out if isinstance(left_out, str) else some
    first_one = plan.legends[0]
    narrow = first_one.narrow and replace(first_one.narrow, notes=(*first_one.narrow.notes, note))
    return replace(plan, legends=(replace(first_one, notes=(*first_one.notes, note), narrow=narrow), *plan.legends[1:]))


def _missing(plan: Plan, names: Sequence[Label | None]) -> int:
    return sum(bool(text) and name is None for text, name in zip(plan.names, names, strict=False))


@dataclass(frozen=True)
class _Frame:
    """What stands on a sheet of some width beside its maps: lines of the title, legends that fit, and their height."""

    title: list[str]
    legends: tuple[Legend, ...]
    headings: tuple[tuple[str, ...], ...]  # lines of each face
    below: list[str]
    place: int  # of scale bar and arrow
    span: float  # mm that each legend has
    foot: float

    @property
    def above(self) -> float:
        return 4.0 * len(self.title) + 2.0 * bool(self.title)

    @property
    def heading(self) -> float:
        most = max(map(len, self.headings))
        return HEAD + 3.6 * (most - 1) if most else 0.0


def _framed(plan: Plan, title: str | None, width: float, across: int) -> _Frame:
    probe = look.Sheet(width, 10)
    bold = look.measurer(probe, size=look.TITLE, weight="bold")
    heads = look.measurer(probe, size=look.HEADING, weight="bold")
    panel = (width - 2 * MARGIN - GAP * (across - 1)) / across
    shared = len(plan.legends)
    span = (width - 2 * MARGIN - GAP * (shared - 1)) / shared
    legends = tuple(fitted(key, probe, span) for key in plan.legends)
    place = furniture_place(legends, probe, span)
    below = [line for text in plan.below for line in look.wrapped(text, look.measurer(probe), width - 2 * MARGIN)]
    foot = max(footer_height(key, probe, span, furniture=i == place) for i, key in enumerate(legends))
    return _Frame(
        title=look.wrapped(title, bold, width - 2 * MARGIN) if title else [],
        legends=legends,
        headings=tuple(tuple(look.wrapped(face.heading, heads, panel)) if face.heading else () for face in plan.faces),
        below=below,
        place=place,
        span=span,
        foot=foot + (LINE_HEIGHT * len(below) + 0.5 if below else 0.0),
    )


def _sheets(
    plan: Plan, base: Ground, placed: dict[tuple[float, float], list[Label | None]]
) -> tuple[list[look.Sheet], int]:
    """Return the sheets of a plan and how many names found no room; `placed` keeps their places by size of map."""
    left, bottom, right, top = base.bounds
    frames: dict[tuple[float, int], _Frame] = {}
    # The longest title that a page may have.
    title = (
        f"{plan.title} ({len(plan.faces)} of {len(plan.faces)})" if plan.title and len(plan.faces) > 4 else plan.title
    )

    def fixed(width: float, across: int) -> tuple[float, float]:
        made = frames.setdefault((width, across), _framed(plan, title, width, across))
        return made.above + made.foot + BETWEEN, made.heading + BETWEEN

    layout = lay_out(len(plan.faces), plan.group, (right - left) / (top - bottom), fixed)
    starts = range(0, len(plan.faces), layout.each)
    sheets: list[look.Sheet] = []
    size = (layout.panel, layout.height)
    names = placed.get(size)
    for number, start in enumerate(starts, start=1):
        faces = plan.faces[start : start + layout.each]
        part = f" ({number} of {len(starts)})" if len(starts) > 1 else ""
        frame = _framed(
            replace(plan, faces=faces), f"{plan.title}{part}" if plan.title else None, layout.width, layout.across
        )
        fig, names = _sheet(replace(plan, faces=faces), base, layout, frame, names)
        sheets.append(fig)
    placed[size] = names or []
    return sheets, _missing(plan, names or ())


def _sheet(
    plan: Plan, base: Ground, layout: Layout, frame: _Frame, names: list[Label | None] | None
) -> tuple[look.Sheet, list[Label | None]]:
    rows = -(-len(plan.faces) // layout.across)
    step = frame.heading + layout.height + BETWEEN
    fig = look.Sheet(layout.width, 2 * MARGIN + frame.above + rows * step + frame.foot)
    fig.caption = plan.caption.text if plan.caption is not None else ""
    for i, line in enumerate(frame.title):
        _write(fig, MARGIN, MARGIN + 4.0 * i, line, size=look.TITLE, weight="bold")
    for n, (face, lines) in enumerate(zip(plan.faces, frame.headings, strict=True)):
        x = MARGIN + n % layout.across * (layout.panel + GAP)
        y = MARGIN + frame.above + n // layout.across * step
        for i, line in enumerate(lines):
            _write(fig, x, y + 3.6 * i, line, size=look.HEADING, weight="bold")
        ax = fig.place(x, y + frame.heading, layout.panel, layout.height)
        # All panels are alike, so a name stands in the same place in each.
        names = _named(ax, base, plan) if names is None else names
        _map(ax, face, plan, base, names)
    left, bottom, right, top = base.bounds
    scale = max((right - left) / layout.panel, (top - bottom) / layout.height) * PAD
    under = LINE_HEIGHT * len(frame.below) + 0.5 if frame.below else 0.0
    for j, key in enumerate(frame.legends):
        x, y = MARGIN + j * (frame.span + GAP), fig.size[1] - MARGIN - frame.foot
        area = fig.place(x, y, frame.span, frame.foot - under)
        footer(area, key, base, scale, furniture=j == frame.place)
    for i, line in enumerate(frame.below):
        _write(fig, MARGIN, fig.size[1] - MARGIN - under + LINE_HEIGHT * i + 0.5, line, size=look.TEXT, color=look.SOFT)
    return fig, names or []


def _into(plan: Plan, base: Ground, ax: Axes) -> Axes:
    face = plan.faces[0]
    across, down = look.extent(ax)
    fig = cast(Figure, ax.get_figure())
    key = fitted(plan.legends[0], fig, across)
    key = replace(key, notes=(*key.notes, *plan.below))
    plan = replace(plan, legends=(key,))
    foot = footer_height(key, fig, across, furniture=True)
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
    border = border_width(base, scale)
    for region, shape in base.extra.geometry.items():
        _region(ax, region, shape, rows[NO_DATA], scale, border, zorder=1)
    textured: dict[Hashable, list[Path]] = {}
    for region, shape in base.frame.geometry.items():
        row = rows[face.keys[region]]
        path = _region(ax, region, shape, row, scale, border, zorder=1.5 if row.hatch else 2)
        if row.texture:
            textured.setdefault(row.key, []).append(path)
    for key, paths in textured.items():
        texture(ax, paths, rows[key].colour, rows[key].texture)
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


def border_width(base: Ground, scale: float) -> float:
    """Return the width of borders in points: thinner as regions get smaller, so that colours and not lines are seen."""
    count = len(base.frame) + len(base.extra)
    across = np.sqrt(sum(float(part.geometry.area.sum()) for part in (base.frame, base.extra)) / count) / scale
    return look.BORDER_WIDTH * float(np.clip(across / WIDE_REGION, 0.0, 1.0))


def _region(ax: Axes, region: Hashable, shape: Any, row: Row, scale: float, border: float, *, zorder: float) -> Path:
    # A fortieth of a mm cannot be seen, and keeps the files small.
    plain = shapely.simplify(shape, 0.025 * scale)
    path = outline(shape if plain.is_empty else plain)
    # Finer than a hairline, the border has the colour of the region: it closes the gap to its neighbour.
    fine = border < HAIRLINE and not row.hatch
    # Not add_patch, which would look for the limits of curves in every border; the limits stand.
    ax.add_artist(
        PathPatch(
            path,
            facecolor=row.colour,
            edgecolor=row.colour if fine else look.HATCH_INK if row.hatch else look.BORDER,
            linewidth=max(border, HAIRLINE),
            hatch=row.hatch or None,
            joinstyle="round",
            label=str(region),
            zorder=zorder,
        )
    )
    return path


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


def _write(fig: Any, x: float, y: float, text: str, *, size: float, **options: Any) -> None:
    width, height = fig.size
    fig.text(x / width, 1 - y / height, text, fontsize=size, va="top", ha="left", **options)
