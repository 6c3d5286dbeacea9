"""The site: its pages' code runs, its reference is complete, and Sphinx builds it without a warning."""

from __future__ import annotations

import importlib
import importlib.util
import re
import subprocess
import sys
import warnings
from pathlib import Path
from types import ModuleType

import matplotlib
import pytest

import spatialconv as sc

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
GENERATED = {"tutorials", "tables", "api"}
PAGES = sorted(path for path in DOCS.rglob("*.md") if not GENERATED & set(path.parts) and "_build" not in path.parts)
CELL = re.compile(r"^```\{code-cell\}\n(?:(?::[^\n]*\n)*)(.*?)^```$", re.DOTALL | re.MULTILINE)
ILLUSTRATED = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
BLOCKS = 80


def cells(path: Path) -> list[str]:
    """Return the blocks of code that a page runs."""
    return CELL.findall(path.read_text(encoding="utf-8"))


WITH_CODE = [path for path in PAGES if cells(path)]


@pytest.mark.parametrize("path", WITH_CODE, ids=lambda path: path.relative_to(DOCS).as_posix())
def test_code_of_a_page_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # A page may set fonts and the like; they end with it.
    with matplotlib.rc_context():
        matplotlib.use("Agg")
        run(path)


def run(path: Path) -> None:
    room: dict[str, object] = {}
    for code in cells(path):
        with warnings.catch_warnings():
            # A page shows what a user sees; warnings of ours are part of it, those of libraries would be errors.
            warnings.filterwarnings("ignore", category=sc.errors.SpatialConvWarning)
            exec(compile(code, path.name, "exec"), room)


def test_there_is_much_code_and_all_of_it_parses():
    count = sum(len(cells(path)) for path in PAGES)
    print(f"{count} blocks of code on {len(WITH_CODE)} pages")
    assert count >= BLOCKS
    for path in PAGES:
        for code in ILLUSTRATED.findall(path.read_text(encoding="utf-8")):
            compile(code, path.name, "exec")


def generator() -> ModuleType:
    """Return the module that writes the pages of the reference."""
    sys.path.insert(0, str(DOCS / "_ext"))
    try:
        return importlib.import_module("generated")
    finally:
        sys.path.remove(str(DOCS / "_ext"))


def test_the_reference_lists_every_public_name_once():
    made = generator()
    names = [name for page in made.pages() for name in made.listed(page)]
    assert len(set(names)) == len(names)
    modules = {module for page in made.pages() for module in page.get("modules", ())}
    assert set(sc.__all__) - modules == {name for name in names if "." not in name}


def test_links_between_pages_lead_somewhere():
    """Beside pages: what is copied or written when the site is built."""
    made = {f"{name}.md" for name in ("parity", "rooms", "results", *(page["file"] for page in generator().pages()))}
    copied = [*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "notebooks" / "figures").glob("*.png")]
    copied += (ROOT / "tests" / "simulation").glob("*.md")
    there = made | {path.name for path in copied}
    for path in PAGES:
        for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            if not link.startswith(("http", "mailto")):
                assert (path.parent / link).exists() or Path(link).name in there, (path, link)


@pytest.mark.notebooks
def test_sphinx_builds_without_a_warning(tmp_path):
    """Without running the code, which the tests above do; `make docs` does both."""
    if importlib.util.find_spec("sphinx") is None or importlib.util.find_spec("myst_nb") is None:
        pytest.skip("the extra docs is not installed; make docs installs it")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-D", "nb_execution_mode=off"]
    ended = subprocess.run([*command, str(DOCS), str(tmp_path)], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-4000:]
    assert (tmp_path / "index.html").exists()
    assert "sc.beta" in (tmp_path / "llms.txt").read_text(encoding="utf-8")
