"""Dagum's decomposition of the Gini coefficient by groups of regions."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._core.dispersion import decomposition
from spatialconv._core.dispersion.decomposition import IntArray
from spatialconv._core.resampling.regions import Interval
from spatialconv._options import first
from spatialconv.convergence.dispersion.bootstrap import BootstrapIntervals, bootstrap, counted, with_histories
from spatialconv.convergence.dispersion.inequality import (
    WEIGHTED_NOTE,
    described,
    one_note,
    percent,
    ratio,
    single_notes,
    tidy_parts,
)
from spatialconv.convergence.dispersion.omitted import decomposed_of_those_there
from spatialconv.convergence.dispersion.sample import Groups, equal_shares, groups_of, non_negative, shares_of
from spatialconv.errors import OptionError
from spatialconv.panel import FloatArray, Missing, Panel, as_panel, omits
from spatialconv.results import Provenance, Result, merge_notes, number, plural

PARTS = ("within", "between", "transvariation")


@dataclass(frozen=True, eq=False, repr=False)
class DagumGini(Result):
    """Gini coefficient of every period, split into parts within groups, between them (net) and of their overlap.

    Attributes
    ----------
    variable : str
    table : DataFrame
        One row a period: `gini`, `within`, `between` (net), `transvariation`, which add up to it, `gross_between`
        (the sum of the last two) and `<part>_share` of each in the Gini coefficient.
    by_group : DataFrame
        One row a (period, group): `n`, `population_share`, `value_share`, `gini` among the group's own regions
        (NaN for a single one), `contribution` to the part within and its share in the total.
    pairs : DataFrame
        One row a (period, group, other): `gini` between the two, `affluence` (D, relative economic affluence,
        between 0 and 1), `richer` (None where the means are equal), the pair's contributions `between` and
        `transvariation` and their shares in the total.
    groups : Index
    periods, regions : Index
    """

    variable: str
    table: pd.DataFrame
    by_group: pd.DataFrame
    pairs: pd.DataFrame
    groups: pd.Index
    periods: pd.Index
    regions: pd.Index
    notes: tuple[str, ...]
    provenance: Provenance
    _sample: _Parts | None = field(default=None, repr=False)

    def matrix(self, period: Hashable, *, column: str = "gini") -> pd.DataFrame:
        """Return a figure of the pairs in one period as a symmetric matrix, with the groups' own on its diagonal.

        Parameters
        ----------
        period : label
        column : {"gini", "affluence", "between", "transvariation"}
        """
        words = ("gini", "affluence", "between", "transvariation")
        if column not in words:
            raise OptionError(f"column must be one of {', '.join(map(repr, words))}; got {column!r}.")
        if period not in self.periods:
            raise OptionError(f"unknown period {period!r}; the result has {first(list(self.periods))}.")
        found = pd.DataFrame(np.nan, index=self.groups, columns=pd.Index(self.groups, name="other"))
        if column == "gini":
            own = self.by_group["gini"].loc[period].reindex(self.groups)
            for group in self.groups:
                found.loc[group, group] = own[group]
        if len(self.pairs):
            for (a, b), value in self.pairs.loc[period][column].items():
                found.loc[a, b] = found.loc[b, a] = value
        return found

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
        """Return bootstrap intervals of the Gini coefficient, its parts and their shares, and of their change.

        Regions are drawn as whole histories within their groups, so that every group keeps its size. The net part
        cannot be negative, so that an interval of it never holds zero, and near zero the draws lie above it; `bias`
        shows by how much. See `SigmaConvergence.bootstrap` for the parameters.
        """
        sample = with_histories(self._sample)
        return bootstrap(
            sample,
            sample.names,
            sample.codes,
            what=f"the Gini coefficient of {self.variable} by {self.groups.name}",
            call="dagum.bootstrap",
            periods=self.periods,
            draws=draws,
            method=method,
            level=level,
            seed=seed,
            jobs=jobs,
            progress=progress,
            width=len(self.groups),
        )

    def tidy(self) -> pd.DataFrame:
        """Return one row a part and period; there are no tests, and intervals come from `bootstrap`."""
        return tidy_parts(self.table, ("gini", *PARTS))

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, Gini coefficient and shares in the last period."""
        last = self.table.iloc[-1]
        row = {
            "variable": self.variable,
            "n_regions": len(self.regions),
            "n_groups": len(self.groups),
            "n_periods": len(self.periods),
            "first": self.periods[0],
            "last": self.periods[-1],
            "gini_first": self.table["gini"].iloc[0],
            "gini_last": last["gini"],
            **{f"{part}_share_last": last[f"{part}_share"] for part in PARTS},
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        lines = [
            f"Dagum's Gini decomposition of {self.variable} by {self.groups.name}: "
            f"{plural(len(self.regions), 'region')} in {plural(len(self.groups), 'group')} x "
            f"{plural(len(self.periods), 'period')} ({self.periods[0]} to {self.periods[-1]})"
        ]
        for period in dict.fromkeys((self.periods[0], self.periods[-1])):
            row = self.table.loc[period]
            parts = " + ".join(f"{part} {percent(row[f'{part}_share'])}" for part in PARTS)
            lines.append(f"  {period}: Gini {number(row['gini'])} = {parts}")
        if len(self.pairs):
            last = self.pairs.loc[self.periods[-1]]
            widest = last["gini"].fillna(-1).idxmax()
            d = last.loc[widest, "affluence"]
            lines.append(
                f"  widest gap in {self.periods[-1]}: {widest[0]} and {widest[1]}, Gini "
                f"{number(last.loc[widest, 'gini'])}, relative affluence {number(d)}"
            )
        return lines


def dagum(panel: Panel, variable: str, *, groups: Any, population: Any = None, missing: Missing = "raise") -> DagumGini:
    r"""Split the Gini coefficient by groups of regions after Dagum: within, between, and the overlap of groups.

    Use it to see which groups and which pairs of groups make up inequality, and how much of it remains because
    groups overlap (transvariation: members of a poorer group that have more than members of a richer one).

    Parameters
    ----------
    panel : Panel
        Complete for this variable, two regions or more.
    variable : str
        Values of zero or more (per head, if a population is given).
    groups : str, mapping or Series
        Column of the panel, or the group of each region.
    population : str, mapping or Series, optional
        Column of the panel, or one figure a region; without it, regions count alike, as in Dagum (1997).
    missing : {"raise", "omit"}
        "omit" takes in each period the regions that are there; the table has their number n, the notes who is not.

    Returns
    -------
    DagumGini

    Raises
    ------
    NotPositiveError
        If a value is negative, or a population is not positive.
    DataError
        If a region has no group, or there is one region only, or a period has zeros only.
    OptionError, VariableError, MissingDataError, UnbalancedPanelError
        If an option or a column is unknown, or a value is missing.

    Notes
    -----
    With shares :math:`p_j` of the regions (or people) and :math:`s_j` of the total, means :math:`\mu_j` and mean
    differences :math:`\Delta_{jh}`,

    .. math:: G_{jh} = \frac{\Delta_{jh}}{\mu_j + \mu_h}, \qquad
              D_{jh} = \frac{d_{jh} - p_{jh}}{d_{jh} + p_{jh}}, \qquad d_{jh} + p_{jh} = \Delta_{jh},

    .. math:: G = \sum_j G_{jj} p_j s_j + \sum_{j>h} G_{jh} (p_j s_h + p_h s_j) D_{jh}
                  + \sum_{j>h} G_{jh} (p_j s_h + p_h s_j) (1 - D_{jh}),

    where d is the mean excess of members of the richer group over poorer ones of the other, p that of the reverse.
    The three parts add up exactly. Ties and groups of one region are no special case. Cost: one sort a period.

    References
    ----------
    Dagum, C. (1997) A new approach to the decomposition of the Gini income inequality ratio. Empirical Economics
    22, 515-531.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> result = sc.dagum(zj.panel, "exports", groups=zj.cities["area"])
    >>> parts = result.table[["within", "between", "transvariation"]].sum(axis=1)
    >>> bool(abs(parts - result.table["gini"]).max() < 1e-12)
    True
    """
    as_panel(panel)
    if omits(missing):
        there: DagumGini = decomposed_of_those_there(
            dagum, panel, variable, tables=("table", "by_group", "pairs"), without=("_sample",),
            population=population, groups=groups,
        )  # fmt: skip
        return replace(there, groups=groups_of(panel, groups).labels)
    values = non_negative(panel, variable, "the Gini coefficient")
    partition = groups_of(panel, groups)
    shares = shares_of(panel, population)
    sample = _Parts(values, shares, partition.codes)
    found = decomposition.dagum(values, equal_shares(values) if shares is None else shares, partition.codes)
    return DagumGini(
        variable=variable,
        table=pd.DataFrame(sample.columns(found), index=panel.periods),
        by_group=_by_group(panel, found, partition),
        pairs=_pairs(panel, found, partition),
        groups=partition.labels,
        periods=panel.periods,
        regions=panel.regions,
        notes=merge_notes(
            panel.notes, () if shares is None else (WEIGHTED_NOTE,), single_notes(partition), one_note(partition)
        ),
        provenance=Provenance(
            "dagum",
            {"variable": variable, "groups": described(groups), "population": described(population)},
            panel.n_regions,
            panel.n_periods,
        ),
        _sample=sample,
    )


@dataclass(frozen=True, eq=False)
class _Parts:
    """The sample with its decomposition, as it is or with regions counted more or less often."""

    values: FloatArray
    shares: FloatArray | None
    codes: IntArray

    @property
    def names(self) -> tuple[str, ...]:
        """Names of what `columns` returns."""
        parts = (*PARTS, "gross_between")
        return ("gini", *parts, *(f"{part}_share" for part in parts))

    def columns(self, found: decomposition.Dagum) -> dict[str, FloatArray]:
        """Return total, parts and their shares by name."""
        sums = found.sums()
        parts = {name: sums[..., k + 1] for k, name in enumerate(PARTS)}
        parts["gross_between"] = parts["between"] + parts["transvariation"]
        return {
            "gini": found.total,
            **parts,
            **{f"{name}_share": ratio(part, found.total) for name, part in parts.items()},
        }

    def __call__(self, counts: FloatArray) -> FloatArray:
        """Return the columns, (B, T, K), with regions counted so often."""
        p = counted(equal_shares(self.values) if self.shares is None else self.shares, counts)
        found = decomposition.dagum(self.values, p, self.codes)
        return np.stack(list(self.columns(found).values()), axis=-1)


def _by_group(panel: Panel, found: decomposition.Dagum, groups: Groups) -> pd.DataFrame:
    own = np.diagonal(found.gini, axis1=-2, axis2=-1)
    columns = {
        "n": np.broadcast_to(groups.sizes, own.shape),
        "population_share": found.population,
        "value_share": found.value,
        "gini": np.where(groups.sizes > 1, own, np.nan),
        "contribution": found.within,
        "contribution_share": ratio(found.within, found.total[:, None]),
    }
    index = pd.MultiIndex.from_product([panel.periods, groups.labels])
    return pd.DataFrame({name: np.ravel(cells) for name, cells in columns.items()}, index=index)


def _pairs(panel: Panel, found: decomposition.Dagum, groups: Groups) -> pd.DataFrame:
    j, h = np.triu_indices(len(groups.labels), 1)
    d = found.affluence[:, j, h]
    labels = np.array([*groups.labels, None], dtype=object)
    richer = labels[np.where(d == 0, len(groups.labels), np.where(d > 0, j, h))]
    total = found.total[:, None]
    between, trans = found.between[:, j, h], found.transvariation[:, j, h]
    columns = {
        "gini": found.gini[:, j, h],
        "affluence": np.abs(d),
        "richer": richer,
        "between": between,
        "transvariation": trans,
        "between_share": ratio(between, total),
        "transvariation_share": ratio(trans, total),
    }
    index = pd.MultiIndex.from_arrays(
        [
            np.repeat(np.asarray(panel.periods), len(j)),
            np.tile(labels[j], panel.n_periods),
            np.tile(labels[h], panel.n_periods),
        ],
        names=[panel.period, groups.name, "other"],
    )
    return pd.DataFrame({name: np.ravel(cells) for name, cells in columns.items()}, index=index)
