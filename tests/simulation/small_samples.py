"""What tests and intervals of beta convergence are worth in small panels: `python -m tests.simulation.small_samples`.

Growth makes the next level. Asymptotic inference (direct and Lee-Yu) stands beside the bootstrap of the package:
errors drawn from rescaled residuals, or from residuals with random signs, sent through space and time; p-values with
the null of no convergence imposed, studentised intervals around the estimates, and those of the grid bootstrap, which
imposes each beta in turn. Bootstraps are run at warp speed (Giacomini, Politis and White 2013): one bootstrap sample
for each replication, pooled over the replications, which gives the size of the test and the coverage of the interval
at the price of a few samples instead of thousands. Pooled quantiles cannot stand for tests given each panel's own means
of growth, which is how the package imposes a beta under region and two-way effects: the worlds here shrink drifts by
what errors added to their spread instead, as it did before. `short_panels` sets both side by side with quantiles of
each panel's own, `nested` runs the bootstrap of the package draw for draw, `hausman_sizes` Hausman's test.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

import spatialconv as sc
from spatialconv._core.likelihood.effects import Projection, projection
from spatialconv._core.likelihood.maximise import search_window
from spatialconv._core.resampling.batch import Setting, fit_batch
from spatialconv._core.resampling.recursive import Feedback, Model, rebuild
from spatialconv._core.resampling.refit import Squares, lag_refits
from tests.simulation.worlds import FloatArray, world

DRIFT, SIGMA, LEVEL = 0.35, 0.25, 0.95
ERRORS = ("normal", "skewed", "heteroskedastic")
SIZES = ((11, 4), (30, 8), (48, 17))
KINDS = ("none", "time", "region", "two-way")
RHOS, BETAS = (-1.0, 0.0, 0.4), (0.0, -0.1, -0.3)
SCHEMES = ("residual", "wild")
DRIFTS = ("estimated", "shrunk", "none")
# Rounds of scaling by region, which time effects mix again.
ROUNDS = 50
# Panels that are drawn and fitted as one array: more would not fit into a processor's memory.
BLOCK, SMALLER = 2500, 500
TABLE = Path(__file__).with_name("SMALL_SAMPLES.md")
FIGURE = Path(__file__).parents[2] / "notebooks" / "figures" / "small_samples.png"


@dataclass(frozen=True)
class Case:
    """A world and an estimator: regions, periods of growth, effects, approach, errors, rho, beta, spread of drifts.

    `spread` is the standard deviation of the regions' drifts in units of that of the errors.
    """

    n: int = 11
    T: int = 4
    kind: str = "time"
    lee_yu: bool = False
    errors: str = "normal"
    rho: float = 0.0
    beta: float = 0.0
    spread: float = 0.0


class Sample(NamedTuple):
    """Growth (T, N, B) and the levels it starts from (T, N, 1, B)."""

    Y: FloatArray
    V: FloatArray


class Fits(NamedTuple):
    """Estimates and standard errors, shape (B,); those of rho NaN where the model has none."""

    beta: FloatArray
    rho: FloatArray
    se_beta: FloatArray
    se_rho: FloatArray


# ---------------------------------------------------------------------- worlds


def initial(n: int) -> FloatArray:
    """Return log levels to start from: the cities' exports of 2016, or as many values as spread out."""
    if n == 11:
        return np.asarray(np.log(sc.datasets.zhejiang().panel.values("exports")[0]))
    return np.random.default_rng(n).normal(3.0, 1.5, n)


def errors(case: Case, draws: int, rng: np.random.Generator) -> FloatArray:
    """Draw errors (T, N, draws) of standard deviation SIGMA: normal, chi-squared, or with a variance a region."""
    shape = (case.T, case.n, draws)
    if case.errors == "skewed":
        return np.asarray(SIGMA * (rng.chisquare(3, shape) - 3) / np.sqrt(6))
    e = SIGMA * rng.standard_normal(shape)
    if case.errors == "heteroskedastic":
        scale = np.exp(0.6 * rng.standard_normal((1, case.n, draws)))
        e = e * scale / np.sqrt((scale**2).mean(axis=1, keepdims=True))
    return e


def feedback(T: int) -> Feedback:
    """Growth makes the next level."""
    return Feedback(0, None, np.arange(T) - 1, np.ones(T), carry=True)


def draw(case: Case, draws: int, rng: np.random.Generator) -> Sample:
    """Draw panels; under convergence drifts lead regions to levels around the initial mean."""
    there, start = world(case.n), initial(case.n)
    X = np.broadcast_to(start, (case.T, case.n))[..., None].copy()
    common = DRIFT - case.beta * start.mean()
    drifts = SIGMA * case.spread * rng.standard_normal((1, case.n, draws))
    model = Model(X, np.array([case.beta]), np.full((case.T, case.n), common), case.rho, 0.0, there.W, None, there.W,
                  feedback(case.T))  # fmt: skip
    Y, V = rebuild(model, errors(case, draws, rng) + drifts)
    assert V is not None
    return Sample(Y, V)


# ---------------------------------------------------------------------- the estimator, for all panels at once


def setting(case: Case, *, beta: bool) -> Setting:
    """Return what all fits share; without beta the model of no convergence."""
    there = world(case.n)
    project = projection(case.kind, case.T, case.n, lee_yu=case.lee_yu)
    ones = np.ones((case.T, case.n, 1)) if case.kind == "none" else np.empty((case.T, case.n, 0))
    fixed = (0,) if case.kind == "none" else ()
    made = (len(fixed),) if beta else ()
    return Setting(ones, fixed, made, project, there.W, there.logdet.eigenvalues, search_window(there.logdet))


def fitted(case: Case, sample: Sample) -> Fits:
    """Fit growth on the initial level, its neighbours' growth and the effects."""
    how = setting(case, beta=True)
    found = fit_batch(how, sample.Y, sample.V)
    assert found.cov is not None
    at = how.made[0]
    variances = np.einsum("bii->bi", found.cov)
    return Fits(found.beta[:, at], found.rho, np.sqrt(variances[:, at]), np.sqrt(variances[:, at + 1]))


class Estimated(NamedTuple):
    """A world of its own for each panel: beta, rho (B,), effects and residuals, rescaled and as they are (T, N, B).

    `given` draws errors that leave effects and the sum of squares of each region as they were estimated.
    """

    beta: FloatArray
    rho: FloatArray
    effect: FloatArray
    residuals: FloatArray
    own: FloatArray
    given: bool = False


def free(case: Case, sample: Sample) -> Estimated:
    """Return the worlds in which the estimates are the truth."""
    found = fit_batch(setting(case, beta=True), sample.Y, sample.V, errors=False)
    return _world(case, sample, found.beta[:, -1], found.rho, "estimated")


def imposed(case: Case, sample: Sample, beta: float, drifts: str) -> Estimated:
    """Return the worlds with a given beta, everything else estimated under it."""
    how = setting(case, beta=False)
    y, wy = (without(case, how.project, Z) for Z in (sample.Y - beta * sample.V[:, :, 0], lagged(case.n, sample.Y)))
    y, wy = (Z.reshape(-1, Z.shape[2]) for Z in (y, wy))
    curve = np.einsum("nb,nb->b", wy, wy)
    centre = np.einsum("nb,nb->b", y, wy) / curve
    e = y - centre * wy
    assert how.eigenvalues is not None
    rho = lag_refits(
        Squares(np.einsum("nb,nb->b", e, e), centre, curve),
        dof=how.project.dof,
        J=how.project.J,
        eigenvalues=how.eigenvalues,
        shift=how.project.shift,
        bounds=how.bounds,
    )
    return _world(case, sample, np.full_like(rho, beta), rho, drifts)


def _world(case: Case, sample: Sample, beta: FloatArray, rho: FloatArray, drifts: str) -> Estimated:
    raw = sample.Y - rho * lagged(case.n, sample.Y) - beta * sample.V[:, :, 0]
    project = projection(case.kind, case.T, case.n, lee_yu=False)
    e = without(case, project, raw)
    left = (case.n - project.over_regions) * (case.T - project.over_periods) - (case.kind == "none")
    s2 = (e**2).sum(axis=(0, 1)) / left
    effect = raw - e
    effect = with_drifts(effect, s2, drifts) if case.kind in ("region", "two-way") else effect
    return Estimated(beta, rho, effect, e * np.sqrt(case.T * case.n / left), e, drifts == "given")


def without(case: Case, project: Projection, Z: FloatArray) -> FloatArray:
    """Return what effects, or the constant where there are none, leave of Z (T, N, B)."""
    return np.asarray(Z - Z.mean(axis=(0, 1)) if case.kind == "none" else project(Z))


def with_drifts(effect: FloatArray, s2: FloatArray, how: str) -> FloatArray:
    """Keep the regions' drifts as estimated, shrink them by what errors added to their spread, or take one for all."""
    if how in ("given", "estimated"):
        return effect
    regions = effect.mean(axis=0) - effect.mean(axis=(0, 1))
    variance = (regions**2).sum(axis=0) / (len(regions) - 1)
    true = np.clip(variance - s2 / len(effect), 0, None)
    share = np.sqrt(true / np.where(variance > 0, variance, 1.0)) if how == "shrunk" else np.zeros_like(variance)
    return np.asarray(effect - (1 - share) * regions)


def lagged(n: int, Z: FloatArray) -> FloatArray:
    """Return W Z over the regions."""
    return np.asarray(np.einsum("ij,tjb->tib", world(n).dense, Z))


def resampled(case: Case, sample: Sample, of: Estimated, scheme: str, rng: np.random.Generator) -> Sample:
    """Draw one panel from each world, through space and through time."""
    T, N, B = sample.Y.shape
    if scheme == "wild" and of.given:
        e = rng.standard_normal((T, N, B))
    elif scheme == "wild":
        e = of.residuals * (2.0 * rng.integers(2, size=(T, N, B)) - 1.0)
    else:
        flat = of.residuals.reshape(T * N, B)
        flat = flat - flat.mean(axis=0)
        e = np.take_along_axis(flat, rng.integers(T * N, size=(T * N, B)), axis=0).reshape(T, N, B)
    e = as_given(case, e, of.own) if of.given else e
    spread = np.linalg.inv(np.eye(N) - of.rho[:, None, None] * world(N).dense)
    Y, V = np.empty_like(sample.Y), np.empty_like(sample.V)
    level = sample.V[0, :, 0].copy()
    for t in range(T):
        V[t, :, 0] = level
        Y[t] = np.einsum("bij,jb->ib", spread, of.effect[t] + of.beta * level + e[t])
        level = level + Y[t]
    return Sample(Y, V)


def as_given(case: Case, e: FloatArray, own: FloatArray) -> FloatArray:
    """Return errors without effects, each region's sum of squares over time that of the residuals `own`."""
    project = projection(case.kind, case.T, case.n, lee_yu=False)
    sizes = (own**2).sum(axis=0)
    for _ in range(ROUNDS if case.kind == "two-way" else 1):
        e = project(e)
        e = e * np.sqrt(sizes / (e**2).sum(axis=0))
    e = project(e)
    return np.asarray(e * np.sqrt(sizes.sum(axis=0) / (e**2).sum(axis=(0, 1))))


# ---------------------------------------------------------------------- what comes out


def replications(case: Case, draws: int, seed: int, drifts: Sequence[str] = ("shrunk",)) -> dict[str, FloatArray]:
    """Return the studentised statistics of every replication and of its bootstrap samples, shape (draws,) each."""
    parts = []
    block = BLOCK if case.n == 11 else SMALLER
    for k, start in enumerate(range(0, draws, block)):
        rng = np.random.default_rng([seed, k])
        parts.append(_block(case, min(block, draws - start), rng, drifts))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _block(case: Case, draws: int, rng: np.random.Generator, several: Sequence[str]) -> dict[str, FloatArray]:
    sample = draw(case, draws, rng)
    fit = fitted(case, sample)
    out = {
        "beta": fit.beta,
        "rho": fit.rho,
        "se": fit.se_beta,
        "z": fit.beta / fit.se_beta,
        "t": (fit.beta - case.beta) / fit.se_beta,
        "t_rho": (fit.rho - case.rho) / fit.se_rho,
    }
    own = free(case, sample)
    for scheme in SCHEMES:
        redrawn = fitted(case, resampled(case, sample, own, scheme, rng))
        out[f"t* {scheme}"] = (redrawn.beta - fit.beta) / redrawn.se_beta
        out[f"t_rho* {scheme}"] = (redrawn.rho - fit.rho) / redrawn.se_rho
        out[f"root* {scheme}"] = redrawn.beta - fit.beta
        for drifts in several if case.kind in ("region", "two-way") else ("estimated",):
            under = fitted(case, resampled(case, sample, imposed(case, sample, 0.0, drifts), scheme, rng))
            out[f"z0* {scheme} {drifts}"] = under.beta / under.se_beta
            there = under
            if case.beta != 0:
                true = imposed(case, sample, case.beta, drifts)
                there = fitted(case, resampled(case, sample, true, scheme, rng))
            out[f"t0* {scheme} {drifts}"] = (there.beta - case.beta) / there.se_beta
    return out


def outside(values: FloatArray, draws: FloatArray) -> float:
    """Return the share of values outside the central 95 % of draws; what has no value counts as outside."""
    low, high = np.nanquantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(1 - ((values >= low) & (values <= high)).mean())


def summary(case: Case, drawn: dict[str, FloatArray]) -> dict[str, Any]:
    """Return shares in per cent: rejections of beta = 0, and coverage of beta, rho and the speed."""
    z = stats.norm.ppf((1 + LEVEL) / 2)
    beta, se = drawn["beta"], drawn["se"]
    true = -np.log1p(case.beta)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate, error = -np.log1p(beta), se / (1 + beta)
    row: dict[str, Any] = {
        "n": case.n, "T": case.T, "effects": case.kind, "approach": "Lee-Yu" if case.lee_yu else "direct",
        "errors": case.errors, "rho": case.rho, "beta": case.beta, "draws": len(beta),
        "mean beta": np.nanmean(beta),
        "rejects, z": 100 * float((np.abs(drawn["z"]) > z).mean()),
    }  # fmt: skip
    drifts = "shrunk" if case.kind in ("region", "two-way") else "estimated"
    for scheme in SCHEMES:
        row[f"rejects, {scheme}"] = 100 * outside(drawn["z"], drawn[f"z0* {scheme} {drifts}"])
    row["beta, z"] = 100 * float((np.abs(drawn["t"]) <= z).mean())
    for scheme in SCHEMES:
        # Roots beta* - beta around the estimate: their quantiles, and the same mirrored, which are percentiles.
        roots, root = drawn[f"root* {scheme}"], beta - case.beta
        row[f"beta, percentile {scheme}"] = 100 * (1 - outside(-root, roots))
        row[f"beta, basic {scheme}"] = 100 * (1 - outside(root, roots))
        row[f"beta, {scheme}"] = 100 * (1 - outside(drawn["t"], drawn[f"t* {scheme}"]))
        row[f"beta, grid {scheme}"] = 100 * (1 - outside(drawn["t"], drawn[f"t0* {scheme} {drifts}"]))
    row["rho, z"] = 100 * float((np.abs(drawn["t_rho"]) <= z).mean())
    for scheme in SCHEMES:
        row[f"rho, {scheme}"] = 100 * (1 - outside(drawn["t_rho"], drawn[f"t_rho* {scheme}"]))
    row["speed, z"] = 100 * float((np.abs(rate - true) <= z * error).mean())
    # The studentised interval of the speed is that of beta sent through a monotone function.
    row["speed undefined"] = 100 * float((1 + beta <= 0).mean())
    return row


def drift_row(case: Case, drawn: dict[str, FloatArray]) -> dict[str, Any]:
    """Return the size of the test with the null imposed, by what it takes for the regions' drifts."""
    row: dict[str, Any] = {
        "effects": case.kind,
        "spread of drifts": case.spread,
        "mean beta": np.nanmean(drawn["beta"]),
    }
    return row | {d: 100 * outside(drawn["z"], drawn[f"z0* residual {d}"]) for d in DRIFTS}


# ---------------------------------------------------------------------- the study


def grid() -> Iterator[Case]:
    """Every size under every kind of effects and errors, with and without dependence and convergence."""
    approaches = [(kind, lee_yu) for kind in KINDS for lee_yu in ((False, True) if kind != "none" else (False,))]
    for (n, T), (kind, lee_yu), beta, rho, of in product(SIZES, approaches, BETAS, RHOS, ERRORS):
        yield Case(n, T, kind, lee_yu, of, rho, beta)


def spreads() -> Iterator[Case]:
    """No convergence, and drifts that differ between regions not at all, somewhat, and much."""
    for kind in ("region", "two-way"):
        for spread in (0.0, 0.5, 1.0):
            yield Case(kind=kind, spread=spread)


def detectable(case: Case, draws: int, seed: int, scheme: str, power: float = 0.8) -> float:
    """Return the smallest |beta| that the test with the null imposed finds with a power, on a grid of 0.01."""
    lowest, highest = 0.0, 0.99
    while highest - lowest > 0.0101:
        middle = round((lowest + highest) / 2, 3)
        drawn = replications(replace(case, beta=-middle), draws, seed)
        drifts = "shrunk" if case.kind in ("region", "two-way") else "estimated"
        found = outside(drawn["z"], drawn[f"z0* {scheme} {drifts}"])
        lowest, highest = (lowest, middle) if found >= power else (middle, highest)
    return highest


def study(draws: int, seed: int, jobs: int) -> dict[str, pd.DataFrame]:
    """Run everything."""
    from spatialconv._parallel import run
    from tests.simulation import hausman_sizes, nested

    cases = list(grid())
    main = run(_summary, [(c, draws, seed) for c in cases], jobs=jobs, what="cells", show=True)
    drift = run(_drift, [(c, draws, seed) for c in spreads()], jobs=jobs, what="drifts", show=True)
    powers = [(Case(n, T, kind), scheme) for (n, T), kind, scheme in product(SIZES, KINDS, SCHEMES)]
    tasks = [(c, draws // 5, seed, scheme) for c, scheme in powers]
    found = run(detectable, tasks, jobs=jobs, what="power", show=True)
    smallest = [
        {"n": c.n, "T": c.T, "effects": c.kind, "bootstrap": scheme, "smallest |beta|": v}
        for (c, scheme), v in zip(powers, found, strict=True)
    ]
    return {
        "main": pd.DataFrame(main),
        "drifts": pd.DataFrame(drift),
        "power": pd.DataFrame(smallest),
        "nested": nested.table(draws // 5, seed, jobs),
        "conditional": nested.conditional_table(2 * draws // 25, seed, jobs),
        "hausman": hausman_sizes.table(draws, seed, jobs),
    }


def _summary(case: Case, draws: int, seed: int) -> dict[str, Any]:
    return summary(case, replications(case, draws, seed))


def _drift(case: Case, draws: int, seed: int) -> dict[str, Any]:
    return drift_row(case, replications(case, draws, seed, DRIFTS))


def main() -> None:
    """Run the study from the command line."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--draws", type=int, default=5000)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--jobs", type=int, default=1)
    ask.add_argument("--write", action="store_true", help="write SMALL_SAMPLES.md and the figure")
    given = ask.parse_args()
    from tests.simulation.small_samples_report import figure, text

    found = study(given.draws, given.seed, given.jobs)
    words = text(found, given.draws, given.seed)
    print(words)
    if given.write:
        TABLE.write_text(words, encoding="utf-8")
        figure(found["main"], found["conditional"], FIGURE)


if __name__ == "__main__":
    main()
