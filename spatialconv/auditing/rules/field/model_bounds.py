"""Rules on what a model prints of itself: sigma2 with its z, likelihood, N, R2 and adjusted R2, without eigenvalues."""

from __future__ import annotations

import math
from collections.abc import Iterator

from spatialconv.auditing.description.figures import INFINITY, Interval
from spatialconv.auditing.description.reported import Regression, Reported
from spatialconv.auditing.evidence.readings import reading_of
from spatialconv.auditing.rules.registry import Check, rule

_LEAST_N = 8


@rule(
    "z of sigma2", "z of sigma2 by maximum likelihood is the root of N/2 at most",
    source="the information of a variance is N / (2 sigma^4)", severity="warning",
)  # fmt: skip
def z_of_sigma2(reported: Reported) -> Iterator[Check]:
    """Check the ratio of sigma2 to its standard error against N, which bounds it under the information matrix."""
    for table in reported.of(Regression):
        row = table.roles.get("sigma2")
        if row is None or row not in table.coefficients:
            continue
        reading = reading_of(reported, table)
        for k in range(len(table.columns)):
            n, held = table.statistic("n", k), reading.evidence(table, row, k)
            if n is None or held is None or n.value < _LEAST_N:
                continue
            most = math.sqrt(n.value / 2)
            for size in held.sizes().values():
                message = f"N {n.text} leaves a z of sigma2 of {most:.4g} at most; printed is {size}"
                yield Check(table.where(row, k), size.low <= most, held.text, str(size), f"{most:.4g} or less", message)


@rule(
    "likelihood of sigma2", "l <= -(N/2)(ln(2 pi sigma2) + 1), since ln|I - rho W| is not positive",
    source="Ord (1975); the eigenvalues of W add up to zero", severity="warning",
)  # fmt: skip
def likelihood_of_sigma2(reported: Reported) -> Iterator[Check]:
    """Check that the log-likelihood does not exceed what sigma2 and N leave, whichever of N a transformation counts."""
    for table in reported.of(Regression):
        for k in range(len(table.columns)):
            printed, sigma2, n = table.statistic("loglik", k), table.role("sigma2", k), table.statistic("n", k)
            if printed is None or sigma2 is None or n is None or n.value < _LEAST_N or sigma2.range.high <= 0:
                continue
            low = max(sigma2.range.low, 0.0)
            gauss = INFINITY if low <= 0 else -0.5 * (math.log(2 * math.pi * low) + 1)
            # Transformations of Lee and Yu leave no fewer than half of the observations where there are two periods.
            most = max(n.value * gauss, n.value / 2 * gauss)
            text = f"sigma2 {sigma2.text}, n {n.text}"
            message = f"sigma2 and N leave a log-likelihood of {most:.6g} at most; printed is {printed.text}"
            fits = printed.range.low <= most + 1e-9 * abs(most)
            yield Check(table.where("loglik", k), fits, text, printed.text, f"{most:.6g} or less", message)


@rule("adjusted R-squared", "1 - adjusted R2 = (1 - R2)(n - 1)/(n - k - 1) with a whole number k", source="definition")
def adjusted(reported: Reported) -> Iterator[Check]:
    """Check R2, adjusted R2 and N together: some whole number of regressors must do."""
    for table in reported.of(Regression):
        for k in range(len(table.columns)):
            r2, adj, n = (table.statistic(name, k) for name in ("r2", "adj_r2", "n"))
            if r2 is None or adj is None or n is None or n.value < _LEAST_N or table.statistic("f_df", k) is not None:
                continue
            rest = r2.range.common(Interval(0.0, 1.0))
            if rest is None or adj.range.high >= 1 or rest.high >= 1:
                continue
            share = Interval(1 - rest.high, 1 - rest.low) / Interval(1 - adj.range.high, 1 - adj.range.low)
            free = share * Interval(n.value - 1, n.value - 1)
            # Degrees of freedom are whole, and between one and n - 1; a model without an intercept has n - k, and one
            # that prints its intercept is none.
            least, most = math.ceil(max(1.0, free.low) - 1e-9), math.floor(min(n.value - 1, free.high) + 1e-9)
            plain = Interval(n.value, n.value) * share
            other = math.ceil(max(1.0, plain.low) - 1e-9) <= math.floor(min(n.value - 1, plain.high) + 1e-9)
            other = other and not any(_is_intercept(row) and table.coefficients[row][k] for row in table.coefficients)
            text = f"R2 {r2.text}, adjusted {adj.text}, n {n.text}"
            message = f"R2, adjusted R2 and N leave {free} degrees of freedom: no whole number between 1 and n - 1"
            yield Check(table.where("adj_r2", k), least <= most or other, text, adj.text, str(free), message)


def _is_intercept(row: str) -> bool:
    return row.strip("_() ").casefold() in ("const", "constant", "cons", "intercept")
