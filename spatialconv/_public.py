"""What a public module shows, what it imports when, and what it answers to a name that it does not have.

A folder lists its public names in `__init__.pyi`, which type checkers and editors read as well, and its `__init__.py`
says `__all__ = from_stub(__name__, __file__)`: each name is imported when first used (SPEC 1), so that a plot of sigma
waits for no model. A module of one file lists them in `__all__` and closes with `public(__name__)`. Either way `dir()`,
and with it completion in an editor, shows the public names and nothing that was imported for them, and a name that is
not there (`sc.lisa`, `sc.weights.queen`, `sc.simga`) is answered with the one that is meant.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import lazy_loader

PACKAGE = "spatialconv"
CLOSE = 0.75  # of difflib's ratio: "simga" has sigma, "models" has nothing
MOST = 3


def from_stub(module: str, file: str) -> list[str]:
    """Let a package import its names when they are first used, and return them; its stub says whence.

    Where `EAGER_IMPORT` is set in the environment they are all imported now.
    """
    load, _, names = lazy_loader.attach_stub(module, file)
    here = vars(sys.modules[module])

    def first_use(name: str) -> Any:
        found = here[name] = load(name)  # kept: the next look finds it without a call
        return found

    _answer(here, names, first_use)
    return list(names)


def public(module: str) -> None:
    """Let `dir()` of a module of one file show its `__all__` only."""
    here = vars(sys.modules[module])
    _answer(here, here["__all__"], None)


def _answer(here: dict[str, Any], names: Iterable[str], load: Callable[[str], Any] | None) -> None:
    """Set what a module does when a name is not in it (`__getattr__`), and what it shows (`__dir__`)."""
    known, module = frozenset(names), here["__name__"]
    shown = sorted([*known, *(["__version__"] if "__version__" in here else [])])

    def missing(name: str) -> Any:
        if load is not None and name in known:
            return load(name)
        raise no_attribute(module, name)

    here["__getattr__"], here["__dir__"] = missing, shown.copy


def no_attribute(module: str, name: str) -> AttributeError:
    """Return the error for a name that a public module does not have."""
    short = "sc" + module.removeprefix(PACKAGE)
    said = f"module {module!r} has no attribute {name!r}"
    # Asked by Python itself, as a rule: `from spatialconv import models` looks for the name before it imports the room.
    if name.startswith("_") or _is_room(module, name):
        return AttributeError(said, name=name)
    close = meant(short, name)
    hint = f"did you mean {_listed(close)}?" if close else f"dir({short}) lists what there is."
    # With a name and no object Python does not add a hint of its own, which looks into this module only.
    return AttributeError(f"{said}; {hint}", name=name)


def _is_room(module: str, name: str) -> bool:
    folders = [Path(folder) for folder in getattr(sys.modules[module], "__path__", ())]
    return any((folder / f"{name}.py").exists() or (folder / name / "__init__.py").exists() for folder in folders)


def meant(short: str, name: str) -> list[str]:
    """Return what a reader of the field means by a name in a public module (`sc`, `sc.weights`), best first.

    In this order: names of other packages for it; the same name in other spelling or in another public module; names
    that are almost the same, in this module before the others.
    """
    from difflib import get_close_matches

    from spatialconv._synonyms import ANYWHERE, INSIDE

    key = _plain(name)
    for table in (INSIDE.get(short, {}), ANYWHERE):
        known = [target for target, names in table.items() if key in map(_plain, names.split())]
        if known:
            return known[:MOST]
    every = _every_name()
    same = [full for full in every if _last(full) == name] or [full for full in every if _plain(_last(full)) == key]
    if same:
        return sorted(same, key=lambda full: full.rpartition(".")[0] != short)[:MOST]
    for names in ([full for full in every if full.rpartition(".")[0] == short], every):
        by_key: dict[str, str] = {}
        for full in names:
            by_key[_plain(_last(full))] = full  # of Zhejiang, a class, and zhejiang, a function, the function
        close = get_close_matches(key, by_key, n=MOST, cutoff=CLOSE)
        if close:
            return [by_key[one] for one in close]
    return []


def _every_name() -> list[str]:
    """Return every public name in full (`sc.weights.knn`, `sc.beta`), those of `sc` itself last.

    Read from the files: to import all modules for an answer to `hasattr` would take seconds.
    """
    root = Path(__file__).parent
    top = list(sys.modules[PACKAGE].__all__)
    found = []
    for name in top:
        paths = (root / name / "__init__.pyi", root / name / "__init__.py", root / f"{name}.py")
        path = next((path for path in paths if path.exists()), None)
        found += [f"sc.{name}.{inside}" for inside in _declared(path)] if path else []
    return [*found, *(f"sc.{name}" for name in top)]


def _declared(path: Path) -> Iterable[str]:
    """Return the names that a stub imports, or the `__all__` that a file declares."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    if path.suffix == ".pyi":
        return [alias.name for node in body if isinstance(node, ast.ImportFrom) for alias in node.names]
    for node in body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return [str(name) for name in ast.literal_eval(node.value)]
    return ()


def _last(full: str) -> str:
    return full.rpartition(".")[2]


def _plain(name: str) -> str:
    """Return a name without case, points and underscores: `Moran_Local`, `moran.local` and `moranlocal` are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
