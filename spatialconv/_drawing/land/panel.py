"""One map as it stands in its axes: regions, insets, outlines, graticule and names, settled once for all periods."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from pyproj import Transformer

from spatialconv import _style as look
from spatialconv._drawing.footer import NO_DATA, Row, round_length
from spatialconv._drawing.ground import Ground
from spatialconv._drawing.land.groups import is_drawn
from spatialconv._drawing.land.scale import SIDE, UNDER, Line, graticule
from spatialconv._drawing.land.windows import Window, windows
from spatialconv._drawing.placement import Label, Places, arrange, point_places, region_places
from spatialconv._drawing.textures import luminance, texture

FloatArray = npt.NDArray[np.float64]

PAD = 1.03  # air around the land in a panel
WIDE_REGION, HAIRLINE = 6.0, 0.15  # mm of a region with borders of full width; points of the thinnest line
FINE = 0.025  # mm that cannot be seen: corners closer than that keep files large and nothing else
GROUP_LINE = 0.7  # points of the outlines of groups
LABEL = 11.0  # mm of "1000 km" beside the bar of an inset
LIFT = 10.0  # by which insets stand before all that is drawn of the map


@dataclass(frozen=True)
class Stage:
    """Where an overlay draws: the map itself, or an inset.

    `move` brings coordinates in the CRS of the map to those of the axes; `here` says which regions are drawn there;
    `clip` is the frame that nothing reaches beyond.
    """

    move: Callable[[FloatArray], FloatArray]
    here: npt.NDArray[np.bool_]
    lift: float = 0.0
    clip: Rectangle | None = None


Overlay = Callable[[Axes, Stage], None]


@dataclass(frozen=True)
class _Piece:
    """A region, or a part of it in an inset, as a path in the coordinates of the axes."""

    region: Hashable
    path: Path
    known: bool
    border: float
    lift: float


@dataclass(frozen=True)
class View:
    """A map of some size in mm: units of the CRS a mm, coordinates of the lower left corner, and what is drawn."""

    base: Ground
    size: tuple[float, float]
    scale: float
    origin: FloatArray
    windows: tuple[Window, ...]
    lines: tuple[Line, ...]
    pieces: tuple[_Piece, ...]
    outlines: tuple[tuple[Path, float], ...]
    degrees: tuple[tuple[str, FloatArray], ...]
    names: tuple[Label | None, ...]

    def to_axes(self, mm: Any) -> FloatArray:
        """Return mm of the panel as coordinates of the axes."""
        return np.asarray(np.asarray(mm) * self.scale + self.origin)

    def to_mm(self, xy: Any) -> FloatArray:
        """Return coordinates of the axes as mm of the panel."""
        return np.asarray((np.asarray(xy) - self.origin) / self.scale)


def view_of(
    base: Ground,
    size: tuple[float, float],
    *,
    names: Sequence[str | None] = (),
    anchors: FloatArray | None = None,
    floor: float = 0.0,
    measure: look.Measure,
) -> View | None:
    """Return a map in a panel of so many mm, the lowest `floor` left free; None if an inset finds no place."""
    across, down = size
    left, bottom, right, top = base.bounds
    bare = base.enlargement is None
    side, under = (SIDE, floor + UNDER) if bare else (0.0, floor)
    scale = max((right - left) / (across - side), (top - bottom) / (down - under)) * PAD
    middle = np.array([side + (across - side) / 2, under + (down - under) / 2])
    origin = np.array([(left + right) / 2, (bottom + top) / 2]) - middle * scale
    view = View(base, size, scale, origin, (), (), (), (), (), ())
    if base.insets:
        land = _shapes([*base.frame.geometry, *base.extra.geometry], view.to_mm)
        homes = [view.to_mm(base.centre_of(inset)) for inset in base.insets]
        placed = windows(base.insets, [shape for shape in land if not shape.is_empty], homes, size, under)
        if placed is None:
            return None
        view = replace(view, windows=tuple(placed))
    if bare:
        shapes = [*base.frame.geometry, *base.extra.geometry]
        mm = ((right - left) / scale, (top - bottom) / scale)
        view = replace(view, lines=tuple(graticule(shapes, base.crs, _widened(base.bounds, scale), mm)))
        view = replace(view, degrees=tuple(_degrees(view, measure)))
    parts, outlines = _parts(view)
    view = replace(view, pieces=tuple(parts), outlines=tuple(outlines))
    if any(names):
        room = (side + 0.3, under + 0.3, across - 0.3, down - 0.3)
        view = replace(view, names=tuple(_named(view, names, anchors, room, measure)))
    return view


def _widened(bounds: tuple[float, float, float, float], scale: float) -> tuple[float, float, float, float]:
    left, bottom, right, top = bounds
    return left - 0.6 * scale, bottom - 0.6 * scale, right + 0.6 * scale, top + 0.6 * scale


def _shapes(shapes: Any, move: Callable[[FloatArray], FloatArray]) -> Any:
    return shapely.transform(np.asarray(shapes, dtype=object), move)


def _degrees(view: View, measure: look.Measure) -> Iterator[tuple[str, FloatArray]]:
    """Return label and box in mm of the lines of the graticule, of those that have room at their end."""
    taken = [window.box for window in view.windows]
    for line in view.lines:
        if not line.label:
            continue
        half = np.array(measure(line.label)) / 2
        away = np.array([0, -0.8 - half[1]] if line.meridian else [-0.8 - half[0], 0])
        centre = view.to_mm(line.spot) + away
        box = np.concatenate([centre - half, centre + half])
        clear = all(((box[:2] > b[2:] + 0.6) | (box[2:] < b[:2] - 0.6)).any() for b in taken)
        if clear and (box[:2] >= 0).all() and (box[2:] <= view.size).all():
            taken.append(box)
            yield line.label, box


# ---------------------------------------------------------------------- the regions' paths


def _parts(view: View) -> tuple[list[_Piece], list[tuple[Path, float]]]:
    pieces = list(_pieces(view, view.base, lambda xy: xy, view.scale, 0.0, None))
    borders = [*_borders(view.base, lambda xy: xy, view.scale, None)]
    outlines = [(path, 0.0) for path in borders]
    for window in view.windows:

        def move(xy: FloatArray, window: Window = window) -> FloatArray:
            return view.to_axes(window.to_mm(xy))

        frame = tuple(view.to_axes(window.frame.reshape(2, 2)).ravel())
        pieces += _pieces(view, window.ground, move, window.scale, LIFT, frame)
        outlines += [(path, LIFT) for path in _borders(window.ground, move, view.scale, frame)]
    return pieces, outlines


def _pieces(view: View, ground: Ground, move: Any, scale: float, lift: float, frame: Any) -> Iterator[_Piece]:
    border = border_width(ground, scale)
    for part, known in ((ground.extra, False), (ground.frame, True)):
        shapes = _plain(_shapes(part.geometry, move), view.scale, frame)
        for region, shape, drawn in zip(part.index, shapes, is_drawn(shapes), strict=True):
            if drawn:
                yield _Piece(region, outline(shape), known, border, lift)


def _plain(shapes: Any, scale: float, frame: Any) -> Any:
    """Return shapes without corners that cannot be seen, and without what lies beyond a frame."""
    if not len(shapes):
        return shapes
    if frame is not None:
        shapes = shapely.intersection(shapely.make_valid(shapes), shapely.box(*frame))
        shapes = np.array([_areal(shape) for shape in shapes], dtype=object)
    plain = shapely.simplify(shapes, FINE * scale)
    return np.where(shapely.is_empty(plain), shapes, plain)


def _areal(shape: Any) -> Any:
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return shapely.MultiPolygon(parts)


def _borders(ground: Ground, move: Any, scale: float, frame: Any) -> list[Path]:
    if ground.borders is None:
        return []
    shapes = _shapes(ground.borders, move)
    if frame is None:
        shapes = _plain(shapes, scale, None)
        return [outline(shape) for shape in shapes[is_drawn(shapes)]]
    # Lines, for the edge of the frame is nobody's border.
    lines = shapely.intersection(shapely.boundary(shapes), shapely.box(*frame))
    parts = [
        part for part in shapely.get_parts(shapely.simplify(lines, FINE * scale)) if part.geom_type == "LineString"
    ]
    parts = [part for part in parts if not part.is_empty]
    return [Path.make_compound_path(*[Path(shapely.get_coordinates(part)) for part in parts])] if parts else []


def border_width(base: Ground, scale: float) -> float:
    """Return the width of borders in points: thinner as regions get smaller, so that colours and not lines are seen."""
    count = len(base.frame) + len(base.extra)
    across = np.sqrt(sum(float(part.geometry.area.sum()) for part in (base.frame, base.extra)) / count) / scale
    return look.BORDER_WIDTH * float(np.clip(across / WIDE_REGION, 0.0, 1.0))


def outline(shape: Any) -> Path:
    """Return a polygon, with its parts and holes, as one path."""
    rings = []
    for part in shapely.get_parts(shape):
        # Holes must run against their shell, or they would be filled.
        part = shapely.geometry.polygon.orient(part) if shapely.get_num_interior_rings(part) else part
        rings += [part.exterior, *part.interiors]
    paths = [Path(shapely.get_coordinates(ring), closed=True) for ring in rings]
    return paths[0] if len(paths) == 1 else Path.make_compound_path(*paths)


# ---------------------------------------------------------------------- names


def _named(
    view: View, names: Sequence[str | None], anchors: FloatArray | None, room: Any, measure: look.Measure
) -> list[Label | None]:
    """Return where the names go: on the map, and in the inset for a region that the map does not show."""
    base = view.base
    home = is_drawn(base.frame.geometry.to_numpy())
    taken = np.array([*(window.box for window in view.windows), *(box for _, box in view.degrees)]).reshape(-1, 4)
    here = [name if there else None for name, there in zip(names, home, strict=True)]
    shapes = list(_shapes(base.frame.geometry, view.to_mm))
    others = list(_shapes(base.extra.geometry, view.to_mm))
    if anchors is not None:
        found = arrange(_at_points(here, view.to_mm(anchors), room, measure), taken=taken)
    else:
        found = arrange(region_places(here, shapes, others=others, measure=measure, room=room), taken=taken)
    for window in view.windows:
        index = base.frame.index.get_indexer(window.ground.frame.index)
        lost = [i for i in index if not home[i] and names[i]]
        if not lost:
            continue
        inner = tuple(window.frame + 0.3 * np.array([1, 1, -1, -1]))
        texts = [names[i] for i in lost]
        if anchors is not None:
            moved = stages(view)[1 + view.windows.index(window)].move(anchors[lost])
            places = _at_points(texts, view.to_mm(moved), inner, measure)
        else:
            shapes = list(_shapes(window.ground.frame.geometry.loc[base.frame.index[lost]], window.to_mm))
            others = list(_shapes(window.ground.extra.geometry, window.to_mm))
            places = region_places(texts, shapes, others=others, measure=measure, room=inner)
        for i, label in zip(lost, arrange(places), strict=True):
            found[i] = found[i] or label
    return [name if name is None or anchors is None else replace(name, own=1.0) for name in found]


def _at_points(names: Sequence[str | None], spots: FloatArray, room: Any, measure: look.Measure) -> list[Places]:
    return point_places(names, spots, radius=0.9, measure=measure, room=room)


# ---------------------------------------------------------------------- drawing


def stages(view: View) -> list[Stage]:
    """Return where overlays draw: on the map, then in each inset."""
    base = view.base
    found = [Stage(lambda xy: xy, is_drawn(base.frame.geometry.to_numpy()))]
    for window in view.windows:
        there = Transformer.from_crs(base.crs, window.ground.crs, always_xy=True)

        def move(xy: FloatArray, window: Window = window, there: Any = there) -> FloatArray:
            return view.to_axes(window.to_mm(np.column_stack(there.transform(*np.asarray(xy).T))))

        here = base.frame.index.isin(window.ground.frame.index)
        found.append(Stage(move, np.asarray(here), LIFT))
    return found


def draw_view(
    ax: Axes,
    view: View,
    keys: Mapping[Hashable, Hashable],
    rows: Mapping[Hashable, Row],
    overlay: Overlay | None = None,
) -> None:
    """Draw a map into axes of its size: `keys` has the row of the legend by region."""
    ax.set_aspect("equal", adjustable="box")
    (left, bottom), (right, top) = view.to_axes([(0, 0), view.size])
    ax.set(xlim=(left, right), ylim=(bottom, top))
    ax.set_axis_off()
    _draw_graticule(ax, view)
    frames = [_draw_frame(ax, view, window) for window in view.windows]
    textured: dict[tuple[Hashable, float], list[Path]] = {}
    for piece in view.pieces:
        row = rows[keys[piece.region]] if piece.known else rows[NO_DATA]
        _draw_region(ax, piece, row)
        if row.texture:
            textured.setdefault((row.key, piece.lift), []).append(piece.path)
    for (key, lift), paths in textured.items():
        texture(ax, paths, rows[key].colour, rows[key].texture, zorder=2.5 + lift)
    for path, lift in view.outlines:
        ax.add_artist(
            PathPatch(
                path,
                fill=False,
                edgecolor=look.INK,
                linewidth=GROUP_LINE,
                joinstyle="round",
                label="_outline",
                zorder=2.7 + lift,
            )
        )
    if overlay is not None:
        for stage, frame in zip(stages(view), (None, *frames), strict=True):
            overlay(ax, replace(stage, clip=frame))
    inset = {region for window in view.windows for region in window.ground.frame.index}
    shown = is_drawn(view.base.frame.geometry.to_numpy())
    for region, name, home in zip(view.base.frame.index, view.names, shown, strict=False):
        if name is not None:
            _draw_name(ax, name, rows[keys[region]].colour, view, 0.0 if home or region not in inset else LIFT)


def _draw_region(ax: Axes, piece: _Piece, row: Row) -> None:
    # Finer than a hairline, the border has the colour of the region: it closes the gap to its neighbour.
    fine = piece.border < HAIRLINE and not row.hatch
    # Not add_patch, which would look for the limits of curves in every border; the limits stand.
    ax.add_artist(
        PathPatch(
            piece.path,
            facecolor=row.colour,
            edgecolor=row.colour if fine else look.HATCH_INK if row.hatch else look.BORDER,
            linewidth=max(piece.border, HAIRLINE),
            hatch=row.hatch or None,
            joinstyle="round",
            label=str(piece.region),
            zorder=(1.0 if not piece.known else 1.5 if row.hatch else 2.0) + piece.lift,
        )
    )


def _draw_graticule(ax: Axes, view: View) -> None:
    for line in view.lines:
        ax.plot(*line.xy.T, color=look.FAINT, linewidth=0.3, zorder=0.5, label="_graticule")
    halo = [patheffects.withStroke(linewidth=1.6, foreground="white")]
    style: dict[str, Any] = {"ha": "center", "va": "center", "color": look.SOFT, "label": "_degrees"}
    for text, box in view.degrees:
        x, y = view.to_axes(box.reshape(2, 2).mean(axis=0))
        ax.text(x, y, text, path_effects=halo, zorder=2.9, **style)


def _draw_frame(ax: Axes, view: View, window: Window) -> Rectangle:
    """Draw the ground of an inset, its frame and below that its scale; return the frame."""

    def rectangle(box: FloatArray, **options: Any) -> Rectangle:
        (left, bottom), (right, top) = view.to_axes(box.reshape(2, 2))
        found = Rectangle((left, bottom), right - left, top - bottom, **options)
        ax.add_artist(found)
        return found

    rectangle(window.box, facecolor="white", edgecolor="none", zorder=LIFT, label="_ground")
    enlarged = window.ground.enlargement
    if enlarged is not None:
        metres = window.scale * window.ground.metres / enlarged
        wide = window.box[2] - window.box[0]
        value = round_length(min(0.45 * wide, wide - LABEL) * metres)
        x, y = window.box[0] + 0.2, window.box[1] + 1.4
        bar = view.to_axes([(x, y), (x + value / metres, y)])
        ax.plot(*bar.T, color=look.INK, linewidth=1.0, solid_capstyle="butt", zorder=LIFT + 4, label="_bar")
        right, middle = view.to_axes((x + value / metres + 0.7, y))
        words = f"{value / 1000:g} km" if value >= 1000 else f"{value:g} m"
        ax.text(right, middle, words, va="center", ha="left", zorder=LIFT + 4, label="_bar")
    return rectangle(window.frame, fill=False, edgecolor=look.SOFT, linewidth=0.5, zorder=LIFT + 4.5, label="inset")


def _draw_name(ax: Axes, name: Label, fill: str, view: View, lift: float) -> None:
    x, y = view.to_axes(name.centre)
    # On its own ground a name stands in the ground's tone; across a border it needs a white halo.
    at_home = name.own > 0.995
    dark = at_home and luminance(fill) < 0.2
    halo = patheffects.withStroke(linewidth=1.6 if at_home else 2.0, foreground=fill if at_home else "white")
    if not np.isnan(name.leader[0]):
        ends = view.to_axes(name.leader.reshape(2, 2))
        line: Any = {"color": look.INK, "linewidth": 0.4, "solid_capstyle": "butt", "zorder": 4 + lift}
        halo_of_line = [patheffects.withStroke(linewidth=1.2, foreground="white", alpha=0.8)]
        ax.plot(*ends.T, path_effects=halo_of_line, label="_leader", **line)
    style: dict[str, Any] = {"ha": "center", "va": "center", "linespacing": 0.95, "zorder": 5 + lift, "label": "name"}
    ax.text(x, y, name.text, color="white" if dark else look.INK, path_effects=[halo], **style)
