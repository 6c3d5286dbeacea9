"""Classes of values, and the rows of the legends that explain them."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv import _style as look
from spatialconv._core.space.natural_breaks import natural_breaks
from spatialconv._drawing.footer import ISLAND, NO_DATA, Row
from spatialconv._options import first
from spatialconv.errors import MissingDataError, OptionError
from spatialconv.panel.calendar import place_of

if TYPE_CHECKING:  # plots draw footers too, and need no geometry
    from spatialconv._drawing.ground import Ground

Scheme = Literal["natural-breaks", "quantiles", "equal-interval"]


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


def classified(
    values: npt.NDArray[np.float64], k: int, scheme: Scheme, common: bool
) -> tuple[npt.NDArray[np.int64], list[npt.NDArray[np.float64]]]:
    """Return the class 1..k of each cell (0 where missing), and for equal intervals the limits of the classes."""
    codes, limits = np.zeros(values.shape, dtype=np.int64), []
    for group in [slice(None)] if common else [slice(t, t + 1) for t in range(len(values))]:
        part = values[group]
        seen = np.isfinite(part)
        if not seen.any():
            raise MissingDataError("there is nothing to map: every value is missing in a period asked for.")
        x = part[seen]
        edges = np.linspace(x.min(), x.max(), k + 1)
        if scheme == "natural-breaks":
            found = natural_breaks(x / np.abs(x).max(initial=1e-300), k)
        elif scheme == "quantiles":
            cuts = np.quantile(x, np.arange(1, k) / k)
            # Ties can leave a quantile without members; classes are numbered anew.
            found = np.unique(np.searchsorted(cuts, x, side="left"), return_inverse=True)[1] + 1
        else:
            found = np.searchsorted(edges[1:-1], x, side="left") + 1 if x.min() < x.max() else np.ones_like(x)
        block = codes[group]
        block[seen] = found
        limits.append(edges)
    return codes, limits if scheme == "equal-interval" else []


def class_rows(
    codes: npt.NDArray[np.int64],
    real: npt.NDArray[np.float64],
    limits: list[npt.NDArray[np.float64]],
    palette: str | Sequence[str] | None,
    common: bool,
) -> list[Row]:
    """Return the rows of the legend, highest class first, with the range and the count of each class."""
    k = int(codes.max())
    colours = look.ramp(palette, k)
    groups = [slice(None)] if common else [slice(t, t + 1) for t in range(len(codes))]
    ranges = [
        class_ranges([real[group][codes[group] == c] for c in range(1, k + 1)], limits[i] if limits else None)
        for i, group in enumerate(groups)
    ]
    rows = []
    for c in range(k, 0, -1):
        counts = [str(int((row == c).sum())) for row in codes]
        if common:
            cells: tuple[str, ...] = tuple(counts)
            label = ranges[0][c - 1]
        else:
            cells = tuple(part for i, n in enumerate(counts) for part in (ranges[i][c - 1], n))
            label = f"class {c}"
        rows.append(Row(c, label, colours[c - 1], cells=cells))
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
        "none" if np.isnan(e[0]) else w[0] if w[0] == w[1] else f"{w[0]} to {w[1]}"
        for w, e in zip(words, ends, strict=True)
    ]


def figure(value: float, digits: int = 3) -> str:
    """Print a number to so many significant digits, whole from there on, with a true minus sign."""
    if not np.isfinite(value):
        return "–"
    size = int(np.floor(np.log10(abs(value)))) if value else 0
    text = f"{value:.{digits - 1}e}" if size < -4 or size > 9 else f"{value:,.{max(digits - 1 - size, 0)}f}"
    return text.replace("-", "\u2212").replace(",", "\u2009")


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
        label = f"{key} ({', '.join(who)})" if alone else key
        rows.append(Row(key, label, look.EMPTY, hatch, tuple(counts)))
    return rows


def listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
