"""What the maps share: one map a period, a key a region, and all of them on a sheet."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialconv._drawing.cartography import Face, Plan, draw, names_of
from spatialconv._drawing.classes import listed, periods_of
from spatialconv._drawing.footer import Legend
from spatialconv._drawing.ground import Ground


def by_period(result: Any, asked: Hashable | Iterable[Hashable] | None) -> dict[Any, pd.DataFrame]:
    """Return the table of each period asked for, its rows in the order of the result's regions."""
    periods = periods_of(result.periods, list(result.periods) if asked is None else asked)
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
    return ("n",) if len(tables) == 1 else tuple(f"n {t}" for t in tables)


def among(some: Sequence[str], tables: Mapping[Any, pd.DataFrame]) -> str:
    """Return ` in 2016 and 2018` for some of several periods, and nothing where there is one."""
    return f" in {listed(some)}" if len(tables) > 1 else ""


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
    two: bool = False,
) -> Figure | Axes:
    """Draw the faces in rows of one, two or three, over their legends."""
    return draw(Plan(_grid(faces, two=two), tuple(legends), names_of(base, labels), title), base, ax=ax)


def _grid(faces: Sequence[Face], *, two: bool = False) -> tuple[tuple[Face, ...], ...]:
    """Set maps out in rows of one, two or three."""
    across = 2 if two or len(faces) in (2, 4) else min(len(faces), 3)
    return tuple(tuple(faces[i : i + across]) for i in range(0, len(faces), across))
