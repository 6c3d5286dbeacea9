"""What the maps share: one map a period, a key a region, and all of them on a sheet."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes

from spatialconv import _style as look
from spatialconv._drawing.captions import Caption
from spatialconv._drawing.cartography import Face, Plan, draw, names_of
from spatialconv._drawing.classes import listed, periods_of
from spatialconv._drawing.footer import Legend, Row
from spatialconv._drawing.ground import Ground
from spatialconv._drawing.textures import COLD
from spatialconv._language import say
from spatialconv.results import written

# Classes of `confidence`, the surest first.
CONFIDENCE = {3: "hot, 99 %", 2: "hot, 95 %", 1: "hot, 90 %", 0: "not significant"}
CONFIDENCE |= {-1: "cold, 90 %", -2: "cold, 95 %", -3: "cold, 99 %"}
# Lines that tell cold from hot, high from low, like from unlike without colour, by the key of the class.
TEXTURES: dict[Hashable, str] = {-1: COLD, -2: COLD, -3: COLD, "LL": COLD, "LH": COLD, "unlike": "xxxx"}


def by_period(result: Any, asked: Hashable | Iterable[Hashable] | None) -> dict[Any, pd.DataFrame]:
    """Return the table of each period asked for, of the first and the last if none is; rows as the result's regions."""
    ends = [result.periods[0], result.periods[-1]]
    periods = periods_of(result.periods, ends if asked is None else asked)
    table = result.table
    if isinstance(table.index, pd.MultiIndex):
        return {t: table.xs(t, level=0).reindex(result.regions) for t in periods}
    return {t: table.reindex(result.regions) for t in periods}


def without_score(tables: Mapping[Any, pd.DataFrame]) -> npt.NDArray[np.bool_]:
    """Return which regions have no z: those without neighbours. Shape (periods, regions)."""
    return np.array([table["z"].isna().to_numpy() for table in tables.values()])


def keyed(regions: pd.Index, keys: Sequence[Hashable]) -> dict[Hashable, Hashable]:
    """Return the key of the legend by region."""
    return dict(zip(regions, keys, strict=True))


def counted(tables: Mapping[Any, pd.DataFrame]) -> tuple[str, ...]:
    """Return the heads of the columns of counts, with the period where there are several."""
    return ("n",) if len(tables) == 1 else tuple(f"n {written(t)}" for t in tables)


def among(some: Sequence[str], tables: Mapping[Any, pd.DataFrame]) -> str:
    """Return ` in 2016 and 2018` for some of several periods, and nothing where there is one."""
    return say(" in {periods}", periods=listed(some)) if len(tables) > 1 else ""


def statistic(hs: Any) -> str:
    """Return the name of the local statistic of hot spots."""
    return "Gi*" if getattr(hs, "star", True) else "Gi"


def drawn(
    base: Ground,
    faces: Sequence[Face],
    legends: Sequence[Legend],
    labels: Any,
    title: str | None,
    ax: Axes | None,
    *,
    caption: Caption,
    printed: bool = True,
    width: look.Width | None = None,
) -> look.Drawn:
    """Draw the faces over their legends, those of one period (as many as there are legends) in one row."""
    plan = Plan(
        tuple(faces),
        tuple(legends),
        names_of(base, labels),
        title,
        group=len(legends),
        caption=caption,
        printed=printed,
        width=width,
    )
    return draw(plan, base, ax=ax)


def least_to_most(counts: Sequence[int]) -> str:
    """Return the counts of many periods in one cell."""
    low, high = min(counts), max(counts)
    return str(low) if low == high else say("{low} to {high}", low=f"{low:,}", high=f"{high:,}")


def counting(title: str, rows: Sequence[Row], columns: Sequence[str], notes: Sequence[str] = ()) -> Legend:
    """Return a legend with one count a period in each row; in one column where the sheet has no room for more."""
    short = [
        replace(row, cells=(least_to_most([int(cell) for cell in row.cells]),) if row.cells else ()) for row in rows
    ]
    said = (*notes, say("n: least to most of {n} periods", n=len(columns)))
    narrow = Legend(title, tuple(short), ("n",), said) if len(columns) > 1 else None
    return Legend(title, tuple(rows), tuple(columns), tuple(notes), narrow)
