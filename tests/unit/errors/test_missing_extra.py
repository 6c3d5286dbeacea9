"""A library of an extra that is not there is named, with the command that brings it."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import box

import spatialconv
from spatialconv._extras import EXTRAS, extra
from spatialconv._files.geometry import read_geometry_file
from spatialconv.errors import FileError, MissingExtraError, SpatialConvError
from spatialconv.study import PanelFile
from spatialconv.study._read import read_panel

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


MODULES = {"python_docx": "docx"}  # where a distribution has another name than what is imported


def distributions(lines: list[str]) -> set[str]:
    found = {re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0].lower().replace("-", "_") for line in lines}
    return {MODULES.get(name, name) for name in found}


@pytest.mark.parametrize(("library", "ending"), [("openpyxl", "xlsx"), ("pyarrow", "parquet")])
def test_a_panel_names_the_extra(monkeypatch, tmp_path, library, ending):
    file = tmp_path / f"panel.{ending}"
    file.write_bytes(b"never opened")
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError) as caught:
        read_panel(PanelFile(file, "region", "year"), ())
    assert str(caught.value) == (
        f"panel.{ending} needs the library {library}, which is not installed. "
        f'Get it by: pip install "spatialconv[{EXTRAS[library]}]"'
    )
    assert isinstance(caught.value, (SpatialConvError, ImportError))
    assert not isinstance(caught.value, FileError)


def test_a_geometry_names_the_extra(monkeypatch, tmp_path):
    pytest.importorskip("pyarrow")
    file = tmp_path / "g.parquet"
    gpd.GeoDataFrame({"name": ["a"]}, geometry=[box(0, 0, 1, 1)], crs=3857).to_parquet(file)
    assert read_geometry_file(file)["name"].tolist() == ["a"]
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r'g\.parquet needs the library pyarrow.*"spatialconv\[parquet\]"'):
        read_geometry_file(file)


@pytest.mark.parametrize("ending", ["xlsx", "parquet"])
def test_a_panel_comes_back_with_the_extra(tmp_path, ending):
    pytest.importorskip("openpyxl" if ending == "xlsx" else "pyarrow")
    frame = pd.DataFrame({"region": ["01", "01", "02", "02"], "year": [1, 2, 1, 2], "y": [1.5, 2.5, 3.5, 4.5]})
    file = tmp_path / f"panel.{ending}"
    if ending == "xlsx":
        frame.to_excel(file, index=False)
    else:
        frame.to_parquet(file)
    panel = read_panel(PanelFile(file, "region", "year"), ("y",))
    assert panel.wide("y").to_numpy().tolist() == [[1.5, 3.5], [2.5, 4.5]]
    assert list(panel.regions) == ["01", "02"]


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (
            ImportError("Pandas requires version '3.1.2' or newer of 'openpyxl'."),
            "Pandas requires version .* 'openpyxl'",
        ),
        (ModuleNotFoundError("No module named 'et_xmlfile'", name="et_xmlfile"), "No module named 'et_xmlfile'"),
    ],
)
def test_a_library_that_is_there_is_not_called_absent(error, state):
    pytest.importorskip("openpyxl")
    message = rf"panel\.xlsx needs the library openpyxl, which cannot be used here \({state}\)\. Get it by: pip"
    with pytest.raises(MissingExtraError, match=message), extra("openpyxl", "panel.xlsx"):
        raise error


def test_the_command_line_says_it_in_one_line(tmp_path):
    """A process in which the library cannot be found at all, as where it was never installed."""
    spatialconv.study.example(tmp_path / "case")
    case = tmp_path / "case" / "case.toml"
    case.write_text(case.read_text(encoding="utf-8").replace("panel.csv", "panel.xlsx"), encoding="utf-8")
    (tmp_path / "case" / "panel.xlsx").write_bytes(b"never opened")
    code = textwrap.dedent("""
        import sys
        class Absent:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in ("openpyxl", "pyarrow"):
                    raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        sys.meta_path.insert(0, Absent())
        from spatialconv.cli import main
        sys.argv = ["spatialconv", "study", sys.argv[1], "--out", sys.argv[2]]
        main()
    """)
    command = [sys.executable, "-c", code, str(case), str(tmp_path / "out")]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"COLUMNS": "300"})
    assert run.returncode == 2
    assert (
        run.stderr.strip()
        .splitlines()[-1]
        .endswith(
            'panel.xlsx needs the library openpyxl, which is not installed. Get it by: pip install "spatialconv[excel]"'
        )
    )
    assert "Traceback" not in run.stderr


def test_every_extra_brings_what_it_is_named_for():
    extras = PROJECT["optional-dependencies"]
    for library, name in EXTRAS.items():
        assert library in distributions(extras[name])
        assert name in extras["all"][0]


def test_every_library_that_is_imported_is_declared():
    """What is required is declared; what an extra brings is imported under `extra`, inside a function."""
    imported = set()
    for path in Path(spatialconv.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
                assert not {name.partition(".")[0] for name in names} & set(EXTRAS), path
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
    others = imported - set(sys.stdlib_module_names) - {"spatialconv"}
    assert {"numpy", "linearmodels", "mgwr"} <= others
    # Dask's, where a client of the user's is at hand already.
    assert others - set(EXTRAS) - {"distributed", "cloudpickle"} <= distributions(PROJECT["dependencies"])
