"""Whether any unrounded figures could have been printed so: the judge of what an audit can be asked to find.

It shares no line with the rules. These go backwards, from intervals to intervals, pair by pair. The judge goes
forwards: it lays a grid (its ends included) over the unrounded figures that are free, computes everything else from
them by the formula, and asks whether some point prints as the table does, all figures of a row or model at once. Sums
and averages are done in exact fractions, entropy weights by linear programming, spreads by the data sets that attain
the extremes. A grid can miss a point that exists, never invent one: where the judge errs it counts a breach that the
audit is then blamed for not finding.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import optimize, stats

LEVELS = (0.10, 0.05, 0.01)
POINTS = 161
TINY = 1e-12


@dataclass(frozen=True)
class Box:
    low: float
    high: float
    value: float
    exact: tuple[Fraction, Fraction]

    def grid(self, points: int = POINTS) -> np.ndarray:
        return np.linspace(self.low, self.high, points)

    def holds(self, x: Any) -> Any:
        slack = TINY * max(1.0, abs(self.low), abs(self.high))
        return (np.asarray(x) >= self.low - slack) & (np.asarray(x) <= self.high + slack)


def box(text: str) -> Box | None:
    plain = text.replace("\u2212", "-").replace("*", "").strip()
    if not plain:
        return None
    if plain.startswith("<"):
        top = Fraction(plain[1:].strip())
        return Box(0.0, float(top), float(top), (Fraction(0), top))
    mantissa, _, power = plain.lower().partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(power or 0)
    half = Fraction(1, 2) / Fraction(10) ** decimals
    value = Fraction(mantissa) * Fraction(10) ** int(power or 0)
    return Box(float(value - half), float(value + half), float(value), (value - half, value + half))


def stars_hold(stars: int | None, p: Any) -> Any:
    if stars is None:
        return np.ones(np.shape(p), dtype=bool)
    if stars > 3:
        return np.zeros(np.shape(p), dtype=bool)
    high = 1.0 if stars == 0 else LEVELS[stars - 1]
    low = 0.0 if stars == 3 else LEVELS[stars]
    return (np.asarray(p) >= low - TINY) & (np.asarray(p) <= high + TINY)


def possible(given: dict[str, Any]) -> bool:
    table = given["table"][0]
    judge = {
        "regression": regression,
        "autocorrelation": autocorrelation,
        "descriptives": descriptives,
        "tests": tests,
        "index": index,
        "grid": grid,
    }[table["kind"]]
    return bool(judge(table, given))


# ---------------------------------------------------------------------- regressions


def regression(table: dict[str, Any], given: dict[str, Any]) -> bool:
    return all(model(table, given, k) for k in range(len(table["columns"])))


def model(table: dict[str, Any], given: dict[str, Any], k: int) -> bool:
    statistics = {name: box(cells[k]) for name, cells in table["statistics"].items()}
    statistics = {name: b for name, b in statistics.items() if b is not None}
    df = statistics["df"].value if "df" in statistics else None
    starred = any("*" in c for cells in table["coefficients"].values() for c in cells)
    main: dict[str, Box] = {}
    for row, cells in table["coefficients"].items():
        parts = split(cells[k])
        if parts is None:
            continue
        held = box(parts["main"])
        assert held is not None
        main[row] = held
        bare = table["roles"].get("sigma2") == row if "roles" in table else False
        stars = parts["stars"] if starred and (not bare or parts["stars"]) else None
        if bare and held.high < 0:
            return False
        if not ratio(held, parts, table, stars, df):
            return False
    roles = {role: main[row] for role, row in table.get("roles", {}).items() if row in main}
    return bool(
        counted(statistics)
        and speeds(roles, statistics, table)
        and likelihoods(roles, statistics, table, given, k, len(main))
        and fits(statistics)
    )


def split(text: str) -> dict[str, Any] | None:
    if not text.strip():
        return None
    stars = text.count("*")
    clean = text.replace("*", "").replace("\u2212", "-")
    round_ = re.search(r"\((.*?)\)", clean)
    square = re.search(r"\[(.*?)\]", clean)
    return {
        "main": re.split(r"[(\[]", clean)[0], "stars": stars, "round": round_[1] if round_ else None,
        "square": square[1] if square else None,
    }  # fmt: skip


def ratio(b: Box, parts: dict[str, Any], table: dict[str, Any], stars: int | None, df: float | None) -> bool:
    """Whether some estimate and standard error print as the cell does."""
    law = stats.norm if df is None else stats.t(df)
    held: dict[str, Box] = {}
    for kind in ("round", "square"):
        if parts[kind] and "," not in parts[kind] and table.get(kind):
            found = box(parts[kind])
            if found:
                held[table[kind]] = found
    grid_b = b.grid()
    if parts["square"] and "," in parts["square"]:
        low, high = (box(t) for t in parts["square"].split(","))
        # Any two of the three make the third; the coarsest of them is found from the other two.
        for one, two, third in (("l", "h", b), ("e", "h", low), ("e", "l", high)):
            x, y = np.meshgrid(*({"l": low, "h": high, "e": b}[name].grid() for name in (one, two)))
            estimate = (x + y) / 2 if one == "l" else x
            half = (y - x) / 2 if one == "l" else np.abs(y - x) * np.where((y > x) == (two == "h"), 1, -1)
            other = estimate if one == "l" else 2 * x - y
            size = np.abs(estimate) / np.where(half > 0, half / stats.norm.ppf(0.975), np.nan)
            if np.any((half > 0) & third.holds(other) & stars_hold(stars, 2 * law.sf(size))):
                return True
        return False
    if "se" in held:
        errors = held["se"].grid()
        estimate, error = np.meshgrid(grid_b, errors[errors > 0])
        z = estimate / error
        sound = np.ones(z.shape, dtype=bool)
    elif "z" in held or "t" in held:
        z = held.get("z", held.get("t")).grid(2001)
        signs = np.array([np.any(grid_b >= 0), np.any(grid_b <= 0)])
        sound = np.where(z >= 0, signs[0], signs[1]) | ((z == 0) & True)
    elif "p" in held:
        p = held["p"].grid(2001)
        return bool(np.any((p >= 0) & (p <= 1) & stars_hold(stars, p)) and 0 <= held["p"].value <= 1)
    else:
        return stars is None or stars <= 3
    p = 2 * law.sf(np.abs(z))
    sound = sound & stars_hold(stars, p)
    if "p" in held:
        sound = sound & held["p"].holds(p)
    return bool(np.any(sound))


def counted(s: dict[str, Box]) -> bool:
    names = ("n", "regions", "periods", "df", "f_df", "f_df2")
    whole = all(s[k].value > 0 and float(s[k].value).is_integer() for k in names if k in s)
    return whole and (
        "regions" not in s or "periods" not in s or s["n"].value == s["regions"].value * s["periods"].value
    )


def speeds(roles: dict[str, Box], s: dict[str, Box], table: dict[str, Any]) -> bool:
    """Whether some beta has this speed and this half-life under one of the formulas in use."""
    if "beta" not in roles or not {"speed", "half_life"} & set(s):
        return True
    b, h = roles["beta"].grid(20001), table["horizon"]
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = [-np.log(1 + h * b) / h, -np.log(1 + b) / h, -np.log(b) / h, -b, -b / h, np.log(1 + b) / h]
        for speed in rates:
            for printed in (1.0, 0.01):
                sound = np.isfinite(speed)
                if "speed" in s:
                    sound &= s["speed"].holds(speed / printed)
                if "half_life" in s:
                    sound &= s["half_life"].holds(np.log(2) / speed)
                if np.any(sound):
                    return True
    return "half_life" in s and _from_half_life(roles["beta"], s, h)


def _from_half_life(beta: Box, s: dict[str, Box], h: float) -> bool:
    """A long half-life is printed more finely than its beta: from it to the speed, and from that to beta."""
    half = s["half_life"].grid(2001)
    rate = np.log(2) / half[half != 0]
    inverses = [np.expm1(-h * rate) / h, np.expm1(-h * rate), np.exp(-h * rate), -rate, -h * rate, np.expm1(h * rate)]
    for b in inverses:
        for printed in (1.0, 0.01):
            sound = beta.holds(b)
            if "speed" in s:
                sound = sound & s["speed"].holds(rate / printed)
            if np.any(sound):
                return True
    return False


def likelihoods(
    roles: dict[str, Box], s: dict[str, Box], table: dict[str, Any], given: dict[str, Any], k: int, terms: int
) -> bool:
    low, high = forward(roles, s, table, given, k)
    if "loglik" not in s:
        return True
    logs = s["loglik"].grid(401)
    logs = logs[(logs >= low) & (logs <= high)]
    if not len(logs):
        return False
    if "aic" not in s and "bic" not in s:
        return True
    sizes = [1.0]
    if "n" in s:
        n = s["n"].value
        sizes = [n]
        if "regions" in s:
            r = s["regions"].value
            t = n / r
            sizes += [r, r * (t - 1), (r - 1) * t, (r - 1) * (t - 1)]
    for count in range(max(1, terms), 400):
        sound = np.ones(len(logs), dtype=bool)
        if "aic" in s:
            sound &= s["aic"].holds(-2 * logs + 2 * count)
        if "bic" in s and np.any(sound):
            sound &= np.any([s["bic"].holds(-2 * logs + count * math.log(m)) for m in sizes if m > 0], axis=0)
        if np.any(sound):
            return True
    return False


def forward(
    roles: dict[str, Box], s: dict[str, Box], table: dict[str, Any], given: dict[str, Any], k: int
) -> tuple[float, float]:
    """The log-likelihoods that sigma2, rho and N leave; everything where the table does not say how it came about."""
    names = table.get("weights")
    eigen = np.array([complex(*e) for e in given["weights"][names[k]]["eigenvalues"]]) if names else np.empty(0)
    nothing, everything = (math.inf, -math.inf), (-math.inf, math.inf)
    spatial = [roles[r].grid(201) for r in ("rho", "lambda") if r in roles]
    if len(eigen):
        real = eigen.real[np.abs(eigen.imag) < 1e-9]
        bounds = (1 / real.min() if real.min() < 0 else -math.inf, 1 / real.max() if real.max() > 0 else math.inf)
        for rho in spatial:
            if rho[-1] < bounds[0] or rho[0] > bounds[1]:
                return nothing
            if rho[0] <= bounds[0] or rho[-1] >= bounds[1]:
                return everything
    how = table.get("likelihood")
    if how is None or "sigma2" not in roles or "n" not in s or "regions" not in s or s["n"].value % s["regions"].value:
        return everything
    if spatial and not len(eigen):
        return everything
    r, t = s["regions"].value, s["n"].value / s["regions"].value
    count, times, shift = {
        "direct": (r * t, t, 0), "lee-yu region": (r * (t - 1), t - 1, 0), "lee-yu time": ((r - 1) * t, t, t),
        "lee-yu two-way": ((r - 1) * (t - 1), t - 1, t - 1),
    }[how]  # fmt: skip
    sigma2 = roles["sigma2"].grid(2001)
    sigma2 = sigma2[sigma2 > 0]
    if not len(sigma2):
        return nothing
    gauss = -count / 2 * (np.log(2 * np.pi * sigma2) + 1)
    low, high = gauss.min(), math.inf if roles["sigma2"].low <= 0 else gauss.max()
    for rho in spatial:
        with np.errstate(divide="ignore", invalid="ignore"):
            value = times * np.log(np.abs(1 - rho[:, None] * eigen)).sum(axis=1)
            value = value - shift * np.log(np.abs(1 - rho)) if shift else value
        low, high = low + value.min(), high + value.max()
    # The grid's own coarseness is no breach.
    return low - 1e-6, high + 1e-6


def fits(s: dict[str, Box]) -> bool:
    if "r2" not in s:
        return True
    r = s["r2"].grid(20001)
    r = r[(r >= 0) & (r <= 1)]
    if not len(r):
        return False
    sound = np.ones(len(r), dtype=bool)
    if "f_df" not in s:
        return True
    df, df2 = s["f_df"].value, s["f_df2"].value
    with np.errstate(divide="ignore"):
        f = r / (1 - r) * df2 / df
    if "adj_r2" in s:
        sound &= s["adj_r2"].holds(1 - (1 - r) * (df + df2) / df2)
    if "f" in s:
        sound &= s["f"].holds(f)
    if "f_p" in s:
        # F is printed more finely than R2 leaves it.
        fine = s["f"].grid(2001)
        fine = fine[fine >= 0]
        if not np.any(s["f_p"].holds(stats.f.sf(fine, df, df2))):
            return False
    return bool(np.any(sound))


# ---------------------------------------------------------------------- lists


def autocorrelation(table: dict[str, Any], given: dict[str, Any]) -> bool:
    del given
    for cells in table["rows"].values():
        text = dict(zip(table["columns"], cells, strict=True))
        held = {c: b for c, t in text.items() if (b := box(t)) is not None}
        geary = "C" in held
        expected = 1.0 if geary else -1 / (table["n"] - 1)
        if not held["expected"].holds(expected):
            return False
        value, variance = np.meshgrid(held["C" if geary else "I"].grid(401), held["variance"].grid(401))
        sound = variance > 0
        with np.errstate(invalid="ignore", divide="ignore"):
            z = (value - expected) / np.sqrt(variance)
        z = np.abs(z) if geary else z
        printed = held["z"]
        fine = printed.grid(4001)
        fine = np.abs(fine) if geary else fine
        z = z[sound]
        if not len(z):
            return False
        fine = fine[(fine >= z.min()) & (fine <= z.max())]
        if table["sided"] == "two":
            fits = held["p"].holds(2 * stats.norm.sf(np.abs(fine)))
        else:
            fits = held["p"].holds(stats.norm.sf(np.abs(fine))) | held["p"].holds(stats.norm.cdf(np.abs(fine)))
        if not np.any(fits):
            return False
    return True


def descriptives(table: dict[str, Any], given: dict[str, Any]) -> bool:
    del given
    return all(described(dict(zip(table["columns"], cells, strict=True))) for cells in table["rows"].values())


def described(text: dict[str, str]) -> bool:
    """Whether some data set has these statistics: the order of its values by linear programming, then its spread."""
    n = int(text["n"])
    b = {c: box(t) for c, t in text.items() if c != "n"}
    if b["std"].high < 0 or n < 2:
        return False
    if not _order(b["min"], b["median"], b["max"], b["mean"], n):
        return False
    points = 9
    lo, m, hi = np.meshgrid(b["min"].grid(points), b["mean"].grid(points), b["max"].grid(points))
    sound = (lo <= m) & (m <= hi)
    lo, m, hi = lo[sound], m[sound], hi[sound]
    if not len(m):
        return False
    most = np.sqrt(np.maximum(0, [_largest(*x, n) for x in zip(lo, m, hi, strict=True)])).max()
    rest = 2 * m - lo - hi
    least = (lo - m) ** 2 + (hi - m) ** 2 + (rest**2 / (n - 2) if n > 2 else 0)
    least = math.sqrt(max(0.0, least.min()) / (n - 1))
    if b["std"].high < least - 1e-9 or b["std"].low > most + 1e-9:
        return False
    gap = max(0.0, b["mean"].low - b["median"].high, b["median"].low - b["mean"].high)
    if gap > max(0.0, b["std"].high) * math.sqrt((n - 1) / n) + 1e-12:
        return False
    if "cv" in b:
        # From sd and CV to the mean, and from sd and mean to the CV: whichever is printed more coarsely is found.
        with np.errstate(divide="ignore", invalid="ignore"):
            s, cv = np.meshgrid(b["std"].grid(), b["cv"].grid())
            # Some print the CV without the sign of the mean; none gives it a sign that the mean has not.
            fits = [b["mean"].holds(m) for m in (s / cv, 100 * s / cv)]
            fits += [b["mean"].holds(m) & (cv >= 0) for m in (-s / cv, -100 * s / cv)]
            s, m = np.meshgrid(b["std"].grid(), b["mean"].grid())
            fits += [b["cv"].holds(v) for v in (s / m, np.abs(s / m), 100 * s / m, 100 * np.abs(s / m))]
        if not any(np.any(f) for f in fits):
            return False
    return True


def _largest(lo: float, m: float, hi: float, n: int) -> float:
    """The largest variance of n values: all at the ends but one."""
    if hi <= lo:
        return 0.0
    up = min(n - 1, int((m - lo) * n / (hi - lo) + 1e-12))
    middle = n * m - up * hi - (n - up - 1) * lo
    return (up * (hi - m) ** 2 + (n - up - 1) * (lo - m) ** 2 + (middle - m) ** 2) / (n - 1)


def _order(low: Box, median: Box, high: Box, mean: Box, n: int) -> bool:
    # Variables: the sorted values. Constraints: their order, the mean and the median.
    half = n // 2
    a = np.zeros((n - 1 + 4, n))
    b = np.zeros(n - 1 + 4)
    for i in range(n - 1):
        a[i, i], a[i, i + 1] = 1, -1
    middle = np.zeros(n)
    middle[[half] if n % 2 else [half - 1, half]] = 1.0 if n % 2 else 0.5
    for row, (weights, held) in enumerate(((np.full(n, 1 / n), mean), (middle, median))):
        a[n - 1 + 2 * row], b[n - 1 + 2 * row] = weights, held.high
        a[n + 2 * row], b[n + 2 * row] = -weights, -held.low
    bounds = [(low.low, low.high), *[(low.low, high.high)] * (n - 2), (high.low, high.high)]
    if low.low > high.high:
        return False
    found = optimize.linprog(np.zeros(n), A_ub=a, b_ub=b + 1e-12, bounds=bounds, method="highs")
    return bool(found.status == 0)


def tests(table: dict[str, Any], given: dict[str, Any]) -> bool:
    del given
    starred = any("*" in cells[0] for cells in table["rows"].values())
    for cells in table["rows"].values():
        text = dict(zip(table["columns"], cells, strict=True))
        x = box(text["statistic"]).grid(4001)
        stars = sum(c.count("*") for c in cells) if starred else None
        df, df2 = float(text["df"]), float(text["df2"] or 0)
        if text["distribution"] in ("chi2", "F"):
            x = x[x >= 0]
        if df <= 0 or (text["distribution"] == "F" and df2 <= 0):
            return False
        law = {"chi2": stats.chi2(df), "F": stats.f(df, df2 or 1), "t": stats.t(df)}[text["distribution"]]
        p = 2 * law.sf(np.abs(x)) if text["distribution"] == "t" else law.sf(x)
        sound = stars_hold(stars, p)
        if text.get("p"):
            sound = sound & box(text["p"]).holds(p)
        if not np.any(sound):
            return False
    return True


def index(table: dict[str, Any], given: dict[str, Any]) -> bool:
    """Whether some utilities make these entropies, weights and groups: a linear programme."""
    del given
    names = list(table["rows"])
    rows = {name: dict(zip(table["columns"], cells, strict=True)) for name, cells in table["rows"].items()}
    k = box(table["k"])
    if not k.holds(1 / math.log(table["k_n"])):
        return False
    bounds, a, b = [], [], []
    every = np.ones(len(names))
    for j, name in enumerate(names):
        e, g, w = (box(rows[name][c]) for c in ("entropy", "utility", "weight"))
        low, high = max(1 - e.high, g.low, 0.0), min(1 - e.low, g.high, 1.0)
        if low > high + TINY:
            return False
        bounds.append((low, max(low, high)))
        unit = np.eye(len(names))[j]
        a += [unit - w.high * every, w.low * every - unit]
        b += [0.0, 0.0]
    for group, members in table["groups"].items():
        held = box(table["group_weights"][group])
        unit = np.array([float(n in members) for n in names])
        a += [unit - held.high * every, held.low * every - unit]
        b += [0.0, 0.0]
    found = optimize.linprog(
        np.zeros(len(names)), A_ub=np.array(a), b_ub=np.array(b) + 1e-12, bounds=bounds, method="highs"
    )
    return bool(found.status == 0)


def grid(table: dict[str, Any], given: dict[str, Any]) -> bool:
    """Averages and totals in exact fractions."""
    del given
    if table["content"] == "counts":
        values = [[Fraction(c.replace("\u2212", "-")) for c in cells] for cells in table["rows"].values()]
        sound = all(v >= 0 for row in values for v in row)
        sound = sound and all(sum(row[:-1]) == row[-1] for row in values)
        return sound and all(sum(col[:-1]) == col[-1] for col in zip(*values, strict=True))
    for cells in table["rows"].values():
        held = [box(c) for c in cells]
        if any(h is None for h in held):
            continue
        if table["unit"] == "percent" and any(h.high < -100 for h in held):
            return False
        if "row_mean" not in table:
            continue
        *parts, average = held
        low = sum((p.exact[0] for p in parts), Fraction(0)) / len(parts)
        high = sum((p.exact[1] for p in parts), Fraction(0)) / len(parts)
        if average.exact[1] < low or average.exact[0] > high:
            return False
    return True
