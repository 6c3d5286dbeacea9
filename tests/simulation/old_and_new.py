"""Zhejiang and US incomes before and since betas are imposed: `python -m tests.simulation.old_and_new`.

Before: z with its interval, and the studentised beta against panels without convergence whose drifts were shrunk by
what errors added to their spread. Since: the likelihood ratio and the robust score with F, each with its set.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import spatialconv as sc
from spatialconv._core.resampling.intervals import p_two_sided
from spatialconv.convergence.beta.beta import BetaConvergence
from spatialconv.models.small_samples.refits import Engine, World, restricted_world
from tests.simulation.summaries import table_rows

TABLE = Path(__file__).with_name("OLD_AND_NEW.md")
INITIAL = "log_initial"
SPANS = (1, 5, 10)
WHY = """
What changed, and why:

- Zhejiang, region effects: z found convergence by counting the bias of a within estimator as some of it (-0.125 where
  beta is 0, SHORT_PANELS.md); given that no such thing may be assumed, five years of eleven cities decide nothing.
- Zhejiang, two-way effects: z is of no use near beta = 0, where its information is singular; the likelihood ratio finds
  convergence, the robust test does not at 5 %, since it does not take drifts for random. The results say that they
  disagree.
- US incomes, region effects: the bootstrap of a studentised beta rejected (p 0.004) on the side of divergence: it
  drew drifts shrunk towards one another, not as they were estimated. Neither convergence nor divergence is found.
- US incomes, two-way effects: the same bootstrap found nothing (p 0.07 to 0.13); the ratio, which uses the starting
  levels, finds convergence, with sets of beta from -0.075 to -0.022 that lie nearer to zero than z had it.
- Where every beta is rejected, long-run growth is more even than independent errors of single years allow (F): errors
  of measurement, or shocks that die out, are in the levels. The robust test then speaks of these, not of beta.
"""


def regressions() -> Iterator[tuple[str, BetaConvergence]]:
    """Absolute convergence under region and two-way effects: exports of Zhejiang, incomes of 48 states by span."""
    zj, us = sc.datasets.zhejiang(), sc.datasets.us_income()
    for effects in ("region", "two-way"):
        yield f"Zhejiang, 11 x 4, {effects}", sc.beta(zj.panel, "exports", effects=effects)
    for horizon in SPANS:
        for effects in ("region", "two-way"):
            b = sc.beta(us.panel, "income", effects=effects, horizon=horizon)
            yield f"US states, spans of {horizon}, 48 x {b.fit.n_periods}, {effects}", b


def shrunk(world: World) -> World:
    """Return the world as it was drawn before: drifts as spread out as drifts are thought to be, errors free."""
    regions = world.effect.mean(axis=0) - world.effect.mean()
    variance = float((regions**2).sum()) / (len(regions) - 1)
    share = np.sqrt(max(variance - world.pool.s2 / len(world.effect), 0.0) / variance)
    return replace(world, effect=world.effect - (1 - share) * regions, given=False)


def row(b: BetaConvergence, draws: int, seed: int) -> dict[str, Any]:
    """Return what is said of one regression, before and since."""
    low, high = b.conf_int(b.level).loc[INITIAL]
    drawn = Engine.of(b.fit).run(
        shrunk(restricted_world(b.fit, [INITIAL])), draws=draws, rng=np.random.default_rng(seed), scheme="wild"
    )
    before = p_two_sided(float(b.tstats[INITIAL]), drawn.params[:, 0] / drawn.errors[:, 0])
    found = b.infer(draws=draws, seed=seed)
    p = found.test.table["p_lower"]
    return {
        "beta": f"{b.beta:.3f}",
        "before: z": f"[{low:.3f}, {high:.3f}], p {b.pvalues[INITIAL]:.3f}",
        "before: bootstrap, two-sided": f"p {before:.3f}",
        "since: likelihood ratio": f"{found.by_ratio.words}, p {found.p_lower:.3f}, two-sided {found.p_value:.3f}",
        "robust score and F": f"{found.by_robust.words}, p {p['robust score and F']:.3f}",
        "fast growers slow down": f"p {p['t']:.3f}",
        "more even than chance": f"p {p['F']:.3f}",
    }


def standing() -> dict[str, dict[str, str]]:
    """Return the rows of the table as it stands, by the name of their panel."""
    return {row.pop("panel"): row for row in table_rows(TABLE.read_text(encoding="utf-8"))}


def main() -> None:
    """Print the table, or write it."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--draws", type=int, default=999)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--write", action="store_true")
    ask.add_argument("--only", default="", help="only rows whose name has this in it; the others stay as they were")
    given = ask.parse_args()
    rows = standing() if given.only else {}
    for name, b in regressions():
        if given.only not in name:
            continue
        rows[name] = row(b, given.draws, given.seed)
        print(name, rows[name], flush=True)
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("panel").reset_index()
    head = "| " + " | ".join(table.columns) + " |"
    lines = [head, "|" + "---|" * len(table.columns)]
    lines += ["| " + " | ".join(map(str, r)) + " |" for r in table.itertuples(index=False)]
    command = f"python -m tests.simulation.old_and_new --draws {given.draws} --seed {given.seed} --write"
    words = (
        f"# Before and since beta is imposed\n\nMade by `{command}`.\n"
        "Annualised growth on the initial log level, without controls and neighbours. p is against convergence unless\n"
        "said; sets are of 95 %.\n\n"
    )
    if given.write:
        TABLE.write_text(words + "\n".join(lines) + "\n" + WHY, encoding="utf-8")


if __name__ == "__main__":
    main()
