"""From the tables of a description to figures, held against the rows and columns of their own table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spatialconv._options import first
from spatialconv.auditing.description.figures import NOTHING, Cell, Figure, cell, figure
from spatialconv.auditing.description.reported import Grid, Listing, Regression, Table, Unread
from spatialconv.auditing.description.typography import comma_is_decimal
from spatialconv.errors import OptionError

if TYPE_CHECKING:
    from spatialconv._descriptions.paper_tables import GridTable, ListingEntry, RegressionTable, TableEntry

Cells = Sequence[str]
_COUNTS = {"n", "regions", "periods", "parameters", "df", "df2", "f_df", "f_df2"}
_DISTRIBUTIONS = ("chi2", "F", "t", "z")


class Reader:
    """Reads the figures of one table, all with one kind of decimal mark; what cannot be read is kept aside."""

    def __init__(self, name: str, texts: Iterable[str]) -> None:
        self.name = name
        self.comma = comma_is_decimal(texts)
        self.unread: list[Unread] = []

    def cell(self, text: str, row: str, column: str) -> Cell | None:
        """Return a cell with its brackets, or None where a dash, nothing or nothing legible is printed."""
        try:
            return cell(text, comma=self.comma)
        except OptionError:
            self._aside(text, row, column)
            return None

    def figure(self, text: str, row: str, column: str, *, count: bool = False) -> Figure | None:
        """Return a figure, or None where a dash, nothing or nothing legible is printed."""
        if text.strip().lower() in NOTHING:
            return None
        try:
            found = figure(text, comma=self.comma)
        except OptionError:
            self._aside(text, row, column)
            return None
        return found.exact() if count else found

    def _aside(self, text: str, row: str, column: str) -> None:
        self.unread.append(Unread((self.name, row, column), text))


def table_of(given: TableEntry, stars: Mapping[int, float], said: bool) -> tuple[Table, list[Unread]]:
    """Read one table, whichever of the three shapes it has; `stars` are those of the paper, which it may not say."""
    reader = Reader(given.name, _texts(given))
    return _table(given, stars, said, reader), reader.unread


def _texts(given: TableEntry) -> Iterable[str]:
    if given.kind == "regression":
        yield from (c for cells in given.coefficients.values() for c in cells)
        yield from (c for cells in given.statistics.said().values() for c in cells)
    else:
        yield from (c for cells in given.rows.values() for c in cells)


def _table(given: TableEntry, stars: Mapping[int, float], said: bool, reader: Reader) -> Table:
    where = f"table {given.name!r}"
    if len(set(given.columns)) < len(given.columns):
        raise OptionError(f"{where} has two columns of one name among {first(given.columns, 8)}; give each its own.")
    said = said or "stars" in given.model_fields_set
    own = stars_of(given.stars, where) if "stars" in given.model_fields_set else stars
    if given.kind == "grid":
        return _grid(given, where, own, reader)
    if given.kind == "regression":
        return _regression(given, where, own, said, reader)
    return _listing(given, where, own, reader)


def stars_of(given: Mapping[str, float], where: str) -> dict[int, float]:
    """Return the levels of one, two and more stars."""
    for key, level in given.items():
        if not key or set(key) != {"*"}:
            raise OptionError(f'stars of {where} must be like {{"*" = 0.10, "**" = 0.05}}; got {key!r} = {level!r}.')
    found = {len(key): level for key, level in given.items()}
    ordered = [found[k] for k in sorted(found)]
    if ordered != sorted(ordered, reverse=True):
        raise OptionError(f"stars of {where}: more stars must mean a smaller level; got {dict(given)!r}.")
    return found


def _cells(rows: Mapping[str, Cells], where: str, columns: Cells) -> Iterable[tuple[str, Cells]]:
    """Return the rows of a table, each with a cell a column."""
    for row, cells in rows.items():
        if len(cells) != len(columns):
            raise OptionError(
                f"row {row!r} of {where} has {len(cells)} cells and there are {len(columns)} columns; a blank cell is "
                '"".'
            )
    return rows.items()


def _known(what: str, names: Iterable[str], known: Sequence[str], of: str) -> None:
    odd = [name for name in names if name not in known]
    if odd:
        raise OptionError(f"{what} the row {odd[0]!r}; its {of} are {first(known, 12)}.")


def _regression(
    given: RegressionTable, where: str, stars: Mapping[int, float], said: bool, reader: Reader
) -> Regression:
    columns = tuple(given.columns)
    coefficients: dict[str, tuple[Cell | None, ...]] = {
        row: tuple(reader.cell(c, row, column) for c, column in zip(cells, columns, strict=True))
        for row, cells in _cells(given.coefficients, where, columns)
    }
    statistics = {
        row: tuple(
            reader.figure(c, row, column, count=row in _COUNTS or row.endswith("_df"))
            for c, column in zip(cells, columns, strict=True)
        )
        for row, cells in _cells(given.statistics.said(), where, columns)
    }
    roles = {role: str(row) for role, row in given.roles.said().items()}
    _known(f"roles of {where} name", roles.values(), list(coefficients), "coefficients")
    for key, named in (("samples", given.samples), ("weights", given.weights)):
        if key in given.model_fields_set and len(named) != len(columns):
            raise OptionError(
                f'{key} of {where} must name one for each of its {len(columns)} columns; "" where there is none.'
            )
    words = {row: tuple(cells) for row, cells in _cells(given.words, where, columns)}
    return Regression(
        given.name, columns, coefficients, statistics, words, given.round, given.square, given.level, given.sided,
        given.distribution, stars, given.horizon, roles, tuple(given.samples), tuple(given.weights), given.likelihood,
        said,
    )  # fmt: skip


def _listing(given: ListingEntry, where: str, stars: Mapping[int, float], reader: Reader) -> Listing:
    columns, decimals = tuple(given.columns), given.decimals
    rows: dict[str, dict[str, Figure | str]] = {}
    for row, cells in _cells(given.rows, where, columns):
        rows[row] = {}
        for column, text in zip(columns, cells, strict=True):
            if column == "distribution":
                rows[row][column] = _distribution(text, f"{where}, {row}")
                continue
            found = reader.figure(text, row, column, count=column in _COUNTS)
            if found is not None:
                coarse = decimals is not None and column not in ("n", "tolerance", "p")
                rows[row][column] = found.coarser(decimals) if coarse and decimals is not None else found
    _known(f"origin of {where} names", given.origin, list(rows), "rows")
    _known(f"integers of {where} names", given.integers, list(rows), "rows")
    _known(f"groups of {where} name", (m for members in given.groups.values() for m in members), list(rows), "rows")
    mean = figure(given.mean, f"mean of {where}") if given.mean is not None else None
    if mean is not None and decimals is not None:
        mean = mean.coarser(decimals)
    return Listing(
        given.name, given.kind, columns, rows, given.n, given.sided, stars, given.ddof, tuple(given.integers),
        {row: held.said() for row, held in given.origin.items()},
        {group: tuple(members) for group, members in given.groups.items()},
        {group: figure(w, f"group weight {group!r} of {where}") for group, w in given.group_weights.items()},
        mean, figure(given.k, f"k of {where}") if given.k is not None else None, given.k_n, given.complete,
    )  # fmt: skip


def _distribution(text: str, where: str) -> str:
    if text not in _DISTRIBUTIONS:
        listed = ", ".join(repr(word) for word in _DISTRIBUTIONS)
        raise OptionError(f"distribution of {where} must be one of {listed}; got {text!r}.")
    return text


def _grid(given: GridTable, where: str, stars: Mapping[int, float], reader: Reader) -> Grid:
    columns, averaged = tuple(given.columns), (given.row_mean, given.column_mean)
    rows = {
        row: tuple(
            reader.figure(
                text, row, column, count=given.content == "counts" and row not in averaged and column not in averaged
            )
            for column, text in zip(columns, cells, strict=True)
        )
        for row, cells in _cells(given.rows, where, columns)
    }
    edges: dict[str, tuple[Any, Sequence[str]]] = {
        "row_mean": (given.row_mean, columns), "row_total": (given.row_total, columns),
        "row_n": (given.row_n, columns),
        "column_mean": (given.column_mean, list(rows)), "column_total": (given.column_total, list(rows)),
    }  # fmt: skip
    for key, (name, known) in edges.items():
        if name is not None and name not in known:
            raise OptionError(f"{key} of {where} names {name!r}; there are {first(known, 12)}.")
    bounds = (given.bounds[0], given.bounds[1]) if given.bounds is not None else None
    return Grid(
        given.name, columns, rows, given.content, given.unit, given.row_mean, given.row_mean_how, given.column_mean,
        given.row_total, given.column_total, given.sums_to, given.levels, bounds,
        given.row_n, given.n, stars,
    )  # fmt: skip
