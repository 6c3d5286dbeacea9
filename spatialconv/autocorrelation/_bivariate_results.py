"""Results of the statistics of two variables in space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from spatialconv._options import Alternative
from spatialconv.autocorrelation._results import QUADRANTS, LocalTest, draws, kinds, label, size, span
from spatialconv.results import Provenance, Result, number, p_value, plural

Measure = Literal["I", "L"]
NAMES: dict[str, str] = {"I": "Bivariate Moran's I", "L": "Lee's L"}


@dataclass(frozen=True, eq=False, repr=False)
class BivariateAutocorrelation(Result):
    """Bivariate Moran's I or Lee's L, one a period.

    Attributes
    ----------
    table : DataFrame
        One row a period: the statistic (column I or L), `expected`, `variance`, `z`, `p` from the permutations, and
        `r`, the correlation of both variables in the same region. Of I also `in_place` (r times Moran's I of x) and
        `beyond` (the rest); of L `smoothing_x` and `smoothing_y` (L of each variable with itself).
    statistic : "I" or "L"
    x, y : str
        The variables; of I, y is that of the neighbours.
    log : bool
        Whether both were taken in logarithms.
    star : bool
        Whether regions are among their own neighbours (L only).
    periods, regions : Index
    null, alternative, permutations : how p came about
    notes, provenance : see `spatialconv.results`
    """

    statistic: Measure
    table: pd.DataFrame
    x: str
    y: str
    log: bool
    periods: pd.Index
    regions: pd.Index
    null: str
    alternative: Alternative
    permutations: int
    star: bool
    notes: tuple[str, ...]
    provenance: Provenance

    @property
    def name(self) -> str:
        """The statistic: "Bivariate Moran's I", "Lee's L" or "Lee's L*"."""
        return NAMES[self.statistic] + "*" * self.star

    def tidy(self) -> pd.DataFrame:
        """Return one row a period: period, term, estimate, expected, std_error, statistic, p_value."""
        t = self.table
        return pd.DataFrame(
            {
                "period": t.index,
                "term": self.name,
                "estimate": t[self.statistic].to_numpy(),
                "expected": t["expected"].to_numpy(),
                "std_error": np.sqrt(t["variance"].to_numpy()),
                "statistic": t["z"].to_numpy(),
                "p_value": t["p"].to_numpy(),
            }
        )

    def glance(self) -> pd.DataFrame:
        """Return one row: what was tested, on how many regions and periods, and in how many p <= 0.05."""
        row = {
            "statistic": self.name,
            "x": self.x,
            "y": self.y,
            "log": self.log,
            "null": self.null,
            "alternative": self.alternative,
            "permutations": self.permutations,
            "n_regions": len(self.regions),
            "n_periods": len(self.periods),
            "significant_periods": int((self.table["p"] <= 0.05).sum()),
        }
        return pd.DataFrame([row])

    def _headline(self) -> list[str]:
        t, s = self.table, self.statistic
        if len(t) == 1:
            row = t.iloc[0]
            found = f"{number(row[s])}, expected {number(row['expected'])}, z = {number(row['z'], 3)}, "
            found += p_value(row["p"])
        else:
            low, high = t[s].idxmin(), t[s].idxmax()
            found = f"{number(t.loc[low, s])} ({low}) to {number(t.loc[high, s])} ({high})"
        lines = [
            f"{self.name} of {label(self.x, self.log)} and {label(self.y, self.log)}",
            f"  {size(t, len(self.regions))}, {span(self.periods)}",
            f"  {s} {found}",
            f"  p <= 0.05 in {int((t['p'] <= 0.05).sum()):,} of {plural(len(t), 'period')} "
            f"(null: {self.null}, {self.alternative}{draws(self.permutations)})",
        ]
        if s == "I":
            shown = t[s].last_valid_index()
            place, beyond = (number(t.loc[shown, name]) for name in ("in_place", "beyond"))
            lines.append(f"  {shown}: {place} by correlation in place, {beyond} beyond")
        return [*lines, f"  weights: {self.provenance.weights}"]

    def _display(self) -> pd.DataFrame:
        return self.table


@dataclass(frozen=True, eq=False, repr=False)
class LocalBivariate(LocalTest):
    """Local bivariate Moran's I or local Lee's L of every region.

    Attributes
    ----------
    table : DataFrame
        One row a region if one period was asked for, else one a (period, region). `value` is x as analysed. Of I,
        `deviation` is x in standard deviations and `lag` the weighted sum of the neighbours' y; of L, `lag_x` and
        `lag_y` are both sums. Then the statistic (column I or L), `expected`, `variance`, `z`, `p`, `q`
        (Benjamini-Hochberg within the period), `quadrant` (the first letter is of x, the second of y) and `cluster`.
    variable, y : str
        x and y; of I, y is that of the neighbours.
    log, periods, regions, permutations : what was analysed
    statistic : "I" or "L"
    alternative : of the test
    level, fdr : what `cluster` is judged by: p, or q if `fdr`, at most `level`
    star : whether regions are among their own neighbours (L only)
    notes, provenance : see `spatialconv.results`
    """

    statistic: Measure
    y: str
    star: bool

    @property
    def name(self) -> str:
        """The statistic: "Local bivariate Moran's I", "Local Lee's L" or "Local Lee's L*"."""
        words = {"I": "Local bivariate Moran's I", "L": "Local Lee's L"}
        return words[self.statistic] + "*" * self.star

    @property
    def _estimate(self) -> str:  # type: ignore[override]
        return self.statistic

    def glance(self) -> pd.DataFrame:
        """Return one row: what was tested, and how many regions stand in each kind of cluster."""
        row = {"statistic": self.name, "x": self.variable, "y": self.y, "log": self.log}
        return pd.DataFrame([row | self._tested() | {code: self._count(words) for code, words in kinds()}])

    def _headline(self) -> list[str]:
        passed = {words: self._count(words) for words in QUADRANTS.values()}
        found = ", ".join(f"{count} {words}" for words, count in passed.items() if count)
        return [
            f"{self.name} of {label(self.variable, self.log)} and {label(self.y, self.log)}",
            f"  {plural(len(self.regions), 'region')}, {span(self.periods)}",
            self._judged(sum(passed.values())) + (f": {found}" if found else ""),
            *self._closing(),
        ]
