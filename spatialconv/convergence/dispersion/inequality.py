"""Theil's indices within and between nested groups of regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._core.dispersion.decomposition import IntArray, Nested, dagum, theil_nested
from spatialconv._core.resampling.regions import Interval
from spatialconv._options import choice, first
from spatialconv.convergence.dispersion.bootstrap import BootstrapIntervals, bootstrap, counted, with_histories
from spatialconv.convergence.dispersion.omitted import decomposed_of_those_there
from spatialconv.convergence.dispersion.sample import Groups, equal_shares, levels_of, non_negative, shares_of
from spatialconv.panel import FloatArray, Missing, Panel, as_panel, omits
from spatialconv.results import TIDY, Provenance, Result, extent, merge_notes, number

WEIGHTED_NOTE = (
    "weighted by population: each person counts with the mean of the region; equal people everywhere give the "
    "unweighted figures, but for the n - 1 of sd and cv"
)
_LABELS = {"t": "Theil's T", "l": "Theil's L (mean log deviation)"}


@dataclass(frozen=True, eq=False, repr=False)
class TheilDecomposition(Result):
    """Theil's T or L of every period, split into parts between the groups of each level and within the finest.

    Attributes
    ----------
    variable : str
    measure : {"t", "l"}
    table : DataFrame
        One row a period: `total`, `between` (all levels) and, where there are several levels, `between_<level>`,
        `within`, and `<part>_share` of each in the total (NaN where the total is zero).
    by_group : DataFrame
        One row a (period, group) of the finest level: `n`, `population_share`, `value_share`, `inside` (the index
        among the group's own regions), `contribution` to the part within, and its share in the total.
    levels : tuple of str
        Names of the partitions, coarse to fine.
    periods, regions : Index
    """

    variable: str
    measure: str
    table: pd.DataFrame
    by_group: pd.DataFrame
    levels: tuple[str, ...]
    periods: pd.Index
    regions: pd.Index
    notes: tuple[str, ...]
    provenance: Provenance
    _sample: _Shares | None = field(default=None, repr=False)

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the columns of the table that add up to the total."""
        return (*_between_names(self.levels), "within")

    def bootstrap(
        self,
        *,
        draws: int = 1999,
        method: Interval = "bca",
        level: float = 0.95,
        seed: int | np.random.Generator | None = None,
        jobs: int = 1,
        progress: bool = True,
    ) -> BootstrapIntervals:
        """Return bootstrap intervals of the total, its parts and their shares, and of their change over time.

        Regions are drawn as whole histories within their finest groups, so that every group keeps its size. See
        `SigmaConvergence.bootstrap` for the parameters.
        """
        sample = with_histories(self._sample)
        return bootstrap(
            sample,
            sample.names,
            sample.codes[-1],
            what=f"{_LABELS[self.measure]} of {self.variable} by {' and '.join(self.levels)}",
            call="theil.bootstrap",
            periods=self.periods,
            draws=draws,
            method=method,
            level=level,
            seed=seed,
            jobs=jobs,
            progress=progress,
        )

    def tidy(self) -> pd.DataFrame:
        """Return one row a part and period; there are no tests, and intervals come from `bootstrap`."""
        return tidy_parts(self.table, ("total", *self.parts))

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, total and share between the groups in the first and the last period."""
        a, b = self.table.iloc[0], self.table.iloc[-1]
        row = {
            "variable": self.variable,
            "measure": f"theil_{self.measure}",
            "n_regions": len(self.regions),
            "n_periods": len(self.periods),
            "first": self.periods[0],
            "last": self.periods[-1],
            "total_first": a["total"],
            "total_last": b["total"],
            "between_share_first": a["between_share"],
            "between_share_last": b["between_share"],
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        lines = [
            f"{_LABELS[self.measure]} of {self.variable} by {' and '.join(self.levels)}: "
            f"{extent(len(self.regions), len(self.periods))} ({self.periods[0]} to {self.periods[-1]})",
        ]
        for period in dict.fromkeys((self.periods[0], self.periods[-1])):
            row = self.table.loc[period]
            parts = [f"{part.replace('_', ' ')} {percent(row[f'{part}_share'])}" for part in self.parts]
            lines.append(f"  {period}: total {number(row['total'])} = {' + '.join(parts)}")
        return lines


def theil(
    panel: Panel,
    variable: str,
    *,
    groups: Any,
    population: Any = None,
    measure: str = "t",
    missing: Missing = "raise",
) -> TheilDecomposition:
    r"""Split inequality across regions, by Theil's T or L, into parts between and within nested groups.

    Use it to see whether gaps lie between groups (east and west, provinces) or inside them, and which of the two has
    closed. Both indices split exactly, without a remainder.

    Parameters
    ----------
    panel : Panel
        Complete for this variable, two regions or more.
    variable : str
        In levels (per head, if a population is given); T takes zero or more, L positive values only.
    groups : str, mapping or Series; or a list of them
        Column of the panel or the group of each region. A list gives nested partitions from coarse to fine, for
        example ["zone", "province"].
    population : str, mapping or Series, optional
        Column of the panel, or one figure a region; without it, regions count alike.
    measure : {"t", "l"}
        T weights groups by their share of the total, L by their share of the people; L reacts more to the poor.
    missing : {"raise", "omit"}
        "omit" takes in each period the regions that are there; the table has their number n, the notes who is not.

    Returns
    -------
    TheilDecomposition

    Raises
    ------
    NotPositiveError
        If a value is negative, or zero with L, or a population is not positive.
    DataError
        If a region has no group, partitions are not nested, or there is one region only.
    OptionError, VariableError, MissingDataError, UnbalancedPanelError
        If an option or a column is unknown, or a value is missing.

    Notes
    -----
    With shares :math:`P_g` of the people and :math:`Y_g` of the total,

    .. math:: T = \sum_g Y_g \ln \frac{Y_g}{P_g} + \sum_g Y_g T_g, \qquad
              L = \sum_g P_g \ln \frac{P_g}{Y_g} + \sum_g P_g L_g;

    groups inside groups split the second sum again. Which part is large depends on how many groups there are: with
    as many groups as regions all of it lies between them.

    References
    ----------
    Theil, H. (1967) Economics and Information Theory. North-Holland.

    Shorrocks, A. F. (1980) The class of additively decomposable inequality measures. Econometrica 48, 613-625.

    Akita, T. (2003) Decomposing regional income inequality in China and Indonesia using two-stage nested Theil
    decomposition method. Annals of Regional Science 37, 55-77.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> result = sc.theil(zj.panel, "exports", groups=zj.cities["area"])
    >>> result.table[["between_share", "within_share"]].sum(axis=1).round(12).unique().tolist()
    [1.0]
    """
    as_panel(panel)
    choice("measure", measure, ("t", "l"))
    if omits(missing):
        there: TheilDecomposition = decomposed_of_those_there(
            theil, panel, variable, tables=("table", "by_group"), without=("_sample",),
            population=population, groups=groups, measure=measure,
        )  # fmt: skip
        return there
    values = non_negative(panel, variable, _LABELS[measure])
    if measure == "l":
        values = np.exp(panel.values(variable, log=True))
    levels = levels_of(panel, groups)
    shares = shares_of(panel, population)
    sample = _Shares(values, shares, tuple(g.codes for g in levels), measure, tuple(g.name for g in levels))
    found = sample.decompose(equal_shares(values) if shares is None else shares)
    return TheilDecomposition(
        variable=variable,
        measure=measure,
        table=pd.DataFrame(sample.columns(found), index=panel.periods),
        by_group=_by_group(panel, found, levels[-1]),
        levels=sample.levels,
        periods=panel.periods,
        regions=panel.regions,
        notes=merge_notes(
            panel.notes, () if shares is None else (WEIGHTED_NOTE,), single_notes(levels[-1]), one_note(levels[0])
        ),
        provenance=Provenance(
            "theil",
            {"variable": variable, "groups": sample.levels, "population": described(population), "measure": measure},
            panel.n_regions,
            panel.n_periods,
        ),
        _sample=sample,
    )


@dataclass(frozen=True, eq=False)
class _Shares:
    """The sample with its decomposition, as it is or with regions counted more or less often."""

    values: FloatArray
    shares: FloatArray | None
    codes: tuple[IntArray, ...]
    measure: str
    levels: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of what `columns` returns."""
        parts = (*dict.fromkeys((*_between_names(self.levels), "between")), "within")
        return ("total", *parts, *(f"{part}_share" for part in parts))

    def decompose(self, p: FloatArray) -> Nested:
        """Return the parts for these population shares."""
        return theil_nested(self.values, p, self.codes, "t" if self.measure == "t" else "l")

    def columns(self, found: Nested) -> dict[str, FloatArray]:
        """Return total, parts and their shares by name."""
        between = np.sum(found.between, axis=0)
        parts = dict(zip(_between_names(self.levels), found.between, strict=True))
        parts |= {"between": between, "within": found.within}
        named = {"total": found.total, **parts}
        named |= {f"{name}_share": ratio(part, found.total) for name, part in parts.items()}
        return {name: named[name] for name in self.names}

    def __call__(self, counts: FloatArray) -> FloatArray:
        """Return the columns, (B, T, K), with regions counted so often."""
        p = counted(equal_shares(self.values) if self.shares is None else self.shares, counts)
        return np.stack(list(self.columns(self.decompose(p)).values()), axis=-1)


def _between_names(levels: Sequence[str]) -> tuple[str, ...]:
    return ("between",) if len(levels) == 1 else tuple(f"between_{name}" for name in levels)


def _by_group(panel: Panel, found: Nested, groups: Groups) -> pd.DataFrame:
    columns = {
        "n": np.broadcast_to(groups.sizes, found.population.shape),
        "population_share": found.population,
        "value_share": found.value,
        "inside": np.where(groups.sizes > 1, found.inside, np.nan),
        "contribution": found.contributions,
        "contribution_share": ratio(found.contributions, found.total[:, None]),
    }
    index = pd.MultiIndex.from_product([panel.periods, groups.labels])
    return pd.DataFrame({name: np.ravel(cells) for name, cells in columns.items()}, index=index)


def decomposition(panel: Panel, values: FloatArray, shares: FloatArray | None, groups: Groups) -> pd.DataFrame | None:
    """Return the parts of Theil's T and L and of the Gini coefficient by period, as far as the values allow."""
    if (values < 0).any() or (values.sum(axis=1) == 0).any():
        return None
    p = equal_shares(values) if shares is None else shares
    columns: dict[str, FloatArray] = {}
    for index in ("t", "l") if (values > 0).all() else ("t",):
        found = theil_nested(values, p, [groups.codes], "t" if index == "t" else "l")
        columns |= {f"theil_{index}_between": found.between[0], f"theil_{index}_within": found.within}
    sums = dagum(values, p, groups.codes).sums()
    for k, part in enumerate(("within", "between", "transvariation")):
        columns[f"gini_{part}"] = sums[:, k + 1]
    return pd.DataFrame(columns, index=panel.periods)


def single_notes(groups: Groups) -> tuple[str, ...]:
    """Name the groups of one region, which have no inequality of their own."""
    single = groups.labels[groups.sizes == 1]
    return (f"groups of one region have no inequality inside: {first(list(single))}",) if len(single) else ()


def one_note(groups: Groups) -> tuple[str, ...]:
    """Say so where there is one group only."""
    return (f"{groups.name} puts all regions into one group: nothing lies between",) if len(groups.labels) == 1 else ()


def ratio(part: FloatArray, total: FloatArray) -> FloatArray:
    """Return shares; NaN where there is nothing to share out."""
    part, total = np.broadcast_arrays(part, total)
    # What rounding leaves of no inequality has no shares.
    return np.asarray(np.divide(part, total, out=np.full(part.shape, np.nan), where=total > 1e-14))


def percent(share: float) -> str:
    """Format a share for a repr."""
    return "undefined" if np.isnan(share) else f"{100 * share:.1f} %"


def described(given: Any) -> Any:
    """Return what the provenance keeps of a column, a mapping or a Series."""
    return given if given is None or isinstance(given, str) else f"a {type(given).__name__} by region"


def tidy_parts(table: pd.DataFrame, parts: Sequence[str]) -> pd.DataFrame:
    """Return one row a part and period in the columns of all tidy tables."""
    rows = [(f"{part} ({period})", table.at[period, part]) for part in parts for period in table.index]
    return pd.DataFrame(rows, columns=["term", "estimate"]).reindex(columns=list(TIDY))
