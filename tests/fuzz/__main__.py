"""`python -m tests.fuzz KIND [--minutes N] [--seed S] [--once]`: exit status 1 if something came through."""

from __future__ import annotations

import argparse
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import spatialconv as sc
from tests.fuzz.documents import DOCUMENTS
from tests.fuzz.files import GEOMETRIES, PANELS, WEIGHTS
from tests.fuzz.kinds import Kind, Tally, once
from tests.fuzz.toml import TOML

KINDS: dict[str, Kind] = {
    "toml": TOML,
    "documents": DOCUMENTS,
    "panels": PANELS,
    "geometries": GEOMETRIES,
    "weights": WEIGHTS,
}


def run(kind: Kind, *, seed: int, minutes: float = 0.0, count: int = 0, said: Path | None = None) -> Tally:
    """Try pieces with seeds from `seed` on, so many or until the time is over; `said` tells which is being tried."""
    tally = Tally()
    start, end = seed, time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sc.study.example(folder)
        while tally.tried < count if count else time.monotonic() < end:
            if said is not None:
                said.write_bytes(pickle.dumps((start + tally.tried, tally)))
            once(kind, start + tally.tried, folder, tally)
    return tally


def survived(name: str, *, seed: int, minutes: float) -> Tally:
    """Try pieces in a process of its own: one that ends it (SIGSEGV in a library) is a fault, and the next follows."""
    end, total = time.monotonic() + 60 * minutes, Tally()
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said"
        while (left := end - time.monotonic()) > 0:
            command = [sys.executable, "-m", "tests.fuzz", name, "--seed", str(seed), "--said", str(said)]
            done = subprocess.run([*command, "--minutes", str(left / 60)], check=False, stderr=subprocess.DEVNULL)
            at, tally = pickle.loads(said.read_bytes())
            total.add(tally)
            if done.returncode == 0:
                break
            total.tried += 1
            total.outcomes["faults"] += 1
            how = f"signal {-done.returncode}" if done.returncode < 0 else f"status {done.returncode}"
            total.faults.setdefault(f"the process was ended by {how}", at)
            seed = at + 1
    return total


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--once", action="store_true", help="only the piece of this seed")
    parser.add_argument("--said", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.said:
        tally = run(KINDS[asked.kind], seed=asked.seed, minutes=asked.minutes, said=asked.said)
        asked.said.write_bytes(pickle.dumps((0, tally)))
        return 0
    if asked.once:
        tally = run(KINDS[asked.kind], seed=asked.seed, count=1)
    else:
        tally = survived(asked.kind, seed=asked.seed, minutes=asked.minutes)
    print(f"{asked.kind}, from seed {asked.seed} on: {tally}")
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
