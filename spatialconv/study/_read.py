"""From the files that a case names to a panel, a geometry and weights, matched by label and checked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._extras import extra
from spatialconv._files.geometry import read_geometry_file
from spatialconv._options import first
from spatialconv.errors import AlignmentError, FileError, GeometryError, OptionError, VariableError
from spatialconv.panel import Panel
from spatialconv.study._case import BUILDERS, Case, GeometryFile, PanelFile, WeightsChoice

# The default parser of pandas loses the last bit of some numbers before 3.1; since then it is exact, and asking for
# exactness is deprecated. A number in a file is the number that Python reads, whichever pandas is there.
EXACT_NUMBERS: dict[str, Any] = (
    {"float_precision": "round_trip"} if tuple(int(part) for part in pd.__version__.split(".")[:2]) < (3, 1) else {}
)


def read_panel(source: PanelFile, variables: tuple[str, ...]) -> Panel:
    """Read the panel of a case; `variables` are those that must be complete if gaps are to be dropped."""
    frame = _frame(source)
    for role, column in (("region", source.region), ("period", source.period)):
        if column not in frame.columns:
            raise VariableError(
                f"{source.file.name} has no column {column!r} for the {role}; it has {first(frame.columns, 8)}."
            )
    absent = [name for name in variables if name not in frame.columns]
    if absent:
        raise VariableError(f"{source.file.name} has no column {first(absent)}; it has {first(frame.columns, 8)}.")
    frame[source.region] = as_text(frame[source.region])
    panel = Panel(frame, region=source.region, period=source.period)
    return panel.balance(drop=source.drop, variables=variables) if source.drop else panel  # type: ignore[arg-type]


def _frame(source: PanelFile) -> pd.DataFrame:
    file = source.file
    readers: dict[str, Callable[[], pd.DataFrame]] = {
        # Labels such as 0601 would lose their zeros as numbers.
        ".csv": lambda: pd.read_csv(file, encoding=source.encoding, dtype={source.region: str}, **EXACT_NUMBERS),
        ".parquet": lambda: _parquet(file),
        ".xlsx": lambda: _workbook(file, source.region),
    }
    if file.suffix.lower() not in readers:
        raise FileError(f"the panel {file.name!r} must be one of {', '.join(readers)}; save it as .csv, for example.")
    _there(file, "panel")
    try:
        return readers[file.suffix.lower()]()
    except (UnicodeDecodeError, LookupError) as error:
        raise FileError(
            f"{file.name} cannot be read as {source.encoding}: {error}. Say its encoding in [panel], for example "
            'encoding = "gbk".'
        ) from error
    except (OSError, ValueError) as error:
        raise FileError(f"{file.name} cannot be read as {file.suffix}: {error}.") from error


def _parquet(file: Path) -> pd.DataFrame:
    with extra("pyarrow", file.name):
        return pd.read_parquet(file, engine="pyarrow")


def _workbook(file: Path, region: str) -> pd.DataFrame:
    with extra("openpyxl", file.name):
        return pd.read_excel(file, dtype={region: str}, engine="openpyxl")


def as_text(labels: pd.Series) -> pd.Series:
    """Return labels as text: 330100 and 330100.0 become '330100', blanks around them go; missing ones stay."""
    numbers = pd.api.types.is_numeric_dtype(labels) and not pd.api.types.is_bool_dtype(labels)

    def text(label: Any) -> Any:
        if pd.isna(label):
            return np.nan
        return str(int(label)) if numbers and float(label).is_integer() else str(label).strip()

    return pd.Series([text(label) for label in labels], index=labels.index, name=labels.name, dtype=object)


def _there(file: Path, what: str) -> None:
    if not file.is_file():
        raise FileError(f"there is no {what} file {str(file)!r}. Paths in a case are relative to the folder it is in.")


def read_geometry(source: GeometryFile, regions: pd.Index) -> tuple[Any, tuple[str, ...]]:
    """Return the polygons of the panel's regions, indexed by label, and notes on what was left out."""
    frame = read_geometry_file(source.file, encoding=source.encoding, layer=source.layer)
    for key, column in (("id", source.id), ("lon", source.lon), ("lat", source.lat)):
        if column and column not in frame.columns:
            known = [name for name in frame.columns if name != "geometry"]
            raise VariableError(
                f"{source.file.name} has no column {column!r} for {key}; it has {first(known, 8)}. If these names look "
                'garbled, say the encoding in [geometry], for example encoding = "gbk".'
            )
    frame = _with_crs(frame, source.crs) if source.crs else frame
    if frame.crs is None:
        raise GeometryError(
            f"{source.file.name} names no coordinate reference system. Say which it is in [geometry], for example "
            'crs = "EPSG:4326" for longitude and latitude.'
        )
    frame[source.id] = as_text(frame[source.id])
    frame = frame.set_index(source.id)
    twice = frame.index[frame.index.duplicated() & frame.index.isin(regions)].unique()
    if len(twice):
        raise GeometryError(
            f"{source.file.name} has more than one row for the regions {first(twice)}. Unite their parts first, by "
            f"geopandas: gdf.dissolve(by={source.id!r})."
        )
    missing = regions[~regions.isin(frame.index)]
    if len(missing):
        raise AlignmentError(
            f"regions of the panel not in {source.file.name}: {first(missing)}; its column {source.id!r} has "
            f"{first(frame.index)}. Labels must match; if they look garbled, say the encoding in [geometry]."
        )
    left = [label for label in frame.index if label not in set(regions)]
    notes = (f"regions of {source.file.name} that the panel does not have: {first(left)}; left out",) if left else ()
    return frame.loc[list(regions)], notes


def _with_crs(frame: Any, crs: str) -> Any:
    from pyproj.exceptions import CRSError

    try:
        return frame.set_crs(crs, allow_override=True)
    except CRSError as error:
        raise OptionError(
            f'crs = {crs!r} names no reference system that PROJ knows. Write for example "EPSG:4326".'
        ) from error


def build_weights(case: Case, panel: Panel, geometry: Any) -> dict[str, Any]:
    """Return the weights of a case by name, in its order."""
    built: dict[str, Any] = {}
    for chosen in case.weights:
        try:
            built[chosen.name] = _built(chosen, case, panel, geometry, built)
        except TypeError as error:
            raise OptionError(f"weights {chosen.name!r} (kind {chosen.kind!r}): {error}.") from error
    return built


def _built(chosen: WeightsChoice, case: Case, panel: Panel, geometry: Any, known: dict[str, Any]) -> Any:
    builder, options = BUILDERS[chosen.kind], dict(chosen.options)
    if chosen.kind == "economic":
        return builder(panel, **options)
    if chosen.kind == "nested":
        return builder(known[options.pop("geographic")], known[options.pop("economic")], **options)
    if chosen.kind == "file":
        if "file" not in options:
            raise OptionError(f"weights {chosen.name!r} of kind 'file' need the key 'file'.")
        file = Path(options.pop("file"))
        _there(file, "weights")
        regions = {"regions": list(panel.regions)} if file.suffix.lower() == ".mtx" else {}
        return builder(file, **regions, **options)
    if chosen.kind != "adjacency" and case.geometry.lon:
        seats = pd.DataFrame({"lon": geometry[case.geometry.lon], "lat": geometry[case.geometry.lat]})
        options["points"] = seats
    return builder(geometry, **options)


def read_samples(case: Case, panel: Panel, geometry: Any) -> dict[str, Panel]:
    """Return the panels of the whole and of the subsamples, by name."""
    samples = {case.subsamples.whole: panel}
    groups: dict[str, list[Any]] = {name: list(regions) for name, regions in case.subsamples.groups.items()}
    column = case.subsamples.column
    if column:
        if column not in geometry.columns:
            known = [name for name in geometry.columns if name != geometry.geometry.name]
            raise VariableError(
                f"{case.geometry.file.name} has no column {column!r} for the subsamples; it has {first(known, 8)}."
            )
        labels = geometry[column]
        # In an order that does not hang on that of the rows.
        for name in sorted(labels.dropna().unique(), key=str):
            groups.setdefault(str(name), list(labels.index[labels == name]))
    for name, regions in groups.items():
        if name == case.subsamples.whole:
            raise OptionError(f"the subsample {name!r} has the name of the whole; rename one of them.")
        samples[name] = panel.subset(regions=regions)
    return samples
