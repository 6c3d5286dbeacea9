"""Studies of estimates and intervals: the lag model, its covariances, dynamic models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import spatialconv as sc
from tests.simulation import estimators
from tests.simulation.running import Cell, Each, Results, Study, grid
from tests.simulation.summaries import Summary, summarise, table, words
from tests.simulation.worlds import (
    BETA,
    SIZES,
    Dynamics,
    FloatArray,
    dynamic_sample,
    lag_sample,
    panel,
    unequal_sample,
    world,
)

RHO = 0.4
APPROACHES = ("direct", "Lee-Yu")
OFF = {"above": "Covers too often", "below": "Covers too rarely"}

# ------------------------------------------------------------------ the lag model

QUANTITIES = ("rho", "beta", "direct", "indirect", "total")


def draw_lag(cell: Cell, generators: Sequence[np.random.Generator]) -> FloatArray:
    """Return estimates and standard errors, shape (samples, approaches, quantities, 2), of the same samples."""
    there = world(cell.n)
    samples = [lag_sample(there, g, cell.T, cell["effects"], cell["rho"]) for g in generators]
    out = np.empty((len(samples), len(APPROACHES), len(QUANTITIES), 2))
    for a, approach in enumerate(APPROACHES):
        fits = estimators.lag_models(there, samples, cell["effects"], lee_yu=approach == "Lee-Yu")
        for k, fit in enumerate(fits):
            out[k, a] = np.concatenate([fit.pairs([1, 0]), estimators.average_effects(there, fit, 0)])
    return out


def tell_lag(results: Results) -> str:
    """Return the tables, one a true rho, and what they say."""
    return "\n\n".join(_lag_table(results, rho) for rho in dict.fromkeys(cell["rho"] for cell in results))


def _lag_table(results: Results, rho: float) -> str:
    rows, shares = [], {}
    for cell, values in results.items():
        if cell["rho"] != rho:
            continue
        truth = [rho, BETA, *estimators.true_effects(world(cell.n), BETA, rho)]
        for a, approach in enumerate(APPROACHES):
            found = [summarise(values[:, a, q], truth[q]) for q in range(len(QUANTITIES))]
            model = f"{cell['effects']}, {approach}"
            rows.append([cell.size, model, *_biases(found[:2]), *(s.coverage for s in found), _without(found[0])])
            shares |= {(f"{name}, {model}", cell.size): s.coverage for name, s in zip(QUANTITIES, found, strict=True)}
    header = ["n x T", "effects, approach", "bias of rho", "of beta", *(f"covers {q}" for q in QUANTITIES), "without"]
    return f"### rho = {rho:g}\n\n{table(header, rows)}\n\n{words(shares, **OFF)}"


def _biases(found: Sequence[Summary]) -> list[str]:
    return [s.shown_bias for s in found]


def _without(found: Summary) -> str:
    return f"{100 * found.without:.1f}" if found.without else ""


# ------------------------------------------------------------------ covariances

PATTERNS = {
    "equal": "independent errors of equal variance",
    "unequal": "variances that grow with the square of the regressor",
    "persistent": "errors and regressor autoregressive over time (0.6), regions of unequal variance",
}
COVARIANCES = ("information", "robust", "cluster")


def draw_covariances(cell: Cell, generator: np.random.Generator) -> FloatArray:
    """Return estimates and standard errors of rho and beta, shape (covariances, 2, 2), through the public door."""
    there, pattern = world(cell.n), cell["errors"]
    if pattern == "equal":
        y, x = lag_sample(there, generator, cell.T, "region", RHO)
    else:
        y, x = unequal_sample(there, generator, cell.T, RHO, pattern)
    fit = sc.fit_panel(panel(there, y, x), "y", "x", there.graph, effects="region")
    return np.array([_pairs(fit, vcov) for vcov in COVARIANCES])


def _pairs(fit: sc.models.fitted.PanelFit, vcov: str) -> FloatArray:
    terms = ["rho", "x"]
    try:
        se = fit.with_vcov(vcov).std_errors[terms]
    except sc.errors.ModelError:
        # A variance that is not positive, or none on the bound.
        se = fit.std_errors[terms] * np.nan
    return np.column_stack([fit.params[terms], se])


def tell_covariances(results: Results) -> str:
    """Return the coverage of the intervals by each covariance, and what it says."""
    rows, shares = [], {}
    for cell, values in results.items():
        found = {
            (name, vcov): summarise(values[:, v, q], truth)
            for q, (name, truth) in enumerate((("rho", RHO), ("beta", BETA)))
            for v, vcov in enumerate(COVARIANCES)
        }
        biases = _biases([found[name, "information"] for name in ("rho", "beta")])
        rows.append([cell.size, cell["errors"], *biases, *(s.coverage for s in found.values())])
        shares |= {(f"{n} by {v}, {cell['errors']} errors", cell.size): s.coverage for (n, v), s in found.items()}
    said = "\n".join(f"- {name}: {what}" for name, what in PATTERNS.items())
    columns = [f"covers {name}: {vcov}" for name in ("rho", "beta") for vcov in COVARIANCES]
    header = ["n x T", "errors", "bias of rho", "of beta", *columns]
    return f"Errors are\n\n{said}\n\n{table(header, rows)}\n\n{words(shares, **OFF)}"


# ------------------------------------------------------------------ dynamic models

DYNAMICS = {"lag": Dynamics(tau=0.3, eta=0.1, rho=0.3), "error": Dynamics(tau=0.4, lam=0.4)}
TERMS = {"lag": ("tau", "eta", "beta", "rho"), "error": ("tau", "beta", "lambda")}
STEPS = ("uncorrected", "corrected")


def _truth(spatial: str) -> dict[str, float]:
    d = DYNAMICS[spatial]
    return {"tau": d.tau, "eta": d.eta, "beta": BETA, "rho": d.rho, "lambda": d.lam}


def draw_dynamic_lag(cell: Cell, generator: np.random.Generator) -> FloatArray:
    """Return estimates and standard errors, shape (steps, terms, 2), and in the last row whether corrected."""
    return _draw_dynamic(cell, generator, "lag")


def draw_dynamic_error(cell: Cell, generator: np.random.Generator) -> FloatArray:
    """Return the same with an error process in place of the lag."""
    return _draw_dynamic(cell, generator, "error")


def _draw_dynamic(cell: Cell, generator: np.random.Generator, spatial: str) -> FloatArray:
    there = world(cell.n)
    y, x = dynamic_sample(there, generator, cell.T, cell["effects"], DYNAMICS[spatial])
    fits = estimators.dynamic_model(there, y, x, cell["effects"], spatial)
    done = [[float(fit.corrected)] * 2 for fit in fits]
    places = range(len(TERMS[spatial]))
    return np.array([[*fit.pairs(places), mark] for fit, mark in zip(fits, done, strict=True)])


def tell_dynamic_lag(results: Results) -> str:
    """Return the table of dynamic lag models."""
    return _tell_dynamic(results, "lag")


def tell_dynamic_error(results: Results) -> str:
    """Return the table of dynamic error models."""
    return _tell_dynamic(results, "error")


def _tell_dynamic(results: Results, spatial: str) -> str:
    rows, shares = [], {}
    terms, truth = TERMS[spatial], _truth(spatial)
    for cell, values in results.items():
        for s, step in enumerate(STEPS):
            found = [summarise(values[:, s, q], truth[name]) for q, name in enumerate(terms)]
            left = 100 * (1 - values[:, s, -1, 0].mean()) if step == "corrected" else 0.0
            model = f"{cell['effects']}, {step}"
            covers = [f.coverage for f in found]
            rows.append([cell.size, model, *_biases(found), *covers, f"{left:.1f}" if left else ""])
            shares |= {(f"{name}, {model}", cell.size): c for name, c in zip(terms, covers, strict=True)}
    columns = [*(f"bias of {t}" for t in terms), *(f"covers {t}" for t in terms)]
    header = ["n x T", "effects, bias", *columns, "left"]
    at = ", ".join(f"{name} = {truth[name]:g}" for name in terms)
    return f"True values: {at}.\n\n{table(header, rows)}\n\n{words(shares, **OFF)}"


STUDIES = (
    Study(
        "lag",
        "The lag model, with and without the transformation of Lee and Yu",
        grid("lag", SIZES, rho=(0.0, RHO), effects=("region", "time", "two-way")),
        draw_lag,
        tell_lag,
    ),
    Study(
        "covariances",
        "Covariances of the lag model with region effects (Lee-Yu)",
        grid("covariances", SIZES, errors=tuple(PATTERNS)),
        Each(draw_covariances),
        tell_covariances,
        share=0.25,
    ),
    Study(
        "dynamic-lag",
        "Dynamic lag models, with and without the correction of the bias",
        grid("dynamic-lag", SIZES, effects=("region", "two-way")),
        Each(draw_dynamic_lag),
        tell_dynamic_lag,
        share=0.5,
    ),
    Study(
        "dynamic-error",
        "Dynamic error models, with and without the correction of the bias",
        grid("dynamic-error", SIZES, effects=("region", "two-way")),
        Each(draw_dynamic_error),
        tell_dynamic_error,
        share=0.25,
    ),
)
