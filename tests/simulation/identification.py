"""What comes out where weights tell little or nothing: counts of forty data sets of noise a cell.

    python -m tests.simulation.identification [--draws 40]

y and x are independent standard normal noise: rho, lambda and beta are zero, so that whatever is significant is false.
A cell counts what the fit did: refused in words, failed in a library ("crash"), said to be on a bound or in a corner,
said to be weakly identified, or silent; and of the silent ones how many have a spatial coefficient with |z| > 1.96.
"""

from __future__ import annotations

import argparse
import warnings
from collections import Counter
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

import spatialconv as sc
from spatialconv.errors import SpatialConvError

T = 8
OUTCOMES = ("refused", "crash", "bound", "weak", "silent", "false")


def blocks(*sizes: int) -> np.ndarray:
    """Binary links of everybody with everybody within groups of these sizes."""
    label = np.repeat(np.arange(len(sizes)), sizes)
    return (label[:, None] == label).astype(float) - np.eye(len(label))


def bipartite(a: int, b: int) -> np.ndarray:
    """Binary links of all of one side with all of the other."""
    side = np.repeat([0, 1], [a, b])
    return (side[:, None] != side).astype(float)


def grid(rows: int, columns: int) -> np.ndarray:
    """Rook contiguity."""
    i, j = np.divmod(np.arange(rows * columns), columns)
    return (abs(i[:, None] - i) + abs(j[:, None] - j) == 1).astype(float)


WORLDS = {
    "complete 12": blocks(12),
    "pairs 10 x 2": blocks(*[2] * 10),
    "groups 4 x 5": blocks(*[5] * 4),
    "groups 3, 4, 5, 8": blocks(3, 4, 5, 8),
    "bipartite 6 + 6": bipartite(6, 6),
    "bipartite 4 + 8": bipartite(4, 8),
    "star 12": bipartite(1, 11),
    "islands, 3 links": np.block([[blocks(2, 2, 2), np.zeros((6, 6))], [np.zeros((6, 12))]]),
    "two regions": blocks(2),
    "grid 4 x 5": grid(4, 5),
}
MODELS: dict[str, dict[str, Any]] = {
    "SAR": {"spatial": "lag"},
    "SEM": {"spatial": "error"},
    "SARAR": {"spatial": "sarar"},
    "SDM": {"spatial": "lag", "durbin": True},
    "GNS": {"spatial": "sarar", "durbin": True},
    "SAR gmm": {"spatial": "lag", "estimator": "gmm"},
    "SEM gmm": {"spatial": "error", "estimator": "gmm"},
    "SEM gmm robust": {"spatial": "error", "estimator": "gmm", "vcov": "robust"},
    "SARAR gmm": {"spatial": "sarar", "estimator": "gmm"},
}
EFFECTS = ("none", "region", "time", "two-way", "random")


def noise(n: int, rng: np.random.Generator) -> sc.Panel:
    """A panel of noise."""
    frame = pd.DataFrame({"region": np.tile(np.arange(n), T), "period": np.repeat(np.arange(T), n)})
    frame[["y", "x"]] = rng.standard_normal((n * T, 2))
    return sc.Panel(frame, region="region", period="period")


def outcome(panel: sc.Panel, w: Any, **options: Any) -> tuple[str, bool]:
    """What one fit does, and whether a spatial coefficient is significant."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = sc.fit_panel(panel, "y", "x", w, **options)
    except SpatialConvError:
        return "refused", False
    except Exception:
        return "crash", False
    z = fit.tstats[[t for t in ("rho", "lambda") if t in fit.params.index]].abs()
    false = bool((z > 1.96).any())
    if {"rho", "lambda"} & set(fit.at_bound):
        return "bound", false
    weak = getattr(fit, "weak", ())
    return ("weak" if weak else "silent"), false


def cell(links: np.ndarray, draws: int, **options: Any) -> Counter[str]:
    """Count the outcomes of some data sets; "false" are the silent ones with a significant coefficient."""
    n, rng, found = len(links), np.random.default_rng(len(links)), Counter()
    w = sc.weights.from_matrix(links, regions=list(range(n)), standardise="row")
    for _ in range(draws):
        what, false = outcome(noise(n, rng), w, **options)
        found[what] += 1
        found["false"] += false and what == "silent"
    return found


def main() -> None:
    """Print a row for every world, model and effects."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.identification", description=__doc__)
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--only", default="", help="part of the name of a world")
    options = parser.parse_args()
    print("| weights | model | effects | " + " | ".join(OUTCOMES) + " |")
    print("|---|---|---" * 1 + "|---" * len(OUTCOMES) + "|")
    for (name, links), (model, how), effects in product(WORLDS.items(), MODELS.items(), EFFECTS):
        if options.only in name:
            found = cell(links, options.draws, effects=effects, **how)
            counts = " | ".join(str(found[o]) for o in OUTCOMES)
            print(f"| {name} | {model} | {effects} | {counts} |", flush=True)


if __name__ == "__main__":
    main()
