"""Between a libpysal Graph (or old W) and a checked sparse matrix with the labels of its regions."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from spatialconv._core.space import weights_algebra as algebra
from spatialconv._labels.matching import hint
from spatialconv._labels.order import label_order
from spatialconv._options import Standardise, choice, first
from spatialconv.errors import AlignmentError, WeightsError

if TYPE_CHECKING:  # takes a second and more, and whoever has weights has it
    from libpysal.graph import Graph
    from libpysal.weights import W

Weights: TypeAlias = "Graph | W"
IntArray = npt.NDArray[np.intp]
FloatArray = npt.NDArray[np.float64]

# Key in the attrs of a Graph's adjacency under which a builder says what it did. libpysal drops attrs when it
# transforms a Graph, so that the words are never older than the weights.
ATTRS = "spatialconv"
# Links looked at in one go.
_LINKS = 1 << 20
_TRANSFORMATION = {"row": "R", "spectral": "C", "none": "O"}


@dataclass(frozen=True, eq=False)
class Labelled:
    """A weights matrix (N, N) with the labels of its rows, how it was built and what to note about it."""

    matrix: Any
    regions: pd.Index
    built: str = "weights"
    notes: tuple[str, ...] = ()

    @property
    def islands(self) -> tuple[Any, ...]:
        """Labels of the regions without a neighbour."""
        return tuple(self.regions[np.diff(self.matrix.indptr) == 0])


def unpack(w: Weights) -> Labelled:
    """Return the checked matrix of a Graph or W; the object itself is left as it is."""
    from libpysal.graph import Graph
    from libpysal.weights import W

    if isinstance(w, Graph):
        adjacency = w.adjacency
        rows, cols, regions = _places(adjacency.index)
        values, said = adjacency.to_numpy(), adjacency.attrs.get(ATTRS, {})
    elif isinstance(w, W):
        # The dictionaries and not `W.sparse`, which is cached on the object and shared with the caller.
        ids = list(w.id_order)
        focal = pd.Index([i for i in ids for _ in w.neighbors[i]], dtype=object)
        neighbor = pd.Index([j for i in ids for j in w.neighbors[i]], dtype=object)
        values = np.array([v for i in ids for v in w.weights[i]], dtype=float)
        regions, said = pd.Index(ids), {}
        rows, cols = regions.get_indexer(focal), regions.get_indexer(neighbor)
    else:
        raise WeightsError(
            f"weights must be a libpysal Graph or W; got {type(w).__name__}. Build them by a function of "
            "spatialconv.weights, or label a matrix by weights.from_matrix(matrix, regions=...)."
        )
    regions = regions.rename(None)
    matrix = assemble(rows, cols, values, regions)
    return Labelled(matrix, regions, said.get("built", "weights"), tuple(said.get("notes", ())))


def _places(index: Any) -> tuple[IntArray, IntArray, pd.Index]:
    """Return the rows and columns of links, and the regions in the order in which they first stand as focal.

    By the codes of the index: there may be a hundred million links, and labels are slow to look up.
    """
    codes, (focal, neighbor) = [np.asarray(part) for part in index.codes], index.levels
    present = pd.unique(codes[0])
    if len(present) and (present.min() < 0 or codes[1].min() < 0):  # a label is missing
        regions = index.get_level_values(0).unique()
        return *(regions.get_indexer(index.get_level_values(level)) for level in (0, 1)), regions
    regions = focal[present]
    place = np.empty(len(focal), dtype=np.int32)
    place[present] = np.arange(len(present), dtype=np.int32)
    return place[codes[0]], regions.get_indexer(neighbor).astype(np.int32)[codes[1]], regions


def assemble(rows: IntArray, cols: IntArray, values: Any, regions: pd.Index) -> Any:
    n = len(regions)
    if n == 0:
        raise WeightsError("the weights have no regions.")
    if rows.min(initial=0) < 0 or cols.min(initial=0) < 0:
        raise WeightsError("the weights name a neighbour that is not among their own regions; add its row.")
    values = np.array(values, dtype=float)
    if _in_order(rows, cols):
        # Each link once, as our own builders leave them.
        start = np.searchsorted(rows, np.arange(n + 1, dtype=rows.dtype))
        return checked(sparse.csr_array((values, cols, start.astype(cols.dtype)), shape=(n, n)), regions, own=True)
    pairs = rows.astype(np.int64) * n + cols
    unique, count = np.unique(pairs, return_counts=True)
    if (count > 1).any():
        twice = [(regions[p // n], regions[p % n]) for p in unique[count > 1]]
        raise WeightsError(f"a link stands in the weights more than once: {first(twice)}. Keep one of each.")
    return checked(sparse.csr_array((values, (rows, cols)), shape=(n, n)), regions, own=True)


def _in_order(rows: IntArray, cols: IntArray) -> bool:
    """Whether links stand by row and in a row by column, each once; looked at in parts, which need little memory."""
    for start in range(0, len(rows), _LINKS):
        part = slice(start, start + _LINKS + 1)
        step = np.diff(rows[part])
        if not ((step >= 0).all() and (np.diff(cols[part])[step == 0] > 0).all()):
            return False
    return True


def checked(matrix: Any, regions: pd.Index, *, own: bool = False) -> Any:
    """Return the matrix as CSR without stored zeros, or say which pairs of regions have impossible weights.

    With `own` nobody else holds the matrix, and it is not copied.
    """
    matrix = sparse.csr_array(matrix, dtype=float, copy=not own)
    matrix.sum_duplicates()
    values = matrix.data
    if values.size and not (values.min() >= 0 and values.max() < np.inf):
        table = matrix.tocoo()
        for bad, what in (
            (np.isnan(table.data), "missing (NaN)"),
            (np.isinf(table.data), "infinite"),
            (table.data < 0, "negative"),
        ):
            if bad.any():
                pairs = list(zip(regions[table.row[bad]], regions[table.col[bad]], strict=True))
                raise WeightsError(
                    f"weights must be finite and not negative; {what} for {first(pairs)} (region, neighbour). "
                    "Correct these weights or remove the links."
                )
    itself = matrix.diagonal() != 0
    if itself.any():
        raise WeightsError(
            f"a region cannot be its own neighbour; the diagonal is not zero for {first(regions[itself])}. Set it "
            "to zero (statistics that count the region itself, such as Gi*, add it on their own)."
        )
    if not values.all():
        matrix.eliminate_zeros()
    matrix.sort_indices()
    return matrix


def numeric(matrix: Any) -> Any:
    """Return whatever holds a matrix of numbers as CSR, or raise WeightsError."""
    kind = type(matrix).__name__
    try:
        if not sparse.issparse(matrix):
            matrix = np.asarray(matrix)
    except ValueError as error:
        raise WeightsError(f"a matrix of weights must be two-dimensional and numeric; got {kind} ({error}).") from error
    if np.iscomplexobj(matrix):
        matrix = _real(matrix)
    try:
        if not sparse.issparse(matrix):
            matrix = np.asarray(matrix, dtype=float)
        found = sparse.csr_array(matrix, dtype=float)
    except (TypeError, ValueError) as error:
        raise WeightsError(f"a matrix of weights must be two-dimensional and numeric; got {kind} ({error}).") from error
    if found.ndim != 2:
        raise WeightsError(f"a matrix of weights must be two-dimensional; got the shape {found.shape}.")
    return found


def _real(matrix: Any) -> Any:
    # numpy would drop the imaginary parts with a warning, scipy without one.
    parts = abs(matrix.imag)
    if parts.size and parts.max() > 0:
        raise WeightsError(
            f"weights must be real numbers; imaginary parts of up to {parts.max():.3g} are not zero. Take for example "
            "the absolute values, on purpose, before they enter."
        )
    return matrix.real


def finish(labelled: Labelled, how: Standardise, *, own: bool = False) -> Graph:
    """Standardise and return a Graph; with `own` nobody else holds the matrix, and it may be overwritten."""
    if own and how == "row":
        algebra.scale_rows_inplace(labelled.matrix)
        return pack(labelled, how)
    return pack(replace(labelled, matrix=scaled(labelled.matrix, how)), how)


def scaled(matrix: Any, how: Standardise) -> Any:
    """Standardise a non-negative matrix; "none" leaves it as it is."""
    choice("standardise", how, Standardise)
    if how == "row":
        return algebra.scale_rows(matrix)
    return algebra.scale_spectrum(matrix) if how == "spectral" else matrix


def pack(labelled: Labelled, how: Standardise = "none") -> Graph:
    """Return the Graph of a labelled matrix; a region without neighbours has a loop of weight zero there."""
    from libpysal.graph import Graph

    matrix, regions = labelled.matrix, labelled.regions
    matrix.sort_indices()
    n, count = len(regions), np.diff(matrix.indptr)
    # Small numbers in small types: of all pairs of ten thousand regions there are a hundred million.
    rows, cols = np.repeat(np.arange(n, dtype=_code_type(n)), count), matrix.indices.astype(_code_type(n))
    values, islands = matrix.data, np.flatnonzero(count == 0)
    if len(islands):
        at = matrix.indptr[islands]
        rows, cols, values = np.insert(rows, at, islands), np.insert(cols, at, islands), np.insert(values, at, 0.0)
    # Codes in the order of the regions, whatever the labels: Graph.sparse goes by the codes.
    index = pd.MultiIndex(levels=[regions, regions], codes=[rows, cols], names=["focal", "neighbor"])
    adjacency = pd.Series(values, index=index, name="weight")
    adjacency.attrs[ATTRS] = {"built": labelled.built, "notes": list(labelled.notes)}
    return Graph(adjacency, transformation=_TRANSFORMATION[how], is_sorted=True)


def _code_type(n: int) -> type[np.signedinteger[Any]]:
    """Return the type that pandas keeps codes of n labels in, so that it need not copy them."""
    return next((kind for kind in (np.int8, np.int16, np.int32) if n < np.iinfo(kind).max), np.int64)


def labels(regions: Iterable[Hashable], what: str = "regions") -> pd.Index:
    """Return labels as an Index; they must be there, unique and not missing."""
    if isinstance(regions, str) or not isinstance(regions, Iterable):
        raise WeightsError(f"{what} are labels, several of them; got {regions!r}.")
    index = regions if isinstance(regions, pd.Index) else pd.Index(list(regions))
    if isinstance(index, pd.MultiIndex):
        raise WeightsError(f"{what} have labels of {index.nlevels} levels; give each region one label.")
    if len(index) == 0:
        raise WeightsError(f"{what} are empty; at least one is needed.")
    if index.hasnans:
        raise WeightsError(f"{what} without a label: {int(index.isna().sum())}. Give each region one.")
    if not index.is_unique:
        twice = index[index.duplicated()].unique()
        raise WeightsError(f"{what} must have unique labels; more than once: {first(twice)}. Rename or drop them.")
    return index.rename(None)


def label_rank(regions: pd.Index) -> IntArray:
    """Return the place of each label in sorted order; labels of several types by type, then as text."""
    try:
        order = np.argsort(regions.to_numpy(), kind="stable")
    except TypeError:
        order = label_order(regions)
    rank = np.empty(len(regions), dtype=np.intp)
    rank[order] = np.arange(len(regions))
    return rank


def positions(index: pd.Index, wanted: pd.Index, *, of: str, where: str) -> IntArray:
    """Return where the wanted labels stand in the index, or raise AlignmentError naming those that do not."""
    places = _indexer(index, wanted)
    absent = wanted[places < 0]
    if len(absent):
        raise AlignmentError(
            f"{of} not in {where}: {first(absent)}; {where} have {first(index)}.{_hint(index, absent, wanted)}"
        )
    return places


def _indexer(index: pd.Index, wanted: pd.Index) -> IntArray:
    # As objects: 330100 and '330100' are different labels, and no dtype is coerced into another.
    return np.asarray(index.astype(object).get_indexer(wanted.astype(object)))


def _hint(index: pd.Index, absent: pd.Index, wanted: pd.Index) -> str:
    rule = hint(wanted, index)
    texts = {str(label).strip() for label in index}
    if not all(str(label).strip() in texts for label in absent):
        return rule or " Labels must match exactly; for a GeoDataFrame the index holds them (gdf.set_index)."
    kinds = [type(i[0]).__name__ for i in (absent.astype(object), index.astype(object))]
    why = f"in type ({kinds[0]} against {kinds[1]})" if kinds[0] != kinds[1] else "in blanks around them"
    return f" The labels differ only {why}: convert one of the two.{rule}"


def cut(labelled: Labelled, places: IntArray) -> Labelled:
    """Return the weights among some regions, standardised again in the way that all of them were."""
    if len(places) == len(labelled.regions):
        return replace(labelled, matrix=_at(labelled.matrix, places), regions=labelled.regions[places])
    how = algebra.standardisation(labelled.matrix)
    out = np.setdiff1d(np.arange(len(labelled.regions)), places)
    again = "" if how == "none" else f"; {phrase(how)} again"
    note = f"regions cut out of the weights: {first(labelled.regions[out])}{again}"
    matrix = scaled(_at(labelled.matrix, places), how)
    return replace(labelled, matrix=matrix, regions=labelled.regions[places], notes=(*labelled.notes, note))


def _at(matrix: Any, places: IntArray) -> Any:
    part = sparse.csr_array(matrix[places][:, places])
    part.sort_indices()
    return part


def phrase(how: str) -> str:
    """Say how weights are standardised, in words."""
    return {"row": "row-standardised", "spectral": "divided by the largest eigenvalue"}.get(how, "not standardised")


def symmetric(n: int, i: IntArray, j: IntArray, values: FloatArray) -> Any:
    """Return the symmetric (n, n) matrix of pairs i != j, each given once."""
    rows, cols = np.concatenate([i, j]), np.concatenate([j, i])
    return sorted_csr(np.concatenate([values, values]), rows, cols, n)


def complete(values: FloatArray) -> Any:
    """Return the (n, n) matrix of values, shape (n, n - 1), of every region and all others; it takes their memory.

    Values of zero are no links.
    """
    n = len(values)
    columns = np.empty((n, max(n - 1, 0)), dtype=np.int32)
    others = np.arange(n, dtype=np.int32)
    for i in range(n):
        columns[i, :i], columns[i, i:] = others[:i], others[i + 1 :]
    start = (n - 1) * np.arange(n + 1, dtype=np.int32)
    matrix = sparse.csr_array((values.ravel(), columns.ravel(), start), shape=(n, n))
    if matrix.nnz and matrix.data.min() == 0:
        matrix.eliminate_zeros()
    return matrix


def sorted_csr(values: FloatArray, rows: IntArray, cols: IntArray, n: int) -> Any:
    """Return the (n, n) matrix of the elements given, columns in order within each row."""
    matrix = sparse.csr_array((values, (rows, cols)), shape=(n, n))
    matrix.sort_indices()
    return matrix
