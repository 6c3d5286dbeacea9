"""Statistics of the regions that are there: period by period, with the weights cut to them and standardised again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

import pandas as pd

from spatialconv import weights
from spatialconv._options import first, generator
from spatialconv.autocorrelation._inputs import chosen_periods, is_single
from spatialconv.autocorrelation._results import GlobalAutocorrelation, HotSpots, LocalMoran
from spatialconv.errors import DataError, VariableError, WeightsError
from spatialconv.panel import Panel, as_panel, parts_of, presence_note, who_is_there
from spatialconv.results import merge_notes, one_line

Local = TypeVar("Local", LocalMoran, HotSpots)
CUT = "; weights are cut to them and standardised again"


def global_of_those_there(
    statistic: Callable[..., GlobalAutocorrelation], panel: Panel, variable: str, w: Any, seed: Any, **options: Any
) -> GlobalAutocorrelation:
    """Return a global statistic of the regions that are there in each period, and n beside it."""
    results, failed, used = _results(statistic, panel, variable, w, None, seed, options)
    one: GlobalAutocorrelation = results[0]
    tables = [result.table.assign(n=len(result.regions)) for result in results]
    table = pd.concat(tables).reindex(panel.periods)
    table["n"] = who_is_there(panel, [variable], panel.periods).sum(axis=1)
    table = table[["n", *(name for name in table if name != "n")]]
    return replace(
        one,
        table=table,
        periods=panel.periods,
        regions=panel.regions,
        notes=_notes(panel, variable, panel.periods, results, failed),
        provenance=_provenance(one, panel, w, used, len(panel.periods)),
    )


def local_of_those_there(
    statistic: Callable[..., Local],
    panel: Panel,
    variable: str,
    w: Any,
    period: Hashable | Iterable[Hashable] | None,
    seed: Any,
    **options: Any,
) -> Local:
    """Return a local statistic of the regions that are there in each period; those absent have rows without figures."""
    periods = chosen_periods(as_panel(panel), period)
    results, failed, used = _results(statistic, panel, variable, w, periods, seed, options)
    one: Local = results[0]
    if is_single(panel, period):
        table = one.table.droplevel(0).reindex(panel.regions)
    else:
        every = pd.MultiIndex.from_product([periods, panel.regions], names=one.table.index.names)
        table = pd.concat([result.table for result in results]).reindex(every)
    return replace(
        one,
        table=table,
        periods=periods,
        regions=panel.regions,
        notes=_notes(panel, variable, periods, results, failed),
        provenance=_provenance(one, panel, w, used, len(periods)),
    )


def _results(
    statistic: Callable[..., Any],
    panel: Panel,
    variable: str,
    w: Any,
    periods: pd.Index | None,
    seed: Any,
    options: dict[str, Any],
) -> tuple[list[Any], list[tuple[pd.Index, str]], int | None]:
    """Return the statistic of every part, why parts have none, and the seed; one generator goes through the parts."""
    parts = parts_of(panel, [variable], periods)
    drawn = options["permutations"] > 0
    rng, used = generator(seed) if drawn else (None, None)
    results, failed = [], []
    for part in parts:
        local = {} if periods is None else {"period": list(part.periods)}
        try:
            # A panel in one part has the figures that it has without this detour.
            given = seed if len(parts) == 1 else rng
            results.append(statistic(part.panel, variable, w, seed=given, **local, **options))
        except (DataError, VariableError, WeightsError) as error:
            if len(parts) == 1 or len(part.panel.regions) == panel.n_regions:
                raise
            failed.append((part.periods, one_line(error)))
    if not results:
        raise DataError(f"no period has regions enough: {failed[0][1]}")
    return results, failed, results[0].provenance.seed if len(parts) == 1 else used


def _notes(
    panel: Panel, variable: str, periods: pd.Index, results: list[Any], failed: list[tuple[pd.Index, str]]
) -> tuple[str, ...]:
    absent = presence_note(panel, [variable], periods, CUT)
    lost = [f"no figure in period {first(list(when))}: {why}" for when, why in failed]
    kept = [[note for note in r.notes if not note.startswith("regions cut out of the weights")] for r in results]
    return merge_notes(panel.notes, [absent] if absent else [], lost, *kept)


def _provenance(one: Any, panel: Panel, w: Any, used: int | None, periods: int) -> Any:
    given = {**one.provenance.options, "missing": "omit"}
    summary = weights.align(w, panel.regions).summary
    return replace(
        one.provenance, options=given, n_regions=panel.n_regions, n_periods=periods, weights=summary, seed=used
    )
