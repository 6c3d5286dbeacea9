"""What `import spatialconv` offers, how fast, and that nothing public goes undocumented."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib.metadata import version

import pytest

import spatialconv as sc
from spatialconv._options import choice
from spatialconv.errors import OptionError, SpatialConvError, SpatialConvWarning


def test_all_is_what_can_be_had():
    assert list(sc.__all__) == sorted(sc.__all__)
    assert set(sc.__all__) == set(sc._PUBLIC)
    for name in sc.__all__:
        assert getattr(sc, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sc.nothing


def test_version_is_one():
    assert sc.__version__ == version("spatialconv")


def test_import_loads_no_heavy_package():
    """The promise of a fast import, without a clock: nothing heavy is loaded before it is used."""
    code = (
        "import sys, spatialconv; "
        "print([m for m in ('numpy', 'pandas', 'geopandas', 'matplotlib', 'libpysal', 'esda') if m in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_panel_and_beta_load_no_plotting():
    code = "import sys, spatialconv as sc; sc.Panel; sc.beta; print('matplotlib' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "False"


@pytest.mark.parametrize("name", [n for n in sc.__all__ if inspect.isfunction(getattr(sc, n))])
def test_public_functions_are_documented_and_take_few_positional_arguments(name):
    function = getattr(sc, name)
    doc = inspect.getdoc(function) or ""
    for section in ("Parameters", "Returns", "Examples"):
        assert f"{section}\n---" in doc, f"{name} has no section {section}"
    positional = [p for p in inspect.signature(function).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert len(positional) <= 5, f"{name} takes {len(positional)} positional arguments"


def test_errors_are_one_tree():
    for name, kind in vars(sc.errors).items():
        if inspect.isclass(kind):
            root = SpatialConvWarning if name.endswith("Warning") else SpatialConvError
            assert issubclass(kind, root)
            assert name in sc.errors.__doc__


def test_choice_names_the_words_allowed():
    with pytest.raises(OptionError, match="rule must be one of 'a', 'b'; got 'c'"):
        choice("rule", "c", ("a", "b"))
