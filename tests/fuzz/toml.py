"""Descriptions of studies and papers: files cut off, turned over, swollen; and files that are TOML and wrong."""

from __future__ import annotations

import json
import random
from datetime import date, time
from pathlib import Path
from typing import Any

import spatialconv as sc
from spatialconv.study._read import build_weights, read_samples, read_sources
from tests.fuzz.kinds import Kind
from tests.unit.descriptions import documents

TOKENS = [
    "1e-9999999999",
    "[",
    "]",
    "[[",
    "]]",
    "{}",
    "{",
    '"',
    '"""',
    "'",
    "=",
    "==",
    "-1",
    "true",
    "nan",
    "inf",
    "1e400",
    "",
    ".",
    "\n[x]\n",
    "\n[[table]]\n",
    "[1, 2]",
    "0x1F",
    "1979-05-27T07:32:00Z",
    "07:32:00",
    "9" * 40,
    "9" * 5000,
    "\\u0000",
    "\\ud800",
    "\ufeff",
    "\u00a0",
    "浙江",
    "\u202e",
    "a." * 40 + "a",
    "[" * 300 + "]" * 300,
    "#",
    "\r\n",
    "\t",
    "\x00",
    "\x1b",
    "_",
    "+",
    "1_0",
    "\U0001f9ed",
]
PAPERS = [path.read_text(encoding="utf-8") for path in sorted(documents.AUDITS.glob("*.toml"))]


def make(draw: random.Random, folder: Path) -> tuple[str, Path]:
    """Write one description; its data stand beside it."""
    what = draw.choice(["case", "case", "paper"])
    path = folder / f"{what}.toml"
    if draw.random() < 0.5:
        given = documents.case() if what == "case" else documents.papers()[draw.choice(["template", "he_innovation"])]
        text = written(documents.changed(given, draw))
    else:
        text = turned(documents.TEMPLATE if what == "case" else draw.choice(PAPERS), draw)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return what, path


def turned(text: str, draw: random.Random) -> str:
    """Change the text of a file: one to four slips of a hand, an editor or a disk."""
    for _ in range(draw.randint(1, 4)):
        lines = text.split("\n")
        k, at = draw.randrange(len(lines)), draw.randint(0, len(text))
        how = draw.randrange(9)
        if how == 0:
            text = text[:at]
        elif how == 1:
            lines[k] = f"{lines[k].split('=')[0]}= {draw.choice(TOKENS)}"
        elif how == 2:
            del lines[k]
        elif how == 3:
            lines.insert(draw.randrange(len(lines)), lines[k])
        elif how == 4:
            text = text[:at] + draw.choice(TOKENS) + text[at:]
        elif how == 5:
            text = text[:at] + chr(draw.choice([0, 9, 34, 61, 91, 93, 127, 233, 0x4E2D, 0xD800])) + text[at + 1 :]
        elif how == 6:
            first, last = sorted(draw.randrange(len(lines)) for _ in range(2))
            lines = lines[:last] + lines[first:last] * draw.randint(1, 3) + lines[last:]
        elif how == 7:
            lines[k] = lines[k].replace('"', draw.choice(["", "'", '"""']))
        else:
            other = draw.randrange(len(lines))
            lines[k], lines[other] = lines[other], lines[k]
        text = "\n".join(lines) if how in (1, 2, 3, 6, 7, 8) and lines else text
    return text


def written(given: dict[str, Any]) -> str:
    """Write a description as TOML, whatever it has become."""
    return "".join(f"{_value(str(key))} = {_value(value)}\n" for key, value in given.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_value(str(key))} = {_value(held)}" for key, held in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, (date, time)):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value).lower()


def use(made: tuple[str, Path]) -> None:
    """Audit a paper; of a case read what it names, up to the weights and the samples."""
    what, path = made
    if what == "paper":
        sc.audit(path).to_text()
        return
    case = sc.study.load(path)
    sources = read_sources(case)
    build_weights(sources)
    read_samples(sources.case, sources.panel, sources.geometry)


TOML = Kind(make, use)
