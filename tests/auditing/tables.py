"""Tables as papers print them, made from real fits to simulated panels: every identity holds before rounding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

import spatialconv as sc
from spatialconv.auditing.description.ours_models import printed_table

CELLS = ("estimate (std_error)", "estimate (z)", "estimate (p_value)", "estimate [interval]")


@dataclass(frozen=True)
class Honest:
    """A description of one table, in the shape of the TOML file, and the family it is of."""

    family: str
    given: dict[str, Any]

    @property
    def table(self) -> dict[str, Any]:
        return self.given["table"][0]


def honest(family: str, rng: np.random.Generator) -> Honest:
    made = FAMILIES[family](rng)
    tables = made if isinstance(made, dict) and "table" in made else {"table": [made]}
    return Honest(family, {"paper": {"title": family}, **tables})


def panel(rng: np.random.Generator, *, growth: bool = False) -> tuple[Any, Any]:
    """A panel of levels that grow, two regressors, and weights of nearest neighbours."""
    n, t = int(rng.integers(6, 25)), int(rng.integers(3, 8))
    regions = [f"r{i}" for i in range(n)]
    seats = rng.uniform(size=(n, 2))
    distance = np.linalg.norm(seats[:, None] - seats[None], axis=2)
    near = distance.argsort(axis=1).argsort(axis=1)
    links = ((near > 0) & (near <= rng.integers(2, min(5, n - 1)))).astype(float)
    w = sc.weights.from_matrix(links, regions=regions, standardise="row")
    x, z = rng.normal(size=(t, n)), rng.normal(size=(t, n)) * 10 ** rng.uniform(-1, 2)
    levels = np.empty((t, n))
    levels[0] = rng.normal(3, 1, n)
    for k in range(1, t):
        levels[k] = levels[k - 1] * rng.uniform(0.85, 1) + 0.4 + 0.1 * x[k] + rng.normal(scale=0.1, size=n)
    frame = pd.DataFrame(
        {
            "region": np.tile(regions, t),
            "year": np.repeat(np.arange(2000, 2000 + t), n),
            "level": np.exp(levels).ravel(),
            "x": x.ravel(),
            "z": z.ravel(),
            "y": (0.3 * x + 0.002 * z + rng.normal(size=(t, n))).ravel(),
        }
    )
    return sc.Panel(frame, region="region", period="year"), w


def one_fit(rng: np.random.Generator) -> Any:
    while True:
        data, w = panel(rng)
        spatial = str(rng.choice(["none", "lag", "error"]))
        effects = str(rng.choice(["none", "region", "time", "two-way"]))
        options = {"spatial": spatial, "effects": effects, "correction": str(rng.choice(["auto", "none"]))}
        weights = None if spatial == "none" else w
        try:
            if rng.random() < 0.7:
                fit = sc.beta(data, "level", weights, controls=["x", "z"][: int(rng.integers(0, 3))], **options)
                if fit.fit.at_bound:
                    continue
            else:
                fit = sc.fit_panel(data, "y", ["x", "z"], weights, **options)
                if fit.at_bound:
                    continue
            return fit
        except sc.errors.SpatialConvError:
            continue


def regression(rng: np.random.Generator) -> dict[str, Any]:
    """One to three models side by side, printed by tables.regression."""
    fits = {f"({k})": one_fit(rng) for k in range(1, int(rng.integers(2, 4)))}
    footer = ("speed", "half_life", "loglik", "aic", "bic", "nobs", "n_regions", "n_periods")
    cells = str(rng.choice(CELLS))
    made = printed_table(
        "T",
        sc.tables.regression(
            fits, cells=cells, digits=int(rng.integers(2, 6)), stars=bool(rng.random() < 0.85), footer=footer
        ),
    )
    assert made is not None
    made["statistics"] = {k: ["" if c == "–" else c for c in v] for k, v in made["statistics"].items()}
    return made | {"horizon": 1.0}


def fitted(rng: np.random.Generator) -> dict[str, Any]:
    """One fit with z, p, likelihood and eigenvalues."""
    reported = sc.auditing.description.ours
    gathered = reported.Gathered()
    reported._add(gathered, "T", one_fit(rng), int(rng.integers(3, 6)))
    return {"table": gathered.tables, "weights": gathered.weights}


def autocorrelation(rng: np.random.Generator) -> dict[str, Any]:
    data, w = panel(rng)
    statistic = sc.moran if rng.random() < 0.6 else sc.geary
    alternative = "two-sided" if rng.random() < 0.7 else "greater"
    result = statistic(data, "level", w, log=bool(rng.random() < 0.5), alternative=alternative)
    return sc.auditing.description.ours._autocorrelation("T", result, int(rng.integers(3, 6)))


def descriptives(rng: np.random.Generator) -> dict[str, Any]:
    data, _ = panel(rng)
    made = sc.auditing.description.ours._descriptives(
        "T", sc.descriptives(data, ["level", "x", "z", "y"]), int(rng.integers(2, 5))
    )
    if rng.random() < 0.5:
        digits = int(rng.integers(2, 5))
        table = sc.descriptives(data, ["level", "x", "z", "y"]).table
        made["columns"] = [*made["columns"], "cv"]
        for row, cells in made["rows"].items():
            cells.append(f"{table.loc[row, 'std'] / table.loc[row, 'mean']:.{digits}f}")
    return made


def growth(rng: np.random.Generator) -> dict[str, Any]:
    data, _ = panel(rng)
    result = sc.growth(data, "level", log=bool(rng.random() < 0.3))
    return sc.auditing.description.ours._growth("T", result, int(rng.integers(1, 4)))


def tests(rng: np.random.Generator) -> dict[str, Any]:
    """LM tests of a simulated panel, a chi-square, an F and a t; with stars or p, or both."""
    data, w = panel(rng)
    rows, digits, marked = {}, int(rng.integers(2, 5)), bool(rng.random() < 0.5)
    held = [("chi2", t.statistic, t.df, None, t.p_value, t.name) for t in sc.lm_tests(data, "y", ["x", "z"], w)]
    held = [h for h in held if h[2] is not None and np.isfinite(h[1])]
    for name in ("chi2", "F", "t"):
        df, df2 = int(rng.integers(1, 12)), int(rng.integers(8, 200))
        law = {"chi2": stats.chi2(df), "F": stats.f(df, df2), "t": stats.t(df2)}[name]
        x = float(law.isf(rng.choice([rng.uniform(0, 1), rng.uniform(0, 0.1)])))
        p = float(law.sf(x)) if name != "t" else 2 * float(law.sf(abs(x)))
        held.append((name, x, df if name != "t" else df2, df2 if name == "F" else None, p, f"a {name}"))
    for name, x, df, df2, p, label in held:
        stars = "*" * sum(p < level for level in (0.1, 0.05, 0.01)) if marked else ""
        rows[label] = [f"{x:.{digits}f}{stars}", f"{df:g}", "" if df2 is None else f"{df2:g}", f"{p:.{digits}f}", name]
    columns = ["statistic", "df", "df2", "p", "distribution"]
    if marked and rng.random() < 0.5:
        rows = {k: [*v[:3], v[4]] for k, v in rows.items()}
        columns.remove("p")
    return {"name": "T", "kind": "tests", "columns": columns, "rows": rows, "sided": "two"}


def index(rng: np.random.Generator) -> dict[str, Any]:
    """Entropy weights of indicators of unequal skewness, in two groups."""
    data, _ = panel(rng)
    names = [f"i{k}" for k in range(int(rng.integers(3, 9)))]
    frame = data.frame.copy()
    if "region" not in frame.columns:
        frame = frame.reset_index()
    for name in names:
        frame[name] = rng.gamma(rng.uniform(0.3, 3), size=len(frame))
    cut = int(rng.integers(1, len(names)))
    groups = {"a": names[:cut], "b": names[cut:]}
    result = sc.composite_index(
        sc.Panel(frame, region="region", period="year"), groups, direction=dict.fromkeys(names, "+"), max_vif=None
    )
    return sc.auditing.description.ours._index("T", result, int(rng.integers(3, 5)))


def counts(rng: np.random.Generator) -> dict[str, Any]:
    """A contingency table with both totals."""
    r, c = int(rng.integers(2, 6)), int(rng.integers(2, 6))
    values = rng.poisson(rng.uniform(1, 60), size=(r, c))
    values = np.vstack([values, values.sum(axis=0)])
    values = np.hstack([values, values.sum(axis=1, keepdims=True)])
    rows = {f"g{i}" if i < r else "total": [str(v) for v in row] for i, row in enumerate(values)}
    columns = [*(f"c{j}" for j in range(c)), "total"]
    return {"name": "T", "kind": "grid", "content": "counts", "columns": columns, "rows": rows, "row_total": "total",
            "column_total": "total"}  # fmt: skip


def least_squares(rng: np.random.Generator) -> dict[str, Any]:
    """An ordinary regression: t with known degrees of freedom, R2, adjusted R2 and F."""
    n, k, digits = int(rng.integers(12, 200)), int(rng.integers(1, 5)), int(rng.integers(3, 5))
    x = np.column_stack([np.ones(n), rng.normal(size=(n, k))])
    y = x @ np.r_[rng.normal(), rng.normal(scale=0.4, size=k)] + rng.normal(size=n)
    b, *_ = np.linalg.lstsq(x, y, rcond=None)
    e, df = y - x @ b, n - k - 1
    se = np.sqrt(np.diag(np.linalg.inv(x.T @ x)) * (e @ e) / df)
    r2 = 1 - (e @ e) / ((y - y.mean()) @ (y - y.mean()))
    f = r2 / (1 - r2) * df / k
    coefficients = {}
    for name, estimate, error in zip(["constant", *(f"x{j}" for j in range(k))], b, se, strict=True):
        p = 2 * float(stats.t.sf(abs(estimate / error), df))
        stars = "*" * sum(p < level for level in (0.1, 0.05, 0.01))
        coefficients[name] = [f"{estimate:.{digits}f}{stars} ({estimate / error:.2f}) [{p:.{digits}f}]"]
    statistics = {
        "n": [str(n)], "df": [str(df)], "r2": [f"{r2:.{digits}f}"],
        "adj_r2": [f"{1 - (1 - r2) * (n - 1) / df:.{digits}f}"],
        "f": [f"{f:.{digits}f}"], "f_df": [str(k)], "f_df2": [str(df)], "f_p": [f"{stats.f.sf(f, k, df):.{digits}f}"],
    }  # fmt: skip
    return {"name": "T", "kind": "regression", "columns": ["(1)"], "round": "t", "square": "p", "sided": "two",
            "coefficients": coefficients, "statistics": statistics}  # fmt: skip


FAMILIES: dict[str, Callable[[np.random.Generator], dict[str, Any]]] = {
    "regression": regression,
    "fitted": fitted,
    "least squares": least_squares,
    "autocorrelation": autocorrelation,
    "descriptives": descriptives,
    "growth": growth,
    "tests": tests,
    "index": index,
    "counts": counts,
}
