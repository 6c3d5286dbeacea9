"""Weights from matrices and files, and back into files."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from spatialconv._files.encoding import known_encoding
from spatialconv._files.regular import MEGABYTE, regular_file
from spatialconv._files.writing import whole_file
from spatialconv._options import Standardise, choice, first, names
from spatialconv.errors import AlignmentError, FileError, OptionError, WeightsError
from spatialconv.weights._cells import Ask
from spatialconv.weights._formats import READERS, WRITERS
from spatialconv.weights._graph import Labelled, Weights, checked, finish, numeric, positions, unpack
from spatialconv.weights._graph import labels as index_of

if TYPE_CHECKING:
    from libpysal.graph import Graph

AT_MOST = 500 * MEGABYTE


def from_matrix(matrix: Any, *, regions: Iterable[Hashable] | None = None, standardise: Standardise = "none") -> Graph:
    """Label a matrix of weights: w_ij, in row i and column j, is what region i takes from region j.

    Parameters
    ----------
    matrix : array, sparse matrix or DataFrame
        Square (N, N), finite, not negative, with zeros on the diagonal. The columns of a DataFrame are brought
        into the order of its rows by label.
    regions : labels, optional
        Labels of rows and columns, in their order: needed unless `matrix` is a DataFrame. With a DataFrame, the
        order wanted; the same labels as in the frame.
    standardise : {"none", "row", "spectral"}
        Leave the weights as they are, make rows sum to one, or divide by the largest eigenvalue.

    Returns
    -------
    libpysal.graph.Graph
        Labelled by region.

    Raises
    ------
    WeightsError
        If the matrix is not square or not numeric, labels do not fit or are not unique, or weights are missing,
        infinite, negative or on the diagonal (the regions are named).
    AlignmentError
        If rows and columns of a DataFrame, or its labels and `regions`, differ.

    Examples
    --------
    >>> import numpy as np, spatialconv as sc
    >>> trade = np.array([[0, 3, 1], [2, 0, 0], [0, 5, 0]])
    >>> sc.weights.from_matrix(trade, regions=["a", "b", "c"], standardise="row")["a"].to_dict()
    {'b': 0.75, 'c': 0.25}
    """
    choice("standardise", standardise, Standardise)
    if isinstance(matrix, pd.DataFrame):
        values, index = _of_frame(matrix, regions)
    elif regions is None:
        raise WeightsError("a matrix has no labels of its own; give regions=[...] in the order of its rows.")
    else:
        values, index = matrix, index_of(regions)
    found = numeric(values)
    if found.shape != (len(index), len(index)):
        raise WeightsError(
            f"{len(index):,} regions need a matrix of {len(index):,} x {len(index):,}; got {found.shape}."
        )
    return finish(Labelled(checked(found, index), index, "weights from a matrix"), standardise)


def _of_frame(frame: pd.DataFrame, regions: Iterable[Hashable] | None) -> tuple[Any, pd.Index]:
    rows, columns = index_of(frame.index, "the rows"), index_of(frame.columns, "the columns")
    wanted = rows if regions is None else index_of(regions)
    i = positions(rows, wanted, of="regions", where="the rows of the matrix")
    j = positions(columns, wanted, of="regions", where="the columns of the matrix")
    for name, have in (("rows", rows), ("columns", columns)):
        if len(have) > len(wanted):
            extra = have[~have.astype(object).isin(wanted.astype(object))]
            raise AlignmentError(
                f"{name} of the matrix are not among the regions: {first(extra)}. Read it whole and cut out by "
                "weights.subset, which standardises again."
            )
    return frame.iloc[i, j], wanted


def read(
    path: str | Path,
    *,
    regions: Iterable[Hashable] | None = None,
    labels: str | Iterable[str] = (),
    standardise: Standardise = "none",
    encoding: str = "utf-8-sig",
    sep: str = "",
    decimal: str = "",
    sheet: str = "",
    matrix: str = "",
) -> Graph:
    r"""Read weights from a file: .gal, .gwt, .kwt, .csv, .mtx, .txt, .xlsx, .dta, .mat or .swm.

    - .gal: lists of neighbours (GeoDa, spdep), weight one each.
    - .gwt: one line a link: region, neighbour, weight.
    - .kwt: GeoDa's kernel weights, lines as in .gwt; regions that are their own neighbours are taken off and noted.
    - .csv, .xlsx, .dta: a list of links with columns focal, neighbor and, if there are any, weight; or a square matrix
      with labels in the first column and the first line, or without labels, whose order `labels` says. Separator and
      decimal sign of a .csv are found out.
    - .mtx: Matrix Market. It has no labels: give `labels` (or `regions`) in the order of its rows. (Files of `write`
      keep them in comments.)
    - .mat: MATLAB up to 7.2, a square matrix, full or sparse, with `labels` as .mtx.
    - .txt: Stata's `spmatrix export` and `spmat export`: n, then lines of ID and weights, or of ID and neighbours.
    - .swm: ArcGIS.

    Parameters
    ----------
    path : str or Path
        The file; its ending tells the format.
    regions : labels, optional
        Regions in the order wanted, all of the file and, where a list names no islands, these too. Labels in
        files are text: they are matched with yours as text, and yours are kept. Without it, labels are those of
        the file in its order, as numbers if all are whole numbers.
    labels : names, optional
        Of rows and columns in the order of the file, where it holds a matrix without any.
    standardise : {"none", "row", "spectral"}
        Leave the weights as the file has them, make rows sum to one, or divide by the largest eigenvalue.
    encoding : str
        Of text files; "gbk" for files of older Chinese software.
    sep, decimal : str
        Of a .csv file, where they are not to be found out.
    sheet : str
        Of a workbook with several.
    matrix : str
        Name of the matrix in a .mat file with several.

    Returns
    -------
    libpysal.graph.Graph
        Labelled by region.

    Raises
    ------
    FileError
        If the file is absent, has another ending, or is not what its ending says.
    AlignmentError
        If the file names regions that `regions` do not.
    WeightsError
        If a link stands twice or weights are missing, infinite, negative or on the diagonal.

    Examples
    --------
    >>> import pathlib, tempfile, spatialconv as sc
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "links.csv"
    >>> _ = path.write_text("focal,neighbor\na,b\nb,a\nc,b\n")
    >>> sc.weights.describe(sc.weights.read(path)).links
    3
    """
    choice("standardise", standardise, Standardise)
    if not isinstance(path, (str, PathLike)):
        raise FileError(f"path must be the name of a file; got an object of type {type(path).__name__}.")
    path = Path(path)
    reader = _by_ending(path, READERS)
    path = regular_file(path, "weights", AT_MOST)
    wanted = None if regions is None else index_of(regions)
    ask = Ask(encoding, names("labels", labels), sheet, sep, decimal, matrix)
    if not isinstance(encoding, str) or not known_encoding(encoding):
        raise FileError(f"{encoding!r} is no encoding that Python knows. Take 'utf-8' or 'gbk'.")
    odd = [(key, value) for key, value in vars(ask).items() if key != "labels" and not isinstance(value, str)]
    if odd:
        raise OptionError(f"{odd[0][0]} must be text; got {odd[0][1]!r}.")
    try:
        found = reader(path, wanted, ask)
    except (UnicodeDecodeError, UnicodeError) as error:
        raise FileError(f"{path.name} is not text in {encoding}. Give encoding=, for example 'gbk'.") from error
    return finish(found, standardise)


def write(w: Weights, path: str | Path) -> Path:
    """Write weights to a file: .gal, .gwt, .csv (a list of links) or .mtx; the ending tells the format.

    In a .csv, labels that a spreadsheet would take for formulas (=, +, @, - or a tab first) stand behind an apostrophe,
    which `read` takes off again.

    Weights are written with all their digits and read back by `read` unchanged. A .gal file holds no weights:
    it is refused if those of a region differ. Islands are written in every format; in lists of links as a link
    to the region itself of weight zero, as libpysal does.

    Parameters
    ----------
    w : Graph or W
        libpysal weights; not modified.
    path : str or Path
        The file to write, in a folder that exists.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    FileError
        If the folder is not there or the ending is another.
    WeightsError
        If the format cannot hold the weights: unequal ones in .gal, labels with blanks in .gal and .gwt.

    Examples
    --------
    >>> import pathlib, tempfile, numpy as np, spatialconv as sc
    >>> w = sc.weights.from_matrix(np.array([[0, 1], [1, 0]]), regions=["a", "b"])
    >>> path = sc.weights.write(w, pathlib.Path(tempfile.mkdtemp()) / "w.gal")
    >>> path.read_text().splitlines()
    ['2', 'a 1', 'b', 'b 1', 'a']
    """
    path = Path(path)
    writer = _by_ending(path, WRITERS)
    if not path.parent.is_dir():
        raise FileError(f"there is no folder {str(path.parent)!r} to write {path.name} into. Make it first.")
    found = unpack(w)
    try:
        with whole_file(path) as unfinished:
            writer(found, unfinished)
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"cannot write {str(path)!r}: {error.strerror or error}.") from error
    return path


def _by_ending(path: Path, table: dict[str, Any]) -> Callable[..., Any]:
    found: Callable[..., Any] | None = table.get(path.suffix.lower())
    if found is None:
        raise FileError(f"weights files end in {', '.join(table)}; got {path.name!r}.")
    return found
