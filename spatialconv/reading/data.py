"""Data: what was read, brought together, and everything that was left out on the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from spatialconv._options import first
from spatialconv.panel import Panel
from spatialconv.results import Provenance, Result, extent, plural


@dataclass(frozen=True)
class LeftOut:
    """One label that was left out: of which source, what it labels, and why."""

    label: Any
    of: str
    why: str
    what: str = "region"


def left_out_table(found: Iterable[LeftOut]) -> pd.DataFrame:
    """Return one row a label that was left out."""
    return pd.DataFrame(
        [(one.what, one.label, one.of, one.why) for one in found], columns=["what", "label", "of", "why"]
    )


def left_out_notes(found: Iterable[LeftOut]) -> tuple[str, ...]:
    """Return a note for each reason: how many labels were left out for it, and the first of them."""
    by_reason: dict[tuple[str, str], list[Any]] = {}
    for one in found:
        by_reason.setdefault((one.of, one.why), []).append(one.label)
    told = {"not in the panel": "that the panel does not have", "not in all others": "that not all others have"}
    return tuple(
        f"regions of {of} {told.get(why, f'that are {why}')}: {first(labels)}; left out"
        for (of, why), labels in by_reason.items()
    )


@dataclass(frozen=True, eq=False, repr=False)
class Data(Result):
    """What `spatialconv.read` returns.

    Attributes
    ----------
    panel : Panel
        With `.labels` of its variables.
    geometry : GeoDataFrame or None
        The polygons of the panel's regions, in their order, indexed by label.
    weights : mapping of name to Graph
        In the order of the panel's regions.
    left_out : DataFrame
        Every region and period that was read and is not in the panel, or in the geometry or weights and not in the
        panel: columns `what`, `label`, `of` (its source) and `why`. Nothing is cut short.
    groups : mapping of column to names
        Dummies that were made of a text column, in the panel under these names; the first group has none.
    said : tuple of str
        How each file was read: encoding, separator, decimals, sheet.
    notes : tuple of str
    """

    panel: Panel
    geometry: Any
    weights: Mapping[str, Any]
    left_out: pd.DataFrame
    groups: Mapping[str, tuple[str, ...]]
    said: tuple[str, ...]
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row a variable: its name, label, and how many cells hold something."""
        frame = self.panel.frame
        return pd.DataFrame(
            [(name, self.panel.label(name), int(frame[name].notna().sum())) for name in self.panel.variables],
            columns=["variable", "label", "n"],
        )

    def glance(self) -> pd.DataFrame:
        """Return one row: the sample, and how much was left out."""
        return pd.DataFrame(
            [
                {
                    "n_regions": self.panel.n_regions,
                    "n_periods": self.panel.n_periods,
                    "balanced": self.panel.balanced,
                    "weights": ", ".join(self.weights),
                    "left_out": len(self.left_out),
                }
            ]
        )

    def _headline(self) -> list[str]:
        panel = self.panel
        size = extent(panel.n_regions, panel.n_periods)
        lines = [f"Data: {size} ({panel.periods[0]} to {panel.periods[-1]})", *(f"  {one}" for one in self.said)]
        if self.geometry is not None:
            lines.append(f"  geometry: {plural(len(self.geometry), 'region')}")
        lines += [f"  weights: {', '.join(self.weights)}"] if self.weights else []
        if len(self.left_out):
            counts = self.left_out.groupby(["what", "of", "why"], sort=False).size()
            lines += [f"  left out: {plural(int(n), what)} of {of}, {why}" for (what, of, why), n in counts.items()]
        return lines
