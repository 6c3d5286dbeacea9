"""What tests that impose beta are worth in short panels: `python -m tests.simulation.short_panels`.

Each panel has quantiles of its own. `before` is the studentised beta as version 0.1.0 first drew it (drifts shrunk by
what errors added to their spread, signs of single years drawn), `now` the same given each region's mean growth and
sum of squares (residuals rotated).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.simulation.nested import WITHIN, _again, _world_of
from tests.simulation.small_samples import ERRORS, KINDS, Case, Sample, draw, fitted, imposed, resampled

TABLE = Path(__file__).with_name("SHORT_PANELS.md")
APPROACHES = (("region", False), ("two-way", False), ("two-way", True))
HOW = {"before": "shrunk", "now": "given"}


def cells() -> Iterator[Case]:
    """Eleven cities over four years, three kinds of errors; drifts that differ; convergence that is to be found."""
    for (kind, lee_yu), of in product(APPROACHES, ERRORS):
        yield Case(kind=kind, lee_yu=lee_yu, errors=of)
    for kind, lee_yu in APPROACHES:
        yield Case(kind=kind, lee_yu=lee_yu, spread=1.0)
        yield Case(kind=kind, lee_yu=lee_yu, beta=-0.2)


def studentised(case: Case, panels: int, seed: int) -> dict[str, Any]:
    """Return rejections of beta = 0 in per cent: against beta < 0, and two-sided, before and now."""
    key = [seed, KINDS.index(case.kind), ERRORS.index(case.errors), int(case.lee_yu), round(10 * case.spread)]
    rng = np.random.default_rng([*key, round(-10 * case.beta)])
    sample = draw(case, panels, rng)
    fit = fitted(case, sample)
    z = fit.beta / fit.se_beta
    row: dict[str, Any] = {
        "effects": case.kind, "approach": "Lee-Yu" if case.lee_yu else "direct", "errors": case.errors,
        "spread": case.spread, "beta": case.beta, "panels": panels,
    }  # fmt: skip
    for name, drifts in HOW.items():
        worlds = imposed(case, sample, 0.0, drifts)
        below, outside = [], []
        for k in range(panels):
            one = Sample(_again(sample.Y, k), _again(sample.V, k))
            there = fitted(case, resampled(case, one, _world_of(worlds, k), "wild", rng))
            drawn = there.beta / there.se_beta
            low = (1 + (drawn <= z[k]).sum()) / (1 + WITHIN)
            high = (1 + (drawn >= z[k]).sum()) / (1 + WITHIN)
            below.append(low <= 0.05)
            outside.append(2 * min(low, high) <= 0.05)
        row |= {f"{name}, below": 100 * np.mean(below), f"{name}, two-sided": 100 * np.mean(outside)}
    return row


def main() -> None:
    """Run the study from the command line."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--panels", type=int, default=1000)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--jobs", type=int, default=1)
    given = ask.parse_args()
    from spatialconv._parallel import run

    tasks = [(case, given.panels, given.seed) for case in cells()]
    print(pd.DataFrame(run(studentised, tasks, jobs=given.jobs, what="cells", show=True)).round(1).to_string())


if __name__ == "__main__":
    main()
