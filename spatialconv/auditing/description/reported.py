"""What a paper reports, as frozen data: samples, weights, tables of three shapes, and what the text says of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from spatialconv._descriptions.vocabulary import (
    Average,
    Bracket,
    Content,
    Distribution,
    Kind,
    Likelihood,
    Sided,
    SumsTo,
    Unit,
)
from spatialconv._options import first
from spatialconv.auditing.description.figures import Cell, Figure
from spatialconv.errors import OptionError
from spatialconv.results import Record, plural, wrapped

Ref = tuple[str, ...]

STARS: Mapping[int, float] = {1: 0.10, 2: 0.05, 3: 0.01}


@dataclass(frozen=True, repr=False)
class Sample(Record):
    """Regions and periods of a sample, the observations that are printed for it, and the samples it is made of."""

    name: str
    regions: int | None = None
    labels: tuple[str, ...] = ()
    periods: int | None = None
    n: Figure | None = None
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Weights(Record):
    """What is known of a weights matrix: all its eigenvalues, or only the interval that rho must lie in."""

    name: str
    eigenvalues: tuple[complex, ...] = ()
    bounds: tuple[float, float] | None = None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval that holds zero and in which I - rho W can be inverted; None if it is not known."""
        if self.bounds is not None or not self.eigenvalues:
            return self.bounds
        real = [e.real for e in self.eigenvalues if abs(e.imag) < 1e-9]
        low, high = min(real, default=0.0), max(real, default=0.0)
        return (1 / low if low < 0 else float("-inf"), 1 / high if high > 0 else float("inf"))


@dataclass(frozen=True, repr=False)
class Regression(Record):
    """A regression table: a column a model."""

    name: str
    columns: tuple[str, ...]
    coefficients: Mapping[str, tuple[Cell | None, ...]]
    statistics: Mapping[str, tuple[Figure | None, ...]]
    words: Mapping[str, tuple[str, ...]]
    round: Bracket | None = None
    square: Bracket | None = None
    level: float = 0.95
    sided: Sided = "auto"
    distribution: Distribution = "auto"
    stars: Mapping[int, float] = field(default_factory=lambda: STARS)
    horizon: float | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    samples: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    likelihood: Likelihood | None = None
    levels_said: bool = True

    def role(self, name: str, column: int) -> Figure | None:
        """Return the figure that plays a role (beta, rho, sigma2) in a model, None if there is none."""
        row = self.roles.get(name)
        held = self.coefficients[row][column] if row is not None and row in self.coefficients else None
        return held.main if held else self.statistic(name, column)

    def statistic(self, name: str, column: int) -> Figure | None:
        """Return a statistic of a model, None if it is not printed."""
        row = self.statistics.get(name)
        return row[column] if row else None

    def where(self, row: str, column: int) -> str:
        """Say where a figure stands."""
        return f"{self.name}, {row}, {self.columns[column]}"


@dataclass(frozen=True, repr=False)
class Listing(Record):
    """A table whose columns are quantities of one vocabulary, and whose rows are what they belong to."""

    name: str
    kind: Kind
    columns: tuple[str, ...]
    rows: Mapping[str, Mapping[str, Figure | str]]
    n: int | None = None
    sided: Sided = "auto"
    stars: Mapping[int, float] = field(default_factory=lambda: STARS)
    ddof: int | None = None
    integers: tuple[str, ...] = ()
    origin: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    group_weights: Mapping[str, Figure] = field(default_factory=dict)
    mean: Figure | None = None
    k: Figure | None = None
    k_n: int | None = None
    complete: bool = True

    def get(self, row: str, column: str) -> Figure | None:
        """Return the figure of a row, None if it is blank or not there."""
        found = self.rows[row].get(column)
        return found if isinstance(found, Figure) else None

    def where(self, row: str, column: str) -> str:
        """Say where a figure stands."""
        return f"{self.name}, {row}, {column}"


@dataclass(frozen=True, repr=False)
class Grid(Record):
    """A table of one quantity by two labels, such as regions and years, with averages and totals at its edges."""

    name: str
    columns: tuple[str, ...]
    rows: Mapping[str, tuple[Figure | None, ...]]
    content: Content = "figures"
    unit: Unit = "percent"
    row_mean: str | None = None
    row_mean_how: Average = "auto"
    column_mean: str | None = None
    row_total: str | None = None
    column_total: str | None = None
    sums_to: SumsTo | None = None
    levels: str | None = None
    bounds: tuple[float, float] | None = None
    row_n: str | None = None
    n: int | None = None
    stars: Mapping[int, float] = field(default_factory=lambda: STARS)

    def body_columns(self) -> list[int]:
        """Return the positions of the columns that are no average, no total and no number of observations."""
        edges = {self.row_mean, self.row_total, self.row_n}
        return [k for k, c in enumerate(self.columns) if c not in edges]

    def body_rows(self) -> list[str]:
        """Return the rows that are no average and no total."""
        return [r for r in self.rows if r not in {self.column_mean, self.column_total}]

    def where(self, row: str, column: str) -> str:
        """Say where a figure stands."""
        return f"{self.name}, {row}, {column}"


Table = Regression | Listing | Grid


@dataclass(frozen=True)
class Unread:
    """What stands where a figure should and cannot be read as one."""

    ref: Ref
    text: str

    @property
    def where(self) -> str:
        """Say where it stands."""
        return ", ".join(self.ref)


@dataclass(frozen=True, repr=False)
class Claim(Record):
    """A sentence of the text, in its own words, and what it says of which figures."""

    number: int
    text: str
    kind: str
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Reported:
    """Everything that is audited: what a paper prints, and what is known beside it."""

    title: str
    source: str = ""
    tables: tuple[Table, ...] = ()
    samples: tuple[Sample, ...] = ()
    weights: tuple[Weights, ...] = ()
    claims: tuple[Claim, ...] = ()
    unread: tuple[Unread, ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        parts = {
            "table": len(self.tables), "sample": len(self.samples), "set of weights": len(self.weights),
            "statement": len(self.claims),
        }  # fmt: skip
        several = {"set of weights": "sets of weights"}
        held = ", ".join(plural(n, name, several.get(name)) for name, n in parts.items() if n) or "nothing"
        lines = [f"Reported: {self.title}", self.source, held]
        names = [table.name for table in self.tables]
        more = f" and {len(names) - 8} more" if len(names) > 8 else ""
        lines += [f"tables: {', '.join(names[:8])}{more}"] if names else []
        lines += [f"{plural(len(self.unread), 'part')} that could not be read"] if self.unread else []
        lines += [f"note: {note}" for note in self.notes]
        return wrapped(line if k == 0 else f"  {line}" for k, line in enumerate(lines) if line)

    def of(self, kind: type[Any]) -> Iterator[Any]:
        """Return the tables of a shape."""
        return (table for table in self.tables if isinstance(table, kind))

    def table(self, name: str) -> Table:
        """Return a table by name."""
        for table in self.tables:
            if table.name == name:
                return table
        raise OptionError(f"there is no table {name!r}; there are {first([t.name for t in self.tables], 12)}.")

    def sample(self, name: str) -> Sample:
        """Return a sample by name."""
        for sample in self.samples:
            if sample.name == name:
                return sample
        raise OptionError(f"there is no sample {name!r}; there are {first([s.name for s in self.samples], 12)}.")

    def weights_named(self, name: str) -> Weights:
        """Return weights by name."""
        for weights in self.weights:
            if weights.name == name:
                return weights
        raise OptionError(f"there are no weights {name!r}; there are {first([w.name for w in self.weights], 12)}.")

    def find(self, ref: Ref) -> Cell | Figure | str:
        """Return what stands where a reference [table, row, column] points."""
        if len(ref) != 3:
            raise OptionError(f"a figure is found by [table, row, column]; got {list(ref)}.")
        name, row, column = ref
        table = self.table(name)
        found: Cell | Figure | str | None = _held(table, row, column)
        if found is None:
            raise OptionError(f"{name} prints nothing in row {row!r}, column {column!r}.")
        return found

    def figure(self, ref: Ref) -> Figure:
        """Return the figure where a reference points."""
        found = self.find(ref)
        if isinstance(found, str):
            raise OptionError(f"{', '.join(ref)} holds the words {found!r}, no figure.")
        return found.main if isinstance(found, Cell) else found


def _held(table: Table, row: str, column: str) -> Any:
    if isinstance(table, Listing):
        return _pick(table.rows, row, table.name, "row").get(_one(table.columns, column, table.name))
    k = table.columns.index(_one(table.columns, column, table.name))
    if isinstance(table, Grid):
        return _pick(table.rows, row, table.name, "row")[k]
    every: dict[str, tuple[Any, ...]] = {**table.words, **table.statistics, **table.coefficients}
    return _pick(every, row, table.name, "row")[k]


def _pick(rows: Mapping[str, Any], name: str, table: str, what: str) -> Any:
    if name not in rows:
        raise OptionError(f"{table} has no {what} {name!r}; it has {first(list(rows), 12)}.")
    return rows[name]


def _one(columns: tuple[str, ...], name: str, table: str) -> str:
    if name not in columns:
        raise OptionError(f"{table} has no column {name!r}; it has {first(columns, 12)}.")
    return name
