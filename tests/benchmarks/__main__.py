"""Run the benchmarks and print one Markdown table.

    python -m tests.benchmarks [--only CASE ...] [--huge] [--toy] [--write]

Each case runs in a process of its own, so that the peak of its memory is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks import machine
from tests.benchmarks.cases import CASES, HUGE
from tests.benchmarks.measure import Row, table

RESULTS = Path(__file__).with_name("RESULTS.md")
# A kernel that every x86-64 machine of the last ten years runs, for the retry after an illegal instruction.
PLAIN = {"OPENBLAS_CORETYPE": "Haswell"}
INTRODUCTION = """# Benchmarks

`make bench` makes this table. Times are the shortest of several runs, with one thread of the linear algebra or with all
of them, whichever is faster, for us and the peers alike (a million regions: one run, one thread). Each case has a
process of its own, whose peak memory is given. "asked for" is what the project aims at.
"""


def main() -> None:
    """Run the cases asked for and print or write the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=list(CASES), metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--huge", action="store_true", help="also a million regions: minutes, several GiB")
    parser.add_argument("--toy", action="store_true", help="tiny sizes, to see that everything runs")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name} beside this file")
    parser.add_argument("--case", choices=list(CASES), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        # Peers print; the rows alone belong on stdout.
        with redirect_stdout(sys.stderr):
            rows = CASES[options.case](options.toy)
        print(json.dumps([asdict(row) for row in rows]))
        return
    if machine.untuned(dict(os.environ)) != dict(os.environ):
        command = [sys.executable, "-m", "tests.benchmarks", *sys.argv[1:]]
        os.execve(sys.executable, command, machine.untuned(dict(os.environ)))
    text = report([c for c in options.only or CASES if options.huge or options.only or c not in HUGE], options.toy)
    print(text)
    if options.write:
        RESULTS.write_text(f"{INTRODUCTION}\n{text}\n", encoding="utf-8")


def report(cases: list[str], toy: bool) -> str:
    """Return the machine in one line and the table of all rows."""
    about = machine.describe()
    found = [separately(case, toy) for case in cases]
    notes = {note for _, note in found if note}
    rows = [row for part, _ in found for row in part]
    return "\n\n".join([f"{about}.", *sorted(notes), table(rows)])


def separately(case: str, toy: bool) -> tuple[list[Row], str]:
    """Run one case in a process of its own; return its rows, and a note where it needed another kernel."""
    command = [sys.executable, "-m", "tests.benchmarks", "--case", case, *(["--toy"] if toy else [])]
    note = ""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == -signal.SIGILL:
        # Virtual machines may announce instructions that they do not carry out.
        note = f"Case {case!r} ended with an illegal instruction in OpenBLAS; it ran again with {PLAIN}."
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **PLAIN})
    if done.returncode != 0:
        return [Row(case, f"failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")], note
    return [Row(**row) for row in json.loads(done.stdout.splitlines()[-1])], note


if __name__ == "__main__":
    main()
