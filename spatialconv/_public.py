"""What a public module shows, and what it answers to a name that it does not have.

A module that users work with names its public names in `__all__` and closes with `public(__name__)`: then `dir()`, and
with it completion in an editor, shows these and nothing that the module imported for itself, and a name that is not
there (`sc.lisa`, `sc.weights.queen`, `sc.simga`) is answered with the one that is meant.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PACKAGE = "spatialconv"
CLOSE = 0.75  # of difflib's ratio: "simga" has sigma, "models" has nothing
MOST = 3


def public(module: str) -> None:
    """Let `dir(module)` show `__all__` only, and a missing name be answered with what is meant."""
    here = vars(sys.modules[module])
    shown = sorted(here["__all__"])

    def missing(name: str) -> Any:
        raise no_attribute(module, name)

    here["__getattr__"], here["__dir__"] = missing, shown.copy


def no_attribute(module: str, name: str) -> AttributeError:
    """Return the error for a name that a public module does not have."""
    short = "sc" + module.removeprefix(PACKAGE)
    said = f"module {module!r} has no attribute {name!r}"
    if name.startswith("_"):  # asked by Python itself, as a rule: nobody means another name
        return AttributeError(said, name=name)
    close = meant(short, name)
    hint = f"did you mean {_listed(close)}?" if close else f"dir({short}) lists what there is."
    # With a name and no object Python does not add a hint of its own, which looks into this module only.
    return AttributeError(f"{said}; {hint}", name=name)


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
        for path in (root / f"{name}.py", root / name / "__init__.py"):
            if path.exists():
                found += [f"sc.{name}.{inside}" for inside in _declared(path)]
    return [*found, *(f"sc.{name}" for name in top)]


def _declared(path: Path) -> Iterable[str]:
    """Return the `__all__` that a file declares."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
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
