"""An index computed again with indicators left out."""

from __future__ import annotations

from typing import Any

from spatialconv._options import first, names
from spatialconv.errors import OptionError
from spatialconv.index._composite import composite_index
from spatialconv.index._result import CompositeIndex


def without(index: CompositeIndex, indicators: str | Any) -> CompositeIndex:
    """Return the index computed again with one or several indicators left out; see `CompositeIndex.without`."""
    gone = names("indicators", indicators)
    unknown = [name for name in gone if name not in index.indicators.names]
    if unknown:
        raise OptionError(f"{first(unknown)} is not in the index; it has {first(index.indicators.names, 12)}.")
    rest = index.indicators.without(gone)
    if not rest.names:
        raise OptionError("no indicator would be left.")
    groups: dict[str, list[str]] = {}
    for name, group in zip(rest.names, rest.groups, strict=True):
        groups.setdefault(group, []).append(name)
    options = dict(index.provenance.options)
    return composite_index(
        index.source,
        groups,
        direction=dict(zip(rest.names, rest.signs, strict=True)),
        weighting=options["weighting"],
        pooled=options["pooled"],
        normalise=options["normalise"],
        shift=options["shift"],
        max_vif=None,
        gaps=options["gaps"],
        aggregation=options["aggregation"],
    )
