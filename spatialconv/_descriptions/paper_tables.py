"""The tables of the description of a paper: regressions, lists of one vocabulary, grids."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import Field

from spatialconv._descriptions.base import (
    NAMES,
    SECTION,
    Flag,
    Made,
    Name,
    Names,
    Positive,
    Said,
    Schema,
    Section,
    Share,
    Text,
    made_of,
    must,
)
from spatialconv._descriptions.figures import FIGURE, TABLE_CELL, TABLE_FIGURE
from spatialconv._descriptions.vocabulary import (
    AutocorrelationColumn,
    Average,
    Bracket,
    ClubsColumn,
    Content,
    DescriptivesColumn,
    DispersionColumn,
    Distribution,
    IndexColumn,
    Likelihood,
    Origin,
    QuotientsColumn,
    Sided,
    SumsTo,
    TestsColumn,
    Unit,
    VifColumn,
)

Head = TypeVar("Head")

_PRINTED = Said("{value} must be typed as they are printed, in quotes, so that their decimals are known; got {got}.")
_ROW = Made(list, "{value} must be a list, a cell a column in quotes; got {got}.")
Cells = Annotated[list[Annotated[str, _PRINTED, Schema(TABLE_CELL)]], _ROW]
Figures = Annotated[list[Annotated[str, _PRINTED, Schema(TABLE_FIGURE)]], _ROW]
Words = Annotated[list[Annotated[str, _PRINTED]], _ROW]
Printed = Annotated[
    str,
    Said("{value} must be typed as it is printed, in quotes, so that its decimals are known; got {got}."),
    Schema(FIGURE),
]
# One of a kind, one at least: the heads of a table.
Listed = Annotated[list[Head], Field(min_length=1), Schema({"uniqueItems": True}), made_of(NAMES)]
Columns = Listed[Name]
Level = Annotated[float, Field(gt=0, lt=1), must("a level between 0 and 1")]
Stars = Annotated[
    dict[str, Level],
    Made(dict, '{value} must be like {"*" = 0.10, "**" = 0.05}; got {got}.'),
    Schema({"propertyNames": {"pattern": r"^\*+$"}}),
]
Bounds = Annotated[list[float], Field(min_length=2, max_length=2), must("two numbers, below and above")]
Table = Annotated[dict[str, Cells], Made(dict, SECTION)]
FigureTable = Annotated[dict[str, Figures], Made(dict, SECTION)]
WordTable = Annotated[dict[str, Words], Made(dict, SECTION)]
Whole = Annotated[int, Field(ge=0, le=2**63 - 1)]
Count = Annotated[int, Field(ge=2, le=2**63 - 1)]
StarsField: Any = Field({}, description="Levels of one, two and more stars, where they are not those of [paper].")


def _column(words: object) -> Said:
    return Said(f"{{section}} has the column {{got}}; it may have {', '.join(get_args(words))}.")


_QUANTITIES: Any = Field(description="Which quantities stand in the columns.")


class TableSection(Section):
    """A table as it is printed."""

    name: Text = Field(description="What the paper calls it: it is found by this name.")


class Roles(Section):
    """Which coefficients play which part."""

    beta: Text = Field("", description="Row of the coefficient of the initial log level.")
    rho: Text = Field("", description="Row of the coefficient of the spatial lag.")
    lambda_: Text = Field("", alias="lambda", description="Row of the coefficient of the spatial error.")
    sigma2: Text = Field("", description="Row of the variance of the innovations.")


_SIDED = 'Tests of "one" or "two" sides; "auto" is two, unless several cells ask for one.'
_STATISTIC = "As printed, one a column; blank where nothing is printed."


class Statistics(Section):
    """Figures of the models that stand below the coefficients, one a column."""

    n: Figures = Field([], description=f"Observations. {_STATISTIC}")
    regions: Figures = Field([], description=f"Regions. {_STATISTIC}")
    periods: Figures = Field([], description=f"Periods. {_STATISTIC}")
    loglik: Figures = Field([], description=f"Log-likelihood. {_STATISTIC}")
    sigma2: Figures = Field([], description=f"Variance of the innovations. {_STATISTIC}")
    speed: Figures = Field([], description=f"Speed of convergence. {_STATISTIC}")
    half_life: Figures = Field([], description=f"Half-life in periods. {_STATISTIC}")
    aic: Figures = Field([], description=f"Akaike's criterion. {_STATISTIC}")
    bic: Figures = Field([], description=f"Schwarz's criterion. {_STATISTIC}")
    parameters: Figures = Field([], description=f"How many parameters the criteria count. {_STATISTIC}")
    r2: Figures = Field([], description=f"R squared. {_STATISTIC}")
    adj_r2: Figures = Field([], description=f"Adjusted R squared. {_STATISTIC}")
    f: Figures = Field([], description=f"F. {_STATISTIC}")
    f_df: Figures = Field([], description=f"Degrees of freedom of F, above. {_STATISTIC}")
    f_df2: Figures = Field([], description=f"Degrees of freedom of F, below. {_STATISTIC}")
    f_p: Figures = Field([], description=f"p of F. {_STATISTIC}")
    hausman: Figures = Field([], description=f"Hausman's statistic. {_STATISTIC}")
    hausman_df: Figures = Field([], description=f"Its degrees of freedom. {_STATISTIC}")
    hausman_p: Figures = Field([], description=f"Its p. {_STATISTIC}")
    wald: Figures = Field([], description=f"Wald's statistic. {_STATISTIC}")
    wald_df: Figures = Field([], description=f"Its degrees of freedom. {_STATISTIC}")
    wald_p: Figures = Field([], description=f"Its p. {_STATISTIC}")
    lr: Figures = Field([], description=f"Likelihood ratio. {_STATISTIC}")
    lr_df: Figures = Field([], description=f"Its degrees of freedom. {_STATISTIC}")
    lr_p: Figures = Field([], description=f"Its p. {_STATISTIC}")
    rho: Figures = Field([], description=f"Coefficient of the spatial lag, where it is no row above. {_STATISTIC}")
    df: Figures = Field([], description=f"Degrees of freedom of the residuals. {_STATISTIC}")


class RegressionTable(TableSection):
    """A regression table: a column a model."""

    kind: Literal["regression"]
    columns: Columns = Field(description="Names of the models, one a column.")
    stars: Stars = StarsField
    round: Bracket | None = Field(None, description="In (...): z, t, standard error or p; unsaid, the stars tell.")
    square: Bracket | None = Field(
        None, description="What stands in [...], unless it is an interval, which is seen by its comma."
    )
    level: Share = Field(0.95, description="Of the intervals that are printed.")
    sided: Sided = Field("auto", description=_SIDED)
    distribution: Distribution = Field(
        "auto", description='"normal", or "auto": normal for z, else one number of degrees of freedom a column.'
    )
    horizon: Positive | None = Field(
        None, description="Periods over which growth is measured, for speed and half-life."
    )
    roles: Roles = Field(Roles(), description="Which rows are beta, rho, lambda, sigma2.")
    samples: Names = Field([], description='Which sample each column is of, "" for none.')
    weights: Names = Field([], description='Which weights each column has, "" for none.')
    likelihood: Likelihood | None = Field(
        None,
        description="Lets the log-likelihood be recomputed from sigma2, rho, N and the eigenvalues, if the paper uses "
        "maximum likelihood: the direct one, or that of a transformation of Lee and Yu.",
    )
    coefficients: Table = Field({}, description="Rows of the table, each with a cell a column, as printed.")
    statistics: Statistics = Field(Statistics(), description="What stands below the coefficients.")
    words: WordTable = Field({}, description='Anything in words, for claims of kind "says".')


class OriginSection(Section):
    """Where the data that a row describes are printed."""

    table: Text = Field(description="Name of the grid that prints the data.")
    columns: Names = Field([], description="Its columns that are described; all by default.")
    as_: Origin = Field("values", alias="as", description="The figures as they are, or their log growth.")


class ListingTable(TableSection):
    """A table whose columns are quantities of one vocabulary."""

    stars: Stars = StarsField
    n: Count | None = Field(None, description="Regions or observations, where no column says.")
    sided: Sided = Field("auto", description=_SIDED)
    ddof: Whole | None = Field(
        None, description="1 for a divisor of n - 1, 0 for n; both are allowed where nothing is said."
    )
    integers: Names = Field([], description="Rows of whole numbers, whose mean must be a whole number over n.")
    origin: Annotated[dict[str, OriginSection], Made(dict, SECTION)] = Field(
        {}, description="By row: where its data are printed."
    )
    groups: Annotated[dict[str, Names], Made(dict, SECTION)] = Field({}, description="Groups of rows by name.")
    group_weights: Annotated[dict[str, Printed], Made(dict, SECTION)] = Field(
        {}, description="Weight of each group, as printed."
    )
    mean: Printed | None = Field(None, description="Mean of the main column, as printed.")
    k: Printed | None = Field(None, description="1 / ln of how many values, as printed, of a composite index.")
    k_n: Count | None = Field(None, description="Of how many values.")
    complete: Flag = Field(True, description="Whether all rows of the printed table stand here.")
    decimals: Whole | None = Field(
        None, description="The figures were rounded to so many decimals before zeros were added."
    )


_ROWS = "Rows of the table by name, each with a cell a column, as printed; blank where nothing is printed."


class AutocorrelationTable(ListingTable):
    """Moran's I or Geary's C: a row a variable or a period."""

    kind: Literal["autocorrelation"]
    columns: Listed[Annotated[AutocorrelationColumn, _column(AutocorrelationColumn)]] = _QUANTITIES
    rows: FigureTable = Field(description=_ROWS)


class DescriptivesTable(ListingTable):
    """Descriptive statistics: a row a variable."""

    kind: Literal["descriptives"]
    columns: Listed[Annotated[DescriptivesColumn, _column(DescriptivesColumn)]] = _QUANTITIES
    rows: FigureTable = Field(description=_ROWS)


class TestsTable(ListingTable):
    """Statistics of tests with their p: a row a test. A distribution is chi2, F, t or z."""

    kind: Literal["tests"]
    columns: Listed[Annotated[TestsColumn, _column(TestsColumn)]] = _QUANTITIES
    rows: WordTable = Field(description=_ROWS)  # a column holds words


class IndexTable(ListingTable):
    """Entropy, utility and weight of the indicators of a composite index: a row an indicator."""

    kind: Literal["index"]
    columns: Listed[Annotated[IndexColumn, _column(IndexColumn)]] = _QUANTITIES
    rows: FigureTable = Field(description=_ROWS)


class VifTable(ListingTable):
    """Variance inflation factors: a row a regressor."""

    kind: Literal["vif"]
    columns: Listed[Annotated[VifColumn, _column(VifColumn)]] = _QUANTITIES
    rows: FigureTable = Field(description=_ROWS)


class ClubsTable(ListingTable):
    """Convergence clubs by log t: a row a club, and where printed one for divergent and one for all regions."""

    kind: Literal["clubs"]
    columns: Listed[Annotated[ClubsColumn, _column(ClubsColumn)]] = _QUANTITIES
    rows: FigureTable = Field(description=_ROWS)


class DispersionTable(ListingTable):
    """Sigma convergence: a row a period, its spread over the regions, F of its variance, and p."""

    kind: Literal["dispersion"]
    columns: Listed[Annotated[DispersionColumn, _column(DispersionColumn)]] = _QUANTITIES
    rows: FigureTable = Field(description=_ROWS)


class QuotientsTable(ListingTable):
    """Location quotients of one industry: a row a region, and where printed one for all regions."""

    kind: Literal["quotients"]
    columns: Listed[Annotated[QuotientsColumn, _column(QuotientsColumn)]] = _QUANTITIES
    rows: FigureTable = Field(description=_ROWS)


class GridTable(TableSection):
    """A table of one quantity by two labels, such as regions and years, with averages and totals at its edges."""

    kind: Literal["grid"]
    columns: Columns = Field(description="Labels of the columns.")
    rows: FigureTable = Field(description=_ROWS)
    content: Content = Field("figures", description="What the figures are.")
    unit: Unit = Field("percent", description="Of growth and shares: per cent, shares of one, or log points.")
    row_mean: Text | None = Field(None, description="Name of the column that holds the average of each row.")
    row_mean_how: Average = Field(
        "auto", description='Averages of growth are "arithmetic" or "compound"; "auto" takes whichever fits.'
    )
    column_mean: Text | None = Field(None, description="Name of the row that holds the average of each column.")
    row_total: Text | None = Field(None, description="Name of the column that holds the total of each row.")
    column_total: Text | None = Field(None, description="Name of the row that holds the total of each column.")
    sums_to: SumsTo | None = Field(None, description="Shares that add up to one by row, by column, or over all.")
    levels: Text | None = Field(None, description="Name of the grid of the levels whose growth this is.")
    bounds: Bounds | None = Field(None, description="Least and largest value that is possible.")
    row_n: Text | None = Field(None, description="Name of the column that holds the observations of each row.")
    n: Count | None = Field(
        None, description="Observations behind correlations, for their stars; regions in all classes of counts."
    )
    stars: Stars = StarsField


ListingEntry = (
    AutocorrelationTable
    | DescriptivesTable
    | TestsTable
    | IndexTable
    | VifTable
    | ClubsTable
    | DispersionTable
    | QuotientsTable
)
TableEntry = Annotated[RegressionTable | ListingEntry | GridTable, Field(discriminator="kind")]
