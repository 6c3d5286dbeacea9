"""What there is to know about weights: their summary, and the interval that rho must lie in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components

from spatialconv._core.space import weights_algebra as algebra
from spatialconv._options import Standardise, first
from spatialconv.errors import WeightsError
from spatialconv.results import Provenance, Result, number, plural
from spatialconv.weights._align import island_notes, summarised
from spatialconv.weights._graph import Weights, numeric, phrase, unpack


def rho_interval(matrix: Any) -> tuple[float, float]:
    """Return the interval (1 / w_min, 1 / w_max) in which rho of a spatial lag or error model must lie.

    w_min and w_max are the smallest and largest purely real eigenvalues of the weights: I - rho W is singular
    only where 1 / rho is one of them, and complex eigenvalues bound nothing. For row-standardised weights the
    upper end is exactly 1, and the lower end usually lies below -1. Without a negative (positive) real
    eigenvalue, as in a matrix of zeros, the interval is open to -inf (inf).

    Up to 2000 regions in one piece all eigenvalues are computed; beyond, the ends by Lanczos iteration. Should
    that not separate the real ones from the complex ones, the end returned lies inside the true interval.

    Parameters
    ----------
    matrix : array, sparse matrix, Graph or W
        Square weights (N, N), in any standardisation.

    Returns
    -------
    low, high : float
        Ends of the open interval.

    Raises
    ------
    WeightsError
        If the matrix is not square or holds missing or infinite elements.

    References
    ----------
    LeSage and Pace (2009), Introduction to Spatial Econometrics, section 4.3.2. Ord (1975), Estimation methods
    for models of spatial interaction, JASA 70, 120-126 (the symmetric matrix similar to a row-standardised one).

    Examples
    --------
    >>> import numpy as np, spatialconv as sc
    >>> star = np.array([[0, 0.5, 0.5], [1, 0, 0], [1, 0, 0]])
    >>> [round(end, 9) for end in sc.weights.rho_interval(star)]
    [-1.0, 1.0]
    """
    interval = algebra.admissible_interval(_square(matrix))
    return interval.low, interval.high


def _square(matrix: Any) -> Any:
    if hasattr(matrix, "adjacency") or hasattr(matrix, "id_order"):
        return unpack(matrix).matrix
    W = numeric(matrix)  # noqa: N806
    if W.shape[0] != W.shape[1] or W.shape[0] == 0:
        raise WeightsError(f"a weights matrix must be square; got the shape {W.shape}.")
    if not np.isfinite(W.data).all():
        raise WeightsError(f"{int((~np.isfinite(W.data)).sum()):,} weights are missing or infinite; correct them.")
    return W


@dataclass(frozen=True, eq=False, repr=False)
class WeightsSummary(Result):
    """What there is to know about weights before they are used.

    Attributes
    ----------
    n : int
        Number of regions.
    links : int
        Number of positive weights; a mutual link counts twice.
    islands : tuple
        Labels of the regions without a neighbour.
    components : int
        Number of groups of regions between which no chain of links leads; an island is one of its own.
    symmetric : bool
        Whether every link is mutual (the two weights may differ, as row-standardised ones do).
    min_neighbours, mean_neighbours, max_neighbours : int, float, int
        Number of neighbours of a region, islands counting as zero.
    rho_interval : tuple of float
        See `spatialconv.weights.rho_interval`.
    standardised : {"row", "spectral", "none"}
        As read off the weights.
    table : DataFrame
        One row a region: neighbours, weight (the row sum) and component (numbered from 1).
    """

    built: str
    n: int
    links: int
    islands: tuple[Any, ...]
    components: int
    symmetric: bool
    min_neighbours: int
    mean_neighbours: float
    max_neighbours: int
    rho_interval: tuple[float, float]
    standardised: Standardise
    table: pd.DataFrame
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=lambda: Provenance("weights.describe"))

    def tidy(self) -> pd.DataFrame:
        """Return one row a region: region, neighbours, weight, component."""
        return self.table.rename_axis("region").reset_index()

    def glance(self) -> pd.DataFrame:
        """Return one row: size, links, islands, components, symmetry, neighbours, interval of rho."""
        row = {
            "n": self.n,
            "links": self.links,
            "islands": len(self.islands),
            "components": self.components,
            "symmetric": self.symmetric,
            "min_neighbours": self.min_neighbours,
            "mean_neighbours": self.mean_neighbours,
            "max_neighbours": self.max_neighbours,
            "rho_low": self.rho_interval[0],
            "rho_high": self.rho_interval[1],
            "standardised": self.standardised,
        }
        return pd.DataFrame([row])

    def _headline(self) -> list[str]:
        links = "mutual" if self.symmetric else "not all mutual"
        isles = first(self.islands) if self.islands else "none"
        low, high = (number(end) for end in self.rho_interval)
        neighbours = f"{self.min_neighbours} to {self.max_neighbours}, mean {number(self.mean_neighbours, 2)}"
        return [
            f"Weights: {self.built}, {phrase(self.standardised)}",
            f"  {plural(self.n, 'region')}, {plural(self.links, 'link')} ({links}), "
            f"components: {self.components}, islands: {isles}",
            f"  neighbours a region: {neighbours}",
            f"  rho must lie in ({low}, {high})",
        ]


def describe(w: Weights) -> WeightsSummary:
    """Summarise weights: links, islands, components, neighbours, and the interval that rho must lie in.

    Parameters
    ----------
    w : Graph or W
        libpysal weights; not modified.

    Returns
    -------
    WeightsSummary
        Frozen, with reprs in text and HTML.

    Raises
    ------
    WeightsError
        If weights are missing, infinite, negative or on the diagonal.

    Examples
    --------
    >>> import numpy as np, spatialconv as sc
    >>> chain = sc.weights.from_matrix(np.eye(3, k=1) + np.eye(3, k=-1), regions=["a", "b", "c"], standardise="row")
    >>> sc.weights.describe(chain)
    Weights: weights from a matrix, row-standardised
      3 regions, 4 links (mutual), components: 1, islands: none
      neighbours a region: 1 to 2, mean 1.33
      rho must lie in (-1.0000, 1.0000)
    """
    found = unpack(w)
    matrix, how = found.matrix, algebra.standardisation(found.matrix)
    count = np.diff(matrix.indptr).astype(np.int64)
    components, member = connected_components(matrix, directed=True, connection="weak")
    interval = algebra.admissible_interval(matrix)
    notes = (*found.notes, *island_notes(found))
    if not interval.exact:
        notes += ("the interval of rho is approximate: it lies inside the true one",)
    table = pd.DataFrame(
        {"neighbours": count, "weight": algebra.row_sums(matrix), "component": member + 1}, index=found.regions
    )
    return WeightsSummary(
        built=found.built,
        n=len(found.regions),
        links=int(matrix.nnz),
        islands=found.islands,
        components=int(components),
        symmetric=algebra.mutual(matrix),
        min_neighbours=int(count.min()),
        mean_neighbours=float(count.mean()),
        max_neighbours=int(count.max()),
        rho_interval=(interval.low, interval.high),
        standardised=how,
        table=table,
        notes=notes,
        provenance=Provenance("weights.describe", n_regions=len(found.regions), weights=summarised(found, how)),
    )
