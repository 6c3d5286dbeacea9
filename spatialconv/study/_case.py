"""A study as data: which files, which variable, which weights, which models. Frozen, and checked when made."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from spatialconv import weights
from spatialconv._files.encoding import known_encoding
from spatialconv._files.table import Dialect
from spatialconv._labels.rules import rule_of
from spatialconv._language import Language
from spatialconv._options import (
    MOST_CLASSES,
    CheckExtent,
    ControlsAt,
    Correction,
    Drop,
    FixedEffects,
    Further,
    ModelKey,
    Spatial,
    choice,
    count_of,
    first,
    names,
    seed_of,
    whole,
)
from spatialconv.checks import QUESTIONS
from spatialconv.datasets import DATA as SHIPPED
from spatialconv.errors import FileError, OptionError
from spatialconv.models.specification.vocabulary import Terms, name_of, terms_of
from spatialconv.panel import FillHow, Missing
from spatialconv.reading import GeometryOptions, PanelOptions, Wide
from spatialconv.results import Record

# kind of weights -> what builds them. The keyword arguments of the builder are the options of the kind.
BUILDERS: dict[str, Callable[..., Any]] = {
    "adjacency": weights.adjacency,
    "inverse_distance": weights.inverse_distance,
    "knn": weights.knn,
    "distance_band": weights.distance_band,
    "kernel": weights.kernel,
    "economic": weights.economic,
    "nested": weights.nested,
    "file": weights.read,
}
# Regions up to which the whole check is asked unless the case says otherwise.
FULL_AT_MOST = 1000
# Arguments that the study fills in by itself, or that a description adds.
_FILLED = {"points", "regions"}
_ADDED: dict[str, tuple[str, ...]] = {"nested": ("geographic", "economic"), "file": ("file", "relabel")}


@dataclass(frozen=True, repr=False)
class PanelFile(Record):
    """Where the panel is: one row a region and period.

    Attributes
    ----------
    file : Path
        .csv, .tsv, .txt (also .gz), .xlsx, .dta, .feather, .parquet, .rds or .RData.
    region, period : str
        Columns of the labels. Labels of regions are read as text.
    encoding : str
        Of a text file, where it is not UTF-8: "gbk" for many files from China.
    drop : "", "regions" or "periods"
        What to leave out where cells are missing; "" raises instead.
    fill, max_gap
        How to fill gaps before any are left out, see `Panel.fill`; "" and 0 for none and for any length.
    sep, decimal, thousands, na, sheet, skip, wide, value, start, end, groups, relabel
        As in `spatialconv.read`.
    """

    file: Path
    region: str
    period: str
    encoding: str = ""
    drop: str = ""
    fill: FillHow | Literal[""] = ""
    max_gap: int = 0
    sep: str = ""
    decimal: str = ""
    thousands: str = ""
    na: tuple[str, ...] = ()
    sheet: str = ""
    skip: int = 0
    wide: Wide = False
    value: str = "value"
    start: Any = ""
    end: Any = ""
    groups: tuple[str, ...] = ()
    relabel: str = ""

    def __post_init__(self) -> None:
        choice("drop", self.drop, Drop)
        if self.encoding:
            _refuse_encoding(self.file, self.encoding, "[panel]")
        self.options  # noqa: B018 - refused now, and not when the file is read

    @property
    def options(self) -> PanelOptions:
        """What `spatialconv.read` makes of the file."""
        dialect = Dialect(self.sep, self.decimal, self.thousands, self.na, self.encoding, self.sheet, self.skip)
        told = {name: getattr(self, name) for name in ("region", "period", "wide", "value", "start", "end", "drop")}
        return PanelOptions(
            **told, groups=self.groups, relabel=self.relabel, dialect=dialect, fill=self.fill, max_gap=self.max_gap
        )


@dataclass(frozen=True, repr=False)
class GeometryFile(Record):
    """Where the polygons are.

    Attributes
    ----------
    file : Path
        .shp, .gpkg, .geojson and whatever else geopandas reads.
    id : str
        Column of the labels of regions.
    encoding : str
        Of the text, where the file does not say: "gbk" for many a .dbf from China.
    layer : str
        Of a file that has several.
    crs : str
        "EPSG:4326", say, where the file names no coordinate reference system.
    lon, lat : str
        Columns of the seats of the regions in degrees, for distances between them.
    relabel : str
        A rule for the labels, as in `spatialconv.relabel`.
    repair : bool
        Whether invalid polygons are made valid.
    """

    file: Path
    id: str
    encoding: str = ""
    layer: str = ""
    crs: str = ""
    lon: str = ""
    lat: str = ""
    relabel: str = ""
    repair: bool = False

    def __post_init__(self) -> None:
        if self.encoding:
            _refuse_encoding(self.file, self.encoding, "[geometry]")
        if bool(self.lon) != bool(self.lat):
            raise OptionError(
                f"seats need both columns, lon and lat; got lon={self.lon!r}, lat={self.lat!r}. Name both or none."
            )
        self.options  # noqa: B018 - refused now, and not when the file is read

    @property
    def options(self) -> GeometryOptions:
        """What `spatialconv.read` makes of the file."""
        return GeometryOptions(**{f.name: getattr(self, f.name) for f in fields(GeometryOptions)})


@dataclass(frozen=True, repr=False)
class WeightsChoice(Record):
    """One weights matrix: its name in the tables, its kind, and the options of `spatialconv.weights`."""

    name: str
    kind: str
    main: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        choice(f"kind of the weights {self.name!r}", self.kind, tuple(BUILDERS))
        unknown_key(f"the weights {self.name!r} (kind {self.kind!r})", self.options, allowed_options(self.kind))
        if self.options.get("relabel"):
            rule_of(self.options["relabel"])
        if "file" in self.options and "encoding" in self.options:
            _refuse_encoding(Path(self.options["file"]), self.options["encoding"], "[[weights]]")


@dataclass(frozen=True)
class HotSpotChoice:
    """Gi*: with which weights (the main ones by default), when, of logs or not, in how many classes."""

    weights: str = ""
    periods: tuple[Any, ...] = ()
    log: bool = False
    classes: int = 4

    def __post_init__(self) -> None:
        whole("classes", self.classes, least=2, most=MOST_CLASSES)


@dataclass(frozen=True, repr=False)
class ModelChoice(Record):
    """The growth regression that is printed in full; all effects and approaches are tabulated beside it."""

    spatial: Spatial | None = None
    effects: FixedEffects = "time"
    correction: Correction = "auto"
    horizon: int = 1
    model: ModelKey = ""

    def __post_init__(self) -> None:
        # Beside a name spatial need not be said; what is stored is what it means.
        object.__setattr__(self, "spatial", self.terms.spatial)
        choice("spatial", self.spatial, Spatial)
        choice("effects", self.effects, FixedEffects)
        choice("correction", self.correction, Correction)
        whole("horizon", self.horizon, least=1)

    @property
    def name(self) -> str:
        """The field's name of the model: SAR, SDM, …"""
        return name_of(self.terms.spatial, bool(self.terms.durbin))

    @property
    def terms(self) -> Terms:
        """Spatial terms, and whether spatial lags of all regressors enter."""
        return terms_of(self.model or None, self.spatial, None)


@dataclass(frozen=True)
class Subsamples:
    """Groups of regions to be estimated apart: the values of a column of the geometry, or lists by name."""

    whole: str = "all regions"
    column: str = ""
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class MapChoice(Record):
    """Maps: of when (the first and last period by default), in how many classes, with which names and insets.

    `inset`, `inset_only`, `outlines` and `width` are as in `spatialconv.maps.choropleth`, of every map of the study.
    """

    periods: tuple[Any, ...] = ()
    classes: int = 4
    log: bool = False
    labels: bool | str = True
    inset: tuple[Any, ...] = ()
    inset_only: bool = False
    outlines: str = ""
    width: Literal["", "single", "double"] | float = ""

    def __post_init__(self) -> None:
        whole("classes", self.classes, least=2, most=MOST_CLASSES)
        if self.inset_only and not self.inset:
            raise OptionError("inset_only leaves out of the map what its insets show; name them by inset.")

    @property
    def drawn(self) -> dict[str, Any]:
        """What every map is drawn with."""
        return {
            "inset": list(self.inset) or None,
            "inset_only": self.inset_only,
            "outlines": self.outlines or None,
            "width": self.width or None,
        }


@dataclass(frozen=True)
class CheckChoice:
    """The questions of a careful referee: how many, or which, and with how many samples.

    `extent` "light" leaves out those that draw samples or estimate again and again; "auto" is full up to
    `FULL_AT_MOST` regions and light beyond. `questions` names those that are asked instead.
    """

    extent: CheckExtent = "auto"
    draws: int = 999
    questions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        choice("extent of the check", self.extent, CheckExtent)
        count_of("draws", self.draws, least=19)
        names("questions", self.questions)
        for name in self.questions:
            choice("questions", name, tuple(QUESTIONS))

    def asked(self, n_regions: int) -> str | tuple[str, ...]:
        """Return what `spatialconv.check` is asked of so many regions; nothing where the check is off."""
        if self.extent == "off":
            return ()
        if self.questions:
            return self.questions
        few = n_regions <= FULL_AT_MOST
        return "all" if self.extent == "full" or (self.extent == "auto" and few) else "light"


@dataclass(frozen=True, repr=False)
class Case(Record):
    """Everything that a study needs to know; `load` reads one from a file, `zhejiang` is built in.

    Attributes
    ----------
    title : str
    variable : str
        In levels, positive.
    panel, geometry : PanelFile, GeometryFile
    weights : tuple of WeightsChoice
        One of them main: the one of the models and, unless said otherwise, of the hot spots.
    controls : names
        Of the conditional models.
    controls_at : {"start", "end", "mean"}
        When in a span of growth they are taken, as in `spatialconv.beta`.
    log : bool
        Whether Moran's I and Geary's C are of the logarithm.
    missing : {"raise", "omit"}
        What to do about cells without a value: refuse them, or take statistics of a period of the regions that are
        there, and growth regressions of the regions that are always there.
    unit, source, about : str
        Unit of the variable and whose the data are, which every figure says below it; what a reader should know.
    uncertainty : str
        Column of the panel with the standard deviation of the variable's logarithm, if it is known.
    intersect : bool
        Whether regions that panel, geometry and weights do not all have are left out, each named, or an error.
    language : {"en", "zh"}
        Of the fixed words of figures and tables; the text of the report stays English.
    labels : mapping of column to text
        What to call variables in tables, figures and the report.
    permutations, seed : int
        Of the permutation p-values beside the analytic ones.
    further : names
        What is computed beside the main analysis: "impacts", "tests", "selection", "robustness", "probabilities",
        "correlogram", "spatial_unit_root", "unit_roots", "breaks", "threshold", "clubs", "clubs_explained", "mobility",
        "stochastic_kernel".
    hot_spots, model, subsamples, maps, check
        See their classes.
    published : str
        Name of the paper to replicate; for built-in cases only.
    """

    title: str
    variable: str
    panel: PanelFile
    geometry: GeometryFile
    weights: tuple[WeightsChoice, ...]
    controls: tuple[str, ...] = ()
    controls_at: ControlsAt = "start"
    log: bool = True
    missing: Missing = "raise"
    unit: str = ""
    source: str = ""
    about: str = ""
    uncertainty: str = ""
    intersect: bool = False
    language: Language = "en"
    labels: Mapping[str, str] = field(default_factory=dict)
    permutations: int = 0
    seed: int = 1
    further: tuple[Further, ...] = ()
    hot_spots: HotSpotChoice = HotSpotChoice()
    model: ModelChoice = ModelChoice()
    subsamples: Subsamples = Subsamples()
    maps: MapChoice = MapChoice()
    check: CheckChoice = CheckChoice()
    published: str = field(default="", metadata={"key": False})

    def __post_init__(self) -> None:
        count_of("permutations", self.permutations)
        seed_of(self.seed)
        names("controls", self.controls)
        names("further", self.further)
        for part in self.further:
            choice("further", part, Further)
        choice("controls_at", self.controls_at, ControlsAt)
        choice("missing", self.missing, Missing)
        choice("language", self.language, Language)
        if self.variable in self.controls:
            raise OptionError(f"controls name the variable {self.variable!r} itself; leave it out.")
        if not self.weights:
            raise OptionError("a study needs spatial weights; describe at least one, for example kind 'adjacency'.")
        names("weights", [w.name for w in self.weights])
        mains = [w.name for w in self.weights if w.main]
        if len(mains) > 1:
            raise OptionError(f"one of the weights is the main one; marked are {first(mains)}.")
        known = tuple(w.name for w in self.weights)
        if self.hot_spots.weights:
            choice("weights of hot_spots", self.hot_spots.weights, known)
        for position, w in enumerate(self.weights):
            for key in ("geographic", "economic") if w.kind == "nested" else ():
                choice(f"{key} of the weights {w.name!r}", w.options.get(key), known[:position])

    @property
    def main(self) -> str:
        """Name of the main weights: the one marked, else the first."""
        return next((w.name for w in self.weights if w.main), self.weights[0].name)

    @property
    def whose(self) -> dict[str, Any]:
        """What every figure says of the data."""
        return {"source": self.source or None}

    @property
    def mapped(self) -> dict[str, Any]:
        """What every map is drawn with, and says of the data."""
        return {**self.maps.drawn, **self.whose}

    @property
    def said(self) -> dict[str, Any]:
        """What figures of the variable say of it and of the data."""
        return {"unit": self.unit or None, **self.whose}

    @property
    def hot_weights(self) -> str:
        """Name of the weights of the hot spots."""
        return self.hot_spots.weights or self.main


def _refuse_encoding(file: Path, encoding: Any, section: str) -> None:
    """Raise where an encoding does not exist: before a file is opened, and before minutes of analysis."""
    if not isinstance(encoding, str) or not known_encoding(encoding):
        raise FileError(
            f"{Path(file).name} cannot be read as {encoding}: Python knows no such encoding. Say its encoding in "
            f'{section}, for example encoding = "gbk".'
        )


def allowed_options(kind: str) -> tuple[str, ...]:
    """Return the options of a kind of weights, in the order of its builder's arguments."""
    keywords = [p.name for p in inspect.signature(BUILDERS[kind]).parameters.values() if p.kind is p.KEYWORD_ONLY]
    return (*_ADDED.get(kind, ()), *(k for k in keywords if k not in _FILLED))


def unknown_key(where: str, given: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    """Raise if a key is not among those allowed, and say which was probably meant."""
    for key in given:
        if key not in allowed:
            close = get_close_matches(key, allowed, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise OptionError(f"unknown key {key!r} in {where}; allowed are {', '.join(allowed)}.{hint}")


def zhejiang() -> Case:
    """Return the study of Luo and Zhang (2024): eleven cities of Zhejiang, 2016 to 2020.

    Its models are estimated by the direct approach with time effects and the geographic weights, as in the
    paper; the Lee-Yu transformation and the other effects stand beside it. Controls are those of the period in which
    growth ends, as in the paper.

    Returns
    -------
    Case
        Change it by `dataclasses.replace`.

    Examples
    --------
    >>> import spatialconv as sc
    >>> case = sc.study.zhejiang()
    >>> case.variable, case.main, [w.name for w in case.weights]
    ('exports', 'geographic', ['adjacency', 'geographic'])
    """
    folder = SHIPPED / "zhejiang"
    return Case(
        title="Exports by cross-border online retail in Zhejiang, 2016 to 2020",
        variable="exports",
        unit="100 million yuan, prices of 2016",
        source="Luo and Zhang (2024), levels reconstructed",
        about=(
            "The case of Luo and Zhang (2024). The paper prints growth rates but no export levels. The levels used "
            "here are reconstructed from its published figures; they are not observed."
        ),
        uncertainty="log_exports_sd",
        panel=PanelFile(folder / "panel.csv", region="city", period="year"),
        geometry=GeometryFile(folder / "zhejiang.shp", id="city", lon="lon", lat="lat"),
        weights=(
            WeightsChoice("adjacency", "adjacency"),
            WeightsChoice("geographic", "inverse_distance", main=True, options={"power": 2}),
        ),
        controls=("digital",),
        controls_at="end",
        permutations=9999,
        seed=2024,
        hot_spots=HotSpotChoice(weights="adjacency", periods=(2016, 2020)),
        model=ModelChoice(effects="time", correction="none"),
        subsamples=Subsamples(whole="province", column="area"),
        maps=MapChoice(periods=(2016, 2020)),
        published="zhejiang",
    )
