"""From results of this package to the description of what they print, so that one's own tables can be audited."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._options import first
from spatialconv.auditing._reported import Reported
from spatialconv.auditing._toml import read
from spatialconv.autocorrelation._results import GlobalAutocorrelation
from spatialconv.convergence.beta import BetaConvergence
from spatialconv.errors import OptionError
from spatialconv.models.fitted import PanelFit
from spatialconv.results import HypothesisTest
from spatialconv.summary import Descriptives, GrowthTable
from spatialconv.tables import Table

_BRACKETS = {"standard errors": "se", "z-values": "z", "t-values": "t", "p-values": "p"}
_FOOTER = {
    "Speed of convergence": "speed",
    "Half-life": "half_life",
    "Log-likelihood": "loglik",
    "Observations": "n",
    "Regions": "regions",
    "Periods": "periods",
    "AIC": "aic",
    "BIC": "bic",
}
_TERMS = {"ln initial level (β)": "beta", "ρ": "rho", "λ": "lambda", "σ²": "sigma2"}
_DISTRIBUTIONS = {
    "chi-square": "chi2",
    "chi2": "chi2",
    "f": "F",
    "t": "t",
    "normal": "z",
    "standard normal": "z",
    "z": "z",
}


@dataclass
class _Gathered:
    """Tables in the shape of the TOML file, while they are gathered."""

    tables: list[dict[str, Any]] = field(default_factory=list)
    weights: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def describe(results: Any, *, digits: int = 4, title: str = "own results") -> tuple[Reported, tuple[str, ...]]:
    """Describe what results print, rounded as a table would round them, for `audit`.

    Parameters
    ----------
    results : result, table, study, or several by name or in a sequence
        `tables.regression` (audited as it is printed), fits, beta convergence, Moran's I and Geary's C, descriptives,
        growth, tests; of a study its growth, descriptives, autocorrelation and growth regressions.
    digits : int
        Decimals to which figures are rounded.
    title : str

    Returns
    -------
    Reported, notes
        Notes name what was left out because no rule reads it.

    Raises
    ------
    OptionError
        If nothing among the results can be audited.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> reported, notes = sc.auditing.describe(sc.growth(zj.panel, "exports"), digits=2)
    >>> reported.tables[0].columns[-1]
    'average'
    """
    gathered = _Gathered()
    for name, result in _named(results):
        if not _add(gathered, name, result, digits):
            gathered.notes.append(f"left out, because no rule reads a {type(result).__name__}: {name}")
    if not gathered.tables:
        raise OptionError(
            "audit() takes a TOML file, a mapping with the key 'paper', a description, or results such as those of "
            f"tables.regression, beta, fit_panel, moran, descriptives, growth or a study; got {type(results).__name__}."
        )
    given = {"paper": {"title": title}, "table": gathered.tables, "weights": gathered.weights}
    return read(given), tuple(gathered.notes)


def _named(results: Any) -> list[tuple[str, Any]]:
    if isinstance(results, Mapping):
        return [(str(k), v) for k, v in results.items()]
    if isinstance(results, (list, tuple)):
        return [(f"({k})", r) for k, r in enumerate(results, 1)]
    if hasattr(results, "betas") and hasattr(results, "descriptives"):
        return _study(results)
    return [(type(results).__name__, results)]


def _study(study: Any) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = [("growth", study.growth), ("descriptives", study.descriptives)]
    for kind in ("moran", "geary"):
        found += [(f"{kind}, {name}", result) for name, result in getattr(study, kind).items()]
    fits = study.betas.fits
    found += [(str(key), fit) for key, fit in (fits.items() if isinstance(fits, Mapping) else enumerate(fits))]
    return found


def _add(gathered: _Gathered, name: str, result: Any, digits: int) -> bool:
    if isinstance(result, Table):
        made = _printed(name, result)
        gathered.tables += [made] if made else []
        return made is not None
    if isinstance(result, (PanelFit, BetaConvergence)):
        _fit(gathered, name, result, digits)
    elif isinstance(result, GlobalAutocorrelation):
        gathered.tables.append(_autocorrelation(name, result, digits))
    elif isinstance(result, Descriptives):
        gathered.tables.append(_descriptives(name, result, digits))
    elif isinstance(result, GrowthTable):
        gathered.tables.append(_growth(name, result, digits))
    elif isinstance(result, HypothesisTest):
        return _test(gathered, name, result, digits)
    else:
        return False
    return True


def text(value: Any, digits: int) -> str:
    """Write a figure as a table would: fixed decimals, powers of ten where these would show nothing."""
    number = float(value)
    if not np.isfinite(number):
        return ""
    if number != 0 and abs(number) < 10.0**-digits:
        return f"{number:.{max(digits - 1, 0)}e}"
    return f"{number:.{digits}f}"


# ---------------------------------------------------------------------- tables as they are printed


def _printed(name: str, table: Table) -> dict[str, Any] | None:
    """Read a table of `tables.regression` from its cells."""
    columns = [str(c) for c in table.frame.columns]
    brackets = next((b for note in table.notes for words, b in _BRACKETS.items() if note.startswith(words)), None)
    rows = [
        (str(label), [str(c) for c in cells])
        for label, cells in zip(table.frame.index, table.frame.values, strict=True)
    ]
    cut = table.rules[0] if table.rules else len(rows)
    if not any(label in (*_TERMS, *_FOOTER) or re.search(r"\d", " ".join(cells)) for label, cells in rows):
        return None
    coefficients: dict[str, list[str]] = {}
    for label, cells in rows[:cut]:
        # The line below an estimate has no label of its own.
        if label == "" and coefficients:
            last = next(reversed(coefficients))
            coefficients[last] = [f"{a} {b}".strip() for a, b in zip(coefficients[last], cells, strict=True)]
        else:
            coefficients[label] = [c.replace("undefined", "") for c in cells]
    coefficients = {label: [_clean(c) for c in cells] for label, cells in coefficients.items()}
    footer = dict(rows[cut:])
    statistics = {_FOOTER[label]: [_clean(c) for c in cells] for label, cells in footer.items() if label in _FOOTER}
    made: dict[str, Any] = {
        "name": name, "kind": "regression", "columns": columns, "coefficients": coefficients, "statistics": statistics,
        "roles": {role: label for label, role in _TERMS.items() if label in coefficients},
        "sided": "two", "distribution": "normal",
    }  # fmt: skip
    if brackets:
        made["round"] = brackets
    if "speed" in statistics:
        made["horizon"] = _horizon(table)
        made = {k: v for k, v in made.items() if v is not None}
    return made


def _horizon(table: Table) -> float | None:
    del table
    return None


def _clean(cell: str) -> str:
    # "(undefined)" says that there is no standard error: the estimate alone is left.
    return re.sub(r"[(\[][^)\]]*(undefined|–)[^)\]]*[)\]]", "", cell.replace("\u2212", "-")).strip()


# ---------------------------------------------------------------------- results


def _fit(gathered: _Gathered, name: str, result: PanelFit | BetaConvergence, digits: int) -> None:
    about = result.glance().iloc[0].to_dict()
    tidy = result.tidy().set_index("term")
    derived = [t for t in ("speed", "half_life") if t in about and t in tidy.index]
    terms = tidy.drop(index=derived)
    coefficients = {}
    for term, row in terms.iterrows():
        error = text(row["std_error"], digits)
        z, p = text(row["statistic"], 2), text(row["p_value"], digits)
        held = f" ({z})" if z else ""
        held += f" [{p}]" if p and "e" not in p else ""
        coefficients[str(term)] = [text(row["estimate"], digits) + held]
        del error
    statistics = {
        key: [text(about[source], digits)]
        for key, source in (
            ("loglik", "loglik"),
            ("aic", "aic"),
            ("bic", "bic"),
            ("speed", "speed"),
            ("half_life", "half_life"),
        )
        if isinstance(about.get(source), (float, np.floating))
    }
    for key, source in (("n", "nobs"), ("regions", "n_regions"), ("periods", "n_periods")):
        if source in about and not pd.isna(about[source]):
            statistics[key] = [str(int(about[source]))]
    roles = {"beta": "log_initial", "rho": "rho", "lambda": "lambda", "sigma2": "sigma2"}
    table: dict[str, Any] = {
        "name": name, "kind": "regression", "columns": ["(1)"], "round": "z", "square": "p", "sided": "two",
        "coefficients": coefficients, "statistics": statistics,
        "roles": {role: term for role, term in roles.items() if term in coefficients},
    }  # fmt: skip
    horizon = getattr(result, "horizon", None)
    if horizon is not None:
        table["horizon"] = float(horizon)
    gathered.tables.append(table)


def _autocorrelation(name: str, result: GlobalAutocorrelation, digits: int) -> dict[str, Any]:
    frame = result.table
    symbol = "C" if "C" in frame.columns else "I"
    columns = [c for c in (symbol, "expected", "variance", "z", "p") if c in frame.columns]
    rows = {str(label): [text(row[c], digits) for c in columns] for label, row in frame[columns].iterrows()}
    made = {"name": name, "kind": "autocorrelation", "columns": columns, "rows": rows}
    sided = "two" if getattr(result, "alternative", "two-sided") == "two-sided" else "one"
    n = int(result.provenance.n_regions)
    return made | {"sided": sided} | ({"n": n} if n > 1 else {})


def _descriptives(name: str, result: Descriptives, digits: int) -> dict[str, Any]:
    columns = ["n", "mean", "std", "min", "max", "median"]
    rows = {}
    for label, row in result.table.iterrows():
        key = (
            label
            if isinstance(label, str)
            else ", ".join(str(part) for part in np.atleast_1d(np.array(label, dtype=object)))
        )
        rows[key] = [str(int(row["n"])), *(text(row[c], digits) for c in columns[1:])]
    return {"name": name, "kind": "descriptives", "columns": columns, "rows": rows, "ddof": 1, "complete": False}


def _growth(name: str, result: GrowthTable, digits: int) -> dict[str, Any]:
    columns = [str(c) for c in result.rates.columns]
    rows = {
        str(r): [text(v, digits) for v in values]
        for r, values in zip(result.rates.index, result.rates.to_numpy(), strict=True)
    }
    made: dict[str, Any] = {
        "name": name,
        "kind": "grid",
        "content": "growth",
        "unit": "log" if result.log else "percent",
    }
    if result.average is not None:
        columns = [*columns, "average"]
        rows = {r: [*cells, text(a, digits)] for (r, cells), a in zip(rows.items(), result.average, strict=True)}
        made |= {"row_mean": "average", "row_mean_how": "arithmetic"}
    return made | {"columns": columns, "rows": rows}


def _test(gathered: _Gathered, name: str, result: HypothesisTest, digits: int) -> bool:
    distribution = _DISTRIBUTIONS.get(result.distribution.lower())
    if distribution not in ("chi2", "t", "z") or not np.isfinite(result.statistic):
        return False
    if distribution != "z" and result.df is None:
        return False
    df = "" if result.df is None else f"{result.df:g}"
    row = [text(result.statistic, digits), df, text(result.p_value, digits), distribution]
    gathered.tables.append(
        {
            "name": f"{name}, {result.name}" if name != type(result).__name__ else result.name,
            "kind": "tests",
            "columns": ["statistic", "df", "p", "distribution"],
            "rows": {result.name: row},
            "sided": "two",
        }
    )
    return True


def _unused(labels: Iterable[str]) -> str:
    return first(list(labels))
