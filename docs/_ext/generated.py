"""Write the pages that follow from the code: reference by question, classes of results, parity, rooms of the house."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import spatialconv
from spatialconv.results import Result

ROOT = Path(__file__).parents[2]
CONTENTS = Path(__file__).parents[1] / "reference" / "contents.toml"


def pages() -> list[dict[str, Any]]:
    """Return the pages of the reference as contents.toml lists them."""
    found: list[dict[str, Any]] = tomllib.loads(CONTENTS.read_text(encoding="utf-8"))["page"]
    return found


def listed(page: dict[str, Any]) -> Iterator[str]:
    """Yield the dotted names of a page: the names it lists, and what its modules show."""
    yield from page.get("names", ())
    for module in page.get("modules", ()):
        shown = importlib.import_module(f"spatialconv.{module}")
        for name in dir(shown):
            if not name.startswith("_") and callable(getattr(shown, name)):
                yield f"{module}.{name}"


def autosummary(names: Iterable[str], module: str = "") -> str:
    """Return a table of links, each with the first line of its docstring, and a page for each."""
    rows = "\n".join(f"   {name}" for name in names)
    within = f".. currentmodule:: {module}\n\n" if module else ""
    return f"```{{eval-rst}}\n{within}.. autosummary::\n   :toctree: api\n   :nosignatures:\n\n{rows}\n```\n"


def reference() -> dict[str, str]:
    """Return the pages of the reference."""
    return {
        f"reference/{page['file']}.md": f"# {page['title']}\n\n{page['text']}\n\n"
        + autosummary(listed(page), "spatialconv")
        for page in pages()
    }


def result_classes() -> list[str]:
    """Return every public class of results by its full name, in the order of its name."""
    found = {}
    for module in pkgutil.walk_packages(spatialconv.__path__, "spatialconv."):
        if not module.name.endswith("__main__"):
            members = vars(importlib.import_module(module.name)).values()
            found |= {
                c.__name__: f"{c.__module__}.{c.__name__}"
                for c in members
                if inspect.isclass(c) and issubclass(c, Result) and not c.__name__.startswith("_")
            }
    return [found[name] for name in sorted(found)]


def results() -> dict[str, str]:
    """Return the page of the classes that functions return."""
    text = (
        "# What comes back: results\n\nEvery result is frozen, shows itself in a terminal and in Jupyter, and has "
        "`.tidy()`, `.glance()`, `.to_dict()` and `.notes`. Classes are listed by name; functions say which they "
        "return.\n\n"
    )
    return {"reference/results.md": text + autosummary(result_classes())}


def references() -> Iterator[tuple[str, int, str, list[str]]]:
    """Yield the folders of reference figures: name, numbers stored, what made them, and the tests that read them."""
    tests = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests" / "unit").rglob("test_*.py"))}
    helpers = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").glob("*.py"))}
    for folder in sorted(path for path in (ROOT / "tests" / "reference").iterdir() if path.is_dir()):
        stored = sum(_numbers(json.loads(path.read_text(encoding="utf-8"))) for path in sorted(folder.rglob("*.json")))
        scripts = [path.name for path in sorted(folder.rglob("*")) if path.suffix in (".R", ".py", ".do")]
        named = [path.name for path, text in tests.items() if re.search(rf"\b{folder.name}\b[\x27\"/ ]", text)]
        named += [path.name for path, text in helpers.items() if f'"{folder.name}"' in text]
        yield folder.name, stored, ", ".join(scripts), named


def _numbers(tree: Any) -> int:
    if isinstance(tree, dict):
        return sum(_numbers(value) for value in tree.values())
    if isinstance(tree, list):
        return sum(_numbers(value) for value in tree)
    return isinstance(tree, int | float) and not isinstance(tree, bool)


def versions(folder: str) -> str:
    """Return the versions of the other software that its figures name, if they do."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "tests" / "reference" / folder).rglob("*.json")):
        tree = json.loads(path.read_text(encoding="utf-8"))
        said = tree.get("versions") or tree.get("version") if isinstance(tree, dict) else None
        if isinstance(said, dict):
            found |= {str(name): str(version) for name, version in said.items()}
        elif isinstance(said, str):
            found["version"] = said
    return ", ".join(f"{name} {version}" for name, version in found.items())


def parity() -> dict[str, str]:
    """Return the page of figures of other software."""
    rows = [
        "| folder of `tests/reference` | numbers stored | made by | versions | compared in |",
        "|---|---:|---|---|---|",
    ]
    total = 0
    for name, stored, scripts, named in references():
        total += stored
        tests = ", ".join(f"`{test}`" for test in named) or "by hand, see its README"
        rows.append(f"| `{name}` | {stored:,} | {scripts or 'see its README'} | {versions(name)} | {tests} |")
    text = (
        "# Parity: figures of other software\n\n"
        f"{total:,} numbers that other programs gave are stored with the scripts that made them, and the tests hold "
        "ours against them, whole arrays at a time, each with a named tolerance. Where we differ on purpose the test "
        "says why, and [Where others go wrong](../explanation/others.md) tells the story.\n\n" + "\n".join(rows) + "\n"
    )
    return {"replications/parity.md": text}


def rooms() -> dict[str, str]:
    """Return the page of the rooms: every folder of the package with the first sentence of its docstring."""
    lines = ["| room | what it is for | modules |", "|---|---|---:|"]
    package = ROOT / "spatialconv"
    for init in sorted(package.rglob("__init__.py")):
        folder = init.parent
        sentence = (ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))) or "").split("\n")[0]
        name = folder.relative_to(package.parent).as_posix()
        lines.append(f"| `{name}/` | {sentence.replace('|', chr(92) + '|')} | {len(list(folder.glob('*.py'))) - 1} |")
    floors = (
        "# The rooms\n\nEvery folder of the package, from its own first sentence. What may import what is said in "
        "[the architecture](architecture.md).\n\n"
    )
    return {"reference/rooms.md": floors + "\n".join(lines) + "\n"}


def write(app: Any, config: Any) -> None:  # noqa: ARG001
    """Write every generated page that differs from what stands there."""
    for name, text in (reference() | results() | parity() | rooms()).items():
        path = Path(app.srcdir) / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Write before the sources are listed."""
    app.connect("config-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
