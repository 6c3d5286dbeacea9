"""What tests and intervals are worth in samples with known answers, and the notes that say so on results.

`data/sizes.csv` is made by `python -m tests.simulation.sizes`: for every test and interval of the package, and for
samples of several sizes and laws of errors, how often a nominal 5 % test rejects a true null and how often a nominal
95 % interval holds the truth. A result whose sample is nearest to one that misses says by how much.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("data") / "sizes.csv"
# What a nominal 5 % test and a nominal 95 % interval may reach before a note says so.
BANDS = {"size": (0.03, 0.07), "coverage": (0.90, 0.97)}
NOMINAL = {"size": 0.05, "coverage": 0.95}
# A share within so many Monte Carlo errors of the nominal value is not known to miss it.
ERRORS = 3
_SAID = {
    "size": ("size", "rejects a true null in", "nominal 5 %"),
    "coverage": ("coverage", "holds the truth in", "nominal 95 %"),
}
# The grid's ends: beyond them the last sample speaks, within them only one of like size.
REGIONS, PERIODS = (11, 100), (4, 40)
LAWS = {"normal": "normal", "lognormal": "lognormal", "t5": "t(5)"}


@dataclass(frozen=True)
class Share:
    """One cell of the table: of so many draws, how often a test rejected or an interval covered.

    `options` are those of the call, as "name=value; …"; "some" and "none" stand for what is there and what is not.
    `T` is 0 where the number of periods plays no part.
    """

    call: str
    options: str
    statistic: str
    kind: str
    n: int
    T: int
    law: str
    value: float
    error: float
    draws: int

    @property
    def outside(self) -> bool:
        """Whether the share lies outside the band of its kind."""
        low, high = BANDS[self.kind]
        return self.value < low or self.value > high

    @property
    def misses(self) -> bool:
        """Whether it lies outside, and further from the nominal value than chance in so many samples explains."""
        nominal = NOMINAL[self.kind]
        error = math.sqrt(nominal * (1 - nominal) / max(self.draws, 1))
        return self.outside and abs(self.value - nominal) > ERRORS * error

    @property
    def sample(self) -> str:
        """The sample in words."""
        return f"{self.n} regions" + (f" and {self.T} period{'s' * (self.T > 1)}" if self.T else "")


@cache
def shares() -> tuple[Share, ...]:
    """Return the table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(
            Share(
                row["call"], row["options"], row["statistic"], row["kind"], int(row["n"]), int(row["T"]), row["law"],
                float(row["value"]), float(row["error"]), int(row["draws"]),
            )
            for row in csv.DictReader(file)
        )  # fmt: skip


@cache
def _by_call() -> dict[str, dict[str, list[Share]]]:
    found: dict[str, dict[str, list[Share]]] = defaultdict(lambda: defaultdict(list))
    for share in shares():
        found[share.call][share.options].append(share)
    return found


def size_notes(call: str, options: Mapping[str, Any], n: int, periods: int) -> tuple[str, ...]:
    """Return what a call's tests and intervals miss in the simulated samples nearest to its own."""
    known = _by_call().get(call)
    if known is None or n < 1:
        return ()
    chosen = tuple(asked for asked in known if matches(asked, options))
    return _notes(call, chosen, n, max(periods, 1)) if chosen else ()


def matches(asked: str, options: Mapping[str, Any]) -> bool:
    """Say whether the options of a call are those of a cell of the table."""
    for part in filter(None, asked.split("; ")):
        name, _, value = part.partition("=")
        given = options.get(name)
        nothing = given in (None, False, "", "none", ())
        if value in ("some", "none"):
            if nothing != (value == "none"):
                return False
        elif str(given) != value:
            return False
    return True


@lru_cache(maxsize=4096)
def _notes(call: str, chosen: tuple[str, ...], n: int, periods: int) -> tuple[str, ...]:
    groups: dict[tuple[str, str], list[Share]] = defaultdict(list)
    for asked in chosen:
        for share in _by_call()[call][asked]:
            groups[share.statistic, share.kind].append(share)
    said: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (statistic, kind), cells in groups.items():
        near = [cell for cell in nearest(cells, n, periods) if like(cell.n, n, REGIONS)]
        near = [cell for cell in near if cell.T == 0 or like(cell.T, periods, PERIODS)]
        off = [
            f"{100 * share.value:.1f} ± {100 * share.error:.1f} % ({LAWS[share.law]})" for share in near if share.misses
        ]
        if off:
            said[kind, near[0].sample].append(f"{statistic} {_SAID[kind][1]} {', '.join(off)}")
    return tuple(
        f"{_SAID[kind][0]} simulated at {sample}, {_SAID[kind][2]}: {'; '.join(parts)}"
        for (kind, sample), parts in said.items()
    )


def nearest(cells: list[Share], n: int, periods: int) -> list[Share]:
    """Return the cells of the sample whose numbers of regions, and then of periods, are nearest in proportion."""
    regions = min({cell.n for cell in cells}, key=lambda there: (abs(math.log(there / n)), there))
    cells = [cell for cell in cells if cell.n == regions]
    span = min({cell.T for cell in cells}, key=lambda there: (abs(math.log(max(there, 1) / periods)), there))
    return [cell for cell in cells if span == cell.T]


def like(drawn: int, mine: int, ends: tuple[int, int]) -> bool:
    """Say whether a simulated size stands for mine: no more than twice or half of it, or the last on its side."""
    least, most = ends
    return 0.5 <= drawn / mine <= 2 or drawn <= least >= mine or drawn >= most <= mine
