"""The models say what the rooms behind them take: the same keys, the same words, the same defaults."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys
import types
import typing
from pathlib import Path
from typing import Any, get_args

import pytest
from libpysal.graph import Graph
from libpysal.weights import W

import spatialconv as sc
from spatialconv import _options
from spatialconv._descriptions import case, case_weights, messages, paper, vocabulary
from spatialconv._descriptions.base import Section
from spatialconv.auditing.rules import claims_figures, claims_order
from spatialconv.errors import FileError, OptionError
from spatialconv.study._case import BUILDERS, allowed_options
from spatialconv.study._toml import SECTIONS, load

KINDS = {
    get_args(model.model_fields["kind"].annotation)[0]: model
    for model in get_args(case_weights.WeightsEntry)[0].__args__
}


def sections(model: type[Section], found: set[type[Section]] | None = None) -> set[type[Section]]:
    """Every model that a model is made of."""
    found = set() if found is None else found
    if model not in found:
        found.add(model)
        for field in model.model_fields.values():
            for kind in inside(field.annotation):
                sections(kind, found)
    return found


def inside(kind: Any) -> list[type[Section]]:
    if inspect.isclass(kind) and not isinstance(kind, types.GenericAlias):
        return [kind] if issubclass(kind, Section) else []
    return [model for part in get_args(kind) for model in inside(part)]


EVERY = sorted(sections(case.CaseFile) | sections(paper.PaperFile), key=lambda m: m.__qualname__)


@pytest.mark.parametrize("model", EVERY, ids=lambda m: m.__name__)
def test_every_section_and_every_key_is_described(model):
    assert len(EVERY) == 49
    assert (model.__doc__ or "").strip()
    for name, field in model.model_fields.items():
        if name != "kind" and not inside(field.annotation):  # a section is described by its own words
            assert field.description, (model.__name__, name)


@pytest.mark.parametrize("name", ["", *SECTIONS])
def test_sections_of_a_case_are_what_they_become(name):
    """Keys and defaults: those of the models are read by an editor, those of the dataclasses by the analysis."""
    model = inside(case.CaseFile.model_fields[name].annotation)[0] if name else case.CaseFile
    made = SECTIONS[name] if name else sc.study.Case
    theirs = {f.name: f for f in dataclasses.fields(made) if f.metadata.get("key", True)}
    assert set(model.allowed()) == set(theirs)
    for key, field in model.model_fields.items():
        needed = theirs[key].default is dataclasses.MISSING and theirs[key].default_factory is dataclasses.MISSING
        assert field.is_required() == needed, key
        if not needed and key not in SECTIONS:
            default = theirs[key].default if theirs[key].default is not dataclasses.MISSING else {}
            if default is None and field.default is not None:
                default = getattr(made(), key)  # what is left unsaid follows from other keys, "spatial" from "model"
            assert field.default == (list(default) if isinstance(default, tuple) else default), key


@pytest.mark.parametrize("kind", BUILDERS)
def test_weights_have_the_options_words_and_defaults_of_their_builder(kind):
    model = KINDS[kind]
    own = [key for key in model.allowed() if key not in ("name", "kind", "main")]
    assert set(own) == set(allowed_options(kind))
    # Builders name what they return without importing libpysal before the first weights.
    hints = typing.get_type_hints(BUILDERS[kind], localns={"Graph": Graph, "W": W})
    for parameter in inspect.signature(BUILDERS[kind]).parameters.values():
        if parameter.kind is not parameter.KEYWORD_ONLY or parameter.name not in own:
            continue
        field = model.model_fields[parameter.name]
        if typing.get_origin(hints[parameter.name]) is typing.Literal:
            assert get_args(field.annotation) == get_args(hints[parameter.name]) or set(
                get_args(field.annotation)
            ) == set(get_args(hints[parameter.name]))
        if (
            parameter.name == "variable" or parameter.default is parameter.empty
        ):  # a case gives a panel, of which one must be named
            assert field.is_required()
        else:
            default = parameter.default
            assert field.default == (list(default) if isinstance(default, tuple) else default), parameter.name
    assert set(KINDS) == set(BUILDERS)


def test_bounds_are_those_of_python():
    """One number a bound: what a file may ask for is what the functions take."""
    made = sc.study.schema()
    assert made["properties"]["permutations"]["maximum"] == _options.MOST_DRAWS
    for section in ("MapsSection", "HotSpotsSection"):
        assert made["$defs"][section]["properties"]["classes"]["maximum"] == _options.MOST_CLASSES
    assert made["properties"]["seed"]["maximum"] == 2**63 - 1  # TOML has no larger ones; Python takes 128 bits
    with pytest.raises(OptionError, match="classes must be at most 9; got 10"):
        sc.study.MapChoice(classes=10)
    with pytest.raises(OptionError, match=r"classes must be at most 9; got 1,000,000,000"):
        sc.study.HotSpotChoice(classes=10**9)


def test_every_kind_of_claim_has_a_rule():
    kinds = {
        kind
        for model in get_args(get_args(paper.ClaimEntry)[0])
        for kind in get_args(model.model_fields["kind"].annotation)
    }
    read = inspect.getsource(claims_figures) + inspect.getsource(claims_order)
    assert len(kinds) == 17
    assert {kind for kind in kinds if f'"{kind}"' in read} == kinds
    assert {
        table
        for model in get_args(get_args(paper.TableEntry)[0])
        for table in get_args(model.model_fields["kind"].annotation)
    } == set(get_args(vocabulary.Kind))


def test_pydantic_is_imported_when_a_description_is_read_and_not_before():
    code = (
        "import sys, spatialconv as sc; sc.study, sc.auditing, sc.study.zhejiang(); print('pydantic' in sys.modules); "
        "sc.auditing.example('he_innovation'); print('pydantic' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "True"]


# ---------------------------------------------------------------------- messages


def case_with(tmp_path: Path, old: str, new: str) -> Path:
    path = sc.study.example(tmp_path / "case")
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("permutations = 999", "permutations = 1000000000000", "permutations must be at most 1,000,000; got 10000000"),
        ("permutations = 999", "permutations = 1.5", "permutations must be a whole number; got 1.5"),
        (
            "classes = 4                         # natural breaks\n",
            "classes = 10\n",
            "maps.classes must be at most 9; got 10",
        ),
        ("[maps]", "[maps]\nlog = 1", "maps.log must be true or false; got 1"),
        ("[maps]", "[maps]\nperiods = [true]", "maps.periods must be a list of periods; got True"),
        ("[maps]", "[maps]\nperiods = [01:02:03]", "maps.periods must be a list of periods; got datetime.time"),
        (
            'islands = "keep"',
            'islands = "kept"',
            "islands of the weights 'adjacency' must be one of 'keep', 'raise', 'nearest'",
        ),
        ("power = 2", "power = -1", "power of the weights 'distance' must be a positive number; got -1"),
        ("power = 2", "power = nan", "power of the weights 'distance' must be a positive number; got nan"),
        ("power = 2", 'power = "2"', "power of the weights 'distance' must be a positive number; got '2'"),
        (
            '[["Zhoushan", "Ningbo"]]',
            '["Zhoushan", "Ningbo"]',
            "link of the weights 'adjacency' must be a list of pairs",
        ),
        ('[["Zhoushan", "Ningbo"]]', '"Zhoushan"', "link of the weights 'adjacency' must be a list of pairs"),
        ("main = true", "main = 1", "main of the weights 'distance' must be true or false; got 1"),
        ('kind = "adjacency"', 'kind = ["adjacency"]', "weights 1: key 'kind' is needed, such as kind = 'adjacency'"),
        (
            'kind = "adjacency"\nrule = "queen" ',
            'kind = "kernel" #',
            "unknown key 'link' in the weights 'adjacency' (kind 'kernel')",
        ),
        ("[panel]", "[panel.more]\n[panel]", "unknown key 'more' in [panel]"),
        ('unit = "100 million yuan"', "unit = " + "[" * 60 + "]" * 60, "unit must be text in quotes; got [[[[[[[[["),
        ('unit = "100 million yuan"', "unit = [" + '["x"],' * 900 + "]", "…"),
        ("[model]", "[[model]]", "model is a section: write its keys under a line [model]; got [{"),
        ("seed = 1 ", "seed = -1 ", "seed must be a whole number of at least 0; got -1"),
        ('lon = "lon"', 'lon = ""', "geometry.lon must be a column in quotes; got ''"),
    ],
)
def test_messages_of_a_case(tmp_path, old, new, words):
    path = case_with(tmp_path, old, new)
    with pytest.raises(OptionError) as caught:
        load(path)
    said = str(caught.value)
    assert said.startswith("case.toml: ")
    assert words in said
    assert len(said) < 700
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("old", "new", "file"),
    [
        ('# encoding = "utf-8-sig"', 'encoding = "klingon" #', "panel.csv cannot be read as klingon"),
        ('# encoding = "utf-8-sig"', 'encoding = "hex" #', "panel.csv cannot be read as hex"),
        ('# encoding = "utf-8-sig"', 'encoding = "a\\u0000b" #', "panel.csv cannot be read as a"),
        ('# encoding = "gbk" ', 'encoding = "gkb" #', "cities.shp cannot be read as gkb"),
        (
            "power = 2",
            'power = 2\n[[weights]]\nkind = "file"\nfile = "w.gal"\nencoding = "gkb"',
            "w.gal cannot be read as gkb",
        ),
    ],
)
def test_encodings_that_do_not_exist_are_refused_when_the_case_is_read(tmp_path, old, new, file):
    with pytest.raises(FileError, match=f"{file}.*Python knows no such encoding") as caught:
        load(case_with(tmp_path, old, new))
    assert 'encoding = "gbk"' in str(caught.value)


def test_what_is_deeper_than_any_description_is_refused_in_words():
    given: dict[str, Any] = {}
    for _ in range(5000):
        given = {"paper": given}
    with pytest.raises(OptionError, match="nested at most 64 deep"):
        messages.read_paper(given)


def test_mappings_and_tuples_of_python_are_taken_as_they_were():
    given = types.MappingProxyType(
        {
            "paper": types.MappingProxyType({"title": "t"}),
            "table": ({"name": "T", "kind": "grid", "columns": ("a", "b"), "rows": {2001: ("1", "2")}},),
        }
    )
    assert sc.auditing.read(given).tables[0].rows["2001"][1].value == 2
