"""Documents, frames and pasted text to the description that an audit reads, in the shape of its TOML file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from spatialconv.auditing.documents import html, latex, lists, notes, plain, regression, sheets, word
from spatialconv.auditing.documents.cells import starring
from spatialconv.auditing.documents.labels import statistic_of
from spatialconv.auditing.documents.programs import r
from spatialconv.auditing.documents.raw import RawTable, bounded, text_of
from spatialconv.auditing.documents.shape import Shape, shape_of
from spatialconv.errors import FileError, OptionError

SUFFIXES = (
    ".tex", ".docx", ".html", ".htm", ".md", ".markdown", ".csv", ".tsv", ".xlsx", ".txt", ".log", ".rst", ".qmd",
)  # fmt: skip
# What is no description either, so that it is refused in words instead of as broken TOML.
REFUSED = (".pdf", ".doc", ".odt", ".rtf", ".xls", ".ods", ".png", ".jpg", ".jpeg", ".zip")
_NUMBERED = re.compile(r"(?:tab(?:le|\.)?|\u8868)\s*[a-z]?\.?\s*\d+(?:\.\d+)?[a-z]?", re.IGNORECASE)
_PAIR = re.compile(
    r"([A-Za-z][\w.,()%^\u00b2>-]*(?: [\w.,()%^\u00b2>-]+){0,5})\s*[:=]\s+(-?[\d.,]*\d(?:e[-+]?\d+)?)(?=[,;]?(?:\s|$))",
    re.IGNORECASE,
)
_ONE_MODEL = frozenset({"n", "r2", "adj_r2", "f", "f_p", "loglik", "aic", "bic", "df"})


@dataclass
class Understood:
    """What was understood of a source: a description in the shape of the TOML file, and what was not."""

    given: dict[str, Any]
    notes: list[str] = field(default_factory=list)


def of_file(path: Path) -> Understood:
    """Read every table of a document."""
    held, suffix, name = bounded(path), path.suffix.casefold(), path.name
    if suffix == ".docx":
        raw = word.tables(held, name)
    elif suffix == ".xlsx":
        raw = sheets.of_excel(held, name)
    elif suffix in (".html", ".htm"):
        raw = html.tables(text_of(held))
    elif suffix in (".csv", ".tsv"):
        raw = sheets.of_csv(text_of(held), name)
    elif suffix in SUFFIXES:
        return of_text(text_of(held), name)
    elif suffix == ".pdf":
        raise FileError(
            f"cannot read {name!r}: a PDF holds signs at places of a page and no table, and minus signs, raised stars "
            "and blank cells are lost on the way out. Copy the table from it and give the text, open it in Word or "
            "LibreOffice and save it as .docx, or give the page of the journal as .html."
        )
    else:
        raise FileError(f"cannot read {name!r}: audit() reads .toml, {', '.join(SUFFIXES)}; save or copy it as one.")
    return described(raw, path.stem)


def of_text(text: str, name: str = "pasted text") -> Understood:
    """Read every table of a text, whatever it is written in."""
    if re.search(r"\\begin\s*\{(?:tabular|longtable|tabu|tblr|supertabular|talltblr)", text):
        return described(latex.tables(text), name)
    if re.search(r"<table[\s>]", text, re.IGNORECASE):
        return described(html.tables(text), name)
    pairs: dict[str, str] = {}
    for label, value in _PAIR.findall(text[:200_000]):
        kind = statistic_of(label)
        if kind in _ONE_MODEL:
            pairs.setdefault(str(kind), value)
    beside = r.of_model(text[:200_000])
    pairs |= {key: value for key, value in beside.items() if "f" in pairs or not key.startswith("f_")}
    found = described(plain.tables(text), name, pairs)
    r.add_space(_of_first(found.given["table"]), text[:200_000])
    found.given["table"] += r.tests(text[:200_000])
    return found


def _of_first(tables: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what is described of the first model alone in its table; whatever stands below are its diagnostics."""
    models = [t for t in tables if t["kind"] == "regression" and t["columns"] == ["(1)"]]
    return [m for m in models if m["name"].split(",")[0] == models[0]["name"].split(",")[0]]


def of_frame(frame: pd.DataFrame, name: str = "DataFrame") -> Understood:
    """Read a frame as a table: its columns are headings, its index the labels."""
    head = [[" ".join(str(p) for p in (c if isinstance(c, tuple) else (c,)) if str(p)) for c in frame.columns]]
    numbered = isinstance(frame.index, pd.RangeIndex)
    body = [["" if _missing(v) else str(v) for v in row] for row in frame.itertuples(index=False, name=None)]
    if not numbered:
        head = [["", *head[0]]]
        labels = [" ".join(str(p) for p in (i if isinstance(i, tuple) else (i,))) for i in frame.index]
        body = [[label, *row] for label, row in zip(labels, body, strict=True)]
    return described([RawTable([*head, *body][:2000])], name)


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and value != value)


def described(raw: list[RawTable], title: str, pairs: dict[str, str] | None = None) -> Understood:
    """Describe tables; what holds no figure is left out and named."""
    found: list[dict[str, Any]] = []
    notes_: list[str] = []
    for k, table in enumerate(raw, 1):
        name = _name(table, k)
        made = list(_made(table, name, notes_))
        if not made:
            notes_.append(f"{name} is left out: no figures that a rule reads were found in it")
        found += made
    pairs = {key: value for key, value in (pairs or {}).items() if value}
    for k, model in enumerate(_of_first(found) if pairs else ()):
        held = model.setdefault("statistics", {})
        for key, value in pairs.items():
            if not k or key == "df":
                held.setdefault(key, [value])
    if not found:
        notes_.append("no table with figures was found")
    seen: dict[str, int] = {}
    for table_ in found:
        seen[table_["name"]] = seen.get(table_["name"], 0) + 1
        if seen[table_["name"]] > 1:
            table_["name"] += f" ({seen[table_['name']]})"
    return Understood({"paper": {"title": title}, "table": found}, notes_)


def _name(raw: RawTable, k: int) -> str:
    held = _NUMBERED.search(raw.caption)
    return " ".join(held[0].split()) if held else f"table {k}"


def _made(raw: RawTable, name: str, notes_: list[str]) -> Iterator[dict[str, Any]]:
    shape = shape_of(raw)
    if shape is None or not shape.body:
        return
    said = notes.read(" ".join([raw.caption, *raw.notes, *shape.notes, *shape.columns, shape.corner]))
    cells, stars = starring(shape.body, said)
    shape = Shape(shape.columns, shape.labels, cells, shape.corner, shape.notes)
    made = (
        lists.clubs(shape, name, said)
        or lists.quotients(shape, name)
        or lists.correlations(shape, name, " ".join([raw.caption, *raw.notes, *shape.notes]), stars)
        or lists.decomposition(shape, name)
        or regression.listed(shape, name, said, stars)
        or lists.quantities(shape, name, said, stars)
        or (regression.models(shape, name, said, stars) if regression.looks_like(shape) else [])
    )
    if not made:
        one = lists.grid(shape, name, " ".join([raw.caption, shape.corner]))
        made = [one] if one is not None else []
    for held in made:
        notes_ += held.notes
        yield {key: value for key, value in held.table.items() if value not in ({}, [], None)}


def of_string(text: str) -> Understood:
    """Read a string that is no path: a pasted table."""
    found = of_text(text)
    if not found.given["table"]:
        raise OptionError(
            "no table was found in the text: paste it with its lines, as LaTeX, HTML, Markdown, CSV or plain text, or "
            "give the path of a file that exists."
        )
    return found
