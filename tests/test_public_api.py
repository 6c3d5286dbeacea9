"""What `import spatialconv` offers, how fast, and that nothing public goes undocumented."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path
from types import ModuleType

import pytest

import spatialconv as sc
from spatialconv._options import choice
from spatialconv.errors import OptionError, SpatialConvError, SpatialConvWarning


def test_all_is_what_can_be_had():
    assert list(sc.__all__) == sorted(sc.__all__)
    assert dir(sc) == sorted([*sc.__all__, "__version__"])
    for name in sc.__all__:
        assert getattr(sc, name) is not None
        assert name in vars(sc), "not kept after its first use"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sc.nothing


STUBS = sorted(Path(sc.__file__).parent.rglob("__init__.pyi"))


@pytest.mark.parametrize("stub", STUBS, ids=lambda path: path.parent.name)
def test_a_stub_is_the_one_list_of_public_names(stub):
    """Every import of the stub is exported (`X as X`, as strict type checkers ask) and is what stands at its place."""
    package = ".".join(stub.relative_to(Path(sc.__file__).parents[1]).parent.parts)
    module = sys.modules[package] if package == "spatialconv" else getattr(sc, stub.parent.name)
    listed = []
    for node in ast.parse(stub.read_text(encoding="ascii")).body:  # lazy_loader opens it in the locale's encoding
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                assert alias.asname == alias.name
                listed.append(alias.name)
                found = getattr(module, alias.name)
                if node.module is None:
                    assert isinstance(found, ModuleType)
                else:
                    assert found is getattr(sys.modules[f"{package}.{node.module}"], alias.name)
    assert sorted(listed) == module.__all__
    source = ast.parse(stub.with_suffix(".py").read_text(encoding="utf-8"))
    strings = {node.value for node in ast.walk(source) if isinstance(node, ast.Constant)}
    assert not strings & set(module.__all__), "a second list of names"


def test_a_plot_loads_no_model():
    """The stubs of rooms at work: a picture of sigma takes neither models nor weights nor geometry."""
    code = "import sys, spatialconv as sc; sc.plot.sigma, sc.sigma; print(*sys.modules)"
    environment = os.environ | {"EAGER_IMPORT": ""}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "matplotlib" in loaded
    assert not loaded & {"libpysal", "geopandas", "spatialconv.convergence.beta.beta", "spatialconv.models"}


@pytest.mark.parametrize(("wanted", "loaded"), [("1", True), ("0", False), ("", False)])
def test_eager_import_loads_every_public_name(wanted, loaded):
    """SPEC 1: so that whoever tests sees at once what a lazy import would hide until its first use."""
    code = "import sys, spatialconv; print(*sys.modules)"
    environment = os.environ | {"EAGER_IMPORT": wanted}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    homes = {f"spatialconv.{n}" if isinstance(f := getattr(sc, n), ModuleType) else f.__module__ for n in sc.__all__}
    assert len(homes) > 30
    found = homes & set(run.stdout.split())
    assert found == (homes if loaded else set())


@pytest.mark.parametrize("name", [n for n in sc.__all__ if isinstance(getattr(sc, n), ModuleType)])
def test_a_module_shows_what_is_meant_for_users_and_nothing_else(name):
    """No numpy, no `annotations`, no helper: what completion shows has a docstring and belongs to the package."""
    module = getattr(sc, name)
    assert module.__doc__
    assert dir(module) == sorted(module.__all__)
    assert len(set(module.__all__)) == len(module.__all__)
    for shown in dir(module):
        found = getattr(module, shown)
        assert not shown.startswith("_")
        assert not isinstance(found, ModuleType)
        if callable(found):
            assert inspect.getdoc(found)
            assert found.__module__.startswith("spatialconv.")


def test_version_is_one():
    assert sc.__version__ == version("spatialconv")


def test_import_loads_no_heavy_package():
    """The promise of a fast import, without a clock: nothing heavy is loaded before it is used."""
    code = (
        "import sys, spatialconv; "
        "print([m for m in ('numpy', 'pandas', 'geopandas', 'matplotlib', 'libpysal', 'esda') if m in sys.modules])"
    )
    environment = os.environ | {"EAGER_IMPORT": ""}
    loaded = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_panel_and_beta_load_no_plotting():
    code = "import sys, spatialconv as sc; sc.Panel; sc.beta; print('matplotlib' in sys.modules)"
    environment = os.environ | {"EAGER_IMPORT": ""}
    loaded = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
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
    classes = {n for n, kind in vars(sc.errors).items() if inspect.isclass(kind)}
    assert classes == set(sc.errors.__all__)
    for name, kind in vars(sc.errors).items():
        if inspect.isclass(kind):
            root = SpatialConvWarning if name.endswith("Warning") else SpatialConvError
            assert issubclass(kind, root)
            assert name in sc.errors.__doc__


def test_choice_names_the_words_allowed():
    with pytest.raises(OptionError, match="rule must be one of 'a', 'b'; got 'c'"):
        choice("rule", "c", ("a", "b"))


def described() -> list[str]:
    """Return the public functions by name, those of rooms with the room before them."""
    found = []
    for name in sc.__all__:
        thing = getattr(sc, name)
        if inspect.ismodule(thing):
            found += [
                f"{name}.{own}" for own in getattr(thing, "__all__", []) if inspect.isroutine(getattr(thing, own))
            ]
        elif inspect.isroutine(thing):
            found.append(name)
    return found


@pytest.mark.parametrize("name", described())
def test_every_public_function_says_what_it_takes_gives_and_shows(name):
    """Sections of numpydoc: all parameters, what comes back, an example, which the docstring tests run."""
    made = inspect.unwrap(attrgetter(name)(sc))
    text, signature = inspect.getdoc(made) or "", inspect.signature(made)
    wanted = ["Returns", "Examples"] if signature.return_annotation not in (None, "None") else ["Examples"]
    if signature.parameters:
        wanted.append("Parameters")
    heads = set(re.findall(r"^(\w[\w ]*)\n-+$", text, re.M))
    assert set(wanted) <= heads, f"{name} lacks {sorted(set(wanted) - heads)}"
    told = re.search(r"Parameters\n-+\n(.*?)(\n\n\w[\w ]*\n-+\n|\Z)", text, re.S)
    if told:
        listed = set(re.findall(r"\w+", " ".join(re.findall(r"^([\w*][\w, .*]*?)(?: :|$)", told[1], re.M))))
        lacking = [p for p in signature.parameters if p not in listed]
        assert not lacking, f"{name} does not tell {lacking}"
