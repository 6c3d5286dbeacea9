"""Hostile descriptions, the same ones every time; `python -m tests.fuzz toml` draws others."""

from __future__ import annotations

import random
import time
import tomllib
import warnings
from pathlib import Path

import pytest

from spatialconv.errors import IslandWarning, OptionError
from tests.fuzz.__main__ import KINDS, run
from tests.fuzz.kinds import Kind, Tally, once
from tests.fuzz.toml import written
from tests.unit.descriptions import documents


def test_hostile_descriptions_meet_answers_and_errors_of_ours():
    tally = run(KINDS["toml"], seed=20261130, count=60)
    assert tally.faults == {}, str(tally)
    assert tally.outcomes["taken"] > 0
    assert tally.outcomes["OptionError"] > 15
    assert tally.outcomes["FileError"] > 5


def sleep(_: object) -> None:
    time.sleep(2)


def overflow(_: object) -> None:
    warnings.warn("overflow encountered", RuntimeWarning, stacklevel=1)


def ours(_: object) -> None:
    warnings.warn("islands", IslandWarning, stacklevel=1)
    raise OptionError("so it is")


@pytest.mark.parametrize(
    ("use", "fault"),
    [
        (lambda _: 1 / 0, "ZeroDivisionError"),
        (overflow, "RuntimeWarning"),
        (sleep, "TimeoutError"),
        (ours, ""),
    ],
)
def test_what_is_none_of_ours_is_told_once_with_its_seed(use, fault, tmp_path, monkeypatch):
    monkeypatch.setattr("tests.fuzz.kinds.SECONDS", 1)
    tally = Tally()
    for seed in (5, 6):
        once(Kind(lambda draw, folder: None, use), seed, tmp_path, tally)
    assert [known.split(" ")[0] for known in tally.faults] == ([fault] if fault else [])
    assert list(tally.faults.values()) == ([5] if fault else [])


def test_descriptions_are_written_as_they_are(tmp_path: Path):
    """What the changes make of a document is what the file says, or the fuzz would try something else."""
    for seed in range(30):
        draw = random.Random(seed)
        made = documents.changed(draw.choice([documents.case(), documents.papers()["template"]]), draw)
        assert tomllib.loads(written(made)) == made
