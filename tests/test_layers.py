"""The floors of the house: a module imports only from lower floors, or from its own package."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from inspect import Parameter, signature
from pathlib import Path

import pytest

import spatialconv
from spatialconv._doors import DOORS, door

ROOT = Path(spatialconv.__file__).parent

# From the ground up; every room has a floor of its own, and so none may look into another both ways.
FLOORS = {
    name: floor
    for floor, name in enumerate(
        (
            "_synonyms",
            "_public",
            "errors",
            "_extras",
            "_sizes",
            "results",
            "_core",
            "_doors",
            "_parallel",
            "_options",
            "_language",
            "_labels",
            "_files",
            "_svg",
            "_style",
            "_descriptions",
            "tables",
            "panel",
            "datasets",
            "summary",
            "weights",
            "reading",
            "agglomeration",
            "index",
            "simulate",
            "_reconstruction",
            "_drawing",
            "autocorrelation",
            "models",
            "convergence",
            "_multiverse",
            "dynamics",
            "dependence",
            "checks",
            "auditing",
            "regression",
            "replication",
            "maps",
            "plot",
            "report",
            "study",
            "_versions",
            "cli",
            "__main__",
        )
    )
}
STANDARD = {"__future__", "collections", "concurrent", "dataclasses", "functools", "itertools", "math", "os", "typing"}
NUMERIC = {"numpy", "scipy"} | STANDARD


def modules() -> list[Path]:
    return sorted(p for p in ROOT.rglob("*.py") if p != ROOT / "__init__.py")


def room(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


def imported(path: Path) -> set[str]:
    """Full names of everything imported anywhere in the file, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {node.module} if node.module != "spatialconv" else {f"spatialconv.{a.name}" for a in node.names}
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_only_from_lower_floors(path):
    here = room(path)
    assert here in FLOORS, f"{here} has no floor: add it to FLOORS and to the README's map of the house"
    for name in imported(path):
        if not name.startswith("spatialconv."):
            continue
        there = name.split(".")[1]
        if there == here or there == "__version__":
            continue
        assert FLOORS[there] < FLOORS[here], (
            f"{path.relative_to(ROOT)} (floor {FLOORS[here]}) imports {name} (floor {FLOORS[there]})"
        )


@pytest.mark.parametrize("path", [p for p in modules() if room(p) == "_core"], ids=lambda p: p.name)
def test_core_knows_numpy_and_scipy_only(path):
    for name in imported(path):
        top = name.split(".")[0]
        assert top in NUMERIC or name.startswith("spatialconv._core"), f"{path.name} imports {name}"


def test_no_result_class_imports_presentation():
    for path in modules():
        if room(path) in ("results", "models", "convergence", "autocorrelation", "weights", "summary"):
            assert not any(n.startswith("matplotlib") for n in imported(path)), path


# ------------------------------------------------------------------ doors, circles, private names, sizes

# Class -> module that defines it, for the classes that have doors.
OWNERS = {
    "BetaConvergence": "spatialconv.convergence.beta.beta",
    "CompositeIndex": "spatialconv.index._result",
    "Multiverse": "spatialconv._multiverse._result",
    "PanelFit": "spatialconv.models.estimation.fitted",
    "Study": "spatialconv.study._result",
}
MOST_MODULES = 14


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def names_imported(tree: ast.AST) -> list[str]:
    """Full names, the last part being what is imported, anywhere in a tree."""
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and (n.module or "").startswith("spatialconv")]
    return [f"{node.module}.{alias.name}" for node in nodes for alias in node.names]


def names_in_stub(path: Path) -> list[str]:
    """Full names that a package offers by the stub beside it, and imports when they are used."""
    stub = path.with_suffix(".pyi")
    nodes = ast.parse(stub.read_text(encoding="utf-8")).body if stub.exists() else []
    found = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    assert all(node.level == 1 for node in found)
    return [f"{dotted(path)}.{node.module}.{alias.name}" for node in found for alias in node.names]


def test_no_circles_of_files_but_the_doors():
    every = {dotted(path): path for path in modules()}
    through = {(OWNERS[name.split(".")[0]], target.split(":")[0]) for name, target in DOORS.items()}
    graph = {}
    for name, path in every.items():
        wanted = names_imported(ast.parse(path.read_text(encoding="utf-8"))) + names_in_stub(path)
        found = {full if full in every else full.rpartition(".")[0] for full in wanted}
        graph[name] = {there for there in found & set(every) if (name, there) not in through}
    assert sum(map(len, graph.values())) > 500
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of files: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("name", DOORS)
def test_every_door_opens_on_what_its_method_takes(name):
    owner, method = name.split(".")
    mine = list(signature(getattr(getattr(import_module(OWNERS[owner]), owner), method)).parameters.values())[1:]
    theirs = list(signature(door(name)).parameters.values())[1:]
    if mine and mine[-1].kind is Parameter.VAR_KEYWORD:  # handed on whole, and refused by name in _options.passed_on
        mine, theirs = mine[:-1], [p for p in theirs if p.kind is not Parameter.KEYWORD_ONLY]
    assert [(p.name, p.kind, p.default, p.annotation) for p in mine] == [
        (p.name, p.kind, p.default, p.annotation) for p in theirs
    ]


def test_methods_import_through_doors_only():
    opened = set()
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                inside = [name for part in node.body for name in names_imported(part)]
                assert not inside, f"{path.relative_to(ROOT)}: {node.name} imports {inside} inside a method"
                opened |= {
                    call.args[0].value
                    for call in ast.walk(node)
                    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "door"
                }
    assert opened == set(DOORS)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_an_underscore_means_inside_this_folder_only(path):
    folder = path.relative_to(ROOT).parts[:-1]
    for full in names_imported(ast.parse(path.read_text(encoding="utf-8"))):
        parts = full.split(".")[1:]
        for depth, part in enumerate(parts):
            if depth and part.startswith("_") and not part.startswith("__"):
                assert folder[:depth] == tuple(parts[:depth]), f"{path.relative_to(ROOT)} imports {full}"


def test_a_folder_holds_about_a_dozen_modules():
    held = {
        folder.relative_to(ROOT): len([p for p in folder.glob("*.py") if p.name != "__init__.py"])
        for folder in {path.parent for path in modules()} - {ROOT}
    }
    print("\n".join(f"{count:3} {folder}" for folder, count in sorted(held.items())))
    assert {str(f): n for f, n in held.items() if n > MOST_MODULES} == {}
