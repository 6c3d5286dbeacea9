"""Every example in a docstring gives what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import spatialconv

MODULES = sorted(found.name for found in pkgutil.walk_packages(spatialconv.__path__, "spatialconv."))


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_examples(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0
