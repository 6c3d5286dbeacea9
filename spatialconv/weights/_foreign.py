"""Weights as other programs keep them: Stata's text, workbooks, .dta, MATLAB, GeoDa's kernels, ArcGIS."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import io as scipy_io
from scipy import sparse

from spatialconv._files.typed import read_stata
from spatialconv._files.workbooks import sheets
from spatialconv._options import first
from spatialconv.errors import FileError
from spatialconv.weights._cells import Ask, Edges, from_cells, from_edges
from spatialconv.weights._graph import Labelled, checked, numeric

MOST_REGIONS = 100_000


def read_spmatrix(path: Path, wanted: pd.Index | None, ask: Ask) -> Labelled:
    """Read the text of Stata's `spmatrix export` and `spmat export`: n, then a line a region, its ID first.

    Behind the ID stand the n weights of its row, or, as a list, the IDs of its neighbours. Without IDs, the n weights
    alone, whose order `labels` says.
    """
    lines = [line.split() for line in path.read_text(encoding=ask.encoding).splitlines() if line.strip()]
    head = lines[0] if lines else []
    if len(head) != 1 or not head[0].isdigit() or len(head[0]) > 9:
        raise FileError(
            f"{path.name} is no weights file of Stata's: its first line must be the number of regions, and is "
            f"{' '.join(head)[:40]!r}. (Banded matrices are not read.)"
        )
    n, rows = int(head[0]), lines[1:]
    if len(rows) != n:
        raise FileError(f"{path.name} announces {n:,} regions and has {len(rows)} lines below.")
    if all(len(row) == n + 1 for row in rows):
        return _rows([row[0] for row in rows], [row[1:] for row in rows], wanted, path)
    if ask.labels:
        if len(ask.labels) != n or not all(len(row) == n for row in rows):
            raise FileError(
                f"{path.name} has {n:,} rows; {len(ask.labels)} labels were given, and each needs {n:,} weights."
            )
        return _rows(list(ask.labels), rows, wanted, path)
    ids = {row[0] for row in rows}
    odd = [word for row in rows for word in row[1:] if word not in ids]
    if odd or len(ids) < n:
        raise FileError(
            f"{path.name} has neither a row of {n:,} weights behind each ID nor lists of neighbours: {first(odd)} are "
            "no IDs. A matrix without IDs takes labels=[...] in the order of its rows."
        )
    edges = [(row[0], other, 1.0) for row in rows for other in row[1:]]
    return from_edges(edges, [row[0] for row in rows], wanted, path)


def _rows(own: list[str], rows: list[list[str]], wanted: pd.Index | None, path: Path) -> Labelled:
    if len(set(own)) < len(own):
        raise FileError(f"{path.name} has one ID twice: {first([i for i in dict.fromkeys(own) if own.count(i) > 1])}.")
    try:
        values = np.array([[float(word) for word in row] for row in rows])
    except ValueError as error:
        raise FileError(f"{path.name} has weights that are no numbers: {str(error)[:80]}.") from error
    i, j = np.nonzero(values)
    return from_edges([(own[a], own[b], float(values[a, b])) for a, b in zip(i, j, strict=True)], own, wanted, path)


def read_sheet(path: Path, wanted: pd.Index | None, ask: Ask) -> Labelled:
    """Read a list of links or a square matrix from a workbook."""
    found = {name: cells for name, cells in sheets(path, ask.sheet).items() if cells.size}
    if len(found) != 1:
        have = f"the sheets {first(list(found), 8)}" if found else "no cells"
        raise FileError(f"{path.name} has {have}; say which holds the weights by sheet=.")
    cells = next(iter(found.values()))
    blank = cells.isna() | (cells == "")
    kept = cells.loc[~blank.all(axis=1), ~blank.all(axis=0)]
    return from_cells(kept.to_numpy(dtype=object).tolist(), wanted, path, ask)


def read_dta(path: Path, wanted: pd.Index | None, ask: Ask) -> Labelled:
    """Read a list of links, or a matrix of variables in the order of the rows, from a Stata file."""
    frame, _, _ = read_stata(path, "" if ask.encoding == "utf-8-sig" else ask.encoding)
    rows: list[list[Any]] = [list(frame.columns), *frame.to_numpy(dtype=object).tolist()]
    return from_cells(rows, wanted, path, ask)


def read_mat(path: Path, wanted: pd.Index | None, ask: Ask) -> Labelled:
    """Read a square matrix from a MATLAB file; it has no labels, whose order `labels` or `regions` say."""
    with path.open("rb") as held:
        head = held.read(128)
    if b"HDF" in head or b"MATLAB 7.3" in head:
        raise FileError(f"{path.name} is a MATLAB 7.3 file; save it by save('{path.name}', 'W', '-v7').")
    own = list(ask.labels) or ([str(label) for label in wanted] if wanted is not None else [])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            known = {
                name: shape for name, shape, kind in scipy_io.whosmat(path) if kind not in ("cell", "struct", "char")
            }
            name = ask.matrix or _only_square(known, path)
            if name not in known:
                raise FileError(f"{path.name} has no matrix {name!r}; it has {first(list(known), 8)}.")
            shape = known[name]
            if len(shape) != 2 or shape[0] != shape[1] or shape[0] > MOST_REGIONS:
                raise FileError(f"{path.name}: {name!r} is no matrix of weights; its shape is {shape}.")
            if len(own) != shape[0]:
                raise FileError(
                    f"{path.name} holds a matrix of {shape[0]} x {shape[1]} without labels, and {len(own)} were given: "
                    "give labels=[...] in the order of its rows."
                )
            # A header may claim what the file cannot hold; numbers that repeat are packed at most a thousandfold.
            if shape[0] ** 2 > 1000 * path.stat().st_size:
                raise FileError(f"{path.name} claims {shape[0]} x {shape[1]} numbers, more than its bytes can hold.")
            found = scipy_io.loadmat(path, variable_names=[name])[name]
    except FileError:
        raise
    except Exception as error:
        why = str(error).strip().splitlines()
        raise FileError(
            f"{path.name} cannot be read as a .mat file: {why[0][:200] if why else type(error).__name__}."
        ) from error
    matrix = numeric(found)
    if matrix.shape != (len(own), len(own)):
        raise FileError(f"{path.name}: {name!r} has the shape {matrix.shape}, for {len(own)} labels.")
    if wanted is not None and ask.labels:
        table = sparse.coo_array(matrix)
        edges: Edges = [(own[i], own[j], float(v)) for i, j, v in zip(table.row, table.col, table.data, strict=True)]
        return from_edges(edges, own, wanted, path)
    index = wanted if wanted is not None else pd.Index(own)
    return Labelled(checked(matrix, index), index, f"weights from {path.name}")


def _only_square(known: dict[str, Any], path: Path) -> str:
    square = [name for name, shape in known.items() if len(shape) == 2 and shape[0] == shape[1] > 1]
    if len(square) != 1:
        have = first(square, 8) if square else f"none among {first(list(known), 8)}" if known else "none"
        raise FileError(f"{path.name} must hold one square matrix; it holds {have}. Say which by matrix=.")
    return square[0]


def read_swm(path: Path, wanted: pd.Index | None, ask: Ask) -> Labelled:
    """Read an ArcGIS .swm file: a header, then for each region its ID, its neighbours and their weights."""
    del ask
    held = path.read_bytes()
    end = held.find(b"\n")
    header = held[:end].decode("latin-1") if 0 < end < 10_000 else ""
    said = dict(part.split("@", 1) for part in header.split(";") if "@" in part)
    fixed = said.get("FIXEDWEIGHTS", "").strip().upper() == "TRUE"
    at = end + 1

    def take(form: str, count: int = 1) -> tuple[Any, ...]:
        nonlocal at
        size = struct.calcsize(f"<{form}") * count
        # Before anything is made of a count that the file claims.
        if count < 0 or at + size > len(held):
            raise FileError(f"{path.name} is no whole .swm file: it ends before the neighbours that it announces.")
        found = struct.unpack_from(f"<{count}{form}", held, at)
        at += size
        return found

    if ";" not in header:
        raise FileError(f"{path.name} is no .swm file: its first line names no field and no reference system.")
    n = take("i")[0]
    take("i")
    edges: Edges = []
    own = []
    for _ in range(n):
        region, near = str(take("i")[0]), take("i")[0]
        own.append(region)
        if near:
            others = take("i", near)
            values = take("d") * near if fixed else take("d", near)
            take("d")
            edges += [(region, str(other), value) for other, value in zip(others, values, strict=True)]
    return from_edges(edges, own, wanted, path)
