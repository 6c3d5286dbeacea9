"""Rules for labels, by name: each is told by whoever wants it, none is ever applied without being asked for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

from spatialconv.errors import OptionError

# Blanks of every kind, byte order marks and what joins or parts letters without a width.
_BLANKS = re.compile(r"[\s\u00a0\u1680\u2000-\u200d\u202f\u205f\u2060\u3000\ufeff]+")
MOST_DIGITS = 20


def _blanks(label: str) -> str:
    return _BLANKS.sub(" ", label).strip()


def _unicode(label: str) -> str:
    return unicodedata.normalize("NFKC", label)


def _decimals(label: str) -> str:
    return re.sub(r"^([+-]?[0-9]+)\.0+$", r"\1", label)


def _accents(label: str) -> str:
    parts = unicodedata.normalize("NFD", label)
    return unicodedata.normalize("NFC", "".join(c for c in parts if unicodedata.category(c) != "Mn"))


RULES: dict[str, Callable[[str], str]] = {
    "text": str,
    "blanks": _blanks,
    "unicode": _unicode,
    "decimals": _decimals,
    "case": str.casefold,
    "accents": _accents,
}
WORDS = {
    "text": "taken as text",
    "blanks": "without blanks around and with single ones inside",
    "unicode": "in one Unicode form (NFKC)",
    "decimals": "without .0 at the end",
    "case": "in lower case",
    "accents": "without accents",
}


def rule_of(told: str) -> Callable[[Any], str]:
    """Return what a rule makes of a label; several go one after the other: "blanks+case", "decimals+digits:5".

    Raises
    ------
    OptionError
        If there is no such rule.
    """
    if not isinstance(told, str):
        raise OptionError(f"a rule for labels is told in text such as 'digits:5'; got {type(told).__name__}.")
    steps = [_step(part.strip(), told) for part in told.split("+")]

    def apply(label: Any) -> str:
        text = str(label)
        for step in steps:
            text = step(text)
        return text

    return apply


def _step(part: str, told: str) -> Callable[[str], str]:
    if part in RULES:
        return RULES[part]
    width = re.fullmatch(r"digits:([0-9]{1,2})", part)
    if width and int(width[1]) <= MOST_DIGITS:
        return lambda label: _padded(label, int(width[1]))
    raise OptionError(
        f"a rule for labels is one of {', '.join(map(repr, RULES))} or 'digits:5' (zeros before whole numbers up to "
        f"five digits), several joined by '+'; got {told!r}."
    )


def _padded(label: str, width: int) -> str:
    return label.lstrip("0").zfill(max(width, 1)) if label.isascii() and label.isdigit() else label


def words(told: str) -> str:
    """Say what a rule does: 'zero-padded to 5 digits'."""
    return ", ".join(
        WORDS.get(part, f"zero-padded to {part.partition(':')[2]} digits") for part in told.split("+") if part
    )


def merged(labels: Iterable[Any], rule: Callable[[Any], str]) -> list[tuple[Any, Any]]:
    """Return pairs of different labels of which a rule makes one."""
    seen: dict[str, Any] = {}
    found = []
    for label in dict.fromkeys(labels):
        made = rule(label)
        if made in seen:
            found.append((seen[made], label))
        else:
            seen[made] = label
    return found
