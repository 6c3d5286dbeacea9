"""Colours of clubs: from the highest, darkest, to the lowest, the same in plots and maps."""

from __future__ import annotations

import matplotlib as mpl
from matplotlib.colors import to_hex

# Clubs are ordered, so their lightness is; light enough to be told apart, dark enough for a line on white paper.
_ORDER = ("#182a5c", "#2b6ea0", "#46a3ae", "#8cc6a0", "#cfd98a", "#f0d9a0")


def club_colours(count: int) -> list[str]:
    """Return a colour for each club, first to last."""
    if count <= len(_ORDER):
        chosen = {1: (1,), 2: (0, 2), 3: (0, 2, 4), 4: (0, 1, 2, 4)}.get(count, tuple(range(count)))
        return [_ORDER[i] for i in chosen]
    blend = mpl.colors.LinearSegmentedColormap.from_list("clubs", _ORDER)
    return [to_hex(blend(i / (count - 1))) for i in range(count)]
