"""The spatial Gini coefficient: how much of inequality lies between neighbours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from spatialconv import weights
from spatialconv._core.space.pair_differences import all_sum, linked_pairs, linked_sum
from spatialconv._core.space.permutation import permute, smallest_p
from spatialconv._labels.order import label_order
from spatialconv._options import Alternative, choice, count_of, generator
from spatialconv.convergence.dispersion.inequality import percent, ratio
from spatialconv.convergence.dispersion.omitted import decomposed_of_those_there
from spatialconv.convergence.dispersion.sample import non_negative
from spatialconv.errors import WeightsError
from spatialconv.panel import FloatArray, Missing, Panel, as_panel, omits
from spatialconv.results import TIDY, Provenance, Result, extent, merge_notes, number, p_value

_LEVEL = 0.05


@dataclass(frozen=True, eq=False, repr=False)
class SpatialGini(Result):
    """Gini coefficient of every period, split into pairs of neighbours and all other pairs, with a test.

    Attributes
    ----------
    variable : str
    table : DataFrame
        One row a period: `gini`, `neighbour` and `other`, which add up to it, `neighbour_share`,
        `expected_share` (of the neighbours, were values placed at random), `ratio` (mean difference between
        neighbours over that between others; below 1 where like is near like), `z` and `p` of the permutations.
    permutations : int
    alternative : {"two-sided", "greater", "less"}
        Of the part of the neighbours: differs from, is above, or is below that of random places.
    periods, regions : Index
    """

    variable: str
    table: pd.DataFrame
    permutations: int
    alternative: Alternative
    periods: pd.Index
    regions: pd.Index
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row a period: the neighbours' part with its z and p."""
        rows = pd.DataFrame(
            {
                "term": [f"neighbour ({period})" for period in self.periods],
                "estimate": self.table["neighbour"].to_numpy(),
                "statistic": self.table["z"].to_numpy(),
                "p_value": self.table["p"].to_numpy(),
            }
        )
        return rows.reindex(columns=list(TIDY))

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, last period's figures, and in how many periods the test rejects."""
        last = self.table.iloc[-1]
        row = {
            "variable": self.variable,
            "n_regions": len(self.regions),
            "n_periods": len(self.periods),
            "gini_last": last["gini"],
            "neighbour_share_last": last["neighbour_share"],
            "expected_share": last["expected_share"],
            "p_last": last["p"],
            "rejections": int((self.table["p"] <= _LEVEL).sum()),
            "permutations": self.permutations,
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        lines = [
            f"Spatial Gini of {self.variable}: {extent(len(self.regions), len(self.periods))} "
            f"({self.periods[0]} to {self.periods[-1]})"
        ]
        for period in dict.fromkeys((self.periods[0], self.periods[-1])):
            row = self.table.loc[period]
            lines.append(
                f"  {period}: Gini {number(row['gini'])}, of which neighbours {percent(row['neighbour_share'])} "
                f"(expected {percent(row['expected_share'])}), {p_value(row['p'])}"
            )
        if self.permutations:
            lines.append(f"  {self.permutations:,} permutations, {self.alternative}")
        return [*lines, f"  weights: {self.provenance.weights}"]


def spatial_gini(
    panel: Panel,
    variable: str,
    w: Any,
    *,
    permutations: int = 999,
    alternative: Alternative = "two-sided",
    missing: Missing = "raise",
    seed: int | np.random.Generator | None = None,
) -> SpatialGini:
    r"""Split the Gini coefficient into differences between neighbours and between all other pairs of regions.

    Use it to see whether inequality has a spatial pattern: where like is near like, neighbours make up less of it
    than their number among the pairs.

    Parameters
    ----------
    panel : Panel
        Complete for this variable, three regions or more.
    variable : str
        Values of zero or more.
    w : Graph or W
        Who is whose neighbour; every positive weight counts as one link, whatever its size.
    permutations : int
        Random arrangements of the regions' values; 0 for no test. One and the same serves all periods.
    alternative : {"two-sided", "greater", "less"}
        The neighbours' part differs from, is above, or is below what random places give.
    missing : {"raise", "omit"}
        "omit" takes in each period the regions that are there, and the links between them; the table has their number
        n, the notes who is not.
    seed : int or Generator, optional
        Stored in the provenance.

    Returns
    -------
    SpatialGini

    Raises
    ------
    NotPositiveError
        If a value is negative.
    WeightsError
        If there is no link, or every pair is linked, so that nothing is left to compare.
    DataError, OptionError, VariableError, MissingDataError, UnbalancedPanelError, AlignmentError
        As `moran`.

    Notes
    -----
    .. math:: G = \frac{\sum_{ij} b_{ij} |x_i - x_j|}{2 n^2 \bar x}
                + \frac{\sum_{ij} (1 - b_{ij}) |x_i - x_j|}{2 n^2 \bar x}, \qquad b_{ij} = 1[w_{ij} > 0].

    Were values placed at random, the first part would be its share :math:`\sum b / (n (n - 1))` of the pairs, exactly.
    p is (r + 1)/(m + 1) in either tail, two-sided twice the smaller (inequality 1.1.2 folds the tails and calls
    the result p, which rejects in 10 % at 5 %; its normal p has one side). Two links, from i to j and back, count
    twice; one-way links, as of nearest neighbours, once.

    References
    ----------
    Rey, S. J. and Smith, R. J. (2013) A spatial decomposition of the Gini coefficient. Letters in Spatial and
    Resource Sciences 6, 55-70.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> result = sc.spatial_gini(us.panel, "income", sc.weights.adjacency(us.states), permutations=99, seed=1)
    >>> bool((result.table["neighbour_share"] < result.table["expected_share"]).all())
    True
    """
    as_panel(panel)
    choice("alternative", alternative, Alternative)
    permutations = count_of("permutations", permutations)
    if omits(missing):
        rng, used = generator(seed)
        there: SpatialGini = decomposed_of_those_there(
            spatial_gini, panel, variable, tables=("table",), more="; links are those between them",
            w=w, permutations=permutations, alternative=alternative, seed=rng,
        )  # fmt: skip
        summary = weights.align(w, panel.regions).summary
        return replace(
            there, provenance=replace(there.provenance, weights=summary, seed=used if permutations else None)
        )
    # Sorted, so that one seed gives the same figures however the rows of the frame are ordered.
    order = panel.regions[label_order(panel.regions)].rename(None)
    values = non_negative(panel, variable, "the Gini coefficient")[:, panel.regions.get_indexer(order)]
    aligned = weights.align(w, order)
    links = aligned.matrix.tocoo()
    linked = links.data > 0
    rows, columns = (np.asarray(side[linked], dtype=np.intp) for side in links.coords)
    n, count = len(order), int(linked.sum())
    if count in (0, n * (n - 1)):
        what = "no link between" if count == 0 else "a link between all pairs of"
        raise WeightsError(
            f"the weights have {what} the {n:,} regions, so that neighbours cannot be compared with others. Take "
            "contiguity, weights.knn() or weights.distance_band()."
        )
    pairs = linked_pairs(rows, columns)
    whole_sum, near = all_sum(values), linked_sum(values, *pairs)
    level = 2.0 * n**2 * values.mean(axis=1)
    z, p, used = np.full(len(values), np.nan), np.full(len(values), np.nan), None
    if permutations:
        rng, used = generator(seed)
        drawn = permute(lambda x, _: linked_sum(x, *pairs), values, permutations, rng)
        varies = drawn.variance > 0
        spread = np.sqrt(np.where(varies, drawn.variance, np.nan))
        z, p = (near - drawn.expected) / spread, np.where(varies, drawn.p_value(alternative), np.nan)
    return SpatialGini(
        variable=variable,
        table=pd.DataFrame(
            {
                "gini": whole_sum / level,
                "neighbour": near / level,
                "other": (whole_sum - near) / level,
                "neighbour_share": ratio(near / level, whole_sum / level),
                "expected_share": count / (n * (n - 1.0)),
                "ratio": _mean_ratio(near, whole_sum, count, n),
                "z": z,
                "p": p,
            },
            index=panel.periods,
        ),
        permutations=permutations,
        alternative=alternative,
        periods=panel.periods,
        regions=panel.regions,
        notes=merge_notes(panel.notes, aligned.notes, _floor_note(permutations, alternative)),
        provenance=Provenance(
            "spatial_gini",
            {"variable": variable, "permutations": permutations, "alternative": alternative},
            panel.n_regions,
            panel.n_periods,
            aligned.summary,
            used,
        ),
    )


def _mean_ratio(near: FloatArray, whole_sum: FloatArray, count: int, n: int) -> FloatArray:
    far = (whole_sum - near) / (n * (n - 1.0) - count)
    return np.asarray(np.divide(near / count, far, out=np.full(near.shape, np.nan), where=far > 0))


def _floor_note(permutations: int, alternative: Alternative) -> tuple[str, ...]:
    floor = smallest_p(permutations, alternative)
    if permutations == 0 or floor <= _LEVEL:
        return ()
    return (f"{permutations:,} permutations give no p below {floor:.2g}; take 999",)
