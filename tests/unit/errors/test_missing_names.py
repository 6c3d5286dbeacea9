"""A name that is not there is answered with the one that is meant."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import typing
from types import ModuleType

import pytest

import spatialconv as sc
from spatialconv._public import PACKAGE, meant
from spatialconv._synonyms import ANYWHERE, INSIDE

MODULES = [name for name in sc.__all__ if isinstance(getattr(sc, name), ModuleType)]
ROWS = [("sc", ANYWHERE), *INSIDE.items()]
TARGETS = sorted({target for _, table in ROWS for target in table})
NAMES = [(short, name) for short, table in ROWS for names in table.values() for name in names.split()]
EXPRESSION = re.compile(r"sc(?:\.(\w+))?\.(\w+)(?:\((?P<options>.*?)\)(?:\.(?P<method>\w+)\(\))?)?")


def message(module: object, name: str) -> str:
    with pytest.raises(AttributeError) as caught:
        getattr(module, name)
    return str(caught.value)


@pytest.mark.parametrize(
    ("module", "name", "expected"),
    [
        ("", "lisa", "sc.local_moran"),
        ("", "Moran_Local", "sc.local_moran"),
        ("", "localmoran", "sc.local_moran"),
        ("", "moran_i", "sc.moran"),
        ("", "gini", 'sc.sigma(measures="gini"), sc.spatial_gini or sc.dagum'),
        ("", "theil_index", "sc.theil"),
        ("", "lag", 'sc.fit_panel(spatial="lag")'),
        ("", "sar", 'sc.fit_panel(spatial="lag")'),
        ("", "SDM", 'sc.fit_panel(spatial="lag", durbin=True)'),
        ("", "impacts", "sc.fit_panel(...).impacts()"),
        ("", "queen", "sc.weights.adjacency"),
        ("weights", "queen", "sc.weights.adjacency"),
        ("weights", "Queen", "sc.weights.adjacency"),
        ("weights", "dnearneigh", "sc.weights.distance_band"),
        ("maps", "lisa", "sc.maps.clusters"),
        ("plot", "moran", "sc.plot.moran_scatter"),
        ("plot", "beta", "sc.plot.beta_scatter"),
        ("tables", "stargazer", "sc.tables.regression"),
        # The same name in other spelling, or in another public module.
        ("", "Beta", "sc.beta"),
        ("", "hotspots", "sc.hot_spots"),
        ("", "panel_", "sc.Panel or sc.simulate.panel"),
        ("", "knn", "sc.weights.knn"),
        ("", "OptionError", "sc.errors.OptionError"),
        ("weights", "moran", "sc.moran"),
        ("plot", "choropleth", "sc.maps.choropleth"),
        # Misspelt.
        ("", "simga", "sc.sigma"),
        ("", "multivers", "sc.multiverse"),
        ("", "desciptives", "sc.descriptives"),
        ("weights", "invers_distance", "sc.weights.inverse_distance"),
        ("datasets", "zheijang", "sc.datasets.zhejiang"),
        ("errors", "OptionsError", "sc.errors.OptionError or sc.errors.OptimisationError"),
        ("simulate", "growth_pannel", "sc.simulate.growth_panel"),
        ("study", "analyze", "sc.study.analyse"),
        ("report", "markdwon", "sc.report.markdown"),
        ("auditing", "templates", "sc.auditing.template"),
    ],
)
def test_the_name_meant_is_said(module, name, expected):
    where = getattr(sc, module) if module else sc
    assert message(where, name) == f"module {where.__name__!r} has no attribute {name!r}; did you mean {expected}?"


@pytest.mark.parametrize("module", ["", *MODULES])
def test_nothing_is_guessed_where_nothing_is_near(module):
    where, short = (getattr(sc, module), f"sc.{module}") if module else (sc, "sc")
    assert message(where, "qqqq") == (
        f"module {where.__name__!r} has no attribute 'qqqq'; dir({short}) lists what there is."
    )
    assert message(where, "_beta") == f"module {where.__name__!r} has no attribute '_beta'"


def test_every_synonym_is_answered_and_hides_nothing():
    assert len(NAMES) > 600
    for short, name in NAMES:
        module = getattr(sc, short.partition(".")[2]) if "." in short else sc
        assert name not in module.__all__, f"{short}.{name} is there: its row would never be read"
        assert meant(short, name)[0] in (INSIDE.get(short) or ANYWHERE), f"{short}.{name}"


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_is_there_as_it_is_written(target):
    """The function exists, takes the options that are shown, with the words shown, and its result has the method."""
    parts = EXPRESSION.fullmatch(target)
    assert parts is not None
    owner = getattr(sc, parts[1]) if parts[1] else sc
    assert parts[2] in owner.__all__
    function = getattr(owner, parts[2])
    if parts["options"] in (None, "..."):
        assert "=" not in target
    else:
        taken = inspect.signature(function, eval_str=False).parameters
        hints = typing.get_type_hints(function, globalns=vars(sys.modules[function.__module__]))
        for name, value in re.findall(r'(\w+)=("\w+"|True)', parts["options"]):
            assert taken[name].kind is inspect.Parameter.KEYWORD_ONLY
            word = value.strip('"')
            if name == "measures":
                assert sc.sigma(_panel(), "level", measures=word).table[word].notna().all()
            elif value != "True":
                # An option that may be left out holds its words beside None.
                kinds = [typing.get_args(kind) or kind for kind in typing.get_args(hints[name])]
                assert word in kinds or any(isinstance(kind, tuple) and word in kind for kind in kinds)
    if parts["method"]:
        assert callable(getattr(typing.get_type_hints(function)["return"], parts["method"]))


def _panel() -> sc.Panel:
    w = sc.weights.knn(sc.datasets.us_income().states, k=4)
    return sc.simulate.growth_panel(w, periods=3, seed=1).panel


def test_a_room_that_is_imported_costs_no_search():
    code = "import sys; from spatialconv import _style, autocorrelation; from spatialconv.weights import points; "
    code += "print('spatialconv._synonyms' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


def test_the_answer_imports_nothing_and_python_adds_no_second_hint():
    code = "import sys, spatialconv as sc\ntry:\n    sc.knn\nexcept AttributeError as e:\n    print(e)\n"
    code += f"print([m for m in sys.modules if m.startswith('{PACKAGE}.')])\nsc.simga"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    first, loaded = run.stdout.splitlines()
    assert first.endswith("did you mean sc.weights.knn?")
    assert loaded == "['spatialconv._public', 'spatialconv._synonyms']"
    assert run.stderr.splitlines()[-1] == (
        "AttributeError: module 'spatialconv' has no attribute 'simga'; did you mean sc.sigma?"
    )
    assert not hasattr(sc, "__wrapped__")
