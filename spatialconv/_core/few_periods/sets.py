"""Sets of betas by inversion of a test: looked for on a grid, their ends by bisection, open ends left open."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

# Points of the first look between the ends of what is asked, and halvings of the step at each end of the set.
POINTS, HALVINGS = 25, 7


class Accepted(NamedTuple):
    """Ends of the set, infinite where everything that is asked on that side is accepted; NaN where nothing is.

    `pieces` says of how many stretches it consists; the ends are those of all together.
    """

    low: float
    high: float
    pieces: int


def accepted(p: Callable[[float], float], near: float, low: float, high: float, size: float) -> Accepted:
    """Return the set of values between low and high at which p is above the size; `near` is asked beside the grid."""
    grid = looked_at(near, low, high)
    inside = [p(float(value)) > size for value in grid]
    if not any(inside):
        return Accepted(np.nan, np.nan, 0)
    taken = np.flatnonzero(inside)
    first, last = int(taken[0]), int(taken[-1])
    edges = np.diff(np.array([False, *inside, False]).astype(int))
    start = -np.inf if first == 0 else _end(p, float(grid[first]), float(grid[first - 1]), size)
    stop = np.inf if last == len(grid) - 1 else _end(p, float(grid[last]), float(grid[last + 1]), size)
    return Accepted(start, stop, int((edges == 1).sum()))


def looked_at(near: float, low: float, high: float) -> npt.NDArray[np.float64]:
    """Return the values of the first look."""
    return np.unique([*np.linspace(low, high, POINTS), min(max(near, low), high)])


def _end(p: Callable[[float], float], inside: float, outside: float, size: float) -> float:
    """Return the last value that was accepted between one that is and one that is not."""
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        if p(middle) > size:
            inside = middle
        else:
            outside = middle
    return inside
