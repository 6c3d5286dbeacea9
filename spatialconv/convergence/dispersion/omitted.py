"""Dispersion among the regions that are there in each period, and tests among those there at both ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._core.dispersion.measures import MEASURES
from spatialconv._core.dynamics.trend import newey_west_lags
from spatialconv._options import Alternative, whole
from spatialconv.convergence.dispersion.sigma_tests import sigma_notes, trend_test, trends
from spatialconv.errors import DataError
from spatialconv.panel import Panel, figures_of_parts, parts_of, presence_note, who_is_there
from spatialconv.results import merge_notes, plural
from spatialconv.summary import time_axis

CHANGES = "; whoever comes or goes changes the dispersion too"


def sigma_of_those_there(
    sigma: Callable[..., Any],
    panel: Panel,
    variable: str,
    *,
    population: Any,
    lags: int | None,
    alternative: Alternative,
    level: float,
    **options: Any,
) -> Any:
    """Return sigma convergence with the regions of each period; see `sigma` for the options."""
    needed = [variable, *([population] if isinstance(population, str) else [])]
    parts = parts_of(panel, needed)
    given = {"population": population, "alternative": alternative, "level": level, **options}
    if len(parts) == 1 and len(parts[0].panel.regions) == panel.n_regions:
        return sigma(panel, variable, lags=lags, **given)
    alone = [part.periods[0] for part in parts if part.panel.n_regions < 2]
    if alone:
        raise DataError(
            f"dispersion needs two regions or more in every period; period {alone[0]} has one. Leave it out by "
            "panel.subset(periods=...)."
        )
    results = [sigma(part.panel, variable, **given) for part in parts]
    table = pd.concat([result.table for result in results]).reindex(panel.periods).dropna(subset=["n"])
    periods = table.index
    leading = results[0].leading
    table = table.assign(n=table["n"].astype(int))
    start = table[leading].iloc[0]
    table[f"{leading}_ratio"] = table[leading] / (start if start > 0 else np.nan)
    both = _at_both_ends(panel, needed, periods)
    time, by_position = time_axis(periods)
    used = newey_west_lags(len(time)) if lags is None else whole("lags", lags)
    measures = [name for name in table if name in MEASURES]
    slopes = trends(table, measures, time, used, alternative, level)
    ends = sigma(both, variable, **given)
    notes = sigma_notes(table, both.values(variable), time, by_position, variable)
    paired = f"tests of first against last period are of the {plural(both.n_regions, 'region')} there in both"
    own = [note for note in ends.notes if note not in panel.notes and "trend over" not in note]
    return replace(
        ends,
        table=table,
        trend=slopes,
        tests=(*ends.tests[:3], trend_test(slopes, leading, alternative)),
        periods=periods,
        regions=panel.regions,
        notes=merge_notes(panel.notes, [presence_note(panel, needed, periods, CHANGES), paired], notes, own),
        provenance=replace(
            ends.provenance,
            options={**ends.provenance.options, "lags": used, "missing": "omit"},
            n_regions=panel.n_regions,
            n_periods=len(periods),
        ),
        by_group=_stacked([result.by_group for result in results]),
        decomposition=_stacked([result.decomposition for result in results]),
        _measure=None,
    )


def decomposed_of_those_there(
    decompose: Callable[..., Any],
    panel: Panel,
    variable: str,
    *,
    tables: tuple[str, ...],
    without: tuple[str, ...] = (),
    population: Any = None,
    more: str = CHANGES,
    **options: Any,
) -> Any:
    """Return a decomposition by period of the regions that are there in each; `tables` are its frames by period.

    `without` are fields that only a complete panel has: histories for the bootstrap.
    """
    needed = [variable, *([population] if isinstance(population, str) else [])]
    parts = parts_of(panel, needed)
    given = {**options, **({} if population is None else {"population": population})}
    if len(parts) == 1 and len(parts[0].panel.regions) == panel.n_regions and len(parts[0].periods) == panel.n_periods:
        return decompose(panel, variable, **given)
    results, lost = figures_of_parts(panel, needed, lambda part: decompose(part.panel, variable, **given))
    one = results[0]
    stacked = {name: _by_period([getattr(result, name) for result in results], panel.periods) for name in tables}
    stacked["table"].insert(0, "n", who_is_there(panel, needed, stacked["table"].index).sum(axis=1))
    periods = stacked["table"].index.rename(panel.period)
    kept = [
        [n for n in result.notes if n not in panel.notes and not n.startswith("regions cut out of the weights")]
        for result in results
    ]
    return replace(
        one,
        **stacked,
        **dict.fromkeys(without),
        periods=periods,
        regions=panel.regions,
        notes=merge_notes(panel.notes, [presence_note(panel, needed, panel.periods, more)], lost, *kept),
        provenance=replace(
            one.provenance,
            options={**one.provenance.options, "missing": "omit"},
            n_regions=panel.n_regions,
            n_periods=len(periods),
        ),
    )


def _by_period(frames: list[pd.DataFrame], periods: pd.Index) -> pd.DataFrame:
    """Return frames whose (first) index is the period one below the other, in the panel's order of periods."""
    found = pd.concat(frames)
    place = periods.get_indexer(found.index.get_level_values(0))
    return found.iloc[np.argsort(place, kind="stable")]


def _at_both_ends(panel: Panel, needed: list[str], periods: pd.Index) -> Panel:
    """Return the first and the last period with the regions that are there in both, as a panel without notes of it."""
    ends = [periods[0], periods[-1]] if len(periods) > 1 else [periods[0]]
    there = who_is_there(panel, needed, ends).all(axis=0)
    if there.sum() < 2:
        raise DataError(
            f"{plural(int(there.sum()), 'region')} of {panel.n_regions:,} is there in both {ends[0]} and {ends[-1]}, "
            "the first and the last period; tests compare the same regions. Choose other periods by panel.subset()."
        )
    return parts_of(panel.subset(regions=panel.regions[there], periods=ends), needed)[0].panel


def _stacked(frames: list[pd.DataFrame | None]) -> pd.DataFrame | None:
    kept = [frame for frame in frames if frame is not None]
    return pd.concat(kept).sort_index(kind="stable") if kept else None
