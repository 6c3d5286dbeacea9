"""A case from a TOML file: every key known, every value of its type, or a message that says which is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_origin, get_type_hints

from spatialconv._options import first
from spatialconv._toml import read_toml
from spatialconv.errors import OptionError
from spatialconv.study._case import Case, WeightsChoice, unknown_key

_LABELS = tuple[Any, ...]


def load(path: str | Path) -> Case:
    """Read the description of a study from a TOML file; `example` writes one to start from.

    Parameters
    ----------
    path : path
        Paths inside the file are relative to its folder.

    Returns
    -------
    Case

    Raises
    ------
    FileError
        If the file is not there or is no TOML.
    OptionError
        If a key is unknown, absent or of a wrong type; the message names it and what is allowed.

    Examples
    --------
    >>> import tempfile, spatialconv as sc
    >>> sc.study.load(sc.study.example(tempfile.mkdtemp())).main
    'distance'
    """
    path = Path(path)
    given = read_toml(path, "the case")
    try:
        return _case(given, path.parent)
    except OptionError as error:
        raise OptionError(f"{path.name}: {error}") from error


def _case(given: Mapping[str, Any], folder: Path) -> Case:
    values = dict(given)
    chosen = values.pop("weights", [])
    if not isinstance(chosen, list) or not all(isinstance(w, dict) for w in chosen):
        raise OptionError("weights must be given as tables, each under a line [[weights]].")
    # Weights last: their keys depend on their kind.
    case = _build(Case, values, folder, "", weights=tuple(_weights(w, k, folder) for k, w in enumerate(chosen, 1)))
    assert isinstance(case, Case)
    return case


def _weights(given: Mapping[str, Any], number: int, folder: Path) -> WeightsChoice:
    where = f"weights {number}"
    own = {f.name for f in fields(WeightsChoice)} - {"options"}
    kind = given.get("kind")
    if not isinstance(kind, str):
        raise OptionError(f"{where}: key 'kind' is needed, such as kind = 'adjacency'.")
    options = {key: value for key, value in given.items() if key not in own}
    if isinstance(options.get("file"), str):
        options["file"] = folder / options["file"]
    named = {"name": kind, **{key: given[key] for key in own & set(given)}}
    made = _build(WeightsChoice, named, folder, where, options=options)
    assert isinstance(made, WeightsChoice)
    return made


def _build(kind: type, given: Mapping[str, Any], folder: Path, where: str, **ready: Any) -> Any:
    """Make a dataclass of a table of the file; sections become dataclasses of their own."""
    hints = get_type_hints(kind)
    keys = {f.name: f for f in fields(kind) if f.metadata.get("key", True) and f.name not in ready}
    label = f"[{where}]" if where else "the case"
    unknown_key(label, given, (*keys, *(name for name in ready if name != "options")))
    absent = [name for name, f in keys.items() if name not in given and _needed(f)]
    if absent:
        raise OptionError(
            f"{label} lacks the key {first(absent)}; it has {first(list(given), 8) if given else 'none'}."
        )
    found = {name: _value(hints[name], value, folder, where, name) for name, value in given.items()}
    return kind(**found, **ready)


def _needed(item: Field[Any]) -> bool:
    return item.default is MISSING and item.default_factory is MISSING


def _value(hint: Any, value: Any, folder: Path, where: str, name: str) -> Any:
    full = f"{where}.{name}" if where else name
    if hasattr(hint, "__dataclass_fields__"):
        if not isinstance(value, dict):
            raise OptionError(f"{full} is a section: write its keys under a line [{full}]; got {value!r}.")
        return _build(hint, value, folder, full)
    if get_origin(hint) is Mapping:
        return _groups(value, full)
    if hint is Path:
        return folder / _typed(value, str, full, "a path in quotes")
    if hint is bool:
        return _typed(value, bool, full, "true or false")
    if hint is int:
        return _typed(value, int, full, "a whole number")
    if hint == bool | str:
        return _typed(value, (bool, str), full, "true, false or a column in quotes")
    if hint == tuple[str, ...]:
        return tuple(_typed(v, str, full, "a list of names in quotes") for v in _list(value))
    if hint == _LABELS:
        return tuple(_typed(v, (int, float, str, date), full, "a list of periods") for v in _list(value))
    assert hint is str or get_origin(hint) is Literal, hint
    return _typed(value, str, full, "text in quotes")


def _typed(value: Any, kind: Any, name: str, words: str) -> Any:
    wanted = kind if isinstance(kind, tuple) else (kind,)
    # True is a whole number to Python, and not to anybody else.
    if not isinstance(value, kind) or (isinstance(value, bool) and bool not in wanted):
        raise OptionError(f"{name} must be {words}; got {value!r}.")
    return value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _groups(value: Any, name: str) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise OptionError(f"{name} must be lists of regions by name; got {value!r}.")
    return {
        group: tuple(_typed(v, str, f"{name}.{group}", "a list of regions in quotes") for v in _list(regions))
        for group, regions in value.items()
    }
