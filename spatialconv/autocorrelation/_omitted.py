"""Statistics of the regions that are there: period by period, with the weights cut to them and standardised again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

import pandas as pd

from spatialconv import weights
from spatialconv._options import generator
from spatialconv.autocorrelation._inputs import chosen_periods, is_single
from spatialconv.panel import Panel, Part, as_panel, figures_of_parts, parts_of, presence_note, who_is_there
from spatialconv.results import Result, merge_notes

Kind = TypeVar("Kind", bound=Result)
CUT = "; weights are cut to them and standardised again"


def global_of_those_there(
    statistic: Callable[..., Kind], panel: Panel, variables: tuple[str, ...], w: Any, seed: Any, **options: Any
) -> Kind:
    """Return a global statistic of the regions that are there in each period, and n beside it.

    Its `table` has a row a period, or several, the period first; frames and Series of the same index go with it.
    """
    results, lost, used = figures_of_those_there(statistic, panel, variables, w, None, seed, options)
    one: Any = results[0]
    n = who_is_there(panel, variables, panel.periods).sum(axis=1)
    table = by_period([result.table for result in results], panel.periods)
    of = pd.Series(n, index=panel.periods)
    table.insert(0, "n", of[table.index.get_level_values(0)].to_numpy())
    more = {} if not hasattr(one, "ones") else {"ones": pd.concat([r.ones for r in results]).reindex(panel.periods)}
    found: Kind = replace(
        one,
        table=table,
        **more,
        periods=panel.periods,
        regions=panel.regions,
        notes=_notes(panel, variables, panel.periods, results, lost),
        provenance=_provenance(one, panel, w, used, len(panel.periods)),
    )
    return found


def local_of_those_there(
    statistic: Callable[..., Kind],
    panel: Panel,
    variables: tuple[str, ...],
    w: Any,
    period: Hashable | Iterable[Hashable] | None,
    seed: Any,
    **options: Any,
) -> Kind:
    """Return a local statistic of the regions that are there in each period; those absent have rows without figures."""
    periods = chosen_periods(as_panel(panel), period)
    results, lost, used = figures_of_those_there(statistic, panel, variables, w, periods, seed, options)
    one: Any = results[0]
    if is_single(panel, period):
        table = one.table.droplevel(0).reindex(panel.regions)
    else:
        every = pd.MultiIndex.from_product([periods, panel.regions], names=one.table.index.names)
        table = pd.concat([result.table for result in results]).reindex(every)
    found: Kind = replace(
        one,
        table=table,
        periods=periods,
        regions=panel.regions,
        notes=_notes(panel, variables, periods, results, lost),
        provenance=_provenance(one, panel, w, used, len(periods)),
    )
    return found


def by_period(tables: list[pd.DataFrame], periods: pd.Index) -> pd.DataFrame:
    """Return tables of periods one below the other in the panel's order; periods without figures have NaN."""
    found = pd.concat(tables)
    if not isinstance(found.index, pd.MultiIndex):
        return found.reindex(periods)
    kinds = found.index.get_level_values(1).unique()
    return found.reindex(pd.MultiIndex.from_product([periods, kinds], names=found.index.names))


def figures_of_those_there(
    statistic: Callable[..., Any],
    panel: Panel,
    variables: tuple[str, ...],
    w: Any,
    periods: pd.Index | None,
    seed: Any,
    options: dict[str, Any],
) -> tuple[list[Any], list[str], int | None]:
    """Return the statistic of every part, what to say of parts without, and the seed; one generator goes through."""
    alone = len(parts_of(panel, variables, periods)) == 1
    rng, used = generator(seed) if options["permutations"] > 0 else (None, None)
    # A panel in one part has the figures that it has without this detour.
    given = seed if alone else rng

    def figure(part: Part) -> Any:
        local = {} if periods is None else {"period": list(part.periods)}
        return statistic(part.panel, *variables, w, seed=given, **local, **options)

    results, lost = figures_of_parts(panel, variables, figure, periods)
    return results, lost, results[0].provenance.seed if alone else used


def _notes(
    panel: Panel, variables: tuple[str, ...], periods: pd.Index, results: list[Any], lost: list[str]
) -> tuple[str, ...]:
    absent = presence_note(panel, variables, periods, CUT)
    kept = [[note for note in r.notes if not note.startswith("regions cut out of the weights")] for r in results]
    return merge_notes(panel.notes, [absent] if absent else [], lost, *kept)


def _provenance(one: Any, panel: Panel, w: Any, used: int | None, periods: int) -> Any:
    given = {**one.provenance.options, "missing": "omit"}
    summary = weights.align(w, panel.regions).summary
    return replace(
        one.provenance, options=given, n_regions=panel.n_regions, n_periods=periods, weights=summary, seed=used
    )
