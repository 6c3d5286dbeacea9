"""How one-sided regions are (specialisation), and how unevenly industries are spread (concentration)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from spatialconv._core.dispersion import agglomeration as core
from spatialconv._options import choice, first, names
from spatialconv.agglomeration._table import IndustryTable, as_table
from spatialconv.errors import DataError, OptionError
from spatialconv.panel import FloatArray, Panel
from spatialconv.results import Provenance, Result, merge_notes, number, plural

Reference = Literal["total", "rest", "equal"]
RELATIVE = {"hoover": core.hoover, "gini": core.locational_gini, "gini_lq": core.gini_of_quotients}
MEASURES = ("hoover", "krugman", "gini", "gini_lq", "herfindahl", "herfindahl_normed", "equivalent_number")
DEFAULT = ("hoover", "krugman", "gini", "herfindahl")


@dataclass(frozen=True, eq=False, repr=False)
class Structure(Result):
    """Specialisation of regions or concentration of industries.

    Attributes
    ----------
    of : str
        "specialisation" or "concentration".
    table : DataFrame
        One row a period and region (or industry), one column a measure.
    """

    of: str
    table: pd.DataFrame
    source: IndustryTable
    reference: str
    notes: tuple[str, ...]
    provenance: Provenance

    def panel(self) -> Panel:
        """Return the specialisation of the regions as a Panel, a variable a measure."""
        if self.of != "specialisation":
            raise OptionError("concentration is of industries, and a Panel is of regions; take .table.")
        return Panel(
            self.table.reset_index(), region=str(self.source.regions.name), period=str(self.table.index.names[0])
        )

    def tidy(self) -> pd.DataFrame:
        """Return one row a period and region (or industry)."""
        return self.table.reset_index()

    def glance(self) -> pd.DataFrame:
        """Return one row: the means of the measures in the first and the last period."""
        source = self.source
        row: dict[str, object] = {
            "of": self.of,
            "reference": self.reference,
            "n_regions": source.n_regions,
            "n_industries": len(source.industries),
            "n_periods": source.n_periods,
        }
        for label, period in (("first", source.periods[0]), ("last", source.periods[-1])):
            row |= {f"{name}_{label}": value for name, value in self.table.loc[period].mean().items()}
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        source, leading = self.source, str(self.table.columns[0])
        who = "regions" if self.of == "specialisation" else "industries"
        first_one, last = (self.table.loc[period, leading] for period in (source.periods[0], source.periods[-1]))
        top = last.sort_values(ascending=False, kind="stable").iloc[:3]
        listed = ", ".join(f"{label} {number(value, 3)}" for label, value in top.items())
        over = f" x {source.n_periods} periods" if source.n_periods > 1 else ""
        lines = [
            f"{self.of.capitalize()} by {source.quantity}: {plural(source.n_regions, 'region')} x "
            f"{plural(len(source.industries), 'industry', 'industries')}{over}, "
            f"against {_WORDS[self.reference].format(who=who)}",
            f"  {leading}: most {listed}",
        ]
        if source.n_periods > 1:
            a, b = source.periods[0], source.periods[-1]
            lines.append(f"  mean over {who}: {number(first_one.mean())} ({a}), {number(last.mean())} ({b})")
        return lines


_WORDS = {"total": "all {who} together", "rest": "all other {who}", "equal": "equal shares"}


def specialisation(
    table: IndustryTable, *, measures: str | Iterable[str] = DEFAULT, reference: Reference = "total"
) -> Structure:
    """Measure how far the industries of each region differ from those of all regions.

    Parameters
    ----------
    table : IndustryTable
    measures : names
        Of `hoover`, `krugman`, `gini`, `gini_lq`, `herfindahl`, `herfindahl_normed`, `equivalent_number`.
    reference : {"total", "rest", "equal"}
        Against all regions together, all other regions, or equal shares of the industries.

    Returns
    -------
    Structure

    Raises
    ------
    DataError
        If there is one region or one industry only.

    Notes
    -----
    With s_k the shares of the industries in the region and x_k those of the reference:

    - ``krugman = sum |s_k - x_k|``, from 0 to 2 (Krugman 1991; REAT's `krugman.spec` and `krugman.conc`, not halved);
      `hoover` is half of it (Hoover 1936), from 0 to 1: what would have to change its industry.
    - `gini`: of the Lorenz curve of s against x, industries in order of s / x, the locational Gini of Krugman (1991).
      `gini_lq` is the Gini of the location quotients, each counted once, as REAT's `gini.spec` and `gini.conc`; it
      gives the smallest industry the weight of the largest.
    - `herfindahl` = sum s_k^2, whatever the reference; `herfindahl_normed` takes off 1/K and scales to one;
      `equivalent_number` = 1 / herfindahl.

    References
    ----------
    Hoover, E. M. (1936) The measurement of industrial localization. Review of Economics and Statistics 18, 162-171.
    Krugman, P. (1991) Geography and Trade. MIT Press.

    Examples
    --------
    >>> import pandas as pd, spatialconv as sc
    >>> frame = pd.DataFrame(
    ...     {"city": ["a", "a", "b", "b"], "sector": ["goods", "services"] * 2, "jobs": [30, 10, 20, 40]}
    ... )
    >>> table = sc.industry_table(frame, region="city", industry="sector", value="jobs")
    >>> sc.specialisation(table).table["krugman"].round(3).tolist()
    [0.5, 0.333]
    """
    return _structure("specialisation", as_table(table), measures, reference)


def concentration(
    table: IndustryTable, *, measures: str | Iterable[str] = DEFAULT, reference: Reference = "total"
) -> Structure:
    """Measure how unevenly each industry is spread over the regions.

    Parameters
    ----------
    table : IndustryTable
    measures : names
        As for `specialisation`, with regions in the place of industries.
    reference : {"total", "rest", "equal"}
        Against all industries together (relative concentration), all other industries, or equal shares of the
        regions (absolute concentration).

    Returns
    -------
    Structure

    Raises
    ------
    DataError
        If there is one region or one industry only.

    Notes
    -----
    The measures are those of `specialisation`, with s_i the regions' shares of the industry and x_i those of the
    reference. None of them knows plants: an industry of one plant is concentrated by any of them. `ellison_glaeser`
    takes that out.

    References
    ----------
    See `specialisation`.

    Examples
    --------
    >>> import pandas as pd, spatialconv as sc
    >>> frame = pd.DataFrame(
    ...     {"city": ["a", "a", "b", "b"], "sector": ["goods", "services"] * 2, "jobs": [30, 10, 20, 40]}
    ... )
    >>> table = sc.industry_table(frame, region="city", industry="sector", value="jobs")
    >>> sc.concentration(table, measures="hoover").table["hoover"].round(3).tolist()
    [0.2, 0.2]
    """
    return _structure("concentration", as_table(table), measures, reference)


def _structure(of: str, table: IndustryTable, measures: str | Iterable[str], reference: Reference) -> Structure:
    chosen = [choice("measures", name, MEASURES) for name in names("measures", measures)]
    choice("reference", reference, get_args(Reference))
    if not chosen:
        raise OptionError(f"measures names none; choose of {first(MEASURES, 7)}.")
    for count, what in ((table.n_regions, "region"), (len(table.industries), "industry")):
        if count < 2:
            raise DataError(f"{of} compares regions and industries; the table has one {what} only.")
    # Units on the second axis, the parts of which they are made on the last.
    E = table.values if of == "specialisation" else table.values.transpose(0, 2, 1)
    units = table.regions if of == "specialisation" else table.industries
    s = core.ratio(E, E.sum(axis=2, keepdims=True))
    x = _reference(E, reference)
    columns = {name: _measure(name, s, x).ravel() for name in chosen}
    index = pd.MultiIndex.from_product([table.periods, units])
    alone = int(np.isnan(x).any(axis=2).sum()) if reference == "rest" else 0
    notes = [f"{alone} units have no others to be compared with"] if alone else []
    options = {"measures": tuple(chosen), "reference": reference}
    return Structure(
        of, pd.DataFrame(columns, index=index), table, reference, merge_notes(table.notes, notes),
        Provenance(of, options, table.n_regions, table.n_periods),
    )  # fmt: skip


def _reference(E: FloatArray, reference: Reference) -> FloatArray:
    if reference == "equal":
        return np.full_like(E, 1.0 / E.shape[2])
    total = np.broadcast_to(E.sum(axis=1, keepdims=True), E.shape)
    other = total if reference == "total" else total - E
    return core.ratio(other, other.sum(axis=2, keepdims=True))


def _measure(name: str, s: FloatArray, x: FloatArray) -> FloatArray:
    if name in RELATIVE:
        return RELATIVE[name](s, x)
    if name == "krugman":
        return 2 * core.hoover(s, x)
    H = core.herfindahl(s)
    if name == "herfindahl_normed":
        n = s.shape[2]
        return np.asarray((H - 1 / n) / (1 - 1 / n))
    return H if name == "herfindahl" else core.ratio(np.ones_like(H), H)
