"""How much of what is spoilt does the audit find? `python -m tests.auditing [tables a family] [seed]`.

For every family and kind of slip: slips that leave no unrounded figures possible (by the judge of `oracle.py`), the
share of them that the audit finds, findings where the judge sees none broken, and findings in the tables before they
were spoilt, of which there must be none.
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass, field

import numpy as np

import spatialconv as sc
from tests.auditing.oracle import possible
from tests.auditing.spoil import KINDS, spoil
from tests.auditing.tables import FAMILIES, honest


@dataclass
class Tally:
    tables: int = 0
    false: int = 0
    impossible: int = 0  # honest tables that the judge would call impossible: its own errors
    slips: dict[str, list[int]] = field(default_factory=lambda: {k: [0, 0, 0, 0] for k in KINDS})
    missed: list[str] = field(default_factory=list)
    beyond: list[str] = field(default_factory=list)


def measure(family: str, tables: int, seed: int) -> Tally:
    tally = Tally()
    number = list(FAMILIES).index(family)
    for k in range(tables):
        rng = np.random.default_rng([seed, number, k])
        made = honest(family, rng)
        tally.tables += 1
        tally.false += bool(sc.audit(made.given).findings)
        tally.impossible += not possible(made.given)
        for kind in KINDS:
            done = spoil(made.given, kind, rng)
            if done is None:
                continue
            given, what = done
            held = tally.slips[kind]
            held[0] += 1
            breaks, found = not possible(given), bool(sc.audit(given).findings)
            held[1] += breaks
            held[2] += breaks and found
            held[3] += found and not breaks
            if breaks and not found:
                tally.missed.append(f"{family}, {kind}, table {k}: {what}")
            if found and not breaks:
                tally.beyond.append(f"{family}, {kind}, table {k}: {what}")
    return tally


def main(tables: int = 300, seed: int = 2024, shown: int = 0) -> float:
    print(f"{'family':16} {'slip':6} {'slips':>6} {'broken':>7} {'found':>7} {'share':>7}   found though possible")
    broken = found = every = false = wrong = beyond = 0
    for family in FAMILIES:
        tally = measure(family, tables, seed)
        every, false, wrong = every + tally.tables, false + tally.false, wrong + tally.impossible
        for kind, (slips, breaks, caught, more) in tally.slips.items():
            if slips:
                share = f"{caught / breaks:7.1%}" if breaks else "      -"
                print(f"{family:16} {kind:6} {slips:6} {breaks:7} {caught:7} {share}   {more}")
            broken, found, beyond = broken + breaks, found + caught, beyond + more
        for line in tally.missed[:shown]:
            print("    missed:", line)
        for line in tally.beyond[:shown]:
            print("    beyond:", line)
    print(f"{found} of {broken} slips that break an identity beyond rounding are found: {found / broken:.1%}")
    print(f"{false} of {every} honest tables have a finding; the judge calls {wrong} of them impossible; "
          f"{beyond} findings where the judge sees nothing broken")  # fmt: skip
    return found / broken


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(*(int(a) for a in sys.argv[1:4]))
