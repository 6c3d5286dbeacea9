"""How time and memory grow with the number of regions: each figure at several sizes, and the slope between them.

Times are of the processor, of one run, with one thread of the linear algebra, as other work on the machine moves them
least. Each size has a process of its own. Memory is what a run takes at its peak beyond what its process already held.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tests.benchmarks.measure import Row, duration, faster, peak_gib

# Threads that spin for a share of the cores would count as time of the processor.
ALONE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
SIZES = (1_000, 5_000, 30_000)
# Pages and pools of the interpreter come in pieces: below this much, a slope of memory is one of noise.
LEAST_GIB = 0.02
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")

Run = Callable[[], object]


@dataclass(frozen=True)
class Growth:
    """What is measured: `make(n)` builds the input of n regions and returns what is to be timed.

    `peer` does the same for a package that has the figure too, at most at `peer_most` regions. That the two agree is
    a matter of the tests.
    """

    make: Callable[[int], Run]
    asked: str
    sizes: tuple[int, ...] = SIZES
    peer: tuple[str, Callable[[int], Run]] | None = None
    peer_most: int = 30_000


@dataclass(frozen=True)
class Measured:
    """Seconds of the processor and GiB of one run."""

    seconds: float
    gib: float


def measured(run: Run) -> Measured:
    """Return time and peak of one run."""
    before = _peak_reset()
    start = time.process_time()
    run()
    seconds = time.process_time() - start
    return Measured(seconds, max(0.0, _peak() - before))


def _peak_reset() -> float:
    """Make the peak begin anew where the system can (Linux), and return it."""
    try:
        _RESET.write_text("5", encoding="ascii")
    except OSError:
        return peak_gib()
    return _peak()


def _peak() -> float:
    if _STATUS.exists():
        for line in _STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 2**20
    return peak_gib()


def slope(sizes: list[int], values: list[float]) -> float:
    """Return the order of growth: the exponent b of a n^b by least squares in logarithms."""
    x, y = [math.log(n) for n in sizes], [math.log(v) for v in values]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    across = sum((a - mean_x) ** 2 for a in x)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / across


def alone(name: str, n: int, who: str) -> Measured | str:
    """Measure one name at one size in a process of its own; return why where it failed."""
    command = [sys.executable, "-m", "tests.benchmarks.growth", name, str(n), who]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **ALONE})
    if done.returncode != 0:
        return f"failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}"
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def here(growth: Growth, n: int, who: str) -> Measured:
    """Measure one size in this process."""
    make = growth.peer[1] if who == "peer" and growth.peer is not None else growth.make
    # Peers print; the figures alone belong on stdout.
    with redirect_stdout(sys.stderr):
        return measured(make(n))


def row(name: str, growth: Growth, *, toy: bool = False) -> Row:
    """Return the line of the table: the largest size, and the slopes over all of them."""
    sizes = [36, 64] if toy else list(growth.sizes)

    def one(n: int, who: str) -> Measured | str:
        return here(growth, n, who) if toy else alone(name, n, who)

    case = f"{name}, n = {', '.join(f'{n:,}' for n in sizes)}"
    ours: list[Measured] = []
    for n in sizes:
        found = one(n, "ours")
        if isinstance(found, str):
            return Row(case, found)
        ours.append(found)
    line = Row(case, _orders(sizes, ours), ours[-1].seconds, asked=growth.asked, peak_gib=ours[-1].gib)
    if growth.peer is None:
        return line
    at = max(k for k, n in enumerate(sizes) if n <= growth.peer_most)
    peer = one(sizes[at], "peer")
    against = f"{growth.peer[0]}, n = {sizes[at]:,}"
    if isinstance(peer, str):
        return replace(line, against=against, verdict=peer)
    return replace(line, against=against, reference=peer.seconds, verdict=faster(ours[at].seconds, peer.seconds))


def _orders(sizes: list[int], ours: list[Measured]) -> str:
    """Say how time grows, and memory where it is more than noise."""
    said = f"{', '.join(duration(one.seconds) for one in ours)}: order {slope(sizes, [m.seconds for m in ours]):.2f}"
    held = [(n, one.gib) for n, one in zip(sizes, ours, strict=True) if one.gib > LEAST_GIB]
    return f"{said}; memory {slope(*map(list, zip(*held, strict=True))):.2f}" if len(held) > 1 else said


def main() -> None:
    """Measure one name at one size; print time and memory as JSON."""
    from tests.benchmarks.growing import GROWING

    name, n, who = sys.argv[1:]
    print(json.dumps(asdict(here(GROWING[name], int(n), who))))


if __name__ == "__main__":
    main()
