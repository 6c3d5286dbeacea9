"""Weights in the order of a panel's regions, cut out and standardised."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components

from spatialconv._core.likelihood.logdet import LogDet, choose
from spatialconv._core.space import weights_algebra as algebra
from spatialconv._options import Standardise, choice, first
from spatialconv.errors import AlignmentError
from spatialconv.results import plural
from spatialconv.weights._graph import Labelled, Weights, cut, finish, labels, pack, phrase, positions, unpack

if TYPE_CHECKING:
    from libpysal.graph import Graph


@dataclass(frozen=True, eq=False, repr=False)
class Aligned:
    """Weights as the numerics take them: a matrix whose rows and columns are in the order of `regions`.

    `standardised` is read off the matrix itself: "row" if the rows of all regions with neighbours sum to one,
    "spectral" if the largest eigenvalue is one, else "none". `notes` name islands and what was cut out;
    `summary` is one line for the provenance of a result.
    """

    matrix: Any
    regions: pd.Index
    islands: tuple[Any, ...]
    standardised: Standardise
    notes: tuple[str, ...]
    summary: str
    _logdets: dict[str, LogDet] = field(default_factory=dict)

    @property
    def parts(self) -> tuple[tuple[Aligned, int], ...]:
        """The weights that differ, each with the number of periods that have them; here these alone."""
        return ((self, 1),)

    def logdet(self, method: str = "auto") -> LogDet:
        """Return log|I - rho W| as `models` takes it, set up when first asked for: many fits may share it."""
        if method not in self._logdets:
            self._logdets[method] = choose(self.matrix, method)
        return self._logdets[method]

    def __repr__(self) -> str:
        return "\n".join([f"Aligned weights: {self.summary}", *(f"  note: {note}" for note in self.notes)])


def align(w: Weights | Aligned, regions: Iterable[Hashable]) -> Aligned:
    """Bring weights into the order of some regions, by label; what is left over is cut out and noted.

    If regions are cut out, those that remain are standardised again in the way that all of them were: an
    average over some neighbours stays an average. The weights given are never modified.

    Parameters
    ----------
    w : Graph, W or Aligned
        libpysal weights, new or old, in any order; what is aligned to these very regions already is returned as it is.
    regions : labels
        The regions wanted, in the order wanted; usually `panel.regions`.

    Returns
    -------
    Aligned
        With `matrix` (scipy.sparse.csr_array, N x N), `regions`, `islands`, `standardised`, `notes`, `summary`.

    Raises
    ------
    AlignmentError
        If a region has no row in the weights, or weights are aligned to other regions. Labels are compared with
        their type: 330100 is not "330100".
    WeightsError
        If weights are missing, infinite, negative or on the diagonal, or the object is no libpysal weights.

    Examples
    --------
    >>> import numpy as np, spatialconv as sc
    >>> ring = sc.weights.from_matrix(np.ones((3, 3)) - np.eye(3), regions=["a", "b", "c"], standardise="row")
    >>> sc.weights.align(ring, ["c", "a"])
    Aligned weights: weights from a matrix, row-standardised: 2 regions, 2 links
      note: regions cut out of the weights: 'b'; row-standardised again
    """
    wanted = regions if isinstance(regions, pd.Index) else pd.Index(list(regions))
    if isinstance(w, Aligned):
        if not w.regions.equals(wanted):
            raise AlignmentError(
                f"these weights are aligned to {len(w.regions):,} regions, {first(list(w.regions))}, not to the "
                f"{len(wanted)} asked for, {first(list(wanted))}; pass the weights that they were made from."
            )
        return w
    found = _restricted(w, wanted)
    how = algebra.standardisation(found.matrix)
    notes = (*found.notes, *island_notes(found), *group_notes(found))
    return Aligned(found.matrix, wanted, found.islands, how, notes, summarised(found, how))


def subset(w: Weights, regions: Iterable[Hashable]) -> Graph:
    """Return the weights among some regions, in their order, standardised again in the way that all were.

    Parameters
    ----------
    w : Graph or W
        libpysal weights; not modified.
    regions : labels
        Those to keep.

    Returns
    -------
    libpysal.graph.Graph
        New weights; that regions were cut out is noted where they are used.

    Raises
    ------
    AlignmentError, WeightsError
        See `align`.

    Examples
    --------
    >>> import numpy as np, spatialconv as sc
    >>> ring = sc.weights.from_matrix(np.ones((3, 3)) - np.eye(3), regions=["a", "b", "c"], standardise="row")
    >>> sc.weights.subset(ring, ["a", "b"])["a"].to_dict()
    {'b': 1.0}
    """
    found = _restricted(w, regions)
    return pack(found, algebra.standardisation(found.matrix))


def standardise(w: Weights, how: Standardise = "row") -> Graph:
    """Return weights whose rows sum to one, or whose largest eigenvalue is one; islands keep rows of zeros.

    Division by rows makes a spatial lag the average over neighbours and treats every region alike; division by
    one number for all keeps the proportions between rows, for example those of distances in km.

    Parameters
    ----------
    w : Graph or W
        libpysal weights; not modified.
    how : {"row", "spectral", "none"}
        "none" returns the weights as they are: what a standardisation divided by is not kept anywhere.

    Returns
    -------
    libpysal.graph.Graph
        New weights.

    Raises
    ------
    WeightsError
        If weights are missing, infinite, negative or on the diagonal.

    References
    ----------
    Kelejian and Prucha (2010), Specification and estimation of spatial autoregressive models with
    autoregressive and heteroskedastic disturbances, Journal of Econometrics 157, 53-67 (normalisation).

    Examples
    --------
    >>> import numpy as np, spatialconv as sc
    >>> w = sc.weights.from_matrix(np.array([[0, 2], [8, 0]]), regions=["a", "b"])
    >>> sc.weights.standardise(w, "spectral").adjacency.round(9).to_list()
    [0.5, 2.0]
    """
    choice("how", how, Standardise)
    return finish(unpack(w), how)


def _restricted(w: Weights, regions: Iterable[Hashable]) -> Labelled:
    found = unpack(w)
    wanted = labels(regions)
    return cut(found, positions(found.regions, wanted, of="regions", where="the weights"))


def island_notes(found: Labelled) -> tuple[str, ...]:
    """Name the islands, if there are any."""
    if not found.islands:
        return ()
    have, their = ("have", "their") if len(found.islands) > 1 else ("has", "its")
    return (f"islands: {first(found.islands)} {have} no neighbour; {their} spatial lag is zero",)


def group_notes(found: Labelled) -> tuple[str, ...]:
    """Say into how many groups without links between them the regions fall, islands apart; nothing if it is one."""
    _, group = connected_components(found.matrix, directed=False)
    linked = ~np.isin(found.regions, list(found.islands)) if found.islands else np.ones(len(group), dtype=bool)
    sizes = np.sort(np.unique(group[linked], return_counts=True)[1])[::-1]
    if len(sizes) < 2:
        return ()
    shown = ", ".join(str(size) for size in sizes[:4]) + (", …" if len(sizes) > 4 else "")
    return (f"the weights fall into {len(sizes)} groups of regions without a link between them, of {shown} regions",)


def summarised(found: Labelled, how: str) -> str:
    """Return the one line that results keep of their weights."""
    isles = f", {len(found.islands)} without a neighbour" if found.islands else ""
    size = f"{plural(len(found.regions), 'region')}, {plural(found.matrix.nnz, 'link')}"
    return f"{found.built}, {phrase(how)}: {size}{isles}"
