"""The description of a paper from TOML, and the JSON schema that an editor checks such a file by."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialconv._descriptions.toml import read_toml
from spatialconv._options import first
from spatialconv.auditing.description.figures import figure
from spatialconv.auditing.description.printed import stars_of, table_of
from spatialconv.auditing.description.reported import STARS, Claim, Reported, Sample, Unread, Weights
from spatialconv.errors import OptionError

if TYPE_CHECKING:
    from spatialconv._descriptions.paper import SampleSection, WeightsSection


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

    See Also
    --------
    schema : what an editor checks such a file by.

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
        raise OptionError(f"{path.name}: {error}") from None


def schema() -> dict[str, Any]:
    """Return the JSON schema (2020-12) of the description of a paper, by which an editor completes and checks it.

    Every key has its description, type, default and words; a figure must look like one. Write it beside the description
    (`spatialconv schema audit > audit.schema.json`) and name it in the first line, `#:schema ./audit.schema.json`, as
    the editors that build on taplo read it.

    Returns
    -------
    dict
        What a schema cannot say is left to `load`: that a row has as many cells as there are columns, that names are
        those of rows, columns, tables, samples and weights, that a figure can be read to the end.

    Examples
    --------
    >>> import spatialconv as sc
    >>> sc.auditing.schema()["required"]
    ['paper']
    """
    from spatialconv._descriptions.schema import paper_schema

    return paper_schema()


def read(given: Mapping[str, Any]) -> Reported:
    """Make the description of a paper from a mapping of the same shape as the TOML file.

    Parameters
    ----------
    given : mapping
        Keys as in the file: `paper`, `table`, `claim` and so on; numbers as numbers, or as the texts that are printed.

    Returns
    -------
    Reported
        As `spatialconv.audit` and `auditing.describe` take it.

    Raises
    ------
    OptionError
        If a key is unknown, absent or of a wrong type; the message names it and what is allowed.

    Examples
    --------
    >>> import tomllib, spatialconv as sc
    >>> type(sc.auditing.read(tomllib.loads(sc.auditing.template()))).__name__
    'Reported'
    """
    from spatialconv._descriptions.messages import read_paper

    held = read_paper(given)
    said = "stars" in held.paper.model_fields_set
    stars = stars_of(held.paper.stars, "[paper]") if said else STARS
    read_ = [table_of(table, stars, said) for table in held.table]
    tables = tuple(table for table, _ in read_)
    names = [t.name for t in tables]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise OptionError(f"two tables have the name {first(twice)}; give each its own.")
    unread = tuple(found for _, several in read_ for found in several)
    claims, notes = _legible(tuple(_claim(claim.said(), k) for k, claim in enumerate(held.claim, 1)), unread)
    return Reported(
        title=held.paper.title,
        source=held.paper.source,
        tables=tables,
        samples=tuple(_sample(sample, k) for k, sample in enumerate(held.sample, 1)),
        weights=tuple(_weights(name, w) for name, w in held.weights.items()),
        claims=claims,
        unread=unread,
        notes=notes,
    )


def _legible(claims: tuple[Claim, ...], unread: tuple[Unread, ...]) -> tuple[tuple[Claim, ...], tuple[str, ...]]:
    """Leave out claims of figures that cannot be read, and say so."""
    lost = {found.ref for found in unread}

    def names(value: Any) -> bool:
        if isinstance(value, (list, tuple)):
            return tuple(value) in lost if all(isinstance(v, str) for v in value) else any(map(names, value))
        return any(map(names, value.values())) if isinstance(value, Mapping) else False

    kept = tuple(c for c in claims if not names(c.options))
    return kept, tuple(
        f"claim {c.number} is left out: a figure that it names cannot be read" for c in claims if c not in kept
    )


def _sample(given: SampleSection, number: int) -> Sample:
    labels = tuple(given.regions) if isinstance(given.regions, list) else ()
    count = len(labels) if isinstance(given.regions, list) else given.regions
    n = figure(given.n, f"n of sample {number}").exact() if given.n is not None else None
    return Sample(given.name, count, labels, given.periods, n, tuple(given.parts))


def _weights(name: str, given: WeightsSection) -> Weights:
    values = tuple(complex(*value) if isinstance(value, list) else complex(value) for value in given.eigenvalues)
    return Weights(name, values, (given.bounds[0], given.bounds[1]) if given.bounds is not None else None)


def _claim(given: dict[str, Any], number: int) -> Claim:
    """Make a claim of what is said of it; figures that it prints are read now, so that a slip is told by its number."""
    for key in ("value", "at", "above", "start", "end"):
        if isinstance(given.get(key), str):
            figure(given[key], f"{key} of claim {number}")
    text, kind = given.pop("text"), given.pop("kind")
    return Claim(number, text, kind, given)
