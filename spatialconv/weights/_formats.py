"""The formats of weights files: each reader gives a labelled matrix, each writer takes one."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import io as scipy_io

from spatialconv._files.matrix_market import matrix_market
from spatialconv._files.spreadsheet import guarded
from spatialconv._options import first
from spatialconv.errors import FileError, WeightsError
from spatialconv.weights._cells import Ask, Edges, from_cells, from_edges, rows_of_text
from spatialconv.weights._foreign import read_dta, read_mat, read_sheet, read_spmatrix, read_swm
from spatialconv.weights._graph import Labelled, checked, numeric

_LABEL = "%region "


# ---------------------------------------------------------------------- reading


def _read_gal(path: Path, wanted: pd.Index | None, ask: Ask) -> Labelled:
    lines = path.read_text(encoding=ask.encoding).splitlines()
    header = lines[0].split() if lines else []
    tokens = " ".join(lines[1:]).split()
    edges: Edges = []
    own, at = [], 0
    try:
        n = _count(header[1] if len(header) > 1 else header[0], "regions")
        # By words and not by lines: a region without neighbours has an empty line in some files and none in others.
        while at < len(tokens):
            if at + 1 == len(tokens):
                raise ValueError(f"{tokens[at][:40]} stands last, without its number of neighbours")
            region, count = tokens[at], _count(tokens[at + 1], f"neighbours of {tokens[at][:40]}")
            near = tokens[at + 2 : at + 2 + count]
            if len(near) < count:
                raise ValueError(f"{region[:40]} has {len(near)} of {count} neighbours")
            edges += [(region, other, 1.0) for other in near]
            own.append(region)
            at += 2 + count
        if len(own) != n:
            raise ValueError(f"{n} regions announced, {len(own)} found")
    except (ValueError, IndexError) as error:
        why = "it is empty" if isinstance(error, IndexError) else error
        raise FileError(f"{path.name} is no .gal file: {why}. Labels must hold no blanks.") from error
    return from_edges(edges, own, wanted, path)


def _count(word: str, what: str) -> int:
    # Nine digits at most: int() of thousands of digits takes its time or refuses in words of its own, and a negative
    # count would send the reader back over what it has read.
    if not (word.isascii() and word.isdigit() and len(word) <= 9):
        raise ValueError(f"the number of {what} must be a whole number, not {word[:20]!r}")
    return int(word)


def _read_gwt(path: Path, wanted: pd.Index | None, ask: Ask, own: bool = False) -> Labelled:
    lines = path.read_text(encoding=ask.encoding).splitlines()
    try:
        header = lines[0].split()
        n = _count(header[1] if len(header) > 1 else header[0], "regions")
        words = [line.split() for line in lines[1:] if line.strip()]
        edges = [(focal, other, float(weight)) for focal, other, weight in words]
    except (ValueError, IndexError) as error:
        kind = path.suffix.lower()
        raise FileError(f"{path.name} is no {kind} file: {error}. Each line is: region neighbour weight.") from error
    labels = [edge[0] for edge in edges] + [edge[1] for edge in edges]
    loops = sum(edge[0] == edge[1] and edge[2] != 0 for edge in edges) if own else 0
    notes = (f"{path.name} has {loops} regions as their own neighbours; taken off",) if loops else ()
    edges = [edge for edge in edges if edge[0] != edge[1]] if own else edges
    return from_edges(edges, labels, wanted, path, n, notes)


def _read_kwt(path: Path, wanted: pd.Index | None, ask: Ask) -> Labelled:
    """Read GeoDa's kernel weights: a .gwt file in which regions are their own neighbours."""
    return _read_gwt(path, wanted, ask, own=True)


def _read_csv(path: Path, wanted: pd.Index | None, ask: Ask) -> Labelled:
    text = path.read_bytes().decode(ask.encoding).removeprefix("\ufeff")
    return from_cells(rows_of_text(text, path, ask), wanted, path, ask)


def _read_mtx(path: Path, wanted: pd.Index | None, ask: Ask) -> Labelled:
    lines = path.read_text(encoding=ask.encoding).splitlines()
    said = _said(lines, path) or list(ask.labels)
    index = wanted if wanted is not None else pd.Index(said)
    if len(index) == 0:
        raise FileError(f"{path.name} has no labels; give regions=[...] in the order of its rows.")
    try:
        found = matrix_market(lines, len(said) or len(index))
    except (ValueError, IndexError) as error:
        raise FileError(f"{path.name} is no Matrix Market file: {error}.") from error
    matrix = numeric(found)
    if said and wanted is not None:
        if matrix.shape != (len(said), len(said)):
            raise FileError(f"{path.name} holds a matrix of {matrix.shape}; its comments label {len(said)} regions.")
        table = matrix.tocoo()
        texts = [str(label) for label in said]
        edges = [(texts[i], texts[j], v) for i, j, v in zip(table.row, table.col, table.data, strict=True)]
        return from_edges(edges, texts, wanted, path)
    if matrix.shape != (len(index), len(index)):
        raise FileError(f"{path.name} holds a matrix of {matrix.shape}; {len(index)} regions were given.")
    return Labelled(checked(matrix, index), index, f"weights from {path.name}")


def _said(lines: list[str], path: Path) -> list[Any]:
    """Return the labels that `write` left in comments."""
    try:
        found = [json.loads(line[len(_LABEL) :]) for line in lines if line.startswith(_LABEL)]
    except (ValueError, RecursionError) as error:
        raise FileError(f"{path.name} has labels in its comments that are no JSON: {error}.") from error
    odd = [label for label in found if isinstance(label, (dict, list)) or label is None]
    if odd:
        raise FileError(f"{path.name} has labels in its comments that are neither text nor numbers: {first(odd)}.")
    return found


# ---------------------------------------------------------------------- writing


def _links(found: Labelled) -> Iterable[tuple[Any, Any, float]]:
    table, regions = found.matrix.tocoo(), found.regions
    alone = np.flatnonzero(np.diff(found.matrix.indptr) == 0)
    rows, cols = np.concatenate([table.row, alone]), np.concatenate([table.col, alone])
    values = np.concatenate([table.data, np.zeros(len(alone))])
    order = np.lexsort((cols, rows))
    return zip(regions[rows[order]], regions[cols[order]], values[order].tolist(), strict=True)


def _without_blanks(found: Labelled, path: Path) -> None:
    blank = [label for label in found.regions if len(str(label).split()) != 1]
    if blank:
        raise WeightsError(f"{path.suffix} files cannot hold labels with blanks: {first(blank)}. Write a .csv file.")


def _write_gal(found: Labelled, path: Path) -> None:
    _without_blanks(found, path)
    matrix = found.matrix
    rows = np.repeat(np.arange(len(found.regions)), np.diff(matrix.indptr))
    top = np.zeros(len(found.regions))
    np.maximum.at(top, rows, matrix.data)
    unequal = np.unique(rows[~np.isclose(matrix.data, top[rows], rtol=1e-9, atol=0)])
    if len(unequal):
        raise WeightsError(
            f".gal files hold links without weights; these differ among the neighbours of "
            f"{first(found.regions[unequal])}. Write a .gwt or .csv file."
        )
    lines = [str(len(found.regions))]
    for i, region in enumerate(found.regions):
        near = found.regions[matrix.indices[matrix.indptr[i] : matrix.indptr[i + 1]]]
        lines += [f"{region} {len(near)}", " ".join(str(label) for label in near)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_gwt(found: Labelled, path: Path) -> None:
    _without_blanks(found, path)
    lines = [f"0 {len(found.regions)} unknown unknown", *(f"{i} {j} {v!r}" for i, j, v in _links(found))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_csv(found: Labelled, path: Path) -> None:
    rows = [(guarded(i), guarded(j), value) for i, j, value in _links(found)]
    # Line breaks in labels as they are, on every system.
    frame = pd.DataFrame(rows, columns=["focal", "neighbor", "weight"])
    path.write_bytes(frame.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_MINIMAL).encode("utf-8"))


def _write_mtx(found: Labelled, path: Path) -> None:
    said = "\n".join(_LABEL[1:] + json.dumps(label, default=str) for label in found.regions)
    scipy_io.mmwrite(path, found.matrix, comment=said, precision=17, symmetry="general")


READERS = {
    ".gal": _read_gal,
    ".gwt": _read_gwt,
    ".csv": _read_csv,
    ".mtx": _read_mtx,
    ".kwt": _read_kwt,
    ".txt": read_spmatrix,
    ".xlsx": read_sheet,
    ".dta": read_dta,
    ".mat": read_mat,
    ".swm": read_swm,
}
WRITERS = {".gal": _write_gal, ".gwt": _write_gwt, ".csv": _write_csv, ".mtx": _write_mtx}
