"""Mobility of ranks: do regions change places, and do neighbours change places with one another?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse, stats

from spatialconv import weights
from spatialconv._core.dynamics.rank_tau import other_tau, pair_tau
from spatialconv._core.space.permutation import permute
from spatialconv._labels.order import label_order
from spatialconv._options import Alternative, choice, count_of, generator, whole
from spatialconv.dynamics._classes import IntArray, default_step, steps
from spatialconv.dynamics._scale import scaled
from spatialconv.errors import WeightsError
from spatialconv.panel import FloatArray, Panel
from spatialconv.results import TIDY, Provenance, Result, extent, merge_notes, number, p_value


@dataclass(frozen=True, eq=False, repr=False)
class RankMobility(Result):
    """Kendall's tau between the ranks at the start and the end of spans, of all pairs and of neighbours.

    Attributes
    ----------
    variable : str
    table : DataFrame
        One row a span (from, to), the last from the first period to the last: `tau` of all pairs, 1 where no two
        regions change places, and its `p` (null: no association). With weights also `tau_neighbours`, `tau_others`,
        `expected` and `z` of the former under random places, and `p_neighbours`.
    permutations : int
    periods, regions : Index
    """

    variable: str
    table: pd.DataFrame
    permutations: int
    periods: pd.Index
    regions: pd.Index
    notes: tuple[str, ...]
    provenance: Provenance

    @property
    def spatial(self) -> bool:
        """Whether neighbours were told apart."""
        return "tau_neighbours" in self.table

    def tidy(self) -> pd.DataFrame:
        """Return one row a span: tau with its p; then, with weights, that of the neighbours."""
        names = [f"{a} to {b}" for a, b in self.table.index]
        parts = [("tau", "p", None)] + ([("tau_neighbours", "p_neighbours", "z")] if self.spatial else [])
        rows = [
            pd.DataFrame(
                {
                    "term": [f"{column} ({name})" for name in names],
                    "estimate": self.table[column].to_numpy(),
                    "statistic": np.nan if z is None else self.table[z].to_numpy(),
                    "p_value": self.table[p].to_numpy(),
                }
            )
            for column, p, z in parts
        ]
        return pd.concat(rows, ignore_index=True).reindex(columns=list(TIDY))

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, mean tau of the steps and tau of the whole time."""
        row = {
            "variable": self.variable,
            "n_regions": len(self.regions),
            "n_periods": len(self.periods),
            "tau_steps": self.table["tau"].iloc[: max(1, len(self.table) - 1)].mean(),
            "tau_whole": self.table["tau"].iloc[-1],
            "p_neighbours_whole": self.table["p_neighbours"].iloc[-1] if self.spatial else np.nan,
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        whole_time = self.table.iloc[-1]
        short = self.table["tau"].iloc[: max(1, len(self.table) - 1)]
        lines = [
            f"Rank mobility of {self.variable}: {extent(len(self.regions), len(self.periods))} "
            f"({self.periods[0]} to {self.periods[-1]})",
            f"  Kendall's tau, {self.periods[0]} to {self.periods[-1]}: {number(whole_time['tau'])}; steps: "
            f"{number(short.min())} to {number(short.max())}, mean {number(short.mean())}",
        ]
        if self.spatial:
            said = f", {p_value(whole_time['p_neighbours'])}" if self.permutations else ""
            lines.append(
                f"  neighbours {number(whole_time['tau_neighbours'])}, others {number(whole_time['tau_others'])}{said}"
            )
            lines.append(f"  weights: {self.provenance.weights}")
        return lines


def mobility(
    panel: Panel,
    variable: str,
    w: Any = None,
    *,
    step: int | None = None,
    permutations: int = 999,
    alternative: Alternative = "two-sided",
    seed: int | np.random.Generator | None = None,
) -> RankMobility:
    r"""Measure how far regions keep their ranks over time, and whether neighbours do so more or less than others.

    Use it beside sigma convergence: gaps may close while everybody keeps his place, or stay while places change.

    Parameters
    ----------
    panel : Panel
        Complete for this variable, three regions or more, two periods or more.
    variable : str
    w : Graph or W, optional
        Pairs that are linked, in whichever direction and with whatever weight, are neighbours.
    step : int, optional
        Length of the spans in the unit of the periods; the shortest distance between two by default.
    permutations : int
        Random places of the regions, each with its two ranks, for the p of the neighbours; 0 for none.
    alternative : {"two-sided", "greater", "less"}
        Tau of the neighbours differs from, is above, or is below that of random pairs.
    seed : int or Generator, optional
        Stored in the provenance.

    Returns
    -------
    RankMobility

    Raises
    ------
    WeightsError
        If no two regions are linked, or all are.
    DataError, OptionError, VariableError, MissingDataError, UnbalancedPanelError, AlignmentError
        As `markov`.

    Notes
    -----
    .. math:: \tau = \frac{C - D}{\sqrt{n_x n_y}}

    with C and D the concordant and discordant pairs and n the pairs that are not tied; among neighbours the same sums
    run over linked pairs (Rey 2004). giddy's permutation p folds its tails and sets the caller's weights to binary;
    neither is so here.

    References
    ----------
    Rey, S. J. (2004) Spatial dependence in the evolution of regional income distributions, in A. Getis, J. Mur and
    H. G. Zoller (eds) Spatial Econometrics and Spatial Statistics. Palgrave.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> round(float(sc.mobility(us.panel, "income").table["tau"].iloc[-1]), 2)
    0.52
    """
    choice("alternative", alternative, Alternative)
    permutations = count_of("permutations", permutations)
    values = scaled(panel, variable, "level", least=3, what="rank mobility")
    step = default_step(panel) if step is None else whole("step", step, least=1)
    start, end, notes = steps(panel, step)
    if (start[0], end[-1]) != (0, panel.n_periods - 1) or len(start) > 1:
        start, end = np.append(start, 0), np.append(end, panel.n_periods - 1)
    x, y = values[start], values[end]
    pairs = [stats.kendalltau(a, b) for a, b in zip(x, y, strict=True)]
    columns: dict[str, FloatArray] = {
        "tau": np.array([pair.statistic for pair in pairs]),
        "p": np.array([pair.pvalue for pair in pairs]),
    }
    used, summary = None, None
    if w is not None:
        # Sorted, so that one seed gives the same figures however the rows of the frame are ordered.
        order = panel.regions[label_order(panel.regions)].rename(None)
        aligned = weights.align(w, order)
        notes, summary = merge_notes(notes, aligned.notes), aligned.summary
        places = panel.regions.get_indexer(order)
        used = _neighbours(columns, x[:, places], y[:, places], aligned.matrix, permutations, alternative, seed)
    index = pd.MultiIndex.from_arrays([panel.periods[start], panel.periods[end]], names=["from", "to"])
    return RankMobility(
        variable=variable,
        table=pd.DataFrame(columns, index=index),
        permutations=permutations if w is not None else 0,
        periods=panel.periods,
        regions=panel.regions,
        notes=merge_notes(panel.notes, notes),
        provenance=Provenance(
            "mobility",
            {"variable": variable, "step": step, "permutations": permutations, "alternative": alternative},
            panel.n_regions,
            panel.n_periods,
            summary,
            used,
        ),
    )


def _neighbours(
    columns: dict[str, FloatArray],
    x: FloatArray,
    y: FloatArray,
    matrix: Any,
    permutations: int,
    alternative: Alternative,
    seed: int | np.random.Generator | None,
) -> int | None:
    n = x.shape[1]
    i, j = _linked(matrix)
    if len(i) in (0, n * (n - 1) // 2):
        what = "no link between" if len(i) == 0 else "a link between all pairs of"
        raise WeightsError(f"the weights have {what} the {n:,} regions, so that neighbours cannot be told from others.")
    columns["tau_neighbours"] = pair_tau(x, y, i, j)
    columns["tau_others"] = other_tau(x, y, i, j)
    empty = np.full(len(x), np.nan)
    columns |= {"expected": empty, "z": empty, "p_neighbours": empty}
    if not permutations:
        return None
    rng, used = generator(seed)
    # What is dealt to places are the regions' numbers, so that both of their ranks move together.
    numbers = np.tile(np.arange(n, dtype=float), (len(x), 1))

    def statistic(dealt: FloatArray, t: int) -> FloatArray:
        order = dealt.astype(np.intp)
        return np.nan_to_num(pair_tau(x[t][order], y[t][order], i, j))

    drawn = permute(statistic, numbers, permutations, rng)
    varies = drawn.variance > 0
    spread = np.sqrt(np.where(varies, drawn.variance, np.nan))
    columns["expected"] = drawn.expected
    columns["z"] = (columns["tau_neighbours"] - drawn.expected) / spread
    columns["p_neighbours"] = np.where(varies, drawn.p_value(alternative), np.nan)
    return used


def _linked(matrix: Any) -> tuple[IntArray, IntArray]:
    """Return the pairs, each once, that are linked in one direction at least."""
    either = sparse.csr_array(matrix + matrix.T)
    found = sparse.triu(either, k=1).tocoo()
    rows, columns = found.coords
    kept = found.data > 0
    return np.asarray(rows[kept], dtype=np.intp), np.asarray(columns[kept], dtype=np.intp)
