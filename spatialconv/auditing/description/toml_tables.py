"""The tables of a description in TOML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from spatialconv._options import first
from spatialconv.auditing.description.figures import Cell, Figure, cell, figure
from spatialconv.auditing.description.reported import (
    COLUMNS,
    STATISTICS,
    Average,
    Bracket,
    Content,
    Grid,
    Kind,
    Likelihood,
    Listing,
    Regression,
    Sided,
    Table,
    Unit,
)
from spatialconv.auditing.description.toml_values import (
    keys,
    number_of,
    optional,
    section,
    stars_of,
    texts,
    whole,
    word,
)
from spatialconv.errors import OptionError

_ROLES = ("beta", "rho", "lambda", "sigma2")
_COUNTS = {"n", "regions", "periods", "parameters", "df", "df2", "f_df", "f_df2"}


def read_table(given: Mapping[str, Any], number: int, stars: Mapping[int, float]) -> Table:
    """Read one table, whichever of the three shapes it has."""
    label = given.get("name")
    where = f"table {label!r}" if isinstance(label, str) else f"table {number}"
    if not isinstance(label, str):
        raise OptionError(f'{where} needs a name in quotes, such as name = "Tab. 5".')
    kind = word(given, "kind", Kind, None, where)
    if kind is None:
        raise OptionError(f"{where} needs a kind: one of {', '.join(get_args(Kind))}.")
    own = stars_of(given["stars"], where) if "stars" in given else stars
    columns = texts(given, "columns", where)
    if not columns:
        raise OptionError(f"{where} needs its columns: a list of names in quotes.")
    if len(set(columns)) < len(columns):
        raise OptionError(f"{where} has two columns of one name among {first(columns, 8)}; give each its own.")
    if kind == "regression":
        return _regression(given, label, where, columns, own)
    return _grid(given, label, where, columns) if kind == "grid" else _listing(given, kind, label, where, columns, own)


def _cells(given: Mapping[str, Any], key: str, where: str, columns: tuple[str, ...]) -> dict[str, list[str]]:
    held = section(given.get(key, {}), f"table.{key}")
    for row, cells in held.items():
        if not isinstance(cells, (list, tuple)) or len(cells) != len(columns):
            count = len(cells) if isinstance(cells, (list, tuple)) else 1
            raise OptionError(
                f'row {row!r} of {where} has {count} cells and there are {len(columns)} columns; a blank cell is "".'
            )
        wrong = [c for c in cells if not isinstance(c, str)]
        if wrong:
            raise OptionError(
                f"row {row!r} of {where}: cells must be typed as they are printed, in quotes, so that their decimals "
                f"are known; got {wrong[0]!r}."
            )
    return {str(row): list(cells) for row, cells in held.items()}


def _regression(
    given: Mapping[str, Any], name: str, where: str, columns: tuple[str, ...], stars: Mapping[int, float]
) -> Regression:
    allowed = (
        "name", "kind", "columns", "stars", "round", "square", "level", "sided", "distribution", "horizon", "roles",
        "samples", "weights", "likelihood", "coefficients", "statistics", "words",
    )  # fmt: skip
    keys(where, given, allowed)
    coefficients: dict[str, tuple[Cell | None, ...]] = {
        row: tuple(cell(c, f"row {row!r} of {where}") for c in cells)
        for row, cells in _cells(given, "coefficients", where, columns).items()
    }
    statistics = {}
    for row, cells in _cells(given, "statistics", where, columns).items():
        if row not in STATISTICS:
            raise OptionError(f"{where} has the unknown statistic {row!r}; known are {', '.join(STATISTICS)}.")
        count = row in _COUNTS or row.endswith("_df")
        statistics[row] = tuple(optional(c, f"{row} of {where}", count=count) for c in cells)
    roles = section(given.get("roles", {}), "table.roles")
    keys(f"roles of {where}", roles, _ROLES)
    unknown = [r for r in roles.values() if not isinstance(r, str) or r not in coefficients]
    if unknown:
        raise OptionError(
            f"roles of {where} name the row {unknown[0]!r}; its coefficients are {first(list(coefficients), 12)}."
        )
    for key in ("samples", "weights"):
        if key in given and len(texts(given, key, where)) != len(columns):
            raise OptionError(
                f'{key} of {where} must name one for each of its {len(columns)} columns; "" where there is none.'
            )
    horizon = given.get("horizon")
    level = number_of(given.get("level", 0.95), f"level of {where}")
    if not 0 < level < 1:
        raise OptionError(f"level of {where} must lie strictly between 0 and 1; got {level!r}.")
    round_, square = (word(given, key, Bracket, None, where) for key in ("round", "square"))
    bare = [
        r
        for r, held in coefficients.items()
        for c in held
        if c and ((c.round and not round_) or (c.square and not square))
    ]
    if bare:
        raise OptionError(
            f'row {bare[0]!r} of {where} has brackets; say what stands in them: round = "z" for (…) or square = "p" '
            "for […], one of z, t, se, p."
        )
    return Regression(
        name, columns, coefficients, statistics,
        {row: tuple(c) for row, c in _cells(given, "words", where, columns).items()},
        round_, square, level,
        word(given, "sided", Sided, "auto", where),
        word(given, "distribution", ("auto", "normal"), "auto", where),
        stars,
        None if horizon is None else number_of(horizon, f"horizon of {where}"),
        {k: str(v) for k, v in roles.items()},
        texts(given, "samples", where), texts(given, "weights", where),
        word(given, "likelihood", Likelihood, None, where),
    )  # fmt: skip


def _listing(
    given: Mapping[str, Any], kind: Kind, name: str, where: str, columns: tuple[str, ...], stars: Mapping[int, float]
) -> Listing:
    allowed = (
        "name", "kind", "columns", "stars", "rows", "n", "sided", "ddof", "integers", "origin", "groups",
        "group_weights", "mean", "k", "k_n", "complete", "decimals",
    )  # fmt: skip
    keys(where, given, allowed, needs=("rows",))
    unknown = [c for c in columns if c not in COLUMNS[kind]]
    if unknown:
        raise OptionError(
            f"{where} of kind {kind!r} has the column {unknown[0]!r}; it may have {', '.join(COLUMNS[kind])}."
        )
    decimals = whole(given, "decimals", where)
    rows: dict[str, dict[str, Figure | str]] = {}
    for row, cells in _cells(given, "rows", where, columns).items():
        rows[row] = {}
        for column, text in zip(columns, cells, strict=True):
            if column == "distribution":
                rows[row][column] = word({column: text}, column, ("chi2", "F", "t", "z"), None, f"{where}, {row}")
                continue
            found = optional(text, f"{column} of {row!r} of {where}", count=column in _COUNTS)
            if found is not None:
                coarse = decimals is not None and column not in ("n", "tolerance", "p")
                rows[row][column] = found.coarser(decimals) if coarse and decimals is not None else found
    origin = section(given.get("origin", {}), "table.origin")
    for row, held in origin.items():
        keys(f"origin of {row!r} in {where}", section(held, "origin"), ("table", "columns", "as"), needs=("table",))
        word(held, "as", ("values", "log growth"), "values", f"origin of {row!r} in {where}")
    for key, held in (("origin", list(origin)), ("integers", list(texts(given, "integers", where)))):
        odd = [r for r in held if r not in rows]
        if odd:
            raise OptionError(f"{key} of {where} names the row {odd[0]!r}; its rows are {first(list(rows), 12)}.")
    named = section(given.get("groups", {}), "groups")
    for g, members in named.items():
        if not isinstance(members, (list, tuple)):
            raise OptionError(f"group {g!r} of {where} must be a list of rows in quotes; got {members!r}.")
    groups = {g: tuple(str(m) for m in members) for g, members in named.items()}
    odd = [m for members in groups.values() for m in members if m not in rows]
    if odd:
        raise OptionError(f"groups of {where} name the row {odd[0]!r}; its rows are {first(list(rows), 12)}.")
    weights = section(given.get("group_weights", {}), "group_weights")
    mean = figure(given["mean"], f"mean of {where}") if "mean" in given else None
    if mean is not None and decimals is not None:
        mean = mean.coarser(decimals)
    complete = given.get("complete", True)
    if not isinstance(complete, bool):
        raise OptionError(f"complete of {where} must be true or false; got {complete!r}.")
    ddof = whole(given, "ddof", where)
    return Listing(
        name, kind, columns, rows, whole(given, "n", where, 2), word(given, "sided", Sided, "auto", where), stars,
        ddof,
        texts(given, "integers", where), dict(origin), groups,
        {g: figure(v, f"group weight {g!r} of {where}") for g, v in weights.items()},
        mean, figure(given["k"], f"k of {where}") if "k" in given else None, whole(given, "k_n", where, 2), complete,
    )  # fmt: skip


def _grid(given: Mapping[str, Any], name: str, where: str, columns: tuple[str, ...]) -> Grid:
    allowed = (
        "name", "kind", "columns", "rows", "content", "unit", "row_mean", "row_mean_how", "column_mean", "row_total",
        "column_total", "sums_to", "levels", "bounds",
    )  # fmt: skip
    keys(where, given, allowed, needs=("rows",))
    content = word(given, "content", Content, "figures", where)
    averaged = (given.get("row_mean"), given.get("column_mean"))
    rows = {
        row: tuple(
            optional(
                text,
                f"row {row!r} of {where}",
                count=content == "counts" and row not in averaged and column not in averaged,
            )
            for column, text in zip(columns, cells, strict=True)
        )
        for row, cells in _cells(given, "rows", where, columns).items()
    }
    for key, known in (("row_mean", columns), ("row_total", columns), ("column_mean", rows), ("column_total", rows)):
        if key in given and (not isinstance(given[key], str) or given[key] not in known):
            raise OptionError(f"{key} of {where} names {given[key]!r}; there are {first(list(known), 12)}.")
    bounds = given.get("bounds")
    if bounds is not None and (not isinstance(bounds, (list, tuple)) or len(bounds) != 2):
        raise OptionError(f"bounds of {where} must be two numbers, below and above; got {bounds!r}.")
    return Grid(
        name, columns, rows, content, word(given, "unit", Unit, "percent", where),
        given.get("row_mean"), word(given, "row_mean_how", Average, "auto", where), given.get("column_mean"),
        given.get("row_total"), given.get("column_total"),
        word(given, "sums_to", ("rows", "columns", "all"), None, where), given.get("levels"),
        (number_of(bounds[0], f"bounds of {where}"), number_of(bounds[1], f"bounds of {where}")) if bounds else None,
    )  # fmt: skip
