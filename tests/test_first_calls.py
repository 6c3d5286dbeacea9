"""The table of first calls knows every public function, and every call of it runs. What they take is not asserted."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from types import ModuleType

import pytest

import spatialconv as sc
from tests.first_calls.__main__ import HEAVY
from tests.first_calls.calls import CALLS
from tests.test_reprs import untidy


def functions() -> set[str]:
    found = {"Panel"}
    for name in sc.__all__:
        thing = getattr(sc, name)
        if isinstance(thing, ModuleType):
            found |= {f"{name}.{inside}" for inside in thing.__all__ if inspect.isfunction(getattr(thing, inside))}
        elif inspect.isfunction(thing):
            found.add(name)
    return found


# `report.write` is called by `study.run` only, with the figures that it has just drawn.
ELSEWHERE = {"report.write"}


def test_every_public_function_is_called():
    assert {name.partition("(")[0] for name in CALLS} == functions() - ELSEWHERE


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLS)
def test_every_call_runs(name):
    from tests.first_calls import calls

    result = eval(CALLS[name], vars(calls))
    assert result is not None or name == "show_versions"
    assert untidy(name, result) == []


def test_one_call_is_measured_with_what_it_loads():
    command = [sys.executable, "-m", "tests.first_calls", "--one", "Panel"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(run.stdout)
    assert found["result"] == "Panel"
    assert found["seconds"] > 0
    assert set(found["loaded"]) <= set(HEAVY)
    assert "pandas" in found["loaded"]
    assert "libpysal" not in found["loaded"]
