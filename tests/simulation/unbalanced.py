"""Bias of two ways of treating gaps: regions left out period by period, or outcomes integrated out.

Outcomes follow a spatial lag model with region effects that go with the size of regions, in the model as random
intercepts: y = rho W y + x beta + size + e, W five nearest of random points (three in eleven regions), rho 0.5, beta 1,
errors of standard deviation 1. Outcomes are missing at random, or those of the smallest third of the regions in the
first two fifths of the periods; regressors (x and size) are complete. The complete panel is fitted beside them.

    python -m tests.simulation.unbalanced [--size 11x5] [--panels 200] [--write]
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import spatialconv as sc

RHO, BETA, SEED = 0.5, 1.0, 18
SIZES = {"11x5": (11, 5), "31x10": (31, 10), "48x40": (48, 40)}
PATTERNS = ("at random, 15 %", "at random, 30 %", "small regions early")
WAYS = ("complete", "integrate", "omit")
TABLE = Path(__file__).with_name("UNBALANCED.md")


def sample(rng: np.random.Generator, N: int, T: int) -> tuple[pd.DataFrame, Any, np.ndarray]:
    """Draw a panel, its weights and the sizes of the regions."""
    at = rng.random((N, 2))
    apart = np.linalg.norm(at[:, None] - at[None], axis=2) + 9.0 * np.eye(N)
    k = 3 if N < 20 else 5
    A = np.zeros((N, N))
    A[np.arange(N)[:, None], np.argsort(apart, axis=1)[:, :k]] = 1 / k
    size = rng.standard_normal(N)
    x = rng.standard_normal((T, N))
    u = BETA * x + size + rng.standard_normal((T, N))
    y = np.linalg.solve(np.eye(N) - RHO * A, u.T).T
    frame = pd.DataFrame({"i": np.tile(np.arange(N), T), "t": np.repeat(np.arange(T), N), "y": y.ravel()})
    frame = frame.assign(x=x.ravel(), size=np.tile(size, T))
    return frame, sc.weights.from_matrix(A, regions=range(N), standardise="row"), size


def holes(rng: np.random.Generator, pattern: str, size: np.ndarray, T: int) -> np.ndarray:
    """Say which outcomes are missing, shape (T, N)."""
    if pattern == "small regions early":
        return (np.arange(T)[:, None] < round(0.4 * T)) & (size < np.quantile(size, 1 / 3))
    return np.asarray(rng.random((T, len(size))) < float(pattern.split()[-2]) / 100)


def fitted(frame: pd.DataFrame, w: Any, missing: str) -> list[float]:
    """Return rho, beta and whether their 95 % intervals hold the truth."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sc.errors.SpatialConvWarning)
        fit = sc.fit_panel(
            sc.Panel(frame, region="i", period="t"), "y", ["x", "size"], w, effects="none", missing=missing
        )
    ends = fit.conf_int().loc[["rho", "x"]]
    inside = (ends["conf_low"] <= [RHO, BETA]) & (ends["conf_high"] >= [RHO, BETA])
    return [fit.rho, float(fit.params["x"]), *inside.astype(float)]


def run(size: str, panels: int) -> pd.DataFrame:
    """Return bias, root mean squared error and coverage, a row a pattern and way."""
    N, T = SIZES[size]
    found: dict[tuple[str, str], list[list[float]]] = {}
    for k in range(panels):
        rng = np.random.default_rng([SEED, N, k])
        frame, w, sizes = sample(rng, N, T)
        for pattern in PATTERNS:
            gone = frame.assign(y=frame["y"].mask(holes(rng, pattern, sizes, T).ravel()))
            for way in WAYS[1:]:
                found.setdefault((pattern, way), []).append(fitted(gone, w, way))
        found.setdefault(("none", WAYS[0]), []).append(fitted(frame, w, "raise"))
    rows = []
    for (pattern, way), draws in found.items():
        rho, beta, in_rho, in_beta = np.array(draws).T
        row: dict[str, Any] = {"size": size, "missing": pattern, "way": way, "panels": panels}
        for name, values, truth, inside in (("rho", rho, RHO, in_rho), ("beta", beta, BETA, in_beta)):
            row |= {
                f"bias {name}": values.mean() - truth,
                f"se {name}": values.std(ddof=1) / np.sqrt(panels),
                f"rmse {name}": np.sqrt(((values - truth) ** 2).mean()),
                f"covers {name}": 100 * inside.mean(),
            }
        rows.append(row)
    return pd.DataFrame(rows).sort_values(["missing", "way"], ignore_index=True)


def written(table: pd.DataFrame) -> str:
    """Return the table as Markdown."""
    of = "bias of {0} (se) | rmse | covers"
    head = f"| regions x periods | missing | way | panels | {of.format('rho')} | {of.format('beta')} |"
    lines = [head, "|" + " --- |" * 10]
    for row in table.to_dict("records"):
        cells = [str(row[k]) for k in ("size", "missing", "way", "panels")]
        for name in ("rho", "beta"):
            cells.append(f"{row[f'bias {name}']:+.3f} ({row[f'se {name}']:.3f})")
            cells += [f"{row[f'rmse {name}']:.3f}", f"{row[f'covers {name}']:.0f} %"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Print, or with --write append to the table, what a size gives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="11x5")
    parser.add_argument("--panels", type=int, default=200)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    text = written(run(given.size, given.panels))
    print(text)
    if given.write:
        old = (
            TABLE.read_text(encoding="utf-8") if TABLE.exists() else f"# Gaps: left out, or integrated out\n\n{__doc__}"
        )
        TABLE.write_text(f"{old.rstrip()}\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
