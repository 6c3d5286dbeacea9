"""What every result has in common: tidy, glance, to_dict, and reprs in text and HTML."""

from __future__ import annotations

import html
import math
import re
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from importlib.metadata import PackageNotFoundError, version
from typing import Any, cast

import numpy as np
import pandas as pd

from spatialconv._sizes import size_notes
from spatialconv.errors import AlignmentError, GeometryError, OptionError

WIDE = 80  # characters of a line in a terminal
MOST_ROWS, MOST_COLUMNS = 20, 30  # of a table in the HTML repr: a browser has no use for fifty thousand
TIDY = ("term", "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high")


def number(value: float | None, digits: int = 4) -> str:
    """Format a number for a repr: fixed decimals, scientific where they would show nothing."""
    if value is None or math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value != 0 and (abs(value) < 10.0**-digits or abs(value) >= 1e7):
        return f"{value:.{digits - 1}e}"
    # Adding zero takes the sign off a zero: -0.0 is no news.
    return f"{value + 0.0:.{digits}f}"


def rows_shown(shown: int, rows: int) -> str:
    """Return which rows of a long table are shown: '20 of 3,888 rows'."""
    return f"{shown:,} of {rows:,} rows"


# What Python puts behind a date that has no time of day.
_MIDNIGHT = re.compile(r"(?<=[0-9]{4}-[0-9]{2}-[0-9]{2})[ T]00:00:00(?![.+0-9])")


def dated(text: str) -> str:
    """Return a text with its dates as people write them: 2017-12-31, without the midnight behind it."""
    return _MIDNIGHT.sub("", text)


def written(period: Hashable) -> str:
    """Return the label of a period as people write it."""
    return dated(str(period))


def wrapped(lines: Iterable[str]) -> str:
    """Return lines for a terminal of 80 columns, broken at spaces, what follows indented."""
    return "\n".join(
        textwrap.fill(line, WIDE, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
        if len(line) > WIDE
        else line
        for line in map(dated, lines)
    )


def framed(lines: Sequence[str], table: pd.DataFrame, notes: Iterable[str] = ()) -> str:
    """Return the HTML repr of something with a table: its lines, the first rows with their number, notes."""
    title, *rest = map(dated, lines)
    body = "".join(f"<div>{html.escape(line.strip())}</div>" for line in rest)
    said = "".join(f"<li>{html.escape(dated(note))}</li>" for note in notes)
    said = f"<ul>{said}</ul>" if said else ""
    rows = table.head(MOST_ROWS).to_html(border=0, float_format=lambda v: number(float(v)), max_cols=MOST_COLUMNS)
    left = f"<div>{rows_shown(MOST_ROWS, len(table))}</div>" if len(table) > MOST_ROWS else ""
    return f"<div><b>{html.escape(title)}</b>{body}{rows}{left}{said}</div>"


MOST = 300  # characters of one part of a record


class Record:
    """Something of several parts, which shows itself in lines of 80 columns; of a long part its beginning."""

    def __repr__(self) -> str:
        parts = [f"{f.name}={_part(getattr(self, f.name))}" for f in fields(cast(Any, self)) if f.repr]
        return record(type(self).__name__, parts)


def record(name: str, parts: Iterable[str]) -> str:
    """Return a record of that name and those parts in lines of 80 columns."""
    return textwrap.fill(f"{name}({', '.join(parts)})", WIDE, subsequent_indent="    ", break_on_hyphens=False)


def _part(value: Any) -> str:
    """Return one part of a record in one line: arrays and tables by their size, what is long by its beginning."""
    if isinstance(value, (np.ndarray, pd.DataFrame, pd.Series, pd.Index)) and value.size > 1:
        return f"<{' x '.join(f'{n:,}' for n in value.shape)} {type(value).__name__}>"
    if isinstance(value, (np.ndarray, np.generic)) and value.size == 1:
        return str(value.item())
    said = " ".join(repr(value).split())
    return said if len(said) <= MOST else f"{said[: MOST - 4]} ..."


def one_line(error: BaseException) -> str:
    """Return a message without its line breaks."""
    return " ".join(str(error).split())


def plural(count: int, singular: str, several: str | None = None) -> str:
    """Return a count with its noun: '1 region', '3,100 regions', '1 industry'."""
    return f"{count:,} {singular if count == 1 else several or f'{singular}s'}"


def extent(regions: int, periods: int, unit: str = "period") -> str:
    """Return the size of a sample: '11 regions x 4 spans', '48 regions x 1 period'."""
    return f"{plural(regions, 'region')} x {plural(periods, unit)}"


def p_value(value: float) -> str:
    """Format a p-value: three decimals, and never as zero."""
    if math.isnan(value):
        return "p undefined"
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


@dataclass(frozen=True, repr=False)
class Provenance(Record):
    """What was called, on which data, with which seed and versions; enough to run it again."""

    call: str
    options: Mapping[str, Any] = field(default_factory=dict)
    n_regions: int = 0
    n_periods: int = 0
    weights: str | None = None
    seed: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready provenance, with the versions of the packages that computed it."""
        return {
            "call": self.call,
            "options": plain(dict(self.options)),
            "n_regions": self.n_regions,
            "n_periods": self.n_periods,
            "weights": self.weights,
            "seed": self.seed,
            "versions": versions(),
        }


def versions() -> dict[str, str]:
    """Return the versions of spatialconv and of the packages its figures rest on."""
    found = {}
    for name in ("spatialconv", "numpy", "scipy", "pandas", "geopandas", "libpysal", "esda"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def plain(value: Any) -> Any:
    """Turn numpy and pandas values into what the json module can write."""
    if isinstance(value, pd.DataFrame):
        return [{str(k): plain(v) for k, v in row.items()} for row in value.to_dict(orient="records")]
    if isinstance(value, pd.Series):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple, set, frozenset, pd.Index)):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        # JSON has no NaN and no infinity.
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return str(value)


class Result(ABC):
    """Base of the result classes, all of which are frozen dataclasses.

    A subclass gives `tidy`, `glance` and `_headline`; the reprs and `to_dict` follow from them. To its notes is added
    what simulations say of its tests and intervals in samples of its size, where they miss what they promise.
    """

    notes: tuple[str, ...]
    provenance: Provenance

    def __post_init__(self) -> None:
        """Add the notes on simulated size and coverage, each once however often a result is copied."""
        of = self.provenance
        said = size_notes(of.call, of.options, of.n_regions, of.n_periods)
        if said:
            object.__setattr__(self, "notes", merge_notes(self.notes, said))

    @abstractmethod
    def tidy(self) -> pd.DataFrame:
        """Return one row a term, with columns from one vocabulary (see `results.TIDY`)."""

    @abstractmethod
    def glance(self) -> pd.DataFrame:
        """Return one row that describes the whole result."""

    @abstractmethod
    def _headline(self) -> list[str]:
        """Return the lines of the repr, title first, without the notes."""

    def _display(self) -> pd.DataFrame:
        """Return the table that the HTML repr shows."""
        return self.tidy()

    def to_geodataframe(self, geometry: Any, *, period: Hashable = None) -> Any:
        """Return what the result says of each region beside its polygon, for `.explore()`, QGIS or Plotly.

        Parameters
        ----------
        geometry : GeoDataFrame
            Indexed by region; it stays as it is.
        period : label, optional
            Of a result with several periods.

        Returns
        -------
        GeoDataFrame
            One row a region in the order of the result, in the CRS of the geometry.

        Raises
        ------
        OptionError
            If the result is not one by region, or the period is not one of its.
        GeometryError
            If `geometry` is no GeoDataFrame.
        AlignmentError
            If the geometry lacks a region.
        """
        import geopandas as gpd

        if not isinstance(geometry, gpd.GeoDataFrame):
            raise GeometryError(
                f"geometry must be a GeoDataFrame indexed by region; got {type(geometry).__name__}. Read the file by "
                "geopandas.read_file(…).set_index(<column of the regions>)."
            )
        frame = self._of_regions(period)
        if frame is None:
            raise OptionError(f"{type(self).__name__} has no figures by region; hot spots, clusters and clubs have.")
        missing = [region for region in frame.index if region not in geometry.index]
        if missing:
            shown = ", ".join(repr(region) for region in missing[:3])
            raise AlignmentError(
                f"the geometry has no regions {len(missing)}: {shown} of the {len(frame)} in the result. Index it by "
                "the labels of the panel: gdf.set_index(…)."
            )
        shapes = geometry.geometry.loc[list(frame.index)]
        return gpd.GeoDataFrame(frame.copy(), geometry=shapes.to_numpy(), crs=geometry.crs)

    def _of_regions(self, period: Hashable) -> pd.DataFrame | None:  # noqa: ARG002 - of a subclass
        """Return the figures by region, of a period if there are several; None if the result has none."""
        return None

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON-ready dictionaries, with provenance and notes."""
        return {
            "result": type(self).__name__,
            "tidy": plain(self.tidy()),
            "glance": plain(self.glance())[0],
            "notes": list(self.notes),
            "provenance": self.provenance.to_dict(),
        }

    def __repr__(self) -> str:
        lines = self._headline()
        lines += [f"  note: {note}" for note in self.notes]
        return wrapped(lines)

    def _repr_html_(self) -> str:
        return framed(self._headline(), self._display(), self.notes)

    # What maketables asks of a fitted model, so that its tables and styles take ours without knowing them.

    @property
    def __maketables_coef_table__(self) -> pd.DataFrame:
        tidy = self.tidy()
        if not set(TIDY) <= set(tidy.columns) or tidy["term"].duplicated().any():
            raise AttributeError(f"{type(self).__name__} has no table of coefficients")
        names = {"estimate": "b", "std_error": "se", "statistic": "t", "p_value": "p"}
        ends = {"conf_low": "ci95l", "conf_high": "ci95u"} if self._level() == 0.95 else {}
        return tidy.rename(columns=names | ends).set_index("term").rename_axis("Coefficient")

    @property
    def __maketables_depvar__(self) -> str:
        about = self.glance().iloc[0]
        return str(about.get("variable", getattr(self, "variable", "")))

    def __maketables_stat__(self, key: str) -> Any:
        names = {"N": "nobs", "ll": "loglik", "r2": "rsquared_overall", "r2_within": "rsquared_within"}
        value = self.glance().iloc[0].to_dict().get(names.get(key, key))
        return plain(value)

    def _level(self) -> float:
        return float(self.provenance.options.get("level", 0.95))


@dataclass(frozen=True, eq=False, repr=False)
class HypothesisTest(Result):
    """One test: its null and alternative in words, statistic, degrees of freedom, distribution and p.

    Where a test does not apply, statistic and p are NaN and `reason` says why, so that a table of tests
    is never broken by one cell.
    """

    name: str
    null: str
    alternative: str
    statistic: float
    p_value: float
    distribution: str
    df: float | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=lambda: Provenance("test"))

    def tidy(self) -> pd.DataFrame:
        """Return one row: term, statistic, df, p_value, distribution, null, alternative, reason."""
        row = {
            "term": self.name,
            "statistic": self.statistic,
            "df": np.nan if self.df is None else self.df,
            "p_value": self.p_value,
            "distribution": self.distribution,
            "null": self.null,
            "alternative": self.alternative,
            "reason": self.reason,
        }
        return pd.DataFrame([row])

    def glance(self) -> pd.DataFrame:
        """Return the same row as `tidy`."""
        return self.tidy()

    def _headline(self) -> list[str]:
        df = "" if self.df is None else f"({number(self.df, 0)})"
        value = self.reason or f"{self.distribution}{df} = {number(self.statistic)}, {p_value(self.p_value)}"
        return [f"{self.name}: {value}", f"  null: {self.null}", f"  alternative: {self.alternative}"]


def merge_notes(*groups: Iterable[str]) -> tuple[str, ...]:
    """Join notes in order, each once."""
    return tuple(dict.fromkeys(note for group in groups for note in group))
