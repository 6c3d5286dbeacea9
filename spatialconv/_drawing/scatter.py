"""Points with names: drawn, and named where a name collides with nothing."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from spatialconv import _style as look
from spatialconv._drawing.placement import Places, arrange, point_places
from spatialconv._language import say

FloatArray = npt.NDArray[np.float64]
RADIUS = 0.65  # mm of a point
# Points from which they are lighter and below the line; beyond so many a cloud is a blot: hexagons of so many mm across
# count them.
MANY, HEXAGONS, ACROSS = 150, 5_000, 1.5


# Keeps words apart from what they stand on.
_HALO = [patheffects.withStroke(linewidth=1.4, foreground="white", alpha=0.9)]


def point_style(n: int) -> tuple[float, float]:
    """Return size in points, and opacity, of so many points: the ink of thousands is that of some hundreds."""
    if n <= MANY:
        return 3.6, 1.0
    return float(np.clip(3.6 * (MANY / n) ** 0.25, 1.2, 3.6)), float(np.clip((MANY / n) ** 0.5, 0.12, 0.8))


def slope_line(ax: Axes, x: FloatArray, y: FloatArray) -> None:
    """Draw the line of a scatter plot, over a white one that keeps it apart from the points."""
    ax.plot(x, y, color="white", linewidth=2.6, zorder=1.9, label="_clear")
    ax.plot(x, y, color=look.SECOND, linewidth=1.2, zorder=2, label="slope")


@dataclass(frozen=True)
class Points:
    """Coordinates of points in data units, the names to print (None for no name), and which are hollow."""

    x: FloatArray
    y: FloatArray
    names: Sequence[str | None]
    hollow: npt.NDArray[np.bool_]


def annotate(
    ax: Axes,
    points: Points,
    *,
    corners: Mapping[tuple[int, int], str] | None = None,
    lines: Sequence[tuple[float, float, float, float]] = (),
) -> str:
    """Draw points into axes whose limits stand, and their names; words in the corners are kept clear.

    Names avoid points, corners and one another; where they can, they avoid the lines too. Of very many, hexagons count
    how many lie where, the points that have names stand out, and what the hexagons mean is returned, to be written.
    """
    to_mm = _Scale(ax)
    points, centres, said = _thinned(ax, points, to_mm)
    n = len(points.x)
    size, opaque = point_style(n)
    style: dict[str, Any] = {"linestyle": "", "marker": "o", "markersize": size, "color": look.FIRST, "zorder": 4}
    if n > MANY:
        # Below the line, and so light that where they are thick is seen.
        style |= {"zorder": 1.5, "alpha": opaque}
    solid = ~points.hollow
    ax.plot(points.x[solid], points.y[solid], label="regions", markeredgewidth=0, **style)
    ax.plot(points.x[~solid], points.y[~solid], label="no neighbours", mfc="white", markeredgewidth=0.9, **style)
    measure = look.measurer(cast(Figure, ax.get_figure(root=True)))
    fixed = [_corner(ax, where, text, to_mm.size, measure(text)) for where, text in (corners or {}).items()]
    spots = np.vstack([to_mm(np.column_stack([points.x, points.y])), centres])
    radius = ACROSS / 2 if len(centres) else RADIUS
    room = (0.3, 0.3, to_mm.size[0] - 0.3, to_mm.size[1] - 0.3)
    offered = point_places([*points.names, *[None] * len(centres)], spots, radius=radius, measure=measure, room=room)
    drawn = [np.concatenate([to_mm(np.array([line[:2]]))[0], to_mm(np.array([line[2:]]))[0]]) for line in lines]
    # Most of many points have no name, and need no place.
    offered = [_dearer(place, drawn) for place in offered if place.texts]
    for label in arrange(offered, taken=np.array(fixed).reshape(-1, 4)):
        if label is None:
            continue
        x, y = to_mm.back(np.array([label.centre]))[0]
        if not np.isnan(label.leader[0]):
            ends = to_mm.back(label.leader.reshape(2, 2))
            ax.plot(*ends.T, color=look.SOFT, linewidth=0.4, zorder=3, label="_leader")
        ax.text(x, y, label.text, ha="center", va="center", zorder=5, path_effects=_HALO, label="name")
    return said


def _thinned(ax: Axes, points: Points, to_mm: _Scale) -> tuple[Points, FloatArray, str]:
    """Return the points to draw one by one, the centres in mm of hexagons that stand for the others, and their key."""
    if len(points.x) <= HEXAGONS:
        return points, np.empty((0, 2)), ""
    across, down = max(1, round(to_mm.size[0] / ACROSS)), max(1, round(to_mm.size[1] / ACROSS / np.sqrt(3)))
    extent = (*ax.get_xlim(), *ax.get_ylim())
    # The lightest tone vanishes on paper.
    tones = LinearSegmentedColormap.from_list("counts", look.SEQUENTIAL[1:])
    cells = ax.hexbin(
        points.x, points.y, gridsize=(across, down), extent=extent, mincnt=1, bins="log", cmap=tones, linewidths=0.1,
        edgecolors="face", zorder=1.5, label="counts",
    )  # fmt: skip
    counts = np.asarray(cells.get_array())
    named = np.array([bool(name) for name in points.names])
    shown = named | points.hollow
    names = [name for name, kept in zip(points.names, shown, strict=True) if kept]
    few = Points(points.x[shown], points.y[shown], names, points.hollow[shown])
    centres = to_mm(np.asarray(cells.get_offsets()))
    # A named point is in one of them, which is not in its way.
    own = {int(np.hypot(*(centres - spot).T).argmin()) for spot in to_mm(np.column_stack([few.x, few.y]))}
    centres = np.delete(centres, sorted(own), axis=0)
    key = say(
        "hexagons: 1 (light) to {most:,.0f} (dark) of {n:,}, tones by logarithm", most=counts.max(), n=len(points.x)
    )
    return few, centres, key


def write_ends(ax: Axes, x: FloatArray, y: FloatArray, ends: Mapping[int, str], *, colour: str = look.FIRST) -> None:
    """Write words at some points of a line, above or below, wherever the line leaves most room."""
    to_mm = _Scale(ax)
    spots = to_mm(np.column_stack([x, y]))
    measure = look.measurer(cast(Figure, ax.get_figure(root=True)), weight="bold")
    course = [np.concatenate(pair) for pair in itertools.pairwise(spots[np.isfinite(spots).all(axis=1)])]
    offered = []
    for i, text in ends.items():
        width, height = measure(text)
        centres = [spots[i] + [dx * (width / 2 - 0.8), dy * (1.1 + height / 2)] for dy in (1, -1) for dx in (0, -1, 1)]
        boxes = np.array(
            [[*(c - np.array([width, height]) / 2), *(c + np.array([width, height]) / 2)] for c in centres]
        )
        blank = np.full((6, 4), np.nan)
        # Beyond the axes stand their own words.
        over = np.maximum(-boxes[:, :2], boxes[:, 2:] - np.asarray(to_mm.size)).max(axis=1)
        costs = np.array([0, 0.2, 0.2, 0.1, 0.3, 0.3]) + 4.0 * (over > 0)
        inside = Places((text,) * 6, boxes, costs, blank, np.zeros(6))
        offered.append(_dearer(inside, course))
    for label in arrange(offered):
        if label is not None:
            at = to_mm.back(np.array([label.centre]))[0]
            style: Any = {"ha": "center", "va": "center", "color": colour, "fontweight": "bold", "path_effects": _HALO}
            ax.text(at[0], at[1], label.text, label="end", zorder=5, **style)


class _Scale:
    """Between data units and mm from the lower left corner of axes with linear scales."""

    def __init__(self, ax: Axes) -> None:
        self.low = np.array([ax.get_xlim()[0], ax.get_ylim()[0]])
        span = np.array([ax.get_xlim()[1], ax.get_ylim()[1]]) - self.low
        self.size = look.extent(ax)
        self.factor = np.asarray(self.size) / span

    def __call__(self, xy: FloatArray) -> FloatArray:
        return np.asarray((xy - self.low) * self.factor)

    def back(self, mm: FloatArray) -> FloatArray:
        return np.asarray(mm / self.factor + self.low)


def _corner(
    ax: Axes, where: tuple[int, int], text: str, size: tuple[float, float], extent: tuple[float, float]
) -> tuple[float, float, float, float]:
    """Write words into a corner and return the box they take, in mm."""
    right, top = where
    ax.text(
        1 - 1 / size[0] if right else 1 / size[0],
        1 - 1 / size[1] if top else 1 / size[1],
        text,
        transform=ax.transAxes,
        ha="right" if right else "left",
        va="top" if top else "bottom",
        color=look.SOFT,
        style="italic",
        zorder=1,
        label="corner",
    )
    x = size[0] - 1 - extent[0] if right else 1.0
    y = size[1] - 1 - extent[1] if top else 1.0
    return x, y, x + extent[0], y + extent[1]


def _dearer(places: Places, lines: Sequence[FloatArray]) -> Places:
    """Make places dearer that a line of the plot runs through."""
    costs = places.costs.copy()
    for line in lines:
        steps = line[:2] + np.linspace(0, 1, 400)[:, None] * (line[2:] - line[:2])
        b = places.boxes[:, :, None]
        x, y = steps.T
        hit = ((x > b[:, 0]) & (x < b[:, 2]) & (y > b[:, 1]) & (y < b[:, 3])).any(axis=1)
        costs = costs + 1.6 * hit
    return Places(places.texts, places.boxes, costs, places.leaders, places.own)
