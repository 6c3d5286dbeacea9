"""Weights by period, brought into the order of the regions that are there in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from spatialconv._core.likelihood.logdet import LogDet
from spatialconv._core.stacked.logdet import Summed
from spatialconv._core.stacked.rows import Blocks
from spatialconv._options import first
from spatialconv.errors import AlignmentError, OptionError, UnsupportedModelError, WeightsError
from spatialconv.results import merge_notes, one_line
from spatialconv.weights import Aligned, align

BoolArray = npt.NDArray[np.bool_]
_CUT, _GROUPS, _ISLANDS = "regions cut out of the weights", "the weights fall into", "islands: "


class NoMatrix:
    """Stands where one matrix for all periods is asked for, and refuses whatever would be done with it."""

    __array_ufunc__ = None

    def _refuse(self, *_: Any) -> NoReturn:
        raise UnsupportedModelError(NOT_DERIVED)

    def __getattr__(self, name: str) -> NoReturn:
        # Copies and pickles ask for names that nobody has, and go on without.
        if name.startswith("__"):
            raise AttributeError(name)
        raise UnsupportedModelError(NOT_DERIVED)

    __matmul__ = __rmatmul__ = __mul__ = __rmul__ = __add__ = __radd__ = __sub__ = __rsub__ = _refuse
    __neg__ = __abs__ = __getitem__ = __iter__ = __array__ = __len__ = __bool__ = _refuse


def not_derived(what: str) -> str:
    """Say that something is not derived for these models, and what is."""
    return (
        f"{what} not derived for a model whose weights or regions differ by period. Such a fit has estimates, "
        "covariances by the information (vcov='information' or 'observed'), wald_test() and impacts(); for the rest "
        "fit one matrix w to a panel without gaps (panel.balance())."
    )


NOT_DERIVED = not_derived("this is")


@dataclass(frozen=True, eq=False, repr=False)
class PeriodWeights(Aligned):
    """Aligned weights of each period, in `by_period`; its `matrix` refuses, since there is none for all of them.

    `islands` are pairs of region and period; `distinct` the weights that differ, `which` of them each period has.
    """

    distinct: tuple[Aligned, ...] = ()
    which: tuple[int, ...] = ()

    @property
    def by_period(self) -> tuple[Aligned, ...]:
        """The weights of each period."""
        return tuple(self.distinct[k] for k in self.which)

    @property
    def parts(self) -> tuple[tuple[Aligned, int], ...]:
        """The weights that differ, each with the number of periods that have them."""
        counts = np.bincount(self.which, minlength=len(self.distinct))
        return tuple(zip(self.distinct, counts.tolist(), strict=True))

    @property
    def blocks(self) -> Blocks:
        """Their matrices."""
        return Blocks(tuple(a.matrix for a in self.distinct), np.array(self.which, dtype=np.intp))

    def logdet_sum(self, method: str, means: int = 0) -> LogDet:
        """Return the sum of the log-determinants over the periods, `means` of which went with their means."""
        counts = np.bincount(self.which, minlength=len(self.distinct))
        # Where there is no link the determinant is one, whatever rho.
        places = [k for k, a in enumerate(self.distinct) if a.matrix.nnz and counts[k]]
        parts = tuple(self.distinct[k].logdet(method) for k in places)
        return Summed(parts, tuple(int(counts[k]) for k in places), tuple(places), means)


def is_by_period(w: Any) -> bool:
    """Whether weights are given as a mapping from period to Graph."""
    return isinstance(w, Mapping)


def given_by_period(w: Any, periods: pd.Index, name: str, said: str = "") -> list[Any]:
    """Return the weights of every period, from a mapping or the same for all.

    Raises
    ------
    AlignmentError
        If a period is not in the mapping; labels are compared with their type.
    """
    if not is_by_period(w):
        return [w] * len(periods)
    if not len(w):
        raise OptionError(f"{name} is an empty mapping; give the weights of each period, {first(list(periods))}.")
    absent = [period for period in periods if period not in w]
    if absent:
        raise AlignmentError(
            f"{name} has no weights for periods {first(absent)} of {len(periods):,}{said}; it has those of "
            f"{first(list(w))}. Labels must match exactly, in type too."
        )
    return [w[period] for period in periods]


def one_for_all(w: Any, regions: pd.Index, periods: pd.Index) -> Any:
    """Return the weights that a mapping gives to every period, if it gives all the same ones; else what was given."""
    if not is_by_period(w) or any(period not in w for period in periods) or not len(periods):
        return w
    first_, *others = (w[period] for period in periods)
    if any(other is not first_ for other in others):
        try:
            matrices = [align(other, regions).matrix for other in (first_, *others)]
        except (AlignmentError, WeightsError):
            # Regions that are not there in a period need no weights in it.
            return w
        if not all(same(matrices[0], other) for other in matrices[1:]):
            return w
    return first_


def period_weights(
    each: list[Any], inside: BoolArray, regions: pd.Index, periods: pd.Index, name: str
) -> PeriodWeights:
    """Align the weights of each period to the regions that are `inside`, shape (T, N), in it."""
    distinct: list[Aligned] = []
    known: dict[tuple[int, bytes], int] = {}
    which: list[int] = []
    for t, w in enumerate(each):
        key = (id(w), inside[t].tobytes())
        if key not in known:
            known[key] = _place(distinct, _aligned(w, regions[inside[t]], periods[t], name))
        which.append(known[key])
    islands = tuple((region, periods[t]) for t, k in enumerate(which) for region in distinct[k].islands)
    kinds = {a.standardised for a in distinct}
    how = kinds.pop() if len(kinds) == 1 else "none"
    varying = len({id(w) for w in each}) > 1
    head = f"weights by period ({len(distinct):,} of {len(periods):,} differ), first " if varying else ""
    summary = f"{head}{distinct[which[0]].summary}"
    notes = _notes(distinct, which, inside, islands)
    return PeriodWeights(NoMatrix(), regions, islands, how, notes, summary, {}, tuple(distinct), tuple(which))


def _place(distinct: list[Aligned], found: Aligned) -> int:
    """Return the place of weights among those that differ; equal ones share theirs."""
    for k, other in enumerate(distinct):
        if other.regions.equals(found.regions) and same(other.matrix, found.matrix):
            return k
    distinct.append(found)
    return len(distinct) - 1


def same(A: sp.csr_array, B: sp.csr_array) -> bool:
    """Whether two sparse matrices are equal, number by number."""
    return bool(A.shape == B.shape and A.nnz == B.nnz and (A != B).nnz == 0)


def _aligned(w: Any, regions: pd.Index, period: Any, name: str) -> Aligned:
    try:
        return align(w, regions)
    except (AlignmentError, WeightsError) as error:
        raise type(error)(f"{name} in period {first([period])}: {one_line(error)}") from None


def _notes(distinct: list[Aligned], which: list[int], inside: BoolArray, islands: tuple[Any, ...]) -> tuple[str, ...]:
    own = [note for a in distinct for note in a.notes if not note.startswith((_CUT, _GROUPS, _ISLANDS))]
    # That weights are cut to the regions that are there is said with who is there.
    cut = [note for k in which for note in distinct[k].notes if note.startswith(_CUT)] if inside.all() else []
    alone = [f"islands by period: {first(islands)} without a neighbour; their spatial lag is zero"] if islands else []
    apart = sum(any(note.startswith(_GROUPS) for note in distinct[k].notes) for k in which)
    split = [
        f"in {apart} of {len(which):,} periods the weights fall into groups of regions without a link between them"
    ]
    return merge_notes(own, cut, alone, split if apart else [])
