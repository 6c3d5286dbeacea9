"""Tables that others make: statsmodels, linearmodels, spreg, conventions of Stata and R, what papers print and omit.

Each is honest before one thing is spoilt in it. Nothing here comes from the rules: estimates are those of other
libraries, and what a table does not say (degrees of freedom, what stands in brackets, sides, levels) it leaves unsaid
as papers do. `possible` is the judge of what can be seen: it goes forwards, from unrounded figures and from every
reading that the table leaves open, to what would be printed.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

import spatialconv as sc
from tests.auditing import oracle
from tests.auditing.spoil import KINDS, spoil

STATA = {"*": 0.10, "**": 0.05, "***": 0.01}
R = {"*": 0.05, "**": 0.01, "***": 0.001}
DOUBT = 1e-9


def data(rng: np.random.Generator, n: int, k: int) -> pd.DataFrame:
    x = rng.normal(size=(n, k)) * 10 ** rng.uniform(-1, 1, size=k)
    slopes = rng.normal(size=k) * rng.choice([0.0, 0.1, 0.3, 0.8], size=k) / x.std(axis=0)
    frame = pd.DataFrame(x, columns=[f"x{j}" for j in range(k)])
    return frame.assign(y=x @ slopes + rng.normal(size=n))


def cell(b: float, inside: float, p: float, levels: dict[str, float], digits: int, kind: str) -> str:
    stars = "*" * sum(p < level for level in levels.values())
    return f"{b:.{digits}f}{stars} ({inside:.{max(digits, 2) if kind != 't' else 2}f})"


def side_by_side(rng: np.random.Generator, fits: list[dict[str, Any]], *, statistics: bool = True) -> dict[str, Any]:
    """Columns of models as esttab (10/5/1) or modelsummary (5/1/0.1) print them; most say what stands in brackets."""
    digits, kind = int(rng.integers(2, 5)), str(rng.choice(["se", "t", "p"], p=[0.5, 0.4, 0.1]))
    levels = STATA if rng.random() < 0.7 else R
    names = list(dict.fromkeys(n for fit in fits for n in fit["names"]))
    rows: dict[str, list[str]] = {}
    for name in names:
        cells = []
        for fit in fits:
            if name not in fit["names"]:
                cells.append("")
                continue
            j = fit["names"].index(name)
            inside = {"se": fit["se"][j], "t": fit["t"][j], "p": fit["p"][j]}[kind]
            cells.append(cell(fit["b"][j], inside, fit["p"][j], levels, digits, kind))
        rows[name] = cells
    table: dict[str, Any] = {"name": "T", "kind": "regression", "columns": [f"({k + 1})" for k in range(len(fits))]}
    # Papers of one convention seldom leave the levels to be guessed where they are not the usual ones.
    if levels is R or rng.random() < 0.5:
        table["stars"] = levels
    if rng.random() < 0.6:
        table["round"] = kind
    table["coefficients"] = rows
    told = {}
    if statistics and rng.random() < 0.7:
        told["n"] = [str(fit["n"]) for fit in fits]
        if "r2" in fits[0]:
            told |= {key: [f"{fit[key]:.{digits}f}" for fit in fits] for key in ("r2", "adj_r2")}
        if "regions" in fits[0] and rng.random() < 0.5:
            told["regions"] = [str(fit["regions"]) for fit in fits]
    return table | {"statistics": told}


def of_statsmodels(rng: np.random.Generator) -> dict[str, Any]:
    import statsmodels.api as sm

    n = int(rng.integers(20, 600))
    frame = data(rng, n, int(rng.integers(2, 6)))
    every = [c for c in frame.columns if c != "y"]
    fits = []
    for k in range(int(rng.integers(2, 5))):
        chosen = every[: min(len(every), k + 1)]
        kind = str(rng.choice(["nonrobust", "HC1"]))
        fit = sm.OLS(frame["y"], sm.add_constant(frame[chosen])).fit(cov_type=kind, use_t=True)
        fits.append({"names": list(fit.params.index), "b": list(fit.params), "se": list(fit.bse),
                     "t": list(fit.tvalues),
                     "p": list(fit.pvalues), "n": n, "r2": fit.rsquared,
                     "adj_r2": fit.rsquared_adj})  # fmt: skip
    return {"table": [side_by_side(rng, fits)]}


def of_linearmodels(rng: np.random.Generator) -> dict[str, Any]:
    from linearmodels.panel import PanelOLS

    g, t = int(rng.integers(10, 40)), int(rng.integers(4, 12))
    frame = data(rng, g * t, int(rng.integers(2, 4)))
    frame = frame.assign(i=np.repeat(np.arange(g), t), t=np.tile(np.arange(t), g)).set_index(["i", "t"])
    every = [c for c in frame.columns if c != "y"]
    fits = []
    for k in range(int(rng.integers(1, 3))):
        clustered = bool(rng.random() < 0.5)
        model = PanelOLS(frame["y"], frame[every[: k + 2]], entity_effects=True, time_effects=bool(rng.random() < 0.3))
        fit = model.fit(cov_type="clustered", cluster_entity=True) if clustered else model.fit()
        # Stata's t of clustered errors has the groups less one as its degrees of freedom.
        p = 2 * stats.t.sf(np.abs(fit.tstats), g - 1) if clustered else fit.pvalues
        fits.append({"names": list(fit.params.index), "b": list(fit.params), "se": list(fit.std_errors),
                     "t": list(fit.tstats), "p": list(p), "n": g * t, "regions": g})  # fmt: skip
    return {"table": [side_by_side(rng, fits)]}


@functools.lru_cache(maxsize=4)
def lattice(side: int) -> Any:
    from libpysal.weights import lat2W

    w = lat2W(side, side)
    w.transform = "r"
    return w


def of_spreg(rng: np.random.Generator) -> dict[str, Any]:
    import spreg

    side = int(rng.integers(5, 9))
    w, frame, digits = lattice(side), data(rng, side * side, 2), int(rng.integers(3, 6))
    x, y = frame[["x0", "x1"]].to_numpy(), frame[["y"]].to_numpy()
    kind = str(rng.choice(["lag", "error"]))
    with warnings.catch_warnings(), contextlib.redirect_stdout(None):
        warnings.simplefilter("ignore")
        fit = (spreg.ML_Lag if kind == "lag" else spreg.ML_Error)(y, x, w, latex=False)
    names = ["CONSTANT", "x0", "x1", "W_y" if kind == "lag" else "lambda"]
    rows = {}
    for name, b, (z, p) in zip(names, np.ravel(fit.betas), fit.z_stat, strict=True):
        rows[name] = [f"{b:.{digits}f} ({z:.{digits}f}) [{p:.{digits}f}]"]
    statistics = {"n": [str(fit.n)], "loglik": [f"{fit.logll:.3f}"], "aic": [f"{fit.aic:.3f}"],
                  "bic": [f"{fit.schwarz:.3f}"]}  # fmt: skip
    table = {"name": "T", "kind": "regression", "columns": ["(1)"], "round": "z", "square": "p", "coefficients": rows,
             "statistics": statistics, "roles": {"rho" if kind == "lag" else "lambda": names[3]}}  # fmt: skip
    return {"table": [table]}


def of_effects(rng: np.random.Generator) -> dict[str, Any]:
    """Direct, indirect and total effects with z of simulated draws, as xsmle prints them: brackets said or not."""
    digits, rows = int(rng.integers(3, 5)), {}
    for j in range(int(rng.integers(3, 8))):
        spread = np.array([[1.0, 0.3], [0.3, 2.5]]) * 10 ** rng.uniform(-4, -2)
        mean = rng.normal(size=2) * np.sqrt(np.diag(spread)) * 2.5
        variance = [spread[0, 0], spread[1, 1], spread.sum()]
        cells = []
        for b, v in zip([*mean, mean.sum()], variance, strict=True):
            z = b / np.sqrt(v)
            cells.append(cell(b, z, 2 * float(stats.norm.sf(abs(z))), STATA, digits, "t"))
        rows[f"x{j}"] = cells
    table: dict[str, Any] = {"name": "T", "kind": "regression", "columns": ["Direct", "Indirect", "Total"]}
    table |= {"round": "z"} if rng.random() < 0.6 else {}
    return {"table": [table | {"coefficients": rows, "statistics": {}}]}


def of_moran(rng: np.random.Generator) -> dict[str, Any]:
    """Moran's I by year with z and p of one side or two, which the table does not say; weights are the lattice's."""
    side, digits, sides = int(rng.integers(5, 9)), int(rng.integers(3, 5)), int(rng.integers(1, 3))
    w, n = lattice(side).sparse, side * side
    s0 = float(w.sum())
    both = w + w.T
    s1 = float(both.multiply(both).sum()) / 2
    s2 = float(np.square(np.asarray(w.sum(axis=0)).ravel() + np.asarray(w.sum(axis=1)).ravel()).sum())
    expected = -1 / (n - 1)
    variance = (n * n * s1 - n * s2 + 3 * s0 * s0) / ((n * n - 1) * s0 * s0) - expected**2
    rows = {}
    y = rng.normal(size=n)
    for year in range(2000, 2000 + int(rng.integers(6, 13))):
        y = 0.9 * y + 0.3 * (w @ y) + rng.normal(size=n) * 0.4
        e = y - y.mean()
        i = n / s0 * float(e @ (w @ e)) / float(e @ e)
        z = (i - expected) / np.sqrt(variance)
        p = float(stats.norm.sf(z if sides == 1 else abs(z))) * sides
        rows[str(year)] = [f"{v:.{digits}f}" for v in (i, z, p)]
    table = {"name": "T", "kind": "autocorrelation", "columns": ["I", "z", "p"], "n": n, "rows": rows}
    return {"table": [table]}


def of_dagum(rng: np.random.Generator) -> dict[str, Any]:
    """The parts of an index, their whole and the rates of contribution, in two tables of the same years."""
    years, digits, k = [str(2000 + j) for j in range(int(rng.integers(5, 15)))], int(rng.integers(3, 5)), 3
    parts = rng.dirichlet(np.ones(k) * 4, size=len(years)) * rng.uniform(0.05, 0.4, size=(len(years), 1))
    whole = parts.sum(axis=1)
    levels = {y: [f"{v:.{digits}f}" for v in (w, *p)] for y, w, p in zip(years, whole, parts, strict=True)}
    rates = {y: [f"{100 * v:.2f}" for v in p / w] for y, w, p in zip(years, whole, parts, strict=True)}
    first = {"name": "G", "kind": "grid", "columns": ["G", "Gw", "Gnb", "Gt"], "row_total": "G", "rows": levels}
    second = {"name": "rates", "kind": "grid", "columns": ["w", "nb", "t"], "content": "shares", "unit": "percent",
              "sums_to": "rows", "rows": rates}  # fmt: skip
    return {"table": [first, second] if rng.random() < 0.5 else [second, first]}


FAMILIES: dict[str, Callable[[np.random.Generator], dict[str, Any]]] = {
    "statsmodels": of_statsmodels, "linearmodels": of_linearmodels, "spreg": of_spreg, "effects": of_effects,
    "Moran by year": of_moran, "parts and rates": of_dagum,
}  # fmt: skip


def honest(family: str, rng: np.random.Generator) -> dict[str, Any]:
    return {"paper": {"title": family}} | FAMILIES[family](rng)


# ---------------------------------------------------------------------- the judge


def possible(given: dict[str, Any]) -> bool:
    """Whether any unrounded figures, read in any way that the tables leave open, could have been printed so."""
    tables = given["table"]
    if len(tables) == 2:
        return decomposed(*sorted(tables, key=lambda t: t["name"]))
    (table,) = tables
    return autocorrelated(table) if table["kind"] == "autocorrelation" else regressed(table, given)


def regressed(table: dict[str, Any], given: dict[str, Any]) -> bool:
    statistics = {k: [oracle.box(c) for c in v] for k, v in table.get("statistics", {}).items()}
    if "loglik" in statistics:
        # spreg leaves its spatial parameter out of k, or counts it: the coefficients are judged with all, k with fewer.
        bare = {row: cells for row, cells in table["coefficients"].items() if row not in table["roles"].values()}
        judged = {"horizon": 1.0, "roles": {}} | table | {"roles": {}}
        cells_fit = oracle.regression(judged | {"statistics": {}}, given)
        k_fits = all(
            oracle.likelihoods({}, {k: v[0] for k, v in statistics.items()}, judged, given, 0, len(bare)) for _ in "a"
        )
        return bool(cells_fit and k_fits)
    if not summed(table) or not tied(statistics):
        return False
    kinds = [table["round"]] if "round" in table else ["se", "t", "p"]
    levels = (
        [table["stars"]]
        if "stars" in table
        else [STATA, R, {"*": 0.05, "**": 0.01}, {"*": 0.01, "**": 0.05, "***": 0.1}]
    )
    if "stars" not in table and not any("*" in c for cells in table["coefficients"].values() for c in cells):
        # Neither a star nor a word on stars: the table may do without them, and a reader cannot hold one to be missing.
        levels = [*levels, {}]
    return any(read_so(table, statistics, kind, chosen) for kind, chosen in itertools.product(kinds, levels))


def read_so(table: dict[str, Any], statistics: dict[str, Any], kind: str, levels: dict[str, float]) -> bool:
    """Whether each column has one number of degrees of freedom by which all its cells are possible."""
    for k in range(len(table["columns"])):
        cells = [(row, oracle.split(v[k])) for row, v in table["coefficients"].items() if v[k].strip()]
        n = statistics["n"][k].value if "n" in statistics else None
        g = statistics["regions"][k].value if "regions" in statistics else None
        grids = []
        for _, parts in cells:
            assert parts is not None
            grids.append(sized(parts, kind))
        if any(grid is None for grid in grids):
            return False
        if kind == "p":
            if not all(starred(grid, parts["stars"], levels) for grid, (_, parts) in zip(grids, cells, strict=True)):
                return False
            continue
        tried = [np.inf] if kind == "z" else degrees(n, g, len(cells))
        if not any(
            all(
                starred(2 * stats.t.sf(z, df) if np.isfinite(df) else 2 * stats.norm.sf(z), parts["stars"], levels)
                for z, (_, parts) in zip(grids, cells, strict=True)
            )
            for df in tried
        ):
            return False
    return True


def degrees(n: float | None, g: float | None, terms: int) -> list[float]:
    """Every number of degrees of freedom that a reader would grant: of few clusters, of the sample, the normal."""
    if n is None:
        low, high = 5.0 if g is None else g - 1, 400.0
    else:
        high = n - max(1, terms - 2)
        low = min(g - 1, n - terms - 1) if g is not None else min(n - terms - 1, 25.0, max(n / 30, min(n / 4, 8.0)))
    whole = np.arange(max(1, np.ceil(low)), max(1, min(high, 400)) + 1)
    return [max(1.0, low), *whole, max(1.0, high), np.inf]


def sized(parts: dict[str, Any], kind: str) -> np.ndarray | None:
    """The |z| (or the p) that the figures of a cell can stand for; None if they can be of no such kind."""
    b, inside = oracle.box(parts["main"]), oracle.box(parts["round"])
    assert b is not None
    assert inside is not None
    if kind == "p":
        grid = inside.grid(401)
        return grid[(grid >= 0) & (grid <= 1)] if 0 <= inside.value <= 1 else None
    if kind in ("t", "z"):
        if (b.low > 0 and inside.high < 0) or (b.high < 0 and inside.low > 0):
            return None
        return np.abs(inside.grid(401))
    errors = inside.grid(101)
    errors = errors[errors > 0]
    if not len(errors):
        return None
    low = 0.0 if b.low <= 0 <= b.high else min(abs(b.low), abs(b.high))
    ends = np.array([low / errors.max(), max(abs(b.low), abs(b.high)) / errors.min()])
    # An error that may be zero leaves any ratio above.
    top = np.inf if inside.low <= 0 else ends[1]
    return np.r_[np.linspace(ends[0], min(top, ends[1]), 801), *([1e9] if np.isinf(top) else [])]


def starred(p: np.ndarray, stars: int, levels: dict[str, float]) -> bool:
    ordered = sorted(levels.values(), reverse=True)
    held = {len(mark): level for mark, level in levels.items()}
    if stars and stars not in held:
        return False
    high = held.get(stars, 1.0)
    low = max((level for level in ordered if level < high), default=0.0)
    return bool(np.any((p >= low - DOUBT) & (p <= high + DOUBT)))


def summed(table: dict[str, Any]) -> bool:
    if table["columns"] != ["Direct", "Indirect", "Total"]:
        return True
    for cells in table["coefficients"].values():
        boxes = [oracle.box(oracle.split(c)["main"]) for c in cells]  # type: ignore[index]
        low, high = (sum((b.exact[k] for b in boxes[:2]), Fraction(0)) for k in (0, 1))
        if boxes[2].exact[1] < low or boxes[2].exact[0] > high:
            return False
    return True


def tied(statistics: dict[str, Any]) -> bool:
    """Whether some R2 and some whole number of regressors print so."""
    for k in range(len(next(iter(statistics.values()), []))):
        held = {name: boxes[k] for name, boxes in statistics.items() if boxes[k] is not None}
        for name in ("n", "regions"):
            if name in held and (held[name].value <= 0 or held[name].value != int(held[name].value)):
                return False
        if "r2" in held and not (held["r2"].high >= 0 and held["r2"].low <= 1):
            return False
        if {"r2", "adj_r2", "n"} <= set(held):
            r2, n = np.clip(held["r2"].grid(2001), 0, 1), held["n"].value
            counts = np.arange(0, max(1, n - 1))
            made = 1 - (1 - r2[:, None]) * (n - 1) / (n - counts[None, :] - 1) if n >= 8 else held["adj_r2"].grid(3)
            if not np.any(held["adj_r2"].holds(made)):
                return False
    return True


def autocorrelated(table: dict[str, Any]) -> bool:
    expected = -1 / (table["n"] - 1)
    every = []
    for sides in (1, 2):
        sound = []
        for cells in table["rows"].values():
            i, z, p = (oracle.box(c) for c in cells)
            if i is None or z is None or p is None:
                return False
            values = z.grid(2001)
            implied = stats.norm.sf(values) if sides == 1 else 2 * stats.norm.sf(np.abs(values))
            fits = np.any(p.holds(implied)) or (sides == 1 and np.any(p.holds(1 - implied)))
            sign = np.any((i.grid(11)[:, None] - expected) * values[None, :] >= 0)
            sound.append(bool(fits and sign and 0 <= p.value <= 1))
        every.append(sound)
    # One side or two for the whole table.
    return any(all(sound) for sound in every)


def decomposed(levels: dict[str, Any], rates: dict[str, Any]) -> bool:
    for year, cells in levels["rows"].items():
        whole, *parts = (oracle.box(c) for c in cells)
        low, high = (sum((p.exact[k] for p in parts), Fraction(0)) for k in (0, 1))
        if whole.exact[1] < low or whole.exact[0] > high:
            return False
        shares = [oracle.box(c) for c in rates["rows"][year]]
        total = [sum((s.exact[k] for s in shares), Fraction(0)) for k in (0, 1)]
        if total[0] > 100 or total[1] < 100 or any(s.high < 0 or s.low > 100 for s in shares):
            return False
        for part, share in zip(parts, shares, strict=True):
            if whole.exact[0] <= 0:
                continue
            ends = (100 * max(part.exact[0], Fraction(0)) / whole.exact[1], 100 * part.exact[1] / whole.exact[0])
            if share.exact[1] < ends[0] or share.exact[0] > ends[1] or part.exact[1] < 0:
                return False
    return True


# ---------------------------------------------------------------------- the measurement


COUNTS = Path(__file__).with_name("outside.json")
BLOCK = 25


@dataclass
class Tally:
    tables: int = 0
    false: list[str] = field(default_factory=list)
    wrong: int = 0  # honest tables that the judge calls impossible: its own errors
    slips: dict[str, list[int]] = field(default_factory=lambda: {k: [0, 0, 0] for k in KINDS})
    missed: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.tables, self.wrong = self.tables + other.tables, self.wrong + other.wrong
        self.false, self.missed = self.false + other.false, self.missed + other.missed
        for kind, counts in other.slips.items():
            self.slips[kind] = [a + b for a, b in zip(self.slips[kind], counts, strict=True)]


def measure(family: str, tables: int, seed: int, first: int = 0) -> Tally:
    """Audit so many tables of a kind from the first on, honest and spoilt; a table is the same whatever the range."""
    tally, number = Tally(), list(FAMILIES).index(family)
    for k in range(first, first + tables):
        rng = np.random.default_rng([seed, number, k])
        given = honest(family, rng)
        tally.tables += 1
        errors = sc.audit(given).errors
        tally.false += [f"table {k}: {errors[0]}"] if errors else []
        tally.wrong += not possible(given)
        for kind in KINDS:
            done = spoil(given, kind, rng)
            if done is None:
                continue
            made, what = done
            held = tally.slips[kind]
            held[0] += 1
            if not possible(made):
                held[1] += 1
                found = bool(sc.audit(made).findings)
                held[2] += found
                tally.missed += [] if found else [f"table {k}, {kind}: {what}"]
    return tally


def stored(seed: int) -> dict[str, Tally]:
    """Return what has been measured with a seed, by kind of table."""
    held = json.loads(COUNTS.read_text(encoding="utf-8")) if COUNTS.exists() else {}
    return {family: Tally(**of) for family, of in held.get("families", {}).items()} if held.get("seed") == seed else {}


def store(seed: int, every: dict[str, Tally]) -> None:
    """Write it, as a whole or not at all."""
    beside = COUNTS.with_suffix(".new")
    held = {"seed": seed, "families": {family: asdict(tally) for family, tally in every.items()}}
    beside.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8", newline="\n")
    beside.replace(COUNTS)


def more(tables: int, seed: int) -> dict[str, Tally]:
    """Measure blocks of every kind until each has its tables; a run that was stopped goes on where it was."""
    every = stored(seed)
    for family in FAMILIES:
        tally = every.setdefault(family, Tally())
        while tally.tables < tables:
            tally.add(measure(family, min(BLOCK, tables - tally.tables), seed, tally.tables))
            store(seed, every)
    return every


def report(every: dict[str, Tally], seed: int) -> str:
    tables = max(tally.tables for tally in every.values())
    lines = [
        "# What the audit finds in tables that others make",
        "",
        f"Made by `python -m tests.auditing.outside {tables} {seed} --write`: {tables} honest tables of each kind, and",
        "in each of them one digit, sign, star or p spoilt at random. *Can be seen*: no unrounded figures, in any way",
        "of reading that the table leaves open, print so, by a judge that shares no line with the rules.",
        "*False errors*: honest tables in which the audit finds an error. What was missed stands in outside.json.",
        "",
        "| kind of table | honest | false errors | spoilt | slips | can be seen | found | share |",
        "| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    seen = caught = honest_ = false = wrong = 0
    for family, tally in every.items():
        honest_, false, wrong = honest_ + tally.tables, false + len(tally.false), wrong + tally.wrong
        for kind, (slips, broken, found) in tally.slips.items():
            if slips:
                share = f"{100 * found / broken:.0f} %" if broken else ""
                counts = " | ".join(map(str, (tally.tables, len(tally.false), kind, slips, broken, found, share)))
                lines.append(f"| {family} | {counts} |")
            seen, caught = seen + broken, caught + found
    lines += [
        "",
        f"{caught} of {seen} slips that can be seen are found ({100 * caught / max(1, seen):.1f} %); {false} of",
        f"{honest_} honest tables have an error; the judge calls {wrong} of them impossible.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    import sys

    warnings.simplefilter("ignore")
    numbers = [int(a) for a in sys.argv[1:] if a.isdigit()]
    tables, seed = [*numbers, *(300, 2024)[len(numbers) :]]
    if "--anew" in sys.argv:
        COUNTS.unlink(missing_ok=True)
    text = report(more(tables, seed), seed)
    print(text)
    if "--write" in sys.argv:
        (Path(__file__).parent / "OUTSIDE.md").write_text(text, encoding="utf-8", newline="\n")
