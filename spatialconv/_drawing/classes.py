"""Classes of values, and the rows of the legends that explain them."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv import _style as look
from spatialconv._core.space.natural_breaks import natural_breaks
from spatialconv._drawing.footer import ISLAND, NO_DATA, Row
from spatialconv._drawing.textures import COLD
from spatialconv._language import enumerated, say
from spatialconv._options import first
from spatialconv.errors import MissingDataError, OptionError
from spatialconv.panel.calendar import place_of

if TYPE_CHECKING:  # plots draw footers too, and need no geometry
    from spatialconv._drawing.ground import Ground

FloatArray = npt.NDArray[np.float64]
Scheme = Literal["natural-breaks", "quantiles", "equal-interval"]
Parting = Literal["mean", "median"] | float  # where the colours of a scale part


def periods_of(index: pd.Index, asked: Hashable | Iterable[Hashable]) -> pd.Index:
    """Return the periods asked for, each once, in the order asked; a single label may stand alone."""
    single = isinstance(asked, (str, bytes)) or not isinstance(asked, Iterable)
    wanted: list[Any] = list(dict.fromkeys([asked] if single else list(asked)))  # type: ignore[arg-type]
    places = [place_of(index, period) for period in wanted]
    unknown = [period for period, place in zip(wanted, places, strict=True) if place < 0]
    if unknown or not wanted:
        what = f"unknown period {first(unknown)}" if unknown else "no period is named"
        raise OptionError(f"{what}; there are {first(list(index), 8)}. Labels must match exactly, in type too.")
    return index[places]


@dataclass(frozen=True)
class Scale:
    """The classes of some periods: how many lie below the midpoint and above it, its value, and limits, if they tell.

    Without a midpoint all are above.
    """

    below: int
    above: int
    middle: float | None = None
    limits: FloatArray | None = None

    @property
    def numbers(self) -> list[int]:
        """The number of each class, lowest first."""
        return [*range(-self.below, 0), *range(1, self.above + 1)]


def classified(
    values: FloatArray, k: int, scheme: Scheme, common: bool, parting: Parting | None = None
) -> tuple[npt.NDArray[np.int64], list[Scale]]:
    """Return the class of each cell (0 where missing), and the scale that all periods have, or each alone.

    Classes are numbered 1, 2, … from the lowest; with a midpoint 1, 2, … from it upwards and -1, -2, … below it.
    """
    codes, scales = np.zeros(values.shape, dtype=np.int64), []
    for group in _groups(values, common):
        part = values[group]
        seen = np.isfinite(part)
        if not seen.any():
            raise MissingDataError("there is nothing to map: every value is missing in a period asked for.")
        found, scale = _classes(part[seen], k, scheme) if parting is None else _parted(part[seen], k, scheme, parting)
        codes[group][seen] = found
        scales.append(scale)
    return codes, scales


def _groups(values: FloatArray, common: bool) -> list[slice]:
    return [slice(None)] if common else [slice(t, t + 1) for t in range(len(values))]


def _classes(
    x: FloatArray, k: int, scheme: Scheme, ends: tuple[float, float] | None = None
) -> tuple[npt.NDArray[np.int64], Scale]:
    """Return the classes of values 1..k; equal intervals run from end to end, of the values unless said."""
    if scheme == "equal-interval":
        low, high = ends or (float(x.min()), float(x.max()))
        edges = np.linspace(low, high, (k if low < high else 1) + 1)
        return np.searchsorted(edges[1:-1], x, side="left") + 1, Scale(0, len(edges) - 1, limits=edges)
    if scheme == "natural-breaks":
        found = natural_breaks(x / np.abs(x).max(initial=1e-300), k)
    else:
        cuts = np.quantile(x, np.arange(1, k) / k)
        # Ties can leave a quantile without members; classes are numbered anew.
        found = np.unique(np.searchsorted(cuts, x, side="left"), return_inverse=True)[1] + 1
    return found, Scale(0, int(found.max()))


def _parted(x: FloatArray, k: int, scheme: Scheme, parting: Parting) -> tuple[npt.NDArray[np.int64], Scale]:
    """Return classes below a midpoint and from it upwards, half of them each; an odd one goes where values reach far.

    Where all values are on one side, it has all classes.
    """
    middles: dict[Any, Any] = {"mean": np.mean, "median": np.median}
    middle = float(middles[parting](x) if parting in middles else parting)
    low, found = x < middle, np.zeros(len(x), dtype=np.int64)
    far = int(x.max() - middle >= middle - x.min())
    share = [k, k] if low.all() or not low.any() else [k // 2 + (k % 2) * (1 - far), k // 2 + (k % 2) * far]
    below, above, edges = 0, 0, np.array([middle])
    if low.any():
        # Counted from the midpoint downwards.
        down, scale = _classes(middle - x[low], share[0], scheme, (0.0, float(middle - x.min())))
        found[low], below = -down, scale.above
        edges = np.concatenate([middle - scale.limits[:0:-1], edges]) if scale.limits is not None else edges
    if not low.all():
        found[~low], scale = _classes(x[~low], share[1], scheme, (middle, float(x.max())))
        above = scale.above
        edges = np.concatenate([edges, scale.limits[1:]]) if scale.limits is not None else edges
    return found, Scale(below, above, middle, edges if scheme == "equal-interval" else None)


def class_rows(
    codes: npt.NDArray[np.int64],
    real: FloatArray,
    scales: Sequence[Scale],
    palette: str | Sequence[str] | None,
) -> list[Row]:
    """Return the rows of the legend, highest class first, with the range and the count of each class."""
    common, parted = len(scales) == 1, scales[0].middle is not None
    whole = Scale(max(scale.below for scale in scales), max(scale.above for scale in scales))
    colours = look.parted(palette, whole.below, whole.above) if parted else look.ramp(palette, whole.above)
    ranges = []
    for scale, group in zip(scales, _groups(real, common), strict=True):
        members = [real[group][codes[group] == c] for c in scale.numbers]
        ranges.append(dict(zip(scale.numbers, class_ranges(members, scale.limits), strict=True)))
    rows = []
    for c, colour in reversed(list(zip(whole.numbers, colours, strict=True))):
        counts = [str(int((row == c).sum())) for row in codes]
        if common:
            cells: tuple[str, ...] = tuple(counts)
            label = ranges[0][c]
        else:
            none = say("none")
            cells = tuple(part for found, n in zip(ranges, counts, strict=True) for part in (found.get(c, none), n))
            side = say("above, class {c}", c=c) if c > 0 else say("below, class {c}", c=-c)
            label = side if parted else say("class {c}", c=c)
        rows.append(Row(c, label, colour, cells=cells, texture=COLD * (c < 0)))
    return rows


def class_ranges(groups: list[npt.NDArray[np.float64]], limits: npt.NDArray[np.float64] | None) -> list[str]:
    """Return the range of each class: what was observed, or for equal intervals the limits of the class."""
    if limits is not None:
        ends = list(itertools.pairwise(limits))
    else:
        ends = [(g.min(), g.max()) if g.size else (np.nan, np.nan) for g in groups]
    for digits in range(3, 12):
        words = [(figure(low, digits), figure(high, digits)) for low, high in ends]
        # Neighbouring classes must not seem to share a value.
        apart = all(a[1] != b[0] or limits is not None for a, b in itertools.pairwise(words))
        if apart:
            break
    return [
        say("none") if np.isnan(e[0]) else w[0] if w[0] == w[1] else say("{low} to {high}", low=w[0], high=w[1])
        for w, e in zip(words, ends, strict=True)
    ]


def figure(value: float, digits: int = 3) -> str:
    """Print a number to so many significant digits, whole from there on, with a true minus sign."""
    if not np.isfinite(value):
        return "–"
    size = int(np.floor(np.log10(abs(value)))) if value else 0
    text = f"{value:.{digits - 1}e}" if size < -4 or size > 9 else f"{value:,.{max(digits - 1 - size, 0)}f}"
    return text.replace("-", "\u2212")


def signed(z: float) -> str:
    """Print a z with two decimals and a true minus sign."""
    return f"{z:.2f}".replace("-", "\u2212")


def special_rows(base: Ground, *, no_data: Any = False, islands: Any = False, skip: int = 0) -> list[Row]:
    """Return the rows of what has no class: regions without neighbours, and those without data."""
    rows = []
    for key, mask, hatch in ((ISLAND, islands, look.ISLAND_HATCH), (NO_DATA, no_data, look.NO_DATA_HATCH)):
        cells = np.atleast_2d(np.asarray(mask)).sum(axis=1)
        if not cells.any() and not (key == NO_DATA and len(base.extra)):
            continue
        counts = [cell for n in cells for cell in (*[""] * skip, str(int(n)))] if cells.any() else []
        # The reader should not have to search the map for the few that stand apart.
        who = [str(region) for region in base.frame.index[np.atleast_2d(mask).any(axis=0)]] if cells.any() else []
        alone = 0 < len(who) <= 2 and not (key == NO_DATA and len(base.extra))
        label = say("{what} ({names})", what=say(key), names=enumerated(who)) if alone else say(key)
        rows.append(Row(key, label, look.EMPTY, hatch, tuple(counts)))
    return rows


def listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else say("{some} and {last}", some=enumerated(words[:-1]), last=words[-1])
