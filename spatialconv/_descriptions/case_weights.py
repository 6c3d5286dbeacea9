"""The weights of a case.toml, a model a kind; their options are the keyword arguments of `spatialconv.weights`."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from spatialconv._descriptions.base import Flag, Listed, Made, Name, Positive, Schema, Section, Share, Text, must
from spatialconv._options import Islands, Standardise

_PAIRS = 'a list of pairs of regions such as [["Zhoushan", "Ningbo"]]'
Pair = Annotated[list[str], Field(min_length=2, max_length=2), must(_PAIRS)]
Pairs = Annotated[list[Pair], Made(list, f"{{value}} must be {_PAIRS}; got {{got}}.")]
Neighbours = Annotated[int, Field(ge=1, le=2**63 - 1)]
Tolerance = Annotated[float, Field(ge=0, allow_inf_nan=False), must("a number of at least 0")]
Link: Any = Field([], description="Links to add by hand, both ways: a sea bridge.")
Unlink: Any = Field([], description="Links to remove by hand, both ways: a border that is water.")
RowStandardised: Any = Field(
    "row", description="Make rows sum to one, divide by the largest eigenvalue, or leave the weights as they are."
)
Alone: Any = Field(
    "keep",
    description="What to do about regions left without a neighbour: keep a row of zeros, raise an error, or link each "
    "to the nearest region.",
)


_ALL = {"name": False, "kind": True, "main": False}


class WeightsSection(Section):
    """One weights matrix."""

    name: Text = Field("", description="In tables and figures; the kind by default.")
    main: Flag = Field(False, description="Whether these enter the models; one of the weights may be the main one.")

    @classmethod
    def allowed(cls) -> dict[str, bool]:
        """Return the keys as they are written, the options of the kind before what all kinds have."""
        return {key: needed for key, needed in super().allowed().items() if key not in _ALL} | dict(_ALL)

    def options(self) -> dict[str, object]:
        """Return the options that are given, by the names of the builder's arguments."""
        return {key: value for key, value in self.said().items() if key not in _ALL}


class AdjacencyWeights(WeightsSection):
    """Regions that share a border."""

    kind: Literal["adjacency"]
    rule: Literal["queen", "rook"] = Field(
        "queen", description='"queen" links regions that share at least a point, "rook" those that share a line.'
    )
    tolerance: Tolerance | None = Field(
        None,
        description="Width of gaps and overlaps of digitising that are closed, in the unit of the coordinates; by "
        "default a millionth of the size of a typical region, 0 compares borders exactly.",
    )
    islands: Islands = Alone
    link: Pairs = Link
    unlink: Pairs = Unlink
    standardise: Standardise = RowStandardised


class InverseDistanceWeights(WeightsSection):
    """Every other region by the inverse of its distance in km."""

    kind: Literal["inverse_distance"]
    power: Positive = Field(2.0, description="Exponent of distance.")
    cutoff: Positive | None = Field(None, description="Leave out pairs farther apart than this, in km.")
    nearest: Neighbours | None = Field(None, description="Keep for each region the so many nearest only.")
    islands: Islands = Alone
    standardise: Standardise = RowStandardised


class KnnWeights(WeightsSection):
    """The k nearest of each region."""

    kind: Literal["knn"]
    k: Neighbours = Field(description="Number of neighbours, less than the number of regions.")
    standardise: Standardise = RowStandardised


class DistanceBandWeights(WeightsSection):
    """All regions at most so many km apart, with equal weights."""

    kind: Literal["distance_band"]
    threshold: Positive = Field(description="Distance in km, included.")
    islands: Islands = Alone
    link: Pairs = Link
    unlink: Pairs = Unlink
    standardise: Standardise = RowStandardised


class KernelWeights(WeightsSection):
    """Others by a kernel of their distance, with one bandwidth for all or one for each region."""

    kind: Literal["kernel"]
    bandwidth: Positive | None = Field(None, description="Bandwidth of all regions, in km; or else k.")
    k: Neighbours | None = Field(
        None, description="Each region's bandwidth is the distance to its k-th nearest neighbour."
    )
    shape: Literal["triangular", "epanechnikov", "bisquare", "tricube", "uniform", "gaussian", "exponential"] = Field(
        "triangular", description="The function of distance over bandwidth."
    )
    islands: Literal["keep", "raise"] = Field(
        "keep", description="What to do about regions that have nobody within the bandwidth."
    )
    standardise: Standardise = RowStandardised

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["bandwidth"]}, {"required": ["k"]}]})

    @model_validator(mode="after")
    def _one_width(self) -> Self:
        if (self.bandwidth is None) == (self.k is None):
            raise PydanticCustomError("said", "{value} need either bandwidth (km) or k (neighbours), and not both.")
        return self


class EconomicWeights(WeightsSection):
    """Regions by how alike they are in a quantity, wherever they lie."""

    kind: Literal["economic"]
    variable: Text = Field(description="A column of the panel, of which the average over its periods is taken.")
    metric: Literal["absolute", "log", "ratio", "size"] = Field(
        "absolute",
        description="1 / |v_i - v_j|, the same of logs, the smaller over the larger, or the neighbour's size.",
    )
    standardise: Standardise = RowStandardised


class NestedWeights(WeightsSection):
    """Geography and economy in one matrix."""

    kind: Literal["nested"]
    geographic: Text = Field(description="Name of weights that stand above these in the file.")
    economic: Text = Field(description="Name of weights that stand above these in the file.")
    how: Literal["product", "mix"] = Field("product", description="Multiply the two, or mix them by share.")
    share: Share = Field(0.5, description="Weight of geography in a mix, between 0 and 1.")
    standardise: Standardise = RowStandardised


class FileWeights(WeightsSection):
    """A matrix or a list of links from a file."""

    kind: Literal["file"]
    file: Annotated[str, must("a path in quotes")] = Field(
        description=".gal, .gwt, .kwt, .csv, .mtx, .txt (Stata's spmatrix), .xlsx, .dta, .mat or .swm; relative to the "
        "folder of this file."
    )
    standardise: Standardise = Field(
        "none",
        description="Leave the matrix as the file has it, make rows sum to one, or divide by the largest eigenvalue.",
    )
    encoding: Text = Field("utf-8-sig", description='Of text files; "gbk" for files of older Chinese software.')
    labels: Annotated[list[Name], Schema({"uniqueItems": True}), Listed()] = Field(
        [], description="Of rows and columns in the order of the file, where it holds a matrix without any."
    )
    sep: Text = Field("", description="Sign between the columns of a .csv file; found out without it.")
    decimal: Literal["", ".", ","] = Field("", description="Decimal sign of a .csv file; found out without it.")
    sheet: Text = Field("", description="Of a workbook with several.")
    matrix: Text = Field("", description="Name of the matrix in a .mat file with several.")
    relabel: Text = Field("", description='A rule for the labels, such as "digits:5"; see panel.relabel.')


WeightsEntry = Annotated[
    AdjacencyWeights
    | InverseDistanceWeights
    | KnnWeights
    | DistanceBandWeights
    | KernelWeights
    | EconomicWeights
    | NestedWeights
    | FileWeights,
    Field(discriminator="kind"),
]
