"""Descriptive statistics."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv._core.dispersion.measures import sd
from spatialconv._options import choice, first, names
from spatialconv.errors import OptionError, VariableError
from spatialconv.panel import FloatArray, Panel, as_panel
from spatialconv.results import Provenance, Result, extent, merge_notes, number

By = Literal["all", "period", "region"]


@dataclass(frozen=True, eq=False, repr=False)
class Descriptives(Result):
    """Descriptive statistics.

    Attributes
    ----------
    table : DataFrame
        A row a variable ("ln v" where the logarithm was taken), or a row a variable and period or region:
        `n`, `mean`, `std` (n - 1), `min`, `max`, `median`, `missing`.
    by : {"all", "period", "region"}
        What a row of the table pools.
    """

    table: pd.DataFrame
    by: By
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return the table with its labels as columns, the variable's as `term`."""
        return self.table.reset_index().rename(columns={"variable": "term"})

    def glance(self) -> pd.DataFrame:
        """Return one row: how many regions, periods, variables and missing cells."""
        row = {
            "n_regions": self.provenance.n_regions,
            "n_periods": self.provenance.n_periods,
            "n_variables": self.table.index.get_level_values(0).nunique(),
            "missing": int(self.table["missing"].sum()),
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        p, rows = self.provenance, self.table
        title = f"Descriptive statistics: {extent(p.n_regions, p.n_periods)}"
        lines = [title + ("" if self.by == "all" else f", by {self.by}")]
        for label, row in rows.head(5).iterrows():
            name = label if isinstance(label, str) else " ".join(str(part) for part in np.atleast_1d(label))
            lines.append(
                f"  {name}: n {row['n']:.0f}, mean {number(row['mean'])}, std {number(row['std'])}, "
                f"{number(row['min'])} to {number(row['max'])}"
            )
        return lines + ([f"  and {len(rows) - 5} more rows, see .table"] if len(rows) > 5 else [])


def descriptives(
    panel: Panel,
    variables: str | Iterable[str] | None = None,
    *,
    log: str | Iterable[str] = (),
    by: By = "all",
) -> Descriptives:
    """Describe variables: how many values, where they lie, how far they spread, what is missing.

    Parameters
    ----------
    panel : Panel
        May be unbalanced; absent rows count as missing.
    variables : names, optional
        All numeric variables by default; those left out are noted.
    log : names
        Variables to describe by their natural logarithm, in rows named "ln v".
    by : {"all", "period", "region"}
        Pool everything, or give a row a period or region.

    Returns
    -------
    Descriptives

    Raises
    ------
    NotPositiveError
        If a logarithm is asked of zero or negative values.
    VariableError
        If a variable is absent or holds text.

    Examples
    --------
    >>> import pandas as pd, spatialconv as sc
    >>> frame = pd.DataFrame({"city": ["a", "a", "b", "b"], "year": [1, 2, 1, 2], "y": [1.0, 2.0, 3.0, None]})
    >>> sc.descriptives(sc.Panel(frame, region="city", period="year")).table.loc["y"].to_dict()
    {'n': 3.0, 'mean': 2.0, 'std': 1.0, 'min': 1.0, 'max': 3.0, 'median': 2.0, 'missing': 1.0}
    """
    as_panel(panel)
    choice("by", by, get_args(By))
    logged = names("log", log)
    chosen, notes = _numeric(panel) if variables is None else (names("variables", variables), ())
    absent = [name for name in logged if name not in chosen]
    if absent:
        raise OptionError(f"log names {first(absent)}, which is not among the variables {first(chosen, 8)}.")
    rows, parts = [], []
    for name in dict.fromkeys(chosen):
        values = panel.values(name, log=name in logged, missing="keep")
        rows.append(f"ln {name}" if name in logged else name)
        cells = values.reshape(1, -1) if by == "all" else values if by == "period" else np.ascontiguousarray(values.T)
        parts.append(described(cells))
    groups = list(panel.periods if by == "period" else panel.regions)
    index = (
        pd.Index(rows, name="variable")
        if by == "all"
        else pd.MultiIndex.from_product([rows, groups], names=["variable", getattr(panel, by)])
    )
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Descriptives(
        table=pd.DataFrame(columns, index=index),
        by=by,
        notes=merge_notes(panel.notes, notes),
        provenance=Provenance(
            "descriptives", {"variables": chosen, "log": logged, "by": by}, panel.n_regions, panel.n_periods
        ),
    )


def _numeric(panel: Panel) -> tuple[tuple[str, ...], tuple[str, ...]]:
    kept, out = [], []
    for name in panel.variables:
        try:
            panel.values(name, missing="keep")
        except VariableError:
            out.append(name)
        else:
            kept.append(name)
    if not kept:
        raise VariableError(f"the panel has no numeric variable; it has {first(panel.variables, 8)}.")
    return tuple(kept), (f"left out because not numeric: {first(out)}",) if out else ()


def describe(values: FloatArray) -> dict[str, float]:
    """Return n, mean, std, min, max, median and missing of values of which some may be NaN."""
    return {name: column[0].item() for name, column in described(values[None]).items()}


def described(values: FloatArray) -> dict[str, npt.NDArray[Any]]:
    """Return the same of every row of values, shape (G, M), as arrays of shape (G,)."""
    known = ~np.isnan(values)
    n = known.sum(axis=1)
    found = {name: np.full(len(values), np.nan) for name in ("mean", "std", "min", "max", "median")}
    for count in np.unique(n[n > 0]):
        # Rows with as many values at a time: without their gaps they are one array.
        rows = n == count
        part = values[rows][known[rows]].reshape(-1, count)
        found["mean"][rows] = part.mean(axis=1)
        found["min"][rows], found["max"][rows] = part.min(axis=1), part.max(axis=1)
        found["median"][rows] = np.median(part, axis=1)
        if count > 1:
            found["std"][rows] = sd(part)
    return {"n": n, **found, "missing": values.shape[1] - n}
