"""The checks of `make dist` see what they are there for: files that hold pass, and each breach is told.

The archives are made by the build backend alone; environments and installations are `make dist`'s own.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.message import Message
from pathlib import Path

import pytest

from tests import distribution
from tests.distribution import BreachError

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HOME = PROJECT["urls"]["Source"]


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    for what in ("sdist", "wheel"):
        command = [sys.executable, "-m", "hatchling", "build", "-t", what, "-d", str(folder)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return distribution.built(folder)


@pytest.fixture(scope="module")
def wheel(archives):
    return distribution.members(archives[0])


@pytest.fixture(scope="module")
def sdist(archives):
    return distribution.members(archives[1])


@pytest.fixture(scope="module")
def readme():
    return (ROOT / "README.md").read_text(encoding="utf-8")


def changed(said: Message, old: str, new: str) -> Message:
    copy = Message()
    for name, value in said.items():
        copy[name] = value
    assert old in said.get_payload()
    copy.set_payload(said.get_payload().replace(old, new, 1))
    return copy


def test_every_file_that_tests_read_is_in_the_sdist(sdist):
    here = {
        path.relative_to(ROOT).as_posix()
        for folder in ("spatialconv", "tests", "shapefiles", "notebooks", ".github")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts)
    }
    assert here <= set(sdist)
    for name in ("Makefile", "pyproject.toml", "CITATION.cff", "CONTRIBUTING.md", ".pre-commit-config.yaml"):
        assert name in sdist
    assert not any(name.startswith((".ci", "results", "dist/")) for name in sdist)


def test_a_file_lost_or_strange_is_told(sdist):
    tracked = [name for name in sdist if name != "PKG-INFO"] + [".ci/run"]
    distribution.check_sdist(sdist, tracked)
    with pytest.raises(BreachError, match=r"lacks 1 files of the repository: tests/lost\.csv"):
        distribution.check_sdist(sdist, [*tracked, "tests/lost.csv"])
    with pytest.raises(BreachError, match=r"1 files that git does not know: notes\.txt"):
        distribution.check_sdist(sdist | {"notes.txt": b""}, tracked)


def test_two_wheels_that_differ_are_told(wheel):
    distribution.check_same(wheel, dict(wheel))
    with pytest.raises(BreachError, match=r"cli\.py: not the same"):
        distribution.check_same(wheel, wheel | {"spatialconv/cli.py": b""})
    with pytest.raises(BreachError, match=r"holds spatialconv/more\.py"):
        distribution.check_same(wheel | {"spatialconv/more.py": b""}, wheel)


def test_each_licence_once(wheel, sdist):
    distribution.check_licences(wheel, sdist, PROJECT)
    notice = sdist["spatialconv/data/NOTICE"]
    assert b"MIT License" in notice
    with pytest.raises(BreachError, match="NOTICE stands 2 times"):
        distribution.check_licences(wheel | {"spatialconv/data/NOTICE": notice}, sdist, PROJECT)
    without = {name: content for name, content in wheel.items() if content != notice}
    with pytest.raises(BreachError, match="NOTICE stands 0 times"):
        distribution.check_licences(without, sdist, PROJECT)
    with pytest.raises(BreachError, match="License-Expression"):
        distribution.check_licences(wheel, sdist, PROJECT | {"license": "BSD-3-Clause"})


def test_links_and_pictures_of_the_long_description(wheel, sdist, readme):
    said = distribution.metadata(wheel)
    assert distribution.check_description(said, readme, sdist, HOME) >= 20
    at_home = f"{HOME}/blob/v{said['Version']}/LICENSE"
    for old, new, message in (
        (at_home, "LICENSE", "links to 'LICENSE', which is not absolute"),
        (at_home, "http://example.org/LICENSE", "is not absolute"),
        (at_home, f"{HOME}/blob/main/LICENSE", "at home, but not of version"),
        (at_home, at_home + "S", "LICENSES leads to no file of this version"),
        (f'src="{HOME}/raw/v{said["Version"]}/notebooks/figures/hot_spots.png"', 'src="hot_spots.png"', "not absolute"),
        (f"raw/v{said['Version']}/notebooks/figures/hot_spots.png", f"raw/v{said['Version']}/hot_spots.png", "no file"),
        ("import spatialconv as sc", "import spatialconv", "has changed a block of code"),
        ("<img", "<imag", "0 pictures of 1"),
    ):
        with pytest.raises(BreachError, match=message):
            distribution.check_description(changed(said, old, new), readme, sdist, HOME)


def test_on_the_page_of_the_repository_links_stay_beside_the_readme(readme):
    assert HOME not in readme


def test_examples_come_with_what_they_print(wheel):
    found = distribution.examples(distribution.metadata(wheel).get_payload())
    assert [shown is not None for _, shown in found] == [True, True]
    assert "sc.moran(" in found[0][0]
    assert found[0][1].startswith("Moran's I of log of exports")
    assert "sc.maps.hot_spots(" in found[1][0]
    assert found[1][1].splitlines()[-1] == "2009    4     0"


@pytest.mark.parametrize(
    ("environment", "changelog", "message"),
    [
        ({"RELEASE_TAG": "v9", "RELEASE_HOME": HOME}, "## [1.0] - 2030-01-01", "they must be v1.0 and 1.0"),
        ({"RELEASE_TAG": "v1.0", "RELEASE_HOME": "https://x/y"}, "## [1.0] - 2030-01-01", "this is https://x/y"),
        ({"RELEASE_TAG": "v1.0"}, "## [1.0] - 2030-01-01", "this is None"),
        ({"RELEASE_HOME": HOME}, "## [1.0] - 2030-01-01", "the tag is None"),
        ({"RELEASE_TAG": "v1.0", "RELEASE_HOME": HOME}, "## [1.0] - unreleased", "with the date"),
        ({"RELEASE_TAG": "v1.0", "RELEASE_HOME": HOME}, "## [1.0] - 2030-01-01", None),
        ({}, "## [1.0] - unreleased", None),
    ],
)
def test_a_release_of_something_else_is_refused(environment, changelog, message):
    if message is None:
        distribution.check_release(PROJECT, "1.0", changelog, environment)
        return
    with pytest.raises(BreachError, match=message):
        distribution.check_release(PROJECT, "1.0", changelog, environment)


def test_archives_that_hide_something_are_refused(tmp_path):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        link = tarfile.TarInfo("a/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        archive.addfile(link)
    with pytest.raises(BreachError, match="links or devices"):
        distribution.members(tmp_path / "a.tar.gz")
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as archive:
        archive.writestr("a.py", "1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.py", "2")
    with pytest.raises(BreachError, match="holds a file twice"):
        distribution.members(tmp_path / "a.whl")
    (tmp_path / "b.whl").write_bytes(b"")
    with pytest.raises(BreachError, match="holds 2 wheels and 1 sdists"):
        distribution.built(tmp_path)


def test_a_command_that_fails_tells_what_it_printed(tmp_path):
    code = "import sys; print('half'); sys.exit('the reason')"
    with pytest.raises(BreachError, match=r"(?s)half.*the reason"):
        distribution.run(sys.executable, "-c", code, cwd=tmp_path)
    assert distribution.run(sys.executable, "-c", "print(1)", cwd=tmp_path) == "1\n"


def test_the_command_ends_with_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["distribution", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"dist: .* holds 0 wheels and 0 sdists, not one each"):
        distribution.main()


def test_addresses_are_read_from_tags():
    seen = distribution.Addresses()
    seen.feed('<a href="x">y</a><img src="z"><a name="n">')
    assert (seen.found, seen.images) == (["x", "z"], 1)
