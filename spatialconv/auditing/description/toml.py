"""The description of a paper from TOML: keys known, figures as printed, or a message that says what is not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spatialconv._options import first
from spatialconv._toml import read_toml
from spatialconv.auditing.description.figures import figure
from spatialconv.auditing.description.reported import STARS, Claim, Reported, Sample, Weights
from spatialconv.auditing.description.toml_tables import read_table
from spatialconv.auditing.description.toml_values import (
    keys,
    list_of,
    number_of,
    section,
    stars_of,
    text_of,
    texts,
    whole,
    word,
)
from spatialconv.auditing.rules.claims import CLAIMS, HOW
from spatialconv.errors import OptionError


def load(path: str | Path) -> Reported:
    """Read what a paper reports from a TOML file; `template` writes one to start from.

    Parameters
    ----------
    path : path

    Returns
    -------
    Reported

    Raises
    ------
    FileError
        If the file is not there, or is no TOML.
    OptionError
        If a key is unknown, absent or of a wrong type, or a figure is not typed as printed; the message says which.

    Examples
    --------
    >>> import tempfile, pathlib, spatialconv as sc
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "paper.toml"
    >>> _ = path.write_text(sc.auditing.template())
    >>> sc.auditing.load(path).title
    'Growth and space in three provinces'
    """
    path = Path(path)
    given = read_toml(path)
    try:
        return read(given)
    except OptionError as error:
        raise OptionError(f"{path.name}: {error}") from error


def read(given: Mapping[str, Any]) -> Reported:
    """Make the description of a paper from a mapping of the same shape as the TOML file."""
    keys("the file", given, ("paper", "sample", "weights", "table", "claim"), needs=("paper",))
    paper = section(given["paper"], "paper")
    keys("[paper]", paper, ("title", "source", "stars"), needs=("title",))
    stars = stars_of(paper["stars"], "[paper]") if "stars" in paper else STARS
    tables = tuple(read_table(t, k, stars) for k, t in enumerate(list_of(given, "table"), 1))
    names = [t.name for t in tables]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise OptionError(f"two tables have the name {first(twice)}; give each its own.")
    weights = section(given.get("weights", {}), "weights")
    return Reported(
        title=text_of(paper, "title", "[paper]"),
        source=text_of(paper, "source", "[paper]") if "source" in paper else "",
        tables=tables,
        samples=tuple(_sample(s, k) for k, s in enumerate(list_of(given, "sample"), 1)),
        weights=tuple(_weights(name, w) for name, w in weights.items()),
        claims=tuple(_claim(c, k) for k, c in enumerate(list_of(given, "claim"), 1)),
    )


# ---------------------------------------------------------------------- samples, weights, claims


def _sample(given: Mapping[str, Any], number: int) -> Sample:
    where = f"sample {number}"
    keys(where, given, ("name", "regions", "periods", "n", "parts"), needs=("name",))
    regions = given.get("regions")
    labels: tuple[str, ...] = ()
    if isinstance(regions, (list, tuple)):
        labels = texts(given, "regions", where)
        count: int | None = len(labels)
    else:
        count = whole(given, "regions", where, 1)
    n = figure(given["n"], f"n of {where}").exact() if "n" in given else None
    name = text_of(given, "name", where)
    return Sample(name, count, labels, whole(given, "periods", where, 1), n, texts(given, "parts", where))


def _weights(name: str, given: Any) -> Weights:
    where = f"[weights.{name}]"
    held = section(given, f"weights.{name}")
    keys(where, held, ("eigenvalues", "bounds"))
    values = held.get("eigenvalues", [])
    if not isinstance(values, (list, tuple)):
        raise OptionError(f"eigenvalues of {where} must be a list of numbers; got {values!r}.")
    found = []
    for value in values:
        # A complex one is given by its two parts.
        parts = value if isinstance(value, (list, tuple)) else [value, 0.0]
        if len(parts) != 2:
            raise OptionError(f"an eigenvalue of {where} is a number or [real, imaginary]; got {value!r}.")
        found.append(complex(*(number_of(v, f"an eigenvalue of {where}") for v in parts)))
    bounds = held.get("bounds")
    if bounds is not None and (not isinstance(bounds, (list, tuple)) or len(bounds) != 2):
        raise OptionError(f"bounds of {where} must be two numbers, below and above; got {bounds!r}.")
    pair = (number_of(bounds[0], f"bounds of {where}"), number_of(bounds[1], f"bounds of {where}")) if bounds else None
    return Weights(name, tuple(found), pair)


def _claim(given: Mapping[str, Any], number: int) -> Claim:
    where = f"claim {number}"
    for key in ("text", "kind"):
        if key not in given:
            raise OptionError(f"{where} lacks the key {key!r}; it has {first(list(given), 8) if given else 'none'}.")
    kind = word(given, "kind", tuple(CLAIMS), None, where)
    if kind is None:
        raise OptionError(f"kind of {where} must be one of {', '.join(CLAIMS)}.")
    needed, optional = CLAIMS[kind]
    keys(f"{where} (kind {kind!r})", given, ("text", "kind", "loose", *needed, *optional), needs=needed)
    if not isinstance(given.get("loose", False), bool):
        raise OptionError(f"loose of {where} must be true or false; got {given['loose']!r}.")
    word(given, "how", HOW, None, where)
    word(given, "sign", ("positive", "negative"), None, where)
    for key in ("figures", "than", "to", "parts"):
        if key in given:
            _references(given[key], f"{key} of {where}")
    for key in ("among", "series"):
        if key in given:
            held = section(given[key], f"{key} of {where}")
            course = ("table", "along", "names", "from", "to")
            allowed = ("row", "column", "except", *course) if key == "among" else course
            keys(f"{key} of {where}", held, allowed, needs=("table",))
    for key in ("value", "at", "above"):
        if key in given and not (kind == "total" and isinstance(given[key], (list, tuple))):
            figure(given[key], f"{key} of {where}")
    options = {k: v for k, v in given.items() if k not in ("text", "kind")}
    return Claim(number, text_of(given, "text", where), str(kind), options)


def _references(value: Any, where: str) -> None:
    sound = isinstance(value, (list, tuple)) and all(
        isinstance(ref, (list, tuple)) and len(ref) == 3 and all(isinstance(p, str) for p in ref) for ref in value
    )
    if not sound or not value:
        raise OptionError(f'{where} must be a list of places such as [["Tab. 5", "rho", "north"]]; got {value!r}.')
