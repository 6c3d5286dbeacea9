"""From a table of quantities or of figures to a description: descriptives, Moran's I, tests, and grids."""

from __future__ import annotations

import math
import re
from typing import Any

from spatialconv.auditing.description.classes import classes, levels_of
from spatialconv.auditing.description.figures import Figure, figure
from spatialconv.auditing.description.typography import comma_is_decimal, plain
from spatialconv.auditing.documents.cells import blank, figure_like, has_bracket, starred
from spatialconv.auditing.documents.labels import head_of
from spatialconv.auditing.documents.notes import Said
from spatialconv.auditing.documents.regression import Made
from spatialconv.auditing.documents.shape import Shape, unique
from spatialconv.errors import OptionError

_LEAST = {"dispersion": 2, "descriptives": 3, "autocorrelation": 2, "tests": 2}
_NEEDED = {
    "dispersion": {"F"}, "descriptives": {"mean", "min", "max"}, "autocorrelation": {"I", "C"}, "tests": {"statistic"},
}  # fmt: skip
_BESIDE = {
    "dispersion": {"std", "variance", "cv", "p"}, "autocorrelation": {"z", "p", "variance", "sd"},
    "tests": {"p"},
}  # fmt: skip
_SPREADS = frozenset({"std", "variance", "cv"})
_LAWS = {"f": "F", "t": "t", "z": "z", "normal": "z", "chi2": "chi2", "chi-2": "chi2", "chi-square": "chi2",
         "chi-squared": "chi2", "\u03c72": "chi2", "\u03c7\u00b2": "chi2"}  # fmt: skip
_CLUB = re.compile(r"^(?:clubs?\b|\u4ff1\u4e50\u90e8|diverg|non-?converg|\u53d1\u6563)", re.IGNORECASE)
_MEMBERS = re.compile(r"\s*[\[(](\d{1,4})[\])]\s*$")
_YEAR = re.compile(r"^(?:18|19|20)\d\d\b")
_QUOTIENT = re.compile(r"\blq\b|location quotients?|\u533a\u4f4d\u71b5", re.IGNORECASE)
_OF_ALL = re.compile(r"^(?:total|all|overall|gdp|grp)\b|\u603b|\u5730\u533a\u751f\u4ea7", re.IGNORECASE)
_SHARES = re.compile(
    r"contribut|\bshares?\b|proportion|percent|\(%\)|\u8d21\u732e|\u5360\u6bd4|\u6bd4\u91cd", re.IGNORECASE
)
_PARTS = re.compile(
    r"\b(?:within|between|intra|inter)\b|\bT(?:BR|WR|b|w)\b|\u7ec4\u95f4|\u7ec4\u5185|\u533a\u57df\u95f4", re.IGNORECASE
)
_OBSERVED = re.compile(
    r"^(?:n|obs\.?|observations?|number|no\.?|\u89c2\u6d4b\u503c|\u6837\u672c\u91cf)$", re.IGNORECASE
)
_TOTAL = re.compile(r"^(?:grand )?(?:total|sum|all|overall|\u5408\u8ba1|\u603b\u8ba1)s?$", re.IGNORECASE)
# An index stands before its parts: T, Twithin, Tbetween; G, Gw, Gnb, Gt.
_WHOLE = re.compile(
    r"^(?:t|g|theil\b.*|gini\b.*|dagum\b.*|mld|gei?|atkinson|index|inequality|"
    r"\u6cf0\u5c14.*|\u57fa\u5c3c.*|\u603b\u4f53.*)$",
    re.IGNORECASE,
)
_MEAN = re.compile(
    r"^(?:row |annual )?(?:mean|average|avg\.?|\u5e73\u5747|\u5747\u503c|\u5e73\u5747\u503c)$", re.IGNORECASE
)


def quantities(shape: Shape, name: str, said: Said, stars: dict[str, float]) -> list[Made]:
    """Describe a table whose headings (or labels) are quantities of one vocabulary; nothing if they are not."""
    for way in (shape, _turned(shape)):
        for kind, least in _LEAST.items():
            for group, heads in _groups(kind, way.columns):
                known = set(heads.values())
                if len(known) < least or not known & _NEEDED[kind] or (kind in _BESIDE and not known & _BESIDE[kind]):
                    continue
                # Of other tables than those of sigma convergence nothing is known of the degrees of F.
                if kind == "dispersion" and 2 * sum(bool(_YEAR.match(r)) for r in way.labels) < len(way.labels):
                    continue
                # F beside both its degrees of freedom needs none of those that a table of spreads leaves to be found.
                if kind == "dispersion" and {"df", "df2"} <= {
                    h for _, g in _groups("tests", way.columns) for h in g.values()
                }:
                    continue
                # C and E are regions as well, the centre and the east.
                seen = sum(len(h) for _, h in _groups(kind, way.columns))
                if kind == "autocorrelation" and 2 * seen < len(way.columns):
                    continue
                if kind == "tests" and (len(known) * 2 < len(way.columns) or "p" not in known):
                    continue
                made = _of_kind(way, kind, heads, name, group, said, stars)
                if made:
                    others = [
                        m
                        for g, h in _groups(kind, way.columns)
                        if h != heads and (m := _of_kind(way, kind, h, name, g, said, stars)) is not None
                    ]
                    return [made, *others]
    return []


def clubs(shape: Shape, name: str, said: Said) -> list[Made]:
    """Describe tables of convergence clubs by log t, one for every classification of the regions that is printed."""
    if sum(bool(_CLUB.match(label)) for label in shape.labels) < 2:
        return []
    made = []
    for group, heads in _groups("clubs", shape.columns):
        known = set(heads.values())
        inside = any(has_bracket(row[k]) for row in shape.body for k, h in heads.items() if h == "b")
        # One figure in brackets may be a standard error or t, where neither has a column.
        if "b" not in known or not known & {"t", "std_error"} or (inside and known >= {"t", "std_error"}):
            continue
        for k, part in enumerate(_classifications(shape, heads, spread=inside)):
            title = group if not k else f"{group} ({k + 1})".strip()
            one = _of_kind(part, "clubs", dict(enumerate(part.columns)), name, title, said, {})
            if one is not None:
                every = [row for row in one.table["rows"] if row.strip().casefold() in _EVERY]
                n = one.table["rows"][every[0]][0] if every and part.columns[0] == "n" else ""
                one.table |= {"n": int(n)} if n.isascii() and n.isdigit() and int(n) > 1 else {}
                made.append(one)
    return made


_EVERY = (
    "all",
    "full sample",
    "all regions",
    "total",
    "whole sample",
    "full",
    "full panel",
    "overall",
    "\u5168\u6837\u672c",
)


def _classifications(shape: Shape, heads: dict[int, str], *, spread: bool) -> list[Shape]:
    """Return the rows of each classification: where the first club comes again, another begins."""
    order = [h for h in ("n", "b", "std_error", "t", "p", "speed") if h in heads.values()]
    at = {h: k for k, h in heads.items()}
    other = "t" if "std_error" in at else "std_error"
    names = order if not spread else [*order[: order.index("b") + 1], other, *[h for h in order if h != "b" and
                                      order.index(h) > order.index("b")]]  # fmt: skip
    if "n" in at and not any(figure_like(row[at["n"]]) for row in shape.body):
        names = [h for h in names if h != "n"]  # members by name
    counted = "n" not in names and sum(bool(_MEMBERS.search(label)) for label in shape.labels) >= 2
    names = ["n", *names] if counted else names
    parts: list[tuple[list[str], list[list[str]]]] = [([], [])]
    for label, row in zip(shape.labels, shape.body, strict=True):
        bare = _MEMBERS.sub("", label) if counted else label
        if bare in parts[-1][0] and _CLUB.match(bare):
            parts.append(([], []))
        cells = {h: row[k] for h, k in at.items()}
        if spread:
            estimate, _, rest = plain(row[at["b"]]).partition("(")
            cells |= {"b": estimate.strip(), other: rest.strip(") *")}
        if counted:
            found = _MEMBERS.search(label)
            cells["n"] = found[1] if found else ""
        parts[-1][0].append(bare)
        parts[-1][1].append([cells[h] for h in names])
    return [Shape(list(names), labels, body, shape.corner) for labels, body in parts]


def quotients(shape: Shape, name: str) -> list[Made]:
    """Describe a table of location quotients beside the counts and totals that they are of."""
    held = [k for k in range(len(shape.columns)) if any(figure_like(row[k]) for row in shape.body)]
    lq = [k for k in held if _QUOTIENT.search(shape.columns[k])]
    of = [k for k in held if k not in lq and _OF_ALL.search(shape.columns[k])]
    count = [k for k in held if k not in lq and k not in of]
    if not len(lq) == len(of) == len(count) == 1:
        return []
    heads = {count[0]: "count", of[0]: "total", lq[0]: "lq"}
    made = _of_kind(shape, "quotients", heads, name, "", Said(), {})
    return [made] if made else []


def _turned(shape: Shape) -> Shape:
    body = [list(column) for column in zip(*shape.body, strict=True)]
    return Shape(unique(shape.labels), list(shape.columns), body, shape.corner)


def _groups(kind: str, columns: list[str]) -> list[tuple[str, dict[int, str]]]:
    """Return the quantities by position, a group a run of them: several weights stand side by side."""
    found: list[tuple[str, dict[int, str]]] = []
    held: dict[int, str] = {}
    title = ""
    for k, column in enumerate(columns):
        words = re.sub(r" \(\d+\)$", "", column).split()
        head, lead = None, ""
        for j in range(len(words)):
            head = head_of(kind, " ".join(words[j:]))
            if head:
                lead = " ".join(words[:j])
                break
        if head is None:
            continue
        # A second spread begins what is said of it: "CV, F, p, SD, F, p".
        another = kind == "dispersion" and head in _SPREADS and bool({"F", "p"} & set(held.values()))
        if head in held.values() or another:
            # Two of them need names; the first has that of its spread.
            title = title or next(columns[j] for j in held) if another else title
            found.append((title, held))
            held = {}
        if not held:
            title = lead or column if another else lead
        held[k] = head
    return [*found, (title, held)] if held else found


def _of_kind(
    shape: Shape, kind: str, heads: dict[int, str], name: str, group: str, said: Said, stars: dict[str, float]
) -> Made | None:
    columns = list(heads.values())
    rows: dict[str, list[str]] = {}
    for k, (label, row) in enumerate(zip(shape.labels, shape.body, strict=True)):
        cells = ["" if blank(row[j]) else row[j] for j in heads]
        if not any(figure_like(c) for c in cells):
            continue
        key = label.strip() or f"row {k + 1}"
        rows[key if key not in rows else f"{key} ({k + 1})"] = cells
    if not rows:
        return None
    table: dict[str, Any] = {"name": f"{name}, {group}" if group else name, "kind": kind, "columns": columns}
    if kind == "tests":
        # Of which law each statistic is stands in its name, if anywhere; without one nothing can be said of p.
        table["columns"] = [*columns, "distribution"]
        laws = _laws(shape, heads, list(rows))
        rows = {key: [*cells, law] for key, cells in rows.items() if (law := laws[key])}
        if not rows:
            return None
    if kind == "descriptives":
        table["complete"] = False
    if said.sided:
        table["sided"] = said.sided
    if stars and any(starred(c) for cells in rows.values() for c in cells):
        table["stars"] = stars
    return Made(table | {"rows": rows})


def _laws(shape: Shape, heads: dict[int, str], rows: list[str]) -> dict[str, str]:
    """Return the law of each statistic: by its name, by a column that says it, or by the heading of the statistics."""
    ((at, _), *_) = [(k, h) for k, h in heads.items() if h == "statistic"]
    headed = _LAWS.get(re.sub(r"[\s_-]*(?:stat\w*\.?|values?)?$", "", plain(shape.columns[at]).casefold()), "")
    known = set(heads.values())
    if (headed == "F" and not known >= {"df", "df2"}) or (headed == "t" and "df" not in known):
        headed = ""
    said = {}
    for k in range(len(shape.columns)):
        told = [_LAWS.get(plain(row[k]).strip().casefold(), "") for row in shape.body]
        if k not in heads and told and all(told):
            said = dict(zip(rows, told, strict=False)) if len(rows) == len(told) else {}
    return {row: said.get(row) or _law(row) or headed for row in rows}


def _law(label: str) -> str:
    held = label.casefold()
    if re.search(r"\blm\b|lagrange|wald|\blr\b|likelihood|hausman|chi|\u03c7|breusch|jarque|koenker|white", held):
        return "chi2"
    return "z" if "moran" in held else ""


# ---------------------------------------------------------------------- figures by two labels


def grid(shape: Shape, name: str, words: str = "") -> Made | None:
    """Describe a table of figures by two labels; totals and averages at its edges are recognised if they are named so.

    Shares are recognised by what they add up to, where most lines do so; where `words` above the table call them
    shares, or a column is what lies between or within groups, one line that does so to the last digit is enough.
    """
    columns = unique([c.strip() or f"({k})" for k, c in enumerate(shape.columns, 1)])
    rows: dict[str, list[str]] = {}
    for k, (label, row) in enumerate(zip(shape.labels, shape.body, strict=True)):
        cells = ["" if blank(c) else c for c in row]
        if not any(figure_like(c) for c in cells):
            continue
        key = label.strip() or f"row {k + 1}"
        rows[key if key not in rows else f"{key} ({k + 1})"] = cells
    kept = [j for j in range(len(columns)) if any(figure_like(cells[j]) for cells in rows.values())]
    if not rows or not kept:
        return None
    columns = [columns[j] for j in kept]
    rows = {key: [cells[j] if figure_like(cells[j]) else "" for j in kept] for key, cells in rows.items()}
    table: dict[str, Any] = {"name": name, "kind": "grid", "content": "figures", "columns": columns}
    figures = _figures(rows)
    edges = _edges(columns, list(rows), figures)
    if _are_classes(columns, list(rows), figures, edges):
        edges["content"] = "counts"
    table |= edges | _shares(
        figures, columns, edges, called=bool(_SHARES.search(words) or any(map(_PARTS.search, columns)))
    )
    return Made(table | {"rows": rows})


def decomposition(shape: Shape, name: str) -> list[Made]:
    """Describe an index with its parts and, beside them, the rate of each: two grids, one of figures, one of shares."""
    columns = [c.strip() for c in shape.columns]
    rates = [k for k, c in enumerate(columns) if _SHARES.search(c)]
    parts = [k for k in range(len(columns)) if k not in rates]
    if not 2 <= len(rates) == len(parts) - 1 or not _WHOLE.match(columns[parts[0]]):
        return []

    def of(kept: list[int], title: str, words: str) -> Made | None:
        body = [[row[k] for k in kept] for row in shape.body]
        return grid(Shape([columns[k] for k in kept], shape.labels, body, shape.corner), title, words)

    levels, shares = of(parts, name, ""), of(rates, f"{name}, rates", "shares")
    return [levels, shares] if levels and shares and "row_total" in levels.table else []


def correlations(shape: Shape, name: str, words: str, stars: dict[str, float]) -> list[Made]:
    """Describe a matrix of correlations: ones on its diagonal, its columns the rows or their numbers, maybe half of it.

    Stars may stand in it, which make no table of coefficients of it.
    """
    labels, columns = shape.labels, [c.strip() for c in shape.columns]
    numbers = [re.sub(r"\D", "", c) if re.fullmatch(r"[(\[]?\d{1,2}[)\].]?", c) else "" for c in columns]
    numbered = numbers == [str(k + 1) for k in range(len(columns))]
    if len(columns) < 3 or len(labels) - len(columns) not in (0, 1):
        return []
    if not numbered and columns != [x.strip() for x in labels[: len(columns)]]:
        return []
    figures = _figures({str(k): ["" if blank(c) else c for c in row] for k, row in enumerate(shape.body)})
    held = list(figures.values())
    ones = [held[k][k] for k in range(len(columns))]
    beside = [f for i, row in enumerate(held) for j, f in enumerate(row) if i != j and f is not None]
    if not beside or not all(f is None or f.value == 1 for f in ones) or sum(f is not None for f in ones) < 3:
        return []
    if sum(abs(f.value) <= 1 for f in beside) * 4 < len(beside) * 3:
        return []
    names = unique([x.strip() or f"({k})" for k, x in enumerate(labels, 1)])
    rows = {n: ["" if blank(c) else c for c in row] for n, row in zip(names, shape.body, strict=True)}
    table: dict[str, Any] = {"name": name, "kind": "grid", "content": "figures", "columns": names[: len(columns)]}
    counted = re.search(r"\bn\s*=\s*(\d{1,3}(?:,\d{3})+|\d+)\b", plain(words), re.IGNORECASE)
    table |= {"n": int(counted[1].replace(",", ""))} if counted else {}
    table |= {"stars": stars} if stars else {}
    return [Made(table | {"rows": rows})]


def _figures(rows: dict[str, list[str]]) -> dict[str, list[Figure | None]]:
    comma = comma_is_decimal(c for cells in rows.values() for c in cells)

    def read(text: str) -> Figure | None:
        try:
            return figure(text, comma=comma) if text else None
        except OptionError:
            return None

    return {row: [read(plain(c)) for c in cells] for row, cells in rows.items()}


def _are_classes(
    columns: list[str], rows: list[str], figures: dict[str, list[Figure | None]], edges: dict[str, Any]
) -> bool:
    """Return whether a grid counts regions by class of local Moran or local G, or by level of significance."""
    every = [f for line in figures.values() for f in line if f is not None]
    if (
        not every
        or any(f.unit != 1 or f.value < 0 or f.percent for f in every)
        or edges.keys() & {"row_mean", "column_mean"}
    ):
        return False
    return any(classes(labels) or len(levels_of(labels)) > 1 for labels in (columns, rows))


def _edges(columns: list[str], rows: list[str], figures: dict[str, list[Figure | None]]) -> dict[str, Any]:
    """Return which edges are totals or averages: they are called so, and most of them are."""
    found: dict[str, Any] = {}
    for key, pattern in (("total", _TOTAL), ("mean", _MEAN)):
        for edge, names in (("row", columns), ("column", rows)):
            named = [n for n in names if pattern.match(n.strip())]
            first = key == "total" and edge == "row" and not named and len(rows) > 2 and _WHOLE.match(names[0].strip())
            named = names[:1] if first else named
            if len(named) != 1 or len(names) < 3:
                continue
            k = names.index(named[0])
            lines = list(figures.values()) if edge == "row" else [list(c) for c in zip(*figures.values(), strict=True)]
            good = told = 0
            for line in lines:
                rest = [f.value for j, f in enumerate(line) if j != k and f is not None]
                whole = line[k]
                if whole is None or len(rest) < 2:
                    continue
                told += 1
                value = math.fsum(rest) / (len(rest) if key == "mean" else 1)
                good += abs(value - whole.value) <= whole.unit * (len(rest) + 1) + 1e-9 * abs(value)
            if told and good * 2 > told:
                found[f"{edge}_{key}"] = named[0]
    return found


def _shares(
    figures: dict[str, list[Figure | None]], columns: list[str], edges: dict[str, Any], *, called: bool = False
) -> dict[str, Any]:
    if edges or len(columns) < 2 or len(figures) < 2:
        return {}
    # Shares of a chain, beside the observations of each row.
    observed = [k for k, c in enumerate(columns) if _OBSERVED.match(c.strip())]
    if len(observed) == 1 and len(columns) > 2:
        k = observed[0]
        counted = [line[k] for line in figures.values()]
        if all(f is None or (f.unit == 1 and f.value >= 0) for f in counted):
            rest = {row: [f for j, f in enumerate(line) if j != k] for row, line in figures.items()}
            found = _shares(rest, [c for j, c in enumerate(columns) if j != k], {})
            return found | {"row_n": columns[k]} if found.get("sums_to") == "rows" else {}
    values = [f for line in figures.values() for f in line if f is not None]
    if any(f.value < 0 for f in values):
        return {}
    for unit, whole in (("percent", 100.0), ("share", 1.0)):
        for way, lines in (
            ("rows", list(figures.values())),
            ("columns", [list(c) for c in zip(*figures.values(), strict=True)]),
        ):
            held = [[f for f in line if f is not None] for line in lines]
            held = [line for line in held if len(line) > 1 and any(f.value for f in line)]
            fits = sum(
                abs(math.fsum(f.value for f in line) - whole) <= 0.51 * math.fsum(f.unit for f in line) + 1e-9
                for line in held
            )
            # Figures of many digits do not add up to a whole by chance.
            exact = called and fits and all(math.fsum(f.unit for f in line) <= 0.0005 * whole for line in held)
            if len(held) > 1 and (exact or fits * 4 >= len(held) * 3) and all(f.value <= whole for f in values):
                return {"content": "shares", "unit": unit, "sums_to": way}
    return {}
