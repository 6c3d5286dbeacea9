"""R: what stands under a model (summary), between its coefficients (spatialreg), above it (plm), and tests (htest)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_N, _P = r"(-?[\d.]+(?:e[-+]?\d+)?)", r"(<?\s*[\d.]+(?:e[-+]?\d+)?)"
# "0.0412 on 307 degrees of freedom", "46.9 on 2 and 307 DF, p-value: < 2.2e-16".
_OF_RESIDUALS = re.compile(r"\bon (\d+) degrees of freedom")
_OF_F = re.compile(rf"\bon (\d+) and (\d+) DF,\s*p-value:\s*{_P}", re.IGNORECASE)
# plm: the small n counts regions.
_OF_PANEL = re.compile(r"\bPanel: n = (\d+), T = ([\d-]+), N = (\d+)")
_OF_SPACE = re.compile(
    rf"^(Rho|Lambda): *{_N}(?:, *LR test value: *{_N}, *p-value: *{_P})?[ \t]*\n"
    rf"[ \t]*(?:Asymptotic|Approximate \(numerical Hessian\)) standard error: *{_N}[ \t]*\n"
    rf"[ \t]*z-value: *{_N}, *p-value: *{_P}(?:[ \t]*\nWald statistic: *{_N}, *p-value: *{_P})?",
    re.IGNORECASE | re.MULTILINE,
)
_TEST = re.compile(
    rf"^[ \t]*([A-Za-z][\w .-]*?) = {_N}"
    rf"(?:, (?:df|num df|parameter|df1) = {_N})?(?:, (?:denom df|df2) = {_N})?, p-value (?:= )?{_P}[ \t]*$",
    re.MULTILINE,
)
_ALTERNATIVE = re.compile(r"^alternative hypothesis: (.*)$", re.MULTILINE)
_MORAN = re.compile(
    rf"^[ \t]*(Moran I|Geary C) statistic[ \t]+Expectation[ \t]+Variance[ \t]*\n[ \t]*{_N}[ \t]+{_N}[ \t]+{_N}[ \t]*$",
    re.MULTILINE,
)
_LAWS = (
    ("z", re.compile(r"z|normal|.*standard deviate", re.IGNORECASE)),
    ("t", re.compile(r"t", re.IGNORECASE)),
    ("F", re.compile(r"F")),
    (
        "chi2",
        re.compile(r"chisq|x-squared|.*\b(?:adj)?r?(?:lm|rs)(?:err|lag|diff)?.*|sarma|.*ratio|.*wald.*|bp|lr", re.I),
    ),
)
_SIDES = {"greater": "one", "less": "one", "two.sided": "two"}


def of_model(text: str) -> dict[str, str]:
    """Return statistics of one model that no table and no key says."""
    found: dict[str, str] = {}
    if residuals := _OF_RESIDUALS.search(text):
        found["df"] = residuals[1]
    if f := _OF_F.search(text):
        found |= {"f_df": f[1], "f_df2": f[2], "f_p": f[3]}
    if panel := _OF_PANEL.search(text):
        found |= {"n": panel[3], "regions": panel[1]} | ({"periods": panel[2]} if panel[2].isdigit() else {})
    return found


def add_space(models: list[dict[str, Any]], text: str) -> None:
    """Add rho and lambda of spatialreg to the coefficients of the model above them, and their tests."""
    said = list(_OF_SPACE.finditer(text))
    if not models or len({m[1].casefold() for m in said}) < len(said):
        return  # of which of several models each is, nobody knows
    for found in said:
        term, value, lr, lr_p, error, z, p, wald, wald_p = found.groups()
        for model in models:
            beside = {"se": error, "z": z, "p": p}
            cell = [value]
            for part, ends in (("round", "()"), ("square", "[]")):
                if model.get(part) in beside:
                    cell.append(f"{ends[0]}{beside[model[part]]}{ends[1]}")
            model["coefficients"].setdefault(term, [" ".join(cell)])
            model.setdefault("roles", {}).setdefault(term.casefold(), term)
        statistics = models[0].setdefault("statistics", {})
        for kind, statistic, its_p in (("lr", lr, lr_p), ("wald", wald, wald_p)):
            if statistic:
                statistics |= {kind: [statistic], f"{kind}_df": ["1"], f"{kind}_p": [its_p]}


def tests(text: str) -> Iterator[dict[str, Any]]:
    """Describe what is printed of tests: a table for one-sided ones, one for all others, one for Moran's I."""
    held: dict[str, dict[str, list[str]]] = {}
    autocorrelation: dict[str, dict[str, dict[str, list[str]]]] = {}
    printed = list(_TEST.finditer(text))
    for found, end in zip(printed, [*(m.start() for m in printed[1:]), len(text)], strict=False):
        name, statistic, df, df2, p = found.groups()
        law = next((law for law, pattern in _LAWS if pattern.fullmatch(name.strip())), "")
        if not law or (law in ("chi2", "t") and df is None) or (law == "F" and (df is None or df2 is None)):
            continue
        said = _ALTERNATIVE.search(text, found.end(), end)
        sided = _SIDES.get(said[1].strip(), "") if said and law in ("z", "t") else ""
        rows = held.setdefault(sided, {})
        rows[_free(name.strip(), rows)] = [statistic, df or "", df2 or "", p, law]
        moran = _MORAN.search(text, found.end(), end)
        # Of residuals it has another expectation.
        if moran and "residuals" not in text[max(0, found.start() - 400) : found.start()]:
            of, value, expected, variance = moran.groups()
            kind = autocorrelation.setdefault(sided, {}).setdefault(of[-1], {})
            kind[_free(of, kind)] = [value, expected, variance, statistic, p]
    for sided, rows in held.items():
        yield _table(f"tests{', one-sided' if sided == 'one' else ''}", "tests", sided) | {
            "columns": ["statistic", "df", "df2", "p", "distribution"],
            "rows": rows,
        }
    for sided, kinds in autocorrelation.items():
        for letter, rows in kinds.items():
            name = "Moran's I" if letter == "I" else "Geary's C"
            yield _table(name, "autocorrelation", sided) | {
                "columns": [letter, "expected", "variance", "z", "p"],
                "rows": rows,
            }


def _table(name: str, kind: str, sided: str) -> dict[str, Any]:
    return {"name": name, "kind": kind} | ({"sided": sided} if sided else {})


def _free(name: str, taken: dict[str, Any]) -> str:
    return name if name not in taken else f"{name} ({len(taken) + 1})"
