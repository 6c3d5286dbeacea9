"""What a composite index has to tell."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from spatialconv._doors import door
from spatialconv._options import choice, first
from spatialconv.errors import OptionError
from spatialconv.index._prepare import Indicators
from spatialconv.panel import Panel
from spatialconv.results import Provenance, Result, extent, number, plural


@dataclass(frozen=True, eq=False, repr=False)
class CompositeIndex(Result):
    """A score of every region and period, and how it came about.

    Attributes
    ----------
    scores : DataFrame
        One row a period, one column a region.
    weights : DataFrame
        One row an indicator (a period and indicator where periods were not pooled): `group`, `direction`, `entropy`,
        `utility`, `weight`. Entropy and utility are given whatever the weights are taken from.
    contributions : DataFrame
        One row a period and region, one column a group; they add up to the score where that is a sum.
    terms : DataFrame
        The same, one column an indicator: weight times normalised value.
    screening : DataFrame
        Variance inflation at each step: `step`, `indicator`, `vif`, `removed`.
    filled : DataFrame
        Cells that were filled in: `indicator`, `region`, `period`, `how`, `value`, `set_to_zero`.
    constant : float
        K = 1 / ln n of the entropies.
    """

    scores: pd.DataFrame
    weights: pd.DataFrame
    contributions: pd.DataFrame
    terms: pd.DataFrame
    screening: pd.DataFrame
    filled: pd.DataFrame
    constant: float
    indicators: Indicators
    asked: Indicators
    source: Panel
    notes: tuple[str, ...]
    provenance: Provenance

    @property
    def pooled(self) -> bool:
        """Whether all periods share range and weights."""
        return bool(self.weights.index.nlevels == 1)

    @property
    def group_weights(self) -> pd.Series | pd.DataFrame:
        """Weights summed by group; one column a period where periods were not pooled."""
        if self.pooled:
            return self.weights.groupby("group", sort=False)["weight"].sum()
        return self.weights.groupby(["period", "group"], sort=False)["weight"].sum().unstack("period")

    @property
    def heaviest(self) -> str:
        """The indicator with the largest weight (on average over periods)."""
        return str(self.weights.groupby("indicator", sort=False)["weight"].mean().idxmax())

    def ranks(self, period: Hashable | None = None) -> pd.Series:
        """Return the ranks of the regions, 1 the highest, in a period (the last by default); ties share the best."""
        period = self.scores.index[-1] if period is None else period
        if period not in self.scores.index:
            raise OptionError(f"unknown period {period!r}; the index has {first(list(self.scores.index))}.")
        return self.scores.loc[period].rank(ascending=False, method="min").astype(int).sort_values()

    def obstacles(self, by: str = "indicator") -> pd.DataFrame:
        """Return which indicators (or groups) keep each region from the highest score: shares that sum to one.

        The obstacle degree of indicator j is w_j (1 - x'_ij) over the sum of the same over all indicators. NaN where a
        region lacks nothing.

        Parameters
        ----------
        by : {"indicator", "group"}

        Returns
        -------
        DataFrame
            One row a period and region, one column an indicator or group.
        """
        choice("by", by, ("indicator", "group"))
        if self.provenance.options["normalise"] != "minmax":
            raise OptionError("obstacles measure what is lacking to 1; they need an index with normalise='minmax'.")
        weight = self.weights["weight"]
        if self.pooled:
            lacking = weight[self.terms.columns] - self.terms
        else:
            lacking = (
                weight.unstack("indicator")
                .reindex(columns=self.terms.columns)
                .loc[self.terms.index.get_level_values(0)]
                .to_numpy()
                - self.terms
            )
        # What rounding leaves of nothing.
        lacking = lacking.where(lacking > 1e-12, 0.0)
        total = lacking.sum(axis=1)
        shares = lacking.div(total.where(total > 0), axis=0)
        if by == "indicator":
            return shares
        group = dict(zip(self.indicators.names, self.indicators.groups, strict=True))
        return shares.T.groupby(group, sort=False).sum(min_count=1).T

    def panel(self, name: str = "index") -> Panel:
        """Return the panel that it was made from with the score as a further variable.

        Rows that the panel lacked and that were filled in are added; they hold nothing but the score.
        """
        source = self.source
        if not isinstance(name, str) or name in (source.region, source.period):
            raise OptionError(f"name must be that of a new variable; got {name!r}.")
        if name in source.variables:
            raise OptionError(f"the panel has a variable {name!r} already; give the score another name.")
        frame = source.frame
        if any(key not in frame.columns for key in (source.region, source.period)):
            frame = frame.reset_index()
        keys = [source.region, source.period]
        score = self.scores.rename_axis(index=source.period, columns=source.region).stack().rename(name).reset_index()
        rows = frame.merge(score, on=keys, how="outer" if not source.balanced else "left", sort=False)
        # An outer merge sorts by the keys; the panel's own order of regions is kept.
        order = {region: k for k, region in enumerate(source.regions)}
        if not source.balanced:
            rows = rows.sort_values(source.region, key=lambda column: column.map(order), kind="stable")
        return Panel(rows.reset_index(drop=True), region=source.region, period=source.period)

    def without(self, indicators: str | Any) -> CompositeIndex:
        """Return the index computed again with one or several indicators left out, all else alike.

        The screening is not done again: it starts from the indicators that this index kept.
        """
        found: CompositeIndex = door("CompositeIndex.without")(self, indicators)
        return found

    def tidy(self) -> pd.DataFrame:
        """Return the scores in long form: region, period, score, rank within the period, a column a group."""
        table = self.contributions.copy()
        table.insert(0, "score", self.scores.to_numpy().ravel())
        ranks = self.scores.rank(axis=1, ascending=False, method="min").to_numpy().ravel()
        table.insert(1, "rank", ranks.astype(int))
        return table.reset_index()

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, indicators asked, kept and filled, mean score of first and last period."""
        row = {
            "n_regions": self.scores.shape[1],
            "n_periods": len(self.scores),
            "indicators": len(self.indicators.names),
            "asked": len(self.asked.names),
            "filled": len(self.filled),
            "constant": self.constant,
            "heaviest": self.heaviest,
            "mean_first": self.scores.iloc[0].mean(),
            "mean_last": self.scores.iloc[-1].mean(),
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.weights

    def _headline(self) -> list[str]:
        scores, periods = self.scores, self.scores.index
        weight = (
            self.weights.groupby("indicator", sort=False)["weight"].mean().sort_values(ascending=False, kind="stable")
        )
        listed = ", ".join(f"{name} {number(value, 3)}" for name, value in weight.iloc[:4].items())
        more = f", {len(weight) - 4} more" if len(weight) > 4 else ""
        how = self.provenance.options["weighting"]
        mean = scores.mean(axis=1)
        top = ", ".join(str(region) for region in self.ranks().index[:3])
        source = how if isinstance(how, str) else "given"
        over = "pooled" if self.pooled else "mean of the periods"
        return [
            f"Composite index of {plural(len(weight), 'indicator')}: {extent(scores.shape[1], len(periods))} "
            f"({periods[0]} to {periods[-1]})",
            f"  weights ({source}, {over}): {listed}{more}",
            f"  mean score {number(float(mean.iloc[0]))} ({periods[0]}), {number(float(mean.iloc[-1]))} "
            f"({periods[-1]}); largest in {periods[-1]}: {top}",
            f"  K = 1 / ln n = {number(self.constant, 6)}",
        ]
