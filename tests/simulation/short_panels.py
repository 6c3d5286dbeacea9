"""What tests that impose beta are worth in short panels: `python -m tests.simulation.short_panels`.

Each panel has quantiles of its own. First the studentised beta of `b.bootstrap(null="no-convergence", scheme="wild")`:
`before` as it was first drawn (drifts shrunk by what errors added to their spread, signs of single years), `now` given
each region's mean growth and sum of squares (residuals rotated). Then the tests of `b.inference`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._core.few_periods.combine import verdict
from spatialconv._core.few_periods.imposed import Normals, Setup, outcome
from spatialconv._core.few_periods.sample import Sample as Short
from tests.simulation.nested import WITHIN, _again, _world_of
from tests.simulation.small_samples import ERRORS, KINDS, Case, Sample, draw, fitted, imposed, resampled
from tests.simulation.worlds import world

TABLE = Path(__file__).with_name("SHORT_PANELS.md")
APPROACHES = (("region", False), ("two-way", False), ("two-way", True))
HOW = {"before": "shrunk", "now": "given"}
PANELS, SEED = 600, 1
# Tests of b.inference: their own seed, draws of each panel, and cells with their panels, which cost more.
RATIO_SEED, RATIO_DRAWS = 11, 199
RATIO = (
    (Case(kind="two-way"), 600),
    (Case(kind="two-way", errors="skewed"), 600),
    (Case(kind="two-way", errors="heteroskedastic"), 600),
    (Case(kind="two-way", spread=1.0), 400),
    (Case(kind="two-way", rho=0.4), 400),
    (Case(kind="two-way", beta=-0.2), 600),
    (Case(kind="region"), 400),
    (Case(kind="region", errors="skewed"), 400),
    (Case(kind="region", errors="heteroskedastic"), 400),
    (Case(30, 8, "two-way", errors="heteroskedastic"), 200),
    (Case(30, 8, "two-way", beta=-0.1), 200),
)
NAMES = {
    "ratio_below": "ratio, below",
    "ratio_two": "ratio, two-sided",
    "joint_below": "robust and F, below",
    "joint_two": "robust and F, two-sided",
}


def cells() -> Iterator[Case]:
    """Eleven cities over four years, three kinds of errors; and drifts that differ."""
    for (kind, lee_yu), of in product(APPROACHES, ERRORS):
        yield Case(kind=kind, lee_yu=lee_yu, errors=of)
    for kind, lee_yu in APPROACHES:
        yield Case(kind=kind, lee_yu=lee_yu, spread=1.0)


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


def inferred(case: Case, panels: int, seed: int) -> dict[str, Any]:
    """Return rejections of beta = 0 in per cent by the likelihood ratio, and by the robust score with F."""
    drawn = draw(case, panels, np.random.default_rng(seed))
    W, rows = world(case.n).dense, []
    for k in range(panels):
        sample = Short.of(drawn.Y[..., k], drawn.V[0, :, 0, k], None, W, two_way=case.kind == "two-way")
        normals = Normals.draw(sample, RATIO_DRAWS, np.random.default_rng([seed, k]))
        found = verdict(outcome(Setup.of(sample), 0.0, normals))
        rows.append([getattr(found, name) <= 0.05 for name in NAMES])
    row: dict[str, Any] = {
        "panel": f"{case.n} x {case.T}", "effects": case.kind, "errors": case.errors, "rho": case.rho,
        "spread": case.spread, "beta": case.beta, "panels": panels,
    }  # fmt: skip
    return row | dict(zip(NAMES.values(), 100 * np.mean(rows, axis=0), strict=True))


def text(first: pd.DataFrame, second: pd.DataFrame) -> str:
    """Return SHORT_PANELS.md."""
    return "\n".join(
        [
            "# Tests that impose beta in short panels",
            "",
            "Made by `python -m tests.simulation.short_panels --write`. Rejections of beta = 0 in per cent at",
            "nominal 5 %: sizes where beta is 0, power elsewhere. Worlds are those of SMALL_SAMPLES.md; the spread of",
            "drifts is in standard deviations of the errors. The standard error of a size of 5 % is 0.9 with 600",
            "panels, 1.1 with 400 and 1.5 with 200. Each panel has quantiles of its own.",
            "",
            "## The studentised beta, with no convergence imposed (11 x 4)",
            "",
            "Before: drifts shrunk by what errors add to their spread, signs of single years. Now: means of growth",
            "and sums of squares by region kept, residuals rotated.",
            "",
            *_markdown(first),
            "",
            "## The tests of b.inference",
            "",
            "Below: against convergence.",
            "",
            *_markdown(second),
            "",
        ]
    )


def _markdown(table: pd.DataFrame) -> list[str]:
    shown = table.round(1)
    return [
        "| " + " | ".join(shown.columns) + " |",
        "|" + "---|" * len(shown.columns),
        *("| " + " | ".join(map(str, row)) + " |" for row in shown.itertuples(index=False)),
    ]


def main() -> None:
    """Run the study from the command line."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--jobs", type=int, default=1)
    ask.add_argument("--write", action="store_true", help="write SHORT_PANELS.md")
    given = ask.parse_args()
    from spatialconv._parallel import run

    first = run(studentised, [(c, PANELS, SEED) for c in cells()], jobs=given.jobs, what="studentised", show=True)
    second = run(inferred, [(c, n, RATIO_SEED) for c, n in RATIO], jobs=given.jobs, what="ratio", show=True)
    words = text(pd.DataFrame(first), pd.DataFrame(second))
    print(words)
    if given.write:
        TABLE.write_text(words, encoding="utf-8")


if __name__ == "__main__":
    main()
