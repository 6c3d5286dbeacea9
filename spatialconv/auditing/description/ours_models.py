"""Regressions of this package as they are printed: from the cells of a table, or from a result."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv.convergence.beta.beta import BetaConvergence
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.tables import FOOTER, Table

_BRACKETS = {"standard errors": "se", "z-values": "z", "t-values": "t", "p-values": "p"}
_TERMS = {"ln initial level (β)": "beta", "ρ": "rho", "λ": "lambda", "σ²": "sigma2"}
_STATISTICS = {
    "speed": "speed",
    "half_life": "half_life",
    "loglik": "loglik",
    "aic": "aic",
    "bic": "bic",
    "nobs": "n",
    "n_regions": "regions",
    "n_periods": "periods",
}
_ROLES = {"beta": "log_initial", "rho": "rho", "lambda": "lambda", "sigma2": "sigma2"}
# Eigenvalues of larger matrices are not worth their time here.
_LARGEST = 400


def text(value: Any, digits: int) -> str:
    """Write a figure as a table would: fixed decimals, powers of ten where these would show nothing."""
    number = float(value)
    if not np.isfinite(number):
        return ""
    if number != 0 and abs(number) < 10.0**-digits:
        return f"{number:.{max(digits - 1, 0)}e}"
    return f"{number:.{digits}f}"


def printed_table(name: str, table: Table) -> dict[str, Any] | None:
    """Read a table of `tables.regression` from its cells, as a reader would; None if it is another kind of table."""
    data = table.data
    if data is None or "term" not in (data.index.names or []):
        return None
    columns = [str(c) for c in table.frame.columns]
    rows = [
        (str(label), [str(c) for c in cells])
        for label, cells in zip(table.frame.index, table.frame.values, strict=True)
    ]
    cut = table.rules[0] if table.rules else len(rows)
    made: dict[str, Any] = {"name": name, "kind": "regression", "columns": columns, "sided": "two"}
    made["coefficients"] = _joined(rows[:cut])
    made["roles"] = {role: label for label, role in _TERMS.items() if label in made["coefficients"]}
    labels = {FOOTER.get(key, _label(key)): name for key, name in _STATISTICS.items()}
    made["statistics"] = {labels[label]: [_clean(c) for c in cells] for label, cells in rows[cut:] if label in labels}
    made["words"] = {label: cells for label, cells in rows[cut:] if label not in labels}
    brackets = next((b for note in table.notes for words, b in _BRACKETS.items() if note.startswith(words)), None)
    if brackets:
        made["round"] = brackets
    if _normal(data):
        made["distribution"] = "normal"
    return made


def _label(key: str) -> str:
    return {"n_regions": "Regions", "n_periods": "Periods", "aic": "AIC", "bic": "BIC"}.get(key, key)


def _joined(rows: list[tuple[str, list[str]]]) -> dict[str, list[str]]:
    """Join each estimate with the line below it, which has no label of its own."""
    found: dict[str, list[str]] = {}
    for label, cells in rows:
        if label == "" and found:
            last = next(reversed(found))
            found[last] = [f"{above} {below}".strip() for above, below in zip(found[last], cells, strict=True)]
        else:
            found[label] = list(cells)
    return {label: [_clean(c) for c in cells] for label, cells in found.items()}


def _clean(cell: str) -> str:
    """Leave out what is said to be undefined, and the brackets of it."""
    return (
        re.sub(r"[(\[][^)\]]*(?:undefined|–)[^)\]]*[)\]]", "", cell.replace("\u2212", "-"))
        .replace("undefined", "")
        .strip()
    )


def _normal(data: pd.DataFrame) -> bool:
    """Whether the p-values behind a table are those of the normal distribution."""
    for (term, quantity), row in data.iterrows():
        if quantity != "p_value":
            continue
        for statistic, p in zip(data.loc[(term, "statistic")], row, strict=True):
            if pd.notna(statistic) and pd.notna(p) and not np.isclose(2 * stats.norm.sf(abs(statistic)), p, atol=1e-9):
                return False
    return True


def fit_table(name: str, result: Any, digits: int) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Describe a fitted model: estimates with z (or t) and p, statistics, and the eigenvalues of its weights."""
    about = result.glance().iloc[0].to_dict()
    tidy = result.tidy().set_index("term")
    # Speed and half-life are functions of the coefficients, with intervals and no statistic.
    derived = [t for t in ("speed", "half_life") if t in about and t in tidy.index]
    terms = tidy.drop(index=derived)
    p_normal = np.allclose(2 * stats.norm.sf(np.abs(terms["statistic"].dropna())), terms["p_value"].dropna(), atol=1e-9)
    coefficients = {}
    for term, row in terms.iterrows():
        estimate, z, p = text(row["estimate"], digits), text(row["statistic"], 2), f"{row['p_value']:.{digits}f}"
        p = "" if pd.isna(row["p_value"]) else f" [{p}]"
        coefficients[str(term)] = [estimate + (f" ({z})" if z else "") + p if estimate else ""]
    table: dict[str, Any] = {
        "name": name, "kind": "regression", "columns": ["(1)"], "round": "z" if p_normal else "t", "square": "p",
        "sided": "two", "coefficients": coefficients, "statistics": _statistics(about, digits),
        "roles": {role: term for role, term in _ROLES.items() if term in coefficients},
        "words": {"effects": [str(about.get("effects", ""))]},
    }  # fmt: skip
    if isinstance(result, BetaConvergence):
        table["horizon"] = float(result.length)
    fit = result.fit if isinstance(result, BetaConvergence) else result
    return table, _spatial(table, fit) if isinstance(fit, PanelFit) else {}


def _statistics(about: dict[Any, Any], digits: int) -> dict[str, list[str]]:
    found = {}
    for source, name in _STATISTICS.items():
        value = about.get(source)
        if value is None or pd.isna(value):
            continue
        found[name] = [str(int(value)) if source in ("nobs", "n_regions", "n_periods") else text(value, digits)]
    return found


def _spatial(table: dict[str, Any], fit: PanelFit) -> dict[str, dict[str, Any]]:
    """Add the likelihood that a fit maximised, and the eigenvalues of its weights where these are few."""
    effects = fit.spec.effects
    shapes = {"none": "direct", "lee-yu": f"lee-yu {effects}"}
    matrices = {id(a): a for a in (fit.design.W, fit.design.M) if a is not None}
    plain = fit.spec.estimator == "ml" and effects != "random" and fit.spec.dynamic == "none"
    small = fit.n_regions <= _LARGEST and len(matrices) <= 1
    if plain and small and fit.correction in shapes and not fit.at_bound:
        table["likelihood"] = shapes[fit.correction] if effects != "none" else "direct"
    if not matrices or not small:
        return {}
    dense = next(iter(matrices.values())).matrix
    values = np.linalg.eigvals(dense.toarray() if hasattr(dense, "toarray") else np.asarray(dense))
    name = f"of {table['name']}"
    table["weights"] = [name]
    return {name: {"eigenvalues": [[float(v.real), float(v.imag)] for v in values]}}
