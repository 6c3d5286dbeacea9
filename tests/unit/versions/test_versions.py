"""The text for issues: true against imports and pyproject, whole where something is missing or broken."""

from __future__ import annotations

import contextlib
import importlib
import io
import platform
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import spatialconv as sc
from spatialconv import _versions
from spatialconv.cli import main

PROJECT = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PROJECT_DASK = next(line.split("]")[1] for line in PROJECT["optional-dependencies"]["test"] if line.startswith("dask"))


def shown() -> dict[str, dict[str, str]]:
    """Read the text back: section -> name -> what is said."""
    file = io.StringIO()
    sc.show_versions(file=file)
    sections: dict[str, dict[str, str]] = {}
    for block in file.getvalue().split("\n\n")[1:]:
        title, *lines = block.strip().splitlines()
        sections[title] = dict(re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in lines)
    return sections


def names(requirements: list[str]) -> set[str]:
    return {re.match(r"[\w.-]+", line)[0] for line in requirements}


def test_every_dependency_and_extra_that_pyproject_declares_is_there(monkeypatch):
    """As hatchling writes them into the metadata; those of the environment may be older than pyproject."""
    dependencies = PROJECT["dependencies"]
    brought = [(extra, line) for extra, lines in PROJECT["optional-dependencies"].items() for line in lines]
    # hatchling unfolds extras of our own
    brought = [(extra, line) for extra, line in brought if not line.startswith("spatialconv[")]
    lines = [f"{line}; extra == '{extra}'" for extra, line in brought]
    monkeypatch.setattr(metadata, "requires", lambda _: [*dependencies, *lines])
    found = shown()
    assert set(found["Dependencies"]) == names(dependencies)
    assert set(found["Extras"]) == names([line for _, line in brought])
    for line in dependencies:
        name = re.match(r"[\w.-]+", line)[0]
        assert found["Dependencies"][name].endswith(f" ({line.removeprefix(name)})")
    assert found["Extras"]["dask"].endswith(f" ({PROJECT_DASK}; test)")
    assert found["Extras"]["openpyxl"].endswith("; excel)")
    monkeypatch.setattr(metadata, "requires", lambda _: ["numpy >=1 ; python_version > '3'", "numpy; extra == 'x'"])
    assert shown()["Dependencies"]["numpy"].endswith(" (>=1)")


# The distribution's metadata are one witness, the module that is imported another.
@pytest.mark.parametrize("name", ["numpy", "scipy", "pandas", "geopandas", "shapely", "matplotlib", "libpysal"])
def test_a_version_is_that_of_the_module_imported(name):
    assert shown()["Dependencies"][name].split()[0] == importlib.import_module(name).__version__


def test_libraries_underneath_are_those_that_other_packages_name():
    import pyogrio
    import pyproj
    import shapely

    said = shown()["Libraries underneath"]
    assert said["GDAL"] == f"{'.'.join(map(str, pyogrio.__gdal_version__))} (pyogrio)"
    assert said["GEOS"] == f"{'.'.join(map(str, shapely.geos_version))} (shapely)"
    theirs = io.StringIO()
    with contextlib.redirect_stdout(theirs):
        pyproj.show_versions()
    assert said["PROJ"] == f"{re.search(r'PROJ(?: .runtime.)?: ([0-9.]+)', theirs.getvalue())[1]} (pyproj)"
    assert re.search(r"\d+\.\d+", said["BLAS"])
    assert shown()["System"]["Python"].startswith(platform.python_version())


def test_what_numpy_was_built_with_stands_where_threadpoolctl_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    said = shown()["Libraries underneath"]["BLAS"]
    assert said.endswith("(as numpy was built)")
    import numpy as np

    assert said.split()[0] == np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"]


def test_missing_and_broken_packages_are_said_and_nothing_is_raised(monkeypatch):
    known = metadata.version

    def version(name):
        if name == "pyarrow":
            raise metadata.PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setitem(sys.modules, "pyogrio", None)

    def broken(name):
        if name == "shapely":
            raise OSError(f"libgeos_c.so.1: cannot open\n{Path.home()}/lib")
        return importlib.import_module(name)

    monkeypatch.setattr(_versions, "import_module", broken)
    found = shown()
    assert found["Extras"]["pyarrow"].startswith("not installed (>=")
    assert found["Libraries underneath"]["GDAL"].startswith("cannot be had (ModuleNotFoundError: ")
    assert found["Libraries underneath"]["GEOS"] == "cannot be had (OSError: libgeos_c.so.1: cannot open ~/lib)"
    assert found["Libraries underneath"]["PROJ"].endswith("(pyproj)")


def test_another_version_installed_and_none_at_all(monkeypatch):
    monkeypatch.setattr(metadata, "version", lambda name: "0.0.1" if name == "spatialconv" else "1")
    assert _versions.versions_text().startswith(f"spatialconv {sc.__version__} (installed as 0.0.1: install it again)")

    def gone(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", gone)
    monkeypatch.setattr(metadata, "requires", gone)
    text = _versions.versions_text()
    assert "not installed: its dependencies are not known" in text.splitlines()[0]
    assert text.splitlines()[-1] == "Extras"


def test_no_folder_of_the_user_is_named():
    file = io.StringIO()
    sc.show_versions(file=file)
    assert str(Path.home()) not in file.getvalue()
    assert sys.prefix not in file.getvalue()


def test_the_command_prints_the_same():
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), pytest.raises(SystemExit) as stopped:
        main(["versions"])
    assert stopped.value.code == 0
    ours = io.StringIO()
    sc.show_versions(file=ours)

    def without_screen(text: str) -> list[str]:
        return [line for line in text.splitlines() if "(screen)" not in line]

    assert without_screen(printed.getvalue()) == without_screen(ours.getvalue())


def test_nothing_slow_is_imported():
    code = (
        "import sys, io, spatialconv as sc; sc.show_versions(file=io.StringIO()); "
        "print([m for m in ('esda', 'spreg', 'libpysal', 'matplotlib', 'linearmodels', 'mgwr') if m in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
