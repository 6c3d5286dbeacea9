"""The site: its pages' code runs, its reference is complete, and Sphinx builds it without a warning."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import re
import subprocess
import sys
import warnings
from operator import attrgetter
from pathlib import Path
from types import ModuleType, SimpleNamespace

import matplotlib
import pytest

import spatialconv as sc
from tests.test_first_calls import functions

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


def generator(name: str = "generated") -> ModuleType:
    """Return the module that writes the pages of the reference, or one beside it."""
    sys.path.insert(0, str(DOCS / "_ext"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(DOCS / "_ext"))


def test_what_machines_read_is_what_the_package_has(tmp_path):
    """Every function with its first line in llms.txt, calls of its guide that exist, and the schemas as they are."""
    made = generator("for_machines")
    made.write(SimpleNamespace(builder=SimpleNamespace(format="html"), outdir=str(tmp_path)), None)
    text = (tmp_path / "llms.txt").read_text(encoding="utf-8")
    told = dict(re.findall(r"^- \[sc\.([\w.]+)\]\(reference/api/spatialconv\.\1\.html\): (.+)$", text, re.MULTILINE))
    assert functions() <= set(told)
    for name, line in told.items():
        assert line == (inspect.getdoc(attrgetter(name)(sc)) or "").split("\n")[0]
        assert len(line) > 10
    for name in re.findall(r"`sc\.([\w.]+)\(", made.GUIDE):
        assert callable(attrgetter(name)(sc))
    for name, room in {"case": sc.study, "audit": sc.auditing}.items():
        published = json.loads((tmp_path / f"{name}.schema.json").read_text(encoding="utf-8"))
        assert published == json.loads(json.dumps(room.schema()))
        assert len(published["properties"]) > 3
    made.write(SimpleNamespace(builder=SimpleNamespace(format="latex"), outdir=str(tmp_path / "none")), None)
    assert not (tmp_path / "none").exists()


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
    for name in ("llms.txt", "case.schema.json", "audit.schema.json"):
        assert (tmp_path / name).stat().st_size > 1000
