"""Panel, geometry and weights brought together by label: the same regions in all, and what was left out named."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from spatialconv._labels.matching import hint
from spatialconv._options import first
from spatialconv.errors import AlignmentError, DataError, GeometryError
from spatialconv.panel import Panel
from spatialconv.reading.data import LeftOut


def common_regions(
    panel: Panel, others: Mapping[str, pd.Index], *, intersect: bool, name: str
) -> tuple[Panel, tuple[LeftOut, ...]]:
    """Return the panel of the regions that all sources have, and every label that only some of them have.

    Parameters
    ----------
    panel : Panel
    others : mapping of name to labels
        Of the geometry and of weights, as they are called in messages.
    intersect : bool
        Leave out regions of the panel that another source lacks; else they are an error.
    name : str
        What the panel is called.

    Raises
    ------
    AlignmentError
        If a source lacks regions of the panel and `intersect` is false, or no region is in all.
    GeometryError
        If a source has one label twice.
    """
    out: list[LeftOut] = []
    kept = panel.regions
    for source, labels in others.items():
        absent = kept[~kept.isin(labels)]
        if len(absent) and not intersect:
            raise AlignmentError(
                f"regions of the panel not in {source}: {first(absent)}; {source} has {first(labels)}. Labels must "
                f"match, or intersect = true leaves these regions out.{hint(kept, labels)}"
            )
        out += [LeftOut(label, name, f"not in {source}") for label in absent]
        kept = kept[kept.isin(labels)]
    if not len(kept):
        source, labels = next(iter(others.items()))
        raise AlignmentError(
            f"no region of the panel is in all of {first(list(others))}: the panel has {first(panel.regions)}, "
            f"{source} has {first(labels)}.{hint(panel.regions, labels)}"
        )
    for source, labels in others.items():
        twice = labels[labels.duplicated() & labels.isin(kept)].unique()
        if len(twice):
            raise GeometryError(
                f"{source} has more than one row for the regions {first(twice)}. Unite their parts first, by "
                "geopandas: gdf.dissolve(by=…)."
            )
        seen = panel.regions
        rest = labels[~labels.isin(kept)].unique()
        out += [LeftOut(label, source, "not in all others" if label in seen else "not in the panel") for label in rest]
    if len(kept) < panel.n_regions:
        try:
            panel = panel.subset(regions=kept)
        except DataError as error:  # pragma: no cover - kept is never empty here
            raise AlignmentError(str(error)) from error
    return panel, tuple(out)
