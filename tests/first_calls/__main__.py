"""Print what the first call of every public function costs in imports, each in a process of its own.

    python -m tests.first_calls [--only NAME ...] [--repeat N] [--most SECONDS]

The figure is processor time spent in import statements from `import spatialconv` to the end of the call, those for the
data it is called on included: what somebody pays who calls this function first and nothing before it. Not the time on
the wall, which hangs on what else the machine does. Of several runs the shortest counts. The exit code is 1 if a
figure is above `--most`.
"""

from __future__ import annotations

import argparse
import builtins
import importlib
import json
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

MOST = 2.0
HEAVY = ("formulaic", "geopandas", "libpysal", "linearmodels", "matplotlib", "mgwr", "pandas", "scipy.stats", "sklearn")


class Clock:
    """Processor time of this thread in imports; one inside another counts once, with the outer one."""

    def __init__(self) -> None:
        self.seconds, self._depth = 0.0, 0
        builtins.__import__ = self._timed(builtins.__import__)
        importlib.import_module = self._timed(importlib.import_module)

    def _timed(self, load: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*given: Any, **options: Any) -> Any:
            self._depth += 1
            start = time.thread_time()
            try:
                return load(*given, **options)
            finally:
                self._depth -= 1
                if not self._depth:
                    self.seconds += time.thread_time() - start

        return timed


def one(name: str) -> None:
    """Call one function in this process and print its figure."""
    clock = Clock()
    from tests.first_calls import calls

    warnings.simplefilter("ignore")
    result = eval(calls.CALLS[name], vars(calls))
    loaded = [module for module in HEAVY if module in sys.modules]
    print(json.dumps({"seconds": clock.seconds, "loaded": loaded, "result": type(result).__name__}))


def measured(name: str, repeat: int) -> dict[str, Any]:
    """Return the shortest of several runs."""
    command = [sys.executable, "-m", "tests.first_calls", "--one", name]
    runs = [subprocess.run(command, capture_output=True, text=True, check=False) for _ in range(repeat)]
    for run in runs:
        if run.returncode:
            raise SystemExit(f"{name}: {run.stderr}")
    return min((json.loads(run.stdout.splitlines()[-1]) for run in runs), key=lambda found: float(found["seconds"]))


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.first_calls", description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NAME")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--most", type=float, default=MOST)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        one(asked.one)
        return 0
    from tests.first_calls.calls import CALLS

    names = asked.only or list(CALLS)
    print("| call | seconds | loads |\n| --- | ---: | --- |")
    above = 0
    for name in names:
        found = measured(name, asked.repeat)
        above += found["seconds"] > asked.most
        print(f"| `{name}` | {found['seconds']:.2f} | {', '.join(found['loaded'])} |", flush=True)
    print(f"\n{len(names)} calls, {above} above {asked.most:g} s")
    return int(above > 0)


if __name__ == "__main__":
    sys.exit(main())
