"""Fine lines over a colour, which tell classes apart in grey and to the colour-blind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgb
from matplotlib.path import Path

COLD = "\\\\\\\\"  # of what is low: hot and high are plain
_INK = {True: "#ffffff", False: "#454c55"}  # on dark and on light colours
_DARK = 0.25


def texture(ax: Axes, paths: Sequence[Path], colour: str, hatch: str, *, zorder: float = 2.5) -> None:
    """Draw the lines of a class over its regions, one pattern over all of them."""
    ink = ink_on(colour)
    lines = PathCollection(
        [Path.make_compound_path(*paths)],
        facecolors="none",
        edgecolors=ink,
        linewidths=0.0,
        hatch=hatch,
        zorder=zorder,
        label="texture",
    )
    # Newer matplotlib gives hatches a colour of their own, and not that of the edge.
    if hasattr(lines, "set_hatchcolor"):
        lines.set_hatchcolor(ink)
    lines.set_transform(ax.transData)
    ax.add_collection(lines, autolim=False)


def ink_on(colour: str) -> str:
    """Return the colour of lines that are seen over a colour: white over what is dark, dark over the rest."""
    return _INK[luminance(colour) < _DARK]


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, 0 to 1 (WCAG 2.1)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
