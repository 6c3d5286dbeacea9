"""From results of this package to the description of what they print, so that one's own tables can be audited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import stats

from spatialconv._options import MOST_DIGITS, whole
from spatialconv.auditing.description.ours_models import fit_table, printed_table, text
from spatialconv.auditing.description.reported import Reported
from spatialconv.auditing.description.toml import read
from spatialconv.autocorrelation import GlobalAutocorrelation
from spatialconv.errors import OptionError
from spatialconv.index import CompositeIndex
from spatialconv.results import HypothesisTest, Result
from spatialconv.summary import Descriptives, GrowthTable
from spatialconv.tables import Table

_DISTRIBUTIONS = {"chi2": "chi2", "chi-square": "chi2", "t": "t", "n(0,1)": "z", "normal": "z"}
_TERMS = {"term", "estimate", "std_error", "statistic", "p_value"}
_SAME = 1e-6


@dataclass
class Gathered:
    """Tables and weights in the shape of the TOML file, while they are gathered."""

    tables: list[dict[str, Any]] = field(default_factory=list)
    weights: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def describe(results: Any, *, digits: int = 4, title: str = "own results") -> tuple[Reported, tuple[str, ...]]:
    """Describe what results print, rounded as a table would round them, for `audit`.

    Parameters
    ----------
    results : result, table, study, or several by name or in a sequence
        `tables.regression` (audited as it is printed), fits, beta convergence, Moran's I and Geary's C, descriptives,
        growth, composite indices, tests; of a study its growth, descriptives, autocorrelation and growth regressions.
    digits : int
        Decimals to which figures are rounded; z to two.
    title : str

    Returns
    -------
    Reported, notes
        Notes name what was left out because no rule reads it.

    Raises
    ------
    OptionError
        If nothing among them is a result or a table of this package.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> reported, notes = sc.auditing.describe(sc.growth(zj.panel, "exports"), digits=2)
    >>> reported.tables[0].columns[-1]
    'average'
    """
    whole("digits", digits, least=1, most=MOST_DIGITS)
    gathered = Gathered()
    for name, result in _named(results):
        if not _add(gathered, name, result, digits):
            gathered.notes.append(f"left out, because no rule reads it: {name} ({type(result).__name__})")
    if not gathered.tables and not any(isinstance(result, (Result, Table)) for _, result in _named(results)):
        raise OptionError(
            "audit() takes a TOML file, a mapping with the key 'paper', a description, or results such as those of "
            f"tables.regression, beta, fit_panel, moran, descriptives, growth or a study; got {type(results).__name__}."
        )
    for k, table in enumerate(gathered.tables, 1):
        table["name"] = f"{k}: {table['name']}" if len(gathered.tables) > 1 else table["name"]
    given = {"paper": {"title": title}, "table": gathered.tables, "weights": gathered.weights}
    return read(given), tuple(gathered.notes)


def _named(results: Any) -> list[tuple[str, Any]]:
    if isinstance(results, Mapping):
        return [(str(k), v) for k, v in results.items()]
    if isinstance(results, (list, tuple)):
        return [(f"({k})", r) for k, r in enumerate(results, 1)]
    if hasattr(results, "betas") and hasattr(results, "descriptives"):
        return _study(results)
    tests = getattr(results, "tests", None)
    if isinstance(tests, tuple) and all(isinstance(t, HypothesisTest) for t in tests):
        return [(t.name, t) for t in tests]
    return [(type(results).__name__, results)]


def _study(study: Any) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = [("growth", study.growth), ("descriptives", study.descriptives)]
    for kind in ("moran", "geary"):
        found += [(f"{kind}, {name}", result) for name, result in getattr(study, kind).items()]
    for cell, fit in study.betas.fits.items():
        with_controls = "with controls" if cell.controls else "without controls"
        found.append((f"beta, {cell.sample}, {cell.effects}, {cell.correction}, {with_controls}", fit))
    return found


def _add(gathered: Gathered, name: str, result: Any, digits: int) -> bool:
    made: dict[str, Any] | None
    if isinstance(result, Table):
        made = printed_table(name, result)
    elif isinstance(result, GlobalAutocorrelation):
        made = _autocorrelation(name, result, digits)
    elif isinstance(result, Descriptives):
        made = _descriptives(name, result, digits)
    elif isinstance(result, GrowthTable):
        made = _growth(name, result, digits)
    elif isinstance(result, HypothesisTest):
        made = _test(name, result, digits)
    elif isinstance(result, CompositeIndex):
        made = _index(name, result, digits)
    elif isinstance(result, Result) and _estimates(result):
        several, weights, notes = fit_table(name, result, digits)
        gathered.weights |= weights
        gathered.notes += notes
        gathered.tables += several[1:]
        made = several[0] if several else None
    else:
        made = None
    gathered.tables += [made] if made else []
    return made is not None


def _estimates(result: Result) -> bool:
    return set(result.tidy().columns) >= _TERMS


def _autocorrelation(name: str, result: GlobalAutocorrelation, digits: int) -> dict[str, Any] | None:
    if result.statistic not in ("I", "C"):
        return None
    frame, by_permutation, n = result.table, result.null == "permutation", len(result.regions)
    # Of residuals the moments are others: E(I) follows from the regressors.
    raw = n > 1 and np.allclose(frame["expected"], 1 if result.statistic == "C" else -1 / (n - 1), atol=_SAME)
    # Under permutation z and p are those of the draws: nothing that is printed beside them makes them.
    columns = [result.statistic, "expected"] + ([] if by_permutation else ["variance", "z", "p"])
    columns = columns if raw else [result.statistic] + ([] if by_permutation else ["z", "p"])
    rows = {str(label): [text(row[c], digits) for c in columns] for label, row in frame[columns].iterrows()}
    made: dict[str, Any] = {"name": name, "kind": "autocorrelation", "columns": columns, "rows": rows}
    made["sided"] = "two" if result.alternative == "two-sided" else "one"
    return made | ({"n": n} if raw and not by_permutation else {})


def _descriptives(name: str, result: Descriptives, digits: int) -> dict[str, Any]:
    columns = ["n", "mean", "std", "min", "max", "median"]
    rows = {}
    for label, row in result.table.iterrows():
        key = label if isinstance(label, str) else ", ".join(str(part) for part in _parts(label))
        rows[key] = [str(int(row["n"])), *(text(row[c], digits) for c in columns[1:])]
    return {"name": name, "kind": "descriptives", "columns": columns, "rows": rows, "ddof": 1, "complete": False}


def _parts(label: Any) -> Iterable[Any]:
    return label if isinstance(label, tuple) else (label,)


def _growth(name: str, result: GrowthTable, digits: int) -> dict[str, Any]:
    columns = [str(c) for c in result.rates.columns]
    made: dict[str, Any] = {"name": name, "kind": "grid", "content": "growth"}
    made["unit"] = "log" if result.log else "percent"
    averages = result.average
    rows = {}
    for region, values in zip(result.rates.index, result.rates.to_numpy(), strict=True):
        rows[str(region)] = [text(v, digits) for v in values]
        if averages is not None:
            rows[str(region)].append(text(averages[region], digits))
    if averages is not None:
        columns = [*columns, "average"]
        made |= {"row_mean": "average", "row_mean_how": "arithmetic"}
    return made | {"columns": columns, "rows": rows}


def _index(name: str, result: CompositeIndex, digits: int) -> dict[str, Any] | None:
    if not result.pooled:
        return None
    frame = result.weights
    rows = {
        str(label): [text(row[c], digits) for c in ("entropy", "utility", "weight")] for label, row in frame.iterrows()
    }
    by_entropy = result.provenance.options.get("weighting") == "entropy"
    made: dict[str, Any] = {"name": name, "kind": "index", "columns": ["entropy", "utility", "weight"], "rows": rows}
    if not by_entropy:
        made |= {"columns": ["weight"], "rows": {label: cells[2:] for label, cells in rows.items()}}
    groups: dict[str, list[str]] = {}
    for label, group in frame["group"].items():
        groups.setdefault(str(group), []).append(str(label))
    made["groups"] = groups
    made["group_weights"] = {str(g): text(w, digits) for g, w in result.group_weights.items()}
    made |= {"k": f"{result.constant:.6f}", "k_n": int(result.scores.size)} if by_entropy else {}
    return made


def _test(name: str, result: HypothesisTest, digits: int) -> dict[str, Any] | None:
    distribution = _DISTRIBUTIONS.get(result.distribution.lower())
    if distribution is None or not np.isfinite(result.statistic) or not np.isfinite(result.p_value):
        return None
    if distribution != "z" and result.df is None:
        return None
    if distribution != "chi2":
        law = stats.t(result.df) if distribution == "t" else stats.norm()
        if abs(2 * law.sf(abs(result.statistic)) - result.p_value) > _SAME:
            return None
    df = "" if result.df is None else f"{result.df:g}"
    row = [text(result.statistic, digits), df, text(result.p_value, digits), distribution]
    columns = ["statistic", "df", "p", "distribution"]
    return {"name": name, "kind": "tests", "columns": columns, "rows": {result.name: row}, "sided": "two"}
