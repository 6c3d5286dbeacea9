"""Every benchmark runs at toy size and gives rows that make a table; no time is asserted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.cases import CASES
from tests.benchmarks.machine import TUNING, describe, untuned
from tests.benchmarks.measure import COLUMNS, Row, duration, faster, multiple, table

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("case", CASES)
def test_every_case_runs(case, capsys):
    rows = CASES[case](True)
    assert capsys.readouterr().out == ""
    assert rows
    for row in rows:
        assert row.case
        assert row.what.startswith("skipped") or row.seconds > 0


def test_the_command_prints_one_table():
    command = [sys.executable, "-m", "tests.benchmarks", "--toy", "--only", "small"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert lines[0] == "| " + " | ".join(COLUMNS) + " |"
    assert len(lines) == 5
    assert "cores" in done.stdout.splitlines()[0]


def test_settings_of_one_machine_are_left_out():
    assert untuned({"PATH": "/bin", **dict.fromkeys(TUNING, "x")}) == {"PATH": "/bin"}
    assert "Python" in describe()


def test_numbers_in_words():
    times = (12.345, 0.0123, 0.9997, 4.5e-5, 2e-8, None)
    assert [duration(s) for s in times] == ["12.3 s", "12.3 ms", "1 s", "45 µs", "20 ns", ""]
    assert faster(0.5, 10.0) == "20.0 times faster"
    assert multiple(10.0, 0.5) == "20.0 times"
    row = Row("a", "b", 1.0, "c", 2.0, "d", "e", 0.5)
    assert table([row]).splitlines()[-1] == "| a | b | 1 s | c | 2 s | d | e | 0.50 GiB |"
