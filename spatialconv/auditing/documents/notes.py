"""What the notes under a table say: levels of stars, what stands in brackets, sides."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from spatialconv.auditing.description.typography import plain

_LEVEL = r"(0?[.,]\d+|\d+(?:[.,]\d+)?\s*%)"
_MARK = r"(\*{1,4}|[\u2020\u2021+^])"
# "*** p<0.01", "* denotes significance at the 10% level"
_BESIDE = re.compile(
    rf"{_MARK}\s*(?:\(?p\s*(?:-?value)?\s*<\s*=?"
    rf"|(?:denotes?|indicates?|means?|=|:|significan\w+)[^*%\d]{{0,60}}?)\s*{_LEVEL}",
    re.IGNORECASE,
)
# "***, ** and * denote significance at the 1%, 5% and 10% levels"
_LISTED = re.compile(
    rf"((?:{_MARK}\s*(?:,|and|&|;|\u3001|\s)*\s*){{2,4}})[^*%\d]{{0,120}}?"
    rf"((?:{_LEVEL}\s*(?:,|and|&|;|\u3001|\u548c|\s|level|significance)*){{2,4}})",
    re.IGNORECASE,
)
_BRACKETS = (
    ("se", r"(?:standard[\s-]errors?|std\.? ?err\w*\.?|s\.e\.s?|se)"),
    ("t", r"(?:values? of )?t[\s-]*(?:stat\w*|values?|ratios?)"),
    ("z", r"(?:values? of )?z[\s-]*(?:stat\w*|values?|scores?)"),
    ("p", r"(?:p[\s-]*values?|prob\w*)"),
)
_ROUND = r"(?:parenthes[ie]s|round brackets|\(\)|\(\s*\)|brackets)"
# "What is in brackets is ...": standard errors in two words, or t, z, p values.
_CHINESE = re.compile(
    "\u62ec\u53f7(?:\u5185|\u4e2d|\u91cc)?[^;\uff1b\u3002]{0,10}?(\u6807\u51c6\u8bef|\u6807\u51c6\u5dee|[tzp])",
    re.IGNORECASE,
)
_SQUARE = r"(?:square brackets|\[\s*\])"


@dataclass
class Said:
    """What the notes say; nothing where they are silent."""

    stars: dict[str, float] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    round: str | None = None
    square: str | None = None
    sided: str | None = None


def read(text: str) -> Said:
    """Read the notes of a table.

    Examples
    --------
    >>> found = read("Standard errors in parentheses. * p<0.05, ** p<0.01, *** p<0.001")
    >>> found.round, found.stars
    ('se', {'*': 0.05, '**': 0.01, '***': 0.001})
    """
    held = plain(text.replace("\n", " "))[:8000]
    held = re.sub(r"\^\{?(\*+)\}?", r"\1", held)
    found = Said()
    levels = _levels(held)
    if levels:
        ordered = sorted(levels.items(), key=lambda pair: -pair[1])
        # Daggers and plus signs stand for the loosest level; then one mark is one star more.
        for k, (mark, level) in enumerate(ordered, 1):
            found.marks[mark] = k
            found.stars["*" * k] = level
    for kind, words in _BRACKETS:
        inside = rf"\b{words}[^.;()\[\]]{{0,60}}?\bin (?:the )?"
        if found.round is None and re.search(rf"{inside}{_ROUND}(?![^.;]*square)", held, re.I):
            found.round = kind
        if re.search(rf"{inside}{_SQUARE}", held, re.I):
            found.square = kind
    if found.round is None:
        found.round = _first(held, rf"{_ROUND}[^.;]{{0,30}}?(?:are|show|report|contain|is|give|:|=)\s*(?:the )?")
    if found.round is None and re.search(r"\(\s*(?:values? in\s*)?\)\s*(?:are|is|:)", held):
        found.round = _first(held, r"\)\s*(?:are|is|:)\s*")
    if found.round is None and (chinese := _CHINESE.search(held)):
        found.round = {"t": "t", "z": "z", "p": "p"}.get(chinese[1].casefold(), "se")
    if re.search(r"\bone[\s-](?:sided|tailed)\b", held, re.I):
        found.sided = "one"
    elif re.search(r"\btwo[\s-](?:sided|tailed)\b", held, re.I):
        found.sided = "two"
    return found


def _first(text: str, before: str) -> str | None:
    for kind, words in _BRACKETS:
        if re.search(before + rf"(?:{words})\b", text, re.I):
            return kind
    return None


def _levels(text: str) -> dict[str, float]:
    codes = re.search(r"signif\w*\.?\s*codes?:?(.{5,120})", text, re.IGNORECASE)
    if codes:
        held = re.findall(r"['\u2018\"](\*{1,4})['\u2019\"]\s*(0?\.\d+)", codes[1])
        if held:
            return {mark: float(level) for mark, level in held}
    found: dict[str, float] = {}
    for mark, level in _BESIDE.findall(text):
        found.setdefault(mark, _number(level))
    if len(found) < 2:
        for listed in _LISTED.finditer(text):
            marks = re.findall(_MARK, listed[1])
            levels = re.findall(_LEVEL, listed[3])
            if len(marks) == len(levels) > 1 and len(set(marks)) == len(marks):
                found = {m: _number(v) for m, v in zip(marks, levels, strict=True)}
                break
    sound = {m: v for m, v in found.items() if 0 < v < 0.5}
    stars = [sound[m] for m in sorted((m for m in sound if set(m) == {"*"}), key=len)]
    # Levels that rise with the stars are the writer's own; two marks of one level are a slip of reading.
    return sound if len(set(stars)) == len(stars) and stars == sorted(stars, reverse=True) else {}


def _number(text: str) -> float:
    value = float(text.replace("%", "").replace(",", ".").strip())
    return value / 100 if "%" in text else value
