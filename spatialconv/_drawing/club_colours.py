"""Colours of clubs: from the highest, darkest, to the lowest, the same in plots and maps; and textures of many."""

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


# Of neighbours in the order of many clubs, whose colours alone are too near to one another.
_TEXTURES = ("", "\\\\\\\\", "----", "xxxx", "||||", "oo")
FEW = 5  # clubs that lightness alone tells apart


def club_textures(count: int) -> list[str]:
    """Return the texture of each club on a map, first to last: none while they are few."""
    return [_TEXTURES[i % len(_TEXTURES)] if count > FEW else "" for i in range(count)]
