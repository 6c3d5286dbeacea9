"""Times, memory, and the row that a measurement becomes."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any


@dataclass(frozen=True)
class Row:
    """One line of the table. `verdict` is the ratio in words, `asked` what was aimed at."""

    case: str
    what: str
    seconds: float | None = None
    against: str = ""
    reference: float | None = None
    verdict: str = ""
    asked: str = ""
    peak_gib: float | None = None


COLUMNS = ("case", "what", "time", "against", "its time", "ratio", "asked for", "peak memory")


def best(
    function: Callable[[], Any], repeats: int, *, threads: tuple[int | None, ...] = (1, None)
) -> tuple[float, Any]:
    """Return the shortest of some runs in seconds, which other work on the machine disturbs least, and the result.

    Each number of threads of the linear algebra is tried (None: all cores), for us and for the peers alike: small
    products run slower on more of them, large inverses faster.
    """
    shortest, result = float("inf"), None
    for limit in threads:
        with _limited(limit):
            for _ in range(repeats):
                start = time.perf_counter()
                result = function()
                shortest = min(shortest, time.perf_counter() - start)
    return shortest, result


def _limited(threads: int | None) -> AbstractContextManager[Any]:
    if threads is None or find_spec("threadpoolctl") is None:
        return nullcontext()
    from threadpoolctl import threadpool_limits

    return threadpool_limits(threads)


def peak_gib() -> float:
    """Return the largest memory this process has held, in GiB."""
    import resource  # not on Windows, where the rest of this module serves the tests

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def faster(ours: float, other: float) -> str:
    """Say how many times shorter ours is."""
    return f"{other / ours:.1f} times faster"


def multiple(ours: float, unit: float) -> str:
    """Say how many units ours takes."""
    return f"{ours / unit:.1f} times"


def duration(seconds: float | None) -> str:
    """Write a time with three digits and the unit that suits it."""
    if seconds is None:
        return ""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        # What rounds to a thousand of a unit is one of the next.
        if seconds >= 0.9995 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def table(rows: list[Row]) -> str:
    """Return the rows as one Markdown table."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    for row in rows:
        memory = "" if row.peak_gib is None else f"{row.peak_gib:.2f} GiB"
        cells = (row.case, row.what, duration(row.seconds), row.against, duration(row.reference), row.verdict)
        lines.append("| " + " | ".join((*cells, row.asked, memory)) + " |")
    return "\n".join(lines)
