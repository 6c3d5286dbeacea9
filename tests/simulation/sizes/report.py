"""The table in words: SIZES.md."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from spatialconv._sizes import BANDS, LAWS, Share
from tests.simulation.summaries import table

REPORT = Path(__file__).parents[1] / "SIZES.md"
INTRODUCTION = """# Sizes of tests and coverage of intervals

`python -m tests.simulation.sizes` (`make sizes`) makes this file and `spatialconv/data/sizes.csv`. Every figure is in
per cent: how often a nominal 5 % test rejects a true null ("size"), how often a nominal 95 % interval holds the truth
("coverage"), in samples of n regions (and T periods, where they matter) whose errors are standard normal, lognormal
(exp of a standard normal) or t with 5 degrees of freedom. Regions: for n = 11 the cities of Zhejiang by inverse squared
distance, else random points with five neighbours each. Behind a figure stands the number of samples that have one; the
Monte Carlo error of a share s of R samples is sqrt(s (1 - s) / R): 0.5 points at 5 % of 2,000, 1.0 of 500, 1.5 of 200.

**Bold** lies outside 3 to 7 (90 to 97) and more than three of these errors from 5 (95): results of that sample size say
so in their notes. _Slanted_ lies outside too, but chance may have put it there: more samples have to tell.
"""


def markdown(shares: Sequence[Share], lacking: Sequence[str] = ()) -> str:
    """Return the document; `lacking` names what was not drawn yet."""
    missing, open_ = sum(s.misses for s in shares), sum(s.outside and not s.misses for s in shares)
    parts = [INTRODUCTION, f"{len(shares)} cells; {missing} miss, {open_} may.\n"]
    if lacking:
        parts.append(
            "Still to be drawn (`make sizes` goes on from here):\n\n"
            + "\n".join(f"- {entry}" for entry in lacking)
            + "\n"
        )
    for call, of_call in groupby(shares, lambda share: share.call):
        rows = []
        for _, cells in groupby(of_call, lambda share: (share.options, share.statistic, share.n, share.T)):
            there = {cell.law: cell for cell in cells}
            first = next(iter(there.values()))
            rows.append([
                first.options, first.statistic, first.kind, first.n, first.T or "",
                *(_cell(there[law]) if law in there else "" for law in LAWS),
            ])  # fmt: skip
        header = ["options", "statistic", "kind", "n", "T", *LAWS.values()]
        parts.append(f"## {call}\n\n{table(header, rows)}\n")
    return "\n".join(parts)


def _cell(share: Share) -> str:
    text = "" if share.value != share.value else f"{100 * share.value:.1f}"
    mark = "**" if share.misses else "_" if share.outside else ""
    return f"{mark}{text}{mark} ({share.draws})"


def bands() -> str:
    """Return the bands in words."""
    return ", ".join(f"{kind} {100 * low:g} to {100 * high:g} %" for kind, (low, high) in BANDS.items())
