"""How nearly other sets of links can meet the published figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatialconv._reconstruction._figures import OFFICIAL_TOTAL_2016, FloatArray, pose, weigh
from spatialconv._reconstruction._levels import draw_starts, search
from spatialconv.weights import adjacency, align

if TYPE_CHECKING:
    import geopandas as gpd

# Links that a reader of the map could doubt: two across Hangzhou Bay, two to the archipelago (bridge, ferry).
DOUBTFUL = (("Jiaxing", "Ningbo"), ("Jiaxing", "Shaoxing"), ("Ningbo", "Zhoushan"), ("Jiaxing", "Zhoushan"))


def try_links(
    published: Mapping[str, Any],
    cities: gpd.GeoDataFrame,
    *,
    single: bool = False,
    starts: int = 40,
    seed: int = 2016,
) -> pd.DataFrame:
    """Return how nearly the published figures can be met with other sets of links.

    Tried are all combinations of the `DOUBTFUL` links with row-standardised and with binary weights; `single`
    adds every other single link of the map removed or added, row-standardised. (Rook contiguity is queen
    contiguity on this map, and dividing by the largest eigenvalue changes neither I nor z of binary weights.)

    Returns
    -------
    DataFrame
        One row a set, that of the map first:

        - `change` to the links of the map, `standardise`;
        - `sum_of_squares` of the 18 printed figures at the levels that make it least, in half-units of print;
        - `worst_at_least`: whatever the levels, one of the 18 misses by at least this many half-units. Above 1,
          no levels meet all of them within rounding;
        - `all_figures`: the least sum of squares of all 29, those for inverse squared distance and the total too.

    Notes
    -----
    If m figures miss by at most w, the sum of the eighth powers of their misfits is at most m w^8. Its least value
    P, over all levels, therefore bounds w from below: w >= (P / m)^(1/8).
    """
    printed = pose(published, cities, geographic=False, total=None)
    everything = pose(published, cities, geographic=True, total=OFFICIAL_TOTAL_2016)
    links, start = _binary(cities), draw_starts(printed, starts, seed)
    rows = []
    for change, standardise in _sets(cities, single):
        changed = _toggled(links, [(cities.index.get_loc(a), cities.index.get_loc(b)) for a, b in change])
        weighed = weigh(_row(changed) if standardise == "row" else changed)
        squares = search(replace(printed, moran=(weighed,)), start)
        unit = np.abs(squares.residual[squares.best]).max()
        eighth = search(replace(printed, moran=(weighed,)), squares.x, power=4, unit=unit)
        both = search(replace(everything, moran=(weighed, everything.moran[1])), squares.x)
        rows.append(
            {
                "change": _said(change, links, cities.index),
                "standardise": standardise,
                "sum_of_squares": squares.cost.min(),
                "worst_at_least": unit * (eighth.cost.min() / len(printed.figures)) ** (1 / 8),
                "all_figures": both.cost.min(),
            }
        )
    table = pd.DataFrame(rows)
    return pd.concat([table[:1], table[1:].sort_values("sum_of_squares", kind="stable")], ignore_index=True)


def _binary(cities: gpd.GeoDataFrame) -> FloatArray:
    links: FloatArray = align(adjacency(cities, standardise="none"), cities.index).matrix.toarray()
    return links


def _row(links: FloatArray) -> FloatArray:
    sums = links.sum(axis=1, keepdims=True)
    rows: FloatArray = np.divide(links, sums, out=np.zeros_like(links), where=sums > 0)
    return rows


def _sets(cities: gpd.GeoDataFrame, single: bool) -> list[tuple[tuple[tuple[str, str], ...], str]]:
    """Return links to toggle, with the way to standardise; none of them, row-standardised, comes first."""
    doubtful = [c for k in range(len(DOUBTFUL) + 1) for c in combinations(DOUBTFUL, k)]
    sets = [(change, standardise) for standardise in ("row", "none") for change in doubtful]
    if single:
        known = {frozenset(pair) for pair in DOUBTFUL}
        sets += [((pair,), "row") for pair in combinations(cities.index, 2) if frozenset(pair) not in known]
    return sets


def _toggled(links: FloatArray, pairs: list[tuple[Any, Any]]) -> FloatArray:
    changed = links.copy()
    for i, j in pairs:
        changed[i, j] = changed[j, i] = 1 - links[i, j]
    return changed


def _said(change: tuple[tuple[str, str], ...], links: FloatArray, regions: pd.Index) -> str:
    words = []
    for a, b in change:
        there = links[regions.get_loc(a), regions.get_loc(b)] > 0
        words.append(f"{'without' if there else 'with'} {a}-{b}")
    return ", ".join(words) or "none"
