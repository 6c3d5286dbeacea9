"""Matrix Market files, read as the text that they are.

The parser of scipy is native and dies on damaged files (SIGSEGV, SIGFPE), and it allocates what a header claims. Here
every size is held against the lines that are there before anything is allocated.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

# Words in a value; complex ones are read so that it can be said which weights are not real.
_WIDTH = {"real": 1, "integer": 1, "pattern": 0, "complex": 2}
_SYMMETRIES = ("general", "symmetric")


def matrix_market(lines: list[str], expected: int) -> Any:
    """Return the matrix of a Matrix Market file of real numbers as a sparse array, (rows, columns).

    `expected` is the number of rows that the labels allow: a header that claims more than these and more than the file
    has lines is refused before it costs memory. A file that is wrong raises ValueError in words.
    """
    header = lines[0].lower().split() if lines else []
    if len(header) != 5 or header[:2] != ["%%matrixmarket", "matrix"]:
        raise ValueError("its first line is not '%%MatrixMarket matrix <format> <field> <symmetry>'")
    form, field, symmetry = header[2:]
    if form not in ("coordinate", "array") or field not in _WIDTH or symmetry not in _SYMMETRIES:
        raise ValueError(f"{' '.join(header[2:])[:60]!r} is no matrix of weights, general or symmetric")
    if form == "array" and field == "pattern":
        raise ValueError("a matrix in the format array has values, and 'pattern' says that it has none")
    body = [line for line in lines[1:] if line.strip() and not line.startswith("%")]
    sizes = _wholes(body[0], 3 if form == "coordinate" else 2) if body else []
    if not sizes:
        raise ValueError("the line with its sizes is missing")
    rows, columns = sizes[:2]
    if max(rows, columns) > max(expected, len(body)):
        raise ValueError(f"its header claims {rows} x {columns}, for {expected} regions and {len(body)} lines")
    if symmetry == "symmetric" and rows != columns:
        raise ValueError(f"a symmetric matrix cannot have {rows} x {columns}")
    if form == "coordinate":
        return _coordinate(body[1:], rows, columns, sizes[2], field, symmetry)
    return _array(body[1:], rows, columns, field, symmetry)


def _wholes(line: str, count: int) -> list[int]:
    words = line.split()
    if len(words) != count or not all(w.isascii() and w.isdigit() and len(w) <= 9 for w in words):
        raise ValueError(f"the line with its sizes must have {count} whole numbers, not {line[:40]!r}")
    return [int(word) for word in words]


def _coordinate(body: list[str], rows: int, columns: int, links: int, field: str, symmetry: str) -> Any:
    if len(body) != links:
        raise ValueError(f"{links} entries announced, {len(body)} found")
    width = 2 + _WIDTH[field]
    words = [line.split() for line in body]
    odd = next((line for line, w in zip(body, words, strict=True) if len(w) != width), None)
    if odd is not None:
        raise ValueError(f"an entry must have {width} numbers, not {odd[:40]!r}")
    if not words:
        return sparse.coo_array((rows, columns), dtype=float)
    places = np.array([_wholes(f"{w[0]} {w[1]}", 2) for w in words], dtype=np.int64) - 1
    if (places < 0).any() or (places >= [rows, columns]).any():
        raise ValueError(f"an entry stands outside of the {rows} x {columns}")
    values = np.array([_value(w[2:]) for w in words])
    i, j = places.T
    if symmetry == "symmetric":
        off = i != j
        i, j, values = np.append(i, j[off]), np.append(j, i[off]), np.append(values, values[off])
    return sparse.coo_array((values, (i, j)), shape=(rows, columns))


def _value(words: list[str]) -> complex:
    if len(words) == 2:
        return complex(float(words[0]), float(words[1]))
    return float(words[0]) if words else 1.0


def _array(body: list[str], rows: int, columns: int, field: str, symmetry: str) -> Any:
    words = [line.split() for line in body]
    odd = next((line for line, w in zip(body, words, strict=True) if len(w) != _WIDTH[field]), None)
    if odd is not None:
        raise ValueError(f"a line must have {_WIDTH[field]} numbers, not {odd[:40]!r}")
    values = np.array([_value(w) for w in words])
    wanted = rows * columns if symmetry == "general" else rows * (rows + 1) // 2
    if len(values) != wanted:
        raise ValueError(f"{wanted} values announced, {len(values)} found")
    if symmetry == "general":
        return sparse.coo_array(values.reshape(columns, rows).T)  # column by column
    full = np.zeros((rows, rows), dtype=values.dtype)
    j, i = np.triu_indices(rows)  # the lower triangle, column by column
    full[i, j] = full[j, i] = values
    return sparse.coo_array(full)
