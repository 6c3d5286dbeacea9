"""The floors of the house: a module imports only from lower floors, or from its own package."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import spatialconv

ROOT = Path(spatialconv.__file__).parent

FLOORS = {
    "errors": 0,
    "_options": 0.5,  # raises errors
    "_files": 0.6,  # raises errors
    "_toml": 0.5,  # raises errors
    "_parallel": 0.7,  # raises errors, reads options
    "_core": 1,
    "results": 1,
    "_labels": 1,
    "panel": 2,
    "weights": 2.5,  # economic distance reads a Panel
    "datasets": 2.5,  # hands out a Panel
    "_reconstruction": 3,
    "summary": 3,
    "simulate": 3,
    "autocorrelation": 3,
    "agglomeration": 3,
    "index": 3.5,  # reads spans of time from summary
    "models": 4,
    "convergence": 5,
    "regression": 5.5,  # takes groups of regions as the measures of inequality do
    "auditing": 6,
    "_multiverse": 5.5,  # drawn by plot
    "dynamics": 5.5,  # resamples as convergence does
    "_style": 6,
    "_drawing": 6,
    "tables": 6,
    "plot": 6,
    "maps": 6,
    "replication": 6,
    "study": 7,
    "report": 7,
    "checks": 7,
    "cli": 8,
    "__main__": 9,
}
# Rooms of one floor that may look into each other.
PRESENTATION = {
    "auditing",
    "_style",
    "_drawing",
    "tables",
    "plot",
    "maps",
    "replication",
    "study",
    "report",
    "checks",
}
NUMERIC = {"__future__", "numpy", "scipy", "collections", "dataclasses", "typing", "math", "functools", "itertools"}


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
        lower = FLOORS[there] < FLOORS[here]
        beside = {here, there} <= PRESENTATION and FLOORS[there] <= FLOORS[here]
        assert lower or beside, (
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
