"""case.toml: the description of a study."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from spatialconv._descriptions.base import (
    Flag,
    Listed,
    Made,
    Name,
    Schema,
    Section,
    Tables,
    Text,
    must,
)
from spatialconv._descriptions.case_weights import WeightsEntry
from spatialconv._options import (
    MOST_CLASSES,
    MOST_DRAWS,
    CheckExtent,
    ControlsAt,
    Correction,
    Drop,
    FixedEffects,
    Further,
    ModelKey,
    Spatial,
)

File = Annotated[str, must("a path in quotes")]
# A date of TOML is a text to JSON.
Period = Annotated[int | float | str | date, must("a list of periods"), Schema({"type": ["number", "string"]})]
Periods = Annotated[list[Period], Listed()]
Regions = Annotated[list[Annotated[str, must("a list of regions in quotes")]], Listed()]
Controls = Annotated[list[Name], Schema({"uniqueItems": True}), Listed()]
Classes = Annotated[int, Field(ge=2, le=MOST_CLASSES)]
Labels = Annotated[bool | str, must("true, false or a column in quotes")]
Largest = 2**63 - 1  # of whole numbers of TOML

Insets = Annotated[
    list[Annotated[str | list[str] | list[float], must("a list of boxes of four numbers, or of regions in quotes")]],
    Listed(),
]
Wide = Annotated[
    Literal["", "single", "double"] | Annotated[float, Field(ge=60, le=400)],
    must('"single", "double" or a number of mm from 60 to 400'),
]
Called = Annotated[str, Field(min_length=1), must("texts in quotes by column")]
Columns = Annotated[
    bool | dict[str, Period] | dict[str, dict[str, Period]], must("true, false or the period of each column")
]
Column = Annotated[str, Field(min_length=1), must("a column in quotes")]
Parts = Annotated[list[Further], Schema({"uniqueItems": True}), Listed()]


class PanelSection(Section):
    """Where the panel is: one row a region and period."""

    file: File = Field(
        description="The panel: .csv, .tsv, .txt (also packed as .gz), .xlsx, .dta, .feather, .parquet, .rds or "
        ".RData; relative to "
        "the folder of this file."
    )
    region: Text = Field(description="Column of the labels of regions, which are read as text.")
    period: Text = Field(description="Column of the periods.")
    encoding: Text = Field("", description='Of a text file that is not UTF-8: "gbk" for many files from China.')
    drop: Drop = Field(
        "",
        description='What to leave out where cells are missing: "regions" or "periods"; an error without it.',
    )
    fill: Literal["", "linear", "geometric", "previous", "next"] = Field(
        "",
        description="How to fill gaps over time within a region, before any are left out; none is filled without it.",
    )
    max_gap: Annotated[int, Field(ge=0, le=Largest)] = Field(
        0, description="The longest run of missing periods that is filled; 0 for any."
    )
    sep: Text = Field("", description='Sign between the columns of a text file, such as ";"; found out without it.')
    decimal: Literal["", ".", ","] = Field("", description="Sign before the decimals of numbers; found out without it.")
    thousands: Literal["", ",", ".", " ", "'", "none"] = Field(
        "", description='What groups thousands in numbers, or "none"; found out without it.'
    )
    na: Annotated[list[Annotated[str, must("a list of texts in quotes")]], Listed()] = Field(
        [], description='What else stands for a missing cell, such as "." or "-99"; never for a region or a period.'
    )
    sheet: Text = Field("", description="Of a workbook that has several.")
    skip: Annotated[int, Field(ge=0, le=1_000_000)] = Field(0, description="Lines above the names of the columns.")
    wide: Columns = Field(
        False,
        description="Whether the table has a column a period: 1990, gdp_1990, 1990Q1; or the period of each column, "
        "{ HR7984 = 1984 }, of several variables by variable.",
    )
    value: Column = Field(
        "value", description="Of a wide table, what to call the variable whose columns are named by the period alone."
    )
    start: Period = Field("", description="The first period to keep; the first of all without it.")
    end: Period = Field("", description="The last period to keep; the last of all without it.")
    groups: Annotated[list[Name], Schema({"uniqueItems": True}), Listed()] = Field(
        [],
        description="Text columns (state, country) to make dummies of; named among the controls they stand for these.",
    )
    relabel: Text = Field(
        "",
        description='A rule for the labels of regions: "text", "blanks", "unicode", "decimals", "digits:5", "case", '
        '"accents", several joined by "+".',
    )


class GeometrySection(Section):
    """Where the polygons are."""

    file: File = Field(description="The polygons: .shp, .gpkg or .geojson; relative to the folder of this file.")
    model_config = ConfigDict(json_schema_extra={"dependentRequired": {"lon": ["lat"], "lat": ["lon"]}})

    id: Text = Field(description="Column with the same labels as the panel's regions.")
    encoding: Text = Field("", description='Of the text, where the file does not say: "gbk" for many from China.')
    layer: Text = Field("", description="Of a file that has several.")
    crs: Text = Field("", description='Where the file names no coordinate reference system: "EPSG:4326", say.')
    lon: Column = Field(
        "",
        description="Column of the seats of the regions, degrees east, for distances between them; without lon and lat "
        "points inside the polygons are used.",
    )
    lat: Column = Field("", description="Column of the seats of the regions, degrees north; goes with lon.")
    relabel: Text = Field("", description='A rule for the labels, such as "digits:5"; see panel.relabel.')
    repair: Flag = Field(
        False,
        description="Whether invalid polygons are made valid (make_valid of shapely, structure); the report says how "
        "many.",
    )


class HotSpotsSection(Section):
    """Gi*: with which weights, when, of logs or not, in how many classes."""

    weights: Text = Field("", description="Name of one of the weights; the main ones by default.")
    periods: Periods = Field([], description="The first and the last by default.")
    log: Flag = Field(False, description="Whether Gi* is of the logarithm.")
    classes: Classes = Field(4, description="Natural breaks of z.")


class ModelSection(Section):
    """The growth regression that is printed in full; all effects and approaches are tabulated beside it."""

    model: ModelKey = Field(
        "", description="The field's name, in the place of spatial: SDM, SDEM, GNS and SLX lag all regressors too."
    )
    spatial: Spatial = Field("lag", description="Which spatial process the model has.")
    effects: FixedEffects = Field("time", description="Fixed effects of regions, of periods, or of both.")
    correction: Correction = Field(
        "auto",
        description='"lee-yu" (the transformation), "none" (the direct approach), "splm", or "auto": Lee-Yu where it '
        "is derived.",
    )
    horizon: Annotated[int, Field(ge=1, le=Largest)] = Field(1, description="Years a growth rate spans.")


class SubsamplesSection(Section):
    """Groups of regions to be estimated apart: the values of a column of the geometry, or lists by name."""

    whole: Text = Field("all regions", description="What to call all regions together.")
    column: Text = Field("", description="One subsample a value of this column of the geometry.")
    groups: Annotated[dict[str, Regions], Made(dict, "{value} must be lists of regions by name; got {got}.")] = Field(
        {}, description="Subsamples by name: lists of regions."
    )


class MapsSection(Section):
    """Maps of the variable: when, in how many classes, with which names."""

    periods: Periods = Field([], description="The first and the last by default.")
    classes: Classes = Field(4, description="Natural breaks.")
    log: Flag = Field(False, description="Whether breaks are in logarithms.")
    labels: Labels = Field(
        True,
        description='Names on the maps: true (of 40 regions at most), false, or a column of the geometry, "city_zh".',
    )
    inset: Insets = Field(
        [],
        description="Drawn once more at a scale of its own: boxes of degrees, [[105, 3, 123, 24]], regions, "
        '["Hawaii"], or lists of regions that share one, [["Alaska"], ["Hawaii", "Guam"]].',
    )
    inset_only: Flag = Field(False, description="Whether the map itself leaves out what its insets show.")
    outlines: Text = Field("", description="Column of the geometry whose groups are outlined on the maps: the state.")
    width: Wide = Field("", description='Of the maps: "single" (90 mm), "double" (190 mm), or millimetres.')


class CheckSection(Section):
    """The questions of a careful referee that the report answers: how many, and with how many samples."""

    extent: CheckExtent = Field(
        "auto",
        description='"full", "light" (without the questions that draw samples, or estimate again and again), "off", or '
        '"auto": full up to 1,000 regions, light beyond.',
    )
    draws: Annotated[int, Field(ge=19, le=MOST_DRAWS)] = Field(999, description="Samples under no convergence.")
    questions: Annotated[list[Annotated[str, must("a list of questions in quotes")]], Listed()] = Field(
        [], description='Names of the questions to ask, such as "islands"; those of the extent without it.'
    )


class CaseFile(Section):
    """A study: which files, which variable, which weights, which models. Run it: spatialconv study case.toml."""

    title: Text = Field(description="Of the report.")
    variable: Text = Field(
        description="A column of the panel, in levels and positive; logs are taken where they are needed."
    )
    unit: Text = Field("", description="Unit of the variable, for legends and captions.")
    source: Text = Field("", description="Whose the data are; it closes the caption below every figure.")
    about: Text = Field("", description="What a reader should know about the data.")
    controls: Controls = Field([], description="Columns of the panel for the conditional models; [] for none.")
    controls_at: ControlsAt = Field(
        "start",
        description='When controls are taken: at the "start" of a span of growth, at its "end", their "mean" over it.',
    )
    log: Flag = Field(True, description="Whether Moran's I and Geary's C are of the logarithm.")
    missing: Literal["raise", "omit"] = Field(
        "raise",
        description='What to do about cells without a value: an error, or "omit": statistics of a period are of the '
        "regions that are there, growth regressions of those that always are.",
    )
    permutations: Annotated[int, Field(ge=0, le=MOST_DRAWS)] = Field(
        0, description="Of the p-values by permutation beside the analytic ones; 0 for none."
    )
    seed: Annotated[int, Field(ge=0, le=Largest)] = Field(
        1, description="Of the permutations: the same seed gives the same figures."
    )
    uncertainty: Text = Field(
        "", description="Column of the panel with the standard deviation of the variable's logarithm, if it is known."
    )
    intersect: Flag = Field(
        False,
        description="Whether regions that panel, geometry and weights do not all have are left out, each named in the "
        "report, or an error.",
    )
    language: Literal["en", "zh"] = Field(
        "en", description="Of the fixed words of figures and tables; the text of the report stays English."
    )
    labels: Annotated[dict[str, Called], Made(dict, "{value} must be texts by column; got {got}.")] = Field(
        {}, description="What to call variables in tables, figures and the report, by column of the panel."
    )
    further: Parts = Field(
        [],
        description="What to compute beside the main analysis, each a section of the report: "
        '"impacts" (direct and indirect effects), "tests" (LM, LR, Hausman, residuals), "selection" (the chain of '
        'tests), "robustness" (each of the weights), "probabilities" (of weights and models), '
        '"correlogram", "spatial_unit_root", "unit_roots", "breaks", "threshold", "clubs", "clubs_explained", '
        '"mobility", "stochastic_kernel".',
    )
    panel: PanelSection
    geometry: GeometrySection
    weights: Annotated[list[WeightsEntry], Field(min_length=1), Tables("weights")] = Field(
        description="As many as you like, each under [[weights]]; the other keys are the options of "
        "spatialconv.weights. The main one enters the models: the one marked, or else the first."
    )
    model: ModelSection = ModelSection()
    hot_spots: HotSpotsSection = HotSpotsSection()
    subsamples: SubsamplesSection = SubsamplesSection()
    maps: MapsSection = MapsSection()
    check: CheckSection = CheckSection()
