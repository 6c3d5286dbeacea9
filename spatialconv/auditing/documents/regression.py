"""From a table of models to a description: coefficients with what stands beside or under them, statistics, words."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from spatialconv.auditing.description.typography import plain
from spatialconv.auditing.documents.cells import blank, bracketed, figure_like, has_bracket, starred
from spatialconv.auditing.documents.labels import part_of, role_of, statistic_of
from spatialconv.auditing.documents.notes import Said
from spatialconv.auditing.documents.shape import Shape, unique

_KNOWN = {
    "n", "regions", "periods", "loglik", "sigma2", "speed", "half_life", "aic", "bic", "r2", "adj_r2", "f", "f_p",
    "hausman", "hausman_p", "wald", "wald_p", "lr", "lr_p", "df", "rho",
}  # fmt: skip
_PANEL = re.compile(r"^\s*(?:panel|part)\s+[a-z0-9]+\b|^\s*[(\[]?[a-d][)\]]\s+\S|^\u9762\u677f", re.IGNORECASE)
_DEGREES = re.compile(r"\(\s*(?:df\s*=\s*)?(\d+)\s*(?:[,;]\s*(\d+)\s*)?\)")
_P_VALUE = re.compile(r"^(?:p|prob)[\s._-]*(?:>|-?values?|\b)", re.IGNORECASE)
# Effects may be all that is printed: the first of their sections is named as the others are.
_EFFECTS = re.compile(
    r"^(?:[ls]r_)?(?:in)?direct\b|^(?:[ls]r_)?total\b|\u76f4\u63a5|\u95f4\u63a5|\u603b\u6548", re.IGNORECASE
)
_TESTS = {"f", "wald", "hausman", "lr"}


@dataclass
class Made:
    """A table in the shape of the TOML file, while it is made."""

    table: dict[str, Any]
    notes: list[str] = field(default_factory=list)


def looks_like(shape: Shape) -> bool:
    """Return whether cells are estimates: stars, or something in brackets beside or under many of them."""
    cells = [c for row in shape.body for c in row if not blank(c)]
    figures = [c for c in cells if figure_like(c) or bracketed(c)]
    if not figures:
        return False
    marked = sum(starred(c) for c in figures)
    inside = sum(bracketed(c) or has_bracket(c) for c in figures)
    statistics = {statistic_of(label) for label in shape.labels} & {"n", "r2", "adj_r2", "aic", "loglik"}
    return (
        marked >= 2 or inside * 4 >= len(figures) or (len(statistics) > 1 and len(statistics) * 2 < len(shape.labels))
    )


def turned(shape: Shape) -> Shape:
    """Return models in columns: where headings are statistics, models stand in the rows."""
    heads = [statistic_of(c) for c in shape.columns]
    own = [statistic_of(label) for label in shape.labels]
    if sum(h in _KNOWN for h in heads) <= sum(o in _KNOWN for o in own) or any(
        bracketed(c) for r in shape.body for c in r
    ):
        return shape
    body = [list(column) for column in zip(*shape.body, strict=True)]
    return Shape(unique(shape.labels), shape.columns, body, shape.corner, shape.notes)


def models(shape: Shape, name: str, said: Said, stars: dict[str, float]) -> list[Made]:
    """Describe a table of models; every panel of it is a table of its own."""
    shape = turned(shape)
    found: list[Made] = []
    panel, start = "", 0
    cuts = [k for k, row in enumerate(shape.body) if _PANEL.match(shape.labels[k]) and all(blank(c) for c in row)]
    for cut in [*cuts, len(shape.body)]:
        if cut > start:
            part = Shape(shape.columns, shape.labels[start:cut], shape.body[start:cut], shape.corner)
            title = f"{name}, {panel}" if panel else name
            made = _one(part, title, said, stars)
            if made is not None:
                found.append(made)
        if cut < len(shape.body):
            panel, start = shape.labels[cut].strip(" :"), cut + 1
    return found


def _one(shape: Shape, name: str, said: Said, stars: dict[str, float]) -> Made | None:
    columns = shape.columns
    coefficients: dict[str, list[str]] = {}
    statistics: dict[str, list[str]] = {}
    words: dict[str, list[str]] = {}
    notes: list[str] = []
    roles: dict[str, str] = {}
    section, last, ended = "", "", False
    for k, (label, row) in enumerate(zip(shape.labels, shape.body, strict=True)):
        cells = ["" if blank(c) else c for c in row]
        if not any(cells):
            section = label.strip(" :") if label.strip() else section
            continue
        below = _is_below(label, cells, coefficients.get(last), ended)
        if below:
            coefficients[last] = [
                f"{a} {_inside(b)}".strip() if b else a for a, b in zip(coefficients[last], cells, strict=True)
            ]
            continue
        kind = statistic_of(label)
        degrees = kind in _TESTS and any("df" in c for c in cells)
        if not degrees and not any(figure_like(c) or bracketed(c) for c in cells):
            _put(words, label, cells)
            last = ""
            continue
        following = shape.body[k + 1] if k + 1 < len(shape.body) else []
        estimated = any(has_bracket(c) for c in cells) or any(bracketed(c) for c in following)
        test = kind in _TESTS
        if kind is not None and (not estimated or test) and (test or not any(starred(c) for c in cells)):
            ended = ended or kind in ("n", "r2", "adj_r2", "loglik", "aic", "bic")
            last = ""
            _statistic(statistics, words, kind, label, cells)
            continue
        if _P_VALUE.match(label) and ended and list(statistics)[-1:] and list(statistics)[-1] in _TESTS:
            statistics[f"{list(statistics)[-1]}_p"] = [_bare(c) for c in cells]
            continue
        role = role_of(label)
        if role in ("rho", "sigma2") and not estimated and not any(starred(c) for c in cells):
            statistics[role] = cells
            last = ""
            continue
        if ended and not estimated and not any(starred(c) for c in cells):
            _put(words, label, cells)
            last = ""
            continue
        # Figures with words among them: the words are left to be found illegible.
        key = _free(label, section, coefficients, k)
        coefficients[key] = cells
        last = key
        if role and role not in roles:
            roles[role] = key
    if not coefficients:
        return None
    table: dict[str, Any] = {"name": name, "kind": "regression", "columns": columns}
    rounds = any("(" in c for row in coefficients.values() for c in row)
    if said.round and rounds:
        table["round"] = said.round
    if said.square and any("[" in c for row in coefficients.values() for c in row):
        table["square"] = said.square
    if said.round and not rounds and any("[" in c for row in coefficients.values() for c in row):
        table["square"] = said.round
    if said.sided:
        table["sided"] = said.sided
    if stars:
        table["stars"] = stars
    if roles:
        table["roles"] = roles
    table["coefficients"] = coefficients
    if statistics:
        table["statistics"] = statistics
    if words:
        table["words"] = words
    return Made(table, notes)


def _free(label: str, section: str, taken: Collection[str], k: int) -> str:
    """Return a name for a row that none has: where there are sections (Wx, LR_Direct), with that of its own."""
    key = label.strip() or f"row {k + 1}"
    if _EFFECTS.search(section) and f"{section}: {key}" not in taken:
        return f"{section}: {key}"
    if key in taken:
        key = f"{section}: {key}" if section and f"{section}: {key}" not in taken else f"{key} ({k + 1})"
    return key


def _is_below(label: str, cells: list[str], above: list[str] | None, ended: bool) -> bool:
    """Return whether a line holds what belongs under the line above it."""
    if above is None:
        return False
    filled = [c for c in cells if c]
    if filled and all(bracketed(c) for c in filled):
        return True
    bare = not label.strip() or part_of(label) in ("se", "t", "z", "p")
    return bare and not ended and all(figure_like(c) for c in filled) and not any(starred(c) for c in filled)


def _inside(cell: str) -> str:
    held = plain(cell)
    held = re.sub(r"^\{(.*)\}$", r"[\1]", held)
    return held if bracketed(cell) else f"({held})"


def _bare(cell: str) -> str:
    held = plain(cell).strip()
    return held[1:-1].strip() if bracketed(cell) and held[:1] in "([" else held


def _put(rows: dict[str, list[str]], label: str, cells: list[str]) -> None:
    key = label.strip() or "without a label"
    while key in rows:
        key += " "
        key = key.rstrip() + " +"
    rows[key] = cells


def _statistic(
    statistics: dict[str, list[str]], words: dict[str, list[str]], kind: str, label: str, cells: list[str]
) -> None:
    if kind not in _KNOWN or kind in statistics:
        _put(words, label, cells)
        return
    figures, behind, free = [], [], []
    for cell in cells:
        held = plain(cell)
        inner = _DEGREES.search(held) if "df" in held else None
        free.append(inner)
        held = held.replace(inner[0], "").strip() if inner else held
        found = re.match(r"^(.*?)\s*[(\[]\s*([^()\[\]]*)\s*[)\]]\s*(\**)$", held)
        figures.append((found[1] + found[3]).strip() if found else held)
        behind.append(found[2].strip() if found else "")
    statistics[kind] = figures
    if kind in _TESTS and any(behind) and all(_probability(b) for b in behind if b):
        statistics[f"{kind}_p"] = behind
    if any(free) and kind in _TESTS:
        statistics[f"{kind}_df"] = [d[1] if d else "" for d in free]
        if kind == "f" and all(d is None or d[2] for d in free):
            statistics["f_df2"] = [d[2] if d else "" for d in free]
    degrees = _DEGREES.search(label)
    if degrees and kind in _TESTS and not any(free):
        statistics[f"{kind}_df"] = [degrees[1] if f else "" for f in figures]
        if degrees[2] and kind == "f":
            statistics["f_df2"] = [degrees[2] if f else "" for f in figures]


def _probability(text: str) -> bool:
    try:
        return 0 <= float(text.replace(",", ".").lstrip("<").strip()) <= 1
    except ValueError:
        return False


# ---------------------------------------------------------------------- a column a quantity, a row a term


def listed(shape: Shape, name: str, said: Said, stars: dict[str, float]) -> list[Made]:
    """Describe tables whose columns are estimate, standard error, t or z, p and the ends of an interval."""
    parts = [part_of(_last(c)) for c in shape.columns]
    starts = [k for k, p in enumerate(parts) if p == "estimate"]
    tests = any(re.fullmatch(r"d\.?f\.?\d?|degrees of freedom", c.strip(), re.IGNORECASE) for c in shape.columns)
    if not starts or not set(parts) & {"se", "t", "z", "p"} or (tests and "se" not in parts):
        return []
    groups = [(s, [*starts[1:], len(parts)][i]) for i, s in enumerate(starts)]
    found: list[Made] = []
    for start, end in groups:
        places = {p: k for k, p in reversed(list(enumerate(parts))) if p and start <= k < end}
        if not set(places) & {"se", "t", "z", "p"}:
            continue
        head = shape.columns[start]
        title = name if len(groups) == 1 else f"{name}, {head}"
        found += _listed(shape, places, title, said, stars)
    return found


def _last(column: str) -> str:
    """Return the quantity of a heading such as "Model 1 Std. Err."."""
    if part_of(column):
        return column
    words = column.split()
    for k in range(1, len(words)):
        if part_of(" ".join(words[k:])):
            return " ".join(words[k:])
    return column


def _listed(shape: Shape, places: dict[str, int], name: str, said: Said, stars: dict[str, float]) -> list[Made]:
    ratio = "z" if "z" in places else "t" if "t" in places else None
    pairs = [(ratio, "p"), ("se", ratio)] if ratio else [("se", "p" if "p" in places else None)]
    made: list[Made] = []
    statistics: dict[str, list[str]] = {}
    for turn, (round_, square) in enumerate(pairs):
        if round_ not in places and square not in places:
            continue
        rows: dict[str, list[str]] = {}
        roles: dict[str, str] = {}
        section = ""
        for k, (label, row) in enumerate(zip(shape.labels, shape.body, strict=True)):
            estimate = row[places["estimate"]]
            if all(blank(c) for c in row):
                section = label.strip(" :")
            beside = [c for j, c in enumerate(row) if j != places["estimate"] and not blank(c)]
            if blank(estimate) or not (figure_like(estimate) or beside):
                continue
            if not beside and (kind := statistic_of(label)) in _KNOWN:
                statistics[str(kind)] = [estimate]
                continue
            text = estimate if starred(estimate) else f"{estimate}{_stars_of(beside)}"
            for part, ends in ((round_, "()"), (square, "[]")):
                if part in places and not blank(row[places[part]]):
                    text += f" {ends[0]}{_bare(row[places[part]]).strip('* ')}{ends[1]}"
            key = _free(label, section, rows, k)
            rows[key] = [text]
            role = role_of(label)
            if role and role not in roles:
                roles[role] = key
        table: dict[str, Any] = {"name": name if not turn else f"{name}, {round_}", "kind": "regression"}
        table["columns"] = ["(1)"]
        table |= {key: part for key, part in (("round", round_), ("square", square)) if part in places}
        table |= {"stars": stars} if stars else {}
        table |= {"sided": said.sided} if said.sided else {}
        table |= {"roles": roles} if roles else {}
        table["coefficients"] = rows
        if rows:
            made.append(Made(table))
    if {"low", "high"} <= set(places):
        rows, section = {}, ""
        for k, (label, row) in enumerate(zip(shape.labels, shape.body, strict=True)):
            if all(blank(c) for c in row):
                section = label.strip(" :")
            estimate, low, high = (row[places[p]] for p in ("estimate", "low", "high"))
            error = row[places["se"]] if "se" in places else ""
            if not any(blank(c) for c in (estimate, low, high)):
                inside = f" ({_bare(error)})" if error and not blank(error) else ""
                rows[_free(label, section, rows, k)] = [f"{estimate}{inside} [{_end(low)}, {_end(high)}]"]
        if rows:
            table = {"name": f"{name}, interval", "kind": "regression", "columns": ["(1)"], "coefficients": rows}
            made.append(Made(table | ({"round": "se"} if "se" in places else {})))
    if made and statistics:
        made[0].table["statistics"] = statistics
    return made


def _stars_of(cells: list[str]) -> str:
    """Return the stars of a line, which R sets behind p."""
    return max((re.sub(r"[^*]", "", plain(c)) for c in cells), key=len, default="")


def _end(cell: str) -> str:
    return plain(cell).strip("[]() ")
