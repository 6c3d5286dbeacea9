"""The grid of a multiverse is data: every combination, and why some cannot be estimated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from spatialconv._multiverse._axes import Sample, Transform
from spatialconv._multiverse._specification import AXES, Specification
from spatialconv._options import ControlsAt, first
from spatialconv.errors import SpatialConvError
from spatialconv.models.by_period.design import Gaps
from spatialconv.models.estimation.fit import state_of_rows, sums_to_one
from spatialconv.panel import Panel
from spatialconv.results import merge_notes, one_line, wrapped
from spatialconv.summary import controls_note
from spatialconv.weights import Aligned, align


@dataclass(frozen=True, eq=False)
class Grid:
    """All specifications of a multiverse with what their names stand for; nothing is estimated yet.

    Attributes
    ----------
    variable : str
        The level whose convergence is asked for, or the outcome where `focus` is given.
    focus : str or None
        The regressor in question; None is the initial level of a growth regression.
    specs : tuple of Specification
        Every combination, in the order of the axes.
    data, samples, weights : mappings
        What names on these axes stand for.
    overlapping : bool
        Whether spans of growth may overlap.
    controls_at : {"start", "end", "mean"}
        When the controls of a growth regression are taken.
    missing : {"raise", "integrate", "omit"}
        What is done about gaps.
    left_out : str
        Which regions are left out one by one where they are too many for each of them; else empty.
    """

    variable: str
    focus: str | None
    specs: tuple[Specification, ...]
    data: Mapping[str, Panel]
    samples: Mapping[str, Sample]
    weights: Mapping[str, Any]
    transforms: Mapping[str, Transform]
    overlapping: bool = False
    controls_at: ControlsAt = "start"
    missing: Gaps = "raise"
    left_out: str = ""

    def __len__(self) -> int:
        return len(self.specs)

    def __iter__(self) -> Iterator[Specification]:
        return iter(self.specs)

    def __repr__(self) -> str:
        status = self.table["status"].value_counts()
        counts = ", ".join(f"{status[word]:,} {word}" for word in ("ready", "same", "impossible") if word in status)
        lines = [f"Grid of {len(self):,} specifications of {self.variable}: {counts}"]
        lines += [f"  {axis}: {first([str(v) for v in self.table[axis].unique()], 4)}" for axis in self.varied]
        return wrapped([*lines, f"  {self.left_out}"] if self.left_out else lines)

    @property
    def varied(self) -> tuple[str, ...]:
        """Axes with more than one choice."""
        return tuple(axis for axis in AXES if len({getattr(s, axis) for s in self.specs}) > 1)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a specification: its choices, status (ready, same, impossible), and the reason."""
        choices = pd.DataFrame([s.choices for s in self.specs], columns=list(AXES))
        status = ["impossible" if r else "same" if o >= 0 else "ready" for r, o in zip(*self._seen, strict=True)]
        reasons = [r or (f"the same model as row {o}" if o >= 0 else "") for r, o in zip(*self._seen, strict=True)]
        return choices.assign(status=status, reason=reasons).rename_axis("specification")

    @property
    def ready(self) -> list[int]:
        """Rows to be estimated: possible as far as can be seen, and each model once."""
        return [k for k, (reason, of) in enumerate(zip(*self._seen, strict=True)) if not reason and of < 0]

    @property
    def same_as(self) -> tuple[int, ...]:
        """For each row the earlier one that is the same model in other words, -1 where there is none."""
        return self._seen[1]

    @cached_property
    def _seen(self) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Return the reasons known before estimation, and which rows repeat an earlier one.

        Two rows are the same model where the weights do not enter, or where a correction that "auto" resolves to
        is asked for by name as well.
        """
        reasons, repeats = [], []
        known: dict[tuple[Specification, str], int] = {}
        for k, spec in enumerate(self.specs):
            correction, reason = self._resolved(spec)
            reasons.append(reason)
            used = spec.weights if spec.uses_weights else ""
            key = (replace(spec, weights=used, correction="none"), correction)
            repeats.append(-1 if reason else known.setdefault(key, k))
        return tuple(reasons), tuple(of if of != k else -1 for k, of in enumerate(repeats))

    def _resolved(self, spec: Specification) -> tuple[str, str]:
        """Return the correction that will be applied, or why the specification is impossible."""
        aligned: Aligned | None = None
        panel = self.panel(spec.data, spec.sample)
        if isinstance(panel, str):
            return "", panel
        if spec.uses_weights:
            found = self.aligned(spec.data, spec.sample, spec.weights)
            if isinstance(found, str):
                return "", found
            aligned = found
        row, engine = sums_to_one(aligned), self._engine[spec.model, spec.effects, spec.correction]
        try:
            return engine.resolve(row, row, state_of_rows(engine, aligned, aligned))[0], ""
        except SpatialConvError as error:
            return "", one_line(error)

    @cached_property
    def _engine(self) -> dict[tuple[str, str, str], Any]:
        """Return one engine specification for each kind of model, which decides what the weights must be."""
        unique = {(s.model, s.effects, s.correction): s for s in self.specs}
        return {key: spec.model_spec("y", ("x",)) for key, spec in unique.items()}

    def aligned(self, data: str, sample: str, weights: str) -> Aligned | str:
        """Return the weights cut out for a sample and standardised again, or why they do not serve."""
        key = (data, sample, weights)
        if key not in self._aligned:
            self._aligned[key] = self._align(*key)
        return self._aligned[key]

    @cached_property
    def _aligned(self) -> dict[tuple[str, str, str], Aligned | str]:
        return {}

    def _align(self, data: str, sample: str, weights: str) -> Aligned | str:
        panel = self.panel(data, sample)
        if isinstance(panel, str):
            return panel
        regions = panel.regions
        try:
            found = align(self.weights[weights], regions)
        except SpatialConvError as error:
            return one_line(error)
        if found.matrix.nnz == 0:
            return f"the weights hold no link among these {len(regions):,} regions; a spatial term needs some."
        return found

    def panel(self, data: str, sample: str) -> Panel | str:
        """Return the panel of a choice of data and sample, or why there is none."""
        key = (data, sample)
        if key not in self._panels:
            try:
                self._panels[key] = self.samples[sample].of(self.data[data])
            except SpatialConvError as error:
                self._panels[key] = one_line(error)
        return self._panels[key]

    @cached_property
    def _panels(self) -> dict[tuple[str, str], Panel | str]:
        return {}

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes of the panels as they came, and when controls are taken."""
        named = list(dict.fromkeys(name for spec in self.specs for name in spec.controls))
        when = controls_note(named, self.controls_at) if self.focus is None else ()
        left_out = (self.left_out,) if self.left_out else ()
        return merge_notes(*(panel.notes for panel in self.data.values()), when, left_out)
