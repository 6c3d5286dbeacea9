"""One digit, sign, star or p of a table changed at random, as a slip of the pen or of the hand would."""

from __future__ import annotations

import copy
import re
from typing import Any

import numpy as np

KINDS = ("digit", "sign", "star", "p")
_NUMBER = re.compile(r"[-\u2212]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def spoil(given: dict[str, Any], kind: str, rng: np.random.Generator) -> tuple[dict[str, Any], str] | None:
    """Return the description with one thing changed, and what was; None if the table has nothing of the kind."""
    changed = copy.deepcopy(given)
    table = changed["table"][0]
    places = [p for p in _places(table) if p[2]]
    if kind == "p":
        places = [p for p in places if p[3]]
    if kind == "star" and not any("*" in text for _, _, text, _, _ in places):
        return None
    if kind == "star":
        places = [p for p in places if p[4]]
    if not places:
        return None
    holder, key, text, inside, _ = places[rng.integers(len(places))]
    new = _changed(text, kind, inside if kind == "p" else None, rng)
    if new is None or new == text:
        return None
    holder[key] = new
    return changed, f"{text} -> {new}"


def _places(table: dict[str, Any]) -> list[tuple[Any, Any, str, str, bool]]:
    """Where figures stand: holder, key, text, where a p stands in it ("(", "[", "all" or ""), stars."""
    found: list[tuple[Any, Any, str, str, bool]] = []
    if table["kind"] == "regression":
        bracket = {"round": "(", "square": "["}
        p = next((bracket[b] for b in bracket if table.get(b) == "p"), "")
        for cells in table["coefficients"].values():
            found += [(cells, k, c, p, True) for k, c in enumerate(cells)]
        for name, cells in table["statistics"].items():
            found += [(cells, k, c, "all" if name.endswith("_p") else "", False) for k, c in enumerate(cells)]
        return found
    columns = table["columns"]
    for cells in table["rows"].values():
        for k, c in enumerate(cells):
            if columns[k] != "distribution":
                found.append((cells, k, c, "all" if columns[k] == "p" else "", columns[k] == "statistic"))
    groups = table.get("group_weights", {})
    return found + [(groups, g, c, "", False) for g, c in groups.items()]


def _changed(text: str, kind: str, bracket: str | None, rng: np.random.Generator) -> str | None:
    if kind == "star":
        head = _NUMBER.search(text)
        assert head is not None
        stars = text.count("*")
        more = stars == 0 or (stars < 3 and rng.random() < 0.5)
        clean = text.replace("*", "")
        end = head.end()
        return clean[:end] + "*" * (stars + (1 if more else -1)) + clean[end:]
    start = 0
    if bracket in ("(", "["):
        start = text.find(bracket)
        if start < 0:
            return None
    numbers = [m for m in _NUMBER.finditer(text) if m.start() >= start]
    if not numbers:
        return None
    if bracket == "[":
        numbers = numbers[:1]
    chosen = numbers[rng.integers(len(numbers))]
    figure = chosen[0]
    if kind == "sign":
        if not re.search(r"[1-9]", figure):
            return None
        new = figure[1:] if figure[0] in "-\u2212" else "-" + figure
    else:
        mantissa = re.split("e", figure)[0]
        digits = [i for i, c in enumerate(mantissa) if c.isdigit()]
        i = digits[rng.integers(len(digits))]
        other = str(rng.choice([d for d in "0123456789" if d != figure[i]]))
        new = figure[:i] + other + figure[i + 1 :]
    return text[: chosen.start()] + new + text[chosen.end() :]
