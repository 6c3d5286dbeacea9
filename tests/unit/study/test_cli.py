"""The command line: the whole job by one command, and errors as one line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings

import pytest

import spatialconv as sc
from spatialconv.cli import main
from spatialconv.errors import IslandWarning


def run(*arguments, cwd=None, seed="0"):
    """Run `python -m spatialconv` in a process of its own."""
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-m", "spatialconv", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, check=False)


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The built-in study, run once inside this process."""
    folder = tmp_path_factory.mktemp("built")
    return sc.study.run("zhejiang", folder, progress=False), folder


def test_the_whole_job_twice_the_same_bytes(built, tmp_path):
    study, folder = built
    done = run("study", "zhejiang", "--out", tmp_path / "again", seed="12345")
    assert done.returncode == 0, done.stderr
    first, again = contents(folder), contents(tmp_path / "again")
    assert sorted(first) == sorted(again)
    assert [name for name in first if first[name] != again[name]] == []
    assert sorted(first) == sorted(path.relative_to(folder).as_posix() for path in study.files)
    assert done.stdout.splitlines()[0] == "Study of exports: 11 regions x 5 periods (2016 to 2020)"
    assert done.stdout.splitlines()[-1] == str(tmp_path / "again" / "report.html")
    assert "growth regressions" in done.stderr  # the progress bar
    assert "100%" in done.stderr


def test_the_replication_is_among_what_is_written(built):
    _, folder = built
    names = {p.name for p in (folder / "tables").iterdir()}
    assert {"replication.csv", "replication.tex", "replication_table_5.md", "replication_by_evidence.csv"} <= names
    report = (folder / "report.md").read_text(encoding="utf-8")
    assert report.count("\n| ") > 400
    named = re.findall(r"(?:Tab|Fig)\. \d: ((?:tables|figures)/\w+)", report)
    assert len(named) == 7
    for name in named:
        assert (folder / f"{name}{'.csv' if name.startswith('tables') else '.svg'}").is_file()
    assert (folder / "figures" / "map.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_no_file_names_this_machine_or_a_date(built):
    _, folder = built
    here = str(folder).encode()
    home = str(sc.__file__).removesuffix("__init__.py").encode()
    for name, data in contents(folder).items():
        assert here not in data, name
        assert home not in data, name
        assert b"dc:date" not in data, name


def test_init_writes_what_study_runs(tmp_path):
    done = run("init", "mine", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "mine/case.toml written. Run it: spatialconv study mine/case.toml\n".replace("/", os.sep)
    done = run("study", "mine/case.toml", "--out", "out", "--quiet", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "out" / "report.html").stat().st_size > 100_000
    again = run("init", "mine", cwd=tmp_path)
    assert again.returncode == 2
    assert again.stderr == "spatialconv: case.toml is already in 'mine' and is not replaced; name another folder.\n"


# As an interpreter ignores them by default: deprecations inside libraries that a command is the first to import.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["study", "zhejang"], "spatialconv: a study is 'zhejiang' or a .toml file; got 'zhejang'."),
        (["study", "nowhere.toml"], "spatialconv: cannot read the case 'nowhere.toml': No such file or directory."),
    ],
)
def test_errors_are_one_line_and_status_two(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(message)
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_errors_in_a_case_name_key_and_file(tmp_path, capsys):
    path = sc.study.example(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace("effects =", "efects ="), encoding="utf-8")
    with pytest.raises(SystemExit) as stop:
        main(["study", str(path), "--out", str(tmp_path / "out"), "--quiet"])
    assert stop.value.code == 2
    err = capsys.readouterr().err
    assert err == (
        "spatialconv: case.toml: unknown key 'efects' in [model]; allowed are model, spatial, effects, correction, "
        "horizon. Did you mean 'effects'?\n"
    )
    assert not (tmp_path / "out").exists()


def test_warnings_of_the_package_are_one_line_and_others_stay(capsys, monkeypatch, tmp_path):
    def warn(*_, **__):
        warnings.warn("two\nlines", IslandWarning, stacklevel=1)
        warnings.warn("somebody else's", UserWarning, stacklevel=1)

    import spatialconv.study

    monkeypatch.setattr(spatialconv.study, "run", warn)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with pytest.raises(SystemExit) as stop:
            main(["study", "zhejiang", "--quiet", "--out", str(tmp_path)])
    assert stop.value.code == 0
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "spatialconv: warning: two lines"
    assert "somebody else's" in lines[1]


def test_version_and_help(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"spatialconv {sc.__version__}\n"
    with pytest.raises(SystemExit):
        main(["--help"])
    out = capsys.readouterr().out
    assert "study" in out
    assert "init" in out


def test_an_unknown_command_is_refused(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["analyse"])
    assert stop.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("inside", ["", "results", "tables"])
def test_a_folder_that_cannot_be_is_refused_before_the_analysis(inside, tmp_path, capsys, monkeypatch):
    """The analysis took minutes, and then the folder turned out to be a file."""
    import spatialconv.study._run as running

    monkeypatch.setattr(running, "analyse", lambda *_, **__: pytest.fail("the analysis ran"))
    out, file = tmp_path / "out", tmp_path / "out" / inside
    file.parent.mkdir(exist_ok=True)
    file.write_text("mine")
    with pytest.raises(SystemExit) as stop:
        main(["study", "zhejiang", "--out", str(file if inside == "results" else out)])
    assert stop.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith("spatialconv: cannot make the folder")
    assert "is a file. Give the name of a folder" in err
    assert file.read_text() == "mine"


def test_a_folder_without_permission_is_refused_before_the_analysis(tmp_path, capsys, monkeypatch):
    import spatialconv.study._run as running

    monkeypatch.setattr(running, "analyse", lambda *_, **__: pytest.fail("the analysis ran"))
    # By the answer of the system: whoever runs the tests may be allowed to write anywhere.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(SystemExit) as stop:
        main(["study", "zhejiang", "--out", str(tmp_path / "new" / "out")])
    assert stop.value.code == 2
    assert "cannot write into the folder" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
