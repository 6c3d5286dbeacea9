"""Spatial Markov chains: do moves between classes depend on the neighbours?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spatialconv import weights
from spatialconv._core.dynamics import markov_chain as chain
from spatialconv._core.space import weights_algebra as algebra
from spatialconv._labels.order import label_order
from spatialconv._options import count_of, first, generator, whole
from spatialconv.dynamics._classes import Breaks, Rule, classified, default_step, span_words, steps
from spatialconv.dynamics._markov import MarkovChain, Moves, build, homogeneity_tests, long_run
from spatialconv.dynamics._scale import Scale, described, scaled
from spatialconv.errors import WeightsError
from spatialconv.panel import FloatArray, Panel
from spatialconv.results import TIDY, HypothesisTest, Provenance, Result, extent, merge_notes, number, p_value, plural


@dataclass(frozen=True, eq=False, repr=False)
class SpatialMarkov(Result):
    """Transitions of regions between classes, apart for each class of their neighbours' average.

    Attributes
    ----------
    variable : str
    pooled : MarkovChain
        The chain of the same regions without regard to neighbours.
    lag_classes : DataFrame
        One row a class of the neighbours' average: `least`, `most`, `n`.
    counts, probabilities, std_errors : DataFrame
        A row a (class of the neighbours, class at the start), a column a class at the end.
    ergodic : DataFrame
        A row a class of the neighbours: the long run if the neighbours stayed there; NaN where it is unknown or not
        unique.
    tests : tuple of HypothesisTest
        Do the probabilities depend on the neighbours? Likelihood ratio and Q, and Q by permutation if asked.
    periods, regions : Index
        Regions with neighbours; others are left out.
    """

    variable: str
    scale: Scale
    pooled: MarkovChain
    lag_classes: pd.DataFrame
    counts: pd.DataFrame
    probabilities: pd.DataFrame
    std_errors: pd.DataFrame
    ergodic: pd.DataFrame
    tests: tuple[HypothesisTest, ...]
    periods: pd.Index
    regions: pd.Index
    notes: tuple[str, ...]
    provenance: Provenance

    @property
    def step(self) -> int:
        """Length of a step in the unit of the periods."""
        return self.pooled.step

    def tidy(self) -> pd.DataFrame:
        """Return one row a probability with its standard error and Wilson's interval."""
        low, high = chain.wilson(self.counts.to_numpy(dtype=float), 1.959963984540054)
        rows = pd.DataFrame(
            {
                "term": [f"{a} to {b} | neighbours {m}" for m, a in self.counts.index for b in self.counts.columns],
                "estimate": self.probabilities.to_numpy().ravel(),
                "std_error": self.std_errors.to_numpy().ravel(),
                "conf_low": low.ravel(),
                "conf_high": high.ravel(),
            }
        )
        return rows.reindex(columns=list(TIDY))

    def glance(self) -> pd.DataFrame:
        """Return one row: sample and the tests of dependence on the neighbours."""
        row = {
            "variable": self.variable,
            "scale": self.scale,
            "n_regions": len(self.regions),
            "n_periods": len(self.periods),
            "n_classes": len(self.pooled.classes),
            "n_lag_classes": len(self.lag_classes),
            "n_transitions": self.pooled.n_transitions,
            "likelihood_ratio": self.tests[0].statistic,
            "p_likelihood_ratio": self.tests[0].p_value,
            "p_last": self.tests[-1].p_value,
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.probabilities

    def _headline(self) -> list[str]:
        lr = self.tests[0]
        lines = [
            f"Spatial Markov chain of {described(self.variable, self.scale)}: "
            f"{extent(len(self.regions), len(self.periods))} ({self.periods[0]} to {self.periods[-1]}), "
            f"{plural(self.pooled.n_transitions, 'transition')}",
            f"  {span_words(self.pooled.classes)}; neighbours: {span_words(self.lag_classes)}; step {self.step}",
            "  same probabilities whatever the neighbours: "
            + (lr.reason or f"LR chi2({number(lr.df, 0)}) = {number(lr.statistic, 2)}, {p_value(lr.p_value)}"),
        ]
        if len(self.tests) > 2:
            lines.append(f"  {self.tests[2].name}: {p_value(self.tests[2].p_value)}")
        k = self.pooled.classes.index
        up = [self.probabilities.loc[(m, k[0])].iloc[1:].sum(min_count=1) for m in self.lag_classes.index]
        lines.append(
            f"  leaving the lowest class, with neighbours from low to high: {', '.join(number(p, 3) for p in up)}"
        )
        return [*lines, f"  weights: {self.provenance.weights}"]


def spatial_markov(
    panel: Panel,
    variable: str,
    w: Any,
    *,
    classes: int | Iterable[float] = 5,
    lag_classes: int | Iterable[float] | None = None,
    scale: Scale = "relative",
    breaks: Breaks = "pooled",
    step: int | None = None,
    permutations: int = 0,
    seed: int | np.random.Generator | None = None,
) -> SpatialMarkov:
    r"""Estimate how regions move between classes, apart for poor, middling and rich neighbourhoods.

    Use it to see whether the chances of a poor region depend on where it lies, which a Markov chain of all regions
    together hides.

    Parameters
    ----------
    panel : Panel
        Complete for this variable, three regions or more, two periods or more.
    variable : str
        In levels.
    w : Graph or W
        Rows are standardised, so that the lag is an average over neighbours. Regions without neighbours are left out
        of the counts, and named; they still are part of the mean that values are relative to.
    classes, scale, breaks, step
        As in `markov`.
    lag_classes : int or cut points, optional
        Of the neighbours' average; as many as `classes` by default (the same cut points, if those were given).
    permutations : int
        Random assignments of whole histories to places, for a p of Q that asks for no independence of the moves.
    seed : int or Generator, optional
        Of the permutations; stored in the provenance.

    Returns
    -------
    SpatialMarkov

    Raises
    ------
    WeightsError
        If there is no link.
    DataError, OptionError, NotPositiveError, VariableError, MissingDataError, UnbalancedPanelError, AlignmentError
        As `markov` and `moran`.

    Notes
    -----
    A region's neighbourhood is that at the start of the step. The tests compare the tables of all neighbourhoods
    with the pooled one (Bickenbach and Bode 2003); they take moves as independent, and neighbours' moves seldom are.

    References
    ----------
    Rey, S. J. (2001) Spatial empirics for economic growth and convergence. Geographical Analysis 33, 195-214.

    Rey, S. J., Kang, W. and Wolf, L. (2016) The properties of tests for spatial effects in discrete Markov chain
    models of regional income distribution dynamics. Journal of Geographical Systems 18, 377-398.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> chain = sc.spatial_markov(us.panel, "income", sc.weights.adjacency(us.states))
    >>> bool(chain.tests[0].p_value < 0.001)
    True
    """
    values = scaled(panel, variable, scale, least=3, what="a spatial Markov chain")
    step = default_step(panel) if step is None else whole("step", step, least=1)
    permutations = count_of("permutations", permutations)
    origin, target, step_notes = steps(panel, step)
    aligned = weights.align(w, panel.regions)
    W = algebra.scale_rows(aligned.matrix)
    linked = np.asarray(W.sum(axis=1)).ravel() > 0
    if not linked.any():
        raise WeightsError("the weights have no link between the regions of the panel; give each region neighbours.")
    lagged = np.asarray((W @ values.T).T)[:, linked]
    found = classified(values[:, linked], classes, breaks)
    around = classified(lagged, classes if lag_classes is None else lag_classes, breaks, name="neighbours")
    moves = Moves(found.codes[origin], found.codes[target], origin, target)
    counts = chain.counts_by_state(moves.start, moves.end, around.codes[origin], found.k, around.k)
    regions = panel.regions[linked]
    restricted = panel if linked.all() else panel.subset(regions=regions)
    notes = merge_notes(panel.notes, found.notes, _prefixed(around.notes), step_notes, _island_note(panel, linked))
    if aligned.standardised != "row":
        notes = merge_notes(
            notes, ("rows of the weights are standardised here: the lag is an average over neighbours",)
        )
    options = {"variable": variable, "classes": classes, "lag_classes": lag_classes, "scale": scale, "breaks": breaks}
    pooled = build(
        counts.sum(axis=0),
        found,
        variable=variable,
        scale=scale,
        step=step,
        panel=restricted,
        moves=moves,
        notes=notes,
        provenance=Provenance("markov", options, len(regions), panel.n_periods),
    )
    # Of the tests the result speaks; theirs is a provenance of their own, so that no note is said twice.
    where = Provenance("spatial_markov.tests", options, len(regions), panel.n_periods)
    tests = homogeneity_tests(
        counts, "transition probabilities do not depend on the neighbours", "classes of neighbours", where
    )
    used = None
    if permutations:
        rng, used = generator(seed)
        lags = _Lags(values, W, linked, around.rule)
        tests = (*tests, _permuted(counts, moves, lags, permutations, rng, panel))
    index = pd.MultiIndex.from_product([around.labels, found.labels], names=["neighbours", "from"])
    flat = {"index": index, "columns": found.labels.rename("to")}
    P = chain.probabilities(counts)
    return SpatialMarkov(
        variable=variable,
        scale=scale,
        pooled=pooled,
        lag_classes=around.table,
        counts=pd.DataFrame(counts.reshape(-1, found.k).astype(int), **flat),
        probabilities=pd.DataFrame(P.reshape(-1, found.k), **flat),
        std_errors=pd.DataFrame(chain.standard_errors(counts).reshape(-1, found.k), **flat),
        ergodic=_ergodic(P, around.labels, found.labels),
        tests=tests,
        periods=panel.periods,
        regions=regions,
        notes=merge_notes(notes, _sparse_note(counts)),
        provenance=Provenance(
            "spatial_markov",
            {**options, "step": step, "permutations": permutations},
            len(regions),
            panel.n_periods,
            aligned.summary,
            used,
        ),
    )


@dataclass(frozen=True, eq=False)
class _Lags:
    """What it takes to find the classes of the neighbours again when histories are dealt to other places."""

    values: FloatArray
    W: Any
    linked: Any
    rule: Rule

    def dealt(self, order: Any) -> Any:
        """Return the neighbours' classes, (T, n), if place i holds the history of `order[i]`."""
        found = np.asarray((self.W @ self.values[:, order].T).T)[:, self.linked]
        return self.rule(found)


def _permuted(
    counts: FloatArray, moves: Moves, lags: _Lags, permutations: int, rng: np.random.Generator, panel: Panel
) -> HypothesisTest:
    """Return the test that deals whole histories to places: Q as observed against Q as dealt."""
    k, m = counts.shape[1], counts.shape[0]
    places = np.flatnonzero(lags.linked)
    # Dealt in the order of the sorted labels, so that the order of the rows changes nothing.
    canonical = places[label_order(panel.regions[places])]
    rank = np.empty(len(panel.regions), dtype=np.intp)
    rank[places] = np.arange(len(places))
    observed, reached = chain.homogeneity(counts).q, 0
    for _ in range(permutations):
        order = np.arange(len(panel.regions))
        order[canonical] = canonical[rng.permutation(len(canonical))]
        taken = rank[order[places]]
        around = lags.dealt(order)[moves.origin]
        drawn = chain.counts_by_state(moves.start[:, taken], moves.end[:, taken], around, k, m)
        reached += chain.homogeneity(drawn).q >= observed * (1 - 1e-12)
    return HypothesisTest(
        name=f"Q by {permutations:,} permutations of histories",
        null="whole histories are assigned to places at random",
        alternative="moves depend on the neighbours",
        statistic=observed,
        p_value=(reached + 1) / (permutations + 1),
        distribution="permutation",
    )


def _ergodic(P: FloatArray, around: pd.Index, labels: pd.Index) -> pd.DataFrame:
    rows = []
    for part in P:
        recurrent, _, ergodic, _ = long_run(part, labels)
        rows.append(ergodic.iloc[0].to_numpy() if len(recurrent) == 1 else np.full(len(labels), np.nan))
    return pd.DataFrame(np.array(rows), index=around, columns=labels)


def _island_note(panel: Panel, linked: Any) -> tuple[str, ...]:
    if linked.all():
        return ()
    return (f"left out for want of neighbours: {first(list(panel.regions[~linked]))}",)


def _prefixed(notes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"neighbours: {note}" for note in notes)


def _sparse_note(counts: FloatArray) -> tuple[str, ...]:
    departures = counts.sum(axis=2)
    few = int((departures < 20).sum())
    none = int((departures == 0).sum())
    if not few:
        return ()
    empty = f", {none} of them none at all (NaN)" if none else ""
    return (
        f"{few} of {departures.size:,} rows have fewer than 20 departures{empty}: take fewer classes, or trust the "
        "pooled chain",
    )
