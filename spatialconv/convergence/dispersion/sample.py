"""Values, population and groups of a panel as arrays: what every measure of inequality checks and shares."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv._options import first
from spatialconv.errors import DataError, MissingDataError, NotPositiveError, OptionError, VariableError
from spatialconv.panel import FloatArray, Panel

IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Groups:
    """One partition of the regions: its name, the groups' labels, and the code of each region."""

    name: str
    labels: pd.Index
    codes: IntArray

    @property
    def sizes(self) -> IntArray:
        """Number of regions of each group."""
        return np.asarray(np.bincount(self.codes, minlength=len(self.labels)))


def groups_of(panel: Panel, groups: Any) -> Groups:
    """Return the partition that a column, a mapping or a Series describes.

    Raises
    ------
    VariableError
        If a column is absent or its entries change over time.
    OptionError
        If it is neither a name nor a mapping, or groups are named by tuples.
    DataError
        If a region has no group.
    """
    if isinstance(groups, (Mapping, pd.Series)):
        name = str(groups.name) if isinstance(groups, pd.Series) and groups.name is not None else "group"
        found = _looked_up(panel, groups, "groups")
    elif isinstance(groups, str):
        name, found = groups, _constant_column(panel, groups)
    else:
        raise OptionError(
            "groups must be the name of a column of the panel, a mapping from region to group or a Series indexed by "
            f"region; got an object of type {type(groups).__name__}."
        )
    lacking = found.isna().to_numpy()
    if lacking.any():
        raise DataError(
            f"no group is given for regions {first(list(panel.regions[lacking]))}. Give each region a group, or leave "
            "these out by panel.subset(regions=…)."
        )
    several = [label for label in found if isinstance(label, tuple)]
    if several:
        raise OptionError(f"a group is named by one label; got the tuple {several[0]!r}. Join its parts into a text.")
    labels = _ordered(groups if isinstance(groups, pd.Series) else found, found)
    return Groups(name, pd.Index(labels, name=name), np.asarray(pd.Index(labels).get_indexer(pd.Index(found))))


def levels_of(panel: Panel, groups: Any) -> tuple[Groups, ...]:
    """Return nested partitions, coarse to fine; one partition is a chain of one."""
    many = isinstance(groups, (list, tuple)) and not isinstance(groups, str)
    given = list(groups) if many else [groups]
    if not given:
        raise OptionError("groups must name at least one partition of the regions; got an empty list.")
    keys = [one if isinstance(one, str) else id(one) for one in given]
    twice = [
        one if isinstance(one, str) else str(getattr(one, "name", "group"))
        for k, one in enumerate(given)
        if keys[k] in keys[:k]
    ]
    if twice:
        raise OptionError(
            f"groups names {first(twice)} more than once; a level inside itself splits nothing. Name each level once."
        )
    levels = [groups_of(panel, one) for one in given]
    for upper, lower in pairwise(levels):
        parents = pd.Series(upper.codes).groupby(lower.codes).nunique()
        split = [lower.labels[k] for k in parents.index[parents > 1]]
        if split:
            raise DataError(
                f"groups must be nested, coarse to fine, but {lower.name} {first(split)} lies in several groups of "
                f"{upper.name}. Turn the order round, or decompose by one partition at a time."
            )
    names = [level.name for level in levels]
    if len(set(names)) < len(names):
        levels = [
            Groups(f"{g.name}_{k + 1}", g.labels.rename(f"{g.name}_{k + 1}"), g.codes) for k, g in enumerate(levels)
        ]
    return tuple(levels)


def shares_of(panel: Panel, population: Any) -> FloatArray | None:
    """Return population shares, shape (T, N), each period summing to one; None if there is no population.

    Raises
    ------
    NotPositiveError
        If a population is zero or negative.
    MissingDataError
        If a region has none.
    """
    if population is None:
        return None
    if isinstance(population, (Mapping, pd.Series)):
        series = pd.to_numeric(_looked_up(panel, population, "population"), errors="coerce")
        bad = ~np.isfinite(series.to_numpy(dtype=float, na_value=np.nan))
        if bad.any():
            raise MissingDataError(
                f"population is missing or no number for regions {first(list(panel.regions[bad]))}. Give each region "
                "one, or leave these out by panel.subset(regions=…)."
            )
        people = np.broadcast_to(series.to_numpy(dtype=float), (panel.n_periods, panel.n_regions))
    elif isinstance(population, str):
        people = panel.values(population)
    else:
        raise OptionError(
            "population must be the name of a column of the panel, a mapping from region to people or a Series indexed "
            f"by region; got an object of type {type(population).__name__}."
        )
    if (people <= 0).any():
        t, i = np.nonzero(people <= 0)
        cells = [(panel.regions[b], panel.periods[a]) for a, b in zip(t, i, strict=True)]
        raise NotPositiveError(
            f"population must be positive; zero or negative in {first(cells)}. Leave these regions out by "
            "panel.subset(regions=…)."
        )
    return np.asarray(people / people.sum(axis=1, keepdims=True))


def equal_shares(values: FloatArray) -> FloatArray:
    """Return the shares with which regions count alike."""
    return np.full(values.shape, 1.0 / values.shape[-1])


def non_negative(panel: Panel, variable: str, what: str) -> FloatArray:
    """Return the values, shape (T, N), or say where they are negative; two regions or more, a positive total."""
    values = panel.values(variable)
    if panel.n_regions < 2:
        raise DataError(f"{what} needs two regions or more; the panel has one, {first(list(panel.regions))}.")
    refuse_negative(panel, variable, values, what)
    empty = values.sum(axis=1) == 0
    if empty.any():
        periods = first(list(panel.periods[empty]))
        raise DataError(
            f"{what} divides by the mean, and {variable!r} is zero in all regions in {periods}. "
            "Leave these periods out by panel.subset(periods=…)."
        )
    return values


def refuse_negative(panel: Panel, variable: str, values: FloatArray, what: str) -> None:
    """Raise NotPositiveError where values are negative."""
    if (values < 0).any():
        t, i = np.nonzero(values < 0)
        cells = [(panel.regions[b], panel.periods[a]) for a, b in zip(t, i, strict=True)]
        raise NotPositiveError(
            f"{what} of {variable!r} cannot be had of negative values; negative in {first(cells)}. "
            "Choose other measures, for example sd, or leave these regions out by panel.subset()."
        )


def _looked_up(panel: Panel, given: Mapping[Any, Any] | pd.Series, what: str) -> pd.Series:
    if isinstance(given, pd.Series):
        twice = given.index[given.index.duplicated()]
        if len(twice):
            raise DataError(f"{what} has more than one entry for regions {first(list(twice.unique()))}; give one each.")
        found = given.reindex(panel.regions)
    else:
        found = pd.Series([given.get(region) for region in panel.regions], index=panel.regions, dtype=object)
    absent = [region for region in panel.regions if region not in given]
    if absent:
        raise DataError(
            f"{what} has no entry for regions {first(absent)}; it has {first(list(given.keys()))}. Labels must match "
            "exactly, in type too."
        )
    return found


def _constant_column(panel: Panel, name: str) -> pd.Series:
    if name not in panel.variables:
        raise VariableError(
            f"no variable {name!r} in the panel; it has {first(panel.variables, 8)}. Check the spelling, or give "
            "groups as a mapping from region to group."
        )
    frame = panel.frame.reset_index()
    by_region = frame.groupby(panel.region, sort=False, observed=True)[name]
    changes = by_region.nunique(dropna=False) > 1
    if changes.any():
        raise VariableError(
            f"groups must not change over time, but {name!r} does for regions {first(list(changes.index[changes]))}. "
            "Decide on one group a region."
        )
    return by_region.first().reindex(panel.regions)


def _ordered(source: pd.Series, found: pd.Series) -> list[Hashable]:
    present: Iterable[Hashable] = pd.unique(np.asarray(found, dtype=object))
    if isinstance(source.dtype, pd.CategoricalDtype):
        # The order of the categories is the user's own.
        return [label for label in source.cat.categories if label in set(present)]
    # Sorted, so that the order of the rows changes nothing.
    return sorted(present, key=lambda label: (type(label).__name__, label if isinstance(label, str) else 0, label))
