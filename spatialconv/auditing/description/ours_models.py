"""Regressions of this package as they are printed: from the cells of a table, or from a result."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, stats

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
_FIGURES = {"estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"}
_CLOSE = 1e-6
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


def fit_table(name: str, result: Any, digits: int) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]], list[str]]:
    """Describe estimates with z (or t) and p, statistics, and the eigenvalues of the weights of a fitted model.

    What is no ratio of its estimate to its standard error, and no p of that ratio, is no evidence on it: permutations,
    rank tests and bootstraps have their own laws. Such rows keep their estimates, and a note says so.
    """
    glance = result.glance()
    about = glance.iloc[0].to_dict() if len(glance) == 1 else {}
    tidy = labelled(result.tidy())
    # Speed and half-life are functions of the coefficients, with intervals and no statistic.
    terms = tidy.drop(index=[t for t in ("speed", "half_life") if t in about and t in tidy.index])
    groups: dict[tuple[int, float], dict[str, list[str]]] = {}
    alone: dict[str, list[str]] = {}
    unread: list[str] = []
    for term, row in terms.iterrows():
        law = law_of(row["estimate"], row["std_error"], row["statistic"], row["p_value"])
        estimate = text(row["estimate"], digits)
        if not estimate:
            continue
        if law is None:
            alone[str(term)] = [estimate]
            unread += [str(term)] if pd.notna(row["p_value"]) else []
            continue
        z = text(row["statistic"], 2)
        p = "" if pd.isna(row["p_value"]) else f" [{row['p_value']:.{digits}f}]"
        groups.setdefault(law, {})[str(term)] = [estimate + (f" ({z})" if z else "") + p]
    notes = [f"{name}: p of {', '.join(unread[:3])}{' and others' if len(unread) > 3 else ''} is not that of a ratio "
             "of estimate to standard error; it is not checked"] if unread else []  # fmt: skip
    tables: list[dict[str, Any]] = []
    for (sides, df), coefficients in groups.items():
        tables.append(
            {
                "name": name if not tables else f"{name} ({len(tables) + 1})", "kind": "regression", "columns": ["(1)"],
                "round": "z" if np.isinf(df) else "t", "square": "p", "sided": "two" if sides == 2 else "one",
                "coefficients": coefficients, "statistics": {} if np.isinf(df) else {"df": [f"{df:g}"]},
            }
        )  # fmt: skip
    if not tables:
        return [], {}, notes
    table = tables[0]
    if len(tables) == 1:
        table["coefficients"] |= alone
    table["statistics"] |= _statistics(about, digits)
    table["roles"] = {role: term for role, term in _ROLES.items() if term in table["coefficients"]}
    table["words"] = {"effects": [str(about.get("effects", ""))]}
    if isinstance(result, BetaConvergence):
        table["horizon"] = float(result.length)
    fit = result.fit if isinstance(result, BetaConvergence) else result
    return tables, _spatial(table, fit) if isinstance(fit, PanelFit) else {}, notes


def labelled(tidy: pd.DataFrame) -> pd.DataFrame:
    """Return a tidy frame by term, each of its own name: what stands before the term tells equal ones apart."""
    names = tidy["term"].astype(str)
    if names.duplicated().any():
        before = [c for c in tidy.columns if c != "term" and c not in _FIGURES][:1]
        names = names + (" (" + tidy[before[0]].astype(str) + ")" if before else "")
    if names.duplicated().any():
        names = names + " " + (names.groupby(names).cumcount() + 1).astype(str)
    return tidy.set_axis(pd.Index(names, name="term"))


def law_of(estimate: float, error: float, statistic: float, p: float) -> tuple[int, float] | None:
    """Return sides and degrees of freedom of the law that makes p of a ratio; None if it is no such p.

    Examples
    --------
    >>> law_of(1.0, 0.5, 2.0, 0.04550026389635842), law_of(-0.7, 0.35, -2.0, 0.02275013194817921)
    ((2, inf), (1, inf))
    >>> law_of(0.2, float("nan"), 0.33, 0.22) is None
    True
    """
    if not all(np.isfinite([estimate, error, statistic, p])) or error <= 0:
        return None
    if abs(estimate / error - statistic) > _CLOSE * max(1.0, abs(statistic)):
        return None
    size = abs(statistic)
    if np.isclose(2 * stats.norm.sf(size), p, rtol=_CLOSE, atol=1e-12):
        return 2, np.inf
    if any(np.isclose(tail, p, rtol=_CLOSE, atol=1e-12) for tail in (stats.norm.sf(size), stats.norm.cdf(size))):
        return 1, np.inf
    for sides in (2, 1):
        ends = [sides * stats.t.sf(size, df) - p for df in (1.0, 1e5)]
        if ends[0] < 0 or ends[1] > 0 or size < 1e-6:
            continue
        df = float(optimize.brentq(lambda d, s=sides: s * stats.t.sf(size, d) - p, 1.0, 1e5, xtol=1e-9))
        if abs(df - round(df)) < 1e-3 * max(1.0, df / 100):
            return sides, float(round(df))
    return None


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
