"""Bias and spread of every estimate of beta in short panels: `python -m tests.simulation.short_panel_estimates`.

The panels are those on which `short_panels` asks its tests, and more of them. What has a closed form or one equation is
asked for all panels of a block at once, by code of the simulation's own where there is some (Lee-Yu, its jackknife);
what is fitted or drawn one by one comes through `spatialconv.beta`.
"""

from __future__ import annotations

import argparse
import re
import time
import warnings
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import spatialconv as sc
from spatialconv._core.few_periods.sample import Sample
from spatialconv._files.writing import write_whole
from spatialconv.convergence.few_periods import corrections as package
from spatialconv.convergence.few_periods.estimates import RANDOM, ROBUST, SCORES, estimated
from spatialconv.errors import SpatialConvError, SpatialConvWarning
from tests.simulation.short_panel_cells import BLOCK, SEED, Design, designs, drawn, sample_of
from tests.simulation.worlds import FloatArray, world

SUMS = Path(__file__).with_name("short_panel_estimates.csv")
LEE_YU, JACKKNIFE, DYNAMIC, BOOTSTRAP, INDIRECT = "Lee-Yu", "jackknife", "dynamic", "bootstrap", "indirect"
# How many panels a cell is to have: of what costs milliseconds, and of what is fitted or drawn panel by panel.
ASKED = {LEE_YU: 2000, SCORES: 2000, ROBUST: 2000, RANDOM: 2000, JACKKNIFE: 2000}
ASKED |= {DYNAMIC: 1000, BOOTSTRAP: 1000, INDIRECT: 1000}
# The mean of so many draws has a tenth of their spread: half a per cent more of rmse.
DRAWS = 99
Found = tuple[FloatArray, int]


def asked(name: str, design: Design) -> int:
    """Return how many panels a cell is to have: scores that are asked panel by panel cost a tenth of a second each."""
    return 1000 if name in (SCORES, ROBUST) and _alone(design) else ASKED[name]


# ---------------------------------------------------------------------- all panels of a block at once


def _alone(design: Design) -> bool:
    """Whether each panel has controls or a start of its own."""
    return design.control or design.errors == "measured"


def _groups(design: Design, levels: FloatArray, X: FloatArray) -> Iterator[tuple[Sample, FloatArray]]:
    """Yield samples with the levels they are to be asked of: all at once where controls and the start are shared."""
    if _alone(design):
        for k in range(len(levels)):
            sample = sample_of(design, levels[k], X[k])
            yield sample, sample.levels[None]
    else:
        own = levels - levels.mean(axis=2, keepdims=True) * (design.effects == "two-way")
        yield sample_of(design, levels[0], X[0]), own


def by_scores(way: str, design: Design, levels: FloatArray, X: FloatArray) -> Found:
    """Return the estimates of beta (panels,), and of how many panels the adjusted score has no zero."""
    found = [estimated(sample, own, way) for sample, own in _groups(design, levels, X)]
    return np.concatenate([f.b for f in found]), int(sum((f.found == 0).sum() for f in found))


def lee_yu(design: Design, levels: FloatArray, X: FloatArray) -> Found:
    """Return the estimates of beta within regions (Lee and Yu 2010)."""
    return np.concatenate([within(sample, own) for sample, own in _groups(design, levels, X)]), 0


def within(sample: Sample, levels: FloatArray) -> FloatArray:
    """Return the maximum of the likelihood within regions: beta by least squares at each rho of a grid."""
    made = sample.within(sample.variables(levels))
    flat = made.reshape(*made.shape[:2], -1)
    P = flat @ flat.swapaxes(1, 2)
    rhos = np.linspace(*sample.window(), 401)
    logdet = np.log(np.abs(1 - rhos[:, None] * sample.eigenvalues)).sum(axis=1)
    g, wg, y = 0, 1, P.shape[1] - 1
    b = (P[:, g, y, None] - rhos * P[:, wg, y, None]) / P[:, y, y, None]
    c = np.stack([np.ones_like(b), np.broadcast_to(-rhos, b.shape), -b], axis=-1)
    e = np.einsum("bri,bij,brj->br", c, P, c)
    best = ((sample.T - 1) * logdet - sample.dof_within / 2 * np.log(e)).argmax(axis=1)
    return np.asarray(b[np.arange(len(b)), best])


def jackknife(design: Design, levels: FloatArray, X: FloatArray) -> Found:
    """Return 2 b less the mean of b over both halves of the periods (Dhaene and Jochmans 2015); T is even."""
    cut = design.T // 2
    halves = [(levels[:, : cut + 1], X[:, :cut]), (levels[:, cut:], X[:, cut:])]
    # Each panel's second half starts where its own first one ended.
    parts = [np.concatenate([_half(design, own[k], x[k]) for k in range(len(levels))]) for own, x in halves]
    return 2 * lee_yu(design, levels, X)[0] - (parts[0] + parts[1]) / 2, 0


def _half(design: Design, levels: FloatArray, X: FloatArray) -> FloatArray:
    sample = sample_of(design, levels, X)
    return within(sample, sample.levels[None])


# ---------------------------------------------------------------------- one panel at a time


def fitted(design: Design, levels: FloatArray, X: FloatArray) -> Any:
    """Return the growth regression of one panel through the public door: levels (T + 1, n), controls (T, n, K)."""
    w = world(design.n)
    names, years = list(w.graph.unique_ids), range(design.T + 1)
    index = pd.MultiIndex.from_product([names, years], names=["region", "year"])
    frame = pd.DataFrame({"v": np.exp(levels.T.ravel())}, index=index)
    controls = []
    if design.control:
        # Controls are taken where a span begins; what stands in the last year is not asked.
        frame["x"], controls = np.vstack([X[..., 0], X[-1:, :, 0]]).T.ravel(), ["x"]
    panel = sc.Panel(frame.reset_index(), region="region", period="year")
    return sc.beta(panel, "v", w.graph, spatial="lag", effects=design.effects, controls=controls)


def one_by_one(ways: dict[str, Callable[[Any, int], float]], design: Design, levels: FloatArray, X: FloatArray,
               seed: int) -> dict[str, Found]:  # fmt: skip
    """Return what each way finds in each panel, and in how many panels it finds nothing."""
    out: dict[str, list[float]] = {name: [] for name in ways}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpatialConvWarning)
        for k in range(len(levels)):
            fit = fitted(design, levels[k], X[k]).fit
            for name, way in ways.items():
                try:
                    out[name].append(way(fit, seed + k))
                except SpatialConvError:
                    out[name].append(np.nan)
    values = {name: np.array(found) for name, found in out.items()}
    return {name: (found[np.isfinite(found)], int((~np.isfinite(found)).sum())) for name, found in values.items()}


ONE_BY_ONE: dict[str, Callable[[Any, int], float]] = {
    DYNAMIC: lambda fit, _: package.by_dynamic_model(fit, within=True)[0],
    BOOTSTRAP: lambda fit, seed: package.by_bootstrap(fit, DRAWS, seed, 1)[0],
    INDIRECT: lambda fit, seed: package.by_indirect_inference(fit, DRAWS, seed, 1)[0],
}
AT_ONCE: dict[str, Callable[[Design, FloatArray, FloatArray], Found]] = {
    LEE_YU: lee_yu,
    SCORES: lambda *of: by_scores(SCORES, *of),
    ROBUST: lambda *of: by_scores(ROBUST, *of),
    RANDOM: lambda *of: by_scores(RANDOM, *of),
    JACKKNIFE: jackknife,
}


# ---------------------------------------------------------------------- sums over panels


def block(design: Design, which: int, names: list[str]) -> dict[str, Found]:
    """Return what the ways named find in the panels of one block."""
    levels, X = drawn(design, BLOCK, np.random.default_rng([SEED, zlib.crc32(design.key.encode()), which]))
    found = {name: AT_ONCE[name](design, levels, X) for name in names if name in AT_ONCE}
    ways = {name: way for name, way in ONE_BY_ONE.items() if name in names}
    if ways:
        found |= one_by_one(ways, design, levels, X, which * BLOCK)
    return found


def stored() -> pd.DataFrame:
    """Return sums over panels by cell and way: panels, lost (no zero, or no estimate), sum and squares of errors."""
    columns = ["panels", "lost", "sum", "squares"]
    if not SUMS.exists():
        return pd.DataFrame(columns=columns, index=pd.MultiIndex.from_arrays([[], []], names=["cell", "way"]))
    return pd.read_csv(SUMS, index_col=["cell", "way"])


def store(sums: pd.DataFrame) -> None:
    """Write them, as a whole or not at all."""
    write_whole(SUMS, sums.to_csv())


def more(designs_: list[Design], *, seconds: float) -> None:
    """Draw blocks of the cells in turn until each way has its panels, or the processor time is used up."""
    sums, started = stored(), time.process_time()
    for design in designs_:
        for which in range(max(ASKED.values()) // BLOCK):
            due = [
                name
                for name in ASKED
                if which * BLOCK < asked(name, design)
                and ((design.key, name) not in sums.index or sums.loc[(design.key, name), "panels"] <= which * BLOCK)
            ]
            if not due:
                continue
            if time.process_time() - started > seconds:
                return
            for name, (values, lost) in block(design, which, due).items():
                errors = values - design.beta
                own = pd.Series([BLOCK, lost, errors.sum(), (errors**2).sum()], sums.columns, dtype=float)
                key = (design.key, name)
                sums.loc[key, :] = own + (sums.loc[key] if key in sums.index else 0.0)
            store(sums)
        print(f"{design.key}: {time.process_time() - started:.0f} s", flush=True)


def table() -> pd.DataFrame:
    """Return by cell and way: panels, bias, rmse, and the per cent of panels that are lost."""
    sums = stored()
    # A score without a zero leaves the nearest beta; elsewhere nothing is left to count.
    left = sums["panels"] - sums["lost"] * sums.index.get_level_values("way").isin(list(ONE_BY_ONE))
    return pd.DataFrame(
        {
            "panels": sums["panels"],
            "bias": sums["sum"] / left,
            "rmse": np.sqrt((sums["squares"] / left).astype(float)),
            "lost": 100 * sums["lost"] / sums["panels"],
        }
    )


def main() -> None:
    """Add panels from the command line."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--cells", default="", help="only cells whose key matches, as in 11/4/two-way")
    ask.add_argument("--seconds", type=float, default=float("inf"), help="processor time after which no block begins")
    given = ask.parse_args()
    more([d for d in designs() if re.search(given.cells, d.key)], seconds=given.seconds)


if __name__ == "__main__":
    main()
