"""The JSON schemas say what the readers take: the same files pass, the same files fail, where a schema can say so."""

from __future__ import annotations

import json
import random
import re
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import spatialconv as sc
from spatialconv._descriptions.figures import BLANK_OR_FIGURE, CELL, FIGURE
from spatialconv.auditing.description.figures import cell, figure
from spatialconv.cli import main
from spatialconv.errors import FileError, OptionError
from spatialconv.study._toml import case_of
from tests.unit.descriptions import documents

CASE, PAPER = Draft202012Validator(sc.study.schema()), Draft202012Validator(sc.auditing.schema())
HERE = Path("folder")

# What a schema cannot say of a description that it takes: names that stand elsewhere in the file, counts that go
# together, an order, what exists outside the file, the whole grammar of a printed figure. Nor does JSON tell dates from
# text and 1.0 from 1: `documents.for_json` writes the ones as the others.
CASE_BEYOND = (
    "names .* more than once",  # of weights
    "controls name the variable",
    "one of the weights is the main one",
    "weights of hot_spots must be one of",
    "(geographic|economic) of the weights .* must be one of",
    "cannot be read as .*: Python knows no such encoding",
    "a rule for labels is one of",
    "sep must be one sign",
    "decimal and thousands are both",
)
PAPER_BEYOND = (
    r"has \d+ cells and there are \d+ columns",
    "must be one figure as printed",
    "is too large or too small to be a figure",
    "names? the row",
    "two tables have the name",
    "must name one for each of its",
    "more stars must mean a smaller level",
    "(row|column)_(mean|total) of table .* names",
    "distribution of .* must be one of 'chi2'",
)


def reads_case(document: dict[str, Any]) -> str:
    """What the reader says of a case, nothing if it takes it."""
    try:
        case_of(document, HERE)
    except (OptionError, FileError) as error:
        return str(error)
    return ""


def reads_paper(document: dict[str, Any]) -> str:
    try:
        sc.auditing.read(document)
    except OptionError as error:
        return str(error)
    return ""


def agree(document: dict[str, Any], reads: Any, schema: Draft202012Validator, beyond: tuple[str, ...]) -> str:
    """Hold reader and schema against each other; return what both say."""
    as_json = documents.for_json(document)
    wrong = [error.message for error in schema.iter_errors(as_json)]
    if not reads(document):
        assert not wrong, f"the reader takes what the schema refuses: {wrong[0][:300]}"
        return "taken"
    if wrong:
        return "refused"
    said = reads(as_json)
    if not said:
        return "a date, or a point in a whole number"
    assert any(re.search(words, said) for words in beyond), f"the schema takes what the reader refuses: {said[:300]}"
    return next(words for words in beyond if re.search(words, said))


# ---------------------------------------------------------------------- what ships


def test_the_schemas_are_schemas():
    for validator in (CASE, PAPER):
        assert validator.schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        Draft202012Validator.check_schema(validator.schema)


def test_what_init_writes_is_what_the_schema_takes(tmp_path, capsys):
    path = sc.study.example(tmp_path)
    text = path.read_text(encoding="utf-8")
    named = re.match(r"#:schema (\./.*)\n", text)
    assert named is not None
    beside = json.loads((tmp_path / named[1]).read_text(encoding="utf-8"))
    assert beside == sc.study.schema()
    assert Draft202012Validator(beside).is_valid(tomllib.loads(text))
    for kind, made in (("case", beside), ("audit", sc.auditing.schema())):
        with pytest.raises(SystemExit) as left:
            main(["schema", kind])
        assert left.value.code == 0
        assert json.loads(capsys.readouterr().out) == made


def test_every_line_of_the_example_that_shows_a_key_is_taken():
    """Lines behind # show keys: each is right when the # is taken away."""
    text = documents.TEMPLATE
    shown = [m for m in re.finditer(r"^# (\[?\w[\w.]*\]? ?=?.*)$", text, re.M) if re.match(r"# (\w+ = |\[\w)", m[0])]
    assert len(shown) > 10
    for match in shown:
        line = match[1]
        if line.startswith("bay"):  # of the section that the line above opens
            continue
        extra = '\nbay = ["Hangzhou"]' if line.startswith("[subsamples.groups]") else ""
        if line.startswith("inset_only"):  # of the inset that the line above shows
            extra = '\ninset = [["Zhoushan"]]'
        given_ = tomllib.loads(text[: match.start()] + line + extra + text[match.end() :])
        assert not list(CASE.iter_errors(given_)), line
        assert reads_case(given_) == "", line


def test_the_zhejiang_case_can_be_written_and_comes_back():
    zhejiang = sc.study.zhejiang()
    given_ = {key: value for key, value in asdict(zhejiang).items() if key != "published"}
    given_["weights"] = [
        {"name": w["name"], "kind": w["kind"], "main": w["main"], **w["options"]} for w in given_["weights"]
    ]
    given_ = json.loads(json.dumps(given_, default=str))
    for section in ("panel", "geometry"):
        given_[section] = {key: value for key, value in given_[section].items() if value != ""}
    assert not list(CASE.iter_errors(given_))
    back = case_of(given_, Path("/"))
    assert asdict(back) | {"published": "zhejiang"} == asdict(zhejiang)


@pytest.mark.parametrize("name", documents.papers())
def test_every_description_of_a_paper_is_taken(name):
    given_ = documents.papers()[name]
    assert not list(PAPER.iter_errors(documents.for_json(given_)))
    assert reads_paper(given_) == ""


# ---------------------------------------------------------------------- what is wrong

WRONG = [
    (("variabel",), "exports"), (("title",), None), (("title",), 3), (("permutations",), "many"),
    (("permutations",), True), (("permutations",), -1), (("permutations",), 10**12), (("seed",), -1), (("log",), "yes"),
    (("controls",), [1]), (("controls",), ["digital", "digital"]), (("panel",), 3), (("panel", "file"), 3),
    (("panel", "drop"), "cells"), (("panel", "region"), None), (("geometry", "lat"), None), (("geometry", "lon"), ""),
    (("weights",), []), (("weights",), "queen"), (("weights",), None), (("weights", 1, "pover"), 2),
    (("weights", 1, "kind"), None), (("weights", 1, "kind"), "inverse"), (("weights", 0, "power"), 2),
    (("weights", 0, "rule"), "bishop"), (("weights", 0, "link"), [["a"]]), (("weights", 1, "power"), 0),
    (("weights", 2, "k"), None), (("weights", 2, "k"), 0), (("weights", 4, "k"), None),
    (("weights", 4, "bandwidth"), 3),
    (("weights", 6, "share"), 1), (("weights", 7, "file"), None), (("model", "effects"), "year"),
    (("model", "horizon"), 0), (("hot_spots", "classes"), 1), (("maps", "classes"), 10**9), (("maps", "labels"), 1),
    (("maps", "periods"), {"a": 1}), (("subsamples", "groups"), 3), (("subsamples", "groups", "bay"), [1]),
    (("published",), "zhejiang"), (("map",), {}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), WRONG, ids=lambda v: str(v)[:30])
def test_what_the_reader_refuses_the_schema_refuses(path, value):
    given_ = documents.case()
    holder = documents.at(given_, path[:-1])
    if value is None:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    assert agree(given_, reads_case, CASE, ()) == "refused"


SEEDS = st.integers(0, 2**32)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(SEEDS)
def test_reader_and_schema_agree_on_cases(seed):
    document = documents.changed(documents.case(), random.Random(seed))
    agree(document, reads_case, CASE, CASE_BEYOND)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(SEEDS, st.sampled_from(sorted(documents.papers())))
def test_reader_and_schema_agree_on_papers(seed, name):
    document = documents.changed(documents.papers()[name], random.Random(seed))
    agree(document, reads_paper, PAPER, PAPER_BEYOND)


def test_most_documents_are_taken_or_refused_by_both():
    """Or the two tests above would have nothing to hold against each other."""
    met: dict[str, int] = {}
    for seed in range(300):
        draw = random.Random(seed)
        for document, reads, schema, beyond in (
            (documents.case(), reads_case, CASE, CASE_BEYOND),
            (SMALL, reads_paper, PAPER, PAPER_BEYOND),
        ):
            made = documents.changed(document, draw)
            told = agree(made, reads, schema, beyond)
            met[told] = met.get(told, 0) + 1
    assert met["taken"] > 40
    assert met["refused"] > 200
    assert sum(met.values()) - met["taken"] - met["refused"] < 0.25 * sum(met.values())


SMALL = documents.papers()["template"]


# ---------------------------------------------------------------------- figures

TEXTS = st.text(alphabet="0123456789.,+-−–*<>≤≥=%eE ()[];naundefi.\u00a0—", max_size=14)


@settings(max_examples=600, deadline=None, derandomize=True)
@given(TEXTS)
def test_patterns_refuse_no_figure_that_is_read(text):
    for pattern, read in ((FIGURE, figure), (CELL, cell)):
        try:
            read(text)
        except OptionError:
            continue
        assert re.search(pattern["pattern"], text), (read.__name__, text)


@pytest.mark.parametrize("text", ["abc", "see text", "1 (see note)", "0.47 b"])
def test_patterns_refuse_words(text):
    for schema in (FIGURE, BLANK_OR_FIGURE, CELL):
        assert not re.search(schema["pattern"], text)


def test_examples_of_figures_are_figures():
    for schema, read in ((FIGURE, figure), (CELL, cell)):
        for text in schema["examples"]:
            assert re.search(schema["pattern"], text)
            read(text)
