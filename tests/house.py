"""The house as a listing, one line a folder, and its circles of files: `python -m tests.house [FOLDER]`.

FOLDER is that of a package (ours unless given), so that two states of it can be set side by side. Read from the
source: nothing is imported, and an import counts wherever it stands, inside of functions too. A circle is a largest set
of files each of which leads to each other by imports. A door (`_doors.py`) is a name in text; what the method's module
imports from behind it, the types of its signature, is left out, as in `tests/test_layers.py`.
"""

from __future__ import annotations

import argparse
import ast
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from textwrap import shorten

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

ROOT = Path(__file__).parents[1] / "spatialconv"
WIDTH = 132


@dataclass(frozen=True)
class Folder:
    """One line: its path below the package, the first sentence of its docstring, its modules (without `__init__`)."""

    name: str
    says: str
    modules: int


def sources(root: Path) -> dict[str, ast.Module]:
    """Return the syntax of every module of a package by its dotted name, that of a folder for its `__init__`."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def folders(root: Path) -> list[Folder]:
    """Return a line for each folder that holds Python, the package itself first."""
    lines = []
    for init in sorted(root.rglob("__init__.py"), key=lambda path: path.parent.parts):
        doc = ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))) or ""
        count = sum(path.name != "__init__.py" for path in init.parent.glob("*.py"))
        lines.append(Folder(init.parent.relative_to(root.parent).as_posix(), doc.partition("\n")[0], count))
    return lines


def imports(tree: ast.Module, package: str) -> set[str]:
    """Return the full names of what a module imports from its own package, the last part perhaps no module."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] == package}


def doors(root: Path) -> dict[str, str]:
    """Return the doors: class and method -> module behind it; none where there is no list."""
    path = root / "_doors.py"
    if not path.exists():
        return {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOORS":
            return {name: behind.partition(":")[0] for name, behind in ast.literal_eval(node.value).items()}
    raise ValueError(f"{path} assigns no DOORS")


def opened(tree: ast.Module, known: dict[str, str]) -> set[str]:
    """Return the modules behind the doors that a module opens, by `door("Class.method")`."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "door"]
    return {known[call.args[0].value] for call in calls}  # type: ignore[attr-defined]


def circles(root: Path) -> list[list[str]]:
    """Return the circles of files, the largest first; the package's own `__init__` names everything and is left out."""
    trees = {name: tree for name, tree in sources(root).items() if name != root.name}
    place, known = {name: k for k, name in enumerate(trees)}, doors(root)
    links = []
    for name, tree in trees.items():
        wanted = {full if full in place else full.rpartition(".")[0] for full in imports(tree, root.name)}
        links += [(place[name], place[there]) for there in (wanted - opened(tree, known) - {name}) & set(place)]
    rows, columns = np.array(links, dtype=int).reshape(-1, 2).T
    graph = csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(place), len(place)))
    _, label = connected_components(graph, connection="strong")
    groups = [[name for name in trees if label[place[name]] == k] for k in np.flatnonzero(np.bincount(label) > 1)]
    return sorted(groups, key=len, reverse=True)


def listing(root: Path) -> str:
    """Return the listing as text."""
    lines = folders(root)
    width = max(len(line.name) for line in lines)
    room = WIDTH - width - len("  000  ")
    text = [f"{line.name:{width}}  {line.modules:3}  {shorten(line.says, room, placeholder=' ...')}" for line in lines]
    counts = [line.modules for line in lines]
    found = circles(root)
    sizes = "".join(f", {len(group)} files" for group in found)
    text += [
        "",
        f"{sum(counts) + len(counts)} files in {len(lines)} folders; modules a folder: median {median(counts):g}, "
        f"most {max(counts)} ({lines[int(np.argmax(counts))].name})",
        f"circles of files: {len(found)}{sizes}; doors: {len(doors(root))}",
        *(f"  {' '.join(group)}" for group in found),
    ]
    return "\n".join(text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="List the folders of a package, and its circles of files.")
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT)
    print(listing(parser.parse_args().folder.resolve()))
