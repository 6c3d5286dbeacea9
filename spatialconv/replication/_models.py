"""Table 5 of Luo and Zhang (2024): what can be recomputed of the spatial lag models, and what cannot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from scipy import stats

from spatialconv._core.regression.speed import speed
from spatialconv.replication._ours import AREAS, Ours, p_text, stars, two_sided
from spatialconv.replication._verdict import Claim, Evidence, Figure, judge

Printed = Mapping[str, Any]

SOURCE = "Tab. 5"
SIX = "six of the seven controls (wages, openness, students, accessibility, enterprises, patents)"
HAUSMAN_DF = 8  # beta and the seven controls


def table_5(printed: Printed, ours: Ours) -> Iterator[Figure]:
    """All three columns: estimates, z, stars, speed, fit and tests."""
    for area in AREAS:
        column = printed["tab5_spatial_lag"][area]
        path = f"tab5_spatial_lag.{area}"
        for name, cell in (("beta", column["beta"]), ("rho", column["rho"])):
            yield from _coefficient(f"{path}.{name}", f"{area}, {name}", cell)
        for name, cell in column["controls"].items():
            yield from _coefficient(f"{path}.controls.{name}", f"{area}, {name}", cell)
        yield from _coefficient(f"{path}.sigma2", f"{area}, sigma2", column["sigma2"])
        yield _speed(path, area, column)
        yield _unpublished(f"{path}.r2_between", f"{area}, R2 between", column["r2_between"], 4)
        yield _observations(path, area, column, ours)
        yield _loglik(path, area, column, ours)
        yield from _hausman(path, area, column)


def _unpublished(path: str, item: str, value: float, decimals: int) -> Figure:
    return judge(Claim(path, SOURCE, item, float(value), decimals, "unpublished", unpublished=SIX))


def _coefficient(path: str, item: str, cell: list[Any]) -> Iterator[Figure]:
    estimate, z, printed_stars = cell
    yield _unpublished(f"{path}[0]", item, estimate, 3)
    yield _unpublished(f"{path}[1]", f"{item}, z", z, 2)
    p = two_sided(z)
    claim = Claim(
        f"{path}[2]",
        SOURCE,
        f"{item}, stars",
        printed_stars or "no star",
        evidence="printed figures alone",
        remark=f"two-sided {p_text(p)} of the printed z",
    )
    yield judge(claim, stars(p))


def _speed(path: str, area: str, column: Mapping[str, Any]) -> Figure:
    beta = column["beta"][0]
    evidence: Evidence = "printed figures alone"
    remark = "-ln(1 + beta) of the printed beta"
    claim = Claim(f"{path}.speed", SOURCE, f"{area}, speed", float(column["speed"]), 2, evidence, remark=remark)
    # Not the standard error: only the estimate is asked for.
    return judge(claim, speed(float(beta), np.nan, 1.0).estimate)


def _observations(path: str, area: str, column: Mapping[str, Any], ours: Ours) -> Figure:
    remark = f"{len(ours.regions(area))} cities x {len(ours.growth.spans)} years of growth"
    value = float(column["nobs"])
    claim = Claim(f"{path}.nobs", SOURCE, f"{area}, observations", value, 0, "printed figures alone", remark=remark)
    return judge(claim, float(ours.nobs(area)))


def _loglik(path: str, area: str, column: Mapping[str, Any], ours: Ours) -> Figure:
    sigma2, rho = float(column["sigma2"][0]), float(column["rho"][0])
    share = 0.0005 / sigma2
    weak = f"; a weak check, since sigma2 is known to {share:.0%} only" if share > 0.1 else ""
    claim = Claim(
        f"{path}.loglik",
        SOURCE,
        f"{area}, log-likelihood",
        float(column["loglik"]),
        4,
        "independent",
        remark=f"Gaussian, from the geographic weights and the printed sigma2 = {sigma2:.3f} and rho = {rho:.3f}, "
        f"each known to 0.0005; ours at these very values{weak}",
    )
    return judge(claim, ours.loglik(area, sigma2, rho), interval=ours.loglik_range(area, sigma2, rho, 0.0005))


def _hausman(path: str, area: str, column: Mapping[str, Any]) -> Iterator[Figure]:
    statistic, printed_stars = column["hausman"]
    yield _unpublished(f"{path}.hausman[0]", f"{area}, Hausman", statistic, 2)
    p = float(stats.chi2.sf(statistic, HAUSMAN_DF))
    claim = Claim(
        f"{path}.hausman[1]",
        SOURCE,
        f"{area}, Hausman, stars",
        printed_stars or "no star",
        evidence="printed figures alone",
        remark=f"{p_text(p)} of the printed statistic with {HAUSMAN_DF} degrees of freedom (beta, seven controls), "
        "which the paper does not state",
    )
    yield judge(claim, stars(p))
