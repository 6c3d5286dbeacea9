"""From the files that a case names to a panel, a geometry and weights, brought together by label."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from spatialconv import weights
from spatialconv._options import first
from spatialconv.errors import OptionError, VariableError
from spatialconv.panel import Panel
from spatialconv.reading import (
    CASE,
    LeftOut,
    common_regions,
    left_out_notes,
    left_out_table,
    read_panel_file,
    read_polygons,
    relabel,
)
from spatialconv.results import merge_notes
from spatialconv.study._case import BUILDERS, Case, PanelFile, WeightsChoice

THERE = "Paths in a case are relative to the folder it is in."


@dataclass(frozen=True, eq=False)
class Sources:
    """What the files of a case hold, brought together by label.

    `case` is the case in the words of the panel: its variables under their labels, groups as the dummies they stand
    for.
    """

    case: Case
    panel: Panel
    geometry: Any
    weights: dict[str, Any]
    left_out: pd.DataFrame
    notes: tuple[str, ...]


def read_panel(source: PanelFile, variables: tuple[str, ...]) -> Panel:
    """Read the panel of a case; `variables` must hold numbers, and be complete if gaps are to be dropped."""
    return read_panel_file(source.file, source.options, numbers=variables, there=THERE).panel


def read_sources(case: Case) -> Sources:
    """Read panel, geometry and files of weights; the other weights are made of these by `build_weights`.

    Raises
    ------
    SpatialConvError
        As `spatialconv.read`.
    """
    wanted = (case.variable, *case.controls, *([case.uncertainty] if case.uncertainty else []))
    source = case.panel
    numbers = tuple(name for name in wanted if name not in source.groups)
    held = read_panel_file(source.file, source.options, numbers=numbers, labels=case.labels, there=THERE)
    frame, notes = read_polygons(case.geometry.file, case.geometry.options, there=THERE, door=CASE)
    graphs = {w.name: _from_file(w, held.panel) for w in case.weights if w.kind == "file"}
    others = {case.geometry.file.name: frame.index}
    others |= {f"the weights {name!r}": pd.Index(graph.unique_ids) for name, graph in graphs.items()}
    panel, out = common_regions(held.panel, others, intersect=case.intersect, name=source.file.name)
    every: list[LeftOut] = [*held.left_out, *out]
    controls = tuple(name for control in case.controls for name in held.groups.get(control, (control,)))
    return Sources(
        case=_in_words(replace(case, controls=controls), panel),
        panel=panel.named_by_label(),
        geometry=frame.loc[list(panel.regions)],
        weights={name: weights.subset(graph, panel.regions) for name, graph in graphs.items()},
        left_out=left_out_table(every),
        notes=merge_notes(panel.notes, held.notes, notes, left_out_notes(out), _unusual(held.said)),
    )


def _unusual(said: tuple[str, ...]) -> tuple[str, ...]:
    """Return how files were read where that is not as a program would expect."""
    plain = ("utf-8, separator ',' (found out)", "utf-8-sig, separator ',' (found out)", "file")
    return tuple(f"read {one}" for one in said if not one.endswith(plain))


def _in_words(case: Case, panel: Panel) -> Case:
    """Return a case that calls its variables by their labels."""
    if not panel.labels:
        return case
    chosen = tuple(
        replace(w, options={**w.options, "variable": panel.label(w.options["variable"])})
        if "variable" in w.options
        else w
        for w in case.weights
    )
    return replace(
        case,
        variable=panel.label(case.variable),
        controls=tuple(map(panel.label, case.controls)),
        uncertainty=panel.label(case.uncertainty) if case.uncertainty else "",
        weights=chosen,
    )


def _from_file(chosen: WeightsChoice, panel: Panel) -> Any:
    options = dict(chosen.options)
    if "file" not in options:
        raise OptionError(f"weights {chosen.name!r} of kind 'file' need the key 'file'.")
    file, rule = Path(options.pop("file")), options.pop("relabel", "")
    bare = file.suffix.lower() in (".mtx", ".mat") and not options.get("labels")
    regions = {"regions": list(panel.regions)} if bare else {}
    try:
        # The labels of a file are text, and those of the panel too.
        found = relabel(BUILDERS["file"](file, **regions, **options), "text")
    except TypeError as error:
        raise OptionError(f"weights {chosen.name!r} (kind 'file'): {error}.") from error
    return relabel(found, rule) if rule else found


def refuse_maps(case: Case, geometry: Any) -> None:
    """Raise where [maps] names what the geometry does not have, before anything is computed."""
    chosen = case.maps
    if isinstance(chosen.labels, str):
        _refuse_absent(case, geometry, chosen.labels, "the names on maps")
    if chosen.outlines:
        _refuse_absent(case, geometry, chosen.outlines, "the outlines")
    named = [part for part in chosen.inset if isinstance(part, str)]
    named += [
        label for part in chosen.inset if isinstance(part, list | tuple) for label in part if isinstance(label, str)
    ]
    unknown = [label for label in named if label not in geometry.index]
    if unknown:
        raise OptionError(
            f"[maps] inset names {len(unknown):,} of {len(named):,} regions that {case.geometry.file.name} does not "
            f"have: {first(unknown)}."
        )


def _refuse_absent(case: Case, geometry: Any, column: str, what: str) -> None:
    if column not in geometry.columns:
        known = [name for name in geometry.columns if name != geometry.geometry.name]
        raise VariableError(f"{case.geometry.file.name} has no column {column!r} for {what}; it has {first(known, 8)}.")


def build_weights(sources: Sources) -> dict[str, Any]:
    """Return the weights of a case by name, in its order."""
    built: dict[str, Any] = {}
    for chosen in sources.case.weights:
        try:
            built[chosen.name] = _built(chosen, sources, built)
        except TypeError as error:
            raise OptionError(f"weights {chosen.name!r} (kind {chosen.kind!r}): {error}.") from error
    return built


def _built(chosen: WeightsChoice, sources: Sources, known: dict[str, Any]) -> Any:
    builder, options, geometry = BUILDERS[chosen.kind], dict(chosen.options), sources.geometry
    if chosen.kind == "file":
        return sources.weights[chosen.name]
    if chosen.kind == "economic":
        return builder(sources.panel, **options)
    if chosen.kind == "nested":
        return builder(known[options.pop("geographic")], known[options.pop("economic")], **options)
    seats = sources.case.geometry
    if chosen.kind != "adjacency" and seats.lon:
        options["points"] = pd.DataFrame({"lon": geometry[seats.lon], "lat": geometry[seats.lat]})
    return builder(geometry, **options)


def read_samples(case: Case, panel: Panel, geometry: Any) -> dict[str, Panel]:
    """Return the panels of the whole and of the subsamples, by name."""
    samples = {case.subsamples.whole: panel}
    groups: dict[str, list[Any]] = {name: list(regions) for name, regions in case.subsamples.groups.items()}
    column = case.subsamples.column
    if column:
        _refuse_absent(case, geometry, column, "the subsamples")
        labels = geometry[column]
        # In an order that does not hang on that of the rows.
        for name in sorted(labels.dropna().unique(), key=str):
            groups.setdefault(str(name), list(labels.index[labels == name]))
    for name, regions in groups.items():
        if name == case.subsamples.whole:
            raise OptionError(f"the subsample {name!r} has the name of the whole; rename one of them.")
        samples[name] = panel.subset(regions=regions)
    return samples
