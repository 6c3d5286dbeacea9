"""Designs of short panels, and what is asked of every panel: tests and sets, each with its own quantiles.

A cell is drawn in blocks of panels from generators of their own, so that a study may stop after any block and go on
later: sums over panels are kept, from which shares, means and their Monte Carlo errors follow.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from itertools import product
from typing import Any

import numpy as np
from scipy import stats

from spatialconv._core.few_periods.bounds import World, power
from spatialconv._core.few_periods.combine import verdict
from spatialconv._core.few_periods.exact import exact
from spatialconv._core.few_periods.imposed import Normals, Setup, outcome
from spatialconv._core.few_periods.likelihood import HIGHEST, LOWEST
from spatialconv._core.few_periods.profile import ask
from spatialconv._core.few_periods.sample import Sample, rebuild
from spatialconv._core.few_periods.sets import accepted
from tests.simulation.small_samples import DRIFT, SIGMA, initial
from tests.simulation.worlds import FloatArray, world

BLOCK, DRAWS, SEED = 50, 199, 1
# Every so many panels of a cell its sets are looked for; bounds of power rest on so many draws.
SETS_EVERY, BOUND_DRAWS = 10, 4000
ERRORS = ("normal", "skewed", "heteroskedastic", "persistent", "measured")
PERSISTENCE, MEASUREMENT, CONTROL = 0.3, 0.1, 0.25
ONE_OFF = -4.0
NAMES = ("ratio_below", "ratio_two", "joint_below", "joint_two")


@dataclass(frozen=True)
class Design:
    """A world: regions, spans, effects, errors, rho, beta, spread of drifts (sigma), a control, whether sets are asked.

    `spread` ONE_OFF is one region four sigma off; a control is correlated with the drifts, by half.
    """

    n: int = 11
    T: int = 4
    effects: str = "two-way"
    errors: str = "normal"
    rho: float = 0.0
    beta: float = 0.0
    spread: float = 0.0
    control: bool = False
    sets: bool = False

    @property
    def key(self) -> str:
        """Name by which its panels are drawn; whether sets are asked changes none."""
        own = [getattr(self, f.name) for f in fields(self) if f.name != "sets"]
        return "/".join(map(str, own))


SIZES = ((11, 4), (31, 8), (48, 16))
EFFECTS = ("two-way", "region")


def designs() -> Iterator[Design]:
    """Yield all cells, those first that say most: sizes, unequal variances, drifts, power, what breaks tests."""
    for (n, T), effects in product(SIZES, EFFECTS):
        yield Design(n, T, effects)
    for (n, T), effects, errors in product(SIZES, EFFECTS, ("heteroskedastic", "skewed")):
        yield Design(n, T, effects, errors)
    for effects, spread in product(EFFECTS, (1.0, 0.5, 2.0, ONE_OFF)):
        yield Design(11, 4, effects, spread=spread)
    for effects, beta in product(EFFECTS, (-0.2, -0.1, -0.3)):
        yield Design(11, 4, effects, beta=beta, sets=True)
    for effects, beta in product(EFFECTS, (-0.1, -0.05)):
        yield Design(31, 8, effects, beta=beta, sets=True)
    for effects, errors in product(EFFECTS, ("measured", "persistent")):
        yield Design(11, 4, effects, errors)
    for effects, rho in product(EFFECTS, (0.4, -1.0)):
        yield Design(11, 4, effects, rho=rho)
    for effects in EFFECTS:
        yield Design(11, 4, effects, control=True, spread=1.0)
    for (n, T), effects, spread in product(SIZES[1:], EFFECTS, (1.0, ONE_OFF)):
        yield Design(n, T, effects, spread=spread)
    for effects, beta in product(EFFECTS, (-0.05, -0.1)):
        yield Design(48, 16, effects, beta=beta, sets=True)
    for effects, beta, errors in product(EFFECTS, (-0.2,), ("heteroskedastic", "skewed")):
        yield Design(11, 4, effects, errors, beta=beta, sets=True)
    for effects, beta in product(EFFECTS, (-0.2, -0.3)):
        yield Design(11, 4, effects, beta=beta, spread=1.0, sets=True)


# ---------------------------------------------------------------------- worlds


def drawn(design: Design, panels: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return levels (panels, T + 1, n) and controls (panels, T, n, K); under convergence drifts lead to the mean."""
    d, start = design, initial(design.n)
    drifts = SIGMA * np.abs(d.spread) * rng.standard_normal((panels, 1, d.n))
    if d.spread == ONE_OFF:
        drifts = np.zeros((panels, 1, d.n))
        drifts[:, 0, 0] = ONE_OFF * SIGMA
    x = np.zeros((panels, d.T, d.n, 0))
    h = DRIFT - d.beta * start.mean() + drifts + errors(design, panels, rng)
    if d.control:
        x = (drifts / SIGMA + rng.standard_normal((panels, d.T, d.n)))[..., None]
        h = h + CONTROL * x[..., 0]
    levels = rebuild(Sample.of(np.zeros((d.T, d.n)), start, None, world(d.n).dense), h, d.beta, d.rho)
    if d.errors == "measured":
        levels = levels + MEASUREMENT * rng.standard_normal(levels.shape)
    return levels, x


def errors(design: Design, panels: int, rng: np.random.Generator) -> FloatArray:
    """Draw errors (panels, T, n) of standard deviation SIGMA."""
    shape = (panels, design.T, design.n)
    if design.errors == "skewed":
        return np.asarray(SIGMA * (rng.chisquare(3, shape) - 3) / np.sqrt(6))
    e = SIGMA * rng.standard_normal(shape)
    if design.errors == "heteroskedastic":
        scale = np.exp(0.6 * rng.standard_normal((panels, 1, design.n)))
        return np.asarray(e * scale / np.sqrt((scale**2).mean(axis=2, keepdims=True)))
    if design.errors == "persistent":
        for t in range(1, design.T):
            e[:, t] = PERSISTENCE * e[:, t - 1] + np.sqrt(1 - PERSISTENCE**2) * e[:, t]
    return e


# ---------------------------------------------------------------------- what is asked


def block(design: Design, seed: int, which: int) -> dict[str, float]:
    """Return the sums over the panels of one block."""
    rng = np.random.default_rng([seed, zlib.crc32(design.key.encode()), which])
    levels, X = drawn(design, BLOCK, rng)
    sums: dict[str, float] = {"panels": float(BLOCK)}

    def add(name: str, value: float) -> None:
        sums[name] = sums.get(name, 0.0) + float(value)

    samples = [sample_of(design, levels[k], X[k]) for k in range(BLOCK)]
    for k, sample in enumerate(samples):
        setup = Setup.of(sample)
        normals = Normals.draw(sample, DRAWS, np.random.default_rng([seed, which, k]))
        for name, value in {"zero": 0.0, "true": design.beta}.items():
            if name == "true" and design.beta == 0:
                continue
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                found = verdict(outcome(setup, value, normals))
            for test in NAMES:
                add(f"{name}: {test}", getattr(found, test) <= 0.05)
            both = found.ratio_below <= 0.05, found.joint_below <= 0.05
            add(f"{name}: disagree", both[0] != both[1])
        parts = exact(sample, sample.levels[None], 0.0, design.rho)
        add("zero: t", stats.t.cdf(parts.t[0], parts.t_dof) <= 0.05)
        add("zero: F", stats.f.cdf(parts.F[0], *parts.F_dof) <= 0.05)
        if design.sets and k % SETS_EVERY == 0:
            _sets(setup, normals, add)
    return sums


def sample_of(design: Design, levels: FloatArray, X: FloatArray) -> Sample:
    """Return the sample of one panel: levels (T + 1, n), controls (T, n, K)."""
    return Sample.of(np.diff(levels, axis=0), levels[0], X, world(design.n).dense, two_way=design.effects == "two-way")


def _sets(setup: Setup, normals: Normals, add: Callable[[str, float], None]) -> None:
    """Look for the sets of 95 % by both tests, and add up their lengths, cut at what is asked."""
    best = float(setup.best.b[0])
    for test, name in (("ratio_two", "ratio"), ("joint_two", "robust")):
        curve: dict[float, float] = {}

        def p(value: float, test: str = test, curve: dict[float, float] = curve) -> float:
            if value not in curve:
                found = ask(setup, value, normals, 0.05, (test,), False)
                curve[value] = float(getattr(found.verdict, test))
            return curve[value]

        ends = accepted(p, best, LOWEST, HIGHEST, 0.05)
        add(f"{name} set: asked", 1)
        if np.isnan(ends.low):
            add(f"{name} set: empty", 1)
            continue
        add(f"{name} set: without an end", np.isinf(ends.low) or np.isinf(ends.high))
        length = min(ends.high, HIGHEST) - max(ends.low, LOWEST)
        add(f"{name} set: length", length)
        add(f"{name} set: length squared", length**2)


def bound(design: Design, seed: int) -> float:
    """Return the power in per cent that no valid test against beta below zero passes in the design's world."""
    rng = np.random.default_rng([seed, zlib.crc32(design.key.encode())])
    levels, X = drawn(Design(design.n, design.T, design.effects, rho=design.rho), 1, rng)
    sample = sample_of(design, levels[0], X[0])
    drift = 0.0 if sample.two_way else DRIFT
    here = World(design.rho, SIGMA**2, drift)
    return 100 * power(Setup.of(sample), here, design.beta, size=0.05, draws=BOUND_DRAWS, seed=seed).bound


def about(design: Design) -> dict[str, Any]:
    """Return what tables say of a cell's world."""
    return {
        "panel": f"{design.n} x {design.T}", "effects": design.effects, "errors": design.errors, "rho": design.rho,
        "spread": "one 4 off" if design.spread == ONE_OFF else design.spread,
        "control": "yes" if design.control else "", "beta": design.beta,
    }  # fmt: skip


def row(design: Design, sums: dict[str, float], limit: float) -> dict[str, Any]:
    """Return the figures of a cell in per cent."""
    count = sums["panels"]
    at = {"zero": "zero", "true": "true" if design.beta else "zero"}
    out = about(design) | {"panels": int(count)}
    for short, name in zip(("ratio <", "ratio", "robust <", "robust"), NAMES, strict=True):
        out[f"true: {short}"] = 100 * sums[f"{at['true']}: {name}"] / count
        out[f"zero: {short}"] = 100 * sums[f"zero: {name}"] / count
    out |= {"t": 100 * sums["zero: t"] / count, "F": 100 * sums["zero: F"] / count}
    out["disagree"] = 100 * sums["zero: disagree"] / count
    out["bound"] = limit
    for name in ("ratio", "robust"):
        asked = sums.get(f"{name} set: asked", 0.0)
        some = asked - sums.get(f"{name} set: empty", 0.0)
        out[f"{name} sets"] = int(asked)
        out[f"{name} length"] = sums.get(f"{name} set: length", 0.0) / some if some else np.nan
        out[f"{name} open"] = 100 * sums.get(f"{name} set: without an end", 0.0) / asked if asked else np.nan
    return out
