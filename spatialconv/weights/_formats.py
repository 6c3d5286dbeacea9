"""The formats of weights files: each reader gives a labelled matrix, each writer takes one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import io as scipy_io

from spatialconv._files.matrix_market import matrix_market
from spatialconv._options import first
from spatialconv.errors import AlignmentError, FileError, WeightsError
from spatialconv.weights._graph import Labelled, assemble, checked, numeric, positions

Edges = list[tuple[str, str, float]]

_LABEL = "%region "


# ---------------------------------------------------------------------- lists of links


def _from_edges(edges: Edges, own: list[str], wanted: pd.Index | None, path: Path, expected: int = 0) -> Labelled:
    """Assemble links between labels in text; `own` are those of the file, in its order."""
    own = list(dict.fromkeys(own))
    if wanted is None:
        if len(own) < expected:
            raise FileError(
                f"{path.name} says {expected} regions and names {len(own)}: those without a neighbour are not in "
                "it. Give regions=[...] with all labels."
            )
        index = _typed(own)
    else:
        index = wanted
    text = pd.Index([str(label) for label in (own if wanted is None else wanted)], dtype=object)
    if not text.is_unique:
        same = first(text[text.duplicated()])
        raise AlignmentError(f"regions= are the same as text: {same}; a file cannot tell them apart. Rename them.")
    positions(text, pd.Index(own, dtype=object), of=f"regions of {path.name}", where="regions=")
    i, j = (text.get_indexer(pd.Index([edge[k] for edge in edges], dtype=object)) for k in (0, 1))
    values = np.array([edge[2] for edge in edges], dtype=float)
    return Labelled(assemble(i, j, values, index), index, f"weights from {path.name}")


def _typed(own: list[str]) -> pd.Index:
    # "007" stays text: as a number it would be another label.
    if own and all(len(label) < 19 and label.lstrip("-").isdecimal() and str(int(label)) == label for label in own):
        return pd.Index([int(label) for label in own])
    return pd.Index(own)


def _read_gal(path: Path, wanted: pd.Index | None, encoding: str) -> Labelled:
    lines = path.read_text(encoding=encoding).splitlines()
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
    return _from_edges(edges, own, wanted, path)


def _count(word: str, what: str) -> int:
    # Nine digits at most: int() of thousands of digits takes its time or refuses in words of its own, and a negative
    # count would send the reader back over what it has read.
    if not (word.isascii() and word.isdigit() and len(word) <= 9):
        raise ValueError(f"the number of {what} must be a whole number, not {word[:20]!r}")
    return int(word)


def _read_gwt(path: Path, wanted: pd.Index | None, encoding: str) -> Labelled:
    lines = path.read_text(encoding=encoding).splitlines()
    try:
        header = lines[0].split()
        n = _count(header[1] if len(header) > 1 else header[0], "regions")
        words = [line.split() for line in lines[1:] if line.strip()]
        edges = [(focal, other, float(weight)) for focal, other, weight in words]
    except (ValueError, IndexError) as error:
        raise FileError(f"{path.name} is no .gwt file: {error}. Each line is: region neighbour weight.") from error
    own = [edge[0] for edge in edges] + [edge[1] for edge in edges]
    return _from_edges(edges, own, wanted, path, n)


def _read_csv(path: Path, wanted: pd.Index | None, encoding: str) -> Labelled:
    try:
        frame = pd.read_csv(path, dtype=str, encoding=encoding, keep_default_na=False, skipinitialspace=True)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise FileError(f"{path.name} is no table: {error}.") from error
    frame.columns = [str(name).strip() for name in frame.columns]
    lower = {name.lower(): name for name in frame.columns}
    other = lower.get("neighbor", lower.get("neighbour", ""))
    if "focal" in lower and other:
        return _read_links(frame, lower["focal"], other, lower.get("weight"), wanted, path)
    return _read_square(frame, wanted, path)


def _read_links(
    frame: pd.DataFrame, focal: str, other: str, weight: str | None, wanted: pd.Index | None, path: Path
) -> Labelled:
    values = [1.0] * len(frame) if weight is None else _floats(frame[weight], path)
    near = frame[other].str.strip()
    # A region listed with no neighbour is an island, as one linked to itself with weight zero is.
    edges = [(i, j, v) for i, j, v in zip(frame[focal].str.strip(), near, values, strict=True) if j]
    own = [*frame[focal].str.strip(), *(j for j in near if j)]
    return _from_edges(edges, own, wanted, path)


def _read_square(frame: pd.DataFrame, wanted: pd.Index | None, path: Path) -> Labelled:
    rows, columns = frame.iloc[:, 0].str.strip().tolist(), list(frame.columns[1:])
    if set(rows) != set(columns) or len(rows) != len(columns):
        raise FileError(
            f"{path.name} is neither a list of links (columns focal, neighbor, weight) nor a square matrix with the "
            f"same labels in its first column and first line: it has {len(rows)} rows and columns {first(columns)}."
        )
    values = np.column_stack([_floats(frame[name], path) for name in columns])
    i, j = np.nonzero(values)
    edges = [(rows[a], columns[b], float(values[a, b])) for a, b in zip(i, j, strict=True)]
    return _from_edges(edges, rows, wanted, path)


def _floats(column: pd.Series, path: Path) -> list[float]:
    numbers = [_float(text) for text in column]
    text = np.isnan(numbers) & ~column.str.strip().str.lower().isin(["nan", ""]).to_numpy()
    if text.any():
        raise FileError(f"{path.name}: weights in {column.name!r} that are no numbers: {first(column[text])}.")
    return numbers


def _float(text: str) -> float:
    """Return the number nearest to a text, NaN if it is none; before pandas 3 `to_numeric` loses the last bit."""
    try:
        return np.nan if "_" in text else float(text)
    except ValueError:
        return np.nan


def _read_mtx(path: Path, wanted: pd.Index | None, encoding: str) -> Labelled:
    lines = path.read_text(encoding=encoding).splitlines()
    said = _said(lines, path)
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
        return _from_edges(edges, texts, wanted, path)
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
    pd.DataFrame(_links(found), columns=["focal", "neighbor", "weight"]).to_csv(path, index=False)


def _write_mtx(found: Labelled, path: Path) -> None:
    said = "\n".join(_LABEL[1:] + json.dumps(label, default=str) for label in found.regions)
    scipy_io.mmwrite(path, found.matrix, comment=said, precision=17, symmetry="general")


READERS = {".gal": _read_gal, ".gwt": _read_gwt, ".csv": _read_csv, ".mtx": _read_mtx}
WRITERS = {".gal": _write_gal, ".gwt": _write_gwt, ".csv": _write_csv, ".mtx": _write_mtx}
