"""A description as the TOML file that a person can correct."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"^[A-Za-z0-9_-]+$")


def to_toml(given: Mapping[str, Any]) -> str:
    """Return a description in TOML; reading it gives the description back.

    Examples
    --------
    >>> print(to_toml({"paper": {"title": "t"}, "table": []}))
    [paper]
    title = "t"
    <BLANKLINE>
    """
    lines = ["[paper]", *(f"{_key(k)} = {_value(v)}" for k, v in given["paper"].items()), ""]
    for sample in given.get("sample", ()):
        lines += ["[[sample]]", *(f"{_key(k)} = {_value(v)}" for k, v in sample.items()), ""]
    for name, held in given.get("weights", {}).items():
        lines += [f"[weights.{_key(name)}]", *(f"{_key(k)} = {_value(v)}" for k, v in held.items()), ""]
    for table in given.get("table", ()):
        lines.append("[[table]]")
        nested = {}
        for key, value in table.items():
            if isinstance(value, Mapping) and key not in ("stars", "roles", "group_weights"):
                nested[key] = value
            else:
                lines.append(f"{_key(key)} = {_value(value)}")
        for key, rows in nested.items():
            lines.append(f"[table.{_key(key)}]")
            lines += [f"{_key(row)} = {_value(cells)}" for row, cells in rows.items()]
        lines.append("")
    return "\n".join(lines)


def _key(name: Any) -> str:
    text = str(name)
    return text if _BARE.match(text) else _text(text)


def _text(text: str) -> str:
    # JSON's escapes are those of TOML, but for the control character of deletion.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    return _text(str(value))
