"""Hold a wheel and an sdist to what a release promises: `python -m tests.distribution dist`, called by `make dist`.

In this order, the first breach ends it with a sentence:

1. a release (RELEASE_TAG and RELEASE_HOME in the environment) is of this version, dated, and from its home;
2. the sdist holds every file of the repository but those of its own machinery, and nothing else;
3. the wheel made from the sdist is the wheel made from the repository;
4. each licence file stands in the wheel once;
5. the long description, as an index shows it, links to nothing relative, and what it links to at home is in the sdist;
6. the wheel, installed in a new environment away from the repository, prints what the README's examples say;
7. from the unpacked sdist the suite is collected, and a part of it passes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import venv
import zipfile
from email.message import Message
from email.parser import HeaderParser
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).parents[1]
# What runs the repository and is no part of the source.
MACHINERY = (".ci/",)
# A quick part of the suite that reads what only an sdist could lack: references, notebooks, shapefiles, what surrounds.
SUITE = (
    "tests/test_project.py",
    "tests/test_public_api.py",
    "tests/unit/data",
    "tests/unit/models/test_splm.py",
    "tests/unit/autocorrelation/test_autocorrelation_reference.py",
    "tests/unit/versions",
)


class BreachError(Exception):
    """What was promised and does not hold, in a sentence."""


def must(holds: object, message: str) -> None:
    if not holds:
        raise BreachError(message)


# ---------------------------------------------------------------------- reading archives


def members(archive: Path) -> dict[str, bytes]:
    """Return the files of a wheel or an sdist; the folder at the top of an sdist is taken off."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            names = [name for name in wheel.namelist() if not name.endswith("/")]
            must(len(names) == len(set(names)), f"{archive.name} holds a file twice")
            return {name: wheel.read(name) for name in names}
    with tarfile.open(archive) as sdist:
        files = [member for member in sdist.getmembers() if not member.isdir()]
        must(all(member.isfile() for member in files), f"{archive.name} holds links or devices")
        return {member.name.partition("/")[2]: sdist.extractfile(member).read() for member in files}


def metadata(wheel: dict[str, bytes]) -> Message:
    """Return the core metadata of a wheel; the long description is the payload."""
    (name,) = [name for name in wheel if name.endswith(".dist-info/METADATA")]
    return HeaderParser().parsestr(wheel[name].decode("utf-8"))


class Addresses(HTMLParser):
    """Everything that a page links to or shows, and the anchors it offers."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.images = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.images += tag == "img"
        self.found += [value or "" for name, value in attrs if name in ("href", "src")]


# ---------------------------------------------------------------------- what must hold


def check_release(project: dict[str, object], version: str, changelog: str, environment: dict[str, str]) -> None:
    """Refuse a release of another version, from another place, or without its date; nothing where none is made."""
    tag, home = environment.get("RELEASE_TAG"), environment.get("RELEASE_HOME")
    if tag is None and home is None:
        return
    must(tag == f"v{version}", f"the tag is {tag}, the version {version}: they must be v{version} and {version}")
    named = project["urls"]["Source"]
    must(home == named, f"this is {home}, but pyproject.toml names {named} as the home: correct one of them first")
    must(
        re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", changelog, re.MULTILINE),
        f"CHANGELOG.md has no heading '## [{version}] - ' with the date of the release",
    )


def check_sdist(sdist: dict[str, bytes], tracked: list[str]) -> None:
    """Hold the files of an sdist against those that git tracks."""
    expected = {name for name in tracked if not name.startswith(MACHINERY)} | {"PKG-INFO"}
    lacking, strange = sorted(expected - set(sdist)), sorted(set(sdist) - expected)
    must(not lacking, f"the sdist lacks {len(lacking)} files of the repository: {', '.join(lacking[:3])}")
    must(not strange, f"the sdist holds {len(strange)} files that git does not know: {', '.join(strange[:3])}")


def check_same(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    """Hold two wheels against each other, file by file."""
    odd = sorted(set(one) ^ set(other))
    must(not odd, f"only one of the wheels (from the sdist, from the repository) holds {', '.join(odd[:3])}")
    differ = [name for name in one if hashlib.sha256(one[name]).digest() != hashlib.sha256(other[name]).digest()]
    must(not differ, f"{', '.join(differ[:3])}: not the same from the sdist as from the repository")


def check_licences(wheel: dict[str, bytes], sources: dict[str, bytes], project: dict[str, object]) -> None:
    """Each licence file once, whole, where PEP 639 puts it, and the expression beside it."""
    said = metadata(wheel)
    must(said["License-Expression"] == project["license"], f"License-Expression is {said['License-Expression']}")
    must(said.get_all("License-File") == project["license-files"], f"License-File: {said.get_all('License-File')}")
    for file in project["license-files"]:
        copies = [name for name, content in wheel.items() if content == sources[file]]
        must(len(copies) == 1, f"{file} stands {len(copies)} times in the wheel: {', '.join(copies)}")
        must(copies[0].endswith(f".dist-info/licenses/{file}"), f"{file} stands at {copies[0]}")


def check_description(said: Message, readme: str, sdist: dict[str, bytes], home: str) -> int:
    """Return how many addresses the long description has, all of them absolute, those at home leading to a file."""
    from readme_renderer import markdown

    text = said.get_payload()
    must(said["Description-Content-Type"] == "text/markdown", "the long description is not said to be Markdown")
    fences = r"```.*?```"
    kept = re.findall(fences, text, re.DOTALL) == re.findall(fences, readme, re.DOTALL)
    must(kept, "making links absolute has changed a block of code")
    page = markdown.render(text)
    must(page, "the long description cannot be rendered")
    seen = Addresses()
    seen.feed(page)
    must(seen.images == readme.count("<img"), f"{seen.images} pictures of {readme.count('<img')} are shown")
    for address in seen.found:
        must(re.match(r"https://|#", address), f"the long description links to {address!r}, which is not absolute")
        at_home = re.fullmatch(
            rf"{re.escape(home)}/(?:blob|raw)/v{re.escape(said['Version'])}/([^#]+)(?:#.*)?", address
        )
        if at_home:
            must(unquote(at_home[1]) in sdist, f"{address} leads to no file of this version")
        else:
            must(not address.startswith(f"{home}/"), f"{address} is at home, but not of version {said['Version']}")
    return len(seen.found)


def examples(description: str) -> list[tuple[str, str | None]]:
    """Return each block of Python, with what it is said to print."""
    found = []
    for block in re.finditer(r"```python\n(.*?)```(\s+It prints\n\n```text\n(.*?)```)?", description, re.DOTALL):
        found.append((block[1], block[3]))
    return found


# ---------------------------------------------------------------------- new environments


def run(*command: object, cwd: Path, **extra: str) -> str:
    """Run a command away from the repository and return what it prints; a failure tells all of it."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHONPATH", "VIRTUAL_ENV"))}
    environment |= {"OPENBLAS_NUM_THREADS": "1", "PYTHONUTF8": "1", **extra}
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True)
    must(
        done.returncode == 0,
        f"{' '.join(map(str, command[1:4]))} ... failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}",
    )
    return done.stdout


def new_python(folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    run(python, "-m", "pip", "install", "--quiet", "--upgrade", "pip", cwd=folder)
    return python


def check_installed(python: Path, wheel: Path, folder: Path) -> int:
    """Install the wheel and run the examples of its own long description; return how many."""
    run(python, "-m", "pip", "install", "--quiet", wheel, cwd=folder)
    run(python, "-m", "pip", "check", cwd=folder)
    where = run(python, "-c", "import spatialconv; print(spatialconv.__file__)", cwd=folder).strip()
    must(Path(where).is_relative_to(python.parents[1]), f"spatialconv was imported from {where}")
    said = run(python, "-m", "spatialconv", "versions", cwd=folder)
    must(said.splitlines()[0] == f"spatialconv {wheel.name.split('-')[1]}", f"versions says {said.splitlines()[0]}")
    code = "import importlib.metadata as m, sys; sys.stdout.write(m.metadata('spatialconv').get_payload())"
    found = examples(run(python, "-c", code, cwd=folder))
    must(sum(shown is not None for _, shown in found) >= 2, "the long description has lost its examples")
    for number, (block, shown) in enumerate(found, 1):
        script = folder / f"example_{number}.py"
        script.write_text(block, encoding="utf-8")
        printed = run(python, script, cwd=folder)
        must(shown is None or printed == shown, f"example {number} prints\n{printed}\nand not\n{shown}")
        print(f"example {number} of the long description: {'prints what it says' if shown else 'runs'}", flush=True)
    pictures = list(folder.rglob("*.png"))
    must(pictures, "the examples have drawn no picture")
    return len(found)


def check_suite(python: Path, sdist: Path, folder: Path) -> str:
    """Unpack the sdist, install it with what tests need, collect the suite, run a part; return pytest's last line."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (source,) = [path for path in folder.iterdir() if path.is_dir() and (path / "pyproject.toml").exists()]
    run(python, "-m", "pip", "install", "--quiet", "--editable", f"{source}[test]", cwd=folder)
    pytest = (python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow and not notebooks")
    print(run(*pytest, "--collect-only", cwd=source).strip().splitlines()[-1], flush=True)
    return run(*pytest, "-n", "auto", *SUITE, cwd=source).strip().splitlines()[-1]


# ---------------------------------------------------------------------- the whole


def built(folder: Path) -> tuple[Path, Path]:
    wheels, sdists = sorted(folder.glob("*.whl")), sorted(folder.glob("*.tar.gz"))
    must(len(wheels) == len(sdists) == 1, f"{folder} holds {len(wheels)} wheels and {len(sdists)} sdists, not one each")
    return wheels[0], sdists[0]


def check_files(wheel: Path, sdist: Path, again: Path) -> None:
    """Check what needs no installation; `again` is a wheel made from the repository."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    in_wheel, in_sdist = members(wheel), members(sdist)
    said = metadata(in_wheel)
    changelog = in_sdist["CHANGELOG.md"].decode("utf-8")
    check_release(project, said["Version"], changelog, dict(os.environ))
    if (ROOT / ".git").exists():
        listed = run("git", "ls-files", "-z", cwd=ROOT)
        check_sdist(in_sdist, [name for name in listed.split("\0") if name])
        print(f"sdist: {len(in_sdist)} files, those of the repository")
    else:
        print(f"sdist: {len(in_sdist)} files, not held against a repository, which is not here")
    check_same(in_wheel, members(again))
    print(f"wheel: {len(in_wheel)} files, the same from the sdist and from the repository")
    check_licences(in_wheel, in_sdist, project)
    readme = in_sdist["README.md"].decode("utf-8")
    count = check_description(said, readme, in_sdist, project["urls"]["Source"])
    print(f"long description: {count} links and pictures, all absolute, those at home in the sdist", flush=True)


def main() -> None:
    """Check the folder that is named; exit with a sentence where something does not hold."""
    parser = argparse.ArgumentParser(description="Hold a wheel and an sdist to what a release promises.")
    parser.add_argument("folder", type=Path, help="where `python -m build` has put both")
    dist = parser.parse_args().folder.resolve()
    try:
        wheel, sdist = built(dist)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name).resolve()
            again, away, source = folder / "again", folder / "away", folder / "source"
            for place in (again, away, source):
                place.mkdir()
            run(sys.executable, "-m", "build", "--wheel", "--outdir", again, ROOT, cwd=folder)
            check_files(wheel, sdist, next(again.glob("*.whl")))
            python = new_python(folder / "environment")
            count = check_installed(python, wheel, away)
            closing = check_suite(python, sdist, source)
    except BreachError as breach:
        sys.exit(f"dist: {breach}")
    print(f"from the unpacked sdist: {closing}")
    sizes = " and ".join(f"{file.name} ({file.stat().st_size / 1e6:.1f} MB)" for file in (wheel, sdist))
    print(f"dist: {sizes} hold, {count} examples run from a new environment")


if __name__ == "__main__":
    main()
