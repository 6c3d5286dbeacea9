"""Paths of regions through the Moran scatter plot: how long, how crooked, which way, and from quadrant to quadrant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from spatialconv import weights
from spatialconv._core.dynamics import markov_chain as chain
from spatialconv._core.space import association, weights_algebra
from spatialconv._options import choice, first, whole
from spatialconv.dynamics._classes import default_step, steps
from spatialconv.dynamics._markov import long_run
from spatialconv.dynamics._scale import refuse_constant, scaled
from spatialconv.errors import WeightsError
from spatialconv.panel import FloatArray, Panel
from spatialconv.results import TIDY, HypothesisTest, Provenance, Result, extent, merge_notes, number, p_value

PathScale = Literal["relative", "standardised"]
IntArray = npt.NDArray[np.intp]

QUADRANT_ORDER = ("HH", "LH", "LL", "HL")
# Rey's kinds of moves between quadrants, and what they are called here.
DIRECTIONS = ("both up", "neighbours up", "both down", "region up")


@dataclass(frozen=True, eq=False, repr=False)
class LisaPaths(Result):
    """Paths of regions through the Moran scatter plot, moves between its quadrants, and the chain of these.

    Attributes
    ----------
    table : DataFrame
        One row a region: `length` of the path, `relative_length` (1 is the mean of all regions), `displacement` from
        first to last, `tortuosity` (length over displacement, 1 if straight), `angle` in degrees counter-clockwise from
        the axis of the region's own value, `direction` in words, `first` and `last` quadrant, and `changes` of
        quadrant. Islands have none of these.
    path : DataFrame
        One row a (period, region): `own`, `neighbours`, `quadrant`.
    moves : DataFrame
        One row a kind of move (`none`, `own`, `neighbours`, `both alike`, `both apart`): `n` and `share`.
    cohesion, fluidity : float
        Shares of moves of which nothing changes, and in which either the region or its neighbours change alone.
    counts, probabilities, expected : DataFrame
        Between quadrants, from the row to the column; expected counts if regions and neighbours moved independently.
    ergodic : Series
        Long-run shares of the quadrants; NaN if the chain does not have one.
    independence : HypothesisTest
        That regions and their neighbours move independently of one another (Rey 2001).
    variable, scale, step : what was analysed
    periods, regions : Index
    notes, provenance : see `spatialconv.results`
    """

    table: pd.DataFrame
    path: pd.DataFrame
    moves: pd.DataFrame
    cohesion: float
    fluidity: float
    counts: pd.DataFrame
    probabilities: pd.DataFrame
    expected: pd.DataFrame
    ergodic: pd.Series
    independence: HypothesisTest
    variable: str
    scale: PathScale
    step: int
    periods: pd.Index
    regions: pd.Index
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row a region and measure: relative length, tortuosity and angle."""
        names = ["relative_length", "tortuosity", "angle"]
        rows = pd.DataFrame(
            {
                "term": [f"{name} ({region})" for region in self.regions for name in names],
                "estimate": self.table[names].to_numpy(dtype=float).ravel(),
            }
        )
        return rows.reindex(columns=list(TIDY))

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, cohesion and fluidity, and the test that regions and neighbours move apart."""
        row = {
            "variable": self.variable,
            "scale": self.scale,
            "n_regions": len(self.regions),
            "n_periods": len(self.periods),
            "n_moves": int(self.moves["n"].sum()),
            "cohesion": self.cohesion,
            "fluidity": self.fluidity,
            "mean_tortuosity": float(self.table["tortuosity"].mean()),
            "independence": self.independence.statistic,
            "p_value": self.independence.p_value,
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        t, moves = self.table, self.moves
        ways = ", ".join(f"{int((t['direction'] == way).sum())} {way}" for way in DIRECTIONS)
        lines = [
            f"LISA paths of {self.variable} ({self.scale}): {extent(len(self.regions), len(self.periods))}",
            f"  {int(moves['n'].sum())} moves of {self.step}; cohesion {number(self.cohesion, 3)}, fluidity "
            f"{number(self.fluidity, 3)}",
            f"  {ways}",
        ]
        if (t["displacement"] > 0).any():
            crooked, longest = t["tortuosity"].idxmax(), t["length"].idxmax()
            lines += [
                f"  longest: {longest}, {number(t.loc[longest, 'relative_length'], 2)} times the mean",
                f"  most crooked: {crooked}, {number(t.loc[crooked, 'tortuosity'], 2)} times its displacement",
            ]
        test = self.independence
        said = test.reason or f"chi2({number(test.df, 0)}) = {number(test.statistic, 2)}, {p_value(test.p_value)}"
        return [*lines, f"  regions and neighbours independent: {said}", f"  weights: {self.provenance.weights}"]


def lisa_paths(
    panel: Panel,
    variable: str,
    w: Any,
    *,
    scale: PathScale = "relative",
    step: int | None = None,
) -> LisaPaths:
    r"""Follow regions through the Moran scatter plot: LISA time paths, Rey's transitions, and the LISA Markov chain.

    How far a region and its neighbours have gone together (length), how straight (tortuosity), which way, and how often
    the one, the others, or both change sides.

    Parameters
    ----------
    panel : Panel
        Complete for this variable; three regions and two periods or more.
    variable : str
        In levels for "relative".
    w : Graph or W
        Weights of libpysal, labelled by region; not modified. Neighbours' values are averages: rows are divided by
        their sums.
    scale : {"relative", "standardised"}
        Values over the mean of their period, or in standard deviations from it, as in the Moran scatter plot. Lengths
        depend on it, quadrants do not.
    step : int, optional
        Length of a move between quadrants in the unit of the periods; the shortest distance between two of them by
        default. Paths go through all periods.

    Returns
    -------
    LisaPaths

    Raises
    ------
    DataError
        If there are fewer than three regions or two periods, or a mean is not positive under "relative".
    VariableError
        If the variable is constant in a period, absent, or no number.
    OptionError, MissingDataError, UnbalancedPanelError, AlignmentError, WeightsError
        As `moran`.

    Notes
    -----
    With :math:`L_{it} = (y_{it}, \sum_j w_{ij} y_{jt})` on the scale chosen and d the distance in the plane,

    .. math:: \Gamma_i = \frac{N \sum_t d(L_{it}, L_{i,t+1})}{\sum_i \sum_t d(L_{it}, L_{i,t+1})}, \qquad
              \Delta_i = \frac{\sum_t d(L_{it}, L_{i,t+1})}{d(L_{i1}, L_{iT})}

    are relative length and tortuosity. The test compares the 4 x 4 counts with what the two chains of sides, of the
    region and of its neighbours, give if independent (likelihood ratio, 8 degrees of freedom less what was never seen).
    It takes moves as independent, which neighbours' moves are not, and rejects too often. giddy has the region's own
    mean over time as the line between high and low there, and 9 degrees of freedom.

    References
    ----------
    Rey, S. J. (2001) Spatial empirics for economic growth and convergence. Geographical Analysis 33(3), 195-214.

    Rey, S. J., Murray, A. T. and Anselin, L. (2011) Visualizing regional income distribution dynamics. Letters in
    Spatial and Resource Sciences 4(1), 81-90.

    Ye, X. and Rey, S. (2013) A framework for exploratory space-time analysis of economic data. Annals of Regional
    Science 50(1), 315-339.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> paths = sc.lisa_paths(us.panel, "income", sc.weights.adjacency(us.states))
    >>> paths.moves["n"].to_dict()
    {'none': 3531, 'own': 164, 'neighbours': 134, 'both alike': 9, 'both apart': 2}
    """
    choice("scale", scale, PathScale)
    values = scaled(panel, variable, "relative" if scale == "relative" else "level", least=3, what="a LISA path")
    refuse_constant(values, variable, panel)
    step = default_step(panel) if step is None else whole("step", step, least=1)
    origin, target, step_notes = steps(panel, step)
    aligned = weights.align(w, panel.regions)
    if aligned.matrix.sum() == 0:
        raise WeightsError(
            f"the weights have no link between the {panel.n_regions:,} regions of the panel; give each region "
            "neighbours, for example by weights.knn()."
        )
    near = weights_algebra.scale_rows(aligned.matrix)
    linked = np.diff(near.indptr) > 0
    deviations, _ = association.standardise(values)
    own = values if scale == "relative" else deviations
    lag = np.where(linked, association.lag(own, near), np.nan)
    codes = _codes(deviations > 0, association.lag(deviations, near) > 0)
    table = _table(panel, own, lag, codes, linked)
    start, end = codes[origin][:, linked], codes[target][:, linked]
    counts = chain.counts_by_region(start, end, 4).sum(axis=0)
    moves = _moves(start, end)
    expected = _expected(counts)
    square = {"index": pd.Index(QUADRANT_ORDER, name="from"), "columns": pd.Index(QUADRANT_ORDER, name="to")}
    where = Provenance(
        "lisa_paths",
        {"variable": variable, "scale": scale, "step": step},
        panel.n_regions,
        panel.n_periods,
        aligned.summary,
    )
    names = np.array(QUADRANT_ORDER, dtype=object)[codes]
    names[:, ~linked] = None
    return LisaPaths(
        table=table,
        path=pd.DataFrame(
            {"own": own.ravel(), "neighbours": lag.ravel(), "quadrant": names.ravel()},
            index=pd.MultiIndex.from_product([panel.periods, panel.regions]),
        ),
        moves=moves,
        cohesion=float(moves.loc["none", "share"]),
        fluidity=float(moves.loc[["own", "neighbours"], "share"].sum()),
        counts=pd.DataFrame(counts.astype(int), **square),
        probabilities=pd.DataFrame(chain.probabilities(counts), **square),
        expected=pd.DataFrame(expected, **square),
        ergodic=_ergodic(counts),
        independence=_independence(counts, expected, where),
        variable=variable,
        scale=scale,
        step=step,
        periods=panel.periods,
        regions=panel.regions,
        notes=merge_notes(panel.notes, aligned.notes, step_notes, _notes(aligned, table)),
        provenance=where,
    )


def _codes(high: npt.NDArray[np.bool_], near: npt.NDArray[np.bool_]) -> IntArray:
    """Return the places of quadrants in QUADRANT_ORDER from the sides of regions and of their neighbours."""
    return np.where(near, np.where(high, 0, 1), np.where(high, 3, 2)).astype(np.intp)


def _sides() -> tuple[IntArray, IntArray]:
    return tuple(np.array([name[k] == "H" for name in QUADRANT_ORDER], dtype=np.intp) for k in (0, 1))  # type: ignore[return-value]


def _table(
    panel: Panel, own: FloatArray, lag: FloatArray, codes: IntArray, linked: npt.NDArray[np.bool_]
) -> pd.DataFrame:
    length = np.hypot(np.diff(own, axis=0), np.diff(lag, axis=0)).sum(axis=0)
    across, up = own[-1] - own[0], lag[-1] - lag[0]
    displacement = np.hypot(across, up)
    angle = np.where(displacement > 0, np.degrees(np.arctan2(up, across)) % 360, np.nan)
    way = np.full(len(angle), None, dtype=object)
    known = ~np.isnan(angle)
    way[known] = np.array(DIRECTIONS, dtype=object)[(angle[known] // 90).astype(int) % 4]
    names = np.array(QUADRANT_ORDER, dtype=object)[codes]
    names[:, ~linked] = None
    mean = np.nanmean(length)
    with np.errstate(divide="ignore", invalid="ignore"):
        return pd.DataFrame(
            {
                "length": length,
                "relative_length": length / mean,
                "displacement": displacement,
                "tortuosity": np.where(displacement > 0, length / displacement, np.nan),
                "angle": angle,
                "direction": way,
                "first": names[0],
                "last": names[-1],
                "changes": pd.array(np.where(linked, (np.diff(codes, axis=0) != 0).sum(axis=0), 0), dtype="Int64"),
            },
            index=panel.regions,
        )


def _moves(start: IntArray, end: IntArray) -> pd.DataFrame:
    own, near = _sides()
    a, b = own[end] - own[start], near[end] - near[start]
    kinds = {
        "none": (a == 0) & (b == 0),
        "own": (a != 0) & (b == 0),
        "neighbours": (a == 0) & (b != 0),
        "both alike": (a != 0) & (a == b),
        "both apart": (a != 0) & (a == -b),
    }
    n = pd.Series({kind: int(mask.sum()) for kind, mask in kinds.items()}, name="n")
    return pd.DataFrame({"n": n, "share": n / max(start.size, 1)}).rename_axis("move")


def _expected(counts: FloatArray) -> FloatArray:
    """Return the counts that independent chains of the two sides give from the same departures."""
    product = np.ones((4, 4))
    for side in _sides():
        merged = np.zeros((2, 2))
        np.add.at(merged, (side[:, None], side[None, :]), counts)
        p = np.divide(
            merged, merged.sum(axis=1, keepdims=True), out=np.zeros((2, 2)), where=merged.sum(axis=1)[:, None] > 0
        )
        product = product * p[side[:, None], side[None, :]]
    return np.asarray(counts.sum(axis=1, keepdims=True) * product)


def _independence(counts: FloatArray, expected: FloatArray, where: Provenance) -> HypothesisTest:
    possible = expected > 0
    df = int(np.maximum(possible.sum(axis=1) - 1, 0).sum())
    for side in _sides():
        merged = np.zeros((2, 2))
        np.add.at(merged, (side[:, None], side[None, :]), counts)
        df -= int(np.maximum((merged > 0).sum(axis=1) - 1, 0).sum())
    seen = counts > 0
    value = 2 * float((counts[seen] * np.log(counts[seen] / expected[seen])).sum())
    tested = df > 0
    few = int((expected[possible] < 5).sum())
    notes = (f"{few} of {int(possible.sum()):,} expected counts are below 5: chi2 is rough",) if few else ()
    return HypothesisTest(
        name="LISA Markov, independence",
        null="regions and their neighbours move between high and low independently",
        alternative="where the one goes depends on the other",
        statistic=value if tested else np.nan,
        p_value=float(stats.chi2.sf(value, df)) if tested else np.nan,
        distribution="chi2",
        df=float(df) if tested else None,
        reason="" if tested else "too few kinds of moves were seen",
        notes=notes,
        provenance=where,
    )


def _ergodic(counts: FloatArray) -> pd.Series:
    index = pd.Index(QUADRANT_ORDER, name="quadrant")
    seen = np.flatnonzero(counts.sum(axis=1) + counts.sum(axis=0) > 0)
    recurrent, _, found, _ = long_run(chain.probabilities(counts[np.ix_(seen, seen)]), pd.Index(range(len(seen))))
    shares = np.full(4, np.nan)
    if len(recurrent) == 1:
        shares[:] = 0.0
        shares[seen] = found.to_numpy(dtype=float)[0]
    return pd.Series(shares, index=index, name="ergodic")


def _notes(aligned: Any, table: pd.DataFrame) -> tuple[str, ...]:
    notes = []
    if aligned.islands:
        notes.append("islands have no path and no quadrant; their values are part of the mean")
    if aligned.standardised != "row":
        notes.append("rows of the weights are divided by their sums, so that neighbours' values are averages")
    still = table.index[(table["displacement"] == 0).to_numpy()]
    if len(still):
        notes.append(f"no displacement, hence no direction and no tortuosity: {first(list(still))}")
    return tuple(notes)
