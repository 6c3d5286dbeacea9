"""A case from a TOML file, and the JSON schema that an editor checks such a file by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialconv._descriptions.toml import read_toml
from spatialconv.errors import OptionError
from spatialconv.study._case import (
    Case,
    CheckChoice,
    GeometryFile,
    HotSpotChoice,
    MapChoice,
    ModelChoice,
    PanelFile,
    Subsamples,
    WeightsChoice,
)

if TYPE_CHECKING:
    from spatialconv._descriptions.base import Section

# Section of the file -> what it becomes; the keys of the one are the fields of the other.
SECTIONS: dict[str, type[Any]] = {
    "panel": PanelFile,
    "geometry": GeometryFile,
    "hot_spots": HotSpotChoice,
    "model": ModelChoice,
    "subsamples": Subsamples,
    "maps": MapChoice,
    "check": CheckChoice,
}


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
        If the file is not there or is no TOML, or names an encoding that does not exist.
    OptionError
        If a key is unknown, absent or of a wrong type; the message names it and what is allowed.

    See Also
    --------
    schema : what an editor checks such a file by.

    Examples
    --------
    >>> import tempfile, spatialconv as sc
    >>> sc.study.load(sc.study.example(tempfile.mkdtemp())).main
    'distance'
    """
    path = Path(path)
    given = read_toml(path, "the case")
    try:
        return case_of(given, path.parent)
    except OptionError as error:
        raise OptionError(f"{path.name}: {error}") from None


def schema() -> dict[str, Any]:
    """Return the JSON schema (2020-12) of case.toml, by which an editor completes and checks it.

    Every key has its description, type, default and bounds. `example` writes the schema beside its case.toml, whose
    first line names it (`#:schema ./case.schema.json`, as the editors that build on taplo read it);
    `spatialconv schema case` prints it.

    Returns
    -------
    dict
        What a schema cannot say is left to `load`: that names differ, that a name stands elsewhere in the file, that
        one of the weights is the main one, that an encoding or a file is there.

    Examples
    --------
    >>> import spatialconv as sc
    >>> sc.study.schema()["properties"]["permutations"]["maximum"]
    1000000
    """
    from spatialconv._descriptions.schema import case_schema

    return case_schema()


def case_of(told: Mapping[str, Any], folder: Path) -> Case:
    """Return the case that a mapping of the shape of case.toml describes; its paths are relative to a folder."""
    from spatialconv._descriptions.messages import read_case

    given = read_case(told)
    values = {name: _frozen(getattr(given, name)) for name in given.model_fields_set - {"weights", *SECTIONS}}
    sections = {
        name: _section(getattr(given, name), SECTIONS[name], folder) for name in given.model_fields_set & {*SECTIONS}
    }
    chosen = tuple(
        WeightsChoice(w.name or w.kind, w.kind, w.main, options=_located(w.options(), folder)) for w in given.weights
    )
    return Case(**values, **sections, weights=chosen)


def _section(given: Section, kind: type[Any], folder: Path) -> Any:
    known = {field.name for field in fields(kind)}
    return kind(**_located({name: _frozen(getattr(given, name)) for name in given.model_fields_set & known}, folder))


def _located(options: dict[str, Any], folder: Path) -> dict[str, Any]:
    return {**options, "file": folder / options["file"]} if "file" in options else options


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _frozen(held) for key, held in value.items()}
    return tuple(value) if isinstance(value, list) else value
