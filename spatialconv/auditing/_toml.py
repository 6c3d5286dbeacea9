"""The description of a paper from TOML: keys known, figures as printed, or a message that says what is not."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from spatialconv._options import first
from spatialconv.auditing._claims import CLAIMS, HOW
from spatialconv.auditing._figures import NOTHING, Cell, Figure, cell, figure
from spatialconv.auditing._reported import (
    COLUMNS,
    STARS,
    STATISTICS,
    Average,
    Bracket,
    Claim,
    Content,
    Grid,
    Kind,
    Likelihood,
    Listing,
    Regression,
    Reported,
    Sample,
    Sided,
    Table,
    Unit,
    Weights,
)
from spatialconv.errors import FileError, OptionError

_ROLES = ("beta", "rho", "lambda", "sigma2")
_COUNTS = {"n", "regions", "periods", "parameters", "df", "df2", "f_df", "f_df2"}


def load(path: str | Path) -> Reported:
    """Read what a paper reports from a TOML file; `template` writes one to start from.

    Parameters
    ----------
    path : path

    Returns
    -------
    Reported

    Raises
    ------
    FileError
        If the file is not there, or is no TOML.
    OptionError
        If a key is unknown, absent or of a wrong type, or a figure is not typed as printed; the message says which.

    Examples
    --------
    >>> import tempfile, pathlib, spatialconv as sc
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "paper.toml"
    >>> _ = path.write_text(sc.auditing.template())
    >>> sc.auditing.load(path).title
    'Growth and space in three provinces'
    """
    path = Path(path)
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileError(f"cannot read {str(path)!r}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise FileError(f"{str(path)!r} is not written in UTF-8, as TOML must be; save it so.") from error
    except tomllib.TOMLDecodeError as error:
        raise FileError(f"{str(path)!r} is not valid TOML: {error}.") from error
    try:
        return read(given)
    except OptionError as error:
        raise OptionError(f"{path.name}: {error}") from error


def read(given: Mapping[str, Any]) -> Reported:
    """Make the description of a paper from a mapping of the same shape as the TOML file."""
    _keys("the file", given, ("paper", "sample", "weights", "table", "claim"), needs=("paper",))
    paper = _section(given["paper"], "paper")
    _keys("[paper]", paper, ("title", "source", "stars"), needs=("title",))
    stars = _stars(paper["stars"], "[paper]") if "stars" in paper else STARS
    tables = tuple(_table(t, k, stars) for k, t in enumerate(_list_of(given, "table"), 1))
    names = [t.name for t in tables]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise OptionError(f"two tables have the name {first(twice)}; give each its own.")
    weights = _section(given.get("weights", {}), "weights")
    return Reported(
        title=_text(paper, "title", "[paper]"),
        source=_text(paper, "source", "[paper]") if "source" in paper else "",
        tables=tables,
        samples=tuple(_sample(s, k) for k, s in enumerate(_list_of(given, "sample"), 1)),
        weights=tuple(_weights(name, w) for name, w in weights.items()),
        claims=tuple(_claim(c, k) for k, c in enumerate(_list_of(given, "claim"), 1)),
    )


# ---------------------------------------------------------------------- small things


def _keys(where: str, given: Mapping[str, Any], allowed: Sequence[str], needs: Sequence[str] = ()) -> None:
    unknown = [k for k in given if k not in allowed]
    if unknown:
        raise OptionError(f"{where} has the unknown key {first(unknown)}; it may have {', '.join(allowed)}.")
    absent = [k for k in needs if k not in given]
    if absent:
        raise OptionError(
            f"{where} lacks the key {first(absent)}; it has {first(list(given), 8) if given else 'none'}."
        )


def _section(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise OptionError(f"{name} is a section: write its keys under a line [{name}]; got {value!r}.")
    return value


def _list_of(given: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = given.get(name, [])
    if not isinstance(value, (list, tuple)) or not all(isinstance(v, Mapping) for v in value):
        raise OptionError(f"{name} must be given as tables, each under a line [[{name}]].")
    return list(value)


def _text(given: Mapping[str, Any], key: str, where: str) -> str:
    value = given[key]
    if not isinstance(value, str):
        raise OptionError(f"{key} of {where} must be text in quotes; got {value!r}.")
    return value


def _texts(given: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = given.get(key, [])
    if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
        raise OptionError(f"{key} of {where} must be a list of names in quotes; got {value!r}.")
    return tuple(value)


def _word(given: Mapping[str, Any], key: str, words: Any, default: Any, where: str) -> Any:
    value = given.get(key, default)
    allowed = get_args(words) or tuple(words)
    if value is not None and value not in allowed:
        raise OptionError(f"{key} of {where} must be one of {', '.join(repr(w) for w in allowed)}; got {value!r}.")
    return value


def _whole(given: Mapping[str, Any], key: str, where: str, least: int = 0) -> int | None:
    value = given.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise OptionError(f"{key} of {where} must be a whole number of at least {least}; got {value!r}.")
    return value


def _number(value: Any, what: str) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise OptionError(f"{what} must be a number; got {value!r}.")
    return float(value)


def _stars(value: Any, where: str) -> dict[int, float]:
    held = _section(value, f"stars of {where}")
    found = {}
    for key, level in held.items():
        number = _number(level, f"the level of {key!r} in stars of {where}")
        if not key or set(key) != {"*"} or not 0 < number < 1:
            raise OptionError(f'stars of {where} must be like {{"*" = 0.10, "**" = 0.05}}; got {key!r} = {level!r}.')
        found[len(key)] = number
    ordered = [found[k] for k in sorted(found)]
    if ordered != sorted(ordered, reverse=True):
        raise OptionError(f"stars of {where}: more stars must mean a smaller level; got {dict(held)!r}.")
    return found


def _blank(text: Any) -> bool:
    return isinstance(text, str) and text.strip().lower() in NOTHING


def _optional(text: Any, where: str, *, count: bool = False) -> Figure | None:
    if _blank(text):
        return None
    found = figure(text, where)
    return found.exact() if count else found


# ---------------------------------------------------------------------- samples, weights, claims


def _sample(given: Mapping[str, Any], number: int) -> Sample:
    where = f"sample {number}"
    _keys(where, given, ("name", "regions", "periods", "n", "parts"), needs=("name",))
    regions = given.get("regions")
    labels: tuple[str, ...] = ()
    if isinstance(regions, (list, tuple)):
        labels = _texts(given, "regions", where)
        count: int | None = len(labels)
    else:
        count = _whole(given, "regions", where, 1)
    n = figure(given["n"], f"n of {where}").exact() if "n" in given else None
    name = _text(given, "name", where)
    return Sample(name, count, labels, _whole(given, "periods", where, 1), n, _texts(given, "parts", where))


def _weights(name: str, given: Any) -> Weights:
    where = f"[weights.{name}]"
    held = _section(given, f"weights.{name}")
    _keys(where, held, ("eigenvalues", "bounds"))
    values = held.get("eigenvalues", [])
    if not isinstance(values, (list, tuple)):
        raise OptionError(f"eigenvalues of {where} must be a list of numbers; got {values!r}.")
    found = []
    for value in values:
        # A complex one is given by its two parts.
        parts = value if isinstance(value, (list, tuple)) else [value, 0.0]
        if len(parts) != 2:
            raise OptionError(f"an eigenvalue of {where} is a number or [real, imaginary]; got {value!r}.")
        found.append(complex(*(_number(v, f"an eigenvalue of {where}") for v in parts)))
    bounds = held.get("bounds")
    if bounds is not None and (not isinstance(bounds, (list, tuple)) or len(bounds) != 2):
        raise OptionError(f"bounds of {where} must be two numbers, below and above; got {bounds!r}.")
    pair = (_number(bounds[0], f"bounds of {where}"), _number(bounds[1], f"bounds of {where}")) if bounds else None
    return Weights(name, tuple(found), pair)


def _claim(given: Mapping[str, Any], number: int) -> Claim:
    where = f"claim {number}"
    for key in ("text", "kind"):
        if key not in given:
            raise OptionError(f"{where} lacks the key {key!r}; it has {first(list(given), 8) if given else 'none'}.")
    kind = _word(given, "kind", tuple(CLAIMS), None, where)
    if kind is None:
        raise OptionError(f"kind of {where} must be one of {', '.join(CLAIMS)}.")
    needed, optional = CLAIMS[kind]
    _keys(f"{where} (kind {kind!r})", given, ("text", "kind", "loose", *needed, *optional), needs=needed)
    if not isinstance(given.get("loose", False), bool):
        raise OptionError(f"loose of {where} must be true or false; got {given['loose']!r}.")
    _word(given, "how", HOW, None, where)
    _word(given, "sign", ("positive", "negative"), None, where)
    for key in ("figures", "than", "to", "parts"):
        if key in given:
            _references(given[key], f"{key} of {where}")
    for key in ("among", "series"):
        if key in given:
            held = _section(given[key], f"{key} of {where}")
            course = ("table", "along", "names", "from", "to")
            allowed = ("row", "column", "except", *course) if key == "among" else course
            _keys(f"{key} of {where}", held, allowed, needs=("table",))
    for key in ("value", "at", "above"):
        if key in given and not (kind == "total" and isinstance(given[key], (list, tuple))):
            figure(given[key], f"{key} of {where}")
    options = {k: v for k, v in given.items() if k not in ("text", "kind")}
    return Claim(number, _text(given, "text", where), str(kind), options)


def _references(value: Any, where: str) -> None:
    sound = isinstance(value, (list, tuple)) and all(
        isinstance(ref, (list, tuple)) and len(ref) == 3 and all(isinstance(p, str) for p in ref) for ref in value
    )
    if not sound or not value:
        raise OptionError(f'{where} must be a list of places such as [["Tab. 5", "rho", "north"]]; got {value!r}.')


# ---------------------------------------------------------------------- tables


def _table(given: Mapping[str, Any], number: int, stars: Mapping[int, float]) -> Table:
    label = given.get("name")
    where = f"table {label!r}" if isinstance(label, str) else f"table {number}"
    if not isinstance(label, str):
        raise OptionError(f'{where} needs a name in quotes, such as name = "Tab. 5".')
    kind = _word(given, "kind", Kind, None, where)
    if kind is None:
        raise OptionError(f"{where} needs a kind: one of {', '.join(get_args(Kind))}.")
    own = _stars(given["stars"], where) if "stars" in given else stars
    columns = _texts(given, "columns", where)
    if not columns:
        raise OptionError(f"{where} needs its columns: a list of names in quotes.")
    if len(set(columns)) < len(columns):
        raise OptionError(f"{where} has two columns of one name among {first(columns, 8)}; give each its own.")
    if kind == "regression":
        return _regression(given, label, where, columns, own)
    return _grid(given, label, where, columns) if kind == "grid" else _listing(given, kind, label, where, columns, own)


def _cells(given: Mapping[str, Any], key: str, where: str, columns: tuple[str, ...]) -> dict[str, list[str]]:
    held = _section(given.get(key, {}), f"table.{key}")
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
    _keys(where, given, allowed)
    coefficients: dict[str, tuple[Cell | None, ...]] = {
        row: tuple(cell(c, f"row {row!r} of {where}") for c in cells)
        for row, cells in _cells(given, "coefficients", where, columns).items()
    }
    statistics = {}
    for row, cells in _cells(given, "statistics", where, columns).items():
        if row not in STATISTICS:
            raise OptionError(f"{where} has the unknown statistic {row!r}; known are {', '.join(STATISTICS)}.")
        count = row in _COUNTS or row.endswith("_df")
        statistics[row] = tuple(_optional(c, f"{row} of {where}", count=count) for c in cells)
    roles = _section(given.get("roles", {}), "table.roles")
    _keys(f"roles of {where}", roles, _ROLES)
    unknown = [r for r in roles.values() if r not in coefficients]
    if unknown:
        raise OptionError(
            f"roles of {where} name the row {unknown[0]!r}; its coefficients are {first(list(coefficients), 12)}."
        )
    for key in ("samples", "weights"):
        if key in given and len(_texts(given, key, where)) != len(columns):
            raise OptionError(
                f'{key} of {where} must name one for each of its {len(columns)} columns; "" where there is none.'
            )
    horizon = given.get("horizon")
    level = _number(given.get("level", 0.95), f"level of {where}")
    if not 0 < level < 1:
        raise OptionError(f"level of {where} must lie strictly between 0 and 1; got {level!r}.")
    round_, square = (_word(given, key, Bracket, None, where) for key in ("round", "square"))
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
        _word(given, "sided", Sided, "auto", where),
        _word(given, "distribution", ("auto", "normal"), "auto", where),
        stars,
        None if horizon is None else _number(horizon, f"horizon of {where}"),
        {k: str(v) for k, v in roles.items()},
        _texts(given, "samples", where), _texts(given, "weights", where),
        _word(given, "likelihood", Likelihood, None, where),
    )  # fmt: skip


def _listing(
    given: Mapping[str, Any], kind: Kind, name: str, where: str, columns: tuple[str, ...], stars: Mapping[int, float]
) -> Listing:
    allowed = (
        "name", "kind", "columns", "stars", "rows", "n", "sided", "ddof", "integers", "origin", "groups",
        "group_weights", "mean", "k", "k_n", "complete", "decimals",
    )  # fmt: skip
    _keys(where, given, allowed, needs=("rows",))
    unknown = [c for c in columns if c not in COLUMNS[kind]]
    if unknown:
        raise OptionError(
            f"{where} of kind {kind!r} has the column {unknown[0]!r}; it may have {', '.join(COLUMNS[kind])}."
        )
    decimals = _whole(given, "decimals", where)
    rows: dict[str, dict[str, Figure | str]] = {}
    for row, cells in _cells(given, "rows", where, columns).items():
        rows[row] = {}
        for column, text in zip(columns, cells, strict=True):
            if column == "distribution":
                rows[row][column] = _word({column: text}, column, ("chi2", "F", "t", "z"), None, f"{where}, {row}")
                continue
            found = _optional(text, f"{column} of {row!r} of {where}", count=column in _COUNTS)
            if found is not None:
                coarse = decimals is not None and column not in ("n", "tolerance", "p")
                rows[row][column] = found.coarser(decimals) if coarse and decimals is not None else found
    origin = _section(given.get("origin", {}), "table.origin")
    for row, held in origin.items():
        _keys(f"origin of {row!r} in {where}", _section(held, "origin"), ("table", "columns", "as"), needs=("table",))
        _word(held, "as", ("values", "log growth"), "values", f"origin of {row!r} in {where}")
    for key, held in (("origin", list(origin)), ("integers", list(_texts(given, "integers", where)))):
        odd = [r for r in held if r not in rows]
        if odd:
            raise OptionError(f"{key} of {where} names the row {odd[0]!r}; its rows are {first(list(rows), 12)}.")
    groups = {g: tuple(str(m) for m in members) for g, members in _section(given.get("groups", {}), "groups").items()}
    odd = [m for members in groups.values() for m in members if m not in rows]
    if odd:
        raise OptionError(f"groups of {where} name the row {odd[0]!r}; its rows are {first(list(rows), 12)}.")
    weights = _section(given.get("group_weights", {}), "group_weights")
    mean = figure(given["mean"], f"mean of {where}") if "mean" in given else None
    if mean is not None and decimals is not None:
        mean = mean.coarser(decimals)
    complete = given.get("complete", True)
    if not isinstance(complete, bool):
        raise OptionError(f"complete of {where} must be true or false; got {complete!r}.")
    ddof = _whole(given, "ddof", where)
    return Listing(
        name, kind, columns, rows, _whole(given, "n", where, 2), _word(given, "sided", Sided, "auto", where), stars,
        ddof,
        _texts(given, "integers", where), dict(origin), groups,
        {g: figure(v, f"group weight {g!r} of {where}") for g, v in weights.items()},
        mean, figure(given["k"], f"k of {where}") if "k" in given else None, _whole(given, "k_n", where, 2), complete,
    )  # fmt: skip


def _grid(given: Mapping[str, Any], name: str, where: str, columns: tuple[str, ...]) -> Grid:
    allowed = (
        "name", "kind", "columns", "rows", "content", "unit", "row_mean", "row_mean_how", "column_mean", "row_total",
        "column_total", "sums_to", "levels", "bounds",
    )  # fmt: skip
    _keys(where, given, allowed, needs=("rows",))
    content = _word(given, "content", Content, "figures", where)
    averaged = (given.get("row_mean"), given.get("column_mean"))
    rows = {
        row: tuple(
            _optional(text, f"row {row!r} of {where}", count=content == "counts" and not {row, column} & set(averaged))
            for column, text in zip(columns, cells, strict=True)
        )
        for row, cells in _cells(given, "rows", where, columns).items()
    }
    for key, known in (("row_mean", columns), ("row_total", columns), ("column_mean", rows), ("column_total", rows)):
        if key in given and given[key] not in known:
            raise OptionError(f"{key} of {where} names {given[key]!r}; there are {first(list(known), 12)}.")
    bounds = given.get("bounds")
    if bounds is not None and (not isinstance(bounds, (list, tuple)) or len(bounds) != 2):
        raise OptionError(f"bounds of {where} must be two numbers, below and above; got {bounds!r}.")
    return Grid(
        name, columns, rows, content, _word(given, "unit", Unit, "percent", where),
        given.get("row_mean"), _word(given, "row_mean_how", Average, "auto", where), given.get("column_mean"),
        given.get("row_total"), given.get("column_total"),
        _word(given, "sums_to", ("rows", "columns", "all"), None, where), given.get("levels"),
        (_number(bounds[0], f"bounds of {where}"), _number(bounds[1], f"bounds of {where}")) if bounds else None,
    )  # fmt: skip
