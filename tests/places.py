"""Where every public function that returns a result has its places: figures, pages, study, check, multiverse, audit.

`python -m tests.places` makes docs/reference/places.md; `tests/unit/evidence/test_places.py` holds the page to the code
and every row to the result of the call in `tests/first_calls/calls.py`. All but the audit is read from the source: a
function has a place in a room whose modules import it, or the class that it returns; a figure takes a class that stands
first in its docstring.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
import re
from functools import cache
from pathlib import Path
from typing import Any

import spatialconv as sc
from spatialconv.results import HypothesisTest, Result
from tests.first_calls import calls

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "places.md"
ROOMS = {"study": "study", "check": "checks", "multiverse": "_multiverse"}
# What many functions return says nothing of one of them.
COMMON = ("HypothesisTest", "Diagnostics", "Result", "Table")
COLUMNS = ("function", "returns", "figures", "by region", "shown in", *ROOMS, "audit")
INTRODUCTION = """# Where each result has its place

Every function that returns a result, with the figures that take it, whether it can be laid on a map
(`.to_geodataframe()`), the pages and notebooks of which kind show it, and whether `sc.study`, `sc.check` and
`sc.multiverse` work with it. Each result has `.tidy()`, `.glance()`, `.to_dict()`, a repr and a table in Jupyter; every
figure has a caption of its own, and every function an example in its docstring. "audit" says whether a rule of
`sc.audit` applies to the result of the function's first call in the tests, or whether the audit answers "nothing to
check here"; no result of ours is found at fault. `python -m tests.places` makes this page.

"""


def functions() -> tuple[str, ...]:
    """Return the public functions that return a result, a tuple of them or a class of results, by name."""
    return tuple(name for name in calls.CALLS if "(" not in name and "." not in name and class_of(name) is not None)


@cache
def classes() -> dict[str, type[Result]]:
    """Return the classes of results by name."""
    for module in pkgutil.walk_packages(sc.__path__, "spatialconv."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found, waiting = {}, [Result]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        found[kind.__name__] = kind
    return found


def class_of(name: str) -> type[Result] | None:
    """Return the class of results that a function returns, or tuples of it; None if it returns something else."""
    thing = getattr(sc, name)
    if not inspect.isfunction(thing):
        return None
    hint = re.fullmatch(r"(?:tuple\[)?(\w+)(?:, \.\.\.\])?", str(thing.__annotations__.get("return", "")))
    return classes().get(hint[1]) if hint else None


@cache
def taken() -> dict[str, tuple[str, ...]]:
    """Return, by class of results, the figures that take it."""
    found: dict[str, list[str]] = {}
    for room in ("plot", "maps"):
        module = getattr(sc, room)
        for figure in module.__all__:
            if not inspect.isfunction(getattr(module, figure)):
                continue
            first = re.search(r"Parameters\n-+\n\w+ : (.*)\n", inspect.getdoc(getattr(module, figure)) or "")
            for kind in re.findall(r"\b[A-Z]\w+", first[1] if first else ""):
                found.setdefault(kind, []).append(f"{room}.{figure}")
    return {kind: tuple(names) for kind, names in found.items()}


@cache
def used(room: str) -> frozenset[Any]:
    """Return what the modules of a room import from the package."""
    found = []
    for path in sorted((ROOT / "spatialconv" / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("spatialconv"):
                module = importlib.import_module(str(node.module))
                found += [getattr(module, alias.name, None) for alias in node.names]
    return frozenset(id(thing) for thing in found if inspect.isfunction(thing) or inspect.isclass(thing))


@cache
def written() -> dict[str, str]:
    """Return the text of pages and notebooks by kind."""
    pages = [path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts and "api" not in path.parts]
    return {
        "page": "\n".join(path.read_text(encoding="utf-8") for path in pages if path.parent.name != "reference"),
        "notebook": "\n".join(
            "".join(cell["source"])
            for path in (ROOT / "notebooks").glob("*.ipynb")
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        ),
    }


def row(name: str, audit: str) -> tuple[str, ...]:
    """Return the row of a function; what the audit says of it is given."""
    kind = class_of(name)
    assert kind is not None, name
    things = {id(getattr(sc, name))} | ({id(kind)} if kind.__name__ not in COMMON else set())
    own = kind._of_regions is not Result._of_regions
    shown = [where for where, text in written().items() if re.search(rf"\bsc\.{name}\b", text)]
    figures = taken().get(kind.__name__, ()) if kind is not HypothesisTest else ()
    rooms = ("yes" if things & used(room) else "" for room in ROOMS.values())
    drawn = ", ".join(f"`{figure}`" for figure in figures)
    return (f"`sc.{name}`", f"`{kind.__name__}`", drawn, "yes" if own else "", ", ".join(shown), *rooms, audit)


def page(audits: dict[str, str]) -> str:
    """Return the page, given what the audit says of each function."""
    rows = [COLUMNS, tuple("---" for _ in COLUMNS), *(row(name, audits.get(name, "")) for name in functions())]
    return INTRODUCTION + "\n".join("| " + " | ".join(cells) + " |" for cells in rows) + "\n"


def stored() -> dict[str, str]:
    """Return what the page says of the audit of each function."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `sc.")]
    return {line.split("`")[1].removeprefix("sc."): line.rstrip("| ").rpartition("| ")[2] for line in lines}


def result_of(name: str) -> Result:
    """Return the result of the first call of a function, the first of several."""
    found: Any = eval(calls.CALLS[name], vars(calls))
    first = found if isinstance(found, Result) else found[0]
    assert type(first) is class_of(name)
    return first


def audited(result: Result) -> str:
    """Return "rules" where a rule of the audit applies to a result, else "nothing to check"."""
    return "rules" if sc.audit(result).checked else "nothing to check"


if __name__ == "__main__":
    PAGE.write_text(page({name: audited(result_of(name)) for name in functions()}), encoding="utf-8")
