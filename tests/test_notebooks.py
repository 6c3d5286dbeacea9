"""Every notebook runs, ends with an assertion, uses public names only, and shows what it would show today."""

from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

import spatialconv as sc

SHOWN = 0.011  # a unit of the second printed decimal: what another BLAS or a rounding the other way may move

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
# A notebook may look behind the public names only where that is its subject.
BEHIND = {"00_reconstruction": {"spatialconv._reconstruction"}}
MOST_BYTES = 1_500_000
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")

every = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def syntax(cell: Any) -> ast.Module:
    # Lines of IPython (%magic, !shell) do not parse, and have no place in a notebook that anyone can run.
    return ast.parse(cell.source)


def images(cell: Any) -> int:
    return sum("image/png" in output.get("data", {}) for output in cell.outputs)


def shown(cell: Any) -> list[float]:
    """The numbers in what a cell printed or displayed as text, in order."""
    texts = [output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    plain = "\n".join(text for text in texts if not text.startswith("<")).replace("\u2212", "-")
    return [float(number) for number in NUMBER.findall(plain)]


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """A kernel of this very interpreter, whatever Jupyter knows of; nothing is written outside `tmp_path`."""
    folder = tmp_path / "jupyter" / "kernels" / "this-interpreter"
    folder.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "this interpreter", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    return folder.name


def test_there_are_notebooks():
    assert {"00_reconstruction", "01_zhejiang"} <= {path.stem for path in NOTEBOOKS}


@pytest.mark.notebooks
@every
def test_runs_and_shows_what_is_stored(path, kernel, tmp_path):
    from nbclient import NotebookClient

    stored, fresh = read(path), read(path)
    work = tmp_path / "work"
    work.mkdir()
    client = NotebookClient(fresh, timeout=600, kernel_name=kernel, resources={"metadata": {"path": str(work)}})
    client.execute()
    assert not list(work.iterdir()), "a notebook leaves no files"
    for before, after in zip(code_cells(stored), code_cells(fresh), strict=True):
        said = [output.text for output in after.outputs if output.get("name") == "stderr"]
        assert not said, f"{after.source}\nwrote to stderr: {said}"
        assert images(after) == images(before), after.source
        if "varies" not in before.metadata.get("tags", []):
            assert shown(after) == pytest.approx(shown(before), rel=0, abs=SHOWN), after.source


@every
def test_opens_with_a_question_and_ends_with_an_assertion(path):
    cells = read(path).cells
    assert cells[0].cell_type == "markdown"
    assert "?" in cells[0].source
    last = code_cells(read(path))[-1]
    claims = [node for node in ast.walk(syntax(last)) if isinstance(node, ast.Assert)]
    assert claims
    # `assert True` would assert nothing.
    assert not any(isinstance(node.test, ast.Constant) for node in claims)


@every
def test_uses_public_names_only(path):
    allowed = BEHIND.get(path.stem, set())
    for cell in code_cells(read(path)):
        for node in ast.walk(syntax(cell)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("spatialconv"):
                names = {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
                hidden = {name for name in names if "._" in name and not any(name.startswith(a) for a in allowed)}
                assert not hidden, cell.source
            elif isinstance(node, ast.Import):
                assert not any(a.name.startswith("spatialconv.") for a in node.names), cell.source
            elif isinstance(node, ast.Attribute):
                assert not node.attr.startswith("_"), cell.source
                owner = public_owner(node.value)
                if owner is not None:
                    assert node.attr in owner.__all__, f"sc…{node.attr} is not public: {cell.source}"


def public_owner(node: ast.AST) -> Any:
    """Return `sc` or the module `sc.name` that an expression stands for, if it declares its public names."""
    if isinstance(node, ast.Name) and node.id == "sc":
        return sc
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "sc":
        module = getattr(sc, node.attr)
        return module if hasattr(module, "__all__") else None
    return None


@every
def test_figures_show_once(path):
    """A cell that draws shows one picture: neither none, nor a second copy by pyplot."""

    for cell in code_cells(read(path)):
        tree = syntax(cell)
        last = tree.body[-1]
        draws = isinstance(last, ast.Expr) and re.match(r"sc\.(maps|plot)\.", ast.unparse(last.value))
        assert images(cell) == (1 if draws else 0), cell.source


@every
def test_is_fit_to_be_kept_under_version_control(path):
    notebook, text = read(path), path.read_text(encoding="utf-8")
    nbformat.validate(notebook)
    assert path.stat().st_size < MOST_BYTES
    ran = [cell for cell in code_cells(notebook) if cell.execution_count is not None]
    assert [cell.execution_count for cell in ran] == list(range(1, len(code_cells(notebook)) + 1)), "run from the top"
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    assert set(notebook.metadata.language_info) == {"name"}
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags"}
    assert not re.search(r"/home/|/tmp/|/Users/|[A-Z]:\\\\", text), "a path of some machine"
    assert str(path.parents[1].resolve()) not in text, "a path of this machine"
