"""What a kind of input is, and how one piece of it is tried."""

from __future__ import annotations

import random
import signal
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spatialconv.errors import SpatialConvError, SpatialConvWarning

SECONDS = 30  # longer than any honest piece takes; what takes more hangs


@dataclass(frozen=True)
class Kind:
    """`make` writes one piece of hostile input into a folder, `use` does with it what a user would."""

    make: Callable[[random.Random, Path], Any]
    use: Callable[[Any], Any]


@dataclass
class Tally:
    """How many pieces were tried, taken and refused, and what came through that is none of ours."""

    tried: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: dict[str, int] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Count what another process tried."""
        self.tried += other.tried
        self.outcomes += other.outcomes
        self.faults |= other.faults

    def __str__(self) -> str:
        told = ", ".join(f"{count} {what}" for what, count in self.outcomes.most_common())
        lines = [f"{self.tried} tried: {told}; {len(self.faults)} kinds of faults"]
        return "\n".join([*lines, *(f"--seed {seed}: {fault}" for fault, seed in self.faults.items())])


def once(kind: Kind, seed: int, folder: Path, tally: Tally) -> None:
    """Try one piece of input, which its seed alone decides."""
    tally.tried += 1
    made = kind.make(random.Random(seed), folder)
    try:
        with warnings.catch_warnings(), limited(SECONDS):
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", SpatialConvWarning)
            kind.use(made)
    except SpatialConvError as error:
        tally.outcomes[type(error).__name__] += 1
        if len(str(error)) > 2000:
            tally.faults.setdefault(f"a message of {len(str(error))} characters: {str(error)[:200]}", seed)
    except (Exception, RecursionError) as error:
        tally.outcomes["faults"] += 1
        frame = traceback.extract_tb(error.__traceback__)[-1]
        last = [f for f in traceback.extract_tb(error.__traceback__) if "spatialconv/" in f.filename]
        ours = f"{Path(last[-1].filename).name}:{last[-1].lineno}" if last else ""
        told = f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}, {ours}: {str(error)[:200]}"
        # One a place, not one a value.
        key = f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}, {ours}"
        if not any(known.startswith(key) for known in tally.faults):
            tally.faults[told] = seed
    else:
        tally.outcomes["taken"] += 1


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Raise TimeoutError where something takes longer; where there are no alarms, let it take its time."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def late(number: int, frame: Any) -> None:
        raise TimeoutError(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
