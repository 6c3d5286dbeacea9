"""Results of the statistics of spatial autocorrelation."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from spatialconv._options import Alternative, Null, first
from spatialconv.errors import OptionError
from spatialconv.panel.calendar import place_of
from spatialconv.results import Provenance, Result, number, p_value, plural

# Position of a region in the Moran scatter plot: the region first, its neighbours second.
QUADRANTS = {
    "HH": "high among high",
    "LH": "low among high",
    "LL": "low among low",
    "HL": "high among low",
}


def label(variable: str, log: bool) -> str:
    """Return a variable in words."""
    return f"log of {variable}" if log else variable


def span(periods: pd.Index) -> str:
    """Return the periods in words."""
    return str(periods[0]) if len(periods) == 1 else f"{len(periods)} periods ({periods[0]} to {periods[-1]})"


def size(table: pd.DataFrame, regions: int) -> str:
    """Say how many regions there are, in every period or from fewest to most."""
    if "n" not in table or table["n"].min() == regions:
        return plural(regions, "region")
    low, high = int(table["n"].min()), int(table["n"].max())
    return f"{low if low == high else f'{low} to {high}'} of {plural(regions, 'region')}"


def draws(permutations: int) -> str:
    """Return the number of permutations, if any, to stand behind a comma."""
    return f", {permutations:,} permutations" if permutations else ""


@dataclass(frozen=True, eq=False, repr=False)
class GlobalAutocorrelation(Result):
    """Moran's I, Geary's C or General G, one a period.

    Attributes
    ----------
    table : DataFrame
        One row a period: the statistic (column I, C or G), `expected`, `variance`, `z`, `p`, and
        `p_permutation` where permutations were asked for beside an analytic null. A positive z means
        positive autocorrelation, for Geary's C too.
    statistic : "I", "C" or "G"
    variable, log : what was analysed, and whether in logarithms
    periods, regions : Index
    null, alternative, permutations : how p came about
    notes, provenance : see `spatialconv.results`
    """

    statistic: str
    table: pd.DataFrame
    variable: str
    log: bool
    periods: pd.Index
    regions: pd.Index
    null: Null
    alternative: Alternative
    permutations: int
    notes: tuple[str, ...]
    provenance: Provenance

    _names: ClassVar[dict[str, str]] = {"I": "Moran's I", "C": "Geary's C", "G": "General G"}

    def tidy(self) -> pd.DataFrame:
        """Return one row a period: period, term, estimate, expected, std_error, statistic, p_value."""
        t = self.table
        columns = {
            "period": t.index,
            "term": self._names[self.statistic],
            "estimate": t[self.statistic].to_numpy(),
            "expected": t["expected"].to_numpy(),
            "std_error": np.sqrt(t["variance"].to_numpy()),
            "statistic": t["z"].to_numpy(),
            "p_value": t["p"].to_numpy(),
        }
        if "p_permutation" in t:
            columns["p_permutation"] = t["p_permutation"].to_numpy()
        return pd.DataFrame(columns)

    def glance(self) -> pd.DataFrame:
        """Return one row: what was tested, on how many regions and periods, and in how many p <= 0.05."""
        row = {
            "statistic": self._names[self.statistic],
            "variable": self.variable,
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
        values = self.table[self.statistic]
        low, high = values.idxmin(), values.idxmax()
        expected = self.table["expected"].iloc[0]
        if len(values) == 1:
            row = self.table.iloc[0]
            found = f"{number(values.iloc[0])}, expected {number(expected)}, z = {number(row['z'], 3)}, "
            found += p_value(row["p"])
        else:
            found = f"{number(values[low])} ({low}) to {number(values[high])} ({high})"
            # Under permutation the expectation differs from period to period by the luck of the draws.
            found += f", expected {number(expected)}" if np.ptp(self.table["expected"]) < 1e-12 else ""
        return [
            f"{self._names[self.statistic]} of {label(self.variable, self.log)}: "
            f"{size(self.table, len(self.regions))}, "
            f"{span(self.periods)}",
            f"  {self.statistic} {found}",
            f"  p <= 0.05 in {int((self.table['p'] <= 0.05).sum()):,} of {plural(len(values), 'period')} "
            f"(null: {self.null}, {self.alternative}{draws(self.permutations)})",
            f"  weights: {self.provenance.weights}",
        ]

    def _display(self) -> pd.DataFrame:
        return self.table


@dataclass(frozen=True, eq=False, repr=False)
class LocalResult(Result):
    """What the local results share: a table by region, or by period and region."""

    table: pd.DataFrame
    variable: str
    log: bool
    periods: pd.Index
    regions: pd.Index
    permutations: int
    fdr: bool
    notes: tuple[str, ...]
    provenance: Provenance

    _estimate: ClassVar[str]

    def at(self, period: Hashable = None) -> pd.DataFrame:
        """Return the table of one period, indexed by region.

        Parameters
        ----------
        period : label, optional
            May be left out if the result has one period only.
        """
        if period is None and len(self.periods) == 1:
            period = self.periods[0]
        place = place_of(self.periods, period)
        if place < 0:
            raise OptionError(f"no period {period!r} in the result; it has {first(list(self.periods), 8)}.")
        period = self.periods[place]
        return self.table.loc[period] if self.table.index.nlevels == 2 else self.table.copy()

    def tidy(self) -> pd.DataFrame:
        """Return one row a period and region: period, term, estimate, statistic, p_value, q_value."""
        index = pd.MultiIndex.from_product([self.periods, self.regions])
        t = self.table
        return pd.DataFrame(
            {
                "period": index.get_level_values(0),
                "term": index.get_level_values(1),
                "estimate": t[self._estimate].to_numpy(),
                "statistic": t["z"].to_numpy(),
                "p_value": t["p"].to_numpy(),
                "q_value": t["q"].to_numpy(),
            }
        )

    def _of_regions(self, period: Hashable) -> pd.DataFrame:
        return self.at(period)

    def _display(self) -> pd.DataFrame:
        # A county map has thousands of rows; those that say most come first.
        return self.table.sort_values("p", kind="stable")


@dataclass(frozen=True, eq=False, repr=False)
class LocalTest(LocalResult):
    """Local results in which every region is judged by p, or q, at one level."""

    alternative: Alternative
    level: float

    def _count(self, words: str) -> int:
        """Return how many cases stand in a cluster of this name."""
        return int((self.table["cluster"] == words).sum())

    def _tested(self) -> dict[str, Any]:
        """Return what `glance` says of every such test."""
        return {
            "alternative": self.alternative,
            "permutations": self.permutations,
            "n_regions": len(self.regions),
            "n_periods": len(self.periods),
            "level": self.level,
            "fdr": self.fdr,
        }

    def _judged(self, passed: int) -> str:
        return f"  {'q' if self.fdr else 'p'} <= {self.level:g} in {passed} of {len(self.table):,} cases"

    def _closing(self, null: str = "") -> list[str]:
        """Return the lines on the test and the weights, which end every headline."""
        low = int((self.table["q"] <= 0.05).sum())
        return [
            f"  {null}{self.alternative}{draws(self.permutations)}; q <= 0.05 in {low}",
            f"  weights: {self.provenance.weights}",
        ]


@dataclass(frozen=True, eq=False, repr=False)
class LocalMoran(LocalTest):
    """Local Moran's I of every region, with its place in the Moran scatter plot.

    Attributes
    ----------
    table : DataFrame
        One row a region if one period was asked for, else one a (period, region). `value` is what was
        analysed, `deviation` its distance from the period's mean in standard deviations, `lag` the weighted
        sum of the neighbours' deviations; `I` = deviation x lag, with `expected`, `variance`, `z`, `p` and `q`
        (Benjamini-Hochberg within the period). `quadrant` is HH, LH, LL or HL, the region first, its
        neighbours second (see `QUADRANTS`); `cluster` is the quadrant in words where the test passes, else
        "not significant". Islands have neither.
    variable, log, periods, regions, permutations : what was analysed
    null : "conditional" or "total"
    alternative : of the test
    level, fdr : what `cluster` is judged by: p, or q if `fdr`, at most `level`
    notes, provenance : see `spatialconv.results`
    """

    null: str

    _estimate: ClassVar[str] = "I"

    def glance(self) -> pd.DataFrame:
        """Return one row: what was tested, and how many regions stand in each kind of cluster."""
        row = {"statistic": "local Moran's I", "variable": self.variable, "log": self.log, "null": self.null}
        return pd.DataFrame([row | self._tested() | {code: self._count(words) for code, words in kinds()}])

    def _headline(self) -> list[str]:
        passed = {words: self._count(words) for words in QUADRANTS.values()}
        found = ", ".join(f"{count} {words}" for words, count in passed.items() if count)
        return [
            f"Local Moran's I of {label(self.variable, self.log)}: {plural(len(self.regions), 'region')}, "
            f"{span(self.periods)}",
            self._judged(sum(passed.values())) + (f": {found}" if found else ""),
            *self._closing(f"null: {self.null} randomisation, "),
        ]


def kinds() -> list[tuple[str, str]]:
    """Return the codes of the quadrants in small letters, with their words."""
    return [(code.lower(), words) for code, words in QUADRANTS.items()]


@dataclass(frozen=True, eq=False, repr=False)
class HotSpots(LocalResult):
    """Gi or Gi* of every region: natural breaks of z beside classes of confidence.

    Attributes
    ----------
    table : DataFrame
        One row a region if one period was asked for, else one a (period, region). `value` is what was
        analysed; `z`, `p` (two-sided) and `q` (Benjamini-Hochberg within the period); `jenks` the natural
        break of z, 1 (lowest) to `classes`; `confidence` -3 to 3: cold (-) or hot (+) at 90, 95, 99 %, 0 not
        significant, from p or, with `fdr`, from q; `confidence_fdr` always from q. Where there is no
        statistic, the numbers are NaN and the classes <NA>.
    variable, log, periods, regions, permutations, fdr : what was analysed
    star : True for Gi*, False for Gi
    classes : number of natural breaks asked for
    self_weight : weight of the region itself under Gi*
    notes, provenance : see `spatialconv.results`
    """

    star: bool
    classes: int
    self_weight: str | float

    _estimate: ClassVar[str] = "z"

    @property
    def name(self) -> str:
        """The statistic: "Gi*" or "Gi"."""
        return "Gi*" if self.star else "Gi"

    def glance(self) -> pd.DataFrame:
        """Return one row: what was tested, and how many hot and cold spots there are at 95 %."""
        level = self.table["confidence"]
        row = {
            "statistic": self.name,
            "variable": self.variable,
            "log": self.log,
            "permutations": self.permutations,
            "n_regions": len(self.regions),
            "n_periods": len(self.periods),
            "fdr": self.fdr,
            "classes": self.classes,
            "hot_95": int((level >= 2).sum()),
            "cold_95": int((level <= -2).sum()),
            "max_abs_z": float(self.table["z"].abs().max()),
        }
        return pd.DataFrame([row])

    def _headline(self) -> list[str]:
        level, z = self.table["confidence"], self.table["z"]
        counts = [f"{int((level >= k).sum())} hot and {int((level <= -k).sum())} cold at {c} %" for k, c in _LEVELS]
        reach = f"z from {number(z.min(), 2)} to {number(z.max(), 2)}" if z.notna().any() else "z undefined"
        return [
            f"{self.name} of {label(self.variable, self.log)}: {plural(len(self.regions), 'region')}, "
            f"{span(self.periods)}",
            f"  {reach}; " + ", ".join(counts),
            f"  confidence from {'q (false-discovery rate)' if self.fdr else 'p'}, two-sided"
            f"{draws(self.permutations)}; {self.classes} natural breaks of z",
            f"  weights: {self.provenance.weights}",
        ]


_LEVELS = ((1, 90), (2, 95), (3, 99))
