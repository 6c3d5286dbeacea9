"""Fitted models of statsmodels, linearmodels, spreg and pyfixest, by what their results offer; none is imported."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from spatialconv.auditing.documents.understand import Understood

_LIBRARIES = ("statsmodels", "linearmodels", "spreg", "pyfixest")


def library_of(model: Any) -> str | None:
    """Return which library a fitted model is of, None if of none that is read."""
    for kind in type(model).__mro__:
        top = kind.__module__.partition(".")[0]
        if top in _LIBRARIES:
            return top
    return None


def of_model(model: Any, digits: int = 4) -> Understood | None:
    """Describe a fitted model as its summary prints it: estimates with errors, ratios and p, and what fits them."""
    library = library_of(model)
    if library is None:
        return None
    reader: Callable[[Any], tuple[list[Any], ...] | None] = {
        "statsmodels": _statsmodels, "linearmodels": _linearmodels, "spreg": _spreg, "pyfixest": _pyfixest,
    }[library]  # fmt: skip
    try:
        found = reader(model)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError):
        found = None
    title = f"{library} {type(model).__name__}"
    if found is None:
        return Understood({"paper": {"title": title}, "table": []}, [f"{title} offers no estimates with their errors"])
    names, estimates, errors, ratios, ps, law, about = found
    statistics = {
        key: [text] for key, value in about[0].items() if (text := _text(value, digits, count=key in _COUNTED))
    }
    tables = []
    for k, (kind, inside, other, beside) in enumerate(
        ((str(law[0]), ratios, "p", ps), ("se", errors, str(law[0]), ratios))
    ):
        rows = {}
        for name, b, x, y in zip(names, estimates, inside, beside, strict=True):
            cell = _text(b, digits)
            if not cell:
                continue
            first, second = _text(x, digits), _text(y, digits)
            rows[str(name)] = [cell + (f" ({first})" if first else "") + (f" [{second}]" if second else "")]
        if rows:
            table = {
                "name": title if not k else f"{title}, standard errors", "kind": "regression", "columns": ["(1)"],
                "round": kind, "square": other, "sided": "two", "coefficients": rows,
            }  # fmt: skip
            roles = {r: n for r, n in about[1].items() if n in rows} if len(about) > 1 else {}
            table |= {"roles": roles} if roles else {}
            kept = statistics if not k else {key: v for key, v in statistics.items() if key == "df"}
            tables.append(table | ({"statistics": kept} if kept else {}))
    return Understood({"paper": {"title": title}, "table": tables})


def several_models(named: list[tuple[str, Any]]) -> Understood:
    """Describe several fitted models, each by its name."""
    tables: list[dict[str, Any]] = []
    notes: list[str] = []
    for name, model in named:
        found = of_model(model)
        if found is not None:
            tables += [table | {"name": f"{name}: {table['name']}"} for table in found.given["table"]]
            notes += [f"{name}: {note}" for note in found.notes]
    return Understood({"paper": {"title": "fitted models"}, "table": tables}, notes)


_COUNTED = {"n", "df", "f_df", "f_df2", "regions", "periods"}


def _text(value: Any, digits: int, *, count: bool = False) -> str:
    try:
        number = float(np.asarray(value, dtype=float).ravel()[0])
    except (TypeError, ValueError, IndexError):
        return ""
    if not math.isfinite(number):
        return ""
    if count:
        return str(int(number)) if number == int(number) else ""
    # Figures below the last decimal keep their digits, as in scientific notation.
    small = number != 0 and abs(number) < 10.0 ** -(digits - 1)
    return f"{number:.{digits}e}" if small or abs(number) >= 1e12 else f"{number:.{digits}f}"


def _listed(values: Any) -> list[float]:
    return [float(v) for v in np.asarray(values, dtype=float).ravel()]


def _statsmodels(m: Any) -> tuple[list[Any], ...]:
    names = list(getattr(m.params, "index", getattr(m.model, "exog_names", range(len(m.params)))))
    use_t = bool(getattr(m, "use_t", False))
    df = getattr(m, "df_resid_inference", None) or getattr(m, "df_resid", None)
    about: dict[str, Any] = {"n": getattr(m, "nobs", None), "loglik": getattr(m, "llf", None)}
    about |= {"df": df} if use_t else {}
    plain = type(m).__name__ in ("OLSResults", "RegressionResults", "RegressionResultsWrapper")
    if plain:
        about |= {"r2": m.rsquared, "adj_r2": m.rsquared_adj, "aic": m.aic, "bic": m.bic}
        if getattr(m, "cov_type", "") == "nonrobust" and getattr(m, "k_constant", 0) and m.df_model > 0:
            about |= {"f": m.fvalue, "f_p": m.f_pvalue, "f_df": m.df_model, "f_df2": m.df_resid}
    return (names, *map(_listed, (m.params, m.bse, m.tvalues, m.pvalues)), ["t" if use_t else "z"], [about])


def _linearmodels(m: Any) -> tuple[list[Any], ...]:
    names = list(m.params.index)
    debiased = bool(getattr(m, "debiased", False)) or (hasattr(m, "df_resid") and "panel" in type(m).__module__)
    about: dict[str, Any] = {"n": m.nobs, "r2": None if "IV" in type(m).__name__ else getattr(m, "rsquared", None)}
    df = getattr(m, "df_resid", None)
    ratios, ps = _listed(m.tstats), _listed(m.pvalues)
    about |= {"df": df} if debiased and df else {}
    return names, _listed(m.params), _listed(m.std_errors), ratios, ps, ["t" if debiased else "z"], [about]


def _spreg(m: Any) -> tuple[list[Any], ...] | None:
    pairs: Sequence[Any] = getattr(m, "t_stat", None) or getattr(m, "z_stat", None) or ()
    if not pairs:
        return None
    betas, errors = _listed(m.betas), _listed(m.std_err)
    count = min(len(betas), len(errors), len(pairs))
    names = [str(n) for n in (getattr(m, "name_x", None) or [])]
    names += [str(n) for n in (getattr(m, "name_yend", None) or [])]
    names += ["lambda"] * (len(names) < count)
    names += [f"term {k + 1}" for k in range(len(names), count)]
    uses_t = getattr(m, "t_stat", None) is not None
    n, k = int(m.n), int(getattr(m, "k", count))
    about: dict[str, Any] = {"n": n, "loglik": getattr(m, "logll", None), "aic": getattr(m, "aic", None),
                             "bic": getattr(m, "schwarz", None), "sigma2": getattr(m, "sig2", None)}  # fmt: skip
    if uses_t:
        about |= {"df": n - k, "r2": getattr(m, "r2", None), "adj_r2": getattr(m, "ar2", None)}
        f = getattr(m, "f_stat", None)
        if f is not None and getattr(m, "robust", None) is None:
            about |= {"f": f[0], "f_p": f[1], "f_df": k - 1, "f_df2": n - k}
    lags = [name for name in names if name.startswith("W_")] if hasattr(m, "rho") else []
    spatial = {"lambda": "lambda"} | ({"rho": lags[-1]} if lags else {})
    ratios, ps = [float(p[0]) for p in pairs[:count]], [float(p[1]) for p in pairs[:count]]
    return names[:count], betas[:count], errors[:count], ratios, ps, ["t" if uses_t else "z"], [about, spatial]


def _pyfixest(m: Any) -> tuple[list[Any], ...]:
    tidy = m.tidy()
    names = list(tidy.index)
    columns = [_listed(tidy[c]) for c in ("Estimate", "Std. Error", "t value", "Pr(>|t|)")]
    about = {"n": getattr(m, "_N", None), "r2": getattr(m, "_r2", None)}
    return (names, *columns, ["t"], [about])
