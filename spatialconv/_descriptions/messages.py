"""What is wrong with a description, in its own words: which key, what was received, what it must be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import ValidationError

from spatialconv._descriptions.base import Section
from spatialconv._descriptions.case import CaseFile
from spatialconv._descriptions.paper import PaperFile
from spatialconv._descriptions.wording import CaseWording, PaperWording, Path, Wording
from spatialconv.errors import OptionError

M = TypeVar("M", bound=Section)
_LONGEST = 100
_DEEPEST = 64
# What pydantic calls it -> what the value must be; the other ways to be wrong carry their own sentence.
_WORDS = {
    "string_type": "text in quotes",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "list_type": "a list",
    "greater_than_equal": "a whole number of at least {ge}",
    "less_than_equal": "at most {le:,}",
}
_RANKS = {"unknown": 0, "absent": 1, "union_tag_not_found": 1}


def read_case(given: Mapping[str, Any]) -> CaseFile:
    """Return what a case.toml says, or raise OptionError for the first thing that is wrong with it."""
    return read_as(CaseFile, given, CaseWording())


def read_paper(given: Mapping[str, Any]) -> PaperFile:
    """Return what the description of a paper says, or raise OptionError for the first thing that is wrong with it."""
    return read_as(PaperFile, given, PaperWording())


def read_as(model: type[M], given: Mapping[str, Any], wording: Wording) -> M:
    """Return what a mapping describes, or say the first thing that is wrong with it.

    Raises
    ------
    OptionError
        If a key is unknown or absent, or a value is none that the model allows.
    """
    plain = _plain(given, _DEEPEST)
    try:
        return model.model_validate(plain)
    except ValidationError as error:
        found = error.errors(include_url=False)
    # Slips of the pen first: a key that is not known explains one that is absent.
    worst = min(found, key=lambda e: _RANKS.get(e["type"], 2))
    raise OptionError(_told(dict(worst), plain, wording))


def shown(value: Any) -> str:
    """Write a value for a message, the beginning of it if it is long."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _plain(value: Any, depth: int) -> Any:
    """Return dictionaries with keys of text, and lists, whatever mappings and sequences a caller has."""
    if depth == 0:
        raise OptionError(f"a description is nested at most {_DEEPEST} deep; this one goes on.")
    if isinstance(value, Mapping):
        return {str(key): _plain(held, depth - 1) for key, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(held, depth - 1) for held in value]
    return value


def _told(error: dict[str, Any], given: Any, wording: Wording) -> str:
    kind, context, got = error["type"], error.get("ctx", {}), error["input"]
    path = _path(error["loc"], given, wording)
    if kind == "unknown":
        return _unknown(context, wording.section(path, given), wording.key(path))
    if kind == "absent":
        return wording.absent(path, given, context["absent"], context["given"])
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        held = got.get("kind")
        if not isinstance(held, str):
            example = wording.tagged[path[0]]
            return f"{wording.section(path, given)}: key 'kind' is needed, such as kind = {example!r}."
        return f"{wording.value((*path, 'kind'), given)} must be one of {context['expected_tags']}; got {shown(held)}."
    value = wording.value(path, given)
    if kind == "said":
        keys = path
        while keys and not isinstance(keys[-1], str):
            keys = keys[:-1]
        names = {"{value}": value, "{section}": wording.section(keys[:-1], given), "{got}": shown(got)}
        names["{line}"] = ".".join(part for part in path if isinstance(part, str))
        sentence = str(error["msg"])
        for name, text in names.items():
            sentence = sentence.replace(name, text)
        return sentence
    if kind == "too_short":
        return wording.empty(path, given)
    if kind == "literal_error":
        words = str(context["expected"]).replace(" or ", ", ")
        return f"{value} must be one of {words}; got {shown(got)}."
    # Every kind of error that the models can raise stands above or among the words; a test draws them.
    return f"{value} must be {_WORDS.get(kind, 'another value').format_map(context)}; got {shown(got)}."


def _unknown(context: dict[str, Any], where: str, what: str) -> str:
    key, allowed = context["key"], context["allowed"]
    close = get_close_matches(key, allowed, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"unknown {what} {shown(key)} in {where}; allowed are {', '.join(allowed)}.{hint}"


def _path(loc: Sequence[Any], given: Any, wording: Wording) -> Path:
    """Return the part of pydantic's location that stands in the description, without the names of its own types."""
    path: list[Any] = []
    here, parts = given, list(loc)
    for position, part in enumerate(parts):
        if position == 2 and len(path) == 2 and path[0] in wording.tagged and isinstance(path[1], int):
            continue  # the kind of the table, which may also be the name of a key
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            continue
        path.append(part)
    return tuple(path)
