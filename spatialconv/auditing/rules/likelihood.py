"""Rules on a fitted model: log-likelihood, sigma2, rho and N; criteria; measures of fit."""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterator
from itertools import pairwise

from spatialconv.auditing.description.figures import INFINITY, Figure, Interval, exactly
from spatialconv.auditing.description.reported import Regression, Reported, Weights
from spatialconv.auditing.rules.registry import Check, agree, rule

# What stands for rho, lambda and sigma2 where roles are not given.
_APART = frozenset(
    {
        "rho", "lambda", "\u03c1", "\u03bb", "sigma2", "sigma^2", "\u03c3\u00b2", "\u03c32", "sigma2_e", "phi",
        "\u03c6", "theta", "\u03b8", "lgt_theta", "sigma", "ln(sigma)", "log(scale)", "spatial rho", "spatial lambda",
    }
)  # fmt: skip


def _weights(reported: Reported, table: Regression, column: int) -> Weights | None:
    name = table.weights[column] if table.weights else ""
    return reported.weights_named(name) if name else None


@rule(
    "rho",
    "rho lies where I - rho W can be inverted: between the inverses of the extreme eigenvalues",
    source="Ord (1975)",
)
def admissible(reported: Reported) -> Iterator[Check]:
    """Check rho (and lambda) against the admissible interval of the weights."""
    for table in reported.of(Regression):
        for k in range(len(table.columns)):
            weights = _weights(reported, table, k)
            if weights is None or weights.interval is None:
                continue
            bounds = Interval(*weights.interval)
            for role in ("rho", "lambda"):
                printed = table.role(role, k)
                if printed is not None:
                    message = f"{role} {printed.text} lies outside the admissible interval, {bounds}"
                    where = table.where(table.roles.get(role, role), k)
                    yield agree(where, f"{role} {printed.text}", printed.range, bounds, message)


@rule(
    "log-likelihood", "l = -(n/2)(ln(2 pi sigma2) + 1) + J ln|I - rho W|, at a maximum",
    source="Ord (1975); Lee and Yu (2010)",
)  # fmt: skip
def log_likelihood(reported: Reported) -> Iterator[Check]:
    """Check the log-likelihood of a Gaussian model by maximum likelihood against its own sigma2, rho and N."""
    for table in reported.of(Regression):
        if table.likelihood is None:
            continue
        for k in range(len(table.columns)):
            yield from _one_likelihood(reported, table, k)


def _one_likelihood(reported: Reported, table: Regression, k: int) -> Iterator[Check]:
    printed, sigma2, n = table.statistic("loglik", k), table.role("sigma2", k), table.statistic("n", k)
    if printed is None or sigma2 is None or n is None or sigma2.range.high <= 0:
        return
    shape = _shape(reported, table, k, n)
    if shape is None:
        return
    count, times, shift = shape
    jacobian = exactly(0.0)
    text = f"sigma2 {sigma2.text}, n {n.text}"
    for role in ("rho", "lambda"):
        spatial = table.role(role, k)
        if spatial is None:
            continue
        text += f", {role} {spatial.text}"
        weights = _weights(reported, table, k)
        found = _log_determinant(spatial.range, weights, times, shift) if weights else None
        if found is None:
            return
        jacobian = jacobian + found
    positive = Interval(max(sigma2.range.low, 0.0), sigma2.range.high)
    # A variance that may be zero leaves the likelihood without a bound.
    gauss = positive.map(lambda s: INFINITY if s <= 0 else -0.5 * count * (math.log(2 * math.pi * s) + 1))
    found = gauss + jacobian
    message = f"sigma2, rho and N leave a log-likelihood of {found}; printed is {printed.text}"
    yield agree(table.where("loglik", k), text, printed.range, found, message)


def _shape(reported: Reported, table: Regression, k: int, n: Figure) -> tuple[float, float, float] | None:
    """Return what the likelihood counts as observations, how many periods, and how often ln(1 - rho) is taken off."""
    regions = table.statistic("regions", k)
    sample = reported.sample(table.samples[k]) if table.samples and table.samples[k] else None
    size = regions.value if regions else sample.regions if sample else None
    if not size or n.value % size:
        return None
    t = n.value / size
    return {
        "direct": (n.value, t, 0.0),
        "lee-yu region": (size * (t - 1), t - 1, 0.0),
        "lee-yu time": ((size - 1) * t, t, t),
        "lee-yu two-way": ((size - 1) * (t - 1), t - 1, t - 1),
    }[str(table.likelihood)]


def _log_determinant(rho: Interval, weights: Weights, times: float, shift: float) -> Interval | None:
    bounds = weights.interval
    if not weights.eigenvalues or bounds is None or rho.low <= bounds[0] or rho.high >= bounds[1]:
        return None

    def value(r: float) -> float:
        logs = math.fsum((cmath.log(1 - r * e)).real for e in weights.eigenvalues)
        return times * logs - shift * math.log(1 - r)

    # Concave with its top at zero without the shift; with it, the ends of small pieces bound a smooth function.
    points = [rho.low + (rho.high - rho.low) * i / 32 for i in range(33)]
    values = [value(p) for p in points]
    slack = max(abs(b - a) for a, b in pairwise(values)) + 1e-9
    return Interval(min(values) - slack, max(values) + slack)


@rule("variance", "a variance is not negative", source="definition")
def variance(reported: Reported) -> Iterator[Check]:
    """Check the sign of the variance of the errors."""
    for table in reported.of(Regression):
        for k in range(len(table.columns)):
            printed = table.role("sigma2", k)
            if printed is not None:
                where = table.where(table.roles.get("sigma2", "sigma2"), k)
                message = f"sigma2 is a variance; printed is {printed.text}"
                yield Check(where, printed.range.high >= 0, printed.text, printed.text, "0 or more", message)


@rule(
    "criteria",
    "AIC = -2 l + 2 k and BIC = -2 l + k ln n, with one whole number k",
    source="Akaike (1974); Schwarz (1978)",
)
def criteria(reported: Reported) -> Iterator[Check]:
    """Check information criteria against the log-likelihood."""
    for table in reported.of(Regression):
        for k in range(len(table.columns)):
            loglik, aic, bic = (table.statistic(name, k) for name in ("loglik", "aic", "bic"))
            if loglik is None:
                continue
            twice = loglik.range.scaled(2.0)
            known = table.statistic("parameters", k)
            count = exactly(known.value) if known else None
            if aic is not None:
                found = (aic.range + twice).scaled(0.5)
                whole = Interval(math.ceil(found.low), math.floor(found.high))
                if count is None:
                    least = _fewest(table, k)
                    fits = whole.low <= whole.high and whole.high >= max(1, least)
                    count = whole if fits else None
                else:
                    fits = found.meets(count)
                message = f"(AIC + 2 l) / 2 lies in {found}: no possible number of parameters"
                text = f"loglik {loglik.text}, AIC {aic.text}"
                yield Check(table.where("aic", k), fits, text, aic.text, f"k {found}", message)
            if bic is not None and count is not None:
                yield _bic(table, k, loglik, bic, count)


def _fewest(table: Regression, k: int) -> int:
    """Return how many parameters criteria count at least: programs leave out rho, lambda and sigma2 that they print."""
    apart = {table.roles.get(role) for role in ("rho", "lambda", "sigma2")}
    held = [row for row, cells in table.coefficients.items() if cells[k] is not None]
    return sum(1 for row in held if row not in apart and row.strip().casefold() not in _APART)


def _bic(table: Regression, k: int, loglik: Figure, bic: Figure, count: Interval) -> Check:
    ratio = (bic.range + loglik.range.scaled(2.0)) / count
    n, regions = table.statistic("n", k), table.statistic("regions", k)
    sizes: set[float] = set()
    if n is not None:
        sizes = {n.value}
        if regions is not None and regions.value:
            size, t = regions.value, n.value / regions.value
            sizes |= {size, size * (t - 1), (size - 1) * t, (size - 1) * (t - 1)}
    logs = [exactly(math.log(s)) for s in sizes if s > 0]
    fits = any(ratio.meets(v) for v in logs) if logs else ratio.high > 0
    listed = ", ".join(str(v) for v in logs) or "positive"
    message = f"(BIC + 2 l) / k lies in {ratio}; ln n is {listed}"
    return Check(
        table.where("bic", k), fits, f"loglik {loglik.text}, BIC {bic.text}, k {count}", bic.text, listed, message
    )


@rule("R-squared", "0 <= R2 <= 1, adjusted R2 <= R2, F = (R2/k) / ((1 - R2)/(n - k - 1))", source="definition")
def r_squared(reported: Reported) -> Iterator[Check]:
    """Check measures of fit against their range, one another and F."""
    for table in reported.of(Regression):
        for k in range(len(table.columns)):
            r2, adjusted, f = (table.statistic(name, k) for name in ("r2", "adj_r2", "f"))
            for name, figure in (("r2", r2), ("adj_r2", adjusted)):
                if figure is not None:
                    low = 0.0 if name == "r2" else -INFINITY
                    fits = figure.range.high >= low and figure.range.low <= 1
                    message = f"{figure.text} is no share of a variance"
                    yield Check(table.where(name, k), fits, figure.text, figure.text, "0 to 1", message)
            if r2 is None:
                continue
            if adjusted is not None:
                message = f"adjusted R2 {adjusted.text} exceeds R2 {r2.text}"
                text = f"R2 {r2.text}, adjusted {adjusted.text}"
                fits = not adjusted.range.above(r2.range)
                yield Check(table.where("adj_r2", k), fits, text, adjusted.text, f"{r2.text} or less", message)
            yield from _of_freedom(table, k, r2, adjusted, f)


def _of_freedom(table: Regression, k: int, r2: Figure, adjusted: Figure | None, f: Figure | None) -> Iterator[Check]:
    df, df2 = table.statistic("f_df", k), table.statistic("f_df2", k)
    if df is None or df2 is None or df2.value <= 0 or df.value <= 0:
        return
    held = r2.range.common(Interval(0.0, 1.0))
    if held is None:
        return
    text = f"R2 {r2.text}, df {df.text} and {df2.text}"
    if f is not None:
        found = held.map(lambda r: INFINITY if r >= 1 else r / (1 - r) * df2.value / df.value)
        message = f"R2 and its degrees of freedom leave F of {found}; printed is {f.text}"
        yield agree(table.where("f", k), text, f.range, found, message)
    if adjusted is not None:
        # Effects that are swept out cost degrees of freedom that F does not count: then n says what there were.
        n = table.statistic("n", k)
        whole = dict.fromkeys([df.value + df2.value, *([n.value - 1, n.value] if n is not None else [])])
        factors = [w / df2.value for w in whole if w >= df.value + df2.value]
        implied = [_adjusted(held, by) for by in factors]
        found = next((i for i in implied if i.meets(adjusted.range)), implied[0])
        message = f"R2 and its degrees of freedom leave adjusted R2 of {found}; printed is {adjusted.text}"
        yield agree(table.where("adj_r2", k), text, adjusted.range, found, message)


def _adjusted(r2: Interval, factor: float) -> Interval:
    return r2.map(lambda r: 1 - (1 - r) * factor)
