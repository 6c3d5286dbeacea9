"""Where insets stand: in frames of their own where the map is empty, each at its own scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from spatialconv._drawing.ground import Ground

FloatArray = npt.NDArray[np.float64]

SIZES = (0.34, 0.28, 0.23, 0.19, 0.16)  # of the panel's longer side, largest first
LONG, LEAST, AIR, PAD = 16.0, 13.0, 1.2, 0.8  # mm: longer and shorter side of a frame at least, around it, within it
SCALE_LINE = 3.6  # mm under the land in a frame, for its scale bar
CELL = 0.5  # mm of the raster that says where the map is empty


@dataclass(frozen=True)
class Window:
    """An inset on a panel: its land, its frame in mm of the panel, units of its CRS a mm, and its lower left corner."""

    ground: Ground
    box: FloatArray
    scale: float
    corner: FloatArray

    def to_mm(self, xy: FloatArray) -> FloatArray:
        """Return coordinates of its CRS as mm of the panel."""
        return np.asarray((xy - self.corner) / self.scale + self.box[:2] + [PAD, PAD + self.under])

    @property
    def frame(self) -> FloatArray:
        """The frame of the land, in mm of the panel: the box without what the scale takes."""
        return np.asarray(self.box + np.array([0.0, self.under, 0.0, 0.0]))

    @property
    def under(self) -> float:
        """Mm below the land that the scale takes."""
        return SCALE_LINE if self.ground.enlargement is not None else 0.0


def windows(
    insets: Sequence[Ground], land: Sequence[Any], homes: Sequence[FloatArray], size: tuple[float, float], floor: float
) -> list[Window] | None:
    """Return the insets where the panel is empty, or None if one finds no place.

    `land` is polygons in mm, `homes` where each inset lies on the map, in mm; the lowest `floor` mm are not free.
    """
    across, down = size
    x, y = (np.arange(CELL / 2, side, CELL) for side in size)
    taken = np.zeros((len(y), len(x)), dtype=bool)
    points = shapely.points(*(a.ravel() for a in np.meshgrid(x, y)))
    tree = shapely.STRtree(points)
    taken.ravel()[tree.query(np.asarray(land, dtype=object), predicate="intersects")[1]] = True
    taken[y < floor] = True
    found: list[Window] = []
    for inset, home in zip(insets, homes, strict=True):
        window = next(
            (w for s in SIZES if (w := _stood(inset, max(s * max(across, down), LONG), taken, home)) is not None), None
        )
        if window is None:
            return None
        found.append(window)
        left, bottom, right, top = window.box
        taken[np.ix_((y > bottom - AIR) & (y < top + AIR), (x > left - AIR) & (x < right + AIR))] = True
    return found


def _stood(inset: Ground, longest: float, taken: npt.NDArray[np.bool_], home: FloatArray) -> Window | None:
    left, bottom, right, top = inset.bounds
    under = SCALE_LINE if inset.enlargement is not None else 0.0
    wide, high = right - left, top - bottom
    scale = max(wide, high) / max(longest - 2 * PAD, 1.0)
    width = max(wide / scale + 2 * PAD, LEAST)
    height = max(high / scale + 2 * PAD + under, LEAST)
    n = [int(np.ceil((side + 2 * AIR) / CELL)) for side in (height, width)]
    rows, columns = taken.shape
    if n[0] > rows or n[1] > columns:
        return None
    table = np.pad(np.cumsum(np.cumsum(taken, axis=0, dtype=np.int64), axis=1), ((1, 0), (1, 0)))
    count = table[n[0] :, n[1] :] - table[: -n[0], n[1] :] - table[n[0] :, : -n[1]] + table[: -n[0], : -n[1]]
    free = np.argwhere(count == 0)
    if not len(free):
        return None
    # In a corner as cartographers have it, and rather on its own side of the map.
    low = free * CELL
    high_end = np.array([rows, columns]) * CELL - low - np.array(n) * CELL
    middle = low + np.array(n) * CELL / 2
    where = np.clip(home[::-1], 0, np.array([rows, columns]) * CELL)
    cost = np.minimum(low, high_end).sum(axis=1) + 0.2 * np.abs(middle - where).sum(axis=1)
    y, x = low[cost.argmin()] + AIR
    box = np.array([x, y, x + width, y + height])
    # The land in the middle of a frame that is larger than it needs.
    slack = np.array([width - 2 * PAD - wide / scale, height - 2 * PAD - under - high / scale])
    return Window(inset, box, scale, np.array([left, bottom]) - slack / 2 * scale)
