"""What surrounds the code agrees with it: citation, licence, home, instructions, forms, the hook."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

import spatialconv as sc

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HOME = PROJECT["urls"]["Source"]
TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
PAGES = sorted(ROOT.glob("*.md")) + sorted((ROOT / ".github").rglob("*.md"))
FORMS = sorted(p for p in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if p.name != "config.yml")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def flat(page: str) -> str:
    return " ".join(page.split())


# ---------------------------------------------------------------------- versions, citation, licence


def test_every_file_that_names_the_version_names_the_same():
    assert yaml.safe_load(text("CITATION.cff"))["version"] == sc.__version__
    assert re.search(r"version = \{([^}]+)\}", text("README.md"))[1] == sc.__version__
    headings = re.findall(r"^## \[([^]]+)\]", text("CHANGELOG.md"), re.MULTILINE)
    assert next(heading for heading in headings if heading != "Unreleased") == sc.__version__


def test_the_citation_says_what_the_package_says():
    cited = yaml.safe_load(text("CITATION.cff"))
    assert cited["title"] == f"spatialconv: {PROJECT['description']}"
    assert sc.__doc__.splitlines()[0] == PROJECT["description"]
    assert [author["name"] for author in cited["authors"]] == [author["name"] for author in PROJECT["authors"]]
    assert cited["repository-code"] == HOME
    bibtex = re.search(r"@software.*?\n}", text("README.md"), re.DOTALL)[0]
    assert cited["title"] in bibtex
    assert cited["authors"][0]["name"] in bibtex
    assert cited["authors"][0]["name"] in text("LICENSE")


def test_the_licence_covers_what_is_shipped():
    assert PROJECT["license"] == "BSD-3-Clause AND MIT"
    code, data = PROJECT["license-files"]
    assert text(code).startswith("BSD 3-Clause License")
    assert "MIT License" in text(data)
    # PEP 639: an expression takes the place of classifiers.
    assert [c for c in PROJECT["classifiers"] if c.startswith("License ::")] == []
    cited = yaml.safe_load(text("CITATION.cff"))["license"]
    assert cited in PROJECT["license"].split(" AND ")


# ---------------------------------------------------------------------- the home


def test_there_is_one_home():
    named = 0
    for path in [*ROOT.iterdir(), *(ROOT / ".github").rglob("*"), *(ROOT / "spatialconv").rglob("*")]:
        if path.suffix not in {".py", ".pyi", ".md", ".toml", ".cff", ".yml", ".yaml"}:
            continue
        for url in re.findall(
            r"https?://(?!pypi\.org/)[\w.-]+/[\w.-]+/spatialconv(?![\w-])", path.read_text(encoding="utf-8")
        ):
            assert url == HOME, path
            named += 1
    assert named >= len(PROJECT["urls"]) + 1
    assert all(url.startswith(HOME) for url in PROJECT["urls"].values())


# ---------------------------------------------------------------------- instructions


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_pages_link_to_files_and_name_targets_that_exist(page):
    content = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#\s]+)\)", content):
        assert link.startswith("https://") or (page.parent / link).exists(), link
    assert set(re.findall(r"(?:^|`)make ([\w-]+)", content, re.MULTILINE)) <= TARGETS


def test_files_that_contributors_are_sent_to_exist():
    named = [word for word in re.findall(r"`([^`\s]+)`", text("CONTRIBUTING.md")) if "/" in word]
    assert len(named) >= 20
    for name in named:
        if not name.startswith(".venv/"):
            assert list(ROOT.glob(name)), name


def test_the_three_changes_go_where_such_things_are():
    """The files in the table hold one of the kind today."""
    rows = [line for line in text("CONTRIBUTING.md").splitlines() if line.startswith("| `")]
    files = {name for row in rows for name in re.findall(r"`([\w/]+/[\w.]+\.py)`", row)}
    models = "spatialconv/models/hypotheses"
    for name, holds in {
        "spatialconv/_core/hypotheses/score_tests.py": "def scores(",
        f"{models}/score.py": "def lm_tests(",
        f"{models}/diagnostics.py": '"lm_tests"',
        "tests/unit/models/hypotheses/test_score_tests.py": "lm_tests(",
        "tests/brute_scores.py": "def score_test(",
        "tests/unit/errors/test_wrong_arguments.py": "sc.maps.hot_spots(",
        "spatialconv/maps/_hot_spots.py": "def hot_spots(",
        "tests/unit/drawing/test_maps.py": "maps.hot_spots(",
        "spatialconv/auditing/rules/speed.py": "@rule(",
        "tests/unit/auditing/test_audit.py": "speed",
        "tests/auditing/oracle.py": "speed",
    }.items():
        assert name in files
        assert holds in text(name), name


def test_pythons_are_those_of_the_metadata():
    known = [c.rpartition(" ")[2] for c in PROJECT["classifiers"] if re.fullmatch(r".*Python :: 3\.\d+", c)]
    assert known[0] == PROJECT["requires-python"].removeprefix(">=")
    assert [int(version.split(".")[1]) for version in known] == list(range(11, 11 + len(known)))


# ---------------------------------------------------------------------- forms, workflows, hook


@pytest.mark.parametrize("form", FORMS, ids=lambda p: p.stem)
def test_forms_ask_for_what_can_be_had(form):
    asked = yaml.safe_load(form.read_text(encoding="utf-8"))
    fields = {field["id"]: field for field in asked["body"] if "id" in field}
    assert all(field["validations"]["required"] for field in fields.values())
    assert ("versions" in fields) == (form.stem in {"bug", "wrong_figure"})
    for field in fields.values():
        for name in re.findall(r"`sc\.([\w.]+)", field["attributes"].get("description", "")):
            found = sc
            for part in name.split("."):
                found = getattr(found, part)


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# What a step may do besides a make target: fetch make itself.
BESIDES = {"choco install make --yes --no-progress"}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda p: p.stem)
def test_steps_of_workflows_are_make_targets(workflow):
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    steps = [step["run"] for job in jobs.values() for step in job.get("steps", ()) if "run" in step]
    assert steps
    for step in steps:
        assert step in BESIDES or step.removeprefix("make ") in TARGETS, step
    for job in jobs.values():
        # Nothing is granted to all jobs at once.
        assert "permissions" in job or "uses" in job


def test_workflows_cover_what_is_declared():
    """Each Python of the classifiers on three systems, lint on the oldest."""
    jobs = yaml.safe_load(text(".github/workflows/tests.yml"))["jobs"]
    matrix = jobs["test"]["strategy"]["matrix"]
    known = [c.rpartition(" ")[2] for c in PROJECT["classifiers"] if re.fullmatch(r".*Python :: 3\.\d+", c)]
    assert matrix["python"] == known
    assert [system.partition("-")[0] for system in matrix["system"]] == ["ubuntu", "macos", "windows"]
    assert {"lint", "test", "oldest", "newest", "dist"} <= set(jobs)
    setup = jobs["lint"]["steps"][1]["with"]
    assert f">={setup['python-version']}" == PROJECT["requires-python"]


def test_a_release_uploads_what_was_checked():
    """One build, and a job that may speak for the project to PyPI and does nothing but upload."""
    jobs = yaml.safe_load(text(".github/workflows/release.yml"))["jobs"]
    assert [job for job in jobs if jobs[job]["permissions"].get("id-token") == "write"] == ["publish"]
    build, publish = jobs["build"], jobs["publish"]
    assert (publish["needs"], build["needs"]) == ("build", "tests")
    assert publish["environment"]["name"] == "pypi"
    assert not any("run" in step for step in publish["steps"])
    sent = next(step["with"] for step in build["steps"] if "upload-artifact" in step.get("uses", ""))
    got = next(step["with"] for step in publish["steps"] if "download-artifact" in step["uses"])
    assert (sent["name"], sent["path"]) == (got["name"], got["path"]) == ("dist", "dist/")
    made = next(step for step in build["steps"] if step.get("run") == "make dist")
    assert {"RELEASE_TAG", "RELEASE_HOME"} <= set(made["env"])
    assert "secrets" not in text(".github/workflows/release.yml")


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
def test_lint_sees_every_form_and_workflow():
    printed = subprocess.run(["make", "--dry-run", "lint"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for path in [*FORMS, *WORKFLOWS]:
        schema = "github-workflows" if path in WORKFLOWS else "github-issue-forms"
        assert any(path.name in line and schema in line for line in printed.splitlines()), path
    assert "config.yml" not in next(line for line in printed.splitlines() if "issue-forms" in line)


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
def test_make_finds_the_programs_of_windows_where_they_are():
    command = ["make", "--dry-run", "OS=Windows_NT", "test", "lint", "dist"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert ".venv/Scripts/python -m pytest" in printed
    assert not re.search(r"\.venv[\w-]*/bin", printed)


def test_the_hook_runs_lint():
    (repository,) = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    (hook,) = repository["hooks"]
    assert (repository["repo"], hook["language"], hook["pass_filenames"]) == ("local", "system", False)
    assert hook["entry"] == "make lint"
    assert "lint" in TARGETS
