"""How many maps stand on a page: as large as they can be, on as few sheets as hold them, and never unreadable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from spatialconv import _style as look
from spatialconv.errors import OptionError

MARGIN, GAP, BETWEEN = 1.5, 4.0, 2.0  # mm around the sheet, between columns of maps, and between their rows
TALLEST, OF_WIDTH = 105.0, 0.8  # mm, a single map; or that share of a width that is asked for
LEAST = 15.0  # mm: below that, nobody sees a region on a map, and it is refused
EASY = 20.0  # mm of the shorter side: maps that would be smaller go to another page
LONG = 45.0  # mm of the longer side, with which a narrow country is read though it is less than EASY across
MOST_ACROSS = 6

# Mm that stand on a sheet so wide beside its maps, so many across: title and footer; and above each row of maps.
Fixed = Callable[[float, int], tuple[float, float]]


@dataclass(frozen=True)
class Layout:
    """Maps in rows: how many across, rows a page, width of the sheet, width and height of each map, in mm."""

    across: int
    rows: int
    width: float
    panel: float
    height: float
    aspect: float

    @property
    def each(self) -> int:
        """Maps on a full page."""
        return self.across * self.rows

    @property
    def size(self) -> float:
        """How large the land is, 1 where it is just easily read."""
        land = min(self.panel, self.height * self.aspect)
        short, long = sorted((land, land / self.aspect))
        return max(short / EASY, long / LONG)


def lay_out(count: int, group: int, aspect: float, fixed: Fixed, *, width: float | None = None) -> Layout:
    """Return how `count` maps of width / height `aspect` stand, those of one period (`group`) in one row.

    The sheet is `width` mm wide; without it one column of a journal holds one map, two columns hold several.

    The customary rows of one, two or three are kept while all maps are easily read on one page; else the fewest pages,
    about equally full, and on them the largest maps.

    Raises
    ------
    OptionError
        If even a map on a page of its own would be smaller than can be read.
    """
    usual = _largest(2 if group == 2 or count in (2, 4) else min(count, 3), count, aspect, fixed, width)
    if usual is not None and usual.each >= count and usual.size >= 1:
        return usual
    columns = range(group, max(MOST_ACROSS, group) + 1, group)
    tried = [plan for c in columns if (plan := _largest(c, count, aspect, fixed, width)) is not None]
    if not tried:
        around, heading = fixed(width or look.PAGE, group)
        raise OptionError(
            f"the maps would be less than {LEAST:g} mm high, too small to be read: title, legend and notes take "
            f"{around + heading:.0f} of the {look.HEIGHT:g} mm of a page. Give a shorter title or legend."
        )
    pages = min(-(-count // plan.each) for plan in tried)
    share = -(-(count // group) // pages) * group
    even = [
        plan for c in columns if (plan := _largest(c, share, aspect, fixed, width)) is not None and plan.each >= share
    ]
    return max(even, key=lambda plan: plan.size)


def _largest(across: int, count: int, aspect: float, fixed: Fixed, asked: float | None) -> Layout | None:
    """Return the maps that stand so many across on as few pages as can be read, or None."""
    across = min(across, count)
    width = asked or (look.COLUMN if across == 1 else look.PAGE)
    panel = (width - 2 * MARGIN - GAP * (across - 1)) / across
    around, heading = fixed(width, across)
    for rows in range(-(-count // across), 0, -1):
        room = (look.HEIGHT - around - 2 * MARGIN) / rows - heading
        plan = Layout(
            across,
            rows,
            width,
            panel,
            min(max(panel / aspect, LEAST), room, max(TALLEST, OF_WIDTH * (asked or 0.0))),
            aspect,
        )
        # One row a page is the last resort, and better small than not at all.
        if plan.height >= LEAST and (plan.size >= 1 or rows == 1):
            return plan
    return None
