"""Values of a description in TOML, each checked, with a message that says what is wrong and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from spatialconv._options import first
from spatialconv.auditing.description.figures import NOTHING, Figure, figure
from spatialconv.errors import OptionError


def keys(where: str, given: Mapping[str, Any], allowed: Sequence[str], needs: Sequence[str] = ()) -> None:
    """Refuse unknown keys, and the lack of those that are needed."""
    unknown = [k for k in given if k not in allowed]
    if unknown:
        raise OptionError(f"{where} has the unknown key {first(unknown)}; it may have {', '.join(allowed)}.")
    absent = [k for k in needs if k not in given]
    if absent:
        raise OptionError(
            f"{where} lacks the key {first(absent)}; it has {first(list(given), 8) if given else 'none'}."
        )


def section(value: Any, name: str) -> Mapping[str, Any]:
    """Return a section, or say how one is written."""
    if not isinstance(value, Mapping):
        raise OptionError(f"{name} is a section: write its keys under a line [{name}]; got {value!r}.")
    return value


def list_of(given: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return the tables of a list, or say how one is written."""
    value = given.get(name, [])
    if not isinstance(value, (list, tuple)) or not all(isinstance(v, Mapping) for v in value):
        raise OptionError(f"{name} must be given as tables, each under a line [[{name}]].")
    return list(value)


def text_of(given: Mapping[str, Any], key: str, where: str) -> str:
    """Return a text."""
    value = given[key]
    if not isinstance(value, str):
        raise OptionError(f"{key} of {where} must be text in quotes; got {value!r}.")
    return value


def texts(given: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    """Return a list of names."""
    value = given.get(key, [])
    if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
        raise OptionError(f"{key} of {where} must be a list of names in quotes; got {value!r}.")
    return tuple(value)


def word(given: Mapping[str, Any], key: str, words: Any, default: Any, where: str) -> Any:
    """Return one of a few words."""
    value = given.get(key, default)
    allowed = get_args(words) or tuple(words)
    if value is not None and value not in allowed:
        raise OptionError(f"{key} of {where} must be one of {', '.join(repr(w) for w in allowed)}; got {value!r}.")
    return value


def whole(given: Mapping[str, Any], key: str, where: str, least: int = 0) -> int | None:
    """Return a whole number that is not too small."""
    value = given.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise OptionError(f"{key} of {where} must be a whole number of at least {least}; got {value!r}.")
    return value


def number_of(value: Any, what: str) -> float:
    """Return a number."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise OptionError(f"{what} must be a number; got {value!r}.")
    return float(value)


def stars_of(value: Any, where: str) -> dict[int, float]:
    """Return the levels of one, two and more stars."""
    held = section(value, f"stars of {where}")
    found = {}
    for key, level in held.items():
        number = number_of(level, f"the level of {key!r} in stars of {where}")
        if not key or set(key) != {"*"} or not 0 < number < 1:
            raise OptionError(f'stars of {where} must be like {{"*" = 0.10, "**" = 0.05}}; got {key!r} = {level!r}.')
        found[len(key)] = number
    ordered = [found[k] for k in sorted(found)]
    if ordered != sorted(ordered, reverse=True):
        raise OptionError(f"stars of {where}: more stars must mean a smaller level; got {dict(held)!r}.")
    return found


def _blank(text: Any) -> bool:
    return isinstance(text, str) and text.strip().lower() in NOTHING


def optional(text: Any, where: str, *, count: bool = False) -> Figure | None:
    """Return a figure, or None where a dash or nothing is printed."""
    if _blank(text):
        return None
    found = figure(text, where)
    return found.exact() if count else found
