"""What the package says it needs is what it imports, and the floors are ones that a target of the Makefile runs at."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests import oldest

ROOT = Path(__file__).parents[1]
TABLE = oldest.project()
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PYTHONS = [
    line.rsplit(" ", 1)[1]
    for line in TABLE["classifiers"]
    if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", line)
]
# Declared and not imported by name: pandas opens the files of the extras, rdata is imported
# when a file of R is read, and the project asks to stand on esda and
# spreg, whose work comes with the next releases.
UNSEEN = {"pyarrow", "rdata", "esda", "spreg"}
# Imported where a Dask client of the user's is at hand already, and then only; the tests bring both with Dask.
THEIRS = {"distributed", "cloudpickle"}


def declared() -> dict[str, Requirement]:
    """Return the requirements of a user of everything, read by another parser than the floors are."""
    extras = TABLE["optional-dependencies"]
    lines = [*TABLE["dependencies"], *extras["excel"], *extras["parquet"], *extras["word"], *extras["r"]]
    return {canonicalize_name(line.name): line for line in map(Requirement, lines)}


def imported() -> set[str]:
    """Return the distributions of all modules that the package imports, wherever in its files."""
    owners, found = packages_distributions(), set()
    for file in (ROOT / "spatialconv").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            found |= {name.split(".")[0] for name in names}
    others = found - set(sys.stdlib_module_names) - {"spatialconv", ""}
    return {canonicalize_name(owners[name][0]) for name in others}


def test_every_import_is_declared_and_every_dependency_imported():
    assert imported() - THEIRS <= set(declared())
    assert imported() >= THEIRS
    assert any(line.startswith("dask[distributed]>=") for line in TABLE["optional-dependencies"]["test"])
    assert set(declared()) - imported() <= UNSEEN
    assert len(imported()) > 10


def test_the_floors_are_the_lower_bounds_of_all_dependencies():
    floors = {canonicalize_name(name): bound for name, bound in oldest.floors(TABLE).items()}
    assert list(floors) == list(declared())
    for name, requirement in declared().items():
        assert [(each.operator, each.version) for each in requirement.specifier] == [(">=", floors[name])]
        assert Version(floors[name]) <= Version(version(name))


@pytest.mark.parametrize("line", ["numpy", "numpy<3", "numpy==2.0", "numpy~=2.0", "numpy>2", "numpy >= "])
def test_a_dependency_without_a_lower_bound_is_refused(line):
    with pytest.raises(ValueError, match="has no lower bound"):
        oldest.floors(
            {"dependencies": [line], "optional-dependencies": {"excel": [], "parquet": [], "word": [], "r": []}}
        )


def test_a_bound_is_read_from_what_stands_around_it():
    assert oldest.floor("dask[distributed]>=2024.1") == ("dask", "2024.1")
    assert oldest.floor("a_b.c >= 1.0rc1 , <2") == ("a_b.c", "1.0rc1")


def test_an_environment_away_from_the_floors_is_named():
    there = version("numpy")
    assert oldest.elsewhere({"numpy": there}) == oldest.elsewhere({"numpy": f"{there}.0"}) == []
    assert oldest.elsewhere({"numpy": "0.1", "no-such-thing": "1"}) == [
        f"numpy: {there}, not 0.1",
        "no-such-thing: not installed, not 1",
    ]


def test_constraints_are_printed_and_a_false_environment_fails(capsys, monkeypatch):
    assert oldest.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [Requirement(line).name for line in lines] == [each.name for each in declared().values()]
    monkeypatch.setattr(oldest, "floors", lambda table: {"numpy": "0.1"})
    assert oldest.main(["--installed"]) == 1
    assert capsys.readouterr().out == f"numpy: {version('numpy')}, not 0.1\n"


def recipe(target: str) -> str:
    """Return the commands of a target of the Makefile."""
    found = re.search(rf"^{target}:[^=\n]*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert found is not None, f"the Makefile has no target {target}"
    return found[1]


def test_the_makefile_runs_the_suite_at_both_ends():
    old, new = recipe("test-oldest"), recipe("test-newest")
    assert "-m tests.oldest > $(OLDEST)/floors.txt" in old
    assert "--constraint $(OLDEST)/floors.txt" in old
    assert "-m tests.oldest --installed" in old
    assert "--upgrade-strategy eager" in new
    suite = '-m pytest -n auto -m "not slow"'
    assert old.splitlines()[-1].endswith(f"{suite} -W default")
    # Nothing after it: warnings of the newest are errors, as in the configuration.
    assert new.splitlines()[-1].endswith(suite)
    assert not any("--ignore" in line or "--deselect" in line or "|| true" in line for line in (old + new).splitlines())


def test_the_pythons_are_the_same_wherever_they_are_named():
    """Without a gap from the floor on; mypy and ruff read the code as the oldest does."""
    settings = oldest.tomllib.loads(oldest.PYPROJECT.read_text(encoding="utf-8"))["tool"]
    assert TABLE["requires-python"] == f">={PYTHONS[0]}"
    minors = [int(each.split(".")[1]) for each in PYTHONS]
    assert minors == list(range(minors[0], minors[0] + len(minors)))
    assert settings["mypy"]["python_version"] == PYTHONS[0]
    assert settings["ruff"]["target-version"] == f"py{PYTHONS[0].replace('.', '')}"
    assert f"OLDEST_PYTHON ?= $(call find,{PYTHONS[0]})" in MAKEFILE
    newest = re.search(r"NEWEST_PYTHON \?= \$\(call find,(.*)\)", MAKEFILE)
    assert newest is not None
    assert set(PYTHONS[1:]) <= set(newest[1].split())
    said = f"Python {', '.join(PYTHONS[:-1])} and {PYTHONS[-1]}"
    assert said in (ROOT / "README.md").read_text(encoding="utf-8")
