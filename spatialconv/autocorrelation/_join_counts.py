"""Join counts: do regions that have something lie together, or apart?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._core.space import association
from spatialconv._core.space.join_counts import pair_counts, pair_moments
from spatialconv._core.space.permutation import permute_places
from spatialconv._options import Alternative, choice, count_of, first, generator
from spatialconv.autocorrelation._inputs import gather
from spatialconv.autocorrelation._omitted import global_of_those_there
from spatialconv.autocorrelation._results import draws, size, span
from spatialconv.errors import VariableError
from spatialconv.panel import Missing, Panel, omits
from spatialconv.results import Provenance, Result, merge_notes, number, p_value

KINDS = ("1-1", "0-0", "0-1")


@dataclass(frozen=True, eq=False, repr=False)
class JoinCountTest(Result):
    """Joins between ones, between zeros, and between ones and zeros, by period.

    Attributes
    ----------
    table : DataFrame
        One row a (period, kind), kind being "1-1", "0-0" or "0-1": `joins`, `expected`, `variance`, `z` (exact moments
        over all arrangements of the ones), `p` from the permutations and `p_normal` from z.
    ones : Series
        Number of ones by period.
    variable : str
    periods, regions : Index
    alternative, permutations : how p came about
    notes, provenance : see `spatialconv.results`
    """

    table: pd.DataFrame
    ones: pd.Series
    variable: str
    periods: pd.Index
    regions: pd.Index
    alternative: Alternative
    permutations: int
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row a period and kind: period, term, estimate, expected, std_error, statistic, p_value."""
        t = self.table
        return pd.DataFrame(
            {
                "period": t.index.get_level_values(0),
                "term": t.index.get_level_values(1),
                "estimate": t["joins"].to_numpy(),
                "expected": t["expected"].to_numpy(),
                "std_error": np.sqrt(t["variance"].to_numpy()),
                "statistic": t["z"].to_numpy(),
                "p_value": t["p"].to_numpy(),
            }
        )

    def glance(self) -> pd.DataFrame:
        """Return one row: what was tested, and in how many periods each kind has p <= 0.05."""
        row = {
            "statistic": "join counts",
            "variable": self.variable,
            "alternative": self.alternative,
            "permutations": self.permutations,
            "n_regions": len(self.regions),
            "n_periods": len(self.periods),
        }
        low = (self.table["p"] <= 0.05).groupby(level=1).sum()
        return pd.DataFrame([row | {f"significant_{kind.replace('-', '_')}": int(low[kind]) for kind in KINDS}])

    def _headline(self) -> list[str]:
        shown = self.ones.last_valid_index()
        last = self.table.loc[shown]
        lines = [
            f"Join counts of {self.variable}: {size(self.table, len(self.regions))}, {span(self.periods)}",
            f"  {shown}, {int(self.ones[shown])} ones:",
        ]
        for kind in KINDS:
            row = last.loc[kind]
            lines.append(
                f"  {kind}: {number(row['joins'], 2)} joins, expected {number(row['expected'], 2)}, "
                f"z = {number(row['z'], 3)}, {p_value(row['p'])}"
            )
        return [*lines, f"  {self.alternative}{draws(self.permutations)}", f"  weights: {self.provenance.weights}"]

    def _display(self) -> pd.DataFrame:
        return self.table


def join_counts(
    panel: Panel,
    variable: str,
    w: Any,
    *,
    permutations: int = 999,
    alternative: Alternative = "two-sided",
    seed: int | np.random.Generator | None = None,
    missing: Missing = "raise",
) -> JoinCountTest:
    r"""Test, in every period, whether regions that have something (1) lie together, or apart (join counts).

    For what a region has or has not: a special zone, membership of a club, being a hot spot.

    Parameters
    ----------
    panel : Panel
    variable : str
        A column of zeros and ones (or False and True), complete in every period.
    w : Graph or W
        Weights of libpysal, labelled by region; not modified. With weights of one for each neighbour
        (`standardise="none"`) the counts are numbers of borders, else sums of weights.
    permutations : int
        Random arrangements of the ones, from which p comes; 0 for the normal p alone, which is poor where ones are few.
    alternative : {"two-sided", "greater", "less"}
        "greater": more such joins than by chance. Regions that lie together have more joins 1-1, and fewer 0-1.
    seed : int or Generator, optional
        Of the permutations; stored in the provenance, also if drawn anew.
    missing : {"raise", "omit"}
        "omit" takes in every period the regions that have a value, with the weights cut to them and standardised again;
        `n` in the table.

    Returns
    -------
    JoinCountTest
        `.table` has one row a period and kind: joins, expected, variance, z, p, p_normal.

    Raises
    ------
    VariableError
        If the variable holds anything but zeros and ones, or no one or no zero in a period.
    DataError, MissingDataError, UnbalancedPanelError, AlignmentError, WeightsError, OptionError
        As `moran`.

    Notes
    -----
    .. math:: J_{11} = \tfrac12 \sum_{ij} w_{ij} x_i x_j, \quad J_{00} = \tfrac12 \sum_{ij} w_{ij} (1 - x_i)(1 - x_j),
              \quad J_{01} = \tfrac12 \sum_{ij} w_{ij} (x_i - x_j)^2

    The moments hold the number of ones (sampling without replacement).

    References
    ----------
    Cliff, A. D. and Ord, J. K. (1981) Spatial Processes: Models and Applications. London: Pion.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> rich = us.panel.assign(rich=lambda f: f["income"] > f.groupby("year")["income"].transform("median"))
    >>> w = sc.weights.adjacency(us.states, standardise="none")
    >>> found = sc.join_counts(rich, "rich", w, seed=1)
    >>> found.table.loc[1929].loc["0-1", ["joins", "expected", "z"]].round(2).to_dict()
    {'joins': 33.0, 'expected': 54.64, 'z': -4.36}
    """
    choice("alternative", alternative, Alternative)
    permutations = count_of("permutations", permutations)
    if omits(missing):
        return global_of_those_there(
            join_counts, panel, (variable,), w, seed, permutations=permutations, alternative=alternative
        )
    data = gather(panel, variable, w, omittable=True, least=3, why="a join count")
    odd = ~np.isin(data.values, (0.0, 1.0))
    if odd.any():
        t, i = np.nonzero(odd[:, data.places])
        cells = [(data.regions[b], data.periods[a]) for a, b in zip(t, i, strict=True)]
        raise VariableError(
            f"join counts need zeros and ones; {variable!r} is something else in {first(cells)}. Make it one by a "
            "comparison, for example panel.assign(high=lambda f: f['y'] > f['y'].median()), or use moran()."
        )
    s = association.weight_sums(data.matrix)
    found = pair_moments(data.values, data.matrix, s.s0, s.s1, s.s2)
    z = association.score(found.observed, found.expected, found.variance)
    normal = association.normal_p(z, alternative)
    p, used = normal, None
    if permutations:
        rng, used = generator(seed)
        drawn = permute_places(
            lambda order, t: pair_counts(data.values[t][order], data.matrix), len(z), data.n, permutations, rng
        )
        p = np.where(np.isnan(z), np.nan, drawn.p_value(alternative))
    columns = {
        "joins": found.observed,
        "expected": found.expected,
        "variance": found.variance,
        "z": z,
        "p": p,
        "p_normal": normal,
    }
    index = pd.MultiIndex.from_product([data.periods, KINDS], names=[data.periods.name, "joins_between"])
    ones = pd.Series(data.values.sum(axis=1).astype(int), index=data.periods, name="ones")
    return JoinCountTest(
        table=pd.DataFrame({name: cells.ravel() for name, cells in columns.items()}, index=index),
        ones=ones,
        variable=variable,
        periods=data.periods,
        regions=data.regions,
        alternative=alternative,
        permutations=permutations,
        notes=merge_notes(
            data.notes,
            ("islands have no joins; their ones and zeros take part in the arrangements",) if data.islands else (),
        ),
        provenance=data.provenance("join_counts", used, permutations=permutations, alternative=alternative),
    )
