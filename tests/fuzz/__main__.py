"""`python -m tests.fuzz KIND [--minutes N] [--seed S] [--once]`: exit status 1 if something came through."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import spatialconv as sc
from tests.fuzz.kinds import Kind, Tally, once
from tests.fuzz.toml import TOML

KINDS: dict[str, Kind] = {"toml": TOML}


def run(kind: Kind, *, seed: int, minutes: float = 0.0, count: int = 0) -> Tally:
    """Try pieces with seeds from `seed` on, so many or until the time is over."""
    tally = Tally()
    start, end = seed, time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sc.study.example(folder)
        while tally.tried < count if count else time.monotonic() < end:
            once(kind, start + tally.tried, folder, tally)
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--once", action="store_true", help="only the piece of this seed")
    asked = parser.parse_args()
    tally = run(KINDS[asked.kind], seed=asked.seed, minutes=asked.minutes, count=1 if asked.once else 0)
    print(f"{asked.kind}, from seed {asked.seed} on: {tally}")
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
