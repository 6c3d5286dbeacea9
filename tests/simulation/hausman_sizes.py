"""Size of Hausman's test in small panels, by chi-squared and against panels drawn from the model.

Regions' effects are random and unrelated to the regressor, so that the test should reject in 5 % of the panels.
The Monte Carlo test (`sc.monte_carlo`) is run at warp speed: one panel drawn from each fitted model, pooled.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

import spatialconv as sc
from spatialconv.models.estimation.fit import fit_complete
from spatialconv.models.hypotheses.diagnostics import hausman
from spatialconv.models.small_samples.monte_carlo import _fixed
from spatialconv.models.small_samples.refits import Engine, fitted_world
from tests.simulation.small_samples import ERRORS, RHOS, SIZES
from tests.simulation.worlds import BETA, FloatArray, World, panel, world

LEVEL = 0.05


@dataclass(frozen=True)
class Design:
    """Regions, periods, spatial dependence of the outcome, and the kind of errors."""

    n: int
    T: int
    rho: float
    errors: str


def designs() -> Iterator[Design]:
    """Every size with every dependence and every kind of errors."""
    for (n, T), rho, errors in product(SIZES, RHOS, ERRORS):
        yield Design(n, T, rho, errors)


def draw(design: Design, there: World, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Draw y and x, shape (T, n), of a lag model with random effects; all variances are one."""
    shape = (design.T, design.n)
    x = rng.standard_normal(shape) + rng.standard_normal(design.n)
    e = rng.standard_normal(shape)
    if design.errors == "skewed":
        e = (rng.chisquare(3, shape) - 3) / np.sqrt(6)
    if design.errors == "heteroskedastic":
        scale = np.exp(0.6 * rng.standard_normal(design.n))
        e = e * scale / np.sqrt((scale**2).mean())
    return there.solve(design.rho, 1.0 + BETA * x + rng.standard_normal(design.n) + e), x


def both(design: Design, there: World, rng: np.random.Generator) -> FloatArray:
    """Return p in one panel and in one drawn from the model fitted to it, shape (2,); NaN where there is none."""
    y, x = draw(design, there, rng)
    found = np.full(2, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sc.errors.SpatialConvWarning)
        try:
            fit = sc.fit_panel(panel(there, y, x), "y", "x", there.graph, effects="random")
            found[0] = hausman(_fixed(fit), fit).p_value
            Y, _ = Engine.of(fit).samples(fitted_world(fit), "residual", 1, rng)
            drawn = fit_complete(replace(fit.design, y=np.ascontiguousarray(Y[..., 0])), fit.spec)
            found[1] = hausman(_fixed(drawn), drawn).p_value
        except sc.errors.ModelError:
            pass
    return found


def rejections(design: Design, draws: int, seed: int) -> dict[str, Any]:
    """Return a row: rejections in per cent, asymptotic and Monte Carlo, and panels without a test."""
    there = world(design.n)
    key = [seed, design.n, round(10 * design.rho) + 100, ERRORS.index(design.errors)]
    p = np.array([both(design, there, np.random.default_rng([*key, k])) for k in range(draws)])
    row: dict[str, Any] = {
        "n": design.n, "T": design.T, "errors": design.errors, "rho": design.rho, "draws": draws,
    }  # fmt: skip
    own, drawn = p.T
    known = np.isfinite(own)
    row["chi-squared"] = 100 * float((own[known] <= LEVEL).mean())
    row["Monte Carlo"] = 100 * float((own[known] <= np.nanquantile(drawn, LEVEL)).mean())
    row["undefined"] = int((~known).sum())
    return row


def table(draws: int, seed: int, jobs: int) -> pd.DataFrame:
    """Return a row a design."""
    from spatialconv._parallel import run

    return pd.DataFrame(run(rejections, [(d, draws, seed) for d in designs()], jobs=jobs, what="Hausman", show=True))
