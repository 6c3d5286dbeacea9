"""Reading figures back in tests: what is drawn, in which colour, with which words, and where."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.text import Text


def maps_of(figure: Figure) -> list[Axes]:
    """The axes that hold regions."""
    return [ax for ax in figure.axes if any(isinstance(p, PathPatch) for p in ax.patches)]


def legends_of(figure: Figure) -> list[Axes]:
    """The axes that hold legends."""
    return [ax for ax in [*figure.axes, *(c for a in figure.axes for c in a.child_axes)] if ax.get_label() == "legend"]


def fills(ax: Axes) -> dict[str, str]:
    """Colour of each region by label."""
    return {p.get_label(): to_hex(p.get_facecolor()) for p in ax.patches if isinstance(p, PathPatch)}


def hatches(ax: Axes) -> dict[str, str]:
    """Hatch of each region that has one."""
    return {p.get_label(): p.get_hatch() for p in ax.patches if isinstance(p, PathPatch) and p.get_hatch()}


def textures(ax: Axes) -> int:
    """Return how many classes have lines over their colour."""
    return len([c for c in ax.collections if c.get_label() == "texture"])


def swatches(legend: Axes) -> dict[str, str]:
    """Colour of each class in a legend by its key."""
    return {p.get_label(): to_hex(p.get_facecolor()) for p in legend.patches if isinstance(p, Rectangle)}


def rows(legend: Axes) -> dict[str, list[str]]:
    """Words of each row of a legend, left to right, by the key of its swatch."""
    found = {}
    for patch in legend.patches:
        if isinstance(patch, Rectangle):
            middle = patch.get_y() + patch.get_height() / 2
            line = [t for t in legend.texts if abs(t.get_position()[1] - middle) < 0.5]
            found[patch.get_label()] = [t.get_text() for t in sorted(line, key=lambda t: t.get_position()[0])]
    return found


def words(figure: Figure) -> str:
    """All that is printed, joined."""
    return " | ".join(text.get_text() for text in texts(figure))


def texts(figure: Figure) -> list[Text]:
    """All visible texts of a figure that print something; labels of ticks beyond the axes are not printed."""
    beyond = set()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis, *([ax.zaxis] if hasattr(ax, "zaxis") else [])):
            low, high = sorted(axis.get_view_interval())
            out = [t for t in axis.get_major_ticks() if not ax.axison or not low - 1e-9 <= t.get_loc() <= high + 1e-9]
            beyond |= {id(label) for tick in out for label in (tick.label1, tick.label2)}
    return [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip() and id(t) not in beyond]


def boxes(figure: Figure, chosen: list[Text] | None = None) -> list[Any]:
    """Bounding boxes of texts in mm."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    found = [t.get_window_extent(renderer) for t in (texts(figure) if chosen is None else chosen)]
    return [box.transformed(_to_mm(figure)) for box in found]


def _to_mm(figure: Figure) -> Any:
    from matplotlib.transforms import Affine2D

    return Affine2D().scale(25.4 / figure.dpi)


def names_on(ax: Axes) -> list[Text]:
    """The names of regions printed in axes."""
    return [t for t in ax.texts if t.get_label() == "name"]


def overlaps(found: list[Any], labels: list[str], slack: float = 0.05) -> list[tuple[str, str]]:
    """Pairs of texts whose boxes overlap by more than a hair."""
    pairs = itertools.combinations(zip(found, labels, strict=True), 2)
    return [
        (a, b)
        for (one, a), (two, b) in pairs
        if min(one.x1, two.x1) - max(one.x0, two.x0) > slack and min(one.y1, two.y1) - max(one.y0, two.y0) > slack
    ]


def outside(figure: Figure, slack: float = 0.1) -> list[str]:
    """Texts that reach over the edge of the sheet."""
    width, height = figure.get_size_inches() * 25.4
    found = []
    for box, text in zip(boxes(figure), texts(figure), strict=True):
        inside = box.x0 > -slack and box.y0 > -slack and box.x1 < width + slack and box.y1 < height + slack
        if not inside:
            found.append(text.get_text())
    return found


def lines(ax: Axes, label: str) -> list[np.ndarray]:
    """Coordinates of the lines of that label."""
    return [np.asarray(line.get_xydata()) for line in ax.lines if line.get_label() == label]
