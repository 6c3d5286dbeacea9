"""The bootstrap of the package draw for draw, in eleven cities: every interval it offers, and its test.

What `small_samples` pools over replications is run here through the public door in each of them, so that intervals
that need a distribution of their own (BCa) have one, and so that the pooling has a witness.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

import spatialconv as sc
from tests.simulation.small_samples import (
    BETAS,
    ERRORS,
    KINDS,
    LEVEL,
    RHOS,
    Case,
    Estimated,
    Sample,
    draw,
    fitted,
    free,
    imposed,
    resampled,
)
from tests.simulation.worlds import world

METHODS = ("percentile", "basic", "bca", "bootstrap-t")
DRAWS = 999


def cases() -> Iterator[Case]:
    """Every kind of effects and beta, direct approach, without dependence, normal errors."""
    for kind, beta in product(KINDS, BETAS):
        yield Case(kind=kind, beta=beta)


def one(case: Case, panel: sc.Panel, seed: int) -> dict[str, float]:
    """Return for one panel whether each interval covers, and whether the tests of no convergence reject."""
    graph = world(case.n).graph
    options: dict[str, Any] = {"spatial": "lag", "effects": case.kind}
    found = sc.beta(panel, "v", graph, correction="none", **options)
    around = found.bootstrap(draws=DRAWS, scheme="wild", seed=seed).intervals
    imposed = found.bootstrap(draws=DRAWS, scheme="wild", null="no-convergence", seed=seed).p_values["log_initial"]
    truth = {"log_initial": case.beta, "rho": case.rho, "speed": float(-np.log1p(case.beta))}
    row = {
        f"{term}, {method}": float(around.loc[(term, method), "conf_low"] <= value)
        * float(value <= around.loc[(term, method), "conf_high"])
        for (term, value), method in product(truth.items(), METHODS)
    }
    row["rejects"] = float(imposed <= 1 - LEVEL)
    row["estimate"] = found.beta
    if case.kind in ("region", "two-way"):
        corrected = sc.beta(panel, "v", graph, correction="indirect", seed=seed, **options)
        low, high = corrected.fit.conf_int(LEVEL).loc["log_initial"]
        row |= {"indirect": corrected.beta, "indirect rejects": float(high < 0 or low > 0),
                "log_initial, indirect": float(low <= case.beta <= high)}  # fmt: skip
    return row


def rates(case: Case, draws: int, seed: int) -> dict[str, Any]:
    """Return a row: coverage and rejections in per cent, mean and root mean squared error of the estimates."""
    sample = draw(case, draws, np.random.default_rng([seed, case.T, KINDS.index(case.kind)]))
    rows, lost = [], 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sc.errors.SpatialConvWarning)
        for k in range(draws):
            try:
                rows.append(one(case, as_panel(case, sample, k), seed + k))
            except sc.errors.ModelError:
                lost += 1
    found = pd.DataFrame(rows)
    means = 100 * found.drop(columns=["estimate", "indirect"], errors="ignore").mean()
    row: dict[str, Any] = {"effects": case.kind, "beta": case.beta} | means.to_dict()
    for name in ("estimate", "indirect"):
        if name in found:
            row[f"mean, {name}"] = found[name].mean()
            row[f"rmse, {name}"] = float(np.sqrt(((found[name] - case.beta) ** 2).mean()))
    return row | {"lost": lost}


# ---------------------------------------------------------------------- a bootstrap for each panel, as arrays

# 400 x 0.025 is a whole number, so that the quantiles are draws.
WITHIN = 399
LARGER = ((30, 8), (48, 17))


def conditional_cases() -> Iterator[Case]:
    """Eleven cities under everything that `small_samples` asks; more regions with normal errors, rho = 0.4."""
    approaches = [(k, a) for k in KINDS for a in (False, True) if (k, a) not in (("none", True), ("region", True))]
    for (kind, lee_yu), beta, rho, of in product(approaches, BETAS, RHOS, ERRORS):
        yield Case(11, 4, kind, lee_yu, of, rho, beta)
    for (n, T), (kind, lee_yu), beta in product(LARGER, approaches, (0.0, -0.1)):
        yield Case(n, T, kind, lee_yu, "normal", 0.4, beta)


def conditional(case: Case, panels: int, seed: int) -> dict[str, Any]:
    """Return coverage in per cent where each panel has quantiles of its own: a row of `small_samples` without pooling.

    Random signs; `beta, imposed` draws from the panel's world with the true beta: the grid bootstrap's interval covers
    where its test does not reject, and with beta = 0 its complement is the size of the test of no convergence.
    """
    key = [seed, case.n, KINDS.index(case.kind), ERRORS.index(case.errors), round(10 * case.rho) + 20]
    rng = np.random.default_rng([*key, round(-10 * case.beta), int(case.lee_yu)])
    sample = draw(case, panels, rng)
    fit, own = fitted(case, sample), free(case, sample)
    drifts = "given" if case.kind in ("region", "two-way") else "estimated"
    there = imposed(case, sample, case.beta, drifts)
    inside: dict[str, list[bool]] = {"beta, wild": [], "beta, imposed": [], "rho, wild": []}
    for k in range(panels):
        one_panel = Sample(_again(sample.Y, k), _again(sample.V, k))
        around = fitted(case, resampled(case, one_panel, _world_of(own, k), "wild", rng))
        under = fitted(case, resampled(case, one_panel, _world_of(there, k), "wild", rng))
        for name, t, drawn in (
            ("beta, wild", (fit.beta[k] - case.beta) / fit.se_beta[k], (around.beta - fit.beta[k]) / around.se_beta),
            ("beta, imposed", (fit.beta[k] - case.beta) / fit.se_beta[k], (under.beta - case.beta) / under.se_beta),
            ("rho, wild", (fit.rho[k] - case.rho) / fit.se_rho[k], (around.rho - fit.rho[k]) / around.se_rho),
        ):
            low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
            inside[name].append(bool(low <= t <= high))
    return {
        "n": case.n, "T": case.T, "effects": case.kind, "approach": "Lee-Yu" if case.lee_yu else "direct",
        "errors": case.errors, "rho": case.rho, "beta": case.beta, "panels": panels,
    } | {name: 100 * float(np.mean(covered)) for name, covered in inside.items()}  # fmt: skip


def _again(array: Any, k: int) -> Any:
    return np.repeat(array[..., k : k + 1], WITHIN, axis=-1)


def _world_of(worlds: Estimated, k: int) -> Estimated:
    beta, rho = np.full(WITHIN, worlds.beta[k]), np.full(WITHIN, worlds.rho[k])
    effect, residuals, own = (_again(part, k) for part in (worlds.effect, worlds.residuals, worlds.own))
    return Estimated(beta, rho, effect, residuals, own, worlds.given)


def conditional_table(panels: int, seed: int, jobs: int) -> pd.DataFrame:
    """Return a row a case."""
    from spatialconv._parallel import run

    tasks = [(c, panels if c.n == 11 else panels // 2, seed) for c in conditional_cases()]
    return pd.DataFrame(run(conditional, tasks, jobs=jobs, what="panels with quantiles of their own", show=True))


def as_panel(case: Case, sample: Any, k: int) -> sc.Panel:
    """Return one of the samples as the public door takes it."""
    start = sample.V[0, :, 0, k]
    log = np.vstack([start, start + np.cumsum(sample.Y[..., k], axis=0)])
    labels = list(world(case.n).graph.unique_ids)
    frame = {"r": labels * (case.T + 1), "t": np.repeat(np.arange(case.T + 1), case.n), "v": np.exp(log).ravel()}
    return sc.Panel(pd.DataFrame(frame), region="r", period="t")


def table(draws: int, seed: int, jobs: int) -> pd.DataFrame:
    """Return a row a case."""
    from spatialconv._parallel import run

    return pd.DataFrame(run(rates, [(c, draws, seed) for c in cases()], jobs=jobs, what="nested", show=True))
