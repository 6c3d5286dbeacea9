"""Hostile panels, geometries and weights, the same ones every time; `python -m tests.fuzz panels` draws others."""

from __future__ import annotations

import sys

import pytest

from tests.fuzz import __main__ as fuzz
from tests.fuzz.kinds import Tally


@pytest.mark.parametrize(("kind", "count"), [("panels", 120), ("geometries", 40), ("weights", 150)])
def test_hostile_files_meet_answers_and_errors_of_ours(kind, count):
    pytest.importorskip("pyarrow")
    tally = fuzz.run(fuzz.KINDS[kind], seed=20261130, count=count)
    assert tally.faults == {}, str(tally)
    assert tally.outcomes["taken"] > 0
    assert tally.outcomes["FileError"] > count / 5
    assert tally.tried == count


def test_a_piece_that_ends_the_process_is_a_fault_and_the_next_follows(monkeypatch, tmp_path):
    """As a SIGSEGV inside a library: the process is gone at the second piece and goes on behind it."""
    calls = []

    class Done:
        def __init__(self, returncode):
            self.returncode = returncode

    def run(command, **_):
        import pickle
        from pathlib import Path

        calls.append(command)
        seed = int(command[command.index("--seed") + 1])
        tally = Tally(tried=1)
        tally.outcomes["taken"] += 1
        ended = len(calls) == 1
        Path(command[command.index("--said") + 1]).write_bytes(pickle.dumps((seed + 1 if ended else 0, tally)))
        return Done(-11 if ended else 0)

    monkeypatch.setattr(fuzz.subprocess, "run", run)
    tally = fuzz.survived("weights", seed=7, minutes=1)
    assert tally.faults == {"the process was ended by signal 11": 8}
    assert tally.tried == 3
    assert [command[command.index("--seed") + 1] for command in calls] == ["7", "9"]
    assert calls[0][:3] == [sys.executable, "-m", "tests.fuzz"]


def test_hostile_documents_meet_answers_and_errors_of_ours():
    tally = fuzz.run(fuzz.KINDS["documents"], seed=20261130, count=80)
    assert tally.faults == {}, str(tally)
    assert tally.outcomes["taken"] > 20
