"""What the text of a paper says of its figures: a model a kind of sentence."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from spatialconv._descriptions.base import NAMES, Flag, Number, Section, Text, made_of, must
from spatialconv._descriptions.paper_tables import Printed
from spatialconv._descriptions.vocabulary import Along, How, Sign

_PLACES = 'a list of places such as [["Tab. 5", "rho", "north"]]'
_PLACE = 'a figure as printed, or a place such as ["Tab. 5", "rho", "north"]'
Place = Annotated[list[str], Field(min_length=3, max_length=3), must(_PLACES)]
Places = Annotated[list[Place], Field(min_length=1), must(_PLACES)]
Where = Annotated[list[str], Field(min_length=3, max_length=3)]
PrintedOrPlace = Annotated[Printed | Where, must(_PLACE)]
Label = Annotated[str | int, must("a label in quotes")]
Labels = Annotated[list[Annotated[Label, must(NAMES)]], made_of(NAMES)]
Periods = Annotated[float, Field(gt=0, allow_inf_nan=False), must("a positive number of periods")]
FIGURES: Any = Field(description="Where the figures stand: [table, row, column] each.")
VALUE: Any = Field(description="The figure of the text, as printed.")
HOW: Any = Field("all", description='All comparisons must hold; more than half for "most"; from end to end for "ends".')


class CourseSection(Section):
    """The course of the figures of a grid."""

    table: Text = Field(description="Name of the grid.")
    along: Along = Field("columns", description="Whether time runs along the columns or the rows.")
    names: Labels | None = Field(None, description="Of which rows (or columns); all by default.")
    from_: Label | None = Field(None, alias="from", description="Label to start from; the first by default.")
    to: Label | None = Field(None, description="Label to end with; the last by default.")


class AmongSection(CourseSection):
    """What is ranked: a row, a column, or the growth of a grid from one label to another."""

    row: Label | None = Field(None, description="Rank the columns by this row.")
    column: Label | None = Field(None, description="Rank the rows by this column.")
    except_: Labels = Field([], alias="except", description="Rows or columns that are left out.")


class ClaimSection(Section):
    """A sentence of the text, and what it says of which figures."""

    text: Text = Field(description="The sentence, in its own words.")
    loose: Flag = Field(False, description="The sentence can be read otherwise: a contradiction is a warning.")


class SignificantClaim(ClaimSection):
    """Figures are called significant at a level."""

    kind: Literal["significant"]
    figures: Places = FIGURES
    at: Printed = Field(description='The level: "1%".')
    sign: Sign | None = Field(None, description="And of this sign.")


class NotSignificantClaim(ClaimSection):
    """Figures are called not significant."""

    kind: Literal["not significant"]
    figures: Places = FIGURES
    at: Printed | None = Field(None, description="The level; the weakest of the table by default.")
    sign: Sign | None = Field(None, description="And of this sign.")


class EqualClaim(ClaimSection):
    """The same figure printed twice: the value of the text against figures, or figures against one another."""

    kind: Literal["equal"]
    figures: Places = FIGURES
    value: Printed | None = Field(None, description="The figure of the text, as printed.")


class ComparisonClaim(ClaimSection):
    """What comparisons have in common."""

    figures: Places = FIGURES
    how: How = HOW
    over: Labels | None = Field(None, description="Labels that a star in a place stands for in turn.")


class LargerClaim(ComparisonClaim):
    """Figures are larger than others, or than a value."""

    kind: Literal["larger"]
    than: Places | None = Field(None, description="The figures that are smaller: [table, row, column] each.")
    value: Printed | None = Field(None, description="The figure of the text, as printed.")


class BoundClaim(ComparisonClaim):
    """Figures are at most, or at least, a value."""

    kind: Literal["at most", "at least"]
    value: Printed = VALUE


class RankClaim(ClaimSection):
    """Some come first, or last."""

    kind: Literal["first", "last"]
    among: AmongSection = Field(description="Among what.")
    names: Labels = Field(description="Which come first or last.")
    ordered: Flag = Field(False, description="Whether they come in this very order.")


class TrendClaim(ClaimSection):
    """Figures rise, or fall."""

    kind: Literal["rises", "falls"]
    series: CourseSection = Field(description="Which figures.")
    how: How = HOW


class GrowthClaim(ClaimSection):
    """Something grew from a level to another at a rate."""

    kind: Literal["growth"]
    start: PrintedOrPlace = Field(description="The first level, as printed or as a place.")
    end: PrintedOrPlace = Field(description="The last level, as printed or as a place.")
    periods: Periods = Field(description="Periods between the two.")
    value: Printed = VALUE


class RatioClaim(ClaimSection):
    """One figure is so many times another."""

    kind: Literal["ratio"]
    figures: Places = FIGURES
    to: Places = Field(description="The figure that they are divided by: [[table, row, column]].")
    value: Printed = VALUE
    about: Flag = Field(False, description="The value stands for what rounds to one digit.")


class CountClaim(ClaimSection):
    """There are so many rows of a table, or so many names."""

    kind: Literal["count"]
    value: Printed = VALUE
    table: Text | None = Field(None, description="Name of the table whose rows are counted.")
    names: Labels | None = Field(None, description="Names that are counted.")


class RemovedClaim(ClaimSection):
    """Rows above a value were left out of another table."""

    kind: Literal["removed"]
    table: Text = Field(description="Name of the table that has all of them.")
    column: Text = Field(description="Its column that is compared with the value.")
    above: Printed = Field(description="The value, as printed.")
    now: Text = Field(description="Name of the table that they must not stand in.")


class ContainedClaim(ClaimSection):
    """All rows of a table stand within another."""

    kind: Literal["contained"]
    table: Text = Field(description="Name of the table.")
    within: Text = Field(description="Name of the table that has all its rows.")


class TotalClaim(ClaimSection):
    """A total is the sum of its parts, each times what it stands for."""

    kind: Literal["total"]
    value: PrintedOrPlace = Field(description="The total, as printed or as a place.")
    parts: Places = Field(description="Where the parts stand: [table, row, column] each.")
    times: Annotated[list[Number], made_of("a list of numbers")] | None = Field(
        None, description="What each part is multiplied by; 1 by default."
    )


class SaysClaim(ClaimSection):
    """The text says of a model what its table says in words."""

    kind: Literal["says"]
    figures: Places = FIGURES
    words: Text = Field(description="What the text says.")


ClaimEntry = Annotated[
    SignificantClaim
    | NotSignificantClaim
    | EqualClaim
    | LargerClaim
    | BoundClaim
    | RankClaim
    | TrendClaim
    | GrowthClaim
    | RatioClaim
    | CountClaim
    | RemovedClaim
    | ContainedClaim
    | TotalClaim
    | SaysClaim,
    Field(discriminator="kind"),
]
