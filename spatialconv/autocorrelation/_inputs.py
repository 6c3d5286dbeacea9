"""From panel and weights to arrays: what all statistics of this package check and share."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv import weights
from spatialconv._core.space.permutation import smallest_p
from spatialconv._labels.order import label_order
from spatialconv._options import Alternative, first
from spatialconv.errors import DataError, MissingDataError, UnbalancedPanelError, VariableError, WeightsError
from spatialconv.panel import FloatArray, Panel
from spatialconv.results import Provenance, merge_notes, plural

# A spread below this share of the values is what rounding leaves of a constant.
_CONSTANT = 1e-12
FDR_LEVEL = 0.05


@dataclass(frozen=True, eq=False)
class Inputs:
    """A variable of shape (T, N) and its weights, regions in one canonical order.

    The order is that of the sorted labels: random arrangements are dealt in it, so that one seed gives the same
    figures however the rows of the frame are ordered. `regions` is the panel's own order, `places` finds it.
    """

    values: FloatArray
    matrix: Any
    variable: str
    log: bool
    periods: pd.Index
    regions: pd.Index
    places: npt.NDArray[np.intp]
    islands: tuple[Any, ...]
    notes: tuple[str, ...]
    weights: str

    @property
    def order(self) -> pd.Index:
        """The regions in the canonical order, that of `values` and `matrix`."""
        return self.regions[np.argsort(self.places)]

    @property
    def n(self) -> int:
        """Number of regions."""
        return len(self.regions)

    def provenance(self, call: str, seed: int | None, **options: Any) -> Provenance:
        """Return where the figures come from."""
        given = {"variable": self.variable, "log": self.log, **options}
        return Provenance(call, given, self.n, len(self.periods), self.weights, seed)

    def by_period(self, columns: dict[str, FloatArray]) -> pd.DataFrame:
        """Return one row a period."""
        return pd.DataFrame(columns, index=self.periods)

    def by_region(self, columns: dict[str, npt.NDArray[Any]], single: bool) -> pd.DataFrame:
        """Return one row a region, or a (period, region), in the panel's order."""
        flat = {name: cells[:, self.places].ravel() for name, cells in columns.items()}
        if single:
            return pd.DataFrame(flat, index=self.regions)
        return pd.DataFrame(flat, index=pd.MultiIndex.from_product([self.periods, self.regions]))


def gather(
    panel: Panel,
    variable: str,
    w: Any,
    *,
    least: int,
    why: str,
    log: bool = False,
    period: Hashable | Iterable[Hashable] | None = None,
    omittable: bool = False,
) -> Inputs:
    """Check and align what a statistic needs; `least` regions are required because of `why`."""
    if not isinstance(panel, Panel):
        raise DataError(f"a spatialconv.Panel is needed, got {type(panel).__name__}; see help(spatialconv.Panel).")
    if panel.n_regions < least:
        raise DataError(
            f"{plural(panel.n_regions, 'region')} in the panel "
            f"({first(list(panel.regions))}); {why} needs {least} or more."
        )
    periods = chosen_periods(panel, period)
    order = panel.regions[label_order(panel.regions)].rename(None)
    try:
        values = panel.values(variable, regions=order, periods=periods, log=log)
    except (MissingDataError, UnbalancedPanelError) as error:
        # Infinite cells are no gaps; this refuses them.
        panel.values(variable, periods=periods, missing="keep")
        if not omittable:
            raise
        raise type(error)(f"{error} Or take missing='omit': the regions there in each period, and their n.") from None
    refuse_constant(values, variable, periods)
    aligned = weights.align(w, order)
    if aligned.matrix.sum() == 0:
        raise WeightsError(
            f"the weights have no link between the {len(order):,} regions of the panel; give each region neighbours, "
            "for example by weights.knn()."
        )
    return Inputs(
        values=values,
        matrix=aligned.matrix,
        variable=variable,
        log=log,
        periods=periods,
        regions=panel.regions,
        places=order.get_indexer(panel.regions),
        islands=tuple(panel.regions[panel.regions.isin(aligned.islands)]),
        notes=merge_notes(panel.notes, aligned.notes),
        weights=aligned.summary,
    )


def is_single(panel: Panel, period: Any) -> bool:
    """Say whether `period` is one label rather than a choice of several."""
    if period is None:
        return False
    if isinstance(period, str) or not isinstance(period, Iterable):
        return True
    # A tuple may itself be the label of a period.
    return isinstance(period, Hashable) and period in panel.periods


def chosen_periods(panel: Panel, period: Any) -> pd.Index:
    """Return the periods asked for, in the panel's order; all of them where none are named."""
    if period is None:
        return panel.periods
    wanted = [period] if is_single(panel, period) else list(period)
    # The panel's own look-up names the labels that it does not have, and reads text as dates.
    found = [panel.period_of(label) for label in wanted]
    return panel.periods[panel.periods.isin(found)]


def refuse_constant(values: FloatArray, variable: str, periods: pd.Index) -> None:
    """Raise VariableError where a variable does not vary among the regions."""
    flat = np.ptp(values, axis=1) <= _CONSTANT * np.abs(values).max(axis=1)
    if flat.any():
        raise VariableError(
            f"{variable!r} is the same in all {values.shape[1]} regions in period {first(list(periods[flat]))}; "
            "nothing can be said about its spatial pattern there. Leave these periods out by "
            "panel.subset(periods=...)."
        )


def undefined_note(data: Inputs, z: FloatArray, reason: str) -> tuple[str, ...]:
    """Name the cells, islands apart, that have no z."""
    t, i = np.nonzero(np.isnan(z[:, data.places]) & ~data.regions.isin(data.islands))
    cells = [(data.regions[b], data.periods[a]) for a, b in zip(t, i, strict=True)]
    return (f"{reason}, so that z is undefined, in {first(cells)}",) if cells else ()


def floor_note(permutations: int, alternative: Alternative, tested: FloatArray) -> tuple[str, ...]:
    """Say when so few permutations cannot take a lone region past the false-discovery rate.

    `tested`, (T, N), is NaN where there was no test; the period with most tests counts.
    """
    tests = int((~np.isnan(tested)).sum(axis=1).max())
    floor = smallest_p(permutations, alternative)
    if permutations == 0 or tests == 0 or floor * tests <= FDR_LEVEL:
        return ()
    together = int(np.ceil(floor * tests / FDR_LEVEL - 1e-9))
    enough = int(np.ceil(floor * (permutations + 1) * tests / FDR_LEVEL - 1e-9)) - 1
    least = f"at least {together:,} regions have to be there together" if together <= tests else "no region can pass"
    return (
        f"{permutations:,} permutations give no p below {floor:.2g}: for a false-discovery rate of 5 % among {tests:,} "
        f"regions {least}; {enough:,} permutations let a lone region pass",
    )
