"""The description of a paper: what it prints, to be audited."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from spatialconv._descriptions.base import SECTION, Made, Name, Names, Section, Tables, Text, must
from spatialconv._descriptions.paper_claims import ClaimEntry
from spatialconv._descriptions.paper_tables import Bounds, Printed, Stars, TableEntry

_EIGENVALUE = "a number, or [real, imaginary]"
_REGIONS = "a whole number of at least 1, or a list of names in quotes"
Many = Annotated[int, Field(ge=1, le=2**63 - 1)]
Eigenvalue = Annotated[float | Annotated[list[float], Field(min_length=2, max_length=2)], must(_EIGENVALUE)]


class PaperSection(Section):
    """The paper."""

    title: Text = Field(description="Of the paper.")
    source: Text = Field("", description="Journal, volume, pages.")
    stars: Stars = Field(
        {"*": 0.10, "**": 0.05, "***": 0.01},
        description="Levels of one, two and more stars, as the note under the tables says; a table may have its own.",
    )


class SampleSection(Section):
    """A sample: its regions and periods, the observations that are printed, the samples it is made of."""

    name: Text = Field(description="What the tables call it.")
    regions: Annotated[Many | list[Name], must(_REGIONS)] | None = Field(
        None, description="How many regions, or their names."
    )
    periods: Many | None = Field(None, description="How many periods.")
    n: Printed | None = Field(None, description="The N that is printed for it.")
    parts: Names = Field([], description="Names of the samples that make it up.")


class WeightsSection(Section):
    """What is known of a weights matrix: all its eigenvalues, or only the interval that rho must lie in."""

    eigenvalues: Annotated[list[Eigenvalue], Made(list, "{value} must be a list of numbers; got {got}.")] = Field(
        [], description="All of them; a complex one is [real, imaginary]."
    )
    bounds: Bounds | None = Field(None, description="Of rho: below, above.")


class PaperFile(Section):
    """What a paper prints, to be audited: spatialconv audit paper.toml. Every figure is typed as it is printed."""

    paper: PaperSection
    sample: Annotated[list[SampleSection], Tables("sample")] = Field([], description="Samples, each under [[sample]].")
    weights: Annotated[dict[str, WeightsSection], Made(dict, SECTION)] = Field(
        {}, description="Weights by name, if they are known: [weights.queen]."
    )
    table: Annotated[list[TableEntry], Tables("table")] = Field([], description="Tables, each under [[table]].")
    claim: Annotated[list[ClaimEntry], Tables("claim")] = Field(
        [], description="What the text says, each sentence under [[claim]]."
    )
