"""Markov chains: from which class of income to which other do regions move, and where does that lead?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv._core.dynamics import markov_chain as chain
from spatialconv._core.resampling.regions import Interval
from spatialconv._options import whole
from spatialconv.convergence.dispersion.bootstrap import BootstrapIntervals, bootstrap
from spatialconv.convergence.dispersion.sample import groups_of
from spatialconv.dynamics._classes import Breaks, Classes, IntArray, classified, default_step, span_words, steps
from spatialconv.dynamics._scale import Scale, described, scaled, scaled_of_those_there
from spatialconv.errors import DataError, OptionError
from spatialconv.panel import FloatArray, Missing, Panel, omits
from spatialconv.results import TIDY, HypothesisTest, Provenance, Result, extent, merge_notes, number, plural

SPARSE = 20  # departures, below which probabilities of a row are little more than anecdotes
_Z = float(stats.norm.ppf(0.975))


@dataclass(frozen=True, eq=False, repr=False)
class MarkovChain(Result):
    """Transitions of regions between classes, and what follows if they went on for ever.

    Attributes
    ----------
    variable : str
    scale : {"relative", "log", "level"}
    classes : DataFrame
        One row a class: `least` and `most` value, `n` observations.
    counts, probabilities, std_errors : DataFrame
        Square, from the class of the row to that of the column. A row from which nothing departs has NaN.
    ergodic : DataFrame
        One row a recurrent set of classes, one column a class: the long-run distribution within it. One row if the
        chain forgets where it started; more if it does not; NaN if a class has no departures.
    recurrent, transient : tuple
        Sets of classes that are never left, and classes that are left for good.
    first_passage : DataFrame
        Mean number of steps from the class of the row until that of the column is reached first (diagonal: until
        return); infinite where it need not be reached.
    sojourn : Series
        Mean number of steps in each class, 1 / (1 - p_ii).
    half_life : float
        Steps until half of a deviation from the ergodic distribution is gone, ``ln 2 / -ln |second eigenvalue|``.
    shorrocks : float
        Mobility (k - trace) / (k - 1).
    step : int
        Length of a step in the unit of the periods.
    periods, regions : Index
    """

    variable: str
    scale: Scale
    classes: pd.DataFrame
    counts: pd.DataFrame
    probabilities: pd.DataFrame
    std_errors: pd.DataFrame
    ergodic: pd.DataFrame
    recurrent: tuple[tuple[int, ...], ...]
    transient: tuple[int, ...]
    first_passage: pd.DataFrame
    sojourn: pd.Series
    half_life: float
    shorrocks: float
    step: int
    periods: pd.Index
    regions: pd.Index
    notes: tuple[str, ...]
    provenance: Provenance
    _moves: Moves | None = field(default=None, repr=False)
    _panel: Panel | None = field(default=None, repr=False)

    @property
    def unique(self) -> bool:
        """Whether the long run does not depend on the start."""
        return len(self.recurrent) == 1

    @property
    def n_transitions(self) -> int:
        """Number of transitions that the counts rest on."""
        return int(self.counts.to_numpy().sum())

    def homogeneity(self, *, parts: int = 2, groups: Any = None) -> tuple[HypothesisTest, ...]:
        """Test whether the probabilities are the same in stretches of time, or in groups of regions.

        Parameters
        ----------
        parts : int
            Stretches of (nearly) equal numbers of steps, in order of time; not used with `groups`.
        groups : str, mapping or Series, optional
            Column of the panel or group of each region.

        Returns
        -------
        tuple of HypothesisTest
            Likelihood ratio and Pearson's Q (Anderson and Goodman 1957), degrees of freedom after Bickenbach and
            Bode (2003), which leave out what was never observed. Both take transitions as independent.
        """
        assert self._moves is not None
        assert self._panel is not None
        moves = self._moves
        if groups is not None:
            partition = groups_of(self._panel, groups)
            state = np.broadcast_to(partition.codes, moves.start.shape)
            names, what = [str(label) for label in partition.labels], f"groups of {partition.name}"
        else:
            parts = whole("parts", parts, least=2)
            if parts > len(moves.start):
                raise OptionError(f"parts must be at most the number of steps, {len(moves.start)}; got {parts}.")
            which = np.arange(len(moves.start)) * parts // len(moves.start)
            state = np.broadcast_to(which[:, None], moves.start.shape)
            names, what = [f"part {i + 1}" for i in range(parts)], f"{parts} stretches of time"
        counts = chain.counts_by_state(moves.start, moves.end, np.asarray(state), len(self.classes), len(names))
        null = f"transition probabilities are the same in {what}"
        return homogeneity_tests(counts, null, what, self._where("homogeneity"))

    def order_test(self) -> tuple[HypothesisTest, ...]:
        """Test whether the next class depends on the present one alone, against the class before it as well.

        Returns
        -------
        tuple of HypothesisTest
            Likelihood ratio and Pearson's Q; a rejection says that the chain has a longer memory, so that what
            follows from it in the long run is not to be trusted.
        """
        assert self._moves is not None
        moves = self._moves
        before = [(i, j) for i, a in enumerate(moves.origin) for j, b in enumerate(moves.target) if a == b]
        if not before:
            reason = "no two steps follow one another"
            return _untested("the chain is of first order", reason, self._where("order_test"))
        later, earlier = (np.array(side) for side in zip(*before, strict=True))
        counts = chain.counts_by_state(
            moves.start[later], moves.end[later], moves.start[earlier], len(self.classes), len(self.classes)
        )
        return homogeneity_tests(counts, "the chain is of first order", "classes before", self._where("order_test"))

    def _where(self, call: str) -> Provenance:
        of = self.provenance
        return Provenance(f"markov.{call}", of.options, of.n_regions, of.n_periods)

    def bootstrap(
        self,
        *,
        draws: int = 999,
        level: float = 0.95,
        seed: int | np.random.Generator | None = None,
        jobs: int = 1,
        progress: bool = True,
    ) -> BootstrapIntervals:
        """Return percentile intervals of probabilities, ergodic shares, half-life and Shorrocks' index.

        Regions are drawn as whole histories, so that their moves need not be independent of one another, as the
        asymptotic standard errors suppose. The classes stay as they are.

        Parameters
        ----------
        draws : int
        level : float
        seed : int or Generator, optional
        jobs : int
        progress : bool

        Returns
        -------
        BootstrapIntervals
        """
        assert self._moves is not None
        statistic = _Drawn(self._moves.by_region(len(self.classes)))
        labels = list(self.classes.index)
        names = [f"p {a} to {b}" for a in labels for b in labels] + [f"ergodic {a}" for a in labels]
        method: Interval = "percentile"
        return bootstrap(
            statistic,
            [*names, "half_life", "shorrocks"],
            np.zeros(len(self.regions), dtype=np.intp),
            what=f"the Markov chain of {described(self.variable, self.scale)}",
            call="markov.bootstrap",
            periods=pd.Index([f"{self.periods[0]} to {self.periods[-1]}"], name="period"),
            draws=draws,
            method=method,
            level=level,
            seed=seed,
            jobs=jobs,
            progress=progress,
            width=len(self.classes) ** 2,
            coverage=False,
        )

    def tidy(self) -> pd.DataFrame:
        """Return one row a probability with its standard error and Wilson's interval (never of length zero)."""
        return tidy_probabilities(self.counts, self.probabilities, self.std_errors)

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, mobility, half-life, and whether the long run is unique."""
        row = {
            "variable": self.variable,
            "scale": self.scale,
            "n_regions": len(self.regions),
            "n_periods": len(self.periods),
            "n_classes": len(self.classes),
            "n_transitions": self.n_transitions,
            "shorrocks": self.shorrocks,
            "half_life": self.half_life,
            "unique_ergodic": self.unique,
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.probabilities

    def _headline(self) -> list[str]:
        stay = np.diag(self.probabilities.to_numpy())
        lines = [
            f"Markov chain of {described(self.variable, self.scale)}: "
            f"{extent(len(self.regions), len(self.periods))} ({self.periods[0]} to {self.periods[-1]}), "
            f"{plural(self.n_transitions, 'transition')}",
            f"  {span_words(self.classes)}; step {self.step}",
            f"  staying: {', '.join(number(p, 3) for p in stay)}; Shorrocks {number(self.shorrocks, 3)}, half-life "
            f"{number(self.half_life, 1)} steps",
        ]
        if self.unique:
            shares = ", ".join(number(p, 3) for p in self.ergodic.iloc[0])
            lines.append(f"  ergodic distribution: {shares}")
        elif self.recurrent:
            sets = "; ".join(f"classes {', '.join(map(str, part))}" for part in self.recurrent)
            lines.append(f"  no unique ergodic distribution; never left: {sets}")
        return lines


def markov(
    panel: Panel,
    variable: str,
    *,
    classes: int | Iterable[float] = 5,
    scale: Scale = "relative",
    breaks: Breaks = "pooled",
    step: int | None = None,
    missing: Missing = "raise",
) -> MarkovChain:
    r"""Estimate how regions move between classes of a variable, and where the distribution is heading.

    Use it to see mobility (do the poor stay poor?) and the long run that the observed moves imply.

    Parameters
    ----------
    panel : Panel
        Complete for this variable, two regions or more, two periods or more.
    variable : str
        In levels.
    classes : int or cut points
        Number of classes of equal size (quantiles), or rising cut points on the scale, for example [0.5, 0.8, 1.2].
    scale : {"relative", "log", "level"}
        Values over the mean of their period, natural logarithms, or as they are. Levels and logs drift upwards with
        growth, so that "relative" is the one to take unless there is a reason.
    breaks : {"pooled", "period"}
        Quantiles of all periods together (the same limits throughout), or of each period (ranks: classes keep
        their size, and the ergodic distribution is uniform but for rounding).
    step : int, optional
        Length of a step in the unit of the periods; the shortest distance between two of them by default.
    missing : {"raise", "omit"}
        "omit" takes the regions that are there: means and quantiles of a period are theirs, and a move counts where its
        region is there at both ends.

    Returns
    -------
    MarkovChain

    Raises
    ------
    DataError
        If there are fewer than two regions or periods, or all values fall into one class.
    OptionError
        If an option is unknown, or no two periods are a step apart.
    NotPositiveError, VariableError, MissingDataError, UnbalancedPanelError
        As `sigma`.

    Notes
    -----
    Probabilities are counts over departures, :math:`\hat p_{ij} = n_{ij} / n_i`, their standard errors
    :math:`\sqrt{\hat p_{ij} (1 - \hat p_{ij}) / n_i}`. A value on a break belongs to the class below it. Ergodic
    distributions are found by state reduction, which subtracts nothing (Grassmann, Taksar and Heyman 1985); homogeneity
    tests have the degrees of freedom of Bickenbach and Bode (2003). A class that is entered in the last period only
    has no departures: its row, and what depends on it, is NaN, never invented.

    References
    ----------
    Anderson, T. W. and Goodman, L. A. (1957) Statistical inference about Markov chains. Annals of Mathematical
    Statistics 28, 89-110.

    Quah, D. (1993) Empirical cross-section dynamics in economic growth. European Economic Review 37, 426-434.

    Shorrocks, A. F. (1978) The measurement of mobility. Econometrica 46, 1013-1024.

    Bickenbach, F. and Bode, E. (2003) Evaluating the Markov property in studies of economic convergence.
    International Regional Science Review 26, 363-392.

    Grassmann, W. K., Taksar, M. I. and Heyman, D. P. (1985) Regenerative analysis and steady state distributions for
    Markov chains. Operations Research 33, 1107-1116.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> chain = sc.markov(us.panel, "income")
    >>> chain.n_transitions
    3840
    """
    absent: list[str] = []
    if omits(missing):
        values, absent = scaled_of_those_there(
            panel, variable, scale, least=2, what="a Markov chain", more="; moves are of those there at both ends"
        )
    else:
        values = scaled(panel, variable, scale, least=2, what="a Markov chain")
    step = default_step(panel) if step is None else whole("step", step, least=1)
    origin, target, step_notes = steps(panel, step)
    found = classified(values, classes, breaks)
    moves = Moves(found.codes[origin], found.codes[target], origin, target)
    counts = moves.by_region(found.k).sum(axis=0)
    if not counts.any():
        raise DataError(f"no region is there at both ends of a step of {step}; no move is seen. Take another step.")
    return build(
        counts,
        found,
        variable=variable,
        scale=scale,
        step=step,
        panel=panel,
        moves=moves,
        notes=merge_notes(panel.notes, absent, found.notes, step_notes),
        provenance=Provenance(
            "markov",
            {"variable": variable, "classes": classes, "scale": scale, "breaks": breaks, "step": step}
            | ({"missing": missing} if omits(missing) else {}),
            panel.n_regions,
            panel.n_periods,
        ),
    )


@dataclass(frozen=True, eq=False)
class Moves:
    """Classes at the start and end of every step, (S, N), and the positions of its periods."""

    start: IntArray
    end: IntArray
    origin: IntArray
    target: IntArray

    def by_region(self, k: int) -> FloatArray:
        """Return counts of each region, (N, k, k)."""
        return chain.counts_by_region(self.start, self.end, k)


@dataclass(frozen=True, eq=False)
class _Drawn:
    """Figures of the chain with regions counted more or less often."""

    by_region: FloatArray

    def __call__(self, counts: FloatArray) -> FloatArray:
        n, k, _ = self.by_region.shape
        P = chain.probabilities((counts @ self.by_region.reshape(n, k * k)).reshape(-1, k, k))
        figures = [P.reshape(-1, k * k), chain.stationary(P), chain.half_life(P)[:, None], chain.shorrocks(P)[:, None]]
        return np.concatenate(figures, axis=1)[:, None, :]


def build(
    counts: FloatArray,
    classes: Classes,
    *,
    variable: str,
    scale: Scale,
    step: int,
    panel: Panel,
    moves: Moves | None,
    notes: tuple[str, ...],
    provenance: Provenance,
) -> MarkovChain:
    """Return the chain of finished counts."""
    labels, P = classes.labels, chain.probabilities(counts)
    square = {"index": labels.rename("from"), "columns": labels.rename("to")}
    recurrent, transient, ergodic, passage = long_run(P, labels)
    stay = np.diag(P)
    return MarkovChain(
        variable=variable,
        scale=scale,
        classes=classes.table,
        counts=pd.DataFrame(counts.astype(int), **square),
        probabilities=pd.DataFrame(P, **square),
        std_errors=pd.DataFrame(chain.standard_errors(counts), **square),
        ergodic=ergodic,
        recurrent=recurrent,
        transient=transient,
        first_passage=pd.DataFrame(passage, **square),
        sojourn=pd.Series(_sojourn(stay), index=labels, name="sojourn"),
        half_life=float(chain.half_life(P)),
        shorrocks=float(chain.shorrocks(P)),
        step=step,
        periods=panel.periods,
        regions=panel.regions,
        notes=merge_notes(notes, _notes(counts, P, labels, recurrent, transient)),
        provenance=provenance,
        _moves=moves,
        _panel=panel,
    )


def long_run(
    P: FloatArray, labels: pd.Index
) -> tuple[tuple[tuple[int, ...], ...], tuple[int, ...], pd.DataFrame, FloatArray]:
    """Return recurrent and transient classes, a stationary distribution for each recurrent set, first passages."""
    if np.isnan(P).any():
        return (), (), pd.DataFrame(np.nan, index=[1], columns=labels), np.full(P.shape, np.nan)
    sets, transient = chain.recurrent_sets(P)
    found = np.zeros((len(sets), len(P)))
    for row, part in zip(found, map(list, sets), strict=True):
        row[part] = chain.ergodic(P[np.ix_(part, part)])
    return (
        tuple(tuple(int(labels[i]) for i in part) for part in sets),
        tuple(int(labels[i]) for i in transient),
        pd.DataFrame(found, index=pd.RangeIndex(1, len(sets) + 1, name="set"), columns=labels),
        chain.first_passage(P),
    )


def homogeneity_tests(counts: FloatArray, null: str, what: str, where: Provenance) -> tuple[HypothesisTest, ...]:
    """Return the likelihood ratio and Q of equal rows over the first axis of counts, (m, k, k)."""
    found = chain.homogeneity(counts)
    if found.df < 1:
        reason = "no class has departures in two of them"
        return _untested(null, reason, where)
    some = found.expected > 0
    few = int(((found.expected < 5) & some).sum())
    notes = (f"{few} of {int(some.sum()):,} expected counts are below 5: chi2 is rough",) if few else ()
    return tuple(
        HypothesisTest(
            name=name,
            null=null,
            alternative=f"they differ between {what}",
            statistic=value,
            p_value=float(stats.chi2.sf(value, found.df)),
            distribution="chi2",
            df=float(found.df),
            notes=notes,
            provenance=where,
        )
        for name, value in (("likelihood ratio", found.likelihood_ratio), ("Q", found.q))
    )


def _untested(null: str, reason: str, where: Provenance) -> tuple[HypothesisTest, ...]:
    return tuple(
        HypothesisTest(name, null, "", np.nan, np.nan, "chi2", None, reason, provenance=where)
        for name in ("likelihood ratio", "Q")
    )


def tidy_probabilities(counts: pd.DataFrame, probabilities: pd.DataFrame, errors: pd.DataFrame) -> pd.DataFrame:
    """Return one row a probability, with Wilson's interval."""
    low, high = chain.wilson(counts.to_numpy(dtype=float), _Z)
    terms = [f"{a} to {b}" for a in counts.index for b in counts.columns]
    rows = pd.DataFrame(
        {
            "term": terms,
            "estimate": probabilities.to_numpy().ravel(),
            "std_error": errors.to_numpy().ravel(),
            "conf_low": low.ravel(),
            "conf_high": high.ravel(),
        }
    )
    return rows.reindex(columns=list(TIDY))


def _named(labels: Iterable[Any]) -> str:
    listed = [str(label) for label in labels]
    return f"class{'es' if len(listed) > 1 else ''} {', '.join(listed)}"


def _sojourn(stay: FloatArray) -> FloatArray:
    return np.asarray(np.divide(1.0, 1.0 - stay, out=np.where(np.isnan(stay), np.nan, np.inf), where=~(stay >= 1)))


def _notes(
    counts: FloatArray,
    P: FloatArray,
    labels: pd.Index,
    recurrent: tuple[tuple[int, ...], ...],
    transient: tuple[int, ...],
) -> tuple[str, ...]:
    notes = []
    departures = counts.sum(axis=1)
    none = labels[departures == 0]
    if len(none):
        notes.append(f"nothing departs from {_named(none)}: its probabilities and the long run are unknown")
    few = labels[(departures > 0) & (departures < SPARSE)]
    if len(few):
        notes.append(f"fewer than {SPARSE} departures from {_named(few)}: those probabilities are not reliable")
    absorbing = [labels[i] for i in np.flatnonzero(np.diag(P) == 1)]
    if absorbing:
        notes.append(f"never left: {_named(absorbing)}")
    if len(recurrent) > 1:
        notes.append("the long run depends on the start: several sets of classes are never left")
    if transient:
        notes.append(f"left for good in the long run: {_named(transient)}")
    return tuple(notes)
